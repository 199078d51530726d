//! Where a poll left off: what must be known to ask GitHub only for what is new.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::BuildStatus,
    source::{Cursor, Problem, ProblemKind},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    claim::Claim,
    gates::WaitingRuns,
    gone_build::{GoneBuild, GoneBuilds},
    normalise,
    open::Open,
    part_error::PartError,
    run_branch,
    unlisted_runs::{UnlistedRun, UnlistedRuns},
    wire,
    workflows::Workflows,
};

pub(super) use super::{
    board_build::BoardBuild,
    board_run::{BoardRun, RepoDescription},
    part::Part,
};

/// How long a refusal (gone, forbidden) is valid before asking again.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How long it is valid for what is asked for by the pull request or run: a poll reads a bounded number of them, so it costs
/// little to ask again soon. While less than half of the calls are left it is valid for as long as any other.
const PART_REFUSED_FOR: SignedDuration = SignedDuration::from_mins(2);
/// How many runs are remembered of each repository: that have not passed, that have, and that have in a fork.
const RUNS_REMEMBERED: usize = 100;
/// How long a repository that did not answer is not asked again.
const POSTPONED_FOR: SignedDuration = SignedDuration::from_mins(3);
/// How long a repository's name and default branch are valid.
const DESCRIBED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long a refusal of that part is valid. `spare`: less than half of the calls are left.
fn wait(part: Part, spare: bool) -> SignedDuration {
    if part.is_read_singly() && !spare { PART_REFUSED_FOR } else { REFUSED_FOR }
}

/// The cursor's content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) me: Option<Me>,
    /// The repositories of each owner (in small letters; the empty one: of the account) that a pattern asks for.
    pub(super) owners: BTreeMap<String, Listing>,
    /// By full name in small letters, as the configuration or an owner's list names them.
    pub(super) repos: BTreeMap<String, Repo>,
    /// The repositories that are still to be read, where the last poll was a part.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) unread: BTreeSet<String>,
    /// The repositories whose lists are read, and whose details are still to be read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) details_left: BTreeSet<String>,
    /// What webhooks report and only a poll can check, until one has.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) claims: BTreeSet<Claim>,
    /// Why not all of the account's teams could be read when they were asked for last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) teams_unread: Option<String>,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Me {
    pub(super) login: String,
    pub(super) etag: String,
}

/// The repositories of an owner, as last listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) at: Timestamp,
    pub(super) repos: Vec<RepoDescription>,
    /// True where there are more of them.
    pub(super) cut: bool,
    /// The organisations (by number) that it leaves out until the token is authorised for single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left_out: Option<String>,
    /// How many entries could not be read.
    #[serde(default)]
    pub(super) malformed: usize,
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Repo {
    pub(super) described: Option<(RepoDescription, Timestamp)>,
    /// The ETags of its lists.
    pub(super) pulls: Option<String>,
    pub(super) runs: Option<String>,
    pub(super) default_runs: Option<String>,
    /// The newest change of a pull request, and of a run, that was seen.
    pub(super) newest_pull: Option<Timestamp>,
    pub(super) newest_run: Option<Timestamp>,
    /// True where one page of runs does not hold all of them.
    pub(super) busy: bool,
    /// True where the page of pull requests that each poll reads has all there are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) whole_page: bool,
    pub(super) open: BTreeMap<u64, Open>,
    /// Runs under way on the page of runs, and those that must be asked for one by one.
    pub(super) running: BTreeSet<u64>,
    #[serde(rename = "strays")]
    pub(super) unlisted_runs: UnlistedRuns,
    /// The runs that wait for people.
    #[serde(rename = "waiting")]
    pub(super) gates: WaitingRuns,
    /// The jobs that failed, by attempt, as far as they were asked for.
    pub(super) failing: BTreeMap<String, Vec<String>>,
    pub(super) refused: BTreeMap<Part, Refusal>,
    /// The ETag of its description.
    pub(super) etag: Option<String>,
    /// How often in a row it was not there, once it had been.
    pub(super) missed: u8,
    /// False in cursors of versions that did not keep what follows: all is read again once.
    pub(super) tracked: bool,
    /// The builds that the board shows until they change, by their id: red ones, those under way, those of the default branch.
    #[serde(rename = "standing")]
    pub(super) board_builds: BTreeMap<String, BoardBuild>,
    /// The builds that are gone although their runs may still be listed.
    #[serde(rename = "left")]
    pub(super) gone_builds: GoneBuilds,
    /// The workflows by the stem of their file: the first has it for a name, the others their whole path.
    pub(super) workflows: Workflows,
    /// The runs on its lists, as last read.
    pub(super) listed: BTreeSet<u64>,
    /// The runs that were reported and have not passed, or do not name their branch, by their id: each is asked for by itself
    /// once it is missing from a list that should have it.
    #[serde(rename = "not_passed", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) unpassed_runs: BTreeMap<u64, BoardRun>,
    /// The passed runs that decide how their builds are shown, by their id: asked for like the others, as without them an
    /// earlier run decides.
    #[serde(rename = "passed", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) passed_runs: BTreeMap<u64, BoardRun>,
    /// The other passed runs of branches that are not the repository's own, by their id: once a fork is deleted, nothing else
    /// shows whose branch they are of.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fork_passes: BTreeMap<u64, BoardRun>,
    /// Of the runs on its lists, those that were run again.
    #[serde(rename = "run_again", skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) reruns: BTreeSet<u64>,
    /// Whether it answers for branches (asked of its default branch, at that time): only then a missing one is evidence.
    pub(super) branches: Option<(bool, Timestamp)>,
    /// The name that it had, while not all of its items are reported under the new one.
    pub(super) renamed_from: Option<String>,
    /// True where there are more open pull requests than were read.
    pub(super) cut: bool,
    /// What of its lists could not be read, until they are read again.
    pub(super) malformed: BTreeMap<Part, String>,
    /// Its lists with fewer entries than GitHub counts, and no further page.
    pub(super) short: BTreeSet<Part>,
}

/// GitHub's message when it refused a part, and until when the refusal is valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) why: String,
    /// When it refused; 1970 in the cursors of earlier versions.
    #[serde(default)]
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
    /// True where it is not there, or hidden: a name may be wrong.
    #[serde(default)]
    pub(super) missing: bool,
    /// True where it was no refusal: no answer came, and asking again would hold up the next polls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) postponed: bool,
}

impl Refusal {
    /// One of `now`, valid for so long.
    fn new(why: String, now: Timestamp, valid_for: SignedDuration) -> Self {
        let until = now.saturating_add(valid_for).unwrap_or(now);
        Self { why, at: now, until, missing: false, postponed: false }
    }
}

impl Place {
    /// What a cursor holds. One of another version, or a broken one, means to start over.
    pub(super) fn read(cursor: Option<&Cursor>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    /// A cursor with the claims that webhooks noted, for a poll to check. One that cannot be read stays as it is: the
    /// poll starts over.
    pub(super) fn with_claims(cursor: &Cursor, notes: &[String]) -> Cursor {
        let claims: Vec<Claim> = notes.iter().filter_map(|note| serde_json::from_str(note).ok()).collect();
        if claims.is_empty() {
            return cursor.clone();
        }
        let noted = serde_json::from_str::<Self>(&cursor.0).ok().and_then(|mut place| {
            place.claims.extend(claims);
            place.write()
        });
        noted.unwrap_or_else(|| cursor.clone())
    }

    /// As a cursor.
    pub(super) fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

impl Repo {
    /// Its name and default branch, while they are valid.
    pub(super) fn description(&self, now: Timestamp) -> Option<&RepoDescription> {
        let fresh = |at: Timestamp| now.duration_since(at) < DESCRIBED_FOR;
        self.described.as_ref().filter(|(_, at)| fresh(*at)).map(|(described, _)| described)
    }

    /// Forgets the refusals that are not valid any more: those of before it was last asked who the account is, and those
    /// whose time is over. `spare`: less than half of the calls are left.
    pub(super) fn forget_refusals(&mut self, now: Timestamp, identified_at: Option<Timestamp>, spare: bool) {
        self.refused.retain(|part, refusal| {
            let longer = wait(*part, spare).saturating_sub(wait(*part, false));
            let until = refusal.until.saturating_add(longer).unwrap_or(refusal.until);
            identified_at.is_none_or(|identified_at| refusal.at >= identified_at) && now < until
        });
    }

    /// True where the part was refused lately.
    pub(super) fn is_refused(&self, part: Part) -> bool {
        self.refused.contains_key(&part)
    }

    /// Remembers that a part was refused. False where the error is of another kind: then it may be better next time.
    pub(super) fn refuse(&mut self, part: Part, error: &ServiceError, now: Timestamp) -> bool {
        let refused = matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. });
        if refused {
            self.refused.insert(part, Refusal::new(error.to_string(), now, wait(part, false)));
        }
        refused
    }

    /// Takes note of a run that the board shows. `decides`: it has passed, and its build is shown as it is because of it.
    pub(super) fn note_on_board(&mut self, run: &wire::Run, on_board: BoardRun, decides: bool) {
        self.forget_run(run.id);
        let has_passed = normalise::run_status(run) == BuildStatus::Passed && !run_branch::is_branchless(run);
        let is_of_fork = on_board.branch.is_none();
        let runs = match (has_passed, decides) {
            (false, _) => &mut self.unpassed_runs,
            (true, true) => &mut self.passed_runs,
            (true, false) if is_of_fork => &mut self.fork_passes,
            (true, false) => return,
        };
        runs.insert(run.id, on_board);
        while runs.len() > RUNS_REMEMBERED {
            runs.pop_first();
        }
    }

    /// The runs that the board showed.
    pub(super) fn board_runs_mut(&mut self) -> [&mut BTreeMap<u64, BoardRun>; 3] {
        [&mut self.unpassed_runs, &mut self.passed_runs, &mut self.fork_passes]
    }

    /// Forgets a run that the board showed; gives back how it did, where that is known.
    pub(super) fn forget_run(&mut self, run: u64) -> Option<BoardRun> {
        let known = self.board_runs_mut().map(|runs| runs.remove(&run));
        known.into_iter().flatten().next()
    }

    /// Keeps of the runs that the board showed only these.
    pub(super) fn retain_runs(&mut self, is_kept: impl Fn(&BoardRun) -> bool) {
        self.board_runs_mut().into_iter().for_each(|runs| runs.retain(|_, run| is_kept(run)));
    }

    /// Has the builds read again whose cause to be gone has ended.
    pub(super) fn readmit(&mut self, is_back: impl Fn(&str, &GoneBuild) -> bool) {
        let back = self.gone_builds.take(is_back);
        if back.is_empty() {
            return;
        }
        // The lists need not have the run that decides any more.
        let deciding = back.iter().filter_map(|gone| gone.run);
        deciding.for_each(|run| self.unlisted_runs.insert(run, UnlistedRun::New));
        (self.runs, self.default_runs) = (None, None);
    }

    /// The branch that a run on the board is of, where that is one of the repository's own.
    pub(super) fn branch_of(&self, run: u64) -> Option<&str> {
        let of_board_build = || {
            let is_of = |known: &&BoardBuild| known.run == run || known.newest.number_of(run).is_some();
            self.board_builds.values().find(is_of)?.branch.as_deref()
        };
        self.unpassed_runs.get(&run).and_then(|run| run.branch.as_deref()).or_else(of_board_build)
    }

    /// The build that a run on the board is of.
    pub(super) fn build_of(&self, run: u64) -> Option<&str> {
        let all = [&self.unpassed_runs, &self.passed_runs, &self.fork_passes];
        all.into_iter().find_map(|runs| runs.get(&run)).map(|run| run.build.as_str())
    }

    /// True where nothing of it is on the board: it is closed, or was not there when it was asked for twice.
    pub(super) fn is_away(&self) -> bool {
        self.missed >= 2 || self.described.as_ref().is_some_and(|(described, _)| described.closed)
    }

    /// When it was asked for last, where it is refused: it was not there then, hidden, or not allowed.
    pub(super) fn refused_at(&self) -> Option<Timestamp> {
        self.refused.get(&Part::Repo).filter(|refusal| !refusal.postponed).map(|refusal| refusal.at)
    }

    /// True for a run that was run again and whose row does not say now which attempt it is.
    pub(super) fn is_missing_attempt(&self, run: &wire::Run) -> bool {
        run.run_attempt.is_none() && self.reruns.contains(&run.id)
    }

    /// Does not ask for it again for a while.
    pub(super) fn postpone(&mut self, why: &str, now: Timestamp) {
        let refusal = Refusal::new(why.to_owned(), now, POSTPONED_FOR);
        self.refused.insert(Part::Repo, Refusal { postponed: true, ..refusal });
    }

    /// Remembers that the repository is not there, or hidden.
    pub(super) fn miss(&mut self, now: Timestamp) {
        let why = "GitHub has no such repository, or hides it from this account".to_owned();
        let refusal = Refusal::new(why, now, REFUSED_FOR);
        self.refused.insert(Part::Repo, Refusal { missing: true, ..refusal });
    }

    /// What of it was refused. A server without commit statuses is no problem.
    pub(super) fn errors(&self) -> impl Iterator<Item = PartError> {
        let refused = self.refused.iter().filter(|(part, _)| **part != Part::Statuses);
        refused.map(|(part, refusal)| {
            let why = match refusal.missing {
                true => format!("{}; correct its name in watch, or give the token access to it", refusal.why),
                false => refusal.why.clone(),
            };
            let kind = match part {
                Part::Repo | Part::Pulls | Part::Runs => ProblemKind::NotSeen,
                // Failed checks and requested changes put a pull request among what needs its author.
                Part::Reviews | Part::Checks | Part::Gates => ProblemKind::Incomplete,
                Part::Statuses | Part::Jobs | Part::Answers => ProblemKind::Details,
            };
            PartError { kind, part: Some(*part).filter(|part| *part != Part::Repo), why }
        })
    }

    /// What else is not seen of it, in plain words.
    pub(super) fn problems(&self, name: &str) -> Vec<Problem> {
        let malformed = self.malformed.iter().map(|(part, why)| {
            Problem::new(ProblemKind::Malformed, name, format!("some {} are left out: {why}", part.name()))
        });
        let short = self.short.iter().map(|part| {
            let why = format!("GitHub counts more {} than it lists", part.name());
            Problem::new(ProblemKind::Incomplete, name, why)
        });
        let cut = self.cut.then(|| {
            let why = "more open pull requests than are read: those opened last are watched";
            Problem::new(ProblemKind::Incomplete, name, why)
        });
        let details = self.open.iter().flat_map(|(number, open)| open.problems(&format!("{name}#{number}")));
        let default_unknown = self.described.iter().filter_map(|(described, _)| {
            let (kind, meaning) = match &described.default_branch {
                None => (ProblemKind::Incomplete, "red builds of it may not be shown".to_owned()),
                Some(branch) if described.default_unknown => {
                    (ProblemKind::Details, format!("it is taken to be {branch} still"))
                }
                Some(_) => return None,
            };
            let why = format!("GitHub does not say which branch is its default one: {meaning}");
            (!described.closed).then(|| Problem::new(kind, name, why))
        });
        let default = self.described.as_ref().and_then(|(described, _)| described.default_branch.as_deref());
        let unknown = self.board_builds.iter().filter_map(|(id, known)| {
            let (_, conclusion) = known.unknown.as_ref()?;
            let is_default = known.branch.is_some() && known.branch.as_deref() == default;
            let given = match conclusion.is_empty() {
                true => "gives no conclusion".to_owned(),
                false => format!("says {conclusion}"),
            };
            let why = format!("it is not known how its last run ended: GitHub {given}");
            is_default.then(|| Problem::new(ProblemKind::Incomplete, id.as_str(), why))
        });
        let own = default_unknown.chain(unknown).chain(malformed).chain(short).chain(cut);
        let own = own.chain(self.gates.problems(name));
        own.chain(details).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_keep_the_names_that_earlier_versions_wrote() {
        let stored = r#"{
            "strays": { "7": null },
            "standing": { "acme/web/ci@main": { "run": 8, "red": true } },
            "left": { "acme/web/ci@late": [6, 1] },
            "not_passed": { "8": { "build": "acme/web/ci@main", "number": 2 } },
            "run_again": [8],
            "described": [
                { "name": "acme/web", "default_branch": "main", "default_unsaid": true }, "2026-11-22T12:00:00Z"
            ]
        }"#;
        let repo: Repo = serde_json::from_str(stored).unwrap();
        assert!(repo.unlisted_runs.contains(7));
        assert!(repo.board_builds["acme/web/ci@main"].red);
        assert!(repo.gone_builds.contains("acme/web/ci@late"));
        assert!(repo.unpassed_runs.contains_key(&8) && repo.reruns.contains(&8));
        assert!(repo.described.as_ref().is_some_and(|(described, _)| described.default_unknown));
        let written = serde_json::to_value(&repo).unwrap();
        assert_eq!(written["strays"], serde_json::json!({ "7": null }));
        assert_eq!(written["described"][0]["default_unsaid"], true);
        let kept = ["standing", "left", "not_passed", "run_again"];
        assert!(kept.iter().all(|name| written.get(name).is_some()), "{written}");
    }

    /// Runs of forks have room of their own: they push out none that decides how a build is shown.
    #[test]
    fn passed_runs_of_forks_are_remembered_by_themselves() {
        let run = |id: u64| -> wire::Run {
            let row = serde_json::json!({
                "id": id, "run_number": id, "head_branch": "x", "status": "completed", "conclusion": "success",
            });
            serde_json::from_value(row).unwrap()
        };
        let of = |id, branch: Option<&str>| BoardRun {
            build: format!("acme/web/ci@{}", branch.unwrap_or("eve:x")),
            number: id,
            branch: branch.map(str::to_owned),
        };
        let (mut repo, many) = (Repo::default(), u64::try_from(RUNS_REMEMBERED).unwrap());
        repo.note_on_board(&run(1), of(1, Some("main")), true);
        repo.note_on_board(&run(2), of(2, Some("main")), false);
        (3..=many + 3).for_each(|id| repo.note_on_board(&run(id), of(id, None), false));
        // A run -> the build that it is known to be of.
        let cases = [
            (1, Some("acme/web/ci@main")),
            // It decides nothing, and names its branch.
            (2, None),
            // Too many came after it.
            (3, None),
            (4, Some("acme/web/ci@eve:x")),
            (many + 3, Some("acme/web/ci@eve:x")),
        ];
        for (id, expected) in cases {
            assert_eq!(repo.build_of(id), expected, "{id}");
        }
        // It decides by now, and then it is gone.
        repo.note_on_board(&run(4), of(4, None), true);
        assert!(repo.passed_runs.contains_key(&4) && !repo.fork_passes.contains_key(&4));
        assert_eq!((repo.forget_run(5), repo.build_of(5)), (Some(of(5, None)), None));
        repo.retain_runs(|run| run.branch.is_some());
        assert_eq!((repo.build_of(many + 3), repo.passed_runs.len()), (None, 1));
    }

    /// A refusal, when the account was identified, whether few calls are left -> whether it is valid at 12:01.
    #[test]
    fn refusal_is_valid_for_a_while_and_until_the_account_is_identified() {
        let at = |text: &str| -> Timestamp { format!("2026-11-22T{text}:00Z").parse().unwrap() };
        let of_earlier_version = r#"{"why":"no","until":"2026-11-22T12:02:00Z"}"#;
        let refused = r#"{"why":"no","at":"2026-11-22T12:00:00Z","until":"2026-11-22T12:02:00Z"}"#;
        let over = r#"{"why":"no","at":"2026-11-22T11:58:00Z","until":"2026-11-22T12:00:00Z"}"#;
        let cases = [
            (of_earlier_version, None, false, true),
            (of_earlier_version, Some("11:00"), false, false),
            (refused, None, false, true),
            (refused, Some("11:59"), false, true),
            (refused, Some("12:00"), false, true),
            (refused, Some("12:01"), false, false),
            (over, None, false, false),
            (over, None, true, true),
            (over, Some("11:59"), true, false),
        ];
        for (refusal, identified, spare, expected) in cases {
            let mut repo = Repo::default();
            repo.refused.insert(Part::Reviews, serde_json::from_str(refusal).unwrap());
            repo.forget_refusals(at("12:01"), identified.map(at), spare);
            assert_eq!(repo.is_refused(Part::Reviews), expected, "{refusal} {identified:?} {spare}");
        }
    }
}
