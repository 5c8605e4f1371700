//! The tombstones that a log published: read when it is opened and before anything is pruned.
//! Source: docs/spec/log.md, "Tombstones".

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{Files, TOMBSTONES};
use crate::pipeline::submission::hold;
use crate::retention::{
    KeptBody, Runs, SignedTombstone, Tombstone, TombstoneContent, content_path, tombstone_path,
};
use candor_trace::tlog::VerifierKey;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Reads all tombstones: signed by this key, one after the other, none missing between.
pub(crate) fn read_tombstones<D: Disk>(
    files: &Files<D>,
    key: &VerifierKey,
) -> Result<Vec<SignedTombstone>, PipelineError> {
    let names = files.public().list(TOMBSTONES).map_err(|error| files.object_failed(error))?;
    let numbers = names.iter().filter_map(|name| name.parse::<u64>().ok());
    let end = numbers.max().map_or(0, |last| last.saturating_add(1));
    let mut all: Vec<SignedTombstone> = Vec::new();
    for number in 0..end {
        let name = tombstone_path(number);
        let damaged = |damage| files.damaged_public(&name, damage);
        let bytes = files.get_public(&name)?.ok_or_else(|| damaged(FileDamage::Missing))?;
        let read = SignedTombstone::parse(&bytes, key).map_err(|error| damaged(error.into()))?;
        read.check_follows(all.last()).map_err(|fault| damaged(fault.into()))?;
        all.push(read);
    }
    Ok(all)
}

/// The content of a tombstone.
pub(crate) fn read_content<D: Disk>(
    files: &Files<D>,
    tombstone: &Tombstone,
) -> Result<TombstoneContent, PipelineError> {
    let name = content_path(&tombstone.content);
    let damaged = |damage| files.damaged_public(&name, damage);
    let bytes = files.get_public(&name)?.ok_or_else(|| damaged(FileDamage::Missing))?;
    TombstoneContent::from_bytes(&bytes, tombstone).map_err(|error| damaged(FileDamage::Content(error)))
}

/// What tombstones say together.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(crate) tombstones: Vec<Tombstone>,
    /// Entries that went.
    pub(crate) entries: Runs,
    /// Bodies that pins kept and that have not gone since.
    pub(crate) kept_bodies: BTreeMap<u64, [u8; 32]>,
    /// For each tombstone, the entries that went with it.
    entries_by_tombstone: Vec<Runs>,
}

impl Told {
    /// What all tombstones of a log say.
    pub(crate) fn read<D: Disk>(
        files: &Files<D>,
        tombstones: &[SignedTombstone],
    ) -> Result<Self, PipelineError> {
        let mut told = Self::default();
        for signed in tombstones {
            told.add(*signed.tombstone(), &read_content(files, signed.tombstone())?);
        }
        Ok(told)
    }
    pub(crate) fn add(&mut self, tombstone: Tombstone, content: &TombstoneContent) {
        self.entries.merge(&content.entries);
        self.kept_bodies.retain(|index, _| !content.bodies.contains(*index));
        let kept = content.kept_bodies.iter().map(|KeptBody { index, hash }| (*index, *hash));
        self.kept_bodies.extend(kept);
        self.entries_by_tombstone.push(content.entries.clone());
        self.tombstones.push(tombstone);
    }
}

/// What an open log knows of its tombstones.
#[derive(Default)]
pub(crate) struct Tombstones {
    told: Mutex<Told>,
    /// The content that was read last.
    content: Mutex<Option<(u64, Arc<TombstoneContent>)>>,
}

impl Tombstones {
    pub(crate) fn new(told: Told) -> Self {
        Self { told: Mutex::new(told), content: Mutex::default() }
    }
    /// Before anything goes that this one says is gone.
    pub(crate) fn add(&self, tombstone: Tombstone, content: &TombstoneContent) {
        hold(&self.told).add(tombstone, content);
    }
    pub(crate) fn count(&self) -> u64 {
        hold(&self.told).tombstones.len() as u64
    }
    pub(crate) fn last(&self) -> Option<Tombstone> {
        hold(&self.told).tombstones.last().copied()
    }
    /// The tombstone with which an entry went.
    pub(crate) fn of_entry(&self, index: u64) -> Option<u64> {
        let told = hold(&self.told);
        let position = told.entries_by_tombstone.iter().position(|runs| runs.contains(index))?;
        told.tombstones.get(position).map(|tombstone| tombstone.number)
    }
    /// The tombstone with which the body of an entry went.
    pub(crate) fn of_body<D: Disk>(
        &self,
        files: &Files<D>,
        index: u64,
    ) -> Result<Option<u64>, PipelineError> {
        // The latest first: one that was kept for long went with a later one.
        let may: Vec<Tombstone> = {
            let told = hold(&self.told);
            let may = told.tombstones.iter().rev();
            may.filter(|tombstone| tombstone.bodies.dropped > 0 && index < tombstone.bodies.to)
                .copied()
                .collect()
        };
        for tombstone in may {
            if self.content(files, &tombstone)?.bodies.contains(index) {
                return Ok(Some(tombstone.number));
            }
            if index >= tombstone.bodies.from {
                // Its own range: no earlier one can have it.
                return Ok(None);
            }
        }
        Ok(None)
    }
    fn content<D: Disk>(
        &self,
        files: &Files<D>,
        tombstone: &Tombstone,
    ) -> Result<Arc<TombstoneContent>, PipelineError> {
        let mut held = hold(&self.content);
        if let Some((_, content)) = held.as_ref().filter(|(number, _)| *number == tombstone.number) {
            return Ok(Arc::clone(content));
        }
        let content = Arc::new(read_content(files, tombstone)?);
        *held = Some((tombstone.number, Arc::clone(&content)));
        Ok(content)
    }
}
