//! The engine: everything between the services and the clients. No service is named here.
//!
//! Data goes one way. Watch: `watch::poll` and `watch::receive` bring snapshots, the [`store`] finds what changed,
//! `watch::decide` decides what is to be done about it in the same transaction, and `outbox` does it. Act: a line becomes a
//! run (`act::run`), which is recorded before its effect, and its outcome goes out through `outbox` as well.

mod accounts;
mod act;
mod active_config;
pub mod api;
mod clients;
mod commands;
pub mod config;
pub mod host;
mod outbox;
pub mod secrets;
pub mod store;
mod system;
#[cfg(test)]
mod tests;
mod title_match;
mod watch;

use std::{
    net::SocketAddr,
    sync::{Arc, Once},
    time::Duration,
};

use callboard_connectors::http::Client;
use callboard_domain::{
    actor::{Actor, LocalVia, Principal},
    secret::SecretString,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::Chat,
    act::run::{Runner, report_interrupted},
    active_config::{ActiveConfig, ConfigDeps, ConfigHandle},
    api::{ApiError, Call, ReadCall},
    config::ConfigErrors,
    host::Host,
    outbox::{deliver::Deliverer, notify::Notifier},
    secrets::Secrets,
    store::{Store, StoreError},
    system::{paths::Paths, supervise::Tasks},
    watch::{poll::Watcher, receive::Receiver, unrecorded::UnrecordedReports},
};
pub use crate::{
    clients::{socket, tray_app},
    commands::{command_file, reference},
    outbox::builtin_chat,
    system::{log, paths, private},
};

/// How long [`Engine::stop`] waits for what is under way.
pub const STOP_TIME: Duration = Duration::from_secs(5);

/// What an engine is started with.
pub struct Options {
    /// Where its files are.
    pub paths: Paths,
    /// Opens the encrypted file of secrets, where that is the place of secrets.
    pub passphrase: Option<SecretString>,
    /// Secrets to use instead of the place that the configuration names: for the playground and tests.
    pub secrets: Option<Secrets>,
    /// What the surroundings do for the engine.
    pub host: Arc<dyn Host>,
    /// What it is started for.
    pub mode: Mode,
    /// What is done where the configuration is not good or its port is taken.
    pub at_start: OnConfigError,
}

/// What is done where an engine cannot start as it is configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConfigError {
    /// It does not start: for a terminal, where a person can read why and mend it.
    #[default]
    Refuse,
    /// It starts as far as it can, reports what is wrong, and continues as soon as that is mended: for an app that must
    /// be there.
    Continue,
}

/// What an engine is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Polls, receives webhooks, follows its configuration file and notifies, until it is stopped.
    Serve,
    /// Holds the store for one command. Polls only when asked, and delivers what waits only once something is posted: a
    /// command that only reads sends nothing.
    Once,
}

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process owns the store.
    #[error("another Callboard is using the store")]
    InUse,
    /// The configuration is not good.
    #[error("{0}")]
    Config(ConfigErrors),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(StoreError),
    /// The webhook listener's address cannot be had.
    #[error(
        "receive.listen: {address} cannot be listened on: {why}; choose another port, or stop what has it"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's word.
        why: String,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// The engine. A clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// The parts of the engine. Each owns its state; none refers to the engine.
struct Inner {
    options: Options,
    /// Whose engine this is: nobody else gets to the socket.
    user: system::local::User,
    store: Store,
    live: ConfigHandle,
    tasks: Tasks,
    watcher: Watcher,
    receiver: Receiver,
    runner: Runner,
    deliverer: Deliverer,
    /// The outbox is delivered.
    delivering: Once,
    notifier: Notifier,
    builtin_chat: Chat,
    /// Something was snoozed: it is to be woken in time.
    snoozed: Arc<Notify>,
    logs: clients::calls::LogReads,
    finder: clients::find::Finder,
    rank_cache: clients::rank_cache::RankCache,
    choice_cache: clients::choice_cache::ChoiceCache,
}

impl Engine {
    /// Opens the store, connects the accounts and starts what the mode asks for.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let now = Timestamp::now();
        let file = options.paths.data.join("callboard.db");
        let opened = tokio::task::spawn_blocking(move || Store::open(&file, now)).await;
        let store = match opened.map_err(|error| OpenError::Other(error.to_string()))? {
            Ok(store) => store,
            Err(StoreError::InUse { .. }) => return Err(OpenError::InUse),
            Err(error) => return Err(OpenError::Store(error)),
        };
        report_interrupted(&store, now).await.map_err(OpenError::Store)?;
        let user = system::local::User::own().await;
        let client = Client::new().map_err(|error| OpenError::Other(error.to_string()))?;
        let means = ConfigDeps {
            paths: options.paths.clone(),
            passphrase: options.passphrase.clone(),
            secrets: options.secrets.clone(),
            store: store.clone(),
            client,
            user: user.clone(),
        };
        let go_on = options.at_start == OnConfigError::Continue;
        let live = ConfigHandle::open(means, go_on).await.map_err(OpenError::Config)?;
        let receive = live.now().config.receive.clone().filter(|_| options.mode == Mode::Serve);
        let listener = match receive {
            Some(receive) => match TcpListener::bind(receive.listen).await {
                Ok(listener) => Some(listener),
                Err(_) if go_on => None,
                Err(error) => {
                    return Err(OpenError::Listen { address: receive.listen, why: error.to_string() });
                }
            },
            None => None,
        };
        let (tasks, unrecorded) = (Tasks::new(), UnrecordedReports::default());
        let builtin_chat =
            Chat::new(Arc::new(outbox::builtin_chat::BuiltinChat::new(store.clone(), Timestamp::now)));
        let engine = Self {
            inner: Arc::new(Inner {
                watcher: Watcher::new(store.clone(), live.clone(), tasks.clone(), unrecorded.clone()),
                receiver: Receiver::new(store.clone(), live.clone(), tasks.clone(), unrecorded),
                runner: Runner::new(store.clone(), live.clone(), tasks.clone()),
                deliverer: Deliverer::new(
                    store.clone(),
                    live.clone(),
                    tasks.clone(),
                    builtin_chat.clone(),
                    options.mode == Mode::Once,
                ),
                delivering: Once::new(),
                notifier: Notifier::new(store.clone(), live.clone(), Arc::clone(&options.host)),
                builtin_chat,
                snoozed: Arc::default(),
                logs: clients::calls::LogReads::default(),
                finder: clients::find::Finder::default(),
                rank_cache: clients::rank_cache::RankCache::default(),
                choice_cache: clients::choice_cache::ChoiceCache::default(),
                options,
                user,
                store,
                live,
                tasks,
            }),
        };
        // Accounts that a broken file does not name are not gone.
        if engine.inner.live.errors().is_none() {
            engine.inner.live.begin_watching(now).await.map_err(OpenError::Store)?;
        }
        let socket = clients::socket::listen(&engine.inner.options.paths.data)
            .map_err(|error| OpenError::Other(format!("the local socket: {error}")))?;
        engine.start_tasks(socket, listener);
        Ok(engine)
    }

    /// Starts what goes on until the engine stops.
    fn start_tasks(&self, socket: system::local::LocalListener, listener: Option<TcpListener>) {
        let Inner { store, live, tasks, watcher, receiver, notifier, snoozed, .. } = &*self.inner;
        let (engine, mut bound) = (self.clone(), Some(socket));
        tasks.supervise("local socket", move || {
            let data = &engine.inner.options.paths.data;
            let bound = bound.take().map_or_else(|| clients::socket::listen(data), Ok);
            let engine = engine.clone();
            async move {
                match bound {
                    Ok(bound) => clients::socket::serve(bound, engine).await,
                    Err(error) => panic!("the local socket cannot be listened on again: {error}"),
                }
            }
        });
        tasks.keep("secrets", live, active_config::reconnect);
        if self.inner.options.mode != Mode::Serve {
            return;
        }
        self.start_delivering();
        tasks.keep("notifications", notifier, outbox::notify::run);
        tasks.keep("accounts", watcher, Watcher::run);
        tasks.keep("configuration", live, active_config::follow_files);
        tasks.keep("snoozes", &(store.clone(), Arc::clone(snoozed)), |(store, snoozed), stop| {
            watch::snooze::wake(store, snoozed, stop)
        });
        tasks.keep("maintenance", &(store.clone(), live.clone()), |(store, live), stop| {
            watch::maintenance::run(store, live, stop)
        });
        // Known before anybody asks where that is.
        if let Some(listener) = &listener {
            receiver.note_listener(listener);
        }
        let mut listener = listener;
        // Once restarted, it binds its address again.
        tasks.keep("webhooks", receiver, move |receiver, stop| {
            watch::receive::run(receiver, listener.take(), stop)
        });
    }

    /// Starts to deliver what is in the outbox, unless that has begun.
    pub(crate) fn start_delivering(&self) {
        let Inner { tasks, deliverer, delivering, .. } = &*self.inner;
        delivering.call_once(|| tasks.keep("outbox", deliverer, outbox::deliver::run));
    }

    /// Reads something in process, as a client would over the socket.
    pub async fn call<C: ReadCall>(&self, call: C) -> Result<C::Answer, ApiError> {
        self.call_as(LocalVia::default(), call).await
    }

    /// Makes a call in process, as this computer's user through `via`.
    pub async fn call_as<C: Call>(&self, via: LocalVia, call: C) -> Result<C::Answer, ApiError> {
        let params = serde_json::to_value(call).map_err(ApiError::internal)?;
        let answer = self.call_named(via, C::NAME, params).await?;
        serde_json::from_value(answer).map_err(ApiError::internal)
    }

    /// Makes a call by its name on the wire: for a client that passes on what its windows ask for.
    pub async fn call_named(&self, via: LocalVia, name: &str, params: Value) -> Result<Value, ApiError> {
        clients::dispatch::dispatch(self, name, params, &self.actor(via), env!("CARGO_PKG_VERSION")).await
    }

    /// This computer's user, through `via`.
    pub(crate) fn actor(&self, via: LocalVia) -> Actor {
        Actor { principal: self.owner(), via: via.into() }
    }

    /// This computer's user.
    pub(crate) fn owner(&self) -> Principal {
        self.inner.user.principal(&self.active().config.people)
    }

    /// Stops everything: polls and listeners at once, runs and deliveries as soon as their state is recorded; what has
    /// not ended within [`STOP_TIME`] is found as unknown at the next start.
    pub async fn stop(&self) {
        if !self.inner.tasks.stop(STOP_TIME).await {
            tracing::warn!("shutdown timed out; unfinished work is looked up at the next start");
        }
        self.inner.store.close().await;
    }

    /// Waits for the runs that are under way, for what they have changed to be read, where nothing else reads it, and for the
    /// messages that are being sent, then stops.
    pub async fn finish(&self) {
        self.inner.runner.runs().ended().await;
        self.read_changed_accounts().await;
        self.inner.deliverer.finish().await;
        self.stop().await;
    }

    pub(crate) fn stopping(&self) -> CancellationToken {
        self.inner.tasks.stopping()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn host(&self) -> &Arc<dyn Host> {
        &self.inner.options.host
    }

    pub(crate) fn active(&self) -> Arc<ActiveConfig> {
        self.inner.live.now()
    }
}
