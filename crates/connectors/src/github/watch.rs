use std::{fmt, str::FromStr};

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A repository, or several of one owner: `acme/web`, `acme/*`, `acme/web-*`. Names are compared without case, as GitHub does.
#[derive(Clone)]
pub struct Watched {
    text: String,
    slash: usize,
    pattern: Option<GlobMatcher>,
}

const EXPECTED: &str = "a repository such as acme/web, or acme/* for all of an owner's";

impl Watched {
    /// The owner: a user or an organisation.
    pub fn owner(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The repository's full name, where it is one and not a pattern.
    pub fn repo(&self) -> Option<&str> {
        self.pattern.is_none().then_some(&self.text)
    }

    /// True where the repository of that full name is meant.
    pub fn matches(&self, full_name: &str) -> bool {
        match (&self.pattern, full_name.split_once('/')) {
            (Some(pattern), Some((owner, name))) => {
                owner.eq_ignore_ascii_case(self.owner()) && pattern.is_match(name)
            }
            _ => self.text.eq_ignore_ascii_case(full_name),
        }
    }
}

impl FromStr for Watched {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let malformed = || format!("expected {EXPECTED}, found {text:?}");
        let (owner, name) = text.split_once('/').ok_or_else(malformed)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let globs = |c: char| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | ',' | '!');
        if owner.is_empty() || name.is_empty() || !owner.chars().all(plain) {
            return Err(malformed());
        }
        let pattern = if name.chars().all(plain) {
            None
        } else if name.chars().all(|c| plain(c) || globs(c)) {
            let glob = GlobBuilder::new(name).case_insensitive(true).build();
            Some(glob.map_err(|error| format!("{}: {}", malformed(), error.kind()))?.compile_matcher())
        } else {
            return Err(malformed());
        };
        Ok(Self { text: text.to_owned(), slash: owner.len(), pattern })
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Watched {}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Serialize for Watched {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Watched {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GithubRepositories".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[^/]+/[^/]+$", "description": EXPECTED })
    }
}

/// True where the repository is watched; where nothing is named, everything is.
pub(super) fn is_watched(watch: &[Watched], full_name: &str) -> bool {
    watch.is_empty() || watch.iter().any(|watched| watched.matches(full_name))
}

/// True for `OWNER/NAME`.
pub(super) fn is_repo(text: &str) -> bool {
    let plain = |part: &str| {
        let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && part != "." && part != ".." && part.chars().all(clean)
    };
    text.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_github_names_do() {
        let cases = [
            ("acme/web", "acme/web", true),
            ("acme/web", "Acme/Web", true),
            ("acme/web", "acme/web2", false),
            ("acme/*", "ACME/anything.at-all", true),
            ("acme/*", "acme2/web", false),
            ("acme/web-*", "acme/web-shop", true),
            ("acme/web-*", "acme/api", false),
            ("acme/{web,api}", "acme/API", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(pattern.parse::<Watched>().unwrap().matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for text in
            ["", "acme", "/web", "acme/", "*/web", "https://github.com/acme/web", "acme/web/x", "a b/c"]
        {
            let why = text.parse::<Watched>().unwrap_err();
            assert!(why.starts_with("expected a repository such as acme/web"), "{why}");
        }
    }
}
