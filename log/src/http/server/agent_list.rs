//! The list of agents in memory: it may be tens of megabytes, anybody may ask for it, and it seldom changes.

use axum::body::Bytes;
use std::sync::{Mutex, PoisonError};

/// What was read last, and how many registrations the log had before it was read.
#[derive(Debug, Default)]
pub(crate) struct AgentList(Mutex<Option<(usize, Bytes)>>);

impl AgentList {
    /// The list, read anew if there were other registrations the last time.
    ///
    /// The log writes the list before it counts the registration: one that is read after counting is at least as new.
    pub(crate) fn get<E>(
        &self,
        registrations: usize,
        read: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Bytes>, E> {
        // Held while it is read: whoever asks meanwhile needs the same.
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bytes)) = &*list
            && *of == registrations
        {
            return Ok(Some(bytes.clone()));
        }
        let bytes = read()?.map(Bytes::from);
        *list = bytes.clone().map(|bytes| (registrations, bytes));
        Ok(bytes)
    }
}
