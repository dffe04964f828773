//! The desktop viewer of Qike: it draws a city and what moves in it, in a window or into a picture.
//!
//! `model` and `mesh` turn a snapshot into tiles and know no graphics; `render` puts them on the graphics card through one
//! plain material; `ui` holds the panels. The viewer reads stores and recordings and writes neither. It knows no file format
//! of others and runs no model.

pub mod app;
pub mod data;
pub mod i18n;
pub mod mesh;
pub mod model;
pub mod options;
pub mod render;
pub mod replay;
pub mod state;
pub mod ui;

use crate::model::city::City;
use crate::model::layer::Layer;
use crate::options::Options;
use qike_scene::Class;
use std::sync::Arc;
use std::time::Instant;

/// Does what the options ask for. Warnings and errors go to stderr, figures to stdout.
///
/// # Errors
/// What cannot be opened or drawn, as a report for people.
pub fn run(options: &Options, started: Instant) -> miette::Result<()> {
    let mut opened = data::open(&options.paths)?;
    for warning in &opened.warnings {
        eprintln!("warning: {warning}");
    }
    let city = Arc::new(City::build(opened.snapshot));
    for ix in city.broken.iter().take(5) {
        eprintln!("warning: {}: its geometry is broken and not drawn", city.snapshot.get(*ix).id);
    }
    if city.broken.len() > 5 {
        eprintln!("warning: {} more objects have broken geometry", city.broken.len() - 5);
    }
    let viewer = app::prepare(&city, &mut opened.replays, options)?;
    if options.screenshot.is_none() && !options.bench {
        return Ok(app::window(city, opened.replays, viewer, options)?);
    }
    let outcome = app::picture(city.clone(), opened.replays, viewer, options, started)?;
    if options.bench {
        let buildings = [Class::Building, Class::BuildingPart].iter().map(|c| city.snapshot.of_class(*c).len()).sum::<usize>();
        let figures = serde_json::json!({
            "size": options.size,
            "first_picture_s": outcome.first_picture_s,
            "frames_per_second": outcome.frames_per_second,
            "draw_calls": outcome.draws,
            "entities": outcome.entities,
            "peak_memory_bytes": outcome.peak_memory_bytes,
            "objects": city.snapshot.objects().len(),
            "buildings": buildings,
            "bytes_per_building": city.bytes(Layer::Buildings) as f64 / buildings.max(1) as f64,
            "mesh_bytes": Layer::ALL.iter().map(|layer| city.bytes(*layer)).sum::<usize>(),
        });
        println!("{figures:#}");
    }
    Ok(())
}
