//! What a request for a person's yes is called: `acme/web/runs/31/production` for a deployment that waits in an environment,
//! `acme/web/runs/31` for a run that waits as a whole, as a first-timer's does.

use std::{fmt, str::FromStr};

use callboard_domain::item::{AccountName, ItemKey, Kind};

use super::watch::is_repo;

/// A request, as its item's id names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GateId {
    /// The repository's full name.
    pub(super) repo: String,
    /// The run that waits.
    pub(super) run: u64,
    /// The environment that it waits for, by GitHub's name of any characters; `None` where the run itself waits.
    pub(super) environment: Option<String>,
}

impl GateId {
    pub(super) fn new(repo: &str, run: u64, environment: Option<&str>) -> Self {
        Self { repo: repo.to_owned(), run, environment: environment.map(str::to_owned) }
    }

    /// The key of its item. Two gates of a run have one key only if they are one: a name that cannot stand in an id is told
    /// apart by a hash.
    pub(super) fn key(&self, account: &AccountName) -> ItemKey {
        ItemKey::new(account, Kind::Approval, self.to_string())
    }

    /// True where it waits for that environment: what looks alike is told apart, as by the keys.
    pub(super) fn is_of(&self, account: &AccountName, environment: &str) -> bool {
        let other = Self { environment: Some(environment.to_owned()), ..self.clone() };
        self.key(account) == other.key(account)
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/runs/{}", self.repo, self.run)?;
        self.environment.iter().try_for_each(|environment| write!(f, "/{environment}"))
    }
}

impl FromStr for GateId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // An environment may have slashes of its own.
        let mut parts = text.splitn(5, '/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or(());
        let repo = format!("{}/{}", part()?, part()?);
        let (runs, number) = (part()?, part()?);
        let run = number.parse::<u64>().map_err(|_| ())?;
        let environment = match parts.next() {
            Some("") => return Err(()),
            environment => environment.map(str::to_owned),
        };
        // One thing has one id: not 031, nor +31.
        let is_id = runs == "runs" && is_repo(&repo) && run.to_string() == number;
        is_id.then_some(Self { repo, run, environment }).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn id_is_read_as_it_is_written() {
        let cases = [
            ("acme/web/runs/31", GateId::new("acme/web", 31, None)),
            ("acme/web/runs/31/production", GateId::new("acme/web", 31, Some("production"))),
            ("acme/web/runs/31/eu/production", GateId::new("acme/web", 31, Some("eu/production"))),
            ("acme/web/runs/31//", GateId::new("acme/web", 31, Some("/"))),
            ("acme/web/runs/31/Release 2.1", GateId::new("acme/web", 31, Some("Release 2.1"))),
            ("acme/web/runs/31/100%", GateId::new("acme/web", 31, Some("100%"))),
            ("acme/web/runs/31/a%2Fb", GateId::new("acme/web", 31, Some("a%2Fb"))),
            ("acme/web/runs/31/../../x", GateId::new("acme/web", 31, Some("../../x"))),
            ("acme/web/runs/31/prod#1?x=&y", GateId::new("acme/web", 31, Some("prod#1?x=&y"))),
            ("acme/web/runs/31/Produktion Köln", GateId::new("acme/web", 31, Some("Produktion Köln"))),
            ("runs/runs/runs/1/runs/2", GateId::new("runs/runs", 1, Some("runs/2"))),
            ("acme/web/runs/18446744073709551615", GateId::new("acme/web", u64::MAX, None)),
        ];
        for (text, gate) in cases {
            assert_eq!(text.parse(), Ok(gate.clone()), "{text}");
            assert_eq!(gate.to_string(), text);
        }
    }

    #[test]
    fn text_that_names_no_request_is_refused() {
        let cases = [
            "",
            "31",
            "acme/web",
            "acme/web#31",
            "acme/web/31",
            "acme/web/runs",
            "acme/web/runs/",
            "acme/web/runs/31/",
            "acme/web/runs/x",
            "acme/web/runs/-1",
            "acme/web/runs/+31",
            "acme/web/runs/031",
            "acme/web/runs/ 31",
            "acme/web/runs/18446744073709551616",
            "acme/web/actions/31",
            "acme//runs/31",
            "/web/runs/31",
            "../web/runs/31",
            "acme/../runs/31",
            "acme/we b/runs/31",
            "https://github.com/acme/web/actions/runs/31",
        ];
        for text in cases {
            assert_eq!(text.parse::<GateId>(), Err(()), "{text}");
        }
    }

    #[test]
    fn environments_that_look_alike_have_keys_of_their_own() {
        let key = |environment: &str| GateId::new("acme/web", 31, Some(environment)).key(&"forge".into());
        assert_eq!(key("production").to_string(), "forge/approval/acme/web/runs/31/production");
        let long = ["x".repeat(400), "x".repeat(401)];
        let alike = ["production", "production ", "production\u{200b}", "production\n", "production\t"];
        let alike: Vec<_> = alike.into_iter().chain(long.iter().map(String::as_str)).collect();
        let keys: BTreeSet<_> = alike.iter().copied().map(key).collect();
        assert_eq!(keys.len(), alike.len(), "{keys:?}");
        for one in &alike {
            // As its item's id names it.
            let shown: GateId = key(one).id.parse().unwrap();
            let found: Vec<_> = alike.iter().filter(|other| shown.is_of(&"forge".into(), other)).collect();
            assert_eq!(found, [one]);
        }
    }
}
