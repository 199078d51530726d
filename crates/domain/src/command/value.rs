//! Whether a text is a value that an argument can take.

use super::{ArgError, ArgSpec, ArgType};
use crate::{
    duration::{Span, folded},
    item::Kind,
    nearest::nearest,
    until::{self, hour_or_length, is_always_to_come, is_time, latin, on_keyboard},
};

impl ArgSpec {
    /// The value that a text stands for, in the form that commands see: a choice as it is declared, a number without
    /// sign or zeros before it, `true` or `false`, a time in ASCII digits; anything else as it is typed.
    ///
    /// # Errors
    /// [`ArgError::Invalid`].
    pub fn read(&self, text: &str) -> Result<String, ArgError> {
        self.ty.value(text).ok_or_else(|| {
            let keys = if self.ty.is_time() { latin(text) } else { None };
            let keys = keys.filter(|keys| self.ty.accepts(keys));
            ArgError::Invalid {
                arg: self.name.clone(),
                expected: match &keys {
                    Some(keys) => on_keyboard(&self.ty.expected(), keys),
                    None => self.ty.expected(),
                },
                found: text.to_owned(),
                nearest: match &self.ty {
                    ArgType::Choice(choices) => {
                        nearest(text, choices.iter().map(String::as_str)).map(str::to_owned)
                    }
                    // `5h` is read, but not after `until`.
                    ArgType::Time => {
                        keys.filter(|keys| self.ty.may_be_proposed(keys) && hour_or_length(keys).is_none())
                    }
                    ty => keys.filter(|keys| ty.may_be_proposed(keys)),
                },
            }
        })
    }
}

impl ArgType {
    /// What a value of this type looks like, in words that follow "expected".
    pub fn expected(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Live => "a text without control characters".to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Duration => "a length of time such as 90s, 15m, 2h or 1d".to_owned(),
            Self::Time => until::EXPECTED.to_owned(),
            Self::Choice(choices) => match choices.as_slice() {
                [] => "nothing".to_owned(),
                [only] => only.clone(),
                [first @ .., last] => format!("{} or {last}", first.join(", ")),
            },
            Self::Item(Kind::Build) => "a build".to_owned(),
            Self::Item(Kind::PullRequest) => "a pull request".to_owned(),
            Self::Item(Kind::Incident) => "an incident".to_owned(),
            Self::Item(Kind::Approval) => "an approval".to_owned(),
            Self::Pairs => "name=value".to_owned(),
        }
    }

    /// True for a length of time and a time, which may be several words.
    pub(super) fn is_time(&self) -> bool {
        matches!(self, Self::Duration | Self::Time)
    }

    /// True for a value of this type that is not refused later, whenever that is, such as the 31st of February.
    pub(super) fn may_be_proposed(&self, text: &str) -> bool {
        match self {
            Self::Time => is_always_to_come(text),
            ty => ty.accepts(text),
        }
    }

    /// True where a text is a value of this type.
    pub(super) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Text => true,
            // Names of things: what a URL or a service would drop from them makes them name something else.
            Self::Live | Self::Item(_) => !text.is_empty() && !text.contains(char::is_control),
            Self::Duration => text.parse::<Span>().is_ok(),
            Self::Time => is_time(text),
            Self::Choice(choices) => choices.iter().any(|choice| same(choice, text)),
            Self::Number | Self::Bool | Self::Pairs => self.value(text).is_some(),
        }
    }

    fn value(&self, text: &str) -> Option<String> {
        match self {
            Self::Number => text.parse::<i64>().ok().map(|number| number.to_string()),
            Self::Bool => ["true", "yes", "on"]
                .iter()
                .map(|word| (word, "true"))
                .chain(["false", "no", "off"].iter().map(|word| (word, "false")))
                .find(|(word, _)| same(word, text))
                .map(|(_, value)| value.to_owned()),
            Self::Choice(choices) => {
                let exact = choices.iter().find(|choice| *choice == text);
                exact.or_else(|| choices.iter().find(|choice| same(choice, text))).cloned()
            }
            Self::Pairs => None,
            // Services and command files read ASCII.
            Self::Duration | Self::Time => self.accepts(text).then(|| folded(text).into_owned()),
            Self::Text | Self::Live | Self::Item(_) => self.accepts(text).then(|| text.to_owned()),
        }
    }
}

/// True where two words differ at most in their case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

/// True where what is typed names an argument: case does not count, and `-` and `_` are one.
pub(super) fn names(typed: &str, arg: &str) -> bool {
    let plain = |c: u8| if c == b'-' { b'_' } else { c.to_ascii_lowercase() };
    typed.bytes().map(plain).eq(arg.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_type() {
        let choice = ArgType::Choice(vec!["staging".into(), "Production".into()]);
        let cases: &[(&ArgType, &str, Option<&str>)] = &[
            (&ArgType::Text, "any thing", Some("any thing")),
            (&ArgType::Text, "", Some("")),
            (&ArgType::Live, "", None),
            (&ArgType::Live, "main\t", None),
            (&ArgType::Text, "two\nlines", Some("two\nlines")),
            (&ArgType::Item(Kind::Build), "web\nmain", None),
            (&ArgType::Item(Kind::Build), "web\u{7f}", None),
            (&ArgType::Item(Kind::Build), "web main", Some("web main")),
            (&ArgType::Item(Kind::Build), "", None),
            (&ArgType::Number, "3", Some("3")),
            (&ArgType::Number, "+007", Some("7")),
            (&ArgType::Number, "-5", Some("-5")),
            (&ArgType::Number, "3.5", None),
            (&ArgType::Number, "99999999999999999999", None),
            (&ArgType::Number, "three", None),
            (&ArgType::Bool, "Yes", Some("true")),
            (&ArgType::Bool, "off", Some("false")),
            (&ArgType::Bool, "maybe", None),
            (&ArgType::Duration, "90m", Some("90m")),
            (&ArgType::Duration, "90", None),
            (&ArgType::Duration, "2 hours", Some("2 hours")),
            (&ArgType::Time, "monday 14:30", Some("monday 14:30")),
            (&ArgType::Time, "2020-01-01", Some("2020-01-01")),
            (&ArgType::Time, "the deploy", None),
            (&ArgType::Duration, "５ｈ", Some("5h")),
            (&ArgType::Time, "１８：３０", Some("18:30")),
            (&ArgType::Duration, "5р", None),
            (&ArgType::Time, "ещьщккщц", None),
            (&ArgType::Text, "５h", Some("５h")),
            (&choice, "production", Some("Production")),
            (&choice, "STAGING", Some("staging")),
            (&choice, "stage", None),
            (&ArgType::Pairs, "a=b", None),
        ];
        for (ty, text, expected) in cases {
            let arg = ArgSpec::new("x", (*ty).clone(), "");
            assert_eq!(arg.read(text).ok().as_deref(), *expected, "{ty:?} {text:?}");
            assert_eq!(ty.accepts(text), expected.is_some(), "{ty:?} {text:?}");
        }
    }

    #[test]
    fn invalid_value_error_names_what_was_expected() {
        let env = ArgSpec::choice("env", ["staging", "production"], "where");
        assert_eq!(
            env.read("stagin").unwrap_err().to_string(),
            "env: expected staging or production, found \"stagin\"; did you mean \"staging\"?"
        );
        let on_keyboard = [
            (
                ArgType::Duration,
                "5р",
                "x: expected a length of time such as 90s, 15m, 2h or 1d (typed on another keyboard layout? \"5h\"), found \"5р\"; did you mean \"5h\"?".to_owned(),
            ),
            (
                ArgType::Time,
                "31 ауи",
                format!(
                    "x: expected {} (typed on another keyboard layout? \"31 feb\"), found \"31 ауи\"",
                    until::EXPECTED
                ),
            ),
            (
                ArgType::Duration,
                "тест",
                "x: expected a length of time such as 90s, 15m, 2h or 1d, found \"тест\"".to_owned(),
            ),
        ];
        for (ty, text, expected) in on_keyboard {
            assert_eq!(ArgSpec::new("x", ty, "").read(text).unwrap_err().to_string(), expected);
        }
        assert_eq!(
            ArgSpec::item("pr", Kind::PullRequest, "").read("").unwrap_err().to_string(),
            "pr: expected a pull request, found \"\""
        );
    }

    #[test]
    fn names_are_forgiving() {
        for (typed, arg, expected) in
            [("dry-run", "dry_run", true), ("Ref", "ref", true), ("refs", "ref", false)]
        {
            assert_eq!(names(typed, arg), expected, "{typed} {arg}");
        }
    }
}
