//! Which pages a window may show: the app's own.

use tauri::Url;

/// Where the app's own pages are (docs.rs/tauri, `WebviewUrl`).
const OWN: &str = if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };
/// Where `npm run dev` serves them: `devUrl` in `tauri.conf.json`.
const DEV: &str = "http://localhost:5173";

/// A page of the app's own: a window goes nowhere else, whatever a link in it is.
pub(super) fn is_ours(url: &Url) -> bool {
    // Only in a build that was made for it.
    is_at(url, OWN) || (tauri::is_dev() && is_at(url, DEV))
}

/// Whether a URL is of exactly this origin, and has no user in it.
fn is_at(url: &Url, origin: &str) -> bool {
    let Ok(origin) = origin.parse::<Url>() else { return false };
    url.scheme() == origin.scheme()
        && url.host_str() == origin.host_str()
        && url.port_or_known_default() == origin.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_stay_on_their_own_pages() {
        let cases = [
            ("tauri://localhost/index.html", !cfg!(windows)),
            ("http://tauri.localhost/settings.html", cfg!(windows)),
            ("tauri://evil/index.html", false),
            ("tauri://localhost:8080/index.html", false),
            ("tauri://evil@localhost/index.html", false),
            ("tauri:index.html", false),
            ("https://tauri.localhost/", false),
            ("http://tauri.localhost:8080/", false),
            ("http://localhost:8080/", false),
            ("http://localhost/", false),
            ("https://localhost:5173/", false),
            ("https://acme.example/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,hi", false),
            ("javascript:alert(1)", false),
            ("https://tauri.localhost.acme.example/", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_ours(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
