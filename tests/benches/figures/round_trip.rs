//! From Enter to the service's request, and from the service's answer to the chat post, through `callboard serve` and
//! its socket, with the run recorded durably in between.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use callboard_domain::actor::LocalVia;
use callboard_engine::{
    api::{BoardQuery, PlanQuery, StartRun},
    socket::Client,
};
use callboard_tests::Callboard;
use serde_json::{Value, json};

use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
    stub::{self, Answer},
};

/// One run is started per this time.
const EVERY: Duration = Duration::from_millis(60);
/// How long the service takes: longer than the second that Slack requires between two messages in a channel, for the edit
/// not to wait for it.
const SERVICE_TIME: Duration = Duration::from_millis(1_200);
const WARM_UP: usize = 20;
const ALERT: &str = "5ca1ab1e5ca1ab1e";

/// When what happened to a run, by its number.
#[derive(Default)]
struct Moments {
    typed: HashMap<usize, Instant>,
    requested: HashMap<usize, Instant>,
    posted: HashMap<usize, Instant>,
    answered: HashMap<usize, Instant>,
    edited: HashMap<usize, Instant>,
}

type Shared = Arc<Mutex<Moments>>;

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let runs = WARM_UP + if args.quick { 30 } else { 200 };
    let moments = Shared::default();
    data::runtime()?.block_on(async {
        let service = stub::serve({
            let moments = Arc::clone(&moments);
            move |request| alertmanager(request, Arc::clone(&moments))
        });
        let service = service.await?;
        let chat = stub::serve({
            let moments = Arc::clone(&moments);
            move |request| slack(request, Arc::clone(&moments))
        });
        let config = config(&service, &chat.await?);
        let callboard =
            Arc::new(Callboard::new(&config)?.env([("CALLBOARD_SECRET_CHAT_TOKEN", "xoxb-bench")]));
        let starting = Arc::clone(&callboard);
        let serving = tokio::task::spawn_blocking(move || starting.serve()).await??;
        run_all(&callboard, runs, &moments).await.with_context(|| serving.output())
    })?;
    let moments = moments.lock().unwrap_or_else(PoisonError::into_inner);
    let between = |from: &HashMap<usize, Instant>, to: &HashMap<usize, Instant>| {
        let times =
            (WARM_UP..runs).filter_map(|run| Some(to.get(&run)?.saturating_duration_since(*from.get(&run)?)));
        Samples::millis(&times.collect::<Vec<_>>())
    };
    let on = format!(
        "{} runs of Alertmanager's silence through `callboard serve`, one started every {} ms, each for a channel of its own; the run recorded durably before and after",
        runs - WARM_UP,
        EVERY.as_millis()
    );
    Ok(vec![
        Figure::new(
            "Enter to request",
            "ms",
            between(&moments.typed, &moments.requested),
            format!("call sent over the socket to the service's request received; {on}"),
        )
        .goal(Goal::P99(5.0)),
        Figure::new(
            "Enter to chat",
            "ms",
            between(&moments.typed, &moments.posted),
            format!("call sent over the socket to the first chat message received; {on}"),
        ),
        Figure::new(
            "answer to chat",
            "ms",
            between(&moments.answered, &moments.edited),
            format!("service's answer sent to the edit of the chat message received; {on}"),
        )
        .goal(Goal::P99(5.0)),
    ])
}

fn config(service: &str, chat: &str) -> String {
    format!(
        "[receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n\
         [accounts.alerts]\nservice = \"alertmanager\"\nurl = \"{service}\"\nevery = \"1h\"\n\
         [accounts.chat]\nservice = \"slack\"\nurl = \"{chat}\"\n"
    )
}

async fn run_all(callboard: &Callboard, runs: usize, moments: &Shared) -> Result<()> {
    let mut client = Client::connect(&callboard.data()).await?;
    // The alert is on the board once the first poll has found it.
    let until = Instant::now() + callboard_tests::PATIENCE;
    while client.call(BoardQuery::default()).await?.sections.is_empty() {
        ensure!(Instant::now() < until, "the alert is not on the board");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut tasks = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for run in 0..runs {
        let mut client = Client::connect(&callboard.data()).await?;
        ticks.tick().await;
        let moments = Arc::clone(moments);
        tasks.push(tokio::spawn(async move {
            let line = format!("silence {ALERT} for 1h run {run}");
            let what = PlanQuery { line, channel: Some(format!("chat:#run{run}")), private: false };
            note(&moments, |it| it.typed.insert(run, Instant::now()));
            client.call_as(LocalVia::Cli, StartRun { what, ..StartRun::default() }).await
        }));
    }
    for task in tasks {
        task.await??;
    }
    let until = Instant::now() + callboard_tests::PATIENCE;
    let edited = || moments.lock().unwrap_or_else(PoisonError::into_inner).edited.len();
    while edited() < runs {
        ensure!(Instant::now() < until, "{} of {runs} runs were posted", edited());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn note<T>(moments: &Shared, what: impl FnOnce(&mut Moments) -> T) {
    what(&mut moments.lock().unwrap_or_else(PoisonError::into_inner));
}

/// The run's number, at the end of a text.
fn number(text: &Value) -> Option<usize> {
    let text = text.as_str()?;
    text[text.trim_end_matches(|c: char| c.is_ascii_digit()).len()..].parse().ok()
}

async fn alertmanager(request: stub::StubRequest, moments: Shared) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (request.head.method.as_str(), request.head.uri.path()) {
        ("POST", "/api/v2/silences") => {
            let run = number(&body["comment"]).unwrap_or(usize::MAX);
            note(&moments, |it| it.requested.insert(run, request.at));
            tokio::time::sleep(SERVICE_TIME).await;
            note(&moments, |it| it.answered.insert(run, Instant::now()));
            stub::json(&json!({ "silenceID": format!("silence-{run}") }))
        }
        (_, "/api/v2/status") => stub::json(&json!({ "versionInfo": { "version": "0.28.1" } })),
        (_, "/api/v2/alerts") => stub::json(&json!([{
            "fingerprint": ALERT, "labels": { "alertname": "HighLatency", "severity": "critical" }, "annotations": {},
            "startsAt": "2026-11-22T10:00:00Z", "endsAt": "2036-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
            "generatorURL": "", "receivers": [], "status": { "state": "active", "silencedBy": [], "inhibitedBy": [] },
        }])),
        _ => stub::json(&json!([])),
    }
}

async fn slack(request: stub::StubRequest, moments: Shared) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let run = number(&body["channel"]).unwrap_or_default();
    let id = format!("C{run:08}");
    match request.head.uri.path() {
        "/auth.test" => stub::json(
            &json!({ "ok": true, "url": "https://acme.slack.example/", "team": "acme", "user": "callboard",
            "user_id": "U00000001", "team_id": "T00000001", "bot_id": "B00000001" }),
        ),
        "/chat.postMessage" => {
            note(&moments, |it| it.posted.insert(run, request.at));
            stub::json(&json!({ "ok": true, "channel": id, "ts": format!("1.{run:06}") }))
        }
        "/chat.update" => {
            note(&moments, |it| it.edited.insert(run, request.at));
            stub::json(&json!({ "ok": true, "channel": id, "ts": format!("1.{run:06}") }))
        }
        _ => stub::json(&json!({ "ok": true, "channel": id, "ts": format!("1.{run:06}") })),
    }
}
