//! Publishing what goes, and letting it go.

use super::{Pruning, Removal};
use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{BODIES, EVIDENCE, INDEX, JOURNAL, PRIVATE, PUBLIC};
use crate::pipeline::heads::Heads;
use crate::pipeline::journal::read_body;
use crate::pipeline::submission::hold;
use crate::retention::{SignedTombstone, content_path, tombstone_path};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

impl<D: Disk> Pruning<'_, D> {
    /// The tombstone is durable and public before anything goes that it lists; then readers of an open log know.
    pub(super) fn publish(
        &self,
        tombstone: Option<&SignedTombstone>,
        removal: &Removal,
        heads: &Heads,
    ) -> Result<(), PipelineError> {
        if let Some(signed) = tombstone {
            let tombstone = signed.tombstone();
            // Its name is its hash: one that a crash left is this one, or nobody's.
            let (content, digest) = removal.content.to_bytes();
            self.files.publish_new(&[(content_path(&digest), content)])?;
            self.files.publish_new(&[(tombstone_path(tombstone.number), signed.to_bytes())])?;
            if let Some(shared) = self.running {
                shared.tombstones.add(*tombstone, &removal.content);
            }
        }
        if let Some(shared) = self.running {
            shared.oldest.fetch_max(heads.size, Ordering::SeqCst);
        }
        Ok(())
    }
    /// The last tombstone is durable before anything is built on it: whoever published it may have died before its name was.
    pub(super) fn settle(&self, last: Option<&SignedTombstone>) -> Result<(), PipelineError> {
        let Some(signed) = last else { return Ok(()) };
        let content = content_path(&signed.tombstone().content);
        // Objects that are there with the same bytes stay, and are durable on return.
        if let Some(bytes) = self.files.get_public(&content)? {
            self.files.publish_new(&[(content, bytes)])?;
        }
        self.files.publish_new(&[(tombstone_path(signed.tombstone().number), signed.to_bytes())])
    }
    fn sync_folder(&self, folder: &str) -> Result<(), PipelineError> {
        let failed = |source| self.files.failed(folder, Operation::SyncDirectories, source);
        self.files.disk().sync_folder(folder).map_err(failed)
    }
    /// An open log that has stopped, or is being shut down, is left as it is: the next pruning goes on.
    pub(super) fn check_running(&self) -> Result<(), PipelineError> {
        match self.running {
            Some(shared) if shared.ending.load(Ordering::SeqCst) => Err(PipelineError::ShuttingDown),
            Some(shared) => shared.progress.check(),
            None => Ok(()),
        }
    }
    /// What a pruning that died had removed is gone for good before this one says that nothing is left to do: it does not see
    /// those files, and so would not sync their folders.
    fn settle_removals(&self) -> Result<(), PipelineError> {
        let mut folders = vec![JOURNAL.to_owned(), BODIES.to_owned()];
        let mut nested = vec![EVIDENCE.to_owned(), format!("{PUBLIC}/tile/entries")];
        while let Some(folder) = nested.pop() {
            let names = self.files.list(&folder)?;
            let inside = names.iter().filter_map(|name| name.strip_suffix('/'));
            nested.extend(inside.map(|name| format!("{folder}/{name}")));
            folders.push(folder);
        }
        folders.iter().try_for_each(|folder| self.files.settle_names(folder))
    }
    fn remove_files(&self, names: &[String]) -> Result<(), PipelineError> {
        let mut folders = BTreeSet::new();
        for name in names {
            self.files.remove(name)?;
            folders.insert(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        }
        folders.into_iter().try_for_each(|folder| self.sync_folder(folder))
    }
}

/// Nothing that is removed here is needed any more, and all of it is listed.
pub(super) fn carry_out<D: Disk>(
    pruning: &Pruning<'_, D>,
    removal: &Removal,
    with_index: bool,
) -> Result<(), PipelineError> {
    let files = pruning.files;
    pruning.settle_removals()?;
    for (hash, place) in &removal.bodies {
        if let Some(body) = read_body(files, *place, hash)? {
            files.put_new(&format!("{BODIES}/{}", hex::encode(hash)), body)?;
        }
    }
    // One after the other, oldest first: what is left always begins with a whole segment and has no gap.
    for segment in &removal.segments {
        pruning.check_running()?;
        files.remove(segment)?;
        pruning.sync_folder(JOURNAL)?;
    }
    pruning.check_running()?;
    files.remove_public(&removal.bundles)?;
    pruning.remove_files(&removal.old_bodies)?;
    {
        let _nobody_keeps_any = pruning.running.map(|shared| hold(&shared.keeping_evidence));
        pruning.remove_files(&removal.evidence)?;
    }
    if with_index {
        files.remove(INDEX)?;
        pruning.sync_folder(PRIVATE)?;
    }
    Ok(())
}
