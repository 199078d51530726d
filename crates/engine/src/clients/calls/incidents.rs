//! The open incidents of what an approval is for.

use std::cmp::Reverse;

use callboard_domain::{
    board::{self, NotSeen, Row},
    identity::Identity,
    item::{Detail, Incident, Item, Kind},
};
use jiff::Timestamp;

use super::board::identities;
use crate::{
    Engine,
    api::{AccountInfo, ApiError, OpenIncidents},
    clients::last_read::LastRead,
};

/// How many are shown.
const SHOWN: usize = 5;
/// The labels of an alert that say what it is about.
const ABOUT: [&str; 3] = ["service", "app", "repo"];

impl Engine {
    /// Those of what an item that is an approval is for, out of all that is watched; `None` for an item of another kind.
    pub(super) async fn open_incidents(
        &self,
        item: &Item,
        accounts: &[AccountInfo],
        not_seen: &[NotSeen],
        now: Timestamp,
    ) -> Result<Option<OpenIncidents>, ApiError> {
        let Detail::Approval(approval) = &item.detail else { return Ok(None) };
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let (identities, nobody) = (identities(&sources), Identity::default());
        let last_read = LastRead::new(accounts, &sources);
        let open = self.store().open_items_of(Kind::Incident).await.map_err(ApiError::internal)?;
        let mut rows: Vec<Row> = Vec::new();
        for stored in &open {
            let item = &stored.item;
            if matches!(&item.detail, Detail::Incident(incident) if touches(incident, &approval.repo)) {
                let me = identities.get(&item.key.account).unwrap_or(&nobody);
                let entry = board::Entry { item, me, snoozed: stored.off_board_until(now) };
                rows.push(Row { as_of: last_read.of(item), ..board::row(entry, now) });
            }
        }
        // Of those that are as bad, the newest first.
        rows.sort_by_key(|row| Reverse((row.severity, row.since)));
        let total = rows.len();
        rows.truncate(SHOWN);
        let has_incidents = |info: &&AccountInfo| info.kinds.contains(&Kind::Incident);
        let accounts: Vec<_> = accounts.iter().filter(has_incidents).map(|info| info.name.clone()).collect();
        let not_seen = not_seen.iter().filter(|it| accounts.contains(&it.account)).cloned().collect();
        Ok(Some(OpenIncidents { rows, total, accounts, not_seen }))
    }
}

/// True where an incident is about that repository: its service, or a label that says what it is about, is called like it,
/// with or without its owner.
fn touches(incident: &Incident, repo: &str) -> bool {
    let (repo, short) = (repo.trim(), repo.rsplit('/').next().unwrap_or_default().trim());
    let is_it = |name: &str| {
        let name = name.trim();
        !name.is_empty() && [repo, short].iter().any(|own| own.to_lowercase() == name.to_lowercase())
    };
    let labels = ABOUT.iter().filter_map(|name| incident.labels.get(*name));
    is_it(&incident.service) || labels.into_iter().any(|value| is_it(value))
}

#[cfg(test)]
mod tests {
    use callboard_domain::item::IncidentStatus;

    use super::*;
    use crate::tests::incident;

    #[test]
    fn incident_touches_what_is_called_like_its_service_or_label() {
        // the repository, the incident's service, its labels -> whether it is about it
        type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], bool);
        let cases: [Case<'_>; 12] = [
            ("acme/web", "web", &[], true),
            ("acme/web", "Acme/Web", &[], true),
            ("acme/web", "acme", &[], false),
            ("acme/web", "web-api", &[], false),
            ("acme/web", "", &[], false),
            ("acme/web", "storage", &[("app", "web")], true),
            ("acme/web", "storage", &[("repo", "acme/web")], true),
            ("acme/web", "", &[("service", " web ")], true),
            ("acme/web", "storage", &[("team", "web")], false),
            ("web", "web", &[], true),
            ("", "", &[("app", "")], false),
            ("acme/", "", &[("app", " ")], false),
        ];
        for (repo, service, labels, expected) in cases {
            let mut item = incident("a", IncidentStatus::Triggered, 1);
            let Detail::Incident(it) = &mut item.detail else { unreachable!() };
            it.service = service.into();
            it.labels = labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            assert_eq!(touches(it, repo), expected, "{repo} {service} {labels:?}");
        }
    }
}
