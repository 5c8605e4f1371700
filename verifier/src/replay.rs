//! Replay: run the program again and find the first record and operator that differ.

use crate::assumption::{Assumption, AssumptionName, Bodies};
use crate::difference::{Difference, OperatorDifference, Place, ValueDifference};
use crate::error::{ErrorKind, program_kind};
use crate::examination::{Examiner, Finding, starts};
use crate::expected::{Expected, Refused};
use crate::verdict::Missing;
use candor_program::Program;
use candor_program::card::SignerKey;
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_program::evaluate::{Evaluator, ExecuteError};
use candor_program::execution::{self, Execution};
use candor_program::interval::ProgramError;
use candor_program::operator::Operator;
use candor_trace::{Bundle, SignedRecord, Start};
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
    /// What that rests on; nothing where it is undecided.
    pub assumptions: Vec<Assumption>,
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
    /// An assumption that the reader does not accept.
    #[error("rests on `{assumption}`, which is refused")]
    Refused {
        /// Its name.
        assumption: AssumptionName,
    },
    /// The word of a key that the reader does not take.
    #[error("rests on the word of {signer} (`{assumption}`), which is refused")]
    RefusedSigner {
        /// In which assumption.
        assumption: AssumptionName,
        /// The key.
        signer: SignerKey,
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
            Self::Refused { .. } | Self::RefusedSigner { .. } => ErrorKind::RefusedAssumption,
            Self::Execute { .. } => ErrorKind::Malformed,
        }
    }
}

/// The first record of the bundle, and the first operator in it, that is not what the program makes of the observations.
///
/// Owes: that the weights are those that the card commits to. Whoever is accused can answer with a proof.
/// Errors: a program that cannot be replayed; an outcome that rests on what is refused. What is wrong with the bundle is
/// in the report.
pub fn replay(expected: &Expected, program: &Program, bundle: &Bundle) -> Result<ReplayReport, ReplayError> {
    program.validate().map_err(|source| ReplayError::Program { source: Box::new(source) })?;
    let got = ProgramIds::of(&program.card).program_id;
    if got != expected.program_id {
        return Err(ReplayError::OtherProgram { expected: expected.program_id, got });
    }
    let records = bundle.records.len();
    let undecided = |agreed, missing| {
        let (outcome, assumptions) = (ReplayOutcome::Undecided(missing), Vec::new());
        Ok(ReplayReport { records, agreed, outcome, assumptions })
    };
    let examiner = match Examiner::of(expected, bundle) {
        Ok(examiner) => examiner,
        Err(missing) => return undecided(0, missing),
    };
    let evaluator = Evaluator::new(program);
    for (index, (record, start)) in bundle.records.iter().zip(starts(bundle)).enumerate() {
        let sequence = record.header.sequence;
        let mut failure = None;
        let finding =
            examiner.examine(&start, record, &mut |record| match evaluator.execute(&record.body.features) {
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
                let assumptions = accepted(expected, Assumption::of_records())?;
                let outcome = ReplayOutcome::Differs(difference);
                return Ok(ReplayReport { records, agreed: index, outcome, assumptions });
            }
            Finding::Missing(missing) => return undecided(index, missing),
        }
    }
    let assumptions = accepted(expected, of_bundle(bundle))?;
    Ok(ReplayReport { records, agreed: records, outcome: ReplayOutcome::Agrees, assumptions })
}

/// What it rests on that every record of a bundle is honest.
fn of_bundle(bundle: &Bundle) -> Vec<Assumption> {
    let continued = match (&bundle.start, bundle.records.first()) {
        (Start::After(_), Some(first)) => Some(first.header.sequence),
        _ => None,
    };
    let mut assumptions = Assumption::of_records();
    assumptions.extend(Assumption::of_path(&bundle.card, Bodies::Checked(&bundle.records), continued));
    assumptions
}

/// None of them is refused.
fn accepted(expected: &Expected, assumptions: Vec<Assumption>) -> Result<Vec<Assumption>, ReplayError> {
    match expected.refused_of(&assumptions) {
        Some(Refused::Name { assumption }) => Err(ReplayError::Refused { assumption }),
        Some(Refused::Signer { assumption, signer }) => {
            Err(ReplayError::RefusedSigner { assumption, signer })
        }
        None => Ok(assumptions),
    }
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
        Operator::Lookup(_) => "lookup",
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
