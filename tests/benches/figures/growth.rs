//! Does an event cost more where there are more items?

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use callboard_domain::{
    item::{AccountName, BuildStatus, Item, RUNS_KEPT},
    source::Received,
};
use callboard_engine::store::{Decide, Report, Store};
use jiff::Timestamp;

use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
};

/// A store full of builds, each with as many runs as are kept.
struct Grown {
    store: Store,
    items: usize,
    runs: Vec<usize>,
    next: usize,
    _folder: tempfile::TempDir,
}

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let (rounds, events) = if args.quick { (3, 1_000) } else { (9, 5_000) };
    data::runtime()?.block_on(async {
        let mut stores = [Grown::new(1_000).await?, Grown::new(10_000).await?];
        let mut costs = [Vec::new(), Vec::new()];
        // In turns, so that what else the machine does falls on both.
        for round in 0..=rounds {
            for (grown, costs) in stores.iter_mut().zip(&mut costs) {
                let cost = grown.ingest(events).await?;
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        let [few, many] = costs.map(Samples::new);
        let ratio = many.median() / few.median();
        let each = "a run's verdict joined with a build's 20 runs, compared, decided and stored, 50 to a report; medians of rounds in turns";
        Ok(vec![
            Figure::new("cost per event, 1,000 items", "us", few, each),
            Figure::new("cost per event, 10,000 items", "us", many, each),
            Figure::new("growth: cost per event, 10x the items", "ratio", Samples::one(ratio), "the two figures above")
                .goal(Goal::AtMost(1.2)),
        ])
    })
}

impl Grown {
    async fn new(items: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("callboard.db"), Timestamp::now())?;
        let decide: Arc<dyn Decide> = Arc::new(data::Nothing);
        let account = AccountName::from("forge");
        let kept =
            |item| (1..=RUNS_KEPT).rev().map(|run| data::run(item, run, BuildStatus::Passed)).collect();
        let all: Vec<Item> = (0..items).map(|item| data::build(&account, item, kept(item))).collect();
        data::poll_in(&store, &account, all, &decide).await?;
        Ok(Self { store, items, runs: vec![RUNS_KEPT; items], next: 0, _folder: folder })
    }

    /// Takes in so many events on items here and there; returns the time per event in microseconds.
    async fn ingest(&mut self, events: usize) -> Result<f64> {
        let (account, decide): (_, Arc<dyn Decide>) = (AccountName::from("forge"), Arc::new(data::Nothing));
        let snapshots: Vec<Item> = (0..events)
            .map(|_| {
                self.next += 1;
                let item = self.next * 7_919 % self.items;
                self.runs[item] += 1;
                let status =
                    if self.runs[item].is_multiple_of(2) { BuildStatus::Passed } else { BuildStatus::Failed };
                data::build(&account, item, vec![data::run(item, self.runs[item], status)])
            })
            .collect();
        let mut stored = 0;
        let began = Instant::now();
        for part in snapshots.chunks(50) {
            let report = Report::Hook(Received { snapshots: part.to_vec(), ..Received::default() });
            stored += self
                .store
                .ingest(&account, report, Timestamp::now(), Arc::clone(&decide))
                .await?
                .events
                .len();
        }
        let took = began.elapsed();
        anyhow::ensure!(stored == events, "{stored} events of {events}");
        Ok(took.as_secs_f64() * 1e6 / events as f64)
    }
}
