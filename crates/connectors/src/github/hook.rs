//! GitHub's webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
//!
//! The event's name stands in a header, so that only payloads of interest are parsed, and of those only what is used.
//! Checks (`check_run`, `check_suite`, `status`) tell of one check each, of which no sum can be made, and name pull
//! requests by number alone: they are left to the next poll, which looks at every head whose checks are under way.

use std::slice;

use callboard_domain::{
    item::{AccountName, ItemKey, Kind},
    plain::{Notation, plain},
    secret::SecretString,
    source::{Gone, GoneReason, Hook, HookError, Received, Scope},
    text,
};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Watched, cursor::Described, is_watched, learnt::Learnt, look::described, normalise, wire};
use crate::{
    http::charset,
    lenient::{or_nothing, required_text},
    webhook::{Encoding, Scheme, Signatures},
};

/// "Validating webhook deliveries": an HMAC of the raw body.
const SIGNATURE: Scheme =
    Scheme { header: "x-hub-signature-256", prefix: "sha256=", encoding: Encoding::Hex };

/// Reads webhooks of one account.
pub(super) struct Webhook {
    account: AccountName,
    watch: Vec<Watched>,
    signatures: Signatures,
    learnt: Learnt,
}

#[derive(Deserialize)]
struct PullEvent {
    pull_request: wire::Pull,
    repository: wire::Repo,
}

#[derive(Deserialize)]
struct ReviewEvent {
    #[serde(default, deserialize_with = "or_nothing")]
    review: Option<wire::Review>,
    pull_request: wire::Pull,
    repository: wire::Repo,
}

/// Of a branch or a tag.
#[derive(Deserialize)]
struct DeleteEvent {
    #[serde(rename = "ref", deserialize_with = "required_text")]
    name: String,
    #[serde(deserialize_with = "required_text")]
    ref_type: String,
    repository: wire::Repo,
}

#[derive(Deserialize)]
struct RepositoryEvent {
    #[serde(deserialize_with = "required_text")]
    action: String,
    repository: wire::Repo,
}

#[derive(Deserialize)]
struct RunEvent {
    workflow_run: wire::Run,
    repository: wire::Repo,
}

impl Webhook {
    pub(super) fn new(account: AccountName, watch: Vec<Watched>, secret: Option<&SecretString>) -> Self {
        let signatures = Signatures::new(SIGNATURE, "GitHub", account.clone(), secret);
        Self { account, watch, signatures, learnt: Learnt::default() }
    }

    /// What polls are to tell it.
    pub(super) fn learnt(&self) -> Learnt {
        self.learnt.clone()
    }

    /// What polls have seen built of a branch that is deleted now.
    fn builds_of_branch(&self, repo: &str, branch: &str) -> Vec<Gone> {
        let workflows = self.learnt.workflows(repo);
        let id = |workflow: String| format!("{repo}/{workflow}@{branch}");
        let key = |id: String| ItemKey::new(&self.account, Kind::Build, id);
        let gone = workflows.names().into_iter().map(|name| key(id(name)));
        gone.map(|key| Gone { key, reason: GoneReason::BranchDeleted }).collect()
    }

    /// A watched repository: called as polls write it, whatever the capitals of the webhook, which may lack its default branch.
    fn watched(&self, repo: &wire::Repo) -> Option<Described> {
        let is_watched = is_watched(&self.watch, &repo.full_name) || self.learnt.has(repo);
        is_watched.then(|| {
            let said = described(repo);
            match self.learnt.described(&repo.full_name) {
                Some(known) => Described {
                    default_branch: said.default_branch.or(known.default_branch),
                    name: known.name,
                    ..said
                },
                None => said,
            }
        })
    }
}

impl Hook for Webhook {
    fn admit(&self, headers: &HeaderMap) -> Result<(), HookError> {
        self.signatures.admit(headers)
    }

    fn receive(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError> {
        self.signatures.verify(headers, body)?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let delivery = header("x-github-delivery").map(|id| text::line(id, 100));
        let (mut gone, mut emptied) = (Vec::new(), Vec::new());
        let mut snapshots = Vec::new();
        match header("x-github-event").unwrap_or_default() {
            "pull_request" => {
                let event: PullEvent = parse(headers, body)?;
                if let Some(repo) = self.watched(&event.repository) {
                    snapshots =
                        vec![normalise::pull(&self.account, &repo.name, &event.pull_request, &[], None, now)];
                }
            }
            "pull_request_review" => {
                let event: ReviewEvent = parse(headers, body)?;
                if let Some(repo) = self.watched(&event.repository) {
                    let (pull, reviews) = (&event.pull_request, event.review.as_slice());
                    snapshots = vec![normalise::pull(&self.account, &repo.name, pull, reviews, None, now)];
                }
            }
            "workflow_run" => {
                let RunEvent { workflow_run, repository } = parse(headers, body)?;
                if let Some(repo) = self.watched(&repository) {
                    let repo = normalise::Place {
                        name: &repo.name,
                        default_branch: repo.default_branch.as_deref(),
                        workflows: &self.learnt.workflows(&repo.name),
                    };
                    let runs = slice::from_ref(&workflow_run);
                    snapshots = normalise::builds(&self.account, &repo, runs, &Default::default());
                }
            }
            "delete" => {
                let event: DeleteEvent = parse(headers, body)?;
                if let Some(repo) = self.watched(&event.repository).filter(|_| event.ref_type == "branch") {
                    gone = self.builds_of_branch(&repo.name, &event.name);
                }
            }
            // One that is renamed or moved is followed by the next poll, which knows it by its number.
            "repository" => {
                let event: RepositoryEvent = parse(headers, body)?;
                let reason = match event.action.as_str() {
                    "deleted" => Some(GoneReason::Deleted),
                    "archived" => Some(GoneReason::Disabled),
                    _ => None,
                };
                if let Some((reason, repo)) = reason.zip(self.watched(&event.repository)) {
                    let scope = |kind| Scope { kind, repo: Some(repo.name.clone()) };
                    emptied =
                        [Kind::Build, Kind::PullRequest].map(|kind| (scope(kind), reason.clone())).into();
                }
            }
            _ => {}
        }
        Ok(Received { delivery, snapshots, gone, emptied, poll: false })
    }
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, HookError> {
    let form = headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if form {
        let why = "sent as a form: set the webhook's content type at GitHub to application/json";
        return Err(HookError::Malformed(why.to_owned()));
    }
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    let body = charset::text(body, content_type);
    serde_json::from_str(&body)
        .map_err(|error| HookError::Malformed(text::line(&plain(&error.to_string(), Notation::Json), 200)))
}
