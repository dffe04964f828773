//! Puts the tiles of a city on the graphics card and keeps layers, levels of detail, the cut and object states up to date.

use crate::mesh::TileMesh;
use crate::model::city::{City, Tile};
use crate::model::layer::Layer;
use crate::model::shade::TO_SUN;
use crate::render::material::{CityMaterial, Params, gpu_mesh, kinds_of};
use crate::state::Viewer;
use bevy::asset::RenderAssetUsages;
use bevy::camera::primitives::Aabb;
use bevy::image::{ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::storage::ShaderBuffer;
use std::sync::Arc;

/// The city that is drawn.
#[derive(Resource, Clone, Deref)]
pub struct Shown(pub Arc<City>);

/// A tile's place in the picture.
#[derive(Component)]
pub struct TileEntity {
    layer: Layer,
    middle: Vec3,
    radius: f32,
    /// The coarse level of a tile that has two.
    far: bool,
    has_far: bool,
}

/// A hole that holds nothing.
const NO_HOLE: Vec4 = Vec4::new(1.0, 1.0, -1.0, -1.0);

/// The materials of all layers.
#[derive(Resource)]
pub struct LayerMaterials {
    layers: Vec<Handle<CityMaterial>>,
    sky: Handle<CityMaterial>,
    states: Handle<ShaderBuffer>,
}

/// One word for each object: whether it is picked.
#[derive(Resource, Default)]
pub struct ObjectStates {
    /// The words; the bits are those of the shader.
    pub words: Vec<u32>,
}

/// The object is picked.
pub const PICKED: u32 = 2;

/// Spawns everything. Runs once.
pub fn spawn(
    mut commands: Commands,
    city: Res<Shown>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<CityMaterial>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut images: ResMut<Assets<Image>>,
) {
    let shade = &city.shade;
    let mut image = Image::new(
        Extent3d { width: shade.size[0] as u32, height: shade.size[1] as u32, depth_or_array_layers: 1 },
        TextureDimension::D2,
        shade.texels(city.ground.base()),
        TextureFormat::Rg16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor::linear());
    let shade_image = images.add(image);
    let words = vec![0_u32; city.snapshot.objects().len().max(1)];
    let states = buffers.add(ShaderBuffer::new(bytemuck::cast_slice(&words), RenderAssetUsages::default()));
    let kinds = |layer: Layer| {
        let meshes = city.tiles.iter().filter(|tile| tile.layer == layer).flat_map(|tile| std::iter::once(&tile.near).chain(&tile.far));
        meshes.fold(0, |kinds, mesh| kinds | kinds_of(mesh))
    };
    let layers: Vec<_> = Layer::ALL
        .iter()
        .map(|layer| {
            materials.add(CityMaterial {
                params: params(&city, *layer),
                states: states.clone(),
                shade: shade_image.clone(),
                two_sided: matches!(layer, Layer::Interior | Layer::Pipes),
                see_through: false,
                kinds: kinds(*layer),
            })
        })
        .collect();
    for tile in &city.tiles {
        spawn_tile(&mut commands, &mut meshes, &layers, tile, &tile.near, false);
        if let Some(far) = &tile.far {
            spawn_tile(&mut commands, &mut meshes, &layers, tile, far, true);
        }
    }
    let sky = materials.add(CityMaterial {
        params: params(&city, Layer::Ground),
        states: states.clone(),
        shade: shade_image,
        two_sided: true,
        see_through: false,
        kinds: crate::render::sky::KINDS,
    });
    super::sky::spawn(&mut commands, &mut meshes, sky.clone());
    commands.insert_resource(LayerMaterials { layers, sky, states });
    commands.insert_resource(ObjectStates { words });
}

fn spawn_tile(
    commands: &mut Commands,
    meshes: &mut Assets<Mesh>,
    layers: &[Handle<CityMaterial>],
    tile: &Tile,
    mesh: &TileMesh,
    far: bool,
) {
    let (min, size) = (Vec3::from(mesh.min), Vec3::from(mesh.size));
    commands.spawn((
        Mesh3d(meshes.add(gpu_mesh(mesh))),
        MeshMaterial3d(layers[tile.layer as usize].clone()),
        Transform::from_translation(min).with_scale(size),
        // Places run from 0 to 1 in the tile's box.
        Aabb::from_min_max(Vec3::ZERO, Vec3::ONE),
        if far { Visibility::Hidden } else { Visibility::Inherited },
        TileEntity { layer: tile.layer, middle: min + size / 2.0, radius: size.length() / 2.0, far, has_far: tile.far.is_some() },
    ));
}

fn params(city: &City, layer: Layer) -> Params {
    let shade = &city.shade;
    let [width, depth] = [0, 1].map(|k| shade.size[k] as f32 * shade.cell);
    let corner = [0, 1].map(|k| shade.min[k] - shade.cell / 2.0);
    Params {
        sun: Vec3::from(TO_SUN).normalize().extend(1.0),
        grid: Vec4::new(corner[0], corner[1], 1.0 / width, 1.0 / depth),
        cut: Vec4::new(f32::INFINITY, city.ground.base(), 0.0, 1.0),
        look: Vec4::new(receives_shadow(layer), 0.0, 0.0, shade.cell),
        hole: NO_HOLE,
    }
}

/// 1 where shadows fall on a layer.
fn receives_shadow(layer: Layer) -> f32 {
    if matches!(layer, Layer::Interior | Layer::Pipes | Layer::Transit | Layer::Districts) { 0.0 } else { 1.0 }
}

/// How opaque and how grey a layer is drawn, for the storey that is cut and the underground mode.
pub fn look_of(layer: Layer, cut: bool, underground: bool) -> (f32, f32) {
    let covers = layer.covers_underground();
    match layer {
        // What stands on the ground stays: it tells where one is, and one looks down past it.
        _ if underground && layer.stands() => (1.0, 0.0),
        Layer::Trees if underground => (0.16, 0.2),
        // The ground and what lies on it are dark glass. Several of them lie on each other, so each is thin.
        Layer::Ground if underground => (0.34, 0.95),
        _ if underground && covers => (0.24, 0.85),
        Layer::Interior | Layer::Pipes | Layer::Transit | Layer::Districts => (1.0, 0.0),
        Layer::Buildings | Layer::Trees if cut => (0.30, 0.4),
        _ => (1.0, 0.0),
    }
}

/// Brings the layers' materials in line with what the user chose.
pub fn update_layers(
    viewer: Res<Viewer>,
    city: Res<Shown>,
    handles: Option<Res<LayerMaterials>>,
    mut materials: ResMut<Assets<CityMaterial>>,
    time: Res<Time>,
) {
    let Some(handles) = handles else { return };
    let cut = viewer.cut();
    let below = cut.is_some_and(|cut| cut < city.ground.base() + 0.5);
    let dark = if viewer.underground { 1.0 } else { 0.0 };
    if materials.get(&handles.sky).is_some_and(|sky| sky.params.look.z != dark) {
        let _ = materials.get_mut(&handles.sky).map(|mut sky| sky.params.look.z = dark);
    }
    for (layer, handle) in Layer::ALL.iter().zip(&handles.layers) {
        let (opacity, grey) = look_of(*layer, cut.is_some() && !below, viewer.underground);
        let Some(old) = materials.get(handle) else { continue };
        let mut params = old.params;
        params.cut.w = opacity;
        params.look.z = grey;
        // Shadows on a ground that one looks through would hide what is below.
        params.look.x = if viewer.underground { 0.0 } else { receives_shadow(*layer) };
        if matches!(layer, Layer::Interior | Layer::Pipes) {
            params.cut.x = cut.unwrap_or(f32::INFINITY);
            params.look.y = if cut.is_some() { 1.0 } else { 0.0 };
        }
        // A storey below the ground is seen through a pit around the building.
        let pit = city.pit.filter(|_| below && layer.covers_underground());
        params.hole = pit.map_or(NO_HOLE, |pit| Vec4::new(pit.min[0] + 0.1, pit.min[1] + 0.1, pit.max[0] - 0.1, pit.max[1] - 0.1));
        if *layer == Layer::Water && viewer.waves {
            params.cut.z = time.elapsed_secs_wrapped();
        }
        let see_through = opacity < 0.999;
        if (params != old.params || see_through != old.see_through)
            && let Some(mut material) = materials.get_mut(handle)
        {
            material.params = params;
            material.see_through = see_through;
        }
    }
}

/// Shows and hides tiles by layer, distance and level of detail.
pub fn update_visibility(viewer: Res<Viewer>, mut tiles: Query<(&TileEntity, &mut Visibility)>) {
    let eye = Vec3::from(viewer.view.eye());
    for (tile, mut visibility) in &mut tiles {
        let away = (tile.middle.distance(eye) - tile.radius).max(0.0);
        let level = !tile.has_far || (away > tile.layer.coarse_from_m()) == tile.far;
        let shown = viewer.shows(tile.layer) && away <= tile.layer.reach_m() && level;
        let wanted = if shown { Visibility::Inherited } else { Visibility::Hidden };
        if *visibility != wanted {
            *visibility = wanted;
        }
    }
}

/// Marks what is picked.
pub fn update_states(
    viewer: Res<Viewer>,
    handles: Option<Res<LayerMaterials>>,
    mut states: ResMut<ObjectStates>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<CityMaterial>>,
    mut marked: Local<Vec<u32>>,
) {
    let Some(handles) = handles else { return };
    let wanted: Vec<u32> = viewer.marked.iter().map(|ix| ix.0).collect();
    if *marked == wanted {
        return;
    }
    for old in marked.drain(..) {
        if let Some(word) = states.words.get_mut(old as usize) {
            *word &= !PICKED;
        }
    }
    for new in &wanted {
        if let Some(word) = states.words.get_mut(*new as usize) {
            *word |= PICKED;
        }
    }
    *marked = wanted;
    if let Some(mut buffer) = buffers.get_mut(&handles.states) {
        buffer.data = Some(bytemuck::cast_slice(&states.words).to_vec());
    }
    // A new buffer means new bind groups.
    for handle in &handles.layers {
        let _ = materials.get_mut(handle).map(|mut material| material.params.sun.w = 1.0);
    }
}
