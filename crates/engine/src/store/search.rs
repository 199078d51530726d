//! Finding items and runs by any part of their text.
//!
//! The index is brought up to date by the writer when nothing else waits, so that taking in reports stays fast. A row's
//! own flag says whether the index has it, so that after a crash the index goes on where it was.

use callboard_domain::run::Run;
use rusqlite::{Connection, params};

use super::{
    Store, StoreError,
    items::{self, StoredItem},
    row::{all, run},
    runs,
};

/// Contentless: what was found is read from the tables (sqlite.org/fts5.html, 4.4.3). `rowid` is the row's `n`.
pub(super) const V1: &str = "
CREATE VIRTUAL TABLE item_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE VIRTUAL TABLE run_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
";

/// Rows that go into the index in one step, which those who write may have to wait for.
const STEP: usize = 32;
/// The shortest word that a trigram index can find.
const INDEXED: usize = 3;
/// How many of the newest rows are looked through for shorter words.
const LOOKED_THROUGH: u32 = 1_000;
/// How many hits of the longer words are looked through for the shorter ones.
const CANDIDATES: u32 = 500;

/// What a search found, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Items.
    pub items: Vec<StoredItem>,
    /// Runs.
    pub runs: Vec<Run>,
}

/// Brings some rows into the index, in a transaction of its own. True where there may be more.
pub(super) fn index_some(conn: &Connection) -> rusqlite::Result<bool> {
    let step = conn.unchecked_transaction()?;
    let more = index_step(conn)?;
    step.commit()?;
    Ok(more)
}

pub(super) fn index_step(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = format!("SELECT {}, n FROM items WHERE searched = 0 LIMIT {STEP}", items::COLUMNS);
    // A row that cannot be read is left out of the index, not tried for ever.
    let found = all(conn, &sql, [], |row| {
        let text = items::read(row).map(|stored| items::search_text(&stored.item));
        Ok((row.get::<_, i64>(11)?, text.unwrap_or_default()))
    })?;
    for (n, text) in &found {
        run(conn, "INSERT OR REPLACE INTO item_search (rowid, text) VALUES (?1, ?2)", params![n, text])?;
        run(conn, "UPDATE items SET searched = 1 WHERE n = ?1", [n])?;
    }
    let sql = format!("SELECT {}, n FROM runs WHERE searched = 0 LIMIT {STEP}", runs::COLUMNS);
    let ran = all(conn, &sql, [], |row| {
        let text = runs::read(row).map(|run| runs::search_text(&run));
        Ok((row.get::<_, i64>(11)?, text.unwrap_or_default()))
    })?;
    for (n, text) in &ran {
        run(conn, "INSERT OR REPLACE INTO run_search (rowid, text) VALUES (?1, ?2)", params![n, text])?;
        run(conn, "UPDATE runs SET searched = 1 WHERE n = ?1", [n])?;
    }
    Ok(found.len() == STEP || ran.len() == STEP)
}

/// The words of a query, in lower case: every one must be found.
struct Words {
    long: Vec<String>,
    short: Vec<String>,
}

impl Words {
    /// `None` where there are none.
    fn new(query: &str) -> Option<Self> {
        let words = query.split_whitespace().take(16).map(str::to_lowercase);
        let (long, short): (Vec<_>, Vec<_>) = words.partition(|word| word.chars().count() >= INDEXED);
        (!long.is_empty() || !short.is_empty()).then_some(Self { long, short })
    }

    /// The query in the language of the index: each word a quoted string, so that nothing in it is an operator.
    fn query(&self) -> String {
        let quoted: Vec<_> =
            self.long.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
        quoted.join(" ")
    }

    fn first_short(&self) -> &str {
        self.short.first().map_or("", String::as_str)
    }

    /// How many hits are looked through, where `limit` are wanted.
    fn taken(&self, page: Page) -> u32 {
        if self.short.is_empty() { page.skip.saturating_add(page.limit) } else { CANDIDATES }
    }

    /// True where the text holds the short words, which the index cannot say.
    fn short_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.short.iter().all(|word| text.contains(word))
    }
}

/// The newest items that hold every word.
fn search_items(conn: &Connection, words: &Words, page: Page) -> rusqlite::Result<Vec<StoredItem>> {
    let found = if words.long.is_empty() {
        let sql = format!(
            "SELECT {} FROM (SELECT * FROM items WHERE gone IS NULL ORDER BY n DESC LIMIT {LOOKED_THROUGH})
             WHERE instr(lower(id || ' ' || title || ' ' || repo), ?1) LIMIT ?2",
            items::COLUMNS
        );
        all(conn, &sql, params![words.first_short(), words.taken(page)], items::read)?
    } else {
        let sql = format!(
            "SELECT {} FROM items WHERE n IN (SELECT rowid FROM item_search WHERE text MATCH ?1 ORDER BY rowid DESC LIMIT ?2)
             AND gone IS NULL ORDER BY n DESC",
            items::COLUMNS
        );
        all(conn, &sql, params![words.query(), words.taken(page)], items::read)?
    };
    let found = found.into_iter().filter(|it| words.short_in(&items::search_text(&it.item)));
    Ok(page.of(found))
}

/// The newest runs that hold every word.
fn search_runs(conn: &Connection, words: &Words, page: Page) -> rusqlite::Result<Vec<Run>> {
    let found = if words.long.is_empty() {
        let sql = format!(
            "SELECT {} FROM (SELECT * FROM runs ORDER BY n DESC LIMIT {LOOKED_THROUGH})
             WHERE instr(lower(line), ?1) LIMIT ?2",
            runs::COLUMNS
        );
        all(conn, &sql, params![words.first_short(), words.taken(page)], runs::read)?
    } else {
        let sql = format!(
            "SELECT {} FROM runs WHERE n IN (SELECT rowid FROM run_search WHERE text MATCH ?1 ORDER BY rowid DESC LIMIT ?2)
             ORDER BY n DESC",
            runs::COLUMNS
        );
        all(conn, &sql, params![words.query(), words.taken(page)], runs::read)?
    };
    let found = found.into_iter().filter(|run| words.short_in(&runs::search_text(run)));
    Ok(page.of(found))
}

/// A part of what was found.
#[derive(Clone, Copy)]
struct Page {
    skip: u32,
    limit: u32,
}

impl Page {
    fn of<T>(self, found: impl Iterator<Item = T>) -> Vec<T> {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        found.skip(whole(self.skip)).take(whole(self.limit)).collect()
    }
}

impl Store {
    /// Finds the items and runs whose text holds every word of the query, newest first, at most `limit` of each.
    /// Words shorter than three characters alone are looked for in the newest ones only. An empty query finds nothing.
    pub async fn search(&self, query: &str, limit: u32) -> Result<Found, StoreError> {
        self.search_page(query, 0, limit).await
    }

    /// The same without the first `skip` of each.
    pub async fn search_page(&self, query: &str, skip: u32, limit: u32) -> Result<Found, StoreError> {
        let Some(words) = Words::new(query) else { return Ok(Found::default()) };
        let page = Page { skip, limit };
        let find = move |conn: &Connection| {
            Ok(Found { items: search_items(conn, &words, page)?, runs: search_runs(conn, &words, page)? })
        };
        self.read(find).await
    }

    /// The same for items alone.
    pub async fn search_items(&self, query: &str, limit: u32) -> Result<Vec<StoredItem>, StoreError> {
        let Some(words) = Words::new(query) else { return Ok(Vec::new()) };
        self.read(move |conn| search_items(conn, &words, Page { skip: 0, limit })).await
    }
}
