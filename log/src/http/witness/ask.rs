//! Asking witnesses for their cosignatures.

use crate::http::connect::{Answer, ConnectError, Patience, Server};
use crate::http::submission::decimal;
use crate::http::witness::request::AddCheckpoint;
use candor_trace::tlog::{Hash, Note, NoteRejected, SignatureLine, VerifierKey};
use thiserror::Error;

/// Longest answer of a witness.
const MAX_ANSWER_BYTES: u64 = 1 << 16;
/// How often a witness may say that it is elsewhere: it moves while others ask it too.
const MAX_CONFLICTS: usize = 3;

/// A witness to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WitnessAddress {
    /// Its key.
    pub key: VerifierKey,
    /// What its paths begin with.
    pub url: String,
}

/// Why a witness gave no cosignature.
#[derive(Debug, Error)]
pub enum AskError {
    /// It did not answer.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It knows a larger tree than the one that it is to cosign: this log went back, or another writes under its name.
    #[error("witness {witness} cosigned size {known}, beyond this checkpoint's {size}")]
    Ahead {
        /// Its name.
        witness: String,
        /// Size that it knows.
        known: u64,
        /// Size asked for.
        size: u64,
    },
    /// It kept saying that it is elsewhere, or cosigned another tree of this size.
    #[error("witness {witness} is at size {known}, also after that size was proven to it")]
    Conflict {
        /// Its name.
        witness: String,
        /// Size that it said last.
        known: u64,
    },
    /// It refused.
    #[error("witness {witness} answered {status}: {message}")]
    Refused {
        /// Its name.
        witness: String,
        /// Status code.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It answered what is no answer.
    #[error("witness {witness} answered neither cosignatures nor a size")]
    Answer {
        /// Its name.
        witness: String,
    },
    /// No line of its answer is signed by the key that is expected.
    #[error("witness {witness}: {source}")]
    Signature {
        /// Its name.
        witness: String,
        /// Why.
        source: NoteRejected,
    },
    /// The log could not prove consistency with the size that the witness knows.
    #[error("no consistency proof from size {old} for witness {witness}: {message}")]
    Proof {
        /// Its name.
        witness: String,
        /// Size that it knows.
        old: u64,
        /// Why.
        message: String,
    },
}

/// One witness, and the size that it is believed to know.
#[derive(Debug)]
pub struct WitnessClient {
    key: VerifierKey,
    server: Server,
    known: u64,
}

impl WitnessClient {
    /// Nothing is asked yet.
    pub fn new(address: &WitnessAddress, patience: Patience) -> Result<Self, ConnectError> {
        let server = Server::at(&address.url, patience)?;
        Ok(Self { key: address.key.clone(), server, known: 0 })
    }
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }
    /// A cosignature of this checkpoint of a tree of this size, checked; `prove` gives the consistency proof from an earlier size.
    pub fn cosign<E: std::fmt::Display>(
        &mut self,
        checkpoint: &Note,
        size: u64,
        prove: impl Fn(u64) -> Result<Vec<Hash>, E>,
    ) -> Result<SignatureLine, AskError> {
        let witness = || self.key.name().to_owned();
        if self.known > size {
            return Err(AskError::Ahead { witness: witness(), known: self.known, size });
        }
        for _ in 0..MAX_CONFLICTS {
            let old = self.known;
            let proof = prove(old).map_err(|error| AskError::Proof {
                witness: witness(),
                old,
                message: error.to_string(),
            })?;
            let request = AddCheckpoint { old, proof, checkpoint: checkpoint.clone() };
            let answer = self.server.post("add-checkpoint", &[], &request.to_bytes(), MAX_ANSWER_BYTES)?;
            match answer.status {
                200 => {
                    let line = cosignature(&self.key, checkpoint, &answer)?;
                    self.known = size;
                    return Ok(line);
                }
                409 => {
                    let known =
                        stated_size(&answer).ok_or_else(|| AskError::Answer { witness: witness() })?;
                    if known > size {
                        return Err(AskError::Ahead { witness: witness(), known, size });
                    }
                    if known == old {
                        return Err(AskError::Conflict { witness: witness(), known });
                    }
                    self.known = known;
                }
                status => {
                    return Err(AskError::Refused { witness: witness(), status, message: answer.excerpt() });
                }
            }
        }
        Err(AskError::Conflict { witness: witness(), known: self.known })
    }
}

/// The size in the answer of a witness that is elsewhere.
fn stated_size(answer: &Answer) -> Option<u64> {
    if answer.content_type.as_deref() != Some("text/x.tlog.size") {
        return None;
    }
    decimal(std::str::from_utf8(&answer.body).ok()?.strip_suffix('\n')?)
}

/// The line that this key made of the checkpoint; lines of other keys are ignored.
fn cosignature(key: &VerifierKey, checkpoint: &Note, answer: &Answer) -> Result<SignatureLine, AskError> {
    let malformed = || AskError::Answer { witness: key.name().to_owned() };
    let text = std::str::from_utf8(&answer.body).map_err(|_| malformed())?;
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').and_then(SignatureLine::parse).ok_or_else(malformed)?;
        if !line.is_by(key) {
            continue;
        }
        let mut cosigned = checkpoint.clone();
        cosigned.add(line.clone()).map_err(|_| malformed())?;
        return match cosigned.verify(&[key]) {
            Ok(_) => Ok(line),
            Err(source) => Err(AskError::Signature { witness: key.name().to_owned(), source }),
        };
    }
    Err(AskError::Signature { witness: key.name().to_owned(), source: NoteRejected::Unsigned })
}
