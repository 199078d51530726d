//! When things happened, in microseconds on a clock that both processes have: what `cargo xtask bench` reads from the log.

use std::time::SystemTime;

/// Something happened now. Shown where `RUST_LOG` asks for `callboard::timing`.
pub fn stamp(event: &'static str) {
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    tracing::info!(target: "callboard::timing", event, at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
}
