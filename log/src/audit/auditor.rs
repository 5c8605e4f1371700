//! The audit of a whole log.

use crate::audit::agents::{MAX_AGENTS_BYTES, published_chains};
use crate::audit::bodies::{Bodies, Found};
use crate::audit::chains::Chains;
use crate::audit::entries::{Item, Loaded, ToVerify, decode, load, verify};
use crate::audit::error::AuditError;
use crate::audit::report::{AuditReport, AuditedRevision};
use crate::audit::source::{MAX_CHECKPOINT_FILE_BYTES, Source};
use crate::audit::tiles::Rebuilt;
use crate::audit::tombstones::{KnownRetention, TombstoneLimits, Tombstones};
use crate::retention::{MAX_RETENTION_FILE_BYTES, PublishedPolicy};
use candor_program::Card;
use candor_trace::tlog::{BundleId, QuorumPolicy, SignedCheckpoint, TILE_WIDTH};
use candor_trace::{Chain, RevisionWords};
use std::collections::BTreeMap;

/// Bundles that are in memory at a time: of an honest log 4 MiB.
const BUNDLES_AT_A_TIME: u64 = 32;
/// Once so many bytes of bundles are in memory no further one is read: a bundle may have 16.8 MB, and an operator who is not
/// honest may make all of them so long.
const HELD_BYTES: usize = 8 << 20;

/// What an auditor brings along.
pub struct AuditSettings<'a> {
    /// The log's key, the witnesses, and how many of them must have cosigned.
    pub policy: &'a QuorumPolicy,
    /// A checkpoint that the log signed earlier, as it was kept.
    pub remembered: Option<&'a [u8]>,
    /// Cards of programs; validated.
    pub cards: &'a [Card],
    /// Bodies, if they are to be checked too.
    pub bodies: Option<&'a dyn Bodies>,
    /// What is known about retention from elsewhere.
    pub retention: KnownRetention<'a>,
    /// How many tombstones are read.
    pub limits: TombstoneLimits,
}

impl<'a> AuditSettings<'a> {
    /// An auditor who brings nothing but whom to believe.
    #[must_use]
    pub fn new(policy: &'a QuorumPolicy) -> Self {
        Self {
            policy,
            remembered: None,
            cards: &[],
            bodies: None,
            retention: KnownRetention::default(),
            limits: TombstoneLimits::default(),
        }
    }
}

/// Everything that the log publishes is in order: checkpoint, tree, tiles, entries, signatures, chains.
///
/// Memory does not grow with the log, but for one state per chain. `progress` is told how many entries of how many are done.
/// Errors: the first thing that is wrong with the log; if nothing is, [`AuditError::Bodies`] with every chain's first body that
/// is not what was signed.
/// Owes: [`Card::validate`]; that decisions are right (replay, or a proof); that the log shows everybody the same checkpoint,
/// which witnesses vouch for; that an agent's records outside the log do not contradict these.
pub fn audit<S: Source>(
    source: &S,
    settings: &AuditSettings<'_>,
    mut progress: impl FnMut(u64, u64),
) -> Result<AuditReport, AuditError> {
    let required = |file: &str, limit: u64| {
        let missing = || AuditError::Missing { file: file.to_owned(), index: None };
        source.get(file, limit)?.ok_or_else(missing)
    };
    let signed = settings.policy.check_bytes(&required("checkpoint", MAX_CHECKPOINT_FILE_BYTES)?)?;
    let checkpoint = signed.checkpoint();
    let size = checkpoint.size();
    let remembered = remembered(settings, size)?;
    // Tombstones first: a policy that is read after them is at least as new.
    let known = (&settings.retention, &settings.limits);
    let tombstones = Tombstones::read(source, settings.policy.log(), known)?;
    let published = published_policy(source)?;
    tombstones.check_policy(&published)?;
    let minimum_index = published.minimum_index;
    if minimum_index > size {
        return Err(AuditError::MinimumIndex { minimum_index, size });
    }
    if minimum_index > 0 && published.retention.is_none() {
        return Err(AuditError::NoRetention { minimum_index });
    }
    let listed = published_chains(&required("agents.json", MAX_AGENTS_BYTES)?)?;
    let cards = cards_by_program(settings.cards);
    let mut chains_with_card = 0;
    for chain in listed.values() {
        let Some((_, confirmed)) = cards.get(&chain.program_id) else { continue };
        let given = (confirmed.domain, confirmed.ids.program_fr.into(), confirmed.initial_state);
        if given != (chain.domain, chain.program_fr, chain.initial_state) {
            return Err(AuditError::Card { agent: chain.agent, program_id: chain.program_id });
        }
        chains_with_card += 1;
    }
    let mut run = Run {
        source,
        settings,
        cards,
        size,
        minimum_index,
        tombstones,
        remembered,
        chains: Chains::new(listed),
        tree: Rebuilt::new(source, size),
        entries: 0,
        pruned: 0,
        bodies: Found::default(),
        revisions: Vec::new(),
    };
    run.check_remembered(0)?;
    let bundles = size.div_ceil(TILE_WIDTH);
    let mut first = 0;
    while first < bundles {
        first = run.bundles(first, bundles.min(first + BUNDLES_AT_A_TIME))?;
        progress(size.min(first.saturating_mul(TILE_WIDTH)), size);
    }
    run.tree.finish()?;
    let rebuilt = run.tree.root();
    if rebuilt != *checkpoint.root() {
        return Err(AuditError::Root { size, signed: *checkpoint.root(), rebuilt });
    }
    run.tombstones.check_root(size, || rebuilt)?;
    let pruning = run.tombstones.finish()?;
    let report = AuditReport {
        origin: checkpoint.origin().to_owned(),
        size,
        root: rebuilt,
        cosigned: signed.cosigned().to_vec(),
        entries: run.entries,
        pruned: run.pruned,
        minimum_index: run.minimum_index,
        chains: run.chains.len(),
        resumed_chains: run.chains.resumed(),
        chains_with_card,
        remembered: run.remembered.as_ref().map(|signed| signed.checkpoint().size()),
        bodies: run.bodies.right,
        bodies_pruned: run.bodies.pruned,
        bodies_missing: run.bodies.missing,
        first_missing_body: run.bodies.first_missing,
        pruning,
        revisions: run.revisions,
    };
    run.bodies.conclude(report).map_err(|faults| AuditError::Bodies { faults })
}

fn published_policy(source: &impl Source) -> Result<PublishedPolicy, AuditError> {
    match source.get("policy.json", MAX_RETENTION_FILE_BYTES)? {
        Some(bytes) => Ok(PublishedPolicy::from_bytes(&bytes)?),
        None => Ok(PublishedPolicy::default()),
    }
}

/// The remembered checkpoint: signed by the log, and not larger than what is published now.
fn remembered(settings: &AuditSettings<'_>, size: u64) -> Result<Option<SignedCheckpoint>, AuditError> {
    let Some(bytes) = settings.remembered else { return Ok(None) };
    let signed = settings
        .policy
        .without_witnesses()
        .check_bytes(bytes)
        .map_err(|source| AuditError::Remembered { source })?;
    let remembered = signed.checkpoint().size();
    if remembered > size { Err(AuditError::Shrunk { remembered, size }) } else { Ok(Some(signed)) }
}

fn cards_by_program(cards: &[Card]) -> BTreeMap<[u8; 32], (&Card, Chain)> {
    let chain = |card| {
        let chain = Chain::of(card);
        (chain.ids.program_id, (card, chain))
    };
    cards.iter().map(chain).collect()
}

/// An audit under way.
struct Run<'a, S> {
    source: &'a S,
    settings: &'a AuditSettings<'a>,
    cards: BTreeMap<[u8; 32], (&'a Card, Chain)>,
    size: u64,
    minimum_index: u64,
    tombstones: Tombstones,
    remembered: Option<SignedCheckpoint>,
    chains: Chains,
    tree: Rebuilt<'a, S>,
    entries: u64,
    pruned: u64,
    bodies: Found,
    revisions: Vec<AuditedRevision>,
}

impl<S: Source> Run<'_, S> {
    /// Some bundles, in three passes: decode all, take them up one by one, verify all. What is wrong first is told first.
    /// Returns the bundle that comes next: where they are longer than an honest log's, fewer are held at a time.
    fn bundles(&mut self, first: u64, last: u64) -> Result<u64, AuditError> {
        let (mut loaded, mut failed) = (Vec::new(), None);
        let (mut next, mut held_bytes) = (first, 0);
        while next < last && held_bytes < HELD_BYTES {
            let Some(id) = BundleId::of_tree(next, self.size) else { break };
            next += 1;
            match self.load(id) {
                Ok(bundle) => {
                    held_bytes += bundle.len_bytes();
                    loaded.push(bundle);
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // A malformed bundle ends the run: what lies before it is looked at first.
        let (items, malformed) = decode(&loaded, self.size);
        failed = malformed.or(failed);
        let mut to_verify = Vec::with_capacity(items.len());
        for item in items {
            if let Err(error) = self.take(item, &mut to_verify) {
                failed = Some(error);
                break;
            }
        }
        let unverified = verify(&to_verify, self.size);
        // A tile is compared when it is complete: the difference may lie before what verification found.
        let earliest = [failed, unverified].into_iter().flatten().min_by_key(AuditError::position);
        earliest.map_or(Ok(next), Err)
    }
    /// A bundle. Where one is missing the log may have been pruned since the audit began, and then it says so.
    fn load(&mut self, id: BundleId) -> Result<Loaded, AuditError> {
        let loaded = load(self.source, id, self.size, (self.minimum_index, &self.tombstones));
        if !matches!(loaded, Err(AuditError::Missing { .. } | AuditError::WithoutTombstone { .. })) {
            return loaded;
        }
        let known = (&self.settings.retention, &self.settings.limits);
        // First what went, then what may be gone: that is the order in which they are published.
        if self.tombstones.read_more(self.source, self.settings.policy.log(), known)? {
            self.tombstones.pin(self.source, self.settings.retention.pins)?;
        }
        let published = published_policy(self.source)?;
        self.minimum_index = self.minimum_index.max(published.minimum_index.min(self.size));
        load(self.source, id, self.size, (self.minimum_index, &self.tombstones))
    }
    /// One entry: its leaf, its chain, its body.
    fn take(&mut self, item: Item, to_verify: &mut Vec<ToVerify>) -> Result<(), AuditError> {
        let index = item.index;
        self.tree.push(item.leaf)?;
        self.check_remembered(index + 1)?;
        if index + 1 < self.size {
            // The checkpoint's own root is compared at the end, after the tiles.
            self.tombstones.check_root(index + 1, || self.tree.root())?;
        }
        let Some(content) = item.content else {
            self.pruned += 1;
            self.chains.gap();
            return Ok(());
        };
        let decoded = content?;
        self.entries += 1;
        let entry = decoded.entry;
        let header = &entry.signed.header;
        let (agent, program_id) = (header.agent, header.program_id);
        let file =
            || BundleId::of_tree(index / TILE_WIDTH, self.size).map(|id| id.path()).unwrap_or_default();
        let Some(chain) = self.chains.get(&(agent, program_id)) else {
            return Err(AuditError::Unregistered { file: file(), index, agent, program_id });
        };
        if chain.domain != entry.domain {
            return Err(AuditError::Domain { file: file(), index });
        }
        let tombstone = self.tombstones.take(index, &entry)?;
        if self.tombstones.has_pins()
            && let Some(skipped) = self.chains.skipped(header)
        {
            self.tombstones.check_skipped(header, &skipped)?;
        }
        let mut registers = None;
        if let Some(bodies) = self.settings.bodies {
            let card = self.cards.get(&program_id).map(|(card, _)| *card);
            registers = self.bodies.check(bodies, (index, tombstone), &entry, card)?;
        }
        if let Some(RevisionWords { from, to, activation, .. }) = header.revision() {
            let (activation, sequence) = (u64::try_from(activation).unwrap_or(u64::MAX), header.sequence);
            self.revisions.push(AuditedRevision { index, agent, sequence, from, to, activation, registers });
        }
        let unregistered = || AuditError::Unregistered { file: file(), index, agent, program_id };
        let expected = self.chains.advance(header, decoded.record_hash).ok_or_else(unregistered)?;
        let expected = expected.map_err(|source| AuditError::Link { file: file(), index, source })?;
        to_verify.push(ToVerify { index, entry, expected });
        Ok(())
    }
    /// At the size of the remembered checkpoint the tree has its root.
    fn check_remembered(&self, size: u64) -> Result<(), AuditError> {
        let remembered = self.remembered.as_ref().map(SignedCheckpoint::checkpoint);
        let Some(checkpoint) = remembered.filter(|checkpoint| checkpoint.size() == size) else {
            return Ok(());
        };
        match self.tree.root() {
            rebuilt if rebuilt == *checkpoint.root() => Ok(()),
            rebuilt => Err(AuditError::Forked { size, remembered: *checkpoint.root(), rebuilt }),
        }
    }
}
