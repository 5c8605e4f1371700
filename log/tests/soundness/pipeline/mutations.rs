//! Anything may happen to any file while a log is not open: it is refused and named, or it does not matter.

use crate::fleet::damage::{copy, files};
use crate::fleet::{Agent, append, filled, open, own_policy, signer, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{EquivocationEvidence, Log, LogSettings, OpenCheck, PipelineError};
use candor_trace::Entry;
use std::path::Path;

/// The same dice every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }
}

fn mutate(path: &Path, dice: &mut Dice) {
    let mut bytes = std::fs::read(path).unwrap();
    let place = dice.roll(bytes.len());
    match dice.roll(6) {
        0 => bytes.truncate(place),
        1 => bytes.resize(bytes.len() + 1 + dice.roll(5000), 0),
        2 => bytes.extend((0..1 + dice.roll(100)).map(|_| dice.roll(256) as u8).collect::<Vec<u8>>()),
        3 => {
            let end = (place + 1 + dice.roll(700)).min(bytes.len());
            bytes[place..end].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8);
        }
        4 => {
            let end = (place + 1 + dice.roll(700)).min(bytes.len());
            bytes[place..end].fill(0);
        }
        _ if bytes.is_empty() => bytes.push(1),
        _ => bytes[place] ^= 1 << dice.roll(8),
    }
    std::fs::write(path, bytes).unwrap();
}

/// Opens a log of 20 entries of which something was changed; how it ended.
fn try_to_go_on(
    place: &Path,
    name: &str,
    settings: LogSettings,
    entries: &[Entry],
) -> Result<(), PipelineError> {
    let (log, report) = Log::open(FileSystem::at(place), settings, signer())?;
    // What is there is what was there; nothing of it was cut.
    assert_eq!((report.sequenced, report.signed), (20, 20), "{name}");
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(log.entry(index as u64)?, *entry, "{name}");
        assert_eq!(log.find(&entry.record_hash())?, Some(index as u64), "{name}");
        log.body(&entry.body)?.unwrap();
    }
    let mut agent = Agent::new(0);
    for index in 0..20 {
        let record = agent.record();
        let again = log.submit(agent.submit(&record)).map_err(|error| match error {
            candor_log::pipeline::SubmitError::Pipeline(error) => error,
            other => panic!("{name}: {other:?}"),
        })?;
        assert_eq!(again.wait()?.index, index, "{name}");
    }
    append(&log, &mut agent, 1);
    log.shut_down()?;
    let proof = log.inclusion(3)?;
    proof.verify(&entries[3].leaf_hash(), &own_policy()).unwrap();
    Ok(())
}

fn campaign(open_check: OpenCheck, rounds: usize, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, LogSettings { segment_limit_bytes: 8192, group_limit_records: 1, ..slow() }, 20);
    let (log, _) = open(place, slow());
    let entries: Vec<Entry> = (0..20).map(|index| log.entry(index).unwrap()).collect();
    drop(log);
    let names = files(place);
    let mut dice = Dice(seed);
    let (mut refused, mut harmless) = (0, 0);
    for _ in 0..rounds {
        let tried = tempfile::tempdir().unwrap();
        copy(place, tried.path());
        let name = &names[dice.roll(names.len())];
        mutate(&tried.path().join(name), &mut dice);
        match try_to_go_on(tried.path(), name, LogSettings { open_check, ..slow() }, &entries) {
            Ok(()) => harmless += 1,
            Err(error) => {
                let cause = match error {
                    PipelineError::Poisoned { cause } => (*cause).clone(),
                    other => other,
                };
                refused += 1;
                match cause {
                    PipelineError::Damaged { file, .. } => {
                        // A segment may be said to be missing what the one after it, or the mark, says.
                        let journal = |name: &str| name.starts_with("private/journal/");
                        assert!(file == *name || (journal(&file) && journal(name)), "{name}: {file}");
                    }
                    // The index is named by its own error; a changed name of the key is another key.
                    PipelineError::Index { .. } => assert_eq!(name, "private/index.redb"),
                    PipelineError::OtherKey { .. } => assert_eq!(name, "public/log.vkey"),
                    other => panic!("{name}: {other:?}"),
                }
            }
        }
    }
    // Neither did nothing happen, nor was everything refused.
    assert!(refused > rounds / 4 && harmless > 0, "{refused} refused, {harmless} harmless");
}

#[test]
fn changed_files_are_refused_and_named_or_do_not_matter() {
    campaign(OpenCheck::Everything, 60, 1);
}

#[test]
fn changed_files_are_found_when_they_are_used_after_the_quick_check() {
    campaign(OpenCheck::Edge, 60, 2);
}

#[test]
fn evidence_is_strict_and_panics_on_no_bytes() {
    let mut agent = Agent::new(0);
    let domain = agent.registration.domain;
    let evidence = EquivocationEvidence {
        domain,
        first: agent.record().signed_header(),
        second: agent.record().signed_header(),
    };
    assert_eq!(evidence.check(), None);
    let bytes = evidence.to_bytes();
    assert_eq!(EquivocationEvidence::from_bytes(&bytes).unwrap(), evidence);
    let mut dice = Dice(3);
    for length in 0..bytes.len() {
        assert!(EquivocationEvidence::from_bytes(&bytes[..length]).is_err());
        let random: Vec<u8> = (0..length).map(|_| dice.roll(256) as u8).collect();
        assert!(EquivocationEvidence::from_bytes(&random).is_err());
    }
    assert!(EquivocationEvidence::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert!(EquivocationEvidence::from_bytes(&vec![0; 1 << 20]).is_err());
}
