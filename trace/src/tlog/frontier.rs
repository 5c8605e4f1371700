//! The frontier of a tree: what is needed to append leaves and to know the root, at most 63 hashes.

use super::hash::{Hash, empty_root, leaf_hash, node_hash};
use super::tree::{StoredHash, TREE_SIZE_BOUND, complete_subtrees};
use thiserror::Error;

/// Hashes of the complete subtrees that a tree of some size splits into, largest and leftmost first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

/// Why a frontier cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum FrontierError {
    /// The tree would be too large.
    #[error("a tree has fewer than 2^63 leaves, this would have {got}")]
    SizeTooLarge {
        /// Found.
        got: u64,
    },
    /// The number of hashes does not fit the size.
    #[error("a tree of {size} leaves has a frontier of {expected} hashes, got {got}")]
    Count {
        /// Leaves.
        size: u64,
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// Of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }
    /// Of a tree whose complete subtrees ([`Frontier::stored`]) have these hashes.
    ///
    /// Owes: that they do; compare [`Frontier::root`] with a root that is known.
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size >= TREE_SIZE_BOUND {
            return Err(FrontierError::SizeTooLarge { got: size });
        }
        let expected = size.count_ones() as usize;
        if hashes.len() != expected {
            return Err(FrontierError::Count { size, expected, got: hashes.len() });
        }
        Ok(Self { size, hashes })
    }
    /// The hashes that make up the frontier of a tree, in its order.
    #[must_use]
    pub fn stored(size: u64) -> Vec<StoredHash> {
        complete_subtrees(0, size)
    }
    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
    /// The hashes, largest subtree first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
    /// Appends an entry and returns its leaf's hash.
    pub fn push_entry(&mut self, entry: &[u8]) -> Result<Hash, FrontierError> {
        let leaf = leaf_hash(entry);
        self.push(leaf)?;
        Ok(leaf)
    }
    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) -> Result<(), FrontierError> {
        self.push_with(leaf, |_, _| ())
    }
    /// Appends a leaf and reports every subtree that it completes, the leaf itself first.
    pub fn push_with(
        &mut self,
        leaf: Hash,
        mut completed: impl FnMut(StoredHash, Hash),
    ) -> Result<(), FrontierError> {
        let index = self.size;
        if index + 1 >= TREE_SIZE_BOUND {
            return Err(FrontierError::SizeTooLarge { got: index + 1 });
        }
        let mut hash = leaf;
        completed(StoredHash { level: 0, index }, hash);
        // Every trailing one of the old size is a subtree that this leaf's subtree joins from the right.
        for level in 1..=index.trailing_ones() {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(StoredHash { level: level as u8, index: index >> level }, hash);
        }
        self.hashes.push(hash);
        self.size = index + 1;
        Ok(())
    }
    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let fold = |right: Hash, left: &Hash| node_hash(left, &right);
        match self.hashes.split_last() {
            Some((last, rest)) => rest.iter().rev().fold(*last, fold),
            None => empty_root(),
        }
    }
}
