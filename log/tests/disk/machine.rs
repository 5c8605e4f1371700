//! What a machine holds: files and names, durable or not yet, and what a loss of power leaves of them.

use super::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The unit that a disk writes whole or not at all.
pub(crate) const SECTOR_BYTES: usize = 512;
/// What a broken disk says.
pub(crate) const EIO: i32 = 5;
/// What a full disk says.
pub(crate) const ENOSPC: i32 = 28;

/// What happens at one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// The call fails with this error. A write has written part; a failed sync has made any sectors durable and forgets
    /// the others, as kernels do: they are still seen, and the next sync says that all is well.
    Fail(i32),
    /// The same, and every later call that needs space or a sync fails too, until [`FaultDisk::repair`].
    FailFromNow(i32),
    /// The power goes before the call does anything; a write has written part into memory.
    KillBefore,
    /// The power goes after the call did its work, before it returns.
    KillAfter,
}

/// A defect of the program or of the disk, put in to see that it is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Defect {
    /// A sync of files whose names begin so returns at once and does nothing: acknowledged, signed or published before
    /// it is durable.
    NoSync(&'static str),
    /// It makes durable only what the sync before should have: acknowledged first, synced later.
    LateSync(&'static str),
    /// A failed sync is tried again until it says that all is well.
    RetriedSync,
    /// A sync of folders does nothing.
    NoFolderSync,
    /// Files whose names begin so look one byte shorter when they are opened: the last complete frame is cut.
    CutFrame(&'static str),
    /// Files that somebody tampered with are read as they were before: what is verified is not what is there.
    StaleReads,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Default, Debug)]
pub(super) struct Content {
    pub(super) durable: Vec<u8>,
    pub(super) visible: Vec<u8>,
    pub(super) pending: Vec<Change>,
    /// For [`Defect::LateSync`]: how many pending changes the last sync was asked for.
    pub(super) asked: usize,
    /// For [`Defect::StaleReads`]: the bytes before somebody tampered with them.
    pub(super) stale: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Folder,
    File(usize),
}

/// A change of names in one folder that is not durable yet.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    pub(super) folder: String,
    /// Names and what they now are; one change happens whole or not at all.
    pub(super) set: Vec<(String, Option<Node>)>,
}

#[derive(Default, Debug)]
pub(super) struct Machine {
    pub(super) calls: u64,
    pub(super) trouble: Option<(u64, Trouble)>,
    /// Trouble at a later sync of a file whose name begins so.
    pub(super) trouble_at_sync: Option<(String, u64, Trouble)>,
    pub(super) failing: Option<i32>,
    pub(super) off: bool,
    /// Counts the times it was started: what was opened before is dead.
    pub(super) boots: u64,
    pub(super) defects: Vec<Defect>,
    pub(super) locked: BTreeSet<String>,
    pub(super) visible: BTreeMap<String, Node>,
    pub(super) durable: BTreeMap<String, Node>,
    pub(super) pending: Vec<NameChange>,
    pub(super) contents: Vec<Content>,
    pub(super) dice: Option<Dice>,
    pub(super) history: Vec<String>,
}

pub(super) fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => {
            let (start, end) = (*offset as usize, *offset as usize + data.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[start..end].copy_from_slice(data);
        }
        Change::Truncate(length) => bytes.resize(*length as usize, 0),
    }
}

pub(super) fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What may be left of a file's unsynced changes.
pub(super) fn survivors(content: &Content, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = content.durable.clone();
    match dice.roll(4) {
        // None of them.
        0 => {}
        // A first part, the last piece torn at any byte.
        1 => {
            let kept = dice.roll(content.pending.len() as u64 + 1) as usize;
            for change in &content.pending[..kept] {
                apply(&mut bytes, change);
            }
            if let Some(Change::Write(offset, data)) = content.pending.get(kept) {
                let torn = dice.roll(data.len() as u64 + 1) as usize;
                apply(&mut bytes, &Change::Write(*offset, data[..torn].to_vec()));
            }
        }
        // Any sectors of any of them.
        2 => {
            for change in &content.pending {
                match change {
                    Change::Write(offset, data) => {
                        for (offset, sector) in sectors(*offset, data) {
                            if dice.roll(2) == 1 {
                                apply(&mut bytes, &Change::Write(offset, sector.to_vec()));
                            }
                        }
                    }
                    Change::Truncate(_) if dice.roll(2) == 0 => {}
                    change => apply(&mut bytes, change),
                }
            }
        }
        // The new length, and zeros for what was not written: lengths are written before data by some.
        _ => bytes.resize(content.visible.len(), 0),
    }
    bytes
}

/// A write cut where the file's sectors end.
pub(super) fn sectors(mut offset: u64, mut data: &[u8]) -> Vec<(u64, &[u8])> {
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let room = SECTOR_BYTES - offset as usize % SECTOR_BYTES;
        let (piece, rest) = data.split_at(room.min(data.len()));
        pieces.push((offset, piece));
        (offset, data) = (offset + piece.len() as u64, rest);
    }
    pieces
}

impl Machine {
    pub(super) fn has(&self, wanted: impl Fn(&Defect) -> bool) -> bool {
        self.defects.iter().any(wanted)
    }
    /// At the sync that trouble is planned for, it is planned for this call.
    pub(super) fn count_sync(&mut self, what: &str) {
        if let Some((name, after, trouble)) = &mut self.trouble_at_sync
            && what.starts_with(name.as_str())
        {
            *after -= 1;
            if *after == 0 {
                self.trouble = Some((self.calls, *trouble));
                self.trouble_at_sync = None;
            }
        }
    }
    pub(super) fn folder_exists(&self, name: &str) -> io::Result<()> {
        match self.visible.get(name) {
            _ if name.is_empty() => Ok(()),
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
    pub(super) fn name(&mut self, folder: &str, set: Vec<(String, Option<Node>)>) {
        for (name, node) in &set {
            match node {
                Some(node) => self.visible.insert(name.clone(), *node),
                None => self.visible.remove(name),
            };
        }
        self.pending.push(NameChange { folder: folder.to_owned(), set });
    }
    pub(super) fn sync_names(&mut self, folder: &str) {
        let pending = std::mem::take(&mut self.pending);
        for change in pending {
            if change.folder == folder { self.make_durable(&change) } else { self.pending.push(change) }
        }
    }
    pub(super) fn make_durable(&mut self, change: &NameChange) {
        for (name, node) in &change.set {
            match node {
                Some(node) => self.durable.insert(name.clone(), *node),
                None => self.durable.remove(name),
            };
        }
    }
    /// A sync that failed: any sectors are durable, and what is not is forgotten but seen.
    pub(super) fn forget(&mut self, number: usize) {
        let mut dice = self.dice.take().unwrap_or(Dice(self.calls));
        let content = &mut self.contents[number];
        content.durable = survivors(content, &mut dice);
        content.pending.clear();
        content.asked = 0;
        self.dice = Some(dice);
    }
    /// Of names that were not synced, any are there; then whatever lies in a folder that is gone is gone.
    pub(super) fn lose_power(&mut self, dice: &mut Dice) {
        let changes = std::mem::take(&mut self.pending);
        let all = dice.roll(3);
        for change in &changes {
            if all == 0 || (all == 1 && dice.roll(2) == 0) {
                self.make_durable(change);
            }
        }
        let names: Vec<String> = self.durable.keys().cloned().collect();
        for name in names {
            let mut above = folder_of(&name);
            while !above.is_empty() {
                if self.durable.get(above) != Some(&Node::Folder) {
                    self.durable.remove(&name);
                    break;
                }
                above = folder_of(above);
            }
        }
        self.visible = self.durable.clone();
        for content in &mut self.contents {
            let bytes = survivors(content, dice);
            *content = Content { durable: bytes.clone(), visible: bytes, ..Content::default() };
        }
        self.dice = Some(Dice(dice.roll(u64::MAX)));
    }
    pub(super) fn start(&mut self) {
        self.off = false;
        self.boots += 1;
        self.locked.clear();
        (self.trouble, self.trouble_at_sync, self.failing) = (None, None, None);
        self.history.clear();
    }
}
