//! Pending work is in the store. A signal only wakes the task that looks there.

use callboard_domain::run::{Outcome, RunState};

use super::{
    rooms::{ran, room},
    *,
};
use crate::store::Store;

/// The account of the incidents, which nothing answers for.
const PAGER: &str = "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n";

fn done() -> RunState {
    RunState::Done { outcome: Outcome::ok("it is there") }
}

#[tokio::test]
async fn stored_work_is_done_even_if_the_signal_was_missed() {
    // In this mode nobody shows or posts, and the signals of what is written go with the engine.
    let it = Scene::open("", Mode::Once, &[]).await;
    it.report([incident("db1", IncidentStatus::Triggered, 1)]).await;
    ran(&it, "deploy", done()).await;
    it.engine.stop().await;
    assert!(it.host.shown().is_empty());
    let Scene { engine, folder, .. } = it;
    drop(engine);
    let file = folder.path().join("data/callboard.db");
    until("the store is free", async || Store::open(&file, Timestamp::now()).is_ok()).await;

    let it = Scene::open_in(folder, PAGER, Mode::Serve, &[]).await;
    until("it is shown", async || it.host.shown().len() == 1).await;
    until("it is posted", async || room(&it).await.len() == 1).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn a_signal_with_nothing_behind_it_does_nothing() {
    let it = Scene::serving().await;
    ran(&it, "first", done()).await;
    until("the first is posted", async || room(&it).await.len() == 1).await;
    let signals = it.engine.store().changed();
    let before = *signals.borrow();
    for number in 1..=20 {
        it.report([pull(number, "Try it", &["cy"])]).await;
    }
    assert!(*signals.borrow() > before);
    ran(&it, "second", done()).await;
    until("the second is posted", async || room(&it).await.len() > 1).await;
    assert_eq!(room(&it).await.len(), 2);
    it.engine.stop().await;
}
