//! From the tables of a file to commands that can run, with everything that is wrong on the way.
//!
//! Each table is read by itself and each text in it is checked by itself, so that one fault hides no other. What a
//! command runs is read in [`run`].

mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use callboard_domain::{
    command::{self as typed, ArgSpec, ArgType, CommandSpec, Effect, Policy, Usage, check},
    duration::Span,
    expression::{Expression, Name, Type},
    item::Kind,
    template::Template,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use toml::de::DeValue;

use super::{
    choices::Listing,
    command::{Command, Link, Telling},
    table,
};
use crate::{
    config::{Config, Fault, ROOM, Step, TomlFile, unknown},
    values::names,
};
use Step::{At, Key};

/// The most characters of a name, a choice or a default.
const NAME: usize = 100;
/// The most characters of a summary.
const SUMMARY: usize = 200;
/// The most entries of any list: of commands in a file, arguments, choices, examples, headers.
const ENTRIES: usize = 200;
/// The longest that a run may take.
const LONGEST: Span = Span(std::time::Duration::from_secs(86_400));

/// What else than arguments can be named: an argument must not be called so, nor `account`, which a line may name.
const TAKEN: [&str; 6] = ["account", "body", "exit", "ok", "output", "status"];
const BODY: Name<'static> =
    Name { name: "body", ty: Type::Any, values: &[], meaning: "the answer, or the output as JSON" };
const STATUS: Name<'static> =
    Name { name: "status", ty: Type::Number, values: &[], meaning: "the answer's status" };
const EXIT: Name<'static> =
    Name { name: "exit", ty: Type::Number, values: &[], meaning: "the program's exit code" };
const OUTPUT: Name<'static> =
    Name { name: "output", ty: Type::Text, values: &[], meaning: "the end of what the program wrote" };
const OK: Name<'static> =
    Name { name: "ok", ty: Type::Bool, values: &[], meaning: "whether it went well" };

/// A command in which nothing is wrong.
#[derive(Debug)]
pub(super) struct Checked {
    /// The place of its file among the files, and its own in there.
    pub(super) file: usize,
    pub(super) place: usize,
    pub(super) path: PathBuf,
    pub(super) command: Command,
    pub(super) listings: BTreeMap<String, Listing>,
}

/// Reads the commands of a file. `names` are those of all files so far, with who has them.
pub(super) fn read(
    nth: usize,
    path: &Path,
    file: &TomlFile<'_>,
    config: &Config,
    names: &mut BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Vec<Checked> {
    for (name, span) in file.sections().filter(|(name, _)| *name != "command") {
        faults.push(file.fault_at(span, unknown("section", name, ["command"])));
    }
    let section = [Key("command")];
    let count = match file.get(&section).map(|value| value.get_ref()) {
        None => 0,
        Some(DeValue::Array(commands)) => commands.len(),
        Some(_) => {
            faults.push(file.fault(&section, "expected [[command]], with two brackets: there may be several"));
            0
        }
    };
    if count > ENTRIES {
        faults.push(file.fault(&section, format!("a file has at most {ENTRIES} commands")));
    }
    let mut commands = Vec::new();
    for place in 0..count.min(ENTRIES) {
        let before = faults.len();
        let mut reader = Reader { config, file, path, place, names, faults, used: BTreeSet::new() };
        let read = reader.command();
        if faults.len() == before
            && let Some((command, listings)) = read
        {
            commands.push(Checked { file: nth, place, path: path.to_owned(), command, listings });
        }
    }
    commands
}

/// Reads one command.
struct Reader<'r, 't> {
    config: &'r Config,
    file: &'r TomlFile<'t>,
    path: &'r Path,
    place: usize,
    names: &'r mut BTreeMap<String, String>,
    faults: &'r mut Vec<Fault>,
    /// The arguments that something names.
    used: BTreeSet<String>,
}

impl Reader<'_, '_> {
    fn command(&mut self) -> Option<(Command, BTreeMap<String, Listing>)> {
        let before = self.faults.len();
        self.known(&[], &table::COMMAND)?;
        let name: String = self.required(&[Key("name")], "deploy")?;
        let summary: String = self.required(&[Key("summary")], "Deploy an app").unwrap_or_default();
        let mut spec = CommandSpec::new(name, summary);
        self.short(&[Key("name")], &spec.name, NAME);
        self.short(&[Key("summary")], &spec.summary, SUMMARY);
        spec.aliases = self.list(&[Key("aliases")]);
        spec.examples = self.list(&[Key("examples")]);
        let usage: Option<String> = self.read(&[Key("usage")]);
        let listings = self.args(&mut spec, usage.as_deref());
        if let Some(usage) = usage {
            spec.usage = usage;
        }
        self.names(&spec);
        let timeout: Option<Span> = self.read(&[Key("timeout")]);
        if timeout.is_some_and(|timeout| timeout > LONGEST || timeout.0.is_zero()) {
            self.fault(&[Key("timeout")], format!("expected more than 0s and at most {LONGEST}"));
        }
        spec.effect = self.read(&[Key("effect")]).unwrap_or(Effect::Changes);
        self.policy(&mut spec);
        let run = self.run(&mut spec, timeout);
        let result = self.result(&spec, run.as_ref().is_some_and(|run| matches!(run, super::Run::Exec(_))));
        self.unused(&spec);
        self.usage(&spec);
        let command = Command { spec, run: run?, result };
        if self.faults.len() == before {
            self.examples(&command);
        }
        Some((command, listings))
    }

    // What is read.

    /// Where something stands in the file.
    fn at<'a>(&self, steps: &[Step<'a>]) -> Vec<Step<'a>> {
        [Key("command"), At(self.place)].into_iter().chain(steps.iter().copied()).collect()
    }

    fn read<T: DeserializeOwned>(&mut self, steps: &[Step<'_>]) -> Option<T> {
        let read = self.file.read(&self.at(steps));
        read.unwrap_or_else(|fault| {
            self.faults.push(fault);
            None
        })
    }

    fn required<T: DeserializeOwned>(&mut self, steps: &[Step<'_>], such_as: &str) -> Option<T> {
        let (Some(Key(key)), true) = (steps.last(), self.file.get(&self.at(steps)).is_none()) else {
            return self.read(steps);
        };
        self.fault(steps, format!("add {key} = \"...\", such as {such_as:?}"));
        None
    }

    fn list(&mut self, steps: &[Step<'_>]) -> Vec<String> {
        let list: Vec<String> = self.read(steps).unwrap_or_default();
        if list.len() > ENTRIES {
            self.fault(steps, format!("expected at most {ENTRIES}"));
        }
        for (nth, text) in list.iter().enumerate() {
            self.short(&[steps, &[At(nth)]].concat(), text, SUMMARY);
        }
        list
    }

    /// Refuses keys that a table does not have; `None` where it is no table.
    fn known(&mut self, steps: &[Step<'_>], keys: &[&str]) -> Option<()> {
        let value = self.file.get(&self.at(steps))?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(steps, "expected a table");
            return None;
        };
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let what = unknown("key", key.get_ref(), keys.iter().copied());
            self.faults.push(self.file.fault_at(key.span(), what));
        }
        Some(())
    }

    // What is wrong.

    fn fault(&mut self, steps: &[Step<'_>], what: impl Into<String>) {
        let fault = self.file.fault(&self.at(steps), what);
        self.faults.push(fault);
    }

    /// A fault at a line and column of a text value.
    fn fault_in(&mut self, steps: &[Step<'_>], text: &str, (line, column): (usize, usize), what: String) {
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let offset = before.map(|line| line.chars().count()).sum::<usize>() + column.saturating_sub(1);
        let fault = self.file.fault_within(&self.at(steps), offset, what);
        self.faults.push(fault);
    }

    fn short(&mut self, steps: &[Step<'_>], text: &str, most: usize) {
        if text.chars().count() > most {
            self.fault(steps, format!("expected at most {most} characters"));
        } else if text.contains(char::is_control) {
            self.fault(steps, "expected one line, without control characters");
        }
    }

    /// Reads a template that may take the names of a scope.
    fn template(&mut self, steps: &[Step<'_>], text: &str, scope: &[Name<'_>]) -> Option<Template> {
        let known: Vec<_> = scope.iter().map(|name| name.name).collect();
        let checked = Template::compile(text).and_then(|template| template.check(&known).map(|()| template));
        match checked {
            Ok(template) => {
                self.used.extend(template.names().iter().filter_map(|it| Some(it.name.split('.').next()?.to_owned())));
                Some(template)
            }
            Err(error) => {
                let what = error.what + &meant(error.nearest.as_deref());
                self.fault_in(steps, text, (error.line, error.column), what);
                None
            }
        }
    }

    /// Reads an expression over the names of a scope.
    fn expression(
        &mut self,
        steps: &[Step<'_>],
        text: &str,
        scope: &[Name<'_>],
        of: Type,
    ) -> Option<Expression> {
        let read = match of {
            Type::Bool => Expression::condition(text, scope),
            _ => Expression::compile(text, scope),
        };
        match read {
            Ok(read) => {
                self.used.extend(read.names().iter().cloned());
                if !matches!(read.ty(), Type::Any) && read.ty() != of {
                    self.fault(steps, format!("expected {of}, and this is {}", read.ty()));
                }
                Some(read)
            }
            Err(error) => {
                let what = error.what + &meant(error.nearest.as_deref());
                self.fault_in(steps, text, (error.line, error.column), what);
                None
            }
        }
    }

    // What a command is called and takes.

    /// Its names can be typed, and no other command has them.
    fn names(&mut self, spec: &CommandSpec) {
        let aliases = spec.aliases.iter().enumerate().map(|(nth, name)| (vec![Key("aliases"), At(nth)], name));
        let all: Vec<_> = std::iter::once((vec![Key("name")], &spec.name)).chain(aliases).collect();
        for (steps, name) in all {
            for problem in check(&CommandSpec::new(name, "")) {
                self.fault(&steps, problem.what);
            }
            let owner = format!("`{}` in {}", spec.name, self.path.display());
            if let Some(other) = self.names.insert(name.to_lowercase(), owner) {
                self.fault(&steps, format!("`{name}` is also a name of {other}"));
            }
        }
    }

    fn args(&mut self, spec: &mut CommandSpec, usage: Option<&str>) -> BTreeMap<String, Listing> {
        let mut listings = BTreeMap::new();
        let section = [Key("args")];
        let Some(value) = self.file.get(&self.at(&section)) else { return listings };
        let Some(tables) = value.get_ref().as_table() else {
            self.fault(&section, "expected a table for each argument: [command.args.NAME]");
            return listings;
        };
        if tables.len() > ENTRIES {
            self.fault(&section, format!("expected at most {ENTRIES} arguments"));
        }
        for key in tables.keys().take(ENTRIES) {
            let name = key.get_ref().as_ref();
            if let Some(what) = not_a_name(name) {
                self.faults.push(self.file.fault_at(key.span(), what));
                // The rest of its table would only say the same again.
                continue;
            }
            // One that is not right is declared all the same: that it is not would be a second fault of the same.
            let table = self.read::<table::Arg>(&[Key("args"), Key(name)]).unwrap_or_default();
            let (arg, listing) = self.arg(name, table);
            spec.args.push(arg);
            listings.extend(listing.map(|listing| (name.to_owned(), listing)));
        }
        let usage = usage.unwrap_or_default();
        spec.args.sort_by_key(|arg| (place_in(usage, &arg.name), arg.name.clone()));
        listings
    }

    fn arg(&mut self, name: &str, table: table::Arg) -> (ArgSpec, Option<Listing>) {
        let steps = |key| [Key("args"), Key(name), Key(key)];
        let kinds = [
            (table.choices.is_some(), "choices"),
            (table.choices_from.is_some(), "choices_from"),
            (table.ty.is_some(), "type"),
        ];
        let mut given = kinds.iter().filter(|(given, _)| *given).map(|(_, key)| *key);
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            self.fault(&steps(other), format!("`{one}` says already what it can be: take one of them out"));
        }
        if let Some(listing) = &table.choices_from {
            let account = listing.account.as_str();
            if !self.config.accounts.contains_key(&listing.account) {
                let known = self.config.accounts.keys().map(|name| name.as_str());
                let what = unknown("account", account, known);
                self.fault(&[Key("args"), Key(name), Key("choices_from"), Key("account")], what);
            }
        }
        let ty = match (table.choices, &table.choices_from, table.ty) {
            (Some(choices), ..) => {
                if choices.len() > ENTRIES {
                    self.fault(&steps("choices"), format!("expected at most {ENTRIES}"));
                }
                for (nth, choice) in choices.iter().enumerate() {
                    self.short(&[Key("args"), Key(name), Key("choices"), At(nth)], choice, NAME);
                }
                ArgType::Choice(choices)
            }
            (None, Some(_), _) => ArgType::Live,
            (None, None, ty) => match ty.unwrap_or(table::ArgType::Text) {
                table::ArgType::Text => ArgType::Text,
                table::ArgType::Number => ArgType::Number,
                table::ArgType::Bool => ArgType::Bool,
                table::ArgType::Duration => ArgType::Duration,
                table::ArgType::Build => ArgType::Item(Kind::Build),
                table::ArgType::PullRequest => ArgType::Item(Kind::PullRequest),
                table::ArgType::Incident => ArgType::Item(Kind::Incident),
            },
        };
        let summary = table.summary.unwrap_or_else(|| ty.expected());
        self.short(&steps("summary"), &summary, SUMMARY.max(ty.expected().chars().count()));
        let mut arg = ArgSpec::new(name, ty, summary);
        if table.optional {
            arg = arg.optional();
        }
        match table.default {
            None => {}
            Some(serde_json::Value::String(text)) => arg = arg.or(text),
            Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                arg = arg.or(value.to_string());
            }
            Some(_) => self.fault(&steps("default"), "expected a text, a number, true or false"),
        }
        self.short(&steps("default"), arg.default.as_deref().unwrap_or_default(), NAME);
        let alone = CommandSpec::new("x", "").arg(arg.clone());
        let key = if arg.default.is_some() { "default" } else { "choices" };
        for problem in check(&alone) {
            self.fault(&steps(key), problem.what);
        }
        (arg, table.choices_from)
    }

    fn usage(&mut self, spec: &CommandSpec) {
        if let Err(error) = Usage::compile(spec) {
            let key = if self.file.get(&self.at(&[Key("usage")])).is_some() { "usage" } else { "name" };
            self.fault_in(&[Key(key)], &spec.usage, (1, error.column), error.what);
        }
    }

    /// Every argument is for something.
    fn unused(&mut self, spec: &CommandSpec) {
        for arg in &spec.args {
            if !self.used.contains(&arg.name) {
                let name = &arg.name;
                let what = format!("`{name}` is used nowhere: write {{{{ {name} }}}} where it belongs, or take it out");
                self.fault(&[Key("args"), Key(name)], what);
            }
        }
    }

    /// The examples are lines that work: they are read, and everything finds its place.
    fn examples(&mut self, command: &Command) {
        for (nth, line) in command.spec.examples.iter().enumerate() {
            let alone = CommandSpec { examples: vec![line.clone()], ..command.spec.clone() };
            let steps = [Key("examples"), At(nth)];
            if let Some(problem) = check(&alone).into_iter().next() {
                self.fault(&steps, problem.what);
                continue;
            }
            let compiled = typed::Command::new(alone).into_iter().collect::<typed::Commands>();
            let Ok(parsed) = compiled.parse(line) else { continue };
            let shown = callboard_domain::action::Action::preview(command, &parsed.args, Timestamp::UNIX_EPOCH);
            if let Err(error) = shown {
                self.fault(&steps, format!("the example does not work: {error}"));
            }
        }
    }

    // What guards it and how its end is told.

    fn policy(&mut self, spec: &mut CommandSpec) {
        let Some(table) = self.read::<table::Policy>(&[Key("policy")]) else { return };
        let steps = |key| [Key("policy"), Key(key)];
        if table.approve.is_some() {
            let what = "approvals are not there yet; until then ask with confirm = \"'yes'\" or \"'type:ARGUMENT'\"";
            self.fault(&steps("approve"), what);
        }
        let args = spec.clone();
        let scope = names(&args);
        if let Some(confirm) = &table.confirm
            && self.expression(&steps("confirm"), confirm, &scope, Type::Text).is_some()
        {
            for (at, arg) in typed_args(confirm) {
                if spec.find_arg(arg).is_none() {
                    let what = unknown("argument", arg, scope.iter().map(|name| name.name));
                    let column = confirm[..at].chars().count() + 1;
                    self.fault_in(&steps("confirm"), confirm, (1, column), what);
                }
            }
        }
        if let Some(lock) = &table.lock {
            self.template(&steps("lock"), lock, &scope);
        }
        if let Some(post) = &table.post
            && let Some(template) = self.template(&steps("post"), post, &scope)
            // What a template will name is known only when it is rendered; it is resolved then.
            && template.is_literal()
            && let Err(what) = self.config.address(post)
        {
            self.fault(&steps("post"), what);
        }
        spec.policy = Policy { post: table.post, confirm: table.confirm, lock: table.lock };
    }

    fn result(&mut self, spec: &CommandSpec, is_exec: bool) -> Telling {
        let Some(table) = self.read::<table::Result>(&[Key("result")]) else { return Telling::default() };
        let steps = |key| [Key("result"), Key(key)];
        let told: &[Name<'_>] = if is_exec { &[BODY, EXIT, OUTPUT] } else { &[BODY, STATUS] };
        let scope = [names(spec), told.to_vec()].concat();
        let ok = table.ok.and_then(|ok| self.expression(&steps("ok"), &ok, &scope, Type::Bool));
        let with_ok = [scope.as_slice(), &[OK]].concat();
        let summary = table.summary.and_then(|summary| self.template(&steps("summary"), &summary, &with_ok));
        let link = table.link.and_then(|link| self.link(&steps("link"), &link, &scope));
        Telling { ok, summary, link }
    }

    /// A URL with values in it, or one that the answer gives.
    fn link(&mut self, steps: &[Step<'_>], text: &str, scope: &[Name<'_>]) -> Option<Link> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return self.template(steps, text, scope).map(Link::Written);
        }
        self.told(steps, text, "a URL, such as \"https://ops.example/{{ app }}\" or \"{{ body.url }}\"")
            .map(Link::Told)
    }

    /// A place that the answer alone gives: no value that a person types has a say in where it leads.
    fn told(&mut self, steps: &[Step<'_>], text: &str, expected: &str) -> Option<Template> {
        if !text.trim_start().starts_with("{{") {
            self.fault(steps, format!("expected {expected}"));
            return None;
        }
        self.template(steps, text, &[BODY])
    }

    fn account(&mut self, steps: &[Step<'_>], name: &str) {
        if name == ROOM {
            self.fault(steps, format!("the built-in `{ROOM}` has no HTTP API; name an account"));
        } else if !self.config.accounts.contains_key(&name.into()) {
            let known = self.config.accounts.keys().map(|name| name.as_str());
            let what = unknown("account", name, known);
            self.fault(steps, what);
        }
    }
}

/// "; did you mean `x`?", or nothing.
fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// Why a text can't name an argument, if so: templates and expressions have to be able to say it.
fn not_a_name(name: &str) -> Option<String> {
    let mut letters = name.chars();
    let plain = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    let says_itself = || {
        let template = Template::compile(&format!("{{{{ {name} }}}}"));
        let named = template.is_ok_and(|it| it.names().iter().any(|found| found.name == name));
        named && Expression::over(name, [name]).is_ok_and(|it| it.names() == [name])
    };
    if name.len() > NAME || !plain {
        Some(format!("`{name}` cannot be an argument's name: expected letters, digits and _"))
    } else if TAKEN.contains(&name) {
        Some(format!("`{name}` means something else already: choose another name"))
    } else if !says_itself() {
        Some(format!("`{name}` is a word of templates or expressions: choose another name"))
    } else {
        None
    }
}

/// Where an argument first stands in a usage.
fn place_in(usage: &str, name: &str) -> usize {
    let stands = |at: &usize| {
        usage[..*at].ends_with(['<', '['])
            && usage[at + name.len()..].starts_with(['>', ']', '.'])
    };
    usage.match_indices(name).map(|(at, _)| at).find(stands).unwrap_or(usize::MAX)
}

/// The arguments that `'type:ARGUMENT'` texts in an expression name, with where.
fn typed_args(confirm: &str) -> impl Iterator<Item = (usize, &str)> {
    confirm.match_indices("type:").filter_map(|(at, found)| {
        let at = at + found.len();
        let rest = &confirm[at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (length > 0).then(|| (at, &rest[..length]))
    })
}

