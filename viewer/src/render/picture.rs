//! Pictures without a display: the same renderer draws into an image, which is then written as PNG; also the measurements.

use crate::render::camera::{self, CityCamera, TargetSize};
use crate::replay::Replays;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Frames before a picture is complete: meshes and buffers reach the graphics card with the first, the panels with the next.
pub const SETTLE: u32 = 4;

/// What is to be drawn into an image.
#[derive(Resource, Clone)]
pub struct Order {
    /// Where the PNG goes.
    pub file: Option<PathBuf>,
    /// Frames before the picture.
    pub frames: u32,
    /// When the program started.
    pub started: Instant,
    /// What came of it.
    pub outcome: Arc<Mutex<Outcome>>,
}

/// What came of an order.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Seconds from the start to the first complete picture.
    pub first_picture_s: Option<f64>,
    /// Frames a second after it.
    pub frames_per_second: Option<f64>,
    /// Meshes drawn in the last frame.
    pub draws: usize,
    /// Entities in all.
    pub entities: usize,
    /// Greatest memory of the process so far, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Width, height and RGB bytes of the picture.
    pub picture: Option<(u32, u32, Vec<u8>)>,
    /// Why there is no picture.
    pub fault: Option<String>,
}

/// The image that is drawn into.
#[derive(Resource)]
struct Target(Handle<Image>);

#[derive(Resource, Default)]
struct Progress {
    frame: u32,
    since: Option<(Instant, u32)>,
    asked: bool,
}

/// Draws into an image and ends.
pub struct PicturePlugin;

impl Plugin for PicturePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Progress>().add_systems(Startup, spawn_cameras).add_systems(Last, take);
    }
}

fn spawn_cameras(mut commands: Commands, mut images: ResMut<Assets<Image>>, size: Res<TargetSize>, replays: Res<Replays>) {
    let [width, height] = size.0;
    let mut image = Image::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    let image = images.add(image);
    for number in 0..replays.len().max(1) {
        commands.spawn((camera::bundle(number, number as isize), RenderTarget::Image(image.clone().into())));
    }
    commands.insert_resource(Target(image));
}

fn take(
    mut commands: Commands,
    order: Res<Order>,
    target: Res<Target>,
    mut progress: ResMut<Progress>,
    meshes: Query<&ViewVisibility, With<Mesh3d>>,
    cameras: Query<(), With<CityCamera>>,
    entities: Query<()>,
) {
    progress.frame += 1;
    // Two pictures: the first tells how long one waits for it, the second ends the measurement when all is drawn.
    let first = progress.frame == SETTLE;
    let last = order.frames > 0 && progress.since.is_some_and(|(_, at)| progress.frame >= at + order.frames);
    if first || (last && !progress.asked) {
        progress.asked |= last;
        commands.spawn(Screenshot::image(target.0.clone())).observe(captured);
        if let Ok(mut outcome) = order.outcome.lock() {
            outcome.draws = meshes.iter().filter(|visible| visible.get()).count() * cameras.iter().count();
            outcome.entities = entities.iter().count();
        }
    }
}

fn captured(shot: On<ScreenshotCaptured>, order: Res<Order>, mut progress: ResMut<Progress>, mut exit: MessageWriter<AppExit>) {
    let Ok(mut outcome) = order.outcome.lock() else { return };
    if progress.since.is_none() {
        outcome.first_picture_s = Some(order.started.elapsed().as_secs_f64());
        progress.since = Some((Instant::now(), progress.frame));
        if order.frames > 0 {
            return;
        }
    } else if let Some((since, frame)) = progress.since {
        outcome.frames_per_second = Some(f64::from(progress.frame - frame) / since.elapsed().as_secs_f64());
    }
    outcome.peak_memory_bytes = peak_memory();
    match shot.image.clone().try_into_dynamic() {
        Ok(picture) => {
            let picture = picture.to_rgb8();
            if let Some(Err(error)) = order.file.as_ref().map(|file| picture.save(file)) {
                outcome.fault = Some(error.to_string());
            }
            outcome.picture = Some((picture.width(), picture.height(), picture.into_raw()));
        }
        Err(error) => outcome.fault = Some(error.to_string()),
    }
    exit.write(AppExit::Success);
}

/// The greatest part of main memory that the process has had, bytes (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
