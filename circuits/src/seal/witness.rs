//! What a sealer knows: native values of everything that the circuit takes.

use crate::channel::Messages;
use candor_program::evidence::Evidence;
use candor_program::state::State;
use candor_program::{Card, Fr};

/// One record of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWitness {
    /// Sequence number.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// Salt of the observations.
    pub observations_salt: u128,
    /// Salt of the evidence.
    pub evidence_salt: u128,
    /// Statements, one entry a slot.
    pub evidence: Evidence,
    /// Keccak-256 of the payload digests, as two halves.
    pub payloads: [u128; 2],
    /// Features, exact width.
    pub features: Vec<u16>,
    /// Outputs minus their low, exact width.
    pub outputs: Vec<u16>,
}

/// Everything of a path that is sealed.
#[derive(Clone, Debug)]
pub struct PathWitness<'a> {
    /// The program.
    pub card: &'a Card,
    /// model_id as two halves.
    pub model_id: [Fr; 2],
    /// Context digest.
    pub context: Fr,
    /// Acc before the first record.
    pub acc_before: Fr,
    /// State before the first record.
    pub state_before: State,
    /// Records: at least one, at most a batch.
    pub records: Vec<RecordWitness>,
    /// The argument's messages.
    pub messages: Messages,
}
