//! Pruning: what is settled and past its window goes, what is pinned stays, and everything kept remains provable.
//! Source: docs/spec/log.md, "Retention" and "Tombstones".
//!
//! Three steps. First it is made durable where the chains stand, then a signed tombstone says what goes, and only then files
//! are removed, each of which nobody needs any more. A pruning that died is finished by the next one. The log may be open:
//! what goes is published and settled, and its threads touch only what is not.

mod carry_out;
mod removal;

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{CHECKPOINT, Files};
use crate::pipeline::heads::Heads;
use crate::pipeline::open::Log;
use crate::pipeline::retain::{RetainError, Retained};
use crate::pipeline::shared::Shared;
use crate::pipeline::submission::hold;
use crate::pipeline::tombstones::{Told, read_tombstones};
use crate::pipeline::usage::Usage;
use crate::retention::{
    MAX_BODY_RUNS, Mark, MarkError, Pins, Plan, PrunedRange, RetentionPolicy, SignedTombstone, Tombstone,
    tombstone_path,
};
use candor_trace::tlog::{Checkpoint, Hash, NoteSigner, QuorumPolicy};
use carry_out::carry_out;
use removal::Removal;
use serde::{Deserialize, Serialize};

/// An index is made again once it has more than so many bytes for each entry that is kept.
const INDEX_BYTES_AN_ENTRY: u64 = 512;
/// An index below this size is left alone.
const SMALL_INDEX_BYTES: u64 = 8 << 20;

/// How to prune.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PruneOptions {
    /// Unix seconds.
    pub now: u64,
    /// Largest step of the clock since the last mark that is believed; `None` believes any. Default: 40 days.
    pub max_clock_step_seconds: Option<u64>,
    /// Only says what would go; changes nothing.
    pub dry_run: bool,
    /// Runs of bodies that the tombstone may list; what comes after them goes with the next pruning. Default:
    /// [`MAX_BODY_RUNS`].
    pub max_body_runs: usize,
}

impl PruneOptions {
    /// Prunes what may go now.
    #[must_use]
    pub fn at(now: u64) -> Self {
        let max_clock_step_seconds = Some(40 * 86_400);
        Self { now, max_clock_step_seconds, dry_run: false, max_body_runs: MAX_BODY_RUNS }
    }
}

/// What a pruning did, or would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneReport {
    /// Decisions: entries under the published checkpoint.
    pub decisions: u64,
    /// Below this index entries may be gone.
    pub minimum_index: u64,
    /// Below this index bodies may be gone.
    pub minimum_body_index: u64,
    /// Number of the tombstone that says so; `None` if nothing went that an earlier one does not list.
    pub tombstone: Option<u64>,
    /// Bodies that went by that tombstone.
    pub bodies_dropped: u64,
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
    /// Whether the index went, to be made again when the log is opened. That of an open log stays until then.
    pub index_removed: bool,
    /// Bytes before.
    pub before: Usage,
    /// Bytes after.
    pub after: Usage,
}

/// Prunes a log that is not open elsewhere; the signer has the log's key.
///
/// Errors: a file that is to go is checked first, so damage is never hidden by removing it. Without a published policy
/// nothing goes.
pub fn prune<D: Disk>(
    disk: D,
    signer: &NoteSigner,
    options: &PruneOptions,
) -> Result<PruneReport, RetainError> {
    let files = Files::new(disk);
    Pruning { files: &files, signer, running: None }.run(options)
}

impl<D: Disk> Log<D> {
    /// Prunes this log while it accepts, integrates, publishes and is read. Whatever is read while it goes is either there or
    /// told as pruned.
    ///
    /// Errors: as [`prune`]; an error of the disk, or damage, stops the log.
    pub fn prune(&self, options: &PruneOptions) -> Result<PruneReport, RetainError> {
        let shared = self.shared();
        let _one_at_a_time = hold(&shared.retaining);
        let pruning = Pruning { files: &shared.files, signer: &shared.signer, running: Some(shared) };
        pruning.run(options).map_err(|error| match error {
            RetainError::Pipeline(error) => shared.stop(error).into(),
            other => other,
        })
    }
}

/// A log that is pruned.
struct Pruning<'a, D: Disk> {
    files: &'a Files<D>,
    signer: &'a NoteSigner,
    /// The log, where it is open.
    running: Option<&'a Shared<D>>,
}

/// What a pruning goes by.
struct Settled {
    pins: Pins,
    retention: RetentionPolicy,
    plan: Plan,
    /// The marks that entries and bodies are settled by.
    entries_mark: Mark,
    bodies_mark: Mark,
    /// Size and root of the published checkpoint.
    published: (u64, Hash),
    /// What earlier tombstones say.
    told: Told,
    max_body_runs: usize,
}

impl<D: Disk> Pruning<'_, D> {
    fn run(&self, options: &PruneOptions) -> Result<PruneReport, RetainError> {
        let files = self.files;
        self.check_running()?;
        let retained = match options.dry_run {
            true => Retained::look(files)?,
            false => {
                let retained = Retained::lock(files)?;
                if self.running.is_none() {
                    files.lock()?;
                }
                retained
            }
        };
        let mut policy = retained.policy()?;
        let retention = policy.retention.ok_or_else(|| RetainError::NoPolicy { path: files.path() })?;
        let marks = retained.marks_at(options.now, options.max_clock_step_seconds)?;
        let published = self.published()?;
        let tombstones = read_tombstones(files, self.signer.verifier_key())?;
        let last_time = tombstones.last().map_or(0, |last| last.tombstone().time);
        if options.now < last_time {
            return Err(MarkError::ClockBackwards { last: last_time, now: options.now }.into());
        }
        let settled_mark = |window| marks.settled_mark(options.now, window).unwrap_or_default();
        let settled = Settled {
            pins: retained.pins()?,
            retention,
            plan: Plan::of(&policy, &marks, published.0, options.now),
            entries_mark: settled_mark(retention.entries_seconds()),
            bodies_mark: settled_mark(retention.bodies_seconds()),
            published,
            told: Told::read(files, &tombstones)?,
            max_body_runs: options.max_body_runs,
        };
        let before = Usage::of(files)?;
        let heads = self.heads(&settled)?;
        let removal = self.removal(&settled, &heads, &marks, options.now)?;
        let tombstone = self.tombstone(&settled, &removal, tombstones.last(), options.now)?;
        let mut report = PruneReport {
            decisions: published.0,
            minimum_index: settled.plan.minimum_index,
            minimum_body_index: settled.plan.minimum_body_index,
            tombstone: tombstone.as_ref().map(|signed| signed.tombstone().number),
            bodies_dropped: tombstone.as_ref().map_or(0, |signed| signed.tombstone().bodies.dropped),
            bundles_removed: removal.bundles.len() as u64,
            bundles_pinned: removal.bundles_pinned,
            segments_removed: removal.segments.len() as u64,
            bodies_moved: removal.bodies.len() as u64,
            bodies_removed: removal.old_bodies.len() as u64,
            evidence_removed: removal.evidence.len() as u64,
            index_removed: self.running.is_none() && index_is_mostly_pruned(&before, &settled),
            before,
            after: before,
        };
        if options.dry_run {
            report.after = removal.usage_after(files, &report)?;
            return Ok(report);
        }
        retained.set_marks(&marks)?;
        retained.publish_pins(&settled.pins)?;
        if heads != Heads::read(files)? {
            heads.write(files)?;
        }
        self.settle(tombstones.last())?;
        self.publish(tombstone.as_ref(), &removal, &heads)?;
        (policy.minimum_index, policy.minimum_body_index) =
            (settled.plan.minimum_index, settled.plan.minimum_body_index);
        if policy != retained.policy()? {
            retained.set_policy(&policy)?;
        }
        carry_out(self, &removal, report.index_removed)?;
        report.after = Usage::of(files)?;
        Ok(report)
    }
    /// The published checkpoint, which this log's key signed; before the first, the empty tree.
    fn published(&self) -> Result<(u64, Hash), PipelineError> {
        let files = self.files;
        let Some(bytes) = files.get_public(CHECKPOINT)? else { return Ok((0, Hash([0; 32]))) };
        let key = self.signer.verifier_key();
        let own = QuorumPolicy::new(key.clone(), Vec::new(), 0).map_err(|_| PipelineError::OtherKey {
            expected: "a key of type 1 (Ed25519)".to_owned(),
            got: key.to_string(),
        })?;
        let signed = own
            .check_bytes(&bytes)
            .map_err(|error| files.damaged_public(CHECKPOINT, FileDamage::Checkpoint(Box::new(error))))?;
        let checkpoint: &Checkpoint = signed.checkpoint();
        Ok((checkpoint.size(), *checkpoint.root()))
    }
    /// The tombstone of what goes now; `None` if earlier ones list all of it.
    fn tombstone(
        &self,
        settled: &Settled,
        removal: &Removal,
        before: Option<&SignedTombstone>,
        now: u64,
    ) -> Result<Option<SignedTombstone>, RetainError> {
        let last = before.map(SignedTombstone::tombstone);
        let range = |from: u64, to: u64, dropped, mark| PrunedRange {
            from,
            to,
            dropped,
            mark: if from < to { mark } else { Mark::default() },
        };
        let content = &removal.content;
        let (entries_from, bodies_from) = last.map_or((0, 0), |last| (last.entries.to, last.bodies.to));
        let entries = range(entries_from, removal.entries_to, content.entries.count(), settled.entries_mark);
        let bodies = range(bodies_from, removal.bodies_to, content.bodies.count(), settled.bodies_mark);
        let nothing = |range: &PrunedRange| range.from == range.to && range.dropped == 0;
        if nothing(&entries) && nothing(&bodies) && content.evidence.is_empty() {
            return Ok(None);
        }
        let number = last.map_or(0, |last| last.number.saturating_add(1));
        let tombstone = Tombstone {
            number,
            previous: before.map_or(Hash([0; 32]), |before| *before.text_hash()),
            time: now,
            tree_size: settled.published.0,
            root: settled.published.1,
            retention: settled.retention,
            entries,
            bodies,
            content: content.to_bytes().1,
        };
        let damaged = |damage| self.files.damaged_public(&tombstone_path(number), damage);
        let signed = tombstone.sign(self.signer).map_err(|error| damaged(error.into()))?;
        // What an auditor would refuse is not signed.
        signed.check_follows(before).map_err(|fault| damaged(fault.into()))?;
        signed.tombstone().check_windows(None).map_err(|fault| damaged(fault.into()))?;
        Ok(Some(signed))
    }
}

fn index_is_mostly_pruned(usage: &Usage, settled: &Settled) -> bool {
    let kept = settled.published.0.saturating_sub(settled.plan.minimum_index);
    usage.index > SMALL_INDEX_BYTES.saturating_add(kept.saturating_mul(INDEX_BYTES_AN_ENTRY))
}
