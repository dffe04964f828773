//! Checkpoints: a running traffic scenario as a file, from which it goes on to the last bit.
//!
//! A file is: a line that says what it is; the length and the text (JSON) of a head that says of which scenario, time and model it is;
//! the state, part by part, compressed by zstd; and at the end the BLAKE3 hash of all before it, its seal. It has its name when it is
//! whole. What never changes is not in it: a run goes on from it with the scenario of which it was made, and the head holds hashes of
//! that scenario's map, demand and the rest, so that another one is told.

use super::ModelChoice;
use crate::RunError;
use qike_scene::traffic::TrafficScenario;
use qike_sim::state::{Exchange, StateError};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// The first line.
const FIRST: &[u8; 16] = b"qike checkpoint\n";
/// Version of the format, and of what the models' states are made of.
const FORMAT: u32 = 1;
/// Longest head.
const HEAD: u32 = 1 << 16;
/// Bytes of the seal.
const SEAL: u64 = 32;
/// Of zstd: faster than a disk, and a tenth of the size.
const LEVEL: i32 = 1;

/// What a checkpoint is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointHead {
    /// Version of the format.
    pub format: u32,
    /// The scenario's name.
    pub scenario: String,
    /// Begin of the next step, ms.
    pub time_ms: i64,
    /// It runs vehicles as queues.
    pub queues: bool,
    /// The seed.
    pub seed: u64,
    /// On the road.
    pub running: u64,
    /// Hashes of what the scenario consists of, by name.
    pub made_of: Vec<(String, String)>,
}

/// What of a scenario a state depends on, by name, with hashes. When it ends, what it writes and how it is called does not matter.
pub(super) fn made_of(scenario: &TrafficScenario) -> Vec<(String, String)> {
    fn hash(part: &impl Serialize) -> String {
        let mut hasher = blake3::Hasher::new();
        // Writing into a hasher cannot fail, and lists know their lengths.
        let _ = postcard::to_io(part, &mut hasher);
        hasher.finalize().to_hex().to_string()
    }
    let mut settings = scenario.settings.clone();
    settings.outputs.clear();
    settings.save_at_ms.clear();
    // Flows that state no end last until the run's.
    if scenario.demand.flows.iter().all(|f| f.end_ms.is_some()) {
        settings.end_ms = None;
    }
    let parts = [("map", hash(&scenario.map)), ("demand", hash(&scenario.demand)), ("stops, detectors, signs and rerouters", hash(&scenario.extras)), ("settings", hash(&settings))];
    parts.map(|(name, hash)| (name.to_owned(), hash)).into()
}

impl CheckpointHead {
    /// Of a scenario at a time.
    pub(super) fn new(scenario: &TrafficScenario, choice: ModelChoice, seed: u64, time_ms: i64, running: u64) -> Self {
        Self { format: FORMAT, scenario: scenario.name.clone(), time_ms, queues: choice == ModelChoice::Queues, seed, running, made_of: made_of(scenario) }
    }

    /// The model.
    pub fn model(&self) -> ModelChoice {
        if self.queues { ModelChoice::Queues } else { ModelChoice::Lanes }
    }

    /// What of a scenario is other than it was.
    pub(super) fn other(&self, scenario: &TrafficScenario) -> Vec<String> {
        made_of(scenario).into_iter().filter(|part| !self.made_of.contains(part)).map(|(name, _)| name).collect()
    }

    /// Reads what a file says of itself, and whether it is whole.
    ///
    /// # Errors
    /// What is no checkpoint, is of another version, or was cut off or changed.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        open(path).map(|(head, _)| head)
    }
}

/// Hashes what is written.
struct Sealing<W> {
    out: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn broken(path: &Path, message: impl Into<String>) -> RunError {
    RunError::Checkpoint { path: path.to_owned(), message: message.into() }
}

/// Writes a file; `fill` writes the state.
pub(super) fn write(path: &Path, head: &CheckpointHead, fill: impl FnOnce(&mut Exchange<'_>) -> Result<(), StateError>) -> Result<(), RunError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let temporary = Path::new(&name);
    let written = || -> Result<(), StateError> {
        let mut sealing = Sealing { out: BufWriter::new(File::create(temporary)?), hasher: blake3::Hasher::new() };
        let text = serde_json::to_vec(head).map_err(io::Error::other)?;
        sealing.write_all(FIRST)?;
        sealing.write_all(&u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes())?;
        sealing.write_all(&text)?;
        let mut packing = zstd::Encoder::new(&mut sealing, LEVEL)?;
        fill(&mut Exchange::Save(&mut packing))?;
        packing.finish()?;
        let Sealing { mut out, hasher } = sealing;
        out.write_all(hasher.finalize().as_bytes())?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(temporary, path)?;
        Ok(())
    };
    written().map_err(|e| {
        // What is left of it is of no use to anybody.
        let _ = std::fs::remove_file(temporary);
        broken(path, format!("the checkpoint cannot be written: {e}"))
    })
}

/// Opens a file that is whole; what follows is the state.
fn open(path: &Path) -> Result<(CheckpointHead, zstd::Decoder<'static, BufReader<io::Take<File>>>), RunError> {
    let io = RunError::io(path);
    let opened = || -> io::Result<(File, u64)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    let (mut file, length) = opened().map_err(io)?;
    let mut first = [0; FIRST.len() + 4];
    let known = file.read_exact(&mut first).is_ok() && first.starts_with(FIRST);
    if !known {
        return Err(broken(path, "this is no checkpoint of Qike; 'qike run X.sumocfg --save-at TIME' writes one (SUMO's own states are not read)"));
    }
    let size = first.last_chunk::<4>().map_or(u32::MAX, |b| u32::from_le_bytes(*b));
    let from = first.len() as u64 + u64::from(size);
    let cut = || broken(path, "the checkpoint was cut off or changed: take another one, or run the scenario from its beginning");
    if size > HEAD || from + SEAL > length {
        return Err(cut());
    }
    let mut text = Vec::new();
    (&mut file).take(size.into()).read_to_end(&mut text).map_err(RunError::io(path))?;
    // A newer version may say more, and other things.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version = serde_json::from_slice(&text).map_err(|_| cut())?;
    if version.format != FORMAT {
        return Err(broken(path, format!("the checkpoint is of version {}, and this program reads version {FORMAT}: take the program that wrote it, or run the scenario from its beginning", version.format)));
    }
    let head: CheckpointHead = serde_json::from_slice(&text).map_err(|_| cut())?;
    let mut sealed = || -> io::Result<bool> {
        let mut hasher = blake3::Hasher::new();
        file.rewind()?;
        io::copy(&mut (&mut file).take(length - SEAL), &mut hasher)?;
        let mut seal = [0; SEAL as usize];
        file.read_exact(&mut seal)?;
        file.seek(io::SeekFrom::Start(from))?;
        Ok(*hasher.finalize().as_bytes() == seal)
    };
    if !sealed().map_err(RunError::io(path))? {
        return Err(cut());
    }
    let packed = zstd::Decoder::with_buffer(BufReader::new(file.take(length - SEAL - from))).map_err(RunError::io(path))?;
    Ok((head, packed))
}

/// Reads a file; `take` is given its head and takes up the state.
pub(super) fn read<T>(path: &Path, take: impl FnOnce(CheckpointHead, &mut Exchange<'_>) -> Result<Result<T, StateError>, RunError>) -> Result<T, RunError> {
    let (head, mut packed) = open(path)?;
    take(head, &mut Exchange::Load(&mut packed))?.map_err(|e| broken(path, format!("the checkpoint cannot be gone on from: {e}; was it made by another version of the program?")))
}
