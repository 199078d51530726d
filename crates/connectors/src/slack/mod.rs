//! Slack: where outcomes and notices go, by a bot's or user's token, or by an incoming webhook.

mod chat;
mod client;
mod error;
mod render;
mod webhook;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    duration::Span,
    error::ServiceError,
    identity::{Identity, MissingScope},
    secret::{ExposeSecret, SecretField, SecretString},
    text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use self::{
    chat::Chat,
    client::{Api, Me},
    webhook::Webhook,
};
use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl,
    http::{Credential, Http},
    service_url::is_clear,
};

/// Its name in the configuration.
pub const NAME: &str = "slack";
/// Its address serves many organisations.
pub const TENANTS: bool = true;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "a bot token (xoxb-) of a Slack app with the bot scopes chat:write, chat:write.public, channels:read, \
           groups:read, channels:history and groups:history: api.slack.com/apps, OAuth & Permissions",
    required: false,
};
const WEBHOOK_URL: SecretField = SecretField {
    name: "webhook_url",
    help: "instead of a token, the URL of an incoming webhook; it posts in one channel, and can neither edit nor look",
    required: false,
};

/// The secrets of an account: one of the two. Of both, the token is used.
pub const SECRETS: &[SecretField] = &[TOKEN, WEBHOOK_URL];

/// What each scope is for: <https://docs.slack.dev/reference/scopes>. The last is only for bots.
const SCOPES: [(&str, &str); 6] = [
    ("chat:write", "post and edit messages"),
    ("channels:read", "list public channels"),
    ("groups:read", "list private channels"),
    ("channels:history", "see whether a message has arrived in a public channel before sending it again"),
    ("groups:history", "see whether a message has arrived in a private channel before sending it again"),
    (PUBLIC, "post in public channels without being invited"),
];
const PUBLIC: &str = "chat:write.public";

/// A Slack account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the Web API is; Slack's own where not given.
    #[serde(default = "web_api")]
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
}

fn web_api() -> ServiceUrl {
    ServiceUrl::constant("https://slack.com/api")
}

impl Config {
    /// What is wrong although every value has its type: nothing can be.
    pub fn validate(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Nothing is polled.
    pub fn every(&self) -> Option<Span> {
        None
    }

    /// The secrets of which it needs one: with either it can post.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        SECRETS
    }

    /// What the account offers: a chat.
    ///
    /// # Errors
    /// Where there is neither a token nor a webhook URL, or one is not what it should be.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let http = |credential| Http::new(access.client.clone(), self.url.to_url(), "Slack", credential);
        let offers = |identify, chat, http| Connection {
            identify,
            source: None,
            hook: None,
            actions: Vec::new(),
            chat: Some(chat),
            http,
        };
        if let Some(token) = access.set(&TOKEN) {
            check_token(&token)?;
            let http = http(Credential::Bearer(token));
            let api = Arc::new(Api::new(http.clone()));
            return Ok(offers(Arc::new(Who { api: api.clone() }), Arc::new(Chat { api }), Some(http)));
        }
        let missing = || ConnectError::MissingSecret { one_of: self.needs_one_of().to_vec() };
        let url = access.set(&WEBHOOK_URL).ok_or_else(missing)?;
        check_webhook_url(&url)?;
        let webhook = Arc::new(Webhook { http: http(Credential::None), url });
        // A webhook's URL takes messages and nothing else.
        Ok(offers(webhook.clone(), webhook, None))
    }
}

fn check_token(token: &SecretString) -> Result<(), ConnectError> {
    let token = token.expose_secret();
    let what = if token.starts_with("xapp-") {
        "this is an app-level token (xapp-); expected the bot token (xoxb-)"
    } else if token.starts_with("http") {
        "this is a URL; an incoming webhook's goes into webhook_url"
    } else if token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        "there is white space in it"
    } else {
        return Ok(());
    };
    Err(ConnectError::WrongSecret { field: TOKEN.name, what: what.to_owned() })
}

fn check_webhook_url(url: &SecretString) -> Result<(), ConnectError> {
    let wrong = |what: &str| ConnectError::WrongSecret { field: WEBHOOK_URL.name, what: what.to_owned() };
    let expected = "expected a URL such as https://hooks.slack.com/services/...";
    let url = Url::parse(url.expose_secret()).map_err(|_| wrong(expected))?;
    match url.scheme() {
        "http" if is_clear(&url) => Err(wrong("it would travel in the clear: expected https://")),
        "https" | "http" => Ok(()),
        _ => Err(wrong(expected)),
    }
}

struct Who {
    api: Arc<Api>,
}

#[async_trait]
impl Identify for Who {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let me = self.api.ask_who().await?;
        Ok(Identity {
            missing_scopes: missing_scopes(&me),
            server: Some(format!("Slack, {}", me.team)),
            tenant: me.team_id.map(|id| text::line(&id, 40)),
            login: me.user,
            ..Identity::default()
        })
    }
}

/// The scopes that the token does not have. None where Slack does not name its scopes.
fn missing_scopes(me: &Me) -> Vec<MissingScope> {
    let Some(scopes) = &me.scopes else {
        return Vec::new();
    };
    SCOPES
        .iter()
        .filter(|(scope, _)| *scope != PUBLIC || me.bot_id.is_some())
        .filter(|(scope, _)| !scopes.iter().any(|has| has == scope))
        .map(|&(scope, what)| MissingScope { scope: scope.to_owned(), needed_for: what.to_owned() })
        .collect()
}
