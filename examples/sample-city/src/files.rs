//! The files of a sample city: made below one folder, counted as they are written.

use crate::SampleError;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A folder that is being filled.
pub struct Files {
    root: PathBuf,
    written: Vec<String>,
}

impl Files {
    /// Makes the folder and its `sources/` and `demand/`.
    pub fn below(root: &Path) -> Result<Self, SampleError> {
        for dir in [root.to_path_buf(), root.join("sources"), root.join("demand")] {
            fs::create_dir_all(&dir).map_err(|source| SampleError::Write { path: dir, source })?;
        }
        Ok(Self { root: root.to_path_buf(), written: Vec::new() })
    }

    /// Writes one file through `fill`; `name` is relative, with `/`.
    pub fn write(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<(), SampleError> {
        let path = self.root.join(name);
        let done = File::create(&path).and_then(|f| {
            let mut w = BufWriter::with_capacity(1 << 18, f);
            fill(&mut w)?;
            w.flush()
        });
        done.map_err(|source| SampleError::Write { path, source })?;
        self.written.push(name.into());
        Ok(())
    }

    pub fn text(&mut self, name: &str, text: &str) -> Result<(), SampleError> {
        self.write(name, |w| w.write_all(text.as_bytes()))
    }

    /// Writes a GeoJSON feature collection, one feature a line.
    pub fn geojson(&mut self, name: &str, features: &[Value]) -> Result<(), SampleError> {
        self.write(name, |w| {
            w.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[\n")?;
            for (i, f) in features.iter().enumerate() {
                serde_json::to_writer(&mut *w, f)?;
                w.write_all(if i + 1 < features.len() { b",\n" } else { b"\n" })?;
            }
            w.write_all(b"]}\n")
        })
    }

    /// Writes a table with a header.
    pub fn csv(&mut self, name: &str, header: &[&str], rows: &[Vec<String>]) -> Result<(), SampleError> {
        self.write(name, |w| {
            let mut c = csv::Writer::from_writer(w);
            c.write_record(header)?;
            for r in rows {
                c.write_record(r)?;
            }
            c.flush()
        })
    }

    /// Names of all files written and their sizes, sorted.
    pub fn finish(mut self) -> Result<Vec<(String, u64)>, SampleError> {
        self.written.sort();
        self.written
            .into_iter()
            .map(|name| {
                let path = self.root.join(&name);
                let size = fs::metadata(&path).map_err(|source| SampleError::Write { path, source })?.len();
                Ok((name, size))
            })
            .collect()
    }
}
