//! Each command by itself: help, text, JSON.

use crate::project::{Project, fixture, observations, ran};
use std::fs;
use std::process::Command;

const COMMANDS: [&str; 26] = [
    "attest",
    "mandate",
    "init",
    "setup",
    "agent-key",
    "compile",
    "record",
    "compare",
    "prove",
    "verify",
    "replay",
    "challenge",
    "settle",
    "inspect",
    "tamper",
    "demo",
    "seal",
    "export",
    "import",
    "plugin",
    "receipt",
    "log",
    "explain",
    "limits",
    "revise",
    "policy",
];

#[test]
fn every_command_s_help_has_an_example_of_it() {
    for command in COMMANDS {
        let help =
            ran(Command::new(env!("CARGO_BIN_EXE_candor")).args([command, "--help"]).output().unwrap()).ok();
        let (_, example) = help.split_once("Example").unwrap_or_else(|| panic!("{command} has no example"));
        assert!(example.contains(&format!("candor {command}")), "{command}: {example}");
    }
    let help = ran(Command::new(env!("CARGO_BIN_EXE_candor")).arg("--help").output().unwrap()).ok();
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command} in\n{help}");
    }
    assert!(help.contains("Exit codes: 0 accepted"), "{help}");
    ran(Command::new(env!("CARGO_BIN_EXE_candor")).arg("--version").output().unwrap()).ok();
}

#[test]
fn every_command_prints_one_json_object() {
    let project = Project::empty();
    let (agent, model) = (fixture("sp500/agent.toml"), fixture("models/linear.onnx"));
    let toml = project.folder().join("agent.toml");
    let (toml, agent, model) = (toml.to_str().unwrap(), agent.to_str().unwrap(), model.to_str().unwrap());
    let object = |arguments: &[&str], key: &str, code: i32| {
        let (got, value) = project.json(arguments);
        assert_eq!(got, code, "{arguments:?}: {value}");
        assert!(value.get(key).is_some(), "{arguments:?}: {key} in {value}");
    };
    object(&["init", model, "--output", toml], "agentToml", 0);
    object(&["setup", "--development", "--powers", "10"], "setup", 0);
    object(&["agent-key"], "agent", 0);
    object(&["agent-key", "--show"], "agent", 0);
    object(&["policy", "schema", agent], "cedarschema", 0);
    object(&["compile", agent], "programId", 0);
    let days = project.write("days.jsonl", observations(0..40));
    let lines = project.run(&["record", &days, "--json"]).ok();
    assert_eq!(
        lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(),
        40
    );
    object(&["prove"], "proof", 0);
    let expected = project.path("expected.json");
    object(&project.trusting(&["verify"], &expected), "decisions", 0);
    object(&project.trusting(&["replay"], &expected), "outcome", 0);
    object(&project.trusting(&["challenge"], &expected), "outcome", 0);
    object(&project.trusting(&["settle"], &expected), "missing", 6);
    let cheated = project.path("cheated");
    object(
        &["tamper", "--record", "3", "--cheat", "model", "--operator", "2", "--into", &cheated],
        "recordHash",
        0,
    );
    object(&project.trusting(&["challenge", "--log", &cheated], &expected), "challenge", 0);
    let reference = fixture("sp500/reference.jsonl");
    object(&["compare", reference.to_str().unwrap(), "--observations", &days], "agreed", 0);
    for name in ["setup", "program", "card", "bundle", "proof", "challenge", "disputed"] {
        object(&["inspect", &project.path(&format!("{name}.candor"))], "kind", 0);
    }
    object(&["inspect", &expected], "expected", 0);
    object(&["inspect", &project.path("log")], "lastRecordHash", 0);
    object(&["inspect", &project.path("log"), "--record", "3"], "record", 0);
    object(&["prove", "--record", "4000"], "error", 2);
}

#[test]
fn inspect_shows_every_artefact_to_people() {
    let project = Project::recorded(40);
    project.run(&["prove"]).ok();
    for (name, shown) in [
        ("setup.candor", "DEVELOPMENT"),
        ("program.candor", "with weights"),
        ("card.candor", "minimum-interval"),
        ("bundle.candor", "permitted (within-mandate)"),
        ("proof.candor", "of purpose path"),
        ("expected.json", "programId"),
        ("log", "every record is signed"),
        ("log/log.candor", "every record is signed"),
    ] {
        let text = project.run(&["inspect", &project.path(name)]).ok();
        assert!(text.contains(shown), "{name}:\n{text}");
    }
    let record = project.run(&["inspect", &project.path("log"), "--record", "5"]).ok();
    assert!(record.contains("\"sequence\": 5"), "{record}");
    fs::remove_file(project.path("card.candor")).unwrap();
    let unchecked = project.run(&["inspect", &project.path("log")]).ok();
    assert!(unchecked.contains("not checked"), "{unchecked}");
}

#[test]
fn compare_finds_the_float_model_s_decisions_and_lists_differences() {
    let project = Project::compiled();
    let (decisions, observed) = (fixture("sp500/reference.jsonl"), fixture("sp500/observations.jsonl"));
    let (decisions, observed) = (decisions.to_str().unwrap(), observed.to_str().unwrap());
    let (code, compared) = project.json(&["compare", decisions, "--observations", observed]);
    assert_eq!(code, 0, "{compared}");
    assert_eq!(compared["compared"].as_u64(), Some(1510));
    assert!(compared["agreed"].as_u64().is_some_and(|agreed| agreed > 1500), "{compared}");
    // An agent that does the opposite now and then.
    let text = fs::read_to_string(decisions).unwrap().lines().take(40).collect::<Vec<_>>().join("\n");
    let contrary = project.write("contrary.jsonl", text.replace("\"hold\"", "\"sell\""));
    let days = project.write("days.jsonl", observations(0..50));
    let listed = project.run(&["compare", &contrary, "--observations", &days, "--show", "2"]).ok();
    assert!(listed.contains("line 1, time 1357160400: the agent chose sell, Candor hold"), "{listed}");
    assert!(
        listed.contains("more (--show N)") && listed.contains("observations without a decision"),
        "{listed}"
    );
    assert_eq!(project.run(&["inspect", &project.path("log")]).code, 2, "comparing records nothing");
}

#[test]
fn init_writes_a_commented_description_that_is_not_overwritten() {
    let project = Project::empty();
    fs::copy(fixture("sp500/model.onnx"), project.folder().join("model.onnx")).unwrap();
    let model = project.folder().join("model.onnx");
    project.run(&["init", model.to_str().unwrap()]).ok();
    let text = fs::read_to_string(project.folder().join("agent.toml")).unwrap();
    assert!(text.contains("model = \"model.onnx\"") && text.contains('#'), "{text}");
    project.refuses(&["init", model.to_str().unwrap()], 2, &["there already", "--output"]);
}

#[test]
fn the_key_is_for_its_owner_alone_and_never_overwritten() {
    let project = Project::compiled();
    let shown = project.run(&["agent-key", "--show"]).ok();
    let (_, expected) = project.json(&["inspect", &project.path("expected.json")]);
    assert_eq!(Some(shown.trim()), expected["expected"]["agent"].as_str());
    project.refuses(&["agent-key"], 2, &["agent.key", "never overwritten"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(project.path("agent.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
