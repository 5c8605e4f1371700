//! `candor log`: the log that many agents commit to, its witnesses and its auditors. One module a command.

use crate::arguments::Context;
use crate::exit::Failure;
use crate::output::Report;
use clap::{Args, Subcommand};

/// `candor log`.
#[derive(Args, Debug)]
pub struct Log {
    /// What to do
    #[command(subcommand)]
    pub command: LogCommand,
}

/// One command each.
#[derive(Subcommand, Debug)]
pub enum LogCommand {}

impl LogCommand {
    /// Does it.
    pub fn run(&self, _context: &mut Context<'_>) -> Result<Report, Failure> {
        match *self {}
    }
}
