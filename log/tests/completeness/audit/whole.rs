//! Whole logs.

use crate::agent;
use crate::published::{Fleet, ORIGIN, Published, checkpoint, policy, signer};
use candor_log::FileSystem;
use candor_log::audit::{
    AuditSettings, BodyFolder, Folder, audit, consistency_proof, inclusion_proof, leaf_at, read_key,
};
use candor_log::pipeline::{Log, LogSettings, Registration, Submission};
use candor_trace::tlog::{QuorumPolicy, TlogProof, leaf_hash};
use candor_trace::{Recorder, body_hash};
use std::sync::LazyLock;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(3, 600));

fn prefix(size: usize) -> Vec<Vec<u8>> {
    FLEET.entries()[..size].to_vec()
}

#[test]
fn logs_of_every_shape_pass() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 600] {
        let log = Published::of(&prefix(size), &FLEET.agents());
        let report = log.audit().unwrap();
        assert_eq!((report.size, report.entries, report.pruned), (size as u64, size as u64, 0));
        assert_eq!((report.origin.as_str(), report.chains, report.resumed_chains), (ORIGIN, 3, 0));
        assert_eq!(report.cosigned.len(), 1);
    }
}

#[test]
fn progress_reaches_the_end() {
    let log = FLEET.published();
    let whom = policy(1);
    let settings = AuditSettings::new(&whom);
    let mut seen = Vec::new();
    audit(&log, &settings, |done, total| seen.push((done, total))).unwrap();
    assert_eq!(seen, [(600, 600)]);
}

#[test]
fn every_earlier_checkpoint_is_continued() {
    let log = FLEET.published();
    for size in [0, 1, 255, 256, 300, 599, 600] {
        let remembered = checkpoint(&prefix(size));
        assert_eq!(log.audit_with(Some(&remembered)).unwrap().remembered, Some(size as u64));
        let (_, old, new) = consistency_proof(&log, &policy(1), &remembered).unwrap();
        assert_eq!((old.checkpoint().size(), new.checkpoint().size()), (size as u64, 600));
    }
}

/// The operator removed partial tiles and bundles because full ones are there, and the reader has an older checkpoint.
#[test]
fn a_log_that_grew_meanwhile_passes() {
    let mut log = FLEET.published();
    let earlier = Published::of(&prefix(300), &FLEET.agents());
    log.files.insert("checkpoint".into(), earlier.files["checkpoint"].clone());
    // Level 0 and bundles fall back to the full ones; the partial tile of level 1 is still served.
    let level_1 = "tile/1/000.p/1";
    log.files.insert(level_1.into(), earlier.files[level_1].clone());
    let report = log.audit().unwrap();
    assert_eq!((report.size, report.entries), (300, 300));
    let (proof, leaf, _) = inclusion_proof(&log, &policy(1), 299).unwrap();
    assert!(proof.verify(&leaf, &policy(1)).is_ok());
}

#[test]
fn a_pruned_log_passes_as_its_policy_and_tombstones_say() {
    let mut log = FLEET.published();
    log.promise(512);
    assert_eq!(log.audit().unwrap().pruned, 0);
    let mut one = log.clone();
    one.prune(&[0], 512);
    let report = one.audit().unwrap();
    // The second bundle is still there, as a pinned one would be.
    assert_eq!((report.entries, report.pruned, report.minimum_index), (344, 256, 512));
    assert_eq!((report.resumed_chains, report.pruning.tombstones), (3, 1));
    log.prune(&[0, 1], 512);
    let report = log.audit().unwrap();
    assert_eq!((report.entries, report.pruned, report.resumed_chains), (88, 512, 3));
    let last = report.pruning.last.unwrap();
    assert_eq!((last.entries.to, last.entries.dropped), (512, 512));
    for index in [0, 511, 512, 599] {
        let (proof, leaf, _) = inclusion_proof(&log, &policy(1), index).unwrap();
        assert_eq!(leaf, leaf_hash(&FLEET.entries()[index as usize]));
        assert!(proof.verify(&leaf, &policy(1)).is_ok());
    }
}

#[test]
fn cards_and_bodies_are_checked_too() {
    let place = tempfile::tempdir().unwrap();
    for record in &FLEET.records[..300] {
        let file = place.path().join(hex::encode(body_hash(&record.body)));
        std::fs::write(file, borsh::to_vec(&record.body).unwrap()).unwrap();
    }
    let cards = [FLEET.program.card.clone()];
    for cards in [&cards[..], &[]] {
        let bodies = BodyFolder::at(place.path());
        let whom = policy(0);
        let settings = AuditSettings { cards, bodies: Some(&bodies), ..AuditSettings::new(&whom) };
        let report = audit(&FLEET.published(), &settings, |_, _| ()).unwrap();
        assert_eq!((report.bodies, report.bodies_missing), (300, 300));
        assert_eq!(report.chains_with_card, 3 * cards.len() as u64);
    }
}

#[test]
fn proofs_are_made_from_files_alone() {
    let log = FLEET.published();
    assert_eq!(read_key(&log).unwrap(), *signer().verifier_key());
    for index in [0, 255, 256, 599] {
        let (proof, leaf, signed) = inclusion_proof(&log, &policy(1), index).unwrap();
        assert_eq!(leaf, leaf_hash(&FLEET.entries()[index as usize]));
        assert_eq!(leaf_at(&log, index, 600).unwrap(), leaf);
        assert_eq!(signed.checkpoint().size(), 600);
        let read = TlogProof::parse(&proof.to_bytes()).unwrap();
        assert!(read.verify(&leaf, &policy(1)).is_ok());
    }
}

/// What the pipeline publishes is what the auditor, which shares no code with it, expects.
#[test]
fn a_log_that_the_pipeline_wrote_passes() {
    let place = tempfile::tempdir().unwrap();
    let program = agent::program();
    let log = Log::create(FileSystem::at(place.path()), LogSettings::default(), signer()).unwrap();
    let mut remembered = Vec::new();
    for number in 0..2 {
        let key = Fleet::key(number);
        log.register(Registration::of(&program.card, key.address())).unwrap();
        let mut recorder = Recorder::resume(program.clone(), key, None).unwrap();
        let mut pending = Vec::new();
        for index in 0..150 {
            let observation = agent::observation(agent::START + index, agent::Want::Hold);
            let record = recorder.record(observation, agent::salts(index)).unwrap().record;
            pending.push(log.submit(Submission::of(&record, &program.card.domain)).unwrap());
        }
        let last = pending.into_iter().map(|pending| pending.wait().unwrap().index).max().unwrap();
        assert!(log.wait_published(last, std::time::Duration::from_secs(120)).unwrap());
        remembered.push(std::fs::read(place.path().join("public/checkpoint")).unwrap());
    }
    log.shut_down().unwrap();
    let policy = QuorumPolicy::new(signer().verifier_key().clone(), vec![], 0).unwrap();
    let source = Folder::at(place.path());
    assert_eq!(source.path(), place.path().join("public"));
    assert_eq!(read_key(&source).unwrap(), *policy.log());
    for remembered in &remembered {
        let cards = std::slice::from_ref(&program.card);
        let settings = AuditSettings { remembered: Some(remembered), cards, ..AuditSettings::new(&policy) };
        let report = audit(&source, &settings, |_, _| ()).unwrap();
        assert_eq!((report.size, report.entries, report.chains_with_card), (300, 300, 2));
    }
}
