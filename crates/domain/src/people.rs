//! Who people are, whatever services call them: `[people]` and `[teams]` of the configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    actor::{PersonId, Principal},
    item::AccountName,
};

/// The people and teams of a configuration, checked: an alias belongs to one person, and a team has known people only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// What each person is called where. Never empty for one who is listed.
    pub aliases: BTreeMap<PersonId, Vec<Alias>>,
    /// Who is in which team.
    pub teams: BTreeMap<String, BTreeSet<PersonId>>,
}

/// What a person is called somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// As the configuration says where: `github`, `forge`, `local`, `email`.
    pub key: String,
    /// Where.
    pub place: IdentityRealm,
    /// What identifies them there.
    pub id: String,
}

/// Where people are identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRealm {
    /// This computer: the number of a user.
    LocalUid,
    /// This computer: a login name.
    LocalLogin,
    /// Wherever people are identified by an e-mail address.
    Email,
    /// The services of these accounts: the user's id or, where the service has no other, the login name. None where the
    /// configuration has no account of the service.
    Accounts(BTreeSet<AccountName>),
}

impl Alias {
    /// True where `id` of `account`'s service means this. Services treat login names and ids as the same whatever the case
    /// of their letters.
    fn is_of_account(&self, account: &AccountName, id: &str) -> bool {
        match &self.place {
            IdentityRealm::Accounts(accounts) => {
                accounts.contains(account) && self.id.eq_ignore_ascii_case(id)
            }
            IdentityRealm::LocalUid | IdentityRealm::LocalLogin | IdentityRealm::Email => false,
        }
    }
}

impl People {
    fn with(&self, is: impl Fn(&Alias) -> bool) -> Option<&PersonId> {
        self.aliases.iter().find(|(_, aliases)| aliases.iter().any(&is)).map(|(person, _)| person)
    }

    /// The person whom an account's service identifies so.
    pub fn of_account(&self, account: &AccountName, id: &str) -> Option<&PersonId> {
        self.with(|alias| alias.is_of_account(account, id))
    }

    /// Whoever an account's service identifies so. `name` is for display and decides nothing.
    pub fn principal_of_account(&self, account: &AccountName, id: &str, name: &str) -> Principal {
        match self.of_account(account, id) {
            Some(person) => Principal::Person { id: person.clone() },
            None => Principal::Unlisted {
                account: Some(account.clone()),
                id: id.to_owned(),
                name: name.to_owned(),
            },
        }
    }

    /// The person whom this computer identifies by that number or, where nobody is listed by it, that login name. Login
    /// names are compared letter by letter, as the system does.
    pub fn of_local(&self, number: &str, login: Option<&str>) -> Option<&PersonId> {
        let numbered = self.with(|alias| alias.place == IdentityRealm::LocalUid && alias.id == number);
        let named = || {
            self.with(|alias| alias.place == IdentityRealm::LocalLogin && Some(alias.id.as_str()) == login)
        };
        numbered.or_else(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(names: &[&str]) -> IdentityRealm {
        IdentityRealm::Accounts(names.iter().map(|name| AccountName::from(*name)).collect())
    }

    fn people() -> People {
        let alias =
            |key: &str, place: IdentityRealm, id: &str| Alias { key: key.into(), place, id: id.into() };
        let ana = vec![
            alias("github", accounts(&["forge", "forge2"]), "Ana"),
            alias("slack", accounts(&["chat"]), "U1"),
            alias("local", IdentityRealm::LocalUid, "1000"),
            alias("email", IdentityRealm::Email, "ana@acme.example"),
        ];
        let bo = vec![
            alias("chat", accounts(&["chat"]), "U2"),
            alias("local", IdentityRealm::LocalLogin, "bo"),
            alias("jenkins", accounts(&[]), "bo"),
        ];
        let aliases = [(PersonId("ana".into()), ana), (PersonId("bo".into()), bo)];
        People { aliases: aliases.into(), ..People::default() }
    }

    #[test]
    fn person_is_matched_by_id_and_by_nothing_else() {
        let people = people();
        // account, id, display name -> who
        let cases = [
            ("forge", "Ana", "Ana A.", Some("ana")),
            ("forge2", "ana", "ana", Some("ana")),
            ("chat", "U1", "somebody", Some("ana")),
            ("chat", "U2", "ana", Some("bo")),
            // A display name is nobody's id, nor is an id of another service.
            ("chat", "U9", "ana", None),
            ("chat", "Ana", "ana", None),
            ("forge", "U1", "ana", None),
            ("ci", "bo", "bo", None),
            ("local", "1000", "ana", None),
            ("email", "ana@acme.example", "ana", None),
            ("forge", "", "", None),
        ];
        for (account, id, name, expected) in cases {
            let account = AccountName::from(account);
            let found = people.principal_of_account(&account, id, name);
            let expected = match expected {
                Some(person) => Principal::Person { id: PersonId(person.into()) },
                None => Principal::Unlisted { account: Some(account), id: id.into(), name: name.into() },
            };
            assert_eq!(found, expected, "{id}");
        }
    }

    #[test]
    fn local_user_is_matched_by_number_then_login_name() {
        let people = people();
        let cases = [
            ("1000", Some("whoever"), Some("ana")),
            ("1000", None, Some("ana")),
            ("1001", Some("bo"), Some("bo")),
            ("1000", Some("bo"), Some("ana")),
            ("1001", Some("Bo"), None),
            ("1001", Some("ana"), None),
            ("1001", Some("1000"), None),
            ("1001", None, None),
        ];
        for (number, login, expected) in cases {
            let found = people.of_local(number, login).map(|person| person.0.as_str());
            assert_eq!(found, expected, "{number} {login:?}");
        }
    }
}
