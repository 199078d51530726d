//! The runs of first-timers, which wait as a whole: they are let go, once.

use super::{
    answers::{RUN, held, line, on_board, perform, sent, waiting},
    *,
};

/// A first-timer's run as it is, GitHub's answer, the run after it -> what comes of it, and how often it was sent.
#[tokio::test]
async fn first_timers_run_is_let_go_once() {
    let none = || held(json!({}));
    let queued = || waiting(json!({ "status": "queued" }));
    let ended = |conclusion: &str| waiting(json!({ "status": "completed", "conclusion": conclusion }));
    let no = json!({ "message": "This run is not from a fork pull request" });
    let cases = [
        (none(), 201, json!({}), none(), "done", 1),
        (held(json!({ "status": "action_required", "conclusion": null })), 201, json!({}), none(), "done", 1),
        (held(json!({ "conclusion": " Action_Required" })), 201, json!({}), none(), "done", 1),
        (held(json!({ "status": null, "conclusion": null })), 201, json!({}), none(), "done", 1),
        // Lost, and looked for.
        (none(), 502, json!({}), queued(), "done", 1),
        (none(), 200, json!({}), queued(), "done", 1),
        (none(), 201, json!({ "message": "m" }), waiting(json!({ "status": "in_progress" })), "done", 1),
        (none(), 201, json!(null), none(), "done", 1),
        (none(), 502, json!({}), ended("failure"), "done", 1),
        (none(), 502, json!({}), waiting(json!({})), "done", 1),
        (none(), 502, json!({}), none(), "unknown", 1),
        (none(), 502, json!({}), ended("cancelled"), "unknown", 1),
        (none(), 502, json!({}), waiting(json!({ "status": "queued", "head_sha": "aaaa" })), "unknown", 1),
        (none(), 502, json!({}), waiting(json!({ "status": null, "conclusion": null })), "unknown", 1),
        (held(json!({ "status": null, "conclusion": null })), 502, json!({}), queued(), "unknown", 1),
        (none(), 502, json!({}), json!(null), "unknown", 1),
        (
            none(),
            403,
            no.clone(),
            none(),
            "auth: acme/web/runs/31 was not approved: GitHub does not allow it: This run",
            1,
        ),
        (
            none(),
            404,
            no.clone(),
            none(),
            "rejected: acme/web/runs/31 was not approved: GitHub has no such thing",
            1,
        ),
        (none(), 422, no, none(), "rejected: acme/web/runs/31 was not approved: GitHub refused it (422)", 1),
        // Somebody was faster, or it is something else.
        (
            queued(),
            201,
            json!({}),
            queued(),
            "rejected: acme/web/runs/31 was not approved: it is not waiting for that: it is queued",
            0,
        ),
        (
            ended("success"),
            201,
            json!({}),
            queued(),
            "rejected: acme/web/runs/31 was not approved: it is not waiting for that: it is success",
            0,
        ),
        (
            waiting(json!({})),
            201,
            json!({}),
            queued(),
            "rejected: acme/web/runs/31 was not approved: it is not waiting for that: it is waiting",
            0,
        ),
        (
            held(json!({ "head_sha": "aaaa" })),
            201,
            json!({}),
            queued(),
            "rejected: acme/web/runs/31 was not approved: run 31",
            0,
        ),
    ];
    for (index, (before, status, body, after, expected, times)) in cases.into_iter().enumerate() {
        let first = vec![get(RUN, before).up_to_n_times(1), get(RUN, after), sent(status, &body)];
        let (came, writes) = perform(first, "approve", &on_board(None, &[])).await;
        let line = line(&came);
        assert!(line.starts_with(expected), "case {index}: expected {expected}\n     found {line}");
        assert_eq!(writes, times, "case {index}: {line}");
    }
}
