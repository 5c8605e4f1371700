//! Credentials from the hand that signs them to the record that carries them, and to the report that names who vouches.

use crate::evidenced::Evidenced;
use crate::project::observations;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

fn days(count: usize) -> (Vec<String>, Vec<u64>) {
    let lines: Vec<String> = observations(0..count).lines().map(str::to_owned).collect();
    let time = |line: &String| serde_json::from_str::<Value>(line).unwrap()["time"].as_u64().unwrap();
    let times = lines.iter().map(time).collect();
    (lines, times)
}

#[test]
fn what_was_signed_is_recorded_shown_proven_and_vouched_for() {
    let world = Evidenced::project();
    let (lines, times) = days(12);
    let (first, last) = (times[0], times[11] + 1);
    let licence = world.attest("B", first, last);
    let handed_on = world.mandate("2500.00", "500.00", first, last);
    let project = &world.project;
    let observations = project.write("observations.jsonl", lines.join("\n") + "\n");
    let recorded = project.run(&["record", &observations, "--evidence", &licence, "--evidence", &handed_on]);
    assert!(recorded.stderr.contains("2 credentials at hand"), "{}", recorded.stderr);
    recorded.ok();
    let (_, shown) = project.json(&["inspect", &project.path("log"), "--record", "3"]);
    let slots = &shown["record"]["evidence"];
    let seen = |slot: usize| {
        let view = &slots[slot];
        json!([
            view["slot"],
            view["value"],
            view["meaning"],
            view["standing"],
            view["issued"],
            view["expires"]
        ])
    };
    assert_eq!(seen(0), json!(["licence", "2", "B", "valid", first, last]));
    // The allowance after both mandates, from the first one's issue.
    assert_eq!(seen(1), json!(["allowance", "500.00", null, "valid", first, last]));
    assert_eq!(slots[1]["credential"]["mandates"].as_array().unwrap().len(), 2);
    // Proven and verified without the model: the report names both keys.
    project.run(&["prove", "--range", "2..3"]).ok();
    let expected = project.path("expected.json");
    let (code, verified) = project.json(&project.trusting(&["verify"], &expected));
    assert_eq!(code, 0, "{verified}");
    let vouching: Vec<&str> = verified["assumptions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|assumption| assumption["name"] == "signed-evidence")
        .map(|assumption| assumption["text"].as_str().unwrap())
        .collect();
    assert_eq!(vouching.len(), 2, "{verified}");
    assert!(vouching[0].contains(&world.attester) && vouching[1].contains(&world.owner), "{vouching:?}");
    project.run(&project.trusting(&["replay"], &expected)).ok();
}

#[test]
fn a_chain_is_checked_and_shown() {
    let world = Evidenced::project();
    let (_, times) = days(1);
    let (first, last) = (times[0], times[0] + 1_000);
    let chain = world.mandate("2500.00", "500.00", first, last);
    let project = &world.project;
    let time = first.to_string();
    let card = project.path("card.candor");
    let check = ["mandate", "check", &chain, "--agent", &world.agent, "--time", &time, "--card", &card];
    let (code, checked) = project.json(&check);
    assert_eq!(code, 0, "{checked}");
    assert_eq!(checked["owner"], json!(world.owner));
    assert_eq!(checked["agent"], json!(world.agent));
    assert_eq!(checked["limits"], json!([{ "name": "orders", "direction": "at-most", "value": "500.00" }]));
    assert_eq!(checked["slots"], json!(["allowance"]));
    let shown = project.run(&["mandate", "show", &chain]).ok();
    assert!(shown.contains("orders at most 2500.00") && shown.contains("orders at most 500.00"), "{shown}");
    assert!(shown.contains("nothing is checked"), "{shown}");
}

/// An agent that runs on gets a credential, and loses it, without being started again.
#[test]
fn a_file_that_changes_is_read_again() {
    let world = Evidenced::project();
    let (lines, times) = days(3);
    let licence = world.attest("A", times[0], times[2] + 1);
    let project = &world.project;
    let text = std::fs::read_to_string(&licence).unwrap();
    let evidence = project.write("evidence.json", "[]");
    let mut command = project.command(&["record", "--stdio", "--evidence", &evidence]);
    let mut agent =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut input, mut output) = (agent.stdin.take().unwrap(), BufReader::new(agent.stdout.take().unwrap()));
    for (line, evidence) in lines.iter().zip(["[]", text.as_str(), "[ ]"]) {
        project.write("evidence.json", evidence);
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert!(answer.contains("recordHash"), "{answer}");
    }
    drop(input);
    assert!(agent.wait().unwrap().success());
    for (record, standing) in [("0", "absent"), ("1", "valid"), ("2", "absent")] {
        let (_, shown) = project.json(&["inspect", &project.path("log"), "--record", record]);
        assert_eq!(shown["record"]["evidence"][0]["standing"], json!(standing), "record {record}");
    }
}

/// The policy sees what was signed: without a licence every order is denied, with one of class A it is not.
#[test]
fn the_same_order_is_denied_without_and_permitted_with_a_licence() {
    let (lines, times) = days(40);
    let outcomes = |licence: Option<&str>| {
        let world = Evidenced::project();
        let observations = world.project.write("observations.jsonl", lines.join("\n") + "\n");
        let mut arguments = vec!["record".to_owned(), observations, "--json".to_owned()];
        if let Some(class) = licence {
            arguments.extend(["--evidence".to_owned(), world.attest(class, times[0], times[39] + 1)]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let text = world.project.run(&arguments).ok();
        let verdict = |line: &str| serde_json::from_str::<Value>(line).unwrap()["verdict"].clone();
        let verdicts: Vec<Value> = text.lines().map(verdict).collect();
        verdicts.iter().filter(|verdict| **verdict == json!("permitted")).count()
    };
    assert_eq!(outcomes(None), 0);
    assert_eq!(outcomes(Some("B")), 0);
    assert!(outcomes(Some("A")) > 0);
}
