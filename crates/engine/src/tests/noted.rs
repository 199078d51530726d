//! What webhooks note is given to the next poll.

use callboard_domain::source::Received;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::*;
use crate::{store::Report, watch::decide};

async fn answer(server: &MockServer, at: &str, content: Value) {
    let content = ResponseTemplate::new(200).set_body_json(content);
    Mock::given(path(at)).respond_with(content).mount(server).await;
}

#[tokio::test]
async fn poll_begins_with_what_webhooks_noted_until_one_is_stored() {
    let server = MockServer::start().await;
    answer(&server, "/users/me", json!({ "user": { "id": "PANA001", "name": "Ana" } })).await;
    answer(&server, "/incidents", json!({ "incidents": [], "more": false })).await;
    answer(&server, "/log_entries", json!({ "log_entries": [], "more": false })).await;
    let config = format!("[accounts.pager]\nservice = \"pagerduty\"\nurl = \"{}\"\n", server.uri());
    let it = Scene::open(&config, Mode::Once, &[("pager", "token", "t0ken")]).await;
    let pager = AccountName::from("pager");
    let account = Arc::clone(&it.engine.active().accounts[&pager]);
    let (watcher, store) = (&it.engine.inner.watcher, it.engine.store());
    watcher.poll_once(&account).await.unwrap();

    // As it was before a restart: what the webhook's own memory had of it is gone.
    let noted = Received { note: Some("\"Q2NEW\"".to_owned()), ..Received::default() };
    let rules = decide::by(it.engine.active());
    store.ingest(&pager, Report::Hook(noted), Timestamp::now(), rules).await.unwrap();
    let state = async || {
        let notes = store.source_with_notes(&pager).await.unwrap().1;
        let requests = server.received_requests().await.unwrap();
        let asked = requests.iter().filter(|request| request.url.path() == "/incidents/Q2NEW").count();
        (notes.texts.len(), asked)
    };
    let refused = Mock::given(path("/incidents")).respond_with(ResponseTemplate::new(401));
    refused.with_priority(1).up_to_n_times(1).mount(&server).await;
    // whether the poll can read the account -> how many notes are left, and how often what is noted was asked for
    for (reads, expected) in [(false, (1, 0)), (true, (0, 1))] {
        assert_eq!(watcher.poll_once(&account).await.is_ok(), reads);
        assert_eq!(state().await, expected, "{reads}");
    }
    // It is not there yet: the cursor has it from now on.
    let cursor = store.source(&pager).await.unwrap().unwrap().cursor.unwrap();
    assert!(cursor.0.contains("Q2NEW"), "{cursor:?}");
    it.engine.stop().await;
}
