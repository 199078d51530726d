//! How values of the domain are kept in columns.

use std::{ops::ControlFlow, time::Duration};

use callboard_domain::{
    item::{self, AccountName, EARLIEST, ItemKey, LATEST},
    message::Message,
};
use jiff::Timestamp;
use rusqlite::{
    Connection, OptionalExtension, Params, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer},
};
use url::Url;

/// A point in time: whole microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct At(pub(super) Timestamp);

/// Cuts a time to what a column keeps, so that an event reads back as it was returned.
pub(super) fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// So long before; the beginning of time where that is longer than time is.
pub(super) fn before(now: Timestamp, span: Duration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        Timestamp::from_microsecond(micros).map(Self).map_err(|_| FromSqlError::OutOfRange(micros))
    }
}

/// A point in time by our own clock, read: one that no clock of ours has shown is damaged. Written as an [`At`].
pub(super) struct Clock(pub(super) Timestamp);

impl FromSql for Clock {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let At(at) = At::column_result(value)?;
        match (EARLIEST..=LATEST).contains(&at) {
            true => Ok(Self(at)),
            false => Err(FromSqlError::OutOfRange(at.as_microsecond())),
        }
    }
}

/// Yes or no, read: a number but 1 and 0 is damaged.
pub(super) struct Flag(pub(super) bool);

impl FromSql for Flag {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self(false)),
            1 => Ok(Self(true)),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// A value as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        json(&self.0).map(Into::into)
    }
}

/// A value as its column keeps it.
pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A message for people, read: its links are as safe to follow as when it was written. Written as [`Json`].
pub(super) struct SafeMessage(pub(super) Message);

impl FromSql for SafeMessage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Json(mut message) = Json::<Message>::column_result(value)?;
        message.clean_links();
        Ok(Self(message))
    }
}

/// A link as text, where it is safe to follow.
pub(super) fn safe_link(link: String) -> Option<String> {
    let mut url = Url::parse(&link).ok();
    item::keep_safe_link(&mut url);
    url.map(|_| link)
}

/// An enum without data, as the word that it has in JSON.
pub(super) struct EnumText<T>(pub(super) T);

impl<T: Serialize> ToSql for EnumText<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let quoted = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(quoted.trim_matches('"').to_owned().into())
    }
}

impl<T: DeserializeOwned> FromSql for EnumText<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            value.as_str()?.into_deserializer();
        T::deserialize(word).map(Self).map_err(FromSqlError::other)
    }
}

/// A value that is written as text and read with `FromStr`.
pub(super) struct Text<T>(pub(super) T);

impl<T: std::fmt::Display> ToSql for Text<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl<T: std::str::FromStr<Err = String>> FromSql for Text<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(|why: String| FromSqlError::Other(why.into()))
    }
}

/// Reads a key from the columns `account`, `kind`, `id`, the first of which is `first`.
pub(super) fn key(row: &Row<'_>, first: usize) -> rusqlite::Result<ItemKey> {
    let Text(kind) = row.get(first + 1)?;
    Ok(ItemKey { account: AccountName(row.get(first)?), kind, id: row.get(first + 2)? })
}

/// Reads every row of a query with `read`. One whose JSON or word cannot be read is left out, so that it does not hide
/// the others.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut found = Vec::new();
    each(conn, sql, params, |row| {
        found.push(read(row)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Shows each row of a query to `look`, until it breaks off; nothing is kept. A row that cannot be read is passed over.
pub(super) fn each(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    mut look: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        match look(row) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(error) if is_unreadable(&error) => {
                tracing::warn!(%error, "a stored row cannot be read and is left out");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// True where a row was found and a value in it makes no sense: it is damaged, or of a newer version.
pub(super) fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    matches!(
        error,
        E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..)
    )
}

/// The column that a reader failed at, which reads all or nothing.
pub(super) fn strict(row: &Row<'_>, read: rusqlite::Result<()>) -> rusqlite::Result<Vec<String>> {
    use rusqlite::Error as E;
    match read {
        Ok(()) => Ok(Vec::new()),
        Err(
            E::FromSqlConversionFailure(column, ..)
            | E::IntegralValueOutOfRange(column, _)
            | E::InvalidColumnType(column, ..)
            | E::Utf8Error(column, _),
        ) => Ok(vec![row.as_ref().column_name(column)?.to_owned()]),
        Err(error) => Err(error),
    }
}

/// Reads a row column by column: one that cannot be read is noted, and hides nothing else of its row.
pub(super) struct Lenient<'r, 's> {
    row: &'r Row<'s>,
    unreadable: Vec<String>,
}

impl<'r, 's> Lenient<'r, 's> {
    pub(super) fn new(row: &'r Row<'s>) -> Self {
        Self { row, unreadable: Vec::new() }
    }

    /// A column's value; `None` where it cannot be read.
    pub(super) fn get<T: FromSql>(&mut self, column: usize) -> rusqlite::Result<Option<T>> {
        match self.row.get(column) {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_unreadable(&error) => {
                let name = self.row.as_ref().column_name(column)?.to_owned();
                tracing::warn!(%error, column = name, "part of a stored row cannot be read");
                self.unreadable.push(name);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The names of the columns that could not be read.
    pub(super) fn into_unreadable(self) -> Vec<String> {
        self.unreadable
    }
}

/// Reads the one row of a query, where there is one.
pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

/// Runs a statement; gives the number of rows that it changed.
pub(super) fn run(conn: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    conn.prepare_cached(sql)?.execute(params)
}
