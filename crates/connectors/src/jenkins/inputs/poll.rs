//! Which input steps wait by now, and what became of those that did.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use callboard_domain::{
    item::{AccountName, ApprovalState, Detail, Item, Kind},
    source::{Gone, GoneReason, Problem, ProblemKind},
    text,
};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Ending, InputName, OpenInputs, Pending,
    ending::approvals,
    is_marker, item, normalise,
    open::{Fate, OpenBuild},
    read::{Reply, each, is_of_all},
};
use crate::{
    Watch,
    dedup::once,
    jenkins::{builds::BuildsRead, client::Jenkins, job::JobName, normalise::Listing, wire},
    lenient::{self, Entries, MalformedEntry},
};

/// How long is asked at least what became of what waits no more.
const ENDINGS: Duration = Duration::from_secs(10);

/// A build of a job.
pub(in crate::jenkins) type BuildId = (String, u64);

/// What a poll has seen of jobs and builds.
pub(in crate::jenkins) struct Seen<'a> {
    pub(in crate::jenkins) jenkins: &'a Jenkins,
    pub(in crate::jenkins) account: &'a AccountName,
    pub(in crate::jenkins) watch: &'a Watch,
    pub(in crate::jenkins) listing: &'a Listing<'a>,
    /// The builds that were asked for by their numbers.
    pub(in crate::jenkins) asked: &'a BuildsRead,
    /// The jobs that were made again.
    pub(in crate::jenkins) recreated: &'a BTreeSet<String>,
    /// The jobs that are gone.
    pub(in crate::jenkins) gone: &'a [Gone],
    /// True where every build under way has been seen.
    pub(in crate::jenkins) whole: bool,
    pub(in crate::jenkins) now: Timestamp,
    /// Until when there is time to ask.
    pub(in crate::jenkins) until: Instant,
}

/// What was found of input steps.
#[derive(Debug, Default)]
pub(in crate::jenkins) struct Found {
    pub(in crate::jenkins) snapshots: Vec<Item>,
    pub(in crate::jenkins) gone: Vec<Gone>,
    pub(in crate::jenkins) problems: Vec<Problem>,
    /// Whether a build waits, of those that were asked about.
    pub(in crate::jenkins) waits: BTreeMap<BuildId, bool>,
    pub(in crate::jenkins) open: OpenInputs,
    /// The last build that there was time to ask about, where there was none for others: the next poll begins after it.
    pub(in crate::jenkins) reached: Option<BuildId>,
    /// True where nothing waits but what was found.
    pub(in crate::jenkins) complete: bool,
}

/// The input steps of a build that wait.
struct List {
    ids: BTreeSet<String>,
    /// True where there is none beside these.
    whole: bool,
    /// How often somebody had said yes in the build before it was read.
    approvals: usize,
}

/// A build of which input steps vanished.
struct Vanished {
    job: JobName,
    number: u64,
    before: OpenBuild,
    /// Those that wait no more.
    ids: BTreeSet<String>,
    /// What waits in it now, where it goes on.
    list: Option<List>,
}

impl Seen<'_> {
    /// `before`: what waited when it was last looked at; `reached`: where that look ended for want of time.
    pub(in crate::jenkins) async fn look(&self, before: &OpenInputs, reached: Option<&BuildId>) -> Found {
        let mut found = Found { complete: self.whole, ..Found::default() };
        let lists = self.lists(before, reached, &mut found).await;
        let vanished = self.vanished(before, lists, &mut found);
        self.read_ends(vanished, &mut found).await;
        found
    }

    /// The builds under way that may wait: those that have had an input step, and those that waited.
    fn under_way(&self, before: &OpenInputs) -> Vec<(&JobName, &wire::Build)> {
        let may_wait = |name: &JobName, build: &wire::Build| {
            build.building
                && build.number > 0
                && (build.actions.iter().any(is_marker) || before.of(name, build.number).is_some())
        };
        let mut all = Vec::new();
        for (name, job) in self.listing.jobs.iter().filter(|(_, job)| !job.is_disabled()) {
            let mut seen = BTreeSet::new();
            let builds = job.builds().iter().chain(self.asked.of(name));
            let waiting = builds.filter(|build| may_wait(name, build) && seen.insert(build.number));
            all.extend(waiting.map(|build| (name, build)));
        }
        all
    }

    /// Asks which input steps wait.
    async fn lists(
        &self,
        before: &OpenInputs,
        reached: Option<&BuildId>,
        found: &mut Found,
    ) -> BTreeMap<BuildId, List> {
        let mut builds = self.under_way(before);
        let is_reached = |(name, build): &(&JobName, &wire::Build)| {
            reached.is_some_and(|(job, number)| build.number == *number && name.to_string() == *job)
        };
        if let Some(last) = builds.iter().position(is_reached) {
            builds.rotate_left(last + 1);
        }
        let questions = builds.iter().map(|(name, build)| ((*name).clone(), build.number)).collect();
        let ask = |(job, number): (JobName, u64)| async move {
            match self.jenkins.pending(&job, number).await? {
                Some(list) => Ok(Some(Some(list))),
                // The build is gone, or the plugin was never there.
                None => Ok(self.jenkins.find_build(&job, Some(number)).await?.map(|_| None)),
            }
        };
        let replies = each(questions, self.until, ask, is_of_all).await;
        let is_there = replies.iter().any(|reply| matches!(reply, Reply::Read(Some(_))));
        let (mut lists, mut late, mut without) = (BTreeMap::new(), 0, 0);
        for ((name, build), reply) in builds.into_iter().zip(replies) {
            let id = (name.to_string(), build.number);
            let part = format!("{name}#{}", build.number);
            found.complete &= matches!(reply, Reply::Read(Some(_)));
            match reply {
                Reply::Read(Some(list)) => {
                    let list = self.listed(name, build, list, &part, found);
                    found.reached = Some(id.clone());
                    lists.insert(id, list);
                }
                Reply::Read(None) if is_there => {
                    found.problem(ProblemKind::NotSeen, part, "Jenkins has no list of its input steps");
                }
                Reply::Read(None) => without += 1,
                Reply::Missing => {}
                Reply::Failed(error) => {
                    let why = format!("it cannot be read which input steps wait: {error}");
                    found.problem(ProblemKind::NotSeen, part, why);
                }
                Reply::NotAsked => late += 1,
            }
        }
        if without > 0 {
            let why = "the plugin Pipeline: REST API is not there: input steps that wait are not seen";
            found.problem(ProblemKind::NotSeen, "", why);
        }
        if late > 0 {
            let why = format!("{} may wait for input, still to be asked about", text::count(late, "build"));
            found.problem(ProblemKind::Incomplete, "", why);
        } else {
            found.reached = None;
        }
        lists
    }

    /// Takes in what waits in a build.
    fn listed(
        &self,
        name: &JobName,
        build: &wire::Build,
        list: Entries<Pending>,
        part: &str,
        found: &mut Found,
    ) -> List {
        let Entries { good, mut odd } = list;
        let waits = !good.is_empty() || !odd.is_empty();
        found.waits.insert((name.to_string(), build.number), waits);
        let same = |one: &Pending, other: &Pending| (one == other).then_some(std::cmp::Ordering::Equal);
        let key = |one: &Pending| Some(one.id.clone()).filter(|id| !id.is_empty());
        let called = |id: &str| match text::line(id, 80) {
            id if id.is_empty() => "one without an id".to_owned(),
            id => id,
        };
        let good = once(good, &mut odd, key, same, |one| called(&one.id));
        let mut ids = BTreeSet::new();
        for pending in good {
            match InputName::new(name, build.number, &pending.id) {
                Some(input) => {
                    let page = self.jenkins.page(name, build);
                    found.snapshots.push(item(self.account, &input, &pending, build, page));
                    ids.insert(pending.id);
                }
                None => odd.push(MalformedEntry {
                    which: called(&pending.id),
                    why: "its id cannot be part of an address".to_owned(),
                }),
            }
        }
        let problem = lenient::problem(&odd, ids.len(), part, "input steps");
        found.problems.extend(problem.map(|problem| problem.of_kind(Some(Kind::Approval))));
        found.complete &= odd.is_empty();
        List { ids, whole: odd.is_empty(), approvals: approvals(build).len() }
    }

    /// What waited and does not any more. What is not known of now is remembered as it was.
    fn vanished(
        &self,
        before: &OpenInputs,
        mut lists: BTreeMap<BuildId, List>,
        found: &mut Found,
    ) -> Vec<Vanished> {
        let under_way: BTreeSet<BuildId> = self
            .under_way(before)
            .into_iter()
            .map(|(name, build)| (name.to_string(), build.number))
            .collect();
        let jobs: BTreeMap<String, &wire::Job> =
            self.listing.jobs.iter().map(|(name, job)| (name.to_string(), *job)).collect();
        let mut vanished = Vec::new();
        for (id, number, open) in before.builds() {
            let Ok(job) = id.parse::<JobName>() else { continue };
            if !self.watch.matches(&job.full_name()) {
                continue;
            }
            let reason = match jobs.get(id) {
                Some(_) if self.recreated.contains(id) => Some(GoneReason::Deleted),
                Some(listed) if listed.is_disabled() => Some(job.disabled_reason()),
                Some(_) => self.asked.is_gone(&job, number).then_some(GoneReason::Deleted),
                None if !self.listing.covers(&job) => {
                    found.keep(id, number, open.clone());
                    continue;
                }
                None => {
                    let gone = self.gone.iter().find(|gone| gone.key.id == *id);
                    Some(gone.map_or(GoneReason::NotListed, |gone| gone.reason.clone()))
                }
            };
            if let Some(reason) = reason {
                self.leave(&job, number, open, &reason, found);
                continue;
            }
            let key = (id.to_owned(), number);
            let list = lists.remove(&key);
            match &list {
                Some(list) if !list.whole => {
                    let waits = open.waits.union(&list.ids).cloned().collect();
                    found.keep(id, number, OpenBuild { waits, ..open.clone() });
                    continue;
                }
                None if under_way.contains(&key) => {
                    found.keep(id, number, open.clone());
                    continue;
                }
                _ => {}
            }
            let ids = match &list {
                Some(list) => open.waits.difference(&list.ids).cloned().collect(),
                None => open.waits.clone(),
            };
            vanished.push(Vanished { job, number, before: open.clone(), ids, list });
        }
        for ((job, number), list) in lists {
            found.open.keep(&job, number, list.open(BTreeSet::new()));
        }
        vanished
    }

    /// Reports that what waited in a build is gone with it.
    fn leave(&self, job: &JobName, number: u64, open: &OpenBuild, reason: &GoneReason, found: &mut Found) {
        let waits: BTreeSet<_> = found.snapshots.iter().map(|item| item.key.clone()).collect();
        for name in open.waits.iter().filter_map(|id| InputName::new(job, number, id)) {
            let reason = match reason {
                GoneReason::Renamed { to } => {
                    let renamed = to.parse().ok().and_then(|to| InputName::new(&to, number, name.id()));
                    renamed.map_or(GoneReason::NotListed, |to| GoneReason::Renamed { to: to.to_string() })
                }
                reason => reason.clone(),
            };
            let key = name.key(self.account);
            if !waits.contains(&key) {
                found.gone.push(Gone { key, reason });
            }
        }
    }

    /// Asks what became of what has vanished, where that is to be known.
    async fn read_ends(&self, vanished: Vec<Vanished>, found: &mut Found) {
        let is_open = |it: &Vanished| !it.ids.is_empty() || (it.list.is_none() && !it.before.left.is_empty());
        let (open, quiet): (Vec<_>, Vec<_>) = vanished.into_iter().partition(is_open);
        for it in quiet {
            let Some(list) = it.list else { continue };
            let left = it.before.left_with(&list);
            let approvals = if list.ids.is_empty() { it.before.approvals } else { list.approvals };
            let next = OpenBuild { approvals, ..list.open(left) };
            found.open.keep(&it.job.to_string(), it.number, next);
        }
        let questions = open.iter().map(|it| (it.job.clone(), it.number)).collect();
        let ask =
            |(job, number): (JobName, u64)| async move { self.jenkins.ending(&job, number, self.now).await };
        let mut late = 0;
        // Lists that come late leave these their own time.
        let until = self.until.max(Instant::now() + ENDINGS);
        let replies = each(questions, until, ask, is_of_all).await;
        for (it, reply) in open.into_iter().zip(replies) {
            match reply {
                Reply::Read(ending) => self.ended(it, &ending, found),
                Reply::Missing => self.leave(
                    &it.job,
                    it.number,
                    &OpenBuild { waits: it.ids, ..OpenBuild::default() },
                    &GoneReason::Deleted,
                    found,
                ),
                Reply::Failed(error) => {
                    let why = format!("it cannot be read what became of its input steps: {error}");
                    found.problem(ProblemKind::Incomplete, format!("{}#{}", it.job, it.number), why);
                    it.wait(found);
                }
                Reply::NotAsked => {
                    late += 1;
                    it.wait(found);
                }
            }
        }
        if late > 0 {
            let why =
                format!("input steps of {} are over, still to be asked how", text::count(late, "build"));
            found.problem(ProblemKind::Incomplete, "", why);
        }
    }

    /// Reports what became of what has vanished.
    fn ended(&self, it: Vanished, ending: &Ending, found: &mut Found) {
        let goes_on_unseen = ending.building && it.list.is_none();
        // What still waited may have been answered since the list was read: the next one tells those answers apart.
        let is_newer = it.list.as_ref().is_some_and(|list| {
            let is_as_listed = ending.building && ending.approvals.len() == list.approvals;
            !list.ids.is_empty() && !is_as_listed
        });
        let fates = it.before.fates(&it.ids, ending).filter(|_| !goes_on_unseen && !is_newer);
        let Some(fates) = fates else { return it.wait(found) };
        let mut left = it.list.as_ref().map(|list| it.before.left_with(list)).unwrap_or_default();
        for (id, fate) in fates {
            let Some(name) = InputName::new(&it.job, it.number, &id) else { continue };
            let mut end = |state, ended_by, why: Option<&str>| {
                let mut approval = normalise::approval(&it.job);
                (approval.state, approval.ended_by) = (state, ended_by);
                approval.ended_why = why.map(str::to_owned);
                let detail = Detail::Approval(approval);
                let item = Item { key: name.key(self.account), title: String::new(), url: None, detail };
                found.snapshots.push(item);
            };
            match fate {
                Fate::Approved(by) => end(ApprovalState::Approved, by, None),
                Fate::Denied(by) => end(ApprovalState::Denied, Some(by), None),
                Fate::Ended => end(ApprovalState::Superseded, None, Some("the build ended")),
                Fate::Left => {
                    let key = name.key(self.account);
                    found.gone.push(Gone { key, reason: GoneReason::NotListed });
                    left.insert(id);
                }
            }
        }
        if ending.building {
            let waits = it.list.map(|list| list.ids).unwrap_or_default();
            let next = OpenBuild { waits, left, approvals: ending.approvals.len() };
            found.open.keep(&it.job.to_string(), it.number, next);
        }
    }
}

impl Found {
    fn problem(&mut self, kind: ProblemKind, part: impl Into<String>, why: impl Into<String>) {
        self.problems.push(Problem::new(kind, part, why).of_kind(Some(Kind::Approval)));
    }

    /// Remembers a build as it was: it is not known what waits in it now.
    fn keep(&mut self, job: &str, number: u64, open: OpenBuild) {
        self.open.keep(job, number, open);
        self.complete = false;
    }
}

impl List {
    fn open(self, left: BTreeSet<String>) -> OpenBuild {
        OpenBuild { waits: self.ids, left, approvals: self.approvals }
    }
}

impl OpenBuild {
    /// What vanished before, unless something new waits since: a later no would be to either.
    fn left_with(&self, list: &List) -> BTreeSet<String> {
        if list.ids.is_subset(&self.waits) { self.left.clone() } else { BTreeSet::new() }
    }
}

impl Vanished {
    /// It is not known yet what became of them: they are asked about again.
    fn wait(self, found: &mut Found) {
        let now = self.list.map(|list| list.ids).unwrap_or_default();
        let waits = self.ids.union(&now).cloned().collect();
        let id = self.job.to_string();
        found.keep(&id, self.number, OpenBuild { waits, ..self.before });
    }
}
