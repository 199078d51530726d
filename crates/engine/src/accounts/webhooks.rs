//! Webhooks that an account's service sent and that cannot be read: its page says so until one is read again, and it is
//! polled for them, at a pace.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    source::{Problem, ProblemKind},
    text,
};
use jiff::Timestamp;
use tokio::sync::Notify;

/// The longest reason that is shown, in characters.
const LONGEST_WHY: usize = 200;

/// The webhooks of one account that could not be read, in whole or in part, since the last one that was. They are rightly
/// forgotten with the program: each start polls the account, which sees whatever they were about, and the next one
/// that cannot be read is named again.
#[derive(Debug, Default)]
pub(crate) struct UnreadWebhooks {
    state: Mutex<State>,
    /// Wakes the polling of the account. What a webhook is about is there already: unlike a change that was made from here, it
    /// needs no second look.
    poll: Notify,
}

#[derive(Debug, Default)]
struct State {
    unread: Option<Unread>,
    /// When the account was last polled for one, or is to be.
    polled_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Unread {
    count: u64,
    /// When the last one came.
    at: Timestamp,
    /// Where and why that one cannot be read.
    why: String,
}

impl UnreadWebhooks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One came that cannot be read. `why` names the field.
    pub(crate) fn note(&self, why: &str, now: Timestamp) {
        let mut state = self.state();
        let count = state.unread.as_ref().map_or(1, |before| before.count.saturating_add(1));
        state.unread = Some(Unread { count, at: now, why: text::line(why, LONGEST_WHY) });
    }

    /// How long to wait with the poll for one that came at `now`: the first is polled for at once, then there is one such
    /// poll in each `every`, whatever comes. `None` where a poll that is to come sees this one too.
    pub(crate) fn poll_in(&self, every: Duration, now: Timestamp) -> Option<Duration> {
        let mut state = self.state();
        let next = state.polled_at.and_then(|at| at.checked_add(every).ok());
        let wait = match (state.polled_at, next) {
            // A time further off than that was noted while the clock was ahead.
            (Some(at), _) if at > now && at.duration_since(now).unsigned_abs() <= every => return None,
            (Some(at), Some(next)) if at <= now && next > now => next.duration_since(now).unsigned_abs(),
            _ => Duration::ZERO,
        };
        state.polled_at = now.checked_add(wait).ok();
        Some(wait)
    }

    /// Has the account polled.
    pub(crate) fn poll_now(&self) {
        self.poll.notify_one();
    }

    /// Waits until the account is to be polled for them.
    pub(crate) async fn poll_due(&self) {
        self.poll.notified().await;
    }

    /// One was read.
    pub(crate) fn clear(&self) {
        self.state().unread = None;
    }

    /// What the account's page says of them. The account is polled for them, so no row is missing for it.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let state = self.state();
        let Unread { count, at, why } = state.unread.as_ref()?;
        let many = if *count == 1 { "a webhook".to_owned() } else { format!("{count} webhooks") };
        let why = format!(
            "{many} could not be read in full, and the account is polled instead; the last, at {at:.0}: {why}"
        );
        Some(Problem::new(ProblemKind::Details, "", why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn unreadable_webhooks_are_counted_until_one_is_read() {
        let unread = UnreadWebhooks::default();
        assert_eq!(unread.problem(), None);
        unread.note("pull_request.number: it has no number", at(0));
        let once = unread.problem().unwrap();
        assert!(!once.hides(), "the poll sees what it was about");
        assert_eq!(
            once.why,
            "a webhook could not be read in full, and the account is polled instead; the last, at \
             1970-01-01T00:00:00Z: pull_request.number: it has no number"
        );
        unread.note("event.data: `id` is missing", at(60));
        let twice = unread.problem().unwrap().why;
        assert!(twice.starts_with("2 webhooks could not be read"), "{twice}");
        assert!(twice.ends_with("1970-01-01T00:01:00Z: event.data: `id` is missing"), "{twice}");
        unread.clear();
        assert_eq!(unread.problem(), None);
    }

    #[test]
    fn a_flood_of_unreadable_webhooks_is_polled_for_at_a_pace() {
        let unread = UnreadWebhooks::default();
        let minute = Duration::from_secs(60);
        // It comes at -> the wait for the poll; `None`: one that is to come sees it.
        let cases = [
            (1_000, Some(0)),
            (1_000, Some(60)),
            (1_001, None),
            (1_059, None),
            // That poll was begun.
            (1_060, Some(60)),
            (1_119, None),
            (1_120, Some(60)),
            // None for a while: at once again.
            (1_300, Some(0)),
            (1_359, Some(1)),
            // One that is read in between changes no pace.
            (1_359, None),
            // The clock was ahead.
            (500, Some(0)),
            (500, Some(60)),
        ];
        for (now, expected) in cases {
            let wait = unread.poll_in(minute, at(now));
            assert_eq!(wait, expected.map(Duration::from_secs), "{now}");
            unread.clear();
        }
        let many = UnreadWebhooks::default();
        let polls = (0..600_000)
            .filter(|ms| many.poll_in(minute, Timestamp::from_millisecond(*ms).unwrap()).is_some());
        assert_eq!(polls.count(), 11, "one at once, then one a minute");
    }
}
