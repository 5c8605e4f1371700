use crate::agent::run;
use crate::disk::Disk;
use candor_log::{FileLog, LogError, MAX_PAYLOAD_BYTES};
use candor_trace::SignedRecord;

/// A record whose encoding has a given length.
fn record_of(bytes: usize) -> SignedRecord {
    let mut record = run().remove(0);
    record.body.observation.payloads[1].clear();
    let rest = borsh::to_vec(&record).unwrap().len();
    record.body.observation.payloads[1] = vec![b' '; bytes - rest];
    record
}

#[test]
fn a_frame_holds_a_record_of_the_limit_and_no_larger() {
    let disk = Disk::default();
    let mut log = FileLog::create_in(disk.mount()).unwrap();
    let limit = MAX_PAYLOAD_BYTES as usize;
    let largest = record_of(limit);
    log.append(std::slice::from_ref(&largest)).unwrap();
    let small = run().remove(0);
    let error = log.append(&[small.clone(), record_of(limit + 1)]).unwrap_err();
    let expected = u64::from(MAX_PAYLOAD_BYTES) + 1;
    assert!(matches!(error, LogError::RecordTooLarge { position: 1, got } if got == expected), "{error}");
    assert!(!log.is_poisoned());
    assert_eq!(log.len(), 1, "nothing of the group was written");
    log.append(&[small]).unwrap();
    drop(log);
    let (log, report) = FileLog::open_in(disk.mount()).unwrap();
    assert_eq!(report.records, 2);
    assert_eq!(log.get(0).unwrap(), largest);
}

#[test]
fn records_beyond_the_last_are_out_of_range() {
    let disk = Disk::default();
    let mut log = FileLog::create_in(disk.mount()).unwrap();
    log.append(&run()).unwrap();
    for (result, record) in [
        (log.get(7).map(|_| ()), 7),
        (log.get(u64::MAX).map(|_| ()), u64::MAX),
        (log.header(8).map(|_| ()), 8),
        (log.read(3..9).map(|_| ()), 8),
    ] {
        assert!(
            matches!(result, Err(LogError::OutOfRange { record: r, records: 7 }) if r == record),
            "{result:?}"
        );
    }
}
