//! A document: after the first pass ([`layout`](super::layout)) its objects one by one, each through a window on the file.

use super::json::{self, Json};
use super::maps::Maps;
use super::model::RawObject;
use super::objects::{Objects, Within};
use super::window::Window;
use crate::ImportError;
use crate::source::Source;
use qike_scene::ObjectSink;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

/// A file from some byte on.
pub fn from(source: &Source, offset: u64) -> Result<Window<File>, ImportError> {
    let io = |e| ImportError::io(&source.name, e);
    let mut file = File::open(&source.path).map_err(io)?;
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    Ok(Window::new(file, offset))
}

/// Gives out the objects that begin at `offset`. One that cannot be read is left out with its place.
pub fn give(source: &Source, offset: u64, maps: &mut Maps, objects: &mut Objects, within: &mut Within, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut window = from(source, offset)?;
    let task = objects.feedback.task(format!("read {file}"), 0);
    let (mut raw, mut lines, mut first) = (RawObject::default(), Lines::new(source), true);
    let told = |fault, window: &Window<File>| super::told(fault, source, window.offset());
    window.expect(b'{').map_err(|fault| told(fault, &window))?;
    while window.entry(&mut first, b'}').map_err(|fault| told(fault, &window))? {
        task.advance(1);
        window.peek().map_err(|fault| told(fault, &window))?;
        let mut json = Json::new(window.bytes(), maps);
        let id = json.string().and_then(|id| json.expect(b':').map(|()| id));
        if let Ok(id) = id
            && let Ok(true) = raw.read(&mut json)
        {
            objects.give(&id, &mut raw, within, sink)?;
            let length = json.at();
            window.pass_over(length);
            continue;
        }
        // It goes on beyond the window, or something is wrong with it.
        let id = window.key(str::to_owned).map_err(|fault| told(fault, &window))?;
        let length = window.whole().map_err(|fault| told(fault, &window))?;
        let bytes = &window.bytes()[..length];
        let mut json = Json::new(bytes, maps);
        let read = raw.read(&mut json).is_ok_and(|is_object| is_object && json.is_over());
        if read {
            objects.give(&id, &mut raw, within, sink)?;
        } else {
            let (message, line) = lines.about(window.offset(), bytes)?;
            objects.findings.line = Some(line);
            objects.findings.error("cityjson-bad-object", &id, &format!("/CityObjects/{id}"), format!("the object is left out: {message}"), sink);
            objects.findings.line = None;
        }
        window.pass_over(length);
    }
    Ok(())
}

/// Finds lines of a file, one after the other.
pub struct Lines<'s> {
    source: &'s Source,
    reader: Option<BufReader<File>>,
    at: u64,
    line: u64,
    column: u64,
}

impl<'s> Lines<'s> {
    /// At the beginning of the file.
    pub fn new(source: &'s Source) -> Self {
        Self { source, reader: None, at: 0, line: 1, column: 0 }
    }

    /// Line and column (both from 1) of a byte, which is not before the one asked for last.
    pub fn of(&mut self, offset: u64) -> Result<(u64, u64), ImportError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.source.open()?),
        };
        while self.at < offset {
            let bytes = reader.fill_buf().map_err(|e| ImportError::io(&self.source.name, e))?;
            let count = bytes.len().min(usize::try_from(offset - self.at).unwrap_or(usize::MAX));
            let bytes = &bytes[..count];
            match memchr::memrchr(b'\n', bytes) {
                Some(last) => {
                    self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
                    self.column = (count - last - 1) as u64;
                }
                None => self.column += count as u64,
            }
            if count == 0 {
                break;
            }
            self.at += count as u64;
            reader.consume(count);
        }
        Ok((self.line, self.column + 1))
    }

    /// What is wrong with a value that begins at `offset`, with the column; and the line.
    fn about(&mut self, offset: u64, value: &[u8]) -> Result<(String, u64), ImportError> {
        let place = self.of(offset)?;
        if value.first() != Some(&b'{') {
            return Ok((format!("it is no JSON object (at column {})", place.1), place.0));
        }
        let error = json::fault(value);
        let (line, column) = within(place, &error);
        Ok((format!("{} at column {column}", super::reason(&error)), line))
    }
}

/// The place in a file of an error in a value that begins at a place.
pub fn within((line, column): (u64, u64), error: &serde_json::Error) -> (u64, u64) {
    match error.line() as u64 {
        0 | 1 => (line, column + (error.column() as u64).saturating_sub(1)),
        more => (line + more - 1, error.column() as u64),
    }
}
