//! The acts that a person can start outside the windows: in the tray's menu and on notifications.

use callboard_domain::{
    command::{Effect, Role},
    item::ItemKey,
};
use callboard_engine::api::ItemAction;
use jiff::{Timestamp, ToSpan, Zoned, civil::Time};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Show the launcher, at an item or as it was left.
    Show(Option<ItemKey>),
    /// Open a link in the browser.
    Browse(String),
    /// Show the launcher with a line on an item, and its preview: nothing is sent before a person confirms it there.
    Prepare { line: String, item: ItemKey },
    /// Run a line on an item in a few seconds, unless it is undone until then. `label` is that of its button.
    Begin { line: String, item: ItemKey, label: String },
    /// Take back a run that has not begun.
    Undo { run: String },
    /// Do not disturb.
    Quiet(Option<Until>),
    /// Show the settings, at a view or as they were left.
    Settings(Option<&'static str>),
    /// End the app.
    Quit,
}

/// How long not to disturb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    HalfAnHour,
    AnHour,
    Evening,
    Tomorrow,
    TurnedOff,
}

impl Until {
    pub(crate) const ALL: [Self; 5] =
        [Self::HalfAnHour, Self::AnHour, Self::Evening, Self::Tomorrow, Self::TurnedOff];

    /// Its label in a menu.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::HalfAnHour => "30 minutes",
            Self::AnHour => "1 hour",
            Self::Evening => "This evening, 18:00",
            Self::Tomorrow => "Tomorrow, 8:00",
            Self::TurnedOff => "I turn it off",
        }
    }

    /// Whether it is offered at this time of the day.
    pub(crate) fn is_offered(self, now: &Zoned) -> bool {
        self != Self::Evening || now.hour() < 18
    }

    /// The end of it.
    pub(crate) fn end(self, now: &Zoned) -> Timestamp {
        let at = |day: &Zoned, hour: i8| day.with().time(Time::constant(hour, 0, 0, 0)).build().ok();
        let end = match self {
            Self::HalfAnHour => now.checked_add(30.minutes()).ok(),
            Self::AnHour => now.checked_add(1.hour()).ok(),
            Self::Evening => at(now, 18),
            Self::Tomorrow => now.tomorrow().ok().and_then(|day| at(&day, 8)),
            Self::TurnedOff => now.checked_add(100.years()).ok(),
        };
        end.unwrap_or_else(|| now.clone()).timestamp()
    }
}

/// An action that runs without further input, and changes something.
pub(crate) fn runs_at_once(action: &ItemAction) -> bool {
    action.complete && action.effect == Effect::Changes
}

/// The label of an action on a button or in a menu.
pub(crate) fn label(action: &ItemAction) -> String {
    match action.role {
        _ if action.label.is_some() => action.label.clone().unwrap_or_default(),
        Some(Role::Again) => "Run again".to_owned(),
        Some(Role::Take) => "I am on it".to_owned(),
        Some(Role::Stop) => "Stop".to_owned(),
        Some(Role::Resolve) => "Resolve".to_owned(),
        _ => action.summary.clone(),
    }
}

/// Approvals and merges are only done in the window, with a deliberate key.
pub(crate) fn is_deliberate(action: &ItemAction) -> bool {
    matches!(action.role, Some(Role::Approve | Role::Merge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_do_not_disturb() {
        let now: Zoned = "2026-11-22T12:06:30+01:00[Europe/Berlin]".parse().unwrap();
        let cases = [
            (Until::HalfAnHour, "2026-11-22T12:36:30+01:00"),
            (Until::AnHour, "2026-11-22T13:06:30+01:00"),
            (Until::Evening, "2026-11-22T18:00:00+01:00"),
            (Until::Tomorrow, "2026-11-23T08:00:00+01:00"),
            (Until::TurnedOff, "2126-11-22T12:06:30+01:00"),
        ];
        for (until, expected) in cases {
            assert_eq!(until.end(&now), expected.parse::<Timestamp>().unwrap(), "{until:?}");
            assert!(until.is_offered(&now));
        }
        let late: Zoned = "2026-11-22T18:00:00+01:00[Europe/Berlin]".parse().unwrap();
        assert!(!Until::Evening.is_offered(&late));
        // The night in which clocks go forward: eight is eight.
        let spring: Zoned = "2026-03-28T20:00:00+01:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(Until::Tomorrow.end(&spring), "2026-03-29T08:00:00+02:00".parse::<Timestamp>().unwrap());
    }
}
