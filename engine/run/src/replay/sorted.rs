//! Sorts more records than memory holds: runs of sorted records go to disk, and are merged when they are read.

use crate::RunError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Words that are held in memory at most.
const WORDS: usize = 8 << 20;

/// A folder that is removed when it is no longer needed.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Inside a run directory.
    pub fn new(out: &Path) -> Result<Self, RunError> {
        let folder = out.join("sorting");
        std::fs::create_dir_all(&folder).map_err(RunError::io(&folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing can be done where it does not go; it holds nothing of worth.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Takes records of `N` words, and gives them back in order.
pub(super) struct Sorter<'s, const N: usize> {
    scratch: &'s Scratch,
    name: &'static str,
    held: Vec<[u64; N]>,
    most: usize,
    runs: Vec<PathBuf>,
}

impl<'s, const N: usize> Sorter<'s, N> {
    pub fn new(scratch: &'s Scratch, name: &'static str) -> Self {
        Self { scratch, name, held: Vec::new(), most: WORDS / N, runs: Vec::new() }
    }

    pub fn push(&mut self, record: [u64; N]) -> Result<(), RunError> {
        self.held.push(record);
        if self.held.len() >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), RunError> {
        self.held.sort_unstable();
        let path = self.scratch.0.join(format!("{}-{}", self.name, self.runs.len()));
        let written = File::create(&path).and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 20, file);
            self.held.iter().flatten().try_for_each(|word| out.write_all(&word.to_le_bytes()))?;
            out.flush()
        });
        written.map_err(RunError::io(&path))?;
        self.held.clear();
        self.runs.push(path);
        Ok(())
    }

    /// All of them, the smallest first.
    pub fn sorted(mut self) -> Result<Sorted<N>, RunError> {
        self.held.sort_unstable();
        let mut sorted = Sorted { held: self.held.into_iter(), runs: Vec::new(), heap: BinaryHeap::new() };
        for path in self.runs {
            let file = File::open(&path).map_err(RunError::io(&path))?;
            sorted.runs.push((BufReader::with_capacity(1 << 16, file), path));
        }
        for run in 0..=sorted.runs.len() {
            sorted.refill(run)?;
        }
        Ok(sorted)
    }
}

/// Records in order.
pub(super) struct Sorted<const N: usize> {
    held: std::vec::IntoIter<[u64; N]>,
    runs: Vec<(BufReader<File>, PathBuf)>,
    heap: BinaryHeap<Reverse<([u64; N], usize)>>,
}

impl<const N: usize> Sorted<N> {
    fn refill(&mut self, run: usize) -> Result<(), RunError> {
        let record = match self.runs.get_mut(run) {
            None => self.held.next(),
            Some((file, path)) => {
                let mut record = [0; N];
                let mut bytes = [0; 8];
                let mut ended = false;
                for (n, word) in record.iter_mut().enumerate() {
                    match file.read_exact(&mut bytes) {
                        Ok(()) => *word = u64::from_le_bytes(bytes),
                        Err(e) if n == 0 && e.kind() == std::io::ErrorKind::UnexpectedEof => {
                            ended = true;
                            break;
                        }
                        Err(e) => return Err(RunError::io(path)(e)),
                    }
                }
                (!ended).then_some(record)
            }
        };
        self.heap.extend(record.map(|record| Reverse((record, run))));
        Ok(())
    }

    /// The next one.
    pub fn next(&mut self) -> Result<Option<[u64; N]>, RunError> {
        let Some(Reverse((record, run))) = self.heap.pop() else { return Ok(None) };
        self.refill(run)?;
        Ok(Some(record))
    }
}

/// A number with a sign as a word that sorts alike.
pub(super) fn word(value: i64) -> u64 {
    value as u64 ^ 1 << 63
}

/// And back.
pub(super) fn value(word: u64) -> i64 {
    (word ^ 1 << 63) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_memory_holds_comes_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(folder.path()).unwrap();
        let mut sorter = Sorter::<2>::new(&scratch, "a");
        sorter.most = 100;
        for n in 0..1234_i64 {
            sorter.push([word((n * 7919) % 1234 - 600), n as u64]).unwrap();
        }
        assert_eq!(sorter.runs.len(), 12);
        let mut sorted = sorter.sorted().unwrap();
        for n in -600..634 {
            assert_eq!(sorted.next().unwrap().map(|r| value(r[0])), Some(n));
        }
        assert_eq!(sorted.next().unwrap(), None);
        drop(scratch);
        assert!(!folder.path().join("sorting").exists());
    }
}
