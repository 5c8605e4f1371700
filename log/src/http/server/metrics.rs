//! Counters and gauges in the text format that Prometheus reads.

use crate::pipeline::PruneReport;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram, in milliseconds.
const BOUNDS_MS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// What a server counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    submissions: BTreeMap<&'static str, u64>,
    reads: BTreeMap<(&'static str, u16), u64>,
    acknowledged: Histogram,
    accepted_bytes: u64,
    prunings: u64,
    failed_prunings: u64,
    pruned_bytes: u64,
}

#[derive(Debug, Default)]
struct Histogram {
    /// Observations up to each bound, and beyond the last.
    counts: [u64; BOUNDS_MS.len() + 1],
    sum: Duration,
}

impl Histogram {
    fn observe(&mut self, time: Duration) {
        let position = BOUNDS_MS.iter().position(|bound| time <= Duration::from_millis(*bound));
        if let Some(count) = self.counts.get_mut(position.unwrap_or(BOUNDS_MS.len())) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(time);
    }
}

/// A gauge that is read when somebody asks.
pub(crate) struct Gauge<'a> {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// Labels as they are printed, braces included; empty: none.
    pub(crate) values: &'a [(String, u64)],
}

impl Metrics {
    fn hold(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A submission was answered like this.
    pub(crate) fn submission(&self, outcome: &'static str) {
        *self.hold().submissions.entry(outcome).or_insert(0) += 1;
    }
    /// A record of so many bytes was taken.
    pub(crate) fn accepted_bytes(&self, bytes: u64) {
        let mut counts = self.hold();
        counts.accepted_bytes = counts.accepted_bytes.saturating_add(bytes);
    }
    /// The log was pruned, or, with `None`, was not.
    pub(crate) fn pruned(&self, report: Option<&PruneReport>) {
        let mut counts = self.hold();
        match report {
            Some(report) => {
                let bytes = report.before.total().saturating_sub(report.after.total());
                counts.prunings += 1;
                counts.pruned_bytes = counts.pruned_bytes.saturating_add(bytes);
            }
            None => counts.failed_prunings += 1,
        }
    }
    /// A submission was acknowledged after this time.
    pub(crate) fn acknowledged(&self, time: Duration) {
        self.hold().acknowledged.observe(time);
    }
    /// Something was read.
    pub(crate) fn read(&self, kind: &'static str, status: u16) {
        *self.hold().reads.entry((kind, status)).or_insert(0) += 1;
    }
    /// Everything as text.
    pub(crate) fn text(&self, gauges: &[Gauge<'_>]) -> String {
        let counts = self.hold();
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: Vec<(String, String)>| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (suffix, value) in lines {
                let _ = writeln!(text, "{name}{suffix} {value}");
            }
        };
        for gauge in gauges {
            let lines = gauge.values.iter().map(|(labels, value)| (labels.clone(), value.to_string()));
            family(gauge.name, "gauge", gauge.help, lines.collect());
        }
        let submissions = counts.submissions.iter();
        family(
            "candor_log_submissions_total",
            "counter",
            "Submissions by how they were answered.",
            submissions
                .map(|(outcome, count)| (format!("{{outcome=\"{outcome}\"}}"), count.to_string()))
                .collect(),
        );
        family(
            "candor_log_accepted_bytes_total",
            "counter",
            "Bytes of records that were taken, as they were handed in.",
            vec![(String::new(), counts.accepted_bytes.to_string())],
        );
        let outcome = |outcome: &str, count: u64| (format!("{{outcome=\"{outcome}\"}}"), count.to_string());
        family(
            "candor_log_prunings_total",
            "counter",
            "Prunings by whether they were done.",
            vec![outcome("done", counts.prunings), outcome("failed", counts.failed_prunings)],
        );
        family(
            "candor_log_pruned_bytes_total",
            "counter",
            "Bytes that prunings freed.",
            vec![(String::new(), counts.pruned_bytes.to_string())],
        );
        let reads = counts.reads.iter();
        family(
            "candor_log_reads_total",
            "counter",
            "Reads by what was read and status.",
            reads
                .map(|((kind, status), count)| {
                    (format!("{{kind=\"{kind}\",status=\"{status}\"}}"), count.to_string())
                })
                .collect(),
        );
        family(
            "candor_log_acknowledge_seconds",
            "histogram",
            "Time from a submission's first byte of body to its acknowledgement.",
            histogram(&counts.acknowledged),
        );
        text
    }
}

fn histogram(histogram: &Histogram) -> Vec<(String, String)> {
    let mut total = 0;
    let mut lines = Vec::new();
    let bounds = BOUNDS_MS.iter().map(|bound| (*bound as f64 / 1000.0).to_string());
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(histogram.counts) {
        total += count;
        lines.push((format!("_bucket{{le=\"{bound}\"}}"), total.to_string()));
    }
    lines.push(("_sum".to_owned(), histogram.sum.as_secs_f64().to_string()));
    lines.push(("_count".to_owned(), total.to_string()));
    lines
}
