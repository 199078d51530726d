//! Polls that GitHub allows no more calls, or few: what is read, and what waits.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, tz::TimeZone};

use super::{
    poll::{Watch, summaries},
    *,
};
use crate::github::cursor::{Place, Repo};

/// How many requests are answered before GitHub refuses each further one -> nothing more is sent; what was read is reported,
/// and all else is one problem until the next poll reads it.
#[tokio::test]
async fn rate_limited_poll_makes_no_more_calls() {
    let names: Vec<_> = (0..41).map(|n| format!("acme/r{n}")).collect();
    let watch: Vec<_> = names.iter().map(String::as_str).collect();
    for answered in [30, 60, 100] {
        let (asked, limit) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(answered)));
        let until = limit.clone();
        let answer = move |request: &Request| {
            if asked.fetch_add(1, Ordering::Relaxed) >= until.load(Ordering::Relaxed) {
                let limited = ResponseTemplate::new(429).insert_header("retry-after", "30");
                return limited.set_body_json(json!({ "message": "Slow down" }));
            }
            let at = request.url.path().trim_start_matches("/repos/acme/r");
            let (number, list) = at.split_once('/').unwrap_or((at, ""));
            let id: u64 = number.parse().unwrap();
            let described = with(repo(&format!("r{number}")), json!({ "id": id + 1 }));
            ResponseTemplate::new(200).set_body_json(match list {
                "" => described,
                "pulls" => json!([]),
                _ => runs(&[run(30, json!({ "repository": described }))]),
            })
        };
        let server =
            serve([get("/user", user("ana")), Mock::given(method("GET")).respond_with(answer)]).await;
        let mut watch = Watch::new(&server, &watch);
        let batch = watch.poll().await;
        let sent = server.received_requests().await.unwrap().len();
        assert!(sent <= answered + 1 + 8, "{answered}: {sent} requests");
        let place = Place::read(watch.cursor.as_ref());
        let is_left = |(name, repo): (&String, &Repo)| place.unread.contains(name) == repo.runs.is_none();
        assert!(place.repos.iter().all(is_left), "{answered}: {:?}", place.unread);
        assert_eq!(batch.snapshots.len(), 41 - place.unread.len(), "{answered}: {:?}", summaries(&batch));
        let [problem] = &texts(&batch.problems)[..] else { panic!("{answered}: {:#?}", batch.problems) };
        let unread = format!(": Slow down; {} of 41 repositories were not read", place.unread.len());
        assert!(problem.starts_with("rate-limited by GitHub at GET /repos/acme/r"), "{problem}");
        assert!(problem.ends_with(&unread), "{problem}");

        limit.store(usize::MAX, Ordering::Relaxed);
        let batch = watch.poll().await;
        assert_eq!(texts(&batch.problems), [""; 0], "{answered}");
        assert_eq!(batch.snapshots.len(), place.unread.len(), "{answered}: {:?}", summaries(&batch));
    }
}

/// The status of a secondary limit, how many calls are left of a window that ends in 50 minutes -> the wait in seconds.
#[tokio::test]
async fn secondary_limit_is_a_rate_limit() {
    let reset = (now() + SignedDuration::from_mins(50)).as_second().to_string();
    let cases = [
        (403, None, 60),
        (403, Some("4321"), 60),
        (429, None, 60),
        (429, Some("4321"), 60),
        (403, Some("0"), 3_000),
        (429, Some("0"), 3_000),
    ];
    for (status, remaining, expected) in cases {
        let answer = ResponseTemplate::new(status).set_body_json(
            json!({ "message": "You have exceeded a secondary rate limit. Please wait a few minutes." }),
        );
        let answer = match remaining {
            Some(remaining) => answer
                .insert_header("x-ratelimit-limit", "5000")
                .insert_header("x-ratelimit-remaining", remaining)
                .insert_header("x-ratelimit-reset", reset.as_str()),
            None => answer,
        };
        let server = serve([Mock::given(path("/user")).respond_with(answer)]).await;
        let error = Watch::new(&server, &["acme/web"]).try_poll().await.unwrap_err();
        assert!(
            matches!(error, ServiceError::RateLimited { retry_after, .. } if retry_after.as_secs() == expected),
            "{status} {remaining:?}: {error:?}"
        );
        let said = error.to_string();
        assert!(said.starts_with("rate-limited by GitHub at GET /user: You have exceeded"), "{said}");
    }
}

#[tokio::test]
async fn a_scarce_rate_limit_is_spent_on_the_lists_alone() {
    let list = |remaining: &'static str, minutes: i64| {
        let reset = (now() + SignedDuration::from_mins(minutes)).as_second().to_string();
        let answer = move |request: &Request| {
            let known = request.headers.contains_key("if-none-match");
            let answer = ResponseTemplate::new(if known { 304 } else { 200 })
                .insert_header("etag", "W/\"1\"")
                .insert_header("x-ratelimit-limit", "5000")
                .insert_header("x-ratelimit-remaining", remaining)
                .insert_header("x-ratelimit-reset", reset.as_str());
            let rows = || runs(&[run(31, json!({ "conclusion": "failure" })), run(30, json!({}))]);
            if known { answer } else { answer.set_body_json(rows()) }
        };
        let list = Mock::given(path("/repos/acme/web/actions/runs")).respond_with(answer);
        list.up_to_n_times(1).with_priority(1)
    };
    let server = serve(forge()).await;
    // Read after everything else that a poll begins with: the latest answer counts.
    mount(&server, [list("400", 25)]).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    assert_eq!(
        summaries(&batch),
        ["acme/web#482 open [] ?", "acme/web/ci@main 31.1 failed [], 30.1 passed []"]
    );
    let rate_limit = batch.rate_limit.unwrap();
    let until =
        (rate_limit.reset_at + SignedDuration::from_secs(59)).to_zoned(TimeZone::system()).strftime("%H:%M");
    assert_eq!(
        texts(&batch.problems),
        [format!("4600 of 5000 calls used: reviews, checks, approvals and failed jobs wait until {until}")]
    );
    assert_eq!(rate_limit.remaining, 400);
    // In the next window they are made up for, though no list has changed.
    mount(&server, [list("4999", 85)]).await;
    let mut reported = summaries(&watch.poll().await);
    reported.sort();
    assert_eq!(
        reported,
        ["acme/web#482 open [bo=Approved] passed", r#"acme/web/ci@main 31.1 failed ["build"]"#]
    );
}
