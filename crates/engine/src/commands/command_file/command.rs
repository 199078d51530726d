//! A command of a file: what it takes, what it does, and how its outcome is reported.

use std::{borrow::Cow, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{self as typed, ArgError, Args, CommandSpec, Effect},
    error::ServiceError,
    expression::{Budget, Expression},
    item::AccountName,
    message::Block,
    run::Outcome,
    template::{Escape, Name, Template},
    text,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::{evaluation, exec::Exec, executed::Executed, http::Call};
use crate::commands::values::{BETWEEN_FIELDS, values};

/// The most of an answer or output that is shown with an outcome, in characters: its end.
const SHOWN: usize = 2_000;
/// The most data that is recorded with an outcome, in bytes.
const DATA: usize = 64 << 10;

/// A command of a file.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) spec: CommandSpec,
    pub(super) run: Run,
    pub(super) result: Arc<OutcomeTemplates>,
}

/// What it does.
#[derive(Debug)]
pub(super) enum Run {
    Http(Box<Call>),
    Exec(Box<Exec>),
}

/// How its outcome is reported.
#[derive(Debug, Default)]
pub(super) struct OutcomeTemplates {
    pub(super) ok: Option<Expression>,
    pub(super) summary: Option<Template>,
    pub(super) link: Option<Link>,
}

/// Where its end can be seen.
#[derive(Debug)]
pub(super) enum Link {
    /// A URL with values in it: they are encoded.
    Written(Template),
    /// A URL as a service gave it, in its answer or for an item.
    Given(Template),
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

    fn files(&self, args: &Args) -> Vec<PathBuf> {
        match &self.run {
            Run::Http(_) => Vec::new(),
            Run::Exec(exec) => exec.files(&values(&self.spec, args), self.spec.effect),
        }
    }

    fn account(&self) -> Option<&AccountName> {
        match &self.run {
            Run::Http(call) => Some(&call.account),
            Run::Exec(_) => None,
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
            Run::Exec(exec) => exec.run(&scope, self.spec.effect, progress).await?,
        };
        let (telling, effect, line, good) =
            (Arc::clone(&self.result), self.spec.effect, self.line(args), done.good.clone());
        let judged =
            evaluation::apart(move |budget| telling.outcome(effect, &line, scope, done, budget)).await;
        judged.unwrap_or_else(|late| Err(not_judged(effect, &good, &late.0)))
    }
}

/// It was done, and how it went is not known.
fn not_judged(effect: Effect, good: &str, why: &str) -> ServiceError {
    let why = format!("{good}; whether that is well is not known: {why}");
    match effect {
        Effect::Changes => ServiceError::unknown(why),
        Effect::Reads => ServiceError::unavailable(why),
    }
}

impl Command {
    /// What was asked, as a person would have typed it, and as people read it.
    fn line(&self, args: &Args) -> String {
        let compiled = typed::Command::new(self.spec.clone());
        let line =
            compiled.map_or_else(|_| typed::canonical_line(&self.spec, args), |command| command.line(args));
        typed::named_line(&line, args)
    }
}

impl OutcomeTemplates {
    /// How it ended. `line` is what was asked, as people read it.
    fn outcome(
        &self,
        effect: Effect,
        line: &str,
        mut scope: Map<String, Value>,
        done: Executed,
        budget: &Budget,
    ) -> Result<Outcome, ServiceError> {
        let written_out = written_out(&scope);
        scope.extend(done.facts);
        let ok = match &self.ok {
            None => done.ok,
            Some(ok) => ok.eval_bool(&scope, budget).map_err(|why| not_judged(effect, &done.good, &why.0))?,
        };
        scope.insert("ok".to_owned(), ok.into());
        let mut outcome = if ok { Outcome::ok("") } else { Outcome::failed("") };
        outcome.link = self.link.as_ref().and_then(|link| link.url(&scope));
        scope.extend(written_out);
        outcome.summary = self.summary(line, &scope, ok, if done.ok { &done.good } else { &done.bad });
        let shown = end_of(text::block(done.shown.trim(), usize::MAX), SHOWN);
        // A change that succeeded needs no output; a read is run for its output.
        if !shown.is_empty() && (!ok || effect == Effect::Reads) {
            outcome = outcome.with_block(Block::Code(shown));
        }
        if done.data.to_string().len() <= DATA {
            outcome = outcome.with_data(done.data);
        }
        Ok(outcome)
    }

    fn summary(&self, line: &str, scope: &Map<String, Value>, ok: bool, result: &str) -> String {
        let written = self.summary.as_ref().filter(|summary| ok || names_ok(summary));
        let written = written.map(|summary| summary.render(scope, Escape::None));
        let summary = match (written, &self.ok) {
            (Some(Ok(summary)), _) => summary,
            // A summary that cannot be rendered changes nothing about how it ended.
            (Some(Err(error)), _) => {
                format!("{line}: {result} (its summary lacks something: {})", error.what)
            }
            (None, Some(expected)) if !ok => {
                format!("{line} failed: {result}, expected {}", expected.text())
            }
            (None, _) if !ok => format!("{line} failed: {result}"),
            (None, _) => format!("{line}: {result}"),
        };
        text::line(&summary, 300)
    }

    /// True where the command itself decides which statuses are good.
    fn judges_by_status(&self) -> bool {
        self.ok.as_ref().is_some_and(|ok| ok.names().iter().any(|name| name == "status"))
    }
}

impl Link {
    fn url(&self, scope: &Map<String, Value>) -> Option<Url> {
        let is_of_several = |name: &Name| {
            scope.get(&name.name).and_then(Value::as_str).is_some_and(|urls| urls.contains(BETWEEN_FIELDS))
        };
        let text = match self {
            Self::Written(template) => template.render(scope, Escape::PathSegment),
            // Those of several items are together no URL.
            Self::Given(template) if template.names().iter().any(is_of_several) => return None,
            Self::Given(template) => template.render(scope, Escape::Line),
        };
        let url = Url::parse(text.ok()?.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }
}

/// The arguments with an invisible character, which is written out: a summary would lose it, and name another value.
fn written_out(args: &Map<String, Value>) -> Vec<(String, Value)> {
    let written = |(name, value): (&String, &Value)| match text::visible(value.as_str()?) {
        Cow::Owned(text) => Some((name.clone(), Value::from(text))),
        Cow::Borrowed(_) => None,
    };
    args.iter().filter_map(written).collect()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn link_is_one_url_that_a_service_gave() {
        let url = "https://pager.example/1";
        let of =
            |url: &str| json!({ "a": "PAGE01", "a.url": url, "body": { "url": "https://ops.example/7" } });
        // template, what is known -> the link
        let cases = [
            ("{{ a.url }}", of(url), Some(url)),
            ("{{ a.url if a == 'PAGE01' else body.url }}", of(url), Some(url)),
            ("{{ body.url }}", of(url), Some("https://ops.example/7")),
            ("{{ a.url or body.url }}", of(""), Some("https://ops.example/7")),
            ("{{ a.url }}", of(""), None),
            ("{{ a.url }}", of("javascript:alert(1)"), None),
            ("{{ a.url }}", of("file:///etc/passwd"), None),
            // Of several alerts, and of one that was never seen.
            ("{{ a.url }}", of("https://pager.example/1, https://pager.example/2"), None),
            ("{{ a.url }}", of("PAGE01"), None),
        ];
        for (text, known, expected) in cases {
            let Value::Object(scope) = known else { panic!("{known}") };
            let link = Link::Given(Template::compile(text).unwrap()).url(&scope);
            assert_eq!(link.as_ref().map(Url::as_str), expected, "{text} {scope:?}");
        }
    }
}
