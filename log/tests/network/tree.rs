//! A small tree in memory, and a log's key to sign its checkpoints with.

use candor_trace::tlog::{
    Checkpoint, CosignatureSigner, Hash, Note, NoteSigner, ReadHashes, StoredHash, leaf_hash, node_hash,
    prove_consistency, root,
};
use std::convert::Infallible;

pub(crate) const ORIGIN: &str = "log.example/agents";

pub(crate) struct Tree(pub(crate) Vec<Hash>);

impl Tree {
    /// Leaves that differ from those of another history.
    pub(crate) fn of(history: u8, leaves: u64) -> Self {
        Self((0..leaves).map(|index| leaf_hash(&[&[history][..], &index.to_be_bytes()].concat())).collect())
    }
    fn hash(&self, level: u8, index: u64) -> Hash {
        match level {
            0 => self.0[index as usize],
            _ => node_hash(&self.hash(level - 1, 2 * index), &self.hash(level - 1, 2 * index + 1)),
        }
    }
    pub(crate) fn root(&self, size: u64) -> Hash {
        root(self, size).unwrap()
    }
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        prove_consistency(self, old, new).unwrap()
    }
    /// A signed checkpoint of the first leaves.
    pub(crate) fn checkpoint(&self, signer: &NoteSigner, size: u64) -> Note {
        let name = signer.verifier_key().name();
        Checkpoint::new(name, size, self.root(size)).unwrap().sign(signer).unwrap()
    }
}

impl ReadHashes for Tree {
    type Error = Infallible;
    fn read(&self, wanted: &[StoredHash]) -> Result<Vec<Hash>, Infallible> {
        Ok(wanted.iter().map(|stored| self.hash(stored.level, stored.index)).collect())
    }
}

pub(crate) fn log_key() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

pub(crate) fn witness_key() -> CosignatureSigner {
    CosignatureSigner::new("witness.example/w1", &[9; 32]).unwrap()
}
