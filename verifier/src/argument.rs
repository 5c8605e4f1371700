//! The proofs of a file, checked against the values that the records name.

use crate::error::VerifyError;
use crate::expected::Expected;
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::pairing::PairingEquation;
use candor_circuits::proof::{MAX_BATCH_LOG2, ProofFile};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::soundness::statistical_bits;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::card::Card;
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_trace::{Purpose, context_digest};

/// What one decision of a proof states.
pub(crate) struct Stated<'a> {
    /// Features, offset by their minimum.
    pub(crate) features: &'a [u16],
    /// Values of the revealed tensor.
    pub(crate) values: &'a [i32],
    /// The record.
    pub(crate) record_hash: [u8; 32],
}

/// Segments of which only the openings are left.
pub(crate) struct Reduced {
    /// Statistical soundness bits of the weakest.
    pub(crate) bits: u32,
    /// One a segment.
    pub(crate) openings: Vec<Opening>,
}

/// The opening of a segment.
pub(crate) struct Opening {
    segment: usize,
    sequence: u64,
    /// What is left to check.
    pub(crate) equation: PairingEquation,
}

impl Opening {
    /// The opening's equation holds.
    pub(crate) fn check(&self) -> Result<(), VerifyError> {
        let (segment, sequence) = (self.segment, self.sequence);
        native::opened(&self.equation).map_err(|source| VerifyError::Argument { segment, sequence, source })
    }
}

/// What a proof file must be about.
pub(crate) struct Subject<'a> {
    pub(crate) card: &'a Card,
    pub(crate) ids: &'a ProgramIds,
    pub(crate) agent: &'a [u8; 20],
    pub(crate) purpose: Purpose,
    pub(crate) revealed: TensorId,
    pub(crate) first_sequence: u64,
}

impl Subject<'_> {
    /// The proof names this subject and covers `decisions` in well-formed segments. Nothing is proven yet.
    pub(crate) fn check_header(&self, proof: &ProofFile, decisions: usize) -> Result<(), VerifyError> {
        let (expected, got) = (self.ids.program_id, proof.program_id);
        if expected != got {
            return Err(VerifyError::ProofProgram { expected, got });
        }
        let (expected, got) = (Expected::is_development(self.card), proof.development_setup);
        if expected != got {
            return Err(VerifyError::ProofSetup { expected, got });
        }
        let (expected, got) = (self.purpose, proof.purpose);
        if expected != got {
            return Err(VerifyError::ProofPurpose { expected, got });
        }
        let (expected, got) = (self.revealed, proof.revealed);
        if expected != got {
            return Err(VerifyError::ProofTensor { expected, got });
        }
        let (expected, got) = (self.first_sequence, proof.first_sequence);
        if expected != got {
            return Err(VerifyError::ProofStart { expected, got });
        }
        for (segment, part) in proof.segments.iter().enumerate() {
            let (decisions, batch_log2) = (part.decisions, part.batch_log2);
            if batch_log2 > MAX_BATCH_LOG2 {
                return Err(VerifyError::BatchTooLarge { segment, limit: MAX_BATCH_LOG2, got: batch_log2 });
            }
            // One shape for a number of decisions, so that a proof cannot be told in several ways.
            if decisions.checked_next_power_of_two() != Some(1 << batch_log2) || decisions == 0 {
                return Err(VerifyError::SegmentShape { segment, decisions, batch_log2 });
            }
        }
        let expected = decisions as u64;
        let got = proof.segments.iter().fold(0_u64, |sum, part| sum.saturating_add(part.decisions.into()));
        if expected == got { Ok(()) } else { Err(VerifyError::ProofCoverage { expected, got }) }
    }

    /// Every segment is accepted up to its opening.
    ///
    /// Owes: the openings, [`Self::check_header`], a valid card, and that features and values are what the agent signed.
    pub(crate) fn reduce_segments(
        &self,
        proof: &ProofFile,
        stated: &[Stated<'_>],
    ) -> Result<Reduced, VerifyError> {
        let card = self.card;
        let setup = VerifierSetup::of(&card.setup).map_err(|source| VerifyError::Setup { source })?;
        let rows = decode_rows(card).map_err(|source| VerifyError::Model { source })?;
        let data = ProgramData::of(card, self.ids);
        let mut reduced = Reduced { bits: u32::MAX, openings: Vec::with_capacity(proof.segments.len()) };
        let (mut rest, mut sequence) = (stated, self.first_sequence);
        for (segment, part) in proof.segments.iter().enumerate() {
            let (now, after) = rest.split_at_checked(part.decisions as usize).unwrap_or((rest, &[]));
            let layout = Layout::new(&card.class, part.batch_log2, self.revealed)
                .map_err(|source| VerifyError::Layout { segment, source })?;
            let public = self
                .statement(part.batch_log2, &proof.payout, now)
                .public_values(card)
                .map_err(|source| VerifyError::Statement { segment, source })?;
            let equation = native::reduce(&layout, &data, &public, &rows, &setup, &part.argument)
                .map_err(|source| VerifyError::Argument { segment, sequence, source })?;
            reduced.openings.push(Opening { segment, sequence, equation });
            reduced.bits = reduced.bits.min(statistical_bits(&layout));
            sequence = sequence.saturating_add(part.decisions.into());
            rest = after;
        }
        Ok(reduced)
    }

    /// Every segment is accepted; gives the statistical soundness bits of the weakest.
    ///
    /// Owes: what [`Self::reduce_segments`] owes, but the openings.
    pub(crate) fn check_segments(
        &self,
        proof: &ProofFile,
        stated: &[Stated<'_>],
    ) -> Result<u32, VerifyError> {
        let reduced = self.reduce_segments(proof, stated)?;
        reduced.openings.iter().try_for_each(Opening::check)?;
        Ok(reduced.bits)
    }

    fn statement(&self, batch_log2: u8, payout: &[u8; 20], stated: &[Stated<'_>]) -> Statement {
        let hashes: Vec<[u8; 32]> = stated.iter().map(|stated| stated.record_hash).collect();
        Statement {
            batch_log2,
            context: context_digest(self.purpose, &self.card.domain, self.agent, payout, &hashes),
            revealed: self.revealed,
            features: stated.iter().map(|stated| stated.features.to_vec()).collect(),
            values: stated.iter().map(|stated| stated.values.to_vec()).collect(),
        }
    }
}
