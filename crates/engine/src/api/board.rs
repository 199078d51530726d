//! What there is: the board, items with their logs, events, activity, and what is off the board.

pub use callboard_domain::{
    activity::{Activity, ActivityDay},
    board::Snoozed,
};
use callboard_domain::{
    actor::Actor,
    board::{NotSeen, Row},
    command::{Effect, Role},
    error::ServiceError,
    event::Event,
    item::{AccountName, Item, ItemKey, Kind},
    origin::Origin,
    source::GoneReason,
    text, until,
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use ts_rs::TS;

/// What needs a person.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct BoardQuery {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Everything that is open, not only what needs a person.
    pub all: bool,
    /// What is snoozed, too.
    #[serde(default)]
    pub snoozed: bool,
    /// At most this many rows of each section, up to [`LONGEST_LIST`]; the usual number where it is not given.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub limit: Option<usize>,
}

/// Why these items are not on the board any more: for clients that showed them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OffBoardQuery {
    /// Their keys.
    pub items: Vec<ItemKey>,
}

/// An item, and why it is not on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OffBoardItem {
    /// Which.
    pub item: ItemKey,
    /// Why.
    pub why: OffBoardReason,
}

/// Why an item is not on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OffBoardReason {
    /// Over: the build passed.
    Passed,
    /// Over: the build ended without a verdict.
    Canceled,
    /// Over: the pull request was merged.
    Merged,
    /// Over: the pull request was closed without merging.
    Closed,
    /// Over: the incident is resolved.
    Resolved,
    /// Over: what was asked for was approved.
    Approved,
    /// Over: somebody rejected it.
    Denied,
    /// Over: it was not answered in time.
    Expired,
    /// Over: what was asked for has changed, or is asked for by another request.
    Superseded,
    /// Not there any more, which is no news.
    Gone(GoneReason),
    /// Not over: it is snoozed.
    Snoozed,
    /// Not over: it concerns someone else now, or nobody.
    Others,
    /// Not over: it is on the board, or would be if that were longer.
    Open,
    /// Not known any more.
    Unknown,
}

/// The most entries that one answer lists. More than that is refused, never cut: lists are read page by page.
pub const LONGEST_LIST: usize = 10_000;

/// Which events.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct EventsQuery {
    /// Only later ones than this number.
    pub after: Option<i64>,
    /// Only earlier ones than this number: the page before the one that began with it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<i64>,
    /// Only those seen at or after this time.
    pub since: Option<Timestamp>,
    /// At most this many, up to [`LONGEST_LIST`]: the latest ones where `after` is not given, else the first ones after
    /// it. A client that asks for one more than it needs learns whether there are more.
    pub limit: usize,
}

/// A page of events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Events {
    /// Those that can be read, oldest first.
    pub events: Vec<Event>,
    /// The numbers of those among them that are stored and cannot be read: [`Doctor`](super::Doctor) says what of each is
    /// damaged. They count towards the limit.
    pub unreadable: Vec<i64>,
}

impl Events {
    /// How many there are, readable or not.
    pub fn len(&self) -> usize {
        self.events.len() + self.unreadable.len()
    }

    /// True where there are none at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// "1 event cannot be read; see: callboard doctor".
pub fn unreadable_events(count: usize) -> String {
    format!("{} cannot be read; see: callboard doctor", text::count(count, "event"))
}

/// One item.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ItemQuery {
    /// Its key, or any unambiguous part of its reference.
    pub item: String,
    /// Only this kind is meant: what else has that name is no other meaning.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub kind: Option<Kind>,
}

impl ItemQuery {
    /// The item that a text means, whatever its kind.
    pub fn of(item: impl Into<String>) -> Self {
        Self { item: item.into(), kind: None }
    }
}

/// One item with its history and what can be done with it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ItemDetail {
    /// The item.
    pub item: Item,
    /// Where it comes from, as [`super::AccountInfo::origin`] says. `None` where that is not known, and for what is not there any
    /// more.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub origin: Option<Origin>,
    /// Its events, newest first.
    pub events: Vec<Event>,
    /// What can be run on it, the first action first.
    pub actions: Vec<ItemAction>,
    /// Off the board for now: until when, or until it changes.
    pub snoozed: Option<Snoozed>,
    /// Who snoozed it, and through what, where a person did and that was recorded.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub snoozed_by: Option<Actor>,
    /// Where it is not there any more: off the board and out of every count.
    pub gone: Option<GoneItem>,
    /// What its row on the board shows, or would show: whose turn it is, since when, who has it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub row: Option<Row>,
    /// What is not seen of its account: the item may have changed since.
    #[serde(default)]
    #[ts(as = "Option<Vec<NotSeen>>", optional)]
    pub not_seen: Vec<NotSeen>,
    /// Of an approval, the open incidents of what it is for.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub open_incidents: Option<OpenIncidents>,
}

/// The open incidents of what an approval is for: those whose service, or a label of it, is called like its repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenIncidents {
    /// The worst of them, the worst first; at most five.
    pub rows: Vec<Row>,
    /// How many there are, as far as they are seen.
    pub total: usize,
    /// The accounts that have incidents. Where there are none, nothing is known of any.
    pub accounts: Vec<AccountName>,
    /// What is not seen of these accounts: there may be more incidents.
    pub not_seen: Vec<NotSeen>,
}

/// Why an item is not there any more, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GoneItem {
    /// Why.
    #[serde(flatten)]
    pub reason: GoneReason,
    /// The same in plain words.
    pub why: String,
    /// Since when that is known.
    pub at: Timestamp,
}

/// A command that can be run on an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ItemAction {
    /// The line, prefilled from the item.
    pub line: String,
    /// The command's name.
    pub command: String,
    /// What it does, in a line.
    pub summary: String,
    /// The text of a button, where the role alone is ambiguous: `Silence for 2 h`.
    #[serde(default)]
    pub label: Option<String>,
    /// What it is to the item.
    pub role: Option<Role>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// False where an argument must be given before it can run: a message, a duration.
    pub complete: bool,
}

/// The end of an item's log, asked of its service now. Nothing is recorded or posted.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ItemLog {
    /// The item's key.
    pub item: ItemKey,
}

/// The end of a log, from its first error where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogTail {
    /// The lines, at most 200, without control characters.
    pub lines: Vec<LogLine>,
    /// True where there is more before them.
    pub cut: bool,
}

/// Follows an item's whole log: waits for more of it than has been seen, or half a minute. Nothing is recorded or posted.
/// A reading that nobody asks for ends after a minute.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FollowLog {
    /// The item's key.
    pub item: ItemKey,
    /// The reading that is followed; none begins one.
    pub reading: Option<u64>,
    /// How many lines of it have been seen.
    pub seen: u64,
}

/// How far the reading of a log is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogProgress {
    /// Its number, to ask for more.
    pub reading: u64,
    /// The lines after those seen, without control characters.
    pub lines: Vec<LogLine>,
    /// How many there are now, with those that are not kept any more.
    pub seen: u64,
    /// How many lines at the beginning are not kept: of a long log the end is.
    pub dropped: u64,
    /// True once nothing more will come.
    pub over: bool,
    /// Why it ended early, where it did.
    pub error: Option<ServiceError>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// The text.
    pub text: String,
    /// True where it reports an error.
    pub error: bool,
}

/// What happened in the last days, in numbers.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ActivityQuery {
    /// How many days, today included; at most 90.
    pub days: u16,
    /// The time zone that days are counted in; the owner's where it is not given.
    pub zone: Option<String>,
}

/// Reads until when something is snoozed or quiet. A time beyond the calendar gets an error of its own.
fn to_come<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: jiff::Error| match until::names_a_date(&text) {
        true => D::Error::custom(until::too_late(&text)),
        false => D::Error::custom(format!("{text:?} is no time such as 2026-11-30T09:00:00Z: {error}")),
    })
}

/// Takes an item off the board for a while.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Snooze {
    /// The item's key, or any unambiguous part of its reference.
    pub item: String,
    /// Until when; `None` until it changes.
    #[serde(default, deserialize_with = "to_come")]
    pub until: Option<Timestamp>,
}

/// Puts an item back on the board.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Unsnooze {
    /// The item's key, or any unambiguous part of its reference.
    pub item: String,
}

/// The times until which an item can be snoozed, by the calendar of this computer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct SnoozeTimes {
    /// A time as a person types it: the answer is that one time, or what can be typed. Without it, the times to offer.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub typed: Option<String>,
}

/// A time until which an item can be snoozed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnoozeTime {
    /// Its name on the command line: `1h`, `tomorrow`, `monday`, `change`; of one that was typed, the time itself.
    pub name: String,
    /// "Until tomorrow, 9:00".
    pub words: String,
    /// For [`Snooze`].
    pub until: Option<Timestamp>,
}

/// Only important notifications until then; `None` ends it. Answers with what holds now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Quiet {
    /// Until when.
    #[serde(default, deserialize_with = "to_come")]
    pub until: Option<Timestamp>,
}
