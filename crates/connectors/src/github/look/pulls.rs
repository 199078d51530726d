//! A repository's pull requests: which are new or changed, and what their list lacks.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use callboard_domain::{error::ServiceError, item::PullRequestState};
use jiff::Timestamp;
use reqwest::Method;

use super::lists::{PAGE, RepoLists, note_unread};
use crate::{
    dedup::once,
    github::{
        client::{Calls, Rows, in_repo},
        cursor::Part,
        normalise,
        open::Open,
        wire,
    },
    lenient::Entries,
};

/// How many pages of pull requests are read after a long absence.
const PAGES: usize = 10;
/// How many pages of 100 open pull requests are read when a repository is first seen.
const OPEN_PAGES: usize = 10;

/// Reads the list of a repository's pull requests, the latest change first; where that does not show all that is open,
/// also the list of those.
pub(super) async fn pulls(
    calls: &Calls<'_>,
    look: &mut RepoLists,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let name = look.described().map(|described| described.name.clone()).unwrap_or_default();
    let list = in_repo(Method::GET, &name, &["pulls"])
        .query("state", "all")
        .query("sort", "updated")
        .query("direction", "desc")
        .query("per_page", PAGE.to_string());
    let repo = &mut look.repo;
    // Earlier versions of this program kept dates that were ahead.
    let newest = repo.newest_pull.map(|newest| newest.min(now));
    // A row without its time of change does not show how far back the rows reach.
    let unseen = |rows: &[wire::Pull]| {
        let last = rows.iter().rfind(|pull| pull.updated_at.is_some());
        let reaches = |seen: Timestamp| last.is_none_or(|last| last.version(now) > seen);
        !rows.is_empty() && newest.is_some_and(reaches)
    };
    // Whether one that GitHub does not show by itself is still open, only the list of all that are shows, where it can be read
    // whole.
    let can_tell = !repo.cut && !repo.malformed.contains_key(&Part::Pulls);
    let is_in_doubt = can_tell && repo.open.values().any(|open| open.is_missing && open.is_unlisted);
    let etag = repo.pulls.as_deref().filter(|_| !is_in_doubt);
    let list = calls.rows::<Entries<wire::Pull>>(list, etag, PAGES, unseen);
    let Some(found) = list.await? else {
        let on_page = look.repo.open.iter().filter(|(_, open)| !open.is_unlisted);
        look.listed_pulls = on_page.map(|(number, _)| *number).collect();
        look.lists_all_open = look.repo.whole_page;
        return Ok(());
    };
    if found.rows.iter().filter_map(|pull| pull.base.repo.as_ref()).any(|repo| look.is_other(repo)) {
        look.is_taken_over = true;
        return Ok(());
    }
    let repo = &mut look.repo;
    // A clock was put right, or the server restored: the order does not show what else has changed.
    let has_moved_back = reach(&found, now).is_some_and(|reach| {
        newest.is_some_and(|newest| newest > *reach.end()) || lacks_open(&repo.open, &found.rows, &reach)
    });
    let goes_back = newest.is_some() && found.error.is_none() && !unseen(&found.rows) && !has_moved_back;
    let all_seen = !found.more || goes_back && !is_in_doubt;
    let is_one_page = found.whole;
    // The others change without a change of the page that each poll reads.
    let on_page: BTreeSet<_> = found.rows.iter().take(found.first).map(|pull| pull.number).collect();
    let (mut rows, mut unread, mut error) = (found.rows, found.unread, found.error);
    let mut all_open = !found.more;
    if !all_seen {
        match open(calls, &name).await {
            Ok(Some(open)) => {
                rows.extend(open.rows);
                unread.extend(open.unread);
                all_open = open.error.is_none() && !open.more;
                repo.cut = open.error.is_none() && open.more;
                error = error.or(open.error);
            }
            Ok(None) => {}
            Err(other) => error = error.or(Some(other)),
        }
    }
    let listed: BTreeSet<_> = rows.iter().map(|pull| pull.number).collect();
    if all_open {
        repo.cut = false;
        // What was open and is on no list any more has ended meanwhile, or is gone: its details show which.
        let unlisted = repo.open.iter_mut().filter(|(number, _)| !listed.contains(number));
        unlisted.for_each(|(_, open)| open.due = true);
    }
    let odd = unread.len();
    let further = |one: &wire::Pull, other: &wire::Pull| normalise::further_pull(one, other, now);
    let rows = once(rows, &mut unread, |pull| Some(pull.number), further, |pull| format!("#{}", pull.number));
    let is_complete = error.is_none() && unread.len() == odd;
    // One that cannot be read may be any that seems to be missing.
    repo.whole_page = is_one_page && unread.is_empty();
    (look.listed_pulls, look.lists_all_open) = (listed, all_open && unread.is_empty());
    // What could not be read is asked for again, though the first page may not change.
    repo.pulls = is_complete.then_some(found.etag);
    note_unread(repo, Part::Pulls, &unread);
    if error.is_none() {
        let seen = newest.filter(|_| !has_moved_back);
        repo.newest_pull = rows.iter().map(|pull| pull.version(now)).max().max(seen);
    }
    look.error = look.error.take().or(error);
    for pull in rows {
        sort_in(look, pull, newest, now);
    }
    for (number, open) in &mut look.repo.open {
        open.is_unlisted = !on_page.contains(number);
    }
    Ok(())
}

async fn open(calls: &Calls<'_>, name: &str) -> Result<Option<Rows<wire::Pull>>, ServiceError> {
    let list = in_repo(Method::GET, name, &["pulls"]).query("state", "open").query("per_page", "100");
    calls.rows::<Entries<wire::Pull>>(list, None, OPEN_PAGES, |_| true).await
}

/// The changes that a list has all of, from the earliest to the latest; none where its order does not show that: a row
/// may be one that cannot be read, and some servers know no such order.
fn reach(found: &Rows<wire::Pull>, now: Timestamp) -> Option<RangeInclusive<Timestamp>> {
    let version = |pull: &wire::Pull| pull.updated_at.map(|_| pull.version(now));
    let versions: Vec<Timestamp> = found.rows.iter().map(version).collect::<Option<_>>()?;
    let is_whole = found.unread.is_empty() && versions.is_sorted_by(|one, other| one >= other);
    let (latest, earliest) = (*versions.first()?, *versions.last()?);
    is_whole.then_some(earliest..=latest)
}

/// True where a pull request that is known to be open changed so late that the list should have it. One that is due is
/// asked for anyway.
fn lacks_open(open: &BTreeMap<u64, Open>, rows: &[wire::Pull], reach: &RangeInclusive<Timestamp>) -> bool {
    let is_on_list = |number: u64| rows.iter().any(|pull| pull.number == number);
    let mut should_be = open.iter().filter(|(_, open)| !open.due && open.updated_at > *reach.start());
    should_be.any(|(number, _)| !is_on_list(*number))
}

/// Keeps a listed pull request if it is new, changed or ended since the last poll.
fn sort_in(look: &mut RepoLists, mut pull: wire::Pull, newest: Option<Timestamp>, now: Timestamp) {
    let (number, open) = (pull.number, &mut look.repo.open);
    let mut last_reported = open.get(&number).map(|known| known.last_reported.clone()).unwrap_or_default();
    last_reported.complete(&mut pull);
    // A pull request without its time of change may have changed now.
    let is_undated = pull.updated_at.is_none();
    match open.get(&number) {
        Some(known) => known.date(&mut pull),
        None if normalise::state(&pull) == PullRequestState::Open => {
            pull.updated_at.get_or_insert(now);
        }
        None => {}
    }
    let row = Some(normalise::row_hash(&pull));
    let is_pushed = |known: &Open| !pull.head.sha.is_empty() && known.head != pull.head.sha;
    let changed = match (normalise::state(&pull), open.get_mut(&number)) {
        (PullRequestState::Open, None) => {
            let new = Open::new(&pull.head.sha, pull.version(now), now);
            open.insert(number, Open { row, last_reported, ..new });
            true
        }
        (PullRequestState::Open, Some(known)) if is_pushed(known) => {
            // The reviews stay; the checks were of another commit.
            *known = Open {
                reviews: known.reviews.take(),
                approved: known.approved,
                reviews_unread: known.reviews_unread.take(),
                reviews_nameless: known.reviews_nameless,
                row,
                last_reported,
                ..Open::new(&pull.head.sha, pull.version(now), now)
            };
            true
        }
        (PullRequestState::Open, Some(known)) => {
            let is_headless = pull.head.sha.is_empty();
            let is_other = known.row.is_some() && known.row != row;
            let changed = is_undated || known.updated_at != pull.version(now) || is_other;
            (known.updated_at, known.row, known.last_reported) = (pull.version(now), row, last_reported);
            // Until the row changes, the head that the pull request itself has still counts.
            if changed {
                known.head_unread = is_headless;
            }
            known.due |= changed;
            changed
        }
        (state, known) => {
            let was_open = known.is_some();
            if was_open && state == PullRequestState::Merged {
                look.merged.insert(number);
            }
            open.remove(&number);
            was_open || newest.is_some_and(|newest| pull.version(now) > newest)
        }
    };
    if let Some(open) = look.repo.open.get_mut(&number) {
        open.note_requests(&pull);
    }
    if changed {
        look.pulls.insert(number, pull);
    }
}
