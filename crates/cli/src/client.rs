//! The connection to the engine: in this process where the store is free, else to its owner over a socket.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use callboard_domain::{actor::LocalVia, item::AccountName, secret::SecretString};
use callboard_engine::{
    Engine, Mode, OnConfigError, OpenError, Options,
    api::{Access, AccountsQuery, ApiError, Call, Cancel, Hello, PollNow, Post, ResolveRun, Retry, StartRun},
    config::ConfigErrors,
    paths::Paths,
    socket,
};
use tokio::task::JoinSet;

use crate::{exit::MayHaveHappened, host::TerminalHost};

/// A connection to the engine.
pub(crate) struct Client {
    link: EngineLink,
    data: PathBuf,
    begun: Begun,
}

/// The calls of a client that change something.
#[derive(Debug, Default, PartialEq, Eq)]
struct Begun {
    /// The command that shows their outcome; `None` where nothing was changed.
    see: Option<&'static str>,
    /// True once an answer is missing: the outcome is unknown.
    is_unknown: bool,
}

impl Begun {
    /// Records a call's answer; `was_answered` is false where none came that could be read.
    fn note<C: Call>(&mut self, answer: &Result<C::Answer, ApiError>, was_answered: bool) {
        let acts = C::ACCESS != Access::Reads;
        if acts && (answer.is_ok() || !was_answered) {
            self.see = Some(shown_by(C::NAME));
        }
        // A refused call changed nothing. A read that fails may have been about the end of an earlier call.
        let failed = !was_answered || (!acts && matches!(answer, Err(ApiError::Internal { .. })));
        self.is_unknown |= self.see.is_some() && failed;
    }

    /// The result of a command that made these calls: an error after a missing answer may follow a change.
    fn ended<T>(&self, ended: Result<T>) -> Result<T> {
        match (ended, self.see) {
            (Err(source), Some(see)) if self.is_unknown => Err(MayHaveHappened { see, source }.into()),
            (ended, _) => ended,
        }
    }
}

/// The command that shows the outcome of a call of that name.
fn shown_by(call: &str) -> &'static str {
    match call {
        StartRun::NAME | Cancel::NAME | ResolveRun::NAME => "callboard runs",
        Post::NAME | Retry::NAME => "callboard deliveries",
        _ => "callboard audit",
    }
}

enum EngineLink {
    /// The engine runs in this process, which has the store.
    Own(Engine),
    /// Another process has the store.
    Other(socket::Client),
}

impl Client {
    /// Opens the store, or connects to the process that has it.
    pub(crate) async fn open(paths: &Paths) -> Result<Self> {
        Self::open_with(paths, passphrase()).await
    }

    /// The same with the passphrase of the encrypted file of secrets.
    pub(crate) async fn open_with(paths: &Paths, passphrase: Option<SecretString>) -> Result<Self> {
        // The owner may be just starting or just ending: between its lock and its socket there is a moment.
        let mut tries = 0;
        loop {
            match open_engine(paths, Mode::Once, passphrase.clone()).await {
                Ok(engine) => return Ok(Self::with_link(EngineLink::Own(engine), paths)),
                Err(OpenError::InUse) => {}
                Err(error) => return Err(explain(error)),
            }
            match socket::Client::connect(&paths.data).await {
                Ok(client) => return Ok(Self::with_link(EngineLink::Other(client), paths)),
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

    /// A client of an engine that runs in this process.
    pub(crate) fn of(engine: &Engine, paths: &Paths) -> Self {
        Self::with_link(EngineLink::Own(engine.clone()), paths)
    }

    fn with_link(link: EngineLink, paths: &Paths) -> Self {
        Self { link, data: paths.data.clone(), begun: Begun::default() }
    }

    /// Makes a call, as this computer's user on the command line.
    pub(crate) async fn call<C: Call>(&mut self, call: C) -> Result<C::Answer, ApiError> {
        let (answer, was_answered) = match &mut self.link {
            EngineLink::Own(engine) => (engine.call_as(LocalVia::Cli, call).await, true),
            EngineLink::Other(client) => {
                let answer = client.call_as(LocalVia::Cli, call).await;
                (answer, client.was_answered())
            }
        };
        self.begun.note::<C>(&answer, was_answered);
        answer
    }

    /// True where the daemon or the app has the store: what waits is sent by itself.
    pub(crate) async fn is_served(&mut self) -> Result<bool, ApiError> {
        Ok(self.call(Hello {}).await?.serving)
    }

    /// Where nothing else polls, polls every account once; `waits_for` gets those that have not answered yet,
    /// whenever that changes.
    pub(crate) async fn poll(&mut self, waits_for: impl Fn(&[AccountName])) -> Result<(), ApiError> {
        let EngineLink::Own(engine) = &self.link else { return Ok(()) };
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

    /// Connects again after a call was abandoned before its answer: over the old socket, the next call would get that
    /// answer.
    pub(crate) async fn reconnect(&mut self) -> std::io::Result<()> {
        if let EngineLink::Other(client) = &mut self.link {
            let connected = socket::Client::connect(&self.data).await;
            self.begun.is_unknown |= self.begun.see.is_some() && connected.is_err();
            *client = connected?;
        }
        Ok(())
    }

    /// Releases the store, once running work has ended. Returns how the command `ended`: as [`MayHaveHappened`] where
    /// the answer to a call that changes something, or to a later read of its outcome, never came.
    pub(crate) async fn close<T>(self, ended: Result<T>) -> Result<T> {
        if let EngineLink::Own(engine) = self.link {
            engine.finish().await;
        }
        self.begun.ended(ended)
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
        at_start: OnConfigError::Refuse,
    })
    .await
}

/// The passphrase of the encrypted file of secrets, from the environment.
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

#[cfg(test)]
mod tests {
    use callboard_engine::api::{BoardQuery, FollowRun};

    use super::*;
    use crate::exit::{self, Exit};

    /// A call that fails: without an answer, or with one of the daemon's own.
    fn fails<C: Call>(begun: &mut Begun, was_answered: bool) {
        begun.note::<C>(&Err(ApiError::internal("it is lost")), was_answered);
    }

    fn begin(begun: &mut Begun) {
        begun.see = Some("callboard runs");
    }

    #[test]
    fn call_without_an_answer_may_have_happened() {
        type Calls = fn(&mut Begun);
        // what is called, what comes of it -> how the command ends, and where to look
        let cases: [(&str, Calls, Exit, &str); 8] = [
            ("nothing is begun", |it| fails::<BoardQuery>(it, false), Exit::Failed, ""),
            ("it may have begun", |it| fails::<StartRun>(it, false), Exit::Unknown, "callboard runs"),
            ("it was refused", |it| fails::<StartRun>(it, true), Exit::Failed, ""),
            ("it may be stopped", |it| fails::<Cancel>(it, false), Exit::Unknown, "callboard runs"),
            ("it may be sent", |it| fails::<Retry>(it, false), Exit::Unknown, "callboard deliveries"),
            (
                "its end is missed",
                |it| {
                    begin(it);
                    fails::<FollowRun>(it, false);
                },
                Exit::Unknown,
                "callboard runs",
            ),
            (
                "its end cannot be read",
                |it| {
                    begin(it);
                    fails::<FollowRun>(it, true);
                },
                Exit::Unknown,
                "callboard runs",
            ),
            ("it is answered", begin, Exit::Failed, ""),
        ];
        for (what, calls, expected, see) in cases {
            let mut begun = Begun::default();
            calls(&mut begun);
            let error = begun.ended::<()>(Err(ApiError::internal("it is lost").into())).unwrap_err();
            assert_eq!(exit::of(&error), expected, "{what}");
            assert!(format!("{error:#}").contains(see), "{what}: {error:#}");
            assert!(begun.ended(Ok(())).is_ok(), "{what}");
        }
    }
}
