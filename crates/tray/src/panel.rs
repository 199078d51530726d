//! Whether the panel is dark: the tray's icon must be visible on it.

use std::sync::{Arc, atomic::Ordering};

use futures::StreamExt;
use zbus::{
    Connection,
    zvariant::{OwnedValue, Value},
};

use crate::shell::Shell;

const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";

#[zbus::proxy(
    interface = "org.freedesktop.portal.Settings",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop",
    gen_blocking = false
)]
trait Settings {
    fn read_one(&self, namespace: &str, key: &str) -> zbus::Result<OwnedValue>;

    #[zbus(signal)]
    fn setting_changed(&self, namespace: &str, key: &str, value: Value<'_>) -> zbus::Result<()>;
}

/// Desktops whose panel is dark as it comes, whatever the windows are.
const DARK: [&str; 2] = ["GNOME", "XFCE"];

/// Follows the desktop's colours until the app ends. Where the desktop does not report them, the panel is assumed to be light.
pub(crate) async fn follow(shell: Arc<Shell>) {
    let desktops = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    if desktops.split(':').any(|name| DARK.iter().any(|dark| name.eq_ignore_ascii_case(dark))) {
        return set(&shell, true);
    }
    if let Err(error) = follow_portal(&shell).await {
        tracing::debug!(%error, "the desktop does not report whether it is dark");
    }
}

async fn follow_portal(shell: &Arc<Shell>) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let portal = SettingsProxy::new(&bus).await?;
    let mut changes = portal.receive_setting_changed_with_args(&[(0, NAMESPACE), (1, KEY)]).await?;
    if let Ok(value) = portal.read_one(NAMESPACE, KEY).await {
        set(shell, is_dark(&value));
    }
    loop {
        tokio::select! {
            () = shell.stop.cancelled() => return Ok(()),
            change = changes.next() => match change {
                Some(change) => set(shell, is_dark(&change.args()?.value)),
                None => return Ok(()),
            },
        }
    }
}

/// 1 is a wish for dark, 2 for light, 0 none (XDG desktop portal, Settings).
fn is_dark(value: &Value<'_>) -> bool {
    match value {
        Value::Value(inner) => is_dark(inner),
        value => value.downcast_ref::<u32>() == Ok(1),
    }
}

fn set(shell: &Shell, dark: bool) {
    if shell.dark_panel.swap(dark, Ordering::Relaxed) != dark {
        shell.look_again.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_for_dark_is_dark() {
        let cases = [
            (Value::U32(1), true),
            (Value::Value(Box::new(Value::U32(1))), true),
            (Value::U32(2), false),
            (Value::U32(0), false),
            (Value::Str("1".into()), false),
        ];
        for (value, expected) in cases {
            assert_eq!(is_dark(&value), expected, "{value:?}");
        }
    }
}
