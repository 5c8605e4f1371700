//! One way, at least, into every class.

use crate::project::{Project, fixture, observations};
use candor_cli::exit::ExitClass;
use std::fs;

#[test]
fn codes_are_the_documented_ones() {
    let classes = [
        (ExitClass::Accepted, 0, "accepted"),
        (ExitClass::Unexpected, 1, "unexpected"),
        (ExitClass::Usage, 2, "usage"),
        (ExitClass::Malformed, 3, "malformed"),
        (ExitClass::Rejected, 4, "rejected"),
        (ExitClass::Limit, 5, "limit"),
        (ExitClass::Undecided, 6, "undecided"),
        (ExitClass::Fraud, 7, "fraud"),
        (ExitClass::RefusedAssumption, 8, "refused-assumption"),
        (ExitClass::UnsupportedModel, 9, "unsupported-model"),
    ];
    for (class, code, name) in classes {
        assert_eq!((class.code(), class.name()), (code, name));
    }
}

#[test]
fn unexpected_the_machine_refuses() {
    let project = Project::empty();
    // A file where the folder would have to be.
    fs::write(project.store(), b"").unwrap();
    let ran = project.run(&["setup", "--development", "--powers", "9"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("could not write the file") && ran.stderr.contains("where:"),
        "{}",
        ran.stderr
    );
}

#[test]
fn usage_the_command_line_or_what_it_names() {
    let project = Project::compiled();
    for arguments in [
        &["frobnicate"][..],
        &["setup"],
        &["setup", "--development", "--ptau", "x"],
        &["setup", "--development", "--powers", "8"],
        &["prove", "--range", "5"],
        &["prove", "--record", "1", "--transaction", "2"],
        &["verify", "--program-id", "0x00"],
        &["verify", "--expect", "x", "--refuse", "gravity"],
        &["record"],
        &["record", "days.jsonl", "--stdio"],
    ] {
        assert_eq!(project.run(arguments).code, 2, "{arguments:?}");
    }
    let empty = Project::empty();
    empty.refuses(&["compile", "agent.toml"], 2, &["setup.candor", "candor setup"]);
    let days = empty.write("days.jsonl", observations(0..1));
    empty.refuses(&["record", &days], 2, &["program.candor", "candor compile"]);
    empty.refuses(&["prove"], 2, &["program.candor", "candor compile"]);
    empty.refuses(&["verify", "--expect", "x"], 2, &["bundle.candor", "candor prove"]);
    project.refuses(&["setup", "--development"], 2, &["setup.candor", "--force"]);
    project.refuses(&["record", "missing.jsonl"], 2, &["missing.jsonl", "no such file"]);
    project.refuses(&["prove"], 2, &["log", "candor record"]);
    project.refuses(&["inspect", "missing.candor"], 2, &["missing.candor"]);
    project.refuses(&["inspect", &project.path("agent.key")], 2, &["secret key", "--show"]);
}

#[test]
fn usage_records_that_are_not_there() {
    let project = Project::recorded(6);
    project.refuses(&["prove", "--record", "6"], 2, &["record 6", "0 up to, not including, 6"]);
    project.refuses(&["prove", "--range", "4..2"], 2, &["ends before it begins"]);
    project.refuses(&["prove", "--transaction", "1"], 2, &["record 1", "executed nothing"]);
    // The first days are all holds.
    project.refuses(&["prove"], 2, &["no record", "--range"]);
    let into = project.path("cheated");
    for arguments in [["--record", "6", "--operator", "1"], ["--record", "1", "--operator", "5"]] {
        let lie = [&["tamper", "--cheat", "model", "--into", &into][..], &arguments].concat();
        project.refuses(&lie, 2, &["there is no"]);
    }
}

#[cfg(unix)]
#[test]
fn usage_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::compiled();
    let days = project.write("days.jsonl", observations(0..1));
    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(project.path("agent.key"), fs::Permissions::from_mode(mode)).unwrap();
        project.refuses(&["record", &days], 2, &["agent.key", "chmod 600"]);
        project.refuses(&["agent-key", "--show"], 2, &["agent.key", "chmod 600"]);
    }
}

#[test]
fn malformed_a_key_that_is_none() {
    let project = Project::compiled();
    for content in ["", "0x12", "zz", &"0".repeat(64), &"f".repeat(64), &"12".repeat(33)] {
        fs::write(project.path("agent.key"), content).unwrap();
        project.refuses(&["agent-key", "--show"], 3, &["agent.key", "64 hexadecimal digits"]);
    }
}

#[test]
fn malformed_expected_ids() {
    let project = Project::recorded(3);
    project.run(&["prove", "--record", "1"]).ok();
    let verify = |content: &str, code: i32, names: &[&str]| {
        let file = project.write("expected.json", content);
        project.refuses(&["verify", "--expect", &file], code, names);
    };
    verify("{", 3, &["expected.json", "not a file of expected ids"]);
    verify("{\"programID\": \"0x00\"}", 3, &["programID"]);
    verify("{}", 2, &["programId", "candor compile"]);
    verify("{\"programId\": \"0x00\"}", 2, &["agent"]);
    verify("{\"programId\": \"0x00\", \"agent\": \"0x00\"}", 2, &["programId", "64 hexadecimal digits"]);
}

#[test]
fn limit_files_that_are_too_long_are_not_read() {
    let project = Project::compiled();
    for (name, arguments) in [
        ("bundle.candor", &["verify", "--expect", "x"][..]),
        ("program.candor", &["prove"]),
        ("setup.candor", &["compile", "agent.toml"]),
    ] {
        let path = project.path(name);
        let kept = fs::read(&path).unwrap_or_default();
        // Sparse: it takes no room, and reading it would take minutes and gigabytes.
        fs::File::create(&path).unwrap().set_len(64 << 30).unwrap();
        let ran = project.run(arguments);
        assert_eq!(ran.code, 5, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name) && ran.stderr.contains("at most"), "{}", ran.stderr);
        fs::write(&path, kept).unwrap();
    }
}

#[test]
fn undecided_without_a_submission_or_with_one_that_decides_nothing() {
    let project = Project::recorded(40);
    let expected = project.path("expected.json");
    project.run(&["prove", "--range", "0..3"]).ok();
    let ran = project.run(&project.trusting(&["settle"], &expected));
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stdout.contains("verdict: undecided\n  missing: "), "{}", ran.stdout);
    // A proof of other records.
    let other = project.path("other.candor");
    let other_bundle = project.path("other-bundle.candor");
    project.run(&["prove", "--range", "4..6", "--proof", &other, "--bundle", &other_bundle]).ok();
    assert_eq!(project.run(&project.trusting(&["settle", "--proof", &other], &expected)).code, 6);
    // A challenge of a record outside the bundle.
    let log = project.path("cheated");
    project.run(&["tamper", "--record", "9", "--cheat", "model", "--into", &log]).ok();
    project.run(&project.trusting(&["challenge", "--log", &log], &expected)).ok();
    let challenge = project.path("challenge.candor");
    let foreign = project.run(&project.trusting(&["settle", "--challenge", &challenge], &expected));
    assert_eq!(foreign.code, 6, "{}", foreign.stdout);
    assert!(foreign.stdout.contains("record 9"), "{}", foreign.stdout);
}

#[test]
fn fraud_of_replay_and_of_settle() {
    let project = Project::recorded(12);
    let expected = project.path("expected.json");
    let log = project.path("cheated");
    project.run(&["tamper", "--record", "7", "--cheat", "output", "--operator", "2", "--into", &log]).ok();
    let replayed = project.run(&project.trusting(&["replay", "--log", &log], &expected));
    assert_eq!(replayed.code, 7, "{}", replayed.stderr);
    assert!(replayed.stdout.contains("record 7"), "{}", replayed.stdout);
    // Asked about other records, replay finds nothing.
    project.run(&project.trusting(&["replay", "--log", &log, "--range", "0..6"], &expected)).ok();
    // Wrong outputs cannot be proven.
    let log = project.path("wrong-output");
    project.run(&["tamper", "--record", "7", "--cheat", "output", "--operator", "4", "--into", &log]).ok();
    project.refuses(&["prove", "--log", &log, "--range", "0..8"], 4, &["record 7", "candor challenge"]);
}

#[test]
fn refused_assumption_a_development_string_and_whatever_is_named() {
    let project = Project::recorded(4);
    let expected = project.path("expected.json");
    project.run(&["prove", "--range", "0..3"]).ok();
    let verify = ["verify", "--expect", &expected];
    project.refuses(&verify, 8, &["development-setup", "--allow-development-setup"]);
    let proof = project.path("proof.candor");
    assert_eq!(project.run(&["settle", "--proof", &proof, "--expect", &expected]).code, 8);
    let (_, verified) = project.json(&project.trusting(&["verify"], &expected));
    for assumption in verified["assumptions"].as_array().unwrap() {
        let name = assumption["name"].as_str().unwrap();
        let arguments = ["--refuse", name, "--allow-development-setup"];
        project.refuses(&[&verify[..], &arguments].concat(), 8, &[name]);
    }
}

#[test]
fn unsupported_model_names_node_and_operator() {
    let project = Project::compiled();
    let model = fixture("models/bad/op_unknown.onnx");
    let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
    let toml = toml.replace("\"model.onnx\"", &format!("{:?}", model.to_str().unwrap()));
    let toml = project.write("agent.toml", without_data(&toml));
    project.refuses(&["compile", &toml], 9, &["act1", "Rleu"]);
}

/// The description without its lines about calibration and reference.
pub(crate) fn without_data(toml: &str) -> String {
    let kept = toml.lines().filter(|line| !line.starts_with("calibration") && !line.starts_with("reference"));
    kept.collect::<Vec<_>>().join("\n")
}
