//! `search`: items and runs that hold what is looked for.

use anyhow::Result;
use callboard_domain::board::NotSeen;
use callboard_engine::api::{LONGEST_LIST, Search, SearchHit, StatusQuery};
use serde_json::{Value, json};

use crate::{
    board::{print_not_seen, unknown},
    client::Client,
    exit::Exit,
    output::Output,
    table::{Column, table},
};

/// Of what was found: its state, its key, its title or line, and the runs on it that are unknown.
const HIT_COLUMNS: [Column; 4] = [Column::Text, Column::Whole, Column::Title, Column::Text];

/// Items and runs whose text holds all of the words.
pub(crate) async fn find(
    text: String,
    (limit, skip): (usize, usize),
    page: bool,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let (hits, more) = search(&text, limit, skip, client).await?;
    let next = more.then(|| skip.saturating_add(limit));
    // The array that is printed as JSON has no place for it, so it is not read.
    let not_seen = match output.json && !page {
        true => None,
        false => Some(client.call(StatusQuery {}).await?.not_seen),
    };
    if output.json && page {
        output.json(&page_of(&hits, next, &not_seen.unwrap_or_default()));
        return Ok(Exit::Done);
    }
    if hits.is_empty() {
        let is_before = skip > 0 && !search(&text, 1, 0, client).await?.0.is_empty();
        output.note(&nothing(is_before.then_some(skip), not_seen.as_deref()));
    }
    output.either(&hits, || {
        print!("{}", table(hits.iter().map(hit), HIT_COLUMNS));
        print_not_seen(not_seen.as_deref().unwrap_or_default());
    });
    if let Some(next) = next {
        let s = if limit == 1 { "" } else { "s" };
        output.note(&format!(
            "There are more than these (at most {limit} item{s} and {limit} run{s}); go on with --skip {next}"
        ));
    }
    Ok(Exit::Done)
}

/// Said where nothing was found: with `skip` where all that there is was skipped. Whether something is not seen may not be
/// known.
fn nothing(skip: Option<usize>, not_seen: Option<&[NotSeen]>) -> String {
    let all_is_seen = not_seen.is_some_and(<[NotSeen]>::is_empty);
    let limits = if all_is_seen { "" } else { " in what is seen" };
    match skip {
        Some(skip) => format!("No more is found{limits}: all of it is before --skip {skip}"),
        None => format!("Nothing is found{limits}"),
    }
}

/// A row of what was found. A run's line names its alert; the line that can be run again is in the JSON.
fn hit(hit: &SearchHit) -> [String; 4] {
    match hit {
        SearchHit::Item { key, title, status, in_doubt } => {
            [status.clone(), key.to_string(), title.clone(), unknown(in_doubt)]
        }
        SearchHit::Run { id, line, named_line, state } => {
            let line = named_line.as_ref().unwrap_or(line).clone();
            [state.clone(), format!("run {id}"), line, String::new()]
        }
    }
}

/// A page of what was found, as JSON. Where something is not seen, there may be more than it lists.
fn page_of(hits: &[SearchHit], next: Option<usize>, not_seen: &[NotSeen]) -> Value {
    json!({ "hits": hits, "more": next.is_some(), "next": next, "not_seen": not_seen })
}

/// What a search found, and whether there is more.
async fn search(
    text: &str,
    limit: usize,
    skip: usize,
    client: &mut Client,
) -> Result<(Vec<SearchHit>, bool)> {
    read(limit, skip, async |limit, skip| {
        Ok(client.call(Search { text: text.to_owned(), limit, skip }).await?)
    })
    .await
}

/// Reads at most `limit` hits of each kind without the first `skip`, and whether there are more. `ask` answers with so many of
/// each kind, as many as one answer lists at most.
async fn read(
    limit: usize,
    skip: usize,
    mut ask: impl AsyncFnMut(usize, usize) -> Result<Vec<SearchHit>>,
) -> Result<(Vec<SearchHit>, bool)> {
    // One more of each than needed shows whether there are more.
    let needed = limit.saturating_add(1);
    let (mut items, mut runs, mut asked) = (Vec::new(), Vec::new(), 0);
    while asked < needed {
        let size = (needed - asked).min(LONGEST_LIST);
        let hits = ask(size, skip.saturating_add(asked)).await?;
        let (new_items, new_runs): (Vec<_>, Vec<_>) =
            hits.into_iter().partition(|hit| matches!(hit, SearchHit::Item { .. }));
        let is_last = new_items.len() < size && new_runs.len() < size;
        items.extend(new_items);
        runs.extend(new_runs);
        asked += size;
        if is_last {
            break;
        }
    }
    let more = items.len() > limit || runs.len() > limit;
    items.truncate(limit);
    runs.truncate(limit);
    items.extend(runs);
    Ok((items, more))
}

#[cfg(test)]
mod tests {
    use callboard_domain::source::{Problem, ProblemKind};

    use super::*;

    #[test]
    fn run_that_is_found_names_its_alert() {
        let run = |named: Option<&str>| SearchHit::Run {
            id: "7".into(),
            line: "silence 3f2a 2h".into(),
            named_line: named.map(str::to_owned),
            state: "done".into(),
        };
        let key = "pager/incident/3f2a";
        let item = |in_doubt: &[&str]| {
            let doubt = |line: &&str| json!({ "id": "r1", "line": line, "why": "lost" });
            let in_doubt: Vec<Value> = in_doubt.iter().map(doubt).collect();
            let hit = json!({
                "found": "item", "key": key, "title": "Disk", "status": "triggered", "in_doubt": in_doubt,
            });
            serde_json::from_value::<SearchHit>(hit).unwrap()
        };
        let cases = [
            (run(Some("silence Disk is full 2h")), ["done", "run 7", "silence Disk is full 2h", ""]),
            (run(None), ["done", "run 7", "silence 3f2a 2h", ""]),
            // Its key is what a person types.
            (item(&[]), ["triggered", key, "Disk", ""]),
            (item(&["page Disk"]), ["triggered", key, "Disk", "unknown whether it ran: page Disk (run r1)"]),
        ];
        for (found, expected) in cases {
            assert_eq!(hit(&found), expected);
        }
        let json = serde_json::to_value(run(Some("silence Disk is full 2h"))).unwrap();
        assert_eq!((&json["line"], &json["id"]), (&json!("silence 3f2a 2h"), &json!("7")));
    }

    #[tokio::test]
    async fn search_is_read_in_pages_that_one_answer_can_list() {
        // items, runs; limit, skip -> items and runs that are shown, whether there are more, how many answers
        let cases = [
            ((25_000, 3), (20, 0), (20, 3, true, 1)),
            ((25_000, 3), (9_999, 0), (9_999, 3, true, 1)),
            ((25_000, 3), (10_000, 0), (10_000, 3, true, 2)),
            ((25_000, 3), (30_000, 0), (25_000, 3, false, 3)),
            ((10_000, 0), (10_000, 0), (10_000, 0, false, 2)),
            ((25_000, 3), (10, 24_995), (5, 0, false, 1)),
            ((25_000, 3), (20, 99_999), (0, 0, false, 1)),
            ((5, 12_000), (10_000, 0), (5, 10_000, true, 2)),
            ((5, 3), (usize::MAX, 0), (5, 3, false, 1)),
        ];
        for ((items, runs), (limit, skip), expected) in cases {
            let mut answers = 0;
            let ask = async |limit: usize, skip: usize| {
                answers += 1;
                assert!(limit <= LONGEST_LIST, "{limit}");
                let item = |n: usize| {
                    let key = format!("a/incident/{n}");
                    json!({ "found": "item", "key": key, "title": "", "status": "" })
                };
                let run = |n: usize| json!({ "found": "run", "id": n.to_string(), "line": "", "state": "" });
                let items = (0..items).skip(skip).take(limit).map(item);
                let runs = (0..runs).skip(skip).take(limit).map(run);
                let hits = items.chain(runs).map(|hit| serde_json::from_value::<SearchHit>(hit).unwrap());
                Ok(hits.collect::<Vec<_>>())
            };
            let (hits, more) = read(limit, skip, ask).await.unwrap();
            let shown = hits.iter().filter(|hit| matches!(hit, SearchHit::Item { .. })).count();
            assert_eq!((shown, hits.len() - shown, more, answers), expected, "{limit} {skip}");
        }
    }

    #[test]
    fn search_that_skips_all_hits_does_not_say_that_there_are_none() {
        let problem = Problem::new(ProblemKind::NotSeen, "acme/secret", "no");
        let hidden: Vec<_> = NotSeen::of(&"forge".into(), &problem, None).into_iter().collect();
        // the hits that were skipped, what is not seen -> what is said
        type Case<'a> = (Option<usize>, Option<&'a [NotSeen]>, &'a str);
        let cases: [Case<'_>; 5] = [
            (None, Some(&[]), "Nothing is found"),
            (None, Some(&hidden), "Nothing is found in what is seen"),
            (None, None, "Nothing is found in what is seen"),
            (Some(20), Some(&[]), "No more is found: all of it is before --skip 20"),
            (Some(20), Some(&hidden), "No more is found in what is seen: all of it is before --skip 20"),
        ];
        for (skip, not_seen, expected) in cases {
            assert_eq!(nothing(skip, not_seen), expected);
        }
    }

    #[test]
    fn search_page_lists_what_is_not_seen() {
        let problem = Problem::new(ProblemKind::NotSeen, "acme/secret", "no");
        let not_seen: Vec<_> = NotSeen::of(&"forge".into(), &problem, None).into_iter().collect();
        let page = page_of(&[], Some(20), &not_seen);
        assert_eq!((&page["hits"], &page["more"], &page["next"]), (&json!([]), &json!(true), &json!(20)));
        assert_eq!(page["not_seen"][0]["part"], "acme/secret");
        let last = page_of(&[], None, &[]);
        assert_eq!(last, json!({ "hits": [], "more": false, "next": null, "not_seen": [] }));
    }
}
