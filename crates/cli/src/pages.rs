//! Lists, read page by page: a list is never cut silently.

use anyhow::Result;
use callboard_engine::api::LONGEST_LIST;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{args::Page, output::Output};

/// The requested part of a list, and whether there is more.
pub(crate) struct List<T> {
    /// The entries, the latest first.
    pub entries: Vec<T>,
    /// True where there are earlier ones.
    pub more: bool,
}

/// Reads the latest `limit` entries of a list before `before`. `ask` answers with those before a cursor, the latest first;
/// `cursor` is an entry's own.
pub(crate) async fn read<T>(
    limit: usize,
    before: Option<String>,
    cursor: impl Fn(&T) -> String,
    mut ask: impl AsyncFnMut(Option<String>, usize) -> Result<Vec<T>>,
) -> Result<List<T>> {
    // One more than needed shows whether there are more.
    let needed = limit.saturating_add(1);
    let (mut entries, mut before) = (Vec::new(), before);
    while entries.len() < needed {
        let size = (needed - entries.len()).min(LONGEST_LIST);
        let found = ask(before.take(), size).await?;
        let is_last = found.len() < size;
        before = found.last().map(&cursor);
        entries.extend(found);
        if is_last {
            break;
        }
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok(List { entries, more })
}

/// Prints a list. Where it is empty, standard error has `nothing`; where it was cut, how to go on.
///
/// As JSON it is an array (`each` false) or a line for each entry; with `--page` or `--before` one object:
/// `{"NAME": [...], "more": true, "next": "ID"}`.
pub(crate) fn show<T: Serialize>(
    output: &Output,
    (name, nothing): (&str, &str),
    (entries, next): (&[T], Option<String>),
    page: &Page,
    each: bool,
    print: impl FnOnce(),
) {
    if entries.is_empty() && !nothing.is_empty() {
        output.note(nothing);
    }
    if !output.json {
        print();
    } else if page.page || page.before.is_some() {
        let more = next.is_some();
        output.json(&json!({ name: entries, "more": more, "next": next.map_or(Value::Null, Value::from) }));
        return;
    } else if each {
        entries.iter().for_each(|entry| output.json(entry));
    } else {
        output.json(&entries);
    }
    if let Some(next) = next {
        output.note(&how_to_go_on(entries.len(), &next));
    }
}

/// How a list that was cut after `count` entries goes on.
fn how_to_go_on(count: usize, next: &str) -> String {
    let these = if count == 1 { "this one".to_owned() } else { format!("these {count}") };
    format!("There are more than {these}; go on with --before {next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_list_says_how_to_go_on() {
        for (count, expected) in [
            (1, "There are more than this one; go on with --before r7"),
            (2, "There are more than these 2; go on with --before r7"),
        ] {
            assert_eq!(how_to_go_on(count, "r7"), expected);
        }
    }

    /// Reads of the numbers below 25,000 as of a list whose answers are cut.
    async fn numbers(limit: usize, before: Option<&str>) -> (usize, Option<usize>, bool, usize) {
        let mut calls = 0;
        let list = read(
            limit,
            before.map(str::to_owned),
            ToString::to_string,
            async |before: Option<String>, size: usize| {
                calls += 1;
                assert!(size <= LONGEST_LIST, "{size}");
                let before = before.map_or(25_000, |it| it.parse::<usize>().unwrap());
                Ok((0..before).rev().take(size).collect::<Vec<_>>())
            },
        )
        .await
        .unwrap();
        (list.entries.len(), list.entries.last().copied(), list.more, calls)
    }

    #[tokio::test]
    async fn list_is_read_in_pages_and_never_cut_silently() {
        let cases = [
            (0, None, (0, None, true, 1)),
            (10, None, (10, Some(24_990), true, 1)),
            (10, Some("10"), (10, Some(0), false, 1)),
            (10_000, None, (10_000, Some(15_000), true, 2)),
            (24_999, None, (24_999, Some(1), true, 3)),
            (25_000, None, (25_000, Some(0), false, 3)),
            (usize::MAX, None, (25_000, Some(0), false, 3)),
        ];
        for (limit, before, expected) in cases {
            assert_eq!(numbers(limit, before).await, expected, "{limit} before {before:?}");
        }
    }
}
