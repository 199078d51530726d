//! What a usage is made of.

/// A part of the usage that belongs together, such as `to <env>`: what moves as one where the order is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct Segment {
    pub(in crate::command) elements: Vec<Element>,
    /// True for a group.
    pub(in crate::command) optional: bool,
}

/// Something between white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) enum Element {
    /// One word of the line.
    Word(Vec<Piece>),
    /// An argument (by its place in the spec) that takes all the words left.
    Rest(usize),
    /// What may be left out.
    Group(Vec<Element>),
}

/// A part of one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) enum Piece {
    Text(String),
    /// An argument, by its place in the spec.
    Arg(usize),
    Optional(Vec<Piece>),
}

impl Segment {
    /// True where it begins with a literal, by which it is recognised.
    pub(in crate::command) fn is_led(&self) -> bool {
        self.elements.first().is_some_and(|element| element.literal().is_some())
    }
}

impl Element {
    /// The literal that this is, where it is one.
    pub(in crate::command) fn literal(&self) -> Option<&str> {
        match self {
            Self::Word(pieces) => match pieces.as_slice() {
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// True where the argument takes all the words left in it.
    pub(in crate::command) fn is_rest(&self, arg: usize) -> bool {
        match self {
            Self::Rest(rest) => *rest == arg,
            Self::Group(inner) => inner.iter().any(|element| element.is_rest(arg)),
            Self::Word(_) => false,
        }
    }

    /// The arguments that it needs.
    pub(in crate::command) fn args(&self) -> impl Iterator<Item = usize> {
        let (pieces, rest) = match self {
            Self::Word(pieces) => (pieces.as_slice(), None),
            Self::Rest(arg) => (&[][..], Some(*arg)),
            Self::Group(_) => (&[][..], None),
        };
        let inside = pieces.iter().filter_map(|piece| match piece {
            Piece::Arg(arg) => Some(*arg),
            _ => None,
        });
        inside.chain(rest)
    }
}
