use std::{fmt, str::FromStr};

use callboard_domain::source::GoneReason;

/// A job as people name it: `web/api`, and with the branch of a multibranch project `web/api@feature/cart`.
///
/// Jenkins allows neither `@` nor `/` in the name of a job or folder; a branch's job has the branch's name with the
/// characters that are special in a URL escaped once (`feature%2Fcart`), and escaped again in its URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct JobName {
    /// Folders, then the job (or multibranch project). Never empty.
    path: Vec<String>,
    branch: Option<String>,
}

/// A full name may not be longer.
const LONGEST: usize = 500;

impl JobName {
    /// Why it is not on the board while it is disabled. A branch's job cannot be disabled: Jenkins keeps it so where its branch
    /// is deleted.
    pub(super) fn disabled_reason(&self) -> GoneReason {
        if self.branch.is_some() { GoneReason::BranchDeleted } else { GoneReason::Disabled }
    }

    /// The folders and the job, without the branch: what `watch` is about.
    pub(super) fn full_name(&self) -> String {
        self.path.join("/")
    }

    /// The folder, or the job itself where it is in none.
    pub(super) fn folder(&self) -> String {
        match &self.path[..] {
            [folders @ .., _] if !folders.is_empty() => folders.join("/"),
            path => path.join("/"),
        }
    }

    /// The job's own name.
    pub(super) fn own_name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    pub(super) fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// The path below Jenkins's URL: `job/web/job/api/job/feature%2Fcart`.
    pub(super) fn segments(&self) -> Vec<String> {
        let own = self.path.iter().cloned().chain(self.branch.as_deref().map(escape));
        own.flat_map(|name| ["job".to_owned(), name]).collect()
    }

    /// A job of that name in these folders; none where Jenkins would not allow the name.
    pub(super) fn in_folders(folders: &[String], name: &str) -> Option<Self> {
        let path = [folders, &[name.to_owned()]].concat();
        Self { path, branch: None }.sound()
    }

    /// The branch that a job of a multibranch project builds.
    pub(super) fn of_branch(project: &[String], name: &str) -> Option<Self> {
        Self { path: project.to_vec(), branch: Some(unescape(name)) }.sound()
    }

    /// The same with a branch; none where it has one, or that cannot be one.
    pub(super) fn with_branch(&self, branch: &str) -> Option<Self> {
        let whole = Self { path: self.path.clone(), branch: Some(branch.to_owned()) };
        whole.sound().filter(|_| self.branch.is_none())
    }

    fn sound(self) -> Option<Self> {
        let part = |name: &String| {
            !name.is_empty() && !matches!(&name[..], "." | "..") && !name.contains(['/', '@'])
        };
        let whole = self.to_string();
        let good = !self.path.is_empty()
            && self.path.iter().all(part)
            && self.branch.as_deref() != Some("")
            && whole.len() <= LONGEST
            && !whole.contains(char::is_control);
        good.then_some(self)
    }
}

impl FromStr for JobName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, branch) = match text.split_once('@') {
            Some((path, branch)) => (path, Some(branch.to_owned())),
            None => (text, None),
        };
        let path = path.trim_matches('/').split('/').map(str::to_owned).collect();
        Self { path, branch }
            .sound()
            .ok_or_else(|| "a job such as web/api, or web/api@main for a branch".to_owned())
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path.join("/"))?;
        self.branch.as_ref().map_or(Ok(()), |branch| write!(f, "@{branch}"))
    }
}

/// How the branch-api plugin names a branch's job.
fn escape(branch: &str) -> String {
    match branch {
        "." => "%2E".to_owned(),
        ".." => "%2E.".to_owned(),
        _ => branch.chars().fold(String::new(), |mut name, c| {
            match c {
                '#' | '%' | '/' | '?' | '[' | ']' | '\\' => name.push_str(&format!("%{:02X}", u32::from(c))),
                _ => name.push(c),
            }
            name
        }),
    }
}

fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths() {
        let cases = [
            ("deploy", Some("job/deploy")),
            ("web/api", Some("job/web/job/api")),
            ("/web/api/", Some("job/web/job/api")),
            ("web/api@main", Some("job/web/job/api/job/main")),
            ("web/api@feature/cart", Some("job/web/job/api/job/feature%2Fcart")),
            ("web/api@user@home", Some("job/web/job/api/job/user@home")),
            ("web/api@50%", Some("job/web/job/api/job/50%25")),
            ("web/api@..", Some("job/web/job/api/job/%2E.")),
            ("a b/ü", Some("job/a b/job/ü")),
            ("", None),
            ("/", None),
            ("web//api", None),
            ("web/../api", None),
            ("web/api@", None),
            ("@main", None),
            ("web\n/api", None),
        ];
        for (text, expected) in cases {
            let path = text.parse::<JobName>().map(|name| name.segments().join("/"));
            assert_eq!(path.as_deref().ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn branch_name_round_trips() {
        let project = ["web".to_owned(), "api".to_owned()];
        for branch in ["main", "feature/cart", "100%", "a?b#c", "x[1]\\y", "ä/ö", "user@home", ".", ".."] {
            let name = JobName::of_branch(&project, &escape(branch)).unwrap();
            assert_eq!(name.branch(), Some(branch));
            assert_eq!(name.to_string().parse::<JobName>().unwrap(), name);
        }
        assert_eq!(unescape("%zz%2"), "%zz%2");
        assert_eq!(JobName::of_branch(&project, "%00").map(|name| name.to_string()), None);
    }

    #[test]
    fn folder_is_the_parent_of_a_job() {
        for (text, folder, own) in [("deploy", "deploy", "deploy"), ("a/b/c@main", "a/b", "c")] {
            let name: JobName = text.parse().unwrap();
            assert_eq!((name.folder().as_str(), name.own_name()), (folder, own));
        }
    }
}
