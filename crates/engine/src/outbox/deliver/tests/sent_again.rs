//! What is sent again, and what is looked for first.

use super::*;

/// A chat that is searched, and does nothing else.
struct Searched {
    finds: bool,
    found: Result<Option<Posted>, ServiceError>,
}

#[async_trait]
impl ChatService for Searched {
    async fn post(&self, _: &str, _: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn edit(&self, _: &Posted, _: &Message) -> Result<Edited, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn reply(&self, _: &Posted, _: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn find(
        &self,
        _: &str,
        _: Option<&Posted>,
        _: &DeliveryKey,
        _: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        self.found.clone()
    }

    async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        Ok(Vec::new())
    }

    fn limits(&self) -> Limits {
        Limits { finds: self.finds, ..limits(true) }
    }
}

#[tokio::test]
async fn retried_delivery_is_looked_up_first() {
    use crate::tests::at;
    let (lost, down) = (ServiceError::unknown("503"), ServiceError::unavailable("500"));
    let (no, limited) = (ServiceError::auth("it may not look"), |seconds| ServiceError::RateLimited {
        why: "slow".into(),
        retry_after: Duration::from_secs(seconds),
    });
    let tried = [
        Attempt::Unknown(at(90), lost.clone()),
        // It was looked up without success.
        Attempt::Unknown(at(90), down.clone()),
        Attempt::Unknown(at(90), no.clone()),
        // Its sending broke each time.
        Attempt::Failed(lost.clone()),
    ];
    // the chat finds, what -> the result
    let cases = [
        (true, Ok(Some(stands())), "stands"),
        (true, Ok(None), "absent"),
        (true, Err(down), "unknown"),
        (true, Err(lost), "unknown"),
        (true, Err(limited(30)), "unknown"),
        // It was for the person to look.
        (true, Err(no), "sent"),
        (false, Ok(None), "sent"),
    ];
    for before in tried {
        for (finds, found, expected) in cases.clone() {
            let context = format!("{before:?}, then {found:?}");
            let store = Store::temporary(at(0)).unwrap();
            let message = |title: &str| Message::new(Tone::Good, title);
            let to = "chat:#deploys".parse().unwrap();
            let new = NewDelivery { content: Content::Message(message("one")), to, actor: None };
            let key = store.enqueue(new, at(0)).await.unwrap();
            claim(&store, 1).await;
            store.attempted(&key, before.clone(), at(2)).await.unwrap();
            store.revise(&key, message("two"), at(3)).await.unwrap();
            assert!(store.retry(&key, &Actor::rule("all"), at(4)).await.unwrap());
            let chat = Chat::new(Arc::new(Searched { finds, found }));
            match looked_for(&store, &chat, claim(&store, 5).await).await.unwrap() {
                Ok(claimed) => {
                    assert_eq!(expected, "sent", "{context}");
                    assert_eq!(
                        (claimed.sent_revision, claimed.message.title.as_str()),
                        (2, "two"),
                        "{context}"
                    );
                }
                Err(attempt) => {
                    let came = match &attempt {
                        Attempt::Posted(_) => "stands",
                        Attempt::Absent => "absent",
                        Attempt::Unknown(..) => "unknown",
                        _ => "other",
                    };
                    assert_eq!(came, expected, "{context}");
                    store.attempted(&key, attempt, at(6)).await.unwrap();
                }
            }
            // What stands is edited to its latest revision, and what does not is sent without another search.
            if ["stands", "absent"].contains(&expected) {
                let claimed = claim(&store, 7).await;
                assert_eq!(claimed.posted.is_some(), expected == "stands", "{context}");
                assert!(!claimed.may_have_arrived() && claimed.sent_revision == 2, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn edit_that_did_not_arrive_is_sent_again_with_the_same_text() {
    use crate::tests::{at, incident};
    let store = Store::temporary(at(0)).unwrap();
    let pager = AccountName::from("pager");
    store.watch(&pager, at(0)).await.unwrap();
    for (status, second) in [(IncidentStatus::Triggered, 10), (IncidentStatus::Acknowledged, 20)] {
        let snapshots = vec![incident("db1", status, second)];
        let report = Report::Hook(Received { snapshots, ..Received::default() });
        store.ingest(&pager, report, at(second), Arc::new(PostAll)).await.unwrap();
        if status == IncidentStatus::Triggered {
            assert_eq!(post_due(&store, at(11)).await, ["post 1"]);
        }
    }
    let claimed = store.claim(at(21), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
    let key = claimed.key.clone();
    ready(&store, claimed, at(21)).await.unwrap().expect("the text has changed");
    store.attempted(&key, Attempt::Later(at(22), ServiceError::unavailable("down")), at(21)).await.unwrap();
    assert_eq!(post_due(&store, at(23)).await, ["edit 1", "reply 2"]);
}

/// As a webhook answers, which says nothing of the message that it has posted.
#[tokio::test]
async fn record_of_a_post_without_an_id_shows_what_was_posted() {
    use crate::tests::{at, incident};
    // the id under which it is posted -> whether what happened meanwhile is an edit
    for (id, is_edited) in [("1.2", true), ("", false)] {
        let store = watching().await;
        let ingest =
            async |status, second| report(&store, PostAll, incident("db1", status, second), second).await;
        ingest(IncidentStatus::Triggered, 10).await;
        let claimed = claim(&store, 11).await;
        let key = claimed.key.clone();
        let sent = ready(&store, claimed, at(11)).await.unwrap().expect("it is news").message.clone();
        // It is renewed while it is being sent.
        ingest(IncidentStatus::Acknowledged, 20).await;
        let posted = Posted { id: id.to_owned(), ..stands() };
        store.attempted(&key, Attempt::Posted(posted), at(21)).await.unwrap();
        let claimed = claim(&store, 22).await;
        assert_eq!(claimed.key, key, "{id:?}");
        let attempt = match ready(&store, claimed, at(22)).await.unwrap() {
            Ok(edit) => {
                assert_ne!(edit.message, sent, "{id:?}");
                Attempt::Posted(stands())
            }
            Err(attempt) => attempt,
        };
        assert_eq!(attempt != Attempt::Skipped, is_edited, "{id:?}: {attempt:?}");
        store.attempted(&key, attempt, at(23)).await.unwrap();
        let recorded = store.delivery(&key).await.unwrap().unwrap();
        assert_eq!(recorded.state, DeliveryState::Posted, "{id:?}");
        assert_eq!(recorded.message != sent, is_edited, "{id:?}");
    }
}
