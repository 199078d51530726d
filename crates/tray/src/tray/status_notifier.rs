//! The tray on Linux: a StatusNotifierItem on the session bus, whose host is the desktop's panel.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use ksni::{
    Icon, MenuItem, OfflineReason, ToolTip,
    blocking::{Handle, TrayMethods},
    menu::{StandardItem, SubMenu},
};

use callboard_window_link::timing;

use super::{Entry, View, picture::SIZES};
use crate::act::Act;

/// How often a session bus that is not there is looked for.
const AGAIN: Duration = Duration::from_secs(30);

type Acts = Arc<dyn Fn(Act) + Send + Sync>;
type Changed = Arc<dyn Fn() + Send + Sync>;
type Presence = Arc<Mutex<Result<(), String>>>;

/// The tray. It lives on a thread of its own, as long as the program.
#[derive(Clone)]
pub(crate) struct Tray {
    views: mpsc::Sender<View>,
    presence: Presence,
}

impl Tray {
    /// Shows a first view, or waits for a panel to show it; `changed` is called when panels come and go.
    pub(crate) fn start(
        first: View,
        act: impl Fn(Act) + Send + Sync + 'static,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (views, next) = mpsc::channel();
        let presence: Presence = Arc::new(Mutex::new(Err("not asked yet".to_owned())));
        let (here, act, changed): (_, Acts, Changed) =
            (Arc::clone(&presence), Arc::new(act), Arc::new(changed));
        std::thread::Builder::new().name("tray".into()).spawn(move || {
            run(first, &next, &here, &act, &changed);
        })?;
        Ok(Self { views, presence })
    }

    /// Shows another view.
    pub(crate) fn set(&self, view: View) {
        // The thread ends with the program.
        let _ = self.views.send(view);
    }

    /// Whether a panel shows it, else why not.
    pub(crate) fn presence(&self) -> Result<(), String> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn run(mut view: View, next: &mpsc::Receiver<View>, presence: &Presence, act: &Acts, changed: &Changed) {
    loop {
        let item = Item {
            view: view.clone(),
            pictures: pictures(&view),
            act: Arc::clone(act),
            presence: Arc::clone(presence),
            changed: Arc::clone(changed),
        };
        set_presence(presence, changed, Ok(()));
        let spawned: Result<Handle<Item>, _> = item.assume_sni_available(true).spawn();
        let handle = match spawned {
            Ok(handle) => handle,
            Err(error) => {
                set_presence(presence, changed, Err(format!("no session bus: {error}")));
                match next.recv_timeout(AGAIN) {
                    Ok(newer) => view = newer,
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
                continue;
            }
        };
        if presence.lock().unwrap_or_else(PoisonError::into_inner).is_ok() {
            timing::stamp("tray registered");
        }
        loop {
            let Ok(newer) = next.recv() else { return };
            // Only the latest of several counts.
            view = next.try_iter().last().unwrap_or(newer);
            let shown = view.clone();
            let updated = handle.update(move |item| {
                if item.view.icon != shown.icon {
                    item.pictures = pictures(&shown);
                }
                item.view = shown;
            });
            if updated.is_none() {
                break;
            }
        }
    }
}

fn set_presence(presence: &Presence, changed: &Changed, now: Result<(), String>) {
    let mut last = presence.lock().unwrap_or_else(PoisonError::into_inner);
    if *last != now {
        *last = now;
        drop(last);
        changed();
    }
}

fn pictures(view: &View) -> Vec<Icon> {
    let icon = |size: &u32| {
        let mut picture = view.icon.draw(*size)?;
        // The interface takes ARGB in network order.
        for pixel in picture.rgba.chunks_exact_mut(4) {
            pixel.rotate_right(1);
        }
        let side = i32::try_from(picture.size).ok()?;
        Some(Icon { width: side, height: side, data: picture.rgba })
    };
    SIZES.iter().filter_map(icon).collect()
}

struct Item {
    view: View,
    pictures: Vec<Icon>,
    act: Acts,
    presence: Presence,
    changed: Changed,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "callboard".to_owned()
    }

    fn title(&self) -> String {
        "Callboard".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        self.pictures.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        let (title, description) = self.view.tooltip.split_once('\n').unwrap_or((&self.view.tooltip, ""));
        // Panels read the description as markup, as notifications are read.
        let description = description.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        ToolTip { title: title.to_owned(), description, ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.act)(Act::Show(None));
    }

    fn secondary_activate(&mut self, _x: i32, _y: i32) {
        (self.act)(Act::Show(None));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().map(drawn).collect()
    }

    fn watcher_online(&self) {
        set_presence(&self.presence, &self.changed, Ok(()));
        timing::stamp("tray registered");
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        let why = match reason {
            OfflineReason::Error(error) => format!("no panel of this desktop shows tray icons ({error})"),
            _ => "the panel that showed tray icons ended".to_owned(),
        };
        set_presence(&self.presence, &self.changed, Err(why));
        // The item stays, and the next panel shows it.
        true
    }
}

fn drawn(entry: &Entry) -> MenuItem<Item> {
    // An underline would mark a key.
    let label = |text: &str| text.replace('_', "__");
    match entry {
        Entry::Note(text) => StandardItem { label: label(text), enabled: false, ..Default::default() }.into(),
        Entry::Do(text, act) => {
            let act = act.clone();
            StandardItem {
                label: label(text),
                activate: Box::new(move |item: &mut Item| (item.act)(act.clone())),
                ..Default::default()
            }
            .into()
        }
        Entry::Sub(text, below) => {
            SubMenu { label: label(text), submenu: below.iter().map(drawn).collect(), ..Default::default() }
                .into()
        }
        Entry::Line => MenuItem::Separator,
    }
}
