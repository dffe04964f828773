//! The files that make one Shapefile: they share a stem and differ in their endings, in capitals or not.

use super::encoding;
use crate::source::read_file;
use encoding_rs::Encoding;
use std::path::{Path, PathBuf};

/// Endings of what may lie beside a `.shp` and belongs to it.
const PARTS: &[&str] = &["dbf", "shx", "prj", "cpg", "cst", "qpj", "sbn", "sbx", "qix", "fix", "fbn", "fbx", "ain", "aih", "atx", "ixs", "mxs", "shp.xml", "dbf.xml", "qmd", "qml"];
/// Largest `.prj` or `.cpg` read, bytes.
const SMALL: u64 = 64 << 10;

/// A Shapefile's parts.
pub struct Files {
    shp: PathBuf,
    beside: Vec<(String, PathBuf)>,
}

impl Files {
    /// Looks beside the `.shp` (or a lone `.dbf`).
    pub fn of(main: &Path) -> Self {
        let name = main.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        let folder = main.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut beside: Vec<(String, PathBuf)> = entries
            .filter_map(|entry| {
                let other = entry.file_name().to_string_lossy().into_owned();
                let ending = other.strip_prefix(stem.as_str())?.strip_prefix('.')?.to_lowercase();
                let is_part = PARTS.contains(&ending.as_str()) && other != name;
                // The folder as the user named it, so that messages name files as the user does.
                is_part.then(|| (ending, folder.join(&other)))
            })
            .collect();
        beside.sort();
        Self { shp: main.to_owned(), beside }
    }

    /// The part with an ending.
    pub fn part(&self, ending: &str) -> Option<&Path> {
        self.beside.iter().find(|(e, _)| e == ending).map(|(_, p)| p.as_path())
    }

    /// All parts but the main one.
    pub fn beside(&self) -> Vec<PathBuf> {
        self.beside.iter().map(|(_, p)| p.clone()).collect()
    }

    /// The parts that an import depends on, for the hash of its content.
    pub fn read(&self) -> Vec<&Path> {
        let others = ["cpg", "cst", "dbf", "prj"].iter().filter_map(|e| self.part(e));
        std::iter::once(self.shp.as_path()).chain(others).collect()
    }

    /// The coordinate system's definition, where there is one.
    pub fn wkt(&self) -> Option<String> {
        let bytes = read_file(self.part("prj")?, "", SMALL).ok()?;
        let text = crate::formats::features::text::decode(&bytes).text.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The encoding that is named beside the table, and the text that names none.
    pub fn encoding(&self) -> (Option<&'static Encoding>, Option<String>) {
        let path = self.part("cpg").or_else(|| self.part("cst"));
        let Some(bytes) = path.and_then(|p| read_file(p, "", SMALL).ok()) else { return (None, None) };
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        match encoding::named(&text) {
            Some(encoding) => (Some(encoding), None),
            None => (None, (!text.is_empty()).then_some(text)),
        }
    }
}
