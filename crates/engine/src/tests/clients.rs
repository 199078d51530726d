//! What clients receive: the status in numbers, and notifications.

use serde_json::json;

use super::*;
use crate::{
    api::{Changes, CheckVerdict, Doctor, NotificationsQuery, Quiet, StatusQuery, TrayIcon},
    clients::socket::Client,
};

#[tokio::test]
async fn status_counts_and_summarises_everything() {
    let it = Scene::open("[accounts.forge]\nservice = \"github\"\n", Mode::Once, &[]).await;
    let status = it.call(StatusQuery {}).await.unwrap();
    // Its token is not set.
    assert_eq!((status.icon, status.accounts_ok, status.accounts), (TrayIcon::Offline, 0, 1));
    assert_eq!(status.account_problems[0].what, "is not set up");
    it.engine.stop().await;

    let it = Scene::serving().await;
    let status = async || it.call(StatusQuery {}).await.unwrap();
    let first = status().await;
    assert_eq!((first.icon, first.summary.as_str()), (TrayIcon::Partial, "Nothing is watched"));
    it.report([pull(1, "Try it", &["ana"])]).await;
    let now = status().await;
    assert_eq!(
        (now.icon, now.count, now.summary.as_str()),
        (TrayIcon::Attention, 1, "1 pull request needs you")
    );
    it.report([build("acme/web", &[BuildStatus::Passed, BuildStatus::Failed])]).await;
    assert_eq!((status().await.icon, status().await.count), (TrayIcon::Failing, 2));

    let it = Scene::serving().await;
    let end = Timestamp::now() + Duration::from_secs(600);
    it.call(Quiet { until: Some(end) }).await.unwrap();
    let status = it.call(StatusQuery {}).await.unwrap();
    assert_eq!(status.icon, TrayIcon::DoNotDisturb);
    assert!(
        status.quiet.is_some_and(|quiet| quiet.manual && quiet.until.duration_since(end).as_millis() == 0)
    );
    it.engine.stop().await;
}

#[tokio::test]
async fn notification_is_shown_by_the_host_and_withdrawn_when_moot() {
    let it = Scene::serving().await;
    let failed = [BuildStatus::Passed, BuildStatus::Failed];
    it.report([build("acme/web", &failed)]).await;
    until("it is shown", async || it.host.shown() == ["web main failed after 1 green"]).await;
    assert!(it.host.withdrawn().is_empty());
    it.report([build("acme/web", &[failed[0], failed[1], BuildStatus::Passed])]).await;
    until("it is withdrawn", async || it.host.withdrawn() == ["forge/build/acme/web/ci@main"]).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn client_waiting_on_the_socket_receives_notifications() {
    let it = Scene::serving().await;
    let mut client = Client::connect(&it.data()).await.unwrap();
    let waiting = tokio::spawn(async move {
        let due = client.call(NotificationsQuery {}).await.unwrap();
        (due, client)
    });
    it.report([incident("db1", IncidentStatus::Triggered, 1)]).await;
    let (due, mut client) = waiting.await.unwrap();
    let titles: Vec<&str> = due.show.iter().map(|it| it.title.as_str()).collect();
    assert_eq!((titles.len(), due.show[0].items[0].to_string().as_str()), (1, "pager/incident/db1"));
    // It calls again, and receives that somebody has acknowledged it.
    let waiting = tokio::spawn(async move { client.call(NotificationsQuery {}).await.unwrap() });
    it.report([incident("db1", IncidentStatus::Acknowledged, 2)]).await;
    let due = waiting.await.unwrap();
    assert_eq!(due.moot, [incident("db1", IncidentStatus::Triggered, 1).key]);
    assert!(it.host.shown().is_empty() && it.host.withdrawn().is_empty(), "all of it went to the client");
    it.engine.stop().await;
}

/// Who is asked -> how notifications are there.
#[tokio::test]
async fn host_without_notifications_is_named_where_it_is_the_one_that_notifies() {
    async fn found(it: &Scene) -> Option<CheckVerdict> {
        let checks = it.call(Doctor {}).await.unwrap();
        checks.into_iter().find(|check| check.name == "notifications").map(|check| check.verdict)
    }
    let it = Scene::open("", Mode::Once, &[]).await;
    assert_eq!(found(&it).await, None, "nothing is notified");
    it.engine.stop().await;

    let it = Scene::serving().await;
    assert_eq!(found(&it).await, Some(CheckVerdict::Warning));
    let mut client = Client::connect(&it.data()).await.unwrap();
    let waiting = tokio::spawn(async move { client.call(NotificationsQuery {}).await });
    until("it waits", async || it.engine.inner.notifier.handoff().waiting() == 1).await;
    assert_eq!(found(&it).await, Some(CheckVerdict::Ok), "the client shows them");
    it.engine.stop().await;
    drop(waiting);
}

#[tokio::test]
async fn notification_never_read_by_a_client_falls_back_to_the_host() {
    use tokio::io::AsyncWriteExt;

    let it = Scene::serving().await;
    let mut client = tokio::net::UnixStream::connect(it.data().join("callboard.sock")).await.unwrap();
    client.write_all(b"{\"call\":\"notices\",\"params\":{}}\n").await.unwrap();
    it.report([incident("db1", IncidentStatus::Triggered, 1)]).await;
    // The response is in the socket, and is never read.
    client.readable().await.unwrap();
    assert!(it.host.shown().is_empty());
    drop(client);
    until("the host shows it", async || it.host.shown().len() == 1).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn a_waiting_call_is_dropped_when_its_caller_goes_away() {
    use tokio::io::AsyncWriteExt;

    let it = Scene::serving().await;
    let receivers = || it.engine.inner.notifier.handoff().waiting();
    let mut client = tokio::net::UnixStream::connect(it.data().join("callboard.sock")).await.unwrap();
    client.write_all(b"{\"call\":\"notices\",\"params\":{}}\n").await.unwrap();
    until("it waits", async || receivers() == 1).await;
    drop(client);
    until("it is given up", async || receivers() == 0).await;

    let mut client = Client::connect(&it.data()).await.unwrap();
    let seen = client.call(Changes { seen: 0 }).await.unwrap();
    let waiting = tokio::spawn(async move { client.call(Changes { seen }).await.unwrap() });
    it.report([incident("db1", IncidentStatus::Triggered, 1)]).await;
    assert!(waiting.await.unwrap() > seen);
    it.engine.stop().await;
}

#[tokio::test]
async fn value_that_a_call_cannot_take_is_named_and_is_no_other_version() {
    let it = Scene::open("", Mode::Once, &[]).await;
    let cases = [
        (
            "snooze",
            json!({ "item": "x", "until": "9999-12-31T23:59:59Z" }),
            "snooze: until: \"9999-12-31T23:59:59Z\" is too late: the last",
        ),
        (
            "quiet",
            json!({ "until": "9999-12-31T23:00:00-05:00" }),
            "quiet: until: \"9999-12-31T23:00:00-05:00\" is too late",
        ),
        ("snooze", json!({ "item": "x", "until": "soon" }), "snooze: until: \"soon\" is no time such as"),
        ("snooze", json!({ "until": "2026-11-30T09:00:00Z" }), "snooze: missing field `item`"),
        ("events", json!({ "limit": -1 }), "events: limit: invalid value: integer `-1`"),
        ("activity", json!({ "days": 70_000 }), "activity: days: invalid value: integer `70000`"),
        ("flush", json!({ "seconds": 1e300 }), "flush: seconds: invalid type"),
        ("run", json!({ "line": 7 }), "run: "),
    ];
    for (call, params, expected) in cases {
        let actor = it.engine.actor(LocalVia::Cli);
        for client in ["", env!("CARGO_PKG_VERSION")] {
            let refused =
                crate::clients::dispatch::dispatch(&it.engine, call, params.clone(), &actor, client)
                    .await
                    .unwrap_err();
            assert!(matches!(refused, ApiError::Usage { .. }), "{call}: {refused}");
            assert!(refused.to_string().starts_with(expected), "{refused}");
        }
        let refused =
            crate::clients::dispatch::dispatch(&it.engine, call, params, &actor, "0.0.1").await.unwrap_err();
        assert!(refused.to_string().starts_with("protocol mismatch: client 0.0.1"), "{refused}");
    }
    // Nothing given is nothing meant, as before.
    let refused = it.engine.call_named(LocalVia::Cli, "snooze", json!({ "item": "x" })).await.unwrap_err();
    assert!(refused.to_string().contains('x'), "{refused}");
    it.engine.stop().await;
}
