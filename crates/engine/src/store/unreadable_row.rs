//! What a row that is damaged is called, and what is shown in its place.

use std::fmt;

use callboard_domain::{
    message::{Block, Message, Tone},
    text,
};
use rusqlite::Row;

/// What a stored row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// An account: where its polls left off, what webhooks noted for the next one, and how many items it has.
    Account,
    /// An item.
    Item,
    /// An item of an account that is not configured.
    StrayItem,
    /// An event.
    Event,
    /// What the rules decided about an event.
    Decision,
    /// A run of a command.
    Run,
    /// A message for a chat.
    Delivery,
    /// A message in the built-in room.
    RoomMessage,
    /// An entry of the audit log.
    AuditEntry,
    /// A setting, such as the end of a quiet time.
    Setting,
    /// Where a secret is kept, and for which host.
    SecretRecord,
    /// A row that speaks of another one that is not there.
    Dangling,
}

impl RowKind {
    /// What people call it, before its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Item => "item",
            Self::StrayItem => "item of an account that is not configured:",
            Self::Event => "event",
            Self::Decision => "decision about event",
            Self::Run => "run",
            Self::Delivery => "message",
            Self::RoomMessage => "message in the room",
            Self::AuditEntry => "audit entry",
            Self::Setting => "setting",
            Self::SecretRecord => "record of a secret",
            Self::Dangling => "row of",
        }
    }
}

/// A stored row that is damaged, in part or in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// What it is of.
    pub kind: RowKind,
    /// Which one.
    pub name: String,
    /// The columns that are.
    pub columns: Vec<String>,
}

impl UnreadableRow {
    /// The row with these columns as its name.
    pub(super) fn of(
        row: &Row<'_>,
        kind: RowKind,
        key: &[usize],
        columns: Vec<String>,
    ) -> rusqlite::Result<Self> {
        let name = key.iter().map(|column| name(row, *column)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self { kind, name: name.join(":"), columns })
    }
}

/// "item ci:build:acme/web (detail)".
impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.kind.name(), self.name, self.columns.join(", "))
    }
}

/// A column as a part of a name, whatever it holds: in one line, and never nothing.
fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(bytes) => match text::line(&String::from_utf8_lossy(bytes), 200) {
            empty if empty.is_empty() => "(empty)".to_owned(),
            name => name,
        },
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => "?".to_owned(),
    })
}

/// Shown in place of a message for people that cannot be read.
pub(super) fn unreadable_message() -> Message {
    let why = "It is damaged, or was written by a newer Callboard. See: callboard doctor";
    Message::new(Tone::Unknown, "This message cannot be read").with_block(Block::Text(why.to_owned()))
}
