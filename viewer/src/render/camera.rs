//! Turning, moving and zooming the view; one or two cameras that follow it.

use crate::model::cameras::View;
use crate::model::city::City;
use crate::model::pick::{Ray, pick};
use crate::replay::Replays;
use crate::state::Viewer;
use bevy::camera::Viewport;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::cluster::ClusterConfig;
use bevy::prelude::*;

/// Vertical field of view, radians.
pub const FIELD_OF_VIEW: f32 = 0.80;

/// A camera that shows the city; the number is that of its recording.
#[derive(Component)]
pub struct CityCamera(pub usize);

/// What every city camera has.
pub fn bundle(number: usize, order: isize) -> impl Bundle {
    // All cameras of a window draw into one texture: only the first may clear it, or the others would wipe its half.
    let clear_color = if number == 0 { ClearColorConfig::Default } else { ClearColorConfig::None };
    (
        Camera3d::default(),
        Camera { order, clear_color, ..default() },
        Projection::Perspective(PerspectiveProjection { fov: FIELD_OF_VIEW, near: 0.4, far: 200_000.0, ..default() }),
        Tonemapping::None,
        // No lamps: one cluster.
        ClusterConfig::Single,
        Msaa::Off,
        RenderLayers::from_layers(&[0, number + 1]),
        CityCamera(number),
    )
}

/// Puts all cameras where the view is, side by side where there are two.
pub fn follow(
    viewer: Res<Viewer>,
    replays: Res<Replays>,
    targets: Res<TargetSize>,
    mut cameras: Query<(&CityCamera, &mut Camera, &mut Transform)>,
) {
    let eye = Vec3::from(viewer.view.eye());
    let look = Vec3::from(viewer.view.look());
    let [width, height] = targets.0;
    let parts = replays.len().clamp(1, 2) as u32;
    for (city, mut camera, mut transform) in &mut cameras {
        *transform = Transform::from_translation(eye).looking_to(look, Vec3::Y);
        if parts > 1 && width >= 2 * parts && height > 0 {
            let part = width / parts;
            camera.viewport = Some(Viewport {
                physical_position: UVec2::new(part * city.0 as u32, 0),
                physical_size: UVec2::new(if city.0 == 1 { width - part } else { part.saturating_sub(2) }, height),
                ..default()
            });
        }
    }
}

/// Size of what is drawn to, in pixels.
#[derive(Resource, Clone, Copy, Debug)]
pub struct TargetSize(pub [u32; 2]);

/// The ray through a point of a picture, given from its upper left corner as parts of its width and height.
pub fn ray(view: &View, point: [f32; 2], aspect: f32) -> Ray {
    let look = Vec3::from(view.look());
    let right = look.cross(Vec3::Y).try_normalize().unwrap_or(Vec3::X);
    let up = right.cross(look);
    let half = (FIELD_OF_VIEW / 2.0).tan();
    let along = look + right * ((point[0] * 2.0 - 1.0) * half * aspect) + up * ((1.0 - point[1] * 2.0) * half);
    Ray { from: view.eye(), along: along.normalize().to_array() }
}

/// Where a place of the city lies in the picture, as parts of its width and height; `None` behind the eye.
pub fn project(view: &View, place: [f32; 3], aspect: f32) -> Option<[f32; 2]> {
    let look = Vec3::from(view.look());
    let right = look.cross(Vec3::Y).try_normalize().unwrap_or(Vec3::X);
    let up = right.cross(look);
    let to = Vec3::from(place) - Vec3::from(view.eye());
    let depth = to.dot(look);
    let half = (FIELD_OF_VIEW / 2.0).tan();
    (depth > 0.5).then(|| [0.5 + to.dot(right) / (depth * half * aspect) / 2.0, 0.5 - to.dot(up) / (depth * half) / 2.0])
}

/// The place under a point of the picture: what is drawn there, else the plane of the target.
pub fn place_under(city: &City, viewer: &Viewer, point: [f32; 2], aspect: f32) -> Option<[f32; 3]> {
    let ray = ray(&viewer.view, point, aspect);
    let hit = pick(city, ray, viewer.cut().unwrap_or(f32::INFINITY), |layer| viewer.shows(layer)).map(|hit| hit.at);
    hit.or_else(|| {
        let distance = (viewer.view.target[1] - ray.from[1]) / ray.along[1];
        (distance.is_finite() && distance > 0.0 && distance < 100_000.0)
            .then(|| [0, 1, 2].map(|axis| ray.from[axis] + ray.along[axis] * distance))
    })
}

/// Turns the view around its target.
pub fn turn(view: &mut View, dx: f32, dy: f32) {
    view.yaw = (view.yaw + dx).rem_euclid(std::f32::consts::TAU);
    view.pitch = (view.pitch + dy).clamp(-0.2, 1.56);
}

/// Moves the view over the ground, in parts of the picture's height.
pub fn pan(view: &mut View, dx: f32, dy: f32) {
    let scale = 2.0 * (FIELD_OF_VIEW / 2.0).tan() * view.distance;
    let (sin, cos) = view.yaw.sin_cos();
    let ahead = dy * scale / view.pitch.sin().abs().max(0.3);
    view.target[0] += -dx * scale * cos + ahead * sin;
    view.target[2] += -dx * scale * sin - ahead * cos;
}

/// Comes nearer to a place (factor below 1) or goes away from it, so that the place stays under the cursor.
pub fn zoom(view: &mut View, factor: f32, place: Option<[f32; 3]>) {
    let distance = (view.distance * factor).clamp(4.0, 60_000.0);
    let factor = distance / view.distance;
    if let Some(place) = place {
        for axis in 0..3 {
            view.target[axis] = place[axis] + (view.target[axis] - place[axis]) * factor;
        }
    }
    view.distance = distance;
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: View = View { target: [100.0, 5.0, -40.0], distance: 300.0, yaw: 0.7, pitch: 0.5 };

    #[test]
    fn a_ray_through_a_projected_place_meets_it() {
        let place = [130.0, 20.0, -90.0];
        let point = project(&VIEW, place, 1.6).unwrap();
        let ray = ray(&VIEW, point, 1.6);
        let to = Vec3::from(place) - Vec3::from(ray.from);
        assert!((to.normalize() - Vec3::from(ray.along)).length() < 1e-4);
        assert_eq!(project(&VIEW, VIEW.target, 1.6).map(|p| p.map(|c| (c * 1e3).round())), Some([500.0, 500.0]));
    }

    #[test]
    fn zooming_keeps_the_place_under_the_cursor() {
        let place = [130.0, 5.0, -90.0];
        let before = project(&VIEW, place, 1.6).unwrap();
        let mut view = VIEW;
        zoom(&mut view, 0.5, Some(place));
        let after = project(&view, place, 1.6).unwrap();
        assert!((before[0] - after[0]).abs() < 1e-3 && (before[1] - after[1]).abs() < 1e-3);
        assert_eq!(view.distance, 150.0);
    }

    #[test]
    fn panning_to_the_right_moves_the_target_left() {
        let mut view = View { yaw: 0.0, ..VIEW };
        pan(&mut view, 0.1, 0.0);
        assert!(view.target[0] < VIEW.target[0] && (view.target[2] - VIEW.target[2]).abs() < 1e-3);
    }
}
