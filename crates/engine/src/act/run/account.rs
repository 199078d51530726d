//! The account that a line names to say whose command is meant, where several have it.

use callboard_domain::{
    command::{self, ArgError},
    item::AccountName,
};

/// Takes `account=NAME` or `--account NAME` out of a line: it says whose command is meant, where several have it. The last one
/// counts, because what is before it may be words of a text.
pub(crate) fn account_of(line: &str) -> Result<(String, Option<AccountName>), ArgError> {
    let tokens = command::tokens(line)?;
    for (place, token) in tokens.iter().enumerate().rev() {
        let next = tokens.get(place + 1);
        let (name, end) = match (token.text.trim_start_matches("--").strip_prefix("account="), next) {
            (Some(name), _) if !token.is_quoted() => (name.to_owned(), token.end),
            (None, Some(next)) if token.text == "--account" => (next.text.clone(), next.end),
            _ => continue,
        };
        let rest = format!("{} {}", line[..token.start].trim_end(), line[end..].trim_start());
        return Ok((rest.trim().to_owned(), Some(AccountName(name))));
    }
    Ok((line.to_owned(), None))
}

/// The other way round: a line that names no account yet, with the one that is to run it.
pub(crate) fn with_account(line: &str, account: &str) -> String {
    format!("{line} --account {}", command::quote(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_can_be_named_on_the_line() {
        let cases = [
            ("build web", "build web", None),
            ("build web account=ci", "build web", Some("ci")),
            ("build account=ci web branch=main", "build web branch=main", Some("ci")),
            ("build web --account ci", "build web", Some("ci")),
            ("build web --account=ci x=1", "build web x=1", Some("ci")),
            ("comment 'account=ci'", "comment 'account=ci'", None),
            ("comment see account=x --account ci", "comment see account=x", Some("ci")),
            ("comment pass --account --account ci", "comment pass --account", Some("ci")),
        ];
        for (line, rest, account) in cases {
            let (found, named) = account_of(line).unwrap();
            assert_eq!((found.as_str(), named.as_ref().map(AccountName::as_str)), (rest, account), "{line}");
        }
    }

    #[test]
    fn an_account_on_a_line_is_read_as_it_was_written() {
        let lines =
            ["ack", "build web branch=main", "comment see account=x", "comment pass --account", "a -- b=c"];
        for line in lines {
            // What is typed of a name may be anything.
            for account in ["ci", "c", "a b", "\"", "--account", "account=x"] {
                let read = account_of(&with_account(line, account)).unwrap();
                assert_eq!(read, (line.to_owned(), Some(AccountName::from(account))), "{line} {account}");
            }
        }
    }
}
