//! Every byte of a log changed, every truncation, and files that are no log.

use crate::agent::run;
use crate::disk::Disk;
use candor_log::{Damage, FileLog, FileLogReader, LogError};
use candor_program::encoding::DecodeError;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

struct Place {
    directory: tempfile::TempDir,
    bytes: Vec<u8>,
    /// Where each frame begins, and the end.
    offsets: Vec<u64>,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut log = FileLog::create(directory.path()).unwrap();
        let mut offsets = vec![log.size_bytes()];
        for record in run().iter().take(4) {
            offsets.push(log.append(std::slice::from_ref(record)).unwrap().size_bytes);
        }
        drop(log);
        let bytes = std::fs::read(directory.path().join("log.candor")).unwrap();
        Self { directory, bytes, offsets }
    }
    fn path(&self) -> &Path {
        self.directory.path()
    }
    fn file(&self) -> PathBuf {
        self.path().join("log.candor")
    }
    fn write(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
    }
    /// The frame that a byte belongs to.
    fn frame(&self, position: usize) -> usize {
        self.offsets.iter().filter(|offset| **offset <= position as u64).count() - 1
    }
}

fn open(path: &Path) -> Result<u64, LogError> {
    FileLog::open(path).map(|(log, _)| log.len())
}

/// Nothing that was written once can be changed unnoticed, and the message names the frame. Nothing is cut off.
#[test]
fn every_changed_byte_is_refused_with_its_place() {
    let place = Place::new();
    for position in 0..place.bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = place.bytes.clone();
            bytes[position] ^= change;
            place.write(&bytes);
            let error = open(place.path()).expect_err("damage was accepted");
            match error {
                LogError::NotALog { .. } => assert!(position < 10),
                LogError::Damaged { record, offset, .. } => {
                    let frame = place.frame(position);
                    assert_eq!((record, offset), (frame as u64, place.offsets[frame]), "byte {position}");
                }
                other => panic!("byte {position}: {other}"),
            }
            assert_eq!(std::fs::read(place.file()).unwrap(), bytes, "a damaged log was changed");
        }
    }
}

/// A damaged length that reaches beyond the end looks like a crash while appending; cutting there would lose the
/// acknowledged records after it.
#[test]
fn a_length_that_swallows_the_rest_is_damage() {
    let place = Place::new();
    for frame in 0..4 {
        let at = place.offsets[frame] as usize;
        let mut bytes = place.bytes.clone();
        bytes[at + 2] |= 0x40;
        let got = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        place.write(&bytes);
        let record_bytes = (place.offsets[frame + 1] - place.offsets[frame] - 36) as u32;
        match open(place.path()).unwrap_err() {
            LogError::Damaged { record, damage, .. } => {
                assert_eq!(record, frame as u64);
                assert_eq!(damage, Damage::LengthTooLong { got, record_bytes });
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn impossible_lengths_are_damage() {
    let place = Place::new();
    for got in [0, (16 << 20) + 1, u32::MAX] {
        let mut bytes = place.bytes.clone();
        let at = place.offsets[1] as usize;
        bytes[at..at + 4].copy_from_slice(&got.to_le_bytes());
        place.write(&bytes);
        let error = open(place.path()).unwrap_err();
        assert!(
            matches!(error, LogError::Damaged { record: 1, damage: Damage::LengthOutOfRange { got: g }, .. } if g == got),
            "{error}"
        );
    }
}

#[test]
fn removed_repeated_and_reordered_frames_are_damage() {
    let place = Place::new();
    let frame = |i: usize| &place.bytes[place.offsets[i] as usize..place.offsets[i + 1] as usize];
    let head = &place.bytes[..10];
    for (frames, first_bad) in
        [(vec![1, 2, 3], 0), (vec![0, 2, 3], 1), (vec![0, 0, 1], 1), (vec![0, 2, 1], 1)]
    {
        let mut bytes = head.to_vec();
        frames.iter().for_each(|i| bytes.extend(frame(*i)));
        place.write(&bytes);
        match open(place.path()).unwrap_err() {
            LogError::Damaged { record, damage: Damage::HashMismatch, .. } => assert_eq!(record, first_bad),
            other => panic!("{other}"),
        }
    }
}

/// Every truncation keeps the whole frames; a reader only reports the incomplete one, a writer cuts it off.
#[test]
fn every_truncation_keeps_the_whole_frames() {
    let place = Place::new();
    for length in 0..place.bytes.len() {
        let bytes = &place.bytes[..length];
        place.write(bytes);
        if length < 10 {
            let error = open(place.path()).unwrap_err();
            let source = DecodeError::NoHeader { got: length as u64 };
            assert!(matches!(error, LogError::NotALog { source: got, .. } if got == source), "{error}");
            continue;
        }
        let whole = place.frame(length);
        let tail = length as u64 - place.offsets[whole];
        let (reader, report) = FileLogReader::open(place.path()).unwrap();
        assert_eq!((report.records, report.truncated_tail_bytes), (whole as u64, tail), "{length} bytes");
        assert_eq!(reader.len(), whole as u64);
        assert_eq!(std::fs::read(place.file()).unwrap(), bytes, "a reader changed the file");
        if tail > 40 && length % 97 != 0 {
            continue; // A writer syncs, which takes time, so it is not asked about every length.
        }
        let (log, report) = FileLog::open(place.path()).unwrap();
        assert_eq!((report.records, report.truncated_tail_bytes), (whole as u64, tail));
        assert_eq!(log.size_bytes(), place.offsets[whole]);
        drop(log);
        assert_eq!(std::fs::read(place.file()).unwrap(), bytes[..place.offsets[whole] as usize]);
    }
}

#[test]
fn foreign_bytes_after_the_last_frame_are_damage_or_an_incomplete_frame() {
    let place = Place::new();
    for (appended, is_damage) in [
        (&b"x"[..], false),
        (&b"\x05\0\0\0"[..], false),
        (&[0; 4][..], true),
        (&[0xff; 40][..], true),
        (&b"more text than a frame's header has, starting with a huge length"[..], true),
    ] {
        let mut bytes = place.bytes.clone();
        bytes.extend(appended);
        place.write(&bytes);
        match FileLogReader::open(place.path()) {
            Ok((_, report)) => assert!(!is_damage && report.truncated_tail_bytes == appended.len() as u64),
            Err(LogError::Damaged { record: 4, .. }) => assert!(is_damage),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn what_lies_before_the_damage_can_be_read() {
    let place = Place::new();
    let mut bytes = place.bytes.clone();
    bytes[place.offsets[2] as usize + 100] ^= 1;
    place.write(&bytes);
    let (log, report, damage) = FileLogReader::open_intact_prefix(place.path()).unwrap();
    assert_eq!((report.records, report.truncated_tail_bytes), (2, 0));
    assert_eq!(log.read(0..2).unwrap(), run()[..2]);
    let message = damage.unwrap().to_string();
    assert!(message.contains(&format!("record 2 at byte {}", place.offsets[2])), "{message}");
    place.write(&place.bytes);
    assert!(FileLogReader::open_intact_prefix(place.path()).unwrap().2.is_none());
}

/// A file that changes under an open handle is noticed when it is read.
#[test]
fn damage_after_opening_is_noticed_on_reading() {
    let place = Place::new();
    let (log, _) = FileLogReader::open(place.path()).unwrap();
    let mut bytes = place.bytes.clone();
    bytes[place.offsets[1] as usize + 60] ^= 1;
    place.write(&bytes);
    assert!(log.get(0).is_ok() && log.get(3).is_ok());
    let offset = place.offsets[1];
    for result in [log.get(1), log.read(0..4).map(|mut records| records.remove(0))] {
        assert!(
            matches!(result, Err(LogError::Damaged { record: 1, offset: at, damage: Damage::HashMismatch, .. }) if at == offset)
        );
    }
    assert_eq!(log.iter().count(), 2, "one record, then the error, then nothing");
    place.write(&bytes[..place.offsets[3] as usize]);
    assert!(matches!(log.get(3), Err(LogError::Io { operation: candor_log::Operation::Read, .. })));
}

#[test]
fn files_that_are_no_log_are_refused() {
    let place = Place::new();
    let mut other_version = place.bytes.clone();
    other_version[8] = 2;
    place.write(&other_version);
    let source = DecodeError::WrongVersion { expected: 1, got: 2 };
    assert!(matches!(open(place.path()), Err(LogError::NotALog { source: got, .. }) if got == source));
    place.write(b"CANDORBN\x01\x00");
    let error = open(place.path()).unwrap_err();
    assert!(matches!(error, LogError::NotALog { source: DecodeError::WrongMagic { .. }, .. }), "{error}");
}

proptest! {
    /// Whatever a file holds, opening it is an error or shows what is there, and never panics.
    #[test]
    fn no_bytes_make_the_reader_panic(
        lengths in proptest::collection::vec((0_u32..200, any::<[u8; 32]>(), 0_usize..200), 0..4),
        tail in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let mut bytes = b"CANDORLG\x01\x00".to_vec();
        for (length, hash, payload) in lengths {
            bytes.extend(length.to_le_bytes());
            bytes.extend(hash);
            bytes.extend(vec![7; payload]);
        }
        bytes.extend(tail);
        let disk = Disk::holding(&bytes);
        if let Ok((log, report)) = FileLogReader::open_in(&mut disk.mount()) {
            prop_assert_eq!(report.records, 0, "no hash was right");
            prop_assert_eq!(log.size_bytes() + report.truncated_tail_bytes, bytes.len() as u64);
        }
        prop_assert!(FileLogReader::open_in(&mut Disk::holding(&bytes[8..]).mount()).is_err());
    }
}
