use std::{fs, path::PathBuf, sync::Mutex};

use callboard_connectors::http::Client;
use callboard_domain::{
    action::Progress,
    command::{self as typed, Args, Commands},
    error::ServiceError,
    run::Outcome,
};
use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::{accounts, secrets::Secrets};

mod errors;
mod examples;
mod exec;
mod http;

/// The accounts' token; nothing that comes out may hold it.
const SECRET: &str = "s3cr3t-Zq9xW7vT";

/// A configuration with command files, on disk.
struct Files {
    dir: TempDir,
    config: Config,
}

/// Command files by name, in a folder that a configuration with the accounts `forge`, `chat` and `deployer` names.
fn files(files: &[(&str, &str)]) -> Files {
    files_for("https://deploy.acme.example/base", files)
}

/// The same with `deployer` at this URL.
fn files_for(url: &str, files: &[(&str, &str)]) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        r##"
[accounts.forge]
service = "github"
[accounts.chat]
service = "slack"
[accounts.deployer]
service = "http"
url = "{url}"
[channels]
deploys = "chat:#deploys"
[commands]
dirs = ["commands"]
"##
    );
    let path = dir.path().join("callboard.toml");
    fs::write(&path, &text).unwrap();
    fs::create_dir(dir.path().join("commands")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join("commands").join(name), text).unwrap();
    }
    let config = Config::read(&path, &text).unwrap();
    Files { dir, config }
}

impl Files {
    /// What is wrong, as `FILE:LINE:COLUMN: WHAT`.
    fn errors(&self) -> Vec<String> {
        let shown = |it: ConfigError| {
            let file = it.file.file_name().unwrap().to_string_lossy().into_owned();
            format!("{file}:{}:{}: {}", it.line, it.column, it.what)
        };
        load(&self.config)
            .map_or_else(|ConfigErrors(errors)| errors.into_iter().map(shown).collect(), |_| Vec::new())
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("commands")
    }

    /// The commands, with every account connected.
    async fn commands(&self) -> Vec<FileCommand> {
        let known = [("forge", "token", SECRET), ("deployer", "token", SECRET)];
        self.commands_with(&Secrets::in_memory(known)).await
    }

    async fn commands_with(&self, secrets: &Secrets) -> Vec<FileCommand> {
        let none = Accounts::new();
        let store = crate::store::Store::temporary(jiff::Timestamp::now()).unwrap();
        let client = Client::new().unwrap();
        let accounts = accounts::connect(&self.config, secrets, &store, &client, "ana", &none).await;
        let (commands, errors) = load_for(&self.config, &accounts);
        assert!(errors.is_empty(), "{errors:?}");
        commands
    }
}

/// Which command a line means, and its arguments.
fn read<'c>(commands: &'c [FileCommand], line: &str) -> (&'c dyn Action, Args) {
    let all: Commands =
        commands.iter().map(|command| typed::Command::new(command.action.spec().clone()).unwrap()).collect();
    let parsed = all.parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(parsed.missing.is_empty(), "{line}: {:?}", parsed.missing);
    (&*commands[parsed.place].action, parsed.args)
}

/// What a line would do, each step as shown.
fn preview(commands: &[FileCommand], line: &str) -> Result<Vec<String>, String> {
    let (action, args) = read(commands, line);
    let steps = action.preview(&args, Timestamp::UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(steps.into_iter().map(|step| format!("{}: {}", step.what, step.request)).collect())
}

/// Runs a line to its end.
async fn run(commands: &[FileCommand], line: &str) -> Result<Outcome, ServiceError> {
    run_with_progress(commands, line, &RecordedProgress::default()).await
}

async fn run_with_progress(
    commands: &[FileCommand],
    line: &str,
    progress: &RecordedProgress,
) -> Result<Outcome, ServiceError> {
    let (action, args) = read(commands, line);
    action.run(&args, Timestamp::UNIX_EPOCH, progress).await
}

/// Progress that is recorded, for assertions.
#[derive(Debug, Default)]
struct RecordedProgress {
    lines: Mutex<Vec<String>>,
    output: Mutex<String>,
    more: tokio::sync::Notify,
}

impl RecordedProgress {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }
}

impl Progress for RecordedProgress {
    fn status(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }

    fn output(&self, text: &str) {
        self.output.lock().unwrap().push_str(text);
        self.more.notify_one();
    }
}
