//! What the figures are measured on: made from numbers, the same at every run.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use callboard_domain::{
    item::{
        AccountName, Build, BuildRun, BuildStatus, Detail, Incident, IncidentStatus, Item, ItemKey, Kind,
        PullRequest, PullRequestState, Severity,
    },
    source::Batch,
};
use callboard_engine::{
    host::Host,
    store::{Decide, LastNote, Report, Store, Watched},
};
use jiff::Timestamp;

/// What two rules of a person's own look like; the built-in ones follow them.
pub(crate) const RULES: &str = r#"
[[rules]]
name = "web is ours"
when = 'event in ["failed", "fixed"] && item.repo.startsWith("acme/web") && item.default_branch'
do = "notify"
post = ["room:web"]
continue = true

[[rules]]
name = "storage at night"
when = 'event == "triggered" && item.labels["team"] == "storage" && item.severity == "warning"'
do = "show"
group_by = ["item.labels.cluster"]
"#;

const WORDS: [&str; 24] = [
    "login", "session", "invoice", "search", "cache", "queue", "export", "upload", "schema", "backup",
    "editor", "parser", "worker", "canvas", "report", "filter", "mailer", "ledger", "router", "widget",
    "tracer", "runner", "palette", "archive",
];

/// A number that looks random and is always the same (splitmix64).
pub(crate) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn word(number: usize) -> &'static str {
    WORDS[mixed(number as u64) as usize % WORDS.len()]
}

fn at(second: usize) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + i64::try_from(second).unwrap_or_default()).unwrap_or_default()
}

pub(crate) fn pull(account: &AccountName, number: usize, state: PullRequestState) -> Item {
    let repo = format!("acme/{}-{}", word(number / 40), number % 40);
    Item {
        key: ItemKey::new(account, Kind::PullRequest, format!("{repo}#{number}")),
        title: format!(
            "{} the {} of the {} {}",
            ["Fix", "Speed up", "Rework"][number % 3],
            word(number),
            word(number + 7),
            number
        ),
        url: format!("https://github.example/{repo}/pull/{number}").parse().ok(),
        detail: Detail::PullRequest(PullRequest {
            repo,
            number: number as u64,
            author: format!("dev{}", number % 60),
            branch: format!("{}-{number}", word(number + 3)),
            base: "main".to_owned(),
            head: format!("{:040x}", mixed(number as u64)),
            draft: false,
            state,
            opened_at: at(number),
            ended_at: (state != PullRequestState::Open).then(|| at(number + 50_000)),
            merged_by: None,
            requested: BTreeSet::from([format!("dev{}", number % 7)]),
            requested_unknown: false,
            requested_read: None,
            updated_at: at(number + 50_000),
            reviews: Vec::new(),
            checks: None,
            mergeability: None,
            description: None,
            size: None,
        }),
    }
}

pub(crate) fn run(item: usize, number: usize, status: BuildStatus) -> BuildRun {
    BuildRun {
        id: format!("{}", 9_000_000_000 + item * 1_000 + number),
        at: Some(at(item + number * 60)),
        started_at: Some(at(item + number * 60 - 50)),
        commit: Some(format!("{:040x}", mixed((item * 31 + number) as u64))),
        author: Some(format!("dev{}", number % 60)),
        subject: Some(format!("Rework the {} of the {}", word(number), word(item))),
        url: format!("https://github.example/acme/runs/{}", item * 1_000 + number).parse().ok(),
        ..BuildRun::new(number as u64, status)
    }
}

pub(crate) fn build(account: &AccountName, item: usize, runs: Vec<BuildRun>) -> Item {
    let (repo, pipeline) = (format!("acme/{}-{item}", word(item)), "ci".to_owned());
    Item {
        key: ItemKey::new(account, Kind::Build, format!("{repo}/{pipeline}@main")),
        title: format!("{repo} {pipeline}"),
        url: format!("https://github.example/{repo}/actions").parse().ok(),
        detail: Detail::Build(Build {
            repo,
            pipeline,
            branch: Some("main".to_owned()),
            default_branch: true,
            runs,
        }),
    }
}

pub(crate) fn incident(account: &AccountName, number: usize, status: IncidentStatus) -> Item {
    let labels = [
        ("alertname", format!("{}Slow", word(number))),
        ("cluster", format!("eu-{}", number % 5)),
        ("instance", format!("{}-{number}:9100", word(number + 1))),
        ("severity", "warning".to_owned()),
        ("team", "storage".to_owned()),
    ];
    Item {
        key: ItemKey::new(account, Kind::Incident, format!("{:016x}", mixed(number as u64))),
        title: format!("The {} of {}-{number} is slow", word(number), word(number + 1)),
        url: format!("https://alerts.example/{number}").parse().ok(),
        detail: Detail::Incident(Incident {
            service: word(number).to_owned(),
            severity: Severity::Warning,
            status,
            started_at: at(number),
            updated_at: at(number + 100),
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
            description: Some("The slowest of a hundred requests takes longer than a second.".to_owned()),
            labels: labels
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        }),
    }
}

/// Stores items as polls of a thousand find them.
pub(crate) async fn poll_in(
    store: &Store,
    account: &AccountName,
    items: Vec<Item>,
    decide: &std::sync::Arc<dyn Decide>,
) -> Result<()> {
    for part in items.chunks(1_000) {
        let batch = Batch { snapshots: part.to_vec(), ..Batch::default() };
        let (watched, last_note) = (Watched::all(), LastNote::default());
        let report = Report::Poll { batch, began_at: Timestamp::now(), watched, last_note };
        store.ingest(account, report, Timestamp::now(), std::sync::Arc::clone(decide)).await?;
    }
    Ok(())
}

/// A desktop that shows nothing.
pub(crate) struct Silent;

impl Host for Silent {
    fn notify(&self, _: &callboard_domain::rules::Notification) {}
}

/// Rules that decide nothing, where it is not rules that are measured.
pub(crate) struct Nothing;

impl Decide for Nothing {
    fn decide(&self, _: callboard_engine::store::NewEvent<'_>) -> callboard_engine::store::EventDecision {
        callboard_engine::store::EventDecision {
            record: r#"{"do":"show","post":[],"group":"acme/web","reasons":[{"rule":"everything else","builtin":true,"outcome":"matched","why":"true"}]}"#.to_owned(),
            silence: false,
            notice: None,
            posts: Vec::new(),
        }
    }
}

/// A configuration whose accounts are set up and not watched: what is measured is stored already.
pub(crate) const ACCOUNTS: &str = r#"
[secrets]
store = "env"

[accounts.forge]
service = "github"

[accounts.alerts]
service = "alertmanager"
url = "http://127.0.0.1:9"
"#;

/// Opens the engine in this process on a folder's store, as the command line does for a moment.
pub(crate) async fn engine(folder: &std::path::Path) -> Result<callboard_engine::Engine> {
    let config = folder.join("callboard.toml");
    std::fs::write(&config, ACCOUNTS)?;
    let options = callboard_engine::Options {
        paths: callboard_engine::paths::Paths { config, data: folder.to_owned() },
        passphrase: None,
        secrets: None,
        host: std::sync::Arc::new(Silent),
        mode: callboard_engine::Mode::Once,
        at_start: callboard_engine::OnConfigError::Refuse,
    };
    Ok(callboard_engine::Engine::open(options).await?)
}

/// The runtime that the program itself has.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
