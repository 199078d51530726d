//! A connector under test, and what can be asked of it.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use callboard_domain::{
    action::Progress,
    chat::DeliveryKey,
    command::{Args, Effect},
    error::ServiceError,
    item::AccountName,
    message::{Message, Tone},
    secret::SecretString,
};
use jiff::Timestamp;
use serde_json::Value;
use wiremock::{Mock, MockServer, Request};

use super::secrecy::{SECRET, assert_no_secret};
use crate::{Access, Connection, http::Client};

/// A connector under test.
pub(crate) struct Subject {
    /// Connects to a service at that URL (without a slash at its end), with [`access`] by this client.
    pub(crate) connect: fn(&str, Client) -> Connection,
    /// The service in good order, in a state where every command of `runs` succeeds.
    pub(crate) service: fn() -> Vec<Mock>,
    /// Tells the requests that change something from those that look.
    pub(crate) writes: fn(&Request) -> bool,
    /// Every command that it offers, with arguments.
    pub(crate) runs: Vec<(&'static str, Args)>,
    /// A channel to post in, where it has a chat, and how to read what a request would post.
    pub(crate) chat: Option<(&'static str, Rendered)>,
    /// Its webhooks, where it has any.
    pub(crate) hooks: Option<Hooks>,
    /// The arguments that it lists values for: command, argument, and a value that must be among them.
    pub(crate) choices: Vec<(&'static str, &'static str, &'static str)>,
}

/// The message that a request would post as people see it; none where it posts nothing.
pub(crate) type Rendered = fn(&Request) -> Option<String>;

/// A service's webhooks under test.
pub(crate) struct Hooks {
    /// The headers with which the service sends that body for that event to an account with that secret.
    pub(crate) headers: fn(secret: &str, event: &str, body: &[u8]) -> http::HeaderMap,
    /// False where only a secret is sent along: what comes with it is not bound to it.
    pub(crate) signs: bool,
    /// False where a delivery only has the account polled.
    pub(crate) carries_state: bool,
    /// Deliveries of what [`Subject::service`] lists, in the state in which it lists it: the event's name and the body.
    pub(crate) known: Vec<(&'static str, Value)>,
    /// Deliveries that are no concern of the account: another event, another's repository.
    pub(crate) foreign: Vec<(&'static str, Value)>,
}

/// How long a call waits for an answer that comes, on a machine however busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A client that waits so long for an answer.
pub(super) fn client(time_out: Duration) -> Client {
    Client::with_time_out(time_out).unwrap().with_longest_pause(Duration::from_millis(1)).with_clock(now)
}

/// Access with [`SECRET`] in these fields.
pub(crate) fn access(fields: &[&str]) -> Access {
    access_with(fields.iter().map(|field| (*field, SECRET.to_owned())))
}

/// Access with these secrets.
pub(crate) fn access_with<'a>(secrets: impl IntoIterator<Item = (&'a str, String)>) -> Access {
    Access {
        account: AccountName::from("test"),
        client: client(PATIENCE),
        secrets: secrets
            .into_iter()
            .map(|(field, text)| (field.to_owned(), SecretString::from(text)))
            .collect(),
        person: None,
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
pub(crate) struct RecordedProgress(Mutex<Vec<String>>);

impl RecordedProgress {
    /// The status and output lines, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for RecordedProgress {
    fn status(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn output(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// One thing that can be asked of a connection.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Identify,
    Poll,
    Run(&'static str, Args),
    Post,
    Reply,
    Edit,
    Find,
    Channels,
}

impl Subject {
    pub(super) fn connect(&self, url: &str) -> Connection {
        (self.connect)(url, client(PATIENCE))
    }

    pub(super) async fn good_service(&self) -> MockServer {
        let server = MockServer::start().await;
        for mock in (self.service)() {
            mock.mount(&server).await;
        }
        server
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        let connection = self.connect("http://127.0.0.1:9");
        let mut calls = vec![Call::Identify];
        calls.extend(connection.source.map(|_| Call::Poll));
        calls.extend(self.runs.iter().map(|(name, args)| Call::Run(name, args.clone())));
        if let Some(chat) = connection.chat {
            calls.push(Call::Post);
            let limits = chat.limits();
            calls.extend(limits.threads.then_some(Call::Reply));
            calls.extend(limits.edits.then_some(Call::Edit));
            calls.extend(limits.finds.then_some(Call::Find));
            // A chat that can only post (an incoming webhook) lists no channels either.
            calls.extend((limits.threads || limits.edits).then_some(Call::Channels));
        }
        calls
    }

    pub(super) fn changes(&self, connection: &Connection, call: &Call) -> bool {
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
    pub(super) async fn perform(&self, connection: &Connection, call: &Call) -> Result<String, ServiceError> {
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
                let progress = RecordedProgress::default();
                let outcome = action.expect(name).run(args, now(), &progress).await;
                for line in progress.lines() {
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
}
