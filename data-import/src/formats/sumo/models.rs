//! Models of following another vehicle, by SUMO's names.

use super::loading::Loading;
use super::xml::shown;
use qike_scene::traffic::CarFollowing;

/// A model's own parameters, with SUMO's defaults.
pub struct Model {
    /// As the attribute `carFollowModel` calls it.
    pub name: String,
    /// Exponent of the IDM.
    pub delta: f64,
    /// Step of the IDM within a second, s.
    pub stepping: f64,
    /// Gain of speed control; negative, as SUMO counts the difference the other way round.
    pub speed_gain: f64,
    /// Gains of the adaptive cruise control: closing in (speed, space), keeping, avoiding.
    pub gains: [f64; 6],
}

impl Model {
    /// With SUMO's numbers.
    pub fn new(name: String) -> Self {
        Self { name, delta: 4.0, stepping: 0.25, speed_gain: -0.4, gains: [0.8, 0.04, 0.07, 0.23, 0.23, 0.8] }
    }

    /// Takes a parameter of that name; false where it is none of a model's that is run.
    pub fn take(&mut self, key: &[u8], value: f64) -> bool {
        let [closing_speed, closing_space, keeping_speed, keeping_space, avoiding_speed, avoiding_space] = &mut self.gains;
        *match key {
            b"delta" => &mut self.delta,
            b"stepping" => &mut self.stepping,
            b"speedControlGain" => &mut self.speed_gain,
            b"gapClosingControlGainSpeed" => closing_speed,
            b"gapClosingControlGainSpace" => closing_space,
            b"gapControlGainSpeed" => keeping_speed,
            b"gapControlGainSpace" => keeping_space,
            b"collisionAvoidanceGainSpeed" => avoiding_speed,
            b"collisionAvoidanceGainSpace" => avoiding_space,
            _ => return false,
        } = value;
        true
    }

    /// The model to run: where it is another, the nearest one, which is told once a model.
    pub fn following(&self, loading: &mut Loading<'_>, line: u64) -> CarFollowing {
        let idm = CarFollowing::Idm { delta: self.delta, steps: if self.stepping > 0.0 { (1.0 / self.stepping).max(1.0) } else { 4.0 } };
        let [cs, cg, ks, kg, avs, avg] = self.gains;
        let acc = CarFollowing::Acc { speed: -self.speed_gain, closing: [cs, cg], keeping: [ks, kg], avoiding: [avs, avg] };
        let (model, instead) = match self.name.strip_prefix("carFollowing-").unwrap_or(&self.name) {
            "" | "Krauss" | "krauss" | "SUMO_KRAUSS" => return CarFollowing::Krauss,
            "IDM" | "idm" => return idm,
            "ACC" | "acc" => return acc,
            "IDMM" | "EIDM" => (idm, "IDM"),
            "CACC" => (acc, "ACC"),
            _ => (CarFollowing::Krauss, "Krauss"),
        };
        let name = shown(&self.name);
        loading.log.unsupported(&format!("car-following model '{name}'"), line, &format!("types that have it follow by {instead}"));
        model
    }
}
