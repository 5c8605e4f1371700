//! What seals, their keys and their ceremonies hold.

use crate::artefact::{self, MAX_SEAL_KEY_BYTES};
use crate::classify::Classify;
use crate::command::ceremony;
use crate::command::seal::{describe, to_json};
use crate::exit::Failure;
use crate::output::{Report, hex_string, table};
use crate::store;
use candor_circuits::seal::key::SealKey;
use candor_program::encoding::{DecodeError, decode_exact};
use candor_trace::seal::SealedHeader;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Magic of the keys for sealing (docs/spec/encoding.md).
pub(super) const SEALING_KEYS_MAGIC: [u8; 8] = *b"CANDORSK";
const SEALING_KEYS_VERSION: u16 = 1;
/// Magic, version, length of the verifying key.
const HEAD_BYTES: usize = 14;

/// A seal.
pub(super) fn seal(path: &Path) -> Result<Report, Failure> {
    let file = artefact::seal(path)?;
    let purpose = format!("{:?}", file.purpose).to_lowercase();
    let after = file.start.previous().map(|previous| previous.sequence);
    let headers: Vec<Value> = (file.first_sequence()..)
        .zip(&file.headers)
        .map(|(sequence, header)| header_json(sequence, header))
        .collect();
    let openings = file.proof.len_bytes();
    let text = table(&[
        ("kind", format!("seal, of purpose {purpose}; nothing is checked")),
        ("program id", hex_string(&file.program_id)),
        ("agent", hex_string(&file.agent)),
        ("records", format!("{}, from {}", file.headers.len(), file.first_sequence())),
        ("after", after.map_or_else(|| "nothing".to_owned(), |sequence| format!("record {sequence}"))),
        ("key", hex_string(&file.key_id)),
        ("proof", format!("{openings} bytes with its openings")),
        ("payout", hex_string(&file.payout)),
    ]);
    let json = json!({
        "kind": "seal",
        "purpose": purpose,
        "programId": hex_string(&file.program_id),
        "agent": hex_string(&file.agent),
        "firstSequence": file.first_sequence(),
        "afterSequence": after,
        "keyId": hex_string(&file.key_id),
        "batchLog2": file.batch_log2(),
        "points": file.proof.points.len(),
        "scalars": file.proof.exposed.len(),
        "proofBytes": openings,
        "payout": hex_string(&file.payout),
        "headers": headers,
    });
    Ok(Report::accepted(text, json))
}

/// The words that a seal carries of a header, named as in a record.
fn header_json(sequence: u64, header: &SealedHeader) -> Value {
    json!({
        "sequence": sequence,
        "time": header.time,
        "observations": hex_string(&header.observations.0),
        "evidence": hex_string(&header.evidence.0),
        "requestedAction": format!("{:#x}", header.requested),
        "verdict": format!("{:#x}", header.verdict),
        "executedAction": format!("{:#x}", header.executed),
        "stateAfter": hex_string(&header.state_after.0),
        "execution": hex_string(&header.execution),
        "signature": hex_string(&header.signature.0),
    })
}

/// A verifying key.
pub(super) fn seal_key(path: &Path) -> Result<Report, Failure> {
    let key = artefact::seal_key(path)?;
    let text = format!("verifying key of seals; candor setup lint checks it\n{}", describe(&key));
    Ok(Report::accepted(text, json!({ "kind": "seal-key", "key": to_json(&key) })))
}

/// Keys for sealing: the verifying key at their head. The gigabytes that may follow are not read.
pub(super) fn sealing_keys(path: &Path) -> Result<Report, Failure> {
    let unreadable = |error: std::io::Error| store::unreadable(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut head = Vec::new();
    file.take(HEAD_BYTES as u64 + MAX_SEAL_KEY_BYTES).read_to_end(&mut head).map_err(unreadable)?;
    let key = verifying_key(&head, bytes)?;
    let text = format!(
        "keys for sealing, {bytes} bytes: candor seal takes them, and checks their digest\n{}",
        describe(&key)
    );
    Ok(Report::accepted(text, json!({ "kind": "sealing-keys", "bytes": bytes, "key": to_json(&key) })))
}

/// The verifying key in the head of the keys for sealing, of a file of so many bytes.
fn verifying_key(head: &[u8], bytes: u64) -> Result<SealKey, Failure> {
    let cut_off = || DecodeError::NoHeader { got: bytes }.failure();
    let (start, rest) = head.split_first_chunk::<HEAD_BYTES>().ok_or_else(cut_off)?;
    let [_, _, _, _, _, _, _, _, low, high, length @ ..] = *start;
    let version = u16::from_le_bytes([low, high]);
    if version != SEALING_KEYS_VERSION {
        let error = DecodeError::WrongVersion { expected: SEALING_KEYS_VERSION, got: version };
        return Err(error.failure());
    }
    let length = u32::from_le_bytes(length);
    if u64::from(length) > MAX_SEAL_KEY_BYTES {
        let error = DecodeError::TooLong { limit: MAX_SEAL_KEY_BYTES, got: length.into() };
        return Err(error.failure());
    }
    // A file that ends inside the key is cut off: what is there does not decode.
    let encoded = rest.get(..length as usize).unwrap_or(rest);
    decode_exact(encoded).map_err(|error| error.failure())
}

/// A ceremony.
pub(super) fn ceremony(path: &Path) -> Result<Report, Failure> {
    let ceremony = ceremony::read(path)?;
    let subject = &ceremony.subject;
    let contributions = ceremony::contributions_text(&ceremony);
    let text = format!(
        "{}\n{contributions}",
        table(&[
            ("kind", "ceremony of seal keys; candor setup verify checks it".to_owned()),
            ("class", hex_string(&subject.class_digest)),
            ("circuit", hex_string(&subject.circuit_digest)),
            ("powers of tau", hex_string(&subject.phase_one)),
            ("transcript", hex_string(&ceremony.transcript())),
        ])
    );
    let mut json: Value = ceremony::summary(path, &ceremony);
    json["kind"] = json!("ceremony");
    json["classDigest"] = json!(hex_string(&subject.class_digest));
    json["circuitDigest"] = json!(hex_string(&subject.circuit_digest));
    Ok(Report::accepted(text, json))
}
