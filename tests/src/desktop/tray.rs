//! The tray of the session: a StatusNotifier host of our own, as a panel has one.
//!
//! The protocol is that of freedesktop.org's StatusNotifierItem, its menus those of `com.canonical.dbusmenu`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result};
use zbus::{
    blocking::{self, Proxy},
    message::Header,
    proxy::CacheProperties,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use super::DesktopSession;
use crate::{PATIENCE, wait_until};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The place that tray icons register with; gone from the bus when dropped.
pub struct TrayHost {
    connection: blocking::Connection,
    items: Registered,
}

/// An icon that has registered.
#[derive(Debug, Clone)]
struct Item {
    /// Its name on the bus.
    name: String,
    object: String,
    at: Instant,
}

/// The latest last.
type Registered = Arc<Mutex<Vec<Item>>>;

impl fmt::Debug for TrayHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TrayHost").field("items", &self.items).finish()
    }
}

/// The watcher and the host in one, as most panels are.
struct Watcher {
    items: Registered,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        // An icon names itself by its bus name, or by its object on the connection that it calls from.
        let (name, object) = match service.starts_with('/') {
            true => (sender, service.to_owned()),
            false => (service.to_owned(), "/StatusNotifierItem".to_owned()),
        };
        let item = Item { name, object, at: Instant::now() };
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().map(|Item { name, object, .. }| format!("{name}{object}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl TrayHost {
    /// Starts it on the bus of this session.
    pub fn start(session: &DesktopSession) -> Result<TrayHost> {
        let items = Registered::default();
        let connection = blocking::connection::Builder::address(session.bus_address().as_str())?
            .serve_at("/StatusNotifierWatcher", Watcher { items: Arc::clone(&items) })?
            .name(WATCHER)?
            .build()?;
        Ok(TrayHost { connection, items })
    }

    /// The icon that registered last and is still there; waits for one.
    pub fn icon(&self) -> Result<TrayIcon> {
        wait_until("a tray icon", PATIENCE, || self.registered())
    }

    /// When the first icon registered; waits for it.
    pub fn first_registered(&self) -> Result<Instant> {
        wait_until("a tray icon", PATIENCE, || {
            self.items.lock().unwrap_or_else(PoisonError::into_inner).first().map(|item| item.at)
        })
    }

    fn registered(&self) -> Option<TrayIcon> {
        let Item { name, object, .. } =
            self.items.lock().unwrap_or_else(PoisonError::into_inner).last()?.clone();
        let icon = TrayIcon { connection: self.connection.clone(), name, object };
        // An icon of a process that has ended does not answer.
        icon.status().is_ok().then_some(icon)
    }
}

impl Drop for TrayHost {
    fn drop(&mut self) {
        // The connection may live on for a moment, in an icon or a task of its own; the name is free at once.
        let _ = self.connection.release_name(WATCHER);
    }
}

/// A tray icon.
pub struct TrayIcon {
    connection: blocking::Connection,
    name: String,
    object: String,
}

impl fmt::Debug for TrayIcon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.name, self.object)
    }
}

/// A picture of an icon, in one of its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its width in pixels.
    pub width: i32,
    /// Its height in pixels.
    pub height: i32,
    /// Its pixels, four bytes each: alpha, red, green, blue.
    pub argb: Vec<u8>,
}

/// An entry of the icon's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// By which it is clicked.
    pub id: i32,
    /// Its text, without marks for keys; empty for a line between entries.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it is ticked; none where it can't be.
    pub ticked: Option<bool>,
    /// The entries of its own menu.
    pub children: Vec<MenuEntry>,
}

impl MenuEntry {
    /// This entry and all below it.
    pub fn all(&self) -> Vec<&MenuEntry> {
        let below = self.children.iter().flat_map(MenuEntry::all);
        std::iter::once(self).chain(below).collect()
    }

    /// The first entry with this in its text, here or below.
    pub fn find(&self, label: &str) -> Option<&MenuEntry> {
        self.all().into_iter().find(|entry| entry.label.contains(label))
    }
}

impl TrayIcon {
    /// `Active`, `Passive` or `NeedsAttention`.
    pub fn status(&self) -> Result<String> {
        Ok(self.item()?.get_property("Status")?)
    }

    /// The text shown where the pointer rests on it, title and description.
    pub fn tooltip(&self) -> Result<String> {
        let (_, _, title, text): (String, Vec<Pixels>, String, String) =
            self.item()?.get_property("ToolTip")?;
        Ok([title, text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
    }

    /// Its picture, in each size that it comes in.
    pub fn pictures(&self) -> Result<Vec<Picture>> {
        let pictures: Vec<Pixels> = self.item()?.get_property("IconPixmap")?;
        Ok(pictures.into_iter().map(|(width, height, argb)| Picture { width, height, argb }).collect())
    }

    /// Clicks it with the left button.
    pub fn activate(&self) -> Result<()> {
        Ok(self.item()?.call("Activate", &(0, 0))?)
    }

    /// Its menu as it would open now.
    pub fn menu(&self) -> Result<MenuEntry> {
        let menu = self.menu_object()?;
        let nobody: [&str; 0] = [];
        // What the menu is made of may be brought up to date when it is about to be shown.
        let _changed: bool = menu.call("AboutToShow", &(0,))?;
        let (_, layout): (u32, Layout) = menu.call("GetLayout", &(0, -1, &nobody[..]))?;
        entry(layout)
    }

    /// Chooses the first entry with this in its text, wherever in the menu it is; waits until there is one that can be chosen.
    pub fn choose(&self, label: &str) -> Result<()> {
        let chosen = wait_until(&format!("{label:?} in the tray menu"), PATIENCE, || {
            let id = self.menu().ok()?.find(label).filter(|entry| entry.enabled)?.id;
            // A menu that was rebuilt in between refuses the old number.
            self.menu_object().ok()?.call("Event", &(id, "clicked", Value::from(0_i32), 0_u32)).ok()
        });
        chosen.with_context(|| format!("{:#?}", self.menu()))
    }

    fn item(&self) -> zbus::Result<Proxy<'_>> {
        self.proxy(&self.object, ITEM)
    }

    fn menu_object(&self) -> Result<Proxy<'_>> {
        let object: OwnedObjectPath = self.item()?.get_property("Menu")?;
        Ok(self.proxy(object.as_str(), MENU)?)
    }

    fn proxy(&self, object: &str, interface: &'static str) -> zbus::Result<Proxy<'_>> {
        blocking::proxy::Builder::new(&self.connection)
            .destination(self.name.clone())?
            .path(object.to_owned())?
            .interface(interface)?
            .cache_properties(CacheProperties::No)
            .build()
    }
}

type Pixels = (i32, i32, Vec<u8>);
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn entry((id, mut properties, children): Layout) -> Result<MenuEntry> {
    let kind: String = property(&mut properties, "type").unwrap_or_default();
    let label: String = property(&mut properties, "label").unwrap_or_default();
    let toggles: String = property(&mut properties, "toggle-type").unwrap_or_default();
    let state: i32 = property(&mut properties, "toggle-state").unwrap_or(-1);
    let children = children.into_iter().map(|child| entry(child.try_into()?));
    Ok(MenuEntry {
        id,
        label: without_marks(&label),
        enabled: kind != "separator" && property(&mut properties, "enabled").unwrap_or(true),
        ticked: (!toggles.is_empty()).then_some(state == 1),
        children: children.collect::<Result<_>>()?,
    })
}

fn property<T: TryFrom<OwnedValue>>(properties: &mut HashMap<String, OwnedValue>, name: &str) -> Option<T> {
    properties.remove(name)?.try_into().ok()
}

/// Without the underline that marks a key; two of them are one.
fn without_marks(label: &str) -> String {
    label.replace("__", "\0").replace('_', "").replace('\0', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_for_keys_are_taken_off() {
        let cases = [("_Open", "Open"), ("a__b", "a_b"), ("_a__b_c", "a_bc"), ("plain", "plain")];
        for (label, expected) in cases {
            assert_eq!(without_marks(label), expected);
        }
    }
}
