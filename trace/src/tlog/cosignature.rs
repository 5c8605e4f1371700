//! Cosignatures: a witness says that at some time this was the largest consistent tree it saw. Source: C2SP
//! tlog-cosignature (Ed25519).

use super::key::VerifierKey;

/// Bytes of a cosignature: time and signature.
pub const COSIGNATURE_BYTES: usize = 8 + 64;
/// Times are below this.
pub const TIME_BOUND: u64 = 1 << 63;

/// What a witness signs.
///
/// Units: time in Unix seconds.
#[must_use]
pub fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The time of a cosignature that this key made of the text; `None` if it did not.
pub(crate) fn verify_cosignature(key: &VerifierKey, text: &str, cosignature: &[u8]) -> Option<u64> {
    let (time, signature) = cosignature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    let signature: &[u8; 64] = signature.try_into().ok()?;
    let valid = time < TIME_BOUND && key.verify_bytes(cosigned_message(time, text).as_bytes(), signature);
    valid.then_some(time)
}
