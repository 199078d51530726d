//! The connection to the engine: in this process where the store is free, else to its owner over a socket. When the owner
//! goes away, the store is opened here, so that the app takes over at once.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::actor::LocalVia;
use callboard_engine::{
    Engine, Mode, OpenError, Options,
    api::{
        ApiError, Call, Changes, Check, CheckVerdict, Doctor, Hello, ReadCall, Status, StatusQuery, TrayIcon,
    },
    host::Host,
    paths::Paths,
    secrets::Secrets,
    socket::Client,
};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The pause between two attempts: an owner that starts or ends has the lock without the socket for a moment.
const MOMENT: Duration = Duration::from_millis(100);
/// How often an owner that has the store may fail to answer before this is an error.
const PATIENCE: u32 = 50;
/// How often a store that cannot be opened is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a call waits for an engine that is being opened.
const OPENING: Duration = Duration::from_secs(10);

/// What an owner is opened with.
#[derive(Clone)]
pub(crate) struct Opening {
    pub paths: Paths,
    /// Secrets to use instead of the place that the configuration names: the playground's.
    pub secrets: Option<Secrets>,
    pub host: Arc<dyn Host>,
}

/// The connection to the engine, kept until [`Owner::close`].
pub(crate) struct Owner {
    host: Arc<dyn Host>,
    link: watch::Receiver<EngineLink>,
    stop: CancellationToken,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// How the engine is reached.
#[derive(Clone)]
pub(crate) enum EngineLink {
    /// Being opened.
    Opening,
    /// In this process, which has the store.
    Here(Engine),
    /// In another process, which has the store.
    Daemon(Arc<Connections>),
    /// Neither works; it is tried again.
    Failed(ApiError),
}

impl Owner {
    /// Opens the connection, and opens it again when it ends.
    pub(crate) fn open(opening: Opening) -> Self {
        let (links, link) = watch::channel(EngineLink::Opening);
        let (stop, host) = (CancellationToken::new(), opening.host.clone());
        let task = tokio::spawn(keep(opening, links, stop.clone()));
        Self { host, link, stop, task: Mutex::new(Some(task)) }
    }

    /// The connection, and its changes.
    pub(crate) fn link(&self) -> watch::Receiver<EngineLink> {
        self.link.clone()
    }

    /// True where another process has the store.
    pub(crate) fn is_daemon(&self) -> bool {
        matches!(*self.link.borrow(), EngineLink::Daemon(_))
    }

    /// Reads something.
    pub(crate) async fn call<C: ReadCall>(&self, call: C) -> Result<C::Answer, ApiError> {
        self.call_as(LocalVia::Launcher, call).await
    }

    /// Makes a call, as this computer's user through `via`.
    pub(crate) async fn call_as<C: Call>(&self, via: LocalVia, call: C) -> Result<C::Answer, ApiError> {
        let params = serde_json::to_value(call).map_err(ApiError::internal)?;
        let answer = self.call_named(via, C::NAME, params).await?;
        serde_json::from_value(answer).map_err(ApiError::internal)
    }

    /// Makes a call by its name, as this computer's user through `via`.
    pub(crate) async fn call_named(
        &self,
        via: LocalVia,
        name: &str,
        params: Value,
    ) -> Result<Value, ApiError> {
        let mut link = self.link.clone();
        let opened = link.wait_for(|link| !matches!(link, EngineLink::Opening));
        let opened = async { opened.await.map(|now| now.clone()) };
        let now = match tokio::time::timeout(OPENING, opened).await {
            Ok(Ok(now)) => now,
            Ok(Err(_)) => return Err(ApiError::internal("Callboard is stopping")),
            Err(_) => {
                return Err(ApiError::internal("the store is still being opened; try again in a moment"));
            }
        };
        match now {
            EngineLink::Here(engine) => engine.call_named(via, name, params).await,
            EngineLink::Daemon(connections) => connections.call_named(via, name, params).await,
            EngineLink::Failed(error) if name == StatusQuery::NAME => {
                serde_json::to_value(offline(&error)).map_err(ApiError::internal)
            }
            EngineLink::Failed(error) if name == Doctor::NAME => {
                serde_json::to_value(self.checks(&error)).map_err(ApiError::internal)
            }
            EngineLink::Failed(error) => Err(error),
            EngineLink::Opening => Err(ApiError::internal("the store is still being opened")),
        }
    }

    fn checks(&self, error: &ApiError) -> Vec<Check> {
        let found = Check {
            name: "store".into(),
            verdict: CheckVerdict::Failed,
            found: error.to_string(),
            remedy: Some("see to it; Callboard tries again every few seconds".into()),
        };
        std::iter::once(found).chain(self.host.checks()).collect()
    }

    /// Releases the store, once running work has been recorded.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It only fails where the task panicked, which has been logged.
            let _ = task.await;
        }
    }
}

/// The status where there is no engine.
pub(crate) fn offline(error: &ApiError) -> Status {
    Status {
        icon: TrayIcon::Offline,
        count: 0,
        summary: error.to_string(),
        not_seen: Vec::new(),
        accounts_ok: 0,
        accounts: 0,
        watched: None,
        account_problems: Vec::new(),
        next_check: None,
        quiet: None,
        errors: Vec::new(),
        runs: 0,
        undelivered: 0,
    }
}

async fn keep(opening: Opening, links: watch::Sender<EngineLink>, stop: CancellationToken) {
    let mut unanswered = 0;
    while !stop.is_cancelled() {
        match open_engine(&opening).await {
            Ok(engine) => {
                tracing::info!(data = %opening.paths.data.display(), "this process owns the store");
                links.send_replace(EngineLink::Here(engine.clone()));
                stop.cancelled().await;
                links.send_replace(EngineLink::Opening);
                engine.stop().await;
            }
            Err(OpenError::InUse) => {
                match Connections::open(&opening.paths.data).await {
                    Ok(connections) => {
                        unanswered = 0;
                        tracing::info!("another process owns the store; this app is its client");
                        links.send_replace(EngineLink::Daemon(Arc::clone(&connections)));
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = connections.ended(&opening.paths.data) => {
                                tracing::info!("the owner of the store went away");
                            }
                        }
                        links.send_replace(EngineLink::Opening);
                    }
                    Err(error) => {
                        unanswered += 1;
                        if unanswered == PATIENCE {
                            let why =
                                format!("another Callboard is using the store, and does not answer: {error}");
                            links.send_replace(EngineLink::Failed(ApiError::internal(why)));
                        }
                    }
                }
                pause(MOMENT, &stop).await;
            }
            Err(other) => {
                fail(&links, ApiError::internal(other));
                pause(AGAIN, &stop).await;
            }
        }
    }
}

/// Publishes and logs an error, unless it is the same as before.
fn fail(links: &watch::Sender<EngineLink>, error: ApiError) {
    links.send_if_modified(|link| {
        let is_new = !matches!(link, EngineLink::Failed(last) if *last == error);
        if is_new {
            tracing::error!(%error, "Callboard cannot work");
            *link = EngineLink::Failed(error);
        }
        is_new
    });
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

async fn open_engine(opening: &Opening) -> Result<Engine, OpenError> {
    let Opening { paths, secrets, host } = opening.clone();
    let passphrase = std::env::var("CALLBOARD_PASSPHRASE").ok().filter(|text| !text.is_empty());
    Engine::open(Options {
        paths,
        passphrase: passphrase.map(Into::into),
        secrets,
        host,
        mode: Mode::Serve,
        at_start: callboard_engine::OnConfigError::Continue,
    })
    .await
}

/// Connections to the owner: one for each call that is in flight, so that none waits for another.
pub(crate) struct Connections {
    data: PathBuf,
    idle: Mutex<Vec<Client>>,
}

impl Connections {
    async fn open(data: &Path) -> Result<Arc<Self>, ApiError> {
        let mut client = Client::connect(data).await.map_err(ApiError::internal)?;
        client.call(Hello {}).await?;
        Ok(Arc::new(Self { data: data.to_owned(), idle: Mutex::new(vec![client]) }))
    }

    async fn call_named(&self, via: LocalVia, name: &str, params: Value) -> Result<Value, ApiError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut client = match idle {
            Some(client) => client,
            None => Client::connect(&self.data).await.map_err(|error| {
                ApiError::internal(format!("the running Callboard does not answer: {error}"))
            })?,
        };
        let answer = client.call_named(via, name, params).await;
        // After an internal error the connection may be broken: it is not used again.
        if !matches!(answer, Err(ApiError::Internal { .. })) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        answer
    }

    /// Waits until the owner goes away: a connection of its own always waits for news.
    async fn ended(&self, data: &Path) {
        let Ok(mut client) = Client::connect(data).await else { return };
        let mut seen = 0;
        while let Ok(now) = client.call(Changes { seen }).await {
            seen = now;
        }
    }
}

#[cfg(test)]
mod tests;
