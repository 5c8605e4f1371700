//! Credentials that cannot be made, or do not hold: named, and never used.

use crate::evidenced::Evidenced;
use crate::project::observations;
use serde_json::json;

const FIRST: u64 = 1_700_000_000;
const LAST: u64 = 1_800_000_000;

#[test]
fn a_mandate_is_never_widened() {
    let world = Evidenced::project();
    let chain = world.mandate("2500.00", "500.00", FIRST, LAST);
    let project = &world.project;
    let (desk, agent_key) = (project.file("desk.key"), project.path("agent.key"));
    let owned = world.granted("2500.00", FIRST, LAST);
    let grant = |chain: &str, key: &str, rest: &[&str], names: &[&str], code: i32| {
        let base = ["mandate", "grant", "--chain", chain, "--key", key, "--to", &world.agent];
        let mut arguments = [&base[..], rest].concat();
        for (flag, value) in [("--issued", FIRST.to_string()), ("--expires", LAST.to_string())] {
            if !arguments.contains(&flag) {
                arguments.extend([flag, Box::leak(value.into_boxed_str())]);
            }
        }
        project.refuses(&arguments, code, names);
    };
    grant(
        &owned,
        &desk,
        &["--at-most", "orders=2500.01"],
        &["mandate 2 widens limit `orders` from 2500.00 to 2500.01"],
        4,
    );
    grant(&owned, &desk, &["--at-least", "orders=1.00"], &["another direction"], 4);
    grant(&owned, &desk, &["--at-most", "loans=1.00"], &["adds limit `loans`"], 4);
    let later = (LAST + 1).to_string();
    grant(&owned, &desk, &["--expires", &later], &["expires at"], 4);
    let earlier = (FIRST - 1).to_string();
    grant(&owned, &desk, &["--issued", &earlier], &["was issued at"], 4);
    // Not the desk's key; and a limit with digits that the one above does not have.
    grant(&owned, &agent_key, &[], &["was granted to"], 4);
    grant(&owned, &desk, &["--at-most", "orders=1.001"], &["`orders=1.001` is no limit"], 2);
    grant(&owned, &desk, &["--at-most", "orders"], &["write NAME=VALUE"], 2);
    grant(&owned, &desk, &["--expires", &FIRST.to_string()], &["it would never count"], 2);
    // Spoiled, somebody else's, too early, too late, another card's.
    let text = std::fs::read_to_string(&chain).unwrap();
    let spoiled = project.write("spoiled.json", text.replacen("\"value\":50000", "\"value\":40000", 1));
    project.refuses(&["mandate", "check", &spoiled], 4, &["mandate 2 is not signed"]);
    project.refuses(&["mandate", "check", &chain, "--agent", &world.owner], 4, &["granted to"]);
    let (early, late) = ((FIRST - 1).to_string(), LAST.to_string());
    project.refuses(&["mandate", "check", &chain, "--time", &early], 4, &["after the record's time"]);
    project.refuses(&["mandate", "check", &chain, "--time", &late], 4, &["it expired"]);
}

#[test]
fn an_attestation_is_made_by_the_slots_attester_alone() {
    let world = Evidenced::project();
    let project = &world.project;
    let (key, owner) = (project.file("registry.key"), project.file("owner/agent.key"));
    let (first, last) = (FIRST.to_string(), LAST.to_string());
    let attest = |slot: &str, value: &str, key: &str, rest: &[&str], code: i32, names: &[&str]| {
        let base =
            ["attest", "--slot", slot, "--value", value, "--key", key, "--issued", &first, "--expires"];
        project.refuses(&[&base[..], rest].concat(), code, names);
    };
    let agent = world.agent.as_str();
    attest("licence", "A", &owner, &[&last, "--subject", agent], 4, &["the slot's attester is"]);
    attest("licences", "A", &key, &[&last, "--subject", agent], 2, &["it has licence, allowance"]);
    attest("allowance", "1.00", &key, &[&last, "--subject", agent], 2, &["candor mandate grant"]);
    attest("licence", "C", &key, &[&last, "--subject", agent], 2, &["or one of A, B"]);
    attest("licence", "A", &key, &[&last], 2, &["candor agent-key --show"]);
    attest("licence", "A", &key, &[&first, "--subject", agent], 2, &["it would never count"]);
}

#[test]
fn what_does_not_hold_is_warned_about_and_not_used() {
    let world = Evidenced::project();
    let project = &world.project;
    let licence = world.attest("A", 1, LAST);
    let text = std::fs::read_to_string(&licence).unwrap();
    // Class A under the signature of class B.
    let other = std::fs::read_to_string(world.attest("B", 1, LAST)).unwrap();
    let signature = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["attestation"]["signature"].as_str().unwrap().to_owned()
    };
    let forged = project.write("forged.json", text.replace(&signature(&text), &signature(&other)));
    let days = project.write("observations.jsonl", observations(0..2));
    let recorded = project.run(&["record", &days, "--evidence", &forged]);
    assert!(
        recorded.stderr.contains("warning: credential 1 of") && recorded.stderr.contains("slot `licence`"),
        "{}",
        recorded.stderr
    );
    recorded.ok();
    let (_, shown) = project.json(&["inspect", &project.path("log"), "--record", "1"]);
    assert_eq!(shown["record"]["evidence"][0]["standing"], json!("absent"));
    assert_eq!(shown["record"]["evidence"][0]["credential"], json!(null));
}

#[test]
fn an_expired_credential_leaves_its_slot_empty() {
    let world = Evidenced::project();
    let project = &world.project;
    let licence = world.attest("A", 1, 2);
    let days = project.write("observations.jsonl", observations(0..2));
    let recorded = project.run(&["record", &days, "--evidence", &licence]);
    let warning = "no credential in slot `licence` counts: it is empty";
    assert_eq!(recorded.stderr.matches(warning).count(), 1, "{}", recorded.stderr);
    recorded.ok();
}

#[test]
fn files_that_hold_no_credentials_are_refused() {
    let world = Evidenced::project();
    let project = &world.project;
    let days = project.write("observations.jsonl", observations(0..1));
    let refused = |name: &str, text: &str, code: i32, names: &[&str]| {
        let path = project.write(name, text);
        let ran = project.run(&["record", &days, "--evidence", &path]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        for wanted in names.iter().copied().chain([name]) {
            assert!(ran.stderr.contains(wanted), "{wanted} in {}", ran.stderr);
        }
    };
    refused("empty.json", "{}", 3, &["no credential as JSON (line 1"]);
    refused("unknown.json", r#"{"attestation": {"note": 1}}"#, 3, &["unknown field `note`"]);
    let many = format!("[{}]", vec![r#"{"mandates":[]}"#; 257].join(","));
    refused("many.json", &many, 5, &["257 credentials"]);
    let missing = project.file("missing.json");
    project.refuses(&["mandate", "show", &missing], 2, &["missing.json"]);
    assert_eq!(project.records("log"), 0);
}
