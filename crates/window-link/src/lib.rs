//! What `callboard-tray` and `callboard-window` send each other.
//!
//! The tray starts the window process and holds both ends of its life: each writes JSON, a message a line, to the other,
//! the tray to the standard input of the window process, that one to its own standard output. The end of either pipe is
//! the end of the windows. The window process has no socket and no store, and keeps no secret; of the data folder it has `pages`, where pages keep
//! what they keep.

pub mod message;
pub mod timing;
pub mod window;
