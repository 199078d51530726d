//! `callboard accounts`: what changes them. Secrets are read from a prompt or standard input, never from an argument.

mod settings;

use std::io::{IsTerminal, Read};

use anyhow::Result;
use callboard_connectors::SERVICES;
use callboard_domain::{
    identity::Identity,
    secret::{ExposeSecret, SecretString},
};
use callboard_engine::{
    api::{
        AccountInfo, AccountsQuery, AddAccount, ApiError, Health, RemoveAccount, Secret, SecretInfo,
        ServicesQuery, SetSecret, TestAccount,
    },
    config::{Config, ConfigError, ConfigErrors, FILE_LIMIT},
    paths::Paths,
    private,
    secrets::{SecretBackend, variable},
};
use serde_json::json;

use self::settings::{is_table, read_settings};
use crate::{
    args,
    client::{Client, passphrase},
    exit::{Exit, Usage},
    left_out::left_out,
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
    let Some(info) = accounts.iter().find(|it| it.name.as_str() == name).cloned() else {
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        let left_out = left_out(client).await?.map_or_else(String::new, |why| format!("\n{why}"));
        return Err(Usage(format!("there is no account {name:?}; there are: {known}{left_out}")).into());
    };
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
    let settings = read_settings(settings, &known, |key| is_table(service, key))?;
    let before = private::read(&paths.config, FILE_LIMIT).ok().and_then(|text| String::from_utf8(text).ok());
    let before = before.unwrap_or_default();
    let add =
        AddAccount { name: name.into(), service: service.to_owned(), settings, secrets: Default::default() };
    let mut info = client.call(add).await.map_err(|error| as_typed(error, &before))?;
    output.note(&format!("added {name} to {}", paths.config.display()));
    let is_asked = std::io::stdin().is_terminal() && info.secrets != SecretBackend::Env;
    if is_asked {
        let (_, fields) = account(name, client).await?;
        for field in fields {
            let optional = if field.required { "" } else { " (Enter to leave it out)" };
            eprintln!("{}", field.help);
            let typed = rpassword::prompt_password(format!("{}{optional}: ", field.name))?;
            if !typed.trim().is_empty() {
                let secret = Some(Secret(typed.trim().to_owned()));
                info = client.call(SetSecret { account: name.into(), field: field.name, secret }).await?;
            }
        }
    }
    match (&info.health, info.missing_secrets.as_slice()) {
        (Health::Incomplete { why, .. }, []) if !is_asked => output.note(why),
        // Whatever it would be used with is there, as with variables that are set, or a service that asks for nothing; or the
        // test unlocks it.
        (_, []) => return test_added(name, client, output).await,
        (_, one_of) => {
            let is_set_here = |variable: &str| std::env::var_os(variable).is_some();
            output.note(&missing_secret(info.secrets, name, one_of, is_set_here));
        }
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

/// How to set a secret that the owner of the store does not have: one of these. `is_set_here`: a variable is set for this
/// program, which may be another one.
fn missing_secret(
    place: SecretBackend,
    name: &str,
    one_of: &[String],
    is_set_here: impl Fn(&str) -> bool,
) -> String {
    if place != SecretBackend::Env {
        let commands = one_of.iter().map(|field| format!("callboard accounts secret {name} {field}"));
        return format!("it needs a secret: {}", commands.collect::<Vec<_>>().join("; or "));
    }
    let variables: Vec<String> = one_of.iter().map(|field| variable(name, field)).collect();
    match variables.iter().find(|variable| is_set_here(variable)) {
        Some(set) => {
            format!("{set} is set here, and not for the running Callboard: start that again with it")
        }
        None => format!("it needs a secret: set the variable {}", variables.join(" or ")),
    }
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
        println!("  {missing}");
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
    let after = client.call(SetSecret { account: name.into(), field: field.name.clone(), secret }).await?;
    let done = if remove { "removed from" } else { "kept in" };
    output.either(
        &json!({ "account": name, "field": field.name, "place": info.secrets, "removed": remove }),
        || println!("{} of {name} {done} {}", field.name, info.secrets.describe()),
    );
    // What is kept may not be used all the same, such as where it would travel in the clear.
    if let Health::Incomplete { why, .. } = after.health
        && !remove
    {
        output.note(&why);
    }
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
    fn missing_secret_comes_with_what_sets_it() {
        let (keychain, env) = (SecretBackend::Keychain, SecretBackend::Env);
        // place, secrets of which one is missing, variable that is set here -> what is said
        type Case<'c> = (SecretBackend, &'c [&'c str], Option<&'c str>, &'c str);
        let cases: [Case<'_>; 5] = [
            (keychain, &["token"], None, "it needs a secret: callboard accounts secret chat token"),
            (
                keychain,
                &["token", "webhook_url"],
                Some("CALLBOARD_SECRET_CHAT_TOKEN"),
                "it needs a secret: callboard accounts secret chat token; or callboard accounts secret chat webhook_url",
            ),
            (env, &["token"], None, "it needs a secret: set the variable CALLBOARD_SECRET_CHAT_TOKEN"),
            (
                env,
                &["token", "webhook_url"],
                None,
                "it needs a secret: set the variable CALLBOARD_SECRET_CHAT_TOKEN or CALLBOARD_SECRET_CHAT_WEBHOOK_URL",
            ),
            (
                env,
                &["token", "webhook_url"],
                Some("CALLBOARD_SECRET_CHAT_WEBHOOK_URL"),
                "CALLBOARD_SECRET_CHAT_WEBHOOK_URL is set here, and not for the running Callboard: start that again with it",
            ),
        ];
        for (place, one_of, set, expected) in cases {
            let one_of: Vec<String> = one_of.iter().map(|field| (*field).to_owned()).collect();
            assert_eq!(missing_secret(place, "chat", &one_of, |it| Some(it) == set), expected);
        }
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
}
