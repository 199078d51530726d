//! Notifications on the desktop: their texts, and what a click and their buttons do.

#[cfg(target_os = "linux")]
mod freedesktop;
#[cfg(not(target_os = "linux"))]
mod system;

use callboard_domain::{
    command::Role,
    item::{ItemKey, Kind},
    rules::{Notification, NotificationPart},
};
use callboard_engine::api::ItemAction;

#[cfg(target_os = "linux")]
pub(crate) use freedesktop::Notifier;
#[cfg(not(target_os = "linux"))]
pub(crate) use system::Notifier;

use crate::act::{Act, label, runs_at_once};

/// A notification with what can be done on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub title: String,
    pub body: String,
    pub important: bool,
    /// The items that it is about: it is withdrawn once they are moot.
    pub items: Vec<ItemKey>,
    /// What a click on it does.
    pub click: Act,
    /// Each with its label.
    pub buttons: Vec<(String, Act)>,
    /// The run that it is about: a later one about the same run takes its place.
    pub run: Option<String>,
    /// The part about each of its items; empty where there is only a text about all of them.
    pub parts: Vec<NotificationPart>,
    /// It is about the playground: it is marked, and withdrawn when that ends.
    pub playground: bool,
}

/// What is left of a notification some of whose items are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// It is as before.
    Same,
    /// It is about fewer items.
    Less,
    /// Nothing of it is left.
    Nothing,
}

/// The most lines of what is left of a notification.
const LINES: usize = 5;

impl Notice {
    /// A notification of the engine's, with the actions of its item where it is about one.
    pub(crate) fn new(notification: Notification, actions: &[ItemAction]) -> Self {
        let Notification { title, body, items, important, parts } = notification;
        let (click, buttons) = match &items[..] {
            [item] => (Act::Show(Some(item.clone())), buttons(item, actions)),
            _ => (Act::Show(None), vec![("Open the board".to_owned(), Act::Show(None))]),
        };
        Self { title, body, important, items, click, buttons, run: None, parts, playground: false }
    }

    /// A notification of the app itself.
    pub(crate) fn plain(title: impl Into<String>, body: impl Into<String>, click: Act) -> Self {
        let (title, body) = (title.into(), body.into());
        Self {
            title,
            body,
            important: false,
            items: Vec::new(),
            click,
            buttons: Vec::new(),
            run: None,
            parts: Vec::new(),
            playground: false,
        }
    }

    /// Its title as it is shown: one of the playground is marked.
    pub(crate) fn shown_title(&self) -> String {
        if self.playground { format!("Playground: {}", self.title) } else { self.title.clone() }
    }

    /// Removes the parts about items that are over.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems keep what was shown"))]
    pub(crate) fn take_out(&mut self, over: &[ItemKey]) -> Left {
        let before = self.items.len();
        self.items.retain(|item| !over.contains(item));
        if self.items.len() == before {
            return Left::Same;
        }
        if self.items.is_empty() {
            return Left::Nothing;
        }
        self.parts.retain(|part| self.items.contains(&part.item));
        match &self.parts[..] {
            // An older owner sends no parts.
            [] => return Left::Same,
            [only] => {
                let (title, body, item) = (only.title.clone(), only.body.clone(), only.item.clone());
                (self.title, self.body) = (title, body);
                self.buttons = buttons(&item, &[]);
                self.click = Act::Show(Some(item));
            }
            [first, rest @ ..] => {
                let title = format!("{} and {} more", first.title, rest.len());
                let lines: Vec<&str> = rest.iter().take(LINES).map(|part| part.title.as_str()).collect();
                (self.title, self.body) = (title, lines.join("\n"));
            }
        }
        Left::Less
    }
}

/// A notification never approves: a review or a request is opened, so that it is read first.
fn buttons(item: &ItemKey, actions: &[ItemAction]) -> Vec<(String, Act)> {
    let open = ("Open".to_owned(), Act::Show(Some(item.clone())));
    match item.kind {
        Kind::PullRequest | Kind::Approval => return vec![open],
        Kind::Build | Kind::Incident => {}
    }
    let quick: Vec<(String, Act)> = [Role::Again, Role::Take]
        .into_iter()
        .filter_map(|role| actions.iter().find(|it| it.role == Some(role) && runs_at_once(it)))
        .map(|it| (label(it), on_press(it, item)))
        .collect();
    if quick.is_empty() { vec![open] } else { quick }
}

/// Taking an item is quick, and can be undone before it is sent; anything else is opened in the window first.
fn on_press(action: &ItemAction, item: &ItemKey) -> Act {
    let (line, item) = (action.line.clone(), item.clone());
    match action.role {
        Some(Role::Take) => Act::Begin { line, item, label: label(action) },
        _ => Act::Prepare { line, item },
    }
}

/// Text for a place that takes markup (Desktop Notifications, "Markup").
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems take plain text"))]
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use callboard_domain::command::Effect;

    use super::*;

    fn action(role: Role, complete: bool) -> ItemAction {
        ItemAction {
            line: format!("do {role:?}"),
            command: "do".into(),
            summary: format!("{role:?} it"),
            label: None,
            role: Some(role),
            effect: Effect::Changes,
            complete,
        }
    }

    #[test]
    fn joint_notification_keeps_the_parts_that_are_left() {
        let key = |id: &str| -> ItemKey { format!("ci/build/{id}").parse().unwrap() };
        let part = |id: &str| NotificationPart {
            item: key(id),
            title: format!("{id} failed"),
            body: format!("change of {id}"),
        };
        let ids = ["web", "api", "docs"];
        let joint = Notification {
            title: "3 builds failed".into(),
            body: "web\napi\ndocs".into(),
            items: ids.iter().map(|id| key(id)).collect(),
            important: true,
            parts: ids.iter().map(|id| part(id)).collect(),
        };
        // what is over, one after the other -> what is left, and its text then
        let cases: [(&[&[&str]], Left, &str, &str); 5] = [
            (&[&["other"]], Left::Same, "3 builds failed", "web\napi\ndocs"),
            (&[&["api"]], Left::Less, "web failed and 1 more", "docs failed"),
            (&[&["web"], &["docs"]], Left::Less, "api failed", "change of api"),
            (&[&["web", "docs"]], Left::Less, "api failed", "change of api"),
            (&[&["web"], &["docs"], &["api"]], Left::Nothing, "api failed", "change of api"),
        ];
        for (steps, expected, title, body) in cases {
            let mut notice = Notice::new(joint.clone(), &[]);
            let mut left = Left::Same;
            for over in steps {
                left = notice.take_out(&over.iter().map(|id| key(id)).collect::<Vec<_>>());
            }
            assert_eq!(
                (left, notice.title.as_str(), notice.body.as_str()),
                (expected, title, body),
                "{steps:?}"
            );
            if title == "api failed" {
                assert_eq!(notice.click, Act::Show(Some(key("api"))));
            }
        }
        // A notification of an older owner is withdrawn once all of its items are over.
        let mut old = Notice::new(Notification { parts: Vec::new(), ..joint }, &[]);
        assert_eq!(old.take_out(&[key("web"), key("api")]), Left::Same);
        assert_eq!(old.take_out(&[key("docs")]), Left::Nothing);
    }

    #[test]
    fn playground_notification_is_marked_in_its_title() {
        let real = Notice::plain("web failed", "", Act::Show(None));
        assert_eq!(real.shown_title(), "web failed");
        assert_eq!(Notice { playground: true, ..real }.shown_title(), "Playground: web failed");
    }

    #[test]
    fn markup_is_escaped() {
        let cases = [
            ("unit tests failed", "unit tests failed"),
            ("<b>bold</b> & \"x\" 'y'", "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;x&quot; &apos;y&apos;"),
            ("<img src=http://x/>", "&lt;img src=http://x/&gt;"),
            ("&amp;", "&amp;amp;"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn notification_has_the_buttons_of_its_item() {
        use Role::*;
        let all = [action(Comment, true), action(Take, true), action(Approve, true), action(Again, true)];
        let incomplete = [action(Again, false), action(Take, true)];
        // items, actions -> labels of the buttons
        let cases: [(&[&str], &[ItemAction], &[&str]); 7] = [
            (&["ci/build/web@main"], &all, &["Run again", "I am on it"]),
            (&["ci/build/web@main"], &incomplete, &["I am on it"]),
            (&["ci/build/web@main"], &[], &["Open"]),
            (&["forge/pull_request/acme/web#479"], &all, &["Open"]),
            (&["forge/approval/acme/web/7/production"], &all, &["Open"]),
            (&["ci/build/web@main", "ci/build/api@main"], &[], &["Open the board"]),
            (&[], &[], &["Open the board"]),
        ];
        for (items, actions, expected) in cases {
            let items: Vec<ItemKey> = items.iter().map(|it| it.parse().unwrap()).collect();
            let one = (items.len() == 1).then(|| items[0].clone());
            let notification = Notification {
                title: "t".into(),
                body: "b".into(),
                items,
                important: false,
                parts: Vec::new(),
            };
            let notice = Notice::new(notification, actions);
            let labels: Vec<&str> = notice.buttons.iter().map(|(label, _)| label.as_str()).collect();
            assert_eq!(labels, expected, "{one:?}");
            for (label, act) in &notice.buttons {
                let begins = matches!(act, Act::Begin { line, .. } if line == "do Take");
                assert_eq!(begins, label == "I am on it", "{label}: {act:?}");
                let prepares = matches!(act, Act::Prepare { line, .. } if line == "do Again");
                assert_eq!(prepares, label == "Run again", "{label}: {act:?}");
            }
            assert_eq!(notice.click, Act::Show(one));
        }
    }
}
