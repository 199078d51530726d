//! The fingerprint of a preview: what was shown is what runs, or nothing is sent.
//!
//! It holds a digest of each part that a person has seen, and the time that the preview was made for, so that a run can be
//! compared without anything being kept, and the answer can say what changed.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use callboard_domain::{
    chat::Address,
    item::{AccountName, Item},
    text::hexadecimal,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::{ApiError, Changed};

/// How long what depends on the time runs as it was shown. Later it is to be looked at again: a silence "for 2 h" that was
/// shown yesterday is over.
const TIMELY: Duration = Duration::from_secs(10 * 60);
/// The form of the text; another one is of another version of Callboard.
const FORM: &str = "2";
/// The parts, in the order of their digests.
const PARTS: [Changed; 7] = [
    Changed::Command,
    Changed::Files,
    Changed::Account,
    Changed::Arguments,
    Changed::Item,
    Changed::Steps,
    Changed::Channel,
];
/// How much of each digest is kept, in bytes.
const DIGEST: usize = 16;

/// What was prepared, as a client carries it from the preview to the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// The time that the preview was made for, to the millisecond.
    pub(super) at: Timestamp,
    digests: [String; PARTS.len()],
}

/// What goes into a fingerprint.
pub(super) struct Parts<'p> {
    /// The command's spec and, of a file, its own text.
    pub(super) command: Value,
    /// What stands for the content of the files that it uses.
    pub(super) files: BTreeMap<PathBuf, String>,
    /// The account, and who it acts as.
    pub(super) account: (Option<&'p AccountName>, Option<&'p str>),
    pub(super) arguments: Value,
    pub(super) items: Vec<&'p Item>,
    pub(super) steps: Value,
    pub(super) channel: Option<&'p Address>,
}

impl Fingerprint {
    pub(super) fn new(at: Timestamp, parts: &Parts<'_>) -> Self {
        let items: Vec<Value> = parts.items.iter().map(|item| version(item)).collect();
        // In the order of PARTS.
        let digests = [
            digest(&parts.command),
            digest(&parts.files),
            digest(&parts.account),
            digest(&parts.arguments),
            digest(&items),
            digest(&parts.steps),
            digest(&parts.channel.map(ToString::to_string)),
        ];
        Self { at, digests }
    }

    pub(super) fn text(&self) -> String {
        format!("{FORM}.{}.{}", self.at.as_millisecond(), self.digests.join("."))
    }

    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let wrong =
            || ApiError::usage("the fingerprint is not one that prepare gives: prepare the line again");
        let mut fields = text.split('.');
        let (form, at) = (fields.next(), fields.next());
        let at = at.and_then(|at| at.parse().ok()).and_then(|at| Timestamp::from_millisecond(at).ok());
        // One that was cut or altered says nothing about what has changed.
        let is_digest = |text: &&str| {
            text.len() == 2 * DIGEST && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let digests: Vec<String> = fields.take_while(is_digest).map(str::to_owned).collect();
        let whole = Self { at: at.unwrap_or_default(), digests: digests.try_into().map_err(|_| wrong())? };
        match form {
            Some(FORM) if whole.text() == text => Ok(whole),
            _ => Err(wrong()),
        }
    }

    /// What is not as it was when `shown` was prepared.
    pub(super) fn changed_since(&self, shown: &Self) -> Vec<Changed> {
        let pairs = self.digests.iter().zip(&shown.digests);
        PARTS.iter().zip(pairs).filter(|(_, (now, then))| now != then).map(|(part, _)| *part).collect()
    }

    /// True where what depends on the time may still run as it was shown.
    pub(super) fn is_timely(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).unsigned_abs() <= TIMELY
    }
}

/// The answer to a run whose preview no longer holds.
pub(super) fn changed(line: &str, mut changed: Vec<Changed>) -> ApiError {
    // What would be sent changes with most other parts: the cause is reported, not its effect.
    if changed.len() > 1 {
        changed.retain(|part| *part != Changed::Steps);
    }
    let parts: Vec<&str> = changed.iter().map(|part| part.describe()).collect();
    let have = if matches!(changed[..], [one] if !one.is_plural()) { "has" } else { "have" };
    let parts = parts.join(" and ");
    ApiError::Changed {
        message: format!(
            "{line} was not run: {parts} {have} changed since it was shown. Nothing was sent; look at it again"
        ),
        changed,
    }
}

/// An item as far as a person decides by it: all of it but what changes with every look of the service, such as how many
/// checks are under way.
fn version(item: &Item) -> Value {
    let mut whole = json!(item);
    without_times(&mut whole);
    let Some(detail) = whole.get_mut("detail").and_then(Value::as_object_mut) else { return whole };
    detail.remove("updated_at");
    if let Some(Value::Array(runs)) = detail.get_mut("runs") {
        let decisive = ["id", "number", "attempt", "status"];
        runs.truncate(1);
        for run in runs.iter_mut().filter_map(Value::as_object_mut) {
            run.retain(|name, _| decisive.contains(&name.as_str()));
        }
    }
    for of in ["/checks", "/ships/checks"] {
        if let Some(Value::Object(checks)) = whole.pointer_mut(&format!("/detail{of}")) {
            checks.retain(|name, _| name == "commit" || name == "status");
        }
    }
    whole
}

/// Puts what is so in place of "so as of then": the time alone is no reason to decide otherwise.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(without_times);
            if fields.len() == 2 && fields.contains_key("at") && fields.contains_key("value") {
                *value = fields.remove("value").unwrap_or_default();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// 128 bits of SHA-256, as hexadecimal digits.
fn digest(part: &impl Serialize) -> String {
    let text = serde_json::to_vec(part).unwrap_or_default();
    hexadecimal(&Sha256::digest(&text)[..DIGEST])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{approval, at, build, incident, pull};
    use callboard_domain::item::{ApprovalState, AsOf, BuildStatus, Detail, IncidentStatus, Shipment};

    fn of(items: Vec<&Item>, command: &str, steps: &str) -> Fingerprint {
        let parts = Parts {
            command: command.into(),
            files: BTreeMap::new(),
            account: (None, Some("ana")),
            arguments: json!({ "env": "staging" }),
            items,
            steps: steps.into(),
            channel: None,
        };
        Fingerprint::new(at(0), &parts)
    }

    #[test]
    fn text_is_read_back_and_anything_else_is_refused() {
        let shown = of(vec![], "deploy", "POST");
        assert_eq!(Fingerprint::read(&shown.text()).unwrap(), shown);
        let text = shown.text();
        let cut = text.rsplit_once('.').map_or("", |(cut, _)| cut);
        let (last_cut, odd) = (&text[..text.len() - 1], format!("{}g", &text[..text.len() - 1]));
        let (older, longer) = (text.replacen("2.", "1.", 1), format!("{text}.0"));
        let upper = text.to_uppercase();
        let twice = format!("{text}.{}", text.rsplit_once('.').unwrap().1);
        for wrong in [
            "",
            "2",
            "yes",
            cut,
            last_cut,
            &odd,
            &older,
            &longer,
            &upper,
            &twice,
            &text.replacen("2.", "2.+", 1),
        ] {
            let refused = Fingerprint::read(wrong).unwrap_err();
            assert!(refused.to_string().contains("prepare the line again"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn difference_is_named() {
        let shown = of(vec![], "deploy", "POST /a");
        let cases = [
            (of(vec![], "deploy", "POST /a"), vec![]),
            (of(vec![], "edited", "POST /a"), vec![Changed::Command]),
            (of(vec![], "deploy", "POST /b"), vec![Changed::Steps]),
            (of(vec![], "edited", "POST /b"), vec![Changed::Command, Changed::Steps]),
        ];
        for (now, expected) in cases {
            assert_eq!(now.changed_since(&shown), expected);
        }
        let ApiError::Changed { message, changed } =
            changed("deploy", vec![Changed::Command, Changed::Steps])
        else {
            panic!("not Changed")
        };
        assert!(message.contains("the command itself has changed"), "{message}");
        assert_eq!(changed, [Changed::Command]);
        let message = |parts: &[Changed]| super::changed("deploy", parts.to_vec()).to_string();
        assert!(message(&[Changed::Arguments]).contains("the arguments have changed"));
        assert!(message(&[Changed::Files]).contains("a file that it runs has changed"));
        assert!(message(&[Changed::Arguments, Changed::Channel]).contains("is posted have changed"));
    }

    #[test]
    fn item_counts_as_changed_where_a_person_would_decide_otherwise() {
        let pull = |change: &dyn Fn(&mut callboard_domain::item::PullRequest)| {
            let mut item = pull(1, "Add the cart", &[]);
            let Detail::PullRequest(detail) = &mut item.detail else { unreachable!() };
            change(detail);
            item
        };
        let plain = pull(&|_| {});
        let failed = build("acme/web", &[BuildStatus::Failed]);
        let firing = incident("db1", IncidentStatus::Triggered, 1);
        let asked = |read: i64, to: &str, conditions: &[&str]| {
            let mut item = approval("web", ApprovalState::Waiting);
            let Detail::Approval(detail) = &mut item.detail else { unreachable!() };
            let ships = Shipment { to: Some(to.into()), ..Shipment::default() };
            detail.ships = Some(AsOf::new(at(read), ships));
            let conditions = conditions.iter().map(|it| (*it).to_owned()).collect();
            detail.conditions = Some(AsOf::new(at(read), conditions));
            item
        };
        let gate = asked(0, "1.42", &[]);
        let cases = [
            (&plain, pull(&|_| {}), false),
            (&plain, pull(&|pull| pull.updated_at = at(9)), false),
            (&plain, pull(&|pull| pull.head = "beef".into()), true),
            (&plain, pull(&|pull| pull.draft = true), true),
            (&plain, Item { title: "Other".into(), ..pull(&|_| {}) }, true),
            (&failed, build("acme/web", &[BuildStatus::Failed]), false),
            (&failed, build("acme/web", &[BuildStatus::Passed]), true),
            (&failed, build("acme/web", &[BuildStatus::Failed, BuildStatus::Failed]), true),
            (&firing, incident("db1", IncidentStatus::Triggered, 2), false),
            (&firing, incident("db1", IncidentStatus::Resolved, 1), true),
            // It was only read again.
            (&gate, asked(60, "1.42", &[]), false),
            (&gate, asked(60, "1.43", &[]), true),
            (&gate, asked(60, "1.42", &["a wait timer"]), true),
        ];
        for (shown, now, expected) in cases {
            let differs = of(vec![&now], "x", "y").changed_since(&of(vec![shown], "x", "y"));
            assert_eq!(!differs.is_empty(), expected, "{} -> {now:?}", shown.key);
        }
    }

    #[test]
    fn time_dependent_preview_is_valid_for_ten_minutes() {
        let shown = of(vec![], "silence", "until 12:00");
        for (seconds, timely) in [(0, true), (600, true), (601, false), (-5, true), (-601, false)] {
            assert_eq!(shown.is_timely(at(seconds)), timely, "{seconds}");
        }
    }
}
