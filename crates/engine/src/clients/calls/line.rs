//! A line while it is typed: what it says so far, and how it would be written.

use std::collections::BTreeMap;

use callboard_domain::command::{self, ArgError, ArgSpec, ArgType, Args, PartialParse};

use crate::{
    Engine,
    act::run::{account_of, with_account},
    api::{ApiError, LineRead, ReadLine, WriteLine},
};

/// The argument that every command has: whose it is to run, where several accounts can.
pub(super) const ACCOUNT: &str = "account";

impl Engine {
    pub(crate) async fn read_line(&self, query: ReadLine) -> Result<LineRead, ApiError> {
        let active = self.active();
        let (line, asked, problem) = match account_of(&query.line) {
            Ok((line, asked)) => (line, asked, None),
            Err(error) => (query.line, None, Some(error.to_string())),
        };
        let nothing = LineRead {
            command: None,
            values: BTreeMap::new(),
            names: BTreeMap::new(),
            asks_for: None,
            problem,
        };
        if line.trim().is_empty() {
            return Ok(nothing);
        }
        let mut read = match active.registry.parse(&line) {
            Ok((entry, parsed)) => LineRead {
                command: Some(self.command_info(entry)),
                values: given_values(&parsed.args, &parsed.given),
                asks_for: parsed.missing.first().map(|arg| arg.name.clone()),
                ..nothing
            },
            Err(error) => {
                // What can mean several things, or is not closed, is only for who typed it to mend.
                let begun = match error {
                    ArgError::Unexpected { .. } | ArgError::Invalid { .. } => active.registry.begun(&line),
                    _ => None,
                };
                let (values, asks_for) = begun.map(values_so_far).unwrap_or_default();
                LineRead {
                    command: active.registry.named(&line).map(|entry| self.command_info(entry)),
                    values,
                    asks_for,
                    problem: nothing.problem.or(Some(error.to_string())),
                    ..nothing
                }
            }
        };
        if let Some(command) = &read.command {
            read.names = self.names_of(&command.spec, &read.values, asked.as_ref()).await;
        }
        if read.command.is_some() {
            read.values.extend(asked.map(|account| (ACCOUNT.to_owned(), account.0)));
        }
        Ok(read)
    }

    pub(crate) async fn write_line(&self, query: WriteLine) -> Result<String, ApiError> {
        let active = self.active();
        let spec = &active.registry.find(&query.command)?.spec;
        let mut values = query.values;
        values.retain(|_, value| !value.is_empty());
        let account = values.remove(ACCOUNT);
        let mut args = Args::default();
        for (name, value) in values {
            let unexpected =
                || ArgError::Unexpected { command: spec.name.clone(), name: name.clone(), nearest: None };
            let arg = spec.find_arg(&name).ok_or_else(unexpected)?;
            match arg.ty {
                ArgType::Pairs => args.pairs = pairs(&value)?,
                _ => drop(args.values.insert(name, value)),
            }
        }
        // A parsed line has the defaults among its arguments: only with them can the two be the same.
        let mut whole = args.clone();
        for arg in spec.args.iter().filter(|arg| !args.values.contains_key(&arg.name)) {
            whole.values.extend(arg.default.clone().map(|default| (arg.name.clone(), default)));
        }
        let line = active.registry.line(spec, &whole);
        let by_name = line == command::canonical_line(spec, &whole);
        let line = if by_name { command::canonical_line(spec, &args) } else { line };
        Ok(match account {
            Some(account) => with_account(&line, &account),
            None => line,
        })
    }
}

/// What a line's own words say; its defaults are not among them.
fn given_values(args: &Args, given: &[&ArgSpec]) -> BTreeMap<String, String> {
    let value = |arg: &ArgSpec| match arg.ty {
        ArgType::Pairs => Some(written(&args.pairs)),
        _ => args.get(&arg.name).map(str::to_owned),
    };
    given.iter().filter_map(|arg| Some((arg.name.clone(), value(arg)?))).collect()
}

/// The same of a line that makes no sense as a whole, with the texts that are no values yet; and which of these to look at
/// first. None where there are words that no argument can take: only on the line itself they are not lost.
fn values_so_far(begun: PartialParse<'_>) -> (BTreeMap<String, String>, Option<String>) {
    let mut values = given_values(&begun.args, &begun.given);
    let first = begun.texts.first().filter(|_| begun.left.is_empty()).map(|(arg, _)| arg.name.clone());
    values.extend(begun.texts.into_iter().map(|(arg, text)| (arg.name.clone(), text)));
    (values, first)
}

/// `a=b c="d e"` as pairs.
fn pairs(text: &str) -> Result<Vec<(String, String)>, ArgError> {
    let wrong = |found: &str| ArgError::Invalid {
        arg: "name=value".into(),
        expected: ArgType::Pairs.expected(),
        found: found.to_owned(),
        nearest: None,
    };
    let pair = |token: &command::Token| {
        let (name, value) = token.text.split_once('=').ok_or_else(|| wrong(&token.text))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    command::tokens(text)?.iter().map(pair).collect()
}

/// The other way round.
fn written(pairs: &[(String, String)]) -> String {
    let pairs =
        pairs.iter().map(|(name, value)| format!("{}={}", command::quote(name), command::quote(value)));
    pairs.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_are_written() {
        let cases = [
            ("", Ok(vec![])),
            ("a=b", Ok(vec![("a", "b")])),
            ("a=b \"c d\"=\"e f\" g=", Ok(vec![("a", "b"), ("c d", "e f"), ("g", "")])),
            ("a", Err(())),
        ];
        for (text, expected) in cases {
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let expected = expected.map(|pairs| pairs.into_iter().map(own).collect::<Vec<_>>());
            let read = pairs(text).map_err(drop);
            assert_eq!(read, expected, "{text}");
            if let Ok(read) = read {
                assert_eq!(pairs(&written(&read)), Ok(read));
            }
        }
    }
}
