//! Proofs, bundles, programs and challenges that are cut off, changed, or of something else.

use crate::project::{Project, fixture};
use std::fs;

/// Verifies, and is refused in this class.
fn refused(project: &Project, code: i32, names: &[&str]) {
    let expected = project.path("expected.json");
    project.refuses(&project.trusting(&["verify"], &expected), code, names);
}

#[test]
fn a_truncated_extended_or_changed_proof() {
    let project = Project::recorded(20);
    project.run(&["prove", "--range", "3..9"]).ok();
    let file = project.path("proof.candor");
    let bytes = fs::read(&file).unwrap();
    for length in [0, 9, 10, 60, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&file, &bytes[..length]).unwrap();
        refused(&project, 3, &["proof.candor"]);
    }
    fs::write(&file, [&bytes[..], b"x"].concat()).unwrap();
    refused(&project, 3, &["proof.candor", "left over"]);
    let mut version = bytes.clone();
    version[8] = 2;
    fs::write(&file, &version).unwrap();
    refused(&project, 3, &["proof.candor", "version 2", "version 1"]);
    for position in (bytes.len() - 3000..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        fs::write(&file, &changed).unwrap();
        let ran = project.run(&project.trusting(&["verify"], &project.path("expected.json")));
        assert!(matches!(ran.code, 3 | 4), "byte {position}: {} {}", ran.code, ran.stderr);
    }
    fs::copy(project.path("bundle.candor"), &file).unwrap();
    refused(&project, 3, &["proof.candor", "CANDORPF", "CANDORBN"]);
}

#[test]
fn a_proof_of_another_path() {
    let project = Project::recorded(20);
    project.run(&["prove", "--range", "3..9"]).ok();
    let bundle = fs::read(project.path("bundle.candor")).unwrap();
    for range in ["3..8", "3..10", "4..10", "10..16"] {
        project.run(&["prove", "--range", range]).ok();
        fs::write(project.path("bundle.candor"), &bundle).unwrap();
        refused(&project, 4, &["proof"]);
    }
}

#[test]
fn a_proof_of_another_program_class_or_agent() {
    let (ours, theirs) = (Project::recorded(6), Project::empty());
    ours.run(&["prove", "--range", "0..5"]).ok();
    theirs.run(&["setup", "--development", "--powers", "9"]).ok();
    theirs.run(&["agent-key"]).ok();
    fs::copy(fixture("models/linear.onnx"), theirs.folder().join("linear.onnx")).unwrap();
    let (model, toml) = (theirs.folder().join("linear.onnx"), theirs.folder().join("agent.toml"));
    theirs.run(&["init", model.to_str().unwrap()]).ok();
    theirs.run(&["compile", toml.to_str().unwrap()]).ok();
    let features: Vec<String> = (0..8).map(|index| format!("\"feature_{index}\":\"0.5\"")).collect();
    let line = |time: u64| {
        format!("{{\"time\":{time},\"plugins\":{{\"data\":{{\"features\":{{{}}}}}}}}}\n", features.join(","))
    };
    let days = theirs.write("days.jsonl", (1000..1006).map(line).collect::<String>());
    theirs.run(&["record", &days]).ok();
    theirs.run(&["prove", "--range", "0..5"]).ok();
    let expected = theirs.path("expected.json");
    theirs.run(&theirs.trusting(&["verify"], &expected)).ok();

    // Their proof with our bundle; then their bundle too; then our ids one by one.
    let proof = theirs.path("proof.candor");
    let ids = ours.path("expected.json");
    ours.refuses(&ours.trusting(&["verify", "--proof", &proof], &ids), 4, &["the proof is of program"]);
    let bundle = theirs.path("bundle.candor");
    let both = ["verify", "--proof", &proof, "--bundle", &bundle];
    // Their card names another domain too; whichever is looked at first is named.
    ours.refuses(&ours.trusting(&both, &ids), 4, &["the bundle is of"]);
    let (_, shown) = ours.json(&["inspect", &ids]);
    let (program, agent) = (shown["expected"]["programId"].clone(), shown["expected"]["agent"].clone());
    let (program, agent) = (program.as_str().unwrap(), agent.as_str().unwrap());
    let zero = format!("0x{}", "00".repeat(32));
    let allow = "--allow-development-setup";
    ours.refuses(&["verify", "--program-id", &zero, "--agent", agent, allow], 4, &["of program"]);
    let nobody = format!("0x{}", "00".repeat(20));
    ours.refuses(&["verify", "--program-id", program, "--agent", &nobody, allow], 4, &["of agent"]);
    let contract = ["--chain-id", "1", "--verifying-contract", &nobody];
    let named = [&["verify", "--program-id", program, "--agent", agent, allow][..], &contract].concat();
    ours.refuses(&named, 4, &["of chain"]);
}

#[test]
fn a_changed_bundle() {
    let project = Project::recorded(8);
    project.run(&["prove", "--range", "2..6"]).ok();
    let file = project.path("bundle.candor");
    let bytes = fs::read(&file).unwrap();
    let expected = project.path("expected.json");
    for position in (10..bytes.len()).step_by(251) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        fs::write(&file, &changed).unwrap();
        let ran = project.run(&project.trusting(&["verify"], &expected));
        assert!(matches!(ran.code, 3..=5), "byte {position}: {} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    refused(&project, 3, &["bundle.candor", "cut off"]);
}

#[test]
fn damaged_programs_setups_and_challenges() {
    let project = Project::recorded(3);
    let days = project.write("days.jsonl", crate::project::observations(3..4));
    let setup = fs::read(project.path("setup.candor")).unwrap();
    let program = fs::read(project.path("program.candor")).unwrap();
    fs::write(project.path("program.candor"), &program[..program.len() / 2]).unwrap();
    project.refuses(&["record", &days], 3, &["program.candor", "cut off"]);
    let mut changed = program.clone();
    // A weight: the rows of the card are no longer its commitments.
    let weight = changed.len() - 20_000;
    changed[weight] ^= 1;
    fs::write(project.path("program.candor"), &changed).unwrap();
    project.refuses(&["prove", "--record", "1"], 4, &["cannot be proven", "compile again"]);
    fs::write(project.path("program.candor"), &program).unwrap();
    let mut changed = setup.clone();
    let power = changed.len() / 2;
    changed[power] ^= 1;
    fs::write(project.path("setup.candor"), &changed).unwrap();
    project.refuses(&["prove", "--record", "1"], 3, &["setup.candor"]);
    fs::remove_file(project.path("setup.candor")).unwrap();
    project.run(&["setup", "--development", "--powers", "10"]).ok();
    project.refuses(&["prove", "--record", "1"], 2, &["another reference string", "compile again"]);
    fs::write(project.path("setup.candor"), &setup).unwrap();
    project.run(&["prove", "--record", "1"]).ok();
    let challenge = project.write("challenge.candor", b"CANDORCH\x01\x00\x09");
    let expected = project.path("expected.json");
    let settle = project.trusting(&["settle", "--challenge", &challenge], &expected);
    project.refuses(&settle, 3, &["challenge.candor"]);
    let text = project.write("notes.txt", "nothing of ours");
    project.refuses(&["inspect", &text], 3, &["notes.txt"]);
    project.refuses(&["inspect", &project.write("empty", "")], 3, &["empty"]);
}
