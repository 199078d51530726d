//! What a command is called, takes and does. A spec is built from [`CommandSpec::new`]: only what differs from the usual is
//! added.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::item::Kind;

/// How long a run may take where a spec sets no other time.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// What a command is called, takes and does. One for a connector's action and for a command from a file alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct CommandSpec {
    /// One word or more: `deploy`, `pr approve`.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// What it does, in a line.
    pub summary: String,
    /// The text of a button that runs it with its defaults, where its role alone is ambiguous: `Silence for 2 h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The grammar of the typed line: `deploy <app>[/<ref>] to <env>`. Starts with the name. See [`Usage`](super::Usage).
    pub usage: String,
    /// What it takes, in the order in which it is asked for.
    pub args: Vec<ArgSpec>,
    /// Lines that work as they are.
    pub examples: Vec<String>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// What it is to an item that it runs on, where that is one of the usual things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How long a run may take.
    #[ts(type = "{ secs: number; nanos: number }")]
    pub timeout: Duration,
    /// Where its outcome goes and what guards it.
    pub policy: Policy,
    /// True where it asks each account that has it, unless one is named. Such a command only looks.
    #[serde(default)]
    pub every_account: bool,
}

/// Whether a command changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Only looks.
    Reads,
    /// Changes something outside.
    Changes,
}

/// What a command is to an item that it runs on: what people look for on every row, whatever the service calls it.
/// Clients give each its own key and place.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs it again.
    Again,
    /// Approves it.
    Approve,
    /// Says no to it.
    Deny,
    /// Takes it: "I am on it".
    Take,
    /// Merges it.
    Merge,
    /// Ends it, or says that it is over.
    Resolve,
    /// Asks others to take it.
    Assign,
    /// Lets it go: it asks for somebody again.
    Release,
    /// Says something on it.
    Comment,
    /// Stops it.
    Stop,
    /// Shows its log.
    Log,
    /// Shows it in full.
    Show,
}

/// Where a command's outcome goes and what guards it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Policy {
    /// The channel or address of the outcome, maybe a template over the arguments.
    pub post: Option<String>,
    /// A CEL expression over the arguments that gives `none`, `yes` (ask) or `type:ARG` (type that argument's value again).
    /// See [`Confirm`](super::Confirm).
    pub confirm: Option<String>,
    /// A name, maybe a template over the arguments, of which only one run may be under way.
    pub lock: Option<String>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct ArgSpec {
    /// Its name, as in `name=value`.
    pub name: String,
    /// What it is, in a line.
    pub summary: String,
    /// What it can be.
    pub ty: ArgType,
    /// What it is where it is not given.
    pub default: Option<String>,
    /// True where the command cannot run without it.
    pub required: bool,
}

/// What an argument can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ArgType {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`; `--name` alone is true.
    Bool,
    /// A length of time: `90s`, `15m`, `2 hours`, `1d`.
    Duration,
    /// A time to come: `18:00`, `tomorrow`, `monday 14:30`. See [`crate::until`].
    Time,
    /// One of these.
    Choice(Vec<String>),
    /// Any text; the service can list what it may be ([`crate::action::Action::choices`]).
    Live,
    /// An item on the board, by its reference or any unambiguous part of it.
    Item(Kind),
    /// Any further `name=value` on the line. At most one argument of this type, the last.
    Pairs,
}

impl CommandSpec {
    /// A command that takes nothing, changes something, and may take [`USUAL_TIMEOUT`].
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            usage: name.clone(),
            name,
            aliases: Vec::new(),
            summary: summary.into(),
            label: None,
            args: Vec::new(),
            examples: Vec::new(),
            effect: Effect::Changes,
            role: None,
            timeout: USUAL_TIMEOUT,
            policy: Policy::default(),
            every_account: false,
        }
    }

    /// The same with this text on a button that runs it with its defaults.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same with this grammar of the typed line. It starts with the name.
    #[must_use]
    pub fn usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = usage.into();
        self
    }

    /// The same with one more argument. Their order is the order in which they are asked for.
    #[must_use]
    pub fn arg(mut self, arg: ArgSpec) -> Self {
        self.args.push(arg);
        self
    }

    /// The same with one more name.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>) -> Self {
        self.aliases.push(name.into());
        self
    }

    /// The same with one more line that works as it is.
    #[must_use]
    pub fn example(mut self, line: impl Into<String>) -> Self {
        self.examples.push(line.into());
        self
    }

    /// The same, and it only looks.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// The same, and where no account is named it asks each account that has it.
    #[must_use]
    pub fn every_account(mut self) -> Self {
        self.every_account = true;
        self
    }

    /// The same, and this is what it is to an item.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The same with another time limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with this as [`Policy::post`].
    #[must_use]
    pub fn post(mut self, to: impl Into<String>) -> Self {
        self.policy.post = Some(to.into());
        self
    }

    /// The same with this as [`Policy::confirm`].
    #[must_use]
    pub fn confirm(mut self, expression: impl Into<String>) -> Self {
        self.policy.confirm = Some(expression.into());
        self
    }

    /// The same with this as [`Policy::lock`].
    #[must_use]
    pub fn lock(mut self, name: impl Into<String>) -> Self {
        self.policy.lock = Some(name.into());
        self
    }

    /// The argument of that name.
    pub fn find_arg(&self, name: &str) -> Option<&ArgSpec> {
        self.args.iter().find(|arg| arg.name == name)
    }
}

impl ArgSpec {
    /// An argument of any type, required (but for [`ArgType::Bool`] and [`ArgType::Pairs`], which may always be left out).
    pub fn new(name: impl Into<String>, ty: ArgType, summary: impl Into<String>) -> Self {
        let required = !matches!(ty, ArgType::Bool | ArgType::Pairs);
        Self { name: name.into(), summary: summary.into(), ty, default: None, required }
    }

    /// Any text.
    pub fn text(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Text, summary)
    }

    /// A whole number.
    pub fn number(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Number, summary)
    }

    /// `--name` for true; not given otherwise.
    pub fn flag(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Bool, summary)
    }

    /// A length of time.
    pub fn duration(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Duration, summary)
    }

    /// A time to come.
    pub fn time(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Time, summary)
    }

    /// One of these.
    pub fn choice<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
        summary: impl Into<String>,
    ) -> Self {
        Self::new(name, ArgType::Choice(values.into_iter().map(Into::into).collect()), summary)
    }

    /// What the service lists with [`crate::action::Action::choices`].
    pub fn live(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Live, summary)
    }

    /// An item on the board.
    pub fn item(name: impl Into<String>, kind: Kind, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Item(kind), summary)
    }

    /// Any further `name=value` on the line.
    pub fn pairs(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(name, ArgType::Pairs, summary)
    }

    /// The same, and the command runs without it.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same, and it is this where it is not given.
    #[must_use]
    pub fn or(mut self, default: impl Into<String>) -> Self {
        self.default = Some(default.into());
        self.required = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_builder_has_defaults() {
        let spec = CommandSpec::new("silence", "Silence an alert")
            .usage("silence <alert> [for <duration>] [comment...]")
            .arg(ArgSpec::item("alert", Kind::Incident, "the alert"))
            .arg(ArgSpec::duration("duration", "for how long").or("2h"))
            .arg(ArgSpec::text("comment", "why").optional())
            .arg(ArgSpec::flag("quiet", "tell nobody"));
        assert_eq!((spec.effect, spec.timeout), (Effect::Changes, USUAL_TIMEOUT));
        let required: Vec<_> = spec.args.iter().map(|arg| arg.required).collect();
        assert_eq!(required, [true, false, false, false]);
        assert_eq!(spec.find_arg("duration").and_then(|arg| arg.default.as_deref()), Some("2h"));
        assert_eq!(CommandSpec::new("cat", "A cat").usage, "cat");
    }
}
