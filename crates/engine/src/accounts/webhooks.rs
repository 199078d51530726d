//! Webhooks that an account's service sent and that cannot be read: its page says so until one is read again.

use std::sync::{Mutex, PoisonError};

use callboard_domain::{
    source::{Problem, ProblemKind},
    text,
};
use jiff::Timestamp;

/// The longest reason that is shown, in characters.
const LONGEST_WHY: usize = 200;

/// The webhooks of one account that could not be read since the last one that was.
#[derive(Debug, Default)]
pub(crate) struct UnreadWebhooks(Mutex<Option<Unread>>);

#[derive(Debug)]
struct Unread {
    count: u64,
    /// When the last one came.
    at: Timestamp,
    /// Where and why that one cannot be read.
    why: String,
}

impl UnreadWebhooks {
    /// One came that cannot be read. `why` names the field.
    pub(crate) fn note(&self, why: &str, now: Timestamp) {
        let mut unread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = unread.as_ref().map_or(1, |before| before.count.saturating_add(1));
        *unread = Some(Unread { count, at: now, why: text::line(why, LONGEST_WHY) });
    }

    /// One was read.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the account's page says of them. The account is polled for each, so no row is missing for it.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let unread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Unread { count, at, why } = unread.as_ref()?;
        let many = if *count == 1 { "a webhook".to_owned() } else { format!("{count} webhooks") };
        let why = format!(
            "{many} could not be read, and the account is polled instead; the last, at {at:.0}: {why}"
        );
        Some(Problem::new(ProblemKind::Details, "", why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_webhooks_are_counted_until_one_is_read() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let unread = UnreadWebhooks::default();
        assert_eq!(unread.problem(), None);
        unread.note("pull_request.number: it has no number", at(0));
        let once = unread.problem().unwrap();
        assert!(!once.hides(), "the poll sees what it was about");
        assert_eq!(
            once.why,
            "a webhook could not be read, and the account is polled instead; the last, at 1970-01-01T00:00:00Z: \
             pull_request.number: it has no number"
        );
        unread.note("event.data: `id` is missing", at(60));
        let twice = unread.problem().unwrap().why;
        assert!(twice.starts_with("2 webhooks could not be read"), "{twice}");
        assert!(twice.ends_with("1970-01-01T00:01:00Z: event.data: `id` is missing"), "{twice}");
        unread.clear();
        assert_eq!(unread.problem(), None);
    }
}
