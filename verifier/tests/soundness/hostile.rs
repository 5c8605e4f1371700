//! Bytes that nobody meant: no panic, no acceptance, no fraud of an honest agent, and memory that follows the bytes.

use crate::agent::cheat::{Cheat, second_record};
use crate::agent::{HONEST, PAYOUT, PROGRAM, Random, bundle, expected, prover, run, sign_again};
use candor_verifier::program::class::TensorId;
use candor_verifier::trace::{Bundle, Chain, Link, SignedRecord, Start};
use candor_verifier::{
    Challenge, Evidence, Missing, ProofFile, Submission, Verdict, VerifyError, replay, settle, verify,
    verify_bytes,
};

impl Random {
    /// Flips, overwrites, copies, inserts or removes a few bytes; always changes something.
    fn mutate(&mut self, bytes: &[u8], from: usize) -> Vec<u8> {
        let mut mutated = bytes.to_vec();
        while mutated == bytes {
            let at = from + self.below(bytes.len() - from);
            let length = 1 + self.below(32.min(bytes.len() - at));
            match self.below(6) {
                0 | 1 => mutated[at] ^= 1 << self.below(8),
                2 => mutated[at] = self.next() as u8,
                3 => {
                    let source = from + self.below(bytes.len() - from - length + 1);
                    let copy = bytes[source..source + length].to_vec();
                    mutated[at..at + length].copy_from_slice(&copy);
                }
                4 => drop(mutated.drain(at..at + length)),
                _ => mutated.splice(at..at, std::iter::repeat_n(self.next() as u8, length)).for_each(drop),
            }
        }
        mutated
    }
}

/// Nothing that somebody makes of an honest bundle is accepted, or fraud.
#[test]
fn mutated_bundles() {
    let (honest, proof) = &*HONEST;
    let (bytes, proof_bytes) = (honest.to_bytes(), proof.to_bytes());
    let records = Bundle { records: Vec::new(), ..honest.clone() }.to_bytes().len() - 4;
    let (mut random, mut decoded) = (Random(1), 0);
    for number in 0..2000 {
        let mutated = random.mutate(&bytes, if number % 4 == 0 { 0 } else { records });
        assert!(verify_bytes(&expected(), &mutated, &proof_bytes).is_err());
        let Ok(bundle) = Bundle::from_bytes(&mutated) else { continue };
        decoded += 1;
        let verdict = settle(&expected(), &bundle, &[Submission::Proof(proof)]);
        assert_eq!(verdict.name(), "undecided", "{verdict}");
        let report = replay(&expected(), &PROGRAM, &bundle).expect("the program is fine");
        assert!(report.agreed < bundle.records.len() || bundle.start != honest.start, "{report:?}");
    }
    assert!(decoded > 500, "{decoded} of 2000 reach the checks");
}

#[test]
fn mutated_proofs() {
    let (bundle, proof) = &*HONEST;
    let (mut random, bytes, bundle_bytes) = (Random(2), proof.to_bytes(), bundle.to_bytes());
    for _ in 0..1000 {
        let mutated = random.mutate(&bytes, 0);
        assert!(verify_bytes(&expected(), &bundle_bytes, &mutated).is_err());
    }
}

/// Evidence against the honest agent, mutated: never fraud.
#[test]
fn mutated_challenges() {
    let records = run();
    let (proof, values) = prover(&PROGRAM).prove_tensor(&records[2], TensorId(2), PAYOUT).expect("proven");
    let previous = Start::After(records[1].signed_header());
    let challenges = [
        Challenge::proven(records[2].clone(), TensorId(2), values, proof),
        Challenge { evidence: Evidence::Inconsistent { record: records[2].clone(), previous } },
        Challenge::equivocation(records[2].signed_header(), records[2].signed_header()),
        Challenge::equivocation(records[2].signed_header(), records[3].signed_header()),
    ];
    let (mut random, disputed, mut decoded) = (Random(3), bundle(records), 0);
    for challenge in challenges {
        let bytes = challenge.to_bytes();
        for _ in 0..500 {
            let Ok(mutated) = Challenge::from_bytes(&random.mutate(&bytes, 10)) else { continue };
            decoded += 1;
            let verdict = settle(&expected(), &disputed, &[Submission::Challenge(&mutated)]);
            assert_eq!(verdict.name(), "undecided", "{verdict}");
        }
    }
    assert!(decoded > 500, "{decoded} of 2000 reach the checks");
}

/// Words of one record in another, unsigned: still nothing that the agent signed.
#[test]
fn spliced_records() {
    let records = run();
    let mut random = Random(4);
    for _ in 0..300 {
        let (to, from) = (random.below(records.len()), random.below(records.len()));
        let mut spliced = records.clone();
        match random.below(4) {
            0 => spliced[to].body = records[from].body.clone(),
            1 => spliced[to].header = records[from].header.clone(),
            2 => spliced[to].signature = records[from].signature,
            _ => spliced.swap(to, from),
        }
        if spliced == records {
            continue;
        }
        let verdict = settle(&expected(), &bundle(spliced), &[]);
        assert_eq!(verdict.name(), "undecided", "{verdict}");
    }
}

/// Every four bytes that could be a length, as every length that hurts.
#[test]
fn hostile_lengths() {
    let (honest, proof) = &*HONEST;
    let mut record = honest.records[1].clone();
    record.body.leaves.truncate(2);
    let short = Bundle { records: vec![record.clone()], ..honest.clone() };
    let challenge = Challenge::proven(
        record,
        TensorId(1),
        vec![1, 2],
        ProofFile { segments: Vec::new(), ..proof.clone() },
    );
    let files = [short.to_bytes(), proof.to_bytes(), challenge.to_bytes()];
    for (kind, file) in files.iter().enumerate() {
        for offset in 0..file.len().min(6000) - 4 {
            for length in [0_u32, 1, 1 << 31, u32::MAX] {
                let mut bytes = file.clone();
                bytes[offset..offset + 4].copy_from_slice(&length.to_le_bytes());
                match kind {
                    0 => drop(Bundle::from_bytes(&bytes)),
                    1 => drop(ProofFile::from_bytes(&bytes)),
                    _ => drop(Challenge::from_bytes(&bytes)),
                }
            }
        }
    }
}

/// A change that the agent makes and signs.
fn rewrite(random: &mut Random, record: &mut SignedRecord) {
    let (header, body) = (&mut record.header, &mut record.body);
    match random.below(18) {
        0 => header.time = header.time.wrapping_add(random.next() % 100),
        1 => header.time ^= 1 << random.below(64),
        2 => header.requested ^= 1 << random.below(70),
        3 => header.verdict ^= 1 << random.below(34),
        4 => header.executed ^= 1 << random.below(70),
        5 => header.transaction[random.below(32)] ^= 1,
        6 => header.execution[random.below(32)] ^= 1,
        7 => header.sequence ^= 1 << random.below(64),
        8 => body.features[0] ^= 1,
        9 => body.outputs.truncate(random.below(3)),
        10 => body.leaves.truncate(random.below(5)),
        11 => body.observation.payloads[0].truncate(random.below(30)),
        12 => body.state_before.registers.truncate(random.below(2)),
        13 => body.evidence.0[random.below(2)] = None,
        14 => body.evidence.0.push(None),
        15 => body.credentials.swap(0, 1),
        16 => body.credentials.truncate(random.below(2)),
        _ => body.state_after.registers.push(random.next() as i64),
    }
    if random.below(2) == 0 {
        crate::agent::cheat::commit_body(record);
    }
}

/// `verify` and `settle` look at the same things in two ways: what one finds wrong with a record, the other does too.
#[test]
fn verify_and_settle_agree_about_records() {
    let (honest, proof) = &*HONEST;
    let (mut random, mut frauds, mut missing) = (Random(5), 0, 0);
    for _ in 0..600 {
        let at = random.below(honest.records.len());
        let mut bundle = honest.clone();
        rewrite(&mut random, &mut bundle.records[at]);
        if random.below(2) == 0 {
            let chain = Chain::of(&bundle.card);
            let link = match at.checked_sub(1) {
                None => Link::genesis(&chain, expected().agent),
                Some(before) => Link::after(&chain, &bundle.records[before].header),
            };
            let header = &mut bundle.records[at].header;
            header.acc = link.next_acc(header);
        }
        bundle.records.truncate(at + 1);
        sign_again(&mut bundle.records[at]);
        let proof = with_coverage(proof, at + 1);
        let verified = match verify(&expected(), &bundle, &proof) {
            Ok(_) | Err(VerifyError::Argument { .. } | VerifyError::Statement { .. }) => true,
            Err(_) => false,
        };
        let settled = match settle(&expected(), &bundle, &[]) {
            Verdict::Fraud(_) => {
                frauds += 1;
                false
            }
            Verdict::Undecided { missing: reasons } => {
                missing += usize::from(reasons != [Missing::Submission]);
                reasons == [Missing::Submission]
            }
            Verdict::Honest(_) => true,
        };
        assert_eq!(verified, settled, "{:?}", bundle.records[at]);
    }
    assert!(frauds > 50 && missing > 50, "{frauds} frauds, {missing} missing");
}

fn with_coverage(proof: &ProofFile, decisions: usize) -> ProofFile {
    let mut proof = proof.clone();
    proof.segments[0].decisions = decisions as u32;
    proof.segments[0].batch_log2 = decisions.next_power_of_two().trailing_zeros() as u8;
    proof
}

/// All at once: submissions of every kind beside each other do not get in each other's way.
#[test]
fn the_first_accepted_challenge_decides() {
    let cheated = Cheat::named("output").bundle();
    let record = cheated.records[0].clone();
    let (proof, values) = prover(&PROGRAM).prove_tensor(&record, TensorId(3), PAYOUT).expect("proven");
    let good = Challenge::proven(record.clone(), TensorId(3), values, proof.clone());
    let bad = Challenge::proven(record, TensorId(3), vec![0, 0, 0], proof);
    let foreign = Challenge::equivocation(second_record(2).signed_header(), second_record(2).signed_header());
    let (_, unrelated) = &*HONEST;
    let submissions = [
        Submission::Proof(unrelated),
        Submission::Challenge(&bad),
        Submission::Challenge(&foreign),
        Submission::Challenge(&good),
    ];
    let Verdict::Fraud(fraud) = settle(&expected(), &cheated, &submissions) else { panic!("fraud") };
    assert_eq!(fraud.payout, Some(PAYOUT));
    let Verdict::Undecided { missing } = settle(&expected(), &cheated, &submissions[..3]) else {
        panic!("undecided")
    };
    assert_eq!(missing.len(), 3);
}
