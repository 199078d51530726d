//! Asks Jenkins about input steps, a few builds at a time.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
};

use callboard_domain::error::ServiceError;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use reqwest::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::{Ending, Pending};
use crate::{
    http::Request,
    jenkins::{
        client::{Jenkins, below},
        job::JobName,
        wire,
    },
    lenient::Entries,
};

/// How many builds are asked about at one time.
const AT_ONCE: usize = 4;

/// An answer about a build.
#[derive(Debug)]
pub(super) enum Reply<T> {
    Read(T),
    /// Jenkins does not have it.
    Missing,
    Failed(ServiceError),
    /// There was no time for it, or the others have shown that it would not be answered.
    NotAsked,
}

impl Jenkins {
    pub(in crate::jenkins) fn pending_request(job: &JobName, number: u64) -> Request {
        Request::get(below(job, &[&number.to_string(), "wfapi", "pendingInputActions"]))
    }

    /// The input steps of a build that wait for an answer, one that waits several times as often. None where Jenkins has no
    /// such list: without the plugin, or the build.
    pub(in crate::jenkins) async fn pending(
        &self,
        job: &JobName,
        number: u64,
    ) -> Result<Option<Entries<Pending>>, ServiceError> {
        let answer = self.http().exchange(Self::pending_request(job, number)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let list: Option<Entries<Pending>> = self.good(answer)?.json()?;
        let none = || ServiceError::unavailable("Jenkins does not say which input steps wait");
        list.map(Some).ok_or_else(none)
    }

    pub(in crate::jenkins) fn ending_request(job: &JobName, number: u64) -> Request {
        Request::get(below(job, &[&number.to_string(), "api", "json"])).query("tree", wire::ENDING)
    }

    /// How far a build is, and who has answered its input steps; none where Jenkins does not have it, or hides it.
    pub(in crate::jenkins) async fn ending(
        &self,
        job: &JobName,
        number: u64,
        now: Timestamp,
    ) -> Result<Option<Ending>, ServiceError> {
        let answer = self.http().exchange(Self::ending_request(job, number)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let build: wire::Build = self.good(answer)?.json()?;
        Ok(Some(Ending::of(&build, now)))
    }
}

/// Asks for each, a few at a time and until then, and gives the replies in order. After one that `ends` it the others
/// are not asked.
pub(super) async fn each<T, Question, Asking>(
    questions: Vec<Question>,
    until: Instant,
    ask: impl Fn(Question) -> Asking,
    ends: impl Fn(&Reply<T>) -> bool,
) -> Vec<Reply<T>>
where
    Asking: Future<Output = Result<Option<T>, ServiceError>>,
{
    let ended = AtomicBool::new(false);
    let (ended, ends) = (&ended, &ends);
    let asking = questions.into_iter().map(|question| {
        let asking = ask(question);
        async move {
            if ended.load(Ordering::Relaxed) || Instant::now() >= until {
                return Reply::NotAsked;
            }
            let reply = match timeout_at(until, asking).await {
                Ok(Ok(Some(read))) => Reply::Read(read),
                Ok(Ok(None)) => Reply::Missing,
                Ok(Err(error)) => Reply::Failed(error),
                Err(_) => Reply::NotAsked,
            };
            if ends(&reply) {
                ended.store(true, Ordering::Relaxed);
            }
            reply
        }
    });
    stream::iter(asking.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

/// True where the service would answer no other question either.
pub(super) fn is_of_all<T>(reply: &Reply<T>) -> bool {
    matches!(
        reply,
        Reply::Failed(ServiceError::RateLimited { .. } | ServiceError::Auth { signed_in: false, .. })
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Until when there is time, what the service answers to 1, 2 ... -> what was read, and what was not asked.
    #[tokio::test]
    async fn each_is_asked_while_there_is_time_and_sense() {
        let limited =
            || Err(ServiceError::RateLimited { why: "slow down".into(), retry_after: Duration::ZERO });
        type Answer = Result<Option<u32>, ServiceError>;
        type Case = (u64, fn(u32) -> Answer, &'static str);
        let cases: [Case; 5] = [
            (60, |n| Ok(Some(n)), "1 2 3 4 5 6"),
            (60, |n| Ok(Some(n).filter(|n| n % 2 == 0)), "missing 2 missing 4 missing 6"),
            (
                60,
                |n| if n == 2 { Err(ServiceError::unavailable("down")) } else { Ok(Some(n)) },
                "1 failed 3 4 5 6",
            ),
            (60, |n| if n == 2 { Err(ServiceError::auth("no")) } else { Ok(Some(n)) }, "1 failed - - - -"),
            (0, |n| Ok(Some(n)), "- - - - - -"),
        ];
        for (seconds, answer, expected) in cases {
            let until = Instant::now() + Duration::from_secs(seconds);
            let replies = each((1..=6).collect(), until, |n| async move { answer(n) }, is_of_all).await;
            let shown = replies.into_iter().map(|reply| match reply {
                Reply::Read(n) => n.to_string(),
                Reply::Missing => "missing".to_owned(),
                Reply::Failed(_) => "failed".to_owned(),
                Reply::NotAsked => "-".to_owned(),
            });
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
        }
        let until = Instant::now() + Duration::from_secs(60);
        let replies = each(vec![1, 2], until, |_| async { limited() as Answer }, is_of_all).await;
        assert!(matches!(replies[..], [Reply::Failed(_), Reply::NotAsked]), "{replies:?}");
        let never = |_: u32| std::future::pending::<Answer>();
        let replies = each(vec![1], Instant::now() + Duration::from_millis(1), never, is_of_all).await;
        assert!(matches!(replies[..], [Reply::NotAsked]), "{replies:?}");
    }
}
