//! Runs the built command in a folder of its own, on small source files.

#![allow(dead_code)] // Each test program uses its own part of this.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with files, removed at the end.
pub struct Place {
    folder: tempfile::TempDir,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(out: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: out.status.code().unwrap_or(-1), stdout: text(out.stdout), stderr: text(out.stderr) }
    }

    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: stdout is\n{}\nstderr is\n{}", self.stdout, self.stderr))
    }

    /// Checks the exit code, and that stderr has these words (line breaks of wrapped messages aside).
    #[track_caller]
    pub fn expect(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        let flat = flat(&self.stderr);
        for word in words {
            assert!(flat.contains(&flat_word(word)), "'{word}' is not in\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Without spaces and the frame of wrapped messages.
fn flat(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"│╰─▶×".contains(*c)).collect()
}

fn flat_word(word: &str) -> String {
    flat(word)
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), content).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap()
    }

    /// A command of the built program, in this folder.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qike"));
        command.current_dir(self.path()).env("NO_COLOR", "1");
        command
    }

    /// Runs `qike` with the words of a line as arguments.
    pub fn qike(&self, line: &str) -> Said {
        Said::of(self.command().args(line.split_whitespace()).output().unwrap())
    }

    /// Names of the files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// A CityJSON file of `n` box buildings 20 m apart near Dishui Lake, `height` metres high.
pub fn cityjson(n: usize, height: f64) -> String {
    let mut vertices: Vec<Value> = Vec::new();
    let mut objects = serde_json::Map::new();
    for i in 0..n {
        let (x, y) = ((i % 100) as i64 * 20_000, (i / 100) as i64 * 20_000);
        let base = vertices.len();
        for z in [0, (height * 1000.0) as i64] {
            for (dx, dy) in [(0, 0), (12_000, 0), (12_000, 9_000), (0, 9_000)] {
                vertices.push(json!([x + dx, y + dy, z]));
            }
        }
        let ring = |r: [usize; 4]| json!([r.map(|k| base + k)]);
        let faces = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]].map(ring);
        objects.insert(
            format!("b{i}"),
            json!({
                "type": "Building", "attributes": { "height": height, "number": i },
                "geometry": [{
                    "type": "Solid", "lod": "2", "boundaries": [faces],
                    "semantics": { "surfaces": [{ "type": "GroundSurface" }, { "type": "RoofSurface" }, { "type": "WallSurface" }], "values": [[0, 1, 2, 2, 2, 2]] }
                }]
            }),
        );
    }
    json!({
        "type": "CityJSON", "version": "2.0", "metadata": { "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549" },
        "transform": { "scale": [0.001, 0.001, 0.001], "translate": [684000.0, 3420000.0, 4.0] },
        "CityObjects": objects, "vertices": vertices
    })
    .to_string()
}

/// A GeoJSON file of points with ids, given as longitude and latitude.
pub fn points(list: &[(&str, f64, f64)]) -> String {
    let feature = |(id, lon, lat): &(&str, f64, f64)| {
        json!({ "type": "Feature", "id": id, "properties": { "class": "CityFurniture", "function": "street_lamp" }, "geometry": { "type": "Point", "coordinates": [lon, lat] } })
    };
    json!({ "type": "FeatureCollection", "features": list.iter().map(feature).collect::<Vec<_>>() }).to_string()
}

/// The keys of a document, nested, for snapshots of its form.
pub fn keys(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("{{{}}}", map.iter().map(|(k, v)| format!("{k}{}", keys(v))).collect::<Vec<_>>().join(" ")),
        Value::Array(items) => items.first().map_or("[]".into(), |first| format!("[{}]", keys(first))),
        _ => String::new(),
    }
}
