//! What watching a hundred repositories costs of GitHub's hourly rate limit, against a server with ETags as GitHub has them.

mod world;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use callboard_connectors::{Access, ConnectorConfig, http::Client};
use callboard_domain::source::Cursor;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use self::world::{REPOS, WORKFLOWS, World};
use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
    load::Connection,
    stub,
};

const POLLS: usize = 60;
/// The first polls read everything once, a part at each.
const FIRST: usize = 10;
/// GitHub's rate limit of a person's token, in requests per hour.
const RATE_LIMIT: f64 = 5_000.0;

pub(crate) fn measure(_: &Args) -> Result<Vec<Figure>> {
    data::runtime()?.block_on(async {
        let naive = naive().await?;
        let mut figures = Vec::new();
        for (name, changes) in [("quiet", 0), ("1 % change a minute", 1), ("10 % change a minute", 10)] {
            let (all, counted) = hour(changes).await?;
            let what = format!(
                "{POLLS} polls of {REPOS} repositories, simulated at 60 s, after {FIRST} in which everything is read once; of {all} requests those that count (not 304), \
                 as a share of {RATE_LIMIT:.0}; naive: every workflow asked at every poll, {WORKFLOWS} a repository, no ETag: {naive} requests, counted on the same server"
            );
            let share = |requests: usize| requests as f64 / RATE_LIMIT * 100.0;
            let figure = Figure::new(format!("GitHub, 100 repositories, {name}"), "% of budget", Samples::one(share(counted)), what);
            let figure = figure.beside("naive polling", share(naive));
            figures.push(if changes <= 1 { figure.goal(Goal::AtMost(10.0)) } else { figure });
        }
        Ok(figures)
    })
}

/// Polls for an hour; returns the number of requests, and of those that count.
async fn hour(changes: usize) -> Result<(usize, usize)> {
    let world = Arc::new(World::new());
    let url = {
        let world = Arc::clone(&world);
        stub::serve(move |request| {
            let answer = world.answer(&request.head);
            async move { answer }
        })
        .await?
    };
    let watch: Vec<String> = (0..REPOS).map(World::name).collect();
    let config: ConnectorConfig =
        serde_json::from_value(json!({ "service": "github", "url": url, "watch": watch }))?;
    let secrets = [("token".to_owned(), "bench".into())].into();
    let connection =
        config.connect(Access { account: "forge".into(), client: Client::new()?, secrets, person: None })?;
    let source = connection.source.context("GitHub is watched")?;
    let mut now = world::BEGAN.parse::<Timestamp>()?;
    let mut cursor: Option<Cursor> = None;
    let mut found = 0;
    for poll in 1..=FIRST + POLLS {
        let batch = source.poll(cursor.as_ref(), now).await?;
        ensure!(batch.problems.is_empty(), "{:?}", batch.problems);
        cursor = batch.cursor.or(cursor);
        if poll == FIRST {
            world.forget_requests();
        }
        now += SignedDuration::from_mins(1);
        if poll >= FIRST {
            found += batch.snapshots.len();
            world.minute(changes, now);
        }
    }
    ensure!(found >= changes * POLLS / 2, "{found} changes were seen");
    Ok(world.requests())
}

/// One request per workflow and poll, as tray monitors do; returns how many the server counted.
async fn naive() -> Result<usize> {
    let world = Arc::new(World::new());
    let served = Arc::clone(&world);
    let url = stub::serve(move |request| {
        let answer = served.answer(&request.head);
        async move { answer }
    })
    .await?;
    let address = url.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        let mut connection = Connection::open(&address)?;
        for _ in 0..POLLS {
            for repo in 0..REPOS {
                for workflow in 0..WORKFLOWS {
                    let path =
                        format!("/repos/{}/actions/workflows/{workflow}/runs?per_page=1", World::name(repo));
                    let status = connection
                        .exchange(format!("GET {path} HTTP/1.1\r\nHost: naive\r\n\r\n").as_bytes())?;
                    ensure!(status == 200, "answered {status}");
                }
            }
        }
        Ok(())
    })
    .await??;
    Ok(world.requests().1)
}
