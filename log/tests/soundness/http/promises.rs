//! Promises that a log breaks, and what is no promise.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::{Defect, EIO, Trouble};
use crate::fleet::{Agent, ORIGIN, key, settings, signer};
use crate::head::{http, liar};
use crate::served::{client, generous, start};
use crate::tree::{Tree, log_key, witness_key};
use candor_log::FileLog;
use candor_log::audit::{
    Breach, LogProofError, MAX_BROKEN, PromiseReport, Source, SourceError, check_promises,
};
use candor_log::http::{
    ClientError, Delivery, DeliveryError, Promises, PromisesError, RecordState, read_promises,
};
use candor_trace::Entry;
use candor_trace::tlog::{
    Hash, NoteError, NoteSigner, Promise, PromiseError, QuorumPolicy, SignedPromise, TileId, VerifierKey,
    encode_tile,
};
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) const TIME: u64 = 1_763_740_800;
pub(crate) const WINDOW: u64 = 3600;

/// What a log of this tree publishes, cosigned at a time.
pub(crate) struct Served(pub(crate) BTreeMap<String, Vec<u8>>);

impl Source for Served {
    fn get(&self, file: &str, _: u64) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.0.get(file).cloned())
    }
}

pub(crate) fn served(tree: &Tree, size: u64, cosigned: Option<u64>) -> Served {
    let mut note = tree.checkpoint(&log_key(), size);
    if let Some(time) = cosigned {
        let line = witness_key().cosign(note.text(), time);
        note.add(line).unwrap();
    }
    let tile = TileId::of_tree(0, 0, size).unwrap();
    let files =
        [("checkpoint".to_owned(), note.to_bytes()), (tile.path(), encode_tile(&tree.0[..size as usize]))];
    Served(files.into())
}

pub(crate) fn policy() -> QuorumPolicy {
    let (log, witness) = (log_key().verifier_key().clone(), witness_key().verifier_key().clone());
    QuorumPolicy::new(log, vec![witness], 0).unwrap()
}

pub(crate) fn promise(tree: &Tree, index: u64) -> Promise {
    let (leaf, sequence) = (tree.0[index as usize], index);
    Promise { agent: [1; 20], program_id: [2; 32], sequence, record_hash: [3; 32], leaf, index, time: TIME }
}

fn check(source: &Served, promises: &[Promise]) -> Result<PromiseReport, LogProofError> {
    let signed = promises.iter().map(|promise| Ok(promise.sign(&log_key())));
    check_promises(source, &policy(), WINDOW, signed)
}

#[test]
fn another_entry_in_a_promised_place_is_found_and_proven() {
    let (promised, other) = (Tree::of(1, 9), Tree::of(2, 9));
    let promises: Vec<Promise> = (0..9).map(|index| promise(&promised, index)).collect();
    let report = check(&served(&promised, 9, None), &promises).unwrap();
    assert_eq!((report.kept, report.pending, report.broken_count), (9, 0, 0));
    // The log goes on with another history, and signs that.
    let report = check(&served(&other, 7, None), &promises).unwrap();
    assert_eq!((report.kept, report.pending, report.broken_count), (0, 2, 7));
    for (broken, index) in report.broken.iter().zip(0_u64..) {
        let Breach::OtherLeaf { leaf, proof } = &broken.kind else { panic!("{:?}", broken.kind) };
        assert_eq!((broken.signed.promise().index, *leaf), (index, other.0[index as usize]));
        // Evidence that needs no log: both halves are signed by its key.
        assert!(proof.verify(leaf, &policy()).is_ok());
        assert!(proof.verify(&promised.0[index as usize], &policy()).is_err());
        let note = broken.signed.to_note(log_key().verifier_key()).to_bytes();
        assert_eq!(SignedPromise::parse(&note, log_key().verifier_key()), Ok(broken.signed));
    }
    // One entry changed: one promise broken.
    let mut changed = Tree(promised.0.clone());
    changed.0[4] = other.0[4];
    let report = check(&served(&changed, 9, None), &promises).unwrap();
    assert_eq!((report.kept, report.broken_count, report.broken[0].signed.promise().index), (8, 1, 4));
}

#[test]
fn a_log_that_leaves_out_what_it_promised_is_overdue_once_a_witness_says_so() {
    let tree = Tree::of(1, 9);
    let one = [promise(&tree, 5)];
    let outcome = |cosigned| {
        let report = check(&served(&tree, 5, cosigned), &one).unwrap();
        (report.pending, report.broken_count, report.broken.first().map(|broken| broken.kind.clone()))
    };
    assert_eq!(outcome(None), (1, 0, None));
    assert_eq!(outcome(Some(TIME + WINDOW)), (1, 0, None));
    let cosigned = TIME + WINDOW + 1;
    assert_eq!(outcome(Some(cosigned)), (0, 1, Some(Breach::Overdue { size: 5, cosigned })));
}

#[test]
fn tiles_that_do_not_lead_to_the_checkpoint_accuse_nobody() {
    let tree = Tree::of(1, 9);
    let mut log = served(&tree, 9, None);
    let tile = TileId::of_tree(0, 0, 9).unwrap();
    let one = [promise(&tree, 3)];
    log.0.insert(tile.path(), encode_tile(&Tree::of(2, 9).0));
    assert!(matches!(check(&log, &one), Err(LogProofError::Rejected { .. })));
    log.0.remove(&tile.path());
    assert!(matches!(check(&log, &one), Err(LogProofError::Unreadable(SourceError::Missing { .. }))));
    log.0.remove("checkpoint");
    assert!(matches!(check(&log, &one), Err(LogProofError::Unreadable(SourceError::Missing { .. }))));
}

#[test]
fn the_list_of_broken_promises_is_bounded_and_the_count_is_not() {
    let (promised, other) = (Tree::of(1, 1), Tree::of(2, 1));
    for count in [MAX_BROKEN, MAX_BROKEN + 1] {
        let promises = vec![promise(&promised, 0); count];
        let report = check(&served(&other, 1, None), &promises).unwrap();
        assert_eq!((report.broken.len(), report.broken_count), (MAX_BROKEN, count as u64));
    }
}

fn parse(text: &str, signer: &NoteSigner, log: &VerifierKey) -> Result<SignedPromise, PromiseError> {
    let note = format!("{text}\n{}\n", signer.sign(text));
    SignedPromise::parse(note.as_bytes(), log)
}

#[test]
fn every_part_of_a_promise_is_checked() {
    let (signer, tree) = (log_key(), Tree::of(1, 9));
    let (log, one) = (signer.verifier_key(), promise(&tree, 5));
    let text = one.text(log.name());
    assert_eq!(parse(&text, &signer, log), Ok(one.sign(&signer)));
    assert_eq!(SignedPromise::parse(b"nothing", log), Err(PromiseError::Note(NoteError::NoSignatures)));
    // Nobody else's signature, not even a witness's of the same name, and not of another text.
    let other = NoteSigner::new(log.name(), &[8; 32]).unwrap();
    assert_eq!(parse(&text, &other, log), Err(PromiseError::Signature));
    let note = format!("{text}\n{}\n", signer.sign(&text.replace("index 5", "index 6")));
    assert_eq!(SignedPromise::parse(note.as_bytes(), log), Err(PromiseError::Signature));
    for flipped in 0..64 {
        let mut signature = *one.sign(&signer).signature();
        signature[flipped] ^= 1;
        assert_eq!(SignedPromise::check(one, signature, log), Err(PromiseError::Signature));
    }
    let cosigned = format!("{text}\n{}\n", witness_key().cosign(&text, TIME));
    let witness = witness_key();
    let asked = SignedPromise::parse(cosigned.as_bytes(), witness.verifier_key());
    assert_eq!(asked, Err(PromiseError::OtherLog));
    let renamed =
        text.replace(&format!("log {}", log.name()), &format!("log {}", witness.verifier_key().name()));
    let cosigned = format!("{renamed}\n{}\n", witness.cosign(&renamed, TIME));
    let asked = SignedPromise::parse(cosigned.as_bytes(), witness.verifier_key());
    assert_eq!(asked, Err(PromiseError::Signature));
    assert_eq!(parse(&text.replace("log log", "log other.log"), &signer, log), Err(PromiseError::OtherLog));
    // Signed by the log, and not of this form: line by line.
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let mut without = lines.clone();
        without.remove(number);
        assert_eq!(parse(&(without.join("\n") + "\n"), &signer, log), Err(PromiseError::Lines { got: 8 }));
        let mut changed = lines.clone();
        let broken = format!("x{line}");
        changed[number] = &broken;
        let error = parse(&(changed.join("\n") + "\n"), &signer, log).unwrap_err();
        assert!(matches!(error, PromiseError::Line { line, .. } if line == number + 1), "{error}");
    }
    for (from, to, at) in [
        ("agent 0x01", "agent 0x0", 3),
        ("agent 0x01", "agent 01", 3),
        ("program 0x02", "program 0xzz", 4),
        ("sequence 5", "sequence 05", 5),
        ("record 0x0303", "record 0x03", 6),
        ("leaf ", "leaf  ", 7),
        ("index 5", "index +5", 8),
        ("time 1", "time -1", 9),
    ] {
        let error = parse(&text.replacen(from, to, 1), &signer, log).unwrap_err();
        assert!(matches!(error, PromiseError::Line { line, .. } if line == at), "{to}: {error}");
    }
    assert_eq!(parse(&(text.clone() + "\n"), &signer, log), Err(PromiseError::Lines { got: 10 }));
    // As long as may be, and a byte longer.
    let padded = |length: usize| text.clone() + &"x".repeat(length - text.len() - 1) + "\n";
    assert_eq!(parse(&padded(1024), &signer, log), Err(PromiseError::Lines { got: 10 }));
    let long = PromiseError::TooLong { limit: 1024, got: 1025 };
    assert_eq!(parse(&padded(1025), &signer, log), Err(long));
    // A checkpoint that the same key signed is no promise.
    let checkpoint = tree.checkpoint(&signer, 9).to_bytes();
    assert_eq!(SignedPromise::parse(&checkpoint, log), Err(PromiseError::Lines { got: 3 }));
}

#[test]
fn an_acknowledgement_without_its_promise_is_none() {
    let mut agent = Agent::new(0);
    let domain = agent.registration.domain;
    let record = agent.record();
    let entry = Entry::of(&record, &domain);
    let good = Promise {
        agent: key(0).address(),
        program_id: agent.registration.program_id,
        sequence: 0,
        record_hash: entry.record_hash(),
        leaf: entry.leaf_hash(),
        index: 7,
        time: TIME,
    };
    let submit = |promise: &Promise, signer: &NoteSigner| {
        let note = promise.sign(signer).to_note(signer.verifier_key()).to_bytes();
        let answer = json!({
            "index": 7,
            "state": "sequenced",
            "duplicate": false,
            "recordHash": format!("0x{}", hex::encode(entry.record_hash())),
            "chain": { "records": 1 },
            "promise": String::from_utf8(note).unwrap(),
        });
        let url = liar(http(200, &answer.to_string()));
        client(&url).submit(&key(0), &domain, &record, RecordState::Sequenced)
    };
    assert_eq!(submit(&good, &signer()).unwrap().promise, good.sign(&signer()));
    for other in [
        Promise { agent: [1; 20], ..good },
        Promise { program_id: [1; 32], ..good },
        Promise { sequence: 1, ..good },
        Promise { record_hash: [1; 32], ..good },
        Promise { leaf: Hash([1; 32]), ..good },
        Promise { index: 8, ..good },
    ] {
        let error = submit(&other, &signer()).unwrap_err();
        assert!(matches!(error, ClientError::OtherPromise { .. }) && !error.is_temporary(), "{error}");
    }
    let other_key = NoteSigner::new(ORIGIN, &[9; 32]).unwrap();
    let error = submit(&good, &other_key).unwrap_err();
    assert!(matches!(error, ClientError::Promise { source: PromiseError::Signature, .. }), "{error}");
}

fn open(computer: &Computer) -> Result<Promises<crate::disk::fault::FaultDisk>, PromisesError> {
    Promises::open(&computer.disk(), log_key().verifier_key(), [1; 20])
}

fn file() -> String {
    format!("promises.{}", log_key().verifier_key().id())
}

#[test]
fn two_promises_about_one_record_are_evidence() {
    let computer = Computer::default();
    let tree = Tree::of(1, 9);
    let mut kept = open(&computer).unwrap();
    let first = promise(&tree, 5);
    kept.keep(&computer.disk(), &first.sign(&log_key())).unwrap();
    // An agent that changes its program goes on in the same outbox.
    let revised = Promise { program_id: [7; 32], sequence: 6, ..first };
    kept.keep(&computer.disk(), &revised.sign(&log_key())).unwrap();
    assert_eq!(*kept.get(6).unwrap().unwrap().promise(), revised);
    // Said again later: nothing changes.
    kept.keep(&computer.disk(), &Promise { time: TIME + 9, ..first }.sign(&log_key())).unwrap();
    assert_eq!(kept.get(5).unwrap().unwrap().promise().time, TIME);
    for second in [
        Promise { index: 6, ..first },
        Promise { leaf: Hash([1; 32]), ..first },
        Promise { record_hash: [9; 32], ..first },
    ] {
        let error = kept.keep(&computer.disk(), &second.sign(&log_key())).unwrap_err();
        assert!(
            matches!(&error, PromisesError::Contradiction { first: one, second: two, .. } if (**one, **two) == (first, second)),
            "{error}"
        );
        let both = computer.read(&format!("{}.contradiction.5", file())).unwrap();
        for one in [first, second] {
            let note = one.sign(&log_key()).to_note(log_key().verifier_key()).to_bytes();
            assert!(both.windows(note.len()).any(|window| window == note));
        }
    }
    assert_eq!(*kept.get(5).unwrap().unwrap().promise(), first);
}

#[test]
fn a_file_of_promises_that_is_not_what_was_written_is_not_believed() {
    let computer = Computer::default();
    let tree = Tree::of(1, 9);
    let mut kept = open(&computer).unwrap();
    for index in [0, 3] {
        kept.keep(&computer.disk(), &promise(&tree, index).sign(&log_key())).unwrap();
    }
    kept.sync().unwrap();
    drop(kept);
    let bytes = computer.read(&file()).unwrap();
    assert_eq!(bytes.len(), 1024 + 4 * 176);
    // A slot that is torn or changed holds no promise, and can be filled again.
    for changed in 1024..1024 + 176 {
        let mut torn = bytes.clone();
        torn[changed] ^= 1;
        computer.tamper(&file(), Some(torn));
        let mut kept = open(&computer).unwrap();
        assert_eq!(kept.get(0).unwrap(), None);
        assert_eq!(kept.get(3).unwrap().unwrap(), promise(&tree, 3).sign(&log_key()));
        kept.keep(&computer.disk(), &promise(&tree, 0).sign(&log_key())).unwrap();
        assert!(kept.get(0).unwrap().is_some());
    }
    // Where there never was one, there is none: between, and behind the end.
    let kept = open(&computer).unwrap();
    assert_eq!((kept.get(1).unwrap(), kept.get(4).unwrap(), kept.get(u64::MAX).unwrap()), (None, None, None));
    assert_eq!(kept.end().unwrap(), 4);
    // A head that is cut or changed.
    for (length, cut) in [(1023, true), (1024, false)] {
        computer.tamper(&file(), Some(bytes[..length].to_vec()));
        assert_eq!(matches!(open(&computer), Err(PromisesError::Io { .. })), cut);
    }
    let mut changed = bytes.clone();
    changed[4] ^= 1;
    computer.tamper(&file(), Some(changed));
    assert!(matches!(open(&computer), Err(PromisesError::Malformed { .. })));
    let mut long = bytes.clone();
    long[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    computer.tamper(&file(), Some(long));
    assert!(matches!(open(&computer), Err(PromisesError::Malformed { .. })));
    computer.tamper(&file(), Some(bytes));
    let other = Promises::open(&computer.disk(), log_key().verifier_key(), [9; 20]);
    assert!(matches!(other, Err(PromisesError::OtherAgent { .. })));
    assert!(read_promises(&computer.disk(), log_key().verifier_key()).unwrap().is_some());
    assert!(read_promises(&computer.disk(), signer().verifier_key()).unwrap().is_none());
}

/// Delivers with the power lost afterwards; how many records below the mark have no promise.
fn lost(defects: &[Defect]) -> usize {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let mut own = FileLog::create(outbox.path()).unwrap();
    own.append(&agent.records(70)).unwrap();
    let (mut lost, mut dice) = (0, Dice(5));
    for until in [1, 63, 64, 65, 70] {
        let computer = Computer::with(defects);
        let open = || Delivery::open(client(&log.url()), key(0), agent.chain_name(), computer.disk(), &own);
        let mut delivery = open().unwrap();
        delivery.deliver_until(&own, |delivered| delivered == until).unwrap();
        drop(delivery);
        computer.restart(&mut dice);
        let marked = match open() {
            Ok(reopened) => reopened.delivered(),
            // The file's own beginning is gone.
            Err(_) if !defects.is_empty() => until,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(marked, until);
        let kept = read_promises(&computer.disk(), signer().verifier_key()).ok().flatten();
        let there = |sequence| kept.as_ref().is_some_and(|kept| kept.get(sequence).unwrap().is_some());
        lost += (0..marked).filter(|sequence| !there(*sequence)).count();
    }
    lost
}

#[test]
fn no_record_is_marked_as_delivered_before_its_promise_is_durable() {
    assert_eq!(lost(&[]), 0);
}

#[test]
fn promises_that_are_not_synced_before_the_mark_are_noticed() {
    assert!(lost(&[Defect::NoSync("promises.")]) > 0);
}

#[test]
fn a_promise_that_cannot_be_written_is_said() {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let mut own = FileLog::create(outbox.path()).unwrap();
    own.append(&agent.records(1)).unwrap();
    let computer = Computer::default();
    let mut delivery =
        Delivery::open(client(&log.url()), key(0), agent.chain_name(), computer.disk(), &own).unwrap();
    computer.plan(1, Trouble::Fail(EIO));
    let error = delivery.deliver(&own).unwrap_err();
    assert!(matches!(error, DeliveryError::Promises(PromisesError::Io { .. })), "{error}");
    assert_eq!(delivery.delivered(), 0);
    // Handed in again it is answered as before.
    delivery.deliver(&own).unwrap();
    assert_eq!((delivery.delivered(), log.log().status().sizes.sequenced), (1, 1));
}
