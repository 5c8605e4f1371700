//! Why something is not accepted, in four kinds that never mix.

use crate::assumption::AssumptionName;
use crate::expected::OtherSetup;
use crate::word::FieldWord;
use candor_circuits::layout::LayoutError;
use candor_circuits::model::ModelError;
use candor_circuits::native::ArgumentError;
use candor_circuits::point::PointError;
use candor_circuits::proof::Purpose;
use candor_circuits::statement::StatementError;
use candor_program::card::{Domain, SignerKey};
use candor_program::class::TensorId;
use candor_program::encoding::DecodeError;
use candor_program::interval::ProgramError;
use candor_trace::{BodyError, BundleError, ChainError, DecisionMismatch, SignatureError};
use thiserror::Error;

/// What an error says about who is at fault: it decides who loses a bond.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ErrorKind {
    /// Bytes that are no bundle, proof or card. Says nothing about the agent.
    Malformed,
    /// A named check failed.
    Rejected,
    /// More than this library is ready to look at.
    Limit,
    /// All may be well, but it rests on something that the reader does not accept.
    RefusedAssumption,
}

/// Why a bundle and a proof are not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum VerifyError {
    /// The bundle's bytes.
    #[error("bundle: {source}")]
    Bundle {
        /// Why.
        source: Box<BundleError>,
    },
    /// The proof's bytes.
    #[error("proof: {source}")]
    Proof {
        /// Why.
        source: DecodeError,
    },
    /// The card.
    #[error("card: {source}")]
    Card {
        /// Why.
        source: Box<ProgramError>,
    },
    /// The weight commitments of the card.
    #[error("card: {source}")]
    Model {
        /// Why.
        source: ModelError,
    },
    /// The card's point of the reference string.
    #[error("the card's reference string: {source}")]
    Setup {
        /// Why.
        source: PointError,
    },
    /// The class is too large for a batch.
    #[error("segment {segment} of the proof: {source}")]
    Layout {
        /// Segment.
        segment: usize,
        /// Why.
        source: LayoutError,
    },
    /// The records are of another program.
    #[error("the bundle is of program 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    Program {
        /// Expected.
        expected: [u8; 32],
        /// Recomputed from the card.
        got: [u8; 32],
    },
    /// The records are of another domain.
    #[error(
        "the bundle is of chain {} and contract 0x{}, expected are chain {} and contract 0x{}",
        .got.chain_id, hex::encode(.got.verifying_contract),
        .expected.chain_id, hex::encode(.expected.verifying_contract)
    )]
    Domain {
        /// Expected.
        expected: Domain,
        /// In the card.
        got: Domain,
    },
    /// The card's reference string is another than the reader pinned.
    #[error(transparent)]
    SetupPin(#[from] OtherSetup),
    /// A word of a header is the field's modulus or more: a second encoding of a value.
    #[error("record {sequence}: its {word} is not below the field's modulus")]
    Scalar {
        /// Record.
        sequence: u64,
        /// Which word.
        word: FieldWord,
    },
    /// The records are of another agent.
    #[error("the bundle is of agent 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    Agent {
        /// Expected.
        expected: [u8; 20],
        /// In the first record.
        got: [u8; 20],
    },
    /// An assumption that the reader does not accept.
    #[error("rests on `{assumption}`, which is refused")]
    Refused {
        /// Its name.
        assumption: AssumptionName,
    },
    /// The word of a key that the reader does not take.
    #[error("rests on the word of {signer} (`{assumption}`), which is refused")]
    RefusedSigner {
        /// In which assumption.
        assumption: AssumptionName,
        /// The key.
        signer: SignerKey,
    },
    /// A record is not validly signed by the agent.
    #[error("record {sequence}: {source}")]
    Signature {
        /// Record.
        sequence: u64,
        /// Why.
        source: SignatureError,
    },
    /// A record does not continue the one before.
    #[error("record {sequence}: {source}")]
    Chain {
        /// Record.
        sequence: u64,
        /// Why.
        source: Box<ChainError>,
    },
    /// A Revise record among the decisions.
    #[error(
        "record {sequence} revises program 0x{} to 0x{}, which no proof covers: prove the records before it and those after it, each with their program; the second proof begins with the acc and the state that the Revise record signs",
        hex::encode(.from), hex::encode(.to)
    )]
    Revision {
        /// Record.
        sequence: u64,
        /// Program before.
        from: [u8; 32],
        /// Program after.
        to: [u8; 32],
    },
    /// A body is not the one that its header binds.
    #[error("record {sequence}: {source}")]
    Body {
        /// Record.
        sequence: u64,
        /// Why.
        source: BodyError,
    },
    /// A header does not state the decision that its body leads to.
    #[error("record {sequence}: {source}")]
    Decision {
        /// Record.
        sequence: u64,
        /// Why.
        source: Box<DecisionMismatch>,
    },
    /// The proof is of another program.
    #[error("the proof is of program 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    ProofProgram {
        /// Expected.
        expected: [u8; 32],
        /// In the proof.
        got: [u8; 32],
    },
    /// The proof's mark is not what the card says about its reference string.
    #[error("the proof says development setup: {got}; the card says {expected}")]
    ProofSetup {
        /// By the card.
        expected: bool,
        /// In the proof.
        got: bool,
    },
    /// The proof was made for another purpose.
    #[error("the proof was made for purpose {got:?}, not {expected:?}")]
    ProofPurpose {
        /// Expected.
        expected: Purpose,
        /// In the proof.
        got: Purpose,
    },
    /// The proof reveals another tensor.
    #[error("the proof reveals tensor {}, not {}", .got.0, .expected.0)]
    ProofTensor {
        /// Expected.
        expected: TensorId,
        /// In the proof.
        got: TensorId,
    },
    /// The proof begins with another record.
    #[error("the proof begins with record {got}, the bundle with record {expected}")]
    ProofStart {
        /// Of the bundle.
        expected: u64,
        /// In the proof.
        got: u64,
    },
    /// The proof covers more or fewer records.
    #[error("the proof covers {got} records, the bundle has {expected}")]
    ProofCoverage {
        /// Records.
        expected: u64,
        /// Covered.
        got: u64,
    },
    /// A segment holds no decisions, or its batch is not the smallest that holds them.
    #[error("segment {segment} of the proof has a batch of 2^{batch_log2} for {decisions} decisions")]
    SegmentShape {
        /// Segment.
        segment: usize,
        /// Decisions.
        decisions: u32,
        /// Log2 of the batch.
        batch_log2: u8,
    },
    /// A batch above the limit.
    #[error("segment {segment} of the proof has a batch of 2^{got}, at most 2^{limit} is allowed")]
    BatchTooLarge {
        /// Segment.
        segment: usize,
        /// Log2 of the largest batch.
        limit: u8,
        /// Log2 found.
        got: u8,
    },
    /// The values cannot be those of the tensor.
    #[error("segment {segment} of the proof: {source}")]
    Statement {
        /// Segment.
        segment: usize,
        /// Why.
        source: StatementError,
    },
    /// The argument is not accepted.
    #[error("segment {segment} of the proof, from record {sequence}: {source}")]
    Argument {
        /// Segment.
        segment: usize,
        /// Its first record.
        sequence: u64,
        /// Why.
        source: ArgumentError,
    },
}

impl VerifyError {
    /// Who is at fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Bundle { source } => bundle_kind(source),
            Self::Proof { source } => decode_kind(source),
            Self::Card { source } => program_kind(source),
            Self::Model { source: ModelError::Layout(source) } | Self::Layout { source, .. } => {
                layout_kind(source)
            }
            Self::Model { .. } | Self::Setup { .. } | Self::SegmentShape { .. } | Self::Scalar { .. } => {
                ErrorKind::Malformed
            }
            Self::Argument { source: ArgumentError::Rejected(_), .. } => ErrorKind::Rejected,
            Self::Argument { .. } => ErrorKind::Malformed,
            Self::BatchTooLarge { .. } => ErrorKind::Limit,
            Self::Refused { .. } | Self::RefusedSigner { .. } => ErrorKind::RefusedAssumption,
            Self::Program { .. }
            | Self::Domain { .. }
            | Self::SetupPin(_)
            | Self::Agent { .. }
            | Self::Signature { .. }
            | Self::Chain { .. }
            | Self::Revision { .. }
            | Self::Body { .. }
            | Self::Decision { .. }
            | Self::ProofProgram { .. }
            | Self::ProofSetup { .. }
            | Self::ProofPurpose { .. }
            | Self::ProofTensor { .. }
            | Self::ProofStart { .. }
            | Self::ProofCoverage { .. }
            | Self::Statement { .. } => ErrorKind::Rejected,
        }
    }
}

pub(crate) fn bundle_kind(error: &BundleError) -> ErrorKind {
    match error {
        BundleError::Malformed { source } => decode_kind(source),
        BundleError::Card { source } => program_kind(source),
        BundleError::Empty => ErrorKind::Malformed,
        BundleError::TooManyRecords { .. } => ErrorKind::Limit,
        BundleError::StartProgram { .. }
        | BundleError::StartRevision { .. }
        | BundleError::StartSignature { .. } => ErrorKind::Rejected,
    }
}

fn decode_kind(error: &DecodeError) -> ErrorKind {
    match error {
        DecodeError::TooLong { .. } => ErrorKind::Limit,
        _ => ErrorKind::Malformed,
    }
}

pub(crate) fn layout_kind(error: &LayoutError) -> ErrorKind {
    match error {
        LayoutError::TooLarge { .. } | LayoutError::Work { .. } => ErrorKind::Limit,
        _ => ErrorKind::Malformed,
    }
}

pub(crate) fn program_kind(error: &ProgramError) -> ErrorKind {
    match error {
        ProgramError::Count { got, limit, .. } if got > limit => ErrorKind::Limit,
        ProgramError::Parameters { .. } => ErrorKind::Limit,
        _ => ErrorKind::Malformed,
    }
}
