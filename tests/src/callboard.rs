//! The built program, with a data folder and a configuration of a test's own.

use std::{
    fs,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{DesktopSession, PATIENCE, Server, paths, wait_until};

/// How long `serve` may take to stop when asked to: the engine bounds itself to five seconds.
const STOP: Duration = Duration::from_secs(8);

/// What the desktop app writes to its log: the moments that are measured, too.
const LOG: &str = "info,callboard=debug";

/// `callboard` with folders of its own and a clean environment: nothing of the person's desktop, keychain or
/// configuration is in reach.
#[derive(Debug)]
pub struct Callboard {
    program: PathBuf,
    folder: TempDir,
    env: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Callboard {
    /// Prepares the program with this configuration; nothing runs yet.
    pub fn new(config: &str) -> Result<Callboard> {
        Callboard::with_program(paths::callboard()?, config)
    }

    fn with_program(program: PathBuf, config: &str) -> Result<Callboard> {
        let folder = tempfile::tempdir()?;
        let env = [
            "HOME",
            "XDG_RUNTIME_DIR",
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "XDG_STATE_HOME",
        ]
        .map(|name| (name.to_owned(), folder.path().join(name).display().to_string()));
        for (_, path) in &env {
            fs::create_dir(path)?;
        }
        fs::create_dir(folder.path().join("data"))?;
        let callboard = Callboard { program, folder, env: env.to_vec() };
        callboard.configure(config)?;
        Ok(callboard)
    }

    /// Adds variables to the environment of every run, such as those of a desktop session; later ones win.
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Callboard {
        self.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Replaces the configuration; a running daemon reloads it.
    pub fn configure(&self, config: &str) -> Result<()> {
        // Renamed into place, so that a daemon never reads half of it.
        let part = self.folder.path().join("callboard.toml.part");
        fs::write(&part, config)?;
        Ok(fs::rename(part, self.config())?)
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("callboard.toml")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A scratch folder that lives as long as this value.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end, with nothing to read.
    pub fn cmd(&self, args: &[&str]) -> Result<Output> {
        self.cmd_with_input(args, "")
    }

    /// Runs a command to its end, with `input` to read.
    pub fn cmd_with_input(&self, args: &[&str], input: &str) -> Result<Output> {
        self.finish(self.command(args), input)
    }

    /// Runs a command of [`Callboard::command`] to its end, with `input` to read.
    pub fn finish(&self, mut command: Command, input: &str) -> Result<Output> {
        // Files, not pipes: a process that the command leaves behind can't hold up the test.
        let [mut stdin, mut stdout, mut stderr] =
            [tempfile::tempfile()?, tempfile::tempfile()?, tempfile::tempfile()?];
        stdin.write_all(input.as_bytes())?;
        stdin.rewind()?;
        command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let mut child = command.spawn().with_context(|| self.program.display().to_string())?;
        let ended = wait_until("the command to end", PATIENCE, || child.try_wait().transpose());
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        let output = |file: &mut fs::File| -> Result<String> {
            file.rewind()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let (stdout, stderr) = (output(&mut stdout)?, output(&mut stderr)?);
        let status = ended.with_context(|| format!("{command:?}\n{stdout}{stderr}"))??;
        Ok(Output { code: status.code(), stdout, stderr })
    }

    /// Runs a command with `--json` to its good end, and returns what it printed, a value for each line.
    pub fn json(&self, args: &[&str]) -> Result<Vec<Value>> {
        let output = self.cmd(&[&["--json"], args].concat())?;
        ensure!(output.code == Some(0), "callboard {} ended with {output:?}", args.join(" "));
        output.stdout.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// The events that are stored, oldest first.
    pub fn events(&self) -> Result<Vec<Value>> {
        self.json(&["events", "--limit", "10000"])
    }

    /// The rows of the board, in its order.
    pub fn board(&self) -> Result<Vec<Value>> {
        let board = self.json(&["board", "--stored"])?;
        let sections = board[0]["sections"].as_array().into_iter().flatten();
        Ok(sections.flat_map(|section| section["rows"].as_array().cloned().unwrap_or_default()).collect())
    }

    /// An account as `accounts` lists it.
    pub fn account(&self, name: &str) -> Result<Value> {
        let mut accounts = self.json(&["accounts"])?;
        let list = accounts[0].as_array_mut().context("a list of accounts")?;
        let found = list.iter_mut().find(|account| account["name"] == name).map(Value::take);
        found.with_context(|| format!("there is no account {name}"))
    }

    /// Waits until the daemon has polled each of these accounts from beginning to end, however often it had before.
    pub fn polled(&self, accounts: &[&str]) -> Result<()> {
        let read_at = |name: &str| Ok(self.account(name)?["last_ok"].take());
        // A poll may be under way: the second end from now is that of one which began after now.
        for _ in 0..2 {
            let before: Vec<Value> = accounts.iter().map(|name| read_at(name)).collect::<Result<_>>()?;
            for (name, before) in accounts.iter().zip(before) {
                wait_until(&format!("a poll of {name}"), PATIENCE, || {
                    read_at(name).ok().filter(|now| *now != before)
                })?;
            }
        }
        Ok(())
    }

    /// Starts the daemon and waits until it serves.
    pub fn serve(&self) -> Result<Serving> {
        let log = self.folder.path().join("serve.log");
        let mut server = Server::spawn("callboard serve", self.command(&["serve"]), &log)?;
        let url = server.ready_line(|line| {
            let (_, listens) = line.strip_prefix("serving ")?.rsplit_once("; ")?;
            let address = listens.strip_prefix("webhooks at http://").and_then(|at| at.split('/').next());
            Some(address.map(|address| format!("http://{address}")).unwrap_or_default())
        })?;
        Ok(Serving { url, server })
    }

    /// The program with this value's folders and environment, for a test that runs it in its own way.
    pub fn command(&self, args: &[&str]) -> Command {
        self.start(&self.program, args)
    }

    /// The desktop app, in a session, with this value's folders and the rest of its environment.
    pub(crate) fn app_at(&self, program: &Path, session: &DesktopSession, args: &[&str]) -> Command {
        let mut command = self.start(program, args);
        command.envs(session.env()).envs([("RUST_LOG", LOG), ("CALLBOARD_LOG", LOG), ("NO_COLOR", "1")]);
        command
    }

    fn start(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).current_dir(self.folder.path());
        for name in ["PATH", "RUST_BACKTRACE"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env("CALLBOARD_CONFIG", self.config()).env("CALLBOARD_DATA", self.data()).args(args);
        command
    }
}

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub struct Serving {
    url: String,
    server: Server,
}

impl Serving {
    /// Where it listens for webhooks, without a slash at the end; empty where it does not.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        self.server.output()
    }

    /// Ends it as a loss of power would (SIGKILL).
    pub fn kill(mut self) -> Result<()> {
        self.server.kill()
    }

    /// Asks it to stop (SIGTERM), waits for that, and returns how it ended.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.server.stop(STOP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callboard with a shell script in place of the program: what is tried here is the harness.
    fn stand_in(script: &str) -> Callboard {
        let mut callboard = Callboard::with_program(PathBuf::new(), "a = 1\n").unwrap();
        callboard.program = callboard.folder().join("program");
        let source = callboard.folder().join("source");
        fs::write(&source, format!("#!/bin/sh\n{script}")).unwrap();
        // Copied by another process: a file that this one has open for writing could not be run.
        let mut install = Command::new("install");
        install.args(["-m", "755"]).args([&source, &callboard.program]);
        assert!(install.status().unwrap().success());
        callboard
    }

    #[test]
    fn command_is_run_to_its_end_with_its_input_and_folders() {
        let callboard = stand_in("cat \"$CALLBOARD_CONFIG\" -; echo \"$1 $GREETING $DISPLAY\" >&2; exit 3");
        let callboard = callboard.env([("GREETING", "hello")]);
        let output = callboard.cmd_with_input(&["board"], "typed").unwrap();
        let expected =
            Output { code: Some(3), stdout: "a = 1\ntyped".into(), stderr: "board hello \n".into() };
        assert_eq!(output, expected);
    }

    #[test]
    fn daemon_is_awaited_stopped_and_killed() {
        let serve = "trap 'echo bye; exit 0' TERM\necho 'serving a.toml; webhooks at http://127.0.0.1:7878/hooks/ACCOUNT'\nwhile :; do sleep 0.01; done";
        let callboard = stand_in(serve);
        let serving = callboard.serve().unwrap();
        assert_eq!(serving.url(), "http://127.0.0.1:7878");
        assert!(serving.stop().unwrap().success());

        let serving = callboard.serve().unwrap();
        let id = serving.id().to_string();
        serving.kill().unwrap();
        let alive = Command::new("sh").args(["-c", "kill -0 $0 2>/dev/null", &id]).status().unwrap();
        assert!(!alive.success());
    }

    #[test]
    fn output_of_a_daemon_that_ends_at_once_is_quoted() {
        let error = stand_in("echo no such key >&2; exit 2").serve().unwrap_err().to_string();
        assert!(error.contains("exit status: 2") && error.contains("no such key"), "{error}");
    }
}
