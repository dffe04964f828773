//! Puts the viewer together: one app for the window and for pictures, with the same city and the same renderer.

use crate::i18n::{Language, Texts};
use crate::model::busiest::busiest;
use crate::model::cameras::{self, CameraChoice};
use crate::model::city::City;
use crate::model::layer::Layer;
use crate::model::storeys::storeys;
use crate::options::Options;
use crate::render::agents::AgentMaterial;
use crate::render::camera::TargetSize;
use crate::render::material::{CityMaterial, embed_shaders};
use crate::render::picture::{Order, Outcome, PicturePlugin};
use crate::render::tiles::Shown;
use crate::render::{agents, camera, signals, sky, tiles};
use crate::replay::Replays;
use crate::state::{Clock, Viewer};
use crate::ui;
use bevy::app::ScheduleRunnerPlugin;
use bevy::log::{Level, LogPlugin};
use bevy::light::cluster::GlobalClusterSettings;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::settings::{RenderCreation, WgpuSettings};
use bevy::window::{ExitCondition, WindowResolution};
use bevy::winit::WinitPlugin;
use qike_core::SimTime;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the renderer draws through; OpenGL has too little for its storage buffers.
const BACKENDS: wgpu::Backends = wgpu::Backends::PRIMARY;

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ShowError {
    /// No graphics adapter.
    #[error("no graphics adapter was found that speaks Vulkan")]
    #[diagnostic(
        code(qike::view::no_adapter),
        help("without a graphics card install the software renderer: apt-get install mesa-vulkan-drivers")
    )]
    NoAdapter,
    /// No display for a window.
    #[error("there is no display for a window")]
    #[diagnostic(code(qike::view::no_display), help("write a picture instead: --screenshot OUT.png"))]
    NoDisplay,
    /// The camera's place is not in the city.
    #[error("the city has nothing that the camera '{0}' could look at")]
    #[diagnostic(code(qike::view::camera), help("cameras that every city has: overview, or x,y,z,yaw,pitch; traffic needs a run directory with vehicles"))]
    NoCamera(String),
    /// There is no such storey.
    #[error("there is no storey {0}: the city has {1}, counted from 0")]
    #[diagnostic(code(qike::view::storey))]
    NoStorey(usize, usize),
    /// The picture could not be written.
    #[error("{0}: {1}")]
    #[diagnostic(code(qike::view::write))]
    Write(String, String),
    /// The renderer ended before there was a picture.
    #[error("the renderer ended before there was a picture")]
    #[diagnostic(code(qike::view::renderer))]
    Ended,
}

/// The viewer's state as the options ask for it.
///
/// # Errors
/// [`ShowError::NoCamera`], [`ShowError::NoStorey`].
pub fn prepare(city: &City, replays: &mut Replays, options: &Options) -> Result<Viewer, ShowError> {
    let mut layers = Layer::ALL.map(Layer::on_by_default);
    if !options.layers.is_empty() {
        layers = Layer::ALL.map(|layer| options.layers.contains(&layer));
    }
    let storeys = storeys(&city.snapshot, &city.frame, &city.layers);
    let mut storey = options.storey;
    if let Some(wanted) = storey.filter(|wanted| *wanted >= storeys.len()) {
        return Err(ShowError::NoStorey(wanted, storeys.len()));
    }
    let (first, last) = replays.span().unwrap_or_default();
    let mut clock = Clock::over(first, last);
    clock.set(options.time.unwrap_or(SimTime((first.ms() + last.ms()) / 2)));
    let view = if options.camera == CameraChoice::Named(cameras::TRAFFIC.into()) {
        replays.0.first_mut().and_then(|replay| busiest(&replay.at(clock.now_ms), &city.frame))
    } else {
        cameras::view(city, &options.camera)
    };
    let mut view = view.ok_or_else(|| match &options.camera {
        CameraChoice::Named(name) => ShowError::NoCamera(name.clone()),
        CameraChoice::Free(_) => ShowError::NoCamera("x,y,z,yaw,pitch".into()),
    })?;
    if ["station-inside", cameras::INSIDE].iter().any(|name| options.camera == CameraChoice::Named((*name).into())) {
        // The storey with most rooms is the one worth seeing.
        let rooms = |i: &usize| city.snapshot.children(storeys[*i].object).len();
        storey = storey.or_else(|| (0..storeys.len()).max_by_key(rooms));
        if let Some(shown) = storey.and_then(|i| storeys.get(i)) {
            view.target[1] = shown.floor;
        }
    }
    Ok(Viewer {
        view,
        layers,
        storeys,
        storey,
        underground: options.underground || options.camera == CameraChoice::Named("pipes".into()),
        marked: Vec::new(),
        waves: false,
        clock,
        language: options.lang.unwrap_or_else(system_language),
        texts: Texts::built_in(),
    })
}

fn system_language() -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|key| std::env::var(key).ok().filter(|v| !v.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("zh")) { Language::Zh } else { Language::En }
}

/// True where there is an adapter that the renderer can use.
pub fn has_adapter() -> bool {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor { backends: BACKENDS, ..wgpu::InstanceDescriptor::new_without_display_handle() });
    let found = instance.enumerate_adapters(BACKENDS);
    !bevy::tasks::block_on(found).is_empty()
}

fn base(city: Arc<City>, replays: Replays, viewer: Viewer, size: [u32; 2], window: bool) -> App {
    let mut app = App::new();
    let plugins = DefaultPlugins
        .set(WindowPlugin {
            primary_window: window.then(|| Window {
                title: "Qike 七可".into(),
                resolution: WindowResolution::new(size[0], size[1]),
                ..default()
            }),
            exit_condition: if window { ExitCondition::OnPrimaryClosed } else { ExitCondition::DontExit },
            ..default()
        })
        .set(RenderPlugin {
            render_creation: RenderCreation::Automatic(Box::new(WgpuSettings { backends: Some(BACKENDS), ..default() })),
            synchronous_pipeline_compilation: true,
            ..default()
        })
        .set(LogPlugin { level: Level::ERROR, ..default() });
    if window {
        app.add_plugins(plugins);
    } else {
        app.add_plugins((plugins.disable::<WinitPlugin>(), ScheduleRunnerPlugin::run_loop(Duration::ZERO)));
    }
    embed_shaders(&mut app);
    app.add_plugins((MaterialPlugin::<CityMaterial>::default(), MaterialPlugin::<AgentMaterial>::default()))
        .insert_resource(ClearColor(Color::srgb(0.80, 0.86, 0.90)))
        .insert_resource(Shown(city))
        .insert_resource(replays)
        .insert_resource(viewer)
        .insert_resource(TargetSize(size))
        .add_systems(Startup, (tiles::spawn, agents::spawn, signals::spawn, no_light_clusters))
        .add_systems(
            PostUpdate,
            (
                camera::follow,
                sky::follow,
                tiles::update_layers,
                tiles::update_visibility,
                tiles::update_states,
                agents::update,
                signals::update,
            )
                .before(bevy::transform::TransformSystems::Propagate),
        );
    app
}

/// The city has one sun and no lamps that shine: sorting lamps into clusters on the graphics card would be work for nothing (on
/// lavapipe two milliseconds a frame).
fn no_light_clusters(mut settings: ResMut<GlobalClusterSettings>) {
    settings.gpu_clustering = None;
}

/// Draws into an image; gives the picture and the measurements.
///
/// # Errors
/// [`ShowError`].
pub fn picture(
    city: Arc<City>,
    replays: Replays,
    viewer: Viewer,
    options: &Options,
    started: Instant,
) -> Result<Outcome, ShowError> {
    if !has_adapter() {
        return Err(ShowError::NoAdapter);
    }
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let frames = options.frames.unwrap_or(if options.bench { 60 } else { 0 });
    let mut app = base(city, replays, viewer, options.size, false);
    app.insert_resource(Order { file: options.screenshot.clone(), frames, started, outcome: outcome.clone() });
    app.add_plugins(PicturePlugin);
    if options.legend {
        app.add_plugins(ui::LegendPlugin);
    }
    app.run();
    drop(app);
    let outcome = outcome.lock().map(|o| o.clone()).unwrap_or_default();
    let file = options.screenshot.as_ref().map(|f| f.display().to_string()).unwrap_or_default();
    match (&outcome.fault, &outcome.picture) {
        (Some(fault), _) => Err(ShowError::Write(file, fault.clone())),
        (None, None) => Err(ShowError::Ended),
        (None, Some(_)) => Ok(outcome),
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// [`ShowError`].
pub fn window(city: Arc<City>, replays: Replays, mut viewer: Viewer, options: &Options) -> Result<(), ShowError> {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|key| std::env::var_os(key).is_some_and(|v| !v.is_empty()));
    if cfg!(target_os = "linux") && !has_display {
        return Err(ShowError::NoDisplay);
    }
    if !has_adapter() {
        return Err(ShowError::NoAdapter);
    }
    viewer.waves = true;
    viewer.clock.playing = !replays.is_empty();
    let mut app = base(city, replays, viewer, options.size, true);
    app.add_plugins(ui::WindowUiPlugin);
    app.run();
    Ok(())
}
