//! Keys of agents whose signatures were checked before: their next ones take half the time.

use crate::pipeline::submission::hold;
use candor_trace::{PreparedKey, PublicKey, SignatureBytes, SignatureError};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Once all places are taken, one in so many keys that are missed takes the oldest one's place: agents that come in turn
/// and are more than there are places would otherwise have every key prepared, which costs twice a recovery, for nothing.
const REPLACE_ONE_IN: u32 = 16;

/// Prepared keys, a bounded number of them.
pub(crate) struct Signers {
    limit: usize,
    keys: RwLock<HashMap<[u8; 20], Arc<PreparedKey>>>,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    /// Oldest first.
    agents: VecDeque<[u8; 20]>,
    missed: u32,
}

impl Signers {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, keys: RwLock::default(), turns: Mutex::default() }
    }
    /// The agent made this canonical signature of the hash; the answer is that of [`candor_trace::recover`].
    pub(crate) fn check(
        &self,
        agent: &[u8; 20],
        hash: &[u8; 32],
        signature: &SignatureBytes,
    ) -> Result<(), SignatureError> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(agent).cloned();
        if known.as_ref().is_some_and(|key| key.signed(hash, signature)) {
            return Ok(());
        }
        let key = PublicKey::recover(hash, signature)?;
        let got = key.address();
        if got != *agent {
            return Err(SignatureError::WrongSigner { expected: *agent, got });
        }
        if known.is_none() && self.has_place() {
            self.keep(*agent, key.prepare());
        }
        Ok(())
    }
    /// Whether a key that was missed is worth preparing.
    fn has_place(&self) -> bool {
        let mut turns = hold(&self.turns);
        turns.missed = turns.missed.wrapping_add(1);
        turns.agents.len() < self.limit || turns.missed.is_multiple_of(REPLACE_ONE_IN)
    }
    fn keep(&self, agent: [u8; 20], key: PreparedKey) {
        let mut turns = hold(&self.turns);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.insert(agent, Arc::new(key)).is_none() {
            turns.agents.push_back(agent);
        }
        while turns.agents.len() > self.limit {
            let Some(oldest) = turns.agents.pop_front() else { break };
            keys.remove(&oldest);
        }
    }
}
