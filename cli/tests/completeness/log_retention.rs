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
    // The auditor knows the promise, and the agent goes on.
    let (code, audited) = project.json(&["log", "audit", &directory]);
    assert_eq!(code, 0, "{audited}");
    record(&project, &directory, 300..310);
    let (code, audited) = project.json(&["log", "audit", &directory]);
    assert_eq!(code, 0, "{audited}");
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
