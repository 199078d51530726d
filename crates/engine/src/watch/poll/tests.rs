use super::*;

fn rate_limit(remaining: u32) -> Option<RateLimit> {
    Some(RateLimit { limit: 5_000, remaining, reset_at: Timestamp::from_second(1_000).unwrap() })
}

#[test]
fn polls_are_slow_while_a_rate_limit_is_nearly_reached() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let minute = Duration::from_secs(60);
    let cases = [
        (None, 0, minute),
        (rate_limit(5_000), 0, minute),
        (rate_limit(1_000), 0, minute),
        (rate_limit(999), 0, SPARING_EVERY),
        (rate_limit(0), 999, SPARING_EVERY),
        (rate_limit(0), 1_000, minute),
    ];
    for (rate_limit, now, expected) in cases {
        assert_eq!(pace(minute, rate_limit, at(now)), expected, "{rate_limit:?} at {now}");
    }
    assert_eq!(pace(SPARING_EVERY * 2, rate_limit(0), at(0)), SPARING_EVERY * 2);
}

#[test]
fn source_read_in_parts_is_polled_again_at_once_while_it_progresses() {
    let left = |done, details_left| Some((Progress { done, total: 200 }, details_left));
    let part = |done| left(done, 0);
    let cases = [
        (None, None, false),
        (None, part(40), true),
        (part(40), part(80), true),
        (part(40), part(40), false),
        (part(190), None, false),
        (part(190), part(10), true), // begun again: more is watched by now
        // All is listed, and details are left.
        (part(190), left(200, 8), true),
        (left(200, 8), left(200, 4), true),
        (left(200, 4), left(200, 4), false),
        (left(200, 4), left(200, 9), true),
        (left(200, 4), None, false),
    ];
    for (before, now, expected) in cases {
        assert_eq!(goes_on(before, now), expected, "{before:?}, {now:?}");
    }
}

#[tokio::test]
async fn teams_are_kept_of_the_same_place_alone() {
    let origin = |url: &str| Origin::new("github", &url.parse().unwrap(), None);
    let (here, elsewhere) = (origin("https://a.example"), origin("https://b.example"));
    let me = |teams: &[&str], unread: Option<&str>| Identity {
        login: "kim".to_owned(),
        teams: teams.iter().copied().map(str::to_owned).collect(),
        teams_unread: unread.map(str::to_owned),
        ..Identity::default()
    };
    // where it was known to be, where it is -> the teams that it has
    let cases: [(Option<&Origin>, Option<&Origin>, &[&str]); 4] = [
        (Some(&here), Some(&here), &["web", "release"]),
        (None, Some(&here), &["web", "release"]),
        (Some(&elsewhere), Some(&here), &["web"]),
        (Some(&elsewhere), None, &["web"]),
    ];
    let (forge, now) = (AccountName::from("forge"), Timestamp::UNIX_EPOCH);
    let store = Store::temporary(now).unwrap();
    store.identified(&forge, me(&["release"], None), None, now).await.unwrap();
    let known = store.source(&forge).await.unwrap().unwrap();
    for (before, origin, expected) in cases {
        let known = StoredSource { origin: before.cloned(), ..known.clone() };
        let identity = with_teams_known_here(me(&["web"], Some("no")), origin, Some(known));
        assert_eq!(identity.teams, me(expected, None).teams, "{before:?} -> {origin:?}");
    }
}

#[test]
fn wait_that_a_service_asked_for_outlasts_a_restart() {
    let limited = |s| ServiceError::RateLimited { why: String::new(), retry_after: Duration::from_secs(s) };
    // the error, since when, when the program is started -> for how many seconds it is not asked
    let cases = [
        (limited(600), 1_000, 1_000, Some(600)),
        (limited(600), 1_000, 1_300, Some(300)),
        (limited(600), 1_000, 1_600, None),
        (limited(600), 1_000, 9_000, None),
        // It was refused again and again, and the wait is counted from the first time.
        (limited(9_000), 1_000, 9_400, Some(600)),
        (limited(9_000), 1_000, 1_000, Some(3_600)),
        // The clock was put back.
        (limited(600), 90_000, 1_000, Some(3_600)),
        (limited(u64::MAX), 1_000, 1_000, None),
        (limited(0), 1_000, 1_000, None),
        (ServiceError::unavailable("down"), 1_000, 1_000, None),
        (ServiceError::auth("no"), 1_000, 1_000, None),
    ];
    let at = |second| Timestamp::from_second(second).unwrap();
    for (error, since, now, expected) in cases {
        let left = wait_left(&error, at(since), at(now));
        assert_eq!(left, expected.map(Duration::from_secs), "{error:?} since {since} at {now}");
    }
}

#[test]
fn trouble_is_tried_again_later_and_later() {
    let minute = Duration::from_secs(60);
    let down = PollError::from(ServiceError::unavailable("down"));
    let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 100].map(|n| backoff(minute, n, &down).as_secs()).to_vec();
    assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900]);
    let limited = |s| {
        let retry_after = Duration::from_secs(s);
        PollError::from(ServiceError::RateLimited { why: String::new(), retry_after })
    };
    assert_eq!(backoff(minute, 1, &limited(300)).as_secs(), 300);
    assert_eq!(backoff(minute, 1, &limited(3)).as_secs(), 60);
    assert_eq!(backoff(minute, 9, &limited(3_600)).as_secs(), 3_600);
    assert_eq!(backoff(minute, 1, &limited(3_601)), LONGEST_RETRY_AFTER);
    assert_eq!(backoff(minute, 1, &limited(u64::MAX)), LONGEST_RETRY_AFTER);
    assert_eq!(backoff(Duration::from_secs(7_200), 1, &limited(u64::MAX)).as_secs(), 7_200);
    assert_eq!(backoff(Duration::from_secs(3_600), 2, &down).as_secs(), 3_600);
}

#[test]
fn what_could_not_be_recorded_is_read_again_soon_and_then_later_and_later() {
    let full = PollError::from(StoreError::Full { file: "/data/callboard.db".into() });
    let down = PollError::from(ServiceError::unavailable("down"));
    // how often it is polled, how many polls have failed, why -> the wait in seconds
    let cases = [
        (6 * 3_600, 1, &full, 60),
        (6 * 3_600, 2, &full, 120),
        (6 * 3_600, 100, &full, 900),
        (60, 1, &full, 60),
        (60, 5, &full, 900),
        (1, 1, &full, 1),
        (1, 5, &full, 16),
        (1, 100, &full, 900),
        // It is the service that is spared.
        (6 * 3_600, 1, &down, 6 * 3_600),
        (1, 5, &down, 16),
    ];
    for (every, failures, error, expected) in cases {
        let wait = backoff(Duration::from_secs(every), failures, error);
        assert_eq!(wait.as_secs(), expected, "{error:?}, {failures} times, every {every} s");
    }
}

#[test]
fn account_is_overdue_where_its_poll_should_have_ended() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let late = i64::try_from(OVERDUE_AFTER.as_secs()).unwrap();
    // when it was read last, when it is polled next, how often, what time it is -> since when it is due
    let cases = [
        (1_000, Some(1_060), 60, 1_024, None),
        (1_000, Some(1_060), 60, 1_060, None),
        // It is being read.
        (1_000, Some(1_060), 60, 1_060 + late, None),
        (1_000, Some(1_060), 60, 1_061 + late, Some(1_060)),
        // The computer slept.
        (1_000, Some(1_060), 60, 30_000, Some(1_060)),
        // Its service is to be spared, or it is read in parts: it is polled when that says.
        (1_000, Some(1_300), 60, 1_300 + late, None),
        (1_000, Some(90_000), 60, 90_000, None),
        // Somebody had it polled, though its own poll does not end.
        (9_000, Some(1_060), 60, 9_000, None),
        (9_000, Some(1_060), 60, 9_061 + late, Some(9_060)),
        // Callboard was started: at once, and after a night.
        (1_000, None, 60, 1_020, None),
        (1_000, None, 60, 30_000, Some(1_060)),
        (1_000, None, 900, 1_900 + late, None),
        // The clock was put back.
        (30_000, Some(30_060), 60, 1_000, None),
    ];
    for (last_ok, next, every, now, expected) in cases {
        let context = format!("read at {last_ok}, next at {next:?}, every {every} s, now {now}");
        let found = overdue(at(last_ok), next.map(at), Duration::from_secs(every), at(now));
        assert_eq!(found, expected.map(at), "{context}");
    }
}

#[tokio::test(start_paused = true)]
async fn wait_for_a_poll_ends_by_the_clock_where_the_computer_slept() {
    // how long to wait, after how many seconds the clock jumps, and by how many -> how long it is waited
    let cases = [
        (60, None, 60),
        (900, None, 900),
        (900, Some((100, 28_800)), 120),
        (900, Some((100, 10)), 900),
        // The clock was put back.
        (900, Some((100, -28_800)), 900),
    ];
    for (wait, jump, expected) in cases {
        let began = tokio::time::Instant::now();
        let seconds = || i64::try_from(began.elapsed().as_secs()).unwrap();
        let clock = || {
            let jumped = jump.filter(|(after, _)| seconds() >= *after).map_or(0, |(_, by)| by);
            Timestamp::from_second(1_000_000 + seconds() + jumped).unwrap()
        };
        let wait_for = Duration::from_secs(wait);
        wait_until(clock() + wait_for, wait_for, clock).await;
        assert_eq!(seconds(), expected, "{wait} s, {jump:?}");
    }
}
