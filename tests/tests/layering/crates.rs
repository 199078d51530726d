//! Crates: which depends on which, and what each must not reach.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::root;

const DOMAIN: &str = "callboard-domain";
const CONNECTORS: &str = "callboard-connectors";
const ENGINE: &str = "callboard-engine";
const PLAYGROUND: &str = "callboard-playground";
const CLI: &str = "callboard";
const TRAY: &str = "callboard-tray";
const LINK: &str = "callboard-window-link";
const WINDOW: &str = "callboard-window";

/// What each package depends on when it is built as it is shipped: without tests, on every platform.
struct Graph {
    names: BTreeMap<String, String>,
    needs: BTreeMap<String, Vec<String>>,
    members: BTreeSet<String>,
}

impl Graph {
    /// Of every platform, or of this one.
    fn read(platform: Option<&str>) -> Result<Graph> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--format-version=1", "--locked", "--offline"]).current_dir(root());
        command.args(platform.map(|platform| ["--filter-platform", platform]).into_iter().flatten());
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

    /// Refuses a package that depends on one of these families: a name, and all that begin with it and a hyphen.
    fn reaches_none(&self, forbidden: &[(&str, &[&str])]) -> Result<()> {
        for (name, families) in forbidden {
            for found in self.of(name, true)? {
                let hit = families.iter().find(|it| found == **it || found.starts_with(&format!("{it}-")));
                ensure!(hit.is_none(), "{name} reaches {found}");
            }
        }
        Ok(())
    }
}

#[test]
fn crate_dependencies_point_one_way() -> Result<()> {
    let graph = Graph::read(None)?;
    let expected: [(&str, &[&str]); 8] = [
        (DOMAIN, &[]),
        (CONNECTORS, &[DOMAIN]),
        (ENGINE, &[CONNECTORS, DOMAIN]),
        (PLAYGROUND, &[CONNECTORS, DOMAIN, ENGINE]),
        (CLI, &[CONNECTORS, DOMAIN, ENGINE, PLAYGROUND]),
        (TRAY, &[CONNECTORS, DOMAIN, ENGINE, PLAYGROUND, LINK]),
        (LINK, &[]),
        // It renders what services wrote: no store, no secret, no way to a service.
        (WINDOW, &[LINK]),
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
fn crates_depend_only_on_allowed_packages() -> Result<()> {
    let graph = Graph::read(None)?;
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
    let web_view = ["webkit2gtk", "javascriptcore-rs", "tauri-runtime", "tauri-utils", "wry"];
    let services = ["rusqlite", "keyring-core", "secret-service", "axum"];
    let forbidden: [(&str, &[&str]); 12] = [
        (DOMAIN, &network),
        (DOMAIN, &keeping),
        (CONNECTORS, &keeping),
        (CONNECTORS, &desktop),
        (ENGINE, &desktop),
        (CLI, &desktop),
        (CLI, &["openssl-sys", "native-tls", "aws-lc-sys"]),
        (TRAY, &["openssl-sys", "native-tls", "aws-lc-sys"]),
        (TRAY, &web_view),
        (WINDOW, &services),
        (LINK, &network),
        (LINK, &desktop),
    ];
    graph.reaches_none(&forbidden)
}

/// On Linux the tray is D-Bus alone and loads no library of a desktop, and the windows have no way to a service. What other
/// systems need is in the graph of all of them.
#[test]
fn tray_on_linux_has_no_toolkit_and_windows_have_no_client() -> Result<()> {
    let graph = Graph::read(Some("x86_64-unknown-linux-gnu"))?;
    let forbidden: [(&str, &[&str]); 2] = [
        (TRAY, &["gtk", "gdk", "glib", "cairo", "tao", "tray-icon"]),
        (WINDOW, &["reqwest", "hyper", "rustls", "rusqlite", "keyring-core", "secret-service"]),
    ];
    graph.reaches_none(&forbidden)
}

#[test]
fn shared_libraries_have_one_version() -> Result<()> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    for name in ["reqwest", "rustls", "hyper", "zbus", "tokio", "rusqlite", "serde_json", "jiff"] {
        let count = lock.lines().filter(|line| *line == format!("name = {name:?}")).count();
        assert_eq!(count, 1, "versions of {name}");
    }
    Ok(())
}
