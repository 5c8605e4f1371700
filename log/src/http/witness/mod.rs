//! A witness: it cosigns a log's checkpoints, each consistent with all that it cosigned before.
//!
//! Source: C2SP tlog-witness and tlog-cosignature. Checkpoints with extension lines are refused: no log of ours writes any.

mod ask;
mod memory;
mod quorum;
mod request;

pub use ask::{AskError, WitnessAddress, WitnessClient};
pub use memory::{Cosigned, MemoryError, WitnessMemory};
pub use quorum::{AskObserver, Asked, Witnesses};
pub use request::{AddCheckpoint, MAX_PROOF_HASHES, MAX_REQUEST_BYTES, RequestError};

use crate::disk::Disk;
use candor_trace::tlog::{
    Checkpoint, CheckpointError, CosignatureSigner, NoteRejected, ProofError, SignatureLine, VerifierKey,
    verify_consistency,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// Why a witness does not cosign. Each has its own status code.
#[derive(Debug, Error)]
pub enum Refused {
    /// Not a request (400).
    #[error("malformed request: {0}")]
    Request(#[from] RequestError),
    /// Not a checkpoint (400).
    #[error("malformed checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The old size is beyond the checkpoint's (400).
    #[error("old size {old} is larger than the checkpoint's {size}")]
    OldSizeTooLarge {
        /// Claimed.
        old: u64,
        /// Of the checkpoint.
        size: u64,
    },
    /// A log that this witness does not know (404).
    #[error("this witness does not know the log {origin}")]
    UnknownOrigin {
        /// Its origin.
        origin: String,
    },
    /// No trusted key of the log signed, or one of them did not sign this (403).
    #[error("checkpoint: {0}")]
    Signature(#[from] NoteRejected),
    /// The witness is elsewhere (409).
    #[error("old size {old}; this witness cosigned {latest} last")]
    OldSize {
        /// Claimed.
        old: u64,
        /// Cosigned last.
        latest: u64,
    },
    /// The same size with another root: a fork (409).
    #[error("this witness cosigned another tree of {latest} leaves: the log forked")]
    Forked {
        /// Cosigned last.
        latest: u64,
    },
    /// The proof does not lead from the one tree to the other (422).
    #[error("consistency proof: {0}")]
    Proof(#[from] ProofError),
    /// What was to be remembered could not be (500).
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// A witness.
#[derive(Debug)]
pub struct Witness<D> {
    signer: CosignatureSigner,
    /// Trusted keys, by origin.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    /// Check, remembering and signing are one step: nobody comes in between.
    memory: Mutex<WitnessMemory<D>>,
}

impl<D: Disk> Witness<D> {
    /// A witness of these logs: a key's name is its log's origin.
    pub fn new(signer: CosignatureSigner, logs: Vec<VerifierKey>, memory: WitnessMemory<D>) -> Self {
        let mut by_origin: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for key in logs {
            by_origin.entry(key.name().to_owned()).or_default().push(key);
        }
        Self { signer, logs: by_origin, memory: Mutex::new(memory) }
    }
    /// Its key.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        self.signer.verifier_key()
    }
    /// Cosigns a checkpoint that continues the last one of its log; what it rests on is durable before this returns.
    ///
    /// The time never goes back: a cosignature says that no larger tree was seen before its time.
    /// Units: time in Unix seconds.
    /// Errors: the first check that fails, in the order of C2SP tlog-witness.
    pub fn add_checkpoint(&self, body: &[u8], time: u64) -> Result<SignatureLine, Refused> {
        let AddCheckpoint { old, proof, checkpoint: note } = AddCheckpoint::parse(body)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let (origin, size, root) = (checkpoint.origin(), checkpoint.size(), *checkpoint.root());
        let keys = self.logs.get(origin);
        let keys = keys.ok_or_else(|| Refused::UnknownOrigin { origin: origin.to_owned() })?;
        note.verify(&keys.iter().collect::<Vec<_>>())?;
        if old > size {
            return Err(Refused::OldSizeTooLarge { old, size });
        }
        // A panic while it is held leaves the memory as durable as it was.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = memory.latest(origin);
        let latest_size = latest.map_or(0, |latest| latest.size);
        if old != latest_size {
            return Err(Refused::OldSize { old, latest: latest_size });
        }
        if let Some(latest) = latest {
            if old == size && latest.root != root {
                return Err(Refused::Forked { latest: latest.size });
            }
            verify_consistency(old, &latest.root, size, &root, &proof)?;
        } else {
            verify_consistency(0, &candor_trace::tlog::empty_root(), size, &root, &proof)?;
        }
        let time = latest.map_or(time, |latest| time.max(latest.time));
        memory.remember(Cosigned { origin: origin.to_owned(), size, root, time })?;
        Ok(self.signer.cosign(note.text(), time))
    }
}
