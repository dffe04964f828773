//! The configuration: which files, and how it is run.

use super::loading::Loading;
use super::net;
use super::options::Options;
use super::xml::Xml;
use crate::ImportError;
use std::path::{Path, PathBuf};

/// Sections that are for the eye.
const PICTURES: &[&[u8]] = &[b"gui_only", b"gui"];

/// Reads a configuration and all that it names into an empty scenario.
pub fn read(loading: &mut Loading<'_>, path: &Path) -> Result<(), ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?;
    loading.log.file.clone_from(&name);
    loading.scenario.name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let corrupt = |line: u64, reason: String| ImportError::corrupt(&name, format!("line {line}"), reason);
    match xml.child(0) {
        Ok(Some(root)) if root.name.ends_with(b"onfiguration") => {}
        Ok(Some(root)) => return Err(corrupt(root.line(), format!("this is no SUMO configuration: its root is '{}'", root.title()))),
        Ok(None) => return Err(corrupt(1, "there is no element in it".into())),
        Err(broken) => return Err(corrupt(broken.line, broken.reason)),
    }
    let mut options = Options::default();
    if let Err(broken) = elements(loading, &mut xml, 1, false, &mut options) {
        loading.broken(&broken);
    }
    options.apply(loading);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let Some((net, _)) = options.nets.first() else {
        return Err(corrupt(xml.line(), "it names no network (net-file)".into()));
    };
    let file = |name: &str| (folder.join(name), folder.join(name).display().to_string());
    let (at, shown_as) = file(net);
    net::read(loading, &at, &shown_as)?;
    for (list, what) in [(&options.additionals, "additional file"), (&options.routes, "file of routes")] {
        for (name, line) in list {
            let (at, shown_as) = file(name);
            let read = Xml::open(&at, &shown_as).and_then(|xml| loading.elements(xml));
            match read {
                Ok(()) => {}
                Err(error) if error.ends_everything() => return Err(error),
                Err(error) => {
                    loading.log.file = path.display().to_string();
                    loading.log.add(qike_core::Severity::Error, error.code(), name, *line, || format!("the {what} cannot be read: {error}"));
                }
            }
        }
    }
    Ok(())
}

/// Options, in sections or not.
pub fn elements(loading: &mut Loading<'_>, xml: &mut Xml, level: usize, picture: bool, options: &mut Options) -> Result<(), super::xml::Broken> {
    while let Some(tag) = xml.child(level)? {
        let (key, line) = (tag.title(), tag.line());
        let value = tag.get(b"value").or_else(|| tag.get(b"v")).map(|v| v.into_owned());
        let picture = picture || PICTURES.contains(&tag.name);
        if picture && value.is_some() {
            continue;
        }
        match value {
            Some(value) => options.take(loading, &key, &value, line),
            None if level == 1 => elements(loading, xml, level + 1, picture, options)?,
            None => {
                let text = xml.text()?;
                if !text.trim().is_empty() && !picture {
                    options.take(loading, &key, text.trim(), line);
                }
            }
        }
    }
    Ok(())
}

/// Names of files with commas or semicolons between; blanks are part of names.
pub fn files(list: &str, line: u64) -> Vec<(String, u64)> {
    list.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()).map(|name| (name.to_owned(), line)).collect()
}

/// The option's name where SUMO has shorter ones for it.
pub fn full_name(key: &str) -> &str {
    match key {
        "n" | "net" => "net-file",
        "r" | "routes" | "route-file" => "route-files",
        "a" | "additional" | "additional-file" => "additional-files",
        "b" => "begin",
        "e" => "end",
        other => other,
    }
}
