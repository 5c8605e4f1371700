//! Promises: a log's signed word that it will publish an entry at an index. Source: docs/spec/log.md, "Promises".

use super::hash::Hash;
use super::key::VerifierKey;
use super::note::{Note, NoteError, SignatureLine};
use super::signer::NoteSigner;
use super::text::decimal;
use thiserror::Error;

/// First line of a promise. A checkpoint's text has a number in its second line, a promise never: no signature of one is
/// one of the other.
const FIRST_LINE: &str = "candor-log-promise/v1";
/// Longest text: the lines with the longest origin and numbers.
const MAX_PROMISE_TEXT_BYTES: usize = 1024;
/// Length of an Ed25519 signature.
pub const PROMISE_SIGNATURE_BYTES: usize = 64;

/// What a log promises: every checkpoint of it with more entries than `index` has this leaf there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// Agent of the record.
    pub agent: [u8; 20],
    /// Program of the record.
    pub program_id: [u8; 32],
    /// Sequence number of the record.
    pub sequence: u64,
    /// Record hash.
    pub record_hash: [u8; 32],
    /// Hash of the entry as a leaf of the tree.
    pub leaf: Hash,
    /// Index of the entry.
    pub index: u64,
    /// When the log said so by its own clock. Units: Unix seconds.
    pub time: u64,
}

/// A promise with the signature of the key that was asked for: only verifying makes one, or signing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedPromise {
    promise: Promise,
    signature: [u8; PROMISE_SIGNATURE_BYTES],
}

/// Why bytes are no promise of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PromiseError {
    /// No note.
    #[error("malformed promise: {0}")]
    Note(#[from] NoteError),
    /// More text than a promise has.
    #[error("{got} bytes; the text of a promise has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A line is not what it should be.
    #[error("line {line} of the promise is not `{expected}` with its value")]
    Line {
        /// From 1.
        line: usize,
        /// What it should begin with.
        expected: &'static str,
    },
    /// There are other than nine lines.
    #[error("{got} lines; a promise has nine")]
    Lines {
        /// Found.
        got: usize,
    },
    /// The promise is another log's.
    #[error("the promise is not of the log that was asked for")]
    OtherLog,
    /// The log's key did not sign it.
    #[error("the log's key did not sign the promise")]
    Signature,
}

impl Promise {
    /// The text that the log of this origin signs.
    #[must_use]
    pub fn text(&self, origin: &str) -> String {
        let (agent, program) = (hex::encode(self.agent), hex::encode(self.program_id));
        let (record, leaf) = (hex::encode(self.record_hash), self.leaf.to_base64());
        let Self { sequence, index, time, .. } = self;
        format!(
            "{FIRST_LINE}\nlog {origin}\nagent 0x{agent}\nprogram 0x{program}\nsequence {sequence}\nrecord 0x{record}\n\
             leaf {leaf}\nindex {index}\ntime {time}\n"
        )
    }
    /// The promise, signed. The key is the one that signs checkpoints.
    ///
    /// Owes: that the entry is durable at that index; a signed promise that is not kept is evidence against the key.
    #[must_use]
    pub fn sign(self, signer: &NoteSigner) -> SignedPromise {
        let line = signer.sign(&self.text(signer.verifier_key().name()));
        let mut signature = [0; PROMISE_SIGNATURE_BYTES];
        // An Ed25519 signature is exactly as long.
        if let Some(bytes) = line.signature().first_chunk() {
            signature = *bytes;
        }
        SignedPromise { promise: self, signature }
    }
    /// Strictly parses the text of a promise of the log of this origin.
    ///
    /// Owes: the signature.
    fn parse(text: &str, origin: &str) -> Result<Self, PromiseError> {
        if text.len() > MAX_PROMISE_TEXT_BYTES {
            return Err(PromiseError::TooLong { limit: MAX_PROMISE_TEXT_BYTES, got: text.len() });
        }
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let [first, log, agent, program, sequence, record, leaf, index, time] = lines.as_slice() else {
            return Err(PromiseError::Lines { got: lines.len() });
        };
        if *first != FIRST_LINE {
            return Err(PromiseError::Line { line: 1, expected: FIRST_LINE });
        }
        if value(2, "log ", log)? != origin {
            return Err(PromiseError::OtherLog);
        }
        let promise = Self {
            agent: hexadecimal(3, "agent ", agent)?,
            program_id: hexadecimal(4, "program ", program)?,
            sequence: number(5, "sequence ", sequence)?,
            record_hash: hexadecimal(6, "record ", record)?,
            leaf: Hash::from_base64(value(7, "leaf ", leaf)?)
                .map_err(|_| PromiseError::Line { line: 7, expected: "leaf " })?,
            index: number(8, "index ", index)?,
            time: number(9, "time ", time)?,
        };
        Ok(promise)
    }
}

fn value<'a>(line: usize, expected: &'static str, text: &'a str) -> Result<&'a str, PromiseError> {
    text.strip_prefix(expected).ok_or(PromiseError::Line { line, expected })
}

fn number(line: usize, expected: &'static str, text: &str) -> Result<u64, PromiseError> {
    decimal(value(line, expected, text)?).ok_or(PromiseError::Line { line, expected })
}

fn hexadecimal<const N: usize>(
    line: usize,
    expected: &'static str,
    text: &str,
) -> Result<[u8; N], PromiseError> {
    let refused = PromiseError::Line { line, expected };
    let digits = value(line, expected, text)?.strip_prefix("0x").ok_or(refused)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused)?;
    if hex::encode(bytes) == digits { Ok(bytes) } else { Err(refused) }
}

impl SignedPromise {
    /// The promise in a note that this log's key signed. Lines of other keys are ignored.
    pub fn parse(bytes: &[u8], log: &VerifierKey) -> Result<Self, PromiseError> {
        let note = Note::parse(bytes)?;
        let promise = Promise::parse(note.text(), log.name())?;
        let line = note.signatures().iter().find(|line| line.is_by(log)).ok_or(PromiseError::Signature)?;
        let signature = line.signature().try_into().map_err(|_| PromiseError::Signature)?;
        Self::check(promise, signature, log)
    }
    /// A promise and the signature that goes with it, verified.
    pub fn check(
        promise: Promise,
        signature: [u8; PROMISE_SIGNATURE_BYTES],
        log: &VerifierKey,
    ) -> Result<Self, PromiseError> {
        match log.verify(&promise.text(log.name()), &signature) {
            // A cosignature's key vouches for no promise.
            Some(None) => Ok(Self { promise, signature }),
            _ => Err(PromiseError::Signature),
        }
    }
    /// The promise.
    #[must_use]
    pub fn promise(&self) -> &Promise {
        &self.promise
    }
    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8; PROMISE_SIGNATURE_BYTES] {
        &self.signature
    }
    /// The promise as a note of the log with this key.
    #[must_use]
    pub fn to_note(&self, log: &VerifierKey) -> Note {
        Note::of_parts(self.promise.text(log.name()), SignatureLine::by(log, self.signature.to_vec()))
    }
}
