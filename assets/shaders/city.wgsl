// The plain city material: sun and sky light, shadow, windows, water and haze per pixel. No shadow maps, no MSAA. What a layer has no
// surfaces of is left out of its shader (HAS_…): a processor that draws pictures walks through every branch. No branch depends on
// parameters alone, or lavapipe compiles the shader anew whenever one changes.

#import bevy_pbr::{
    mesh_functions::get_world_from_local,
    mesh_view_bindings::view,
}

struct Params {
    // Direction towards the sun; w: its strength.
    sun: vec4<f32>,
    // Shade grid: x and z of its corner, 1 / its width, 1 / its depth.
    grid: vec4<f32>,
    // x: height above which this layer is cut away; y: height of the ground; z: seconds, for waves; w: opacity.
    cut: vec4<f32>,
    // x: 1 where shadows fall on this layer; y: 1 where cut faces are filled; z: how grey (0-1); w: side of a shade cell, m.
    look: vec4<f32>,
    // A hole in this layer, so that one sees what is below: least x and z, greatest x and z. None where the greatest is less.
    hole: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> params: Params;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> states: array<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var shade_map: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var shade_sampler: sampler;

const PLAIN = 0u;
const FACADE = 1u;
const WATER = 2u;
const GRASS = 3u;
const ASPHALT = 4u;
const GLOW = 5u;
const SAND = 6u;
const ROOF = 7u;
const LEAVES = 8u;
const SKY = 9u;
const SHEET = 10u;

const PICKED = 2u;

struct Vertex {
    @builtin(instance_index) instance: u32,
    @location(0) place: vec4<f32>,
    @location(1) normal: vec4<f32>,
    @location(2) colour: vec4<f32>,
    @location(3) object: u32,
}

struct Fragment {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) colour: vec3<f32>,
    // x: height above the object's foot; y: openness to the sky; z: a number from 0 to 1 of the object's own.
    @location(2) height: vec3<f32>,
    @location(3) @interpolate(flat) normal: vec3<f32>,
    @location(4) @interpolate(flat) kind: u32,
}

fn linear(srgb: vec3<f32>) -> vec3<f32> {
    return srgb * (srgb * (srgb * 0.305306 + 0.682171) + 0.012522);
}

fn hash2(p: vec2<f32>) -> f32 {
    let q = fract(p * vec2(0.1031, 0.1030));
    let r = q + dot(q, q.yx + 33.33);
    return fract((r.x + r.y) * r.x);
}

@vertex
fn vertex(in: Vertex) -> Fragment {
    var out: Fragment;
    let world_from_local = get_world_from_local(in.instance);
    let world = (world_from_local * vec4(in.place.xyz, 1.0)).xyz;
    let count = arrayLength(&states);
    let state = select(0u, states[min(in.object, count - 1u)], in.object < count);
    out.clip = view.clip_from_world * vec4(world, 1.0);
    var srgb = in.colour.rgb;
    if (state & PICKED) != 0u {
        srgb = mix(srgb, vec3(1.0, 0.55, 0.12), 0.72);
    }
    out.world = world;
    out.colour = linear(srgb);
    let own = hash2(vec2(f32(in.object & 1023u), f32((in.object >> 10u) & 1023u)));
    out.height = vec3(in.place.w * 655.35, in.colour.a, own);
    out.normal = normalize(in.normal.xyz);
    out.kind = u32(round(in.normal.w * 127.0));
    return out;
}

fn noise(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = fract(p);
    let s = f * f * (3.0 - 2.0 * f);
    let low = mix(hash2(i), hash2(i + vec2(1.0, 0.0)), s.x);
    let high = mix(hash2(i + vec2(0.0, 1.0)), hash2(i + vec2(1.0, 1.0)), s.x);
    return mix(low, high, s.y);
}

// The sky without the sun's disc.
fn air(direction: vec3<f32>) -> vec3<f32> {
    let up = max(direction.y, 0.0);
    let zenith = vec3(0.135, 0.33, 0.70);
    let middle = vec3(0.36, 0.58, 0.86);
    let horizon = vec3(0.80, 0.86, 0.90);
    var colour = mix(horizon, middle, smoothstep(0.0, 0.22, up));
    colour = mix(colour, zenith, smoothstep(0.12, 0.75, up));
    let sun = max(dot(direction, params.sun.xyz), 0.0);
    let sun2 = sun * sun;
    return colour + vec3(0.10, 0.086, 0.062) * (sun2 * sun2 * sun2);
}

fn sky(direction: vec3<f32>) -> vec3<f32> {
    let sun = max(dot(direction, params.sun.xyz), 0.0);
    return air(direction) + vec3(0.5, 0.43, 0.31) * pow(sun, 180.0);
}

fn haze(colour: vec3<f32>, world: vec3<f32>, look: vec3<f32>, away: f32) -> vec3<f32> {
    let depth = away / 34000.0;
    let thick = 1.0 - exp(-depth * sqrt(sqrt(depth)));
    let far = air(normalize(vec3(look.x, max(look.y, 0.0) * 0.4 + 0.015, look.z)));
    return mix(colour, far, clamp(thick, 0.0, 1.0));
}

// Windows of a wall: how much of the pixel is glass, and the number of the window.
fn windows(u: f32, v: f32, own: f32, glassy: bool) -> vec3<f32> {
    let bay = select(2.7 + own * 1.1, 1.7 + own * 0.5, glassy);
    let cell = vec2(u / bay, (v - 0.25) / 3.2);
    let blurred = max(fwidth(cell), vec2(1e-4));
    let inside = fract(cell);
    let low = select(vec2(0.24, 0.30), vec2(0.05, 0.16), glassy);
    let high = select(vec2(0.76, 0.80), vec2(0.95, 0.93), glassy);
    let edge = clamp((inside - low) / blurred + 0.5, vec2(0.0), vec2(1.0)) * clamp((high - inside) / blurred + 0.5, vec2(0.0), vec2(1.0));
    let area = (high.x - low.x) * (high.y - low.y);
    // Rows of windows too small for a pixel become their average.
    let sharp = 1.0 - smoothstep(0.35, 0.9, max(blurred.x, blurred.y));
    let glass = mix(area, edge.x * edge.y, sharp) * step(0.25, v);
    return vec3(glass, hash2(floor(cell) + own * 97.0), sharp);
}

@fragment
fn fragment(in: Fragment, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let kind = in.kind;
    let to_eye = view.world_position - in.world;
    let away = length(to_eye);
    let look = -to_eye / away;
#ifdef HAS_SKY
    if kind == SKY {
        // Under a faded ground there is dark earth, not sky: pipes and halls stand out against it.
        let below = smoothstep(0.0, -0.04, look.y) * params.look.z;
        return vec4(mix(sky(look), vec3(0.030, 0.038, 0.052), below), 1.0);
    }
#endif
#ifdef HAS_CUT
    if in.world.y > params.cut.x {
        discard;
    }
    let in_hole = all(in.world.xz > params.hole.xy) && all(in.world.xz < params.hole.zw);
    if in_hole && in.world.y > params.cut.y - 0.5 {
        discard;
    }
#endif
    var colour = in.colour;
    var normal = in.normal;
    // Only what is cut shows backs of faces; they are what the cut went through.
    let filled = !front && kind != SHEET && f32(front) + params.look.y > 0.5;
    normal = select(-normal, normal, front);

    var shine = vec3(0.0);
#ifdef HAS_FACADE
    if kind == FACADE {
        let u = dot(in.world.xz, vec2(-normal.z, normal.x));
        let glassy = colour.b > colour.r * 1.10;
        let w = windows(u, in.height.x, in.height.z, glassy);
        let mirrored = reflect(look, normalize(normal + vec3(0.0, 0.02, 0.0)));
        let facing = clamp(1.0 + dot(look, normal), 0.0, 1.0);
        let fresnel = 0.16 + 0.6 * pow(facing, 3.0);
        let pane = mix(vec3(0.075, 0.115, 0.165), vec3(0.17, 0.20, 0.23), w.y * 0.8 * w.z + 0.3 * (1.0 - w.z));
        shine = w.x * fresnel * sky(vec3(mirrored.x, abs(mirrored.y), mirrored.z)) * 0.75;
        colour = mix(colour, pane, w.x * select(0.80, 0.86, glassy));
    }
#endif
#ifdef HAS_GRAIN
    // Grain of the ground: broad patches, and fine ones near by. Per metre; strength; per metre; strength; metres of reach.
    var grain = vec4(0.08, 0.08, 0.08, 0.0);
    grain = select(grain, vec4(0.021, 0.12, 0.35, 0.08), kind == GRASS);
    grain = select(grain, vec4(0.05, 0.07, 0.9, 0.05), kind == SAND);
    grain = select(grain, vec4(0.2, 0.05, 0.2, 0.0), kind == ROOF);
    grain = select(grain, vec4(0.0), kind == PLAIN || kind == GLOW || kind == FACADE || kind == SHEET);
    let broad = noise(in.world.xz * grain.x) - 0.5;
    let fine = (noise(in.world.xz * grain.z) - 0.5) * exp(-away / 400.0);
    colour *= 1.0 + grain.y * broad + grain.w * fine;
#endif

    // Sun, sky and what the shade grid says of this place.
    let at = (in.world.xz + normal.xz * params.look.w * 1.3 - params.grid.xy) * params.grid.zw;
    let shade = textureSampleLevel(shade_map, shade_sampler, at, 0.0).rg;
    let above = in.world.y - params.cut.y;
    let on_ground = exp(-max(in.height.x, 0.0) / 5.0);
    var lit = mix(1.0, smoothstep(-0.7, 0.9, above - shade.r + 0.35), params.look.x);
    var open = mix(1.0, mix(1.0, shade.g, on_ground), params.look.x) * in.height.y;
    if kind == FACADE || kind == PLAIN || kind == SHEET {
        open *= 1.0 - 0.16 * on_ground * step(0.01, in.height.x + 1.0 - normal.y);
    }
    var sun = max(dot(normal, params.sun.xyz), 0.0);
#ifdef HAS_LEAVES
    if kind == LEAVES {
        sun = 0.35 + 0.65 * max(dot(normal, params.sun.xyz) * 0.8 + 0.2, 0.0);
        lit = max(lit, 0.35);
    }
#endif
    let sky_light = mix(vec3(0.25, 0.235, 0.205), vec3(0.34, 0.42, 0.53), normal.y * 0.5 + 0.5);
    var light = sky_light * open + vec3(1.20, 1.07, 0.87) * (sun * lit * params.sun.w);

#ifdef HAS_WATER
    if kind == WATER {
        let calm = 1.0 / (1.0 + away / 260.0);
        let t = params.cut.z;
        let p = in.world.xz;
        let wave = vec2(
            noise(p * 0.16 + vec2(t * 0.35, 0.0)) + 0.6 * noise(p * 0.47 - vec2(0.0, t * 0.5)),
            noise(p * 0.16 + vec2(17.0, t * 0.3)) + 0.6 * noise(p * 0.47 + vec2(t * 0.45, 31.0)),
        ) - 0.8;
        let n = normalize(vec3(wave.x * (0.02 + 0.10 * calm), 1.0, wave.y * (0.02 + 0.10 * calm)));
        let fresnel = 0.05 + 0.80 * pow(1.0 - max(dot(-look, n), 0.0), 4.0);
        let mirrored = reflect(look, n);
        let patches = noise(p * 0.004) * 0.5 + noise(p * 0.0013) * 0.5;
        let deep = mix(vec3(0.030, 0.145, 0.225), vec3(0.055, 0.235, 0.305), patches);
        colour = mix(deep * (0.55 + 0.45 * lit), sky(vec3(mirrored.x, abs(mirrored.y), mirrored.z)) * 0.92, fresnel);
        colour += vec3(1.0, 0.9, 0.7) * pow(max(dot(mirrored, params.sun.xyz), 0.0), 320.0) * 0.8;
        light = vec3(1.0);
        shine = vec3(0.0);
    }
#endif
#ifdef HAS_GLOW
    if kind == GLOW {
        light = vec3(1.0);
    }
#endif
    colour = colour * light + shine * mix(0.55, 1.0, lit);
    // A little more colour than the light alone gives: the air of a clear day.
    let grey = dot(colour, vec3(0.3, 0.6, 0.1));
    colour = max(mix(vec3(grey), colour, 1.16), vec3(0.0));
    colour = mix(colour, vec3(grey * 0.26 + 0.02), params.look.z);
    colour = select(colour, linear(vec3(0.30, 0.32, 0.36)), filled);
    return vec4(haze(colour, in.world, look, away), params.cut.w);
}
