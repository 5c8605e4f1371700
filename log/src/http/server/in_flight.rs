//! Room for records that are being received: bounded for all together, and for each agent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// No agent takes more of the room than one part in this many, so that a slow one keeps nobody else out.
const PARTS: usize = 8;

/// Bytes that are being received.
#[derive(Debug)]
pub(crate) struct InFlight {
    limit: usize,
    agents: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    agents: HashMap<[u8; 20], usize>,
}

/// Room that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    of: Arc<InFlight>,
    agent: [u8; 20],
    bytes: usize,
}

impl InFlight {
    /// Room for so many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, agents: Mutex::default() }
    }
    fn hold(&self) -> MutexGuard<'_, Taken> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Bytes that are taken.
    pub(crate) fn bytes(&self) -> usize {
        self.hold().total
    }
    /// Takes room for a record of an agent; `None` if there is none. One record of each agent is let in as long as there
    /// is room at all.
    pub(crate) fn take(self: &Arc<Self>, agent: &[u8; 20], bytes: usize) -> Option<Room> {
        let taken = &mut *self.hold();
        let own = taken.agents.get(agent).copied().unwrap_or(0);
        let total = taken.total.saturating_add(bytes);
        if total > self.limit || (own > 0 && own.saturating_add(bytes) > self.limit / PARTS) {
            return None;
        }
        taken.total = total;
        taken.agents.insert(*agent, own.saturating_add(bytes));
        Some(Room { of: Arc::clone(self), agent: *agent, bytes })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let taken = &mut *self.of.hold();
        taken.total = taken.total.saturating_sub(self.bytes);
        if let Some(own) = taken.agents.get_mut(&self.agent) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                taken.agents.remove(&self.agent);
            }
        }
    }
}
