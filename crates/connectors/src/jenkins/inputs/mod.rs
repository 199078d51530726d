//! `input` steps of pipelines: what waits for a person's yes, and what became of it.
//!
//! A build's own JSON shows only that it has had such a step, and keeps showing it after its end. What waits is asked of the
//! plugin "Pipeline: REST API", build by build; who answered is in the build's actions.

mod ending;
mod normalise;
mod open;
mod poll;
mod read;
mod wire;

use std::{fmt, str::FromStr};

use callboard_domain::{
    item::{AccountName, ItemKey, Kind},
    segment, text,
};

use super::job::JobName;

pub(super) use self::{
    ending::Ending,
    normalise::{item, waits},
    open::OpenInputs,
    poll::{BuildId, Seen},
    wire::{Pending, is_marker},
};

/// An input step as people name it: `web/deploy#12/Proceed`, in a branch's build `web/api@main#12/Proceed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputName {
    pub(super) job: JobName,
    pub(super) number: u64,
    /// Jenkins's id of the step, one segment of a path.
    id: String,
}

/// An id may not be longer.
const LONGEST: usize = 200;

impl InputName {
    /// None where the id would not stay the one segment that it is, or would read as another one.
    pub(super) fn new(job: &JobName, number: u64, id: &str) -> Option<Self> {
        let is_sound = !id.is_empty()
            && !id.contains(['/', '\\', ';'])
            && !matches!(id, "." | "..")
            && id == text::line(id, LONGEST)
            && segment::fault(id).is_none()
            && !segment::is_padded(id);
        is_sound.then(|| Self { job: job.clone(), number, id: id.to_owned() })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn key(&self, account: &AccountName) -> ItemKey {
        ItemKey::new(account, Kind::Approval, self.to_string())
    }

    /// The build that waits: `web/deploy #12`.
    pub(super) fn build(&self) -> String {
        format!("{} #{}", self.job, self.number)
    }
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}/{}", self.job, self.number, self.id)
    }
}

impl FromStr for InputName {
    type Err = String;

    /// A branch may hold `/` and `#`: the id is what follows the last slash, the number what follows the last `#` before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (build, id) = text.rsplit_once('/')?;
            let (job, number) = build.rsplit_once('#')?;
            Self::new(&job.parse().ok()?, number.parse().ok()?, id)
        };
        parts().ok_or_else(|| "an input step such as web/deploy#12/Proceed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text -> the job, the number and the id that it names; `None` where it names none.
    #[test]
    fn name_of_an_input_step_is_read_as_it_is_written() {
        let cases = [
            ("web/deploy#12/Proceed", Some(("web/deploy", 12, "Proceed"))),
            ("web/api@main#12/Proceed", Some(("web/api@main", 12, "Proceed"))),
            ("web/api@fix/#7/x#12/2", Some(("web/api@fix/#7/x", 12, "2"))),
            ("deploy#1/Go live, now?", Some(("deploy", 1, "Go live, now?"))),
            ("deploy#1/a#2", Some(("deploy", 1, "a#2"))),
            ("deploy#1/", None),
            ("deploy#1/..", None),
            ("deploy#1/%2e%2e", None),
            ("deploy#1/a\\b", None),
            ("deploy#1/a\nb", None),
            ("deploy#1/ a", None),
            ("deploy#x/Proceed", None),
            ("#1/Proceed", None),
            ("deploy", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let name = text.parse::<InputName>().ok();
            let parts = name.as_ref().map(|name| (name.job.to_string(), name.number, name.id().to_owned()));
            assert_eq!(
                parts,
                expected.map(|(job, number, id)| (job.to_owned(), number, id.to_owned())),
                "{text}"
            );
            assert!(name.is_none_or(|name| name.to_string() == text), "{text}");
        }
        let job: JobName = "web/deploy".parse().unwrap();
        for id in ["", "a/b", "../x", " a", "a ", "a\u{200b}", "a\u{7}", &"x".repeat(LONGEST + 1)] {
            assert_eq!(InputName::new(&job, 1, id), None, "{id:?}");
        }
    }
}
