//! The words by which layers and kinds are known, English and Chinese, in order: the first that fits counts, so the special
//! stands before the general (`red line` before `building`, `street lamp` before `street`).

use qike_scene::Class::{self, *};

/// Points, lines or areas that a word may be said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// Any geometry, or none.
    Any,
    /// Not points.
    Extended,
    /// Lines only.
    Lines,
    /// Areas only.
    Areas,
    /// Points only.
    Points,
}

/// One kind of thing.
pub struct Kind {
    /// English: words in order, separated by spaces, singular. Chinese: a part of the text.
    pub words: &'static [&'static str],
    /// For which geometries.
    pub fits: Fits,
    /// What it is.
    pub class: Class,
    /// Its attribute `function` (for pipes: `network`).
    pub function: Option<&'static str>,
}

const fn kind(words: &'static [&'static str], fits: Fits, class: Class, function: &'static str) -> Kind {
    Kind { words, fits, class, function: if function.is_empty() { None } else { Some(function) } }
}

/// All kinds, special before general.
pub static KINDS: &[Kind] = &[
    // Plans: lines that limit building, zones, hazards.
    kind(&["red line", "redline", "红线"], Fits::Extended, LandUse, "red_line"),
    kind(&["城市蓝线", "蓝线", "blue line"], Fits::Extended, LandUse, "blue_line"),
    kind(&["城市绿线", "绿线", "green line"], Fits::Areas, LandUse, "green_line"),
    kind(&["城市紫线", "紫线", "purple line"], Fits::Extended, LandUse, "purple_line"),
    kind(&["城市黄线", "黄线", "yellow line"], Fits::Extended, LandUse, "yellow_line"),
    kind(&["urban growth boundary", "开发边界"], Fits::Extended, LandUse, "urban_growth_boundary"),
    kind(&["flood zone", "flood plain", "floodplain", "flood hazard", "flood risk", "flood", "inundation", "洪水", "内涝", "淹没", "洪泛", "蓄滞洪"], Fits::Areas, LandUse, "flood_zone"),
    kind(&["zoning", "zone plan", "land use plan", "use district", "planned land use", "用地性质", "规划用地", "用地规划", "控规", "用途地域"], Fits::Areas, LandUse, "zoning"),
    kind(&["protected area", "conservation area", "nature reserve", "保护区", "生态空间"], Fits::Areas, LandUse, "protected_area"),
    kind(&["fire zone", "防火区"], Fits::Areas, LandUse, "fire_zone"),
    // Street furniture.
    kind(&["street lamp", "street light", "streetlamp", "streetlight", "lamp post", "lamp", "light pole", "luminaire", "路灯", "灯杆", "照明灯"], Fits::Points, CityFurniture, "street_lamp"),
    kind(&["manhole", "井盖", "窨井", "检查井"], Fits::Any, CityFurniture, "manhole"),
    kind(&["fire hydrant", "hydrant", "消火栓", "消防栓"], Fits::Points, CityFurniture, "fire_hydrant"),
    kind(&["transformer box", "transformer", "street cabinet", "配电箱", "变电箱", "箱变", "变压器"], Fits::Any, CityFurniture, "transformer_box"),
    kind(&["traffic signal", "traffic light", "signal light", "信号灯", "红绿灯"], Fits::Points, CityFurniture, "traffic_signals"),
    kind(&["traffic sign", "road sign", "street sign", "标志牌", "交通标志", "路名牌"], Fits::Points, CityFurniture, "traffic_sign"),
    kind(&["bus stop", "bus station", "tram stop", "公交站", "公交车站"], Fits::Points, CityFurniture, "bus_stop"),
    kind(&["metro station", "subway station", "railway station", "train station", "地铁站", "轨道站", "火车站"], Fits::Points, CityFurniture, "metro_station"),
    kind(&["litter bin", "waste bin", "waste basket", "trash can", "garbage bin", "bin", "垃圾箱", "垃圾桶", "废物箱"], Fits::Points, CityFurniture, "litter_bin"),
    kind(&["bench", "座椅"], Fits::Points, CityFurniture, "bench"),
    kind(&["bollard", "隔离桩"], Fits::Any, CityFurniture, "bollard"),
    kind(&["billboard", "advertising", "广告牌"], Fits::Any, CityFurniture, "advertising"),
    kind(&["charging station", "charging pile", "充电桩"], Fits::Points, CityFurniture, "charging_station"),
    kind(&["surveillance camera", "camera", "cctv", "摄像头", "摄像机", "监控点"], Fits::Points, CityFurniture, "surveillance_camera"),
    kind(&["smoke detector", "烟感"], Fits::Points, CityFurniture, "smoke_detector"),
    kind(&["sensor", "monitoring station", "传感器", "监测站", "监测点"], Fits::Points, CityFurniture, "sensor"),
    kind(&["utility pole", "电线杆", "电杆", "立杆"], Fits::Points, CityFurniture, "utility_pole"),
    // Pipes and cables; the function is the network.
    kind(&["storm drain", "storm sewer", "stormwater", "storm pipe", "rain pipe", "雨水管", "雨水"], Fits::Lines, UtilityNetworkElement, "storm"),
    kind(&["sewer", "wastewater", "sanitary sewer", "sewage", "污水管", "污水", "排水管", "排水"], Fits::Lines, UtilityNetworkElement, "sewage"),
    kind(&["water main", "water pipe", "water supply", "watermain", "给水", "供水", "自来水", "上水管"], Fits::Lines, UtilityNetworkElement, "water"),
    kind(&["gas main", "gas pipe", "gas line", "燃气", "煤气", "天然气"], Fits::Lines, UtilityNetworkElement, "gas"),
    kind(&["district heating", "heating pipe", "heat pipe", "热力管", "热力", "供热"], Fits::Lines, UtilityNetworkElement, "heating"),
    kind(&["power line", "power cable", "electric cable", "electricity cable", "电力管", "电力线", "电力", "电缆"], Fits::Lines, UtilityNetworkElement, "electricity"),
    kind(&["telecom", "telecommunication", "fiber", "fibre", "通信管", "通信", "光缆"], Fits::Lines, UtilityNetworkElement, "telecom"),
    kind(&["pipe", "pipeline", "conduit", "duct", "utility line", "管线", "管道", "管网", "管段"], Fits::Lines, UtilityNetworkElement, ""),
    kind(&["valve", "阀门"], Fits::Points, UtilityNetworkElement, ""),
    // Transport.
    kind(&["car park", "parking", "parking lot", "停车场", "停车位", "泊位"], Fits::Any, Square, "car_park"),
    kind(&["bus line", "bus route", "transit line", "公交线"], Fits::Lines, TransitLine, ""),
    kind(&["crossing", "crosswalk", "人行横道", "斑马线"], Fits::Any, CityFurniture, "crossing"),
    kind(&["intersection", "road junction", "路口", "交叉口"], Fits::Any, Intersection, ""),
    kind(&["bridge", "桥梁", "大桥", "高架桥", "天桥"], Fits::Any, Bridge, ""),
    kind(&["tunnel", "隧道"], Fits::Extended, Tunnel, ""),
    kind(&["railway", "rail", "railroad", "tram", "metro", "subway", "铁路", "轨道", "地铁"], Fits::Extended, Railway, ""),
    kind(&["sidewalk", "footway", "footpath", "pavement", "path", "trail", "cycleway", "bike lane", "cycle path", "人行道", "步道", "绿道", "自行车道"], Fits::Extended, Track, ""),
    kind(&["road centerline", "road centreline", "road", "street", "highway", "motorway", "carriageway", "道路", "公路", "马路", "路网", "路段", "车行道"], Fits::Extended, Road, ""),
    kind(&["街道"], Fits::Lines, Road, ""),
    kind(&["plaza", "public square", "广场"], Fits::Areas, Square, "plaza"),
    kind(&["beach", "沙滩", "海滩"], Fits::Areas, Square, "beach"),
    // Buildings.
    kind(&["building part"], Fits::Any, BuildingPart, ""),
    kind(&["building footprint", "building", "house", "footprint", "bldg", "建筑", "房屋", "楼栋", "楼幢"], Fits::Any, Building, ""),
    kind(&["fence", "wall", "围墙", "栅栏", "护栏"], Fits::Extended, OtherConstruction, "wall"),
    // Green and water.
    kind(&["tree", "street tree", "行道树", "古树", "树木", "乔木", "单木"], Fits::Points, SolitaryVegetationObject, ""),
    kind(&["tree", "tree row", "forest", "wood", "woodland", "grass", "lawn", "vegetation", "green space", "greenery", "greenspace", "garden", "park", "绿地", "绿化", "公园", "林地", "草地", "植被", "森林", "行道树"], Fits::Extended, PlantCover, ""),
    kind(&["coast line", "coastline", "shoreline", "海岸线", "岸线"], Fits::Extended, WaterBody, "coast_line"),
    kind(&["water", "water body", "waterbody", "waterway", "river", "lake", "pond", "stream", "canal", "reservoir", "hydrography", "sea", "水系", "水体", "水域", "水面", "河流", "河道", "湖泊", "水库", "池塘", "海域"], Fits::Extended, WaterBody, ""),
    // Land.
    kind(&["management grid", "网格"], Fits::Areas, LandUse, "management_grid"),
    kind(&["neighbourhood", "neighborhood", "社区", "居委会", "村委会"], Fits::Areas, LandUse, "neighbourhood"),
    kind(&["parcel", "plot", "cadastre", "cadastral parcel", "地块", "宗地", "地籍"], Fits::Areas, LandUse, "parcel"),
    kind(&["land use", "landuse", "land cover", "landcover", "土地利用", "地类图斑", "图斑", "用地"], Fits::Areas, LandUse, ""),
    kind(&["administrative area", "admin boundary", "administrative boundary", "boundary", "district", "county", "municipality", "province", "行政区", "行政界", "街道", "乡镇", "区界"], Fits::Areas, LandUse, "administrative_area"),
    kind(&["construction site", "工地"], Fits::Any, LandUse, "construction_site"),
    kind(&["contour", "等高线"], Fits::Lines, Relief, "contour"),
];
