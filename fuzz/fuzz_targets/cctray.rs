//! A feed may hold anything: it is refused, or read into a bounded list of projects.
#![no_main]

use callboard_connectors::cctray::{PROJECTS, projects};

libfuzzer_sys::fuzz_target!(|feed: &[u8]| {
    if let Ok(found) = projects(feed) {
        assert!(found.len() <= PROJECTS);
    }
});
