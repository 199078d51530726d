//! Single builds that are deleted, that outlast the list, and jobs that are made again.

use callboard_domain::{
    event::without_runs,
    source::{Batch, Cursor, ProblemKind},
};

use super::*;

/// A job as Jenkins reports it: its next number, its list, and the other builds that it has.
#[derive(Clone)]
struct JobState {
    next: Value,
    builds: Vec<Value>,
    others: Vec<Value>,
}

fn job_state(next: impl Into<Value>, builds: &[Value], others: &[Value]) -> JobState {
    JobState { next: next.into(), builds: builds.to_vec(), others: others.to_vec() }
}

/// A build made at that minute; without a result it runs.
fn made(number: u64, minute: i64, result: &str) -> Value {
    json!({ "number": number, "building": result.is_empty(), "duration": 1_000,
        "result": Some(result).filter(|result| !result.is_empty()),
        "timestamp": 1_795_347_000_000_i64 + minute * 60_000 })
}

/// Follows a job as the store does: what is reported of it, the runs that remain of it, and what was asked for by number.
async fn follow(polls: &[JobState]) -> (Vec<Vec<EventName>>, String, Vec<String>) {
    let (mut stored, mut cursor, mut reported, mut asked) =
        (None::<Item>, None::<Cursor>, Vec::new(), Vec::new());
    for poll in polls {
        let (batch, numbers) = look(poll, cursor.as_ref()).await;
        asked.extend(numbers);
        for gone in &batch.deleted_runs {
            stored = stored.map(|stored| without_runs(&stored, &gone.numbers).unwrap_or(stored));
        }
        let mut names = Vec::new();
        for snapshot in batch.snapshots {
            let change = compare(stored.as_ref(), snapshot);
            names.extend(change.transitions.iter().map(|transition| transition.name));
            stored = Some(change.item);
        }
        reported.push(names);
        cursor = batch.cursor;
    }
    (reported, lines(&stored.expect("a build")), asked)
}

/// A build's runs in a line.
fn lines(item: &Item) -> String {
    let Detail::Build(build) = &item.detail else { panic!("not a build") };
    let runs = build.runs.iter().map(|run| format!("#{} {}", run.number, run.status.name()));
    runs.collect::<Vec<_>>().join(", ")
}

/// A poll, and the numbers that it asked for.
async fn look(poll: &JobState, cursor: Option<&Cursor>) -> (Batch, Vec<String>) {
    let job = json!({ "_class": "hudson.model.FreeStyleProject", "name": "web", "color": "blue",
        "nextBuildNumber": poll.next, "builds": poll.builds });
    let list = get("/api/json", json!({ "jobs": [job] }));
    let others = poll.others.iter().map(|build| match build["number"].as_u64() {
        Some(number) => get(&format!("/job/web/{number}/api/json"), build.clone()),
        // It answers nothing of the kind.
        None => Mock::given(path(build.as_str().unwrap())).respond_with(ResponseTemplate::new(502)),
    });
    let server = serve(std::iter::once(list).chain(others)).await;
    let source = connect(&server.uri(), &[]).source.unwrap();
    let batch = source.poll(cursor, contract::now()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let asked = requests.iter().filter_map(|request| Some(request.url.path().split('/').nth(3)?.to_owned()));
    (batch, asked.filter(|part| part.parse::<u64>().is_ok()).collect())
}

#[tokio::test]
async fn deleted_build_leaves_the_others() {
    use EventName::{Failed, Fixed, Passed, Running, StillFailing};
    let (green, red) = (made(57, 1, "SUCCESS"), made(58, 2, "FAILURE"));
    let list = |builds: &[&Value]| builds.iter().map(|build| (*build).clone()).collect::<Vec<_>>();
    type Case<'a> = (&'a str, Vec<JobState>, &'a [&'a [EventName]], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        (
            "the newest",
            vec![job_state(59, &list(&[&red, &green]), &[]), job_state(59, &list(&[&green]), &[])],
            &[&[Passed, Failed], &[]],
            "#57 passed",
            &["58"],
        ),
        (
            "the newest, and another is built",
            vec![
                job_state(59, &list(&[&red, &green]), &[]),
                job_state(60, &list(&[&made(59, 3, "SUCCESS"), &green]), &[]),
            ],
            &[&[Passed, Failed], &[Passed]],
            "#59 passed, #57 passed",
            &["58"],
        ),
        (
            "one that runs",
            vec![
                job_state(59, &list(&[&made(58, 2, ""), &green]), &[]),
                job_state(59, &list(&[&green]), &[]),
            ],
            &[&[Passed, Running], &[]],
            "#57 passed",
            &["58"],
        ),
        (
            "it is there after all",
            vec![job_state(59, &list(&[&red, &green]), &[]), job_state(59, &list(&[&green]), &list(&[&red]))],
            &[&[Passed, Failed], &[]],
            "#58 failed, #57 passed",
            &["58"],
        ),
        (
            "an old one is cleared away",
            vec![job_state(59, &list(&[&red, &green]), &[]), job_state(59, &list(&[&red]), &[])],
            &[&[Passed, Failed], &[]],
            "#58 failed, #57 passed",
            &[],
        ),
        (
            "one that runs leaves the list and ends",
            vec![
                job_state(59, &list(&[&green, &made(56, 0, "")]), &[]),
                job_state(59, &list(&[&green]), &list(&[&made(56, 0, "")])),
                job_state(59, &list(&[&green]), &list(&[&made(56, 0, "FAILURE")])),
                job_state(59, &list(&[&green]), &[]),
            ],
            &[&[Running, Passed], &[], &[Failed], &[]],
            "#57 passed, #56 failed",
            &["56", "56"],
        ),
        (
            "it is not answered for a while",
            vec![
                job_state(59, &list(&[&red, &green]), &[]),
                job_state(59, &list(&[&green]), &[json!("/job/web/58/api/json")]),
                job_state(59, &list(&[&green]), &[]),
            ],
            &[&[Passed, Failed], &[], &[]],
            "#57 passed",
            &["58", "58"],
        ),
        (
            "nothing is known of numbers",
            vec![
                job_state(json!(null), &list(&[&red, &green]), &[]),
                job_state(json!(null), &list(&[&made(59, 3, "FAILURE"), &red, &green]), &[]),
                job_state(json!(null), &list(&[&made(60, 4, "SUCCESS")]), &[]),
            ],
            &[&[Passed, Failed], &[StillFailing], &[Fixed]],
            "#60 passed, #59 failed, #58 failed, #57 passed",
            &[],
        ),
    ];
    for (name, polls, reported, runs, asked) in cases {
        let (got_reported, got_runs, got_asked) = follow(&polls).await;
        assert_eq!(got_reported, reported, "{name}");
        assert_eq!(
            (got_runs.as_str(), got_asked),
            (runs, asked.iter().map(|it| (*it).to_owned()).collect()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn unreadable_single_build_becomes_a_problem() {
    let before = job_state(59, &[made(58, 2, "FAILURE"), made(57, 1, "SUCCESS")], &[]);
    let (first, _) = look(&before, None).await;
    let now = job_state(59, &[made(57, 1, "SUCCESS")], &[json!("/job/web/58/api/json")]);
    let (batch, _) = look(&now, first.cursor.as_ref()).await;
    let [problem] = &batch.problems[..] else { panic!("{:?}", batch.problems) };
    assert_eq!((problem.kind, problem.part.as_str()), (ProblemKind::Incomplete, "web"));
    assert!(problem.why.starts_with("build 58 is on no list"), "{problem}");
    assert_eq!(batch.deleted_runs, []);
}

#[tokio::test]
async fn recreated_job_starts_a_new_history() {
    use EventName::{Failed, Fixed, Passed, Running};
    let undated = |number, result: &str| {
        let mut build = made(number, 9, result);
        build["timestamp"] = json!(null);
        build
    };
    let old = || job_state(59, &[made(58, 2, "FAILURE"), made(57, 1, "SUCCESS")], &[]);
    let old_green = || job_state(59, &[made(58, 2, "SUCCESS")], &[]);
    type Case<'a> = (&'a str, Vec<JobState>, &'a [EventName], &'a str);
    let cases: [Case<'_>; 14] = [
        ("green", vec![old(), job_state(2, &[made(1, 9, "SUCCESS")], &[])], &[Passed], "#1 passed"),
        (
            "green, after a look at it with nothing built",
            vec![old(), job_state(1, &[], &[]), job_state(2, &[made(1, 9, "SUCCESS")], &[])],
            &[Passed],
            "#1 passed",
        ),
        (
            "red, as the one before it was",
            vec![old(), job_state(2, &[made(1, 9, "FAILURE")], &[])],
            &[Failed],
            "#1 failed",
        ),
        ("red", vec![old_green(), job_state(2, &[made(1, 9, "FAILURE")], &[])], &[Failed], "#1 failed"),
        ("it runs", vec![old_green(), job_state(2, &[made(1, 9, "")], &[])], &[Running], "#1 running"),
        // Without times nothing shows that the numbers began anew but the next one.
        ("no times", vec![old(), job_state(2, &[undated(1, "SUCCESS")], &[])], &[Passed], "#1 passed"),
        (
            "its next number is missing",
            vec![old_green(), job_state(json!(null), &[made(1, 9, "FAILURE")], &[])],
            &[Failed],
            "#1 failed",
        ),
        (
            "nor is it of one that was red",
            vec![old(), job_state(json!(null), &[made(2, 10, "SUCCESS"), made(1, 9, "FAILURE")], &[])],
            &[Failed, Fixed],
            "#2 passed, #1 failed",
        ),
        (
            "it is missing in one poll",
            vec![
                old(),
                job_state(json!(null), &[made(1, 9, "FAILURE")], &[]),
                job_state(3, &[made(2, 10, "SUCCESS"), made(1, 9, "FAILURE")], &[]),
            ],
            &[Fixed],
            "#2 passed, #1 failed",
        ),
        // Without it and without times, nothing shows it: the builds that were known are asked for, and are not there.
        (
            "neither its next number nor its times",
            vec![old(), job_state(json!(null), &[undated(1, "SUCCESS")], &[])],
            &[Passed],
            "#1 passed",
        ),
        // It is not made again: its last build was deleted.
        (
            "a lower number that was made before",
            vec![old(), job_state(json!(null), &[made(57, 1, "SUCCESS")], &[])],
            &[],
            "#57 passed",
        ),
        (
            "past its old number",
            vec![
                job_state(2, &[made(1, 2, "SUCCESS")], &[]),
                job_state(3, &[made(2, 10, "FAILURE"), made(1, 9, "SUCCESS")], &[]),
            ],
            &[Passed, Failed],
            "#2 failed, #1 passed",
        ),
        (
            "under its number",
            vec![job_state(2, &[made(1, 2, "FAILURE")], &[]), job_state(2, &[made(1, 9, "FAILURE")], &[])],
            &[Failed],
            "#1 failed",
        ),
        // It is not made again: Jenkins's clock was set back.
        (
            "the clock",
            vec![
                old(),
                job_state(60, &[made(59, 0, "SUCCESS"), made(58, 2, "FAILURE"), made(57, 1, "SUCCESS")], &[]),
            ],
            &[Fixed],
            "#59 passed, #58 failed, #57 passed",
        ),
    ];
    for (name, polls, reported, runs) in cases {
        let (got_reported, got_runs, _) = follow(&polls).await;
        assert_eq!(got_reported.last().map(Vec::as_slice), Some(reported), "{name}");
        assert_eq!(got_runs, runs, "{name}");
    }
}

/// The clock shows minute 30.
#[tokio::test]
async fn clock_that_is_put_right_hides_no_build() {
    use EventName::{Failed, Fixed, StillFailing};
    // What is listed, poll by poll -> what the last poll tells, and the builds then.
    type Case<'a> = (&'a str, Vec<JobState>, &'a [EventName], &'a str);
    let one = |next: u64, build: Value| job_state(next, &[build], &[]);
    let cases: [Case<'_>; 9] = [
        (
            "it was ahead, and one build is kept",
            vec![
                one(11, made(10, 80, "SUCCESS")),
                one(12, made(11, 28, "FAILURE")),
                one(13, made(12, 29, "FAILURE")),
            ],
            &[StillFailing],
            "#12 failed, #11 failed, #10 passed",
        ),
        (
            "it was ahead, and the next build is green",
            vec![one(11, made(10, 80, "FAILURE")), one(12, made(11, 29, "SUCCESS"))],
            &[Fixed],
            "#11 passed, #10 failed",
        ),
        (
            "it was ahead, and both are listed",
            vec![
                one(11, made(10, 80, "SUCCESS")),
                job_state(12, &[made(11, 29, "FAILURE"), made(10, 80, "SUCCESS")], &[]),
            ],
            &[Failed],
            "#11 failed, #10 passed",
        ),
        (
            "it is set back",
            vec![
                one(11, made(10, 20, "SUCCESS")),
                one(12, made(11, 5, "FAILURE")),
                one(13, made(12, 6, "FAILURE")),
            ],
            &[StillFailing],
            "#12 failed, #11 failed, #10 passed",
        ),
        (
            "it is right",
            vec![one(11, made(10, 20, "SUCCESS")), one(12, made(11, 21, "FAILURE"))],
            &[Failed],
            "#11 failed, #10 passed",
        ),
        (
            "nothing is built",
            vec![one(11, made(10, 80, "SUCCESS")), one(11, made(10, 80, "SUCCESS"))],
            &[],
            "#10 passed",
        ),
        (
            "the job is made again",
            vec![one(11, made(10, 80, "SUCCESS")), one(2, made(1, 29, "FAILURE"))],
            &[Failed],
            "#1 failed",
        ),
        (
            "it is made again, and has the same number",
            vec![one(2, made(1, 80, "SUCCESS")), one(2, made(1, 29, "FAILURE"))],
            &[Failed],
            "#1 failed",
        ),
        (
            "it is made again, and counts on",
            vec![
                one(11, made(10, 80, "SUCCESS")),
                one(2, made(1, 28, "FAILURE")),
                one(3, made(2, 29, "SUCCESS")),
            ],
            &[Fixed],
            "#2 passed, #1 failed",
        ),
    ];
    for (name, polls, reported, runs) in cases {
        let (got_reported, got_runs, _) = follow(&polls).await;
        assert_eq!(got_reported.first().map(Vec::len), Some(1), "{name}");
        assert_eq!(got_reported.last().map(Vec::as_slice), Some(reported), "{name}");
        assert_eq!(got_runs, runs, "{name}");
    }
}

#[tokio::test]
async fn build_listed_twice_counts_as_its_further_row() {
    let twice =
        "web: 1 of 2 builds cannot be read: build 2: it is listed twice, and one contradicts the other";
    let longer = |mut build: Value| {
        build["duration"] = json!(9_000);
        build
    };
    let green = || made(1, 1, "SUCCESS");
    // Both rows of build 2 -> what is reported, and what is named.
    let cases = [
        ([made(2, 5, "FAILURE"), made(2, 5, "FAILURE")], "#2 failed, #1 passed", ""),
        ([made(2, 5, ""), made(2, 5, "FAILURE")], "#2 failed, #1 passed", ""),
        ([made(2, 5, "FAILURE"), made(2, 6, "SUCCESS")], "#2 passed, #1 passed", ""),
        ([made(2, 5, "FAILURE"), longer(made(2, 5, "SUCCESS"))], "#2 passed, #1 passed", ""),
        ([made(2, 5, "FAILURE"), made(2, 5, "SUCCESS")], "#1 passed", twice),
    ];
    for (rows, reported, problem) in cases {
        for rows in [[&rows[0], &rows[1]], [&rows[1], &rows[0]]] {
            let all: Vec<_> = rows.into_iter().cloned().chain([green()]).collect();
            let (batch, _) = look(&job_state(3, &all, &[]), None).await;
            assert_eq!(lines(&batch.snapshots[0]), reported, "{rows:?}");
            let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems.join("; "), problem, "{rows:?}");
        }
    }
    // What was known of it stays, and it is not asked for: it is there.
    let before = job_state(3, &[made(2, 5, "FAILURE"), green()], &[]);
    let odd = job_state(3, &[made(2, 5, "SUCCESS"), made(2, 5, "FAILURE"), green()], &[]);
    let (reported, runs, asked) = follow(&[before.clone(), odd, before]).await;
    assert_eq!(reported, [vec![EventName::Passed, EventName::Failed], vec![], vec![]]);
    assert_eq!((runs.as_str(), asked), ("#2 failed, #1 passed", vec![]));
}

#[tokio::test]
async fn who_pressed_build_is_not_whose_change_it_is() {
    let click = json!([{ "causes": [{ "shortDescription": "Started by user Ana", "userId": "ana" }] }]);
    let named = json!([{ "causes": [{ "userName": "Ana" }] }]);
    let none = json!([{ "causes": [{ "shortDescription": "Started by an SCM change" }] }]);
    let change = json!([{ "items": [{ "commitId": "c1", "timestamp": 1, "author": { "id": "bo" } }] }]);
    let nobodys = json!([{ "items": [{ "commitId": "c1", "timestamp": 1 }] }]);
    // why it was built, what changed -> whose change it is, who started it
    let cases = [
        (&click, json!([]), (None, Some("ana"))),
        (&named, json!([]), (None, Some("Ana"))),
        (&click, change.clone(), (Some("bo"), Some("ana"))),
        (&click, nobodys, (None, Some("ana"))),
        (&none, change, (Some("bo"), None)),
        (&none, json!(null), (None, None)),
    ];
    for (actions, changes, expected) in cases {
        let mut build = made(57, 1, "FAILURE");
        (build["actions"], build["changeSets"]) = (actions.clone(), changes.clone());
        let (batch, _) = look(&job_state(58, &[build], &[]), None).await;
        let Detail::Build(build) = &batch.snapshots[0].detail else { panic!("not a build") };
        let run = &build.runs[0];
        let found = (run.author.as_deref(), run.started_by.as_deref());
        assert_eq!(found, expected, "{actions} {changes}");
    }
}
