//! Whose word makes a checkpoint published: the log's key, and how many of which witnesses.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::{Algorithm, VerifierKey};
use super::note::{Note, NoteError, NoteRejected};
use thiserror::Error;

/// Most witnesses of a policy.
pub const MAX_WITNESSES: usize = 32;

/// A log's key, witness keys, and how many of the witnesses must have cosigned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumPolicy {
    log: VerifierKey,
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

/// Why keys make no policy.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PolicyError {
    /// The log's key is a witness's.
    #[error("the key of log {name} is of type 4 (cosignature); a log's is of type 1")]
    LogAlgorithm {
        /// Name of the key.
        name: String,
    },
    /// A witness's key is a log's.
    #[error("the key of witness {name} is of type 1; a witness's is of type 4 (cosignature)")]
    WitnessAlgorithm {
        /// Name of the key.
        name: String,
    },
    /// One public key twice: it would count twice.
    #[error("the keys of {first} and {second} are the same: a witness counts once")]
    DuplicateKey {
        /// Name of the one.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// Too many witnesses.
    #[error("{got} witnesses; at most {limit} are allowed")]
    TooManyWitnesses {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// More cosignatures than there are witnesses.
    #[error("{needed} cosignatures are needed of {witnesses} witnesses")]
    Unsatisfiable {
        /// Cosignatures.
        needed: usize,
        /// Witnesses.
        witnesses: usize,
    },
}

/// Why a checkpoint is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CheckpointRejected {
    /// The bytes are no note.
    #[error("malformed checkpoint: {0}")]
    MalformedNote(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("malformed checkpoint: {0}")]
    Malformed(#[from] CheckpointError),
    /// A signature is bad, or nobody who is known signed.
    #[error("checkpoint: {0}")]
    Signature(#[from] NoteRejected),
    /// The log itself did not sign.
    #[error("the checkpoint is not signed by the log's key {name}")]
    NotSignedByLog {
        /// Name of the log's key.
        name: String,
    },
    /// It is of another log.
    #[error("the checkpoint's origin is {got}, the log's key is named {expected}")]
    Origin {
        /// Expected.
        expected: String,
        /// Found.
        got: String,
    },
    /// Too few witnesses cosigned.
    #[error("{got} of the policy's witnesses cosigned the checkpoint, {needed} are needed")]
    Quorum {
        /// Needed.
        needed: usize,
        /// Found.
        got: usize,
    },
}

/// A witness that cosigned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosigned {
    /// Name of its key.
    pub name: String,
    /// Latest time that it vouches for, in Unix seconds.
    pub time: u64,
    /// Earliest time that it vouches for, in Unix seconds; another one where it cosigned more than once.
    pub earliest: u64,
}

/// A checkpoint that satisfied a policy: only [`QuorumPolicy::check`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    cosigned: Vec<Cosigned>,
}

impl SignedCheckpoint {
    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
    /// The policy's witnesses that cosigned it.
    #[must_use]
    pub fn cosigned(&self) -> &[Cosigned] {
        &self.cosigned
    }
    /// When the checkpoint was there: so many witnesses saw it then, or before. `None` of no witness, or of more than cosigned.
    ///
    /// Units: Unix seconds, by the clock of the last of them.
    #[must_use]
    pub fn seen_by(&self, witnesses: usize) -> Option<u64> {
        let mut times: Vec<u64> = self.cosigned.iter().map(|by| by.earliest).collect();
        times.sort_unstable();
        times.get(witnesses.checked_sub(1)?).copied()
    }
    /// Until when the log had no larger tree for so many witnesses: each cosigned this one then, or later, and none cosigns a
    /// smaller tree after a larger one. `None` of no witness, or of more than cosigned.
    ///
    /// Units: Unix seconds, by the clock of the first of them.
    #[must_use]
    pub fn newest_until(&self, witnesses: usize) -> Option<u64> {
        let mut times: Vec<u64> = self.cosigned.iter().map(|by| by.time).collect();
        times.sort_unstable_by(|left, right| right.cmp(left));
        times.get(witnesses.checked_sub(1)?).copied()
    }
}

impl QuorumPolicy {
    /// A policy that can be satisfied, and in which nobody counts twice.
    pub fn new(log: VerifierKey, witnesses: Vec<VerifierKey>, needed: usize) -> Result<Self, PolicyError> {
        if log.algorithm() != Algorithm::Ed25519 {
            return Err(PolicyError::LogAlgorithm { name: log.name().to_owned() });
        }
        if witnesses.len() > MAX_WITNESSES {
            return Err(PolicyError::TooManyWitnesses { limit: MAX_WITNESSES, got: witnesses.len() });
        }
        let mut before = vec![&log];
        for witness in &witnesses {
            if witness.algorithm() != Algorithm::Cosignature {
                return Err(PolicyError::WitnessAlgorithm { name: witness.name().to_owned() });
            }
            if let Some(same) = before.iter().find(|key| key.public_key() == witness.public_key()) {
                let (first, second) = (same.name().to_owned(), witness.name().to_owned());
                return Err(PolicyError::DuplicateKey { first, second });
            }
            before.push(witness);
        }
        if needed > witnesses.len() {
            return Err(PolicyError::Unsatisfiable { needed, witnesses: witnesses.len() });
        }
        Ok(Self { log, witnesses, needed })
    }
    /// The same log with no witnesses: for checkpoints that were kept from before.
    #[must_use]
    pub fn without_witnesses(&self) -> Self {
        Self { log: self.log.clone(), witnesses: Vec::new(), needed: 0 }
    }
    /// Key of the log.
    #[must_use]
    pub fn log(&self) -> &VerifierKey {
        &self.log
    }
    /// Keys of the witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }
    /// How many of the witnesses must have cosigned.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }
    /// The note is a checkpoint of the log, signed by it and by enough witnesses.
    pub fn check(&self, note: &Note) -> Result<SignedCheckpoint, CheckpointRejected> {
        let known: Vec<&VerifierKey> = std::iter::once(&self.log).chain(&self.witnesses).collect();
        let verified = note.verify(&known)?;
        let name = self.log.name();
        if !verified.iter().any(|signature| signature.key == 0) {
            return Err(CheckpointRejected::NotSignedByLog { name: name.to_owned() });
        }
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin() != name {
            let (expected, got) = (name.to_owned(), checkpoint.origin().to_owned());
            return Err(CheckpointRejected::Origin { expected, got });
        }
        let times_of = |witness: usize| {
            let own = verified.iter().filter(move |signature| signature.key == witness + 1);
            own.filter_map(|signature| signature.time)
        };
        let cosigned: Vec<Cosigned> = self
            .witnesses
            .iter()
            .enumerate()
            .filter_map(|(position, key)| {
                let (time, earliest) = (times_of(position).max()?, times_of(position).min()?);
                Some(Cosigned { name: key.name().to_owned(), time, earliest })
            })
            .collect();
        if cosigned.len() < self.needed {
            return Err(CheckpointRejected::Quorum { needed: self.needed, got: cosigned.len() });
        }
        Ok(SignedCheckpoint { checkpoint, cosigned })
    }
    /// [`QuorumPolicy::check`] on the bytes of a checkpoint file.
    pub fn check_bytes(&self, bytes: &[u8]) -> Result<SignedCheckpoint, CheckpointRejected> {
        self.check(&Note::parse(bytes)?)
    }
}
