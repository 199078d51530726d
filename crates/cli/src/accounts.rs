//! `callboard accounts`: what changes them. Secrets are read from a prompt or standard input, never from an argument.

use std::{
    fs,
    io::{IsTerminal, Read, Write},
    path::Path,
};

use anyhow::{Context, Result};
use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    identity::Identity,
    item::AccountName,
    secret::{SecretField, SecretString},
};
use callboard_engine::{
    api::{ApiError, SecretChanged, TestAccount},
    config::{self, Config, Faults},
    secrets::{Place, Secrets, variable},
};
use serde_json::json;

use crate::{
    args,
    exit::{Exit, Usage},
    face::{Face, Paths, passphrase},
    output::Output,
};

/// The longest secret that is read.
const SECRET_LIMIT: u64 = 64 << 10;

/// Does what was asked.
pub(crate) async fn act(command: args::Accounts, paths: &Paths, output: &Output) -> Result<Exit> {
    match command {
        args::Accounts::List => Ok(Exit::Done),
        args::Accounts::Add { name, service, settings } => {
            add(&name, &service, &settings, paths, output).await
        }
        args::Accounts::Test { account } => test(&account, paths, output).await,
        args::Accounts::Secret { account, field, remove } => {
            secret(&account, field.as_deref(), remove, paths, output).await
        }
        args::Accounts::Remove { account } => remove(&account, paths, output).await,
    }
}

fn load(paths: &Paths) -> Result<Config> {
    Ok(Config::load(&paths.config).map_err(refused)?)
}

fn refused(Faults(faults): Faults) -> ApiError {
    ApiError::Config { faults }
}

fn open(config: &Config, paths: &Paths) -> Result<Secrets> {
    let known = passphrase();
    let asked = match config.secrets {
        Place::File if known.is_none() && std::io::stdin().is_terminal() => {
            Some(rpassword::prompt_password("passphrase of the encrypted file: ")?.into())
        }
        _ => known,
    };
    Ok(Secrets::open(config.secrets, &paths.data, asked))
}

fn account<'c>(config: &'c Config, name: &str) -> Result<&'c ConnectorConfig> {
    config.accounts.get(&AccountName::from(name)).ok_or_else(|| {
        let known: Vec<&str> = config.accounts.keys().map(AccountName::as_str).collect();
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        Usage(format!("there is no account {name:?}; there are: {known}")).into()
    })
}

async fn add(name: &str, service: &str, settings: &[String], paths: &Paths, output: &Output) -> Result<Exit> {
    if !SERVICES.contains(&service) {
        return Err(
            Usage(format!("there is no service {service:?}; it can be {}", SERVICES.join(", "))).into()
        );
    }
    let settings = settings.iter().map(|setting| read_setting(setting)).collect::<Result<Vec<_>>>()?;
    let text = config::add_account(&paths.config, name, service, &settings).map_err(refused)?;
    let config = Config::read(&paths.config, &text).map_err(refused)?;
    write(&paths.config, &text)?;
    output.note(&format!("added {name} to {}", paths.config.display()));
    let connector = account(&config, name)?;
    if std::io::stdin().is_terminal() && config.secrets != Place::Env {
        let secrets = open(&config, paths)?;
        for field in connector.secrets() {
            let optional = if field.required { "" } else { " (Enter to leave it out)" };
            eprintln!("{}", field.help);
            let given = rpassword::prompt_password(format!("{}{optional}: ", field.name))?;
            if !given.trim().is_empty() {
                secrets.set(name, field.name, given.trim().into()).await?;
            }
        }
        tell_owner(name, paths).await;
        return test(name, paths, output).await;
    }
    for field in connector.secrets().iter().filter(|field| field.required) {
        output.note(&format!("it needs a secret: {}", how_to_set(&config, name, field)));
    }
    tell_owner(name, paths).await;
    output.either(&json!({ "added": name }), || {});
    Ok(Exit::Done)
}

fn how_to_set(config: &Config, name: &str, field: &SecretField) -> String {
    match config.secrets {
        Place::Env => format!("set the variable {}", variable(name, field.name)),
        _ => format!("callboard accounts secret {name} {}", field.name),
    }
}

/// `key=value`: a list where it has commas or the key takes one, a truth value, a number, or text.
fn read_setting(setting: &str) -> Result<(String, toml_edit::Value)> {
    let (key, value) =
        setting.split_once('=').ok_or_else(|| Usage(format!("expected KEY=VALUE, found {setting:?}")))?;
    let value: toml_edit::Value = match value {
        "true" => true.into(),
        "false" => false.into(),
        text if key == "watch" || text.contains(',') => {
            text.split(',').map(str::trim).collect::<toml_edit::Array>().into()
        }
        text => text.into(),
    };
    Ok((key.to_owned(), value))
}

/// Writes beside and renames: nobody reads half a file.
fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let beside = path.with_extension("toml.new");
    let mut file = fs::File::create(&beside).with_context(|| beside.display().to_string())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}

async fn test(name: &str, paths: &Paths, output: &Output) -> Result<Exit> {
    account(&load(paths)?, name)?;
    let mut face = Face::open(paths).await?;
    let spinner = output.spinner();
    spinner.set_message(format!("asking {name}"));
    let asked = face.call(TestAccount { account: name.into() }).await;
    spinner.finish_and_clear();
    face.close().await;
    let identity = asked?;
    output.either(&identity, || say(name, &identity));
    Ok(if identity.missing_scopes.is_empty() { Exit::Done } else { Exit::Failed })
}

fn say(name: &str, identity: &Identity) {
    let who =
        if identity.login.is_empty() { "answers".to_owned() } else { format!("acts as {}", identity.login) };
    let server = identity.server.as_ref().map_or_else(String::new, |server| format!(" ({server})"));
    println!("{name} {who}{server}");
    for missing in &identity.missing_scopes {
        println!("  {} cannot be done: the credential lacks `{}`", missing.needed_for, missing.scope);
    }
}

async fn secret(
    name: &str,
    field: Option<&str>,
    remove: bool,
    paths: &Paths,
    output: &Output,
) -> Result<Exit> {
    let config = load(paths)?;
    let connector = account(&config, name)?;
    let field = field_of(connector, name, field)?;
    let secrets = open(&config, paths)?;
    if remove {
        secrets.remove(name, field.name).await?;
    } else {
        secrets.set(name, field.name, ask(field)?).await?;
    }
    tell_owner(name, paths).await;
    let done = if remove { "removed from" } else { "kept in" };
    output.either(
        &json!({ "account": name, "field": field.name, "place": secrets.place(), "removed": remove }),
        || {
            println!("{} of {name} {done} {}", field.name, secrets.place().describe());
        },
    );
    Ok(Exit::Done)
}

fn field_of<'c>(connector: &'c ConnectorConfig, name: &str, field: Option<&str>) -> Result<&'c SecretField> {
    let fields = connector.secrets();
    let named = match field {
        Some(field) => fields.iter().find(|known| known.name == field),
        None => fields.iter().find(|known| known.required).or(match fields {
            [only] => Some(only),
            _ => None,
        }),
    };
    named.ok_or_else(|| {
        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let known = if known.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it can be {}", known.join(", "))
        };
        let what = field
            .map_or_else(|| "say which secret".to_owned(), |field| format!("there is no secret {field:?}"));
        Usage(format!("{name}: {what}; {known}")).into()
    })
}

fn ask(field: &SecretField) -> Result<SecretString> {
    let given = if std::io::stdin().is_terminal() {
        eprintln!("{}", field.help);
        rpassword::prompt_password(format!("{}: ", field.name))?
    } else {
        let mut given = String::new();
        std::io::stdin().lock().take(SECRET_LIMIT).read_to_string(&mut given)?;
        given
    };
    // A secret is one line; the newline that ends it is the terminal's.
    let given = given.trim_end_matches(['\r', '\n']);
    if given.is_empty() {
        return Err(Usage("no secret was given: type it, or send it to standard input".into()).into());
    }
    Ok(given.into())
}

/// Has a running daemon connect the account anew. Where none runs there is nobody to tell.
async fn tell_owner(name: &str, paths: &Paths) {
    if let Ok(mut client) = callboard_engine::socket::Client::connect(&paths.data).await
        && let Err(error) = client.call(SecretChanged { account: name.into() }).await
    {
        tracing::warn!(%error, "the running Callboard did not take it in; restart it");
    }
}

async fn remove(name: &str, paths: &Paths, output: &Output) -> Result<Exit> {
    let config = load(paths)?;
    let connector = account(&config, name)?;
    let text = config::remove_account(&paths.config, name).map_err(refused)?;
    let secrets = open(&config, paths)?;
    for field in connector.secrets() {
        secrets.remove(name, field.name).await.with_context(|| format!("{name} was left as it is"))?;
    }
    write(&paths.config, &text)?;
    tell_owner(name, paths).await;
    output.either(&json!({ "removed": name }), || println!("removed {name}, and its secrets"));
    Ok(Exit::Done)
}
