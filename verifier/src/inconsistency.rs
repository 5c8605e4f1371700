//! What contradicts itself in signed words and what opens them: fraud that needs no proof.

use crate::verdict::FraudKind;
use candor_program::decision::DecisionError;
use candor_program::observation::ObservationError;
use candor_trace::{ChainError, DecisionMismatch, Equivocation, EvidenceError, PayloadError, RevisionError};
use std::fmt;
use thiserror::Error;

/// Where a record contradicts itself or the record before it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Inconsistency {
    /// Two records for one place of the chain.
    #[error("the agent signed 0x{} and 0x{} for one sequence number", hex::encode(.0.first), hex::encode(.0.second))]
    Equivocation(Equivocation),
    /// It does not continue the record that it names, or that precedes it.
    #[error("does not continue the record before: {0}")]
    Chain(Box<ChainError>),
    /// The signed payloads are no observation of this program.
    #[error("invalid observation: {0}")]
    Observation(Box<ObservationError>),
    /// A plugin that declares a key did not sign the payload that the agent signed as reported by it.
    #[error("invalid observation: {0}")]
    Payload(Box<PayloadError>),
    /// A statement that nobody whom its slot names has signed for the agent.
    #[error("invalid evidence: {0}")]
    Evidence(Box<EvidenceError>),
    /// More or fewer features than the payloads give.
    #[error("signed {recorded} features, the payloads give {expected}")]
    FeatureCount {
        /// From the payloads.
        expected: usize,
        /// Signed.
        recorded: usize,
    },
    /// A feature that the payload does not give.
    #[error("feature {feature} was signed as {recorded}, the payload gives {expected}")]
    Feature {
        /// Index.
        feature: usize,
        /// From the payload, offset by the feature's minimum.
        expected: u16,
        /// Signed.
        recorded: u16,
    },
    /// The model was run on something else than the features.
    #[error("the executed input has digest 0x{}, the features have 0x{}", hex::encode(.recorded), hex::encode(.expected))]
    InputLeaf {
        /// Of the features.
        expected: [u8; 32],
        /// Signed.
        recorded: [u8; 32],
    },
    /// A Revise record that does not follow from both programs and the state before.
    #[error("{0}")]
    Revision(Box<RevisionError>),
    /// The header does not state the decision that features, outputs and state lead to.
    #[error("{0}")]
    Decision(DecisionMismatch),
}

/// Where on the path of the data something differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum PlaceName {
    /// Two records for one sequence number.
    Equivocation,
    /// Sequence, time, or the previous record.
    Chain,
    /// Plugin payloads.
    Observation,
    /// Statements, and who signed them.
    Evidence,
    /// Features.
    Features,
    /// An operator of the model.
    Operator,
    /// Requested action.
    Head,
    /// Verdict of the policy.
    Policy,
    /// Executed action.
    Execution,
    /// State before or after.
    State,
    /// Transaction.
    Transaction,
    /// Accumulator.
    Acc,
    /// What a Revise record makes of program and registers.
    Revision,
}

impl PlaceName {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equivocation => "equivocation",
            Self::Chain => "chain",
            Self::Observation => "observation",
            Self::Evidence => "evidence",
            Self::Features => "features",
            Self::Operator => "operator",
            Self::Head => "head",
            Self::Policy => "policy",
            Self::Execution => "execution",
            Self::State => "state",
            Self::Transaction => "transaction",
            Self::Acc => "acc",
            Self::Revision => "revision",
        }
    }
}

impl fmt::Display for PlaceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Inconsistency {
    /// Where on the path of the data it lies.
    #[must_use]
    pub fn place(&self) -> PlaceName {
        match self {
            Self::Equivocation(_) => PlaceName::Equivocation,
            Self::Chain(error) => match **error {
                ChainError::StateMismatch { .. } => PlaceName::State,
                ChainError::AccMismatch { .. } => PlaceName::Acc,
                _ => PlaceName::Chain,
            },
            Self::Observation(_) | Self::Payload(_) => PlaceName::Observation,
            Self::Revision(_) => PlaceName::Revision,
            Self::Evidence(_) => PlaceName::Evidence,
            Self::FeatureCount { .. } | Self::Feature { .. } | Self::InputLeaf { .. } => PlaceName::Features,
            Self::Decision(mismatch) => decision_place(mismatch),
        }
    }

    /// What it is called where it costs a bond.
    #[must_use]
    pub fn kind(&self) -> FraudKind {
        match self {
            Self::Equivocation(_) => FraudKind::Equivocation,
            Self::Chain(error) => match **error {
                ChainError::ProgramMismatch { .. } => FraudKind::VersionSkew,
                ChainError::StateMismatch { .. } => FraudKind::StateBroken,
                _ => FraudKind::ChainBroken,
            },
            Self::Observation(_) | Self::Payload(_) | Self::Evidence(_) => FraudKind::InvalidObservation,
            Self::FeatureCount { .. } | Self::Feature { .. } | Self::InputLeaf { .. } => {
                FraudKind::InputMismatch
            }
            Self::Revision(error) => match **error {
                RevisionError::ProgramDigest { .. } | RevisionError::Domain => FraudKind::VersionSkew,
                _ => FraudKind::StateBroken,
            },
            Self::Decision(mismatch) => match decision_place(mismatch) {
                PlaceName::Policy | PlaceName::Execution => FraudKind::PolicyViolated,
                PlaceName::State => FraudKind::StateBroken,
                PlaceName::Transaction => FraudKind::TransactionMismatch,
                PlaceName::Features => FraudKind::InputMismatch,
                PlaceName::Evidence => FraudKind::InvalidObservation,
                PlaceName::Chain => FraudKind::ChainBroken,
                _ => FraudKind::WrongOutput,
            },
        }
    }
}

fn decision_place(mismatch: &DecisionMismatch) -> PlaceName {
    match mismatch {
        DecisionMismatch::NoDecision { source } => match source {
            DecisionError::FeatureCount { .. } | DecisionError::FeatureRange { .. } => PlaceName::Features,
            DecisionError::OutputCount { .. } => PlaceName::Head,
            DecisionError::RegisterCount { .. } => PlaceName::State,
            DecisionError::Time { .. }
            | DecisionError::Sequence { .. }
            | DecisionError::TimeBackwards { .. } => PlaceName::Chain,
            DecisionError::EvidenceCount { .. } | DecisionError::EvidenceTime { .. } => PlaceName::Evidence,
        },
        DecisionMismatch::Revision => PlaceName::Chain,
        DecisionMismatch::Requested { .. } => PlaceName::Head,
        DecisionMismatch::Verdict { .. } => PlaceName::Policy,
        DecisionMismatch::Executed { .. } => PlaceName::Execution,
        DecisionMismatch::StateAfter { .. } => PlaceName::State,
        DecisionMismatch::Transaction { .. } => PlaceName::Transaction,
    }
}
