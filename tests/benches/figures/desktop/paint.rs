//! From a key to the frame with the results of what is typed, over ten thousand items.

use std::{thread::sleep, time::Duration};

use anyhow::{Result, ensure};
use callboard_tests::{App, DesktopSession, PATIENCE, Page, wait_until};
use serde_json::{Value, json};

use super::{items, rofi::Rofi, session, stored};
use crate::{
    Args,
    figure::{Figure, Goal, Samples},
};

const ENTRIES: usize = 10_000;
/// What is typed, letter by letter.
const QUERIES: [&str; 5] = ["session", "invoice cache", "acme/router", "queue", "slow eu"];
/// After that long, the list shows the results of a text: it is read then, to recognise them.
const AT_REST: Duration = Duration::from_millis(500);
/// Between two keys, so that no query of the page comes before the awaited frame.
const PACE: Duration = Duration::from_millis(150);

/// `results` holds what the list shows for each text once it is at rest, `painted` the time to the frame that shows it,
/// or null where it shows nothing else than a letter before. A message that is sent in an animation frame arrives when
/// that frame is painted.
const WATCH: &str = "
window.results = {};
window.painted = {};
window.listed = () => JSON.stringify([...document.querySelectorAll('[role=option]')].slice(0, 10)
  .map((option) => [option.id, ...[...option.querySelectorAll('mark')].map((mark) => mark.textContent)]));
let pressed = 0;
let pending = null;
addEventListener('keydown', (event) => { pressed = event.timeStamp; }, { capture: true });
addEventListener('input', ({ target: { value: typed } }) => {
  pending = null;
  if (!(typed in results)) return;
  if (results[typed] === results[typed.slice(0, -1)]) painted[typed] = null;
  else pending = { typed, from: pressed };
}, { capture: true });
new MutationObserver(() => {
  if (!pending || listed() !== results[pending.typed]) return;
  const { typed, from } = pending;
  pending = null;
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { painted[typed] = performance.now() - from; };
    port2.postMessage(null);
  });
}).observe(document.body, { childList: true, subtree: true, characterData: true });
";

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let rounds = if args.quick { 1 } else { 5 };
    let session = session()?;
    let callboard = stored(&session, ENTRIES, "")?;
    let app = App::open(&callboard, &session)?;
    let page = app.page();
    wait_until("the window to have the keyboard", PATIENCE, || app.focused(&session))?;
    page.until("all('option').length > 0")?;
    page.script(WATCH, &[])?;

    let mut times = Vec::new();
    // The first round learns the results, the second one warms up.
    for round in 0..rounds + 2 {
        for query in QUERIES {
            for (at, letter) in query.char_indices() {
                session.type_text(&letter.to_string())?;
                let text = &query[..=at];
                if round == 0 {
                    learn(page, text)?;
                } else {
                    times.extend(painted(page, text)?.filter(|_| round > 1));
                }
            }
            session.press(&["ctrl+a", "BackSpace"])?;
            page.until("document.activeElement.value === ''")?;
            page.script("painted = {}", &[])?;
            sleep(PACE);
        }
    }
    let what = format!(
        "keydown in the page to the frame painted with the results of the text typed so far, {} real key presses that change them, over {ENTRIES} stored items; to wait for the frame takes up to 16.7 ms of it; beside rofi -dmenu -i over their titles, from the key to its window drawn anew (XDamage)",
        times.len()
    );
    drop(app);
    let peer = rofi_paints(&session, rounds)?;
    Ok(vec![
        Figure::new("key to painted, 10,000 entries", "ms", Samples::new(times), what)
            .beside("rofi -dmenu", peer.median())
            .goal(Goal::P99(33.0)),
    ])
}

/// How long rofi takes from a key to its window drawn anew, with the titles of the same items.
fn rofi_paints(session: &DesktopSession, rounds: usize) -> Result<Samples> {
    let titles: Vec<String> = items(ENTRIES).into_iter().map(|item| item.title).collect();
    let mut times = Vec::new();
    for _ in 0..rounds {
        for query in QUERIES {
            let rofi = Rofi::start(session, &titles)?;
            for letter in query.chars() {
                times.push(rofi.painted_after(letter, PACE)?);
            }
        }
    }
    Ok(Samples::millis(&times))
}

/// Reads what the list shows for a text.
fn learn(page: &Page, text: &str) -> Result<()> {
    page.until(&format!("document.activeElement.value === {}", json!(text)))?;
    sleep(AT_REST);
    page.script("results[arguments[0]] = listed()", &[json!(text)])?;
    Ok(())
}

/// How long the results of a text took; none where they look like those before.
fn painted(page: &Page, text: &str) -> Result<Option<f64>> {
    sleep(PACE);
    let look = "const [typed] = arguments; return typed in painted ? [painted[typed], listed() === results[typed]] : null";
    let (time, same): (Option<f64>, bool) =
        wait_until(&format!("the results of {text:?}"), PATIENCE, || {
            match page.script(look, &[json!(text)]).ok()? {
                Value::Null => None,
                answer => serde_json::from_value(answer).ok(),
            }
        })?;
    ensure!(same, "the list shows other results of {text:?} than it did once it was at rest");
    Ok(time)
}
