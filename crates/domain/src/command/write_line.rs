//! The line of a run: as a person would have typed it, with all that it takes by name, and with what it was missing.

use super::{
    Args, Command, CommandSpec, Commands,
    token::{Token, quote, scan},
    usage::{Element, Piece},
    value::names,
};
use crate::text;

/// A line as people read it: alerts go by what they are called, not by their fingerprints, and so does what a service knows
/// by ids. An invisible character is written out: it makes a value another one. It is for reading, and not to be run.
pub fn named_line(line: &str, args: &Args) -> String {
    let named = args.names().fold(line.to_owned(), |line, (arg, reference, called)| {
        let reference = quote(reference);
        let given = format!("{arg}={reference}");
        // Word by word: what only begins like it is another.
        let named = line.split(' ').map(|word| match word {
            word if word == reference => called.clone(),
            word if word == given => format!("{arg}={called}"),
            word => word.to_owned(),
        });
        named.collect::<Vec<_>>().join(" ")
    });
    text::visible(&named).into_owned()
}

/// A line with the argument that it was missing: as `name=value`, or as the value where the line ends with the name.
pub fn answer(line: &str, arg: &str, value: &str) -> String {
    let line = line.trim_end();
    let (tokens, _) = scan(line);
    let bare = |token: &&Token| !token.is_quoted();
    if tokens.last().filter(bare).is_some_and(|last| names(last.text.trim_start_matches("--"), arg)) {
        return format!("{line} {}", quote(value));
    }
    let end =
        tokens.iter().filter(bare).find(|token| token.text == "--").map_or(line.len(), |token| token.start);
    let given = format!("{} {}={} {}", line[..end].trim_end(), quote(arg), quote(value), &line[end..]);
    given.trim_end().to_owned()
}

/// The line that gives all of a run's arguments by name: what [`super::Commands::parse`] makes the same arguments of.
pub fn canonical_line(spec: &CommandSpec, args: &Args) -> String {
    let mut line = spec.name.clone();
    for arg in &spec.args {
        if let Some(value) = args.get(&arg.name) {
            line.push_str(&format!(" {}={}", arg.name, quote(value)));
        }
    }
    let is_arg = |name: &str| spec.args.iter().any(|arg| names(name, &arg.name));
    if args.pairs.iter().any(|(name, _)| is_arg(name)) {
        line.push_str(" --");
    }
    for (name, value) in &args.pairs {
        line.push_str(&format!(" {}={}", quote(name), quote(value)));
    }
    line
}

impl Command {
    /// The line in the words of the usage, where that means exactly these arguments; else the one that names them all.
    pub fn line(&self, args: &Args) -> String {
        let spec = self.spec();
        let plain = || {
            let mut words = vec![spec.name.clone()];
            for segment in &self.usage.segments {
                match self.elements(&segment.elements, args) {
                    Some(written) => words.extend(written),
                    None if segment.optional => {}
                    None => return None,
                }
            }
            words.extend(args.pairs.iter().map(|(name, value)| format!("{}={}", quote(name), quote(value))));
            Some(words.join(" "))
        };
        let means_the_same = |line: &String| {
            let commands: Commands = [self.clone()].into_iter().collect();
            commands
                .parse(line)
                .is_ok_and(|read| read.args.values == args.values && read.args.pairs == args.pairs)
        };
        plain().filter(means_the_same).unwrap_or_else(|| canonical_line(spec, args))
    }

    /// The words of some elements; `None` where they lack an argument.
    fn elements(&self, elements: &[Element], args: &Args) -> Option<Vec<String>> {
        let mut words = Vec::new();
        for element in elements {
            match element {
                Element::Word(pieces) => words.push(self.pieces(pieces, args)?),
                // All the words that are left are written as they were.
                Element::Rest(arg) => words.push(self.value(*arg, args)?.to_owned()),
                Element::Group(inner) => words.extend(self.elements(inner, args).into_iter().flatten()),
            }
        }
        Some(words)
    }

    fn pieces(&self, pieces: &[Piece], args: &Args) -> Option<String> {
        let mut word = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => word.push_str(text),
                Piece::Arg(arg) => word.push_str(&quote(self.value(*arg, args)?)),
                Piece::Optional(inner) => word.push_str(&self.pieces(inner, args).unwrap_or_default()),
            }
        }
        Some(word)
    }

    /// An argument's value, unless it is its default: that need not be written.
    fn value<'a>(&self, arg: usize, args: &'a Args) -> Option<&'a str> {
        let arg = self.spec().args.get(arg)?;
        args.get(&arg.name).filter(|value| arg.required || arg.default.as_deref() != Some(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::examples::incident;
    use crate::{
        command::{ArgSpec, CommandSpec, Named},
        item::Kind,
    };

    #[test]
    fn lines_are_written_as_they_would_be_typed() {
        let commands: Commands = [
            CommandSpec::new("deploy", "")
                .usage("deploy <app>[/<ref>] to <env>")
                .arg(ArgSpec::text("app", ""))
                .arg(ArgSpec::text("ref", "").or("main"))
                .arg(ArgSpec::text("env", "")),
            CommandSpec::new("pr approve", "")
                .usage("pr approve <pr> [message...]")
                .arg(ArgSpec::item("pr", Kind::PullRequest, ""))
                .arg(ArgSpec::text("message", "").optional()),
            CommandSpec::new("silence", "")
                .usage("silence <alert> [for <span>] [comment...]")
                .arg(ArgSpec::item("alert", Kind::Incident, ""))
                .arg(ArgSpec::duration("span", "").or("2h"))
                .arg(ArgSpec::text("comment", "").optional()),
            CommandSpec::new("build", "")
                .usage("build <job> [param=value...]")
                .arg(ArgSpec::live("job", ""))
                .arg(ArgSpec::pairs("params", "")),
        ]
        .into_iter()
        .map(|spec| Command::new(spec).unwrap())
        .collect();
        let cases = [
            ("deploy api to staging", "deploy api to staging"),
            ("deploy api/main to staging", "deploy api to staging"),
            ("deploy env=staging app=api ref=v2", "deploy api/v2 to staging"),
            ("deploy 'a b' to staging", "deploy \"a b\" to staging"),
            ("pr approve acme/web#479", "pr approve acme/web#479"),
            ("pr approve acme/web#479 looks good", "pr approve acme/web#479 looks good"),
            (
                "pr approve acme/web#479 message='two  spaces'",
                "pr approve pr=acme/web#479 message=\"two  spaces\"",
            ),
            ("silence 3eb4 for 30m looking into it", "silence 3eb4 for 30m looking into it"),
            ("silence 3eb4 looking into it", "silence 3eb4 looking into it"),
            ("build web branch=main", "build web branch=main"),
        ];
        for (typed, expected) in cases {
            let read = commands.parse(typed).unwrap();
            let line = commands.get(&read.spec.name).unwrap().line(&read.args);
            assert_eq!(line, expected, "{typed}");
            assert_eq!(commands.parse(&line).unwrap().args, read.args, "{typed}");
        }
    }

    #[test]
    fn an_alert_on_a_line_goes_by_its_name() {
        let mut item = incident(|_| {});
        item.key.id = "0f3a".into();
        let args = Args { items: [("alert".to_owned(), item)].into(), ..Args::default() };
        let cases = [
            ("ack 0f3a", "ack Checkout slower than 2 s in billing"),
            ("silence 0f3a for 2h 0f3ab", "silence Checkout slower than 2 s in billing for 2h 0f3ab"),
            // As a line is written that names its arguments.
            (
                "silence alert=0f3a comment=\"two  spaces\"",
                "silence alert=Checkout slower than 2 s in billing comment=\"two  spaces\"",
            ),
            ("silence other=0f3a alert=0f3ab", "silence other=0f3a alert=0f3ab"),
            ("ack", "ack"),
        ];
        for (line, expected) in cases {
            assert_eq!(named_line(line, &args), expected);
        }
        let invisible = [
            ("roll production\u{200b}", "roll production\\u{200b}"),
            ("roll \u{feff}a b\u{2060}", "roll \\u{feff}a b\\u{2060}"),
            ("note \"\u{1b}[31mred\"", "note \"\\u{1b}[31mred\""),
            // What is seen, or joins what is seen.
            ("roll \"production \"", "roll \"production \""),
            ("note caf\u{e9} \u{1f469}\u{200d}\u{1f4bb}", "note caf\u{e9} \u{1f469}\u{200d}\u{1f4bb}"),
        ];
        for (line, expected) in invisible {
            let named = named_line(line, &Args::default());
            assert_eq!(named, expected);
            assert_eq!(crate::text::line(&named, 300), expected, "a title keeps it");
        }
        let named = Named { id: "PBEN001".into(), names: vec!["Ben Smith".into()] };
        let args = Args { named: [("person".to_owned(), named)].into(), ..Args::default() };
        assert_eq!(named_line("reassign 1 to PBEN001", &args), "reassign 1 to Ben Smith");
        assert_eq!(named_line("ack 0f3a", &Args::default()), "ack 0f3a", "what is not known keeps its name");
    }
}
