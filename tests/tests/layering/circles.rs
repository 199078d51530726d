//! Files import in no circle: each can be read after those that it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::{Error, Result, ensure};

use super::{
    imports::{Edges, Key, Modules, paths},
    modules,
};

/// The crates by the folder of their sources and their main file.
const CRATES: [(&str, &str); 8] = [
    ("crates/domain/src", "lib.rs"),
    ("crates/connectors/src", "lib.rs"),
    ("crates/engine/src", "lib.rs"),
    ("crates/playground/src", "lib.rs"),
    ("crates/cli/src", "main.rs"),
    ("crates/window-link/src", "lib.rs"),
    ("crates/tray/src", "main.rs"),
    ("src-tauri/src", "main.rs"),
];

/// The parents and children that name each other; none is to be added. What several children use belongs in a file
/// beside them, from which the parent takes it too.
///
/// The engine's root holds what its clients keep between their calls and starts their socket; they call the `Engine`,
/// and no other module uses it.
const PAIRS: [(&str, &str, &str); 6] = [
    ("crates/engine/src", "", "clients::calls::log"),
    ("crates/engine/src", "", "clients::dispatch"),
    ("crates/engine/src", "", "clients::find"),
    ("crates/engine/src", "", "clients::socket"),
    ("crates/playground/src", "forge", "forge::rest"),
    ("crates/playground/src", "forge", "forge::wire"),
];

fn is_below(inner: &[String], outer: &[String]) -> bool {
    inner.len() > outer.len() && inner.starts_with(outer)
}

/// The files that are reached from one, where a parent's use of what is below it counts for none: it is made of that.
fn reached<'a>(edges: &'a Edges, from: &'a Key) -> BTreeSet<&'a Key> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(file) = left.pop() {
        let named = edges.get(file).into_iter().flat_map(BTreeMap::keys);
        left.extend(named.filter(|to| !is_below(to, file) && reached.insert(*to)));
    }
    reached
}

/// The circles: files that reach each other.
fn circles(edges: &Edges) -> Vec<BTreeSet<&Key>> {
    let all: BTreeMap<&Key, BTreeSet<&Key>> = edges.keys().map(|from| (from, reached(edges, from))).collect();
    let mut found: Vec<BTreeSet<&Key>> = Vec::new();
    for (from, reached) in &all {
        if reached.contains(from) && !found.iter().any(|circle| circle.contains(from)) {
            let back = |to: &&&Key| all.get(*to).is_some_and(|reached| reached.contains(from));
            found.push(reached.iter().filter(back).copied().collect());
        }
    }
    found
}

/// The pairs of a file and one below it that name each other.
fn pairs(edges: &Edges) -> Vec<(&Key, &Key)> {
    let all = edges.iter().flat_map(|(from, named)| named.keys().map(move |to| (from, to)));
    let is_pair = |(parent, child): &(&Key, &Key)| {
        is_below(child, parent) && edges.get(*child).is_some_and(|named| named.contains_key(*parent))
    };
    all.filter(is_pair).collect()
}

fn name(key: &Key) -> String {
    if key.is_empty() { "crate".to_owned() } else { key.join("::") }
}

/// The names that the files of a circle use of each other, a line each.
fn described(edges: &Edges, circle: &[&Key]) -> String {
    let mut text = String::new();
    for from in circle.iter().copied() {
        for to in circle.iter().copied() {
            if let Some(names) = edges.get(from).and_then(|named| named.get(to)) {
                // Writing to a text does not fail.
                let _ = write!(text, "\n  {} names {names:?} of {}", name(from), name(to));
            }
        }
    }
    text
}

#[test]
fn files_import_in_no_circle() -> Result<()> {
    let mut found = String::new();
    for (folder, main) in CRATES {
        let edges = modules(folder, main)?.edges();
        for circle in circles(&edges) {
            found += &format!("\n{folder}:{}", described(&edges, &Vec::from_iter(circle)));
        }
    }
    ensure!(found.is_empty(), "files import in a circle:{found}");
    Ok(())
}

#[test]
fn only_listed_parents_and_children_name_each_other() -> Result<()> {
    let mut found = String::new();
    let mut left = BTreeSet::from(PAIRS.map(|(folder, parent, child)| format!("{folder} {parent} {child}")));
    for (folder, main) in CRATES {
        let edges = modules(folder, main)?.edges();
        for (parent, child) in pairs(&edges) {
            if !left.remove(&format!("{folder} {} {}", parent.join("::"), child.join("::"))) {
                found += &format!("\n{folder}:{}", described(&edges, &[parent, child]));
            }
        }
    }
    ensure!(found.is_empty(), "a parent and its child name each other:{found}");
    ensure!(left.is_empty(), "no longer so, and to be taken out of PAIRS: {left:?}");
    Ok(())
}

/// A crate of files that are not there, by path and text.
fn crate_of(files: &[(&str, &str)]) -> Result<Modules> {
    let text = |path: &str| files.iter().find(|(file, _)| *file == path).map(|(_, text)| (*text).to_owned());
    Modules::read("lib.rs", text).map_err(Error::msg)
}

/// The edges, as `a -> b`.
fn arrows(edges: &Edges) -> Vec<String> {
    let all = edges.iter().flat_map(|(from, named)| named.keys().map(move |to| (from, to)));
    all.map(|(from, to)| format!("{} -> {}", name(from), name(to))).collect()
}

#[test]
fn imports_are_written_out() {
    let cases: [(&str, &[&str]); 9] = [
        ("use crate::api::Check;", &["crate::api::Check"]),
        (
            "use crate::{Engine, api::{A, B as C}, store};",
            &["crate::Engine", "crate::api::A", "crate::api::B", "crate::store"],
        ),
        ("use super::{self, x::{self, Y,},};", &["super", "super::x", "super::x::Y"]),
        ("use a::{b::*, c};", &["a::b", "a::c"]),
        (
            "fn f(it: crate::Engine) -> crate::Result<crate::api::A> {}",
            &["crate::Engine", "crate::Result", "crate::api::A"],
        ),
        ("my_crate::api", &["my_crate::api"]),
        ("pub(in crate::store) fn f() {}", &[]),
        ("let a = r#\"crate::a\"#; let b = '\"'; let c = \"\\\"crate::b\"; /* /* */ crate::c */", &[]),
        (
            "#[cfg(test)]\nmod tests {\n    use crate::a;\n}\nfn f<'a>(it: &'a str) { crate::b() }",
            &["crate::b"],
        ),
    ];
    for (source, expected) in cases {
        let found: Vec<String> = paths(source).iter().map(|path| path.join("::")).collect();
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn name_counts_for_the_file_that_defines_it() -> Result<()> {
    // The text of `a.rs` in a crate where `b/inner.rs` defines `Thing`, and `b` and the root re-export it.
    let cases: [(&str, &[&str]); 15] = [
        ("use crate::Thing;", &["a -> b::inner"]),
        ("use super::b::{Other, Thing};", &["a -> b", "a -> b::inner"]),
        ("use crate::b;\nfn f(_: b::Thing) {}", &["a -> b::inner"]),
        ("use crate::b::{self, Thing as Named};", &["a -> b", "a -> b::inner"]),
        ("use crate::b as other;\nfn f(_: other::inner::Thing) {}", &["a -> b::inner"]),
        ("fn f() -> crate::b::inner::Thing { todo() }", &["a -> b::inner"]),
        ("use crate::all::Thing;", &["a -> b::inner"]),
        ("use crate::all::*;", &["a -> all"]),
        ("pub use crate::Thing;", &[]),
        ("pub use crate::Thing;\nfn f(_: Thing) {}", &["a -> b::inner"]),
        ("mod own { use super::super::Thing; fn f() { super::g() } }", &["a -> b::inner"]),
        ("use std::fmt;\nfn f(_: fmt::Formatter, _: serde::Value) {}", &[]),
        ("#[cfg(test)]\nuse crate::Thing;", &[]),
        ("use crate::made_by_a_macro;", &["a -> crate"]),
        ("fn f(it: It) { it.Thing(); self::f(); }", &[]),
    ];
    for (a, expected) in cases {
        let files = [
            ("lib.rs", "mod a;\nmod all;\nmod b;\npub use b::Thing;"),
            ("a.rs", a),
            ("all.rs", "pub use crate::b::*;"),
            ("b/mod.rs", "mod inner;\npub use self::inner::Thing;\npub struct Other;"),
            ("b/inner.rs", "pub struct Thing;\nimpl Thing { pub fn new() -> Self { Self } }"),
        ];
        assert_eq!(arrows(&crate_of(&files)?.edges()), expected, "{a}");
    }
    Ok(())
}

#[test]
fn module_without_its_file_is_an_error() {
    let error = crate_of(&[("lib.rs", "mod a;\n#[path = \"../b.rs\"]\nmod b;")]).err();
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("there is no file of the module a"));
}

/// The texts of `a.rs`, `b.rs` and `c.rs`, the circles in them, and the pairs of a parent and a child.
type Planted<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[test]
fn planted_circle_is_found() -> Result<()> {
    let root = "mod a;\nmod b;\nmod c;";
    let cases: [Planted<'_>; 6] = [
        ("use crate::b::B;", "use crate::c::C;", "", &[], &[]),
        ("use crate::b::B;", "use crate::a::A;", "", &["a b"], &[]),
        ("use crate::b::B;", "use crate::c::C;", "use crate::a::A;", &["a b c"], &[]),
        // A parent is made of what is below it.
        ("mod inner;\nuse inner::Inner;", "", "", &[], &["a a::inner"]),
        ("mod inner;", "", "", &[], &[]),
        // A file below it leads back to it through another.
        ("mod inner;\nuse crate::b::B;", "use crate::a::inner::Inner;", "", &["a a::inner b"], &[]),
    ];
    for (a, b, c, expected, expected_pairs) in cases {
        let with = |text: &str, name: &str| format!("{text}\npub struct {name};");
        let (a, b, c) = (with(a, "A"), with(b, "B"), with(c, "C"));
        let inner = "use super::A;\npub struct Inner;";
        let files = [("lib.rs", root), ("a.rs", &a), ("b.rs", &b), ("c.rs", &c), ("a/inner.rs", inner)];
        let edges = crate_of(&files)?.edges();
        let names = |keys: Vec<&Key>| keys.iter().map(|key| key.join("::")).collect::<Vec<_>>().join(" ");
        let found: Vec<String> =
            circles(&edges).into_iter().map(|it| names(it.into_iter().collect())).collect();
        assert_eq!(found, expected, "{a}{b}{c}");
        let found: Vec<String> = pairs(&edges).iter().map(|(a, b)| names(vec![a, b])).collect();
        assert_eq!(found, expected_pairs, "{a}{b}{c}");
    }
    Ok(())
}
