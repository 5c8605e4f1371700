//! A project whose program takes signed evidence, and those who sign it.

#![allow(dead_code, reason = "each test tree uses its own part")]

use crate::project::{Project, fixture};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// A project whose program takes a licence of an attester, and an allowance of an owner; orders need a licence of class A.
pub(crate) struct Evidenced {
    pub(crate) project: Project,
    /// Who attests licences, as agent.toml writes it.
    pub(crate) attester: String,
    /// Whose allowance it is.
    pub(crate) owner: String,
    /// Who hands the allowance on.
    pub(crate) desk: String,
    /// Address of the agent.
    pub(crate) agent: String,
}

impl Evidenced {
    /// The S&P 500 agent with two evidence slots, and keys for everybody.
    pub(crate) fn project() -> Self {
        let project = Project::empty();
        project.run(&["setup", "--development", "--powers", "10"]).ok();
        let (_, agent) = project.json(&["agent-key"]);
        let (_, registry) = project.json(&["plugin", "key", "--output", &project.file("registry.key")]);
        let (_, desk) = project.json(&["plugin", "key", "--output", &project.file("desk.key")]);
        let owner = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["agent-key", "--json", "--dir", &project.file("owner")])
            .output()
            .unwrap();
        let owner: Value = serde_json::from_slice(&owner.stdout).unwrap();
        let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
        let (attester, desk) = (text(&registry, "signer"), text(&desk, "signer"));
        let (owner, agent) = (text(&owner, "agent"), text(&agent, "agent"));
        for name in ["model.onnx", "calibration.jsonl", "reference.jsonl", "observations.jsonl"] {
            fs::copy(fixture("sp500").join(name), project.folder().join(name)).unwrap();
        }
        let slots = format!(
            r#"
[[evidence]]
name = "licence"
attester = "{attester}"
subject = "agent"
decimals = 0
values = {{ A = 1, B = 2 }}

[[evidence]]
name = "allowance"
mandate = {{ owner = "{owner}", limit = "orders", direction = "at-most" }}
subject = "agent"
decimals = 2

[[policy.rules]]
name = "unlicensed"
effect = "forbid"
none_of = ["evidence.licence == A"]
"#
        );
        let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
        let toml = project.write("agent.toml", toml + &slots);
        project.run(&["compile", &toml]).ok();
        Self { project, attester, owner, desk, agent }
    }
    /// A licence of a class; the path of its file.
    pub(crate) fn attest(&self, class: &str, issued: u64, expires: u64) -> String {
        let (issued, expires, key) =
            (issued.to_string(), expires.to_string(), self.project.file("registry.key"));
        let times = ["--issued", &issued, "--expires", &expires];
        let what = ["attest", "--slot", "licence", "--value", class, "--subject", &self.agent, "--key", &key];
        let text = self.project.run(&[&what[..], &times].concat()).ok();
        self.project.write(&format!("licence-{class}.json"), text)
    }
    /// An allowance of the owner for a desk.
    pub(crate) fn granted(&self, value: &str, issued: u64, expires: u64) -> String {
        let (limit, key) = (format!("orders={value}"), self.project.file("owner/agent.key"));
        let (issued, expires) = (issued.to_string(), expires.to_string());
        let what = ["mandate", "grant", "--key", &key, "--to", &self.desk, "--at-most", &limit];
        let text =
            self.project.run(&[&what[..], &["--issued", &issued, "--expires", &expires]].concat()).ok();
        self.project.write("owned.json", text)
    }
    /// The same, and what the desk hands on to the agent.
    pub(crate) fn mandate(&self, owned: &str, handed_on: &str, issued: u64, expires: u64) -> String {
        let chain = self.granted(owned, issued, expires);
        let (limit, key) = (format!("orders={handed_on}"), self.project.file("desk.key"));
        let (issued, expires) = (issued.to_string(), expires.to_string());
        let what = ["mandate", "grant", "--chain", &chain, "--key", &key, "--to", &self.agent];
        let rest = ["--at-most", &limit, "--issued", &issued, "--expires", &expires];
        let text = self.project.run(&[&what[..], &rest].concat()).ok();
        self.project.write("mandate.json", text)
    }
}
