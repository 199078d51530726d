//! What is posted of a beginning and its end, and what the message of the first shows.

use super::*;

#[tokio::test]
async fn delivery_that_may_have_arrived_is_not_reported_as_not_posted() {
    use crate::tests::{at, incident};
    let (lost, down) = (ServiceError::unknown("lost"), ServiceError::unavailable("down"));
    let over = Attempt::Moot(MootReason::Over { status: "resolved".to_owned() });
    // the last attempt -> the next one, where the item is over by then
    let cases = [
        (
            Attempt::Unknown(at(900), lost.clone()),
            Attempt::Unknown(at(50) + LONGEST_WAIT, lost),
            DeliveryState::Unknown,
        ),
        (Attempt::Failed(down), over, DeliveryState::Moot),
    ];
    for (before, expected, state) in cases {
        let store = watching().await;
        let ingest =
            async |status, second| report(&store, PostAll, incident("db1", status, second), second).await;
        ingest(IncidentStatus::Triggered, 10).await;
        let key = claim(&store, 11).await.key.clone();
        store.attempted(&key, before.clone(), at(20)).await.unwrap();
        assert!(store.retry(&key, &Actor::rule("all"), at(30)).await.unwrap());
        ingest(IncidentStatus::Resolved, 40).await;
        let claimed = claim(&store, 50).await;
        assert_eq!(claimed.key, key);
        let attempt = ready(&store, claimed, at(50)).await.unwrap().expect_err("it is no news any more");
        assert_eq!(attempt, expected, "after {before:?}");
        store.attempted(&key, attempt, at(51)).await.unwrap();
        assert_eq!(store.delivery(&key).await.unwrap().unwrap().state, state, "after {before:?}");
    }
}

/// How far the beginning of a matter is when its end comes.
#[derive(Debug, Clone, Copy)]
enum Beginning {
    Stands,
    /// It got no answer, and a look-up finds it.
    Found,
    /// It got no answer, and a look-up finds that it is not there.
    Absent,
    /// It got no answer, and nor does any look-up.
    NeverFound,
    /// It got no answer, and the chat cannot be searched.
    NotSearchable,
    Failed,
    Waits,
}

/// Event 1 is the beginning, event 2 the end.
#[tokio::test]
async fn what_is_posted_of_an_end_depends_on_what_became_of_its_beginning() {
    use crate::tests::{at, incident};
    let lost = ServiceError::unknown("503");
    // the beginning -> what is posted before it is looked up, after that, and after minutes
    let cases: [(_, &[&str], &[&str], &[&str]); 7] = [
        (Beginning::Stands, &["edit 1", "reply 2"], &[], &[]),
        (Beginning::Found, &[], &["edit 1", "reply 2"], &[]),
        (Beginning::Absent, &[], &[], &[]),
        (Beginning::NeverFound, &[], &[], &["post 2, not sure"]),
        (Beginning::NotSearchable, &["post 2, not sure"], &[], &[]),
        (Beginning::Failed, &["post 2"], &[], &[]),
        (Beginning::Waits, &[], &[], &[]),
    ];
    for (beginning, first, looked_up, later) in cases {
        let store = watching().await;
        let ingest =
            async |status, second| report(&store, PostAll, incident("db1", status, second), second).await;
        ingest(IncidentStatus::Triggered, 10).await;
        let claimed = store.claim(at(11), 1, BTreeMap::new()).await.unwrap().pop().expect("it is due");
        let key = claimed.key.clone();
        ready(&store, claimed, at(11)).await.unwrap().expect("it is news");
        let attempt = match beginning {
            Beginning::Stands => Attempt::Posted(Posted { id: "1".into(), ..stands() }),
            Beginning::Found | Beginning::Absent | Beginning::NeverFound => {
                Attempt::Unknown(at(22), lost.clone())
            }
            Beginning::NotSearchable => Attempt::Unknown(at(12) + LONGEST_WAIT, lost.clone()),
            Beginning::Failed => Attempt::Failed(ServiceError::rejected("no")),
            Beginning::Waits => Attempt::Later(at(25), ServiceError::unavailable("down")),
        };
        store.attempted(&key, attempt, at(12)).await.unwrap();
        ingest(IncidentStatus::Resolved, 20).await;
        assert_eq!(post_due(&store, at(21)).await, first, "{beginning:?}");
        let attempt = match beginning {
            Beginning::Found => Some(Attempt::Posted(Posted { id: "1".into(), ..stands() })),
            Beginning::Absent => Some(Attempt::Absent),
            Beginning::NeverFound => Some(Attempt::Unknown(at(52), lost.clone())),
            _ => None,
        };
        if let Some(attempt) = attempt {
            assert!(store.attempted(&key, attempt, at(22)).await.unwrap(), "{beginning:?}");
        }
        assert_eq!(post_due(&store, at(30)).await, looked_up, "{beginning:?}");
        assert_eq!(post_due(&store, at(200)).await, later, "{beginning:?}");
        // What is looked up at last is never a second message of a beginning that is over.
        store.attempted(&key, Attempt::Absent, at(201)).await.unwrap();
        assert_eq!(post_due(&store, at(202)).await, Vec::<String>::new(), "{beginning:?}");
    }
}

/// The edit that shows the end of a matter does not arrive before the same starts over.
#[tokio::test]
async fn a_root_ends_with_its_own_episode_and_shows_no_other() {
    use BuildStatus::{Failed, Passed};

    use crate::tests::{at, build};
    let store = Store::temporary(at(0)).unwrap();
    let forge = AccountName::from("forge");
    store.watch(&forge, at(0)).await.unwrap();
    let ingest = async |statuses: &[BuildStatus], second: i64| {
        let snapshots = vec![build("acme/web", statuses)];
        let report = Report::Hook(Received { snapshots, ..Received::default() });
        store.ingest(&forge, report, at(second), Arc::new(PostAll)).await.unwrap();
    };
    let post_due = async |second: i64| {
        let posted = post_due(&store, at(second)).await;
        posted.iter().filter_map(|it| it.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let latest = async || store.deliveries(1).await.unwrap().remove(0);
    ingest(&[Passed], 61).await;
    post_due(62).await;
    ingest(&[Passed, Failed], 121).await;
    assert_eq!(post_due(122).await, ["post"]);
    let root = latest().await.key;
    ingest(&[Passed, Failed, Passed], 181).await;
    // Four times without success.
    for second in [182, 184, 188, 196] {
        let claimed = store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
        assert_eq!(claimed.key, root);
        ready(&store, claimed, at(second)).await.unwrap().expect("it says more than before");
        let attempt = Attempt::Later(at(second + 2), ServiceError::unknown("503"));
        store.attempted(&root, attempt, at(second)).await.unwrap();
    }
    ingest(&[Passed, Failed, Passed, Failed], 241).await;
    let shown = async || {
        let message = store.delivery(&root).await.unwrap().unwrap().message;
        (message.tone, message.blocks)
    };
    let ended = (Tone::Good, vec![Block::Fields(vec![("now".to_owned(), "passed".to_owned())])]);
    assert_eq!(post_due(242).await, ["edit", "post"], "the end is over, its root shows it");
    assert_eq!(shown().await, ended);
    // The second episode has a root of its own.
    ingest(&[Passed, Failed, Passed, Failed, Passed], 301).await;
    assert_eq!(post_due(302).await, ["edit", "reply"]);
    assert_eq!(shown().await, ended);
    let fixed = latest().await;
    assert!(fixed.root.is_some_and(|of| of != root), "it is under the second one");
}

/// The fix comes under the failure, whose root shows it: what was canceled in between has neither mended nor broken anything.
#[tokio::test]
async fn a_canceled_run_does_not_end_the_thread_of_a_failure() {
    use BuildStatus::{Canceled, Failed, Passed};

    use crate::tests::{at, build};
    let store = Store::temporary(at(0)).unwrap();
    let forge = AccountName::from("forge");
    store.watch(&forge, at(0)).await.unwrap();
    let runs = [Passed, Failed, Canceled, Passed];
    // runs seen so far -> what is sent, the tone of the root, the state that it shows
    let cases = [
        (2, vec!["post"], Tone::Bad, None),
        (3, vec!["edit", "reply"], Tone::Bad, Some("canceled")),
        (4, vec!["edit", "reply"], Tone::Good, Some("passed")),
    ];
    let ingest = async |count: usize, second: i64| {
        let snapshots = vec![build("acme/web", &runs[..count])];
        let report = Report::Hook(Received { snapshots, ..Received::default() });
        store.ingest(&forge, report, at(second), Arc::new(PostAll)).await.unwrap();
        let sent = post_due(&store, at(second + 1)).await;
        sent.iter().filter_map(|it| it.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    ingest(1, 61).await;
    let mut root = None;
    for (count, expected, tone, status) in cases {
        assert_eq!(ingest(count, 60 * count as i64 + 1).await, expected, "{count}");
        let latest = store.deliveries(1).await.unwrap().remove(0);
        let key = root.get_or_insert(latest.key);
        let message = store.delivery(key).await.unwrap().unwrap().message;
        let state: Vec<_> =
            status.map(|it| Block::Fields(vec![("now".to_owned(), it.to_owned())])).into_iter().collect();
        assert_eq!((message.tone, message.blocks), (tone, state), "{count}");
    }
}

/// A failure that may stand in the channel is named there once more, though its fix is not posted.
#[tokio::test]
async fn beginning_that_may_have_been_posted_is_named_by_the_first_message_after_its_end() {
    use BuildStatus::{Failed, Passed};

    use crate::tests::{at, build};
    // whether the fix is sent before it fails again -> what is sent of the fix, of the second failure, and of its fix
    let cases: [(bool, [&[&str]; 3]); 2] = [
        (true, [&["post, not sure"], &["post"], &["edit", "reply"]]),
        (false, [&[], &["post, not sure"], &["edit, not sure", "reply"]]),
    ];
    for (fix_is_sent, expected) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let forge = AccountName::from("forge");
        store.watch(&forge, at(0)).await.unwrap();
        let ingest = async |statuses: &[BuildStatus], second: i64| {
            let snapshots = vec![build("acme/web", statuses)];
            let report = Report::Hook(Received { snapshots, ..Received::default() });
            store.ingest(&forge, report, at(second), Arc::new(PostAll)).await.unwrap();
        };
        let sent = async |second: i64| {
            let sent = post_due(&store, at(second)).await;
            sent.iter().map(|it| it.replace(|c: char| c == ' ' || c.is_ascii_digit(), "")).collect::<Vec<_>>()
        };
        let as_sent = |expected: &[&str]| expected.iter().map(|it| it.replace(' ', "")).collect::<Vec<_>>();
        ingest(&[Passed], 61).await;
        sent(62).await;
        ingest(&[Passed, Failed], 121).await;
        let claimed = store.claim(at(122), 1, BTreeMap::new()).await.unwrap().pop().expect("a failure");
        let key = claimed.key.clone();
        ready(&store, claimed, at(122)).await.unwrap().expect("it is news");
        let lost = Attempt::Unknown(at(122) + LONGEST_WAIT, ServiceError::unknown("lost"));
        store.attempted(&key, lost, at(122)).await.unwrap();
        ingest(&[Passed, Failed, Passed], 181).await;
        if fix_is_sent {
            assert_eq!(sent(182).await, as_sent(expected[0]));
        }
        ingest(&[Passed, Failed, Passed, Failed], 241).await;
        assert_eq!(sent(242).await, as_sent(expected[1]), "the fix is sent: {fix_is_sent}");
        ingest(&[Passed, Failed, Passed, Failed, Passed], 301).await;
        assert_eq!(sent(302).await, as_sent(expected[2]), "the fix is sent: {fix_is_sent}");
    }
}

#[tokio::test]
async fn root_of_an_incident_shows_whom_it_is_assigned_to_now() {
    use callboard_domain::item::{Assignment, Detail, User};

    use crate::tests::{at, incident};
    let store = Store::temporary(at(0)).unwrap();
    let pager = AccountName::from("pager");
    store.watch(&pager, at(0)).await.unwrap();
    // assigned to, when, how far -> what is sent, what the root shows
    let cases: [(&str, i64, _, &[&str], Option<&str>); 4] = [
        ("Ana", 10, IncidentStatus::Triggered, &["post 1"], None),
        ("Zoe", 20, IncidentStatus::Triggered, &["edit 1", "reply 2"], Some("assigned to Zoe")),
        ("Zoe", 30, IncidentStatus::Acknowledged, &["edit 1", "reply 3"], Some("acknowledged")),
        ("Zoe", 40, IncidentStatus::Resolved, &["edit 1", "reply 4"], Some("resolved")),
    ];
    for (name, second, status, expected, now) in cases {
        let mut item = incident("db1", status, second);
        if let Detail::Incident(incident) = &mut item.detail {
            let to = vec![User::named(name)];
            incident.assigned = Some(Assignment { at: at(second), to, by: None });
        }
        let report = Report::Hook(Received { snapshots: vec![item], ..Received::default() });
        store.ingest(&pager, report, at(second), Arc::new(PostAll)).await.unwrap();
        assert_eq!(post_due(&store, at(second + 1)).await, expected, "{status:?}");
        let root = store.deliveries(10).await.unwrap().pop().expect("the first one");
        let shown: Vec<_> =
            now.map(|it| Block::Fields(vec![("now".to_owned(), it.to_owned())])).into_iter().collect();
        assert_eq!(root.message.blocks, shown, "{status:?}");
    }
}
