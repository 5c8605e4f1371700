//! The bundle: a card and consecutive records. What a verifier gets.

use crate::chain::{Chain, Link};
use crate::path::{PathError, Selection, select};
use crate::record::{SignedHeader, SignedRecord};
use crate::signature::SignatureError;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::Card;
use candor_program::encoding::{DecodeError, FrBytes, decode_file, encode_file, magic};
use candor_program::interval::ProgramError;
use thiserror::Error;

/// Longest encoded bundle (docs/spec/encoding.md).
pub const MAX_BUNDLE_BYTES: u64 = 256 << 20;
/// Most records of a bundle.
pub const MAX_BUNDLE_RECORDS: usize = 1 << 16;

/// What the first record of a bundle continues.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
#[expect(clippy::large_enum_variant, reason = "there is one to a bundle")]
pub enum Start {
    /// Nothing: it is the agent's first.
    Genesis,
    /// The record before, without its body.
    After(SignedHeader),
}

/// A card and consecutive records, at least one.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Bundle {
    /// Program without weights.
    pub card: Card,
    /// What the first record continues.
    pub start: Start,
    /// Records in order.
    pub records: Vec<SignedRecord>,
}

/// Why bytes are no bundle, or a bundle has no start.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BundleError {
    /// Malformed bytes.
    #[error("malformed bundle: {source}")]
    Malformed {
        /// Why.
        #[from]
        source: DecodeError,
    },
    /// Malformed card.
    #[error("the bundle's card: {source}")]
    Card {
        /// Why.
        #[from]
        source: ProgramError,
    },
    /// No records.
    #[error("the bundle holds no record")]
    Empty,
    /// Too many records.
    #[error("the bundle holds {got} records, at most {limit} are allowed: split it")]
    TooManyRecords {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The record before the first is of another program, or revises to another.
    #[error("the record before the bundle is of program 0x{}, the card of 0x{}", hex::encode(.got), hex::encode(.expected))]
    StartProgram {
        /// Program of the card.
        expected: [u8; 32],
        /// Program of the previous record.
        got: [u8; 32],
    },
    /// The record before the first revises to the card's program, but signs another digest of it.
    #[error("the Revise record before the bundle signs program digest 0x{}, the card has 0x{}", hex::encode(.got), hex::encode(.expected))]
    StartRevision {
        /// Digest of the card.
        expected: [u8; 32],
        /// Digest that was signed.
        got: [u8; 32],
    },
    /// The record before the first is not validly signed.
    #[error("the record before the bundle: {source}")]
    StartSignature {
        /// Why.
        #[from]
        source: SignatureError,
    },
}

impl Bundle {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&magic::BUNDLE, self)
    }
    /// Strictly decodes a file: limits first, nothing left over, one encoding, a well-formed card, at least one record.
    ///
    /// Owes: everything that the records say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let bundle: Self = decode_file(&magic::BUNDLE, MAX_BUNDLE_BYTES, bytes)?;
        let got = bundle.records.len();
        if got == 0 {
            return Err(BundleError::Empty);
        }
        if got > MAX_BUNDLE_RECORDS {
            return Err(BundleError::TooManyRecords { limit: MAX_BUNDLE_RECORDS, got });
        }
        bundle.card.validate()?;
        Ok(bundle)
    }
    /// The selected records of a run that begins with the agent's first record, or with one more than is selected.
    pub fn select(card: Card, run: &[SignedRecord], selection: Selection) -> Result<Self, PathError> {
        let range = select(run, selection)?;
        let records = run.get(range.clone()).unwrap_or_default().to_vec();
        let previous = range.start.checked_sub(1).and_then(|index| run.get(index));
        let start = match (previous, records.first()) {
            (Some(previous), _) => Start::After(previous.signed_header()),
            (None, Some(first)) if first.header.sequence > 0 => {
                return Err(PathError::PreviousMissing { sequence: first.header.sequence - 1 });
            }
            (None, _) => Start::Genesis,
        };
        Ok(Self { card, start, records })
    }
    /// The agent that the first record names.
    #[must_use]
    pub fn agent(&self) -> Option<[u8; 20]> {
        self.records.first().map(|record| record.header.agent)
    }
    /// The link that the first record must continue; the record before it, if any, is of the program and signed.
    ///
    /// Owes: that the record before continued its own past; a bundle says nothing about that.
    pub fn start_link(&self, chain: &Chain) -> Result<Link, BundleError> {
        let agent = self.agent().ok_or(BundleError::Empty)?;
        match &self.start {
            Start::Genesis => Ok(Link::genesis(chain, agent)),
            Start::After(previous) => {
                let revision = previous.header.revision();
                let (expected, got) = (
                    chain.ids.program_id,
                    revision.map_or(previous.header.program_id, |revision| revision.to),
                );
                if expected != got {
                    return Err(BundleError::StartProgram { expected, got });
                }
                if let Some(revision) = revision {
                    let (expected, got) = (FrBytes::from(chain.ids.program_fr), revision.program_fr);
                    if expected != got {
                        return Err(BundleError::StartRevision { expected: expected.0, got: got.0 });
                    }
                }
                previous.check_signature(&chain.domain)?;
                Ok(Link::after(chain, &previous.header))
            }
        }
    }
    /// Record hashes, in order.
    #[must_use]
    pub fn record_hashes(&self) -> Vec<[u8; 32]> {
        self.records.iter().map(|record| record.record_hash(&self.card.domain)).collect()
    }
}
