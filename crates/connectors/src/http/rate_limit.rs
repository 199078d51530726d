//! The rate limit that a service reports, and the pace at which it may be asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::{error::LONGEST_RETRY_AFTER, source::RateLimit};
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
    /// How long the window is, at most: no reset is further away, whatever an answer has.
    pub window: SignedDuration,
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

/// The longest window that a service can mean: what ends later has its clock or its unit wrong.
pub(super) const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(24);

impl RateLimitHeaders {
    /// `X-RateLimit-*` with a time, as GitHub and many others have it.
    pub const X_RATE_LIMIT: Self = Self {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        reset_is: Reset::At,
        window: LONGEST_WINDOW,
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

    /// True where calls are known to be left.
    pub(super) fn has_calls_left(&self, headers: &HeaderMap) -> bool {
        text(headers, self.remaining).and_then(|left| left.parse::<u64>().ok()).is_some_and(|left| left > 0)
    }

    /// When calls are allowed again: at the end of the window, at the latest.
    pub(super) fn reset_at(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let stated = self.stated_reset(headers, now)?;
        Some(now.saturating_add(stated.min(self.window)).unwrap_or(Timestamp::MAX))
    }

    /// How long the service asks to wait until then. Of a wait that is longer than any that is kept, the error says what was
    /// asked for: that one is as stated, also where no window is as long.
    pub(super) fn wait(&self, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
        let stated = self.stated_reset(headers, now)?.unsigned_abs();
        let window = self.window.unsigned_abs();
        Some(if window < LONGEST_RETRY_AFTER { stated.min(window) } else { stated })
    }

    /// In how long calls are allowed again, by the service. It is not known where it names a time that is over, or further off
    /// than any window: that is another unit, another clock, or a 0 for want of a time.
    fn stated_reset(&self, headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
        let seconds = text(headers, self.reset)?.parse().ok()?;
        let reported = match self.reset_is {
            Reset::At => Timestamp::from_second(seconds).ok()?.duration_since(now),
            Reset::In => SignedDuration::from_secs(seconds),
        };
        (!reported.is_negative() && reported <= LONGEST_WINDOW).then_some(reported)
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// What is left of an account's rate limit, kept for all who make requests with it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastRateLimit(Arc<Mutex<Option<RateLimit>>>);

impl LastRateLimit {
    /// Takes note of an answer that has just been received: the latest one counts.
    pub(super) fn note(&self, by: &RateLimitHeaders, headers: &HeaderMap, now: Timestamp) {
        let Some(new) = by.read(headers, now) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers overtake each other: within one window the lowest count is the latest. Any other is later than
        // what is known, though its window may end earlier.
        let is_overtaken =
            known.is_some_and(|known| new.reset_at == known.reset_at && new.remaining >= known.remaining);
        if !is_overtaken {
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
        window: SignedDuration::from_mins(10),
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
            // A window that is over says nothing of the next, nor does one of another unit.
            ("58", "4900", 5000, 59),
            ("0", "9999999999", 5000, 59),
            ("0", "8500000", 5000, 59),
            ("0", "0", 5000, 59),
            ("57", "8500", 5000, 57),
        ];
        for (remaining, reset, now, expected) in cases {
            limit.note(&RateLimitHeaders::X_RATE_LIMIT, &answer(remaining, reset), at(now));
            assert_eq!(limit.get().map(|limit| limit.remaining), Some(expected), "{remaining} at {now}");
        }
    }

    /// What answers have, one after the other, and when -> the calls left then, and in how many seconds there are more.
    #[test]
    fn latest_answer_counts_and_no_window_is_longer_than_the_services() {
        let hourly = RateLimitHeaders { window: SignedDuration::from_hours(1), ..CORE };
        let answer = |remaining: &str, reset: i64| {
            let reset = reset.to_string();
            headers(&[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset.as_str()),
            ])
        };
        let limit = LastRateLimit::default();
        let cases = [
            // A reset that is wrong: the next answer has another.
            ("0", 81_000, 1_000, 0, 3_600),
            ("4990", 4_000, 1_001, 4_990, 2_999),
            // Overtaken by the one before.
            ("4991", 4_000, 1_002, 4_990, 2_998),
            ("4989", 4_000, 1_003, 4_989, 2_997),
            // Wrong again, and nothing came until its time was over.
            ("0", 60_000, 1_004, 0, 3_600),
            ("5000", 8_300, 4_700, 5_000, 3_600),
            // Of the window before: under way while the next began.
            ("3", 4_000, 4_701, 5_000, 3_599),
            // The service's clock was put right: its window ends earlier.
            ("4999", 6_000, 4_702, 4_999, 1_298),
        ];
        for (remaining, reset, now, left, seconds) in cases {
            limit.note(&hourly, &answer(remaining, reset), at(now));
            let known = limit.get().expect("an answer came");
            let wait = known.reset_at.duration_since(at(now)).as_secs();
            assert_eq!((known.remaining, wait), (left, seconds), "{remaining}, {reset} at {now}");
        }
    }

    /// What the headers of each kind say -> in how many seconds the window ends, where that is known.
    #[test]
    fn reset_that_cannot_be_meant_is_not_known() {
        let now = 1_795_348_800;
        let hourly = RateLimitHeaders { window: SignedDuration::from_hours(1), ..CORE };
        let usual = RateLimitHeaders::X_RATE_LIMIT;
        let cases = [
            (usual, "1795348800", Some(0)),
            (usual, "1795348860", Some(60)),
            (usual, " 1795348860 ", Some(60)),
            (usual, "1795435200", Some(86_400)),
            (usual, "1795435201", None),
            (hourly, "1795348860", Some(60)),
            // By a clock that is ahead: no window is longer than the service's.
            (hourly, "1795428800", Some(3_600)),
            (hourly, "1795435201", None),
            // Over, by a clock that is behind or for want of a time.
            (usual, "1795348799", None),
            (usual, "0", None),
            (usual, "-1", None),
            (usual, "-9223372036854775808", None),
            // In milliseconds, in microseconds, in seconds from now.
            (usual, "1795348860000", None),
            (usual, "1795348860000000", None),
            (usual, "60", None),
            (usual, "9223372036854775807", None),
            (usual, "9223372036854775808", None),
            (usual, "1795348860.5", None),
            (usual, "Sun, 22 Nov 2026 12:01:00 GMT", None),
            (usual, "soon", None),
            (usual, "", None),
            (RELATIVE, "0", Some(0)),
            (RELATIVE, "45", Some(45)),
            (RELATIVE, "600", Some(600)),
            (RELATIVE, "601", Some(600)),
            // In milliseconds.
            (RELATIVE, "45000", Some(600)),
            // A time.
            (RELATIVE, "1795348860", None),
            (RELATIVE, "-5", None),
            (RELATIVE, "9223372036854775807", None),
            (RELATIVE, "soon", None),
        ];
        for (by, reset, expected) in cases {
            let found = by.reset_at(&headers(&[(by.reset, reset)]), at(now));
            let found = found.map(|reset_at| reset_at.duration_since(at(now)).as_secs());
            assert_eq!(found, expected, "{} {reset:?}", by.reset);
            let answer = headers(&[(by.limit, "60"), (by.remaining, "7"), (by.reset, reset)]);
            let shown = by.read(&answer, at(now)).map(|limit| limit.reset_at);
            let shown = shown.map(|reset_at| reset_at.duration_since(at(now)).as_secs());
            assert_eq!(shown, expected, "what is not known is not shown: {} {reset:?}", by.reset);
        }
        // Headers are called the same in any letters.
        let capitals = headers(&[("X-RateLimit-Reset", "1795348860")]);
        assert_eq!(usual.reset_at(&capitals, at(now)), Some(at(now + 60)));
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
