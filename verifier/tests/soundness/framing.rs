//! Nobody can be framed: whatever is put beside what an honest agent signed, the verdict is not fraud.

use crate::agent::cheat::{commit_observation, other_program, outputs, second_record};
use crate::agent::{HONEST, PAYOUT, PROGRAM, bundle, expected, key, other_key, prover, run, sign_again};
use candor_verifier::program::class::TensorId;
use candor_verifier::program::encoding::keccak256;
use candor_verifier::program::execution;
use candor_verifier::program::interval::ProgramError;
use candor_verifier::trace::{AgentKey, Body, Bundle, SignatureBytes, SignatureError, SignedRecord, Start};
use candor_verifier::verdict::Unopened;
use candor_verifier::{
    AssumptionName, Challenge, Evidence, Expected, Missing, ProofFile, ReplayOutcome, Submission, Verdict,
    VerifyError, replay, settle,
};

fn undecided(bundle: &Bundle, challenge: &Challenge) -> Vec<Missing> {
    match settle(&expected(), bundle, &[Submission::Challenge(challenge)]) {
        Verdict::Undecided { missing } => missing,
        verdict => panic!("{verdict:?}"),
    }
}

/// What a challenge against the honest run comes to.
fn against_honest(challenge: &Challenge) -> Missing {
    let mut missing = undecided(&bundle(run()), challenge);
    assert_eq!(missing.len(), 1, "{missing:?}");
    missing.remove(0)
}

fn inconsistent(record: SignedRecord, previous: Start) -> Challenge {
    Challenge { evidence: Evidence::Inconsistent { record, previous } }
}

/// What the bundle itself comes to, for settlement and for replay.
fn scanned(bundle: &Bundle) -> Missing {
    let report = replay(&expected(), &PROGRAM, bundle).expect("replayed");
    let ReplayOutcome::Undecided(replayed) = report.outcome else { panic!("{report:?}") };
    match settle(&expected(), bundle, &[]) {
        Verdict::Undecided { missing } => assert_eq!(missing, std::slice::from_ref(&replayed)),
        verdict => panic!("{verdict:?}"),
    }
    replayed
}

/// A field of a body that is made up, and the word that it then does not open.
type Invention = (&'static str, fn(&mut Body), Unopened);

const INVENTED: &[Invention] = &[
    ("time", |b| b.observation.time += 1, Unopened::Time),
    // At these times the honest payload of the plugin that signs is stale, or of the future.
    ("time, much later", |b| b.observation.time += 1_000, Unopened::Time),
    ("time, earlier", |b| b.observation.time -= 3, Unopened::Time),
    ("time, zero", |b| b.observation.time = 0, Unopened::Time),
    ("payload", |b| b.observation.payloads[0] = b"{".to_vec(), Unopened::Observations),
    ("payload of no feature", |b| b.observation.payloads[1].push(b' '), Unopened::Observations),
    ("signed payload, cut off", |b| b.observation.payloads[1].truncate(20), Unopened::Observations),
    ("signed payload, none", |b| b.observation.payloads[1].clear(), Unopened::Observations),
    ("payloads, one less", |b| b.observation.payloads.truncate(1), Unopened::Observations),
    ("payloads, one more", |b| b.observation.payloads.push(Vec::new()), Unopened::Observations),
    ("salt", |b| b.observations_salt ^= 1, Unopened::Observations),
    ("feature", |b| b.features[0] += 1, Unopened::Observations),
    ("features, one less", |b| b.features.truncate(2), Unopened::Observations),
    ("features, one more", |b| b.features.push(0), Unopened::Observations),
    ("features, many", |b| b.features = vec![0; 70_000], Unopened::Observations),
    ("evidence salt", |b| b.evidence_salt ^= 1, Unopened::Evidence),
    ("statement", |b| b.evidence.0[0] = None, Unopened::Evidence),
    ("statement, one more", |b| b.evidence.0.push(None), Unopened::Evidence),
    ("statements, none", |b| b.evidence.0.clear(), Unopened::Evidence),
    ("credential", |b| b.credentials[1] = None, Unopened::Evidence),
    ("credentials exchanged", |b| b.credentials.swap(0, 1), Unopened::Evidence),
    ("credentials, one more", |b| b.credentials.push(None), Unopened::Evidence),
    ("credentials, none", |b| b.credentials.clear(), Unopened::Evidence),
    ("state before", |b| b.state_before.registers[0] += 1, Unopened::StateBefore),
    ("state before, one more", |b| b.state_before.registers.push(0), Unopened::StateBefore),
    ("state before, one less", |b| b.state_before.registers.truncate(1), Unopened::StateBefore),
    ("state after", |b| b.state_after.registers[1] -= 1, Unopened::StateAfter),
    ("state after, one more", |b| b.state_after.registers.push(0), Unopened::StateAfter),
    ("state after, none", |b| b.state_after.registers.clear(), Unopened::StateAfter),
    ("leaf", |b| b.leaves[1][0] ^= 1, Unopened::Execution),
    ("input leaf", |b| b.leaves[0][0] ^= 1, Unopened::Execution),
    ("outputs and their leaf", other_outputs, Unopened::Execution),
    ("leaves, one less", |b| b.leaves.truncate(3), Unopened::Execution),
    ("leaves, none", |b| b.leaves.clear(), Unopened::Execution),
    ("leaves, inner nodes", inner_nodes, Unopened::Execution),
    ("output", |b| b.outputs[0] += 1, Unopened::Outputs),
    ("outputs, none", |b| b.outputs.clear(), Unopened::Outputs),
];

fn other_outputs(body: &mut Body) {
    body.outputs = vec![1, 2, 3];
    body.leaves[3] = execution::leaf(3, &body.outputs);
}

/// Two nodes in place of four leaves hash to the same root.
fn inner_nodes(body: &mut Body) {
    let node = |left: &[u8; 32], right: &[u8; 32]| keccak256(&[&[1], left, right]);
    let leaves = &body.leaves;
    body.leaves = vec![node(&leaves[0], &leaves[1]), node(&leaves[2], &leaves[3])];
}

#[test]
fn invented_bodies_decide_nothing() {
    for &(name, change, word) in INVENTED {
        let mut records = run();
        change(&mut records[2].body);
        let missing = Missing::Body { sequence: 2, word };
        assert_eq!(scanned(&bundle(records.clone())), missing, "{name}");
        let previous = Start::After(records[1].signed_header());
        assert_eq!(against_honest(&inconsistent(records[2].clone(), previous)), missing, "{name}");
    }
}

/// With a proof of true values beside it: only what the proof is compared with must open.
#[test]
fn proofs_beside_invented_bodies_decide_nothing() {
    let honest = run();
    for tensor in [1, 2, 3].map(TensorId) {
        let (proof, values) = prover(&PROGRAM).prove_tensor(&honest[2], tensor, PAYOUT).expect("proven");
        for &(name, change, word) in INVENTED {
            let mut record = honest[2].clone();
            change(&mut record.body);
            let challenge = Challenge::proven(record, tensor, values.clone(), proof.clone());
            let expected = match word {
                Unopened::Observations | Unopened::Execution => Missing::Body { sequence: 2, word },
                _ => Missing::NothingWrong { sequence: 2 },
            };
            assert_eq!(against_honest(&challenge), expected, "{name}");
        }
    }
}

#[test]
fn what_the_agent_did_not_sign_is_not_its_guilt() {
    let domain = PROGRAM.card.domain;
    let altered = |sign: fn(&mut SignedRecord)| {
        let mut record = run().remove(2);
        record.header.verdict ^= 3;
        sign(&mut record);
        let previous = Start::After(run()[1].signed_header());
        let mut records = run();
        records[2] = record.clone();
        let disputed = bundle(records);
        let missing = undecided(&disputed, &inconsistent(record, previous));
        assert_eq!(scanned(&disputed), missing[0]);
        missing[0].clone()
    };
    let unsigned = altered(|_| ());
    assert!(matches!(
        unsigned,
        Missing::Signature { sequence: 2, source: SignatureError::WrongSigner { .. } }
    ));
    let other = altered(|record| {
        record.signature = other_key().sign(&record.record_hash(&PROGRAM.card.domain));
    });
    let source = SignatureError::WrongSigner { expected: key().address(), got: other_key().address() };
    assert_eq!(other, Missing::Signature { sequence: 2, source });
    let renamed = altered(|record| {
        record.header.agent = other_key().address();
        record.signature = other_key().sign(&record.record_hash(&PROGRAM.card.domain));
    });
    let (expected, got) = (key().address(), other_key().address());
    assert_eq!(renamed, Missing::OtherAgent { sequence: 2, expected, got });
    assert_eq!(domain, PROGRAM.card.domain);
}

/// Signed by the agent, but as a record of another chain or contract.
#[test]
fn records_of_another_domain_are_not_signed_here() {
    let mut records = run();
    let mut domain = PROGRAM.card.domain;
    domain.chain_id += 1;
    for record in &mut records {
        record.signature = key().sign(&record.record_hash(&domain));
    }
    assert!(matches!(scanned(&bundle(records)), Missing::Signature { sequence: 0, .. }));
}

#[test]
fn records_of_another_program_are_not_of_this_one() {
    let (other, records) = other_program();
    let program_id = candor_verifier::program::digest::ProgramIds::of(&other.card).program_id;
    let missing = Missing::OtherProgram { expected: expected().program_id, got: program_id };
    assert_eq!(scanned(&bundle(records.clone())), missing);
    let later = Bundle {
        start: Start::After(records[0].signed_header()),
        records: records[1..].to_vec(),
        ..bundle(Vec::new())
    };
    assert_eq!(scanned(&later), missing);
    let behind_ours = Bundle { start: Start::After(run()[0].signed_header()), ..later.clone() };
    assert_eq!(scanned(&behind_ours), missing);
    let card = Bundle { card: other.card.clone(), ..bundle(records.clone()) };
    assert_eq!(scanned(&card), missing);
    let ours_behind_theirs = Bundle {
        start: Start::After(records[0].signed_header()),
        records: run()[1..].to_vec(),
        ..bundle(Vec::new())
    };
    assert_eq!(scanned(&ours_behind_theirs), Missing::NotConsecutive { previous: 0, got: 1 });
    let two = Challenge::equivocation(run()[2].signed_header(), records[2].signed_header());
    assert_eq!(against_honest(&two), missing);
    let two = Challenge::equivocation(records[2].signed_header(), records[3].signed_header());
    assert_eq!(against_honest(&two), missing);
}

#[test]
fn other_domain_is_expected() {
    let mut expected = expected();
    expected.domain.chain_id += 1;
    let Verdict::Undecided { missing } = settle(&expected, &bundle(run()), &[]) else { panic!("undecided") };
    assert!(matches!(missing[..], [Missing::OtherDomain { .. }]));
}

#[test]
fn dropped_and_reordered_records_are_missing_ones() {
    let without = |index: usize| {
        let mut records = run();
        records.remove(index);
        scanned(&bundle(records))
    };
    assert_eq!(without(0), Missing::PreviousRecord { sequence: 1 });
    assert_eq!(without(2), Missing::NotConsecutive { previous: 1, got: 3 });
    let mut records = run();
    records.swap(2, 3);
    assert_eq!(scanned(&bundle(records)), Missing::NotConsecutive { previous: 1, got: 3 });
    let mut records = run();
    records.insert(2, records[1].clone());
    assert_eq!(scanned(&bundle(records)), Missing::NotConsecutive { previous: 1, got: 1 });
}

#[test]
fn made_up_predecessors_decide_nothing() {
    let records = run();
    let challenge = |previous: Start| against_honest(&inconsistent(records[3].clone(), previous));
    assert_eq!(challenge(Start::Genesis), Missing::PreviousRecord { sequence: 3 });
    let earlier = Start::After(records[0].signed_header());
    assert_eq!(challenge(earlier), Missing::NotConsecutive { previous: 0, got: 3 });
    let mut unsigned = records[2].signed_header();
    unsigned.header.time -= 1;
    let missing = challenge(Start::After(unsigned.clone()));
    assert!(matches!(missing, Missing::Signature { sequence: 2, .. }), "{missing}");
    unsigned.signature = other_key().sign(&unsigned.record_hash(&PROGRAM.card.domain));
    assert!(matches!(challenge(Start::After(unsigned)), Missing::Signature { sequence: 2, .. }));
    let own = Start::After(records[3].signed_header());
    assert_eq!(challenge(own), Missing::NotConsecutive { previous: 3, got: 3 });
    let right = Start::After(records[2].signed_header());
    assert_eq!(challenge(right), Missing::NothingWrong { sequence: 3 });
}

/// The same header is the same record, whatever its signature's bytes are.
#[test]
fn one_record_signed_twice_is_no_equivocation() {
    let header = run()[2].signed_header();
    let same = Challenge::equivocation(header.clone(), header.clone());
    assert_eq!(against_honest(&same), Missing::NothingWrong { sequence: 2 });
    let mut mirrored = header.clone();
    mirrored.signature = mirror(&header.signature);
    let missing = against_honest(&Challenge::equivocation(header.clone(), mirrored));
    assert_eq!(missing, Missing::Signature { sequence: 2, source: SignatureError::HighS });
    let next = run()[3].signed_header();
    let missing = against_honest(&Challenge::equivocation(header.clone(), next));
    assert_eq!(missing, Missing::NothingWrong { sequence: 2 });
    let mut forged = header.clone();
    forged.header.time += 1;
    let missing = against_honest(&Challenge::equivocation(header, forged));
    assert!(matches!(missing, Missing::Signature { sequence: 2, .. }));
}

/// (r, n - s, v flipped): the other signature that the same key made.
fn mirror(signature: &SignatureBytes) -> SignatureBytes {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
        0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let mut mirrored = *signature;
    let mut borrow = 0_i16;
    for index in (0..32).rev() {
        let difference = i16::from(ORDER[index]) - i16::from(signature.0[32 + index]) - borrow;
        borrow = i16::from(difference < 0);
        mirrored.0[32 + index] = (difference + 256 * borrow) as u8;
    }
    mirrored.0[64] ^= 27 ^ 28;
    mirrored
}

fn honest_challenge(tensor: u16) -> (SignedRecord, Vec<i32>, ProofFile) {
    let record = run().remove(2);
    let (proof, values) = prover(&PROGRAM).prove_tensor(&record, TensorId(tensor), PAYOUT).expect("proven");
    (record, values, proof)
}

fn unaccepted(missing: Missing) -> VerifyError {
    match missing {
        Missing::AcceptedChallenge { sequence: 2, source } => *source,
        missing => panic!("{missing}"),
    }
}

#[test]
fn true_values_of_an_honest_record_show_nothing() {
    for tensor in 1..=3 {
        let (record, values, proof) = honest_challenge(tensor);
        let challenge = Challenge::proven(record, TensorId(tensor), values, proof);
        assert_eq!(against_honest(&challenge), Missing::NothingWrong { sequence: 2 });
    }
}

#[test]
fn false_values_and_exchanged_proofs_are_not_accepted() {
    let (record, mut values, proof) = honest_challenge(2);
    let mut outsider = proof.clone();
    outsider.payout = [0; 20];
    let argument = |error: VerifyError| assert!(matches!(error, VerifyError::Argument { .. }), "{error}");
    let proven = |values: &[i32], proof: &ProofFile| {
        let challenge = Challenge::proven(record.clone(), TensorId(2), values.to_vec(), proof.clone());
        unaccepted(against_honest(&challenge))
    };
    argument(proven(&values, &outsider));
    values[0] += 1;
    argument(proven(&values, &proof));
    values.pop();
    assert!(matches!(proven(&values, &proof), VerifyError::Statement { .. }));
    let (_, values, other_tensor) = honest_challenge(1);
    assert!(matches!(proven(&values, &other_tensor), VerifyError::ProofTensor { .. }));
    argument(proven(&values, &ProofFile { revealed: TensorId(2), ..other_tensor }));
    let (other, _) = prover(&PROGRAM).prove_tensor(&run()[3], TensorId(2), PAYOUT).expect("proven");
    let (_, values, _) = honest_challenge(2);
    assert!(matches!(proven(&values, &other), VerifyError::ProofStart { .. }));
    argument(proven(&values, &ProofFile { first_sequence: 2, ..other }));
    let (_, path) = HONEST.clone();
    assert!(matches!(proven(&values, &path), VerifyError::ProofPurpose { .. }));
}

/// The input is no operator's output, and there is no tensor 4.
#[test]
fn tensors_that_no_operator_gives_cannot_be_challenged() {
    let (record, values, proof) = honest_challenge(1);
    for tensor in [0, 4, u16::MAX].map(TensorId) {
        let proof = ProofFile { revealed: tensor, ..proof.clone() };
        let challenge = Challenge::proven(record.clone(), tensor, values.clone(), proof);
        assert!(matches!(unaccepted(against_honest(&challenge)), VerifyError::Layout { .. }));
    }
}

#[test]
fn records_outside_the_bundle_are_another_dispute() {
    let disputed = bundle(run()[..2].to_vec());
    let records = run();
    let previous = Start::After(records[2].signed_header());
    let missing = undecided(&disputed, &inconsistent(records[3].clone(), previous));
    assert_eq!(missing, [Missing::ForeignChallenge { sequence: 3 }]);
    let (record, values, proof) = honest_challenge(2);
    let missing = undecided(&disputed, &Challenge::proven(record, TensorId(2), values, proof));
    assert_eq!(missing, [Missing::ForeignChallenge { sequence: 2 }]);
    let two = Challenge::equivocation(records[3].signed_header(), second_record(3).signed_header());
    assert_eq!(undecided(&disputed, &two), [Missing::ForeignChallenge { sequence: 3 }]);
}

/// Who knows the secret of a development string can prove anything: without leave it decides nothing.
#[test]
fn development_setup_decides_nothing_without_leave() {
    let cheated = crate::agent::cheat::Cheat::named("output").bundle();
    let record = cheated.records[0].clone();
    let (proof, values) = prover(&PROGRAM).prove_tensor(&record, TensorId(3), PAYOUT).expect("proven");
    let challenge = Challenge::proven(record, TensorId(3), values, proof);
    let strict = Expected { allow_development_setup: false, ..expected() };
    let verdict = settle(&strict, &cheated, &[Submission::Challenge(&challenge)]);
    let source = Box::new(VerifyError::Refused { assumption: AssumptionName::DevelopmentSetup });
    assert_eq!(
        verdict,
        Verdict::Undecided { missing: vec![Missing::AcceptedChallenge { sequence: 0, source }] }
    );
    let (honest, proof) = &*HONEST;
    let verdict = settle(&strict, honest, &[Submission::Proof(proof)]);
    let source = Box::new(VerifyError::Refused { assumption: AssumptionName::DevelopmentSetup });
    assert_eq!(verdict, Verdict::Undecided { missing: vec![Missing::AcceptedProof { source }] });
}

#[test]
fn refused_assumptions_keep_fraud_undecided() {
    let cheated = crate::agent::cheat::Cheat::named("state").bundle();
    let strict = Expected { refused: vec![AssumptionName::Signatures], ..expected() };
    let missing = vec![Missing::RefusedAssumption { assumption: AssumptionName::Signatures }];
    assert_eq!(settle(&strict, &cheated, &[]), Verdict::Undecided { missing });
}

#[test]
fn broken_bundles_are_undecided() {
    let (honest, _) = &*HONEST;
    let empty = Bundle { records: Vec::new(), ..honest.clone() };
    assert_eq!(scanned(&empty), Missing::RecordCount { limit: 1 << 16, got: 0 });
    let many = Bundle { records: vec![honest.records[0].clone(); (1 << 16) + 1], ..honest.clone() };
    assert_eq!(scanned(&many), Missing::RecordCount { limit: 1 << 16, got: (1 << 16) + 1 });
    let mut card = honest.clone();
    card.card.class.row_log2 = 15;
    assert_eq!(scanned(&card), Missing::Card { source: Box::new(ProgramError::RowLength { got: 15 }) });
}

/// A cheater's record is not made honest by a damaged one before it.
#[test]
fn fraud_is_found_beside_what_is_missing() {
    let mut cheated = crate::agent::cheat::Cheat::named("transaction").bundle();
    cheated.records[0].body.evidence_salt ^= 1;
    assert!(matches!(settle(&expected(), &cheated, &[]), Verdict::Fraud(_)));
    cheated.records[0].signature.0[0] ^= 1;
    assert!(matches!(settle(&expected(), &cheated, &[]), Verdict::Fraud(_)));
}

/// Other outputs under a header that the *challenger* signs are the challenger's own.
#[test]
fn a_challengers_own_records_are_no_evidence() {
    let mallory = AgentKey::from_bytes(&[0x33; 32]).expect("in range");
    let mut record = run().remove(1);
    record.body.features[0] ^= 1;
    commit_observation(&mut record);
    outputs(&mut record, [1, 2, 3]);
    record.signature = mallory.sign(&record.record_hash(&PROGRAM.card.domain));
    let previous = Start::After(run()[0].signed_header());
    let missing = against_honest(&inconsistent(record.clone(), previous.clone()));
    assert_eq!(missing, Missing::ForeignChallenge { sequence: 1 });
    let mut records = run();
    records[1] = record.clone();
    let missing = undecided(&bundle(records), &inconsistent(record.clone(), previous));
    assert!(matches!(missing[0], Missing::Signature { sequence: 1, .. }));
    sign_again(&mut record);
    assert_eq!(record.check_signature(&PROGRAM.card.domain), Ok(()));
}
