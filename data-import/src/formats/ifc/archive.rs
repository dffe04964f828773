//! The `.ifczip` form: a zip archive with one `.ifc` in it. Its size is bounded before and while it is unpacked; nothing is
//! written to disk, so names in the archive lead nowhere.

use crate::ImportError;
use std::io::{Cursor, Read};

/// How many times larger than the archive a model may be. IFC text shrinks to a tenth, blanks to a thousandth.
const MOST_GROWTH: u64 = 400;
/// Small archives may hold this much all the same.
const ALWAYS_FINE: u64 = 16 << 20;

/// Does the file begin like a zip archive?
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Unpacks the one model of an archive, of at most `limit` bytes.
pub fn unpack(archive: &[u8], file: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
    let broken = |e: zip::result::ZipError| ImportError::corrupt(file, "archive", format!("the zip archive cannot be read: {e}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).map_err(broken)?;
    let ends = |name: &str, ending: &str| name.to_ascii_lowercase().ends_with(ending) && !name.starts_with("__MACOSX/");
    let models: Vec<String> = zip.file_names().filter(|name| ends(name, ".ifc")).map(str::to_owned).collect();
    let name = match models.as_slice() {
        [one] => one,
        [] => {
            let mut names = zip.file_names();
            let reason = match names.find(|name| ends(name, ".ifcxml")) {
                Some(name) => format!("it holds '{name}'; ifcXML is not read: save the model as .ifc"),
                None => "there is no .ifc in the archive".to_owned(),
            };
            return Err(ImportError::corrupt(file, "archive", reason));
        }
        many => {
            let reason = format!("there are {} models in the archive, and an .ifczip holds one: unpack it and import them", many.len());
            return Err(ImportError::corrupt(file, "archive", reason));
        }
    };
    let member = zip.by_name(name).map_err(broken)?;
    let most = limit.min((archive.len() as u64).saturating_mul(MOST_GROWTH).max(ALWAYS_FINE));
    let mut bytes = Vec::new();
    let place = format!("archive, '{name}'");
    member.take(most + 1).read_to_end(&mut bytes).map_err(|e| ImportError::corrupt(file, &place, format!("it cannot be unpacked: {e}")))?;
    if bytes.len() as u64 > most {
        let reason = format!("it unpacks to more than {} MiB, far more than a model of that size does", most >> 20);
        return Err(ImportError::corrupt(file, place, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn one_model_comes_out_and_bombs_do_not() {
        let refused = |members: &[(&str, &[u8])]| unpack(&zipped(members), "m.ifczip", 1 << 30).unwrap_err().to_string();
        assert_eq!(unpack(&zipped(&[("a/Model.IFC", b"text"), ("__MACOSX/a.ifc", b"x"), ("note.txt", b"y")]), "m.ifczip", 100).unwrap(), b"text");
        assert!(refused(&[("note.txt", b"y")]).contains("no .ifc"));
        assert!(refused(&[("m.ifcXML", b"y")]).contains("ifcXML is not read"));
        assert!(refused(&[("a.ifc", b"y"), ("b.ifc", b"y")]).contains("2 models"));
        assert!(refused(&[("a.ifc", &vec![b' '; 40 << 20])]).contains("unpacks to more than"));
        let mut cut = zipped(&[("a.ifc", b"some text of a model")]);
        cut.truncate(cut.len() / 2);
        assert!(unpack(&cut, "m.ifczip", 100).unwrap_err().to_string().contains("zip archive"));
    }
}
