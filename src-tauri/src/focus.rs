//! On Linux: taking the focus, the text size, and keeping the keys that are typed before a page is ready.

use std::{cell::RefCell, collections::HashMap};

use callboard_window_link::window::Kind;
use gtk::{
    gdk, glib,
    prelude::{Cast, GtkWindowExt, WidgetExt},
};
use tauri::WebviewWindow;

thread_local! {
    /// Keys pressed and released before a page is ready; only the main thread has them.
    static EARLY: RefCell<HashMap<Kind, Vec<gdk::Event>>> = RefCell::default();
}

/// Shows a window and gives it the focus. On the main thread.
///
/// On X11, window managers refuse a window that is older than the last thing the person did, when it is mapped and when
/// it asks for the focus: it carries the server's time of now from the beginning. On Wayland the desktop gave a token.
pub(crate) fn present(window: &WebviewWindow, token: Option<&str>) {
    let Ok(window) = window.gtk_window() else { return };
    if let Some(token) = token {
        window.set_startup_id(token);
    }
    window.realize();
    let x11 = window.window().and_then(|it| it.downcast::<gdkx11::X11Window>().ok());
    match x11 {
        Some(x11) => {
            let now = gdkx11::functions::x11_get_server_time(&x11);
            // Made hidden, it was made not to take the focus when it is mapped.
            window.set_focus_on_map(true);
            window.present_with_time(now);
            // Mapping asks once, and a manager may have had a reason to refuse: this asks as the person's own wish.
            gdk::Window::focus(&x11.upcast(), now);
        }
        None => window.present(),
    }
}

/// Keeps the keys that a window gets until [`replay_keys`]. On the main thread.
pub(crate) fn keep_keys(window: &WebviewWindow, kind: Kind) {
    let Ok(window) = window.gtk_window() else { return };
    EARLY.with_borrow_mut(|early| early.insert(kind, Vec::new()));
    let keep = move |event: &gdk::Event| {
        EARLY.with_borrow_mut(|early| match early.get_mut(&kind) {
            Some(keys) => {
                keys.push(event.clone());
                glib::Propagation::Stop
            }
            None => glib::Propagation::Proceed,
        })
    };
    window.connect_key_press_event(move |_, key| keep(key));
    window.connect_key_release_event(move |_, key| keep(key));
}

/// Replays to a page the keys that were typed before it was ready. On the main thread.
pub(crate) fn replay_keys(kind: Kind) {
    let keys = EARLY.with_borrow_mut(|early| early.remove(&kind)).unwrap_or_default();
    for mut key in keys {
        gtk::main_do_event(&mut key);
    }
}

/// The desktop's text size, 1 where it is the usual one or not known: the resolution that text is drawn for, of which
/// 96 dots per inch are usual. The scale of whole windows is not in it. On the main thread.
pub(crate) fn text_scale() -> f64 {
    let dots = gdk::Screen::default().map_or(-1.0, |screen| screen.resolution());
    if dots > 0.0 { dots / 96.0 } else { 1.0 }
}

/// Whether windows can be partly transparent. On the main thread.
pub(crate) fn is_composited() -> bool {
    gdk::Screen::default().is_some_and(|screen| screen.is_composited())
}
