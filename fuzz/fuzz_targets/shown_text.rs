//! Text from a service is made safe to show, whatever it holds.
#![no_main]

use callboard_domain::text;

libfuzzer_sys::fuzz_target!(|input: (u8, &str)| {
    let (max, untrusted) = input;
    let max = usize::from(max);
    let line = text::line(untrusted, max);
    let block = text::block(untrusted, max);
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(!block.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{block:?}");
    for shown in [&line, &block] {
        assert!(!shown.contains(['\u{202e}', '\u{202d}', '\u{2066}', '\u{2067}']), "{shown:?}");
    }
    assert!(line.chars().count() <= untrusted.chars().count() + 1, "{line:?}");
});
