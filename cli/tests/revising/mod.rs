//! An agent whose rules change: a second program beside the first, with the same key and reference string.

#![allow(dead_code, reason = "each test tree uses its own part")]

use crate::project::{Project, fixture, observations};
use serde_json::Value;
use std::fs;

/// Days recorded before the change.
pub(crate) const DAYS: usize = 40;

/// A project with its first program in the store, and its second one beside it.
pub(crate) struct Revising {
    pub(crate) project: Project,
    /// The second program's card, as an argument.
    pub(crate) card: String,
    next: Project,
}

/// Time of an observation.
pub(crate) fn time(day: usize) -> u64 {
    let line: Value = serde_json::from_str(&observations(day..day + 1)).unwrap();
    line["time"].as_u64().unwrap()
}

impl Revising {
    /// Forty days by the first program; the second has a minimum interval of a day instead of three, and counts executions.
    pub(crate) fn new() -> Self {
        let project = Project::recorded(DAYS);
        let next = Self::version(&project, "2.0.0");
        let card = next.path("card.candor");
        Self { project, card, next }
    }
    /// Another version of the agent with the key and setup of a project.
    pub(crate) fn version(project: &Project, version: &str) -> Project {
        let next = Project::empty();
        fs::create_dir_all(next.store()).unwrap();
        for name in ["setup.candor", "agent.key"] {
            fs::copy(project.path(name), next.path(name)).unwrap();
        }
        for name in ["model.onnx", "calibration.jsonl", "reference.jsonl", "observations.jsonl"] {
            fs::copy(fixture("sp500").join(name), next.folder().join(name)).unwrap();
        }
        let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
        let toml = toml.replacen("version = \"1.0.0\"", &format!("version = \"{version}\""), 1);
        assert!(toml.contains("elapsed.last_execution < 259200"));
        let toml = toml.replace("elapsed.last_execution < 259200", "elapsed.last_execution < 86400");
        let counter = "[[state]]\nname = \"executions\"\ninitial = \"0\"\non_execute = \"increment\"\n\n[[policy.rules]]";
        let toml = toml.replacen("[[policy.rules]]", counter, 1);
        let toml = next.write("agent.toml", toml);
        next.run(&["compile", &toml]).ok();
        next
    }
    /// The Revise record after the last day, with the activation at the next one.
    pub(crate) fn revise(&self) -> Value {
        let at = time(DAYS).to_string();
        let (code, revised) = self.project.json(&["revise", "--to", &self.card, "--at", &at]);
        assert_eq!(code, 0, "{revised}");
        revised
    }
    /// From here on the store holds the second program.
    pub(crate) fn switch(&self) {
        for name in ["program.candor", "card.candor"] {
            fs::copy(self.next.path(name), self.project.path(name)).unwrap();
        }
        // The ids that are expected: the new program's, of the same agent.
        let read = |path: String| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
        let mut expected = read(self.project.path("expected.json"));
        expected["programId"] = read(self.next.path("expected.json"))["programId"].clone();
        fs::write(self.project.path("expected.json"), expected.to_string()).unwrap();
    }
    /// Records so many days from the activation on.
    pub(crate) fn record(&self, days: usize) {
        let lines = self.project.write("later.jsonl", observations(DAYS..DAYS + days));
        self.project.run(&["record", &lines]).ok();
    }
}
