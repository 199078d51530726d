//! When few calls of the hourly rate limit are left.

use callboard_domain::source::RateLimit;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// Below a tenth of the rate limit only the lists are read, until its window is over: what is left is for commands.
pub(super) fn is_scarce(rate_limit: &RateLimit, now: Timestamp) -> bool {
    rate_limit.reset_at > now && u64::from(rate_limit.remaining) * 10 < u64::from(rate_limit.limit)
}

/// It is shown until the next poll: it gives the time, not how long that is from now.
pub(super) fn scarcity(rate_limit: &RateLimit) -> String {
    let used = rate_limit.limit.saturating_sub(rate_limit.remaining);
    // The minute that it is over in has not begun before.
    let over =
        rate_limit.reset_at.saturating_add(SignedDuration::from_secs(59)).unwrap_or(rate_limit.reset_at);
    let until = over.to_zoned(TimeZone::system()).strftime("%H:%M");
    format!(
        "{used} of {} calls used: reviews, checks, approvals and failed jobs wait until {until}",
        rate_limit.limit
    )
}
