//! Accepted records that wait for the sequencer.

use crate::pipeline::chains::ChainSlot;
use crate::pipeline::error::PipelineError;
use crate::pipeline::journal::Payload;
use crate::pipeline::settings::LogSettings;
use crate::pipeline::submission::{SubmitError, Ticket, hold};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// An accepted record.
pub(crate) struct Queued {
    pub(crate) slot: Arc<ChainSlot>,
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) payload: Payload,
}

impl Drop for Queued {
    /// Whoever waits is told, however the record is lost on its way; if it was sequenced, he knows already.
    fn drop(&mut self) {
        self.ticket.settle(Err(PipelineError::ShuttingDown));
    }
}

#[derive(Default)]
struct Waiting {
    records: VecDeque<Queued>,
    bytes: usize,
    /// Nothing more comes; what is there is still taken.
    closed: bool,
}

/// A bounded queue: adding never waits.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    limit_records: usize,
    limit_bytes: usize,
    group_records: usize,
    group_bytes: usize,
}

impl Queue {
    pub(crate) fn new(settings: &LogSettings) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            limit_records: settings.queue_limit_records,
            limit_bytes: settings.queue_limit_bytes,
            group_records: settings.group_limit_records,
            group_bytes: settings.group_limit_bytes,
        }
    }
    /// Adds a record, or says that there is no room.
    pub(crate) fn push(&self, queued: Queued) -> Result<(), SubmitError> {
        let mut waiting = hold(&self.waiting);
        let bytes = waiting.bytes.saturating_add(queued.payload.len());
        if waiting.records.len() >= self.limit_records || bytes > self.limit_bytes {
            return Err(SubmitError::QueueFull { records: waiting.records.len(), bytes: waiting.bytes });
        }
        if waiting.closed {
            return Err(PipelineError::ShuttingDown.into());
        }
        waiting.bytes = bytes;
        waiting.records.push_back(queued);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }
    /// The next group, at least one record; `None` once the queue is closed and empty.
    pub(crate) fn next_group(&self) -> Option<Vec<Queued>> {
        let mut waiting = hold(&self.waiting);
        while waiting.records.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let mut group = Vec::with_capacity(waiting.records.len().min(self.group_records));
        let mut bytes = 0_usize;
        while group.len() < self.group_records && bytes < self.group_bytes {
            let Some(queued) = waiting.records.pop_front() else { break };
            bytes = bytes.saturating_add(queued.payload.len());
            group.push(queued);
        }
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        Some(group)
    }
    /// Nothing more is added.
    pub(crate) fn close(&self) {
        hold(&self.waiting).closed = true;
        self.arrived.notify_all();
    }
    /// Nothing more is added, and what waits is handed back.
    pub(crate) fn abandon(&self) -> VecDeque<Queued> {
        let mut waiting = hold(&self.waiting);
        waiting.closed = true;
        waiting.bytes = 0;
        let records = std::mem::take(&mut waiting.records);
        drop(waiting);
        self.arrived.notify_all();
        records
    }
    /// Records that wait.
    pub(crate) fn len(&self) -> usize {
        hold(&self.waiting).records.len()
    }
}
