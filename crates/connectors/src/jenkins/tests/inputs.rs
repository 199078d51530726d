//! Input steps of pipelines: which wait, and what became of them.

use std::collections::BTreeMap;

use callboard_domain::{
    event::compare_read,
    item::{Approval, BuildRun, QuestionType, User},
    source::{Batch, Cursor, Problem, ProblemKind, Scope},
};

use super::*;

pub(super) const MARKER: &str = "org.jenkinsci.plugins.workflow.support.steps.input.InputAction";
const APPROVER: &str = "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction";
const REJECTION: &str = "org.jenkinsci.plugins.workflow.support.steps.input.Rejection";

/// A build that has had an input step, as it runs, or as it ended with that result; `more` is among its actions.
pub(super) fn gated(number: u64, result: &str, more: &[Value]) -> Value {
    let mut actions = vec![
        json!({ "_class": "hudson.model.CauseAction", "causes": [{ "userId": "dora", "userName": "Dora" }] }),
        json!({}),
        json!({ "_class": MARKER }),
    ];
    actions.extend(more.iter().cloned());
    json!({ "number": number, "building": result.is_empty(), "duration": 1_000, "actions": actions,
        "result": Some(result).filter(|result| !result.is_empty()),
        "timestamp": 1_795_347_000_000_i64, "url": format!("https://ci.example/job/web/job/deploy/{number}/") })
}

pub(super) fn yes(by: &str) -> Value {
    json!({ "_class": APPROVER, "userId": by })
}

pub(super) fn no(by: &str) -> Value {
    json!({ "_class": "jenkins.model.InterruptedBuildAction",
        "causes": [{ "_class": REJECTION, "timestamp": 1, "user": { "id": by, "fullName": by.to_uppercase() } }] })
}

/// An input step that asks nothing.
pub(super) fn pending(id: &str) -> Value {
    json!({ "id": id, "message": format!("{id}?"), "proceedText": "Proceed", "inputs": [],
        "proceedUrl": "https://evil.example/", "abortUrl": "https://evil.example/", "redirectApprovalUrl": "/x" })
}

/// The list of a folder with a pipeline that has these builds.
fn jobs_with(builds: &[Value]) -> Value {
    let job = json!({ "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": "deploy", "color": "blue",
        "nextBuildNumber": 100, "builds": builds });
    json!({ "jobs": [{ "_class": "com.cloudbees.hudson.plugins.folder.Folder", "name": "web", "jobs": [job] }] })
}

const DEPLOY: &str = "/job/web/job/deploy";

/// What Jenkins answers to one poll.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) jobs: Value,
    /// What waits in a build.
    pub(super) lists: Vec<(u64, ResponseTemplate)>,
    /// Single builds, as they are once the lists were read.
    pub(super) builds: Vec<Value>,
}

pub(super) fn answer(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// One build with what waits in it: it is listed so, and is so when it is asked for.
pub(super) fn one(build: Value, list: Value) -> Answers {
    let number = build["number"].as_u64().unwrap();
    Answers {
        jobs: jobs_with(std::slice::from_ref(&build)),
        lists: vec![(number, answer(list))],
        builds: vec![build],
    }
}

/// What is stored of approvals and builds after some polls.
#[derive(Default)]
pub(super) struct Store {
    pub(super) items: BTreeMap<String, Item>,
    cursor: Option<Cursor>,
}

impl Store {
    /// Polls, and takes in what was found as the store does.
    pub(super) async fn poll(&mut self, answers: &Answers) -> (Batch, Vec<String>, usize) {
        let lists = answers.lists.iter().map(|(number, list)| {
            let at = format!("{DEPLOY}/{number}/wfapi/pendingInputActions");
            Mock::given(method("GET")).and(path(at)).respond_with(list.clone())
        });
        let builds = answers
            .builds
            .iter()
            .map(|build| get(&format!("{DEPLOY}/{}/api/json", build["number"]), build.clone()));
        let mocks: Vec<_> =
            std::iter::once(get("/api/json", answers.jobs.clone())).chain(lists).chain(builds).collect();
        let server = serve(mocks).await;
        let source = connect(&server.uri(), &[]).source.unwrap();
        let batch = source.poll(self.cursor.as_ref(), contract::now()).await.unwrap();
        let mut events = Vec::new();
        for snapshot in batch.snapshots.clone() {
            let key = snapshot.key.to_string();
            let change = compare_read(self.items.get(&key), snapshot);
            if change.item.key.kind == Kind::Approval {
                events.extend(change.transitions.iter().map(|transition| {
                    let by = transition.by.as_ref().map_or("-", |by| by.name.as_str());
                    format!("{} {} by {by}", change.item.reference(), transition.name.name())
                }));
            }
            self.items.insert(key, change.item);
        }
        for gone in &batch.gone {
            events.push(format!("{} {}", gone.key.id, gone.reason));
        }
        self.cursor = batch.cursor.clone();
        (batch, events, server.received_requests().await.unwrap().len())
    }

    pub(super) fn approval(&self, id: &str) -> Option<&Item> {
        self.items.get(&format!("test/approval/{id}"))
    }

    fn run(&self) -> &BuildRun {
        let Detail::Build(build) = &self.items["test/build/web/deploy"].detail else { panic!("not a build") };
        &build.runs[0]
    }
}

pub(super) fn of(item: &Item) -> &Approval {
    let Detail::Approval(approval) = &item.detail else { panic!("not an approval") };
    approval
}

pub(super) fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn input_step_is_an_approval_with_all_that_jenkins_says_of_it() {
    let asks = json!([
        { "type": "ChoiceParameterDefinition", "name": "TARGET", "description": "Where to?",
          "definition": { "defaultVal": "eu", "choices": ["eu", "us"] } },
        { "type": "BooleanParameterDefinition", "name": "DRY", "definition": { "defaultVal": true } },
        { "type": "StringParameterDefinition", "name": "REF", "description": null, "definition": { "defaultVal": null } },
        { "type": "PasswordParameterDefinition", "name": "PIN", "definition": { "defaultVal": "s" } },
    ]);
    let mut step = pending("Proceed");
    step["inputs"] = asks;
    step["message"] = json!("Deploy\u{1b}[31m 1.42\nto production?");
    let mut store = Store::default();
    let (batch, events, requests) = store.poll(&one(gated(12, "", &[]), json!([step]))).await;
    assert_eq!((lines(&batch.problems), requests), (vec![], 2));
    assert_eq!(batch.complete, [Scope::all(Kind::Build), Scope::all(Kind::Approval)]);
    assert_eq!(events, ["web/deploy#12/Proceed requested by -"].map(|event| event.replace('-', "dora")));
    let item = store.approval("web/deploy#12/Proceed").unwrap();
    assert_eq!(item.title, "Deploy 1.42 to production?");
    assert_eq!(item.url.as_ref().unwrap().as_str(), "https://ci.example/job/web/job/deploy/12/input/");
    let approval = of(item);
    assert_eq!((approval.repo.as_str(), approval.needed(), approval.asked_at), ("web", Some(1), None));
    assert_eq!(approval.asked_by, Some(User::named("dora")));
    assert_eq!((&approval.account_may, &approval.environment), (&None, &None));
    let questions: Vec<_> = approval
        .questions
        .iter()
        .flatten()
        .map(|it| (it.name.as_str(), &it.ty, it.default.as_deref()))
        .collect();
    let targets = QuestionType::Choice(vec!["eu".to_owned(), "us".to_owned()]);
    assert_eq!(
        questions,
        [
            ("TARGET", &targets, Some("eu")),
            ("DRY", &QuestionType::Bool, Some("true")),
            ("REF", &QuestionType::Text, None),
            ("PIN", &QuestionType::Elsewhere, None),
        ]
    );
    assert!(store.run().waits());
    // Nothing waits any more, and the build goes on.
    let (_, events, _) = store.poll(&one(gated(12, "", &[yes("kim")]), json!([]))).await;
    assert_eq!(events, ["web/deploy#12/Proceed approved by kim"]);
    assert!(!store.run().waits());
    let item = store.approval("web/deploy#12/Proceed").unwrap();
    assert_eq!((item.title.as_str(), item.status()), ("Deploy 1.42 to production?", "approved"));
}

/// How a build was, with what waited; how it is -> what became of that, poll by poll.
#[tokio::test]
async fn input_step_ends_only_as_jenkins_says() {
    let waits = || one(gated(12, "", &[yes("dora")]), json!([pending("A")]));
    let listed_only = |build: Value| Answers { builds: vec![], ..one(build, json!([])) };
    let both = || one(gated(12, "", &[]), json!([pending("A"), pending("B")]));
    let failing = |status| Answers { lists: vec![(12, ResponseTemplate::new(status))], ..waits() };
    let mut deleted = waits();
    (deleted.jobs, deleted.builds) = (jobs_with(&[gated(11, "SUCCESS", &[])]), vec![]);
    let mut disabled = waits();
    disabled.jobs["jobs"][0]["jobs"][0]["buildable"] = json!(false);
    let mut without_job = waits();
    without_job.jobs["jobs"][0]["jobs"] = json!([]);
    let mut unseen = waits();
    unseen.jobs["jobs"][0]["jobs"] = json!(null);
    let mut renamed = waits();
    renamed.jobs["jobs"][0]["jobs"][0]["name"] = json!("ship");
    let mut recreated = waits();
    recreated.jobs["jobs"][0]["jobs"][0]["nextBuildNumber"] = json!(2);
    recreated.jobs["jobs"][0]["jobs"][0]["builds"] = json!([]);
    let a = |what: &str| format!("web/deploy#12/A {what}");
    let ended = "no longer listed by the service";
    type Case = (&'static str, Vec<Answers>, Vec<Vec<String>>);
    let cases: [Case; 20] = [
        ("it goes on waiting", vec![waits(), waits()], vec![vec![]]),
        (
            "yes",
            vec![waits(), one(gated(12, "", &[yes("dora"), yes("kim")]), json!([]))],
            vec![vec![a("approved by kim")]],
        ),
        (
            "yes, and it is over",
            vec![waits(), one(gated(12, "FAILURE", &[yes("dora"), yes("kim")]), json!([]))],
            vec![vec![a("approved by kim")]],
        ),
        (
            "no",
            vec![waits(), one(gated(12, "ABORTED", &[yes("dora"), no("bo")]), json!([]))],
            vec![vec![a("denied by BO")]],
        ),
        // It said so while its last steps ran.
        (
            "no, and it goes on for a while",
            vec![
                waits(),
                one(gated(12, "", &[yes("dora")]), json!([])),
                one(gated(12, "", &[yes("dora")]), json!([])),
                one(gated(12, "ABORTED", &[yes("dora"), no("bo")]), json!([])),
            ],
            vec![vec![a(ended)], vec![], vec![a("denied by BO")]],
        ),
        (
            "it ended with its build",
            vec![waits(), one(gated(12, "ABORTED", &[yes("dora"), no("SYSTEM")]), json!([]))],
            vec![vec![a("superseded by -")]],
        ),
        (
            "nobody is named",
            vec![waits(), one(gated(12, "SUCCESS", &[yes("dora")]), json!([]))],
            vec![vec![a("superseded by -")]],
        ),
        // A timeout that the pipeline catches looks so.
        (
            "it goes on without a yes",
            vec![
                waits(),
                one(gated(12, "", &[yes("dora")]), json!([])),
                one(gated(12, "SUCCESS", &[yes("dora")]), json!([])),
            ],
            vec![vec![a(ended)], vec![]],
        ),
        (
            "it ends without a result",
            vec![
                waits(),
                one(json!({ "number": 12, "building": false, "actions": [] }), json!([])),
                one(gated(12, "SUCCESS", &[yes("dora"), yes("kim")]), json!([])),
            ],
            vec![vec![], vec![a("approved by kim")]],
        ),
        (
            "its build is not there when it is asked how it ended",
            vec![waits(), listed_only(gated(12, "", &[])), waits()],
            vec![vec![a("deleted on the service")], vec![]],
        ),
        ("the list fails", vec![waits(), failing(500), failing(404), waits()], vec![vec![], vec![], vec![]]),
        (
            "it is asked again",
            vec![
                waits(),
                one(gated(12, "", &[yes("dora"), yes("kim")]), json!([])),
                one(gated(12, "", &[yes("dora"), yes("kim")]), json!([pending("A")])),
            ],
            vec![vec![a("approved by kim")], vec![a("requested by dora")]],
        ),
        (
            "one of two",
            vec![
                both(),
                one(gated(12, "", &[yes("kim")]), json!([pending("B")])),
                one(gated(12, "ABORTED", &[yes("kim"), no("bo")]), json!([])),
            ],
            vec![vec![a("approved by kim")], vec!["web/deploy#12/B denied by BO".to_owned()]],
        ),
        (
            "no to one of two",
            vec![both(), one(gated(12, "ABORTED", &[no("bo")]), json!([]))],
            vec![vec![a("superseded by -"), "web/deploy#12/B superseded by -".to_owned()]],
        ),
        ("the build is deleted", vec![waits(), deleted], vec![vec![a("deleted on the service")]]),
        (
            "the job is disabled",
            vec![waits(), disabled],
            vec![vec!["web/deploy disabled on the service".to_owned(), a("disabled on the service")]],
        ),
        (
            "the job is gone",
            vec![waits(), without_job],
            vec![vec!["web/deploy no longer listed by the service".to_owned(), a(ended)]],
        ),
        ("the job is not seen", vec![waits(), unseen, waits()], vec![vec![], vec![]]),
        (
            "the job is renamed",
            vec![waits(), renamed],
            vec![vec!["web/deploy renamed to web/ship".to_owned(), a("renamed to web/ship#12/A")]],
        ),
        (
            "the job is made again",
            vec![waits(), recreated],
            vec![vec!["web/deploy deleted on the service".to_owned(), a("deleted on the service")]],
        ),
    ];
    for (name, polls, expected) in cases {
        let mut store = Store::default();
        store.poll(&polls[0]).await;
        let mut all = Vec::new();
        for answers in &polls[1..] {
            all.push(store.poll(answers).await.1);
        }
        assert_eq!(all, expected, "{name}");
    }
}

/// The builds, with what is answered about them -> how many requests, the problem.
#[tokio::test]
async fn only_builds_that_may_wait_are_asked_about() {
    let plain =
        |number: u64, building: bool| json!({ "number": number, "building": building, "actions": [{}] });
    let six: Vec<_> = (7..=12).map(|number| gated(number, "", &[])).collect();
    let lists: Vec<_> = (7..=12).map(|number| (number, answer(json!([pending("A")])))).collect();
    let mut broken = lists.clone();
    broken[2].1 = ResponseTemplate::new(500);
    let mut hidden = lists.clone();
    hidden[2].1 = ResponseTemplate::new(404);
    type Case<'a> = (&'a str, &'a [Value], &'a [(u64, ResponseTemplate)], usize, usize, &'a str);
    let cases: [Case<'_>; 8] = [
        ("none has had an input step", &[plain(12, true), plain(11, false)], &[], 1, 0, ""),
        ("its build has ended", &[gated(12, "SUCCESS", &[])], &[], 1, 0, ""),
        ("six builds", &six, &lists, 7, 6, ""),
        (
            "one of six fails",
            &six,
            &broken,
            7,
            5,
            "web/deploy#9: it cannot be read which input steps wait: Jenkins is unavailable (500)",
        ),
        (
            "one of six has no list",
            &six,
            &hidden,
            8,
            5,
            "web/deploy#9: Jenkins has no list of its input steps",
        ),
        (
            "no plugin",
            &six[..2],
            &[],
            5,
            0,
            "the plugin Pipeline: REST API is not there: input steps that wait are not seen",
        ),
        ("a build that is gone by then", &[gated(13, "", &[])], &[], 3, 0, ""),
        (
            "no sign-in any more",
            &six[..1],
            &[(7, ResponseTemplate::new(401))],
            2,
            0,
            "web/deploy#7: it cannot be read which input steps wait: Jenkins refused the sign-in",
        ),
    ];
    for (name, builds, lists, requests, waits, problem) in cases {
        let answers = Answers { jobs: jobs_with(builds), lists: lists.to_vec(), builds: six.clone() };
        let mut store = Store::default();
        let (batch, events, asked) = store.poll(&answers).await;
        assert_eq!((asked, events.len()), (requests, waits), "{name}: {:?}", batch.problems);
        let problems = lines(&batch.problems);
        assert!(
            problems.concat().starts_with(problem) && problems.len() == usize::from(!problem.is_empty()),
            "{name}: {problems:?}"
        );
        let kinds: Vec<_> = batch.problems.iter().map(|problem| (problem.kind, problem.of)).collect();
        assert!(kinds.iter().all(|kind| *kind == (ProblemKind::NotSeen, Some(Kind::Approval))), "{name}");
        let complete = problem.is_empty() && name != "a build that is gone by then";
        assert_eq!(batch.complete.contains(&Scope::all(Kind::Approval)), complete, "{name}");
    }
}

#[tokio::test]
async fn approvals_are_watched_with_their_jobs() {
    let cases: [(&[&str], &str, bool); 6] = [
        (&[], "web/deploy#12/A", true),
        (&["web/*"], "web/deploy#12/A", true),
        (&["web/deploy"], "web/deploy@fix/#7#12/A", true),
        (&["web/api"], "web/deploy#12/A", false),
        (&["deploy"], "web/deploy#12/A", false),
        (&["web/*"], "not a name", true),
    ];
    for (watch, id, expected) in cases {
        let source = connect("http://127.0.0.1:9", watch).source.unwrap();
        let key = callboard_domain::item::ItemKey::new(&"test".into(), Kind::Approval, id);
        let detail = Detail::Approval(Approval::new("web", jiff::Timestamp::UNIX_EPOCH));
        let item = Item { key, title: String::new(), url: None, detail };
        assert_eq!(source.watches(&item), expected, "{watch:?} {id}");
    }
}

/// A cursor of an older version -> what it takes with it.
#[tokio::test]
async fn older_cursors_are_read() {
    for cursor in ["{}", r#"{"known":{"web/deploy":[12,1]},"builds":{"web/deploy":{"12":true}}}"#, "x"] {
        let mut store = Store { cursor: Some(Cursor(cursor.to_owned())), ..Store::default() };
        let (_, events, _) = store.poll(&one(gated(12, "", &[]), json!([pending("A")]))).await;
        assert!(events.contains(&"web/deploy#12/A requested by dora".to_owned()), "{cursor}: {events:?}");
    }
}
