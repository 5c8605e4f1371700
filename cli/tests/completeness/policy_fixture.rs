//! fixtures/sp500-policy by the command line: a principal who moves, from the compiler to a verified proof.

use crate::project::{Project, fixture, observations};
use std::ops::Range;

/// Until May 2016: the days in DE, the evening of the move, and the first days in US.
const RECORDS: Range<usize> = 0..840;

/// Records of the series: both files, by time, as `sort` puts them.
fn series(records: Range<usize>) -> String {
    let read = |file: &str| std::fs::read_to_string(fixture(file)).unwrap();
    let (days, again) = (read("sp500/observations.jsonl"), read("sp500-policy/again.jsonl"));
    let mut lines: Vec<&str> = days.lines().chain(again.lines()).collect();
    lines.sort_unstable();
    lines[records].join("\n") + "\n"
}

#[test]
fn a_move_is_recorded_proven_and_verified() {
    let project = Project::empty();
    project.run(&["setup", "--development", "--powers", "10"]).ok();
    project.run(&["agent-key"]).ok();
    let toml = fixture("sp500-policy/agent.toml");
    let compiled = project.run(&["compile", toml.to_str().unwrap()]).ok();
    assert!(
        compiled
            .contains("forbid exposure-in-DE: evidence.jurisdiction == DE, after.position_SPX > 500000.00")
    );
    assert!(compiled.contains("forbid min-interval: elapsed.last_execution < 3600 (limits.min_interval)"));
    let inspected = project.run(&["inspect", &project.path("card.candor")]).ok();
    assert!(inspected.contains("state position_SPX: 0.00; executed: add action.amount"), "{inspected}");

    let days = project.write("days.jsonl", series(RECORDS));
    let attestations = fixture("sp500-policy/attestations.json");
    let recorded = project.run(&["record", &days, "--evidence", attestations.to_str().unwrap()]).ok();
    for verdict in [
        "hold: abstained",
        "permitted (permitted-in-DE)",
        "denied (exposure-in-DE)",
        "denied (could not evaluate)",
        "permitted (permitted-in-US)",
    ] {
        assert!(recorded.contains(verdict), "{verdict}\n{recorded}");
    }
    let place = |verdict: &str| recorded.rfind(verdict).unwrap();
    assert!(place("permitted-in-DE") < place("could not evaluate"));
    assert!(place("could not evaluate") < place("permitted-in-US"));

    // Within two hours: the same request, and nothing else changes but what is known about the principal.
    let evening = ["1449090000", "1449091800", "1449097200"].map(|time| {
        let found = recorded.lines().find(|line| line.contains(time)).unwrap();
        found.split_once(time).unwrap().1.trim()
    });
    assert_eq!(evening[0], "buy 250000.00: denied (exposure-in-DE)");
    assert_eq!(evening[1], "buy 250000.00: denied (could not evaluate)");
    assert!(evening[2].starts_with("buy 250000.00: permitted (permitted-in-US), call"), "{evening:?}");

    // The path to the last transaction, which is permitted in US and would not be in DE.
    let expected = project.path("expected.json");
    project.run(&["prove"]).ok();
    let verified = project.run(&project.trusting(&["verify"], &expected)).ok();
    assert!(verified.contains("permitted (permitted-in-US)"), "{verified}");
    assert!(verified.contains("signed-evidence"), "{verified}");
    let settled =
        project.run(&project.trusting(&["settle", "--proof", &project.path("proof.candor")], &expected));
    assert!(settled.ok().contains("verdict: honest"));
}

#[test]
fn without_statements_every_order_is_denied() {
    let project = Project::empty();
    project.run(&["setup", "--development", "--powers", "10"]).ok();
    project.run(&["agent-key"]).ok();
    project.run(&["compile", fixture("sp500-policy/agent.toml").to_str().unwrap()]).ok();
    let days = project.write("days.jsonl", observations(0..40));
    let recorded = project.run(&["record", &days]).ok();
    let verdicts = recorded.lines().filter(|line| line.contains(": "));
    let (mut denied, mut held) = (0, 0);
    for line in verdicts {
        denied += usize::from(line.contains("denied (could not evaluate)"));
        held += usize::from(line.contains("hold: abstained"));
        assert!(!line.contains("permitted"), "{line}");
    }
    assert_eq!(denied + held, 40, "{recorded}");
}
