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

    /// Scheme, host and port: what a secret is given to.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// True where what is sent there can be read on the way: by `http` to another machine.
    pub fn is_clear(&self) -> bool {
        is_clear(&self.0)
    }
}

/// True for an `http` URL of another machine. Names below `localhost` are this one (RFC 6761, 6.3).
pub(crate) fn is_clear(url: &Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => {
            ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())
        }
        None => false,
    };
    url.scheme() == "http" && !here
}

impl FromStr for ServiceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // An invalid URL is not repeated either: it may contain a password.
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
    fn what_travels_in_the_clear_and_whose_a_secret_is() {
        let cases = [
            ("https://ci.example/a", false, "https://ci.example"),
            ("http://ci.example/a", true, "http://ci.example"),
            ("http://ci.example:8080", true, "http://ci.example:8080"),
            ("HTTPS://CI.example:443", false, "https://ci.example"),
            ("http://10.0.0.5", true, "http://10.0.0.5"),
            ("http://localhost:1", false, "http://localhost:1"),
            ("http://x.localhost", false, "http://x.localhost"),
            ("http://localhost.ci.example", true, "http://localhost.ci.example"),
            ("http://127.8.9.1", false, "http://127.8.9.1"),
            ("http://127.1", false, "http://127.0.0.1"),
            ("http://[::1]:8443/ci", false, "http://[::1]:8443"),
            ("http://[::ffff:127.0.0.1]", false, "http://[::ffff:7f00:1]"),
            ("http://[fe80::1]", true, "http://[fe80::1]"),
        ];
        for (text, clear, origin) in cases {
            let url: ServiceUrl = text.parse().unwrap();
            assert_eq!((url.is_clear(), url.origin().as_str()), (clear, origin), "{text}");
        }
    }

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
