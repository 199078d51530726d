//! Checks of an expression before it is ever evaluated: names, types, functions, patterns, size.

use std::collections::{BTreeSet, HashMap};

use cel::{
    IdedExpr,
    common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators},
};
use regex::{Regex, RegexBuilder};

use super::{
    error::ExpressionError,
    scope::{Name, Type},
};
use crate::nearest::{nearest, nearest_path};

/// Levels of a syntax tree: evaluation is recursive, and runs on whatever stack the caller has.
const DEEPEST: usize = 48;
/// Loops within loops.
const LOOPS: usize = 2;
/// Entries of a list that is written out.
const ENTRIES: usize = 100;
/// Memory of a compiled pattern, in bytes.
const PATTERN: usize = 1 << 20;
/// How many times a text weighs that a pattern is looked for in, by the memory of the compiled pattern. At worst each of its
/// states is looked at for each byte (docs.rs/regex, "Untrusted input").
const PATTERNS: [(usize, i64); 2] = [(16 << 10, 20), (128 << 10, 200)];
/// The same of larger ones.
const LARGE_PATTERN: i64 = 2_000;

/// A function that expressions may call, and how many values it takes after the one before the dot.
struct Function {
    name: &'static str,
    /// As `x.f(...)`.
    method: Option<usize>,
    /// As `f(...)`.
    plain: Option<usize>,
    takes: Type,
    gives: Type,
}

const fn function(name: &'static str, method: Option<usize>, plain: Option<usize>, gives: Type) -> Function {
    let takes = if method.is_some() && plain.is_none() { Type::Text } else { Type::Any };
    Function { name, method, plain, takes, gives }
}

const FUNCTIONS: [Function; 9] = [
    function("contains", Some(1), None, Type::Bool),
    function("startsWith", Some(1), None, Type::Bool),
    function("endsWith", Some(1), None, Type::Bool),
    function("matches", Some(1), None, Type::Bool),
    function("size", Some(0), Some(1), Type::Number),
    function("int", None, Some(1), Type::Number),
    function("double", None, Some(1), Type::Number),
    function("string", None, Some(1), Type::Text),
    function("bool", None, Some(1), Type::Bool),
];
/// The loops, which the parser has turned into something else by the time they are looked at.
const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "filter", "map"];

type Checked = Result<Type, ExpressionError>;

pub(super) struct Check<'a> {
    text: &'a str,
    source: &'a SourceInfo,
    scope: &'a [Name<'a>],
    /// Variables of the loops around, innermost last.
    bound: Vec<(String, Type)>,
    loops: usize,
    has_loop: bool,
    reads_any: bool,
    read: BTreeSet<String>,
    patterns: HashMap<String, Regex>,
}

/// What a dotted name stands for.
enum Found<'a> {
    Name(&'a Name<'a>),
    Inside(&'a Name<'a>),
    Bound(Type),
    /// Others begin with it: `item`.
    Prefix,
    Nothing,
}

impl<'a> Check<'a> {
    pub(super) fn new(text: &'a str, source: &'a SourceInfo, scope: &'a [Name<'a>]) -> Self {
        Self {
            text,
            source,
            scope,
            bound: Vec::new(),
            loops: 0,
            has_loop: false,
            reads_any: false,
            read: BTreeSet::new(),
            patterns: HashMap::new(),
        }
    }

    /// Checks a whole expression, and puts `true` for every `has(x)` of a name that is always there.
    pub(super) fn whole(&mut self, expr: &mut IdedExpr) -> Checked {
        self.expr(expr, 0, 0)
    }

    /// Whether what it costs depends on what it looks at: it has loops, or looks into what nothing is known of.
    pub(super) fn is_costly(&self) -> bool {
        self.has_loop || self.reads_any
    }

    /// The names that were read, and the patterns.
    pub(super) fn found(self) -> (Vec<String>, HashMap<String, Regex>) {
        (self.read.into_iter().collect(), self.patterns)
    }

    /// `at` is the byte where the expression around it begins, for parts of which the parser keeps no place.
    fn expr(&mut self, expr: &mut IdedExpr, at: usize, depth: usize) -> Checked {
        let at = self.place(expr.id).unwrap_or(at);
        if depth > DEEPEST {
            return Err(self.fault(at, format!("it is nested more than {DEEPEST} levels deep")));
        }
        if let Some(name) = dotted(&expr.expr) {
            return self.name(&name, at);
        }
        match &mut expr.expr {
            Expr::Literal(literal) => Ok(type_of(literal)),
            Expr::Select(select) if select.test => {
                let Some(operand) = dotted(&select.operand.expr) else {
                    self.expr(&mut select.operand, at, depth + 1)?;
                    return Ok(Type::Bool);
                };
                let field = format!("{operand}.{}", select.field);
                match self.find(&field) {
                    Found::Name(_) => {
                        expr.expr = Expr::Literal(LiteralValue::Boolean(true.into()));
                    }
                    _ => {
                        self.name(&field, at)?;
                    }
                }
                Ok(Type::Bool)
            }
            Expr::Select(select) => {
                self.expr(&mut select.operand, at, depth + 1)?;
                Ok(Type::Any)
            }
            Expr::Call(call) => self.call(call, at, depth),
            Expr::List(list) => {
                if list.elements.len() > ENTRIES {
                    return Err(self.fault(at, format!("a list has at most {ENTRIES} entries")));
                }
                for element in &mut list.elements {
                    self.expr(element, at, depth + 1)?;
                }
                Ok(Type::List)
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    let EntryExpr::MapEntry(entry) = &mut entry.expr else {
                        return Err(self.fault(at, "this is not a map"));
                    };
                    self.expr(&mut entry.key, at, depth + 1)?;
                    self.expr(&mut entry.value, at, depth + 1)?;
                }
                Ok(Type::Map)
            }
            Expr::Comprehension(comprehension) => {
                if self.loops == LOOPS {
                    return Err(self.fault(at, format!("more than {LOOPS} loops are inside each other")));
                }
                let range = self.expr(&mut comprehension.iter_range, at, depth + 1)?;
                if !matches!(range, Type::Any | Type::List | Type::Map) {
                    return Err(self.fault(at, format!("a loop goes over a list, and this is {range}")));
                }
                let variable = comprehension.iter_var.clone();
                if !matches!(self.find(&variable), Found::Nothing | Found::Bound(_)) {
                    return Err(self.fault(at, format!("`{variable}` already means something else")));
                }
                let start = self.expr(&mut comprehension.accu_init, at, depth + 1)?;
                self.bound.push((variable, Type::Any));
                self.bound.push((comprehension.accu_var.clone(), start));
                self.loops += 1;
                self.has_loop = true;
                self.expr(&mut comprehension.loop_cond, at, depth + 1)?;
                self.expr(&mut comprehension.loop_step, at, depth + 1)?;
                let result = self.expr(&mut comprehension.result, at, depth + 1)?;
                self.loops -= 1;
                self.bound.truncate(self.bound.len() - 2);
                Ok(result)
            }
            Expr::Struct(_) => Err(self.fault(at, "values cannot be built here")),
            Expr::Ident(_) | Expr::Unspecified => Err(self.fault(at, "this cannot be read")),
        }
    }

    fn call(&mut self, call: &mut CallExpr, at: usize, depth: usize) -> Checked {
        // The parser turns a loop that is written rightly into something else.
        if MACROS.contains(&call.func_name.as_str()) {
            let at = self.spot(&call.func_name).unwrap_or(at);
            return Err(self.fault(at, format!("`{}` is not written like this", call.func_name)));
        }
        if call.func_name == "matches"
            && let [pattern] = &call.args[..]
        {
            self.pattern(pattern, at)?;
        }
        let target = match &mut call.target {
            Some(target) => Some(self.expr(target, at, depth + 1)?),
            None => None,
        };
        let types = call
            .args
            .iter_mut()
            .map(|argument| self.expr(argument, at, depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        match (call.func_name.as_str(), &types[..], &call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _, _) => {
                self.all_are(Type::Bool, &types, at)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [a, b], [left, right]) => {
                if !fits(*a, *b) {
                    return Err(self.fault(at, format!("{a} is compared with {b}, and never equal")));
                }
                self.possible(left, right, at)?;
                self.possible(right, left, at)?;
                Ok(Type::Bool)
            }
            (operators::IN, [_, Type::Text], _) => {
                Err(self.fault(at, "`in` looks into a list: for text write `text.contains(part)`"))
            }
            (operators::IN, [_, within], [one, many]) => {
                if !matches!(within, Type::Any | Type::List | Type::Map) {
                    return Err(self.fault(at, format!("`in` looks into a list, and this is {within}")));
                }
                if let Expr::List(list) = &many.expr {
                    for entry in &list.elements {
                        self.possible(one, entry, at)?;
                    }
                }
                Ok(Type::Bool)
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [a, b],
                _,
            ) => {
                let ordered = |ty: &Type| matches!(ty, Type::Any | Type::Number | Type::Text);
                match fits(*a, *b) && ordered(a) && ordered(b) {
                    true => Ok(Type::Bool),
                    false => Err(self.fault(at, format!("{a} and {b} have no order"))),
                }
            }
            (operators::CONDITIONAL, [condition, a, b], _) => {
                self.all_are(Type::Bool, &[*condition], at)?;
                Ok(if a == b { *a } else { Type::Any })
            }
            (operators::INDEX, [a, _], _) => match a {
                Type::Any | Type::List | Type::Map => Ok(Type::Any),
                _ => Err(self.fault(at, format!("{a} has no entries"))),
            },
            (operators::ADD, [Type::Text, Type::Text], _) => Ok(Type::Text),
            (operators::ADD, [a, b], _) if fits(*a, *b) && (*a == Type::Any || *a == Type::List) => Ok(*a),
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO
                | operators::NEGATE,
                ..,
            ) => self.all_are(Type::Number, &types, at),
            (operators::NOT_STRICTLY_FALSE, ..) => Ok(Type::Bool),
            (name, ..) => self.function(name, target, &types, at),
        }
    }

    fn function(&self, name: &str, target: Option<Type>, types: &[Type], at: usize) -> Checked {
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            let known = FUNCTIONS.iter().map(|function| function.name).chain(MACROS);
            let mut fault =
                self.fault(self.spot(name).unwrap_or(at), format!("there is no function `{name}`"));
            fault.nearest = nearest(name, known).map(str::to_owned);
            return Err(fault);
        };
        let expected = if target.is_some() { function.method } else { function.plain };
        if expected != Some(types.len()) {
            let form = match (function.method, function.plain) {
                (Some(1), _) => format!("text.{name}(\"part\")"),
                (_, _) => format!("{name}(value)"),
            };
            return Err(self.fault(at, format!("`{name}` is written `{form}`")));
        }
        for ty in target.iter().chain(types) {
            if !fits(*ty, function.takes) {
                let hint = if *ty == Type::List { ": for a list write `\"x\" in list`" } else { "" };
                return Err(self.fault(at, format!("`{name}` is for text, and this is {ty}{hint}")));
            }
        }
        Ok(function.gives)
    }

    /// A pattern is written out, so that it is compiled once, and a mistake in it is found at once.
    fn pattern(&mut self, pattern: &IdedExpr, at: usize) -> Result<(), ExpressionError> {
        let at = self.place(pattern.id).unwrap_or(at);
        let Some(pattern) = text_of(pattern) else {
            return Err(self.fault(at, "a pattern is written out in quotes"));
        };
        match RegexBuilder::new(pattern).size_limit(PATTERN).dfa_size_limit(PATTERN).build() {
            Ok(regex) => {
                self.patterns.insert(pattern.to_owned(), regex);
                Ok(())
            }
            Err(regex::Error::CompiledTooBig(_)) => Err(self.fault(at, "the pattern is too large")),
            Err(error) => {
                // Its last line is the error; the ones before draw it.
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(self.fault(at, format!("the pattern is wrong: {why}")))
            }
        }
    }

    /// Refuses a text that the name beside it can never be.
    fn possible(&self, name: &IdedExpr, value: &IdedExpr, at: usize) -> Result<(), ExpressionError> {
        let (Some(name), Some(value)) = (dotted(&name.expr), text_of(value)) else { return Ok(()) };
        match self.find(&name) {
            Found::Name(name) if !name.values.is_empty() && !name.values.contains(&value) => {
                let values: Vec<&str> = name.values.iter().copied().filter(|it| !it.is_empty()).collect();
                let nothing = if values.len() < name.values.len() { ", or nothing (\"\")" } else { "" };
                let what = format!(
                    "`{}` is never {value:?}; it is one of {}{nothing}",
                    name.name,
                    values.join(", ")
                );
                let mut fault = self.fault(self.spot(value).unwrap_or(at), what);
                fault.nearest = nearest(value, name.values.iter().copied()).map(str::to_owned);
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    fn name(&mut self, path: &str, at: usize) -> Checked {
        match self.find(path) {
            Found::Name(name) => {
                self.read.insert(name.name.to_owned());
                self.reads_any |= name.ty == Type::Any;
                Ok(name.ty)
            }
            Found::Inside(name) if matches!(name.ty, Type::Any | Type::Map) => {
                self.read.insert(name.name.to_owned());
                self.reads_any |= name.ty == Type::Any;
                Ok(Type::Any)
            }
            Found::Inside(name) => {
                let what = format!("`{}` is {} and has no fields", name.name, name.ty);
                Err(self.fault(self.spot(path).unwrap_or(at), what))
            }
            Found::Bound(ty) => Ok(ty),
            Found::Prefix => {
                let what =
                    format!("`{path}` is not a value by itself: write which of its fields, `{path}.x`");
                Err(self.fault(self.spot(path).unwrap_or(at), what))
            }
            Found::Nothing => {
                let nearest = nearest_path(path, self.scope.iter().map(|name| name.name));
                let what = match nearest.is_none() && !path.contains('.') {
                    true => format!("there is no `{path}`; a text is written in quotes: \"{path}\""),
                    false => format!("there is no `{path}`"),
                };
                let mut fault = self.fault(self.spot(path).unwrap_or(at), what);
                fault.nearest = nearest.map(str::to_owned);
                Err(fault)
            }
        }
    }

    fn find(&self, path: &str) -> Found<'a> {
        let root = path.split('.').next().unwrap_or_default();
        if let Some((name, ty)) = self.bound.iter().rev().find(|(name, _)| name == root) {
            return Found::Bound(if name == path { *ty } else { Type::Any });
        }
        let starts = |longer: &str, shorter: &str| {
            longer.strip_prefix(shorter).is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some(name) = self.scope.iter().find(|name| name.name == path) {
            return Found::Name(name);
        }
        if let Some(name) = self.scope.iter().find(|name| starts(path, name.name)) {
            return Found::Inside(name);
        }
        match self.scope.iter().any(|name| starts(name.name, path)) {
            true => Found::Prefix,
            false => Found::Nothing,
        }
    }

    fn all_are(&self, wanted: Type, types: &[Type], at: usize) -> Checked {
        match types.iter().find(|ty| !fits(**ty, wanted)) {
            None => Ok(wanted),
            Some(ty) => Err(self.fault(at, format!("expected {wanted}, and this is {ty}"))),
        }
    }

    fn place(&self, id: u64) -> Option<usize> {
        let (start, _) = self.source.offset_for(id)?;
        usize::try_from(start).ok()
    }

    /// Where a name or a text occurs as a whole word: the parser places a field at its dot, and a call at its bracket.
    fn spot(&self, word: &str) -> Option<usize> {
        let within = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        self.text.match_indices(word).map(|(at, _)| at).find(|&at| {
            !self.text[at + word.len()..].starts_with(within)
                && !self.text[..at].ends_with(|c| within(c) && c != '.')
        })
    }

    fn fault(&self, at: usize, what: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.text, at, what)
    }
}

/// How many times a text weighs that this pattern is looked for in.
pub(super) fn pattern_weight(pattern: &str) -> i64 {
    let fits = |(memory, _): &&(usize, i64)| RegexBuilder::new(pattern).size_limit(*memory).build().is_ok();
    PATTERNS.iter().find(fits).map_or(LARGE_PATTERN, |(_, weight)| *weight)
}

fn fits(a: Type, b: Type) -> bool {
    a == b || a == Type::Any || b == Type::Any
}

fn type_of(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Number,
        LiteralValue::Null | LiteralValue::Bytes(_) => Type::Any,
    }
}

fn text_of(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// `a.b.c`, where the expression is just that.
fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            let mut name = dotted(&select.operand.expr)?;
            name.push('.');
            name.push_str(&select.field);
            Some(name)
        }
        _ => None,
    }
}
