use std::{fmt, str::FromStr};

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition on a label, as Alertmanager writes it: `team="web"`, `severity!=info`, `env=~"prod|staging"`, `job!~"test.*"`.
///
/// A label that is absent counts as empty, and an expression must match the whole value, as in Alertmanager.
#[derive(Debug, Clone)]
pub struct Matcher {
    text: String,
    label: String,
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Is(String),
    Like(Regex),
}

impl Matcher {
    /// True where it holds for an alert with these labels.
    pub(super) fn matches<'a>(&self, label: impl FnOnce(&str) -> Option<&'a str>) -> bool {
        let value = label(&self.label).unwrap_or_default();
        let holds = match &self.test {
            Test::Is(text) => value == text,
            Test::Like(regex) => regex.is_match(value),
        };
        holds != self.negated
    }

    /// The label that it is about.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Matcher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let malformed = |why: &str| format!(r#"expected a matcher such as team="web", found {text:?}{why}"#);
        let at = text.find(['=', '!']).ok_or_else(|| malformed(""))?;
        let (label, rest) = (text[..at].trim(), &text[at..]);
        let (negated, like, value) = if let Some(value) = rest.strip_prefix("=~") {
            (false, true, value)
        } else if let Some(value) = rest.strip_prefix("!~") {
            (true, true, value)
        } else if let Some(value) = rest.strip_prefix("!=") {
            (true, false, value)
        } else if let Some(value) = rest.strip_prefix('=') {
            (false, false, value)
        } else {
            return Err(malformed(": its operator is one of =, !=, =~, !~"));
        };
        let first = label.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !first || !label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(malformed(": a label's name is made of letters, digits and _"));
        }
        let value = unquote(value.trim()).ok_or_else(|| malformed(": a quote is not closed"))?;
        let test = if like {
            let regex = Regex::new(&format!("^(?:{value})$"));
            Test::Like(regex.map_err(|_| malformed(": its expression is broken"))?)
        } else {
            Test::Is(value)
        };
        Ok(Self { text: text.to_owned(), label: label.to_owned(), negated, test })
    }
}

fn unquote(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return chars.as_str().is_empty().then_some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                c @ ('"' | '\\') => out.push(c),
                // An escape of the expression, such as `\d`.
                c => out.extend(['\\', c]),
            },
            c => out.push(c),
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Matcher {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Matcher {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matcher".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^\s*[A-Za-z_]\w*\s*(=|!=|=~|!~)",
            "description": r#"A matcher as Alertmanager writes it: team="web", severity!=info, env=~"prod|staging""#,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_alertmanager_does() {
        let labels = |name: &str| match name {
            "team" => Some("web"),
            "severity" => Some("page"),
            "host" => Some("web1.acme.example"),
            _ => None,
        };
        let cases = [
            (r#"team="web""#, true),
            ("team=web", true),
            (" team = web ", true),
            (r#"team="api""#, false),
            ("team!=api", true),
            (r#"severity=~"page|critical""#, true),
            (r#"severity=~"pa""#, false),
            (r#"severity!~"info|warning""#, true),
            (r#"host=~"web\d\.acme.*""#, true),
            (r#"host=~"web\\d\\.acme.*""#, true),
            ("absent=", true),
            (r#"absent="""#, true),
            ("absent!=x", true),
            ("absent=~.+", false),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Matcher>().unwrap().matches(labels), expected, "{text}");
        }
    }

    #[test]
    fn invalid_matcher_is_refused_with_the_reason() {
        let cases = [
            ("team", "expected a matcher"),
            ("", "expected a matcher"),
            ("=web", "a label's name"),
            ("1team=web", "a label's name"),
            ("team name=web", "a label's name"),
            ("team!web", "operator"),
            (r#"team="web"#, "quote is not closed"),
            (r#"team="web" x"#, "quote is not closed"),
            (r#"team=~"(""#, "expression is broken"),
        ];
        for (text, expected) in cases {
            let why = text.parse::<Matcher>().unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }
}
