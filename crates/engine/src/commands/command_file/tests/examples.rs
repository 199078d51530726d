//! The command files that are handed out with Callboard are sound.

use callboard_domain::{action::Choice, item::Item};
use serde_json::json;

use super::*;

fn handed_out() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands")
}

#[test]
fn those_in_the_documentation_are_good() {
    let dir = handed_out();
    let text = format!(
        "[accounts.forge]\nservice = \"github\"\n[accounts.chat]\nservice = \"slack\"\n[accounts.deployer]\nservice = \"http\"\n\
         url = \"https://deploy.acme.example/api\"\n[channels]\ndeploys = \"chat:#deploys\"\n[commands]\ndirs = [{dir:?}]\n"
    );
    let config = Config::read(Path::new("callboard.toml"), &text).unwrap();
    let found = load(&config).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(found.replaced, [] as [String; 0]);
    assert_eq!(found.names, ["deploy", "deployed", "release", "rollout restart", "rollout status"]);
}

#[test]
fn every_key_that_the_schema_has_is_read() {
    // What none of them can be, so it is refused where it is read.
    for key in table::COMMAND.iter() {
        let given = if key == "run" { "" } else { "[command.run.exec]\nargv = [\"true\"]\n" };
        let text = format!("[[command]]\n{key} = [[]]\n{given}");
        let errors = files(&[("x.toml", &text)]).errors();
        assert!(errors.iter().any(|error| error.starts_with("x.toml:2:")), "{key} is not read: {errors:?}");
    }
    for run in table::RUNS.iter() {
        let text = format!("[[command]]\nname = \"a\"\nsummary = \"b\"\n[command.run]\n{run} = [[]]\n");
        let errors = files(&[("x.toml", &text)]).errors();
        assert!(errors.iter().any(|error| error.starts_with("x.toml:5:")), "{run} is not read: {errors:?}");
    }
    let schema = schema().to_string();
    // `policy.approve` is not there yet; the role of that name is.
    assert!(!schema.contains("\"approve\":"));
}

#[test]
fn the_board_gives_choices() {
    let item = |account: &str, kind: &str, id: &str, more: serde_json::Value| -> Item {
        let mut detail = json!({ "kind": kind });
        detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let item = json!({ "key": format!("{account}/{kind}/{id}"), "title": format!("about {id}"), "detail": detail });
        serde_json::from_value(item).unwrap()
    };
    let build = |account, repo, branch| {
        let more = json!({ "repo": repo, "pipeline": "ci.yml", "branch": branch, "default_branch": true, "runs": [] });
        item(account, "build", &format!("{repo}@{branch}"), more)
    };
    let items =
        [build("ci", "acme/web", "main"), build("ci", "acme/api", "main"), build("forge", "acme/x", "dev")];
    let cases = [
        ("repos", vec![("acme/api", None), ("acme/web", None)]),
        ("branches", vec![("main", None)]),
        ("pipelines", vec![("ci.yml", None)]),
        (
            "items",
            vec![
                ("acme/api@main", Some("about acme/api@main")),
                ("acme/web@main", Some("about acme/web@main")),
            ],
        ),
    ];
    for (list, expected) in cases {
        let listing: Listing = serde_json::from_value(json!({ "account": "ci", "list": list })).unwrap();
        let choice =
            |(value, note): (&str, Option<&str>)| Choice { value: value.into(), note: note.map(Into::into) };
        let expected: Vec<_> = expected.into_iter().map(choice).collect();
        assert_eq!(listing.choices(&items), expected, "{list}");
    }
}
