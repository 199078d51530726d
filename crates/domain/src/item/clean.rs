//! Cleaning: every text of a snapshot made safe to show, bounded, and in the one form in which it is compared.

mod approval;
mod texts;

use std::collections::BTreeSet;

pub use self::texts::{EARLIEST, LATEST, LONGEST_LINE, keep_safe_link};
use self::texts::{
    NAME, NAMES_KEPT, SHORT, clean_checks, clean_texts, clean_user, description, line, optional,
    optional_time, set, time, user, users,
};
pub(crate) use self::texts::{REQUESTED_KEPT, join_sets};
use super::{Build, BuildRun, Detail, ESCALATIONS_KEPT, Incident, Item, PullRequest, key::clean_id};
use crate::text::{self, is_plain};

impl Item {
    /// Makes everything that came from outside safe to show and bounded: titles 300 characters, names 200, logins and
    /// commits 100, each in one line; descriptions 4,000 in lines; lists and labels bounded in count; URLs only http and
    /// https and without a password. Lists that are sets are sorted; an empty text counts as not known. What has no title is
    /// called by its id.
    ///
    /// Times lie between [`EARLIEST`] and [`LATEST`], so that sums and differences of them are times too: one outside is
    /// moved to the nearer end, or counts as not known where that can be.
    ///
    /// Cleaning twice changes nothing more. [`crate::event::compare`] cleans the snapshot it is given, so that nothing
    /// unclean is ever stored; the key is clean from [`super::ItemKey::new`] on, so that look-ups agree with what is stored.
    pub fn clean(&mut self) {
        clean_id(&mut self.key.id);
        line(&mut self.title, LONGEST_LINE);
        if self.title.is_empty() {
            self.title.clone_from(&self.key.id);
        }
        keep_safe_link(&mut self.url);
        match &mut self.detail {
            Detail::Build(build) => clean_build(build),
            Detail::PullRequest(pull_request) => clean_pull_request(pull_request),
            Detail::Incident(incident) => clean_incident(incident),
            Detail::Approval(approval) => approval::clean_approval(approval),
        }
    }
}

fn clean_build(build: &mut Build) {
    line(&mut build.repo, NAME);
    line(&mut build.pipeline, NAME);
    optional(&mut build.branch, NAME);
    for run in &mut build.runs {
        let BuildRun { id, at, started_at, commit, author, started_by, subject, url, failing, waits, .. } =
            run;
        if let Some(waits) = waits {
            time(&mut waits.at);
        }
        optional_time(at);
        optional_time(started_at);
        line(id, NAME);
        optional(commit, SHORT);
        optional(author, SHORT);
        optional(started_by, SHORT);
        optional(subject, LONGEST_LINE);
        keep_safe_link(url);
        set(failing, NAME, NAMES_KEPT);
    }
}

fn clean_pull_request(pull_request: &mut PullRequest) {
    time(&mut pull_request.opened_at);
    time(&mut pull_request.updated_at);
    optional_time(&mut pull_request.ended_at);
    line(&mut pull_request.repo, NAME);
    line(&mut pull_request.author, SHORT);
    line(&mut pull_request.branch, NAME);
    line(&mut pull_request.base, NAME);
    line(&mut pull_request.head, SHORT);
    optional(&mut pull_request.merged_by, SHORT);
    let requested = &mut pull_request.requested;
    if requested.len() > REQUESTED_KEPT || requested.iter().any(|name| !is_plain(name, SHORT)) {
        let cleaned: BTreeSet<_> = requested.iter().map(|name| text::line(name, SHORT)).collect();
        *requested = cleaned.into_iter().filter(|name| !name.is_empty()).take(REQUESTED_KEPT).collect();
    }
    for review in &mut pull_request.reviews {
        line(&mut review.by, SHORT);
        time(&mut review.at);
    }
    if let Some(checks) = &mut pull_request.checks {
        clean_checks(checks);
    }
    if let Some(mergeability) = &mut pull_request.mergeability {
        line(&mut mergeability.commit, SHORT);
        time(&mut mergeability.at);
    }
    // An empty one stays: it is known that nothing was written.
    description(&mut pull_request.description);
    if let Some(size) = &mut pull_request.size {
        line(&mut size.commit, SHORT);
        time(&mut size.at);
    }
}

fn clean_incident(incident: &mut Incident) {
    line(&mut incident.service, NAME);
    time(&mut incident.started_at);
    time(&mut incident.updated_at);
    user(&mut incident.changed_by);
    if let Some(hold) = &mut incident.hold {
        time(&mut hold.at);
        users(&mut hold.by);
        // What is held for ever has no end; what was held until before any time is not held.
        hold.until = hold.until.filter(|until| *until < LATEST).map(|until| until.max(EARLIEST));
    }
    if let Some(assigned) = &mut incident.assigned {
        time(&mut assigned.at);
        users(&mut assigned.to);
        user(&mut assigned.by);
    }
    incident.escalations.retain(|at| (EARLIEST..=LATEST).contains(at));
    while incident.escalations.len() > ESCALATIONS_KEPT {
        incident.escalations.pop_first();
    }
    incident.escalated_by.retain(|at, by| incident.escalations.contains(at) && clean_user(by));
    description(&mut incident.description);
    incident.description = incident.description.take().filter(|text| !text.is_empty());
    clean_texts(&mut incident.labels);
    clean_texts(&mut incident.notes);
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{texts::*, *};
    use crate::{
        event,
        item::{
            BuildStatus,
            examples::{build, run},
        },
    };

    #[test]
    fn a_description_is_safe_and_bounded_and_an_empty_one_stays_known() {
        let long = "x".repeat(60_000);
        let cut = format!("{}…", "x".repeat(DESCRIPTION - 1));
        let accents = format!("ab{}", "\u{301}".repeat(120_000));
        let cases = [
            (None, None),
            (Some(""), Some("")),
            (Some(" \r\n\t\n"), Some("")),
            (Some("Why\r\n\r\n- a\r\n"), Some("Why\n\n- a")),
            (Some("  indented\n"), Some("indented")),
            (Some("\u{1b}[31mred\u{1b}[0m \u{202e}dettes\u{2066}\u{7}"), Some("red dettes")),
            (Some("\u{200b}\n\nafter what is not seen"), Some("after what is not seen")),
            (Some("<script>alert(1)</script>"), Some("<script>alert(1)</script>")),
            (Some(&*long), Some(&*cut)),
            (Some(&*accents), Some("a…")),
        ];
        for (text, expected) in cases {
            let mut item = crate::item::examples::pull_request(|p| p.description = text.map(str::to_owned));
            for time in ["once", "twice"] {
                item.clean();
                let Detail::PullRequest(pull) = &item.detail else { unreachable!() };
                assert_eq!(pull.description.as_deref(), expected, "{time}");
            }
        }
    }

    #[test]
    fn a_cut_title_ends_in_an_ellipsis_after_a_whole_character() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for each in ["x", "e\u{301}", family] {
            let cases = [
                (LONGEST_LINE, each.repeat(LONGEST_LINE)),
                (LONGEST_LINE + 1, format!("{}…", each.repeat(LONGEST_LINE - 1))),
            ];
            for (count, expected) in cases {
                let mut item = Item { title: each.repeat(count), ..build(vec![run(1, BuildStatus::Passed)]) };
                item.clean();
                assert_eq!(item.title, expected, "{count} of {each:?}");
            }
        }
    }

    #[test]
    fn item_without_a_title_is_called_by_its_id() {
        let id = "acme/web/ci@main";
        // The titles of the runs, the oldest first -> the title, in whatever order they come.
        let cases: [(&[&str], &str); 6] = [
            (&[""], id),
            (&["\u{200b}", " "], id),
            (&["ci", ""], "ci"),
            (&["", "ci"], "ci"),
            (&["ci", "CI", ""], "CI"),
            (&["ci", id], "ci"),
        ];
        for (titles, expected) in cases {
            let titled = |(number, title): (u64, &&str)| Item {
                title: (*title).to_owned(),
                ..build(vec![run(number, BuildStatus::Passed)])
            };
            let mut snapshots: Vec<Item> = (1..).zip(titles).map(titled).collect();
            for order in ["in order", "reversed"] {
                let join = |stored: Option<Item>, snapshot: &Item| {
                    Some(event::compare(stored.as_ref(), snapshot.clone()).item)
                };
                let joined = snapshots.iter().fold(None, join).unwrap();
                assert_eq!(joined.title, expected, "{titles:?} {order}");
                snapshots.reverse();
            }
        }
    }

    #[test]
    fn only_the_web_is_linked() {
        let cases = [
            ("https://ci.example/job/7", Some("https://ci.example/job/7")),
            ("http://ci.example/", Some("http://ci.example/")),
            ("https://ana:secret@ci.example/", Some("https://ci.example/")),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("ssh://git@ci.example/", None),
        ];
        for (url, expected) in cases {
            let mut url = Url::parse(url).ok();
            keep_safe_link(&mut url);
            assert_eq!(url.as_ref().map(Url::as_str), expected);
        }
        let mut long = Url::parse(&format!("https://ci.example/{}", "x".repeat(URL))).ok();
        keep_safe_link(&mut long);
        assert_eq!(long, None);
    }

    #[test]
    fn a_set_is_whole_where_no_name_is_cut_changed_or_left_out() {
        // The names, with room for three of four characters -> what is kept, and whether that is all.
        let cases: [(&[&str], &[&str], bool); 9] = [
            (&[], &[], true),
            (&["b", "a"], &["a", "b"], true),
            (&["a", "a", "b", "c"], &["a", "b", "c"], true),
            (&["jürg"], &["jürg"], true),
            (&["a", "b", "c", "d"], &["a", "b", "c"], false),
            (&["a", ""], &["a"], false),
            (&["a", "\u{200b}"], &["a"], false),
            (&["abcde"], &["abc…"], false),
            (&["a\u{1b}[1m"], &["a"], false),
        ];
        for (names, kept, whole) in cases {
            let mut found: Vec<String> = names.iter().copied().map(str::to_owned).collect();
            assert_eq!(set(&mut found, 4, 3), whole, "{names:?}");
            assert_eq!(found, kept, "{names:?}");
        }
    }

    #[test]
    fn sets_are_sorted_bounded_and_joined_alike_from_either_side() {
        let mut names: Vec<String> = (0..30).rev().map(|n| format!("job {n:02}")).collect();
        names.extend(["job 07".into(), "  ".into(), "job\u{1b}[1m 01".into()]);
        assert!(!set(&mut names, NAME, NAMES_KEPT));
        assert_eq!(names.len(), NAMES_KEPT);
        assert_eq!(names[..2], ["job 00", "job 01"]);
        let other = vec!["a".to_owned(), "job 00".to_owned()];
        assert_eq!(join_sets(&names, other.clone()), join_sets(&other, names.clone()));
    }
}
