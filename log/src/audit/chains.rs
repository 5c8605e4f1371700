//! The chains of all agents, as far as they were read.

use crate::audit::agents::{ChainKey, PublishedChain};
use candor_trace::{ChainError, Header, Link, SEQUENCE_BOUND, TIME_BOUND};
use std::collections::BTreeMap;
use std::ops::Range;

/// A chain: what its next record continues.
struct State {
    chain: PublishedChain,
    link: Link,
    /// Gaps before its last record: if there are more now, its next record may be a later one.
    gaps: u64,
}

/// All chains.
pub(super) struct Chains {
    states: BTreeMap<ChainKey, State>,
    /// Runs of pruned entries so far.
    gaps: u64,
    resumed: u64,
}

/// What one record is to be checked against.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Expected {
    /// It continues this.
    Link(Link),
    /// It is the first after pruned entries: already checked as far as that goes.
    Resumed,
}

impl Chains {
    pub(super) fn new(chains: BTreeMap<ChainKey, PublishedChain>) -> Self {
        let state = |chain: PublishedChain| State { link: chain.first_link(), chain, gaps: 0 };
        Self {
            states: chains.into_iter().map(|(key, chain)| (key, state(chain))).collect(),
            gaps: 0,
            resumed: 0,
        }
    }
    /// The chain of an agent with a program.
    pub(super) fn get(&self, key: &ChainKey) -> Option<&PublishedChain> {
        self.states.get(key).map(|state| &state.chain)
    }
    /// Number of chains.
    pub(super) fn len(&self) -> u64 {
        self.states.len() as u64
    }
    /// Number of chains that were taken up after pruned entries.
    pub(super) fn resumed(&self) -> u64 {
        self.resumed
    }
    /// Entries were pruned here: nobody knows of which chains.
    pub(super) fn gap(&mut self) {
        self.gaps += 1;
    }
    /// After a Revise record the chain of the revised program goes on here, unless it has records of its own that nothing
    /// ended: then the next record does not continue them, which is found there.
    fn join(&mut self, key: ChainKey, link: Link) {
        let gaps = self.gaps;
        let Some(state) = self.states.get_mut(&key) else { return };
        let ended = state.link.program_id() != state.chain.program_id;
        if (state.link == state.chain.first_link() || ended) && state.link.sequence() < link.sequence() {
            state.link = link;
            state.gaps = gaps;
        }
    }
    /// The sequence numbers that are missing before a record, where entries were pruned.
    ///
    /// Owes: that the agent's records under another program are not among them; where it has several, `None`.
    pub(super) fn skipped(&self, header: &Header) -> Option<Range<u64>> {
        let agents = ([0; 32], [u8::MAX; 32]);
        let all = self.states.range((header.agent, agents.0)..=(header.agent, agents.1));
        let state = self.states.get(&(header.agent, header.program_id)).filter(|_| all.count() == 1)?;
        let skipped = state.link.sequence()..header.sequence;
        (state.gaps < self.gaps && !skipped.is_empty()).then_some(skipped)
    }
    /// Takes a record as the next of its chain and returns what it is to be checked against; `None` if there is no such
    /// chain.
    pub(super) fn advance(
        &mut self,
        header: &Header,
        record_hash: [u8; 32],
    ) -> Option<Result<Expected, ChainError>> {
        let state = self.states.get_mut(&(header.agent, header.program_id))?;
        let before = state.link.clone();
        let skipped = state.gaps < self.gaps && header.sequence > before.sequence();
        state.gaps = self.gaps;
        if skipped {
            if header.sequence >= SEQUENCE_BOUND {
                return Some(Err(ChainError::SequenceTooLarge { got: header.sequence }));
            }
            if header.time >= TIME_BOUND {
                return Some(Err(ChainError::TimeTooLarge { got: header.time }));
            }
            if header.time < before.time() {
                return Some(Err(ChainError::TimeBackwards { previous: before.time(), got: header.time }));
            }
            self.resumed += 1;
        }
        let link = before.next(header, record_hash);
        state.link = link.clone();
        if let Some(revision) = header.revision() {
            self.join((header.agent, revision.to), link);
        }
        Some(Ok(if skipped { Expected::Resumed } else { Expected::Link(before) }))
    }
}
