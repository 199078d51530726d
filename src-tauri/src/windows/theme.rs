//! Light or dark: the colour of a window before its page is drawn, and the theme that its page gets.

use callboard_window_link::message::Theme;
use tauri::window::Color;

/// `--surface-window` of ui/src/tokens.css, light and dark.
const LIGHT: Color = Color(0xfd, 0xfc, 0xfa, 0xff);
const DARK: Color = Color(0x15, 0x17, 0x1e, 0xff);

/// The theme that the pages have, where it is not the system's.
pub(super) fn forced(theme: Theme) -> Option<&'static str> {
    match theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    }
}

/// The colour of a page's window.
pub(super) fn surface(theme: Theme, system_is_dark: impl FnOnce() -> bool) -> Color {
    let dark = match theme {
        Theme::System => system_is_dark(),
        Theme::Light => false,
        Theme::Dark => true,
    };
    if dark { DARK } else { LIGHT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_has_its_pages_colour_before_the_page_is_drawn() {
        let tokens = include_str!("../../../ui/src/tokens.css");
        let hex = |Color(r, g, b, _): Color| format!("--surface-window: #{r:02x}{g:02x}{b:02x};");
        for (theme, system_is_dark, colour) in [
            (Theme::System, false, LIGHT),
            (Theme::System, true, DARK),
            (Theme::Light, true, LIGHT),
            (Theme::Dark, false, DARK),
        ] {
            assert_eq!(surface(theme, || system_is_dark), colour, "{theme:?}");
            assert!(tokens.contains(&hex(colour)), "{colour:?} is the pages'");
        }
    }
}
