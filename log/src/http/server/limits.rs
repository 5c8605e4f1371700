//! Who may hand in how much: by agent, by address, and all together (threats.md, row 35).
//!
//! An agent's own limit is charged only for submissions that its key signed, so that nobody else can use it up. What
//! comes before a good signature (unknown agents, bad signatures, malformed requests, duplicates) is charged to the
//! address it came from. Reads are not limited.

use crate::http::server::rate::{Bucket, Rate, UnixNanos};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// Addresses that are counted one by one; more share one bucket until one of these is full again.
pub const MAX_ADDRESSES: usize = 65_536;

/// The rates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Submissions of one agent.
    pub agent: Rate,
    /// Bytes of records of one agent.
    pub agent_bytes: Rate,
    /// Submissions of all agents together.
    pub total: Rate,
    /// Requests of one address that lead to no new record.
    pub address: Rate,
}

/// More than is allowed, and when to come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Exhausted {
    /// The agent's own limit.
    #[error("this agent submits more than its limit: come again in {} s", seconds(.retry_after))]
    Agent {
        /// When.
        retry_after: Duration,
    },
    /// The agent's own limit of bytes.
    #[error("this agent submits more bytes than its limit: come again in {} s", seconds(.retry_after))]
    AgentBytes {
        /// When.
        retry_after: Duration,
    },
    /// The limit of all agents together.
    #[error("all agents together submit more than this log's limit: come again in {} s", seconds(.retry_after))]
    Total {
        /// When.
        retry_after: Duration,
    },
    /// The address sent too much that led to nothing.
    #[error("this address sent too many requests that were refused: come again in {} s", seconds(.retry_after))]
    Address {
        /// When.
        retry_after: Duration,
    },
}

/// Whole seconds, rounded up, at least one: what `Retry-After` says.
pub(crate) fn seconds(duration: &Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl Exhausted {
    /// When to come again.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Agent { retry_after }
            | Self::AgentBytes { retry_after }
            | Self::Total { retry_after }
            | Self::Address { retry_after } => *retry_after,
        }
    }
    /// Whose limit it is.
    #[must_use]
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Agent { .. } => "agent",
            Self::AgentBytes { .. } => "agent-bytes",
            Self::Total { .. } => "total",
            Self::Address { .. } => "address",
        }
    }
}

/// What is left of every limit.
#[derive(Debug)]
pub struct Limits {
    rates: Rates,
    charged: Mutex<Charged>,
    addresses: Mutex<Addresses>,
}

/// What is left of an agent's own limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AgentBuckets {
    /// Of records.
    pub records: Bucket,
    /// Of their bytes.
    pub bytes: Bucket,
}

impl AgentBuckets {
    /// Nothing is charged yet.
    pub const FULL: Self = Self { records: Bucket::FULL, bytes: Bucket::FULL };

    fn is_full(&self, now: UnixNanos) -> bool {
        self.records.is_full(now) && self.bytes.is_full(now)
    }
}

/// What survives a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charged {
    /// By agent; as many as are registered at most.
    pub agents: BTreeMap<[u8; 20], AgentBuckets>,
    /// All together.
    pub total: Bucket,
}

impl Charged {
    /// Nothing is charged yet.
    pub const NONE: Self = Self { agents: BTreeMap::new(), total: Bucket::FULL };
}

#[derive(Debug, Default)]
struct Addresses {
    buckets: HashMap<Network, Bucket>,
    /// Of all that found no place.
    others: Option<Bucket>,
}

/// One IPv4 address, or the 64 bits of an IPv6 address that name a network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Network {
    V4([u8; 4]),
    V6([u8; 8]),
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that these locks guard is left half-done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limits {
    /// Limits that go on from what was charged before.
    #[must_use]
    pub fn new(rates: Rates, charged: Charged) -> Self {
        Self { rates, charged: Mutex::new(charged), addresses: Mutex::default() }
    }
    /// What survives a restart.
    #[must_use]
    pub fn charged(&self, now: UnixNanos) -> Charged {
        let mut charged = hold(&self.charged);
        charged.agents.retain(|_, buckets| !buckets.is_full(now));
        charged.clone()
    }
    /// Charges an agent for a submission of so many bytes that its key signed, and the total.
    ///
    /// Errors: nothing is charged to anybody then.
    /// Owes: that the signature is right and the agent registered.
    pub fn take_agent(&self, agent: &[u8; 20], bytes: u64, now: UnixNanos) -> Result<(), Exhausted> {
        let charged = &mut *hold(&self.charged);
        let buckets = charged.agents.entry(*agent).or_insert(AgentBuckets::FULL);
        let before = *buckets;
        let Rates { agent, agent_bytes, total, .. } = self.rates;
        let AgentBuckets { records, bytes: of_bytes } = buckets;
        let taken = records
            .take(agent, now)
            .map_err(|retry_after| Exhausted::Agent { retry_after })
            .and_then(|()| {
                let taken = of_bytes.take_units(agent_bytes, bytes, now);
                taken.map_err(|retry_after| Exhausted::AgentBytes { retry_after })
            })
            .and_then(|()| {
                charged.total.take(total, now).map_err(|retry_after| Exhausted::Total { retry_after })
            });
        match taken {
            // What the bucket that refused keeps is how long to wait, no charge.
            Err(Exhausted::AgentBytes { .. }) => records.put_back(agent),
            Err(Exhausted::Total { .. }) => *buckets = before,
            _ => {}
        }
        taken
    }
    /// Takes back a charge for a submission that the log had no room for.
    pub fn put_back(&self, agent: &[u8; 20], bytes: u64) {
        let charged = &mut *hold(&self.charged);
        if let Some(buckets) = charged.agents.get_mut(agent) {
            buckets.records.put_back(self.rates.agent);
            buckets.bytes.put_back_units(self.rates.agent_bytes, bytes);
        }
        charged.total.put_back(self.rates.total);
    }
    /// Whether an address may send more. Nothing is charged.
    pub fn check_address(&self, address: IpAddr, now: UnixNanos) -> Result<(), Exhausted> {
        let addresses = hold(&self.addresses);
        let bucket = addresses.buckets.get(&Network::of(address)).copied();
        let others = || if addresses.buckets.len() < MAX_ADDRESSES { None } else { addresses.others };
        let bucket = bucket.or_else(others).unwrap_or(Bucket::FULL);
        bucket.check(self.rates.address, now).map_err(|retry_after| Exhausted::Address { retry_after })
    }
    /// Charges an address for a request that led to no new record.
    pub fn charge_address(&self, address: IpAddr, now: UnixNanos) {
        let addresses = &mut *hold(&self.addresses);
        let network = Network::of(address);
        if !addresses.buckets.contains_key(&network) && addresses.buckets.len() >= MAX_ADDRESSES {
            addresses.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let bucket = if addresses.buckets.contains_key(&network) || addresses.buckets.len() < MAX_ADDRESSES {
            addresses.buckets.entry(network).or_insert(Bucket::FULL)
        } else {
            addresses.others.get_or_insert(Bucket::FULL)
        };
        // An empty bucket stays empty: that is what the next request finds.
        let _ = bucket.take(self.rates.address, now);
    }
}
