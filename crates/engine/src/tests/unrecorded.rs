//! A store that cannot be written: what is read meanwhile is said not to be recorded.

use callboard_domain::board::NotSeenKind;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::*;
use crate::api::{AccountsQuery, BoardQuery, Health, PollNow, StatusQuery, TestAccount, TrayIcon};

/// Has the server answer with a feed of so many red projects.
async fn serve_feed(server: &MockServer, projects: usize) {
    let project = |number: usize| {
        format!(
            r#"<Project name="p{number}" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="1"
                        lastBuildTime="2026-11-22T12:00:00Z" webUrl="http://ci.example/p{number}"/>"#
        )
    };
    let projects: String = (0..projects).map(project).collect();
    let feed = ResponseTemplate::new(200)
        .set_body_raw(format!("<Projects>{projects}</Projects>"), "application/xml");
    server.reset().await;
    Mock::given(method("GET")).respond_with(feed).mount(server).await;
}

#[tokio::test]
async fn full_disk_is_never_calm() {
    let server = MockServer::start().await;
    serve_feed(&server, 0).await;
    let config = format!("[accounts.feed]\nservice = \"cctray\"\nurl = \"{}/cc.xml\"\n", server.uri());
    let it = Scene::open(&config, Mode::Once, &[]).await;
    let poll = async || it.call(PollNow { account: None }).await.unwrap().remove(0).health;
    assert_eq!(poll().await, Health::Ok);
    assert_eq!(it.call(StatusQuery {}).await.unwrap().icon, TrayIcon::Calm);

    it.engine.store().limit_growth(Some(0)).await;
    serve_feed(&server, 200).await;
    let first = poll().await;
    let Health::Unrecorded { since, why } = &first else { panic!("{first:?}") };
    assert!(why.contains("is full"), "{why}");
    let again = poll().await;
    assert!(matches!(again, Health::Unrecorded { since: still, .. } if still == *since), "{again:?}");
    let board = it.call(BoardQuery::default()).await.unwrap();
    let not_seen: Vec<_> = board.not_seen.iter().map(|it| (it.kind, it.part.as_str(), it.since)).collect();
    assert_eq!(not_seen, [(NotSeenKind::Unrecorded, "", Some(*since))]);
    let status = it.call(StatusQuery {}).await.unwrap();
    assert_eq!(status.icon, TrayIcon::Offline);
    assert_eq!(status.summary, "Nothing needs you in what is seen. Not seen: feed");
    assert_eq!(status.account_problems[0].what, "is not recorded");

    it.engine.store().limit_growth(None).await;
    assert_eq!(poll().await, Health::Ok);
    let board = it.call(BoardQuery::default()).await.unwrap();
    assert_eq!((board.not_seen, board.sections.is_empty()), (Vec::new(), false));
    assert_eq!(it.call(AccountsQuery {}).await.unwrap()[0].health, Health::Ok);
    it.engine.stop().await;
}

/// What the service says of who asks takes more room than the disk has.
#[tokio::test]
async fn full_disk_is_no_trouble_of_the_service_that_is_tested() {
    let server = MockServer::start().await;
    let who = serde_json::json!({ "name": "a".repeat(400_000), "anonymous": false, "jobs": [] });
    let answer = ResponseTemplate::new(200).set_body_json(who);
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let config = format!("[accounts.ci]\nservice = \"jenkins\"\nurl = \"{}\"\n", server.uri());
    let it = Scene::open(&config, Mode::Once, &[]).await;
    let test = async || it.call(TestAccount { account: "ci".into() }).await;
    let health = async || it.call(AccountsQuery {}).await.unwrap().remove(0).health;

    it.engine.store().limit_growth(Some(0)).await;
    let failed = test().await.unwrap_err();
    assert!(matches!(failed, ApiError::Internal { .. }), "{failed:?}");
    let found = health().await;
    assert!(matches!(&found, Health::Unrecorded { why, .. } if why.contains("is full")), "{found:?}");

    it.engine.store().limit_growth(None).await;
    test().await.unwrap();
    let found = health().await;
    assert!(!matches!(found, Health::Unrecorded { .. }), "{found:?}");
    it.engine.stop().await;
}
