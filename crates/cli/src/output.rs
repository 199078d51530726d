//! What is printed: text for people, tables that fit the terminal, or JSON.

use std::io::{IsTerminal, Write};

use callboard_domain::{
    command::{ArgType, CommandSpec},
    error::ServiceError,
    item::Kind,
    message::{Block, Message, Tone},
    rules::{Decision, Outcome},
    text,
};
use callboard_engine::api::{ApiError, Check, CheckVerdict, CommandInfo, Origin, Replay, Replayed};
use console::{Style, StyledObject, Term, style};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::json;

pub(crate) use self::run::RunOutput;
use crate::{printed::on_one_line, wrap};

mod event;
mod run;

/// The width of an event's number and of the space after it: what is said of an event is aligned with its time.
pub(crate) const EVENT_MARGIN: usize = 8;
/// Columns of a spinner's line besides its text: the spinner, the elapsed time ("59m"), and the spaces between.
const BESIDE_SPINNER: usize = 8;

/// JSON without a character that steers a terminal: serde_json writes out only those below a space.
fn plain_json(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains(text::is_unsafe) {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        match text::is_unsafe(c) {
            // They occur in strings only: outside, JSON has none.
            true => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")))
            }
            false => out.push(c),
        }
    }
    out.into()
}

/// How to print.
pub(crate) struct Output {
    /// JSON instead of text.
    pub json: bool,
    quiet: bool,
}

impl Output {
    /// Colours are for terminals, and can be turned off (`--no-color`, `NO_COLOR`).
    pub(crate) fn new(json: bool, quiet: bool, no_color: bool) -> Self {
        if no_color || std::env::var_os("NO_COLOR").is_some() {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
        Self { json, quiet }
    }

    /// One JSON object on a line.
    pub(crate) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => println!("{}", plain_json(&line)),
            Err(error) => eprintln!("callboard: {error}"),
        }
    }

    /// JSON where it is requested, else what `print` prints.
    pub(crate) fn either(&self, value: &impl Serialize, print: impl FnOnce()) {
        if self.json { self.json(value) } else { print() }
    }

    /// Something besides the result, for a person.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{}", wrap::prose(&text::visible(text), wrap::width_of(&Term::stderr()), 0));
        }
    }

    /// An error, on standard error; as JSON on standard output too where that is requested.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let kind = error.chain().find_map(|cause| cause.downcast_ref::<ApiError>());
        if self.json {
            self.json(&json!({ "error": format!("{error:#}"), "detail": kind }));
        }
        let now = Timestamp::now();
        let again = match kind {
            Some(ApiError::Service { error, .. }) => again(error, now, now),
            _ => String::new(),
        };
        let error = format!("{error:#}{again}");
        let error = format!("{} {}", style("callboard:").red().for_stderr(), text::visible(&error));
        let _ = writeln!(std::io::stderr(), "{}", wrap::prose(&error, wrap::width_of(&Term::stderr()), 2));
    }

    /// Shown while something takes long: on a terminal only.
    pub(crate) fn spinner(&self) -> ProgressBar {
        if self.quiet || self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(look) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>4}") {
            bar.set_style(look);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }

    /// A message as a terminal shows it.
    pub(crate) fn message(&self, message: &Message) {
        message_lines(message).iter().for_each(|line| println!("{line}"));
    }

    /// What the rules decided, rule by rule.
    pub(crate) fn decision(&self, decision: &Decision) {
        println!("{}", style(decision_text(decision)).bold());
        for reason in &decision.reasons {
            let tone = match reason.outcome {
                Outcome::Matched => Tone::Good,
                Outcome::Failed => Tone::Attention,
                Outcome::NotMatched | Outcome::NotReached => Tone::Neutral,
            };
            let builtin = if reason.builtin { " (built in)" } else { "" };
            println!("{} {}{builtin}: {}", mark(tone), reason.rule, reason.why);
        }
    }

    /// The events that would be decided differently.
    pub(crate) fn replay(&self, replay: &Replay) {
        for Replayed { event, before, after } in &replay.changed {
            self.event(event);
            let grouped = match before.group == after.group {
                true => String::new(),
                false => format!("; grouped by {}", text::line(&after.group, 100)),
            };
            let decided = format!("{} → {}{grouped}", decision_text(before), decision_text(after));
            print_wrapped(&format!("{:EVENT_MARGIN$}{decided}", ""), EVENT_MARGIN + 2);
        }
        let all = match replay.events {
            1 => "1 event".to_owned(),
            count => format!("{count} events"),
        };
        match replay.changed.len() {
            0 if replay.events == 0 => {
                println!("No event to try them on: what happened before its account was watched is left out");
            }
            0 => println!("{all}: nothing would be decided differently"),
            count => println!("{count} of {all} would be decided differently, with items as they are now"),
        }
    }

    /// A check with its remedy.
    pub(crate) fn check(&self, check: &Check) {
        let mark = match check.verdict {
            CheckVerdict::Ok => style("✓").green(),
            CheckVerdict::Warning => style("◆").yellow(),
            CheckVerdict::Failed => style("✗").red(),
        };
        print_wrapped(&format!("{mark} {}: {}", style(&check.name).bold(), check.found), 2);
        if let Some(remedy) = &check.remedy {
            print_wrapped(&remedy_line(&style("→").dim(), remedy), 4);
        }
    }

    /// A command in full.
    pub(crate) fn help(&self, info: &CommandInfo) {
        let CommandSpec { name, aliases, summary, usage, args, examples, timeout, .. } = &info.spec;
        println!("{}  {summary}", style(name).bold());
        println!("\n  {usage}");
        if !aliases.is_empty() {
            println!("  also: {}", aliases.join(", "));
        }
        if !args.is_empty() {
            println!();
        }
        for arg in args {
            let kind = match &arg.ty {
                ArgType::Choice(values) => values.join(" | "),
                ArgType::Item(kind) => match kind {
                    Kind::Build => "a build".into(),
                    Kind::PullRequest => "a pull request".into(),
                    Kind::Incident => "an incident".into(),
                    Kind::Approval => "an approval".into(),
                },
                ArgType::Number => "a number".into(),
                ArgType::Bool => "true or false".into(),
                ArgType::Duration => "a length of time, such as 2h".into(),
                ArgType::Time => "a time, such as 18:00, tomorrow or monday 14:30".into(),
                ArgType::Pairs => "name=value, any number".into(),
                ArgType::Text | ArgType::Live => String::new(),
            };
            let more = match (&arg.default, arg.required) {
                (Some(default), _) => format!("default {default}"),
                (None, true) => "required".into(),
                (None, false) => "optional".into(),
            };
            let facts: Vec<String> = [kind, more].into_iter().filter(|fact| !fact.is_empty()).collect();
            println!("  {:<12} {} ({})", arg.name, arg.summary, facts.join("; "));
        }
        if !examples.is_empty() {
            println!("\nExamples");
            for example in examples {
                println!("  callboard run {example}");
            }
        }
        println!("\nFrom {}", origin(&info.origin));
        println!("Posts to {}", info.posts_to);
        println!("Time limit: {}", callboard_domain::duration::Span(*timeout));
    }
}

/// A message in lines, or groups of them. A person's text keeps its lines, and nothing else in it begins one.
fn message_lines(message: &Message) -> Vec<String> {
    let title = text::block(&message.title, usize::MAX);
    let mut lines = vec![format!("{} {}", mark(message.tone), indent(title.trim_end()).trim_start())];
    for block in &message.blocks {
        match block {
            Block::Text(text) => lines.push(indent(text)),
            Block::Code(code) => lines.push(style(indent(code.trim_end())).dim().to_string()),
            Block::Fields(fields) => lines.extend(fields.iter().map(|(name, value)| {
                format!("  {} {}", style(format!("{}:", on_one_line(name))).dim(), on_one_line(value))
            })),
            Block::List(rows) => {
                lines.extend(rows.iter().map(|row| format!("  {}", text::line(&row.text, 500))))
            }
        }
    }
    lines.extend(message.link.as_ref().map(|link| style(link).dim().to_string()));
    lines
}

/// A decision as text.
pub(crate) fn decision_text(decision: &Decision) -> String {
    let posts = if decision.post.is_empty() {
        String::new()
    } else {
        format!("; posts in {}", decision.post.join(", "))
    };
    format!("{}{posts}", decision.action.name())
}

/// Where a command comes from, as text.
pub(crate) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Accounts(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Origin::File(path) => path.display().to_string(),
    }
}

/// The text beside the spinner of a run: its status, else its line. Text that is too long for the terminal ends in "…".
pub(crate) fn spinner_text(line: &str, status: &str) -> String {
    spinner_text_within(line, status, wrap::width_of(&Term::stderr()))
}

fn spinner_text_within(line: &str, status: &str, width: Option<usize>) -> String {
    let texts = [status, line].map(|text| text::line(text, 1_000));
    let shown = texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    let Some(width) = width else { return shown };
    wrap::lines_cut(&shown, width.saturating_sub(BESIDE_SPINNER).max(1), 1).join(" ")
}

/// Prints a sentence, which a terminal shows in lines of whole words, the further ones indented.
pub(crate) fn print_wrapped(text: &str, indent: usize) {
    println!("{}", wrapped(text, wrap::width_of(&Term::stdout()), indent));
}

/// A sentence in lines of at most that width, the further ones indented. The spaces that it begins with are its margin, so no
/// colour may precede them.
pub(crate) fn wrapped(text: &str, width: Option<usize>, indent: usize) -> String {
    let sentence = text.trim_start_matches(' ');
    let margin = text.len() - sentence.len();
    let width = width.map(|width| width.saturating_sub(margin));
    let lines = wrap::prose(sentence, width, indent.saturating_sub(margin));
    let lines: Vec<_> = lines.lines().map(|line| format!("{:margin$}{line}", "")).collect();
    lines.join("\n")
}

/// The line with a check's remedy.
fn remedy_line(arrow: &StyledObject<&str>, remedy: &str) -> String {
    format!("  {arrow} {remedy}")
}

/// A mark in its colour.
pub(crate) fn mark(tone: Tone) -> StyledObject<&'static str> {
    let look = match tone {
        Tone::Good => Style::new().green(),
        Tone::Bad => Style::new().red(),
        Tone::Attention | Tone::Unknown => Style::new().yellow(),
        Tone::Running => Style::new().cyan(),
        Tone::Neutral => Style::new().dim(),
    };
    look.apply_to(tone.mark())
}

fn indent(block: &str) -> String {
    text::block(block, usize::MAX).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A time as people in this place read it: the clock today, the day otherwise.
pub(crate) fn when(at: Timestamp) -> String {
    let zone = TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), Timestamp::now().to_zoned(zone));
    if at.date() == now.date() {
        at.strftime("%H:%M:%S").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// The start of a run's id, by which it can be named: of a time-ordered UUID, the millisecond in which it began.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..13).unwrap_or(id)
}

/// How long ago: `8 m`, `3 h`, `2 d`.
pub(crate) fn age(at: Timestamp) -> String {
    length(Timestamp::now().duration_since(at).as_secs().max(0))
}

/// How long it is until then: `8 m`, `3 h`, `2 d`; `None` once it is past.
pub(crate) fn left(at: Timestamp) -> Option<String> {
    let seconds = at.duration_since(Timestamp::now()).as_secs();
    (seconds > 0).then(|| length(seconds))
}

/// When a call that was refused at `at` may be made again, as the end of a sentence; empty where that is not known, or has
/// come.
fn again(error: &ServiceError, at: Timestamp, now: Timestamp) -> String {
    let again = error.retry_at(at).filter(|again| *again > now);
    again.map_or_else(String::new, |again| format!("; it may be tried again at {}", when(again)))
}

fn length(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_keeps_its_margin_in_colours() {
        for colour in [false, true] {
            let arrow = style("→").dim().force_styling(colour);
            let shown = wrapped(&remedy_line(&arrow, "Run one two three four"), Some(20), 4);
            let plain = console::strip_ansi_codes(&shown);
            assert_eq!(plain, "  → Run one two\n    three four", "{colour}");
        }
    }

    #[test]
    fn spinner_text_falls_back_to_the_line_and_fits() {
        let long = "waiting for the build of acme/web to end ".repeat(4);
        let wide = "建".repeat(60);
        // status -> the text beside the spinner, at 40 columns
        let cases = [
            ("", "deploy api"),
            (" ", "deploy api"),
            ("queued", "queued"),
            ("queued\n\u{1b}[2Jnow", "queued"),
            (long.as_str(), "waiting for the build of acme"),
            (wide.as_str(), "建建建"),
        ];
        for (status, expected) in cases {
            let shown = spinner_text_within("deploy api", status, Some(40));
            assert!(shown.starts_with(expected), "{status:?}: {shown:?}");
            assert!(console::measure_text_width(&shown) <= 40 - BESIDE_SPINNER, "{shown:?}");
            assert_eq!(shown.ends_with('…'), status.chars().count() > 40, "{shown:?}");
            assert!(!shown.contains(text::is_unsafe), "{shown:?}");
        }
        assert!(spinner_text_within("deploy api", &long, None).len() >= long.trim_end().len());
        assert!(!spinner_text_within("deploy api", "x", Some(0)).is_empty());
    }

    #[test]
    fn refused_call_says_when_it_may_be_made_again_until_then() {
        let now = Timestamp::now();
        let at = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
        let limited = || ServiceError::RateLimited {
            why: "too many calls".into(),
            retry_after: std::time::Duration::from_secs(30),
        };
        // what it met, when, in seconds from now -> what is said
        let cases = [
            (limited(), 0, format!("; it may be tried again at {}", when(at(30)))),
            (limited(), -20, format!("; it may be tried again at {}", when(at(10)))),
            (limited(), -30, String::new()),
            (ServiceError::unavailable("down"), 0, String::new()),
        ];
        for (error, seconds, expected) in cases {
            assert_eq!(again(&error, at(seconds), now), expected, "{error:?}, {seconds}");
        }
    }

    #[test]
    fn message_cannot_steer_the_terminal_or_begin_a_line() {
        let evil = "x\u{1b}]0;t\u{7}\u{202e}\ny";
        let row = callboard_domain::message::ListEntry { text: evil.to_owned(), link: None };
        let message = Message {
            blocks: vec![
                Block::Text(evil.into()),
                Block::Code(evil.into()),
                Block::Fields(vec![("command".into(), evil.into()), (evil.into(), "v".into())]),
                Block::List(vec![row]),
            ],
            ..Message::new(Tone::Good, evil)
        };
        let shown = message_lines(&message).join("\n");
        let shown = console::strip_ansi_codes(&shown);
        assert!(!shown.contains(|c| text::is_unsafe(c) && c != '\n'), "{shown:?}");
        assert!(shown.contains("command: x\\u{1b}]0;t\\u{7}\\u{202e}\\ny"), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with('y')), "{shown}");
    }

    #[test]
    fn json_output_matches_text_and_has_no_escapes() {
        let value = json!({ "a": "\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{e0041}\u{e9}", "b\u{feff}": 1 });
        let line = serde_json::to_string(&value).unwrap();
        let plain = plain_json(&line);
        assert!(!plain.contains(text::is_unsafe), "{plain:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).unwrap(), value);
    }
}
