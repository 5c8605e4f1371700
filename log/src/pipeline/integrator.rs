//! The integrator: sequenced entries become tiles, bundles and a root, and are indexed.

use crate::disk::Disk;
use crate::pipeline::edge::{Edge, Objects};
use crate::pipeline::error::PipelineError;
use crate::pipeline::index::Indexed;
use crate::pipeline::progress::Closing;
use crate::pipeline::shared::{Shared, TailEntry};
use crate::pipeline::submission::hold;

/// Most entries that are integrated at once: what is held in memory for it is a few times their bytes.
pub(crate) const BATCH_ENTRIES: usize = 16_384;

/// Runs until the log is closed or has stopped.
pub(crate) fn run<D: Disk>(shared: &Shared<D>, mut edge: Edge) {
    if let Err(error) = integrate_until_closed(shared, &mut edge) {
        shared.stop(error);
    }
    shared.progress.update(|state| state.integrator_ended = true);
}

fn integrate_until_closed<D: Disk>(shared: &Shared<D>, edge: &mut Edge) -> Result<(), PipelineError> {
    loop {
        // Woken early when a batch is full, or when the log is closed.
        shared.progress.wait_for(shared.settings.publish_interval, |state| {
            let waiting = state.sizes.sequenced - state.sizes.integrated;
            let ends = state.poison.is_some()
                || state.closing == Closing::Abandon
                || (state.closing == Closing::Drain && state.sequencer_ended);
            (ends || waiting >= BATCH_ENTRIES as u64).then_some(())
        });
        loop {
            let state = shared.progress.read();
            if state.poison.is_some() || state.closing == Closing::Abandon {
                return Ok(());
            }
            let last = state.closing == Closing::Drain && state.sequencer_ended;
            drop(state);
            let batch: Vec<TailEntry> = shared.tail().entries.iter().take(BATCH_ENTRIES).cloned().collect();
            if batch.is_empty() {
                if last {
                    return Ok(());
                }
                break;
            }
            integrate(shared, edge, &batch)?;
        }
    }
}

fn integrate<D: Disk>(shared: &Shared<D>, edge: &mut Edge, batch: &[TailEntry]) -> Result<(), PipelineError> {
    let first = edge.size();
    let mut objects = Objects::new();
    for TailEntry { ticket, .. } in batch {
        edge.push(&ticket.bytes, ticket.leaf, &mut objects);
    }
    edge.push_partial(&mut objects);
    shared.files.publish_new(&objects)?;
    index(shared, first, batch)?;
    let mut tail = shared.tail_mut();
    tail.entries.drain(..batch.len());
    tail.base = edge.size();
    // Before anybody can miss them in the tail: an entry is always in the tail or below the integrated size.
    shared.progress.update(|state| {
        state.sizes.integrated = edge.size();
        state.root = edge.root();
    });
    drop(tail);
    for TailEntry { slot, ticket, .. } in batch {
        hold(&slot.recent).remove(&ticket.entry.signed.header.sequence);
    }
    Ok(())
}

/// Indexes what is not indexed yet: the index may be ahead of the last signed tree when a log is opened.
fn index<D: Disk>(shared: &Shared<D>, first: u64, batch: &[TailEntry]) -> Result<(), PipelineError> {
    let indexed = shared.index.size()?;
    let entries: Vec<Indexed<'_>> = (first..)
        .zip(batch)
        .filter(|(index, _)| *index >= indexed)
        .map(|(index, TailEntry { slot, ticket, frame })| Indexed {
            index,
            chain: slot.number,
            header: &ticket.entry.signed.header,
            record_hash: ticket.record_hash,
            body_hash: ticket.entry.body,
            frame: Some(*frame),
        })
        .collect();
    shared.index.append(&entries)
}
