//! Signals of a replay: a bar on the stop line and a lamp above it, in the colour that they show at the instant.

use crate::model::city::City;
use crate::render::agents::{AgentMaterial, GpuAgent, Part, buffer, params, slots_mesh};
use crate::render::tiles::Shown;
use crate::replay::Replays;
use crate::state::Viewer;
use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use qike_record::{SignalLamp, SignalRow};

/// The bar on the ground, the lamp's case, and its face towards those who come.
const PARTS: [Part; 3] = [
    Part { low: [-0.5, -0.46, 0.0], high: [0.5, 0.46, 0.014], part: 5, shape: 3, flat: false },
    Part { low: [-0.34, -0.16, 0.8], high: [0.34, 0.16, 1.0], part: 2, shape: 3, flat: false },
    Part { low: [-0.38, -0.13, 0.82], high: [-0.3, 0.13, 0.98], part: 5, shape: 3, flat: true },
];
/// Length of a bar along the road, height of the lamp above it, m; least size on the screen, pixels.
const SIZE: [f32; 3] = [0.7, 5.4, 5.0];

/// The signals of one recording in the picture.
#[derive(Component)]
pub struct Signals {
    recording: usize,
    shown: Vec<SignalLamp>,
}

/// Spawns the signals of each recording that has some; those of the second are seen by the second camera only.
pub fn spawn(
    mut commands: Commands,
    replays: Res<Replays>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<AgentMaterial>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    viewer: Res<Viewer>,
) {
    for (recording, replay) in replays.0.iter().enumerate().filter(|(_, replay)| !replay.heads().is_empty()) {
        let agents = buffers.add(buffer(&[], replay.heads().len()));
        commands.spawn((
            Mesh3d(meshes.add(slots_mesh(&PARTS, replay.heads().len()))),
            MeshMaterial3d(materials.add(AgentMaterial { params: params(&viewer, 0.0), agents })),
            Transform::default(),
            NoFrustumCulling,
            RenderLayers::layer(recording + 1),
            Signals { recording, shown: Vec::new() },
        ));
    }
}

/// Follows the clock; the buffer is written where a signal has changed.
pub fn update(
    viewer: Res<Viewer>,
    city: Res<Shown>,
    replays: Res<Replays>,
    mut signals: Query<(&mut Signals, &MeshMaterial3d<AgentMaterial>)>,
    mut materials: ResMut<Assets<AgentMaterial>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    for (mut signals, handle) in &mut signals {
        let Some(replay) = replays.0.get(signals.recording) else { continue };
        let lamps: Vec<SignalLamp> = replay.heads().iter().map(|head| head.shows_at(viewer.clock.now_ms)).collect();
        let Some(mut material) = materials.get_mut(&handle.0) else { continue };
        if lamps != signals.shown {
            let agents: Vec<GpuAgent> = replay.heads().iter().zip(&lamps).map(|(head, lamp)| gpu_head(&city, head.place(), *lamp)).collect();
            material.agents = buffers.add(buffer(&agents, agents.len()));
            signals.shown = lamps;
        }
        material.params = params(&viewer, 0.0);
    }
}

/// sRGB of a lamp; none where it shows nothing.
fn colour(lamp: SignalLamp) -> Option<[f32; 3]> {
    match lamp {
        SignalLamp::Off => None,
        SignalLamp::Red => Some([0.93, 0.15, 0.14]),
        SignalLamp::Yellow => Some([0.99, 0.79, 0.13]),
        SignalLamp::GreenMinor => Some([0.45, 0.74, 0.36]),
        SignalLamp::Green => Some([0.10, 0.80, 0.40]),
    }
}

fn gpu_head(city: &City, head: &SignalRow, lamp: SignalLamp) -> GpuAgent {
    let Some([r, g, b]) = colour(lamp) else { return GpuAgent::default() };
    let [x, y, z] = city.frame.to_scene(head.position);
    // Networks of plane sources lie at height 0; they are lifted onto the ground.
    let y = if head.position[2].abs() < 1e-6 { city.ground.at(x, z) } else { y };
    let place = [x, y + crate::model::palette::lift(crate::model::layer::Layer::Roads) + 0.12, z, std::f32::consts::FRAC_PI_2 - head.heading];
    GpuAgent { from: place, to: place, size: [SIZE[0], head.width_m, SIZE[1], SIZE[2]], colour: [r, g, b, 3.0] }
}
