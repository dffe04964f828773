//! Heights of buildings by their tags, and their geometries.

use super::footprint::Footprint;
use super::model::Tags;
use super::roof::{Heights, Roof, prism, prisms, with_roof};
use qike_scene::{Geometry, Lod};

/// Height of a storey where only their number is known, metres.
pub const STOREY_M: f64 = 3.0;
/// Tallest height believed, metres (the tallest building of the world has 828 m).
const TALLEST_M: f64 = 1_000.0;

/// Where a height comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeightSource {
    /// `height` was tagged.
    Tagged,
    /// From `building:levels`.
    Levels,
    /// Nothing was tagged; by the kind of building.
    Assumed,
}

impl HeightSource {
    /// As the attribute `height_source` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tagged => "tagged",
            Self::Levels => "levels",
            Self::Assumed => "assumed",
        }
    }
}

/// Storeys assumed where neither height nor levels are tagged.
fn assumed_levels(tags: &Tags) -> f64 {
    let what = tags.get("building").filter(|v| *v != "yes").or(tags.get("building:part")).unwrap_or("yes");
    match what {
        "garage" | "garages" | "carport" | "shed" | "hut" | "cabin" | "kiosk" | "roof" | "greenhouse" | "service" | "container"
        | "toilets" | "bunker" | "static_caravan" | "tent" | "ruins" | "transformer_tower" => 1.0,
        "house" | "detached" | "semidetached_house" | "terrace" | "bungalow" | "farm" | "barn" | "chapel" | "warehouse"
        | "industrial" | "retail" | "supermarket" | "kindergarten" | "train_station" => 2.0,
        "apartments" | "hotel" | "hospital" | "dormitory" | "residential" => 4.0,
        _ => 3.0,
    }
}

/// The heights that the tags say, over the ground at 0, and where the top comes from.
pub fn heights(tags: &Tags, footprint: &Footprint) -> (Heights, HeightSource) {
    let sane = |h: &f64| *h > 0.1 && *h <= TALLEST_M;
    let level = |key: &str| tags.number(key).filter(|n| (0.0..=300.0).contains(n));
    let shape = tags.get("roof:shape").unwrap_or("flat");
    let base = tags.metres("min_height").or(level("building:min_level").map(|n| n * STOREY_M)).filter(sane).unwrap_or(0.0);
    let roof = roof_height(tags, shape, footprint);
    let tagged = tags.metres("height").or_else(|| tags.metres("building:height")).filter(sane).filter(|h| *h > base + 0.1);
    let (top, source) = match (tagged, level("building:levels").filter(|n| *n > 0.0)) {
        (Some(height), _) => (height, HeightSource::Tagged),
        (None, Some(levels)) => (levels * STOREY_M + roof, HeightSource::Levels),
        (None, None) => (assumed_levels(tags) * STOREY_M + roof, HeightSource::Assumed),
    };
    // A hanging part above what is known of its top is one storey high.
    let top = if top <= base + 0.1 { base + STOREY_M + roof } else { top };
    // The roof takes at most four fifths of the height; walls stay walls.
    let eaves = (top - roof).max(base + 0.2 * (top - base));
    (Heights { base, eaves, top }, source)
}

/// Height of the roof alone: tagged, by its angle, by its levels, or 30° over half the width.
fn roof_height(tags: &Tags, shape: &str, footprint: &Footprint) -> f64 {
    if shape == "flat" {
        return 0.0;
    }
    let (_, _, width) = footprint.long_side();
    let span = if shape == "skillion" { width } else { 0.5 * width };
    let by_angle = |degrees: f64| span * degrees.to_radians().tan();
    let angle = tags.number("roof:angle").filter(|a| (1.0..=80.0).contains(a));
    let levels = tags.number("roof:levels").filter(|n| *n > 0.0 && *n < 20.0);
    tags.metres("roof:height")
        .filter(|h| *h > 0.05 && *h < 200.0)
        .or(angle.map(by_angle))
        .or(levels.map(|n| n * STOREY_M))
        .unwrap_or_else(|| by_angle(if shape == "skillion" { 10.0 } else { 30.0 }).min(6.0))
}

/// A compass bearing: degrees, or `N`, `NNE` and so on.
fn bearing(text: &str) -> Option<f64> {
    const NAMES: [&str; 16] = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
    let text = text.trim();
    let named = NAMES.iter().position(|n| n.eq_ignore_ascii_case(text)).map(|i| i as f64 * 22.5);
    named.or_else(|| text.trim_end_matches('°').parse().ok()).filter(|d: &f64| d.is_finite())
}

/// LOD1 and, where it says more than LOD1, LOD2 of a building of one or several outlines.
pub fn geometries(tags: &Tags, footprints: &[Footprint]) -> (Vec<Geometry>, Option<(Heights, HeightSource)>) {
    let Some(largest) = footprints.iter().max_by(|a, b| a.area().total_cmp(&b.area())) else { return (vec![], None) };
    let (h, source) = heights(tags, largest);
    let mut all = match footprints {
        [one] => vec![prism(Lod::ONE, one, h.base, h.top)],
        many => vec![prisms(Lod::ONE, many, h.base, h.top)],
    };
    if let ([one], Some(shape)) = (footprints, tags.get("roof:shape")) {
        let direction = tags.get("roof:direction").and_then(bearing);
        let roof = Roof { shape, across: tags.is("roof:orientation", "across"), direction };
        all.push(with_roof(one, h, roof).unwrap_or_else(|| prism(Lod::TWO, one, h.base, h.top)));
    }
    (all, Some((h, source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Tags {
        text.split_whitespace().filter_map(|t| t.split_once('=')).collect()
    }

    #[test]
    fn heights_by_tags() {
        let f = Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]], &[]).unwrap();
        for (text, base, eaves, top) in [
            ("building=yes height=12", 0.0, 12.0, 12.0),
            ("building=yes building:levels=5", 0.0, 15.0, 15.0),
            ("building=garage", 0.0, 3.0, 3.0),
            ("building=yes", 0.0, 9.0, 9.0),
            ("building=yes height=10 roof:shape=gabled roof:height=4", 0.0, 6.0, 10.0),
            ("building=yes building:levels=2 roof:shape=gabled roof:levels=1", 0.0, 6.0, 9.0),
            ("building=yes building:levels=2 roof:shape=pyramidal roof:angle=45", 0.0, 6.0, 10.0),
            ("building:part=yes min_height=6 height=9", 6.0, 9.0, 9.0),
            ("building:part=yes building:min_level=4", 12.0, 15.0, 15.0),
            ("building=yes height=99999", 0.0, 9.0, 9.0),
            ("building=yes height=4 roof:shape=gabled roof:height=9", 0.0, 0.8, 4.0),
        ] {
            let (h, _) = heights(&tags(text), &f);
            assert!((h.base - base).abs() < 1e-9 && (h.eaves - eaves).abs() < 1e-9 && (h.top - top).abs() < 1e-9, "{text}: {h:?}");
        }
        assert_eq!((bearing("ssw"), bearing("45°"), bearing("up")), (Some(202.5), Some(45.0), None));
    }

    #[test]
    fn lod2_only_where_a_shape_is_tagged() {
        let f = Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]], &[]).unwrap();
        let lods = |text: &str| geometries(&tags(text), std::slice::from_ref(&f)).0.iter().map(|g| g.lod).collect::<Vec<_>>();
        assert_eq!(lods("building=yes"), [Lod::ONE]);
        assert_eq!(lods("building=yes roof:shape=hipped"), [Lod::ONE, Lod::TWO]);
        assert_eq!(lods("building=yes roof:shape=many"), [Lod::ONE, Lod::TWO]);
    }
}
