use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of a service's things are watched: patterns over their full names, all of them where there is none.
///
/// `*` and `?` stop at a `/`, `**` does not: `web/*` is what is directly in `web`, `web/**` all that is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Watch(Vec<Pattern>);

/// A name, or a pattern over names.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Watch {
    /// True where the name is watched.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matcher.is_match(name))
    }

    /// The patterns, as written. Empty where everything is watched.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pattern| pattern.text.as_str())
    }

    /// True where no pattern is given: everything is watched.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_matches('/');
        if text.is_empty() {
            return Err("expected a name or a pattern such as web/*, found nothing".to_owned());
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob
            .map_err(|error| format!("expected a pattern such as web/*, found {text:?}: {}", error.kind()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "A full name, or a pattern over full names: * stops at a /, ** does not",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stop_at_a_slash() {
        let cases: [(&[&str], &str, bool); 10] = [
            (&[], "anything/at/all", true),
            (&["web/*"], "web/main", true),
            (&["web/*"], "web/a/b", false),
            (&["web/**"], "web/a/b", true),
            (&["web/*"], "web", false),
            (&["web"], "web/main", false),
            (&["/web/main/"], "web/main", true),
            (&["api/deploy", "web/*"], "api/deploy", true),
            (&["{api,web}/deploy"], "web/deploy", true),
            (&["web/*"], "WEB/main", false),
        ];
        for (patterns, name, expected) in cases {
            let watch = Watch(patterns.iter().map(|text| text.parse().unwrap()).collect());
            assert_eq!(watch.matches(name), expected, "{patterns:?} {name}");
        }
    }

    #[test]
    fn broken_pattern_is_refused() {
        for text in ["", " ", "/", "web/[", "web/{a"] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?}");
        }
    }
}
