//! Runs: one command, once, and how it ended.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    actor::Actor,
    chat::Address,
    command::{Args, Role, is_effect_of_role},
    error::ServiceError,
    event::{Event, EventName},
    identity::Identity,
    item::ItemKey,
    message::Block,
};

/// How a command ended, as the service reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Outcome {
    /// False where the service did it and it ended badly: a build that failed, a check that says no.
    pub ok: bool,
    /// One line: "api 1.42.0 is on staging".
    pub summary: String,
    /// More, for the message and the screen.
    pub blocks: Vec<Block>,
    /// Where it can be seen.
    pub link: Option<Url>,
    /// The same as data, for `--json`.
    pub data: Option<serde_json::Value>,
    /// The item that it began, such as an incident, where the service names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub began: Option<ItemKey>,
}

impl Outcome {
    /// It went well.
    pub fn ok(summary: impl Into<String>) -> Self {
        Self { ok: true, summary: summary.into(), blocks: Vec::new(), link: None, data: None, began: None }
    }

    /// It was done, and ended badly.
    pub fn failed(summary: impl Into<String>) -> Self {
        Self { ok: false, ..Self::ok(summary) }
    }

    /// The same with a link.
    #[must_use]
    pub fn with_link(mut self, link: Option<Url>) -> Self {
        self.link = link;
        self
    }

    /// The same with one more block.
    #[must_use]
    pub fn with_block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The same with data.
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = Some(data);
        self
    }

    /// The same with the item that it began.
    #[must_use]
    pub fn with_began(mut self, item: Option<ItemKey>) -> Self {
        self.began = item;
        self
    }
}

/// A run as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Run {
    /// A UUID v7.
    pub id: String,
    /// The command's name.
    pub command: String,
    /// The line as typed or prefilled.
    pub line: String,
    /// What the command was given.
    pub args: Args,
    /// The account that it ran as, where it is a connector's action.
    pub account: Option<String>,
    /// The row that it was run on, or that it began.
    pub item: Option<ItemKey>,
    /// Who did it, for people: the account's name on its service, as in "ana (GitHub)"; where the service does not say, the
    /// person or program that asked. Empty only where an older version recorded neither.
    pub by: String,
    /// Who asked for it, and through what. `None` for what an older version recorded.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub actor: Option<Actor>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended, or was found to be not known. Resolving it later does not change that. It lies before
    /// `started_at` where the clock was set back meanwhile: see [`Run::took`].
    pub ended_at: Option<Timestamp>,
    /// How far it is.
    pub state: RunState,
    /// Where its outcome goes; `None` for a private run.
    pub post: Option<Address>,
}

/// How far the clocks of services and ours may be apart where the time of an event is compared with a run's.
const CLOCKS: SignedDuration = SignedDuration::from_mins(2);

impl Run {
    /// How long it took; `None` while it is under way, and where it ended before it began by a clock that was set back
    /// meanwhile.
    pub fn took(&self) -> Option<Duration> {
        Duration::try_from(self.ended_at?.duration_since(self.started_at)).ok()
    }

    /// True where this was run on that item, alone or with others.
    pub fn is_on(&self, item: &ItemKey) -> bool {
        self.item.as_ref() == Some(item) || self.args.all_items().any(|(_, named)| named.key == *item)
    }

    /// True where an event of an item that this was run on is this run's own doing: a command of that role causes it, the
    /// identity that it acts as (`me`) did it, and during the run. Never true of a run that failed: if its effect has come
    /// about all the same, that is notified. Services escalate by themselves, too: an escalation by nobody in particular is
    /// no run's. Of an item that it began, the beginning is its own doing, whatever its role.
    pub fn did(&self, role: Option<Role>, event: &Event, me: &Identity) -> bool {
        let (is_well, began) = match &self.state {
            RunState::Pending { .. } | RunState::Running => (true, None),
            RunState::Done { outcome } => (outcome.ok, outcome.began.as_ref()),
            RunState::Failed { .. }
            | RunState::Canceled { .. }
            | RunState::Unknown { .. }
            | RunState::Resolved { .. } => (false, None),
        };
        let is_beginning = event.name == EventName::Triggered && began == Some(&event.item);
        let is_effect =
            || role.is_some_and(|role| is_effect_of_role(role, event.name)) && self.is_on(&event.item);
        let since_began = event.at.duration_since(self.started_at);
        let since_ended = event.at.duration_since(self.ended_at.unwrap_or(event.at));
        is_well
            && (is_beginning || is_effect())
            && event.by.as_ref().map_or(event.name != EventName::Escalated, |by| me.is(&by.id))
            && since_began >= -CLOCKS
            && since_ended <= CLOCKS
    }
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// Not begun, and nothing has been sent: until then it can be taken back. Where Callboard ends before that, it does not
    /// begin.
    Pending {
        /// When it begins.
        until: Timestamp,
    },
    /// Under way.
    Running,
    /// Ended, well or badly, as the outcome says.
    Done {
        /// How.
        outcome: Outcome,
    },
    /// It could not be done.
    Failed {
        /// Why.
        error: ServiceError,
    },
    /// Stopped by a person, or by the end of Callboard before it began, with nothing left unknown.
    Canceled {
        /// True where something had been sent and answered by then: that stays done. What was recorded before this was
        /// known counts as sent.
        #[serde(default = "sent")]
        sent: bool,
    },
    /// It may or may not have happened: there was no answer, or the program ended while it was under way.
    Unknown {
        /// What is known.
        why: String,
    },
    /// The outcome was unknown, and a person who looked has resolved it: the outcome is theirs, not the service's.
    #[serde(rename = "settled")]
    Resolved {
        /// True where it ran.
        ran: bool,
        /// Who resolved it. Empty only where an older version did not know.
        by: String,
        /// When they did.
        at: Timestamp,
        /// What was known before.
        why: String,
    },
}

fn sent() -> bool {
    true
}

impl RunState {
    /// Its name: `pending`, `running`, `done`, `failed`, `canceled`, `unknown`; `ran` or `did not run` as a person resolved it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Running => "running",
            Self::Done { outcome } if outcome.ok => "done",
            Self::Done { .. } | Self::Failed { .. } => "failed",
            Self::Canceled { .. } => "canceled",
            Self::Unknown { .. } => "unknown",
            Self::Resolved { ran: true, .. } => "ran",
            Self::Resolved { ran: false, .. } => "did not run",
        }
    }

    /// How a person has resolved it, where one has: "ana says it ran".
    pub fn resolution_text(&self) -> Option<String> {
        match self {
            Self::Resolved { by, .. } => {
                let by = if by.is_empty() { "a person" } else { by };
                Some(format!("{by} says it {}", self.name()))
            }
            _ => None,
        }
    }

    /// True once it will not change by itself any more.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending { .. } | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Item, User, examples};

    #[test]
    fn run_matches_only_its_own_events() {
        let at = |seconds: i64| Timestamp::from_second(1_790_000_000 + seconds).unwrap();
        let pull: ItemKey = "forge/pull_request/acme/web#479".parse().unwrap();
        let me = Identity { login: "U1".into(), name: Some("ana".into()), ..Identity::default() };
        let ana = |id: &str| Some(User { id: id.into(), name: "ana".into() });
        let run = |state: RunState, ended: Option<i64>| Run {
            id: "1".into(),
            command: "pr merge".into(),
            line: "pr merge acme/web#479".into(),
            args: Args::default(),
            account: Some("forge".into()),
            item: Some(pull.clone()),
            by: "ana".into(),
            actor: None,
            started_at: at(1_000),
            ended_at: ended.map(at),
            state,
            post: None,
        };
        let merged = |by: Option<User>, seconds: i64| Event {
            id: 1,
            item: pull.clone(),
            name: EventName::Merged,
            at: at(seconds),
            seen_at: at(seconds),
            old: false,
            moot: false,
            moot_because: None,
            by,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: String::new(),
        };
        let done = || run(RunState::Done { outcome: Outcome::ok("merged") }, Some(1_003));
        let elsewhere: ItemKey = "forge/pull_request/acme/web#480".parse().unwrap();
        let both = [&pull, &elsewhere].map(|key| {
            let item = Item { key: key.clone(), ..examples::pull_request(|_| {}) };
            (key.id.clone(), item)
        });
        let on_both = Run { args: Args { items: both.into(), ..Args::default() }, ..done() };
        let unknown = RunState::Unknown { why: "lost".into() };
        let cases = [
            (done(), Role::Merge, merged(ana("u1"), 1_002), true),
            (done(), Role::Merge, merged(None, 1_002), true),
            (run(RunState::Running, None), Role::Merge, merged(ana("U1"), 5_000), true),
            // The service's clock is behind, and ahead.
            (done(), Role::Merge, merged(ana("U1"), 900), true),
            (done(), Role::Merge, merged(ana("U1"), 1_120), true),
            (done(), Role::Merge, merged(ana("U1"), 800), false),
            (done(), Role::Merge, merged(ana("U1"), 1_200), false),
            // Of the same name, and somebody else.
            (done(), Role::Merge, merged(ana("U2"), 1_002), false),
            (done(), Role::Merge, merged(Some(User::named("ana")), 1_002), false),
            (done(), Role::Approve, merged(ana("U1"), 1_002), false),
            (
                done(),
                Role::Assign,
                Event { name: EventName::Unacknowledged, ..merged(ana("U1"), 1_002) },
                true,
            ),
            (done(), Role::Assign, Event { name: EventName::Reassigned, ..merged(ana("U1"), 1_002) }, true),
            (done(), Role::Assign, Event { name: EventName::Reassigned, ..merged(ana("U2"), 1_002) }, false),
            (done(), Role::Assign, Event { name: EventName::Reassigned, ..merged(None, 1_002) }, true),
            (done(), Role::Assign, Event { name: EventName::Escalated, ..merged(ana("U1"), 1_002) }, true),
            (done(), Role::Assign, Event { name: EventName::Escalated, ..merged(ana("U2"), 1_002) }, false),
            (done(), Role::Assign, Event { name: EventName::Escalated, ..merged(ana("U1"), 1_200) }, false),
            // By the service, a moment later.
            (done(), Role::Assign, Event { name: EventName::Escalated, ..merged(None, 1_010) }, false),
            (done(), Role::Take, Event { name: EventName::Escalated, ..merged(ana("U1"), 1_002) }, false),
            (done(), Role::Release, Event { name: EventName::Unacknowledged, ..merged(None, 1_002) }, true),
            (
                done(),
                Role::Release,
                Event { name: EventName::Unacknowledged, ..merged(ana("U2"), 1_002) },
                false,
            ),
            (done(), Role::Release, Event { name: EventName::Triggered, ..merged(None, 1_002) }, false),
            (done(), Role::Merge, Event { name: EventName::Approved, ..merged(ana("U1"), 1_002) }, false),
            (done(), Role::Merge, Event { item: elsewhere.clone(), ..merged(ana("U1"), 1_002) }, false),
            (on_both.clone(), Role::Merge, Event { item: elsewhere, ..merged(ana("U1"), 1_002) }, true),
            (on_both, Role::Merge, merged(ana("U1"), 1_002), true),
            (run(unknown, Some(1_003)), Role::Merge, merged(ana("U1"), 1_002), false),
            (
                run(RunState::Done { outcome: Outcome::failed("no") }, Some(1_003)),
                Role::Merge,
                merged(ana("U1"), 1_002),
                false,
            ),
        ];
        for (run, role, event, expected) in cases {
            assert_eq!(run.did(Some(role), &event, &me), expected, "{:?} {role:?} {event:?}", run.state);
            assert!(!run.did(None, &event, &me), "without a role it does nothing to what it is run on");
        }
    }

    #[test]
    fn beginning_of_what_a_run_began_is_its_own_doing() {
        use EventName as E;
        let at = |seconds: i64| Timestamp::from_second(1_790_000_000 + seconds).unwrap();
        let key = |id: &str| -> ItemKey { format!("pager/incident/{id}").parse().unwrap() };
        let q1 = Outcome::ok("it has begun").with_began(Some(key("Q1")));
        let unnamed = Outcome::ok("it has begun");
        let failed = Outcome { ok: false, ..q1.clone() };
        // How the run ended; what happened then, to which item, when -> whether it is the run's own doing.
        let cases = [
            (&q1, E::Triggered, "Q1", 1_002, true),
            // The service's clock is behind, and ahead.
            (&q1, E::Triggered, "Q1", 900, true),
            (&q1, E::Triggered, "Q1", 1_120, true),
            (&q1, E::Triggered, "Q1", 800, false),
            (&q1, E::Triggered, "Q1", 1_200, false),
            (&q1, E::Triggered, "Q2", 1_002, false),
            (&unnamed, E::Triggered, "Q1", 1_002, false),
            (&failed, E::Triggered, "Q1", 1_002, false),
            // What comes of it is news.
            (&q1, E::Acknowledged, "Q1", 1_002, false),
            (&q1, E::Escalated, "Q1", 1_002, false),
            (&q1, E::Reassigned, "Q1", 1_002, false),
            (&q1, E::Unacknowledged, "Q1", 1_002, false),
            (&q1, E::Resolved, "Q1", 1_002, false),
        ];
        for (outcome, name, item, seconds, expected) in cases {
            for on in [None, Some(key("Q1"))] {
                let run = Run {
                    id: "1".into(),
                    command: "trigger".into(),
                    line: "trigger on checkout it is down".into(),
                    args: Args::default(),
                    account: Some("pager".into()),
                    item: on,
                    by: "ana".into(),
                    actor: None,
                    started_at: at(1_000),
                    ended_at: Some(at(1_003)),
                    state: RunState::Done { outcome: outcome.clone() },
                    post: None,
                };
                let event = Event {
                    id: 1,
                    item: key(item),
                    name,
                    at: at(seconds),
                    seen_at: at(seconds),
                    old: false,
                    moot: false,
                    moot_because: None,
                    by: None,
                    of: Vec::new(),
                    asked_before: Vec::new(),
                    summary: String::new(),
                };
                let did = run.did(None, &event, &Identity::default());
                assert_eq!(did, expected, "{name:?} {item} at {seconds}: {outcome:?}");
            }
        }
    }

    #[test]
    fn outcome_of_an_earlier_version_is_read() {
        let stored = r#"{"ok":true,"summary":"merged","blocks":[],"link":null,"data":null}"#;
        let outcome: Outcome = serde_json::from_str(stored).unwrap();
        assert_eq!(outcome, Outcome::ok("merged"));
        assert_eq!(serde_json::to_string(&outcome).unwrap(), stored);
    }

    #[test]
    fn run_that_ended_before_it_began_has_no_duration() {
        let at = |seconds: i64| Timestamp::from_second(1_790_000_000 + seconds).unwrap();
        let cases = [
            (None, None),
            (Some(at(0)), Some(Duration::ZERO)),
            (Some(at(90)), Some(Duration::from_secs(90))),
            (Some(at(-1)), None),
            (Some(Timestamp::MIN), None),
            (Some(Timestamp::UNIX_EPOCH), None),
        ];
        for (ended_at, expected) in cases {
            let run = Run {
                id: "1".into(),
                command: "deploy".into(),
                line: "deploy".into(),
                args: Args::default(),
                account: None,
                item: None,
                by: String::new(),
                actor: None,
                started_at: at(0),
                ended_at,
                state: RunState::Running,
                post: None,
            };
            assert_eq!(run.took(), expected, "{ended_at:?}");
        }
    }

    #[test]
    fn states_are_read_as_older_versions_wrote_them() {
        let cases = [
            (r#"{"state":"running"}"#, RunState::Running),
            (r#"{"state":"canceled"}"#, RunState::Canceled { sent: true }),
            (r#"{"state":"canceled","sent":false}"#, RunState::Canceled { sent: false }),
            (r#"{"state":"unknown","why":"lost"}"#, RunState::Unknown { why: "lost".into() }),
        ];
        for (text, expected) in cases {
            assert_eq!(serde_json::from_str::<RunState>(text).unwrap(), expected, "{text}");
        }
    }
}
