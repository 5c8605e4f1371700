//! A log whose frames are all right but whose records are not: somebody wrote it again.

use crate::agent::{other_key, program, run, sign_again};
use candor_log::{ChainCheckError, ChainReport, FileLog, FileLogReader, LogError};
use candor_program::Card;
use candor_program::encoding::{DecodeError, keccak256};
use candor_trace::{BodyError, ChainError, SignatureError, SignedRecord};

fn check(records: &[SignedRecord], card: &Card) -> Result<ChainReport, ChainCheckError> {
    let place = tempfile::tempdir().unwrap();
    let mut log = FileLog::create(place.path()).unwrap();
    log.append(records).unwrap();
    log.check_chain(card)
}

fn changed(change: impl FnOnce(&mut Vec<SignedRecord>)) -> ChainCheckError {
    let mut records = run();
    change(&mut records);
    check(&records, &program().card).unwrap_err()
}

#[test]
fn an_edited_header_is_a_bad_signature() {
    let error = changed(|run| run[3].header.time += 1);
    assert!(
        matches!(
            error,
            ChainCheckError::Signature { record: 3, source: SignatureError::WrongSigner { .. }, .. }
        ),
        "{error}"
    );
    let error = changed(|run| run[5].signature.0[64] = 3);
    let source = SignatureError::RecoveryByte { got: 3 };
    assert!(matches!(error, ChainCheckError::Signature { record: 5, source: got, .. } if got == source));
}

#[test]
fn an_edited_body_is_not_the_signed_one() {
    let error = changed(|run| run[2].body.outputs[0] += 1);
    let source = BodyError::OutputLeafMismatch;
    assert!(matches!(error, ChainCheckError::Body { record: 2, source: got, .. } if got == source));
}

#[test]
fn missing_and_reordered_records_break_the_link() {
    let gap = |expected, got| ChainError::SequenceGap { expected, got };
    for (error, at, source) in [
        (changed(|run| drop(run.remove(0))), 0, gap(0, 1)),
        (changed(|run| drop(run.remove(4))), 4, gap(4, 5)),
        (changed(|run| run.swap(2, 3)), 2, gap(2, 3)),
        (changed(|run| run.insert(1, run[0].clone())), 1, gap(1, 0)),
    ] {
        let same = matches!(&error, ChainCheckError::Link { record, source: got, .. } if (*record, got) == (at, &source));
        assert!(same, "{error}");
    }
}

/// The agent signed another history of the same length.
#[test]
fn a_record_of_another_history_breaks_the_link() {
    let error = changed(|run| {
        run[1].header.execution[0] ^= 1;
        sign_again(&mut run[1]);
    });
    assert!(matches!(error, ChainCheckError::Body { record: 1, .. }), "{error}");
    let error = changed(|run| {
        run[1].header.previous_record[0] ^= 1;
        sign_again(&mut run[1]);
    });
    assert!(
        matches!(
            error,
            ChainCheckError::Link { record: 1, source: ChainError::PreviousRecordMismatch { .. }, .. }
        ),
        "{error}"
    );
}

#[test]
fn a_record_of_another_agent_breaks_the_link() {
    let error = changed(|run| {
        run[2].header.agent = other_key().address();
        run[2].signature = other_key().sign(&run[2].record_hash(&program().card.domain));
    });
    assert!(
        matches!(error, ChainCheckError::Link { record: 2, source: ChainError::AgentMismatch { .. }, .. }),
        "{error}"
    );
}

#[test]
fn a_log_of_another_program_is_named_so() {
    let mut card = program().card;
    card.agent_version = "2".into();
    let error = check(&run(), &card).unwrap_err();
    let got = run()[0].header.program_id;
    assert!(
        matches!(error, ChainCheckError::OtherProgram { record: 0, offset: 10, got: g, .. } if g == got),
        "{error}"
    );
}

#[test]
fn a_frame_that_holds_no_record_is_named_so() {
    let place = tempfile::tempdir().unwrap();
    let mut file = b"CANDORLG\x01\x00".to_vec();
    let payload = b"no record";
    let hash = keccak256(&[&keccak256(&[&file]), payload]);
    file.extend((payload.len() as u32).to_le_bytes());
    file.extend(hash);
    file.extend(payload);
    std::fs::write(place.path().join("log.candor"), file).unwrap();
    let (log, report) = FileLogReader::open(place.path()).unwrap();
    assert_eq!(report.records, 1);
    let error = log.check_chain(&program().card).unwrap_err();
    let expected = DecodeError::Truncated { offset: 9 };
    assert!(
        matches!(
            error,
            ChainCheckError::Unreadable { source: LogError::Undecodable { record: 0, offset: 10, source, .. } }
                if source == expected
        ),
        "{error:?}"
    );
}
