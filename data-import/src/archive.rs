//! Archives: a zip, gzip or bzip2 file is unpacked into a temporary folder, and what is in it is planned like files of a folder.
//!
//! An archive is somebody else's: its names may lead out of the folder, be links, or be spelt in an old code page; its
//! content may be a bomb. Names are cleaned, links refused, and the number of members, the bytes written and their ratio to
//! the archive's size are bounded while writing, whatever the archive says of itself. The folder goes when the plan goes.

use crate::ImportError;
use bzip2::read::MultiBzDecoder;
use encoding_rs::GBK;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zip::ZipArchive;

/// What one archive, with the archives in it, may unpack to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files.
    pub members: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Bytes written for each byte of the archive, once `free` bytes are written.
    pub ratio: u64,
    /// Bytes that may be written whatever the ratio: an empty terrain tile shrinks a thousandfold and is no bomb.
    pub free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { members: 200_000, bytes: 64 << 30, ratio: 200, free: 256 << 20 }
    }
}

/// How deep folders in an archive may lie in each other.
const MOST_LEVELS: usize = 64;

/// A temporary folder with what archives held; its files are gone once this is dropped.
#[derive(Debug)]
pub struct Unpacked {
    folder: TempDir,
    limits: Limits,
    allowed: u64,
    members: u64,
    bytes: u64,
    folders: u32,
}

/// What kind of archive a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Many files.
    Zip,
    /// One file.
    Gzip,
    /// One file too.
    Bzip2,
}

/// By the file's first bytes; `None` for what is no archive, or cannot be read.
pub fn kind(path: &Path) -> Option<Kind> {
    let mut head = [0; 4];
    File::open(path).and_then(|mut f| f.read_exact(&mut head)).ok()?;
    match head {
        [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => Some(Kind::Zip),
        [0x1f, 0x8b, ..] => Some(Kind::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9'] => Some(Kind::Bzip2),
        _ => None,
    }
}

impl Unpacked {
    /// An empty folder for what the archive at `path` holds.
    pub fn new(path: &Path, name: &str, limits: Limits) -> Result<Self, ImportError> {
        let size = std::fs::metadata(path).map_err(|e| ImportError::io(name, e))?.len();
        let folder = TempDir::with_prefix("qike-").map_err(|e| no_room(name, e))?;
        let allowed = limits.bytes.min(size.saturating_mul(limits.ratio).max(limits.free));
        Ok(Self { folder, limits, allowed, members: 0, bytes: 0, folders: 0 })
    }

    /// A new folder in this one, so that archives in an archive do not meet.
    fn subfolder(&mut self, name: &str) -> Result<PathBuf, ImportError> {
        let path = self.folder.path().join(self.folders.to_string());
        self.folders += 1;
        std::fs::create_dir(&path).map_err(|e| no_room(name, e))?;
        Ok(path)
    }

    /// Unpacks a zip file, and gives the folder that stands for it with what had to be left out. `Err` where nothing of it
    /// can be used, or it grows beyond the limits.
    pub fn zip(&mut self, path: &Path, name: &str) -> Result<(PathBuf, Vec<ImportError>), ImportError> {
        let file = File::open(path).map_err(|e| ImportError::io(name, e))?;
        let broken = |e: zip::result::ZipError| ImportError::corrupt(name, "the list of members", e.to_string());
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        let folder = self.subfolder(name)?;
        let mut refused = Vec::new();
        for index in 0..archive.len() {
            let (raw, encrypted) = match archive.by_index_raw(index) {
                Ok(member) if member.is_dir() => continue,
                Ok(member) => ((member.name_raw().to_vec(), member.name().to_owned(), member.is_symlink()), member.encrypted()),
                Err(e) => {
                    refused.push(ImportError::corrupt(name, format!("member {index}"), e.to_string()));
                    continue;
                }
            };
            let (bytes, own, link) = raw;
            let spelt = decode(&bytes, &own);
            let mut refuse = |reason: &str| refused.push(ImportError::corrupt(&format!("{name}/{spelt}"), "the archive", reason));
            let Some(inside) = clean(&spelt) else {
                refuse("the name leads out of the archive");
                continue;
            };
            if link {
                refuse("a link in an archive is not followed");
                continue;
            }
            if encrypted {
                refuse("the member is encrypted; unpack the archive with its password and import the folder");
                continue;
            }
            self.count(name)?;
            let target = folder.join(&inside);
            let shown = format!("{name}/{}", inside.display());
            let member = match archive.by_index(index) {
                Ok(member) => member,
                Err(e) => {
                    refused.push(ImportError::corrupt(&shown, "the archive", e.to_string()));
                    continue;
                }
            };
            match self.write(member, &target, &shown, name) {
                Ok(()) => {}
                Err(Stop::Member(error)) => refused.push(error),
                Err(Stop::Archive(error)) => return Err(error),
            }
        }
        Ok((folder, refused))
    }

    /// Unpacks a gzip or bzip2 file; gives the file in it, which has the archive's name without `.gz` or `.bz2`.
    pub fn single(&mut self, kind: Kind, path: &Path, name: &str) -> Result<PathBuf, ImportError> {
        let stem = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = match stem.rsplit_once('.') {
            Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") || ending.eq_ignore_ascii_case("bz2") => stem,
            _ => &stem,
        };
        let file = File::open(path).map_err(|e| ImportError::io(name, e))?;
        self.count(name)?;
        let target = self.subfolder(name)?.join(if stem.is_empty() { "content" } else { stem });
        let input = BufReader::new(file);
        let member: Box<dyn Read> = match kind {
            Kind::Bzip2 => Box::new(MultiBzDecoder::new(input)),
            Kind::Gzip | Kind::Zip => Box::new(MultiGzDecoder::new(input)),
        };
        match self.write(member, &target, name, name) {
            Ok(()) => Ok(target),
            Err(Stop::Member(error) | Stop::Archive(error)) => Err(error),
        }
    }

    fn count(&mut self, name: &str) -> Result<(), ImportError> {
        self.members += 1;
        if self.members > self.limits.members {
            return Err(ImportError::corrupt(name, "the archive", format!("it holds more than {} files; unpack it and import the folder", self.limits.members)));
        }
        Ok(())
    }

    /// Writes one member, counting the bytes that really come.
    fn write(&mut self, member: impl Read, target: &Path, shown: &str, archive: &str) -> Result<(), Stop> {
        let failed = |e: io::Error| if e.kind() == io::ErrorKind::StorageFull { Stop::Archive(no_room(archive, e)) } else { Stop::Member(ImportError::io(shown, e)) };
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut out = File::create_new(target).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => Stop::Member(ImportError::corrupt(shown, "the archive", "the archive has another member of that name")),
            _ => failed(e),
        })?;
        let left = self.allowed.saturating_sub(self.bytes);
        let mut member = member.take(left.saturating_add(1));
        let copied = copy(&mut member, &mut out, failed);
        self.bytes = self.bytes.saturating_add(left.saturating_add(1).saturating_sub(member.limit()));
        if self.bytes > self.allowed {
            let reason = format!(
                "it unpacks to more than {} MiB, which is too much for its size: it may be a zip bomb; if it is not, unpack it and import the folder",
                self.allowed >> 20
            );
            return Err(Stop::Archive(ImportError::corrupt(archive, shown, reason)));
        }
        if copied.is_err() {
            // Half a file would be taken for a whole one.
            drop(out);
            std::fs::remove_file(target).map_err(failed)?;
        }
        copied
    }
}

/// What a failed member ends.
enum Stop {
    Member(ImportError),
    Archive(ImportError),
}

/// As `io::copy`, but an error of the reader (broken data) is told from one of the writer.
fn copy(from: &mut impl Read, to: &mut File, failed: impl Fn(io::Error) -> Stop) -> Result<(), Stop> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed(io::Error::new(io::ErrorKind::InvalidData, format!("the compressed data are broken ({e})")))),
        };
        to.write_all(&buffer[..n]).map_err(&failed)?;
    }
}

fn no_room(name: &str, error: io::Error) -> ImportError {
    let folder = std::env::temp_dir();
    ImportError::corrupt(name, "unpacking", format!("it cannot be unpacked in {} ({error}); TMPDIR names another folder", folder.display()))
}

/// A member's name as its author saw it: UTF-8 where the bytes are, GBK where they look like Chinese, else `own`, which the
/// archive's rules say it is (code page 437).
fn decode(raw: &[u8], own: &str) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    // Accented letters of code page 437 are followed by plain ones; two bytes of GB 2312 both have their high bit.
    let chinese = raw.windows(2).any(|pair| matches!(pair, [0xb0..=0xf7, 0xa1..=0xfe]));
    match GBK.decode_without_bom_handling_and_without_replacement(raw) {
        Some(text) if chinese => text.into_owned(),
        _ => own.to_owned(),
    }
}

/// The path of a member inside its archive; `None` where it would lie elsewhere or has no name.
fn clean(name: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    let mut levels = 0;
    for part in name.split(['/', '\\']) {
        match part {
            "" if levels == 0 && name.starts_with(['/', '\\']) => return None,
            "" | "." => continue,
            ".." => return None,
            part if part.contains(':') || part.chars().any(char::is_control) => return None,
            part => path.push(part),
        }
        levels += 1;
    }
    (1..=MOST_LEVELS).contains(&levels).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for bad in ["/etc/passwd", "../x", "a/../../x", "c:\\x", "\\\\server\\x", "", "a\u{0}b", "./.", "a:b"] {
            assert_eq!(clean(bad), None, "{bad}");
        }
        assert_eq!(clean("a//b/./c.gml"), Some(PathBuf::from("a/b/c.gml")));
        assert_eq!(clean("a\\b.shp"), Some(PathBuf::from("a/b.shp")));
        assert_eq!(clean(&"a/".repeat(65)), None);
    }

    #[test]
    fn names_are_read_in_the_code_page_they_were_written_in() {
        assert_eq!(decode("建筑.shp".as_bytes(), ""), "建筑.shp");
        let (gbk, _, _) = GBK.encode("临港/建筑.shp");
        assert_eq!(decode(&gbk, "?"), "临港/建筑.shp");
        // "Müller.gml" in code page 437 is also good GBK, but not Chinese.
        assert_eq!(decode(b"M\x81ller.gml", "Müller.gml"), "Müller.gml");
    }
}
