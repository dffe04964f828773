//! Options of a run, by their names in the configuration.

use super::config::{files, full_name};
use super::loading::Loading;
use super::values::{boolean, number, time};
use super::xml::shown;

/// Options that say how a run shows itself, or that change nothing here.
const WITHOUT_EFFECT: &[&str] = &[
    "verbose", "v", "print-options", "help", "version", "xml-validation", "xml-validation.net", "xml-validation.routes", "no-warnings", "W", "aggregate-warnings", "log", "l", "message-log",
    "error-log", "log.timestamps", "log.processid", "no-step-log", "step-log.period", "no-duration-log", "duration-log.disable", "duration-log.statistics", "t", "language", "human-readable-time",
    "precision", "precision.geo", "save-configuration", "save-template", "write-license", "gui-settings-file", "start", "S", "quit-on-end", "Q", "delay", "d", "window-size", "window-pos",
    "tracker-interval", "ignore-route-errors", "route-steps", "s", "threads", "thread-rngs", "device.rerouting.threads", "routing-algorithm", "breakpoints", "game", "osg-view", "disable-textures",
    "registry-viewport", "edgedata-files", "remote-port", "num-clients", "device.rerouting.output", "xml-validation.routes", "eager-insert", "tls.actuated.show-detectors",
];
/// Files that SUMO writes and Qike writes, too, or tells that it does not.
const OUTPUTS: &[&str] = &[
    "tripinfo-output", "summary-output", "fcd-output", "edgedata-output", "lanedata-output", "queue-output", "vehroute-output", "vehroutes", "statistic-output", "netstate-dump", "full-output",
    "emission-output", "collision-output", "stop-output", "person-summary-output", "personinfo-output", "lanechange-output", "link-output", "battery-output", "tls-switches-output",
];

/// Options that name files, and those that wait for others.
#[derive(Default)]
pub struct Options {
    /// Networks: name and line.
    pub nets: Vec<(String, u64)>,
    /// Routes.
    pub routes: Vec<(String, u64)>,
    /// Additional files.
    pub additionals: Vec<(String, u64)>,
    prefix: String,
    rerouting_share: Option<f64>,
    rerouting_ms: Option<i64>,
}

impl Options {
    /// Takes an option.
    pub fn take(&mut self, loading: &mut Loading<'_>, key: &str, value: &str, line: u64) {
        let key = full_name(key);
        let settings = &mut loading.scenario.settings;
        let yes = || boolean(value);
        let bad = |loading: &mut Loading<'_>| {
            loading.log.add(qike_core::Severity::Error, "bad-option", key, line, || format!("the option '{key}' is '{}', which it cannot be; the default is taken", shown(value)));
        };
        let unsupported = |loading: &mut Loading<'_>, effect: &str| {
            loading.log.unsupported(&format!("option '{}' ({})", shown(key), shown(value)), line, effect);
        };
        match key {
            "net-file" => {
                self.nets.extend(files(value, line));
                if self.nets.len() > 1 {
                    unsupported(loading, "only the first network is read");
                }
            }
            "route-files" => self.routes.extend(files(value, line)),
            "additional-files" => self.additionals.extend(files(value, line)),
            "begin" => match time(value) {
                Some(at) if at >= 0 => settings.begin_ms = at,
                _ => bad(loading),
            },
            "end" => match time(value) {
                Some(at) => settings.end_ms = (at >= 0).then_some(at),
                None => bad(loading),
            },
            "step-length" => match time(value).filter(|t| *t > 0) {
                Some(step) => settings.step_ms = step,
                None => bad(loading),
            },
            "seed" => match value.trim().parse::<i64>() {
                Ok(seed) => settings.seed = seed.unsigned_abs(),
                Err(_) => bad(loading),
            },
            "scale" => match number(value).filter(|n| *n >= 0.0) {
                Some(scale) => settings.scale = scale,
                None => bad(loading),
            },
            "time-to-teleport" => match time(value) {
                Some(after) => settings.teleport_after_ms = (after > 0).then_some(after),
                None => bad(loading),
            },
            "max-depart-delay" => match time(value) {
                Some(delay) => settings.max_depart_delay_ms = (delay >= 0).then_some(delay),
                None => bad(loading),
            },
            "time-to-impatience" => match time(value) {
                Some(after) => loading.defaults.patience_s = (after as f64 / 1000.0).max(0.0),
                None => bad(loading),
            },
            "mesosim" => settings.queues = yes().unwrap_or(false),
            "meso-junction-control" => settings.queue_junctions = yes().unwrap_or(false),
            "device.rerouting.probability" => self.rerouting_share = number(value),
            "device.rerouting.period" => self.rerouting_ms = time(value),
            "collision.action" => match value.trim() {
                "teleport" => settings.collisions_teleport = true,
                "warn" | "none" => settings.collisions_teleport = false,
                "remove" => unsupported(loading, "vehicles that overlap are put back further on"),
                _ => bad(loading),
            },
            "default.carfollowmodel" => loading.defaults.model = value.trim().to_owned(),
            "default.speeddev" => match number(value) {
                Some(deviation) => loading.defaults.speed_deviation = Some(deviation).filter(|d| *d >= 0.0),
                None => bad(loading),
            },
            "save-state.times" => match value.split([',', ' ']).filter(|v| !v.trim().is_empty()).map(time).collect::<Option<Vec<i64>>>() {
                Some(times) => settings.save_at_ms = times,
                None => bad(loading),
            },
            "save-state.prefix" | "save-state.suffix" | "save-state.files" => unsupported(loading, "states are saved as checkpoint-TIME.qike in the run directory, which only Qike reads"),
            "load-state" => unsupported(loading, "states of SUMO are not read; it begins empty (--resume goes on from a checkpoint of Qike)"),
            "output-prefix" => self.prefix = value.to_owned(),
            "lateral-resolution" if number(value).is_some_and(|n| n <= 0.0) => {}
            "lateral-resolution" => unsupported(loading, "vehicles keep to the middle of their lanes"),
            "step-method.ballistic" if yes() == Some(true) => unsupported(loading, "positions follow speeds by Euler's rule, SUMO's default"),
            "random" if yes() == Some(true) => unsupported(loading, "the seed counts, so that runs can be repeated"),
            "no-internal-links" if yes() == Some(true) => unsupported(loading, "vehicles drive over junctions"),
            "step-method.ballistic" | "random" | "no-internal-links" => {}
            _ if OUTPUTS.contains(&key) => {
                let kind = if key == "vehroutes" { "vehroute-output" } else { key };
                settings.outputs.push((kind.to_owned(), value.to_owned()));
            }
            _ if WITHOUT_EFFECT.contains(&key) => {}
            _ => unsupported(loading, "it is run without it"),
        }
    }

    /// What can be said when all options are known.
    pub fn apply(&self, loading: &mut Loading<'_>) {
        let settings = &mut loading.scenario.settings;
        settings.rerouting = self.rerouting_share.filter(|p| *p > 0.0).map(|p| (p.min(1.0), self.rerouting_ms.unwrap_or(0).max(0)));
        for (_, file) in &mut settings.outputs {
            // The prefix stands before the name, not before its folders.
            let at = file.rfind('/').map_or(0, |slash| slash + 1);
            file.insert_str(at, &self.prefix);
        }
        if settings.end_ms.is_some_and(|end| end <= settings.begin_ms) {
            let (begin, end) = (settings.begin_ms / 1000, settings.end_ms.unwrap_or(0) / 1000);
            settings.end_ms = None;
            loading.log.error("end-before-begin", 0, || format!("the run is to end at {end} s, not after its begin at {begin} s; it runs until everybody has arrived"));
        }
    }
}
