//! dunst, the notification daemon of the session.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use super::DesktopSession;

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

impl DesktopSession {
    /// Adds a notification daemon, dunst, that records what it shows, and a display for it where there is none yet.
    pub fn with_notifications(mut self) -> Result<DesktopSession> {
        self.start_display()?;
        self.start_dunst()?;
        Ok(self)
    }

    /// The notifications shown so far, in order. Needs [`DesktopSession::with_notifications`].
    pub fn notifications(&self) -> Result<Vec<Notification>> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.path("shown"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        files.sort();
        files.iter().map(|file| read(file)).collect()
    }

    /// Clicks the notification that is shown on top: its default action is invoked.
    pub fn click_notification(&self) -> Result<()> {
        self.run("dunstctl", &["action"])?;
        Ok(())
    }

    /// Presses a button of the notifications that are shown, by its label: dunst asks a menu program which.
    pub fn press_notification(&self, label: &str) -> Result<()> {
        // dunst lists each as `#LABEL (SUMMARY) [...]`: another's summary may have the same text.
        fs::write(self.path("wanted"), format!("#{label} ("))?;
        self.run("dunstctl", &["context"])?;
        Ok(())
    }

    /// How many notifications are on the screen now.
    pub fn notifications_displayed(&self) -> Result<usize> {
        Ok(self.run("dunstctl", &["count", "displayed"])?.trim().parse()?)
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
        write_program(&script, &text)?;
        let menu = self.path("menu");
        let wanted = self.path("wanted");
        write_program(&menu, &format!("#!/bin/sh\ngrep -F -m 1 -f {}\n", wanted.display()))?;
        let config = self.path("dunstrc");
        // They stay until they are clicked, at the edge where no window of ours opens.
        let text = format!(
            "[global]\nmarkup = no\norigin = bottom-right\ndmenu = {}\n[urgency_normal]\ntimeout = 0\n[record]\nscript = {}\n",
            menu.display(),
            script.display()
        );
        fs::write(&config, text)?;

        let mut command = self.command("dunst");
        command.arg("-config").arg(config);
        self.start_service(command, "org.freedesktop.Notifications", b"")
    }
}

fn write_program(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text)?;
    Ok(fs::set_permissions(file, Permissions::from_mode(0o755))?)
}

fn read(file: &Path) -> Result<Notification> {
    let text = fs::read_to_string(file)?;
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let [app, summary, body, urgency] = fields[..] else { bail!("not a notification: {text:?}") };
    let [app, summary, body, urgency] = [app, summary, body, urgency].map(str::to_owned);
    Ok(Notification { app, summary, body, urgency })
}

#[cfg(test)]
mod tests {
    use crate::{DesktopSession, Keyring, PATIENCE, Server, wait_until};

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
    fn notification_can_be_clicked() {
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

    #[test]
    fn notification_button_can_be_pressed() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_notifications().unwrap();
        let mut command = session.command("dunstify");
        command.args(["--action=again,Run again", "--action=take,I am on it", "web/main failed"]);
        let mut sender = Server::spawn("dunstify", command, &session.path("sender.log")).unwrap();
        let shown = || session.notifications().ok().filter(|shown| !shown.is_empty());
        wait_until("the notification", PATIENCE, shown).unwrap();
        session.press_notification("I am on it").unwrap();
        assert!(sender.wait(PATIENCE).unwrap().success());
        assert_eq!(sender.output().trim(), "take");
    }
}
