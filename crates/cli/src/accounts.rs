//! `callboard accounts`: what changes them. Secrets are read from a prompt or standard input, never from an argument.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Read},
};

use anyhow::Result;
use callboard_connectors::SERVICES;
use callboard_domain::{
    identity::Identity,
    secret::{ExposeSecret, SecretString},
};
use callboard_engine::{
    api::{
        AccountInfo, AccountsQuery, AddAccount, ApiError, Health, RemoveAccount, Secret, SecretInfo,
        ServicesQuery, SetSecret, SettingInfo, SettingType, TestAccount,
    },
    config::{Config, ConfigError, ConfigErrors},
    paths::Paths,
    secrets::{SecretBackend, variable},
};
use serde_json::{Value, json};

use crate::{
    args,
    client::{Client, passphrase},
    exit::{Exit, Usage},
    output::Output,
};

/// The longest secret that is read.
const SECRET_LIMIT: u64 = 64 << 10;

/// The encrypted file of secrets, in the data folder.
const SECRETS_FILE: &str = "secrets.enc";

/// Runs the subcommand.
pub(crate) async fn act(command: args::Accounts, paths: &Paths, output: &Output) -> Result<Exit> {
    let mut client = open(paths).await?;
    let done = match command {
        args::Accounts::List => Ok(Exit::Done),
        args::Accounts::Add { name, service, settings } => {
            add(&name, &service, &settings, paths, &mut client, output).await
        }
        args::Accounts::Test { account } => test(&account, &mut client, output).await,
        args::Accounts::Secret { account, field, remove } => {
            secret(&account, field.as_deref(), remove, &mut client, output).await
        }
        args::Accounts::Remove { account } => remove(&account, &mut client, output).await,
    };
    client.close(done).await
}

/// Connects to the engine; where secrets are in the encrypted file, and a person is there, asks for its passphrase.
async fn open(paths: &Paths) -> Result<Client> {
    let config = Config::load(&paths.config).map_err(|ConfigErrors(errors)| ApiError::Config { errors })?;
    let from_environment = passphrase();
    let chosen = match config.secrets {
        SecretBackend::File if from_environment.is_none() && std::io::stdin().is_terminal() => {
            let is_new = !paths.data.join(SECRETS_FILE).exists();
            Some(ask_passphrase(is_new, |question| Ok(rpassword::prompt_password(question)?))?)
        }
        _ => from_environment,
    };
    Client::open_with(paths, chosen).await
}

/// The passphrase of the encrypted file. A new one is typed twice: it is not shown while it is typed, and nothing else opens
/// that file.
fn ask_passphrase(is_new: bool, mut ask: impl FnMut(&str) -> Result<String>) -> Result<SecretString> {
    if !is_new {
        return Ok(ask("passphrase of the encrypted file: ")?.into());
    }
    let first = ask("choose a passphrase for the encrypted file of secrets: ")?;
    if first.is_empty() {
        return Err(Usage("no passphrase was given, and nothing was changed".into()).into());
    }
    if ask("the same passphrase again: ")? != first {
        return Err(Usage("the two passphrases differ, and nothing was changed: try again".into()).into());
    }
    Ok(first.into())
}

/// An account, and the secrets that it can have.
async fn account(name: &str, client: &mut Client) -> Result<(AccountInfo, Vec<SecretInfo>)> {
    let accounts = client.call(AccountsQuery {}).await?;
    let known: Vec<&str> = accounts.iter().map(|it| it.name.as_str()).collect();
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    let unknown = || Usage(format!("there is no account {name:?}; there are: {known}"));
    let info = accounts.iter().find(|it| it.name.as_str() == name).ok_or_else(unknown)?.clone();
    let services = client.call(ServicesQuery {}).await?;
    let service = services.into_iter().find(|it| it.service == info.service);
    Ok((info, service.map(|it| it.secrets).unwrap_or_default()))
}

async fn add(
    name: &str,
    service: &str,
    settings: &[String],
    paths: &Paths,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    if !SERVICES.contains(&service) {
        return Err(
            Usage(format!("there is no service {service:?}; it can be {}", SERVICES.join(", "))).into()
        );
    }
    let services = client.call(ServicesQuery {}).await?;
    let known =
        services.into_iter().find(|it| it.service == service).map(|it| it.settings).unwrap_or_default();
    let settings = read_settings(settings, &known)?;
    let before = std::fs::read_to_string(&paths.config).unwrap_or_default();
    let add =
        AddAccount { name: name.into(), service: service.to_owned(), settings, secrets: Default::default() };
    let added = client.call(add).await.map_err(|error| as_typed(error, &before))?;
    output.note(&format!("added {name} to {}", paths.config.display()));
    let (_, fields) = account(name, client).await?;
    if std::io::stdin().is_terminal() && added.secrets != SecretBackend::Env {
        for field in fields {
            let optional = if field.required { "" } else { " (Enter to leave it out)" };
            eprintln!("{}", field.help);
            let typed = rpassword::prompt_password(format!("{}{optional}: ", field.name))?;
            if !typed.trim().is_empty() {
                let secret = Some(Secret(typed.trim().to_owned()));
                client.call(SetSecret { account: name.into(), field: field.name, secret }).await?;
            }
        }
        return test_added(name, client, output).await;
    }
    // Whatever it would be used with is there, as with variables that are set, or a service that asks for nothing.
    if !matches!(added.health, Health::Incomplete { .. }) {
        return test_added(name, client, output).await;
    }
    for field in fields.iter().filter(|field| field.required && !added.secrets_set.contains(&field.name)) {
        output.note(&missing_secret(
            added.secrets,
            name,
            field,
            std::env::var_os(variable(name, &field.name)).is_some(),
        ));
    }
    output.either(&json!({ "added": name }), || {});
    Ok(Exit::Done)
}

/// Tests an account that was just added, with what it would be used with.
async fn test_added(name: &str, client: &mut Client, output: &Output) -> Result<Exit> {
    let identity = identify(name, client, output).await?;
    output.either(&json!({ "added": name, "identity": identity }), || print_identity(name, &identity));
    Ok(ended(&identity))
}

/// How to set a secret that the owner of the store does not have. `set_here`: its variable is set for this program, which may
/// be another one.
fn missing_secret(place: SecretBackend, name: &str, field: &SecretInfo, set_here: bool) -> String {
    let variable = || variable(name, &field.name);
    match place {
        SecretBackend::Env if set_here => {
            format!("{} is set here, and not for the running Callboard: start that again with it", variable())
        }
        SecretBackend::Env => format!("it needs a secret: set the variable {}", variable()),
        _ => format!("it needs a secret: callboard accounts secret {name} {}", field.name),
    }
}

/// `key=value`, of the type that the service's setting of that name takes: one word is a list of one. What is not of that type
/// stays text, for the reader of the settings to refuse.
fn read_setting(setting: &str, known: &[SettingInfo]) -> Result<(String, Value)> {
    let (key, text) =
        setting.split_once('=').ok_or_else(|| Usage(format!("expected KEY=VALUE, found {setting:?}")))?;
    let value: Value = match known.iter().find(|it| it.name == key).map(|it| &it.takes) {
        Some(SettingType::List) => text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect(),
        Some(SettingType::Bool) => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
        Some(SettingType::Number) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Some(SettingType::Text | SettingType::Choice(_)) | None => text.into(),
    };
    Ok((key.to_owned(), value))
}

/// The settings that were typed, by their names. A list's option may be given again, and adds to it; another may not.
fn read_settings(settings: &[String], known: &[SettingInfo]) -> Result<BTreeMap<String, Value>> {
    let mut read: BTreeMap<String, Value> = BTreeMap::new();
    for setting in settings {
        let (key, value) = read_setting(setting, known)?;
        if key == "service" {
            return Err(
                Usage("the service stands after the account's name, and not as service=".into()).into()
            );
        }
        let Some(first) = read.get_mut(&key) else {
            read.insert(key, value);
            continue;
        };
        match (first, value) {
            (Value::Array(all), Value::Array(more)) => all.extend(more),
            (first, second) => {
                let what = format!("{key}= is given twice and takes one value: {first} and {second}");
                return Err(Usage(what).into());
            }
        }
    }
    Ok(read)
}

/// A refusal of lines that are not in the file (`before`), because they were to be added: by the options that were typed.
fn as_typed(error: ApiError, before: &str) -> ApiError {
    let ApiError::Config { errors } = error else { return error };
    let is_in_file = |error: &ConfigError| {
        let line = error.line.checked_sub(1).and_then(|at| before.lines().nth(at));
        !error.text.is_empty() && line == Some(error.text.as_str())
    };
    if errors.iter().any(is_in_file) {
        return ApiError::Config { errors };
    }
    let typed = errors.iter().map(|error| match error.text.split_once('=') {
        Some((key, _)) => format!("{}=: {}", key.trim(), error.what),
        None => error.what.clone(),
    });
    ApiError::usage(typed.collect::<Vec<_>>().join("\n"))
}

async fn test(name: &str, client: &mut Client, output: &Output) -> Result<Exit> {
    account(name, client).await?;
    let identity = identify(name, client, output).await?;
    output.either(&identity, || print_identity(name, &identity));
    Ok(ended(&identity))
}

/// Asks the service who the account is.
async fn identify(name: &str, client: &mut Client, output: &Output) -> Result<Identity> {
    let spinner = output.spinner();
    spinner.set_message(format!("asking {name}"));
    let answer = client.call(TestAccount { account: name.into() }).await;
    spinner.finish_and_clear();
    Ok(answer?)
}

fn ended(identity: &Identity) -> Exit {
    if identity.missing_scopes.is_empty() { Exit::Done } else { Exit::Failed }
}

fn print_identity(name: &str, identity: &Identity) {
    let who = if identity.login.is_empty() {
        "answers".to_owned()
    } else {
        format!("acts as {}", identity.display())
    };
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
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let (info, fields) = account(name, client).await?;
    let field = field_of(&fields, name, field)?;
    let secret = match remove {
        true => None,
        false => Some(Secret(ask(field)?.expose_secret().to_owned())),
    };
    client.call(SetSecret { account: name.into(), field: field.name.clone(), secret }).await?;
    let done = if remove { "removed from" } else { "kept in" };
    output.either(
        &json!({ "account": name, "field": field.name, "place": info.secrets, "removed": remove }),
        || println!("{} of {name} {done} {}", field.name, info.secrets.describe()),
    );
    Ok(Exit::Done)
}

fn field_of<'f>(fields: &'f [SecretInfo], name: &str, field: Option<&str>) -> Result<&'f SecretInfo> {
    let named = match field {
        Some(field) => fields.iter().find(|known| known.name == field),
        None => fields.iter().find(|known| known.required).or(match fields {
            [only] => Some(only),
            _ => None,
        }),
    };
    named.ok_or_else(|| {
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
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

fn ask(field: &SecretInfo) -> Result<SecretString> {
    let typed = if std::io::stdin().is_terminal() {
        eprintln!("{}", field.help);
        rpassword::prompt_password(format!("{}: ", field.name))?
    } else {
        let mut typed = String::new();
        std::io::stdin().lock().take(SECRET_LIMIT).read_to_string(&mut typed)?;
        typed
    };
    // A secret is one line; the newline that ends it is the terminal's.
    let typed = typed.trim_end_matches(['\r', '\n']);
    if typed.is_empty() {
        return Err(Usage("no secret was given: type it, or send it to standard input".into()).into());
    }
    Ok(typed.into())
}

async fn remove(name: &str, client: &mut Client, output: &Output) -> Result<Exit> {
    account(name, client).await?;
    client.call(RemoveAccount { account: name.into() }).await?;
    output.either(&json!({ "removed": name }), || println!("removed {name}, and its secrets"));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_names_what_was_typed_and_no_line_that_is_not_in_the_file() {
        let config_error = |line: usize, text: &str| ConfigError {
            file: "callboard.toml".into(),
            line,
            column: 1,
            what: "expected a repository".to_owned(),
            text: text.to_owned(),
        };
        let refused =
            |errors: Vec<ConfigError>| as_typed(ApiError::Config { errors }, "# Ours.\nwatch = [\"a\"]\n");
        let cases = [
            (config_error(7, "watch = [\"bad\"]"), "watch=: expected a repository"),
            // A line of that number is there, and is another one.
            (config_error(1, "watch = [\"bad\"]"), "watch=: expected a repository"),
            (config_error(5, "[accounts.other]"), "expected a repository"),
            (config_error(1, ""), "expected a repository"),
        ];
        for (config_error, expected) in cases {
            assert_eq!(refused(vec![config_error]).to_string(), expected);
        }
        let there = refused(vec![config_error(2, "watch = [\"a\"]")]);
        assert!(matches!(there, ApiError::Config { .. }), "{there:?}");
    }

    #[test]
    fn new_passphrase_is_typed_twice() {
        // whether the file is yet to be written, what is typed -> the passphrase, how often it is asked for
        type Case<'c> = (bool, &'c [&'c str], Result<&'c str, &'c str>, usize);
        let cases: [Case<'_>; 5] = [
            (false, &["right"], Ok("right"), 1),
            (true, &["right", "right"], Ok("right"), 2),
            (true, &["right", "rihgt"], Err("the two passphrases differ"), 2),
            (true, &["right", ""], Err("the two passphrases differ"), 2),
            (true, &[""], Err("no passphrase was given"), 1),
        ];
        for (is_new, typed, expected, times) in cases {
            let mut questions = 0;
            let answer = ask_passphrase(is_new, |_| {
                questions += 1;
                Ok(typed[questions - 1].to_owned())
            });
            match (answer, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.expose_secret(), expected),
                (Err(error), Err(why)) => assert!(error.to_string().starts_with(why), "{error}"),
                (found, expected) => panic!("{typed:?}: {found:?}, expected {expected:?}"),
            }
            assert_eq!(questions, times, "{typed:?}");
        }
    }

    #[test]
    fn setting_has_the_type_that_the_service_takes() {
        let of = |name: &str, takes: SettingType| SettingInfo {
            name: name.to_owned(),
            help: String::new(),
            takes,
            required: false,
            default: None,
        };
        let known = [
            of("teams", SettingType::List),
            of("user", SettingType::Text),
            of("clear", SettingType::Bool),
            of("port", SettingType::Number),
            of("mode", SettingType::Choice(vec!["a".into()])),
        ];
        let cases = [
            ("teams=X", json!(["X"])),
            ("teams=X,", json!(["X"])),
            ("teams=X, Y", json!(["X", "Y"])),
            ("teams=", json!([])),
            ("teams=true", json!(["true"])),
            ("user=Lima, Ana", json!("Lima, Ana")),
            ("user=true", json!("true")),
            ("user=a=b", json!("a=b")),
            ("clear=true", json!(true)),
            ("clear=maybe", json!("maybe")),
            ("port=8080", json!(8080)),
            ("port=many", json!("many")),
            ("mode=a", json!("a")),
            // The service has no setting of that name, and refuses it.
            ("nothing=a,b", json!("a,b")),
        ];
        for (setting, expected) in cases {
            let (_, value) = read_setting(setting, &known).unwrap();
            assert_eq!(value, expected, "{setting}");
        }
        let all = |typed: &[&str]| {
            read_settings(&typed.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), &known)
                .map(|settings| json!(settings))
                .map_err(|error| error.to_string())
        };
        let repeated = [
            (&["teams=A", "teams=B,C"][..], Ok(json!({ "teams": ["A", "B", "C"] }))),
            (&["teams=A", "user=x", "teams=A"][..], Ok(json!({ "teams": ["A", "A"], "user": "x" }))),
            (&["user=x", "user=y"][..], Err(r#"user= is given twice and takes one value: "x" and "y""#)),
            (&["nothing=a", "nothing=b"][..], Err("nothing= is given twice")),
            (&["service=github"][..], Err("the service stands after the account's name")),
        ];
        for (typed, expected) in repeated {
            match (all(typed), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{typed:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{typed:?}: {why}"),
                (found, expected) => panic!("{typed:?}: {found:?}, expected {expected:?}"),
            }
        }
        assert!(read_setting("teams", &known).unwrap_err().to_string().contains("expected KEY=VALUE"));
    }
}
