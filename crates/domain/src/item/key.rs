//! What an item is known by: its account, its kind, and the service's own name for it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::text::{self, is_plain};

/// Key ids. What is longer, or is changed by cleaning, is distinguished by a hash: see [`ItemKey::new`].
const ID: usize = 300;

/// The name a person gave an account in the configuration, such as `forge`.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(transparent)]
pub struct AccountName(pub String);

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for AccountName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// What an item is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One pipeline on one branch, with its latest runs.
    Build,
    /// A pull (merge) request.
    PullRequest,
    /// An alert or incident.
    Incident,
    /// A request that waits for a person's yes.
    Approval,
}

impl Kind {
    /// Every kind, in the order the board shows them.
    pub const ALL: [Self; 4] = [Self::Approval, Self::Incident, Self::Build, Self::PullRequest];

    /// The name used in keys, rules, JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::PullRequest => "pull_request",
            Self::Incident => "incident",
            Self::Approval => "approval",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "build" => Ok(Self::Build),
            "pull_request" | "pr" => Ok(Self::PullRequest),
            "incident" => Ok(Self::Incident),
            "approval" => Ok(Self::Approval),
            _ => Err(format!("expected approval, build, pull_request or incident, found {text:?}")),
        }
    }
}

/// The natural key of an item: the same thing has the same key whichever way it was reported.
///
/// Written `ACCOUNT/KIND/ID`, such as `forge/pull_request/acme/web#479`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ts_rs::TS)]
#[ts(type = "string")]
pub struct ItemKey {
    /// The account that watches it.
    pub account: AccountName,
    /// What it is.
    pub kind: Kind,
    /// The service's own name for it, in the form that a person would type (see [`Item::reference`](super::Item::reference)).
    pub id: String,
}

impl ItemKey {
    /// A key from its parts.
    ///
    /// The id is made one clean line of at most 300 characters. Where that changes it, a hash of the original is
    /// appended (`main~089be107b544f031`), so that no two things share a key because they look alike; such a thing is
    /// watched and shown, but the service's actions can't find it by its reference.
    pub fn new(account: &AccountName, kind: Kind, id: impl Into<String>) -> Self {
        let mut id = id.into();
        clean_id(&mut id);
        Self { account: account.clone(), kind, id }
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.kind, self.id)
    }
}

impl FromStr for ItemKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(account), Some(kind), Some(id)) if !account.is_empty() && !id.is_empty() => {
                Ok(Self { account: account.into(), kind: kind.parse()?, id: id.to_owned() })
            }
            _ => Err(format!("expected ACCOUNT/KIND/ID, found {text:?}")),
        }
    }
}

impl Serialize for ItemKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// See [`ItemKey::new`].
pub(super) fn clean_id(id: &mut String) {
    if is_plain(id, ID) {
        return;
    }
    let clean = text::line(id, ID);
    if clean != *id {
        let hash = fnv1a(id.as_bytes());
        *id = format!("{}~{hash:016x}", text::line(id, ID - 17));
    }
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): the same in every version of the program.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> ItemKey {
        ItemKey::new(&AccountName::from("forge"), Kind::Build, id)
    }

    #[test]
    fn ids_are_safe_and_stay_apart() {
        for id in ["acme/web#479", "acme/web/ci.yml@main", "größe/日本語#1", ""] {
            assert_eq!(key(id).id, id, "a clean id is left alone");
        }
        // A branch named to look like `main` must not become `main`.
        let plain = key("acme/web/ci@main");
        for imitation in [
            "acme/web/ci@main\u{200b}",
            "acme/web/ci@\u{1b}[0mmain",
            "acme/web/ci@main\n",
            " acme/web/ci@main",
        ] {
            let key = key(imitation);
            assert_ne!(key, plain, "{imitation:?}");
            assert!(key.id.starts_with("acme/web/ci@main~"), "{key}");
            assert!(!key.id.chars().any(char::is_control), "{key}");
        }
        let (long, longer) = (key(&"x".repeat(301)), key(&"x".repeat(302)));
        assert_ne!(long, longer);
        assert_eq!(long.id.chars().count(), ID);
        assert_eq!(key(&long.id), long, "cleaning twice changes nothing");
        assert_eq!(key("a\u{7}").id, "a~089be107b544f031", "the hash is the same in every version");
    }
}
