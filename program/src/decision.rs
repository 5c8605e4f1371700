//! One function from the model's output to everything that a record states.

use crate::card::Card;
use crate::feature::Feature;
use crate::head::Action;
use crate::limits;
use crate::policy::{Facts, Outcome, PolicyVerdict};
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
        limit: u64,
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
    /// Time not below 2^62.
    #[error("time {got} is not below 2^62")]
    Time {
        /// Found.
        got: u64,
    },
    /// Sequence number not below 2^62.
    #[error("sequence number {got} is not below 2^62")]
    Sequence {
        /// Found.
        got: u64,
    },
}

/// The decision: head, policy, state, transaction. Recording, replay, verification and settlement call this.
///
/// Owes: [`Card::validate`], without which an argument of the transaction can be out of its type's range, which is denied
/// here but not in a seal; that the outputs are the model's on these features.
/// Source: docs/spec/program.md.
pub fn decide(input: &DecisionInput<'_>) -> Result<Decision, DecisionError> {
    let card = input.card;
    let features = feature_integers(card, input.features)?;
    let (expected, got) = (card.registers.len(), input.state.0.len());
    if expected != got {
        return Err(DecisionError::RegisterCount { expected, got });
    }
    if input.time >= limits::TIME {
        return Err(DecisionError::Time { got: input.time });
    }
    if input.sequence >= limits::TIME {
        return Err(DecisionError::Sequence { got: input.sequence });
    }
    let (expected, got) = (card.head.actions().len(), input.outputs.len());
    let requested = card.head.request(input.outputs);
    let requested = requested.ok_or(DecisionError::OutputCount { expected, got })?;
    let facts = Facts {
        action: requested,
        time: input.time,
        sequence: input.sequence,
        features: &features,
        registers: &input.state.0,
    };
    let verdict = card.policy.verdict(&facts);
    let unexecuted = |verdict| Decision {
        requested,
        verdict,
        executed: None,
        state_after: input.state.clone(),
        transaction: None,
    };
    if verdict.outcome != Outcome::Permitted {
        return Ok(unexecuted(verdict));
    }
    let transaction = card.transaction.build(&facts);
    let state_after = input.state.after(&card.registers, Some(&requested), input.time);
    match (transaction, state_after) {
        (Some(transaction), Some(state_after)) => Ok(Decision {
            requested,
            verdict,
            executed: Some(requested),
            state_after,
            transaction: Some(transaction),
        }),
        _ => Ok(unexecuted(PolicyVerdict::COULD_NOT_EVALUATE)),
    }
}

/// Features as integers: their minimum added back.
fn feature_integers(card: &Card, features: &[u16]) -> Result<Vec<i64>, DecisionError> {
    let (expected, got) = (card.features.len(), features.len());
    if expected != got {
        return Err(DecisionError::FeatureCount { expected, got });
    }
    let integer = |(index, (feature, above)): (usize, (&Feature, &u16))| {
        let limit = feature.span();
        let value = feature.min.checked_add(i64::from(*above)).filter(|value| *value <= feature.max);
        value.ok_or(DecisionError::FeatureRange { index, limit, got: *above })
    };
    card.features.iter().zip(features).enumerate().map(integer).collect()
}
