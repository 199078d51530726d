//! The way to the engine: this process's own where the store is free, else the owner's over its socket.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use callboard_domain::{actor::LocalVia, secret::SecretString};
use callboard_engine::{
    AtStart, Engine, Mode, OpenError, Options,
    api::{ApiError, Call},
    config::ConfigErrors,
    paths::Paths,
    socket,
};

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
                    return Err(error).context("nothing was sent");
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

    /// Makes it good for calls again after one was given up before its answer: over a socket, the next call would get
    /// that answer.
    pub(crate) async fn reconnect(&mut self) -> std::io::Result<()> {
        if let Way::Other(client) = &mut self.way {
            *client = socket::Client::connect(&self.data).await?;
        }
        Ok(())
    }

    /// True where nothing polls for us: what is stored may be old.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.way, Way::Own(_))
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
        host: Arc::new(host),
        mode,
        at_start: AtStart::Refuse,
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
