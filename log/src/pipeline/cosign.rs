//! Asking witnesses for their cosignatures.

use crate::pipeline::error::PipelineError;
use candor_trace::tlog::{Checkpoint, Hash, Note, SignatureLine};

/// A checkpoint that the log signed and that is to be cosigned.
pub struct CosignRequest<'a> {
    /// The note, with the log's signature.
    pub note: &'a Note,
    /// What it says.
    pub checkpoint: &'a Checkpoint,
    pub(crate) consistency: &'a (dyn Fn(u64) -> Result<Vec<Hash>, PipelineError> + Sync),
}

impl CosignRequest<'_> {
    /// That the tree begins with the one of `old` entries, which a witness knows.
    ///
    /// Errors: an old size above the checkpoint's; or the tiles cannot be read.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, PipelineError> {
        (self.consistency)(old)
    }
}

/// Somebody who knows witnesses. It is called from the publishing thread, one checkpoint after the other.
pub trait Cosign: Send + Sync {
    /// Cosignatures of the checkpoint, as many as could be had in reasonable time.
    ///
    /// Owes: nothing; what is not valid, or of no witness of the policy, is dropped.
    fn cosign(&self, request: &CosignRequest<'_>) -> Vec<SignatureLine>;
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWitnesses;

impl Cosign for NoWitnesses {
    fn cosign(&self, _: &CosignRequest<'_>) -> Vec<SignatureLine> {
        Vec::new()
    }
}
