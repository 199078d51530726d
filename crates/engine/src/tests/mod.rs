//! The engine as a whole, in process and over its socket, with a host that only takes notes.

mod accounts;
mod actors;
mod answers;
mod approvals;
mod board;
mod changed;
mod changes;
mod clients;
mod find;
mod items;
mod lines;
mod look_back;
mod named;
mod noted;
mod outbox;
mod rooms;
mod runs;
mod several;
mod signals;
mod unrecorded;
mod upkeep;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use callboard_domain::{
    actor::LocalVia,
    command::Args,
    identity::Identity,
    item::{
        AccountName, Approval, ApprovalState, Approvers, AsOf, Build, BuildRun, BuildStatus, Detail,
        Incident, IncidentStatus, Item, ItemKey, Kind, PullRequest, PullRequestState, Severity, User,
    },
    rules::Notification,
    run::{Run, RunState},
    source::Batch,
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::{
    Engine, Mode, OnConfigError, Options,
    api::{AccountInfo, ApiError, Call, Check, CheckVerdict, Health},
    host::Host,
    secrets::{SecretBackend, Secrets},
    store::Watched,
    system::paths::Paths,
};

/// How long anything may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a host was asked to do.
#[derive(Default)]
pub(crate) struct Notes {
    shown: Mutex<Vec<String>>,
    withdrawn: Mutex<Vec<String>>,
}

impl Host for Notes {
    fn notify(&self, notification: &Notification) {
        self.shown.lock().unwrap().push(notification.title.clone());
    }

    fn withdraw(&self, items: &[ItemKey]) {
        self.withdrawn.lock().unwrap().extend(items.iter().map(ToString::to_string));
    }

    fn notification_check(&self) -> Option<Check> {
        let found = "they go to the log".to_owned();
        Some(Check { name: "notifications".to_owned(), verdict: CheckVerdict::Warning, found, remedy: None })
    }
}

impl Notes {
    pub(crate) fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }

    fn withdrawn(&self) -> Vec<String> {
        self.withdrawn.lock().unwrap().clone()
    }
}

/// An engine in a folder of its own.
pub(crate) struct Scene {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<Notes>,
    pub(crate) folder: TempDir,
}

impl Scene {
    /// Opened on this configuration, with these secrets in memory.
    pub(crate) async fn open(config: &str, mode: Mode, secrets: &[(&str, &str, &str)]) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), config, mode, secrets).await
    }

    /// The same in a folder that holds what the configuration names.
    pub(crate) async fn open_in(
        folder: TempDir,
        config: &str,
        mode: Mode,
        secrets: &[(&str, &str, &str)],
    ) -> Self {
        let paths = Paths::within(folder.path());
        std::fs::write(&paths.config, config).unwrap();
        let host = Arc::new(Notes::default());
        let engine = Engine::open(Options {
            paths,
            passphrase: None,
            secrets: Some(Secrets::in_memory(secrets.iter().copied())),
            host: host.clone(),
            mode,
            at_start: OnConfigError::Refuse,
        });
        Self { engine: engine.await.unwrap(), host, folder }
    }

    /// With a file of these commands, and nothing else configured.
    pub(crate) async fn with_commands(commands: &str, mode: Mode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("commands")).unwrap();
        std::fs::write(folder.path().join("commands/ours.toml"), commands).unwrap();
        Self::open_in(folder, "[commands]\ndirs = [\"commands\"]\n", mode, &[]).await
    }

    /// With nothing configured, serving.
    pub(crate) async fn serving() -> Self {
        Self::open("", Mode::Serve, &[]).await
    }

    /// Makes a call as from the command line.
    pub(crate) async fn call<C: Call>(&self, call: C) -> Result<C::Answer, ApiError> {
        self.engine.call_as(LocalVia::Cli, call).await
    }

    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("callboard.toml")).unwrap()
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "data")
    }

    /// As a poll of the items' account would report them; the person is `ana`.
    pub(crate) async fn report(&self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            let account = item.key.account.clone();
            self.engine.store().watch(&account, Timestamp::UNIX_EPOCH).await.unwrap();
            let me = Identity { login: "ana".into(), ..Identity::default() };
            self.engine.store().identified(&account, me, None, Timestamp::now()).await.unwrap();
            let batch = Batch { snapshots: vec![item], ..Batch::default() };
            self.engine
                .inner
                .watcher
                .ingest(&account, batch, Watched::all(), Timestamp::now(), Default::default())
                .await
                .unwrap();
        }
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// An account of which nothing is known but that.
pub(crate) fn account_info(name: &str, watched: bool, health: Health) -> AccountInfo {
    AccountInfo {
        origin: None,
        name: name.into(),
        service: "github".into(),
        health,
        identity: None,
        person: None,
        rate_limit: None,
        last_ok: None,
        reading: None,
        problems: Vec::new(),
        secrets: SecretBackend::Env,
        watched,
        kinds: Vec::new(),
        settings: BTreeMap::new(),
        secrets_set: Vec::new(),
        missing_secrets: Vec::new(),
        has_credential: None,
    }
}

/// A run that is under way since the beginning of time.
pub(crate) fn running(id: &str) -> Run {
    Run {
        id: id.into(),
        command: "act".into(),
        line: "act".into(),
        args: Args::default(),
        account: None,
        item: None,
        by: "ana".into(),
        actor: None,
        started_at: at(0),
        ended_at: None,
        state: RunState::Running,
        post: None,
    }
}

/// An alert of account `pager`.
pub(crate) fn incident(id: &str, status: IncidentStatus, updated: i64) -> Item {
    Item {
        key: ItemKey::new(&"pager".into(), Kind::Incident, id),
        title: format!("Disk of {id} is full"),
        url: None,
        detail: Detail::Incident(Incident {
            service: "storage".into(),
            severity: Severity::High,
            status,
            started_at: at(0),
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

/// An approval of account `forge` that `bo` asks for, and `cy` or a team may give.
pub(crate) fn approval(id: &str, state: ApprovalState) -> Item {
    let approvers = Approvers::all(["cy", "team/acme/release"]);
    let approval = Approval {
        environment: Some("production".into()),
        asked_by: Some(User::named("bo")),
        asked_at: Some(at(0)),
        state,
        approvers: Some(AsOf::new(at(0), approvers)),
        ..Approval::new("acme/web", at(1))
    };
    Item {
        key: ItemKey::new(&"forge".into(), Kind::Approval, id),
        title: format!("Deploy {id}"),
        url: None,
        detail: Detail::Approval(approval),
    }
}

/// A branch of account `forge` with a run of each status, the first ones first.
pub(crate) fn build(repo: &str, statuses: &[BuildStatus]) -> Item {
    let run = |(number, status): (u64, &BuildStatus)| BuildRun {
        at: Some(at(number.cast_signed() * 60)),
        author: Some("ana".into()),
        ..BuildRun::new(number, *status)
    };
    Item {
        key: ItemKey::new(&"forge".into(), Kind::Build, format!("{repo}/ci@main")),
        title: format!("{repo} ci"),
        url: None,
        detail: Detail::Build(Build {
            repo: repo.into(),
            pipeline: "ci".into(),
            branch: Some("main".into()),
            default_branch: true,
            runs: (1..=20).zip(statuses).map(run).collect::<Vec<_>>().into_iter().rev().collect(),
        }),
    }
}

/// A pull request of `bo` in account `forge`, whose review is asked of these.
pub(crate) fn pull(number: u64, title: &str, requested: &[&str]) -> Item {
    let account: AccountName = "forge".into();
    Item {
        key: ItemKey::new(&account, Kind::PullRequest, format!("acme/web#{number}")),
        title: title.into(),
        url: None,
        detail: Detail::PullRequest(PullRequest {
            repo: "acme/web".into(),
            number,
            author: "bo".into(),
            branch: "try".into(),
            base: "main".into(),
            head: "c0ffee".into(),
            draft: false,
            state: PullRequestState::Open,
            opened_at: at(0),
            ended_at: None,
            merged_by: None,
            requested: requested.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>(),
            requested_unknown: false,
            requested_read: None,
            updated_at: at(0),
            reviews: Vec::new(),
            checks: None,
            mergeability: None,
            description: None,
            size: None,
        }),
    }
}
