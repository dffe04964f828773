//! Lanes, junctions, signals, walkable areas and transit lines, derived from a scene; routing over them.
