//! A line while it is typed.

use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::{find::with_commands, *};
use crate::{
    api::{ChoicesQuery, ReadLine, WriteLine},
    clients::find::fuzzy::shown,
};

fn map(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn partial_line_is_read_as_far_as_it_goes() {
    let it = with_commands().await;
    // line -> command, values, what is asked for, what is wrong
    type Expected<'e> = (Option<&'e str>, &'e [(&'e str, &'e str)], Option<&'e str>, Option<&'e str>);
    let cases: [(&str, Expected<'_>); 15] = [
        ("", (None, &[], None, None)),
        ("dep", (None, &[], None, Some("there is no command"))),
        ("deploy", (Some("deploy"), &[], Some("app"), None)),
        ("deploy api", (Some("deploy"), &[("app", "api")], Some("env"), None)),
        ("deploy api to", (Some("deploy"), &[("app", "api")], Some("env"), None)),
        (
            "deploy api to stag",
            (
                Some("deploy"),
                &[("app", "api"), ("env", "stag")],
                Some("env"),
                Some("expected staging or production"),
            ),
        ),
        // A word that stands in no place is the text of what is chosen next, so that it is not lost.
        (
            "deploy api zoe",
            (Some("deploy"), &[("app", "api"), ("env", "zoe")], Some("env"), Some("takes no \"zoe\"")),
        ),
        (
            "deploy api zoe ref=v2",
            (
                Some("deploy"),
                &[("app", "api"), ("env", "zoe"), ("ref", "v2")],
                Some("env"),
                Some("takes no \"zoe\""),
            ),
        ),
        // One that no argument can take asks for nothing: the line stays as it is.
        (
            "deploy api to staging zoe",
            (Some("deploy"), &[("app", "api"), ("env", "staging")], None, Some("takes no \"zoe\"")),
        ),
        ("deploy api to staging", (Some("deploy"), &[("app", "api"), ("env", "staging")], None, None)),
        (
            "deploy api to staging ref=v2",
            (Some("deploy"), &[("app", "api"), ("env", "staging"), ("ref", "v2")], None, None),
        ),
        ("deploy \"api", (Some("deploy"), &[], None, Some("not closed"))),
        // The account that the line names is not lost either.
        ("deploy account=ci", (Some("deploy"), &[("account", "ci")], Some("app"), None)),
        (
            "deploy api to staging --account ci",
            (Some("deploy"), &[("account", "ci"), ("app", "api"), ("env", "staging")], None, None),
        ),
        ("account=ci", (None, &[], None, None)),
    ];
    for (line, (command, values, asks_for, problem)) in cases {
        let read = it.engine.call(ReadLine { line: line.into() }).await.unwrap();
        assert_eq!(read.command.map(|it| it.spec.name).as_deref(), command, "{line}");
        assert_eq!(read.values, map(values), "{line}");
        assert_eq!(read.asks_for.as_deref(), asks_for, "{line}");
        let found = read.problem.unwrap_or_default();
        assert_eq!(found.is_empty(), problem.is_none(), "{line}: {found}");
        assert!(found.contains(problem.unwrap_or_default()), "{line}: {found}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn values_are_written_as_they_would_be_typed() {
    let it = with_commands().await;
    let cases = [
        (map(&[]), Ok("deploy")),
        (map(&[("app", "api"), ("ref", "")]), Ok("deploy app=api")),
        (map(&[("env", "staging"), ("app", "api")]), Ok("deploy api to staging")),
        (map(&[("env", "staging"), ("app", "api"), ("ref", "v2")]), Ok("deploy app=api env=staging ref=v2")),
        (map(&[("env", "nowhere"), ("app", "api")]), Ok("deploy app=api env=nowhere")),
        (map(&[("env", "staging"), ("app", "a b")]), Ok("deploy \"a b\" to staging")),
        (
            map(&[("account", "ci"), ("env", "staging"), ("app", "api")]),
            Ok("deploy api to staging --account ci"),
        ),
        (map(&[("account", "c i"), ("app", "api")]), Ok("deploy app=api --account \"c i\"")),
        (map(&[("account", ""), ("app", "api")]), Ok("deploy app=api")),
        (map(&[("envv", "staging")]), Err("takes no")),
    ];
    for (values, expected) in cases {
        let write = WriteLine { command: "deploy".into(), values: values.clone() };
        match (it.engine.call(write).await, expected) {
            (Ok(line), Ok(expected)) => assert_eq!(line, expected, "{values:?}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }
    it.engine.stop().await;
}

async fn choices(it: &Scene, line: &str, arg: &str, typed: &str) -> Vec<String> {
    let query = ChoicesQuery { line: line.into(), arg: arg.into(), typed: typed.into() };
    it.engine.call(query).await.unwrap().iter().map(|it| shown(&it.title)).collect()
}

#[tokio::test]
async fn argument_choices_are_ranked_by_the_typed_text() {
    let it = with_commands().await;
    assert_eq!(choices(&it, "deploy api to", "env", "").await, ["staging", "production"]);
    // What is typed already, right or wrong, keeps nothing from being chosen.
    assert_eq!(choices(&it, "deploy api to p", "env", "p").await, ["[p]roduction"]);
    assert_eq!(choices(&it, "deploy api to staging", "env", "").await, ["staging", "production"]);
    it.report([build("acme/web", &[BuildStatus::Failed]), build("acme/api", &[BuildStatus::Passed])]).await;
    assert_eq!(choices(&it, "why ap", "job", "ap").await[0], "acme/[ap]i/ci@main");
    let unknown = ChoicesQuery { line: "deploy".into(), arg: "nothing".into(), typed: String::new() };
    assert!(it.engine.call(unknown).await.is_err());
    it.engine.stop().await;
}

#[tokio::test]
async fn a_service_is_asked_once_for_all_letters() {
    let server = MockServer::start().await;
    let user = ResponseTemplate::new(200).set_body_json(json!({ "login": "ana" }));
    Mock::given(method("GET")).and(path("/user")).respond_with(user).expect(1).mount(&server).await;
    let config = format!(
        "[accounts.forge]\nservice = \"github\"\nurl = \"{}\"\nwatch = [\"acme/web\", \"acme/api\"]\n",
        server.uri()
    );
    let it = Scene::open(&config, Mode::Once, &[("forge", "token", "t")]).await;
    for (typed, expected) in
        [("", vec!["acme/web", "acme/api"]), ("w", vec!["acme/[w]eb"]), ("we", vec!["acme/[we]b"])]
    {
        let mut found = choices(&it, &format!("pr list {typed}"), "repo", typed).await;
        let mut expected = expected;
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{typed}");
    }
    it.engine.stop().await;
    server.verify().await;
}
