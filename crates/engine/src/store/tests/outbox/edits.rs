//! What is on the record of a message while it is edited.

use callboard_domain::run::Outcome;

use super::*;

#[tokio::test]
async fn record_shows_what_stands_in_the_channel_until_an_edit_has_arrived() {
    let lost = ServiceError::unknown("lost");
    // whether it is an edit, how that went -> what is on the record
    let cases = [
        (true, Attempt::Posted(posted()), "edited"),
        (true, Attempt::Later(at(90), fault()), "one"),
        (true, Attempt::Unknown(at(90), lost.clone()), "one"),
        (true, Attempt::Failed(fault()), "one"),
        (true, Attempt::Closed(Edits::Closed), "one"),
        (true, Attempt::Skipped, "one"),
        // What is sent for the first time is looked for by its text.
        (false, Attempt::Posted(posted()), "edited"),
        (false, Attempt::Later(at(90), fault()), "edited"),
        (false, Attempt::Unknown(at(90), lost), "edited"),
    ];
    for (is_edit, attempt, expected) in cases {
        let context = format!("an edit: {is_edit}, {attempt:?}");
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        let title = async || store.delivery(&key).await.unwrap().unwrap().message.title;
        if is_edit {
            store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
            store.attempted(&key, Attempt::Posted(posted()), at(1)).await.unwrap();
            damage(&store, "UPDATE deliveries SET revision = revision + 1, state = 'pending'");
        }
        let claimed = store.claim(at(2), 1, BTreeMap::new()).await.unwrap().pop().expect(&context);
        let prepared = PreparedDelivery { message: Some(message("edited")), ..PreparedDelivery::default() };
        let ready = store.prepare(claimed, prepared, at(2)).await.unwrap();
        assert_eq!(ready.message.title, "edited", "{context}");
        assert!(store.attempted(&key, attempt, at(3)).await.unwrap(), "{context}");
        assert_eq!(title().await, expected, "{context}");
        // An edit that did not arrive is put into words anew.
        for claimed in store.claim(at(100), 1, BTreeMap::new()).await.unwrap() {
            store.attempted(&claimed.key, Attempt::Posted(posted()), at(100)).await.unwrap();
        }
        assert_eq!(title().await, expected, "{context}, and then as it was");
    }
}

/// Rules that post nothing.
struct Quiet;

impl Decide for Quiet {
    fn decide(&self, _: NewEvent<'_>) -> EventDecision {
        EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts: Vec::new() }
    }
}

/// Earlier versions kept nothing beside the message of a run.
#[tokio::test]
async fn what_an_earlier_version_posted_of_a_run_is_what_the_run_says_and_has_arrived() {
    // whether the end of the run was posted -> the revision in which what it says arrived
    for (is_posted, arrived) in [(true, Some(2)), (false, None)] {
        let store = watching().await;
        let report = |delivery: &str, item| hook(delivery, vec![item]);
        store.ingest(&pager(), report("1", firing("a")), at(100), Arc::new(Quiet)).await.unwrap();
        let run = Run { started_at: at(110), ..running("r1") };
        let post = Some((deploys(), message("silencing")));
        let key = store.begin_run(run, post, at(110)).await.unwrap().unwrap();
        let send = async |second: i64| {
            store.claim(at(second), 1, BTreeMap::new()).await.unwrap();
            store.attempted(&key, Attempt::Posted(posted()), at(second)).await.unwrap();
        };
        send(111).await;
        let state = RunState::Done { outcome: Outcome::ok("silenced") };
        store.end_run("r1", state, Some(message("silenced")), at(112)).await.unwrap();
        if is_posted {
            send(113).await;
        }
        store.ingest(&pager(), report("2", resolved("a", 120)), at(120), Arc::new(Quiet)).await.unwrap();
        let claimed = store.claim(at(121), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
        assert_eq!(claimed.own_message(), &message("silenced"), "{is_posted}");
        let found = claimed.own.as_ref().and_then(|own| own.arrived);
        assert_eq!((found, claimed.own_has_arrived()), (arrived, is_posted));
    }
}

#[tokio::test]
async fn event_that_cannot_be_read_has_happened_all_the_same() {
    use IncidentStatus::{Acknowledged, Resolved};
    let ended = SinceRun::Ended { status: "resolved", at: at(120) };
    // what happens after a run, and what is damaged of that -> what has become of the item
    let cases = [
        (Acknowledged, "at = at", SinceRun::Changed),
        (Acknowledged, "name = 'sneezed'", SinceRun::Changed),
        (Resolved, "at = at", ended),
        (Resolved, "name = 'sneezed'", SinceRun::Changed),
        (Resolved, "at = 9223372036854775807", SinceRun::Changed),
    ];
    for (status, damaged, expected) in cases {
        let store = watching().await;
        let report = |delivery: &str, item| hook(delivery, vec![item]);
        store.ingest(&pager(), report("1", firing("a")), at(100), Arc::new(Quiet)).await.unwrap();
        let run = Run { started_at: at(110), ..running("r1") };
        let post = Some((deploys(), message("silencing")));
        let key = store.begin_run(run, post, at(110)).await.unwrap().unwrap();
        let state = RunState::Done { outcome: Outcome::ok("silenced") };
        store.end_run("r1", state, Some(message("silenced")), at(112)).await.unwrap();
        store.ingest(&pager(), report("2", alert("a", status, 120)), at(120), Arc::new(Quiet)).await.unwrap();
        let seen_at = at(120).as_microsecond();
        damage(&store, &format!("UPDATE events SET {damaged} WHERE seen_at = {seen_at}"));
        let delivery = store.delivery(&key).await.unwrap().unwrap();
        let after = store.after_run(&delivery).await.unwrap().expect("its run has ended");
        let found: Vec<_> = after.items.iter().map(|it| it.since).collect();
        assert_eq!(found, [expected], "{status:?}, {damaged}");
    }
}

#[tokio::test]
async fn edit_that_goes_by_itself_is_no_message_that_was_not_delivered() {
    let lost = ServiceError::unknown("lost");
    // whether it is an edit, how that went, whether its account lacks something -> how many are counted
    let cases = [
        (true, None, false, 0),
        (true, None, true, 1),
        (true, Some(Attempt::Posted(posted())), false, 0),
        (true, Some(Attempt::Later(at(90), fault())), false, 1),
        (true, Some(Attempt::Unknown(at(90), lost.clone())), false, 1),
        (true, Some(Attempt::Failed(fault())), false, 1),
        (false, None, false, 0),
        (false, None, true, 1),
        (false, Some(Attempt::Unknown(at(90), lost)), false, 1),
        (false, Some(Attempt::Failed(fault())), false, 1),
    ];
    for (is_edit, attempt, is_lacking, expected) in cases {
        let context = format!("an edit: {is_edit}, {attempt:?}, its account lacks something: {is_lacking}");
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        if is_edit {
            store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
            store.attempted(&key, Attempt::Posted(posted()), at(1)).await.unwrap();
            assert!(store.revise(&key, message("edited"), at(1)).await.unwrap(), "{context}");
        }
        let waiting = || if is_lacking { vec![AccountName::from("chat")] } else { Vec::new() };
        if attempt.is_none() {
            assert_eq!(store.undelivered(waiting()).await.unwrap(), expected, "{context}, it waits");
        }
        store.claim(at(2), 1, BTreeMap::new()).await.unwrap();
        if let Some(attempt) = attempt {
            assert!(store.attempted(&key, attempt, at(3)).await.unwrap(), "{context}");
        }
        assert_eq!(store.undelivered(waiting()).await.unwrap(), expected, "{context}");
    }
}
