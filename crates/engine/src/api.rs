//! Every call that a face (command line, window, second launch) can make, with its types, declared once.
//!
//! Long because it is one list: each call beside its parameters and its answer, so that nothing is declared twice.
//!
//! The same calls are made in process and over the local socket. All are plain requests with one answer; whoever
//! wants to follow something asks again with what it has seen, and the answer waits until there is more
//! ([`Changes`], [`FollowRun`]).

use callboard_domain::{
    action::{Choice, Step},
    board::Board,
    chat::Address,
    command::{ArgError, CommandSpec},
    error::ServiceError,
    event::Event,
    identity::Identity,
    item::{AccountName, Item, ItemKey, Kind},
    message::Message,
    rules::Decision,
    run::Run,
    source::Budget,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Engine, config::Fault, secrets::Place};

/// A call: its parameters, and what it answers with.
pub trait Call: Serialize + DeserializeOwned + Send {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What it answers with.
    type Answer: Serialize + DeserializeOwned + Send;
}

/// Declares the calls: name, parameters, answer. Each is a method of [`Engine`] of that name.
macro_rules! calls {
    ($($name:ident($params:ty) -> $answer:ty;)*) => {
        $(impl Call for $params {
            const NAME: &'static str = stringify!($name);
            type Answer = $answer;
        })*

        /// Answers a call that came over the wire.
        pub(crate) async fn dispatch(engine: &Engine, name: &str, params: Value) -> Result<Value, ApiError> {
            match name {
                $(stringify!($name) => {
                    let params: $params = serde_json::from_value(params).map_err(ApiError::protocol)?;
                    serde_json::to_value(engine.$name(params).await?).map_err(ApiError::protocol)
                })*
                other => Err(ApiError::protocol(format!("there is no call {other:?}"))),
            }
        }
    };
}

calls! {
    hello(Hello) -> Greeting;
    board(BoardQuery) -> Board;
    events(EventsQuery) -> Vec<Event>;
    changes(Changes) -> u64;
    item(ItemQuery) -> ItemDetail;
    search(Search) -> Vec<Hit>;
    commands(CommandsQuery) -> Vec<CommandInfo>;
    help(HelpQuery) -> CommandInfo;
    choices(ChoicesQuery) -> Vec<Choice>;
    prepare(Prepare) -> Prepared;
    run(StartRun) -> Run;
    follow_run(FollowRun) -> RunProgress;
    runs(RunsQuery) -> Vec<Run>;
    cancel(Cancel) -> Run;
    post(Post) -> Delivery;
    room(RoomQuery) -> Vec<RoomMessage>;
    accounts(AccountsQuery) -> Vec<AccountInfo>;
    test_account(TestAccount) -> Identity;
    secret_changed(SecretChanged) -> ();
    channels(ChannelsQuery) -> Vec<ChannelInfo>;
    deliveries(DeliveriesQuery) -> Vec<Delivery>;
    retry(Retry) -> Delivery;
    rules_explain(RulesExplain) -> Explanation;
    poll_now(PollNow) -> Vec<AccountInfo>;
    settle(Settle) -> Vec<Delivery>;
    snooze(Snooze) -> ();
    quiet(Quiet) -> Option<Timestamp>;
    doctor(Doctor) -> Vec<Check>;
    reload(Reload) -> ();
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
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

/// Who is there?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {}

/// The owner of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Greeting {
    /// Its version; faces of another version say so.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The configuration file that it runs on.
    pub config: std::path::PathBuf,
    /// True where it polls and listens; false for a command that holds the store for a moment.
    pub serving: bool,
    /// Where webhooks are received.
    pub receives_at: Option<std::net::SocketAddr>,
}

/// What needs a person.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BoardQuery {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Everything that is open, not only what needs a person.
    pub all: bool,
}

/// Events, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventsQuery {
    /// Only later ones than this number.
    pub after: Option<i64>,
    /// Only those seen at or after this time.
    pub since: Option<Timestamp>,
    /// At most this many: the latest ones where `after` is not given, else the first ones after it.
    pub limit: usize,
}

/// Waits until the store has changed since the number that was last answered (0 answers at once), or half a minute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changes {
    /// The number last answered.
    pub seen: u64,
}

/// One item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemQuery {
    /// Its key, or any unambiguous part of its reference.
    pub item: String,
}

/// One item with its history and what can be done with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemDetail {
    /// The item.
    pub item: Item,
    /// Its events, newest first.
    pub events: Vec<Event>,
    /// Lines that can be run on it, the first action first.
    pub actions: Vec<String>,
}

/// Full-text search over items and runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Search {
    /// Words, or parts of them.
    pub text: String,
    /// At most this many.
    pub limit: usize,
}

/// Something that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Hit {
    /// An item.
    Item {
        /// Its key.
        key: ItemKey,
        /// Its title.
        title: String,
        /// Its state.
        status: String,
    },
    /// A run.
    Run {
        /// Its id.
        id: String,
        /// Its line.
        line: String,
        /// Its state.
        state: String,
    },
}

/// The commands that can be run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandsQuery {}

/// One command in full.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HelpQuery {
    /// Its name.
    pub command: String,
}

/// A command, where it runs and where its outcome goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandInfo {
    /// What it is called and takes.
    pub spec: CommandSpec,
    /// Where it comes from: the accounts that offer it, or its file.
    pub origin: Origin,
    /// Where its outcome would be posted, as far as can be told without arguments.
    pub posts_to: String,
}

/// Where a command comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Accounts' own action.
    Accounts(Vec<AccountName>),
    /// A command file.
    File(std::path::PathBuf),
}

/// What an argument may be, live.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChoicesQuery {
    /// The line so far.
    pub line: String,
    /// The argument.
    pub arg: String,
}

/// What a line would do, without doing it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Prepare {
    /// The line as typed.
    pub line: String,
    /// Post the outcome there instead.
    pub channel: Option<String>,
    /// Post nothing.
    pub private: bool,
}

/// What a line would do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// The command.
    pub command: String,
    /// The line with every argument in its place.
    pub line: String,
    /// The account that it would run as, where it is a connector's action.
    pub account: Option<AccountName>,
    /// Who that account acts as, where known.
    pub acts_as: Option<String>,
    /// What would be sent, exactly, secrets masked.
    pub steps: Vec<Step>,
    /// Where the outcome would be posted; `None` for a private run.
    pub post: Option<Address>,
    /// Why there.
    pub post_reason: String,
    /// What a person must say before it runs.
    pub confirm: Option<Confirm>,
}

/// What a person must say before a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Yes.
    Yes,
    /// This text.
    Type(String),
}

/// Runs a line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StartRun {
    /// What to run and where to post.
    pub what: Prepare,
    /// What the person said to [`Prepared::confirm`]: `yes`, or the text asked for.
    pub confirmed: Option<String>,
}

/// Waits for more of a run than has been seen, or half a minute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FollowRun {
    /// The run.
    pub id: String,
    /// How many pieces of output have been seen.
    pub seen: u64,
    /// The state line that has been seen.
    pub said: String,
}

/// How far a run is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunProgress {
    /// The run as recorded.
    pub run: Run,
    /// Its state in a line, as the command says it.
    pub said: String,
    /// The pieces of output after those seen.
    pub output: Vec<String>,
    /// How many pieces there are now.
    pub seen: u64,
    /// Where its outcome stands.
    pub delivery: Option<Delivery>,
}

/// Runs, newest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunsQuery {
    /// At most this many.
    pub limit: usize,
}

/// Stops a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cancel {
    /// The run's id, or the start of it.
    pub id: String,
}

/// Posts a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    /// A channel's short name or address.
    pub channel: String,
    /// The text.
    pub text: String,
}

/// Messages of the built-in room, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoomQuery {
    /// The channel, such as `general`.
    pub channel: String,
    /// At most this many, the latest.
    pub limit: usize,
}

/// A message in the built-in room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMessage {
    /// Its id.
    pub id: String,
    /// The message that it answers.
    pub under: Option<String>,
    /// What it says.
    pub message: Message,
    /// When it was posted.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

/// The accounts and how they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountsQuery {}

/// An account and how it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountInfo {
    /// Its name.
    pub name: AccountName,
    /// Its service.
    pub service: String,
    /// How it is.
    pub health: Health,
    /// Who it acts as, once known.
    pub identity: Option<Identity>,
    /// What is left of the service's allowance.
    pub budget: Option<Budget>,
    /// When it was last read in full.
    pub last_ok: Option<Timestamp>,
    /// Parts of it that cannot be read, in plain words.
    pub problems: Vec<String>,
    /// Where its secrets are kept.
    pub secrets: Place,
    /// True where it is watched.
    pub watched: bool,
}

/// How an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// Not asked yet.
    New,
    /// Well.
    Ok,
    /// Something must be set first.
    Incomplete {
        /// What.
        why: String,
    },
    /// In trouble.
    Trouble {
        /// Since when.
        since: Timestamp,
        /// What the last call met.
        error: ServiceError,
        /// When it is tried again.
        next_try: Option<Timestamp>,
    },
}

/// Asks the service who the account is and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestAccount {
    /// The account.
    pub account: AccountName,
}

/// Tells the owner that an account's secret was set or removed: the account is connected anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretChanged {
    /// The account.
    pub account: AccountName,
}

/// Where things can be posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelsQuery {
    /// Ask the services for all of their channels, too.
    pub live: bool,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// Its short name, where it has one.
    pub name: Option<String>,
    /// Its address.
    pub address: Address,
    /// True for the one that takes what nothing else does.
    pub default: bool,
}

/// What is to be posted and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveriesQuery {
    /// Only those that have not arrived.
    pub pending: bool,
    /// At most this many, the latest.
    pub limit: usize,
}

/// A message to a channel and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// Where to.
    pub address: Address,
    /// What it says now.
    pub message: Message,
    /// The run that it tells of.
    pub run: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// Where it can be seen.
    pub link: Option<String>,
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Pending {
        /// Not before.
        next_at: Timestamp,
        /// What the last try met.
        error: Option<ServiceError>,
    },
    /// Being sent.
    Sending,
    /// It stands in the channel, in its latest form.
    Posted,
    /// It may stand in the channel; it is looked for before it is sent again.
    Unknown {
        /// What is known.
        error: ServiceError,
    },
    /// It will not arrive unless a person mends what is wrong and retries it.
    Failed {
        /// Why.
        error: ServiceError,
    },
}

/// Sends a delivery again that failed, is not known, or waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Retry {
    /// Its id, or the start of it.
    pub id: String,
}

/// Why was (or wasn't) I told of this?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RulesExplain {
    /// The event's number.
    pub event: i64,
}

/// What was decided for an event, and what would be decided now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explanation {
    /// The event.
    pub event: Event,
    /// The item as it is now.
    pub item: Item,
    /// What was decided when it was seen.
    pub decided: Option<Decision>,
    /// What the rules of today decide, with the reason of each.
    pub now: Decision,
}

/// Polls the accounts once, now, and answers when all have answered or 20 s are over.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PollNow {
    /// Only this one.
    pub account: Option<AccountName>,
}

/// Waits until everything due has been sent, or for `seconds`; answers with what is still on its way or in trouble.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settle {
    /// How long at most.
    pub seconds: u64,
}

/// Takes an item off the board for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snooze {
    /// The item's key, or any unambiguous part of its reference.
    pub item: String,
    /// Until when; `None` until it changes.
    pub until: Option<Timestamp>,
}

/// Only important notifications until then; `None` ends it. Answers with what is in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Quiet {
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Checks everything that Callboard needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Doctor {}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `store`, `keychain`, `notifications`, `webhooks`, `account forge`.
    pub name: String,
    /// How it is.
    pub verdict: CheckVerdict,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Well.
    Ok,
    /// Works, with less than it could.
    Warning,
    /// Does not work.
    Failed,
}

/// Reads the configuration again, now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reload {}
