//! Vehicles and people on the graphics card: one mesh with a slot for each agent and one buffer with their key frames.
//! Between two key frames only a single number changes.

use crate::model::city::City;
use crate::render::material::AGENT_SHADER;
use crate::render::tiles::Shown;
use crate::replay::{Replays, Still};
use crate::state::Viewer;
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::mesh::{Indices, MeshVertexAttribute, MeshVertexBufferLayoutRef, PrimitiveTopology, VertexAttributeValues};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::{
    AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError, VertexFormat,
};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;
use bytemuck::{Pod, Zeroable};
use qike_record::{AgentKind, TrackPoint};

const SLOT: MeshVertexAttribute = MeshVertexAttribute::new("QikeSlot", 771_600_011, VertexFormat::Uint32x3);

/// An agent as the shader reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct GpuAgent {
    pub(super) from: [f32; 4],
    pub(super) to: [f32; 4],
    pub(super) size: [f32; 4],
    pub(super) colour: [f32; 4],
}

/// The clock's share of the way between two key frames, and the light.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct AgentParams {
    pub(super) now: Vec4,
    pub(super) sun: Vec4,
}

/// The material of all agents of one recording.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct AgentMaterial {
    #[uniform(0)]
    pub(super) params: AgentParams,
    #[storage(1, read_only)]
    pub(super) agents: Handle<ShaderBuffer>,
}

impl Material for AgentMaterial {
    fn vertex_shader() -> ShaderRef {
        AGENT_SHADER.into()
    }

    fn fragment_shader() -> ShaderRef {
        AGENT_SHADER.into()
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
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[
            Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
            Mesh::ATTRIBUTE_NORMAL.at_shader_location(1),
            SLOT.at_shader_location(2),
        ])?];
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// The agents of one recording in the picture.
#[derive(Component)]
pub struct Crowd {
    recording: usize,
    slots: usize,
    shown: Option<Still>,
}

/// Length, width, height in metres and least size on the screen in pixels.
fn size_of_kind(kind: AgentKind) -> [f32; 4] {
    match kind {
        AgentKind::Car => [4.6, 1.85, 1.5, 5.0],
        AgentKind::Truck => [9.5, 2.5, 3.3, 6.0],
        AgentKind::Bus => [12.0, 2.55, 3.2, 8.0],
        AgentKind::Bicycle => [1.8, 0.6, 1.6, 3.0],
        AgentKind::Walker => [0.45, 0.5, 1.72, 3.5],
        AgentKind::Train => [60.0, 2.9, 3.8, 8.0],
    }
}

fn colour_of(kind: AgentKind, agent: u32) -> [f32; 3] {
    let choices: &[[u8; 3]] = match kind {
        AgentKind::Car => {
            &[[240, 240, 238], [226, 72, 62], [250, 196, 60], [66, 74, 86], [74, 132, 208], [232, 234, 236], [150, 158, 166], [86, 166, 150]]
        }
        AgentKind::Truck => &[[214, 214, 206], [84, 120, 168], [190, 96, 70]],
        AgentKind::Bus => &[[34, 150, 110], [42, 118, 196]],
        AgentKind::Bicycle => &[[250, 150, 50], [52, 168, 200]],
        AgentKind::Walker => {
            &[[228, 78, 84], [62, 110, 190], [246, 190, 70], [96, 168, 110], [150, 96, 180], [240, 240, 236], [54, 60, 72], [236, 130, 160]]
        }
        AgentKind::Train => &[[226, 230, 234]],
    };
    let pick = (crate::mesh::chance(agent, 21) * choices.len() as f32) as usize;
    choices[pick.min(choices.len() - 1)].map(|c| f32::from(c) / 255.0)
}

/// The parameters of all that moves, at an instant.
pub(super) fn params(viewer: &Viewer, share: f32) -> AgentParams {
    AgentParams {
        now: Vec4::new(share, viewer.cut().unwrap_or(f32::INFINITY), f32::from(u8::from(viewer.underground)), 0.0),
        sun: Vec3::from(crate::model::shade::TO_SUN).normalize().extend(1.0),
    }
}

/// A buffer on the graphics card with as many slots as a mesh has.
pub(super) fn buffer(agents: &[GpuAgent], slots: usize) -> ShaderBuffer {
    let mut data: Vec<u8> = bytemuck::cast_slice(agents).to_vec();
    data.resize(slots.max(1) * size_of::<GpuAgent>(), 0);
    ShaderBuffer::new(&data, RenderAssetUsages::default())
}

/// Spawns an empty crowd for each recording; the second is seen by the second camera only.
pub fn spawn(
    mut commands: Commands,
    replays: Res<Replays>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<AgentMaterial>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    for recording in 0..replays.len() {
        let agents = buffers.add(buffer(&[], 1));
        commands.spawn((
            Mesh3d(meshes.add(slots_mesh(&PARTS, 1))),
            MeshMaterial3d(materials.add(AgentMaterial { params: AgentParams::default(), agents })),
            Transform::default(),
            NoFrustumCulling,
            RenderLayers::layer(recording + 1),
            Crowd { recording, slots: 1, shown: None },
        ));
    }
}

/// Follows the clock: new key frames to the buffer, the share between them to the material.
pub fn update(
    viewer: Res<Viewer>,
    city: Res<Shown>,
    mut replays: ResMut<Replays>,
    mut crowds: Query<(&mut Crowd, &mut Mesh3d, &MeshMaterial3d<AgentMaterial>)>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<AgentMaterial>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    let now = viewer.clock.now_ms;
    for (mut crowd, mut mesh, handle) in &mut crowds {
        let Some(replay) = replays.0.get_mut(crowd.recording) else { continue };
        // Before the first key frame nobody is there.
        let still = replay.still(now).unwrap_or(Still { from: i64::MIN, to: i64::MIN });
        let Some(mut material) = materials.get_mut(&handle.0) else { continue };
        if crowd.shown != Some(still) {
            let seconds = ((still.to - still.from) as f32 / 1000.0).max(1e-3);
            let agents: Vec<GpuAgent> = replay.pairs(still).iter().map(|(a, b)| gpu_agent(&city, a, b, seconds)).collect();
            if agents.len() > crowd.slots {
                crowd.slots = agents.len().next_power_of_two();
                mesh.0 = meshes.add(slots_mesh(&PARTS, crowd.slots));
            }
            // A new buffer and not new contents: the size may have changed.
            material.agents = buffers.add(buffer(&agents, crowd.slots));
            crowd.shown = Some(still);
        }
        material.params = params(&viewer, still.share(now));
    }
}

/// Slower than that a vehicle stands, m/s.
const STANDS_MPS: f32 = 0.5;
/// Vehicles that slow down by more show it, m/s².
const BRAKES: f32 = 0.3;

fn gpu_agent(city: &City, a: &TrackPoint, b: &TrackPoint, seconds: f32) -> GpuAgent {
    let size = size_of_kind(a.kind);
    let place = |p: &TrackPoint| {
        // Vehicles are recorded at their front bumper and drawn around their middle.
        let back = if a.kind == AgentKind::Walker { 0.0 } else { f64::from(size[0]) / 2.0 };
        let heading = f64::from(p.heading);
        let middle = [p.position[0] - back * heading.cos(), p.position[1] - back * heading.sin(), p.position[2]];
        let [x, y, z] = city.frame.to_scene(middle);
        // Networks of plane sources lie at height 0; they are lifted onto the ground.
        let y = if p.position[2].abs() < 1e-6 { city.ground.at(x, z) } else { y };
        let lift = if a.kind == AgentKind::Walker { 0.3 } else { crate::model::palette::lift(crate::model::layer::Layer::Roads) };
        [x, y + lift, z, std::f32::consts::FRAC_PI_2 - p.heading]
    };
    let [r, g, b_] = colour_of(a.kind, a.agent);
    let brakes = b.speed_mps < STANDS_MPS || a.speed_mps - b.speed_mps > BRAKES * seconds;
    let shape = if matches!(a.kind, AgentKind::Walker | AgentKind::Bicycle) { 2.0 } else { 1.0 + 0.5 * f32::from(u8::from(brakes)) };
    GpuAgent { from: place(a), to: place(b), size, colour: [r, g, b_, shape] }
}

/// A box of a shape, in unit size: length along x, width along y, height along z (0 to 1).
pub(super) struct Part {
    pub(super) low: [f32; 3],
    pub(super) high: [f32; 3],
    /// What the shader paints it as.
    pub(super) part: u32,
    /// The shape that it belongs to.
    pub(super) shape: u32,
    /// Only its side to the back is seen.
    pub(super) flat: bool,
}

const fn part(low: [f32; 3], high: [f32; 3], part: u32, shape: u32, flat: bool) -> Part {
    Part { low, high, part, shape, flat }
}

/// Vehicles and people.
const PARTS: [Part; 7] = [
    part([-0.5, -0.5, 0.16], [0.5, 0.5, 0.6], 0, 1, false),
    part([-0.30, -0.43, 0.6], [0.22, 0.43, 1.0], 1, 1, false),
    part([-0.506, -0.46, 0.36], [-0.5, -0.24, 0.52], 4, 1, true),
    part([-0.506, 0.24, 0.36], [-0.5, 0.46, 0.52], 4, 1, true),
    part([-0.5, -0.5, 0.42], [0.5, 0.5, 0.84], 0, 2, false),
    part([-0.36, -0.36, 0.0], [0.36, 0.36, 0.42], 2, 2, false),
    part([-0.30, -0.28, 0.85], [0.30, 0.28, 1.0], 3, 2, false),
];

/// A mesh of `slots` agents, each of all shapes.
pub(super) fn slots_mesh(parts: &[Part], slots: usize) -> Mesh {
    let (mut places, mut normals, mut marks, mut indices) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for slot in 0..slots as u32 {
        for &Part { low, high, part, shape, flat } in parts {
            for axis in 0..3 {
                for (n, side) in [low, high].into_iter().enumerate() {
                    let seen = if flat { axis == 0 && n == 0 } else { axis != 2 || n == 1 };
                    if !seen {
                        continue;
                    }
                    let start = places.len() as u32;
                    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
                    for (a, b) in [(low, low), (high, low), (high, high), (low, high)] {
                        let mut p = side;
                        p[u] = a[u];
                        p[v] = b[v];
                        places.push(p);
                        let mut normal = [0.0; 3];
                        normal[axis] = if n == 0 { -1.0 } else { 1.0 };
                        normals.push(normal);
                        marks.push([slot, part, shape]);
                    }
                    indices.extend([0, 1, 2, 0, 2, 3].map(|k| start + k));
                }
            }
        }
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(SLOT, VertexAttributeValues::Uint32x3(marks))
        .with_inserted_indices(Indices::U32(indices))
}
