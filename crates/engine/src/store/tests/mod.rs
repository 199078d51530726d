mod audit;
mod gone;
mod ingest;
mod news;
mod notes;
mod opening;
mod outbox;
mod prune;
mod reading;
mod reported;
mod runs;
mod search;
mod secret_records;
mod unreadable;
mod writing;

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use callboard_domain::{
    actor::{Actor, PersonId, Principal, Via},
    chat::Address,
    command::Args,
    event::EventName,
    item::{
        AccountName, Approval, Build, BuildRun, BuildStatus, Detail, Hold, Incident, IncidentStatus, Item,
        ItemKey, Kind, Severity, User,
    },
    message::{Message, Tone},
    run::{Run, RunState},
    source::{Batch, Cursor, Gone, GoneReason, Problem, ProblemKind, Progress, Received, Scope},
};

use super::*;
use crate::api::{AuditedChange, Events};

/// A moment, in seconds since the tests' beginning of time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn pager() -> AccountName {
    "pager".into()
}

fn key(id: &str) -> ItemKey {
    ItemKey::new(&pager(), Kind::Incident, id)
}

/// An alert that began at 100 and reached `status` at `updated`.
fn alert(id: &str, status: IncidentStatus, updated: i64) -> Item {
    Item {
        key: key(id),
        title: format!("disk is filling up on {id}"),
        url: None,
        detail: Detail::Incident(Incident {
            service: "storage".to_owned(),
            severity: Severity::High,
            status,
            started_at: at(100),
            updated_at: at(updated),
            changed_by: None,
            number: None,
            hold: None,
            released_at: None,
            start_unknown: false,
            suppressed: false,
            notes: Default::default(),
            assigned: None,
            inferred_end: None,
            escalations: Default::default(),
            escalated_by: Default::default(),
            description: None,
            labels: BTreeMap::new(),
        }),
    }
}

fn firing(id: &str) -> Item {
    alert(id, IncidentStatus::Triggered, 100)
}

fn resolved(id: &str, updated: i64) -> Item {
    alert(id, IncidentStatus::Resolved, updated)
}

/// A build of which nothing says when it was.
fn build(branch: &str, status: BuildStatus) -> Item {
    let run = BuildRun::new(1, status);
    Item {
        key: ItemKey::new(&pager(), Kind::Build, format!("web/ci@{branch}")),
        title: "web ci".to_owned(),
        url: Some("https://ci.example/web".parse().unwrap()),
        detail: Detail::Build(Build {
            repo: "web".to_owned(),
            pipeline: "ci".to_owned(),
            branch: Some(branch.to_owned()),
            default_branch: true,
            runs: vec![run],
        }),
    }
}

fn hook(delivery: &str, snapshots: Vec<Item>) -> Report {
    Report::Hook(Received { delivery: Some(delivery.to_owned()), snapshots, ..Received::default() })
}

fn poll(began: i64, snapshots: Vec<Item>) -> Report {
    found(began, Batch { snapshots, ..Batch::default() })
}

/// A poll of an account that watches everything.
fn found(began: i64, batch: Batch) -> Report {
    Report::Poll { batch, began_at: at(began), watched: Watched::all(), last_note: LastNote::default() }
}

fn message(title: &str) -> Message {
    Message::new(Tone::Neutral, title)
}

fn deploys() -> Address {
    "room:deploys".parse().unwrap()
}

/// Ana on the command line.
fn ana() -> Actor {
    Actor { principal: Principal::Person { id: PersonId("ana".to_owned()) }, via: Via::Cli }
}

fn running(id: &str) -> Run {
    Run {
        id: id.to_owned(),
        command: "deploy".to_owned(),
        line: format!("deploy api to staging {id}"),
        args: Args::default(),
        account: None,
        item: Some(key("a")),
        by: "ana".to_owned(),
        actor: Some(ana()),
        started_at: at(0),
        ended_at: None,
        state: RunState::Running,
        post: Some(deploys()),
    }
}

/// Rules that notify of everything and post it, and remember what they were asked.
#[derive(Default)]
struct Everything {
    silence: bool,
    remembered: Option<Duration>,
    asked: Mutex<Vec<(EventName, bool)>>,
}

impl Decide for Everything {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        self.asked.lock().unwrap().push((happened.event.name, happened.snoozed));
        EventDecision {
            record: r#"{"rule":"everything"}"#.to_owned(),
            silence: self.silence,
            notice: Some(Notice { important: false, group: happened.item.repo().to_owned() }),
            posts: vec![Post { to: deploys(), note: None, rule: "everything".to_owned() }],
        }
    }

    fn remembered(&self) -> Duration {
        self.remembered.unwrap_or(Retention::default().record)
    }
}

fn everything() -> Arc<Everything> {
    Arc::default()
}

/// A store whose account has been watched since 50.
async fn watching() -> Store {
    let store = Store::temporary(at(50)).unwrap();
    store.watch(&pager(), at(50)).await.unwrap();
    store
}

/// Changes the file behind the store's back.
fn damage(store: &Store, sql: &str) {
    let conn = Connection::open(store.file()).unwrap();
    conn.execute_batch(sql).unwrap();
}

/// What the disk would hold if the program were killed now: opened as the next start would.
fn after_crash(store: &Store, now: i64) -> Store {
    let folder = std::env::temp_dir().join(format!("callboard-{}", Uuid::now_v7()));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("callboard.db");
    for suffix in ["", "-wal"] {
        let name = |file: &Path| format!("{}{suffix}", file.display());
        fs::copy(name(store.file()), name(&file)).unwrap();
    }
    Store::open_in(&file, at(now), Some(TemporaryFolder(folder))).unwrap()
}
