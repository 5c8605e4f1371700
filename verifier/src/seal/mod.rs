//! Verify a seal: one Groth16 proof and one opening for a whole path, from signed headers and the card alone.

mod error;
mod headers;
mod reader;

pub use error::{SealError, SealScalar};
pub(crate) use reader::PendingSeal;
pub use reader::SealReader;

use crate::assumption::Assumption;
use crate::expected::Expected;
use candor_circuits::seal::key::{INPUTS, SealKey};
use candor_program::Fr;
use candor_program::card::Card;
use candor_trace::{Header, SealFile};

/// What [`verify_seal`] has established. Made by nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Sealed {
    /// The program that decided.
    pub program_id: [u8; 32],
    /// The agent that signed.
    pub agent: [u8; 20],
    /// Headers of the path, in order.
    pub headers: Vec<Header>,
    /// Whom the seal pays if it decides a dispute.
    pub payout: [u8; 20],
    /// The three public inputs of its Groth16 proof, for verifiers of other makes.
    pub public_inputs: [Fr; INPUTS],
    /// What it rests on.
    pub assumptions: Vec<Assumption>,
}

/// The headers of a seal are those of the expected agent and program, in one chain, and everything between the two ends of
/// their accumulators happened as the program prescribes.
///
/// Needs no body, no observation, no weights: the card, the key and the file. Whoever reads several seals of one program
/// and key keeps a [`SealReader`].
/// Errors: the first check that fails. Owes: everything in [`Sealed::assumptions`].
pub fn verify_seal(
    expected: &Expected,
    card: &Card,
    key: &SealKey,
    file: &SealFile,
) -> Result<Sealed, SealError> {
    SealReader::new(expected, card, key)?.verify(file)
}
