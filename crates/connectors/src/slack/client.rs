//! Calls of the Web API: <https://docs.slack.dev/apis/web-api/>.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use callboard_domain::{error::ServiceError, text};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::error::{Refusal, service_error};
use crate::{
    http::{Answer, Http, Request},
    lenient::{self, Entries},
};

/// Pages read of a listing at most: of channels 20,000, which is more than fits a list that people choose from.
const PAGES: usize = 20;
/// The most that Slack gives at once.
const PAGE: &str = "999";

/// The Web API, with what has been learned of the workspace.
pub(super) struct Api {
    pub http: Http,
    /// Ids of channels by name. A name that is not here, or whose id is refused, is looked up again.
    channels: Mutex<BTreeMap<String, String>>,
    me: OnceLock<Me>,
    asked: AtomicBool,
}

/// Who the token is, by `auth.test`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Me {
    /// The workspace's URL.
    pub url: String,
    pub team: String,
    /// The workspace's id, which no renaming changes.
    #[serde(default)]
    pub team_id: Option<String>,
    pub user: String,
    /// The user's id, as messages name who wrote them.
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    pub user_id: Option<String>,
    /// Only for a bot's token.
    pub bot_id: Option<String>,
    /// The token's scopes, where Slack names them.
    #[serde(skip)]
    pub scopes: Option<Vec<String>>,
}

/// A failed call: Slack's code as well, where it gave one.
#[derive(Debug)]
pub(super) struct Failure {
    pub code: Option<String>,
    pub error: ServiceError,
}

impl Failure {
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self { code: None, error }
    }
}

impl From<Failure> for ServiceError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

#[derive(Deserialize)]
struct Channels {
    channels: Entries<Channel>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    response_metadata: Cursor,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(deserialize_with = "lenient::text")]
    name: String,
}

/// Where a listing goes on; empty at its end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cursor {
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_cursor: String,
}

impl Api {
    pub(super) fn new(http: Http) -> Self {
        Self { http, channels: Mutex::default(), me: OnceLock::new(), asked: AtomicBool::new(false) }
    }

    /// A call that only looks. Its arguments go as a form: not every method that reads takes JSON.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        fields: &[(&str, &str)],
        channel: Option<&str>,
    ) -> Result<T, Failure> {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = self.http.exchange(Request::post([method]).form(fields).reads()).await?;
        self.result(&answer, channel, true)
    }

    /// A call that changes something.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: &str,
        body: Value,
        channel: Option<&str>,
    ) -> Result<T, Failure> {
        // Without a charset Slack answers with a warning.
        let request =
            Request::post([method]).header("content-type", "application/json; charset=utf-8").json(body);
        let answer = self.http.exchange(request).await?;
        self.result(&answer, channel, false)
    }

    fn result<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        channel: Option<&str>,
        read: bool,
    ) -> Result<T, Failure> {
        let channel = channel.map(|channel| self.name(channel));
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let field = |name: &str| body.as_ref()?.get(name);
        // Where Slack failed mid-request, its code means no more than the status: the write may have happened.
        let broke = answer.status.is_server_error() || answer.status == StatusCode::REQUEST_TIMEOUT;
        if field("ok").and_then(Value::as_bool) == Some(false) && !broke {
            let code = field("error").and_then(Value::as_str).unwrap_or_default();
            let details = field("response_metadata").and_then(|more| more.get("messages")?.get(0)?.as_str());
            let error = service_error(&Refusal {
                needed: field("needed").and_then(Value::as_str),
                detail: details,
                retry_after: self.http.retry_after(answer),
                channel: channel.as_deref(),
                app: self.me.get().map(|me| me.user.as_str()),
                asked: Some(answer.asked()),
                read,
                ..Refusal::new(code, self.http.now())
            });
            return Err(Failure { code: Some(code.to_owned()), error });
        }
        if !answer.status.is_success() {
            return Err(self.http.service_error(answer).into());
        }
        let result = answer.json()?;
        // "Always contains a top-level boolean property ok": an answer without it is not Slack's.
        if field("ok").and_then(Value::as_bool) != Some(true) {
            let why = "something else than Slack answered";
            return Err(match read {
                true => ServiceError::unavailable(why),
                false => ServiceError::unknown(why),
            }
            .into());
        }
        Ok(result)
    }

    /// The account of the token, asked again.
    pub(super) async fn ask_who(&self) -> Result<Me, ServiceError> {
        let answer = self.http.exchange(Request::post(["auth.test"]).reads()).await?;
        let mut me: Me = self.result(&answer, None, true)?;
        me.user = text::line(&me.user, 80);
        me.team = text::line(&me.team, 80);
        me.scopes = answer.header("x-oauth-scopes").map(|scopes| {
            scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        });
        // A token's user and workspace never change.
        let _ = self.me.set(me.clone());
        Ok(me)
    }

    /// The account of the token, as far as it is known; asked once, and not for long: only a link depends on it.
    pub(super) async fn who(&self) -> Option<&Me> {
        if self.me.get().is_none() && !self.asked.swap(true, Ordering::Relaxed) {
            let _ = tokio::time::timeout(Duration::from_secs(2), self.ask_who()).await;
        }
        self.me.get()
    }

    /// The id of a channel, where it is known already; an id is its own.
    pub(super) fn known(&self, channel: &str) -> Option<String> {
        if is_id(channel) {
            return Some(channel.to_owned());
        }
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(bare(channel)).cloned()
    }

    /// What people call a channel, where that is known.
    fn name(&self, channel: &str) -> String {
        let known = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let named = known.iter().find(|(_, id)| *id == channel);
        named.map_or_else(|| channel.to_owned(), |(name, _)| format!("#{name}"))
    }

    /// Notes a channel's id.
    pub(super) fn learn(&self, channel: &str, id: &str) {
        if !is_id(channel) && is_id(id) {
            let mut known = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(bare(channel).to_owned(), id.to_owned());
        }
    }

    /// The id of a channel, looked up.
    pub(super) async fn look_up(&self, channel: &str) -> Result<String, ServiceError> {
        self.names().await?;
        self.known(channel).ok_or_else(|| {
            let app = self.me.get().map(|me| me.user.as_str());
            let refusal = Refusal::new("channel_not_found", self.http.now());
            service_error(&Refusal { channel: Some(channel), app, read: true, ..refusal })
        })
    }

    /// The names of all channels, without `#`, in order.
    pub(super) async fn names(&self) -> Result<Vec<String>, ServiceError> {
        let listed = match self.list("public_channel,private_channel").await {
            // To see private channels is a permission of its own.
            Err(failure) if failure.is("missing_scope") => self.list("public_channel").await?,
            listed => listed?,
        };
        let names = listed.keys().cloned().collect();
        *self.channels.lock().unwrap_or_else(PoisonError::into_inner) = listed;
        Ok(names)
    }

    async fn list(&self, types: &str) -> Result<BTreeMap<String, String>, Failure> {
        let mut listed = BTreeMap::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut fields = vec![("types", types), ("exclude_archived", "true"), ("limit", PAGE)];
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            let page: Channels = self.read("conversations.list", &fields, None).await?;
            let clean = |channel: Channel| (text::line(&channel.name, 100), channel.id);
            listed.extend(page.channels.good.into_iter().map(clean).filter(|(_, id)| is_id(id)));
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Ok(listed)
    }
}

/// A channel's name as Slack keeps it.
pub(super) fn bare(channel: &str) -> &str {
    channel.trim().trim_start_matches('#')
}

/// Names are in lower case, ids in capitals: of channels (C, G), direct messages (D) and users (U, W).
pub(super) fn is_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'G', 'D', 'U', 'W'])
        && channel.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
