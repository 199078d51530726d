//! What an evaluation may cost.
//!
//! CEL has no bound of its own, and what an expression costs depends on the answer that it looks at. So every loop, and
//! every value that is compared, searched, joined or copied, is weighed while the expression is evaluated: the parsed
//! expression is given calls of [`WEIGHED`] in these places, which hand on their value, or end the evaluation.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cel::{
    ExecutionError, IdedExpr,
    common::{
        ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators},
        types::{CelBytes, CelInt, CelList, CelMap, CelString, DYN_TYPE, INT_TYPE, Type},
        value::{CowVal, StaticVal, Val},
    },
};
use serde_json::Value as Json;

/// The function that weighs a value; no expression can write it.
pub(super) const WEIGHED: &str = "@weighed";
/// The name of the budget in the scope of an evaluation; no expression can write it.
pub(super) const BUDGET: &str = "@budget";
/// How many times a value weighs that is copied: it takes memory as well.
const COPIED: i64 = 4;
/// Bytes of text that cost as much as a value.
const BYTES: usize = 64;

/// How much evaluating an expression may cost, in steps: about one part of the expression evaluated once, one value
/// looked at, or 64 bytes of text. A thousand take less than a millisecond.
///
/// Copies share what is left, so that an evaluation on another thread can be stopped.
#[derive(Debug, Clone)]
pub struct Budget(Arc<AtomicU64>);

impl Budget {
    /// For what is evaluated on the way: rules, while events are written, and what is asked of a command's arguments.
    pub const SMALL: u64 = 500_000;
    /// For what is evaluated by itself, over the answer of a service: about 100,000 entries in a simple loop.
    pub const LARGE: u64 = 5_000_000;

    /// So many steps.
    pub fn new(steps: u64) -> Self {
        Self(Arc::new(AtomicU64::new(steps)))
    }

    /// Nothing more is done on it.
    pub fn stop(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// True where it was not enough, or was stopped.
    pub(super) fn is_spent(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes this many steps from the budget. False where fewer are left: then it is used up.
    pub(super) fn spend(&self, steps: u64) -> bool {
        let spent = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(steps)));
        spent.is_ok_and(|before| before > steps)
    }
}

/// The budget as a value that the weighing function is given.
#[derive(Debug)]
pub(super) struct BudgetValue(pub(super) Budget);

static PURSE: Type = Type::new_unspecified_type("budget");

impl Val for BudgetValue {
    fn get_type(&self) -> &Type {
        &PURSE
    }

    fn cel_type() -> &'static Type {
        &PURSE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self(self.0.clone()))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for BudgetValue {}

/// The parameters of [`weighed`]: the value, the budget, how much its weight counts, and what each of its entries costs.
pub(super) fn parameters() -> Vec<Type> {
    vec![DYN_TYPE, DYN_TYPE, INT_TYPE, INT_TYPE]
}

/// Hands on its first argument, once it is paid for.
pub(super) fn weighed<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let number = |at: usize| {
        let number = args.get(at).and_then(|it| it.downcast_ref::<CelInt>());
        number.and_then(|it| u64::try_from(*it.inner()).ok()).unwrap_or(1)
    };
    let (times, each) = (number(2), number(3));
    let paid = match (args.first(), args.get(1).and_then(|it| it.downcast_ref::<BudgetValue>())) {
        (Some(value), Some(BudgetValue(budget))) => {
            let most = budget.left();
            let cost = weight(&**value, most).saturating_mul(times);
            budget.spend(cost.saturating_add(entries(&**value).saturating_mul(each)))
        }
        _ => false,
    };
    if paid && !args.is_empty() {
        Ok(args.swap_remove(0))
    } else {
        Err(ExecutionError::InternalError("the budget is spent".to_owned()))
    }
}

fn entries(value: &dyn Val) -> u64 {
    let count = value.as_sizer().filter(|_| value.as_iterable().is_some()).map(|it| *it.size().inner());
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

/// What looking at a value whole costs; what is more than `most` need not be exact.
fn weight(value: &dyn Val, most: u64) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return of_bytes(text.inner().len());
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        return of_bytes(bytes.inner().len());
    }
    let mut sum = 1;
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        for entry in list.inner() {
            if sum > most {
                break;
            }
            sum += weight(&**entry, most - sum);
        }
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        for (key, entry) in map.inner() {
            if sum > most {
                break;
            }
            sum += weight(key.inner(), most - sum);
            sum += weight(&**entry, most.saturating_sub(sum));
        }
    }
    sum
}

/// The same of JSON that is about to become such a value.
pub(super) fn weight_of_json(value: &Json, most: u64) -> u64 {
    match value {
        Json::String(text) => of_bytes(text.len()),
        Json::Array(values) => values.iter().fold(1, |sum, value| match sum > most {
            true => sum,
            false => sum + weight_of_json(value, most - sum),
        }),
        Json::Object(entries) => entries.iter().fold(1, |sum, (key, value)| match sum > most {
            true => sum,
            false => sum + of_bytes(key.len()) + weight_of_json(value, most - sum),
        }),
        _ => 1,
    }
}

fn of_bytes(length: usize) -> u64 {
    1 + u64::try_from(length / BYTES).unwrap_or(u64::MAX)
}

/// Puts calls of [`WEIGHED`] into an expression. `pattern` is how many times a text weighs that a pattern is looked for in.
pub(super) fn weigh(expr: &mut IdedExpr, pattern: &dyn Fn(&str) -> i64) {
    match &mut expr.expr {
        Expr::Comprehension(comprehension) => {
            let each = [&comprehension.loop_cond, &comprehension.loop_step].into_iter().map(nodes).sum();
            weigh(&mut comprehension.iter_range, pattern);
            weigh(&mut comprehension.accu_init, pattern);
            weigh(&mut comprehension.loop_cond, pattern);
            // What appends to the result is known by its form (`@result + [x]`), which is kept.
            weigh(&mut comprehension.loop_step, pattern);
            weigh(&mut comprehension.result, pattern);
            wrap(&mut comprehension.iter_range, 1, each);
        }
        Expr::Call(call) => {
            let times = match (call.func_name.as_str(), &call.args[..]) {
                ("matches", [argument]) => text_of(argument).map_or(1, pattern),
                (operators::ADD, _) => COPIED,
                _ => 1,
            };
            for part in call.target.iter_mut().map(|target| &mut **target).chain(&mut call.args) {
                weigh(part, pattern);
                if is_costly(&call.func_name) {
                    wrap(part, times, 0);
                }
            }
        }
        Expr::List(list) => {
            for element in &mut list.elements {
                weigh(element, pattern);
                wrap(element, COPIED, 0);
            }
        }
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    weigh(&mut entry.key, pattern);
                    weigh(&mut entry.value, pattern);
                    wrap(&mut entry.value, COPIED, 0);
                }
            }
        }
        Expr::Select(select) => weigh(&mut select.operand, pattern),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// Whether what a call costs depends on what it is given.
fn is_costly(name: &str) -> bool {
    !matches!(
        name,
        operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::CONDITIONAL
            | operators::INDEX
            | operators::NOT_STRICTLY_FALSE
    )
}

fn wrap(expr: &mut IdedExpr, times: i64, each: i64) {
    // The result so far is kept as it is: the loops know their own.
    let is_free = match &expr.expr {
        Expr::Literal(_) | Expr::List(_) => each == 0,
        Expr::Ident(name) => name.starts_with('@'),
        _ => false,
    };
    if is_free {
        return;
    }
    let id = expr.id;
    let node = |expr| IdedExpr { id, expr };
    let number = |number: i64| node(Expr::Literal(LiteralValue::Int(number.into())));
    let value = std::mem::take(expr);
    let args = vec![value, node(Expr::Ident(BUDGET.to_owned())), number(times), number(each)];
    *expr = node(Expr::Call(CallExpr { func_name: WEIGHED.to_owned(), target: None, args }));
}

/// How many parts an expression has.
fn nodes(expr: &IdedExpr) -> i64 {
    let inner: i64 = match &expr.expr {
        Expr::Call(call) => call.target.iter().map(|it| &**it).chain(&call.args).map(nodes).sum(),
        Expr::Comprehension(it) => [&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result]
            .into_iter()
            .map(nodes)
            .sum(),
        Expr::List(list) => list.elements.iter().map(nodes).sum(),
        Expr::Map(map) => map
            .entries
            .iter()
            .map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => nodes(&entry.key) + nodes(&entry.value),
                EntryExpr::StructField(field) => nodes(&field.value),
            })
            .sum(),
        Expr::Select(select) => nodes(&select.operand),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => 0,
    };
    1 + inner
}

fn text_of(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
