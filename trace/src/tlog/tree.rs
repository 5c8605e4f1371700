//! Inclusion and consistency: paths of hashes, made and checked. Source: RFC 6962 section 2.1, RFC 9162 section 2.1.

use super::hash::{Hash, empty_root, node_hash};
use std::ops::Range;
use thiserror::Error;

/// A tree has fewer leaves than this, so that sizes stay positive in every language.
pub const TREE_SIZE_BOUND: u64 = 1 << 63;

/// A complete subtree: the leaves from `index * 2^level` to before `(index + 1) * 2^level`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct StoredHash {
    /// Height above the leaves.
    pub level: u8,
    /// Position among the subtrees of that height.
    pub index: u64,
}

/// Where hashes of complete subtrees come from.
pub trait ReadHashes {
    /// Why they could not be read.
    type Error;
    /// One hash for each that is wanted, in the same order.
    fn read(&self, wanted: &[StoredHash]) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProveError<E> {
    /// There is no such leaf.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    IndexOutOfRange {
        /// Leaf.
        index: u64,
        /// Leaves.
        size: u64,
    },
    /// The first tree is the larger one.
    #[error("a tree of {old} leaves cannot have become one of {new}")]
    Shrinks {
        /// Leaves of the earlier tree.
        old: u64,
        /// Leaves of the later tree.
        new: u64,
    },
    /// The tree is too large.
    #[error("a tree has fewer than 2^63 leaves, this would have {got}")]
    SizeTooLarge {
        /// Found.
        got: u64,
    },
    /// The hashes could not be read.
    #[error("{0}")]
    Read(E),
    /// Another number of hashes came than was asked for.
    #[error("{expected} hashes were asked for, {got} came")]
    Count {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
}

/// Why a proof is rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProofError {
    /// There is no such leaf.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    IndexOutOfRange {
        /// Leaf.
        index: u64,
        /// Leaves.
        size: u64,
    },
    /// The first tree is the larger one.
    #[error("the tree shrank from {old} to {new} leaves")]
    Shrunk {
        /// Leaves of the earlier tree.
        old: u64,
        /// Leaves of the later tree.
        new: u64,
    },
    /// The tree is too large.
    #[error("a tree has fewer than 2^63 leaves, this has {got}")]
    SizeTooLarge {
        /// Found.
        got: u64,
    },
    /// The path is not as long as the tree's shape asks.
    #[error("the proof has {got} hashes, the tree's shape asks for {expected}")]
    Length {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// The leaf and the path do not give the root.
    #[error("the path leads to root {got}, the tree's root is {expected}")]
    RootMismatch {
        /// Expected.
        expected: Hash,
        /// Found.
        got: Hash,
    },
    /// The path does not give the earlier root: the later tree has another history.
    #[error("the proof leads to root {got} for the earlier tree, its root is {expected}: the log forked")]
    OldRootMismatch {
        /// Expected.
        expected: Hash,
        /// Found.
        got: Hash,
    },
    /// The path does not give the later root.
    #[error("the proof leads to root {got} for the later tree, its root is {expected}")]
    NewRootMismatch {
        /// Expected.
        expected: Hash,
        /// Found.
        got: Hash,
    },
}

/// Complete subtrees whose leaves are exactly a range whose start is a multiple of the largest one: largest first.
///
/// Owes: such a start; ranges that RFC 6962 splits a tree into are of this kind.
pub(crate) fn complete_subtrees(start: u64, end: u64) -> Vec<StoredHash> {
    let mut subtrees = Vec::new();
    let mut start = start;
    while start < end {
        let level = (end - start).ilog2();
        subtrees.push(StoredHash { level: level as u8, index: start >> level });
        start += 1 << level;
    }
    subtrees
}

/// Largest power of two below a number of leaves, which is at least 2.
fn split(leaves: u64) -> u64 {
    1 << leaves.saturating_sub(1).max(1).ilog2()
}

/// The ranges of leaves whose roots are the inclusion proof, from leaf to root.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut ranges, mut start, mut end) = (Vec::new(), 0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// The ranges of leaves whose roots are the consistency proof; sizes are above 0 and differ.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let (mut ranges, mut start, mut end) = (Vec::new(), 0, new);
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The subtree that ends where the earlier tree ends; the verifier knows it if it is the earlier tree itself.
    if start > 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    ranges
}

/// Roots of ranges, from one read.
fn roots_of<R: ReadHashes>(reader: &R, ranges: &[Range<u64>]) -> Result<Vec<Hash>, ProveError<R::Error>> {
    let parts: Vec<_> = ranges.iter().map(|range| complete_subtrees(range.start, range.end)).collect();
    let wanted = parts.concat();
    let hashes = reader.read(&wanted).map_err(ProveError::Read)?;
    let count = ProveError::Count { expected: wanted.len(), got: hashes.len() };
    if wanted.len() != hashes.len() {
        return Err(count);
    }
    let mut hashes = hashes.into_iter();
    let root = |part: &Vec<StoredHash>| {
        let subtrees: Vec<Hash> = hashes.by_ref().take(part.len()).collect();
        subtrees.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    };
    Ok(parts.iter().map(root).collect())
}

fn check_size<E>(size: u64) -> Result<(), ProveError<E>> {
    if size < TREE_SIZE_BOUND { Ok(()) } else { Err(ProveError::SizeTooLarge { got: size }) }
}

/// Root of the tree of the first `size` leaves.
pub fn root<R: ReadHashes>(reader: &R, size: u64) -> Result<Hash, ProveError<R::Error>> {
    check_size(size)?;
    let whole = 0..size;
    let roots = roots_of(reader, std::slice::from_ref(&whole))?;
    Ok(roots.first().copied().unwrap_or_else(empty_root))
}

/// The path from a leaf to the root of the tree of the first `size` leaves.
pub fn prove_inclusion<R: ReadHashes>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    check_size(size)?;
    if index >= size {
        return Err(ProveError::IndexOutOfRange { index, size });
    }
    roots_of(reader, &inclusion_ranges(index, size))
}

/// The hashes that show that the tree of `new` leaves begins with the tree of `old` leaves.
///
/// Empty where there is nothing to show: equal sizes, or an empty earlier tree.
pub fn prove_consistency<R: ReadHashes>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    check_size(new)?;
    if old > new {
        return Err(ProveError::Shrinks { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    roots_of(reader, &consistency_ranges(old, new))
}

/// Number of hashes of an inclusion proof, for an index below the size.
#[must_use]
pub fn inclusion_length(index: u64, size: u64) -> usize {
    let inner = inner_length(index, size);
    inner + (index.checked_shr(inner as u32).unwrap_or(0)).count_ones() as usize
}

/// Levels on which the path of a leaf and that of the last leaf are apart.
fn inner_length(index: u64, size: u64) -> usize {
    (64 - (index ^ size.saturating_sub(1)).leading_zeros()) as usize
}

/// Number of hashes of a consistency proof, for an old size of at most the new one.
#[must_use]
pub fn consistency_length(old: u64, new: u64) -> usize {
    if old == 0 || old >= new {
        return 0;
    }
    let shift = old.trailing_zeros();
    // From the subtree that ends the earlier tree upwards it is the path of that subtree; the earlier tree itself,
    // where it is one subtree, is known.
    let last = inclusion_length((old - 1) >> shift, ((new - 1) >> shift) + 1);
    last + usize::from(!old.is_power_of_two())
}

/// The root that a leaf and a path lead to, in a tree of this size; the path has exactly the length that fits.
pub fn root_of_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Result<Hash, ProofError> {
    if size >= TREE_SIZE_BOUND {
        return Err(ProofError::SizeTooLarge { got: size });
    }
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    let expected = inclusion_length(index, size);
    if path.len() != expected {
        return Err(ProofError::Length { expected, got: path.len() });
    }
    let (inner, border) = path.split_at(inner_length(index, size));
    let mut hash = *leaf;
    for (level, sibling) in inner.iter().enumerate() {
        hash = if (index >> level) & 1 == 0 { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) };
    }
    Ok(border.iter().fold(hash, |hash, left| node_hash(left, &hash)))
}

/// The leaf is at this index of the tree of this size and root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let got = root_of_inclusion(leaf, index, size, path)?;
    if got == *root { Ok(()) } else { Err(ProofError::RootMismatch { expected: *root, got }) }
}

/// The later tree begins with all leaves of the earlier one.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if new >= TREE_SIZE_BOUND {
        return Err(ProofError::SizeTooLarge { got: new });
    }
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    let expected = consistency_length(old, new);
    if proof.len() != expected {
        return Err(ProofError::Length { expected, got: proof.len() });
    }
    for (size, root) in [(old, old_root), (new, new_root)] {
        if size == 0 && *root != empty_root() {
            return Err(ProofError::OldRootMismatch { expected: *root, got: empty_root() });
        }
    }
    if old == 0 {
        return Ok(());
    }
    if old == new {
        return match old_root == new_root {
            true => Ok(()),
            false => Err(ProofError::OldRootMismatch { expected: *old_root, got: *new_root }),
        };
    }
    let (from_old, from_new) = roots_of_consistency(old, old_root, new, proof);
    if from_old != *old_root {
        return Err(ProofError::OldRootMismatch { expected: *old_root, got: from_old });
    }
    if from_new != *new_root {
        return Err(ProofError::NewRootMismatch { expected: *new_root, got: from_new });
    }
    Ok(())
}

/// The two roots that a proof of the right length leads to; sizes are above 0 and differ.
fn roots_of_consistency(old: u64, old_root: &Hash, new: u64, proof: &[Hash]) -> (Hash, Hash) {
    let (first, path) = match proof.split_first() {
        Some((first, rest)) if !old.is_power_of_two() => (first, rest),
        _ => (old_root, proof),
    };
    // Place of the subtree that ends the earlier tree, among subtrees of its height.
    let shift = old.trailing_zeros();
    let (mut index, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut from_old, mut from_new) = (*first, *first);
    for hash in path {
        if index & 1 == 1 || index == last {
            from_old = node_hash(hash, &from_old);
            from_new = node_hash(hash, &from_new);
            // On the right edge of the later tree: up to where the edge has a left sibling.
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, hash);
        }
        index >>= 1;
        last >>= 1;
    }
    (from_old, from_new)
}
