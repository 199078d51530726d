//! The playground inside the app: a made-up team's services and an engine on them, in a folder that is removed afterwards.

use std::sync::Arc;

use anyhow::{Context, Result};
use callboard_engine::{api::Hello, host::Host, paths::Paths, secrets::Secrets};
use callboard_playground::{Pace, Playground};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::owner::{Opening, Owner};

/// How much faster than a real day the team's is: something happens every half a minute or so.
const SPEED: f64 = 60.0;

/// The team at work.
pub(crate) struct Play {
    owner: Arc<Owner>,
    team: Arc<Playground>,
    days: JoinHandle<()>,
    end: CancellationToken,
    folder: TempDir,
}

impl Play {
    /// Starts the services and an engine on them.
    pub(crate) async fn start(host: Arc<dyn Host>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("callboard-playground-").tempdir()?;
        let team = Playground::start(Pace::default()).await.context("the services could not be started")?;
        let paths = Paths::within(folder.path());
        std::fs::write(&paths.config, team.config_toml())?;
        let secrets = Some(Secrets::in_memory(team.secrets()));
        let sources = team.sources();
        let owner = Arc::new(Owner::open(Opening { paths, secrets, sources, host }));
        if let Some(receiver) = owner.call(Hello {}).await?.webhook_addr {
            team.send_webhooks_to(receiver);
        }
        let (team, end) = (Arc::new(team), CancellationToken::new());
        let (living, until) = (Arc::clone(&team), end.clone());
        let days = tokio::spawn(async move { living.live_a_day(SPEED, &until).await });
        Ok(Self { owner, team, days, end, folder })
    }

    /// The connection to its engine.
    pub(crate) fn owner(&self) -> Arc<Owner> {
        Arc::clone(&self.owner)
    }

    /// Stops everything, and removes the folder.
    pub(crate) async fn stop(self) -> Result<()> {
        self.end.cancel();
        // It only fails where it panicked, which has been logged.
        let _ = self.days.await;
        self.owner.close().await;
        if let Some(team) = Arc::into_inner(self.team) {
            team.stop().await;
        }
        self.folder.close().context("the playground's folder could not be removed")
    }
}
