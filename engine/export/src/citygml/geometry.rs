//! The geometries of an object as properties of its element.
//!
//! CityGML 3.0 has one solid, one set of surfaces and one set of curves a level, levels 0 to 3, and thematic surfaces that hold the
//! faces. What fits is written so. What does not (a level 2.2, two solids at one level, a set of solids that do not touch) stands in
//! the nearest property, and the object's record says which elements are which geometry.

use super::ids::Ids;
use super::looks::{self, Look, Looks};
use super::numbers::Positions;
use super::surfaces::Surfaces;
use super::types::Kind;
use qike_scene::geometry::NONE;
use qike_scene::{Geometry, GeometryKind, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What the properties of an element hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Property {
    Point,
    Surface,
    Curve,
    Solid,
}

/// The geometries of one object, ready to be written.
#[derive(Default)]
pub struct Layout<'a> {
    /// Thematic surfaces.
    pub surfaces: Surfaces<'a>,
    /// Properties in the order of the schema: name and content.
    pub properties: Vec<(String, String)>,
    /// For the record: the ids of the elements of a geometry, its level, its kind.
    pub notes: Vec<Value>,
    /// Materials and textures with the ids of what they are put on.
    pub looks: Vec<Look>,
    /// The content of a cloud of points.
    pub cloud: Option<String>,
    /// Triangles of terrain.
    pub tin: Option<String>,
}

/// True where an element of that kind has room for all the geometries.
pub fn fits(kind: Kind, geometries: &[Geometry]) -> bool {
    let lone = |of: GeometryKind| matches!(geometries, [g] if g.kind == of && g.semantics.is_empty() && !g.indices.is_empty());
    match kind {
        Kind::Space | Kind::Construction => true,
        Kind::Logical => geometries.iter().all(|g| g.kind != GeometryKind::MultiPoint || is_point(g)),
        Kind::Surface => geometries.iter().all(|g| match g.kind {
            GeometryKind::MultiSurface | GeometryKind::Mesh => g.semantics.is_empty() && one_a_level(geometries, g),
            GeometryKind::MultiLine => g.lod.major() == 0 && one_a_level(geometries, g),
            _ => false,
        }),
        // One surface has one material.
        Kind::Tin => lone(GeometryKind::Mesh) && geometries.iter().all(|g| g.surface_material.is_empty() && g.appearance.is_none()),
        Kind::MassPoints => lone(GeometryKind::MultiPoint),
        Kind::Breaklines => lone(GeometryKind::MultiLine),
        Kind::ReliefFeature => geometries.is_empty(),
    }
}

fn one_a_level(geometries: &[Geometry], g: &Geometry) -> bool {
    let same = |other: &&Geometry| (property(other.kind), level(other)) == (property(g.kind), level(g));
    geometries.iter().filter(same).count() == 1
}

fn property(kind: GeometryKind) -> Property {
    match kind {
        GeometryKind::MultiPoint => Property::Point,
        GeometryKind::MultiLine => Property::Curve,
        GeometryKind::MultiSurface | GeometryKind::CompositeSurface | GeometryKind::Mesh => Property::Surface,
        GeometryKind::Solid | GeometryKind::MultiSolid | GeometryKind::CompositeSolid => Property::Solid,
    }
}

/// The level of CityGML 3.0 that is nearest.
fn level(g: &Geometry) -> u8 {
    g.lod.major().min(3)
}

fn is_point(g: &Geometry) -> bool {
    g.kind == GeometryKind::MultiPoint && g.indices.len() == 1 && g.lod.to_string() == "0"
}

/// One geometry on its way.
struct Work<'g> {
    g: &'g Geometry,
    number: usize,
    level: u8,
    /// An importer would not find it as it is: the record says it.
    noted: bool,
    /// Ids of its elements, for the record.
    ids: Vec<String>,
}

/// Lays out all geometries of an object for an element of the kind.
pub fn lay_out<'a>(geometries: &'a [Geometry], kind: Kind, positions: Positions, ids: &mut Ids) -> Layout<'a> {
    let mut out = Layout { surfaces: Surfaces::of(geometries), ..Layout::default() };
    let mut properties: BTreeMap<(u8, u8), (String, Vec<String>)> = BTreeMap::new();
    for (number, g) in geometries.iter().enumerate() {
        let noted = !is_natural(geometries, g, number, &out.surfaces, positions, kind);
        let mut work = Work { g, number, level: level(g), noted, ids: Vec::new() };
        match property(g.kind) {
            _ if g.indices.is_empty() => {}
            Property::Surface => surface(&mut work, kind, positions, ids, &mut out, &mut properties),
            Property::Solid => solid(&mut work, positions, ids, &mut out, &mut properties),
            Property::Curve => curve(&mut work, kind, positions, ids, &mut properties),
            Property::Point => points(&mut work, kind, positions, ids, &mut out, &mut properties),
        }
        if noted {
            let kind = format!("{:?}", g.kind);
            out.notes.push(serde_json::json!([work.ids, g.lod.to_string(), kind]));
        }
    }
    for ((level, order), (_, parts)) in properties {
        let (what, content) = match order {
            0 => ("Point", parts.concat()),
            1 => ("Solid", if let [only] = parts.as_slice() { only.clone() } else { composite(&parts) }),
            2 => ("MultiSurface", parts.concat()),
            _ => ("MultiCurve", parts.concat()),
        };
        out.properties.push((format!("core:lod{level}{what}"), content));
    }
    in_schema_order(&mut out.properties, kind);
    out
}

/// Level by level; of one level solids, surfaces, curves, but points first at the lowest, and curves first on thematic surfaces.
fn in_schema_order(properties: &mut [(String, String)], kind: Kind) {
    let rank = |name: &str| {
        let level = name.as_bytes().get(8).copied().unwrap_or(0);
        let what = match name.get(9..).unwrap_or_default() {
            "Point" => 0,
            "Solid" => 1,
            "MultiSurface" => 2,
            _ if kind == Kind::Surface => 1,
            _ => 3,
        };
        (level, what)
    };
    properties.sort_by_key(|(name, _)| rank(name));
}

/// Solids that share a property.
fn composite(solids: &[String]) -> String {
    let members: String = solids.iter().map(|s| format!("<gml:solidMember>{s}</gml:solidMember>")).collect();
    format!("<gml:CompositeSolid>{members}</gml:CompositeSolid>")
}

/// True where an importer that knows nothing of Qike makes the same geometry of what is written.
fn is_natural(all: &[Geometry], g: &Geometry, number: usize, surfaces: &Surfaces, positions: Positions, kind: Kind) -> bool {
    let lone = one_a_level(all, g);
    let level = g.lod.to_string().parse::<u8>().ok().filter(|l| *l <= 3);
    let (true, Some(level)) = (lone && !g.indices.is_empty(), level) else { return false };
    if (0..g.ring_ends.len()).any(|r| is_degenerate(g, r, positions)) {
        return false;
    }
    match g.kind {
        GeometryKind::MultiPoint => is_point(g) || kind == Kind::MassPoints,
        GeometryKind::MultiLine => matches!(level, 0 | 2 | 3) || kind == Kind::Breaklines,
        GeometryKind::Solid => level > 0 && g.solid_ends.len() == 1,
        GeometryKind::CompositeSolid => level > 0 && !g.solid_ends.is_empty(),
        GeometryKind::MultiSolid | GeometryKind::CompositeSurface => false,
        GeometryKind::Mesh => kind == Kind::Tin && g.indices.chunks_exact(3).all(|t| !is_flat(g, t, positions)),
        GeometryKind::MultiSurface => {
            // Faces of the property itself come first, then those of the thematic surfaces in their order.
            let place = |s: usize| {
                let semantic = g.surface_semantic.get(s).copied().filter(|n| *n != NONE)?;
                surfaces.number(number, semantic).map(|n| surfaces.place(n))
            };
            let places: Vec<Option<usize>> = (0..g.surface_ends.len()).map(place).collect();
            let bare = places.iter().any(Option::is_none);
            places.is_sorted() && !(bare && level == 1 && kind != Kind::Surface)
        }
    }
}

/// A ring that an importer would shorten: fewer than three corners, or the same one twice in a row.
fn is_degenerate(g: &Geometry, ring: usize, positions: Positions) -> bool {
    let points: Vec<[i64; 3]> = g.ring_points(ring).into_iter().map(|p| positions.grain(p)).collect();
    if g.kind == GeometryKind::MultiLine {
        return points.len() < 2;
    }
    points.len() < 3 || points.windows(2).any(|w| w[0] == w[1]) || points.first() == points.last()
}

fn is_flat(g: &Geometry, triangle: &[u32], positions: Positions) -> bool {
    let p: Vec<_> = triangle.iter().filter_map(|i| g.vertices.get(*i as usize)).map(|p| positions.grain(*p)).collect();
    p.len() < 3 || p[0] == p[1] || p[1] == p[2] || p[0] == p[2]
}

type Properties = BTreeMap<(u8, u8), (String, Vec<String>)>;

fn put(properties: &mut Properties, level: u8, order: u8, content: String) {
    properties.entry((level, order)).or_default().1.push(content);
}

/// ` gml:id="…"`, where there is one.
fn id_text(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| format!(" gml:id=\"{id}\""))
}

/// The text of a list of positions.
fn pos_list(g: &Geometry, indices: &[u32], closed: bool, positions: Positions, out: &mut String) {
    out.push_str("<gml:posList>");
    let first = if closed { indices.first() } else { None };
    let mut begun = false;
    for p in indices.iter().chain(first).filter_map(|i| g.vertices.get(*i as usize)) {
        if begun {
            out.push(' ');
        }
        begun = true;
        positions.put(*p, out);
    }
    out.push_str("</gml:posList>");
}

fn boundary(g: &Geometry, ring: &[u32], name: &str, id: Option<&str>, positions: Positions, out: &mut String) {
    let _ = write!(out, "<gml:{name}><gml:LinearRing{}>", id_text(id));
    pos_list(g, ring, true, positions, out);
    let _ = write!(out, "</gml:LinearRing></gml:{name}>");
}

/// A surface as a member.
fn member(g: &Geometry, surface: usize, id: Option<&str>, textured: bool, positions: Positions) -> String {
    let mut out = format!("<gml:surfaceMember><gml:Polygon{}>", id_text(id));
    if let Some(surface) = g.surface(surface) {
        for (number, ring) in surface.rings().enumerate() {
            let ring_id = id.filter(|_| textured).map(|id| looks::ring_id(id, number));
            boundary(g, ring, if number == 0 { "exterior" } else { "interior" }, ring_id.as_deref(), positions, &mut out);
        }
    }
    out.push_str("</gml:Polygon></gml:surfaceMember>\n");
    out
}

fn link(id: &str) -> String {
    format!("<gml:surfaceMember xlink:href=\"#{id}\"/>\n")
}

/// All faces of a geometry as members, in order. Faces with a semantic go to their thematic surface, and the member is a link to
/// them. The second is true where all faces went there.
fn members(work: &Work, root: Option<&str>, positions: Positions, ids: &mut Ids, out: &mut Layout) -> (Vec<String>, bool) {
    let g = work.g;
    let mut list = Vec::with_capacity(g.surface_ends.len());
    let mut all_there = true;
    let mut looks = Looks::of(g);
    for s in 0..g.surface_ends.len() {
        let home = g.surface_semantic.get(s).copied().filter(|n| *n != NONE).and_then(|n| out.surfaces.number(work.number, n));
        // One material for all is put on the whole.
        let wears = looks.wears(s) && !(looks.is_plain() && home.is_none() && root.is_some());
        let linked = home.is_some() && (work.noted || property(g.kind) == Property::Solid);
        let id = (wears || linked).then(|| ids.fresh());
        let face = member(g, s, id.as_deref(), wears && looks.has_texture(s), positions);
        match (home, &id) {
            (Some(home), Some(id)) if linked => {
                out.surfaces.face(home, work.level, &face);
                list.push(link(id));
            }
            (Some(home), _) => out.surfaces.face(home, work.level, &face),
            (None, _) => {
                all_there = false;
                list.push(face);
            }
        }
        if wears && let Some(id) = id {
            looks.put_on(s, &id);
        }
    }
    if looks.is_plain() && let Some(root) = root.filter(|_| !all_there) {
        looks.put_on(0, root);
    }
    out.looks.extend(looks.finish());
    (list, all_there)
}

/// Triangles as members: one surface for each run of triangles with one material.
fn triangles(g: &Geometry, positions: Positions, ids: &mut Ids, out: &mut Layout) -> String {
    let mut text = String::new();
    let mut looks = Looks::of(g);
    let count = g.indices.len() / 3;
    let mut start = 0;
    while start < count {
        let end = (start..count).find(|t| !looks.same(start, *t)).unwrap_or(count);
        let id = looks.wears(start).then(|| ids.fresh());
        let _ = writeln!(text, "<gml:surfaceMember>{}</gml:surfaceMember>", patches(g, start..end, id.as_deref(), positions));
        if let Some(id) = id {
            looks.put_on(start, &id);
        }
        start = end;
    }
    out.looks.extend(looks.finish());
    text
}

/// A mesh as surfaces of three corners: texture coordinates hang on rings.
fn as_surfaces(g: &Geometry) -> Geometry {
    let count = (g.indices.len() / 3) as u32;
    Geometry { ring_ends: (1..=count).map(|n| 3 * n).collect(), surface_ends: (1..=count).collect(), ..g.clone() }
}

fn patches(g: &Geometry, range: std::ops::Range<usize>, id: Option<&str>, positions: Positions) -> String {
    let mut text = format!("<gml:TriangulatedSurface{}><gml:patches>\n", id_text(id));
    for triangle in g.indices.chunks_exact(3).skip(range.start).take(range.len()) {
        text.push_str("<gml:Triangle>");
        boundary(g, triangle, "exterior", None, positions, &mut text);
        text.push_str("</gml:Triangle>\n");
    }
    text.push_str("</gml:patches></gml:TriangulatedSurface>");
    text
}

fn surface(work: &mut Work, kind: Kind, positions: Positions, ids: &mut Ids, out: &mut Layout, properties: &mut Properties) {
    let g = work.g;
    if kind == Kind::Tin {
        let id = (work.noted || !g.materials.is_empty()).then(|| ids.fresh());
        work.ids.extend(id.clone().filter(|_| work.noted));
        out.tin = Some(patches(g, 0..g.indices.len() / 3, id.as_deref(), positions));
        if let Some(id) = id {
            let mut looks = Looks::of(g);
            looks.put_on(0, &id);
            out.looks.extend(looks.finish());
        }
        return;
    }
    let root = (work.noted || g.materials.len() == 1).then(|| ids.fresh());
    let (content, all_there) = if g.kind == GeometryKind::Mesh && g.appearance.is_some() {
        let mesh = as_surfaces(g);
        let work = Work { g: &mesh, number: work.number, level: work.level, noted: work.noted, ids: Vec::new() };
        (members(&work, root.as_deref(), positions, ids, out).0.concat(), false)
    } else if g.kind == GeometryKind::Mesh {
        (triangles(g, positions, ids, out), false)
    } else {
        let (list, all_there) = members(work, root.as_deref(), positions, ids, out);
        (list.concat(), all_there)
    };
    if all_there && !work.noted {
        return;
    }
    let aggregate = format!("<gml:MultiSurface{}>\n{content}</gml:MultiSurface>", id_text(root.as_deref()));
    work.ids.extend(root.filter(|_| work.noted));
    let level = work.level;
    if kind == Kind::Surface || (level != 1 && !properties.contains_key(&(level, 2))) {
        put(properties, level, 2, aggregate);
    } else {
        out.surfaces.carry(level, aggregate);
    }
}

fn solid(work: &mut Work, positions: Positions, ids: &mut Ids, out: &mut Layout, properties: &mut Properties) {
    let g = work.g;
    let root = (work.noted || g.materials.len() == 1).then(|| ids.fresh());
    let (list, _) = members(work, root.as_deref(), positions, ids, out);
    let shells: Vec<String> = g.shells().map(|range| list.get(range).map(<[String]>::concat).unwrap_or_default()).collect();
    let mut solids = Vec::new();
    let mut start = 0;
    let lone = g.kind == GeometryKind::Solid && g.solid_ends.len() == 1;
    for end in &g.solid_ends {
        let own = shells.get(start..*end as usize).unwrap_or_default();
        start = *end as usize;
        let mut text = format!("<gml:Solid{}>", id_text(root.as_deref().filter(|_| lone)));
        for (number, shell) in own.iter().enumerate() {
            let name = if number == 0 { "exterior" } else { "interior" };
            let _ = write!(text, "<gml:{name}><gml:Shell>\n{shell}</gml:Shell></gml:{name}>");
        }
        text.push_str("</gml:Solid>");
        solids.push(text);
    }
    let content = match solids.as_slice() {
        [only] if lone => only.clone(),
        _ => {
            let members: String = solids.iter().map(|s| format!("<gml:solidMember>{s}</gml:solidMember>\n")).collect();
            format!("<gml:CompositeSolid{}>\n{members}</gml:CompositeSolid>", id_text(root.as_deref()))
        }
    };
    work.ids.extend(root.filter(|_| work.noted));
    put(properties, work.level.max(1), 1, content);
}

fn curve(work: &mut Work, kind: Kind, positions: Positions, ids: &mut Ids, properties: &mut Properties) {
    let g = work.g;
    let mut members = String::new();
    for line in 0..g.ring_ends.len() {
        let id = work.noted.then(|| ids.fresh());
        let _ = write!(members, "<gml:curveMember><gml:LineString{}>", id_text(id.as_deref()));
        pos_list(g, g.ring(line), false, positions, &mut members);
        members.push_str("</gml:LineString></gml:curveMember>\n");
        work.ids.extend(id);
    }
    // Curves have no property at level 1.
    let level = match work.level {
        1 if kind != Kind::Breaklines => 2,
        level => level,
    };
    put(properties, level, 3, members);
}

fn points(work: &mut Work, kind: Kind, positions: Positions, ids: &mut Ids, out: &mut Layout, properties: &mut Properties) {
    let g = work.g;
    let point = |index: u32, id: Option<&str>| {
        let mut text = format!("<gml:Point{}><gml:pos>", id_text(id));
        if let Some(p) = g.vertices.get(index as usize) {
            positions.put(*p, &mut text);
        }
        text.push_str("</gml:pos></gml:Point>");
        text
    };
    if let ([index], false) = (g.indices.as_slice(), kind == Kind::MassPoints)
        && !work.noted
    {
        put(properties, 0, 0, point(*index, None));
        return;
    }
    let cloud = out.cloud.get_or_insert_default();
    for index in &g.indices {
        let id = work.noted.then(|| ids.fresh());
        let _ = writeln!(cloud, "<gml:pointMember>{}</gml:pointMember>", point(*index, id.as_deref()));
        work.ids.extend(id);
    }
}
