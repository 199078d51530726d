//! An Alertmanager: the state that its source, its webhooks and its actions share.

use async_trait::async_trait;
use callboard_domain::{error::ServiceError, identity::Identity, text};

use super::{
    ends::Ends,
    first_seen::FirstSeen,
    listed::Listed,
    matcher::Matcher,
    normalise::Place,
    wire::{Silence, Status},
};
use crate::{
    Identify,
    http::{Http, Request},
    lenient::Entries,
};

/// An Alertmanager.
pub(super) struct Server {
    pub(super) http: Http,
    pub(super) place: Place,
    /// In whose name silences are made.
    pub(super) user: String,
    pub(super) filter: Vec<Matcher>,
    pub(super) ends: Ends,
    pub(super) first_seen: FirstSeen,
    pub(super) listed: Listed,
}

impl Server {
    /// Every silence, those that are over among them (Alertmanager keeps them for days).
    pub(super) async fn silences(&self) -> Result<Entries<Silence>, ServiceError> {
        self.http.send(all_silences()).await?.json()
    }
}

/// Asks for every silence.
pub(super) fn all_silences() -> Request {
    Request::get(["api", "v2", "silences"])
}

#[async_trait]
impl Identify for Server {
    /// Alertmanager has no users: the account is whoever its silences name.
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let status: Status = self.http.send(Request::get(["api", "v2", "status"])).await?.json()?;
        let version = text::line(&status.version_info.version, 40);
        let server = Some(format!("Alertmanager {version}"));
        Ok(Identity { login: self.user.clone(), server, ..Identity::default() })
    }
}
