//! How long to wait before asking again.

use std::time::Duration;

/// Waits that double, spread so that many agents do not come at once, and no shorter than the log asked for.
#[derive(Clone, Debug)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
    failures: u32,
    /// Differs from agent to agent.
    seed: u64,
}

/// No log is waited for longer than this, whatever it asks.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

impl BackOff {
    /// Half a second at first, a minute at most.
    #[must_use]
    pub fn new(agent: &[u8; 20]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *agent;
        let seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(60), failures: 0, seed }
    }
    /// It went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
    /// How long to wait after another failure: three to five quarters of the doubled wait, and no less than was asked for.
    pub fn after_failure(&mut self, retry_after: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(1));
        self.failures = self.failures.saturating_add(1);
        let spread = mix(self.seed ^ u64::from(self.failures)) % 512 + 768;
        let wait = doubled.min(self.longest).saturating_mul(spread as u32) / 1024;
        wait.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
    }
}

/// The finaliser of splitmix64.
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
