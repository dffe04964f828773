//! What a plain feature is: by a class it names itself, by tags as OpenStreetMap has them, by a field of its kind, by the
//! name of its layer. All formats of features ask here, so that a layer is the same thing in each of them.
//!
//! A kind's field must be a word of the list as a whole (`type = "Parking Enforcement"` makes no car park); in a layer's
//! name the words may stand among others (`gis_osm_buildings_a_free_1`). What stays unknown is a `GenericCityObject`.

use super::shape::Dimension;
use super::words::{Fits, KINDS, Kind};
use qike_scene::{Attributes, Class, Value};

/// The class of a feature, with the attribute that says what the class alone does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The class.
    pub class: Class,
    /// `function`, or `network` of a pipe: its name and value.
    pub more: Option<(&'static str, String)>,
}

/// Fields that name the kind of a feature.
const KIND_FIELDS: &[&str] = &["function", "kind", "type", "fclass", "category", "feature", "layer", "类型", "类别", "种类", "分类", "部件类型", "部件名称"];

/// Fields of the use that a plan sets for a piece of land.
const ZONING_FIELDS: &[&str] = &["zoning", "zone_code", "zoning_code", "用地性质", "用地代码", "规划用途", "YDXZ", "YDXZDM"];

/// What a feature of a layer is.
pub fn classify(layer: &LayerName, attributes: &Attributes, dimension: Option<Dimension>) -> Found {
    if let Some(class) = text(attributes, "class").and_then(Class::parse) {
        return Found { class, more: None };
    }
    if let Some(found) = by_tags(attributes, dimension) {
        return found;
    }
    for field in KIND_FIELDS {
        let words = text(attributes, field).map(Words::new);
        let kind = words.and_then(|w| KINDS.iter().find(|k| allows(k.fits, dimension) && k.words.iter().any(|word| w.are(word))));
        if let Some(kind) = kind {
            return found(kind);
        }
    }
    let by_layer = KINDS.iter().find(|k| allows(k.fits, dimension) && k.words.iter().any(|word| layer.0.have(word)));
    by_layer.map_or(Found { class: Class::GenericCityObject, more: None }, found)
}

fn found(kind: &Kind) -> Found {
    let key = if kind.class == Class::UtilityNetworkElement { "network" } else { "function" };
    Found { class: kind.class, more: kind.function.map(|f| (key, f.to_owned())) }
}

fn allows(fits: Fits, dimension: Option<Dimension>) -> bool {
    match (fits, dimension) {
        (Fits::Any, _) => true,
        (Fits::Extended, d) => d != Some(Dimension::Point),
        (Fits::Lines, d) => d == Some(Dimension::Line),
        (Fits::Areas, d) => matches!(d, Some(Dimension::Area) | None),
        (Fits::Points, d) => matches!(d, Some(Dimension::Point) | None),
    }
}

fn text<'a>(attributes: &'a Attributes, key: &str) -> Option<&'a str> {
    let exact = attributes.get(key);
    let value = exact.or_else(|| attributes.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v));
    value.and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty())
}

/// Tags in columns of their own, as extracts of OpenStreetMap have them.
fn by_tags(attributes: &Attributes, dimension: Option<Dimension>) -> Option<Found> {
    let tag = |key: &str| attributes.get(key).and_then(Value::as_str).filter(|v| !matches!(*v, "" | "no" | "No" | "0"));
    let plain = |class| Some(Found { class, more: None });
    let of = |class, function: &str| Some(Found { class, more: Some(("function", function.to_owned())) });
    let point = dimension == Some(Dimension::Point);
    if tag("building").is_some() {
        return plain(Class::Building);
    }
    if tag("building:part").is_some() {
        return plain(Class::BuildingPart);
    }
    if let Some(value) = tag("highway") {
        return match value {
            _ if point => of(Class::CityFurniture, value),
            "footway" | "path" | "steps" | "pedestrian" | "corridor" | "platform" | "track" | "bridleway" | "cycleway" => plain(Class::Track),
            _ => plain(Class::Road),
        };
    }
    if let Some(value) = tag("railway") {
        return if point { of(Class::CityFurniture, value) } else { plain(Class::Railway) };
    }
    if tag("waterway").is_some() && !point {
        return plain(Class::WaterBody);
    }
    match tag("natural") {
        Some("tree") if point => return plain(Class::SolitaryVegetationObject),
        Some("water" | "bay" | "strait" | "coastline") => return plain(Class::WaterBody),
        Some("wood" | "scrub" | "grassland" | "heath" | "tree_row" | "wetland") => return plain(Class::PlantCover),
        Some("beach") => return of(Class::Square, "beach"),
        _ => {}
    }
    if matches!(tag("leisure"), Some("park" | "garden" | "nature_reserve")) || matches!(tag("landuse"), Some("forest" | "grass" | "meadow" | "orchard")) {
        return plain(Class::PlantCover);
    }
    if tag("amenity") == Some("parking") {
        return of(Class::Square, "car_park");
    }
    if tag("landuse").is_some() && !point {
        return plain(Class::LandUse);
    }
    // Plans whose layer has a name of its own are known by the field of the use they set.
    let zoned = ZONING_FIELDS.iter().any(|f| text(attributes, f).is_some());
    if zoned && dimension == Some(Dimension::Area) { of(Class::LandUse, "zoning") } else { None }
}

/// A layer's name, in words.
pub struct LayerName(Words);

impl LayerName {
    /// Splits a name once for all its features.
    pub fn new(name: &str) -> Self {
        Self(Words::new(name))
    }
}

/// A text's English words, lower case and singular, and the text itself for Chinese.
struct Words {
    words: Vec<String>,
    text: String,
}

impl Words {
    fn new(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let (mut word, mut lower_before) = (String::new(), false);
        for c in text.chars() {
            // A capital after a small letter begins a word: BuildingFootprints.
            if !c.is_ascii_alphabetic() || (c.is_ascii_uppercase() && lower_before) {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
            }
            if c.is_ascii_alphabetic() {
                word.push(c.to_ascii_lowercase());
            }
            lower_before = c.is_ascii_lowercase();
        }
        words.extend(Some(word).filter(|w| !w.is_empty()));
        words.iter_mut().for_each(singular);
        Self { words, text: text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect() }
    }

    /// True where a word of the list stands in the text.
    fn have(&self, word: &str) -> bool {
        if !word.is_ascii() {
            return self.text.contains(word);
        }
        let parts = word.split(' ').count();
        self.words.windows(parts).any(|window| window.iter().map(String::as_str).eq(word.split(' ')))
    }

    /// True where the text is that word. A Chinese compound is what its end says: 雨水检查井 is a 检查井.
    fn are(&self, word: &str) -> bool {
        if !word.is_ascii() {
            return self.text.ends_with(word);
        }
        self.text.is_ascii() && self.words.iter().map(String::as_str).eq(word.split(' '))
    }
}

/// `buildings` → `building`, `parties` → `party`, `branches` → `branch`; short words and `grass` stay.
fn singular(word: &mut String) {
    if word.len() > 4 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if word.len() > 4 && ["ches", "shes", "xes", "sses"].iter().any(|e| word.ends_with(e)) {
        word.truncate(word.len() - 2);
    } else if word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|e| word.ends_with(e)) {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(layer: &str, dimension: Dimension, attributes: Value) -> (Class, Option<String>) {
        let found = classify(&LayerName::new(layer), attributes.as_object().unwrap(), Some(dimension));
        (found.class, found.more.map(|(k, v)| format!("{k}={v}")))
    }

    #[test]
    fn by_the_layers_name_in_two_languages() {
        use Dimension::*;
        for (layer, dimension, class, more) in [
            ("gis_osm_buildings_a_free_1", Area, Class::Building, None),
            ("BuildingFootprints", Area, Class::Building, None),
            ("临港建筑物", Area, Class::Building, None),
            ("streets", Line, Class::Road, None),
            ("上海市道路", Line, Class::Road, None),
            ("上海市", Area, Class::GenericCityObject, None),
            ("street_lamps", Point, Class::CityFurniture, Some("function=street_lamp")),
            ("路灯", Point, Class::CityFurniture, Some("function=street_lamp")),
            ("StreetTrees", Point, Class::SolitaryVegetationObject, None),
            ("水系面", Area, Class::WaterBody, None),
            ("plots", Area, Class::LandUse, Some("function=parcel")),
            ("控规_用地性质", Area, Class::LandUse, Some("function=zoning")),
            ("建筑红线", Area, Class::LandUse, Some("function=red_line")),
            ("flood_zones_100y", Area, Class::LandUse, Some("function=flood_zone")),
            ("land_use", Area, Class::LandUse, None),
            ("污水管线", Line, Class::UtilityNetworkElement, Some("network=sewage")),
            ("Water_Mains", Line, Class::UtilityNetworkElement, Some("network=water")),
            ("pipes", Line, Class::UtilityNetworkElement, None),
            ("roads", Point, Class::GenericCityObject, None),
            ("tessellation", Area, Class::GenericCityObject, None),
            ("boston311-100", Point, Class::GenericCityObject, None),
            ("parking", Area, Class::Square, Some("function=car_park")),
            ("parks", Area, Class::PlantCover, None),
            ("申港街道", Area, Class::LandUse, Some("function=administrative_area")),
        ] {
            assert_eq!(of(layer, dimension, json!({})), (class, more.map(str::to_owned)), "{layer}");
        }
    }

    #[test]
    fn by_attributes_before_the_layers_name() {
        use Dimension::*;
        let function = |f: &str| Some(format!("function={f}"));
        assert_eq!(of("x", Area, json!({ "class": "Road" })), (Class::Road, None));
        assert_eq!(of("roads", Area, json!({ "building": "yes" })), (Class::Building, None));
        assert_eq!(of("points", Point, json!({ "highway": "street_lamp" })), (Class::CityFurniture, function("street_lamp")));
        assert_eq!(of("lines", Line, json!({ "building": null, "highway": "primary" })), (Class::Road, None));
        assert_eq!(of("部件", Point, json!({ "部件类型": "雨水井盖" })), (Class::CityFurniture, function("manhole")));
        assert_eq!(of("assets", Point, json!({ "TYPE": "Fire Hydrant" })), (Class::CityFurniture, function("fire_hydrant")));
        assert_eq!(of("2035", Area, json!({ "用地性质": "R2 二类居住用地" })), (Class::LandUse, function("zoning")));
        assert_eq!(of("requests", Point, json!({ "type": "Parking Enforcement" })), (Class::GenericCityObject, None));
    }
}
