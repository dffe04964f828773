//! GeoJSON (RFC 7946): the plans of objects in longitude and latitude.

use crate::failure::Failure;
use qike_core::{Crs, SourceCrs, Transform};
use qike_store::{Footprint, Hit, SceneStore};
use serde_json::{Map, Value, json};

/// A FeatureCollection of the objects' plans. Attributes are properties under their own names; what Qike adds starts with `qike_`.
pub fn collection(store: &SceneStore, hits: &[Hit]) -> Result<Value, Failure> {
    // A model without a place on Earth keeps its metres: there is nothing better to write.
    let transform = match store.crs() {
        crs if crs.is_local() => None,
        crs => Some(Transform::new(&SourceCrs::Crs(crs.clone()), &Crs::wgs84()).map_err(Failure::new)?),
    };
    let position = |c: geo::Coord| -> Result<Value, Failure> {
        let [x, y, _] = match &transform {
            Some(t) => t.apply([c.x, c.y, 0.0]).map_err(Failure::new)?,
            None => [c.x, c.y, 0.0],
        };
        // Nine decimals of a degree are a tenth of a millimetre.
        let digits = if transform.is_some() { 1e9 } else { 1e4 };
        Ok(json!([(x * digits).round() / digits, (y * digits).round() / digits]))
    };
    let features = hits.iter().map(|hit| feature(hit, &position)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "type": "FeatureCollection", "features": features }))
}


type Position<'a> = dyn Fn(geo::Coord) -> Result<Value, Failure> + 'a;

fn feature(hit: &Hit, position: &Position) -> Result<Value, Failure> {
    let mut properties: Map<String, Value> = hit.attributes.read();
    properties.insert("qike_class".into(), hit.class.name().into());
    properties.insert("qike_name".into(), json!(hit.name));
    properties.insert("qike_parent".into(), json!(hit.parent));
    properties.insert("qike_lods".into(), json!(hit.lods));
    if let Some(distance) = hit.distance_m {
        properties.insert("qike_distance_m".into(), json!(distance));
    }
    Ok(json!({ "type": "Feature", "id": hit.id, "geometry": geometry(&hit.plan, position)?, "properties": properties }))
}

fn geometry(plan: &Footprint, position: &Position) -> Result<Value, Failure> {
    let line = |l: &geo::LineString| l.0.iter().map(|c| position(*c)).collect::<Result<Vec<_>, _>>().map(Value::from);
    let area = |p: &geo::Polygon| std::iter::once(p.exterior()).chain(p.interiors()).map(line).collect::<Result<Vec<_>, _>>().map(Value::from);
    Ok(match plan {
        Footprint::None => Value::Null,
        Footprint::Points(p) if p.0.len() == 1 => json!({ "type": "Point", "coordinates": position(p.0[0].0)? }),
        Footprint::Points(p) => {
            json!({ "type": "MultiPoint", "coordinates": p.0.iter().map(|p| position(p.0)).collect::<Result<Vec<_>, _>>()? })
        }
        Footprint::Lines(l) if l.0.len() == 1 => json!({ "type": "LineString", "coordinates": line(&l.0[0])? }),
        Footprint::Lines(l) => json!({ "type": "MultiLineString", "coordinates": l.0.iter().map(line).collect::<Result<Vec<_>, _>>()? }),
        Footprint::Areas(a) if a.0.len() == 1 => json!({ "type": "Polygon", "coordinates": area(&a.0[0])? }),
        Footprint::Areas(a) => json!({ "type": "MultiPolygon", "coordinates": a.0.iter().map(area).collect::<Result<Vec<_>, _>>()? }),
    })
}
