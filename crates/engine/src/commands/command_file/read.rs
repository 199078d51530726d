//! From the tables of a file to commands that can run, with everything that is wrong on the way.
//!
//! Each table is read by itself and each text in it is checked by itself, so that one fault hides no other: what a
//! command is called and takes in [`signature`], what it does in [`run`], and what goes around that in [`policy`].

mod policy;
mod run;
mod signature;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_domain::{
    command::{ArgType, CommandSpec, Effect},
    duration::Span,
    expression::{Expression, Name, Type},
    nearest::nearest,
    template::{Template, TemplateError},
    text::is_unsafe,
};
use serde::de::DeserializeOwned;
use toml::de::DeValue;

use super::{
    choices::Listing,
    command::{Command, Run},
    table,
};
use crate::{
    commands::values::ITEM_FIELDS,
    config::{Config, ConfigError, Step, TomlFile},
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

const BODY: Name<'static> =
    Name { name: "body", ty: Type::Any, values: &[], meaning: "the answer, or the output as JSON" };
const STATUS: Name<'static> =
    Name { name: "status", ty: Type::Number, values: &[], meaning: "the answer's status" };
const EXIT: Name<'static> =
    Name { name: "exit", ty: Type::Number, values: &[], meaning: "the program's exit code" };
const OUTPUT: Name<'static> =
    Name { name: "output", ty: Type::Text, values: &[], meaning: "the end of what the program wrote" };
const OK: Name<'static> = Name { name: "ok", ty: Type::Bool, values: &[], meaning: "whether it went well" };

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
    errors: &mut Vec<ConfigError>,
) -> Vec<Checked> {
    for (name, span) in file.sections().filter(|(name, _)| *name != "command") {
        errors.push(file.unknown_key(span, "section", name, ["command"]));
    }
    let section = [Key("command")];
    let count = match file.get(&section).map(|value| value.get_ref()) {
        None => 0,
        Some(DeValue::Array(commands)) => commands.len(),
        Some(_) => {
            errors
                .push(file.fault(&section, "expected [[command]], with two brackets: there may be several"));
            0
        }
    };
    if count > ENTRIES {
        errors.push(file.fault(&section, format!("a file has at most {ENTRIES} commands")));
    }
    let mut commands = Vec::new();
    for place in 0..count.min(ENTRIES) {
        let before = errors.len();
        let (items, used) = (BTreeSet::new(), BTreeSet::new());
        let mut reader = Reader { config, file, path, place, names, errors, items, used };
        let read = reader.command();
        if errors.len() == before
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
    errors: &'r mut Vec<ConfigError>,
    /// The arguments that are items.
    items: BTreeSet<String>,
    /// The arguments that something names.
    used: BTreeSet<String>,
}

impl Reader<'_, '_> {
    fn command(&mut self) -> Option<(Command, BTreeMap<String, Listing>)> {
        let before = self.errors.len();
        self.known(&[], &table::COMMAND)?;
        let name: Option<String> = self.required(&[Key("name")], "deploy");
        let is_named = name.is_some();
        let summary: String = self.required(&[Key("summary")], "Deploy an app").unwrap_or_default();
        let mut spec = CommandSpec::new(name.unwrap_or_default(), summary);
        let before_grammar = self.errors.len();
        self.short(&[Key("name")], &spec.name, NAME);
        spec.aliases = self.list(&[Key("aliases")]);
        let usage: Option<String> = self.read(&[Key("usage")]);
        let listings = self.args(&mut spec, usage.as_deref());
        let items = spec.args.iter().filter(|arg| matches!(arg.ty, ArgType::Item(_)));
        self.items = items.map(|arg| arg.name.clone()).collect();
        if let Some(usage) = usage {
            spec.usage = usage;
        }
        let grammar_is_read = is_named && self.errors.len() == before_grammar && !self.may_lack_grammar();
        self.short(&[Key("summary")], &spec.summary, SUMMARY);
        spec.examples = self.list(&[Key("examples")]);
        let timeout: Option<Span> = self.read(&[Key("timeout")]);
        if timeout.is_some_and(|timeout| timeout > LONGEST || timeout.0.is_zero()) {
            self.fault(&[Key("timeout")], format!("expected more than 0s and at most {LONGEST}"));
        }
        spec.effect = self.read(&[Key("effect")]).unwrap_or(Effect::Changes);
        spec.role = self.read(&[Key("role")]);
        if spec.role.is_some() && self.items.is_empty() {
            self.fault(&[Key("role")], "a role is what a command is to an item: give it an argument of type \"approval\", \"build\", \"pull_request\" or \"incident\"");
        }
        self.policy(&mut spec);
        let run = self.run(&mut spec, timeout);
        let result = self.result(&spec, run.as_ref().is_some_and(|run| matches!(run, Run::Exec(_))));
        // Where something could not be read, that may be where an argument is used.
        if self.errors.len() == before {
            self.unused(&spec);
        }
        let before_names = self.errors.len();
        if is_named {
            self.names(&spec);
            self.usage(&spec);
        }
        let grammar_is_known = grammar_is_read && self.errors.len() == before_names;
        let all_is_good = self.errors.len() == before;
        let command = run.map(|run| Command { spec: spec.clone(), run, result: Arc::new(result) });
        // Whatever else is wrong: they go by what the command is called and takes.
        if grammar_is_known {
            self.examples(&spec, command.as_ref().filter(|_| all_is_good));
        }
        command.map(|command| (command, listings))
    }

    /// True where a key that is not known may be a part of what the command is called and takes, mistyped.
    fn may_lack_grammar(&self) -> bool {
        let command = self.file.get(&self.at(&[])).and_then(|value| value.get_ref().as_table());
        command.into_iter().flat_map(|command| command.keys()).any(|key| {
            let key: &str = key.get_ref();
            let may_mean = nearest(key, table::COMMAND.iter().map(String::as_str));
            !table::COMMAND.iter().any(|known| known == key)
                && may_mean.is_none_or(|meant| ["name", "aliases", "usage", "args"].contains(&meant))
        })
    }

    // What is read.

    /// Where something is in the file.
    fn at<'a>(&self, steps: &[Step<'a>]) -> Vec<Step<'a>> {
        [Key("command"), At(self.place)].into_iter().chain(steps.iter().copied()).collect()
    }

    fn read<T: DeserializeOwned>(&mut self, steps: &[Step<'_>]) -> Option<T> {
        self.file.read(&self.at(steps), self.errors)
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
    fn known(&mut self, steps: &[Step<'_>], keys: &[String]) -> Option<()> {
        let value = self.file.get(&self.at(steps))?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(steps, "expected a table");
            return None;
        };
        for key in table.keys().filter(|key| !keys.iter().any(|known| *known == *key.get_ref())) {
            let known = keys.iter().map(String::as_str);
            let fault = self.file.unknown_key(key.span(), "key", key.get_ref(), known);
            self.errors.push(fault);
        }
        Some(())
    }

    // What is wrong.

    fn fault(&mut self, steps: &[Step<'_>], what: impl Into<String>) {
        let fault = self.file.fault(&self.at(steps), what);
        self.errors.push(fault);
    }

    /// A fault at a line and column of a text value.
    fn fault_in(&mut self, steps: &[Step<'_>], text: &str, (line, column): (usize, usize), what: String) {
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let offset = before.map(|line| line.chars().count()).sum::<usize>() + column.saturating_sub(1);
        let fault = self.file.fault_within(&self.at(steps), offset, what);
        self.errors.push(fault);
    }

    fn short(&mut self, steps: &[Step<'_>], text: &str, most: usize) {
        if text.chars().count() > most {
            self.fault(steps, format!("expected at most {most} characters"));
        } else if text.contains(is_unsafe) {
            self.fault(
                steps,
                "expected one line, without control characters or such as turn the direction of writing",
            );
        }
    }

    /// Reads a template that may take the names of a scope.
    fn template(&mut self, steps: &[Step<'_>], text: &str, scope: &[Name<'_>]) -> Option<Template> {
        let known: Vec<_> = scope.iter().map(|name| name.name).collect();
        let checked = Template::compile(text).and_then(|template| {
            template.check(&known)?;
            self.wrong_field(&template, scope).map_or(Ok(template), Err)
        });
        match checked {
            Ok(template) => {
                // Also one that only gives a name of the template its value: `{% set app = app | lower %}`.
                let used = template.words().filter_map(|word| Some(word.split('.').next()?.to_owned()));
                self.used.extend(used);
                Some(template)
            }
            Err(error) => {
                let what = error.what + &meant(error.nearest.as_deref());
                self.fault_in(steps, text, (error.line, error.column), what);
                None
            }
        }
    }

    /// The first field that a template names and that is none: an item has a few, and a text or a number has none.
    fn wrong_field(&self, template: &Template, scope: &[Name<'_>]) -> Option<TemplateError> {
        template.names().into_iter().find_map(|found| {
            let (of, field) = found.name.split_once('.')?;
            let ty = scope.iter().find(|name| name.name == of)?.ty;
            let fields = ITEM_FIELDS.map(|(name, _)| name);
            let (what, nearest) = match ty {
                Type::Text if self.items.contains(of) => match fields.contains(&field) {
                    true => return None,
                    false => {
                        let what = format!("an item has no `{field}`: it has {}", fields.join(", "));
                        (what, nearest(field, fields))
                    }
                },
                Type::Text | Type::Bool | Type::Number => {
                    (format!("`{of}` is {ty}, which has no `{field}`"), None)
                }
                Type::Any | Type::List | Type::Map => return None,
            };
            let nearest = nearest.map(str::to_owned);
            Some(TemplateError { line: found.line, column: found.column, what, nearest })
        })
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
                let what = match self.item_field_at(text, (error.line, error.column)) {
                    Some(item) => format!(
                        "in an expression `{item}` is text, the reference (of several items with spaces between): \
                         only templates know an item's fields"
                    ),
                    None => error.what + &meant(error.nearest.as_deref()),
                };
                self.fault_in(steps, text, (error.line, error.column), what);
                None
            }
        }
    }

    /// The item of which a text names a field at this line and column.
    fn item_field_at(&self, text: &str, (line, column): (usize, usize)) -> Option<&str> {
        let line = text.lines().nth(line.checked_sub(1)?)?;
        let (at, _) = line.char_indices().nth(column.checked_sub(1)?)?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let named = line[at..].split(|c: char| !is_word(c)).next()?;
        let (item, field) = named.split_once('.')?;
        let is_field = ITEM_FIELDS.iter().any(|(name, _)| *name == field);
        self.items.get(item).filter(|_| is_field).map(String::as_str)
    }
}

/// "; did you mean `x`?", or nothing.
fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
