//! What a webhook has reported, and a listing lacks: the listing may be behind, as that of another server of a cluster.

use callboard_domain::item::ApprovalState;

use super::{
    gone::{approval, pull_request},
    *,
};

/// What comes of incidents, by their ids.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A webhook reports that they fire.
    Fires(&'static [&'static str]),
    /// A webhook reports that it is over.
    Ends(&'static str),
    /// A complete listing has these.
    Lists(&'static [&'static str]),
    /// A complete listing has these, acknowledged just now.
    ListsTaken(&'static [&'static str]),
    /// A listing that is not complete has these.
    ListsPart(&'static [&'static str]),
    /// The first part of a long poll has these.
    ListsFirst(&'static [&'static str]),
    /// A complete listing of another service has none.
    ListsElsewhere,
    /// A complete listing has none, and only these are watched by now.
    Watches(&'static [&'static str]),
    /// A webhook reports the first while a complete listing of the others is on its way.
    Meets(&'static str, &'static [&'static str]),
    /// A poll has found that it was deleted.
    Deleted(&'static str),
    /// A poll has found that nothing is there any more.
    Emptied,
}

fn fire(ids: &[&str]) -> Vec<Item> {
    ids.iter().copied().map(firing).collect()
}

/// A complete listing. Each incident is of both of its scopes.
fn complete(snapshots: Vec<Item>) -> Batch {
    let storage = Scope { kind: Kind::Incident, repo: Some("storage".to_owned()) };
    Batch { snapshots, complete: vec![Scope::all(Kind::Incident), storage], ..Batch::default() }
}

/// What a step reports at `now`, and when, one after the other. Polls began a second before.
fn reports(step: Step, now: i64) -> Vec<(i64, Report)> {
    let began = now - 1;
    let delivery = now.to_string();
    let report = match step {
        Step::Fires(ids) => hook(&delivery, fire(ids)),
        Step::Ends(id) => hook(&delivery, vec![resolved(id, now)]),
        Step::Lists(ids) => found(began, complete(fire(ids))),
        Step::ListsTaken(ids) => {
            let taken = ids.iter().map(|id| alert(id, IncidentStatus::Acknowledged, began));
            found(began, complete(taken.collect()))
        }
        Step::ListsPart(ids) => poll(began, fire(ids)),
        Step::ListsFirst(ids) => {
            let partial = Some(Progress { done: 1, total: 2 });
            found(began, Batch { snapshots: fire(ids), partial, ..Batch::default() })
        }
        Step::ListsElsewhere => {
            let elsewhere = Scope { kind: Kind::Incident, repo: Some("network".to_owned()) };
            found(began, Batch { complete: vec![elsewhere], ..Batch::default() })
        }
        Step::Watches(ids) => Report::Poll {
            batch: complete(Vec::new()),
            began_at: at(began),
            watched: Watched::by(move |item| ids.contains(&item.key.id.as_str())),
            last_note: LastNote::default(),
        },
        Step::Meets(id, ids) => {
            let webhook = hook(&delivery, fire(&[id]));
            return vec![(now, webhook), (now + 1, found(began, complete(fire(ids))))];
        }
        Step::Deleted(id) => {
            let gone = vec![Gone { key: key(id), reason: GoneReason::Deleted }];
            found(began, Batch { gone, ..Batch::default() })
        }
        Step::Emptied => {
            let emptied = vec![Scope::all(Kind::Incident)];
            found(began, Batch { emptied, ..Batch::default() })
        }
    };
    vec![(now, report)]
}

#[tokio::test]
async fn first_listing_that_lacks_what_a_webhook_reported_ends_it_not_and_the_next_one_does() {
    use Step::*;
    // Each step, and what is on the board after it.
    type Case = &'static [(Step, &'static [&'static str])];
    let cases: [Case; 23] = [
        &[(Fires(&["a"]), &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        &[(Lists(&[]), &[]), (Fires(&["a"]), &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        // A poll has read it since.
        &[(Fires(&["a"]), &["a"]), (Lists(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (ListsTaken(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (ListsPart(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (Lists(&[]), &["a"]), (Lists(&["a"]), &["a"]), (Lists(&[]), &[])],
        // No webhook has reported it.
        &[(Lists(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(Lists(&["a"]), &["a"]), (ListsTaken(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(Lists(&["a"]), &["a"]), (ListsPart(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(ListsPart(&["a"]), &["a"]), (Lists(&[]), &[])],
        &[(ListsFirst(&["a"]), &["a"]), (Lists(&[]), &[])],
        // It is reported anew.
        &[
            (Fires(&["a"]), &["a"]),
            (Lists(&[]), &["a"]),
            (Fires(&["a"]), &["a"]),
            (Lists(&[]), &["a"]),
            (Lists(&[]), &[]),
        ],
        &[(Lists(&["a"]), &["a"]), (Fires(&["a"]), &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        // Each by itself.
        &[
            (Lists(&["b"]), &["b"]),
            (Fires(&["a"]), &["a", "b"]),
            (Lists(&[]), &["a"]),
            (Fires(&["c"]), &["a", "c"]),
            (Lists(&[]), &["c"]),
            (Lists(&[]), &[]),
        ],
        &[
            (Fires(&["a", "b"]), &["a", "b"]),
            (Lists(&["b"]), &["a", "b"]),
            (Lists(&["a"]), &["a"]),
            (Lists(&[]), &[]),
        ],
        // What has not asked for all of it answers for nothing that it lacks.
        &[(Fires(&["a"]), &["a"]), (ListsPart(&[]), &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (ListsFirst(&[]), &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (ListsElsewhere, &["a"]), (Lists(&[]), &["a"]), (Lists(&[]), &[])],
        // Nor has what was asked for before the webhook came, whatever it has.
        &[
            (Meets("a", &[]), &["a"]),
            (Lists(&[]), &["a"]),
            (Lists(&[]), &[]),
            (Lists(&["a"]), &["a"]),
            (Meets("a", &["a"]), &["a"]),
            (Lists(&[]), &["a"]),
            (Lists(&[]), &[]),
        ],
        // What is no listing counts at once.
        &[(Fires(&["a", "b"]), &["a", "b"]), (Watches(&["b"]), &["b"]), (Lists(&[]), &[])],
        &[(Fires(&["a"]), &["a"]), (Ends("a"), &[])],
        &[(Fires(&["a", "b"]), &["a", "b"]), (Deleted("a"), &["b"]), (Lists(&[]), &["b"])],
        &[(Fires(&["a", "b"]), &["a", "b"]), (Emptied, &[])],
    ];
    for steps in cases {
        for restarts in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("callboard.db");
            let mut store = Store::open(&file, at(50)).unwrap();
            store.watch(&pager(), at(50)).await.unwrap();
            for ((step, open), now) in steps.iter().zip((110..).step_by(10)) {
                for (now, report) in reports(*step, now) {
                    store.ingest(&pager(), report, at(now), everything()).await.unwrap();
                }
                if restarts {
                    store.close().await;
                    drop(store);
                    store = Store::open(&file, at(now + 2)).unwrap();
                }
                let items = store.open_items().await.unwrap();
                let mut found: Vec<_> = items.iter().map(|it| it.item.key.id.as_str()).collect();
                found.sort_unstable();
                assert_eq!(found, *open, "{step:?} of {steps:?}, restarts: {restarts}");
            }
        }
    }
}

/// When the occurrences began that listings have after a webhook reported one that began at 200 (none: a listing lacks
/// it) -> whether it is on the board after each.
#[tokio::test]
async fn only_a_listing_of_the_reported_occurrence_answers_for_it() {
    let began = |at_second: i64| {
        let mut item = alert("a", IncidentStatus::Triggered, at_second);
        let Detail::Incident(incident) = &mut item.detail else { unreachable!("it is an incident") };
        incident.started_at = at(at_second);
        item
    };
    let cases = [
        // The listing is behind: it has the occurrence before.
        ([Some(100), None, None], [true, true, false]),
        ([Some(100), Some(200), None], [true, true, false]),
        ([Some(200), None, None], [true, false, false]),
        // Another one that began since.
        ([Some(215), None, None], [true, false, false]),
        ([None, None, Some(200)], [true, false, true]),
    ];
    for (listings, expected) in cases {
        let store = watching().await;
        let reports =
            [hook("1", vec![began(100)]), hook("2", vec![resolved("a", 150)]), hook("3", vec![began(200)])];
        for (now, report) in [101, 151, 201].into_iter().zip(reports) {
            store.ingest(&pager(), report, at(now), everything()).await.unwrap();
        }
        let mut open = Vec::new();
        for (now, listed) in [220, 230, 240].into_iter().zip(listings) {
            let listing = complete(listed.map(began).into_iter().collect());
            store.ingest(&pager(), found(now, listing), at(now + 1), everything()).await.unwrap();
            open.push(!store.open_items().await.unwrap().is_empty());
        }
        assert_eq!(open, expected, "{listings:?}");
    }
}

#[tokio::test]
async fn whatever_a_webhook_reported_is_gone_with_the_second_listing_that_lacks_it() {
    let items = [
        build("main", BuildStatus::Failed),
        build("main", BuildStatus::Passed),
        pull_request("acme/web"),
        approval(ApprovalState::Waiting, 105),
    ];
    for item in items {
        // Who reported it -> why it is not there after each listing.
        let not_listed = Some(GoneReason::NotListed);
        let cases = [
            (hook("1", vec![item.clone()]), [None, not_listed.clone()]),
            (poll(109, vec![item.clone()]), [not_listed.clone(), not_listed]),
        ];
        for (report, expected) in cases {
            let case = format!("{report:?}");
            let store = watching().await;
            store.ingest(&pager(), report, at(110), everything()).await.unwrap();
            for (began, why) in [120, 130].into_iter().zip(expected) {
                let batch = Batch { complete: vec![Scope::all(item.key.kind)], ..Batch::default() };
                let events = store.ingest(&pager(), found(began, batch), at(began + 1), everything()).await;
                assert_eq!(events.unwrap().events, [], "{case}: it is no news");
                let gone = store.item(&item.key).await.unwrap().unwrap().gone;
                assert_eq!(gone.map(|(why, _)| why), why, "{case} at {began}");
            }
        }
    }
}
