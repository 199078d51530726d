//! What the services share: where they listen, when they end, and webhooks that go out in order.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The longest body that a service reads.
pub(crate) const BODY_LIMIT: usize = 1 << 20;
/// How long [`Life::end`] waits for what is under way.
const END_TIME: Duration = Duration::from_secs(2);
/// How long a webhook's receiver may take: GitHub gives ten seconds.
const WEBHOOK_TIME: Duration = Duration::from_secs(10);

/// The lifetime of the services' tasks.
#[derive(Clone, Default)]
pub(crate) struct Life {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").finish_non_exhaustive()
    }
}

impl Life {
    /// Does something until it is done or everything ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled_owned(task).await;
        });
    }

    /// Answers requests until everything ends.
    pub(crate) fn serve(&self, listener: TcpListener, router: Router) {
        let stop = self.stop.clone().cancelled_owned();
        self.tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
                tracing::error!(%error, "a service of the playground ended");
            }
        });
    }

    /// Ends everything, and waits for it.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(END_TIME, self.tasks.wait()).await.is_err() {
            tracing::warn!("a service of the playground did not end in time");
        }
    }
}

/// A port of loopback's, and its URL without a slash at the end.
pub(crate) async fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// The state behind a lock; a panic elsewhere is no reason to panic here.
pub(crate) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The credential in `Authorization`, by one of these schemes.
pub(crate) fn credential<'h>(headers: &'h HeaderMap, schemes: &[&str]) -> Option<&'h str> {
    let (scheme, credential) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)).then(|| credential.trim())
}

/// Now, to the whole second: the precision of most of the services.
pub(crate) fn second() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Webhooks of one service: sent one after the other, each once.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    queue: mpsc::UnboundedSender<Webhook>,
    to: Arc<Mutex<Option<(SocketAddr, &'static str)>>>,
    taken: Arc<AtomicU64>,
}

/// A webhook on its way.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Webhooks {
    pub(crate) fn new(life: &Life) -> Self {
        let (queue, mut next) = mpsc::unbounded_channel::<Webhook>();
        let webhooks = Self { queue, to: Arc::default(), taken: Arc::default() };
        let (to, taken) = (Arc::clone(&webhooks.to), Arc::clone(&webhooks.taken));
        life.spawn(async move {
            while let Some(webhook) = next.recv().await {
                let receiver = *lock(&to);
                let Some((address, path)) = receiver else { continue };
                match tokio::time::timeout(WEBHOOK_TIME, post(address, path, webhook)).await {
                    Ok(Ok(status)) if status.is_success() => drop(taken.fetch_add(1, Ordering::Relaxed)),
                    Ok(Ok(status)) => {
                        tracing::warn!(%path, %status, "a webhook of the playground was refused")
                    }
                    Ok(Err(error)) => tracing::warn!(%path, %error, "a webhook of the playground was lost"),
                    Err(_) => tracing::warn!(%path, "a webhook of the playground got no answer"),
                }
            }
        });
        webhooks
    }

    pub(crate) fn send_to(&self, receiver: SocketAddr, path: &'static str) {
        *lock(&self.to) = Some((receiver, path));
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn send(&self, webhook: Webhook) {
        // There is no receiver any more once everything ends.
        let _ = self.queue.send(webhook);
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn post(to: SocketAddr, path: &str, webhook: Webhook) -> Result<StatusCode, Failure> {
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::post(path)
        .header(header::HOST, to.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    for (name, value) in webhook.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(Bytes::from(webhook.body)))?;
    let sending = async move { sender.send_request(request).await.map(|answer| answer.status()) };
    let (status, _) = tokio::join!(sending, connection);
    Ok(status?)
}
