//! What rules see of an event and its item.

use std::collections::{BTreeMap, HashMap};

use cel::{
    common::{
        types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString},
        value::{CowVal, Val},
    },
    context::VariableResolver,
};
use jiff::Timestamp;

use super::audience::{concerns_me, concerns_others_only};
use crate::{
    event::{Event, EventName},
    expression::{Name, Type},
    identity::Identity,
    item::{Approval, Build, BuildRun, Detail, Incident, Item, Kind, User},
};

/// The most entries of a list or map that a rule sees, so that loops over them stay short.
const ENTRIES: usize = 100;

/// Every name that rules may use, with its meaning: for the documentation, the schema and error messages.
///
/// All of them exist for every kind of item: what does not apply is empty, `false` or 0, so that a rule need not ask
/// for the kind first. Only entries of `item.labels` may be missing; a rule that reads a missing one does not match.
pub const FIELDS: &[Name<'static>] = &[
    one_of("event", &EVENT_NAMES, "What happened"),
    field("by", Type::Text, "Who did it, as people call them; empty where the service does not say"),
    field(
        "by_id",
        Type::Text,
        "What the service identifies them by: a user's id, or the login name where it has no other",
    ),
    field("by_me", Type::Bool, "I did it"),
    field("of", Type::List, "Whom it asks for something: for a review, or to take the incident"),
    field("of_ids", Type::List, "What the service identifies them by; a team is team/ORGANISATION/NAME"),
    field("of_me", Type::Bool, "It asks me or a team of mine, and had not asked me before"),
    field("summary", Type::Text, "What happened, in a line"),
    field("old", Type::Bool, "It happened before the account was first watched"),
    one_of("item.kind", &["approval", "build", "pull_request", "incident"], "What the item is"),
    field("item.account", Type::Text, "The account that watches it"),
    field(
        "item.reference",
        Type::Text,
        "What is typed for it in a command, such as acme/web#479 or acme/web/ci.yml@main",
    ),
    field("item.repo", Type::Text, "The repository, project, job folder or service that it belongs to"),
    field("item.title", Type::Text, "Its title, in the service's words"),
    field("item.url", Type::Text, "Where it can be seen in a browser"),
    one_of(
        "item.status",
        &[
            "queued",
            "running",
            "canceled",
            "passed",
            "failed",
            "open",
            "merged",
            "closed",
            "triggered",
            "acknowledged",
            "resolved",
            "waiting",
            "approved",
            "denied",
            "expired",
            "superseded",
        ],
        "How far it is",
    ),
    field(
        "item.author",
        Type::Text,
        "Who wrote the pull request or the change that is built, else who started the build: the login name",
    ),
    field(
        "item.mine",
        Type::Bool,
        "I wrote the pull request, caused the build, asked for the approval, or the incident is mine or assigned to me",
    ),
    field("item.number", Type::Number, "The number of the pull request, or of the build's run"),
    field("item.branch", Type::Text, "The branch that is built, or that the pull request would merge"),
    field("item.default_branch", Type::Bool, "It is a build of the repository's default branch, or may be"),
    field("item.pipeline", Type::Text, "The build's workflow or job"),
    field("item.red", Type::Bool, "The build's newest verdict is failed, whatever has started since"),
    field(
        "item.failing",
        Type::List,
        "The names of the build's jobs, or the pull request's checks, that failed",
    ),
    field("item.base", Type::Text, "The branch that the pull request would merge into"),
    field("item.draft", Type::Bool, "The pull request is not ready for review"),
    field("item.review_requested", Type::Bool, "The pull request waits for my review, or my team's"),
    field(
        "item.turn_mine",
        Type::Bool,
        "The pull request waits for me, to review it, to work on it or to merge it; or the approval for my answer",
    ),
    field("item.approvals", Type::Number, "How many people approve the pull request"),
    one_of(
        "item.checks",
        &["none", "pending", "passed", "failed", ""],
        "The pull request's checks, summed up; empty where they are not known",
    ),
    field("item.service", Type::Text, "The service or alert rule that the incident is about"),
    one_of(
        "item.severity",
        &["info", "warning", "high", "critical", "unknown", ""],
        "How bad the incident is; unknown where the service does not say",
    ),
    field("item.held", Type::Bool, "Somebody has the incident, or it is silenced"),
    field("item.holders", Type::List, "Who has the incident"),
    field("item.assigned", Type::List, "Who is asked to take the incident"),
    field("item.escalations", Type::Number, "How many times the incident was escalated"),
    field("item.asked_by", Type::Text, "Who asked for the approval: what the service identifies them by"),
    field("item.environment", Type::Text, "Where a yes would take effect, such as production"),
    field("item.needed", Type::Number, "How many people have to say yes; 0 where the service does not say"),
    field("item.given", Type::Number, "How many have said yes, as far as the service says"),
    one_of(
        "item.mine_to_give",
        &["yes", "no", "unknown", ""],
        "Whether the approval waits for my answer; empty for other kinds",
    ),
    field(
        "item.expires_at",
        Type::Text,
        "Until when the approval can be answered, as 2026-11-22T12:00:00Z; empty where the service does not say",
    ),
    field(
        "item.expires_in",
        Type::Number,
        "How many seconds were left until then when the event was seen; 0 once it is past, and where it is not known",
    ),
    field("item.labels", Type::Map, "The incident's labels: item.labels.team, or has(item.labels.team)"),
];

/// The names that give an event's recipients: see [`super::Condition`].
pub(super) const OF_WHOM: [&str; 3] = ["of", "of_ids", "of_me"];

const fn field(name: &'static str, ty: Type, meaning: &'static str) -> Name<'static> {
    Name { name, ty, values: &[], meaning }
}

const fn one_of(name: &'static str, values: &'static [&'static str], meaning: &'static str) -> Name<'static> {
    Name { name, ty: Type::Text, values, meaning }
}

/// Every event, and the kinds of item that it happens to.
pub(super) const EVENTS: [(EventName, &[Kind]); 26] = {
    use EventName::*;
    use Kind::{Approval as A, Build as B, Incident as I, PullRequest as P};
    [
        (Queued, &[B]),
        (Running, &[B]),
        (Passed, &[B]),
        (Failed, &[B]),
        (Fixed, &[B]),
        (StillFailing, &[B]),
        (Canceled, &[B]),
        (Opened, &[P]),
        (ReviewRequested, &[P]),
        (Approved, &[P, A]),
        (ChangesRequested, &[P]),
        (ChecksFailed, &[P]),
        (ChecksPassed, &[P]),
        (Merged, &[P]),
        (Closed, &[P]),
        (Stale, &[P]),
        (Triggered, &[I]),
        (Acknowledged, &[I]),
        (Unacknowledged, &[I]),
        (Escalated, &[I]),
        (Reassigned, &[I]),
        (Resolved, &[I]),
        (Requested, &[A]),
        (Denied, &[A]),
        (Expired, &[A]),
        (Superseded, &[A]),
    ]
};

/// Every event with every kind of item that it happens to.
pub(super) fn pairs() -> impl Iterator<Item = (EventName, Kind)> {
    EVENTS.into_iter().flat_map(|(event, kinds)| kinds.iter().map(move |kind| (event, *kind)))
}

const EVENT_NAMES: [&str; EVENTS.len()] = {
    let mut names = [""; EVENTS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = EVENTS[at].0.name();
        at += 1;
    }
    names
};

/// An event and its item as rules see them. Nothing is built before it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) event: EventName,
    pub(super) by: Option<&'a User>,
    pub(super) of: &'a [User],
    pub(super) of_me: bool,
    /// See [`super::concerns_others_only`].
    pub(super) of_others: bool,
    pub(super) summary: &'a str,
    pub(super) old: bool,
    pub(super) moot: bool,
    pub(super) item: &'a Item,
    pub(super) me: &'a Identity,
    /// What a hold's end is compared with.
    pub(super) now: Timestamp,
}

/// What one name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Owned(String),
    Bool(bool),
    Number(i64),
    List(Vec<&'a str>),
    Map(Option<&'a BTreeMap<String, String>>),
}

impl<'a> View<'a> {
    /// As of when the event was seen.
    pub(super) fn new(event: &'a Event, item: &'a Item, me: &'a Identity) -> Self {
        Self {
            event: event.name,
            by: event.by.as_ref(),
            of: &event.of,
            of_me: concerns_me(event, item, me),
            of_others: concerns_others_only(event, item, me),
            summary: &event.summary,
            old: event.old,
            moot: event.moot,
            item,
            me,
            now: event.seen_at,
        }
    }

    /// As if that event happened to the item now, as of when the item last changed. A review is asked of me.
    pub(super) fn supposed(event: EventName, item: &'a Item, me: &'a Identity) -> Self {
        let now = match &item.detail {
            Detail::Incident(incident) => incident.updated_at,
            Detail::Approval(approval) => approval.updated_at,
            Detail::Build(_) | Detail::PullRequest(_) => Timestamp::MAX,
        };
        let of_me = event == EventName::ReviewRequested;
        let (of, of_others, summary) = (&[], false, &item.title);
        Self { event, by: None, of, of_me, of_others, summary, old: false, moot: false, item, me, now }
    }

    /// The value of a name of [`FIELDS`].
    pub(super) fn value(&self, name: &str) -> Option<Value<'a>> {
        use Value::{Bool, List, Map, Number, Owned, Text};
        let item = self.item;
        let (build, pull_request, incident, approval) = match &item.detail {
            Detail::Build(build) => (Some(build), None, None, None),
            Detail::PullRequest(pull_request) => (None, Some(pull_request), None, None),
            Detail::Incident(incident) => (None, None, Some(incident), None),
            Detail::Approval(approval) => (None, None, None, Some(approval)),
        };
        Some(match name {
            "event" => Text(self.event.name()),
            "by" => Text(self.by.map_or("", |by| &by.name)),
            "by_id" => Text(self.by.map_or("", |by| &by.id)),
            "by_me" => Bool(self.by.is_some_and(|by| self.me.is(&by.id))),
            "of" => List(self.of.iter().take(ENTRIES).map(|user| user.name.as_str()).collect()),
            "of_ids" => List(self.of.iter().take(ENTRIES).map(|user| user.id.as_str()).collect()),
            "of_me" => Bool(self.of_me),
            "summary" => Text(self.summary),
            "old" => Bool(self.old),
            "item.kind" => Text(item.key.kind.name()),
            "item.account" => Text(item.key.account.as_str()),
            "item.reference" => Text(item.reference()),
            "item.repo" => Text(item.repo()),
            "item.title" => Text(&item.title),
            "item.url" => Text(item.url.as_ref().map_or("", url::Url::as_str)),
            "item.status" => Text(item.status()),
            "item.author" => Text(self.author()),
            "item.mine" => Bool(match &item.detail {
                Detail::Incident(incident) => {
                    incident.holders().iter().chain(incident.assignees()).any(|user| self.me.is(&user.id))
                }
                Detail::Approval(approval) => approval.is_asked_by(self.me),
                Detail::Build(build) => self.run(build).is_some_and(|run| run.is_of(self.me)),
                Detail::PullRequest(pull_request) => self.me.is(&pull_request.author),
            }),
            "item.number" => {
                let number = build.and_then(|build| self.run(build)).map(|run| run.number);
                let number = number.or(pull_request.map(|pull_request| pull_request.number));
                Number(i64::try_from(number.unwrap_or_default()).unwrap_or(i64::MAX))
            }
            "item.branch" => Text(match &item.detail {
                Detail::Build(build) => build.branch.as_deref().unwrap_or_default(),
                Detail::PullRequest(pull_request) => &pull_request.branch,
                Detail::Incident(_) | Detail::Approval(_) => "",
            }),
            "item.default_branch" => Bool(build.is_some_and(|build| build.default_branch)),
            "item.pipeline" => Text(build.map_or("", |build| &build.pipeline)),
            "item.red" => Bool(build.is_some_and(Build::is_red)),
            "item.failing" => {
                let checks = pull_request.and_then(|pull_request| pull_request.checks.as_ref());
                let failing = build.and_then(|build| self.run(build)).map(|run| &run.failing);
                List(texts(failing.or(checks.map(|checks| &checks.failing))))
            }
            "item.base" => Text(pull_request.map_or("", |pull_request| &pull_request.base)),
            "item.draft" => Bool(pull_request.is_some_and(|pull_request| pull_request.draft)),
            "item.review_requested" => {
                Bool(pull_request.is_some_and(|pull_request| pull_request.asks(self.me)))
            }
            "item.turn_mine" => Bool(item.turn(self.me).is_some_and(|turn| turn.mine)),
            "item.approvals" => {
                let approvals = pull_request.map_or(0, |it| it.approvals());
                Number(i64::try_from(approvals).unwrap_or(i64::MAX))
            }
            "item.checks" => {
                let checks = pull_request.and_then(|pull_request| pull_request.checks.as_ref());
                Text(checks.map_or("", |checks| checks.status.name()))
            }
            "item.service" => Text(incident.map_or("", |incident| &incident.service)),
            "item.severity" => Text(incident.map_or("", |incident| incident.severity.name())),
            "item.held" => Bool(incident.is_some_and(|incident| incident.is_held(self.now))),
            "item.holders" => List(incident.map(Incident::holder_names).unwrap_or_default()),
            "item.assigned" => List(incident.map(Incident::assignee_names).unwrap_or_default()),
            "item.escalations" => {
                let count = incident.map_or(0, |incident| incident.escalations.len());
                Number(i64::try_from(count).unwrap_or(i64::MAX))
            }
            "item.asked_by" => {
                Text(approval.and_then(|it| it.asked_by.as_ref()).map_or("", |by| by.id.as_str()))
            }
            "item.environment" => {
                Text(approval.and_then(|approval| approval.environment.as_deref()).unwrap_or_default())
            }
            "item.needed" => Number(approval.and_then(Approval::needed).map_or(0, i64::from)),
            "item.given" => {
                let given = approval.and_then(Approval::given).map_or(0, |given| given.len());
                Number(i64::try_from(given).unwrap_or(i64::MAX))
            }
            "item.mine_to_give" => Text(match approval.map(|approval| approval.mine_to_give(self.me)) {
                None => "",
                Some(None) => "unknown",
                Some(Some(true)) => "yes",
                Some(Some(false)) => "no",
            }),
            "item.expires_at" => {
                let at = approval.and_then(Approval::expires_at);
                Owned(at.map(|at| at.to_string()).unwrap_or_default())
            }
            "item.expires_in" => {
                let at = approval.and_then(Approval::expires_at);
                Number(at.map_or(0, |at| at.duration_since(self.now).as_secs().max(0)))
            }
            "item.labels" => Map(incident.map(|incident| &incident.labels)),
            _ => return None,
        })
    }

    /// The same as JSON, fields within their item: what templates see.
    pub(super) fn json(&self) -> serde_json::Value {
        let mut names = serde_json::Map::new();
        let mut item = serde_json::Map::new();
        for field in FIELDS {
            let value = self.value(field.name).map_or(serde_json::Value::Null, |value| value.json());
            match field.name.strip_prefix("item.") {
                Some(name) => item.insert(name.to_owned(), value),
                None => names.insert(field.name.to_owned(), value),
            };
        }
        names.insert("item".to_owned(), item.into());
        names.into()
    }

    fn author(&self) -> &'a str {
        match &self.item.detail {
            Detail::Build(build) => {
                let run = self.run(build);
                run.and_then(|run| run.author.as_deref().or(run.started_by.as_deref())).unwrap_or_default()
            }
            Detail::PullRequest(pull_request) => &pull_request.author,
            Detail::Incident(_) | Detail::Approval(_) => "",
        }
    }

    /// The run that the event is about: a verdict's is not the one that has started since.
    fn run(&self, build: &'a Build) -> Option<&'a BuildRun> {
        match self.event {
            EventName::Passed | EventName::Failed | EventName::Fixed | EventName::StillFailing => {
                build.verdict().or(build.latest())
            }
            _ => build.latest(),
        }
    }
}

impl VariableResolver for View<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        // One label, without all the others.
        if let (Some(label), Detail::Incident(incident)) =
            (name.strip_prefix("item.labels."), &self.item.detail)
        {
            return incident.labels.get(label).map(|text| CowVal::owned(CelString::from(text.as_str())));
        }
        Some(match self.value(name)? {
            Value::Text(text) => CowVal::owned(CelString::from(text)),
            Value::Owned(text) => CowVal::owned(CelString::from(text)),
            Value::Bool(value) => CowVal::owned(CelBool::from(value)),
            Value::Number(number) => CowVal::owned(CelInt::from(number)),
            Value::List(texts) => {
                CowVal::owned(CelList::from(texts.into_iter().map(cel_text).collect::<Vec<_>>()))
            }
            Value::Map(labels) => CowVal::owned(CelMap::from(
                labels
                    .into_iter()
                    .flatten()
                    .take(ENTRIES)
                    .map(|(name, text)| (CelMapKey::from(name.as_str()), cel_text(text)))
                    .collect::<HashMap<_, _>>(),
            )),
        })
    }
}

impl Value<'_> {
    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => (*text).into(),
            Self::Owned(text) => text.as_str().into(),
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => (*number).into(),
            Self::List(texts) => texts.iter().copied().collect(),
            Self::Map(labels) => labels
                .iter()
                .flat_map(|labels| labels.iter())
                .take(ENTRIES)
                .map(|(name, text)| (name.clone(), serde_json::Value::from(text.as_str())))
                .collect(),
        }
    }
}

impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::text::line(&self.json().to_string(), 80))
    }
}

fn cel_text(text: &str) -> Box<dyn Val + '_> {
    Box::new(CelString::from(text))
}

fn texts(texts: Option<&Vec<String>>) -> Vec<&str> {
    texts.into_iter().flatten().take(ENTRIES).map(String::as_str).collect()
}
