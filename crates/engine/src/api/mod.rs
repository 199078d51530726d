//! Every call that a client (command line, window, second launch) can make, with its types, declared once.
//!
//! The same calls are made in process and over the local socket. All are plain requests with one response; a client
//! that follows something calls again with what it has seen, and the response waits until there is more
//! ([`Changes`], [`FollowRun`]).

mod accounts;
mod audit;
mod board;
mod commands;
mod error;
mod find;
mod posting;
mod rooms;
mod rules;
mod status;
mod typescript;
mod upkeep;

use callboard_domain::{board::Board, identity::Identity, run::Run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ts_rs::TS;

pub use self::{
    accounts::*, audit::*, board::*, commands::*, error::ApiError, find::*, posting::*, rooms::*, rules::*,
    status::*, upkeep::*,
};

/// A call: its parameters, and what it answers with.
pub trait Call: Serialize + DeserializeOwned + Send {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What it answers with.
    type Answer: Serialize + DeserializeOwned + Send;
    /// What it can do.
    const ACCESS: Access;
    /// True where it waits for something to happen: such a call is dropped when its client disconnects.
    const WAITS: bool;
}

/// A call that only reads: it needs no actor.
pub trait ReadCall: Call {}

/// What a call can do. A client that shows text written by services gets no more access than it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It reads, and changes nothing but what was seen.
    Reads,
    /// It acts on an item, a run or a message: what a person does all day. It takes an [`Actor`](callboard_domain::actor::Actor), and what it changes
    /// keeps that.
    Acts,
    /// It changes accounts, secrets, rules, folders or other settings, and takes an [`Actor`](callboard_domain::actor::Actor) too.
    Configures,
}

/// Every call, given to the macro `$with`: name, parameters, answer, what it can do, and whether it waits.
macro_rules! every_call {
    ($with:ident) => {
        $with! {
            hello(Hello) -> ServerInfo, Reads;
            status(StatusQuery) -> Status, Reads;
            changes(Changes) -> u64, Reads, waits;
            notices(NotificationsQuery) -> PendingNotifications, Reads, waits;
            doctor(Doctor) -> Vec<Check>, Reads;
            reload(Reload) -> (), Configures;
            settings(SettingsQuery) -> Settings, Reads;
            configure(Configure) -> Settings, Configures;

            board(BoardQuery) -> Board, Reads;
            off_board(OffBoardQuery) -> Vec<OffBoardItem>, Reads;
            events(EventsQuery) -> Events, Reads;
            item(ItemQuery) -> ItemDetail, Reads;
            item_log(ItemLog) -> Option<LogTail>, Reads;
            follow_log(FollowLog) -> Option<LogProgress>, Reads, waits;
            find(Find) -> Found, Reads;
            search(Search) -> Vec<SearchHit>, Reads;
            snooze(Snooze) -> (), Acts;
            unsnooze(Unsnooze) -> (), Acts;
            snooze_times(SnoozeTimes) -> Vec<SnoozeTime>, Reads;
            quiet(Quiet) -> Option<Timestamp>, Acts;
            activity(ActivityQuery) -> Activity, Reads;
            audit(AuditQuery) -> Vec<AuditEntry>, Reads;
            audit_verify(AuditVerify) -> AuditVerification, Reads;
            audit_export(AuditExportQuery) -> AuditExport, Reads;
            rules(RulesQuery) -> Vec<RuleInfo>, Reads;
            rules_explain(RulesExplain) -> Explanation, Reads;
            rules_replay(RulesReplay) -> Replay, Reads;

            commands(CommandsQuery) -> Vec<CommandInfo>, Reads;
            help(HelpQuery) -> CommandInfo, Reads;
            read_line(ReadLine) -> LineRead, Reads;
            write_line(WriteLine) -> String, Reads;
            choices(ChoicesQuery) -> Vec<FoundChoice>, Reads;
            prepare(PlanQuery) -> Plan, Reads;
            run(StartRun) -> Run, Acts;
            follow_run(FollowRun) -> RunProgress, Reads, waits;
            runs(RunsQuery) -> Vec<Run>, Reads;
            cancel(Cancel) -> Run, Acts;
            resolve_run(ResolveRun) -> Run, Acts;

            prepare_post(PostPlanQuery) -> PostPlan, Reads;
            post(Post) -> Delivery, Acts;
            room(BuiltinRoomQuery) -> Vec<BuiltinRoomMessage>, Reads;
            rooms(ChannelActivityQuery) -> Vec<ChannelActivity>, Reads;
            channel_messages(ChannelMessages) -> Vec<ChannelMessage>, Reads;
            channels(ChannelsQuery) -> Vec<ChannelInfo>, Reads;
            deliveries(DeliveriesQuery) -> Vec<Delivery>, Reads;
            retry(Retry) -> Delivery, Acts;
            flush(Flush) -> Vec<Delivery>, Reads, waits;

            services(ServicesQuery) -> Vec<ServiceInfo>, Reads;
            accounts(AccountsQuery) -> Vec<AccountInfo>, Reads;
            add_account(AddAccount) -> AccountInfo, Configures;
            edit_account(EditAccount) -> AccountInfo, Configures;
            set_secret(SetSecret) -> AccountInfo, Configures;
            remove_account(RemoveAccount) -> (), Configures;
            test_account(TestAccount) -> Identity, Configures;
            secret_changed(SecretChanged) -> (), Configures;
            poll_now(PollNow) -> Vec<AccountInfo>, Reads;
        }
    };
}

/// Declares the types of the calls.
macro_rules! calls {
    ($($name:ident($params:ty) -> $answer:ty, $access:ident $(, $waits:ident)?;)*) => {
        $(impl Call for $params {
            const NAME: &'static str = stringify!($name);
            type Answer = $answer;
            const ACCESS: Access = Access::$access;
            const WAITS: bool = calls!(@waits $($waits)?);
        })*
        $(calls!(@reads $access $params);)*

        /// Every call, by name, with what it can do.
        pub const CALLS: &[(&str, Access)] = &[$((stringify!($name), Access::$access)),*];

        /// Shows each call to `list`: its name, its parameters' and its answer's type.
        fn list(list: &mut typescript::Declarations) {
            $(list.call::<$params, $answer>(stringify!($name));)*
        }
    };
    (@waits) => { false };
    (@waits waits) => { true };
    (@reads Reads $params:ty) => { impl ReadCall for $params {} };
    (@reads $access:ident $params:ty) => {};
}

every_call!(calls);
pub(crate) use every_call;

/// What the call of that name can do; `None` where there is no such call.
pub fn access(name: &str) -> Option<Access> {
    CALLS.iter().find(|(call, _)| *call == name).map(|(_, access)| *access)
}

/// The calls and their types as one TypeScript file, for clients written in it.
pub fn typescript() -> String {
    typescript::of_calls(list)
}

/// A text in pieces, each with whether it is what was looked for.
pub type HighlightedText = Vec<TextSpan>;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TextSpan {
    /// What it says.
    pub text: String,
    /// True where it is what was looked for.
    #[serde(rename = "hit")]
    pub matched: bool,
}
