//! A feed may hold anything: it is refused, or read into a bounded list of items.
#![no_main]

use callboard_connectors::cctray::{PROJECTS, items};
use callboard_domain::item::AccountName;

libfuzzer_sys::fuzz_target!(|feed: &[u8]| {
    let now = "2026-11-22T12:00:00Z".parse().expect("a time");
    if let Ok(found) = items(&AccountName::from("ci"), feed, now) {
        assert!(found.len() <= PROJECTS);
    }
});
