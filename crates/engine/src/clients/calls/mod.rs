//! The answers to the calls of [`crate::api`]: each is a method of the engine.

mod accounts;
mod audit;
mod board;
mod change_accounts;
mod choices;
mod commands;
mod incidents;
mod item;
mod line;
mod log;
mod look_back;
mod posting;
mod read_now;
mod rooms;
mod upkeep;
mod value_names;

use std::time::Duration;

use callboard_domain::command::ArgError;

pub(crate) use self::log::LogReads;
use crate::api::{ApiError, LONGEST_LIST};

/// How long an answer waits for something new.
const LONG_POLL: Duration = Duration::from_secs(30);
/// The longest list that one answer gives.
const LIST_LIMIT: usize = LONGEST_LIST;
/// How many events of an item are given with it.
const HISTORY: u32 = 50;

/// How many entries a list is asked for: never cut silently.
fn page(limit: usize) -> Result<u32, ApiError> {
    if limit > LIST_LIMIT {
        let why = format!("a list has at most {LIST_LIMIT} entries, not {limit}; ask for it page by page");
        return Err(ApiError::usage(why));
    }
    Ok(limited(limit))
}

fn limited(limit: usize) -> u32 {
    u32::try_from(limit.min(LIST_LIMIT)).unwrap_or(u32::MAX)
}

/// The only one that a typed start or end can mean.
fn one_of(mut found: Vec<String>, typed: &str, what: &str, see: &str) -> Result<String, ApiError> {
    found.sort();
    found.dedup();
    match found.len() {
        0 => Err(ApiError::usage(format!("there is no {what} {typed:?}; see: {see}"))),
        1 => Ok(found.swap_remove(0)),
        _ => {
            found.truncate(10);
            Err(ArgError::Ambiguous { arg: "id".into(), found: typed.into(), candidates: found }.into())
        }
    }
}
