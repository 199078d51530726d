//! Which repositories are meant: `acme/web` is itself, `acme/*` is what GitHub lists, asked once an hour. What was read before
//! is followed, whatever it is called now.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    source::{Problem, ProblemKind},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    client::{Calls, get},
    cursor::{Listing, Repo, RepoDescription},
    look::{Target, described},
    watch::{Watched, is_watched},
    wire,
};
use crate::{http::Request, lenient::Entries};

/// How long a list of an owner's repositories is valid.
const LISTED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How many repositories a pattern can stand for: those pushed to last. Four requests each and minute, on busy
/// ones, stay below the 900 a minute that GitHub allows.
pub(super) const REPOS_AT_MOST: usize = 200;
const PAGES: usize = 5;
/// How many repositories that are on no list any more are still read, for their builds and pull requests on the board.
const STRAGGLERS: usize = 50;

/// The repositories to look at.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) targets: Vec<Target>,
    pub(super) owners: BTreeMap<String, Listing>,
    pub(super) problems: Vec<Problem>,
    /// Why an owner's list could not be read.
    pub(super) error: Option<ServiceError>,
}

/// Resolves the configured names and patterns; `owners` has the lists read before.
pub(super) async fn targets(
    calls: &Calls<'_>,
    watch: &[Watched],
    owners: &BTreeMap<String, Listing>,
    me: &str,
    now: Timestamp,
) -> Targets {
    let mut found = Targets::default();
    let mut names = BTreeSet::new();
    for name in watch.iter().filter_map(Watched::repo) {
        if names.insert(name.to_ascii_lowercase()) {
            let name = name.to_owned();
            found.targets.push(Target { name, described: None, again: false, is_reported: false });
        }
    }
    let patterns = watch.iter().filter(|watched| watched.repo().is_none());
    let mut wanted: BTreeSet<String> = patterns.map(|watched| watched.owner().to_ascii_lowercase()).collect();
    if watch.is_empty() {
        wanted.insert(String::new());
    }
    for owner in wanted {
        let what = if owner.is_empty() { "this account".to_owned() } else { format!("{owner}/*") };
        let known = owners.get(&owner);
        let fresh = known.filter(|known| now.duration_since(known.at) < LISTED_FOR);
        let listing = match fresh {
            Some(listing) => listing.clone(),
            None => match list(calls, &owner, me, now).await {
                Ok(listing) => listing,
                Err(error) => {
                    found.problems.push(Problem::new(ProblemKind::NotSeen, &what, error.to_string()));
                    found.error = Some(error);
                    match known {
                        Some(known) => known.clone(),
                        None => continue,
                    }
                }
            },
        };
        let meant = listing.repos.iter().filter(|repo| is_watched(watch, &repo.name));
        let meant: Vec<_> =
            meant.filter(|repo| !names.contains(&repo.name.to_ascii_lowercase())).cloned().collect();
        if listing.cut || meant.len() > REPOS_AT_MOST {
            let why = format!(
                "more than {REPOS_AT_MOST} repositories: those pushed to last are watched; name others in watch"
            );
            found.problems.push(Problem::new(ProblemKind::Incomplete, &what, why));
        }
        if let Some(organisations) = &listing.left_out {
            found.problems.push(Problem::new(ProblemKind::Incomplete, &what, left_out(organisations)));
        }
        if listing.malformed > 0 {
            let why = format!("{} of the repositories that GitHub lists cannot be read", listing.malformed);
            found.problems.push(Problem::new(ProblemKind::Malformed, &what, why));
        }
        for repo in meant.into_iter().take(REPOS_AT_MOST) {
            names.insert(repo.name.to_ascii_lowercase());
            let (name, described) = (repo.name.clone(), Some((repo, listing.at)));
            found.targets.push(Target { name, described, again: false, is_reported: false });
        }
        found.owners.insert(owner, listing);
    }
    found
}

impl Targets {
    /// Follows the repositories that were read before: under the name that an owner's list has for them now, and for as
    /// long as something of theirs is on the board, though no list has them.
    pub(super) fn follow(&mut self, watch: &[Watched], known: &mut BTreeMap<String, Repo>) {
        let key = |target: &Target| target.name.to_ascii_lowercase();
        let id_of = |described: &Option<(RepoDescription, Timestamp)>| described.as_ref()?.0.id;
        let named: BTreeSet<_> = self.targets.iter().map(key).collect();
        let name_of = |repo: &Repo| repo.described.as_ref().map(|(described, _)| described.name.clone());
        // Two names of one repository are read as one.
        self.targets.retain(|target| {
            let now_called = known.get(&key(target)).and_then(name_of).map(|name| name.to_ascii_lowercase());
            now_called.is_none_or(|name| name == key(target) || !named.contains(&name))
        });
        let by_id: BTreeMap<u64, String> =
            self.targets.iter().filter_map(|target| Some((id_of(&target.described)?, key(target)))).collect();
        // Where another repository has the name of one that goes by another, each keeps what is its own.
        for target in &self.targets {
            let name = key(target);
            let before = known.get(&name).and_then(|repo| id_of(&repo.described));
            if let Some((before, id)) = before.zip(id_of(&target.described))
                && before != id
                && let Some(now_called) = by_id.get(&before).filter(|it| !known.contains_key(*it))
                && let Some(repo) = known.remove(&name)
            {
                known.insert(now_called.clone(), repo);
            }
        }
        let unlisted: Vec<_> = known.keys().filter(|name| !named.contains(*name)).cloned().collect();
        let mut stragglers = 0;
        for name in unlisted {
            let Some(repo) = known.get(&name) else { continue };
            if let Some(now_called) = id_of(&repo.described).and_then(|id| by_id.get(&id)) {
                if !known.contains_key(now_called) {
                    let repo = repo.clone();
                    known.insert(now_called.clone(), repo);
                }
                continue;
            }
            let closed = repo.described.as_ref().is_some_and(|(described, _)| described.closed);
            let is_on_board = !repo.open.is_empty()
                || !repo.gates.is_empty()
                || repo.board_builds.values().any(|it| it.red || it.under_way);
            let watched = watch.is_empty() || is_watched(watch, &name);
            if watched && is_on_board && !closed && stragglers < STRAGGLERS {
                stragglers += 1;
                let name = name_of(repo).unwrap_or(name);
                self.targets.push(Target { name, described: None, again: true, is_reported: false });
            }
        }
    }
}

/// What lists leave out until the token is authorised for single sign-on, and the remedy.
pub(super) fn left_out(organisations: &str) -> String {
    format!(
        "GitHub leaves out what is of the organisations {organisations}: authorise the token for single sign-on (GitHub, Settings, Developer settings, the token, Configure SSO)"
    )
}

async fn list(calls: &Calls<'_>, owner: &str, me: &str, now: Timestamp) -> Result<Listing, ServiceError> {
    let of = |segments: &[&str], parameters: &[(&str, &str)]| {
        let list = get(segments).query("sort", "pushed").query("direction", "desc").query("per_page", "100");
        parameters.iter().fold(list, |list, (name, value)| list.query(*name, *value))
    };
    if owner.is_empty() {
        return rows::<Entries<wire::Repo>>(calls, of(&["user", "repos"], &[]), now).await;
    }
    if owner.eq_ignore_ascii_case(me) {
        // A user's public list leaves the private ones out.
        return rows::<Entries<wire::Repo>>(calls, of(&["user", "repos"], &[("affiliation", "owner")]), now)
            .await;
    }
    match rows::<Entries<wire::Repo>>(calls, of(&["orgs", owner, "repos"], &[]), now).await {
        Err(ServiceError::Rejected { .. }) => {}
        result => return result,
    }
    match rows::<Entries<wire::Repo>>(calls, of(&["users", owner, "repos"], &[]), now).await {
        Err(ServiceError::Rejected { .. }) => {}
        result => return result,
    }
    // Servers that imitate GitHub may have neither list; GitHub itself answers 422 for an owner that does not exist.
    let search = get(["search", "repositories"]).query("q", format!("user:{owner}")).query("per_page", "100");
    rows::<wire::Found>(calls, search, now).await
}

async fn rows<P: wire::Page<Row = wire::Repo>>(
    calls: &Calls<'_>,
    list: Request,
    now: Timestamp,
) -> Result<Listing, ServiceError> {
    let found = calls.rows::<P>(list, None, PAGES, |_| true).await?;
    let Some(found) = found else {
        return Ok(Listing { at: now, repos: Vec::new(), cut: false, left_out: None, malformed: 0 });
    };
    let alive = found.rows.iter().filter(|repo| repo.archived != Some(true) && repo.disabled != Some(true));
    let repos = alive.map(described).collect();
    let (cut, malformed) = (found.more, found.unread.len());
    Ok(Listing { at: now, repos, cut, left_out: calls.left_out(), malformed })
}
