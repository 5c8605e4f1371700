//! Reading a log: entries, bodies, proofs.

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::BODIES;
use crate::pipeline::journal::read_body;
use crate::pipeline::open::Log;
use crate::pipeline::shared::Shared;
use crate::pipeline::tiles::Tiles;
use crate::retention::Tombstone;
use candor_program::encoding::keccak256;
use candor_trace::Entry;
use candor_trace::tlog::{BundleId, Checkpoint, Hash, Note, Promise, TILE_WIDTH, TlogProof};

/// Whether a log has a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyState {
    /// The body (Borsh).
    There(Vec<u8>),
    /// It was pruned: a verdict stays undecided, and this is why.
    Pruned {
        /// Its entry.
        index: u64,
        /// Number of the tombstone that lists it.
        tombstone: u64,
    },
    /// The log never had it, or has lost it: a verdict stays undecided.
    Missing,
}

impl<D: Disk> Log<D> {
    /// A sequenced entry.
    pub fn entry(&self, index: u64) -> Result<Entry, PipelineError> {
        Ok(self.shared().read_entry(index)?.1)
    }
    /// Index of the record with this hash, once it is sequenced; `None` also for one that is pruned.
    pub fn find(&self, record_hash: &[u8; 32]) -> Result<Option<u64>, PipelineError> {
        let shared = self.shared();
        if let Some(index) = shared.find_in_tail(|entry| entry.record_hash == *record_hash) {
            return Ok(Some(index));
        }
        for index in shared.index.candidates(record_hash)? {
            if shared.read_kept_entry(index)?.is_some_and(|entry| entry.record_hash() == *record_hash) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
    /// The body (Borsh) that a sequenced entry names; `None` if the log does not have it (any more).
    ///
    /// A missing body makes a verdict undecided, never honest.
    pub fn body(&self, body_hash: &[u8; 32]) -> Result<Option<Vec<u8>>, PipelineError> {
        let shared = self.shared();
        let frames: Vec<(u64, u64)> = {
            let tail = shared.tail();
            let named = tail.entries.iter().filter(|entry| entry.ticket.entry.body == *body_hash);
            named.map(|entry| entry.frame).collect()
        };
        for frame in frames {
            if let Some(body) = read_body(&shared.files, frame, body_hash)? {
                return Ok(Some(body));
            }
        }
        for index in shared.index.candidates(body_hash)? {
            let Some(frame) = shared.index.frame(index)? else { continue };
            if shared.read_kept_entry(index)?.is_some_and(|entry| entry.body == *body_hash)
                && let Some(body) = read_body(&shared.files, frame, body_hash)?
            {
                return Ok(Some(body));
            }
        }
        let name = format!("{BODIES}/{}", hex::encode(body_hash));
        match shared.files.get(&name)? {
            Some(body) if keccak256(&[&body]) != *body_hash => {
                Err(shared.files.damaged(&name, FileDamage::BodyMismatch { offset: 0 }))
            }
            body => Ok(body),
        }
    }
    /// The body that a sequenced entry names, or why it is not there. `of`: the entry's index, where the caller knows it; an
    /// index that was made again after a pruning does not find it.
    pub fn body_state(&self, body_hash: &[u8; 32], of: Option<u64>) -> Result<BodyState, PipelineError> {
        let shared = self.shared();
        if let Some(body) = self.body(body_hash)? {
            return Ok(BodyState::There(body));
        }
        let size = shared.progress.read().sizes.integrated;
        let mut candidates = shared.index.candidates(body_hash)?;
        candidates.extend(of.filter(|of| *of < size));
        for index in candidates {
            // Of a pruned entry the index knows the beginning of the hash only.
            let is_its = shared.read_kept_entry(index)?.is_none_or(|entry| entry.body == *body_hash);
            if is_its && let Some(tombstone) = shared.tombstones.of_body(&shared.files, index)? {
                return Ok(BodyState::Pruned { index, tombstone });
            }
        }
        Ok(BodyState::Missing)
    }
    /// Number of the tombstone with which an entry went; `None` if it did not.
    #[must_use]
    pub fn entry_tombstone(&self, index: u64) -> Option<u64> {
        self.shared().tombstones.of_entry(index)
    }
    /// How many tombstones there are, and the last one.
    #[must_use]
    pub fn tombstones(&self) -> (u64, Option<Tombstone>) {
        let tombstones = &self.shared().tombstones;
        (tombstones.count(), tombstones.last())
    }
    /// The published checkpoint with its cosignatures; `None` before the first.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Note> {
        self.shared().published().map(|note| (*note).clone())
    }
    /// The log's signed word that an entry is where it was sequenced.
    ///
    /// Owes: that it is true: the entry was [`crate::pipeline::Sequenced`] at this index with this leaf.
    #[must_use]
    pub fn promise(&self, promise: Promise) -> Note {
        let signer = &self.shared().signer;
        promise.sign(signer).to_note(signer.verifier_key())
    }
    /// That an entry is in the published tree.
    ///
    /// Errors: [`PipelineError::OutOfRange`] until the entry is published.
    pub fn inclusion(&self, index: u64) -> Result<TlogProof, PipelineError> {
        let shared = self.shared();
        let published = shared.published().ok_or(PipelineError::OutOfRange { index, size: 0 })?;
        // It was parsed when it was read, or made here.
        let size = Checkpoint::parse(published.text()).map_or(0, |checkpoint| checkpoint.size());
        let path = Tiles::new(&shared.files).inclusion(index, size)?;
        Ok(TlogProof { extra: None, index, path, checkpoint: (*published).clone() })
    }
    /// That the integrated tree of `new` entries begins with that of `old`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, PipelineError> {
        let shared = self.shared();
        let size = shared.progress.read().sizes.integrated;
        if new > size {
            return Err(PipelineError::OutOfRange { index: new, size });
        }
        Tiles::new(&shared.files).consistency(old, new)
    }
}

impl<D: Disk> Shared<D> {
    /// Bytes and value of a sequenced entry.
    pub(crate) fn read_entry(&self, index: u64) -> Result<(Vec<u8>, Entry), PipelineError> {
        if let Some(entry) = self.tail().get(index) {
            return Ok((entry.ticket.bytes.clone(), entry.ticket.entry.clone()));
        }
        let size = self.progress.read().sizes.integrated;
        let tiles = Tiles::new(&self.files);
        let out_of_range = PipelineError::OutOfRange { index, size };
        let id = BundleId::of_tree(index / TILE_WIDTH, size).ok_or(out_of_range.clone())?;
        let entries = tiles.entries(&id).map_err(|error| match error {
            PipelineError::Damaged { damage: FileDamage::Missing, .. } if index < self.oldest() => {
                PipelineError::Pruned { index, minimum: self.oldest() }
            }
            error => error,
        })?;
        let bytes = entries.into_iter().nth((index % TILE_WIDTH) as usize).ok_or(out_of_range)?;
        let entry = Entry::from_bytes(&bytes)
            .map_err(|error| self.files.damaged_public(&id.path(), FileDamage::Undecodable(error)))?;
        Ok((bytes, entry))
    }
    /// The value of a sequenced entry; `None` if it is pruned.
    fn read_kept_entry(&self, index: u64) -> Result<Option<Entry>, PipelineError> {
        match self.read_entry(index) {
            Ok((_, entry)) => Ok(Some(entry)),
            Err(PipelineError::Pruned { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
    fn find_in_tail(&self, wanted: impl Fn(&crate::pipeline::submission::Ticket) -> bool) -> Option<u64> {
        let tail = self.tail();
        let position = tail.entries.iter().position(|entry| wanted(&entry.ticket))?;
        Some(tail.base + position as u64)
    }
}
