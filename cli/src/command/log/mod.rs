//! `candor log`: the log that many agents commit to, its witnesses and its auditors. One module a command.

mod audit;
mod classify;
mod consistency;
mod prove_inclusion;
mod published;
mod verify_inclusion;

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
pub enum LogCommand {
    /// Check everything that a log publishes, and name the first thing that is wrong
    #[command(after_help = "\
Examples:
  candor log audit https://log.example/candor --log-key log.vkey --remember last.checkpoint
  candor log audit ./log --card card.candor --json")]
    Audit(audit::Audit),
    /// Make the evidence that an entry is in a log
    #[command(after_help = "Example: candor log prove-inclusion ./log --index 17 --output 17.tlog-proof")]
    ProveInclusion(prove_inclusion::ProveInclusion),
    /// Check such evidence; needs no log
    #[command(
        after_help = "Example: candor log verify-inclusion 17.tlog-proof --log-key log.vkey --record 17"
    )]
    VerifyInclusion(verify_inclusion::VerifyInclusion),
    /// Check that a log continues a checkpoint that was kept
    #[command(after_help = "Example: candor log consistency ./log --from last.checkpoint --log-key log.vkey")]
    Consistency(consistency::Consistency),
}

impl LogCommand {
    /// Does it.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        match self {
            Self::Audit(command) => command.run(),
            Self::ProveInclusion(command) => command.run(),
            Self::VerifyInclusion(command) => command.run(&context.store),
            Self::Consistency(command) => command.run(),
        }
    }
}
