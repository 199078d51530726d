//! The tray on macOS and Windows, by their own means.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use callboard_window_link::timing;
use tray_icon::{
    Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent,
    menu::{IsMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu},
};

use super::{Entry, View};
use crate::{act::Act, event_loop::MainThread};

/// Twice the size that panels show: they scale it down.
const SIZE: u32 = 32;

thread_local! {
    /// On the main thread alone: it works with that thread's event loop, and cannot leave it.
    static ICON: RefCell<Option<TrayIcon>> = const { RefCell::new(None) };
}

/// What each entry of the menu does, by its number.
type Acts = Arc<Mutex<Vec<Act>>>;

/// The tray.
pub(crate) struct Tray {
    main: MainThread,
    acts: Acts,
}

impl Tray {
    /// Shows a first view. On the main thread.
    pub(crate) fn start(
        main: &MainThread,
        first: View,
        act: impl Fn(Act) + Send + Sync + 'static,
        _changed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        let acts = Acts::default();
        let (act, of_menu) = (Arc::new(act), Arc::clone(&acts));
        let clicked = Arc::clone(&act);
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            let number = event.id().as_ref().parse::<usize>().ok();
            let chosen = number.and_then(|number| {
                of_menu.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
            });
            if let Some(chosen) = chosen {
                act(chosen);
            }
        }));
        TrayIconEvent::set_event_handler(Some(move |event: TrayIconEvent| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                clicked(Act::Show(None));
            }
        }));
        let icon = TrayIconBuilder::new()
            .with_icon_as_template(cfg!(target_os = "macos"))
            .with_menu_on_left_click(false)
            .build()?;
        ICON.set(Some(icon));
        show(first, &acts)?;
        timing::stamp("tray registered");
        Ok(Self { main: main.clone(), acts })
    }

    /// Shows another view.
    pub(crate) fn set(&self, view: View) {
        let acts = Arc::clone(&self.acts);
        self.main.run(move || {
            if let Err(error) = show(view, &acts) {
                tracing::warn!(%error, "the tray could not be changed");
            }
        });
    }

    /// These systems always show it.
    pub(crate) fn presence(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Shows a view. On the main thread.
fn show(view: View, acts: &Acts) -> Result<()> {
    ICON.with_borrow(|icon| {
        let Some(icon) = icon else { return Ok(()) };
        if let Some(picture) = view.icon.draw(SIZE) {
            icon.set_icon(Some(Icon::from_rgba(picture.rgba, picture.size, picture.size)?))?;
        }
        icon.set_tooltip(Some(view.tooltip))?;
        let mut now = Vec::new();
        let menu = Menu::new();
        for item in drawn(&view.menu, &mut now)? {
            menu.append(item.as_ref())?;
        }
        icon.set_menu(Some(Box::new(menu)));
        *acts.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    })
}

fn drawn(entries: &[Entry], acts: &mut Vec<Act>) -> Result<Vec<Box<dyn IsMenuItem>>> {
    // An ampersand would mark a key.
    let label = |text: &str| text.replace('&', "&&");
    let mut items: Vec<Box<dyn IsMenuItem>> = Vec::with_capacity(entries.len());
    for entry in entries {
        items.push(match entry {
            Entry::Note(text) => Box::new(MenuItem::new(label(text), false, None)),
            Entry::Do(text, act) => {
                acts.push(act.clone());
                let id = (acts.len() - 1).to_string();
                Box::new(MenuItem::with_id(id, label(text), true, None))
            }
            Entry::Sub(text, below) => {
                let submenu = Submenu::new(label(text), true);
                for item in drawn(below, acts)? {
                    submenu.append(item.as_ref())?;
                }
                Box::new(submenu)
            }
            Entry::Line => Box::new(PredefinedMenuItem::separator()),
        });
    }
    Ok(items)
}
