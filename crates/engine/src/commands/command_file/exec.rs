//! `[command.run.exec]`: a program with its arguments, and never a shell.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use callboard_connectors::{http::Redactor, writes};
use callboard_domain::{
    action::{Progress, Step},
    command::{ArgError, Effect},
    error::ServiceError,
    template::{Escape, Template},
};
use serde_json::{Map, Value, json};

use super::{
    executed::Executed,
    fit::fit,
    named_files::named_files,
    process::{self, ProcessError, Program},
};

/// A program to run.
#[derive(Debug)]
pub(super) struct Exec {
    /// As written: a name to be looked up, or a path.
    pub(super) program: String,
    pub(super) args: Vec<Template>,
    pub(super) cwd: PathBuf,
    pub(super) env: Vec<(String, Template)>,
    pub(super) stdin: Option<Template>,
    /// Takes the accounts' secrets out of what it writes.
    pub(super) redactor: Redactor,
}

/// A program with everything in its place.
struct Invocation {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Option<String>,
}

impl Invocation {
    /// What the program is given beside its input.
    fn texts(self) -> Vec<String> {
        self.args.into_iter().chain(self.env.into_iter().map(|(_, value)| value)).collect()
    }
}

impl Exec {
    fn invocation(&self, scope: &Map<String, Value>) -> Result<Invocation, ArgError> {
        let place = |template: &Template, escape| {
            fit(&template.names(), scope, |scope| template.render(scope, escape))
        };
        let args = self.args.iter().map(|arg| place(arg, Escape::Argument)).collect::<Result<_, _>>()?;
        let env = |(name, value): &(String, Template)| Ok((name.clone(), place(value, Escape::None)?));
        let env: Vec<(String, String)> = self.env.iter().map(env).collect::<Result<_, ArgError>>()?;
        if let Some((name, value)) = env.iter().find(|(_, value)| value.contains('\0')) {
            let (arg, found) = (name.clone(), value.clone());
            return Err(ArgError::Invalid { arg, expected: "a text".to_owned(), found, nearest: None });
        }
        let stdin = self.stdin.as_ref().map(|text| place(text, Escape::None)).transpose()?;
        Ok(Invocation { args, env, stdin })
    }

    /// What would be run, quoted as a shell would take it; of the environment only the names.
    pub(super) fn preview(&self, scope: &Map<String, Value>) -> Result<Vec<Step>, ArgError> {
        let Invocation { args, env, stdin } = self.invocation(scope)?;
        let words = std::iter::once(&self.program).chain(&args).map(|word| quoted(word));
        let mut request = words.collect::<Vec<_>>().join(" ");
        request.push_str(&format!("\nin {}", self.cwd.display()));
        if !env.is_empty() {
            let names: Vec<_> = env.into_iter().map(|(name, _)| name).collect();
            request.push_str(&format!("\nwith {} set", names.join(", ")));
        }
        if let Some(stdin) = stdin {
            request.push_str(&format!("\nreading:\n{stdin}"));
        }
        Ok(vec![Step { what: format!("Run {}", self.program), request }])
    }

    /// The program, and what its arguments and its environment may name as files: `deploy.sh`, `--file=deploy.yaml`,
    /// `@body.json`. For a command that only reads, the program alone: what it reads may change all the time.
    pub(super) fn files(&self, scope: &Map<String, Value>, effect: Effect) -> Vec<PathBuf> {
        let texts: Vec<String> = match effect {
            Effect::Changes => self.invocation(scope).map(Invocation::texts).unwrap_or_default(),
            Effect::Reads => Vec::new(),
        };
        let program = program_in(&self.program, &self.cwd);
        let program = match program.is_absolute() {
            true => vec![program],
            // The first of them that is there is the one that runs; another that comes before it is a change, too.
            false => std::env::var_os("PATH")
                .map(|path| std::env::split_paths(&path).map(|folder| folder.join(&program)).collect())
                .unwrap_or_default(),
        };
        // Only so many are looked at: those that are most likely meant come first.
        let whole = texts.iter().filter(|text| !text.is_empty()).map(PathBuf::from);
        let names = whole.chain(texts.iter().flat_map(|text| named_files(text)));
        let mut seen = BTreeSet::new();
        program
            .into_iter()
            .chain(names.map(|name| self.cwd.join(name)))
            .filter(|file| seen.insert(file.clone()))
            .collect()
    }

    /// Runs it to its end. Dropped before, it ends the program and all that it started.
    pub(super) async fn run(
        &self,
        scope: &Map<String, Value>,
        effect: Effect,
        progress: &dyn Progress,
    ) -> Result<Executed, ServiceError> {
        let invocation = self.invocation(scope).map_err(|error| ServiceError::rejected(error.to_string()))?;
        let program = Program {
            program: program_in(&self.program, &self.cwd),
            args: invocation.args,
            cwd: self.cwd.clone(),
            env: invocation.env,
            stdin: invocation.stdin,
        };
        progress.step(&format!("{} is running", self.program));
        // What it has done when it is stopped in the middle is not known.
        let write = (effect == Effect::Changes).then(writes::begin);
        let ended = process::run(program, &self.redactor, progress).await;
        if let Some(write) = write {
            write.answered();
        }
        let ended = ended.map_err(|error| self.no_end(effect, &error))?;
        let body = ended.data.and_then(|data| serde_json::from_str(&data).ok()).unwrap_or(Value::Null);
        let facts = json!({ "exit": ended.exit, "output": ended.output, "body": body });
        let Value::Object(facts) = facts else { unreachable!("it is written as a map") };
        Ok(Executed {
            ok: ended.exit == 0,
            good: format!("{} is done", self.program),
            bad: format!("{} ended with exit code {}", self.program, ended.exit),
            shown: ended.output,
            data: json!({ "exit": ended.exit, "body": body }),
            facts,
        })
    }
}

impl Exec {
    fn no_end(&self, effect: Effect, error: &ProcessError) -> ServiceError {
        let program = &self.program;
        match (error, effect) {
            (ProcessError::NotStarted(_), _) => {
                let cwd = self.cwd.display();
                ServiceError::rejected(format!("{program} could not be started in {cwd}: {error}"))
            }
            (ProcessError::Lost(_), Effect::Changes) => {
                ServiceError::unknown(format!("how {program} ended is not known: {error}"))
            }
            (ProcessError::Lost(_), Effect::Reads) => {
                ServiceError::unavailable(format!("how {program} ended is not known: {error}"))
            }
        }
    }
}

/// A name is looked up where programs are; a path that is not absolute starts in the folder that the program runs in.
fn program_in(program: &str, cwd: &Path) -> PathBuf {
    let path = Path::new(program);
    if path.components().count() > 1 { cwd.join(path) } else { path.to_owned() }
}

/// A word as a shell would take it, for people to read and to copy.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
