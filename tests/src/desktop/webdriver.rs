//! The window of the app, read and pressed through WebDriver (W3C), as WebKitGTK's own driver speaks it.
//!
//! The driver starts the app as its child and finds the windows in it; no browser is in between.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{PATIENCE, Server, http, wait_until};

/// A session with the app's windows; one of them is the current one.
#[derive(Debug)]
pub struct Page {
    /// The address of the session.
    url: String,
}

/// Queries of the page: elements by their role and name, as a screen reader finds them.
const FINDING: &str = r#"
const shown = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const named = (it) => (it.getAttribute("aria-label")
  || (it.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join(" ").trim()
  || [...(it.labels || [])].map((label) => label.textContent).join(" ").trim()
  || it.textContent || it.title || it.placeholder || "").replace(/\s+/g, " ").trim();
const tags = { button: "button", link: "a[href]", textbox: "input, textarea", heading: "h1, h2, h3", option: "option",
  tab: "[role=tab]", checkbox: "input[type=checkbox]", radio: "input[type=radio]", dialog: "dialog[open]" };
const all = (role) => [...document.querySelectorAll(`[role="${role}"]` + (tags[role] ? `, :is(${tags[role]}):not([role])` : ""))].filter(shown);
const find = (role, name) => all(role).find((it) => named(it).toLowerCase().includes(name.toLowerCase()));
const text = () => document.body.innerText;
const question = (last) => {
  const name = document.activeElement?.matches("input, textarea, select") ? named(document.activeElement) : "";
  return /Signed in|test failed/.test(text()) ? "the answer" : name !== last && name;
};
"#;

impl Page {
    /// Has the driver start this program with these arguments, and waits until it has found a window in it.
    pub(super) fn open(driver: &Server, binary: &Path, args: &[&str]) -> Result<Page> {
        let address = wait_until("the driver's port", PATIENCE, || listens_on(driver.id()))?;
        let options = json!({ "binary": binary, "args": args });
        let request = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer = http::send("POST", &format!("{address}/session"), &[], Some(&request))?.json()?;
        let id = answer["value"]["sessionId"].as_str().context("a session has an id")?;
        Ok(Page { url: format!("{address}/session/{id}") })
    }

    /// Runs the body of a function in the page, with `find(role, name)`, `all(role)` and `text()` at hand, and
    /// returns its result.
    pub fn script(&self, body: &str, args: &[Value]) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": format!("{FINDING}{body}"), "args": args }))
    }

    /// The same for one that ends later: it calls `done` with its result.
    pub fn script_until_done(&self, body: &str, args: &[Value]) -> Result<Value> {
        let script = format!("const done = arguments[arguments.length - 1];{FINDING}{body}");
        self.post("execute/async", &json!({ "script": script, "args": args }))
    }

    /// Waits until an expression is true of the page, and returns its value; quotes the page where it never is.
    pub fn until(&self, expression: &str) -> Result<Value> {
        let body = format!("return {expression}");
        let mut last = None;
        let found = wait_until(expression, PATIENCE, || match self.script(&body, &[]) {
            Ok(Value::Null | Value::Bool(false)) => None,
            Ok(value) => Some(value),
            // A page that is just being loaded has no body yet.
            Err(error) => {
                last = Some(error);
                None
            }
        });
        found.with_context(|| {
            let (typed, text) = (self.typed().unwrap_or_default(), self.text().unwrap_or_default());
            format!("{last:?}\nTyped: {typed:?}\nThe page shows:\n{text}")
        })
    }

    /// Waits until this text can be read in the page.
    pub fn shows(&self, text: &str) -> Result<()> {
        self.until(&format!("text().includes({})", json!(text)))?;
        Ok(())
    }

    /// All that can be read in it.
    pub fn text(&self) -> Result<String> {
        Ok(self.script("return text()", &[])?.as_str().unwrap_or_default().to_owned())
    }

    /// What is typed in the field that has the focus.
    pub fn typed(&self) -> Result<String> {
        let value = self.script("return document.activeElement.value ?? ''", &[])?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks what has this role and, somewhere in its name, this text, as soon as it is there.
    pub fn click(&self, role: &str, name: &str) -> Result<()> {
        let (role, name) = (json!(role), json!(name));
        self.until(&format!("!!find({role}, {name})"))?;
        self.script(&format!("find({role}, {name}).click()"), &[])?;
        Ok(())
    }

    /// Puts the focus on it.
    pub fn focus(&self, role: &str, name: &str) -> Result<()> {
        let (role, name) = (json!(role), json!(name));
        self.until(&format!("!!find({role}, {name})"))?;
        self.until(&format!(
            "(find({role}, {name}).focus(), find({role}, {name}) === document.activeElement)"
        ))?;
        Ok(())
    }

    /// Makes the window whose page ends so (`index.html`, `settings.html`) the current one, as soon as there is one.
    pub fn switch_to(&self, page: &str) -> Result<()> {
        let switched = wait_until(&format!("a window with {page}"), PATIENCE, || {
            self.handles().ok()?.into_iter().find(|handle| {
                let switched = self.post("window", &json!({ "handle": handle }));
                switched.is_ok() && self.address().is_ok_and(|address| page_of(&address) == page)
            })
        });
        switched.map(drop)
    }

    /// The pages of all windows that there are.
    pub fn handles(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_value(self.get("window/handles")?)?)
    }

    /// Where the current window's page is from.
    pub fn address(&self) -> Result<String> {
        Ok(self.get("url")?.as_str().unwrap_or_default().to_owned())
    }

    /// What axe finds wrong with the page as it is: for each rule its name, and where. `axe` is the text of
    /// axe-core.
    pub fn axe(&self, axe: &str) -> Result<Vec<String>> {
        self.script(&format!("if (!window.axe) {{ {axe} }}"), &[])?;
        let found = self.script_until_done(
            "axe.run().then((found) => done(found.violations.flatMap((it) => it.nodes.map((node) => \
             `${it.id}: ${node.html.slice(0, 200)} (${node.failureSummary})`))), (error) => done([String(error)]))",
            &[],
        )?;
        Ok(serde_json::from_value(found)?)
    }

    fn get(&self, what: &str) -> Result<Value> {
        value(http::send("GET", &format!("{}/{what}", self.url), &[], None)?)
    }

    fn post(&self, what: &str, body: &Value) -> Result<Value> {
        value(http::send("POST", &format!("{}/{what}", self.url), &[], Some(body))?)
    }
}

fn value(response: http::Response) -> Result<Value> {
    let mut answer: Value = serde_json::from_str(&response.body).context("the driver answers in JSON")?;
    if response.status != 200 {
        bail!("{}: {}", answer["value"]["error"], answer["value"]["message"]);
    }
    Ok(answer["value"].take())
}

/// The file at the end of an address; the launcher's is at the root.
fn page_of(address: &str) -> &str {
    let place = address.split_once("://").map_or(address, |(_, place)| place);
    let path = place.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit_once('/') {
        Some((_, file)) if !file.is_empty() => file,
        _ => "index.html",
    }
}

/// Where on loopback a process of ours listens: the driver takes a free port for 0, and does not report it.
fn listens_on(process: u32) -> Option<String> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).ok()?;
    let port = listening_port(&table, &sockets)?;
    Some(format!("http://127.0.0.1:{port}"))
}

/// The port in a table of proc(5) that one of these sockets listens on.
fn listening_port(table: &str, sockets: &[String]) -> Option<u16> {
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
        // 0A: LISTEN.
        let ours = state == "0A" && sockets.iter().any(|socket| socket == inode);
        u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok().filter(|_| ours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_the_file_of_its_address() {
        let cases = [
            ("tauri://localhost", "index.html"),
            ("tauri://localhost/", "index.html"),
            ("tauri://localhost/index.html#a/b", "index.html"),
            ("tauri://localhost/settings.html?view=accounts", "settings.html"),
        ];
        for (address, expected) in cases {
            assert_eq!(page_of(address), expected, "{address}");
        }
    }

    #[test]
    fn port_is_that_of_the_processs_own_socket() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 175 1 0\n\
            1: 0100007F:1F90 0100007F:07E8 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0\n\
            2: 0100007F:9615 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 664826 1 0\n";
        assert_eq!(listening_port(table, &["7".to_owned(), "664826".to_owned()]), Some(0x9615));
        assert_eq!(listening_port(table, &["7".to_owned()]), None);
    }
}
