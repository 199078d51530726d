//! Posting with a token: messages can be edited, answered in a thread, and looked for.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_domain::{
    chat::{ChatService, DeliveryKey, Edited, Limits, Posted},
    error::ServiceError,
    message::Message,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    client::{Api, Cursor, Failure, Me, bare, is_id},
    render::{UNIT, WHOLE, render},
};
use crate::lenient::{self, Entries, web_url};

/// Slack takes about one message a second in a channel: <https://docs.slack.dev/apis/web-api/rate-limits>.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Under this type a message's metadata carries its key: <https://docs.slack.dev/messaging/message-metadata>.
const EVENT_TYPE: &str = "callboard_delivery";

/// Messages looked through at most, newest first.
const PAGES: usize = 10;
const PAGE: &str = "200";

/// How much Slack's clock and ours may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(120);

pub(super) struct Chat {
    pub api: Arc<Api>,
}

/// The answer to a message.
#[derive(Deserialize)]
struct Sent {
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
struct History {
    messages: Entries<HistoryMessage>,
    #[serde(default, deserialize_with = "lenient::flag")]
    has_more: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    response_metadata: Cursor,
}

/// A message in a channel.
#[derive(Deserialize)]
struct HistoryMessage {
    #[serde(deserialize_with = "lenient::text")]
    ts: String,
    /// What kind of message it is, where it is none that somebody wrote, such as `channel_join`.
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    subtype: Option<String>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    user: Option<String>,
    /// Through which app, where it was through one.
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    bot_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    event_type: String,
    #[serde(default, deserialize_with = "lenient::or_nothing")]
    event_payload: Map<String, Value>,
}

impl HistoryMessage {
    /// The key that it carries; `None` where it carries none that can be read, and the empty one where it is of another kind.
    fn key(&self) -> Option<&str> {
        match self.metadata.as_ref()? {
            ours if ours.event_type == EVENT_TYPE => ours.event_payload.get("key").and_then(Value::as_str),
            _ => Some(""),
        }
    }

    /// True where it may be a message of ours, as far as can be seen without its key. `me` is who we are, where that is known.
    fn may_be_ours(&self, me: Option<&Me>) -> bool {
        if self.subtype.as_deref().is_some_and(|subtype| subtype != "bot_message") {
            return false;
        }
        let Some(me) = me else { return true };
        match (&self.bot_id, &me.bot_id, &self.user, &me.user_id) {
            (Some(theirs), Some(ours), ..) => theirs == ours,
            (.., Some(theirs), Some(ours)) => theirs == ours,
            // A message that we post names our app.
            (None, Some(_), Some(_), None) => false,
            _ => true,
        }
    }

    /// Sent before that second. A time that cannot be read is none.
    fn before(&self, second: i64) -> bool {
        self.ts.split('.').next().and_then(|seconds| seconds.parse::<i64>().ok()).is_some_and(|s| s < second)
    }
}

/// What every message is sent with. `parse` is given because an edit would otherwise default to `client`, which makes
/// mentions of names.
fn body(channel: &str, message: &Message) -> Value {
    let rendered = render(message);
    json!({
        "channel": channel,
        "text": rendered.text,
        "blocks": rendered.blocks,
        "parse": "none",
        "link_names": false,
    })
}

impl Chat {
    async fn send(
        &self,
        channel: &str,
        under: Option<&str>,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        // A name that is not known yet is sent as it is: to post needs no permission to list channels.
        let to = self.api.known(channel).unwrap_or_else(|| bare(channel).to_owned());
        let mut body = body(&to, message);
        body["unfurl_links"] = json!(false);
        body["unfurl_media"] = json!(false);
        body["metadata"] = json!({ "event_type": EVENT_TYPE, "event_payload": { "key": key.0 } });
        if let Some(ts) = under {
            body["thread_ts"] = json!(ts);
        }
        let sent: Sent = match self.api.write("chat.postMessage", body.clone(), Some(channel)).await {
            // Slack finds a private channel by its id only, and a channel may have been made anew under its name.
            Err(failure) if failure.is("channel_not_found") && !is_id(channel) => {
                let id = self.api.look_up(channel).await?;
                if id == to {
                    return Err(failure.error);
                }
                body["channel"] = json!(id);
                self.api.write("chat.postMessage", body, Some(channel)).await?
            }
            sent => sent?,
        };
        self.api.learn(channel, &sent.channel);
        Ok(self.posted(sent.channel, sent.ts, under).await)
    }

    /// A message with its link, made of the workspace's URL as Slack makes it: to ask for each would be a call more.
    async fn posted(&self, channel: String, ts: String, under: Option<&str>) -> Posted {
        let link = self.api.who().await.and_then(|me| link(&me.url, &channel, &ts, under));
        Posted { channel, id: ts, link }
    }

    /// The page of a channel's (or thread's) messages that comes at `cursor`.
    async fn page(
        &self,
        channel: (&str, &str),
        under: Option<&str>,
        oldest: &str,
        cursor: &str,
    ) -> Result<History, ServiceError> {
        let (name, id) = channel;
        let mut fields = vec![
            ("channel", id),
            ("oldest", oldest),
            ("inclusive", "true"),
            ("include_all_metadata", "true"),
            ("limit", PAGE),
        ];
        if !cursor.is_empty() {
            fields.push(("cursor", cursor));
        }
        let method = match under {
            Some(ts) => {
                fields.push(("ts", ts));
                "conversations.replies"
            }
            None => "conversations.history",
        };
        Ok(self.api.read(method, &fields, Some(name)).await?)
    }
}

#[async_trait]
impl ChatService for Chat {
    async fn post(
        &self,
        channel: &str,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        self.send(channel, None, message, key).await
    }

    /// Errors of `chat.update`: <https://docs.slack.dev/reference/methods/chat.update>. Whatever Slack refuses for good
    /// (`edit_window_closed`, `cant_update_message`, a future code) is posted again.
    async fn edit(&self, posted: &Posted, message: &Message) -> Result<Edited, ServiceError> {
        let mut body = body(&posted.channel, message);
        body["ts"] = json!(posted.id);
        let sent: Result<Value, _> = self.api.write("chat.update", body, Some(&posted.channel)).await;
        match sent {
            Ok(_) => Ok(Edited::Done),
            Err(Failure { code: Some(code), error: ServiceError::Rejected { why } }) => match code.as_str() {
                "message_not_found" | "thread_not_found" => Ok(Edited::Gone { why }),
                _ => Ok(Edited::Refused { why }),
            },
            Err(failure) => Err(failure.error),
        }
    }

    async fn reply(
        &self,
        under: &Posted,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        self.send(&under.channel, Some(&under.id), message, key).await
    }

    async fn find(
        &self,
        channel: &str,
        under: Option<&Posted>,
        key: &DeliveryKey,
        since: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        let id = match under.map(|under| under.channel.clone()).or_else(|| self.api.known(channel)) {
            Some(id) => id,
            None => self.api.look_up(channel).await?,
        };
        let thread = under.map(|under| under.id.as_str());
        let oldest = since.checked_sub(SKEW).unwrap_or(since).as_second();
        let mut cursor = String::new();
        let mut unmarked = false;
        for _ in 0..PAGES {
            let page = self.page((channel, &id), thread, &format!("{oldest}.000000"), &cursor).await?;
            if let Some(found) =
                page.messages.good.iter().find(|message| message.key() == Some(key.0.as_str()))
            {
                return Ok(Some(self.posted(id, found.ts.clone(), thread).await));
            }
            // A thread begins with the message that was answered.
            let is_candidate = |message: &&HistoryMessage| {
                message.key().is_none() && Some(message.ts.as_str()) != thread && !message.before(oldest)
            };
            let candidates: Vec<_> = page.messages.good.iter().filter(is_candidate).collect();
            if !candidates.is_empty() {
                let me = self.api.who().await;
                unmarked |= candidates.iter().any(|message| message.may_be_ours(me));
            }
            // It may be the one that cannot be read.
            if let Some(problem) = page.messages.problem(channel, "messages") {
                return Err(ServiceError::unknown(problem.to_string()));
            }
            // A channel comes newest first, a thread oldest first.
            let past =
                thread.is_none() && page.messages.good.last().is_some_and(|message| message.before(oldest));
            cursor = page.response_metadata.next_cursor;
            if !past && cursor.is_empty() && page.has_more {
                return Err(ServiceError::unknown(format!(
                    "Slack says that {channel} has more messages, and not where they go on"
                )));
            }
            if (past || cursor.is_empty()) && unmarked {
                return Err(ServiceError::unknown(format!(
                    "a message in {channel} may be this one, and Slack does not say which message of Callboard it is"
                )));
            }
            if past || cursor.is_empty() {
                return Ok(None);
            }
        }
        Err(ServiceError::unknown(format!("{channel} has too many messages since to look through them all")))
    }

    async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        Ok(self.api.names().await?.iter().map(|name| format!("#{name}")).collect())
    }

    fn limits(&self) -> Limits {
        Limits {
            // <https://docs.slack.dev/reference/methods/chat.update>
            edits: true,
            // `thread_ts` of <https://docs.slack.dev/reference/methods/chat.postMessage>, which has no field by which a
            // message that is sent again would be known: it is not idempotent.
            threads: true,
            // By the metadata of the messages in the channel: <https://docs.slack.dev/messaging/message-metadata>.
            finds: true,
            ..Limits::posting(WHOLE, UNIT, PAUSE)
        }
    }
}

/// `https://acme.slack.com/archives/CHANNEL/pTIME`, as "Copy link" in Slack gives it.
fn link(workspace: &str, channel: &str, ts: &str, under: Option<&str>) -> Option<String> {
    let mut url = web_url(workspace)?;
    let time = format!("p{}", ts.replace('.', ""));
    url.path_segments_mut().ok()?.pop_if_empty().extend(["archives", channel, &time]);
    if let Some(under) = under {
        url.query_pairs_mut().append_pair("thread_ts", under).append_pair("cid", channel);
    }
    Some(url.into())
}
