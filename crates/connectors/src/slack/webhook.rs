//! Posting by an incoming webhook: into the one channel it was made for, and nothing else.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use async_trait::async_trait;
use callboard_domain::{
    chat::{ChatService, DeliveryKey, Edited, Limits, Posted},
    error::ServiceError,
    identity::Identity,
    message::Message,
    secret::SecretString,
};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    chat::PAUSE,
    error::{Refusal, service_error},
    render::{UNIT, WHOLE, render},
};
use crate::{
    Identify,
    http::{Answer, Http, Request},
};

pub(super) struct Webhook {
    pub http: Http,
    pub url: SecretString,
}

impl Webhook {
    fn request(&self, body: Value) -> Request {
        Request::post_secret_url(self.url.clone()).json(body)
    }

    fn service_error(&self, answer: &Answer, channel: Option<&str>) -> ServiceError {
        let text = answer.text();
        let code = text.trim();
        let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_code && answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
            service_error(&Refusal { channel, ..Refusal::new(code, self.http.now()) })
        } else {
            self.http.service_error(answer)
        }
    }
}

fn cannot(what: &str) -> ServiceError {
    ServiceError::rejected(format!("an incoming webhook of Slack cannot {what}: set a bot token instead"))
}

#[async_trait]
impl ChatService for Webhook {
    /// Posts in the webhook's own channel, whichever is named.
    async fn post(&self, channel: &str, message: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        let rendered = render(message);
        let body = json!({
            "text": rendered.text,
            "blocks": rendered.blocks,
            "parse": "none",
            "link_names": false,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let answer = self.http.exchange(self.request(body)).await?;
        if !answer.status.is_success() {
            return Err(self.service_error(&answer, Some(channel)));
        }
        if answer.text().trim() != "ok" {
            return Err(ServiceError::unknown("something else than Slack answered for the incoming webhook"));
        }
        Ok(Posted { channel: channel.to_owned(), id: String::new(), link: None })
    }

    async fn edit(&self, _: &Posted, _: &Message) -> Result<Edited, ServiceError> {
        Err(cannot("edit a message"))
    }

    async fn reply(&self, _: &Posted, _: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        Err(cannot("answer in a thread"))
    }

    async fn find(
        &self,
        _: &str,
        _: Option<&Posted>,
        _: &DeliveryKey,
        _: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        Err(cannot("look whether a message arrived"))
    }

    /// None: the webhook does not name its channel.
    async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        Ok(Vec::new())
    }

    /// It answers `ok` and nothing by which a message could be named again.
    fn limits(&self) -> Limits {
        Limits::posting(WHOLE, UNIT, PAUSE)
    }
}

#[async_trait]
impl Identify for Webhook {
    /// Sends a message without a text: a webhook that works refuses just that (`no_text`), and nothing is posted.
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let answer = self.http.exchange(self.request(json!({ "text": "" })).reads()).await?;
        let works = ["no_text", "missing_text_or_fallback_or_attachments", "ok"];
        if works.contains(&answer.text().trim()) {
            Ok(Identity { server: Some("Slack, by incoming webhook".to_owned()), ..Identity::default() })
        } else if answer.status.is_success() {
            Err(ServiceError::unavailable("something else than Slack answers for the incoming webhook"))
        } else {
            Err(self.service_error(&answer, None))
        }
    }
}
