//! A text file of any size and encoding, to be read more than once.

use super::text;
use crate::{ImportError, Source};
use encoding_rs::{Encoding, UTF_8};
use qike_core::Diagnostic;
use qike_scene::ObjectSink;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The text of a file: where it lies, if that is UTF-8, else decoded in memory.
pub enum TextFile {
    /// UTF-8, after so many bytes of a mark.
    InPlace(PathBuf, u64),
    /// What was something else, with the number of characters that no encoding could tell.
    Decoded(String, usize),
}

impl TextFile {
    /// Looks at a source's file. One that is not UTF-8 may have `limit` bytes at most, since it is decoded in memory.
    pub fn open(source: &Source, limit: u64) -> Result<Self, ImportError> {
        let io = |e| ImportError::io(&source.name, e);
        let mut file = File::open(&source.path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            return Err(ImportError::Empty { file: source.name.clone() });
        }
        let mut head = Vec::new();
        file.by_ref().take(4096).read_to_end(&mut head).map_err(io)?;
        let mark = Encoding::for_bom(&head);
        let may_be = mark.map_or_else(|| !text::is_utf16(&head), |(encoding, _)| encoding == UTF_8);
        if may_be {
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            if is_utf8(file).map_err(io)? {
                return Ok(TextFile::InPlace(source.path.clone(), mark.map_or(0, |(_, length)| length as u64)));
            }
        }
        let bytes = source.read(limit)?;
        let decoded = text::decode(&bytes);
        let lost = decoded.lost;
        Ok(TextFile::Decoded(decoded.text.into_owned(), lost))
    }

    /// From its beginning, to keep.
    pub fn into_reader(self, name: &str) -> Result<Box<dyn BufRead>, ImportError> {
        match self {
            TextFile::InPlace(path, mark) => Ok(Box::new(open_at(&path, mark, name)?)),
            TextFile::Decoded(text, _) => Ok(Box::new(Cursor::new(text))),
        }
    }

    /// From its beginning.
    pub fn reader(&self, name: &str) -> Result<Box<dyn BufRead + '_>, ImportError> {
        match self {
            TextFile::InPlace(path, mark) => Ok(Box::new(open_at(path, *mark, name)?)),
            TextFile::Decoded(text, _) => Ok(Box::new(text.as_bytes())),
        }
    }

    /// Says how many characters were lost, if any.
    pub fn report(lost: usize, name: &str, sink: &mut dyn ObjectSink) {
        if lost > 0 {
            let message = format!("{lost} characters cannot be decoded and became U+FFFD");
            sink.diagnostic(Diagnostic::warning("text-encoding", message).file(name).help("save the file as UTF-8"));
        }
    }

    /// Characters that no encoding could tell, now U+FFFD.
    pub fn lost(&self) -> usize {
        match self {
            TextFile::InPlace(..) => 0,
            TextFile::Decoded(_, lost) => *lost,
        }
    }
}

fn open_at(path: &Path, mark: u64, name: &str) -> Result<BufReader<File>, ImportError> {
    let io = |e| ImportError::io(name, e);
    let mut file = File::open(path).map_err(io)?;
    file.seek(SeekFrom::Start(mark)).map_err(io)?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

/// True where all that comes is UTF-8.
fn is_utf8(mut input: impl Read) -> std::io::Result<bool> {
    let mut buffer = vec![0; 256 * 1024];
    let mut held = 0;
    loop {
        let read = input.read(&mut buffer[held..])?;
        let filled = held + read;
        match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) if read == 0 => return Ok(true),
            Ok(_) => held = 0,
            // A character that goes on in the next piece.
            Err(e) if e.error_len().is_none() && read > 0 => {
                buffer.copy_within(e.valid_up_to()..filled, 0);
                held = filled - e.valid_up_to();
            }
            Err(_) => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it has in pieces of three bytes.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(3).min(into.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn characters_may_lie_across_pieces() {
        let text = "路灯🏮 a é".as_bytes();
        assert!(is_utf8(Drops(text)).unwrap());
        assert!(!is_utf8(Drops(&text[..text.len() - 1])).unwrap(), "cut off within a character");
        assert!(!is_utf8(Drops(b"caf\xe9 au lait")).unwrap());
    }

    #[test]
    fn the_same_text_whatever_the_encoding() {
        let plain = "{\"名\":1}";
        let folder = tempfile::tempdir().unwrap();
        let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xef\xbb\xbf", plain.as_bytes()].concat();
        let (gbk, _, _) = encoding_rs::GB18030.encode(plain);
        for (bytes, in_place) in [(plain.as_bytes(), true), (&marked, true), (&utf16, false), (&gbk, false)] {
            let path = folder.path().join("a.json");
            std::fs::write(&path, bytes).unwrap();
            let file = TextFile::open(&Source::new(&path), 100).unwrap();
            assert_eq!((matches!(file, TextFile::InPlace(..)), file.lost()), (in_place, 0));
            for _ in 0..2 {
                let mut text = String::new();
                file.reader("a.json").unwrap().read_to_string(&mut text).unwrap();
                assert_eq!(text, plain);
            }
        }
    }
}
