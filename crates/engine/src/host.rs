//! What a desktop or a terminal does for the engine.

use callboard_domain::{item::ItemKey, rules::Notification};

use crate::api::Check;

/// What a desktop or a terminal does for the engine. Calls return at once; slow work goes elsewhere.
pub trait Host: Send + Sync {
    /// Shows a notification to the person. It is shown once: the engine has recorded it as shown.
    fn notify(&self, notification: &Notification);

    /// The notifications about these items are moot: those still shown can be withdrawn.
    fn withdraw(&self, _items: &[ItemKey]) {}

    /// The checks that `doctor` makes of the surroundings: the tray, the hotkey. May take a moment.
    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    /// Whether notifications can be shown here, where that is not among the other checks. Only asked where no client shows
    /// them instead. May take a moment.
    fn notification_check(&self) -> Option<Check> {
        None
    }

    /// Something in the store changed: a client may want to read it again.
    fn changed(&self) {}
}
