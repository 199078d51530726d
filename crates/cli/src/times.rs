//! Times as they are typed.

use anyhow::Result;
use callboard_domain::{text, until};
use jiff::{Timestamp, tz::TimeZone};

use crate::exit::Usage;

/// A time to come: a length of time from now, or a time. `or` is text about what else works in its place: "`off` ends it".
pub(crate) fn to_come(text: &str, or: &str, now: Timestamp) -> Result<Timestamp> {
    until::until(text, &now.to_zoned(TimeZone::system()))
        .map_err(|why| Usage(format!("expected {}, found {:?}; {or}", why.expected(), shown(text))).into())
}

/// A time past: a length of time ago, or a time.
pub(crate) fn past(text: &str, now: Timestamp) -> Result<Timestamp> {
    until::since(text, &now.to_zoned(TimeZone::system()))
        .map_err(|expected| Usage(format!("expected {expected}, found {:?}", shown(text))).into())
}

/// What was typed, as far as an error shows it.
fn shown(text: &str) -> String {
    text::cut(text, until::LONGEST_QUOTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_time_names_what_else_works() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let refused = to_come("soon", "`off` ends it", now).unwrap_err().to_string();
        assert!(
            refused.starts_with("expected a length of time") && refused.ends_with("; `off` ends it"),
            "{refused}"
        );
        let past_one = to_come("2020-01-01", "`off` ends it", now).unwrap_err().to_string();
        assert!(past_one.starts_with("expected a time that is not past yet"), "{past_one}");
        let before = to_come("-2h", "`off` ends it", now).unwrap_err().to_string();
        assert!(before.starts_with("expected a time that is not past yet, found \"-2h\""), "{before}");
        for text in ["2h", "2 hours", "2 hours ago", "-2h"] {
            assert_eq!(past(text, now).unwrap().to_string(), "2026-11-22T08:00:00Z", "{text}");
        }
        let refused = past("---2h", now).unwrap_err().to_string();
        assert!(
            refused.starts_with("expected a length of time such as 2h") && refused.ends_with("\"---2h\"")
        );
    }
}
