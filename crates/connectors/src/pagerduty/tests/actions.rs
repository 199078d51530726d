//! What is done about an incident.

use super::*;

async fn run(http: &MockServer, name: &str, args: &Args) -> Outcome {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    action.preview(args, now()).unwrap();
    action.run(args, now(), &Said::default()).await.unwrap()
}

#[tokio::test]
async fn what_is_done_is_what_pagerduty_says() {
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let acked = run(&http, "ack", &on_the_board("Q1SLOW", &[])).await;
    assert!(acked.ok && server.get("Q1SLOW")["status"] == "acknowledged", "{acked:?}");
    let moved = run(&http, "reassign", &on_the_board("Q1SLOW", &[("person", ANA)])).await;
    assert_eq!(moved.summary, "Q1SLOW is slow is assigned to Ana");
    let escalated = run(&http, "escalate", &on_the_board("Q1SLOW", &[("level", "2")])).await;
    assert!(escalated.ok, "{escalated:?}");
    run(&http, "note", &on_the_board("Q1SLOW", &[("text", "two\nlines")])).await;
    assert_eq!(server.notes(), [json!(["Q1SLOW", "two\nlines"])]);
    let over = run(&http, "resolve", &on_the_board("Q1SLOW", &[])).await;
    assert!(over.ok && server.get("Q1SLOW")["status"] == "resolved", "{over:?}");
    let new = run(&http, "trigger", &args(&[("service", SERVICE), ("title", "checkout is down")])).await;
    assert!(new.ok && server.get("QNEW001")["title"] == "checkout is down", "{new:?}");
    let duty = run(&http, "on-call", &args(&[("team", "checkout")])).await;
    assert!(
        duty.summary == "1 person is on call"
            && format!("{duty:?}").contains("Bo: level 1 of Checkout team, always")
    );
    let nobody = run(&http, "on-call", &args(&[("team", "sales")])).await;
    assert!(nobody.summary.starts_with("Nobody is on call for anything named like"), "{nobody:?}");
}

#[tokio::test]
async fn what_is_over_by_then_stays_over() {
    let server = Server::holding([resolved("Q1SLOW")]);
    let http = serve(&server).await;
    for (name, values) in [
        ("ack", &[][..]),
        ("resolve", &[]),
        ("escalate", &[("level", "2")]),
        ("reassign", &[("person", ANA)]),
    ] {
        let outcome = run(&http, name, &on_the_board("Q1SLOW", values)).await;
        assert!(
            outcome.summary.contains("resolved") && outcome.summary.contains("by Bo"),
            "{name}: {outcome:?}"
        );
        assert_eq!(server.get("Q1SLOW"), resolved("Q1SLOW"), "{name}");
    }
    let writes = http.received_requests().await.unwrap().iter().filter(|it| it.method != "GET").count();
    assert_eq!(writes, 0);
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_anything_is_sent() {
    let connection = connect("http://127.0.0.1:9");
    let refused = |name: &str, args: &Args| {
        let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
        action.preview(args, now()).unwrap_err().to_string()
    };
    let cases = [
        ("ack", args(&[]), "ack needs incident"),
        ("ack", args(&[("incident", "Q9")]), "an incident on the board"),
        ("escalate", on_the_board("Q1SLOW", &[("level", "0")]), "a level from 1 to 20"),
        ("reassign", on_the_board("Q1SLOW", &[("person", "bo")]), "a user's id"),
        ("trigger", args(&[("service", "../x"), ("title", "t")]), "a service's id"),
        ("note", on_the_board("Q1SLOW", &[("text", " ")]), "note needs text"),
    ];
    for (name, args, expected) in cases {
        let error = refused(name, &args);
        assert!(error.contains(expected), "{name}: {error}");
    }
    let preview = connection.actions.iter().find(|action| action.spec().name == "ack").unwrap();
    let steps = preview.preview(&on_the_board("Q1SLOW", &[]), now()).unwrap();
    assert!(steps[1].exactly.contains(&format!("from: {FROM}")), "in whose name: {steps:?}");
}
