//! Search over a hundred thousand items, and the launcher's over ten thousand, beside fzf on the same lines.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use callboard_domain::item::{AccountName, BuildStatus, Detail, IncidentStatus, Item, PullRequestState};
use callboard_engine::{
    api::{Find, ReadCall, Search},
    store::{Decide, Store},
};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::NamedTempFile;

use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
};

const ENTRIES: usize = 100_000;
/// What a launcher looks through at each letter.
const AT_HAND: usize = 10_000;

/// What people type: a word that is everywhere, several words, a reference, a number, nothing that is there, two letters.
const QUERIES: [&str; 10] = [
    "session",
    "invoice cache",
    "acme/router",
    "queue 771",
    "dev12 export",
    "77123",
    "slow eu-3",
    "palette-9 ci",
    "zebra",
    "up",
];

/// A command, rows, and lines, letter by letter.
const TYPED: [&str; 12] =
    ["p", "pr", "pr a", "w", "we", "web", "sess", "invoice cache", "rtr", "acme/router-2", "771", "zebra"];

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    Ok(all(args)?.into_iter().chain(at_hand(args)?).collect())
}

fn at_hand(args: &Args) -> Result<Vec<Figure>> {
    let (times, list) = timed(args, AT_HAND, &TYPED, |text| Find { text, limit: 20 })?;
    let peer = fzf(list.path(), TYPED[5])?;
    let what = format!(
        "the call `find` (limit 20) in process, JSON and all, {} texts over {AT_HAND} stored items in turn; \
         fzf --filter {:?} as a whole process on the same lines, 15 runs",
        TYPED.len(),
        TYPED[5],
    );
    Ok(vec![
        Figure::new("find over 10,000 entries", "ms", Samples::millis(&times), what)
            .beside("fzf --filter", peer)
            .goal(Goal::P99(5.0)),
    ])
}

fn all(args: &Args) -> Result<Vec<Figure>> {
    let entries = if args.quick { ENTRIES / 10 } else { ENTRIES };
    let (times, list) = timed(args, entries, &QUERIES, |text| Search { text, limit: 20, skip: 0 })?;
    let reading = fzf(list.path(), "")?;
    let peer = fzf(list.path(), QUERIES[0])?;
    let what = format!(
        "the call `search` (limit 20) in process, JSON and all, {} queries over {entries} stored items in turn; \
         fzf --filter {:?} as a whole process on the same lines, 15 runs, {reading:.0} ms of it starting, reading and printing without a query",
        QUERIES.len(),
        QUERIES[0],
    );
    Ok(vec![
        Figure::new("search, 100,000 entries", "ms", Samples::millis(&times), what)
            .beside("fzf --filter", peer)
            .goal(Goal::P99(8.0)),
    ])
}

/// How long each call takes over that many stored items, the texts in turn; and the items' lines in a file.
fn timed<C: ReadCall>(
    args: &Args,
    entries: usize,
    texts: &[&str],
    call: impl Fn(String) -> C,
) -> Result<(Vec<Duration>, NamedTempFile)> {
    let rounds = if args.quick { 10 } else { 50 };
    let items = items(entries);
    let list = NamedTempFile::new()?;
    fs::write(list.path(), items.iter().map(|item| line(item) + "\n").collect::<String>())?;
    let folder = tempfile::tempdir()?;
    let times = data::runtime()?.block_on(async {
        fill(folder.path(), items).await?;
        let engine = data::engine(folder.path()).await?;
        let mut times = Vec::new();
        for round in 0..=rounds {
            for text in texts {
                let began = Instant::now();
                engine.call(call((*text).to_owned())).await?;
                // The first round makes the index, and warms up.
                if round > 0 {
                    times.push(began.elapsed());
                }
            }
        }
        engine.stop().await;
        anyhow::Ok(times)
    })?;
    Ok((times, list))
}

fn items(entries: usize) -> Vec<Item> {
    let (forge, alerts) = (AccountName::from("forge"), AccountName::from("alerts"));
    (0..entries)
        .map(|number| match number % 4 {
            0 => data::build(&forge, number, vec![data::run(number, 1, BuildStatus::Passed)]),
            1 => data::incident(&alerts, number, IncidentStatus::Resolved),
            _ => data::pull(&forge, number, PullRequestState::Merged),
        })
        .collect()
}

/// What an item is found by, on one line.
fn line(item: &Item) -> String {
    let more = match &item.detail {
        Detail::Build(build) => build.branch.clone().unwrap_or_default(),
        Detail::PullRequest(pull) => format!("{} {}", pull.branch, pull.author),
        Detail::Incident(incident) => incident.labels.values().cloned().collect::<Vec<_>>().join(" "),
        Detail::Approval(approval) => approval.environment.clone().unwrap_or_default(),
    };
    format!("{} {} {} {more}", item.reference(), item.title, item.repo())
}

/// Stores the items of both accounts and waits until the index has them.
pub(crate) async fn fill(folder: &std::path::Path, items: Vec<Item>) -> Result<()> {
    let file = folder.join("callboard.db");
    let store = Store::open(&file, Timestamp::now())?;
    let nothing: Arc<dyn Decide> = Arc::new(data::Nothing);
    let (forge, alerts): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| item.key.account.as_str() == "forge");
    data::poll_in(&store, &"forge".into(), forge, &nothing).await?;
    data::poll_in(&store, &"alerts".into(), alerts, &nothing).await?;
    let look = Connection::open(&file)?;
    let began = Instant::now();
    loop {
        let left: i64 =
            look.query_row("SELECT count(*) FROM items WHERE searched = 0", [], |row| row.get(0))?;
        if left == 0 {
            break;
        }
        ensure!(began.elapsed() < Duration::from_secs(300), "{left} items are still not in the index");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.close().await;
    Ok(())
}

/// The median time of fzf on a list, in ms.
fn fzf(list: &std::path::Path, query: &str) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..16 {
        let began = Instant::now();
        let mut fzf = Command::new("fzf");
        fzf.args(["--filter", query])
            .stdin(File::open(list)?)
            .stdout(Stdio::null())
            .env_remove("FZF_DEFAULT_OPTS");
        let ended = fzf.status().context("fzf")?;
        ensure!(ended.code().is_some_and(|code| code < 2), "fzf: {ended}");
        times.push(began.elapsed());
    }
    // The first one warms up.
    Ok(Samples::millis(&times[1..]).median())
}
