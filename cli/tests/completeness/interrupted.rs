//! Whatever interrupts `record`: what was acknowledged is there, and recording goes on.

use crate::project::{Project, observations};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::process::Stdio;

/// SplitMix64, so that the moments are the same in every run as far as a machine can make them so.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn killing_record_at_any_moment_loses_no_acknowledged_record() {
    const DAYS: usize = 600;
    const KILLS: usize = 20;
    let project = Project::compiled();
    let days = project.write("days.jsonl", observations(0..DAYS));
    let log = project.path("log");
    let mut seed = 2018;
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for kill in 0..KILLS {
        let batch = [1, 2, 7, 64][kill % 4].to_string();
        let mut child = project
            .command(&["record", &days, "--skip-recorded", "--batch", &batch, "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed after so many bytes of answers: in the middle of whatever it does then.
        let wanted = (next(&mut seed) % 20_000) as usize;
        let mut output = child.stdout.take().unwrap();
        let mut seen = vec![0; wanted];
        let mut read = 0;
        while read < wanted {
            match output.read(&mut seen[read..]).unwrap() {
                0 => break,
                more => read += more,
            }
        }
        child.kill().unwrap();
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).unwrap();
        child.wait().unwrap();
        seen.truncate(read);
        seen.extend(rest);
        for line in String::from_utf8_lossy(&seen).split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let answer: Value = serde_json::from_str(line).unwrap();
            acknowledged.push((
                answer["sequence"].as_u64().unwrap(),
                answer["recordHash"].as_str().unwrap().to_owned(),
            ));
        }
    }
    project.run(&["record", &days, "--skip-recorded"]).ok();
    assert_eq!(project.records("log"), DAYS as u64, "no observation is lost and none is recorded twice");
    assert!(acknowledged.len() > KILLS, "the kills came too early to show anything");
    let (log, card) = (std::path::Path::new(&log), project.path("card.candor"));
    let card = candor_program::Card::from_bytes(&fs::read(card).unwrap()).unwrap();
    let (log, _) = candor_log::FileLogReader::open(log).unwrap();
    for (sequence, hash) in acknowledged {
        let record = log.get(sequence).unwrap();
        assert_eq!(format!("0x{}", hex::encode(record.record_hash(&card.domain))), hash);
    }
    let expected = project.path("expected.json");
    project.run(&project.trusting(&["replay"], &expected)).ok();
}

#[test]
fn an_unfinished_record_at_the_end_is_cut_off_and_said_so() {
    let project = Project::recorded(5);
    let file = project.store().join("log/log.candor");
    let bytes = fs::read(&file).unwrap();
    for missing in [1, 40, 1000] {
        fs::write(&file, &bytes[..bytes.len() - missing]).unwrap();
        assert_eq!(project.records("log"), 4, "inspect shows what is whole and changes nothing");
        assert_eq!(fs::read(&file).unwrap().len(), bytes.len() - missing);
    }
    let days = project.write("days.jsonl", observations(0..6));
    let ran = project.run(&["record", &days, "--skip-recorded"]);
    assert!(ran.stderr.contains("unfinished record, which was never acknowledged"), "{}", ran.stderr);
    ran.ok();
    assert_eq!(project.records("log"), 6);
}

#[test]
fn limit_and_batches_do_not_change_what_is_recorded() {
    let project = Project::compiled();
    let days = project.write("days.jsonl", observations(0..30));
    let first = project.run(&["record", &days, "--limit", "11", "--batch", "4"]).ok();
    assert!(first.contains("11 decisions recorded and durable"), "{first}");
    project.run(&["record", &days, "--skip-recorded"]).ok();
    assert_eq!(project.records("log"), 30);
    let expected = project.path("expected.json");
    project.run(&project.trusting(&["replay"], &expected)).ok();
}

#[test]
fn a_second_writer_is_kept_out() {
    let project = Project::compiled();
    let mut child =
        project.command(&["record", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, observations(0..1).as_bytes()).unwrap();
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
    let days = project.write("days.jsonl", observations(1..2));
    project.refuses(&["record", &days], 2, &["being written by another process"]);
    drop(input);
    child.wait().unwrap();
    project.run(&["record", &days]).ok();
}
