//! The board: what needs a person, in sections.
