//! Refusals in the log: a few are written as they come, of a flood only how many there were.

use std::time::Duration;

use jiff::Timestamp;

/// How many are written within a [`WINDOW`].
const WRITTEN: u32 = 5;
/// After so long, refusals are written again.
const WINDOW: Duration = Duration::from_secs(60);

/// What is written of refusals.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    began: Option<Timestamp>,
    written: u32,
    more: u64,
}

/// What to do about one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Logged {
    /// Write this one.
    pub(super) write: bool,
    /// First log how many were refused without being logged.
    pub(super) more: u64,
}

impl Refusals {
    /// One more was refused.
    pub(super) fn refused(&mut self, now: Timestamp) -> Logged {
        let mut more = 0;
        let is_over = |began: Timestamp| now.duration_since(began).unsigned_abs() >= WINDOW;
        if self.began.is_none_or(is_over) {
            more = self.more;
            *self = Self { began: Some(now), written: 0, more: 0 };
        }
        let write = self.written < WRITTEN;
        match write {
            true => self.written += 1,
            false => self.more += 1,
        }
        Logged { write, more }
    }

    /// How many were refused and not written since this was last asked: for the end of a flood.
    pub(super) fn rest(&mut self) -> u64 {
        std::mem::take(&mut self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_written() {
        let mut refusals = Refusals::default();
        let at = |second: i64| Timestamp::from_second(1_795_000_000 + second).unwrap();
        let written = (0..1_000).filter(|_| refusals.refused(at(0)).write).count();
        assert_eq!(written, 5);
        assert_eq!(refusals.refused(at(59)), Logged { write: false, more: 0 });
        assert_eq!(refusals.refused(at(60)), Logged { write: true, more: 996 });
        assert_eq!(refusals.refused(at(61)), Logged { write: true, more: 0 });
        assert_eq!(refusals.rest(), 0);
        for _ in 0..10 {
            refusals.refused(at(62));
        }
        assert_eq!(refusals.rest(), 7);
        assert_eq!(refusals.rest(), 0);
        // A clock that goes back opens a new window sooner or later, and never writes more.
        assert!(refusals.refused(at(-100)).write);
    }
}
