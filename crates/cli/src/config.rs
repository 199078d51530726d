//! `callboard config` and `callboard rules test`: what needs no store.

use std::{fs, path::Path};

use anyhow::Result;
use callboard_domain::{
    event::Event,
    identity::Identity,
    item::{AccountName, Item},
    parse_error::{Notation, readable_message},
    people::{IdentityRealm, People},
    rules::Rules,
};
use callboard_engine::{
    api::ApiError,
    command_file,
    config::{Config, ConfigErrors, schema, unlisted_users},
    paths::Paths,
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    args,
    exit::{Exit, Usage},
    output::Output,
};

/// Runs the subcommand.
pub(crate) fn act(command: &args::Config, paths: &Paths, output: &Output) -> Result<Exit> {
    match command {
        args::Config::Path => output.either(&json!({ "config": paths.config, "data": paths.data }), || {
            println!("{}", paths.config.display());
        }),
        args::Config::Schema { commands: false } => println!("{:#}", schema()),
        args::Config::Schema { commands: true } => println!("{:#}", command_file::schema()),
        args::Config::Check => {
            let (config, found) = check(&paths.config)?;
            let commands = found.names;
            for replaced in &found.replaced {
                output.note(&format!("note: {replaced}"));
            }
            for renamed in &config.renamed {
                output.note(&format!("note: {renamed}"));
            }
            let warnings = unlisted_users(&config.people);
            for warning in &warnings {
                output.note(&format!("warning: {warning}"));
            }
            let facts = json!({
                "ok": true,
                "exists": paths.config.exists(),
                "accounts": config.accounts.len(),
                "channels": config.channels.len(),
                "rules": config.rules.len(),
                "people": config.people.aliases.len(),
                "teams": config.people.teams.len(),
                "commands": commands.len(),
                "replaced": found.replaced,
                "warnings": warnings,
            });
            output.either(&facts, || {
                let state =
                    if paths.config.exists() { "is good" } else { "does not exist yet, which is fine" };
                println!(
                    "{} {state}: {}, {}, {}, {} from files",
                    paths.config.display(),
                    count(config.accounts.len(), "account"),
                    count(config.channels.len(), "channel"),
                    count(config.rules.len(), "rule"),
                    count(commands.len(), "command"),
                );
                print_people(&config.people);
            });
        }
    }
    Ok(Exit::Done)
}

/// Reads a configuration and its command files; all errors in any of them are reported together.
fn check(path: &Path) -> Result<(Config, command_file::Found)> {
    let (config, mut errors) = Config::inspect(path);
    let found = config.map(|config| match command_file::load(&config) {
        Ok(found) => Some((config, found)),
        Err(ConfigErrors(more)) => {
            errors.extend(more);
            None
        }
    });
    match found.flatten() {
        Some(found) if errors.is_empty() => Ok(found),
        _ => Err(refused(ConfigErrors(errors)).into()),
    }
}

/// Who each person is, and where: an alias of a service means all of its accounts.
fn print_people(people: &People) {
    for (person, aliases) in &people.aliases {
        let places = aliases.iter().map(|alias| match &alias.place {
            IdentityRealm::LocalUid => format!("user {} of this computer", alias.id),
            IdentityRealm::LocalLogin => format!("{} on this computer", alias.id),
            IdentityRealm::Email => alias.id.clone(),
            IdentityRealm::Accounts(accounts) if accounts.is_empty() => {
                format!("{} on {}, of which there is no account", alias.id, alias.key)
            }
            IdentityRealm::Accounts(accounts) => {
                let names: Vec<&str> = accounts.iter().map(AccountName::as_str).collect();
                format!("{} on {}", alias.id, names.join(" and "))
            }
        });
        println!("  {person}: {}", places.collect::<Vec<_>>().join(", "));
    }
    for (team, members) in &people.teams {
        let members: Vec<String> = members.iter().map(ToString::to_string).collect();
        println!("  team {team}: {}", members.join(", "));
    }
}

/// Reads a configuration file; all errors in it are reported together.
pub(crate) fn load(path: &Path) -> Result<Config> {
    Ok(Config::load(path).map_err(refused)?)
}

fn refused(ConfigErrors(errors): ConfigErrors) -> ApiError {
    ApiError::Config { errors }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[derive(Deserialize)]
struct Case {
    event: Event,
    item: Item,
    #[serde(default)]
    me: Identity,
}

/// What the rules would do with an event that a file describes.
pub(crate) fn test_rules(file: &Path, paths: &Paths, output: &Output) -> Result<Exit> {
    let config = load(&paths.config)?;
    let text = fs::read_to_string(file).map_err(|error| {
        Usage(format!(
            "{}: {error}; expected the number of an event, or a file that describes one",
            file.display()
        ))
    })?;
    let case: Case = serde_json::from_str(&text).map_err(|error| {
        let what = readable_message(&error.to_string(), Notation::Json);
        let form =
            "expected {\"event\": {...}, \"item\": {...}} as `callboard --json events` and `item` print them";
        Usage(format!("{}: {what}; {form}", file.display()))
    })?;
    let rules = Rules::compile(&config.rules, config.builtin_rules).map_err(|errors| {
        Usage(errors.into_iter().map(|error| error.message()).collect::<Vec<_>>().join("; "))
    })?;
    let decision = rules.explain(&case.event, &case.item, &case.me);
    output.either(&decision, || output.decision(&decision));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_and_command_files_are_checked_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callboard.toml");
        fs::create_dir(folder.path().join("ops")).unwrap();
        let command =
            "[[command]]\nname = \"deploy\"\nsumary = \"x\"\n[command.run.exec]\nargv = 3\ncwd = 4\n";
        fs::write(folder.path().join("ops/deploy.toml"), command).unwrap();
        // what is wrong -> in which file and line
        let dirs = "default_chanel = \"x\"\n[commands]\ndirs = [\"ops\"]\n";
        fs::write(&path, format!("{dirs}[desktop]\ntheme = \"pink\"\n")).unwrap();
        let error = check(&path).unwrap_err();
        let Some(ApiError::Config { errors }) = error.downcast_ref() else { panic!("{error}") };
        let found: Vec<_> = errors
            .iter()
            .map(|error| format!("{}:{}", error.file.file_name().unwrap().display(), error.line))
            .collect();
        for place in [
            "callboard.toml:1",
            "callboard.toml:5",
            "deploy.toml:1",
            "deploy.toml:3",
            "deploy.toml:5",
            "deploy.toml:6",
        ] {
            assert!(found.iter().any(|it| it == place), "{place}: {error}");
        }
        // Nor do an account that cannot be read, a doubled key and a folder that is not there hide what is in command files.
        let faulty = "[accounts.forge]\nservice = \"githb\"\n[keep]\nhistory = \"1d\"\nhistory = \"2d\"\n";
        fs::write(&path, format!("{faulty}[commands]\ndirs = [\"ops\", 3, \"nowhere\"]\n")).unwrap();
        let http = "[[command]]\nname = \"a\"\nsummary = \"x\"\n[command.run.http]\naccount = \"forge\"\nmthod = \"GET\"\n";
        fs::write(folder.path().join("ops/http.toml"), http).unwrap();
        let error = check(&path).unwrap_err();
        let Some(ApiError::Config { errors }) = error.downcast_ref() else { panic!("{error}") };
        let found: Vec<_> = errors
            .iter()
            .map(|error| {
                format!("{}:{}:{}", error.file.file_name().unwrap().display(), error.line, error.column)
            })
            .collect();
        let expected = [
            "callboard.toml:2:11",
            "callboard.toml:5:1",
            "callboard.toml:7:16",
            "callboard.toml:7:19",
            "deploy.toml:1:1",
            "deploy.toml:3:1",
            "deploy.toml:5:8",
            "deploy.toml:6:7",
            // The method is misspelt, and the path is missing.
            "http.toml:4:1",
            "http.toml:6:1",
        ];
        assert_eq!(found, expected, "{error}");
        fs::write(&path, "").unwrap();
        assert!(check(&path).is_ok());
    }
}
