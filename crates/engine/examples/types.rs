//! Prints the calls of the engine and their types in TypeScript: `cargo xtask types` keeps `ui/src/api.ts` so.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", callboard_engine::api::typescript());
}
