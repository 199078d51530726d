//! An event as a row of a table.

use callboard_domain::{
    event::{Event, MootCause},
    length::LengthUnit,
    text,
};

use super::{Output, when};
use crate::table::{Column, table};

/// Of an event: its number, its time, and what happened.
const EVENT_COLUMNS: [Column; 3] = [Column::Whole, Column::Whole, Column::Prose];
/// The longest text of an event with its note, in characters.
const LONGEST_SUMMARY: usize = 300;

impl Output {
    /// An event as a row.
    pub(crate) fn event(&self, event: &Event) {
        self.events([event]);
    }

    /// Events as rows of one table.
    pub(crate) fn events<'e>(&self, events: impl IntoIterator<Item = &'e Event>) {
        print!("{}", table(events.into_iter().map(event_row), EVENT_COLUMNS));
    }
}

/// An event's number, its time, and what happened.
fn event_row(event: &Event) -> [String; 3] {
    let note = match event {
        Event { old: true, .. } => " (before it was watched)",
        Event { moot_because: Some(MootCause::Silenced), .. } => {
            " (silenced, inhibited or muted when it was seen)"
        }
        Event { moot_because: Some(MootCause::Acknowledged), .. } => " (acknowledged when it was seen)",
        Event { moot: true, .. } => " (over when it was seen)",
        _ => "",
    };
    let summary = cut_within(&event.summary, LONGEST_SUMMARY - note.len());
    [format!("{:>6}", event.id), when(event.at), format!("{summary}{note}")]
}

/// A line of at most that many characters, cut in its middle: what happened is said before or after a name, and it is
/// the name that is long.
fn cut_within(line: &str, most: usize) -> String {
    let whole = text::line(line, usize::MAX);
    let unit = LengthUnit::Characters;
    if unit.measure(&whole) <= most {
        return whole;
    }
    let room = most.saturating_sub(1);
    let end = unit.tail(&whole, room / 2);
    let (start, _) = unit.head(&whole, room - unit.measure(end));
    format!("{}…{}", start.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use callboard_domain::item::Kind;
    use jiff::Timestamp;

    use super::*;
    use crate::table::table_within;

    #[test]
    fn events_fit_the_terminal_and_keep_their_numbers_and_times() {
        let slow = "payments-service-prod-eu-west-1-checkout-latency-p99-high is slow in payments-eu-west-1";
        let event = |id: i64, summary: &str| Event {
            id,
            item: callboard_domain::item::ItemKey::new(&"pager".into(), Kind::Incident, "a"),
            name: callboard_domain::event::EventName::Triggered,
            at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            old: true,
            moot: false,
            moot_because: None,
            by: None,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: summary.to_owned(),
        };
        let at = when(Timestamp::UNIX_EPOCH);
        for summary in [slow, "長い題名が長い", "e\u{301}e\u{301}", "שלום עולם", &"x".repeat(400)]
        {
            for terminal in [40, 60, 80, 200] {
                let rows = [event_row(&event(7, summary)), event_row(&event(1_234_567, summary))];
                let shown = table_within(rows, EVENT_COLUMNS, Some(terminal)).to_string();
                let widest = shown.lines().map(console::measure_text_width).max();
                assert!(widest.is_some_and(|width| width <= terminal), "{terminal}:\n{shown}");
                let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(words.contains(&format!("7 {at}")) && words.contains("1234567"), "{shown}");
                assert!(words.ends_with("watched)"), "{shown}");
            }
        }
        // Another program has the parts with tabs between them.
        let shown = table_within([event_row(&event(7, "it began"))], EVENT_COLUMNS, None).to_string();
        assert_eq!(shown, format!("7\t{at}\tit began (before it was watched)\n"));
    }

    #[test]
    fn long_name_is_cut_and_what_happened_is_not() {
        let name = "checkout".repeat(40);
        let cases = [
            (format!("{name} was resolved by Ana"), "checkout", " was resolved by Ana"),
            (format!("{name} failed in lint after 3 green"), "checkout", " failed in lint after 3 green"),
            (format!("Ana approved {name}"), "Ana approved checkout", "checkout"),
            ("建".repeat(400) + " is resolved", "建", " is resolved"),
            (format!("{name}\n{name} \u{1b}[31mis back"), "checkout", " is back"),
        ];
        for (summary, start, end) in cases {
            let shown = cut_within(&summary, LONGEST_SUMMARY);
            assert!(shown.starts_with(start) && shown.ends_with(end) && shown.contains('…'), "{shown}");
            assert!(shown.chars().count() <= LONGEST_SUMMARY, "{shown}");
            assert!(!shown.contains(text::is_unsafe), "{shown:?}");
        }
        // What fits stays as it is.
        for summary in ["", "web main failed", &"x".repeat(LONGEST_SUMMARY)] {
            assert_eq!(cut_within(summary, LONGEST_SUMMARY), summary);
        }
    }
}
