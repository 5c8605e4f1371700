//! One function from the model's output to everything that a record states.

use crate::card::Card;
use crate::evidence::{Evidence, Standing, Statement};
use crate::feature::Feature;
use crate::head::Action;
use crate::limits;
use crate::policy::{Evaluation, Facts, Outcome, PolicyVerdict};
use crate::state::{Change, State};
use crate::transaction::Transaction;
use thiserror::Error;

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    /// Head, policy, registers, evidence slots, transaction, ranges of the features.
    pub card: &'a Card,
    /// Features, offset by their minimum.
    pub features: &'a [u16],
    /// Output of the last operator.
    pub outputs: &'a [i32],
    /// State before.
    pub state: &'a State,
    /// Statements, one entry a slot.
    pub evidence: &'a Evidence,
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
    /// Time before the state's.
    #[error("time {got} is before the last record's, {previous}")]
    TimeBackwards {
        /// Time of the state.
        previous: u64,
        /// Found.
        got: u64,
    },
    /// Number of statements.
    #[error("the program has {expected} evidence slots, got {got} entries")]
    EvidenceCount {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A statement's time not below 2^62.
    #[error("the statement for evidence slot {slot} counts from {issued} to {expires}; times are below 2^62")]
    EvidenceTime {
        /// Slot.
        slot: usize,
        /// Begin.
        issued: u64,
        /// End.
        expires: u64,
    },
}

/// Everything that led to a verdict: what `explain` shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assessment {
    /// The requested action.
    pub requested: Action,
    /// Unix seconds.
    pub time: u64,
    /// Sequence number of the record.
    pub sequence: u64,
    /// Features as integers.
    pub features: Vec<i64>,
    /// Outputs of the model.
    pub outputs: Vec<i32>,
    /// Registers before, windows begun.
    pub registers: Vec<i64>,
    /// Registers as an execution leaves them.
    pub after: Vec<Option<i64>>,
    /// Evidence at the decision's time.
    pub evidence: Vec<Standing>,
    /// Predicates.
    pub evaluation: Evaluation,
    /// Verdict.
    pub verdict: PolicyVerdict,
    /// State after, whatever was decided.
    pub state_after: State,
    /// The call, where something is executed.
    pub transaction: Option<Transaction>,
}

impl Assessment {
    /// The facts that rules looked at.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            action: self.requested,
            time: self.time,
            sequence: self.sequence,
            features: &self.features,
            outputs: &self.outputs,
            registers: &self.registers,
            after: &self.after,
            evidence: &self.evidence,
        }
    }
}

/// The decision: head, policy, state, transaction. Recording, replay, verification and settlement call this.
///
/// Owes: [`Card::validate`], without which an argument of the transaction can be out of its type's range, which is denied
/// here but not in a seal; that the outputs are the model's on these features; that the statements were signed by those
/// whom the slots name, about their subjects.
/// Source: docs/spec/program.md.
pub fn decide(input: &DecisionInput<'_>) -> Result<Decision, DecisionError> {
    let assessment = assess(input, input.card.head.request(input.outputs))?;
    let acted = assessment.verdict.outcome == Outcome::Permitted;
    Ok(Decision {
        requested: assessment.requested,
        verdict: assessment.verdict,
        executed: acted.then_some(assessment.requested),
        state_after: assessment.state_after,
        transaction: assessment.transaction,
    })
}

/// What the policy says about an action, asked for by the model or not ([`crate::head::Head::action`]; `None`: the outputs
/// request nothing).
pub fn assess(input: &DecisionInput<'_>, requested: Option<Action>) -> Result<Assessment, DecisionError> {
    let card = input.card;
    let features = feature_integers(card, input.features)?;
    check(input)?;
    let (expected, got) = (card.head.actions().len(), input.outputs.len());
    let requested = requested.filter(|_| expected == got);
    let requested = requested.ok_or(DecisionError::OutputCount { expected, got })?;
    let registers = input.state.begin(&card.registers, &card.windows, input.time);
    let evidence = input.evidence.standings(&card.evidence, input.time);
    let before = Facts {
        action: requested,
        time: input.time,
        sequence: input.sequence,
        features: &features,
        outputs: input.outputs,
        registers: &registers,
        after: &[],
        evidence: &evidence,
    };
    let change = Change { registers: &card.registers, predicates: &card.policy.predicates, facts: &before };
    let after = change.executed();
    let facts = Facts { after: &after, ..before };
    let evaluation = card.policy.evaluate(&facts);
    let mut verdict =
        if requested.abstain { PolicyVerdict::ABSTAINED } else { card.policy.judge(&evaluation) };
    let mut execution = None;
    if verdict.outcome == Outcome::Permitted {
        let next = after.iter().copied().collect::<Option<Vec<i64>>>();
        execution = card.transaction.build(&facts).zip(next);
        if execution.is_none() {
            verdict = PolicyVerdict::COULD_NOT_EVALUATE;
        }
    }
    let (transaction, next) = match execution {
        Some((transaction, next)) => (Some(transaction), next),
        None if requested.abstain => (None, change.abstained()),
        None => (None, change.denied()),
    };
    let state_after = State { time: input.time, registers: next };
    Ok(Assessment {
        requested,
        time: input.time,
        sequence: input.sequence,
        outputs: input.outputs.to_vec(),
        evaluation,
        verdict,
        state_after,
        transaction,
        features,
        registers,
        after,
        evidence,
    })
}

/// State, evidence, time and sequence number fit the card and each other.
fn check(input: &DecisionInput<'_>) -> Result<(), DecisionError> {
    let card = input.card;
    let (expected, got) = (card.registers.len(), input.state.registers.len());
    if expected != got {
        return Err(DecisionError::RegisterCount { expected, got });
    }
    let (expected, got) = (card.evidence.len(), input.evidence.0.len());
    if expected != got {
        return Err(DecisionError::EvidenceCount { expected, got });
    }
    for (slot, statement) in input.evidence.0.iter().enumerate() {
        if let Some(Statement { issued, expires, .. }) = *statement
            && (issued >= limits::TIME || expires >= limits::TIME)
        {
            return Err(DecisionError::EvidenceTime { slot, issued, expires });
        }
    }
    if input.time >= limits::TIME {
        return Err(DecisionError::Time { got: input.time });
    }
    if input.time < input.state.time {
        return Err(DecisionError::TimeBackwards { previous: input.state.time, got: input.time });
    }
    if input.sequence >= limits::TIME {
        return Err(DecisionError::Sequence { got: input.sequence });
    }
    Ok(())
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
