//! A line that makes no sense as a whole: what of it does, and the words that fit no place.

use super::{
    ArgSpec, ArgType, Args, Command, CommandSpec, Commands,
    parse_args::ParsedArgs,
    token::{Token, scan},
};

/// How many words are tried: each is one more reading, and a line that is typed by hand has fewer.
const MOST_WORDS: usize = 64;

/// As much of a line as makes sense. No word of it is lost: what does not is in `texts` or in `left`.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialParse<'c> {
    /// The command that it names.
    pub spec: &'c CommandSpec,
    /// What is given and makes sense, and the defaults.
    pub args: Args,
    /// The arguments that the line gives so, in the order of the spec.
    pub given: Vec<&'c ArgSpec>,
    /// Texts of arguments that are not their values yet, in the order in which to look at them: what was refused
    /// (`env=stagin`), then the words that no place takes (`zoe` of `reassign Q2R8T zoe`), for the next argument that can
    /// be chosen.
    pub texts: Vec<(&'c ArgSpec, String)>,
    /// The words that no argument can take; empty where there are none.
    pub left: String,
}

impl Commands {
    /// What makes sense of a line that [`Commands::parse`] refuses. `None` where it begins with no command.
    pub fn begun(&self, line: &str) -> Option<PartialParse<'_>> {
        let (tokens, _) = scan(line);
        let (place, name) = self.find(&tokens).ok()?;
        Some(self.list[place].begun(&tokens[name..]))
    }
}

impl Command {
    /// What makes sense of the words after the name, as [`Commands::begun`] says.
    pub(super) fn begun(&self, tokens: &[Token]) -> PartialParse<'_> {
        let spec = self.spec();
        let read = |end: usize| Some((self.options(&tokens[..end]).ok()?, end));
        let (mut options, end) = (0..=tokens.len()).rev().find_map(read).unwrap_or_default();
        let mut texts: Vec<(&ArgSpec, String)> = Vec::new();
        options.values.retain(|place, text| {
            let arg = &spec.args[*place];
            let fits = arg.read(text).is_ok();
            if !fits {
                texts.push((arg, text.clone()));
            }
            fits
        });
        let words = std::mem::take(&mut options.words);
        let read = |count: usize| {
            options.words = words[..count].to_vec();
            Some((self.read_words(&options).ok()?, count))
        };
        let (ParsedArgs { mut args, missing, mut given }, count) =
            (0..=words.len().min(MOST_WORDS)).rev().find_map(read).unwrap_or_default();

        let unplaced: Vec<&str> = words[count..].iter().map(|word| word.token.text.as_str()).collect();
        // From an option that makes no sense on: it is the value of nothing.
        let mut left: Vec<&str> = tokens[end..].iter().map(|token| token.text.as_str()).collect();
        // What follows a text of any words is more of it: half of `deploying until 31 feb` is no length of time.
        let is_text = |arg: &&ArgSpec| {
            let place = self.named(&arg.name).filter(|place| !options.values.contains_key(place));
            place.is_some_and(|place| self.usage.is_rest(place))
        };
        let text = given.iter().position(is_text).filter(|_| !unplaced.is_empty());
        if let Some(text) = text.map(|at| given.remove(at)) {
            let begins = args.values.remove(&text.name).unwrap_or_default();
            texts.push((text, format!("{begins} {}", unplaced.join(" "))));
        } else if !unplaced.is_empty() {
            let is_free = |arg: &&ArgSpec| {
                !given.iter().any(|it| it.name == arg.name)
                    && !texts.iter().any(|(it, _)| it.name == arg.name)
            };
            // A text takes any words, and one that may be left out must not take what was meant for something else.
            let can_be_chosen =
                |arg: &&ArgSpec| !matches!(arg.ty, ArgType::Text | ArgType::Bool | ArgType::Pairs);
            let next = missing.into_iter().find(is_free);
            match next.or_else(|| spec.args.iter().filter(is_free).find(can_be_chosen)) {
                Some(arg) => texts.push((arg, unplaced.join(" "))),
                None => left.splice(..0, unplaced).for_each(drop),
            }
        }
        PartialParse { spec, args, given, texts, left: left.join(" ") }
    }
}
