//! Progress bars on a terminal, remarks as lines on stderr.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use qike_core::{Feedback, Listener};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

/// Draws one bar for each task that runs.
struct Bars {
    all: MultiProgress,
    running: Mutex<BTreeMap<String, ProgressBar>>,
    on_terminal: bool,
}

impl Listener for Bars {
    fn progress(&self, task: &str, done: u64, total: u64) {
        if !self.on_terminal {
            return;
        }
        // A poisoned lock only means that another thread panicked while it drew.
        let mut running = self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let bar = running.entry(task.to_owned()).or_insert_with(|| {
            let bar = self.all.add(if total > 0 { ProgressBar::new(total) } else { ProgressBar::new_spinner() });
            let style = if total > 0 { "{msg:24!} {wide_bar} {percent:>3} % {eta:>5}" } else { "{msg:24!} {spinner} {human_pos}" };
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar.set_message(task.to_owned());
            bar
        });
        bar.set_position(done);
    }

    fn finished(&self, task: &str) {
        let mut running = self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(bar) = running.remove(task) {
            bar.finish_and_clear();
        }
    }

    fn message(&self, text: &str) {
        // Printing through the bars keeps them whole; an unwritable stderr is nobody's concern.
        if !self.on_terminal || self.all.println(text).is_err() {
            eprintln!("{text}");
        }
    }
}

/// The feedback of a command: bars and remarks, or nothing.
pub fn feedback(quiet: bool) -> Feedback {
    if quiet {
        return Feedback::silent();
    }
    let on_terminal = std::io::stderr().is_terminal();
    Feedback::new(Arc::new(Bars { all: MultiProgress::new(), running: Mutex::default(), on_terminal }))
}
