//! The command line of the viewer.

use crate::i18n::Language;
use crate::model::cameras::CameraChoice;
use crate::model::layer::Layer;
use qike_core::SimTime;
use std::path::PathBuf;

/// Shows a city and its runs: in a window, or into a picture.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "qike-viewer", version, about)]
pub struct Options {
    /// A store (CITY.gpkg), a run directory, or two run directories to see side by side.
    #[arg(required = true, value_name = "CITY.gpkg|RUN_DIR")]
    pub paths: Vec<PathBuf>,
    /// Write a picture (PNG) and end; needs no display.
    #[arg(long, value_name = "OUT.png")]
    pub screenshot: Option<PathBuf>,
    /// Size of the picture or the window.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub size: [u32; 2],
    /// Where to look from: overview, lake, station, inside (cut open), pipes (ground faded), street, beach, traffic (the busiest place of a run), or x,y,z,yaw,pitch (city metres, degrees).
    #[arg(long, value_name = "NAME|x,y,z,yaw,pitch", default_value = "overview", allow_hyphen_values = true)]
    pub camera: CameraChoice,
    /// Time of the replay.
    #[arg(long, value_name = "HH:MM:SS")]
    pub time: Option<SimTime>,
    /// Cut the building open at this storey, counted from the lowest (0).
    #[arg(long, value_name = "N")]
    pub storey: Option<usize>,
    /// Fade the ground, so that pipes and the station show.
    #[arg(long)]
    pub underground: bool,
    /// Show these layers only.
    #[arg(long, value_name = "a,b", value_delimiter = ',', value_parser = parse_layer)]
    pub layers: Vec<Layer>,
    /// Language of the texts.
    #[arg(long, value_enum)]
    pub lang: Option<Language>,
    /// Frames to draw before the picture is taken, or to measure.
    #[arg(long, value_name = "N")]
    pub frames: Option<u32>,
    /// Write legend, scale and clock into the picture.
    #[arg(long)]
    pub legend: bool,
    /// Draw without a window and print figures as JSON: first picture, frames a second, draw calls, bytes.
    #[arg(long)]
    pub bench: bool,
}

fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let wrong = || format!("'{text}' is no size: write for example 1280x800, up to 8192x8192");
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let side = |part: &str| part.trim().parse::<u32>().ok().filter(|n| (16..=8192).contains(n)).ok_or_else(wrong);
    Ok([side(width)?, side(height)?])
}

fn parse_layer(name: &str) -> Result<Layer, String> {
    Layer::parse(name.trim()).ok_or_else(|| {
        let all: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).collect();
        format!("'{name}' is no layer; there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn options_are_read_and_wrong_ones_refused() {
        let line = "v city.gpkg --size 640x360 --camera 1,2,3,-4,5 --layers roads,water --time 08:30:00 --storey 1";
        let options = Options::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(options.size, [640, 360]);
        assert_eq!(options.layers, [Layer::Roads, Layer::Water]);
        assert_eq!(options.time, Some(SimTime::from_s(30_600)));
        for wrong in ["v", "v c --size 4x4", "v c --layers moon", "v c --camera nowhere", "v c --time late", "v c --storey -1"] {
            assert!(Options::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
        }
    }
}
