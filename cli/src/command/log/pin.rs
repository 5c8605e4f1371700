//! `candor log pin` and `candor log unpin`: what a dispute keeps from being pruned.

use crate::command::log::retention::failure;
use crate::exit::Failure;
use crate::expectation::parse_agent;
use crate::output::{Report, hex_string};
use candor_log::FileSystem;
use candor_log::pipeline::{pin, pins, unpin};
use candor_log::retention::{Pin as Kept, PinnedRange};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log pin`.
#[derive(Args, Clone, Debug)]
pub struct Pin {
    /// The log's directory; it may be served meanwhile
    #[arg(value_name = "DIRECTORY")]
    pub log: PathBuf,
    /// Name by which the pin is taken out; without it, the pins are listed
    #[arg(value_name = "NAME", requires_all = ["agent", "program", "first", "last"])]
    pub name: Option<String>,
    /// Agent's address in hexadecimal, or a file that holds it
    #[arg(long, value_name = "ADDRESS_OR_FILE", requires = "name")]
    pub agent: Option<String>,
    /// Program's id in hexadecimal
    #[arg(long, value_name = "PROGRAM_ID", requires = "name")]
    pub program: Option<String>,
    /// First sequence number
    #[arg(long, value_name = "NUMBER", requires = "name")]
    pub first: Option<u64>,
    /// Last sequence number; records that are still to come are pinned when they come
    #[arg(long, value_name = "NUMBER", requires = "name")]
    pub last: Option<u64>,
    /// Why, for whoever reads the list
    #[arg(long, value_name = "TEXT", default_value = "", requires = "name")]
    pub reason: String,
}

/// `candor log unpin`.
#[derive(Args, Clone, Debug)]
pub struct Unpin {
    /// The log's directory; it may be served meanwhile
    #[arg(value_name = "DIRECTORY")]
    pub log: PathBuf,
    /// Name of the pin
    #[arg(value_name = "NAME")]
    pub name: String,
}

impl Pin {
    /// Sets a pin, durably, or lists all.
    pub fn run(&self) -> Result<Report, Failure> {
        let disk = FileSystem::at(&self.log);
        let (Some(name), Some(agent), Some(program), Some(first), Some(last)) =
            (&self.name, &self.agent, &self.program, self.first, self.last)
        else {
            let all = pins(disk).map_err(|error| failure(&error, &self.log))?;
            let text = match all.is_empty() {
                true => "nothing is pinned".to_owned(),
                false => all.iter().map(line).collect::<Vec<_>>().join("\n"),
            };
            return Ok(Report::accepted(text, json!({ "pins": all })));
        };
        let program_id = program_id(program)?;
        let records = PinnedRange { agent: parse_agent(agent)?, program_id, first, last };
        let kept = Kept { name: name.clone(), records, reason: self.reason.clone() };
        pin(disk, kept.clone()).map_err(|error| failure(&error, &self.log))?;
        Ok(Report::accepted(line(&kept), json!(kept)))
    }
}

impl Unpin {
    /// Takes a pin out, durably.
    pub fn run(&self) -> Result<Report, Failure> {
        let disk = FileSystem::at(&self.log);
        let taken = unpin(disk, &self.name).map_err(|error| failure(&error, &self.log))?;
        Ok(Report::accepted(format!("taken out: {}", line(&taken)), json!(taken)))
    }
}

fn line(pin: &Kept) -> String {
    let PinnedRange { agent, first, last, .. } = &pin.records;
    let reason = if pin.reason.is_empty() { String::new() } else { format!(" ({})", pin.reason) };
    format!("{}: records {first} to {last} of agent {}{reason}", pin.name, hex_string(agent))
}

fn program_id(text: &str) -> Result<[u8; 32], Failure> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        Failure::usage(format!("{text:?} is no program id"))
            .fix("it has 64 hexadecimal digits; candor inspect shows a card's")
    })
}
