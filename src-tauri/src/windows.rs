//! The two windows: made when first needed, shown where the pointer is, and unloaded once they are unused.

mod own_pages;
mod theme;
#[cfg(target_os = "linux")]
mod web_process;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use callboard_window_link::{
    message::{FromWindow, Order, WindowSettings},
    timing,
    window::{Kind, Shown},
};
use serde_json::Value;
use tauri::{
    AppHandle, Emitter, EventTarget, LogicalSize, Manager, PhysicalPosition, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent, webview::PageLoadEvent,
};

use self::{
    own_pages::is_ours,
    theme::{forced, surface},
};
#[cfg(target_os = "linux")]
use crate::focus;
use crate::tray::Tray;

/// The windows there are.
pub(crate) struct Windows {
    app: AppHandle,
    tray: Arc<Tray>,
    /// Where pages keep what they keep; in memory only where it cannot be written.
    pages: Option<PathBuf>,
    open: Mutex<HashMap<Kind, Open>>,
    settings: Mutex<WindowSettings>,
    /// The id of the tray's last order.
    ordered: AtomicU64,
    /// Counts what people do with windows: what was used again is not unloaded.
    uses: AtomicU64,
    /// The launcher is to be hidden once the hotkey is up.
    hides: AtomicBool,
}

/// Pressing a global key takes the focus from a window for as long as the key is held. One that had it until then
/// has it still, as far as a person is concerned, and so has one that was just shown and gets it in a moment.
const NEAR: Duration = Duration::from_millis(300);

#[derive(Default)]
struct Open {
    /// It was shown, and not hidden since. The toolkit carries both out later, and answers as before until then.
    on_screen: bool,
    /// The page runs, and receives events.
    ready: bool,
    /// The `shown` event that the page gets as soon as it is ready.
    pending: Option<Shown>,
    focus: Focus,
}

/// Whether a window has the focus, by its events.
#[derive(Default)]
enum Focus {
    #[default]
    None,
    Has,
    /// It had it until then, or was shown then.
    Near(Instant),
}

impl Windows {
    pub(crate) fn new(
        app: AppHandle,
        tray: Arc<Tray>,
        pages: Option<PathBuf>,
        settings: WindowSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            tray,
            pages,
            open: Mutex::default(),
            settings: Mutex::new(settings),
            ordered: AtomicU64::new(0),
            uses: AtomicU64::new(0),
            hides: AtomicBool::new(false),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Kind, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_focus(&self, kind: Kind) -> bool {
        self.open().get(&kind).is_some_and(|state| match state.focus {
            Focus::Has => true,
            Focus::Near(at) => at.elapsed() < NEAR,
            Focus::None => false,
        })
    }

    /// Draws windows so, those that there are and those made from now on, and keeps hidden ones so long.
    pub(crate) fn set(self: &Arc<Self>, settings: WindowSettings) {
        let mut current = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, settings);
        drop(current);
        if before.theme == settings.theme {
            return;
        }
        self.on_main_thread(|windows| {
            for kind in Kind::ALL {
                if let Some(window) = windows.window(kind) {
                    windows.paint(&window, kind);
                }
            }
        });
    }

    fn settings(&self) -> WindowSettings {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a window the page's own colour: it is seen before the page has drawn anything.
    fn paint(&self, window: &WebviewWindow, kind: Kind) {
        if kind == Kind::Launcher && is_composited() {
            return;
        }
        let system_is_dark = || window.theme().is_ok_and(|theme| theme == tauri::Theme::Dark);
        let surface = surface(self.settings().theme, system_is_dark);
        if let Err(error) = window.set_background_color(Some(surface)) {
            tracing::warn!(%error, "a window has no colour before its page is drawn");
        }
    }

    fn window(&self, kind: Kind) -> Option<WebviewWindow> {
        self.app.get_webview_window(kind.label())
    }

    /// Carries out an order of the tray's, and reports that it is done.
    pub(crate) fn carry_out(self: &Arc<Self>, id: u64, order: Order) {
        self.ordered.store(id, Ordering::Relaxed);
        self.on_main_thread(move |windows| {
            let done = match order {
                Order::Show { window, shown, token } => windows.show(window, shown, token),
                Order::Press { token } => windows.press(token),
                Order::Release => {
                    windows.release();
                    Ok(())
                }
            };
            let error = done.err().map(|error| error.to_string());
            windows.tray.send(&FromWindow::Done { id, error });
            windows.used();
        });
    }

    /// Shows a window that a page asks for.
    pub(crate) fn show_for_page(self: &Arc<Self>, kind: Kind, shown: Shown) {
        self.on_main_thread(move |windows| {
            if let Err(error) = windows.show(kind, shown, None) {
                tracing::error!(%error, window = kind.label(), "a window could not be shown");
            }
        });
    }

    /// Hides the window of a page that asks for it.
    pub(crate) fn hide_for_page(self: &Arc<Self>, kind: Kind) {
        self.on_main_thread(move |windows| windows.hide(kind));
    }

    /// The hotkey is down: shows the launcher, unless it has the focus.
    fn press(self: &Arc<Self>, token: Option<String>) -> tauri::Result<()> {
        let focused = self.is_on_screen(Kind::Launcher) && self.has_focus(Kind::Launcher);
        self.hides.store(focused, Ordering::Relaxed);
        if focused { Ok(()) } else { self.show(Kind::Launcher, Shown::default(), token) }
    }

    /// The hotkey is up: hides the launcher where it had the focus. Not before: as long as the key is down, the
    /// keyboard is grabbed, and window managers do not see that the focus has gone elsewhere.
    fn release(self: &Arc<Self>) {
        if self.hides.swap(false, Ordering::Relaxed) {
            self.hide(Kind::Launcher);
        }
    }

    /// Reports which windows are on the screen.
    fn report_on_screen(&self) {
        let windows = Kind::ALL.into_iter().filter(|kind| self.is_on_screen(*kind)).collect();
        self.tray.send(&FromWindow::OnScreen { windows });
    }

    /// Shows a window and gives it the focus; made first where there is none. `token` is the desktop's permission to take it.
    fn show(self: &Arc<Self>, kind: Kind, shown: Shown, token: Option<String>) -> tauri::Result<()> {
        timing::stamp("window asked for");
        let window = match self.window(kind) {
            Some(window) => window,
            None => self.make(kind)?,
        };
        let was_on_screen = {
            let mut open = self.open();
            let state = open.entry(kind).or_default();
            if !matches!(state.focus, Focus::Has) {
                state.focus = Focus::Near(Instant::now());
            }
            if state.ready {
                window.emit_to(target(kind), "shown", &shown)?;
            } else {
                state.pending = Some(shown);
            }
            std::mem::replace(&mut state.on_screen, true)
        };
        if kind == Kind::Settings {
            // The launcher is above all others, and would cover the settings.
            self.hide(Kind::Launcher);
        }
        if kind == Kind::Launcher && !was_on_screen {
            self.place(&window)?;
        }
        window.unminimize()?;
        #[cfg(target_os = "linux")]
        focus::present(&window, token.as_deref());
        window.show()?;
        #[cfg(not(target_os = "linux"))]
        {
            drop(token);
            window.set_focus()?;
        }
        self.report_on_screen();
        Ok(())
    }

    fn make(self: &Arc<Self>, kind: Kind) -> tauri::Result<WebviewWindow> {
        let (width, height) = self.size(kind);
        let loaded = move |_: WebviewWindow, page: tauri::webview::PageLoadPayload<'_>| {
            if page.event() == PageLoadEvent::Finished {
                timing::stamp("page loaded");
            }
        };
        let mut builder =
            WebviewWindowBuilder::new(&self.app, kind.label(), WebviewUrl::App(kind.page().into()))
                .title(kind.title())
                .inner_size(width, height)
                .visible(false)
                .disable_drag_drop_handler()
                // Pasting by the place of the key, under a layout without Latin letters; the pages are our own.
                .enable_clipboard_access()
                .on_navigation(is_ours)
                .on_new_window(|_, _| tauri::webview::NewWindowResponse::Deny)
                .on_page_load(loaded);
        if let Some(pages) = &self.pages {
            builder = builder.data_directory(pages.clone());
        }
        // Known before the page asks: its first picture is right.
        if let Some(theme) = forced(self.settings().theme) {
            builder =
                builder.initialization_script(format!("document.documentElement.dataset.theme = {theme:?};"));
        }
        builder = match kind {
            Kind::Launcher => {
                let composited = is_composited();
                builder
                    .decorations(false)
                    .resizable(false)
                    .always_on_top(true)
                    .skip_taskbar(true)
                    .transparent(composited)
                    .initialization_script(format!(
                        "document.documentElement.dataset.composited = {composited:?};"
                    ))
            }
            Kind::Settings => {
                let (width, height) = fitting((480.0, 400.0), (width, height));
                builder.min_inner_size(width, height).center()
            }
        };
        let window = builder.build()?;
        self.open().insert(kind, Open::default());
        self.paint(&window, kind);
        #[cfg(target_os = "linux")]
        {
            focus::keep_keys(&window, kind);
            if let Err(error) = web_process::end_with(&window) {
                tracing::warn!(%error, "the end of a page's process will not be noticed");
            }
        }
        let windows = Arc::clone(self);
        window.on_window_event(move |event| match event {
            WindowEvent::Focused(focused) => {
                if *focused {
                    timing::stamp("window focused");
                }
                if let Some(state) = windows.open().get_mut(&kind) {
                    state.focus = if *focused { Focus::Has } else { Focus::Near(Instant::now()) };
                }
            }
            WindowEvent::CloseRequested { api, .. } if kind == Kind::Launcher => {
                api.prevent_close();
                windows.hide(kind);
            }
            WindowEvent::Destroyed => {
                windows.open().remove(&kind);
                windows.report_on_screen();
                windows.used();
            }
            _ => {}
        });
        Ok(window)
    }

    /// The page of a window runs now and receives events: it gets the reason it was shown, and the keys typed so far.
    pub(crate) fn is_ready(self: &Arc<Self>, kind: Kind) {
        let pending = {
            let mut open = self.open();
            let Some(state) = open.get_mut(&kind).filter(|state| !state.ready) else { return };
            state.ready = true;
            state.pending.take()
        };
        timing::stamp("page ready");
        if let Some(shown) = pending
            && let Err(error) = self.app.emit_to(target(kind), "shown", shown)
        {
            tracing::warn!(%error, "the show event could not be sent to a window");
        }
        #[cfg(target_os = "linux")]
        self.on_main_thread(move |_| focus::replay_keys(kind));
    }

    /// Hides a window.
    fn hide(self: &Arc<Self>, kind: Kind) {
        let Some(window) = self.window(kind) else { return };
        if let Err(error) = window.hide() {
            tracing::error!(%error, "a window could not be hidden");
        }
        if let Some(state) = self.open().get_mut(&kind) {
            (state.on_screen, state.focus) = (false, Focus::None);
        }
        self.report_on_screen();
        self.used();
    }

    fn is_on_screen(&self, kind: Kind) -> bool {
        self.open().get(&kind).is_some_and(|state| state.on_screen)
    }

    /// Something was done with the windows. Where nothing is for as long as hidden windows are kept, they are unloaded; where
    /// none is left then, this process is reported to be unused.
    fn used(self: &Arc<Self>) {
        let use_now = self.uses.fetch_add(1, Ordering::Relaxed) + 1;
        let (windows, time) = (Arc::clone(self), self.settings().unload_after);
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(time).await;
            windows.on_main_thread(move |windows| {
                if windows.uses.load(Ordering::Relaxed) == use_now {
                    windows.unload();
                }
            });
        });
    }

    fn unload(&self) {
        let (on_screen, hidden): (Vec<Kind>, Vec<Kind>) =
            Kind::ALL.into_iter().partition(|kind| self.is_on_screen(*kind));
        if on_screen.is_empty() {
            // The tray ends this process, unless it has sent another order.
            return self.tray.send(&FromWindow::Unused { id: self.ordered.load(Ordering::Relaxed) });
        }
        for window in hidden.into_iter().filter_map(|kind| self.window(kind)) {
            if let Err(error) = window.destroy() {
                tracing::warn!(%error, "an unused window could not be unloaded");
            }
        }
    }

    /// Sends an event to all windows.
    pub(crate) fn emit(&self, event: &str, payload: Value) {
        if self.open().is_empty() {
            return;
        }
        if let Err(error) = self.app.emit(event, payload) {
            tracing::warn!(%error, event, "an event could not be sent to the windows");
        }
    }

    /// One third down the screen that the pointer is on.
    fn place(&self, window: &WebviewWindow) -> tauri::Result<()> {
        let monitors = window.available_monitors()?;
        let pointer = self.app.cursor_position().ok();
        let under = |monitor: &&tauri::Monitor| {
            pointer.is_some_and(|pointer| {
                let (at, size) = (monitor.position(), monitor.size());
                let within = |place: f64, from: i32, length: u32| {
                    place >= f64::from(from) && place < f64::from(from) + f64::from(length)
                };
                within(pointer.x, at.x, size.width) && within(pointer.y, at.y, size.height)
            })
        };
        let Some(monitor) = monitors.iter().find(under).or(monitors.first()) else { return Ok(()) };
        let area = monitor.work_area();
        let (at, size, scale) = (area.position, area.size, monitor.scale_factor());
        let room = (f64::from(size.width) / scale, f64::from(size.height) / scale);
        let (width, height) = fitting(enlarged(Kind::Launcher.size(), text_scale()), room);
        window.set_size(LogicalSize::new(width, height))?;
        let left = f64::from(at.x) + (f64::from(size.width) - width * scale).max(0.0) / 2.0;
        let top = f64::from(at.y) + (f64::from(size.height) - height * scale).max(0.0) / 3.0;
        window.set_position(PhysicalPosition::new(left.round(), top.round()))
    }

    /// The size of a new window: its own at the desktop's text size, as far as the smallest screen has room for it.
    fn size(&self, kind: Kind) -> (f64, f64) {
        let monitors = self.app.available_monitors().unwrap_or_default();
        monitors.iter().fold(enlarged(kind.size(), text_scale()), |size, monitor| {
            let (area, scale) = (monitor.work_area().size, monitor.scale_factor());
            fitting(size, (f64::from(area.width) / scale, f64::from(area.height) / scale))
        })
    }

    fn on_main_thread(self: &Arc<Self>, act: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let windows = Arc::clone(self);
        if let Err(error) = self.app.run_on_main_thread(move || act(&windows)) {
            tracing::debug!(%error, "the app is ending");
        }
    }
}

/// A size for text that is `scale` times as large as usual; smaller text makes no smaller window.
fn enlarged((width, height): (f64, f64), scale: f64) -> (f64, f64) {
    let scale = scale.max(1.0);
    ((width * scale).round(), (height * scale).round())
}

/// A size that is no larger than the room there is, in logical pixels. Unknown room is no limit.
fn fitting((width, height): (f64, f64), room: (f64, f64)) -> (f64, f64) {
    let within = |length: f64, room: f64| if room > 0.0 { length.min(room.floor()) } else { length };
    (within(width, room.0), within(height, room.1))
}

fn target(kind: Kind) -> EventTarget {
    EventTarget::webview_window(kind.label())
}

/// How many times its usual size the desktop draws text, where that leaves windows as they are. On the main thread.
fn text_scale() -> f64 {
    #[cfg(target_os = "linux")]
    return focus::text_scale();
    #[cfg(not(target_os = "linux"))]
    1.0
}

fn is_composited() -> bool {
    #[cfg(target_os = "linux")]
    return focus::is_composited();
    #[cfg(not(target_os = "linux"))]
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_grows_with_the_text_as_far_as_there_is_room() {
        let cases = [
            (1.0, (1920.0, 1080.0), (760.0, 520.0)),
            (1.25, (1920.0, 1080.0), (950.0, 650.0)),
            (2.0, (1920.0, 1080.0), (1520.0, 1040.0)),
            (2.0, (1280.0, 720.0), (1280.0, 720.0)),
            // Smaller text, and a text size that is not known.
            (0.75, (1920.0, 1080.0), (760.0, 520.0)),
            (0.0, (1920.0, 1080.0), (760.0, 520.0)),
        ];
        for (scale, room, expected) in cases {
            let size = fitting(enlarged((760.0, 520.0), scale), room);
            assert_eq!(size, expected, "text at {scale} in {room:?}");
        }
    }

    #[test]
    fn no_window_is_larger_than_the_screen() {
        let cases = [
            ((760.0, 520.0), (1366.0, 768.0), (760.0, 520.0)),
            // A screen of 1366 x 768 at twice the size.
            ((760.0, 520.0), (683.0, 384.0), (683.0, 384.0)),
            ((900.0, 640.0), (800.5, 1000.0), (800.0, 640.0)),
            ((900.0, 640.0), (0.0, 0.0), (900.0, 640.0)),
        ];
        for (size, room, expected) in cases {
            assert_eq!(fitting(size, room), expected, "{size:?} in {room:?}");
        }
    }
}
