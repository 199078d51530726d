//! A day at Acme, as data: what people and machines do, minute by minute.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    Playground,
    forge::{Deployment, Push, Verdict},
    pager::Alert,
};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Commits are pushed, and the branch is built.
    Push(Push),
    /// A pull request is opened, and these are asked to review it.
    Open(Push, &'static [&'static str]),
    /// Somebody (third) reviews the pull request of a repository's branch.
    Review(&'static str, &'static str, &'static str, Verdict),
    /// Somebody (third) merges the pull request of a repository's branch.
    Merge(&'static str, &'static str, &'static str),
    /// An alert fires.
    Fire(Alert),
    /// An alert is over.
    Resolve(Alert),
    /// Somebody (second) builds a job; it fails or not.
    Build(&'static str, &'static str, bool),
    /// A deployment is asked for, and waits for a yes.
    Ask(Deployment),
    /// Somebody (second) answers it with yes or no, and gives the reason.
    Answer(Deployment, &'static str, bool, &'static str),
    /// A first-timer opens a pull request from a fork, and its run waits for a yes.
    Contribute(Push),
    /// Somebody lets it run.
    LetRun(Push),
    /// Somebody (second) lets the builds of a job (first) go on that wait for input, or not.
    Input(&'static str, &'static str, bool),
    /// Somebody (second) posts in a channel.
    Say(&'static str, &'static str, &'static str),
}

impl Moment {
    /// True for what waits for a person's yes from then on.
    fn asks(self) -> bool {
        matches!(self, Self::Ask(_) | Self::Contribute(_) | Self::Build(ROLL_OUT, ..))
    }

    /// True for the answer to a request.
    fn answers(self, request: Self) -> bool {
        match (self, request) {
            (Self::Answer(answered, ..), Self::Ask(asked)) => answered == asked,
            (Self::LetRun(answered), Self::Contribute(asked)) => answered == asked,
            (Self::Input(answered, ..), Self::Build(asked, ..)) => answered == asked,
            _ => false,
        }
    }
}

/// A moment and its time of the day, in minutes after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Minutes after midnight.
    pub at: u16,
    /// What happens then.
    pub moment: Moment,
}

const fn at(hour: u16, minute: u16, moment: Moment) -> Scene {
    Scene { at: hour * 60 + minute, moment }
}

const fn push(
    repo: &'static str,
    branch: &'static str,
    by: &'static str,
    subject: &'static str,
    fails: Option<&'static str>,
) -> Push {
    Push { repo, branch, by, subject, fails }
}

/// The alert of the morning.
pub const SLOW: Alert = Alert {
    name: "CheckoutSlow",
    service: "checkout",
    severity: "critical",
    summary: "Checkout slower than 2 s",
    description: "The slowest twentieth of checkouts took 2.8 s over the last 5 minutes",
};
const DISK: Alert = Alert {
    name: "DiskFillsUp",
    service: "postgres",
    severity: "warning",
    summary: "The disk of db-1 is full in 6 hours",
    description: "84 % used, and growing by 2.6 % an hour",
};
const QUEUE: Alert = Alert {
    name: "MailQueueLong",
    service: "mail",
    severity: "warning",
    summary: "1,200 mails wait",
    description: "The mail queue grows since 20 minutes",
};

/// The pull request of the morning, which the person is asked to review.
pub const CART: Push = push("web", "cart-totals", "ana", "Show the discount in the cart", None);
/// What breaks main in the morning.
pub const RED: Push = push("web", "main", "bo", "Round prices late", Some("unit tests"));
const LOGIN: Push = push("api", "login-limits", "cleo", "Limit sign-ins per address", Some("lint"));
const FONTS: Push = push("web", "font-sizes", "bo", "Use relative font sizes", None);

/// The deployment of the morning: another person answers it after a while.
pub const RELEASE: Deployment =
    Deployment { repo: "web", by: "dora", title: "Release 1.42.0 before the newsletter goes out" };
const MORNING: Deployment = Deployment { repo: "api", by: "cleo", title: "What was merged yesterday" };
const HASTE: Deployment = Deployment { repo: "api", by: "cleo", title: "Send the late mails" };
/// What a first-timer contributes.
pub const TYPO: Push = push("web", "footer-typo", "gus", "Correct a typo in the footer", None);
/// The job of which each build asks where it should go.
const ROLL_OUT: &str = "web/deploy";

/// The day. Its times only rise; a moment follows all that it depends on.
pub const DAY: &[Scene] = &[
    at(9, 0, Moment::Say("general", "ana", "Good morning. Cart totals first, then the release")),
    at(9, 2, Moment::Open(CART, &[crate::ME])),
    at(9, 10, Moment::Push(RED)),
    at(9, 14, Moment::Ask(RELEASE)),
    at(9, 16, Moment::Fire(SLOW)),
    at(9, 18, Moment::Build(ROLL_OUT, "dora", false)),
    at(9, 20, Moment::Contribute(TYPO)),
    at(9, 22, Moment::Review("web", "cart-totals", "bo", Verdict::Approved)),
    at(9, 30, Moment::Say("deploys", "bo", "main is red because of me, a fix is on its way")),
    at(9, 48, Moment::Build("web/e2e", "bo", false)),
    at(10, 2, Moment::Open(LOGIN, &["ana", "bo"])),
    at(10, 14, Moment::Push(push("web", "main", "bo", "Round prices once, at the end", None))),
    at(10, 24, Moment::Review("api", "cache-prices", "bo", Verdict::ChangesRequested)),
    at(10, 32, Moment::Resolve(SLOW)),
    at(10, 34, Moment::Ask(MORNING)),
    at(10, 40, Moment::Push(push("api", "login-limits", "cleo", "Remove what lint found", None))),
    at(10, 58, Moment::Answer(MORNING, "dora", true, "")),
    at(11, 5, Moment::Merge("web", "cart-totals", "ana")),
    at(11, 20, Moment::Review("api", "login-limits", "ana", Verdict::Approved)),
    at(11, 40, Moment::Merge("api", "login-limits", "cleo")),
    at(12, 0, Moment::Fire(DISK)),
    at(12, 10, Moment::LetRun(TYPO)),
    at(12, 20, Moment::Say("incidents", "dora", "I grow the disk of db-1 after lunch")),
    at(13, 10, Moment::Resolve(DISK)),
    at(13, 20, Moment::Merge("web", "footer-typo", "ana")),
    at(13, 30, Moment::Open(FONTS, &[crate::ME, "ana"])),
    at(13, 50, Moment::Build("web/e2e", "ana", true)),
    at(14, 10, Moment::Review("api", "cache-prices", "bo", Verdict::Approved)),
    at(14, 30, Moment::Review("web", "font-sizes", "ana", Verdict::Commented)),
    // Late, so that it still waits when the person has dealt with the first matter.
    at(14, 40, Moment::Answer(RELEASE, "ana", true, "")),
    at(14, 42, Moment::Input(ROLL_OUT, "dora", true)),
    at(14, 45, Moment::Build("deploy", "dora", false)),
    at(14, 50, Moment::Build("web/e2e", "ana", false)),
    at(15, 10, Moment::Fire(QUEUE)),
    at(15, 30, Moment::Push(push("api", "main", "cleo", "Send mails in batches", None))),
    at(15, 40, Moment::Ask(HASTE)),
    at(15, 50, Moment::Resolve(QUEUE)),
    at(16, 0, Moment::Answer(HASTE, "ana", false, "The queue is empty again: tomorrow")),
    at(16, 10, Moment::Review("web", "font-sizes", "ana", Verdict::Approved)),
    at(16, 30, Moment::Merge("web", "font-sizes", "bo")),
    at(16, 50, Moment::Build("deploy", "dora", false)),
    at(17, 20, Moment::Say("general", "dora", "All is out, main is green. Good evening")),
];

/// How long a night is, in minutes of the day.
const NIGHT: u16 = 30;
/// How long those who watch the services have to begin, before anything happens.
const START: Duration = Duration::from_secs(2);

/// What waits for the person from the first moment: nobody else deals with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matter {
    Review,
    RedMain,
    Alert,
}

impl Matter {
    const ALL: [Self; 3] = [Self::Alert, Self::RedMain, Self::Review];

    /// How it begins.
    fn begins(self) -> Moment {
        match self {
            Self::Review => Moment::Open(CART, &[crate::ME]),
            Self::RedMain => Moment::Push(RED),
            Self::Alert => Moment::Fire(SLOW),
        }
    }

    /// True for a moment that would begin it again, or deal with it in the person's place.
    fn is_touched_by(self, moment: Moment) -> bool {
        match (self, moment) {
            (Self::Review, Moment::Open(Push { repo, branch, .. }, _))
            | (Self::Review, Moment::Review(repo, branch, ..) | Moment::Merge(repo, branch, _)) => {
                (repo, branch) == (CART.repo, CART.branch)
            }
            (Self::RedMain, Moment::Push(push)) => (push.repo, push.branch) == (RED.repo, RED.branch),
            // A merge builds main.
            (Self::RedMain, Moment::Merge(repo, ..)) => repo == RED.repo,
            (Self::Alert, Moment::Fire(alert) | Moment::Resolve(alert)) => alert == SLOW,
            _ => false,
        }
    }
}

impl Playground {
    /// Plays a moment now. One that does not apply any more (the pull request is merged already) does nothing.
    pub fn play(&self, moment: Moment) {
        match moment {
            Moment::Push(push) => self.forge.push(push),
            Moment::Open(push, reviewers) => drop(self.forge.open(push, reviewers)),
            Moment::Review(repo, branch, by, verdict) => self.forge.review(repo, branch, by, verdict),
            Moment::Merge(repo, branch, by) => self.forge.merge(repo, branch, by),
            Moment::Fire(alert) => self.pager.fire(alert),
            Moment::Resolve(alert) => self.pager.resolve(alert),
            Moment::Build(job, by, fails) => self.ci.build(job, by, &[], fails),
            Moment::Ask(deployment) => drop(self.forge.ask(deployment)),
            Moment::Answer(deployment, by, yes, why) => self.forge.answer(deployment, by, yes, why),
            Moment::Contribute(push) => drop(self.forge.contribute(push)),
            Moment::LetRun(Push { repo, branch, .. }) => self.forge.let_run(repo, branch),
            Moment::Input(job, by, yes) => self.ci.answer(job, by, yes),
            Moment::Say(channel, by, text) => self.chat.say(channel, by, text),
        }
    }

    /// True while the person has not dealt with it.
    fn waits(&self, matter: Matter) -> bool {
        match matter {
            Matter::Review => self.forge.awaits_review(CART.repo, CART.branch, crate::ME),
            Matter::RedMain => self.forge.main_is_red(RED.repo),
            Matter::Alert => self.pager.is_active(SLOW),
        }
    }

    /// Begins the first three matters at once: an alert, a red main, a review.
    pub fn begin(&self) {
        Matter::ALL.into_iter().for_each(|matter| self.play(matter.begins()));
    }

    /// What happens of a day's moments: the first three matters are left to the person for as long as they wait, and
    /// begin once on the first day.
    pub fn play_unless_it_waits(&self, moment: Moment, first_day: bool) {
        let is_left = |matter: Matter| {
            let again = first_day && matter.begins() == moment;
            matter.is_touched_by(moment) && (again || self.waits(matter))
        };
        if !Matter::ALL.into_iter().any(is_left) {
            self.play(moment);
        }
    }

    /// True for what would stand before the first three matters while the person has dealt with none of them.
    fn is_held_back(&self, moment: Moment) -> bool {
        moment.asks() && Matter::ALL.into_iter().all(|matter| self.waits(matter))
    }

    /// Plays a moment of the day, after those that were held back so far. An answer drops the request that is held back: it would
    /// be asked with nobody left to answer it.
    fn play_scene(&self, held_back: &mut Vec<Moment>, moment: Moment, first_day: bool) {
        held_back.retain(|request| !moment.answers(*request));
        held_back.push(moment);
        for moment in std::mem::take(held_back) {
            match first_day && self.is_held_back(moment) {
                true => held_back.push(moment),
                false => self.play_unless_it_waits(moment, first_day),
            }
        }
    }

    /// Begins with what waits for the person, then lives [`DAY`] after day, `speed` times as fast as real days, until
    /// `until`.
    pub async fn live_a_day(&self, speed: f64, until: &CancellationToken) {
        let wait = |minutes: u16| {
            Duration::try_from_secs_f64(f64::from(minutes) * 60.0 / speed).unwrap_or(Duration::MAX)
        };
        if until.run_until_cancelled(tokio::time::sleep(START)).await.is_none() {
            return;
        }
        self.begin();
        let mut clock = DAY.first().map_or(0, |scene| scene.at);
        let mut first_day = true;
        let mut held_back = Vec::new();
        loop {
            for scene in DAY {
                let pause = wait(scene.at.saturating_sub(clock));
                if until.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
                clock = scene.at;
                self.play_scene(&mut held_back, scene.moment, first_day);
            }
            if until.run_until_cancelled(tokio::time::sleep(wait(NIGHT))).await.is_none() {
                return;
            }
            clock = DAY.first().map_or(0, |scene| scene.at);
            first_day = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_follow_what_they_depend_on() {
        let (mut open, mut firing, mut asked) =
            (vec![("api", "cache-prices")], Vec::new(), Vec::<Moment>::new());
        let mut before = 0;
        for scene in DAY {
            assert!(scene.at > before, "{scene:?} is not later than the one before it");
            before = scene.at;
            if scene.moment.asks() {
                asked.push(scene.moment);
            }
            asked.retain(|request| !scene.moment.answers(*request));
            match scene.moment {
                Moment::Open(push, _) | Moment::Contribute(push) => open.push((push.repo, push.branch)),
                Moment::Review(repo, branch, ..) => assert!(open.contains(&(repo, branch)), "{scene:?}"),
                Moment::Merge(repo, branch, _) => {
                    let place = open.iter().position(|pull| *pull == (repo, branch)).expect(branch);
                    open.remove(place);
                }
                Moment::Push(push) => {
                    assert!(push.branch == "main" || open.contains(&(push.repo, push.branch)), "{scene:?}");
                }
                Moment::Fire(alert) => firing.push(alert),
                Moment::Resolve(alert) => {
                    let place = firing.iter().position(|other| *other == alert).expect(alert.name);
                    firing.remove(place);
                }
                Moment::Answer(deployment, by, ..) => {
                    assert_ne!(by, deployment.by, "nobody answers their own request: {scene:?}");
                }
                Moment::Ask(_)
                | Moment::LetRun(_)
                | Moment::Input(..)
                | Moment::Build(..)
                | Moment::Say(..) => {}
            }
        }
        // The day ends in the state in which it began.
        assert_eq!((open, firing, asked), (vec![("api", "cache-prices")], Vec::new(), Vec::new()));
    }

    #[tokio::test]
    async fn first_three_matters_wait_for_the_person() {
        let pace = crate::Pace { queue: Duration::ZERO, build: Duration::ZERO };
        let playground = Playground::start(pace).await.unwrap();
        playground.begin();
        while !playground.forge.main_is_red(RED.repo) {
            tokio::task::yield_now().await;
        }
        let waiting =
            || Matter::ALL.into_iter().filter(|matter| playground.waits(*matter)).collect::<Vec<_>>();
        assert_eq!(waiting(), Matter::ALL);
        // A whole day, and another: nobody else deals with them, and none of them begins twice.
        for first_day in [true, false] {
            DAY.iter().for_each(|scene| playground.play_unless_it_waits(scene.moment, first_day));
        }
        assert_eq!(waiting(), Matter::ALL);
        // Nothing is put before them until one is dealt with.
        assert!(playground.is_held_back(Moment::Ask(RELEASE)));
        assert!(!playground.is_held_back(Moment::Fire(DISK)));
        // Dealt with, the day goes on with them.
        playground.forge.review(CART.repo, CART.branch, crate::ME, Verdict::Approved);
        assert!(!playground.is_held_back(Moment::Ask(RELEASE)));
        playground.play_unless_it_waits(Moment::Resolve(SLOW), false);
        assert_eq!(waiting(), [Matter::Alert, Matter::RedMain]);
        playground.play_unless_it_waits(Moment::Merge(CART.repo, CART.branch, "ana"), false);
        assert!(!playground.forge.awaits_review(CART.repo, CART.branch, crate::ME));
        playground.stop().await;
    }

    #[tokio::test]
    async fn request_held_back_past_its_answer_is_not_asked() {
        let pace = crate::Pace { queue: Duration::ZERO, build: Duration::ZERO };
        let playground = Playground::start(pace).await.unwrap();
        playground.begin();
        while !playground.forge.main_is_red(RED.repo) {
            tokio::task::yield_now().await;
        }
        let asked = || (playground.forge.gates(), playground.ci.inputs(ROLL_OUT));
        let mut held_back = Vec::new();
        DAY.iter().for_each(|scene| playground.play_scene(&mut held_back, scene.moment, true));
        assert_eq!((held_back.as_slice(), asked()), (&[][..], (Vec::new(), Vec::new())));
        // The next day nothing is held back: each is asked once, and answered.
        DAY.iter().for_each(|scene| playground.play_scene(&mut held_back, scene.moment, false));
        let expected = [
            (MORNING.title.to_owned(), "approved"),
            (HASTE.title.to_owned(), "denied"),
            (RELEASE.title.to_owned(), "approved"),
            (TYPO.subject.to_owned(), "approved"),
        ];
        assert_eq!((held_back.as_slice(), asked()), (&[][..], (expected.to_vec(), vec!["approved"])));
        playground.stop().await;
    }
}
