//! Small services on loopback that behave like a forge (GitHub), a CI server (Jenkins), a pager (Alertmanager) and a
//! chat (Slack), as far as Callboard's connectors use them: for the tour, for a first run, and for tests.
//!
//! They keep state and react: a failed run that is run again passes, an approval counts, a silenced alert is quiet, a
//! build goes through the queue, a deployment waits for a reviewer's yes. Everything in them is made up. Their tokens are no secrets, as nothing is behind them;
//! they are checked so that a wrong one is refused as the real services would.

mod chat;
mod ci;
mod day;
mod forge;
mod pager;
mod service;
mod setting;

use std::{io, net::SocketAddr};

use crate::service::Life;
pub use crate::{
    chat::{Chat, ChatMessage},
    ci::Ci,
    day::{CART, DAY, Moment, RED, RELEASE, SLOW, Scene, TYPO},
    forge::{Deployment, Forge, Push, Verdict},
    pager::{Alert, Pager},
    setting::{ME, Pace},
};

/// The four services, running.
#[derive(Debug)]
pub struct Playground {
    /// Where pull requests, their checks and deployments are.
    pub forge: Forge,
    /// Where jobs are built.
    pub ci: Ci,
    /// Where alerts fire.
    pub pager: Pager,
    /// Where people talk.
    pub chat: Chat,
    life: Life,
}

impl Playground {
    /// Starts the services on loopback, on ports that the system chooses.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn start(pace: Pace) -> io::Result<Self> {
        let life = Life::default();
        Ok(Self {
            forge: Forge::start(&life, pace).await?,
            ci: ci::start(&life, pace).await?,
            pager: Pager::start(&life).await?,
            chat: Chat::start(&life).await?,
            life,
        })
    }

    /// Makes the forge and the pager send webhooks to `/hooks/forge` and `/hooks/pager` there from now on.
    pub fn send_webhooks_to(&self, receiver: SocketAddr) {
        self.forge.webhooks().send_to(receiver, "/hooks/forge");
        self.pager.webhooks().send_to(receiver, "/hooks/pager");
    }

    /// How many webhooks were taken by their receiver (answered with success).
    pub fn webhooks_taken(&self) -> u64 {
        self.forge.webhooks().taken() + self.pager.webhooks().taken()
    }

    /// The text of a `callboard.toml` for these services: accounts `forge`, `ci`, `pager` and `chat`, channels, rules.
    pub fn config_toml(&self) -> String {
        format!(
            r##"# The playground's own configuration. Its services are gone when the playground ends.
default_channel = "chat:#general"

[accounts.forge]
service = "github"
url = "{forge}"
watch = ["acme/*"]
every = "2s"

[accounts.ci]
service = "jenkins"
url = "{ci}"
user = "{ME}"
watch = ["web/*", "deploy"]
every = "2s"

[accounts.pager]
service = "alertmanager"
url = "{pager}"
user = "{ME}"
every = "2s"

[accounts.chat]
service = "slack"
url = "{chat}/api"

[channels]
deploys = "chat:#deploys"
incidents = "chat:#incidents"
reviews = "chat:#reviews"

[receive]
listen = "127.0.0.1:0"

[[rules]]
name = "main is red, or green again"
when = 'event in ["failed", "fixed"] && item.default_branch'
do = "notify"
post = ["deploys"]

[[rules]]
name = "incidents are worked in the open"
when = 'item.kind == "incident" && event in ["triggered", "resolved"]'
post = ["incidents"]
continue = true

[[rules]]
name = "reviews are seen"
when = 'item.kind == "pull_request" && event in ["review_requested", "approved", "merged"]'
post = ["reviews"]
continue = true

[[rules]]
name = "what waits for a yes is asked in the open"
when = 'item.kind == "approval"'
post = ["deploys"]
continue = true

[secrets]
store = "env"
"##,
            forge = self.forge.url(),
            ci = self.ci.url(),
            pager = self.pager.url(),
            chat = self.chat.url(),
        )
    }

    /// What the accounts sign in with: account, field, value.
    pub fn secrets(&self) -> [(&'static str, &'static str, &'static str); 5] {
        [
            ("forge", "token", forge::TOKEN),
            ("forge", "webhook_secret", forge::WEBHOOK_SECRET),
            ("ci", "token", ci::TOKEN),
            ("pager", "webhook_secret", pager::WEBHOOK_SECRET),
            ("chat", "token", chat::TOKEN),
        ]
    }

    /// Stops everything: listeners, builds under way, webhooks that wait.
    pub async fn stop(self) {
        self.life.end().await;
    }
}
