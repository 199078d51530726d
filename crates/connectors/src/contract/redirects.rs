//! No credential goes to another host.

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{secrecy::assert_no_secret, subject::Subject};

impl Subject {
    pub(super) async fn credentials_stay_home(&self) {
        let home = MockServer::start().await;
        let elsewhere = MockServer::start().await;
        let there = format!("{}/there", elsewhere.uri());
        for status in [302, 307] {
            let moved = ResponseTemplate::new(status).insert_header("location", there.as_str());
            Mock::given(any()).respond_with(moved).with_priority(1).mount(&home).await;
            Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&elsewhere).await;
            let connection = self.connect(&home.uri());
            for call in self.calls() {
                let came = self.perform(&connection, &call).await;
                assert_no_secret(&format!("{call:?}"), &format!("{came:?}"));
                assert!(came.is_err(), "{call:?} accepted another host's answer: {came:?}");
            }
            home.reset().await;
        }
        for request in elsewhere.received_requests().await.unwrap() {
            let sent = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
            assert_no_secret("another host's request", &sent);
            assert!(!(self.writes)(&request), "a write went to another host: {request:?}");
        }
    }
}
