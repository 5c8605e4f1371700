//! Servers of the command, in processes of their own.

#![allow(dead_code, reason = "each test tree uses its own part")]

use crate::project::Project;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    /// What it said when it began.
    pub(crate) begun: Value,
}

impl Server {
    /// Starts a command that serves, and waits until it does.
    pub(crate) fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut child = project
            .command(&[arguments, &["--json"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let begun =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {line}"));
        Self { child, output, begun }
    }
    pub(crate) fn url(&self) -> String {
        self.begun["url"].as_str().unwrap().to_owned()
    }
    /// Asks it to end, as an operator does; its exit code, and what it says last.
    pub(crate) fn end(mut self) -> (i32, Value) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, serde_json::from_str(&line).unwrap_or_default())
    }
    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
