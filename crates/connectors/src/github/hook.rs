//! GitHub's webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
//!
//! The event's name is in a header, so that only payloads of interest are parsed, and of those only what is used. While
//! a repository is away, every payload is searched for its repository: any event there shows that it may be back.
//! Checks (`check_run`, `check_suite`, `status`) are about one check each, which cannot be summed up, and name pull
//! requests by number alone: they are left to the next poll, which looks at every head whose checks are under way.

use std::{
    collections::BTreeSet,
    slice,
    sync::{Arc, LazyLock},
};

use callboard_domain::{
    item::{AccountName, Answer, ApprovalDecision, ItemKey, Kind, User},
    secret::SecretString,
    source::{Gone, GoneReason, Hook, HookError, Received},
    text,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded;

use super::{
    claim::Claim,
    cursor::{BoardRun, RepoDescription},
    gates::{self, Pending, ReportedGates, RequiredReviewer, WaitingRun},
    knowledge::{KnownRepo, RepoKnowledge},
    look::described,
    normalise::{self, Wait},
    run_branch,
    watch::{Watched, is_watched},
    wire,
    workflows::Workflows,
};
use crate::{
    http::charset,
    lenient::{Listed, any_text, details, folded, optional_text, or_nothing, required_text},
    webhook::{self, Encoding, Scheme, Signatures},
};

/// "Validating webhook deliveries": an HMAC of the raw body.
const SIGNATURE: Scheme =
    Scheme { header: "x-hub-signature-256", prefix: "sha256=", encoding: Encoding::Hex, time_header: None };

/// How long a repository that was missing is not asked for at once again: one that stays hidden may have many webhooks.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How many environments of one event are taken in, and the most bytes of their names: GitHub's have 255 characters.
const ENVIRONMENTS: usize = 5;
const LONGEST_ENVIRONMENT: usize = 255;

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

/// What was deleted or created: a `branch` or a `tag`.
#[derive(Deserialize)]
struct RefType {
    #[serde(default, deserialize_with = "any_text")]
    ref_type: String,
}

/// Of a branch.
#[derive(Deserialize)]
struct BranchEvent {
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

/// Whatever it is about. Events of an organisation are of no repository.
#[derive(Deserialize)]
struct AnyEvent {
    #[serde(default, deserialize_with = "or_nothing")]
    repository: Option<wire::Repo>,
}

#[derive(Deserialize)]
struct RunEvent {
    workflow_run: wire::Run,
    repository: wire::Repo,
}

/// A deployment that waits for people, or was answered. Which environment it is of is in the event itself or in its jobs.
#[derive(Deserialize)]
struct DeploymentReviewEvent {
    #[serde(default, deserialize_with = "any_text")]
    action: String,
    #[serde(default, deserialize_with = "or_nothing")]
    workflow_run: Option<wire::Run>,
    #[serde(default, deserialize_with = "optional_text")]
    environment: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    workflow_job_run: Option<JobRun>,
    #[serde(default, deserialize_with = "details")]
    workflow_job_runs: Vec<JobRun>,
    #[serde(default)]
    reviewers: Listed<RequiredReviewer>,
    #[serde(default, deserialize_with = "or_nothing")]
    approver: Option<wire::User>,
    #[serde(default, deserialize_with = "optional_text")]
    comment: Option<String>,
    repository: wire::Repo,
}

#[derive(Deserialize)]
struct JobRun {
    #[serde(default, deserialize_with = "optional_text")]
    environment: Option<String>,
}

impl DeploymentReviewEvent {
    /// As far as they fit into a note: the next poll reads them all.
    fn environments(&self) -> BTreeSet<String> {
        let jobs = self.workflow_job_run.iter().chain(&self.workflow_job_runs);
        let names = jobs.filter_map(|job| job.environment.as_ref()).chain(&self.environment);
        let fits = |name: &&String| {
            (1..=LONGEST_ENVIRONMENT).contains(&name.len()) && !name.contains(char::is_control)
        };
        names.filter(fits).take(ENVIRONMENTS).cloned().collect()
    }

    /// The answer, where it is one and says whose.
    fn answer(&self) -> Option<Answer> {
        let decision = match folded(&self.action).as_deref() {
            Some("approved") => ApprovalDecision::Approved,
            Some("rejected") => ApprovalDecision::Denied,
            _ => return None,
        };
        let by = self.approver.as_ref().map(|by| by.login.clone()).filter(|by| !by.is_empty())?;
        let why = self.comment.as_deref().map(str::trim).filter(|why| !why.is_empty());
        Some(Answer { at: None, decision, by: User::named(by), why: why.map(str::to_owned) })
    }
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

    /// Makes the next poll check a claim.
    fn ask(&self, claim: Claim) -> Received {
        let note = serde_json::to_string(&claim).ok();
        self.knowledge.claim(claim);
        Received { note, ..Received::default() }
    }

    /// The same, and makes that poll come soon, unless the repository was refused just now.
    fn ask_soon(&self, subject: &Subject, claim: Claim, now: Timestamp) -> Received {
        Received { poll: !subject.is_just_refused(now), ..self.ask(claim) }
    }

    /// Has a repository asked for that was away or refused, whatever the webhook is about.
    fn ask_if_back(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Received {
        if !self.knowledge.is_any_away() {
            return Received::default();
        }
        let event: Option<AnyEvent> = parse(headers, body).ok();
        let Some(repository) = event.and_then(|event| event.repository) else { return Received::default() };
        match self.watched(&repository) {
            Some(subject) if subject.may_be_back() => {
                self.ask_soon(&subject, Claim::of_repo(&repository), now)
            }
            _ => Received::default(),
        }
    }

    /// A watched repository under the name that polls use, whatever its name and capitals in the webhook, which may leave
    /// out its default branch.
    fn watched(&self, repo: &wire::Repo) -> Option<Subject> {
        let described = described(repo);
        match self.knowledge.find(repo) {
            Some(known) => {
                let default_branch =
                    described.default_branch.or_else(|| known.described.default_branch.clone());
                let described =
                    RepoDescription { default_branch, name: known.described.name.clone(), ..described };
                Some(Subject { described, refused_at: known.refused_at, known: Some(known) })
            }
            None => is_watched(&self.watch, &repo.full_name).then(|| {
                let refused_at = self.knowledge.refused_at(&repo.full_name);
                Subject { described, known: None, refused_at }
            }),
        }
    }

    /// Reads a pull request from a webhook. The next poll asks for it: a webhook may be late, and older than what polls
    /// have read though its date is later; and what it is about may be gone.
    fn pull(
        &self,
        repository: &wire::Repo,
        pull: &mut wire::Pull,
        reviews: &[wire::Review],
        now: Timestamp,
    ) -> Received {
        leave_author_open(pull);
        let Some(repo) = self.watched(repository) else { return Received::default() };
        if repo.is_away() {
            return self.ask_soon(&repo, Claim::of_repo(repository), now);
        }
        let asked = self.ask(Claim::of_pull(repository, pull));
        let snapshot = normalise::pull(&self.account, &repo.described.name, pull, reviews, None, now);
        Received { snapshots: vec![snapshot], poll: is_partial(pull), ..asked }
    }

    /// Reads a run from a webhook. The next poll asks for it, as for a pull request.
    fn run(&self, repository: &wire::Repo, mut run: wire::Run, now: Timestamp) -> Received {
        let Some(repo) = self.watched(repository) else { return Received::default() };
        if repo.is_away() {
            return self.ask_soon(&repo, Claim::of_repo(repository), now);
        }
        let place = repo.place();
        complete(&mut run, repository, &place);
        if run_branch::is_single(place.name, &run) {
            // Its build is not known here: a poll may know the branch, and whose that is.
            let waits = normalise::wait(&run).is_some_and(|wait| wait != Wait::Nobody);
            let claim = Claim::of_incomplete_run(repository, run.id, None);
            return Received { poll: true, ..self.ask(claim.and_gates(waits.then(ReportedGates::default))) };
        }
        let build = normalise::build_id(&place, &run);
        if repo.known.as_ref().is_some_and(|known| known.is_gone(&build, &run)) {
            // For example, it was under way when its branch was deleted: only a newer run brings the build back.
            return Received::default();
        }
        let known = repo.known.as_ref();
        // A run that did not name its branch before: its history goes on under its present name.
        let unnamed = known.and_then(|known| known.branchless(run.id)).filter(|unnamed| *unnamed != build);
        let renamed = unnamed.map(|unnamed| Gone {
            key: ItemKey::new(&self.account, Kind::Build, unnamed),
            reason: GoneReason::Renamed { to: build.clone() },
        });
        let is_seen = renamed.is_none() && known.is_some_and(|known| known.has_run(run.id));
        let is_incomplete = normalise::is_missing_conclusion(&run);
        let branch = run_branch::own_branch(place.name, &run);
        let on_board = (!is_seen).then_some(BoardRun { build, number: run.run_number, branch });
        let claim = match is_incomplete {
            true => Claim::of_incomplete_run(repository, run.id, on_board),
            false => Claim::of_run(repository, run.id, on_board),
        };
        let waiting = WaitingRun::of(&place, &run);
        let held = waiting
            .as_ref()
            .and_then(|it| gates::first_timer((&self.account, place.name, now), (run.id, it)));
        // What waits, or did, has its gates read soon.
        let waits = normalise::wait(&run).is_some_and(|wait| wait != Wait::Nobody);
        let is_gated = waits || repo.known.as_ref().is_some_and(|known| known.has_gates(run.id));
        let reported = ReportedGates { whole: held.is_some(), ..ReportedGates::default() };
        let asked = self.ask(claim.and_gates(is_gated.then_some(reported)));
        let mut snapshots =
            normalise::builds(&self.account, &place, slice::from_ref(&run), &Default::default());
        snapshots.extend(held);
        Received { snapshots, gone: renamed.into_iter().collect(), poll: is_incomplete || is_gated, ..asked }
    }

    /// Reads that a deployment waits for people, or was answered. The next poll reads all gates of its run.
    fn deployment(&self, event: &DeploymentReviewEvent, now: Timestamp) -> Received {
        let repository = &event.repository;
        let Some(repo) = self.watched(repository) else { return Received::default() };
        if repo.is_away() {
            return self.ask_soon(&repo, Claim::of_repo(repository), now);
        }
        let Some(mut run) = event.workflow_run.clone() else {
            return Received { poll: true, ..Received::default() };
        };
        let place = repo.place();
        complete(&mut run, repository, &place);
        let environments = event.environments();
        let of = (&self.account, place.name, now);
        let waiting = WaitingRun::of(&place, &run);
        let snapshots: Vec<_> = match (folded(&event.action).as_deref(), &waiting) {
            (Some("requested"), Some(waiting)) => {
                let pending = Pending::by(&event.reviewers);
                environments.iter().map(|it| gates::waiting(of, (run.id, waiting), it, &pending)).collect()
            }
            (_, Some(waiting)) => {
                // Where a timer holds it too, it goes on waiting: only a poll shows for what.
                // The same where no poll has seen whether one does.
                let is_ended =
                    |it: &&String| repo.known.as_ref().is_some_and(|known| known.is_read_untimed(run.id, it));
                let ended = environments.iter().filter(is_ended);
                ended.filter_map(|it| gates::answered(of, (run.id, waiting), it, event.answer()?)).collect()
            }
            _ => Vec::new(),
        };
        let reported = ReportedGates { whole: false, environments };
        let asked = self.ask(Claim::of_run(repository, run.id, None).and_gates(Some(reported)));
        Received { poll: snapshots.is_empty(), snapshots, ..asked }
    }
}

/// The watched repository that a webhook is of.
struct Subject {
    described: RepoDescription,
    /// What polls know of it, where they do.
    known: Option<Arc<KnownRepo>>,
    /// When it was asked for last, where it is missing or not allowed.
    refused_at: Option<Timestamp>,
}

impl Subject {
    /// Where its runs are.
    fn place(&self) -> normalise::Place<'_> {
        static NONE: LazyLock<Workflows> = LazyLock::new(Workflows::default);
        let default_branch = self.described.default_branch.as_deref();
        let workflows = self.known.as_ref().map_or(&*NONE, |known| &known.workflows);
        normalise::Place { name: &self.described.name, default_branch, workflows }
    }

    /// True where polls know it by that name.
    fn is_called(&self, full_name: &str) -> bool {
        self.described.name.eq_ignore_ascii_case(full_name)
    }

    /// True where nothing of it is on the board, until a poll finds that it is back.
    fn is_away(&self) -> bool {
        self.described.closed || self.known.as_ref().is_some_and(|known| known.is_away)
    }

    /// True where a webhook of it shows that it may be back, or allowed now.
    fn may_be_back(&self) -> bool {
        let was_away = self.known.as_ref().is_some_and(|known| known.is_away);
        self.refused_at.is_some() || was_away && !self.described.closed
    }

    /// True where it was asked for, and refused, just now. A clock that was put back is no reason to wait.
    fn is_just_refused(&self, now: Timestamp) -> bool {
        self.refused_at.is_some_and(|at| now.duration_since(at).abs() < ASKED_AGAIN)
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
        let back = self.ask_if_back(headers, body, now);
        let received = match header("x-github-event").and_then(folded).as_deref().unwrap_or_default() {
            "pull_request" => {
                let mut event: PullEvent = parse(headers, body)?;
                self.pull(&event.repository, &mut event.pull_request, &[], now)
            }
            "pull_request_review" => {
                let mut event: ReviewEvent = parse(headers, body)?;
                self.pull(&event.repository, &mut event.pull_request, event.review.as_slice(), now)
            }
            "workflow_run" => {
                let event: RunEvent = parse(headers, body)?;
                self.run(&event.repository, event.workflow_run, now)
            }
            "deployment_review" => self.deployment(&parse(headers, body)?, now),
            event @ ("delete" | "create") => {
                let RefType { ref_type } = parse(headers, body)?;
                if folded(&ref_type).as_deref() == Some("branch") {
                    let BranchEvent { name, repository } = parse(headers, body)?;
                    // Of a new branch nothing is known that would be back.
                    let is_asked = |subject: &Subject| {
                        let known = subject.known.as_ref();
                        event == "delete" || known.is_none_or(|known| known.has_lost(&name))
                    };
                    let subject = self.watched(&repository).filter(is_asked);
                    let claim = Claim::of_branch(&repository, name);
                    subject.map(|subject| self.ask_soon(&subject, claim, now)).unwrap_or_default()
                } else {
                    Received::default()
                }
            }
            "repository" => {
                let RepositoryEvent { action, repository } = parse(headers, body)?;
                let action = folded(&action);
                let is_asked = |subject: &Subject| match action.as_deref() {
                    Some("deleted" | "archived") => true,
                    // A poll knows it by its number, and reports all of it under the new name.
                    Some("renamed" | "transferred") => !subject.is_called(&repository.full_name),
                    _ => false,
                };
                let subject = self.watched(&repository).filter(is_asked);
                let claim = Claim::of_repo(&repository);
                subject.map(|subject| self.ask_soon(&subject, claim, now)).unwrap_or_default()
            }
            // The webhook does not name its event.
            "" => Received { poll: true, ..Received::default() },
            _ => Received::default(),
        };
        let (poll, note) = (received.poll || back.poll, received.note.or(back.note));
        Ok(Received { delivery, poll, note, ..received })
    }
}

/// Adds to a run what a webhook leaves out of it and has beside it.
fn complete(run: &mut wire::Run, repository: &wire::Repo, place: &normalise::Place<'_>) {
    let ran_in = || wire::RepoName { id: repository.id, full_name: repository.full_name.clone() };
    run.repository.get_or_insert_with(ran_in);
    run_branch::complete_branch(run, None, place.default_branch);
}

/// True for a pull request with fields missing that a poll reads. Without its time it may count as older than what is known;
/// without the others it would seem to be no draft, or to be new.
fn is_partial(pull: &wire::Pull) -> bool {
    pull.updated_at.is_none() || pull.created_at.is_none() || pull.draft.is_none()
}

/// Keeps the author open where a webhook names none: only a poll knows whether the account ever existed.
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
