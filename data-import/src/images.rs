//! Picture files that textures name: found beside the source, inside its folder, read once and handed to the sink.
//!
//! A name that leads out of the folder, to the network or to no picture is told once and the texture stays without its picture.

use crate::Source;
use crate::formats::findings::Findings;
use qike_scene::{Image, ImageId, ObjectSink, SinkError};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A picture of more bytes is not kept.
const IMAGE_LIMIT: u64 = 64 << 20;
/// All pictures of a source together.
const TOTAL_LIMIT: u64 = 8 << 30;

/// A picture that the sink has.
pub type Found = (ImageId, &'static str);

/// The pictures of one source.
pub struct Images {
    folder: PathBuf,
    known: HashMap<String, Option<Found>>,
    total: u64,
}

/// Why a picture is not kept: code and message.
type Refusal = (&'static str, String);

impl Images {
    /// None yet.
    pub fn new(source: &Source) -> Self {
        Self { folder: source.folder(), known: HashMap::new(), total: 0 }
    }

    /// The picture that a source names, given to the sink when it is first met; `None`, and a finding, where there is none.
    pub fn find(&mut self, uri: &str, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Result<Option<Found>, SinkError> {
        if let Some(found) = self.known.get(uri) {
            return Ok(*found);
        }
        let read = inside(&self.folder, uri).and_then(|path| read(&path, uri));
        self.keep(uri, read, findings, sink)
    }

    fn keep(
        &mut self, uri: &str, read: Result<Vec<u8>, Refusal>, findings: &mut Findings, sink: &mut dyn ObjectSink,
    ) -> Result<Option<Found>, SinkError> {
        let image = read.and_then(|bytes| {
            let total = self.total.saturating_add(bytes.len() as u64);
            if total > TOTAL_LIMIT {
                let message = format!("the picture '{uri}' is not kept: those of this source take more than {} GiB together", TOTAL_LIMIT >> 30);
                return Err(("image-too-large", message));
            }
            let unknown = || ("image-unknown-kind", format!("'{uri}' is no kind of picture that is known; its textures stay without one"));
            let image = Image::new(uri.replace('\\', "/"), bytes).ok_or_else(unknown)?;
            self.total = total;
            Ok(image)
        });
        let found = match image {
            Ok(image) => {
                let found = (image.id, image.mime);
                sink.image(image)?;
                Some(found)
            }
            Err((code, message)) => {
                findings.warn(code, "", "", message, sink);
                None
            }
        };
        self.known.insert(uri.to_owned(), found);
        Ok(found)
    }
}

/// The file that a relative name means, inside the folder (links followed); names with `%20` and the like are understood, and so are
/// other cases of letters, as models from Windows have them.
pub fn inside(folder: &Path, uri: &str) -> Result<PathBuf, Refusal> {
    let outside = |why: &str| ("image-outside", format!("'{uri}' is not read: {why}; only files in the folder of the source and below are"));
    if uri.trim().is_empty() {
        return Err(("image-missing", "a texture names no picture".to_owned()));
    }
    if uri.contains("://") || uri.starts_with("file:") || uri.starts_with("data:") {
        return Err(outside("it is no relative path"));
    }
    let decoded = percent_decoded(uri);
    for name in [uri, decoded.as_str()] {
        let name = name.trim().replace('\\', "/");
        if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
            return Err(outside("the path is absolute"));
        }
        if name.split('/').any(|part| part == "..") {
            return Err(outside("the path leads upwards"));
        }
        let Some(path) = existing(folder, &name) else { continue };
        let (Ok(real), Ok(root)) = (path.canonicalize(), folder.canonicalize()) else { continue };
        if !real.starts_with(&root) {
            return Err(outside("a link leads out of the folder"));
        }
        if real.is_file() {
            return Ok(real);
        }
    }
    Err(("image-missing", format!("the picture '{uri}' is not there; its textures stay without it")))
}

/// The file of that name, in another case of letters where there is none in this.
fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let mut at = folder.to_path_buf();
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let direct = at.join(part);
        at = if direct.exists() {
            direct
        } else {
            let alike = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().eq_ignore_ascii_case(part);
            let mut found: Vec<_> = std::fs::read_dir(&at).ok()?.filter_map(Result::ok).filter(alike).map(|entry| entry.path()).collect();
            found.sort();
            found.into_iter().next()?
        };
    }
    Some(at)
}

fn read(path: &Path, uri: &str) -> Result<Vec<u8>, Refusal> {
    let failed = |e: std::io::Error| ("image-missing", format!("the picture '{uri}' cannot be read ({e}); its textures stay without it"));
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(IMAGE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > IMAGE_LIMIT { Err(too_large(uri)) } else { Ok(bytes) }
}

fn too_large(uri: &str) -> Refusal {
    ("image-too-large", format!("the picture '{uri}' is not kept: it is larger than {} MiB", IMAGE_LIMIT >> 20))
}

/// `%41` → `A`; what is no such code stays.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |i: usize| bytes.get(i).and_then(|c| char::from(*c).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_inside_the_folder_are_found() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("model");
        std::fs::create_dir_all(folder.join("Appearance")).unwrap();
        std::fs::write(folder.join("Appearance/my wall.JPG"), b"x").unwrap();
        std::fs::write(outer.path().join("secret.jpg"), b"x").unwrap();
        for good in ["Appearance/my wall.JPG", "appearance/MY%20wall.jpg", "Appearance\\my wall.jpg", "./Appearance/my wall.JPG"] {
            assert!(inside(&folder, good).is_ok(), "{good}");
        }
        let code = |uri: &str| inside(&folder, uri).unwrap_err().0;
        let absolute = outer.path().join("secret.jpg").display().to_string();
        for bad in ["../secret.jpg", "Appearance/../../secret.jpg", "%2e%2e/secret.jpg", "..\\secret.jpg", &absolute, "file:///etc/passwd", "http://x.org/a.png", "C:\\a.png"] {
            assert_eq!(code(bad), "image-outside", "{bad}");
        }
        for missing in ["Appearance/no.jpg", "", "Appearance", "%", "é"] {
            assert_eq!(code(missing), "image-missing", "{missing}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outer.path().join("secret.jpg"), folder.join("link.jpg")).unwrap();
            assert_eq!(code("link.jpg"), "image-outside");
        }
    }
}
