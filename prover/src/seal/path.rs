//! From a bundle and its proof to a seal.

use super::groth16;
use super::keys::SealKeys;
use ark_bn254::Fr;
use ark_relations::gr1cs::SynthesisError;
use candor_circuits::compressed::{compress_g1, compress_g2};
use candor_circuits::layout::{Layout, LayoutError};
use candor_circuits::native::ArgumentError;
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_circuits::seal::exposed::expose;
use candor_circuits::seal::messages::{TakenApart, take_apart};
use candor_circuits::seal::witness::{PathWitness, RecordWitness};
use candor_circuits::statement::{ProgramData, Statement, StatementError};
use candor_program::Card;
use candor_program::digest::ProgramIds;
use candor_program::encoding::FrBytes;
use candor_program::encoding::keccak256;
use candor_program::operator::Operator;
use candor_program::state::State;
use candor_trace::chain::Chain;
use candor_trace::{
    Bundle, BundleError, CompressedG1, CompressedG2, SealFile, SealProof, SealStart, SealedHeader,
    SignedRecord, context_digest,
};

/// Why a proof cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A seal covers exactly one segment.
    #[error(
        "the proof has {segments} segments; a seal covers one: prove a shorter range, or seal the segments one by one"
    )]
    Segments {
        /// Found.
        segments: usize,
    },
    /// The proof covers other records than the bundle.
    #[error("the proof covers {proof} records, the bundle has {bundle}")]
    Records {
        /// In the proof.
        proof: usize,
        /// In the bundle.
        bundle: usize,
    },
    /// The bundle's start is broken.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The proof shape is beyond the limits.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The records do not fit the program.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The proof is not valid.
    #[error("the proof is not valid, a seal of it would not verify: {0}")]
    Argument(#[from] ArgumentError),
    /// The key belongs to another class or batch.
    #[error(
        "the seal key is for another class or batch (its batch is 2^{key_batch_log2}, the proof's 2^{batch_log2}): make one with `candor setup seal`"
    )]
    OtherKey {
        /// Of the key.
        key_batch_log2: u8,
        /// Of the proof.
        batch_log2: u8,
    },
    /// The path does not satisfy the circuit: a record breaks a rule that the seal proves.
    #[error(
        "the path does not satisfy the circuit's part `{part}`: verify the bundle to see which record is wrong"
    )]
    Unsatisfied {
        /// The circuit's part.
        part: &'static str,
    },
    /// The Groth16 prover failed.
    #[error("sealing failed: {0}")]
    Groth16(#[from] SynthesisError),
}

/// A path ready to be sealed.
pub struct SealablePath<'a> {
    /// Layout of the argument.
    pub layout: Layout,
    /// What the circuit takes.
    pub witness: PathWitness<'a>,
    /// The proof's points and what is left to check.
    pub argument: TakenApart,
}

/// Takes a bundle and its proof apart; checks the argument's field side.
///
/// Owes: the rest of verification (`candor_verifier::verify`), without which the seal may not verify.
/// Errors: more than one segment, or a proof that does not belong to the bundle.
pub fn sealable<'a>(bundle: &'a Bundle, proof: &ProofFile) -> Result<SealablePath<'a>, SealError> {
    let card = &bundle.card;
    let [segment] = &proof.segments[..] else {
        return Err(SealError::Segments { segments: proof.segments.len() });
    };
    let (covered, records) = (segment.decisions as usize, bundle.records.len());
    if covered != records {
        return Err(SealError::Records { proof: covered, bundle: records });
    }
    let ids = ProgramIds::of(card);
    let data = ProgramData::of(card, &ids);
    let layout = Layout::new(&card.class, segment.batch_log2, card.class.output())?;
    let agent = bundle.agent().unwrap_or_default();
    let context = context_digest(proof.purpose, &card.domain, &agent, &proof.payout, &bundle.record_hashes());
    let statement = Statement {
        batch_log2: segment.batch_log2,
        context,
        revealed: layout.revealed,
        features: bundle.records.iter().map(|record| record.body.features.clone()).collect(),
        values: bundle.records.iter().map(|record| record.body.outputs.clone()).collect(),
    };
    let public = statement.public_values(card)?;
    let argument = take_apart(&layout, &data, &public, &segment.argument)?;
    let link = bundle.start_link(&Chain::of(card))?;
    let witness = PathWitness {
        card,
        model_id: data.model_id,
        context,
        acc_before: link.acc().to_fr(),
        state_before: bundle
            .records
            .first()
            .map_or_else(|| State::initial(&card.registers), |record| record.body.state_before.clone()),
        records: bundle.records.iter().map(|record| record_witness(card, record)).collect(),
        messages: argument.messages.clone(),
    };
    Ok(SealablePath { layout, witness, argument })
}

fn record_witness(card: &Card, record: &SignedRecord) -> RecordWitness {
    let body = &record.body;
    let low = card.operators.last().map_or(0, Operator::low);
    let digests = body.observation.payload_digests();
    let payloads = keccak256(&digests.iter().map(|digest| &digest[..]).collect::<Vec<_>>());
    let half = |bytes: &[u8]| bytes.iter().fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
    RecordWitness {
        sequence: record.header.sequence,
        time: record.header.time,
        observations_salt: body.observations_salt,
        evidence_salt: body.evidence_blinding(),
        evidence: body.evidence.clone(),
        payloads: [half(&payloads[..16]), half(&payloads[16..])],
        features: body.features.clone(),
        outputs: body.outputs.iter().map(|output| output.wrapping_sub(low) as u16).collect(),
    }
}

/// Seals a bundle's proof; `blinding` are two random elements.
///
/// Errors: a key of another class, a proof that does not belong to the bundle, or a path that breaks a rule.
pub fn seal(
    keys: &SealKeys,
    bundle: &Bundle,
    proof: &ProofFile,
    blinding: [Fr; 2],
) -> Result<SealFile, SealError> {
    let path = sealable(bundle, proof)?;
    let ids = ProgramIds::of(&bundle.card);
    let (key_batch_log2, batch_log2) = (keys.verifying.batch_log2, path.layout.batch_log2 as u8);
    if keys.verifying.class_digest != ids.class_digest || key_batch_log2 != batch_log2 {
        return Err(SealError::OtherKey { key_batch_log2, batch_log2 });
    }
    let shape = SealShape { layout: path.layout };
    let synthesis = synthesize(&shape, &path.witness, false);
    if let Some(part) = synthesis.system.unsatisfied() {
        return Err(SealError::Unsatisfied { part });
    }
    let groth = groth16::prove(keys, &synthesis.system.assignment(), blinding)?;
    let exposed = expose(&path.argument.outstanding);
    Ok(SealFile {
        program_id: ids.program_id,
        agent: bundle.agent().unwrap_or_default(),
        key_id: keys.verifying.id(),
        purpose: proof.purpose,
        payout: proof.payout,
        start: SealStart::of(&bundle.start),
        headers: bundle.records.iter().map(|record| SealedHeader::of(&record.signed_header())).collect(),
        proof: SealProof {
            a: CompressedG1(compress_g1(&groth.a)),
            b: CompressedG2(compress_g2(&groth.b)),
            c: CompressedG1(compress_g1(&groth.c)),
            boundary_digest: FrBytes::from(synthesis.digest),
            points: path.argument.points.iter().map(|point| CompressedG1(compress_g1(point))).collect(),
            exposed: exposed.into_iter().map(FrBytes::from).collect(),
        },
    })
}
