//! A disk in memory that can fail or lose its power at any call, and keeps what a real one would.

#![allow(dead_code, reason = "each test tree uses its own part")]

pub(crate) mod fault;
pub(crate) mod machine;

use candor_log::{Access, LogFile, Storage};
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// What happens at one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The call fails. A write has written half; a failed sync forgets what it should have written, as kernels do.
    Fail,
    /// The power goes before the call does anything; a write has written half into memory.
    KillBefore,
    /// The power goes after the call did its work, before it returns.
    KillAfter,
}

/// Whether a sync does what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Sync {
    /// It does.
    #[default]
    Honest,
    /// It returns at once and does nothing: the defect of acknowledging what is not durable.
    Lies,
    /// It makes durable only what the sync before should have: the defect of acknowledging first and syncing later.
    Late,
    /// It is honest about data, and does nothing for names.
    LiesAboutNames,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Default, Debug)]
struct Content {
    durable: Vec<u8>,
    visible: Vec<u8>,
    pending: Vec<Change>,
    /// For [`Sync::Late`]: how many pending changes the last sync was asked for.
    asked: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Names {
    directory: bool,
    log: Option<usize>,
    draft: Option<usize>,
}

#[derive(Default, Debug)]
struct Machine {
    calls: u64,
    fault: Option<(u64, Fault)>,
    off: bool,
    locked: bool,
    sync: Sync,
    visible: Names,
    durable: Names,
    contents: Vec<Content>,
}

/// The disk; clones are the same disk.
#[derive(Clone, Default, Debug)]
pub(crate) struct Disk(Rc<RefCell<Machine>>);

/// One opening of a directory on the disk; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Mount {
    disk: Disk,
    holds_lock: bool,
}

/// An open file on the disk.
#[derive(Debug)]
pub(crate) struct Inode {
    disk: Disk,
    number: usize,
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
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

/// A small generator of reproducible numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// With these a power cut leaves no name that was not made durable.
    pub(crate) fn losing_names() -> Self {
        (0..).map(Self).find(|dice| dice.clone().roll(3) == 2).expect("one of three")
    }
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

impl Disk {
    pub(crate) fn with(sync: Sync) -> Self {
        let disk = Self::default();
        disk.0.borrow_mut().sync = sync;
        disk
    }
    /// A disk with a log of these bytes.
    pub(crate) fn holding(bytes: &[u8]) -> Self {
        let disk = Self::default();
        let names = Names { directory: true, log: Some(0), draft: None };
        let mut machine = disk.0.borrow_mut();
        (machine.visible, machine.durable) = (names, names);
        let (durable, visible) = (bytes.to_vec(), bytes.to_vec());
        machine.contents.push(Content { durable, visible, ..Content::default() });
        drop(machine);
        disk
    }
    pub(crate) fn mount(&self) -> Mount {
        Mount { disk: self.clone(), holds_lock: false }
    }
    /// Number of calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.0.borrow().calls
    }
    /// Plans a fault at the n-th call from now, from 1.
    pub(crate) fn plan(&self, after: u64, fault: Fault) {
        let mut machine = self.0.borrow_mut();
        machine.fault = Some((machine.calls + after, fault));
    }
    /// Takes a planned fault back.
    pub(crate) fn forget_plan(&self) {
        self.0.borrow_mut().fault = None;
    }
    pub(crate) fn is_off(&self) -> bool {
        self.0.borrow().off
    }
    /// The bytes of the log as a process sees them.
    pub(crate) fn visible(&self) -> Vec<u8> {
        let machine = self.0.borrow();
        machine.visible.log.map(|number| machine.contents[number].visible.clone()).unwrap_or_default()
    }
    /// The process that was killed is gone, the machine stayed on: what was written is still seen, synced or not.
    pub(crate) fn next_process(&self) {
        let mut machine = self.0.borrow_mut();
        (machine.off, machine.locked, machine.fault) = (false, false, None);
    }
    /// The power goes and comes back: of what was not synced, some first part survives, the last piece torn.
    pub(crate) fn restart(&self, dice: &mut Dice) {
        self.restart_with(dice, |content, dice| {
            let kept = dice.roll(content.pending.len() as u64 + 1) as usize;
            let mut bytes = content.durable.clone();
            for change in &content.pending[..kept] {
                apply(&mut bytes, change);
            }
            if let Some(Change::Write(offset, data)) = content.pending.get(kept) {
                let torn = dice.roll(data.len() as u64 + 1) as usize;
                apply(&mut bytes, &Change::Write(*offset, data[..torn].to_vec()));
            }
            bytes
        });
    }
    /// The same, but pieces of 64 bytes of every unsynced write survive or not, each by itself.
    pub(crate) fn restart_out_of_order(&self, dice: &mut Dice) {
        self.restart_with(dice, |content, dice| {
            let mut bytes = content.durable.clone();
            for change in &content.pending {
                let Change::Write(offset, data) = change else {
                    apply(&mut bytes, change);
                    continue;
                };
                for (index, piece) in data.chunks(64).enumerate() {
                    if dice.roll(2) == 1 {
                        apply(&mut bytes, &Change::Write(offset + index as u64 * 64, piece.to_vec()));
                    }
                }
            }
            bytes
        });
    }
    fn restart_with(&self, dice: &mut Dice, survive: impl Fn(&Content, &mut Dice) -> Vec<u8>) {
        let mut machine = self.0.borrow_mut();
        // Names that were not synced are all there or all gone.
        if dice.roll(2) == 0 {
            machine.visible = machine.durable;
        }
        machine.durable = machine.visible;
        for content in &mut machine.contents {
            let bytes = survive(content, dice);
            *content = Content { durable: bytes.clone(), visible: bytes, ..Content::default() };
        }
        machine.off = false;
        machine.locked = false;
        machine.fault = None;
    }
    /// Runs one call: `work` is what it does, `half` what it leaves when it fails or is killed.
    fn call<T>(
        &self,
        half: impl FnOnce(&mut Machine),
        work: impl FnOnce(&mut Machine) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut machine = self.0.borrow_mut();
        if machine.off {
            return Err(io::Error::other("the machine is off"));
        }
        machine.calls += 1;
        match machine.fault {
            Some((at, fault)) if at == machine.calls => {
                machine.off = fault != Fault::Fail;
                if fault == Fault::KillAfter {
                    work(&mut machine)?;
                } else {
                    half(&mut machine);
                }
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => work(&mut machine),
        }
    }
    fn read<T>(&self, work: impl FnOnce(&mut Machine) -> io::Result<T>) -> io::Result<T> {
        self.call(|_| {}, work)
    }
    fn change(&self, number: usize, half: Option<Change>, whole: Change) -> io::Result<()> {
        let make = |machine: &mut Machine, change: Change| {
            let content = &mut machine.contents[number];
            apply(&mut content.visible, &change);
            content.pending.push(change);
        };
        self.call(
            |machine| half.into_iter().for_each(|half| make(machine, half)),
            |machine| {
                make(machine, whole);
                Ok(())
            },
        )
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.holds_lock {
            self.disk.0.borrow_mut().locked = false;
        }
    }
}

impl Storage for Mount {
    type File = Inode;
    fn location(&self) -> &Path {
        Path::new("simulated")
    }
    fn create_directory(&mut self) -> io::Result<()> {
        self.disk.read(|machine| {
            machine.visible.directory = true;
            Ok(())
        })
    }
    fn lock(&mut self) -> io::Result<bool> {
        let free = self.disk.read(|machine| Ok(!std::mem::replace(&mut machine.locked, true)))?;
        self.holds_lock = free;
        Ok(free)
    }
    fn open(&mut self, _access: Access) -> io::Result<Option<Inode>> {
        let number = self.disk.read(|machine| Ok(machine.visible.log))?;
        Ok(number.map(|number| Inode { disk: self.disk.clone(), number }))
    }
    fn create_draft(&mut self) -> io::Result<Inode> {
        let number = self.disk.read(|machine| {
            machine.contents.push(Content::default());
            machine.visible.draft = Some(machine.contents.len() - 1);
            Ok(machine.contents.len() - 1)
        })?;
        Ok(Inode { disk: self.disk.clone(), number })
    }
    fn publish_draft(&mut self) -> io::Result<()> {
        self.disk.read(|machine| {
            machine.visible.log = machine.visible.draft.take();
            Ok(())
        })
    }
    fn sync_directories(&mut self) -> io::Result<()> {
        self.disk.read(|machine| {
            if matches!(machine.sync, Sync::Honest | Sync::Late) {
                machine.durable = machine.visible;
            }
            Ok(())
        })
    }
}

impl LogFile for Inode {
    fn len(&self) -> io::Result<u64> {
        self.disk.read(|machine| Ok(machine.contents[self.number].visible.len() as u64))
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read(|machine| {
            let bytes = &machine.contents[self.number].visible;
            let rest = bytes.get(offset as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let half = Change::Write(offset, bytes[..bytes.len() / 2].to_vec());
        self.disk.change(self.number, Some(half), Change::Write(offset, bytes.to_vec()))
    }
    fn truncate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.disk.change(self.number, None, Change::Truncate(len_bytes))
    }
    fn sync(&mut self) -> io::Result<()> {
        self.disk.call(
            |machine| {
                // The kernel reports the error once and takes the pages for clean.
                if !machine.off {
                    machine.contents[self.number].pending.clear();
                }
            },
            |machine| {
                let sync = machine.sync;
                let content = &mut machine.contents[self.number];
                let done = match sync {
                    Sync::Honest | Sync::LiesAboutNames => content.pending.len(),
                    Sync::Lies => 0,
                    Sync::Late => content.asked.min(content.pending.len()),
                };
                for change in content.pending.drain(..done) {
                    apply(&mut content.durable, &change);
                }
                content.asked = content.pending.len();
                Ok(())
            },
        )
    }
}
