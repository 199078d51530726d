//! A service with unusual answers: nothing in a list, an unknown field, another charset.

use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{
    proxy::between,
    secrecy::assert_no_secret,
    subject::{Call, Subject, now},
};

/// How an answer's body is changed on its way.
type Change = fn(&str) -> Vec<u8>;

const CHANGES: [(&str, Change); 5] = [
    ("a null in every list", |body| changed(body, |value| nulls(value, true))),
    ("a null at the end of every list", |body| changed(body, |value| nulls(value, false))),
    ("unknown fields", |body| changed(body, unknown_fields)),
    ("UTF-16", |body| {
        "\u{feff}".encode_utf16().chain(body.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }),
    ("a byte-order mark", |body| format!("\u{feff}{body}").into_bytes()),
];

fn changed(body: &str, change: fn(&mut Value)) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_str(body) else { return body.into() };
    change(&mut value);
    value.to_string().into_bytes()
}

fn nulls(value: &mut Value, first: bool) {
    match value {
        Value::Array(values) => {
            values.iter_mut().for_each(|value| nulls(value, first));
            values.insert(if first { 0 } else { values.len() }, Value::Null);
        }
        Value::Object(fields) => fields.values_mut().for_each(|value| nulls(value, first)),
        _ => {}
    }
}

/// The lists of the answer itself, and of the object that it is: not those within their entries.
fn no_list(value: &mut Value) {
    match value {
        Value::Array(_) => *value = Value::Null,
        Value::Object(fields) => {
            fields.values_mut().filter(|field| field.is_array()).for_each(|field| *field = Value::Null);
        }
        _ => {}
    }
}

/// The lists of the entries of the answer's lists.
fn no_inner_list(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(no_list),
        Value::Object(fields) => {
            let lists = fields.values_mut().filter_map(Value::as_array_mut);
            lists.flatten().for_each(no_list);
        }
        _ => {}
    }
}

fn unknown_fields(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(unknown_fields),
        Value::Object(fields) => {
            fields.values_mut().for_each(unknown_fields);
            // Texts by name, such as labels, are no record that a later version adds fields to.
            if fields.values().all(Value::is_string) {
                return;
            }
            fields.insert("of_tomorrow".to_owned(), serde_json::json!([{ "a": 1 }, null, "x"]));
        }
        _ => {}
    }
}

impl Subject {
    /// What looks works as ever, and what is watched is all there.
    pub(super) async fn odd_answers_hide_nothing(&self) {
        let server = self.good_service().await;
        let good = self.connect(&server.uri());
        let usual = match &good.source {
            Some(source) => source.poll(None, now()).await.unwrap().snapshots,
            None => Vec::new(),
        };
        for (what, change) in CHANGES {
            let connection =
                self.connect(&between(server.uri(), move |_, status, body| (status, change(body))).await);
            for call in self.calls() {
                if self.changes(&connection, &call) || matches!(call, Call::Run(..) | Call::Find) {
                    continue;
                }
                let came = self.perform(&connection, &call).await;
                assert!(came.is_ok(), "{call:?} with {what}: {came:?}");
                assert_no_secret(what, &format!("{came:?}"));
            }
            if let Some(source) = &connection.source {
                let batch = source.poll(None, now()).await.unwrap();
                let status = |items: &[callboard_domain::item::Item]| -> Vec<_> {
                    items.iter().map(|item| format!("{} {}", item.key, item.status())).collect()
                };
                assert_eq!(status(&batch.snapshots), status(&usual), "with {what}: {:?}", batch.problems);
            }
        }
    }
}

const ABSENCES: [(&str, Change); 2] = [
    ("null for its lists", |body| changed(body, no_list)),
    ("null for the lists of its entries", |body| changed(body, no_inner_list)),
];

impl Subject {
    /// No list is not an empty one: what is missing because of it is reported, and not taken to be over.
    pub(super) async fn no_list_is_not_an_empty_one(&self) {
        let server = self.good_service().await;
        let Some(source) = self.connect(&server.uri()).source else { return };
        let keys = |items: &[callboard_domain::item::Item]| -> std::collections::BTreeSet<String> {
            items.iter().map(|item| item.key.to_string()).collect()
        };
        let usual = keys(&source.poll(None, now()).await.unwrap().snapshots);
        for (what, change) in ABSENCES {
            let connection =
                self.connect(&between(server.uri(), move |_, status, body| (status, change(body))).await);
            // A failed poll is shown.
            if let Ok(batch) = connection.source.unwrap().poll(None, now()).await {
                let seen = keys(&batch.snapshots).is_superset(&usual);
                let is_reported = batch.problems.iter().any(callboard_domain::source::Problem::hides);
                let claims_nothing = batch.complete.is_empty() && batch.emptied.is_empty();
                assert!(seen || (is_reported && claims_nothing), "{what}: {batch:?}");
            }
        }
    }
}

/// Answers with 200 that are no service's to the question who asks.
const OTHER_FORMS: [&str; 4] = ["{}", "[]", "null", "<!DOCTYPE html><html><body>Sign in</body></html>"];

impl Subject {
    /// Whoever answers in another form is not the service: a test of the account fails.
    pub(super) async fn another_form_is_no_sign_in(&self) {
        for body in OTHER_FORMS {
            let is_page = body.starts_with('<');
            let kind = if is_page { "text/html" } else { "application/json" };
            let server = MockServer::start().await;
            let answer = ResponseTemplate::new(200).set_body_raw(body, kind);
            Mock::given(any()).respond_with(answer).mount(&server).await;
            let connection = self.connect(&server.uri());
            // What a path answers that a user has named is not known here; a web page is somebody's sign-in.
            let is_any_service = connection.source.is_none() && connection.chat.is_none();
            let came = connection.identify.identify().await;
            assert_eq!(came.is_ok(), is_any_service && !is_page, "{body}: {came:?}");
        }
    }
}
