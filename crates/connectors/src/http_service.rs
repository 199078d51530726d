//! Any service with an HTTP API, for which there is no connector: command files send their requests through its account.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{duration::Span, error::ServiceError, identity::Identity, secret::SecretField};
use reqwest::header::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl,
    http::{Credential, Http, Request, charset},
    sign_in::{sign_in, user_problem},
};

/// Its name in the configuration.
pub const NAME: &str = "http";
/// One address serves one organisation.
pub const TENANTS: bool = false;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "the service's token: sent as a bearer token, or as the whole value of the account's header",
    required: false,
};
const PASSWORD: SecretField =
    SecretField { name: "password", help: "the password of the account's user", required: false };

/// The secrets that an account can use; none for a service that asks for none.
pub const SECRETS: &[SecretField] = &[TOKEN, PASSWORD];

/// Headers other than credentials.
const NOT_FOR_SECRETS: [&str; 7] =
    ["connection", "content-length", "content-type", "cookie", "host", "te", "transfer-encoding"];

/// The account of any other HTTP service in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the service's API is: commands' paths are below it.
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// The user whose password it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The header that takes the token, such as `X-Api-Key`. `Authorization: Bearer` where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// A path that answers a GET when all is well, such as `/health`: what a test of the account asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems: Vec<_> = user_problem(self.user.as_deref()).into_iter().collect();
        if let Some(header) = &self.header {
            let taken = NOT_FOR_SECRETS.iter().any(|name| name.eq_ignore_ascii_case(header));
            if taken || header.parse::<HeaderName>().is_err() {
                let what = "expected the name of a header that takes a token, such as X-Api-Key".to_owned();
                problems.push(Problem { key: "header", what });
            } else if self.user.is_some() {
                let what = "a user signs in with a password: take either user or header out".to_owned();
                problems.push(Problem { key: "header", what });
            }
        }
        if self.check.as_ref().is_some_and(|path| segments(path).is_none()) {
            let what = "expected a path such as /health, without anything after ? or #".to_owned();
            problems.push(Problem { key: "check", what });
        }
        problems
    }

    /// Nothing is polled.
    pub fn every(&self) -> Option<Span> {
        None
    }

    /// The secrets of which it needs one: the user's, or what its header takes.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        match (&self.user, &self.header) {
            (Some(_), _) => &[PASSWORD],
            (None, Some(_)) => &[TOKEN],
            (None, None) => &[],
        }
    }

    /// What the account offers: its API, and no more.
    ///
    /// # Errors
    /// Where there is a user without a password, a password without a user, or a header without a token.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let credential = match (&self.user, &self.header) {
            (Some(user), _) => Credential::Basic { user: user.clone(), password: access.require(&PASSWORD)? },
            (None, Some(header)) => {
                Credential::Headers(vec![(header.clone().into(), access.require(&TOKEN)?)])
            }
            (None, None) => sign_in(None, access.set(&TOKEN), access.set(&PASSWORD))?,
        };
        let http = Http::new(access.client, self.url.to_url(), "the service", credential);
        let check = self.check.as_deref().and_then(segments);
        Ok(Connection {
            identify: Arc::new(Who { http: http.clone(), user: self.user.clone(), check }),
            source: None,
            hook: None,
            actions: Vec::new(),
            chat: None,
            http: Some(http),
        })
    }
}

/// The segments of a path that starts with a slash and names nothing above it.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').filter(|path| !path.contains(['?', '#', '%', '\\']))?;
    let segments: Vec<_> = path.split('/').map(str::to_owned).collect();
    let plain = segments.iter().all(|segment| !matches!(segment.as_str(), "." | ".."));
    plain.then_some(segments)
}

struct Who {
    http: Http,
    user: Option<String>,
    check: Option<Vec<String>>,
}

#[async_trait]
impl Identify for Who {
    /// Asks for the `check` path; without one nothing is sent, as no path is known that only looks.
    async fn identify(&self) -> Result<Identity, ServiceError> {
        if let Some(path) = &self.check {
            let answer = self.http.send(Request::get(path)).await?;
            if answer.header("content-type").is_some_and(charset::is_web_page) {
                let why =
                    "the service answered with a web page; is a sign-in in the way, or check another path?";
                return Err(ServiceError::unavailable(why));
            }
        }
        let login = self.user.clone().unwrap_or_default();
        Ok(Identity { login, server: Some(self.http.host().to_owned()), ..Identity::default() })
    }
}
