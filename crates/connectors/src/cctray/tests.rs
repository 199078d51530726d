use callboard_domain::{
    event::{EventName, compare},
    item::{Detail, Item},
};
use proptest::prelude::*;
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, query_param},
};

use super::{feed::time, *};
use crate::contract::{self, SECRET, Subject, USER, access};

fn config(url: &str, more: serde_json::Value) -> Config {
    let mut table = json!({ "url": url });
    table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(table).unwrap()
}

fn source(config: &Config) -> Arc<dyn Source> {
    config.connect(access(&[])).unwrap().source.unwrap()
}

async fn serve(feed: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(feed, "application/xml");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- written by hand -->
<Projects>
  <Project name="acme/web" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="57"
    lastBuildTime="2026-11-22T11:00:00.000-01:00" webUrl="https://ci.example/web"/>
  <Project name="acme/api" activity="Building" lastBuildStatus="Failure" lastBuildLabel="9"
    lastBuildTime="2026-11-22T12:00:00" webUrl="https://ci.example/api"></Project>
  <Project name="shop :: build :: unit" activity="CheckingModifications" lastBuildStatus="Exception"
    lastBuildLabel="1.4.2 :: 1" lastBuildTime="2026-11-22 12:00:00.1234567+00:00" webUrl="javascript:alert(1)"/>
  <Project name="R &amp; D &#x2014; &quot;new&quot;" activity="Pending" lastBuildStatus="Unknown" lastBuildLabel="" lastBuildTime=""/>
  <Project name="old" activity="Sleeping" lastBuildStatus="Unknown" lastBuildLabel="3" lastBuildTime="long ago"/>
  <Project name="broken" activity="Building" lastBuildStatus="Error" lastBuildLabel="rc-1" lastBuildTime="2026-11-22T12:00:00Z"/>
  <Project name="never" activity="Sleeping" lastBuildStatus="Unknown"/>
  <Project name="" activity="Building" lastBuildLabel="1"/>
</Projects>"#;

/// An item in a line, to be compared with what is expected.
fn told(item: &Item) -> String {
    let Detail::Build(build) = &item.detail else { panic!("not a build") };
    let runs = build.runs.iter().map(|run| {
        let at = run.at.map_or("-".to_owned(), |at| at.to_string());
        format!("#{}.{} {} {at}", run.number, run.attempt, run.status.name())
    });
    let url = item.url.as_ref().map_or("-", |url| url.as_str());
    format!(
        "{} = {} / {} {url} {}",
        item.key,
        build.repo,
        build.pipeline,
        runs.collect::<Vec<_>>().join(", ")
    )
}

#[test]
fn a_feed_is_read() {
    let items = items(&AccountName::from("ci"), FEED.as_bytes()).unwrap();
    assert_eq!(
        items.iter().map(told).collect::<Vec<_>>(),
        [
            "ci/build/acme/web = acme/web / acme/web https://ci.example/web #57.1 passed 2026-11-22T12:00:00Z",
            "ci/build/acme/api = acme/api / acme/api https://ci.example/api #10.1 running -, #9.1 failed 2026-11-22T12:00:00Z",
            "ci/build/shop :: build :: unit = shop / build :: unit - #1795348800.1 failed 2026-11-22T12:00:00.1234567Z",
            "ci/build/R & D — \"new\" = R & D — \"new\" / R & D — \"new\" - #1.1 queued -",
            "ci/build/old = old / old - #3.1 canceled -",
            "ci/build/broken = broken / broken - #1795348800.1 failed 2026-11-22T12:00:00Z",
        ]
    );
}

#[test]
fn what_is_no_feed_is_refused() {
    let cases = [
        ("", "it has no Projects"),
        ("   ", "it has no Projects"),
        ("not xml", "it has no Projects"),
        ("<html><body>Sign in</body></html>", "not Projects"),
        ("<Projects><Project name=\"a\"/>", "ends in the middle"),
        ("<Projects><Project name=\"a", ""),
        ("<Projects></Project>", ""),
        ("<Projects/><Projects/>", "not Projects"),
        ("<Projects><Project name=\"a\" name=\"b\"/></Projects>", ""),
        ("<Projects><Project name=\"&nbsp;\"/></Projects>", ""),
        (
            "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><Projects><Project name=\"&lol;\"/></Projects>",
            "document type",
        ),
        ("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Projects/>", "document type"),
    ];
    for (feed, expected) in cases {
        let why = projects(feed.as_bytes()).expect_err(feed);
        assert!(why.contains(expected), "{feed}: {why}");
    }
    assert_eq!(projects(b"<Projects>\xff</Projects>"), Err("it is not UTF-8".to_owned()));
    assert_eq!(projects("\u{feff}<Projects/>".as_bytes()), Ok(Vec::new()));
    // What is inside a project, or beside it, is nobody's project.
    let inner =
        "<Projects><Project name=\"a\"><messages><Project name=\"b\"/></messages></Project><x/></Projects>";
    assert_eq!(projects(inner.as_bytes()).unwrap().len(), 1);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, name: String, cut in 0..FEED.len()) {
        let _ = items(&AccountName::from("ci"), &bytes);
        let _ = items(&AccountName::from("ci"), &[&FEED.as_bytes()[..cut], name.as_bytes()].concat());
        let escaped = quick_xml::escape::escape(&name);
        if let Ok(found) = projects(format!("<Projects><Project name=\"{escaped}\"/></Projects>").as_bytes()) {
            for project in found {
                prop_assert_eq!(project.name, text::line(&name, 500));
            }
        }
    }
}

#[test]
fn a_time_may_lack_its_zone() {
    let cases = [
        ("2026-11-22T12:00:00Z", Some("2026-11-22T12:00:00Z")),
        ("2026-11-22T12:00:00.000+0100", Some("2026-11-22T11:00:00Z")),
        ("2026-11-22T12:00:00", Some("2026-11-22T12:00:00Z")),
        ("2026-11-22 12:00:00", Some("2026-11-22T12:00:00Z")),
        ("22/11/2026", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(time(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
    }
}

#[tokio::test]
async fn a_feed_that_has_not_changed_is_not_read_again() {
    let server = MockServer::start().await;
    let validated = |request: &wiremock::Request| {
        let is = |name, value: &str| request.headers.get(name).is_some_and(|found| found == value);
        is("if-none-match", "\"1\"") && is("if-modified-since", "Sun, 22 Nov 2026 12:00:00 GMT")
    };
    Mock::given(validated).respond_with(ResponseTemplate::new(304)).with_priority(1).mount(&server).await;
    let feed = ResponseTemplate::new(200)
        .insert_header("etag", "\"1\"")
        .insert_header("last-modified", "Sun, 22 Nov 2026 12:00:00 GMT")
        .set_body_string(FEED);
    Mock::given(query_param("branch", "a b")).respond_with(feed).mount(&server).await;
    let of = |watch: serde_json::Value| {
        config(&server.uri(), json!({ "watch": watch, "query": { "branch": "a b" } }))
    };
    let first = source(&of(json!(["acme/*"]))).poll(None, contract::now()).await.unwrap();
    assert_eq!((first.snapshots.len(), first.complete), (2, vec![Scope::all(Kind::Build)]));
    let again = source(&of(json!(["acme/*"]))).poll(first.cursor.as_ref(), contract::now()).await.unwrap();
    assert_eq!((again.snapshots.len(), again.complete, again.cursor), (0, Vec::new(), None));
    let other = source(&of(json!(["old"]))).poll(first.cursor.as_ref(), contract::now()).await.unwrap();
    assert_eq!(other.snapshots.len(), 1, "another watch reads the feed although it has not changed");
}

#[tokio::test]
async fn a_build_under_the_same_label_is_another_attempt() {
    let says = |activity: &str, status: &str, label: &str, minute: u32| {
        format!(
            "<Projects><Project name=\"p\" activity=\"{activity}\" lastBuildStatus=\"{status}\" \
             lastBuildLabel=\"{label}\" lastBuildTime=\"2026-11-22T12:{minute:02}:00Z\"/></Projects>"
        )
    };
    let steps: [(String, &[EventName]); 7] = [
        (says("Sleeping", "Success", "56", 1), &[EventName::Passed]),
        (says("Building", "Success", "56", 1), &[EventName::Running]),
        (says("Sleeping", "Failure", "57", 2), &[EventName::Failed]),
        (says("Sleeping", "Failure", "57", 2), &[]),
        (says("Sleeping", "Success", "57", 3), &[EventName::Fixed]),
        (says("Sleeping", "Failure", "v2", 4), &[EventName::Failed]),
        (says("Sleeping", "Success", "v3", 5), &[EventName::Fixed]),
    ];
    let (mut stored, mut cursor) = (None, None);
    for (index, (feed, expected)) in steps.into_iter().enumerate() {
        let server = serve(&feed).await;
        let batch =
            source(&config(&server.uri(), json!({}))).poll(cursor.as_ref(), contract::now()).await.unwrap();
        let change = compare(stored.as_ref(), batch.snapshots[0].clone(), &Identity::default());
        let names: Vec<_> = change.transitions.iter().map(|transition| transition.name).collect();
        assert_eq!(names, expected, "step {index}");
        (stored, cursor) = (Some(change.item), batch.cursor);
    }
}

#[tokio::test]
async fn a_feed_may_be_for_some_only() {
    let cases: [(serde_json::Value, &[&str], Result<&str, &str>); 6] = [
        (json!({}), &[], Ok("")),
        (json!({}), &["token"], Ok("Bearer s3cr3t-Zq9xW7vT")),
        (json!({ "user": USER }), &["password"], Ok("Basic YW5hOnMzY3IzdC1acTl4Vzd2VA==")),
        (json!({ "user": USER }), &["token"], Ok("Bearer s3cr3t-Zq9xW7vT")),
        (json!({ "user": USER }), &[], Err("the password is not set")),
        (json!({}), &["password"], Err("user: a password is set")),
    ];
    assert_eq!(SECRET, "s3cr3t-Zq9xW7vT");
    let server = serve(FEED).await;
    for (table, secrets, expected) in cases {
        match (config(&server.uri(), table.clone()).connect(access(secrets)), expected) {
            (Ok(connection), Ok(expected)) => {
                connection.identify.identify().await.unwrap();
                let request = server.received_requests().await.unwrap().pop().unwrap();
                let sent = request.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
                assert_eq!(sent, expected, "{table} {secrets:?}");
            }
            (Err(error), Err(expected)) => assert!(error.to_string().starts_with(expected), "{error}"),
            (got, _) => panic!("{table} {secrets:?} connects: {}", got.is_ok()),
        }
    }
    assert_eq!(config("https://ci.example", json!({ "user": "a:b" })).validate().len(), 1);
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| {
            let config = config(&format!("{url}/cc.xml"), json!({ "user": USER }));
            config.connect(Access { client, ..access(&["password"]) }).unwrap()
        },
        service: || vec![Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_string(FEED))],
        writes: |_| false,
        runs: Vec::new(),
        chat: None,
    }
    .check()
    .await;
}
