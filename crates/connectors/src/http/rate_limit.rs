//! The rate limit that a service reports, and the pace at which it may be asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::source::RateLimit;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// The headers in which a service reports its rate limit.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitHeaders {
    /// Calls allowed in the window.
    pub limit: &'static str,
    /// Calls left in it.
    pub remaining: &'static str,
    /// When the window ends.
    pub reset: &'static str,
    /// How `reset` is meant.
    pub reset_is: Reset,
    /// Where a service counts several limits: the header that names the one an answer is about, and the one that is meant.
    pub of: Option<(&'static str, &'static str)>,
}

/// How the end of a rate limit's window is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// In seconds since 1970.
    At,
    /// In seconds from now.
    In,
}

impl RateLimitHeaders {
    /// `X-RateLimit-*` with a time, as GitHub and many others have it.
    pub const X_RATE_LIMIT: Self = Self {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        reset_is: Reset::At,
        of: None,
    };

    /// The rate limit of an answer, where it has all of it.
    fn read(&self, headers: &HeaderMap, now: Timestamp) -> Option<RateLimit> {
        if self.of.is_some_and(|(which, own)| text(headers, which).is_some_and(|other| other != own)) {
            return None;
        }
        let number = |name| text(headers, name)?.parse::<u32>().ok();
        Some(RateLimit {
            limit: number(self.limit)?,
            remaining: number(self.remaining)?,
            reset_at: self.reset_at(headers, now)?,
        })
    }

    /// True where no call is left.
    pub(super) fn is_spent(&self, headers: &HeaderMap) -> bool {
        text(headers, self.remaining) == Some("0")
    }

    /// When calls are allowed again.
    pub(super) fn reset_at(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let seconds = text(headers, self.reset)?.parse().ok()?;
        match self.reset_is {
            Reset::At => Timestamp::from_second(seconds).ok(),
            Reset::In => now.checked_add(SignedDuration::from_secs(seconds)).ok(),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// What is left of an account's rate limit, kept for all who make requests with it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastRateLimit(Arc<Mutex<Option<RateLimit>>>);

impl LastRateLimit {
    pub(super) fn note(&self, by: &RateLimitHeaders, headers: &HeaderMap, now: Timestamp) {
        // What ends later than in a day has its clock or its unit wrong.
        let plausible = |new: &RateLimit| new.reset_at.duration_since(now) <= SignedDuration::from_hours(24);
        let Some(new) = by.read(headers, now).filter(plausible) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers overtake each other: within one window the lowest count is the latest.
        let is_news = known.is_none_or(|known| {
            new.reset_at > known.reset_at
                || (new.reset_at == known.reset_at && new.remaining < known.remaining)
        });
        if is_news {
            *known = Some(new);
        }
    }

    /// As last reported.
    pub(super) fn get(&self) -> Option<RateLimit> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets requests begin one after the other, as slowly as their service asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// How far two requests are apart, at least.
    pub(super) apart: Duration,
    /// How many requests of one call may begin within how long.
    pub(super) of_a_call: Option<(usize, Duration)>,
    /// When requests have begun and will begin, in order, each with its call.
    turns: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Pace {
    /// True where there is anything to keep to.
    pub(super) fn is_set(&self) -> bool {
        !self.apart.is_zero() || self.of_a_call.is_some()
    }

    /// How long a request of that call that is ready now has to wait for its turn, which it takes.
    pub(super) fn turn(&self, call: String, now: Instant) -> Duration {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let reach = self.of_a_call.map_or(self.apart, |(_, within)| within.max(self.apart));
        turns.retain(|(turn, _)| *turn + reach > now);
        let mut turn = now;
        if let Some((most, within)) = self.of_a_call {
            let mut own = turns.iter().rev().filter(|(_, own)| *own == call);
            let first = own.nth(most.saturating_sub(1));
            turn = first.map_or(now, |(first, _)| now.max(*first + within));
        }
        // The first gap from then on: a call that has to wait long holds up no other.
        for (taken, _) in &*turns {
            if turn < *taken + self.apart && *taken < turn + self.apart {
                turn = *taken + self.apart;
            }
        }
        let place = turns.partition_point(|(taken, _)| *taken <= turn);
        turns.insert(place, (turn, call));
        turn - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELATIVE: RateLimitHeaders = RateLimitHeaders {
        limit: "ratelimit-limit",
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
        reset_is: Reset::In,
        of: None,
    };
    const CORE: RateLimitHeaders =
        RateLimitHeaders { of: Some(("x-ratelimit-resource", "core")), ..RateLimitHeaders::X_RATE_LIMIT };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn is_read_by_each_services_headers() {
        let absolute =
            [("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "1300")];
        let relative = [("ratelimit-limit", "60"), ("ratelimit-remaining", "7"), ("ratelimit-reset", "300")];
        let search = [&absolute[..], &[("x-ratelimit-resource", "search")]].concat();
        let core = [&absolute[..], &[("x-ratelimit-resource", "core")]].concat();
        let odd =
            [("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "soon")];
        let expected = Some(RateLimit { limit: 60, remaining: 7, reset_at: at(1300) });
        let cases = [
            (RateLimitHeaders::X_RATE_LIMIT, &absolute[..], expected),
            (RELATIVE, &relative[..], expected),
            (RELATIVE, &absolute[..], None),
            (CORE, &core[..], expected),
            (CORE, &absolute[..], expected),
            (CORE, &search[..], None),
            (CORE, &odd[..], None),
            (CORE, &absolute[..2], None),
            (CORE, &[], None),
        ];
        for (by, pairs, expected) in cases {
            assert_eq!(by.read(&headers(pairs), at(1000)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn lowest_count_of_overtaking_responses_is_kept() {
        let limit = LastRateLimit::default();
        let answer = |remaining: &str, reset: &str| {
            headers(&[
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset),
            ])
        };
        // What an answer has and when -> the calls left then.
        let cases = [
            ("7", "1300", 1000, 7),
            ("9", "1300", 1001, 7),
            ("6", "1300", 1002, 6),
            ("59", "4900", 1301, 59),
            ("5", "1300", 1301, 59),
            ("58", "4900", 5000, 58),
            ("0", "9999999999", 5000, 58),
            ("59", "8500", 5000, 59),
        ];
        for (remaining, reset, now, expected) in cases {
            limit.note(&RateLimitHeaders::X_RATE_LIMIT, &answer(remaining, reset), at(now));
            assert_eq!(limit.get().map(|limit| limit.remaining), Some(expected), "{remaining} at {now}");
        }
    }

    #[test]
    fn requests_begin_one_after_another() {
        let pace = Pace { apart: Duration::from_millis(500), ..Pace::default() };
        let begun = Instant::now();
        let ms = |ms| begun + Duration::from_millis(ms);
        // When a request is ready -> how long it waits.
        for (ready, expected) in [(0, 0), (0, 500), (100, 900), (5_000, 0), (5_400, 100)] {
            let waits = pace.turn(String::new(), ms(ready));
            assert_eq!(waits, Duration::from_millis(expected), "ready at {ready} ms");
        }
    }

    #[test]
    fn exhausted_call_waits_and_delays_no_other() {
        let (apart, within) = (Duration::from_millis(500), Duration::from_secs(60));
        let pace = Pace { apart, of_a_call: Some((2, within)), ..Pace::default() };
        let begun = Instant::now();
        let ms = |ms| begun + Duration::from_millis(ms);
        // The call, when a request of it is ready -> how long it waits.
        let cases = [
            ("list", 0, 0),
            ("list", 0, 500),
            ("list", 0, 60_000),
            ("list", 1_000, 59_500),
            ("ack", 1_000, 0),
            ("ack", 1_000, 500),
            // Between those that wait for their turn.
            ("user", 59_900, 1_100),
            ("list", 90_000, 30_000),
            ("list", 300_000, 0),
        ];
        for (call, ready, expected) in cases {
            let waits = pace.turn(call.to_owned(), ms(ready));
            assert_eq!(waits, Duration::from_millis(expected), "{call} at {ready} ms");
        }
    }

    #[test]
    fn whoever_asks_for_turns_the_limits_are_kept() {
        let (apart, within, most) = (Duration::from_millis(500), Duration::from_secs(60), 6);
        let pace = Pace { apart, of_a_call: Some((most, within)), ..Pace::default() };
        let begun = Instant::now();
        let mut turns: Vec<(Instant, usize)> = Vec::new();
        for request in 0_u64..400 {
            let ready = begun + Duration::from_millis(request * 700 + (request % 3) * 300);
            let call = usize::try_from(request * 31 % 4).unwrap();
            turns.push((ready + pace.turn(call.to_string(), ready), call));
        }
        turns.sort();
        assert!(turns.windows(2).all(|two| two[1].0 - two[0].0 >= apart), "two at once");
        for call in 0..4 {
            let own: Vec<_> = turns.iter().filter(|(_, own)| *own == call).map(|(at, _)| *at).collect();
            let spans = own.windows(most + 1).map(|turns| turns[most] - turns[0]);
            assert!(own.len() == 100 && spans.min().is_some_and(|span| span >= within), "call {call}");
        }
    }
}
