//! The webhook listener: `POST /hooks/ACCOUNT`.
//!
//! A delivery is answered 200 only once it is on the disk. The listener is bounded in everything: connections, bodies
//! alone and together, the time a sender may take to send and to read; and when the store cannot keep up it says 503, so
//! that senders wait and memory does not grow. A sender that is too slow gives way as soon as its place, or the memory that
//! its body takes, is needed, so that no number of slow senders holds up the others.
//!
//! A request that cannot be authentic is refused before its body is read. All that do not prove to be for an account get
//! one response, after the same work: what is sent for an account that takes no webhooks, has no secret, or does not exist,
//! is checked by another account's hook, and refused whatever that finds. So nobody learns which accounts there are; the
//! log has the reason.

mod body;
mod connections;
mod host;
mod refusal;
mod refusals;
#[cfg(test)]
mod tests;
mod verifier;

use std::{
    convert::Infallible,
    hash::RandomState,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use callboard_domain::{item::AccountName, source::Received, text};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use self::{
    body::{BodyError, Budget},
    connections::{Connections, Place, StallTimeout},
    host::check_host,
    refusal::{Refusal, refuse},
    refusals::Refusals,
    verifier::{Delivery, Verifier},
};
use super::{decide, unrecorded::UnrecordedReports};
use crate::{
    accounts::Account,
    active_config::{ActiveConfig, ConfigHandle},
    config::{DEFAULT_EVERY, Receive},
    store::{Report, Store, StoreError},
    system::supervise::Tasks,
};

/// How long a sender may take for its headers, for its body, and to read its answer.
const SENDER_TIME: Duration = Duration::from_secs(10);
/// How many senders are served at once. For a further one, the one that is furthest behind gives way.
const CONNECTIONS: usize = 256;
/// How often an address that another program has is tried again.
const TRIED_AGAIN: Duration = Duration::from_secs(10);
/// After so long a flood of refusals is summed up in the log.
const SUMMED_UP: Duration = Duration::from_secs(60);

/// Receives webhooks. A clone is the same.
#[derive(Clone)]
pub(crate) struct Receiver {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: ConfigHandle,
    tasks: Tasks,
    unrecorded: UnrecordedReports,
    listening: Mutex<Listening>,
}

/// Where webhooks are received, or why they are not where they should be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listening {
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) error: Option<ListenError>,
}

/// Why an address cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenError {
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) remedy: &'static str,
}

impl ListenError {
    fn new(addr: SocketAddr, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "stop what has that port, or choose another one: receive.listen",
            io::ErrorKind::PermissionDenied => "choose a port above 1023: receive.listen",
            io::ErrorKind::AddrNotAvailable => {
                "choose an address of this computer, such as 127.0.0.1: receive.listen"
            }
            _ => "choose another address: receive.listen",
        };
        Self { why: format!("{addr} cannot be listened on: {error}"), remedy }
    }
}

impl Receiver {
    pub(crate) fn new(store: Store, live: ConfigHandle, tasks: Tasks, unrecorded: UnrecordedReports) -> Self {
        let listening = Mutex::default();
        Self { inner: Arc::new(Inner { store, live, tasks, unrecorded, listening }) }
    }

    pub(crate) fn listening(&self) -> Listening {
        self.inner.listening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes where webhooks are received.
    pub(crate) fn note_listener(&self, listener: &TcpListener) {
        self.note(Listening { addr: listener.local_addr().ok(), error: None });
    }

    fn note(&self, listening: Listening) {
        *self.inner.listening.lock().unwrap_or_else(PoisonError::into_inner) = listening;
    }

    /// Stores what a webhook reported, and what is decided about it. Gives why a part of it cannot be read, where one cannot.
    async fn ingest(
        &self,
        account: &AccountName,
        mut received: Received,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let decide = decide::by(self.inner.live.now());
        let (poll, unread) = (received.poll, received.unread.take());
        let is_about_something = poll || !received.snapshots.is_empty();
        let stored = self.inner.store.try_ingest(account, Report::Hook(received), now, decide).await;
        if let Err(error) = stored {
            // Only a poll that is recorded ends that; whether it is sent again is its sender's choice.
            if self.inner.unrecorded.failed(account, &error, now)
                && let Some(found) = self.inner.live.now().accounts.get(account)
            {
                self.poll_at_pace(found, now);
            }
            return Err(error);
        }
        if let Some(why) = &unread {
            self.note_unreadable(account, why, now);
            return Ok(unread);
        }
        if is_about_something && let Some(found) = self.inner.live.now().accounts.get(account) {
            found.unread_webhooks.clear();
        }
        if poll {
            self.inner.live.poll_soon(account);
        }
        Ok(None)
    }

    /// Has the account polled for a webhook that cannot be read, or not all of it: whatever it reported is seen by the poll.
    fn note_unreadable(&self, account: &AccountName, why: &str, now: Timestamp) {
        let active = self.inner.live.now();
        let Some(found) = active.accounts.get(account) else { return };
        found.unread_webhooks.note(why, now);
        self.poll_at_pace(found, now);
    }

    /// Has an account polled for what a webhook reported and the store lacks: at once, and no more often than by default,
    /// whatever comes.
    fn poll_at_pace(&self, account: &Arc<Account>, now: Timestamp) {
        let every = account.config.every().unwrap_or(DEFAULT_EVERY).min(DEFAULT_EVERY);
        let Some(wait) = account.unread_webhooks.poll_in(every.0, now) else { return };
        if wait.is_zero() {
            return account.unread_webhooks.poll_now();
        }
        let (account, stopping) = (Arc::clone(account), self.inner.tasks.stopping());
        self.inner.tasks.spawn("a poll for webhooks", async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(wait) => account.unread_webhooks.poll_now(),
            }
        });
    }
}

/// Listens at the configured address and receives webhooks until `stop`. An address that cannot be bound is tried again,
/// also when the configuration changes.
pub(crate) async fn run(receiver: Receiver, listener: Option<TcpListener>, stop: CancellationToken) {
    let mut changes = receiver.inner.live.changes();
    let mut listener = listener;
    loop {
        let receive = changes.borrow_and_update().config.receive.clone();
        if let (None, Some(receive)) = (&listener, &receive) {
            match TcpListener::bind(receive.listen).await {
                Ok(bound) => {
                    receiver.note_listener(&bound);
                    listener = Some(bound);
                }
                Err(error) => {
                    let error = ListenError::new(receive.listen, &error);
                    tracing::warn!(why = %error.why, "the webhook listener does not run");
                    receiver.note(Listening { addr: None, error: Some(error) });
                }
            }
        }
        match (listener.take(), receive) {
            (Some(listener), receive) => return serve(listener, receiver, receive, changes, stop).await,
            (None, None) => receiver.note(Listening::default()),
            (None, Some(_)) => {}
        }
        let has_failed = receiver.listening().error.is_some();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TRIED_AGAIN), if has_failed => {}
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// What all connections share.
struct Shared {
    receiver: Receiver,
    hosts: Arc<[String]>,
    budget: Budget,
    refusals: Mutex<Refusals>,
    /// Chooses, for each name that is no account, the account whose hook stands in for it: always the same one.
    stand_in: RandomState,
}

/// Hears senders until `stop`. What was `configured` is served: what `changes` of that takes effect at the next start.
async fn serve(
    listener: TcpListener,
    receiver: Receiver,
    configured: Option<Receive>,
    mut changes: watch::Receiver<Arc<ActiveConfig>>,
    stop: CancellationToken,
) {
    let hosts = configured.iter().flat_map(|it| it.hosts.clone()).collect();
    let mut noted = configured.clone();
    let connections = Connections::new(CONNECTIONS);
    let shared = Arc::new(Shared {
        receiver,
        hosts,
        budget: Budget::new(),
        refusals: Mutex::default(),
        stand_in: RandomState::new(),
    });
    let mut sum_up = tokio::time::interval(SUMMED_UP);
    loop {
        let (stream, address) = tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changes.changed() => {
                let now = changes.borrow_and_update().config.receive.clone();
                // Said once for each change, not for what else is changed after it.
                if now != noted && now != configured {
                    tracing::warn!("a change of [receive] takes effect at the next start");
                }
                noted = now;
                continue;
            }
            _ = sum_up.tick() => {
                let more = shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).rest();
                log_more(more);
                continue;
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => (stream, address.ip().to_canonical()),
                Err(error) => {
                    if may_log(&shared) {
                        tracing::warn!(%error, "the webhook listener could not accept a connection");
                    }
                    // Too many open files, most likely: taking the next at once would spin.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = connections.place(address) => place,
        };
        let Some(place) = place else { return };
        let _ = stream.set_nodelay(true);
        let tasks = &shared.receiver.inner.tasks;
        tasks.spawn("a sender of webhooks", converse(stream, place, Arc::clone(&shared), stop.clone()));
    }
}

/// Answers one sender's requests until it goes, its place is needed, or `stop`.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    place: Place,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let place = Arc::new(place);
    let (needed, reading, logged) = (Arc::clone(&place), Arc::clone(&place), Arc::clone(&shared));
    let answer = service_fn(move |request| {
        let (place, shared) = (Arc::clone(&place), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(answer(&shared, &place, request).await) }
    });
    let stream = StallTimeout::new(stream, SENDER_TIME, move |bytes| reading.received(bytes));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SENDER_TIME)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    tokio::select! {
        result = connection.as_mut() => {
            if let Err(error) = result {
                tracing::debug!(%error, "a webhook's connection failed");
            }
        }
        was_sending = needed.needed() => if was_sending {
            let why = "it was sent too slowly, and its place or its memory was needed";
            log(&logged, "not known yet", &refuse(StatusCode::REQUEST_TIMEOUT, why));
        },
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(shared: &Shared, place: &Place, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = text::line(request.uri().path(), 100);
    let refusal = match take(shared, place, request).await {
        Ok(Taken::Stored { unread }) => {
            if let Some(why) = unread
                && may_log(shared)
            {
                let why = text::line(&why, 300);
                tracing::warn!(%path, %why, "a part of a webhook could not be read; the account is polled for it");
            }
            return Response::new(Full::from("ok\n"));
        }
        // Neither a 4xx nor a 5xx: some services switch off a subscription whose deliveries keep failing (PagerDuty, GitLab),
        // and those that send again (PagerDuty; Alertmanager after a 5xx) would send the same. Nothing is lost: the poll sees
        // what the webhook was about. GitHub shows this response in its list of deliveries.
        Ok(Taken::Unreadable(why)) => {
            if may_log(shared) {
                let why = text::line(&why, 300);
                tracing::warn!(%path, %why, "a webhook could not be read; the account is polled instead");
            }
            let body = format!("this webhook could not be read, and the account is polled instead: {why}\n");
            return plain_text(StatusCode::ACCEPTED, body);
        }
        Err(refusal) => refusal,
    };
    log(shared, &path, &refusal);
    let mut response = plain_text(refusal.status, format!("{}\n", refusal.response));
    let headers = response.headers_mut();
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    // A refused sender reconnects: where the body was not read, the connection could not serve another request.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn plain_text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// True where one more webhook that was refused or cannot be read is to be written into the log. Every line about what comes
/// in asks here first: no sender fills the log.
fn may_log(shared: &Shared) -> bool {
    let logged = shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).refused(Timestamp::now());
    log_more(logged.more);
    logged.write
}

fn log(shared: &Shared, path: &str, refusal: &Refusal) {
    if may_log(shared) {
        let why = text::line(&refusal.why, 300);
        tracing::info!(%path, status = refusal.status.as_u16(), %why, "refused a webhook");
    }
}

fn log_more(more: u64) {
    if more > 0 {
        tracing::warn!(count = more, "more webhooks were refused or not read, not written here one by one");
    }
}

/// What became of a delivery that was taken.
enum Taken {
    /// Where a part of it cannot be read, for that reason, its account is polled.
    Stored { unread: Option<String> },
    /// It cannot be read, for this reason: its account is polled.
    Unreadable(String),
}

async fn take(shared: &Shared, place: &Place, request: Request<Incoming>) -> Result<Taken, Refusal> {
    check_host(request.uri(), request.headers(), &shared.hosts)?;
    let account = request
        .uri()
        .path()
        .strip_prefix("/hooks/")
        .filter(|name| !name.is_empty() && !name.contains('/'))
        .map(AccountName::from)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "webhooks are received at /hooks/ACCOUNT"))?;
    if request.method() != Method::POST {
        return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "webhooks are sent with POST"));
    }
    let (head, body) = request.into_parts();
    let active = shared.receiver.inner.live.now();
    let verifier = Verifier::of(&active, &account, &shared.stand_in);
    verifier.admit(&account, &head.headers)?;
    drop(verifier);
    drop(active);
    let body = shared.budget.take(body, SENDER_TIME, place).await.map_err(|why| match why {
        BodyError::TooSlow => refuse(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not come within {} s", SENDER_TIME.as_secs()),
        ),
        BodyError::TooLarge => {
            refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} MB", body::LIMIT >> 20))
        }
        BodyError::BrokeOff => refuse(StatusCode::BAD_REQUEST, "the body broke off"),
        BodyError::Busy => refuse(StatusCode::SERVICE_UNAVAILABLE, "busy; send it again in a moment"),
    })?;
    let _answering = place.answering();
    let now = Timestamp::now();
    // The configuration may have changed while the body came.
    let active = shared.receiver.inner.live.now();
    let delivery = Verifier::of(&active, &account, &shared.stand_in).receive(
        &account,
        &head.headers,
        &body.bytes,
        now,
    )?;
    let received = match delivery {
        Delivery::Read(received) => received,
        Delivery::Unreadable(why) => {
            shared.receiver.note_unreadable(&account, &why, now);
            return Ok(Taken::Unreadable(why));
        }
    };
    let unread = shared.receiver.ingest(&account, received, now).await.map_err(|error| match error {
        StoreError::Busy => refuse(StatusCode::SERVICE_UNAVAILABLE, "busy; send it again in a moment"),
        error => Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            response: "it could not be stored; send it again later".to_owned(),
            why: format!("{account}: it could not be stored: {error}"),
        },
    })?;
    Ok(Taken::Stored { unread })
}
