//! What is not there any more, what only cannot be seen, and what has no result yet.

use callboard_domain::source::{Batch, Cursor, GoneReason, ProblemKind, Scope};
use jiff::{SignedDuration, Timestamp};

use super::*;

const FREESTYLE: &str = "hudson.model.FreeStyleProject";
const FOLDER: &str = "com.cloudbees.hudson.plugins.folder.Folder";
const MULTIBRANCH: &str = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject";

fn built(number: u64, result: Value) -> Value {
    json!({ "number": number, "result": result, "building": false, "timestamp": 1_795_347_000_000_i64, "duration": 1_000 })
}

fn job(name: &str, more: Value) -> Value {
    let mut job = json!({ "_class": FREESTYLE, "name": name, "builds": [built(1, json!("FAILURE"))] });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn folder(class: &str, name: &str, jobs: Value) -> Value {
    json!({ "_class": class, "name": name, "jobs": jobs })
}

async fn poll(response: &Value, watch: &[&str], cursor: Option<&Cursor>, now: Timestamp) -> Batch {
    let server = serve([get("/api/json", response.clone())]).await;
    connect(&server.uri(), watch).source.unwrap().poll(cursor, now).await.unwrap()
}

fn team(jobs: Value) -> Value {
    folder(FOLDER, "team", jobs)
}

fn shop(jobs: Value) -> Value {
    folder(MULTIBRANCH, "shop", jobs)
}

/// The answer to a poll -> why nothing of it is read; `None` where at least something is.
#[tokio::test]
async fn poll_that_can_read_nothing_fails() {
    let none = Some("Jenkins does not say which jobs there are");
    let cases = [
        (json!({}), none),
        (json!([]), none),
        (json!({ "jobs": null }), none),
        (json!({ "_class": FREESTYLE }), none),
        (json!({ "jobs": [] }), None),
        (json!({ "jobs": [null] }), None),
        (json!({ "jobs": [team(json!(null))] }), None),
    ];
    for (response, expected) in cases {
        let server = serve([get("/api/json", response.clone())]).await;
        let connection = connect(&server.uri(), &[]);
        let error = connection.source.unwrap().poll(None, contract::now()).await.err();
        assert_eq!(error, expected.map(ServiceError::unavailable), "{response}");
    }
    let server = serve([get("/job/web/api/json", json!({}))]).await;
    let connection = connect(&server.uri(), &["web/*"]);
    let error = connection.source.unwrap().poll(None, contract::now()).await.unwrap_err();
    assert_eq!(error.to_string(), "Jenkins does not say which jobs there are in web");
}

#[tokio::test]
async fn gone_job_is_reported_with_its_reason_and_an_unseen_one_is_not() {
    let plain = |name: &str| job(name, json!({}));
    let teams = || team(json!([plain("api")]));
    let shops = || shop(json!([plain("main"), plain("x")]));
    let all = |web: Value| json!({ "jobs": [web, teams(), shops()] });
    let reason = |id: &str, reason: GoneReason| (id.to_owned(), reason);
    let web = |reason: GoneReason| vec![("web".to_owned(), reason)];
    use GoneReason::{BranchDeleted, Deleted, Disabled, NotListed, Renamed};
    // The second listing -> what is gone, whether it is complete, the problem.
    let cases = [
        (all(plain("web")), vec![], true, ""),
        (json!({ "jobs": [teams(), shops()] }), web(NotListed), true, ""),
        (all(job("web", json!({ "buildable": false }))), web(Disabled), true, ""),
        (all(job("web", json!({ "color": "disabled" }))), web(Disabled), true, ""),
        (all(job("web", json!({ "color": "disabled_anime", "buildable": null }))), web(Disabled), true, ""),
        (all(job("web", json!({ "builds": [] }))), web(Deleted), true, ""),
        (all(plain("site")), web(Renamed { to: "site".into() }), true, ""),
        (all(job("site", json!({ "builds": [built(7, json!("SUCCESS"))] }))), web(NotListed), true, ""),
        (
            json!({ "jobs": [plain("web"), teams(), shop(json!([plain("main")]))] }),
            vec![reason("shop@x", BranchDeleted)],
            true,
            "",
        ),
        (
            json!({ "jobs": [plain("web"), teams(), shop(json!([plain("main"), job("x", json!({ "buildable": false }))]))] }),
            vec![reason("shop@x", BranchDeleted)],
            true,
            "",
        ),
        (
            json!({ "jobs": [plain("web"), teams()] }),
            vec![reason("shop@main", NotListed), reason("shop@x", NotListed)],
            true,
            "",
        ),
        (
            json!({ "jobs": [plain("web"), team(json!([])), shops()] }),
            vec![reason("team/api", NotListed)],
            true,
            "",
        ),
        // A missing list is not an empty one.
        (all(job("web", json!({ "builds": null }))), vec![], true, ""),
        (
            all(job("web", json!({ "builds": [null] }))),
            vec![],
            true,
            "web: 1 of 1 builds cannot be read: entry 1",
        ),
        (
            json!({ "jobs": [plain("web"), team(json!(null)), shops()] }),
            vec![],
            false,
            "team: Jenkins does not say which jobs there are",
        ),
        (
            json!({ "jobs": [team(json!([null])), shops()] }),
            web(NotListed),
            false,
            "team: 1 of 1 jobs cannot be read: entry 1",
        ),
        (json!({ "jobs": [null, teams()] }), vec![], false, "1 of 2 jobs cannot be read: entry 1"),
        (json!({ "jobs": [job("", json!({})), teams()] }), vec![], false, "a job's name cannot be read"),
    ];
    for (response, expected, complete, problem) in cases {
        let first = poll(&all(plain("web")), &[], None, contract::now()).await;
        assert_eq!((first.snapshots.len(), first.gone.len()), (4, 0));
        let batch = poll(&response, &[], first.cursor.as_ref(), contract::now()).await;
        let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.clone(), gone.reason.clone())).collect();
        assert_eq!(gone, expected, "{response}");
        assert_eq!(batch.complete.contains(&Scope::all(Kind::Build)), complete, "{response}");
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        assert!(problems.first().map_or("", String::as_str).starts_with(problem), "{response}: {problems:?}");
        assert_eq!(problems.is_empty(), problem.is_empty(), "{response}: {problems:?}");
        // What was only not seen is still known, and gone once it is.
        if complete {
            continue;
        }
        let last = poll(&json!({ "jobs": [] }), &[], batch.cursor.as_ref(), contract::now()).await;
        assert_eq!(last.gone.len() + gone.len(), 4, "{response}");
    }
}

#[tokio::test]
async fn item_without_a_class_in_one_poll_keeps_its_kind() {
    let plain = |name: &str| job(name, json!({}));
    let branches = || json!([plain("main"), plain("x")]);
    let all = |shop: Value, team: Value| json!({ "jobs": [shop, team, plain("web")] });
    let whole = || all(shop(branches()), team(json!([plain("api")])));
    let without = |mut holds: Value, class: &Value| {
        holds["_class"] = class.clone();
        holds.as_object_mut().unwrap().retain(|_, value| *value != json!("missing"));
        holds
    };
    let names = |batch: &Batch| {
        let mut names: Vec<_> = batch.snapshots.iter().map(|item| item.reference().to_owned()).collect();
        names.sort();
        names
    };
    for class in [json!(null), json!("missing"), json!(""), json!({})] {
        for watch in [&[][..], &["shop", "team/*", "web"]] {
            let first = poll(&whole(), watch, None, contract::now()).await;
            let odd = all(without(shop(branches()), &class), without(team(json!([plain("api")])), &class));
            let batch = poll(&odd, watch, first.cursor.as_ref(), contract::now()).await;
            assert_eq!((names(&batch), batch.gone.len()), (names(&first), 0), "{class} {watch:?}");
            assert_eq!(batch.problems, [], "{class} {watch:?}");
            // A branch that is deleted meanwhile is seen to be.
            let fewer = all(without(shop(json!([plain("main")])), &class), team(json!([plain("api")])));
            let batch = poll(&fewer, watch, batch.cursor.as_ref(), contract::now()).await;
            let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), &gone.reason)).collect();
            assert_eq!(gone, [("shop@x", &GoneReason::BranchDeleted)], "{class} {watch:?}");

            // Neither what it is nor what is in it: it is not seen, and nothing of it leaves the board.
            let hidden = |name: &str| without(json!({ "name": name }), &class);
            let odd = all(hidden("shop"), hidden("team"));
            let batch = poll(&odd, watch, first.cursor.as_ref(), contract::now()).await;
            assert_eq!((batch.gone.len(), batch.complete.len()), (0, 0), "{class} {watch:?}");
            assert!(batch.problems.iter().any(|it| it.part == "shop" && it.hides()), "{:?}", batch.problems);
            let back = poll(&whole(), watch, batch.cursor.as_ref(), contract::now()).await;
            assert_eq!((names(&back), back.gone.len()), (names(&first), 0), "{class} {watch:?}");
        }
    }
}

/// The class of a project with branches by then, where it is unknown here.
#[tokio::test]
async fn project_of_an_unknown_class_keeps_its_branches_and_becomes_a_problem() {
    let plain = |name: &str| job(name, json!({}));
    let all = |shop: Value| json!({ "jobs": [shop, plain("web")] });
    let names = |batch: &Batch| {
        let mut names: Vec<_> = batch.snapshots.iter().map(|item| item.reference().to_owned()).collect();
        names.sort();
        names
    };
    for class in ["com.acme.OfTomorrow", "org.jenkinsci.plugins.workflow.multibranch.OfTomorrow", "?"] {
        for watch in [&[][..], &["shop", "web"]] {
            let of = |jobs: Value| all(folder(class, "shop", jobs));
            let whole = all(shop(json!([plain("main"), plain("x")])));
            let first = poll(&whole, watch, None, contract::now()).await;
            let both = of(json!([plain("main"), plain("x")]));
            let odd = poll(&both, watch, first.cursor.as_ref(), contract::now()).await;
            assert_eq!((names(&odd), odd.gone.len()), (names(&first), 0), "{class} {watch:?}");
            let [problem] = &odd.problems[..] else { panic!("{class}: {:?}", odd.problems) };
            assert_eq!((problem.part.as_str(), problem.kind), ("shop", ProblemKind::Details), "{class}");
            assert!(problem.why.contains(class), "{problem}");
            // A branch that is deleted meanwhile is seen to be.
            let fewer = of(json!([plain("main")]));
            let batch = poll(&fewer, watch, odd.cursor.as_ref(), contract::now()).await;
            let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), &gone.reason)).collect();
            assert_eq!(gone, [("shop@x", &GoneReason::BranchDeleted)], "{class} {watch:?}");
            // Where its content is missing, nothing of it leaves the board.
            for hidden in [json!({ "_class": class, "name": "shop" }), folder(class, "shop", json!(null))] {
                let batch = poll(&all(hidden), watch, odd.cursor.as_ref(), contract::now()).await;
                assert_eq!((batch.gone.len(), batch.complete.len()), (0, 0), "{class} {watch:?}");
                let is_named = batch.problems.iter().any(|it| it.part == "shop" && it.hides());
                assert!(is_named, "{class}: {:?}", batch.problems);
                let back = poll(&whole, watch, batch.cursor.as_ref(), contract::now()).await;
                assert_eq!((names(&back), back.gone.len()), (names(&first), 0), "{class} {watch:?}");
            }
        }
    }
}

#[tokio::test]
async fn job_without_a_build_list_keeps_its_state() {
    let red = json!({ "jobs": [job("web", json!({}))] });
    let first = poll(&red, &[], None, contract::now()).await;
    for builds in [json!(null), json!([null, {}]), json!([{ "number": "x" }])] {
        let response = json!({ "jobs": [job("web", json!({ "builds": builds }))] });
        let batch = poll(&response, &[], first.cursor.as_ref(), contract::now()).await;
        let change = compare(Some(&first.snapshots[0]), batch.snapshots[0].clone());
        assert!(change.transitions.is_empty() && change.item.status() == "failed", "{response}: {change:?}");
    }
}

#[tokio::test]
async fn missing_or_unusual_fields_lose_no_build() {
    let cases = [
        json!({ "number": "7", "timestamp": "1795347000000", "building": "false" }),
        json!({ "number": 7, "actions": null, "changeSets": null, "url": null, "duration": null }),
        json!({ "number": 7, "actions": [null, 3, { "causes": [null, "x"] }], "changeSets": [{ "items": null }] }),
        json!({ "number": 7, "timestamp": 99_999_999_999_999_999_i64, "changeSet": "x" }),
        json!({ "number": 7.0, "of_tomorrow": {} }),
    ];
    for mut odd in cases {
        odd["result"] = json!("FAILURE");
        let response = json!({ "jobs": [job("web", json!({ "builds": [odd] }))] });
        let batch = poll(&response, &[], None, contract::now()).await;
        assert_eq!((batch.snapshots[0].status(), &batch.problems[..]), ("failed", &[][..]), "{response}");
    }
}

#[tokio::test]
async fn build_without_a_result_still_runs() {
    let response = |building: bool, result: Value| {
        let mut build = built(2, result);
        build["building"] = json!(building);
        json!({ "jobs": [job("web", json!({ "builds": [build, built(1, json!("SUCCESS"))] }))] })
    };
    let steps = |ends: &[Value]| -> Vec<Value> {
        let ends = ends.iter().map(|end| response(false, end.clone()));
        [response(true, json!(null))].into_iter().chain(ends).collect()
    };
    let hour = SignedDuration::from_hours(1);
    type Case<'a> = (Vec<Value>, SignedDuration, &'a [&'a [EventName]]);
    let cases: [Case<'_>; 4] = [
        (
            steps(&[json!(null), json!(null), json!("FAILURE")]),
            hour,
            &[&[EventName::Passed, EventName::Running], &[], &[], &[EventName::Failed]],
        ),
        (
            steps(&[json!("OF_TOMORROW"), json!("SUCCESS")]),
            hour,
            &[&[EventName::Passed, EventName::Running], &[], &[EventName::Passed]],
        ),
        (
            steps(&[json!("ABORTED")]),
            hour,
            &[&[EventName::Passed, EventName::Running], &[EventName::Canceled]],
        ),
        // A result that does not come in a day never comes.
        (
            steps(&[json!(null), json!(null)]),
            hour * 13,
            &[&[EventName::Passed, EventName::Running], &[], &[]],
        ),
    ];
    for (steps, pause, expected) in cases {
        let (mut stored, mut cursor, mut now) = (None, None, contract::now());
        for (response, expected) in steps.iter().zip(expected) {
            let batch = poll(response, &[], cursor.as_ref(), now).await;
            let change = compare(stored.as_ref(), batch.snapshots[0].clone());
            let names: Vec<_> = change.transitions.iter().map(|transition| transition.name).collect();
            assert_eq!(names, *expected, "{response}");
            (stored, cursor, now) = (Some(change.item), batch.cursor, now + pause);
        }
    }
}

#[tokio::test]
async fn branch_is_watched_with_its_project() {
    let response = json!({ "jobs": [job("web", json!({})), shop(json!([job("feature%2Fx", json!({}))]))] });
    let items = poll(&response, &[], None, contract::now()).await.snapshots;
    let cases: [(&[&str], [bool; 2]); 5] = [
        (&[], [true, true]),
        (&["web"], [true, false]),
        (&["shop"], [false, true]),
        (&["*"], [true, true]),
        (&["shop/*"], [false, false]),
    ];
    for (watch, expected) in cases {
        let source = connect("https://ci.example", watch).source.unwrap();
        assert_eq!([source.watches(&items[0]), source.watches(&items[1])], expected, "{watch:?}");
    }
}

#[tokio::test]
async fn disabled_job_is_off_the_board_from_the_first_poll() {
    let response = json!({ "jobs": [job("web", json!({ "buildable": false })), job("site", json!({}))] });
    for cursor in [None, Some(Cursor(r#"{"waits":{},"left":{}}"#.to_owned()))] {
        let batch = poll(&response, &[], cursor.as_ref(), contract::now()).await;
        let names: Vec<_> = batch.snapshots.iter().map(Item::reference).collect();
        assert_eq!((names, batch.gone.len()), (vec!["site"], 1));
        assert_eq!(batch.gone[0].reason, GoneReason::Disabled);
        let again = poll(&response, &[], batch.cursor.as_ref(), contract::now()).await;
        assert_eq!(again.gone.len(), 0);
    }
    let problems = poll(&json!({ "jobs": [null] }), &[], None, contract::now()).await.problems;
    assert_eq!(problems[0].kind, ProblemKind::Malformed);
}

#[tokio::test]
async fn item_that_lists_jobs_is_read_whatever_its_class() {
    let plain = |name: &str| job(name, json!({}));
    let of = |class: Value, more: Value| {
        let mut project = json!({ "_class": class, "name": "team" });
        project.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "jobs": [project] })
    };
    let holds = |class: Value| of(class, json!({ "jobs": [plain("main")] }));
    let matrix = json!("hudson.matrix.MatrixProject");
    let (own, both) = (json!([built(1, json!("FAILURE"))]), ["team/main", "team"].as_slice());
    let absent = json!({ "jobs": [{ "name": "team", "jobs": [plain("main")] }] });
    let space = json!("com.acme.TeamSpace");
    let defaults =
        json!("org.jenkinsci.plugins.pipeline.multibranch.defaults.PipelineMultiBranchDefaultsProject");
    let no_builds = "team: Jenkins does not say what it built";
    let branches = "team: Jenkins does not say whether it is a folder";
    // What Jenkins lists, what is watched -> what is seen, and the problem.
    type Case<'a> = (Value, &'a [&'a str], &'a [&'a str], &'a str);
    let cases: Vec<Case<'_>> = vec![
        (holds(json!(null)), &[], &["team/main"], ""),
        (absent.clone(), &[], &["team/main"], ""),
        (holds(json!("")), &[], &["team/main"], ""),
        (holds(space.clone()), &[], &["team/main"], ""),
        (holds(space.clone()), &["**"], &["team/main"], ""),
        (holds(defaults.clone()), &[], &["team@main"], ""),
        (holds(defaults.clone()), &["team"], &["team@main"], ""),
        (holds(matrix.clone()), &[], &["team/main"], ""),
        (of(matrix.clone(), json!({ "jobs": [plain("main")], "builds": own })), &[], both, ""),
        (of(matrix.clone(), json!({ "jobs": [], "builds": own })), &[], &["team"], ""),
        (of(matrix.clone(), json!({ "jobs": [], "builds": null, "color": "red" })), &[], &[], no_builds),
        (holds(json!(FREESTYLE)), &[], &["team/main"], ""),
        (of(json!(null), json!({ "builds": own })), &[], &["team"], ""),
        (of(space.clone(), json!({ "jobs": [] })), &[], &[], ""),
        // By its class alone it is not known whether it builds anything.
        (of(space.clone(), json!({})), &[], &[], no_builds),
        (of(json!(null), json!({ "jobs": null, "builds": null })), &[], &[], no_builds),
        (of(defaults.clone(), json!({})), &[], &[], "team: Jenkins does not say which jobs there are"),
        // The branches of a project are watched by its name.
        (absent, &["team"], &[], branches),
    ];
    for (response, watch, expected, problem) in cases {
        let batch = poll(&response, watch, None, contract::now()).await;
        let names: Vec<_> = batch.snapshots.iter().map(Item::reference).collect();
        assert_eq!(names, expected, "{response}");
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        assert!(problems.first().map_or("", String::as_str).starts_with(problem), "{response}: {problems:?}");
        assert_eq!(problems.len(), usize::from(!problem.is_empty()), "{response}: {problems:?}");
        assert!(batch.problems.iter().all(|problem| problem.kind == ProblemKind::NotSeen), "{response}");
        assert_eq!(batch.complete.contains(&Scope::all(Kind::Build)), problem.is_empty(), "{response}");
    }
}

#[tokio::test]
async fn result_is_read_in_any_case_and_an_unknown_one_becomes_a_problem() {
    let unknown = |result: &str| format!("web: it is not known how build 2 ended: Jenkins says {result}");
    // The result of the last build -> its status, and the problem.
    let cases = [
        (json!("FAILURE"), "failed", String::new()),
        (json!("failure"), "failed", String::new()),
        (json!(" FAILURE "), "failed", String::new()),
        (json!("Unstable\n"), "failed", String::new()),
        (json!("success"), "passed", String::new()),
        (json!("aborted"), "canceled", String::new()),
        (json!("Not_Built"), "canceled", String::new()),
        (json!(" "), "unknown", "web: it is not known how build 2 ended: Jenkins gives no result".to_owned()),
        (json!("CRASHED"), "unknown", unknown("CRASHED")),
        (json!("FAIL URE"), "unknown", unknown("FAIL URE")),
        (json!({}), "unknown", unknown("?")),
    ];
    for (result, status, problem) in cases {
        let builds = |last: &[Value]| {
            let builds = [last, &[built(1, json!("SUCCESS"))]].concat();
            json!({ "jobs": [job("web", json!({ "builds": builds }))] })
        };
        let batch = poll(&builds(&[built(2, result.clone())]), &[], None, contract::now()).await;
        let Detail::Build(build) = &batch.snapshots[0].detail else { panic!("not a build") };
        assert_eq!(build.runs[0].status.name(), status, "{result}");
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.join("; "), problem, "{result}");
        assert!(batch.problems.iter().all(|problem| problem.kind == ProblemKind::Incomplete), "{result}");
        // A later build decides the status of the job, unless its result is unknown too.
        for (later, is_problem) in [("SUCCESS", false), ("FAILURE", false), ("ABORTED", true)] {
            let response = builds(&[built(3, json!(later)), built(2, result.clone())]);
            let batch = poll(&response, &[], None, contract::now()).await;
            assert_eq!(
                batch.problems.len(),
                usize::from(is_problem && !problem.is_empty()),
                "{result}, {later}"
            );
        }
    }
}

#[tokio::test]
async fn ended_build_without_a_result_is_unknown_and_becomes_a_problem() {
    let none = "web: it is not known how build 2 ended: Jenkins gives no result";
    // What the last build has, how many minutes after its end -> its status, and the problem.
    let cases = [
        (json!({ "result": null }), 1, "running", ""),
        (json!({ "result": null }), 30, "unknown", none),
        (json!({ "result": " " }), 30, "unknown", none),
        (json!({}), 30, "unknown", none),
        (json!({ "result": null, "building": true }), 30, "running", ""),
        (json!({ "result": "FAILURE" }), 30, "failed", ""),
    ];
    for (last, minutes, status, problem) in cases {
        let ended = contract::now() - SignedDuration::from_mins(minutes);
        let mut build = json!({ "number": 2, "building": false, "duration": 1_000,
            "timestamp": ended.as_millisecond() - 1_000 });
        for (key, value) in last.as_object().unwrap() {
            build[key] = value.clone();
        }
        let response =
            json!({ "jobs": [job("web", json!({ "builds": [build, built(1, json!("FAILURE"))] }))] });
        let batch = poll(&response, &[], None, contract::now()).await;
        let Detail::Build(build) = &batch.snapshots[0].detail else { panic!("not a build") };
        assert_eq!(build.runs[0].status.name(), status, "{last}, {minutes}");
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.join("; "), problem, "{last}, {minutes}");
    }
}

#[tokio::test]
async fn builds_without_a_number_are_named() {
    let nameless = json!({ "result": "FAILURE", "building": false, "timestamp": 1_795_347_000_000_i64 });
    for builds in [json!([nameless]), json!([nameless, built(1, json!("SUCCESS"))])] {
        let response = json!({ "jobs": [job("web", json!({ "builds": builds }))] });
        let batch = poll(&response, &[], None, contract::now()).await;
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        let expected =
            format!("web: 1 of {} builds do not say their number", builds.as_array().unwrap().len());
        assert_eq!(problems, [expected], "{builds}");
        assert!(batch.problems[0].hides());
    }
}
