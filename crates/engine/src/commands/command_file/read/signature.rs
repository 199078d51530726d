//! What a command is called and takes: names, arguments, usage, examples.

use std::collections::BTreeMap;

use callboard_domain::{
    action::Action,
    command::{self as typed, ArgSpec, ArgType, CommandSpec, Usage, check},
    expression::Expression,
    item::Kind,
    template::Template,
};
use jiff::Timestamp;

use super::{
    super::{choices::Listing, command::Command, table},
    ENTRIES, NAME, Reader, SUMMARY,
};
use crate::config::{
    Step::{At, Key},
    unknown,
};

/// What else than arguments can be named: an argument must not be called so, nor `account`, which a line may name.
const TAKEN: [&str; 6] = ["account", "body", "exit", "ok", "output", "status"];

impl Reader<'_, '_> {
    /// Its names can be typed, and no other command has them.
    pub(super) fn names(&mut self, spec: &CommandSpec) {
        let aliases =
            spec.aliases.iter().enumerate().map(|(nth, name)| (vec![Key("aliases"), At(nth)], name));
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

    pub(super) fn args(&mut self, spec: &mut CommandSpec, usage: Option<&str>) -> BTreeMap<String, Listing> {
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
                self.errors.push(self.file.fault_at(key.span(), what));
                // The rest of its table would only give the same fault again.
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
            if !self.config.has_account(&listing.account) {
                let what = unknown("account", account, self.config.account_names());
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
                table::ArgType::Approval => ArgType::Item(Kind::Approval),
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

    pub(super) fn usage(&mut self, spec: &CommandSpec) {
        if let Err(error) = Usage::compile(spec) {
            let key = if self.file.get(&self.at(&[Key("usage")])).is_some() { "usage" } else { "name" };
            self.fault_in(&[Key(key)], &spec.usage, (1, error.column), error.what);
        }
    }

    /// Every argument is for something.
    pub(super) fn unused(&mut self, spec: &CommandSpec) {
        for arg in &spec.args {
            if !self.used.contains(&arg.name) {
                let name = &arg.name;
                let what = format!(
                    "`{name}` is used nowhere: write {{{{ {name} }}}} where it belongs, or take it out"
                );
                self.fault(&[Key("args"), Key(name)], what);
            }
        }
    }

    /// The examples are lines that work: they are read, and everything finds its place in what the command runs, where that is
    /// known (`command`).
    pub(super) fn examples(&mut self, spec: &CommandSpec, command: Option<&Command>) {
        for (nth, line) in spec.examples.iter().enumerate() {
            let alone = CommandSpec { examples: vec![line.clone()], ..spec.clone() };
            let steps = [Key("examples"), At(nth)];
            if let Some(problem) = check(&alone).into_iter().next() {
                self.fault(&steps, problem.what);
                continue;
            }
            let compiled = typed::Command::new(alone).into_iter().collect::<typed::Commands>();
            let Ok(parsed) = compiled.parse(line) else { continue };
            let shown = command.map(|command| command.preview(&parsed.args, Timestamp::UNIX_EPOCH));
            if let Some(Err(error)) = shown {
                self.fault(&steps, format!("the example does not work: {error}"));
            }
        }
    }
}

/// Why a text can't name an argument, if so: templates and expressions have to be able to say it.
fn not_a_name(name: &str) -> Option<String> {
    let mut letters = name.chars();
    let plain = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    let says_itself = || {
        let template = Template::compile(&format!("{{{{ {name} }}}}"));
        let named = template.is_ok_and(|it| it.names().iter().any(|found| found.name == name));
        named && Expression::compile_untyped(name, [name]).is_ok_and(|it| it.names() == [name])
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

/// Where an argument first occurs in a usage.
fn place_in(usage: &str, name: &str) -> usize {
    let stands = |at: &usize| {
        usage[..*at].ends_with(['<', '[']) && usage[at + name.len()..].starts_with(['>', ']', '.'])
    };
    usage.match_indices(name).map(|(at, _)| at).find(stands).unwrap_or(usize::MAX)
}
