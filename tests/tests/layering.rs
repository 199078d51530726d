//! The crates keep their places: arrows point one way, and what each must not reach it does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const DOMAIN: &str = "callboard-domain";
const CONNECTORS: &str = "callboard-connectors";
const ENGINE: &str = "callboard-engine";
const PLAYGROUND: &str = "callboard-playground";
const CLI: &str = "callboard";
const TRAY: &str = "callboard-tray";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What each package depends on when it is built as it is shipped: without tests, on every platform.
struct Graph {
    names: BTreeMap<String, String>,
    needs: BTreeMap<String, Vec<String>>,
    members: BTreeSet<String>,
}

impl Graph {
    fn read() -> Result<Graph> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--format-version=1", "--locked", "--offline"]).current_dir(root());
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        let list = |value: &Value| value.as_array().cloned().context("a list");
        let mut graph = Graph { names: BTreeMap::new(), needs: BTreeMap::new(), members: BTreeSet::new() };
        for package in list(&metadata["packages"])? {
            graph.names.insert(text(&package["id"])?, text(&package["name"])?);
        }
        for node in list(&metadata["resolve"]["nodes"])? {
            let mut needs = Vec::new();
            for dependency in list(&node["deps"])? {
                // A kind of null is a normal one; the others are for building and for tests.
                if list(&dependency["dep_kinds"])?.iter().any(|kind| kind["kind"].is_null()) {
                    needs.push(text(&dependency["pkg"])?);
                }
            }
            graph.needs.insert(text(&node["id"])?, needs);
        }
        for member in list(&metadata["workspace_members"])? {
            graph.members.insert(graph.names[&text(&member)?].clone());
        }
        Ok(graph)
    }

    /// The names of the packages that one depends on, itself left out.
    fn of(&self, name: &str, deep: bool) -> Result<BTreeSet<&str>> {
        let (id, _) = self.names.iter().find(|(_, known)| *known == name).context(name.to_owned())?;
        let mut found = BTreeSet::new();
        let mut left: Vec<&String> = self.needs[id].iter().collect();
        while let Some(id) = left.pop() {
            if found.insert(self.names[id].as_str()) && deep {
                left.extend(&self.needs[id]);
            }
        }
        Ok(found)
    }
}

#[test]
fn arrows_between_our_crates_point_one_way() -> Result<()> {
    let graph = Graph::read()?;
    let expected: [(&str, &[&str]); 6] = [
        (DOMAIN, &[]),
        (CONNECTORS, &[DOMAIN]),
        (ENGINE, &[CONNECTORS, DOMAIN]),
        (PLAYGROUND, &[CONNECTORS, DOMAIN, ENGINE]),
        (CLI, &[CONNECTORS, DOMAIN, ENGINE, PLAYGROUND]),
        (TRAY, &[CONNECTORS, DOMAIN, ENGINE, PLAYGROUND]),
    ];
    for (name, allowed) in expected {
        let all = graph.of(name, true)?;
        let ours: Vec<&str> = all.into_iter().filter(|it| graph.members.contains(*it)).collect();
        let outside: Vec<&&str> = ours.iter().filter(|it| !allowed.contains(*it)).collect();
        assert!(outside.is_empty(), "{name} must not reach {outside:?}");
    }
    Ok(())
}

#[test]
fn each_crate_reaches_only_what_its_place_allows() -> Result<()> {
    let graph = Graph::read()?;
    let network = ["tokio", "reqwest", "hyper", "rusqlite", "axum", "mio", "socket2", "async-io", "notify"];
    let keeping = ["rusqlite", "libsqlite3-sys", "keyring-core", "secret-service", "zbus", "axum"];
    // Not `tauri-winrt-notification`: that is Windows' own notifications, and links nothing elsewhere.
    let desktop = [
        "gtk",
        "gdk",
        "webkit2gtk",
        "javascriptcore-rs",
        "tauri-runtime",
        "tauri-utils",
        "wry",
        "tao",
        "winit",
    ];
    let forbidden: [(&str, &[&str]); 8] = [
        (DOMAIN, &network),
        (DOMAIN, &keeping),
        (CONNECTORS, &keeping),
        (CONNECTORS, &desktop),
        (ENGINE, &desktop),
        (CLI, &desktop),
        (CLI, &["openssl-sys", "native-tls", "aws-lc-sys"]),
        (TRAY, &["openssl-sys", "native-tls", "aws-lc-sys"]),
    ];
    for (name, families) in forbidden {
        for found in graph.of(name, true)? {
            let hit = families.iter().find(|it| found == **it || found.starts_with(&format!("{it}-")));
            assert!(hit.is_none(), "{name} reaches {found}");
        }
    }
    Ok(())
}

#[test]
fn the_libraries_that_everything_rests_on_are_there_once() -> Result<()> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    for name in ["reqwest", "rustls", "hyper", "zbus", "tokio", "rusqlite", "serde_json", "jiff"] {
        let count = lock.lines().filter(|line| *line == format!("name = {name:?}")).count();
        assert_eq!(count, 1, "versions of {name}");
    }
    Ok(())
}

/// The code of each source file below a folder: without tests, comments and texts for people.
fn code(folder: &str) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(path) = left.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.push((path, lines.collect::<Vec<_>>().join("\n")));
        }
    }
    ensure!(found.len() > 3, "{folder} has sources");
    Ok(found)
}

/// The code without what is between quotes.
fn without_texts(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn domain_does_no_io_and_reads_no_clock() -> Result<()> {
    let reaches = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "Timestamp::now",
        "SystemTime",
        "Instant::now",
    ];
    for (path, code) in code("crates/domain/src")? {
        let hit = reaches.iter().find(|reach| code.contains(**reach));
        assert!(hit.is_none(), "{} uses {hit:?}", path.display());
    }
    Ok(())
}

/// The folders of the services, by which code would reach for one.
/// The connectors' modules, by the one list of services.
fn modules() -> BTreeSet<&'static str> {
    callboard_connectors::services().into_iter().map(|service| service.module).collect()
}

#[test]
fn no_connector_reaches_for_another() -> Result<()> {
    let services = modules();
    let mut seen = BTreeSet::new();
    for (path, code) in code("crates/connectors/src")? {
        let is_of = |service: &&&str| {
            path.iter().any(|part| Path::new(part).file_stem() == Some(OsStr::new(**service)))
        };
        let Some(own) = services.iter().find(is_of) else { continue };
        seen.insert(*own);
        let others = services.iter().filter(|other| *other != own);
        let hit = others.map(|other| format!("crate::{other}")).find(|reach| code.contains(reach));
        assert!(hit.is_none(), "{} reaches for {hit:?}", path.display());
    }
    assert_eq!(seen, services);
    Ok(())
}

#[test]
fn the_engine_knows_no_service_by_name() -> Result<()> {
    // The account for command files is the engine's own matter.
    let services: Vec<_> = modules().into_iter().filter(|module| *module != "http_service").collect();
    for (path, code) in code("crates/engine/src")? {
        let code = without_texts(&code).to_lowercase();
        let hit = services.iter().find(|service| code.contains(**service));
        assert!(hit.is_none(), "{} names {hit:?}", path.display());
    }
    Ok(())
}

/// The rooms of the engine, in the order in which they are built: each knows only itself and those of earlier lines.
const ROOMS: [&[&str]; 13] = [
    &["system"],
    &["secrets"],
    &["config"],
    &["api"],
    &["store"],
    &["host"],
    &["extra_sources"],
    &["accounts"],
    &["commands"],
    &["active_config"],
    &["outbox"],
    // Rules run no commands, and outcomes are no news: neither knows the other.
    &["watch", "act"],
    &["clients"],
];

/// What a file of the engine names of its own crate: the rooms, and what the root itself declares.
fn rooms_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        // `callboard_crate::` and the like are others.
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let word = |text: &str| -> String {
            text.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
        };
        let Some(group) = rest.strip_prefix('{') else {
            named.push(word(rest));
            continue;
        };
        // The first name of each entry of a group.
        let (mut depth, mut entry) = (0, String::new());
        for letter in group.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => named.push(word(&std::mem::take(&mut entry))),
                _ => {}
            }
            if letter != ',' || depth > 0 {
                entry.push(letter);
            }
        }
        named.push(word(&entry));
    }
    named.retain(|name| !name.is_empty());
    named
}

#[test]
fn engine_folders_import_only_earlier_ones() -> Result<()> {
    let place = |name: &str| ROOMS.iter().position(|rooms| rooms.contains(&name));
    let mut seen = BTreeSet::new();
    for (path, code) in code("crates/engine/src")? {
        let below = path.strip_prefix(root().join("crates/engine/src"))?;
        let first = below.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let own = place(room).with_context(|| format!("{room} has no place in ROOMS"))?;
        seen.insert(room.to_owned());
        for named in rooms_named(&code) {
            match place(&named) {
                Some(other) => {
                    ensure!(other < own || named == room, "{} reaches up for {named}", below.display());
                }
                // The engine itself and its options: only who asks has them.
                None => ensure!(room == "clients", "{} reaches for {named} of the root", below.display()),
            }
        }
    }
    let empty: Vec<&&str> = ROOMS.iter().copied().flatten().filter(|room| !seen.contains(**room)).collect();
    ensure!(empty.is_empty(), "there are no {empty:?}");
    Ok(())
}

#[test]
fn rooms_named_reads_every_form_of_import() {
    let cases: [(&str, &[&str]); 5] = [
        ("use crate::api::Check;", &["api"]),
        ("use crate::{Engine, api::{A, B}, store};", &["Engine", "api", "store"]),
        ("crate::{\n    store::{X,},\n}", &["store"]),
        ("fn f(it: crate::Engine)", &["Engine"]),
        ("my_crate::api", &[]),
    ];
    for (code, expected) in cases {
        assert_eq!(rooms_named(code), expected, "{code}");
    }
}

#[test]
fn actions_know_no_chat() -> Result<()> {
    for (path, code) in code("crates/connectors/src")? {
        if path.iter().any(|part| part == "actions" || part == "actions.rs") {
            assert!(!code.contains("ChatService"), "{}: actions never post", path.display());
        }
    }
    Ok(())
}

/// Only a delivery that the outbox has claimed gets at what posts.
#[test]
fn only_claimed_deliveries_are_posted() -> Result<()> {
    let mut claims = BTreeSet::new();
    for (path, code) in code("crates/engine/src")? {
        let below = path.strip_prefix(root().join("crates/engine/src"))?.to_owned();
        if code.contains(".claim(") {
            claims.insert(below.clone());
        }
        // The one place where a connection's chat is taken, and where it is wrapped.
        if !below.starts_with("accounts.rs") {
            ensure!(!code.contains("connection.chat"), "{} takes a chat past `Chat`", below.display());
        }
    }
    ensure!(claims == BTreeSet::from([PathBuf::from("outbox/deliver/mod.rs")]), "claimed in {claims:?}");
    Ok(())
}

/// Each invariant in ARCHITECTURE.md names the test that keeps it, and that test is there.
#[test]
fn every_invariant_names_its_test() -> Result<()> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let (_, rest) = text.split_once("## Invariants").context("the section")?;
    let section = rest.split("\n## ").next().unwrap_or_default();
    let entries: Vec<&str> = section.split("\n- ").skip(1).collect();
    ensure!(entries.len() >= 10, "{} invariants", entries.len());
    let mut tests = String::new();
    let mut left = ["crates", "tests", "src-tauri"].map(|folder| root().join(folder)).to_vec();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name == "target" || name == "node_modules") {
                continue;
            }
            left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            tests.push_str(&fs::read_to_string(&path)?);
        }
    }
    for entry in entries {
        let names: Vec<&str> =
            entry.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        ensure!(!names.is_empty(), "no test is named by: {entry}");
        for name in names {
            ensure!(tests.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
    Ok(())
}

/// The one list of services is in `services!`; what is written by hand beside it names every one of them.
#[test]
fn every_service_is_in_the_documents() -> Result<()> {
    let read = |file: &str| fs::read_to_string(root().join(file)).with_context(|| file.to_owned());
    let (readme, guide) = (read("README.md")?, read("docs/guide.md")?);
    let (metadata, fake) =
        (read("packaging/dev.callboard.Callboard.metainfo.xml")?, read("ui/src/fake/services.ts")?);
    for service in callboard_connectors::services() {
        let name = service.name;
        ensure!(
            guide.contains(&format!("\n| `{name}` | ")),
            "docs/guide.md has no row of {name} in \"Accounts\""
        );
        // An account for command files is no service of its own.
        if name == callboard_connectors::http_service::NAME {
            continue;
        }
        let (title, _) = service.about.split_once(':').context("a title")?;
        let title = title.split(" (").next().unwrap_or(title);
        ensure!(readme.contains(&format!("\n| {title}")), "README.md has no row of {title}");
        ensure!(metadata.contains(title), "the package's metadata does not name {title}");
        if service.name != "cctray" {
            ensure!(fake.contains(&format!("service: \"{name}\"")), "ui/src/fake/services.ts has no {name}");
        }
    }
    Ok(())
}
