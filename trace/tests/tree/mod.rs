//! A tree in memory, RFC 6962's own definition of its hashes, and keys: what the tests of the log's formats share.

use candor_trace::tlog::{
    Checkpoint, CosignatureSigner, Frontier, Hash, Note, NoteSigner, QuorumPolicy, ReadHashes, ReadTiles,
    StoredHash, TileId, empty_root, encode_tile, leaf_hash, node_hash,
};
use std::collections::BTreeMap;

pub(crate) const ORIGIN: &str = "log.example/candor";

/// The definition of RFC 6962 section 2.1, word by word.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// All complete subtrees of a tree.
pub(crate) struct Tree {
    pub(crate) leaves: Vec<Hash>,
    stored: BTreeMap<StoredHash, Hash>,
    pub(crate) frontier: Frontier,
}

impl Tree {
    pub(crate) fn of_leaves(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Self { leaves: Vec::new(), stored: BTreeMap::new(), frontier: Frontier::new() };
        for leaf in leaves {
            tree.leaves.push(leaf);
            let stored = &mut tree.stored;
            tree.frontier
                .push_with(leaf, |place, hash| assert_eq!(stored.insert(place, hash), None))
                .unwrap();
        }
        tree
    }
    pub(crate) fn of_size(size: u64) -> Self {
        Self::of_leaves((0..size).map(|index| leaf_hash(&entry(index))))
    }
    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }
    pub(crate) fn root_at(&self, size: u64) -> Hash {
        mth(&self.leaves[..size as usize])
    }
    pub(crate) fn hash(&self, place: StoredHash) -> Option<Hash> {
        self.stored.get(&place).copied()
    }
}

impl ReadHashes for Tree {
    type Error = StoredHash;
    fn read(&self, wanted: &[StoredHash]) -> Result<Vec<Hash>, StoredHash> {
        wanted.iter().map(|place| self.hash(*place).ok_or(*place)).collect()
    }
}

impl ReadTiles for Tree {
    type Error = &'static str;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, &'static str> {
        let first = id.index() * 256;
        let places =
            (first..first + u64::from(id.width())).map(|index| StoredHash { level: 8 * id.level(), index });
        let hashes: Option<Vec<Hash>> = places.map(|place| self.hash(place)).collect();
        hashes.map(|hashes| encode_tile(&hashes)).ok_or("not in the tree")
    }
}

/// Entries of different lengths; the first is empty.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes().repeat(index as usize % 3)
}

pub(crate) fn log_key() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).unwrap()
}

pub(crate) fn witness(number: u8) -> CosignatureSigner {
    CosignatureSigner::new(&format!("witness.example/{number}"), &[100 + number; 32]).unwrap()
}

pub(crate) fn policy(witnesses: u8, needed: usize) -> QuorumPolicy {
    let keys = (0..witnesses).map(|number| witness(number).verifier_key().clone()).collect();
    QuorumPolicy::new(log_key().verifier_key().clone(), keys, needed).unwrap()
}

pub(crate) fn checkpoint(tree: &Tree) -> Checkpoint {
    Checkpoint::new(ORIGIN, tree.size(), tree.frontier.root()).unwrap()
}

pub(crate) fn signed(tree: &Tree, witnesses: &[u8]) -> Note {
    let mut note = checkpoint(tree).sign(&log_key()).unwrap();
    for number in witnesses {
        let line = witness(*number).cosign(note.text(), 1_700_000_000 + u64::from(*number));
        note.add(line).unwrap();
    }
    note
}
