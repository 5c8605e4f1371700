//! Batches: a leaf of OpenZeppelin's StandardMerkleTree, and its proof.

use super::TeeResponse;
use super::error::OpenGradientError;
use candor_program::encoding::keccak256;

/// Most hashes of a proof.
pub const MAX_PROOF_HASHES: usize = 64;

/// Keccak-256 of Keccak-256 of `abi.encode(bytes32 teeId, bytes32 inputHash, bytes32 outputHash, bytes teeSignature, uint256
/// timestamp)`; two hashes, so that a leaf is never taken for a node.
#[must_use]
pub fn batch_leaf(response: &TeeResponse) -> [u8; 32] {
    let word = |value: u64| {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&value.to_be_bytes());
        word
    };
    let length = response.signature.len();
    let mut signature = response.signature.clone();
    signature.resize(length.next_multiple_of(32), 0);
    let encoded = [
        &response.tee_id[..],
        &response.request_hash,
        &response.output_hash,
        // Offset of the signature: after five words.
        &word(5 * 32),
        &word(response.timestamp),
        &word(length as u64),
        &signature,
    ]
    .concat();
    keccak256(&[&keccak256(&[&encoded])])
}

/// The leaf is in the batch with this root. Pairs are hashed in their order as numbers, so a proof has no directions.
pub fn verify_batch(root: &[u8; 32], leaf: &[u8; 32], proof: &[[u8; 32]]) -> Result<(), OpenGradientError> {
    if proof.len() > MAX_PROOF_HASHES {
        return Err(OpenGradientError::ProofTooLong { limit: MAX_PROOF_HASHES, got: proof.len() });
    }
    let pair = |node: [u8; 32], other: &[u8; 32]| {
        if node <= *other { keccak256(&[&node, other]) } else { keccak256(&[other, &node]) }
    };
    let got = proof.iter().fold(*leaf, pair);
    if got == *root { Ok(()) } else { Err(OpenGradientError::BatchRoot { expected: *root, got }) }
}
