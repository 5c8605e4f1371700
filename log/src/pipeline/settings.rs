//! What an operator sets, with defaults that suit one machine.

use crate::objects::Objects;
use crate::pipeline::error::PipelineError;
use candor_trace::tlog::QuorumPolicy;
use std::sync::Arc;
use std::time::Duration;

/// Longest body that any setting allows.
pub const MAX_BODY_BYTES: usize = 16 << 20;
/// Most registrations that any setting allows: `agents.json` is then still read by everybody.
pub const MAX_REGISTRATIONS: usize = 1 << 17;

/// How much is gone through when a log is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OpenCheck {
    /// Every tile, bundle and journal segment, and every chain: about a minute for ten million entries.
    #[default]
    Everything,
    /// The right edge of the tree and the journal's last segments: what is needed to go on. Damage further left is found
    /// when it is read, or by an audit.
    Edge,
}

/// Settings of a log. [`LogSettings::default`] is a start.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Time between two checkpoints, if there is anything new. Default: one second.
    pub publish_interval: Duration,
    /// Most records that one sync makes durable. Default: 4,096.
    pub group_limit_records: usize,
    /// Bytes after which a group is closed. Default: 4 MiB.
    pub group_limit_bytes: usize,
    /// Records that may wait to be sequenced. Default: 8,192.
    pub queue_limit_records: usize,
    /// Bytes that may wait to be sequenced. Default: 64 MiB.
    pub queue_limit_bytes: usize,
    /// Entries that may wait to be integrated; they are held in memory. Default: 131,072.
    pub tail_limit_entries: usize,
    /// Longest body. Default: 1 MiB, at most [`MAX_BODY_BYTES`].
    pub max_body_bytes: usize,
    /// Length after which a journal segment is closed. Default: 64 MiB.
    pub segment_limit_bytes: u64,
    /// Equivocations that are kept for each agent. Default: 16.
    pub evidence_per_agent: usize,
    /// Registrations that are accepted. Default: 100,000, at most [`MAX_REGISTRATIONS`].
    pub registration_limit: usize,
    /// Agents whose public keys are kept with a table of 6.3 kB, which halves what checking a signature costs. Default: 4,096.
    pub prepared_keys: usize,
    /// Memory that the index may use as a cache. Default: 64 MiB.
    pub index_cache_bytes: usize,
    /// How much is gone through when the log is opened. Default: everything.
    pub open_check: OpenCheck,
    /// Checkpoints (notes) of this log that somebody remembers; it must reach and contain them. Default: none.
    pub remembered: Vec<Vec<u8>>,
    /// Where tiles, bundles and checkpoints are kept. Default: below `public/` in the log's folder.
    pub objects: Option<Arc<dyn Objects>>,
    /// Witnesses whose cosignatures make a checkpoint published. Default: none are needed.
    pub policy: Option<QuorumPolicy>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            publish_interval: Duration::from_secs(1),
            group_limit_records: 4096,
            group_limit_bytes: 4 << 20,
            queue_limit_records: 8192,
            queue_limit_bytes: 64 << 20,
            tail_limit_entries: 1 << 17,
            max_body_bytes: 1 << 20,
            segment_limit_bytes: 64 << 20,
            evidence_per_agent: 16,
            registration_limit: 100_000,
            prepared_keys: 4096,
            index_cache_bytes: 64 << 20,
            open_check: OpenCheck::Everything,
            remembered: Vec::new(),
            objects: None,
            policy: None,
        }
    }
}

impl LogSettings {
    /// Every setting is within its range.
    pub(crate) fn check(&self) -> Result<(), PipelineError> {
        let most = u64::from(u32::MAX);
        let ranges: [(&'static str, usize, u64, u64); 9] = [
            ("group_limit_records", self.group_limit_records, 1, most),
            ("group_limit_bytes", self.group_limit_bytes, 1, 1 << 30),
            ("queue_limit_records", self.queue_limit_records, 1, most),
            ("queue_limit_bytes", self.queue_limit_bytes, 1, 1 << 40),
            ("tail_limit_entries", self.tail_limit_entries, 1, most),
            ("max_body_bytes", self.max_body_bytes, 0, MAX_BODY_BYTES as u64),
            ("registration_limit", self.registration_limit, 0, MAX_REGISTRATIONS as u64),
            ("prepared_keys", self.prepared_keys, 1, 1 << 20),
            ("index_cache_bytes", self.index_cache_bytes, 1 << 20, 1 << 40),
        ];
        for (name, got, minimum, maximum) in ranges {
            let got = got as u64;
            if !(minimum..=maximum).contains(&got) {
                return Err(PipelineError::Setting { name, minimum, maximum, got });
            }
        }
        // One more frame may follow the limit.
        let (name, got, minimum, maximum) = ("segment_limit_bytes", self.segment_limit_bytes, 4097, 1 << 40);
        if !(minimum..=maximum).contains(&got) {
            return Err(PipelineError::Setting { name, minimum, maximum, got });
        }
        Ok(())
    }
}
