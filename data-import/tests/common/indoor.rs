//! IndoorGML documents: two rooms with a door between them, and a storey with a corridor.

#![allow(dead_code)] // Each test binary uses its own part of this module.

/// A box as a solid: west, south, low, east, north, high. Its faces are `ID-0` (low), `ID-1` (high), south, east, north, west.
pub fn solid(id: &str, b: [f64; 6]) -> String {
    let corner = |k: usize| [[b[0], b[1]], [b[3], b[1]], [b[3], b[4]], [b[0], b[4]]][k % 4];
    let at = |k: usize| format!("{} {} {}", corner(k)[0], corner(k)[1], if k < 4 { b[2] } else { b[5] });
    let faces = [[0, 3, 2, 1, 0], [4, 5, 6, 7, 4], [0, 1, 5, 4, 0], [1, 2, 6, 5, 1], [2, 3, 7, 6, 2], [3, 0, 4, 7, 3]];
    let face = |(i, ring): (usize, &[usize; 5])| {
        let points: String = ring.iter().map(|k| format!("<gml:pos>{}</gml:pos>", at(*k))).collect();
        format!("<gml:surfaceMember><gml:Polygon gml:id=\"{id}-{i}\"><gml:exterior><gml:LinearRing>{points}</gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>")
    };
    let members: String = faces.iter().enumerate().map(face).collect();
    format!("<core:Geometry3D><gml:Solid gml:id=\"{id}-s\"><gml:exterior><gml:Shell>{members}</gml:Shell></gml:exterior></gml:Solid></core:Geometry3D>")
}

/// A cell with its dual state.
pub fn cell(kind: &str, id: &str, name: &str, b: [f64; 6], state: &str, more: &str) -> String {
    let duality = if state.is_empty() { String::new() } else { format!("<core:duality xlink:href=\"#{state}\"/>") };
    format!("<core:cellSpaceMember><{kind} gml:id=\"{id}\"><gml:name>{name}</gml:name><core:cellSpaceGeometry>{}</core:cellSpaceGeometry>{duality}{more}</{kind}></core:cellSpaceMember>", solid(id, b))
}

/// A state at a place, with its dual cell and the transitions it is an end of.
pub fn state(id: &str, at: [f64; 3], cell: &str, transitions: &[&str]) -> String {
    let connects: String = transitions.iter().map(|t| format!("<core:connects xlink:href=\"#{t}\"/>")).collect();
    format!("<core:stateMember><core:State gml:id=\"{id}\"><core:duality xlink:href=\"#{cell}\"/>{connects}<core:geometry><gml:Point><gml:pos>{} {} {}</gml:pos></gml:Point></core:geometry></core:State></core:stateMember>", at[0], at[1], at[2])
}

/// A transition between two states.
pub fn transition(id: &str, ends: [&str; 2], line: [[f64; 3]; 2], weight: f64) -> String {
    let at = |p: [f64; 3]| format!("{} {} {}", p[0], p[1], p[2]);
    format!(
        "<core:transitionMember><core:Transition gml:id=\"{id}\"><core:weight>{weight}</core:weight><core:connects xlink:href=\"#{}\"/><core:connects xlink:href=\"#{}\"/><core:geometry><gml:LineString srsDimension=\"3\"><gml:posList>{} {}</gml:posList></gml:LineString></core:geometry></core:Transition></core:transitionMember>",
        ends[0], ends[1], at(line[0]), at(line[1])
    )
}

/// A document of cells (and boundaries) and the layers of a graph.
pub fn document(members: &str, graph: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<core:IndoorFeatures xmlns:core=\"http://www.opengis.net/indoorgml/1.0/core\" xmlns:navi=\"http://www.opengis.net/indoorgml/1.0/navigation\" xmlns:gml=\"http://www.opengis.net/gml/3.2\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" gml:id=\"house\">\n<gml:name>临港小屋</gml:name><gml:boundedBy><gml:Envelope srsName=\"EPSG:4549\" srsDimension=\"3\"><gml:lowerCorner>684000 3420000 0</gml:lowerCorner><gml:upperCorner>684020 3420020 6</gml:upperCorner></gml:Envelope></gml:boundedBy>\n<core:primalSpaceFeatures><core:PrimalSpaceFeatures gml:id=\"primal\">{members}</core:PrimalSpaceFeatures></core:primalSpaceFeatures>\n<core:multiLayeredGraph><core:MultiLayeredGraph gml:id=\"graph\">{graph}</core:MultiLayeredGraph></core:multiLayeredGraph>\n</core:IndoorFeatures>\n"
    )
}

/// A layer of states and transitions.
pub fn layer(id: &str, states: &str, transitions: &str) -> String {
    format!("<core:spaceLayers gml:id=\"{id}-all\"><core:spaceLayerMember><core:SpaceLayer gml:id=\"{id}\"><core:class>TOPOGRAPHIC</core:class><core:nodes gml:id=\"{id}-nodes\">{states}</core:nodes><core:edges gml:id=\"{id}-edges\">{transitions}</core:edges></core:SpaceLayer></core:spaceLayerMember></core:spaceLayers>")
}

const X: f64 = 684_000.0;
const Y: f64 = 3_420_000.0;

/// A box in metres from the corner of the house.
pub fn place(b: [f64; 6]) -> [f64; 6] {
    [X + b[0], Y + b[1], b[2], X + b[3], Y + b[4], b[5]]
}

/// A position in metres from the corner of the house.
pub fn point(p: [f64; 3]) -> [f64; 3] {
    [X + p[0], Y + p[1], p[2]]
}

/// The cells of two rooms with a door cell in the wall between them.
pub fn two_rooms_cells() -> String {
    // The door's western face is that of a boundary between it and the room, which it links to.
    let boundary = format!(
        "<core:cellSpaceBoundaryMember><navi:ConnectionBoundary gml:id=\"edge\"><core:duality xlink:href=\"#TA\"/><core:cellSpaceBoundaryGeometry><core:geometry3D><gml:Polygon gml:id=\"edge-face\"><gml:exterior><gml:LinearRing><gml:posList srsDimension=\"3\">{x} {n} 0 {x} {s} 0 {x} {s} 2.1 {x} {n} 2.1 {x} {n} 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></core:geometry3D></core:cellSpaceBoundaryGeometry></navi:ConnectionBoundary></core:cellSpaceBoundaryMember>",
        x = X + 4.0, s = Y + 1.0, n = Y + 2.0
    );
    let door = cell("navi:ConnectionSpace", "D", "门", place([4.0, 1.0, 0.0, 4.2, 2.0, 2.1]), "SD", "<core:partialboundedBy xlink:href=\"#edge\"/>");
    let own = door.find("<gml:surfaceMember><gml:Polygon gml:id=\"D-5\"").unwrap_or(0);
    let end = door[own..].find("</gml:surfaceMember>").map_or(own, |i| own + i + "</gml:surfaceMember>".len());
    let door = format!("{}<gml:surfaceMember xlink:href=\"#edge-face\"/>{}", &door[..own], &door[end..]);
    let a = cell("navi:GeneralSpace", "A", "客厅", place([0.0, 0.0, 0.0, 4.0, 3.0, 3.0]), "SA", "<navi:class>1000</navi:class><navi:function>1010</navi:function><navi:usage>1010</navi:usage>");
    let a = a.replace("<gml:name>", "<gml:description>storey=\"1F\":height=3</gml:description><gml:name>");
    let b = cell("core:CellSpace", "B", "卧室", place([4.2, 0.0, 0.0, 8.0, 3.0, 3.0]), "SB", "");
    format!("{a}{door}{b}{boundary}")
}

/// The graph of two rooms and a door.
pub fn two_rooms_graph() -> String {
    let (a, d, b) = (point([2.0, 1.5, 1.0]), point([4.1, 1.5, 1.0]), point([6.0, 1.5, 1.0]));
    let states = state("SA", a, "A", &["TA"]) + &state("SD", d, "D", &["TA", "TB"]) + &state("SB", b, "B", &["TB"]);
    layer("L1", &states, &(transition("TA", ["SA", "SD"], [a, d], 2.1) + &transition("TB", ["SD", "SB"], [d, b], 1.9)))
}

/// Two rooms with a door.
pub fn two_rooms() -> String {
    document(&two_rooms_cells(), &two_rooms_graph())
}

/// A storey: a corridor, three rooms along it, an entrance; a second layer for one sensor, joined to the first.
pub fn storey() -> String {
    let room = |i: usize| place([4.0 * i as f64, 2.0, 3.0, 4.0 * i as f64 + 4.0, 6.0, 6.0]);
    let mut cells = cell("navi:TransitionSpace", "C", "走廊", place([0.0, 0.0, 3.0, 12.0, 2.0, 6.0]), "SC", "<navi:class>1020</navi:class><ext:storey xmlns:ext=\"http://a.example\">2</ext:storey>");
    cells += &cell("navi:AnchorSpace", "E", "入口", place([12.0, 0.5, 3.0, 12.3, 1.5, 5.1]), "SE", "");
    let centre = point([6.0, 1.0, 4.0]);
    let (mut states, mut transitions, mut of_corridor) = (String::new(), String::new(), vec!["TE".to_owned()]);
    for i in 0..3 {
        let floor = format!(
            "<core:Geometry2D><gml:Polygon gml:id=\"R{i}-floor\"><gml:exterior><gml:LinearRing><gml:posList srsDimension=\"3\">{w} {s} 3 {e} {s} 3 {e} {n} 3 {w} {n} 3 {w} {s} 3</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></core:Geometry2D>",
            w = room(i)[0], s = room(i)[1], e = room(i)[3], n = room(i)[4]
        );
        cells += &cell("navi:GeneralSpace", &format!("R{i}"), &format!("20{i}"), room(i), &format!("S{i}"), "").replace("</core:cellSpaceGeometry>", &format!("{floor}</core:cellSpaceGeometry>"));
        let at = point([4.0 * i as f64 + 2.0, 4.0, 4.0]);
        states += &state(&format!("S{i}"), at, &format!("R{i}"), &[&format!("T{i}")]);
        transitions += &transition(&format!("T{i}"), [&format!("S{i}"), "SC"], [at, centre], 3.0);
        of_corridor.push(format!("T{i}"));
    }
    let entrance = point([12.15, 1.0, 4.0]);
    states += &state("SC", centre, "C", &of_corridor.iter().map(String::as_str).collect::<Vec<_>>());
    states += &state("SE", entrance, "E", &["TE"]);
    transitions += &transition("TE", ["SC", "SE"], [centre, entrance], 6.15);
    let sensor = state("W0", point([6.0, 1.0, 5.5]), "", &[]).replace("<core:duality xlink:href=\"#\"/>", "");
    let joined = "<core:interEdges gml:id=\"between\"><core:interLayerConnectionMember><core:InterLayerConnection gml:id=\"I0\"><core:typeOfTopoExpression>CONTAINS</core:typeOfTopoExpression><core:interConnects xlink:href=\"#SC\"/><core:interConnects xlink:href=\"#W0\"/><core:ConnectedLayers xlink:href=\"#L1\"/><core:ConnectedLayers xlink:href=\"#L2\"/></core:InterLayerConnection></core:interLayerConnectionMember></core:interEdges>";
    document(&cells, &(layer("L1", &states, &transitions) + &layer("L2", &sensor, "") + joined))
}
