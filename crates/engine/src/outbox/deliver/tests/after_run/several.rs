//! The message of a run on several items, or on none.

use super::*;

/// How one item of several stands.
fn named(id: &str, standing: &str) -> String {
    format!("Disk of {id} is full: {standing}")
}

/// How it stands once it is over.
fn resolved(second: i64) -> String {
    format!("resolved at {}", clock(second))
}

#[tokio::test]
async fn message_of_a_run_follows_each_of_its_items() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let store = watching().await;
    let alerts = ["db1", "db2"].map(|id| incident(id, Triggered, 10));
    for alert in alerts.clone() {
        report(&store, QUIET, alert, 10).await;
    }
    begin(&store, run_on(&alerts, 20)).await;
    end(&store, done(), 22).await;
    assert_eq!(sent(&store, 23).await, [("post", own())]);
    let one_is_over = format!("{}; {}", named("db1", &resolved(60)), named("db2", "triggered"));
    // of which item, what becomes of it, when -> what the message says besides, where it is edited for that
    let cases = [
        // What the run has done itself, it has said.
        ("db2", Acknowledged, 30, None),
        ("db2", Triggered, 40, Some(now(&named("db2", "triggered")))),
        ("db1", Acknowledged, 45, None),
        ("db1", Triggered, 50, Some(now("triggered"))),
        ("db1", Resolved, 60, Some(("since then", one_is_over))),
        ("db2", Resolved, 70, Some(ended("resolved", 70))),
        // That is another matter.
        ("db1", Triggered, 80, None),
        ("db2", Triggered, 90, None),
    ];
    for (id, status, second, field) in cases {
        report(&store, QUIET, incident(id, status, second), second).await;
        let expected: Vec<_> =
            field.map(|it| ("edit", with_field(&own(), true, 22, Some(it)))).into_iter().collect();
        assert_eq!(sent(&store, second + 1).await, expected, "{id} at {second}");
    }
    assert_eq!(store.deliveries(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn run_on_what_is_not_there_does_not_say_that_all_is_over_and_one_on_nothing_says_nothing() {
    let alert = |id: &str| incident(id, IncidentStatus::Triggered, 10);
    // what it is on, of which the first is there -> what it says besides, once that is over
    let cases = [
        (vec![alert("db1")], Some(ended("resolved", 50))),
        (vec![alert("db1"), alert("db2")], Some(("since then", named("db1", &resolved(50))))),
        (vec![], None),
    ];
    for (items, field) in cases {
        let store = watching().await;
        report(&store, QUIET, alert("db1"), 10).await;
        begin(&store, run_on(&items, 20)).await;
        end(&store, done(), 22).await;
        assert_eq!(sent(&store, 23).await, [("post", own())]);
        report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
        let expected: Vec<_> =
            field.map(|it| ("edit", with_field(&own(), true, 22, Some(it)))).into_iter().collect();
        assert_eq!(sent(&store, 51).await, expected, "{} items", items.len());
    }
}
