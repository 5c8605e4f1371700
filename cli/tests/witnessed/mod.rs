//! A project whose records are in a log that a witness cosigns at times of our choice.

#![allow(dead_code, reason = "each test tree uses its own part")]

use crate::project::Project;
use crate::published::{publish, signer};
use candor_log::FileLogReader;
use candor_program::Card;
use candor_trace::tlog::{CosignatureSigner, Note, Promise};
use candor_trace::{Bundle, Entry, SignedRecord, Start};
use std::path::{Path, PathBuf};

pub(crate) const DISPUTED: u64 = 5;
/// Bounds that the reader states: an hour until the log has a record, ten minutes until it is public, a minute of clocks.
pub(crate) const BOUNDS: [&str; 6] =
    ["--delivered-within", "3600", "--published-within", "600", "--clock-within", "60"];

/// Six days in a log; a checkpoint over the first three of them is kept.
pub(crate) struct Case {
    pub(crate) project: Project,
    pub(crate) card: Card,
    pub(crate) records: Vec<SignedRecord>,
    pub(crate) log: PathBuf,
    pub(crate) keys: [String; 2],
}

pub(crate) fn witness() -> CosignatureSigner {
    CosignatureSigner::new("witness.example/w1", &[8; 32]).unwrap()
}

/// The log's checkpoint, cosigned at a time.
pub(crate) fn cosigned(log: &Path, time: u64) -> Vec<u8> {
    let mut note = Note::parse(&std::fs::read(log.join("public/checkpoint")).unwrap()).unwrap();
    let line = witness().cosign(note.text(), time);
    note.add(line).unwrap();
    note.to_bytes()
}

impl Case {
    /// The witness saw the log without the disputed record so long after its time, and with it a day later.
    pub(crate) fn new(seconds_after: i64) -> Self {
        let project = Project::recorded(6);
        let card = Card::from_bytes(&std::fs::read(project.path("card.candor")).unwrap()).unwrap();
        let (own, _) = FileLogReader::open(Path::new(&project.path("log"))).unwrap();
        let records = own.read(0..6).unwrap();
        let time = records[DISPUTED as usize].header.time.saturating_add_signed(seconds_after);
        let log = publish(&project, "many", 3);
        project.write("kept.checkpoint", cosigned(&log, time));
        publish(&project, "many", 6);
        std::fs::write(log.join("public/checkpoint"), cosigned(&log, time + 86_400)).unwrap();
        let bundle = Bundle { card: card.clone(), start: Start::Genesis, records: records.clone() };
        project.write("all.candor", bundle.to_bytes());
        let keys = [
            project.write("log.vkey", format!("{}\n", signer().verifier_key())),
            project.write("w1.vkey", format!("{}\n", witness().verifier_key())),
        ];
        Self { project, card, records, log, keys }
    }
    pub(crate) fn trusting<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--log-key", &self.keys[0], "--witness", &self.keys[1]]].concat()
    }
    pub(crate) fn prove(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        let begin = ["log", "prove-published", self.log.to_str().unwrap()];
        self.project.json(&self.trusting(&[&begin, arguments].concat()))
    }
    pub(crate) fn settle(&self, evidence: &[&str]) -> (i32, serde_json::Value) {
        let (bundle, expected) = (self.project.file("all.candor"), self.project.path("expected.json"));
        let begin = ["settle", "--bundle", &bundle, "--expect", &expected, "--allow-development-setup"];
        self.project.json(&self.trusting(&[&begin, evidence, &BOUNDS].concat()))
    }
    pub(crate) fn promise(&self, time: u64) -> Promise {
        let record = &self.records[DISPUTED as usize];
        let entry = Entry::of(record, &self.card.domain);
        Promise {
            agent: record.header.agent,
            program_id: record.header.program_id,
            sequence: DISPUTED,
            record_hash: entry.record_hash(),
            leaf: entry.leaf_hash(),
            index: DISPUTED,
            time,
        }
    }
}

/// The checkpoint with the log's signature and this cosignature alone.
pub(crate) fn cosigned_at_once(log: &Path, time: u64) -> Vec<u8> {
    let note = Note::parse(&std::fs::read(log.join("public/checkpoint")).unwrap()).unwrap();
    let own = note.signatures().iter().find(|line| line.is_by(signer().verifier_key())).unwrap().clone();
    let mut note = Note::new(note.text(), own).unwrap();
    let line = witness().cosign(note.text(), time);
    note.add(line).unwrap();
    note.to_bytes()
}
