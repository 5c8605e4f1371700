//! An agent in any language: a line in, a line out, durable before it is answered.

use crate::project::{Project, observations};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

struct Agent {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Agent {
    fn start(project: &Project) -> Self {
        let mut child = project
            .command(&["record", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }
    fn ask(&mut self, line: &str) -> Value {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
    fn end(mut self) -> i32 {
        drop(self.input);
        self.child.wait().unwrap().code().unwrap()
    }
}

#[test]
fn every_line_is_answered_at_once_and_errors_do_not_end_the_session() {
    let project = Project::compiled();
    let text = observations(0..60);
    let mut agent = Agent::start(&project);
    let (mut executed, mut sequence) = (0, 0);
    for (number, line) in text.lines().enumerate() {
        let answer = agent.ask(line);
        assert_eq!(answer["sequence"].as_u64(), Some(number as u64), "{answer}");
        for key in ["requested", "verdict", "reason", "remedy", "executed", "transaction", "recordHash"] {
            assert!(answer.get(key).is_some(), "{key} in {answer}");
        }
        if answer["verdict"] == "permitted" {
            executed += 1;
            let call = &answer["transaction"];
            // Selector and three words, in hexadecimal.
            assert_eq!(call["calldata"].as_str().map(str::len), Some(2 + 2 * (4 + 3 * 32)));
            assert_eq!(call["function"], "rebalance(uint256,int256,uint256)");
            assert_eq!(call["to"], "0x5500000000000000000000000000000000000500");
        } else {
            assert!(answer["transaction"].is_null() && answer["executed"].is_null());
        }
        if answer["verdict"] == "denied" {
            assert_eq!(answer["reason"], "minimum-interval");
            assert!(answer["remedy"].as_str().is_some_and(|remedy| remedy.contains("three days")));
        }
        sequence = number as u64 + 1;
    }
    assert!(executed > 0);
    for (line, class) in [
        ("", "malformed"),
        ("not json", "malformed"),
        ("{\"time\":1}", "malformed"),
        (text.lines().next().unwrap(), "rejected"),
        (text.lines().last().unwrap(), "rejected"),
    ] {
        let answer = agent.ask(line);
        assert_eq!(answer["error"]["class"], class, "{line}: {answer}");
    }
    let next = observations(60..61);
    assert_eq!(agent.ask(next.trim_end())["sequence"].as_u64(), Some(sequence));
    assert_eq!(agent.end(), 0);
    assert_eq!(project.records("log"), 61);
    // Another session goes on where this one ended.
    let mut agent = Agent::start(&project);
    assert_eq!(agent.ask(observations(61..62).trim_end())["sequence"].as_u64(), Some(61));
    assert_eq!(agent.end(), 0);
}

#[test]
fn a_line_longer_than_the_limit_is_answered_and_skipped() {
    let project = Project::compiled();
    let mut agent = Agent::start(&project);
    let answer = agent.ask(&"x".repeat(3 << 20));
    assert_eq!(answer["error"]["class"], "limit", "{answer}");
    assert_eq!(agent.ask(observations(0..1).trim_end())["sequence"].as_u64(), Some(0));
    assert_eq!(agent.end(), 0);
}

/// Runs examples/agent.py where there is a Python; where there is none the agent above says the same.
#[test]
fn the_python_example_acts_on_the_answers() {
    let python = std::process::Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        return;
    }
    let project = Project::compiled();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agent.py");
    let days = project.write("days.jsonl", observations(0..40));
    let output = std::process::Command::new("python3")
        .arg(example)
        .arg(&days)
        .env("CANDOR", env!("CARGO_BIN_EXE_candor"))
        .env("CANDOR_DIR", project.store())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("send 0x") && text.contains("wait"), "{text}");
    assert_eq!(project.records("log"), 40);
}
