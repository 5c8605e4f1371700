//! The values that a run produced, and the root over their digests. Source: docs/spec/digests.md.

use crate::encoding::keccak256;

/// Exact-width values of all tensors: 0 is the input, `i + 1` the output of operator `i`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution {
    /// Tensors.
    pub tensors: Vec<Vec<i32>>,
}

impl Execution {
    /// Values of the last operator's output: what the head reads.
    #[must_use]
    pub fn outputs(&self) -> &[i32] {
        self.tensors.last().map_or(&[], Vec::as_slice)
    }
}

/// Digest of one tensor.
#[must_use]
pub fn leaf(tensor: u16, values: &[i32]) -> [u8; 32] {
    let mut preimage = Vec::with_capacity(7 + 4 * values.len());
    preimage.push(0);
    preimage.extend_from_slice(&tensor.to_be_bytes());
    preimage.extend_from_slice(&(values.len() as u32).to_be_bytes());
    for value in values {
        preimage.extend_from_slice(&value.to_be_bytes());
    }
    keccak256(&[&preimage])
}

/// Digests of all tensors.
#[must_use]
pub fn leaves(execution: &Execution) -> Vec<[u8; 32]> {
    execution.tensors.iter().enumerate().map(|(tensor, values)| leaf(tensor as u16, values)).collect()
}

/// Root of the tree of RFC 6962's shape over the leaves; of no leaves, the Keccak-256 of the empty string.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => keccak256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            keccak256(&[&[1], &root(left), &root(right)])
        }
    }
}
