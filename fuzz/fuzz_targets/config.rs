//! A configuration file may hold anything: it is taken, or refused with a place inside of it.
#![no_main]

use std::path::Path;

use callboard_engine::config::Config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(faults) = Config::read(Path::new("callboard.toml"), text) {
        assert!(!faults.0.is_empty());
        let lines = text.split('\n').count();
        for fault in &faults.0 {
            assert!(fault.line >= 1 && fault.line <= lines && fault.column >= 1, "{fault:?}");
        }
        assert!(!faults.to_string().is_empty());
    }
});
