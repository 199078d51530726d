//! How much the store takes in, and how fast it answers with a long record. Prints one line a figure.
//!
//! `cargo bench -p callboard-engine --bench store`; a folder on the disk to be measured as an argument.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use callboard_domain::{
    actor::{Actor, PersonId, Principal, Via},
    item::{AccountName, Detail, Incident, IncidentStatus, Item, ItemKey, Kind, Severity},
    source::Received,
};
use callboard_engine::api::AuditedChange;
use callboard_engine::store::{Decide, EventDecision, NewEvent, Notice, Report, Store};
use futures::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;

/// Rules that say something about everything, and nothing that is posted.
struct Rules;

impl Decide for Rules {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        EventDecision {
            record: r#"{"do":"show","rules":[{"name":"main is red","matched":false}]}"#.to_owned(),
            silence: false,
            notice: (happened.event.id % 10 == 0)
                .then(|| Notice { important: false, group: "storage".to_owned() }),
            posts: Vec::new(),
        }
    }
}

fn alert(number: usize, now: Timestamp) -> Item {
    let account = AccountName::from("pager");
    let labels = ["alertname", "cluster", "instance", "job", "severity"]
        .map(|name| (name.to_owned(), format!("{name}-{}", number % 97)));
    Item {
        key: ItemKey::new(&account, Kind::Incident, format!("{number:016x}")),
        title: format!("DiskWillFillIn4Hours on node-{number}"),
        url: Some(format!("https://alerts.example/{number:x}").parse().unwrap()),
        detail: Detail::Incident(Incident {
            service: "storage".to_owned(),
            severity: Severity::High,
            status: IncidentStatus::Triggered,
            started_at: now,
            updated_at: now,
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
            description: Some("Less than a tenth of the disk is free.".to_owned()),
            labels: BTreeMap::from(labels),
        }),
    }
}

/// `callers` callers that each wait for their answer take in distinct alerts, one a webhook.
async fn taking_in(store: &Store, callers: usize, first: usize, count: usize) {
    let account = AccountName::from("pager");
    let next = Arc::new(AtomicUsize::new(first));
    let rules: Arc<dyn Decide> = Arc::new(Rules);
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, account, next, rules) =
                (store.clone(), account.clone(), Arc::clone(&next), Arc::clone(&rules));
            tokio::spawn(async move {
                let mut waited = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + count {
                        return waited;
                    }
                    let now = Timestamp::now();
                    let received = Received {
                        delivery: Some(format!("d-{number}")),
                        snapshots: vec![alert(number, now)],
                        ..Received::default()
                    };
                    let asked = Instant::now();
                    store.ingest(&account, Report::Hook(received), now, Arc::clone(&rules)).await.unwrap();
                    waited.push(asked.elapsed());
                }
            })
        })
        .collect();
    let mut waited = Vec::new();
    for task in tasks {
        waited.extend(task.await.unwrap());
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let (p50, p99) = (percentile(&mut waited, 50), percentile(&mut waited, 99));
    println!("ingest, {callers} callers: {rate:.0}/s, p50 {p50:.2?}, p99 {p99:.2?}");
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

/// Fills the audit log, then follows its chain.
async fn verifying_the_audit_log(store: &Store, count: u64) {
    let actor = Actor { principal: Principal::Person { id: PersonId("ana".to_owned()) }, via: Via::Cli };
    let began = Instant::now();
    let mut jobs = FuturesUnordered::new();
    for number in 0..count {
        let what = AuditedChange::RunStarted {
            run: format!("0190c0de-0000-7000-8000-{number:012x}"),
            line: format!("deploy api/v{number} to staging"),
        };
        jobs.push(store.record_change(&actor, what, Timestamp::now()));
        if jobs.len() >= 2_000 {
            jobs.next().await.unwrap().unwrap();
        }
    }
    while let Some(recorded) = jobs.next().await {
        recorded.unwrap();
    }
    println!("audit, {count} entries written: {:.0}/s", count as f64 / began.elapsed().as_secs_f64());
    let began = Instant::now();
    let found = store.verify_audit(None).await.unwrap();
    assert_eq!((found.damage, found.entries), (None, count));
    println!("audit verify, {count} entries: {:.2?}", began.elapsed());
}

async fn answering<T>(what: &str, query: impl AsyncFn() -> T) {
    let mut times = Vec::new();
    for _ in 0..200 {
        let asked = Instant::now();
        query().await;
        times.push(asked.elapsed());
    }
    let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("{what}: p50 {p50:.2?}, p99 {p99:.2?}");
}

fn main() {
    let folder = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = folder.map_or_else(env::temp_dir, Into::into).join("callboard-bench");
    let _ = std::fs::remove_dir_all(&folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&folder.join("callboard.db"), Timestamp::now()).unwrap();
        let account = AccountName::from("pager");
        store.watch(&account, Timestamp::now()).await.unwrap();
        let mut first = 0;
        for (callers, count) in [(1, 2_000), (8, 20_000), (64, 100_000), (512, 200_000)] {
            taking_in(&store, callers, first, count).await;
            first += count;
        }
        if env::var_os("LONG").is_some() {
            taking_in(&store, 512, first, 700_000).await;
        }
        let count = env::var("AUDIT").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
        verifying_the_audit_log(&store, count).await;
        // A board of some open alerts, as the rest are over.
        let some = ItemKey::new(&account, Kind::Incident, format!("{:016x}", 77));
        answering("item", async || store.item(&some).await.unwrap().unwrap()).await;
        answering("events of an item", async || store.events_of(&some, 50).await.unwrap()).await;
        answering("latest events", async || store.events_before(None, 100).await.unwrap()).await;
        answering("search", async || store.search("node-777", 50).await.unwrap()).await;
        answering("search, many hits", async || store.search("disk", 50).await.unwrap()).await;
        answering("search, short", async || store.search("no", 50).await.unwrap()).await;
        store.close().await;
        let size = std::fs::metadata(store.file()).unwrap().len();
        println!("file: {} MB", size / 1_000_000);
    });
    let _ = std::fs::remove_dir_all(&folder);
}
