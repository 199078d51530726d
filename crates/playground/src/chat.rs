//! The chat: a Slack. The methods of its Web API that connectors use (<https://docs.slack.dev/reference/methods>):
//! `auth.test`, `chat.postMessage`, `chat.update`, `conversations.list`, `.history` and `.replies`.
//!
//! Only POST, as form or JSON; a refusal is a 200 with `ok: false`, as Slack's are. What it leaves out: limits of size
//! and pace, private channels.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use url::form_urlencoded;

use crate::service::{Life, credential, listen, lock};

/// The bot's token.
pub(crate) const TOKEN: &str = "playground-chat-token";
const BOT: &str = "callboard";
const SCOPES: &str = "chat:write,chat:write.public,channels:read,groups:read,channels:history,groups:history";
const CHANNELS: [Channel; 4] = [
    ("C000GENERAL", "general"),
    ("C000DEPLOYS", "deploys"),
    ("C00INCIDENT", "incidents"),
    ("C000REVIEWS", "reviews"),
];
/// What `conversations.history` gives at once where nothing else is asked for, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

/// A message in a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    /// Its id: the time of posting, unique in the workspace.
    pub ts: String,
    /// Its channel, without `#`.
    pub channel: &'static str,
    /// Who posted it.
    pub by: String,
    /// As plain text, escaped as Slack requires (`&amp;`, `&lt;`, `&gt;`).
    pub text: String,
    /// How many times it was edited.
    pub edits: u32,
    /// The message that it answers.
    pub thread: Option<String>,
    blocks: Value,
    metadata: Value,
}

impl ChatMessage {
    /// Its text as people read it.
    pub fn plain(&self) -> String {
        self.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// The key that its sender gave it in its metadata.
    pub fn key(&self) -> Option<&str> {
        self.metadata["event_payload"]["key"].as_str()
    }

    fn json(&self) -> Value {
        let mut json = json!({
            "type": "message",
            "user": format!("U0{}", self.by.to_ascii_uppercase()),
            "text": self.text,
            "ts": self.ts,
            "team": "T000000001",
            "blocks": self.blocks,
        });
        if self.by == BOT {
            json["bot_id"] = json!("B0CALLBOARD");
        }
        for (name, value) in [("metadata", self.metadata.clone()), ("thread_ts", json!(self.thread))] {
            if !value.is_null() {
                json[name] = value;
            }
        }
        if self.edits > 0 {
            json["edited"] = json!({ "user": "U0CALLBOARD", "ts": self.ts });
        }
        json
    }
}

/// The chat, running. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Chat(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    log: Mutex<Vec<ChatMessage>>,
    /// How many times a message was posted or edited.
    changes: watch::Sender<u64>,
}

/// A channel's id and name.
type Channel = (&'static str, &'static str);

/// A refusal: Slack's code for it.
type Refused = &'static str;

impl Chat {
    pub(crate) async fn start(life: &Life) -> io::Result<Self> {
        let (listener, url) = listen().await?;
        let chat = Self(Arc::new(Inner { url, log: Mutex::default(), changes: watch::Sender::default() }));
        let router = Router::new().route("/api/{method}", post(call)).with_state(chat.clone());
        life.serve(listener, router);
        Ok(chat)
    }

    /// Its URL, without a slash at the end; the Web API is below `/api`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    fn log(&self) -> MutexGuard<'_, Vec<ChatMessage>> {
        lock(&self.0.log)
    }

    /// The messages in a channel (with or without `#`), those in threads among them, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<ChatMessage> {
        let channel = channel.trim_start_matches('#');
        self.log().iter().filter(|message| message.channel == channel).cloned().collect()
    }

    /// All messages, oldest first.
    pub fn all(&self) -> Vec<ChatMessage> {
        self.log().clone()
    }

    /// Changes whenever a message is posted or edited.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Posts a message of a person in a channel.
    pub fn say(&self, channel: &str, by: &str, text: &str) {
        if let Some(channel) = find(channel) {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            self.add(channel, by, &Map::from_iter([("text".to_owned(), json!(text))]));
        }
    }

    fn add(&self, (_, channel): Channel, by: &str, body: &Map<String, Value>) -> ChatMessage {
        let mut log = self.log();
        let field = |name: &str| body.get(name).cloned().unwrap_or_default();
        let message = ChatMessage {
            // The number makes it unique, whatever the clock does.
            ts: format!("{}.{:06}", Timestamp::now().as_second(), log.len() + 1),
            by: by.to_owned(),
            text: text(body, "text").to_owned(),
            edits: 0,
            thread: body.get("thread_ts").and_then(Value::as_str).map(str::to_owned),
            channel,
            blocks: field("blocks"),
            metadata: field("metadata"),
        };
        log.push(message.clone());
        drop(log);
        self.changed();
        message
    }

    fn answer(&self, method: &str, body: &Map<String, Value>) -> Result<Value, Refused> {
        let channel = || find(text(body, "channel")).ok_or("channel_not_found");
        match method {
            "auth.test" => Ok(json!({
                "url": format!("{}/", self.0.url),
                "team": "Acme",
                "user": BOT,
                "team_id": "T000000001",
                "user_id": "U0CALLBOARD",
                "bot_id": "B0CALLBOARD",
            })),
            "conversations.list" => {
                let channel = |(id, name): &(&str, &str)| json!({ "id": id, "name": name, "is_channel": true, "is_private": false, "is_member": true });
                let channels: Vec<_> = CHANNELS.iter().map(channel).collect();
                Ok(json!({ "channels": channels, "response_metadata": { "next_cursor": "" } }))
            }
            "chat.postMessage" => {
                let channel = channel()?;
                if text(body, "text").is_empty() && body.get("blocks").is_none() {
                    return Err("no_text");
                }
                let message = self.add(channel, BOT, body);
                Ok(json!({ "channel": channel.0, "ts": message.ts, "message": message.json() }))
            }
            "chat.update" => self.update(channel()?, body),
            "conversations.history" => Ok(self.page(channel()?.1, None, body)),
            "conversations.replies" => {
                let (channel, ts) = (channel()?.1, text(body, "ts"));
                let known = self.log().iter().any(|message| message.channel == channel && message.ts == ts);
                if known { Ok(self.page(channel, Some(ts), body)) } else { Err("thread_not_found") }
            }
            _ => Err("unknown_method"),
        }
    }

    fn update(&self, (id, channel): Channel, body: &Map<String, Value>) -> Result<Value, Refused> {
        let mut log = self.log();
        let ts = text(body, "ts");
        let found = log.iter_mut().find(|message| message.channel == channel && message.ts == ts);
        let message = found.ok_or("message_not_found")?;
        if message.by != BOT {
            return Err("cant_update_message");
        }
        message.text = text(body, "text").to_owned();
        message.blocks = body.get("blocks").cloned().unwrap_or_default();
        // Metadata stays where none is given.
        if let Some(metadata) = body.get("metadata") {
            message.metadata = metadata.clone();
        }
        message.edits += 1;
        let text = message.text.clone();
        drop(log);
        self.changed();
        Ok(json!({ "channel": id, "ts": ts, "text": text }))
    }

    /// A page of a channel, newest first; or of a thread with its parent, oldest first.
    fn page(&self, channel: &str, thread: Option<&str>, body: &Map<String, Value>) -> Value {
        let number = |name: &str| text(body, name).parse::<usize>().ok();
        let limit = number("limit").unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let start = number("cursor").unwrap_or(0);
        let metadata = text(body, "include_all_metadata") == "true";
        let log = self.log();
        let (oldest, latest) = (text(body, "oldest"), text(body, "latest"));
        let within = |message: &&ChatMessage| {
            (oldest.is_empty() || message.ts.as_str() >= oldest)
                && (latest.is_empty() || message.ts.as_str() <= latest)
        };
        let here = log.iter().filter(|message| message.channel == channel).filter(within);
        let mut rows: Vec<&ChatMessage> = match thread {
            Some(ts) => {
                here.filter(|message| message.ts == ts || message.thread.as_deref() == Some(ts)).collect()
            }
            None => here.filter(|message| message.thread.is_none()).collect(),
        };
        if thread.is_none() {
            rows.reverse();
        }
        let next = start.saturating_add(limit);
        let cursor = if next < rows.len() { next.to_string() } else { String::new() };
        let messages = rows.into_iter().skip(start).take(limit).map(|message| {
            let mut json = message.json();
            if !metadata && let Some(json) = json.as_object_mut() {
                json.remove("metadata");
            }
            json
        });
        json!({
            "messages": messages.collect::<Vec<_>>(),
            "has_more": !cursor.is_empty(),
            "response_metadata": { "next_cursor": cursor },
        })
    }
}

async fn call(
    State(chat): State<Chat>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let result = match credential(&headers, &["bearer"]) {
        None => Err("not_authed"),
        Some(TOKEN) => read(&headers, &body).and_then(|body| chat.answer(&method, &body)),
        Some(_) => Err("invalid_auth"),
    };
    let answer = match result {
        Ok(mut answer) => {
            answer["ok"] = json!(true);
            answer
        }
        Err(code) => json!({ "ok": false, "error": code }),
    };
    ([("x-oauth-scopes", SCOPES)], Json(answer)).into_response()
}

/// The arguments, of a form all texts.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return serde_json::from_slice(body).map_err(|_| "invalid_json");
    }
    let fields: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    Ok(fields.into_iter().map(|(name, value)| (name, json!(value))).collect())
}

fn text<'b>(body: &'b Map<String, Value>, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A channel, by its id or its name.
fn find(channel: &str) -> Option<Channel> {
    let name = channel.trim_start_matches('#');
    CHANNELS.into_iter().find(|(id, known)| *id == channel || *known == name)
}
