//! Settle: the verdict of a dispute.

use crate::argument::{Stated, Subject};
use crate::assumption::Assumption;
use crate::challenge::{Challenge, Evidence};
use crate::difference::Place;
use crate::error::VerifyError;
use crate::examination::{Examiner, Finding, starts};
use crate::expected::Expected;
use crate::inconsistency::Inconsistency;
use crate::opening::Openings;
use crate::publication::{LateRecord, Publication, PublicationError, PublishedRecord, TimeFault, Witnessed};
use crate::verdict::{Basis, Culprit, Fraud, FraudKind, Missing, Verdict};
use crate::verify::{Accepted, check_refused, verify};
use candor_circuits::proof::ProofFile;
use candor_program::class::TensorId;
use candor_program::execution;
use candor_trace::tlog::SignedPromise;
use candor_trace::{Bundle, Header, Purpose, SignedHeader, SignedRecord, Start, equivocation};

/// What a party of a dispute submits.
#[derive(Clone, Copy, Debug)]
pub enum Submission<'a> {
    /// The defender's proof that the bundle is honest.
    Proof(&'a ProofFile),
    /// A challenger's evidence. What shows when a record was public may be a defender's as well.
    Challenge(&'a Challenge),
    /// A log's promise about a record, as the bytes of its note: who has it did not hold the record back.
    Promise(&'a [u8]),
}

/// The verdict about a bundle, from what is submitted and from the bundle itself.
///
/// *Fraud* if a challenge shows it, or if the bundle's own records do. Otherwise *honest* if a proof of the bundle is
/// accepted. Otherwise *undecided*. Nothing that a party fails to supply, and nothing that the agent did not sign, is
/// fraud. A challenge counts only if it is about a record of the bundle. The agent's fraud comes before what may be the
/// log's.
#[must_use]
pub fn settle(expected: &Expected, bundle: &Bundle, submissions: &[Submission<'_>]) -> Verdict {
    let examiner = match Examiner::of(expected, bundle) {
        Ok(examiner) => examiner,
        Err(missing) => return Verdict::Undecided { missing: vec![missing] },
    };
    let mut missing = Vec::new();
    let times = Times::of(expected, submissions, &mut missing);
    let dispute = Dispute { examiner, bundle, times };
    let (mut fraud, mut late, mut honest) = (None, None, None);
    for submission in submissions {
        match *submission {
            Submission::Proof(proof) if honest.is_none() => match verify(expected, bundle, proof) {
                Ok(accepted) => honest = Some(accepted),
                Err(source) => missing.push(Missing::AcceptedProof { source: Box::new(source) }),
            },
            Submission::Challenge(challenge) if fraud.is_none() => match dispute.challenge(challenge) {
                Ok(found) if matches!(found.culprit, Culprit::Agent(_)) => fraud = Some(found),
                Ok(found) => late = late.or(Some(found)),
                Err(reason) => missing.push(reason),
            },
            _ => {}
        }
    }
    let scanned = if fraud.is_some() || honest.is_some() { Ok(None) } else { dispute.scan() };
    match scanned {
        Ok(found) => fraud = fraud.or(found),
        Err(reason) => missing.push(reason),
    }
    conclude(expected, bundle.card.class.output(), fraud.or(late), honest, missing)
}

/// An accepted path proof is about the outputs; a proof about an earlier tensor, whose digest the agent signed as well,
/// does not contradict it.
fn conclude(
    expected: &Expected,
    output: TensorId,
    fraud: Option<Fraud>,
    honest: Option<Accepted>,
    mut missing: Vec<Missing>,
) -> Verdict {
    match (fraud, honest) {
        (Some(Fraud { basis: Basis::Proof { tensor, .. }, sequence, .. }), Some(_)) if tensor == output => {
            Verdict::Undecided { missing: vec![Missing::Contradiction { sequence }] }
        }
        (Some(fraud), _) => match check_refused(expected, &fraud.assumptions) {
            Err(VerifyError::Refused { assumption }) => {
                Verdict::Undecided { missing: vec![Missing::RefusedAssumption { assumption }] }
            }
            _ => Verdict::Fraud(fraud),
        },
        (None, Some(accepted)) => Verdict::Honest(accepted),
        (None, None) => {
            if missing.is_empty() {
                missing.push(Missing::Submission);
            }
            Verdict::Undecided { missing }
        }
    }
}

struct Dispute<'a> {
    examiner: Examiner<'a>,
    bundle: &'a Bundle,
    times: Times<'a>,
}

/// What all submissions together say about when records were public.
struct Times<'a> {
    publication: Option<&'a Publication>,
    published: Vec<&'a PublishedRecord>,
    promises: Vec<SignedPromise>,
}

impl<'a> Times<'a> {
    fn of(expected: &'a Expected, submissions: &[Submission<'a>], missing: &mut Vec<Missing>) -> Self {
        let publication = expected.publication.as_ref();
        let mut times = Self { publication, published: Vec::new(), promises: Vec::new() };
        for submission in submissions {
            match *submission {
                Submission::Challenge(Challenge { evidence: Evidence::Published(published) }) => {
                    times.published.push(published);
                }
                Submission::Promise(note) => match times.promise(note) {
                    Ok(promise) => times.promises.push(promise),
                    Err(source) => missing.push(Missing::Promise { source: Box::new(source) }),
                },
                _ => {}
            }
        }
        times
    }

    fn promise(&self, note: &[u8]) -> Result<SignedPromise, PublicationError> {
        let publication = self.publication.ok_or(PublicationError::NotNamed)?;
        SignedPromise::parse(note, publication.policy.log())
            .map_err(|source| PublicationError::Promise { source })
    }
}

impl Dispute<'_> {
    /// The first record of the bundle that contradicts itself or what it continues; else the first thing that is missing.
    fn scan(&self) -> Result<Option<Fraud>, Missing> {
        let mut first_missing = None;
        for (record, start) in self.bundle.records.iter().zip(starts(self.bundle)) {
            match self.examiner.examine(&start, record, &mut |_| None) {
                Finding::Differs(place) => return Ok(self.recomputed(record.header.sequence, place)),
                Finding::Missing(missing) => first_missing = first_missing.or(Some(missing)),
                Finding::Consistent => {}
            }
        }
        first_missing.map_or(Ok(None), Err)
    }

    fn challenge(&self, challenge: &Challenge) -> Result<Fraud, Missing> {
        match &challenge.evidence {
            Evidence::Proven { record, tensor, values, proof } => {
                self.disputed(&record.header)?;
                self.proven(record, *tensor, values, proof)
            }
            Evidence::Inconsistent { record, previous } => {
                self.disputed(&record.header)?;
                self.inconsistent(record, previous)
            }
            Evidence::Equivocation { first, second } => self.equivocation(first, second),
            Evidence::Published(published) => self.ahead(published),
            Evidence::Late(late) => self.late(late),
        }
    }

    /// The very header is one of the bundle's.
    fn disputed(&self, header: &Header) -> Result<(), Missing> {
        if self.bundle.records.iter().any(|disputed| disputed.header == *header) {
            Ok(())
        } else {
            Err(Missing::ForeignChallenge { sequence: header.sequence })
        }
    }

    /// The expected agent signed this record of the bundle, and a log is named in which it may be.
    fn published(&self, published: &PublishedRecord) -> Result<&Publication, Missing> {
        let signed = &published.signed;
        self.disputed(&signed.header)?;
        self.examiner.signed(signed)?;
        let unnamed = || unpublished(signed.header.sequence)(PublicationError::NotNamed);
        self.times.publication.ok_or_else(unnamed)
    }

    fn ahead(&self, published: &PublishedRecord) -> Result<Fraud, Missing> {
        let sequence = published.signed.header.sequence;
        let publication = self.published(published)?;
        let found = publication.ahead(published, &self.bundle.card.domain).map_err(unpublished(sequence))?;
        let culprit = Culprit::Agent(self.examiner.expected.agent);
        Ok(self.witnessed(FraudKind::DatedAhead, culprit, sequence, found))
    }

    fn late(&self, late: &LateRecord) -> Result<Fraud, Missing> {
        let sequence = late.published.signed.header.sequence;
        let publication = self.published(&late.published)?;
        // Whoever shows that a record was public says so with a signature of the same agent.
        let signed = |published: &&PublishedRecord| self.examiner.signed(&published.signed).is_ok();
        let defences: Vec<&PublishedRecord> =
            self.times.published.iter().copied().filter(|published| signed(published)).collect();
        let found = publication
            .late(late, &self.bundle.card.domain, &defences, &self.times.promises)
            .map_err(unpublished(sequence))?;
        let (agent, log) = (self.examiner.expected.agent, found.log.clone());
        let culprit = match found.fault {
            TimeFault::Late { promised: Some(_), .. } => Culprit::Log(log),
            _ => Culprit::AgentOrLog { agent, log },
        };
        Ok(self.witnessed(FraudKind::LateRecord, culprit, sequence, found))
    }

    fn witnessed(&self, kind: FraudKind, culprit: Culprit, sequence: u64, found: Witnessed) -> Fraud {
        let (log, witnesses) = (found.log.clone(), found.witnesses.clone());
        let mut fraud = Fraud { culprit, ..self.fraud(kind, sequence, Basis::Witnesses(found)) };
        fraud.assumptions.push(Assumption::WitnessedTime { log, witnesses });
        fraud
    }

    fn inconsistent(&self, record: &SignedRecord, previous: &Start) -> Result<Fraud, Missing> {
        let sequence = record.header.sequence;
        match self.examiner.examine(previous, record, &mut |_| None) {
            Finding::Differs(place) => {
                self.recomputed(sequence, place).ok_or(Missing::NothingWrong { sequence })
            }
            Finding::Missing(missing) => Err(missing),
            Finding::Consistent => Err(Missing::NothingWrong { sequence }),
        }
    }

    fn equivocation(&self, first: &SignedHeader, second: &SignedHeader) -> Result<Fraud, Missing> {
        let sequence = first.header.sequence;
        self.examiner.signed(first)?;
        self.examiner.signed(second)?;
        for header in [first, second] {
            let (expected, got) = (self.examiner.expected.program_id, header.header.program_id);
            if expected != got {
                return Err(Missing::OtherProgram { expected, got });
            }
        }
        let disputed = |record: &SignedRecord| record.header.sequence == sequence;
        if !self.bundle.records.iter().any(disputed) {
            return Err(Missing::ForeignChallenge { sequence });
        }
        let found = equivocation(first, second, &self.bundle.card.domain);
        let found = found.ok_or(Missing::NothingWrong { sequence })?;
        Ok(self.fraud(FraudKind::Equivocation, sequence, Basis::Signatures(found)))
    }

    fn proven(
        &self,
        record: &SignedRecord,
        tensor: TensorId,
        values: &[i32],
        proof: &ProofFile,
    ) -> Result<Fraud, Missing> {
        let (examiner, sequence) = (&self.examiner, record.header.sequence);
        let header = record.signed_header();
        examiner.signed(&header)?;
        let (expected, got) = (examiner.expected.program_id, header.header.program_id);
        if expected != got {
            return Err(Missing::OtherProgram { expected, got });
        }
        let openings = Openings::of(examiner.card, record);
        if let Some(word) = openings.missing_for_challenge() {
            return Err(Missing::Body { sequence, word });
        }
        if let Some(found) = examiner.inputs(&openings, record) {
            return Ok(self.recomputation(sequence, found));
        }
        let unaccepted = |source| Missing::AcceptedChallenge { sequence, source: Box::new(source) };
        let bits = self.check_proof(record, tensor, values, proof).map_err(unaccepted)?;
        let nothing = Missing::NothingWrong { sequence };
        let recorded = *record.body.leaves.get(usize::from(tensor.0)).ok_or(nothing.clone())?;
        let proven = execution::leaf(tensor.0, values);
        if proven == recorded {
            return Err(nothing);
        }
        let output = tensor == examiner.card.class.output();
        let kind = if output { FraudKind::WrongOutput } else { FraudKind::ModelSubstituted };
        let mut fraud = self.fraud(kind, sequence, Basis::Proof { tensor, proven, recorded });
        fraud.payout = Some(proof.payout);
        fraud.assumptions.extend(Assumption::of_proof(examiner.expected, examiner.card));
        fraud.assumptions.push(Assumption::StatisticalSoundness { bits });
        Ok(fraud)
    }

    /// The values are those of the tensor on the record's features.
    fn check_proof(
        &self,
        record: &SignedRecord,
        tensor: TensorId,
        values: &[i32],
        proof: &ProofFile,
    ) -> Result<u32, VerifyError> {
        let Examiner { expected, card, chain } = &self.examiner;
        expected.check_setup(card)?;
        check_refused(expected, &Assumption::of_proof(expected, card))?;
        check_refused(expected, &[Assumption::StatisticalSoundness { bits: 0 }])?;
        let subject = Subject {
            card,
            ids: &chain.ids,
            agent: &expected.agent,
            purpose: Purpose::Challenge,
            revealed: tensor,
            first_sequence: record.header.sequence,
        };
        subject.check_header(proof, 1)?;
        let record_hash = record.record_hash(&card.domain);
        subject.check_segments(proof, &[Stated { features: &record.body.features, values, record_hash }])
    }

    fn recomputed(&self, sequence: u64, place: Place) -> Option<Fraud> {
        match place {
            Place::Record(found) => Some(self.recomputation(sequence, found)),
            // No model is run here.
            Place::Operator(_) => None,
        }
    }

    fn recomputation(&self, sequence: u64, found: Inconsistency) -> Fraud {
        let kind = found.kind();
        let basis = match found {
            Inconsistency::Equivocation(found) => Basis::Signatures(found),
            found => Basis::Recomputation(found),
        };
        self.fraud(kind, sequence, basis)
    }

    fn fraud(&self, kind: FraudKind, sequence: u64, basis: Basis) -> Fraud {
        let culprit = Culprit::Agent(self.examiner.expected.agent);
        Fraud { kind, culprit, sequence, basis, payout: None, assumptions: Assumption::of_records() }
    }
}

/// What keeps the evidence of when a record was public from showing anything.
fn unpublished(sequence: u64) -> impl Fn(PublicationError) -> Missing {
    move |source| Missing::Publication { sequence, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_program::encoding::FrBytes;

    /// No sound argument leads to a contradiction, so the two outcomes are made by hand.
    #[test]
    fn accepted_proofs_of_both_are_a_contradiction() {
        let expected = Expected::new(
            [0; 32],
            [0; 20],
            candor_program::card::Domain { chain_id: 1, verifying_contract: [0; 20] },
        );
        let accepted = Accepted {
            program_id: [0; 32],
            agent: [0; 20],
            first_sequence: 0,
            decisions: Vec::new(),
            record_hashes: Vec::new(),
            acc_before: FrBytes([0; 32]),
            acc_after: FrBytes([0; 32]),
            payout: [0; 20],
            assumptions: Vec::new(),
        };
        let basis = Basis::Proof { tensor: TensorId(1), proven: [1; 32], recorded: [2; 32] };
        let fraud = Fraud {
            kind: FraudKind::ModelSubstituted,
            culprit: Culprit::Agent([0; 20]),
            sequence: 4,
            basis,
            payout: None,
            assumptions: Vec::new(),
        };
        let (output, later) = (TensorId(1), TensorId(2));
        let alone = conclude(&expected, output, Some(fraud.clone()), None, Vec::new());
        assert_eq!(alone, Verdict::Fraud(fraud.clone()));
        let earlier = conclude(&expected, later, Some(fraud.clone()), Some(accepted.clone()), Vec::new());
        assert_eq!(earlier, Verdict::Fraud(fraud.clone()), "a path proof says nothing about earlier tensors");
        let both = conclude(&expected, output, Some(fraud), Some(accepted), Vec::new());
        assert_eq!(both, Verdict::Undecided { missing: vec![Missing::Contradiction { sequence: 4 }] });
    }
}
