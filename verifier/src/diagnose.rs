//! Diagnose: what a difference looks like, and what it cannot tell.

use crate::difference::{Difference, OperatorDifference, Place};
use crate::inconsistency::PlaceName;
use std::fmt;

/// A suspicion and its limits. It is no verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis {
    /// What it looks like.
    pub suspicion: Suspicion,
    /// What the difference does not tell.
    pub open: Vec<OpenQuestion>,
}

/// What a difference looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Suspicion {
    /// Only the outputs differ.
    OutputWrong,
    /// An operator and everything after it differ: other weights, scales or another version of the model.
    ModelSubstituted,
    /// A tensor differs, but tensors computed from it do not: no run of any model of this shape.
    ExecutionEdited,
    /// The plugin's payload is not what the program can read.
    ObservationInvalid,
    /// The model was run on something else than was observed.
    InputSwapped,
    /// The requested action is not what the outputs ask for.
    ActionAltered,
    /// The policy's verdict is not what the policy says.
    VerdictAltered,
    /// An action was executed or withheld against the verdict.
    PolicyBypassed,
    /// The state does not follow.
    StateAltered,
    /// The transaction is not the decision's.
    TransactionAltered,
    /// A Revise record does more, or something else, than it says.
    RevisionAltered,
    /// A record is missing, doubled, reordered, or was rewritten afterwards.
    HistoryRewritten,
}

/// What a difference does not tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum OpenQuestion {
    /// Whether the last operator ran with other weights or only its outputs were changed.
    WeightsOrOutputs,
    /// Whether weights were exchanged, an older version ran, or a machine computed wrongly.
    SubstitutedVersionOrFault,
    /// Whether it was done on purpose.
    Intent,
    /// Whether later parts of the record, and later records, differ too.
    WhatFollows,
}

/// What the first difference of a replay looks like.
#[must_use]
pub fn diagnose(difference: &Difference) -> Diagnosis {
    let suspicion = match &difference.place {
        Place::Operator(found) => operator(found),
        Place::Record(found) => match found.place() {
            PlaceName::Equivocation | PlaceName::Chain | PlaceName::Acc => Suspicion::HistoryRewritten,
            PlaceName::Observation | PlaceName::Evidence => Suspicion::ObservationInvalid,
            PlaceName::Features => Suspicion::InputSwapped,
            PlaceName::Head | PlaceName::Operator => Suspicion::ActionAltered,
            PlaceName::Policy => Suspicion::VerdictAltered,
            PlaceName::Execution => Suspicion::PolicyBypassed,
            PlaceName::State => Suspicion::StateAltered,
            PlaceName::Transaction => Suspicion::TransactionAltered,
            PlaceName::Revision => Suspicion::RevisionAltered,
        },
    };
    let mut open = match suspicion {
        Suspicion::OutputWrong => vec![OpenQuestion::WeightsOrOutputs],
        Suspicion::ModelSubstituted => vec![OpenQuestion::SubstitutedVersionOrFault],
        _ => Vec::new(),
    };
    open.extend([OpenQuestion::Intent, OpenQuestion::WhatFollows]);
    Diagnosis { suspicion, open }
}

fn operator(found: &OperatorDifference) -> Suspicion {
    let first = usize::from(found.tensor.0);
    let last = found.tensors.saturating_sub(1);
    if first == last {
        return Suspicion::OutputWrong;
    }
    let after = found.tensors.saturating_sub(first);
    if found.differing.len() == after { Suspicion::ModelSubstituted } else { Suspicion::ExecutionEdited }
}

impl Suspicion {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutputWrong => "output-wrong",
            Self::ModelSubstituted => "model-substituted",
            Self::ExecutionEdited => "execution-edited",
            Self::ObservationInvalid => "observation-invalid",
            Self::InputSwapped => "input-swapped",
            Self::ActionAltered => "action-altered",
            Self::VerdictAltered => "verdict-altered",
            Self::PolicyBypassed => "policy-bypassed",
            Self::StateAltered => "state-altered",
            Self::TransactionAltered => "transaction-altered",
            Self::RevisionAltered => "revision-altered",
            Self::HistoryRewritten => "history-rewritten",
        }
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for OpenQuestion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::WeightsOrOutputs => {
                "whether the last operator ran with other weights, or only its outputs were changed"
            }
            Self::SubstitutedVersionOrFault => {
                "whether weights were exchanged, another version ran, or a machine computed wrongly"
            }
            Self::Intent => "whether it was done on purpose",
            Self::WhatFollows => "whether what follows differs as well",
        })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "looks like {}; not decided:", self.suspicion)?;
        self.open.iter().try_for_each(|question| write!(out, "\n  {question}"))
    }
}
