//! Builds, as they follow from one sighting after the other.

use super::*;

#[tokio::test]
async fn build_under_the_same_label_is_another_attempt() {
    let feed = |activity: &str, status: &str, label: &str, minute: u32| {
        format!(
            "<Projects><Project name=\"p\" activity=\"{activity}\" lastBuildStatus=\"{status}\" \
             lastBuildLabel=\"{label}\" lastBuildTime=\"2026-11-22T12:{minute:02}:00Z\"/></Projects>"
        )
    };
    let steps: [(String, &[EventName]); 7] = [
        (feed("Sleeping", "Success", "56", 1), &[EventName::Passed]),
        (feed("Building", "Success", "56", 1), &[EventName::Running]),
        (feed("Sleeping", "Failure", "57", 2), &[EventName::Failed]),
        (feed("Sleeping", "Failure", "57", 2), &[]),
        (feed("Sleeping", "Success", "57", 3), &[EventName::Fixed]),
        (feed("Sleeping", "Failure", "v2", 4), &[EventName::Failed]),
        (feed("Sleeping", "Success", "v3", 5), &[EventName::Fixed]),
    ];
    let (mut stored, mut cursor) = (None, None);
    for (index, (feed, expected)) in steps.into_iter().enumerate() {
        let server = serve(&feed).await;
        let batch =
            source(&config(&server.uri(), json!({}))).poll(cursor.as_ref(), contract::now()).await.unwrap();
        let change = compare(stored.as_ref(), batch.snapshots[0].clone());
        let names: Vec<_> = change.transitions.iter().map(|transition| transition.name).collect();
        assert_eq!(names, expected, "step {index}");
        (stored, cursor) = (Some(change.item), batch.cursor);
    }
}

/// The events of a project with these states, poll by poll, each so many minutes after the one before.
async fn events_of(steps: &[ProjectState], minutes: i64) -> Vec<Vec<EventName>> {
    let (mut stored, mut cursor, mut now) = (None, None, contract::now());
    let mut events = Vec::new();
    for state in steps {
        let server = serve(&format!("<Projects>{}</Projects>", feed_of("p", *state))).await;
        let batch = source(&config(&server.uri(), json!({}))).poll(cursor.as_ref(), now).await.unwrap();
        let mut names = Vec::new();
        for snapshot in batch.snapshots {
            let change = compare(stored.as_ref(), snapshot);
            names.extend(change.transitions.iter().map(|transition| transition.name));
            stored = Some(change.item);
        }
        events.push(names);
        (cursor, now) = (batch.cursor, now + jiff::SignedDuration::from_mins(minutes));
    }
    events
}

#[tokio::test]
async fn build_is_reported_once() {
    use EventName::{Failed, Fixed, Passed, Running, StillFailing};
    type Steps = &'static [(ProjectState, &'static [EventName])];
    let cases: [Steps; 19] = [
        // The time comes and goes.
        &[
            (("Sleeping", "Failure", "174", T1), &[Failed]),
            (("Sleeping", "Failure", "174", ""), &[]),
            (("Sleeping", "Failure", "174", T1), &[]),
            (("Sleeping", "Failure", "174", "2026-11-22T10:00:00.123+00:00"), &[]),
            (("Sleeping", "Failure", "175", ""), &[StillFailing]),
            (("Sleeping", "Failure", "175", T2), &[]),
        ],
        &[
            (("Sleeping", "Failure", "v1", ""), &[Failed]),
            (("Sleeping", "Failure", "v1", T1), &[]),
            (("Sleeping", "Failure", "v1", ""), &[]),
            (("Sleeping", "Success", "v2", ""), &[Fixed]),
            (("Sleeping", "Success", "v2", T2), &[]),
        ],
        // So does the label.
        &[
            (("Sleeping", "Failure", "", T1), &[Failed]),
            (("Sleeping", "Failure", "9", T1), &[]),
            (("Sleeping", "Failure", "", T1), &[]),
            (("Sleeping", "Success", "10", T2), &[Fixed]),
        ],
        // Neither label nor time: another result is another build.
        &[
            (("Sleeping", "Failure", "", ""), &[Failed]),
            (("Sleeping", "Failure", "", ""), &[]),
            (("Sleeping", "Success", "", ""), &[Fixed]),
            (("Sleeping", "Failure", "", ""), &[Failed]),
        ],
        // The status is not known while a build runs.
        &[
            (("Sleeping", "Success", "57", T1), &[Passed]),
            (("Building", "Unknown", "58", ""), &[Running]),
            (("Building", "Unknown", "58", ""), &[]),
            (("Sleeping", "Failure", "58", T2), &[Failed]),
        ],
        &[
            (("Sleeping", "Success", "57", T1), &[Passed]),
            (("Building", "Unknown", "57", T1), &[Running]),
            (("Sleeping", "Failure", "58", T2), &[Failed]),
        ],
        &[(("Building", "Unknown", "57", ""), &[Running]), (("Sleeping", "Failure", "57", T2), &[Failed])],
        &[
            (("Sleeping", "Failure", "57", T1), &[Failed]),
            (("Building", "Unknown", "", ""), &[Running]),
            (("Sleeping", "Unknown", "", ""), &[]),
            (("Sleeping", "Success", "58", T2), &[Fixed]),
        ],
        // A build ends before its result is there.
        &[
            (("Building", "Success", "57", T1), &[Passed, Running]),
            (("Sleeping", "Success", "57", T1), &[]),
            (("Sleeping", "Failure", "58", T2), &[Failed]),
        ],
        // A result is never there: after a while it is not known how it ended, and the next build may have its number.
        &[
            (("Building", "Success", "57", T1), &[Passed, Running]),
            (("Sleeping", "Success", "57", T1), &[]),
            (("Sleeping", "Success", "57", T1), &[]),
            (("Sleeping", "Success", "57", T1), &[]),
            (("Sleeping", "Success", "57", T1), &[]),
            (("Building", "Success", "57", T1), &[Running]),
            (("Sleeping", "Failure", "58", T2), &[Failed]),
        ],
        // Under its label again: the build that ran is the one that ended.
        &[
            (("Building", "Success", "57", T1), &[Passed, Running]),
            (("Sleeping", "Failure", "57", T2), &[Failed]),
            (("Sleeping", "Success", "58", "2026-11-22T11:30:00Z"), &[Fixed]),
        ],
        // Unknown values are no result and no end.
        &[
            (("Sleeping", "Failure", "57", T1), &[Failed]),
            (("Hibernating", "Sunny", "57", T1), &[]),
            (("Sleeping", "Paused", "58", T2), &[]),
            (("Building", "Failure", "57", T1), &[Running]),
            (("Hibernating", "Failure", "57", T1), &[]),
            (("Hibernating", "Failure", "57", T1), &[]),
            (("Hibernating", "Failure", "57", T1), &[]),
            (("building", "failure", "57", T1), &[]),
            (("sleeping", "success", "58", T2), &[Fixed]),
        ],
        // An old answer reports nothing new.
        &[
            (("Sleeping", "Failure", "57", T1), &[Failed]),
            (("Sleeping", "Success", "58", T2), &[Fixed]),
            (("Sleeping", "Failure", "57", T1), &[]),
            (("Sleeping", "Success", "58", T2), &[]),
        ],
        // A counter that begins anew does.
        &[(("Sleeping", "Success", "58", T1), &[Passed]), (("Sleeping", "Failure", "1", T2), &[Failed])],
        // An answer from before that is still an old one, whatever its label.
        &[
            (("Sleeping", "Success", "58", T1), &[Passed]),
            (("Sleeping", "Failure", "1", T2), &[Failed]),
            (("Sleeping", "Success", "58", T1), &[]),
            (("Sleeping", "Failure", "1", T2), &[]),
            (("Sleeping", "Success", "2", "2026-11-22T11:40:00Z"), &[Fixed]),
            (("Sleeping", "Success", "58", T1), &[]),
        ],
        // Without a time it may be an old answer, until it stays.
        &[
            (("Sleeping", "Success", "58", ""), &[Passed]),
            (("Sleeping", "Failure", "1", ""), &[]),
            (("Sleeping", "Success", "58", ""), &[]),
            (("Sleeping", "Failure", "1", ""), &[]),
            (("Sleeping", "Failure", "1", ""), &[]),
            (("Sleeping", "Failure", "2", ""), &[]),
            (("Sleeping", "Failure", "2", ""), &[Failed]),
            (("Sleeping", "Success", "3", ""), &[Fixed]),
        ],
        // So does a server that was restored.
        &[
            (("Sleeping", "Success", "58", T2), &[Passed]),
            (("Sleeping", "Failure", "57", T1), &[]),
            (("Sleeping", "Failure", "57", T1), &[]),
            (("Sleeping", "Failure", "57", T1), &[]),
            (("Sleeping", "Failure", "57", T1), &[Failed]),
            (("Sleeping", "Failure", "57", T1), &[]),
        ],
        // A time that no clock can hold, and one to come.
        &[
            (("Sleeping", "Success", "v1", "9999-12-31T23:59:59Z"), &[Passed]),
            (("Sleeping", "Success", "v1", "2030-01-01T00:00:00Z"), &[]),
            (("Sleeping", "Failure", "v2", T2), &[Failed]),
        ],
        // GoCD runs a stage again.
        &[
            (("Sleeping", "Failure", "57", T1), &[Failed]),
            (("Sleeping", "Failure", "57", T2), &[StillFailing]),
        ],
    ];
    for steps in cases {
        let states: Vec<_> = steps.iter().map(|(state, _)| *state).collect();
        let expected: Vec<_> = steps.iter().map(|(_, names)| names.to_vec()).collect();
        assert_eq!(events_of(&states, 4).await, expected, "{states:?}");
    }
}

#[tokio::test]
async fn unknown_last_build_becomes_a_problem_and_the_known_one_stays() {
    let problem = "it is not known how the last build ended: the feed says of p: Unknown";
    // The next state of a project whose build 57 failed at T1 -> the problem.
    let cases: [(ProjectState, &str); 9] = [
        (("Sleeping", "Unknown", "58", T2), problem),
        (("Sleeping", "Unknown", "58", ""), problem),
        (("Sleeping", "unknown", "", T2), problem),
        (("Sleeping", "Unknown", "", ""), problem),
        (("CheckingModifications", "Unknown", "57", T2), problem),
        (("Hibernating", "Unknown", "rc", ""), problem),
        // It is the build that was seen, or one that runs or waits.
        (("Sleeping", "Unknown", "57", T1), ""),
        (("Building", "Unknown", "58", ""), ""),
        (("Pending", "Unknown", "", ""), ""),
    ];
    for (next, problem) in cases {
        for (before, known) in [("Failure", "failed"), ("Success", "passed")] {
            let (mut stored, mut cursor) = (None, None);
            for (state, problem) in [(("Sleeping", before, "57", T1), ""), (next, problem), (next, problem)] {
                let server = serve(&format!("<Projects>{}</Projects>", feed_of("p", state))).await;
                let source = source(&config(&server.uri(), json!({})));
                let batch = source.poll(cursor.as_ref(), contract::now()).await.unwrap();
                let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
                assert_eq!(problems.join("; "), problem, "{state:?}");
                assert!(batch.problems.iter().all(|problem| problem.hides()), "{state:?}");
                let change = compare(stored.as_ref(), batch.snapshots[0].clone());
                (stored, cursor) = (Some(change.item), batch.cursor);
            }
            let Some(Item { detail: Detail::Build(build), .. }) = &stored else { panic!("{stored:?}") };
            assert_eq!(build.verdict().map(|run| run.status.name()), Some(known), "{next:?}");
            if !problem.is_empty() {
                assert_eq!(build.status().name(), known, "{next:?}");
            }
        }
    }
    // A project that was never built has no result to miss.
    for state in [("Sleeping", "Unknown", "", ""), ("Sleeping", "Unknown", "1", T1)] {
        let server = serve(&format!("<Projects>{}</Projects>", feed_of("p", state))).await;
        let mut cursor = None;
        for _ in 0..2 {
            let source = source(&config(&server.uri(), json!({})));
            let batch = source.poll(cursor.as_ref(), contract::now()).await.unwrap();
            assert_eq!((batch.problems, batch.snapshots.len()), (vec![], 0), "{state:?}");
            cursor = batch.cursor;
        }
    }
}

#[tokio::test]
async fn problem_stays_while_the_feed_is_unchanged() {
    let project = "<Projects><Project name='p' lastBuildStatus='Sunny' lastBuildLabel='7'/></Projects>";
    let server = MockServer::start().await;
    let is_known = |request: &wiremock::Request| request.headers.contains_key("if-none-match");
    Mock::given(is_known).respond_with(ResponseTemplate::new(304)).with_priority(1).mount(&server).await;
    let answer = ResponseTemplate::new(200).insert_header("etag", "\"1\"").set_body_string(project);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let first = source(&config(&server.uri(), json!({}))).poll(None, contract::now()).await.unwrap();
    assert_eq!(first.problems.len(), 1);
    let again = source(&config(&server.uri(), json!({})));
    let again = again.poll(first.cursor.as_ref(), contract::now()).await.unwrap();
    assert_eq!((again.problems, again.cursor), (first.problems, None));
}

#[test]
fn red_project_is_shown_whatever_is_missing() {
    let times =
        ["", "2026-11-22 15:27:34 +0200", "Sun, 22 Nov 2026 10:00:00 GMT", "11/22/2026 10:00:00", "soon"];
    for time in times {
        for label in ["", "v1.2-abc", "57", "#57"] {
            for status in ["Failure", "Exception", "Error", "failure"] {
                let feed =
                    format!("<Projects>{}</Projects>", feed_of("p", ("Sleeping", status, label, time)));
                let items = items(&AccountName::from("ci"), feed.as_bytes(), contract::now()).unwrap();
                let Detail::Build(build) = &items[0].detail else { panic!("{items:?}") };
                assert!(build.is_red(), "{status} {label} {time}");
            }
        }
    }
}

#[tokio::test]
async fn missing_result_becomes_a_problem_and_attributes_are_read_in_any_case() {
    let nothing = "it is not known how the last build ended: the feed says of p: nothing";
    // A project's attributes -> how its last build ended, and the problem.
    let cases = [
        ("lastBuildStatus='Failure' lastBuildLabel='7' lastBuildTime='2026-11-22T10:00:00Z'", "failed", ""),
        ("lastbuildstatus='Failure' lastbuildlabel='7' lastbuildtime='2026-11-22T10:00:00Z'", "failed", ""),
        ("LASTBUILDSTATUS=' failure ' LASTBUILDLABEL='7'", "failed", ""),
        ("lastBuildLabel='7' lastBuildTime='2026-11-22T10:00:00Z'", "", nothing),
        ("lastBuildStatus='' lastBuildLabel='7' lastBuildTime='2026-11-22T10:00:00Z'", "", nothing),
        ("lastBuildTime='2026-11-22T10:00:00Z' lastBuildStatus=' ' lastBuildLabel='7'", "", nothing),
        ("lastBuildTime='2026-11-22T10:00:00Z'", "", nothing),
        ("activity='Sleeping' lastBuildLabel='7'", "", nothing),
        (
            "lastBuildStatus='Sunny' lastBuildLabel='7'",
            "",
            "it is not known how the last build ended: the feed says of p: Sunny",
        ),
        // Its result is unknown, or it was never built, or the label is that of the build that runs.
        ("lastBuildStatus='unknown' lastBuildLabel='7' lastBuildTime='2026-11-22T10:00:00Z'", "", ""),
        ("activity='Sleeping' lastBuildStatus='' lastBuildLabel='' lastBuildTime=''", "", ""),
        ("Activity='Building' lastBuildLabel='7'", "running", ""),
        (
            "lastBuildStatus='Failure' lastbuildstatus='Success' lastBuildLabel='7'",
            "",
            "1 of 1 projects cannot be read: p (entry 1): it has lastbuildstatus twice",
        ),
    ];
    for (attributes, status, problem) in cases {
        let server = serve(&format!("<Projects><Project name='p' {attributes}/></Projects>")).await;
        let batch = source(&config(&server.uri(), json!({}))).poll(None, contract::now()).await.unwrap();
        assert_eq!(batch.snapshots.first().map_or("", Item::status), status, "{attributes}");
        let problems: Vec<_> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.join("; "), problem, "{attributes}");
    }
}
