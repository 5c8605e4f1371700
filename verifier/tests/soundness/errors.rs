//! Every reason not to verify, produced exactly, with its kind. (Ids and the proof's header: `identities`.)

use crate::agent::cheat::{Cheat, outputs};
use crate::agent::{HONEST, PROGRAM, expected, expected_of, sign_again};
use candor_verifier::circuits::layout::LayoutError;
use candor_verifier::circuits::model::ModelError;
use candor_verifier::circuits::point::PointError;
use candor_verifier::circuits::statement::StatementError;
use candor_verifier::program::card::Card;
use candor_verifier::program::encoding::{DecodeError, FrBytes};
use candor_verifier::program::{digest, interval::ProgramError};
use candor_verifier::trace::{
    BodyError, Bundle, BundleError, Chain, ChainError, DecisionMismatch, Link, SignatureError, Start,
};
use candor_verifier::{ErrorKind, FieldWord, ProofFile, VerifyError, verify, verify_bytes};

fn refused(change: impl FnOnce(&mut Bundle, &mut ProofFile)) -> VerifyError {
    let (mut bundle, mut proof) = HONEST.clone();
    change(&mut bundle, &mut proof);
    verify(&expected(), &bundle, &proof).expect_err("must be refused")
}

/// A bundle of a cheat, with a proof file whose header fits it.
fn cheated(name: &str) -> VerifyError {
    let (_, proof) = &*HONEST;
    verify(&expected(), &Cheat::named(name).bundle(), proof).expect_err("must be refused")
}

/// The honest run under another card: everything that depends on the program's id is made again.
fn with_card(change: impl FnOnce(&mut Card)) -> VerifyError {
    let mut program = PROGRAM.clone();
    change(&mut program.card);
    let expected = expected_of(&program);
    let records = crate::agent::run_of(&program);
    let bundle = Bundle { card: program.card, start: Start::Genesis, records };
    let (_, proof) = &*HONEST;
    let proof = ProofFile { program_id: expected.program_id, ..proof.clone() };
    verify(&expected, &bundle, &proof).expect_err("must be refused")
}

#[test]
fn bundle_malformed() {
    let (bundle, proof) = &*HONEST;
    let (mut bytes, proof) = (bundle.to_bytes(), proof.to_bytes());
    verify_bytes(&expected(), &bytes, &proof).expect("honest");
    bytes.push(0);
    let error = verify_bytes(&expected(), &bytes, &proof).expect_err("extended");
    let source = BundleError::Malformed { source: DecodeError::TrailingBytes { count: 1 } };
    assert_eq!(error, VerifyError::Bundle { source: Box::new(source) });
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn bundle_empty() {
    let error = refused(|bundle, _| bundle.records.clear());
    assert_eq!(error, VerifyError::Bundle { source: Box::new(BundleError::Empty) });
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn bundle_too_many_records() {
    let error = refused(|bundle, _| bundle.records = vec![bundle.records[0].clone(); (1 << 16) + 1]);
    let source = BundleError::TooManyRecords { limit: 1 << 16, got: (1 << 16) + 1 };
    assert_eq!(error, VerifyError::Bundle { source: Box::new(source) });
    assert_eq!(error.kind(), ErrorKind::Limit);
    let at_limit = refused(|bundle, _| bundle.records = vec![bundle.records[0].clone(); 1 << 16]);
    assert_eq!(at_limit, VerifyError::ProofCoverage { expected: 1 << 16, got: 5 });
}

#[test]
fn bundle_start_of_another_program() {
    let error = refused(|bundle, proof| {
        let mut previous = bundle.records[0].signed_header();
        previous.header.program_id[0] ^= 1;
        (bundle.start, proof.first_sequence) = (Start::After(previous), 0);
    });
    assert!(
        matches!(&error, VerifyError::Bundle { source } if matches!(**source, BundleError::StartProgram { .. }))
    );
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn bundle_start_not_signed() {
    let error = refused(|bundle, _| {
        let mut previous = bundle.records[0].signed_header();
        previous.header.time ^= 1;
        bundle.start = Start::After(previous);
    });
    assert!(
        matches!(&error, VerifyError::Bundle { source } if matches!(**source, BundleError::StartSignature { .. }))
    );
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn proof_malformed_and_too_long() {
    let (bundle, proof) = &*HONEST;
    let (bundle, mut bytes) = (bundle.to_bytes(), proof.to_bytes());
    bytes.pop();
    let error = verify_bytes(&expected(), &bundle, &bytes).expect_err("cut off");
    assert!(matches!(error, VerifyError::Proof { source: DecodeError::Truncated { .. } }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Malformed);
    bytes.resize((16 << 20) + 1, 0);
    let error = verify_bytes(&expected(), &bundle, &bytes).expect_err("too long");
    assert!(matches!(error, VerifyError::Proof { source: DecodeError::TooLong { .. } }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn card_malformed() {
    let error = refused(|bundle, _| bundle.card.class.row_log2 = 15);
    assert_eq!(error, VerifyError::Card { source: Box::new(ProgramError::RowLength { got: 15 }) });
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn card_beyond_limits() {
    let error = refused(|bundle, _| bundle.card.features = vec![bundle.card.features[0].clone(); 5000]);
    assert!(matches!(&error, VerifyError::Card { source } if matches!(**source, ProgramError::Count { .. })));
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn setup_not_a_point() {
    let error = with_card(|card| card.setup.tau_g2 = [1; 128]);
    assert_eq!(error, VerifyError::Setup { source: PointError::NotOnCurve });
    let error = with_card(|card| card.setup.tau_g2 = [0; 128]);
    assert_eq!(error, VerifyError::Setup { source: PointError::Identity });
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn model_rows() {
    let error = with_card(|card| card.weight_rows.push(card.weight_rows[0]));
    let expected = PROGRAM.card.weight_rows.len();
    assert_eq!(error, VerifyError::Model { source: ModelError::Rows { expected, got: expected + 1 } });
    let error = with_card(|card| card.weight_rows[0].0[63] ^= 1);
    let source = ModelError::Point { row: 0, error: PointError::NotOnCurve };
    assert_eq!(error, VerifyError::Model { source });
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn layout_too_large_for_a_batch() {
    let error = crate::wide::batch_beyond_the_layout();
    assert!(
        matches!(error, VerifyError::Layout { segment: 0, source: LayoutError::TooLarge { .. } }),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn signature() {
    let error = refused(|bundle, _| bundle.records[1].signature.0[64] = 29);
    assert_eq!(
        error,
        VerifyError::Signature { sequence: 1, source: SignatureError::RecoveryByte { got: 29 } }
    );
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn chain() {
    let error = refused(|bundle, _| bundle.records.swap(1, 2));
    let source = Box::new(ChainError::SequenceGap { expected: 1, got: 2 });
    assert_eq!(error, VerifyError::Chain { sequence: 2, source });
    assert_eq!(error.kind(), ErrorKind::Rejected);
    for name in ["acc", "previous record", "time", "gap", "genesis", "state before"] {
        assert!(matches!(cheated(name), VerifyError::Chain { .. }), "{name}");
    }
}

#[test]
fn body() {
    let error = refused(|bundle, _| bundle.records[3].body.evidence_salt ^= 1);
    assert_eq!(error, VerifyError::Body { sequence: 3, source: BodyError::EvidenceMismatch });
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let error = refused(|bundle, _| bundle.records[3].body.state_before.registers.push(0));
    assert_eq!(error, VerifyError::Body { sequence: 3, source: BodyError::StateBeforeMismatch });
    let error = refused(|bundle, _| bundle.records[4].body.state_after.registers.push(0));
    assert_eq!(error, VerifyError::Body { sequence: 4, source: BodyError::StateAfterMismatch });
    for name in ["input leaf", "observation", "invalid observation", "feature count"] {
        assert!(matches!(cheated(name), VerifyError::Body { .. }), "{name}");
    }
}

#[test]
fn decision() {
    for name in ["action", "policy verdict", "executed action", "state", "transaction"] {
        let error = cheated(name);
        assert!(matches!(error, VerifyError::Decision { .. }), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
    let VerifyError::Decision { sequence: 2, source } = cheated("policy verdict") else { panic!("decision") };
    assert!(matches!(*source, DecisionMismatch::Verdict { .. }));
}

/// What only the proof can tell.
#[test]
fn argument() {
    for name in ["output", "model, first layer", "model, last layer"] {
        let error = cheated(name);
        assert!(matches!(error, VerifyError::Argument { segment: 0, sequence: 0, .. }), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
}

/// Outputs that no operator can give, signed and consistent in themselves.
#[test]
fn statement() {
    let error = refused(|bundle, proof| {
        bundle.records.truncate(1);
        let record = &mut bundle.records[0];
        outputs(record, [0, 1_000_000, 0]);
        let chain = Chain::of(&PROGRAM.card);
        record.header.acc = Link::genesis(&chain, record.header.agent).next_acc(&record.header);
        sign_again(record);
        (proof.segments[0].decisions, proof.segments[0].batch_log2) = (1, 0);
    });
    let source = StatementError::Range { decision: 0, index: 1, low: -32_768, high: 32_767, got: 1_000_000 };
    assert_eq!(error, VerifyError::Statement { segment: 0, source });
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

/// Field elements that were never decoded may be out of range: they are no words at all.
#[test]
fn words_beyond_the_modulus_are_refused() {
    let error = refused(|bundle, _| {
        bundle.records[0].header.observations = FrBytes([0xff; 32]);
        let chain = Chain::of(&PROGRAM.card);
        let record = &mut bundle.records[0];
        record.header.acc = Link::genesis(&chain, record.header.agent).next_acc(&record.header);
        sign_again(record);
    });
    assert_eq!(error, VerifyError::Scalar { sequence: 0, word: FieldWord::Observations });
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_ne!(FrBytes::from(digest::evidence(0, &Default::default())), FrBytes([0xff; 32]));
}
