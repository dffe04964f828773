//! Every code of val3dity has a file here that has this fault and no other.

mod common;
#[path = "../../../data-import/tests/common/indoor.rs"]
mod indoor;

use common::Place;
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Ring = Vec<[i64; 3]>;
/// A surface: its rings.
type Face = Vec<Ring>;

fn ring(points: &[[i64; 3]]) -> Ring {
    points.to_vec()
}

fn flat(points: &[[i64; 2]]) -> Ring {
    points.iter().map(|[x, y]| [*x, *y, 5000]).collect()
}

/// A box whose surfaces look outwards, by least and greatest corner in millimetres.
fn cuboid(b: [i64; 6]) -> Vec<Face> {
    let corner = |k: usize| [[b[0], b[1]], [b[3], b[1]], [b[3], b[4]], [b[0], b[4]]][k % 4];
    let at = |k: usize| [corner(k)[0], corner(k)[1], if k < 4 { b[2] } else { b[5] }];
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]].map(|face| vec![face.map(at).to_vec()]).to_vec()
}

fn inwards(faces: Vec<Face>) -> Vec<Face> {
    faces.into_iter().map(|face| face.into_iter().map(|ring| ring.into_iter().rev().collect()).collect()).collect()
}

/// A CityJSON file of objects: type, parent, kind of geometry, solids of shells of surfaces.
fn model(objects: &[(&str, &str, &str, &str, Vec<Vec<Vec<Face>>>)]) -> String {
    let (mut vertices, mut all): (Vec<[i64; 3]>, _) = (Vec::new(), serde_json::Map::new());
    for (id, class, parent, kind, solids) in objects {
        let mut number = |p: &[i64; 3]| {
            vertices.iter().position(|q| q == p).unwrap_or_else(|| {
                vertices.push(*p);
                vertices.len() - 1
            })
        };
        let mut face = |face: &Face| json!(face.iter().map(|ring| ring.iter().map(&mut number).collect::<Vec<_>>()).collect::<Vec<_>>());
        let mut shells = |shells: &Vec<Vec<Face>>| json!(shells.iter().map(|shell| shell.iter().map(&mut face).collect::<Vec<_>>()).collect::<Vec<_>>());
        let boundaries: Vec<Value> = solids.iter().map(&mut shells).collect();
        let boundaries = match *kind {
            "Solid" => boundaries[0].clone(),
            "MultiSurface" => boundaries[0][0].clone(),
            _ => json!(boundaries),
        };
        let mut object = json!({ "type": class, "geometry": [{ "type": kind, "lod": "2", "boundaries": boundaries }] });
        if !parent.is_empty() {
            object["parents"] = json!([parent]);
        }
        let children: Vec<_> = objects.iter().filter(|(_, _, up, ..)| up == id).map(|(child, ..)| *child).collect();
        if !children.is_empty() {
            object["children"] = json!(children);
        }
        all.insert((*id).to_owned(), object);
    }
    let transform = json!({ "scale": [0.001, 0.001, 0.001], "translate": [684_000.0, 3_420_000.0, 0.0] });
    let metadata = json!({ "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549" });
    json!({ "type": "CityJSON", "version": "2.0", "metadata": metadata, "transform": transform, "CityObjects": all, "vertices": vertices }).to_string()
}

fn polygon(rings: &[Ring]) -> String {
    model(&[("a", "LandUse", "", "MultiSurface", vec![vec![vec![rings.to_vec()]]])])
}

fn solid(shells: Vec<Vec<Face>>) -> String {
    model(&[("a", "Building", "", "Solid", vec![shells])])
}

fn composite(solids: Vec<Vec<Face>>) -> String {
    model(&[("a", "Building", "", "CompositeSolid", solids.into_iter().map(|shell| vec![shell]).collect())])
}

/// Klein's bottle, as a grid of 4 × 4 squares of two triangles.
fn one_sided() -> Vec<Face> {
    let at = |i: usize, j: usize| {
        let (i, j) = if i == 4 { (0, (4 - j) % 4) } else { (i, j % 4) };
        let (u, v) = (i as f64 * 1.57, j as f64 * 1.57);
        let metres = [(3.0 + v.cos()) * u.cos() * 10.0, (3.0 + v.cos()) * u.sin() * 10.0, v.sin() * 10.0 + 0.1 * i as f64];
        metres.map(|m| (m * 1000.0) as i64)
    };
    let squares = (0..16).map(|k| (k / 4, k % 4));
    squares.flat_map(|(i, j)| [vec![vec![at(i, j), at(i + 1, j), at(i + 1, j + 1)]], vec![vec![at(i, j), at(i + 1, j + 1), at(i, j + 1)]]]).collect()
}

/// Two pyramids on a square in the middle of a box of four metres, whose corners lie on its edges; they look inwards.
fn waist() -> Vec<Face> {
    let square = [[0, 0, 2000], [4000, 0, 2000], [4000, 4000, 2000], [0, 4000, 2000]];
    let sides = |k: usize| (square[k], square[(k + 1) % 4]);
    let faces = (0..4).flat_map(|k| {
        let (p, q) = sides(k);
        [vec![vec![q, p, [2000, 2000, 3000]]], vec![vec![p, q, [2000, 2000, 1000]]]]
    });
    faces.collect()
}

const BIG: [i64; 6] = [0, 0, 0, 4000, 4000, 4000];

/// Files by code: the name, what is in it, and options of the command.
fn fixtures() -> Vec<(u16, &'static str, String)> {
    let square = || flat(&[[0, 0], [10_000, 0], [10_000, 10_000], [0, 10_000]]);
    let hole = |x: i64, y: i64, side: i64| flat(&[[x, y], [x, y + side], [x + side, y + side], [x + side, y]]);
    let shell = || cuboid(BIG);
    let mut turned = shell();
    turned[1][0].reverse();
    let mut twice = shell();
    twice.push(twice[0].clone());
    let mut apart = shell();
    apart.extend(cuboid([9000, 0, 0, 10_000, 1000, 1000]));
    // The roof is a pyramid that is pushed down through the floor.
    let mut through = shell();
    through.remove(1);
    through.extend((0..4).map(|k| {
        let top = [[0, 0, 4000], [4000, 0, 4000], [4000, 4000, 4000], [0, 4000, 4000]];
        vec![vec![top[k], top[(k + 1) % 4], [2000, 2000, -1000]]]
    }));
    let with_hollow = |b: [i64; 6]| solid(vec![shell(), inwards(cuboid(b))]);
    let beside = |x: i64| composite(vec![shell(), cuboid([x, 0, 0, x + 4000, 4000, 4000])]);
    let gml = "<CityModel xmlns=\"http://www.opengis.net/citygml/2.0\" xmlns:gml=\"http://www.opengis.net/gml\" xmlns:luse=\"http://www.opengis.net/citygml/landuse/2.0\"><cityObjectMember><luse:LandUse gml:id=\"a\"><luse:lod1MultiSurface><gml:MultiSurface srsName=\"EPSG:4549\"><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList srsDimension=\"3\">684000 3420000 0 684010 3420000 0 684010 3420010 0 684000 3420010 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></luse:lod1MultiSurface></luse:LandUse></cityObjectMember></CityModel>";
    let rooms = indoor::two_rooms();
    let (near, far) = (indoor::place([4.2, 0.0, 0.0, 8.0, 3.0, 3.0]), |x: f64| indoor::place([x, 0.0, 0.0, x + 3.8, 3.0, 3.0]));
    let moved = |x: f64| rooms.replace(&indoor::solid("B", near), &indoor::solid("B", far(x)));
    let whole = polygon(&[square()]);
    let mut bare: Value = serde_json::from_str(&whole.replace("LandUse", "Building")).unwrap();
    bare["CityObjects"]["a"]["geometry"] = json!([]);
    bare["vertices"] = json!([]);
    let bare = bare.to_string();
    vec![
        (101, "a.city.json", polygon(&[ring(&[[0, 0, 0], [4000, 0, 0]])])),
        (102, "a.city.json", polygon(&[ring(&[[0, 0, 0], [4000, 0, 0], [4000, 0, 0], [4000, 3000, 0]])])),
        (103, "a.gml", gml.to_owned()),
        (104, "a.city.json", polygon(&[flat(&[[0, 0], [4000, 0], [4000, 3000], [2000, -1000], [0, 3000]])])),
        (201, "a.city.json", polygon(&[square(), hole(8000, 8000, 4000)])),
        (202, "a.city.json", polygon(&[square(), hole(2000, 2000, 2000), hole(2000, 2000, 2000)])),
        (203, "a.city.json", polygon(&[ring(&[[0, 0, 0], [4000, 0, 0], [4000, 4000, 100], [0, 4000, 0]])])),
        (204, "a.city.json", polygon(&[ring(&[[0, 0, 0], [40, 0, 0], [40, 40, 30], [0, 40, 0]])])),
        (205, "a.city.json", polygon(&[square(), flat(&[[0, 5000], [5000, 6000], [5000, 5000]]), flat(&[[5000, 5000], [5500, 6000], [10_000, 5000]])])),
        (206, "a.city.json", polygon(&[square(), hole(12_000, 2000, 2000)])),
        (207, "a.city.json", polygon(&[square(), hole(2000, 2000, 6000), hole(3000, 3000, 2000)])),
        (208, "a.city.json", polygon(&[square(), hole(2000, 2000, 2000).into_iter().rev().collect()])),
        (300, "a.city.json", solid(vec![one_sided()])),
        (301, "a.city.json", solid(vec![shell()[..3].to_vec()])),
        (302, "a.city.json", solid(vec![shell()[1..].to_vec()])),
        (303, "a.city.json", solid(vec![twice])),
        (305, "a.city.json", solid(vec![apart])),
        (306, "a.city.json", solid(vec![through])),
        (307, "a.city.json", solid(vec![turned])),
        (401, "a.city.json", with_hollow([3000, 3000, 3000, 5000, 5000, 5000])),
        (402, "a.city.json", with_hollow(BIG)),
        (403, "a.city.json", with_hollow([5000, 5000, 5000, 6000, 6000, 6000])),
        (404, "a.city.json", solid(vec![shell(), waist()])),
        (405, "a.city.json", solid(vec![inwards(shell())])),
        (501, "a.city.json", beside(3000)),
        (502, "a.city.json", beside(0)),
        (503, "a.city.json", beside(9000)),
        (601, "a.city.json", model(&[("a", "Building", "", "Solid", vec![vec![shell()]]), ("b", "BuildingPart", "a", "Solid", vec![vec![cuboid([3000, 1000, 0, 6000, 3000, 3000])]])])),
        (701, "a.gml", moved(4.1)),
        (702, "a.gml", rooms.replace("<gml:pos>684006 ", "<gml:pos>684060 ")),
        (703, "a.gml", rooms.replace("gml:id=\"SA\"><core:duality xlink:href=\"#A\"/>", "gml:id=\"SA\"><core:duality xlink:href=\"#B\"/>")),
        (703, "b.gml", rooms.replace("<core:connects xlink:href=\"#SB\"/>", "<core:connects xlink:href=\"#N666\"/>")),
        (704, "a.gml", moved(5.0)),
        (901, "a.poly", "8 3 0 0\n0 1 2 3\n".to_owned()),
        (902, "a.city.json", model(&[("a", "SolitaryVegetationObject", "", "Solid", vec![vec![vec![]]])])),
        (904, "a.city.json", "\u{89}PNG\r\n".to_owned()),
        (905, "a.city.json", whole[..whole.len() / 2].to_owned()),
        (906, "a.city.json", bare),
    ]
}

#[test]
fn each_code_is_told_of_a_file_that_has_this_fault_alone() {
    let place = Place::new();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (code, name, content) in fixtures() {
        let file = format!("{code}-{name}");
        place.write(&file, &content);
        let report = place.qike(&format!("validate {file} --json")).json();
        let all = ["errors", "warnings"].into_iter().flat_map(|key| report[key].as_array().unwrap().clone());
        // That a file does not exactly keep the rules of its format is another matter.
        let found: BTreeSet<String> = all.map(|d| d["code"].as_str().unwrap().to_owned()).collect();
        if found != BTreeSet::from([code.to_string()]) {
            wrong.push(format!("{code}: {found:?}"));
        }
        seen.insert(code);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Tolerances that cannot be (903) are wrong usage; 999 stands for a check that fails itself, to which no file is known to lead.
    place.qike("validate 204-a.city.json --snap-tol NaN").expect(2, &["[903]", "WRONG_INPUT_PARAMETERS"]);
    let all = (101..=104).chain(201..=208).chain([300, 301, 302, 303, 305, 306, 307]).chain(401..=405).chain(501..=503).chain([601]).chain(701..=704).chain([901, 902, 904, 905, 906]);
    assert_eq!(seen, all.collect(), "every code has its file");
}

#[test]
fn buildings_in_one_place_are_a_warning_and_their_walls_may_touch() {
    let place = Place::new();
    let house = |id: &'static str, b: [i64; 6]| (id, "Building", "", "Solid", vec![vec![cuboid(b)]]);
    place.write("town.city.json", model(&[house("a", BIG), house("b", [4000, 0, 0, 8000, 4000, 4000]), house("c", [7900, 0, 0, 9000, 4000, 4000]), house("d", [0, 0, 5000, 1000, 1000, 6000])]));
    place.qike("import town.city.json --store town.gpkg").expect(0, &[]);
    for file in ["town.city.json", "town.gpkg"] {
        let report = place.qike(&format!("validate {file} --json")).expect(0, &[]).json();
        let told: Vec<_> = report["warnings"].as_array().unwrap().iter().map(|w| (w["code"].as_str().unwrap(), w["object"].as_str().unwrap())).collect();
        assert_eq!(told, [("buildings-overlap", "c")], "{report}");
        assert!(report["warnings"][0]["message"].as_str().unwrap().contains("'b'"));
        let report = place.qike(&format!("validate {file} --json --overlap-tol 0.2")).expect(0, &[]).json();
        assert_eq!(report["warnings"], json!([]));
    }
}

#[test]
fn indoor_models_survive_a_store_and_cityjson() {
    let place = Place::new();
    for (name, text) in [("rooms", indoor::two_rooms()), ("storey", indoor::storey())] {
        place.write(&format!("{name}.gml"), text);
        place.qike(&format!("import {name}.gml --store {name}.gpkg")).expect(0, &[]);
        place.qike(&format!("validate {name}.gpkg")).expect(0, &[]);
        place.qike(&format!("export {name}.gpkg {name}.city.json")).expect(0, &[]);
        place.qike(&format!("diff {name}.gpkg {name}.city.json")).expect(0, &[]);
        place.qike(&format!("validate {name}.city.json")).expect(0, &[]);
    }
    // The graph can be asked.
    let found = place.qike("find storey.gpkg --where indoorgml_type=Transition --format json").json();
    assert_eq!(found["count"], json!(4), "{found}");
    // A broken graph is told from the store as from the file.
    place.write("broken.gml", indoor::two_rooms().replace("<core:connects xlink:href=\"#SB\"/>", "<core:connects xlink:href=\"#gone\"/>"));
    place.qike("import broken.gml --store broken.gpkg").expect(0, &[]);
    let report = place.qike("validate broken.gpkg --json").json();
    let told: BTreeSet<_> = report["errors"].as_array().unwrap().iter().map(|e| (e["code"].as_str().unwrap(), e["object"].as_str().unwrap())).collect();
    assert_eq!(told, BTreeSet::from([("703", "SB"), ("703", "TB")]));
}
