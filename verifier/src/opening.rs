//! Which words of a header a body opens. What does not open its word says nothing about the signer.

use crate::verdict::Unopened;
use candor_program::card::Card;
use candor_program::digest;
use candor_program::encoding::FrBytes;
use candor_program::execution;
use candor_program::state::State;
use candor_trace::{SignedRecord, opens_evidence};

/// Which words of one record its body opens.
pub(crate) struct Openings {
    observation: bool,
    evidence: bool,
    state_before: bool,
    state_after: bool,
    leaves: bool,
    outputs: bool,
    time: bool,
}

impl Openings {
    /// Compares every digest. Source: the table in the crate's documentation.
    pub(crate) fn of(card: &Card, record: &SignedRecord) -> Self {
        let (header, body) = (&record.header, &record.body);
        let payloads = body.observation.payload_digests();
        let observations = digest::observations(body.observations_salt, &body.features, &payloads);
        let tensors = card.operators.len().saturating_add(1);
        let leaves = body.leaves.len() == tensors && execution::root(&body.leaves) == header.execution;
        let output =
            u16::try_from(card.operators.len()).ok().map(|tensor| execution::leaf(tensor, &body.outputs));
        // The digest fills registers up with zeros: their number is the card's, or they open nothing.
        let state = |state: &State, word: FrBytes| {
            state.registers.len() == card.registers.len() && FrBytes::from(digest::state(state)) == word
        };
        Self {
            observation: FrBytes::from(observations) == header.observations,
            evidence: opens_evidence(card, header, body),
            state_before: state(&body.state_before, header.state_before),
            state_after: state(&body.state_after, header.state_after),
            leaves,
            outputs: leaves && output.is_some() && output.as_ref() == body.leaves.last(),
            time: body.observation.time == header.time,
        }
    }

    /// The payloads and the features are those that the agent signed.
    pub(crate) fn observation(&self) -> bool {
        self.observation
    }

    /// The statements and the credentials are those that the agent signed.
    pub(crate) fn evidence(&self) -> bool {
        self.evidence
    }

    /// The digests of all tensors are those that the agent signed.
    pub(crate) fn leaves(&self) -> bool {
        self.leaves
    }

    /// Everything that the decision is made from is what the agent signed.
    pub(crate) fn decision(&self) -> bool {
        self.observation && self.evidence && self.state_before && self.outputs
    }

    /// The first word that stays closed of those that a proof of true values is compared with.
    pub(crate) fn missing_for_challenge(&self) -> Option<Unopened> {
        let words = [(self.observation, Unopened::Observations), (self.leaves, Unopened::Execution)];
        words.into_iter().find(|(opened, _)| !opened).map(|(_, word)| word)
    }

    /// The first word that the body does not open.
    pub(crate) fn first_missing(&self) -> Option<Unopened> {
        let words = [
            (self.time, Unopened::Time),
            (self.observation, Unopened::Observations),
            (self.evidence, Unopened::Evidence),
            (self.state_before, Unopened::StateBefore),
            (self.state_after, Unopened::StateAfter),
            (self.leaves, Unopened::Execution),
            (self.outputs, Unopened::Outputs),
        ];
        words.into_iter().find(|(opened, _)| !opened).map(|(_, word)| word)
    }
}
