//! `[people]` and `[teams]`: who people are, whatever services call them.

use std::collections::{BTreeMap, BTreeSet};

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    actor::PersonId,
    item::AccountName,
    people::{Alias, People, Place},
    text,
};
use toml::{Spanned, de::DeValue};

use super::{Step, is_name, reader::Reader, sections::Team, unknown};

/// The keys of a person that are no account's and no service's.
const LOCAL: &str = "local";
const EMAIL: &str = "email";
/// The longest id of a person, in bytes.
const LONGEST_ID: usize = 200;

/// What an alias is the only one of: two people cannot have it.
type Slot = (String, String);

impl Reader<'_, '_> {
    pub(super) fn people(&mut self, accounts: &BTreeMap<AccountName, ConnectorConfig>) -> People {
        let mut people = People::default();
        let mut taken: BTreeMap<Slot, PersonId> = BTreeMap::new();
        for name in self.names("people", "[people.NAME]") {
            let person = PersonId(name.clone());
            let aliases = self.aliases(&name, accounts);
            for alias in &aliases {
                for slot in slots(alias) {
                    match taken.get(&slot) {
                        Some(other) if *other != person => {
                            let what = format!(
                                "{} is who {other} is already: an id belongs to one person; correct one of them",
                                alias.id
                            );
                            let at = ["people".into(), name.as_str().into(), alias.key.as_str().into()];
                            self.errors.push(self.file.fault(&at, what));
                            break;
                        }
                        _ => drop(taken.insert(slot, person.clone())),
                    }
                }
            }
            people.aliases.insert(person, aliases);
        }
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

    /// Where a person is identified by what a key says. An account's name means that account; a service's name all of its
    /// accounts, where they are of one service at one place: a login name means one person only there.
    fn place(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        accounts: &BTreeMap<AccountName, ConnectorConfig>,
    ) -> Result<Place, String> {
        // Accounts with a fault of their own are named all the same.
        let named: Vec<&str> = match self.file.get(&["accounts".into()]).map(Spanned::get_ref) {
            Some(DeValue::Table(tables)) => tables.keys().map(|key| key.get_ref().as_ref()).collect(),
            _ => Vec::new(),
        };
        match key {
            LOCAL if value.get_ref().is_integer() => Ok(Place::LocalNumber),
            LOCAL => Ok(Place::LocalLogin),
            EMAIL => Ok(Place::Email),
            account if named.contains(&account) => Ok(Place::Accounts([account.into()].into())),
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
                Ok(Place::Accounts(of_service().map(|(name, _)| name.clone()).collect()))
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
fn id(place: &Place, value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    if *place == Place::LocalNumber {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        return number.map(|number| number.to_string()).ok_or_else(|| {
            "expected the number of a user of this computer (`id -u` says it), or a login name".to_owned()
        });
    }
    let expected = match place {
        Place::LocalNumber | Place::LocalLogin => {
            "expected a login name such as \"ana\", or the number of a user"
        }
        Place::Email => "expected an e-mail address such as \"ana@acme.example\"",
        Place::Accounts(_) => {
            "expected what identifies them there: a login name such as \"ana\", or an id such as \"U123\""
        }
    };
    let Some(id) = value.get_ref().as_str() else { return Err(expected.to_owned()) };
    let is_plain = !id.is_empty()
        && id.len() <= LONGEST_ID
        && id.trim() == id
        && !id.contains(text::is_unsafe)
        && (*place != Place::Email || is_address(id));
    if is_plain { Ok(id.to_owned()) } else { Err(format!("{expected}, found {id:?}")) }
}

/// True for what may be an e-mail address: a service decides whether it is one.
fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    matches!(parts[..], [name, host] if !name.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace)
}

/// What no two people can both be.
fn slots(alias: &Alias) -> Vec<Slot> {
    let id = || alias.id.to_ascii_lowercase();
    match &alias.place {
        Place::LocalNumber | Place::LocalLogin => vec![(LOCAL.to_owned(), alias.id.clone())],
        Place::Email => vec![(EMAIL.to_owned(), id())],
        // Without an account: what the service's own key says, for whoever adds one.
        Place::Accounts(accounts) if accounts.is_empty() => vec![(format!("service {}", alias.key), id())],
        Place::Accounts(accounts) => {
            accounts.iter().map(|account| (format!("account {account}"), id())).collect()
        }
    }
}

/// The sections in the shape of the file.
pub(super) fn as_json(people: &People) -> (serde_json::Value, serde_json::Value) {
    let written = |alias: &Alias| match alias.place {
        Place::LocalNumber => alias.id.parse::<u32>().map_or_else(|_| alias.id.clone().into(), Into::into),
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
