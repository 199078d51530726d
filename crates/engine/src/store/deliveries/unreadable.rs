//! Deliveries whose record cannot be read: marked as failed with the reason, and shown as far as they can be.

use callboard_domain::{
    chat::{Address, DeliveryKey},
    error::ServiceError,
    item::AccountName,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    super::{
        audit,
        row::{At, EnumText, Json, SafeMessage, is_unreadable, run},
        unreadable_row::unreadable_message,
    },
    About, Delivery, DeliveryState, Edits, read,
};

/// Reads a delivery to be shown: of one that cannot be read, what can be, and why.
pub(super) fn read_shown(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let why = match read(row) {
        Err(error) if is_unreadable(&error) => ServiceError::rejected(unreadable(&error)),
        result => return result,
    };
    let text = |column: usize| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let address = text(3)?;
    let time = |column: usize| row.get::<_, At>(column).map_or(Timestamp::UNIX_EPOCH, |at| at.0);
    Ok(Delivery {
        key: DeliveryKey(text(0)?),
        about: row.get::<_, Option<String>>(2)?.map_or(About::Nothing, About::Run),
        to: address
            .parse()
            .unwrap_or_else(|_| Address { account: AccountName("unknown".into()), channel: address }),
        root: None,
        under: None,
        message: row.get::<_, SafeMessage>(5).map_or_else(|_| unreadable_message(), |it| it.0),
        own: None,
        at_send: false,
        state: row.get::<_, EnumText<_>>(6).map_or(DeliveryState::Failed, |it| it.0),
        attempts: row.get(7)?,
        next_at: time(8),
        posted: None,
        edits: Edits::default(),
        edit_refused: None,
        error: Some(why),
        moot: None,
        digest: None,
        created_at: time(11),
        sent_revision: row.get(12)?,
        actor: audit::read_actor(row, 13).unwrap_or_default(),
    })
}

pub(super) fn unreadable(why: impl std::fmt::Display) -> String {
    format!(
        "its record cannot be read ({why}): it is damaged, or was written by a newer Callboard; it is marked as failed"
    )
}

/// Marks one as failed, so that it does not block its channel.
pub(super) fn mark_failed(
    conn: &Connection,
    n: i64,
    error: &ServiceError,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET state = 'failed', error = ?2, changed_at = ?3 WHERE n = ?1";
    run(conn, sql, params![n, Json(error), At(now)]).map(drop)
}
