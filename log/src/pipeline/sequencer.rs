//! The sequencer: one write and one sync make a group of records durable.

use crate::disk::Disk;
use crate::pipeline::error::PipelineError;
use crate::pipeline::journal::Journal;
use crate::pipeline::shared::{Shared, TailEntry};

/// Runs until the queue is closed and empty, or the log has stopped.
pub(crate) fn run<D: Disk>(shared: &Shared<D>, mut journal: Journal<D>) {
    while let Some(group) = shared.queue.next_group() {
        let first = journal.size();
        match journal.append(group.iter().map(|queued| &queued.payload)) {
            Ok(frames) => {
                let mut tail = shared.tail_mut();
                for (queued, frame) in group.iter().zip(frames) {
                    let (slot, ticket) = (queued.slot.clone(), queued.ticket.clone());
                    tail.entries.push_back(TailEntry { slot, ticket, frame });
                }
                // Before anybody can integrate them: sizes never overtake each other.
                shared.progress.sequenced(journal.size());
                drop(tail);
                for (index, queued) in (first..).zip(&group) {
                    queued.ticket.settle(Ok(index));
                }
            }
            Err(error) => {
                // Their places are not known to be durable, nor known not to be.
                let poison = shared.stop(error).as_poison();
                group.iter().for_each(|queued| queued.ticket.settle(Err(poison.clone())));
                break;
            }
        }
    }
    let reason = shared.progress.check().err().unwrap_or(PipelineError::ShuttingDown);
    shared.drop_queue(&reason);
    shared.progress.update(|state| state.sequencer_ended = true);
}
