//! The `when` of a rule.

use super::fields::{FIELDS, OF_WHOM, View, pairs};
use crate::{
    event::{Event, EventName},
    expression::{EvalError, Expression, ExpressionError, to_bool},
    identity::Identity,
    item::{Item, Kind},
};

/// A condition over an event and its item (see [`FIELDS`]), checked before it is used.
///
/// It is kept as the operands of its outermost `&&`. What only asks which event it is has been answered for every
/// event beforehand, so that most rules cost nothing for most events, and every operand can be explained by itself.
///
/// What asks others alone ([`super::concerns_others_only`]) is seen only by a condition that reads its recipients. To all others such an
/// event does not exist: they were written when there was none, and `event == "review_requested"` meant me.
#[derive(Debug)]
pub struct Condition {
    text: String,
    parts: Vec<Part>,
    /// One bit for each of [`pairs`]: not set where the condition is false for that event of that kind, whatever the other
    /// operands give.
    possible: u64,
    /// It reads one of [`OF_WHOM`].
    asks_of_whom: bool,
}

#[derive(Debug)]
struct Part {
    expression: Expression,
    /// Answered by `possible` alone.
    precomputed: bool,
}

impl Condition {
    /// Reads a condition. A name, type, function, pattern or event that cannot be right is refused with its place.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        let whole = Expression::condition(text, FIELDS)?;
        let asks_of_whom = whole.names().iter().any(|name| OF_WHOM.contains(&name.as_str()));
        let operands = operands(text)
            .and_then(|texts| {
                texts
                    .into_iter()
                    .map(|text| Expression::condition(text, FIELDS).ok())
                    .collect::<Option<Vec<_>>>()
            })
            .unwrap_or_else(|| vec![whole]);
        let mut possible = u64::MAX;
        let parts = operands
            .into_iter()
            .map(|expression| match answers(&expression) {
                Some(answers) => {
                    possible &= answers;
                    Part { expression, precomputed: true }
                }
                None => Part { expression, precomputed: false },
            })
            .collect();
        Ok(Self { text: text.trim().to_owned(), parts, possible, asks_of_whom })
    }

    /// The condition as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True where it holds for an event and its item. An error names the value that is not there: a label, mostly.
    pub fn matches(&self, event: &Event, item: &Item, me: &Identity) -> Result<bool, EvalError> {
        self.matches_view(&View::new(event, item, me))
    }

    pub(super) fn matches_view(&self, view: &View<'_>) -> Result<bool, EvalError> {
        if self.possible & bit(view.event, view.item.key.kind) == 0 || !self.sees(view) {
            return Ok(false);
        }
        // As CEL has it: an operand that has no value is ignored where another one is false.
        let mut holds = Ok(true);
        for part in self.parts.iter().filter(|part| !part.precomputed) {
            match part.expression.resolve(view, to_bool) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(no_value) => holds = holds.and(Err(no_value)),
            }
        }
        holds
    }

    fn sees(&self, view: &View<'_>) -> bool {
        self.asks_of_whom || !view.of_others
    }

    /// The first operand that is not true, and the values that it read: `item.branch == "main"` is false: item.branch
    /// is "dev".
    pub(super) fn why_not(&self, view: &View<'_>) -> String {
        for part in &self.parts {
            let why = match part.expression.resolve(view, to_bool) {
                Ok(true) => continue,
                Ok(false) => "is false".to_owned(),
                Err(EvalError(why)) => format!("has no value: {why}"),
            };
            let values: Vec<_> = part
                .expression
                .names()
                .iter()
                .filter_map(|name| Some(format!("{name} is {}", view.value(name)?)))
                .collect();
            let values = if values.is_empty() { String::new() } else { format!("; {}", values.join(", ")) };
            return format!("`{}` {why}{values}", part.expression.text());
        }
        if !self.sees(view) {
            let of = crate::text::listed(&view.of.iter().map(|user| user.name.as_str()).collect::<Vec<_>>());
            return format!(
                "it asks {of}, not you: only a condition that reads `of`, `of_ids` or `of_me` looks at it"
            );
        }
        format!("`{}` is true", self.text)
    }
}

fn bit(event: EventName, kind: Kind) -> u64 {
    pairs().position(|pair| pair == (event, kind)).map_or(0, |at| 1 << at)
}

/// The events for which an expression is true, where it asks for nothing but the event and the item's kind.
fn answers(expression: &Expression) -> Option<u64> {
    if !expression.names().iter().all(|name| name == "event" || name == "item.kind") {
        return None;
    }
    let mut answers = 0;
    for (event, kind) in pairs() {
        let names = EventAndKind(event.name(), kind.name());
        if expression.resolve(&names, to_bool).ok()? {
            answers |= bit(event, kind);
        }
    }
    Some(answers)
}

struct EventAndKind(&'static str, &'static str);

impl cel::context::VariableResolver for EventAndKind {
    fn resolve<'b>(&'b self, name: &str) -> Option<cel::common::value::CowVal<'b, 'b>> {
        let text = match name {
            "event" => self.0,
            "item.kind" => self.1,
            _ => return None,
        };
        Some(cel::common::value::CowVal::owned(cel::common::types::CelString::from(text)))
    }
}

/// The operands of the outermost `&&`; `None` where there is an outer `||` or `?`, or where quoting is unusual.
fn operands(text: &str) -> Option<Vec<&str>> {
    if text.contains("//") || text.contains("'''") || text.contains("\"\"\"") {
        return None;
    }
    let bytes = text.as_bytes();
    let (mut operands, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                // A raw string, whose backslashes mean nothing.
                if at > 0 && bytes[at - 1].is_ascii_alphabetic() {
                    return None;
                }
                at += 1;
                while bytes.get(at).is_some_and(|b| *b != quote) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b'?' if depth == 0 => return None,
            b'|' if depth == 0 => return None,
            b'&' if depth == 0 && bytes.get(at + 1) == Some(&b'&') => {
                operands.push(text[start..at].trim());
                at += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    operands.push(text[start..].trim());
    Some(operands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_where_it_means_the_same() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("a", Some(&["a"])),
            ("a && b&&c", Some(&["a", "b", "c"])),
            ("(a && b) && f(c && d)", Some(&["(a && b)", "f(c && d)"])),
            ("a == '&&' && b == \"x\\\"&&\"", Some(&["a == '&&'", "b == \"x\\\"&&\""])),
            ("a && b || c", None),
            ("a && b ? c : d", None),
            ("a == r'\\' && b", None),
            ("a // && b\n && c", None),
            ("a && b)", None),
        ];
        for (text, expected) in cases {
            assert_eq!(operands(text).as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn asks_for_nothing_that_the_event_answers() {
        let cases = [
            ("event == 'failed'", vec!["failed"], 0),
            (
                "item.kind == 'incident' && event != 'resolved'",
                vec!["triggered", "acknowledged", "unacknowledged", "escalated", "reassigned"],
                0,
            ),
            ("event in ['merged', 'closed'] && item.mine", vec!["merged", "closed"], 1),
            ("event == 'merged' && event == 'closed'", vec![], 0),
            ("event == 'approved'", vec!["approved", "approved"], 0),
            ("event == 'approved' && item.kind == 'approval'", vec!["approved"], 0),
            ("item.kind == 'approval'", vec!["approved", "requested", "denied", "expired", "superseded"], 0),
        ];
        for (text, events, asked) in cases {
            let condition = Condition::compile(text).unwrap();
            let possible: Vec<_> = pairs()
                .filter(|(event, kind)| condition.possible & bit(*event, *kind) != 0)
                .map(|(event, _)| event.name())
                .collect();
            assert_eq!(possible, events, "{text}");
            assert_eq!(condition.parts.iter().filter(|part| !part.precomputed).count(), asked, "{text}");
        }
    }
}
