//! The process in which WebKit runs a page. Where it ends, so does this one: the tray starts it again with the same windows.

use tauri::{Manager, WebviewWindow};
use webkit2gtk::WebViewExt;

/// Ends this process with that of the page.
pub(super) fn end_with(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        webview.inner().connect_web_process_terminated(move |_, reason| {
            tracing::error!(?reason, "the page's process ended");
            app.exit(1);
        });
    })
}
