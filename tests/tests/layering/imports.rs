//! The names that the files of a crate use of each other, read from their text: comments, strings and tests are left out.
//!
//! A name counts for the file that defines it, through whatever re-exports it. What only a method call reaches is not
//! seen: no name of another file stands there.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use super::tokens::{closing, is_name, tokens, without_tests};

/// A module by the names that lead to it from the crate's root, which has none.
pub(crate) type Key = Vec<String>;

/// The names that files use of others, by the module that each file begins.
pub(crate) type Edges = BTreeMap<Key, BTreeMap<Key, BTreeSet<String>>>;

/// The longest chain of re-exports that is followed; only an import of a crate by its own name reaches it.
const LONGEST: usize = 16;

/// A name that an import brings in; `*` for all of a module's.
struct Import {
    path: Vec<String>,
    alias: String,
    public: bool,
}

#[derive(Default)]
struct Module {
    /// The module that its file begins: itself, unless it is written within another.
    file: Key,
    children: BTreeSet<String>,
    /// Children whose file an attribute names, which lies elsewhere.
    apart: BTreeSet<String>,
    defined: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths of two names or more, outside of imports.
    paths: BTreeSet<Vec<String>>,
    /// Names outside of imports, and the first ones of paths.
    names: BTreeSet<String>,
}

impl Module {
    fn has(&self, name: &str) -> bool {
        self.children.contains(name)
            || self.defined.contains(name)
            || self.imports.iter().any(|it| it.alias == name)
    }
}

/// The modules of a crate.
#[derive(Default)]
pub(crate) struct Modules(BTreeMap<Key, Module>);

impl Modules {
    /// Reads a crate from its main file on. `file` returns the text of a file by its path below the crate's sources.
    ///
    /// # Errors
    /// Where the file of a module is not there.
    pub(crate) fn read(main: &str, file: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut modules = Self::default();
        let text = file(main).ok_or_else(|| format!("there is no {main}"))?;
        modules.parse(&[], &[], &without_tests(&tokens(&text)));
        loop {
            let declared = modules.0.iter().flat_map(|(key, module)| {
                module
                    .children
                    .difference(&module.apart)
                    .map(|child| [&key[..], slice::from_ref(child)].concat())
            });
            let Some(key) = declared.into_iter().find(|key| !modules.0.contains_key(key)) else {
                return Ok(modules);
            };
            let path = key.join("/");
            let text = file(&format!("{path}.rs")).or_else(|| file(&format!("{path}/mod.rs")));
            let text = text.ok_or_else(|| format!("there is no file of the module {path}"))?;
            modules.parse(&key, &key, &without_tests(&tokens(&text)));
        }
    }

    /// The module that each of its files begins.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(|(key, module)| **key == module.file).map(|(key, _)| key)
    }

    fn parse(&mut self, key: &[String], file: &[String], tokens: &[String]) {
        let mut module = Module { file: file.to_vec(), ..Module::default() };
        let (mut at, mut depth, mut public) = (0, 0_usize, false);
        while at < tokens.len() {
            let token = |ahead: usize| tokens.get(at + ahead).map_or("", String::as_str);
            let was_public = std::mem::take(&mut public);
            match token(0) {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "pub" => {
                    public = true;
                    if token(1) == "(" {
                        at = closing(tokens, at + 1);
                    }
                }
                "use" if token(1) != "<" => {
                    let end = tokens[at..].iter().position(|it| it == ";").map_or(tokens.len(), |it| at + it);
                    for (path, alias) in import_tree(&tokens[at + 1..end], &[]) {
                        module.imports.push(Import { path, alias, public: was_public });
                    }
                    at = end;
                }
                "mod" if depth == 0 && is_name(token(1)) => {
                    let child = token(1).to_owned();
                    if tokens[..at].ends_with(&["path", "=", "]"].map(str::to_owned)) {
                        module.apart.insert(child.clone());
                    }
                    let inner = [key, slice::from_ref(&child)].concat();
                    module.children.insert(child);
                    if token(2) == "{" {
                        let end = closing(tokens, at + 2);
                        self.parse(&inner, file, &tokens[at + 3..end]);
                        at = end;
                    }
                }
                name if is_name(name) => {
                    if depth == 0 && DEFINE.contains(&name) && is_name(token(1)) {
                        module.defined.insert(token(1).to_owned());
                    }
                    if depth == 0 && name == "macro_rules" {
                        module.defined.insert(token(2).to_owned());
                    }
                    let is_tail = at > 0 && [".", "::"].contains(&tokens[at - 1].as_str());
                    let mut path = vec![name.to_owned()];
                    while tokens.get(at + 1).is_some_and(|it| it == "::")
                        && tokens.get(at + 2).is_some_and(|it| is_name(it))
                    {
                        path.push(tokens[at + 2].clone());
                        at += 2;
                    }
                    if !is_tail {
                        module.names.insert(path[0].clone());
                        if path.len() > 1 {
                            module.paths.insert(path);
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.0.insert(key.to_vec(), module);
    }

    /// Where a path that stands in a module leads: the module that defines what it names, and whether it names that
    /// module itself. Nothing for what is outside of the crate.
    fn find(&self, from: &[String], path: &[String], depth: usize) -> Option<(Key, bool)> {
        let (head, rest) = path.split_first()?;
        if depth > LONGEST {
            return None;
        }
        match head.as_str() {
            "crate" => self.down(&[], rest, depth),
            "self" => self.down(from, rest, depth),
            "super" => {
                let (_, parent) = from.split_last()?;
                if rest.first().is_some_and(|it| it == "super") {
                    self.find(parent, rest, depth)
                } else {
                    self.down(parent, rest, depth)
                }
            }
            head if self.0.get(from)?.has(head) => self.down(from, path, depth),
            _ => None,
        }
    }

    fn down(&self, key: &[String], path: &[String], depth: usize) -> Option<(Key, bool)> {
        let module = self.0.get(key)?;
        let Some((head, rest)) = path.split_first() else { return Some((key.to_vec(), true)) };
        if module.children.contains(head) {
            return self.down(&[key, slice::from_ref(head)].concat(), rest, depth);
        }
        if module.defined.contains(head) {
            return Some((key.to_vec(), false));
        }
        if let Some(import) = module.imports.iter().find(|it| it.alias == *head) {
            return self.find(key, &[&import.path[..], rest].concat(), depth + 1);
        }
        for import in module.imports.iter().filter(|it| it.alias == "*") {
            let Some((all_of, true)) = self.find(key, &import.path, depth + 1) else { continue };
            if all_of != key && self.0[&all_of].has(head) {
                return self.down(&all_of, path, depth + 1);
            }
        }
        // A macro makes it.
        Some((key.to_vec(), false))
    }

    /// The names that files use of others. A re-export alone is no use.
    pub(crate) fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (key, module) in &self.0 {
            let mut add = |to: &Key, path: &[String]| {
                let file = &self.0[to].file;
                if *file != module.file {
                    let named = edges.entry(module.file.clone()).or_default();
                    named.entry(file.clone()).or_default().insert(path.join("::"));
                }
            };
            for path in &module.paths {
                if let Some((to, _)) = self.find(key, path, 0) {
                    add(&to, path);
                }
            }
            for import in &module.imports {
                if import.public && !module.names.contains(&import.alias) {
                    continue;
                }
                match self.find(key, &import.path, 0) {
                    // What is named of a module is found by the paths that begin with it.
                    Some((_, true))
                        if import.alias != "*" && module.paths.iter().any(|it| it[0] == import.alias) => {}
                    Some((to, _)) => add(&to, &import.path),
                    None => {}
                }
            }
        }
        edges
    }
}

/// The words after which a name is defined.
const DEFINE: [&str; 8] = ["struct", "enum", "union", "trait", "type", "fn", "const", "static"];

/// The paths that stand in a source outside of tests, those of its imports written out: `use a::{b, c}` names `a::b`
/// and `a::c`.
pub(crate) fn paths(source: &str) -> BTreeSet<Vec<String>> {
    let mut modules = Modules::default();
    modules.parse(&[], &[], &without_tests(&tokens(source)));
    let mut found = BTreeSet::new();
    for module in modules.0.into_values() {
        found.extend(module.paths);
        found.extend(module.imports.into_iter().map(|it| it.path));
    }
    found
}

/// The paths of an import after `use`, each with the name that it brings in.
fn import_tree(tokens: &[String], before: &[String]) -> Vec<(Vec<String>, String)> {
    let mut path = before.to_vec();
    let mut alias = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => {
                let inner = &tokens[at + 1..closing(tokens, at)];
                let mut depth = 0_usize;
                let entries = inner.split(|it| {
                    match it.as_str() {
                        "{" => depth += 1,
                        "}" => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    depth == 0 && it == ","
                });
                let entries = entries.filter(|entry| !entry.is_empty());
                return entries.flat_map(|entry| import_tree(entry, &path)).collect();
            }
            "*" => return vec![(path, "*".to_owned())],
            "as" => {
                alias = tokens.get(at + 1).cloned();
                break;
            }
            // `a::{self}` is `a`.
            "self" if at == 0 && !before.is_empty() => {}
            name if is_name(name) => path.push(name.to_owned()),
            _ => {}
        }
    }
    let alias = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, alias)]
}
