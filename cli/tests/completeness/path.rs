//! From agent.toml to a settled dispute, by the command line alone.

use crate::project::{Project, fixture};
use std::fs;

#[test]
fn the_whole_path_is_recorded_proven_verified_and_settled() {
    let project = Project::recorded(64);
    let expected = project.path("expected.json");
    let proven = project.run(&["prove"]).ok();
    assert!(proven.contains("proof.candor") && proven.contains("DEVELOPMENT"), "{proven}");

    // The verifier needs neither program nor weights nor setup nor log.
    for name in ["program.candor", "setup.candor", "agent.key"] {
        fs::remove_file(project.path(name)).unwrap();
    }
    fs::remove_dir_all(project.path("log")).unwrap();
    let verified = project.run(&project.trusting(&["verify"], &expected)).ok();
    assert!(verified.contains("honest") && verified.contains("permitted"), "{verified}");
    assert!(verified.contains("rests on") && verified.contains("development-setup"), "{verified}");
    let proof = project.path("proof.candor");
    let settled = project.run(&project.trusting(&["settle", "--proof", &proof], &expected)).ok();
    assert!(settled.contains("verdict: honest"), "{settled}");
}

#[test]
fn ids_may_be_named_one_by_one_as_hexadecimal_or_as_files() {
    let project = Project::recorded(16);
    project.run(&["prove", "--range", "2..5"]).ok();
    let (_, expected) = project.json(&["inspect", &project.path("expected.json")]);
    let text = |key: &str| expected["expected"][key].as_str().unwrap().to_owned();
    let (program, agent) = (text("programId"), text("agent"));
    let allow = "--allow-development-setup";
    project.run(&["verify", "--program-id", &program, "--agent", &agent, allow]).ok();
    let (card, ids) = (project.path("card.candor"), project.path("expected.json"));
    let address = project.write("address.txt", format!("{agent}\n"));
    for agent in [&address, &ids] {
        project.run(&["verify", "--program-id", &card, "--agent", agent, allow]).ok();
    }
    let program_file = project.path("program.candor");
    let (chain, contract) = (expected["expected"]["chainId"].to_string(), text("verifyingContract"));
    let domain = ["--chain-id", &chain, "--verifying-contract", &contract];
    project
        .run(&[&["verify", "--program-id", &program_file, "--agent", &agent, allow][..], &domain].concat())
        .ok();
}

#[test]
fn a_record_a_range_or_the_path_to_a_transaction_is_proven() {
    let project = Project::recorded(64);
    let expected = project.path("expected.json");
    let (_, last) = project.json(&["prove"]);
    let transaction = last["lastSequence"].to_string();
    let (_, same) = project.json(&["prove", "--transaction", &transaction]);
    assert_eq!(last["firstSequence"], same["firstSequence"]);
    for (arguments, records) in [(["--record", "0"], 1), (["--record", "7"], 1), (["--range", "3..36"], 34)] {
        let (code, proven) = project.json(&[&["prove"][..], &arguments].concat());
        assert_eq!((code, proven["records"].as_u64()), (0, Some(records)));
        let (code, verified) = project.json(&project.trusting(&["verify"], &expected));
        assert_eq!((code, verified["decisions"].as_array().map(Vec::len)), (0, Some(records as usize)));
    }
}

#[test]
fn a_lie_is_found_by_replay_challenged_and_settled_as_fraud() {
    let project = Project::recorded(40);
    let expected = project.path("expected.json");
    let agrees = project.run(&project.trusting(&["replay"], &expected)).ok();
    assert!(agrees.contains("40 records replayed, none differs"), "{agrees}");
    let nothing = project.run(&project.trusting(&["challenge"], &expected)).ok();
    assert!(nothing.contains("none differs"), "{nothing}");
    assert!(!project.store().join("challenge.candor").exists());

    for (cheat, operator, kind, basis) in [
        ("output", "4", "wrong-output", "proof"),
        ("output", "1", "model-substituted", "proof"),
        ("model", "3", "model-substituted", "proof"),
        ("action", "1", "wrong-output", "recomputation"),
        ("state", "1", "state-broken", "recomputation"),
        ("observation", "1", "input-mismatch", "recomputation"),
        ("verdict", "1", "policy-violated", "recomputation"),
    ] {
        let log = project.path(&format!("cheated-{cheat}-{operator}"));
        let lie = [
            "tamper",
            "--record",
            "21",
            "--cheat",
            cheat,
            "--operator",
            operator,
            "--seed",
            "5",
            "--into",
            &log,
        ];
        let (code, told) = project.json(&lie);
        assert_eq!((code, told["records"].as_u64()), (0, Some(40)), "{told}");
        let (code, found) = project.json(&project.trusting(&["replay", "--log", &log], &expected));
        assert_eq!((code, found["sequence"].as_u64()), (7, Some(21)), "{found}");
        let payout = "0x00000000000000000000000000000000000000aa";
        let challenge = ["challenge", "--log", &log, "--payout", payout];
        let (code, made) = project.json(&project.trusting(&challenge, &expected));
        assert_eq!((code, made["difference"]["sequence"].as_u64()), (0, Some(21)), "{made}");
        let (bundle, evidence) = (project.path("disputed.candor"), project.path("challenge.candor"));
        let settle = ["settle", "--bundle", &bundle, "--challenge", &evidence];
        let (code, verdict) = project.json(&project.trusting(&settle, &expected));
        assert_eq!(code, 7, "{verdict}");
        assert_eq!(verdict["sequence"].as_u64(), Some(21));
        assert_eq!((verdict["kind"].as_str(), verdict["basis"].as_str()), (Some(kind), Some(basis)));
        let bound = if basis == "proof" { Some(payout) } else { None };
        assert_eq!(verdict["payout"].as_str(), bound);
    }
}

#[test]
fn a_true_output_does_not_excuse_a_false_intermediate_value() {
    let project = Project::recorded(12);
    let expected = project.path("expected.json");
    let log = project.path("cheated");
    // A small change at the second operator that leaves the outputs as they are: the path can still be proven.
    project.run(&["tamper", "--record", "7", "--cheat", "output", "--operator", "2", "--into", &log]).ok();
    project.run(&["prove", "--log", &log, "--range", "7..7"]).ok();
    project.run(&project.trusting(&["challenge", "--log", &log], &expected)).ok();
    let (proof, challenge) = (project.path("proof.candor"), project.path("challenge.candor"));
    let settle = ["settle", "--proof", &proof, "--challenge", &challenge];
    let (code, verdict) = project.json(&project.trusting(&settle, &expected));
    assert_eq!((code, verdict["kind"].as_str()), (7, Some("model-substituted")), "{verdict}");
}

/// A string that is pinned needs no consent; one that the card merely declares does.
#[test]
fn a_ceremony_s_string_needs_to_be_pinned() {
    let project = Project::empty();
    let ptau = fixture("ptau/test12.ptau");
    let (code, setup) = project.json(&["setup", "--ptau", ptau.to_str().unwrap()]);
    assert_eq!(code, 0, "{setup}");
    project.run(&["agent-key"]).ok();
    let agent = fixture("sp500/agent.toml");
    project.run(&["compile", agent.to_str().unwrap()]).ok();
    let observations = project.write("observations.jsonl", crate::project::observations(0..3));
    project.run(&["record", &observations]).ok();
    project.run(&["prove", "--range", "0..2"]).ok();
    let verified = project.run(&["verify", "--expect", &project.path("expected.json")]).ok();
    assert!(!verified.contains("DEVELOPMENT") && !verified.contains("DECLARED"), "{verified}");
    assert!(verified.contains("pinned by the reader"), "{verified}");

    // Whoever has the ids alone pins the digest of the ceremony's file, or takes the author's word.
    let (card, ids) = (project.path("card.candor"), project.path("expected.json"));
    let named = ["verify", "--program-id", &card, "--agent", &ids];
    project.refuses(&named, 8, &["declared-setup", "--setup-digest"]);
    let declared = project.run(&[&named[..], &["--allow-declared-ceremony"]].concat()).ok();
    assert!(declared.contains("DECLARED, not pinned"), "{declared}");
    let digest = setup["setup"]["digest"].as_str().unwrap();
    project.run(&[&named[..], &["--setup-digest", digest]].concat()).ok();
    let other = format!("0x{}", "11".repeat(32));
    project.refuses(&[&named[..], &["--setup-digest", &other]].concat(), 4, &["pinned"]);
}
