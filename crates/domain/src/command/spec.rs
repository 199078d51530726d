//! Specs that read like what they say: start with [`CommandSpec::new`], then add what differs from the usual.

use std::time::Duration;

use super::{ArgSpec, ArgType, Args, CommandSpec, Effect, Policy, Role};
use crate::{duration::Span, item::Kind};

/// How long a run may take where nothing else is said.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

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

    /// The same with these words on a button that runs it as it stands.
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

    /// The same with one more line that works as it stands.
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

impl Args {
    /// True where a [`ArgType::Bool`] argument is given as true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// A [`ArgType::Number`] argument, where it is given.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// A [`ArgType::Duration`] argument, where it is given.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        Some(self.get(name)?.parse::<Span>().ok()?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_says_only_what_is_unusual() {
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

    #[test]
    fn typed_values_are_read() {
        let values = [("yes", "true"), ("no", "false"), ("count", "3"), ("for", "1h 30m")];
        let args = Args {
            values: values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            ..Args::default()
        };
        assert!(args.flag("yes") && !args.flag("no") && !args.flag("other"));
        assert_eq!(args.number("count"), Some(3));
        assert_eq!(args.duration("for"), Some(Duration::from_secs(5_400)));
        assert_eq!(args.duration("count"), None);
    }
}
