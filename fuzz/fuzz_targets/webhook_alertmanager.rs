//! A webhook of Alertmanager that carries the token may hold anything: it is refused or read.
#![no_main]

use std::sync::LazyLock;

use callboard_connectors::Connection;
use callboard_fuzz::{SECRET, account, receive};
use serde_json::json;

static ACCOUNT: LazyLock<Connection> =
    LazyLock::new(|| account("alertmanager", json!({ "url": "http://127.0.0.1:9093" })));

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    receive(&ACCOUNT, "{}", &[("authorization", format!("Bearer {SECRET}"))], body);
});
