//! Faults of roads as a network, told of files and stores alike, with places on a map.

mod common;

use common::Place;
use serde_json::{Value, json};

/// Two streets that cross, a third that ends forty centimetres short of one, a one-way street that leads nowhere, and a
/// restriction that names a road which is not there.
const TOWN: &str = r#"<?xml version="1.0"?><osm version="0.6"><bounds minlat="30.89" minlon="121.89" maxlat="30.91" maxlon="121.91"/>
<node id="1" lat="30.9" lon="121.9"/><node id="2" lat="30.9" lon="121.898"/><node id="3" lat="30.9" lon="121.902"/>
<node id="4" lat="30.898" lon="121.9"/><node id="5" lat="30.902" lon="121.9"/><node id="6" lat="30.9000036" lon="121.901"/>
<node id="7" lat="30.901" lon="121.901"/><node id="8" lat="30.899" lon="121.903"/>
<way id="10"><nd ref="2"/><nd ref="1"/><nd ref="3"/><tag k="highway" v="residential"/></way>
<way id="11"><nd ref="4"/><nd ref="1"/><nd ref="5"/><tag k="highway" v="residential"/></way>
<way id="12"><nd ref="6"/><nd ref="7"/><tag k="highway" v="residential"/></way>
<way id="13"><nd ref="3"/><nd ref="8"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
<relation id="20"><member type="way" ref="10" role="from"/><member type="node" ref="1" role="via"/><member type="way" ref="99" role="to"/>
<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation></osm>"#;

#[test]
fn roads_are_checked_as_a_network() {
    let place = Place::new();
    place.write("town.osm", TOWN);
    place.qike("import town.osm --store town.gpkg").expect(0, &[]);
    for file in ["town.osm", "town.gpkg"] {
        let report = place.qike(&format!("validate {file} --json --report-geojson faults.geojson")).expect(0, &[]).json();
        let told: Vec<(&str, &str)> = report["warnings"].as_array().unwrap().iter().map(|w| (w["code"].as_str().unwrap(), w["object"].as_str().unwrap_or(""))).filter(|(code, _)| code.starts_with("r")).collect();
        assert_eq!(told, [("restriction-absent", "osm:way/10"), ("road-gap", "osm:way/12"), ("road-one-way-out", "osm:way/13"), ("road-unreachable", "")], "{file}: {report}");
        let map: Value = serde_json::from_slice(&place.bytes("faults.geojson")).unwrap();
        let gap = map["features"].as_array().unwrap().iter().find(|f| f["properties"]["code"] == json!("road-gap")).unwrap();
        let at = &gap["geometry"]["coordinates"];
        assert!((at[0].as_f64().unwrap() - 121.901).abs() < 1e-6 && (at[1].as_f64().unwrap() - 30.9000036).abs() < 1e-6, "{gap}");
    }
}
