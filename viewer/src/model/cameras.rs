//! Where to look from: a free view, and named ones that are found in the model itself.

use crate::model::city::City;
use crate::model::layer::Layer;
use crate::model::storeys::inside_bounds;
use qike_core::Bounds3;
use qike_scene::{Class, ObjectIx};
use std::collections::{BTreeMap, BTreeSet};
use std::f32::consts::FRAC_PI_2;
use std::str::FromStr;

/// A view: it looks at `target` from `distance` away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The point in the middle of the picture.
    pub target: [f32; 3],
    /// Metres from the eye to it.
    pub distance: f32,
    /// Heading of the look, radians: 0 north, π/2 east.
    pub yaw: f32,
    /// Above 0 the eye looks down, radians.
    pub pitch: f32,
}

impl View {
    /// Unit vector of the look.
    pub fn look(&self) -> [f32; 3] {
        let (sy, cy) = self.yaw.sin_cos();
        let (sp, cp) = self.pitch.sin_cos();
        [sy * cp, -sp, -cy * cp]
    }

    /// Where the eye is.
    pub fn eye(&self) -> [f32; 3] {
        let look = self.look();
        [0, 1, 2].map(|axis| self.target[axis] - look[axis] * self.distance)
    }
}

/// How the user names a view.
#[derive(Clone, Debug, PartialEq)]
pub enum CameraChoice {
    /// One of [`NAMES`].
    Named(String),
    /// City coordinates of the eye, heading and pitch in degrees (pitch below 0 looks down).
    Free([f64; 5]),
}

/// The named views.
pub const NAMES: [&str; 9] = ["overview", "lake", "station", "station-inside", INSIDE, "pipes", "street", "beach", TRAFFIC];

/// The view into what is modelled from inside, cut open.
pub const INSIDE: &str = "inside";

/// The view of the busiest place of a recording ([`super::busiest`]): not of the city alone.
pub const TRAFFIC: &str = "traffic";

impl FromStr for CameraChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if NAMES.contains(&text) {
            return Ok(Self::Named(text.to_owned()));
        }
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse::<f64>()).collect();
        match numbers.as_deref() {
            Ok(&[x, y, z, yaw, pitch]) if [x, y, z, yaw, pitch].iter().all(|n| n.is_finite()) => Ok(Self::Free([x, y, z, yaw, pitch])),
            _ => Err(format!("'{text}' is no camera: write x,y,z,yaw,pitch or one of {}", NAMES.join(", "))),
        }
    }
}

/// The view of a choice; `None` where the model has no such place.
pub fn view(city: &City, choice: &CameraChoice) -> Option<View> {
    match choice {
        CameraChoice::Free([x, y, z, yaw, pitch]) => {
            let eye = city.frame.to_scene([*x, *y, *z]);
            let mut view = View { target: eye, distance: 100.0, yaw: yaw.to_radians() as f32, pitch: -pitch.to_radians() as f32 };
            let look = view.look();
            view.target = [0, 1, 2].map(|axis| eye[axis] + look[axis] * view.distance);
            Some(view)
        }
        CameraChoice::Named(name) => match name.as_str() {
            "overview" => Some(overview(city)),
            "lake" => lake(city),
            "station" => station(city),
            "station-inside" | INSIDE => station_inside(city),
            "pipes" => pipes(city),
            "street" => street(city),
            "beach" => beach(city),
            _ => None,
        },
    }
}

fn bounds_where(city: &City, wanted: impl Fn(ObjectIx, Layer) -> bool) -> Bounds3 {
    let mut bounds = Bounds3::EMPTY;
    for (i, layer) in city.layers.iter().enumerate() {
        let ix = ObjectIx(i as u32);
        if layer.is_some_and(|layer| wanted(ix, layer)) {
            bounds.merge(&city.snapshot.bounds_of(ix));
        }
    }
    bounds
}

/// The whole city, from the south and above.
pub fn overview(city: &City) -> View {
    let mut bounds = bounds_where(city, |_, layer| layer == Layer::Buildings);
    if bounds.is_empty() {
        bounds = city.snapshot.bounds();
    }
    if bounds.is_empty() {
        return View { target: [0.0; 3], distance: 500.0, yaw: 0.0, pitch: 0.6 };
    }
    let size = bounds.size();
    let across = size[0].max(size[1]).max(40.0) as f32;
    let mut target = city.frame.to_scene(bounds.centre());
    target[1] = city.ground.at(target[0], target[2]);
    View { target, distance: across * 0.75 + 2.0 * size[2] as f32, yaw: -0.42, pitch: 0.42 }
}

fn largest(city: &City, class: Class, wanted: impl Fn(ObjectIx) -> bool) -> Option<ObjectIx> {
    let area = |ix: &ObjectIx| {
        let size = city.snapshot.bounds_of(*ix).size();
        size[0] * size[1]
    };
    let all = city.snapshot.of_class(class).iter().copied().filter(|ix| wanted(*ix));
    all.filter(|ix| area(ix).is_finite()).max_by(|a, b| area(a).total_cmp(&area(b)).then_with(|| b.0.cmp(&a.0)))
}

/// The middle of the highest buildings, weighted by height: the skyline.
fn skyline(city: &City) -> Option<[f32; 3]> {
    let mut sum = [0.0_f64; 3];
    let mut weight = 0.0;
    for ix in city.snapshot.of_class(Class::Building) {
        let bounds = city.snapshot.bounds_of(*ix);
        let height = bounds.size()[2];
        if height.is_finite() && height > 0.0 {
            let centre = bounds.centre();
            let w = height.powi(3);
            weight += w;
            for axis in 0..3 {
                sum[axis] += centre[axis] * w;
            }
        }
    }
    (weight > 0.0).then(|| city.frame.to_scene(sum.map(|s| s / weight)))
}

/// Over the largest lake towards the skyline behind its shore.
fn lake(city: &City) -> Option<View> {
    let named = |ix: ObjectIx| {
        let object = city.snapshot.get(ix);
        let name = object.name.as_deref().unwrap_or_default();
        object.str("water") == Some("lake") || name.contains("Lake") || name.contains('湖')
    };
    let water = largest(city, Class::WaterBody, named).or_else(|| largest(city, Class::WaterBody, |_| true))?;
    let bounds = city.snapshot.bounds_of(water);
    let centre = city.frame.to_scene(bounds.centre());
    let towards = skyline(city).unwrap_or([centre[0], 0.0, centre[2] - 100.0]);
    let across = bounds.size()[0].min(bounds.size()[1]) as f32;
    let yaw = f32::atan2(towards[0] - centre[0], -(towards[2] - centre[2]));
    Some(View { target: [centre[0], city.ground.at(centre[0], centre[2]), centre[2]], distance: across * 0.42, yaw, pitch: 0.13 })
}

fn station(city: &City) -> Option<View> {
    let bounds = inside_bounds(&city.snapshot, &city.layers);
    (!bounds.is_empty()).then(|| {
        let mut target = city.frame.to_scene(bounds.centre());
        target[1] = city.ground.at(target[0], target[2]);
        let across = bounds.size()[0].max(bounds.size()[1]) as f32;
        View { target, distance: (across * 1.1).max(60.0), yaw: -0.7, pitch: 0.5 }
    })
}

fn station_inside(city: &City) -> Option<View> {
    let bounds = inside_bounds(&city.snapshot, &city.layers);
    (!bounds.is_empty()).then(|| {
        let size = bounds.size();
        // Look across the long side, which then runs through the picture.
        let yaw = if size[0] >= size[1] { -0.32 } else { FRAC_PI_2 - 0.32 };
        let across = size[0].max(size[1]) as f32;
        View { target: city.frame.to_scene(bounds.centre()), distance: (across * 0.62).max((across * 1.25).min(30.0)), yaw, pitch: 0.75 }
    })
}

/// Along the widest road, near the skyline, from a little above the lamps.
fn street(city: &City) -> Option<View> {
    let near = skyline(city).unwrap_or([0.0; 3]);
    let mut best: Option<(f32, View)> = None;
    for ix in city.snapshot.of_class(Class::Road) {
        let object = city.snapshot.get(*ix);
        let width = crate::mesh::roads::profile(object).width;
        for line in crate::mesh::roads::axis_lines(object, &city.frame, &city.ground) {
            let lengths = crate::mesh::lines::lengths(&line);
            let total = lengths.last().copied().unwrap_or(0.0);
            let Some((p, [dx, dz])) = crate::mesh::lines::along(&line, &lengths, total / 2.0) else { continue };
            let away = (p[0] - near[0]).hypot(p[2] - near[2]);
            let score = width * 40.0 + total.min(400.0) - away * 0.5;
            if best.is_none_or(|(found, _)| score > found) {
                let yaw = f32::atan2(dx, -dz);
                best = Some((score, View { target: [p[0], p[1] + 3.0, p[2]], distance: 90.0, yaw, pitch: 0.26 }));
            }
        }
    }
    best.map(|(_, view)| view)
}

/// Side of the squares in which pipes are counted, metres.
const PIPES_M: f32 = 60.0;

/// Along the street with most kinds of pipes below it and most buildings beside it.
fn pipes(city: &City) -> Option<View> {
    // Of each square: the kinds of its pipes, their length, and the longest piece of one.
    let mut squares: BTreeMap<[i32; 2], (BTreeSet<&str>, f32, [[f32; 3]; 2])> = BTreeMap::new();
    for ix in city.snapshot.of_class(Class::UtilityNetworkElement) {
        let object = city.snapshot.get(*ix);
        let lines = object.finest().into_iter().filter(|g| g.is_finite() && g.is_consistent()).flat_map(|g| g.lines());
        for line in lines {
            let points: Vec<[f32; 3]> = line.into_iter().map(|p| city.frame.to_scene(p)).collect();
            for pair in points.windows(2) {
                let [a, b] = [pair[0], pair[1]];
                let length = (b[0] - a[0]).hypot(b[2] - a[2]);
                let middle = [(a[0] + b[0]) / 2.0, (a[2] + b[2]) / 2.0];
                let square = squares.entry(middle.map(|c| (c / PIPES_M).floor() as i32)).or_insert_with(|| (BTreeSet::new(), 0.0, [a, b]));
                square.0.insert(object.str("network").unwrap_or_default());
                square.1 += length;
                if length > (square.2[1][0] - square.2[0][0]).hypot(square.2[1][2] - square.2[0][2]) {
                    square.2 = [a, b];
                }
            }
        }
    }
    let mut buildings: BTreeMap<[i32; 2], u32> = BTreeMap::new();
    for ix in city.snapshot.of_class(Class::Building) {
        let bounds = city.snapshot.bounds_of(*ix);
        if !bounds.is_empty() {
            let at = city.frame.to_scene(bounds.centre());
            *buildings.entry([at[0], at[2]].map(|c| (c / PIPES_M).floor() as i32)).or_default() += 1;
        }
    }
    let beside = |[x, z]: [i32; 2]| -> u32 {
        (x - 1..=x + 1).flat_map(|x| (z - 1..=z + 1).map(move |z| [x, z])).filter_map(|square| buildings.get(&square)).sum()
    };
    let score = |(square, (kinds, length, _)): &([i32; 2], (BTreeSet<&str>, f32, _))| {
        kinds.len() as f32 * 1000.0 + beside(*square).min(30) as f32 * 25.0 + length.min(240.0)
    };
    let (_, (_, _, [a, b])) = squares.into_iter().max_by(|x, y| score(x).total_cmp(&score(y)))?;
    let target = [0, 1, 2].map(|axis| (a[axis] + b[axis]) / 2.0);
    let yaw = f32::atan2(b[0] - a[0], -(b[2] - a[2])) + 0.5;
    Some(View { target, distance: 48.0, yaw, pitch: 0.5 })
}

/// The beach, seen from the land towards the water.
fn beach(city: &City) -> Option<View> {
    let is_beach = |ix: ObjectIx| {
        let object = city.snapshot.get(ix);
        object.str("function") == Some("beach") || object.str("natural") == Some("beach")
    };
    let ix = largest(city, Class::Square, is_beach)?;
    let bounds = city.snapshot.bounds_of(ix);
    let centre = city.frame.to_scene(bounds.centre());
    let inland = skyline(city).unwrap_or([0.0; 3]);
    let yaw = f32::atan2(centre[0] - inland[0], -(centre[2] - inland[2])) + 0.5;
    let across = bounds.size()[0].max(bounds.size()[1]) as f32;
    Some(View { target: centre, distance: (across * 0.45).clamp(120.0, 900.0), yaw, pitch: 0.3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_named_or_five_numbers() {
        assert_eq!("lake".parse(), Ok(CameraChoice::Named("lake".into())));
        assert_eq!("1,2,3,90,-30".parse(), Ok(CameraChoice::Free([1.0, 2.0, 3.0, 90.0, -30.0])));
        for bad in ["moon", "1,2,3", "1,2,3,4,NaN"] {
            assert!(bad.parse::<CameraChoice>().is_err(), "{bad}");
        }
    }

    #[test]
    fn heading_and_pitch_turn_the_look() {
        let view = View { target: [0.0; 3], distance: 10.0, yaw: FRAC_PI_2, pitch: 0.0 };
        assert!((view.look()[0] - 1.0).abs() < 1e-6 && (view.eye()[0] + 10.0).abs() < 1e-5);
        let down = View { pitch: FRAC_PI_2, ..view };
        assert!((down.eye()[1] - 10.0).abs() < 1e-5);
    }
}
