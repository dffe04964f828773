//! The buildings one remembers: museum, opera, twin towers, the island hotel, the ocean park, the lighthouse.

use super::solid::{Shell, scaled};
use super::{Building, Form, Site, Use, facing};
use crate::geo::{P, add, angle, band, ellipse, polar, rect};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

fn at(deg: f64, r: f64) -> P {
    polar(r, deg.to_radians())
}

/// A dome of `storeys` rings over an ellipse.
fn dome(c: P, rx: f64, ry: f64, dir: f64, height: f64) -> Shell {
    let rings: Vec<(Vec<P>, f64)> = (0..=8)
        .map(|i| {
            let t = f64::from(i) / 8.0 * 0.94 * FRAC_PI_2;
            (ellipse(c, rx * t.cos(), ry * t.cos(), dir, 32), height * t.sin() / (0.94 * FRAC_PI_2).sin())
        })
        .collect();
    Shell::loft(&rings)
}

/// A petal: a lens that leans outwards and draws together towards its tip.
fn petal(c: P, dir: f64, start: f64, width: f64, height: f64, lean: f64) -> Shell {
    let rings: Vec<(Vec<P>, f64)> = (0..=7)
        .map(|i| {
            let t = f64::from(i) / 7.0;
            let middle = add(c, polar(start + lean * t * t, dir));
            let w = width * (1.0 - t.powi(3) * 0.93) * (0.75 + 0.5 * (PI * t).sin() * 0.5);
            (ellipse(middle, 2.6 * (1.0 - 0.6 * t), w / 2.0, dir, 12), height * t)
        })
        .collect();
    Shell::loft(&rings)
}

/// A sail: an upright lens that leans back.
fn sail(c: P, dir: f64, along: f64, deep: f64, height: f64) -> Shell {
    let rings: Vec<(Vec<P>, f64)> = (0..=8)
        .map(|i| {
            let t = f64::from(i) / 8.0;
            let k = (1.0 - t * t).max(0.02).sqrt();
            (ellipse(add(c, polar(deep * 0.7 * t * t, dir)), deep / 2.0 * k, along / 2.0 * k.powf(0.7), dir, 20), height * t)
        })
        .collect();
    Shell::loft(&rings)
}

/// Storey plates that step with height, each a shade larger than the glass between them: LOD3 with overhangs.
fn plates(rings: &[Vec<P>], storey_m: f64, overhang: f64) -> Shell {
    let mut all = Vec::new();
    for (i, ring) in rings.iter().enumerate() {
        let z = i as f64 * storey_m;
        let out = scaled(ring, overhang);
        all.extend([(ring.clone(), z), (ring.clone(), z + storey_m - 0.6), (out.clone(), z + storey_m - 0.6), (out, z + storey_m)]);
    }
    Shell::loft(&all)
}

struct Landmarks<'s, 'w> {
    site: &'s mut Site<'w>,
}

impl Landmarks<'_, '_> {
    fn add(&mut self, name: (&str, &str), usage: Use, (storeys, year): (u32, u32), footprint: Vec<P>, shells: Vec<Shell>) {
        let mut b = Building::raise(footprint, Form::Shells(shells), usage, storeys, year).named(name.0, name.1);
        b.lod = "3";
        self.site.add(None, b, 0.0, 4.0);
    }
}

/// Places all landmarks; to be called before anything else is built.
pub fn place(site: &mut Site) {
    let mut l = Landmarks { site };
    culture(&mut l);
    towers(&mut l);
    square(&mut l);
    islands(&mut l);
    ocean_park(&mut l);
    shore(&mut l);
}

fn culture(l: &mut Landmarks) {
    let c = at(84.2, 1575.0);
    let mut shells = vec![dome(c, 30.0, 30.0, 0.0, 24.0)];
    for i in 0..10 {
        let dir = TAU * f64::from(i) / 10.0;
        let (h, lean) = if i % 2 == 0 { (34.0, 20.0) } else { (25.0, 26.0) };
        shells.push(petal(c, dir, 37.0, 21.0, h, lean));
    }
    l.add(("滴水湖莲花博物馆", "Lotus Museum"), Use::Culture, (5, 2019), ellipse(c, 42.0, 42.0, 0.0, 36), shells);

    let c = at(95.8, 1575.0);
    let shells = vec![dome(c, 52.0, 36.0, angle(c) + FRAC_PI_2, 22.0)];
    l.add(("天文馆", "Planetarium"), Use::Culture, (4, 2021), ellipse(c, 54.0, 40.0, angle(c) + FRAC_PI_2, 32), shells);

    let c = at(203.6, 1575.0);
    let dir = angle(c);
    let side = |d: f64| add(c, polar(d, dir + FRAC_PI_2));
    let hall = plates(&[rect(c, 96.0, 56.0, dir + FRAC_PI_2), rect(c, 96.0, 56.0, dir + FRAC_PI_2), rect(c, 60.0, 40.0, dir + FRAC_PI_2)], 6.0, 1.04);
    let shells = vec![sail(side(-62.0), dir, 58.0, 16.0, 56.0), sail(side(62.0), dir + PI, 58.0, 16.0, 56.0), hall];
    let ring = rect(c, 142.0, 66.0, dir + FRAC_PI_2);
    l.add(("航海博物馆", "Maritime Museum"), Use::Culture, (3, 2010), ring, shells);

    let c = at(216.2, 1570.0);
    let shells = (0..5).map(|i| sail(add(c, polar(-44.0 + 22.0 * f64::from(i), angle(c))), angle(c) + PI, 74.0 - 9.0 * f64::from((i - 2_i32).abs()), 15.0, 20.0 + 6.0 * f64::from(i)));
    l.add(("滴水湖歌剧院", "Lake Opera"), Use::Culture, (4, 2017), facing(c, 78.0, 112.0), shells.collect());
}

fn towers(l: &mut Landmarks) {
    for (deg, zh, en, turn) in [(177.2, "临港双塔·北塔", "Lingang North Tower", 0.9), (182.8, "临港双塔·南塔", "Lingang South Tower", -0.9)] {
        let c = at(deg, 1465.0);
        let podium = plates(&vec![facing(c, 62.0, 56.0); 3], 5.0, 1.02);
        let ring = facing(c, 63.5, 57.5);
        let shaft = Shell::loft(&twist_rings(c, 40.0, 15.0, 238.0, turn));
        l.add((zh, en), Use::Office, (54, 2022), ring, vec![podium, shaft]);
    }
    let named = [
        (152.6, 1455.0, 41, "水芸金融中心", "Shuiyun Finance Centre"), (157.2, 1455.0, 36, "自贸大厦", "Free Trade House"),
        (144.0, 1455.0, 33, "海洋科技大厦", "Ocean Science House"), (137.0, 1455.0, 30, "信息飞鱼大厦", "Flying Fish House"),
        (186.8, 1455.0, 39, "国际数据港", "International Data Harbour"), (192.4, 1455.0, 35, "世界顶尖科学家中心", "Laureates Centre"),
        (197.4, 1455.0, 29, "夏栎广场", "Xiali Plaza"), (125.4, 1455.0, 25, "银飞大厦", "Yinfei House"),
    ];
    for (i, (deg, r, storeys, zh, en)) in named.into_iter().enumerate() {
        let c = at(deg, r);
        let base = facing(c, 50.0, 46.0);
        let shaft = if i % 2 == 0 { ellipse(c, 19.0, 17.0, angle(c), 20) } else { facing(c, 34.0, 30.0) };
        let (podium, h) = (plates(&vec![base.clone(); 3], 4.6, 1.02), f64::from(storeys) * 4.2);
        let tower = Shell::loft(&[
            (shaft.clone(), 13.8), (shaft.clone(), h * 0.9), (scaled(&shaft, 0.8), h * 0.9), (scaled(&shaft, 0.8), h), (scaled(&shaft, 0.06), h + 14.0),
        ]);
        l.add((zh, en), Use::Office, (storeys, 2012 + i as u32), scaled(&base, 1.02), vec![podium.with_openings(4.6), tower.with_openings(4.2)]);
    }
}

/// The rings of a tower whose plan turns and tapers as it rises.
fn twist_rings(c: P, side: f64, from: f64, to: f64, turn: f64) -> Vec<(Vec<P>, f64)> {
    (0..=18)
        .map(|i| {
            let t = f64::from(i) / 18.0;
            let k = 1.0 - 0.34 * t * t;
            (rect(c, side * k, side * k, angle(c) + turn * t), from + (to - from) * t)
        })
        .collect()
}

/// What frames the station square: a mall and a bookshop to the north, a hotel to the south.
fn square(l: &mut Landmarks) {
    for (deg, r, along, deep, storeys, usage, zh, en) in [
        (162.6, 1476.0, 84.0, 92.0, 5, Use::Mixed, "滴水湖天地", "Lake Arcade"), (162.8, 1562.0, 84.0, 48.0, 4, Use::Culture, "临港书城", "Book City"),
        (177.3, 1556.0, 66.0, 70.0, 14, Use::Hotel, "站前酒店", "Station Hotel"),
    ] {
        let c = at(deg, r);
        let ring = facing(c, along, deep);
        let shell = if storeys > 8 {
            plates(&[vec![ring.clone(); 3], vec![scaled(&ring, 0.62); 11]].concat(), 4.0, 1.03)
        } else {
            plates(&vec![ring.clone(); storeys as usize], 4.6, 1.03)
        };
        l.add((zh, en), usage, (storeys, 2016), scaled(&ring, 1.03), vec![shell.with_openings(4.6)]);
    }
}

fn islands(l: &mut Landmarks) {
    let c = at(195.0, 720.0);
    let (deep, bend) = (20.0, 92.0);
    // A crescent that opens to the east, where the sun rises over the sea.
    let arc = |k: f64| band(add(c, [bend * 0.72, 0.0]), bend - deep / 2.0 * k, bend + deep / 2.0 * k, PI - 0.85 * k.sqrt(), PI + 0.85 * k.sqrt(), 14);
    let rings: Vec<(Vec<P>, f64)> = (0..=10).map(|i| (arc(1.0 - 0.5 * (f64::from(i) / 10.0).powi(2)), 7.2 * f64::from(i))).collect();
    l.add(("西岛新月酒店", "Crescent Hotel on West Island"), Use::Hotel, (20, 2014), arc(1.0), vec![Shell::loft(&rings)]);
    let c = at(75.0, 760.0);
    l.add(("北岛珍珠馆", "Pearl Hall on North Island"), Use::Culture, (3, 2018), ellipse(c, 33.0, 33.0, 0.0, 32), vec![dome(c, 33.0, 33.0, 0.0, 30.0)]);
    let c = at(310.0, 700.0);
    let rings = vec![ellipse(c, 26.0, 18.0, 0.5, 24), ellipse(c, 26.0, 18.0, 0.5, 24), ellipse(c, 18.0, 12.0, 0.5, 24)];
    l.add(("南岛游艇会", "South Island Yacht Club"), Use::Leisure, (3, 2016), ellipse(c, 28.0, 20.0, 0.5, 24), vec![plates(&rings, 4.5, 1.07)]);
}

fn ocean_park(l: &mut Landmarks) {
    let halls: [(f64, f64, f64, f64, f64, &str, &str); 5] = [
        (247.6, 2560.0, 62.0, 62.0, 40.0, "海洋馆穹顶", "Aquarium Dome"), (252.2, 2490.0, 50.0, 40.0, 24.0, "鲸豚剧场", "Whale Theatre"),
        (252.4, 2610.0, 44.0, 44.0, 28.0, "珊瑚水族馆", "Coral Aquarium"), (246.6, 2745.0, 66.0, 36.0, 26.0, "极地馆", "Polar Hall"),
        (243.4, 2660.0, 40.0, 28.0, 20.0, "火山漂流馆", "Volcano Rapids"),
    ];
    for (deg, r, rx, ry, h, zh, en) in halls {
        let c = at(deg, r);
        l.add((zh, en), Use::Leisure, (3, 2018), ellipse(c, rx, ry, angle(c), 32), vec![dome(c, rx, ry, angle(c), h)]);
    }
    for (deg, r, along, deep, zh, en) in [
        (249.2, 2395.0, 64.0, 16.0, "海洋公园大门", "Ocean Park Gate"), (244.2, 2450.0, 70.0, 34.0, "海洋餐厅", "Sea Hall Restaurant"),
        (255.6, 2470.0, 50.0, 26.0, "美人鱼剧院", "Mermaid Theatre"), (242.6, 2800.0, 60.0, 40.0, "海洋公园酒店", "Ocean Park Hotel"),
    ] {
        let c = at(deg, r);
        let ring = facing(c, along, deep);
        let storeys = if zh.ends_with("酒店") { 8 } else { 2 };
        l.add((zh, en), Use::Leisure, (storeys, 2018), scaled(&ring, 1.05), vec![plates(&vec![ring; storeys as usize], 4.4, 1.05)]);
    }
}

fn shore(l: &mut Landmarks) {
    let beach = |along_deg: f64, offset: f64| {
        let c = crate::plan::lingang::coast_centre();
        add(c, polar(crate::plan::lingang::COAST_RADIUS - offset, (-40.0 + along_deg).to_radians()))
    };
    let c = beach(9.0, 22.0);
    let tower = Shell::loft(&[
        (ellipse(c, 6.5, 6.5, 0.0, 16), 0.0), (ellipse(c, 4.0, 4.0, 0.0, 16), 30.0), (ellipse(c, 6.0, 6.0, 0.0, 16), 30.0),
        (ellipse(c, 6.0, 6.0, 0.0, 16), 31.0), (ellipse(c, 3.2, 3.2, 0.0, 16), 31.0), (ellipse(c, 3.2, 3.2, 0.0, 16), 35.0),
        (ellipse(c, 0.3, 0.3, 0.0, 16), 39.0),
    ]);
    l.site.reserve(&ellipse(c, 9.0, 9.0, 0.0, 12));
    let b = Building::raise(ellipse(c, 6.5, 6.5, 0.0, 16), Form::Shells(vec![tower]), Use::Leisure, 9, 2011).named("南汇嘴灯塔", "Nanhuizui Lighthouse");
    l.site.buildings.push(Building { lod: "3", ..b });
    // Between the paths onto the sand, which lie 1.72° apart from the middle on.
    for (i, deg) in [-6.02, -2.58, -0.86, 2.58, 6.02].into_iter().enumerate() {
        let c = beach(deg, 66.0);
        let ring = rect(c, 26.0, 9.0, (-40.0 + deg).to_radians() + FRAC_PI_2);
        let shell = plates(std::slice::from_ref(&ring), 4.2, 1.12);
        let b = Building::raise(scaled(&ring, 1.12), Form::Shells(vec![shell]), Use::Leisure, 1, 2015);
        l.site.reserve(&b.footprint);
        let zh = format!("沙滩驿站{}", i + 1);
        l.site.buildings.push(Building { lod: "3", ..b.named(&zh, &format!("Beach House {}", i + 1)) });
    }
}
