//! Takes secrets out of lines of a file before a message quotes them: one may be there by mistake, and messages go
//! into logs, chats and bug reports.

use callboard_domain::nearest;

/// A line with what may be a secret masked, and the masked values, so that they can be taken out of other texts too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Masked {
    /// The line, as long as it was: what a column points to stays where it is.
    pub(super) line: String,
    values: Vec<String>,
    /// True where the end of the line is masked.
    ends_hidden: bool,
}

impl Masked {
    /// A text without the values that were masked.
    pub(super) fn redact(&self, text: &str) -> String {
        // The longest first: one may be a part of another.
        let mut values: Vec<&String> = self.values.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), "[REDACTED]"))
    }

    /// The same for a line that was cut: a value up to its end may go on, so nothing of a text is kept from there on.
    pub(super) fn redact_open(&self, text: &str) -> String {
        let open = self.values.last().filter(|_| self.ends_hidden);
        match open.and_then(|value| text.split_once(value.as_str())) {
            Some((before, _)) => format!("{}[REDACTED] …", self.redact(before)),
            None => self.redact(text),
        }
    }
}

/// Parts of key names whose values are secrets.
const SECRET_KEYS: [&str; 14] = [
    "token",
    "passw",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "credential",
    "authorization",
    "bearer",
    "cookie",
    "webhookurl",
];
/// What well-known secrets begin with: of GitHub, GitLab, Slack, npm, PyPI, AWS, Google, Stripe, and JSON web tokens.
const SECRET_STARTS: [&str; 19] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "xoxe",
    "npm_",
    "pypi-",
    "AKIA",
    "AIza",
    "sk_live_",
    "sk-",
    "eyJ",
];
/// Shorter values are words, and masking them takes more from a message than it keeps.
const LEAST: usize = 4;

/// Masks one line. `every_value` masks every string in it: for a line whose key is not known, which may contain anything.
pub(super) fn mask(line: &str, every_value: bool) -> Masked {
    let mut hidden = vec![false; line.len()];
    let mut hide = |from: usize, to: usize| hidden[from..to].iter_mut().for_each(|it| *it = true);
    for value in values(line) {
        if value.text(line).len() >= LEAST && (every_value && value.is_text || is_secret_key(value.key)) {
            hide(value.from, value.to);
        }
    }
    // Whatever the key: in comments, commands, addresses and headers as well.
    for (from, to) in words(line) {
        if is_secret(&line[from..to]) {
            hide(from, to);
        }
    }
    assignments(line).into_iter().chain(addresses(line)).for_each(|(from, to)| hide(from, to));
    let ends_hidden = hidden.last() == Some(&true);
    Masked { line: masked(line, &hidden), values: runs(line, &hidden), ends_hidden }
}

/// A value in a line, after its key and `=`.
struct Value<'l> {
    key: &'l str,
    from: usize,
    to: usize,
    /// It is quoted, or is no number, date or truth value.
    is_text: bool,
}

impl Value<'_> {
    fn text<'l>(&self, line: &'l str) -> &'l str {
        &line[self.from..self.to]
    }
}

/// Every value of the line, also of a line that is not TOML. A string that ends on another line goes to the end.
fn values(line: &str) -> Vec<Value<'_>> {
    let bytes = line.as_bytes();
    let (mut found, mut at, mut key) = (Vec::new(), 0, "");
    let mut key_was_quoted = false;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                let end = closing(line, at + 1, quote);
                let rest = line.get(end + 1..).unwrap_or_default().trim_start();
                if rest.starts_with('=') {
                    key = &line[at + 1..end];
                    key_was_quoted = true;
                } else if !(key.is_empty() && is_part_of_a_key(line, at, end)) {
                    // Without a `=` the line is no TOML, and what comes before it is most likely its key.
                    if key.is_empty() {
                        key = last_word(&line[..at]);
                    }
                    found.push(Value { key, from: at + 1, to: end, is_text: true });
                }
                at = end + 1;
            }
            b'=' | b':' if key.is_empty() || bytes[at] == b'=' => {
                let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
                let start = before.rfind(|c: char| !is_key_char(c)).map_or(0, |i| i + c_len(before, i));
                if !std::mem::take(&mut key_was_quoted) {
                    key = &before[start..];
                }
                at += 1;
                // One that is not quoted ends with the line, a comma or a bracket.
                let from = at + (line[at..].len() - line[at..].trim_start().len());
                let bare = line[from..].find([',', ']', '}', '#']).map_or(line.len(), |end| from + end);
                let bare = from + line[from..bare].trim_end().len();
                let value = &line[from..bare];
                if !value.is_empty() && !value.starts_with(['"', '\'', '[', '{']) {
                    let plain = value == "true"
                        || value == "false"
                        || value.starts_with(|c: char| c.is_ascii_digit());
                    found.push(Value { key, from, to: bare, is_text: !plain });
                    at = bare;
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// True for quotes that are joined by a point to what comes before or after them, as in `[accounts."my forge"]`: the name of a
/// table or a key, which is no value.
fn is_part_of_a_key(line: &str, from: usize, to: usize) -> bool {
    let is_part = |c: char| c != '.' && (is_key_char(c) || matches!(c, '"' | '\''));
    let before = line[..from].trim_end().strip_suffix('.');
    let after = line.get(to + 1..).unwrap_or_default().trim_start().strip_prefix('.');
    before.is_some_and(|before| before.trim_end().ends_with(is_part))
        || after.is_some_and(|after| after.trim_start().starts_with(is_part))
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    let start = text.rfind(|c: char| !is_key_char(c)).map_or(0, |at| at + c_len(text, at));
    &text[start..]
}

fn is_key_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn c_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Where a string that begins before `from` ends; the end of the line where it does not end on it.
fn closing(line: &str, from: usize, quote: u8) -> usize {
    let bytes = line.as_bytes();
    let mut at = from;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' && quote == b'"' { 2 } else { 1 };
    }
    let at = at.min(line.len());
    (at..=line.len()).find(|at| line.is_char_boundary(*at)).unwrap_or(line.len())
}

/// The names of keys for secrets in the services that we support; a name close to one of these is a typing error.
const SECRET_NAMES: [&str; 8] =
    ["token", "password", "secret", "passphrase", "api_key", "private_key", "credential", "webhook_secret"];

/// True where a key names a secret, also with a slip of the fingers.
pub(super) fn names_a_secret(key: &str) -> bool {
    is_secret_key(key) || nearest::nearest(key, SECRET_NAMES).is_some()
}

fn is_secret_key(key: &str) -> bool {
    let key: String = key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    // `secrets.store` says where they are.
    key != "store" && SECRET_KEYS.iter().any(|part| key.contains(part))
}

/// Runs of characters that tokens are made of.
fn words(line: &str) -> Vec<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '.' | '~');
    let mut found = Vec::new();
    let mut from = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (is_part(c), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                found.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    found
}

/// What looks like a token: it begins as those do, or is long, of letters and digits, and no path or name.
fn is_secret(word: &str) -> bool {
    if word.len() >= 12 && SECRET_STARTS.iter().any(|start| word.starts_with(start)) {
        return true;
    }
    let longest = word.split(['/', '.']).max_by_key(|part| part.len()).unwrap_or_default();
    let has = |is: fn(&char) -> bool| longest.chars().any(|c| is(&c));
    longest.len() >= 24
        && has(char::is_ascii_digit)
        && (has(char::is_ascii_uppercase) || longest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `token=...`, `password: ...`, `Bearer ...`, `Basic ...` inside texts: where the value is.
fn assignments(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ',' | ';' | '`' | ')' | '}');
    let value = |from: usize| {
        let from = from + (line[from..].len() - line[from..].trim_start_matches(['"', '\'']).len());
        (from, line[from..].find(ends).map_or(line.len(), |end| from + end))
    };
    for (at, c) in line.char_indices().filter(|(_, c)| matches!(c, '=' | ':')) {
        let before = &line[..at];
        let start = before.rfind(|c: char| !is_key_char(c)).map_or(0, |i| i + c_len(before, i));
        // With a space after it, it is a key of the file, which `values` has read, or prose.
        let joined = line[at + c.len_utf8()..].starts_with(|c: char| !c.is_whitespace());
        if joined && is_secret_key(&before[start..]) {
            found.push(value(at + c.len_utf8()));
        }
    }
    let lower = line.to_ascii_lowercase();
    for scheme in ["bearer ", "basic "] {
        found.extend(lower.match_indices(scheme).map(|(at, _)| value(at + scheme.len())));
    }
    found.retain(|(from, to)| to - from >= LEAST && !line[*from..*to].starts_with("{{"));
    found
}

/// In addresses: the user and password before the host, and all after the `?`. Chats' webhook addresses are secrets.
fn addresses(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("://") {
        let from = at + 3;
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | '`');
        let to = line[from..].find(ends).map_or(line.len(), |end| from + end);
        let address = &line[from..to];
        let host_end = address.find(['/', '?', '#']).unwrap_or(address.len());
        if let Some(user) = address[..host_end].rfind('@') {
            found.push((from, from + user));
        }
        if let Some(query) = address.find('?') {
            found.push((from + query + 1, to));
        }
        if let Some(hook) = address.find("/services/").filter(|_| address.starts_with("hooks.")) {
            found.push((from + hook + "/services/".len(), to));
        }
    }
    found
}

fn masked(line: &str, hidden: &[bool]) -> String {
    line.char_indices().map(|(at, c)| if hidden[at] { '*' } else { c }).collect()
}

/// What was hidden, value by value.
fn runs(line: &str, hidden: &[bool]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for (at, c) in line.char_indices() {
        match (hidden[at], open) {
            (true, true) => found.last_mut().into_iter().for_each(|value| value.push(c)),
            (true, false) => found.push(c.to_string()),
            (false, _) => {}
        }
        open = hidden[at];
    }
    found.retain(|value| value.len() >= LEAST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        // line, every value -> what is shown
        let cases = [
            (r#"token = "hunter2-hunter2""#, false, r#"token = "***************""#),
            (r#"Webhook-Secret = 'hush hush'"#, false, r#"Webhook-Secret = '*********'"#),
            ("password = hunter2", false, "password = *******"),
            ("password: hunter2 # mine", false, "password: ******* # mine"),
            (r#"password = "it \" ends" # x"#, false, r#"password = "**********" # x"#),
            (r#"token = "never ends"#, false, r#"token = "**********"#),
            (r#""api key" = "hunter2""#, false, r#""api key" = "*******""#),
            (
                r#"forge = { service = "github", token = "hunter2", every = "1m" }"#,
                false,
                r#"forge = { service = "github", token = "*******", every = "1m" }"#,
            ),
            (r#"tokn = ["hunter2", "correct horse"]"#, true, r#"tokn = ["*******", "*************"]"#),
            (r#"pass = { a = "hunter2" }"#, true, r#"pass = { a = "*******" }"#),
            ("retries = 30000", true, "retries = 30000"),
            (r#"key = "ghp_0123456789abcdef""#, false, r#"key = "********************""#),
            (
                r#"headers = { Authorization = "Bearer abc.def" }"#,
                false,
                r#"headers = { Authorization = "**************" }"#,
            ),
            (r#"args = ["-H", "X: Bearer abcdef"]"#, false, r#"args = ["-H", "X: Bearer ******"]"#),
            (r#"path = "/x?access_token=hunter2&a=b""#, false, r#"path = "/x?access_token=*******&a=b""#),
            (
                r#"url = "https://ana:hunter2@ci.example/x""#,
                false,
                r#"url = "https://***********@ci.example/x""#,
            ),
            (
                r#"url = "https://ci.example/x?key=hunter2""#,
                false,
                r#"url = "https://ci.example/x?***********""#,
            ),
            (
                r#"x = "https://hooks.slack.com/services/T0/B0/hush""#,
                false,
                r#"x = "https://hooks.slack.com/services/**********""#,
            ),
            ("# old: eyJhbGciOiJIUzI1NiJ9.e30.x", false, "# old: **************************"),
            (r#"run = ["deploy", "--token=hunter2"]"#, false, r#"run = ["deploy", "--token=*******"]"#),
            // What is no secret stays as it is.
            (r#"store = "keychain""#, false, r#"store = "keychain""#),
            (r#"watch = ["acme/web-frontend-2", 5]"#, false, r#"watch = ["acme/web-frontend-2", 5]"#),
            (
                r#"when = 'item.kind == "build" && item.branch == "main"'"#,
                false,
                r#"when = 'item.kind == "build" && item.branch == "main"'"#,
            ),
            (r#"every = "1 fortnight""#, false, r#"every = "1 fortnight""#),
            (r#"key "hunter2-x""#, true, r#"key "*********""#),
            (r#"token "hunter2-x""#, false, r#"token "*********""#),
            (r#"argv = ["a", "hunter2-x"]"#, false, r#"argv = ["a", "hunter2-x"]"#),
            ("[accounts.forge]", true, "[accounts.forge]"),
            (r#"[accounts."bad name"]"#, true, r#"[accounts."bad name"]"#),
            (r#"[ accounts . 'bad name' "#, true, r#"[ accounts . 'bad name' "#),
            (r#"[["a name".rules."bad name"]]"#, true, r#"[["a name".rules."bad name"]]"#),
            (r#"accounts."bad name".tokn = "hunter2""#, true, r#"accounts."bad name".tokn = "*******""#),
            (r#""bad name".token = "hunter2""#, false, r#""bad name".token = "*******""#),
            // Names may be secrets by mistake, too; and what is alone may be a value of a list.
            (r#"[accounts."ghp_0123456789abcdef"]"#, true, r#"[accounts."********************"]"#),
            (r#"["hunter2-x"]"#, true, r#"["*********"]"#),
            (r#"x = "hunter2".y"#, true, r#"x = "*******".y"#),
            (
                r#"url = "https://ci.acme.example/job/web""#,
                false,
                r#"url = "https://ci.acme.example/job/web""#,
            ),
            (r#"token = "{{ token }}""#, false, r#"token = "***********""#),
            ("", true, ""),
        ];
        for (line, every_value, expected) in cases {
            let masked = mask(line, every_value);
            assert_eq!(masked.line, expected, "{line}");
            assert_eq!(masked.line.chars().count(), line.chars().count(), "columns stay: {line}");
        }
    }

    #[test]
    fn no_line_breaks_it_and_no_masked_value_is_left_in_another_text() {
        for line in [
            "= = =",
            "\"",
            "'",
            "\\",
            "a=\"\\",
            "é=\"é\\é",
            "token=é",
            "://",
            "x://@?",
            "\u{202e}=\"x",
            "a:b=c:d",
        ] {
            for every_value in [false, true] {
                let masked = mask(line, every_value);
                assert_eq!(masked.line.chars().count(), line.chars().count());
            }
        }
        let masked = mask(r#"token = "hunter2-of-ana""#, false);
        let what = masked.redact("invalid type: string \"hunter2-of-ana\", expected a list");
        assert_eq!(what, "invalid type: string \"[REDACTED]\", expected a list");
    }
}
