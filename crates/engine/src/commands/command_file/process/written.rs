//! What a program has written so far, without the accounts' secrets.

use std::io;

use callboard_connectors::http::{Parts, Redactor};

/// The most standard output that is kept to be read as data, in bytes.
const DATA: usize = 1 << 20;
/// The end of the output that is kept, in bytes.
const TAIL: usize = 64 << 10;
/// How much waits to be searched for secrets, once the program has ended, in bytes: what a pipe holds of it, and more.
const WAITING: usize = 256 << 10;

/// Where a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// What a program has written so far.
pub(super) struct Written {
    /// Its standard output as it came, to be read as data; none where it was more than is kept. It never leaves as it is.
    data: Option<String>,
    /// The end of all that was passed on.
    output: String,
    /// A secret may be written bit by bit, in either stream.
    stdout: Parts,
    stderr: Parts,
    /// What has come and was not searched yet.
    waiting: Vec<(String, Stream)>,
    /// True once the program has ended: for what is left in its pipes there is little time, and searching takes some.
    is_ending: bool,
}

impl Written {
    pub(super) fn new(redactor: &Redactor) -> Self {
        Self {
            data: Some(String::new()),
            output: String::new(),
            stdout: redactor.parts(),
            stderr: redactor.parts(),
            waiting: Vec::new(),
            is_ending: false,
        }
    }

    /// The program has ended: what still comes is passed on by [`Self::end`], unless it is much.
    pub(super) fn program_has_ended(&mut self) {
        self.is_ending = true;
    }

    /// Adds what has come, and returns what can be passed on by now: what may begin a secret is held back.
    pub(super) fn add(&mut self, piece: &str, stream: Stream) -> String {
        match self.waiting.last_mut() {
            Some((last, of)) if *of == stream => last.push_str(piece),
            _ => self.waiting.push((piece.to_owned(), stream)),
        }
        let waits =
            self.is_ending && self.waiting.iter().map(|(piece, _)| piece.len()).sum::<usize>() < WAITING;
        if waits { String::new() } else { self.search() }
    }

    fn search(&mut self) -> String {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(piece, stream)| self.clean(&piece, stream)).collect()
    }

    fn clean(&mut self, piece: &str, stream: Stream) -> String {
        let parts = match stream {
            Stream::Stdout => {
                let whole = self.data.take().filter(|data| data.len() + piece.len() <= DATA);
                self.data = whole.map(|data| data + piece);
                &mut self.stdout
            }
            Stream::Stderr => &mut self.stderr,
        };
        let clean = parts.next(piece, true);
        self.keep(&clean);
        clean
    }

    /// Returns what was held back, once nothing follows.
    pub(super) fn end(&mut self) -> String {
        let waiting = self.search();
        let held = self.stdout.next("", false) + &self.stderr.next("", false);
        self.keep(&held);
        waiting + &held
    }

    /// The whole standard output, none where it was more than is kept, and the end of all.
    ///
    /// # Errors
    /// Where it could not be searched for secrets.
    pub(super) async fn whole(self, redactor: &Redactor) -> io::Result<(Option<String>, String)> {
        let Self { data, mut output, .. } = self;
        let excess = output.len().saturating_sub(TAIL);
        output.drain(..output.ceil_char_boundary(excess));
        if redactor.is_empty() {
            return Ok((data, output));
        }
        let redactor = redactor.clone();
        let clean = move || data.map(|data| redactor.body(&data).into_owned());
        // What takes long must not hold up a worker.
        match tokio::task::spawn_blocking(clean).await {
            Ok(data) => Ok((data, output)),
            Err(_) => Err(io::Error::other("what it wrote could not be searched for secrets")),
        }
    }

    fn keep(&mut self, clean: &str) {
        self.output.push_str(clean);
        let excess = self.output.len().saturating_sub(TAIL);
        // Rarely: every cut moves all that is kept.
        if excess > TAIL {
            self.output.drain(..self.output.ceil_char_boundary(excess));
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;

    use super::*;

    const SECRET: &str = "ghp_Zx81PlainTokenValue7766";

    fn redactor() -> Redactor {
        Redactor::of_fields(&[SecretString::from(SECRET)])
    }

    /// What is passed on and kept of pieces, each with the stream that it comes in.
    async fn written(
        pieces: &[(&str, Stream)],
        redactor: &Redactor,
        ends_before: usize,
    ) -> (String, Option<String>, String) {
        let mut written = Written::new(redactor);
        let mut passed = String::new();
        for (at, (piece, stream)) in pieces.iter().enumerate() {
            if at == ends_before {
                written.program_has_ended();
            }
            passed += &written.add(piece, *stream);
        }
        passed += &written.end();
        let (data, output) = written.whole(redactor).await.unwrap();
        (passed, data, output)
    }

    #[tokio::test]
    async fn a_secret_is_taken_out_of_each_stream_wherever_it_is_cut() {
        use Stream::{Stderr, Stdout};
        let text = format!("login {SECRET} done\n");
        for cut in 0..=text.len() {
            for ends_before in [0, 1, 2, 4] {
                let (one, other) = text.split_at(cut);
                // Both streams at once, each with the same.
                let pieces = [(one, Stdout), (one, Stderr), (other, Stdout), (other, Stderr)];
                let (passed, data, output) = written(&pieces, &redactor(), ends_before).await;
                assert_eq!(data.as_deref(), Some("login [REDACTED] done\n"), "{cut}");
                for text in [&passed, &output] {
                    assert!(!text.contains("Plain") && !text.contains("7766"), "{cut}: {text}");
                    assert_eq!(text.matches("[REDACTED]").count(), 2, "{cut}: {text}");
                }
            }
        }
    }

    #[tokio::test]
    async fn data_stays_json_and_what_is_much_is_no_data() {
        let json = format!(r#"{{"token":"{SECRET}","n":1}}"#);
        let (_, data, _) = written(&[(json.as_str(), Stream::Stdout)], &redactor(), 9).await;
        assert_eq!(data.as_deref(), Some(r#"{"n":1,"token":"[REDACTED]"}"#));
        let much = "x".repeat(DATA / 2 + 1);
        for redactor in [redactor(), Redactor::default()] {
            let pieces = [(&*much, Stream::Stdout), (&*much, Stream::Stdout), ("end", Stream::Stderr)];
            let (passed, data, output) = written(&pieces, &redactor, 1).await;
            assert_eq!((passed.len(), data), (2 * much.len() + 3, None));
            assert!(output.len() <= TAIL && output.ends_with("xend"), "{}", output.len());
        }
    }

    #[tokio::test]
    async fn without_secrets_everything_is_passed_on_as_it_comes() {
        let mut written = Written::new(&Redactor::default());
        for piece in ["ghp_Zx81", "Plain\n"] {
            assert_eq!(written.add(piece, Stream::Stdout), piece);
        }
        assert_eq!(written.end(), "");
        let (data, output) = written.whole(&Redactor::default()).await.unwrap();
        assert_eq!((data.as_deref(), &*output), (Some("ghp_Zx81Plain\n"), "ghp_Zx81Plain\n"));
    }
}
