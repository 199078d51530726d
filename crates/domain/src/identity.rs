//! Who an account acts as.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who an account acts as on its service, and which permissions its credential is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Identity {
    /// The login name, as items have it (`author`, `requested`, `holders`). Empty where the service has no users.
    pub login: String,
    /// What people call the account's user, where that is not the login: for display alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The teams, as `team/ORGANISATION/NAME` (`team/NAME` where the organisation is not known), as they stand in
    /// [`crate::item::PullRequest::requested`].
    pub teams: Vec<String>,
    /// Why not all of the teams could be read, where that is so: `teams` are those that are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub teams_unread: Option<String>,
    /// What the service calls itself and its version, where it says.
    pub server: Option<String>,
    /// The organisation that the credential is of, as the service identifies it, where one address serves several: see
    /// [`crate::origin::Origin`]. `None` where that makes no difference, or is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tenant: Option<String>,
    /// Permissions that Callboard could use and the credential does not have.
    pub missing_scopes: Vec<MissingScope>,
}

impl Identity {
    /// What people call it: the name, else the login. Empty where the service has no users.
    pub fn display(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.login)
    }

    /// The same with the teams that it was known to be in, as far as they could not be read this time.
    #[must_use]
    pub fn with_known_teams(mut self, known: &Self) -> Self {
        if self.teams_unread.is_some() && self.login.eq_ignore_ascii_case(&known.login) {
            let lost: Vec<_> =
                known.teams.iter().filter(|team| !self.teams.contains(team)).cloned().collect();
            self.teams.extend(lost);
        }
        self
    }

    /// True where `name` is this login or one of its teams. Teams of two organisations may have one name; where either
    /// side does not say which organisation it means, the name decides.
    pub fn is(&self, name: &str) -> bool {
        (!self.login.is_empty() && self.login.eq_ignore_ascii_case(name))
            || self.teams.iter().any(|team| is_same_team(team, name))
    }
}

fn is_same_team(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    match (team_parts(one), team_parts(other)) {
        (Some((org, name)), Some((other_org, other_name))) => {
            (org.is_none() || other_org.is_none()) && name.eq_ignore_ascii_case(other_name)
        }
        _ => false,
    }
}

/// `team/ORGANISATION/NAME` or `team/NAME` in its parts.
fn team_parts(name: &str) -> Option<(Option<&str>, &str)> {
    let team = name.strip_prefix("team/")?;
    Some(team.split_once('/').map_or((None, team), |(organisation, team)| (Some(organisation), team)))
}

/// A missing permission of a credential, and what cannot be done without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct MissingScope {
    /// The service's name for it, such as `workflow` or `chat:write`.
    pub scope: String,
    /// What cannot be done, such as "run jobs again".
    pub needed_for: String,
}

impl fmt::Display for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: the credential lacks `{}`", self.needed_for, self.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_that_cannot_be_read_are_still_mine() {
        let me = |login: &str, teams: &[&str], unread: Option<&str>| Identity {
            login: login.into(),
            teams: teams.iter().copied().map(str::to_owned).collect(),
            teams_unread: unread.map(str::to_owned),
            ..Identity::default()
        };
        let known = me("kim", &["team/acme/release", "team/acme/web"], None);
        let cases: [(Identity, &[&str]); 4] = [
            (me("kim", &["team/acme/web"], None), &["team/acme/web"]),
            (me("kim", &[], Some("403")), &["team/acme/release", "team/acme/web"]),
            (me("Kim", &["team/acme/web"], Some("an odd one")), &["team/acme/web", "team/acme/release"]),
            (me("ana", &[], Some("403")), &[]),
        ];
        for (read, expected) in cases {
            assert_eq!(read.with_known_teams(&known).teams, expected);
        }
    }

    #[test]
    fn a_team_is_mine_by_organisation_and_name() {
        let cases = [
            ("team/acme/release", "team/acme/release", true),
            ("team/acme/release", "team/ACME/Release", true),
            ("team/acme/release", "team/other/release", false),
            ("team/acme/release", "team/acme/web", false),
            // Known or stored without an organisation.
            ("team/acme/release", "team/release", true),
            ("team/release", "team/acme/release", true),
            ("team/release", "team/web", false),
            ("team/acme/release", "release", false),
        ];
        for (team, name, expected) in cases {
            let me = Identity { login: "kim".into(), teams: vec![team.into()], ..Identity::default() };
            assert_eq!(me.is(name), expected, "{team} {name}");
        }
    }
}
