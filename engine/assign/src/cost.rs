//! What links cost, how fast the cost rises, and its integral.

use qike_network::traffic::LinkNetwork;

/// A link's function: `fixed + rise · flow^power`, where `fixed` holds all that flow does not change.
#[derive(Clone, Copy, Debug)]
struct Function {
    fixed: f64,
    rise: f64,
    power: f64,
    /// The power, where it is a small whole number.
    whole: u32,
}

/// All links' functions.
#[derive(Debug)]
pub(crate) struct Costs(Vec<Function>);

impl Costs {
    pub fn new(network: &LinkNetwork) -> Self {
        let function = |l: &qike_network::traffic::CostLink| {
            // A power of 0 is a cost that flow does not change.
            let constant = l.power == 0.0 || l.b == 0.0 || l.free == 0.0;
            let rise = if constant { 0.0 } else { l.free * l.b / l.capacity.powf(l.power) };
            let fixed = l.free + l.fixed + if l.power == 0.0 { l.free * l.b } else { 0.0 };
            Function { fixed, rise, power: l.power, whole: if (1.0..=8.0).contains(&l.power) && l.power.fract() == 0.0 { l.power as u32 } else { 0 } }
        };
        Self(network.links.iter().map(function).collect())
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Cost at a flow, and its derivative.
    #[inline]
    pub fn at(&self, link: usize, flow: f64) -> (f64, f64) {
        let f = &self.0[link];
        if f.rise == 0.0 || flow <= 0.0 {
            let slope = if f.power == 1.0 { f.rise } else { 0.0 };
            return (f.fixed, slope);
        }
        let below = match f.whole {
            4 => flow * flow * flow,
            0 => flow.powf(f.power - 1.0),
            n => flow.powi(n as i32 - 1),
        };
        let slope = f.rise * below;
        (f.fixed + slope * flow, slope * f.power)
    }

    /// Sum of the integrals of cost up to the flows.
    pub fn objective(&self, flows: &[f64]) -> f64 {
        let integral = |(f, flow): (&Function, &f64)| f.fixed * flow + if *flow > 0.0 && f.rise > 0.0 { f.rise * flow.powf(f.power + 1.0) / (f.power + 1.0) } else { 0.0 };
        self.0.iter().zip(flows).map(integral).sum()
    }

    /// Costs of all links at flows.
    pub fn all(&self, flows: &[f64], into: &mut Vec<f64>) {
        into.clear();
        into.extend(flows.iter().enumerate().map(|(link, flow)| self.at(link, *flow).0));
    }
}
