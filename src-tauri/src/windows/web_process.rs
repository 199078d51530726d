//! The process in which WebKit runs a page. Where it ends or hangs, this one ends: the tray starts it again with the same
//! windows.

use std::time::Duration;

use gtk::glib;
use tauri::{Manager, WebviewWindow};
use webkit2gtk::WebViewExt;

/// How long a page may leave keys and clicks unanswered once WebKit has noticed, which takes it three seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends this process with that of the page.
pub(super) fn end_with(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        let view = webview.inner();
        view.connect_web_process_terminated(move |_, reason| {
            tracing::error!(?reason, "the page's process ended");
            app.exit(1);
        });
        view.connect_is_web_process_responsive_notify(|view| {
            if view.is_web_process_responsive() {
                return;
            }
            let view = view.clone();
            glib::timeout_add_local_once(PATIENCE, move || {
                if !view.is_web_process_responsive() {
                    tracing::error!("the page does not answer: its process is ended");
                    view.terminate_web_process();
                }
            });
        });
    })
}
