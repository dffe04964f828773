//! City coordinates (east, north, up; f64) to the picture's (x east, y up, z south; f32 near zero) and back.

use qike_core::{Bounds3, LocalFrame};

/// The picture's frame: right-handed with y up, its zero at a point of the city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneFrame(LocalFrame);

impl SceneFrame {
    /// A frame with its zero at `origin` (east, north, up).
    pub const fn new(origin: [f64; 3]) -> Self {
        Self(LocalFrame::new(origin))
    }

    /// City to picture.
    pub fn to_scene(&self, p: [f64; 3]) -> [f32; 3] {
        let [x, y, z] = self.0.local_from_city(p);
        [x, z, -y]
    }

    /// Picture to city.
    pub fn to_city(&self, p: [f32; 3]) -> [f64; 3] {
        self.0.city_from_local([p[0], -p[2], p[1]])
    }

    /// The city coordinates of its zero.
    pub fn origin(&self) -> [f64; 3] {
        self.0.origin
    }
}

/// The frame in the middle of `bounds`, its zero at height 0 m of the city.
pub fn centred(bounds: &Bounds3) -> SceneFrame {
    let [x, y, _] = if bounds.is_empty() { [0.0; 3] } else { bounds.centre() };
    SceneFrame::new([x.round(), y.round(), 0.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_turn_and_turn_back() {
        let frame = SceneFrame::new([500_000.0, 3_400_000.0, 4.0]);
        assert_eq!(frame.to_scene([500_010.0, 3_400_020.0, 9.0]), [10.0, 5.0, -20.0]);
        assert_eq!(frame.to_city([10.0, 5.0, -20.0]), [500_010.0, 3_400_020.0, 9.0]);
    }
}
