//! Pruning: what is settled and past its window goes, what is pinned stays, and everything kept remains provable.
//! Source: docs/spec/log.md, "Retention".
//!
//! Two phases. First it is made durable, and public, below which index entries may be gone; then files are removed, each
//! of which nobody needs any more. A pruning that died is finished by the next one.

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::check::{check_edge, check_entries};
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{BODIES, EVIDENCE, Files, INDEX, JOURNAL, PRIVATE, PUBLIC, SIGNED};
use crate::pipeline::heads::{Head, Heads};
use crate::pipeline::journal::{list_segments, read_body, scan, segment_name};
use crate::pipeline::retain::{RetainError, Retained};
use crate::pipeline::tiles::Tiles;
use crate::pipeline::usage::{Usage, all_files, file_bytes};
use crate::retention::{Pins, Plan};
use candor_trace::Entry;
use candor_trace::tlog::{BundleId, Checkpoint, Note, bundle_entries};
use std::collections::{BTreeMap, BTreeSet};

/// An index is made again once it has more than so many bytes for each entry that is kept.
const INDEX_BYTES_AN_ENTRY: u64 = 512;
/// An index below this size is left alone.
const SMALL_INDEX_BYTES: u64 = 8 << 20;

/// How to prune.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PruneOptions {
    /// Unix seconds.
    pub now: u64,
    /// Largest step of the clock since the last mark that is believed; `None` believes any.
    pub max_clock_step_seconds: Option<u64>,
    /// Only says what would go; changes nothing.
    pub dry_run: bool,
}

/// What a pruning did, or would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PruneReport {
    /// Decisions: entries under the published checkpoint.
    pub decisions: u64,
    /// Below this index entries may be gone.
    pub minimum_index: u64,
    /// Below this index bodies may be gone.
    pub minimum_body_index: u64,
    /// Bundles of 256 entries that went.
    pub bundles_removed: u64,
    /// Bundles below the minimum index that stay because a record in them is pinned.
    pub bundles_pinned: u64,
    /// Journal segments that went.
    pub segments_removed: u64,
    /// Pinned bodies that were taken out of those segments.
    pub bodies_moved: u64,
    /// Bodies beside the journal that went.
    pub bodies_removed: u64,
    /// Pieces of evidence that went.
    pub evidence_removed: u64,
    /// Whether the index went, to be made again when the log is opened.
    pub index_removed: bool,
    /// Bytes before.
    pub before: Usage,
    /// Bytes after.
    pub after: Usage,
}

/// Prunes a log that is not open elsewhere.
///
/// Errors: a file that is to go is checked first, so damage is never hidden by removing it. Without a published policy
/// nothing goes.
pub fn prune<D: Disk>(disk: D, options: &PruneOptions) -> Result<PruneReport, RetainError> {
    let files = Files::new(disk);
    let retained = match options.dry_run {
        true => Retained::look(&files)?,
        false => {
            let retained = Retained::lock(&files)?;
            files.lock()?;
            retained
        }
    };
    let mut policy = retained.policy()?;
    let retention = policy.retention.ok_or_else(|| RetainError::NoPolicy { path: files.path() })?;
    let marks = retained.marks_at(options.now, options.max_clock_step_seconds)?;
    let published = retained.published()?;
    let plan = Plan::of(&policy, &marks, published, options.now);
    let pruning = Pruning { files: &files, pins: retained.pins()?, plan, published };
    let before = Usage::of(&files)?;
    let heads = pruning.heads()?;
    let mut removal = pruning.removal(heads.size)?;
    let settled = retention.evidence_seconds.map(|window| marks.settled_evidence(options.now, window));
    removal.evidence = settled
        .into_iter()
        .flatten()
        .filter(|name| !pruning.keeps_evidence(name))
        .map(str::to_owned)
        .collect();
    let mut report = PruneReport {
        decisions: published,
        minimum_index: plan.minimum_index,
        minimum_body_index: plan.minimum_body_index,
        bundles_removed: removal.bundles.len() as u64,
        bundles_pinned: removal.bundles_pinned,
        segments_removed: removal.segments.len() as u64,
        bodies_moved: removal.bodies.len() as u64,
        bodies_removed: removal.old_bodies.len() as u64,
        evidence_removed: removal.evidence.len() as u64,
        index_removed: pruning.index_is_mostly_pruned(&before),
        before,
        after: before,
    };
    if options.dry_run {
        report.after = pruning.usage_after(&removal, &report)?;
        return Ok(report);
    }
    retained.set_marks(&marks)?;
    if heads != Heads::read(&files)? {
        heads.write(&files)?;
    }
    (policy.minimum_index, policy.minimum_body_index) = (plan.minimum_index, plan.minimum_body_index);
    if policy != retained.policy()? {
        retained.set_policy(&policy)?;
    }
    pruning.remove(&removal, report.index_removed)?;
    report.after = Usage::of(&files)?;
    Ok(report)
}

/// What is to go, by name.
#[derive(Default)]
struct Removal {
    bundles: Vec<String>,
    bundles_pinned: u64,
    segments: Vec<String>,
    /// Where pinned bodies of those segments are, if they were handed in, by hash.
    bodies: BTreeMap<[u8; 32], (u64, u64)>,
    /// Names of bodies beside the journal that nothing pins any more.
    old_bodies: Vec<String>,
    /// `<agent>/<record hash>`.
    evidence: Vec<String>,
}

struct Pruning<'a, D: Disk> {
    files: &'a Files<D>,
    pins: Pins,
    plan: Plan,
    published: u64,
}

impl<D: Disk> Pruning<'_, D> {
    fn keeps(&self, entry: &Entry) -> bool {
        let header = &entry.signed.header;
        self.pins.keeps(&header.agent, &header.program_id, header.sequence)
    }
    fn keeps_evidence(&self, name: &str) -> bool {
        let agent = name.split('/').next().and_then(|agent| hex::decode(agent).ok()?.try_into().ok());
        agent.is_none_or(|agent| self.pins.names_agent(&agent))
    }
    /// The chains' ends at the minimum index; every entry on the way is checked against the signed tree.
    fn heads(&self) -> Result<Heads, PipelineError> {
        let files = self.files;
        let mut heads = Heads::read(files)?;
        if heads.size >= self.plan.minimum_index {
            return Ok(heads);
        }
        let tiles = Tiles::new(files);
        let signed = Note::parse(&files.require(SIGNED)?).ok();
        let signed = signed.and_then(|note| Checkpoint::parse(note.text()).ok());
        let signed = signed.ok_or_else(|| files.damaged(SIGNED, FileDamage::Missing))?;
        if signed.size() < self.published {
            let damage = FileDamage::NotSigned { signed: signed.size(), got: self.published };
            return Err(files.damaged(SIGNED, damage));
        }
        check_edge(&tiles, signed.size(), signed.root())?;
        let place = |entry: &Entry| (entry.signed.header.agent, entry.signed.header.program_id);
        let known = heads.chains.iter().map(|head| (head.header.agent, head.header.program_id));
        let mut positions: BTreeMap<_, usize> = known.zip(0..).collect();
        check_entries(&tiles, heads.size, self.plan.minimum_index, |index, bytes, _| {
            let name = || bundle_path(index);
            let entry = Entry::from_bytes(bytes)
                .map_err(|error| files.damaged(&name(), FileDamage::Undecodable(error)))?;
            let record_hash = entry.record_hash();
            let position = *positions.entry(place(&entry)).or_insert(heads.chains.len());
            let head = Head { header: entry.signed.header, record_hash };
            match heads.chains.get_mut(position) {
                Some(there) => *there = head,
                None => heads.chains.push(head),
            }
            Ok(())
        })?;
        heads.size = self.plan.minimum_index;
        Ok(heads)
    }
    /// What may go, with entries below `oldest` known by the chains' ends.
    fn removal(&self, oldest: u64) -> Result<Removal, PipelineError> {
        let mut removal = Removal::default();
        let mut pinned_bodies = BTreeSet::new();
        let folder = format!("{PUBLIC}/tile/entries");
        for name in all_files(self.files, &folder)? {
            let id = name.strip_prefix(PUBLIC).and_then(|path| BundleId::parse(path.strip_prefix('/')?).ok());
            let Some(id) = id.filter(|id| id.full().start_index() < oldest.min(self.plan.minimum_index))
            else {
                continue;
            };
            let pinned = self.pinned_bodies(&name, &id)?;
            if pinned.is_empty() {
                removal.bundles.push(name);
            } else {
                removal.bundles_pinned += 1;
                pinned_bodies.extend(pinned);
            }
        }
        self.find_segments(&mut removal, &mut pinned_bodies)?;
        for name in self.files.list(BODIES)? {
            let hash = hex::decode(name.trim_end_matches(".new")).ok().and_then(|hash| hash.try_into().ok());
            if hash.is_none_or(|hash: [u8; 32]| !pinned_bodies.contains(&hash)) {
                removal.old_bodies.push(format!("{BODIES}/{name}"));
            }
        }
        Ok(removal)
    }
    /// Body hashes of a bundle's pinned records.
    fn pinned_bodies(&self, name: &str, id: &BundleId) -> Result<Vec<[u8; 32]>, PipelineError> {
        let damaged = |damage| self.files.damaged(name, damage);
        let bytes = self.files.require(name)?;
        let entries = bundle_entries(id, &bytes).map_err(|error| damaged(FileDamage::Bundle(error)))?;
        let mut pinned = Vec::new();
        for entry in entries {
            let entry = Entry::from_bytes(entry).map_err(|error| damaged(FileDamage::Undecodable(error)))?;
            if self.keeps(&entry) {
                pinned.push(entry.body);
            }
        }
        Ok(pinned)
    }
    /// Segments whose bodies are all settled; of those, the pinned bodies. The last segment always stays.
    fn find_segments(
        &self,
        removal: &mut Removal,
        pinned_bodies: &mut BTreeSet<[u8; 32]>,
    ) -> Result<(), PipelineError> {
        let minimum = self.plan.minimum_body_index;
        let segments = list_segments(self.files)?;
        let settled = segments.iter().skip(1).take_while(|end| **end <= minimum).count();
        // Gone through with the segment behind them, so that they must be whole.
        scan(self.files, segments.get(..=settled).unwrap_or_default(), |frame| {
            let name = segment_name(frame.segment);
            let damage = || self.files.damaged(&name, FileDamage::FrameContent { offset: frame.offset });
            let entry = Entry::from_bytes(frame.entry).map_err(|_| damage())?;
            if frame.index < minimum && self.keeps(&entry) {
                pinned_bodies.insert(entry.body);
                if segments.get(settled) > Some(&frame.segment) {
                    removal.bodies.insert(entry.body, (frame.segment, frame.offset));
                }
            }
            Ok(())
        })?;
        let gone = segments.get(..settled).unwrap_or_default();
        removal.segments = gone.iter().map(|first| segment_name(*first)).collect();
        // Bodies of pinned records between the two minima were moved by an earlier pruning.
        self.pinned_between(pinned_bodies)
    }
    /// Body hashes of pinned entries whose entries are all there, and whose bodies may be gone.
    fn pinned_between(&self, pinned_bodies: &mut BTreeSet<[u8; 32]>) -> Result<(), PipelineError> {
        if self.pins.iter().next().is_none() {
            return Ok(());
        }
        let end = self.plan.minimum_body_index.min(self.published);
        check_entries(&Tiles::new(self.files), self.plan.minimum_index, end, |index, bytes, _| {
            let entry = Entry::from_bytes(bytes)
                .map_err(|error| self.files.damaged(&bundle_path(index), FileDamage::Undecodable(error)))?;
            if self.keeps(&entry) {
                pinned_bodies.insert(entry.body);
            }
            Ok(())
        })
    }
    fn index_is_mostly_pruned(&self, usage: &Usage) -> bool {
        let kept = self.published.saturating_sub(self.plan.minimum_index);
        usage.index > SMALL_INDEX_BYTES.saturating_add(kept.saturating_mul(INDEX_BYTES_AN_ENTRY))
    }
    /// What the files will take, computed and not measured.
    fn usage_after(&self, removal: &Removal, report: &PruneReport) -> Result<Usage, PipelineError> {
        let mut usage = report.before;
        let evidence: Vec<String> =
            removal.evidence.iter().map(|name| format!("{EVIDENCE}/{name}")).collect();
        for name in
            removal.bundles.iter().chain(&removal.segments).chain(&removal.old_bodies).chain(&evidence)
        {
            let bytes = file_bytes(self.files, name)?;
            let class = usage.class(name);
            *class = class.saturating_sub(bytes);
        }
        for (hash, place) in &removal.bodies {
            usage.bodies += read_body(self.files, *place, hash)?.map_or(0, |body| body.len() as u64);
        }
        if report.index_removed {
            usage.index = 0;
        }
        Ok(usage)
    }
    /// Nothing that is removed here is needed any more.
    fn remove(&self, removal: &Removal, with_index: bool) -> Result<(), PipelineError> {
        for (hash, place) in &removal.bodies {
            if let Some(body) = read_body(self.files, *place, hash)? {
                self.files.put_new(&format!("{BODIES}/{}", hex::encode(hash)), body)?;
            }
        }
        // One after the other, oldest first: what is left always begins with a whole segment and has no gap.
        for segment in &removal.segments {
            self.files.remove(segment)?;
            self.sync_folder(JOURNAL)?;
        }
        let evidence: Vec<String> =
            removal.evidence.iter().map(|name| format!("{EVIDENCE}/{name}")).collect();
        let mut folders = BTreeSet::new();
        for name in removal.bundles.iter().chain(&removal.old_bodies).chain(&evidence) {
            self.files.remove(name)?;
            folders.insert(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        }
        for folder in folders {
            self.sync_folder(folder)?;
        }
        if with_index {
            self.files.remove(INDEX)?;
            self.sync_folder(PRIVATE)?;
        }
        Ok(())
    }
    fn sync_folder(&self, folder: &str) -> Result<(), PipelineError> {
        let failed = |source| self.files.failed(folder, Operation::SyncDirectories, source);
        self.files.disk().sync_folder(folder).map_err(failed)
    }
}

/// Name of the full bundle that holds an entry, for messages.
fn bundle_path(index: u64) -> String {
    let id = BundleId::new(index / candor_trace::tlog::TILE_WIDTH, candor_trace::tlog::TILE_WIDTH as u16);
    format!("{PUBLIC}/{}", id.map(|id| id.path()).unwrap_or_default())
}
