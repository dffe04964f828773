//! The plain city material: packed vertices, one buffer with the state of every object, one shade grid.

use crate::mesh::{Kind, TileMesh, Vertex};
use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, MeshVertexAttribute, MeshVertexBufferLayoutRef, PrimitiveTopology, VertexAttributeValues};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::{
    AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError, VertexFormat,
};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;

/// Place in the tile's box and height above the foot.
const PLACE: MeshVertexAttribute = MeshVertexAttribute::new("QikePlace", 771_600_001, VertexFormat::Unorm16x4);
/// Normal and kind.
const NORMAL: MeshVertexAttribute = MeshVertexAttribute::new("QikeNormal", 771_600_002, VertexFormat::Snorm8x4);
/// Colour and openness.
const COLOUR: MeshVertexAttribute = MeshVertexAttribute::new("QikeColour", 771_600_003, VertexFormat::Unorm8x4);
/// Object number.
const OBJECT: MeshVertexAttribute = MeshVertexAttribute::new("QikeObject", 771_600_004, VertexFormat::Uint32);

/// Where the shaders lie inside the program.
pub const CITY_SHADER: &str = "embedded://qike/city.wgsl";
/// The shader of vehicles and people.
pub const AGENT_SHADER: &str = "embedded://qike/agents.wgsl";

/// Parameters of a layer; the shader says what each number means.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct Params {
    /// Direction to the sun and its strength.
    pub sun: Vec4,
    /// The shade grid's place.
    pub grid: Vec4,
    /// Cut height, ground height, seconds, opacity.
    pub cut: Vec4,
    /// Shadows fall here, cut faces are filled, greyness, side of a shade cell.
    pub look: Vec4,
    /// A hole in the layer, least and greatest corner in plan.
    pub hole: Vec4,
}

impl Params {
    /// Whether the shader has anything to cut away.
    fn cuts(&self) -> bool {
        self.cut.x.is_finite() || self.hole.x <= self.hole.z
    }
}

/// Parts of the shader that only some kinds of surface need.
const PARTS: [(&str, &[Kind]); 6] = [
    ("HAS_SKY", &[Kind::Sky]),
    ("HAS_FACADE", &[Kind::Facade]),
    ("HAS_GRAIN", &[Kind::Grass, Kind::Asphalt, Kind::Sand, Kind::Roof]),
    ("HAS_LEAVES", &[Kind::Leaves]),
    ("HAS_WATER", &[Kind::Water]),
    ("HAS_GLOW", &[Kind::Glow]),
];

fn bit(kind: Kind) -> u16 {
    1 << kind as u8
}

/// The kinds of surface in a mesh, a bit each.
pub fn kinds_of(mesh: &TileMesh) -> u16 {
    mesh.vertices.iter().fold(0, |kinds, vertex| kinds | 1_u16 << vertex.normal[3].clamp(0, 15))
}

/// The material of a layer's tiles.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
#[bind_group_data(Variant)]
pub struct CityMaterial {
    /// Numbers for the shader.
    #[uniform(0)]
    pub params: Params,
    /// One word for each object.
    #[storage(1, read_only)]
    pub states: Handle<ShaderBuffer>,
    /// Shadow heights and openness.
    #[texture(2)]
    #[sampler(3)]
    pub shade: Handle<Image>,
    /// Draws the backs of faces too.
    pub two_sided: bool,
    /// Lets what is behind shine through.
    pub see_through: bool,
    /// The kinds of surface it draws, a bit each ([`kinds_of`]).
    pub kinds: u16,
}

/// What needs a pipeline of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    two_sided: bool,
    cut: bool,
    kinds: u16,
}

impl From<&CityMaterial> for Variant {
    fn from(material: &CityMaterial) -> Self {
        Self { two_sided: material.two_sided, cut: material.params.cuts(), kinds: material.kinds }
    }
}

impl Material for CityMaterial {
    fn vertex_shader() -> ShaderRef {
        CITY_SHADER.into()
    }

    fn fragment_shader() -> ShaderRef {
        CITY_SHADER.into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        if self.see_through { AlphaMode::Blend } else { AlphaMode::Opaque }
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        let attributes = [PLACE, NORMAL, COLOUR, OBJECT];
        let at: Vec<_> = attributes.iter().zip(0..).map(|(attribute, location)| attribute.at_shader_location(location)).collect();
        descriptor.vertex.buffers = vec![layout.0.get_layout(&at)?];
        if key.bind_group_data.two_sided {
            descriptor.primitive.cull_mode = None;
        }
        if let Some(fragment) = &mut descriptor.fragment {
            let has = |kind: &Kind| key.bind_group_data.kinds & bit(*kind) != 0;
            let needed = PARTS.iter().filter(|(_, kinds)| kinds.iter().any(has));
            fragment.shader_defs.extend(needed.map(|(part, _)| (*part).into()));
            // A shader that may discard must run before the depth is known: only where something is cut away.
            fragment.shader_defs.extend(key.bind_group_data.cut.then(|| "HAS_CUT".into()));
        }
        Ok(())
    }
}

/// The mesh for the graphics card; nothing of it stays in main memory.
pub fn gpu_mesh(tile: &TileMesh) -> Mesh {
    let of = |f: fn(&Vertex) -> [u8; 4]| tile.vertices.iter().map(f).collect::<Vec<_>>();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(PLACE, VertexAttributeValues::Unorm16x4(tile.vertices.iter().map(|v| v.place).collect()))
        .with_inserted_attribute(NORMAL, VertexAttributeValues::Snorm8x4(tile.vertices.iter().map(|v| v.normal).collect()))
        .with_inserted_attribute(COLOUR, VertexAttributeValues::Unorm8x4(of(|v| v.colour)))
        .with_inserted_attribute(OBJECT, VertexAttributeValues::Uint32(tile.vertices.iter().map(|v| v.object).collect()))
        .with_inserted_indices(Indices::U32(tile.indices.clone()))
}

/// Registers the shaders that the program carries inside it.
pub fn embed_shaders(app: &mut App) {
    let registry = app.world_mut().resource_mut::<bevy::asset::io::embedded::EmbeddedAssetRegistry>();
    for (name, text) in [
        ("qike/city.wgsl", &include_bytes!("../../../assets/shaders/city.wgsl")[..]),
        ("qike/agents.wgsl", &include_bytes!("../../../assets/shaders/agents.wgsl")[..]),
    ] {
        registry.insert_asset(std::path::PathBuf::from(name), std::path::Path::new(name), text);
    }
}
