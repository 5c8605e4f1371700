//! What an audit found in order.

use crate::audit::tombstones::PrunedReport;
use candor_program::migration::RegisterChange;
use candor_trace::tlog::{Cosigned, Hash};

/// A log that passed an audit, and what that rests on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditReport {
    /// Name of the log.
    pub origin: String,
    /// Entries of the checkpoint.
    pub size: u64,
    /// Root of the checkpoint, which the entries give.
    pub root: Hash,
    /// Witnesses that cosigned, with their times.
    pub cosigned: Vec<Cosigned>,
    /// Entries that were decoded and whose signature and chain were checked.
    pub entries: u64,
    /// Entries that were pruned: only their hashes were checked.
    pub pruned: u64,
    /// Below it entries may be gone.
    pub minimum_index: u64,
    /// Chains that the log lists.
    pub chains: u64,
    /// Chains whose records were taken up after pruned entries, so that their state and accumulator there are unchecked.
    pub resumed_chains: u64,
    /// Chains whose program digest and initial state a card confirmed; of the others they are the operator's word.
    pub chains_with_card: u64,
    /// Revise records, in the order of the log.
    pub revisions: Vec<AuditedRevision>,
    /// Size of the remembered checkpoint that this one continues.
    pub remembered: Option<u64>,
    /// Bodies that open what was signed.
    pub bodies: u64,
    /// Bodies that were looked for and not there, and that a tombstone lists: pruned by policy.
    pub bodies_pruned: u64,
    /// Bodies that were looked for and not there, and that no tombstone lists: never handed in, withheld or lost.
    pub bodies_missing: u64,
    /// The first entry of those.
    pub first_missing_body: Option<u64>,
    /// Tombstones and pins.
    pub pruning: PrunedReport,
}

/// A Revise record in a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditedRevision {
    /// Entry.
    pub index: u64,
    /// Agent.
    pub agent: [u8; 20],
    /// Number of the record in its chain.
    pub sequence: u64,
    /// Program until then.
    pub from: [u8; 32],
    /// Program that decides next.
    pub to: [u8; 32],
    /// Earliest time of its first record.
    pub activation: u64,
    /// What became of the registers, which its body shows; `None` where that was not at hand: then it is unchecked.
    pub registers: Option<Vec<RegisterChange>>,
}
