//! Every importer of the list against damaged files: whatever the bytes, a message and no panic, no endless work, no memory
//! out of proportion.
//!
//! Cases run in a child process, so that what no test can catch (a stack that overflows, memory that runs out, work that never
//! ends) is seen too and named by its case. `QIKE_FUZZ_SECONDS=600` runs on for so long (for each importer), `QIKE_FUZZ_ONLY=ifc`
//! drives one, `QIKE_FUZZ_CASE=ifc:77` runs one case and leaves its files behind. Without them it is a fixed, short list of cases.

mod fixtures;
#[path = "../common/indoor.rs"]
mod indoor;
mod made;
mod mutate;
mod structure;
#[path = "../common/written.rs"]
mod written;

use mutate::{Dice, damage};
use qike_core::{Crs, Feedback};
use qike_import::importer::HEAD_BYTES;
use qike_import::{IMPORTERS, Importer, Source};
use qike_scene::sink::MemorySink;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Cases for each importer where no time is given.
const CASES: u64 = 30;

/// Where no time is given, an importer's cases end after this time too, so that a busy machine does not wait for them.
const QUICK: Duration = Duration::from_secs(4);

/// Longest time for one case. It is far beyond what any takes, also on a busy machine: this finds endless work, not slow work.
const HANG: Duration = Duration::from_secs(100);

/// Longest time of a processor for one case, which a busy machine does not lengthen.
const BUSY: Duration = Duration::from_secs(5);

/// Memory that the child may map, KiB, and how much of it a case may touch beyond what it had before, KiB.
const MAPPED_KIB: u64 = 6 << 20;
const TOUCHED_KIB: u64 = 512 << 10;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// What a case wrote last before its process ended.
#[test]
fn no_importer_breaks_on_damaged_files() {
    if let Some(case) = setting("QIKE_FUZZ_CASE") {
        let (importer, seed) = case.split_once(':').expect("QIKE_FUZZ_CASE is IMPORTER:NUMBER");
        let folder = std::env::temp_dir().join(format!("qike-fuzz-{importer}-{seed}"));
        let all = fixtures::all();
        run_case(importer, &all[importer], seed.parse().expect("a number"), &folder);
        println!("its files are in {}", folder.display());
        return;
    }
    let seconds: Option<u64> = setting("QIKE_FUZZ_SECONDS").map(|s| s.parse().expect("QIKE_FUZZ_SECONDS is a number"));
    let first: u64 = setting("QIKE_FUZZ_SEED").map_or(1, |s| s.parse().expect("QIKE_FUZZ_SEED is a number"));
    let only = setting("QIKE_FUZZ_ONLY");
    let all = fixtures::all();
    let mut broken = Vec::new();
    for importer in IMPORTERS.iter().map(|i| i.name()).filter(|name| only.as_deref().is_none_or(|only| only == *name)) {
        assert!(!all[importer].is_empty(), "{importer}: write a small file for it in fixtures.rs");
        let until = Instant::now() + seconds.map_or(QUICK, Duration::from_secs);
        let (mut next, mut slowest, mut caught) = (first, (Duration::ZERO, 0), BTreeMap::new());
        while Instant::now() < until && (seconds.is_some() || next < first + CASES) {
            let end = if seconds.is_some() { u64::MAX } else { first + CASES };
            let (ended, fault) = drive(importer, next, end, until, &mut slowest, &mut caught);
            if let Some(fault) = fault {
                println!("QIKE_FUZZ_CASE={importer}:{ended}  {fault}");
                broken.push(format!("QIKE_FUZZ_CASE={importer}:{ended}  {fault}"));
            }
            next = ended + 1;
        }
        println!("{importer}: {} cases, slowest {:?} (case {})", next - first, slowest.0, slowest.1);
        caught.iter().for_each(|(place, (case, times))| println!("  {times} panics caught, first in case {case}: {place}"));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Runs cases in a child from `next` on; gives the last one begun and what was wrong with it.
/// Panics of libraries that an importer catches go to `caught`: their place, the first case and how many.
fn drive(importer: &str, next: u64, end: u64, until: Instant, slowest: &mut (Duration, u64), caught: &mut BTreeMap<String, (u64, u64)>) -> (u64, Option<String>) {
    let millis = until.saturating_duration_since(Instant::now()).as_millis();
    let program = std::env::current_exe().expect("this program");
    // A limit on the address space, where the shell has one: an allocation by a count in the file must fail, not swap.
    let script = format!("ulimit -v {MAPPED_KIB} 2>/dev/null; exec \"$0\" --exact child --nocapture --include-ignored");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env("QIKE_FUZZ_CHILD", format!("{importer}:{next}:{end}:{millis}"))
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let (send, lines) = channel();
    let out = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    let err = child.stderr.take().expect("a pipe");
    let errors = std::thread::spawn(move || {
        let mut last: Vec<String> = Vec::new();
        for line in BufReader::new(err).split(b'\n').map_while(Result::ok) {
            last.push(String::from_utf8_lossy(&line).into_owned());
            if last.len() > 12 {
                last.remove(0);
            }
        }
        last.join(" | ")
    });
    let (mut at, mut begun, mut fault) = (next, Instant::now(), None);
    loop {
        match lines.recv_timeout(HANG) {
            Ok(line) => {
                if let Some(n) = line.strip_prefix("case ").and_then(|n| n.parse().ok()) {
                    (at, begun) = (n, Instant::now());
                } else if line == "over" {
                    *slowest = (*slowest).max((begun.elapsed(), at));
                } else if let Some(place) = line.strip_prefix("panic ") {
                    caught.entry(place.to_owned()).or_insert((at, 0)).1 += 1;
                } else if let Some(what) = line.strip_prefix("fault ") {
                    fault = Some(what.to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                // It may have ended by itself in this moment.
                let _ = child.kill();
                fault = Some(format!("not done after {HANG:?}"));
                break;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().expect("the child ends");
    let said = errors.join().unwrap_or_default();
    let _ = reader.join();
    if fault.is_none() && !status.success() {
        fault = Some(format!("{status}: {said}"));
    }
    (at, fault)
}

/// The child: cases one after another, each told before it begins.
#[test]
#[ignore = "the other test runs it"]
fn child() {
    let Some(job) = setting("QIKE_FUZZ_CHILD") else { return };
    let mut parts = job.split(':');
    let importer = parts.next().unwrap_or_default();
    let mut number = || parts.next().and_then(|n| n.parse::<u64>().ok());
    let (next, end, millis) = (number().unwrap_or(1), number().unwrap_or(1), number().unwrap_or(0));
    let fixtures = &fixtures::all()[importer];
    let until = Instant::now() + Duration::from_millis(millis);
    let folder = tempfile::tempdir().expect("a folder");
    let tell = |line: String| {
        let mut out = std::io::stdout();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let mut out = std::io::stdout();
        let _ = writeln!(out, "panic {place}").and_then(|()| out.flush());
        before(info);
    }));
    for seed in next..end {
        if Instant::now() >= until {
            break;
        }
        tell(format!("case {seed}"));
        // "5" sets the peak back to what is held now (proc(5)).
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let (held, busy) = (peak_kib(), busy());
        run_case(importer, fixtures, seed, &folder.path().join(seed.to_string()));
        let _ = std::fs::remove_dir_all(folder.path().join(seed.to_string()));
        let more = peak_kib().saturating_sub(held);
        let busy = self::busy().saturating_sub(busy);
        if more > TOUCHED_KIB {
            tell(format!("fault {} MiB of memory for it", more >> 10));
            break;
        }
        if busy > BUSY {
            tell(format!("fault {busy:?} of a processor for it"));
            break;
        }
        tell("over".into());
    }
}

/// The most memory this process ever touched.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

/// The time that the processors spent on this process.
fn busy() -> Duration {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold anything; user and system time are fields 14 and 15, in hundredths (proc(5)).
    let fields = status.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().skip(11).take(2);
    Duration::from_millis(10 * fields.filter_map(|n| n.parse::<u64>().ok()).sum::<u64>())
}

/// Damages a source and has it sniffed, probed, checked and imported.
fn run_case(importer: &str, fixtures: &[fixtures::Fixture], seed: u64, folder: &Path) {
    let mut dice = Dice::new(seed);
    let fixture = &fixtures[dice.below(fixtures.len())];
    let hit = if dice.below(3) > 0 { 0 } else { dice.below(fixture.len()) };
    let other = &fixtures[dice.below(fixtures.len())];
    let other = &other[dice.below(other.len())].1;
    std::fs::create_dir_all(folder).expect("a folder");
    let mut first: Option<PathBuf> = None;
    for (i, (path, bytes)) in fixture.iter().enumerate() {
        let at = folder.join(path.file_name().expect("a file"));
        let built = if i == hit && dice.below(2) == 0 { structure::damage(path, bytes, &mut dice) } else { None };
        let bytes = match built {
            Some(bytes) => bytes,
            None if i == hit => damage(bytes, other, &mut dice),
            None => bytes.clone(),
        };
        std::fs::write(&at, bytes).expect("written");
        first.get_or_insert(at);
    }
    let importer: &dyn Importer = *IMPORTERS.iter().find(|i| i.name() == importer).expect("an importer");
    let file = first.expect("a file");
    let takes = |path: &Path| importer.sniff(path, &head(path));
    let path = if fixture.len() > 1 && takes(&file) < takes(folder) { folder.to_path_buf() } else { file };
    import(importer, &path);
}

fn head(path: &Path) -> Vec<u8> {
    let mut head = std::fs::read(path).unwrap_or_default();
    head.truncate(HEAD_BYTES);
    head
}

fn import(importer: &dyn Importer, path: &Path) {
    let feedback = Feedback::silent();
    let source = Source::new(path);
    let _ = qike_import::sniff(path);
    let _ = importer.consumes(&source);
    let _ = importer.probe(&source, &feedback);
    let _ = importer.check(&source, &feedback);
    let mut sink = MemorySink::new(Crs::parse("EPSG:4549").expect("a system"));
    let done = importer.import(&source, &mut sink, &feedback);
    for object in &sink.objects {
        for g in &object.geometries {
            assert!(g.is_consistent(), "the geometry of {} refers to what it has not", object.id);
            assert!(g.is_finite(), "{} has a coordinate that is no number", object.id);
        }
    }
    if let Err(error) = done {
        assert!(!error.ends_everything(), "{error}");
        // Its own name, or that of another file of the source: a table beside its mapping.
        let folder = path.parent().unwrap_or(path).display().to_string();
        assert!(error.to_string().contains(&folder), "the message does not name the file: {error}");
    }
}
