//! What a command says: text for people, one JSON object for programs.

use crate::exit::{ExitClass, Failure};
use serde_json::Value;
use std::io::{self, Write};

/// What a command found or did.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Class, and with it the exit code.
    pub class: ExitClass,
    /// For people; lines without a trailing newline. Empty: nothing is printed.
    pub text: String,
    /// For programs. `Null`: the command has already written its own objects.
    pub json: Value,
}

impl Report {
    /// A report of something that went well.
    #[must_use]
    pub fn accepted(text: String, json: Value) -> Self {
        Self { class: ExitClass::Accepted, text, json }
    }
}

/// Where reports go.
pub struct Output<'a> {
    /// One JSON object instead of text.
    pub json: bool,
    /// Where it goes.
    pub writer: &'a mut dyn Write,
}

impl Output<'_> {
    /// Prints a report.
    pub fn report(&mut self, report: &Report) -> Result<(), Failure> {
        if !self.json {
            return if report.text.is_empty() { Ok(()) } else { self.line(&report.text) };
        }
        if report.json.is_null() { Ok(()) } else { self.line(&report.json.to_string()) }
    }
    /// Prints a line at once: nothing stays in a buffer.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.writer, "{line}").and_then(|()| self.writer.flush()).map_err(closed)
    }
}

fn closed(error: io::Error) -> Failure {
    Failure::new(ExitClass::Unexpected, format!("could not write the output: {error}"))
}

/// `0x` and hexadecimal digits.
#[must_use]
pub fn hex_string(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A count with its noun, in the plural where it is not 1.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Aligned `name  value` lines.
#[must_use]
pub fn table(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}
