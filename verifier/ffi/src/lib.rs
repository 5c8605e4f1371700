//! C interface of the verifier: byte buffers in, a status and a short text out.
//!
//! No function panics across the boundary, allocates more than its inputs' limits allow, keeps a pointer, or needs
//! anything freed. The header is `include/candor.h`, remade by `CANDOR_HEADER=write cargo test -p candor-ffi --test header`.

use candor_circuits::seal::key::SealKey;
use candor_program::Card;
use candor_program::card::Domain;
use candor_program::encoding::decode_file;
use candor_trace::SealFile;
use candor_verifier::{ErrorKind, Expected, verify_bytes, verify_seal};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a verification ended. The numbers are those of the command line's exit codes.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CandorStatus {
    /// Everything that was asked is established.
    Accepted = 0,
    /// A defect of the verifier; nothing is known about the input.
    Unexpected = 1,
    /// A null pointer, or a length that no buffer can have.
    Usage = 2,
    /// The bytes are not what they should be.
    Malformed = 3,
    /// Well formed, but rejected by a named check.
    Rejected = 4,
    /// Beyond a documented limit.
    Limit = 5,
    /// It rests on something that the caller did not agree to.
    RefusedAssumption = 8,
}

/// Bytes that the caller owns; not kept after the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CandorBytes {
    /// First byte; may be null only if `length` is 0.
    pub data: *const u8,
    /// Number of bytes.
    pub length: usize,
}

/// The ids that everything is checked against.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CandorExpected {
    /// The program that must have decided.
    pub program_id: [u8; 32],
    /// The agent that must have signed.
    pub agent: [u8; 20],
    /// Contract of the records' domain.
    pub verifying_contract: [u8; 20],
    /// Chain of the records' domain.
    pub chain_id: u64,
    /// Digest of the reference string that must have been used; zeros: not pinned, a ceremony is then only declared.
    pub setup_digest: [u8; 32],
    /// Id of the key that a seal must have been made with; zeros: not pinned, a ceremony is then only declared.
    pub seal_key_id: [u8; 32],
    /// Non-zero: a ceremony that is only declared, by whoever made card or key, is good enough.
    pub allow_declared_ceremony: u8,
    /// Non-zero: a development string or key, with which its maker can forge everything, is good enough.
    pub allow_development_setup: u8,
}

/// Where a sentence about the result goes: UTF-8, cut to fit, always zero-terminated. May be null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CandorText {
    /// First byte.
    pub data: *mut u8,
    /// Room, the terminating zero included.
    pub capacity: usize,
}

impl CandorBytes {
    /// The bytes; `None` for a null pointer with a length, or a length beyond the address space.
    ///
    /// # Safety
    /// `data` points to `length` readable bytes that nobody writes during the call.
    unsafe fn slice<'a>(self) -> Option<&'a [u8]> {
        match (self.data.is_null(), self.length) {
            (_, 0) => Some(&[]),
            (true, _) => None,
            (false, length) if length > isize::MAX as usize => None,
            // SAFETY: not null, and the caller vouches for `length` bytes.
            (false, length) => Some(unsafe { std::slice::from_raw_parts(self.data, length) }),
        }
    }
}

impl CandorText {
    /// Writes as much of a text as fits.
    ///
    /// # Safety
    /// `data` is null, or points to `capacity` writable bytes.
    unsafe fn write(self, text: &str) {
        if self.data.is_null() || self.capacity == 0 || self.capacity > isize::MAX as usize {
            return;
        }
        let mut length = text.len().min(self.capacity - 1);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        // SAFETY: not null, and the caller vouches for `capacity` bytes, of which at most all are written.
        let room = unsafe { std::slice::from_raw_parts_mut(self.data, self.capacity) };
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        room[length] = 0;
    }
}

fn expected(of: &CandorExpected) -> Expected {
    let domain = Domain { chain_id: of.chain_id, verifying_contract: of.verifying_contract };
    let mut expected = Expected::new(of.program_id, of.agent, domain);
    // No digest is zero: finding one is finding a preimage.
    expected.setup_digest = (of.setup_digest != [0; 32]).then_some(of.setup_digest);
    expected.seal_keys = Some(of.seal_key_id).filter(|id| *id != [0; 32]).into_iter().collect();
    expected.allow_declared_ceremony = of.allow_declared_ceremony != 0;
    expected.allow_development_setup = of.allow_development_setup != 0;
    expected
}

fn status(kind: ErrorKind) -> CandorStatus {
    match kind {
        ErrorKind::Malformed => CandorStatus::Malformed,
        ErrorKind::Rejected => CandorStatus::Rejected,
        ErrorKind::Limit => CandorStatus::Limit,
        ErrorKind::RefusedAssumption => CandorStatus::RefusedAssumption,
    }
}

type Answer = (CandorStatus, String);

/// Runs a check; a panic, which would be a defect, becomes a status.
///
/// # Safety
/// As [`CandorText::write`].
unsafe fn answer(text: CandorText, check: impl FnOnce() -> Answer) -> CandorStatus {
    let (status, sentence) = catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| {
        (CandorStatus::Unexpected, "the verifier failed: please report this input".to_owned())
    });
    // SAFETY: the caller's contract is passed on.
    unsafe { text.write(&sentence) };
    status
}

const NULL: &str = "a pointer is null, or a length is impossible";

/// Verifies a bundle and its proof.
///
/// # Safety
/// `expected` is null or points to a `CandorExpected`; every buffer has the length it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn candor_verify(
    expected_ids: *const CandorExpected,
    bundle: CandorBytes,
    proof: CandorBytes,
    text: CandorText,
) -> CandorStatus {
    // SAFETY: the caller's contract; null is handled.
    let (ids, bundle, proof) = unsafe { (expected_ids.as_ref(), bundle.slice(), proof.slice()) };
    let check = || {
        let (Some(ids), Some(bundle), Some(proof)) = (ids, bundle, proof) else {
            return (CandorStatus::Usage, NULL.to_owned());
        };
        match verify_bytes(&expected(ids), bundle, proof) {
            Ok(accepted) => (CandorStatus::Accepted, accepted.to_string()),
            Err(error) => (status(error.kind()), error.to_string()),
        }
    };
    // SAFETY: the caller's contract is passed on.
    unsafe { answer(text, check) }
}

/// Verifies a seal with a program's card and the verifying key of its class.
///
/// # Safety
/// As [`candor_verify`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn candor_verify_seal(
    expected_ids: *const CandorExpected,
    card: CandorBytes,
    key: CandorBytes,
    seal: CandorBytes,
    text: CandorText,
) -> CandorStatus {
    // SAFETY: the caller's contract; null is handled.
    let (ids, card, key, seal) = unsafe { (expected_ids.as_ref(), card.slice(), key.slice(), seal.slice()) };
    let check = || {
        let (Some(ids), Some(card), Some(key), Some(seal)) = (ids, card, key, seal) else {
            return (CandorStatus::Usage, NULL.to_owned());
        };
        sealed(&expected(ids), card, key, seal)
    };
    // SAFETY: the caller's contract is passed on.
    unsafe { answer(text, check) }
}

fn sealed(expected: &Expected, card: &[u8], key: &[u8], seal: &[u8]) -> Answer {
    let malformed =
        |what: &str, error: &dyn std::fmt::Display| (CandorStatus::Malformed, format!("{what}: {error}"));
    let card = match Card::from_bytes(card) {
        Ok(card) => card,
        Err(error) => return malformed("card", &error),
    };
    let key = match decode_file::<SealKey>(&candor_circuits::seal::key::FILE_MAGIC, 1 << 16, key) {
        Ok(key) => key,
        Err(error) => return malformed("seal key", &error),
    };
    let seal = match SealFile::from_bytes(seal) {
        Ok(seal) => seal,
        Err(error) => return malformed("seal", &error),
    };
    match verify_seal(expected, &card, &key, &seal) {
        Ok(sealed) => {
            let (first, last) = (sealed.headers.first(), sealed.headers.last());
            let sequence = |header: Option<&candor_trace::Header>| header.map_or(0, |header| header.sequence);
            (
                CandorStatus::Accepted,
                format!("honest: records {} to {}, sealed", sequence(first), sequence(last)),
            )
        }
        Err(error) => (status(error.kind()), error.to_string()),
    }
}
