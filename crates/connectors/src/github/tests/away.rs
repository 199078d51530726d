//! Repositories that are not there, or hidden, and what shows that they may be back.

use jiff::SignedDuration;

use super::{
    errors::failing,
    hook::signed,
    late_hooks::receive,
    poll::{Watch, asked},
    *,
};

/// An event, its body, how many seconds after acme/gone was asked for in vain -> whether a poll comes soon, and whether
/// that repository is asked for again then. It never was there, or allowed, and is left alone for ten minutes otherwise.
#[tokio::test]
async fn any_webhook_of_a_refused_repository_has_it_requested() {
    let gone = |change: Value| json!({ "repository": with(with(repo("gone"), json!({ "id": 7 })), change) });
    let plain = || gone(json!({}));
    let other = with(repo("other"), json!({ "id": 8 }));
    let tag = with(plain(), json!({ "ref": "v1", "ref_type": "tag" }));
    let cases = [
        ("push", plain(), 60, true, true),
        ("check_suite", with(plain(), json!({ "action": "completed" })), 60, true, true),
        ("check_run", plain(), 60, true, true),
        ("status", plain(), 60, true, true),
        ("ping", plain(), 60, true, true),
        ("of_tomorrow", plain(), 60, true, true),
        ("repository", with(plain(), json!({ "action": "edited" })), 60, true, true),
        ("delete", tag, 60, true, true),
        ("push", gone(json!({ "full_name": "ACME/Gone" })), 3_600, true, true),
        // Archived: GitHub knows.
        ("push", gone(json!({ "archived": true })), 60, true, true),
        // A clock was put back.
        ("push", plain(), -60, true, true),
        // It was asked for just now: the next poll, whenever it comes, asks again.
        ("push", plain(), 59, false, true),
        // What is there, what is not watched, what is of no repository.
        ("push", json!({ "repository": repo("web") }), 60, false, false),
        ("push", json!({ "repository": other }), 60, false, false),
        ("ping", json!({ "zen": "Keep it logically awesome." }), 60, false, false),
        ("push", json!({ "repository": null }), 60, false, false),
        ("push", json!([1]), 60, false, false),
    ];
    let statuses = [404, 403];
    for (status, (event, body, seconds, soon, again)) in
        statuses.into_iter().flat_map(|status| cases.iter().map(move |case| (status, case.clone())))
    {
        let server = serve(forge()).await;
        mount(&server, [failing("/repos/acme/gone", status)]).await;
        let mut watch = Watch::new(&server, &["acme/web", "acme/gone"]);
        watch.poll().await;
        let (headers, bytes) = signed(event, &body);
        let later = watch.now + SignedDuration::from_secs(seconds);
        let received = watch.hook().receive(&headers, &bytes, later).unwrap();
        let found = (received.poll, received.note.is_some(), received.snapshots.len());
        assert_eq!(found, (soon, again, 0), "{status} {event} {body} {seconds}");
        let mut seen = server.received_requests().await.unwrap().len();
        // Once for each webhook.
        for again in [again, false] {
            watch.poll().await;
            let asked = asked(&server, &mut seen).await;
            assert_eq!(asked.contains(&"gone".to_owned()), again, "{event} {body}: {asked:?}");
        }
    }
}

/// A webhook of a pull request of a repository that was never there is shown, and has the repository asked for at once.
#[tokio::test]
async fn webhook_with_an_item_of_a_missing_repository_is_shown() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web", "acme/gone"]);
    watch.poll().await;
    let repository = with(repo("gone"), json!({ "id": 7 }));
    let about = json!({ "pull_request": pull(1, json!({})), "repository": repository });
    let received = receive(&watch, "pull_request", about);
    assert_eq!((received.snapshots.len(), received.poll), (1, true));
    let mut seen = server.received_requests().await.unwrap().len();
    watch.poll().await;
    assert!(asked(&server, &mut seen).await.contains(&"gone".to_owned()));
}

/// An event of an archived repository, and whether it says that it still is -> whether it is asked for.
#[tokio::test]
async fn webhook_of_an_archived_repository_asks_for_it_once_it_is_not() {
    let archived = with(repo("web"), json!({ "archived": true }));
    let server = serve([get("/repos/acme/web", archived.clone())]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    for (event, is_archived, expected) in [
        ("push", false, true),
        ("repository", false, true),
        ("star", true, false),
        ("repository", true, false),
    ] {
        let repository = if is_archived { archived.clone() } else { repo("web") };
        let received = receive(&watch, event, json!({ "action": "edited", "repository": repository }));
        let found = (received.poll, received.note.is_some(), received.snapshots.len());
        assert_eq!(found, (expected, expected, 0), "{event} {is_archived}");
    }
}
