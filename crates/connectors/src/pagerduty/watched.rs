//! Which incidents an account watches.

use callboard_domain::item::AccountName;

/// What of PagerDuty the account watches.
pub(super) struct Watched {
    pub(super) account: AccountName,
    pub(super) teams: Vec<String>,
    pub(super) services: Vec<String>,
}

impl Watched {
    /// Whether the filters let something of that service and those teams through: what is not known lets it through.
    pub(super) fn covers<'a>(
        &self,
        service: Option<&str>,
        teams: Option<impl IntoIterator<Item = &'a str>>,
    ) -> bool {
        let of_service = self.services.is_empty()
            || service.is_none_or(|service| self.services.iter().any(|watched| watched == service));
        let of_team = self.teams.is_empty()
            || teams
                .is_none_or(|teams| teams.into_iter().any(|team| self.teams.iter().any(|own| own == team)));
        of_service && of_team
    }
}
