//! Workflows whose run numbers begin anew: made again, or in a repository that was.

use callboard_domain::event::{EventName, compare};

use super::{
    super::run_position::RunPosition,
    normalise::builds,
    poll::{Watch, serve_instead, summaries},
    *,
};

fn numbered(id: u64, number: u64, conclusion: &str) -> Value {
    run(id, json!({ "run_number": number, "conclusion": conclusion }))
}

#[test]
fn restarted_run_counter_hides_no_build() {
    use EventName::{Failed, Fixed, Passed, StillFailing};
    let (old_red, old_green) = (numbered(157, 57, "failure"), numbered(157, 57, "success"));
    let (red, green) = (numbered(201, 1, "failure"), numbered(201, 1, "success"));
    type Case<'a> = (Vec<Vec<&'a Value>>, &'a [EventName], &'a str);
    let cases: [Case<'_>; 6] = [
        (vec![vec![&old_red], vec![&green]], &[Failed, Fixed], "passed"),
        (vec![vec![&old_green], vec![&red]], &[Passed, Failed], "failed"),
        (vec![vec![&old_red], vec![&red]], &[Failed, StillFailing], "failed"),
        (vec![vec![&green, &old_red]], &[Failed, Fixed], "passed"),
        // A webhook comes late.
        (vec![vec![&red], vec![&old_green], vec![&red]], &[Failed, Passed], "failed"),
        (vec![vec![&old_green], vec![&red], vec![&old_green]], &[Passed, Failed], "failed"),
    ];
    for (polls, reported, expected) in cases {
        let (mut stored, mut names) = (None, Vec::new());
        for rows in &polls {
            let rows: Vec<wire::Run> = serde_json::from_str(&json!(rows).to_string()).unwrap();
            let snapshot = builds(&rows, &Default::default()).remove(0);
            let change = compare(stored.as_ref(), snapshot);
            names.extend(change.transitions.iter().map(|transition| transition.name));
            stored = Some(change.item);
        }
        assert_eq!((names.as_slice(), stored.unwrap().status()), (reported, expected), "{polls:?}");
    }
}

#[tokio::test]
async fn gone_build_returns_with_the_first_run_of_a_new_counter() {
    let list = |rows: &[Value]| get("/repos/acme/web/actions/runs", runs(rows));
    let old = run(157, json!({ "run_number": 57, "conclusion": "failure", "head_branch": "try" }));
    let new = run(201, json!({ "run_number": 1, "conclusion": "failure", "head_branch": "try" }));
    let server = serve([list(std::slice::from_ref(&old))]).await;
    // GitHub answers for the default branch, and has no other.
    mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let mut gone = Vec::new();
    for _ in 0..4 {
        gone.extend(watch.poll().await.gone);
    }
    assert_eq!(gone.iter().map(|gone| gone.key.id.as_str()).collect::<Vec<_>>(), ["acme/web/ci@try"]);
    serve_instead(&server, [list(&[new, old]), get("/repos/acme/web/branches/try", json!({}))]).await;
    let reported = summaries(&watch.poll().await);
    assert!(reported.iter().any(|line| line.starts_with("acme/web/ci@try 1.1 failed")), "{reported:?}");
}

#[test]
fn positions_of_earlier_versions_are_read() {
    let read = |position: Value| serde_json::from_value::<RunPosition>(position).unwrap();
    let by_number = |number: u64, attempt: u32| read(json!([number, attempt]));
    let of = |id: u64, number: u64| read(json!({ "id": id, "number": number, "attempt": 1 }));
    let cases = [
        (of(201, 1), of(157, 57), true),
        (of(157, 57), of(201, 1), false),
        (of(157, 57), of(157, 57), false),
        (of(157, 57), by_number(56, 3), true),
        (of(157, 57), by_number(57, 1), false),
        (by_number(57, 2), by_number(57, 1), true),
        (by_number(57, 2), of(157, 57), true),
    ];
    for (one, other, expected) in cases {
        assert_eq!(one.is_after(other), expected, "{one:?} {other:?}");
        let written = serde_json::to_value(one).unwrap();
        assert_eq!(read(written), one);
    }
}
