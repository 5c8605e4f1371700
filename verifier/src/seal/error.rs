//! Why a seal is not accepted.

use crate::assumption::AssumptionName;
use crate::error::{ErrorKind, layout_kind};
use crate::expected::OtherSetup;
use candor_circuits::layout::LayoutError;
use candor_circuits::model::ModelError;
use candor_circuits::native::ArgumentError;
use candor_circuits::point::PointError;
use candor_circuits::seal::key::KeyError;
use candor_program::card::SignerKey;
use candor_program::interval::ProgramError;
use candor_trace::{ChainError, SignatureError};
use std::fmt;
use thiserror::Error;

/// An encoded scalar of a seal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealScalar {
    /// H.
    BoundaryDigest,
    /// A value of the boundary's tail, by index.
    Exposed(usize),
    /// A word of a header, by the record's sequence number.
    Header(u64),
}

impl fmt::Display for SealScalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BoundaryDigest => write!(out, "the boundary's digest"),
            Self::Exposed(index) => write!(out, "exposed value {index}"),
            Self::Header(sequence) => write!(out, "a word of record {sequence}"),
        }
    }
}

/// Why a seal is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SealError {
    /// The card is not well formed.
    #[error("the card: {source}")]
    Card {
        /// Why.
        #[from]
        source: Box<ProgramError>,
    },
    /// Another program than expected.
    #[error("{part} is of program 0x{}, expected 0x{}", hex::encode(.got), hex::encode(.expected))]
    Program {
        /// Card or seal.
        part: &'static str,
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// The card is for another domain.
    #[error("the card is for another chain or contract than expected")]
    Domain,
    /// The seal is for another purpose than a path.
    #[error("the seal is not of a path")]
    Purpose,
    /// The seal names another key.
    #[error("the seal was made with key 0x{}, got key 0x{}", hex::encode(.expected), hex::encode(.got))]
    OtherKey {
        /// In the seal.
        expected: [u8; 32],
        /// Given.
        got: [u8; 32],
    },
    /// The key is for another class or batch.
    #[error("the seal key is for another class or batch than the seal")]
    KeyClass,
    /// The reference string is another than the reader pinned.
    #[error(transparent)]
    SetupPin(#[from] OtherSetup),
    /// The key is none of those that the reader pinned.
    #[error("the seal key is 0x{}, which is none of the pinned keys", hex::encode(.got))]
    KeyPin {
        /// Given.
        got: [u8; 32],
    },
    /// The key or the seal's proof.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The reader refuses an assumption.
    #[error("it rests on `{assumption}`, which is refused")]
    Refused {
        /// Its name.
        assumption: AssumptionName,
    },
    /// The word of a key that the reader does not take.
    #[error("it rests on the word of {signer} (`{assumption}`), which is refused")]
    RefusedSigner {
        /// In which assumption.
        assumption: AssumptionName,
        /// The key.
        signer: SignerKey,
    },
    /// No header, or more than the batch.
    #[error("{got} headers do not fit a batch of {batch}")]
    Headers {
        /// Capacity.
        batch: usize,
        /// Found.
        got: usize,
    },
    /// The seal is of another agent.
    #[error("the seal is of agent 0x{}, expected 0x{}", hex::encode(.got), hex::encode(.expected))]
    Agent {
        /// Expected.
        expected: [u8; 20],
        /// Found.
        got: [u8; 20],
    },
    /// The agent did not sign this record, with what it continues and becomes by the card.
    #[error("record {sequence}: {source}")]
    Signature {
        /// Sequence number.
        sequence: u64,
        /// Why.
        source: SignatureError,
    },
    /// A sequence number or a time that no record has.
    #[error("record {sequence}: {source}")]
    Chain {
        /// Sequence number.
        sequence: u64,
        /// Why.
        source: Box<ChainError>,
    },
    /// A Revise record among those of the seal, or one before them that does not lead to the seal's program.
    #[error(
        "record {sequence} is a Revise record that a seal does not cover, or that does not lead to its program: seal the records before and after it, each with their program"
    )]
    Revision {
        /// Sequence number.
        sequence: u64,
    },
    /// A record's executed action is none of the card's, or becomes no transaction.
    #[error(
        "record {sequence} names an executed action that the card has not, or that becomes no transaction"
    )]
    Transaction {
        /// Sequence number.
        sequence: u64,
    },
    /// The transaction's template takes facts that headers do not carry.
    #[error(
        "argument {argument} of the transaction takes a fact that is not in a header: verify the proof instead of the seal"
    )]
    TransactionFact {
        /// Argument number.
        argument: usize,
    },
    /// The shape is beyond the limits.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The seal has another number of points or values than its class.
    #[error(
        "the seal has {points} points and {values} values, its class {expected_points} and {expected_values}"
    )]
    Lengths {
        /// By the class.
        expected_points: usize,
        /// By the class.
        expected_values: usize,
        /// Found.
        points: usize,
        /// Found.
        values: usize,
    },
    /// A scalar is the field's modulus or more: a second encoding of a value.
    #[error("{scalar} is not below the field's modulus")]
    Scalar {
        /// Which.
        scalar: SealScalar,
    },
    /// A point of the argument.
    #[error("point {index}: {error}")]
    Point {
        /// Which.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// The card's reference string is not usable.
    #[error("the reference string: {0}")]
    Setup(PointError),
    /// The card's weight rows.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The opening.
    #[error(transparent)]
    Opening(#[from] ArgumentError),
}

impl SealError {
    /// Which of the kinds that never mix.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Layout(source) | Self::Model(ModelError::Layout(source)) => layout_kind(source),
            Self::Card { .. }
            | Self::Lengths { .. }
            | Self::Scalar { .. }
            | Self::Point { .. }
            | Self::Model(_)
            | Self::Setup(_) => ErrorKind::Malformed,
            Self::Key(KeyError::Point { .. }) => ErrorKind::Malformed,
            Self::Refused { .. } | Self::RefusedSigner { .. } => ErrorKind::RefusedAssumption,
            _ => ErrorKind::Rejected,
        }
    }
}
