//! What a log's callers and its threads share.

use crate::disk::Disk;
use crate::pipeline::chains::{ChainSlot, Chains};
use crate::pipeline::cosign::Cosign;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::Files;
use crate::pipeline::index::Index;
use crate::pipeline::progress::Progress;
use crate::pipeline::queue::Queue;
use crate::pipeline::settings::LogSettings;
use crate::pipeline::signers::Signers;
use crate::pipeline::submission::Ticket;
use crate::pipeline::tombstones::Tombstones;
use candor_trace::tlog::{Note, NoteSigner};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// An entry that is sequenced and not integrated.
#[derive(Clone)]
pub(crate) struct TailEntry {
    pub(crate) slot: Arc<ChainSlot>,
    pub(crate) ticket: Arc<Ticket>,
    /// First index of the journal segment, and offset of the frame.
    pub(crate) frame: (u64, u64),
}

/// Entries that are sequenced and not integrated, in order.
#[derive(Default)]
pub(crate) struct Tail {
    /// Index of the first.
    pub(crate) base: u64,
    pub(crate) entries: VecDeque<TailEntry>,
}

impl Tail {
    pub(crate) fn get(&self, index: u64) -> Option<&TailEntry> {
        self.entries.get(usize::try_from(index.checked_sub(self.base)?).ok()?)
    }
}

/// What callers and threads share.
pub(crate) struct Shared<D: Disk> {
    pub(crate) files: Arc<Files<D>>,
    pub(crate) settings: LogSettings,
    pub(crate) signer: NoteSigner,
    pub(crate) cosign: Box<dyn Cosign>,
    pub(crate) chains: Chains,
    pub(crate) signers: Signers,
    pub(crate) queue: Queue,
    pub(crate) tail: RwLock<Tail>,
    pub(crate) index: Index,
    /// Below this index entries may have been pruned.
    pub(crate) oldest: AtomicU64,
    /// What was pruned.
    pub(crate) tombstones: Tombstones,
    pub(crate) progress: Progress,
    /// The published checkpoint.
    pub(crate) published: RwLock<Option<Arc<Note>>>,
    /// Held while a registration is made durable.
    pub(crate) registering: Mutex<()>,
    /// Held while a file of retention is changed, or the log is pruned.
    pub(crate) retaining: Mutex<()>,
    /// A pruning under way is to end where it is.
    pub(crate) ending: AtomicBool,
    /// Held while evidence is made durable.
    pub(crate) keeping_evidence: Mutex<()>,
}

impl<D: Disk> Shared<D> {
    pub(crate) fn tail(&self) -> RwLockReadGuard<'_, Tail> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn tail_mut(&self) -> RwLockWriteGuard<'_, Tail> {
        self.tail.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn published(&self) -> Option<Arc<Note>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Below this index entries may have been pruned.
    pub(crate) fn oldest(&self) -> u64 {
        self.oldest.load(Ordering::SeqCst)
    }
    /// Stops the log because of an error that only opening it again ends, and passes the error on.
    pub(crate) fn stop(&self, error: PipelineError) -> PipelineError {
        match error {
            PipelineError::Io { .. }
            | PipelineError::Index { .. }
            | PipelineError::Damaged { .. }
            | PipelineError::Forked { .. }
            | PipelineError::Panicked { .. } => {
                let poison = self.progress.poison(&error);
                self.drop_queue(&poison);
                error
            }
            other => other,
        }
    }
    /// Tells everybody whose record waits that it is not sequenced.
    pub(crate) fn drop_queue(&self, reason: &PipelineError) {
        for queued in self.queue.abandon() {
            queued.ticket.settle(Err(reason.clone()));
        }
    }
}
