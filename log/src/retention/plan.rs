//! What may go now.

use super::{Marks, PublishedPolicy};
use candor_trace::tlog::TILE_WIDTH;

/// Where the log may begin to forget, pins aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Entries below are settled and past their window: whole bundles.
    pub minimum_index: u64,
    /// Bodies below are settled and past their window.
    pub minimum_body_index: u64,
}

impl Plan {
    /// What may go of a log with so many published entries. Nothing without a retention policy; and never less than what
    /// the policy already says may be gone.
    #[must_use]
    pub fn of(policy: &PublishedPolicy, marks: &Marks, published: u64, now: u64) -> Self {
        let (bodies, entries) = policy.retention.as_ref().map_or((0, 0), |retention| {
            let settled = |window| marks.settled(now, window).min(published);
            (settled(retention.bodies_seconds()), settled(retention.entries_seconds()))
        });
        let whole_bundles = entries - entries % TILE_WIDTH;
        Self {
            minimum_index: whole_bundles.max(policy.minimum_index),
            minimum_body_index: bodies.max(policy.minimum_body_index),
        }
    }
}
