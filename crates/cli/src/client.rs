//! The way to the engine: this process's own where the store is free, else the owner's over its socket.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use callboard_domain::{actor::LocalVia, item::AccountName, secret::SecretString};
use callboard_engine::{
    Engine, Mode, OnConfigError, OpenError, Options,
    api::{AccountsQuery, ApiError, Call, PollNow},
    config::ConfigErrors,
    paths::Paths,
    socket,
};
use tokio::task::JoinSet;

use crate::host::TerminalHost;

/// The way to the engine.
pub(crate) struct Client {
    way: Way,
    data: PathBuf,
}

enum Way {
    /// The store is ours for the moment.
    Own(Engine),
    /// Another process has it.
    Other(socket::Client),
}

impl Client {
    /// Opens the store, or connects to the process that has it.
    pub(crate) async fn open(paths: &Paths) -> Result<Self> {
        Self::open_with(paths, passphrase()).await
    }

    /// The same with what opens the encrypted file of secrets.
    pub(crate) async fn open_with(paths: &Paths, passphrase: Option<SecretString>) -> Result<Self> {
        // The owner may be just starting or just ending: between its lock and its socket there is a moment.
        let mut tries = 0;
        loop {
            match open_engine(paths, Mode::Once, passphrase.clone()).await {
                Ok(engine) => return Ok(Self { way: Way::Own(engine), data: paths.data.clone() }),
                Err(OpenError::InUse) => {}
                Err(error) => return Err(explain(error)),
            }
            match socket::Client::connect(&paths.data).await {
                Ok(client) => return Ok(Self { way: Way::Other(client), data: paths.data.clone() }),
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    return Err(anyhow::anyhow!("{error}; nothing was sent"));
                }
                Err(error) if tries == 50 => {
                    return Err(error).context("another Callboard is using the store, and does not answer");
                }
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The way to an engine that runs in this process.
    pub(crate) fn of(engine: &Engine, paths: &Paths) -> Self {
        Self { way: Way::Own(engine.clone()), data: paths.data.clone() }
    }

    /// Makes a call, as this computer's user on the command line.
    pub(crate) async fn call<C: Call>(&mut self, call: C) -> Result<C::Answer, ApiError> {
        match &mut self.way {
            Way::Own(engine) => engine.call_as(LocalVia::Cli, call).await,
            Way::Other(client) => client.call_as(LocalVia::Cli, call).await,
        }
    }

    /// Where nothing else polls, polls every account once; `waits_for` is given those whose answer is still waited for,
    /// whenever that changes.
    pub(crate) async fn poll(&mut self, waits_for: impl Fn(&[AccountName])) -> Result<(), ApiError> {
        let Way::Own(engine) = &self.way else { return Ok(()) };
        let accounts = engine.call_as(LocalVia::Cli, AccountsQuery {}).await?;
        let mut waiting: Vec<AccountName> =
            accounts.into_iter().filter(|info| info.watched).map(|info| info.name).collect();
        let mut polls = JoinSet::new();
        for account in waiting.clone() {
            let engine = engine.clone();
            polls.spawn(async move {
                let poll = PollNow { account: Some(account.clone()) };
                (account, engine.call_as(LocalVia::Cli, poll).await)
            });
        }
        waits_for(&waiting);
        while let Some(ended) = polls.join_next().await {
            let (account, polled) = ended.map_err(ApiError::internal)?;
            polled?;
            waiting.retain(|other| *other != account);
            waits_for(&waiting);
        }
        Ok(())
    }

    /// Makes it good for calls again after one was given up before its answer: over a socket, the next call would get
    /// that answer.
    pub(crate) async fn reconnect(&mut self) -> std::io::Result<()> {
        if let Way::Other(client) = &mut self.way {
            *client = socket::Client::connect(&self.data).await?;
        }
        Ok(())
    }

    /// Lets go of the store, once what is under way has ended.
    pub(crate) async fn close(self) {
        if let Way::Own(engine) = self.way {
            engine.finish().await;
        }
    }
}

/// Opens the engine in this process.
pub(crate) async fn open_engine(
    paths: &Paths,
    mode: Mode,
    passphrase: Option<SecretString>,
) -> Result<Engine, OpenError> {
    let host = TerminalHost::start().map_err(|error| OpenError::Other(error.to_string()))?;
    Engine::open(Options {
        paths: paths.clone(),
        passphrase,
        secrets: None,
        sources: Vec::new(),
        host: Arc::new(host),
        mode,
        at_start: OnConfigError::Refuse,
    })
    .await
}

/// What opens the encrypted file of secrets, where that is what the configuration names.
pub(crate) fn passphrase() -> Option<SecretString> {
    std::env::var("CALLBOARD_PASSPHRASE").ok().filter(|text| !text.is_empty()).map(Into::into)
}

/// An error for a person, with the exit code that belongs to it.
pub(crate) fn explain(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::Config(ConfigErrors(errors)) => ApiError::Config { errors }.into(),
        other => anyhow::Error::new(other),
    }
}
