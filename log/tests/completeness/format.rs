//! The file's bytes, written by hand from docs/spec/record.md.

use crate::agent::run;
use candor_log::{FileLog, FileLogReader};
use sha3::{Digest, Keccak256};

fn by_hand() -> Vec<u8> {
    let mut file = b"CANDORLG\x01\x00".to_vec();
    let mut hash = Keccak256::digest(&file);
    for record in run() {
        let payload = borsh::to_vec(&record).unwrap();
        hash = Keccak256::new().chain_update(hash).chain_update(&payload).finalize();
        file.extend((payload.len() as u32).to_le_bytes());
        file.extend(hash);
        file.extend(payload);
    }
    file
}

#[test]
fn the_file_is_the_specified_one() {
    let place = tempfile::tempdir().unwrap();
    let mut log = FileLog::create(place.path()).unwrap();
    log.append(&run()).unwrap();
    assert_eq!(std::fs::read(place.path().join("log.candor")).unwrap(), by_hand());
}

#[test]
fn a_file_written_by_hand_is_read() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("log.candor"), by_hand()).unwrap();
    let (log, _) = FileLogReader::open(place.path()).unwrap();
    assert_eq!(log.read(0..7).unwrap(), run());
}
