//! The tray on macOS and Windows, by Tauri's own means.

use std::sync::{Arc, Mutex, PoisonError};

use tauri::{
    AppHandle, Wry,
    image::Image,
    menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu},
    tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent},
};

use super::{Entry, View};
use crate::{act::Act, timing};

const ID: &str = "callboard";
/// Twice the size that panels show: they scale it down.
const SIZE: u32 = 32;

/// The tray.
#[derive(Clone)]
pub(crate) struct Tray {
    app: AppHandle,
    /// What each entry of the menu does, by its number.
    acts: Arc<Mutex<Vec<Act>>>,
}

impl Tray {
    /// Shows a first view. On the main thread.
    pub(crate) fn start(
        app: &AppHandle,
        first: View,
        act: impl Fn(Act) + Send + Sync + 'static,
        _changed: impl Fn() + Send + Sync + 'static,
    ) -> tauri::Result<Self> {
        let tray = Self { app: app.clone(), acts: Arc::default() };
        let (act, acts) = (Arc::new(act), Arc::clone(&tray.acts));
        let clicked = Arc::clone(&act);
        TrayIconBuilder::with_id(ID)
            .icon_as_template(cfg!(target_os = "macos"))
            .show_menu_on_left_click(false)
            .on_menu_event(move |_, event| {
                let number = event.id().as_ref().parse::<usize>().ok();
                let chosen = number.and_then(|number| {
                    acts.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
                });
                if let Some(chosen) = chosen {
                    act(chosen);
                }
            })
            .on_tray_icon_event(move |_, event| {
                if let TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                } = event
                {
                    clicked(Act::Show(None));
                }
            })
            .build(app)?;
        tray.show(first)?;
        timing::stamp("tray registered");
        Ok(tray)
    }

    /// Shows another view.
    pub(crate) fn set(&self, view: View) {
        let tray = self.clone();
        let shown = self.app.run_on_main_thread(move || {
            if let Err(error) = tray.show(view) {
                tracing::warn!(%error, "the tray could not be changed");
            }
        });
        if let Err(error) = shown {
            tracing::debug!(%error, "the app is ending");
        }
    }

    /// These systems always show it.
    pub(crate) fn presence(&self) -> Result<(), String> {
        Ok(())
    }

    fn show(&self, view: View) -> tauri::Result<()> {
        let Some(icon) = self.app.tray_by_id(ID) else { return Ok(()) };
        if let Some(picture) = view.icon.draw(SIZE) {
            icon.set_icon(Some(Image::new_owned(picture.rgba, picture.size, picture.size)))?;
        }
        icon.set_tooltip(Some(view.tooltip))?;
        let mut acts = Vec::new();
        let items = self.drawn(&view.menu, &mut acts)?;
        let items: Vec<&dyn IsMenuItem<Wry>> = items.iter().map(Box::as_ref).collect();
        icon.set_menu(Some(Menu::with_items(&self.app, &items)?))?;
        *self.acts.lock().unwrap_or_else(PoisonError::into_inner) = acts;
        Ok(())
    }

    fn drawn(&self, entries: &[Entry], acts: &mut Vec<Act>) -> tauri::Result<Vec<Box<dyn IsMenuItem<Wry>>>> {
        // An ampersand would mark a key.
        let label = |text: &str| text.replace('&', "&&");
        let mut items: Vec<Box<dyn IsMenuItem<Wry>>> = Vec::with_capacity(entries.len());
        for entry in entries {
            items.push(match entry {
                Entry::Note(text) => Box::new(MenuItem::new(&self.app, label(text), false, None::<&str>)?),
                Entry::Do(text, act) => {
                    acts.push(act.clone());
                    let id = (acts.len() - 1).to_string();
                    Box::new(MenuItem::with_id(&self.app, id, label(text), true, None::<&str>)?)
                }
                Entry::Sub(text, below) => {
                    let below = self.drawn(below, acts)?;
                    let below: Vec<&dyn IsMenuItem<Wry>> = below.iter().map(Box::as_ref).collect();
                    Box::new(Submenu::with_items(&self.app, label(text), true, &below)?)
                }
                Entry::Line => Box::new(PredefinedMenuItem::separator(&self.app)?),
            });
        }
        Ok(items)
    }
}
