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
