//! What a tombstone lists: which indices, by runs, and what pins kept. Source: docs/spec/log.md, "Tombstones".

use super::{ContentDigest, Pin, PinError, PinnedRange, Pins};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use candor_trace::tlog::Hash;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// First eight bytes of the file.
pub const TOMBSTONE_CONTENT_MAGIC: [u8; 8] = *b"CANDORTB";
/// Longest file: what is read of an object.
pub const MAX_TOMBSTONE_CONTENT_BYTES: u64 = crate::objects::MAX_OBJECT_BYTES;
/// Runs of bodies that one pruning lists; what comes after them goes with the next one.
pub const MAX_BODY_RUNS: usize = 1 << 20;

/// Neighbouring indices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Run {
    /// The first.
    pub first: u64,
    /// How many; not 0.
    pub count: u64,
}

impl Run {
    /// The index behind the last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }
}

/// Indices in ascending order, as runs between which at least one index is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// The runs.
    #[must_use]
    pub fn as_slice(&self) -> &[Run] {
        &self.0
    }
    /// How many indices.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum, run| sum.saturating_add(run.count))
    }
    /// Whether an index is in a run.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        let behind = self.0.partition_point(|run| run.first <= index);
        behind.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|run| index < run.end())
    }
    /// Adds indices above all that are there.
    ///
    /// Owes: that they are.
    pub fn push(&mut self, first: u64, count: u64) {
        match self.0.last_mut() {
            _ if count == 0 => {}
            Some(last) if last.end() == first => last.count = last.count.saturating_add(count),
            _ => self.0.push(Run { first, count }),
        }
    }
    /// Adds the indices of others, wherever they are.
    pub fn merge(&mut self, others: &Self) {
        let mut all: Vec<Run> = self.0.iter().chain(&others.0).copied().collect();
        all.sort_by_key(|run| run.first);
        self.0.clear();
        for run in all {
            match self.0.last_mut() {
                Some(last) if run.first <= last.end() => last.count = last.end().max(run.end()) - last.first,
                _ => self.0.push(run),
            }
        }
    }
    /// They are in order, and end below a size.
    fn check(&self, what: &'static str, below: u64) -> Result<(), ContentError> {
        let mut free = 0;
        for (position, run) in self.0.iter().enumerate() {
            let refused = ContentError::Run { what, position };
            let end = run.first.checked_add(run.count).ok_or(refused.clone())?;
            if run.count == 0 || run.first < free || end > below {
                return Err(refused);
            }
            // A neighbour would have been the same run.
            free = end.saturating_add(1);
        }
        Ok(())
    }
}

/// A body that stays although its neighbours go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub struct KeptBody {
    /// Its entry.
    pub index: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A piece of evidence that went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub struct DroppedEvidence {
    /// Who equivocated.
    pub agent: [u8; 20],
    /// Hash of the refused record.
    pub record_hash: [u8; 32],
    /// When a mark first saw it. Units: Unix seconds.
    pub seen: u64,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct File {
    entries: Runs,
    bodies: Runs,
    bodies_sha256: [u8; 32],
    kept_bodies: Vec<KeptBody>,
    evidence: Vec<DroppedEvidence>,
    pins: Vec<(String, PinnedRange)>,
}

/// What one pruning took away, by index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TombstoneContent {
    /// Entries that went: whole bundles.
    pub entries: Runs,
    /// Entries whose bodies went.
    pub bodies: Runs,
    /// The hash over those bodies ([`BodyDigest`]).
    pub bodies_sha256: [u8; 32],
    /// Bodies of this range that stay because of a pin.
    pub kept_bodies: Vec<KeptBody>,
    /// Evidence that went.
    pub evidence: Vec<DroppedEvidence>,
    /// Pins that were kept to; without the operator's reasons.
    pub pins: Pins,
}

/// The hash over bodies that went: those that an earlier tombstone still kept, then those of its own range, so that neither
/// need be held while the other is found.
#[derive(Clone, Default)]
pub struct BodyDigest {
    from: u64,
    before: Sha256,
    own: Sha256,
}

impl BodyDigest {
    /// Of a tombstone whose bodies begin at this index.
    #[must_use]
    pub fn new(from: u64) -> Self {
        Self { from, ..Self::default() }
    }
    /// The next body's entry and hash; in order on either side of where the tombstone's range begins.
    pub fn push(&mut self, index: u64, hash: &[u8; 32]) {
        let part = if index < self.from { &mut self.before } else { &mut self.own };
        part.update(index.to_le_bytes());
        part.update(hash);
    }
    /// SHA-256 of the two parts' SHA-256, each over (index, 8 bytes little endian || body hash).
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let parts = [self.before, self.own].map(Sha256::finalize);
        parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
    }
}

/// Why bytes are no content of a tombstone.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ContentError {
    /// It is not what the tombstone names.
    #[error("its SHA-256 or length is not what the tombstone names")]
    Digest,
    /// It cannot be decoded.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A run is empty, out of order, or beyond the range that is pruned.
    #[error("run {position} of {what} is empty, not in order, or beyond what is settled")]
    Run {
        /// `entries` or `bodies`.
        what: &'static str,
        /// Position among them.
        position: usize,
    },
    /// Other numbers than the tombstone says.
    #[error("{got} {what} are listed, the tombstone says {expected}")]
    Count {
        /// `entries` or `bodies`.
        what: &'static str,
        /// Of the tombstone.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// Kept bodies are not in order, or one of them is listed as gone.
    #[error("kept body {position} is not in order, or is listed as gone too")]
    Kept {
        /// Position among them.
        position: usize,
    },
    /// The pins are none.
    #[error("pins: {0}")]
    Pin(#[from] PinError),
}

impl TombstoneContent {
    /// The file, and what a tombstone names it by.
    #[must_use]
    pub fn to_bytes(&self) -> (Vec<u8>, ContentDigest) {
        let file = File {
            entries: self.entries.clone(),
            bodies: self.bodies.clone(),
            bodies_sha256: self.bodies_sha256,
            kept_bodies: self.kept_bodies.clone(),
            evidence: self.evidence.clone(),
            pins: self.pins.iter().map(|pin| (pin.name.clone(), pin.records)).collect(),
        };
        let bytes = encode_file(&TOMBSTONE_CONTENT_MAGIC, &file);
        let sha256 = Hash(Sha256::digest(&bytes).into());
        let digest = ContentDigest { bytes: bytes.len() as u64, sha256 };
        (bytes, digest)
    }
    /// Strictly decodes the content of a tombstone.
    pub fn from_bytes(bytes: &[u8], tombstone: &super::Tombstone) -> Result<Self, ContentError> {
        let sha256 = Hash(Sha256::digest(bytes).into());
        if (ContentDigest { bytes: bytes.len() as u64, sha256 }) != tombstone.content {
            return Err(ContentError::Digest);
        }
        let file: File = decode_file(&TOMBSTONE_CONTENT_MAGIC, MAX_TOMBSTONE_CONTENT_BYTES, bytes)?;
        let ranges =
            [("entries", &file.entries, tombstone.entries), ("bodies", &file.bodies, tombstone.bodies)];
        for (what, runs, range) in ranges {
            runs.check(what, range.to)?;
            let (expected, got) = (range.dropped, runs.count());
            if expected != got {
                return Err(ContentError::Count { what, expected, got });
            }
        }
        let mut before = None;
        for (position, kept) in file.kept_bodies.iter().enumerate() {
            let gone = kept.index >= tombstone.bodies.to || file.bodies.contains(kept.index);
            if gone || before.is_some_and(|before| before >= kept.index) {
                return Err(ContentError::Kept { position });
            }
            before = Some(kept.index);
        }
        let mut pins = Pins::default();
        for (name, records) in file.pins {
            pins.add(Pin { name, records, reason: String::new() })?;
        }
        Ok(Self {
            entries: file.entries,
            bodies: file.bodies,
            bodies_sha256: file.bodies_sha256,
            kept_bodies: file.kept_bodies,
            evidence: file.evidence,
            pins,
        })
    }
}

/// Name of a tombstone's object.
#[must_use]
pub fn tombstone_path(number: u64) -> String {
    format!("tombstone/{number}")
}

/// Name of the object with a tombstone's content: by its hash.
#[must_use]
pub fn content_path(content: &ContentDigest) -> String {
    format!("tombstone/content/{}", hex::encode(content.sha256.0))
}
