//! What every connector must keep, as one table that each connector's tests run through [`Subject::check`].
//!
//! - Every fault of the service comes out as the right [`ServiceError`], from every call.
//! - A write whose answer is lost is `Unknown`, and is not sent again.
//! - No secret stands in an error, a log, a preview or a result, even where the service repeats it.
//! - No credential follows a redirect to another host.
//! - A call can be dropped at any time, and lets go of its connection.
//! - A second poll finds nothing new. A message keeps the chat's limits. A command's spec is sound.
//!
//! One long file, so that the whole table is in one place.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use callboard_domain::{
    action::Progress,
    chat::DeliveryKey,
    command::{Args, Effect, check_all},
    error::ServiceError,
    event::compare,
    item::AccountName,
    message::{Block, ListEntry, Message, Tone},
    secret::SecretString,
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::{Access, Connection, http::Client};

/// The secret in every field of an account under test; nothing that comes out may hold it.
pub(crate) const SECRET: &str = "s3cr3t-Zq9xW7vT";

/// The user name that goes with it, where an account has one.
pub(crate) const USER: &str = "ana";

/// A connector under test.
pub(crate) struct Subject {
    /// Connects to a service at that URL (without a slash at its end), with [`access`].
    pub(crate) connect: fn(&str) -> Connection,
    /// The service in good order, in a state where every command of `runs` succeeds.
    pub(crate) service: fn() -> Vec<Mock>,
    /// Tells the requests that change something from those that look.
    pub(crate) writes: fn(&Request) -> bool,
    /// Every command that it offers, with arguments.
    pub(crate) runs: Vec<(&'static str, Args)>,
    /// A channel to post in, where it has a chat, and how to read what a request would post.
    pub(crate) chat: Option<(&'static str, Rendered)>,
}

/// The message that a request would post as people see it; none where it posts nothing.
pub(crate) type Rendered = fn(&Request) -> Option<String>;

/// Access with [`SECRET`] in these fields, and little patience.
pub(crate) fn access(fields: &[&str]) -> Access {
    access_with(fields.iter().map(|field| (*field, SECRET.to_owned())))
}

/// Access with these secrets, and little patience.
pub(crate) fn access_with<'a>(secrets: impl IntoIterator<Item = (&'a str, String)>) -> Access {
    Access {
        account: AccountName::from("test"),
        client: Client::with_time_out(Duration::from_millis(300)).unwrap(),
        secrets: secrets
            .into_iter()
            .map(|(field, text)| (field.to_owned(), SecretString::from(text)))
            .collect(),
    }
}

/// Arguments by name.
pub(crate) fn args(values: &[(&str, &str)]) -> Args {
    let values = values.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Args { values: values.collect::<BTreeMap<_, _>>(), ..Args::default() }
}

/// When every test takes place.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Progress that is kept, to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Said(Mutex<Vec<String>>);

impl Said {
    /// What was said and put out, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Said {
    fn say(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn output(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// One thing that can be asked of a connection.
#[derive(Debug, Clone)]
enum Call {
    Identify,
    Poll,
    Run(&'static str, Args),
    Post,
    Reply,
    Edit,
    Find,
    Channels,
}

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
const FAULTS: [(Fault, Kind, Kind); 13] = [
    (Fault::Status(401), Kind::Auth, Kind::Auth),
    (Fault::Status(403), Kind::Auth, Kind::Auth),
    (Fault::Busy(403), Kind::RateLimited, Kind::RateLimited),
    (Fault::Busy(429), Kind::RateLimited, Kind::RateLimited),
    (Fault::Status(400), Kind::Rejected, Kind::Rejected),
    (Fault::Status(404), Kind::Rejected, Kind::Rejected),
    (Fault::Status(501), Kind::Rejected, Kind::Rejected),
    (Fault::Status(500), Kind::Unavailable, Kind::Unknown),
    (Fault::Status(502), Kind::Unavailable, Kind::Unknown),
    (Fault::Status(503), Kind::Unavailable, Kind::Unavailable),
    (Fault::Breaks, Kind::Unavailable, Kind::Unknown),
    (Fault::Slow, Kind::Unavailable, Kind::Unknown),
    (Fault::NotData, Kind::Unavailable, Kind::Unknown),
];

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
    /// 200, but with a web page that repeats the credential: a proxy's sign-in, say.
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
}

fn everything(_: &Request) -> bool {
    true
}

/// What a request was signed with, in every form.
fn credentials(request: &Request) -> String {
    let headers = request.headers.values().filter_map(|value| value.to_str().ok());
    let headers: Vec<_> = headers.filter(|value| holds_secret(value)).collect();
    format!("{SECRET} {} {}", headers.join(" "), request.url)
}

fn repeat(status: u16, request: &Request) -> ResponseTemplate {
    let words = format!("no good: {}", credentials(request));
    ResponseTemplate::new(status).insert_header("x-repeated", words.as_str()).set_body_json(
        serde_json::json!({ "message": words, "error": words, "errors": [{ "message": words }] }),
    )
}

fn holds_secret(text: &str) -> bool {
    text.contains(SECRET) || text.contains(&BASE64_STANDARD.encode(format!("{USER}:{SECRET}")))
}

/// Fails where a text holds the secret in any form that is sent.
#[track_caller]
fn assert_no_secret(what: &str, text: &str) {
    assert!(!holds_secret(text), "{what} shows the secret:\n{text}");
}

impl Subject {
    /// Runs the whole table.
    pub(crate) async fn check(&self) {
        let log = Log::default();
        let _guard = log.capture();
        self.checks_its_commands().await;
        self.works_and_finds_nothing_new().await;
        self.faults_have_their_kind().await;
        self.lost_writes_are_unknown_and_not_repeated().await;
        self.credentials_stay_home().await;
        self.lets_go_when_dropped().await;
        self.keeps_the_limits().await;
        assert_no_secret("the log", &log.text());
    }

    async fn good_service(&self) -> MockServer {
        let server = MockServer::start().await;
        for mock in (self.service)() {
            mock.mount(&server).await;
        }
        server
    }

    fn calls(&self) -> Vec<Call> {
        let connection = (self.connect)("http://127.0.0.1:9");
        let mut calls = vec![Call::Identify];
        calls.extend(connection.source.map(|_| Call::Poll));
        calls.extend(self.runs.iter().map(|(name, args)| Call::Run(name, args.clone())));
        if let Some(chat) = connection.chat {
            calls.push(Call::Post);
            // What can only post (an incoming webhook) knows no channels either.
            if chat.limits().edits {
                calls.extend([Call::Reply, Call::Edit, Call::Channels]);
            }
            if chat.limits().finds {
                calls.push(Call::Find);
            }
        }
        calls
    }

    fn changes(&self, connection: &Connection, call: &Call) -> bool {
        match call {
            Call::Run(name, _) => {
                let action = connection.actions.iter().find(|action| action.spec().name == *name);
                action.is_some_and(|action| action.spec().effect == Effect::Changes)
            }
            Call::Post | Call::Reply | Call::Edit => true,
            Call::Identify | Call::Poll | Call::Find | Call::Channels => false,
        }
    }

    /// Makes the call, and gives all that came of it as text.
    async fn perform(&self, connection: &Connection, call: &Call) -> Result<String, ServiceError> {
        let chat = || connection.chat.as_deref().unwrap();
        let channel = self.chat.map(|(channel, _)| channel).unwrap_or_default();
        let key = DeliveryKey("delivery-1".to_owned());
        let message = Message::new(Tone::Good, "web main passed");
        let posted = callboard_domain::chat::Posted {
            channel: channel.to_owned(),
            id: "1700000000.000001".to_owned(),
            link: None,
        };
        Ok(match call {
            Call::Identify => format!("{:?}", connection.identify.identify().await?),
            Call::Poll => format!("{:?}", connection.source.as_ref().unwrap().poll(None, now()).await?),
            Call::Run(name, args) => {
                let action = connection.actions.iter().find(|action| action.spec().name == *name);
                let said = Said::default();
                let outcome = action.expect(name).run(args, now(), &said).await;
                for line in said.lines() {
                    assert_no_secret("progress", &line);
                }
                format!("{:?}", outcome?)
            }
            Call::Post => format!("{:?}", chat().post(channel, &message, &key).await?),
            Call::Reply => format!("{:?}", chat().reply(&posted, &message, &key).await?),
            Call::Edit => format!("{:?}", chat().edit(&posted, &message).await?),
            Call::Find => format!("{:?}", chat().find(channel, None, &key, now()).await?),
            Call::Channels => format!("{:?}", chat().channels().await?),
        })
    }

    async fn checks_its_commands(&self) {
        let connection = (self.connect)("http://127.0.0.1:9");
        let names: Vec<_> = connection.actions.iter().map(|action| action.spec().name.clone()).collect();
        let problems = check_all(connection.actions.iter().map(|action| action.spec()));
        assert!(problems.is_empty(), "{problems:#?}");
        for action in &connection.actions {
            let spec = action.spec();
            assert!(self.runs.iter().any(|(name, _)| *name == spec.name), "{} is not under test", spec.name);
            assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
        }
        for (name, args) in &self.runs {
            assert!(names.iter().any(|known| known == name), "there is no {name}: {names:?}");
            let action = connection.actions.iter().find(|action| action.spec().name == *name).unwrap();
            let steps = action.preview(args, now()).expect(name);
            assert!(!steps.is_empty(), "{name} says nothing of what it would do");
            assert_no_secret("the preview", &format!("{steps:?}"));
        }
    }

    async fn works_and_finds_nothing_new(&self) {
        let server = self.good_service().await;
        let connection = (self.connect)(&server.uri());
        for call in self.calls() {
            let came = self.perform(&connection, &call).await;
            assert_no_secret(&format!("{call:?}"), &format!("{came:?}"));
            assert!(came.is_ok(), "{call:?}: {came:?}");
        }
        if let Some(source) = &connection.source {
            let first = source.poll(None, now()).await.unwrap();
            assert!(!first.snapshots.is_empty(), "there is nothing to watch");
            let again = source.poll(first.cursor.as_ref(), now()).await.unwrap();
            let me = connection.identify.identify().await.unwrap();
            for item in again.snapshots {
                let known = first.snapshots.iter().find(|known| known.key == item.key);
                let stored = known.map(|known| compare(None, known.clone(), &me).item);
                let change = compare(stored.as_ref(), item, &me);
                assert!(
                    !change.changed && change.transitions.is_empty(),
                    "the second poll finds {change:#?}"
                );
            }
            assert_eq!(again.problems, first.problems);
        }
    }

    async fn faults_have_their_kind(&self) {
        for (fault, read, write) in FAULTS {
            let server = MockServer::start().await;
            fault.mock(everything).mount(&server).await;
            let connection = (self.connect)(&server.uri());
            for call in self.calls() {
                let came = self.perform(&connection, &call).await;
                assert_no_secret(&format!("{call:?} with {fault:?}"), &format!("{came:?}"));
                let error = came.expect_err(&format!("{call:?} with {fault:?}"));
                assert_no_secret(&format!("{call:?} with {fault:?}"), &error.to_string());
                // A call that writes may look first, and fail at that.
                let mut expected = vec![read];
                expected.extend(self.changes(&connection, &call).then_some(write));
                assert!(expected.contains(&Kind::of(&error)), "{call:?} with {fault:?}: {error:?}");
                if let ServiceError::RateLimited { retry_after, .. } = error {
                    assert_eq!(retry_after, Duration::from_secs(7), "{call:?} with {fault:?}");
                }
            }
        }
        // A port that was ours and is closed again: nobody answers there.
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let connection = (self.connect)(&format!("http://{closed}"));
        for call in self.calls() {
            let error = self.perform(&connection, &call).await.expect_err("nobody is there");
            assert_eq!(Kind::of(&error), Kind::Unavailable, "{call:?}: {error:?}");
        }
    }

    async fn lost_writes_are_unknown_and_not_repeated(&self) {
        for (fault, _, expected) in FAULTS {
            let server = self.good_service().await;
            fault.mock(self.writes).mount(&server).await;
            let connection = (self.connect)(&server.uri());
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

    async fn credentials_stay_home(&self) {
        let home = MockServer::start().await;
        let elsewhere = MockServer::start().await;
        let there = format!("{}/there", elsewhere.uri());
        for status in [302, 307] {
            let moved = ResponseTemplate::new(status).insert_header("location", there.as_str());
            Mock::given(any()).respond_with(moved).with_priority(1).mount(&home).await;
            Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&elsewhere).await;
            let connection = (self.connect)(&home.uri());
            for call in self.calls() {
                let came = self.perform(&connection, &call).await;
                assert_no_secret(&format!("{call:?}"), &format!("{came:?}"));
                assert!(came.is_err(), "{call:?} took another host's word: {came:?}");
            }
            home.reset().await;
        }
        for request in elsewhere.received_requests().await.unwrap() {
            let sent = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
            assert_no_secret("another host's request", &sent);
            assert!(!(self.writes)(&request), "a write went to another host: {request:?}");
        }
    }

    async fn lets_go_when_dropped(&self) {
        for call in self.calls() {
            let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connection = (self.connect)(&format!("http://{}", silent.local_addr().unwrap()));
            let mut socket = {
                let under_way = self.perform(&connection, &call);
                let asked = async {
                    let (mut socket, _) = silent.accept().await.unwrap();
                    socket.read_u8().await.unwrap();
                    socket
                };
                tokio::select! {
                    came = under_way => panic!("{call:?} ended without an answer: {came:?}"),
                    socket = asked => socket,
                }
            };
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "{call:?} keeps its connection after it was dropped");
        }
    }

    async fn keeps_the_limits(&self) {
        let Some((channel, rendered)) = self.chat else { return };
        let server = self.good_service().await;
        let chat = (self.connect)(&server.uri()).chat.expect("a chat");
        let row = ListEntry { text: "row ".repeat(50), link: None };
        let long = Message::new(Tone::Bad, "title ".repeat(2_000))
            .with(Block::Text("text ".repeat(20_000)))
            .with(Block::Fields(vec![("name".repeat(100), "value".repeat(2_000)); 100]))
            .with(Block::List(vec![row; 300]))
            .with(Block::Code("line of output 👨‍👩‍👧\n".repeat(20_000)));
        chat.post(channel, &long, &DeliveryKey("long".to_owned())).await.unwrap();
        let requests = server.received_requests().await.unwrap();
        let posted: Vec<_> = requests.iter().filter_map(rendered).collect();
        assert!(!posted.is_empty(), "nothing was posted");
        for text in posted {
            let (length, limit) = (text.chars().count(), chat.limits().max_chars);
            assert!(length <= limit, "{length} characters, where {limit} are allowed");
        }
    }
}

/// Everything that is logged while it is captured.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
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

/// A service that takes one request after the other, sends these bytes as they are, and closes the connection.
pub(crate) async fn raw(answer: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n")
                && let Ok(byte) = socket.read_u8().await
            {
                head.push(byte);
            }
            // The client may have given up by now, as it should when the answer is too long.
            drop(socket.write_all(&answer).await);
        }
    });
    url
}
