//! Items as last known.

mod counts;
mod damage;
mod lookup;
mod reported;
mod snooze;

use callboard_domain::{
    board::Snoozed,
    item::{AccountName, Detail, Item, ItemKey, Kind},
    source::GoneReason,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use url::Url;

use super::{
    audit,
    row::{At, Clock, Flag, Json, Lenient, Text, all, key, one, run},
};
use crate::title_match::folded;

pub(super) use self::{
    counts::{MISSING, V4, forget_dangling, missing, uncounted},
    damage::{OF_NOBODY, WHOLE, damaged, unreadable},
    lookup::of_repo,
    reported::{Present, V5, answered, present},
    snooze::{V3, clear_snooze_on_change, off_board_until, silence, snooze_like},
};
pub use self::{lookup::BOARD, snooze::Snooze};

pub(super) const V1: &str = "
CREATE TABLE items (
    n          INTEGER PRIMARY KEY,
    account    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    title      TEXT NOT NULL,
    url        TEXT,
    repo       TEXT NOT NULL,
    detail     TEXT NOT NULL,                -- what is particular to its kind, as JSON
    open       INTEGER NOT NULL,             -- whether it may need a person: see is_open
    changed_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,             -- the last change or webhook; a poll that finds it unchanged writes nothing
    silenced   INTEGER NOT NULL DEFAULT 0,   -- by a rule, until something happens to it
    snoozed    INTEGER,                      -- by a person: until then, or the largest number: until it changes
    searched   INTEGER NOT NULL DEFAULT 0,   -- whether the search index has it
    UNIQUE (account, kind, id)
) STRICT;
CREATE INDEX items_open ON items (kind, changed_at) WHERE open;
CREATE INDEX items_changed ON items (kind, changed_at);
CREATE INDEX items_unsearched ON items (searched) WHERE searched = 0;
";

/// What is not there any more is off the board (`open` is 0) and keeps the reason, until it is seen again.
pub(super) const V2: &str = "
ALTER TABLE items ADD COLUMN gone TEXT;      -- GoneReason as JSON
ALTER TABLE items ADD COLUMN gone_at INTEGER;
";

/// The open items, however many others there are: without a word about it SQLite takes the index of all items of a kind.
pub(super) const OPEN: &str = "items INDEXED BY items_open WHERE open";

/// An item as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// Its joined state.
    pub item: Item,
    /// When it last changed, by our clock.
    pub changed_at: Timestamp,
    /// True where a rule keeps it off the board until something happens to it.
    pub silenced: bool,
    /// Until when a person has snoozed it.
    pub snoozed: Option<Snooze>,
    /// Why it is not there any more, and since when, by our clock. It is nowhere but where it is asked for by name.
    pub gone: Option<(GoneReason, Timestamp)>,
}

impl StoredItem {
    /// True where it is off the board for now.
    pub fn is_off_board(&self, now: Timestamp) -> bool {
        self.off_board_until(now).is_some()
    }

    /// What full-text search finds it by.
    pub(crate) fn search_text(&self) -> String {
        search_text(&self.item)
    }

    /// True where it may need a person, snoozed or not; one that is gone does not.
    pub(crate) fn is_open(&self) -> bool {
        self.gone.is_none() && is_open(&self.item)
    }

    /// How long it is off the board, where it is: by a person, or by a rule that silenced it.
    pub fn off_board_until(&self, now: Timestamp) -> Option<Snoozed> {
        off_board_until(self.silenced, self.snoozed, now)
    }
}

/// True where an item may need a person: an approval that waits, an incident that is not over, an open pull request, a build
/// that is under way or red.
fn is_open(item: &Item) -> bool {
    use callboard_domain::item::{IncidentStatus, PullRequestState};
    match &item.detail {
        Detail::Incident(incident) => incident.status != IncidentStatus::Resolved,
        Detail::PullRequest(pull_request) => pull_request.state == PullRequestState::Open,
        Detail::Build(build) => build.is_red() || !build.status().is_over(),
        Detail::Approval(approval) => approval.waits(),
    }
}

/// What an item is found by: its title on the first line, as it is compared with what is typed.
fn search_text(item: &Item) -> String {
    let more = match &item.detail {
        Detail::Build(build) => build.branch.as_deref().unwrap_or_default().to_owned(),
        Detail::PullRequest(pull_request) => format!("{} {}", pull_request.branch, pull_request.author),
        Detail::Incident(incident) => {
            let number = incident.number.map(|number| number.to_string());
            number.into_iter().chain(incident.labels.values().cloned()).collect::<Vec<_>>().join(" ")
        }
        Detail::Approval(approval) => {
            let asked_by = approval.asked_by.as_ref().map(|by| &by.name);
            let words =
                [approval.environment.as_ref(), asked_by, approval.commit.as_ref()].into_iter().flatten();
            let arguments = approval.arguments.iter().flat_map(|arguments| arguments.values());
            words.chain(arguments).cloned().collect::<Vec<_>>().join(" ")
        }
    };
    format!("{}\n{}\n{}\n{more}", folded(&item.title), item.reference(), item.repo())
}

/// The JSON in column `detail`. The kind is not in it: it has a column of its own.
fn detail_text(detail: &Detail) -> rusqlite::Result<String> {
    match detail {
        Detail::Build(build) => serde_json::to_string(build),
        Detail::PullRequest(pull_request) => serde_json::to_string(pull_request),
        Detail::Incident(incident) => serde_json::to_string(incident),
        Detail::Approval(approval) => serde_json::to_string(approval),
    }
    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn read_detail(row: &Row<'_>, column: usize, kind: Kind) -> rusqlite::Result<Detail> {
    Ok(match kind {
        Kind::Build => Detail::Build(row.get::<_, Json<_>>(column)?.0),
        Kind::PullRequest => Detail::PullRequest(row.get::<_, Json<_>>(column)?.0),
        Kind::Incident => Detail::Incident(row.get::<_, Json<_>>(column)?.0),
        Kind::Approval => Detail::Approval(row.get::<_, Json<_>>(column)?.0),
    })
}

/// Reads an item from the columns [`COLUMNS`]. It is cleaned like what a service reports: another program may have written
/// the row, or an older version that cleaned less.
fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let key = key(row, 0)?;
    let detail = read_detail(row, 5, key.kind)?;
    let url = row.get::<_, Option<String>>(4)?.and_then(|url| Url::parse(&url).ok());
    let mut item = Item { key, title: row.get(3)?, url, detail };
    item.clean();
    Ok(item)
}

/// Reads a stored item from the columns [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<StoredItem> {
    Ok(StoredItem {
        item: read_item(row)?,
        changed_at: row.get::<_, Clock>(6)?.0,
        silenced: row.get::<_, Flag>(7)?.0,
        snoozed: row.get(8)?,
        gone: read_gone(row, 9)?,
    })
}

/// Reads why an item is not there any more from the columns `gone`, `gone_at`, the first of which is `first`.
fn read_gone(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<(GoneReason, Timestamp)>> {
    let reason = row.get::<_, Option<Json<_>>>(first)?.map(|it| it.0);
    Ok(reason.zip(row.get::<_, Option<Clock>>(first + 1)?.map(|at| at.0)))
}

/// The columns that [`read`] reads.
pub(super) const COLUMNS: &str =
    "account, kind, id, title, url, detail, changed_at, silenced, snoozed, gone, gone_at";

/// An item's row, as taking in a snapshot needs it.
pub(super) struct Known {
    pub(super) n: i64,
    pub(super) open: bool,
    /// True where it was not there any more.
    pub(super) gone: bool,
    /// When it was last written that it was seen.
    pub(super) seen_at: Timestamp,
    /// See [`V5`].
    pub(super) reported: bool,
    /// Its state, unless it cannot be read any more, or is that of what goes by another name now; then it is rebuilt
    /// from what comes.
    pub(super) state: Option<StoredItem>,
}

pub(super) fn load(conn: &Connection, key: &ItemKey) -> rusqlite::Result<Option<Known>> {
    let sql = format!(
        "SELECT {COLUMNS}, n, open, gone IS NOT NULL, seen_at, reported FROM items
         WHERE account = ?1 AND kind = ?2 AND id = ?3"
    );
    one(conn, &sql, params![key.account.as_str(), key.kind.name(), key.id], |row| {
        let state = read(row).inspect_err(
            |error| tracing::warn!(%key, %error, "a stored item cannot be read; it is built anew"),
        );
        let is_another = |stored: &StoredItem| matches!(stored.gone, Some((GoneReason::Renamed { .. }, _)));
        let state = state.ok().filter(|stored| !is_another(stored));
        // Without it, what comes is later.
        let seen_at = Lenient::new(row).get::<At>(14)?.map_or(Timestamp::MIN, |at| at.0);
        let (n, open, gone, reported) = (row.get(11)?, row.get(12)?, row.get(13)?, row.get(15)?);
        Ok(Known { n, open, gone, seen_at, reported, state })
    })
}

pub(super) fn insert(
    conn: &Connection,
    item: &Item,
    reported: bool,
    now: Timestamp,
) -> rusqlite::Result<i64> {
    let sql =
        "INSERT INTO items (account, kind, id, title, url, repo, detail, open, changed_at, seen_at, reported)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)";
    let key = &item.key;
    let url = item.url.as_ref().map(Url::as_str);
    let detail = detail_text(&item.detail)?;
    let row = params![
        key.account.as_str(),
        key.kind.name(),
        key.id,
        item.title,
        url,
        item.repo(),
        detail,
        is_open(item),
        At(now),
        reported
    ];
    run(conn, sql, row)?;
    let n = conn.last_insert_rowid();
    counts::count(conn, key.account.as_str(), 1)?;
    Ok(n)
}

/// Replaces an item's state. It is there, whatever was known.
pub(super) fn update(
    conn: &Connection,
    known: &Known,
    item: &Item,
    reported: bool,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let same_text = known.state.as_ref().is_some_and(|state| search_text(&state.item) == search_text(item));
    let sql = "UPDATE items SET title = ?2, url = ?3, repo = ?4, detail = ?5, open = ?6, changed_at = ?7,
               seen_at = ?7, searched = searched AND ?8, reported = ?9, gone = NULL, gone_at = NULL WHERE n = ?1";
    let url = item.url.as_ref().map(Url::as_str);
    let detail = detail_text(&item.detail)?;
    let open = is_open(item);
    let row = params![known.n, item.title, url, item.repo(), detail, open, At(now), same_text, reported];
    run(conn, sql, row).map(drop)
}

/// Records that an unchanged item was reported (webhooks always, polls after a webhook and once a day): it is there, and
/// back on the board where it had left it.
pub(super) fn touch(
    conn: &Connection,
    known: &Known,
    item: &Item,
    reported: bool,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql =
        "UPDATE items SET seen_at = ?2, open = ?3, reported = ?4, gone = NULL, gone_at = NULL WHERE n = ?1";
    run(conn, sql, params![known.n, At(now), is_open(item), reported]).map(drop)
}

/// True where a row no longer has its item as there, and as open or not.
pub(super) fn is_back(known: &Known, item: &Item) -> bool {
    known.gone || known.open != is_open(item)
}

/// Takes an item off the board and out of every list. The reason that was found first stays, unless it turns out to go by
/// another name.
pub(super) fn mark_gone(
    conn: &Connection,
    n: i64,
    reason: &GoneReason,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE items SET open = 0, gone = ?2, gone_at = ?3 WHERE n = ?1 AND (gone IS NULL OR ?4)";
    let is_renamed = matches!(reason, GoneReason::Renamed { .. });
    run(conn, sql, params![n, Json(reason), At(now), is_renamed]).map(drop)
}

/// Gives an item's row another id, and leaves one under the old id that says so. The row keeps its number, so all that
/// happened to the item stays with it.
pub(super) fn rename(
    conn: &Connection,
    n: i64,
    key: &ItemKey,
    to: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    run(
        conn,
        "UPDATE items SET id = ?2, title = iif(title = id, ?2, title), searched = 0, gone = NULL, gone_at = NULL
         WHERE n = ?1",
        params![n, to],
    )?;
    let sql = "INSERT INTO items (account, kind, id, title, url, repo, detail, open, changed_at, seen_at, gone, gone_at)
               SELECT account, kind, ?2, title, url, repo, detail, 0, changed_at, seen_at, ?3, ?4 FROM items WHERE n = ?1";
    let reason = GoneReason::Renamed { to: to.to_owned() };
    run(conn, sql, params![n, key.id, Json(reason), At(now)])?;
    counts::count(conn, key.account.as_str(), 1)
}

/// Takes a row that is damaged off the board, until its item is listed again: then it is rebuilt, and all
/// that happened to it is still on its record. One of which it is not known what it is, is deleted with that record.
pub(super) fn take_off_board(conn: &Connection, n: i64, now: Timestamp) -> rusqlite::Result<()> {
    let sql = format!("SELECT {COLUMNS}, snoozed_by FROM items WHERE n = ?1");
    let found = one(conn, &sql, [n], |row| {
        let mut lenient = Lenient::new(row);
        let kind = match lenient.get::<Text<Kind>>(1)? {
            Some(Text(kind)) => Some(kind),
            None => Kind::ALL.into_iter().find(|kind| read_detail(row, 5, *kind).is_ok()),
        };
        Ok((
            kind,
            lenient.get::<Option<Snooze>>(8)?.flatten(),
            lenient.get::<Flag>(7)?.is_some_and(|it| it.0),
            audit::read_actor(row, 11)?.filter(|by| !audit::is_damaged(Some(by))),
        ))
    })?;
    let Some((kind, snoozed, silenced, snoozed_by)) = found else { return Ok(()) };
    // Without a detail nothing of it is taken for known: what comes is not joined with what may be wrong.
    let sql = "UPDATE OR IGNORE items SET kind = ?2, detail = '', open = 0, gone = ?3, gone_at = ?4, changed_at = ?4, seen_at = ?4,
               snoozed = ?5, silenced = ?6, snoozed_by = ?7, reported = 0 WHERE n = ?1";
    let is_kept = match kind {
        Some(kind) => {
            let gone = Json(GoneReason::NotListed);
            let row = params![n, kind.name(), gone, At(now), snoozed, silenced, snoozed_by.map(Json)];
            run(conn, sql, row)? == 1
        }
        None => false,
    };
    if !is_kept {
        run(conn, "DELETE FROM events WHERE item = ?1", [n])?;
        delete(conn, n)?;
    }
    Ok(())
}

/// Deletes a row, which no event speaks of.
fn delete(conn: &Connection, n: i64) -> rusqlite::Result<()> {
    run(conn, "DELETE FROM item_search WHERE rowid = ?1", [n])?;
    let sql = "DELETE FROM items WHERE n = ?1 RETURNING account";
    let account = one(conn, sql, [n], |row| row.get::<_, String>(0))?;
    account.map_or(Ok(()), |account| counts::count(conn, &account, -1))
}

/// Takes whatever is there in an account off the board: nothing of it is watched any more.
pub(super) fn mark_all_gone(
    conn: &Connection,
    account: &AccountName,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE items SET open = 0, gone = ?2, gone_at = ?3
               WHERE account = ?1 AND gone IS NULL AND (open OR kind = 'build')";
    run(conn, sql, params![account.as_str(), Json(GoneReason::NotWatched), At(now)]).map(drop)
}

/// Deletes up to `limit` items of a kind that are over or gone, have not changed since `before`, and that no event
/// speaks of.
pub(super) fn prune(conn: &Connection, kind: Kind, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = "SELECT n FROM items WHERE kind = ?1 AND changed_at < ?2 AND NOT open AND seen_at < ?2
               AND coalesce(gone_at, 0) < ?2 AND NOT EXISTS (SELECT 1 FROM events WHERE item = items.n) LIMIT ?3";
    let gone: Vec<i64> = all(conn, sql, params![kind.name(), At(before), limit], |row| row.get(0))?;
    gone.iter().try_for_each(|n| delete(conn, *n))?;
    Ok(gone.len())
}
