//! Makes it run; knows no service by name.
//!
//! Data goes one way. Watch: `watch` and `receive` bring snapshots, the [`store`] finds what changed, `decide`
//! says what is to be done about it in the same transaction, `deliver` and `notify` do it. Act: a line becomes a
//! `run`, which is recorded before its effect, and its outcome goes out through `deliver` as well.

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
mod watch;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_connectors::http::Client;
use callboard_domain::{
    actor::{Actor, LocalVia, Principal},
    chat::ChatService,
    error::ServiceError,
    identity::Identity,
    item::AccountName,
    secret::SecretString,
    source::{Batch, Received},
};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch as channel};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    active_config::ActiveConfig,
    api::{ApiError, Call, ReadCall},
    config::{Config, ConfigErrors},
    host::Host,
    secrets::Secrets,
    store::{Report, Store, StoreError, Watched},
    system::paths::Paths,
};
pub use crate::{
    clients::{socket, tray_app},
    commands::command_file,
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
    pub at_start: AtStart,
}

/// What is done where an engine cannot start as its configuration says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtStart {
    /// It does not start: for whoever can read why, and mend it.
    #[default]
    Refuse,
    /// It starts as far as it can, says what is wrong, and goes on with the rest as soon as that is mended: for an app
    /// that is to be there.
    GoOn,
}

/// What an engine is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Polls, receives webhooks, follows its configuration file, tells, until it is stopped.
    Serve,
    /// Holds the store for one command. Delivers what waits; polls only when asked.
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

struct Inner {
    options: Options,
    /// Whose engine this is: nobody else gets to the socket.
    user: system::local::User,
    store: Store,
    client: Client,
    room: Arc<dyn ChatService>,
    active: channel::Sender<Arc<ActiveConfig>>,
    runs: act::run::Active,
    logs: clients::calls::Readings,
    handoff: outbox::handoff::NotificationHandoff,
    outbox: outbox::deliver::Outbox,
    finder: clients::find::Finder,
    standings: clients::standings::Standings,
    /// Something was snoozed: it is to be woken in time.
    snoozed: tokio::sync::Notify,
    choice_cache: clients::choice_cache::ChoiceCache,
    runtime: Mutex<RuntimeState>,
    /// Held while the configuration file or a secret is changed.
    editing: tokio::sync::Mutex<()>,
    /// Held while a configuration is put in force.
    reloading: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is known for the moment only, and found anew after a restart.
#[derive(Default)]
struct RuntimeState {
    /// When each watched account is polled next.
    next_poll: BTreeMap<AccountName, Timestamp>,
    identified_at: BTreeMap<AccountName, Timestamp>,
    /// What is wrong with the configuration file, while an older one is in force.
    errors: Option<ConfigErrors>,
    /// What was in the followed files when they were last read.
    files: active_config::Files,
    /// When the last notification was shown.
    notified_at: Option<Timestamp>,
    /// Where webhooks are received.
    webhook_addr: Option<SocketAddr>,
    /// Why they are not, where they should be.
    listen_error: Option<String>,
    /// The tasks that had a fault of Callboard's own.
    task_faults: system::supervise::TaskFaults,
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
        let user = system::local::User::own().await;
        let client = Client::new().map_err(|error| OpenError::Other(error.to_string()))?;
        let (active, runtime) = first_active(&options, &store, &client).await.map_err(OpenError::Config)?;
        let serving = options.mode == Mode::Serve;
        let listener = match &active.config.receive {
            Some(receive) if serving => match TcpListener::bind(receive.listen).await {
                Ok(listener) => Some(listener),
                Err(_) if options.at_start == AtStart::GoOn => None,
                Err(error) => {
                    return Err(OpenError::Listen { address: receive.listen, why: error.to_string() });
                }
            },
            _ => None,
        };
        let is_whole = runtime.errors.is_none();
        let engine = Self {
            inner: Arc::new(Inner {
                room: Arc::new(outbox::builtin_chat::BuiltinChat::new(store.clone(), Timestamp::now)),
                active: channel::Sender::new(Arc::new(active)),
                runs: act::run::Active::default(),
                logs: clients::calls::Readings::default(),
                handoff: outbox::handoff::NotificationHandoff::default(),
                outbox: outbox::deliver::Outbox::default(),
                finder: clients::find::Finder::default(),
                standings: clients::standings::Standings::default(),
                snoozed: tokio::sync::Notify::new(),
                choice_cache: clients::choice_cache::ChoiceCache::default(),
                runtime: Mutex::new(runtime),
                editing: tokio::sync::Mutex::default(),
                reloading: tokio::sync::Mutex::default(),
                stop: CancellationToken::new(),
                tasks: TaskTracker::new(),
                options,
                user,
                store,
                client,
            }),
        };
        engine.report_interrupted(now).await.map_err(OpenError::Store)?;
        // Accounts that a broken file does not name are not gone.
        if is_whole {
            engine.begin_watching(now).await.map_err(OpenError::Store)?;
        }
        let socket = clients::socket::listen(&engine.inner.options.paths.data)
            .map_err(|error| OpenError::Other(format!("the local socket: {error}")))?;
        engine.start_tasks(socket, listener);
        Ok(engine)
    }

    /// Starts what goes on until the engine stops.
    fn start_tasks(&self, socket: system::local::LocalListener, listener: Option<TcpListener>) {
        let go_on = |name: &str, task: fn(Self, CancellationToken) -> BoxFuture<'static, ()>| {
            let engine = self.clone();
            self.supervise(name, self.stopping(), move || task(engine.clone(), engine.stopping()));
        };
        let (engine, mut bound) = (self.clone(), Some(socket));
        self.supervise("local socket", self.stopping(), move || {
            let bound =
                bound.take().map_or_else(|| clients::socket::listen(&engine.inner.options.paths.data), Ok);
            let (engine, tasks) = (engine.clone(), engine.inner.tasks.clone());
            async move {
                match bound {
                    Ok(bound) => {
                        clients::socket::serve(bound, engine.clone(), engine.stopping(), tasks).await
                    }
                    Err(error) => panic!("the local socket cannot be listened on again: {error}"),
                }
            }
        });
        go_on("outbox", |engine, stop| outbox::deliver::run(engine, stop).boxed());
        go_on("secrets", |engine, stop| accounts::reconnect(engine, stop).boxed());
        if self.inner.options.mode != Mode::Serve {
            return;
        }
        go_on("notifications", |engine, stop| outbox::notify::run(engine, stop).boxed());
        go_on("accounts", |engine, stop| watch::poll::run(engine, stop).boxed());
        go_on("configuration", |engine, stop| active_config::follow_files(engine, stop).boxed());
        go_on("snoozes", |engine, stop| watch::snooze::wake(engine, stop).boxed());
        go_on("maintenance", |engine, stop| watch::maintenance::run(engine, stop).boxed());
        // Known before anybody asks where that is.
        self.note_webhook_addr(listener.as_ref());
        let (engine, mut listener) = (self.clone(), listener);
        self.supervise("webhooks", self.stopping(), move || {
            // Started again it takes its address anew.
            let tasks = engine.inner.tasks.clone();
            watch::receive::run(listener.take(), engine.clone(), engine.stopping(), tasks)
        });
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
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(STOP_TIME, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time; it is looked up at the next start");
        }
        self.inner.store.close().await;
    }

    /// Waits for the runs that are under way, then stops.
    pub async fn finish(&self) {
        self.inner.runs.ended().await;
        self.stop().await;
    }

    pub(crate) fn stopping(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn host(&self) -> &Arc<dyn Host> {
        &self.inner.options.host
    }

    pub(crate) fn active(&self) -> Arc<ActiveConfig> {
        Arc::clone(&self.inner.active.borrow())
    }

    pub(crate) fn active_changes(&self) -> channel::Receiver<Arc<ActiveConfig>> {
        self.inner.active.subscribe()
    }

    /// Notes where webhooks are received.
    pub(crate) fn note_webhook_addr(&self, listener: Option<&TcpListener>) {
        let mut runtime = self.runtime();
        runtime.webhook_addr = listener.and_then(|listener| listener.local_addr().ok());
        if listener.is_some() {
            runtime.listen_error = None;
        }
    }

    fn runtime(&self) -> MutexGuard<'_, RuntimeState> {
        self.inner.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_next_poll(&self, account: &AccountName, at: Timestamp) {
        self.runtime().next_poll.insert(account.clone(), at);
    }

    /// Stores what a webhook said, and what is decided about it.
    pub(crate) async fn ingest_webhook(
        &self,
        account: &AccountName,
        received: Received,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let decide = watch::decide::by(self.active());
        let poll = received.poll;
        self.store().try_ingest(account, Report::Hook(received), now, decide).await?;
        if poll {
            self.poll_soon(account);
        }
        Ok(())
    }

    /// Stores what a poll found, and what is decided about it.
    pub(crate) async fn ingest_poll(
        &self,
        account: &AccountName,
        batch: Batch,
        watched: Watched,
        began_at: Timestamp,
    ) -> Result<(), StoreError> {
        let decide = watch::decide::by(self.active());
        let report = Report::Poll { batch, began_at, watched };
        self.store().ingest(account, report, Timestamp::now(), decide).await.map(drop)
    }

    pub(crate) async fn record_error(&self, account: &AccountName, error: &ServiceError, now: Timestamp) {
        if let Err(error) = self.store().poll_failed(account, error.clone(), now).await {
            tracing::error!(%error, %account, "an account's trouble could not be recorded");
        }
    }

    /// When the account's identity was last asked for, in the life of this process.
    pub(crate) fn identified_at(&self, account: &AccountName) -> Option<Timestamp> {
        self.runtime().identified_at.get(account).copied()
    }

    /// Asks the service who the account is, and records it.
    pub(crate) async fn identify(
        &self,
        account: &accounts::Account,
        now: Timestamp,
    ) -> Result<Identity, ServiceError> {
        let connection = account.connection.as_ref().map_err(|why| ServiceError::auth(why.to_string()))?;
        let identity = connection.identify.identify().await?;
        self.store()
            .identified(&account.name, identity.clone())
            .await
            .map_err(|error| ServiceError::unavailable(error.to_string()))?;
        self.runtime().identified_at.insert(account.name.clone(), now);
        Ok(identity)
    }

    /// From now on what happens in the accounts is news; accounts that are gone leave the board.
    async fn begin_watching(&self, now: Timestamp) -> Result<(), StoreError> {
        let active = self.active();
        for account in active.accounts.keys() {
            self.store().watch(account, now).await?;
        }
        for source in self.store().sources().await? {
            if !active.accounts.contains_key(&source.account) {
                self.store().unwatch(&source.account, now).await?;
            }
        }
        Ok(())
    }
}

/// What the configuration makes; where that is not good and the engine is to start all the same, what can be made of it,
/// and what is wrong.
async fn first_active(
    options: &Options,
    store: &Store,
    client: &Client,
) -> Result<(ActiveConfig, RuntimeState), ConfigErrors> {
    let go_on = options.at_start == AtStart::GoOn;
    let own =
        system::private::read(&options.paths.config, config::FILE_LIMIT).map_err(|error| error.to_string());
    let (config, wrong) = match Config::load(&options.paths.config) {
        Ok(config) => (config, None),
        Err(errors) if go_on => (Config::read(&options.paths.config, "")?, Some(errors)),
        Err(errors) => return Err(errors),
    };
    let mut files = active_config::contents(&config);
    files.insert(config.path.clone(), own);
    let runtime = |errors| RuntimeState { errors, files, ..RuntimeState::default() };
    let commands = config.commands.clone();
    match ActiveConfig::new(config.clone(), options, store, client, None).await {
        Ok(active) => Ok((active, runtime(wrong))),
        Err(errors) if go_on => {
            // Its command files, most likely: the accounts are good without them.
            let config = Config { commands: config::Commands::default(), ..config };
            let mut active = ActiveConfig::new(config, options, store, client, None).await?;
            // They are followed, so that it is put in force as soon as they are good.
            active.config.commands = commands;
            Ok((active, runtime(Some(wrong.unwrap_or(errors)))))
        }
        Err(errors) => Err(errors),
    }
}

/// Waits that long; for ever where nothing comes due by itself.
async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
