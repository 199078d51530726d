//! Items looked up: by key, by name, by repository, and those that may need a person.

use std::collections::BTreeSet;

use callboard_domain::{
    item::{AccountName, Item, ItemKey, Kind},
    source::{GoneReason, Scope},
};
use rusqlite::{Connection, params, params_from_iter};

use super::{COLUMNS, OPEN, StoredItem, read, read_item};
use crate::store::{
    Store, StoreError,
    row::{all, one},
};

/// How many open items of a kind [`Store::open_items`] gives: more than that is an outage, and nobody reads it row by row.
pub const BOARD: u32 = 1_000;

fn open(conn: &Connection, kind: Kind) -> rusqlite::Result<Vec<StoredItem>> {
    let sql = format!("SELECT {COLUMNS} FROM {OPEN} AND kind = ?1 ORDER BY changed_at DESC LIMIT {BOARD}");
    all(conn, &sql, [kind.name()], read)
}

/// In SQL, all of a row that an item can be named by.
const TEXT: &str = "lower(account || ' ' || kind || ' ' || id || ' ' || title || ' ' || detail)";
/// The most pieces of a text that are looked for.
const PIECES: usize = 8;

/// What every item that a text names has somewhere in its row. Only what is the same in a row and in lower case, so that none
/// is missed; nothing of a page, which may be written in several ways.
fn pieces(text: &str) -> Vec<String> {
    let text = if text.contains("://") { "" } else { text };
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|piece| !piece.is_empty());
    pieces.take(PIECES).map(str::to_ascii_lowercase).collect()
}

/// The rows of what was last reported under a name, there or not, and their ids; not of what has another id by now.
pub(in crate::store) fn of_repo(
    conn: &Connection,
    account: &AccountName,
    scope: &Scope,
) -> rusqlite::Result<Vec<(i64, String)>> {
    type Named = (i64, String, Option<String>);
    let sql = "SELECT n, id, gone FROM items WHERE account = ?1 AND kind = ?2 AND (?3 IS NULL OR repo = ?3)";
    let of = params![account.as_str(), scope.kind.name(), scope.repo.as_deref()];
    let rows: Vec<Named> = all(conn, sql, of, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let now_called = |gone: &Option<String>| match serde_json::from_str(gone.as_deref()?) {
        Ok(GoneReason::Renamed { to }) => Some(to),
        _ => None,
    };
    // Until it is reported under its new id, its repository is the one that it had.
    let moved: BTreeSet<String> = rows.iter().filter_map(|(_, _, gone)| now_called(gone)).collect();
    let is_own = |(_, id, gone): &Named| now_called(gone).is_none() && !moved.contains(id);
    Ok(rows.into_iter().filter(is_own).map(|(n, id, _)| (n, id)).collect())
}

impl Store {
    /// An item, where it is known.
    pub async fn item(&self, key: &ItemKey) -> Result<Option<StoredItem>, StoreError> {
        let key = key.clone();
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM items WHERE account = ?1 AND kind = ?2 AND id = ?3");
            one(conn, &sql, params![key.account.as_str(), key.kind.name(), key.id], read)
        })
        .await
    }

    /// Those of these items that are known and not gone.
    pub async fn items_by_key(&self, keys: Vec<ItemKey>) -> Result<Vec<Item>, StoreError> {
        self.read(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM items WHERE account = ?1 AND kind = ?2 AND id = ?3 AND gone IS NULL"
            );
            let found = keys.iter().map(|key| {
                all(conn, &sql, params![key.account.as_str(), key.kind.name(), key.id], read_item)
            });
            Ok(found.collect::<rusqlite::Result<Vec<_>>>()?.concat())
        })
        .await
    }

    /// The items that may need a person: approvals that wait, incidents that are not over, open pull requests, builds under way or red. Of
    /// each kind the last changed first, at most [`BOARD`]. Snoozed ones are among them ([`StoredItem::is_off_board`]).
    pub async fn open_items(&self) -> Result<Vec<StoredItem>, StoreError> {
        self.read(|conn| {
            let each = Kind::ALL.iter().map(|kind| open(conn, *kind));
            Ok(each.collect::<rusqlite::Result<Vec<_>>>()?.concat())
        })
        .await
    }

    /// Those of one kind.
    pub async fn open_items_of(&self, kind: Kind) -> Result<Vec<StoredItem>, StoreError> {
        self.read(move |conn| open(conn, kind)).await
    }

    /// The items of a kind whose whole key or whole reference the text is, in any watched account, however old they are.
    pub async fn items_named(&self, kind: Kind, text: &str) -> Result<Vec<StoredItem>, StoreError> {
        if let Some(key) = text.parse().ok().filter(|key: &ItemKey| key.kind == kind)
            && let Some(item) = self.item(&key).await?
        {
            return Ok(vec![item]);
        }
        let text = text.to_owned();
        self.read(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM items WHERE account IN (SELECT account FROM sources) AND kind = ?1 AND id = ?2"
            );
            all(conn, &sql, params![kind.name(), text], read)
        })
        .await
    }

    /// The items of a kind that a text may mean ([`callboard_domain::command::resolve_item`] says which it does), the last
    /// changed first: of all that may need a person those that hold what it says, and of the others that are not gone at
    /// most so many.
    pub async fn items_like(
        &self,
        kind: Kind,
        text: &str,
        others: u32,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let pieces = pieces(text);
        let holds: String = (2..pieces.len() + 2).map(|n| format!(" AND instr({TEXT}, ?{n})")).collect();
        self.read(move |conn| {
            let params =
                || params_from_iter(std::iter::once(kind.name()).chain(pieces.iter().map(String::as_str)));
            let sql = format!("SELECT {COLUMNS} FROM {OPEN} AND kind = ?1{holds} ORDER BY changed_at DESC");
            let mut found = all(conn, &sql, params(), read)?;
            let sql = format!(
                "SELECT {COLUMNS} FROM items WHERE kind = ?1 AND gone IS NULL AND NOT open{holds}
                 ORDER BY changed_at DESC LIMIT {others}"
            );
            found.extend(all(conn, &sql, params(), read)?);
            Ok(found)
        })
        .await
    }

    /// How many items of a kind may need a person, however many there are.
    pub async fn open_count(&self, kind: Kind) -> Result<u32, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT count(*) FROM {OPEN} AND kind = ?1");
            Ok(one(conn, &sql, [kind.name()], |row| row.get(0))?.unwrap_or(0))
        })
        .await
    }

    /// The items of a kind that are not gone, open or not, the last changed first, at most `limit`.
    pub async fn items(&self, kind: Kind, limit: u32) -> Result<Vec<StoredItem>, StoreError> {
        self.read(move |conn| {
            // Apart, because each half has an index of its own.
            let half =
                |which| format!("SELECT {COLUMNS} FROM items WHERE kind = ?1 AND gone IS NULL AND {which}");
            let (open, others) = (half("open"), half("NOT open"));
            let sql = format!("{open} UNION ALL {others} ORDER BY changed_at DESC LIMIT ?2");
            all(conn, &sql, params![kind.name(), limit], read)
        })
        .await
    }
}
