//! The small steps that everything is made of: rules, a typed line, comparing.

use std::{hint::black_box, time::Instant};

use anyhow::{Context, Result};
use callboard_connectors::{Access, ConnectorConfig, http::Client};
use callboard_domain::{
    command::{Command, Commands},
    event::{Event, EventName, compare},
    identity::Identity,
    item::{AccountName, BuildStatus, IncidentStatus, Item, PullRequestState, RUNS_KEPT, User},
    rules::Rules,
};
use callboard_engine::config::Config;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Args, data,
    figure::{Figure, Samples},
};

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let times = if args.quick { 2_000 } else { 20_000 };
    Ok(vec![rules(times)?, line(times)?, comparing(times)])
}

/// The time of one `step` in microseconds: 30 batches, each the mean of many.
fn micros(times: usize, mut step: impl FnMut(usize)) -> Samples {
    let batch = |_| {
        let began = Instant::now();
        (0..times / 10).for_each(&mut step);
        began.elapsed().as_secs_f64() * 1e6 / (times / 10) as f64
    };
    Samples::new((0..31).map(batch).skip(1).collect())
}

fn rules(times: usize) -> Result<Figure> {
    let config = Config::read("callboard.toml".as_ref(), data::RULES)?;
    let rules = Rules::compile(&config.rules, true).ok().context("the rules compile")?;
    let (forge, alerts) = (AccountName::from("forge"), AccountName::from("alerts"));
    let happened = [
        (EventName::Failed, data::build(&forge, 1, vec![data::run(1, 1, BuildStatus::Failed)])),
        (EventName::Opened, data::pull(&forge, 2, PullRequestState::Open)),
        (EventName::Triggered, data::incident(&alerts, 3, IncidentStatus::Triggered)),
    ];
    let happened = happened.map(|(name, item)| (event(name, &item), item));
    let me = Identity { login: "dev1".to_owned(), ..Identity::default() };
    let values = micros(times, |number| {
        let (event, item) = &happened[number % happened.len()];
        black_box(rules.decide(event, item, &me));
    });
    let what = "two rules of a person's own and the nine built-in ones, until one decides; with the reasons";
    Ok(Figure::new("rules: one decision", "us", values, what))
}

fn event(name: EventName, item: &Item) -> Event {
    let at = Timestamp::UNIX_EPOCH;
    Event {
        id: 1,
        item: item.key.clone(),
        name,
        at,
        seen_at: at,
        old: false,
        moot: false,
        moot_because: None,
        by: Some(User::named("dev7")),
        of: Vec::new(),
        asked_before: Vec::new(),
        summary: item.title.clone(),
    }
}

fn line(times: usize) -> Result<Figure> {
    let accounts = [
        json!({ "service": "github" }),
        json!({ "service": "alertmanager", "url": "http://127.0.0.1:9" }),
        json!({ "service": "jenkins", "url": "http://127.0.0.1:9", "user": "ana" }),
    ];
    let mut commands = Vec::new();
    for account in accounts {
        let config: ConnectorConfig = serde_json::from_value(account)?;
        let secrets = [("token".to_owned(), "t".into())].into();
        let connection = config.connect(Access {
            account: "any".into(),
            client: Client::new()?,
            secrets,
            person: None,
        })?;
        for action in &connection.actions {
            commands.push(Command::new(action.spec().clone())?);
        }
    }
    let count = commands.len();
    let lines: Vec<String> = commands.iter().flat_map(|command| command.spec().examples.clone()).collect();
    let commands: Commands = commands.into_iter().collect();
    let values = micros(times, |number| {
        let _ = black_box(commands.parse(&lines[number % lines.len()]));
    });
    let what = format!("the examples of all {count} commands of GitHub, Alertmanager and Jenkins, in turn");
    Ok(Figure::new("a typed line read", "us", values, what))
}

fn comparing(times: usize) -> Figure {
    let account = AccountName::from("forge");
    let runs = (1..=RUNS_KEPT).rev().map(|run| data::run(1, run, BuildStatus::Passed)).collect();
    let stored = data::build(&account, 1, runs);
    let news = data::build(&account, 1, vec![data::run(1, RUNS_KEPT + 1, BuildStatus::Failed)]);
    let values = micros(times, |_| {
        black_box(compare(Some(&stored), news.clone()));
    });
    Figure::new(
        "compare: one snapshot",
        "us",
        values,
        "a build with 20 runs and a snapshot with a new one that failed",
    )
}
