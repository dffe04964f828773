//! `qike view`: starts the viewer. The command knows nothing of graphics; the viewer is a program of its own beside it.

use crate::Done;
use crate::failure::Failure;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The viewer's program.
const VIEWER: &str = if cfg!(windows) { "qike-viewer.exe" } else { "qike-viewer" };

/// Open a store or a run in the viewer, or draw a picture of it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike view demo/city.gpkg
  qike view runs/holiday --screenshot holiday.png --size 1280x720 --camera overview --time 09:30

All arguments go to the viewer; `qike view --help-viewer` lists its options.")]
pub struct Args {
    /// A store or run directory, and the viewer's options.
    #[arg(value_name = "CITY.gpkg|RUN", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the command: the viewer takes the place of this process, or is waited for where the system cannot do that.
pub fn run(args: &Args) -> Result<Done, Failure> {
    let arguments = args.arguments.iter().map(|a| if a == "--help-viewer" { OsString::from("--help") } else { a.clone() });
    let Some(program) = find() else {
        let message = format!("the viewer ({VIEWER}) is neither beside this program nor in the PATH");
        return Err(Failure::new(message).help("build it with `cargo build --release -p qike-viewer`"));
    };
    let mut command = Command::new(&program);
    command.args(arguments);
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Vulkan's Wayland part complains on stderr without it, also where only a picture is drawn.
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    start(command, &program)
}

#[cfg(unix)]
fn start(mut command: Command, program: &std::path::Path) -> Result<Done, Failure> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(Failure::new(format!("{}: could not be started ({error})", program.display())))
}

#[cfg(not(unix))]
fn start(mut command: Command, program: &std::path::Path) -> Result<Done, Failure> {
    let status = command.status().map_err(|e| Failure::new(format!("{}: could not be started ({e})", program.display())))?;
    if status.success() { Ok(Done::Wholly) } else { Err(Failure::new(format!("the viewer ended with {status}"))) }
}

/// Beside this program, then in the PATH.
fn find() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|me| Some(me.parent()?.to_path_buf()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = beside.into_iter().chain(std::env::split_paths(&path)).collect();
    folders.into_iter().map(|folder| folder.join(VIEWER)).find(|file| file.is_file())
}
