mod builds;

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

use super::{feed::projects, *};
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
fn summary(item: &Item) -> String {
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

/// A project in a feed: activity, status, label and time.
type ProjectState = (&'static str, &'static str, &'static str, &'static str);

fn feed_of(name: &str, (activity, status, label, time): ProjectState) -> String {
    format!(
        "<Project name=\"{name}\" activity=\"{activity}\" lastBuildStatus=\"{status}\" lastBuildLabel=\"{label}\" \
         lastBuildTime=\"{time}\"/>"
    )
}

const T1: &str = "2026-11-22T10:00:00Z";
const T2: &str = "2026-11-22T11:00:00Z";

#[test]
fn feed_is_read() {
    let items = items(&AccountName::from("ci"), FEED.as_bytes(), contract::now()).unwrap();
    assert_eq!(
        items.iter().map(summary).collect::<Vec<_>>(),
        [
            "ci/build/acme/web = acme/web / acme/web https://ci.example/web #57.1 passed 2026-11-22T12:00:00Z",
            "ci/build/acme/api = acme/api / acme/api https://ci.example/api #10.1 running -, #9.1 failed 2026-11-22T12:00:00Z",
            "ci/build/shop :: build :: unit = shop / build :: unit - #1795348800.1 failed 2026-11-22T12:00:00.1234567Z",
            "ci/build/R & D — \"new\" = R & D — \"new\" / R & D — \"new\" - #1.1 queued -",
            "ci/build/broken = broken / broken - #1795348800.1 failed 2026-11-22T12:00:00Z",
        ]
    );
}

#[test]
fn address_with_a_query_is_refused_with_the_key_that_takes_it() {
    // the address -> whether it is taken, whether the key is named
    let cases = [
        ("https://ci.example/cc.xml", true, false),
        (" https://ci.example/cc.xml ", true, false),
        ("https://ci.example/cc.xml?branch=s3cret", false, true),
        ("https://ci.example/cc.xml#?branch", false, false),
        ("https://ana@ci.example/cc.xml?branch=s3cret", false, true),
        ("ci.example/cc.xml?branch=s3cret", false, false),
    ];
    for (url, taken, named) in cases {
        let error = serde_json::from_value::<Config>(json!({ "url": url })).err().map(|it| it.to_string());
        let error = error.unwrap_or_default();
        assert_eq!((error.is_empty(), error.contains("goes into query")), (taken, named), "{url}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn invalid_feed_is_refused() {
    let cases = [
        ("", "it has no Projects"),
        ("   ", "it has no Projects"),
        ("not xml", "it has no Projects"),
        ("<html><body>Sign in</body></html>", "not Projects"),
        ("<Projects><Project name=\"a\"/>", "ends in the middle"),
        ("<Projects><Project name=\"a", ""),
        ("<Projects></Project>", ""),
        ("<Projects/><Projects/>", "not Projects"),
        (
            "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><Projects><Project name=\"&lol;\"/></Projects>",
            "document type",
        ),
        ("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Projects/>", "document type"),
    ];
    for (feed, expected) in cases {
        let why = projects(feed).expect_err(feed);
        assert!(why.contains(expected), "{feed}: {why}");
    }
    assert!(projects("\u{feff}<Projects/>").unwrap().good.is_empty());
    // What is inside a project, or beside it, is no project.
    let inner =
        "<Projects><Project name=\"a\"><messages><Project name=\"b\"/></messages></Project><x/></Projects>";
    assert_eq!(projects(inner).unwrap().good.len(), 1);
}

#[test]
fn unreadable_project_becomes_a_problem_and_hides_no_other() {
    let cases = [
        ("<Project name=\"x\" name=\"b\"/>", "1 of 2 projects cannot be read: x (entry 1): "),
        ("<Project name=\"&nbsp;\"/>", "1 of 2 projects cannot be read: entry 1: "),
        ("<Project name=\"x\" activity/>", "1 of 2 projects cannot be read: x (entry 1): "),
        ("<Project activity=\"Building\"/>", "1 of 2 projects cannot be read: entry 1: it has no name"),
        (
            "<Project name=\" \" lastBuildStatus=\"Failure\"/>",
            "1 of 2 projects cannot be read: entry 1: it has no name",
        ),
    ];
    for (odd, expected) in cases {
        let found = projects(&format!("<Projects>{odd}<Project name=\"good\"/></Projects>")).unwrap();
        assert_eq!(found.good.len(), 1, "{odd}");
        let problem = found.problem("", "projects").unwrap().to_string();
        assert!(problem.starts_with(expected), "{odd}: {problem}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, name: String, cut in 0..FEED.len()) {
        let (account, now) = (AccountName::from("ci"), contract::now());
        let _ = items(&account, &bytes, now);
        let _ = items(&account, &[&FEED.as_bytes()[..cut], name.as_bytes()].concat(), now);
        let escaped = quick_xml::escape::escape(&name);
        if let Ok(found) = projects(&format!("<Projects><Project name=\"{escaped}\"/></Projects>")) {
            for project in found.good {
                prop_assert_eq!(project.name, text::line(&name, 500));
            }
        }
    }
}

#[tokio::test]
async fn feed_is_read_in_any_charset() {
    let feed = |encoding: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"{encoding}\"?><Projects><Project name=\"Größe\" activity=\"Sleeping\" \
             lastBuildStatus=\"Failure\" lastBuildLabel=\"7\"/></Projects>"
        )
    };
    let latin1 = |text: String| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<_>>();
    let utf16 = |mark: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.encode_utf16().chain(feed("UTF-16").encode_utf16()).flat_map(order).collect()
    };
    let cases = [
        (latin1(feed("ISO-8859-1")), "text/xml"),
        (latin1(feed("windows-1252")), "application/xml"),
        (latin1(feed("UTF-8")), "text/xml; charset=ISO-8859-1"),
        (utf16("\u{feff}", u16::to_le_bytes), "application/xml"),
        (utf16("\u{feff}", u16::to_be_bytes), "text/xml; charset=utf-8"),
        (utf16("", u16::to_le_bytes), "text/xml"),
        (utf16("", u16::to_be_bytes), "text/xml; charset=utf-16"),
        (format!("\u{feff}{}", feed("utf-8")).into_bytes(), "text/plain"),
        (feed("utf-8").into_bytes(), "text/xml; charset=ISO-8859-1"),
    ];
    for (body, content_type) in cases {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, content_type);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let batch = source(&config(&server.uri(), json!({}))).poll(None, contract::now()).await.unwrap();
        let names: Vec<_> = batch.snapshots.iter().map(Item::reference).collect();
        assert_eq!(names, ["Größe"], "{content_type}");
    }
}

#[tokio::test]
async fn unchanged_feed_is_not_read_again() {
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
    assert_eq!((first.snapshots.len(), &first.complete[..]), (2, &[][..]), "one project has no name");
    assert_eq!(first.problems[0].to_string(), "1 of 8 projects cannot be read: entry 8: it has no name");
    let again = source(&of(json!(["acme/*"]))).poll(first.cursor.as_ref(), contract::now()).await.unwrap();
    assert_eq!((again.snapshots.len(), again.complete, again.cursor), (0, Vec::new(), None));
    let other =
        source(&of(json!(["never", "broken"]))).poll(first.cursor.as_ref(), contract::now()).await.unwrap();
    assert_eq!(other.snapshots.len(), 1, "another watch reads the feed although it has not changed");
}

#[tokio::test]
async fn projects_of_one_name_keep_apart() {
    let project = |label: &str, status: &str, url: &str| {
        format!(
            "<Project name=\"p\" activity=\"Sleeping\" lastBuildStatus=\"{status}\" lastBuildLabel=\"{label}\" webUrl=\"{url}\"/>"
        )
    };
    let (a, b) =
        (project("7", "Failure", "https://ci.example/a"), project("99", "Success", "https://ci.example/b"));
    let (x, y) = (project("7", "Failure", ""), project("99", "Success", ""));
    let (v, w) =
        (project("7", "Failure", "https://ci.example"), project("99", "Success", "https://ci.example"));
    let other =
        "<Project name=\"p (2)\" activity=\"Sleeping\" lastBuildStatus=\"Success\" lastBuildLabel=\"5\"/>";
    let cases = [
        // By their URLs, in whichever order they come, also when one is away.
        (
            vec![format!("{a}{b}"), format!("{b}{a}"), b.clone(), format!("{a}{b}"), a.clone()],
            vec!["p=7 p (2)=99", "p (2)=99 p=7", "p (2)=99", "p=7 p (2)=99", "p=7"],
        ),
        // By their places.
        (vec![format!("{x}{y}"), format!("{x}{y}")], vec!["p=7 p (2)=99", "p=7 p (2)=99"]),
        // By what they built last, where nothing else distinguishes them.
        (
            vec![format!("{x}{y}"), format!("{y}{x}"), y.clone(), format!("{y}{x}")],
            vec!["p=7 p (2)=99", "p (2)=99 p=7", "p (2)=99", "p (2)=99 p=7"],
        ),
        (
            vec![format!("{v}{w}"), format!("{w}{v}"), format!("{}{v}", project("100", "Success", ""))],
            vec!["p=7 p (2)=99", "p (2)=99 p=7", "p (2)=100 p=7"],
        ),
        (vec![format!("{a}{other}{b}")], vec!["p=7 p (2)=5 p (3)=99"]),
        // A single project stays what it is though its URL changes.
        (vec![a.clone(), project("8", "Success", "https://ci.example/c")], vec!["p=7", "p=8"]),
    ];
    for (feeds, expected) in cases {
        let mut cursor = None;
        for (feed, expected) in feeds.iter().zip(expected) {
            let server = serve(&format!("<Projects>{feed}</Projects>")).await;
            let source = source(&config(&server.uri(), json!({ "watch": ["p*"] })));
            let batch = source.poll(cursor.as_ref(), contract::now()).await.unwrap();
            let numbers = batch.snapshots.iter().map(|item| {
                let Detail::Build(build) = &item.detail else { panic!("not a build") };
                assert!(source.watches(item), "{item:?}");
                format!("{}={}", item.reference(), build.latest().unwrap().number)
            });
            assert_eq!(numbers.collect::<Vec<_>>().join(" "), expected, "{feed}");
            cursor = batch.cursor;
        }
    }
}

#[tokio::test]
async fn duplicate_projects_swapping_order_make_no_event() {
    let twin = |state: ProjectState| feed_of("p", state);
    let idle = |status, label, time| twin(("Sleeping", status, label, time));
    // The two, and what they are reported as when they come the other way round.
    let cases = [
        [idle("Failure", "7", T1), idle("Success", "7", T1)],
        [idle("Failure", "", T1), idle("Success", "", T2)],
        [idle("Failure", "7", ""), idle("Success", "8", "")],
        [idle("Failure", "rc", T1), idle("Success", "rc", T1)],
        [idle("Failure", "7", T1), twin(("Building", "Success", "9", T2))],
    ];
    for [one, other] in cases {
        let (mut stored, mut cursor) = (BTreeMap::<String, Item>::new(), None);
        for (round, feed) in
            [format!("{one}{other}"), format!("{other}{one}"), format!("{one}{other}")].iter().enumerate()
        {
            let server = serve(&format!("<Projects>{feed}</Projects>")).await;
            let batch = source(&config(&server.uri(), json!({})))
                .poll(cursor.as_ref(), contract::now())
                .await
                .unwrap();
            for item in batch.snapshots {
                let id = item.reference().to_owned();
                let change = compare(stored.get(&id), item);
                assert!(round == 0 || change.transitions.is_empty(), "{feed}: {:?}", change.transitions);
                stored.insert(id, change.item);
            }
            assert_eq!(stored.len(), 2, "{feed}");
            cursor = batch.cursor;
        }
    }
}

#[test]
fn elements_are_read_in_any_case() {
    for feed in ["<projects><project name=\"a\"/></projects>", "<PROJECTS><PROJECT NAME=\"a\"/></PROJECTS>"] {
        assert_eq!(projects(feed).unwrap().good[0].name, "a", "{feed}");
    }
}

#[tokio::test]
async fn watched_project_is_matched_by_its_name() {
    let of = |watch: serde_json::Value| source(&config("https://ci.example", json!({ "watch": watch })));
    let feed = format!(
        "<Projects>{}{}{}</Projects>",
        feed_of("p", ("Sleeping", "Success", "1", "")),
        feed_of("p", ("Sleeping", "Success", "1", "")),
        feed_of(&"x".repeat(400), ("Sleeping", "Success", "1", "")),
    );
    let items = items(&AccountName::from("ci"), feed.as_bytes(), contract::now()).unwrap();
    let watched = |watch: serde_json::Value| {
        items.iter().map(|item| of(watch.clone()).watches(item)).collect::<Vec<_>>()
    };
    assert_eq!(watched(json!([])), [true; 3]);
    assert_eq!(watched(json!(["p"])), [true, true, true], "a name that was cut may be watched");
    assert_eq!(watched(json!(["q"])), [false, false, true]);
}

#[tokio::test]
async fn duplicate_line_is_one_project() {
    let red = feed_of("p", ("Sleeping", "Failure", "1", T1));
    let other = feed_of("p", ("Sleeping", "Success", "1", T1));
    for (feed, expected) in [(format!("{red}{red}"), 1), (format!("{red}{other}{red}"), 2)] {
        let server = serve(&format!("<Projects>{feed}</Projects>")).await;
        let batch = source(&config(&server.uri(), json!({}))).poll(None, contract::now()).await.unwrap();
        assert_eq!(batch.snapshots.len(), expected, "{feed}");
    }
}

#[tokio::test]
async fn project_that_left_the_feed_is_gone_and_an_unreadable_one_is_not() {
    let red = |name: &str| feed_of(name, ("Sleeping", "Failure", "1", T1));
    let cases = [
        (format!("<Projects>{}</Projects>", red("stays")), true),
        ("<Projects/>".to_owned(), true),
        (format!("<Projects>{}<Project/></Projects>", red("stays")), false),
        (
            format!(
                "<Projects>{}</Projects>",
                (0..=PROJECTS).map(|n| red(&format!("p{n}"))).collect::<String>()
            ),
            false,
        ),
    ];
    for (feed, complete) in cases {
        let server = serve(&feed).await;
        let batch = source(&config(&server.uri(), json!({}))).poll(None, contract::now()).await.unwrap();
        assert_eq!(batch.complete == [Scope::all(Kind::Build)], complete, "{}", &feed[..40.min(feed.len())]);
        assert_eq!(batch.problems.is_empty(), complete);
    }
    // A feed that is cut fails as a whole.
    let cut = format!("<Projects>{}", red("stays"));
    let error =
        source(&config(&serve(&cut).await.uri(), json!({}))).poll(None, contract::now()).await.unwrap_err();
    assert!(error.to_string().contains("ends in the middle"), "{error}");
}

#[tokio::test]
async fn cursor_of_an_older_version_is_read() {
    let url = |feed: &MockServer| config(&feed.uri(), json!({}));
    let server =
        serve(&format!("<Projects>{}</Projects>", feed_of("p", ("Sleeping", "Success", "57", T1)))).await;
    let old = json!({ "builds": { "p": { "number": 57, "time": T1, "attempt": 2 } } }).to_string();
    let batch = source(&url(&server)).poll(Some(&Cursor(old)), contract::now()).await.unwrap();
    assert!(summary(&batch.snapshots[0]).contains("#57.2 passed"), "{}", summary(&batch.snapshots[0]));
}

#[tokio::test]
async fn feed_may_need_a_sign_in() {
    let cases: [(serde_json::Value, &[&str], Result<&str, &str>); 6] = [
        (json!({}), &[], Ok("")),
        (json!({}), &["token"], Ok("Bearer s3cr3t-Zq9xW7vT")),
        (json!({ "user": USER }), &["password"], Ok("Basic YW5hOnMzY3IzdC1acTl4Vzd2VA==")),
        (json!({ "user": USER }), &["token"], Ok("Bearer s3cr3t-Zq9xW7vT")),
        (json!({ "user": USER }), &[], Err("password or token must be set")),
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
        hooks: None,
        choices: Vec::new(),
    }
    .check()
    .await;
}
