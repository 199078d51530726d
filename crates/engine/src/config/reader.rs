//! Reads `callboard.toml` section by section, so that one fault hides no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    chat::Address,
    item::AccountName,
    rules::{RuleConfig, Rules},
    template::Template,
};
use serde::de::IntoDeserializer;
use toml::de::DeValue;

use super::{
    Commands, Config, ConfigError, DEFAULT_CHANNEL, Desktop, Keys, ROOM, RenamedKey, SHORTEST_EVERY, Step,
    TomlFile, always_clear, clear_remedy, is_name,
    schema::SECTIONS,
    sections::{RENAMED, SecretsSection},
    stand_in, unknown,
    values::{folder, resolve},
};
use crate::secrets::{SecretBackend, variable};

/// Reads section by section and gathers what is wrong.
pub(super) struct Reader<'f, 't> {
    pub(super) file: &'f TomlFile<'t>,
    pub(super) errors: Vec<ConfigError>,
}

impl<'t> Reader<'_, 't> {
    pub(super) fn config(&mut self, path: &Path) -> Config {
        for (name, span) in self.file.sections() {
            if !SECTIONS.iter().any(|section| section == name) {
                let what = if self.file.is_section(name) { "section" } else { "key" };
                self.errors.push(self.file.unknown_key(
                    span,
                    what,
                    name,
                    SECTIONS.iter().map(String::as_str),
                ));
            }
        }
        let (accounts, unread_accounts) = self.accounts();
        let channels = self.channels();
        let default_channel = self.section::<String>("default_channel");
        let default_channel = default_channel.as_deref().unwrap_or(DEFAULT_CHANNEL);
        let resolved = resolve(default_channel, &channels, |account| self.is_account(account));
        let default_channel = resolved.unwrap_or_else(|what| {
            self.errors.push(self.file.fault(&["default_channel".into()], what));
            Address { account: ROOM.into(), channel: "general".into() }
        });
        let rules = self.rules(&channels);
        let people = self.people(&accounts);
        let secrets: SecretsSection = self.section("secrets").unwrap_or_default();
        if secrets.store == SecretBackend::Env {
            self.check_variables(&accounts);
        }
        let mut commands: Commands = self.section("commands").unwrap_or_default();
        for dir in &mut commands.dirs {
            *dir = folder(path, dir);
        }
        Config {
            path: path.to_owned(),
            default_channel,
            unusable_accounts: self.unusable(&accounts),
            accounts,
            unread_accounts,
            channels,
            receive: self.section("receive"),
            rules,
            builtin_rules: self.section("builtin_rules").unwrap_or(true),
            commands,
            secrets: secrets.store,
            notifications: self.section("notifications").unwrap_or_default(),
            keep: self.section("keep").unwrap_or_default(),
            desktop: self.desktop(),
            people,
            renamed: self.renamed(),
        }
    }

    fn desktop(&mut self) -> Desktop {
        let desktop: Desktop = self.section("desktop").unwrap_or_default();
        if let Err(what) = desktop.hotkey.parse::<Keys>() {
            self.errors.push(self.file.fault(&["desktop".into(), "hotkey".into()], what));
        }
        desktop
    }

    fn renamed(&self) -> Vec<RenamedKey> {
        let is_there = |it: &&RenamedKey| self.file.get(&[it.section.into(), it.old.into()]).is_some();
        RENAMED.iter().filter(is_there).copied().collect()
    }

    fn section<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.file.read(&[name.into()], &mut self.errors)
    }

    /// The accounts, and the names of those that cannot be read.
    fn accounts(&mut self) -> (BTreeMap<AccountName, ConnectorConfig>, BTreeSet<AccountName>) {
        let (mut accounts, mut unread) = (BTreeMap::new(), BTreeSet::new());
        let section: [Step<'_>; 1] = ["accounts".into()];
        let Some(value) = self.file.get(&section) else { return (accounts, unread) };
        let Some(tables) = value.get_ref().as_table() else {
            self.errors.push(self.file.fault(&section, "expected a table for each account: [accounts.NAME]"));
            return (accounts, unread);
        };
        for (key, value) in tables {
            let name = key.get_ref().as_ref();
            let account = self.account(name, value);
            if !is_name(name) || name == ROOM {
                let what = format!(
                    "an account is named with letters, digits, - and _, and not `{ROOM}`; found `{name}`"
                );
                self.errors.push(self.file.fault_at(key.span(), what));
            }
            match account {
                Some(account) => drop(accounts.insert(name.into(), account)),
                None => drop(unread.insert(name.into())),
            }
        }
        (accounts, unread)
    }

    /// Why accounts that can be read are never connected as they are.
    fn unusable(
        &self,
        accounts: &BTreeMap<AccountName, ConnectorConfig>,
    ) -> BTreeMap<AccountName, ConfigError> {
        let fault = |(name, config): (&AccountName, &ConnectorConfig)| {
            let url: [Step<'_>; 3] = ["accounts".into(), name.as_str().into(), "url".into()];
            Some((name.clone(), self.file.fault(&url, always_clear(name, config)?)))
        };
        accounts.iter().filter_map(fault).collect()
    }

    /// An account as far as it can be read, also with faults: what names it is right all the same.
    fn account(&mut self, name: &str, value: &toml::Spanned<DeValue<'t>>) -> Option<ConnectorConfig> {
        let file = self.file;
        let at = |key: &'static str| -> [Step<'_>; 3] { ["accounts".into(), name.into(), key.into()] };
        let path: [Step<'_>; 2] = ["accounts".into(), name.into()];
        let mut value = value.clone();
        let DeValue::Table(table) = value.get_mut() else {
            self.errors.push(file.fault(&path, format!("expected a table: [accounts.{name}]")));
            return None;
        };
        let Some(service) = table.remove("service") else {
            let known = SERVICES.join(", ");
            self.errors.push(file.fault(&path, format!("add service = \"...\": one of {known}")));
            return None;
        };
        let service = match service.get_ref() {
            DeValue::String(service) if SERVICES.contains(&service.as_ref()) => service.clone(),
            other => {
                let what = match other.as_str() {
                    Some(found) => unknown("service", found, SERVICES.iter().copied()),
                    None => format!("expected a service in quotes: one of {}", SERVICES.join(", ")),
                };
                self.errors.push(file.fault(&at("service"), what));
                return None;
            }
        };
        let read = |value: toml::Spanned<DeValue<'t>>| {
            ConnectorConfig::from_table(&service, value.into_deserializer())
        };
        let url = [("url", stand_in("https://stand-in.invalid"))];
        let part = file.read_value(&path, value, &url, read, &mut self.errors)?;
        let config = &part.value;
        // What is refused or missing has been named; of that nothing else is wrong.
        let problems = config.validate().into_iter().filter(|problem| !part.is_missing(problem.key));
        self.errors.extend(problems.map(|problem| file.fault(&at(problem.key), problem.what)));
        let sends_a_secret = config.secrets().iter().any(|field| field.required && field.is_sent());
        let may_be_clear = config.allow_http() || part.is_missing("allow_http");
        if sends_a_secret && config.url().is_clear() && !may_be_clear {
            let what = format!("its secret would travel in the clear: {}", clear_remedy(name));
            self.errors.push(file.fault(&at("url"), what));
        }
        if config.every().is_some_and(|every| every < SHORTEST_EVERY) {
            self.errors.push(file.fault(&at("every"), format!("expected {SHORTEST_EVERY} or more")));
        }
        Some(part).filter(|part| !part.has_stand_ins).map(|part| part.value)
    }

    /// No two accounts may have a secret in the same variable of the environment: `a-b` and `a_b`, or `A` and `a`. The secret
    /// of one would be sent to the host of the other.
    fn check_variables(&mut self, accounts: &BTreeMap<AccountName, ConnectorConfig>) {
        let file = self.file;
        let tables = file.get(&["accounts".into()]).and_then(|value| value.get_ref().as_table());
        let keys = tables.into_iter().flat_map(|tables| tables.keys());
        let mut keys: Vec<(Range<usize>, &str)> =
            keys.map(|key| (key.span(), key.get_ref().as_ref())).collect();
        keys.sort_by_key(|(span, _)| span.start);
        // The account that has each variable, and its line.
        let mut known: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for (span, name) in keys {
            let account = accounts.get(&AccountName::from(name));
            let fields = account.into_iter().flat_map(|account| account.secrets());
            let variables: Vec<String> = fields.map(|field| variable(name, field.name)).collect();
            if let Some((variable, (first, line))) = variables.iter().find_map(|it| known.get_key_value(it)) {
                let what = format!(
                    "its secret would be read from {variable}, and so would that of [accounts.{first}] in line {line}: \
                     with secrets.store = \"env\", name one of them otherwise"
                );
                self.errors.push(file.fault_at(span, what));
                continue;
            }
            let line = file.line_of(&span);
            known.extend(variables.into_iter().map(|variable| (variable, (name, line))));
        }
    }

    /// True where the file has an account of that name: one with a fault of its own is named all the same.
    fn is_account(&self, name: &AccountName) -> bool {
        self.file.get(&["accounts".into(), name.as_str().into()]).is_some()
    }

    /// The channels by their short names. One with a fault of its own is named all the same.
    fn channels(&mut self) -> BTreeMap<String, Address> {
        let section: [Step<'_>; 1] = ["channels".into()];
        let named: BTreeMap<String, String> = self.section("channels").unwrap_or_default();
        let written = self.file.get(&section).and_then(|value| value.get_ref().as_table());
        let names = written.into_iter().flat_map(|table| table.keys());
        let stand_in = Address { account: ROOM.into(), channel: "general".into() };
        let mut channels: BTreeMap<String, Address> =
            names.map(|name| (name.get_ref().to_string(), stand_in.clone())).collect();
        for (name, address) in named {
            match resolve(&address, &BTreeMap::new(), |account| self.is_account(account)) {
                Ok(address) => {
                    channels.insert(name, address);
                }
                Err(what) => {
                    self.errors.push(self.file.fault(&["channels".into(), name.as_str().into()], what));
                }
            }
        }
        channels
    }

    fn rules(&mut self, channels: &BTreeMap<String, Address>) -> Vec<RuleConfig> {
        let count = self
            .file
            .get(&["rules".into()])
            .and_then(|value| value.get_ref().as_array())
            .map_or(0, |rules| rules.len());
        if self.file.get(&["rules".into()]).is_some_and(|value| value.get_ref().is_table()) {
            let what = "each rule is a table of its own: write [[rules]], in two brackets";
            self.errors.push(self.file.fault(&["rules".into()], what));
            return Vec::new();
        }
        if count == 0 {
            return self.section("rules").unwrap_or_default();
        }
        let mut rules = Vec::new();
        // The place of each in the file.
        let mut places = Vec::new();
        for place in 0..count {
            let path = ["rules".into(), place.into()];
            // What is missing or refused has been named; the rest is looked at all the same. No other rule has such a name.
            let stand_ins = [("name", stand_in(format!("\u{1a}{place}"))), ("when", stand_in("true"))];
            let part = self.file.read_part::<RuleConfig>(&path, &stand_ins, &mut self.errors);
            if let Some(part) = part {
                rules.push(part.value);
                places.push(place);
            }
        }
        if let Err(errors) = Rules::compile(&rules, false) {
            for error in errors {
                let mut path: Vec<Step<'_>> =
                    vec!["rules".into(), places[error.rule].into(), error.key.into()];
                path.extend(error.entry.map(Step::from));
                let written =
                    self.file.get(&path).and_then(|value| value.get_ref().as_str()).unwrap_or_default();
                let above = written.split_inclusive('\n').take(error.line.saturating_sub(1));
                let offset =
                    above.map(|line| line.chars().count()).sum::<usize>() + error.column.saturating_sub(1);
                self.errors.push(self.file.fault_within(&path, offset, error.message()));
            }
        }
        for (place, rule) in places.into_iter().zip(&rules) {
            for (nth, post) in rule.post.iter().enumerate() {
                // What a template will name is known only when it is rendered; it is resolved then.
                let fixed = Template::compile(post).is_ok_and(|template| template.is_literal());
                if fixed && let Err(what) = resolve(post, channels, |account| self.is_account(account)) {
                    let path = ["rules".into(), place.into(), "post".into(), nth.into()];
                    self.errors.push(self.file.fault(&path, what));
                }
            }
        }
        rules
    }
}
