//! Who uses a road: a set of kinds of vehicles.

use serde::{Deserialize, Serialize};

/// The kinds, by the names that SUMO's `vClass` has; a kind's bit is its place here.
const NAMES: [&str; 35] = [
    "private", "emergency", "authority", "army", "vip", "pedestrian", "passenger", "hov", "taxi", "bus", "coach", "delivery", "truck", "trailer", "motorcycle", "moped",
    "bicycle", "evehicle", "tram", "rail_urban", "rail", "rail_electric", "rail_fast", "ship", "container", "cable_car", "subway", "aircraft", "wheelchair", "scooter", "drone",
    "custom1", "custom2", "ignoring", "public",
];

/// A set of kinds of road users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoadUsers(pub u64);

impl RoadUsers {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self((1 << NAMES.len()) - 1);
    /// Walkers.
    pub const PEDESTRIAN: Self = Self(1 << 5);
    /// Passenger cars.
    pub const PASSENGER: Self = Self(1 << 6);
    /// Buses.
    pub const BUS: Self = Self(1 << 9);
    /// Lorries.
    pub const TRUCK: Self = Self(1 << 12);
    /// Bicycles.
    pub const BICYCLE: Self = Self(1 << 16);
    /// One who passes barriers that hold for all others (SUMO's `ignoring`).
    pub const IGNORING: Self = Self(1 << 33);

    /// The kind of that name; its older names `public_*` and `transport` are known too.
    pub fn kind(name: &str) -> Option<Self> {
        let name = match name {
            "public_emergency" => "emergency",
            "public_authority" => "authority",
            "public_army" => "army",
            "public_transport" => "bus",
            "transport" => "truck",
            "lightrail" | "cityrail" => "rail_urban",
            "rail_slow" => "rail",
            other => other,
        };
        NAMES.iter().position(|n| *n == name).map(|bit| Self(1 << bit))
    }

    /// A list of names with blanks between; `all` is everybody. Gives the first name that is unknown.
    ///
    /// # Errors
    /// The unknown name.
    pub fn parse(list: &str) -> Result<Self, String> {
        if list.trim() == "all" {
            return Ok(Self::ALL);
        }
        list.split_whitespace().try_fold(Self::NONE, |set, name| Ok(set.union(Self::kind(name).ok_or_else(|| name.to_owned())?)))
    }

    /// Names of all that are in it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name)
    }

    /// Whether all of `other` are in it.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in it.
    #[inline]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Nobody is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_given() {
        let set = RoadUsers::parse("bus  bicycle").unwrap();
        assert_eq!(set.names().collect::<Vec<_>>(), ["bus", "bicycle"]);
        assert!(set.contains(RoadUsers::BUS) && !set.contains(RoadUsers::PASSENGER));
        assert_eq!(RoadUsers::parse("all"), Ok(RoadUsers::ALL));
        assert_eq!(RoadUsers::parse("bus horse"), Err("horse".to_owned()));
        for (kind, name) in [(RoadUsers::PEDESTRIAN, "pedestrian"), (RoadUsers::PASSENGER, "passenger"), (RoadUsers::TRUCK, "truck"), (RoadUsers::IGNORING, "ignoring")] {
            assert_eq!(RoadUsers::kind(name), Some(kind));
        }
    }
}
