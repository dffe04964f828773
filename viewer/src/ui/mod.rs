//! Panels and what is written over the picture.

pub mod fonts;
pub mod overlay;
pub mod panels;
pub mod search;
pub mod timebar;

use crate::model::layer::Layer;
use crate::render::camera::{self, CityCamera, TargetSize};
use crate::replay::Replays;
use crate::state::Viewer;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext};

/// The panels of the window, with mouse and keys.
pub struct WindowUiPlugin;

impl Plugin for WindowUiPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(EguiPlugin::default())
            .init_resource::<panels::PanelState>()
            .add_systems(Startup, (own_context, spawn_cameras))
            .add_systems(Update, (track_window, steer, keys, run_clock))
            .add_systems(EguiPrimaryContextPass, (fonts::install, panels::draw, timebar::draw, overlay::draw).chain());
    }
}

/// Legend, scale and clock in a picture.
pub struct LegendPlugin;

impl Plugin for LegendPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(EguiPlugin::default())
            .add_systems(Startup, own_context)
            .add_systems(PostStartup, legend_camera)
            .add_systems(EguiPrimaryContextPass, (fonts::install, overlay::draw, overlay::legend).chain());
    }
}

fn own_context(mut settings: ResMut<EguiGlobalSettings>) {
    settings.auto_create_primary_context = false;
}

/// The camera of the panels: it draws over the city's and clears nothing.
fn panel_camera() -> impl Bundle {
    (
        Camera3d::default(),
        Camera { order: 10, clear_color: ClearColorConfig::None, ..default() },
        Msaa::Off,
        Tonemapping::None,
        RenderLayers::none(),
        PrimaryEguiContext,
    )
}

fn spawn_cameras(mut commands: Commands, replays: Res<Replays>) {
    for number in 0..replays.len().max(1) {
        commands.spawn(camera::bundle(number, number as isize));
    }
    commands.spawn(panel_camera());
}

fn legend_camera(mut commands: Commands, targets: Query<&bevy::camera::RenderTarget, With<CityCamera>>) {
    if let Some(target) = targets.iter().next() {
        commands.spawn((panel_camera(), target.clone()));
    }
}

fn track_window(window: Option<Single<&Window, With<PrimaryWindow>>>, mut target: ResMut<TargetSize>) {
    if let Some(window) = window {
        target.0 = [window.physical_width(), window.physical_height()];
    }
}

fn run_clock(time: Res<Time>, mut viewer: ResMut<Viewer>) {
    viewer.clock.advance(f64::from(time.delta_secs()).min(0.5));
}

/// The cursor as parts of the picture under it, and the picture's aspect: of its half where there are two.
fn cursor(window: &Window, parts: usize) -> Option<([f32; 2], f32)> {
    let at = window.cursor_position()?;
    let (width, height) = (window.width() / parts.max(1) as f32, window.height());
    (width > 0.0 && height > 0.0).then(|| ([(at.x % width) / width, at.y / height], width / height))
}

#[allow(clippy::too_many_arguments)] // A system's parameters are what it reads.
fn steer(
    mut contexts: EguiContexts,
    window: Option<Single<&Window, With<PrimaryWindow>>>,
    buttons: Res<ButtonInput<MouseButton>>,
    motion: Res<AccumulatedMouseMotion>,
    scroll: Res<AccumulatedMouseScroll>,
    replays: Res<Replays>,
    city: Res<crate::render::tiles::Shown>,
    mut viewer: ResMut<Viewer>,
    mut panels: ResMut<panels::PanelState>,
    mut dragged: Local<f32>,
) {
    let Some(window) = window else { return };
    if contexts.ctx_mut().is_ok_and(|ctx| ctx.egui_wants_pointer_input() || ctx.is_pointer_over_egui()) {
        return;
    }
    let at = cursor(&window, replays.len());
    let by = motion.delta / window.height().max(1.0);
    if buttons.any_just_pressed([MouseButton::Left, MouseButton::Right, MouseButton::Middle]) {
        *dragged = 0.0;
    }
    *dragged += motion.delta.length();
    if buttons.pressed(MouseButton::Left) && *dragged > 4.0 {
        camera::pan(&mut viewer.view, by.x, by.y);
    } else if buttons.any_pressed([MouseButton::Right, MouseButton::Middle]) {
        camera::turn(&mut viewer.view, by.x * 3.0, by.y * 2.4);
    }
    if scroll.delta.y != 0.0 {
        let notches = if scroll.unit == MouseScrollUnit::Line { scroll.delta.y } else { scroll.delta.y / 60.0 };
        let place = at.and_then(|(point, aspect)| camera::place_under(&city, &viewer, point, aspect));
        camera::zoom(&mut viewer.view, 0.86_f32.powf(notches.clamp(-6.0, 6.0)), place);
    }
    if buttons.just_released(MouseButton::Left) && *dragged <= 4.0 {
        let Some((point, aspect)) = at else { return };
        let ray = camera::ray(&viewer.view, point, aspect);
        let cut = viewer.cut().unwrap_or(f32::INFINITY);
        let below = cut < city.ground.base();
        let hides = |layer: Layer| layer.covers_underground() && (below || viewer.underground && !layer.stands());
        let seen = |layer: Layer| viewer.shows(layer) && !hides(layer);
        let hit = crate::model::pick::pick(&city, ray, cut, seen);
        panels.choose(&mut viewer, hit.and_then(|hit| hit.object));
    }
}

fn keys(mut contexts: EguiContexts, keys: Res<ButtonInput<KeyCode>>, mut viewer: ResMut<Viewer>) {
    if contexts.ctx_mut().is_ok_and(|ctx| ctx.egui_wants_keyboard_input()) {
        return;
    }
    if keys.just_pressed(KeyCode::Space) {
        let at_end = viewer.clock.now() >= viewer.clock.last;
        if at_end {
            let first = viewer.clock.first;
            viewer.clock.set(first);
        }
        viewer.clock.playing = !viewer.clock.playing;
    }
    if keys.just_pressed(KeyCode::KeyU) {
        viewer.underground = !viewer.underground;
    }
    let top = viewer.storeys.len();
    if keys.just_pressed(KeyCode::PageDown) && top > 0 {
        viewer.storey = Some(viewer.storey.unwrap_or(top).saturating_sub(1));
    }
    if keys.just_pressed(KeyCode::PageUp) {
        viewer.storey = viewer.storey.map(|s| s + 1).filter(|s| *s < top);
    }
}
