//! One word against its pieces: texts, arguments and what is between them.

use super::{Found, Matcher, Word, parts::Todo};
use crate::{
    command::{
        ArgType,
        token::Token,
        usage::{Element, Piece},
        value::{names, same},
    },
    duration::{Span, counts_things},
    until::latin,
};

/// The most words that a length of time or a time may be: days, hours, minutes and seconds, each with its number.
const MOST_TIME_WORDS: usize = 8;

impl<'a> Matcher<'a> {
    pub(super) fn is_literal(&mut self, literal: &'a str, at: usize) -> bool {
        let token = self.words[at].token;
        if self.is_typed(at) {
            let begins = literal.to_lowercase().starts_with(&token.text.to_lowercase());
            if begins && !token.is_quoted() && !self.literals.contains(&literal) {
                self.literals.push(literal);
            }
            return false;
        }
        let fits = !token.is_quoted() && same(&token.text, literal);
        if !fits {
            self.stick(at, Some(literal));
        }
        fits
    }

    /// A word that holds one argument or several.
    pub(super) fn value(
        &mut self,
        pieces: &'a [Piece],
        others: &'a [Element],
        then: &Todo<'_, 'a>,
        at: usize,
    ) -> bool {
        if let [Piece::Arg(arg)] = pieces
            && let Some(end) = self.time_end(*arg, at)
        {
            let found = Found { arg: *arg, words: at..end, part: None };
            let done = self.with(found, |matcher| matcher.elements(others, then, end, false));
            // Where every reading counts, a part of the time is none.
            if done || self.reading.free {
                return done;
            }
        }
        let mark = self.so_far.found.len();
        let fits = !self.is_own_word(pieces, at)
            && self.pieces(pieces, at, 0) == Some(self.words[at].token.text.len());
        if !fits {
            self.stick(at, None);
        }
        let done = fits && self.elements(others, then, at + 1, false);
        self.so_far.found.truncate(mark);
        done
    }

    /// Where the length of time, or the time, ends that begins here and takes several words: `1h 30m`, `2 hours`,
    /// `monday 14:30`. The longest counts.
    pub(super) fn time_end(&self, arg: usize, at: usize) -> Option<usize> {
        let ty = &self.spec.args[arg].ty;
        if !ty.is_time() {
            return None;
        }
        let is_plain = |at: &usize| !self.words[*at].token.is_quoted() && !self.is_typed(*at);
        let most = (at..self.words.len()).take(MOST_TIME_WORDS).take_while(is_plain).count();
        (at + 2..=at + most).rev().find(|end| {
            if self.begins_text(at, *end) {
                return false;
            }
            let words: Vec<_> = self.words[at..*end].iter().map(|word| word.token.text.as_str()).collect();
            let text = words.join(" ");
            // Where a value may be wrong, so may one that was typed on another keyboard layout: its error names it whole.
            ty.accepts(&text) || (!self.reading.typed && latin(&text).is_some_and(|keys| ty.accepts(&keys)))
        })
    }

    /// True where what follows the first word up to `end` is the beginning of a text after a length of time: `2h 404s on
    /// checkout`, `2h 10 minutes ago it began`.
    fn begins_text(&self, at: usize, end: usize) -> bool {
        let text = |at: usize| self.words.get(at).map_or("", |word| word.token.text.as_str());
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_ago = || text(at).parse::<Span>().is_ok() && is_number(text(at + 1)) && same(text(end), "ago");
        (at + 1..end).any(|at| counts_things(text(at), text(at + 1))) || is_ago()
    }

    /// Matches parts of a word from a byte of its text on; returns where they end.
    fn pieces(&mut self, pieces: &[Piece], at: usize, from: usize) -> Option<usize> {
        let Some((first, others)) = pieces.split_first() else { return Some(from) };
        let token = self.words[at].token;
        match first {
            Piece::Text(text) => {
                let end = from + text.len();
                (token.text[from..].starts_with(text.as_str()) && token.is_bare(from..end))
                    .then(|| self.pieces(others, at, end))?
            }
            Piece::Arg(arg) => {
                let end = separator(others, token, from);
                let whole = from == 0 && end == token.text.len();
                let empty = from == end && !(whole && token.is_quoted()) && !self.is_typed(at);
                let part = (!whole).then_some(from..end);
                if empty || !self.takes(*arg, &token.text[from..end], at) {
                    return None;
                }
                self.so_far.found.push(Found { arg: *arg, words: at..at + 1, part });
                self.pieces(others, at, end)
            }
            Piece::Optional(inner) => {
                let mark = self.so_far.found.len();
                let with = self.pieces(inner, at, from);
                if let Some(end) = with.and_then(|end| self.pieces(others, at, end)) {
                    return Some(end);
                }
                self.so_far.found.truncate(mark);
                self.pieces(others, at, from)
            }
        }
    }

    /// True where the word is one of the command's own, and no choice of the argument.
    fn is_own_word(&self, pieces: &[Piece], at: usize) -> bool {
        let word = &self.words[at];
        let text = &word.token.text;
        // By its name an item is asked for, and a text that may be left out.
        let is_own_name = || match pieces {
            [Piece::Arg(arg)] if self.reading.own_name => {
                let arg = &self.spec.args[*arg];
                let is_literal =
                    |next: &Word<'_>| !next.token.is_quoted() && self.is_any_literal(&next.token.text);
                names(text, &arg.name)
                    && !matches!(arg.ty, ArgType::Item(_))
                    && (arg.required || arg.ty != ArgType::Text)
                    && !self.is_any_literal(text)
                    && self.words.get(at + 1).is_none_or(is_literal)
            }
            _ => false,
        };
        let is_choice = || match pieces {
            [Piece::Arg(arg)] => {
                let ty = &self.spec.args[*arg].ty;
                matches!(ty, ArgType::Choice(_)) && ty.accepts(text)
            }
            _ => false,
        };
        !self.reading.own_words
            && word.may_name
            && !word.token.is_quoted()
            && !self.is_typed(at)
            && (self.is_any_literal(text) || self.spec.args.iter().any(|arg| names(text, &arg.name)))
            && !is_choice()
            && !is_own_name()
    }
}

/// Where a value that starts here ends: at the first text that may follow it, or with the word.
fn separator(following: &[Piece], token: &Token, from: usize) -> usize {
    let mut end = token.text.len();
    for piece in following {
        let (text, must) = match piece {
            Piece::Text(text) => (text.as_str(), true),
            Piece::Optional(inner) => match inner.first() {
                Some(Piece::Text(text)) => (text.as_str(), false),
                _ => continue,
            },
            Piece::Arg(_) => break,
        };
        end = token.find_bare(text, from).map_or(end, |at| at.min(end));
        if must {
            break;
        }
    }
    end
}
