//! What polls see of an incident, from its beginning to its end.

use std::collections::BTreeMap;

use callboard_domain::source::{Scope, Source};

use super::*;

/// Polls as the engine does: what was stored, with what a poll adds.
struct Polled {
    source: Arc<dyn Source>,
    stored: BTreeMap<String, Item>,
}

impl Polled {
    fn new(url: &str) -> Self {
        Self::with(&config(url))
    }

    fn with(config: &Config) -> Self {
        let connection = config.connect(access(&FIELDS)).unwrap();
        Self { source: connection.source.unwrap(), stored: BTreeMap::new() }
    }

    /// What a poll reports, and the poll.
    async fn poll(&mut self) -> (Vec<(EventName, Option<String>)>, Batch) {
        let batch = self.source.poll(None, now()).await.unwrap();
        let mut reported = Vec::new();
        for item in &batch.snapshots {
            let change = compare_read(self.stored.get(&item.key.id), item.clone());
            reported.extend(change.transitions.into_iter().map(|it| (it.name, it.by.map(|by| by.id))));
            self.stored.insert(item.key.id.clone(), change.item);
        }
        (reported, batch)
    }
}

fn by(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[tokio::test]
async fn incident_is_followed_to_its_end() {
    use EventName::*;
    let server = Server::holding([incident("42")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());

    let (reported, batch) = board.poll().await;
    assert_eq!(reported, [(Triggered, None)]);
    let first = detail(&batch.snapshots[0]);
    assert_eq!((first.service.as_str(), first.severity), ("checkout", Severity::Critical));
    assert_eq!(
        (first.assignee_names(), first.holder_names()),
        (vec![BO], vec![]),
        "paged is not acknowledged"
    );
    assert_eq!((first.number, first.description.as_deref()), (Some(42), Some("p99 is 4 s")));
    assert_eq!(batch.snapshots[0].title, "Checkout is slow (42)");
    assert!(batch.snapshots[0].url.as_ref().unwrap().as_str().ends_with("incidentName=42"));
    assert_eq!((batch.complete, batch.problems.len()), (vec![Scope::all(Kind::Incident)], 0));

    server.set(acked("42"));
    let (reported, batch) = board.poll().await;
    assert_eq!(reported, [(Acknowledged, by(BO))]);
    assert_eq!(detail(&batch.snapshots[0]).holder_names(), [BO]);

    // Ana joins him: that is no news, and both have it.
    let both = [("ACKED", "2026-11-22T11:10:00Z", BO), ("ACKED", "2026-11-22T11:11:00Z", ANA)];
    server.set(after("42", &both));
    assert_eq!(board.poll().await.0, []);
    assert_eq!(detail(&board.stored["42"]).holder_names(), [ANA, BO]);

    // No transition shows it, yet nobody has it again; of equal times the later list counts.
    server.set(with(after("42", &both), json!({ "currentPhase": "UNACKED" })));
    assert_eq!(board.poll().await.0, [(Unacknowledged, None)]);

    let again = [both[0], ("UNACKED", "2026-11-22T11:12:00Z", ""), ("ACKED", "2026-11-22T11:13:00Z", ANA)];
    server.set(after("42", &again));
    assert_eq!(board.poll().await.0, [(Acknowledged, by(ANA))]);
    assert_eq!(detail(&board.stored["42"]).holder_names(), [ANA], "whoever had it before has it no more");

    server.set(resolved("42"));
    assert_eq!(board.poll().await.0, [(Resolved, by(BO))]);
    server.forget("42");
    let (reported, batch) = board.poll().await;
    assert_eq!((reported, batch.snapshots.len(), batch.complete.len()), (vec![], 0, 1));
}

#[tokio::test]
async fn escalation_names_whom_it_pages_and_acknowledging_is_no_reassignment() {
    let server = Server::holding([incident("42")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    server.set(with(incident("42"), json!({ "pagedUsers": [ANA, BO, ANA] })));
    assert_eq!(board.poll().await.0, [(EventName::Reassigned, None)]);
    server.set(with(incident("42"), json!({ "pagedUsers": [BO, ANA] })));
    assert_eq!(board.poll().await.0, [], "the same people in another order");
    for none in [json!([]), json!(null)] {
        server.set(with(acked("42"), json!({ "pagedUsers": none })));
        board.poll().await;
    }
    assert_eq!(board.poll().await.0, []);
    assert_eq!(detail(&board.stored["42"]).status, IncidentStatus::Acknowledged);
}

#[tokio::test]
async fn rerouted_incident_has_not_ended() {
    let server = Server::holding([incident("41"), incident("42")]);
    let http = serve(&server).await;
    let mut config = config(&http.uri());
    config.teams = vec!["Checkout".to_owned()];
    let mut board = Polled::with(&config);
    let (_, batch) = board.poll().await;
    assert_eq!((batch.snapshots.len(), batch.gone.len()), (2, 0));
    server.set(with(incident("42"), json!({ "pagedTeams": ["team-search"], "pagedPolicies": [] })));
    let (_, batch) = board.poll().await;
    let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), gone.reason.clone())).collect();
    assert_eq!(gone, [("42", GoneReason::NotWatched)]);
    assert_eq!((batch.snapshots.len(), batch.complete.len()), (1, 1));
}

/// What is not known of an incident is named where the account watches it: filters -> the incidents that are named.
#[tokio::test]
async fn unwatched_incident_causes_no_problem() {
    let unread = json!({ "pagedUsers": null, "transitions": null });
    let others = json!({ "routingKey": "search", "pagedTeams": ["team-search"], "pagedPolicies": [] });
    let server = Server::holding([
        with(incident("41"), unread.clone()),
        with(with(incident("42"), others), unread),
        // Which teams it pages is not known: it may be one of those that are watched.
        with(incident("43"), json!({ "routingKey": "search", "pagedTeams": null })),
    ]);
    let http = serve(&server).await;
    let cases: [(&[&str], &[&str], &[&str]); 5] = [
        (&[], &[], &["#41", "#41", "#42", "#42", "#43"]),
        (&[], &["checkout"], &["#41", "#41"]),
        (&[], &["search"], &["#42", "#42", "#43"]),
        (&["Checkout"], &[], &["#41", "#41", "#43"]),
        (&["Checkout"], &["search"], &["#43"]),
    ];
    for (teams, routing_keys, expected) in cases {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut config = config(&http.uri());
        (config.teams, config.routing_keys) = (own(teams), own(routing_keys));
        let (_, batch) = Polled::with(&config).poll().await;
        let mut named: Vec<_> = batch.problems.iter().map(|problem| problem.part.as_str()).collect();
        named.sort_unstable();
        assert_eq!(named, expected, "{teams:?} {routing_keys:?}: {:?}", batch.problems);
        let gone = 3 - batch.snapshots.len();
        assert_eq!((batch.gone.len(), batch.complete.len()), (gone, 1), "{teams:?} {routing_keys:?}");
    }
}
