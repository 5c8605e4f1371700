//! fixtures/sp500-policy by `record`: a statement that is missing, expired, forged, revoked or of another kind permits nothing,
//! and a file or line that is none is refused before anything is recorded.

use crate::project::{Project, fixture, observations};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const BEGIN: &str = "1356912000";
const END: &str = "1546300800";

struct World {
    project: Project,
    /// A line that asks to buy, and its time.
    line: String,
    time: u64,
}

impl World {
    fn new() -> Self {
        let project = Project::empty();
        project.run(&["setup", "--development", "--powers", "10"]).ok();
        project.run(&["agent-key"]).ok();
        project.run(&["compile", fixture("sp500-policy/agent.toml").to_str().unwrap()]).ok();
        let key = project.write("attester.key", format!("ed25519:{}\n", "50".repeat(32)));
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        let attestations = fixture("sp500-policy/attestations.json");
        let days = project.write("days.jsonl", observations(0..80));
        let run = ["record", &days, "--evidence", attestations.to_str().unwrap(), "--json"];
        let run = project.run(&run).ok();
        let answers = run.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let bought = answers.into_iter().position(|answer| answer["executed"]["name"] == "buy").unwrap();
        let line = observations(bought..bought + 1).trim_end().to_owned();
        let time = serde_json::from_str::<Value>(&line).unwrap()["time"].as_u64().unwrap();
        Self { project, line, time }
    }

    fn attest(&self, slot: &str, value: &str, issued: &str, expires: &str) -> String {
        let key = self.project.file("attester.key");
        let times = ["--issued", issued, "--expires", expires, "--key", &key];
        self.project.run(&[&["attest", "--slot", slot, "--value", value][..], &times].concat()).ok()
    }

    /// What `record` does with the line and these statements, in a log of its own.
    fn record(&self, line: &str, statements: &[&str]) -> (i32, String, String) {
        let evidence = self.project.write("evidence.json", format!("[{}]", statements.join(",")));
        let file = self.project.write("line.jsonl", format!("{line}\n"));
        let log = self.project.file("fresh");
        let _ = fs::remove_dir_all(&log);
        let ran = self.project.run(&["record", &file, "--evidence", &evidence, "--log", &log]);
        (ran.code, ran.stdout, ran.stderr)
    }
}

#[test]
fn a_statement_that_does_not_hold_permits_nothing() {
    let world = World::new();
    let (time, after) = (world.time.to_string(), (world.time + 1).to_string());
    let de = world.attest("jurisdiction", "DE", BEGIN, END);
    let revocation = world.attest("revocation", BEGIN, BEGIN, END);
    let (code, stdout, stderr) = world.record(&world.line, &[&de, &revocation]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("buy 250000.00: permitted (permitted-in-DE), call"), "{stdout}");
    let de_until = |expires: &str| world.attest("jurisdiction", "DE", BEGIN, expires);
    let forged = de.replacen("\"value\":276", "\"value\":840", 1).replacen("\"DE\"", "\"US\"", 1);
    let scaled = de.replacen("\"decimals\":0", "\"decimals\":2", 1);
    let unnamed = de.replacen("\"DE\"", "\"\"", 1);
    let (expired, later) = (de_until(&time), world.attest("jurisdiction", "DE", &after, END));
    let (revoking, stale) = (
        world.attest("revocation", "1356912001", BEGIN, END),
        world.attest("revocation", BEGIN, BEGIN, &time),
    );
    let cases: [(&str, Vec<&str>); 10] = [
        ("nothing", vec![]),
        ("no jurisdiction", vec![&revocation]),
        ("no revocation", vec![&de]),
        ("expired", vec![&expired, &revocation]),
        ("later", vec![&later, &revocation]),
        ("revoked", vec![&de, &revoking]),
        ("a revocation that expired", vec![&de, &stale]),
        ("another value than the signed one", vec![&forged, &revocation]),
        ("another scale", vec![&scaled, &revocation]),
        ("without its name", vec![&unnamed, &revocation]),
    ];
    for (what, statements) in cases {
        let (code, stdout, stderr) = world.record(&world.line, &statements);
        assert_eq!(code, 0, "{what}: {stderr}");
        assert!(stdout.contains("buy 250000.00: denied (could not evaluate)"), "{what}: {stdout}");
        assert!(!stdout.contains("call"), "{what}: {stdout}");
    }
    // A second more, and it holds.
    let (_, stdout, _) = world.record(&world.line, &[&de_until(&after), &revocation]);
    assert!(stdout.contains("permitted (permitted-in-DE)"), "{stdout}");
}

#[test]
fn what_is_no_statement_or_no_observation_is_recorded_by_nobody() {
    let world = World::new();
    let de = world.attest("jurisdiction", "DE", BEGIN, END);
    let revocation = world.attest("revocation", BEGIN, BEGIN, END);
    let changed = |from: &str, to: &str| {
        let text = de.replacen(from, to, 1);
        assert_ne!(text, de, "{from}");
        text
    };
    for bad in [
        changed("\"value\":276", "\"value\":\"276\""),
        changed("\"value\":276", "\"value\":2.76e2"),
        changed("\"value\":276", "\"value\":9223372036854775808"),
        changed("\"value\":276,", ""),
        changed("\"expires\":", "\"expire\":"),
        changed("\"issued\":", "\"issued\":-"),
    ] {
        let (code, stdout, stderr) = world.record(&world.line, &[&bad, &revocation]);
        assert_eq!((code, stdout.as_str()), (3, ""), "{bad}: {stderr}");
        assert!(stderr.contains("evidence.json"), "{stderr}");
    }
    // The feature that a rule looks at.
    let start = world.line.find("\"volatility_20d\":").unwrap() + "\"volatility_20d\":".len();
    let end = start + world.line[start..].find(',').unwrap();
    for answer in ["\"\"", "null", "\"low\"", "\"1e-3\"", "\"0.003599\"", "\"0.054001\"", "\"0.0100000\""] {
        let line = format!("{}{answer}{}", &world.line[..start], &world.line[end..]);
        let (code, stdout, stderr) = world.record(&line, &[&de, &revocation]);
        assert_eq!((code, stdout.as_str()), (3, ""), "{answer}: {stderr}");
        assert!(stderr.contains("volatility_20d"), "{answer}: {stderr}");
    }
}
