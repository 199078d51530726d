//! Asking again and again until something is true.

use std::time::Duration;

use callboard_domain::{action::Progress, duration::Span, error::ServiceError};
use tokio::time::{Instant, sleep_until, timeout_at};

/// What a look found.
pub(super) enum Look<T> {
    /// It is true.
    There(T),
    /// It is not yet, in words.
    NotYet(String),
}

/// Looks every so often until it is true, and gives how long it has taken. A service that is out of order or wants fewer
/// calls is asked again; the first look comes after the first pause, as what was begun takes a moment to be known.
///
/// # Errors
/// Why it is not known to be true: the time is up, or the service refuses to answer.
pub(super) async fn wait<T, F>(
    every: Duration,
    time: Duration,
    progress: &dyn Progress,
    mut look: impl FnMut() -> F,
) -> Result<T, String>
where
    F: Future<Output = Result<Look<T>, ServiceError>>,
{
    let start = Instant::now();
    let deadline = start + time;
    let mut pause = every;
    let mut state = String::new();
    loop {
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = every;
        match timeout_at(deadline, look()).await {
            Ok(Ok(Look::There(found))) => return Ok(found),
            Ok(Ok(Look::NotYet(now))) => state = now,
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
