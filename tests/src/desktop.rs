//! A desktop session of a test's own: bus, folders, keyring, and where asked a display with notifications.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::Server;

/// What answers for the Secret Service on the session bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// Nobody: no such service.
    Absent,
    /// GNOME's keyring, locked, and a prompt for its password that nobody answers: requests for secrets hang.
    Locked,
    /// GNOME's keyring, unlocked.
    Unlocked,
}

/// A notification as the notification daemon showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The sender's name.
    pub app: String,
    /// The first line.
    pub summary: String,
    /// The text under it.
    pub body: String,
    /// LOW, NORMAL or CRITICAL.
    pub urgency: String,
}

/// A session bus that starts nothing by itself, in folders of its own; everything on it ends with the value.
#[derive(Debug)]
pub struct DesktopSession {
    // Fields are dropped in this order: what uses the bus before the bus, and the folders last.
    services: Vec<Server>,
    display: Option<String>,
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

    /// Adds a display and a notification daemon, dunst, that records what it shows.
    pub fn with_notifications(mut self) -> Result<DesktopSession> {
        self.start_display()?;
        self.start_dunst()?;
        Ok(self)
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
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), format!("unix:path={}", folder("bus"))),
        ];
        env.extend(self.display.iter().map(|display| ("DISPLAY".to_owned(), display.clone())));
        env
    }

    /// The notifications shown so far, in order. Needs [`DesktopSession::with_notifications`].
    pub fn notifications(&self) -> Result<Vec<Notification>> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.path("shown"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        files.sort();
        files.iter().map(|file| read_notification(file)).collect()
    }

    /// Clicks the notification that is shown on top: its default action is invoked.
    pub fn click_notification(&self) -> Result<()> {
        self.run("dunstctl", &["action"])?;
        Ok(())
    }

    /// A command with exactly this session's environment, and the PATH.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
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
        let asked = format!("string:{bus_name}");
        let bus = "org.freedesktop.DBus";
        server.ready(|_| {
            let answer = self.call(bus, "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &asked);
            answer.ok().filter(|answer| answer.contains("true"))
        })?;
        self.services.push(server);
        Ok(())
    }

    fn start_keyring(&mut self) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        self.start_service(command, "org.freedesktop.secrets", b"correct horse")
    }

    fn start_display(&mut self) -> Result<()> {
        let mut command = self.command("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1280x800x24"]);
        let mut server = Server::spawn("Xvfb", command, &self.path("Xvfb.log"))?;
        let number: u32 = server.ready_line(|line| line.parse().ok())?;
        self.services.push(server);
        self.display = Some(format!(":{number}"));
        Ok(())
    }

    fn start_dunst(&mut self) -> Result<()> {
        let shown = self.path("shown");
        fs::create_dir(&shown)?;
        // dunst runs this for each notification; moved into place, a file appears whole or not at all.
        let script = self.path("record");
        let part = self.path("part");
        let text = format!(
            "#!/bin/sh\nid=$(printf %08d \"$DUNST_ID\")\n\
             printf '%s\\0' \"$DUNST_APP_NAME\" \"$DUNST_SUMMARY\" \"$DUNST_BODY\" \"$DUNST_URGENCY\" > {part}$id\n\
             mv {part}$id {shown}/$id\n",
            part = part.display(),
            shown = shown.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        let config = self.path("dunstrc");
        fs::write(&config, format!("[global]\nmarkup = no\n[record]\nscript = {}\n", script.display()))?;

        let mut command = self.command("dunst");
        command.arg("-config").arg(config);
        self.start_service(command, "org.freedesktop.Notifications", b"")
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
    bus.ready(|_| socket.exists().then_some(()))?;
    Ok(bus)
}

fn read_notification(file: &Path) -> Result<Notification> {
    let text = fs::read_to_string(file)?;
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let [app, summary, body, urgency] = fields[..] else { anyhow::bail!("not a notification: {text:?}") };
    let [app, summary, body, urgency] = [app, summary, body, urgency].map(str::to_owned);
    Ok(Notification { app, summary, body, urgency })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{PATIENCE, wait_until};

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

    #[test]
    fn notifications_are_recorded_as_they_are_shown() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_notifications().unwrap();
        session.run("dunstify", &["-a", "Callboard", "web/main failed", "two <b>tests</b> & more"]).unwrap();
        session.run("dunstify", &["-a", "Callboard", "-u", "critical", "It's \"red\"", ""]).unwrap();
        let shown = wait_until("two notifications", PATIENCE, || {
            session.notifications().ok().filter(|shown| shown.len() == 2)
        });
        let [first, second] = &shown.unwrap()[..] else { panic!("two") };
        assert_eq!((&*first.app, &*first.summary), ("Callboard", "web/main failed"));
        assert_eq!((&*second.summary, &*second.urgency), ("It's \"red\"", "CRITICAL"));
    }

    #[test]
    fn a_notification_can_be_clicked() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_notifications().unwrap();
        let mut command = session.command("dunstify");
        command.args(["--action=default,Open", "web/main failed"]);
        let mut sender = Server::spawn("dunstify", command, &session.path("sender.log")).unwrap();
        let shown = || session.notifications().ok().filter(|shown| !shown.is_empty());
        wait_until("the notification", PATIENCE, shown).unwrap();
        session.click_notification().unwrap();
        assert!(sender.wait(PATIENCE).unwrap().success());
        assert_eq!(sender.output().trim(), "default");
    }
}
