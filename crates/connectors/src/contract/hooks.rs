//! Webhooks are accepted only with the secret, report the same as a poll, and do no harm whatever is in
//! them.

use callboard_domain::{
    event::compare,
    item::Item,
    source::{Batch, Cursor, Hook, HookError, LONGEST_NOTE, Received, Source},
};
use serde_json::Value;

use super::{
    secrecy::{SECRET, assert_no_secret},
    subject::{Hooks, Subject, now},
};

/// Values in place of any value of a delivery.
const ODD: [&str; 8] = ["null", "5", "-1", "\"\"", "\"x\"", "[]", "[null]", "{}"];

/// What no service sends.
const BROKEN: [&str; 7] = ["", "null", "[]", "{}", "{", "\"\\ud800\"", "\u{0}"];

impl Subject {
    pub(super) async fn hooks_are_proved_and_agree_with_polls(&self) {
        let Some(hooks) = &self.hooks else { return };
        let server = self.good_service().await;
        let connection = self.connect(&server.uri());
        let source = connection.source.expect("a hook belongs to a source");
        let Batch { snapshots: polled, cursor, .. } = source.poll(None, now()).await.unwrap();
        let hook = connection.hook.as_deref().expect("it has a hook");
        // What was polled is not known to the program after a restart.
        let restarted = self.connect(&server.uri()).hook.expect("it has a hook");

        for (event, body) in &hooks.known {
            let body = body.to_string().into_bytes();
            let headers = (hooks.headers)(SECRET, event, &body);
            let received = receive(hook, &headers, &body).unwrap();
            assert_eq!(!received.snapshots.is_empty(), hooks.carries_state, "{event}");
            assert!(hooks.carries_state || received.poll, "{event} reports nothing");
            for item in &received.snapshots {
                let known = polled.iter().find(|known| known.key == item.key);
                let known = known.unwrap_or_else(|| panic!("{event}: no poll has {}", item.key));
                let stored = compare(None, known.clone()).item;
                let change = compare(Some(&stored), item.clone());
                assert!(change.transitions.is_empty(), "{event} reports what the poll had: {change:#?}");
                assert_eq!(change.item.status(), stored.status(), "{event}");
            }
            let again = receive(hook, &headers, &body).unwrap();
            assert_eq!(again.delivery, received.delivery, "{event} is not known again");
            if let Some(note) = receive(&*restarted, &headers, &body).unwrap().note {
                taken_once(&*source, cursor.as_ref().expect("a place for the note"), &note);
            }
            Self::unsigned_webhooks_are_refused(hooks, hook, event, &body);
            harmless(hooks, hook, event, &body);
        }
        for (event, body) in &hooks.foreign {
            let body = body.to_string().into_bytes();
            let received = receive(hook, &(hooks.headers)(SECRET, event, &body), &body).unwrap();
            let Received { snapshots, gone, .. } = received;
            assert!(snapshots.is_empty() && gone.is_empty(), "{event}: {snapshots:?}");
        }
        for body in BROKEN {
            let (event, _) = hooks.known[0];
            let headers = (hooks.headers)(SECRET, event, body.as_bytes());
            if let Ok(received) = receive(hook, &headers, body.as_bytes()) {
                assert!(received.snapshots.is_empty(), "{body:?}: {received:?}");
            }
        }
    }

    fn unsigned_webhooks_are_refused(hooks: &Hooks, hook: &dyn Hook, event: &str, body: &[u8]) {
        let good = (hooks.headers)(SECRET, event, body);
        let mut forged = vec![
            ("unsigned", http::HeaderMap::new(), body.to_vec()),
            ("of another secret", (hooks.headers)("another-Secret", event, body), body.to_vec()),
            ("of no secret", (hooks.headers)("", event, body), body.to_vec()),
        ];
        if hooks.signs {
            let mut tampered = body.to_vec();
            tampered.push(b' ');
            forged.push(("tampered with", good.clone(), tampered));
            forged.push(("replayed with another body", good, b"{}".to_vec()));
        }
        for (what, headers, body) in forged {
            let refused = hook.receive(&headers, &body, now());
            assert!(matches!(refused, Err(HookError::Unsigned(_))), "{what}: {refused:?}");
            assert_no_secret(what, &format!("{refused:?}"));
        }
    }
}

fn receive(hook: &dyn Hook, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, HookError> {
    hook.admit(headers)?;
    let received = hook.receive(headers, body, now());
    assert_no_secret("what came of a webhook", &format!("{received:?}"));
    let note = received.as_ref().ok().and_then(|received| received.note.as_deref());
    assert!(note.is_none_or(|note| note.len() <= LONGEST_NOTE), "{note:?}");
    received
}

/// Notes taken twice change nothing more; without a cursor there are none, and one that cannot be read does no harm.
fn taken_once(source: &dyn Source, cursor: &Cursor, note: &str) {
    let with_notes = |cursor: Option<&Cursor>, notes: &[&str]| {
        let notes: Vec<String> = notes.iter().copied().map(str::to_owned).collect();
        source.with_notes(cursor, &notes)
    };
    let noted = with_notes(Some(cursor), &[note]).expect("there is a cursor");
    let broken = Cursor("{".to_owned());
    let cases: [(Option<&Cursor>, &[&str], Option<&Cursor>); 7] = [
        (None, &[note], None),
        (Some(cursor), &[], Some(cursor)),
        (Some(cursor), &["", "{", "[]"], Some(cursor)),
        (Some(cursor), &["{", note], Some(&noted)),
        (Some(cursor), &[note, note], Some(&noted)),
        (Some(&noted), &[note], Some(&noted)),
        (Some(&broken), &[note], Some(&broken)),
    ];
    for (cursor, notes, expected) in cases {
        assert_eq!(with_notes(cursor, notes).as_ref(), expected, "{cursor:?} {notes:?}");
    }
}

/// Each value of a delivery is another, is missing, or the delivery is cut: it is read or refused, never more.
fn harmless(hooks: &Hooks, hook: &dyn Hook, event: &str, body: &[u8]) {
    let whole: Value = serde_json::from_slice(body).unwrap();
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for pointer in pointers(&whole) {
        for odd in ODD {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = serde_json::from_str(odd).unwrap();
            bodies.push(changed.to_string().into_bytes());
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut changed = whole.clone();
        if let Some(Value::Object(fields)) = changed.pointer_mut(parent) {
            fields.remove(name);
            bodies.push(changed.to_string().into_bytes());
        }
    }
    bodies.extend((0..body.len()).step_by(17).map(|end| body[..end].to_vec()));
    for body in bodies {
        let headers = (hooks.headers)(SECRET, event, &body);
        match receive(hook, &headers, &body) {
            Ok(received) => received.snapshots.into_iter().for_each(|item: Item| {
                compare(None, item);
            }),
            Err(HookError::Malformed(_)) => {}
            Err(error) => panic!("{event}: {error:?} for {}", String::from_utf8_lossy(&body)),
        }
    }
}

/// The path of every value.
fn pointers(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        let below = pointers(value).into_iter().map(|rest| format!("/{name}{rest}")).collect::<Vec<_>>();
        std::iter::once(format!("/{name}")).chain(below).collect::<Vec<_>>()
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| below(name, value)).collect(),
        Value::Array(entries) => {
            entries.iter().enumerate().flat_map(|(at, value)| below(&at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}
