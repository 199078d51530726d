//! What a typed line means: its command, its arguments and the items that they name, and whose action it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use callboard_domain::{
    action::{Action, LookupResult},
    command::{self, ArgError, ArgSpec, ArgType, Args, CommandSpec, Resolution},
    item::{AccountName, Item, Kind},
    origin::Origin,
};
use jiff::Timestamp;

use super::{account::account_of, runner::Runner};
use crate::{
    active_config::ActiveConfig, api::ApiError, commands::registry::Entry, config::ConfigError,
    store::StoreError,
};

/// How many items that are not open are looked at when an argument names one.
const RECENT: u32 = 500;
/// How many letters of a name leave out enough of the others for all that fit to be looked at.
const TELLING: usize = 3;

/// What a typed line means, before it is known whether it can run.
pub(crate) struct Read<'l> {
    pub(crate) spec: &'l CommandSpec,
    pub(crate) account: Option<AccountName>,
    /// The account that the line itself names, or the whole keys of its items: without it, the line may mean another's item.
    pub(super) asked: Option<AccountName>,
    /// The whole keys that the line names, by their arguments, where no one account has all of its items.
    pub(super) keys: BTreeMap<String, String>,
    pub(crate) action: Arc<dyn Action>,
    pub(crate) args: Args,
    pub(crate) missing: Option<ArgError>,
    /// The command's own text, where a file has it.
    pub(super) definition: Option<&'l str>,
}

impl Runner {
    /// Reads a line: finds its command, its arguments, the items that they name, and whose action it is.
    pub(crate) async fn understand<'l>(
        &self,
        active: &'l ActiveConfig,
        line: &str,
    ) -> Result<Read<'l>, ApiError> {
        let (line, asked) = account_of(line)?;
        let no_command = |error| no_command(error, &self.inner.live.all_errors());
        let (entry, parsed) = active.registry.parse(&line).map_err(no_command)?;
        let missing = parsed.first_missing();
        let mut args = parsed.args;
        let typed = args.values.clone();
        self.resolve_items(entry, asked.as_ref(), &mut args).await?;
        check_known(entry, &args)?;
        let (account, action) = match (&asked, args.all_items().next()) {
            (None, Some((arg, item))) => {
                let of_item = entry.runner(Some(&item.key.account));
                of_item.map_err(|_| elsewhere(entry.accounts(), arg, item))?
            }
            (None, None) => entry.runner_for(&args, Timestamp::now())?,
            (asked, _) => entry.runner(asked.as_ref())?,
        };
        // A command file acts as no account: the one that is named says whose items it is about.
        if let Some(acting) = account.as_ref().or(asked.as_ref()) {
            for (arg, item) in args.all_items().collect::<Vec<_>>() {
                if !self.has(active, acting, &item.key.account).await.map_err(ApiError::internal)? {
                    return Err(elsewhere([acting], arg, item).into());
                }
            }
        }
        look_up(&*action, account.as_ref(), &entry.spec, &mut args).await?;
        // An account that is named says already whose items are meant.
        let (of_keys, keys) = match &asked {
            Some(_) => (None, BTreeMap::new()),
            None => kept_of_keys(&entry.spec, &args, &typed),
        };
        let (asked, definition) = (asked.or(of_keys), entry.definition());
        Ok(Read { spec: &entry.spec, asked, keys, account, action, args, missing, definition })
    }

    /// True where what one account sees, the `acting` one has as well: both are of one origin. An id means something else
    /// elsewhere.
    pub(crate) async fn has(
        &self,
        active: &ActiveConfig,
        acting: &AccountName,
        of: &AccountName,
    ) -> Result<bool, StoreError> {
        if acting == of {
            return Ok(true);
        }
        let (one, other) = (self.origin(active, acting).await?, self.origin(active, of).await?);
        Ok(one.is_some() && one == other)
    }

    /// Where an account's items come from: as it is configured, or, where that does not say or is no more, as was stored.
    async fn origin(
        &self,
        active: &ActiveConfig,
        account: &AccountName,
    ) -> Result<Option<Origin>, StoreError> {
        let stored = self.inner.store.source(account).await?;
        let identity = stored.as_ref().and_then(|source| source.identity.as_ref());
        let configured = active.accounts.get(account).and_then(|it| it.config.origin(identity));
        Ok(configured.or(stored.and_then(|source| source.origin)))
    }

    /// Puts the items that arguments name beside them, and their whole reference in place of what was typed.
    /// Items of accounts that cannot run the command, or are not the one asked for, count only where no other is meant: the
    /// error then says whose it is.
    pub(crate) async fn resolve_items(
        &self,
        entry: &Entry,
        asked: Option<&AccountName>,
        args: &mut Args,
    ) -> Result<(), ApiError> {
        for arg in &entry.spec.args {
            let ArgType::Item(kind) = arg.ty else { continue };
            let Some(typed) = args.get(&arg.name).map(str::to_owned) else { continue };
            let (mut references, mut items) = (Vec::new(), Vec::<Item>::new());
            for name in command::item_names(&entry.spec, arg, &typed) {
                match self.resolve_item(entry, asked, (arg, kind), &name).await? {
                    // One that is named twice is meant once.
                    Some(item) if items.contains(&item) => {}
                    Some(item) => {
                        references.push(item.reference().to_owned());
                        items.push(item);
                    }
                    // The service may know it though the board does not: the action says whether it can be.
                    None => references.push(name),
                }
            }
            args.values.insert(arg.name.clone(), command::item_value(&entry.spec, arg, &references));
            let mut items = items.into_iter();
            args.items.extend(items.next().map(|first| (arg.name.clone(), first)));
            let more: Vec<Item> = items.collect();
            if !more.is_empty() {
                args.more_items.insert(arg.name.clone(), more);
            }
        }
        Ok(())
    }

    /// The one item that a name means as the value of an argument; `None` where there is none.
    async fn resolve_item(
        &self,
        entry: &Entry,
        asked: Option<&AccountName>,
        (arg, kind): (&ArgSpec, Kind),
        name: &str,
    ) -> Result<Option<Item>, ApiError> {
        let items = self.items_meant(kind, name).await.map_err(ApiError::internal)?;
        let can_run = |item: &&Item| {
            let account = &item.key.account;
            asked.is_none_or(|asked| asked == account) && entry.runner(Some(account)).is_ok()
        };
        let meant = match command::resolve_item(name, items.iter().filter(can_run), kind) {
            Resolution::None => command::resolve_item(name, items.iter(), kind),
            meant => meant,
        };
        match meant {
            Resolution::Exact(item) => Ok(Some(item.clone())),
            Resolution::Many { names, total } => Err(ArgError::several(&arg.name, name, names, total).into()),
            Resolution::None => Ok(None),
        }
    }

    /// The items of a kind that are offered to a person who has typed that much of one: the latest that are open, the latest of
    /// the others, and all that hold what is typed once that says something.
    pub(crate) async fn items_of(&self, kind: Kind, typed: &str) -> Result<Vec<Item>, StoreError> {
        let store = &self.inner.store;
        let open = store.open_items_of(kind).await?;
        let recent = store.items(kind, RECENT).await?;
        let named = match typed.trim().chars().count() >= TELLING {
            true => store.items_like(kind, typed, RECENT).await?,
            false => Vec::new(),
        };
        let all = open.into_iter().chain(recent).chain(named).map(|stored| stored.item);
        let mut known = BTreeSet::new();
        Ok(all.filter(|item| known.insert(item.key.clone())).collect())
    }

    /// The items of a kind among which a text's meaning is looked for, however many there are. One that is named in full is
    /// found at once.
    pub(crate) async fn items_meant(&self, kind: Kind, typed: &str) -> Result<Vec<Item>, StoreError> {
        let named = self.inner.store.items_named(kind, typed.trim()).await?;
        let meant = match named.is_empty() {
            true => self.inner.store.items_like(kind, typed, RECENT).await?,
            false => named,
        };
        Ok(meant.into_iter().map(|stored| stored.item).collect())
    }
}

/// What a line must keep of the whole keys that were typed, so that it means the same items later: their account, or the keys
/// themselves where no one account has all of its items.
fn kept_of_keys(
    spec: &CommandSpec,
    args: &Args,
    typed: &BTreeMap<String, String>,
) -> (Option<AccountName>, BTreeMap<String, String>) {
    let of_arg = |arg: &ArgSpec| {
        let typed = command::item_names(spec, arg, typed.get(&arg.name)?);
        let keys: Vec<String> = args.items_of(&arg.name).map(|item| item.key.to_string()).collect();
        let is_kept = keys.iter().any(|key| typed.contains(key));
        is_kept.then(|| (arg.name.clone(), command::item_value(spec, arg, &keys)))
    };
    let keys: BTreeMap<_, _> = spec.args.iter().filter_map(of_arg).collect();
    let mut accounts = args.all_items().map(|(_, item)| &item.key.account);
    match accounts.next().filter(|_| !keys.is_empty()) {
        Some(first) if accounts.all(|other| other == first) => (Some(first.clone()), BTreeMap::new()),
        _ => (None, keys),
    }
}

/// Refuses an item that is not known where a command file runs on it: it could ask no service whether there is one.
fn check_known(entry: &Entry, args: &Args) -> Result<(), ArgError> {
    let of_file = entry.spec.args.iter().filter(|_| entry.definition().is_some());
    for arg in of_file.filter(|arg| matches!(arg.ty, ArgType::Item(_))) {
        let Some(value) = args.get(&arg.name) else { continue };
        let is_known = |name: &String| args.items_of(&arg.name).any(|item| item.reference() == name);
        let names = command::item_names(&entry.spec, arg, value);
        // A value without any word names none either.
        let unknown = match names.is_empty() {
            true => Some(value.to_owned()),
            false => names.into_iter().find(|name| !is_known(name)),
        };
        if let Some(unknown) = unknown {
            return Err(ArgError::invalid(&arg.name, format!("{} on the board", arg.ty.expected()), unknown));
        }
    }
    Ok(())
}

/// The error for an item of an account that does not have the command: the same as where another account is asked for.
fn elsewhere<'a>(accounts: impl IntoIterator<Item = &'a AccountName>, arg: &str, item: &Item) -> ArgError {
    let accounts: Vec<_> = accounts.into_iter().map(ToString::to_string).collect();
    let what = ArgType::Item(item.key.kind).expected();
    ArgError::invalid(arg, format!("{what} of {}", accounts.join(" or ")), item.key.to_string())
}

/// Puts what arguments name at the service beside them, and its id in place of what was typed.
async fn look_up(
    action: &dyn Action,
    account: Option<&AccountName>,
    spec: &CommandSpec,
    args: &mut Args,
) -> Result<(), ApiError> {
    for arg in spec.args.iter().filter(|arg| arg.ty == ArgType::Live) {
        let Some(typed) = args.get(&arg.name).map(str::to_owned) else { continue };
        let wanted = action.look_up(&arg.name, &typed).await.map_err(|error| ApiError::Service {
            account: account.map_or_else(|| spec.name.clone(), ToString::to_string),
            error,
        })?;
        if let Some(LookupResult { what, lookup }) = wanted {
            let named = lookup.one(&arg.name, what, &typed)?;
            args.values.insert(arg.name.clone(), named.id.clone());
            args.named.insert(arg.name.clone(), named);
        }
    }
    Ok(())
}

/// Where there is no such command, and a command file or the configuration is left out, that may be why.
fn no_command(error: ArgError, errors: &[ConfigError]) -> ApiError {
    if errors.is_empty() || !matches!(error, ArgError::NoCommand { .. }) {
        return error.into();
    }
    let errors = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    ApiError::usage(format!("{error}\nLeft out until it is corrected:\n{errors}"))
}
