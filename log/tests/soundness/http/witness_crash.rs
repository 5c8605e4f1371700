//! A witness that is killed, or whose disk fails, at any call: no cosignature is given that it does not remember.

use crate::disk::Dice;
use crate::disk::fault::{Computer, FaultDisk};
use crate::disk::machine::{Defect, EIO, ENOSPC, Trouble};
use crate::tree::{ORIGIN, Tree, log_key, witness_key};
use candor_log::http::witness::{AddCheckpoint, MemoryError, Refused, Witness, WitnessMemory};
use candor_trace::tlog::SignatureLine;

fn open(computer: &Computer) -> Witness<FaultDisk> {
    let memory = WitnessMemory::open(computer.disk()).unwrap();
    Witness::new(witness_key(), vec![log_key().verifier_key().clone()], memory)
}

fn grow(witness: &Witness<FaultDisk>, tree: &Tree, old: u64, size: u64) -> Result<SignatureLine, Refused> {
    let proof = tree.consistency(old, size);
    let request = AddCheckpoint { old, proof, checkpoint: tree.checkpoint(&log_key(), size) };
    witness.add_checkpoint(&request.to_bytes(), 1000)
}

/// What a witness that is opened again knows.
fn known(computer: &Computer) -> u64 {
    let memory = WitnessMemory::open(computer.disk()).unwrap();
    memory.latest(ORIGIN).map_or(0, |latest| latest.size)
}

/// Runs one growth with trouble at every call; returns how often a given cosignature was forgotten.
fn forgotten(defects: &[Defect], losing_power: bool) -> usize {
    let tree = Tree::of(1, 9);
    let (mut forgotten, mut dice) = (0, Dice(11));
    for trouble in [Trouble::Fail(EIO), Trouble::FailFromNow(ENOSPC), Trouble::KillBefore, Trouble::KillAfter]
    {
        for call in 1.. {
            let computer = Computer::with(defects);
            let witness = open(&computer);
            grow(&witness, &tree, 0, 4).unwrap();
            computer.plan(call, trouble);
            let given = grow(&witness, &tree, 4, 7);
            let happened = computer.happened();
            if happened && given.is_err() && !computer.is_off() {
                // It does not go on as if nothing had been.
                let again = grow(&witness, &tree, 4, 7);
                assert!(matches!(again, Err(Refused::Memory(MemoryError::Poisoned { .. }))), "{again:?}");
            }
            drop(witness);
            if losing_power {
                computer.restart(&mut dice)
            } else {
                computer.next_process()
            }
            let known = known(&computer);
            assert!(known == 4 || known == 7 || !defects.is_empty(), "it knows {known}");
            forgotten += usize::from(given.is_ok() && known != 7);
            if !happened {
                break;
            }
            if defects.is_empty() {
                // Either way it goes on from where it is, and only from there.
                let witness = open(&computer);
                assert!(matches!(grow(&witness, &Tree::of(2, 9), known, 8), Err(Refused::Proof(_))));
                grow(&witness, &tree, known, 9).unwrap();
            }
        }
    }
    forgotten
}

#[test]
fn no_cosignature_is_given_before_it_is_remembered() {
    assert_eq!(forgotten(&[], true), 0);
    assert_eq!(forgotten(&[], false), 0);
}

/// It dies before the name of what it remembers is durable. The next process sees the file, cosigns the same again, and the
/// power goes: what was cosigned is remembered.
#[test]
fn what_a_dead_witness_left_is_durable_before_it_is_cosigned_again() {
    let tree = Tree::of(1, 9);
    let mut seen = 0;
    for sync in 1..=2 {
        let computer = Computer::default();
        let witness = open(&computer);
        grow(&witness, &tree, 0, 4).unwrap();
        computer.plan_at_sync("folder cosigned", sync, Trouble::KillBefore);
        let died = grow(&witness, &tree, 4, 7).is_err();
        drop(witness);
        computer.next_process();
        let witness = open(&computer);
        if died {
            // In the same second: nothing is written.
            grow(&witness, &tree, 7, 7).unwrap();
            seen += 1;
        }
        drop(witness);
        computer.restart(&mut Dice::losing_names());
        assert_eq!(known(&computer), 7);
    }
    assert_eq!(seen, 1);
}

#[test]
fn the_campaign_notices_a_sync_that_does_nothing() {
    assert!(forgotten(&[Defect::NoFolderSync], true) > 0);
}

#[test]
fn between_remembering_and_answering_the_log_asks_again() {
    let (computer, tree) = (Computer::default(), Tree::of(1, 9));
    let witness = open(&computer);
    let lost = grow(&witness, &tree, 0, 4).unwrap();
    drop(witness);
    computer.restart(&mut Dice(3));
    // The answer never arrived: the log still believes in 0.
    let witness = open(&computer);
    assert!(matches!(grow(&witness, &tree, 0, 4), Err(Refused::OldSize { old: 0, latest: 4 })));
    assert_eq!(grow(&witness, &tree, 4, 4).unwrap(), lost);
    grow(&witness, &tree, 4, 9).unwrap();
}

/// A checkpoint is public: anybody can show it to a witness that knows it, as often as he likes.
#[test]
fn the_same_checkpoint_again_costs_no_write() {
    let (computer, tree) = (Computer::default(), Tree::of(1, 9));
    let witness = open(&computer);
    let first = grow(&witness, &tree, 0, 4).unwrap();
    computer.plan(1, Trouble::FailFromNow(EIO));
    assert_eq!(grow(&witness, &tree, 4, 4).unwrap(), first);
    assert!(!computer.happened(), "the disk was asked");
    // A larger one is another matter, and after its failure the same again is not cosigned either.
    assert!(matches!(grow(&witness, &tree, 4, 9), Err(Refused::Memory(MemoryError::Io { .. }))));
    assert!(matches!(grow(&witness, &tree, 4, 4), Err(Refused::Memory(MemoryError::Poisoned { .. }))));
}

#[test]
fn two_processes_are_not_one_witness() {
    let computer = Computer::default();
    let first = open(&computer);
    assert!(matches!(WitnessMemory::open(computer.disk()), Err(MemoryError::Locked { .. })));
    drop(first);
    open(&computer);
}

#[test]
fn what_it_remembers_is_checked_when_it_is_opened() {
    let (computer, tree) = (Computer::default(), Tree::of(1, 9));
    let witness = open(&computer);
    grow(&witness, &tree, 0, 4).unwrap();
    drop(witness);
    let name = computer.files().into_iter().find(|name| name.starts_with("cosigned/")).unwrap();
    let bytes = computer.read(&name).unwrap();
    for length in 0..bytes.len() {
        computer.tamper(&name, Some(bytes[..length].to_vec()));
        let error = WitnessMemory::open(computer.disk()).unwrap_err();
        assert!(matches!(error, MemoryError::Malformed { .. }), "{error}");
    }
    computer.tamper(&name, Some([&bytes[..], &[0]].concat()));
    assert!(matches!(WitnessMemory::open(computer.disk()), Err(MemoryError::Malformed { .. })));
    computer.tamper(&name, Some(vec![0; 2000]));
    assert!(matches!(WitnessMemory::open(computer.disk()), Err(MemoryError::Io { .. })));
    // A file of another log under this log's name.
    let position = bytes.windows(4).position(|window| window == b"log.").unwrap();
    let mut exchanged = bytes.clone();
    exchanged[position] = b'L';
    computer.tamper(&name, Some(exchanged));
    assert!(matches!(WitnessMemory::open(computer.disk()), Err(MemoryError::Exchanged { .. })));
    // A draft that a crash left is nothing.
    computer.tamper(&name, Some(bytes));
    computer.tamper(&format!("{name}.new"), Some(b"half".to_vec()));
    assert_eq!(known(&computer), 4);
}
