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
mod key;
mod pull_request;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::identity::Identity;

pub use approval::{
    ANSWERS_KEPT, Answer, Approval, ApprovalDecision, ApprovalState, Approvers, AsOf, QUESTIONS_KEPT,
    Question, QuestionType, Shipment,
};
pub use build::{Build, BuildRun, BuildStatus, RUNS_KEPT};
pub use clean::{EARLIEST, LATEST, LONGEST_LINE, keep_safe_link};
pub(crate) use clean::{REQUESTED_KEPT, join_sets};
pub use incident::{
    Assignment, ESCALATIONS_KEPT, Hold, Incident, IncidentStatus, InferredEnd, Severity, User,
};
pub use key::{AccountName, ItemKey, Kind};
pub(crate) use pull_request::without_organisation;
pub use pull_request::{
    Checks, ChecksStatus, MergeState, Mergeability, PullRequest, PullRequestState, REVIEWS_KEPT,
    RequestedRead, Review, Size, Turn, TurnKind, Verdict,
};

/// An approval, build, pull request or incident as a service reports it, or as it is stored.
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
            Detail::Incident(incident) => incident.called(&self.title),
            Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => self.title.clone(),
        }
    }

    /// What people call an alert, whose reference is a fingerprint; `None` for what goes by its reference.
    pub fn alert_name(&self) -> Option<String> {
        (self.key.kind == Kind::Incident).then(|| self.called())
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
            Detail::Build(build) => build.latest().map_or(BuildStatus::Unknown.name(), BuildRun::status_name),
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
