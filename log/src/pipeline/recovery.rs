//! Opening a log: what is there is gone through before anything is accepted or signed. Source: docs/spec/log.md.

use crate::disk::Disk;
use crate::pipeline::chains::Chains;
use crate::pipeline::check;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{CHECKPOINT, Files, HEADS, INDEX, REGISTRATIONS, SIGNED, VERIFIER_KEY};
use crate::pipeline::heads::{Head, Heads};
use crate::pipeline::index::{Index, Indexed};
use crate::pipeline::journal::{FrameView, Scanned, list_segments, scan, segment_name};
use crate::pipeline::registration::{Registration, decode_registrations};
use crate::pipeline::settings::{LogSettings, OpenCheck};
use crate::pipeline::shared::{Tail, TailEntry};
use crate::pipeline::submission::{Ticket, hold};
use crate::pipeline::tiles::Tiles;
use crate::pipeline::tombstones::{Told, read_tombstones};
use crate::pipeline::usage::all_objects;
use candor_trace::tlog::{
    BundleId, CheckpointRejected, Hash, Note, QuorumPolicy, SignedCheckpoint, TILE_WIDTH, VerifierKey,
    leaf_hash,
};
use candor_trace::{ChainError, Entry};
use std::sync::Arc;

/// Entries that are indexed in one transaction when the index is made again.
const INDEX_BATCH: usize = 65_536;

/// What opening a log found and did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecoveryReport {
    /// Entries of the log.
    pub sequenced: u64,
    /// Entries under the last checkpoint that was signed.
    pub signed: u64,
    /// Entries under the published checkpoint; `None` if there is none yet.
    pub published: Option<u64>,
    /// Bytes behind the journal's last intact frame, which a crash left and nobody was told about. They were cut off.
    pub cut_bytes: u64,
    /// Entries that were indexed again, because the index was missing, unreadable or behind.
    pub indexed: u64,
}

/// What a log needs to go on.
pub(crate) struct Recovered {
    pub(crate) report: RecoveryReport,
    pub(crate) chains: Chains,
    pub(crate) index: Index,
    /// Below this index entries may have been pruned.
    pub(crate) oldest: u64,
    pub(crate) told: Told,
    pub(crate) tail: Tail,
    pub(crate) scanned: Scanned,
    pub(crate) signed: (u64, Hash),
    pub(crate) published: Option<Note>,
}

/// Goes through a log; nothing but the index is changed.
///
/// Owes: the lock.
pub(crate) fn recover<D: Disk>(
    files: &Files<D>,
    settings: &LogSettings,
    key: &VerifierKey,
) -> Result<Recovered, PipelineError> {
    check_key(files, key)?;
    let own = own_policy(key)?;
    let signed = checkpoint_of(files, SIGNED, &files.require(SIGNED)?, &own)?;
    let (size, root) = (signed.checkpoint().size(), *signed.checkpoint().root());
    let tiles = Tiles::new(files);
    check::check_edge(&tiles, size, &root)?;
    let published = check_published(files, &own, &tiles, size)?;
    if settings.open_check == OpenCheck::Everything {
        check::check_tiles(&tiles, size)?;
    }
    let chains = Chains::new(read_registrations(files)?);
    let heads = Heads::read(files)?;
    let oldest = heads.size;
    if oldest > size {
        return Err(files.damaged(HEADS, FileDamage::Beyond { signed: size, got: oldest }));
    }
    let told = Told::read(files, &read_tombstones(files, key)?)?;
    let listed = told.tombstones.last().map_or(0, |last| last.entries.to);
    if listed > oldest {
        // The ends were durable before the tombstone was: these are an older copy.
        return Err(files.damaged(HEADS, FileDamage::Behind { listed, got: oldest }));
    }
    let mut recovery = Recovery { files, tiles: &tiles, size, heads: &heads, chains: &chains, indexed: 0 };
    let (index, index_size) = recovery.open_index(settings)?;
    recovery.heads(settings, &index)?;
    let (scanned, tail) = recovery.journal(settings, &index, index_size)?;
    recovery.remembered(settings, &own, &scanned, &tail)?;
    let report = RecoveryReport {
        sequenced: scanned.size,
        signed: size,
        published: published.as_ref().map(|(size, _)| *size),
        cut_bytes: scanned.cut_bytes,
        indexed: recovery.indexed,
    };
    let published = published.map(|(_, note)| note);
    Ok(Recovered { report, chains, index, oldest, told, tail, scanned, signed: (size, root), published })
}

/// The log's key is the one that is to sign.
fn check_key<D: Disk>(files: &Files<D>, key: &VerifierKey) -> Result<(), PipelineError> {
    let damaged = |damage| files.damaged_public(VERIFIER_KEY, damage);
    let bytes = files.get_public(VERIFIER_KEY)?.ok_or_else(|| damaged(FileDamage::Missing))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let expected =
        VerifierKey::parse(text.trim_end_matches('\n')).map_err(|error| damaged(FileDamage::Key(error)))?;
    match expected == *key {
        true => Ok(()),
        false => Err(PipelineError::OtherKey { expected: expected.to_string(), got: key.to_string() }),
    }
}

/// Signed by this key is enough.
fn own_policy(key: &VerifierKey) -> Result<QuorumPolicy, PipelineError> {
    QuorumPolicy::new(key.clone(), Vec::new(), 0).map_err(|_| PipelineError::OtherKey {
        expected: "a key of type 1 (Ed25519)".to_owned(),
        got: key.to_string(),
    })
}

fn checkpoint_of<D: Disk>(
    files: &Files<D>,
    name: &str,
    bytes: &[u8],
    own: &QuorumPolicy,
) -> Result<SignedCheckpoint, PipelineError> {
    own.check_bytes(bytes).map_err(|error| files.damaged(name, FileDamage::Checkpoint(Box::new(error))))
}

/// The published checkpoint is of a tree that the signed one begins with.
fn check_published<D: Disk>(
    files: &Files<D>,
    own: &QuorumPolicy,
    tiles: &Tiles<'_, D>,
    signed: u64,
) -> Result<Option<(u64, Note)>, PipelineError> {
    let Some(bytes) = files.get_public(CHECKPOINT)? else { return Ok(None) };
    let damaged = |damage| files.damaged_public(CHECKPOINT, damage);
    let malformed =
        |error| damaged(FileDamage::Checkpoint(Box::new(CheckpointRejected::MalformedNote(error))));
    let note = Note::parse(&bytes).map_err(malformed)?;
    let checked = own.check(&note).map_err(|error| damaged(FileDamage::Checkpoint(Box::new(error))))?;
    let (size, expected) = (checked.checkpoint().size(), *checked.checkpoint().root());
    if size > signed {
        return Err(damaged(FileDamage::NotSigned { signed, got: size }));
    }
    let got = tiles.root_at(size, signed)?;
    if got != expected {
        return Err(damaged(FileDamage::RootMismatch {
            size,
            expected: Box::new(expected),
            got: Box::new(got),
        }));
    }
    Ok(Some((size, note)))
}

fn read_registrations<D: Disk>(files: &Files<D>) -> Result<Vec<Registration>, PipelineError> {
    decode_registrations(&files.require(REGISTRATIONS)?)
        .map_err(|damage| files.damaged(REGISTRATIONS, damage))
}

struct Recovery<'a, D: Disk> {
    files: &'a Files<D>,
    tiles: &'a Tiles<'a, D>,
    /// Signed size.
    size: u64,
    /// The chains' ends where entries begin that are certainly there.
    heads: &'a Heads,
    chains: &'a Chains,
    /// Entries that were indexed again.
    indexed: u64,
}

impl<D: Disk> Recovery<'_, D> {
    /// The index, and how many entries it had; one that cannot be used is made again up to the signed size.
    fn open_index(&mut self, settings: &LogSettings) -> Result<(Index, u64), PipelineError> {
        let cache = settings.index_cache_bytes;
        let (index, had) = match Index::open(self.files, cache, settings.open_check)? {
            Some(opened) => opened,
            None => (Index::create(self.files, cache)?, 0),
        };
        if had < self.size {
            self.index_entries(&index, had)?;
        }
        Ok((index, had))
    }
    fn index_entries(&mut self, index: &Index, from: u64) -> Result<(), PipelineError> {
        let mut batch: Vec<(u64, u32, Entry)> = Vec::new();
        let flush = |batch: &mut Vec<(u64, u32, Entry)>| {
            let entries: Vec<Indexed<'_>> = batch
                .iter()
                .map(|(index, chain, entry)| Indexed {
                    index: *index,
                    chain: *chain,
                    header: &entry.signed.header,
                    record_hash: entry.record_hash(),
                    body_hash: entry.body,
                    frame: None,
                })
                .collect();
            let result = index.append(&entries);
            batch.clear();
            result
        };
        let mut add = |position: u64, bytes: &[u8], _| {
            let (entry, chain) = self.decode(position, bytes)?;
            batch.push((position, chain, entry));
            if batch.len() == INDEX_BATCH { flush(&mut batch) } else { Ok(()) }
        };
        let oldest = self.heads.size;
        if from < oldest {
            for bundle in kept_bundles(self.files, oldest)? {
                let start = bundle.start_index();
                check::check_entries(
                    self.tiles,
                    start.max(from),
                    start.saturating_add(TILE_WIDTH),
                    &mut add,
                )?;
            }
        }
        check::check_entries(self.tiles, from.max(oldest), self.size, add)?;
        flush(&mut batch)?;
        self.indexed = self.size - from;
        Ok(())
    }
    /// An entry of the tree, and its chain.
    fn decode(&self, index: u64, bytes: &[u8]) -> Result<(Entry, u32), PipelineError> {
        let damaged = |damage| self.files.damaged(&bundle_name(index), damage);
        let entry = Entry::from_bytes(bytes).map_err(|error| damaged(FileDamage::Undecodable(error)))?;
        let header = &entry.signed.header;
        match self.chains.find(&header.agent, &header.program_id) {
            Some(slot) => Ok((entry, slot.number)),
            None => Err(self.files.damaged(REGISTRATIONS, FileDamage::Unregistered { index })),
        }
    }
    /// Puts every chain's end where the tree, or the index, left it.
    fn heads(&self, settings: &LogSettings, index: &Index) -> Result<(), PipelineError> {
        for Head { header, record_hash } in &self.heads.chains {
            let slot = self.chains.find(&header.agent, &header.program_id);
            let damaged = |damage| self.files.damaged(HEADS, damage);
            let slot = slot.ok_or_else(|| damaged(FileDamage::Unregistered { index: self.heads.size }))?;
            // The hash is the one that the entry had: it says whether the header still is.
            if header.record_hash(&slot.registration.domain) != *record_hash {
                return Err(damaged(FileDamage::HashMismatch));
            }
            self.chains.restore(&slot, header, *record_hash);
        }
        if settings.open_check == OpenCheck::Everything {
            return check::check_entries(self.tiles, self.heads.size, self.size, |position, bytes, _| {
                let (entry, chain) = self.decode(position, bytes)?;
                self.advance(&bundle_name(position), position, &entry, chain)
            });
        }
        let mismatch = || self.files.damaged(INDEX, FileDamage::IndexMismatch { index: self.size });
        for head in index.heads()?.ok_or_else(mismatch)? {
            let slot = self.chains.by_number(head.chain).ok_or_else(mismatch)?;
            let registered = (slot.registration.agent, slot.registration.program_id);
            let record_hash = head.header.record_hash(&slot.registration.domain);
            if registered != (head.header.agent, head.header.program_id) || record_hash != head.record_hash {
                return Err(mismatch());
            }
            self.chains.restore(&slot, &head.header, head.record_hash);
        }
        Ok(())
    }
    /// Moves a chain's end over an entry that continues it.
    fn advance(&self, file: &str, index: u64, entry: &Entry, chain: u32) -> Result<(), PipelineError> {
        let Some(slot) = self.chains.by_number(chain) else { return Ok(()) };
        let header = &entry.signed.header;
        let damaged =
            |source| self.files.damaged(file, FileDamage::Chain { index, source: Box::new(source) });
        let head = hold(&slot.head).clone();
        let (expected, got) = (head.sequence(), header.sequence);
        if expected != got {
            return Err(damaged(ChainError::SequenceGap { expected, got }));
        }
        let (expected, got) = (head.previous_record(), header.previous_record);
        if expected != got {
            return Err(damaged(ChainError::PreviousRecordMismatch { expected, got }));
        }
        self.chains.restore(&slot, header, entry.record_hash());
        Ok(())
    }
    /// Goes through the journal as far as needed; entries beyond the signed tree become the tail.
    fn journal(
        &mut self,
        settings: &LogSettings,
        index: &Index,
        index_size: u64,
    ) -> Result<(Scanned, Tail), PipelineError> {
        let segments = list_segments(self.files)?;
        let needed = match settings.open_check {
            OpenCheck::Everything => 0,
            OpenCheck::Edge => index_size.min(self.size),
        };
        let first = segments.partition_point(|segment| *segment <= needed).saturating_sub(1);
        let segments = segments.get(first..).unwrap_or_default();
        if let Some(gap) = segments.first().filter(|segment| **segment > self.size) {
            let damage = FileDamage::SegmentGap { expected: self.size };
            return Err(self.files.damaged(&segment_name(*gap), damage));
        }
        let mut tail = Tail { base: self.size, ..Tail::default() };
        let mut frames = Vec::new();
        let scanned = scan(self.files, segments, |frame| {
            if frame.index >= self.size {
                tail.entries.push_back(self.tail_entry(frame)?);
            } else if frame.index >= index_size {
                frames.push((frame.index, (frame.segment, frame.offset)));
                if frames.len() == INDEX_BATCH {
                    index.add_frames(&frames)?;
                    frames.clear();
                }
            }
            Ok(())
        })?;
        index.add_frames(&frames)?;
        let known = self.size.max(index_size);
        if scanned.size < known {
            let damage = FileDamage::JournalShort { journal: scanned.size, known };
            return Err(self.files.damaged(&segment_name(scanned.last_segment), damage));
        }
        Ok((scanned, tail))
    }
    fn tail_entry(&self, frame: &FrameView<'_>) -> Result<TailEntry, PipelineError> {
        let name = segment_name(frame.segment);
        let content = || self.files.damaged(&name, FileDamage::FrameContent { offset: frame.offset });
        let entry = Entry::from_bytes(frame.entry).map_err(|_| content())?;
        let header = &entry.signed.header;
        let slot = self.chains.find(&header.agent, &header.program_id).ok_or_else(content)?;
        // The index may have been ahead of the signed tree, and the chain's end with it.
        if header.sequence >= hold(&slot.head).sequence() {
            self.advance(&name, frame.index, &entry, slot.number)?;
        }
        let (bytes, record_hash) = (frame.entry.to_vec(), entry.record_hash());
        let sequence = header.sequence;
        let leaf = leaf_hash(&bytes);
        let ticket = Arc::new(Ticket::durable(entry, bytes, record_hash, leaf, frame.index));
        hold(&slot.recent).insert(sequence, ticket.clone());
        Ok(TailEntry { slot, ticket, frame: (frame.segment, frame.offset) })
    }
    /// The log reaches and contains every checkpoint that somebody remembers.
    fn remembered(
        &self,
        settings: &LogSettings,
        own: &QuorumPolicy,
        scanned: &Scanned,
        tail: &Tail,
    ) -> Result<(), PipelineError> {
        for note in &settings.remembered {
            let checked = own.check_bytes(note).map_err(|source| PipelineError::Remembered { source })?;
            let (size, remembered) = (checked.checkpoint().size(), *checked.checkpoint().root());
            let path = self.files.path();
            if size > scanned.size {
                return Err(PipelineError::Behind { path, remembered: size, got: scanned.size });
            }
            let got = match size <= self.size {
                true => self.tiles.root_at(size, self.size)?,
                false => {
                    let mut frontier = self.tiles.frontier(self.size)?;
                    for entry in tail.entries.iter().take((size - self.size) as usize) {
                        // Far fewer than a tree may have.
                        let _ = frontier.push(entry.ticket.leaf);
                    }
                    frontier.root()
                }
            };
            if got != remembered {
                return Err(PipelineError::Forked { path, size, remembered, got });
            }
        }
        Ok(())
    }
}

/// Full bundles that a pruning left below an index.
fn kept_bundles<D: Disk>(files: &Files<D>, below: u64) -> Result<Vec<BundleId>, PipelineError> {
    let names = all_objects(files, "tile/entries")?;
    let bundle = |name: &String| BundleId::parse(name).ok();
    let mut kept: Vec<BundleId> = names.iter().filter_map(bundle).collect();
    kept.retain(|id| id.is_full() && id.start_index() < below);
    kept.sort();
    Ok(kept)
}

/// Name of the full bundle that holds an entry, for messages.
fn bundle_name(index: u64) -> String {
    let id = candor_trace::tlog::BundleId::new(index / candor_trace::tlog::TILE_WIDTH, 256);
    format!("public/{}", id.map(|id| id.path()).unwrap_or_default())
}
