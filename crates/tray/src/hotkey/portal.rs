//! The hotkey on Wayland: requested from the desktop (XDG desktop portal, GlobalShortcuts), which lets its user choose.

use std::fmt;

use ashpd::desktop::{
    CreateSessionOptions,
    global_shortcuts::{BindShortcutsOptions, GlobalShortcuts, NewShortcut},
};
use callboard_window_link::timing;
use futures::StreamExt;
use tokio::sync::watch;

use super::{Hotkey, Keys, Press, State};

const SHORTCUT: &str = "toggle";

/// Listens for the hotkey of the portal, as a task of the runtime.
pub(crate) struct Portal {
    requested: watch::Sender<Keys>,
}

impl Portal {
    pub(crate) fn start(
        keys: Keys,
        pressed: impl Fn(Press) + Send + Sync + 'static,
        report: impl Fn(Hotkey) + Send + Sync + 'static,
    ) -> Self {
        let (requested, mut requests) = watch::channel(keys);
        tokio::spawn(async move {
            loop {
                let keys = requests.borrow_and_update().clone();
                let listening = listen(&keys, &pressed, &report);
                let ended = tokio::select! {
                    ended = listening => Some(ended),
                    more = requests.changed() => match more {
                        Ok(()) => None,
                        Err(_) => return,
                    },
                };
                if let Some(why) = ended {
                    report(Hotkey::unavailable(&keys, why));
                    if requests.changed().await.is_err() {
                        return;
                    }
                }
            }
        });
        Self { requested }
    }

    /// Asks for other keys; the answer comes later.
    pub(crate) fn set(&self, keys: Keys) {
        self.requested.send_if_modified(|requested| {
            let other = *requested != keys;
            *requested = keys;
            other
        });
    }
}

/// Listens until the portal ends; returns why it did.
async fn listen(keys: &Keys, pressed: &(impl Fn(Press) + Sync), report: &(impl Fn(Hotkey) + Sync)) -> String {
    let ended = async {
        let portal = GlobalShortcuts::new().await?;
        let session = portal.create_session(CreateSessionOptions::default()).await?;
        let trigger = Trigger(keys).to_string();
        let shortcut =
            NewShortcut::new(SHORTCUT, "Show or hide Callboard").preferred_trigger(Some(trigger.as_str()));
        let mut presses = portal.receive_activated().await?;
        let bound =
            portal.bind_shortcuts(&session, &[shortcut], None, BindShortcutsOptions::default()).await?;
        let bound = bound.response()?;
        let assigned = bound.shortcuts().iter().map(|it| it.trigger_description().to_owned()).next();
        let assigned = assigned.filter(|assigned| !assigned.is_empty());
        let why = match &assigned {
            Some(_) => "the desktop gave it; it is changed in the desktop's settings".to_owned(),
            None => "the desktop gave no keys yet: choose them in its settings".to_owned(),
        };
        report(Hotkey {
            keys: assigned.unwrap_or_else(|| keys.to_string()),
            state: State::Portal,
            why: Some(why),
        });
        while let Some(press) = presses.next().await {
            timing::stamp("hotkey pressed");
            let token =
                press.options().get("activation_token").and_then(|it| it.downcast_ref::<String>().ok());
            pressed(Press::Down(token));
            pressed(Press::Up);
        }
        ashpd::Result::Ok(())
    };
    match ended.await {
        Ok(()) => "the desktop's portal ended".to_owned(),
        Err(error) => format!("this desktop offers no global hotkey ({error})"),
    }
}

/// Keys as the portal writes them (XDG shortcuts): `CTRL+ALT+space`.
struct Trigger<'k>(&'k Keys);

impl fmt::Display for Trigger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Keys { ctrl, alt, shift, logo, key } = self.0;
        for (held, name) in [(ctrl, "CTRL+"), (alt, "ALT+"), (shift, "SHIFT+"), (logo, "LOGO+")] {
            if *held {
                f.write_str(name)?;
            }
        }
        // Names of keysyms, as in xkbcommon.
        let name = match key.name {
            "Space" => "space",
            "Backspace" => "BackSpace",
            "Enter" => "Return",
            "PageUp" => "Page_Up",
            "PageDown" => "Page_Down",
            "'" => "apostrophe",
            "," => "comma",
            "-" => "minus",
            "." => "period",
            "/" => "slash",
            ";" => "semicolon",
            "=" => "equal",
            "[" => "bracketleft",
            "\\" => "backslash",
            "]" => "bracketright",
            "`" => "grave",
            name if name.len() == 1 => return f.write_str(&name.to_ascii_lowercase()),
            name => name,
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_are_written_for_the_portal() {
        let cases = [
            ("Alt+Space", "ALT+space"),
            ("Ctrl+Alt+Shift+Super+K", "CTRL+ALT+SHIFT+LOGO+k"),
            ("Super+,", "LOGO+comma"),
            ("F9", "F9"),
            ("Ctrl+PageUp", "CTRL+Page_Up"),
        ];
        for (keys, expected) in cases {
            assert_eq!(Trigger(&keys.parse().unwrap()).to_string(), expected);
        }
    }
}
