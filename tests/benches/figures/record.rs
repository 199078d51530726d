//! A million events on the record: the board, what happened since, an item, search.

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use callboard_domain::item::{AccountName, BuildStatus, IncidentStatus, Item, PullRequestState};
use callboard_engine::{
    Engine,
    api::{BoardQuery, EventsQuery, ItemQuery, Search},
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
    search,
};

const ITEMS: usize = 20_000;
const OPEN: usize = 300;

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let events = if args.quick { 100_000 } else { 1_000_000 };
    let rounds = if args.quick { 50 } else { 200 };
    let folder = tempfile::tempdir()?;
    let now = Timestamp::now();
    data::runtime()?.block_on(async {
        search::fill(folder.path(), items()).await?;
        write_events(&folder.path().join("callboard.db"), events, now)?;
        let engine = Arc::new(data::engine(folder.path()).await?);
        let since = now - SignedDuration::from_mins(5);
        let latest = || EventsQuery { after: None, before: None, since: Some(since), limit: 50 };
        let on = format!("{events} events with their decisions, {ITEMS} items of which {OPEN} open; the call in process, JSON and all");
        let mut figures = Vec::new();
        let mut add = |name: &str, what: &str, times: Vec<std::time::Duration>| {
            let figure = Figure::new(format!("{name}, 1,000,000 events"), "ms", Samples::millis(&times), format!("{what}; {on}"));
            figures.push(figure.goal(Goal::P99(10.0)));
        };
        let found = engine.call(BoardQuery::default()).await?;
        anyhow::ensure!(!found.sections.is_empty(), "the board is empty");
        let times = timed(rounds, &engine, async |engine, _| engine.call(BoardQuery::default()).await.map(drop)).await?;
        add("board", "`board`: what needs a person", times);
        let times = timed(rounds, &engine, async |engine, _| {
            engine.call(BoardQuery { all: true, ..BoardQuery::default() }).await.map(drop)
        })
        .await?;
        add("board --all", "`board` with all", times);
        let times = timed(rounds, &engine, async |engine, _| engine.call(latest()).await.map(drop)).await?;
        add("events --since 5m", "`events` of the last five minutes, 50 at most", times);
        let times = timed(rounds, &engine, async |engine, round| {
            let item = data::pull(&"forge".into(), 99 * (round % 3), PullRequestState::Open).key.id;
            engine.call(ItemQuery::of(item)).await.map(drop)
        })
        .await?;
        add("item", "`item` by its reference, with its history", times);
        let times = timed(rounds, &engine, async |engine, round| {
            engine.call(Search { text: format!("{} {round}", data::word(round)), limit: 20, skip: 0 }).await.map(drop)
        })
        .await?;
        add("search", "`search` for a word and a number", times);
        engine.stop().await;
        Ok(figures)
    })
}

async fn timed(
    rounds: usize,
    engine: &Engine,
    call: impl AsyncFn(&Engine, usize) -> Result<(), callboard_engine::api::ApiError>,
) -> Result<Vec<std::time::Duration>> {
    let mut times = Vec::new();
    for round in 0..rounds + 5 {
        let began = Instant::now();
        call(engine, round).await?;
        // The first ones warm up.
        if round >= 5 {
            times.push(began.elapsed());
        }
    }
    Ok(times)
}

/// A third of each kind, of which the first ones are open.
fn items() -> Vec<Item> {
    let (forge, alerts) = (AccountName::from("forge"), AccountName::from("alerts"));
    (0..ITEMS)
        .map(|number| {
            let open = number < OPEN;
            match number % 3 {
                0 => data::pull(
                    &forge,
                    number,
                    if open { PullRequestState::Open } else { PullRequestState::Merged },
                ),
                1 => {
                    let last = if open { BuildStatus::Failed } else { BuildStatus::Passed };
                    let runs = (1..=10).rev().map(|run| {
                        data::run(number, run, if run == 10 { last } else { BuildStatus::Passed })
                    });
                    data::build(&forge, number, runs.collect())
                }
                _ => data::incident(
                    &alerts,
                    number,
                    if open { IncidentStatus::Triggered } else { IncidentStatus::Resolved },
                ),
            }
        })
        .collect()
}

/// Writes as many events as are still missing, with a decision each, spread over the days up to now.
fn write_events(file: &std::path::Path, events: i64, now: Timestamp) -> Result<()> {
    let conn = Connection::open(file)?;
    let have: i64 = conn.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
    conn.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
    conn.execute(
        "WITH RECURSIVE up (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM up WHERE x < ?1)
         INSERT INTO events (item, name, distinct_by, at, seen_at, old, who, summary)
         SELECT 1 + x * 7919 % ?2, 'passed', 'bench' || x, ?3 - (?1 - x) * 5000000, ?3 - (?1 - x) * 5000000, 0,
                'dev' || x % 60, 'acme/router-' || x % 500 || ' ci passed on main, run ' || x FROM up",
        rusqlite::params![events - have, i64::try_from(ITEMS)?, now.as_microsecond()],
    )?;
    conn.execute(
        "INSERT OR IGNORE INTO decisions (event, decision)
         SELECT id, '{\"do\":\"show\",\"post\":[],\"group\":\"acme/router\",\"reasons\":[{\"rule\":\"everything else\",\"builtin\":true,\"outcome\":\"matched\",\"why\":\"true\"}]}' FROM events",
        [],
    )?;
    conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}
