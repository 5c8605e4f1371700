//! Proofs out of what a log publishes.

use crate::audit::source::{Source, SourceError};
use candor_trace::tlog::{
    BundleId, Checkpoint, CheckpointRejected, EntryBundleError, HASH_BYTES, Hash, KeyError, MAX_BUNDLE_BYTES,
    Note, NoteError, ProofError, ProveError, QuorumPolicy, ReadTiles, SignedCheckpoint, TILE_WIDTH,
    TileHashes, TileId, TileReadError, TlogProof, VerifierKey, bundle_entries, leaf_hash, prove_consistency,
    prove_inclusion, verify_consistency, verify_inclusion,
};
use thiserror::Error;

/// Longest file of a verifier key.
const MAX_KEY_FILE_BYTES: u64 = 1024;

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum LogProofError {
    /// A file could not be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    /// The verifier key is malformed.
    #[error("log.vkey: {source}")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
    /// The checkpoint is not accepted.
    #[error("checkpoint: {source}")]
    Checkpoint {
        /// Why.
        #[from]
        source: CheckpointRejected,
    },
    /// The tiles give no proof.
    #[error("{source}")]
    Prove {
        /// Why.
        source: ProveError<TileReadError<SourceError>>,
    },
    /// The bundle of the entry is malformed.
    #[error("{file}: {source}")]
    Bundle {
        /// File.
        file: String,
        /// Why.
        source: EntryBundleError,
    },
    /// What the tiles give does not hold against the signed checkpoint: the tiles, or the checkpoint, are wrong.
    #[error("the tiles do not lead to the signed checkpoint: {source}")]
    Rejected {
        /// Why.
        #[from]
        source: ProofError,
    },
    /// The remembered checkpoint is not one of this log.
    #[error("the remembered checkpoint: {source}")]
    Remembered {
        /// Why.
        source: CheckpointRejected,
    },
}

struct Tiles<'a, S>(&'a S);

impl<S: Source> ReadTiles for Tiles<'_, S> {
    type Error = SourceError;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, SourceError> {
        let limit = TILE_WIDTH * HASH_BYTES as u64;
        if let Some(bytes) = self.0.get(&id.path(), limit)? {
            return Ok(bytes);
        }
        // The log grew: the full tile begins with the partial one.
        let missing = || SourceError::Missing { file: id.path() };
        let mut bytes = self.0.get(&id.full().path(), limit)?.ok_or_else(missing)?;
        bytes.truncate(usize::from(id.width()) * HASH_BYTES);
        Ok(bytes)
    }
}

fn not_proven(error: ProveError<TileReadError<SourceError>>) -> LogProofError {
    match error {
        ProveError::Read(TileReadError::Read { source, .. }) => LogProofError::Unreadable(source),
        source => LogProofError::Prove { source },
    }
}

pub(super) fn required(source: &impl Source, file: &str, limit_bytes: u64) -> Result<Vec<u8>, LogProofError> {
    let missing = || SourceError::Missing { file: file.to_owned() };
    Ok(source.get(file, limit_bytes)?.ok_or_else(missing)?)
}

/// The verifier key that the log itself publishes.
///
/// Owes: that it is the log's key and not whoever's serves the files; compare it with one that is known.
pub fn read_key(source: &impl Source) -> Result<VerifierKey, LogProofError> {
    let bytes = required(source, "log.vkey", MAX_KEY_FILE_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Format)?;
    Ok(VerifierKey::parse(text.strip_suffix('\n').unwrap_or(text))?)
}

/// The bytes of an entry; `None` if its bundle is gone.
///
/// Owes: that they are the entry's; its leaf must join the tree.
pub fn entry_at(source: &impl Source, index: u64, size: u64) -> Result<Option<Vec<u8>>, LogProofError> {
    let out_of_range = || LogProofError::Prove { source: ProveError::IndexOutOfRange { index, size } };
    let id = BundleId::of_tree(index / TILE_WIDTH, size).filter(|_| index < size).ok_or_else(out_of_range)?;
    let position = (index % TILE_WIDTH) as usize;
    for id in [id, id.full()] {
        if let Some(bytes) = source.get(&id.path(), MAX_BUNDLE_BYTES as u64)? {
            let entries = bundle_entries(&id, &bytes)
                .map_err(|source| LogProofError::Bundle { file: id.path(), source })?;
            return entries.get(position).map(|entry| Some(entry.to_vec())).ok_or_else(out_of_range);
        }
    }
    Ok(None)
}

/// Hash of an entry as a leaf: from its bundle, or if that is gone, from its tile.
pub fn leaf_at(source: &impl Source, index: u64, size: u64) -> Result<Hash, LogProofError> {
    if let Some(entry) = entry_at(source, index, size)? {
        return Ok(leaf_hash(&entry));
    }
    let out_of_range = || LogProofError::Prove { source: ProveError::IndexOutOfRange { index, size } };
    let position = (index % TILE_WIDTH) as usize;
    let tile = TileId::of_tree(0, index / TILE_WIDTH, size).ok_or_else(out_of_range)?;
    let bytes = Tiles(source).read_tile(&tile)?;
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    Ok(hashes.get(position).copied().map(Hash).ok_or(SourceError::Missing { file: tile.path() })?)
}

/// The first index from `first` on at which the log has a leaf, by its tiles; `None` if it has none.
///
/// Owes: [`inclusion_proof`] at that index; the tiles were not compared with the root.
pub fn find_leaf(
    source: &impl Source,
    leaf: &Hash,
    first: u64,
    size: u64,
) -> Result<Option<u64>, LogProofError> {
    let tiles = Tiles(source);
    for number in first / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
        let Some(tile) = TileId::of_tree(0, number, size) else { break };
        let bytes = tiles.read_tile(&tile)?;
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        let places = (number * TILE_WIDTH..).zip(hashes);
        if let Some((index, _)) = places.into_iter().find(|(index, hash)| *index >= first && **hash == leaf.0)
        {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The leaf at an index by the tiles alone, with its path to the root of the checkpoint; both were verified.
pub(super) fn verified_path(
    source: &impl Source,
    index: u64,
    checkpoint: &Checkpoint,
) -> Result<(Hash, Vec<Hash>), LogProofError> {
    let size = checkpoint.size();
    let out_of_range = || LogProofError::Prove { source: ProveError::IndexOutOfRange { index, size } };
    let tile = TileId::of_tree(0, index / TILE_WIDTH, size).ok_or_else(out_of_range)?;
    let tiles = Tiles(source);
    let bytes = tiles.read_tile(&tile)?;
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    let leaf = hashes.get((index % TILE_WIDTH) as usize).copied().map(Hash);
    let leaf = leaf.ok_or(SourceError::Missing { file: tile.path() })?;
    let path = prove_inclusion(&TileHashes::new(&tiles, size), index, size).map_err(not_proven)?;
    verify_inclusion(&leaf, index, size, &path, checkpoint.root())?;
    Ok((leaf, path))
}

/// The evidence that an entry is in the log, under its present checkpoint; it was verified.
pub fn inclusion_proof(
    source: &impl Source,
    policy: &QuorumPolicy,
    index: u64,
) -> Result<(TlogProof, Hash, SignedCheckpoint), LogProofError> {
    let bytes = required(source, "checkpoint", crate::audit::MAX_CHECKPOINT_FILE_BYTES)?;
    let malformed = |error: NoteError| LogProofError::Checkpoint { source: error.into() };
    let note = Note::parse(&bytes).map_err(malformed)?;
    let signed = policy.check(&note)?;
    let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
    let tiles = Tiles(source);
    let path = prove_inclusion(&TileHashes::new(&tiles, size), index, size).map_err(not_proven)?;
    let leaf = leaf_at(source, index, size)?;
    verify_inclusion(&leaf, index, size, &path, root)?;
    Ok((TlogProof { extra: None, index, path, checkpoint: note }, leaf, signed))
}

/// The hashes that show that the log's present checkpoint continues a remembered one; they were verified.
pub fn consistency_proof(
    source: &impl Source,
    policy: &QuorumPolicy,
    remembered: &[u8],
) -> Result<(Vec<Hash>, SignedCheckpoint, SignedCheckpoint), LogProofError> {
    let old = policy
        .without_witnesses()
        .check_bytes(remembered)
        .map_err(|source| LogProofError::Remembered { source })?;
    let new =
        policy.check_bytes(&required(source, "checkpoint", crate::audit::MAX_CHECKPOINT_FILE_BYTES)?)?;
    let proof = consistency_between(source, old.checkpoint(), new.checkpoint())?;
    Ok((proof, old, new))
}

/// The hashes that show that one of the log's checkpoints continues another; they were verified.
///
/// Owes: that both are the log's.
pub fn consistency_between(
    source: &impl Source,
    from: &Checkpoint,
    to: &Checkpoint,
) -> Result<Vec<Hash>, LogProofError> {
    if from.size() > to.size() {
        return Err(ProofError::Shrunk { old: from.size(), new: to.size() }.into());
    }
    let tiles = Tiles(source);
    let proof =
        prove_consistency(&TileHashes::new(&tiles, to.size()), from.size(), to.size()).map_err(not_proven)?;
    verify_consistency(from.size(), from.root(), to.size(), to.root(), &proof)?;
    Ok(proof)
}
