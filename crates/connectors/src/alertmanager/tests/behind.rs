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
    /// A poll reads these, and takes all others but those to be over.
    Lists(&'static [&'static str], &'static [&'static str]),
    /// A poll reads these, and an entry that cannot be read: it takes none to be over.
    ListsPart(&'static [&'static str]),
}

#[tokio::test]
async fn early_webhook_is_not_taken_for_one_of_an_alert_that_has_ended() {
    use Step::{Ends, Fires, Lists, ListsPart};
    let cases: [&[Step]; 13] = [
        &[Fires("A"), Lists(&[], &["A"]), Lists(&[], &[])],
        &[Fires("A"), Lists(&[], &["A"]), Lists(&["A"], &[]), Lists(&[], &[])],
        // It is reported anew.
        &[Fires("A"), Lists(&[], &["A"]), Fires("A"), Lists(&[], &["A"]), Lists(&[], &[])],
        // Each has a time of its own.
        &[Fires("A"), Lists(&["B"], &["A"]), Fires("C"), Lists(&["B"], &["C"]), Lists(&["B"], &[])],
        &[Fires("A"), Fires("B"), Lists(&[], &["A", "B"]), Fires("B"), Lists(&[], &["B"]), Lists(&[], &[])],
        // Another one that is known does not help it.
        &[Lists(&["B"], &[]), Fires("A"), Lists(&["B"], &["A"]), Lists(&["A", "B"], &[])],
        // While it fires by webhook again and again, others end.
        &[Lists(&["B"], &[]), Fires("A"), Lists(&["B"], &["A"]), Fires("A"), Lists(&[], &["A"])],
        &[Lists(&["A"], &[]), Fires("A"), Lists(&[], &["A"]), Ends("A"), Fires("A"), Lists(&[], &["A"])],
        // What was listed, or is over by webhook, is not awaited.
        &[Fires("A"), Lists(&["A"], &[]), Lists(&[], &[])],
        &[Fires("A"), Ends("A"), Lists(&[], &[])],
        &[Lists(&["A"], &[]), Lists(&[], &[])],
        // So with what is listed beside an entry that cannot be read; that may be any other alert.
        &[Fires("A"), ListsPart(&["A"]), Lists(&[], &[])],
        &[Fires("A"), ListsPart(&[]), Lists(&[], &["A"]), Lists(&[], &[])],
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
            let (names, expected) = match *step {
                Fires(name) => {
                    receive(name, "firing");
                    continue;
                }
                Ends(name) => {
                    receive(name, "resolved");
                    continue;
                }
                Lists(names, awaited) => (names, Some(awaited)),
                ListsPart(names) => (names, None),
            };
            server.reset().await;
            let alerts = names.iter().map(|name| listed(name, &[]));
            let odd = expected.is_none().then_some(Value::Null);
            lists(&server, &alerts.chain(odd).collect::<Vec<_>>()).await;
            let batch = source.poll(cursor.as_ref(), now).await.unwrap();
            assert_eq!(batch.snapshots.len(), names.len(), "{place}: {steps:?}");
            let is_whole = expected.is_some();
            let found = (!batch.complete.is_empty(), batch.problems.is_empty());
            assert_eq!(found, (is_whole, is_whole), "{place}: {steps:?}");
            let awaited: Vec<_> = batch.awaited.iter().map(|key| key.id.clone()).collect();
            let expected: Vec<_> =
                expected.unwrap_or_default().iter().map(|name| format!("f-{name}")).collect();
            assert_eq!(awaited, expected, "{place}: {steps:?}");
            cursor = batch.cursor;
        }
    }
}
