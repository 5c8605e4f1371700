//! `explain`, `limits` and `policy` on the S&P 500 agent under rules: what they say is what `record` then does.

use crate::project::{Project, fixture, observations};
use serde_json::Value;
use std::sync::LazyLock;

const DAYS: usize = 1_510;
/// The compiled agent; one test alone records into its log.
static POLICY: LazyLock<Project> = LazyLock::new(|| {
    let project = Project::empty();
    project.run(&["setup", "--development", "--powers", "10"]).ok();
    project.run(&["agent-key"]).ok();
    let toml = fixture("sp500-policy/agent.toml");
    project.run(&["compile", toml.to_str().unwrap()]).ok();
    project
});

fn evidence() -> String {
    fixture("sp500-policy/attestations.json").to_str().unwrap().to_owned()
}

fn card() -> String {
    POLICY.store().join("card.candor").to_str().unwrap().to_owned()
}

/// The lines of the fixture's observations.
fn lines() -> Vec<String> {
    observations(0..DAYS).lines().map(str::to_owned).collect()
}

/// What was explained before is what is recorded, and a change that is said to permit does.
#[test]
fn what_is_explained_is_what_is_recorded() {
    let (mut denied, mut flipped) = (0, 0);
    for line in lines().iter().take(60) {
        let project = &*POLICY;
        let explain = |more: &[&str]| {
            let evidence = evidence();
            let mut arguments = vec!["explain", "--observation", line, "--evidence", &evidence];
            arguments.extend(more);
            project.json(&arguments).1
        };
        let told = explain(&[]);
        denied += u64::from(told["verdict"] == "denied");
        for remedy in told["changes"].as_array().unwrap() {
            let [change] = &remedy.as_array().unwrap()[..] else { continue };
            let changed = match change["kind"].as_str().unwrap() {
                "action" => explain(&["--action", change["action"].as_str().unwrap()]),
                "time" => {
                    let time = change["time"].as_u64().unwrap();
                    assert_eq!(told["allowedFrom"].as_u64(), Some(time));
                    assert_eq!(explain(&["--at", &(time - 1).to_string()])["verdict"], "denied");
                    explain(&["--at", &time.to_string()])
                }
                _ => continue,
            };
            assert_eq!(changed["verdict"], "permitted", "{told:#}");
            flipped += 1;
        }
        let file = project.write("line.jsonl", format!("{line}\n"));
        let (_, recorded) = project.json(&["record", &file, "--evidence", &evidence()]);
        assert_eq!(told["verdict"], recorded["verdict"]);
        assert_eq!(told["reason"], recorded["reason"]);
        assert_eq!(told["reasonCode"], recorded["reasonCode"]);
        assert_eq!(told["sequence"], recorded["sequence"]);
    }
    assert!(denied > 5 && flipped > 1, "{denied} {flipped}");
}

#[test]
fn a_hypothetical_action_needs_no_model() {
    let project = Project::empty();
    let (code, told) =
        project.json(&["explain", &card(), "--genesis", "--action", "hold", "--at", "1388783100"]);
    assert_eq!((code, &told["verdict"]), (0, &Value::from("abstained")));
    // The dead-band looks at the model's output, which a card alone does not give.
    let refused = project.run(&["explain", &card(), "--action", "buy", "--at", "1388783100"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("output.buy"), "{}", refused.stderr);
    let unknown = project.run(&["explain", &card(), "--action", "bye", "--at", "1388783100"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("sell, hold, buy"), "{}", unknown.stderr);
    let timeless = project.run(&["explain", &card(), "--action", "hold"]);
    assert_eq!(timeless.code, 2);
    let silent = project.run(&["explain", &card(), "--at", "1388783100"]);
    assert_eq!(silent.code, 2);
}

#[test]
fn without_a_statement_the_absence_is_named_and_a_statement_is_the_change() {
    let line = lines().into_iter().find(|line| {
        let project = Project::empty();
        let program = POLICY.store().join("program.candor");
        let arguments = ["explain", program.to_str().unwrap(), "--genesis", "--observation", line];
        project.json(&arguments).1["verdict"] == "denied"
    });
    let line = line.unwrap();
    let program = POLICY.store().join("program.candor");
    let arguments = ["explain", program.to_str().unwrap(), "--genesis", "--observation", &line];
    let (_, told) = Project::empty().json(&arguments);
    assert_eq!(told["reason"], "could not evaluate");
    let missing = told["facts"].as_array().unwrap().iter().find(|fact| fact["value"].is_null()).unwrap();
    assert!(missing["missing"].as_str().unwrap().contains("there is none"), "{missing}");
    assert_eq!(told["allowedFrom"], Value::Null);
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.iter().any(|change| {
        change
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["kind"] == "statement" && one["slot"] == "jurisdiction")
    }));
    // With the statements it is permitted.
    let evidence = evidence();
    let with: Vec<&str> = arguments.into_iter().chain(["--evidence", &evidence]).collect();
    assert_eq!(Project::empty().json(&with).1["verdict"], "permitted");
}

#[test]
fn limits_tell_what_is_left() {
    let (code, told) = Project::empty().json(&["limits", &card(), "--genesis", "--at", "1388783100"]);
    assert_eq!(code, 0);
    let budgets = told["budgets"].as_array().unwrap();
    let of = |register: &str, allowed: &str| {
        let found = budgets.iter().find(|one| one["register"] == register && one["allowed"] == allowed);
        found.unwrap_or_else(|| panic!("{register} in {budgets:#?}")).clone()
    };
    let notional = budgets.iter().find(|one| !one["renews"].is_null()).unwrap();
    assert_eq!(notional["left"], notional["limit"]);
    assert_eq!(notional["renews"], 1_388_793_600);
    let position = of("position_SPX", "at most");
    assert_eq!(position["used"], "0.00");
    assert_eq!(position["left"], position["limit"]);
    let early = Project::empty();
    assert_eq!(early.run(&["limits", &card(), "--genesis", "--at", "1388783100"]).code, 0);
}

#[test]
fn cases_are_tested() {
    let (toml, cases) = (fixture("sp500-policy/agent.toml"), fixture("sp500-policy/cases.toml"));
    let project = Project::empty();
    let (code, told) = project.json(&["policy", "test", toml.to_str().unwrap(), cases.to_str().unwrap()]);
    assert_eq!((code, &told["failed"]), (0, &Value::from(0)));
    assert!(told["cases"].as_array().unwrap().len() > 10);
    let text = std::fs::read_to_string(&cases).unwrap();
    let wrong = project.write("wrong.toml", text.replacen("\"permitted\"", "\"denied\"", 1));
    let (code, told) = project.json(&["policy", "test", &card(), &wrong]);
    assert_eq!((code, &told["failed"]), (4, &Value::from(1)));
    let misspelt = project.write("misspelt.toml", text.replacen("jurisdiction", "jurisdicton", 1));
    let refused = project.run(&["policy", "test", &card(), &misspelt]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("did you mean `evidence.jurisdiction`"), "{}", refused.stderr);
}

#[test]
fn the_fixture_s_rules_are_checked() {
    let (code, told) = Project::empty().json(&["policy", "check", &card()]);
    assert_eq!(told["complete"], true, "{told:#}");
    let kinds: Vec<&str> =
        told["findings"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"absence-denies"), "{told:#}");
    assert!([0, 4].contains(&code));
}

#[test]
fn two_jurisdictions_differ() {
    let arguments = [
        "policy",
        "diff",
        &card(),
        "--with",
        "evidence.jurisdiction=DE",
        "--against",
        "evidence.jurisdiction=US",
    ];
    let (code, told) = Project::empty().json(&arguments);
    assert_eq!(code, 0);
    assert_eq!(told["complete"], true, "{told:#}");
    let differences = told["differences"].as_array().unwrap();
    let exposure = differences.iter().find(|one| one["before"] == "denied by exposure-in-DE").unwrap();
    assert_eq!(exposure["permittedAfter"], true);
    let jurisdiction = exposure["example"].as_array().unwrap().iter();
    let jurisdiction = jurisdiction.clone().find(|fact| fact["fact"] == "evidence.jurisdiction").unwrap();
    assert_eq!((&jurisdiction["before"], &jurisdiction["after"]), (&"DE".into(), &"US".into()));
    let (_, same) = Project::empty().json(&["policy", "diff", &card(), &card()]);
    assert_eq!((same["differences"].as_array().unwrap().len(), &same["complete"]), (0, &true.into()));
    let refused = Project::empty().run(&["policy", "diff", &card(), &card(), "--with", "evidence.nowhere=1"]);
    assert_eq!(refused.code, 2);
    let refused = Project::empty().run(&["policy", "diff", &card()]);
    assert_eq!(refused.code, 2);
}
