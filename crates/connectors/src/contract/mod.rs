//! What every connector must keep, as one table that each connector's tests run through [`Subject::check`].
//!
//! - Every fault of the service comes out as the right [`ServiceError`], from every call.
//! - A write whose answer is lost is `Unknown`, and is not sent again.
//! - No secret stands in an error, a log, a preview or a result, even where the service repeats it.
//! - An answer with nothing in its lists, with fields that nobody knows, or in another charset hides nothing.
//! - No list (`null`) is not an empty list: what is missed for want of it is told, and not taken to be over.
//! - No credential follows a redirect to another host.
//! - A call can be dropped at any time, and lets go of its connection.
//! - A webhook is taken from its sender only, and tells what a poll tells. Choices are offered.
//! - A second poll finds nothing new. A chat does what its limits say, and a message keeps them. A command's spec is sound.

mod chat;
mod connections;
mod faults;
mod hooks;
mod odd;
mod secrecy;
mod work;

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
use wiremock::{Mock, MockServer, Request};

use self::secrecy::{Log, assert_no_secret};
pub(crate) use self::{
    connections::raw,
    hooks::Hooks,
    secrecy::{SECRET, USER},
};
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

/// How long a call waits for an answer that comes, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that waits so long for an answer.
fn client(time_out: Duration) -> Client {
    Client::with_time_out(time_out).unwrap().with_longest_pause(Duration::from_millis(1))
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
    /// What was said and put out, in order.
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

impl Subject {
    /// Runs the whole table.
    pub(crate) async fn check(&self) {
        let log = Log::default();
        let _guard = log.capture();
        self.checks_its_commands().await;
        self.works_and_finds_nothing_new().await;
        self.hooks_are_proved_and_agree_with_polls().await;
        self.choices_are_offered().await;
        self.faults_have_their_kind().await;
        self.lost_writes_are_unknown_and_not_repeated().await;
        self.credentials_stay_home().await;
        self.odd_answers_hide_nothing().await;
        self.no_list_is_not_an_empty_one().await;
        self.dropped_runs_close_their_connections().await;
        self.keeps_the_limits().await;
        self.declared_limits_hold().await;
        assert_no_secret("the log", &log.text());
    }

    fn connect(&self, url: &str) -> Connection {
        (self.connect)(url, client(PATIENCE))
    }

    async fn good_service(&self) -> MockServer {
        let server = MockServer::start().await;
        for mock in (self.service)() {
            mock.mount(&server).await;
        }
        server
    }

    fn calls(&self) -> Vec<Call> {
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
            // What can only post (an incoming webhook) knows no channels either.
            calls.extend((limits.threads || limits.edits).then_some(Call::Channels));
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
                let said = RecordedProgress::default();
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
}
