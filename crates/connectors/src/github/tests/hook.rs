use callboard_domain::source::{Hook, HookError, Received};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderName};
use sha2::Sha256;
use url::form_urlencoded;

use super::*;
use crate::github::hook::Webhook;

const SECRET: &str = "It's a Secret to Everybody";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    pairs.collect()
}

fn webhook(watch: &[&str]) -> Webhook {
    Webhook::new("forge".into(), config("https://api.github.com", watch).watch, Some(&SECRET.into()))
}

fn sign(body: &[u8]) -> String {
    sign_with(SECRET, body)
}

fn sign_with(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// The headers of a delivery by whoever has that secret.
pub(super) fn signed_headers(secret: &str, event: &str, body: &[u8]) -> HeaderMap {
    headers(&[
        ("x-github-event", event),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", &sign_with(secret, body)),
    ])
}

/// A delivery's headers and body.
pub(super) fn signed(event: &str, body: &Value) -> (HeaderMap, Vec<u8>) {
    let body = body.to_string().into_bytes();
    let headers = headers(&[("x-github-event", event), ("x-hub-signature-256", &sign(&body))]);
    (headers, body)
}

fn deliver(watch: &[&str], event: &str, body: &Value) -> Result<Received, HookError> {
    let body = body.to_string().into_bytes();
    let headers = headers(&[
        ("x-github-event", event),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", &sign(&body)),
        ("content-type", "application/json"),
    ]);
    webhook(watch).receive(&headers, &body, now())
}

/// The example of GitHub's "Validating webhook deliveries".
#[test]
fn webhook_is_accepted_only_with_githubs_signature() {
    let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let cases = [
        (Some(good), "Hello, World!", true),
        (
            Some("sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17"),
            "Hello, World!",
            true,
        ),
        (Some(good), "Hello, World?", false),
        (Some(good), "", false),
        (
            Some("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18"),
            "Hello, World!",
            false,
        ),
        (Some("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"), "Hello, World!", false),
        (Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"), "Hello, World!", false),
        (Some("sha256=757107ea"), "Hello, World!", false),
        (
            Some("sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
            "Hello, World!",
            false,
        ),
        (Some("sha256="), "", false),
        (None, "Hello, World!", false),
    ];
    for (signature, body, expected) in cases {
        let mut headers = headers(&[("x-github-event", "ping")]);
        if let Some(signature) = signature {
            headers.insert("x-hub-signature-256", signature.parse().unwrap());
        }
        let is_formed = signature
            .is_some_and(|it| it.strip_prefix("sha256=").is_some_and(|hex| hex.len() == 64))
            && !signature.is_some_and(|it| it.contains('z'));
        assert_eq!(webhook(&[]).admit(&headers).is_ok(), is_formed, "{signature:?}");
        match webhook(&[]).receive(&headers, body.as_bytes(), now()) {
            Ok(_) => assert!(expected, "{signature:?} {body:?}"),
            Err(HookError::Unsigned(why)) => {
                assert!(!expected, "{signature:?} {body:?}: {why}");
                assert!(!why.contains(SECRET), "{why}");
            }
            Err(error) => panic!("read before it was verified: {error}"),
        }
    }
}

#[test]
fn webhook_is_refused_without_a_secret() {
    for secret in [None, Some("".into())] {
        let webhook = Webhook::new("forge".into(), Vec::new(), secret.as_ref());
        let error =
            webhook.receive(&headers(&[("x-hub-signature-256", &sign(b"{}"))]), b"{}", now()).unwrap_err();
        assert!(
            matches!(&error, HookError::Unsigned(why) if why.contains("accounts secret forge webhook_secret")),
            "{error}"
        );
    }
}

#[test]
fn events_become_snapshots() {
    let about = |change: Value| {
        with(json!({ "action": "x", "repository": repo("web"), "sender": user("bo") }), change)
    };
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T10:00:00Z", "closed_at": "2026-11-22T10:00:00Z", "merged_by": user("bo") });
    let review = |state| json!({ "pull_request": pull(482, json!({})), "review": review("bo", state, "2026-11-22T09:30:00Z") });
    let started = run(31, json!({ "status": "in_progress", "conclusion": null, "run_attempt": 2 }));
    let cases = [
        ("pull_request", about(json!({ "pull_request": pull(482, json!({})) })), "acme/web#482 open [] ?"),
        (
            "pull_request",
            about(json!({ "pull_request": pull(482, merged) })),
            "acme/web#482 merged by bo [] ?",
        ),
        ("pull_request_review", about(review("approved")), "acme/web#482 open [bo=Approved] ?"),
        (
            "pull_request_review",
            about(review("changes_requested")),
            "acme/web#482 open [bo=ChangesRequested] ?",
        ),
        ("pull_request_review", about(review("dismissed")), "acme/web#482 open [bo=Dismissed] ?"),
        (
            "workflow_run",
            about(json!({ "workflow_run": run(31, json!({ "conclusion": "failure" })) })),
            "acme/web/ci@main 31.1 failed []",
        ),
        // Without `action` and `workflow`, as some servers that imitate GitHub send it.
        (
            "workflow_run",
            json!({ "workflow_run": started, "repository": repo("web") }),
            "acme/web/ci@main 31.2 running []",
        ),
        ("check_run", about(json!({ "check_run": check("lint", "completed", Some("failure")) })), ""),
        ("ping", json!({ "zen": "Speak like a human.", "hook_id": 1 }), ""),
        ("star", json!({ "anything": [1, 2] }), ""),
    ];
    for (event, body, expected) in cases {
        let received = deliver(&["acme/web"], event, &body).unwrap();
        assert_eq!(received.delivery.as_deref(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
        assert_eq!(
            received.snapshots.iter().map(summary).collect::<Vec<_>>().join("; "),
            expected,
            "{event}"
        );
    }
}

#[test]
fn webhook_and_poll_report_the_same_snapshot() {
    let body = json!({ "action": "opened", "pull_request": pull(482, json!({})), "repository": repo("web") });
    let received = deliver(&[], "pull_request", &body).unwrap().snapshots;
    let read: wire::Pull = serde_json::from_str(&pull(482, json!({})).to_string()).unwrap();
    assert_eq!(
        received,
        [super::super::normalise::pull(&"forge".into(), "acme/web", &read, &[], None, now())]
    );
}

#[test]
fn webhook_of_an_unwatched_repository_is_ignored() {
    let body = json!({ "pull_request": pull(482, json!({})), "repository": repo("web") });
    for (watch, expected) in
        [(&[][..], 1), (&["acme/*"], 1), (&["ACME/Web"], 1), (&["acme/api", "beta/*"], 0)]
    {
        assert_eq!(deliver(watch, "pull_request", &body).unwrap().snapshots.len(), expected, "{watch:?}");
    }
}

#[test]
fn webhook_of_another_sender_is_refused() {
    for (event, body) in
        [("pull_request", json!({})), ("workflow_run", json!([1])), ("pull_request_review", json!("no"))]
    {
        assert!(matches!(deliver(&[], event, &body), Err(HookError::Malformed(_))), "{event}");
    }
}

/// GitHub sends a form where the content type of the webhook was left as it was.
#[test]
fn form_is_read_as_its_payload() {
    let json = with(json!({ "repository": repo("web") }), json!({ "pull_request": pull(482, json!({})) }));
    let payload = |json: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", json).finish()
    };
    // content type, body -> what is read, or words of the refusal
    let cases = [
        ("application/x-www-form-urlencoded", payload(&json.to_string()), Ok(1)),
        ("application/x-www-form-urlencoded; charset=utf-8", payload(&json.to_string()), Ok(1)),
        ("Application/X-WWW-Form-Urlencoded;Charset=UTF-8", payload(&json.to_string()), Ok(1)),
        ("APPLICATION/JSON; charset=utf-8", json.to_string(), Ok(1)),
        ("application/x-www-form-urlencoded", payload("{}"), Err("is missing")),
        ("application/x-www-form-urlencoded", "payload=%7B".to_owned(), Err("it ends too early")),
        ("application/x-www-form-urlencoded", json.to_string(), Err("without a `payload`")),
        ("application/x-www-form-urlencoded", String::new(), Err("without a `payload`")),
    ];
    for (content_type, body, expected) in cases {
        let headers = headers(&[
            ("x-github-event", "pull_request"),
            ("x-hub-signature-256", &sign(body.as_bytes())),
            ("content-type", content_type),
        ]);
        let found = webhook(&["acme/web"]).receive(&headers, body.as_bytes(), now());
        match (&found, expected) {
            (Ok(received), Ok(count)) => assert_eq!(received.snapshots.len(), count, "{content_type}"),
            (Err(HookError::Malformed(why)), Err(words)) => assert!(why.contains(words), "{body}: {why}"),
            _ => panic!("{content_type}, {body}: {found:?}"),
        }
    }
}

/// What a webhook says of a pull request and a build where a detail is odd: each is read by itself, as in a poll.
#[test]
fn malformed_detail_does_not_reject_the_webhook() {
    let odd = [json!(null), json!(5), json!({ "a": 1 }), json!([[]])];
    let about = |change: Value| with(json!({ "repository": repo("web") }), change);
    let needed = ["number", "state", "head"];
    for value in &odd {
        for field in
            pull(482, json!({})).as_object().unwrap().keys().filter(|it| !needed.contains(&it.as_str()))
        {
            let body = about(json!({ "pull_request": pull(482, json!({ field.as_str(): value })) }));
            let received = deliver(&["acme/web"], "pull_request", &body);
            let reported: Vec<_> = received.unwrap().snapshots.iter().map(summary).collect();
            let expected = if field == "merged_at" && *value == json!(5) { "merged" } else { "open" };
            assert_eq!(reported, [format!("acme/web#482 {expected} [] ?")], "{field} {value}");
        }
        for field in ["default_branch", "id", "archived", "disabled", "owner"] {
            let repo = with(repo("web"), json!({ field: value }));
            let body = json!({ "pull_request": pull(482, json!({})), "repository": repo });
            assert_eq!(
                deliver(&["acme/web"], "pull_request", &body).unwrap().snapshots.len(),
                1,
                "{field} {value}"
            );
        }
        for field in run(31, json!({})).as_object().unwrap().keys() {
            let red = run(31, json!({ "conclusion": "failure" }));
            let body = about(json!({ "workflow_run": with(red, json!({ field.as_str(): value })) }));
            let received = deliver(&["acme/web"], "workflow_run", &body);
            // What says which run it is cannot be done without.
            if ["id", "run_number", "run_attempt"].contains(&field.as_str()) && *value != json!(5) {
                assert!(matches!(received, Err(HookError::Malformed(_))), "{field} {value}");
                continue;
            }
            let received = received.unwrap();
            // Of which branch it is, a poll finds out.
            if field == "head_branch" && *value != json!(5) {
                assert!(received.poll && received.snapshots.is_empty(), "{value}");
                continue;
            }
            let snapshots = received.snapshots;
            let expected = match field.as_str() {
                "conclusion" => "unknown",
                _ => "failed",
            };
            assert_eq!(build_of(&snapshots[0]).runs[0].status.name(), expected, "{field} {value}");
        }
        let review = json!({ "pull_request": pull(482, json!({})), "review": value });
        let received = deliver(&["acme/web"], "pull_request_review", &about(review)).unwrap();
        assert_eq!(received.snapshots.len(), 1, "review {value}");
    }
    for (state, expected) in [("CLOSED", "closed"), ("Closed", "closed"), ("OPEN", "open")] {
        let body = about(json!({ "pull_request": pull(482, json!({ "state": state })) }));
        let received = deliver(&["acme/web"], "pull_request", &body).unwrap();
        assert_eq!(summary(&received.snapshots[0]), format!("acme/web#482 {expected} [] ?"));
    }
}

#[test]
fn missing_author_in_a_webhook_keeps_the_known_one() {
    for (author, expected) in [(user("ana"), "ana"), (json!(null), ""), (json!({}), "")] {
        let about = pull(482, json!({ "user": author }));
        let body = json!({ "pull_request": about, "repository": repo("web") });
        for event in ["pull_request", "pull_request_review"] {
            let received = deliver(&["acme/web"], event, &body).unwrap();
            assert_eq!(pull_of(&received.snapshots[0]).author, expected, "{event} {author}");
        }
    }
}

#[test]
fn any_charset_is_read() {
    let text = json!({ "pull_request": pull(482, json!({ "title": "Größe" })), "repository": repo("web") })
        .to_string();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for body in [utf16, format!("\u{feff}{text}").into_bytes(), text.clone().into_bytes()] {
        let headers = headers(&[("x-github-event", "pull_request"), ("x-hub-signature-256", &sign(&body))]);
        let received = webhook(&[]).receive(&headers, &body, now()).unwrap();
        assert_eq!(received.snapshots[0].title, "Größe");
    }
}

proptest::proptest! {
    #[test]
    fn any_body_is_read_without_a_panic(event in "pull_request|pull_request_review|workflow_run|x", body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let headers = headers(&[("x-github-event", &event), ("x-hub-signature-256", &sign(&body))]);
        let received = webhook(&[]).receive(&headers, &body, now());
        assert!(!matches!(received, Err(HookError::Unsigned(_))));
    }
}

/// A webhook may be late, or of another repository that had the name: a poll finds out.
#[test]
fn webhook_of_a_deletion_asks_for_a_poll() {
    let webhook = webhook(&["acme/*"]);
    let mut workflows = super::super::workflows::Workflows::default();
    let ran: wire::Run = serde_json::from_str(&run(1, json!({})).to_string()).unwrap();
    workflows.learn([&ran]);
    let described = super::super::cursor::RepoDescription {
        name: "acme/web".into(),
        default_branch: Some("main".into()),
        id: Some(1296269),
        closed: false,
        default_unknown: false,
    };
    let known =
        super::super::cursor::Repo { described: Some((described, now())), workflows, ..Default::default() };
    let place =
        super::super::cursor::Place { repos: [("acme/web".to_owned(), known)].into(), ..Default::default() };
    webhook.knowledge().learn(&place);
    // The default branch is known though the webhook does not say it, and so is how polls write the name.
    let odd = json!({ "full_name": "ACME/Web", "default_branch": {} });
    let (headers_of, body) =
        signed("workflow_run", &json!({ "workflow_run": run(31, json!({})), "repository": odd }));
    let received = webhook.receive(&headers_of, &body, now()).unwrap().snapshots;
    assert_eq!(
        (received[0].key.id.as_str(), build_of(&received[0]).default_branch),
        ("acme/web/ci@main", true)
    );
    let branch = |change: Value| with(json!({ "ref": "try/it", "ref_type": "branch" }), change);
    let other = json!({ "full_name": "acme/web", "id": 5 });
    let foreign = json!({ "full_name": "beta/web", "id": 5 });
    let cases = [
        ("delete", branch(json!({})), true),
        ("delete", branch(json!({ "repository": { "full_name": "ACME/Web" } })), true),
        ("delete", branch(json!({ "repository": other })), true),
        ("Delete", branch(json!({ "ref_type": "BRANCH" })), true),
        ("REPOSITORY", json!({ "action": " Deleted" }), true),
        ("delete", branch(json!({ "repository": foreign })), false),
        ("delete", json!({ "ref": "v1", "ref_type": "tag" }), false),
        ("delete", json!({ "ref": "try/it" }), false),
        ("delete", json!({ "ref": "try/it", "ref_type": null }), false),
        ("delete", json!({ "ref": "try/it", "ref_type": ["branch"] }), false),
        ("delete", json!({ "ref_type": "of_tomorrow", "repository": null }), false),
        ("repository", json!({ "action": "deleted" }), true),
        ("repository", json!({ "action": "archived" }), true),
        (
            "repository",
            json!({ "action": "deleted", "repository": { "full_name": "ACME/Web", "default_branch": 5 } }),
            true,
        ),
        ("repository", json!({ "action": "deleted", "repository": other }), true),
        ("repository", json!({ "action": "archived", "repository": other }), true),
        ("repository", json!({ "action": "archived", "repository": foreign }), false),
        ("repository", json!({ "action": "renamed" }), false),
        ("repository", json!({ "action": "transferred" }), false),
        // Under the name that polls do not know yet.
        ("repository", json!({ "action": "renamed", "repository": repo("site") }), true),
        (
            "repository",
            json!({ "action": "Transferred", "repository": { "full_name": "beta/web", "id": "1296269" } }),
            true,
        ),
        ("repository", json!({ "action": "renamed", "repository": { "full_name": "ACME/Web" } }), false),
        ("repository", json!({ "action": "renamed", "repository": other }), false),
        ("repository", json!({ "action": "renamed", "repository": foreign }), false),
        ("repository", json!({ "action": "edited", "repository": repo("site") }), false),
        ("repository", json!({ "action": "of_tomorrow" }), false),
    ];
    for (event, what, poll) in cases {
        let body = with(json!({ "repository": repo("web"), "sender": user("bo") }), what.clone());
        let (headers, body) = signed(event, &body);
        let received = webhook.receive(&headers, &body, now()).unwrap();
        assert_eq!(received.poll, poll, "{event} {what}");
        assert!(received.snapshots.is_empty() && received.gone.is_empty(), "{event} {what}: {received:?}");
    }
    let (headers, body) = signed("delete", &json!({ "ref_type": "branch", "repository": repo("web") }));
    assert!(matches!(webhook.receive(&headers, &body, now()), Err(HookError::Malformed(_))), "which branch?");
}
