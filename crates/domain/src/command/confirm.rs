//! What a person is asked before a command runs.

use std::str::FromStr;

/// What [`super::Policy::confirm`] gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Confirm {
    /// Nothing is asked.
    #[default]
    None,
    /// Yes or no.
    Yes,
    /// The value of this argument is to be typed again.
    Type(String),
}

impl FromStr for Confirm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "yes" => Ok(Self::Yes),
            _ => match text.strip_prefix("type:") {
                Some(arg) if !arg.is_empty() => Ok(Self::Type(arg.to_owned())),
                _ => Err(format!("expected none, yes or type:ARGUMENT, found {text:?}")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirm_values_are_parsed() {
        let cases = [
            ("none", Some(Confirm::None)),
            ("yes", Some(Confirm::Yes)),
            ("type:env", Some(Confirm::Type("env".into()))),
            ("type:", None),
            ("true", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse().ok(), expected, "{text:?}");
        }
    }
}
