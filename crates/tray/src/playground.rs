//! The playground inside the app: a made-up team's services and an engine on them, in a folder that is removed afterwards.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use callboard_engine::{
    api::Hello,
    host::Host,
    paths::{self, Paths},
    secrets::Secrets,
    tray_app::AppCommand,
};
use callboard_playground::{Pace, Playground};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    instance::{self, Found},
    owner::{Opening, Owner},
};

/// How much faster than a real day the team's is: something happens every half a minute or so.
const SPEED: f64 = 60.0;

/// The team at work.
pub(crate) struct Play {
    owner: Arc<Owner>,
    team: Arc<Playground>,
    days: JoinHandle<()>,
    /// Receives what a second start on the playground's folder asks of this app, which shows it.
    commands: JoinHandle<()>,
    end: CancellationToken,
    folder: TempDir,
}

impl Play {
    /// Starts the services and an engine on them. `received` gets the commands of a second start on its folder.
    pub(crate) async fn start(
        host: Arc<dyn Host>,
        received: impl Fn(AppCommand, Option<String>) + Send + Sync + 'static,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("callboard-playground-").tempdir()?;
        let team = Playground::start(Pace::default()).await.context("the services could not be started")?;
        let paths = Paths::within(folder.path());
        std::fs::write(&paths.config, team.config_toml())?;
        let Found::First(first) = instance::enter(&paths.data, None).await? else {
            bail!("another app has {}", paths.data.display())
        };
        paths::mark_playground(&paths.data)?;
        let secrets = Some(Secrets::in_memory(team.secrets()));
        let owner = Arc::new(Owner::open(Opening { paths, secrets, host }));
        if let Some(receiver) = owner.call(Hello {}).await?.webhook_addr {
            team.send_webhooks_to(receiver);
        }
        let (team, end) = (Arc::new(team), CancellationToken::new());
        let (living, until) = (Arc::clone(&team), end.clone());
        let days = tokio::spawn(async move { living.live_a_day(SPEED, &until).await });
        let commands = tokio::spawn(first.listen(received, end.clone()));
        Ok(Self { owner, team, days, commands, end, folder })
    }

    /// The connection to its engine.
    pub(crate) fn owner(&self) -> Arc<Owner> {
        Arc::clone(&self.owner)
    }

    /// Stops everything, and removes the folder.
    pub(crate) async fn stop(self) -> Result<()> {
        self.end.cancel();
        // They only fail where they panicked, which has been logged.
        let _ = self.days.await;
        let _ = self.commands.await;
        self.owner.close().await;
        if let Some(team) = Arc::into_inner(self.team) {
            team.stop().await;
        }
        self.folder.close().context("the playground's folder could not be removed")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use callboard_domain::rules::Notification;

    use super::*;

    struct SilentHost;

    impl Host for SilentHost {
        fn notify(&self, _: &Notification) {}
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_start_on_its_folder_reaches_the_app_that_shows_it() {
        let (sender, commands) = mpsc::channel();
        let received = move |command, _| sender.send(command).unwrap();
        let play = Play::start(Arc::new(SilentHost), received).await.unwrap();
        let data = Paths::within(play.folder.path()).data;
        for asked in [data.as_path(), play.folder.path()] {
            let second = instance::enter(asked, Some(AppCommand::Settings)).await.unwrap();
            assert!(matches!(second, Found::Forwarded));
            assert_eq!(commands.recv().unwrap(), AppCommand::Settings);
        }
        play.stop().await.unwrap();
        assert!(!data.exists());
    }
}
