//! How far the log has come, and whether it still goes on.

use crate::pipeline::error::PipelineError;
use crate::pipeline::submission::hold;
use candor_trace::tlog::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sizes of a log: entries below a size have reached its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Durable in the journal.
    pub sequenced: u64,
    /// In durable tiles and bundles.
    pub integrated: u64,
    /// Under a checkpoint that was signed, published or not.
    pub signed: u64,
    /// Under a published checkpoint; `None` before the first.
    pub published: Option<u64>,
}

/// How the threads of a log end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Closing {
    /// They do not.
    #[default]
    Open,
    /// After everything accepted is integrated and, if the policy can be satisfied, published.
    Drain,
    /// At once; what is not sequenced is dropped and its submitters are told.
    Abandon,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) sizes: Sizes,
    /// Root at the integrated size.
    pub(crate) root: Hash,
    pub(crate) closing: Closing,
    /// No more will be sequenced.
    pub(crate) sequencer_ended: bool,
    /// No more will be integrated.
    pub(crate) integrator_ended: bool,
    /// No more will be published.
    pub(crate) publisher_ended: bool,
    pub(crate) poison: Option<PipelineError>,
    /// Checkpoints that were signed and did not get the cosignatures that the policy asks for.
    pub(crate) quorum_misses: u64,
}

/// What the threads of a log tell each other and those who wait.
#[derive(Debug)]
pub(crate) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

impl Progress {
    pub(crate) fn new(sizes: Sizes, root: Hash) -> Self {
        let state = State {
            sizes,
            root,
            closing: Closing::Open,
            sequencer_ended: false,
            integrator_ended: false,
            publisher_ended: false,
            poison: None,
            quorum_misses: 0,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
    pub(crate) fn read(&self) -> MutexGuard<'_, State> {
        hold(&self.state)
    }
    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut hold(&self.state));
        self.changed.notify_all();
    }
    /// Notes a new sequenced size without waking those who wait for later states.
    pub(crate) fn sequenced(&self, size: u64) {
        hold(&self.state).sizes.sequenced = size;
    }
    /// Stops the log for good; the first cause stays.
    pub(crate) fn poison(&self, error: &PipelineError) -> PipelineError {
        let mut poison = error.as_poison();
        self.update(|state| poison = state.poison.get_or_insert(poison.clone()).clone());
        poison
    }
    /// The cause, if the log has stopped.
    pub(crate) fn check(&self) -> Result<(), PipelineError> {
        let state = self.read();
        match (&state.poison, state.closing) {
            (Some(poison), _) => Err(poison.clone()),
            (None, Closing::Open) => Ok(()),
            (None, _) => Err(PipelineError::ShuttingDown),
        }
    }
    /// Waits until a condition gives a value, or the time is over.
    pub(crate) fn wait_for<T>(
        &self,
        timeout: Duration,
        mut condition: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        // A timeout beyond what the clock can express is none.
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.read();
        loop {
            if let Some(value) = condition(&state) {
                return Some(value);
            }
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
