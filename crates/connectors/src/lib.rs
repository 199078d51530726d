//! Connectors: one folder per service. They see only the domain.
//!
//! A connector offers what its service has ([`Connection`]): something to watch, things to do, a chat. [`ConnectorConfig`] is
//! the one list of services; its matches are exhaustive, so that a forgotten connector does not compile.

pub mod alertmanager;
pub mod cctray;
mod connection;
#[cfg(test)]
mod contract;
mod dedup;
pub mod github;
pub mod http;
pub mod http_service;
pub mod jenkins;
mod lenient;
pub mod pagerduty;
mod paging;
mod service_url;
mod sign_in;
pub mod slack;
pub mod splunk_oncall;
mod watch;
mod webhook;
pub mod writes;

#[cfg(test)]
mod tests;

use callboard_domain::{duration::Span, identity::Identity, item::Kind, origin::Origin, secret::SecretField};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::{
    connection::{Access, ConnectError, Connection, Identify, Problem},
    service_url::ServiceUrl,
    watch::{Pattern, Watch},
};

/// Makes the one list of services: to add one is a folder, a `mod` and a line below, with the kinds of items that its accounts
/// watch.
///
/// A service's module exports `NAME` (its name in the configuration: the variant's in lower case), `TENANTS` (whether one
/// address serves several organisations, so that who an account acts as must say which: [`Identity::tenant`]), `SECRETS`, and
/// `Config` with `validate`, `every`, `needs_one_of` and `connect`.
macro_rules! services {
    ($($(#[doc = $what:literal])+ $Service:ident in $module:ident watches [$($Kind:ident),*],)+) => {
        /// An account's table in the configuration, by its `service`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "service", rename_all = "lowercase")]
        pub enum ConnectorConfig {
            $($(#[doc = $what])+ $Service($module::Config),)+
        }

        /// The services' names, as `service` in the configuration takes them.
        pub const SERVICES: &[&str] = &[$($module::NAME),+];

        /// The services, with what an account of each can be configured with.
        pub fn services() -> Vec<Service> {
            vec![$(Service {
                name: $module::NAME,
                module: stringify!($module),
                about: concat!($($what),+).trim(),
                has_tenants: $module::TENANTS,
                secrets: $module::SECRETS,
                schema: schemars::schema_for!($module::Config).to_value(),
            }),+]
        }

        impl ConnectorConfig {
            /// Reads an account's table, which must not hold the key `service` any more.
            ///
            /// The derived [`Deserialize`] takes the whole table, but copies it to find `service`, and so loses
            /// where each value stood.
            ///
            /// # Errors
            /// The deserializer's own, at the place of the error: an unknown service, an unknown or missing key, a
            /// value of the wrong type.
            pub fn from_table<'de, D: Deserializer<'de>>(service: &str, table: D) -> Result<Self, D::Error> {
                match service {
                    $($module::NAME => Deserialize::deserialize(table).map(Self::$Service),)+
                    unknown => Err(serde::de::Error::unknown_variant(unknown, SERVICES)),
                }
            }

            /// The service's name in the configuration.
            pub fn service_name(&self) -> &'static str {
                match self {
                    $(Self::$Service(_) => $module::NAME,)+
                }
            }

            /// What people call the service: `GitHub`.
            pub fn title(&self) -> &'static str {
                let about = match self {
                    $(Self::$Service(_) => concat!($($what),+).trim(),)+
                };
                about.split_once(": ").map_or(about, |(title, _)| title)
            }

            /// The kinds of items that an account of this service watches, once it has all that it needs.
            pub fn kinds(&self) -> &'static [Kind] {
                match self {
                    $(Self::$Service(_) => &[$(Kind::$Kind),*],)+
                }
            }

            /// True where an account of this service is watched, once it has all that it needs.
            pub fn watches(&self) -> bool {
                !self.kinds().is_empty()
            }

            /// The secrets that an account of this service needs or can use.
            pub fn secrets(&self) -> &'static [SecretField] {
                match self {
                    $(Self::$Service(_) => $module::SECRETS,)+
                }
            }

            /// The secrets of which one must be set, as the table is, beside those that are required whatever it says.
            pub fn needs_one_of(&self) -> &'static [SecretField] {
                match self {
                    $(Self::$Service(config) => config.needs_one_of(),)+
                }
            }

            /// What is wrong although every value has its type. Pure.
            pub fn validate(&self) -> Vec<Problem> {
                match self {
                    $(Self::$Service(config) => config.validate(),)+
                }
            }

            /// Where the service is: its secrets belong to this origin.
            pub fn url(&self) -> &ServiceUrl {
                match self {
                    $(Self::$Service(config) => &config.url,)+
                }
            }

            /// Where its items are read: the service's URL, with the query that distinguishes one feed from another.
            pub fn items_url(&self) -> url::Url {
                let mut url = self.url().to_url();
                if let Self::Cctray(cctray::Config { query, .. }) = self
                    && !query.is_empty()
                {
                    url.query_pairs_mut().extend_pairs(query);
                }
                url
            }

            /// Where the account's items come from, by which other machines know them too. `identity` is who it acts as;
            /// `None` where that does not say (yet) of which organisation.
            pub fn origin(&self, identity: Option<&Identity>) -> Option<Origin> {
                let has_tenants = match self {
                    $(Self::$Service(_) => $module::TENANTS,)+
                };
                let tenant = identity.and_then(|identity| identity.tenant.as_deref()).filter(|_| has_tenants);
                let origin = Origin::new(self.service_name(), &self.items_url(), tenant);
                (origin.tenant().is_some() == has_tenants).then_some(origin)
            }

            /// True where the table lets secrets travel unencrypted.
            pub fn allow_http(&self) -> bool {
                match self {
                    $(Self::$Service(config) => config.allow_http,)+
                }
            }

            /// How often to poll, where the table sets it.
            pub fn every(&self) -> Option<Span> {
                match self {
                    $(Self::$Service(config) => config.every(),)+
                }
            }

            /// What the account offers. Pure: nothing is sent and nothing is spawned.
            ///
            /// # Errors
            /// [`ConnectError`], where a secret or another key is missing.
            pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
                match self {
                    $(Self::$Service(config) => config.connect(access),)+
                }
            }
        }
    };
}

services! {
    /// Alertmanager: alerts, webhooks, silences.
    Alertmanager in alertmanager watches [Incident],
    /// CCTray feeds (cc.xml): the last build of every project.
    Cctray in cctray watches [Build],
    /// GitHub: pull requests with their reviews and checks, Actions builds.
    Github in github watches [Approval, Build, PullRequest],
    /// Any service with an HTTP API: for command files.
    Http in http_service watches [],
    /// Jenkins: jobs in folders, builds, logs, input steps.
    Jenkins in jenkins watches [Approval, Build],
    /// PagerDuty: incidents, who is on call, webhooks.
    Pagerduty in pagerduty watches [Incident],
    /// Slack: channels, threads, incoming webhooks.
    Slack in slack watches [],
    /// Splunk On-Call (VictorOps): incidents, who is on call.
    SplunkOnCall in splunk_oncall watches [Incident],
}

/// A service, and what an account of it can be configured with.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The module of this crate that has it.
    pub module: &'static str,
    /// What it is called and what it is good for: `GitHub: pull requests ...`.
    pub about: &'static str,
    /// True where its one address serves several organisations.
    pub has_tenants: bool,
    /// The secrets that an account needs or can use.
    pub secrets: &'static [SecretField],
    /// The JSON Schema of an account's table, without the key `service`.
    pub schema: serde_json::Value,
}
