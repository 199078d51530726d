//! The pool of connections, and how long anything is waited for.

use std::{sync::OnceLock, time::Duration};

use callboard_domain::error::ServiceError;
use jiff::Timestamp;

use super::error::innermost;

/// How long a request may take, from connecting to the last byte.
pub const TIME_OUT: Duration = Duration::from_secs(30);

/// A pool of connections that all accounts share.
#[derive(Clone)]
pub struct Client {
    pub(super) pool: reqwest::Client,
    pub(super) time_out: Duration,
    /// Where given, nothing pauses for longer than this: tests run against real sockets, where time cannot be stopped.
    longest_pause: Option<Duration>,
    /// What time it is: the times that services name are compared with it. Tests stop it.
    clock: fn() -> Timestamp,
}

impl Client {
    /// A client with Callboard's time-outs. Redirects are never followed by the pool itself.
    pub fn new() -> Result<Self, ServiceError> {
        Self::with_time_out(TIME_OUT)
    }

    pub(crate) fn with_time_out(time_out: Duration) -> Result<Self, ServiceError> {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        // The TLS library is built without a default provider; a second install is refused and harmless.
        PROVIDER.get_or_init(|| drop(rustls::crypto::ring::default_provider().install_default()));
        reqwest::Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(time_out)
            .pool_idle_timeout(Duration::from_secs(90))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map(|pool| Self { pool, time_out, longest_pause: None, clock: Timestamp::now })
            .map_err(|error| ServiceError::unavailable(format!("no HTTP client: {}", innermost(&error))))
    }

    /// The same with no pause longer than this.
    #[must_use]
    pub fn with_longest_pause(self, longest: Duration) -> Self {
        Self { longest_pause: Some(longest), ..self }
    }

    /// The same with that clock.
    #[cfg(test)]
    pub(crate) fn with_clock(self, clock: fn() -> Timestamp) -> Self {
        Self { clock, ..self }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Waits between two looks at something that is under way.
    pub(super) async fn pause(&self, wait: Duration) {
        tokio::time::sleep(self.bounded(wait)).await;
    }

    /// As long as a wait may be.
    pub(super) fn bounded(&self, wait: Duration) -> Duration {
        self.longest_pause.map_or(wait, |longest| longest.min(wait))
    }
}
