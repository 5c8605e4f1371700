//! The real file system and the one in memory answer alike.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::Trouble;
use candor_log::{Access, Disk, FileSystem, LogFile};
use std::io::ErrorKind;

/// Does something of everything and notes every answer.
fn answers(disk: &impl Disk) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &dyn std::fmt::Debug| notes.push(format!("{what:?}"));
    disk.create_folder("").unwrap();
    note(&disk.list("").unwrap());
    note(&disk.list("a/b").unwrap());
    note(&disk.create("a/file").map(|_| ()).map_err(|e| e.kind()));
    disk.create_folder("a/b/c").unwrap();
    disk.create_folder("a/b/c").unwrap();
    note(&disk.open("a/file", Access::Read).unwrap().is_none());
    note(&disk.open("x/file", Access::Write).unwrap().is_none());
    let mut file = disk.create("a/file").unwrap();
    file.write_at(0, b"hello world").unwrap();
    file.write_at(3, b"LO").unwrap();
    file.write_at(13, b"!").unwrap();
    note(&file.len().unwrap());
    note(&file.is_empty().unwrap());
    file.truncate(12).unwrap();
    file.sync().unwrap();
    let mut buffer = [0xff; 20];
    note(&file.read_at(1, &mut buffer).unwrap());
    note(&buffer);
    note(&file.read_at(12, &mut buffer).unwrap());
    note(&file.read_exact_at(10, &mut buffer).map_err(|e| e.kind()));
    disk.sync_folder("a").unwrap();
    note(&disk.list("a").unwrap());
    disk.rename("a/file", "a/b/other").unwrap();
    note(&disk.rename("a/file", "a/b/other").map_err(|e| e.kind()));
    note(&disk.rename("a/b/other", "z/other").map_err(|e| e.kind()));
    note(&(disk.list("a").unwrap(), disk.list("a/b").unwrap()));
    let again = disk.open("a/b/other", Access::Write).unwrap().unwrap();
    note(&again.len().unwrap());
    // What was opened before keeps its bytes under another's name.
    disk.create("a/b/new").unwrap().write_at(0, b"new").unwrap();
    disk.rename("a/b/new", "a/b/other").unwrap();
    note(&again.len().unwrap());
    note(&disk.open("a/b/other", Access::Read).unwrap().unwrap().len().unwrap());
    note(&disk.create("a/b/other").unwrap().len().unwrap());
    note(&disk.remove("a/b").map_err(|e| e.kind()));
    note(&disk.remove("a/b/c").unwrap());
    note(&disk.remove("a/b/c").unwrap());
    note(&disk.remove("a/b/other").unwrap());
    note(&disk.remove("a/b/other").unwrap());
    note(&disk.remove("a/b").unwrap());
    note(&disk.sync_folder("a/b").map_err(|e| e.kind()));
    note(&(disk.list("").unwrap(), disk.list("a").unwrap()));
    // A folder that was removed is created again.
    disk.create_folder("a/b").unwrap();
    note(&disk.list("a").unwrap());
    note(&disk.create("a/b").map(|_| ()).map_err(|e| e.kind()));
    note(&(disk.lock("a/lock").unwrap(), disk.lock("a/lock").unwrap()));
    notes
}

#[test]
fn the_real_disk_and_the_simulated_one_answer_alike() {
    let place = tempfile::tempdir().unwrap();
    let (real, simulated) =
        (answers(&FileSystem::at(&place.path().join("new/log"))), answers(&Computer::default().disk()));
    for (index, (real, simulated)) in real.iter().zip(&simulated).enumerate() {
        assert_eq!(real, simulated, "answer {index}");
    }
    assert_eq!(real.len(), simulated.len());
    assert_eq!(real.first().map(String::as_str), Some("[]"));
}

#[test]
fn a_lock_is_held_until_its_holder_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let computer = Computer::default();
    let (first, second) = (FileSystem::at(place.path()), FileSystem::at(place.path()));
    assert!(first.lock("log.lock").unwrap() && !second.lock("log.lock").unwrap());
    drop(first);
    assert!(second.lock("log.lock").unwrap());
    let (first, second) = (computer.disk(), computer.disk());
    assert!(first.lock("log.lock").unwrap() && !second.lock("log.lock").unwrap());
    drop(first);
    assert!(second.lock("log.lock").unwrap());
}

/// The simulated power cut keeps what was synced, and shows every kind of loss of what was not.
#[test]
fn a_simulated_power_cut_keeps_what_was_synced_and_nothing_for_certain_of_the_rest() {
    let (mut tails, mut names) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for seed in 0..400 {
        let computer = Computer::default();
        let disk = computer.disk();
        disk.create_folder("a").unwrap();
        let mut file = disk.create("a/kept").unwrap();
        file.write_at(0, &[1; 1000]).unwrap();
        file.sync().unwrap();
        disk.sync_folder("a").unwrap();
        file.write_at(1000, &[2; 1048]).unwrap();
        disk.create("a/new").unwrap();
        disk.rename("a/new", "a/newer").unwrap();
        computer.restart(&mut Dice(seed));
        assert_eq!(file.len().unwrap_err().to_string(), "the machine is off");
        let bytes = computer.read("a/kept").expect("its name was synced");
        assert_eq!(bytes[..1000], [1; 1000]);
        let sectors =
            bytes[1000..].chunks(256).map(|chunk| (chunk.len(), chunk[0] == 2, chunk[chunk.len() - 1] == 2));
        tails.insert(sectors.collect::<Vec<_>>());
        names.insert(computer.files());
    }
    let has = |wanted: &[&str]| names.contains(&wanted.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    assert!(has(&["a/kept"]) && has(&["a/kept", "a/new"]) && has(&["a/kept", "a/newer"]), "{names:?}");
    assert!(tails.contains(&vec![]), "nothing");
    assert!(
        tails.iter().any(|tail| tail.len() == 5 && tail.iter().all(|(_, first, _)| *first)),
        "everything"
    );
    assert!(tails.iter().any(|tail| tail.len() == 5 && tail.iter().all(|(_, first, _)| !first)), "zeros");
    assert!(
        tails.iter().any(|tail| tail.len() > 2 && !tail[0].1 && tail.iter().any(|(_, first, _)| *first)),
        "out of order"
    );
    assert!(tails.len() > 20, "torn at many bytes");
}

#[test]
fn simulated_trouble_comes_at_its_call_and_stays_as_long_as_it_says() {
    let computer = Computer::default();
    let disk = computer.disk();
    computer.plan(2, Trouble::Fail(crate::disk::machine::EIO));
    let mut file = disk.create("file").unwrap();
    assert_eq!(file.write_at(0, &[1; 10]).unwrap_err().raw_os_error(), Some(5));
    assert_eq!(file.len().unwrap(), 5, "half of it is there");
    file.write_at(0, &[1; 10]).unwrap();
    computer.plan(1, Trouble::FailFromNow(crate::disk::machine::ENOSPC));
    assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_at(0, &[1; 10]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 10, "reading needs no space");
    computer.repair();
    file.sync().unwrap();
    computer.plan(1, Trouble::KillAfter);
    disk.sync_folder("").unwrap_err();
    assert!(computer.is_off() && disk.list("").is_err());
}
