use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    error::ServiceError,
    item::{BuildStatus, Kind},
    log,
    message::Block,
    run::Outcome,
    text,
};
use jiff::Timestamp;

use super::outcome::outcome;
use crate::{
    http::Parts,
    jenkins::{
        client::{JOB, Jenkins, PAUSE, job_arg, number_arg, refused},
        normalise,
        source::Jobs,
    },
};

/// How much of a log is kept while it is read, in bytes.
const KEPT: usize = 4 << 20;
/// How much of one part is output, in bytes: its end.
pub(super) const SHOWN: usize = 256 << 10;
/// How many lines an outcome holds.
const LINES: usize = 40;

/// `build log web/api`: reads a build's log, to its end.
pub(super) struct BuildLog {
    jenkins: Jenkins,
    jobs: Arc<Jobs>,
    spec: CommandSpec,
}

impl BuildLog {
    pub(super) fn new(jenkins: Jenkins, jobs: Arc<Jobs>) -> Self {
        let spec = CommandSpec::new("build log", "Read the log of a Jenkins build, from its first error")
            .usage("build log <job> [number]")
            .role(Role::Log)
            .arg(ArgSpec::item("job", Kind::Build, JOB))
            .arg(ArgSpec::number("number", "which build; the newest where not given").optional())
            .example("build log web/api@main")
            .example("build log web/api 57")
            .timeout(Duration::from_secs(6 * 3_600))
            .reads();
        Self { jenkins, jobs, spec }
    }
}

#[async_trait]
impl Action for BuildLog {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (job, number) = (job_arg(args)?, number_arg(args)?);
        let http = self.jenkins.http();
        let find = http.step(format!("Look how {job} is"), &Jenkins::build_request(&job, number));
        let mut read = http.step("Read its log", &Jenkins::log_request(&job, number.unwrap_or(0), 0));
        if number.is_none() {
            read.request = read.request.replace("/0/logText", "/NUMBER/logText");
        }
        Ok(vec![find, read])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let (job, number) = (job_arg(args).map_err(refused)?, number_arg(args).map_err(refused)?);
        let mut build = self.jenkins.build(&job, number).await?;
        let number = build.number;
        let (mut log, mut start) = (String::new(), 0);
        let mut lines = Lines::new(self.jenkins.http().parts());
        loop {
            let part = self.jenkins.log(&job, number, start).await?;
            let text = lines.next(&part.text, part.more);
            if !text.is_empty() {
                progress.output(&text::block(end(&text, SHOWN), usize::MAX));
                log.push_str(&text);
                log = end(&log, KEPT).to_owned();
            }
            if !part.more {
                break;
            }
            progress.step(&format!("{job} #{number} runs"));
            start = part.next;
            self.jenkins.http().pause(PAUSE).await;
        }
        if !normalise::has_ended(&build) {
            build = self.jenkins.build(&job, Some(number)).await?;
        }
        let failed = normalise::status(&build) == BuildStatus::Failed;
        // Reading it went well, however the build ended.
        let outcome = Outcome { ok: true, ..outcome(&job, &build) };
        let link = self.jenkins.page(&job, &build).and_then(|page| page.join("console").ok());
        Ok(outcome.with_link(link).with_block(Block::Code(excerpt(&log, failed))))
    }

    async fn choices(&self, arg: &str, _args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg == "job" { self.jobs.choices().await } else { Ok(Vec::new()) }
    }
}

/// A log that comes in parts, without secrets and in whole lines: a part may end in the middle of a line, of its end or of an
/// escape.
pub(super) struct Lines {
    parts: Parts,
    /// The beginning of a line whose end has not come.
    rest: String,
}

impl Lines {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts, rest: String::new() }
    }

    /// The lines that have ended by now that this part has come; all that is left where `more` says that no further one will.
    pub(super) fn next(&mut self, part: &str, more: bool) -> String {
        self.rest.push_str(&self.parts.next(part, more));
        // What long has no end is no line.
        let waits = more && self.rest.len() <= SHOWN;
        let end = if waits { self.rest.rfind('\n').map_or(0, |at| at + 1) } else { self.rest.len() };
        let rest = self.rest.split_off(end);
        std::mem::replace(&mut self.rest, rest)
    }
}

/// The last lines of a text, at most so many bytes.
pub(super) fn end(text: &str, bytes: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    let rest = &text[from..];
    match rest.split_once('\n') {
        Some((_, lines)) if from > 0 && !lines.is_empty() => lines,
        _ => rest,
    }
}

/// What a person needs of a log: of a failed build what follows its first error, else the last lines.
pub(super) fn excerpt(log: &str, failed: bool) -> String {
    let log = text::block(end(log, KEPT), usize::MAX);
    let lines: Vec<_> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let first = lines.iter().position(|line| log::is_error(line)).filter(|_| failed);
    let from = first.unwrap_or(lines.len().saturating_sub(LINES / 2));
    let rest = &lines[from..];
    let cut = |lines: &[&str]| lines.iter().map(|line| text::line(line, 300)).collect::<Vec<_>>().join("\n");
    if rest.len() <= LINES {
        return cut(rest);
    }
    let left_out = rest.len() - LINES;
    format!("{}\n… {left_out} lines …\n{}", cut(&rest[..LINES / 2]), cut(&rest[rest.len() - LINES / 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Redactor;

    #[test]
    fn excerpt_of_a_failed_build_begins_at_its_first_error() {
        let long: String = (1..=100).map(|n| format!("after {n}\n")).collect();
        let cases = [
            (
                "a\nerror: x\nb\nFinished: FAILURE\n".to_owned(),
                true,
                "error: x\nb\nFinished: FAILURE".to_owned(),
            ),
            ("a\nerror: x\nb\n".to_owned(), false, "a\nerror: x\nb".to_owned()),
            ("a\n\n\nb\nFinished: FAILURE".to_owned(), true, "a\nb\nFinished: FAILURE".to_owned()),
            (String::new(), true, String::new()),
            ("\u{1b}[31merror\u{1b}[0m: x\r\n".to_owned(), true, "error: x".to_owned()),
        ];
        for (log, failed, expected) in cases {
            assert_eq!(excerpt(&log, failed), expected, "{log:?}");
        }
        let cut = excerpt(&format!("before\nerror: x\n{long}"), true);
        assert!(
            cut.starts_with("error: x\nafter 1\n")
                && cut.contains("\n… 61 lines …\n")
                && cut.ends_with("after 100")
        );
        assert_eq!(cut.lines().count(), LINES + 1);
        assert!(excerpt(&long, true).starts_with("after 81"));
    }

    /// Parts -> what is passed on as each comes. The last is the last there is.
    #[test]
    fn log_is_passed_on_in_whole_lines_wherever_it_is_cut() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["line 0 of", " web\nlin", "e 1 of web\n"], &["", "line 0 of web\n", "line 1 of web\n"]),
            (&["one\n", "two\n", ""], &["one\n", "two\n", ""]),
            (&["one", "\ntwo"], &["", "one\ntwo"]),
            (&["one\r", "\ntwo\r\n"], &["", "one\r\ntwo\r\n"]),
            (&["\u{1b}[3", "1merror\u{1b}[0m\n", "$ "], &["", "\u{1b}[31merror\u{1b}[0m\n", "$ "]),
            (&["$ ", ""], &["", "$ "]),
        ];
        for (parts, expected) in cases {
            let mut lines = Lines::new(Redactor::of_fields([]).parts());
            let last = parts.len() - 1;
            let passed: Vec<_> =
                parts.iter().enumerate().map(|(at, part)| lines.next(part, at < last)).collect();
            assert_eq!(passed, expected, "{parts:?}");
        }
        let mut lines = Lines::new(Redactor::of_fields([]).parts());
        let long = "x".repeat(SHOWN + 1);
        assert_eq!((lines.next(&long, true), lines.next("y", true)), (long, String::new()), "held for ever");
    }

    #[test]
    fn end_starts_at_a_line() {
        assert_eq!(end("one\ntwo\nthree", 100), "one\ntwo\nthree");
        assert_eq!(end("one\ntwo\nthree", 7), "three");
        assert_eq!(end("ääää", 3), "ä");
        assert_eq!(end("one\n", 2), "e\n");
    }
}
