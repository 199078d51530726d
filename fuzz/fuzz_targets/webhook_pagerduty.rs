//! A signed webhook of PagerDuty may hold anything: it is refused or read, and what is read can be stored and shown.
#![no_main]

use std::sync::LazyLock;

use callboard_connectors::Connection;
use callboard_fuzz::{account, receive, signature};
use serde_json::json;

static ACCOUNT: LazyLock<Connection> = LazyLock::new(|| account("pagerduty", json!({})));

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    receive(&ACCOUNT, &[("x-pagerduty-signature", format!("v1={}", signature(body)))], body);
});
