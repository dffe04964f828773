//! From paths to files: patterns, folders with their folders, and archives with what is in them.

use crate::archive::{self, Kind, Limits, Unpacked};
use crate::formats::table::{Mapping, is_table};
use crate::importer::sniff_as;
use crate::{ImportError, Importer, PlannedSource, Source, SourceOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep archives may lie in each other.
const MOST_ARCHIVES: usize = 3;
/// How deep folders may lie in each other.
const MOST_LEVELS: usize = 64;
/// Names of files that nobody reads, in one message.
const SHOWN: usize = 10;

/// Endings of files that go with others, or are for people: not worth a word when nobody reads them.
const COMPANIONS: &[&str] = &[
    "dbf", "shx", "prj", "cpg", "sbn", "sbx", "qix", "qpj", "qmd", "idx", "aux", "ovr", "tfw", "jgw", "pgw", "wld", "lyr", "qml", "sld", "jpg", "jpeg",
    "png", "gif", "bmp", "webp", "dds", "svg", "txt", "md", "pdf", "html", "htm", "doc", "docx", "rtf", "xsd", "xsl", "mtl", "css", "url", "sha256", "md5",
];
/// Folders of CityGML models that hold what the models refer to.
const COMPANION_FOLDERS: &[&str] = &["codelists", "appearance", "appearances", "textures", "schemas", "metadata", "specification"];

/// Files found so far.
pub struct Gathering<'a> {
    options: &'a SourceOptions,
    recursive: bool,
    /// What was found, in no order yet.
    pub planned: Vec<PlannedSource>,
    /// Files that nobody reads: the folder or archive that the user named, the file, and its name in there.
    unknown: Vec<(String, PathBuf, String)>,
}

/// Where a file was found.
#[derive(Clone)]
struct Found {
    /// What the user named, for a file inside it; `None` for what the user named itself.
    inside: Option<String>,
    /// The folder in which the archive it came out of is unpacked.
    held: Option<Arc<Unpacked>>,
    archives: usize,
    levels: usize,
    /// Where its companions lie, where that is not beside it.
    beside: Option<PathBuf>,
}

impl<'a> Gathering<'a> {
    /// With nothing found yet. Without `recursive`, a folder stands for the files directly in it.
    pub fn new(options: &'a SourceOptions, recursive: bool) -> Self {
        Self { options, recursive, planned: Vec::new(), unknown: Vec::new() }
    }

    /// Adds what a user named: a file, a folder, an archive or a pattern.
    pub fn add(&mut self, path: &Path) {
        let name = path.display().to_string();
        let found = Found { inside: None, held: None, archives: 0, levels: 0, beside: None };
        if !name.contains(['*', '?', '[']) || path.exists() {
            return self.file(path, name, &found);
        }
        let refuse = |reason: String| Err(ImportError::Pattern { file: name.clone(), reason });
        // A star that stands for hidden files or for `/` surprises people.
        let rules = glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
        match glob::glob_with(&name, rules) {
            Err(e) => self.push(path, &name, refuse(format!("the pattern cannot be read ({e})")), &found),
            Ok(matches) => {
                let mut paths: Vec<PathBuf> = matches.filter_map(Result::ok).collect();
                paths.sort();
                if paths.is_empty() {
                    self.push(path, &name, refuse("no file fits the pattern".into()), &found);
                }
                for path in paths {
                    let name = path.display().to_string();
                    self.file(&path, name, &found);
                }
            }
        }
    }

    fn push(&mut self, path: &Path, name: &str, importer: Result<&'static dyn Importer, ImportError>, found: &Found) {
        let source = Source { path: path.to_owned(), name: name.to_owned(), options: self.options.clone(), beside: found.beside.clone() };
        self.planned.push(PlannedSource { source, importer, held: found.held.clone() });
    }

    /// A file or folder by its path, shown as `name`.
    fn file(&mut self, path: &Path, name: String, found: &Found) {
        if self.options.map.is_some() && found.inside.is_none() && is_table(path) {
            return self.push(path, &name, Ok(&Mapping), found);
        }
        let error = match sniff_as(path, &name) {
            Ok(importer) => return self.push(path, &name, Ok(importer), found),
            Err(error) => error,
        };
        let unclaimed = matches!(error, ImportError::UnknownKind { .. } | ImportError::WrongKind { .. });
        if unclaimed && path.is_dir() {
            return self.folder(path, &name, found);
        }
        match archive::kind(path).filter(|_| unclaimed) {
            Some(_) if found.archives >= MOST_ARCHIVES => {
                let reason = format!("archives lie in each other more than {MOST_ARCHIVES} deep");
                self.push(path, &name, Err(ImportError::corrupt(&name, "the archive", reason)), found);
            }
            Some(kind) => {
                if let Err(broken) = self.archive(kind, path, &name, found) {
                    // A broken file whose ending promises more than an archive is told as what it should be.
                    let error = if matches!(error, ImportError::WrongKind { .. }) { error } else { broken };
                    self.push(path, &name, Err(error), found);
                }
            }
            None => match (&found.inside, &error) {
                (Some(root), ImportError::UnknownKind { .. }) => self.unknown.push((root.clone(), path.to_owned(), name)),
                // An empty readme is nobody's loss.
                (Some(_), ImportError::Empty { .. }) if is_companion(path) => {}
                _ => self.push(path, &name, Err(error), found),
            },
        }
    }

    fn archive(&mut self, kind: Kind, path: &Path, name: &str, found: &Found) -> Result<(), ImportError> {
        let mut unpacked = Unpacked::new(path, name, Limits::default())?;
        match kind {
            Kind::Gzip | Kind::Bzip2 => {
                let file = unpacked.single(kind, path, name)?;
                // What a packed file names lies beside the packed file.
                let beside = path.parent().map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() });
                let found = Found { held: Some(Arc::new(unpacked)), archives: found.archives + 1, beside, ..found.clone() };
                self.file(&file, name.to_owned(), &found);
            }
            Kind::Zip => {
                let (folder, refused) = unpacked.zip(path, name)?;
                let found = Found { held: Some(Arc::new(unpacked)), archives: found.archives + 1, levels: 0, beside: None, ..found.clone() };
                for error in refused {
                    let name = error.file().unwrap_or(name).to_owned();
                    self.push(Path::new(&name), &name, Err(error), &found);
                }
                self.folder(&folder, name, &found);
            }
        }
        Ok(())
    }

    /// The files of a folder, and of its folders.
    fn folder(&mut self, folder: &Path, name: &str, found: &Found) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.push(folder, name, Err(ImportError::io(name, error)), found),
        };
        if found.levels >= MOST_LEVELS {
            let reason = format!("folders lie in each other more than {MOST_LEVELS} deep");
            return self.push(folder, name, Err(ImportError::corrupt(name, "the folder", reason)), found);
        }
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.sort();
        let inside = Found { inside: found.inside.clone().or_else(|| Some(name.to_owned())), levels: found.levels + 1, ..found.clone() };
        for path in paths {
            let Some(own) = path.file_name().map(|n| n.to_string_lossy().into_owned()) else { continue };
            // Hidden files, and what other systems leave behind.
            if own.starts_with('.') || own == "__MACOSX" || own == "Thumbs.db" {
                continue;
            }
            let shown = Path::new(name).join(&own).display().to_string();
            if path.is_dir() {
                // Of several ways to a folder only the real one is gone; a link may lead round in a circle.
                let linked = path.symlink_metadata().is_ok_and(|m| m.is_symlink());
                let source = || sniff_as(&path, &shown).is_ok();
                if linked || !(self.recursive || found.held.is_some() || source()) {
                    continue;
                }
            }
            self.file(&path, shown, &inside);
        }
    }

    /// Tells of files that nobody reads and that are not in `consumed`: one entry a folder or archive that the user named.
    pub fn tell_unknown(&mut self, consumed: &BTreeSet<PathBuf>) {
        let mut by_root: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (root, path, name) in std::mem::take(&mut self.unknown) {
            if !is_companion(&path) && !path.canonicalize().is_ok_and(|real| consumed.contains(&real)) {
                by_root.entry(root).or_default().push(name);
            }
        }
        for (root, mut files) in by_root {
            files.sort();
            let start = format!("{}/", root.trim_end_matches('/'));
            let own: Vec<&str> = files.iter().take(SHOWN).map(|f| f.strip_prefix(&start).unwrap_or(f)).collect();
            let names = own.join(", ") + if files.len() > SHOWN { ", …" } else { "" };
            let error = ImportError::PassedOver { file: root.clone(), count: files.len(), names };
            let found = Found { inside: None, held: None, archives: 0, levels: 0, beside: None };
            self.push(Path::new(&root), &root, Err(error), &found);
        }
    }
}

/// True for a file that goes with others or is for people.
fn is_companion(path: &Path) -> bool {
    let lower = |text: Option<&std::ffi::OsStr>| text.map(|t| t.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (ending, stem) = (lower(path.extension()), lower(path.file_stem()));
    let folder = path.ancestors().skip(1).any(|f| {
        let name = lower(f.file_name());
        COMPANION_FOLDERS.contains(&name.as_str()) || name.ends_with("_appearance")
    });
    folder || COMPANIONS.contains(&ending.as_str()) || ["readme", "license", "licence", "copying", "makefile"].contains(&stem.as_str()) || path.ends_with("MANIFEST.tsv")
}
