//! What is done: the life of a run, from what a person is shown to what is recorded.

pub(crate) mod run;
