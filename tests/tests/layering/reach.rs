//! What sources reach for: the domain for nothing outside, a connector for no other, a layer of the engine for earlier
//! ones.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Result, ensure};

use super::{
    imports::paths,
    modules, root, sources,
    tokens::{tokens, without_tests},
};

/// The one file of the domain that has a thread: a recursive parser needs a large stack, and is joined.
const WITH_A_STACK: &str = "expression/parse.rs";

/// The names of IO, clocks and randomness in a source.
fn outside(source: &str) -> Vec<String> {
    let modules = ["fs", "net", "process", "thread", "env"];
    let types = ["SystemTime", "Instant"];
    let calls = [["Timestamp", "now"], ["Zoned", "now"], ["TimeZone", "system"]];
    let crates = ["rand", "fastrand", "getrandom"];
    let is_outside = |path: &Vec<String>| {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        matches!(names[..], ["std", module, ..] if modules.contains(&module))
            || names.iter().any(|name| types.contains(name))
            || names.windows(2).any(|pair| calls.iter().any(|call| pair == call))
            || crates.contains(&names[0])
    };
    paths(source).into_iter().filter(is_outside).map(|path| path.join("::")).collect()
}

#[test]
fn domain_does_no_io_and_reads_no_clock() -> Result<()> {
    for (path, text) in sources("crates/domain/src")? {
        let mut found = outside(&text);
        found.retain(|it| it != "std::thread" || !path.ends_with(WITH_A_STACK));
        assert!(found.is_empty(), "{} uses {found:?}", path.display());
    }
    Ok(())
}

#[test]
fn outside_names_are_found_in_every_form() {
    let cases: [(&str, &[&str]); 12] = [
        ("use std::{collections::BTreeMap, fs};", &["std::fs"]),
        ("fn f() { std::env::var(\"HOME\") }", &["std::env::var"]),
        ("use jiff::Zoned;\nfn f() { Zoned::now() }", &["Zoned::now"]),
        ("fn f() { jiff::Timestamp::now() }", &["jiff::Timestamp::now"]),
        ("use std::time::{Duration, Instant};", &["std::time::Instant"]),
        ("fn f() { time::SystemTime::now() }", &["time::SystemTime::now"]),
        ("use rand::Rng;", &["rand::Rng"]),
        ("fn f() { fastrand::u64(..) }", &["fastrand::u64"]),
        ("fn f() { getrandom::fill(&mut it) }", &["getrandom::fill"]),
        ("use jiff::{Timestamp, Zoned};\nfn f(now: &Zoned) { operand::new(now) }", &[]),
        ("// std::fs\nfn f() { \"std::fs\" }", &[]),
        ("#[cfg(test)]\nmod tests {\n    use std::fs;\n}", &[]),
    ];
    for (source, expected) in cases {
        assert_eq!(outside(source), expected, "{source}");
    }
}

/// The connectors' modules, by the one list of services.
fn services() -> BTreeSet<&'static str> {
    callboard_connectors::services().into_iter().map(|service| service.module).collect()
}

#[test]
fn no_connector_reaches_for_another() -> Result<()> {
    let (services, modules) = (services(), modules("crates/connectors/src", "lib.rs")?);
    let service = |key: &[String]| services.get(key.first()?.as_str()).copied();
    for (from, named) in modules.edges() {
        let Some(own) = service(&from) else { continue };
        for (to, names) in named {
            let other = service(&to).is_some_and(|other| other != own);
            ensure!(!other, "{} reaches for {names:?}", from.join("::"));
        }
    }
    let seen: BTreeSet<&str> = modules.files().filter_map(|key| service(key)).collect();
    assert_eq!(seen, services);
    Ok(())
}

#[test]
fn engine_names_no_service() -> Result<()> {
    // The account for command files is the engine's own matter.
    let services: Vec<&str> = services().into_iter().filter(|module| *module != "http_service").collect();
    for (path, text) in sources("crates/engine/src")? {
        let names = without_tests(&tokens(&text)).join(" ").to_lowercase();
        let hit = services.iter().find(|service| names.contains(**service));
        assert!(hit.is_none(), "{} names {hit:?}", path.display());
    }
    Ok(())
}

/// The layers of the engine, in the order in which they are built: each uses only itself and those of earlier lines.
const LAYERS: [&[&str]; 13] = [
    &["system"],
    &["title_match"],
    &["secrets"],
    &["config"],
    &["api"],
    &["store"],
    &["host"],
    &["accounts"],
    &["commands"],
    &["active_config"],
    &["outbox"],
    // Rules run no commands, and outcomes are no events: neither uses the other.
    &["watch", "act"],
    &["clients"],
];

fn place(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|group| group.contains(&layer))
}

/// Whether a layer may name another, or what the root itself declares.
fn may_name(layer: &str, named: &str) -> bool {
    match (place(layer), place(named)) {
        (Some(own), Some(other)) => other < own || named == layer,
        // The engine itself and its options: only the clients may use them.
        (Some(_), None) => layer == "clients",
        (None, _) => false,
    }
}

#[test]
fn engine_folders_import_only_earlier_ones() -> Result<()> {
    let folder = "crates/engine/src";
    let mut seen = BTreeSet::new();
    for (path, text) in sources(folder)? {
        let below = path.strip_prefix(root().join(folder))?;
        let first = below.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        let layer = first.trim_end_matches(".rs");
        if layer == "lib" {
            continue;
        }
        ensure!(place(layer).is_some(), "{layer} has no place in LAYERS");
        seen.insert(layer.to_owned());
        for path in paths(&text).iter().filter(|path| path[0] == "crate") {
            let named = path.get(1).map_or("", String::as_str);
            ensure!(may_name(layer, named), "{} reaches for {}", below.display(), path.join("::"));
        }
    }
    // What is reached by `super`, or by a re-exported name.
    for (from, named) in modules(folder, "lib.rs")?.edges() {
        for (to, names) in named {
            if let (Some(layer), Some(other)) = (from.first(), to.first()) {
                ensure!(may_name(layer, other), "{} reaches for {names:?}", from.join("::"));
            }
        }
    }
    let empty: Vec<&&str> =
        LAYERS.iter().copied().flatten().filter(|layer| !seen.contains(**layer)).collect();
    ensure!(empty.is_empty(), "there are no {empty:?}");
    Ok(())
}

#[test]
fn layers_name_only_earlier_ones() {
    let cases = [
        ("store", "api", true),
        ("store", "store", true),
        ("api", "store", false),
        ("watch", "act", false),
        ("act", "watch", false),
        ("clients", "Engine", true),
        ("outbox", "Engine", false),
        ("outbox", "", false),
    ];
    for (layer, named, expected) in cases {
        assert_eq!(may_name(layer, named), expected, "{layer} -> {named}");
    }
}

/// Whether a source implements an action.
fn declares_an_action(tokens: &[String]) -> bool {
    tokens.windows(2).any(|pair| pair == ["Action", "for"])
}

#[test]
fn actions_know_no_chat() -> Result<()> {
    let mut acting = BTreeSet::new();
    for (path, text) in sources("crates/connectors/src")? {
        let names = without_tests(&tokens(&text));
        if declares_an_action(&names) {
            let posts = names.iter().any(|name| name == "ChatService");
            ensure!(!posts, "{}: actions never post", path.display());
            let below = path.strip_prefix(root().join("crates/connectors/src"))?;
            acting.extend(below.iter().next().map(|folder| folder.to_string_lossy().into_owned()));
        }
    }
    ensure!(acting.len() > 3 && acting.contains("jenkins"), "actions are found in {acting:?} alone");
    Ok(())
}

#[test]
fn action_is_found_by_its_impl() {
    let cases = [
        ("impl Action for Rerun {}", true),
        ("impl<T: Send> Action for Rerun<T> {}", true),
        ("impl domain::action::Action for Rerun {}", true),
        ("use callboard_domain::action::Action;", false),
        ("// impl Action for Rerun", false),
        ("#[cfg(test)]\nimpl Action for Rerun {}", false),
    ];
    for (source, expected) in cases {
        assert_eq!(declares_an_action(&without_tests(&tokens(source))), expected, "{source}");
    }
}

/// Only a delivery that the outbox has claimed reaches the chat.
#[test]
fn only_claimed_deliveries_are_posted() -> Result<()> {
    let mut claims = BTreeSet::new();
    for (path, text) in sources("crates/engine/src")? {
        let below = path.strip_prefix(root().join("crates/engine/src"))?.to_owned();
        let names = without_tests(&tokens(&text));
        let has = |marks: &[&str]| names.windows(marks.len()).any(|window| window == marks);
        if has(&[".", "claim", "("]) {
            claims.insert(below.clone());
        }
        // The only place that takes a connection's chat, and wraps it.
        if !below.starts_with("accounts.rs") {
            ensure!(!has(&["connection", ".", "chat"]), "{} takes a chat past `Chat`", below.display());
        }
    }
    ensure!(claims == BTreeSet::from([PathBuf::from("outbox/deliver/mod.rs")]), "claimed in {claims:?}");
    Ok(())
}
