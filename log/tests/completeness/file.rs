//! On a real file system.

use crate::agent::{program, run};
use candor_log::{AppendReceipt, FileLog, FileLogReader, OpenReport};
use candor_trace::Recorder;

#[test]
fn what_is_appended_is_read_back_in_any_way() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("some/new/place");
    let run = run();
    assert!(!FileLog::exists(&directory));
    let mut log = FileLog::create(&directory).unwrap();
    assert!(FileLog::exists(&directory));
    assert!(log.is_empty() && log.tail().unwrap().is_none());
    let mut receipts = Vec::new();
    for group in [&run[..1], &run[1..4], &run[4..4], &run[4..]] {
        receipts.push(log.append(group).unwrap());
    }
    let places: Vec<_> = receipts.iter().map(|receipt| (receipt.first_index, receipt.records)).collect();
    assert_eq!(places, [(0, 1), (1, 3), (4, 0), (4, 3)]);
    assert_eq!(receipts[2].size_bytes, receipts[1].size_bytes);
    assert_eq!(log.len(), 7);
    drop(log);

    let (log, report) = FileLog::open(&directory).unwrap();
    assert_eq!(report, OpenReport { records: 7, truncated_tail_bytes: 0 });
    assert_eq!(log.size_bytes(), receipts[3].size_bytes);
    assert_eq!(log.location(), directory);
    assert_eq!(log.iter().collect::<Result<Vec<_>, _>>().unwrap(), run);
    assert_eq!(log.read(2..5).unwrap(), run[2..5]);
    assert_eq!(log.read(7..7).unwrap(), []);
    assert_eq!(log.get(6).unwrap(), run[6]);
    assert_eq!(log.header(0).unwrap(), run[0].signed_header());
    assert_eq!(log.tail().unwrap(), Some(run[6].clone()));
}

#[test]
fn a_recorder_continues_from_the_logs_tail() {
    let place = tempfile::tempdir().unwrap();
    let expected = run();
    for next in &expected {
        let (mut log, report) = FileLog::open_or_create(place.path()).unwrap();
        assert_eq!(report.records, next.header.sequence);
        let last = log.tail().unwrap();
        let mut recorder = Recorder::resume(program(), crate::agent::key(), last.as_ref()).unwrap();
        let salts = crate::agent::salts(report.records);
        let recorded = recorder.record(next.body.observation.clone(), salts).unwrap();
        log.append(&[recorded.record]).unwrap();
    }
    let (reader, _) = FileLogReader::open(place.path()).unwrap();
    assert_eq!(reader.read(0..7).unwrap(), expected);
}

#[test]
fn readers_read_while_a_writer_writes() {
    let place = tempfile::tempdir().unwrap();
    let run = run();
    let mut log = FileLog::create(place.path()).unwrap();
    log.append(&run[..3]).unwrap();
    let (early, report) = FileLogReader::open(place.path()).unwrap();
    assert_eq!(report, OpenReport { records: 3, truncated_tail_bytes: 0 });
    let receipt = log.append(&run[3..]).unwrap();
    let expected = AppendReceipt { first_index: 3, records: 4, size_bytes: log.size_bytes() };
    assert_eq!(receipt, expected);
    assert_eq!(early.iter().map(Result::unwrap).collect::<Vec<_>>(), run[..3]);
    let (late, _) = FileLogReader::open(place.path()).unwrap();
    assert_eq!(late.read(0..7).unwrap(), run);
}

#[test]
fn an_honest_log_is_a_chain() {
    let place = tempfile::tempdir().unwrap();
    let (card, run) = (program().card, run());
    let mut log = FileLog::create(place.path()).unwrap();
    let empty = log.check_chain(&card).unwrap();
    assert_eq!((empty.records, empty.agent, empty.last_record_hash), (0, None, None));
    log.append(&run).unwrap();
    let report = log.check_chain(&card).unwrap();
    assert_eq!(report.records, 7);
    assert_eq!(report.agent, Some(run[0].header.agent));
    assert_eq!(report.last_record_hash, Some(run[6].record_hash(&card.domain)));
}

/// More than one read window, so that frames lie across its border.
#[test]
fn a_log_larger_than_the_read_window_opens() {
    let place = tempfile::tempdir().unwrap();
    let mut record = run().remove(0);
    record.body.observation.payloads[1] = vec![7; 300_000];
    let records = vec![record; 8];
    let mut log = FileLog::create(place.path()).unwrap();
    log.append(&records).unwrap();
    drop(log);
    let (log, report) = FileLog::open(place.path()).unwrap();
    assert_eq!(report.records, 8);
    assert_eq!(log.iter().collect::<Result<Vec<_>, _>>().unwrap(), records);
}

/// A crash while the log was created leaves only a file of another name.
#[test]
fn a_left_over_draft_is_written_over() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("log.candor.new"), b"half a hea and more than a header has").unwrap();
    assert!(!FileLog::exists(place.path()));
    let (log, report) = FileLog::open_or_create(place.path()).unwrap();
    assert_eq!((report.records, log.size_bytes()), (0, 10));
    drop(log);
    assert_eq!(std::fs::read(place.path().join("log.candor")).unwrap(), b"CANDORLG\x01\x00");
}
