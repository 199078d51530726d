//! Why a text is no time to come, and what would be one.

use std::{fmt, mem};

/// What is expected, in words that follow "expected". Each example is to come whenever it is read.
pub const EXPECTED: &str =
    "a length of time such as 2h, or a time such as 18:00, tomorrow, next monday 14:30 or year-month-day";

/// What is expected of what is past.
pub(super) const NOT_PAST: &str = "a time that is not past yet";

/// What is expected instead of a text, in words that follow "expected".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What it is; empty where it is one of the proposals.
    what: String,
    /// Texts that are read as they stand.
    pub(super) proposals: Vec<String>,
    /// Why the text is not; empty where `what` says it.
    why: String,
}

impl Expected {
    /// What is expected, with nothing proposed.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self::such_as(what, Vec::new())
    }

    /// What is expected, and examples of it.
    pub(super) fn such_as(what: impl Into<String>, proposals: Vec<String>) -> Self {
        Self { what: what.into(), proposals, why: String::new() }
    }

    /// The same of a text of which something else is not clear either.
    pub(super) fn and(mut self, other: &str) -> Self {
        self.what =
            if self.what.is_empty() { other.to_owned() } else { format!("{}, and {other}", self.what) };
        self.why.clear();
        self
    }

    /// The same with what is proposed of another reading as well.
    pub(super) fn or(mut self, other: Self) -> Self {
        for proposal in other.proposals {
            if !self.proposals.contains(&proposal) {
                self.proposals.push(proposal);
            }
        }
        self
    }

    /// One of these, which the text can mean alike.
    pub(super) fn one_of(proposals: Vec<String>, why: String) -> Self {
        Self { what: String::new(), proposals, why }
    }

    /// The same with each proposal in other words.
    pub(super) fn reworded(mut self, reword: impl Fn(&str) -> String) -> Self {
        self.proposals.iter_mut().for_each(|proposal| *proposal = reword(proposal));
        self
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.what.is_empty() && !self.proposals.is_empty() {
            f.write_str(", such as ")?;
        }
        match self.proposals.as_slice() {
            [] => {}
            [only] => f.write_str(only)?,
            [first @ .., last] => write!(f, "{} or {last}", first.join(", "))?,
        }
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

/// Why a text is no time to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeError {
    /// It is no time, or one that is not understood.
    NotATime,
    /// It is past.
    Past,
    /// It is `last friday`, which is past; what names the one to come.
    PastDay(Expected),
    /// It is more than a century away, which is hardly meant.
    TooFar,
    /// It can be read in several ways; what would be clear.
    Ambiguous(Expected),
    /// It is a date in numbers whose order is not the same everywhere, or one without its year that has just gone by;
    /// what would be clear and is to come.
    UnclearDate(Expected),
    /// It names the weekday that today is, at a time still to come today; what would be clear.
    ThisOrNext(Expected),
    /// It begins with a time, and goes on with what is no part of one; which, in words that follow "expected".
    Followed(String),
    /// It is a time but for a day that its month does not have, an hour that no clock shows, or a time zone that nobody
    /// knows; which, and what would be right, in words that follow "expected".
    Impossible(String),
    /// It is one by its keys, typed on a keyboard whose layout is not Latin; which, in words that follow "expected".
    OtherLayout(String),
}

impl TimeError {
    /// What would be right.
    pub fn expected(&self) -> Expected {
        match self {
            Self::NotATime => Expected::new(EXPECTED),
            Self::Past => Expected::new(NOT_PAST),
            Self::TooFar => Expected::new("a time within 100 years"),
            Self::PastDay(clear)
            | Self::Ambiguous(clear)
            | Self::UnclearDate(clear)
            | Self::ThisOrNext(clear) => clear.clone(),
            Self::Followed(what) | Self::Impossible(what) | Self::OtherLayout(what) => Expected::new(what),
        }
    }

    /// The same with each proposal in other words.
    pub(super) fn reworded(mut self, reword: impl Fn(&str) -> String) -> Self {
        if let Some(clear) = self.clear() {
            clear.proposals.iter_mut().for_each(|proposal| *proposal = reword(proposal));
        }
        self
    }

    /// The same with what is made of each proposal in its place; `None` where there were some and none is left.
    pub(super) fn proposing(mut self, of_each: impl FnMut(String) -> Vec<String>) -> Option<Self> {
        if let Some(clear) = self.clear()
            && !clear.proposals.is_empty()
        {
            clear.proposals = mem::take(&mut clear.proposals).into_iter().flat_map(of_each).collect();
            if clear.proposals.is_empty() {
                return None;
            }
        }
        Some(self)
    }

    fn clear(&mut self) -> Option<&mut Expected> {
        match self {
            Self::PastDay(clear)
            | Self::Ambiguous(clear)
            | Self::UnclearDate(clear)
            | Self::ThisOrNext(clear) => Some(clear),
            Self::NotATime
            | Self::Past
            | Self::TooFar
            | Self::Followed(_)
            | Self::Impossible(_)
            | Self::OtherLayout(_) => None,
        }
    }
}
