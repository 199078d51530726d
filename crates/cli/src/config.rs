//! `callboard config` and `callboard rules test`: what needs no store.

use std::path::Path;

use anyhow::Result;
use callboard_domain::{
    event::Event,
    identity::Identity,
    item::{AccountName, Item},
    parse_error::{Notation, readable_message},
    people::{IdentityRealm, People},
    rules::Rules,
    text,
};
use callboard_engine::{
    api::ApiError,
    command_file,
    config::{Config, ConfigErrors, schema, unlisted_users},
    paths::Paths,
    private,
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
            let unusable = config
                .unusable_accounts
                .iter()
                .map(|(name, fault)| format!("{name} cannot be used, line {}: {}", fault.line, fault.what));
            let warnings: Vec<String> = unusable.chain(unlisted_users(&config.people)).collect();
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
                    text::count(config.accounts.len(), "account"),
                    text::count(config.channels.len(), "channel"),
                    text::count(config.rules.len(), "rule"),
                    text::count(commands.len(), "command"),
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

/// The longest file with an event that is read, in bytes.
const CASE_LIMIT: u64 = 16 << 20;

#[derive(Deserialize)]
struct Case {
    event: Event,
    item: Item,
    #[serde(default)]
    me: Identity,
}

fn case(file: &Path) -> Result<Case, Usage> {
    let text = private::read(file, CASE_LIMIT).map_err(|error| {
        Usage(format!(
            "{}: {error}; expected the number of an event, or a file that describes one",
            file.display()
        ))
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        let what = readable_message(&error.to_string(), Notation::Json);
        let form =
            "expected {\"event\": {...}, \"item\": {...}} as `callboard --json events` and `item` print them";
        Usage(format!("{}: {what}; {form}", file.display()))
    })
}

/// What the rules would do with an event that a file describes.
pub(crate) fn test_rules(file: &Path, paths: &Paths, output: &Output) -> Result<Exit> {
    let config = load(&paths.config)?;
    let case = case(file)?;
    let rules = Rules::compile(&config.rules, config.builtin_rules).map_err(|errors| {
        Usage(errors.into_iter().map(|error| error.message()).collect::<Vec<_>>().join("; "))
    })?;
    let decision = rules.explain(&case.event, &case.item, &case.me);
    output.either(&decision, || output.decision(&decision));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file that is to describe an event -> what is said of it. Nothing is waited for, and nothing is read without an end.
    #[test]
    fn only_a_file_of_bounded_length_describes_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("other.json"), "{}").unwrap();
        fs::write(at("latin.json"), b"{\"event\": \"\xe9\"}").unwrap();
        fs::File::create(at("large.json")).unwrap().set_len(CASE_LIMIT + 1).unwrap();
        let mut cases = vec![
            (at("other.json"), "expected {\"event\": {...}, \"item\": {...}}"),
            (at("latin.json"), "expected {\"event\": {...}, \"item\": {...}}"),
            (at("large.json"), "larger than 16 MB; expected the number of an event"),
            (at(""), "this is a folder; expected the number of an event"),
            (at("absent.json"), "expected the number of an event"),
        ];
        if cfg!(unix) {
            cases.push(("/dev/zero".into(), "this is a device; expected the number of an event"));
            let pipe = std::process::Command::new("mkfifo").arg(at("pipe")).status();
            if pipe.is_ok_and(|it| it.success()) {
                cases.push((at("pipe"), "this is a pipe; expected the number of an event"));
            }
        }
        for (file, expected) in cases {
            let why = case(&file).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(why.contains(expected), "{}: {why}", file.display());
        }
    }

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
