//! A whole file system in memory that can fail or lose its power at any call, and keeps what a real one might.

use super::Dice;
use super::machine::{Change, Content, Defect, Machine, Node, Trouble, apply, folder_of};
use candor_log::{Access, Disk, LogFile};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The machine; clones are the same one.
#[derive(Clone, Default, Debug)]
pub(crate) struct Computer(Arc<Mutex<Machine>>);

/// One process's view of the machine's disk; dropping it releases its locks.
#[derive(Debug)]
pub(crate) struct FaultDisk {
    computer: Computer,
    boot: u64,
    locks: Mutex<Vec<String>>,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct FaultFile {
    computer: Computer,
    boot: u64,
    number: usize,
    name: String,
    /// Bytes hidden at its end.
    hidden: u64,
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Computer {
    pub(crate) fn with(defects: &[Defect]) -> Self {
        let computer = Self::default();
        hold(&computer.0).defects = defects.to_vec();
        computer
    }
    /// A process's view of the disk.
    pub(crate) fn disk(&self) -> FaultDisk {
        FaultDisk { computer: self.clone(), boot: hold(&self.0).boots, locks: Mutex::default() }
    }
    /// An independent machine with the same state: the disk copied bit by bit, what is in memory too.
    pub(crate) fn copy(&self) -> Self {
        let machine = hold(&self.0);
        let copy = Machine {
            defects: machine.defects.clone(),
            visible: machine.visible.clone(),
            durable: machine.durable.clone(),
            pending: machine.pending.clone(),
            contents: machine.contents.clone(),
            dice: machine.dice.clone(),
            ..Machine::default()
        };
        Self(Arc::new(Mutex::new(copy)))
    }
    /// The same machine with these defects from now on.
    pub(crate) fn copy_with(&self, defects: &[Defect]) -> Self {
        let copy = self.copy();
        hold(&copy.0).defects = defects.to_vec();
        copy
    }
    /// Number of calls so far.
    pub(crate) fn calls(&self) -> u64 {
        hold(&self.0).calls
    }
    /// Plans trouble at the n-th call from now, from 1.
    pub(crate) fn plan(&self, after: u64, trouble: Trouble) {
        let mut machine = hold(&self.0);
        machine.trouble = Some((machine.calls + after, trouble));
    }
    /// Plans trouble at the n-th sync, from 1, of a file whose name begins so.
    pub(crate) fn plan_at_sync(&self, name: &str, after: u64, trouble: Trouble) {
        hold(&self.0).trouble_at_sync = Some((format!("sync {name}"), after, trouble));
    }
    /// Whether the planned trouble has happened.
    pub(crate) fn happened(&self) -> bool {
        let machine = hold(&self.0);
        machine.trouble.is_some_and(|(at, _)| machine.calls >= at)
    }
    pub(crate) fn is_off(&self) -> bool {
        hold(&self.0).off
    }
    /// Calls since the last start, for a failed test's message.
    pub(crate) fn history(&self) -> Vec<String> {
        hold(&self.0).history.clone()
    }
    /// The disk has space and works again; planned trouble is taken back.
    pub(crate) fn repair(&self) {
        let mut machine = hold(&self.0);
        (machine.trouble, machine.trouble_at_sync, machine.failing) = (None, None, None);
    }
    /// The process is gone, the machine stayed on: what was written is still seen, synced or not.
    pub(crate) fn next_process(&self) {
        hold(&self.0).start();
    }
    /// The power goes and comes back: unsynced writes and names are kept, lost, torn or reordered.
    pub(crate) fn restart(&self, dice: &mut Dice) {
        let mut machine = hold(&self.0);
        machine.lose_power(dice);
        machine.start();
    }
    /// The names of all files, as a process sees them.
    pub(crate) fn files(&self) -> Vec<String> {
        let machine = hold(&self.0);
        let files = machine.visible.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(name, _)| name.clone()).collect()
    }
    /// A file's bytes, as a process sees them.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let machine = hold(&self.0);
        match machine.visible.get(name) {
            Some(Node::File(number)) => Some(machine.contents[*number].visible.clone()),
            _ => None,
        }
    }
    /// Changes a file behind everybody's back, durably; `None` removes it.
    pub(crate) fn tamper(&self, name: &str, bytes: Option<Vec<u8>>) {
        let mut machine = hold(&self.0);
        let Some(bytes) = bytes else {
            machine.visible.remove(name);
            machine.durable.remove(name);
            return;
        };
        let stale = match machine.visible.get(name) {
            Some(Node::File(number)) => Some(machine.contents[*number].visible.clone()),
            _ => None,
        };
        machine.contents.push(Content {
            durable: bytes.clone(),
            visible: bytes,
            stale,
            ..Content::default()
        });
        let node = Node::File(machine.contents.len() - 1);
        machine.visible.insert(name.to_owned(), node);
        machine.durable.insert(name.to_owned(), node);
    }
    /// Runs one call: `work` is what it does, `half` what it leaves when it fails or is killed.
    fn call<T>(
        &self,
        (boot, what, needs_disk): (u64, String, bool),
        half: impl FnOnce(&mut Machine),
        work: impl FnOnce(&mut Machine) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut machine = hold(&self.0);
        if machine.off || machine.boots != boot {
            return Err(io::Error::other("the machine is off"));
        }
        machine.calls += 1;
        machine.count_sync(&what);
        machine.history.push(what);
        if let Some(error) = machine.failing.filter(|_| needs_disk) {
            half(&mut machine);
            return Err(io::Error::from_raw_os_error(error));
        }
        match machine.trouble {
            Some((at, trouble)) if at == machine.calls => match trouble {
                Trouble::Fail(error) => {
                    half(&mut machine);
                    Err(io::Error::from_raw_os_error(error))
                }
                Trouble::FailFromNow(error) => {
                    machine.failing = Some(error);
                    half(&mut machine);
                    Err(io::Error::from_raw_os_error(error))
                }
                Trouble::KillBefore => {
                    machine.off = true;
                    half(&mut machine);
                    Err(io::Error::other("the power went"))
                }
                Trouble::KillAfter => {
                    machine.off = true;
                    work(&mut machine)?;
                    Err(io::Error::other("the power went"))
                }
            },
            _ => work(&mut machine),
        }
    }
}

impl FaultDisk {
    fn call<T>(
        &self,
        what: String,
        needs_disk: bool,
        work: impl FnOnce(&mut Machine) -> io::Result<T>,
    ) -> io::Result<T> {
        self.computer.call((self.boot, what, needs_disk), |_| {}, work)
    }
    fn file(&self, name: &str, number: usize, hidden: u64) -> FaultFile {
        FaultFile { computer: self.computer.clone(), boot: self.boot, number, name: name.to_owned(), hidden }
    }
}

impl Drop for FaultDisk {
    fn drop(&mut self) {
        let mut machine = hold(&self.computer.0);
        if machine.boots == self.boot {
            for name in hold(&self.locks).iter() {
                machine.locked.remove(name);
            }
        }
    }
}

impl Disk for FaultDisk {
    type File = FaultFile;
    fn location(&self) -> &Path {
        Path::new("simulated")
    }
    fn lock(&self, name: &str) -> io::Result<bool> {
        let free = self.call(format!("lock {name}"), false, |machine| {
            machine.folder_exists(folder_of(name))?;
            Ok(machine.locked.insert(name.to_owned()))
        })?;
        if free {
            hold(&self.locks).push(name.to_owned());
        }
        Ok(free)
    }
    fn unlock(&self, name: &str) {
        let mut machine = hold(&self.computer.0);
        let mut locks = hold(&self.locks);
        if machine.boots == self.boot && locks.iter().any(|locked| locked == name) {
            machine.locked.remove(name);
        }
        locks.retain(|locked| locked != name);
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Option<FaultFile>> {
        let found =
            self.call(format!("open {name} {access:?}"), false, |machine| match machine.visible.get(name) {
                Some(Node::File(number)) => {
                    let number = *number;
                    let cut = machine
                        .has(|defect| matches!(defect, Defect::CutFrame(prefix) if name.starts_with(prefix)));
                    let hidden = u64::from(cut && !machine.contents[number].visible.is_empty());
                    Ok(Some((number, hidden)))
                }
                Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
                None => Ok(None),
            })?;
        Ok(found.map(|(number, hidden)| self.file(name, number, hidden)))
    }
    fn create(&self, name: &str) -> io::Result<FaultFile> {
        let number = self.call(format!("create {name}"), true, |machine| {
            let folder = folder_of(name);
            machine.folder_exists(folder)?;
            match machine.visible.get(name) {
                Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
                Some(Node::File(number)) => {
                    let number = *number;
                    let content = &mut machine.contents[number];
                    content.visible.clear();
                    content.pending.push(Change::Truncate(0));
                    Ok(number)
                }
                None => {
                    machine.contents.push(Content::default());
                    let number = machine.contents.len() - 1;
                    machine.name(folder, vec![(name.to_owned(), Some(Node::File(number)))]);
                    Ok(number)
                }
            }
        })?;
        Ok(self.file(name, number, 0))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call(format!("rename {from} {to}"), true, |machine| {
            machine.folder_exists(folder_of(to))?;
            let Some(node @ Node::File(_)) = machine.visible.get(from).copied() else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let (new, old) = ((to.to_owned(), Some(node)), (from.to_owned(), None));
            if folder_of(from) == folder_of(to) {
                machine.name(folder_of(to), vec![old, new]);
            } else {
                machine.name(folder_of(to), vec![new]);
                machine.name(folder_of(from), vec![old]);
            }
            Ok(())
        })
    }
    fn remove(&self, name: &str) -> io::Result<bool> {
        self.call(format!("remove {name}"), false, |machine| {
            let within = format!("{name}/");
            match machine.visible.get(name) {
                None => Ok(false),
                Some(Node::Folder) if machine.visible.keys().any(|other| other.starts_with(&within)) => {
                    Err(io::ErrorKind::DirectoryNotEmpty.into())
                }
                Some(_) => {
                    machine.name(folder_of(name), vec![(name.to_owned(), None)]);
                    Ok(true)
                }
            }
        })
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.call(format!("list {folder}"), false, |machine| {
            let inside = machine.visible.iter().filter(|(name, _)| folder_of(name) == folder);
            let mut names: Vec<String> = inside
                .map(|(name, node)| {
                    let last = name.rsplit('/').next().unwrap_or(name);
                    format!("{last}{}", if *node == Node::Folder { "/" } else { "" })
                })
                .collect();
            names.sort();
            Ok(names)
        })
    }
    fn create_folder(&self, name: &str) -> io::Result<()> {
        let ends = name.match_indices('/').map(|(index, _)| index).chain([name.len()]);
        for folder in ends.map(|end| &name[..end]).filter(|folder| !folder.is_empty()) {
            // As the real one: created where missing, then the folder that holds it is synced in any case.
            let durable = self.call(format!("create folder {folder}"), true, |machine| {
                match machine.visible.get(folder) {
                    Some(Node::Folder) => {}
                    Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                    None => machine.name(folder_of(folder), vec![(folder.to_owned(), Some(Node::Folder))]),
                }
                Ok(machine.durable.get(folder) == Some(&Node::Folder))
            })?;
            if !durable {
                self.sync_folder(folder_of(folder))?;
            }
        }
        Ok(())
    }
    fn sync_folder(&self, name: &str) -> io::Result<()> {
        self.call(format!("sync folder {name}"), true, |machine| {
            machine.folder_exists(name)?;
            if !machine.has(|defect| *defect == Defect::NoFolderSync) {
                machine.sync_names(name);
            }
            Ok(())
        })
    }
}

impl FaultFile {
    fn read<T>(&self, what: &str, work: impl FnOnce(&mut Machine) -> io::Result<T>) -> io::Result<T> {
        self.computer.call((self.boot, format!("{what} {}", self.name), false), |_| {}, work)
    }
    fn change(&self, what: String, half: Option<Change>, whole: Change) -> io::Result<()> {
        let number = self.number;
        let make = |machine: &mut Machine, change: Change| {
            let content = &mut machine.contents[number];
            apply(&mut content.visible, &change);
            content.pending.push(change);
        };
        self.computer.call(
            (self.boot, what, true),
            |machine| half.into_iter().for_each(|half| make(machine, half)),
            |machine| {
                make(machine, whole);
                Ok(())
            },
        )
    }
    fn sync_once(&self) -> io::Result<()> {
        let number = self.number;
        self.computer.call(
            (self.boot, format!("sync {}", self.name), true),
            |machine| {
                if !machine.off {
                    machine.forget(number);
                }
            },
            |machine| {
                let none =
                    machine.has(|d| matches!(d, Defect::NoSync(prefix) if self.name.starts_with(prefix)));
                let late =
                    machine.has(|d| matches!(d, Defect::LateSync(prefix) if self.name.starts_with(prefix)));
                let content = &mut machine.contents[number];
                let done = match (none, late) {
                    (true, _) => 0,
                    (_, true) => content.asked.min(content.pending.len()),
                    _ => content.pending.len(),
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

impl LogFile for FaultFile {
    fn len(&self) -> io::Result<u64> {
        self.read("length", |machine| {
            Ok((machine.contents[self.number].visible.len() as u64).saturating_sub(self.hidden))
        })
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.read("read", |machine| {
            let content = &machine.contents[self.number];
            let stale =
                content.stale.as_ref().filter(|_| machine.has(|defect| *defect == Defect::StaleReads));
            let bytes = stale.unwrap_or(&content.visible);
            let end = bytes.len().saturating_sub(self.hidden as usize);
            let rest = bytes.get(offset as usize..end).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.hidden = 0;
        let half = Change::Write(offset, bytes[..bytes.len() / 2].to_vec());
        let what = format!("write {} {offset}+{}", self.name, bytes.len());
        self.change(what, Some(half), Change::Write(offset, bytes.to_vec()))
    }
    fn truncate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.hidden = 0;
        self.change(format!("truncate {} {len_bytes}", self.name), None, Change::Truncate(len_bytes))
    }
    fn sync(&mut self) -> io::Result<()> {
        let retries = hold(&self.computer.0).has(|defect| *defect == Defect::RetriedSync);
        match self.sync_once() {
            Err(_) if retries && !self.computer.is_off() => self.sync_once(),
            result => result,
        }
    }
}
