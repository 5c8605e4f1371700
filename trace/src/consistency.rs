//! What card and record say without the model: the body opens the header, and the decision follows from the body.

use crate::evidence::{EvidenceError, check_credentials};
use crate::header::Header;
use crate::payload::{PayloadError, check_payloads};
use crate::record::{Body, SignedRecord};
use crate::revision::{RevisionError, check_revision};
use crate::view::VerdictView;
use candor_program::Card;
use candor_program::decimal::format_decimal;
use candor_program::decision::{Decision, DecisionError, DecisionInput, decide};
use candor_program::digest;
use candor_program::encoding::FrBytes;
use candor_program::evidence::Statement;
use candor_program::execution;
use candor_program::head::Action;
use candor_program::limits;
use candor_program::observation::ObservationError;
use candor_program::scale::Scales;
use candor_program::state::State;
use thiserror::Error;

/// Why a body is not the one that its header binds.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BodyError {
    /// Observation and header name different times.
    #[error("the observation's time is {observation}, the header's {header}")]
    TimeMismatch {
        /// Time in the header.
        header: u64,
        /// Time in the body.
        observation: u64,
    },
    /// The payloads do not give features.
    #[error("the payloads do not give the program's features: {source}")]
    Features {
        /// Why.
        source: Box<ObservationError>,
    },
    /// A plugin that declares a key did not sign its payload.
    #[error("{source}")]
    Payload {
        /// Why.
        source: Box<PayloadError>,
    },
    /// Number of features.
    #[error("{got} features, the payloads give {expected}")]
    FeatureCount {
        /// From the payloads.
        expected: usize,
        /// In the body.
        got: usize,
    },
    /// A feature is not what its plugin reported.
    #[error("feature {feature} is {got}, the payload says {expected}")]
    FeatureMismatch {
        /// Index.
        feature: usize,
        /// From the payload.
        expected: u16,
        /// In the body.
        got: u16,
    },
    /// Salt, features or payloads differ from what was committed.
    #[error("salt, features and payloads do not open the header's observations digest")]
    ObservationsMismatch,
    /// Salt, credentials or statements differ from what was committed, or are more or fewer than the program's slots.
    #[error(
        "salt, credentials and statements are not of the program's evidence slots, or do not open the header's evidence digest"
    )]
    EvidenceMismatch,
    /// A statement that nobody whom its slot names has signed for the agent.
    #[error("{source}")]
    Evidence {
        /// Why.
        source: Box<EvidenceError>,
    },
    /// The registers before differ from what was committed, or are more or fewer than the program's.
    #[error("the registers before are not the program's, or do not open the header's digest")]
    StateBeforeMismatch,
    /// The registers after differ from what was committed, or are more or fewer than the program's.
    #[error("the registers after are not the program's, or do not open the header's digest")]
    StateAfterMismatch,
    /// A Revise record is not in order.
    #[error("{source}")]
    Revision {
        /// Why.
        source: Box<RevisionError>,
    },
    /// A decision's body that carries a revision.
    #[error("the body of a decision carries a revision")]
    StrayRevision,
    /// Number of leaves.
    #[error("{got} execution leaves, the program has {expected} tensors")]
    LeafCount {
        /// Tensors of the program.
        expected: usize,
        /// Leaves of the body.
        got: usize,
    },
    /// The leaves differ from what was committed.
    #[error("the execution leaves do not hash to the header's execution root")]
    ExecutionRootMismatch,
    /// The first leaf is not the features'.
    #[error("the first execution leaf is not the digest of the features")]
    InputLeafMismatch,
    /// The last leaf is not the outputs'.
    #[error("the last execution leaf is not the digest of the outputs")]
    OutputLeafMismatch,
}

/// The body is the only one (up to hash collisions) that the header binds, its features are what the payloads say, and
/// the plugins that declare a key signed theirs, and whom the evidence slots name signed the statements. Of a Revise record:
/// [`check_revision`], which takes both programs from the body.
///
/// Owes: [`Card::validate`], the signature, the chain link, [`check_decision`], and that the outputs are the model's.
pub fn check_body(card: &Card, record: &SignedRecord) -> Result<(), BodyError> {
    let (header, body) = (&record.header, &record.body);
    if header.revises() {
        return check_revised(header, body);
    }
    if body.revision.is_some() {
        return Err(BodyError::StrayRevision);
    }
    if body.observation.time != header.time {
        return Err(BodyError::TimeMismatch { header: header.time, observation: body.observation.time });
    }
    check_observation(card, record)?;
    if !opens_evidence(card, header, body) {
        return Err(BodyError::EvidenceMismatch);
    }
    check_credentials(card, header, body).map_err(|source| BodyError::Evidence { source: source.into() })?;
    if !opens_state(card, &body.state_before, header.state_before) {
        return Err(BodyError::StateBeforeMismatch);
    }
    if !opens_state(card, &body.state_after, header.state_after) {
        return Err(BodyError::StateAfterMismatch);
    }
    check_leaves(card, record)
}

/// The body opens the header's digests, as far as that shows without the program's card.
///
/// More payloads, features, registers or leaves than any program has are refused before anything is hashed.
/// Owes: what needs the card ([`check_body`]): the number of registers and of leaves, and that the features are what the
/// payloads say.
pub fn check_openings(header: &Header, body: &Body) -> Result<(), BodyError> {
    if header.revises() {
        return check_revised(header, body);
    }
    if body.revision.is_some() {
        return Err(BodyError::StrayRevision);
    }
    if body.observation.time != header.time {
        return Err(BodyError::TimeMismatch { header: header.time, observation: body.observation.time });
    }
    let got = body.features.len();
    if got > limits::FEATURES {
        return Err(BodyError::FeatureCount { expected: limits::FEATURES, got });
    }
    let got = body.observation.payloads.len();
    if got > limits::PLUGINS {
        let source = ObservationError::PayloadCount { expected: limits::PLUGINS, got };
        return Err(BodyError::Features { source: source.into() });
    }
    if body.state_before.registers.len() > limits::REGISTERS {
        return Err(BodyError::StateBeforeMismatch);
    }
    if body.state_after.registers.len() > limits::REGISTERS {
        return Err(BodyError::StateAfterMismatch);
    }
    let got = body.leaves.len();
    let count = BodyError::LeafCount { expected: got.clamp(2, limits::OPERATORS + 1), got };
    let (Some(input), Some(output)) = (body.leaves.first(), body.leaves.last()) else { return Err(count) };
    let output_tensor = u16::try_from(got - 1).unwrap_or(u16::MAX);
    if !(2..=limits::OPERATORS + 1).contains(&got) {
        return Err(count);
    }
    if execution::root(&body.leaves) != header.execution {
        return Err(BodyError::ExecutionRootMismatch);
    }
    let features: Vec<i32> = body.features.iter().map(|&feature| i32::from(feature)).collect();
    if execution::leaf(0, &features) != *input {
        return Err(BodyError::InputLeafMismatch);
    }
    if execution::leaf(output_tensor, &body.outputs) != *output {
        return Err(BodyError::OutputLeafMismatch);
    }
    let payloads = body.observation.payload_digests();
    let observations = digest::observations(body.observations_salt, &body.features, &payloads);
    if FrBytes::from(observations) != header.observations {
        return Err(BodyError::ObservationsMismatch);
    }
    let most = body.evidence.0.len().max(body.credentials.len());
    if most > limits::EVIDENCE || !hashes_evidence(header, body) {
        return Err(BodyError::EvidenceMismatch);
    }
    let before = FrBytes::from(digest::state(&body.state_before));
    if before != header.state_before {
        return Err(BodyError::StateBeforeMismatch);
    }
    // Most decisions change no register.
    let unchanged = body.state_after == body.state_before;
    let after = if unchanged { before } else { digest::state(&body.state_after).into() };
    if after != header.state_after {
        return Err(BodyError::StateAfterMismatch);
    }
    Ok(())
}

/// The body of a Revise record carries both programs: no card is needed.
fn check_revised(header: &Header, body: &Body) -> Result<(), BodyError> {
    check_revision(header, body).map(drop).map_err(|source| BodyError::Revision { source: Box::new(source) })
}

/// The state is one of the card's registers and has this digest, which says nothing about their number: it fills them
/// up with zeros.
pub(crate) fn opens_state(card: &Card, state: &State, digest: FrBytes) -> bool {
    state.registers.len() == card.registers.len() && FrBytes::from(digest::state(state)) == digest
}

/// Salt, credentials and statements have the header's digest, and statements are as many as the card has slots, which the digest does not say.
#[must_use]
pub fn opens_evidence(card: &Card, header: &Header, body: &Body) -> bool {
    body.evidence.0.len() == card.evidence.len() && hashes_evidence(header, body)
}

/// Salt, credentials and statements have the header's digest, in which times have 62 bits.
fn hashes_evidence(header: &Header, body: &Body) -> bool {
    let fits = |statement: &Statement| statement.issued < limits::TIME && statement.expires < limits::TIME;
    body.evidence.0.iter().flatten().all(fits)
        && FrBytes::from(digest::evidence(body.evidence_blinding(), &body.evidence)) == header.evidence
}

fn check_observation(card: &Card, record: &SignedRecord) -> Result<(), BodyError> {
    let (header, body) = (&record.header, &record.body);
    let features =
        body.observation.features(card).map_err(|source| BodyError::Features { source: source.into() })?;
    check_payloads(card, &body.observation).map_err(|source| BodyError::Payload { source: source.into() })?;
    if features.len() != body.features.len() {
        return Err(BodyError::FeatureCount { expected: features.len(), got: body.features.len() });
    }
    for (feature, (&expected, &got)) in features.iter().zip(&body.features).enumerate() {
        if expected != got {
            return Err(BodyError::FeatureMismatch { feature, expected, got });
        }
    }
    let payloads = body.observation.payload_digests();
    let observations = digest::observations(body.observations_salt, &body.features, &payloads);
    if FrBytes::from(observations) != header.observations {
        return Err(BodyError::ObservationsMismatch);
    }
    Ok(())
}

fn check_leaves(card: &Card, record: &SignedRecord) -> Result<(), BodyError> {
    let body = &record.body;
    let (expected, got) = (card.operators.len().saturating_add(1), body.leaves.len());
    let count = BodyError::LeafCount { expected, got };
    let (Some(input), Some(output)) = (body.leaves.first(), body.leaves.last()) else { return Err(count) };
    let Ok(output_tensor) = u16::try_from(card.operators.len()) else { return Err(count) };
    if expected != got {
        return Err(count);
    }
    if execution::root(&body.leaves) != record.header.execution {
        return Err(BodyError::ExecutionRootMismatch);
    }
    let features: Vec<i32> = body.features.iter().map(|&feature| i32::from(feature)).collect();
    if execution::leaf(0, &features) != *input {
        return Err(BodyError::InputLeafMismatch);
    }
    if execution::leaf(output_tensor, &body.outputs) != *output {
        return Err(BodyError::OutputLeafMismatch);
    }
    Ok(())
}

/// Why a header does not state the decision that its body leads to.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DecisionMismatch {
    /// A Revise record decides nothing.
    #[error(
        "it is a Revise record, which decides nothing: the records before and after it are proven and sealed by themselves, each with their program"
    )]
    Revision,
    /// The body leads to no decision at all.
    #[error("the body leads to no decision: {source}")]
    NoDecision {
        /// Why.
        source: DecisionError,
    },
    /// Requested action.
    #[error("requested action {got:#x}, the outputs ask for {expected:#x}")]
    Requested {
        /// From the body.
        expected: u128,
        /// In the header.
        got: u128,
    },
    /// Policy verdict.
    #[error("policy verdict {got:#x}, {stated}; the policy says {expected:#x}, {policy}")]
    Verdict {
        /// From the body.
        expected: u64,
        /// In the header.
        got: u64,
        /// What the policy says, with the names of rule and reason.
        policy: Box<VerdictView>,
        /// What the header says.
        stated: Box<VerdictView>,
    },
    /// Executed action.
    #[error("executed action {got:#x}, the decision executes {expected:#x}: the policy says {policy}")]
    Executed {
        /// From the body.
        expected: u128,
        /// In the header.
        got: u128,
        /// What the policy says, with the names of rule and reason.
        policy: Box<VerdictView>,
    },
    /// State after.
    #[error("state after is 0x{}, the decision leads to 0x{}{}", hex::encode(.got), hex::encode(.expected), told(.register))]
    StateAfter {
        /// From the body.
        expected: [u8; 32],
        /// In the header.
        got: [u8; 32],
        /// The first register that differs; `None` where the body does not open the state.
        register: Option<Box<RegisterMismatch>>,
    },
    /// Transaction.
    #[error("transaction 0x{}, the decision makes 0x{}", hex::encode(.got), hex::encode(.expected))]
    Transaction {
        /// From the body.
        expected: [u8; 32],
        /// In the header.
        got: [u8; 32],
    },
}

/// The first register of a state that is not what follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterMismatch {
    /// Its name.
    pub name: String,
    /// Its digits after the decimal point.
    pub decimals: u8,
    /// What follows.
    pub expected: i64,
    /// What the agent signed.
    pub got: i64,
}

fn told(register: &Option<Box<RegisterMismatch>>) -> String {
    let one = |register: &RegisterMismatch| {
        let shown = |value| format_decimal(value, register.decimals);
        let (name, got, expected) = (&register.name, shown(register.got), shown(register.expected));
        format!(": register `{name}` is {got}, it becomes {expected}")
    };
    register.as_deref().map(one).unwrap_or_default()
}

/// What the agent signed is known only where the body opens it.
fn register_mismatch(card: &Card, expected: &State, record: &SignedRecord) -> Option<RegisterMismatch> {
    let got = &record.body.state_after;
    if !opens_state(card, got, record.header.state_after) {
        return None;
    }
    let mut pairs = card.registers.iter().zip(expected.registers.iter().zip(&got.registers)).enumerate();
    let (index, (register, (expected, got))) = pairs.find(|(_, (_, (expected, got)))| expected != got)?;
    let (name, decimals) = (register.name.clone(), Scales::of(card).register(index));
    Some(RegisterMismatch { name, decimals, expected: *expected, got: *got })
}

/// The header states exactly the decision that features, outputs, state, time and sequence of the record lead to.
///
/// Owes: [`check_body`], and that the outputs are the model's.
pub fn check_decision(card: &Card, record: &SignedRecord) -> Result<Decision, DecisionMismatch> {
    let (header, body) = (&record.header, &record.body);
    if header.revises() {
        return Err(DecisionMismatch::Revision);
    }
    let decision = decide(&DecisionInput {
        card,
        features: &body.features,
        outputs: &body.outputs,
        state: &body.state_before,
        evidence: &body.evidence,
        time: header.time,
        sequence: header.sequence,
    })
    .map_err(|source| DecisionMismatch::NoDecision { source })?;
    let words = DecisionWords::of(card, &header.agent, header.sequence, &decision);
    if words.requested != header.requested {
        return Err(DecisionMismatch::Requested { expected: words.requested, got: header.requested });
    }
    if words.verdict != header.verdict {
        return Err(DecisionMismatch::Verdict {
            expected: words.verdict,
            got: header.verdict,
            policy: Box::new(VerdictView::of(words.verdict, card)),
            stated: Box::new(VerdictView::of(header.verdict, card)),
        });
    }
    if words.executed != header.executed {
        return Err(DecisionMismatch::Executed {
            expected: words.executed,
            got: header.executed,
            policy: Box::new(VerdictView::of(words.verdict, card)),
        });
    }
    if words.state_after != header.state_after {
        return Err(DecisionMismatch::StateAfter {
            expected: words.state_after.0,
            got: header.state_after.0,
            register: register_mismatch(card, &decision.state_after, record).map(Box::new),
        });
    }
    if words.transaction != header.transaction {
        return Err(DecisionMismatch::Transaction { expected: words.transaction, got: header.transaction });
    }
    Ok(decision)
}

/// The words of a header that a decision fixes.
pub(crate) struct DecisionWords {
    pub(crate) requested: u128,
    pub(crate) verdict: u64,
    pub(crate) executed: u128,
    pub(crate) state_after: FrBytes,
    pub(crate) transaction: [u8; 32],
}

impl DecisionWords {
    pub(crate) fn of(card: &Card, agent: &[u8; 20], sequence: u64, decision: &Decision) -> Self {
        let transaction = decision.transaction.as_ref();
        Self {
            requested: decision.requested.word(),
            verdict: decision.verdict.word(),
            executed: Action::executed_word(decision.executed.as_ref()),
            state_after: digest::state(&decision.state_after).into(),
            transaction: digest::transaction_word(&card.domain, agent, sequence, transaction),
        }
    }
}
