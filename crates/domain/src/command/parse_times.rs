//! Times among the words of a line: none becomes a part of a text, and none is cut or added up.

use std::{collections::BTreeMap, ops::Range};

use super::{
    ArgError, ArgSpec, ArgType, Command,
    matcher::{Found, Solution, Word},
    options::Options,
    parse_args::ParsedArgs,
    token::{Token, in_quotes, quote, scan},
    usage::{Element, Piece},
    value::{names, same},
};
use crate::{
    duration::{folded, in_other_form, is_http_status},
    text::cut,
    until::{
        LEADS, LONGEST_QUOTED, begins_with_count, clear_zone_expected, goes_on, hour_or_length, is_time,
        is_until, latin, looks_like_time, misspelt_time, on_other_layout, time_within, without_zone,
    },
};

/// The most words of a time.
const MOST_TIME_WORDS: usize = 8;

impl Command {
    /// A length of time, or a time, that is not written as the usage says ("2 hours" without "for") must not become a part
    /// of a text while the command takes its default. In quotes it is literal.
    pub(super) fn check_no_time_is_swallowed(
        &self,
        options: &Options<'_>,
        solution: &Solution,
        given: &BTreeMap<usize, String>,
    ) -> Result<(), ArgError> {
        self.check_hour_is_clear(options, solution)?;
        self.check_time_is_whole(options, solution)?;
        // A command takes its default where no length is given, and has no end where none is.
        let times = || self.spec().args.iter().enumerate().filter(|(_, arg)| arg.ty.is_time());
        let is_given = |place: usize| given.contains_key(&place);
        // Once a time is given, and is whole, what follows is a text, whatever it contains.
        if times().count() == 0 || times().any(|(place, _)| is_given(place)) {
            return Ok(());
        }
        let leads = |word: &str| LEADS.iter().any(|lead| *lead != "in" && same(lead, word));
        for found in solution.found.iter().filter(|found| self.spec().args[found.arg].ty == ArgType::Text) {
            let words = &options.words[found.words.clone()];
            if found.part.is_some() || !self.is_free_text(found.arg) {
                continue;
            }
            let texts: Vec<&str> = words.iter().map(|word| word.token.text.as_str()).collect();
            let is_bare = |at: usize| words.get(at).is_some_and(|word| !word.token.is_quoted());
            let is_time = |at: usize| is_bare(at) && looks_like_time(&texts[at..].join(" "));
            let led = || (0..texts.len()).find(|at| is_bare(*at) && leads(texts[*at]) && is_time(at + 1));
            let is_named = self.words_before(options, found).len() < found.words.start;
            // Alone, it is as likely a length of time in a form that is not read: `90`.
            let is_length = || match texts.as_slice() {
                [only] => !is_named && is_bare(0) && in_other_form(only).is_some(),
                _ => false,
            };
            let swallowed =
                if is_time(0) || is_length() { Some((0, 0)) } else { led().map(|at| (at, at + 1)) };
            if let Some((from, time)) = swallowed {
                return Err(self.time_in_text(options, solution, found, from, time));
            }
            // Where none is given, the words before one may well be more of a name: `silence Slow API 1h`.
            let is_typed = |time: &Range<usize>| time.clone().all(is_bare);
            if let Some(time) = time_within(&texts).filter(is_typed) {
                return Err(self.time_after_text(options, solution, found, time));
            }
        }
        Ok(())
    }

    /// The error of a text with a time after its first words, which are as likely to be more of the name before it.
    fn time_after_text(
        &self,
        options: &Options<'_>,
        solution: &Solution,
        text: &Found,
        within: Range<usize>,
    ) -> ArgError {
        let name = &self.spec().args[text.arg].name;
        let time = text.words.start + within.start;
        let item = self.item_before(options, solution, text);
        let of_item =
            item.map_or_else(String::new, |item| self.as_whole_name(options, item, text, time, time, None));
        let ways: Vec<_> = self.time_forms().map(|(lead, arg)| (lead, &self.spec().args[arg].name)).collect();
        let ways: Vec<_> = ways.iter().map(|(lead, arg)| format!("`{lead} <{arg}>`")).collect();
        let way = match ways.as_slice() {
            [] => String::new(),
            _ => format!("a time is given before it, as {}; ", ways.join(" or ")),
        };
        let expected = format!("no time in it ({way}a {name} that says one is written in quotes{of_item})");
        ArgError::invalid(name, expected, text_of(&options.words[text.words.clone()][within]))
    }

    /// The item right before a text and without quotes: the first words of the text may be more of its name.
    fn item_before<'s>(
        &self,
        options: &Options<'_>,
        solution: &'s Solution,
        text: &Found,
    ) -> Option<&'s Found> {
        solution.found.iter().find(|it| {
            it.part.is_none()
                && it.words.end == text.words.start
                && options.words[it.words.clone()].iter().all(|word| !word.token.is_quoted())
                && matches!(self.spec().args[it.arg].ty, ArgType::Item(_))
        })
    }

    /// A line in which the words of an item up to `from` are its name, in quotes, and the time at `time` follows, with what leads
    /// it from `from` on; it is whole at `end`, where that is known. Empty where no such line gives one.
    fn as_whole_name(
        &self,
        options: &Options<'_>,
        item: &Found,
        text: &Found,
        from: usize,
        time: usize,
        end: Option<usize>,
    ) -> String {
        let words = &options.words;
        let name = quote(&text_of(&words[item.words.start..from]));
        let (count, keys) = on_other_layout(&text_of(&words[time..])).unwrap_or_default();
        let keys = Some(keys).filter(|keys| !keys.is_empty());
        let lead = words[from..time].iter().map(as_typed);
        let rest: Vec<_> = lead.chain(keys).chain(words[time + count..].iter().map(as_typed)).collect();
        let rest = rest.join(" ");
        // `3d deploying` needs its `for`; what has one needs no other.
        let forms = self.time_forms().filter(|_| from == time);
        let leads = std::iter::once(None).chain(forms.map(|(lead, _)| Some(lead)));
        let led = leads.map(|lead| match lead {
            None => format!("{name} {rest}"),
            Some(lead) => format!("{name} {lead} {rest}"),
        });
        // And what the time goes on in, as the text.
        let named = end.filter(|end| *end < words.len()).map(|end| {
            let time: Vec<_> = words[from..end].iter().map(as_typed).collect();
            format!("{name} {} {}", time.join(" "), self.named_text(text, &text_of(&words[end..])))
        });
        let line = led.chain(named).find(|line| self.gives_time(line));
        line.map_or_else(String::new, |line| {
            format!(", and so is a name of several words{}", self.as_in(options, [line]))
        })
    }

    /// True where a line makes sense after the command's name, and gives a time that is not refused later.
    fn gives_time(&self, line: &str) -> bool {
        let (tokens, _) = scan(line);
        let is_given = |read: ParsedArgs<'_>| {
            let mut times = read.given.iter().filter(|arg| arg.ty.is_time());
            times.any(|arg| read.args.get(&arg.name).is_some_and(|value| arg.ty.may_be_proposed(value)))
        };
        let read =
            |options: Options<'_>| self.read_exactly(&options).or_else(|| self.read_by_place(&options));
        self.options(&tokens).ok().and_then(read).is_some_and(is_given)
    }

    /// `until 7h` is for 7 hours to some, and until 7:00 to others. By its place alone `7h` is a length of time.
    fn check_hour_is_clear(&self, options: &Options<'_>, solution: &Solution) -> Result<(), ArgError> {
        let is_led = |time: &Found| {
            let before = time.words.start.checked_sub(1).map(|at| options.words[at].token);
            before.is_some_and(|token| !token.is_quoted() && is_until(&token.text))
        };
        for time in solution.found.iter().filter(|found| found.part.is_none() && is_led(found)) {
            let (arg, found) = (&self.spec().args[time.arg], text_of(&options.words[time.words.clone()]));
            if arg.ty == ArgType::Time
                && let Some(candidates) = hour_or_length(&found)
            {
                return Err(ArgError::Ambiguous { arg: arg.name.clone(), found, candidates });
            }
        }
        Ok(())
    }

    /// What follows a time and belongs to it, or is a second one, must not become the beginning of a text: `monday 9` is not
    /// Monday, with "9" as the comment. In quotes it is literal.
    fn check_time_is_whole(&self, options: &Options<'_>, solution: &Solution) -> Result<(), ArgError> {
        let is_bare = |at: usize| options.words.get(at).is_some_and(|word| !word.token.is_quoted());
        let text_of = |words: Range<usize>| text_of(&options.words[words]);
        let whole = || solution.found.iter().filter(|found| found.part.is_none());
        let spec_of = |found: &Found| &self.spec().args[found.arg];
        // A time by its place alone, without the word that leads it or the argument's name.
        let is_unled = |time: &Found| {
            let before = time.words.start.checked_sub(1).filter(|at| is_bare(*at));
            let before = before.map_or("", |at| &options.words[at].token.text);
            let is_led = self.usage.words.iter().any(|literal| same(literal, before));
            !is_led && !names(before, &spec_of(time).name)
        };
        // `404s on checkout` are responses.
        let has_lead = |found: &Found| self.time_forms().find(|(_, arg)| *arg == found.arg);
        for found in whole().filter(|found| is_unled(found)) {
            let text = text_of(found.words.clone());
            if let Some((lead, arg)) = has_lead(found).filter(|_| is_http_status(&text)) {
                let expected = format!("`{lead} {text}`, where it is one");
                return Err(ArgError::invalid(&self.spec().args[arg].name, expected, text));
            }
        }
        for rest in whole().filter(|found| self.is_free_text(found.arg)) {
            let start = rest.words.start;
            let time = whole().find(|it| it.words.end == start && spec_of(it).ty.is_time());
            let Some(time) = time.filter(|_| start > 0 && is_bare(start - 1) && is_bare(start)) else {
                continue;
            };
            // `sun is hot` is no Sunday, and `3d printer` and `1000s of errors` are no lengths of time.
            let time_text = text_of(time.words.clone());
            let has_digit = folded(&time_text).contains(|c: char| c.is_ascii_digit());
            let is_count = || begins_with_count(&text_of(time.words.start..rest.words.end));
            let may_begin_text = is_unled(time)
                && !spec_of(time).required
                && (without_zone(&time_text).split_whitespace().count() == 1
                    || begins_with_which(&time_text))
                && (!has_digit || is_count());
            if may_begin_text || goes_on(&time_text, &text_of(rest.words.clone())) {
                let begins = if may_begin_text { time.words.start } else { start };
                return Err(self.time_goes_on(options, time, rest, begins));
            }
        }
        Ok(())
    }

    /// The error of a time that goes on in what was read as a text. Only quotes make it one, from the word `begins` on.
    fn time_goes_on(&self, options: &Options<'_>, time: &Found, text: &Found, begins: usize) -> ArgError {
        let spec_of = |found: &Found| &self.spec().args[found.arg];
        let (arg, name) = (spec_of(time), &spec_of(text).name);
        let next = cut(&options.words[begins].token.text, LONGEST_QUOTED);
        let (before, after) = (&options.words[..begins], &options.words[text.words.end..]);
        let named = self.named_text(text, &text_of(&options.words[begins..text.words.end]));
        // What is longer than an error shows is no example.
        let is_short = cut(&named, LONGEST_QUOTED) == named;
        let line = before.iter().map(as_typed).chain([named]).chain(after.iter().map(as_typed));
        // What would be refused for another reason is no example.
        let time_text = text_of(&options.words[time.words.clone()]);
        let may_run = is_short && arg.ty.may_be_proposed(&time_text);
        let as_in = if may_run { self.as_in(options, line) } else { String::new() };
        let may_have_zone = arg.ty == ArgType::Time && begins == text.words.start;
        let rest = may_have_zone.then(|| text_of(&options.words[text.words.clone()]));
        let expected = rest.and_then(|rest| clear_zone_expected(&time_text, &rest));
        let expected = expected.unwrap_or_else(|| arg.ty.expected());
        ArgError::invalid(
            &arg.name,
            format!("{expected}; a {name} that begins with {next:?} is written in quotes{as_in}"),
            cut(&text_of(&options.words[time.words.start..text.words.end]), LONGEST_QUOTED),
        )
    }

    /// The error of a text that contains a time, from the word `time` on, with what leads it from `from` on.
    fn time_in_text(
        &self,
        options: &Options<'_>,
        solution: &Solution,
        text: &Found,
        from: usize,
        time: usize,
    ) -> ArgError {
        let name = &self.spec().args[text.arg].name;
        let words = &options.words[text.words.clone()];
        let texts: Vec<&str> = words.iter().map(|word| word.token.text.as_str()).collect();
        let ways: Vec<_> = self.time_forms().collect();
        let written: Vec<_> =
            ways.iter().map(|(lead, arg)| format!("`{lead} <{}>`", self.spec().args[*arg].name)).collect();
        let way = match written.as_slice() {
            [] => String::new(),
            _ => format!("a time is given as {}, and ", written.join(" or ")),
        };
        let by_keys = on_other_layout(&texts[time..].join(" "));
        // The words with a time before all others, of a type that the usage has a place for, instead of those up to `end`.
        let instead = |value: &str, end: usize| {
            let fits = |arg: usize| self.spec().args[arg].ty.may_be_proposed(value);
            let (lead, _) = ways.iter().find(|(_, arg)| fits(*arg))?;
            let rest: Vec<&str> = texts[..from].iter().chain(&texts[end..]).copied().collect();
            let meant = [*lead, value].into_iter().chain(rest).collect::<Vec<_>>().join(" ");
            // Nor what would be refused for another reason, such as that its next words belong to the time.
            self.reads_instead(options, text, &meant).then_some(meant)
        };
        // The longest that is a time.
        let nearest = (time + 1..=texts.len()).rev().find_map(|end| match &by_keys {
            Some((count, keys)) if time + count == end => instead(keys, end),
            _ => instead(&texts[time..end].join(" "), end),
        });
        let misspelt = if nearest.is_some() { None } else { misspelt_time(&texts[time..].join(" ")) };
        // Alone, a length of time in another form.
        let other_form = if time + 1 == texts.len() { in_other_form(texts[time]) } else { None };
        let nearest = nearest.or_else(|| instead(other_form.as_deref()?, time + 1));
        // The words before what leads it are as likely more of the name before them: they are never proposed as the text.
        let item = self.item_before(options, solution, text).filter(|_| from > 0);
        let nearest = nearest.filter(|_| item.is_none());
        // The words that are taken for a time.
        let mut ends = (time + 1..=texts.len().min(time + MOST_TIME_WORDS)).rev();
        let known = ends.find(|end| is_time(texts[time..*end].join(" ").trim_end_matches(',')));
        let end = match (&by_keys, &misspelt) {
            (Some((count, _)), _) => time + count,
            (None, Some(word)) => {
                let is_word = |text: &&str| folded(text).to_lowercase().contains(word.as_str());
                texts[time..].iter().position(is_word).map_or(texts.len(), |at| time + at + 1)
            }
            (None, None) => known.unwrap_or(texts.len()),
        };
        // Where a time goes on in what follows it, the line in which that is the text.
        let as_in = known.filter(|_| nearest.is_none() && item.is_none()).and_then(|end| {
            let (value, rest) = (texts[time..end].join(" "), texts[end..].join(" "));
            let (lead, _) = ways.iter().find(|(_, arg)| self.spec().args[*arg].ty.may_be_proposed(&value))?;
            let words = self.words_before(options, text).iter().map(as_typed);
            let others = texts[..from].iter().chain(&texts[end..]).copied().collect::<Vec<_>>().join(" ");
            let words = words.chain([(*lead).to_owned(), value.clone(), self.named_text(text, &others)]);
            goes_on(&value, &rest).then(|| self.as_in(options, words))
        });
        let as_in = as_in.unwrap_or_default();
        let start = text.words.start;
        let of_item = item.map_or_else(String::new, |item| {
            self.as_whole_name(options, item, text, start + from, start + time, known.map(|end| start + end))
        });
        let is_cut = || goes_on(&texts[time..end].join(" "), &texts[end..].join(" "));
        let end = if nearest.is_none() && end < texts.len() && is_cut() { end + 1 } else { end };
        let unread = misspelt.or_else(|| other_form.map(|_| texts[time].to_owned()));
        let what = match (by_keys, unread) {
            (Some((count, keys)), _) => {
                let typed = texts[time..time + count].join(" ");
                format!("no time in it, and {typed:?} is {keys:?} on another keyboard layout")
            }
            (None, Some(word)) => {
                format!("a time that can be understood, such as 30m, 90m or 18:00, which {word:?} is not")
            }
            (None, None) => "no time in it".to_owned(),
        };
        ArgError::Invalid {
            arg: name.clone(),
            expected: format!("{what} ({way}a {name} that says one is written in quotes{as_in}{of_item})"),
            found: texts[from..end].join(" "),
            nearest,
        }
    }

    /// True where the line makes sense with these words instead of a text (and of its name, where that is before it).
    fn reads_instead(&self, options: &Options<'_>, text: &Found, meant: &str) -> bool {
        let tokens: Vec<Token> = meant.split_whitespace().map(Token::of).collect();
        let mut words = self.words_before(options, text).to_vec();
        words.extend(tokens.iter().map(|token| Word { token, may_name: true }));
        let (values, pairs) = (options.values.clone(), options.pairs.clone());
        self.read_exactly(&Options { values, pairs, asked: options.asked, words }).is_some()
    }

    /// The words before a text, without the name of its argument.
    fn words_before<'w, 't>(&self, options: &'w Options<'t>, text: &Found) -> &'w [Word<'t>] {
        let words = &options.words[..text.words.start];
        let name = &self.spec().args[text.arg].name;
        match words.split_last() {
            Some((last, others)) if !last.token.is_quoted() && names(&last.token.text, name) => others,
            _ => words,
        }
    }

    /// A text by the name of its argument: a shell takes quotes alone away, and the word is a time again.
    fn named_text(&self, text: &Found, value: &str) -> String {
        format!("{}={}", self.spec().args[text.arg].name, in_quotes(value))
    }

    /// A line as an example of what is said before it: the command's name, its options and these words.
    fn as_in(&self, options: &Options<'_>, words: impl IntoIterator<Item = String>) -> String {
        let given = options.values.iter();
        let given = given.map(|(arg, value)| format!("{}={}", self.spec().args[*arg].name, quote(value)));
        let line = std::iter::once(self.spec().name.clone()).chain(given).chain(words);
        format!(", as in `{}`", line.collect::<Vec<_>>().join(" "))
    }

    /// The error of a time that is a word, which may as well begin a text: `until it is fixed`.
    pub(super) fn or_text(&self, arg: &ArgSpec, error: ArgError) -> ArgError {
        let lead = self.time_forms().find(|(_, place)| self.spec().args[*place].name == arg.name);
        let text = (0..self.spec().args.len()).find(|place| self.is_free_text(*place));
        match (error, lead, text) {
            (ArgError::Invalid { arg, expected, found, nearest: None }, Some((lead, _)), Some(text))
                if found.starts_with(char::is_alphabetic) && latin(&found).is_none() =>
            {
                let text = &self.spec().args[text].name;
                let expected = format!("{expected}; a {text} that begins with {lead:?} is written in quotes");
                ArgError::Invalid { arg, expected, found, nearest: None }
            }
            (error, ..) => error,
        }
    }

    /// The words of the usage that lead a length of time or a time, with its argument: `for <duration>`.
    pub(super) fn time_forms(&self) -> impl Iterator<Item = (&str, usize)> {
        let pairs = self.usage.segments.iter().flat_map(|segment| segment.elements.windows(2));
        pairs.filter_map(|pair| match pair {
            [lead, Element::Word(pieces)] => match pieces.as_slice() {
                [Piece::Arg(arg)] if self.spec().args[*arg].ty.is_time() => Some((lead.literal()?, *arg)),
                _ => None,
            },
            _ => None,
        })
    }
}

/// `this morning it broke`, `last friday we moved`.
fn begins_with_which(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    ["this", "last"].iter().any(|which| same(which, first))
}

fn text_of(words: &[Word<'_>]) -> String {
    words.iter().map(|word| word.token.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// A word of a line as it can be typed again.
fn as_typed(word: &Word<'_>) -> String {
    match word.token.is_quoted() || !word.may_name {
        true => in_quotes(&word.token.text),
        false => word.token.text.clone(),
    }
}
