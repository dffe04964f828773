//! Finds objects by id or name.

use qike_scene::{ObjectIx, SceneSnapshot};

/// The best matches: exact first, then those that begin so, then those that hold the text; by id within each.
pub fn search(snapshot: &SceneSnapshot, text: &str, limit: usize) -> Vec<ObjectIx> {
    let wanted = text.trim().to_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, ObjectIx)> = Vec::new();
    for (i, object) in snapshot.objects().iter().enumerate() {
        let rank = [Some(object.id.as_str()), object.name.as_deref()].into_iter().flatten().filter_map(|t| rank(t, &wanted)).min();
        if let Some(rank) = rank {
            found.push((rank, ObjectIx(i as u32)));
        }
    }
    found.sort();
    found.into_iter().take(limit).map(|(_, ix)| ix).collect()
}

fn rank(text: &str, wanted: &str) -> Option<u8> {
    let text = text.to_lowercase();
    match text.find(wanted)? {
        0 if text.len() == wanted.len() => Some(0),
        0 => Some(1),
        _ => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::Crs;
    use qike_scene::{CityObject, Class, SourceId};

    #[test]
    fn exact_names_come_first_and_case_does_not_matter() {
        let crs = Crs::epsg(4549).unwrap();
        let object = |id: &str, name: Option<&str>| {
            let mut object = CityObject::new(id, Class::Building, SourceId(0));
            object.name = name.map(str::to_owned);
            object
        };
        let objects = vec![object("a", Some("Old Lake Hall")), object("b", Some("lake")), object("lake:1", None), object("c", Some("滴水湖"))];
        let snapshot = SceneSnapshot::new(crs, vec![], objects, vec![]);
        let ids = |text: &str| search(&snapshot, text, 9).iter().map(|ix| snapshot.get(*ix).id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids("Lake"), ["b", "lake:1", "a"]);
        assert_eq!(ids("水湖"), ["c"]);
        assert!(ids("  ").is_empty());
        assert_eq!(search(&snapshot, "lake", 1).len(), 1);
    }
}
