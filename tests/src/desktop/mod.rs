//! A desktop session of a test's own: bus, folders, keyring, and where asked a display with a window manager, a
//! notification daemon and a tray; and the app in it, driven by its tray, its keys and its windows.

mod app;
mod notification_service;
mod notifications;
mod screen;
mod tray;
mod wayland;
mod webdriver;

pub use app::App;
pub use notification_service::NotificationService;
pub use notifications::Notification;
pub use screen::Window;
pub use tray::{MenuEntry, Picture, TrayHost, TrayIcon};
pub use webdriver::Page;

use screen::Display;

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::Server;

/// How long a program of the session may take to end when it is asked to.
const GOODBYE: Duration = Duration::from_secs(2);

/// What answers for the Secret Service on the session bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// No such service.
    Absent,
    /// GNOME's keyring, locked, and a prompt for its password that nobody answers: requests for secrets hang.
    Locked,
    /// GNOME's keyring, unlocked.
    Unlocked,
}

/// A session bus that starts nothing by itself, in folders of its own; everything on it ends with the value.
#[derive(Debug)]
pub struct DesktopSession {
    // Fields are dropped in this order: what uses the bus before the bus, and the folders last.
    services: Vec<Server>,
    display: Option<Display>,
    _bus: Server,
    folder: TempDir,
}

impl DesktopSession {
    /// Starts a session without a display, with such a keyring.
    pub fn start(keyring: Keyring) -> Result<DesktopSession> {
        let folder = tempfile::tempdir()?;
        for name in ["home", "run", "data", "config", "cache", "state"] {
            fs::create_dir(folder.path().join(name))?;
        }
        // Programs refuse a runtime folder that others may enter.
        fs::set_permissions(folder.path().join("run"), Permissions::from_mode(0o700))?;
        let bus = start_bus(folder.path())?;
        let mut session = DesktopSession { services: Vec::new(), display: None, _bus: bus, folder };
        if keyring != Keyring::Absent {
            session.start_keyring()?;
        }
        if keyring == Keyring::Locked {
            session.lock()?;
        }
        Ok(session)
    }

    /// Locks the keyring: what is in it, and what is to be, waits for a prompt that nobody answers.
    pub fn lock(&self) -> Result<()> {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let lock = "org.freedesktop.Secret.Service.Lock";
        let answer = self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", lock, collection)?;
        ensure!(answer.contains("collection/login"), "the keyring did not lock: {answer}");
        Ok(())
    }

    /// Unlocks the keyring, as a person does at a login after it has started.
    pub fn unlock(&mut self) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets", "--replace"]);
        self.start_service(command, "org.freedesktop.secrets", b"correct horse")
    }

    /// What the keyring keeps under this user name, whatever the service name: nobody else uses this keyring.
    pub fn kept_secret(&self, username: &str) -> Result<Option<String>> {
        let output = self.command("secret-tool").args(["lookup", "username", username]).output()?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// The environment that puts a child process into this session.
    pub fn env(&self) -> Vec<(String, String)> {
        let folder = |name: &str| self.path(name).display().to_string();
        let mut env = vec![
            ("HOME".to_owned(), folder("home")),
            ("XDG_RUNTIME_DIR".to_owned(), folder("run")),
            ("XDG_DATA_HOME".to_owned(), folder("data")),
            ("XDG_CONFIG_HOME".to_owned(), folder("config")),
            ("XDG_CACHE_HOME".to_owned(), folder("cache")),
            ("XDG_STATE_HOME".to_owned(), folder("state")),
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), self.bus_address()),
        ];
        env.extend(self.display.as_ref().map(Display::env));
        env
    }

    /// A command with exactly this session's environment, and the PATH.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }

    /// Whether somebody answers for this name on the bus.
    pub fn has_name(&self, name: &str) -> bool {
        let (asked, bus) = (format!("string:{name}"), "org.freedesktop.DBus");
        let answer = self.call(bus, "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &asked);
        answer.is_ok_and(|answer| answer.contains("true"))
    }

    /// A folder of the session: `home`, `run`, `data`, `config`, `cache` or `state`.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    fn bus_address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        let output = self.command(program).args(args).stdin(Stdio::null()).output();
        let output = output
            .with_context(|| format!("could not run {program}: run `cargo xtask test` to install it"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {}: {}: {errors}", args.join(" "), output.status);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn call(&self, service: &str, object: &str, method: &str, argument: &str) -> Result<String> {
        let to = format!("--dest={service}");
        self.run("dbus-send", &["--session", &to, "--print-reply", object, method, argument])
    }

    /// Starts a program of the session and waits until it owns a name on the bus.
    fn start_service(&mut self, command: Command, bus_name: &str, input: &[u8]) -> Result<()> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log = self.path(&format!("{program}.log"));
        let mut server = Server::spawn(&program, command, &log)?;
        server.close_input(input)?;
        server.ready(|_| self.has_name(bus_name).then_some(()))?;
        self.services.push(server);
        Ok(())
    }

    fn start_keyring(&mut self) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        self.start_service(command, "org.freedesktop.secrets", b"correct horse")
    }
}

impl Drop for DesktopSession {
    fn drop(&mut self) {
        // Asked, they leave nothing behind: a display that is killed leaves its socket.
        for service in self.services.iter_mut().rev() {
            let _ = service.stop(GOODBYE);
        }
    }
}

/// What the keyring asks to show its password prompt. This one is on the bus, and ends with it, but never takes the
/// name, so that the prompt stays open as one does that nobody sees.
const PROMPTER: &str =
    "[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec=/usr/bin/dbus-monitor --session\n";

/// A bus with a configuration of its own: the system's would start a keyring or a notification daemon when asked for
/// one, and there would be no session without them.
fn start_bus(folder: &Path) -> Result<Server> {
    let socket = folder.join("bus");
    let config = folder.join("bus.conf");
    let services = folder.join("services");
    fs::create_dir(&services)?;
    fs::write(services.join("prompter.service"), PROMPTER)?;
    let text = format!(
        r#"<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{}</servicedir>
  <limit name="service_start_timeout">3600000</limit>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display(),
        services.display()
    );
    fs::write(&config, text)?;
    let mut command = Command::new("dbus-daemon");
    command.arg("--nofork").arg(format!("--config-file={}", config.display()));
    let mut bus = Server::spawn("dbus-daemon", command, &folder.join("bus.log"))?;
    // The socket is there a moment before the daemon listens on it.
    bus.ready(|_| UnixStream::connect(&socket).ok())?;
    Ok(bus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PATIENCE;

    #[test]
    fn an_unlocked_keyring_keeps_a_secret() {
        let session = DesktopSession::start(Keyring::Unlocked).unwrap();
        let mut store = session.command("secret-tool");
        store.args(["store", "--label=test", "account", "forge"]);
        let mut store = Server::spawn("secret-tool", store, &session.path("store.log")).unwrap();
        store.close_input(b"s3cret").unwrap();
        assert!(store.wait(PATIENCE).unwrap().success(), "{}", store.output());
        assert_eq!(session.run("secret-tool", &["lookup", "account", "forge"]).unwrap(), "s3cret");
    }

    #[test]
    fn a_locked_keyring_never_answers_a_request_to_store() {
        let session = DesktopSession::start(Keyring::Locked).unwrap();
        let mut store = session.command("secret-tool");
        store.args(["store", "--label=test", "account", "forge"]);
        let mut store = Server::spawn("secret-tool", store, &session.path("store.log")).unwrap();
        store.close_input(b"s3cret").unwrap();
        assert!(store.wait(Duration::from_secs(2)).is_err(), "{}", store.output());
    }

    #[test]
    fn without_a_keyring_nothing_answers_for_it() {
        let session = DesktopSession::start(Keyring::Absent).unwrap();
        let error = session.run("secret-tool", &["lookup", "account", "forge"]).unwrap_err();
        assert!(error.to_string().contains("org.freedesktop.secrets"), "{error}");
    }
}
