//! Items: the approvals, builds, pull requests and incidents that services report, as last known.
//!
//! An [`Item`] is both a snapshot (what a source reports) and the stored state (what all snapshots so far add up to).
//! [`crate::event::compare`] joins the two and finds what happened.

mod approval;
mod build;
mod clean;
#[cfg(test)]
pub(crate) mod examples;
mod incident;
mod pull_request;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::identity::Identity;

pub use approval::{
    ANSWERS_KEPT, Answer, Approval, ApprovalDecision, ApprovalState, Approvers, AsOf, Shipment,
};
pub use build::{Build, BuildRun, BuildStatus, RUNS_KEPT};
pub use clean::{EARLIEST, LATEST, keep_safe_link};
pub(crate) use clean::{REQUESTED_KEPT, join_sets};
pub use incident::{
    Assignment, ESCALATIONS_KEPT, Hold, Incident, IncidentStatus, InferredEnd, Severity, User,
};
pub(crate) use pull_request::without_organisation;
pub use pull_request::{
    Checks, ChecksStatus, MergeState, Mergeability, PullRequest, PullRequestState, REVIEWS_KEPT,
    RequestedRead, Review, Size, Turn, TurnKind, Verdict,
};

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
    /// The service's own name for it, in the form that a person would type (see [`Item::reference`]).
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
        clean::id(&mut id);
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

/// An approval, build, pull request or incident as a service reports it, or as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Item {
    /// Its natural key.
    pub key: ItemKey,
    /// One line for a person, in the service's words. Untrusted: see [`crate::text`].
    pub title: String,
    /// Where it can be seen in a browser; only http and https.
    pub url: Option<Url>,
    /// What is particular to its kind.
    pub detail: Detail,
}

/// What is particular to a kind of item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "items are read and joined one at a time; a box would be one more allocation each"
)]
pub enum Detail {
    /// See [`Build`].
    Build(Build),
    /// See [`PullRequest`].
    PullRequest(PullRequest),
    /// See [`Incident`].
    Incident(Incident),
    /// See [`Approval`].
    Approval(Approval),
}

impl Item {
    /// The title that the service gave; empty where there is none, and [`Item::clean`] calls it by its id.
    pub fn given_title(&self) -> &str {
        if self.title == self.key.id { "" } else { &self.title }
    }

    /// What a person types for this item in a command: `acme/web#479`, `acme/web/ci@main`, an alert's fingerprint.
    pub fn reference(&self) -> &str {
        &self.key.id
    }

    /// What people call it: an alert's title alone often does not say of what.
    pub fn called(&self) -> String {
        match &self.detail {
            Detail::Incident(incident) if !incident.service.is_empty() => {
                format!("{} in {}", self.title, incident.service)
            }
            Detail::Incident(_) | Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => {
                self.title.clone()
            }
        }
    }

    /// The repository, project or service that it belongs to: what rules route by and notifications group by.
    pub fn repo(&self) -> &str {
        match &self.detail {
            Detail::Build(build) => &build.repo,
            Detail::PullRequest(pull_request) => &pull_request.repo,
            Detail::Incident(incident) => &incident.service,
            Detail::Approval(approval) => &approval.repo,
        }
    }

    /// The state in one word, as shown and as rules see it: `failed`, `open`, `triggered`, ...
    pub fn status(&self) -> &'static str {
        match &self.detail {
            Detail::Build(build) => build.status().name(),
            Detail::PullRequest(pull_request) => pull_request.state.name(),
            Detail::Incident(incident) => incident.status.name(),
            Detail::Approval(approval) => approval.state.name(),
        }
    }

    /// Whose turn it is, for an open pull request and for a request that waits: see [`PullRequest::turn`] and
    /// [`Approval::turn`].
    pub fn turn(&self, me: &Identity) -> Option<Turn> {
        match &self.detail {
            Detail::PullRequest(pull_request) => pull_request.turn(me),
            Detail::Approval(approval) => approval.turn(me),
            Detail::Build(_) | Detail::Incident(_) => None,
        }
    }
}

/// Names in a row, as a person says them: `lint`, `lint and unit tests`, `lint and 2 more`.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, other] => format!("{} and {}", one.as_ref(), other.as_ref()),
        [one, more @ ..] => format!("{} and {} more", one.as_ref(), more.len()),
    }
}
