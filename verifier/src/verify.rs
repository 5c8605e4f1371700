//! Verify: a bundle is what its program and agent made of its observations.

use crate::argument::{Opening, Stated, Subject};
use crate::assumption::{Assumption, Bodies};
use crate::error::VerifyError;
use crate::expected::{Expected, Refused};
use crate::verdict::write_assumptions;
use crate::word::FieldWord;
use candor_circuits::pairing::PairingEquation;
use candor_circuits::proof::ProofFile;
use candor_program::card::Card;
use candor_program::decision::Decision;
use candor_program::encoding::FrBytes;
use candor_trace::{
    Bundle, BundleError, Chain, Link, MAX_BUNDLE_RECORDS, Purpose, RevisionWords, SignedRecord, Start,
    check_body, check_decision, check_link,
};
use std::fmt;

/// What [`verify()`] has established. Made by nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// The program that decided.
    pub program_id: [u8; 32],
    /// The agent that signed.
    pub agent: [u8; 20],
    /// Sequence number of the first record.
    pub first_sequence: u64,
    /// What was decided, record by record.
    pub decisions: Vec<Decision>,
    /// Record hashes.
    pub record_hashes: Vec<[u8; 32]>,
    /// Accumulator before the first record.
    pub acc_before: FrBytes,
    /// Accumulator after the last record.
    pub acc_after: FrBytes,
    /// Whom the proof pays if it decides a dispute.
    pub payout: [u8; 20],
    /// What all of it rests on.
    pub assumptions: Vec<Assumption>,
}

/// [`verify()`] of the files, strictly decoded.
pub fn verify_bytes(expected: &Expected, bundle: &[u8], proof: &[u8]) -> Result<Accepted, VerifyError> {
    let bundle =
        Bundle::from_bytes(bundle).map_err(|source| VerifyError::Bundle { source: Box::new(source) })?;
    let proof = ProofFile::from_bytes(proof).map_err(|source| VerifyError::Proof { source })?;
    verify(expected, &bundle, &proof)
}

/// The expected program, run on the committed observations and state, yields exactly the recorded actions, verdicts,
/// states and transactions, for every record of the bundle, and the expected agent signed them in one chain.
///
/// Needs neither weights nor intermediate values, and runs no model.
/// Errors: the first check that fails; ids and assumptions before records, records before the argument.
/// Owes: that the world is what the observations say, and everything in [`Accepted::assumptions`].
pub fn verify(expected: &Expected, bundle: &Bundle, proof: &ProofFile) -> Result<Accepted, VerifyError> {
    reduce(expected, bundle, proof)?.settle()
}

/// A proof of which only the openings are left.
pub(crate) struct PendingProof {
    accepted: Accepted,
    openings: Vec<Opening>,
}

impl PendingProof {
    /// What is left to check.
    pub(crate) fn equations(&self) -> impl Iterator<Item = &PairingEquation> {
        self.openings.iter().map(|opening| &opening.equation)
    }

    /// What is established once the equations hold.
    ///
    /// Owes: the equations.
    pub(crate) fn accepted(self) -> Accepted {
        self.accepted
    }

    /// Checks the equations, one by one.
    pub(crate) fn settle(self) -> Result<Accepted, VerifyError> {
        self.openings.iter().try_for_each(Opening::check)?;
        Ok(self.accepted)
    }
}

/// [`verify()`] up to the openings.
pub(crate) fn reduce(
    expected: &Expected,
    bundle: &Bundle,
    proof: &ProofFile,
) -> Result<PendingProof, VerifyError> {
    let got = bundle.records.len();
    if got > MAX_BUNDLE_RECORDS {
        return Err(bundle_error(BundleError::TooManyRecords { limit: MAX_BUNDLE_RECORDS, got }));
    }
    let first = &bundle.records.first().ok_or_else(|| bundle_error(BundleError::Empty))?.header;
    let card = &bundle.card;
    card.validate().map_err(|source| VerifyError::Card { source: Box::new(source) })?;
    let chain = Chain::of(card);
    check_identity(expected, card, &chain)?;
    let mut assumptions = Assumption::of_proof(expected, card);
    assumptions.extend(Assumption::of_records());
    let continued = match bundle.start {
        Start::Genesis => None,
        Start::After(_) => Some(first.sequence),
    };
    assumptions.extend(Assumption::of_path(card, Bodies::Checked(&bundle.records), continued));
    // Counted below, refused here: a refusal must not depend on the proof.
    check_refused(expected, &assumptions)?;
    check_refused(expected, &[Assumption::StatisticalSoundness { bits: 0 }])?;
    if first.agent != expected.agent {
        return Err(VerifyError::Agent { expected: expected.agent, got: first.agent });
    }
    let subject = Subject {
        card,
        ids: &chain.ids,
        agent: &expected.agent,
        purpose: Purpose::Path,
        revealed: card.class.output(),
        first_sequence: first.sequence,
    };
    subject.check_header(proof, bundle.records.len())?;

    check_words(bundle)?;
    check_no_revision(&bundle.records)?;
    let link = bundle.start_link(&chain).map_err(bundle_error)?;
    let acc_before = link.acc();
    let (decisions, acc_after) = check_records(card, &chain, link, &bundle.records)?;
    let record_hashes = bundle.record_hashes();
    let stated: Vec<Stated<'_>> = bundle.records.iter().zip(&record_hashes).map(Stated::outputs).collect();
    let reduced = subject.reduce_segments(proof, &stated)?;
    assumptions.push(Assumption::StatisticalSoundness { bits: reduced.bits });
    let accepted = Accepted {
        program_id: chain.ids.program_id,
        agent: expected.agent,
        first_sequence: first.sequence,
        decisions,
        record_hashes,
        acc_before,
        acc_after,
        payout: proof.payout,
        assumptions,
    };
    Ok(PendingProof { accepted, openings: reduced.openings })
}

fn bundle_error(source: BundleError) -> VerifyError {
    VerifyError::Bundle { source: Box::new(source) }
}

/// Every field element of the headers has one encoding.
fn check_words(bundle: &Bundle) -> Result<(), VerifyError> {
    let before = match &bundle.start {
        Start::Genesis => None,
        Start::After(previous) => Some(&previous.header),
    };
    for header in before.into_iter().chain(bundle.records.iter().map(|record| &record.header)) {
        if let Some(word) = FieldWord::not_canonical(header) {
            return Err(VerifyError::Scalar { sequence: header.sequence, word });
        }
    }
    Ok(())
}

/// All records are decisions.
fn check_no_revision(records: &[SignedRecord]) -> Result<(), VerifyError> {
    match records.iter().find_map(|record| Some((record.header.sequence, record.header.revision()?))) {
        None => Ok(()),
        Some((sequence, RevisionWords { from, to, .. })) => Err(VerifyError::Revision { sequence, from, to }),
    }
}

fn check_identity(expected: &Expected, card: &Card, chain: &Chain) -> Result<(), VerifyError> {
    if chain.ids.program_id != expected.program_id {
        return Err(VerifyError::Program { expected: expected.program_id, got: chain.ids.program_id });
    }
    if card.domain != expected.domain {
        return Err(VerifyError::Domain { expected: expected.domain, got: card.domain });
    }
    Ok(expected.check_setup(card)?)
}

/// None of the assumptions is refused.
pub(crate) fn check_refused(expected: &Expected, assumptions: &[Assumption]) -> Result<(), VerifyError> {
    match expected.refused_of(assumptions) {
        Some(Refused::Name { assumption }) => Err(VerifyError::Refused { assumption }),
        Some(Refused::Signer { assumption, signer }) => {
            Err(VerifyError::RefusedSigner { assumption, signer })
        }
        None => Ok(()),
    }
}

/// Every record is signed, continues the chain, and states the decision that its body leads to.
fn check_records(
    card: &Card,
    chain: &Chain,
    mut link: Link,
    records: &[SignedRecord],
) -> Result<(Vec<Decision>, FrBytes), VerifyError> {
    let mut decisions = Vec::with_capacity(records.len());
    for record in records {
        let sequence = record.header.sequence;
        check_link(&link, &record.header)
            .map_err(|source| VerifyError::Chain { sequence, source: Box::new(source) })?;
        record
            .check_signature(&chain.domain)
            .map_err(|source| VerifyError::Signature { sequence, source })?;
        check_body(card, record).map_err(|source| VerifyError::Body { sequence, source })?;
        let decision = check_decision(card, record)
            .map_err(|source| VerifyError::Decision { sequence, source: Box::new(source) })?;
        decisions.push(decision);
        link = Link::after(chain, &record.header);
    }
    Ok((decisions, link.acc()))
}

impl<'a> Stated<'a> {
    /// The recorded outputs of a record, on its features.
    fn outputs((record, record_hash): (&'a SignedRecord, &[u8; 32])) -> Self {
        Self { features: &record.body.features, values: &record.body.outputs, record_hash: *record_hash }
    }
}

impl fmt::Display for Accepted {
    /// What is established, and what it rests on: one line each.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.first_sequence.saturating_add((self.decisions.len() as u64).saturating_sub(1));
        write!(out, "honest: records {} to {last}", self.first_sequence)?;
        write!(out, " of agent 0x{} are what", hex::encode(self.agent))?;
        write!(out, " program 0x{} makes of their observations", hex::encode(self.program_id))?;
        write_assumptions(out, &self.assumptions)
    }
}
