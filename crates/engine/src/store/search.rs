//! Finding items and runs by any part of their text.
//!
//! The index is brought up to date by the writer when nothing else waits, so that taking in reports stays fast. A row's
//! own flag says whether the index has it, so that after a crash the index goes on where it was.

use std::{cmp::Reverse, ops::ControlFlow};

use callboard_domain::run::Run;
use rusqlite::{Connection, Params, Row, params, params_from_iter};

use super::{
    Store, StoreError,
    items::{self, StoredItem},
    row::{all, each, run},
    runs,
};
use crate::title_match::{TitleMatch, TypedTitle, folded};

/// Contentless: what was found is read from the tables (sqlite.org/fts5.html, 4.4.3). `rowid` is the row's `n`.
pub(super) const V1: &str = "
CREATE VIRTUAL TABLE item_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE VIRTUAL TABLE run_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
";

/// Rows that go into the index in one step, which those who write may have to wait for.
const STEP: usize = 32;
/// The shortest word that a trigram index can find. Shorter ones are looked for in every row.
const INDEXED: usize = 3;

/// What a search found: those whose title (of a run, its line) is what is looked for, then those that begin with it, then those
/// with its words in order, then the rest; of these the newest first.
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
        Ok((row.get::<_, i64>(12)?, text.unwrap_or_default()))
    })?;
    for (n, text) in &ran {
        run(conn, "INSERT OR REPLACE INTO run_search (rowid, text) VALUES (?1, ?2)", params![n, text])?;
        run(conn, "UPDATE runs SET searched = 1 WHERE n = ?1", [n])?;
    }
    Ok(found.len() == STEP || ran.len() == STEP)
}

/// The words of a query, in lower case: every one must be found.
struct SearchTerms {
    typed: TypedTitle,
    long: Vec<String>,
    short: Vec<String>,
}

impl SearchTerms {
    /// `None` where there are none.
    fn new(query: &str) -> Option<Self> {
        let words = query.split_whitespace().take(16).map(str::to_lowercase);
        let (long, short): (Vec<_>, Vec<_>) = words.partition(|word| word.chars().count() >= INDEXED);
        let typed = TypedTitle::new(query);
        (!long.is_empty() || !short.is_empty()).then_some(Self { typed, long, short })
    }

    /// The query in the language of the index: each word a quoted string, so that nothing in it is an operator.
    fn query(&self) -> String {
        let quoted: Vec<_> =
            self.long.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
        quoted.join(" ")
    }

    /// A condition that the short words are in this text, the first of them as the parameter ?1 and so on.
    fn short_condition(&self, text: &str) -> String {
        let each = (1..=self.short.len()).map(|n| format!("instr({text}, ?{n})"));
        each.collect::<Vec<_>>().join(" AND ")
    }

    /// True where the text holds the short words, which the index does not cover.
    fn short_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.short.iter().all(|word| text.contains(word))
    }
}

/// The items that hold every word, in the order of [`Found`].
fn search_items(conn: &Connection, words: &SearchTerms, page: Page) -> rusqlite::Result<Vec<StoredItem>> {
    let columns = items::COLUMNS;
    let each = format!("SELECT {columns} FROM items WHERE n = ?1");
    let keep = |it: &StoredItem| words.short_in(&items::search_text(&it.item));
    let order = if words.long.is_empty() {
        let holds = words.short_condition("lower(id || ' ' || title || ' ' || repo)");
        let sql = format!("SELECT n, title FROM items WHERE gone IS NULL AND {holds}");
        words.ranked(conn, &sql, params_from_iter(&words.short))?
    } else {
        let sql = "SELECT n, title FROM items WHERE n IN (SELECT rowid FROM item_search WHERE text MATCH ?1)
                   AND gone IS NULL";
        words.ranked(conn, sql, [words.query()])?
    };
    page.read(conn, &each, &order, items::read, keep)
}

/// The runs that hold every word, in the order of [`Found`].
fn search_runs(conn: &Connection, words: &SearchTerms, page: Page) -> rusqlite::Result<Vec<Run>> {
    let columns = runs::COLUMNS;
    let each = format!("SELECT {columns} FROM runs WHERE n = ?1");
    let keep = |run: &Run| words.short_in(&runs::search_text(run));
    let order = if words.long.is_empty() {
        let holds = words.short_condition("lower(line)");
        let sql = format!("SELECT n, line FROM runs WHERE {holds}");
        words.ranked(conn, &sql, params_from_iter(&words.short))?
    } else {
        let sql = "SELECT n, line FROM runs WHERE n IN (SELECT rowid FROM run_search WHERE text MATCH ?1)";
        words.ranked(conn, sql, [words.query()])?
    };
    page.read(conn, &each, &order, runs::read, keep)
}

impl SearchTerms {
    /// The rows that a query gives by number and title, in the order of [`Found`].
    fn ranked(&self, conn: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<i64>> {
        let mut rows: Vec<(TitleMatch, i64)> = all(conn, sql, params, |row| {
            // A title that cannot be read is nobody's.
            let title = row.get::<_, String>(1).unwrap_or_default();
            Ok((self.typed.of(&folded(&title)), row.get(0)?))
        })?;
        rows.sort_unstable_by_key(|row| Reverse(*row));
        Ok(rows.into_iter().map(|(_, n)| n).collect())
    }
}

/// A part of what was found.
#[derive(Clone, Copy)]
struct Page {
    skip: u32,
    limit: u32,
}

impl Page {
    /// Reads the rows of these numbers in their order, each by the query `sql`, until this part of those that are to be kept is
    /// there.
    fn read<T>(
        self,
        conn: &Connection,
        sql: &str,
        order: &[i64],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        keep: impl Fn(&T) -> bool,
    ) -> rusqlite::Result<Vec<T>> {
        let (mut skip, mut found) = (self.skip, Vec::new());
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        for n in order {
            if found.len() >= limit {
                break;
            }
            each(conn, sql, [n], |row| {
                let value = read(row)?;
                match (keep(&value), skip) {
                    (false, _) => {}
                    (true, 0) => found.push(value),
                    (true, _) => skip -= 1,
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(found)
    }
}

impl Store {
    /// Finds the items and runs whose text holds every word of the query, in the order of [`Found`], at most `limit` of each.
    /// An empty query finds nothing.
    pub async fn search(&self, query: &str, limit: u32) -> Result<Found, StoreError> {
        self.search_page(query, 0, limit).await
    }

    /// The same without the first `skip` of each.
    pub async fn search_page(&self, query: &str, skip: u32, limit: u32) -> Result<Found, StoreError> {
        let Some(words) = SearchTerms::new(query) else { return Ok(Found::default()) };
        let page = Page { skip, limit };
        let find = move |conn: &Connection| {
            Ok(Found { items: search_items(conn, &words, page)?, runs: search_runs(conn, &words, page)? })
        };
        self.read(find).await
    }

    /// The same for items alone.
    pub async fn search_items(&self, query: &str, limit: u32) -> Result<Vec<StoredItem>, StoreError> {
        let Some(words) = SearchTerms::new(query) else { return Ok(Vec::new()) };
        self.read(move |conn| search_items(conn, &words, Page { skip: 0, limit })).await
    }
}
