//! Reads `callboard.toml` section by section, so that one fault hides no other.

use std::{collections::BTreeMap, path::Path};

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    chat::Address,
    item::AccountName,
    rules::{RuleConfig, Rules},
    template::Template,
};
use serde::de::IntoDeserializer;
use toml::de::DeValue;

use crate::accounts::clear_remedy;

use super::{
    Commands, Config, ConfigError, DEFAULT_CHANNEL, Desktop, Keys, ROOM, SHORTEST_EVERY, Step, TomlFile,
    below, is_name, resolve,
    sections::{SECTIONS, SecretsSection},
    unknown,
};

/// Reads section by section and gathers what is wrong.
pub(super) struct Reader<'f, 't> {
    pub(super) file: &'f TomlFile<'t>,
    pub(super) errors: Vec<ConfigError>,
}

impl Reader<'_, '_> {
    pub(super) fn config(&mut self, path: &Path) -> Config {
        for (name, span) in self.file.sections() {
            if !SECTIONS.contains(&name) {
                let what = if self.file.is_section(name) { "section" } else { "key" };
                self.errors.push(self.file.fault_at(span, unknown(what, name, SECTIONS)));
            }
        }
        let accounts = self.accounts();
        let channels = self.channels(&accounts);
        let known = |account: &AccountName| accounts.contains_key(account);
        let default_channel = self.section::<String>("default_channel");
        let default_channel = default_channel.as_deref().unwrap_or(DEFAULT_CHANNEL);
        let default_channel = resolve(default_channel, &channels, known).unwrap_or_else(|what| {
            self.errors.push(self.file.fault(&["default_channel".into()], what));
            Address { account: ROOM.into(), channel: "general".into() }
        });
        let rules = self.rules(&channels, &accounts);
        let people = self.people(&accounts);
        let secrets: SecretsSection = self.section("secrets").unwrap_or_default();
        let mut commands: Commands = self.section("commands").unwrap_or_default();
        for dir in &mut commands.dirs {
            *dir = below(path, dir);
        }
        Config {
            path: path.to_owned(),
            default_channel,
            accounts,
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
        }
    }

    fn desktop(&mut self) -> Desktop {
        let desktop: Desktop = self.section("desktop").unwrap_or_default();
        if let Err(what) = desktop.hotkey.parse::<Keys>() {
            self.errors.push(self.file.fault(&["desktop".into(), "hotkey".into()], what));
        }
        desktop
    }

    fn section<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.file.read(&[name.into()]).unwrap_or_else(|fault| {
            self.errors.push(fault);
            None
        })
    }

    fn accounts(&mut self) -> BTreeMap<AccountName, ConnectorConfig> {
        let mut accounts = BTreeMap::new();
        let section: [Step<'_>; 1] = ["accounts".into()];
        let Some(value) = self.file.get(&section) else { return accounts };
        let Some(tables) = value.get_ref().as_table() else {
            self.errors.push(self.file.fault(&section, "expected a table for each account: [accounts.NAME]"));
            return accounts;
        };
        for (key, value) in tables {
            let name = key.get_ref().as_ref();
            match self.account(name, value) {
                Ok(_) if !is_name(name) || name == ROOM => self.errors.push(self.file.fault_at(
                    key.span(),
                    format!(
                        "an account is named with letters, digits, - and _, and not `{ROOM}`; found `{name}`"
                    ),
                )),
                Ok(config) => {
                    accounts.insert(name.into(), config);
                }
                Err(errors) => self.errors.extend(errors),
            }
        }
        accounts
    }

    fn account(
        &self,
        name: &str,
        value: &toml::Spanned<DeValue<'_>>,
    ) -> Result<ConnectorConfig, Vec<ConfigError>> {
        let path: [Step<'_>; 2] = ["accounts".into(), name.into()];
        let one = |fault| vec![fault];
        let mut value = value.clone();
        let DeValue::Table(table) = value.get_mut() else {
            return Err(one(self.file.fault(&path, format!("expected a table: [accounts.{name}]"))));
        };
        let Some(service) = table.remove("service") else {
            let known = SERVICES.join(", ");
            return Err(one(self.file.fault(&path, format!("add service = \"...\": one of {known}"))));
        };
        let service = match service.get_ref() {
            DeValue::String(service) if SERVICES.contains(&service.as_ref()) => service.clone(),
            other => {
                let found = other.as_str().map_or_else(|| other.type_str().to_owned(), str::to_owned);
                let at: [Step<'_>; 3] = ["accounts".into(), name.into(), "service".into()];
                let what = unknown("service", &found, SERVICES.iter().copied());
                return Err(one(self.file.fault(&at, what)));
            }
        };
        let config = ConnectorConfig::from_table(&service, value.into_deserializer())
            .map_err(|error| one(self.file.refusal(&path, &error)))?;
        let mut errors: Vec<ConfigError> = config
            .validate()
            .into_iter()
            .map(|problem| {
                self.file.fault(&["accounts".into(), name.into(), problem.key.into()], problem.what)
            })
            .collect();
        let sends_a_secret = config.secrets().iter().any(|field| field.required && field.is_sent());
        if sends_a_secret && config.url().is_clear() && !config.allow_http() {
            let at: [Step<'_>; 3] = ["accounts".into(), name.into(), "url".into()];
            let what = format!("its secret would travel in the clear: {}", clear_remedy(name));
            errors.push(self.file.fault(&at, what));
        }
        if config.every().is_some_and(|every| every < SHORTEST_EVERY) {
            let at: [Step<'_>; 3] = ["accounts".into(), name.into(), "every".into()];
            errors.push(self.file.fault(&at, format!("expected {SHORTEST_EVERY} or more")));
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    fn channels(&mut self, accounts: &BTreeMap<AccountName, ConnectorConfig>) -> BTreeMap<String, Address> {
        let named: BTreeMap<String, String> = self.section("channels").unwrap_or_default();
        let mut channels = BTreeMap::new();
        for (name, address) in named {
            match resolve(&address, &BTreeMap::new(), |account| accounts.contains_key(account)) {
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

    fn rules(
        &mut self,
        channels: &BTreeMap<String, Address>,
        accounts: &BTreeMap<AccountName, ConnectorConfig>,
    ) -> Vec<RuleConfig> {
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
        for place in 0..count {
            match self.file.read::<RuleConfig>(&["rules".into(), place.into()]) {
                Ok(rule) => rules.extend(rule),
                Err(fault) => self.errors.push(fault),
            }
        }
        if rules.len() < count {
            return rules;
        }
        if let Err(errors) = Rules::compile(&rules, false) {
            for error in errors {
                let mut path: Vec<Step<'_>> = vec!["rules".into(), error.rule.into(), error.key.into()];
                path.extend(error.entry.map(Step::from));
                let written =
                    self.file.get(&path).and_then(|value| value.get_ref().as_str()).unwrap_or_default();
                let above = written.split_inclusive('\n').take(error.line.saturating_sub(1));
                let offset =
                    above.map(|line| line.chars().count()).sum::<usize>() + error.column.saturating_sub(1);
                self.errors.push(self.file.fault_within(&path, offset, error.message()));
            }
        }
        for (place, rule) in rules.iter().enumerate() {
            for (nth, post) in rule.post.iter().enumerate() {
                // What a template will name is known only when it is rendered; it is resolved then.
                let fixed = Template::compile(post).is_ok_and(|template| template.is_literal());
                if fixed && let Err(what) = resolve(post, channels, |account| accounts.contains_key(account))
                {
                    let path = ["rules".into(), place.into(), "post".into(), nth.into()];
                    self.errors.push(self.file.fault(&path, what));
                }
            }
        }
        rules
    }
}
