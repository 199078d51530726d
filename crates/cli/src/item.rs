//! One item: all that is known of it, what happened to it and what can be done about it; and how long it is off the board.

mod facts;

use anyhow::Result;
use callboard_domain::text;
use callboard_engine::api::{ItemDetail, ItemQuery, Snooze, SnoozeTimes, Unsnooze};
use console::Term;
use jiff::Timestamp;

use crate::{
    board::glyph,
    client::Client,
    exit::Exit,
    output::{Output, when},
    times,
};

/// The most events of an item that the engine answers with.
const HISTORY: usize = 50;
/// The longest value that is shown on a terminal, in characters.
const LONGEST: usize = 2_000;

/// Asks for an item and prints it.
pub(crate) async fn show(item: String, client: &mut Client, output: &Output) -> Result<Exit> {
    let detail = client.call(ItemQuery { item }).await?;
    output.either(&detail, || print(&detail, output));
    Ok(Exit::Done)
}

fn print(detail: &ItemDetail, output: &Output) {
    let item = &detail.item;
    let mark = detail.row.as_ref().map_or("", glyph);
    println!("{mark} {}  {}", item.reference(), text::line(&item.title, 300));
    let facts = facts::of(detail);
    let width = facts.iter().map(|(name, _)| name.len() + 1).max().unwrap_or(0);
    // Whoever reads on cuts for themselves.
    let longest = if Term::stdout().is_term() { LONGEST } else { usize::MAX };
    for (name, value) in facts {
        let value = shown(&value, longest).replace('\n', &format!("\n{:1$}", "", width + 3));
        println!("  {:<width$} {value}", format!("{name}:"));
    }
    if detail.events.is_empty() {
        output.note("No events");
    }
    for event in &detail.events {
        output.event(event);
    }
    if detail.events.len() >= HISTORY {
        output
            .note(&format!("These are its latest {HISTORY} events; `callboard events` has the earlier ones"));
    }
    for action in &detail.actions {
        println!("→ callboard run {}  {}", action.line, console::style(&action.summary).dim());
    }
}

/// A value in at most that many characters: whole lines of it, and how many there are besides.
fn shown(value: &str, longest: usize) -> String {
    let clean = text::block(value, usize::MAX);
    let lines: Vec<&str> = clean.trim_end().lines().collect();
    let mut room = longest;
    let fits = |line: &&&str| {
        let rest = room.checked_sub(line.chars().count() + 1);
        room = rest.unwrap_or_default();
        rest.is_some()
    };
    match lines.iter().take_while(fits).count() {
        all if all == lines.len() => lines.join("\n"),
        // One line that is too long by itself.
        0 => text::block(&clean, longest).trim_end().to_owned(),
        kept => format!("{}\nand {} more (all with --json)", lines[..kept].join("\n"), lines.len() - kept),
    }
}

/// Takes an item off the board until then, or puts it back.
pub(crate) async fn snooze(item: String, until: &str, client: &mut Client, output: &Output) -> Result<Exit> {
    if until == "off" {
        client.call(Unsnooze { item: item.clone() }).await?;
        output.note(&format!("{item} is on the board again"));
        return Ok(Exit::Done);
    }
    let offers = client.call(SnoozeTimes::default()).await?;
    let until = match offers.iter().find(|offer| offer.name == until) {
        Some(offer) => offer.until,
        None => Some(times::to_come(until, "`change` and `off` work as well", Timestamp::now())?),
    };
    client.call(Snooze { item: item.clone(), until }).await?;
    output.note(&match until {
        None => format!("{item} is off the board until it changes"),
        Some(until) => format!("{item} is off the board until {}", when(until)),
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_of_a_long_value_is_counted() {
        let labels: Vec<String> = (10..34).map(|at| format!("label{at}={}", "x".repeat(90))).collect();
        let labels = labels.join("\n");
        // Each line has 98 characters and the end of it.
        let cut = shown(&labels, 1_000);
        assert!(cut.contains("label19=") && !cut.contains("label20="), "{cut}");
        assert!(cut.ends_with("\nand 14 more (all with --json)"), "{cut}");
        assert_eq!(shown(&labels, usize::MAX), labels);
        assert_eq!(shown("short\n", 1_000), "short");
        assert_eq!(shown(&"x".repeat(30), 10), format!("{}…", "x".repeat(9)));
    }
}
