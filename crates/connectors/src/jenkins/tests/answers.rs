//! Yes and no to an input step.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use callboard_domain::{
    command::verbs,
    identity::Identity,
    item::{Approval, ItemKey, Question, QuestionType},
    message::Block,
};
use wiremock::{Request, Respond};

use super::{
    inputs::{gated, no, pending, yes},
    *,
};

/// An input step on the board.
fn shown(id: &str, title: &str, questions: Option<Vec<Question>>) -> Item {
    let approval = Approval { questions, ..Approval::new("web", jiff::Timestamp::UNIX_EPOCH) };
    let url = "https://ci.example/job/web/job/deploy/12/input/".parse().ok();
    let key = ItemKey::new(&"test".into(), Kind::Approval, id);
    Item { key, title: title.to_owned(), url, detail: Detail::Approval(approval) }
}

fn question(name: &str, ty: QuestionType, default: Option<&str>) -> Question {
    Question { name: name.to_owned(), summary: None, ty, default: default.map(str::to_owned) }
}

fn target() -> Question {
    let choices = QuestionType::Choice(vec!["eu".to_owned(), "us".to_owned()]);
    question("TARGET", choices, Some("eu"))
}

/// Arguments about an item.
pub(super) fn about(item: Item, values: &[(&str, &str)], pairs: &[(&str, &str)]) -> Args {
    let id = item.key.id.clone();
    let mut args = args(values);
    args.values.insert(verbs::APPROVAL.to_owned(), id);
    args.items.insert(verbs::APPROVAL.to_owned(), item);
    args.pairs = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    args
}

/// The input step that the contract approves, or denies.
pub(super) fn plain(id: &str, values: &[(&str, &str)]) -> Args {
    about(shown(&format!("release#12/{id}"), &format!("{id}?"), Some(Vec::new())), values, &[])
}

/// A build with two input steps, each of which waits until it is answered, and again once that was seen.
pub(super) fn gates() -> Vec<Mock> {
    struct Pends(Arc<AtomicBool>);

    impl Respond for Pends {
        fn respond(&self, _: &Request) -> ResponseTemplate {
            let answered = self.0.swap(false, Ordering::SeqCst);
            let list = if answered { json!([]) } else { json!([pending("Proceed"), pending("Rollback")]) };
            ResponseTemplate::new(200).set_body_json(list)
        }
    }

    struct Takes(Arc<AtomicBool>);

    impl Respond for Takes {
        fn respond(&self, _: &Request) -> ResponseTemplate {
            self.0.store(true, Ordering::SeqCst);
            ResponseTemplate::new(200)
        }
    }

    let answered = Arc::new(AtomicBool::new(false));
    let post =
        |at: &str| Mock::given(method("POST")).and(path(at)).respond_with(Takes(Arc::clone(&answered)));
    vec![
        get("/job/release/12/api/json", gated(12, "", &[])),
        Mock::given(path("/job/release/12/wfapi/pendingInputActions"))
            .respond_with(Pends(Arc::clone(&answered))),
        post("/job/release/12/input/Proceed/proceedEmpty"),
        post("/job/release/12/input/Rollback/abort"),
    ]
}

const DEPLOY: &str = "/job/web/job/deploy/12";

/// How a build is, and what waits in it, before an answer and after it.
struct World {
    before: (Value, Value),
    posted: ResponseTemplate,
    after: (Value, Value),
}

/// Runs a command there, and gives what came of it and what was posted: the path with its query, and the body.
async fn answer(
    world: World,
    command: &str,
    args: &Args,
) -> (Result<callboard_domain::run::Outcome, ServiceError>, Vec<String>) {
    let (build, list) = (format!("{DEPLOY}/api/json"), format!("{DEPLOY}/wfapi/pendingInputActions"));
    let server = serve([
        get(&build, world.before.0).up_to_n_times(1),
        get(&list, world.before.1).up_to_n_times(1),
        get(&build, world.after.0),
        get(&list, world.after.1),
        Mock::given(method("POST")).respond_with(world.posted),
    ])
    .await;
    let (outcome, _) = run(&server, command, args).await;
    let requests = server.received_requests().await.unwrap();
    let posts = requests.iter().filter(|request| request.method == "POST").map(|request| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        format!("{} {body}", &request.url[url::Position::BeforePath..]).trim().to_owned()
    });
    (outcome, posts.collect())
}

fn runs() -> Value {
    gated(12, "", &[])
}

fn empty(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

#[tokio::test]
async fn yes_is_sent_once_with_all_answers_in_its_form() {
    let asks = |mut step: Value| {
        step["inputs"] = json!([
            { "type": "ChoiceParameterDefinition", "name": "TARGET", "definition": { "defaultVal": "eu", "choices": ["eu", "us"] } },
            { "type": "BooleanParameterDefinition", "name": "DRY", "definition": { "defaultVal": true } },
        ]);
        step
    };
    let questions = vec![target(), question("DRY", QuestionType::Bool, Some("true"))];
    let form = |json: Value| {
        url::form_urlencoded::Serializer::new(String::new()).append_pair("json", &json.to_string()).finish()
    };
    let submit = |target: &str, dry: bool| {
        let form = form(
            json!({ "parameter": [{ "name": "TARGET", "value": target }, { "name": "DRY", "value": dry }] }),
        );
        format!("{DEPLOY}/wfapi/inputSubmit?inputId=Go+live%3F+%26x%3D1 {form}")
    };
    let id = "Go live? &x=1";
    let cases: [(&[(&str, &str)], String); 2] =
        [(&[], submit("eu", true)), (&[("DRY", "FALSE"), ("TARGET", "us")], submit("us", false))];
    for (pairs, expected) in cases {
        let world = World {
            before: (runs(), json!([asks(pending(id))])),
            // As a plugin writes nothing.
            posted: ResponseTemplate::new(200).set_body_json(Value::Null),
            after: (runs(), json!([])),
        };
        let item = shown(&format!("web/deploy#12/{id}"), &format!("{id}?"), Some(questions.clone()));
        let args = about(item, &[("comment", "Works on staging")], pairs);
        let preview =
            action(&connect("https://ci.example", &[]), "approve").preview(&args, contract::now()).unwrap();
        let (outcome, posts) = answer(world, "approve", &args).await;
        let outcome = outcome.unwrap();
        assert_eq!((outcome.ok, outcome.summary.as_str()), (true, "web/deploy #12 goes on"));
        assert_eq!(posts, [expected]);
        assert!(outcome.blocks.contains(&Block::Text("Works on staging".to_owned())), "{outcome:?}");
        // What is sent was shown, and that Jenkins does not get the comment.
        let sent = url::form_urlencoded::parse(posts[0].split_once(' ').unwrap().1.as_bytes())
            .next()
            .unwrap()
            .1
            .into_owned();
        assert!(
            preview[2]
                .request
                .starts_with(&format!("POST https://ci.example{DEPLOY}/wfapi/inputSubmit?inputId=")),
            "{preview:?}"
        );
        assert!(preview[2].request.ends_with(&format!("json={sent}")), "{preview:?}");
        assert_eq!(preview[4].what, "Post with the outcome (Jenkins keeps no comment): Works on staging");
    }
    // Without questions, and in a branch's build.
    let world = World {
        before: (runs(), json!([pending("Proceed")])),
        posted: empty(200),
        after: (runs(), json!([])),
    };
    let item = shown("web/deploy#12/Proceed", "Proceed?", Some(vec![]));
    let (outcome, posts) = answer(world, "approve", &about(item, &[], &[])).await;
    assert!(outcome.unwrap().ok);
    assert_eq!(posts, [format!("{DEPLOY}/input/Proceed/proceedEmpty")]);
}

#[tokio::test]
async fn no_is_sent_once_and_its_reason_goes_with_the_outcome() {
    let world = World {
        before: (runs(), json!([pending("Proceed")])),
        posted: empty(200),
        after: (gated(12, "ABORTED", &[no("ana")]), json!([])),
    };
    let item = shown("web/deploy#12/Proceed", "Proceed?", None);
    let (outcome, posts) = answer(world, "deny", &about(item, &[("why", "not today")], &[])).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ok, outcome.summary.as_str()), (true, "web/deploy #12 is denied"));
    assert!(outcome.blocks.contains(&Block::Text("not today".to_owned())), "{outcome:?}");
    assert_eq!(posts, [format!("{DEPLOY}/input/Proceed/abort")]);
    let item = shown("web/deploy#12/Proceed", "Proceed?", None);
    let deny = action(&connect("https://ci.example", &[]), "deny");
    assert!(deny.preview(&about(item, &[], &[]), contract::now()).is_err(), "a no without a reason");
}

/// What is there, what was shown -> why nothing is sent.
#[tokio::test]
async fn nothing_is_sent_where_it_is_not_what_was_shown() {
    let ask = |definition: Value| {
        let mut step = pending("Proceed");
        step["inputs"] = json!([definition]);
        step
    };
    let targets = |default: &str, choices: &[&str]| {
        ask(
            json!({ "type": "ChoiceParameterDefinition", "name": "TARGET", "definition": { "defaultVal": default, "choices": choices } }),
        )
    };
    let renamed = |message: &str| {
        let mut step = pending("Proceed");
        step["message"] = json!(message);
        step
    };
    let none = || Some(Vec::new());
    let one = || Some(vec![target()]);
    let changed = |what: &str| {
        format!(
            "web/deploy#12/Proceed has changed since it was shown: {what}. Nothing was sent; look at it again"
        )
    };
    let over = |facts: &str| format!("web/deploy #12 does not wait for Proceed any more{facts}");
    let cases = [
        (runs(), json!([targets("eu", &["eu", "us"])]), none(), changed("TARGET has changed")),
        (runs(), json!([pending("Proceed")]), one(), changed("TARGET has changed")),
        (runs(), json!([targets("us", &["eu", "us"])]), one(), changed("TARGET has changed")),
        (runs(), json!([targets("eu", &["eu", "us", "production"])]), one(), changed("TARGET has changed")),
        (
            runs(),
            json!([ask(json!({ "type": "PasswordParameterDefinition", "name": "TARGET" }))]),
            one(),
            changed("TARGET has changed"),
        ),
        (
            runs(),
            json!([{ "id": "Proceed", "message": "Proceed?" }]),
            none(),
            changed("what it asks has changed"),
        ),
        (runs(), json!([renamed("Deploy 1.43?")]), none(), changed("it says \"Deploy 1.43?\" now")),
        (
            runs(),
            json!([pending("Proceed"), renamed("Deploy 1.43?")]),
            none(),
            changed("it says \"Deploy 1.43?\" now"),
        ),
        (runs(), json!([]), none(), over(": the build goes on, yes was said in it by kim")),
        (runs(), json!([pending("Other")]), none(), over(": the build goes on, yes was said in it by kim")),
        (
            gated(12, "ABORTED", &[no("bo")]),
            json!([]),
            none(),
            over(": the build ended with ABORTED, no by BO"),
        ),
        (
            runs(),
            json!([null]),
            none(),
            "it cannot be read whether web/deploy#12/Proceed still waits: nothing was sent".to_owned(),
        ),
        (runs(), json!(null), none(), "Jenkins does not say which input steps wait".to_owned()),
    ];
    for (build, list, questions, why) in cases {
        let world = World {
            before: (build, list.clone()),
            posted: empty(200),
            after: (gated(12, "", &[yes("kim")]), json!([])),
        };
        let item = shown("web/deploy#12/Proceed", "Proceed?", questions);
        let (outcome, posts) = answer(world, "approve", &about(item, &[], &[])).await;
        let error = outcome.expect_err(&why);
        assert_eq!((error.to_string(), posts), (why, vec![]), "{list}");
        assert!(!matches!(error, ServiceError::Unknown { .. }), "{error:?}");
    }
}

/// What is asked -> why no yes can be given here; a no can.
#[tokio::test]
async fn what_cannot_be_answered_here_is_refused_with_its_page() {
    let page = "https://ci.example/job/web/job/deploy/12/input/";
    let password = || question("PIN", QuestionType::Elsewhere, None);
    let cases = [
        (Some(vec![]), None),
        (Some(vec![target()]), None),
        (Some(vec![target(), password()]), Some(format!("PIN cannot be answered here: answer it at {page}"))),
        (None, Some(format!("Jenkins does not say what it asks: answer it at {page}"))),
    ];
    let connection = connect("https://ci.example", &[]);
    for (questions, why) in cases {
        let item = shown("web/deploy#12/Proceed", "Proceed?", questions);
        let approve = action(&connection, "approve");
        assert_eq!(approve.refuses(&item, &Identity::default()), why);
        let preview = approve.preview(&about(item.clone(), &[], &[]), contract::now());
        assert_eq!(preview.is_err(), why.is_some(), "{preview:?}");
        let deny = action(&connection, "deny");
        assert_eq!(deny.refuses(&item, &Identity::default()), None);
        assert!(deny.preview(&about(item, &[("why", "no")], &[]), contract::now()).is_ok());
    }
    // An id that is no input step's, and one that was cut.
    for id in ["web/deploy", "web/deploy#12/..", "web/deploy#x/A"] {
        let item = shown(id, "Proceed?", Some(vec![]));
        assert!(
            action(&connection, "approve").preview(&about(item, &[], &[]), contract::now()).is_err(),
            "{id}"
        );
    }
}

/// How Jenkins answers, how it is afterwards -> whether it is done, refused or not known.
#[tokio::test]
async fn only_what_is_seen_is_done() {
    let waits = || (runs(), json!([pending("Proceed")]));
    let gone = |more: &[Value]| (gated(12, "", more), json!([]));
    let page = |status: u16| ResponseTemplate::new(status).set_body_raw("<html>no</html>", "text/html");
    let own = |status: u16| page(status).insert_header("x-jenkins", "2.541");
    let may = "is the account among those who may answer";
    // The contract has what else may come of a write.
    type Case = (ResponseTemplate, (Value, Value), Result<(), (&'static str, &'static str)>);
    let cases: [Case; 15] = [
        (empty(200), gone(&[]), Ok(())),
        (
            empty(302).insert_header("location", "/login"),
            waits(),
            Err(("unknown", "Jenkins answered with 302, and web/deploy #12 still waits")),
        ),
        (empty(200), waits(), Err(("unknown", "Jenkins answered with 200, and web/deploy #12 still waits"))),
        // Asked again at once under the same id.
        (empty(200), (gated(12, "", &[yes("ana")]), json!([pending("Proceed")])), Ok(())),
        (page(504), gone(&[yes("ANA")]), Ok(())),
        (page(504), gone(&[yes("kim")]), Err(("unknown", "Whose answer web/deploy #12 took is not known"))),
        (page(504), gone(&[]), Err(("unknown", "Whose answer web/deploy #12 took is not known"))),
        (page(504), waits(), Err(("unknown", "504"))),
        // A refusal by the plugin: Jenkins itself failed, and it still waits.
        (own(500), waits(), Err(("rejected", may))),
        (own(500), gone(&[yes("ana")]), Ok(())),
        (own(500), gone(&[yes("kim")]), Err(("unknown", "Whose answer"))),
        (page(500), waits(), Err(("unknown", "500"))),
        (
            own(400).insert_header("x-error", "You need to be kim to submit this."),
            waits(),
            Err(("rejected", "Jenkins refused it: You need to be kim to submit this.")),
        ),
        (own(400), waits(), Err(("rejected", may))),
        (
            own(400),
            gone(&[yes("kim")]),
            Err((
                "rejected",
                "web/deploy #12 does not wait for Proceed any more: the build goes on, yes was said in it by kim",
            )),
        ),
    ];
    for (posted, after, expected) in cases {
        let world = World { before: waits(), posted, after: after.clone() };
        let item = shown("web/deploy#12/Proceed", "Proceed?", Some(vec![]));
        let (outcome, posts) = answer(world, "approve", &about(item, &[], &[])).await;
        assert_eq!(posts.len(), 1, "{after:?}");
        match expected {
            Ok(()) => assert!(outcome.as_ref().is_ok_and(|outcome| outcome.ok), "{after:?}: {outcome:?}"),
            Err((kind, why)) => {
                let error = outcome.expect_err(why);
                let is = if matches!(error, ServiceError::Unknown { .. }) { "unknown" } else { "rejected" };
                assert!(is == kind && error.to_string().contains(why), "{after:?}: {error:?}");
            }
        }
    }
    // One of two parallel stages that ask the same under one id.
    let two = json!([pending("Proceed"), pending("Proceed")]);
    let world = World { before: (runs(), two), posted: empty(200), after: waits() };
    let item = shown("web/deploy#12/Proceed", "Proceed?", Some(vec![]));
    assert!(answer(world, "approve", &about(item, &[], &[])).await.0.unwrap().ok);
}

#[tokio::test]
async fn answers_are_offered() {
    let item = shown(
        "web/deploy#12/Proceed",
        "Proceed?",
        Some(vec![target(), question("PIN", QuestionType::Elsewhere, None)]),
    );
    let approve = action(&connect("https://ci.example", &[]), "approve");
    let choices = approve.choices(verbs::ANSWERS, &about(item, &[], &[])).await.unwrap();
    let values: Vec<_> = choices.iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(values, ["TARGET="]);
}
