//! Threads: in each channel the first message about an item is the root, and what happens to it next is posted under that.
//!
//! A root is used for a day at most, and for one episode only (a failure and its recovery): what happens after its end begins
//! another, so that news is not lost in an old thread. What becomes of a root is known only when the answer is sent
//! ([`under`]).

use std::time::Duration;

use callboard_domain::{
    chat::{Address, DeliveryKey, Posted},
    item::ItemKey,
    rules,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{
        events,
        row::{At, EnumText, Json, Text, all, before, is_unreadable, key, one, run},
        run_items,
    },
    Content, Edits,
    posted_message::{EDITABLE, PostedMessage},
};

/// How long what happens to an item goes in the thread of the first message about it.
const LASTS: Duration = Duration::from_secs(86_400);
/// How often a root is edited for what is not posted, after what a run says itself has arrived. An item that changes more
/// often than that in a day shows in the root only what is posted of it.
const EDITS: u32 = 200;

/// True for a delivery whose message says how its item is by now, or will where it has more to say: that of an event, or of a run
/// that has ended.
const FOLLOWS: &str = "(at_send = 1
    OR EXISTS (SELECT 1 FROM runs r WHERE r.id = deliveries.run AND r.ended_at IS NOT NULL))";

/// Gives a delivery its next revision at `?2`. What stands there of a run that has ended, and was posted before what a run says
/// itself was kept, is what it says itself.
const RENEW: &str = "UPDATE deliveries SET revision = revision + 1, changed_at = ?2,
    own = iif(run IS NOT NULL AND own IS NULL AND state = 'posted', message, own),
    own_arrived = iif(run IS NOT NULL AND own IS NULL AND state = 'posted', sent_revision, own_arrived),
    next_at = iif(state = 'posted', ?2, next_at), state = iif(state = 'posted', 'pending', state)";

/// What a message is about.
pub(super) struct Subject {
    /// The item.
    pub(super) item: ItemKey,
    /// The number of what happened, and when; `None` for a run.
    pub(super) event: Option<(i64, Timestamp)>,
}

/// What a message is about, where it belongs to an item.
pub(super) fn subject(conn: &Connection, content: &Content) -> rusqlite::Result<Option<Subject>> {
    match content {
        Content::Event { id, .. } => {
            let sql = "SELECT i.account, i.kind, i.id, e.at
                       FROM events e JOIN items i ON i.n = e.item WHERE e.id = ?1";
            one(conn, sql, [id], |row| {
                Ok(Subject { item: key(row, 0)?, event: Some((*id, row.get::<_, At>(3)?.0)) })
            })
        }
        Content::Run { id, .. } => {
            let item = one(conn, "SELECT item FROM runs WHERE id = ?1", [id], |row| {
                row.get::<_, Option<Text<ItemKey>>>(0)
            })?;
            Ok(item.flatten().map(|Text(item)| Subject { item, event: None }))
        }
        Content::Message(_) => Ok(None),
    }
}

/// The message under which the next one about an item goes.
pub(super) fn root(
    conn: &Connection,
    to: &Address,
    subject: &Subject,
    now: Timestamp,
) -> rusqlite::Result<Option<DeliveryKey>> {
    let sql = "SELECT id, n FROM deliveries WHERE address = ?1 AND item = ?2 AND root IS NULL
               AND state IN ('pending', 'sending', 'posted', 'unknown') AND created_at > ?3 ORDER BY n DESC LIMIT 1";
    let row = params![Text(to), Text(&subject.item), At(before(now, LASTS))];
    let found = one(conn, sql, row, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let Some((id, n)) = found else { return Ok(None) };
    // Whether or not its end was posted.
    let item = &subject.item;
    let ends = events::sql_list(&rules::matter_ends(item.kind));
    let sql = format!(
        "SELECT 1 FROM deliveries d JOIN items i ON i.account = ?3 AND i.kind = ?4 AND i.id = ?5
             JOIN events e ON e.item = i.n
         WHERE d.id = ?1 AND e.name IN ({ends}) AND e.id < coalesce(?2, 9223372036854775807)
         AND iif(d.run IS NULL, e.id >= d.event, e.seen_at > (SELECT r.started_at FROM runs r WHERE r.id = d.run))
         LIMIT 1"
    );
    let event = subject.event.map(|(event, _)| event);
    let row = params![id, event, item.account.as_str(), item.kind.name(), item.id];
    if one(conn, &sql, row, |_| Ok(()))?.is_some() {
        return Ok(None);
    }
    // A run's message may be about an event of another item that it is on.
    let sql = "SELECT DISTINCT e.name FROM deliveries d JOIN events e ON e.id = d.event JOIN items i ON i.n = e.item
               WHERE d.address = ?1 AND d.item = ?2 AND d.n >= ?3 AND i.account = ?4 AND i.kind = ?5 AND i.id = ?6";
    let of = params![Text(to), Text(item), n, item.account.as_str(), item.kind.name(), item.id];
    let names = all(conn, sql, of, |row| row.get::<_, EnumText<_>>(0).map(|EnumText(name)| name))?;
    if names.into_iter().any(|name| rules::ends_thread(name, item.kind)) {
        return Ok(None);
    }
    Ok(Some(DeliveryKey(id)))
}

/// Has a root edited, to show the present state of its item, of which something is posted. One that is to be edited already is
/// rendered when it is sent.
pub(super) fn renew(conn: &Connection, root: &DeliveryKey, now: Timestamp) -> rusqlite::Result<()> {
    let sql = format!(
        "{RENEW} WHERE id = ?1 AND revision = sent_revision AND (state IN ('sending', 'unknown') OR {EDITABLE}) AND {FOLLOWS}"
    );
    run(conn, &sql, params![root.0, At(now)]).map(drop)
}

/// In SQL, true for a root that is edited for what has become of its item, where it was recorded after `?3`. One that is
/// not sent yet, or cannot be edited, stays as it is; changes that come before it is sent are one edit, which is
/// rendered then.
fn is_followed() -> String {
    format!(
        "(root IS NULL AND created_at > ?3
          AND revision < {EDITS} + coalesce(own_arrived, iif(run IS NULL, 0, sent_revision))
          AND revision = sent_revision AND (state IN ('sending', 'unknown') OR {EDITABLE}) AND {FOLLOWS})"
    )
}

/// Has the roots of item `n` edited, whose state has changed, whether or not anything is posted of that. Of events, the
/// latest one in each channel, while what it reports has not come to its end; those of runs, also of one on this item
/// among others, say when that came, and stay as they are afterwards.
pub(in crate::store) fn renew_all(
    conn: &Connection,
    n: i64,
    item: &ItemKey,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (ends, followed) = (events::sql_list(&rules::matter_ends(item.kind)), is_followed());
    let (key, now, since) = (Text(item), At(now), At(before(now, LASTS)));
    let sql = format!(
        "{RENEW} WHERE item = ?1 AND item IS NOT NULL AND {followed}
         AND (run IS NOT NULL OR n = (SELECT max(o.n) FROM deliveries o
                 WHERE o.item = ?1 AND o.root IS NULL AND (o.at_send = 1 OR o.run IS NOT NULL AND o.state <> 'failed')
                 AND o.address = deliveries.address)
             AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item = ?4 AND e.name IN ({ends})
                 AND e.id >= deliveries.event AND e.id < (SELECT max(id) FROM events WHERE item = ?4)))"
    );
    run(conn, &sql, params![key, now, since, n])?;
    if !run_items::is_among_others(conn, item)? {
        return Ok(());
    }
    let sql = format!(
        "{RENEW} WHERE run IS NOT NULL AND run IN (SELECT i.run FROM run_items i WHERE i.item = ?1) AND {followed}"
    );
    run(conn, &sql, params![key, now, since]).map(drop)
}

/// The message under which a delivery that is being sent goes. There is none where the root did not arrive, where it is not
/// known whether it did, or where it is a digest by now and about no item: the delivery takes its place, for all that were to
/// come after it.
pub(super) fn under(
    conn: &Connection,
    key: &DeliveryKey,
    root: &DeliveryKey,
) -> rusqlite::Result<Option<Posted>> {
    let sql = "SELECT posted FROM deliveries WHERE id = ?1
               AND item IS (SELECT item FROM deliveries WHERE id = ?2)";
    let posted =
        one(conn, sql, [&root.0, &key.0], |row| match row.get::<_, Option<Json<PostedMessage>>>(0) {
            Err(error) if is_unreadable(&error) => Ok(None),
            posted => Ok(posted?.map(|it| it.0)),
        })?;
    match posted.flatten() {
        None | Some(PostedMessage { edits: Edits::Gone, .. }) => make_root(conn, key).map(|()| None),
        // One without an id is in a chat without threads.
        Some(PostedMessage { posted, .. }) => Ok(Some(posted).filter(|posted| !posted.id.is_empty())),
    }
}

/// Makes a delivery a root of its own, and the root of the later ones of its thread.
pub(super) fn make_root(conn: &Connection, key: &DeliveryKey) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET root = ?1 WHERE posted IS NULL AND id IN (
                   SELECT other.id FROM deliveries own JOIN deliveries other
                       ON other.address = own.address AND other.item = own.item AND other.n > own.n
                   WHERE own.id = ?1 AND other.root = own.root)";
    run(conn, sql, [&key.0])?;
    run(conn, "UPDATE deliveries SET root = NULL, under = NULL WHERE id = ?1", [&key.0]).map(drop)
}

/// Makes the messages about a run, which were of no item, those of the item that it began: what comes of it goes under them.
pub(in crate::store) fn begin_thread(
    conn: &Connection,
    run_id: &str,
    item: &ItemKey,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET item = ?2 WHERE run = ?1 AND item IS NULL";
    run(conn, sql, params![run_id, Text(item)]).map(drop)
}

/// Puts what was posted of one item in the threads of another.
pub(in crate::store) fn move_to(conn: &Connection, from: &ItemKey, to: &ItemKey) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET item = ?2 WHERE item = ?1";
    run(conn, sql, params![Text(from), Text(to)]).map(drop)
}
