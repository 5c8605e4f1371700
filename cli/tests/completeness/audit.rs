//! `candor log audit`, `prove-inclusion`, `verify-inclusion`, `consistency`.

use crate::project::{Project, ran};
use crate::published::{ORIGIN, publish, serve, signer};
use std::fs;
use std::process::Command;

#[test]
fn every_command_s_help_has_an_example_of_it() {
    for command in ["audit", "check-promises", "prove-inclusion", "verify-inclusion", "consistency"] {
        let help =
            Command::new(env!("CARGO_BIN_EXE_candor")).args(["log", command, "--help"]).output().unwrap();
        let help = ran(help).ok();
        let (_, example) = help.split_once("Example").unwrap_or_else(|| panic!("{command} has no example"));
        assert!(example.contains(&format!("candor log {command}")), "{command}: {example}");
    }
}

#[test]
fn a_log_is_audited_remembered_and_audited_again() {
    let project = Project::recorded(12);
    let folder = publish(&project, "operator", 7);
    let log = folder.to_str().unwrap();
    let key = project.write("known.vkey", format!("{}\n", signer().verifier_key()));
    let text = project.run(&["log", "audit", log]).ok();
    for expected in [ORIGIN, "7, root", "7 of them", "1, 0 confirmed", "own word for its key", "a first look"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    let remember = project.folder().join("last.checkpoint");
    let card = project.path("card.candor");
    let arguments =
        ["log", "audit", log, "--log-key", &key, "--card", &card, "--remember", remember.to_str().unwrap()];
    let (code, value) = project.json(&arguments);
    assert_eq!((code, &value["size"], &value["remembered"]), (0, &7.into(), &serde_json::Value::Null));
    assert_eq!((&value["chainsWithCard"], &value["restsOn"]["logKeyFromLog"]), (&1.into(), &false.into()));
    assert_eq!(fs::read(&remember).unwrap(), fs::read(folder.join("public/checkpoint")).unwrap());
    let kept = project.folder().join("kept.checkpoint");
    fs::copy(&remember, &kept).unwrap();
    publish(&project, "operator", 12);
    let (code, value) = project.json(&arguments);
    assert_eq!((code, &value["size"], &value["remembered"]), (0, &12.into(), &7.into()));
    let from = ["log", "consistency", log, "--from", kept.to_str().unwrap(), "--log-key", &key];
    let (code, value) = project.json(&from);
    assert_eq!((code, &value["from"]["size"], &value["to"]["size"]), (0, &7.into(), &12.into()));
    assert!(!value["proof"].as_array().unwrap().is_empty());
}

#[test]
fn a_record_is_proven_to_be_in_a_log_that_a_web_server_serves() {
    let project = Project::recorded(6);
    let folder = publish(&project, "operator", 6);
    let url = serve(folder.join("public"));
    let (code, value) = project.json(&["log", "audit", &url]);
    assert_eq!((code, &value["entriesChecked"]), (0, &6.into()));
    let proof = project.folder().join("3.tlog-proof");
    let proof = proof.to_str().unwrap();
    let (code, made) = project.json(&["log", "prove-inclusion", &url, "--index", "3", "--output", proof]);
    assert_eq!((code, &made["index"], &made["size"]), (0, &3.into(), &6.into()));
    assert!(fs::read_to_string(proof).unwrap().starts_with("c2sp.org/tlog-proof@v1\nindex 3\n"));
    let key = signer().verifier_key().to_string();
    let verify = ["log", "verify-inclusion", proof, "--log-key", &key];
    for which in [["--record", "3"], ["--leaf", made["leaf"].as_str().unwrap()]] {
        let (code, value) = project.json(&[&verify[..], &which].concat());
        assert_eq!((code, &value["index"], &value["leaf"]), (0, &3.into(), &made["leaf"]));
    }
    let text = project.run(&[&verify[..], &["--record", "3"]].concat()).ok();
    assert!(text.contains("3 of 6") && text.contains("nobody says that others see the same log"), "{text}");
}
