use callboard_domain::run::Outcome;

use super::*;

fn done(summary: &str) -> RunState {
    RunState::Done { outcome: Outcome::ok(summary) }
}

#[tokio::test]
async fn a_run_and_its_message_go_together() {
    let store = Store::temporary(at(0)).unwrap();
    let post = Some((deploys(), message("deploying")));
    let key = store.begin_run(running("r1"), post, at(0)).await.unwrap().unwrap();
    assert_eq!(store.run("r1").await.unwrap(), Some(running("r1")));
    assert_eq!(store.delivery(&key).await.unwrap().unwrap().about, About::Run("r1".to_owned()));

    assert!(store.end_run("r1", done("it is there"), Some(message("deployed")), at(9)).await.unwrap());
    let late = store.end_run("r1", RunState::Canceled, Some(message("stopped")), at(10)).await.unwrap();
    assert!(!late, "the first end counts");
    let run = store.run("r1").await.unwrap().unwrap();
    assert_eq!((run.state, run.ended_at), (done("it is there"), Some(at(9))));
    let told = store.deliveries_of_run("r1").await.unwrap();
    assert_eq!(told.iter().map(|it| it.message.title.as_str()).collect::<Vec<_>>(), ["deployed"]);
    assert_eq!(store.runs_of(&key_of_run(), 5).await.unwrap().len(), 1);
}

fn key_of_run() -> ItemKey {
    running("r1").item.unwrap()
}

#[tokio::test]
async fn a_run_that_was_under_way_at_a_crash_is_unknown() {
    let store = Store::temporary(at(0)).unwrap();
    store.begin_run(running("ended"), None, at(0)).await.unwrap();
    store.begin_run(running("open"), None, at(0)).await.unwrap();
    store.end_run("ended", done("well"), None, at(1)).await.unwrap();

    let store = after_crash(&store, 60);
    let ids: Vec<_> = store.interrupted().iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["open"]);
    let run = store.run("open").await.unwrap().unwrap();
    assert!(matches!(run.state, RunState::Unknown { .. }));
    assert_eq!(run.ended_at, Some(at(60)));
    assert_eq!(store.run("ended").await.unwrap().unwrap().state, done("well"));
    assert!(after_crash(&store, 90).interrupted().is_empty(), "told once");
}

#[tokio::test]
async fn the_end_of_the_output_is_kept() {
    let store = Store::temporary(at(0)).unwrap();
    store.begin_run(running("r1"), None, at(0)).await.unwrap();
    store.append_output("r1", "first\n".to_owned()).await.unwrap();
    store.append_output("r1", "second\n".to_owned()).await.unwrap();
    assert_eq!(store.output("r1").await.unwrap(), "first\nsecond\n");
    store.append_output("r1", "é".repeat(400_000)).await.unwrap();
    store.append_output("r1", "last\n".to_owned()).await.unwrap();
    let kept = store.output("r1").await.unwrap();
    assert!(kept.ends_with("élast\n"));
    assert!((200_000..=256 * 1024).contains(&kept.len()), "{}", kept.len());
    assert_eq!(store.output("none").await.unwrap(), "");
}
