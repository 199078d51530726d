//! GitHub's webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
//!
//! The event's name stands in a header, so that only payloads of interest are parsed, and of those only what is used.
//! Checks (`check_run`, `check_suite`, `status`) are about one check each, of which no sum can be made, and name pull
//! requests by number alone: they are left to the next poll, which looks at every head whose checks are under way.

use std::slice;

use callboard_domain::{
    item::AccountName,
    secret::SecretString,
    source::{CursorUpdate, Hook, HookError, Received},
    text,
};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded;

use super::{
    cursor::{DeletionClaim, Place, RepoDescription},
    knowledge::RepoKnowledge,
    look::described,
    normalise,
    watch::{Watched, is_watched},
    wire,
};
use crate::{
    http::charset,
    lenient::{any_text, folded, or_nothing, required_text},
    webhook::{self, Encoding, Scheme, Signatures},
};

/// "Validating webhook deliveries": an HMAC of the raw body.
const SIGNATURE: Scheme =
    Scheme { header: "x-hub-signature-256", prefix: "sha256=", encoding: Encoding::Hex, time_header: None };

/// Reads webhooks of one account.
pub(super) struct Webhook {
    account: AccountName,
    watch: Vec<Watched>,
    signatures: Signatures,
    knowledge: RepoKnowledge,
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

/// What was deleted: a `branch` or a `tag`.
#[derive(Deserialize)]
struct RefType {
    #[serde(default, deserialize_with = "any_text")]
    ref_type: String,
}

/// Of a branch.
#[derive(Deserialize)]
struct DeleteEvent {
    #[serde(rename = "ref", deserialize_with = "required_text")]
    name: String,
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
        Self { account, watch, signatures, knowledge: RepoKnowledge::default() }
    }

    /// What polls know and webhooks need.
    pub(super) fn knowledge(&self) -> RepoKnowledge {
        self.knowledge.clone()
    }

    /// Leaves it to the next poll whether something of a repository is gone: it may be back before the webhook comes, or be
    /// of another repository that had the name. Or how a run is of which the webhook does not say enough. None where the
    /// repository is not watched.
    fn claim(&self, repo: &wire::Repo, claim: DeletionClaim) -> Option<CursorUpdate> {
        self.watched(repo)?;
        self.knowledge.claim(claim.clone());
        Some(Place::remember(claim))
    }

    /// A watched repository: called as polls write it, whatever the capitals of the webhook, which may lack its default branch.
    fn watched(&self, repo: &wire::Repo) -> Option<RepoDescription> {
        let is_watched = is_watched(&self.watch, &repo.full_name) || self.knowledge.has(repo);
        is_watched.then(|| {
            let said = described(repo);
            match self.knowledge.described(&repo.full_name) {
                Some(known) => RepoDescription {
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
        self.signatures.verify(headers, body, now)?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let delivery = header("x-github-delivery").map(|id| text::line(id, 100));
        let (mut snapshots, mut remember, mut poll) = (Vec::new(), None, false);
        match header("x-github-event").and_then(folded).as_deref().unwrap_or_default() {
            "pull_request" => {
                let mut event: PullEvent = parse(headers, body)?;
                leave_author_open(&mut event.pull_request);
                if let Some(repo) = self.watched(&event.repository) {
                    poll = says_too_little(&event.pull_request);
                    snapshots =
                        vec![normalise::pull(&self.account, &repo.name, &event.pull_request, &[], None, now)];
                }
            }
            "pull_request_review" => {
                let mut event: ReviewEvent = parse(headers, body)?;
                leave_author_open(&mut event.pull_request);
                if let Some(repo) = self.watched(&event.repository) {
                    let (pull, reviews) = (&event.pull_request, event.review.as_slice());
                    poll = says_too_little(pull);
                    snapshots = vec![normalise::pull(&self.account, &repo.name, pull, reviews, None, now)];
                }
            }
            "workflow_run" => {
                let RunEvent { mut workflow_run, repository } = parse(headers, body)?;
                if let Some(repo) = self.watched(&repository) {
                    normalise::complete_branch(&mut workflow_run, None, repo.default_branch.as_deref());
                    let is_branchless = normalise::is_branchless(&workflow_run);
                    if is_branchless || normalise::lacks_conclusion(&workflow_run) {
                        remember =
                            self.claim(&repository, DeletionClaim::of_run(&repository, workflow_run.id));
                    }
                    let repo = normalise::Place {
                        name: &repo.name,
                        default_branch: repo.default_branch.as_deref(),
                        workflows: &self.knowledge.workflows(&repo.name),
                    };
                    let runs = slice::from_ref(&workflow_run);
                    // Of which build it is, is not known here: a poll may know the branch.
                    if !is_branchless {
                        snapshots = normalise::builds(&self.account, &repo, runs, &Default::default());
                    }
                }
            }
            "delete" => {
                let RefType { ref_type } = parse(headers, body)?;
                if folded(&ref_type).as_deref() == Some("branch") {
                    let event: DeleteEvent = parse(headers, body)?;
                    let claim = DeletionClaim::new(&event.repository, Some(event.name));
                    remember = self.claim(&event.repository, claim);
                }
            }
            // One that is renamed or moved is followed by the next poll, which knows it by its number.
            "repository" => {
                let event: RepositoryEvent = parse(headers, body)?;
                if matches!(folded(&event.action).as_deref(), Some("deleted" | "archived")) {
                    remember = self.claim(&event.repository, DeletionClaim::new(&event.repository, None));
                }
            }
            // Which event it is of, it does not say.
            "" => poll = true,
            _ => {}
        }
        let poll = poll || remember.is_some();
        Ok(Received { delivery, snapshots, poll, remember, ..Received::default() })
    }
}

/// True for a pull request of which a poll knows more. Without its time it may count as older than what is known, and without the
/// others it would seem to be no draft, or to be new.
fn says_too_little(pull: &wire::Pull) -> bool {
    pull.updated_at.is_none() || pull.created_at.is_none() || pull.draft.is_none()
}

/// An author whom a webhook does not name may be known: only a poll knows whether one ever was.
fn leave_author_open(pull: &mut wire::Pull) {
    pull.user.get_or_insert_default();
}

/// Reads a webhook as JSON, or as the form that GitHub sends where its content type was left as it was: the JSON is its
/// `payload` (https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks#creating-a-repository-webhook).
fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, HookError> {
    let malformed = |why: String| HookError::Malformed(text::line(&why, 200));
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    let is_form =
        content_type.is_some_and(|kind| charset::is_media_type(kind, "application/x-www-form-urlencoded"));
    let json = if is_form {
        let payload = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
        payload.ok_or_else(|| malformed("sent as a form without a `payload`".to_owned()))?.1
    } else {
        charset::text(body, content_type)
    };
    webhook::read(&json).map_err(malformed)
}
