//! Formats of a transparency log: tree, tiles, notes, checkpoints, cosignatures, inclusion proofs.
//!
//! Pure: no I/O, no clock. Every decoder is strict: limits first, one encoding of each value, no panic on any bytes.
//! Source: docs/spec/tlog.md; RFC 6962 section 2.1; C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature,
//! tlog-proof.

pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod note;
pub mod policy;
pub mod promise;
pub mod proof_file;
pub mod signer;
mod text;
pub mod tile;
pub mod tile_hashes;
pub mod tree;

pub use bundle::{
    BundleId, EntryBundleError, MAX_BUNDLE_BYTES, MAX_ENTRY_BYTES, bundle_entries, bundles_for_growth,
    encode_bundle,
};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{COSIGNATURE_BYTES, TIME_BOUND, cosigned_message};
pub use frontier::{Frontier, FrontierError};
pub use hash::{HASH_BYTES, Hash, HashTextError, empty_root, leaf_hash, node_hash};
pub use key::{Algorithm, KeyError, KeyId, MAX_KEY_NAME_BYTES, VerifierKey, is_key_name};
pub use note::{
    MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, Note, NoteError, NoteRejected, SignatureLine, VerifiedSignature,
};
pub use policy::{CheckpointRejected, Cosigned, MAX_WITNESSES, PolicyError, QuorumPolicy, SignedCheckpoint};
pub use promise::{PROMISE_SIGNATURE_BYTES, Promise, PromiseError, SignedPromise};
pub use proof_file::{MAX_EXTRA_BYTES, MAX_PROOF_BYTES, ProofFileError, ProofRejected, TlogProof};
pub use signer::{CosignatureSigner, NoteSigner};
pub use tile::{TILE_HEIGHT, TILE_WIDTH, TileError, TileId, encode_tile, tile_hashes, tiles_for_growth};
pub use tile_hashes::{ReadTiles, TileHashes, TileReadError};
pub use tree::{
    ProofError, ProveError, ReadHashes, StoredHash, TREE_SIZE_BOUND, consistency_length, inclusion_length,
    prove_consistency, prove_inclusion, root, root_of_inclusion, verify_consistency, verify_inclusion,
};
