//! Requests to Splunk On-Call: how they are signed, how fast it may be asked, and who the account is.

use std::time::Duration;

use async_trait::async_trait;
use callboard_domain::{error::ServiceError, identity::Identity, secret::SecretString, text};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::{
    normalise::number,
    wire::{self, Incident, OnCall},
};
use crate::{
    Identify,
    http::{Answer, Client, Credential, Http, Request},
    lenient::Entries,
};

/// Two requests a second. A little more than that asks for: requests overtake each other on their way.
const APART: Duration = Duration::from_millis(550);
/// "This API may be called a maximum of 6 times per minute" is stated for nearly every call, each by itself.
const OF_A_CALL: usize = 6;
/// The same.
const WITHIN: Duration = Duration::from_secs(61);

/// Splunk On-Call's API.
pub(super) struct SplunkOnCall {
    http: Http,
    user: Option<String>,
    organization: Option<String>,
}

impl SplunkOnCall {
    pub(super) fn new(
        client: Client,
        base: Url,
        id: SecretString,
        key: SecretString,
        user: Option<String>,
        organization: Option<String>,
    ) -> Self {
        let headers = vec![("X-VO-Api-Id".into(), id), ("X-VO-Api-Key".into(), key)];
        let http = Http::new(client, base, "Splunk On-Call", Credential::Headers(headers))
            .paced(APART)
            .paced_by_call(OF_A_CALL, WITHIN, call);
        Self { http, user, organization: organization.map(|name| name.to_ascii_lowercase()) }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// In whose name things are done.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// A request that looks, below the API's path.
    pub(super) fn get<const N: usize>(&self, path: [&str; N]) -> Request {
        Request::get(below_api(path))
    }

    /// A request that changes something.
    pub(super) fn write<const N: usize>(&self, method: Method, path: [&str; N], body: Value) -> Request {
        Request::new(method, below_api(path)).json(body)
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, ServiceError> {
        let answer = self.http.exchange(request).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    /// A 403 is "Authentication failed or rate-limit reached", and nothing in it shows which: it does not prove that
    /// anybody is signed in.
    fn refused(&self, answer: &Answer) -> ServiceError {
        match self.http.service_error(answer) {
            ServiceError::Auth { why, .. } if answer.status == StatusCode::FORBIDDEN => {
                ServiceError::auth(format!("{why}; it answers the same where it was called too often"))
            }
            error => error,
        }
    }

    /// What is open, acknowledged, or was resolved a short while ago.
    pub(super) async fn incidents(&self) -> Result<Entries<Incident>, ServiceError> {
        let answer = self.send(self.get(["incidents"])).await?;
        Ok(answer.json::<wire::Incidents>()?.incidents)
    }

    /// An incident as it is now; `None` for one that is over for so long that nothing lists it any more.
    pub(super) async fn incident(&self, id: &str) -> Result<Option<Incident>, ServiceError> {
        let is_it = |incident: &Incident| number(&incident.incident_number) == id;
        let answer = self.http.exchange(self.get(["incidents", id])).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => {}
            status if status.is_success() => {
                if let Some(incident) = answer.json().ok().filter(is_it) {
                    return Ok(Some(incident));
                }
            }
            _ => return Err(self.refused(&answer)),
        }
        // The call is younger than the list, and may not be there: the list decides.
        let listed = self.incidents().await?;
        let found = listed.good.into_iter().find(is_it);
        if found.is_none() && !listed.odd.is_empty() {
            let why =
                format!("whether incident {id} is still open cannot be read: some of the list cannot be");
            return Err(ServiceError::unavailable(why));
        }
        Ok(found)
    }

    /// Who is on call for what.
    pub(super) async fn on_call(&self) -> Result<OnCall, ServiceError> {
        self.send(self.who_is_on_call()).await?.json()
    }

    pub(super) fn who_is_on_call(&self) -> Request {
        self.get(["oncall", "current"])
    }
}

fn below_api<const N: usize>(path: [&str; N]) -> impl Iterator<Item = &str> {
    ["api-public", "v1"].into_iter().chain(path)
}

/// Which of the API's calls a request is: its path without what it is about.
pub(super) fn call(request: &Request) -> String {
    let mut path: Vec<&str> = request.segments().iter().map(String::as_str).collect();
    let about = match path.as_slice() {
        [.., "incidents", "ack" | "resolve" | "reroute"] => None,
        [_, _, "incidents" | "policies" | "team" | "user", _, ..] => Some(3),
        _ => None,
    };
    if let Some(about) = about {
        path[about] = "*";
    }
    path.join("/")
}

#[async_trait]
impl Identify for SplunkOnCall {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let (server, tenant) = (Some("Splunk On-Call".to_owned()), self.organization.clone());
        let Some(name) = &self.user else {
            // A request that any key may make shows whether this one is valid.
            self.on_call().await?;
            return Ok(Identity { server, tenant, ..Identity::default() });
        };
        let answer = self.http.exchange(self.get(["user", name])).await?;
        if answer.status == StatusCode::NOT_FOUND {
            let why = format!(
                "Splunk On-Call has no user {name}: the account's user is the name that you sign in with"
            );
            return Err(ServiceError::rejected(why));
        }
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        let user: wire::User = answer.json()?;
        let whole = format!("{} {}", user.first_name, user.last_name);
        let names = [&user.display_name, &whole].map(|name| text::line(name.trim(), 100));
        let name = names.into_iter().find(|name| !name.is_empty());
        let login = text::line(&user.username, 100);
        Ok(Identity { login, name, tenant, server, ..Identity::default() })
    }
}
