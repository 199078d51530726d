//! A signed webhook of GitHub may hold anything: it is refused or read, and what is read can be stored and shown.
#![no_main]

use std::sync::LazyLock;

use callboard_connectors::Connection;
use callboard_fuzz::{account, receive, signature};
use serde_json::json;

const EVENTS: [&str; 6] =
    ["workflow_run", "pull_request", "pull_request_review", "delete", "repository", "ping"];
const TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

static ACCOUNT: LazyLock<Connection> = LazyLock::new(|| account("github", json!({})));

// The first byte chooses the event, and how it is written.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let event = EVENTS[usize::from(*choice) % EVENTS.len()];
    let written = TYPES[usize::from(*choice) / EVENTS.len() % TYPES.len()];
    let headers = [
        ("content-type", written.to_owned()),
        ("x-github-event", event.to_owned()),
        ("x-hub-signature-256", format!("sha256={}", signature(body))),
    ];
    receive(&ACCOUNT, "{}", &headers, body);
});
