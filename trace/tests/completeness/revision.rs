//! A chain across a change of its program.

use crate::agent::revised::{ACTIVATION, REVISED_AT, new_program, revised_run, revision, windowed_program};
use crate::agent::{START, Want, key, observation, program, push, run, salts};
use candor_program::digest::{self, ProgramIds};
use candor_program::migration::{Fate, Migration};
use candor_program::state::State;
use candor_trace::{
    Bundle, Chain, Link, Recorder, Revision, RevisionTimes, Start, check_body, check_link, check_openings,
    check_revision, revise,
};

fn fates(revision: &Revision) -> Vec<(String, Fate)> {
    let migration = Migration::between(&revision.from, &revision.to);
    migration.registers.into_iter().map(|register| (register.name, register.fate)).collect()
}

fn named(fates: &[(&str, Fate)]) -> Vec<(String, Fate)> {
    fates.iter().map(|(name, fate)| ((*name).to_owned(), *fate)).collect()
}

#[test]
fn header_alone_says_from_what_to_what_and_when() {
    let record = revised_run().pop().unwrap();
    let (from, to) = (ProgramIds::of(&program().card), ProgramIds::of(&new_program().card));
    let words = record.header.revision().expect("a Revise record");
    assert_eq!((words.from, words.to), (from.program_id, to.program_id));
    assert_eq!(words.program_fr.to_fr(), to.program_fr);
    assert_eq!((record.header.time, words.activation), (REVISED_AT, ACTIVATION.into()));
    assert_eq!((record.header.executed, record.header.transaction), (0, digest::no_transaction()));
    assert!(run().iter().all(|record| record.header.revision().is_none()));
    assert!(run().iter().all(|record| record.header.requested >= 1 << 64), "no decision asks below 2^64");
}

#[test]
fn registers_keep_their_value_by_name_and_definition() {
    let record = revised_run().pop().unwrap();
    let expected = [
        ("position", Fate::Kept),
        ("last_trade", Fate::Kept),
        ("trades", Fate::Restarted),
        ("first", Fate::Added),
    ];
    assert_eq!(fates(&revision()), named(&expected));
    let before = &record.body.state_before;
    assert_eq!(before.registers, [(START + 130) as i64, 1, 3]);
    let after = State { time: REVISED_AT, registers: vec![1, (START + 130) as i64, 0, 0] };
    assert_eq!(record.body.state_after, after);
    let migration = check_revision(&record.header, &record.body).expect("in order");
    assert_eq!(migration.registers.len(), 4);
    let back = Revision { from: new_program().card, to: program().card };
    assert!(fates(&back).contains(&("first".to_owned(), Fate::Dropped)));
}

/// A renamed register is one that is dropped and one that is added: a budget that is reset shows.
#[test]
fn renaming_a_register_shows() {
    let mut renamed = program().card;
    renamed.registers[2].name = "deals".into();
    let fates = fates(&Revision { from: program().card, to: renamed });
    assert_eq!(&fates[2..], named(&[("deals", Fate::Added), ("trades", Fate::Dropped)]));
}

/// The name of a window does not matter, its length does; what is kept begins anew where a window ended meanwhile.
#[test]
fn windows_go_on_across_a_revision() {
    let day = 86_400;
    let (old, renamed) = (windowed_program("day", day).card, windowed_program("daily", day).card);
    let longer = windowed_program("day", 2 * day).card;
    let same = Migration::between(&old, &renamed);
    assert!(same.registers.iter().all(|register| register.fate == Fate::Kept));
    assert_eq!(Migration::between(&old, &longer).registers[2].fate, Fate::Restarted);
    let before = State { time: START, registers: vec![7, 8, 9] };
    let later = START / u64::from(day) * u64::from(day) + u64::from(day);
    assert_eq!(same.state(&old, &renamed, &before, later - 1).registers, [7, 8, 9]);
    assert_eq!(same.state(&old, &renamed, &before, later).registers, [7, 8, 0]);
}

#[test]
fn new_program_continues_the_chain_from_the_activation_on() {
    let mut run = revised_run();
    let mut recorder = Recorder::resume(new_program(), key(), run.last()).expect("continues");
    assert_eq!((recorder.sequence(), recorder.link().activation()), (8, ACTIVATION));
    push(&mut recorder, &mut run, ACTIVATION, Want::Sell);
    push(&mut recorder, &mut run, ACTIVATION + 40, Want::Buy);
    assert!(run[8].header.acted() && run[9].header.acted(), "the new interval is 30 s");
    let mut link = Link::genesis(&Chain::of(&program().card), key().address());
    for (position, record) in run.iter().enumerate() {
        let card = if position < 8 { program().card } else { new_program().card };
        assert_eq!(check_link(&link, &record.header), Ok(()), "record {position}");
        assert_eq!(check_body(&card, record), Ok(()), "record {position}");
        assert_eq!(check_openings(&record.header, &record.body), Ok(()), "record {position}");
        let hash = record.record_hash(&card.domain);
        assert_eq!(Link::after(&Chain::of(&card), &record.header), link.next(&record.header, hash));
        link = link.next(&record.header, hash);
    }
    let resumed = Recorder::resume(new_program(), key(), run.last()).expect("goes on as any chain");
    assert_eq!((resumed.sequence(), resumed.link().activation()), (10, 0));
}

#[test]
fn segment_of_the_new_program_starts_after_the_revise_record() {
    let mut run = revised_run();
    let mut recorder = Recorder::resume(new_program(), key(), run.last()).expect("continues");
    push(&mut recorder, &mut run, ACTIVATION, Want::Sell);
    let revise = run[7].signed_header();
    let bundle =
        Bundle { card: new_program().card, start: Start::After(revise.clone()), records: run.split_off(8) };
    let link = bundle.start_link(&Chain::of(&bundle.card)).expect("leads to the card's program");
    assert_eq!((link.acc(), link.state()), (revise.header.acc, revise.header.state_after));
    assert_eq!(check_link(&link, &bundle.records[0].header), Ok(()));
}

/// Before the first decision, twice in a row, and back again.
#[test]
fn revisions_may_follow_each_other() {
    let (from, to) = (program().card, new_program().card);
    let at = |time| RevisionTimes { time, activation: time };
    let there = Revision { from: from.clone(), to: to.clone() };
    let first = revise(there, &key(), None, at(START)).expect("first of a chain");
    assert_eq!(first.header.sequence, 0);
    let back = Revision { from: to, to: from };
    let second = revise(back, &key(), Some(&first), at(START)).expect("back again");
    let mut recorder = Recorder::resume(program(), key(), Some(&second)).expect("continues");
    let recorded = recorder.record(observation(START, Want::Hold), salts(2)).expect("recorded");
    assert_eq!(recorded.record.header.sequence, 2);
    assert!(check_revision(&second.header, &second.body).is_ok());
}
