//! The desktop app in a session of its own: how soon it is there, and what it takes to be there.

mod hotkey;
mod paint;
mod rofi;
mod tray;

use anyhow::Result;
use callboard_domain::item::{AccountName, BuildStatus, IncidentStatus, Item, PullRequestState};
use callboard_tests::{Callboard, DesktopSession, Keyring};

use crate::{Args, data, figure::Figure, search};

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let mut figures = hotkey::measure(args)?;
    figures.extend(paint::measure(args)?);
    figures.extend(tray::measure(args)?);
    Ok(figures)
}

/// The app's folders with this many open items in its store, and a configuration of accounts that are not watched.
fn stored(session: &DesktopSession, entries: usize, more: &str) -> Result<Callboard> {
    let callboard = Callboard::new(&format!("{more}{}", data::ACCOUNTS))?.env(session.env());
    data::runtime()?.block_on(search::fill(&callboard.data(), items(entries)))?;
    Ok(callboard)
}

/// That many open items.
fn items(entries: usize) -> Vec<Item> {
    let (forge, alerts) = (AccountName::from("forge"), AccountName::from("alerts"));
    (0..entries)
        .map(|number| match number % 4 {
            0 => data::build(&forge, number, vec![data::run(number, 1, BuildStatus::Failed)]),
            1 => data::incident(&alerts, number, IncidentStatus::Triggered),
            _ => data::pull(&forge, number, PullRequestState::Open),
        })
        .collect()
}

fn session() -> Result<DesktopSession> {
    DesktopSession::start(Keyring::Absent)?.with_windows()
}
