//! Every call that a face (command line, window, second launch) can make, with its types, declared once.
//!
//! The same calls are made in process and over the local socket. All are plain requests with one answer; whoever
//! wants to follow something asks again with what it has seen, and the answer waits until there is more
//! ([`Changes`], [`FollowRun`]).

mod accounts;
mod board;
mod commands;
mod posting;
mod rooms;
mod typescript;
mod upkeep;

use callboard_domain::{
    board::Board, command::ArgError, error::ServiceError, event::Event, identity::Identity, run::Run,
};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use ts_rs::TS;

pub use self::{accounts::*, board::*, commands::*, posting::*, rooms::*, upkeep::*};
use crate::{Engine, config::Fault, supervise::catch_panic};
pub use typescript::typescript;

/// A call: its parameters, and what it answers with.
pub trait Call: Serialize + DeserializeOwned + Send {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What it answers with.
    type Answer: Serialize + DeserializeOwned + Send;
    /// True where it waits for something to happen: such a call is given up when its caller goes away.
    const WAITS: bool;
}

/// Declares the calls: name, parameters, answer, and whether it waits. Each is a method of [`Engine`] of that name.
macro_rules! calls {
    ($($name:ident($params:ty) -> $answer:ty $(, $waits:ident)?;)*) => {
        $(impl Call for $params {
            const NAME: &'static str = stringify!($name);
            type Answer = $answer;
            const WAITS: bool = calls!(@waits $($waits)?);
        })*

        /// Answers a call that came over the wire. Boxed, so that what answers all of them is compiled here, once, and
        /// not into each place that asks.
        pub(crate) fn dispatch<'a>(
            engine: &'a Engine,
            name: &'a str,
            params: Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            let answer = async move {
                match name {
                    $(stringify!($name) => {
                        let params: $params = serde_json::from_value(params).map_err(ApiError::protocol)?;
                        serde_json::to_value(engine.$name(params).await?).map_err(ApiError::protocol)
                    })*
                    other => Err(ApiError::protocol(format!("there is no call {other:?}"))),
                }
            };
            Box::pin(async move {
                catch_panic(answer).await.unwrap_or_else(|panicked| {
                    tracing::error!(call = name, %panicked, "a call did not end well");
                    Err(ApiError::internal(panicked))
                })
            })
        }

        /// True where the call of that name waits for something to happen.
        pub(crate) fn waits(name: &str) -> bool {
            match name {
                $(stringify!($name) => <$params as Call>::WAITS,)*
                _ => false,
            }
        }

        /// Shows each call to `list`: its name, its parameters' and its answer's type.
        fn list(list: &mut typescript::Declarations) {
            $(list.call::<$params, $answer>(stringify!($name));)*
        }
    };
    (@waits) => { false };
    (@waits waits) => { true };
}

calls! {
    hello(Hello) -> Greeting;
    status(StatusQuery) -> Status;
    changes(Changes) -> u64, waits;
    notices(Notices) -> NoticesDue, waits;
    doctor(Doctor) -> Vec<Check>;
    reload(Reload) -> ();
    settings(SettingsQuery) -> Settings;
    configure(Configure) -> Settings;

    board(BoardQuery) -> Board;
    events(EventsQuery) -> Vec<Event>;
    item(ItemQuery) -> ItemDetail;
    item_log(ItemLog) -> Option<LogTail>;
    follow_log(FollowLog) -> Option<LogProgress>, waits;
    find(Find) -> Found;
    search(Search) -> Vec<Hit>;
    snooze(Snooze) -> ();
    quiet(Quiet) -> Option<Timestamp>;
    activity(ActivityQuery) -> Activity;
    rules(RulesQuery) -> Vec<RuleInfo>;
    rules_explain(RulesExplain) -> Explanation;
    rules_replay(RulesReplay) -> Replay;

    commands(CommandsQuery) -> Vec<CommandInfo>;
    help(HelpQuery) -> CommandInfo;
    read_line(ReadLine) -> LineRead;
    write_line(WriteLine) -> String;
    choices(ChoicesQuery) -> Vec<FoundChoice>;
    prepare(Prepare) -> Prepared;
    run(StartRun) -> Run;
    follow_run(FollowRun) -> RunProgress, waits;
    runs(RunsQuery) -> Vec<Run>;
    cancel(Cancel) -> Run;
    settle_run(SettleRun) -> Run;

    prepare_post(PreparePost) -> PreparedPost;
    post(Post) -> Delivery;
    room(RoomQuery) -> Vec<RoomMessage>;
    rooms(RoomsQuery) -> Vec<RoomInfo>;
    channel_messages(ChannelMessages) -> Vec<ChannelMessage>;
    channels(ChannelsQuery) -> Vec<ChannelInfo>;
    deliveries(DeliveriesQuery) -> Vec<Delivery>;
    retry(Retry) -> Delivery;
    settle(Settle) -> Vec<Delivery>, waits;

    services(ServicesQuery) -> Vec<ServiceInfo>;
    accounts(AccountsQuery) -> Vec<AccountInfo>;
    add_account(AddAccount) -> AccountInfo;
    edit_account(EditAccount) -> AccountInfo;
    set_secret(SetSecret) -> AccountInfo;
    remove_account(RemoveAccount) -> ();
    test_account(TestAccount) -> Identity;
    secret_changed(SecretChanged) -> ();
    poll_now(PollNow) -> Vec<AccountInfo>;
}

/// A text in pieces, each with whether it is what was looked for.
pub type Marked = Vec<Piece>;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// True where it is what was looked for.
    pub hit: bool,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApiError {
    /// What was asked for makes no sense as typed.
    #[error(transparent)]
    Line {
        /// What is wrong with the line.
        error: ArgError,
    },
    /// What was asked for is not there, or is not allowed as it stands.
    #[error("{message}")]
    Usage {
        /// What was wrong and what would be right.
        message: String,
    },
    /// The configuration is not good.
    #[error("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Config {
        /// Everything that is wrong.
        faults: Vec<Fault>,
    },
    /// It needs a person's word first.
    #[error("{message}")]
    Confirm {
        /// What to confirm, and how.
        message: String,
    },
    /// A service said no, or could not be reached.
    #[error("{account}: {error}")]
    Service {
        /// The account.
        account: String,
        /// How.
        error: ServiceError,
    },
    /// Callboard itself failed: the store, the keychain, the socket.
    #[error("{message}")]
    Internal {
        /// What, and what to do.
        message: String,
    },
}

impl ApiError {
    /// A [`ApiError::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into() }
    }

    /// A [`ApiError::Internal`].
    pub fn internal(error: impl ToString) -> Self {
        Self::Internal { message: error.to_string() }
    }

    fn protocol(error: impl ToString) -> Self {
        Self::Internal {
            message: format!("the two programs do not understand each other: {}", error.to_string()),
        }
    }
}

impl From<ArgError> for ApiError {
    fn from(error: ArgError) -> Self {
        Self::Line { error }
    }
}
