//! English and Chinese texts of the viewer, from files that are built into the program.

use std::collections::BTreeMap;

/// A language of the panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// 中文.
    Zh,
}

/// All texts by language.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    en: BTreeMap<String, String>,
    zh: BTreeMap<String, String>,
}

impl Texts {
    /// The built-in texts. A file that cannot be read leaves its language without texts: keys are shown then.
    pub fn built_in() -> Self {
        let read = |text: &str| toml::from_str::<BTreeMap<String, String>>(text).unwrap_or_default();
        Self {
            en: read(include_str!("../../assets/i18n/en.toml")),
            zh: read(include_str!("../../assets/i18n/zh.toml")),
        }
    }

    /// The text of a key: in the language, else in English, else the key itself.
    pub fn get<'a>(&'a self, language: Language, key: &'a str) -> &'a str {
        let first = if language == Language::Zh { self.zh.get(key) } else { None };
        first.or_else(|| self.en.get(key)).map_or(key, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;
    use qike_record::AgentKind;

    #[test]
    fn both_languages_have_every_text() {
        let texts = Texts::built_in();
        assert!(texts.en.len() >= 40);
        assert_eq!(texts.en.keys().collect::<Vec<_>>(), texts.zh.keys().collect::<Vec<_>>());
        for layer in Layer::ALL {
            assert!(texts.en.contains_key(&format!("layer.{}", layer.name())), "{layer:?}");
        }
        for kind in AgentKind::ALL {
            assert!(texts.en.contains_key(&format!("agent.{}", kind.name())), "{kind:?}");
        }
    }

    #[test]
    fn every_key_that_the_program_uses_exists() {
        let texts = Texts::built_in();
        for source in [include_str!("ui/panels.rs"), include_str!("ui/timebar.rs"), include_str!("ui/overlay.rs")] {
            for part in source.split("text(\"").skip(1) {
                let key = part.split('"').next().unwrap();
                assert!(texts.en.contains_key(key), "{key}");
            }
        }
    }

    #[test]
    fn what_is_missing_falls_back() {
        let texts = Texts::built_in();
        assert_eq!(texts.get(Language::Zh, "layer.water"), "水面");
        assert_eq!(texts.get(Language::Zh, "no.such.key"), "no.such.key");
    }
}
