//! Trees: leaves taken for nodes, short and long paths, forks, zeros.

use crate::tree::{Tree, entry};
use candor_trace::tlog::{
    Frontier, FrontierError, Hash, HashTextError, ProofError, ProveError, ReadHashes, StoredHash,
    TREE_SIZE_BOUND, consistency_length, empty_root, inclusion_length, leaf_hash, node_hash,
    prove_consistency, prove_inclusion, root, root_of_inclusion, verify_consistency, verify_inclusion,
};

const ZERO: Hash = Hash([0; 32]);

#[test]
fn a_node_is_no_leaf_and_a_leaf_no_node() {
    let tree = Tree::of_size(4);
    let (left, right) =
        (node_hash(&tree.leaves[0], &tree.leaves[1]), node_hash(&tree.leaves[2], &tree.leaves[3]));
    let top = tree.frontier.root();
    assert_eq!(node_hash(&left, &right), top);
    // An entry of the bytes of two hashes is not their node.
    let forged = [left.0, right.0].concat();
    assert_ne!(leaf_hash(&forged), top);
    assert_ne!(leaf_hash(&[[1].as_slice(), &forged].concat()), top);
    // A node in a leaf's place needs a path that is too short for the tree's size.
    let expected = Err(ProofError::Length { expected: 2, got: 1 });
    assert_eq!(verify_inclusion(&left, 0, 4, &[right], &top), expected);
    assert_eq!(verify_inclusion(&right, 1, 4, &[left], &top), expected);
    assert_eq!(verify_inclusion(&top, 0, 4, &[], &top), Err(ProofError::Length { expected: 2, got: 0 }));
    // A leaf below the leaves needs one that is too long.
    let long = [tree.leaves[0], tree.leaves[1], right];
    assert_eq!(verify_inclusion(&ZERO, 0, 4, &long, &top), Err(ProofError::Length { expected: 2, got: 3 }));
}

#[test]
fn short_long_and_changed_paths_are_refused() {
    let tree = Tree::of_size(20);
    for size in 1..=20 {
        let top = tree.root_at(size);
        for index in 0..size {
            let leaf = &tree.leaves[index as usize];
            let path = prove_inclusion(&tree, index, size).unwrap();
            let expected = path.len();
            for position in 0..=path.len() {
                let mut long = path.clone();
                long.insert(position, ZERO);
                let refused = Err(ProofError::Length { expected, got: expected + 1 });
                assert_eq!(verify_inclusion(leaf, index, size, &long, &top), refused);
            }
            for position in 0..path.len() {
                let mut short = path.clone();
                short.remove(position);
                let refused = Err(ProofError::Length { expected, got: expected - 1 });
                assert_eq!(verify_inclusion(leaf, index, size, &short, &top), refused);
                let mut changed = path.clone();
                changed[position].0[31] ^= 1;
                let got = root_of_inclusion(leaf, index, size, &changed).unwrap();
                let refused = Err(ProofError::RootMismatch { expected: top, got });
                assert_eq!(verify_inclusion(leaf, index, size, &changed, &top), refused);
            }
            for other in (0..size).filter(|other| *other != index) {
                assert!(
                    verify_inclusion(leaf, other, size, &path, &top).is_err(),
                    "{index} as {other} of {size}"
                );
            }
        }
    }
}

#[test]
fn an_index_at_the_size_is_refused() {
    let tree = Tree::of_size(5);
    let top = tree.frontier.root();
    let path = prove_inclusion(&tree, 4, 5).unwrap();
    assert_eq!(
        verify_inclusion(&tree.leaves[4], 5, 5, &path, &top),
        Err(ProofError::IndexOutOfRange { index: 5, size: 5 })
    );
    assert_eq!(
        verify_inclusion(&empty_root(), 0, 0, &[], &empty_root()),
        Err(ProofError::IndexOutOfRange { index: 0, size: 0 })
    );
    assert_eq!(prove_inclusion(&tree, 5, 5), Err(ProveError::IndexOutOfRange { index: 5, size: 5 }));
}

#[test]
fn trees_of_2_to_the_63_are_too_large() {
    let refused = Err(ProofError::SizeTooLarge { got: TREE_SIZE_BOUND });
    assert_eq!(verify_inclusion(&ZERO, 0, TREE_SIZE_BOUND, &[], &ZERO), refused);
    assert_eq!(verify_consistency(1, &ZERO, TREE_SIZE_BOUND, &ZERO, &[]), refused);
    let tree = Tree::of_size(1);
    let cannot = ProveError::SizeTooLarge { got: TREE_SIZE_BOUND };
    assert_eq!(root(&tree, TREE_SIZE_BOUND), Err(cannot));
    assert_eq!(prove_inclusion(&tree, 0, TREE_SIZE_BOUND), Err(cannot));
    assert_eq!(prove_consistency(&tree, 1, TREE_SIZE_BOUND), Err(cannot));
    // One less is a matter of the path.
    let size = TREE_SIZE_BOUND - 1;
    let path = vec![ZERO; inclusion_length(0, size)];
    assert_eq!(path.len(), 63);
    assert!(matches!(verify_inclusion(&ZERO, 0, size, &path, &ZERO), Err(ProofError::RootMismatch { .. })));
    let proof = vec![ZERO; consistency_length(1, size)];
    assert!(matches!(
        verify_consistency(1, &ZERO, size, &ZERO, &proof),
        Err(ProofError::NewRootMismatch { .. })
    ));
}

#[test]
fn sizes_at_every_power_of_two_have_lengths_and_no_panic() {
    for shift in 0..64 {
        for size in [(1_u64 << shift) - 1, 1 << shift, (1 << shift) + 1] {
            for index in [0, 1, size / 2, size.saturating_sub(1), size, u64::MAX] {
                assert!(inclusion_length(index, size) <= 128);
                assert!(consistency_length(index, size) <= 64);
                let _ = verify_inclusion(&ZERO, index, size, &[ZERO; 63], &ZERO);
                let _ = verify_consistency(index, &ZERO, size, &ZERO, &[ZERO; 63]);
            }
        }
    }
}

#[test]
fn a_fork_a_shrink_and_a_changed_proof_are_refused() {
    let tree = Tree::of_size(40);
    let forked =
        Tree::of_leaves((0..40).map(|index| leaf_hash(&entry(if index == 3 { 1_000 } else { index }))));
    for new in 1..=40 {
        for old in 1..=new {
            let proof = prove_consistency(&tree, old, new).unwrap();
            let (old_root, new_root) = (tree.root_at(old), tree.root_at(new));
            if old > 3 {
                // The operator shows the forked tree's own proof: the remembered root does not follow.
                let theirs = prove_consistency(&forked, old, new).unwrap();
                let refused = verify_consistency(old, &old_root, new, &forked.root_at(new), &theirs);
                // Where the earlier tree is one subtree of the later, its root enters the proof and the later root differs.
                let named = match refused {
                    Err(ProofError::OldRootMismatch { .. }) => !old.is_power_of_two() || old == new,
                    Err(ProofError::NewRootMismatch { .. }) => old.is_power_of_two() && old < new,
                    _ => false,
                };
                assert!(named, "{old} {new}: {refused:?}");
            }
            for position in 0..proof.len() {
                let mut changed = proof.clone();
                changed[position].0[0] ^= 0x80;
                assert!(verify_consistency(old, &old_root, new, &new_root, &changed).is_err());
                changed.remove(position);
                let refused = Err(ProofError::Length { expected: proof.len(), got: proof.len() - 1 });
                assert_eq!(verify_consistency(old, &old_root, new, &new_root, &changed), refused);
            }
            let long = [proof.as_slice(), &[ZERO]].concat();
            let refused = Err(ProofError::Length { expected: proof.len(), got: proof.len() + 1 });
            assert_eq!(verify_consistency(old, &old_root, new, &new_root, &long), refused);
            if old < new {
                let refused = Err(ProofError::Shrunk { old: new, new: old });
                assert_eq!(verify_consistency(new, &new_root, old, &old_root, &proof), refused);
            }
        }
    }
    assert_eq!(prove_consistency(&tree, 3, 2), Err(ProveError::Shrinks { old: 3, new: 2 }));
}

#[test]
fn the_later_root_must_follow_too() {
    let tree = Tree::of_size(8);
    let proof = prove_consistency(&tree, 4, 8).unwrap();
    let refused = verify_consistency(4, &tree.root_at(4), 8, &ZERO, &proof);
    assert_eq!(refused, Err(ProofError::NewRootMismatch { expected: ZERO, got: tree.root_at(8) }));
    let refused = verify_consistency(4, &tree.root_at(4), 4, &ZERO, &[]);
    assert_eq!(refused, Err(ProofError::OldRootMismatch { expected: tree.root_at(4), got: ZERO }));
}

/// The empty tree has one root, and a zero hash is not it.
#[test]
fn the_empty_tree_is_not_absence() {
    let top = Tree::of_size(3).frontier.root();
    assert_eq!(verify_consistency(0, &empty_root(), 3, &top, &[]), Ok(()));
    let refused = Err(ProofError::OldRootMismatch { expected: ZERO, got: empty_root() });
    assert_eq!(verify_consistency(0, &ZERO, 3, &top, &[]), refused);
    assert_eq!(verify_consistency(0, &empty_root(), 0, &ZERO, &[]), refused);
    assert_ne!(leaf_hash(&[]), empty_root());
    assert_ne!(Frontier::new().root(), ZERO);
    // A tree whose only entry is empty, or whose only leaf is zero, is not the empty tree.
    for leaf in [leaf_hash(&[]), ZERO] {
        assert_ne!(Tree::of_leaves([leaf]).frontier.root(), empty_root());
    }
    // Zeros in a proof are hashes like others: they do not stand for a missing sibling.
    assert!(verify_inclusion(&top, 0, 2, &[ZERO], &top).is_err());
}

#[test]
fn a_frontier_has_the_hashes_of_its_size() {
    for (size, expected) in [(0, 0), (1, 1), (3, 2), (255, 8), (256, 1)] {
        for got in [expected + 1, expected + 2] {
            let refused = Err(FrontierError::Count { size, expected, got });
            assert_eq!(Frontier::from_hashes(size, vec![ZERO; got]), refused);
        }
    }
    let refused = Err(FrontierError::SizeTooLarge { got: TREE_SIZE_BOUND });
    assert_eq!(Frontier::from_hashes(TREE_SIZE_BOUND, vec![ZERO]), refused);
    let mut largest = Frontier::from_hashes(TREE_SIZE_BOUND - 1, vec![ZERO; 63]).unwrap();
    assert_eq!(largest.push(ZERO), Err(FrontierError::SizeTooLarge { got: TREE_SIZE_BOUND }));
    assert_eq!(largest.size(), TREE_SIZE_BOUND - 1);
}

struct Stingy;

impl ReadHashes for Stingy {
    type Error = ();
    fn read(&self, _: &[StoredHash]) -> Result<Vec<Hash>, ()> {
        Ok(vec![ZERO])
    }
}

#[test]
fn readers_that_fail_or_are_stingy_make_no_proof() {
    let tree = Tree::of_size(5);
    let missing = StoredHash { level: 3, index: 0 };
    assert_eq!(root(&tree, 8), Err(ProveError::Read(missing)));
    assert_eq!(root(&Stingy, 3), Err(ProveError::Count { expected: 2, got: 1 }));
    assert_eq!(prove_inclusion(&Stingy, 0, 4), Err(ProveError::Count { expected: 2, got: 1 }));
}

#[test]
fn hashes_have_one_text() {
    let text = leaf_hash(b"x").to_base64();
    assert_eq!(Hash::from_base64(&text), Ok(leaf_hash(b"x")));
    for length in [0, 43, 45] {
        let text = "A".repeat(length);
        assert_eq!(Hash::from_base64(&text), Err(HashTextError::Length { got: length }));
    }
    let zeros = format!("{}=", "A".repeat(43));
    assert_eq!(Hash::from_base64(&zeros), Ok(ZERO));
    // Unused bits set, no padding, more padding, another alphabet, a newline.
    let others = [
        format!("{}B=", "A".repeat(42)),
        "A".repeat(44),
        format!("{}==", "A".repeat(42)),
        format!("-{}=", "A".repeat(42)),
        format!("{}\n=", "A".repeat(42)),
    ];
    for other in others {
        assert_eq!(Hash::from_base64(&other), Err(HashTextError::NotBase64), "{other:?}");
    }
}
