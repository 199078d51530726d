//! One item: its facts, its history and its actions; and snoozing it.

mod facts;

use std::time::Duration;

use anyhow::Result;
use callboard_domain::{item::Item, text, until};
use callboard_engine::api::{
    AccountsQuery, ItemDetail, ItemQuery, OffBoardQuery, OffBoardReason, Snooze, SnoozeTimes, Unsnooze,
};
use console::{Term, measure_text_width};
use jiff::Timestamp;

use crate::{
    board::glyph,
    client::Client,
    exit::{Exit, Usage},
    output::{Output, print_wrapped, when, wrapped},
    times, wrap,
};

/// The most events of an item that the engine answers with.
const HISTORY: usize = 50;
/// How long what was read is shown without its time, where nothing reads on.
const FRESH: Duration = Duration::from_secs(60);
/// The longest value that is shown on a terminal, in characters.
const LONGEST: usize = 2_000;

/// Asks for an item and prints it.
pub(crate) async fn show(item: String, client: &mut Client, output: &Output) -> Result<Exit> {
    let detail = client.call(ItemQuery::of(item)).await?;
    let stored_at = read_at(&detail, client).await?;
    output.either(&detail, || print(&detail, stored_at, output));
    Ok(Exit::Done)
}

/// When an item's account was last read, where nothing reads on and that was a while ago.
pub(crate) async fn read_at(detail: &ItemDetail, client: &mut Client) -> Result<Option<Timestamp>> {
    if client.is_served().await? {
        return Ok(None);
    }
    let accounts = client.call(AccountsQuery {}).await?;
    let account = accounts.into_iter().find(|info| info.name == detail.item.key.account);
    Ok(account.and_then(|info| info.last_ok).filter(|at| is_old(*at, Timestamp::now())))
}

/// True for what was read so long ago that it may be otherwise by now.
fn is_old(read_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(read_at).unsigned_abs() >= FRESH
}

fn print(detail: &ItemDetail, stored_at: Option<Timestamp>, output: &Output) {
    println!("{}", described(detail, stored_at, &Term::stdout()));
    if detail.events.is_empty() {
        output.note("No events");
    }
    output.events(&detail.events);
    if detail.events.len() >= HISTORY {
        output
            .note(&format!("These are its latest {HISTORY} events; `callboard events` has the earlier ones"));
    }
    for action in &detail.actions {
        let summary = console::style(&action.summary).dim();
        print_wrapped(&format!("→ callboard run {}  {summary}", action.line), 2);
    }
}

/// What is known of an item, in lines that fit the terminal that they are for.
pub(crate) fn described(detail: &ItemDetail, stored_at: Option<Timestamp>, terminal: &Term) -> String {
    let item = &detail.item;
    let mark = detail.row.as_ref().map_or("", glyph);
    let title = format!("{mark} {}  {}", item.reference(), text::line(&item.title, 300));
    let facts = facts::of(detail, stored_at);
    let width = facts.iter().map(|(name, _)| name.len() + 1).max().unwrap_or(0);
    // Another program may cut it.
    let longest = if terminal.is_term() { LONGEST } else { usize::MAX };
    let columns = wrap::width_of(terminal);
    let room = columns.map(|columns| columns.saturating_sub(width + 3).max(1));
    let facts = facts.into_iter().map(|(name, value)| {
        let value = in_room(&shown(&value, longest), room);
        let value = value.replace('\n', &format!("\n{:1$}", "", width + 3));
        format!("  {:<width$} {value}", format!("{name}:"))
    });
    [wrapped(&title, columns, 2)].into_iter().chain(facts).collect::<Vec<_>>().join("\n")
}

/// Lines of at most that width, where there is one; a longer one is broken between its words.
fn in_room(value: &str, room: Option<usize>) -> String {
    let Some(room) = room else { return value.to_owned() };
    let broken = value.lines().map(|line| match measure_text_width(line) > room {
        true => wrap::lines(line, room).join("\n"),
        false => line.to_owned(),
    });
    broken.collect::<Vec<_>>().join("\n")
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

/// Splits words into an item and a time, as it was typed and as it was read: a title need not be quoted (`snooze Queue is full
/// 2h`), so the time is the longest end that is one. Where that is refused, no shorter one is taken in its place.
fn item_and_time<T>(
    item: String,
    words: &[String],
    read: impl Fn(&str) -> Result<T>,
) -> Result<(String, String, T)> {
    let text = words.join(" ");
    let whole = match read(&text) {
        Ok(at) => return Ok((item, text, at)),
        // Text that looks like a time, or is one that is refused, is no part of a title.
        Err(error) if until::looks_like_time(&text) || until::is_time(&text) => return Err(error),
        Err(error) => error,
    };
    let later = (1..words.len()).find_map(|start| {
        let end = words[start..].join(" ");
        match read(&end) {
            Ok(at) => Some(Ok((format!("{item} {}", words[..start].join(" ")), end, at))),
            Err(error) if until::is_time(&end) || until::has_unclear_zone(&end) => Some(Err(error)),
            Err(_) => None,
        }
    });
    later.unwrap_or_else(|| match words.len() {
        0 | 1 => Err(whole),
        _ => {
            let text = text::cut(&text, until::LONGEST_QUOTED);
            Err(Usage(format!("{whole}; {item:?} was read as the item, and no end of {text:?} as a time"))
                .into())
        }
    })
}

/// What people call an item: the reference of an alert is a fingerprint.
fn name(item: &Item) -> String {
    item.alert_name().unwrap_or_else(|| item.reference().to_owned())
}

/// Takes an item off the board until then, or puts it back.
pub(crate) async fn snooze(
    item: String,
    until: &[String],
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    if let [title @ .., last] = until
        && last == "off"
    {
        let typed = [&[item][..], title].concat().join(" ");
        let item = client.call(ItemQuery::of(typed)).await?.item;
        client.call(Unsnooze { item: item.key.to_string() }).await?;
        // It is done, whether or not what comes of it can be read.
        let why = why_off_board(&item, client).await.unwrap_or(OffBoardReason::Unknown);
        output.note(&unsnoozed(&name(&item), &why));
        return Ok(Exit::Done);
    }
    let offers = client.call(SnoozeTimes::default()).await?;
    let read = |text: &str| match offers.iter().find(|offer| offer.name.eq_ignore_ascii_case(text)) {
        Some(offer) => Ok(offer.until),
        None => times::to_come(text, "`change` and `off` work as well", Timestamp::now()).map(Some),
    };
    let (typed, time, end) = item_and_time(item, until, read)?;
    let item = match client.call(ItemQuery::of(typed.clone())).await {
        Ok(detail) => detail.item,
        // Which words are the item was clear from what was typed.
        Err(error) if time == until.join(" ") => return Err(error.into()),
        Err(error) => {
            let how = format!("{typed:?} was read as the item, and {time:?} as the time");
            return Err(anyhow::Error::new(error).context(how));
        }
    };
    let effect = snoozed(&name(&item), end, &why_off_board(&item, client).await?)?;
    client.call(Snooze { item: item.key.to_string(), until: end }).await?;
    output.note(&effect);
    Ok(Exit::Done)
}

async fn why_off_board(item: &Item, client: &mut Client) -> Result<OffBoardReason> {
    let found = client.call(OffBoardQuery { items: vec![item.key.clone()] }).await?.pop();
    Ok(found.map_or(OffBoardReason::Unknown, |found| found.why))
}

/// What a snooze does; an error where it can do nothing: what is merged never comes back, and what is over comes back only with
/// a change.
fn snoozed(name: &str, end: Option<Timestamp>, why: &OffBoardReason) -> Result<String, Usage> {
    let Some(off) = over(why) else {
        return Ok(match end {
            None => format!("{name} is off the board until it changes"),
            Some(end) => format!("{name} is off the board until {}", when(end)),
        });
    };
    let off = format!("{name} is not on the board ({off})");
    match (why, end) {
        (OffBoardReason::Merged, _) => Err(Usage(format!("{off}: there is nothing to snooze"))),
        (_, Some(end)) => {
            Ok(format!("{off}; if it comes back before {}, it stays off until then", when(end)))
        }
        (OffBoardReason::Gone(_), None) => {
            Ok(format!("{off}; if it comes back as it was, it stays off until it changes"))
        }
        (_, None) => Err(Usage(format!("{off}, and to come back is a change; name a time, such as 2h"))),
    }
}

/// What the end of a snooze does.
fn unsnoozed(name: &str, why: &OffBoardReason) -> String {
    match (over(why), why) {
        (Some(off), _) => format!("{name} is not snoozed any more; it is not on the board ({off})"),
        (None, OffBoardReason::Open) => format!("{name} is on the board again"),
        (None, _) => format!("{name} is not snoozed any more"),
    }
}

/// Why an item would not be on the board without a snooze either; `None` where it would, or where that is not known.
fn over(why: &OffBoardReason) -> Option<String> {
    let why = match why {
        OffBoardReason::Passed => "passed",
        OffBoardReason::Canceled => "ended without a verdict",
        OffBoardReason::Merged => "merged",
        OffBoardReason::Closed => "closed",
        OffBoardReason::Resolved => "resolved",
        OffBoardReason::Approved => "approved",
        OffBoardReason::Denied => "rejected",
        OffBoardReason::Expired => "not answered in time",
        OffBoardReason::Superseded => "asked for anew, or changed",
        OffBoardReason::Gone(reason) => return Some(reason.to_string()),
        OffBoardReason::Snoozed | OffBoardReason::Others | OffBoardReason::Open | OffBoardReason::Unknown => {
            return None;
        }
    };
    Some(why.to_owned())
}

#[cfg(test)]
mod tests {
    use callboard_domain::source::GoneReason;
    use jiff::Zoned;

    use super::*;

    #[test]
    fn title_before_a_time_needs_no_quotes() {
        let read = |text: &str| match ["2h", "at 9", "tomorrow at 9", "friday"].contains(&text) {
            true => Ok(text.to_owned()),
            false => Err(anyhow::anyhow!("no time: {text}")),
        };
        let cases = [
            ("Queue", "2h", Ok(("Queue", "2h"))),
            ("Queue", "is 2h", Ok(("Queue is", "2h"))),
            ("Queue", "is full 2h", Ok(("Queue is full", "2h"))),
            ("Queue", "is full tomorrow at 9", Ok(("Queue is full", "tomorrow at 9"))),
            ("Queue", "tomorrow at 9", Ok(("Queue", "tomorrow at 9"))),
            ("Queue", "next friday", Err("no time: next friday")),
            ("Queue", "is full next friday", Err("no time: next friday")),
            (
                "Queue",
                "is full soon",
                Err(
                    "no time: is full soon; \"Queue\" was read as the item, and no end of \"is full soon\" as a time",
                ),
            ),
            // Which word was to be the time is plain.
            ("Queue", "soon", Err("no time: soon")),
            ("Queue", "", Err("no time: ")),
        ];
        for (item, words, expected) in cases {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            let found = item_and_time(item.to_owned(), &words, read).map_err(|error| error.to_string());
            if let Ok((_, time, at)) = &found {
                assert_eq!(time, at, "{words:?}: what is read is what is said to be");
            }
            let found =
                found.as_ref().map(|(item, _, at)| (item.as_str(), at.as_str())).map_err(String::as_str);
            assert_eq!(found, expected, "{words:?}");
        }
    }

    #[test]
    fn a_snooze_ends_at_a_time_that_is_clear_or_is_refused() {
        // A Wednesday.
        let now: Zoned = "2026-11-25T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let read = |text: &str| {
            until::until(text, &now)
                .map_err(|why| anyhow::anyhow!("expected {}, found {text:?}", why.expected()))
        };
        // what is typed after the first word of the item -> the item, and until when; or what the error says
        let cases = [
            ("tomorrow", Ok(("K", "2026-11-26T08:00:00Z"))),
            ("fri", Ok(("K", "2026-11-27T08:00:00Z"))),
            ("friday", Ok(("K", "2026-11-27T08:00:00Z"))),
            ("until friday", Ok(("K", "2026-11-27T08:00:00Z"))),
            ("monday 9:00", Ok(("K", "2026-11-30T08:00:00Z"))),
            ("3d", Ok(("K", "2026-11-28T11:00:00Z"))),
            ("for 404s", Ok(("K", "2026-11-25T11:06:44Z"))),
            ("is slow fri", Ok(("K is slow", "2026-11-27T08:00:00Z"))),
            ("is slow monday 9:00", Ok(("K is slow", "2026-11-30T08:00:00Z"))),
            ("until tomorrow America/New_York", Ok(("K", "2026-11-26T14:00:00Z"))),
            ("is slow in EU/US 18:00 UTC", Ok(("K is slow in EU/US", "2026-11-25T18:00:00Z"))),
            (
                "is slow friday 9:00 CET",
                Err("a place or UTC, such as friday 9:00 UTC or friday 9:00 Europe/Berlin"),
            ),
            ("is slow 18:00 utc+2", Err("such as 18:00 UTC or 18:00 Europe/Berlin")),
            ("gives 404s 2h", Ok(("K gives 404s", "2026-11-25T13:00:00Z"))),
            // What follows a time is named.
            ("3d printer", Err("\"3d\" is one, and \"printer\" after it")),
            ("tomorrow we fix it", Err("\"tomorrow\" is one, and \"we fix it\" after it")),
            ("404s", Err("for 404s or 6m 44s")),
            ("gives 404s", Err("for 404s or 6m 44s")),
            ("is slow next friday", Err("2026-11-27 or 2026-12-04")),
            ("is slow 31 feb", Err("February has no 31st")),
            ("is slow yesterday 9:00", Err("a time that is not past yet")),
            ("until 17h", Err("for 17h or until 17:00")),
            ("is slow until 17h", Err("for 17h or until 17:00")),
            ("is slow until 7h", Err("for 7h or until 7:00")),
            ("broke last friday", Err("a time that is not past yet, such as friday")),
            ("is slow soon", Err("found \"is slow soon\"; \"K\" was read as the item, and no end of")),
            // What is proposed of a time is the whole of it.
            ("is slow tomorrow at 5", Err("tomorrow at 5am or tomorrow at 5pm")),
            ("sees 1000s of errors 2h", Ok(("K sees 1000s of errors", "2026-11-25T13:00:00Z"))),
        ];
        for (words, expected) in cases {
            let typed: Vec<String> = words.split(' ').map(str::to_owned).collect();
            match (item_and_time("K".to_owned(), &typed, read), expected) {
                (Ok((item, _, at)), Ok(expected)) => {
                    assert_eq!((item.as_str(), at.to_string().as_str()), expected, "{words}");
                }
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{words}: {error}");
                }
                (found, expected) => panic!("{words}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_snooze_says_what_it_does_and_is_refused_where_it_does_nothing() {
        use OffBoardReason as R;
        let end: Timestamp = "2026-11-25T13:00:00Z".parse().unwrap();
        let told = |end, why: &R| match snoozed("K", end, why) {
            Ok(effect) => effect,
            Err(error) => format!("refused: {error}"),
        };
        // why it is off the board now -> what a snooze until a time does, and one until it changes
        let open = ("K is off the board until TIME", "K is off the board until it changes");
        let merged = "refused: K is not on the board (merged): there is nothing to snooze";
        let cases = [
            (R::Open, open),
            (R::Snoozed, open),
            (R::Others, open),
            (R::Unknown, open),
            (
                R::Resolved,
                (
                    "K is not on the board (resolved); if it comes back before TIME, it stays off until then",
                    "refused: K is not on the board (resolved), and to come back is a change; name a time, such as 2h",
                ),
            ),
            (
                R::Gone(GoneReason::BranchDeleted),
                (
                    "K is not on the board (its branch was deleted); if it comes back before TIME, it stays off until then",
                    "K is not on the board (its branch was deleted); if it comes back as it was, it stays off until it changes",
                ),
            ),
            (R::Merged, (merged, merged)),
        ];
        for (why, (until, until_change)) in cases {
            assert_eq!(told(Some(end), &why), until.replace("TIME", &when(end)), "{why:?}");
            assert_eq!(told(None, &why), until_change, "{why:?}");
        }
    }

    #[test]
    fn the_end_of_a_snooze_says_whether_the_item_is_back() {
        use OffBoardReason as R;
        let cases = [
            (R::Open, "K is on the board again"),
            (R::Resolved, "K is not snoozed any more; it is not on the board (resolved)"),
            (
                R::Gone(GoneReason::NotWatched),
                "K is not snoozed any more; it is not on the board (no longer watched)",
            ),
            (R::Others, "K is not snoozed any more"),
            (R::Unknown, "K is not snoozed any more"),
        ];
        for (why, expected) in cases {
            assert_eq!(unsnoozed("K", &why), expected, "{why:?}");
        }
    }

    #[test]
    fn what_was_read_a_while_ago_is_shown_with_its_time() {
        let now = Timestamp::from_second(1_000).unwrap();
        // when it was read, in seconds -> whether its time is shown; a clock that was set back shows it
        for (read_at, expected) in [(1_000, false), (941, false), (940, true), (0, true), (2_000, true)] {
            assert_eq!(is_old(Timestamp::from_second(read_at).unwrap(), now), expected, "{read_at}");
        }
    }

    #[test]
    fn value_is_broken_between_words() {
        let value =
            "the disk of the first web server is nearly full\nhttps://ci.example/a/very/long/path\n  kept";
        let expected =
            "the disk of the\nfirst web server is\nnearly full\nhttps://ci.example/a/very/long/path\n  kept";
        assert_eq!(in_room(value, Some(20)), expected);
        assert_eq!(in_room(value, None), value);
    }

    #[test]
    fn lines_left_out_of_a_long_value_are_counted() {
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
