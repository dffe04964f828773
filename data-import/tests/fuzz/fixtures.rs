//! Small files to damage: for each importer some written here, and those of the test data that it takes for its own.

use qike_core::testdata;
use qike_import::{IMPORTERS, Source, sniff};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files with more bytes than this, all of one source together, are left to other tests: damage to them is spread too thin.
const LARGEST: u64 = 200 << 10;

/// Sources for one importer.
const EACH: usize = 12;

/// A source as its files: the first is what is imported, or a folder's first file.
pub type Fixture = Vec<(PathBuf, Vec<u8>)>;

/// Written by hand where the data has no small file of the kind.
const WRITTEN: &[(&str, &[(&str, &str)])] = &[
    ("osm", &[("a.osm", r#"<?xml version="1.0"?><osm version="0.6"><bounds minlat="30.8" minlon="121.8" maxlat="31" maxlon="122"/><node id="1" lat="30.9" lon="121.9"/><node id="2" lat="30.901" lon="121.9"/><node id="3" lat="30.901" lon="121.901"/><node id="4" lat="30.9" lon="121.901"><tag k="highway" v="traffic_signals"/></node><way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="lanes" v="3"/></way><way id="11"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/><tag k="height" v="20 m"/><tag k="roof:shape" v="hipped"/></way><relation id="20"><member type="way" ref="11" role="outer"/><tag k="type" v="multipolygon"/><tag k="natural" v="water"/></relation></osm>"#)]),
    ("matsim", &[("network.xml", r#"<?xml version="1.0"?><!DOCTYPE network SYSTEM "http://www.matsim.org/files/dtd/network_v2.dtd"><network name="a"><attributes><attribute name="coordinateReferenceSystem" class="java.lang.String">EPSG:4549</attribute></attributes><nodes><node id="1" x="684000" y="3420000"/><node id="2" x="684500" y="3420000"/><node id="3" x="684500" y="3420500"/></nodes><links capperiod="01:00:00" effectivelanewidth="3.5"><link id="a" from="1" to="2" length="500" freespeed="13.9" capacity="1800" permlanes="2.0" modes="car,bike"/><link id="b" from="2" to="1" length="500" freespeed="13.9" capacity="900" permlanes="1" modes="car"/><link id="c" from="2" to="3" length="510" freespeed="8.3" capacity="600" permlanes="1" modes="walk"/></links></network>"#)]),
    ("sumo", &[("a.net.xml", include_str!("../common/junction.net.xml"))]),
    ("geojson", &[("a.geojson", r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"class":"Road","name":"x"},"geometry":{"type":"LineString","coordinates":[[121.9,30.9],[121.91,30.9]]}},{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":[[[[121.9,30.9],[121.91,30.9],[121.91,30.91],[121.9,30.9]]]]}}]}"#)]),
    ("obj", &[("a.obj", "mtllib a.mtl\no a\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0.5\nusemtl red\nf 1 2 3\nf -4/1/1 -2//2 -1\nl 1 2 3\np 1\n")]),
    ("table", &[
        ("t.map.toml", "file = \"t.csv\"\nformat = \"csv\"\ncrs = \"EPSG:4326\"\n[[layer]]\nclass = \"CityFurniture\"\nid = \"lamp:{a}\"\nname = \"{b}\"\nposition = { lon = \"x\", lat = \"y\", z = \"h\" }\n[layer.set]\nfunction = \"street_lamp\"\n[[series]]\nobject = \"lamp:{a}\"\nquantity = \"q\"\nunit = \"h\"\ntime = \"t\"\nvalue = \"h\"\n"),
        ("t.csv", "a,b,x,y,h,t\n1,one,121.9,30.9,4,2025-01-01T00:00:00\n2,two,121.91,30.9,5,1735700000000\n"),
    ]),
    ("gtfs", &[
        ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\n1,A,http://a.example,Asia/Shanghai\n"),
        ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\ns1,One,30.9,121.9\ns2,Two,30.91,121.91\n"),
        ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type,route_color\nr,1,R,Red,3,FF0000\n"),
        ("trips.txt", "route_id,service_id,trip_id,shape_id\nr,w,t1,p\n"),
        ("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt1,08:00:00,08:00:30,s1,1\nt1,25:10:00,25:10:30,s2,2\n"),
        ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nw,1,1,1,1,1,0,0,20250101,20251231\n"),
        ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\np,30.9,121.9,1\np,30.91,121.91,2\n"),
    ]),
    ("poly", &[("a.poly", "4 3 0 0\n0 0 0 0\n1 4 0 0\n2 0 3 0\n3 0 0 5\n4 0\n1 0\n3 0 2 1\n1 0\n3 0 1 3\n1 0\n3 1 2 3\n1 0\n3 2 0 3\n0\n0\n")]),
    ("epanet", &[("a.inp", "[JUNCTIONS]\n;id elev demand\nJ1 10 5\nJ2 12 3\n[RESERVOIRS]\nR1 50\n[PIPES]\nP1 R1 J1 100 300 120 0 Open\nP2 J1 J2 80 200 120 0 CV\n[PUMPS]\nU1 J1 J2 HEAD 1\n[CURVES]\n1 0 40\n[OPTIONS]\nUnits LPS\n[COORDINATES]\nR1 500000 3400000\nJ1 500100 3400000\nJ2 500180 3400000\n[VERTICES]\nP1 500050 3400010\n[END]\n")]),
    ("swmm", &[("a.inp", "[TITLE]\nx\n[OPTIONS]\nFLOW_UNITS CMS\n[JUNCTIONS]\nJ1 1.5 3 0 0 0\n[OUTFALLS]\nO1 0.5 FREE NO\n[CONDUITS]\nC1 J1 O1 120 0.013 0.1 0\n[XSECTIONS]\nC1 CIRCULAR 0.6 0 0 0 1\n[SUBCATCHMENTS]\nS1 R J1 2 50 100 0.5 0\n[COORDINATES]\nJ1 500000 3400000\nO1 500120 3400000\n[Polygons]\nS1 500000 3400000\nS1 500050 3400000\nS1 500050 3400050\n")]),
    ("sensorthings", &[("s.json", r#"{"@iot.nextLink":"https://x/Things?$skip=1","value":[{"@iot.id":1,"name":"a","properties":{"component_code":"310115012000000017"},"Locations":[{"@iot.id":1,"encodingType":"application/geo+json","location":{"type":"Point","coordinates":[121.9,30.9,3.5]}}],"Datastreams":[{"@iot.id":2,"name":"t","unitOfMeasurement":{"symbol":"C"},"ObservedProperty":{"@iot.id":9,"name":"level"},"Observations":[{"@iot.id":3,"phenomenonTime":"2024-01-01T00:00:00Z","result":1.5},{"@iot.id":4,"phenomenonTime":"2024-01-01T00:00:00+08:00/2024-01-02T00:00:00Z","result":"2"}]},{"@iot.id":5,"Observations@iot.nextLink":"x","Observations":[{"components":["phenomenonTime","result"],"dataArray":[["2024-01-01T00:00:00Z",1]]}]}]}]}"#)]),
    ("cityjson", &[
        ("a.city.json", r#"{"type":"CityJSON","version":"2.0","metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},"transform":{"scale":[0.001,0.001,0.001],"translate":[684000,3420000,0]},"CityObjects":{"a":{"type":"Building","attributes":{"measuredHeight":3,"x":[1,{"y":null}]},"children":["b"],"geometry":[{"type":"Solid","lod":"2.2","boundaries":[[[[0,2,1]],[[0,1,3]],[[1,2,3]],[[2,0,3]]]],"semantics":{"surfaces":[{"type":"GroundSurface"},{"type":"WallSurface","parent":0}],"values":[[0,1,1,null]]},"texture":{"t":{"values":[[[[0,0,1,2]],[[null]],[[null]],[[null]]]]}},"material":{"m":{"values":[[0,null,0,0]]}}}]},"b":{"type":"BuildingPart","parents":["a"],"geometry":[{"type":"GeometryInstance","template":0,"boundaries":[3],"transformationMatrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]}]}},"appearance":{"materials":[{"name":"m","diffuseColor":[1,0,0]}],"textures":[{"type":"PNG","image":"a.png"}],"vertices-texture":[[0,0],[1,0],[1,1]]},"geometry-templates":{"templates":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}],"vertices-templates":[[0,0,0],[1,0,0],[0,1,0]]},"vertices":[[0,0,0],[4000,0,0],[0,3000,0],[0,0,5000]]}"#),
    ]),
    ("cityjson", &[("a.city.jsonl", "{\"type\":\"CityJSON\",\"version\":\"2.0\",\"transform\":{\"scale\":[0.001,0.001,0.001],\"translate\":[684000,3420000,0]},\"CityObjects\":{},\"vertices\":[]}\n{\"type\":\"CityJSONFeature\",\"id\":\"a\",\"CityObjects\":{\"a\":{\"type\":\"Road\",\"geometry\":[{\"type\":\"MultiSurface\",\"lod\":\"1\",\"boundaries\":[[[0,1,2]]]}]}},\"vertices\":[[0,0,0],[1000,0,0],[0,1000,0]]}\n")]),
    ("citygml", &[("a.gml", r##"<?xml version="1.0"?><CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:bldg="http://www.opengis.net/citygml/building/2.0" xmlns:xlink="http://www.w3.org/1999/xlink"><gml:boundedBy><gml:Envelope srsName="EPSG:4549" srsDimension="3"><gml:lowerCorner>684000 3420000 0</gml:lowerCorner><gml:upperCorner>684010 3420010 9</gml:upperCorner></gml:Envelope></gml:boundedBy><cityObjectMember><bldg:Building gml:id="a"><bldg:lod2Solid><gml:Solid><gml:exterior><gml:CompositeSurface><gml:surfaceMember xlink:href="#p"/><gml:surfaceMember xlink:href="#q"/></gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod2Solid><bldg:boundedBy><bldg:WallSurface gml:id="w"><bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon gml:id="p"><gml:exterior><gml:LinearRing><gml:posList>684000 3420000 0 684010 3420000 0 684010 3420000 9 684000 3420000 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember><gml:surfaceMember><gml:OrientableSurface orientation="-" gml:id="q"><gml:baseSurface xlink:href="#p"/></gml:OrientableSurface></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface></bldg:WallSurface></bldg:boundedBy></bldg:Building></cityObjectMember></CityModel>"##)]),
    ("ifc", &[("a.ifc", "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('a','',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCCARTESIANPOINT((0.,0.,0.));\n#2=IFCAXIS2PLACEMENT3D(#1,$,$);\n#3=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#2,$);\n#4=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);\n#5=IFCUNITASSIGNMENT((#4));\n#6=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'p',$,$,$,$,(#3),#5);\n#7=IFCLOCALPLACEMENT($,#2);\n#8=IFCBUILDING('1YvctVUKr0kugbFTf53O9L',$,'b',$,$,#7,$,$,.ELEMENT.,$,$,$);\n#9=IFCRELAGGREGATES('2YvctVUKr0kugbFTf53O9L',$,$,$,#6,(#8));\n#10=IFCCARTESIANPOINT((0.,0.));\n#11=IFCAXIS2PLACEMENT2D(#10,$);\n#12=IFCRECTANGLEPROFILEDEF(.AREA.,$,#11,4.,0.2);\n#13=IFCDIRECTION((0.,0.,1.));\n#14=IFCEXTRUDEDAREASOLID(#12,#2,#13,3.);\n#15=IFCSHAPEREPRESENTATION(#3,'Body','SweptSolid',(#14));\n#16=IFCPRODUCTDEFINITIONSHAPE($,$,(#15));\n#17=IFCWALL('3YvctVUKr0kugbFTf53O9L',$,'w',$,$,#7,#16,$,$);\n#18=IFCRELCONTAINEDINSPATIALSTRUCTURE('4YvctVUKr0kugbFTf53O9L',$,$,$,(#17),#8);\nENDSEC;\nEND-ISO-10303-21;\n")]),
];

/// The fixtures of each importer, by its name.
pub fn all() -> BTreeMap<&'static str, Vec<Fixture>> {
    let mut found: BTreeMap<&'static str, Vec<Fixture>> = IMPORTERS.iter().map(|i| (i.name(), Vec::new())).collect();
    for (importer, files) in WRITTEN {
        list_of(&mut found, importer).push(files.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec())).collect());
    }
    for (importer, files) in super::made::all() {
        list_of(&mut found, importer).push(files);
    }
    for root in ["citymodel", "bim", "gis", "lingang", "iot", "traffic/gtfs"] {
        if let Some(root) = testdata::path(root) {
            gather(&root, &mut found, 0);
        }
    }
    found
}

fn list_of<'f>(found: &'f mut BTreeMap<&'static str, Vec<Fixture>>, importer: &str) -> &'f mut Vec<Fixture> {
    found.get_mut(importer).unwrap_or_else(|| panic!("there is no importer '{importer}'"))
}

/// Walks a folder in the order of names.
fn gather(folder: &Path, found: &mut BTreeMap<&'static str, Vec<Fixture>>, depth: usize) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let folder = path.is_dir();
        if folder && depth < 5 {
            gather(&path, found, depth + 1);
        }
        if !folder && path.metadata().map_or(true, |m| m.len() > LARGEST) {
            continue;
        }
        let Ok(importer) = sniff(&path) else { continue };
        let Some(list) = found.get_mut(importer.name()) else { continue };
        // Kinds of files of one format differ most by their endings and folders.
        let alike = |f: &Fixture| f[0].0.extension() == path.extension() && f[0].0.parent() == path.parent();
        if list.len() < EACH && list.iter().filter(|f| alike(f)).count() < 3 {
            list.extend(read(&path, &importer.consumes(&Source::new(&path))));
        }
    }
}

/// A source with the files it needs: those in it, where it is a folder; else those with the same stem, and those it names.
fn read(path: &Path, consumed: &[PathBuf]) -> Option<Fixture> {
    let mut paths = if path.is_dir() { Vec::new() } else { vec![path.to_path_buf()] };
    let inside = if path.is_dir() { path } else { path.parent()? };
    let stem = |p: &Path| p.file_name().map(|n| n.to_string_lossy().split('.').next().unwrap_or_default().to_owned());
    let mut beside: Vec<PathBuf> = std::fs::read_dir(inside).ok()?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    beside.sort();
    paths.extend(beside.into_iter().filter(|p| p != path && (path.is_dir() || stem(p) == stem(path) || consumed.contains(p))));
    let total: u64 = paths.iter().filter_map(|p| Some(p.metadata().ok()?.len())).sum();
    if total > LARGEST || paths.is_empty() {
        return None;
    }
    paths.into_iter().map(|p| Some((p.clone(), std::fs::read(p).ok()?))).collect()
}
