//! The picture of a tiny city against a kept one, drawn by whatever adapter the machine has (lavapipe in CI).

mod common;

use clap::Parser;
use qike_viewer::app::{ShowError, has_adapter, picture, prepare};
use qike_viewer::model::city::City;
use qike_viewer::options::Options;
use qike_viewer::replay::Replays;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Share of pixels that may differ, and by how much (of 255): drivers round differently at edges.
const TOLERANCE: (f64, u8) = (0.03, 24);

fn draw(city: &Arc<City>, line: &str) -> (u32, u32, Vec<u8>) {
    let options = Options::try_parse_from(format!("v city {line}").split_whitespace()).expect("options");
    let viewer = prepare(city, &Replays::default(), &options).expect("a view");
    picture(city.clone(), Replays::default(), viewer, &options, Instant::now()).expect("a picture").picture.expect("pixels")
}

/// What is wrong with a picture, if anything.
fn compare(name: &str, (width, height, pixels): &(u32, u32, Vec<u8>), written: &Path) -> Option<String> {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.png"));
    let Ok(bytes) = std::fs::read(&kept) else { return Some(format!("{} is missing; the new picture is {}", kept.display(), written.display())) };
    let image = bevy::image::Image::from_buffer(
        &bytes,
        bevy::image::ImageType::Extension("png"),
        Default::default(),
        true,
        Default::default(),
        bevy::asset::RenderAssetUsages::MAIN_WORLD,
    );
    let image = image.expect("a PNG").try_into_dynamic().expect("pixels").to_rgb8();
    assert_eq!((image.width(), image.height()), (*width, *height));
    let differs = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > TOLERANCE.1);
    let different = image.as_raw().chunks(3).zip(pixels.chunks(3)).filter(|pair| differs(*pair)).count();
    let share = different as f64 / f64::from(width * height);
    (share > TOLERANCE.0).then(|| format!("{name}: {:.1} % of the pixels differ; the new picture is {}", share * 100.0, written.display()))
}

#[test]
fn pictures_look_as_they_did() {
    if !has_adapter() {
        eprintln!("skipped: no Vulkan adapter (install mesa-vulkan-drivers)");
        return;
    }
    let city = Arc::new(City::build(Arc::new(common::city())));
    assert!(city.broken.is_empty());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut wrong = Vec::new();
    for (name, line) in [
        ("overview", "--camera overview"),
        ("inside", "--camera station-inside --storey 1 --legend --lang zh"),
        ("underground", "--camera station --underground"),
    ] {
        let file = folder.join(format!("{name}.png"));
        let drawn = draw(&city, &format!("{line} --size 640x360 --screenshot {}", file.display()));
        wrong.extend(compare(name, &drawn, &file));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn places_that_are_not_there_are_refused() {
    let city = City::build(Arc::new(common::city()));
    let refused = |line: &str| {
        let options = Options::try_parse_from(format!("v city {line}").split_whitespace()).expect("options");
        prepare(&city, &Replays::default(), &options).err()
    };
    assert!(matches!(refused("--storey 9"), Some(ShowError::NoStorey(9, 2))));
    assert!(refused("--camera beach").is_none());
    assert!(refused("--camera lake").is_none());
}
