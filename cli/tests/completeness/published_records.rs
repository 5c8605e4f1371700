//! When a record was public: evidence out of a log's files, and the verdict on it.

use crate::published::signer;
use crate::witnessed::{BOUNDS, Case, DISPUTED, cosigned, cosigned_at_once};
use candor_log::FileSystem;
use candor_log::http::Promises;
use std::path::Path;

#[test]
fn late_record_is_proven_from_the_log_and_settled() {
    let case = Case::new(3600 + 600 + 1);
    let (late, kept) = (case.project.file("late.candor"), case.project.file("kept.checkpoint"));
    let time = case.records[DISPUTED as usize].header.time;
    let (code, made) = case.prove(&["--record", "5", "--earlier", &kept, "--output", &late]);
    assert_eq!((code, made["evidence"].as_str()), (0, Some("late")), "{made}");
    assert_eq!((made["index"].as_u64(), made["earlier"]["size"].as_u64()), (Some(5), Some(3)));
    // Whoever has only the log makes the same evidence.
    let (again, index) = (case.project.file("again.candor"), "5");
    assert_eq!(case.prove(&["--index", index, "--earlier", &kept, "--output", &again]).0, 0);
    assert_eq!(std::fs::read(&late).unwrap(), std::fs::read(&again).unwrap());
    let (_, shown) = case.project.json(&["inspect", &late]);
    assert_eq!(shown["challenge"]["evidence"].as_str(), Some("late"), "{shown}");

    let (code, verdict) = case.settle(&["--challenge", &late]);
    assert_eq!((code, verdict["kind"].as_str()), (7, Some("late-record")), "{verdict}");
    assert_eq!(verdict["culpritRole"].as_str(), Some("agent-or-log"));
    assert_eq!(verdict["basis"].as_str(), Some("witnesses"));
    assert_eq!(verdict["witnessed"]["missingUntil"].as_u64(), Some(time + 4201));
    assert_eq!(verdict["witnessed"]["limit"].as_u64(), Some(time + 4200));
    assert_eq!(verdict["expected"]["publication"]["deliveredWithin"].as_u64(), Some(3600));

    // The outbox keeps the log's promise: it is the log's then.
    let outbox = FileSystem::at(Path::new(&case.project.path("log")));
    let agent = case.records[0].header.agent;
    let mut kept_promises = Promises::open(&outbox, signer().verifier_key(), agent).unwrap();
    kept_promises.keep(&outbox, &case.promise(time + 3600).sign(&signer())).unwrap();
    kept_promises.sync().unwrap();
    let (promise, published) = (case.project.file("5.promise"), case.project.file("published.candor"));
    let (code, made) = case.prove(&["--record", "5", "--promise", &promise, "--output", &published]);
    assert_eq!((code, made["evidence"].as_str()), (0, Some("published")), "{made}");
    let (code, verdict) = case.settle(&["--challenge", &late, "--promise", &promise]);
    assert_eq!((code, verdict["culpritRole"].as_str()), (7, Some("log")), "{verdict}");
    assert_eq!(verdict["culprit"].as_str(), Some("log.example/published"));
    assert_eq!(verdict["witnessed"]["promised"].as_u64(), Some(time + 3600));
    // A receipt of the verdict names it too.
    let key = case.project.file("judge.key");
    case.project.run(&["plugin", "key", "--output", &key]).ok();
    let bundle = case.project.file("all.candor");
    let expected = case.project.path("expected.json");
    let receipt = ["receipt", "verdict", "--bundle", &bundle, "--challenge", &late, "--expect", &expected];
    let receipt = [&receipt[..], &["--allow-development-setup", "--key", &key], &BOUNDS].concat();
    let signed = case.project.run(&case.trusting(&receipt));
    assert_eq!(signed.code, 7, "{}{}", signed.stdout, signed.stderr);
}

#[test]
fn record_within_the_bounds_is_not_late_and_early_proof_is_the_defence() {
    let case = Case::new(3600 + 600);
    let (late, kept) = (case.project.file("late.candor"), case.project.file("kept.checkpoint"));
    assert_eq!(case.prove(&["--record", "5", "--earlier", &kept, "--output", &late]).0, 0);
    let (code, verdict) = case.settle(&["--challenge", &late]);
    assert_eq!((code, verdict["verdict"].as_str()), (6, Some("undecided")), "{verdict}");
    assert!(verdict["missing"][0].as_str().unwrap().contains("could be public until"), "{verdict}");
    // Nobody is named: nothing is said about times.
    let (bundle, expected) = (case.project.file("all.candor"), case.project.path("expected.json"));
    let unnamed = ["settle", "--bundle", &bundle, "--expect", &expected, "--challenge", &late];
    let (code, verdict) = case.project.json(&unnamed);
    assert_eq!(code, 6);
    assert!(verdict["missing"][0].as_str().unwrap().contains("names no log"), "{verdict}");
    // One second more, and it is; but the log's checkpoint with the record was cosigned in time as well.
    let case = Case::new(3600 + 600 + 1);
    let (late, kept) = (case.project.file("late.candor"), case.project.file("kept.checkpoint"));
    assert_eq!(case.prove(&["--record", "5", "--earlier", &kept, "--output", &late]).0, 0);
    assert_eq!(case.settle(&["--challenge", &late]).0, 7);
    let time = case.records[DISPUTED as usize].header.time;
    std::fs::write(case.log.join("public/checkpoint"), cosigned(&case.log, time + 60)).unwrap();
    let defence = case.project.file("defence.candor");
    assert_eq!(case.prove(&["--record", "5", "--output", &defence]).0, 0);
    let (code, verdict) = case.settle(&["--challenge", &late, "--challenge", &defence]);
    assert_eq!(code, 6, "{verdict}");
    let seen = format!("witnesses saw the record in the log by {}", time + 60);
    assert!(verdict["missing"].to_string().contains(&seen), "{verdict}");
}

#[test]
fn record_that_was_public_before_its_time_is_dated_ahead() {
    let case = Case::new(0);
    let time = case.records[DISPUTED as usize].header.time;
    let evidence = case.project.file("ahead.candor");
    for (seen, code) in [(time - 60, 6), (time - 61, 7)] {
        std::fs::write(case.log.join("public/checkpoint"), cosigned_at_once(&case.log, seen)).unwrap();
        let (made, _) = case.prove(&["--record", "5", "--output", &evidence, "--force"]);
        assert_eq!(made, 0);
        let (got, verdict) = case.settle(&["--challenge", &evidence]);
        assert_eq!(got, code, "{verdict}");
        if code == 7 {
            assert_eq!(verdict["kind"].as_str(), Some("dated-ahead"));
            assert_eq!(verdict["culpritRole"].as_str(), Some("agent"));
            assert_eq!(verdict["witnessed"]["seen"].as_u64(), Some(seen));
        }
    }
}
