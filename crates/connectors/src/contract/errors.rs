//! Every error of the service comes out as what it is, and a write whose answer is lost, or another than the service
//! documents, is unknown and not sent again.

use std::{io, time::Duration};

use callboard_domain::error::ServiceError;
use tokio::net::TcpListener;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{
    secrecy::{assert_no_secret, credentials},
    subject::{PATIENCE, Subject, client},
};

/// How a [`ServiceError`] came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Auth,
    RateLimited,
    Rejected,
    Unavailable,
    Unknown,
}

impl Kind {
    fn of(error: &ServiceError) -> Self {
        match error {
            ServiceError::Auth { .. } => Self::Auth,
            ServiceError::RateLimited { .. } => Self::RateLimited,
            ServiceError::Rejected { .. } => Self::Rejected,
            ServiceError::Unavailable { .. } => Self::Unavailable,
            ServiceError::Unknown { .. } => Self::Unknown,
        }
    }
}

/// How a service can fail, and what that is for a call that looks and for one that writes.
const FAULTS: [(Fault, Kind, Kind); 16] = [
    (Fault::Status(401), Kind::Auth, Kind::Auth),
    (Fault::Status(403), Kind::Auth, Kind::Auth),
    (Fault::Busy(403), Kind::RateLimited, Kind::RateLimited),
    (Fault::Busy(429), Kind::RateLimited, Kind::RateLimited),
    (Fault::Status(400), Kind::Rejected, Kind::Rejected),
    (Fault::Status(404), Kind::Rejected, Kind::Rejected),
    (Fault::Status(409), Kind::Rejected, Kind::Rejected),
    (Fault::Status(408), Kind::Unavailable, Kind::Unknown),
    (Fault::Status(501), Kind::Rejected, Kind::Unknown),
    (Fault::Status(500), Kind::Unavailable, Kind::Unknown),
    (Fault::Status(502), Kind::Unavailable, Kind::Unknown),
    (Fault::Status(503), Kind::Unavailable, Kind::Unknown),
    (Fault::Busy(503), Kind::Unavailable, Kind::Unknown),
    (Fault::Breaks, Kind::Unavailable, Kind::Unknown),
    (Fault::Slow, Kind::Unavailable, Kind::Unknown),
    (Fault::NotData, Kind::Unavailable, Kind::Unknown),
];

/// What has a status of success and data, but none that a service documents as the answer to a write.
const OTHER_SUCCESSES: [Fault; 3] = [Fault::Status(200), Fault::Status(201), Fault::Status(202)];

/// A fault that the test server injects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// That status, with a body that repeats the credential.
    Status(u16),
    /// That status with `Retry-After: 7`.
    Busy(u16),
    /// The connection ends without an answer.
    Breaks,
    /// No answer in time.
    Slow,
    /// 200, but with a web page that repeats the credential: such as a proxy's sign-in.
    NotData,
}

impl Fault {
    /// The fault on every request that `matches`, before anything else that is mounted.
    fn mock(self, matches: fn(&Request) -> bool) -> Mock {
        let mock = Mock::given(matches);
        match self {
            Self::Status(status) => mock.respond_with(move |request: &Request| repeat(status, request)),
            Self::Busy(status) => mock.respond_with(move |request: &Request| {
                repeat(status, request).insert_header("retry-after", "7")
            }),
            Self::Breaks => {
                mock.respond_with_err(|_: &Request| io::Error::from(io::ErrorKind::ConnectionReset))
            }
            Self::Slow => mock.respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(60))),
            Self::NotData => mock.respond_with(|request: &Request| {
                let page = format!("<html><body>Sign in, {}</body></html>", credentials(request));
                ResponseTemplate::new(200).set_body_raw(page, "text/html")
            }),
        }
        .with_priority(1)
    }

    /// Where no answer comes, waiting is all that a call does; a write must still get as far as the service by then.
    fn time_out(self) -> Duration {
        if self == Self::Slow { Duration::from_secs(1) } else { PATIENCE }
    }
}

fn everything(_: &Request) -> bool {
    true
}

fn repeat(status: u16, request: &Request) -> ResponseTemplate {
    let text = format!("no good: {}", credentials(request));
    ResponseTemplate::new(status)
        .insert_header("x-repeated", text.as_str())
        .set_body_json(serde_json::json!({ "message": text, "error": text, "errors": [{ "message": text }] }))
}

impl Subject {
    pub(super) async fn errors_have_their_kind(&self) {
        for (fault, read, write) in FAULTS {
            let server = MockServer::start().await;
            fault.mock(everything).mount(&server).await;
            let connection = (self.connect)(&server.uri(), client(fault.time_out()));
            for call in self.calls() {
                let came = self.perform(&connection, &call).await;
                assert_no_secret(&format!("{call:?} with {fault:?}"), &format!("{came:?}"));
                let error = came.expect_err(&format!("{call:?} with {fault:?}"));
                assert_no_secret(&format!("{call:?} with {fault:?}"), &error.to_string());
                // A call that writes may look first, and fail at that.
                let mut expected = vec![read];
                expected.extend(self.changes(&connection, &call).then_some(write));
                assert!(expected.contains(&Kind::of(&error)), "{call:?} with {fault:?}: {error:?}");
                let is_signed_in = matches!(error, ServiceError::Auth { signed_in: true, .. });
                assert!(fault != Fault::Status(401) || !is_signed_in, "{call:?} with {fault:?}: {error:?}");
                if let ServiceError::RateLimited { retry_after, .. } = error {
                    assert_eq!(retry_after, Duration::from_secs(7), "{call:?} with {fault:?}");
                }
            }
        }
        // A port that was ours and is closed again: nobody answers there.
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let connection = self.connect(&format!("http://{closed}"));
        for call in self.calls() {
            let error = self.perform(&connection, &call).await.expect_err("nobody is there");
            assert_eq!(Kind::of(&error), Kind::Unavailable, "{call:?}: {error:?}");
        }
    }

    pub(super) async fn lost_writes_are_unknown_and_not_repeated(&self) {
        let faults = FAULTS.into_iter().map(|(fault, _, write)| (fault, write));
        for (fault, expected) in faults.chain(OTHER_SUCCESSES.map(|fault| (fault, Kind::Unknown))) {
            let server = self.good_service().await;
            fault.mock(self.writes).mount(&server).await;
            let connection = (self.connect)(&server.uri(), client(fault.time_out()));
            for call in self.calls() {
                if !self.changes(&connection, &call) {
                    continue;
                }
                let before = self.count_writes(&server).await;
                let came = self.perform(&connection, &call).await;
                let sent = self.count_writes(&server).await - before;
                assert_eq!(sent, 1, "{call:?} with {fault:?}: {came:?}");
                let error = came.expect_err(&format!("{call:?} with {fault:?}"));
                assert_eq!(Kind::of(&error), expected, "{call:?} with {fault:?}: {error:?}");
                assert_no_secret(&format!("{call:?} with {fault:?}"), &format!("{error} {error:?}"));
            }
        }
    }

    async fn count_writes(&self, server: &MockServer) -> usize {
        let requests = server.received_requests().await.unwrap();
        requests.iter().filter(|request| (self.writes)(request)).count()
    }
}
