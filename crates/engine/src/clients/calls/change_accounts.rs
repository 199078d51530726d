//! Accounts added, changed and removed: the file, the secrets and the connection together, or none of them.

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    actor::Actor,
    item::AccountName,
    secret::{ExposeSecret, SecretString},
};

use crate::{
    Engine,
    accounts::Account,
    api::{
        AccountInfo, AccountsQuery, AddAccount, ApiError, AuditedChange, EditAccount, RemoveAccount, Secret,
        ServiceInfo, ServicesQuery, SetSecret,
    },
    clients::services,
    config::{self, Config, ConfigErrors},
    secrets::SecretsError,
    system::private,
};

impl Engine {
    pub(crate) async fn services(&self, _: ServicesQuery) -> Result<Vec<ServiceInfo>, ApiError> {
        Ok(services::all())
    }

    pub(crate) async fn add_account(
        &self,
        mut add: AddAccount,
        actor: &Actor,
    ) -> Result<AccountInfo, ApiError> {
        let _editing = self.inner.live.edit().await;
        if !SERVICES.contains(&add.service.as_str()) {
            let what = config::unknown("service", &add.service, SERVICES.iter().copied());
            return Err(ApiError::usage(what));
        }
        let given = add.settings.iter().filter(|(_, value)| !value.is_null());
        let settings = given.map(|(key, value)| Ok((key.clone(), config::toml(value)?)));
        let settings = settings.collect::<Result<Vec<_>, String>>().map_err(ApiError::usage)?;
        let path = &self.inner.options.paths.config;
        let text = config::add_account(path, add.name.as_str(), &add.service, &settings).map_err(refused)?;
        let changed = Config::read(path, &text).map_err(refused)?;
        let connector = changed
            .accounts
            .get(&add.name)
            .ok_or_else(|| ApiError::internal("the account is not in the file"))?;
        let mut changes = Changes::of(self, add.name.clone(), connector.url().origin());
        let names: Vec<String> = add.secrets.keys().cloned().collect();
        for field in &names {
            known_field(connector, &add.name, field)?;
        }
        for (field, secret) in &mut add.secrets {
            let secret = wrapped(secret);
            if !secret.expose_secret().is_empty()
                && let Err(error) = changes.keep(field, Some(secret), None).await
            {
                changes.undo().await;
                return Err(ApiError::internal(error));
            }
        }
        let set: Vec<String> = changes.before.iter().map(|it| it.field.clone()).collect();
        let info = self.in_force_or_undone(&text, changes).await?;
        let (account, service) = (add.name.clone(), add.service.clone());
        self.record_change(actor, AuditedChange::AccountAdded { account, service }).await;
        for field in set {
            self.record_change(actor, AuditedChange::SecretSet { account: add.name.clone(), field }).await;
        }
        Ok(info)
    }

    pub(crate) async fn edit_account(
        &self,
        edit: EditAccount,
        actor: &Actor,
    ) -> Result<AccountInfo, ApiError> {
        let _editing = self.inner.live.edit().await;
        self.account_named(&edit.account)?;
        let settings = edit.settings.iter().map(|(key, value)| match value.is_null() {
            true => Ok((key.clone(), None)),
            false => Ok((key.clone(), Some(config::toml(value)?))),
        });
        let settings = settings.collect::<Result<Vec<_>, String>>().map_err(ApiError::usage)?;
        let path = &self.inner.options.paths.config;
        let text = config::edit_account(path, edit.account.as_str(), &settings).map_err(refused)?;
        let changes = Changes::of(self, edit.account.clone(), String::new());
        let info = self.in_force_or_undone(&text, changes).await?;
        let settings = edit.settings.into_keys().collect();
        self.record_change(actor, AuditedChange::AccountEdited { account: edit.account, settings }).await;
        Ok(info)
    }

    pub(crate) async fn set_secret(
        &self,
        mut set: SetSecret,
        actor: &Actor,
    ) -> Result<AccountInfo, ApiError> {
        let _editing = self.inner.live.edit().await;
        let account = self.account_named(&set.account)?;
        known_field(&account.config, &set.account, &set.field)?;
        let secret = set.secret.as_mut().map(wrapped);
        if secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
            return Err(ApiError::usage("no secret was given"));
        }
        let mut changes = Changes::of(self, set.account.clone(), account.config.url().origin());
        changes.keep(&set.field, secret, account.secret(&set.field)).await.map_err(ApiError::internal)?;
        // The file has not changed, and may be in the middle of a change: what is active is reconnected.
        if let Err(error) = self.inner.live.rebuild().await {
            changes.undo().await;
            return Err(error);
        }
        let (account, field) = (set.account.clone(), set.field);
        let what = match set.secret.is_some() {
            true => AuditedChange::SecretSet { account, field },
            false => AuditedChange::SecretRemoved { account, field },
        };
        self.record_change(actor, what).await;
        self.info_of(&set.account).await
    }

    pub(crate) async fn remove_account(&self, remove: RemoveAccount, actor: &Actor) -> Result<(), ApiError> {
        let _editing = self.inner.live.edit().await;
        let account = self.account_named(&remove.account)?;
        let path = &self.inner.options.paths.config;
        let text = config::remove_account(path, remove.account.as_str()).map_err(refused)?;
        let mut changes = Changes::of(self, remove.account.clone(), account.config.url().origin());
        for field in account.config.secrets() {
            if let Err(error) = changes.keep(field.name, None, account.secret(field.name)).await {
                changes.undo().await;
                let why = format!("{} was left as it is: {error}", remove.account);
                return Err(ApiError::internal(why));
            }
        }
        self.write_in_force(&text, changes).await?;
        self.record_change(actor, AuditedChange::AccountRemoved { account: remove.account }).await;
        Ok(())
    }

    pub(super) fn account_named(&self, name: &AccountName) -> Result<std::sync::Arc<Account>, ApiError> {
        let active = self.active();
        active.accounts.get(name).cloned().ok_or_else(|| {
            let known = active.accounts.keys().map(AccountName::as_str);
            ApiError::usage(config::unknown("account", name.as_str(), known))
        })
    }

    async fn info_of(&self, name: &AccountName) -> Result<AccountInfo, ApiError> {
        let all = self.accounts(AccountsQuery {}).await?;
        let found = all.into_iter().find(|account| account.name == *name);
        found.ok_or_else(|| ApiError::usage(format!("there is no account {:?}", name.as_str())))
    }

    async fn in_force_or_undone(&self, text: &str, changes: Changes<'_>) -> Result<AccountInfo, ApiError> {
        let name = changes.account.clone();
        self.write_in_force(text, changes).await?;
        self.info_of(&name).await
    }

    async fn write_in_force(&self, text: &str, changes: Changes<'_>) -> Result<(), ApiError> {
        let done = self.write_config(text).await;
        if done.is_err() {
            changes.undo().await;
        }
        done
    }

    /// Writes the configuration file and applies it; where that is refused, the file is as it was.
    pub(super) async fn write_config(&self, text: &str) -> Result<(), ApiError> {
        let path = &self.inner.options.paths.config;
        let before =
            private::read(path, config::FILE_LIMIT).ok().and_then(|text| String::from_utf8(text).ok());
        let failed = |error: std::io::Error| ApiError::internal(format!("{}: {error}", path.display()));
        config::write(path, text).map_err(failed)?;
        let Err(error) = self.inner.live.reload().await else { return Ok(()) };
        let restored = match before {
            Some(before) => config::write(path, &before),
            None => std::fs::remove_file(path),
        };
        restored.map_err(failed)?;
        // The active configuration is unchanged; this reload clears the error that `doctor` shows.
        let _ = self.inner.live.reload().await;
        Err(error)
    }
}

fn refused(ConfigErrors(errors): ConfigErrors) -> ApiError {
    ApiError::Config { errors }
}

/// Out of the call, and wrapped. A secret is one line; the newline that may end it is the clipboard's.
fn wrapped(secret: &mut Secret) -> SecretString {
    let wrapped = secret.0.trim().into();
    zeroize::Zeroize::zeroize(&mut secret.0);
    wrapped
}

fn known_field(connector: &ConnectorConfig, name: &AccountName, field: &str) -> Result<(), ApiError> {
    let fields = connector.secrets().iter().map(|field| field.name);
    match fields.clone().any(|known| known == field) {
        true => Ok(()),
        false => Err(ApiError::usage(format!("{name}: {}", config::unknown("secret", field, fields)))),
    }
}

/// Secrets that were changed on the way, so that they can be put back.
struct Changes<'e> {
    engine: &'e Engine,
    account: AccountName,
    /// Where the account is: whom its secrets are given for.
    origin: String,
    before: Vec<Before>,
}

/// A secret as it was before a change.
struct Before {
    field: String,
    secret: Option<SecretString>,
    origin: Option<String>,
}

impl<'e> Changes<'e> {
    fn of(engine: &'e Engine, account: AccountName, origin: String) -> Self {
        Self { engine, account, origin, before: Vec::new() }
    }

    async fn keep(
        &mut self,
        field: &str,
        secret: Option<SecretString>,
        before: Option<SecretString>,
    ) -> Result<(), SecretsError> {
        let origin = self.recorded(field).await;
        let given_for = secret.is_some().then(|| self.origin.clone());
        self.put(field, secret, given_for).await?;
        self.before.push(Before { field: field.to_owned(), secret: before, origin });
        Ok(())
    }

    /// Whom a secret was given for, as far as that is recorded.
    async fn recorded(&self, field: &str) -> Option<String> {
        let place = self.engine.active().secrets.recorded_as()?;
        let records = self.engine.store().secret_records(place).await.ok()?;
        records.origin(&self.account, field).map(str::to_owned)
    }

    /// Keeps or removes a secret, and records whom it was given for: not before it is kept, so that one that was given for
    /// another host never counts as given for this one.
    async fn put(
        &self,
        field: &str,
        secret: Option<SecretString>,
        origin: Option<String>,
    ) -> Result<(), SecretsError> {
        let secrets = self.engine.active().secrets.clone();
        match secret {
            Some(secret) => secrets.set(self.account.as_str(), field, secret).await?,
            None => secrets.remove(self.account.as_str(), field).await?,
        }
        if let Some(place) = secrets.recorded_as()
            && let Err(error) = self.engine.store().record_secret(place, &self.account, field, origin).await
        {
            tracing::warn!(account = %self.account, field, %error, "it could not be recorded that the secret is set");
        }
        Ok(())
    }

    async fn undo(mut self) {
        for Before { field, secret, origin } in std::mem::take(&mut self.before).into_iter().rev() {
            if let Err(error) = self.put(&field, secret, origin).await {
                tracing::error!(account = %self.account, field, %error, "a secret could not be put back as it was");
            }
        }
    }
}
