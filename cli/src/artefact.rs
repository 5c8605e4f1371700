//! Files of ours, read and checked.

use crate::classify::Classify;
use crate::exit::Failure;
use crate::store;
use candor_circuits::proof::{self, ProofFile};
use candor_circuits::seal::key::{FILE_MAGIC, SealKey};
use candor_log::{FileLogReader, OpenReport};
use candor_program::card::{Card, Program};
use candor_program::encoding::decode_file;
use candor_program::limits;
use candor_prover::ReferenceString;
use candor_trace::{Bundle, MAX_BUNDLE_BYTES, SealFile};
use std::path::Path;

/// Longest file of a reference string (docs/spec/encoding.md).
pub const MAX_SETUP_BYTES: u64 = 64 << 20;
/// Longest file of a seal's verifying key (docs/spec/encoding.md).
pub const MAX_SEAL_KEY_BYTES: u64 = 1 << 16;

/// A file decoded by one of our decoders.
pub fn decode<T, E: Classify>(
    path: &Path,
    limit_bytes: u64,
    decoder: impl FnOnce(&[u8]) -> Result<T, E>,
) -> Result<T, Failure> {
    let bytes = store::read(path, limit_bytes)?;
    decoder(&bytes).map_err(|error| error.failure().at(path.display()))
}

/// A program.
pub fn program(path: &Path) -> Result<Program, Failure> {
    decode(path, limits::PROGRAM_FILE_BYTES, Program::from_bytes)
}

/// A card.
pub fn card(path: &Path) -> Result<Card, Failure> {
    decode(path, limits::CARD_FILE_BYTES, Card::from_bytes)
}

/// A reference string.
pub fn setup(path: &Path) -> Result<ReferenceString, Failure> {
    decode(path, MAX_SETUP_BYTES, ReferenceString::from_bytes)
}

/// The reference string that a program was compiled for: checked when the program was, so its digest is enough.
pub fn setup_of(path: &Path, program: &Program) -> Result<ReferenceString, Failure> {
    decode(path, MAX_SETUP_BYTES, |bytes| ReferenceString::load(bytes, &program.card.setup))
}

/// A seal.
pub fn seal(path: &Path) -> Result<SealFile, Failure> {
    decode(path, candor_trace::seal::MAX_SEAL_BYTES, SealFile::from_bytes)
}

/// A seal's verifying key.
pub fn seal_key(path: &Path) -> Result<SealKey, Failure> {
    decode(path, MAX_SEAL_KEY_BYTES, |bytes| decode_file::<SealKey>(&FILE_MAGIC, MAX_SEAL_KEY_BYTES, bytes))
}

/// A bundle.
pub fn bundle(path: &Path) -> Result<Bundle, Failure> {
    decode(path, MAX_BUNDLE_BYTES, Bundle::from_bytes)
}

/// A proof.
pub fn proof(path: &Path) -> Result<ProofFile, Failure> {
    decode(path, proof::MAX_BYTES, ProofFile::from_bytes)
}

/// A log, for reading.
pub fn log(directory: &Path) -> Result<(FileLogReader, OpenReport), Failure> {
    FileLogReader::open(directory).map_err(|error| match error {
        candor_log::LogError::NoLog { .. } => Failure::usage("there is no log in this directory")
            .at(directory.display())
            .fix("record something with candor record, or name the log with --log or --dir"),
        other => other.failure().at(directory.display()),
    })
}
