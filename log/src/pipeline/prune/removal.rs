//! What is to go: looked for, checked and listed before anything is changed.

use super::{PruneReport, Pruning, Settled};
use crate::disk::Disk;
use crate::pipeline::check::{check_edge, check_entries};
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{BODIES, EVIDENCE, Files, SIGNED};
use crate::pipeline::heads::{Head, Heads};
use crate::pipeline::journal::{list_segments, read_body, scan_closed, segment_name};
use crate::pipeline::tiles::Tiles;
use crate::pipeline::usage::{Usage, all_objects, file_bytes, object_bytes};
use crate::retention::{BodyDigest, DroppedEvidence, KeptBody, Marks, Runs, TombstoneContent};
use candor_trace::Entry;
use candor_trace::tlog::{BundleId, Checkpoint, Note, TILE_WIDTH, bundle_entries};
use std::collections::{BTreeMap, BTreeSet};

/// What is to go, by name.
pub(super) struct Removal {
    /// Public objects.
    pub(super) bundles: Vec<String>,
    pub(super) bundles_pinned: u64,
    pub(super) segments: Vec<String>,
    /// Where pinned bodies of those segments are, if they were handed in, by hash.
    pub(super) bodies: BTreeMap<[u8; 32], (u64, u64)>,
    /// Names of bodies beside the journal that nothing pins any more.
    pub(super) old_bodies: Vec<String>,
    /// Names of pieces of evidence.
    pub(super) evidence: Vec<String>,
    /// What of it no tombstone lists yet.
    pub(super) content: TombstoneContent,
    /// Below these indices entries, and bodies, are settled and listed.
    pub(super) entries_to: u64,
    pub(super) bodies_to: u64,
}

/// What is found while the journal is gone through.
struct Bodies {
    moved: BTreeMap<[u8; 32], (u64, u64)>,
    dropped: Runs,
    digest: BodyDigest,
    kept: Vec<KeptBody>,
}

impl<D: Disk> Pruning<'_, D> {
    /// The chains' ends at the minimum index; every entry on the way is checked against the signed tree.
    pub(super) fn heads(&self, settled: &Settled) -> Result<Heads, PipelineError> {
        let files = self.files;
        let mut heads = Heads::read(files)?;
        if heads.size >= settled.plan.minimum_index {
            return Ok(heads);
        }
        let tiles = Tiles::new(files);
        let signed = Note::parse(&files.require(SIGNED)?).ok();
        let signed = signed.and_then(|note| Checkpoint::parse(note.text()).ok());
        let signed = signed.ok_or_else(|| files.damaged(SIGNED, FileDamage::Missing))?;
        if signed.size() < settled.published.0 {
            let damage = FileDamage::NotSigned { signed: signed.size(), got: settled.published.0 };
            return Err(files.damaged(SIGNED, damage));
        }
        check_edge(&tiles, signed.size(), signed.root())?;
        let place = |entry: &Entry| (entry.signed.header.agent, entry.signed.header.program_id);
        let known = heads.chains.iter().map(|head| (head.header.agent, head.header.program_id));
        let mut positions: BTreeMap<_, usize> = known.zip(0..).collect();
        check_entries(&tiles, heads.size, settled.plan.minimum_index, |index, bytes, _| {
            if index.is_multiple_of(TILE_WIDTH) {
                self.check_running()?;
            }
            let entry = Entry::from_bytes(bytes)
                .map_err(|error| files.damaged_public(&bundle_path(index), FileDamage::Undecodable(error)))?;
            let record_hash = entry.record_hash();
            let position = *positions.entry(place(&entry)).or_insert(heads.chains.len());
            let head = Head { header: entry.signed.header, record_hash };
            match heads.chains.get_mut(position) {
                Some(there) => *there = head,
                None => heads.chains.push(head),
            }
            Ok(())
        })?;
        heads.size = settled.plan.minimum_index;
        Ok(heads)
    }
    /// What may go, with entries below `heads.size` known by the chains' ends.
    pub(super) fn removal(
        &self,
        settled: &Settled,
        heads: &Heads,
        marks: &Marks,
        now: u64,
    ) -> Result<Removal, PipelineError> {
        let last = settled.told.tombstones.last();
        let (listed_entries, listed_bodies) = last.map_or((0, 0), |last| (last.entries.to, last.bodies.to));
        // Only what a mark covers: that is what the tombstone names.
        let marked = settled.plan.minimum_index.min(heads.size);
        let covered = if marked <= settled.entries_mark.size { marked } else { listed_entries };
        let entries_to = covered.max(listed_entries);
        let (mut bundles, mut bundles_pinned) = (Vec::new(), 0);
        let (mut pinned_bundles, mut there) = (BTreeSet::new(), BTreeSet::new());
        let mut pinned_bodies = BTreeSet::new();
        for name in all_objects(self.files, "tile/entries")? {
            let looked_at = entries_to.max(settled.plan.minimum_index);
            let id = BundleId::parse(&name).ok().filter(|id| id.full().start_index() < looked_at);
            let Some(id) = id else { continue };
            // A partial one may be swept away meanwhile: its full one is there.
            let Some(pinned) = self.pinned_bodies(settled, &name, &id)? else { continue };
            if id.full().start_index() >= entries_to {
                pinned_bodies.extend(pinned);
                continue;
            }
            there.insert(id.index());
            if pinned.is_empty() {
                bundles.push(name);
            } else {
                bundles_pinned += 1;
                pinned_bundles.insert(id.index());
                pinned_bodies.extend(pinned);
            }
        }
        let mut entries = Runs::default();
        for bundle in 0..entries_to / TILE_WIDTH {
            let first = bundle * TILE_WIDTH;
            let is_new = first >= listed_entries || there.contains(&bundle);
            if is_new && !pinned_bundles.contains(&bundle) && !settled.told.entries.contains(first) {
                entries.push(first, TILE_WIDTH);
            }
        }
        let (segments, bodies_to, found) = self.find_segments(settled, listed_bodies, &mut pinned_bodies)?;
        self.pinned_between(settled, entries_to.max(settled.plan.minimum_index), &mut pinned_bodies)?;
        let mut old_bodies = Vec::new();
        for name in self.files.list(BODIES)? {
            let hash = hex::decode(name.trim_end_matches(".new")).ok().and_then(|hash| hash.try_into().ok());
            if hash.is_none_or(|hash: [u8; 32]| !pinned_bodies.contains(&hash)) {
                old_bodies.push(format!("{BODIES}/{name}"));
            }
        }
        let (mut dropped, mut digest) = (Runs::default(), found.digest);
        for (index, hash) in
            settled.told.kept_bodies.iter().filter(|(_, hash)| !pinned_bodies.contains(*hash))
        {
            dropped.push(*index, 1);
            digest.push(*index, hash);
        }
        dropped.merge(&found.dropped);
        let evidence = self.evidence(settled, marks, now);
        Ok(Removal {
            bundles,
            bundles_pinned,
            segments: segments.iter().map(|first| segment_name(*first)).collect(),
            bodies: found.moved,
            old_bodies,
            evidence: evidence.iter().map(evidence_name).collect(),
            content: TombstoneContent {
                entries,
                bodies: dropped,
                bodies_sha256: digest.finish(),
                kept_bodies: found.kept,
                evidence,
                pins: settled.pins.without_reasons(),
            },
            entries_to,
            bodies_to,
        })
    }
    /// Body hashes of a bundle's pinned records; `None` if it is a partial one that is gone.
    fn pinned_bodies(
        &self,
        settled: &Settled,
        name: &str,
        id: &BundleId,
    ) -> Result<Option<Vec<[u8; 32]>>, PipelineError> {
        let damaged = |damage| self.files.damaged_public(name, damage);
        let bytes = match self.files.get_public(name)? {
            Some(bytes) => bytes,
            None if id.is_full() => return Err(damaged(FileDamage::Missing)),
            None => return Ok(None),
        };
        let entries = bundle_entries(id, &bytes).map_err(|error| damaged(FileDamage::Bundle(error)))?;
        let mut pinned = Vec::new();
        for entry in entries {
            let entry = Entry::from_bytes(entry).map_err(|error| damaged(FileDamage::Undecodable(error)))?;
            if settled.keeps(&entry) {
                pinned.push(entry.body);
            }
        }
        Ok(Some(pinned))
    }
    /// Segments whose bodies are all settled, and what becomes of those bodies. The last segment always stays.
    fn find_segments(
        &self,
        settled: &Settled,
        listed: u64,
        pinned_bodies: &mut BTreeSet<[u8; 32]>,
    ) -> Result<(Vec<u64>, u64, Bodies), PipelineError> {
        let minimum = settled.plan.minimum_body_index.min(settled.bodies_mark.size.max(listed));
        let segments = list_segments(self.files)?;
        let mut found = Bodies::before_any(&BodyDigest::new(listed));
        let (mut bodies_to, mut gone) = (listed, 0);
        for (position, next) in segments.iter().enumerate().skip(1) {
            let Some(segment) = segments.get(position - 1).filter(|_| *next <= minimum) else { break };
            self.check_running()?;
            let part =
                self.segment_bodies(settled, (*segment, *next), (listed, &found.digest), pinned_bodies)?;
            let runs = found.dropped.as_slice().len() + part.dropped.as_slice().len();
            // One segment always goes, however it looks.
            if gone > 0 && runs > settled.max_body_runs {
                break;
            }
            found.append(part);
            (bodies_to, gone) = (listed.max(*next), position);
        }
        Ok((segments.get(..gone).unwrap_or_default().to_vec(), bodies_to, found))
    }
    /// What becomes of the bodies in a segment, which is intact and continued by the next.
    fn segment_bodies(
        &self,
        settled: &Settled,
        (segment, next): (u64, u64),
        (listed, digest): (u64, &BodyDigest),
        pinned_bodies: &mut BTreeSet<[u8; 32]>,
    ) -> Result<Bodies, PipelineError> {
        let mut found = Bodies::before_any(digest);
        scan_closed(self.files, &[segment], next, |frame| {
            let name = segment_name(frame.segment);
            let damage = || self.files.damaged(&name, FileDamage::FrameContent { offset: frame.offset });
            let entry = Entry::from_bytes(frame.entry).map_err(|_| damage())?;
            let (index, hash) = (frame.index, entry.body);
            match settled.keeps(&entry) {
                true => {
                    pinned_bodies.insert(hash);
                    if frame.has_body {
                        found.moved.insert(hash, (frame.segment, frame.offset));
                    }
                    if frame.has_body && index >= listed {
                        found.kept.push(KeptBody { index, hash });
                    }
                }
                false if frame.has_body && index >= listed => {
                    found.dropped.push(index, 1);
                    found.digest.push(index, &hash);
                }
                false => {}
            }
            Ok(())
        })?;
        Ok(found)
    }
    /// Body hashes of pinned entries whose entries are all there, and whose bodies may be gone.
    fn pinned_between(
        &self,
        settled: &Settled,
        from: u64,
        pinned_bodies: &mut BTreeSet<[u8; 32]>,
    ) -> Result<(), PipelineError> {
        if settled.pins.is_empty() {
            return Ok(());
        }
        let end = settled.plan.minimum_body_index.min(settled.published.0);
        check_entries(&Tiles::new(self.files), from, end, |index, bytes, _| {
            let entry = Entry::from_bytes(bytes).map_err(|error| {
                self.files.damaged_public(&bundle_path(index), FileDamage::Undecodable(error))
            })?;
            if settled.keeps(&entry) {
                pinned_bodies.insert(entry.body);
            }
            Ok(())
        })
    }
    fn evidence(&self, settled: &Settled, marks: &Marks, now: u64) -> Vec<DroppedEvidence> {
        let Some(window) = settled.retention.evidence_seconds else { return Vec::new() };
        let dropped = |name: &str| {
            let (agent, record) = name.split_once('/')?;
            Some(DroppedEvidence {
                agent: hex::decode(agent).ok()?.try_into().ok()?,
                record_hash: hex::decode(record).ok()?.try_into().ok()?,
                seen: marks.evidence_seen(name)?,
            })
        };
        let gone = marks.settled_evidence(now, window).filter_map(dropped);
        gone.filter(|dropped| !settled.pins.names_agent(&dropped.agent)).collect()
    }
}

impl Bodies {
    /// Nothing, behind what was hashed before.
    fn before_any(digest: &BodyDigest) -> Self {
        let (moved, dropped) = (BTreeMap::new(), Runs::default());
        Self { moved, dropped, digest: digest.clone(), kept: Vec::new() }
    }
    /// Those of the next segment.
    fn append(&mut self, next: Self) {
        self.dropped.merge(&next.dropped);
        self.digest = next.digest;
        self.kept.extend(next.kept);
        self.moved.extend(next.moved);
    }
}

impl Settled {
    fn keeps(&self, entry: &Entry) -> bool {
        let header = &entry.signed.header;
        self.pins.keeps(&header.agent, &header.program_id, header.sequence)
    }
}

impl Removal {
    /// What the files will take, computed and not measured.
    pub(super) fn usage_after<D: Disk>(
        &self,
        files: &Files<D>,
        report: &PruneReport,
    ) -> Result<Usage, PipelineError> {
        let mut usage = report.before;
        for name in &self.bundles {
            usage.entries = usage.entries.saturating_sub(object_bytes(files, name)?);
        }
        for name in self.segments.iter().chain(&self.old_bodies).chain(&self.evidence) {
            let bytes = file_bytes(files, name)?;
            let class = usage.class(name);
            *class = class.saturating_sub(bytes);
        }
        for (hash, place) in &self.bodies {
            usage.bodies += read_body(files, *place, hash)?.map_or(0, |body| body.len() as u64);
        }
        if report.index_removed {
            usage.index = 0;
        }
        Ok(usage)
    }
}

fn evidence_name(dropped: &DroppedEvidence) -> String {
    format!("{EVIDENCE}/{}/{}", hex::encode(dropped.agent), hex::encode(dropped.record_hash))
}

/// Name of the full bundle that holds an entry, for messages.
fn bundle_path(index: u64) -> String {
    let id = BundleId::new(index / TILE_WIDTH, TILE_WIDTH as u16);
    id.map(|id| id.path()).unwrap_or_default()
}
