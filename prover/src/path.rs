//! Proves the records of a path, or the true value of one tensor of one record.

use crate::argument::{ProvingKey, prove};
use crate::commit::{CommitError, commit_program};
use crate::setup::ReferenceString;
use crate::witness::{Witness, WitnessError};
use candor_circuits::layout::{Layout, LayoutError};
use candor_circuits::model::{bias_object, tables_object, weight_layout, weights_object};
use candor_circuits::proof::{ProofFile, SegmentProof, segments};
use candor_circuits::statement::{ProgramData, Statement, StatementError};
use candor_program::class::TensorId;
use candor_program::digest::{ProgramIds, setup_digest};
use candor_program::interval::ProgramError;
use candor_program::observation::ObservationError;
use candor_program::{Fr, Program};
use candor_trace::{Bundle, Purpose, SignedRecord, context_digest};

/// Log2 of the largest batch that [`Prover`] makes: more decisions become several segments.
pub const BATCH_LOG2: u8 = 4;

/// Why nothing can be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The program is not well formed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The program cannot be committed with this reference string.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The program was compiled for another reference string.
    #[error("the program was compiled for another reference string: expected 0x{}, got 0x{}", hex::encode(.expected), hex::encode(.got))]
    OtherSetup {
        /// Digest of the program's setup.
        expected: [u8; 32],
        /// Digest of the string given.
        got: [u8; 32],
    },
    /// The card's rows are not the commitments of the weights.
    #[error("weight row {row} of the card is not the commitment of the weights")]
    OtherWeights {
        /// First row that differs.
        row: usize,
    },
    /// A record is of another program.
    #[error("record {sequence} names another program")]
    OtherProgram {
        /// Sequence number.
        sequence: u64,
    },
    /// A record's observation does not give features.
    #[error("record {sequence}: {source}")]
    Observation {
        /// Sequence number.
        sequence: u64,
        /// Why.
        source: ObservationError,
    },
    /// The recorded outputs are not the model's: such a record cannot be proven, only challenged.
    #[error(
        "record {sequence}: the recorded outputs are not what the model gives; replay it, then challenge it"
    )]
    OutputsDiffer {
        /// Sequence number.
        sequence: u64,
    },
    /// The statement does not fit the program.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The proof shape is beyond the limits.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The witness cannot be made.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

/// A program ready to be proven.
pub struct Prover<'a> {
    program: &'a Program,
    reference: &'a ReferenceString,
    ids: ProgramIds,
    data: ProgramData<Fr>,
    weights: Vec<i32>,
    bias: Vec<i64>,
    tables: Vec<u16>,
}

impl<'a> Prover<'a> {
    /// Checks that the program is well formed, of this reference string, and that its card commits to its weights.
    ///
    /// Errors: any of these does not hold.
    pub fn new(program: &'a Program, reference: &'a ReferenceString) -> Result<Self, ProveError> {
        let prover = Self::new_unchecked(program, reference)?;
        let rows = commit_program(reference, &program.card, &program.weights)?;
        let differs = |(a, b): (&_, &_)| a != b;
        if rows.len() != program.card.weight_rows.len() {
            return Err(ProveError::OtherWeights { row: rows.len().min(program.card.weight_rows.len()) });
        }
        match rows.iter().zip(&program.card.weight_rows).position(differs) {
            Some(row) => Err(ProveError::OtherWeights { row }),
            None => Ok(prover),
        }
    }

    /// Like [`Prover::new`] for a program that was just compiled, or whose file is trusted: the weight rows are not
    /// committed again. If they do not belong to the weights, proofs are rejected by every verifier.
    ///
    /// Errors: the program is not well formed, or of another reference string.
    pub fn new_unchecked(program: &'a Program, reference: &'a ReferenceString) -> Result<Self, ProveError> {
        program.validate()?;
        let card = &program.card;
        let (expected, got) = (setup_digest(&card.setup), setup_digest(reference.card()));
        if expected != got {
            return Err(ProveError::OtherSetup { expected, got });
        }
        let (row_log2, powers_log2) = (card.class.row_log2, reference.powers_log2());
        if powers_log2 < row_log2 {
            return Err(CommitError::ReferenceTooShort { row_log2, powers_log2 }.into());
        }
        let layout = weight_layout(card)?;
        let ids = ProgramIds::of(card);
        let data = ProgramData::of(card, &ids);
        let weights = weights_object(card, &program.weights, &layout);
        let bias = bias_object(card, &program.weights, &layout);
        let tables = tables_object(&program.weights, &layout);
        Ok(Self { program, reference, ids, data, weights, bias, tables })
    }

    /// Proves all records of a bundle; `progress` is told segments done and segments in all.
    ///
    /// Errors: a record that is not the program's, or whose outputs are not the model's.
    pub fn prove_path(
        &self,
        bundle: &Bundle,
        payout: [u8; 20],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<ProofFile, ProveError> {
        let revealed = self.program.card.class.output();
        let sizes = segments(bundle.records.len(), BATCH_LOG2);
        let mut file = self.file(Purpose::Path, payout, &bundle.records, revealed);
        let mut rest = &bundle.records[..];
        for (done, (decisions, batch_log2)) in sizes.iter().enumerate() {
            progress(done, sizes.len());
            let (records, after) = rest.split_at(*decisions as usize);
            rest = after;
            let (segment, values) = self.segment(Purpose::Path, payout, records, (*batch_log2, revealed))?;
            if let Some((record, _)) =
                records.iter().zip(&values).find(|(record, values)| record.body.outputs != **values)
            {
                return Err(ProveError::OutputsDiffer { sequence: record.header.sequence });
            }
            file.segments.push(segment);
        }
        progress(sizes.len(), sizes.len());
        Ok(file)
    }

    /// Proves the true value of a tensor of one record, whatever the record says; gives the values.
    ///
    /// Errors: the record is not the program's, or its observation does not give features.
    pub fn prove_tensor(
        &self,
        record: &SignedRecord,
        revealed: TensorId,
        payout: [u8; 20],
    ) -> Result<(ProofFile, Vec<i32>), ProveError> {
        let records = std::slice::from_ref(record);
        let mut file = self.file(Purpose::Challenge, payout, records, revealed);
        let (segment, mut values) = self.segment(Purpose::Challenge, payout, records, (0, revealed))?;
        file.segments.push(segment);
        Ok((file, values.pop().unwrap_or_default()))
    }

    fn file(
        &self,
        purpose: Purpose,
        payout: [u8; 20],
        records: &[SignedRecord],
        revealed: TensorId,
    ) -> ProofFile {
        ProofFile {
            program_id: self.ids.program_id,
            development_setup: self.reference.is_development(),
            purpose,
            payout,
            first_sequence: records.first().map_or(0, |record| record.header.sequence),
            revealed,
            segments: Vec::new(),
        }
    }

    /// One argument over consecutive records; gives the true values of the revealed tensor of each.
    fn segment(
        &self,
        purpose: Purpose,
        payout: [u8; 20],
        records: &[SignedRecord],
        (batch_log2, revealed): (u8, TensorId),
    ) -> Result<(SegmentProof, Vec<Vec<i32>>), ProveError> {
        let card = &self.program.card;
        let mut features = Vec::with_capacity(records.len());
        for record in records {
            let sequence = record.header.sequence;
            if record.header.program_id != self.ids.program_id {
                return Err(ProveError::OtherProgram { sequence });
            }
            let observed = record.body.observation.features(card);
            features.push(observed.map_err(|source| ProveError::Observation { sequence, source })?);
        }
        let layout = Layout::new(&card.class, batch_log2, revealed)?;
        let witness = Witness::new(self.program, &layout, &features)?;
        let values: Vec<Vec<i32>> =
            witness.tensors.iter().take(records.len()).map(|t| t[usize::from(revealed.0)].clone()).collect();
        let hashes: Vec<[u8; 32]> = records.iter().map(|record| record.record_hash(&card.domain)).collect();
        let agent = records.first().map_or([0; 20], |record| record.header.agent);
        let context = context_digest(purpose, &card.domain, &agent, &payout, &hashes);
        let statement = Statement { batch_log2, context, revealed, features, values: values.clone() };
        let public = statement.public_values(card)?;
        let argument = prove(&self.key(), &layout, &public, &witness);
        Ok((SegmentProof { decisions: records.len() as u32, batch_log2, argument }, values))
    }

    /// The key that [`prove`] takes.
    #[must_use]
    pub fn key(&self) -> ProvingKey<'_> {
        ProvingKey {
            powers: self.reference.powers(),
            weights: &self.weights,
            bias: &self.bias,
            tables: &self.tables,
            program: &self.data,
        }
    }
}
