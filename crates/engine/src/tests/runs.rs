//! A run from its preview to its record: what was shown is what runs, and its outcome is reported as far as it is known.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use callboard_connectors::writes;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec},
    error::ServiceError,
    run::{Outcome, Run, RunState},
};
use tokio::sync::Notify;

use super::*;
use crate::{
    active_config::ActiveConfig,
    api::{
        ApiError, Cancel, Changed, CheckVerdict, Doctor, FollowRun, Plan, PlanQuery, RunProgress, RunsQuery,
        StartRun,
    },
    commands::command_file::FileCommand,
    commands::registry::Registry,
};

/// What an action of these tests does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Ends well at once.
    Nothing,
    /// Panics before it has sent anything.
    Panics,
    /// Panics once a write has begun.
    PanicsInAWrite,
    /// Waits before it has sent anything.
    Waits,
    /// Waits in the middle of a write.
    WaitsInAWrite,
    /// Waits after a write that was answered.
    WaitsAfterAWrite,
    /// Puts out more than is kept, waits to be let go, and ends well.
    Prints,
}

struct Scripted {
    spec: CommandSpec,
    does: Does,
    /// Counts the times that it was run.
    ran: Arc<AtomicUsize>,
    /// `there` is notified once the run has come as far as it goes by itself; the test notifies `go_on` to let it continue.
    there: Arc<Notify>,
    go_on: Arc<Notify>,
}

#[async_trait]
impl Action for Scripted {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let request = match args.flag("timed") {
            true => format!("POST /at/{now}"),
            false => "POST /".to_owned(),
        };
        Ok(vec![Step { what: "Do it".into(), request }])
    }

    async fn run(&self, _: &Args, now: Timestamp, progress: &dyn Progress) -> Result<Outcome, ServiceError> {
        self.ran.fetch_add(1, Ordering::SeqCst);
        match self.does {
            Does::Nothing => {}
            Does::Panics => panic!("a fault of ours"),
            Does::PanicsInAWrite => {
                let _write = writes::begin();
                panic!("a fault of ours");
            }
            Does::Waits => self.wait().await,
            Does::WaitsInAWrite => {
                let write = writes::begin();
                self.wait().await;
                write.answered();
            }
            Does::WaitsAfterAWrite => {
                writes::begin().answered();
                self.wait().await;
            }
            Does::Prints => {
                progress.output("first\n");
                progress.output(&"x".repeat(4 << 20));
                progress.output("\nlast\n");
                self.wait().await;
            }
        }
        Ok(Outcome::ok(format!("done at {now}")))
    }
}

impl Scripted {
    async fn wait(&self) {
        self.there.notify_one();
        self.go_on.notified().await;
    }
}

/// An engine with one command `act`, held by a lock.
struct Stage {
    scene: Scene,
    ran: Arc<AtomicUsize>,
    there: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Stage {
    async fn of(does: Does) -> Self {
        let scene = Scene::serving().await;
        let stage = Self { scene, ran: Arc::default(), there: Arc::default(), go_on: Arc::default() };
        stage.define(does, "as it was").await;
        stage
    }

    /// Applies the command, as a reload would.
    async fn define(&self, does: Does, definition: &str) {
        let spec = CommandSpec::new("act", "Act").arg(ArgSpec::flag("timed", "at the time")).lock("act");
        let action = Scripted {
            spec,
            does,
            ran: Arc::clone(&self.ran),
            there: Arc::clone(&self.there),
            go_on: Arc::clone(&self.go_on),
        };
        let command = FileCommand {
            path: "act.toml".into(),
            action: Arc::new(action),
            listings: BTreeMap::new(),
            definition: definition.into(),
        };
        let active = self.scene.engine.active();
        let registry = Registry::new(&active.accounts, vec![command]);
        let rules = callboard_domain::rules::Rules::compile(&[], true).unwrap();
        self.scene.engine.inner.live.put(ActiveConfig {
            config: active.config.clone(),
            secrets: active.secrets.clone(),
            rules,
            accounts: active.accounts.clone(),
            registry,
            command_errors: Vec::new(),
        });
    }

    async fn prepare(&self, line: &str) -> Plan {
        self.scene.call(prepare(line)).await.unwrap()
    }

    async fn start(&self, undo: bool) -> Run {
        let fingerprint = Some(self.prepare("act").await.fingerprint);
        let start = StartRun { what: prepare("act"), fingerprint, undo, ..StartRun::default() };
        self.scene.call(start).await.unwrap()
    }

    async fn follow(&self, id: &str) -> RunProgress {
        let follow = FollowRun { id: id.into(), seen: 0, status: "x".into() };
        self.scene.call(follow).await.unwrap()
    }

    async fn ended(&self, id: &str) -> RunState {
        until("the run ends", async || self.follow(id).await.run.state.is_final()).await;
        self.follow(id).await.run.state
    }
}

fn prepare(line: &str) -> PlanQuery {
    PlanQuery { line: line.into(), channel: None, private: true }
}

#[tokio::test]
async fn run_end_is_reported_as_known_and_releases_its_lock() {
    let failed = |state: &RunState| matches!(state, RunState::Failed { .. });
    let unknown = |state: &RunState| matches!(state, RunState::Unknown { .. });
    // what it does, whether a person stops it -> how it ends
    type Expected = fn(&RunState) -> bool;
    let cases: [(Does, bool, Expected); 6] = [
        (Does::Nothing, false, |state| matches!(state, RunState::Done { .. })),
        (Does::Panics, false, failed),
        (Does::PanicsInAWrite, false, unknown),
        (Does::Waits, true, |state| *state == RunState::Canceled { sent: false }),
        (Does::WaitsInAWrite, true, unknown),
        (Does::WaitsAfterAWrite, true, |state| *state == RunState::Canceled { sent: true }),
    ];
    for (does, is_stopped, expected) in cases {
        let stage = Stage::of(does).await;
        let run = stage.start(false).await;
        if is_stopped {
            stage.there.notified().await;
            stage.scene.call(Cancel { id: run.id.clone() }).await.unwrap();
        }
        let state = stage.ended(&run.id).await;
        assert!(expected(&state), "{does:?}: {state:?}");
        assert_eq!(stage.ran.load(Ordering::SeqCst), 1);
        until("nothing is under way", async || stage.scene.engine.inner.runner.runs().count() == 0).await;
        // The lock is free.
        stage.define(Does::Nothing, "as it was").await;
        let next = stage.start(false).await;
        assert!(matches!(stage.ended(&next.id).await, RunState::Done { .. }), "after {does:?}");
        stage.scene.engine.stop().await;
    }
}

#[tokio::test]
async fn run_with_a_changed_plan_is_refused() {
    let stage = Stage::of(Does::Nothing).await;
    let engine = &stage.scene.engine;
    let start = async |line: &str, fingerprint: Option<String>, confirmed: Option<&str>| {
        let confirmed = confirmed.map(str::to_owned);
        stage.scene.call(StartRun { what: prepare(line), confirmed, fingerprint, undo: false }).await
    };
    let shown = stage.prepare("act").await.fingerprint;
    let run = start("act", Some(shown.clone()), None).await.unwrap();
    stage.ended(&run.id).await;
    until("the lock is free", async || engine.inner.runner.runs().count() == 0).await;
    assert_eq!(stage.ran.load(Ordering::SeqCst), 1);

    let other_channel = PlanQuery { channel: Some("room:other".into()), private: false, ..prepare("act") };
    let other_channel = engine.call(other_channel).await.unwrap().fingerprint;
    let timed = stage.prepare("act --timed").await.fingerprint;
    let mut fields: Vec<&str> = timed.split('.').collect();
    fields[1] = "1000";
    let altered = fields.join(".");
    // line, fingerprint, what was confirmed -> what has changed; nothing where it is refused for another reason
    type Case<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [Changed]);
    let cases: [Case<'_>; 5] = [
        ("act", Some(&other_channel), None, &[Changed::Channel]),
        ("act --timed", Some(&shown), None, &[Changed::Arguments]),
        ("act --timed", Some(&altered), None, &[Changed::Steps]),
        ("act", Some("nonsense"), None, &[]),
        ("act", None, Some("yes"), &[]),
    ];
    for (line, fingerprint, confirmed, expected) in cases {
        match start(line, fingerprint.map(str::to_owned), confirmed).await.unwrap_err() {
            ApiError::Changed { changed, message } => {
                assert_eq!(changed, expected, "{line}: {message}");
                assert!(message.contains("Nothing was sent"), "{message}");
            }
            ApiError::Usage { .. } => assert!(expected.is_empty(), "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    // What depends on the time is sent as it was shown.
    let run = start("act --timed", Some(timed.clone()), None).await.unwrap();
    let RunState::Done { outcome } = stage.ended(&run.id).await else { panic!("it ends well") };
    let at: i64 = timed.split('.').nth(1).unwrap().parse().unwrap();
    assert_eq!(outcome.summary, format!("done at {}", Timestamp::from_millisecond(at).unwrap()));

    let before = stage.ran.load(Ordering::SeqCst);
    stage.define(Does::Nothing, "edited").await;
    let refused = start("act", Some(shown), None).await.unwrap_err();
    assert!(
        matches!(&refused, ApiError::Changed { changed, .. } if *changed == [Changed::Command]),
        "{refused:?}"
    );
    assert_eq!(stage.ran.load(Ordering::SeqCst), before, "nothing ran");
    stage.scene.engine.stop().await;
}

#[tokio::test]
async fn run_that_can_be_taken_back_sends_nothing_until_then() {
    let stage = Stage::of(Does::Nothing).await;
    let run = stage.start(true).await;
    assert!(matches!(run.state, RunState::Pending { .. }));
    let ended = stage.scene.call(Cancel { id: run.id.clone() }).await.unwrap();
    assert_eq!(ended.state, RunState::Canceled { sent: false });
    assert_eq!(stage.ran.load(Ordering::SeqCst), 0);

    let run = stage.start(true).await;
    assert!(
        matches!(stage.ended(&run.id).await, RunState::Done { .. }),
        "it runs where nobody takes it back"
    );
    assert_eq!(stage.ran.load(Ordering::SeqCst), 1);

    let run = stage.start(true).await;
    let file = stage.scene.data().join("callboard.db");
    let Scene { engine, folder, .. } = stage.scene;
    engine.stop().await;
    drop(engine);
    let mut store = None;
    until("the store is let go", async || {
        store = crate::store::Store::open(&file, Timestamp::now()).ok();
        store.is_some()
    })
    .await;
    let state = store.unwrap().run(&run.id).await.unwrap().unwrap().state;
    assert_eq!(state, RunState::Canceled { sent: false }, "the end of the program takes it back");
    drop(folder);
}

#[tokio::test]
async fn output_is_stored_as_it_comes_with_its_end() {
    let stage = Stage::of(Does::Prints).await;
    let run = stage.start(false).await;
    stage.there.notified().await;
    let text = stage.follow(&run.id).await.output.concat();
    assert!(text.starts_with("first\nxxx") && text.ends_with("xxx\nlast\n") && text.contains("left out"));
    let stored = async || stage.scene.engine.store().stored_output(&run.id).await.unwrap().output.since(0);
    until("it is stored while it runs", async || stored().await.ends_with("last\n")).await;
    assert!(!stage.follow(&run.id).await.run.state.is_final());
    assert!(stored().await.len() < 3 << 20, "bounded");
    stage.go_on.notify_one();
    stage.ended(&run.id).await;
    until("it has left memory", async || stage.scene.engine.inner.runner.runs().get(&run.id).is_none()).await;
    assert!(stage.follow(&run.id).await.output.concat().ends_with("last\n"));
    stage.scene.engine.stop().await;
}

#[tokio::test]
async fn unrecorded_outcome_is_kept_shown_and_recorded_later() {
    let stage = Stage::of(Does::Prints).await;
    let engine = &stage.scene.engine;
    engine.store().limit_growth(Some(16)).await;
    let run = stage.start(false).await;
    stage.there.notified().await;
    stage.go_on.notify_one();
    let RunState::Done { .. } = stage.ended(&run.id).await else { panic!("it ended well") };
    let progress = stage.follow(&run.id).await;
    assert!(
        progress.unrecorded.as_ref().is_some_and(|why| why.contains("full")),
        "{:?}",
        progress.unrecorded
    );
    assert!(progress.output.concat().ends_with("last\n"));
    let runs = engine.call(RunsQuery { limit: 1, before: None }).await.unwrap();
    assert!(runs[0].state.is_final(), "{runs:?}");
    let failed = async |name: &str| {
        let checks = engine.call(Doctor {}).await.unwrap();
        checks.iter().any(|check| check.name == name && check.verdict == CheckVerdict::Failed)
    };
    assert!(failed("runs").await && failed("store").await);
    assert_eq!(engine.inner.runner.runs().count(), 0, "it is not under way, and holds no lock");

    engine.store().limit_growth(None).await;
    until("it is recorded", async || stage.follow(&run.id).await.unrecorded.is_none()).await;
    let stored = engine.store().run(&run.id).await.unwrap().unwrap();
    assert!(matches!(stored.state, RunState::Done { .. }));
    assert!(engine.store().stored_output(&run.id).await.unwrap().output.since(0).ends_with("last\n"));
    assert!(!failed("runs").await && !failed("store").await);
    engine.stop().await;
}
