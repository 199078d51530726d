//! The active configuration: a configuration and all that was made from it, replaced as a whole.

mod files;
mod follow;
mod handle;
mod reconnect;

use callboard_connectors::http::Client;
use callboard_domain::{
    rules::{RuleError, Rules},
    secret::SecretString,
};

use crate::{
    accounts::{self, Accounts},
    commands::{command_file, registry::Registry},
    config::{Config, ConfigError, ConfigErrors},
    secrets::Secrets,
    store::{Retention, Store},
    system::{local::User, paths::Paths},
};

pub(crate) use self::{follow::follow_files, handle::ConfigHandle, reconnect::reconnect};

/// A configuration and all that was made from it.
pub(crate) struct ActiveConfig {
    pub(crate) config: Config,
    pub(crate) secrets: Secrets,
    pub(crate) rules: Rules,
    pub(crate) accounts: Accounts,
    pub(crate) registry: Registry,
    /// What is wrong in command files, which are left out.
    pub(crate) command_errors: Vec<ConfigError>,
}

/// What a configuration is made to work with.
pub(crate) struct ConfigDeps {
    pub(crate) paths: Paths,
    /// Opens the encrypted file of secrets, where that is the place of secrets.
    pub(crate) passphrase: Option<SecretString>,
    /// Secrets to use instead of the place that the configuration names.
    pub(crate) secrets: Option<Secrets>,
    pub(crate) store: Store,
    pub(crate) client: Client,
    /// Whose computer this is.
    pub(crate) user: User,
}

impl ActiveConfig {
    /// Makes everything from a configuration, keeping the accounts of `before` in which nothing changed.
    async fn new(config: Config, means: &ConfigDeps, before: Option<&Self>) -> Result<Self, ConfigErrors> {
        let rules = Rules::compile(&config.rules, config.builtin_rules).map_err(|errors| {
            let error = |error: RuleError| ConfigError::of_file(&config.path, error.message());
            ConfigErrors(errors.into_iter().map(error).collect())
        })?;
        let as_before = before.map(|it| &it.secrets).filter(|secrets| secrets.place() == config.secrets);
        let secrets = means.secrets.as_ref().or(as_before).cloned().unwrap_or_else(|| {
            let service = means.store.keychain_service();
            Secrets::open(config.secrets, &means.paths.data, service, means.passphrase.clone())
        });
        let none = Accounts::new();
        let before = before.map_or(&none, |it| &it.accounts);
        let ConfigDeps { store, client, .. } = means;
        let person = means.user.principal(&config.people).to_string();
        let accounts = accounts::connect(&config, &secrets, store, client, &person, before).await;
        let (files, command_errors) = command_file::load_for(&config, &accounts);
        let registry = Registry::new(&accounts, files);
        Ok(Self { config, secrets, rules, accounts, registry, command_errors })
    }

    pub(crate) fn retention(&self) -> Retention {
        let keep = &self.config.keep;
        Retention {
            record: keep.history.0,
            items: keep.closed_items.0,
            room: keep.history.0,
            ..Retention::default()
        }
    }
}
