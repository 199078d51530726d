//! Prints the reference of the configuration and of command files: `cargo xtask types` keeps `docs/reference.md` so.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", callboard_engine::reference());
}
