//! Verify many seals and proofs with one pairing check (docs/spec/batch.md).

use crate::VerifyError;
use crate::expected::Expected;
use crate::seal::{PendingSeal, SealError, SealReader, Sealed};
use crate::verify::{Accepted, PendingProof, reduce};
use candor_circuits::pairing::{PairingEquation, check_all};
use candor_circuits::proof::ProofFile;
use candor_trace::{Bundle, SealFile};
use thiserror::Error;

/// Most seals and proofs of one batch.
pub const MAX_BATCH: usize = 1024;

/// A seal or a proof, with what it is checked against.
#[derive(Clone, Copy)]
pub enum Submitted<'a> {
    /// A seal.
    Seal {
        /// Of its program and key.
        reader: &'a SealReader<'a>,
        /// The seal.
        file: &'a SealFile,
    },
    /// A proof.
    Proof {
        /// What is expected.
        expected: &'a Expected,
        /// Card and records.
        bundle: &'a Bundle,
        /// The proof.
        proof: &'a ProofFile,
    },
}

/// What is established about one of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verified {
    /// By a seal.
    Seal(Sealed),
    /// By a proof.
    Proof(Accepted),
}

/// Why one of a batch is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    /// Of a seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Of a proof.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

/// Why a batch is not looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum BatchError {
    /// Nothing was submitted, which proves nothing.
    #[error("there is nothing to verify")]
    Empty,
    /// Too many at once.
    #[error("{got} seals and proofs at once, at most {limit} are allowed: split them")]
    TooMany {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
}

enum Pending {
    Seal(PendingSeal),
    Proof(PendingProof),
}

/// A verdict for each that is submitted, in order: the same as [`crate::verify_seal`] and [`crate::verify()`] give alone, but for
/// a probability of 2^-127 that depends on Keccak-256 as a random oracle.
///
/// The pairings of all that pass every other check are checked together; if they do not hold, one by one, so that a
/// bad one is named and spoils no other.
/// Errors: nothing, or too much, to verify.
pub fn verify_batch(submitted: &[Submitted<'_>]) -> Result<Vec<Result<Verified, Refusal>>, BatchError> {
    let got = submitted.len();
    if got == 0 {
        return Err(BatchError::Empty);
    }
    if got > MAX_BATCH {
        return Err(BatchError::TooMany { limit: MAX_BATCH, got });
    }
    let pending: Vec<Result<Pending, Refusal>> = submitted.iter().map(Pending::of).collect();
    let equations: Vec<&PairingEquation> = pending.iter().flatten().flat_map(Pending::equations).collect();
    let together = check_all(&equations).is_ok();
    let settle = |pending: Pending| if together { Ok(pending.verified()) } else { pending.settle() };
    Ok(pending.into_iter().map(|pending| pending.and_then(settle)).collect())
}

impl Pending {
    fn of(submitted: &Submitted<'_>) -> Result<Self, Refusal> {
        Ok(match *submitted {
            Submitted::Seal { reader, file } => Self::Seal(reader.reduce(file)?),
            Submitted::Proof { expected, bundle, proof } => Self::Proof(reduce(expected, bundle, proof)?),
        })
    }

    fn equations(&self) -> Vec<&PairingEquation> {
        match self {
            Self::Seal(seal) => seal.equations().into(),
            Self::Proof(proof) => proof.equations().collect(),
        }
    }

    /// Owes: the equations.
    fn verified(self) -> Verified {
        match self {
            Self::Seal(seal) => Verified::Seal(seal.sealed()),
            Self::Proof(proof) => Verified::Proof(proof.accepted()),
        }
    }

    fn settle(self) -> Result<Verified, Refusal> {
        Ok(match self {
            Self::Seal(seal) => Verified::Seal(seal.settle()?),
            Self::Proof(proof) => Verified::Proof(proof.settle()?),
        })
    }
}
