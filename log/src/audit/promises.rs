//! Whether a log keeps its promises.

use crate::audit::proof::{LogProofError, required, verified_path};
use crate::audit::source::{Source, SourceError};
use candor_trace::tlog::{Hash, QuorumPolicy, SignedCheckpoint, SignedPromise, TlogProof};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Tiles that are kept while promises are checked: 8 KiB each at most.
const CACHED_TILES: usize = 256;
/// Broken promises that are listed.
pub const MAX_BROKEN: usize = 1024;

/// A promise that the published log does not keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenPromise {
    /// What was promised, signed by the log's key.
    pub signed: SignedPromise,
    /// What the log has instead.
    pub kind: Breach,
}

/// How a promise is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Breach {
    /// Another leaf is at the promised index of the signed tree.
    OtherLeaf {
        /// That leaf.
        leaf: Hash,
        /// That it is there, under the log's own signature.
        proof: Box<TlogProof>,
    },
    /// A checkpoint that witnesses cosigned later than the promise allows still ends before the promised index.
    Overdue {
        /// Entries of the checkpoint.
        size: u64,
        /// Earliest time at which a witness of the policy cosigned it. Units: Unix seconds.
        cosigned: u64,
    },
}

/// What became of promises.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromiseReport {
    /// The checkpoint that they were compared with.
    pub checkpoint: SignedCheckpoint,
    /// Kept: the leaf is where it was promised.
    pub kept: u64,
    /// Not published yet, and not overdue as far as anybody can tell.
    pub pending: u64,
    /// Broken, the first [`MAX_BROKEN`] of them.
    pub broken: Vec<BrokenPromise>,
    /// Broken, all of them.
    pub broken_count: u64,
}

/// A source whose tiles are asked for once.
struct Cached<'a, S> {
    source: &'a S,
    tiles: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

impl<S: Source> Source for Cached<'_, S> {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError> {
        if let Some(found) = self.tiles.borrow().get(file) {
            return Ok(found.clone());
        }
        let found = self.source.get(file, limit_bytes)?;
        let mut tiles = self.tiles.borrow_mut();
        if tiles.len() >= CACHED_TILES {
            tiles.clear();
        }
        tiles.insert(file.to_owned(), found.clone());
        Ok(found)
    }
}

/// Compares promises of the log with what it publishes. A promise is overdue if a witness of the policy saw a checkpoint
/// without it more than `window_seconds` after the promise was made.
///
/// Errors: what is published gives no answer: the tiles do not lead to the signed checkpoint, or cannot be read.
/// Owes: that `promises` are of the log of this policy.
pub fn check_promises<S: Source, E: From<LogProofError>>(
    source: &S,
    policy: &QuorumPolicy,
    window_seconds: u64,
    promises: impl Iterator<Item = Result<SignedPromise, E>>,
) -> Result<PromiseReport, E> {
    let bytes = required(source, "checkpoint", crate::audit::MAX_CHECKPOINT_FILE_BYTES)?;
    let rejected = |error| LogProofError::Checkpoint { source: error };
    let signed = policy.check_bytes(&bytes).map_err(rejected)?;
    let note = candor_trace::tlog::Note::parse(&bytes).map_err(|error| rejected(error.into()))?;
    let size = signed.checkpoint().size();
    let cosigned = signed.cosigned().iter().map(|by| by.time).min();
    let cached = Cached { source, tiles: RefCell::default() };
    let (mut kept, mut pending, mut broken, mut broken_count) = (0, 0, Vec::new(), 0);
    for promise in promises {
        let promise = promise?;
        let promised = promise.promise();
        let kind = if promised.index >= size {
            match cosigned {
                Some(cosigned) if cosigned > promised.time.saturating_add(window_seconds) => {
                    Breach::Overdue { size, cosigned }
                }
                _ => {
                    pending += 1;
                    continue;
                }
            }
        } else {
            let (leaf, path) = verified_path(&cached, promised.index, signed.checkpoint())?;
            if leaf == promised.leaf {
                kept += 1;
                continue;
            }
            let proof = TlogProof { extra: None, index: promised.index, path, checkpoint: note.clone() };
            Breach::OtherLeaf { leaf, proof: Box::new(proof) }
        };
        broken_count += 1;
        if broken.len() < MAX_BROKEN {
            broken.push(BrokenPromise { signed: promise, kind });
        }
    }
    Ok(PromiseReport { checkpoint: signed, kept, pending, broken, broken_count })
}
