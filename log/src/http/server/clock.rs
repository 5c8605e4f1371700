//! The time, passed in, so that tests choose it.

use crate::http::server::rate::UnixNanos;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> UnixNanos;
    /// Now, in whole Unix seconds.
    fn unix_seconds(&self) -> u64 {
        self.now().0 / 1_000_000_000
    }
}

/// The system's clock. A clock before 1970 reads as 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixNanos {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixNanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}
