//! Dynamizers of 3.0: values over time that are written in the document become series of the feature they belong to. (Connections to
//! sensors and files stay attributes.)

use super::classes::class_of;
use super::own;
use super::tree::{Ix, Names, Tree};
use crate::formats::table::series::iso_ms;
use qike_core::SimTime;
use qike_core::calendar::date_text;
use qike_scene::{ObjectId, Series};

/// All series of a member.
pub fn series(tree: &Tree, names: &Names) -> Vec<Series> {
    let is_dynamizer = |ix: &Ix| tree.local(*ix, names) == "Dynamizer";
    tree.all().filter(is_dynamizer).flat_map(|ix| of_dynamizer(tree, names, ix)).collect()
}

fn of_dynamizer(tree: &Tree, names: &Names, dynamizer: Ix) -> Vec<Series> {
    let mut at = tree.parent(dynamizer);
    let feature = loop {
        match at {
            Some(ix) if class_of(tree.local(ix, names)).is_some() => break own::id_of(tree, names, ix),
            Some(ix) => at = tree.parent(ix),
            None => break None,
        }
    };
    let Some(feature) = feature else { return Vec::new() };
    let text = |ix: Ix, local: &str| tree.child(ix, local, names).map(|child| tree.own_text(child)).unwrap_or_default();
    let reference = text(dynamizer, "attributeRef");
    let mut found = Vec::new();
    let mut todo: Vec<Ix> = tree.children(dynamizer).collect();
    while let Some(ix) = todo.pop() {
        todo.extend(tree.children(ix));
        if !matches!(tree.local(ix, names), "GenericTimeseries" | "AtomicTimeseries") {
            continue;
        }
        let mut pairs: Vec<(i64, f64)> = Vec::new();
        for pair in tree.children(ix).flat_map(|property| tree.children(property)).filter(|p| tree.local(*p, names) == "TimeValuePair") {
            let value = tree.children(pair).find(|child| matches!(tree.local(*child, names), "intValue" | "doubleValue" | "boolValue"));
            let value = value.map(|child| tree.own_text(child)).and_then(|text| match text {
                "true" => Some(1.0),
                "false" => Some(0.0),
                number => number.parse::<f64>().ok(),
            });
            if let Some(time) = milliseconds(text(pair, "timestamp")) {
                pairs.push((time, value.unwrap_or(f64::NAN)));
            }
        }
        pairs.sort_by_key(|(time, _)| *time);
        pairs.dedup_by_key(|(time, _)| *time);
        let Some((first, _)) = pairs.first().copied() else { continue };
        let midnight = first.div_euclid(DAY_MS) * DAY_MS;
        let observed = Some(text(ix, "observationProperty")).filter(|name| !name.is_empty());
        let quantity = observed.unwrap_or_else(|| reference.rsplit(['/', '\'']).find(|part| part.len() > 1).unwrap_or("value"));
        found.push(Series {
            object: ObjectId::new(&feature),
            quantity: quantity.to_owned(),
            unit: text(ix, "uom").to_owned(),
            date: date_text(midnight / DAY_MS),
            times: pairs.iter().map(|(time, _)| SimTime::from_ms(time - midnight)).collect(),
            values: pairs.iter().map(|(_, value)| *value).collect(),
        });
    }
    found
}

const DAY_MS: i64 = 86_400_000;

/// A timestamp as milliseconds since 1970 by the clock it is written in; a year or a month alone is its first day.
fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.len() {
        4 => iso_ms(&format!("{text}-01-01")),
        7 => iso_ms(&format!("{text}-01")),
        _ => iso_ms(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_all_lengths() {
        assert_eq!(milliseconds("1970-01-02T01:00:00Z"), Some(DAY_MS + 3_600_000));
        assert_eq!(milliseconds("1970-02"), Some(31 * DAY_MS));
        assert_eq!(milliseconds("1971"), Some(365 * DAY_MS));
        for bad in ["", "x", "2019-13", "noon"] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }
}
