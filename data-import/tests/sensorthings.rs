//! SensorThings in the forms in which services give it: expanded, as several collections, as data arrays, in several files.

mod common;

use common::{codes, import, object};
use qike_import::{SourceOptions, plan};
use qike_scene::Class;
use serde_json::{Value, json};
use std::fs;

fn thing() -> Value {
    json!({ "@iot.id": 17, "name": "Gauge at Dishui Lake", "description": "level and temperature", "properties": { "component_code": "310115012000000017", "owner": "水务局" },
        "Locations": [{ "@iot.id": 1, "name": "quay", "encodingType": "application/geo+json", "location": { "type": "Point", "coordinates": [121.93, 30.9, 3.5] } }],
        "Datastreams": [
            { "@iot.id": 5, "name": "level", "unitOfMeasurement": { "name": "metre", "symbol": "m" }, "ObservedProperty": { "@iot.id": 9, "name": "water level" }, "Sensor": { "@iot.id": 3, "name": "radar" },
              "Observations": [{ "@iot.id": 2, "phenomenonTime": "2024-05-01T08:10:00+08:00", "result": 2.75 }, { "@iot.id": 1, "phenomenonTime": "2024-05-01T08:00:00+08:00", "result": "2.70" }] },
            { "@iot.id": 6, "name": "temperature", "unitOfMeasurement": { "symbol": "°C" },
              "Observations": [{ "@iot.id": 4, "phenomenonTime": "2024-05-01T00:00:00Z/2024-05-01T00:10:00Z", "result": 18.5 }, { "@iot.id": 7, "phenomenonTime": "2024-05-01T00:10:00Z", "result": { "odd": 1 } },
                               { "@iot.id": 8, "phenomenonTime": "2024-05-01T00:20:00Z", "result": null }] },
        ] })
}

#[test]
fn things_with_everything_expanded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answer.json");
    fs::write(&path, json!({ "@iot.nextLink": "https://x/Things?$skip=1", "value": [thing()] }).to_string()).unwrap();
    let (sink, report) = import(&[path]);
    assert_eq!((report.left_out(), report.sources[0].format), (0, Some("sensorthings")));
    assert_eq!(codes(&sink), ["more-pages", "observation-not-number", "times-in-utc"]);
    let gauge = object(&sink, "sensorthings:thing/17");
    assert_eq!((gauge.class, gauge.str("function"), gauge.name.as_deref(), gauge.bounds().min[2]), (Class::CityFurniture, Some("sensor"), Some("Gauge at Dishui Lake"), 3.5));
    assert_eq!((gauge.str("owner"), gauge.str("district"), gauge.str("component_class")), (Some("水务局"), Some("310115"), Some("01")));
    assert_eq!(gauge.attributes["datastreams"][0], json!({ "name": "level", "observed_property": "water level", "unit": "m", "sensor": "radar", "id": "5" }));
    let [level, temperature] = sink.series.as_slice() else { panic!("two series") };
    assert_eq!((level.object.as_str(), level.quantity.as_str(), level.unit.as_str(), level.date.as_str()), ("sensorthings:thing/17", "water level", "m", "2024-05-01"));
    assert_eq!((level.values.as_slice(), level.times[0].to_string()), (&[2.70, 2.75][..], "08:00:00".to_owned()));
    assert_eq!((temperature.quantity.as_str(), temperature.values.len(), temperature.values[1].is_nan()), ("temperature", 2, true));
}

#[test]
fn collections_apart_in_one_file_and_in_several() {
    let things = json!({ "value": [{ "@iot.id": "a", "name": "gate", "Locations@iot.navigationLink": "Things('a')/Locations" }] });
    let locations = json!({ "value": [{ "@iot.id": 1, "name": "l", "encodingType": "application/vnd.geo+json", "Things": [{ "@iot.id": "a" }],
        "location": { "type": "Feature", "geometry": { "type": "Point", "coordinates": [121.93, 30.9] } } }] });
    let streams = json!({ "value": [{ "@iot.id": 2, "name": "people", "unitOfMeasurement": { "symbol": "1/h" }, "Thing": { "@iot.id": "a" } }] });
    let observations = json!({ "value": [{ "Datastream": { "@iot.id": 2 }, "components": ["phenomenonTime", "result"], "dataArray": [["2024-05-01 08:00", 5], ["2024-05-01 09:00", true]] },
        { "@iot.id": 77, "phenomenonTime": "2024-05-01", "result": 1 }] });
    let together = tempfile::tempdir().unwrap();
    let path = together.path().join("dump.json");
    fs::write(&path, json!({ "Things": things["value"], "Locations": locations, "Datastreams": streams["value"], "Observations": observations["value"] }).to_string()).unwrap();
    let apart = tempfile::tempdir().unwrap();
    for (name, value) in [("Things", &things), ("Locations", &locations), ("Datastreams", &streams), ("Observations", &observations)] {
        fs::write(apart.path().join(format!("{name}.json")), value.to_string()).unwrap();
    }
    assert_eq!(plan(&[apart.path().to_owned()], &SourceOptions::default()).len(), 1, "four files, one source");
    for place in [path, apart.path().to_owned()] {
        let (sink, _) = import(&[place]);
        assert_eq!((sink.objects.len(), codes(&sink)), (1, vec!["observation-homeless".to_owned()]), "{:?}", sink.diagnostics);
        assert!(!object(&sink, "sensorthings:thing/a").geometries.is_empty());
        assert_eq!((sink.series.len(), sink.series[0].values.as_slice()), (1, &[5.0, 1.0][..]));
    }
}
