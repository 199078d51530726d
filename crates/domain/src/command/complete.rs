//! What is being typed at the cursor.

use std::ops::Range;

use super::{
    ArgSpec, ArgType, Args, Command, CommandSpec, Commands,
    matcher::{Matcher, ParseMode, Word},
    token::{Token, scan},
};

/// What is being typed. Whoever completes it replaces a part of the line by one word (see [`super::quote`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Completion<'c> {
    /// The part of the line that a choice replaces, in bytes.
    pub replaces: Range<usize>,
    /// What is typed of it so far, without quotes.
    pub prefix: String,
    /// What it is.
    pub what: What<'c>,
}

/// What a word being typed is.
#[derive(Debug, Clone, PartialEq)]
pub enum What<'c> {
    /// A command's name.
    Name,
    /// Something that a command takes.
    Part {
        /// The command.
        command: &'c CommandSpec,
        /// The argument whose value it is, where it can be one.
        arg: Option<&'c ArgSpec>,
        /// Other words that it can be: literals of the usage (`to`), options (`--ref`). They begin with the prefix.
        words: Vec<String>,
        /// The arguments before it, as far as they make sense.
        args: Args,
    },
}

impl Commands {
    /// What is being typed at the cursor (a byte of the line; one inside a character counts as before it).
    /// What comes after the cursor's word does not count.
    pub fn complete(&self, line: &str, cursor: usize) -> Completion<'_> {
        let cursor = line.floor_char_boundary(cursor);
        let (mut tokens, open) = scan(&line[..cursor]);
        let typed = match tokens.last() {
            Some(last) if open.is_some() || last.end == cursor => tokens.len() - 1,
            _ => tokens.len(),
        };
        if typed == tokens.len() {
            tokens.push(Token::empty(cursor));
        }
        let end = word_end(line, cursor);
        let word = &tokens[typed];
        let name = || {
            let start = tokens[0].start;
            let words: Vec<_> = tokens.iter().map(|token| token.text.as_str()).collect();
            Completion { replaces: start..end, prefix: words.join(" "), what: What::Name }
        };
        let Ok((place, words)) = self.find(&tokens[..typed]) else { return name() };
        let so_far = tokens[..typed].iter().map(|token| token.text.to_lowercase() + " ").collect::<String>();
        if words == typed && !word.text.is_empty() && self.begins_name(&(so_far + &word.text.to_lowercase()))
        {
            return name();
        }
        let command = &self.list[place];
        let part = command.part(&tokens[words..typed], word);
        let what = What::Part { command: command.spec(), arg: part.arg, words: part.words, args: part.args };
        Completion {
            replaces: word.source_of(part.from)..end,
            prefix: word.text[part.from..].to_owned(),
            what,
        }
    }
}

/// Where the word that the cursor is in ends.
fn word_end(line: &str, cursor: usize) -> usize {
    let (tokens, _) = scan(line);
    tokens.iter().find(|token| token.start < cursor && cursor < token.end).map_or(cursor, |token| token.end)
}

/// How the words before the cursor are read, and so what the word at it is.
const PARSE_MODES: [ParseMode; 4] = [
    ParseMode::EXACT,
    ParseMode { names: true, ..ParseMode::EXACT },
    ParseMode { names: true, complete: false, ..ParseMode::EXACT },
    ParseMode { names: true, free: true, ..ParseMode::EXACT },
];

/// What a word of a command is.
struct Part<'c> {
    arg: Option<&'c ArgSpec>,
    /// Where in the word's text the value begins.
    from: usize,
    words: Vec<String>,
    args: Args,
}

impl Command {
    fn part(&self, before: &[Token], word: &Token) -> Part<'_> {
        let args = self.read(before).map(|read| read.args).unwrap_or_default();
        let spec = self.spec();
        let value = |arg: Option<usize>, from| Part {
            arg: arg.map(|arg| &spec.args[arg]),
            from,
            words: Vec::new(),
            args: args.clone(),
        };
        let ends_options = before.iter().any(|token| token.text == "--" && !token.is_quoted());
        if !ends_options {
            if let Some(at) = word.find_bare("=", 0) {
                let name = word.text[..at].trim_start_matches("--");
                let arg = self.named(name);
                if arg.is_some() || spec.args.iter().any(|arg| arg.ty == ArgType::Pairs) {
                    return value(arg, at + 1);
                }
            }
            if word.text.starts_with("--") && !word.is_quoted() {
                return Part { words: self.option_words(before, &word.text), ..value(None, 0) };
            }
        }
        let Ok(options) = self.options(before) else { return value(None, 0) };
        if let Some(arg) = options.asked {
            return value(Some(arg), 0);
        }
        let given: Vec<usize> = options.values.keys().copied().collect();
        let mut words = options.words;
        words.push(Word { token: word, may_name: !ends_options });
        let mut matcher = Matcher::new(spec, &self.usage, &words, &given, true);
        let mut literals: Vec<String> = Vec::new();
        for reading in PARSE_MODES {
            let solutions = matcher.read(reading);
            for literal in &matcher.literals {
                if !literals.iter().any(|known| known == literal) {
                    literals.push((*literal).to_owned());
                }
            }
            let last = solutions.first().and_then(|solution| solution.found.last());
            if let Some(found) = last.filter(|found| found.words.end == words.len()) {
                let from = found.part.as_ref().map_or(0, |part| part.start);
                return Part { words: literals, ..value(Some(found.arg), from) };
            }
        }
        Part { words: literals, ..value(None, 0) }
    }

    /// The options that begin like this and are not given yet.
    fn option_words(&self, before: &[Token], typed: &str) -> Vec<String> {
        let given: Vec<usize> =
            self.options(before).map(|options| options.values.into_keys().collect()).unwrap_or_default();
        let args = self.spec().args.iter().enumerate();
        args.filter(|(place, arg)| arg.ty != ArgType::Pairs && !given.contains(place))
            .map(|(_, arg)| format!("--{}", arg.name))
            .filter(|option| option.starts_with(&typed.to_lowercase()))
            .collect()
    }
}
