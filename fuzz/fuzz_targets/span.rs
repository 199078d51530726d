//! A length of time that is understood is written in a way that means the same.
#![no_main]

use callboard_domain::duration::Span;

libfuzzer_sys::fuzz_target!(|typed: &str| {
    if let Ok(span) = typed.parse::<Span>() {
        assert_eq!(span.to_string().parse(), Ok(span));
    }
});
