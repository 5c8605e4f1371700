//! An agent whose rules are in a Cedar file, compiled from its files.

use crate::support::{manifest, node, setup, weights};
use candor_compiler::{AgentSource, cedar_schema, lower};
use candor_program::policy::{Effect, Outcome};
use std::path::Path;

const POLICY: &str = "@id(\"may\")\npermit (principal, action, resource)\nwhen { context.feature.f0.lessThan(decimal(\"1.5\")) };\n\
    @id(\"slow\") @remedy(\"wait a minute\")\nforbid (principal, action, resource) when { context.elapsed.last < 60 };\n";

/// agent.toml of the tests, with Cedar instead of its rule, and limits too.
fn agent(limits: &str) -> String {
    let text = manifest(2, 2);
    let start = text.find("[[policy.rules]]").unwrap();
    let end = text.find("[transaction]").unwrap();
    format!("{}[policy]\ncedar = \"policy.cedar\"\n{limits}{}", &text[..start], &text[end..])
}

fn write(folder: &Path, limits: &str) -> AgentSource {
    let values: Vec<f32> = (0..4_i16).map(|value| f32::from(value) / 4.0).collect();
    let model = crate::support::model(
        2,
        2,
        vec![node("MatMul", &["x", "w"], "y")],
        vec![weights("w", &[2, 2], &values)],
    );
    std::fs::write(folder.join("agent.toml"), agent(limits)).unwrap();
    // A schema needs neither model nor policies.
    let schema = cedar_schema(&folder.join("agent.toml")).unwrap();
    assert!(schema.text().contains("entity Agent enum [\"test\"];"), "{}", schema.text());
    std::fs::write(folder.join("model.onnx"), model).unwrap();
    std::fs::write(folder.join("policy.cedar"), POLICY).unwrap();
    AgentSource::read(&folder.join("agent.toml")).unwrap()
}

#[test]
fn an_agent_has_its_rules_from_a_cedar_file() {
    let folder = tempfile::tempdir().unwrap();
    let lowered = lower(&write(folder.path(), ""), &setup()).unwrap();
    let policy = &lowered.card.policy;
    let rules: Vec<(&str, Effect)> =
        policy.rules.iter().map(|rule| (rule.name.as_str(), rule.effect)).collect();
    assert_eq!(rules, [("may", Effect::Permit), ("slow", Effect::Forbid)]);
    assert_eq!(policy.remedy(policy.rules[1].reason), Some("wait a minute"));
    assert_eq!(policy.judge(&policy.evaluate(&facts(&[0, 0], 100))).outcome, Outcome::Permitted);
    let denied = policy.judge(&policy.evaluate(&facts(&[0, 0], 59)));
    assert_eq!(policy.reason_name(denied.reason), "slow");
}

#[test]
fn limits_stand_behind_the_rules_of_a_cedar_file() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nmin_interval = \"10m\"\n";
    let lowered = lower(&write(folder.path(), limits), &setup()).unwrap();
    let policy = &lowered.card.policy;
    let names: Vec<&str> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names[..2], ["may", "slow"]);
    assert!(names.len() > 2, "{names:?}");
    lowered.card.validate().unwrap();
}

fn facts(features: &[i64], time: u64) -> candor_program::policy::Facts<'_> {
    let action = candor_program::head::Action { code: 0, abstain: false, amount: 1, asset: 0, venue: 0 };
    candor_program::policy::Facts {
        action,
        time,
        sequence: 0,
        features,
        outputs: &[],
        registers: &[0],
        after: &[Some(0)],
        evidence: &[],
    }
}
