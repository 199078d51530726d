//! Listings that lack what a webhook has just reported.

use jiff::SignedDuration;

use super::*;

/// What happens, one after the other.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A webhook reports that it fires.
    Fires(&'static str),
    /// A webhook reports its end.
    Ends(&'static str),
    /// A poll reads these, and takes what it lacks to be over, or not.
    Lists(&'static [&'static str], bool),
}

#[tokio::test]
async fn early_webhook_is_not_taken_for_one_of_an_alert_that_has_ended() {
    use Step::{Ends, Fires, Lists};
    let cases: [&[Step]; 8] = [
        &[Fires("A"), Lists(&[], false), Lists(&[], true)],
        &[Fires("A"), Lists(&[], false), Lists(&["A"], true), Lists(&[], true)],
        // It is reported anew.
        &[Fires("A"), Lists(&[], false), Fires("A"), Lists(&[], false), Lists(&[], true)],
        // Each has a time of its own.
        &[Fires("A"), Lists(&["B"], false), Fires("C"), Lists(&["B"], false), Lists(&["B"], true)],
        // Another one that is known does not help it.
        &[Lists(&["B"], true), Fires("A"), Lists(&["B"], false), Lists(&["A", "B"], true)],
        // What was listed, or is over by webhook, is not awaited.
        &[Fires("A"), Lists(&["A"], true), Lists(&[], true)],
        &[Fires("A"), Ends("A"), Lists(&[], true)],
        &[Lists(&["A"], true), Lists(&[], true)],
    ];
    for steps in cases {
        let server = MockServer::start().await;
        let source = source(&server.uri());
        let (mut cursor, mut now) = (None, now());
        for (place, step) in steps.iter().enumerate() {
            now += SignedDuration::from_mins(1);
            let receive = |name: &str, status: &str| {
                let body = webhook(&[reported(name, status)]).to_string();
                let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now);
                assert_eq!(received.unwrap().snapshots.len(), 1, "{steps:?}");
            };
            match *step {
                Fires(name) => receive(name, "firing"),
                Ends(name) => receive(name, "resolved"),
                Lists(names, expected) => {
                    server.reset().await;
                    let alerts: Vec<_> = names.iter().map(|name| listed(name, &[])).collect();
                    lists(&server, &alerts).await;
                    let batch = source.poll(cursor.as_ref(), now).await.unwrap();
                    assert_eq!(batch.snapshots.len(), names.len(), "{steps:?}");
                    let found = (!batch.complete.is_empty(), batch.problems.len());
                    assert_eq!(found, (expected, 0), "{place}: {steps:?}");
                    cursor = batch.cursor;
                }
            }
        }
    }
}
