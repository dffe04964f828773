// Vehicles and people: every slot of the mesh is one agent, placed between its two key frames by the clock.

#import bevy_pbr::mesh_view_bindings::view

struct Agent {
    // Picture coordinates at the first and the second key frame; w: heading, radians clockwise from north.
    first: vec4<f32>,
    second: vec4<f32>,
    // Length, width, height in metres; w: least size on the screen, pixels.
    size: vec4<f32>,
    // sRGB; w: 0 nobody, 1 vehicle, 2 person, 3 signal; and a half where a vehicle brakes or stands.
    colour: vec4<f32>,
}

struct Params {
    // x: share of the way between the key frames; y: least height seen (cut); z: 1 where the ground is faded.
    now: vec4<f32>,
    sun: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> params: Params;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> agents: array<Agent>;

struct Vertex {
    @location(0) place: vec3<f32>,
    @location(1) normal: vec3<f32>,
    // x: slot; y: part (0 body, 1 glass, 2 wheels and shoes, 3 head, 4 tail lamps, 5 what shines); z: shape (1 vehicle, 2 person, 3 signal).
    @location(2) slot: vec3<u32>,
}

struct Fragment {
    @builtin(position) clip: vec4<f32>,
    @location(0) colour: vec3<f32>,
    @location(1) world: vec3<f32>,
}

fn linear(srgb: vec3<f32>) -> vec3<f32> {
    return srgb * (srgb * (srgb * 0.305306 + 0.682171) + 0.012522);
}

@vertex
fn vertex(in: Vertex) -> Fragment {
    var out: Fragment;
    out.clip = vec4(0.0, 0.0, 0.0, 0.0);
    if in.slot.x >= arrayLength(&agents) {
        return out;
    }
    let agent = agents[in.slot.x];
    if u32(agent.colour.w) != in.slot.z {
        return out;
    }
    let share = params.now.x;
    let middle = mix(agent.first.xyz, agent.second.xyz, share);
    if middle.y > params.now.y {
        return out;
    }
    // The short way round.
    var turn = agent.second.w - agent.first.w;
    turn -= 6.2831853 * round(turn / 6.2831853);
    let heading = agent.first.w + turn * share;
    let away = distance(view.world_position, middle);
    // Metres that a pixel covers at this distance.
    let pixel = 2.0 * away / (view.clip_from_view[1][1] * view.viewport.w);
    let grown = max(1.0, agent.size.w * pixel / max(agent.size.x, agent.size.z));
    let local = in.place * agent.size.xyz * grown;
    let forward = vec3(sin(heading), 0.0, -cos(heading));
    let right = vec3(cos(heading), 0.0, sin(heading));
    let world = middle + forward * local.x + right * local.y + vec3(0.0, local.z, 0.0);
    let normal = normalize(forward * in.normal.x + right * in.normal.y + vec3(0.0, in.normal.z, 0.0));
    var colour = agent.colour.rgb;
    // Far away, where it is drawn larger than it is, an agent is a spot of its colour.
    if grown > 2.0 {
        colour = mix(colour, vec3(1.0), 0.12 * f32(in.slot.y == 1u));
    } else if in.slot.y == 1u && in.normal.z < 0.5 {
        // Windows all round; the roof is painted.
        colour = vec3(0.16, 0.20, 0.25);
    } else if in.slot.y == 2u {
        colour = colour * 0.35;
    } else if in.slot.y == 3u {
        colour = vec3(0.93, 0.78, 0.66);
    } else if in.slot.y == 4u {
        colour = select(vec3(0.36, 0.05, 0.05), vec3(1.0, 0.10, 0.07), fract(agent.colour.w) > 0.25);
    }
    let sun = max(dot(normal, params.sun.xyz), 0.0);
    let sky_light = mix(vec3(0.34, 0.32, 0.29), vec3(0.46, 0.54, 0.64), normal.z * 0.5 + 0.5);
    out.colour = linear(colour) * (sky_light + vec3(1.1, 1.0, 0.85) * sun);
    if in.slot.y == 5u || (in.slot.y == 4u && fract(agent.colour.w) > 0.25) {
        out.colour = linear(colour) * 1.35;
    }
    out.world = world;
    out.clip = view.clip_from_world * vec4(world, 1.0);
    return out;
}

@fragment
fn fragment(in: Fragment) -> @location(0) vec4<f32> {
    return vec4(in.colour, 1.0);
}
