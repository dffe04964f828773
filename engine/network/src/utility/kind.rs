//! What flows in a network, from the words that sources use for it.

/// What flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UtilityKind {
    /// Drinking, raw or fire water under pressure.
    Water,
    /// Rain water.
    Storm,
    /// Waste water, also where it runs together with rain.
    Sanitary,
    /// Gas.
    Gas,
    /// Hot water or steam for heat, and cold water for cooling.
    Heat,
    /// Electricity.
    Power,
    /// Telephone, data, television.
    Telecom,
    /// Anything else, or not said.
    Other,
}

/// Words by kind, the first that is found counts: `wastewater` is no water, `电信` is no electricity.
const WORDS: [(UtilityKind, &[&str]); 7] = [
    (UtilityKind::Sanitary, &["sewage", "sewer", "sanitary", "waste", "foul", "soil", "combined", "污", "合流"]),
    (UtilityKind::Storm, &["storm", "rain", "drain", "雨", "排水"]),
    (UtilityKind::Telecom, &["telecom", "telephone", "communication", "data", "fibre", "fiber", "cable tv", "通信", "电信", "通讯", "光缆", "弱电"]),
    (UtilityKind::Gas, &["gas", "燃气", "煤气"]),
    (UtilityKind::Power, &["power", "electric", "lighting", "voltage", "电力", "供电", "强电", "路灯", "电缆"]),
    (UtilityKind::Heat, &["heat", "steam", "chill", "cooling", "hydronic", "condens", "热力", "供热", "供暖"]),
    (UtilityKind::Water, &["water", "fire", "sprinkler", "给水", "供水", "自来水", "消防", "上水"]),
];

impl UtilityKind {
    /// All kinds.
    pub const ALL: [UtilityKind; 8] =
        [Self::Water, Self::Storm, Self::Sanitary, Self::Gas, Self::Heat, Self::Power, Self::Telecom, Self::Other];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Storm => "storm",
            Self::Sanitary => "sanitary",
            Self::Gas => "gas",
            Self::Heat => "heat",
            Self::Power => "power",
            Self::Telecom => "telecom",
            Self::Other => "other",
        }
    }

    /// The kind that words speak of; [`UtilityKind::Other`] where they speak of none.
    pub fn of(words: &str) -> Self {
        let words = words.to_lowercase();
        let said = |list: &[&str]| list.iter().any(|word| words.contains(word));
        WORDS.iter().find(|(_, list)| said(list)).map_or(Self::Other, |(kind, _)| *kind)
    }

    /// True where things run down by themselves.
    pub const fn falls(self) -> bool {
        matches!(self, Self::Storm | Self::Sanitary)
    }
}

#[cfg(test)]
mod tests {
    use super::UtilityKind::{self, *};

    #[test]
    fn words_of_many_sources() {
        for (words, kind) in [
            ("storm", Storm), ("Wastewater", Sanitary), ("DOMESTICCOLDWATER", Water), ("STORMWATER", Storm), ("雨水", Storm), ("污水管", Sanitary),
            ("给水", Water), ("电信", Telecom), ("电力", Power), ("燃气", Gas), ("District heating", Heat), ("FIREPROTECTION", Water),
            ("Supply Air", Other), ("", Other), ("heating", Heat), ("electricity", Power), ("sewage", Sanitary),
        ] {
            assert_eq!(UtilityKind::of(words), kind, "{words}");
        }
    }
}
