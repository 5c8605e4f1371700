//! One function from the model's output to everything that a record states.

use crate::card::Card;
use crate::head::Action;
use crate::policy::PolicyVerdict;
use crate::state::State;
use crate::transaction::Transaction;
use thiserror::Error;

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    /// Head, policy, registers, transaction, ranges of the features.
    pub card: &'a Card,
    /// Features, offset by their minimum.
    pub features: &'a [u16],
    /// Output of the last operator.
    pub outputs: &'a [i32],
    /// State before.
    pub state: &'a State,
    /// Unix seconds.
    pub time: u64,
    /// Sequence number of the record.
    pub sequence: u64,
}

/// What an agent decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What the model asked for.
    pub requested: Action,
    /// What the policy said.
    pub verdict: PolicyVerdict,
    /// What is done; `None`: abstained or denied.
    pub executed: Option<Action>,
    /// State after.
    pub state_after: State,
    /// The call, where something is executed.
    pub transaction: Option<Transaction>,
}

/// Why inputs do not fit the card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecisionError {
    /// Number of features.
    #[error("the program has {expected} features, got {got}")]
    FeatureCount {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A feature above its range.
    #[error("feature {index} is {got} above its minimum, at most {limit} is declared")]
    FeatureRange {
        /// Index.
        index: usize,
        /// Highest.
        limit: i64,
        /// Found.
        got: u16,
    },
    /// Number of outputs.
    #[error("the head takes {expected} outputs, got {got}")]
    OutputCount {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Number of registers.
    #[error("the program has {expected} registers, got {got}")]
    RegisterCount {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Time above 2^62.
    #[error("time {got} is above 2^62")]
    Time {
        /// Found.
        got: u64,
    },
    /// Sequence number above 2^62.
    #[error("sequence number {got} is above 2^62")]
    Sequence {
        /// Found.
        got: u64,
    },
}

/// The decision: head, policy, state, transaction.
pub fn decide(input: &DecisionInput<'_>) -> Result<Decision, DecisionError> {
    let _ = input;
    todo!()
}
