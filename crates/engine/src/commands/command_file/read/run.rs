//! `[command.run]`: what a command sends or runs.

use std::{path::PathBuf, time::Duration};

use callboard_connectors::http::Redactor;
use callboard_domain::{
    command::{CommandSpec, Effect, USUAL_TIMEOUT},
    duration::Span,
    expression::{Name, Type},
    template::{JsonTemplate, Template},
};
use http::{HeaderName, Method};
use toml::de::DeValue;

use super::{
    super::{
        command::Run,
        exec::Exec,
        http::{Body, Call, Get, Wait},
        path::{Path, outside_tags},
        process::is_ours,
        table,
    },
    BODY, ENTRIES, LONGEST, Reader, STATUS,
};
use crate::{
    commands::values::names,
    config::{
        STAND_IN,
        Step::{self, At, Key},
        below, stand_in, unknown,
    },
};

/// Headers that identify who asks, or control how the request travels.
const NOT_THEIRS: [&str; 9] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];
const EVERY: Span = Span(Duration::from_secs(2));
const SHORTEST_EVERY: Span = Span(Duration::from_secs(1));
const WAIT: Span = Span(Duration::from_secs(15 * 60));

impl Reader<'_, '_> {
    /// What it runs; says how long that may take, and whether it only looks, where the file does not.
    pub(super) fn run(&mut self, spec: &mut CommandSpec, timeout: Option<Span>) -> Option<Run> {
        let section = [Key("run")];
        let possible = "[command.run.http] or [command.run.exec]";
        let Some(value) = self.file.get(&self.at(&section)) else {
            self.fault(&section, format!("add what it does: {possible}"));
            return None;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.fault(&section, format!("expected a table: {possible}"));
            return None;
        };
        for key in table.keys() {
            let what = match key.get_ref().as_ref() {
                known if table::RUNS.iter().any(|run| run == known) => continue,
                later if table::RUNS_NOT_YET.contains(&later) => {
                    format!("a command cannot run by `{later}` yet: use {possible}")
                }
                other => unknown("way to run", other, table::RUNS.iter().map(String::as_str)),
            };
            self.errors.push(self.file.fault_at(key.span(), what));
        }
        let given = |key: &str| table.contains_key(key);
        if given("http") && given("exec") {
            self.fault(&[Key("run"), Key("exec")], format!("expected one of {possible}, not both"));
        } else if table.is_empty() {
            self.fault(&section, format!("add what it does: {possible}"));
        }
        spec.timeout = timeout.map_or(USUAL_TIMEOUT, |timeout| timeout.0);
        if given("http") {
            self.http(spec, timeout).map(|call| Run::Http(Box::new(call)))
        } else if given("exec") {
            self.exec(spec).map(|exec| Run::Exec(Box::new(exec)))
        } else {
            None
        }
    }

    fn http(&mut self, spec: &mut CommandSpec, timeout: Option<Span>) -> Option<Call> {
        // What is missing is named; the rest is looked at all the same.
        let stand_ins = [
            ("account", stand_in(STAND_IN)),
            ("method", stand_in("POST")),
            ("path", stand_in("/")),
            ("get", stand_in("{{ body.url }}")),
            ("until", stand_in("true")),
        ];
        let part = self.file.read_part(&self.at(&[Key("run"), Key("http")]), &stand_ins, self.errors)?;
        let table: table::Http = part.value;
        let method = match table.method {
            table::Method::Get => Method::GET,
            table::Method::Head => Method::HEAD,
            table::Method::Post => Method::POST,
            table::Method::Put => Method::PUT,
            table::Method::Patch => Method::PATCH,
            table::Method::Delete => Method::DELETE,
        };
        let looks = matches!(table.method, table::Method::Get | table::Method::Head);
        if looks && self.file.get(&self.at(&[Key("effect")])).is_none() {
            spec.effect = Effect::Reads;
        }
        let steps = |key| [Key("run"), Key("http"), Key(key)];
        self.account(&steps("account"), &table.account);
        let args = spec.clone();
        let scope = names(&args);
        let path = self.path(&steps("path"), &table.path, &scope);
        let query = self.templates(&steps("query"), &table.query, &scope);
        let headers = self.templates(&steps("headers"), &table.headers, &scope);
        for name in table.headers.keys() {
            let what = match name.parse::<HeaderName>() {
                Ok(header) if NOT_THEIRS.contains(&header.as_str()) => match header.as_str() {
                    "authorization" | "cookie" | "proxy-authorization" => {
                        format!("`{name}` says who asks, which the account does: take it out")
                    }
                    _ => format!("`{name}` is set by itself: take it out"),
                },
                Ok(_) => continue,
                Err(_) => format!("`{name}` cannot be the name of a header"),
            };
            self.fault(&[Key("run"), Key("http"), Key("headers"), Key(name)], what);
        }
        let body = match (table.json, &table.form) {
            (Some(_), Some(_)) => {
                self.fault(&steps("form"), "expected json or form, not both");
                None
            }
            (Some(json), None) => {
                self.json(&steps("json"), &scope);
                // What is wrong in it has been reported at its own place.
                JsonTemplate::compile(&json).ok().map(Body::Json)
            }
            (None, Some(form)) => self.templates(&steps("form"), form, &scope).map(Body::Form),
            (None, None) => Some(Body::Empty),
        };
        if looks && !matches!(body, Some(Body::Empty) | None) {
            let key = if table.form.is_some() { "form" } else { "json" };
            self.fault(&steps(key), format!("a {method} takes no body: put it in the query"));
        }
        let waits = table.wait_for.is_some();
        let wait = table.wait_for.and_then(|wait| self.wait_for(spec, wait, timeout));
        Some(Call {
            account: table.account.as_str().into(),
            http: Err("it is not connected".to_owned()),
            effect: spec.effect,
            method,
            path: path?,
            query: query?,
            headers: headers?,
            body: body?,
            wait: if waits { Some(wait?) } else { None },
        })
    }

    fn wait_for(
        &mut self,
        spec: &mut CommandSpec,
        table: table::WaitFor,
        timeout: Option<Span>,
    ) -> Option<Wait> {
        let steps = |key| [Key("run"), Key("http"), Key("wait_for"), Key(key)];
        let (every, wait) = (table.every.unwrap_or(EVERY), table.timeout.unwrap_or(WAIT));
        if every < SHORTEST_EVERY {
            self.fault(&steps("every"), format!("expected {SHORTEST_EVERY} or more"));
        }
        if wait > LONGEST || wait < every {
            self.fault(&steps("timeout"), format!("expected {every} or more, and at most {LONGEST}"));
        }
        match timeout {
            Some(timeout) if timeout < wait => {
                let what = format!("waiting alone may take {wait}: expected more than that");
                self.fault(&[Key("timeout")], what);
            }
            Some(_) => {}
            // The requests around the wait have the usual time.
            None => spec.timeout = wait.0.saturating_add(USUAL_TIMEOUT),
        }
        let args = spec.clone();
        let scope = [names(&args), vec![BODY, STATUS]].concat();
        let get = if table.get.starts_with('/') {
            self.path(&steps("get"), &table.get, &scope).map(Get::Path)
        } else {
            let expected = "a path such as \"/jobs/{{ body.id }}\", or a URL that the answer gave: \"{{ body.status_url }}\"";
            self.given_template(&steps("get"), &table.get, &[BODY], expected).map(Get::FromAnswer)
        };
        let until = self.expression(&steps("until"), &table.until, &scope, Type::Bool);
        Some(Wait { get: get?, until: until?.into(), every: every.0, timeout: wait.0 })
    }

    fn exec(&mut self, spec: &CommandSpec) -> Option<Exec> {
        let table: table::Exec = self.read(&[Key("run"), Key("exec")])?;
        let steps = |key| [Key("run"), Key("exec"), Key(key)];
        let scope = names(spec);
        let Some((program, args)) = table.argv.split_first().filter(|(program, _)| !program.is_empty())
        else {
            self.fault(
                &steps("argv"),
                "expected a program and its arguments, such as [\"kubectl\", \"get\", \"pods\"]",
            );
            return None;
        };
        if Template::compile(program).map_or(true, |template| !template.is_literal()) {
            let what = "the program itself is no template: name it";
            self.fault(&[Key("run"), Key("exec"), Key("argv"), At(0)], what);
        } else if args.is_empty() && program.contains(char::is_whitespace) {
            let what = "there is no shell to part this: write each argument by itself, [\"kubectl\", \"get\", \"pods\"]";
            self.fault(&[Key("run"), Key("exec"), Key("argv"), At(0)], what);
        }
        if table.argv.len() > ENTRIES {
            self.fault(&steps("argv"), format!("expected at most {ENTRIES} arguments"));
        }
        let mut templates = Vec::new();
        for (nth, arg) in args.iter().enumerate() {
            let steps = [Key("run"), Key("exec"), Key("argv"), At(nth + 1)];
            templates.extend(self.template(&steps, arg, &scope));
        }
        for name in table.env.keys() {
            let mut letters = name.chars();
            let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name || is_ours(name.as_ref()) {
                let what = format!(
                    "`{name}` cannot be a variable: expected letters, digits and _, and none of Callboard's secrets"
                );
                self.fault(&[Key("run"), Key("exec"), Key("env"), Key(name)], what);
            }
        }
        let env = self.templates(&steps("env"), &table.env, &scope)?;
        let stdin = table.stdin.map(|text| self.template(&steps("stdin"), &text, &scope));
        Some(Exec {
            program: program.clone(),
            args: templates,
            cwd: match table.cwd {
                Some(cwd) => below(self.path, &cwd),
                None => self.path.parent().map_or_else(PathBuf::new, std::path::Path::to_owned),
            },
            env,
            stdin: match stdin {
                Some(read) => Some(read?),
                None => None,
            },
            redactor: Redactor::default(),
        })
    }

    /// A path below the account's URL.
    fn path(&mut self, steps: &[Step<'_>], text: &str, scope: &[Name<'_>]) -> Option<Path> {
        if !text.starts_with('/') || text.starts_with("//") {
            self.fault(steps, "expected a path below the account's url, starting with one /");
            return None;
        }
        if let Some(at) = outside_tags(text).find('#') {
            let column = text[..at].chars().count() + 1;
            self.fault_in(steps, text, (1, column), "a path has no part after #".to_owned());
            return None;
        }
        self.template(steps, text, scope)?;
        match Path::compile(text) {
            Err(_) => self.fault(steps, "a ? cannot stand inside of a block: close the block before it"),
            Ok(path) if path.leaves_its_path() => {
                self.fault(steps, "an empty segment, . or .. would name another path");
            }
            Ok(path) => return Some(path),
        }
        None
    }

    fn templates(
        &mut self,
        steps: &[Step<'_>],
        texts: &std::collections::BTreeMap<String, String>,
        scope: &[Name<'_>],
    ) -> Option<Vec<(String, Template)>> {
        if texts.len() > ENTRIES {
            self.fault(steps, format!("expected at most {ENTRIES}"));
        }
        let mut read = Vec::new();
        for (name, text) in texts {
            let template = self.template(&[steps, &[Key(name)]].concat(), text, scope);
            read.push(template.map(|template| (name.clone(), template)));
        }
        read.into_iter().collect()
    }

    /// Checks every text of a JSON value at its place.
    fn json(&mut self, steps: &[Step<'_>], scope: &[Name<'_>]) {
        let file = self.file;
        let Some(value) = file.get(&self.at(steps)) else { return };
        match value.get_ref() {
            DeValue::String(text) => drop(self.template(steps, text, scope)),
            DeValue::Array(values) => {
                for nth in 0..values.len() {
                    self.json(&[steps, &[At(nth)]].concat(), scope);
                }
            }
            DeValue::Table(entries) => {
                for key in entries.keys() {
                    self.json(&[steps, &[Key(key.get_ref())]].concat(), scope);
                }
            }
            DeValue::Datetime(_) => self.fault(steps, "JSON has no dates: write it as a text, in quotes"),
            _ => {}
        }
    }
}
