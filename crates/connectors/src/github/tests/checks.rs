//! Checks and statuses of a commit, summed up.

use callboard_domain::item::ChecksStatus;

use super::{
    super::checks::{Missing, Sum},
    normalise::wire,
    *,
};

#[test]
fn checks_are_summed_up() {
    let done = |name, conclusion| check(name, "completed", Some(conclusion));
    let status = |context: &str, state: &str| json!({ "context": context, "state": state, "updated_at": "2026-11-22T10:09:00Z" });
    type Rows = Vec<Value>;
    let cases: [(Rows, Rows, ChecksStatus, &[&str]); 19] = [
        (vec![], vec![], ChecksStatus::None, &[]),
        (
            vec![done("a", "success"), done("b", "neutral"), done("c", "skipped")],
            vec![],
            ChecksStatus::Passed,
            &[],
        ),
        (vec![done("a", "success"), check("b", "queued", None)], vec![], ChecksStatus::Pending, &[]),
        (vec![check("a", "in_progress", None), done("b", "failure")], vec![], ChecksStatus::Failed, &["b"]),
        (
            vec![done("a", "timed_out"), done("b", "cancelled"), done("c", "action_required")],
            vec![],
            ChecksStatus::Failed,
            &["a", "b", "c"],
        ),
        (vec![done("a", "stale")], vec![], ChecksStatus::Pending, &[]),
        (vec![done("a", "something new")], vec![], ChecksStatus::Unknown, &[]),
        (vec![done("a", "something new"), done("b", "failure")], vec![], ChecksStatus::Failed, &["b"]),
        (vec![done("a", "something new"), check("b", "queued", None)], vec![], ChecksStatus::Pending, &[]),
        (vec![done("a", "something new")], vec![status("ci/jenkins", "success")], ChecksStatus::Unknown, &[]),
        (vec![], vec![status("ci/jenkins", "success")], ChecksStatus::Passed, &[]),
        (vec![], vec![status("ci/jenkins", " Success")], ChecksStatus::Passed, &[]),
        (vec![], vec![status("ci/jenkins", "of_tomorrow")], ChecksStatus::Unknown, &[]),
        (vec![], vec![status("ci/jenkins", "PENDING")], ChecksStatus::Pending, &[]),
        (vec![done("a", "success")], vec![status("ci/jenkins", "pending")], ChecksStatus::Pending, &[]),
        (
            vec![done("a", "success")],
            vec![status("ci/jenkins", "error")],
            ChecksStatus::Failed,
            &["ci/jenkins"],
        ),
        (
            vec![],
            // Nothing shows which of them is the latest.
            vec![status("ci/jenkins", "success"), status("ci/jenkins", "failure")],
            ChecksStatus::Failed,
            &["ci/jenkins"],
        ),
        (
            vec![],
            vec![status("ci/jenkins", "failure"), status("ci/jenkins", "success")],
            ChecksStatus::Failed,
            &["ci/jenkins"],
        ),
        (
            vec![done("a", "failure")],
            vec![status("ci/jenkins", "failure")],
            ChecksStatus::Failed,
            &["a", "ci/jenkins"],
        ),
    ];
    let of: wire::Pull = wire(pull(1, json!({})));
    for (runs, statuses, expected, failing) in cases {
        let what = format!("{runs:?} {statuses:?}");
        let last = if !statuses.is_empty() {
            "2026-11-22T10:09:00Z"
        } else if runs.is_empty() {
            "2026-11-20T09:00:00Z"
        } else {
            "2026-11-22T10:05:00Z"
        };
        let sum = Sum::of_runs(&wire::<Vec<_>>(json!(runs)), Missing::default())
            .and(&Sum::of_statuses(&wire::<Vec<_>>(json!(statuses)), Missing::default()));
        let checks = sum.of(SHA, &of);
        assert_eq!(
            (checks.status, checks.failing.iter().map(String::as_str).collect::<Vec<_>>()),
            (expected, failing.to_vec()),
            "{what}"
        );
        assert_eq!(checks.at.to_string(), last, "{what}");
    }
}

/// A check that ran several times for a commit counts as its newest run ended.
#[test]
fn superseded_check_does_not_count() {
    let row = |id: Value, app: Value, name: &str, conclusion: Option<&str>, at: Value| {
        let status = if conclusion.is_some() { "completed" } else { "queued" };
        json!({ "id": id, "app": app, "name": name, "status": status, "conclusion": conclusion, "started_at": at, "completed_at": at })
    };
    let actions = || json!({ "id": 15368, "slug": "github-actions" });
    let other = || json!({ "id": 7, "slug": "other-ci" });
    let (early, late) = (|| json!("2026-11-22T10:00:00Z"), || json!("2026-11-22T10:05:00Z"));
    let cases = [
        (
            "failed, then passed",
            vec![
                row(json!(1), actions(), "lint", Some("failure"), early()),
                row(json!(2), actions(), "lint", Some("success"), late()),
            ],
            ChecksStatus::Passed,
        ),
        (
            "canceled, listed last",
            vec![
                row(json!(4), actions(), "lint", Some("success"), late()),
                row(json!(3), actions(), "lint", Some("cancelled"), early()),
            ],
            ChecksStatus::Passed,
        ),
        (
            "passed, then failed",
            vec![
                row(json!(1), actions(), "lint", Some("success"), early()),
                row(json!(2), actions(), "lint", Some("failure"), late()),
            ],
            ChecksStatus::Failed,
        ),
        (
            "again under way",
            vec![
                row(json!(1), actions(), "lint", Some("failure"), early()),
                row(json!(2), actions(), "lint", None, Value::Null),
            ],
            ChecksStatus::Pending,
        ),
        (
            "of two apps",
            vec![
                row(json!(1), actions(), "lint", Some("failure"), early()),
                row(json!(2), other(), "lint", Some("success"), late()),
            ],
            ChecksStatus::Failed,
        ),
        (
            "without ids",
            vec![
                row(Value::Null, Value::Null, "lint", Some("success"), late()),
                row(Value::Null, Value::Null, "lint", Some("failure"), early()),
            ],
            ChecksStatus::Passed,
        ),
        (
            "nothing distinguishes them",
            vec![
                row(Value::Null, Value::Null, "lint", Some("failure"), Value::Null),
                row(Value::Null, Value::Null, "lint", Some("success"), Value::Null),
            ],
            ChecksStatus::Failed,
        ),
    ];
    for (what, rows, expected) in cases {
        let sum = Sum::of_runs(&wire::<Vec<_>>(json!(rows)), Missing::default());
        assert_eq!(sum.status(), expected, "{what}");
    }
    // More than were read, or some that cannot be read: what is not known has not passed.
    let more = Missing { more: true, ..Missing::default() };
    let malformed = Missing { malformed: true, ..Missing::default() };
    let passed = wire::<Vec<_>>(json!([check("lint", "completed", Some("success"))]));
    assert_eq!(Sum::of_runs(&passed, more).status(), ChecksStatus::Pending);
    assert_eq!(Sum::of_runs(&passed, malformed).status(), ChecksStatus::Unknown);
    assert_eq!(Sum::of_runs(&[], malformed).status(), ChecksStatus::Unknown);
    let failed = wire::<Vec<_>>(json!([check("lint", "completed", Some("failure"))]));
    for missing in [more, malformed] {
        assert_eq!(Sum::of_runs(&failed, missing).status(), ChecksStatus::Failed);
    }
}

#[test]
fn malformed_check_is_unknown_and_separate() {
    let row = |name: Value, status: Value, conclusion: Value| json!({ "name": name, "status": status, "conclusion": conclusion });
    let done = |name: Value, conclusion: &str| row(name, json!("completed"), json!(conclusion));
    let cases = [
        (vec![row(json!("a"), json!("completed"), json!(5))], ChecksStatus::Unknown),
        (vec![row(json!("a"), json!("completed"), json!({ "word": "failure" }))], ChecksStatus::Unknown),
        (vec![row(json!("a"), json!("completed"), json!(null))], ChecksStatus::Unknown),
        (
            vec![row(json!("a"), json!("completed"), json!(null)), done(json!("b"), "failure")],
            ChecksStatus::Failed,
        ),
        (vec![row(json!("a"), json!(null), json!("failure"))], ChecksStatus::Failed),
        (vec![row(json!("a"), json!(7), json!("success"))], ChecksStatus::Passed),
        (vec![row(json!("a"), json!("of tomorrow"), json!(null))], ChecksStatus::Pending),
        (vec![row(json!("a"), json!("queued"), json!("success"))], ChecksStatus::Pending),
        // Without names they are two.
        (vec![done(json!(null), "failure"), done(json!(null), "success")], ChecksStatus::Failed),
        (vec![done(json!(""), "success"), done(json!({}), "failure")], ChecksStatus::Failed),
        (vec![done(json!(7), "success")], ChecksStatus::Passed),
    ];
    for (rows, expected) in cases {
        let sum = Sum::of_runs(&wire::<Vec<_>>(json!(rows)), Missing::default());
        assert_eq!(sum.status(), expected, "{rows:?}");
    }
    // A check that is over without a conclusion counts as malformed, and is read again.
    for (conclusion, expected) in [(json!(null), true), (json!(""), true), (json!("of tomorrow"), false)] {
        let rows = json!([row(json!("a"), json!("completed"), conclusion)]);
        let sum = Sum::of_runs(&wire::<Vec<_>>(rows.clone()), Missing::default());
        assert_eq!(sum.missing().malformed, expected, "{rows}");
    }
    let status = |context: Value, state: &str| json!({ "context": context, "state": state });
    let rows = json!([status(json!(null), "failure"), status(json!(null), "success")]);
    let sum = Sum::of_statuses(&wire::<Vec<_>>(rows), Missing::default());
    assert_eq!(sum.status(), ChecksStatus::Failed);
}
