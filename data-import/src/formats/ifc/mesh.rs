//! Geometry of products through ifc-lite: meshes with openings cut and colours resolved, one product at a time within its
//! budget, on all cores.
//!
//! What the library lets one do about a slow element: stop it at its next step and mesh it again without cutting openings
//! (most of the work of a wall), or put a box in its place where even that is too slow ([`super::fallback`]). Slow elements
//! share what a file may take ([`super::effort`]).

use super::budget::{Stopped, within};
use super::effort::Effort;
use super::fallback::boxed;
use super::file::{IfcFile, Product};
use super::sweeps::AlignmentSweeps;
use ifc_lite_core::{EntityDecoder, UnitScales};
use ifc_lite_geometry::{GeometryRouter, ResolvedTextureMap, RouterConfig, build_texture_index};
use ifc_lite_processing::element::{
    ElementJobKind, ElementMeshJob, MeshProductionContext, MeshProductionOptions, produce_element_meshes,
};
use ifc_lite_processing::execution::{RouterCaches, SchedulerPolicy, build_router};
use ifc_lite_processing::prepass::{ResolveOptions, ResolvedPrepass, merge_indexed_colours, resolve_prepass};
use ifc_lite_processing::style::{element_material_fallback_color, resolve_element_color};
use ifc_lite_processing::{GEOMETRY_STACK_BYTES, MeshData, MeshFrame, MeshTextureData};
use qike_core::{Cancelled, Feedback};
use qike_scene::Material;
use qike_scene::geometry::NONE;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How the geometry of an element came about.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// As the file has it.
    Whole,
    /// Openings are not cut: that took too long.
    Uncut,
    /// A box, or nothing: it took too long.
    GivenUp,
    /// A box, or nothing: the library panicked, with this message.
    Failed(String),
}

/// The mesh of an element, in metres, in the coordinates of the file.
#[derive(Debug)]
pub struct Shape {
    /// Positions.
    pub vertices: Vec<[f64; 3]>,
    /// Triangles.
    pub indices: Vec<u32>,
    /// Materials.
    pub materials: Vec<Material>,
    /// Material of each triangle.
    pub triangle_material: Vec<u32>,
    /// How it came about.
    pub outcome: Outcome,
    /// It is simpler than it would be if the file's other elements had taken less.
    pub short: bool,
    /// Textures that triangles wear.
    pub textures: Vec<MeshTextureData>,
    /// Texture of each triangle, or [`NONE`]; empty where there are no textures.
    pub triangle_texture: Vec<u32>,
    /// Texture coordinates of each corner of each triangle; empty where there are no textures.
    pub uv: Vec<[f32; 2]>,
}

/// Everything that meshing needs of a file, resolved once.
pub struct Mesher<'f> {
    file: &'f IfcFile,
    prepass: ResolvedPrepass,
    /// Colour of a representation item, or of an element by its material.
    colours: HashMap<u32, [f32; 4]>,
    /// Units and anchor.
    pub frame: Frame,
    textures: TextureMap,
}

/// Units of a file, and where about its model lies.
pub struct Frame {
    /// Units of length and angle.
    pub scales: UnitScales,
    /// A point of the model, metres: what the library subtracts before it rounds to 32 bits.
    pub anchor: [f64; 3],
}

impl Frame {
    /// Of a file. The decoder learns the units.
    pub fn new(file: &IfcFile, decoder: &mut EntityDecoder<'_>) -> Self {
        let scales = UnitScales::resolve(&file.bytes, file.project, decoder);
        decoder.seed_unit_scales(scales.geometry_length_scale(), scales.plane_angle_to_radians);
        let router = GeometryRouter::with_scale(scales.geometry_length_scale());
        let (x, y, z) = MeshFrame::select(None, router.detect_rtc_offset_for_file(&file.bytes, decoder)).rtc_offset();
        Self { scales, anchor: [x, y, z] }
    }

    /// Metres per unit of length of the file.
    pub fn metres(&self) -> f64 {
        self.scales.geometry_length_scale()
    }
}

impl<'f> Mesher<'f> {
    /// Resolves styles, materials, openings and units.
    pub fn new(file: &'f IfcFile, decoder: &mut EntityDecoder<'f>) -> Self {
        let frame = Frame::new(file, decoder);
        let options = ResolveOptions { collect_indexed_colour_full: true, defer_attached_styles: false };
        let mut prepass = resolve_prepass(&file.spans, decoder, options);
        merge_indexed_colours(&mut prepass.geometry_style_index, &prepass.indexed_colour_index);
        let items = prepass.geometry_style_index.iter().map(|(id, style)| (*id, style.color));
        let elements = prepass.element_material_colors.iter();
        let elements = elements.filter_map(|(id, colours)| Some((*id, element_material_fallback_color(colours)?)));
        let mut colours: HashMap<u32, [f32; 4]> = elements.collect();
        colours.extend(items);
        let textures = if file.textured { build_texture_index(&file.bytes, decoder) } else { TextureMap::default() };
        Self { file, prepass, colours, frame, textures }
    }

    /// Meshes products, in their order, on all cores. Where they take more than a file may, they are meshed anew one after
    /// another, so that what each gets depends on those before it only.
    pub fn shapes(&self, products: &[&Product], thorough: bool, feedback: &Feedback) -> Result<Vec<Option<Shape>>, Cancelled> {
        self.shapes_within(products, if thorough { Effort::unbounded() } else { Effort::new(products.len()) }, feedback)
    }

    fn shapes_within(&self, products: &[&Product], effort: Effort, feedback: &Feedback) -> Result<Vec<Option<Shape>>, Cancelled> {
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(products.len().max(1));
        if let Some(shapes) = self.pass(products, workers, &effort, feedback)? {
            return Ok(shapes);
        }
        let shapes = self.pass(products, 1, &effort.sharing(), feedback)?;
        Ok(shapes.unwrap_or_default())
    }

    /// One pass over the products; `None` where they take more than they may. Each core has one worker, so an element's work is
    /// one thread's.
    fn pass(&self, products: &[&Product], workers: usize, effort: &Effort, feedback: &Feedback) -> Result<Option<Vec<Option<Shape>>>, Cancelled> {
        let next = AtomicUsize::new(0);
        let done: Vec<Mutex<Option<Shape>>> = products.iter().map(|_| Mutex::new(None)).collect();
        let task = feedback.task("mesh elements", products.len() as u64);
        let flat: ColourMap = self.colours.iter().map(|(id, colour)| (*id, *colour)).collect();
        let caches = || RouterCaches {
            items: GeometryRouter::new_dedup_cache(),
            brep_signatures: GeometryRouter::new_brep_signature_cache(),
            mapped_items: GeometryRouter::new_mapped_item_cache(),
        };
        let work = || {
            // Caches stay with the worker: which element fills them must not depend on the other workers.
            let caches = caches();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(product) = products.get(number) else { return };
                if feedback.is_cancelled() || effort.is_overdrawn() {
                    return;
                }
                let shape = self.shape(product, &flat, &caches, effort, feedback);
                if let Ok(mut slot) = done[number].lock() {
                    *slot = shape;
                }
                task.advance(1);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    // The library recurses deeply and spreads faces over rayon: a pool of one thread with a large stack
                    // keeps both on this worker.
                    match rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(GEOMETRY_STACK_BYTES).build() {
                        Ok(pool) => pool.install(work),
                        Err(_) => work(),
                    }
                });
            }
        });
        feedback.check()?;
        if effort.is_overdrawn() {
            return Ok(None);
        }
        Ok(Some(done.into_iter().map(|slot| slot.into_inner().unwrap_or_default()).collect()))
    }

    fn shape(&self, product: &Product, colours: &ColourMap, caches: &RouterCaches, effort: &Effort, feedback: &Feedback) -> Option<Shape> {
        let budget = effort.budget();
        let (first, mut used) = within(budget, feedback, || self.meshes(product, true, colours, caches));
        let (meshes, outcome) = match first {
            Ok(meshes) => (meshes, Outcome::Whole),
            Err(stopped) => {
                let again = self.prepass.void_index.contains_key(&product.id);
                let second = again.then(|| {
                    let (second, more) = within(budget, feedback, || self.meshes(product, false, colours, caches));
                    used = used.saturating_add(more);
                    second
                });
                match (second, stopped) {
                    (Some(Ok(meshes)), _) => (meshes, Outcome::Uncut),
                    (_, Stopped::Slow) => (vec![], Outcome::GivenUp),
                    (_, Stopped::Panicked(message)) => (vec![], Outcome::Failed(message)),
                }
            }
        };
        effort.spend(used);
        if meshes.is_empty() && outcome == Outcome::Whole {
            return None;
        }
        let mut shape = self.joined(&meshes, outcome);
        shape.short = Effort::is_short(budget) && matches!(shape.outcome, Outcome::Uncut | Outcome::GivenUp);
        if matches!(shape.outcome, Outcome::GivenUp | Outcome::Failed(_)) {
            let found = catch_unwind(AssertUnwindSafe(|| boxed(self.file, product, self.frame.metres(), &mut self.file.decoder())));
            if let Ok(Some((vertices, indices))) = found {
                (shape.vertices, shape.indices) = (vertices, indices);
                (shape.triangle_texture, shape.uv) = Default::default();
            }
        }
        Some(shape)
    }

    fn meshes(&self, product: &Product, cut: bool, colours: &ColourMap, caches: &RouterCaches) -> Vec<MeshData> {
        let mut decoder = self.file.decoder().with_strict_reals();
        decoder.seed_unit_scales(self.frame.metres(), self.frame.scales.plane_angle_to_radians);
        let Ok(entity) = decoder.decode_at(product.span.0, product.span.1) else { return Vec::new() };
        let config = RouterConfig {
            unit_scale: self.frame.metres(),
            rtc_offset: (self.frame.anchor[0], self.frame.anchor[1], self.frame.anchor[2]),
            ..RouterConfig::default()
        };
        let shared = RouterCaches {
            items: caches.items.clone(),
            brep_signatures: caches.brep_signatures.clone(),
            mapped_items: caches.mapped_items.clone(),
        };
        let mut router = build_router(config, SchedulerPolicy::PerJob, shared, None, None, None);
        if self.file.swept_alignments {
            router.register(Box::new(AlignmentSweeps::new(self.frame.metres())));
        }
        let none = Default::default();
        let context = MeshProductionContext {
            void_index: if cut { &self.prepass.void_index } else { &none },
            geometry_style_index: &self.prepass.geometry_style_index,
            indexed_colour_full: &self.prepass.indexed_colour_full,
            element_material_colors: &self.prepass.element_material_colors,
            texture_index: &self.textures,
            site_local_rotation: None,
        };
        let kind = if product.maps.is_empty() {
            ElementJobKind::Product
        } else {
            ElementJobKind::TypeProduct { rep_maps: product.maps.iter().map(|map| (*map, 1)).collect() }
        };
        let job = ElementMeshJob {
            id: product.id,
            ifc_type: product.kind.clone(),
            entity: &entity,
            kind,
            element_color: resolve_element_color(&entity, colours, &mut decoder),
            metadata: None,
        };
        produce_element_meshes(&job, &context, &MeshProductionOptions::default(), &mut decoder, &router).meshes
    }

    /// Joins the parts of an element; equal positions become one vertex, triangles without area go.
    fn joined(&self, meshes: &[MeshData], outcome: Outcome) -> Shape {
        let (vertices, indices, materials, triangle_material) = Default::default();
        let (textures, triangle_texture, uv) = Default::default();
        let mut shape = Shape { vertices, indices, materials, triangle_material, outcome, short: false, textures, triangle_texture, uv };
        let textured = meshes.iter().any(|mesh| mesh.texture.is_some() && mesh.uvs.is_some());
        let mut known: HashMap<[u64; 3], u32> = HashMap::new();
        for mesh in meshes {
            let name = mesh.material_name.clone().unwrap_or_default();
            let material = Material::new(name, mesh.color.map(|c| if c.is_finite() { c.clamp(0.0, 1.0) } else { 1.0 }));
            let material = shape.materials.iter().position(|m| *m == material).unwrap_or_else(|| {
                shape.materials.push(material);
                shape.materials.len() - 1
            });
            let texture = mesh.texture.as_ref().filter(|_| mesh.uvs.is_some()).map_or(NONE, |texture| {
                let known = shape.textures.iter().position(|t| t.texture_id == texture.texture_id && t.url == texture.url);
                known.unwrap_or_else(|| {
                    shape.textures.push(texture.clone());
                    shape.textures.len() - 1
                }) as u32
            });
            let coordinates = |corner: u32| {
                let at = corner as usize * 2;
                let uv = mesh.uvs.as_ref()?.get(at..at + 2)?;
                (texture != NONE && uv.iter().all(|c| c.is_finite())).then(|| [uv[0], uv[1]])
            };
            let mut number = |corner: u32, vertices: &mut Vec<[f64; 3]>| {
                let at = corner as usize * 3;
                let local = mesh.positions.get(at..at + 3)?;
                let p = [0, 1, 2].map(|axis| f64::from(local[axis]) + mesh.origin[axis] + self.frame.anchor[axis] + 0.0);
                p.iter().all(|c| c.is_finite()).then(|| {
                    *known.entry(p.map(f64::to_bits)).or_insert_with(|| {
                        vertices.push(p);
                        vertices.len() as u32 - 1
                    })
                })
            };
            for triangle in mesh.indices.chunks_exact(3) {
                let corners = [0, 1, 2].map(|i| number(triangle[i], &mut shape.vertices));
                if let [Some(a), Some(b), Some(c)] = corners
                    && a != b && b != c && a != c
                {
                    shape.indices.extend([a, b, c]);
                    shape.triangle_material.push(material as u32);
                    if textured {
                        shape.triangle_texture.push(texture);
                        shape.uv.extend([0, 1, 2].map(|i| coordinates(triangle[i]).unwrap_or_default()));
                    }
                }
            }
        }
        shape
    }
}

/// Textures by the number of the face set that wears them.
type TextureMap = rustc_map::Map<ResolvedTextureMap>;

/// Colours as the library wants them.
type ColourMap = rustc_map::Map<[f32; 4]>;

/// The library's hash map, named through its own type, so that its hasher needs no dependency here.
mod rustc_map {
    /// Any value by entity number.
    pub type Map<V> = <ifc_lite_core::EntityIndex as Like>::With<V>;

    /// The map type with another value.
    pub trait Like {
        /// See the trait.
        type With<V>;
    }

    impl<K, A, S> Like for std::collections::HashMap<K, A, S> {
        type With<V> = std::collections::HashMap<K, V, S>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walls of 10 m by 0.3 m by 3 m, each with round holes through it.
    fn walls(count: usize, holes: usize) -> String {
        let mut text = String::from(
            "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n\
             #1=IFCPROJECT('0project00000000000001',$,'p',$,$,$,$,(#5),#2);\n#2=IFCUNITASSIGNMENT((#3));\n#3=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);\n\
             #5=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#6,$);\n#6=IFCAXIS2PLACEMENT3D(#7,$,$);\n#7=IFCCARTESIANPOINT((0.,0.,0.));\n\
             #8=IFCLOCALPLACEMENT($,#6);\n#9=IFCDIRECTION((0.,0.,1.));\n#10=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,10.,0.3);\n#11=IFCDIRECTION((0.,1.,0.));\n\
             #12=IFCDIRECTION((1.,0.,0.));\n#13=IFCCIRCLEPROFILEDEF(.AREA.,$,$,0.12);\n",
        );
        for wall in 0..count {
            let n = 1000 * (wall + 1);
            text += &format!(
                "#{n}=IFCEXTRUDEDAREASOLID(#10,$,#9,{});\n#{}=IFCSHAPEREPRESENTATION(#5,'Body','SweptSolid',(#{n}));\n\
                 #{}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{}));\n#{}=IFCWALL('{n:022}',$,$,$,$,#8,#{},$,$);\n",
                3.0 + wall as f64 / 10.0, n + 1, n + 2, n + 1, n + 3, n + 2
            );
            for hole in 0..holes {
                let h = n + 10 + 8 * hole;
                let (x, z) = ((hole % 18) as f64 * 0.5 - 4.3, 0.4 + (hole / 18) as f64 * 0.5);
                text += &format!(
                    "#{h}=IFCCARTESIANPOINT(({x:.2},-1.,{z:.2}));\n#{}=IFCAXIS2PLACEMENT3D(#{h},#11,#12);\n#{}=IFCEXTRUDEDAREASOLID(#13,#{},#9,2.);\n\
                     #{}=IFCSHAPEREPRESENTATION(#5,'Body','SweptSolid',(#{}));\n#{}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{}));\n\
                     #{}=IFCOPENINGELEMENT('{h:022}',$,$,$,$,#8,#{},$,$);\n#{}=IFCRELVOIDSELEMENT('{:022}',$,$,$,#{},#{});\n",
                    h + 1, h + 2, h + 1, h + 3, h + 2, h + 4, h + 3, h + 5, h + 4, h + 6, h + 6, n + 3, h + 5
                );
            }
        }
        text + "ENDSEC;\nEND-ISO-10303-21;\n"
    }

    fn volume(shape: &Shape) -> f64 {
        let corner = |i: &u32| shape.vertices[*i as usize];
        let six = |t: &[u32]| {
            let [a, b, c] = [corner(&t[0]), corner(&t[1]), corner(&t[2])];
            a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
        };
        shape.indices.chunks_exact(3).map(six).sum::<f64>() / 6.0
    }

    #[test]
    fn what_a_file_may_take_is_shared_and_the_same_every_time() {
        let file = IfcFile::scan(walls(5, 4).into_bytes(), "walls.ifc").unwrap();
        let mesher = Mesher::new(&file, &mut file.decoder());
        let products: Vec<&Product> = file.products.iter().filter(|p| p.kind == ifc_lite_core::IfcType::IfcWall).collect();
        let within = |effort: Effort| -> Vec<Shape> {
            mesher.shapes_within(&products, effort, &Feedback::silent()).unwrap().into_iter().map(|s| s.unwrap()).collect()
        };
        let holes = 4.0 * 0.3 * 0.12 * 0.12 * std::f64::consts::PI;
        for (number, whole) in within(Effort::unbounded()).iter().enumerate() {
            let expected = 3.0 * (3.0 + number as f64 / 10.0) - holes;
            assert!(whole.outcome == Outcome::Whole && !whole.short, "{:?}", whole.outcome);
            assert!((volume(whole) - expected).abs() < 0.02 * holes, "{} {expected}", volume(whole));
        }
        // Not enough for all of them.
        let shared: Vec<Vec<Shape>> = (0..2).map(|_| within(Effort::bounded(1_000))).collect();
        let outcomes: Vec<_> = shared[0].iter().map(|s| (&s.outcome, s.short)).collect();
        assert!(outcomes.contains(&(&Outcome::Uncut, true)), "{outcomes:?}");
        for (number, (a, b)) in shared[0].iter().zip(&shared[1]).enumerate() {
            assert_eq!((&a.outcome, &a.vertices, &a.indices), (&b.outcome, &b.vertices, &b.indices));
            if a.outcome == Outcome::Uncut {
                assert!((volume(a) - 3.0 * (3.0 + number as f64 / 10.0)).abs() < 1e-3, "all of the wall is there");
            }
        }
    }
}
