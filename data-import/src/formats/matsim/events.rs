//! Events: who did what when, as MATSim writes them, plain or compressed, of any length.

use super::{open, time};
use crate::ImportError;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::shown;
use crate::formats::sumo::xml::Xml;
use qike_core::fast_map::{FastMap, FastSet};
use qike_core::{Diagnostic, Feedback, Task};
use qike_scene::traffic::{Act, Deed, Deeds, LinkNames, Travellers};
use std::collections::VecDeque;
use std::path::Path;

/// A file being read.
pub struct Events<'l> {
    xml: Xml,
    links: &'l mut LinkNames,
    log: Log,
    feedback: Feedback,
    task: Task,
    /// Persons who have set off and are not in traffic: since when, and where that was.
    beside: FastMap<Box<str>, (i64, Option<u32>)>,
    /// Vehicles in traffic, by name.
    driving: FastSet<u32>,
    /// The vehicle of a person, where it has another name.
    drives: FastMap<Box<str>, u32>,
    ahead: VecDeque<Deed>,
    last_ms: i64,
    count: u64,
    done: bool,
}

impl<'l> Events<'l> {
    /// Opens a file.
    ///
    /// # Errors
    /// Where it cannot be read, or is no such file.
    pub fn open(path: &Path, links: &'l mut LinkNames, feedback: &Feedback) -> Result<Self, ImportError> {
        let (xml, log) = open(path, &[b"events"], "file of events")?;
        let task = feedback.task(format!("read {}", log.file), 0);
        Ok(Self {
            xml,
            links,
            log,
            feedback: feedback.clone(),
            task,
            beside: FastMap::default(),
            driving: FastSet::default(),
            drives: FastMap::default(),
            ahead: VecDeque::new(),
            last_ms: i64::MIN,
            count: 0,
            done: false,
        })
    }

    /// What was wrong with it.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if self.count == 0 {
            self.log.error("no-events", 0, || "there is no event in it".into());
        }
        self.log.help("unknown-link", "the events may belong to another network: name its own with --net");
        self.log.finish()
    }

    /// Reads one event; false at the end.
    fn event(&mut self, travellers: &mut Travellers) -> bool {
        let tag = match self.xml.child(1) {
            Ok(Some(tag)) => tag,
            Ok(None) => return false,
            Err(broken) => {
                self.log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is recorded", broken.reason));
                return false;
            }
        };
        self.count += 1;
        if self.count.is_multiple_of(1 << 14) {
            self.task.advance(1 << 14);
            if self.feedback.is_cancelled() {
                return false;
            }
        }
        let kind = tag.or_empty(b"type");
        let act = match kind.as_ref() {
            "vehicle enters traffic" | "wait2link" => Act::Depart,
            "entered link" => Act::Enter,
            "left link" => Act::Leave,
            "vehicle leaves traffic" => Act::Arrive,
            "stuckAndAbort" => Act::Stuck,
            "arrival" => Act::GetThere,
            "departure" => {
                if let (Some(person), Some(ms)) = (tag.get(b"person"), time(&tag, b"time")) {
                    let edge = tag.get(b"link").and_then(|name| self.links.place(&name)).map(|(edge, _)| edge);
                    self.beside.insert(person.as_ref().into(), (ms, edge));
                }
                return true;
            }
            "" => {
                self.log.error("no-type", tag.line(), || "an event has no type, and is left out".into());
                return true;
            }
            _ => return true,
        };
        let Some(time_ms) = time(&tag, b"time") else {
            self.log.error("bad-time", tag.line(), || format!("the time '{}' of an event is none; it is left out", shown(&tag.or_empty(b"time"))));
            return true;
        };
        if time_ms < self.last_ms {
            self.log.error("time-order", tag.line(), || "an event is earlier than the one before it, and is left out".into());
            return true;
        }
        self.last_ms = time_ms;
        let person = tag.get(b"person").or_else(|| tag.get(b"driver"));
        let vehicle = tag.get(b"vehicle").filter(|v| v != "null");
        let link = tag.get(b"link");
        let edge = link.as_ref().and_then(|name| self.links.place(name)).map(|(edge, _)| edge);
        if edge.is_none() && link.is_some() {
            self.log.error("unknown-link", tag.line(), || format!("link '{}' is not in the network; what happens on it is left out", shown(link.as_deref().unwrap_or_default())));
        }
        let mode = tag.get(b"networkMode").or_else(|| tag.get(b"legMode")).unwrap_or("car".into());
        match act {
            Act::GetThere => {
                let Some(person) = person else { return true };
                let since = self.beside.remove(person.as_ref());
                let (agent, kind) = (travellers.agent(&person), travellers.kind(&mode, None));
                // Old files do not say that a vehicle leaves the traffic.
                if let Some(vehicle) = self.drives.remove(person.as_ref()).filter(|v| self.driving.remove(v)) {
                    self.ahead.push_back(Deed { time_ms, agent: vehicle, kind, act: Act::Arrive, edge, since: None });
                }
                if since.is_some() {
                    self.ahead.push_back(Deed { time_ms, agent, kind, act, edge, since });
                }
            }
            _ => {
                let Some(name) = vehicle.as_ref().or(person.as_ref()) else {
                    self.log.error("no-vehicle", tag.line(), || "an event does not say whose it is, and is left out".into());
                    return true;
                };
                let (agent, kind) = (travellers.agent(name), travellers.kind(&mode, None));
                let mut since = None;
                match act {
                    Act::Depart => {
                        self.driving.insert(agent);
                        if let Some(person) = &person {
                            self.drives.insert(person.as_ref().into(), agent);
                            since = self.beside.remove(person.as_ref());
                        }
                    }
                    Act::Arrive | Act::Stuck => {
                        self.driving.remove(&agent);
                    }
                    _ => {}
                }
                self.ahead.push_back(Deed { time_ms, agent, kind, act, edge, since });
            }
        }
        true
    }
}

impl Deeds for Events<'_> {
    fn next(&mut self, travellers: &mut Travellers) -> Option<Deed> {
        loop {
            if let Some(deed) = self.ahead.pop_front() {
                return Some(deed);
            }
            if self.done || !self.event(travellers) {
                self.done = true;
                return None;
            }
        }
    }
}
