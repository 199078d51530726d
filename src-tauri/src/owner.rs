//! The way to the engine: this process's own where the store is free, else the owner's over its socket. When the owner
//! goes away, the store is opened here, so that the app takes over at once.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::{actor::LocalVia, item::AccountName, source::Source};
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

/// Between the owner's lock and its socket, and between its last word and its end, there is a moment.
const MOMENT: Duration = Duration::from_millis(100);
/// How often an owner that has the store may fail to answer before a person is told.
const PATIENCE: u32 = 50;
/// How often a store that cannot be opened is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a call waits for a way that is just being opened.
const OPENING: Duration = Duration::from_secs(10);

/// What an owner is opened with.
#[derive(Clone)]
pub(crate) struct Opening {
    pub paths: Paths,
    /// Secrets to use instead of the place that the configuration names: the playground's.
    pub secrets: Option<Secrets>,
    /// Sources beside those of the accounts: the playground's.
    pub sources: Vec<(AccountName, Arc<dyn Source>)>,
    pub host: Arc<dyn Host>,
}

/// The way to the engine, kept open until [`Owner::close`].
pub(crate) struct Owner {
    host: Arc<dyn Host>,
    way: watch::Receiver<Way>,
    stop: CancellationToken,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// How the engine is reached at the moment.
#[derive(Clone)]
pub(crate) enum Way {
    /// Not known yet.
    Opening,
    /// The store is ours.
    Here(Engine),
    /// Another process has it.
    Daemon(Arc<Connections>),
    /// Neither can be had; it is tried again.
    Failed(ApiError),
}

impl Owner {
    /// Opens the way, and keeps it open.
    pub(crate) fn open(opening: Opening) -> Self {
        let (say, way) = watch::channel(Way::Opening);
        let (stop, host) = (CancellationToken::new(), opening.host.clone());
        let task = tokio::spawn(keep(opening, say, stop.clone()));
        Self { host, way, stop, task: Mutex::new(Some(task)) }
    }

    /// The way as it is, and as it changes.
    pub(crate) fn way(&self) -> watch::Receiver<Way> {
        self.way.clone()
    }

    /// True where another process has the store.
    pub(crate) fn is_daemon(&self) -> bool {
        matches!(*self.way.borrow(), Way::Daemon(_))
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
        let mut way = self.way.clone();
        let known = way.wait_for(|way| !matches!(way, Way::Opening));
        let known = async { known.await.map(|now| now.clone()) };
        let now = match tokio::time::timeout(OPENING, known).await {
            Ok(Ok(now)) => now,
            Ok(Err(_)) => return Err(ApiError::internal("Callboard is stopping")),
            Err(_) => {
                return Err(ApiError::internal("the store is still being opened; try again in a moment"));
            }
        };
        match now {
            Way::Here(engine) => engine.call_named(via, name, params).await,
            Way::Daemon(connections) => connections.call_named(via, name, params).await,
            Way::Failed(error) if name == StatusQuery::NAME => {
                serde_json::to_value(offline(&error)).map_err(ApiError::internal)
            }
            Way::Failed(error) if name == Doctor::NAME => {
                serde_json::to_value(self.checks(&error)).map_err(ApiError::internal)
            }
            Way::Failed(error) => Err(error),
            Way::Opening => Err(ApiError::internal("the store is still being opened")),
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

    /// Lets go of the store, once what is under way has been recorded.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It only fails where the task panicked, which has been told.
            let _ = task.await;
        }
    }
}

/// What is said where there is no engine to say it.
fn offline(error: &ApiError) -> Status {
    Status {
        icon: TrayIcon::Offline,
        count: 0,
        summary: error.to_string(),
        not_seen: Vec::new(),
        accounts_ok: 0,
        accounts: 0,
        troubles: Vec::new(),
        next_check: None,
        quiet: None,
        errors: Vec::new(),
        runs: 0,
        undelivered: 0,
    }
}

async fn keep(opening: Opening, say: watch::Sender<Way>, stop: CancellationToken) {
    let mut unanswered = 0;
    while !stop.is_cancelled() {
        match open_engine(&opening).await {
            Ok(engine) => {
                tracing::info!(data = %opening.paths.data.display(), "this process owns the store");
                say.send_replace(Way::Here(engine.clone()));
                stop.cancelled().await;
                say.send_replace(Way::Opening);
                engine.stop().await;
            }
            Err(OpenError::InUse) => {
                match Connections::open(&opening.paths.data).await {
                    Ok(connections) => {
                        unanswered = 0;
                        tracing::info!("another process owns the store; this app is its client");
                        say.send_replace(Way::Daemon(Arc::clone(&connections)));
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = connections.ended(&opening.paths.data) => {
                                tracing::info!("the owner of the store went away");
                            }
                        }
                        say.send_replace(Way::Opening);
                    }
                    Err(error) => {
                        unanswered += 1;
                        if unanswered == PATIENCE {
                            let why =
                                format!("another Callboard is using the store, and does not answer: {error}");
                            say.send_replace(Way::Failed(ApiError::internal(why)));
                        }
                    }
                }
                pause(MOMENT, &stop).await;
            }
            Err(other) => {
                fail(&say, ApiError::internal(other));
                pause(AGAIN, &stop).await;
            }
        }
    }
}

/// Says it once, however often it is tried.
fn fail(say: &watch::Sender<Way>, error: ApiError) {
    say.send_if_modified(|way| {
        let news = !matches!(way, Way::Failed(known) if *known == error);
        if news {
            tracing::error!(%error, "Callboard cannot work");
            *way = Way::Failed(error);
        }
        news
    });
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

async fn open_engine(opening: &Opening) -> Result<Engine, OpenError> {
    let Opening { paths, secrets, sources, host } = opening.clone();
    let passphrase = std::env::var("CALLBOARD_PASSPHRASE").ok().filter(|text| !text.is_empty());
    Engine::open(Options {
        paths,
        passphrase: passphrase.map(Into::into),
        secrets,
        sources,
        host,
        mode: Mode::Serve,
        at_start: callboard_engine::OnConfigError::Continue,
    })
    .await
}

/// Connections to the owner: one for each call that is under way, so that none waits for another.
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
        // A connection over which something internal went wrong may be broken: it is not used again.
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
