//! A command file's argument that takes several items.

use super::*;
use crate::api::{ChoicesQuery, PlanQuery};

const PAGE: &str = r#"
[[command]]
name = "page"
summary = "Page"
usage = "page <alerts...>"
[command.args.alerts]
type = "incident"
[command.run.exec]
argv = ["echo", "{{ alerts }}", "{{ alerts.title }}"]
"#;

async fn scene() -> Scene {
    let it = Scene::with_commands(PAGE, Mode::Once).await;
    it.report(["a1", "b2", "c3"].map(|id| incident(id, IncidentStatus::Triggered, 1))).await;
    it
}

fn line(text: &str) -> PlanQuery {
    PlanQuery { line: text.into(), channel: None, private: true }
}

#[tokio::test]
async fn each_of_several_items_is_resolved_and_named() {
    let it = scene().await;
    // what is typed -> the line of the run, the items that it is on
    let cases: [(&str, &str, &[&str]); 5] = [
        ("page a1", "page a1", &["a1"]),
        ("page a1 b2", "page a1 b2", &["a1", "b2"]),
        ("page \"Disk of c3 is full\" a1", "page c3 a1", &["c3", "a1"]),
        ("page alerts=\"b2 a1\"", "page b2 a1", &["b2", "a1"]),
        // One that is named twice is meant once.
        ("page b2 a1 b2", "page b2 a1", &["b2", "a1"]),
    ];
    for (typed, expected, items) in cases {
        let plan = it.call(line(typed)).await.unwrap();
        let items: Vec<Item> = items.iter().map(|id| incident(id, IncidentStatus::Triggered, 1)).collect();
        let joined = |texts: Vec<String>| texts.join(", ");
        let titles = joined(items.iter().map(|item| item.title.clone()).collect());
        let names = joined(items.iter().filter_map(Item::alert_name).collect());
        assert_eq!((plan.line.as_str(), plan.names.get("alerts")), (expected, Some(&names)), "{typed}");
        assert!(plan.steps[0].request.contains(&format!("'{titles}'")), "{typed}: {:?}", plan.steps);
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn each_of_several_items_is_refused_by_itself() {
    let it = scene().await;
    let cases = [
        ("page a1 nothing b2", "alerts: expected an incident on the board, found \"nothing\""),
        ("page nothing", "alerts: expected an incident on the board, found \"nothing\""),
        ("page a1 disk", "alerts: \"disk\" could be "),
        // A title is one word only in quotes.
        ("page Disk of c3 is full", "alerts: \"Disk\" could be "),
    ];
    for (typed, expected) in cases {
        let error = it.call(line(typed)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{typed}: {error}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn choice_of_one_of_several_is_a_word_of_its_own() {
    let it = scene().await;
    it.report(vec![incident("w x", IncidentStatus::Triggered, 1)]).await;
    // what is typed -> the first choice
    let cases = [
        ("c3", "c3"),
        ("\"w x", "\"w x\""),
        ("a1 \"w", "a1 \"w x\""),
        ("a1 c3", "a1 c3"),
        ("a1  \"w x\" b2", "a1  \"w x\" b2"),
        ("a1 w", "a1 \"w x\""),
    ];
    for (typed, expected) in cases {
        let query = ChoicesQuery { line: "page".into(), arg: "alerts".into(), typed: typed.into() };
        let found = it.call(query).await.unwrap();
        assert_eq!(found.first().map(|choice| choice.value.as_str()), Some(expected), "{typed}");
    }
    // After a blank all are offered, beside those that are there.
    let query = ChoicesQuery { line: "page".into(), arg: "alerts".into(), typed: "a1 ".into() };
    let found = it.call(query).await.unwrap();
    assert!(found.len() > 2 && found.iter().all(|choice| choice.value.starts_with("a1 ")), "{found:?}");
    it.engine.stop().await;
}
