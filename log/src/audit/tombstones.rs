//! What the log says that it pruned: signed, in order, by the promise, and nothing that was pinned.
//! Source: docs/spec/log.md, "Tombstones" and "Auditing".

use crate::audit::agents::ChainKey;
use crate::audit::error::AuditError;
use crate::audit::source::Source;
use crate::retention::{
    BodyDigest, ContentError, MAX_RETENTION_FILE_BYTES, MAX_TOMBSTONE_CONTENT_BYTES, PinnedRange, Pins,
    PublishedPolicy, RetentionPolicy, Run, SignedTombstone, Tombstone, TombstoneContent, TombstoneFault,
    content_path, tombstone_path,
};
use candor_trace::tlog::{Hash, MAX_NOTE_BYTES, VerifierKey};
use candor_trace::{Entry, Header};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What is read of a log's tombstones at most: an operator who is not honest may publish any number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TombstoneLimits {
    /// Tombstones. Default: 65,536.
    pub tombstones: u64,
    /// Runs of entries and bodies that all of them list together; each takes 24 bytes. Default: 2^24.
    pub runs: u64,
}

impl Default for TombstoneLimits {
    fn default() -> Self {
        Self { tombstones: 1 << 16, runs: 1 << 24 }
    }
}

/// What an auditor knows about retention from elsewhere.
#[derive(Clone, Copy, Default, Debug)]
pub struct KnownRetention<'a> {
    /// What was promised, as it was kept.
    pub promised: Option<&'a RetentionPolicy>,
    /// Runs of records that must be there, such as those of a dispute.
    pub pins: Option<&'a Pins>,
    /// The auditor's clock, for tombstones that are dated ahead. Units: Unix seconds.
    pub now: Option<u64>,
}

/// Runs with the tombstones that list them, in order.
#[derive(Default)]
struct Listed(Vec<(Run, usize)>);

impl Listed {
    fn of(&self, index: u64) -> Option<usize> {
        let behind = self.0.partition_point(|(run, _)| run.first <= index);
        let (run, position) = behind.checked_sub(1).and_then(|last| self.0.get(last))?;
        (index < run.end()).then_some(*position)
    }
}

/// Bodies of one tombstone while the entries are gone through.
struct Bodies {
    digest: BodyDigest,
    seen: u64,
    expected: [u8; 32],
    pins: Pins,
}

/// The log's tombstones, all of them checked as far as they go by themselves.
#[derive(Default)]
pub(super) struct Tombstones {
    all: Vec<Tombstone>,
    last: Option<SignedTombstone>,
    last_pins: Pins,
    entries: Listed,
    bodies: Listed,
    bodies_of: Vec<Bodies>,
    /// Roots that they name, by size.
    roots: BTreeMap<u64, (u64, Hash)>,
    /// What must be there, with its name.
    pinned: Vec<(String, PinnedRange)>,
    /// Where in that list the pins of a chain are.
    pinned_of: BTreeMap<ChainKey, Vec<usize>>,
    /// Pins of which a record was there.
    seen_pins: BTreeSet<usize>,
}

impl Tombstones {
    /// Reads them all, and what is pinned.
    pub(super) fn read(
        source: &impl Source,
        key: &VerifierKey,
        known: (&KnownRetention<'_>, &TombstoneLimits),
    ) -> Result<Self, AuditError> {
        let mut read = Self::default();
        read.read_more(source, key, known)?;
        read.pin(source, known.0.pins)?;
        Ok(read)
    }
    /// The published policy promises no less than the last tombstone went by.
    pub(super) fn check_policy(&self, published: &PublishedPolicy) -> Result<(), AuditError> {
        let (Some(last), Some(promise)) = (self.all.last(), &published.retention) else { return Ok(()) };
        let shortened = |source| AuditError::Shortened { number: last.number, source };
        promise.check_follows(&last.retention).map_err(shortened)
    }
    /// Reads those that were published meanwhile; `false` if there are none.
    pub(super) fn read_more(
        &mut self,
        source: &impl Source,
        key: &VerifierKey,
        (known, limits): (&KnownRetention<'_>, &TombstoneLimits),
    ) -> Result<bool, AuditError> {
        let first = self.all.len() as u64;
        for number in first..=limits.tombstones {
            let Some(bytes) = source.get(&tombstone_path(number), MAX_NOTE_BYTES as u64)? else { break };
            if number == limits.tombstones {
                return Err(AuditError::TombstoneLimit { what: "tombstones", limit: limits.tombstones });
            }
            let signed = SignedTombstone::parse(&bytes, key)
                .map_err(|source| AuditError::Tombstone { number, source })?;
            let fault = |source| AuditError::TombstoneFault { number, source };
            signed.check_follows(self.last.as_ref()).map_err(fault)?;
            let tombstone = signed.tombstone();
            tombstone.check_windows(known.promised).map_err(fault)?;
            if let Some(now) = known.now.filter(|now| tombstone.time > *now) {
                return Err(fault(TombstoneFault::Ahead { time: tombstone.time, now }));
            }
            let content = content_of(source, tombstone)?;
            if let Some(window) = tombstone.retention.evidence_seconds {
                for dropped in &content.evidence {
                    tombstone.check_window("evidence", dropped.seen, window).map_err(fault)?;
                }
            }
            self.last_pins = content.pins.clone();
            self.add(tombstone, content);
            self.last = Some(signed);
            if (self.entries.0.len() + self.bodies.0.len()) as u64 > limits.runs {
                return Err(AuditError::TombstoneLimit { what: "runs", limit: limits.runs });
            }
        }
        self.entries.0.sort_by_key(|(run, _)| run.first);
        self.bodies.0.sort_by_key(|(run, _)| run.first);
        Ok(self.all.len() as u64 > first)
    }
    fn add(&mut self, tombstone: &Tombstone, content: TombstoneContent) {
        let position = self.all.len();
        self.entries.0.extend(content.entries.as_slice().iter().map(|run| (*run, position)));
        self.bodies.0.extend(content.bodies.as_slice().iter().map(|run| (*run, position)));
        self.bodies_of.push(Bodies {
            digest: BodyDigest::new(tombstone.bodies.from),
            seen: 0,
            expected: content.bodies_sha256,
            pins: content.pins,
        });
        self.roots.insert(tombstone.tree_size, (tombstone.number, tombstone.root));
        self.all.push(*tombstone);
    }
    /// What must be there: what the last tombstone kept, what the log says is pinned, and what the auditor knows of. What was
    /// taken out after the last tombstone is there too, since nothing went without one.
    pub(super) fn pin(&mut self, source: &impl Source, known: Option<&Pins>) -> Result<(), AuditError> {
        let published = match source.get("pins.json", MAX_RETENTION_FILE_BYTES)? {
            Some(bytes) => Pins::from_bytes(&bytes).map_err(|source| AuditError::Pins { source })?,
            None => Pins::default(),
        };
        self.pinned.clear();
        self.pinned_of.clear();
        self.seen_pins.clear();
        let mut listed = BTreeSet::new();
        for pin in self.last_pins.iter().chain(published.iter()).chain(known.into_iter().flat_map(Pins::iter))
        {
            let PinnedRange { agent, program_id, first, last } = pin.records;
            if listed.insert((pin.name.as_str(), agent, program_id, first, last)) {
                self.pinned_of.entry((agent, program_id)).or_default().push(self.pinned.len());
                self.pinned.push((pin.name.clone(), pin.records));
            }
        }
        Ok(())
    }
    /// The tombstone with which an entry went.
    pub(super) fn of_entry(&self, index: u64) -> Option<u64> {
        self.entries.of(index).and_then(|position| self.all.get(position)).map(|tombstone| tombstone.number)
    }
    /// An entry that is there: whether a tombstone lists its body, which must then not have been pinned.
    pub(super) fn take(&mut self, index: u64, entry: &Entry) -> Result<Option<u64>, AuditError> {
        let header = &entry.signed.header;
        for position in self.pinned_of.get(&(header.agent, header.program_id)).into_iter().flatten() {
            if self.pinned.get(*position).is_some_and(|(_, records)| keeps(records, header)) {
                self.seen_pins.insert(*position);
            }
        }
        let Some(position) = self.bodies.of(index) else { return Ok(None) };
        let (Some(tombstone), Some(bodies)) = (self.all.get(position), self.bodies_of.get_mut(position))
        else {
            return Ok(None);
        };
        bodies.digest.push(index, &entry.body);
        bodies.seen += 1;
        if let Some(pin) = bodies.pins.iter().find(|pin| keeps(&pin.records, header)) {
            return Err(AuditError::PinnedBody {
                number: tombstone.number,
                pin: pin.name.clone(),
                index,
                sequence: header.sequence,
            });
        }
        Ok(Some(tombstone.number))
    }
    /// Records of a chain that are not there: none of them is pinned.
    pub(super) fn check_skipped(&self, header: &Header, skipped: &Range<u64>) -> Result<(), AuditError> {
        let (agent, program_id) = (header.agent, header.program_id);
        let its = self.pinned_of.get(&(agent, program_id)).into_iter().flatten();
        for (pin, records) in its.filter_map(|position| self.pinned.get(*position)) {
            let first = records.first.max(skipped.start);
            if first <= records.last && first < skipped.end {
                return Err(AuditError::PinnedEntry { pin: pin.clone(), agent, program_id, sequence: first });
            }
        }
        Ok(())
    }
    /// Whether anything is pinned.
    pub(super) fn has_pins(&self) -> bool {
        !self.pinned.is_empty()
    }
    /// At the sizes that tombstones name the tree has the roots that they name.
    pub(super) fn check_root(&self, size: u64, root: impl FnOnce() -> Hash) -> Result<(), AuditError> {
        let Some((number, named)) = self.roots.get(&size) else { return Ok(()) };
        match root() {
            rebuilt if rebuilt == *named => Ok(()),
            rebuilt => Err(AuditError::TombstoneRoot { number: *number, size, named: *named, rebuilt }),
        }
    }
    /// Where all entries of a tombstone's bodies were there, their hashes are the ones that it names.
    pub(super) fn finish(&mut self) -> Result<PrunedReport, AuditError> {
        let mut digests_checked = 0;
        for (tombstone, bodies) in self.all.iter().zip(std::mem::take(&mut self.bodies_of)) {
            if bodies.seen != tombstone.bodies.dropped || bodies.seen == 0 {
                continue;
            }
            if bodies.digest.finish() != bodies.expected {
                return Err(AuditError::TombstoneBodies { number: tombstone.number });
            }
            digests_checked += 1;
        }
        Ok(PrunedReport {
            tombstones: self.all.len() as u64,
            last: self.all.last().copied(),
            digests_checked,
            pins: self.pinned.len() as u64,
            pins_unseen: (self.pinned.len() - self.seen_pins.len()) as u64,
        })
    }
}

/// What an audit says of tombstones and pins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PrunedReport {
    /// Tombstones: all signed, in order, and by the promise.
    pub tombstones: u64,
    /// The last of them.
    pub last: Option<Tombstone>,
    /// Tombstones whose bodies' hashes were compared with the entries, all of which are there.
    pub digests_checked: u64,
    /// Runs of records that are pinned: by the log, by its last tombstone, or by the auditor.
    pub pins: u64,
    /// Those of which no record was there: the log may never have had any.
    pub pins_unseen: u64,
}

fn keeps(records: &PinnedRange, header: &Header) -> bool {
    records.agent == header.agent
        && records.program_id == header.program_id
        && (records.first..=records.last).contains(&header.sequence)
}

fn content_of(source: &impl Source, tombstone: &Tombstone) -> Result<TombstoneContent, AuditError> {
    let number = tombstone.number;
    let file = content_path(&tombstone.content);
    let limit = MAX_TOMBSTONE_CONTENT_BYTES.min(tombstone.content.bytes);
    let bytes = source.get(&file, limit)?.ok_or(AuditError::Missing { file, index: None })?;
    TombstoneContent::from_bytes(&bytes, tombstone)
        .map_err(|source: ContentError| AuditError::TombstoneContent { number, source })
}

/// The tombstone of this number, if it lists the body of an entry; `None` if there is no such tombstone, or it does not.
///
/// Owes: the tombstones before it, which an audit goes through.
pub fn listed_body(
    source: &impl Source,
    log: &VerifierKey,
    number: u64,
    index: u64,
) -> Result<Option<Tombstone>, AuditError> {
    let Some(bytes) = source.get(&tombstone_path(number), MAX_NOTE_BYTES as u64)? else { return Ok(None) };
    let signed =
        SignedTombstone::parse(&bytes, log).map_err(|source| AuditError::Tombstone { number, source })?;
    let tombstone = signed.tombstone();
    let got = tombstone.number;
    if got != number {
        let source = TombstoneFault::Number { expected: number, got };
        return Err(AuditError::TombstoneFault { number, source });
    }
    let lists = content_of(source, tombstone)?.bodies.contains(index);
    Ok(lists.then_some(*tombstone))
}
