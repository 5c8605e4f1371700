//! Logs that were damaged, edited, reordered or signed by somebody else.

use crate::project::{Project, observations};
use candor_log::{FileLog, FileLogReader};
use candor_trace::SignedRecord;
use std::fs;
use std::path::Path;

fn records(project: &Project) -> Vec<SignedRecord> {
    let (log, _) = FileLogReader::open(Path::new(&project.path("log"))).unwrap();
    log.read(0..log.len()).unwrap()
}

/// A log of these records, with right hashes, as only somebody who can write the file could make it.
fn rewritten(project: &Project, records: &[SignedRecord]) -> String {
    let path = project.path("rewritten");
    FileLog::create(Path::new(&path)).unwrap().append(records).unwrap();
    path
}

/// Everything that reads the log says no, and says where; nothing is changed.
fn refused(project: &Project, log: &str, code: i32, names: &[&str]) {
    project.refuses(&["inspect", log], code, names);
    project.refuses(&["prove", "--log", log, "--range", "0..5"], code, names);
}

#[test]
fn an_edited_log_is_refused_with_the_offset() {
    let project = Project::recorded(6);
    let file = project.store().join("log/log.candor");
    let bytes = fs::read(&file).unwrap();
    for position in [20, 500, bytes.len() / 2, bytes.len() - 1] {
        let mut edited = bytes.clone();
        edited[position] ^= 1;
        fs::write(&file, &edited).unwrap();
        refused(&project, &project.path("log"), 3, &["byte"]);
        let days = project.write("days.jsonl", observations(6..7));
        project.refuses(&["record", &days], 3, &["byte"]);
    }
    fs::write(&file, &bytes[8..]).unwrap();
    refused(&project, &project.path("log"), 3, &["log"]);
    let mut foreign = bytes.clone();
    foreign[..8].copy_from_slice(b"SOMETHNG");
    fs::write(&file, &foreign).unwrap();
    refused(&project, &project.path("log"), 3, &["not a log"]);
}

#[test]
fn reordered_frames_are_refused() {
    let project = Project::recorded(6);
    let mut records = records(&project);
    records.swap(2, 3);
    let log = rewritten(&project, &records);
    refused(&project, &log, 4, &["record"]);
    let (code, settled) = project.json(&["inspect", &log]);
    assert_eq!(code, 4, "{settled}");
    assert!(settled["error"]["message"].as_str().is_some_and(|text| text.contains("record 2")), "{settled}");
}

#[test]
fn a_record_left_out_is_refused() {
    let project = Project::recorded(7);
    let mut records = records(&project);
    records.remove(3);
    let log = rewritten(&project, &records);
    refused(&project, &log, 4, &["record"]);
}

#[test]
fn a_bad_signature_is_refused() {
    let project = Project::recorded(6);
    let mut records = records(&project);
    records[4].signature.0[10] ^= 1;
    let log = rewritten(&project, &records);
    refused(&project, &log, 4, &["record 4"]);
    // At the end, it is not continued either.
    records.truncate(5);
    fs::remove_dir_all(&log).unwrap();
    let log = rewritten(&project, &records);
    let days = project.write("days.jsonl", observations(6..7));
    project.refuses(&["record", &days, "--log", &log], 4, &["signature", "rewritten"]);
}

#[test]
fn another_program_or_another_key_does_not_continue_a_log() {
    let (ours, theirs) = (Project::recorded(3), Project::empty());
    theirs.run(&["setup", "--development", "--powers", "9"]).ok();
    theirs.run(&["agent-key"]).ok();
    let toml = crate::project::fixture("sp500/agent.toml");
    theirs.run(&["compile", toml.to_str().unwrap()]).ok();
    let days = ours.write("days.jsonl", observations(3..4));
    let log = ours.path("log");
    let before = ours.files();
    theirs.refuses(&["record", &days, "--log", &log], 4, &["of program 0x", "new log"]);
    theirs.refuses(&["inspect", &log], 4, &["of program 0x"]);
    theirs.refuses(&["prove", "--log", &log, "--range", "0..2"], 4, &["the program in --dir is 0x"]);
    fs::copy(ours.path("program.candor"), theirs.path("program.candor")).unwrap();
    theirs.refuses(&["record", &days, "--log", &log], 4, &["of agent 0x", "new log"]);
    assert!(ours.files() == before);
}
