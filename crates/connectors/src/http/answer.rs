//! What a service answers, without the account's secrets.

use std::borrow::Cow;

use bytes::Bytes;
use callboard_domain::{
    error::ServiceError,
    parse_error::{Notation, readable_message},
    text,
};
use reqwest::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{charset, redact::Redactor};

/// The longest answer that is searched for secrets on the spot.
const AT_ONCE: usize = 128 << 10;

/// An answer; from [`Http::send`](super::Http::send) one with a status of success (or 304, to a conditional request). The account's secrets
/// are taken out of it, should the service repeat them.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The body, whole, as UTF-8.
    pub body: Bytes,
    /// True where it came by a redirect.
    pub redirected: bool,
    pub(super) service: &'static str,
    /// See [`Answer::asked`].
    pub(super) asked: String,
    pub(super) read: bool,
    /// True where its beginning was left out.
    pub(super) cut: bool,
}

impl Answer {
    pub(super) async fn redacted(mut self, redactor: Redactor) -> Result<Self, ServiceError> {
        redactor.headers(&mut self.headers);
        self.asked = text::line(&redactor.text(&self.asked), 200);
        let cut = if self.cut { redactor.reach() } else { 0 };
        let body = self.body.clone();
        let clean = move || match redactor.body(&String::from_utf8_lossy(&body)) {
            Cow::Owned(clean) => Some(clean),
            Cow::Borrowed(_) => None,
        };
        // What takes long must not hold up a worker.
        let clean = if self.body.len() <= AT_ONCE {
            clean()
        } else {
            tokio::task::spawn_blocking(clean).await.map_err(|_| {
                let why = format!("the answer of {} could not be read", self.service);
                if self.read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
            })?
        };
        if let Some(clean) = clean {
            self.body = clean.into();
        }
        // What was cut may begin in the middle of a secret, where the rest of it is not recognised.
        if cut > 0 {
            let text = String::from_utf8_lossy(&self.body);
            let kept = text.ceil_char_boundary(cut.min(text.len()));
            self.body = Bytes::copy_from_slice(text[kept..].as_bytes());
        }
        Ok(self)
    }

    /// What was asked for: method and path.
    pub(crate) fn asked(&self) -> &str {
        &self.asked
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Makes sure that a question is answered in full: of what is not in there yet (202), was changed on the way (203) or is a
    /// part only (206) nothing follows for the missing rest. Of all successful answers only 200 is complete.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] where it is not.
    pub fn in_full(&self) -> Result<&Self, ServiceError> {
        if !self.read || !self.status.is_success() || self.status == StatusCode::OK {
            return Ok(self);
        }
        let (service, status) = (self.service, self.status.as_u16());
        Err(ServiceError::unavailable(match self.status {
            StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                format!("a proxy has changed what {service} answered ({status}): it may lack something")
            }
            _ => format!("{service} did not answer in full ({status})"),
        }))
    }

    /// The body as JSON, of an answer in full. What is not JSON, or not of that shape, is an error of the service.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ServiceError> {
        self.in_full()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            let service = self.service;
            let html = self.header("content-type").is_some_and(charset::is_web_page)
                || self.body.trim_ascii_start().starts_with(b"<");
            let why = if html {
                format!("{service} answered with a web page where data was expected; is the URL its API's?")
            } else {
                let what = text::line(&readable_message(&error.to_string(), Notation::Json), 200);
                format!("{service} answered with something unexpected: {what}")
            };
            if self.read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
        })
    }

    /// The fields of the object that the body is; none where there is no body, as services answer some writes.
    pub fn fields(&self) -> Result<Map<String, Value>, ServiceError> {
        if self.body.trim_ascii().is_empty() {
            return self.in_full().map(|_| Map::new());
        }
        Ok(self.json::<Option<Map<String, Value>>>()?.unwrap_or_default())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
