//! Objects that a service identifies by ids, named as people name them.

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param},
};

use super::*;
use crate::api::{ChoicesQuery, PlanQuery};

const CONFIG: &str =
    "[accounts.pager]\nservice = \"pagerduty\"\nurl = \"URL\"\nfrom = \"ana@acme.example\"\n";

fn users(users: &[(&str, &str)]) -> ResponseTemplate {
    let user =
        |(id, name): &(&str, &str)| json!({ "id": id, "name": name, "email": format!("{id}@acme.example") });
    let users: Vec<Value> = users.iter().map(user).collect();
    ResponseTemplate::new(200).set_body_json(json!({ "users": users, "more": false }))
}

#[tokio::test]
async fn a_person_is_found_before_the_preview_and_the_run_is_theirs() {
    let server = MockServer::start().await;
    for (typed, found) in [
        ("ben", users(&[("PBEN001", "Ben Smith"), ("PLEB001", "Lebenthal")])),
        ("ana", users(&[("PANA001", "Ana"), ("PANA002", "Ana")])),
        ("nobody", users(&[])),
    ] {
        let asked = Mock::given(method("GET")).and(path("/users")).and(query_param("query", typed));
        asked.respond_with(found).mount(&server).await;
    }
    let it =
        Scene::open(&CONFIG.replace("URL", &server.uri()), Mode::Once, &[("pager", "token", "t0ken")]).await;
    let mut alert = incident("Q1", IncidentStatus::Triggered, 1);
    alert.key.account = "alerts".into();
    it.report([incident("PAGE01", IncidentStatus::Triggered, 1), alert]).await;
    let prepare = async |line: &str| {
        it.call(PlanQuery { line: line.into(), private: true, ..PlanQuery::default() }).await
    };
    let shown = prepare("reassign PAGE01 to ben").await.unwrap();
    assert_eq!(shown.line, "reassign PAGE01 to PBEN001");
    assert_eq!(shown.named_line, "reassign Disk of PAGE01 is full in storage to Ben Smith");
    let names: Vec<(&str, &str)> = shown.names.iter().map(|(arg, name)| (&**arg, &**name)).collect();
    assert_eq!(names, [("incident", "Disk of PAGE01 is full in storage"), ("person", "Ben Smith")]);
    assert!(shown.steps[1].what.starts_with("Page Ben Smith (PBEN001) for"), "{:?}", shown.steps);
    assert!(shown.steps[1].request.contains("PBEN001"), "{:?}", shown.steps);
    let cases = [
        ("reassign PAGE01 to ana", "\"ana\" could be Ana (PANA001, PANA001@acme.example), Ana (PANA002"),
        ("reassign PAGE01 to nobody", "expected a user's id, name or e-mail address"),
        ("reassign Q1 to ben", "incident: expected an incident of pager, found \"alerts/incident/Q1\""),
        (
            "reassign Q1 to ben account=pager",
            "incident: expected an incident of pager, found \"alerts/incident/Q1\"",
        ),
    ];
    for (line, words) in cases {
        let error = prepare(line).await.unwrap_err().to_string();
        assert!(error.contains(words), "{line}: {error}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn which_account_is_asked_only_where_several_could_be_meant() {
    let table = |name: &str| {
        format!(
            "[accounts.{name}]\nservice = \"pagerduty\"\nurl = \"http://127.0.0.1:9\"\nfrom = \"ana@acme.example\"\n"
        )
    };
    let config = ["away", "other", "pager"].map(table).concat();
    let secrets = [("other", "token", "t0ken"), ("pager", "token", "t0ken")];
    let it = Scene::open(&config, Mode::Once, &secrets).await;
    it.report([incident("PAGE01", IncidentStatus::Triggered, 1)]).await;
    let prepare = async |line: &str| {
        it.call(PlanQuery { line: line.into(), private: true, ..PlanQuery::default() }).await
    };
    let cases = [
        // Of neither.
        ("ack nosuch", "incident: expected an incident on the board, of other or pager, found \"nosuch\""),
        ("reassign nosuch to ben", "incident: expected an incident on the board, of other or pager"),
        ("ack nosuch account=pager", "incident: expected an incident on the board, found \"nosuch\""),
        // Of either.
        (
            "trigger on payments it is slow",
            "account: \"trigger\" could be other, pager: say which with --account ACCOUNT",
        ),
        // One that cannot be used now is not one that is not there.
        ("ack PAGE01 account=away", "account: expected one of other, pager, as away is not connected ("),
        ("ack PAGE01 account=nowhere", "account: expected one of other, pager, found \"nowhere\""),
    ];
    for (line, words) in cases {
        let error = prepare(line).await.unwrap_err().to_string();
        assert!(error.contains(words), "{line}: {error}");
    }
    // Where the item says it, nobody is asked.
    assert_eq!(prepare("ack PAGE01").await.unwrap().account.as_ref().map(|it| it.as_str()), Some("pager"));

    // Where both have one of that name, the account says whose is meant, and the line keeps that.
    let mut theirs = incident("PAGE01", IncidentStatus::Triggered, 1);
    theirs.key.account = "other".into();
    it.report([theirs]).await;
    let unclear = prepare("ack PAGE01").await.unwrap_err().to_string();
    assert!(unclear.contains("could be other/incident/PAGE01"), "{unclear}");
    for (line, expected) in [
        ("ack PAGE01 account=pager", ("pager", "ack PAGE01 --account pager")),
        ("ack PAGE01 --account other", ("other", "ack PAGE01 --account other")),
        ("ack other/incident/PAGE01", ("other", "ack PAGE01 --account other")),
    ] {
        let plan = prepare(line).await.unwrap();
        assert_eq!((plan.account.unwrap().as_str(), plan.line.as_str()), expected, "{line}");
        let again = prepare(&plan.line).await.unwrap();
        assert_eq!((again.line, again.account.unwrap().as_str()), (plan.line, expected.0), "{line}");
    }
    // No account acts on what has that id elsewhere.
    let elsewhere = prepare("ack other/incident/PAGE01 --account pager").await.unwrap_err().to_string();
    assert!(elsewhere.contains("of pager, found \"other/incident/PAGE01\""), "{elsewhere}");
    it.engine.stop().await;
}

#[tokio::test]
async fn line_on_items_of_several_accounts_keeps_their_keys() {
    let link = "[[command]]\nname = \"link\"\nsummary = \"Link two alerts\"\nusage = \"link <one> <two>\"\n\
                args.one.type = \"incident\"\nargs.two.type = \"incident\"\n\
                run.exec.argv = [\"true\", \"{{ one }}\", \"{{ two }}\"]\n";
    let it = Scene::with_commands(link, Mode::Once).await;
    let of = |account: &str, id: &str| {
        let mut alert = incident(id, IncidentStatus::Triggered, 1);
        alert.key.account = account.into();
        alert
    };
    it.report([of("p1", "3f2a"), of("p2", "3f2a"), of("p1", "77"), of("p2", "88")]).await;
    // What is typed -> the line that says the same later.
    for (line, expected) in [
        ("link p1/incident/3f2a p2/incident/3f2a", "link p1/incident/3f2a p2/incident/3f2a"),
        ("link p2/incident/3f2a p1/incident/3f2a", "link p2/incident/3f2a p1/incident/3f2a"),
        ("link p1/incident/3f2a 88", "link p1/incident/3f2a 88"),
        ("link p1/incident/3f2a 77", "link 3f2a 77 --account p1"),
        ("link 77 88", "link 77 88"),
    ] {
        let prepare = async |line: &str| {
            it.call(PlanQuery { line: line.into(), private: true, ..PlanQuery::default() }).await.unwrap()
        };
        let plan = prepare(line).await;
        assert_eq!(plan.line, expected, "{line}");
        let again = prepare(&plan.line).await;
        assert_eq!((again.line, again.steps), (plan.line, plan.steps), "{line}");
    }
    // A file could not ask whether there is one; a build is no alert.
    it.report([build("acme/web", &[BuildStatus::Failed])]).await;
    for (line, words) in [
        ("link 77 nope", "two: expected an incident on the board, found \"nope\""),
        ("link nope 77", "one: expected an incident on the board, found \"nope\""),
        ("link one=77 two=acme/web", "two: expected an incident on the board, found \"acme/web\""),
        // Written without the key, it would mean another one later.
        (
            "link p2/incident/3f2a 77 --account p1",
            "one: expected an incident of p1, found \"p2/incident/3f2a\"",
        ),
    ] {
        let query = PlanQuery { line: line.into(), private: true, ..PlanQuery::default() };
        let error = it.call(query).await.unwrap_err().to_string();
        assert!(error.contains(words), "{line}: {error}");
    }
    it.engine.stop().await;
}

/// Two accounts on one server, or not; whether the other was ever read -> whether it can act on what the first one has, and is
/// offered that.
#[tokio::test]
async fn account_of_the_same_origin_acts_before_it_was_ever_read() {
    for (url, expected) in [("http://127.0.0.1:9", true), ("http://127.0.0.1:10", false)] {
        let config = format!(
            "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:9\"\nwatch = [\"acme/web\"]\n\
             [accounts.bot]\nservice = \"github\"\nurl = \"{url}\"\nwatch = [\"acme/web\"]\n"
        );
        let secrets = [("forge", "token", "t0ken"), ("bot", "token", "t0ken")];
        let it = Scene::open(&config, Mode::Once, &secrets).await;
        it.report([pull(480, "Add the cart", &[])]).await;
        let line = "pr comment acme/web#480 fine --account bot";
        let plan = it.call(PlanQuery { line: line.into(), private: true, ..PlanQuery::default() }).await;
        assert_eq!(plan.is_ok(), expected, "{url}: {plan:?}");
        let line = "pr comment --account bot".into();
        let query = ChoicesQuery { line, arg: "pr".into(), typed: String::new() };
        let choices = it.call(query.clone()).await.unwrap_or_default();
        assert_eq!(!choices.is_empty(), expected, "{url}");
        // Its own copy is enough.
        let mut own = pull(480, "Add the cart", &[]);
        own.key.account = "bot".into();
        it.report([own]).await;
        let choices = it.call(query).await.unwrap();
        assert_eq!(choices.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["acme/web#480"], "{url}");
        it.engine.stop().await;
    }
}
