//! What a program writes into its log: nothing that steers the terminal that it is read on.

use std::io::{self, Write};

use callboard_domain::text;

/// Added to the log filter that a person chose: the library that watches folders logs every change of a file,
/// of the log's own too where it lies in such a folder, and would never end.
pub const NOT_OF_ITSELF: &str = "notify=warn";

/// Writes to `W`, with every character written out that could steer a terminal.
#[derive(Debug)]
pub struct Plain<W> {
    inner: W,
    /// The colours that the program itself puts in are kept.
    colours: bool,
}

impl<W> Plain<W> {
    /// Keeps the program's own colours where `colours` is true; what is logged must then come with its escapes written out, as
    /// `tracing-subscriber` does.
    pub fn new(inner: W, colours: bool) -> Self {
        Self { inner, colours }
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let logged = String::from_utf8_lossy(bytes);
        self.inner.write_all(plain(&logged, self.colours).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn plain(logged: &str, colours: bool) -> String {
    if !colours {
        return text::visible(logged).into_owned();
    }
    let mut parts = logged.split("\u{1b}[");
    let mut out = text::visible(parts.next().unwrap_or_default()).into_owned();
    for part in parts {
        let length = part.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        // ECMA-48, 8.3.117, "select graphic rendition": colours and weights, and nothing else.
        out.push_str(if part[length..].starts_with('m') { "\u{1b}[" } else { "\\u{1b}[" });
        out.push_str(&text::visible(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_has_no_control_sequences() {
        let cases = [
            ("plain \u{e9}\n", false, "plain \u{e9}\n"),
            ("\u{1b}]0;OWNED\u{7}\u{202e}\n", false, "\\u{1b}]0;OWNED\\u{7}\\u{202e}\n"),
            ("\u{1b}[31mred\u{1b}[0m", false, "\\u{1b}[31mred\\u{1b}[0m"),
            ("\u{1b}[31mred\u{1b}[0m", true, "\u{1b}[31mred\u{1b}[0m"),
            ("\u{1b}[2J\u{1b}[1;32mx\u{9b}2J", true, "\\u{1b}[2J\u{1b}[1;32mx\\u{9b}2J"),
        ];
        for (logged, colours, expected) in cases {
            let mut written = Vec::new();
            Plain::new(&mut written, colours).write_all(logged.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{logged:?}");
        }
    }
}
