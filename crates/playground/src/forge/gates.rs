//! What waits for a person's yes in the forge: deployments to a protected environment, and the runs of first-timers.

use super::{
    Forge, Push,
    world::{Deployed, GateAnswer, Phase, Run, Workflow, World},
};
use crate::service::second;

/// A deployment that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// The repository's name, without its owner.
    pub repo: &'static str,
    /// Who asks.
    pub by: &'static str,
    /// What the run is called: what is deployed, and why now.
    pub title: &'static str,
}

impl Forge {
    /// Somebody deploys what is good of main; the run waits for a reviewer of the environment. Gives its number.
    pub fn ask(&self, deployment: Deployment) -> Option<u64> {
        let mut world = self.world();
        let id = world.count();
        let repo = world.repos.get_mut(deployment.repo)?;
        let (commit, number) = (repo.deployable()?, repo.next_run(Workflow::Deploy));
        let (sha, subject) = (commit.sha.clone(), commit.subject.clone());
        repo.runs.push(Run {
            title: Some(deployment.title.to_owned()),
            actor: deployment.by.to_owned(),
            ..Run::new(id, Workflow::Deploy, number, "main", &sha, &subject, second())
        });
        self.wait_for_reviewer(&mut world, deployment.repo, id);
        Some(id)
    }

    /// A run waits for a reviewer of the environment.
    pub(super) fn wait_for_reviewer(&self, world: &mut World, name: &str, id: u64) {
        let deployment = world.count();
        let Some(repo) = world.repos.get_mut(name) else { return };
        let Some(run) = repo.runs.iter().find(|run| run.id == id) else { return };
        repo.deployments.push(Deployed::new(deployment, run));
        self.enter(world, name, id, Phase::Waiting);
        self.send_run(world, name, id);
        self.send_gate(world, name, id, "requested");
    }

    /// Somebody answers the deployments of that kind that wait, and gives the reason; where there is none, or they are no
    /// reviewer, nothing happens.
    pub fn answer(&self, deployment: Deployment, by: &str, yes: bool, why: &str) {
        let mut world = self.world();
        let runs = world.repos.get(deployment.repo).into_iter().flat_map(|repo| &repo.runs);
        let meant =
            |run: &&Run| run.phase == Phase::Waiting && run.title.as_deref() == Some(deployment.title);
        for id in runs.filter(meant).map(|run| run.id).collect::<Vec<_>>() {
            self.answer_gate(&mut world, deployment.repo, id, by, yes, why);
        }
    }

    /// A reviewer answers: a yes lets the run go on, a no fails it. `None` where it does not wait or they may not.
    pub(super) fn answer_gate(
        &self,
        world: &mut World,
        name: &str,
        id: u64,
        by: &str,
        yes: bool,
        comment: &str,
    ) -> Option<()> {
        let (name, repo) = world.repos.iter_mut().find(|(known, _)| **known == name)?;
        let (name, may) = (*name, repo.reviewers.contains(&by));
        let run = repo.runs.iter_mut().find(|run| run.id == id && run.phase == Phase::Waiting && may)?;
        let attempt = run.attempt;
        run.answers.push(GateAnswer { attempt, by: by.to_owned(), yes, comment: comment.to_owned() });
        if yes {
            self.enter(world, name, id, Phase::Queued);
            self.send_gate(world, name, id, "approved");
            self.follow(name, id, attempt);
        } else {
            self.enter(world, name, id, Phase::Ended);
            self.send_gate(world, name, id, "rejected");
            self.send_run(world, name, id);
        }
        Some(())
    }

    /// A first-timer opens a pull request from a fork of their own; its run waits until somebody lets it. Gives its number.
    pub fn contribute(&self, push: Push) -> Option<u64> {
        let mut world = self.world();
        self.open_pull(&mut world, push, &[], Some(push.by))?;
        let runs = &world.repos.get(push.repo)?.runs;
        runs.last().map(|run| run.id)
    }

    /// Somebody lets the first-timers' runs of a branch; where none waits, nothing happens.
    pub fn let_run(&self, repo: &str, branch: &str) {
        let mut world = self.world();
        let runs = world.repos.get(repo).into_iter().flat_map(|repo| &repo.runs);
        let waiting = runs.filter(|run| run.branch == branch).map(|run| run.id).collect::<Vec<_>>();
        for id in waiting {
            self.let_one_run(&mut world, repo, id);
        }
    }

    /// `None` where there is no run that waits for that.
    pub(super) fn let_one_run(&self, world: &mut World, name: &str, id: u64) -> Option<()> {
        let (name, repo) = world.repos.iter().find(|(known, _)| **known == name)?;
        let run = repo.runs.iter().find(|run| run.id == id && run.phase == Phase::Unapproved)?;
        let (name, attempt) = (*name, run.attempt);
        self.enter(world, name, id, Phase::Queued);
        self.send_run(world, name, id);
        self.follow(name, id, attempt);
        Some(())
    }

    /// What waits for a yes or had one or a no since the day began, with what came of it.
    #[cfg(test)]
    pub(crate) fn gates(&self) -> Vec<(String, &'static str)> {
        let world = self.world();
        let of = |run: &Run| {
            let outcome = match (run.phase, run.answers.last()) {
                (Phase::Unapproved | Phase::Waiting, _) => "waiting",
                (_, Some(answer)) if !answer.yes => "denied",
                (_, Some(_)) => "approved",
                (_, None) if run.fork.is_some() => "approved",
                (_, None) => return None,
            };
            Some((run.title.as_ref().unwrap_or(&run.subject).clone(), outcome))
        };
        world.repos.values().flat_map(|repo| &repo.runs).filter_map(of).collect()
    }
}
