//! The publisher: looks at the tree once more, signs it, asks for cosignatures, publishes.

use crate::disk::Disk;
use crate::pipeline::check;
use crate::pipeline::cosign::CosignRequest;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{CHECKPOINT, SIGNED};
use crate::pipeline::progress::Closing;
use crate::pipeline::shared::Shared;
use crate::pipeline::tiles::Tiles;
use candor_trace::tlog::{
    BundleId, Checkpoint, Hash, Note, SignatureLine, TILE_HEIGHT, TILE_WIDTH, TileId, verify_consistency,
};
use std::sync::{Arc, PoisonError};

/// What the publisher remembers.
pub(crate) struct Publisher {
    /// Size and root that were signed last.
    pub(crate) signed: (u64, Hash),
    /// Partial tiles and bundles below this size were removed.
    pub(crate) swept: u64,
}

/// Runs until the log is closed or has stopped.
pub(crate) fn run<D: Disk>(shared: &Shared<D>, mut publisher: Publisher) {
    if let Err(error) = publish_until_closed(shared, &mut publisher) {
        shared.stop(error);
    }
    shared.progress.update(|state| state.publisher_ended = true);
}

fn publish_until_closed<D: Disk>(shared: &Shared<D>, publisher: &mut Publisher) -> Result<(), PipelineError> {
    let interval = shared.settings.publish_interval;
    loop {
        let woken = shared.progress.wait_for(interval, |state| {
            let ends = state.poison.is_some() || state.closing == Closing::Abandon || state.integrator_ended;
            (ends || state.sizes.published != Some(state.sizes.integrated)).then_some(())
        });
        let state = shared.progress.read();
        if state.poison.is_some() || state.closing == Closing::Abandon {
            return Ok(());
        }
        let (last, size, root) = (state.integrator_ended, state.sizes.integrated, state.root);
        let wanted = woken.is_some() && state.sizes.published != Some(size);
        drop(state);
        let published = !wanted || publisher.publish(shared, size, root)?;
        if last {
            return Ok(());
        }
        if !published {
            shared.progress.wait_for(interval, |state| {
                (state.poison.is_some() || state.closing == Closing::Abandon || state.integrator_ended)
                    .then_some(())
            });
        }
    }
}

impl Publisher {
    /// Signs and, if the policy is satisfied, publishes the tree; `false` if it is not.
    fn publish<D: Disk>(&mut self, shared: &Shared<D>, size: u64, root: Hash) -> Result<bool, PipelineError> {
        let files = &*shared.files;
        let tiles = Tiles::new(files);
        check::check_edge(&tiles, size, &root)?;
        let (old, old_root) = self.signed;
        let proof = tiles.consistency(old, size)?;
        if verify_consistency(old, &old_root, size, &root, &proof).is_err() {
            // The edge is right: what the proof was made from is not, or this is another history.
            check::check_tiles(&tiles, size)?;
            let path = files.path();
            return Err(PipelineError::Forked {
                path,
                size: old,
                remembered: old_root,
                got: tiles.root_at(old, size)?,
            });
        }
        let origin = shared.signer.verifier_key().name();
        let signed = Checkpoint::new(origin, size, root)
            .and_then(|checkpoint| Ok((checkpoint.sign(&shared.signer)?, checkpoint)));
        // The key's name is a valid origin, and sizes come from trees.
        let Ok((mut note, checkpoint)) = signed else {
            return Err(PipelineError::Panicked { thread: "publisher" });
        };
        if size > old {
            files.replace(SIGNED, &note.to_bytes())?;
            self.signed = (size, root);
            shared.progress.update(|state| state.sizes.signed = size);
            drop_unsigned(shared, old, size)?;
        }
        if let Some(policy) = &shared.settings.policy {
            let consistency = |from| tiles.consistency(from, size);
            let request = CosignRequest { note: &note, checkpoint: &checkpoint, consistency: &consistency };
            let lines = shared.cosign.cosign(&request);
            for line in lines {
                add_cosignature(&mut note, line, policy);
            }
            if policy.check(&note).is_err() {
                shared.progress.update(|state| state.quorum_misses += 1);
                return Ok(false);
            }
        }
        files.replace_public(CHECKPOINT, &note.to_bytes())?;
        *shared.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(note));
        shared.progress.update(|state| state.sizes.published = Some(size));
        self.sweep(shared, size)?;
        Ok(true)
    }
    /// Removes partial tiles and bundles whose full ones are published.
    fn sweep<D: Disk>(&mut self, shared: &Shared<D>, size: u64) -> Result<(), PipelineError> {
        let mut folders = Vec::new();
        for level in 0..=u8::MAX {
            let shift = u32::from(level) * u32::from(TILE_HEIGHT);
            let full = |size: u64| size.checked_shr(shift).unwrap_or(0) / TILE_WIDTH;
            if full(size) == 0 {
                break;
            }
            for index in full(self.swept)..full(size) {
                folders.extend(TileId::new(level, index, TILE_WIDTH as u16).map(|id| id.path()));
                if level == 0 {
                    folders.extend(BundleId::new(index, TILE_WIDTH as u16).map(|id| id.path()));
                }
            }
        }
        let public = shared.files.public();
        for folder in folders {
            let folder = format!("{folder}.p");
            let names = public.list(&folder).map_err(|error| shared.files.object_failed(error))?;
            for name in &names {
                public
                    .remove(&format!("{folder}/{name}"))
                    .map_err(|error| shared.files.object_failed(error))?;
            }
            if !names.is_empty() {
                public.remove(&folder).map_err(|error| shared.files.object_failed(error))?;
            }
        }
        self.swept = size;
        Ok(())
    }
}

/// Removes partial tiles and bundles of sizes that were integrated between two signed ones, and so never had a checkpoint.
/// Those of signed sizes stay until their full ones are published, as readers of tlog-tiles expect.
fn drop_unsigned<D: Disk>(shared: &Shared<D>, before: u64, size: u64) -> Result<(), PipelineError> {
    let public = shared.files.public();
    for level in 0..=u8::MAX {
        let shift = u32::from(level) * u32::from(TILE_HEIGHT);
        let hashes = |size: u64| size.checked_shr(shift).unwrap_or(0);
        let (before, now) = (hashes(before), hashes(size));
        if now == 0 {
            break;
        }
        // One that was completed meanwhile goes with the full tile.
        let (tile, width) = (now / TILE_WIDTH, now % TILE_WIDTH);
        if width == 0 || now - before < 2 {
            continue;
        }
        let full = TileId::new(level, tile, TILE_WIDTH as u16).ok().map(|id| id.path());
        let bundle = BundleId::new(tile, TILE_WIDTH as u16).ok().filter(|_| level == 0).map(|id| id.path());
        for folder in [full, bundle].into_iter().flatten() {
            let folder = format!("{folder}.p");
            let names = public.list(&folder).map_err(|error| shared.files.object_failed(error))?;
            for name in names {
                let of = name.parse::<u64>().ok().map(|width| tile * TILE_WIDTH + width);
                if of.is_some_and(|of| before < of && of < now) {
                    public
                        .remove(&format!("{folder}/{name}"))
                        .map_err(|error| shared.files.object_failed(error))?;
                }
            }
        }
    }
    Ok(())
}

/// Adds a cosignature if it is valid and of a witness of the policy.
fn add_cosignature(note: &mut Note, line: SignatureLine, policy: &candor_trace::tlog::QuorumPolicy) {
    let Some(witness) = policy.witnesses().iter().find(|key| line.is_by(key)) else { return };
    let mut with = note.clone();
    if with.add(line).is_ok() && with.verify(&[policy.log(), witness]).is_ok_and(|lines| lines.len() > 1) {
        *note = with;
    }
}
