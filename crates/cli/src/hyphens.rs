//! Words that begin with a hyphen and are no flag: `callboard snooze KEY -2h`. The parser of arguments takes any such word for
//! an unknown flag; the argument that it is meant for has the better error.

use std::ffi::OsString;

use clap::CommandFactory;

use crate::args::Cli;

/// The same arguments, with all flags of this program before `--`, and such words after it. A line that is run stays as it
/// is: its flags are its command's.
pub(crate) fn separate_hyphen_values(args: Vec<OsString>) -> Vec<OsString> {
    let looks_short = |arg: &OsString| {
        let text = arg.to_string_lossy();
        text.len() > 1 && text.starts_with('-') && !text.starts_with("--")
    };
    if !args.iter().any(looks_short) {
        return args;
    }
    let mut program = Cli::command();
    program.build();
    let mut part = &program;
    let mut words = args.iter().skip(1);
    let mut before: Vec<OsString> = args.first().cloned().into_iter().collect();
    let mut after: Vec<OsString> = Vec::new();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--" {
            after.extend(words.by_ref().cloned());
            break;
        }
        if text.starts_with("--") {
            before.push(word.clone());
            if takes_next(part, &text) {
                before.extend(words.next().cloned());
            }
        } else if looks_short(word) && part.get_positionals().next().is_some() && !are_flags(part, &text[1..])
        {
            after.push(word.clone());
        } else if looks_short(word) || after.is_empty() {
            before.push(word.clone());
            if let Some(inner) = part.find_subcommand(&*text) {
                part = inner;
                if part.get_name() == "run" {
                    return args;
                }
            }
        } else {
            after.push(word.clone());
        }
    }
    if !after.is_empty() {
        before.push("--".into());
        before.extend(after);
    }
    before
}

/// True for the letters of flags: `qv`.
fn are_flags(part: &clap::Command, letters: &str) -> bool {
    letters.chars().all(|letter| part.get_arguments().any(|arg| arg.get_short() == Some(letter)))
}

/// True for an option whose value is the next word.
fn takes_next(part: &clap::Command, option: &str) -> bool {
    let takes = |arg: &clap::Arg| {
        arg.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long))
            && arg.get_action().takes_values()
    };
    part.get_arguments().any(takes)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Command;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn word_that_is_no_flag_becomes_a_value() {
        let cases = [
            ("callboard snooze KEY -2h", "callboard snooze KEY -- -2h"),
            ("callboard snooze KEY -2h --json", "callboard snooze KEY --json -- -2h"),
            ("callboard snooze -q KEY -2 hours -v", "callboard snooze -q KEY -v -- -2 hours"),
            ("callboard --config a.toml quiet -1h", "callboard --config a.toml quiet -- -1h"),
            ("callboard quiet -1h --config a.toml", "callboard quiet --config a.toml -- -1h"),
            ("callboard search -rf --limit 5 x", "callboard search --limit 5 -- -rf x"),
            ("callboard search --limit=5 -rf", "callboard search --limit=5 -- -rf"),
            ("callboard accounts add a github -x", "callboard accounts add a github -- -x"),
            ("callboard post ops - done -1", "callboard post ops - done -- -1"),
            // As they are typed.
            ("callboard snooze KEY 2h", "callboard snooze KEY 2h"),
            ("callboard board -qv", "callboard board -qv"),
            ("callboard board -x", "callboard board -x"),
            ("callboard events --since -2h -f", "callboard events --since -2h -f"),
            ("callboard run deploy -x --y -2", "callboard run deploy -x --y -2"),
            ("callboard -q search -- -rf -q", "callboard -q search -- -rf -q"),
            ("callboard -h", "callboard -h"),
            ("callboard item -h", "callboard item -h"),
            ("callboard -x", "callboard -x"),
        ];
        for (line, expected) in cases {
            assert_eq!(separate_hyphen_values(words(line)), words(expected), "{line}");
        }
    }

    #[test]
    fn values_that_begin_with_a_hyphen_arrive() {
        let parse = |line: &str| Cli::try_parse_from(separate_hyphen_values(words(line))).unwrap();
        let cli = parse("callboard snooze KEY -2 hours --json");
        let Command::Snooze { item, until } = cli.command else { panic!("not snooze") };
        assert_eq!((item.as_str(), until.join(" ").as_str(), cli.json), ("KEY", "-2 hours", true));
        let Command::Quiet { until } = parse("callboard quiet -1h").command else { panic!("not quiet") };
        assert_eq!(until, ["-1h"]);
        let Command::Search { text, .. } = parse("callboard search -rf").command else {
            panic!("not search")
        };
        assert_eq!(text, ["-rf"]);
        let since = parse("callboard events --since -2h -f").command;
        let Command::Events { since, follow, .. } = since else { panic!("not events") };
        assert_eq!((since.as_deref(), follow), (Some("-2h"), true));
        let item = parse("callboard post ops --item -1 hello").command;
        let Command::Post { item, text, .. } = item else { panic!("not post") };
        assert_eq!((item.as_deref(), text), (Some("-1"), vec!["hello".to_owned()]));
    }
}
