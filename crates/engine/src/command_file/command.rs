//! A command of a file: what it takes, what it does, and how its end is told.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{self as typed, ArgError, Args, CommandSpec, Effect},
    error::ServiceError,
    expression::Expression,
    message::Block,
    run::Outcome,
    template::{Escape, Name, Template, TemplateError},
    text,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::{exec::Exec, http::Call};
use crate::values::values;

/// The most of an answer or output that is shown with an outcome, in characters: its end.
const SHOWN: usize = 2_000;
/// The most data that is recorded with an outcome, in bytes.
const DATA: usize = 64 << 10;

/// A command of a file.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) spec: CommandSpec,
    pub(super) run: Run,
    pub(super) result: Telling,
}

/// What it does.
#[derive(Debug)]
pub(super) enum Run {
    Http(Box<Call>),
    Exec(Box<Exec>),
}

/// How its end is told.
#[derive(Debug, Default)]
pub(super) struct Telling {
    pub(super) ok: Option<Expression>,
    pub(super) summary: Option<Template>,
    pub(super) link: Option<Link>,
}

/// Where its end can be seen.
#[derive(Debug)]
pub(super) enum Link {
    /// A URL with values in it: they are encoded.
    Written(Template),
    /// A URL as the service gave it.
    Told(Template),
}

/// What was done, as the service or the program told it.
#[derive(Debug)]
pub(super) struct Done {
    /// Whether it went well, where the command does not judge itself.
    pub(super) ok: bool,
    /// A line that tells a good end.
    pub(super) good: String,
    /// A line that tells a bad one.
    pub(super) bad: String,
    /// The answer or output, for people.
    pub(super) shown: String,
    /// The same, as data.
    pub(super) data: Value,
    /// What templates and expressions can name of it.
    pub(super) facts: Map<String, Value>,
}

#[async_trait]
impl Action for Command {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let scope = values(&self.spec, args);
        match &self.run {
            Run::Http(call) => call.preview(&scope),
            Run::Exec(exec) => exec.preview(&scope),
        }
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let scope = values(&self.spec, args);
        let done = match &self.run {
            Run::Http(call) => call.run(&scope, self.result.judges_by_status(), progress).await?,
            Run::Exec(exec) => exec.run(&scope, progress).await?,
        };
        self.outcome(args, scope, done)
    }
}

impl Command {
    fn outcome(
        &self,
        args: &Args,
        mut scope: Map<String, Value>,
        done: Done,
    ) -> Result<Outcome, ServiceError> {
        scope.extend(done.facts);
        let ok = match &self.result.ok {
            None => done.ok,
            Some(ok) => ok.holds(&scope).map_err(|why| {
                let why = format!("{}; whether that is well is not known: {why}", done.good);
                match self.spec.effect {
                    Effect::Changes => ServiceError::unknown(why),
                    Effect::Reads => ServiceError::unavailable(why),
                }
            })?,
        };
        scope.insert("ok".to_owned(), ok.into());
        let mut outcome = if ok { Outcome::ok("") } else { Outcome::failed("") };
        outcome.summary = self.summary(args, &scope, ok, if done.ok { &done.good } else { &done.bad });
        outcome.link = self.result.link.as_ref().and_then(|link| link.url(&scope));
        let shown = end_of(text::block(done.shown.trim(), usize::MAX), SHOWN);
        // Who changes something wants to know that it is done; who looks wants to see it.
        if !shown.is_empty() && (!ok || self.spec.effect == Effect::Reads) {
            outcome = outcome.with(Block::Code(shown));
        }
        if done.data.to_string().len() <= DATA {
            outcome = outcome.data(done.data);
        }
        Ok(outcome)
    }

    /// What was asked, as a person would have typed it.
    fn line(&self, args: &Args) -> String {
        let compiled = typed::Command::new(self.spec.clone());
        compiled.map_or_else(|_| typed::canonical_line(&self.spec, args), |command| command.line(args))
    }

    fn summary(&self, args: &Args, scope: &Map<String, Value>, ok: bool, said: &str) -> String {
        let line = self.line(args);
        let written = self.result.summary.as_ref().filter(|summary| ok || names_ok(summary));
        let written = written.map(|summary| summary.render(scope, Escape::None));
        let summary = match (written, &self.result.ok) {
            (Some(Ok(summary)), _) => summary,
            // That it cannot be told nicely changes nothing about how it ended.
            (Some(Err(error)), _) => format!("{line}: {said} (its summary lacks something: {})", error.what),
            (None, Some(expected)) if !ok => {
                format!("{line} failed: {said}, expected {}", expected.text())
            }
            (None, _) if !ok => format!("{line} failed: {said}"),
            (None, _) => format!("{line}: {said}"),
        };
        text::line(&summary, 300)
    }
}

impl Telling {
    /// True where the command itself says which statuses are good.
    fn judges_by_status(&self) -> bool {
        self.ok.as_ref().is_some_and(|ok| ok.names().iter().any(|name| name == "status"))
    }
}

impl Link {
    fn url(&self, scope: &Map<String, Value>) -> Option<Url> {
        let text = match self {
            Self::Written(template) => template.render(scope, Escape::PathSegment),
            Self::Told(template) => template.render(scope, Escape::None),
        };
        let url = Url::parse(text.ok()?.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }
}

fn names_ok(summary: &Template) -> bool {
    summary.names().iter().any(|found| found.name == "ok")
}

/// The end of a text, from the start of a line where there is one.
fn end_of(text: String, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let start = text.char_indices().nth(count - most).map_or(0, |(at, _)| at);
    let end = &text[start..];
    let end = end.split_once('\n').map_or(end, |(_, lines)| lines);
    format!("…\n{end}")
}

/// Says which argument it is that does not fit into a template.
pub(super) fn fit<T>(
    names: &[Name],
    rendered: Result<T, TemplateError>,
    scope: &Map<String, Value>,
) -> Result<T, ArgError> {
    rendered.map_err(|error| {
        let text = |name: &str| match scope.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        let odd = |text: &str| {
            matches!(text, "" | "." | "..") || text.starts_with('-') || text.contains(char::is_control)
        };
        let given: Vec<_> = names.iter().map(|found| (&*found.name, text(&found.name))).collect();
        let given = given.iter().find(|(_, text)| odd(text)).or(given.first());
        let (arg, found) =
            given.map_or_else(Default::default, |(name, text)| ((*name).to_owned(), text.clone()));
        ArgError::Invalid {
            arg,
            expected: format!("a value that fits ({})", error.what),
            found,
            nearest: None,
        }
    })
}
