//! `candor replay`: the records again, and the first that differs.

use crate::artefact;
use crate::classify::Classify;
use crate::command::verify;
use crate::exit::{ExitClass, Failure};
use crate::expectation::ExpectationArguments;
use crate::output::{Report, count, hex_string};
use crate::progress::Progress;
use crate::selection::{self, SelectionArguments};
use crate::store::Store;
use candor_log::FileLogReader;
use candor_program::card::Program;
use candor_trace::Bundle;
use candor_verifier::{
    Assumption, AssumptionName, Difference, Expected, Place, ReplayOutcome, diagnose, replay,
};
use clap::Args;
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

/// Records that are replayed at a time.
const CHUNK: u64 = 1024;

/// `candor replay`.
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// Which records
    #[command(flatten)]
    pub subject: Subject,
    /// What to expect
    #[command(flatten)]
    pub expectation: ExpectationArguments,
}

/// The records to replay: a bundle, or those of the log.
#[derive(Args, Clone, Debug)]
pub struct Subject {
    /// A bundle [default: the whole log in --dir]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "range", "transaction", "log"])]
    pub bundle: Option<PathBuf>,
    /// Records of the log
    #[command(flatten)]
    pub selection: SelectionArguments,
}

/// What a replay found.
pub struct Replayed {
    /// Records that were looked at.
    pub records: u64,
    /// Where the first difference is.
    pub finding: Finding,
    /// The bundle that the difference is in.
    pub bundle: Option<Bundle>,
    /// What the finding rests on.
    pub assumptions: Vec<Assumption>,
}

/// Outcome of a replay.
pub enum Finding {
    /// None differs.
    Agrees,
    /// The first that differs.
    Differs(Difference),
    /// Something is missing.
    Undecided(String),
}

impl Replay {
    /// Replays and reports.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let program = artefact::program(&store.program())?;
        let expected = self.expectation.expected(&program.card)?;
        let started = Instant::now();
        let replayed = self.subject.replay(store, &expected, &program)?;
        let elapsed_s = started.elapsed().as_secs_f64();
        let rate = replayed.records as f64 / elapsed_s.max(1e-9);
        let mut report = report(&replayed);
        report
            .text
            .push_str(&format!("\ntime    {:.0} ms, {rate:.0} records per second", elapsed_s * 1000.0));
        report.json["milliseconds"] = json!(elapsed_s * 1000.0);
        report.text.push_str(&verify::assumptions_text(&replayed.assumptions));
        report.json["assumptions"] = verify::assumptions_json(&replayed.assumptions);
        Ok(report)
    }
}

impl Subject {
    /// Replays the records and finds the first that differs.
    pub fn replay(&self, store: &Store, expected: &Expected, program: &Program) -> Result<Replayed, Failure> {
        if let Some(path) = &self.bundle {
            let bundle = artefact::bundle(path)?;
            return one(expected, program, bundle).map_err(|failure| failure.at(path.display()));
        }
        let directory = self.selection.log_directory(store);
        let place = |failure: Failure| failure.at(directory.display());
        let (log, _) = artefact::log(&directory)?;
        let range = match self.selection.selection() {
            Some(selection) => selection::resolve(&log, selection).map_err(place)?,
            None => 0..log.len(),
        };
        if range.is_empty() {
            return Err(place(
                Failure::usage("the log has no record").fix("record something with candor record"),
            ));
        }
        let segments = match self.selection.selection() {
            Some(_) => vec![range.clone()],
            None => segments(&log, &range, &expected.program_id).map_err(place)?,
        };
        let others = (range.end - range.start) - segments.iter().map(|one| one.end - one.start).sum::<u64>();
        let mut progress = Progress::new("replaying");
        let (mut records, mut assumptions) = (0, Vec::new());
        let chunks = segments.into_iter().flat_map(|segment| {
            let (begin, end) = (segment.start, segment.end);
            segment.step_by(CHUNK as usize).map(move |first| (first, end.min(first + CHUNK), first == begin))
        });
        // Where a piece goes on, the piece before it is its past, and was looked at.
        let mut going_on = expected.clone();
        going_on.refused.retain(|name| *name != AssumptionName::UncheckedPast);
        for (first, end, begins) in chunks {
            let bundle = selection::bundle(&log, program.card.clone(), first..end).map_err(place)?;
            let expected = if begins { expected } else { &going_on };
            let mut replayed = one(expected, program, bundle).map_err(place)?;
            records += replayed.records;
            if !matches!(replayed.finding, Finding::Agrees) {
                replayed.records = records;
                return Ok(replayed);
            }
            for assumption in replayed.assumptions {
                let looked_at = !begins && assumption.name() == AssumptionName::UncheckedPast;
                if !looked_at && !assumptions.contains(&assumption) {
                    assumptions.push(assumption);
                }
            }
            progress.at(records, range.end - range.start);
        }
        let finding = match others {
            0 => Finding::Agrees,
            _ => Finding::Undecided(format!(
                "{} of other programs, to or from which Revise records lead: none of the other {} differs; replay \
                 them with their own program in --dir",
                count(others, "record"),
                count(records, "record")
            )),
        };
        Ok(Replayed { records, finding, bundle: None, assumptions })
    }
}

/// The runs of records of a program, its Revise records included; all records where there are none.
fn segments(
    log: &FileLogReader,
    range: &Range<u64>,
    program_id: &[u8; 32],
) -> Result<Vec<Range<u64>>, Failure> {
    let mut segments: Vec<Range<u64>> = Vec::new();
    for sequence in range.clone() {
        let signed = log.header(sequence).map_err(|error| error.failure())?;
        if signed.header.program_id != *program_id {
            continue;
        }
        match segments.last_mut().filter(|segment| segment.end == sequence) {
            Some(segment) => segment.end = sequence + 1,
            None => segments.push(sequence..sequence + 1),
        }
    }
    if segments.is_empty() {
        segments.push(range.clone());
    }
    Ok(segments)
}

fn one(expected: &Expected, program: &Program, bundle: Bundle) -> Result<Replayed, Failure> {
    let report = replay(expected, program, &bundle).map_err(|error| error.failure())?;
    let finding = match report.outcome {
        ReplayOutcome::Agrees => Finding::Agrees,
        ReplayOutcome::Differs(difference) => Finding::Differs(difference),
        ReplayOutcome::Undecided(missing) => Finding::Undecided(missing.to_string()),
    };
    let assumptions = report.assumptions;
    Ok(Replayed { records: report.records as u64, finding, bundle: Some(bundle), assumptions })
}

/// What was found.
#[must_use]
pub fn report(replayed: &Replayed) -> Report {
    let records = count(replayed.records, "record");
    match &replayed.finding {
        Finding::Agrees => Report::accepted(
            format!("agrees  {records} replayed, none differs"),
            json!({ "outcome": "agrees", "records": replayed.records }),
        ),
        Finding::Differs(difference) => Report {
            class: ExitClass::Fraud,
            text: format!("differs {difference}\n{}", diagnose(difference)),
            json: difference_json(difference),
        },
        Finding::Undecided(missing) => Report {
            class: ExitClass::Undecided,
            text: format!("undecided\n  missing: {missing}"),
            json: json!({ "outcome": "undecided", "missing": missing, "records": replayed.records }),
        },
    }
}

/// A difference, for programs.
#[must_use]
pub fn difference_json(difference: &Difference) -> Value {
    let mut json = json!({
        "outcome": "differs",
        "sequence": difference.sequence,
        "place": difference.place.name().as_str(),
        "text": difference.to_string(),
        "diagnosis": diagnose(difference).to_string(),
        "needsProof": difference.needs_proof().is_some(),
    });
    if let Place::Operator(operator) = &difference.place {
        json["operator"] = json!({
            "tensor": operator.tensor.0,
            "kind": operator.kind,
            "expectedLeaf": hex_string(&operator.expected),
            "recordedLeaf": hex_string(&operator.recorded),
            "value": operator.value.as_ref().map(|value| json!({
                "index": value.index, "expected": value.expected, "recorded": value.recorded,
            })),
        });
    }
    json
}
