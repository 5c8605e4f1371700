//! The journal by its specification, written by hand: what a crash may leave is cut off, everything else is refused.

use crate::fleet::damage::damage;
use crate::fleet::{Agent, create, key, open, refused, slow};
use candor_log::pipeline::FileDamage;
use candor_program::encoding::encode;
use candor_trace::{ChainError, Entry, SignedRecord};
use sha2::{Digest, Sha256};
use std::path::Path;

const JOURNAL: &str = "private/journal/000000000000";

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// A segment as docs/spec/log.md says, made without the log's code.
struct Segment {
    bytes: Vec<u8>,
    header_hash: [u8; 32],
    chain: [u8; 32],
    size: u64,
}

impl Segment {
    fn first() -> Self {
        let mut bytes = b"CANDORJL\x01\x00".to_vec();
        bytes.extend_from_slice(&0_u64.to_le_bytes());
        bytes.extend_from_slice(&[0; 32]);
        let header_hash = sha256(&[&bytes]);
        bytes.extend_from_slice(&header_hash);
        bytes.resize(4096, 0);
        Self { bytes, header_hash, chain: header_hash, size: 0 }
    }
    fn payload(&mut self, payload: &[u8]) {
        let length = (payload.len() as u32).to_le_bytes();
        self.chain = sha256(&[&self.chain, &length, &sha256(&[payload])]);
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(&self.chain);
        self.bytes.extend_from_slice(payload);
        self.size += 1;
    }
    fn entry(&mut self, entry: &[u8], body: Option<&[u8]>) {
        let length = (entry.len() as u16).to_le_bytes();
        let kind = [u8::from(body.is_some())];
        self.payload(&[&kind, length.as_slice(), entry, body.unwrap_or_default()].concat());
    }
    fn record(&mut self, record: &SignedRecord) {
        let entry = Entry::of(record, &Agent::new(0).registration.domain);
        self.entry(&entry.to_bytes(), Some(&encode(&record.body)));
    }
    fn mark(&mut self, which: usize) {
        self.mark_as(which, self.bytes.len() as u64, self.size);
    }
    fn mark_as(&mut self, which: usize, durable: u64, size: u64) {
        let mut mark = [durable.to_le_bytes(), size.to_le_bytes()].concat();
        mark.extend_from_slice(&sha256(&[&self.header_hash, &mark]));
        let place = [512, 1024][which];
        self.bytes[place..place + mark.len()].copy_from_slice(&mark);
    }
}

/// A log without entries whose agent 0 is registered, and the agent's first records.
fn place() -> (tempfile::TempDir, Vec<SignedRecord>) {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    drop(log);
    let records = agent.records(5);
    (folder, records)
}

fn write(place: &Path, segment: &Segment) {
    std::fs::write(place.join(JOURNAL), &segment.bytes).unwrap();
}

/// How many entries the log has, after how many bytes were cut off.
fn opened(place: &Path) -> (u64, u64) {
    let (log, report) = open(place, slow());
    for index in 0..report.sequenced {
        let entry = log.entry(index).unwrap();
        assert_eq!(entry.signed.header.sequence, index);
        assert!(log.body(&entry.body).unwrap().is_some());
    }
    (report.sequenced, report.cut_bytes)
}

fn found(place: &Path) -> FileDamage {
    damage(refused(place, slow()), JOURNAL)
}

#[test]
fn what_the_log_writes_is_what_the_specification_says() {
    let (folder, records) = place();
    let (log, _) = open(folder.path(), slow());
    let agent = Agent::new(0);
    let mut expected = Segment::first();
    for record in &records {
        log.submit(agent.submit(record)).unwrap().wait().unwrap();
        expected.record(record);
    }
    drop(log);
    let bytes = std::fs::read(folder.path().join(JOURNAL)).unwrap();
    assert_eq!(bytes[..82], expected.bytes[..82]);
    assert_eq!(bytes[4096..], expected.bytes[4096..]);
    // The larger mark is the last.
    let marks = [512, 1024].map(|place| u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap()));
    assert_eq!(*marks.iter().max().unwrap(), bytes.len() as u64);
}

#[test]
fn what_the_specification_says_is_read() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    records.iter().for_each(|record| segment.record(record));
    for marked in [false, true] {
        if marked {
            segment.mark(1);
        }
        write(folder.path(), &segment);
        assert_eq!(opened(folder.path()), (5, 0));
    }
}

/// Whatever a crash left of a group that was not synced: none, some or all of it, whole or not.
#[test]
fn what_no_mark_covers_is_cut_off_where_it_is_not_intact() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    segment.record(&records[0]);
    segment.mark(0);
    let synced = segment.bytes.len();
    segment.record(&records[1]);
    let second = segment.bytes.len();
    segment.record(&records[2]);
    let whole = segment.bytes.clone();
    for length in [synced, synced + 1, synced + 35, synced + 36, second - 1, second, second + 1, whole.len()]
    {
        std::fs::write(folder.path().join(JOURNAL), &whole[..length]).unwrap();
        let expected = if length < second {
            (1, synced)
        } else if length < whole.len() {
            (2, second)
        } else {
            (3, length)
        };
        assert_eq!(opened(folder.path()), (expected.0, (length - expected.1) as u64), "{length}");
        // It was cut: the next time there is nothing to cut.
        assert_eq!(opened(folder.path()), (expected.0, 0));
    }
    for torn in [synced + 2, synced + 20, synced + 300, second - 1] {
        let mut bytes = whole.clone();
        bytes[torn] ^= 0xff;
        std::fs::write(folder.path().join(JOURNAL), &bytes).unwrap();
        assert_eq!(opened(folder.path()), (1, (whole.len() - synced) as u64), "{torn}");
    }
    // A sector that never reached the disk.
    let mut bytes = whole.clone();
    bytes[synced + 100..second - 100].fill(0);
    std::fs::write(folder.path().join(JOURNAL), &bytes).unwrap();
    assert_eq!(opened(folder.path()), (1, (whole.len() - synced) as u64));
}

#[test]
fn what_a_mark_covers_is_never_cut_off() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    segment.record(&records[0]);
    let second = segment.bytes.len();
    segment.record(&records[1]);
    segment.mark(0);
    let offsets = [4096, 4100, 4200, second - 1, second, second + 4, second + 300, segment.bytes.len() - 1];
    for torn in offsets {
        let mut bytes = segment.bytes.clone();
        bytes[torn] ^= 0x40;
        std::fs::write(folder.path().join(JOURNAL), &bytes).unwrap();
        let offset = if torn < second { 4096 } else { second as u64 };
        assert_eq!(found(folder.path()), FileDamage::Frame { offset }, "{torn}");
    }
    std::fs::write(folder.path().join(JOURNAL), &segment.bytes[..second]).unwrap();
    let (synced, got) = (segment.bytes.len() as u64, second as u64);
    assert_eq!(found(folder.path()), FileDamage::SegmentShort { synced, got });
}

/// A mark that is torn is no mark; the other one counts.
#[test]
fn one_of_the_marks_may_be_torn() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    segment.record(&records[0]);
    segment.mark(0);
    segment.record(&records[1]);
    segment.mark(1);
    segment.bytes[1024 + 20] ^= 1;
    write(folder.path(), &segment);
    assert_eq!(opened(folder.path()), (2, 0));
    let last = segment.bytes.len() - 1;
    segment.bytes[last] ^= 1;
    write(folder.path(), &segment);
    // With the first mark alone the second frame may be what a crash left.
    assert_eq!(opened(folder.path()).0, 1);
    segment.bytes[1024 + 20] ^= 1;
    write(folder.path(), &segment);
    assert!(matches!(found(folder.path()), FileDamage::Frame { .. }));
}

#[test]
fn marks_that_lie() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    segment.record(&records[0]);
    let second = segment.bytes.len() as u64;
    segment.record(&records[1]);
    // Into the middle of a frame; another number of entries than lie before it.
    segment.mark_as(0, second + 10, 1);
    write(folder.path(), &segment);
    assert_eq!(found(folder.path()), FileDamage::Frame { offset: second });
    segment.mark_as(0, second, 2);
    write(folder.path(), &segment);
    assert_eq!(found(folder.path()), FileDamage::Frame { offset: second });
    segment.mark_as(0, second, 1);
    write(folder.path(), &segment);
    assert_eq!(opened(folder.path()), (2, 0));
}

/// Intact frames that hold something else than entries of registered agents were not written by this log.
#[test]
fn frames_with_other_content() {
    let (folder, records) = place();
    let entry = Entry::of(&records[0], &Agent::new(0).registration.domain).to_bytes();
    let length = (entry.len() as u16).to_le_bytes();
    let stranger = Entry::of(&Agent::new(1).record(), &Agent::new(1).registration.domain).to_bytes();
    let contents: [Vec<u8>; 7] = [
        vec![],
        vec![1],
        [&[2], length.as_slice(), &entry].concat(),
        // Without a body, and a byte of it.
        [&[0], length.as_slice(), &entry, &[0]].concat(),
        // An entry that ends before its length says.
        [&[0], length.as_slice(), &entry[1..]].concat(),
        [&[0], length.as_slice(), &vec![7; entry.len()]].concat(),
        [&[0], length.as_slice(), &stranger].concat(),
    ];
    for (number, content) in contents.iter().enumerate() {
        let mut segment = Segment::first();
        segment.payload(content);
        write(folder.path(), &segment);
        assert_eq!(found(folder.path()), FileDamage::FrameContent { offset: 4096 }, "{number}");
    }
    let mut segment = Segment::first();
    segment.entry(&entry, None);
    write(folder.path(), &segment);
    let (log, report) = open(folder.path(), slow());
    assert_eq!((report.sequenced, log.body(&log.entry(0).unwrap().body).unwrap()), (1, None));
}

/// Entries that are signed and out of order: a log never acknowledged them like this.
#[test]
fn frames_that_do_not_continue_their_chain() {
    let (folder, records) = place();
    let mut segment = Segment::first();
    segment.record(&records[0]);
    segment.record(&records[2]);
    write(folder.path(), &segment);
    let source = Box::new(ChainError::SequenceGap { expected: 1, got: 2 });
    assert_eq!(found(folder.path()), FileDamage::Chain { index: 1, source });
    let mut fork = records[1].clone();
    fork.header.previous_record[0] ^= 1;
    fork.signature = key(0).sign(&fork.record_hash(&Agent::new(0).registration.domain));
    let mut segment = Segment::first();
    segment.record(&records[0]);
    segment.record(&fork);
    write(folder.path(), &segment);
    let FileDamage::Chain { index: 1, source } = found(folder.path()) else { panic!("not of entry 1") };
    assert!(matches!(*source, ChainError::PreviousRecordMismatch { .. }), "{source:?}");
}

/// Every length prefix that asks for too much.
#[test]
fn lengths_beyond_any_frame() {
    let (folder, records) = place();
    for length in [0_u32, 1, 1 << 24, 1 << 31, u32::MAX] {
        let mut segment = Segment::first();
        segment.record(&records[0]);
        let end = segment.bytes.len();
        segment.bytes.extend_from_slice(&length.to_le_bytes());
        segment.bytes.extend_from_slice(&[0x55; 100]);
        write(folder.path(), &segment);
        assert_eq!(opened(folder.path()), (1, (segment.bytes.len() - end) as u64), "{length}");
    }
}
