//! Finding items and runs by any part of their text.
//!
//! The index is brought up to date by the writer when nothing else waits, so that taking in reports stays fast. A row's
//! own flag says whether the index has it, so that after a crash the index goes on where it was.

use std::{collections::BTreeSet, ops::ControlFlow};

use callboard_domain::run::Run;
use rusqlite::{Connection, Params, Row, ToSql, params};

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
/// How many rows are compared by their titles: a word may be in every row.
pub(super) const RANKED: usize = 2_000;

/// What a search found: those whose title (of a run, its line) is what is looked for, then those that begin with it, then those
/// where each of its words begins one, in order, then those with its words in order, then the rest; of each the newest
/// first. Of more than 2,000, the newest are ranked, with those that begin with what is looked for (not by words of one or
/// two letters alone), and the others follow, the newest first.
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
    let (more_items, more_runs) = (ITEMS.index_step(conn)?, RUNS.index_step(conn)?);
    Ok(more_items || more_runs)
}

/// How a row's title answers to what was typed, and the row's number.
type Hit = (TitleMatch, i64);

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

    /// True where the text holds the short words, which the index does not cover.
    fn short_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.short.iter().all(|word| text.contains(word))
    }

    /// The rows of a query, which gives their numbers and titles.
    fn hits(&self, conn: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Hit>> {
        all(conn, sql, params, |row| {
            // A title that cannot be read is nobody's.
            let title = row.get::<_, String>(1).unwrap_or_default();
            Ok((self.typed.of(&folded(&title)), row.get(0)?))
        })
    }
}

/// A text in the language of the index: nothing in it is an operator.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A table, and how its rows are indexed and found.
struct Searched<T> {
    table: &'static str,
    index: &'static str,
    /// The column that is compared with what is typed.
    title: &'static str,
    /// In SQL, which of its rows are there.
    there: &'static str,
    /// In SQL, where short words are looked for.
    short: &'static str,
    /// What `read` reads.
    columns: &'static str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    /// What the index has of a row.
    text: fn(&T) -> String,
}

const ITEMS: Searched<StoredItem> = Searched {
    table: "items",
    index: "item_search",
    title: "title",
    there: "gone IS NULL",
    short: "lower(id || ' ' || title || ' ' || repo)",
    columns: items::COLUMNS,
    read: items::read,
    text: StoredItem::search_text,
};

const RUNS: Searched<Run> = Searched {
    table: "runs",
    index: "run_search",
    title: "line",
    there: "TRUE",
    short: "lower(line)",
    columns: runs::COLUMNS,
    read: runs::read,
    text: runs::search_text,
};

impl<T> Searched<T> {
    /// Brings some rows into the index. True where there may be more.
    fn index_step(&self, conn: &Connection) -> rusqlite::Result<bool> {
        let Self { table, index, columns, .. } = self;
        let unindexed = format!("SELECT {columns}, n FROM {table} WHERE searched = 0 LIMIT {STEP}");
        let insert = format!("INSERT OR REPLACE INTO {index} (rowid, text) VALUES (?1, ?2)");
        let mark = format!("UPDATE {table} SET searched = 1 WHERE n = ?1");
        // A row that cannot be read is left out of the index, not tried for ever.
        let found: Vec<(i64, String)> = all(conn, &unindexed, [], |row| {
            let text = (self.read)(row).map(|value| (self.text)(&value));
            Ok((row.get("n")?, text.unwrap_or_default()))
        })?;
        for (n, text) in &found {
            run(conn, &insert, params![n, text])?;
            run(conn, &mark, [n])?;
        }
        Ok(found.len() == STEP)
    }

    /// The rows that hold every word, in the order of [`Found`].
    fn find(&self, conn: &Connection, terms: &SearchTerms, page: Page) -> rusqlite::Result<Vec<T>> {
        let mut part = Part { page, found: Vec::new() };
        let mut newest = self.newest(conn, terms, i64::MAX)?;
        let mut ranked: BTreeSet<Hit> = newest.iter().copied().collect();
        if newest.len() == RANKED {
            ranked.extend(self.beginning(conn, terms)?);
        }
        for (_, n) in ranked.iter().rev() {
            self.add(conn, terms, *n, &mut part)?;
        }
        while newest.len() == RANKED
            && !part.is_full()
            && let Some((_, oldest)) = newest.last()
        {
            newest = self.newest(conn, terms, *oldest)?;
            for (_, n) in newest.iter().filter(|hit| !ranked.contains(hit)) {
                self.add(conn, terms, *n, &mut part)?;
            }
        }
        Ok(part.found)
    }

    /// The newest rows before this one that hold every word of the index' length, or the short ones where there is no other.
    fn newest(&self, conn: &Connection, terms: &SearchTerms, before: i64) -> rusqlite::Result<Vec<Hit>> {
        if !terms.long.is_empty() {
            let words: Vec<_> = terms.long.iter().map(|word| quoted(word)).collect();
            return self.indexed(conn, terms, &words.join(" "), before);
        }
        let Self { table, title, there, short, .. } = self;
        let each = (2..).take(terms.short.len()).map(|n| format!("instr({short}, ?{n})"));
        let holds = each.collect::<Vec<_>>().join(" AND ");
        let sql = format!(
            "SELECT n, {title} FROM {table} WHERE n < ?1 AND {there} AND {holds} ORDER BY n DESC LIMIT {RANKED}"
        );
        let words = terms.short.iter().map(|word| word as &dyn ToSql);
        let values: Vec<&dyn ToSql> = [&before as &dyn ToSql].into_iter().chain(words).collect();
        terms.hits(conn, &sql, values.as_slice())
    }

    /// The newest rows whose title is what was typed, and those whose title begins with it. The index cannot tell where short
    /// words alone stand.
    fn beginning(&self, conn: &Connection, terms: &SearchTerms) -> rusqlite::Result<Vec<Hit>> {
        if terms.long.is_empty() {
            return Ok(Vec::new());
        }
        let typed = terms.typed.text();
        let mut hits = self.indexed(conn, terms, &format!("^ {}", quoted(typed)), i64::MAX)?;
        if hits.len() == RANKED {
            // A line of the index ends where the title does.
            let whole = format!("^ {}", quoted(&format!("{typed}\n")));
            hits.extend(self.indexed(conn, terms, &whole, i64::MAX)?);
        }
        Ok(hits)
    }

    /// The newest rows before this one that a query of the index finds.
    fn indexed(
        &self,
        conn: &Connection,
        terms: &SearchTerms,
        query: &str,
        before: i64,
    ) -> rusqlite::Result<Vec<Hit>> {
        let Self { table, index, title, there, .. } = self;
        let sql = format!(
            "SELECT n, {title} FROM {index} JOIN {table} ON n = {index}.rowid
             WHERE {index} MATCH ?1 AND {index}.rowid < ?2 AND {there}
             ORDER BY {index}.rowid DESC LIMIT {RANKED}"
        );
        terms.hits(conn, &sql, params![query, before])
    }

    /// Adds a row to the part, where it holds the short words and stands in it.
    fn add(
        &self,
        conn: &Connection,
        terms: &SearchTerms,
        n: i64,
        part: &mut Part<T>,
    ) -> rusqlite::Result<()> {
        if part.is_full() {
            return Ok(());
        }
        let Self { table, columns, .. } = self;
        each(conn, &format!("SELECT {columns} FROM {table} WHERE n = ?1"), [n], |row| {
            let value = (self.read)(row)?;
            if terms.short_in(&(self.text)(&value)) {
                part.push(value);
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// A part of what was found.
#[derive(Clone, Copy)]
struct Page {
    skip: u32,
    limit: u32,
}

/// What has been found of a part.
struct Part<T> {
    page: Page,
    found: Vec<T>,
}

impl<T> Part<T> {
    fn is_full(&self) -> bool {
        self.found.len() >= usize::try_from(self.page.limit).unwrap_or(usize::MAX)
    }

    fn push(&mut self, value: T) {
        match self.page.skip {
            0 => self.found.push(value),
            _ => self.page.skip -= 1,
        }
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
            Ok(Found { items: ITEMS.find(conn, &words, page)?, runs: RUNS.find(conn, &words, page)? })
        };
        self.read(find).await
    }

    /// The same for items alone.
    pub async fn search_items(&self, query: &str, limit: u32) -> Result<Vec<StoredItem>, StoreError> {
        let Some(words) = SearchTerms::new(query) else { return Ok(Vec::new()) };
        self.read(move |conn| ITEMS.find(conn, &words, Page { skip: 0, limit })).await
    }
}
