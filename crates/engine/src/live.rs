//! What is in force: a configuration and all that was made from it, replaced as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use callboard_connectors::http::Client;
use callboard_domain::rules::Rules;
use jiff::Timestamp;
use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Engine, Options,
    accounts::{self, Accounts},
    api::ApiError,
    command_file,
    config::{Config, Fault, Faults},
    registry::Registry,
    secrets::Secrets,
    store::{Retention, Store},
};

/// A file that is being saved is quiet for this long before it is read.
const SETTLED: Duration = Duration::from_millis(150);

/// Files that the system does not watch for us are compared this often.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A configuration and all that was made from it.
pub(crate) struct Live {
    pub(crate) config: Config,
    pub(crate) secrets: Secrets,
    pub(crate) rules: Rules,
    pub(crate) accounts: Accounts,
    pub(crate) registry: Registry,
}

impl Live {
    /// Makes everything from a configuration, keeping the accounts of `before` in which nothing changed.
    pub(crate) async fn new(
        config: Config,
        options: &Options,
        store: &Store,
        client: &Client,
        before: Option<&Self>,
    ) -> Result<Self, Faults> {
        let rules = Rules::compile(&config.rules, config.builtin_rules).map_err(|errors| {
            let fault =
                |what| Fault { file: config.path.clone(), line: 1, column: 1, what, text: String::new() };
            Faults(errors.into_iter().map(|error| fault(error.message())).collect())
        })?;
        let as_before = before.map(|it| &it.secrets).filter(|secrets| secrets.place() == config.secrets);
        let secrets = options.secrets.as_ref().or(as_before).cloned().unwrap_or_else(|| {
            Secrets::open(config.secrets, &options.paths.data, options.passphrase.clone())
        });
        let none = Accounts::new();
        let accounts =
            accounts::connect(&config, &secrets, store, client, before.map_or(&none, |it| &it.accounts))
                .await;
        let files = command_file::load_for(&config, &accounts)?;
        let registry = Registry::new(&accounts, files);
        Ok(Self { config, secrets, rules, accounts, registry })
    }

    pub(crate) fn retention(&self) -> Retention {
        let keep = &self.config.keep;
        Retention {
            record: keep.history.0,
            items: keep.closed_items.0,
            room: keep.history.0,
            ..Retention::default()
        }
    }
}

impl Engine {
    /// Reads the configuration again, and puts it in force whole, or not at all.
    pub(crate) async fn reload_now(&self) -> Result<(), ApiError> {
        let _one_at_a_time = self.inner.reloading.lock().await;
        // Before they are read: what changes in between is seen as a change.
        let files = contents(&self.live().config);
        self.moments().files = files;
        let made = match Config::load(&self.inner.options.paths.config) {
            Ok(config) => self.make_live(config).await,
            Err(faults) => Err(faults),
        };
        match made {
            Ok(live) => {
                self.moments().faults = None;
                self.replace_live(live).await?;
                tracing::info!(file = %self.inner.options.paths.config.display(), "the configuration is in force");
                Ok(())
            }
            Err(faults) => {
                tracing::error!("the configuration stays as it was:\n{faults}");
                self.moments().faults = Some(faults.clone());
                Err(ApiError::Config { faults: faults.0 })
            }
        }
    }

    /// Makes everything anew from a configuration that is known to be good, such as after a change of secrets.
    pub(crate) async fn put_in_force(&self, config: Config) -> Result<(), ApiError> {
        let _one_at_a_time = self.inner.reloading.lock().await;
        let live = self.make_live(config).await.map_err(|faults| ApiError::Config { faults: faults.0 })?;
        self.replace_live(live).await
    }

    async fn make_live(&self, config: Config) -> Result<Live, Faults> {
        Live::new(config, &self.inner.options, self.store(), &self.inner.client, Some(&self.live())).await
    }

    async fn replace_live(&self, live: Live) -> Result<(), ApiError> {
        let heard = self.moments().receives_at.is_some();
        if heard && live.config.receive != self.live().config.receive {
            tracing::warn!("a change of [receive] takes effect at the next start");
        }
        self.inner.live.send_replace(Arc::new(live));
        self.begin_watching(Timestamp::now()).await.map_err(ApiError::internal)
    }
}

/// Follows the configuration file and the command files until `stop`. Folders are watched, not files: editors replace files.
pub(crate) async fn follow_files(engine: Engine, stop: CancellationToken) {
    let (wake, mut woken) = mpsc::channel::<()>(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // Full means that it is woken already.
            let _ = wake.try_send(());
        }
    });
    let mut watcher = watcher
        .inspect_err(|error| tracing::warn!(%error, "changes of the configuration are seen late: no watcher"))
        .ok();
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let folders = folders(&engine.live().config);
        if let Some(watcher) = &mut watcher {
            watch_folders(watcher, &mut watched, &folders);
        }
        // They are compared at once too: what changed before its folder was watched woke nobody.
        if contents(&engine.live().config) != engine.moments().files {
            // What is wrong with it has been logged, and is told by `doctor`.
            let _ = engine.reload_now().await;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = woken.recv() => {}
            () = tokio::time::sleep(LOOK_EVERY), if watched != folders => {}
        }
        while tokio::time::timeout(SETTLED, woken.recv()).await.is_ok_and(|more| more.is_some()) {}
    }
}

fn watch_folders(watcher: &mut impl Watcher, watched: &mut BTreeSet<PathBuf>, folders: &BTreeSet<PathBuf>) {
    for folder in watched.difference(folders) {
        let _ = watcher.unwatch(folder);
    }
    watched.retain(|folder| folders.contains(folder));
    for folder in folders {
        if watched.contains(folder) {
            continue;
        }
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => drop(watched.insert(folder.clone())),
            Err(error) => tracing::debug!(folder = %folder.display(), %error, "a folder is not followed"),
        }
    }
}

fn folders(config: &Config) -> BTreeSet<PathBuf> {
    let own = config.path.parent().map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    });
    own.into_iter().chain(config.commands.dirs.iter().cloned()).collect()
}

/// What is in the files that are followed: the folders of configurations are often busy with other files.
pub(crate) type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

pub(crate) fn contents(config: &Config) -> Files {
    let commands =
        config.commands.dirs.iter().flat_map(|dir| command_file::files_in(dir).unwrap_or_default());
    commands.chain([config.path.clone()]).map(|file| (file.clone(), std::fs::read(file).ok())).collect()
}
