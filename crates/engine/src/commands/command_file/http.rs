//! `[command.run.http]`: one request as an account, and maybe a wait for what it began.

use std::{sync::Arc, time::Duration};

use callboard_connectors::http::{Answer, Http, Request};
use callboard_domain::{
    action::{Progress, Step},
    command::{ArgError, Effect},
    duration::Span,
    error::ServiceError,
    expression::Expression,
    item::AccountName,
    template::{Escape, JsonTemplate, Template, TemplateError},
    text,
};
use http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    evaluation,
    executed::Executed,
    fit::fit,
    path::Path,
    wait::{self, PollResult},
};

type Scope = Map<String, Value>;

/// A request, and what is waited for after its answer.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) account: AccountName,
    /// The account's API, or why it cannot be used.
    pub(super) http: Result<Http, String>,
    pub(super) effect: Effect,
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Body,
    pub(super) wait: Option<Wait>,
}

/// What is sent along.
#[derive(Debug)]
pub(super) enum Body {
    Empty,
    Json(JsonTemplate),
    Form(Vec<(String, Template)>),
}

/// What is asked again and again, until what.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) get: Get,
    pub(super) until: Arc<Expression>,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
}

/// Where to ask.
#[derive(Debug)]
pub(super) enum Get {
    /// Below the account's URL.
    Path(Path),
    /// Where the service's own answer gives it.
    FromAnswer(Template),
}

impl Call {
    /// The request, with everything in its place.
    pub(super) fn request(&self, scope: &Scope) -> Result<Request, ArgError> {
        let place = |template: &Template, escape| {
            fit(&template.names(), scope, |scope| template.render(scope, escape))
        };
        let new = |path: Vec<String>| Request::new(self.method.clone(), path);
        let request = fit(&self.path.names(), scope, |scope| self.path.request(scope, new))?;
        let mut request = request.shown_whole();
        for (name, value) in &self.query {
            request = request.query(name, place(value, Escape::Line)?);
        }
        for (name, value) in &self.headers {
            request = request.header(name.clone(), place(value, Escape::Header)?);
        }
        request = match &self.body {
            Body::Empty => request,
            Body::Json(body) => request.json(fit(&body.names(), scope, |scope| body.render(scope))?),
            Body::Form(fields) => {
                let field =
                    |(name, value): &(String, Template)| Ok((name.clone(), place(value, Escape::None)?));
                request.form(fields.iter().map(field).collect::<Result<_, ArgError>>()?)
            }
        };
        Ok(match self.effect {
            Effect::Reads => request.reads(),
            Effect::Changes => request.changes(),
        })
    }

    /// Exactly what would be sent, and what would be waited for.
    pub(super) fn preview(&self, scope: &Scope) -> Result<Vec<Step>, ArgError> {
        let request = self.request(scope)?;
        let mut steps = vec![match &self.http {
            Ok(http) => http.step(format!("{} {} as {}", self.verb(), http.host(), self.account), &request),
            Err(why) => {
                Step { what: format!("Nothing yet: {} cannot be used", self.account), request: why.clone() }
            }
        }];
        if let (Some(wait), Ok(http)) = (&self.wait, &self.http) {
            let (until, every, timeout) = (wait.until.text(), Span(wait.every), Span(wait.timeout));
            let what = format!("Wait until {until}: look every {every}, for {timeout} at most");
            steps.push(match &wait.get {
                Get::Path(path) if path.is_literal() => {
                    http.step(what, &fit(&[], scope, |scope| path.request(scope, Request::get))?)
                }
                // Its place is in an answer that is not there yet.
                Get::Path(path) => Step { what, request: format!("GET {}", path.text()) },
                Get::FromAnswer(url) => Step { what, request: format!("GET {}", url.text()) },
            });
        }
        Ok(steps)
    }

    fn verb(&self) -> &'static str {
        match self.effect {
            Effect::Reads => "Ask",
            Effect::Changes => "Send to",
        }
    }

    /// Sends it, and waits for what it began. `lenient` where the command judges by the status itself.
    pub(super) async fn run(
        &self,
        scope: &Scope,
        lenient: bool,
        progress: &dyn Progress,
    ) -> Result<Executed, ServiceError> {
        let http =
            self.http.as_ref().map_err(|why| ServiceError::auth(format!("{}: {why}", self.account)))?;
        let request = self.request(scope).map_err(|error| ServiceError::rejected(error.to_string()))?;
        let lenient_here = lenient && self.wait.is_none();
        // A command that judges by the status gets that of a redirect, too.
        let is_answer = lenient_here && self.effect == Effect::Changes;
        let answer = http.exchange(if is_answer { request.unfollowed() } else { request }).await?;
        let answer = self.judged(http, answer, lenient_here)?;
        let mut done = self.done(http, answer).await?;
        if let Some(wait) = &self.wait {
            let mut known = scope.clone();
            known.extend(done.facts);
            done = wait.follow(http, &known, lenient, progress).await.map_err(|why| {
                self.not_known(format!("{} took it, and how it went is not known: {why}", http.host()))
            })?;
        }
        Ok(done)
    }

    /// What an answer says. Reading a large one takes a while.
    async fn done(&self, http: &Http, answer: Answer) -> Result<Executed, ServiceError> {
        let from = http.host().to_owned();
        done(http, answer).await.map_err(|why| self.not_known(format!("{from} answered, and {why}")))
    }

    /// What may have happened is not known to have; what only looks has surely not.
    pub(super) fn not_known(&self, why: String) -> ServiceError {
        match self.effect {
            Effect::Changes => ServiceError::unknown(why),
            Effect::Reads => ServiceError::unavailable(why),
        }
    }

    /// An answer that reports that it was done, or why not.
    fn judged(&self, http: &Http, answer: Answer, lenient: bool) -> Result<Answer, ServiceError> {
        match answer.status.is_redirection() {
            false => judged(http, answer, lenient),
            true if lenient => Ok(answer),
            // One that HTTP does not say how to follow, such as 300 or 304.
            true => {
                let code = answer.status.as_u16();
                Err(self.not_known(format!("{} answered with a redirect ({code})", http.host())))
            }
        }
    }
}

impl Wait {
    async fn follow(
        &self,
        http: &Http,
        scope: &Scope,
        lenient: bool,
        progress: &dyn Progress,
    ) -> Result<Executed, String> {
        let request = self.get.request(http, scope)?;
        let by_status = self.until.names().iter().any(|name| name == "status");
        let waiting = format!("waiting until {}", self.until.text());
        progress.step(&waiting);
        let poll = || async {
            let answer = judged(http, http.exchange(request.clone()).await?, lenient || by_status)?;
            let done = match done(http, answer).await {
                Ok(done) => done,
                Err(why) => return Ok(PollResult::NotYet(format!("{waiting} ({why})"))),
            };
            let (until, mut scope) = (Arc::clone(&self.until), scope.clone());
            scope.extend(done.facts.clone());
            let holds = evaluation::apart(move |budget| until.eval_bool(&scope, budget)).await;
            // What is waited for is not in the answer yet.
            match holds.and_then(|holds| holds) {
                Ok(true) => Ok(PollResult::There(done)),
                Ok(false) => Ok(PollResult::NotYet(waiting.clone())),
                Err(why) => Ok(PollResult::NotYet(format!("{waiting} ({why})"))),
            }
        };
        wait::wait(self.every, self.timeout, progress, poll).await
    }
}

impl Get {
    fn request(&self, http: &Http, scope: &Scope) -> Result<Request, String> {
        let unresolved =
            |error: TemplateError| format!("its answer does not say where to look: {}", error.what);
        match self {
            Self::Path(path) => path.request(scope, Request::get).map_err(unresolved),
            Self::FromAnswer(url) => {
                let text = url.render(scope, Escape::Line).map_err(unresolved)?;
                let url = http.base().join(text.trim());
                let url = url.ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
                // On another host it is refused when it is sent.
                url.map(Request::get_url).ok_or_else(|| {
                    format!("its answer does not say where to look: {:?} is no URL", text::line(&text, 100))
                })
            }
        }
    }
}

/// An answer of success; any that is a plain no as well where the command judges by the status itself.
fn judged(http: &Http, answer: Answer, lenient: bool) -> Result<Answer, ServiceError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    match http.service_error(&answer) {
        ServiceError::Rejected { .. } if lenient => Ok(answer),
        fault => Err(fault),
    }
}

/// The most values that are read of an answer: each takes many times the memory of what it was sent as.
const VALUES: usize = 500_000;

async fn done(http: &Http, answer: Answer) -> Result<Executed, String> {
    let http = http.clone();
    let read = evaluation::apart(move |_| read(&http, &answer)).await;
    read.map_err(|why| why.0).and_then(|read| read)
}

/// How many values a JSON text has, its keys included.
fn values_in(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b':' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

fn read(http: &Http, answer: &Answer) -> Result<Executed, String> {
    let text = answer.text();
    let starts_json = |text: &str| text.starts_with(['[', '{']);
    let body = match text.trim() {
        "" => Value::Null,
        text if starts_json(text) && values_in(text) > VALUES => {
            return Err(format!("its answer has more than {VALUES} values, too many to be read"));
        }
        text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    };
    let shown = match &body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        body => format!("{body:#}"),
    };
    let status = answer.status.as_u16();
    let good = format!("{} answered {}", http.host(), answer.status);
    let facts =
        [("status".to_owned(), status.into()), ("body".to_owned(), body.clone())].into_iter().collect();
    Ok(Executed {
        ok: answer.status.is_success(),
        bad: good.clone(),
        good,
        shown,
        data: json!({ "status": status, "body": body }),
        facts,
    })
}
