//! Times as they are typed.

use anyhow::Result;
use callboard_domain::{duration::Span, until};
use jiff::{Timestamp, tz::TimeZone};

use crate::exit::Usage;

/// A time to come: a length of time from now, or a time.
pub(crate) fn to_come(text: &str, now: Timestamp) -> Result<Timestamp> {
    until::until(text, &now.to_zoned(TimeZone::system())).map_err(|why| Usage(why).into())
}

/// A time past: a length of time ago, or a time.
pub(crate) fn past(text: &str, now: Timestamp) -> Result<Timestamp> {
    match text.parse::<Span>() {
        Ok(span) => Ok(now - span.0),
        Err(_) => at(text),
    }
}

fn at(text: &str) -> Result<Timestamp> {
    let zone = TimeZone::system();
    let zoned =
        || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(zone).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(zoned).ok_or_else(|| {
        Usage(format!(
            "expected a length of time such as 2h, or a time such as 2026-11-22T10:00, found {text:?}"
        ))
        .into()
    })
}
