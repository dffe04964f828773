//! The station model as IFC4: hierarchy, placements, shapes, colours, properties, relations.

use super::model::{Kind, Model, Product, Profile, Q, Solid, Value, guid};
use super::step::{Id, Step, list, real, text};
use crate::geo::P;
use crate::place::EPSG;
use std::collections::BTreeMap;

/// Name, red, green, blue, transparency.
const COLOURS: [(&str, f64, f64, f64, f64); 19] = [
    ("concrete", 0.72, 0.72, 0.70, 0.0), ("plaster", 0.93, 0.92, 0.88, 0.0), ("floor", 0.80, 0.78, 0.74, 0.0), ("glass", 0.62, 0.80, 0.88, 0.65),
    ("door", 0.45, 0.50, 0.56, 0.0), ("gate", 0.93, 0.45, 0.15, 0.2), ("steel", 0.60, 0.63, 0.66, 0.0), ("stair", 0.66, 0.64, 0.60, 0.0),
    ("roof", 0.25, 0.45, 0.60, 0.0), ("duct", 0.75, 0.79, 0.82, 0.0), ("fire", 0.80, 0.12, 0.10, 0.0), ("water", 0.15, 0.45, 0.80, 0.0),
    ("drain", 0.40, 0.32, 0.25, 0.0), ("light", 1.0, 0.97, 0.85, 0.0), ("wood", 0.72, 0.54, 0.34, 0.0), ("machine", 0.15, 0.42, 0.62, 0.0),
    ("sign", 0.05, 0.30, 0.62, 0.0), ("space", 0.85, 0.93, 0.80, 0.85), ("other", 0.7, 0.7, 0.7, 0.0),
];

struct Writer {
    s: Step,
    body: Id,
    styles: BTreeMap<&'static str, Id>,
}

fn point(s: &mut Step, q: &[f64]) -> Id {
    let n: Vec<String> = q.iter().map(|v| real(*v)).collect();
    s.add(&format!("IFCCARTESIANPOINT(({}))", n.join(",")))
}

fn direction(s: &mut Step, q: Q) -> Id {
    let n: Vec<String> = q.iter().map(|v| real(*v)).collect();
    s.add(&format!("IFCDIRECTION(({}))", n.join(",")))
}

fn axes(s: &mut Step, at: Q, axis: Q, reference: Q) -> Id {
    let (p, a, r) = (point(s, &at), direction(s, axis), direction(s, reference));
    s.add(&format!("IFCAXIS2PLACEMENT3D({p},{a},{r})"))
}

fn placement(s: &mut Step, parent: Option<Id>, at: Q) -> Id {
    let a = axes(s, at, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]);
    let parent = parent.map_or_else(|| "$".into(), |p| p.to_string());
    s.add(&format!("IFCLOCALPLACEMENT({parent},{a})"))
}

/// Writes the file. `origin` are easting and northing of the local origin, `x_axis` the local x axis on the map.
pub fn write(m: &Model, origin: P, x_axis: P) -> String {
    let mut s = Step::default();
    let world = axes(&mut s, [0.0; 3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]);
    let context = s.add(&format!("IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,{world},$)"));
    let body = s.add(&format!("IFCGEOMETRICREPRESENTATIONSUBCONTEXT('Body','Model',*,*,*,*,{context},$,.MODEL_VIEW.,$)"));
    let crs = s.add(&format!(
        "IFCPROJECTEDCRS('EPSG:{EPSG}','CGCS2000 / 3-degree Gauss-Kruger CM 120E','CGCS2000',$,'Gauss-Kruger','CM 120E',$)"
    ));
    s.add(&format!(
        "IFCMAPCONVERSION({context},{crs},{},{},0.,{},{},1.)",
        real(origin[0]), real(origin[1]), real(x_axis[0]), real(x_axis[1])
    ));
    let units: Vec<Id> = [("LENGTHUNIT", "METRE"), ("AREAUNIT", "SQUARE_METRE"), ("VOLUMEUNIT", "CUBIC_METRE"), ("PLANEANGLEUNIT", "RADIAN")]
        .iter()
        .map(|(kind, name)| s.add(&format!("IFCSIUNIT(*,.{kind}.,$,.{name}.)")))
        .collect();
    let units = s.add(&format!("IFCUNITASSIGNMENT({})", list(&units)));
    let project = s.add(&format!(
        "IFCPROJECT('{}',$,{},$,$,$,$,({context}),{units})",
        guid("project", "station"), text("滴水湖站 Dishui Lake Station")
    ));
    let site_at = placement(&mut s, None, [0.0; 3]);
    let site = s.add(&format!("IFCSITE('{}',$,{},$,$,{site_at},$,$,.ELEMENT.,$,$,0.,$,$)", guid("site", "square"), text("站前广场 Station Square")));
    let building_at = placement(&mut s, Some(site_at), [0.0; 3]);
    let building = s.add(&format!(
        "IFCBUILDING('{}',$,{},$,$,{building_at},$,{},.ELEMENT.,0.,0.,$)",
        guid("building", "station"), text("滴水湖站"), text("轨道交通16号线滴水湖站 Dishui Lake Station, Line 16")
    ));
    let mut storeys = Vec::new();
    for st in &m.storeys {
        let at = placement(&mut s, Some(building_at), [0.0, 0.0, st.elevation]);
        let id = s.add(&format!(
            "IFCBUILDINGSTOREY('{}',$,{},$,$,{at},$,{},.ELEMENT.,{})",
            guid("storey", st.name), text(st.name), text(st.long_name), real(st.elevation)
        ));
        storeys.push((id, at));
    }
    let storey_ids: Vec<Id> = storeys.iter().map(|(id, _)| *id).collect();
    for (name, parent, children) in [("project", project, vec![site]), ("site", site, vec![building]), ("building", building, storey_ids)] {
        s.add(&format!("IFCRELAGGREGATES('{}',$,$,$,{parent},{})", guid("aggregates", name), list(&children)));
    }
    let mut w = Writer { s, body, styles: BTreeMap::new() };
    w.colours();
    let ids: Vec<Id> = m.products.iter().map(|p| w.product(p, storeys[p.storey].1)).collect();
    w.relate(m, &ids, &storeys);
    w.s.finish("station.ifc", "2026-09-01T00:00:00", "IFC4")
}

impl Writer {
    fn colours(&mut self) {
        for (name, r, g, b, t) in COLOURS {
            let c = self.s.add(&format!("IFCCOLOURRGB($,{},{},{})", real(r), real(g), real(b)));
            let shade = self.s.add(&format!("IFCSURFACESTYLERENDERING({c},{},$,$,$,$,$,$,.NOTDEFINED.)", real(t)));
            let style = self.s.add(&format!("IFCSURFACESTYLE('{name}',.BOTH.,({shade}))"));
            self.styles.insert(name, style);
        }
    }

    fn curve(&mut self, ring: &[P]) -> Id {
        let mut points: Vec<Id> = ring.iter().map(|p| point(&mut self.s, p)).collect();
        points.extend(points.first().copied());
        self.s.add(&format!("IFCPOLYLINE({})", list(&points)))
    }

    /// A solid moved so that `origin` becomes 0.
    fn solid(&mut self, solid: &Solid, origin: Q, colour: &'static str) -> Id {
        // Upright profiles hold plan coordinates, so they move themselves; others move with their position.
        let upright = solid.axis == [0.0, 0.0, 1.0] && matches!(solid.profile, Profile::Polygon(..));
        let (shift, at) = if upright {
            ([origin[0], origin[1]], [0.0, 0.0, solid.at[2] - origin[2]])
        } else {
            ([0.0, 0.0], [solid.at[0] - origin[0], solid.at[1] - origin[1], solid.at[2] - origin[2]])
        };
        let profile = match &solid.profile {
            Profile::Circle(r) => self.s.add(&format!("IFCCIRCLEPROFILEDEF(.AREA.,$,$,{})", real(*r))),
            Profile::Polygon(ring, holes) => {
                let moved = |r: &[P]| r.iter().map(|p| [p[0] - shift[0], p[1] - shift[1]]).collect::<Vec<P>>();
                let outer = self.curve(&moved(ring));
                let inner: Vec<Id> = holes.iter().map(|h| self.curve(&moved(h))).collect();
                if inner.is_empty() {
                    self.s.add(&format!("IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,{outer})"))
                } else {
                    self.s.add(&format!("IFCARBITRARYPROFILEDEFWITHVOIDS(.AREA.,$,{outer},{})", list(&inner)))
                }
            }
        };
        let position = axes(&mut self.s, at, solid.axis, solid.reference);
        let up = direction(&mut self.s, [0.0, 0.0, 1.0]);
        let item = self.s.add(&format!("IFCEXTRUDEDAREASOLID({profile},{position},{up},{})", real(solid.depth)));
        if let Some(style) = self.styles.get(colour).or(self.styles.get("other")) {
            self.s.add(&format!("IFCSTYLEDITEM({item},({style}),$)"));
        }
        item
    }

    fn product(&mut self, p: &Product, storey_at: Id) -> Id {
        let origin = origin_of(p);
        let at = placement(&mut self.s, Some(storey_at), origin);
        let items: Vec<Id> = p.solids.iter().map(|s| self.solid(s, origin, p.colour)).collect();
        let shape = if items.is_empty() {
            "$".to_string()
        } else {
            let rep = self.s.add(&format!("IFCSHAPEREPRESENTATION({},'Body','SweptSolid',{})", self.body, list(&items)));
            self.s.add(&format!("IFCPRODUCTDEFINITIONSHAPE($,$,({rep}))")).to_string()
        };
        let (entity, rest) = entity(&p.kind);
        let kind = p.object_type.map_or_else(|| "$".into(), text);
        let id = guid("product", &p.name);
        self.s.add(&format!("{entity}('{id}',$,{},$,{kind},{at},{shape},{rest})", text(&p.name)))
    }

    fn relate(&mut self, m: &Model, ids: &[Id], storeys: &[(Id, Id)]) {
        for (n, (storey, _)) in storeys.iter().enumerate() {
            let (mut spaces, mut elements) = (Vec::new(), Vec::new());
            for (p, id) in m.products.iter().zip(ids).filter(|(p, _)| p.storey == n) {
                match p.kind {
                    Kind::Space { .. } => spaces.push(*id),
                    Kind::Opening | Kind::Flight { .. } => {}
                    _ => elements.push(*id),
                }
            }
            let name = m.storeys[n].name;
            self.s.add(&format!("IFCRELAGGREGATES('{}',$,$,$,{storey},{})", guid("spaces of", name), list(&spaces)));
            self.s.add(&format!("IFCRELCONTAINEDINSPATIALSTRUCTURE('{}',$,$,$,{},{storey})", guid("elements of", name), list(&elements)));
        }
        for (p, id) in m.products.iter().zip(ids) {
            let Some(host) = p.host else { continue };
            let (rel, order) = match p.kind {
                Kind::Opening => ("IFCRELVOIDSELEMENT", format!("{},{id}", ids[host])),
                Kind::Door { .. } => ("IFCRELFILLSELEMENT", format!("{},{id}", ids[host])),
                _ => ("IFCRELAGGREGATES", format!("{},({id})", ids[host])),
            };
            self.s.add(&format!("{rel}('{}',$,$,$,{order})", guid("host of", &p.name)));
        }
        for (p, id) in m.products.iter().zip(ids) {
            for (set, properties) in &p.sets {
                let values: Vec<Id> = properties.iter().map(|(k, v)| self.s.add(&format!("IFCPROPERTYSINGLEVALUE('{k}',$,{},$)", value(v)))).collect();
                let name = format!("{set} of {}", p.name);
                let set = self.s.add(&format!("IFCPROPERTYSET('{}',$,'{set}',$,{})", guid("set", &name), list(&values)));
                self.s.add(&format!("IFCRELDEFINESBYPROPERTIES('{}',$,$,$,({id}),{set})", guid("defines", &name)));
            }
        }
    }
}

/// The corner that a product is placed at.
fn origin_of(p: &Product) -> Q {
    match p.solids.first() {
        Some(Solid { profile: Profile::Polygon(ring, _), axis, at, .. }) if *axis == [0.0, 0.0, 1.0] => {
            let b = crate::geo::bounds(ring);
            [b[0], b[1], at[2]]
        }
        Some(s) => s.at,
        None => [0.0; 3],
    }
}

fn value(v: &Value) -> String {
    match v {
        Value::Bool(b) => format!("IFCBOOLEAN({})", if *b { ".T." } else { ".F." }),
        Value::Text(t) => format!("IFCLABEL({})", text(t)),
        Value::Length(l) => format!("IFCPOSITIVELENGTHMEASURE({})", real(*l)),
        Value::Real(r) => format!("IFCREAL({})", real(*r)),
        Value::Count(n) => format!("IFCINTEGER({n})"),
    }
}

/// The entity's name and its arguments after the shape.
fn entity(kind: &Kind) -> (&'static str, String) {
    match kind {
        Kind::Space { long_name } => ("IFCSPACE", format!("{},.ELEMENT.,.INTERNAL.,$", text(long_name))),
        Kind::Wall => ("IFCWALL", "$,.SOLIDWALL.".into()),
        Kind::Slab(t) => ("IFCSLAB", format!("$,.{t}.")),
        Kind::Column => ("IFCCOLUMN", "$,.COLUMN.".into()),
        Kind::Opening => ("IFCOPENINGELEMENT", "$,.OPENING.".into()),
        Kind::Door { height, width, gate } => {
            let t = if *gate { "GATE" } else { "DOOR" };
            ("IFCDOOR", format!("$,{},{},.{t}.,$,$", real(*height), real(*width)))
        }
        Kind::Stair => ("IFCSTAIR", "$,.STRAIGHT_RUN_STAIR.".into()),
        Kind::Flight { risers, riser_m, tread_m } => {
            ("IFCSTAIRFLIGHT", format!("$,{risers},{},{},{},.STRAIGHT.", risers - 1, real(*riser_m), real(*tread_m)))
        }
        Kind::Transport(t) => ("IFCTRANSPORTELEMENT", format!("$,.{t}.")),
        Kind::Railing => ("IFCRAILING", "$,.GUARDRAIL.".into()),
        Kind::Pipe => ("IFCPIPESEGMENT", "$,.RIGIDSEGMENT.".into()),
        Kind::Duct => ("IFCDUCTSEGMENT", "$,.RIGIDSEGMENT.".into()),
        Kind::Light => ("IFCLIGHTFIXTURE", "$,.DIRECTIONSOURCE.".into()),
        Kind::Furniture(t) => ("IFCFURNITURE", format!("$,.{t}.")),
        Kind::Proxy => ("IFCBUILDINGELEMENTPROXY", "$,.ELEMENT.".into()),
    }
}
