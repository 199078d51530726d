//! The services, driven by the connectors that are made for the real ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, time::Duration};

use callboard_connectors::{Access, Connection, ConnectorConfig, http::Client};
use callboard_domain::{
    action::Progress,
    chat::DeliveryKey,
    command::Args,
    error::ServiceError,
    item::{
        AccountName, Approval, ApprovalState, Build, BuildStatus, ChecksStatus, Detail, Incident,
        IncidentStatus, Item, PullRequest, PullRequestState, Verdict,
    },
    message::{Message, Tone},
    run::Outcome,
    secret::SecretString,
    source::Cursor,
};
use callboard_playground::{Alert, Deployment, ME, Pace, Playground, Push, RELEASE, TYPO};
use jiff::Timestamp;

const QUICK: Pace = Pace { queue: Duration::from_millis(20), build: Duration::from_millis(60) };
const PATIENCE: Duration = Duration::from_secs(20);
const SLOW: Alert = Alert {
    name: "CheckoutSlow",
    service: "checkout",
    severity: "critical",
    summary: "Checkout slower than 2 s",
    description: "",
};

/// A service's connection, its cursor and what has been seen of it.
struct Watched {
    connection: Connection,
    cursor: Option<Cursor>,
    seen: BTreeMap<String, Item>,
}

struct Silent;

impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn output(&self, _: &str) {}
}

fn connect(playground: &Playground, account: &str, other_token: Option<&str>) -> Connection {
    let config: toml::Table = playground.config_toml().parse().unwrap();
    let config: ConnectorConfig = config["accounts"][account].clone().try_into().unwrap();
    let own = playground.secrets().into_iter().filter(|(name, ..)| *name == account);
    let value = |field: &str, value: &str| match other_token {
        Some(other) if field == "token" => SecretString::from(other),
        _ => SecretString::from(value),
    };
    let secrets = own.map(|(_, field, text)| (field.to_owned(), value(field, text)));
    config
        .connect(Access {
            account: AccountName::from(account),
            client: Client::new().unwrap(),
            secrets: secrets.collect(),
            person: None,
        })
        .unwrap()
}

impl Watched {
    fn new(playground: &Playground, account: &str) -> Self {
        Self { connection: connect(playground, account, None), cursor: None, seen: BTreeMap::new() }
    }

    /// Polls once; how many snapshots came.
    async fn poll(&mut self) -> usize {
        let source = self.connection.source.as_ref().unwrap();
        let batch = source.poll(self.cursor.as_ref(), Timestamp::now()).await.unwrap();
        assert!(batch.problems.is_empty(), "{:?}", batch.problems);
        self.cursor = batch.cursor.or(self.cursor.take());
        let count = batch.snapshots.len();
        if !batch.complete.is_empty() {
            self.seen.clear();
        }
        self.seen.extend(batch.snapshots.into_iter().map(|item| (item.reference().to_owned(), item)));
        count
    }

    /// Polls until an item is as expected.
    async fn until<T>(&mut self, reference: &str, expected: impl Fn(&Detail) -> Option<T>) -> T {
        let polling = async {
            loop {
                self.poll().await;
                let found = self.seen.get(reference).and_then(|item| expected(&item.detail));
                if let Some(found) = found {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, polling).await;
        found.unwrap_or_else(|_| panic!("{reference} did not become so: {:?}", self.seen.get(reference)))
    }

    async fn run(&self, command: &str, arg: &str, item: &str, more: Args) -> Result<Outcome, ServiceError> {
        let action = self.connection.actions.iter().find(|action| action.spec().name == command).unwrap();
        let mut args = more;
        args.values.insert(arg.to_owned(), item.to_owned());
        args.items.extend(self.seen.get(item).map(|found| (arg.to_owned(), found.clone())));
        let now = Timestamp::now();
        assert!(!action.preview(&args, now).unwrap().is_empty());
        action.run(&args, now, &Silent).await
    }
}

fn build(detail: &Detail) -> Option<&Build> {
    if let Detail::Build(build) = detail { Some(build) } else { None }
}

fn ended(status: BuildStatus, attempt: u32) -> impl Fn(&Detail) -> Option<Vec<String>> {
    move |detail| {
        let run = build(detail)?.latest()?;
        (run.status == status && run.attempt == attempt).then(|| run.failing.clone())
    }
}

/// A later run than that one has passed.
fn passed_after(number: u64) -> impl Fn(&Detail) -> Option<()> {
    move |detail| {
        let run = build(detail)?.latest()?;
        (run.status == BuildStatus::Passed && run.number > number).then_some(())
    }
}

fn pull(detail: &Detail) -> Option<&PullRequest> {
    if let Detail::PullRequest(pull) = detail { Some(pull) } else { None }
}

fn incident(detail: &Detail) -> Option<&Incident> {
    if let Detail::Incident(incident) = detail { Some(incident) } else { None }
}

/// A request in that state: who ended it, and why.
fn request(state: ApprovalState) -> impl Fn(&Detail) -> Option<(Option<String>, Option<String>)> {
    move |detail| {
        let approval = approval(detail)?;
        let by = approval.ended_by.as_ref().map(|by| by.name.clone());
        (approval.state == state).then(|| (by, approval.ended_why.clone()))
    }
}

fn approval(detail: &Detail) -> Option<&Approval> {
    if let Detail::Approval(approval) = detail { Some(approval) } else { None }
}

#[tokio::test]
async fn forge_is_watched_and_changed() {
    let playground = Playground::start(QUICK).await.unwrap();
    let mut forge = Watched::new(&playground, "forge");
    let identity = forge.connection.identify.identify().await.unwrap();
    assert_eq!((identity.login.as_str(), identity.missing_scopes.len()), (callboard_playground::ME, 0));
    forge.poll().await;
    assert_eq!(forge.seen["acme/web/ci@main"].status(), "passed");
    assert_eq!(forge.seen["acme/api#86"].status(), "open");
    assert_eq!(forge.poll().await, 0, "an unchanged forge reports nothing");

    let red = Push { repo: "web", branch: "main", by: "bo", subject: "Round", fails: Some("unit tests") };
    playground.forge.push(red);
    let failing = forge.until("acme/web/ci@main", ended(BuildStatus::Failed, 1)).await;
    assert_eq!(failing, ["unit tests"]);
    assert!(playground.forge.main_is_red("web"));
    let log = forge.run("run log", "run", "acme/web/ci@main", Args::default()).await.unwrap();
    assert!(format!("{:?}", log.blocks).contains("expected 19.99"), "{log:?}");

    let again = forge.run("run rerun", "run", "acme/web/ci@main", Args::default()).await.unwrap();
    assert!(again.ok);
    forge.until("acme/web/ci@main", ended(BuildStatus::Passed, 2)).await;
    assert!(!playground.forge.main_is_red("web"));

    let open = Push { repo: "web", branch: "cart", by: "ana", subject: "Cart totals", fails: None };
    assert_eq!(playground.forge.open(open, &[callboard_playground::ME]), Some(479));
    let passed = |detail: &Detail| {
        let pull = pull(detail)?;
        (pull.checks.as_ref()?.status == ChecksStatus::Passed).then(|| pull.clone())
    };
    let asked = forge.until("acme/web#479", passed).await;
    assert!(asked.requested.contains(callboard_playground::ME), "{asked:?}");
    assert_eq!(forge.until("acme/web/ci@cart", ended(BuildStatus::Passed, 1)).await, [""; 0]);

    forge.run("pr approve", "pr", "acme/web#479", Args::default()).await.unwrap();
    assert!(playground.forge.is_approved("web", 479, callboard_playground::ME));
    let approved = |detail: &Detail| {
        let pull = pull(detail)?;
        let mine = pull.reviews.iter().find(|review| review.by == callboard_playground::ME)?;
        (mine.verdict == Verdict::Approved && pull.requested.is_empty()).then_some(())
    };
    forge.until("acme/web#479", approved).await;

    let message = Args { values: [("message".to_owned(), "Good".to_owned())].into(), ..Args::default() };
    forge.run("pr comment", "pr", "acme/web#479", message).await.unwrap();
    forge.run("pr merge", "pr", "acme/web#479", Args::default()).await.unwrap();
    let merged = |detail: &Detail| {
        let pull = pull(detail)?;
        (pull.state == PullRequestState::Merged).then(|| pull.merged_by.clone()).flatten()
    };
    assert_eq!(forge.until("acme/web#479", merged).await, callboard_playground::ME);

    let own = forge.run("pr approve", "pr", "acme/api#86", Args::default()).await.unwrap_err();
    assert!(own.to_string().contains("your own pull request"), "{own}");
    let twice = forge.run("pr merge", "pr", "acme/web#479", Args::default()).await.unwrap_err();
    assert!(matches!(twice, ServiceError::Rejected { .. }), "{twice}");
    let list = forge.run("pr list", "repo", "acme/api", Args::default()).await.unwrap();
    assert_eq!(list.summary, "1 pull request is open in acme/api");
    playground.stop().await;
}

#[tokio::test]
async fn ci_server_starts_follows_and_stops_builds() {
    let pace = Pace { queue: Duration::from_millis(300), build: Duration::from_millis(700) };
    let playground = Playground::start(pace).await.unwrap();
    let mut ci = Watched::new(&playground, "ci");
    let identity = ci.connection.identify.identify().await.unwrap();
    assert_eq!(identity.login, callboard_playground::ME);
    ci.poll().await;
    let jobs: Vec<_> = ci.seen.keys().map(String::as_str).collect();
    assert_eq!(jobs, ["deploy", "web/deploy", "web/e2e", "web/nightly"]);

    playground.ci.build("web/e2e", "bo", &[], true);
    for status in [BuildStatus::Queued, BuildStatus::Running, BuildStatus::Failed] {
        ci.until("web/e2e", |detail| (build(detail)?.status() == status).then_some(())).await;
    }
    let log = ci.run("build log", "job", "web/e2e", Args::default()).await.unwrap();
    assert!(format!("{:?}", log.blocks).contains("did not answer"), "{log:?}");

    let pairs = vec![("ENV".to_owned(), "production".to_owned())];
    let deployed = ci.run("build", "job", "deploy", Args { pairs, ..Args::default() }).await.unwrap();
    assert_eq!((deployed.ok, deployed.summary.as_str()), (true, "deploy #41 passed"));
    assert_eq!(playground.ci.last_result("deploy"), Some("SUCCESS"));
    let subject = |detail: &Detail| build(detail)?.latest()?.subject.clone();
    assert_eq!(ci.until("deploy", subject).await, "ENV=production REF=main");
    let pairs = vec![("ENV".to_owned(), "moon".to_owned())];
    assert!(ci.run("build", "job", "deploy", Args { pairs, ..Args::default() }).await.is_err());

    playground.ci.build("web/nightly", "timer", &[], false);
    let running = |detail: &Detail| (build(detail)?.status() == BuildStatus::Running).then_some(());
    ci.until("web/nightly", running).await;
    let stopped = ci.run("build stop", "job", "web/nightly", Args::default()).await.unwrap();
    assert!(stopped.ok, "{stopped:?}");
    assert_eq!(playground.ci.last_result("web/nightly"), Some("ABORTED"));
    playground.stop().await;
}

#[tokio::test]
async fn pager_fires_is_silenced_and_resolves() {
    let playground = Playground::start(QUICK).await.unwrap();
    let mut pager = Watched::new(&playground, "pager");
    pager.connection.identify.identify().await.unwrap();
    pager.poll().await;
    assert!(pager.seen.is_empty());

    playground.pager.fire(SLOW);
    let alert = SLOW.fingerprint();
    let status = |expected| {
        move |detail: &Detail| {
            let incident = incident(detail)?;
            (incident.status == expected)
                .then(|| incident.holder_names().into_iter().map(str::to_owned).collect::<Vec<_>>())
        }
    };
    pager.until(&alert, status(IncidentStatus::Triggered)).await;
    pager.run("silence", "alert", &alert, Args::default()).await.unwrap();
    assert!(!playground.pager.is_active(SLOW));
    let holders = pager.until(&alert, status(IncidentStatus::Acknowledged)).await;
    assert_eq!(holders, [callboard_playground::ME]);
    pager.run("unsilence", "alert", &alert, Args::default()).await.unwrap();
    pager.until(&alert, status(IncidentStatus::Triggered)).await;
    playground.pager.resolve(SLOW);
    pager.poll().await;
    assert!(pager.seen.is_empty(), "a resolved alert leaves the list");
    playground.stop().await;
}

#[tokio::test]
async fn chat_keeps_edits_threads_and_metadata() {
    let playground = Playground::start(QUICK).await.unwrap();
    let connection = connect(&playground, "chat", None);
    let identity = connection.identify.identify().await.unwrap();
    assert_eq!((identity.login.as_str(), identity.missing_scopes.len()), ("callboard", 0));
    let chat = connection.chat.unwrap();
    assert!(chat.channels().await.unwrap().contains(&"#deploys".to_owned()));

    let (began, key) = (Timestamp::now(), DeliveryKey("run-1".to_owned()));
    let posted = chat.post("#deploys", &Message::new(Tone::Running, "deploy <api>"), &key).await.unwrap();
    chat.edit(&posted, &Message::new(Tone::Good, "api & web are out")).await.unwrap();
    let answer = DeliveryKey("run-2".to_owned());
    let reply = chat.reply(&posted, &Message::new(Tone::Neutral, "more"), &answer).await.unwrap();
    let found = chat.find("#deploys", None, &key, began).await.unwrap();
    assert_eq!(found.as_ref(), Some(&posted), "found by its metadata after an edit");
    assert_eq!(chat.find("#deploys", Some(&posted), &answer, began).await.unwrap(), Some(reply));
    assert_eq!(chat.find("#general", None, &key, began).await.unwrap(), None);
    let lost = chat.post("#nowhere", &Message::new(Tone::Good, "x"), &key).await.unwrap_err();
    assert!(matches!(lost, ServiceError::Rejected { .. }), "{lost}");

    let messages = playground.chat.messages("#deploys");
    let shown: Vec<_> =
        messages.iter().map(|message| (message.plain(), message.edits, message.thread.is_some())).collect();
    assert_eq!(shown, [("✓ api & web are out".to_owned(), 1, false), ("• more".to_owned(), 0, true)]);
    playground.stop().await;
}

#[tokio::test]
async fn deployments_and_first_runs_wait_until_somebody_answers() {
    let playground = Playground::start(QUICK).await.unwrap();
    let mut forge = Watched::new(&playground, "forge");
    forge.poll().await;
    let release = format!("acme/web/runs/{}/production", playground.forge.ask(RELEASE).unwrap());
    forge.until(&release, request(ApprovalState::Waiting)).await;
    let waiting = approval(&forge.seen[&release].detail).unwrap().clone();
    assert_eq!(waiting.asked_by.map(|by| by.id), Some("dora".to_owned()));
    assert_eq!(waiting.account_may.map(|may| may.value), Some(true));
    assert_eq!(waiting.approvers.map(|all| all.value.names), Some(vec!["ana".to_owned(), ME.to_owned()]));
    let comment = Args { values: [("comment".to_owned(), "Go".to_owned())].into(), ..Args::default() };
    assert!(forge.run("approve", "approval", &release, comment).await.unwrap().ok);
    let yes = forge.until(&release, request(ApprovalState::Approved)).await;
    assert_eq!(yes, (Some(ME.to_owned()), Some("Go".to_owned())));
    forge.until("acme/web/deploy@main", passed_after(57)).await;
    assert!(forge.run("approve", "approval", &release, Args::default()).await.is_err(), "it waits no more");

    let haste = Deployment { repo: "api", by: "cleo", title: "Send the late mails" };
    let denied = format!("acme/api/runs/{}/production", playground.forge.ask(haste).unwrap());
    forge.until(&denied, request(ApprovalState::Waiting)).await;
    let may = approval(&forge.seen[&denied].detail).unwrap().account_may.clone();
    assert_eq!(may.map(|may| may.value), Some(false));
    assert!(forge.run("approve", "approval", &denied, Args::default()).await.is_err(), "it is for others");
    playground.forge.answer(haste, "ana", false, "Tomorrow");
    let no = forge.until(&denied, request(ApprovalState::Denied)).await;
    assert_eq!(no, (Some("ana".to_owned()), Some("Tomorrow".to_owned())));

    let first_run = format!("acme/web/runs/{}", playground.forge.contribute(TYPO).unwrap());
    forge.until(&first_run, request(ApprovalState::Waiting)).await;
    assert!(forge.run("approve", "approval", &first_run, Args::default()).await.unwrap().ok);
    forge.until(&first_run, request(ApprovalState::Approved)).await;
    assert_eq!(forge.until("acme/web/ci@gus:footer-typo", ended(BuildStatus::Passed, 1)).await, [""; 0]);
    playground.stop().await;
}

#[tokio::test]
async fn input_step_waits_until_somebody_answers() {
    let playground = Playground::start(QUICK).await.unwrap();
    let mut ci = Watched::new(&playground, "ci");
    ci.poll().await;
    let build = async |ci: &mut Watched, id: &str| {
        playground.ci.build("web/deploy", "dora", &[], false);
        ci.until(id, request(ApprovalState::Waiting)).await;
    };
    let first = "web/deploy#12/Proceed";
    build(&mut ci, first).await;
    let questions = approval(&ci.seen[first].detail).unwrap().questions.clone().unwrap();
    let asked: Vec<_> =
        questions.iter().map(|question| (question.name.as_str(), question.default.as_deref())).collect();
    assert_eq!(asked, [("TARGET", Some("staging")), ("ANNOUNCE", Some("false"))]);
    let pairs = vec![("TARGET".to_owned(), "production".to_owned())];
    let with = Args { pairs, ..Args::default() };
    assert!(ci.run("approve", "approval", first, with).await.unwrap().ok);
    ci.until(first, request(ApprovalState::Approved)).await;
    ci.until("web/deploy", passed_after(11)).await;
    let log = ci.run("build log", "job", "web/deploy", Args::default()).await.unwrap();
    assert!(format!("{:?}", log.blocks).contains("TARGET=production"), "{log:?}");

    let second = "web/deploy#13/Proceed";
    build(&mut ci, second).await;
    let why = Args { values: [("why".to_owned(), "Not now".to_owned())].into(), ..Args::default() };
    assert!(ci.run("deny", "approval", second, why).await.unwrap().ok);
    let (by, _) = ci.until(second, request(ApprovalState::Denied)).await;
    assert_eq!((by.as_deref(), playground.ci.last_result("web/deploy")), (Some(ME), Some("ABORTED")));
    playground.stop().await;
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let playground = Playground::start(QUICK).await.unwrap();
    for account in ["forge", "ci", "chat"] {
        let refused = connect(&playground, account, Some("wrong")).identify.identify().await.unwrap_err();
        assert!(matches!(refused, ServiceError::Auth { .. }), "{account}: {refused}");
    }
    playground.stop().await;
}

#[tokio::test]
async fn webhooks_are_signed_and_report_what_a_poll_reports() {
    let playground = Playground::start(QUICK).await.unwrap();
    let (forge, pager) = (connect(&playground, "forge", None), connect(&playground, "pager", None));
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let receive = move |uri: http::Uri, headers: http::HeaderMap, body: axum::body::Bytes| async move {
        sender.send((uri.path().to_owned(), headers, body)).unwrap();
    };
    let router = axum::Router::new().fallback(receive);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    playground.send_webhooks_to(listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    playground.pager.fire(SLOW);
    playground.pager.resolve(SLOW);
    let open = Push { repo: "web", branch: "cart", by: "ana", subject: "Cart totals", fails: None };
    playground.forge.open(open, &[callboard_playground::ME]);
    playground.forge.review("web", "cart", "bo", callboard_playground::Verdict::Approved);
    let mut reported: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let is_whole =
        |reported: &BTreeMap<String, Vec<String>>| reported.values().map(Vec::len).sum::<usize>() == 7;
    while !is_whole(&reported) {
        let (path, headers, body) = tokio::time::timeout(PATIENCE, received.recv()).await.unwrap().unwrap();
        let connection = if path == "/hooks/forge" { &forge } else { &pager };
        let hook = connection.hook.as_deref().unwrap();
        let now = Timestamp::now();
        for item in hook.receive(&headers, &body, now).unwrap().snapshots {
            reported.entry(item.reference().to_owned()).or_default().push(item.status().to_owned());
        }
        assert!(hook.receive(&headers, &body[1..], now).is_err(), "a changed body is refused");
    }
    let expected = [
        (SLOW.fingerprint(), vec!["triggered", "resolved"]),
        ("acme/web#479".to_owned(), vec!["open", "open"]),
        ("acme/web/ci@cart".to_owned(), vec!["queued", "running", "passed"]),
    ];
    let expected = expected.map(|(key, all)| (key, all.into_iter().map(str::to_owned).collect()));
    assert_eq!(reported, BTreeMap::from(expected));
    tokio::time::timeout(PATIENCE, async {
        while playground.webhooks_taken() < 7 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    server.abort();
    playground.stop().await;
}

#[tokio::test]
async fn days_repeat_until_they_are_cancelled() {
    let playground = Playground::start(QUICK).await.unwrap();
    let until = tokio_util::sync::CancellationToken::new();
    let living = async {
        // A day of eight hours in well under a second, and the next one.
        playground.live_a_day(100_000.0, &until).await;
    };
    let watching = async {
        let goodbyes = || {
            let messages = playground.chat.messages("general");
            messages.iter().filter(|message| message.text.contains("Good evening")).count()
        };
        while goodbyes() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        until.cancel();
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(living, watching) }).await.unwrap();
    assert_eq!(playground.ci.last_result("deploy"), Some("SUCCESS"));
    playground.stop().await;
}
