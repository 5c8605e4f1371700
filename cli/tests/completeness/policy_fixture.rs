//! fixtures/sp500-policy by the command line: a principal who moves, from the compiler to a verified proof.

use crate::project::{Project, fixture, observations};

/// From October 2015 to May 2016: the last days in DE, the days in between, and the first in US.
const DAYS: std::ops::Range<usize> = 700..840;

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
    assert!(compiled.contains("forbid min-interval: elapsed.last_execution < 259200 (limits.min_interval)"));
    let inspected = project.run(&["inspect", &project.path("card.candor")]).ok();
    assert!(inspected.contains("state position_SPX: 0.00; executed: add action.amount"), "{inspected}");

    let days = project.write("days.jsonl", observations(DAYS));
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
