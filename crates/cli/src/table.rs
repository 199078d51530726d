//! Tables without frames that fit the terminal.

use std::fmt;

use callboard_domain::text;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use console::{Term, measure_text_width};

/// The most lines that a row takes, but for its last column: what is longer is cut, and ends in "...".
const LINES: usize = 2;
/// The longest cell, in characters.
const LONGEST: usize = 300;
/// The width of a terminal that says none.
const USUAL: usize = 80;
/// What a column takes besides its text.
const PADDING: usize = 2;

/// Rows as they are printed; nothing where there are none.
pub(crate) struct Printed(Option<Table>);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |table| writeln!(f, "{table}"))
    }
}

/// A table in which the columns `whole` (what a person types again) are never cut; the widest of the others give way, and
/// take at most two lines.
pub(crate) fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>, whole: &[usize]) -> Printed {
    make(rows, whole, LINES, terminal())
}

/// The same for lists whose last column says why something is as it is: that is shown to its end.
pub(crate) fn table_with_reasons<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    whole: &[usize],
) -> Printed {
    make(rows, whole, usize::MAX, terminal())
}

/// The width of the terminal, where the output is one. Of one that does not say it, such as a recorder's, what `COLUMNS` says,
/// else the usual.
fn terminal() -> Option<usize> {
    let out = Term::stdout();
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    let measured = || out.size_checked().map(|(_, columns)| usize::from(columns));
    out.is_term().then(|| measured().filter(|columns| *columns > 0).or_else(said).unwrap_or(USUAL))
}

fn make<const N: usize>(
    rows: impl IntoIterator<Item = [String; N]>,
    whole: &[usize],
    lines: usize,
    terminal: Option<usize>,
) -> Printed {
    let rows: Vec<[String; N]> =
        rows.into_iter().map(|row| row.map(|cell| text::line(&cell, LONGEST))).collect();
    if rows.is_empty() {
        return Printed(None);
    }
    let widest = |column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0);
    let natural: [usize; N] = std::array::from_fn(widest);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        let mut row = Row::from(row);
        if lines < usize::MAX {
            row.max_height(lines);
        }
        table.add_row(row);
    }
    if let Some(terminal) = terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        let widths = widths(natural, whole, terminal.saturating_sub(N * PADDING));
        for (column, width) in table.column_iter_mut().zip(widths) {
            let width = u16::try_from(width.max(1) + PADDING).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
    }
    Printed(Some(table))
}

/// The columns' widths: as much as each wants, where there is room; else the widest ones give way first.
fn widths<const N: usize>(mut widths: [usize; N], whole: &[usize], room: usize) -> [usize; N] {
    // A column that alone would fill the terminal gives way, too.
    let gives_way = |column: &usize, width: usize| !whole.contains(column) || width > room / 2;
    while widths.iter().sum::<usize>() > room {
        let widest =
            (0..N).filter(|column| gives_way(column, widths[*column])).max_by_key(|column| widths[*column]);
        match widest {
            Some(column) if widths[column] > 1 => widths[column] -= 1,
            _ => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way_and_names_stay_whole() {
        let cases = [
            ([1, 16, 40], 80, [1, 16, 40]),
            ([1, 16, 90], 60, [1, 16, 43]),
            ([1, 16, 90], 22, [1, 11, 10]),
            ([1, 70, 90], 60, [1, 30, 29]),
            ([30, 16, 30], 50, [17, 16, 17]),
        ];
        for (natural, room, expected) in cases {
            assert_eq!(widths(natural, &[1], room), expected, "{natural:?} in {room}");
        }
    }

    #[test]
    fn a_row_takes_two_lines_at_most_and_reasons_all_they_need() {
        let row = || [["▲".to_owned(), "3f2a9c4d5e6b7a81".to_owned(), "a long title ".repeat(20)]];
        let shown = make(row(), &[1], LINES, Some(80)).to_string();
        assert!(shown.contains("3f2a9c4d5e6b7a81"), "{shown}");
        assert_eq!(shown.trim_end().lines().count(), 2, "{shown}");
        assert!(shown.lines().all(|line| measure_text_width(line) <= 80), "{shown}");
        // As the board has it: six columns, a long key, and a title without end.
        for title in ["a long title ".repeat(20), "x".repeat(250), "長い題名".repeat(60)] {
            let key = "acme/some-repository-of-the-web#12345".to_owned();
            let row = [" ◆".to_owned(), key, title.clone(), title, "review by ana".into(), "3 h".into()];
            for terminal in [60, 80, 100, 200] {
                let shown = make([row.clone()], &[1], LINES, Some(terminal)).to_string();
                let widest = shown.lines().map(measure_text_width).max();
                assert!(widest.is_some_and(|width| width <= terminal), "{terminal}, {widest:?}:\n{shown}");
            }
        }
        let reasons = make(row(), &[1], usize::MAX, Some(80)).to_string();
        assert!(reasons.trim_end().lines().count() > 2, "{reasons}");
        let piped = make(row(), &[1], LINES, None).to_string();
        assert_eq!(piped.trim_end().lines().count(), 1, "no terminal cuts it: {piped}");
        assert_eq!(make([] as [[String; 3]; 0], &[], LINES, Some(80)).to_string(), "");
    }
}
