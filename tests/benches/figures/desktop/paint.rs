//! From a key to the results on the screen, over ten thousand items.

use anyhow::Result;
use callboard_tests::{App, PATIENCE, wait_until};
use serde_json::json;

use super::{session, stored};
use crate::{
    Asked,
    figure::{Figure, Goal, Samples},
};

const ENTRIES: usize = 10_000;
/// What is typed, letter by letter.
const QUERIES: [&str; 5] = ["session", "invoice cache", "acme/router", "queue", "slow eu"];

/// Notes for each key pressed when the frame after the next is begun once the list has changed: by then the one with the
/// results is painted.
const WATCH: &str = "
window.painted = [];
let pressed = null;
addEventListener('keydown', (event) => { pressed = event.timeStamp; }, { capture: true });
new MutationObserver(() => {
  if (pressed === null) return;
  const from = pressed;
  pressed = null;
  requestAnimationFrame(() => requestAnimationFrame(() => window.painted.push(performance.now() - from)));
}).observe(document.querySelector('[role=listbox]').parentElement, { childList: true, subtree: true, characterData: true, attributes: true });
";

pub(crate) fn measure(asked: &Asked) -> Result<Vec<Figure>> {
    let rounds = if asked.quick { 1 } else { 5 };
    let session = session()?;
    let callboard = stored(&session, ENTRIES, "")?;
    let app = App::open(&callboard, &session)?;
    let page = app.page();
    wait_until("the window to have the keyboard", PATIENCE, || {
        session.focused().filter(|window| window.process == app.id())
    })?;
    page.until("all('option').length > 0")?;
    page.script(WATCH, &[])?;

    let painted =
        || -> Result<Vec<f64>> { Ok(serde_json::from_value(page.script("return window.painted", &[])?)?) };
    let mut times = Vec::new();
    // The first round warms up.
    for round in 0..=rounds {
        for query in QUERIES {
            for (at, letter) in query.char_indices() {
                let before = painted()?.len();
                session.type_text(&letter.to_string())?;
                let text = &query[..=at];
                page.until(&format!("document.activeElement.value === {}", json!(text)))?;
                // A space changes nothing that is shown.
                if letter != ' ' {
                    wait_until("the results", PATIENCE, || painted().ok().filter(|now| now.len() > before))?;
                }
            }
            if round > 0 {
                times.extend(painted()?);
            }
            session.press(&["ctrl+a", "BackSpace"])?;
            page.until("document.activeElement.value === ''")?;
            page.script("window.painted = []", &[])?;
        }
    }
    let what = format!(
        "keydown in the page to the second animation frame after the results changed in it, {} real key presses over {ENTRIES} stored items; a frame takes up to 16.7 ms of it, twice",
        times.len()
    );
    Ok(vec![
        Figure::new("key to painted, 10,000 entries", "ms", Samples::new(times), what).goal(Goal::P99(100.0)),
    ])
}
