//! Who asks for something, and through what.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::item::AccountName;

/// Who asks for something, and through what. Every call that changes something takes one, and what it changes keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// Through what.
    pub via: Via,
}

impl Actor {
    /// A rule of that name, which posts an event by itself.
    pub fn rule(name: impl Into<String>) -> Self {
        Self { principal: Principal::Program { name: name.into() }, via: Via::Rule }
    }

    /// Whoever wrote the configuration's files, which do not say who that was.
    pub fn configuration() -> Self {
        Self { principal: Principal::Program { name: "callboard".to_owned() }, via: Via::Configuration }
    }

    /// An actor whose record is damaged: neither the principal nor the via can be read.
    pub fn unreadable() -> Self {
        Self { principal: Principal::Unreadable, via: Via::Unreadable }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.principal {
            Principal::Unreadable => write!(f, "{}", self.principal),
            _ => write!(f, "{} via {}", self.principal, self.via),
        }
    }
}

/// The name of a person in `[people]`: it stays the same whatever services call them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(transparent)]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asks. Shown by [`fmt::Display`] as people name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Principal {
    /// A person whom `[people]` lists.
    Person {
        /// Their name there.
        id: PersonId,
    },
    /// A person whom `[people]` does not list. They are a principal of their own, never taken for one who is listed, and
    /// belong to no team.
    Unlisted {
        /// The account whose service says who they are; `None` where the operating system of this computer does.
        account: Option<AccountName>,
        /// What it identifies them by: a user id, a login name that is never given twice.
        id: String,
        /// What it calls them. For display only: two people may have one name.
        name: String,
    },
    /// A program: a rule, a schedule, an inbound hook, an assistant.
    Program {
        /// What people call it.
        name: String,
    },
    /// Unreadable: the record is damaged. Never written; it matches no person.
    Unreadable,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person { id } => &id.0,
            Self::Unlisted { name, .. } | Self::Program { name } => name,
            Self::Unreadable => "unknown (its record is damaged)",
        })
    }
}

/// Through what somebody asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Via {
    /// A window of the desktop app.
    Launcher,
    /// The menu of the tray icon.
    Tray,
    /// A button of a notification.
    Notification,
    /// The command line.
    Cli,
    /// The rules of the configuration.
    Rule,
    /// The files of the configuration.
    Configuration,
    /// A message in a chat.
    Chat {
        /// The account of the chat.
        account: AccountName,
        /// The channel.
        channel: String,
        /// The id of the message.
        message: String,
    },
    /// A schedule.
    Schedule {
        /// The command that it runs.
        command: String,
    },
    /// An inbound hook.
    Hook {
        /// Its name.
        name: String,
    },
    /// An assistant that speaks the Model Context Protocol.
    Mcp {
        /// What it calls itself.
        client: String,
    },
    /// See [`Principal::Unreadable`].
    Unreadable,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Launcher => f.write_str("launcher"),
            Self::Tray => f.write_str("tray"),
            Self::Notification => f.write_str("notification"),
            Self::Cli => f.write_str("cli"),
            Self::Rule => f.write_str("rule"),
            Self::Configuration => f.write_str("configuration"),
            Self::Chat { account, channel, .. } => write!(f, "{account}:{channel}"),
            Self::Schedule { command } => write!(f, "schedule {command}"),
            Self::Hook { name } => write!(f, "hook {name}"),
            Self::Mcp { client } => write!(f, "mcp {client}"),
            Self::Unreadable => f.write_str("unknown (damaged)"),
        }
    }
}

/// Through what this computer's user may say to ask: what a client on the local socket is believed. Whatever else there is
/// attests itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalVia {
    /// See [`Via::Launcher`].
    Launcher,
    /// See [`Via::Tray`].
    Tray,
    /// See [`Via::Notification`].
    Notification,
    /// See [`Via::Cli`]. What a client means that doesn't say: those of before this was asked.
    #[default]
    Cli,
}

impl From<LocalVia> for Via {
    fn from(via: LocalVia) -> Self {
        match via {
            LocalVia::Launcher => Self::Launcher,
            LocalVia::Tray => Self::Tray,
            LocalVia::Notification => Self::Notification,
            LocalVia::Cli => Self::Cli,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(name: &str) -> Principal {
        Principal::Person { id: PersonId(name.into()) }
    }

    #[test]
    fn actor_is_stored_and_shown() {
        let local = Principal::Unlisted { account: None, id: "1000".into(), name: "bo".into() };
        let guest =
            Principal::Unlisted { account: Some("chat".into()), id: "U9".into(), name: "Cy O'Hara".into() };
        let chat = Via::Chat { account: "chat".into(), channel: "#ops".into(), message: "17.2".into() };
        let assistant = Principal::Program { name: "notetaker".into() };
        let mcp = Via::Mcp { client: "notes".into() };
        // actor -> its stored form, what is shown
        let cases = [
            (
                Actor { principal: person("ana"), via: Via::Cli },
                json!({ "principal": { "kind": "person", "id": "ana" }, "via": { "kind": "cli" } }),
                "ana via cli",
            ),
            (
                Actor { principal: local, via: Via::Launcher },
                json!({
                    "principal": { "kind": "unlisted", "account": null, "id": "1000", "name": "bo" },
                    "via": { "kind": "launcher" },
                }),
                "bo via launcher",
            ),
            (
                Actor { principal: guest, via: chat },
                json!({
                    "principal": { "kind": "unlisted", "account": "chat", "id": "U9", "name": "Cy O'Hara" },
                    "via": { "kind": "chat", "account": "chat", "channel": "#ops", "message": "17.2" },
                }),
                "Cy O'Hara via chat:#ops",
            ),
            (
                Actor { principal: assistant, via: mcp },
                json!({
                    "principal": { "kind": "program", "name": "notetaker" },
                    "via": { "kind": "mcp", "client": "notes" },
                }),
                "notetaker via mcp notes",
            ),
            (
                Actor::rule("main is red"),
                json!({ "principal": { "kind": "program", "name": "main is red" }, "via": { "kind": "rule" } }),
                "main is red via rule",
            ),
            (
                Actor::unreadable(),
                json!({ "principal": { "kind": "unreadable" }, "via": { "kind": "unreadable" } }),
                "unknown (its record is damaged)",
            ),
        ];
        for (actor, stored, shown) in cases {
            assert_eq!(serde_json::to_value(&actor).unwrap(), stored);
            assert_eq!(serde_json::from_value::<Actor>(stored).unwrap(), actor);
            assert_eq!(actor.to_string(), shown);
        }
    }

    #[test]
    fn local_client_can_only_claim_a_local_via() {
        for (name, expected) in [
            ("launcher", Some(Via::Launcher)),
            ("tray", Some(Via::Tray)),
            ("notification", Some(Via::Notification)),
            ("cli", Some(Via::Cli)),
            ("rule", None),
            ("chat", None),
            ("mcp", None),
            ("", None),
        ] {
            let read = serde_json::from_value::<LocalVia>(json!(name)).ok().map(Via::from);
            assert_eq!(read, expected, "{name:?}");
        }
    }
}
