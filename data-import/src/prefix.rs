//! Ids of a source under a prefix of their own.
//!
//! Two files may use the same id for different things: a survey's first and second model of a house, a vendor's samples. Under a prefix
//! all objects of both can live in one store. A reference is a text that is the id of an object of the same source; so the source is
//! read twice: for its ids, and for what it says.

use qike_core::{Crs, Diagnostic};
use qike_scene::{Attributes, CityObject, Image, ObjectSink, Series, SinkError, SourceId, SourceInfo};
use serde_json::Value;
use std::collections::HashSet;

/// Takes the ids of a source's objects and nothing else.
pub struct Ids<'a> {
    /// The system that objects must be delivered in.
    pub crs: &'a Crs,
    /// All ids.
    pub ids: HashSet<String>,
}

impl ObjectSink for Ids<'_> {
    fn crs(&self) -> &Crs {
        self.crs
    }

    fn source(&mut self, _: SourceInfo) -> Result<SourceId, SinkError> {
        Ok(SourceId::default())
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        self.ids.insert(object.id.as_str().to_owned());
        Ok(())
    }

    fn series(&mut self, _: Series) -> Result<(), SinkError> {
        Ok(())
    }

    fn image(&mut self, _: Image) -> Result<(), SinkError> {
        Ok(())
    }

    fn about(&mut self, _: Attributes) -> Result<(), SinkError> {
        Ok(())
    }

    fn diagnostic(&mut self, _: Diagnostic) {}
}

/// Passes everything on, with the prefix before each id and each reference to one.
pub struct Prefixed<'a> {
    /// Where it goes.
    pub sink: &'a mut dyn ObjectSink,
    /// What stands before the ids.
    pub prefix: &'a str,
    /// The ids of the source's objects.
    pub ids: &'a HashSet<String>,
}

impl Prefixed<'_> {
    fn renamed(&self, id: &str) -> Option<String> {
        self.ids.contains(id).then(|| format!("{}{id}", self.prefix))
    }

    fn rename_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(renamed) = self.renamed(text) {
                    *text = renamed;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|v| self.rename_in(v)),
            Value::Object(map) => map.values_mut().for_each(|v| self.rename_in(v)),
            _ => {}
        }
    }
}

impl ObjectSink for Prefixed<'_> {
    fn crs(&self) -> &Crs {
        self.sink.crs()
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        self.sink.source(info)
    }

    fn object(&mut self, mut object: CityObject) -> Result<(), SinkError> {
        object.id = format!("{}{}", self.prefix, object.id).into();
        object.parent = object.parent.take().map(|parent| self.renamed(parent.as_str()).map_or(parent, Into::into));
        object.attributes.values_mut().for_each(|value| self.rename_in(value));
        self.sink.object(object)
    }

    fn series(&mut self, mut series: Series) -> Result<(), SinkError> {
        if let Some(renamed) = self.renamed(series.object.as_str()) {
            series.object = renamed.into();
        }
        self.sink.series(series)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        self.sink.image(image)
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        self.sink.about(about)
    }

    fn diagnostic(&mut self, mut diagnostic: Diagnostic) {
        if let Some(renamed) = diagnostic.object.as_deref().and_then(|id| self.renamed(id)) {
            diagnostic.object = Some(renamed);
        }
        self.sink.diagnostic(diagnostic);
    }
}

/// A prefix for each path that tells it from the others: its file name, with as many folders before it as that takes, and a colon.
pub fn telling_apart(paths: &[&str]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = paths.iter().map(|path| path.split(['/', '\\']).filter(|part| !part.is_empty()).collect()).collect();
    let end = |i: usize, n: usize| parts[i][parts[i].len().saturating_sub(n)..].join("/");
    (0..paths.len())
        .map(|i| {
            let told = (1..=parts[i].len()).find(|n| (0..paths.len()).all(|j| j == i || end(j, *n) != end(i, *n)));
            format!("{}:", end(i, told.unwrap_or(parts[i].len())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::Class;
    use qike_scene::sink::MemorySink;
    use serde_json::json;

    #[test]
    fn references_within_the_source_follow_and_other_texts_stay() {
        let mut sink = MemorySink::new(Crs::local());
        let ids = HashSet::from(["house".to_owned(), "room".to_owned()]);
        let mut prefixed = Prefixed { sink: &mut sink, prefix: "a:", ids: &ids };
        let mut room = CityObject::new("room", Class::BuildingRoom, SourceId(0));
        room.parent = Some("house".into());
        room.attributes.insert("doors".into(), json!([{"to": "room", "kind": "hall"}, "house of cards"]));
        prefixed.object(room).unwrap();
        let mut stray = CityObject::new("house", Class::Building, SourceId(0));
        stray.parent = Some("block of another file".into());
        prefixed.object(stray).unwrap();
        let [room, house] = &sink.objects[..] else { panic!("two objects") };
        assert_eq!((room.id.as_str(), room.parent.as_ref().map(|p| p.as_str())), ("a:room", Some("a:house")));
        assert_eq!(room.attributes["doors"], json!([{"to": "a:room", "kind": "hall"}, "house of cards"]));
        assert_eq!((house.id.as_str(), house.parent.as_ref().map(|p| p.as_str())), ("a:house", Some("block of another file")));
    }

    #[test]
    fn prefixes_are_as_short_as_tells_paths_apart() {
        assert_eq!(telling_apart(&["in/v2/a.gml", "in/v3/a.gml", "in/v3/b.gml"]), ["v2/a.gml:", "v3/a.gml:", "b.gml:"]);
        assert_eq!(telling_apart(&["a.gml", "x/a.gml"]), ["a.gml:", "x/a.gml:"]);
    }
}
