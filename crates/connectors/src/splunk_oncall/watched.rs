//! Which incidents an account watches.

use callboard_domain::item::{AccountName, Item};

use super::normalise;

/// What of Splunk On-Call the account watches.
pub(super) struct Watched {
    pub(super) account: AccountName,
    pub(super) teams: Vec<String>,
    pub(super) routing_keys: Vec<String>,
}

impl Watched {
    /// Whether the filters let the incident through: what is not known lets it through.
    pub(super) fn covers(&self, item: &Item) -> bool {
        let passes = |filter: &[String], found: Option<Vec<&str>>| {
            let wanted = |found: &str| filter.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(found));
            filter.is_empty() || found.is_none_or(|found| found.into_iter().any(wanted))
        };
        passes(&self.teams, normalise::noted(item, normalise::TEAMS))
            && passes(&self.routing_keys, normalise::noted(item, normalise::ROUTING_KEY))
    }
}
