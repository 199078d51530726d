//! `search`: items and runs that hold what is looked for.

use anyhow::Result;
use callboard_domain::board::NotSeen;
use callboard_engine::api::{Search, SearchHit, StatusQuery};
use serde_json::{Value, json};

use crate::{
    board::print_not_seen,
    client::Client,
    exit::Exit,
    output::Output,
    table::{Column, table},
};

/// Of what was found: its state, its key, and its title or line.
const HIT_COLUMNS: [Column; 3] = [Column::Text, Column::Whole, Column::Title];

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
fn hit(hit: &SearchHit) -> [String; 3] {
    match hit {
        SearchHit::Item { key, title, status } => [status.clone(), key.to_string(), title.clone()],
        SearchHit::Run { id, line, named_line, state } => {
            [state.clone(), format!("run {id}"), named_line.as_ref().unwrap_or(line).clone()]
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
    // One more of each than needed shows whether there are more.
    let query = Search { text: text.to_owned(), limit: limit.saturating_add(1), skip };
    let (mut items, mut runs): (Vec<SearchHit>, Vec<SearchHit>) =
        client.call(query).await?.into_iter().partition(|hit| matches!(hit, SearchHit::Item { .. }));
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
        let item =
            SearchHit::Item { key: key.parse().unwrap(), title: "Disk".into(), status: "triggered".into() };
        let cases = [
            (run(Some("silence Disk is full 2h")), ["done", "run 7", "silence Disk is full 2h"]),
            (run(None), ["done", "run 7", "silence 3f2a 2h"]),
            // Its key is what a person types.
            (item, ["triggered", key, "Disk"]),
        ];
        for (found, expected) in cases {
            assert_eq!(hit(&found), expected);
        }
        let json = serde_json::to_value(run(Some("silence Disk is full 2h"))).unwrap();
        assert_eq!((&json["line"], &json["id"]), (&json!("silence 3f2a 2h"), &json!("7")));
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
