//! What an OpenStreetMap element is in the city model, by its tags. One table for each geometry; the first match counts.

use super::model::Tags;
use qike_scene::Class;

/// The class of an element, and its `function` where the class alone says too little.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    pub class: Class,
    pub function: Option<String>,
    pub shape: Shape,
}

/// Points, line or area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Its nodes in order.
    Line,
    /// What it encloses.
    Area,
    /// Of a relation: its nodes.
    Points,
}

const RAIL: &[&str] = &["rail", "tram", "subway", "light_rail", "narrow_gauge", "monorail", "funicular", "preserved", "miniature"];
const NOT_YET: &[&str] = &["proposed", "planned", "construction", "abandoned", "disused", "razed", "dismantled", "no"];
const WALK: &[&str] = &["footway", "path", "steps", "pedestrian", "corridor", "platform", "track", "bridleway", "via_ferrata", "elevator"];
const GREEN_NATURAL: &[&str] = &["wood", "scrub", "grassland", "heath", "fell", "shrubbery", "tree_row", "wetland", "tree_group"];
const GREEN_LANDUSE: &[&str] =
    &["forest", "grass", "meadow", "village_green", "recreation_ground", "orchard", "vineyard", "flowerbed", "plant_nursery", "greenery"];
const GREEN_LEISURE: &[&str] = &["park", "garden", "common", "dog_park", "golf_course", "nature_reserve"];
const UNBUILT: &[&str] = &["no", "proposed", "demolished", "razed"];

fn kind(class: Class, function: Option<&str>, shape: Shape) -> Option<Kind> {
    Some(Kind { class, function: function.map(str::to_owned), shape })
}

/// True for a key that says something of a thing, and not only where the map has it from.
pub fn is_telling(key: &str) -> bool {
    const ORIGIN: &[&str] = &["created_by", "converted_by", "source", "source_ref", "attribution", "odbl"];
    !ORIGIN.contains(&key) && !key.starts_with("source:") && !key.starts_with("odbl:")
}

/// True where one tag tells something: then the element becomes an object.
pub fn is_told(tags: &Tags) -> bool {
    tags.iter().any(|(key, _)| is_telling(key))
}

/// What a node with telling tags is: its class and its function.
pub fn node_kind(tags: &Tags) -> (Class, Option<String>) {
    known_node(tags).unwrap_or_else(|| {
        let (class, function) = anything(tags);
        (class, function.map(str::to_owned))
    })
}

/// What nothing else fits: places, boundaries, addresses and rooms are logical spaces, all others things. The value of the key that
/// says most is the function.
fn anything(tags: &Tags) -> (Class, Option<&str>) {
    const SPACES: &[&str] = &["place", "boundary", "indoor", "room", "level:ref", "area"];
    const THINGS: &[&str] = &[
        "natural", "waterway", "aeroway", "aerialway", "route", "power", "telecom", "man_made", "military", "geological", "landuse", "leisure", "amenity",
        "emergency", "railway", "highway", "public_transport", "barrier", "sport", "building", "building:part", "noexit",
    ];
    let first = |keys: &[&str]| keys.iter().find_map(|key| tags.get(key).filter(|value| *value != "no"));
    if let Some(value) = first(SPACES) {
        return (Class::GenericLogicalSpace, Some(value));
    }
    if let Some(value) = first(THINGS) {
        return (Class::GenericCityObject, Some(value));
    }
    match tags.iter().any(|(key, _)| key.starts_with("addr:")) {
        true => (Class::GenericLogicalSpace, Some("address")),
        false => (Class::GenericCityObject, None),
    }
}

fn known_node(tags: &Tags) -> Option<(Class, Option<String>)> {
    let furniture = |function: &str| Some((Class::CityFurniture, Some(function.to_owned())));
    if tags.is("natural", "tree") {
        return Some((Class::SolitaryVegetationObject, None));
    }
    for key in ["highway", "railway", "public_transport", "barrier", "emergency", "traffic_sign", "traffic_calming", "power", "man_made"] {
        let Some(value) = tags.get(key) else { continue };
        return match (key, value) {
            (_, value) if NOT_YET.contains(&value) => None,
            ("traffic_sign", _) => furniture("traffic_sign"),
            ("traffic_calming", _) => furniture("traffic_calming"),
            ("emergency", "fire_hydrant") => furniture("hydrant"),
            ("emergency", "yes" | "designated") => continue,
            ("power", "transformer") => furniture("transformer_box"),
            ("man_made", "street_cabinet") => furniture("street_cabinet"),
            ("man_made", "surveillance") => furniture("surveillance_camera"),
            (_, value) => furniture(value),
        };
    }
    if tags.has("manhole") {
        return furniture("manhole");
    }
    if tags.has("entrance") {
        return furniture("entrance");
    }
    const STREET: &[&str] = &[
        "bench", "waste_basket", "waste_disposal", "recycling", "drinking_water", "bicycle_parking", "bicycle_rental", "post_box",
        "telephone", "toilets", "fountain", "clock", "charging_station", "parking_entrance", "taxi", "vending_machine", "shelter",
        "ferry_terminal", "bicycle_repair_station", "grit_bin", "parking_space", "motorcycle_parking", "bbq", "lounger", "loading_dock",
    ];
    if let Some(value) = tags.get("amenity") {
        return if STREET.contains(&value) { furniture(value) } else { Some((Class::GenericCityObject, Some(value.to_owned()))) };
    }
    if let Some(value) = tags.get("leisure").filter(|v| ["picnic_table", "playground"].contains(v)) {
        return furniture(value);
    }
    if let Some(value) = tags.get("tourism").filter(|v| ["artwork", "information"].contains(v)) {
        return furniture(value);
    }
    if tags.has("advertising") {
        return furniture("advertising");
    }
    for key in ["shop", "tourism", "office", "leisure", "historic", "craft", "healthcare"] {
        if let Some(value) = tags.get(key).filter(|v| *v != "no") {
            return Some((Class::GenericCityObject, Some(value.to_owned())));
        }
    }
    None
}

/// What a way is; `None` where its tags tell nothing. `closed`: it ends where it began.
pub fn way_kind(tags: &Tags, closed: bool) -> Option<Kind> {
    if !is_told(tags) {
        return None;
    }
    known_way(tags, closed).or_else(|| {
        const AREAS: &[&str] = &[
            "aeroway", "amenity", "boundary", "building", "building:part", "craft", "geological", "healthcare", "historic", "indoor", "landuse", "leisure",
            "military", "natural", "office", "place", "room", "shop", "sport", "tourism",
        ];
        let area = closed && !tags.is("area", "no") && (tags.is("area", "yes") || AREAS.iter().any(|key| tags.get(key).is_some()));
        Some(other(tags, if area { Shape::Area } else { Shape::Line }))
    })
}

/// What nothing else fits. An area of that kind is a logical space, so that it covers nothing in pictures.
fn other(tags: &Tags, shape: Shape) -> Kind {
    let (class, function) = anything(tags);
    let class = if shape == Shape::Area { Class::GenericLogicalSpace } else { class };
    Kind { class, function: function.map(str::to_owned), shape }
}

fn known_way(tags: &Tags, closed: bool) -> Option<Kind> {
    // A building whose outline does not close is kept as an object without a shape, and reported.
    if let Some(building) = building_kind(tags) {
        return Some(building);
    }
    let area_said = tags.is("area", "yes");
    if let Some(value) = tags.get("highway") {
        return highway_kind(value, closed && area_said, closed && !tags.is("area", "no"));
    }
    if let Some(value) = tags.get("railway").filter(|_| !tags.is("area", "yes")) {
        return match value {
            v if RAIL.contains(&v) => kind(Class::Railway, None, Shape::Line),
            v if NOT_YET.contains(&v) => kind(Class::GenericCityObject, Some("disused_railway"), Shape::Line),
            "platform" if closed => kind(Class::Square, Some("platform"), Shape::Area),
            "platform" => kind(Class::Track, Some("platform"), Shape::Line),
            "station" if closed => kind(Class::LandUse, Some("station"), Shape::Area),
            v => kind(Class::GenericCityObject, Some(v), if closed { Shape::Area } else { Shape::Line }),
        };
    }
    if closed && let Some(area) = area_kind(tags) {
        return Some(area);
    }
    line_kind(tags, closed)
}

/// What a relation is; `None` where its tags tell nothing.
pub fn relation_kind(tags: &Tags) -> Option<Kind> {
    if !is_told(tags) {
        return None;
    }
    let kind = tags.get("type").unwrap_or_default();
    if matches!(kind, "multipolygon" | "boundary") && tags.iter().any(|(key, _)| key != "type" && is_telling(key)) {
        return Some(known_area(tags).unwrap_or_else(|| other(tags, Shape::Area)));
    }
    // `type=route` with `route=bus` is a bus, `type=site` with `site=parking` a parking.
    let function = tags.get(kind).or((!kind.is_empty()).then_some(kind)).map(str::to_owned);
    Some(Kind { class: Class::CityObjectGroup, function, shape: if kind == "restriction" { Shape::Points } else { Shape::Line } })
}

fn known_area(tags: &Tags) -> Option<Kind> {
    if let Some(building) = building_kind(tags) {
        return Some(building);
    }
    if let Some(value) = tags.get("highway") {
        return highway_kind(value, true, true).map(|k| Kind { shape: Shape::Area, ..k });
    }
    if tags.is("railway", "platform") {
        return kind(Class::Square, Some("platform"), Shape::Area);
    }
    area_kind(tags)
}

fn building_kind(tags: &Tags) -> Option<Kind> {
    if tags.get("building").is_some_and(|v| !UNBUILT.contains(&v)) {
        return kind(Class::Building, None, Shape::Area);
    }
    if tags.get("building:part").is_some_and(|v| !UNBUILT.contains(&v)) {
        return kind(Class::BuildingPart, None, Shape::Area);
    }
    None
}

/// Roads for vehicles are `Road`, ways for walkers `Track`, areas to walk on `Square`.
fn highway_kind(value: &str, is_area: bool, may_be_area: bool) -> Option<Kind> {
    match value {
        v if NOT_YET.contains(&v) => kind(Class::GenericCityObject, Some("planned_road"), Shape::Line),
        "platform" if may_be_area => kind(Class::Square, Some("platform"), Shape::Area),
        "platform" => kind(Class::Track, Some("platform"), Shape::Line),
        "services" | "rest_area" if may_be_area => kind(Class::LandUse, Some(value), Shape::Area),
        v if WALK.contains(&v) && is_area => kind(Class::Square, Some(if v == "pedestrian" { "plaza" } else { v }), Shape::Area),
        v if WALK.contains(&v) => kind(Class::Track, None, Shape::Line),
        _ if is_area => kind(Class::TrafficArea, Some(value), Shape::Area),
        _ => kind(Class::Road, None, Shape::Line),
    }
}

fn area_kind(tags: &Tags) -> Option<Kind> {
    let area = |class, function: Option<&str>| kind(class, function, Shape::Area);
    if tags.is("amenity", "parking") {
        return area(Class::Square, Some("car_park"));
    }
    if let Some(value) = tags.get("amenity").filter(|v| ["bicycle_parking", "motorcycle_parking", "parking_space", "marketplace"].contains(v)) {
        return area(Class::Square, Some(value));
    }
    if tags.is("amenity", "fountain") || tags.is("leisure", "swimming_pool") {
        return area(Class::WaterBody, Some(tags.get("amenity").unwrap_or("swimming_pool")));
    }
    if tags.is("natural", "water") || tags.is("natural", "bay") {
        return area(Class::WaterBody, tags.get("water"));
    }
    if let Some(value) = tags.get("waterway").filter(|v| ["riverbank", "dock", "boatyard", "river", "canal"].contains(v)) {
        return area(Class::WaterBody, Some(value)).filter(|_| value != "river" && value != "canal" || tags.is("area", "yes"));
    }
    if let Some(value) = tags.get("landuse").filter(|v| ["basin", "reservoir", "salt_pond"].contains(v)) {
        return area(Class::WaterBody, Some(value));
    }
    if let Some(value) = tags.get("natural").filter(|v| ["beach", "shingle"].contains(v)) {
        return area(Class::Square, Some(value));
    }
    for (key, values) in [("leisure", GREEN_LEISURE), ("landuse", GREEN_LANDUSE), ("natural", GREEN_NATURAL)] {
        if let Some(value) = tags.get(key).filter(|v| values.contains(v)) {
            return area(Class::PlantCover, Some(value));
        }
    }
    if tags.is("place", "square") {
        return area(Class::Square, Some("plaza"));
    }
    if tags.is("public_transport", "platform") {
        return area(Class::Square, Some("platform"));
    }
    match tags.get("man_made") {
        Some("bridge") => return area(Class::Bridge, None),
        Some("tunnel") => return area(Class::Tunnel, None),
        Some("pier" | "quay") => return area(Class::Square, tags.get("man_made")),
        Some(value) if !["cutline", "embankment", "pipeline"].contains(&value) => return area(Class::OtherConstruction, Some(value)),
        _ => {}
    }
    if let Some(value) = tags.get("area:highway") {
        return area(Class::TrafficArea, Some(value));
    }
    for key in ["landuse", "leisure", "amenity", "tourism", "natural", "power", "aeroway", "historic", "military", "public_transport"] {
        let line_like = [("natural", "coastline"), ("natural", "cliff"), ("natural", "ridge"), ("natural", "tree_row"), ("power", "line"), ("leisure", "slipway")];
        if let Some(value) = tags.get(key).filter(|v| *v != "no" && !line_like.contains(&(key, v))) {
            return area(Class::LandUse, Some(value));
        }
    }
    None
}

fn line_kind(tags: &Tags, closed: bool) -> Option<Kind> {
    let line = |class, function: Option<&str>| kind(class, function, Shape::Line);
    if let Some(value) = tags.get("waterway") {
        return match value {
            "weir" | "dam" | "lock_gate" | "sluice_gate" => line(Class::OtherConstruction, Some(value)),
            v if NOT_YET.contains(&v) => None,
            _ => line(Class::Waterway, None),
        };
    }
    if let Some(value) = tags.get("natural") {
        return match value {
            "coastline" => line(Class::WaterBody, Some("coastline")),
            "tree_row" => line(Class::PlantCover, Some("tree_row")),
            _ => None,
        };
    }
    if let Some(value) = tags.get("barrier").filter(|v| *v != "no") {
        return if value == "hedge" { line(Class::PlantCover, Some("hedge")) } else { line(Class::OtherConstruction, Some(value)) };
    }
    match (tags.get("power"), tags.get("man_made")) {
        (Some("line" | "minor_line" | "cable"), _) => return line(Class::UtilityNetworkElement, Some("power")),
        (_, Some("pipeline")) => return line(Class::UtilityNetworkElement, tags.get("substance").or(Some("pipeline"))),
        (_, Some(value @ ("pier" | "breakwater" | "groyne"))) => return line(Class::OtherConstruction, Some(value)),
        _ => {}
    }
    if tags.is("public_transport", "platform") && !closed {
        return line(Class::Track, Some("platform"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn tags(text: &str) -> Tags {
        text.split_whitespace().filter_map(|t| t.split_once('=')).collect()
    }

    #[test]
    fn ways_by_their_tags() {
        use Class::*;
        use Shape::*;
        for (text, closed, class, function, shape) in [
            ("highway=residential", false, Road, None, Line),
            ("highway=residential", true, Road, None, Line),
            ("highway=motorway_link", false, Road, None, Line),
            ("highway=cycleway", false, Road, None, Line),
            ("highway=footway", false, Track, None, Line),
            ("highway=pedestrian", true, Track, None, Line),
            ("highway=pedestrian area=yes", true, Square, Some("plaza"), Area),
            ("highway=construction", false, GenericCityObject, Some("planned_road"), Line),
            ("railway=tram", false, Railway, None, Line),
            ("railway=platform", true, Square, Some("platform"), Area),
            ("building=yes", true, Building, None, Area),
            ("building=no amenity=parking", true, Square, Some("car_park"), Area),
            ("building:part=yes", true, BuildingPart, None, Area),
            ("natural=water water=lake", true, WaterBody, Some("lake"), Area),
            ("waterway=river", false, Waterway, None, Line),
            ("natural=coastline", true, WaterBody, Some("coastline"), Line),
            ("leisure=park", true, PlantCover, Some("park"), Area),
            ("landuse=residential", true, LandUse, Some("residential"), Area),
            ("barrier=hedge", true, PlantCover, Some("hedge"), Line),
            ("power=line", false, UtilityNetworkElement, Some("power"), Line),
        ] {
            let got = way_kind(&tags(text), closed).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.class, got.function.as_deref(), got.shape), (class, function, shape), "{text}");
        }
        for nothing in ["", "source=survey", "created_by=x source:date=y"] {
            assert_eq!(way_kind(&tags(nothing), false), None, "{nothing}");
        }
        // What no class fits is kept, too.
        for (text, closed, class, function, shape) in [
            ("boundary=administrative admin_level=8", false, GenericLogicalSpace, Some("administrative"), Line),
            ("aerialway=gondola", false, GenericCityObject, Some("gondola"), Line),
            ("landuse=grass", false, GenericCityObject, Some("grass"), Line),
            ("indoor=room", true, GenericLogicalSpace, Some("room"), Area),
            ("shop=bakery", true, GenericLogicalSpace, None, Area),
            ("addr:housenumber=5", true, GenericLogicalSpace, Some("address"), Line),
            ("name=x", false, GenericCityObject, None, Line),
            ("building=no", false, GenericCityObject, None, Line),
        ] {
            let got = way_kind(&tags(text), closed).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.class, got.function.as_deref(), got.shape), (class, function, shape), "{text}");
        }
    }

    #[test]
    fn relations_by_their_type() {
        for (text, class, function, shape) in [
            ("type=multipolygon natural=water", Class::WaterBody, None, Shape::Area),
            ("type=boundary boundary=administrative", Class::GenericLogicalSpace, Some("administrative"), Shape::Area),
            ("type=multipolygon", Class::CityObjectGroup, Some("multipolygon"), Shape::Line),
            ("type=route route=bus ref=5", Class::CityObjectGroup, Some("bus"), Shape::Line),
            ("type=associatedStreet name=x", Class::CityObjectGroup, Some("associatedStreet"), Shape::Line),
            ("type=restriction restriction=no_left_turn", Class::CityObjectGroup, Some("no_left_turn"), Shape::Points),
            ("name=x", Class::CityObjectGroup, None, Shape::Line),
        ] {
            let got = relation_kind(&tags(text)).unwrap();
            assert_eq!((got.class, got.function.as_deref(), got.shape), (class, function, shape), "{text}");
        }
        assert_eq!(relation_kind(&tags("source=x")), None);
    }

    #[test]
    fn nodes_by_their_tags() {
        for (text, class, function) in [
            ("highway=traffic_signals crossing=traffic_signals", Class::CityFurniture, Some("traffic_signals")),
            ("highway=crossing", Class::CityFurniture, Some("crossing")),
            ("highway=street_lamp", Class::CityFurniture, Some("street_lamp")),
            ("natural=tree highway=x", Class::SolitaryVegetationObject, None),
            ("emergency=fire_hydrant", Class::CityFurniture, Some("hydrant")),
            ("amenity=bench", Class::CityFurniture, Some("bench")),
            ("amenity=cafe", Class::GenericCityObject, Some("cafe")),
            ("man_made=manhole", Class::CityFurniture, Some("manhole")),
            ("entrance=main", Class::CityFurniture, Some("entrance")),
        ] {
            assert_eq!(node_kind(&tags(text)), (class, function.map(str::to_owned)), "{text}");
        }
        for (text, class, function) in [
            ("place=suburb name=x", Class::GenericLogicalSpace, Some("suburb")),
            ("addr:street=x", Class::GenericLogicalSpace, Some("address")),
            ("natural=peak ele=2942", Class::GenericCityObject, Some("peak")),
            ("railway=abandoned", Class::GenericCityObject, Some("abandoned")),
            ("name=x", Class::GenericCityObject, None),
        ] {
            assert_eq!(node_kind(&tags(text)), (class, function.map(str::to_owned)), "{text}");
        }
        assert!(!is_told(&tags("source=x created_by=y")) && is_told(&tags("source=x name=y")));
    }
}
