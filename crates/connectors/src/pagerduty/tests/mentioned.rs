//! Incidents that webhooks reported and no list has.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use wiremock::Request;

use super::{poll::Polled, *};

/// Makes a webhook report an incident that is not on the list.
fn mention(board: &Polled, id: &str) {
    let body = webhook("incident.triggered", "2026-11-22T11:00:00Z", Value::Null, &incident(id));
    let body = body.to_string().into_bytes();
    board.hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap();
}

#[tokio::test]
async fn missing_incident_mentioned_by_a_webhook_is_not_resolved() {
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    mention(&board, "Q3SLOW");
    let (reported, batch) = board.poll().await;
    assert_eq!((reported, batch.gone, batch.emptied, batch.problems.len()), (vec![], vec![], vec![], 1));
    // It may be hidden from this key: it stays, and is a problem.
    for hours in [0, 23] {
        let batch = board.poll_after(hours).await.1;
        assert_eq!((batch.gone, batch.problems.len()), (vec![], 1), "{hours} h later");
    }
    assert_eq!(board.poll_after(24).await.1.gone.len(), 1, "it is not there a day later either");
    assert_eq!(board.poll_after(25).await.1.problems, []);
}

/// It may never be there for this key: it costs few calls, and stays a problem.
#[tokio::test]
async fn missing_incident_is_asked_for_with_a_growing_pause() {
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    mention(&board, "Q3SLOW");
    let answer = Mock::given(path("/incidents/Q3SLOW")).respond_with(ResponseTemplate::new(404));
    // At once, after 1 h, and each hour from then on.
    answer.with_priority(1).expect(4).mount(&http).await;
    for hours in [0, 0, 0, 0, 1, 1, 2, 2, 3] {
        let (reported, batch) = board.poll_after(hours).await;
        let named: Vec<_> = batch.problems.iter().map(|problem| problem.part.as_str()).collect();
        assert_eq!((reported, batch.gone, named), (vec![], vec![], vec!["Q3SLOW"]), "{hours} h later");
    }
    http.verify().await;
}

#[tokio::test]
async fn incident_is_missing_only_after_a_response() {
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    mention(&board, "Q3SLOW");
    let is_down = Arc::new(AtomicBool::new(true));
    let answer = is_down.clone();
    let answer = move |_: &Request| match answer.load(Ordering::Relaxed) {
        true => ResponseTemplate::new(500),
        false => ResponseTemplate::new(404),
    };
    Mock::given(path("/incidents/Q3SLOW")).respond_with(answer).with_priority(1).mount(&http).await;
    for hours in [0, 12, 25] {
        let batch = board.poll_after(hours).await.1;
        let [problem] = &batch.problems[..] else { panic!("{hours} h: {:?}", batch.problems) };
        assert_eq!((&batch.gone[..], problem.kind), (&[][..], ProblemKind::NotSeen), "{hours} h");
    }
    is_down.store(false, Ordering::Relaxed);
    assert_eq!(board.poll_after(26).await.1.gone, [], "it was never answered that it is not there");
    assert_eq!(board.poll_after(49).await.1.gone, []);
    assert_eq!(board.poll_after(50).await.1.gone.len(), 1, "a day after the first answer");
}

/// More than are asked for in one poll: the clock of those that wait for their turn does not run.
#[tokio::test]
async fn incident_not_requested_yet_is_not_missing() {
    let ids: Vec<String> = (0..25).map(|n| format!("Q{n:05}")).collect();
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    ids.iter().for_each(|id| mention(&board, id));
    board.poll().await;
    let first = board.poll_after(24).await.1.gone;
    // Those that waited had their turn first, and were asked for the first time.
    assert!(first.iter().all(|gone| gone.key.id.as_str() < "Q00020"), "{first:?}");
    assert_eq!(first.len(), 15);
}

#[tokio::test]
async fn a_new_webhook_about_a_missing_incident_restarts_its_clock() {
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    mention(&board, "Q3SLOW");
    board.poll().await;
    mention(&board, "Q3SLOW");
    for hours in [23, 25, 46] {
        assert_eq!(board.poll_after(hours).await.1.gone, [], "{hours} h");
    }
    assert_eq!(board.poll_after(47).await.1.gone.len(), 1);
}

/// What a webhook reported and this key may not read costs one call, not one with every poll.
#[tokio::test]
async fn refused_incident_mentioned_by_a_webhook_is_forgotten() {
    for status in [400, 403] {
        let http = serve(&Server::default()).await;
        let mut board = Polled::new(&http.uri());
        board.poll().await;
        mention(&board, "Q3SLOW");
        let refused = Mock::given(path("/incidents/Q3SLOW")).respond_with(ResponseTemplate::new(status));
        refused.with_priority(1).expect(1).mount(&http).await;
        let batch = board.poll().await.1;
        let [problem] = &batch.problems[..] else { panic!("{status}: {:?}", batch.problems) };
        assert_eq!((problem.part.as_str(), problem.kind), ("Q3SLOW", ProblemKind::Details), "{status}");
        assert_eq!(board.poll().await.1.problems, [], "{status}");
        http.verify().await;
    }
}

/// What a webhook reported is asked for, though the program was started again before a poll.
#[tokio::test]
async fn incident_mentioned_by_a_webhook_survives_a_restart() {
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    let body = webhook("incident.triggered", "2026-11-22T11:30:00Z", Value::Null, &incident("Q2NEW"));
    let body = body.to_string().into_bytes();
    let other = Polled::new(&http.uri());
    let received = other.hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap();
    let with_notes = |cursor: Option<&Cursor>, notes: &[&str]| {
        let notes: Vec<String> = notes.iter().copied().map(str::to_owned).collect();
        board.source.with_notes(cursor, &notes)
    };
    let (first, note) = (board.cursor.clone(), received.note.unwrap());
    let cursor = with_notes(first.as_ref(), &[note.as_str()]);
    assert_ne!(cursor, first);
    assert_eq!(with_notes(cursor.as_ref(), &[note.as_str()]), cursor, "it is there");
    assert_eq!(with_notes(first.as_ref(), &["\"Q1SLOW\""]), first, "it is on the list");
    assert_eq!(with_notes(first.as_ref(), &["Q2NEW", "7"]), first, "they are of another version");
    assert_eq!(with_notes(None, &[note.as_str()]), None, "the first poll reads all");
    // It is over before the next poll, by another program.
    server.set(with(incident("Q2NEW"), json!({ "status": "resolved" })));
    board = Polled { cursor, stored: board.stored, ..Polled::new(&http.uri()) };
    let (_, batch) = board.poll().await;
    let ended = batch.snapshots.iter().find(|item| item.key.id == "Q2NEW").expect("it is asked for");
    assert_eq!(ended.status(), "resolved");
}
