//! When things happened, in microseconds since the program began: what `cargo xtask bench` reads from the log.

use std::{sync::OnceLock, time::Instant};

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// The program begins.
pub(crate) fn begin() {
    BEGAN.get_or_init(Instant::now);
}

/// Something happened now. Shown where `RUST_LOG` asks for `callboard::timing`.
pub(crate) fn stamp(event: &'static str) {
    let at = BEGAN.get_or_init(Instant::now).elapsed();
    tracing::info!(target: "callboard::timing", event, at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
}
