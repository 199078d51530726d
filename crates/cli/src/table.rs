//! Tables without frames that fit the terminal; elsewhere a row is a line, its cells with tabs between them.

use std::{array, fmt};

use callboard_domain::text;
use console::{Term, measure_text_width};

use crate::wrap;

/// The most lines of a cell that may be cut: what is longer ends in "…".
const LINES: usize = 2;
/// The longest cell on a terminal, in characters.
const LONGEST: usize = 300;
/// The longest cell elsewhere, where another program may cut it.
const LONGEST_PIPED: usize = 100_000;
/// Spaces between two columns.
const GAP: usize = 2;
/// Spaces before the further lines of a row that has no room for columns.
const MARGIN: usize = 4;
/// What is between the cells of such a row.
const BETWEEN: &str = " · ";
/// The widest word of a title for which the other columns shrink first.
const WORD: usize = 24;
/// The narrowest column in which a line that is longer says something.
const NARROWEST_LINE: usize = 12;

/// How a column gives way where a terminal has no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Neither cut nor broken: what a person types again, and copies.
    Whole,
    /// Shown to its end, and broken between words alone: there may be ids among them.
    Text,
    /// Shown to its end, and broken within words that are wider than the terminal: sentences of services.
    Prose,
    /// In two lines at most, and broken between words where it has room: what was typed, and can be long.
    Line,
    /// In two lines at most, and broken within words that are very wide.
    Title,
}

impl Column {
    fn is_cut(self) -> bool {
        matches!(self, Self::Line | Self::Title)
    }

    /// The width that it keeps while it can, by those of its widest cell and its widest word.
    fn least(self, natural: usize, widest_word: usize) -> usize {
        match self {
            Self::Whole => natural,
            Self::Text | Self::Prose => widest_word,
            Self::Line => widest_word.max(natural.min(NARROWEST_LINE)),
            Self::Title => widest_word.min(WORD),
        }
    }

    /// A cell in lines of that width.
    fn lines(self, cell: &str, width: usize) -> Vec<String> {
        match self {
            Self::Whole => vec![cell.to_owned()],
            Self::Text => wrap::lines(cell, width),
            Self::Prose => wrap::broken_lines(cell, width),
            Self::Line | Self::Title => wrap::lines_cut(cell, width, LINES),
        }
    }
}

/// Rows as they are printed; nothing where there are none.
pub(crate) struct Printed(Vec<String>);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A table as standard output shows it: the widest columns shrink. Where there is no room for what must stay whole, the
/// rest of a row is printed below that.
pub(crate) fn table<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    columns: [Column; N],
) -> Printed {
    table_within(rows, columns, wrap::width_of(&Term::stdout()))
}

/// The same for a terminal of that width; without one, for another program.
pub(crate) fn table_within<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    columns: [Column; N],
    terminal: Option<usize>,
) -> Printed {
    let Some(terminal) = terminal else {
        let line = |row: [String; N]| row.map(|cell| text::line(&cell, LONGEST_PIPED)).join("\t");
        return Printed(rows.into_iter().map(line).collect());
    };
    // The spaces before a cell's text are part of its look.
    let plain = |cell: String| {
        let margin = cell.len() - cell.trim_start_matches(' ').len();
        format!("{}{}", &cell[..margin], text::line(&cell, LONGEST))
    };
    let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(plain)).collect();
    let widest =
        |of: fn(&str) -> usize, column: usize| rows.iter().map(|row| of(&row[column])).max().unwrap_or(0);
    let natural: [usize; N] = array::from_fn(|column| widest(measure_text_width, column));
    let least: [usize; N] =
        array::from_fn(|column| columns[column].least(natural[column], widest(wrap::widest_word, column)));
    let room = terminal.saturating_sub((N - 1) * GAP);
    if columns.iter().any(|column| !column.is_cut()) && least.iter().sum::<usize>() > room {
        return Printed(rows.iter().flat_map(|row| stacked(row, &columns, terminal)).collect());
    }
    let widths: [usize; N] = widths(natural, least, &columns, room);
    Printed(rows.iter().flat_map(|row| row_lines(row, &widths, &columns)).collect())
}

/// A row without columns: its cells up to the last whole one, then the rest below. No line is wider than the terminal, but
/// where a single id is.
fn stacked<const N: usize>(row: &[String; N], columns: &[Column; N], terminal: usize) -> Vec<String> {
    let width = terminal.saturating_sub(MARGIN).max(1);
    let join = |cells: &[(String, Column)]| {
        let texts = cells.iter().map(|(text, _)| text.as_str()).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(BETWEEN)
    };
    let cell = |(cell, column): (&String, &Column)| match column {
        // A word in pieces is one for each line.
        Column::Prose => (column.lines(cell, width).join(" "), *column),
        _ => (cell.clone(), *column),
    };
    let cells: Vec<(String, Column)> = row.iter().zip(columns).map(cell).collect();
    let last_whole = columns.iter().rposition(|column| *column == Column::Whole);
    let (head, tail) = cells.split_at(last_whole.map_or(0, |last| last + 1));
    let mut below = wrap::lines(&join(tail), width);
    let fits = below.len() <= LINES && below.iter().all(|line| measure_text_width(line) <= width);
    let (cut, others): (Vec<_>, Vec<_>) = tail.iter().cloned().partition(|(_, column)| column.is_cut());
    if !fits && !cut.is_empty() {
        // Beside others, which have all that they need, what may be cut has one line.
        let most = if others.is_empty() { LINES } else { 1 };
        below = wrap::lines_cut(&join(&cut), width, most);
        below.extend(wrap::lines(&join(&others), width));
    }
    let mut lines = head_lines(head, terminal, width);
    lines.extend(below);
    let indented = |(nth, line): (usize, String)| {
        let margin =
            if nth == 0 { 0 } else { MARGIN.min(terminal.saturating_sub(measure_text_width(&line))) };
        format!("{:margin$}{line}", "")
    };
    lines.into_iter().enumerate().map(indented).collect()
}

/// Cells beside one another as far as there is room: the first line in the terminal's width, the others in `width`.
fn head_lines(cells: &[(String, Column)], terminal: usize, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let pieces = cells.iter().filter(|(cell, _)| !cell.is_empty()).flat_map(|(cell, column)| {
        if measure_text_width(cell) <= width { vec![cell.clone()] } else { column.lines(cell, width) }
    });
    for piece in pieces {
        let room = if lines.len() > 1 { width } else { terminal };
        let fits = |line: &String| measure_text_width(line) + GAP + measure_text_width(&piece) <= room;
        let has_room = lines.last().is_some_and(fits);
        match lines.last_mut().filter(|_| has_room) {
            Some(line) => {
                line.push_str(&" ".repeat(GAP));
                line.push_str(&piece);
            }
            None => lines.push(piece),
        }
    }
    lines
}

/// The lines of a row.
fn row_lines<const N: usize>(row: &[String; N], widths: &[usize; N], columns: &[Column; N]) -> Vec<String> {
    let cells: [Vec<String>; N] = array::from_fn(|column| {
        let (cell, width) = (&row[column], widths[column].max(1));
        if measure_text_width(cell) <= width {
            vec![cell.clone()]
        } else {
            columns[column].lines(cell, width)
        }
    });
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |nth: usize| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(nth).map_or("", String::as_str);
            line.push_str(text);
            line.push_str(&" ".repeat((width + GAP).saturating_sub(measure_text_width(text))));
        }
        line.truncate(line.trim_end().len());
        line
    };
    (0..height).map(line).collect()
}

/// The columns' widths: their natural ones, where there is room; else the widest shrink first, as long as they keep what
/// is least.
fn widths<const N: usize>(
    mut widths: [usize; N],
    least: [usize; N],
    columns: &[Column; N],
    room: usize,
) -> [usize; N] {
    while widths.iter().sum::<usize>() > room {
        let widest = |least: [usize; N]| {
            let shrinkable = (0..N).filter(|column| columns[*column] != Column::Whole);
            shrinkable
                .filter(|column| widths[*column] > least[*column].max(1))
                .max_by_key(|column| widths[*column])
        };
        match widest(least).or_else(|| widest([1; N])) {
            Some(column) => widths[column] -= 1,
            None => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::{
        Column::{Prose, Text, Title, Whole},
        *,
    };

    #[test]
    fn widest_columns_shrink_first_and_names_stay_whole() {
        let cases = [
            ([1, 16, 40], 80, [1, 16, 40]),
            ([1, 16, 90], 60, [1, 16, 43]),
            ([1, 16, 90], 22, [1, 16, 5]),
            ([1, 70, 90], 60, [1, 70, 1]),
            ([30, 16, 30], 50, [17, 16, 17]),
        ];
        for (natural, room, expected) in cases {
            assert_eq!(
                widths(natural, [1; 3], &[Text, Whole, Text], room),
                expected,
                "{natural:?} in {room}"
            );
        }
        // A column shrinks only as far as its words fit, while another can.
        let cases = [([13, 4, 3], [13, 4, 13]), ([18, 4, 3], [18, 4, 8]), ([18, 4, 18], [13, 4, 13])];
        for (least, expected) in cases {
            assert_eq!(widths([20, 4, 20], least, &[Title; 3], 30), expected, "{least:?}");
        }
    }

    const DELIVERY: [Column; 6] = [Whole, Whole, Whole, Text, Text, Text];

    #[test]
    fn columns_to_copy_are_whole_in_every_terminal() {
        let id = "01a2287b-f16e-75d8-8dd8-0a8a9175caf2";
        let delivery =
            |title: &str, why: &str| [id, "26 s", "chat:#deploys", title, "waits", why].map(str::to_owned);
        let why = "the chat answered 503: it is tried again when it is back, or by `callboard retry`";
        for terminal in [20, 40, 60, 80, 120] {
            let row = delivery("dora asks for approval: Deploy web 1.42.0 to production", why);
            let shown = table_within([row], DELIVERY, Some(terminal)).to_string();
            assert!(shown.lines().any(|line| line.contains(id)), "{terminal}:\n{shown}");
            let words: Vec<&str> = shown.split_whitespace().collect();
            assert!(["`callboard", "retry`", "production"].iter().all(|it| words.contains(it)), "{shown}");
        }
        let shown = table_within([delivery("Deploy web", "")], DELIVERY, Some(60)).to_string();
        assert_eq!(shown, format!("{id}  26 s  chat:#deploys\n    Deploy web · waits\n"));
    }

    const ID: &str = "01a2287b-f16e-75d8-8dd8-0a8a9175caf2";
    const SERVICE: &str = "payments-service-prod-eu-west-1-checkout-latency-p99-high";

    /// Nothing of a row is lost, and a line that is wider than the terminal is a single id.
    fn assert_fits<const N: usize>(row: [&str; N], columns: [Column; N], terminal: usize) {
        let shown = table_within([row.map(str::to_owned)], columns, Some(terminal)).to_string();
        let of = |column: Column| row.iter().zip(columns).filter(move |(_, it)| *it == column);
        let whole: Vec<&str> = of(Whole).map(|(cell, _)| cell.trim()).collect();
        let words: Vec<&str> = of(Text).flat_map(|(cell, _)| cell.split_whitespace()).collect();
        for line in shown.lines() {
            let is_id = whole.contains(&line.trim()) || words.contains(&line.trim());
            assert!(measure_text_width(line) <= terminal || is_id, "{terminal}, {line:?} of:\n{shown}");
        }
        let is_whole = |id: &&str| shown.lines().any(|line| line.contains(*id));
        assert!(whole.iter().all(is_whole), "{terminal}:\n{shown}");
        let is_text = |c: &char| !c.is_whitespace() && !BETWEEN.contains(*c);
        let letters = |text: &str| {
            let mut letters: Vec<char> = text.chars().filter(is_text).collect();
            letters.sort_unstable();
            letters
        };
        assert_eq!(letters(&shown), letters(&row.concat()), "{terminal}:\n{shown}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_but_for_a_single_id() {
        let texts = [
            "hello".to_owned(),
            format!("{SERVICE} is slow"),
            format!("it is slow: {SERVICE}"),
            "x".repeat(250),
            "長い題名".repeat(20),
            format!("長い題名-{SERVICE}"),
            "e\u{301}".repeat(80),
            format!("e{}", "\u{301}".repeat(80)),
            "שלום עולם ".repeat(8).trim_end().to_owned(),
            format!("שלום {SERVICE}"),
        ];
        let why = "the chat answered 503: it is tried again when it is back";
        let not_seen = "not all of it is seen: forge/pull_request/acme/some-repository-of-the-web#12345: no";
        for terminal in [40, 60, 80, 200] {
            for text in texts.iter().map(String::as_str) {
                for address in ["chat:#ops", "chat:#deploys-of-the-payments-team"] {
                    let row = [ID, "26 s", address, text, "waits", why];
                    assert_fits(row, [Whole, Whole, Whole, Prose, Text, Text], terminal);
                    assert_fits([address, "github", "ana", not_seen], [Whole, Whole, Text, Text], terminal);
                }
                assert_fits(["  4711", "2026-11-22 10:00", text], [Whole, Whole, Prose], terminal);
                // Names that are as long as the others: each is in a line of its own where two have no room.
                let row = [SERVICE, "alertmanager", text, "ok, 3 s ago"];
                assert_fits(row, [Whole, Whole, Prose, Text], terminal);
                assert_fits([SERVICE, SERVICE, text], [Whole, Whole, Prose], terminal);
                assert_fits([text, "ana"], [Prose, Text], terminal);
            }
        }
        // What there is no room for beside an id is below it, and what there is room for is beside it.
        let row = [[ID, "26 s", "chat:#deploys", "Deploy web", "posted"].map(str::to_owned)];
        let columns = [Whole, Whole, Whole, Prose, Text];
        let cases = [
            (40, format!("{ID}\n    26 s  chat:#deploys\n    Deploy web · posted\n")),
            (60, format!("{ID}  26 s  chat:#deploys\n    Deploy web · posted\n")),
            (200, format!("{ID}  26 s  chat:#deploys  Deploy web  posted\n")),
        ];
        for (terminal, expected) in cases {
            assert_eq!(
                table_within(row.clone(), columns, Some(terminal)).to_string(),
                expected,
                "{terminal}"
            );
        }
        // An id that fits without the margin has none.
        let row = [["a".repeat(20), "b".repeat(39), "c".to_owned()]];
        let shown = table_within(row, [Whole, Whole, Prose], Some(40)).to_string();
        assert_eq!(shown, format!("{}\n {}\n    c\n", "a".repeat(20), "b".repeat(39)));
    }

    #[test]
    fn row_takes_two_lines_at_most_and_reasons_all_they_need() {
        let row = || [["▲".to_owned(), "3f2a9c4d5e6b7a81".to_owned(), "a long title ".repeat(20)]];
        let shown = table_within(row(), [Text, Whole, Title], Some(80)).to_string();
        assert!(shown.contains("3f2a9c4d5e6b7a81"), "{shown}");
        assert_eq!(shown.trim_end().lines().count(), 2, "{shown}");
        assert!(shown.lines().all(|line| measure_text_width(line) <= 80), "{shown}");
        const ROW: [Column; 6] = [Title, Whole, Title, Title, Title, Title];
        // As the board has it: six columns, a long key, and a title without end.
        for title in ["a long title ".repeat(20), "x".repeat(250), "長い題名".repeat(60)] {
            let key = "acme/some-repository-of-the-web#12345".to_owned();
            let row = [" ◆".to_owned(), key, title.clone(), title, "review by ana".into(), "3 h".into()];
            for terminal in [60, 80, 100, 200] {
                let shown = table_within([row.clone()], ROW, Some(terminal)).to_string();
                let widest = shown.lines().map(measure_text_width).max();
                assert!(widest.is_some_and(|width| width <= terminal), "{terminal}, {widest:?}:\n{shown}");
            }
        }
        let reasons = table_within(row(), [Text, Whole, Text], Some(80)).to_string();
        assert!(reasons.trim_end().lines().count() > 2, "{reasons}");
        assert_eq!(table_within([] as [[String; 3]; 0], [Title; 3], Some(80)).to_string(), "");
    }

    #[test]
    fn long_title_leaves_the_other_columns_whole() {
        let snoozed = "web, critical, snoozed until 2026-11-30 09:00 by ana";
        for key in ["3f2a9c4d5e6b7a81", "acme/some-repository-of-the-web-team#12345"] {
            for title in ["L".repeat(300), "a long title ".repeat(20), "長い題名".repeat(60), "short".into()]
            {
                for terminal in [60, 80, 100, 200] {
                    let row = [" ▲", key, &title, snoozed, "nobody yet", "3 h"].map(str::to_owned);
                    let shown = table_within([row], [Text, Whole, Title, Text, Text, Text], Some(terminal))
                        .to_string();
                    let words: Vec<&str> = shown.split_whitespace().collect();
                    let expected = format!("{snoozed} nobody yet 3 h");
                    let lost: Vec<&str> = expected.split(' ').filter(|word| !words.contains(word)).collect();
                    assert!(lost.is_empty(), "{terminal}, {lost:?}:\n{shown}");
                    assert!(shown.lines().all(|line| measure_text_width(line) <= terminal), "{shown}");
                    assert!(shown.contains('…') == (title != "short") || terminal == 200, "{shown}");
                }
            }
        }
    }

    #[test]
    fn piped_row_is_one_line_with_tabs_and_is_not_padded_or_cut() {
        let rows = [
            [" ◆".to_owned(), "web#1".to_owned(), "x".repeat(300), String::new(), "3 h".to_owned()],
            ["✗".to_owned(), "web#22".to_owned(), "two\tand\nmore".to_owned(), "a".to_owned(), String::new()],
        ];
        let expected = format!("◆\tweb#1\t{}\t\t3 h\n✗\tweb#22\ttwo and more\ta\t\n", "x".repeat(300));
        assert_eq!(table_within(rows, [Title, Whole, Title, Title, Title], None).to_string(), expected);
    }

    #[test]
    fn words_stay_whole_and_cut_text_ends_in_an_ellipsis() {
        const ROW: [Column; 4] = [Title, Whole, Title, Title];
        let row = |title: &str| {
            [[" ◆".to_owned(), "web#482".to_owned(), title.to_owned(), "an investigation".to_owned()]]
        };
        let shown = table_within(row("fix the very long title of it"), ROW, Some(40)).to_string();
        assert_eq!(shown, " ◆  web#482  fix the very  an\n             long title…   investigation\n");
        let cut = table_within(row(&"words ".repeat(40)), ROW, Some(40)).to_string();
        assert!(cut.contains('…') && !cut.contains("..."), "{cut}");
        // Columns are aligned whatever the width of the characters.
        let rows = [
            ["長い題名".to_owned(), "a".to_owned()],
            ["e\u{301}".to_owned(), "b".to_owned()],
            ["שלום".to_owned(), "c".to_owned()],
            ["👨‍👩‍👧".to_owned(), "d".to_owned()],
        ];
        let shown = table_within(rows, [Title; 2], Some(80)).to_string();
        for line in shown.lines() {
            assert_eq!(measure_text_width(line), 11, "{line:?} of {shown}");
        }
    }
}
