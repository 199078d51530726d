//! What a clock shows where it is set: times that it skips, and times that it shows twice.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{
    clock::MIDNIGHT,
    error::{Expected, TimeError},
};

/// When the clock of a zone shows that; where it skips that or shows it twice, the error has both times that can be meant.
pub(super) fn shown_once(at: DateTime, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    let both = first_and_last(at, zone)?;
    let [first, last] = both;
    if first == last {
        return Ok(first);
    }
    let is_skipped = matches!(zone.to_ambiguous_timestamp(at).offset(), AmbiguousOffset::Gap { .. });
    let (time, date) = (at.strftime("%H:%M"), at.date());
    let why = match is_skipped {
        true => format!("the clock skips {time} on {date}"),
        false => format!("the clock shows {time} twice on {date}"),
    };
    let clear = both.map(|at| at.display_with_offset(zone.to_offset(at)).to_string());
    Err(TimeError::Ambiguous(Expected::one_of(clear.into(), why)))
}

/// The first and the last time that can be meant by what the clock of a zone shows: one, unless it skips that or shows it
/// twice. Midnight is the beginning of its day, whenever that is.
pub(super) fn first_and_last(at: DateTime, zone: &TimeZone) -> Result<[Timestamp; 2], TimeError> {
    let shown = zone.to_ambiguous_timestamp(at);
    let both = match at.time() == MIDNIGHT {
        true => shown.compatible().map(|at| [at, at]),
        false => shown.earlier().and_then(|first| Ok([first, shown.later()?])),
    };
    both.map_err(|_| TimeError::TooFar)
}
