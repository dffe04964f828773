//! The sky: a large box around the eye whose colours the shader mixes by direction.

use crate::mesh::{Builder, Kind, ON_GROUND, Paint};
use crate::render::material::{CityMaterial, gpu_mesh};
use crate::state::Viewer;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;

/// Half the side of the box, metres.
const REACH_M: f32 = 90_000.0;

/// The sky's one kind of surface, as a material says it.
pub const KINDS: u16 = 1 << Kind::Sky as u8;

/// The sky's entity.
#[derive(Component)]
pub struct Sky;

/// Spawns the sky.
pub fn spawn(commands: &mut Commands, meshes: &mut Assets<Mesh>, material: Handle<CityMaterial>) {
    let paint = Paint { colour: [255; 3], kind: Kind::Sky, object: u32::MAX, foot: ON_GROUND };
    let mut builder = Builder::default();
    builder.cuboid([0.0; 3], [-1.0; 3], [1.0; 3], 0.0, &paint);
    // The box has no underside of its own: this is it.
    builder.quad([[-1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], &paint);
    if let Some(mesh) = builder.finish() {
        commands.spawn((Mesh3d(meshes.add(gpu_mesh(&mesh))), MeshMaterial3d(material), Transform::default(), NoFrustumCulling, Sky));
    }
}

/// Keeps the sky around the eye.
pub fn follow(viewer: Res<Viewer>, mut sky: Query<&mut Transform, With<Sky>>) {
    for mut transform in &mut sky {
        let side = 2.0 * REACH_M;
        *transform = Transform::from_translation(Vec3::from(viewer.view.eye()) - Vec3::splat(REACH_M)).with_scale(Vec3::splat(side));
    }
}
