//! What Jenkins says of the input steps that wait, as services really write it.

use callboard_domain::{item::QuestionType, source::Scope};

use super::{
    inputs::{Answers, Store, answer, gated, lines, of, one, pending},
    *,
};

/// What a parameter's definition says -> what the answer can be, and the default.
#[tokio::test]
async fn question_is_read_leniently_and_never_lost() {
    use QuestionType::{Bool, Elsewhere, Text};
    let choice = |choices: &[&str]| QuestionType::Choice(choices.iter().map(|it| (*it).to_owned()).collect());
    let of_type =
        |kind: &str, definition: Value| json!({ "type": kind, "name": "X", "definition": definition });
    let many = json!((0..60).map(|n| n.to_string()).collect::<Vec<_>>());
    let cases = [
        (
            of_type("ChoiceParameterDefinition", json!({ "choices": ["a", "b"], "defaultVal": "b" })),
            "X",
            choice(&["a", "b"]),
            Some("b"),
        ),
        (
            of_type("ChoiceParameterDefinition", json!({ "choices": ["ä", ""], "defaultVal": "c" })),
            "X",
            choice(&["ä", ""]),
            None,
        ),
        (
            of_type("ChoiceParameterDefinition", json!({ "choices": many, "defaultVal": "7" })),
            "X",
            Text,
            Some("7"),
        ),
        (of_type("ChoiceParameterDefinition", json!({ "choices": ["a\u{202e}b"] })), "X", Elsewhere, None),
        (of_type("ChoiceParameterDefinition", json!({ "choices": [null] })), "X", Elsewhere, None),
        (of_type("ChoiceParameterDefinition", json!({ "choices": null })), "X", Elsewhere, None),
        (of_type("ChoiceParameterDefinition", json!([])), "X", Elsewhere, None),
        (of_type("BooleanParameterDefinition", json!({ "defaultVal": "False" })), "X", Bool, Some("false")),
        (of_type("BooleanParameterDefinition", json!(null)), "X", Bool, None),
        (of_type(" TextParameterDefinition", json!({ "defaultVal": 7 })), "X", Text, Some("7")),
        (of_type("StringParameterDefinition", json!({ "defaultVal": ["a"] })), "X", Text, None),
        (of_type("CredentialsParameterDefinition", json!({})), "X", Elsewhere, None),
        (of_type("FileParameterDefinition", json!({})), "X", Elsewhere, None),
        (of_type("SomethingOfTomorrow", json!({})), "X", Elsewhere, None),
        (json!({ "name": "X" }), "X", Elsewhere, None),
        (json!({ "type": "StringParameterDefinition" }), "a question without a name", Elsewhere, None),
        (
            json!({ "type": "StringParameterDefinition", "name": " " }),
            "a question without a name",
            Elsewhere,
            None,
        ),
        (json!(null), "entry 1", Elsewhere, None),
        (json!("x"), "entry 1", Elsewhere, None),
    ];
    for (definition, name, ty, default) in cases {
        let mut step = pending("Proceed");
        step["inputs"] = json!([definition]);
        let mut store = Store::default();
        store.poll(&one(gated(12, "", &[]), json!([step]))).await;
        let questions = of(store.approval("web/deploy#12/Proceed").unwrap()).questions.clone().unwrap();
        let [question] = &questions[..] else { panic!("{definition}: {questions:?}") };
        assert_eq!(
            (question.name.as_str(), &question.ty, question.default.as_deref()),
            (name, &ty, default),
            "{definition}"
        );
    }
    // What is asked -> the answers that are possible; `None` where it is not known what is asked.
    let text = |name: &str| json!({ "type": "StringParameterDefinition", "name": name });
    let all: Vec<_> = (0..60).map(|n| text(&format!("Q{n}"))).collect();
    let cases = [
        (json!(null), None),
        (json!("x"), None),
        (json!([]), Some(vec![])),
        (json!([text("A"), text("A")]), Some(vec![Elsewhere, Elsewhere])),
        (json!(all), Some([vec![Text; 49], vec![Elsewhere]].concat())),
    ];
    for (inputs, expected) in cases {
        let mut step = pending("Proceed");
        step["inputs"] = inputs.clone();
        let mut store = Store::default();
        store.poll(&one(gated(12, "", &[]), json!([step]))).await;
        let questions = of(store.approval("web/deploy#12/Proceed").unwrap()).questions.clone();
        let types =
            questions.map(|questions| questions.into_iter().map(|question| question.ty).collect::<Vec<_>>());
        assert_eq!(types, expected, "{inputs}");
    }
}

/// What is listed as pending -> what waits, whether that is all, the problem.
#[tokio::test]
async fn list_of_what_waits_is_read_as_far_as_it_goes() {
    let named = |message: Value| {
        let mut step = pending("A");
        step["message"] = message;
        step
    };
    let listed = |body: Value| answer(body);
    let page = ResponseTemplate::new(200).set_body_raw("<html>Sign in</html>", "text/html");
    let unread = "web/deploy#12: it cannot be read which input steps wait";
    let cases: [(ResponseTemplate, &[&str], bool, &str); 15] = [
        (listed(json!([])), &[], true, ""),
        (listed(json!([pending("A"), pending("B")])), &["A", "B"], true, ""),
        (listed(json!([pending("A"), pending("A")])), &["A"], true, ""),
        // One id, and two questions: it is not known which an answer would be for.
        (
            listed(json!([pending("A"), named(json!("Else?"))])),
            &[],
            false,
            "web/deploy#12: 1 of 1 input steps cannot be read: A",
        ),
        (
            listed(json!([null, pending("A")])),
            &["A"],
            false,
            "web/deploy#12: 1 of 2 input steps cannot be read: entry 1",
        ),
        (
            listed(json!([{ "message": "A?" }])),
            &[],
            false,
            "web/deploy#12: 1 of 1 input steps cannot be read: one without an id",
        ),
        (
            listed(json!([pending("../../x")])),
            &[],
            false,
            "web/deploy#12: 1 of 1 input steps cannot be read: ../../x",
        ),
        (
            listed(json!([pending("a/b")])),
            &[],
            false,
            "web/deploy#12: 1 of 1 input steps cannot be read: a/b",
        ),
        (listed(json!([named(json!(null))])), &["A"], true, ""),
        (listed(json!([named(json!({ "text": "A?" }))])), &["A"], true, ""),
        (
            listed(json!(null)),
            &[],
            false,
            "web/deploy#12: it cannot be read which input steps wait: Jenkins does not say",
        ),
        (listed(json!({ "inputs": [] })), &[], false, unread),
        (page, &[], false, unread),
        (ResponseTemplate::new(203).set_body_json(json!([])), &[], false, unread),
        (ResponseTemplate::new(403), &[], false, unread),
    ];
    for (list, expected, complete, problem) in cases {
        let answers = Answers { lists: vec![(12, list)], ..one(gated(12, "", &[]), json!([])) };
        let mut store = Store::default();
        let (batch, ..) = store.poll(&answers).await;
        let waits = store.items.values().filter(|item| item.key.kind == Kind::Approval);
        let waits: Vec<_> = waits.map(|item| item.reference().rsplit('/').next().unwrap()).collect();
        let problems = lines(&batch.problems);
        assert_eq!(waits, expected, "{problems:?}");
        assert_eq!(batch.complete.contains(&Scope::all(Kind::Approval)), complete, "{problems:?}");
        assert!(
            problems.len() == usize::from(!problem.is_empty()) && problems.concat().starts_with(problem),
            "{problem}: {problems:?}"
        );
        assert!(batch.problems.iter().all(|problem| problem.hides() && problem.of == Some(Kind::Approval)));
    }
}
