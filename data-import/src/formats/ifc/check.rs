//! IFC by its rules, beyond what importing shows: references that lead nowhere, global ids, entity types against the header's
//! schema, units, and a spatial structure that hangs together.

use super::file::IfcFile;
use super::relations::Relations;
use crate::{ImportError, Source};
use ifc_lite_core::{IfcType, attribute_names_for_schema, is_subtype_of_for_schema};
use qike_core::{Diagnostic, Feedback, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Findings of one code that are given out singly.
const SINGLY: usize = 100;

/// Checks a file.
pub fn check(source: &Source, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let file = IfcFile::read(source)?;
    let mut check = Check { file: &file, records: records(&file), told: BTreeMap::new() };
    feedback.check()?;
    check.references();
    check.types();
    check.global_ids();
    feedback.check()?;
    check.units();
    check.structure();
    Ok(check.finish())
}

/// The text of all records in the order of the file: number, keyword, attributes.
fn records(file: &IfcFile) -> Vec<(u32, &[u8], &[u8])> {
    let mut all: Vec<_> = file
        .index
        .iter()
        .filter_map(|(id, (start, end))| {
            let text = file.bytes.get(*start..*end)?;
            let equals = text.iter().position(|b| *b == b'=')?;
            let open = equals + text.get(equals..)?.iter().position(|b| *b == b'(')?;
            Some((*start, (*id, text.get(equals + 1..open)?.trim_ascii(), text.get(open..)?)))
        })
        .collect();
    all.sort_unstable_by_key(|(start, _)| *start);
    all.into_iter().map(|(_, record)| record).collect()
}

/// Numbers after `#` outside of texts and comments.
fn numbers(text: &[u8]) -> Vec<u64> {
    let (mut found, mut quoted, mut i) = (Vec::new(), false, 0);
    while let Some(byte) = text.get(i) {
        match byte {
            b'\'' => quoted = !quoted,
            b'/' if !quoted && text.get(i + 1) == Some(&b'*') => {
                let rest = text.get(i + 2..).unwrap_or_default();
                i += rest.windows(2).position(|w| w == b"*/").map_or(text.len(), |end| end + 3);
            }
            b'#' if !quoted => {
                let digits = text.get(i + 1..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
                let number = digits.fold(None, |n: Option<u64>, d| Some(n.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(d - b'0'))));
                found.extend(number);
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// The text of a record's first attribute, where that is a text.
fn first_text(attributes: &[u8]) -> Option<&[u8]> {
    let rest = attributes.get(1..)?.trim_ascii_start().strip_prefix(b"'")?;
    rest.get(..rest.iter().position(|b| *b == b'\'')?)
}

struct Check<'f> {
    file: &'f IfcFile,
    records: Vec<(u32, &'f [u8], &'f [u8])>,
    told: BTreeMap<(Severity, &'static str), (usize, Vec<(u32, Diagnostic)>)>,
}

impl Check<'_> {
    fn tell(&mut self, severity: Severity, code: &'static str, id: u32, object: Option<&str>, message: String) {
        let (count, list) = self.told.entry((severity, code)).or_default();
        *count += 1;
        if *count > SINGLY {
            return;
        }
        let mut finding = Diagnostic::new(severity, code, message);
        if id > 0 {
            finding = finding.path(format!("#{id}"));
        }
        let finding = match object {
            Some(object) => finding.object(object),
            None => finding,
        };
        list.push((id, finding));
    }

    /// The lines of records, counted in one go through the file.
    fn lines(&self) -> HashMap<u32, u64> {
        let told = self.told.values().flat_map(|(_, list)| list).map(|(id, _)| *id);
        let mut starts: Vec<(usize, u32)> = told.filter_map(|id| Some((self.file.index.get(&id)?.0, id))).collect();
        starts.sort_unstable();
        let (mut at, mut line) = (0, 1);
        let mut lines = HashMap::new();
        for (start, id) in starts {
            line += self.file.bytes.get(at..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count() as u64;
            at = start;
            lines.insert(id, line);
        }
        lines
    }

    fn finish(self) -> Vec<Diagnostic> {
        let lines = self.lines();
        let more = |severity, code, count: usize| Diagnostic::new(severity, code, format!("{} more findings of this kind are not listed", count - SINGLY));
        let all = self.told.into_iter().rev().flat_map(|((severity, code), (count, list))| {
            let with_line = |(id, finding): (u32, Diagnostic)| match lines.get(&id) {
                Some(line) => finding.line(*line),
                None => finding,
            };
            let mut list: Vec<Diagnostic> = list.into_iter().map(with_line).collect();
            if count > SINGLY {
                list.push(more(severity, code, count));
            }
            list
        });
        all.collect()
    }

    /// References to records that are not there.
    fn references(&mut self) {
        let mut missing: Vec<(u32, String, u64)> = Vec::new();
        for (id, keyword, attributes) in &self.records {
            let lost = numbers(attributes).into_iter().find(|n| u32::try_from(*n).map_or(true, |n| !self.file.index.contains_key(&n)));
            missing.extend(lost.map(|n| (*id, String::from_utf8_lossy(keyword).into_owned(), n)));
        }
        for (id, keyword, lost) in missing {
            self.tell(Severity::Error, "ifc-unresolved-reference", id, None, format!("an {keyword} refers to #{lost}, which is not in the file"));
        }
    }

    /// Types of entities that the schema of the header does not have, and numbers of attributes that it does not give them.
    fn types(&mut self) {
        let schema = self.file.schema.clone();
        if attribute_names_for_schema(&schema, "IFCPROJECT").is_none() {
            self.tell(Severity::Warning, "ifc-schema", 0, None, format!("the header names the schema '{schema}', of which no list of entities is at hand"));
            return;
        }
        let mut unknown: BTreeMap<String, (u32, usize)> = BTreeMap::new();
        let mut known: HashMap<&[u8], bool> = HashMap::new();
        for (id, keyword, _) in &self.records {
            // User-defined types begin with an exclamation mark.
            let is_known = *known.entry(keyword).or_insert_with(|| {
                let text = String::from_utf8_lossy(keyword).to_ascii_uppercase();
                keyword.first() == Some(&b'!') || attribute_names_for_schema(&schema, &text).is_some()
            });
            if !is_known {
                unknown.entry(String::from_utf8_lossy(keyword).into_owned()).or_insert((*id, 0)).1 += 1;
            }
        }
        for (keyword, (id, count)) in unknown {
            let message = format!("{schema} has no entity {keyword}; {count} such records stand in the file");
            self.tell(Severity::Error, "ifc-schema", id, None, message);
        }
    }

    /// Global ids: 22 characters of IFC's alphabet, each only once.
    fn global_ids(&mut self) {
        let schema = self.file.schema.clone();
        let mut rooted: HashMap<&[u8], bool> = HashMap::new();
        let mut seen: HashMap<&[u8], u32> = HashMap::new();
        let (mut bad, mut twice) = (Vec::new(), Vec::new());
        for (id, keyword, attributes) in &self.records {
            let is_rooted = *rooted.entry(keyword).or_insert_with(|| is_subtype_of_for_schema(&schema, &String::from_utf8_lossy(keyword).to_ascii_uppercase(), "IFCROOT"));
            if !is_rooted {
                continue;
            }
            let good = |text: &&[u8]| text.len() == 22 && matches!(text[0], b'0'..=b'3') && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
            match first_text(attributes).filter(good) {
                None => bad.push((*id, String::from_utf8_lossy(first_text(attributes).unwrap_or(b"nothing")).into_owned())),
                Some(global) => match seen.entry(global) {
                    std::collections::hash_map::Entry::Occupied(first) => twice.push((*id, String::from_utf8_lossy(global).into_owned(), *first.get())),
                    std::collections::hash_map::Entry::Vacant(free) => drop(free.insert(*id)),
                },
            }
        }
        for (id, text) in bad {
            let message = format!("its GlobalId is '{text}'; 22 characters of 0-9, A-Z, a-z, _ and $ are needed, the first of them 0 to 3");
            self.tell(Severity::Error, "ifc-bad-global-id", id, None, message);
        }
        for (id, global, first) in twice {
            self.tell(Severity::Error, "ifc-duplicate-global-id", id, Some(&global), format!("#{first} has the same GlobalId '{global}'"));
        }
    }

    /// A project with units, one of them for lengths.
    fn units(&mut self) {
        let decoder = self.file.decoder();
        let Some(project) = self.file.project else {
            self.tell(Severity::Error, "ifc-no-project", 0, None, "the file has no IfcProject, and with it no units and no contexts".into());
            return;
        };
        let Some(record) = self.file.entity(&decoder, project) else { return };
        let Some(units) = record.get_ref(8).and_then(|id| self.file.entity(&decoder, id)) else {
            self.tell(Severity::Error, "ifc-no-units", project, None, "the project states no units; lengths are taken as metres".into());
            return;
        };
        let list = super::file::references(&units, 0);
        let of_length = |id: &u32| {
            let (start, end) = self.file.index.get(id).copied().unwrap_or_default();
            self.file.bytes.get(start..end).is_some_and(|text| text.windows(12).any(|w| w.eq_ignore_ascii_case(b".LENGTHUNIT.")))
        };
        if !list.iter().any(of_length) {
            self.tell(Severity::Error, "ifc-no-units", units.id, None, "the project states no unit of length; lengths are taken as metres".into());
        }
    }

    /// Spaces in storeys, elements in the structure, openings in walls.
    fn structure(&mut self) {
        let decoder = self.file.decoder();
        let relations = Relations::read(self.file, &decoder);
        let kinds: HashMap<u32, &IfcType> = self.file.products.iter().map(|p| (p.id, &p.kind)).collect();
        let filled: BTreeSet<u32> = relations.filled.values().copied().collect();
        let with_ports: BTreeSet<u32> = relations.port_of.values().copied().collect();
        let mut findings: Vec<(u32, &'static str, String)> = Vec::new();
        for product in &self.file.products {
            let kind = &product.kind;
            let is = |parent: IfcType| kind.is_subtype_of(parent);
            let above = relations.ancestors(product.id, |_| true);
            if is(IfcType::IfcSpace) && !above.iter().any(|id| kinds.get(id).is_some_and(|k| **k == IfcType::IfcBuildingStorey)) {
                findings.push((product.id, "ifc-space-without-storey", "the space is in no storey".into()));
            } else if is(IfcType::IfcOpeningElement) {
                if !relations.voided.contains_key(&product.id) {
                    let more = if filled.contains(&product.id) { ", and something fills it" } else { "" };
                    findings.push((product.id, "ifc-opening-in-nothing", format!("the opening is cut out of no element{more}")));
                }
            } else if is(IfcType::IfcElement) && !is(IfcType::IfcFeatureElement) && above.is_empty() {
                let more = if with_ports.contains(&product.id) { " (its ports are joined, its place is not)" } else { "" };
                findings.push((product.id, "ifc-not-contained", format!("the {} is in no storey, building or site, and part of nothing{more}", kind.name())));
            }
        }
        for (id, code, message) in findings {
            let global = self.file.entity(&decoder, id).and_then(|e| super::file::text(&e, 0));
            self.tell(Severity::Warning, code, id, global.as_deref(), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::testdata;

    const FILE: &str = "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n\
#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'a #99 in a text',$,$,$,$,(#5),#2);\n#2=IFCUNITASSIGNMENT((#3));\n#3=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);\n\
#5=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#6,$);\n#6=IFCAXIS2PLACEMENT3D(#7,$,$);\n#7=IFCCARTESIANPOINT((0.,0.,0.));\n\
#10=IFCBUILDING('1YvctVUKr0kugbFTf53O9L',$,'b',$,$,$,$,$,.ELEMENT.,$,$,$);\n#11=IFCBUILDINGSTOREY('2YvctVUKr0kugbFTf53O9L',$,'s',$,$,$,$,$,.ELEMENT.,0.);\n\
#12=IFCRELAGGREGATES('3YvctVUKr0kugbFTf53O9L',$,$,$,#1,(#10));\n#13=IFCRELAGGREGATES('0ZvctVUKr0kugbFTf53O9L',$,$,$,#10,(#11));\n\
#14=IFCWALL('0WvctVUKr0kugbFTf53O9L',$,'w',$,$,$,$,$,$);\n#15=IFCSPACE('0SvctVUKr0kugbFTf53O9L',$,'r',$,$,$,$,$,.ELEMENT.,$,$);\n\
#16=IFCRELCONTAINEDINSPATIALSTRUCTURE('0RvctVUKr0kugbFTf53O9L',$,$,$,(#14),#11);\n#17=IFCRELAGGREGATES('0TvctVUKr0kugbFTf53O9L',$,$,$,#11,(#15));\nENDSEC;\nEND-ISO-10303-21;\n";

    fn codes(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ifc");
        std::fs::write(&path, text).unwrap();
        check(&Source::new(path), &Feedback::silent()).unwrap().into_iter().map(|d| d.code.to_string()).collect()
    }

    #[test]
    fn each_fault_has_its_code() {
        for (from, to, expected) in [
            ("", "", &[][..]),
            ("(#14),#11", "(#14,#98),#11", &["ifc-unresolved-reference"]),
            ("'0WvctVUKr0kugbFTf53O9L'", "'0SvctVUKr0kugbFTf53O9L'", &["ifc-duplicate-global-id"]),
            ("'0WvctVUKr0kugbFTf53O9L'", "'wall'", &["ifc-bad-global-id"]),
            ("'0WvctVUKr0kugbFTf53O9L'", "$", &["ifc-bad-global-id"]),
            ("('IFC4')", "('IFC2X3')", &[]),
            ("#14=IFCWALL(", "#14=IFCWAAL(", &["ifc-schema"]),
            (",.LENGTHUNIT.,", ",.AREAUNIT.,", &["ifc-no-units"]),
            ("(#5),#2", "(#5),$", &["ifc-no-units"]),
            ("#11,(#15)", "#11,(#14)", &["ifc-space-without-storey"]),
            ("(#14),#11", "(#15),#11", &["ifc-not-contained"]),
            ("#14=IFCWALL(", "#14=IFCOPENINGELEMENT(", &["ifc-opening-in-nothing"]),
        ] {
            assert!(FILE.contains(from), "{from}");
            assert_eq!(codes(&FILE.replacen(from, to, usize::from(!from.is_empty()))), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn files_in_use_have_no_errors_of_structure() {
        for file in ["bim/web-ifc/AC20-FZK-Haus.ifc", "bim/web-ifc/duplex.ifc"] {
            let Some(path) = testdata::path(file) else { return };
            let found = check(&Source::new(path), &Feedback::silent()).unwrap();
            let errors: Vec<_> = found.iter().filter(|d| d.severity == Severity::Error).map(ToString::to_string).collect();
            assert!(errors.is_empty(), "{file}: {errors:?}");
        }
    }
}
