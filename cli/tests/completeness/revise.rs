//! A change of rules by the command line: said, recorded, and followed by every command.

use crate::project::observations;
use crate::revising::{DAYS, Revising, time};

#[test]
fn rules_change_and_every_command_follows() {
    let revising = Revising::new();
    let (project, at) = (&revising.project, time(DAYS).to_string());
    let dry = ["revise", "--to", &revising.card, "--at", &at, "--dry-run"];
    let (code, said) = project.json(&dry);
    assert_eq!((code, said["recorded"].as_bool()), (0, Some(false)), "{said}");
    let fates = |said: &serde_json::Value| {
        let one = |register: &serde_json::Value| format!("{}: {}", register["name"], register["fate"]);
        said["registers"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(fates(&said), ["\"last_execution\": \"kept\"", "\"executions\": \"added\""]);
    assert_eq!(project.records("log"), DAYS as u64);
    let revised = revising.revise();
    assert_eq!(fates(&revised), fates(&said));
    assert_eq!((revised["sequence"].as_u64(), revised["activation"].as_u64()), (Some(40), Some(time(DAYS))));
    assert_ne!(revised["from"], revised["to"]);

    // The first program is over: it neither records nor explains.
    let later = project.write("later.jsonl", observations(DAYS..DAYS + 1));
    project.refuses(&["record", &later], 4, &["revised to"]);
    project.refuses(&["explain", "--action", "buy", "--at", &at], 4, &["revises to another program"]);
    project.refuses(&["limits", "--at", &at], 4, &["revises to another program"]);
    let old = project.path("expected.json");
    let bundle = project.file("old.candor");
    project.run(&["prove", "--range", "0..39", "--bundle", &bundle]).ok();
    project.run(&project.trusting(&["verify", "--bundle", &bundle], &old)).ok();
    // The last day before: the records of both sides are none of one proof.
    project.refuses(&["prove", "--range", "38..40"], 4, &["revise"]);

    revising.switch();
    let early = (time(DAYS) - 1).to_string();
    let explain = |at: &str| project.json(&["explain", &revising.card, "--action", "buy", "--at", at]);
    let (code, explained) = explain(&at);
    assert_eq!(code, 0, "{explained}");
    let (code, refused) = explain(&early);
    assert_eq!(code, 4, "{refused}");
    let (code, limits) = project.json(&["limits"]);
    assert_eq!((code, limits["time"].as_u64(), limits["records"].as_u64()), (0, Some(time(DAYS)), Some(41)));
    project.refuses(&["limits", "--at", &early], 4, &["decides from"]);
}

/// A cheat at the Revise record itself, and one before it that is carried on over it.
#[test]
fn cheats_around_a_revise_record_are_found_and_settled() {
    let revising = Revising::new();
    let project = &revising.project;
    revising.revise();
    let expected = project.path("expected.json");
    for (record, cheat, kind, length) in
        [("40", "state", "state-broken", 41), ("39", "verdict", "policy-violated", 41)]
    {
        let into = project.file(&format!("cheated-{record}"));
        let tamper = ["tamper", "--record", record, "--cheat", cheat, "--into", &into];
        let (code, tampered) = project.json(&tamper);
        assert_eq!((code, tampered["records"].as_u64()), (0, Some(length)), "{tampered}");
        assert_eq!(tampered["leftOut"].as_u64(), Some(0));
        let (code, challenged) = project.json(&project.trusting(&["challenge", "--log", &into], &expected));
        assert_eq!(code, 0, "{challenged}");
        let (challenge, disputed) = (project.path("challenge.candor"), project.path("disputed.candor"));
        let settle = ["settle", "--bundle", &disputed, "--challenge", &challenge];
        let (code, verdict) = project.json(&project.trusting(&settle, &expected));
        assert_eq!((code, verdict["kind"].as_str()), (7, Some(kind)), "{verdict}");
        assert_eq!(verdict["sequence"].to_string(), record);
        if record == "40" {
            let text = verdict["text"].as_str().unwrap();
            assert!(text.contains("register `last_execution`"), "{text}");
        }
    }
    // Once the second program has decided something, a cheat before the change ends at it; one after it goes on.
    revising.switch();
    revising.record(4);
    let into = project.file("cheated-after");
    let (code, tampered) = project.json(&["tamper", "--record", "42", "--cheat", "verdict", "--into", &into]);
    assert_eq!((code, tampered["records"].as_u64()), (0, Some(45)), "{tampered}");
}
