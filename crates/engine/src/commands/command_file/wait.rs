//! Polling until a condition is true.

use std::time::Duration;

use callboard_domain::{action::Progress, duration::Span, error::ServiceError};
use tokio::time::{Instant, sleep_until, timeout_at};

/// What a poll found.
pub(super) enum PollResult<T> {
    /// It is true.
    There(T),
    /// It is not yet, in words.
    NotYet(String),
}

/// Polls until the condition is true. A service that is unavailable or rate-limits us is polled again. The first poll comes
/// after the first pause, because a service may take a moment to list what was begun.
///
/// # Errors
/// Why it is not known to be true: the time is up, or the service refuses to answer.
pub(super) async fn wait<T, F>(
    every: Duration,
    time: Duration,
    progress: &dyn Progress,
    mut poll: impl FnMut() -> F,
) -> Result<T, String>
where
    F: Future<Output = Result<PollResult<T>, ServiceError>>,
{
    let start = Instant::now();
    let deadline = start + time;
    let mut pause = every;
    let mut state = String::new();
    loop {
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = every;
        match timeout_at(deadline, poll()).await {
            Ok(Ok(PollResult::There(found))) => return Ok(found),
            Ok(Ok(PollResult::NotYet(now))) => state = now,
            Ok(Err(ServiceError::RateLimited { why, retry_after })) => {
                pause = every.max(retry_after);
                state = why;
            }
            Ok(Err(ServiceError::Unavailable { why })) => state = why,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {}
        }
        if Instant::now() >= deadline {
            let state = if state.is_empty() { "no answer came".to_owned() } else { state };
            return Err(format!("the time of {} is up: {state}", Span(time)));
        }
        let so_far = Duration::from_secs(start.elapsed().as_secs());
        progress.status(&format!("{state}; {} so far", Span(so_far)));
    }
}
