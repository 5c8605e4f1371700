//! Replay: run the program again and find the first record and operator that differ.

use crate::difference::{Difference, OperatorDifference, Place, ValueDifference};
use crate::error::{ErrorKind, program_kind};
use crate::examination::{Examiner, Finding, starts};
use crate::expected::Expected;
use crate::verdict::Missing;
use candor_program::Program;
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_program::evaluate::{ExecuteError, execute};
use candor_program::execution::{self, Execution};
use candor_program::interval::ProgramError;
use candor_program::operator::Operator;
use candor_trace::{Bundle, SignedRecord};
use thiserror::Error;

/// What a replay found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplayReport {
    /// Records of the bundle.
    pub records: usize,
    /// Records that agree, from the first on.
    pub agreed: usize,
    /// How it ended.
    pub outcome: ReplayOutcome,
}

/// How a replay ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReplayOutcome {
    /// All records are what the program computes.
    Agrees,
    /// The first difference, in words that the agent signed.
    Differs(Difference),
    /// What is needed to go on. Says nothing about the agent.
    Undecided(Missing),
}

/// Why nothing was replayed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReplayError {
    /// The program is not well formed.
    #[error("program: {source}")]
    Program {
        /// Why.
        source: Box<ProgramError>,
    },
    /// This is not the expected program.
    #[error("this is program 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    OtherProgram {
        /// Expected.
        expected: [u8; 32],
        /// Of the program.
        got: [u8; 32],
    },
    /// The program could not be run. Validation excludes it; were that wrong, it must not pass for agreement.
    #[error("record {sequence}: {source}")]
    Execute {
        /// Record.
        sequence: u64,
        /// Why.
        source: ExecuteError,
    },
}

impl ReplayError {
    /// Who is at fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Program { source } => program_kind(source),
            Self::OtherProgram { .. } => ErrorKind::Rejected,
            Self::Execute { .. } => ErrorKind::Malformed,
        }
    }
}

/// The first record of the bundle, and the first operator in it, that is not what the program makes of the observations.
///
/// Owes: that the weights are those that the card commits to. Whoever is accused can answer with a proof.
/// Errors: a program that cannot be replayed. What is wrong with the bundle is in the report.
pub fn replay(expected: &Expected, program: &Program, bundle: &Bundle) -> Result<ReplayReport, ReplayError> {
    program.validate().map_err(|source| ReplayError::Program { source: Box::new(source) })?;
    let got = ProgramIds::of(&program.card).program_id;
    if got != expected.program_id {
        return Err(ReplayError::OtherProgram { expected: expected.program_id, got });
    }
    let records = bundle.records.len();
    let report = |agreed, outcome| ReplayReport { records, agreed, outcome };
    let examiner = match Examiner::of(expected, bundle) {
        Ok(examiner) => examiner,
        Err(missing) => return Ok(report(0, ReplayOutcome::Undecided(missing))),
    };
    for (index, (record, start)) in bundle.records.iter().zip(starts(bundle)).enumerate() {
        let sequence = record.header.sequence;
        let mut failure = None;
        let finding =
            examiner.examine(&start, record, &mut |record| match execute(program, &record.body.features) {
                Ok(execution) => compare(program, &execution, record).map(Place::Operator),
                Err(source) => {
                    failure = Some(ReplayError::Execute { sequence, source });
                    None
                }
            });
        if let Some(error) = failure {
            return Err(error);
        }
        match finding {
            Finding::Consistent => {}
            Finding::Differs(place) => {
                let difference = Difference { index, sequence, place };
                return Ok(report(index, ReplayOutcome::Differs(difference)));
            }
            Finding::Missing(missing) => return Ok(report(index, ReplayOutcome::Undecided(missing))),
        }
    }
    Ok(report(records, ReplayOutcome::Agrees))
}

/// Leaf by leaf; the input's leaf was compared with the features before.
fn compare(program: &Program, execution: &Execution, record: &SignedRecord) -> Option<OperatorDifference> {
    let leaves = execution::leaves(execution);
    let pairs = || (0_u16..).zip(leaves.iter().zip(&record.body.leaves));
    let differing: Vec<TensorId> = pairs()
        .filter(|(_, (true_leaf, leaf))| true_leaf != leaf)
        .map(|(tensor, _)| TensorId(tensor))
        .collect();
    let first = *differing.first()?;
    let (_, (expected, recorded)) = pairs().nth(usize::from(first.0))?;
    let kind = match program.card.operators.get(usize::from(first.0).checked_sub(1)?)? {
        Operator::Affine(_) => "affine",
    };
    let outputs = &record.body.outputs;
    // Only outputs that open the recorded leaf are what the agent recorded.
    let value = if execution::leaf(first.0, outputs) == *recorded {
        first_value(execution.outputs(), outputs)
    } else {
        None
    };
    let (expected, recorded, tensors) = (*expected, *recorded, leaves.len());
    Some(OperatorDifference { tensor: first, kind, expected, recorded, value, differing, tensors })
}

fn first_value(expected: &[i32], recorded: &[i32]) -> Option<ValueDifference> {
    let at = |index: usize| (expected.get(index).copied(), recorded.get(index).copied());
    let index = (0..expected.len().max(recorded.len())).find(|&index| at(index).0 != at(index).1)?;
    Some(ValueDifference { index, expected: at(index).0, recorded: at(index).1 })
}
