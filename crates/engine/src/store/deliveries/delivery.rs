//! A delivery as it is recorded: what it is about, where it goes, and how far it is.

use callboard_domain::{
    actor::Actor,
    chat::{Address, DeliveryKey, Posted},
    error::ServiceError,
    message::{Message, Tone},
};
use jiff::Timestamp;
use rusqlite::Row;

use super::{
    super::{
        audit,
        row::{Clock, EnumText, Flag, Json, SafeMessage, Text, safe_link, strict},
    },
    posted_message::{Edits, PostedMessage},
};
use crate::api::MootReason;

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The event with this number.
    Event(i64),
    /// The run with this id, and maybe an event that was its doing
    /// ([`Store::reported_of_run`](crate::store::Store::reported_of_run)).
    Run(String),
    /// Neither: a person's message, a digest.
    Nothing,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent (or edited) when its time comes.
    Pending,
    /// The call to the service is under way.
    Sending,
    /// Posted in the channel, in its latest revision.
    Posted,
    /// It may have been posted: to be looked up.
    Unknown,
    /// Given up.
    Failed,
    /// Not sent: it was moot by the time that it could be.
    Moot,
    /// Not sent on its own: a digest reports it.
    Digested,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The event with this number, rendered when it is sent.
    Event {
        /// Its number.
        id: i64,
        /// A line to be shown below it, such as why it is posted in this channel.
        note: Option<String>,
    },
    /// Just this, about a run.
    Run {
        /// The run's id.
        id: String,
        /// The message.
        message: Message,
    },
    /// Just this, which a person posts.
    Message(Message),
}

/// A message for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its content. What is about an item goes in that item's thread of the channel.
    pub content: Content,
    /// Where it goes.
    pub to: Address,
    /// Who has it posted. `None` for a message about a run, which is always the run's.
    pub actor: Option<Actor>,
}

/// What a run says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMessage {
    /// As the run made it.
    pub message: Message,
    /// The revision in which it first arrived; `None` where it has not. It is worth a message of its own; what becomes of
    /// the item afterwards is not.
    pub arrived: Option<i64>,
}

/// A delivery as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, which goes along with the message where the service allows it.
    pub key: DeliveryKey,
    /// What it is about; `Nothing` too where that has been deleted since.
    pub about: About,
    /// Where it goes.
    pub to: Address,
    /// The delivery in whose thread it goes.
    pub root: Option<DeliveryKey>,
    /// The message that it answers in a thread: that of `root`, found when it was last sent.
    pub under: Option<Posted>,
    /// Its latest revision. A message that is rendered when it is sent is here as it last arrived, or was sent for the first
    /// time; before that, the line of the event.
    pub message: Message,
    /// What a run says itself, where `message` is as it last arrived and may say besides what has become of its item since.
    pub own: Option<OwnMessage>,
    /// True where it is rendered when it is sent.
    pub at_send: bool,
    /// How far it is.
    pub state: DeliveryState,
    /// How many times it has been tried since it last went well.
    pub attempts: u32,
    /// When it is to be tried (pending) or looked up (unknown) next.
    pub next_at: Timestamp,
    /// Where it was posted. A delivery that is claimed and has this is to be edited, as far as `edits` allows.
    pub posted: Option<Posted>,
    /// Whether what was posted can be edited.
    pub edits: Edits,
    /// Why the last edit of what was posted was refused for good.
    pub edit_refused: Option<String>,
    /// The revision that was last sent, or is being sent. One that is claimed and may have arrived has the one that was last
    /// sent, until [`Store::send_anyway`](crate::store::Store::send_anyway).
    pub sent_revision: i64,
    /// Why the last attempt did not go well.
    pub error: Option<ServiceError>,
    /// Why it was not sent, where it is moot.
    pub moot: Option<MootReason>,
    /// The digest that reports it, where it is digested.
    pub digest: Option<DeliveryKey>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// Who has it posted, and through what. `None` for what an older version recorded.
    pub actor: Option<Actor>,
}

impl Delivery {
    /// Its message without what has become of an item since.
    pub fn own_message(&self) -> &Message {
        self.own.as_ref().map_or(&self.message, |own| &own.message)
    }

    /// True where all that a run says itself has arrived: what is left to be sent is what has become of its item.
    pub fn own_has_arrived(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.arrived.is_some())
    }

    /// The key that its message is looked up by. A message posted again has a key of its own: that of the delivery names the
    /// message that was posted before.
    pub fn message_key(&self) -> DeliveryKey {
        match self.posted {
            Some(_) => DeliveryKey(format!("{}.{}", self.key.0, self.sent_revision)),
            None => self.key.clone(),
        }
    }

    /// True for one that has been posted and, as far as is known, can be edited: its next sending is an edit.
    pub fn is_editable(&self) -> bool {
        self.posted.as_ref().is_some_and(|it| !it.id.is_empty()) && self.edits == Edits::Open
    }

    /// True for one whose last sending may have arrived, and was no edit: it is looked for before it is sent again.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self.error, Some(ServiceError::Unknown { .. })) && !self.is_editable()
    }
}

/// How an attempt to send or to look up a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is posted as it was when it was claimed. Revised since: it becomes pending, as an edit.
    Posted(Posted),
    /// This revision is not worth a message of its own: what was posted stays, until the next one.
    Skipped,
    /// What was posted cannot be edited any more: it becomes pending, and is posted as a new message.
    Closed(Edits),
    /// The same, because the service refused the edit for good.
    Refused {
        /// Whether what was posted is still there.
        edits: Edits,
        /// Why, in plain words.
        why: String,
    },
    /// It cannot be posted in that thread: it becomes pending, and is posted on its own.
    NoThread,
    /// It is moot, and was not sent.
    Moot(MootReason),
    /// It surely did not happen: send it at this time.
    Later(Timestamp, ServiceError),
    /// It may have happened: look it up at this time. An edit is safe to repeat and is: it becomes pending.
    Unknown(Timestamp, ServiceError),
    /// It did not happen, and trying again would not help.
    Failed(ServiceError),
    /// Looked up, and it is not there: send it.
    Absent,
}

/// In SQL, the states of what may still be sent: what that is about is kept.
pub(in crate::store) const LIVE: &str = "('pending', 'sending', 'unknown')";

/// What [`read`] reads; the last is the event's own line.
pub(in crate::store) const COLUMNS: &str =
    "id, event, run, address, under, message, state, attempts, next_at, posted, error, created_at, sent_revision, actor,
     at_send, root, moot, digest, own, own_arrived, (SELECT summary FROM events WHERE events.id = event)";
/// Where that line is.
const SUMMARY: usize = 20;

pub(in crate::store) fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let about = match (row.get(1)?, row.get(2)?) {
        (_, Some(run)) => About::Run(run),
        (Some(event), None) => About::Event(event),
        (None, None) => About::Nothing,
    };
    let posted = row.get::<_, Option<Json<PostedMessage>>>(9)?.map(|it| it.0);
    let at_send = row.get::<_, Flag>(14)?.0;
    let own = match &about {
        About::Run(_) => read_own(row)?,
        About::Event(_) | About::Nothing => None,
    };
    Ok(Delivery {
        key: DeliveryKey(row.get(0)?),
        about,
        to: row.get::<_, Text<_>>(3)?.0,
        root: row.get::<_, Option<String>>(15)?.map(DeliveryKey),
        under: row.get::<_, Option<Json<_>>>(4)?.map(|it| it.0),
        message: read_message(row, at_send)?,
        own,
        at_send,
        state: row.get::<_, EnumText<_>>(6)?.0,
        attempts: row.get(7)?,
        next_at: row.get::<_, Clock>(8)?.0,
        edits: posted.as_ref().map(|it| it.edits).unwrap_or_default(),
        edit_refused: posted.as_ref().and_then(|it| it.refused.clone()),
        posted: posted.map(|it| Posted { link: it.posted.link.and_then(safe_link), ..it.posted }),
        error: row.get::<_, Option<Json<_>>>(10)?.map(|it| it.0),
        moot: row.get::<_, Option<Json<_>>>(16)?.map(|it| it.0),
        digest: row.get::<_, Option<String>>(17)?.map(DeliveryKey),
        created_at: row.get::<_, Clock>(11)?.0,
        sent_revision: row.get(12)?,
        actor: audit::read_actor(row, 13)?,
    })
}

/// The message of a delivery; of what is not rendered yet, its event's line.
fn read_message(row: &Row<'_>, at_send: bool) -> rusqlite::Result<Message> {
    if !at_send {
        return Ok(row.get::<_, SafeMessage>(5)?.0);
    }
    let mut rendered = row.get::<_, Json<Option<Message>>>(5)?.0;
    rendered.iter_mut().for_each(Message::clean_links);
    let summary = row.get::<_, Option<String>>(SUMMARY)?;
    let summary = summary.unwrap_or_else(|| "An event that is not on the record any more".to_owned());
    Ok(rendered.unwrap_or_else(|| Message::new(Tone::Neutral, summary)))
}

/// What a run says itself, where that is kept beside its message.
fn read_own(row: &Row<'_>) -> rusqlite::Result<Option<OwnMessage>> {
    let Some(SafeMessage(message)) = row.get::<_, Option<SafeMessage>>(18)? else { return Ok(None) };
    Ok(Some(OwnMessage { message, arrived: row.get(19)? }))
}

/// The columns of a delivery that are damaged.
pub(in crate::store) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    match read(row) {
        Ok(delivery) if audit::is_damaged(delivery.actor.as_ref()) => Ok(vec!["actor".to_owned()]),
        read => strict(row, read.map(drop)),
    }
}
