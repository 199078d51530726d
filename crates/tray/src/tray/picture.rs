//! The tray's picture, drawn at each size from `icons/`, with the count in it.

use callboard_engine::{api::TrayIcon, config::TrayColours};
use resvg::{tiny_skia, usvg};

/// The sizes that panels ask for, at simple and at double resolution.
#[cfg(target_os = "linux")]
pub(crate) const SIZES: [u32; 6] = [16, 22, 24, 32, 44, 48];

/// What a picture depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IconKey {
    pub icon: TrayIcon,
    pub count: usize,
    pub ink: TrayColours,
    /// True on a dark panel.
    pub dark: bool,
}

/// A picture: straight RGBA, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub size: u32,
    pub rgba: Vec<u8>,
}

/// Strokes of the digits and of a plus, in a box 3 wide and 5 high.
const DIGITS: [&str; 11] = [
    "M1.5 0C2.5 0 3 1 3 2.5S2.5 5 1.5 5 0 4 0 2.5.5 0 1.5 0z",
    "M.5 1L1.9 0V5",
    "M.1 1C.3-.3 2.9-.4 2.9 1.3 2.9 2.6.2 3.6.1 5H3",
    "M.1 0H2.8L1.3 2C3.4 1.9 3.5 5 1.4 5 .7 5 .2 4.7 0 4.2",
    "M2.3 5V0L0 3.5H3",
    "M2.7 0H.5L.3 2.2C1.3 1.6 3 1.9 3 3.4 3 5.2.7 5.4.1 4.4",
    "M2.4 0C.9.5 0 1.8 0 3.4 0 5.5 3 5.5 3 3.5 3 1.7.5 1.5.1 3",
    "M0 0H2.9L1.2 5",
    "M1.5 0C3 0 3 2.3 1.5 2.3S0 0 1.5 0zM1.5 2.3C3.4 2.3 3.4 5 1.5 5S-.4 2.3 1.5 2.3z",
    "M.6 5C2.1 4.5 3 3.2 3 1.6 3-.5 0-.5 0 1.5 0 3.3 2.5 3.5 2.9 2",
    "M.2 2.5H2.8M1.5 1.2V3.8",
];

impl IconKey {
    /// The picture at a size.
    pub(crate) fn draw(&self, size: u32) -> Option<Picture> {
        let tree = usvg::Tree::from_str(&self.svg(), &usvg::Options::default())
            .inspect_err(|error| tracing::error!(%error, "the tray's picture cannot be drawn"))
            .ok()?;
        let mut pixels = tiny_skia::Pixmap::new(size, size)?;
        #[expect(clippy::cast_precision_loss, reason = "sizes of icons are small")]
        let scale = size as f32 / 16.0;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        let rgba = pixels.pixels().iter().flat_map(|pixel| {
            let straight = pixel.demultiply();
            [straight.red(), straight.green(), straight.blue(), straight.alpha()]
        });
        Some(Picture { size, rgba: rgba.collect() })
    }

    fn svg(&self) -> String {
        let (ink, paper) = if self.dark { ("#eceef3", "#15171e") } else { ("#1b1d24", "#fdfcfa") };
        let colour = match (self.ink, self.icon, self.dark) {
            (TrayColours::Colour, TrayIcon::Attention, false) => "#b86e00",
            (TrayColours::Colour, TrayIcon::Attention, true) => "#f0b04c",
            (TrayColours::Colour, TrayIcon::Failing, false) => "#cf3a2e",
            (TrayColours::Colour, TrayIcon::Failing, true) => "#ff7a6b",
            (TrayColours::Colour, TrayIcon::Offline | TrayIcon::Partial, false) => "#62646d",
            (TrayColours::Colour, TrayIcon::Offline | TrayIcon::Partial, true) => "#979dab",
            _ => ink,
        };
        let drawing = match self.icon {
            TrayIcon::Offline | TrayIcon::Partial => include_str!("../../icons/tray-offline.svg"),
            TrayIcon::Failing => include_str!("../../icons/tray-failing.svg"),
            TrayIcon::Attention => include_str!("../../icons/tray-attention.svg"),
            TrayIcon::DoNotDisturb => include_str!("../../icons/tray-dnd.svg"),
            TrayIcon::Acknowledged => include_str!("../../icons/tray-acknowledged.svg"),
            TrayIcon::Calm => include_str!("../../icons/tray-calm.svg"),
        };
        let drawing = drawing.trim().replace("currentColor", colour);
        let counts = matches!(self.icon, TrayIcon::Failing | TrayIcon::Attention) && self.count > 0;
        if !counts {
            return drawing;
        }
        // The badge is on the lower right, and the drawing keeps a gap to it.
        let digits: &[usize] = if self.count > 9 { &[9, 10] } else { &[self.count] };
        let (left, width) = if digits.len() == 2 { (4.0, 12.0) } else { (7.5, 8.5) };
        let strokes: String = digits
            .iter()
            .enumerate()
            .map(|(place, digit)| {
                #[expect(clippy::cast_precision_loss, reason = "there are two places")]
                let at = if digits.len() == 2 { 6.3 + 4.5 * place as f32 } else { 10.25 };
                format!(r#"<path transform="translate({at} 9.25)" d="{}"/>"#, DIGITS[*digit])
            })
            .collect();
        let inner = drawing.split_once('>').map_or("", |(_, rest)| rest);
        let inner = inner.strip_suffix("</svg>").unwrap_or(inner);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16"><mask id="badge"><path fill="#fff" d="M-1-1h18v18H-1z"/><rect x="{}" y="6.5" width="{}" height="10.5" rx="3.6" fill="#000"/></mask><g mask="url(#badge)">{inner}</g><rect x="{left}" y="7.5" width="{width}" height="8.5" rx="2.6" fill="{ink}"/><g fill="none" stroke="{paper}" stroke-width="1.2" stroke-linecap="round" stroke-linejoin="round">{strokes}</g></svg>"##,
            left - 1.0,
            width + 2.0,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ICONS: [TrayIcon; 6] = [
        TrayIcon::Offline,
        TrayIcon::Failing,
        TrayIcon::Attention,
        TrayIcon::DoNotDisturb,
        TrayIcon::Acknowledged,
        TrayIcon::Calm,
    ];

    fn drawn(icon: TrayIcon, count: usize, ink: TrayColours, dark: bool, size: u32) -> Vec<u8> {
        let picture = IconKey { icon, count, ink, dark }.draw(size).unwrap();
        assert_eq!(picture.rgba.len() as u32, size * size * 4);
        picture.rgba
    }

    #[test]
    fn states_differ_at_every_size_and_in_either_ink() {
        for (size, ink, dark) in SIZES
            .iter()
            .flat_map(|size| [(*size, TrayColours::Colour, false), (*size, TrayColours::Ink, true)])
        {
            let all: Vec<Vec<u8>> = ICONS.iter().map(|icon| drawn(*icon, 0, ink, dark, size)).collect();
            for (index, one) in all.iter().enumerate() {
                let inked = one.chunks(4).filter(|pixel| pixel[3] > 128).count();
                assert!(inked > 20, "{:?} at {size} has {inked} pixels", ICONS[index]);
                // In one ink they differ by shape alone.
                let shape = |rgba: &[u8]| rgba.chunks(4).map(|pixel| pixel[3]).collect::<Vec<_>>();
                for (other, more) in all.iter().enumerate().skip(index + 1) {
                    assert_ne!(shape(one), shape(more), "{:?}, {:?} at {size}", ICONS[index], ICONS[other]);
                }
            }
        }
    }

    #[test]
    fn picture_contains_the_count() {
        let draw = |count| drawn(TrayIcon::Failing, count, TrayColours::Colour, false, 32);
        let counts: Vec<Vec<u8>> = (0..=10).map(draw).collect();
        for (one, picture) in counts.iter().enumerate() {
            for (other, more) in counts.iter().enumerate().skip(one + 1) {
                assert_ne!(picture, more, "{one} and {other}");
            }
        }
        assert_eq!(draw(10), draw(1_000), "more than nine is 9+");
        let calm = |count| drawn(TrayIcon::Calm, count, TrayColours::Colour, false, 32);
        assert_eq!(calm(0), calm(3), "calm counts nothing");
    }

    #[test]
    fn colours_follow_the_panel_and_the_setting() {
        let most = |ink, dark| {
            let rgba = drawn(TrayIcon::Failing, 0, ink, dark, 32);
            let mut counts = std::collections::BTreeMap::new();
            for pixel in rgba.chunks(4).filter(|pixel| pixel[3] == 255) {
                *counts.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1;
            }
            counts.into_iter().max_by_key(|(_, count)| *count).unwrap().0
        };
        let cases = [
            (TrayColours::Colour, false, [0xcf, 0x3a, 0x2e]),
            (TrayColours::Colour, true, [0xff, 0x7a, 0x6b]),
            (TrayColours::Ink, false, [0x1b, 0x1d, 0x24]),
            (TrayColours::Ink, true, [0xec, 0xee, 0xf3]),
        ];
        for (ink, dark, expected) in cases {
            assert_eq!(most(ink, dark), expected, "{ink:?}, dark {dark}");
        }
    }
}
