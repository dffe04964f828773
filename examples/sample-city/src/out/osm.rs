//! An OSM document in memory and its XML form (gzip).
//!
//! Nodes are found by their place, to the centimetre: two ways through one point share a node, which is what makes OSM a
//! network.

use crate::geo::P;
use crate::place::Place;
use flate2::{Compression, GzBuilder};
use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

pub type Tags = Vec<(&'static str, String)>;

/// `[("highway", "primary"), …]` as owned tags.
pub fn tags(pairs: &[(&'static str, &str)]) -> Tags {
    pairs.iter().map(|(k, v)| (*k, (*v).to_string())).collect()
}

#[derive(Debug)]
pub struct Node {
    pub at: P,
    pub tags: Tags,
}

#[derive(Debug)]
pub struct Way {
    pub nodes: Vec<usize>,
    pub tags: Tags,
}

#[derive(Debug)]
pub struct Relation {
    /// (kind, index, role)
    pub members: Vec<(&'static str, usize, &'static str)>,
    pub tags: Tags,
}

/// Indices into the lists are ids less one.
#[derive(Debug, Default)]
pub struct Doc {
    pub nodes: Vec<Node>,
    pub ways: Vec<Way>,
    pub relations: Vec<Relation>,
    by_place: HashMap<(i64, i64), usize>,
}

fn key(p: P) -> (i64, i64) {
    ((p[0] * 100.0).round() as i64, (p[1] * 100.0).round() as i64)
}

impl Doc {
    /// The node at a place, made if there is none.
    pub fn node(&mut self, at: P) -> usize {
        let next = self.nodes.len();
        let i = *self.by_place.entry(key(at)).or_insert(next);
        if i == next {
            self.nodes.push(Node { at, tags: Tags::new() });
        }
        i
    }

    pub fn find(&self, at: P) -> Option<usize> {
        self.by_place.get(&key(at)).copied()
    }

    /// A node of its own with tags (a tree, a bench): never shared.
    pub fn point(&mut self, at: P, tags: Tags) -> usize {
        self.nodes.push(Node { at, tags });
        self.nodes.len() - 1
    }

    pub fn line(&mut self, points: &[P], tags: Tags) -> usize {
        let mut nodes: Vec<usize> = points.iter().map(|p| self.node(*p)).collect();
        nodes.dedup();
        self.ways.push(Way { nodes, tags });
        self.ways.len() - 1
    }

    /// A closed way around a ring (which does not repeat its first point).
    pub fn area(&mut self, ring: &[P], tags: Tags) -> usize {
        let closed: Vec<P> = ring.iter().chain(ring.first()).copied().collect();
        self.line(&closed, tags)
    }

    /// A multipolygon of one outer and some inner rings.
    pub fn multipolygon(&mut self, outer: &[P], inner: &[Vec<P>], mut tags: Tags) -> usize {
        let mut members = vec![("way", self.area(outer, Tags::new()), "outer")];
        for ring in inner {
            members.push(("way", self.area(ring, Tags::new()), "inner"));
        }
        tags.insert(0, ("type", "multipolygon".into()));
        self.relations.push(Relation { members, tags });
        self.relations.len() - 1
    }

    /// Writes the document as gzipped OSM XML. The gzip header holds no time, so equal documents give equal bytes.
    pub fn write(&self, place: &Place, out: impl Write) -> io::Result<()> {
        let mut w = BufWriter::new(GzBuilder::new().mtime(0).write(out, Compression::new(6)));
        self.write_xml(place, &mut w)?;
        w.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        Ok(())
    }

    fn write_xml(&self, place: &Place, w: &mut impl Write) -> io::Result<()> {
        writeln!(w, "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\" generator=\"qike-sample\">")?;
        let points: Vec<P> = self.nodes.iter().map(|n| n.at).collect();
        if !points.is_empty() {
            let b = crate::geo::bounds(&points);
            let (sw, ne) = (place.lon_lat([b[0], b[1]]), place.lon_lat([b[2], b[3]]));
            let [a, b, c, d] = [sw[1], sw[0], ne[1], ne[0]];
            writeln!(w, " <bounds minlat=\"{a:.7}\" minlon=\"{b:.7}\" maxlat=\"{c:.7}\" maxlon=\"{d:.7}\"/>")?;
        }
        for (i, n) in self.nodes.iter().enumerate() {
            let [lon, lat] = place.lon_lat(n.at);
            write!(w, " <node id=\"{}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\"", i + 1)?;
            close(w, &n.tags, "node", &[])?;
        }
        for (i, way) in self.ways.iter().enumerate() {
            write!(w, " <way id=\"{}\" version=\"1\"", i + 1)?;
            let refs: Vec<String> = way.nodes.iter().map(|n| format!("<nd ref=\"{}\"/>", n + 1)).collect();
            close(w, &way.tags, "way", &refs)?;
        }
        for (i, r) in self.relations.iter().enumerate() {
            write!(w, " <relation id=\"{}\" version=\"1\"", i + 1)?;
            let member = |(kind, index, role): &(&str, usize, &str)| {
                format!("<member type=\"{kind}\" ref=\"{}\" role=\"{role}\"/>", index + 1)
            };
            close(w, &r.tags, "relation", &r.members.iter().map(member).collect::<Vec<_>>())?;
        }
        writeln!(w, "</osm>")
    }
}

fn close(w: &mut impl Write, tags: &Tags, element: &str, children: &[String]) -> io::Result<()> {
    if tags.is_empty() && children.is_empty() {
        return writeln!(w, "/>");
    }
    w.write_all(b">")?;
    for c in children {
        w.write_all(c.as_bytes())?;
    }
    for (k, v) in tags {
        write!(w, "<tag k=\"{k}\" v=\"{}\"/>", escape(v))?;
    }
    writeln!(w, "</{element}>")
}

/// A text for an XML attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
