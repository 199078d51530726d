//! `[people]` and `[teams]`: who people are, whatever services call them.

use std::collections::{BTreeMap, BTreeSet};

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    actor::PersonId,
    item::AccountName,
    people::{Alias, IdentityRealm, People},
    text,
};
use toml::{Spanned, de::DeValue};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use super::{Step, is_name, reader::Reader, sections::Team, unknown};
use crate::system::local;

/// The keys of a person that are no account's and no service's.
const LOCAL: &str = "local";
const EMAIL: &str = "email";
/// The longest id of a person, in bytes.
const LONGEST_ID: usize = 200;

/// Where an alias identifies somebody, and what it looks like there: two people cannot have what looks the same.
type Slot = (String, String);

impl Reader<'_, '_> {
    pub(super) fn people(&mut self, accounts: &BTreeMap<AccountName, ConnectorConfig>) -> People {
        let mut people = People::default();
        for name in self.names("people", "[people.NAME]") {
            let aliases = self.aliases(&name, accounts);
            people.aliases.insert(PersonId(name), aliases);
        }
        self.one_person_each(&people.aliases);
        for name in self.names("teams", "[teams.NAME]") {
            if people.aliases.contains_key(&PersonId(name.clone())) {
                let what = format!("`{name}` is a person of [people]: give the team another name");
                self.errors.push(self.file.fault(&["teams".into(), name.as_str().into()], what));
            }
            let members = self.members(&name, &people);
            people.teams.insert(name, members);
        }
        people
    }

    /// Finds the aliases that two people have, or that look the same.
    fn one_person_each(&mut self, people: &BTreeMap<PersonId, Vec<Alias>>) {
        let users = local::numbers();
        let mut taken: BTreeMap<Slot, Vec<(&Alias, &PersonId)>> = BTreeMap::new();
        for (person, alias) in people.iter().flat_map(|(person, all)| all.iter().map(move |it| (person, it)))
        {
            for slot in slots(alias, &users) {
                let place = slot.0.clone();
                let others = taken.entry(slot).or_default();
                let mut clashes = others
                    .iter()
                    .filter(|(_, whose)| *whose != person)
                    .filter_map(|(other, whose)| clash_of(&place, alias, other, whose));
                if let Some(what) = clashes.next() {
                    let at = ["people".into(), person.0.as_str().into(), alias.key.as_str().into()];
                    self.errors.push(self.file.fault(&at, what));
                    break;
                }
                others.push((alias, person));
            }
        }
    }

    /// The names of a section's tables.
    fn names(&mut self, section: &str, form: &str) -> Vec<String> {
        let at: [Step<'_>; 1] = [section.into()];
        let Some(value) = self.file.get(&at) else { return Vec::new() };
        let Some(tables) = value.get_ref().as_table() else {
            self.errors.push(self.file.fault(&at, format!("expected a table for each: {form}")));
            return Vec::new();
        };
        let mut names = Vec::new();
        for key in tables.keys() {
            let name = key.get_ref().as_ref();
            if !is_name(name) {
                let what = format!("a name has letters, digits, - and _; found `{name}`");
                self.errors.push(self.file.fault_at(key.span(), what));
            }
            names.push(name.to_owned());
        }
        names
    }

    fn aliases(&mut self, name: &str, accounts: &BTreeMap<AccountName, ConnectorConfig>) -> Vec<Alias> {
        let at: [Step<'_>; 2] = ["people".into(), name.into()];
        let file = self.file;
        let Some(table) = file.get(&at).and_then(|value| value.get_ref().as_table()) else {
            self.errors.push(file.fault(&at, format!("expected a table: [people.{name}]")));
            return Vec::new();
        };
        if table.is_empty() {
            let what = format!(
                "it does not say who {name} is: add what services call them, such as github = \"...\", or local = \"LOGIN\""
            );
            self.errors.push(file.fault(&at, what));
        }
        let mut aliases = Vec::new();
        for (key, value) in table {
            let key_name = key.get_ref().as_ref();
            let place = match self.place(key_name, value, accounts) {
                Ok(place) => place,
                Err(what) => {
                    self.errors.push(file.fault_at(key.span(), what));
                    continue;
                }
            };
            match id(&place, value) {
                Ok(id) => aliases.push(Alias { key: key_name.to_owned(), place, id }),
                Err(what) => {
                    self.errors.push(file.fault(&["people".into(), name.into(), key_name.into()], what));
                }
            }
        }
        aliases
    }

    /// Where a person is identified by a key. An account's name means that account; a service's name all of its
    /// accounts, where they are of one service at one place: a login name means one person only there.
    fn place(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        accounts: &BTreeMap<AccountName, ConnectorConfig>,
    ) -> Result<IdentityRealm, String> {
        // Accounts with a fault of their own are named all the same.
        let named: Vec<&str> = match self.file.get(&["accounts".into()]).map(Spanned::get_ref) {
            Some(DeValue::Table(tables)) => tables.keys().map(|key| key.get_ref().as_ref()).collect(),
            _ => Vec::new(),
        };
        match key {
            LOCAL if value.get_ref().is_integer() => Ok(IdentityRealm::LocalUid),
            LOCAL => Ok(IdentityRealm::LocalLogin),
            EMAIL => Ok(IdentityRealm::Email),
            account if named.contains(&account) => Ok(IdentityRealm::Accounts([account.into()].into())),
            service if SERVICES.contains(&service) => {
                let of_service = || accounts.iter().filter(|(_, config)| config.service_name() == service);
                let origins: BTreeSet<String> =
                    of_service().map(|(_, config)| config.url().origin()).collect();
                if origins.len() > 1 {
                    let names: Vec<String> = of_service().map(|(name, _)| format!("`{name}`")).collect();
                    return Err(format!(
                        "accounts of {service} are at {} different places, where one name may be two people's: write \
                         the account's name instead, {}",
                        origins.len(),
                        names.join(" or ")
                    ));
                }
                Ok(IdentityRealm::Accounts(of_service().map(|(name, _)| name.clone()).collect()))
            }
            other => {
                let known = [LOCAL, EMAIL].into_iter().chain(named.iter().copied());
                let services = SERVICES.iter().copied().filter(|service| !named.contains(service));
                Err(unknown("account, service or key", other, known.chain(services)))
            }
        }
    }

    fn members(&mut self, team: &str, people: &People) -> BTreeSet<PersonId> {
        let at: [Step<'_>; 2] = ["teams".into(), team.into()];
        let Some(Team { members: written }) = self.file.read(&at, &mut self.errors) else {
            return BTreeSet::new();
        };
        if written.is_empty() {
            let what = format!("{team} has no members: add some of [people], or remove the team");
            self.errors.push(self.file.fault(&["teams".into(), team.into(), "members".into()], what));
        }
        let mut members = BTreeSet::new();
        for (place, name) in written.iter().enumerate() {
            let person = PersonId(name.clone());
            let known = people.aliases.keys().map(|person| person.0.as_str());
            let what = match people.aliases.contains_key(&person) {
                false => format!("{}; people are listed in [people]", unknown("person", name, known)),
                true if members.contains(&person) => format!("{name} is named twice"),
                true => {
                    members.insert(person);
                    continue;
                }
            };
            let at = ["teams".into(), team.into(), "members".into(), place.into()];
            self.errors.push(self.file.fault(&at, what));
        }
        members
    }
}

/// What identifies a person there.
fn id(place: &IdentityRealm, value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    if *place == IdentityRealm::LocalUid {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        return number.map(|number| number.to_string()).ok_or_else(|| {
            "expected the number of a user of this computer (`id -u` says it), or a login name".to_owned()
        });
    }
    let expected = match place {
        IdentityRealm::LocalUid | IdentityRealm::LocalLogin => {
            "expected a login name such as \"ana\", or the number of a user"
        }
        IdentityRealm::Email => "expected an e-mail address such as \"ana@acme.example\"",
        IdentityRealm::Accounts(_) => {
            "expected what identifies them there: a login name such as \"ana\", or an id such as \"U123\""
        }
    };
    let Some(id) = value.get_ref().as_str() else { return Err(expected.to_owned()) };
    let is_plain = !id.is_empty()
        && id.len() <= LONGEST_ID
        && id.trim() == id
        && !id.contains(text::is_unsafe)
        && (*place != IdentityRealm::Email || is_address(id));
    if is_plain { Ok(id.to_owned()) } else { Err(format!("{expected}, found {id:?}")) }
}

/// True for what may be an e-mail address: a service decides whether it is one.
fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    matches!(parts[..], [name, host] if !name.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace)
}

/// What no two people can both be. `users` are the users of this computer, by login name.
fn slots(alias: &Alias, users: &BTreeMap<String, u32>) -> Vec<Slot> {
    let look = || look(&alias.id);
    match &alias.place {
        IdentityRealm::LocalUid => vec![(LOCAL.to_owned(), alias.id.clone())],
        // A login name and its number are one user. The system distinguishes upper case from lower case, people hardly do.
        IdentityRealm::LocalLogin => {
            let number = users.get(&alias.id).map(|number| (LOCAL.to_owned(), number.to_string()));
            std::iter::once((format!("{LOCAL} login"), look())).chain(number).collect()
        }
        IdentityRealm::Email => vec![(EMAIL.to_owned(), look())],
        // Without an account: the value of the service's own key, for an account that is added later.
        IdentityRealm::Accounts(accounts) if accounts.is_empty() => {
            vec![(format!("service {}", alias.key), look())]
        }
        IdentityRealm::Accounts(accounts) => {
            accounts.iter().map(|account| (format!("account {account}"), look())).collect()
        }
    }
}

/// What an id looks like to a person: the same for ids that differ in the case of their letters, in their form (full width),
/// or in letters of other scripts that are drawn alike (Unicode Technical Standard 39, section 4).
fn look(id: &str) -> String {
    let plain: String = id.nfkc().flat_map(char::to_lowercase).collect();
    skeleton(&plain).collect()
}

/// What is wrong with an alias in the slot of another's; nothing where both can be. Ids of ASCII alone that look alike (`O`
/// and `0`, `l` and `1`) are different ids to everybody who gives them out.
fn clash_of(in_slot: &str, alias: &Alias, other: &Alias, whose: &PersonId) -> Option<String> {
    let (id, other_id) = (&alias.id, &other.id);
    let end = "an id belongs to one person; correct one of them";
    // Services take the case of letters for nothing; this computer's login names are apart.
    let is_same = if alias.place == IdentityRealm::LocalLogin {
        id == other_id
    } else {
        id.eq_ignore_ascii_case(other_id)
    };
    if is_same {
        return Some(format!("{id} is who {whose} is already: {end}"));
    }
    if in_slot == LOCAL {
        return Some(format!(
            "{id} and {other_id} are one user of this computer, who {whose} is already: {end}"
        ));
    }
    if id.is_ascii() && other_id.is_ascii() {
        return None;
    }
    let odd: BTreeSet<char> = id.chars().chain(other_id.chars()).filter(|c| !c.is_ascii()).collect();
    let odd: Vec<String> = odd.into_iter().map(|c| format!("U+{:04X}", u32::from(c))).collect();
    Some(format!(
        "{id} looks like {other_id}, who {whose} is already ({} is another letter): {end}",
        odd.join(", ")
    ))
}

/// The people who are to be users of this computer that its own list does not have, in words. They may be right where a
/// directory on the network has them, so it is no error.
pub fn unlisted_users(people: &People) -> Vec<String> {
    unlisted(people, &local::numbers())
}

fn unlisted(people: &People, users: &BTreeMap<String, u32>) -> Vec<String> {
    // Other systems have no list that can be read.
    if users.is_empty() || !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let aliases = people.aliases.iter().flat_map(|(person, all)| all.iter().map(move |it| (person, it)));
    let is_unlisted = |alias: &Alias| match alias.place {
        IdentityRealm::LocalLogin => !users.contains_key(&alias.id),
        IdentityRealm::LocalUid => !users.values().any(|number| number.to_string() == alias.id),
        IdentityRealm::Email | IdentityRealm::Accounts(_) => false,
    };
    let found = aliases.filter(|(_, alias)| is_unlisted(alias)).map(|(person, alias)| {
        format!(
            "people.{person}.{LOCAL}: this computer lists no user {}; correct it, unless a directory on the network knows that user",
            alias.id
        )
    });
    found.collect()
}

/// The sections in the shape of the file.
pub(super) fn as_json(people: &People) -> (serde_json::Value, serde_json::Value) {
    let written = |alias: &Alias| match alias.place {
        IdentityRealm::LocalUid => {
            alias.id.parse::<u32>().map_or_else(|_| alias.id.clone().into(), Into::into)
        }
        _ => serde_json::Value::from(alias.id.clone()),
    };
    let people_json: serde_json::Map<_, _> = people
        .aliases
        .iter()
        .map(|(person, aliases)| {
            let keys: serde_json::Map<_, _> =
                aliases.iter().map(|alias| (alias.key.clone(), written(alias))).collect();
            (person.0.clone(), keys.into())
        })
        .collect();
    let teams: BTreeMap<_, _> = people
        .teams
        .iter()
        .map(|(team, members)| (team, serde_json::json!({ "members": members })))
        .collect();
    (people_json.into(), serde_json::json!(teams))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn local_user_who_is_not_listed_is_named() {
        let users = [("root".to_owned(), 0), ("ana".to_owned(), 1000)].into();
        let alias = |key: &str, place, id: &str| Alias { key: key.into(), place, id: id.into() };
        // alias -> named
        let cases = [
            (alias("local", IdentityRealm::LocalLogin, "ana"), false),
            (alias("local", IdentityRealm::LocalUid, "1000"), false),
            (alias("local", IdentityRealm::LocalLogin, "anna"), true),
            (alias("local", IdentityRealm::LocalUid, "1001"), true),
            (alias("email", IdentityRealm::Email, "anna@acme.example"), false),
        ];
        for (alias, expected) in cases {
            let id = alias.id.clone();
            let people =
                People { aliases: [(PersonId("x".into()), vec![alias])].into(), ..People::default() };
            let found = unlisted(&people, &users);
            assert_eq!(found.len(), usize::from(expected), "{id}: {found:?}");
            assert!(found.iter().all(|it| it.starts_with("people.x.local: ") && it.contains(&id)));
            assert!(unlisted(&people, &BTreeMap::new()).is_empty(), "without a list nothing is known");
        }
    }
}
