//! A figure: what was measured, its percentiles, and the peer's median from the same run.

use std::time::Duration;

use serde_json::{Value, json};

/// One line of the report.
pub(crate) struct Figure {
    name: String,
    /// What exactly was measured, in a line.
    what: String,
    unit: &'static str,
    values: Samples,
    peer: Option<(String, f64)>,
    goal: Option<Goal>,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// The 95th percentile is at most this.
    P95(f64),
    /// The 99th percentile is at most this.
    P99(f64),
    /// The median is at most this.
    AtMost(f64),
    /// The median is at least this.
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(
        name: impl Into<String>,
        unit: &'static str,
        values: Samples,
        what: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), what: what.into(), unit, values, peer: None, goal: None }
    }

    /// Beside a peer's median, in the same unit.
    pub(crate) fn beside(mut self, peer: impl Into<String>, median: f64) -> Self {
        self.peer = Some((peer.into(), median));
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// The goal as text, and whether it is met.
    fn verdict(&self) -> Option<(String, bool)> {
        let (p50, p95, p99) = (self.values.at(50.0), self.values.at(95.0), self.values.at(99.0));
        Some(match self.goal? {
            Goal::P95(most) => (format!("p95 <= {}", number(most)), p95 <= most),
            Goal::P99(most) => (format!("p99 <= {}", number(most)), p99 <= most),
            Goal::AtMost(most) => (format!("<= {}", number(most)), p50 <= most),
            Goal::AtLeast(least) => (format!(">= {}", number(least)), p50 >= least),
        })
    }

    fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().map(|(_, median)| self.values.at(50.0) / median)
    }
}

/// Measured values, in order of size.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Times in milliseconds.
    pub(crate) fn millis(times: &[Duration]) -> Self {
        Self::new(times.iter().map(|time| time.as_secs_f64() * 1e3).collect())
    }

    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    /// The value below which this share (in percent) of all lies.
    pub(crate) fn at(&self, percent: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (last as f64 * percent / 100.0).round() as usize;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(50.0)
    }
}

/// The report as JSON. `ratio` is Callboard's median to the peer's.
pub(crate) fn report(figures: &[Figure]) -> String {
    let row = |figure: &Figure| -> Value {
        let verdict = figure.verdict();
        json!({
            "name": figure.name,
            "what": figure.what,
            "unit": figure.unit,
            "p50": figure.values.at(50.0),
            "p95": figure.values.at(95.0),
            "p99": figure.values.at(99.0),
            "n": figure.values.0.len(),
            "peer": figure.peer.as_ref().map(|(name, _)| name),
            "peer_p50": figure.peer.as_ref().map(|(_, median)| median),
            "ratio": figure.ratio(),
            "goal": verdict.as_ref().map(|(goal, _)| goal),
            "met": verdict.map(|(_, met)| met),
        })
    };
    let figures: Vec<Value> = figures.iter().map(row).collect();
    format!("{:#}\n", json!({ "figures": figures }))
}

/// The report for people.
pub(crate) fn table(figures: &[Figure]) -> String {
    let head = ["", "unit", "p50", "p95", "p99", "n", "peer p50", "ratio", "goal"].map(str::to_owned);
    let mut rows = vec![head];
    for figure in figures {
        let values = &figure.values;
        let several = |percent| if values.0.len() > 1 { number(values.at(percent)) } else { String::new() };
        let goal =
            figure.verdict().map(|(goal, met)| format!("{goal}: {}", if met { "met" } else { "MISSED" }));
        rows.push([
            figure.name.clone(),
            figure.unit.to_owned(),
            number(values.median()),
            several(95.0),
            several(99.0),
            values.0.len().to_string(),
            figure
                .peer
                .as_ref()
                .map_or(String::new(), |(name, median)| format!("{} ({name})", number(*median))),
            figure.ratio().map_or(String::new(), number),
            goal.unwrap_or_default(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..9).map(width).collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            2..=5 | 7 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
        if let Some(figure) = at.checked_sub(1).and_then(|at| figures.get(at)) {
            text.push_str(&format!("    {}\n", figure.what));
        }
    }
    text
}

/// Three significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
