//! Where an account's items come from, whatever the account is called here: by it two machines agree on an item.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::item::{ItemKey, Kind};

/// The service of an account, where that is, and whose things there: the same for all accounts that see the same things.
///
/// Written `SERVICE:URL`, with `#TENANT` where one address serves several organisations: `github:https://api.github.com`,
/// `pagerduty:https://api.pagerduty.com#acme.pagerduty.com`. It holds no credential, and is made by [`Origin::new`] alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ts_rs::TS)]
#[ts(type = "string", rename = "ItemOrigin")]
pub struct Origin {
    service: String,
    base: String,
    tenant: Option<String>,
}

impl Origin {
    /// That of an account at this URL. `tenant` is the organisation there, as the service identifies it, where the ids of items
    /// mean something only within one.
    ///
    /// One place has one form: the host is in lower case and without the dot that ends it, the port is left out where it is the
    /// scheme's own, and a slash at the end, a user, a password and
    /// a fragment always are. A query stays: two feeds at one address are two places. It must hold no secret.
    pub fn new(service: &str, base: &Url, tenant: Option<&str>) -> Self {
        let tenant = tenant.map(str::trim).filter(|tenant| !tenant.is_empty()).map(str::to_owned);
        Self { service: service.to_owned(), base: canonical(base), tenant }
    }

    /// The service's name in the configuration.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The organisation there, where that makes a difference.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The key of an item from here, the same on every machine: with the origin in place of the account's name.
    pub fn key(&self, item: &ItemKey) -> OriginKey {
        OriginKey { origin: self.clone(), kind: item.kind, id: item.id.clone() }
    }
}

fn canonical(base: &Url) -> String {
    // `Url` has made the host lower case, decoded it and left the scheme's own port out (url.spec.whatwg.org).
    let host = base.host_str().unwrap_or_default().trim_end_matches('.');
    let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = base.query().filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}://{host}{port}{}{query}", base.scheme(), base.path().trim_end_matches('/'))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.base)?;
        self.tenant.as_ref().map_or(Ok(()), |tenant| write!(f, "#{tenant}"))
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || format!("expected SERVICE:URL or SERVICE:URL#TENANT, found {text:?}");
        let (service, place) = text.split_once(':').ok_or_else(expected)?;
        // A URL has no `#` but before its fragment.
        let (base, tenant) =
            place.split_once('#').map_or((place, None), |(base, tenant)| (base, Some(tenant)));
        match Url::parse(base) {
            Ok(base) if !service.is_empty() && base.has_host() => Ok(Self::new(service, &base, tenant)),
            _ => Err(expected()),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The key of an item on every machine: see [`ItemKey`], which is that of one machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OriginKey {
    /// Where it comes from.
    pub origin: Origin,
    /// What it is.
    pub kind: Kind,
    /// The service's own name for it: [`ItemKey::id`].
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(service: &str, base: &str, tenant: Option<&str>) -> Origin {
        Origin::new(service, &Url::parse(base).unwrap(), tenant)
    }

    #[test]
    fn url_is_normalised() {
        let cases = [
            ("https://ci.example", "https://ci.example"),
            ("https://ci.example/", "https://ci.example"),
            ("HTTPS://CI.Example:443//", "https://ci.example"),
            ("https://ci.example.", "https://ci.example"),
            ("http://ci.example:80/jenkins/", "http://ci.example/jenkins"),
            ("https://ci.example:8443/Jenkins", "https://ci.example:8443/Jenkins"),
            ("https://ci.example/a/../b/", "https://ci.example/b"),
            ("https://ana:hunter2@ci.example/x/?branch=main#hunter2", "https://ci.example/x?branch=main"),
            ("https://ci.example/?", "https://ci.example"),
            ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
            ("http://127.1:8080", "http://127.0.0.1:8080"),
            ("http://[0:0::1]:9093/", "http://[::1]:9093"),
        ];
        for (base, expected) in cases {
            let found = origin("jenkins", base, None);
            assert_eq!(found.base(), expected, "{base}");
            assert_eq!(origin("jenkins", expected, None), found, "twice changes nothing more");
        }
    }

    #[test]
    fn an_origin_is_read_as_it_is_written() {
        let acme = Some("acme.pagerduty.com");
        let cases = [
            (origin("github", "https://api.github.com/", None), "github:https://api.github.com"),
            (
                origin("pagerduty", "https://api.pagerduty.com", acme),
                "pagerduty:https://api.pagerduty.com#acme.pagerduty.com",
            ),
            (origin("x", "http://h:1/a", Some(" a # b ")), "x:http://h:1/a#a # b"),
            (origin("x", "http://h", Some(" ")), "x:http://h"),
            (origin("x", "http://h/cc.xml?branch=a%20b", Some("t")), "x:http://h/cc.xml?branch=a%20b#t"),
        ];
        for (origin, text) in cases {
            assert_eq!(origin.to_string(), text);
            assert_eq!(text.parse(), Ok(origin.clone()));
            assert_eq!(serde_json::to_value(&origin).unwrap(), text);
        }
        for odd in
            ["", "github", "github:", "github:api", ":https://h", "github:mailto:a@b", "github:https://"]
        {
            assert!(odd.parse::<Origin>().unwrap_err().contains("SERVICE:URL"), "{odd}");
        }
    }

    #[test]
    fn machines_agree_on_an_item_whatever_they_call_the_account() {
        let key = |account: &str, id: &str| ItemKey::new(&account.into(), Kind::Incident, id);
        let pager = origin("pagerduty", "https://api.pagerduty.com", Some("acme"));
        let here = pager.key(&key("pager", "PT4KHLK"));
        let there = origin("pagerduty", "https://API.PagerDuty.com:443/", Some("acme"))
            .key(&key("oncall", "PT4KHLK"));
        assert_eq!(here, there);
        let read: OriginKey = serde_json::from_value(serde_json::to_value(&here).unwrap()).unwrap();
        assert_eq!(read, here);
        let others = [
            pager.key(&key("pager", "PT4KHLL")),
            pager.key(&ItemKey::new(&"pager".into(), Kind::Build, "PT4KHLK")),
            origin("pagerduty", "https://api.pagerduty.com", Some("other")).key(&key("pager", "PT4KHLK")),
            origin("pagerduty", "https://api.pagerduty.com", None).key(&key("pager", "PT4KHLK")),
            origin("pagerduty", "https://api.eu.pagerduty.com", Some("acme")).key(&key("pager", "PT4KHLK")),
            origin("pagerduty", "https://api.pagerduty.com:8443", Some("acme")).key(&key("pager", "PT4KHLK")),
            origin("pagerduty", "https://api.pagerduty.com/x", Some("acme")).key(&key("pager", "PT4KHLK")),
            origin("splunkoncall", "https://api.pagerduty.com", Some("acme")).key(&key("pager", "PT4KHLK")),
        ];
        for other in others {
            assert_ne!(other, here);
        }
    }
}
