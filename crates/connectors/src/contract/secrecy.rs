//! No secret comes out anywhere.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use wiremock::Request;

/// The secret in every field of an account under test; nothing that comes out may hold it.
pub(crate) const SECRET: &str = "s3cr3t-Zq9xW7vT";

/// The user name that goes with it, where an account has one.
pub(crate) const USER: &str = "ana";

/// What a request was signed with, in every form.
pub(super) fn credentials(request: &Request) -> String {
    let headers = request.headers.values().filter_map(|value| value.to_str().ok());
    let headers: Vec<_> = headers.filter(|value| holds_secret(value)).collect();
    format!("{} {} {}", forms().join(" "), headers.join(" "), request.url)
}

/// What a service can make of the secret when it repeats it.
fn forms() -> [String; 7] {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    [
        SECRET.to_owned(),
        SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
        BASE64_STANDARD.encode(SECRET),
        BASE64_STANDARD.encode(format!("{USER}:{SECRET}")),
        format!("{}\u{200b}{}", &SECRET[..5], &SECRET[5..]),
        hex,
    ]
}

fn holds_secret(text: &str) -> bool {
    forms().iter().any(|form| text.contains(form))
}

/// Fails where a text holds the secret in any form that is sent.
#[track_caller]
pub(super) fn assert_no_secret(what: &str, text: &str) {
    assert!(!holds_secret(text), "{what} shows the secret:\n{text}");
}

/// Everything that is logged while it is captured.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
