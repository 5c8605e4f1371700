//! Where the log has an agent's chain: what an agent asks before it goes on.

use crate::disk::Disk;
use crate::pipeline::chains::ChainSlot;
use crate::pipeline::error::PipelineError;
use crate::pipeline::open::Log;
use crate::pipeline::shared::Shared;
use crate::pipeline::submission::hold;
use candor_trace::Entry;

/// How far a chain has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChainLength {
    /// Records that the log has accepted; the last of them may not be durable yet.
    pub records: u64,
    /// Record hash of the newest; `None` before the first.
    pub record_hash: Option<[u8; 32]>,
}

impl<D: Disk> Log<D> {
    /// How far the chain of an agent with a program has come; `None` if they are not registered.
    #[must_use]
    pub fn chain_length(&self, agent: &[u8; 20], program_id: &[u8; 32]) -> Option<ChainLength> {
        Some(length(&*self.shared().chains.find(agent, program_id)?))
    }
    /// [`Log::chain_length`] with the entry of the newest record, which carries the agent's signature; without it where there
    /// is no record, or the newest is pruned.
    pub fn chain_head(
        &self,
        agent: &[u8; 20],
        program_id: &[u8; 32],
    ) -> Result<Option<(ChainLength, Option<Entry>)>, PipelineError> {
        let shared = self.shared();
        let Some(slot) = shared.chains.find(agent, program_id) else { return Ok(None) };
        let length = length(&slot);
        let newest = length.records.checked_sub(1).map(|sequence| shared.newest_entry(&slot, sequence));
        Ok(Some((length, newest.transpose()?.flatten())))
    }
}

fn length(slot: &ChainSlot) -> ChainLength {
    let head = hold(&slot.head);
    let records = head.sequence();
    ChainLength { records, record_hash: (records > 0).then(|| head.previous_record()) }
}

impl<D: Disk> Shared<D> {
    /// The Revise record that leads to a chain, which is an entry of the program before; `None` if it is pruned.
    fn revise_entry(&self, slot: &ChainSlot, sequence: u64) -> Result<Option<Entry>, PipelineError> {
        for other in self.chains.of_agent(&slot.registration.agent) {
            let entry = match other.recent(sequence) {
                Some(there) => Some(there.entry.clone()),
                None if self.index.place(other.number, sequence)?.is_none() => None,
                None => match self.entry_at(&other, sequence) {
                    Ok((_, entry)) => Some(entry),
                    Err(PipelineError::Pruned { .. }) => None,
                    Err(error) => return Err(error),
                },
            };
            let leads = |entry: &Entry| {
                let revision = entry.signed.header.revision();
                revision.is_some_and(|revision| revision.to == slot.registration.program_id)
            };
            if let Some(entry) = entry.filter(leads) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
    /// The entry at a place of a chain; `None` if it is pruned.
    fn newest_entry(&self, slot: &ChainSlot, sequence: u64) -> Result<Option<Entry>, PipelineError> {
        if let Some(there) = slot.recent(sequence) {
            return Ok(Some(there.entry.clone()));
        }
        if slot.is_joined() && self.index.place(slot.number, sequence)?.is_none() {
            return self.revise_entry(slot, sequence);
        }
        match self.entry_at(slot, sequence) {
            Ok((_, entry)) => Ok(Some(entry)),
            Err(PipelineError::Pruned { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
