//! Runs that webhooks report before GitHub answers for them, more than a poll asks for.

use super::{
    gone::gone,
    late_hooks::receive,
    poll::{Watch, asked},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

/// The runs that were asked for by themselves since the last call.
async fn asked_for(server: &MockServer, seen: &mut usize) -> Vec<u64> {
    let lines = asked(server, seen).await;
    lines.iter().filter_map(|line| line.strip_prefix("web/actions/runs/")?.parse().ok()).collect()
}

#[tokio::test]
async fn reported_run_is_requested_before_any_is_requested_again() {
    let server = serve([get(RUNS, runs(&[run(30, json!({}))]))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    for id in 41..=51 {
        let new = run(id, json!({ "head_branch": "x" }));
        receive(&watch, "workflow_run", json!({ "workflow_run": new }));
    }
    let mut seen = server.received_requests().await.unwrap().len();
    assert_eq!(gone(&watch.poll().await), [""; 0], "GitHub may not answer for them yet");
    assert_eq!(asked_for(&server, &mut seen).await, (42..=51).collect::<Vec<u64>>());
    let mut found = gone(&watch.poll().await);
    let ids = asked_for(&server, &mut seen).await;
    assert!(ids.contains(&41) && ids.len() == 10 && found.len() == 9, "{ids:?}: {found:?}");
    found.extend(gone(&watch.poll().await));
    found.sort();
    assert_eq!(found, (41..=51).map(|id| format!("acme/web/ci@x run {id}")).collect::<Vec<_>>());
}
