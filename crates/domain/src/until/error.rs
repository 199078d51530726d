//! Why a text is no time to come, and what would be one.

/// What is expected, in words that follow "expected".
pub const EXPECTED: &str =
    "a length of time such as 2h, or a time such as 18:00, tomorrow, monday 14:30 or 2026-11-22T10:00";

/// Why a text is no time to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeError {
    /// It is no time, or one that is not understood.
    NotATime,
    /// It is past.
    Past,
    /// It is more than a century away, which is hardly meant.
    TooFar,
    /// It can be read in several ways; what would be clear, in words that follow "expected".
    Ambiguous(String),
    /// It is a date in numbers whose order is not the same everywhere, or one without its year that has just gone by;
    /// what would be clear and is to come, in words that follow "expected".
    UnclearDate(String),
    /// It names the weekday that today is, at a time still to come today; what would be clear, in words that follow
    /// "expected".
    ThisOrNext(String),
    /// It begins with a time, and goes on with what is no part of one; which, in words that follow "expected".
    Followed(String),
    /// It is a time but for a day that its month does not have, or an hour that no clock shows; which, and what would be
    /// right, in words that follow "expected".
    Impossible(String),
    /// It is one by its keys, typed on a keyboard whose layout is not Latin; which, in words that follow "expected".
    OtherLayout(String),
}

impl TimeError {
    /// What would be right, in words that follow "expected".
    pub fn expected(&self) -> &str {
        match self {
            Self::NotATime => EXPECTED,
            Self::Past => "a time that is not past yet",
            Self::TooFar => "a time within 100 years",
            Self::Ambiguous(clear) | Self::UnclearDate(clear) | Self::ThisOrNext(clear) => clear,
            Self::Followed(what) => what,
            Self::Impossible(what) => what,
            Self::OtherLayout(what) => what,
        }
    }
}
