//! Hashing, roots, inclusion and consistency.

use crate::tree::{Tree, mth};
use candor_trace::tlog::{
    Frontier, Hash, consistency_length, empty_root, inclusion_length, leaf_hash, prove_consistency,
    prove_inclusion, root, verify_consistency, verify_inclusion,
};

/// Leaves and roots that all RFC 6962 implementations share.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn roots_of_the_rfc_6962_reference_tree() {
    assert_eq!(empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), empty_root());
    for (leaf, expected) in LEAVES.iter().zip(ROOTS) {
        frontier.push_entry(&hex::decode(leaf).unwrap()).unwrap();
        assert_eq!(hex::encode(frontier.root().0), expected);
    }
}

#[test]
fn every_leaf_of_every_tree_up_to_130_leaves_is_proven() {
    let tree = Tree::of_size(130);
    for size in 0..=130 {
        let expected = tree.root_at(size);
        assert_eq!(root(&tree, size), Ok(expected));
        for index in 0..size {
            let path = prove_inclusion(&tree, index, size).unwrap();
            assert_eq!(path.len(), inclusion_length(index, size));
            let leaf = &tree.leaves[index as usize];
            assert_eq!(verify_inclusion(leaf, index, size, &path, &expected), Ok(()));
        }
    }
}

#[test]
fn every_pair_of_trees_up_to_130_leaves_is_consistent() {
    let tree = Tree::of_size(130);
    let roots: Vec<Hash> = (0..=130).map(|size| tree.root_at(size)).collect();
    for new in 0..=130 {
        for old in 0..=new {
            let proof = prove_consistency(&tree, old, new).unwrap();
            assert_eq!(proof.len(), consistency_length(old, new), "{old} to {new}");
            let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
            assert_eq!(verify_consistency(old, old_root, new, new_root, &proof), Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn a_frontier_goes_on_from_its_hashes() {
    let tree = Tree::of_size(300);
    for size in [0, 1, 2, 3, 128, 255, 256, 257, 299] {
        let hashes =
            Frontier::stored(size).into_iter().map(|place| tree.hash(place).unwrap()).collect::<Vec<_>>();
        let mut frontier = Frontier::from_hashes(size, hashes).unwrap();
        assert_eq!(frontier.root(), tree.root_at(size));
        for leaf in &tree.leaves[size as usize..] {
            frontier.push(*leaf).unwrap();
        }
        assert_eq!(frontier, tree.frontier);
    }
}

/// An all-zero entry, an all-zero hash and an empty entry are leaves like all others.
#[test]
fn zeros_are_content() {
    let zero = Hash([0; 32]);
    let of_zeros = Tree::of_leaves(vec![zero; 257]);
    let of_empty_entries = Tree::of_leaves(vec![leaf_hash(&[]); 257]);
    let mixed = Tree::of_leaves((0..257).map(|index| if index % 5 == 0 { leaf_hash(&[1]) } else { zero }));
    for tree in [&of_zeros, &of_empty_entries, &mixed] {
        for size in [1, 2, 3, 64, 255, 256, 257] {
            let expected = mth(&tree.leaves[..size as usize]);
            assert_eq!(root(tree, size), Ok(expected));
            assert_ne!(expected, empty_root());
            for index in [0, size / 2, size - 1] {
                let path = prove_inclusion(tree, index, size).unwrap();
                let leaf = &tree.leaves[index as usize];
                assert_eq!(verify_inclusion(leaf, index, size, &path, &expected), Ok(()));
            }
        }
    }
    // Trees of equal leaves still differ by size.
    assert_ne!(of_zeros.root_at(256), of_zeros.root_at(257));
    assert_ne!(of_zeros.root_at(1), of_zeros.root_at(2));
}
