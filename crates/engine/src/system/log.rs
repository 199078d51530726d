//! What a program writes into its log: nothing that steers the terminal that it is read on.

use std::io::{self, Write};

use callboard_domain::text;

/// Given to the log's filter besides what a person chose: the library that watches folders logs every change of a file,
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
        let said = String::from_utf8_lossy(bytes);
        self.inner.write_all(plain(&said, self.colours).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn plain(said: &str, colours: bool) -> String {
    if !colours {
        return text::visible(said).into_owned();
    }
    let mut parts = said.split("\u{1b}[");
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
    fn a_log_steers_nothing() {
        let cases = [
            ("plain \u{e9}\n", false, "plain \u{e9}\n"),
            ("\u{1b}]0;OWNED\u{7}\u{202e}\n", false, "\\u{1b}]0;OWNED\\u{7}\\u{202e}\n"),
            ("\u{1b}[31mred\u{1b}[0m", false, "\\u{1b}[31mred\\u{1b}[0m"),
            ("\u{1b}[31mred\u{1b}[0m", true, "\u{1b}[31mred\u{1b}[0m"),
            ("\u{1b}[2J\u{1b}[1;32mx\u{9b}2J", true, "\\u{1b}[2J\u{1b}[1;32mx\\u{9b}2J"),
        ];
        for (said, colours, expected) in cases {
            let mut written = Vec::new();
            Plain::new(&mut written, colours).write_all(said.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{said:?}");
        }
    }
}
