use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Where a service is: an http or https URL without a user, password, query or fragment.
///
/// Its path is kept, so that a service behind `https://tools.example/ci` works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(Url);

const EXPECTED: &str = "expected a URL such as https://ci.example.com";

impl ServiceUrl {
    /// A connector's own default.
    ///
    /// # Panics
    /// Where `text` is not such a URL: only for constants.
    pub fn constant(text: &'static str) -> Self {
        text.parse().expect("a connector's default URL is valid")
    }

    /// The URL, as [`crate::http::Http::new`] takes it.
    pub fn to_url(&self) -> Url {
        self.0.clone()
    }

    /// The URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for ServiceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // What does not parse is not repeated either: a password may stand in it.
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                format!("{EXPECTED}, starting with https:// or http://")
            }
            error => format!("{EXPECTED}: {error}"),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{EXPECTED}, starting with https:// or http://, found {}://", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds a user or password: take them out; the user has a key of its own, \
                        and secrets are set with `callboard accounts secret`"
                .to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("{EXPECTED}, without anything after ? or #"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ServiceUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServiceUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for ServiceUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServiceUrl".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "uri",
            "pattern": "^https?://[^@?#]+$",
            "description": "An http or https URL without user or password",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_the_address_of_a_service() {
        let cases = [
            ("https://ci.acme.example", Ok("https://ci.acme.example/")),
            (" http://localhost:8080/jenkins/ ", Ok("http://localhost:8080/jenkins/")),
            ("https://[::1]:8443/ci", Ok("https://[::1]:8443/ci")),
            ("ci.acme.example", Err("https:// or http://")),
            ("ci.acme.example:8080", Err("starting with https:// or http://, found ci.acme.example://")),
            ("ftp://ci.acme.example", Err("found ftp://")),
            ("https://", Err("empty host")),
            ("https://ana:hunter2@ci.acme.example", Err("holds a user or password")),
            ("https://ana@ci.acme.example", Err("holds a user or password")),
            ("https://hooks.example/?token=hunter2", Err("anything after ?")),
            ("https://ci.acme.example/#top", Err("anything after ?")),
            ("", Err("expected a URL")),
        ];
        for (text, expected) in cases {
            let got = text.parse::<ServiceUrl>();
            match (&got, expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.to_string(), expected, "{text}"),
                (Err(why), Err(expected)) => {
                    assert!(why.contains(expected), "{text}: {why}");
                    assert!(!why.contains("hunter2"), "{why}");
                }
                _ => panic!("{text}: {got:?}"),
            }
        }
    }
}
