//! A yes or a no to what waits for it, through the public calls, to an account that answers as it is told.

use async_trait::async_trait;
use callboard_connectors::writes;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    event::EventName,
    item::{Question, QuestionType, Shipment},
    run::{Outcome, RunState},
};
use tokio::sync::Notify;

use super::*;
use crate::{
    active_config::ActiveConfig,
    api::{ApiError, ChoicesQuery, EventsQuery, FollowRun, ItemQuery, OpenIncidents, PlanQuery, StartRun},
    commands::{command_file::FileCommand, registry::Registry},
};

const ID: &str = "web/deploy#12/Proceed";

/// A service that takes one answer at a time, and waits with it until it is let go.
struct Gate {
    spec: CommandSpec,
    account: AccountName,
    sent: Arc<Mutex<Vec<String>>>,
    go_on: Arc<Notify>,
}

#[async_trait]
impl Action for Gate {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn account(&self) -> Option<&AccountName> {
        Some(&self.account)
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let pairs: Vec<String> = args.pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let words = [verbs::APPROVAL, verbs::COMMENT, verbs::WHY].map(|name| args.text(name).to_owned());
        let words: Vec<String> = words.into_iter().chain(pairs).filter(|word| !word.is_empty()).collect();
        let request = format!("POST /{} {}", self.spec.name, words.join(" "));
        Ok(vec![Step { what: "Answer".into(), request }])
    }

    async fn run(&self, args: &Args, now: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let steps = self.preview(args, now).unwrap_or_default();
        self.sent.lock().unwrap().extend(steps.into_iter().map(|step| step.request));
        let write = writes::begin();
        self.go_on.notified().await;
        write.answered();
        Ok(Outcome::ok("it is answered"))
    }
}

struct Stage {
    scene: Scene,
    sent: Arc<Mutex<Vec<String>>>,
    go_on: Arc<Notify>,
}

impl Stage {
    /// With the two commands, and this configuration.
    async fn of(config: &str) -> Self {
        let scene = Scene::open(config, Mode::Once, &[("forge", "token", "t0ken")]).await;
        let stage = Self { scene, sent: Arc::default(), go_on: Arc::default() };
        let file = |spec: CommandSpec| FileCommand {
            path: "answers.toml".into(),
            action: Arc::new(Gate {
                spec,
                account: "forge".into(),
                sent: Arc::clone(&stage.sent),
                go_on: Arc::clone(&stage.go_on),
            }),
            listings: BTreeMap::new(),
            definition: String::new(),
        };
        let active = stage.scene.engine.active();
        let files = [verbs::approve(), verbs::deny()].map(file).into();
        stage.scene.engine.inner.live.put(ActiveConfig {
            config: active.config.clone(),
            secrets: active.secrets.clone(),
            rules: callboard_domain::rules::Rules::compile(&[], true).unwrap(),
            accounts: active.accounts.clone(),
            registry: Registry::new(&active.accounts, files),
            command_errors: Vec::new(),
        });
        stage
    }

    async fn start(&self, line: &str) -> Result<Run, ApiError> {
        let fingerprint = Some(self.scene.call(private(line)).await?.fingerprint);
        self.scene.call(StartRun { what: private(line), fingerprint, ..StartRun::default() }).await
    }

    /// Lets the one that is under way go, and gives how it ended.
    async fn end(&self, run: &Run) -> RunState {
        self.go_on.notify_one();
        let follow = || FollowRun { id: run.id.clone(), seen: 0, status: "x".into() };
        until("it ends", async || self.scene.call(follow()).await.unwrap().run.state.is_final()).await;
        until("its lock is free", async || self.scene.engine.inner.runner.runs().count() == 0).await;
        self.scene.call(follow()).await.unwrap().run.state
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }
}

fn private(line: &str) -> PlanQuery {
    PlanQuery { line: line.into(), channel: None, private: true }
}

/// An input step that asks where to deploy, why, and whether it is only tried.
fn step(state: ApprovalState) -> Item {
    let mut item = approval(ID, state);
    let question = |name: &str, ty, default: Option<&str>| Question {
        name: name.into(),
        summary: None,
        ty,
        default: default.map(str::to_owned),
    };
    if let Detail::Approval(approval) = &mut item.detail {
        let target = QuestionType::Choice(vec!["eu".into(), "us".into()]);
        approval.questions = Some(vec![
            question("TARGET", target, None),
            question("REASON", QuestionType::Text, None),
            question("DRY", QuestionType::Bool, Some("false")),
        ]);
    }
    item
}

#[tokio::test]
async fn what_is_asked_is_answered_before_anything_is_sent() {
    let it = Stage::of("").await;
    it.scene.report([step(ApprovalState::Waiting)]).await;
    // the line -> what is wrong with it
    let cases = [
        ("approve proceed", "approve needs TARGET: one of eu, us; REASON is asked, too"),
        ("approve proceed TARGET=us", "approve needs REASON: a text"),
        ("approve proceed TARGET=mars", "TARGET: expected one of eu, us, found \"mars\""),
        ("approve proceed TARGET=us REASON=x PLACE=y", "approve takes no \"PLACE\""),
        ("deny proceed", "deny needs why: why not, for everybody to read"),
    ];
    for (line, expected) in cases {
        let refused = it.start(line).await.unwrap_err().to_string();
        assert_eq!(refused, expected, "{line}");
    }
    // What may be answered, as the launcher and a terminal list it.
    for (arg, typed, expected) in [
        ("TARGET", "", &["eu", "us"][..]),
        ("TARGET", "u", &["us"]),
        ("DRY", "", &["true", "false"]),
        ("REASON", "", &[]),
    ] {
        let query = ChoicesQuery { line: "approve proceed".into(), arg: arg.into(), typed: typed.into() };
        let found = it.scene.call(query).await.unwrap();
        let found: Vec<&str> = found.iter().map(|choice| choice.value.as_str()).collect();
        assert!(expected.iter().all(|value| found.contains(value)), "{arg} {typed}: {found:?}");
        assert!(!expected.is_empty() || found.is_empty(), "{arg} {typed}: {found:?}");
    }
    let query = ChoicesQuery { line: "approve proceed".into(), arg: "PLACE".into(), typed: String::new() };
    assert!(it.scene.call(query).await.is_err());
    assert_eq!(it.sent(), [""; 0]);

    let run = it.start("approve proceed TARGET=us REASON=\"all is green\" Works on staging").await.unwrap();
    assert!(matches!(it.end(&run).await, RunState::Done { .. }));
    assert_eq!(it.sent(), [format!("POST /approve {ID} Works on staging TARGET=us REASON=all is green")]);
    assert_eq!(
        run.item.map(|key| key.id).as_deref(),
        Some(ID),
        "its outcome is posted with what the item says"
    );
    it.scene.engine.stop().await;
}

#[tokio::test]
async fn one_answer_of_a_request_is_under_way_at_a_time() {
    let it = Stage::of("").await;
    it.scene.report([approval("web", ApprovalState::Waiting), approval("api", ApprovalState::Waiting)]).await;
    let first = it.start("approve web").await.unwrap();
    until("it is sent", async || it.sent().len() == 1).await;
    for line in ["approve web", "approve forge/approval/web again", "deny web too late"] {
        let refused = it.start(line).await.unwrap_err().to_string();
        assert!(refused.contains(&first.id) && refused.contains("approval:web"), "{line}: {refused}");
    }
    // Another request is none of its business.
    let other = it.start("deny api not yet").await.unwrap();
    until("both are sent", async || it.sent().len() == 2).await;
    it.go_on.notify_one();
    assert!(matches!(it.end(&first).await, RunState::Done { .. }));
    assert!(matches!(it.end(&other).await, RunState::Done { .. }));
    assert_eq!(it.sent(), ["POST /approve web", "POST /deny api not yet"]);
    it.scene.engine.stop().await;
}

#[tokio::test]
async fn a_yes_is_for_what_was_shown_whenever_that_was_read() {
    let it = Stage::of("").await;
    let ships = |to: &str, read: i64| {
        let mut item = approval("web", ApprovalState::Waiting);
        if let Detail::Approval(approval) = &mut item.detail {
            let ships = Shipment { to: Some(to.into()), ..Shipment::default() };
            approval.ships = Some(AsOf::new(at(read), ships));
        }
        item
    };
    it.scene.report([ships("1.41", 0)]).await;
    let shown = it.scene.call(private("approve web")).await.unwrap().fingerprint;
    let start =
        || StartRun { what: private("approve web"), fingerprint: Some(shown.clone()), ..StartRun::default() };
    it.scene.report([ships("1.42", 60)]).await;
    let refused = it.scene.call(start()).await.unwrap_err();
    assert!(matches!(refused, ApiError::Changed { .. }), "{refused}");
    it.scene.report([ships("1.41", 120)]).await;
    let run = it.scene.call(start()).await.unwrap();
    it.end(&run).await;
    assert_eq!(it.sent(), ["POST /approve web"]);
    it.scene.engine.stop().await;
}

#[tokio::test]
async fn only_approvals_are_meant_where_the_kind_is_asked_for() {
    let it = Scene::serving().await;
    let mut asked = approval("acme/web/runs/31/production", ApprovalState::Waiting);
    asked.title = "Deploy".into();
    it.report([asked.clone(), build("acme/deploy", &[callboard_domain::item::BuildStatus::Failed])]).await;
    let query = |kind| ItemQuery { kind, ..ItemQuery::of("deploy") };
    let found = it.call(query(Some(Kind::Approval))).await.unwrap();
    assert_eq!(found.item.key, asked.key);
    assert!(it.call(query(None)).await.is_err(), "it could be either");
    let none = it.call(query(Some(Kind::Incident))).await.unwrap_err().to_string();
    assert!(none.contains("there is no item \"deploy\""), "{none}");
    it.engine.stop().await;
}

#[tokio::test]
async fn an_approval_shows_the_open_incidents_of_what_it_ships() {
    let config = "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n";
    let open = async |it: &Scene| -> OpenIncidents {
        it.call(ItemQuery::of("forge/approval/web")).await.unwrap().open_incidents.unwrap()
    };
    let of_web = |number: i64, severity, status| {
        let mut item = incident(&format!("i{number}"), status, number);
        if let Detail::Incident(incident) = &mut item.detail {
            (incident.service, incident.severity) = ("web".into(), severity);
            incident.started_at = at(number);
        }
        item
    };
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let it = Scene::open(config, Mode::Once, &[]).await;
    it.report([approval("web", ApprovalState::Waiting), incident("other", Triggered, 1)]).await;
    let found = open(&it).await;
    assert_eq!((found.rows.len(), found.total), (0, 0));
    assert_eq!(found.accounts, ["pager".into()]);
    it.report((1..=5).map(|number| of_web(number, Severity::High, Triggered))).await;
    it.report([
        of_web(6, Severity::Warning, Triggered),
        of_web(7, Severity::Critical, Acknowledged),
        of_web(8, Severity::Critical, Resolved),
    ])
    .await;
    let found = open(&it).await;
    let ids: Vec<&str> = found.rows.iter().map(|row| row.key.id.as_str()).collect();
    assert_eq!((ids.as_slice(), found.total), (&["i7", "i5", "i4", "i3", "i2"][..], 7));
    // It is not calm where they could not be read.
    let error = ServiceError::unavailable("down");
    it.engine.inner.watcher.record_error(&"pager".into(), &error, Timestamp::now()).await;
    let found = open(&it).await;
    assert_eq!((found.total, found.not_seen.len()), (7, 1), "{:?}", found.not_seen);
    it.engine.stop().await;

    let it = Scene::open("", Mode::Once, &[]).await;
    it.report([approval("web", ApprovalState::Waiting), build("acme/web", &[])]).await;
    assert_eq!(open(&it).await, OpenIncidents::default(), "no account has any: nothing is known");
    let build = it.call(ItemQuery { kind: Some(Kind::Build), ..ItemQuery::of("web") }).await.unwrap();
    assert_eq!(build.open_incidents, None);
    it.engine.stop().await;
}

#[tokio::test]
async fn the_account_is_read_at_once_after_a_yes_and_the_end_is_an_event() {
    let config =
        "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n";
    let it = Stage::of(config).await;
    it.scene.report([approval("web", ApprovalState::Waiting)]).await;
    let run = it.start("approve web").await.unwrap();
    let active = it.scene.engine.active();
    let polled = active.accounts.values().next().unwrap().changed.notified();
    assert!(matches!(it.end(&run).await, RunState::Done { .. }));
    tokio::time::timeout(PATIENCE, polled).await.expect("its polling is woken");
    let mut answered = approval("web", ApprovalState::Approved);
    if let Detail::Approval(approval) = &mut answered.detail {
        (approval.updated_at, approval.ended_by) = (at(9), Some(User::named("ana")));
    }
    it.scene.report([answered]).await;
    let query = EventsQuery { after: None, before: None, since: None, limit: 10 };
    let events = it.scene.call(query).await.unwrap().events;
    let told: Vec<_> = events.iter().map(|event| (event.name, event.summary.as_str())).collect();
    assert_eq!(
        told,
        [
            (EventName::Requested, "bo asks for approval: Deploy web in production"),
            (EventName::Approved, "ana approved: Deploy web in production"),
        ]
    );
    it.scene.engine.stop().await;
}
