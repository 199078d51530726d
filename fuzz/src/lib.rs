//! What the targets for webhooks share: an account to receive them, a sender's signature, and what must hold of what is read.

use std::collections::BTreeMap;

use callboard_connectors::{Access, Connection, ConnectorConfig, http::Client};
use callboard_domain::{event, source::Cursor};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

/// The webhook secret of every account here.
pub const SECRET: &str = "hush";

/// An account of that service, with a token and [`SECRET`].
pub fn account(service: &str, settings: Value) -> Connection {
    let config = ConnectorConfig::from_table(service, settings).expect("a configuration");
    let secrets = [("token", "t0ken"), ("webhook_secret", SECRET)];
    let secrets = secrets.map(|(field, secret)| (field.to_owned(), secret.into()));
    let client = Client::new().expect("a client");
    let access = Access { account: "fuzzed".into(), client, secrets: BTreeMap::from(secrets), person: None };
    config.connect(access).expect("nothing is lacking")
}

/// The HMAC of a body by [`SECRET`], in hexadecimal digits.
pub fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Receives a webhook: it is refused, or what is read can be stored, and is no news the second time. `cursor` is one that the
/// account's polls leave where they saw nothing.
pub fn receive(account: &Connection, cursor: &str, headers: &[(&'static str, String)], body: &[u8]) {
    let headers = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a header's value")));
    let hook = account.hook.as_deref().expect("it has webhooks");
    let Ok(received) = hook.receive(&headers.collect(), body, Timestamp::UNIX_EPOCH) else { return };
    if let Some(note) = received.note {
        let (source, notes) = (account.source.as_deref().expect("it is watched"), [note]);
        let before = Some(Cursor(cursor.to_owned()));
        let noted = source.with_notes(before.as_ref(), &notes);
        assert_ne!(noted, before, "what no poll saw is noted");
        assert_eq!(source.with_notes(noted.as_ref(), &notes), noted, "what is noted is noted once");
    }
    for snapshot in received.snapshots {
        let first = event::compare(None, snapshot.clone());
        let again = event::compare(Some(&first.item), snapshot);
        assert!(again.transitions.is_empty(), "the same again is no news: {again:#?}");
    }
}
