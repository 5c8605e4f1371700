//! A log that forgets what is settled, keeps what is disputed, and goes on.

use crate::project::{Project, observations};
use crate::served::Server;
use serde_json::json;

/// Refused with this exit code, for a reason that names this. A lock may be made.
#[track_caller]
fn refuses(project: &Project, arguments: &[&str], code: i32, names: &str) {
    let (got, said) = project.json(arguments);
    assert_eq!(got, code, "{arguments:?}: {said}");
    assert!(said.to_string().contains(names), "{arguments:?} does not name {names:?}: {said}");
}

fn record(project: &Project, directory: &str, days: std::ops::Range<usize>) {
    let server = Server::start(
        project,
        &[
            "log",
            "serve",
            directory,
            "--listen",
            "127.0.0.1:0",
            "--publish-interval",
            "20",
            "--agent-burst",
            "1000",
        ],
    );
    let file = project.write("days.jsonl", observations(days));
    project.run(&["record", &file, "--log", &server.url()]).ok();
    assert_eq!(server.end().0, 0);
}

#[test]
fn what_is_settled_goes_what_is_pinned_stays_and_the_log_goes_on() {
    let project = Project::compiled();
    let directory = project.path("served");
    project.run(&["log", "init", &directory, "--origin", "log.example/agents"]).ok();
    let (_, registered) = project.json(&["log", "register", &directory]);
    let (agent, program) = (registered["agent"].as_str().unwrap(), registered["programId"].as_str().unwrap());
    record(&project, &directory, 0..300);
    // Without a policy everything is kept.
    refuses(&project, &["log", "prune", &directory], 2, "no retention policy");
    let windows = ["--dispute", "100s", "--proving", "50s", "--finality", "20s", "--margin", "30s"];
    let publish = [&["log", "retention", &directory][..], &windows, &["--entries-extra", "400s"]].concat();
    let (code, policy) = project.json(&publish);
    assert_eq!((code, &policy["minimumIndex"]), (0, &json!(0)), "{policy}");
    assert_eq!(policy["retention"]["disputeSeconds"], json!(100));
    let (_, marked) = project.json(&["log", "prune", &directory, "--mark-only", "--now", "1000"]);
    assert_eq!(marked, json!({ "time": 1000, "size": 300 }));
    let run =
        ["--agent", agent, "--program", program, "--first", "3", "--last", "5", "--reason", "dispute 7"];
    project.run(&[&["log", "pin", &directory, "case-7"][..], &run].concat()).ok();
    let (_, pins) = project.json(&["log", "pin", &directory]);
    assert_eq!(pins["pins"][0]["reason"], json!("dispute 7"), "{pins}");
    let (code, dry) = project.json(&["log", "prune", &directory, "--dry-run", "--now", "1600"]);
    assert_eq!(code, 0, "{dry}");
    assert_eq!(
        (&dry["minimumIndex"], &dry["bundlesPinned"], &dry["bundlesRemoved"]),
        (&json!(256), &json!(1), &json!(0))
    );
    project.run(&["log", "unpin", &directory, "case-7"]).ok();
    let (code, pruned) = project.json(&["log", "prune", &directory, "--now", "1700"]);
    assert_eq!(code, 0, "{pruned}");
    assert_eq!((&pruned["bundlesRemoved"], &pruned["decisions"]), (&json!(1), &json!(300)));
    assert!(pruned["after"]["bytesPerDecision"].as_f64() < pruned["before"]["bytesPerDecision"].as_f64());
    let bundle = project.store().join("served/public/tile/entries");
    assert!(!bundle.join("000").exists() && bundle.join("001.p").exists());
    assert_eq!(pruned["tombstone"], json!(0));
    // The auditor knows the promise, and the agent goes on.
    let kept = project
        .write("kept-policy.json", std::fs::read(project.store().join("served/public/policy.json")).unwrap());
    let (code, audited) = project.json(&["log", "audit", &directory, "--promised", &kept]);
    assert_eq!(code, 0, "{audited}");
    assert_eq!((&audited["tombstones"], &audited["entriesPruned"]), (&json!(1), &json!(256)));
    refuses(&project, &["log", "audit", &directory, "--now", "1699"], 4, "dated 1700");
    record(&project, &directory, 300..310);
    let (code, audited) = project.json(&["log", "audit", &directory]);
    assert_eq!(code, 0, "{audited}");
    // Lost, not pruned.
    let lost = bundle.join("001.p");
    std::fs::rename(&lost, project.store().join("aside")).unwrap();
    refuses(&project, &["log", "audit", &directory], 4, "is missing");
    std::fs::rename(project.store().join("aside"), &lost).unwrap();
    // What a retention command refuses.
    refuses(&project, &["log", "unpin", &directory, "case-7"], 2, "case-7");
    refuses(&project, &["log", "prune", &directory, "--now", "1"], 4, "the last mark was set");
    refuses(&project, &["log", "prune", &directory, "--now", "99999999"], 4, "--accept-clock-step");
    let shorter = [&["log", "retention", &directory][..], &windows, &["--entries-extra", "399s"]].concat();
    refuses(&project, &shorter, 4, "entries are promised for 600 seconds");
    let long =
        [&["log", "retention", &directory][..], &windows, &["--entries-extra", "99999999999s"]].concat();
    refuses(&project, &long, 5, "entriesExtraSeconds");
    let gone = ["--agent", agent, "--program", program, "--first", "3", "--last", "5"];
    refuses(&project, &[&["log", "pin", &directory, "late"][..], &gone].concat(), 4, "pruned already");
}

/// While it is served: by itself, on request, and what went is undecided with its tombstone.
#[test]
fn a_served_log_is_pruned_and_a_body_that_went_leaves_a_verdict_undecided() {
    let project = Project::compiled();
    let directory = project.path("served");
    project.run(&["log", "init", &directory, "--origin", "log.example/agents"]).ok();
    project.run(&["log", "register", &directory]).ok();
    let windows = ["--dispute", "0s", "--proving", "0s", "--finality", "0s", "--margin", "0s"];
    project.run(&[&["log", "retention", &directory][..], &windows, &["--entries-extra", "0s"]].concat()).ok();
    let serve = ["log", "serve", &directory, "--listen", "127.0.0.1:0", "--publish-interval", "20"];
    let server = Server::start(&project, &[&serve[..], &["--agent-burst", "1000"]].concat());
    let (url, token) = (server.url(), format!("{directory}/private/operator.token"));
    let file = project.write("days.jsonl", observations(0..300));
    project.run(&["record", &file, "--log", &url]).ok();
    let with_token = ["--token-file", token.as_str()];
    refuses(&project, &["log", "prune", &url], 2, "needs the operator's token");
    refuses(&project, &[&["log", "prune", &url, "--now", "5"][..], &with_token].concat(), 2, "its own clock");
    refuses(&project, &["log", "prune", &directory], 2, "open in another process");
    let (code, marked) = project.json(&[&["log", "prune", &url, "--mark-only"][..], &with_token].concat());
    assert_eq!((code, &marked["size"]), (0, &json!(300)), "{marked}");
    let (code, dry) = project.json(&[&["log", "prune", &url, "--dry-run"][..], &with_token].concat());
    assert_eq!((code, &dry["tombstone"], &dry["dryRun"]), (0, &json!(0), &json!(true)), "{dry}");
    let (code, pruned) = project.json(&[&["log", "prune", &url][..], &with_token].concat());
    assert_eq!((code, &pruned["bundlesRemoved"]), (0, &json!(1)), "{pruned}");
    let (code, audited) = project.json(&["log", "audit", &url]);
    assert_eq!((code, &audited["entriesPruned"]), (0, &json!(256)), "{audited}");
    // The last segment stays, so every body is there; one that nobody handed in is nowhere.
    let output = project.path("body-280");
    let body = [&["log", "body", &url, "--index", "280", "--output", &output][..], &with_token].concat();
    let (code, there) = project.json(&body);
    assert_eq!((code, &there["index"]), (0, &json!(280)), "{there}");
    let none = format!("0x{}", "11".repeat(32));
    let (code, nothing) =
        project.json(&[&["log", "body", &url, "--index", "3", "--hash", &none][..], &with_token].concat());
    assert_eq!((code, &nothing["verdict"], &nothing["tombstone"]), (6, &json!("undecided"), &json!(null)));
    refuses(&project, &[&["log", "body", &url, "--index", "3"][..], &with_token].concat(), 2, "is pruned");
    assert_eq!(server.end().0, 0);
    // The next day it does so by itself.
    let server =
        Server::start(&project, &[&serve[..], &["--agent-burst", "1000", "--prune-every", "1s"]].concat());
    let file = project.write("more.jsonl", observations(300..520));
    project.run(&["record", &file, "--log", &server.url()]).ok();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !project.store().join("served/public/tombstone/1").exists() {
        assert!(std::time::Instant::now() < end, "it was not pruned by itself");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(server.end().0, 0);
    let (code, audited) = project.json(&["log", "audit", &directory]);
    assert_eq!((code, &audited["tombstones"]), (0, &json!(2)), "{audited}");
}
