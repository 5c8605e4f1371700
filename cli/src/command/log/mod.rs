//! `candor log`: the log that many agents commit to, its witnesses and its auditors. One module a command.

mod audit;
mod body;
mod check_promises;
mod classify;
mod consistency;
pub mod deliver;
pub mod init;
pub mod open;
pub mod pin;
mod prove_inclusion;
mod prove_published;
pub mod prune;
pub mod published;
pub mod register;
pub mod retention;
pub mod serve;
mod verify_inclusion;
pub mod witness;

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
    /// Check that a log keeps what it promised when it acknowledged an agent's records
    #[command(after_help = "\
Example: candor log check-promises https://log.example/candor --outbox ./store/log --log-key log.vkey")]
    CheckPromises(check_promises::CheckPromises),
    /// Fetch what an agent saw, or say why it is not there: a verdict about it is then undecided
    #[command(after_help = "\
Example: candor log body http://127.0.0.1:6962 --index 17 --token-file ./agents-log/private/operator.token")]
    Body(body::FetchBody),
    /// Make the evidence that an entry is in a log
    #[command(after_help = "Example: candor log prove-inclusion ./log --index 17 --output 17.tlog-proof")]
    ProveInclusion(prove_inclusion::ProveInclusion),
    /// Make the evidence of when a record was public: for settle, against its agent or log, or in their defence
    #[command(after_help = "\
Examples:
  candor log prove-published https://log.example/candor --record 17 --log-key log.vkey --witness w1.vkey
  candor log prove-published ./log --index 4711 --earlier kept.checkpoint --witness w1.vkey --output late.candor")]
    ProvePublished(prove_published::ProvePublished),
    /// Check a proof that an entry is in a log; needs no log
    #[command(
        after_help = "Example: candor log verify-inclusion 17.tlog-proof --log-key log.vkey --record 17"
    )]
    VerifyInclusion(verify_inclusion::VerifyInclusion),
    /// Check that a log continues a checkpoint that was kept
    #[command(after_help = "Example: candor log consistency ./log --from last.checkpoint --log-key log.vkey")]
    Consistency(consistency::Consistency),
    /// Make a log: its key, and an empty tree
    #[command(after_help = "Example: candor log init ./agents-log --origin log.example/agents")]
    Init(init::Init),
    /// Let an agent write records of its program
    #[command(after_help = "\
Examples:
  candor log register ./agents-log --card card.candor --agent 0x12...
  candor log register http://127.0.0.1:6962 --token-file ./agents-log/private/operator.token")]
    Register(register::Register),
    /// Serve a log, until SIGINT or SIGTERM
    #[command(after_help = "Example: candor log serve ./agents-log --listen 127.0.0.1:6962")]
    Serve(serve::Serve),
    /// Be a witness: cosign what continues what was cosigned before
    #[command(after_help = "\
Examples:
  candor log witness ./witness --name witness.example/w1      makes its key, and shows it
  candor log witness ./witness --trust ./agents-log/public/log.vkey")]
    Witness(witness::WitnessCommand),
    /// Hand in what an agent recorded while the log could not be reached
    #[command(after_help = "Example: candor log deliver http://127.0.0.1:6962")]
    Deliver(deliver::Deliver),
    /// Show how long a log keeps what is written to it, or publish that
    #[command(after_help = "\
Examples:
  candor log retention ./agents-log
  candor log retention ./agents-log --dispute 7d --proving 1d --finality 1d --margin 7d --entries-extra 349d")]
    Retention(retention::Retention),
    /// Drop what is settled and past its window; everything kept can still be proven
    #[command(after_help = "\
Examples:
  candor log prune http://127.0.0.1:6962 --token-file ./agents-log/private/operator.token
  candor log prune http://127.0.0.1:6962 --token-file ./agents-log/private/operator.token --dry-run
  candor log prune ./agents-log                 while it is not served; serve --prune-every does it by itself")]
    Prune(prune::Prune),
    /// Keep a run of records, with their bodies, for as long as they are disputed; or list what is kept
    #[command(after_help = "\
Examples:
  candor log pin ./agents-log case-7 --agent 0x12... --program 0x34... --first 17 --last 23 --reason 'dispute 7'
  candor log pin ./agents-log")]
    Pin(pin::Pin),
    /// Take a pin out: what it kept goes with the next pruning, if it is settled
    #[command(after_help = "Example: candor log unpin ./agents-log case-7")]
    Unpin(pin::Unpin),
}

impl LogCommand {
    /// Does it.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        match self {
            Self::Audit(command) => command.run(),
            Self::Body(command) => command.run(),
            Self::CheckPromises(command) => command.run(&context.store),
            Self::ProveInclusion(command) => command.run(),
            Self::ProvePublished(command) => command.run(&context.store),
            Self::VerifyInclusion(command) => command.run(&context.store),
            Self::Consistency(command) => command.run(),
            Self::Init(command) => command.run(),
            Self::Register(command) => command.run(&context.store),
            Self::Serve(command) => command.run(context),
            Self::Witness(command) => command.run(context),
            Self::Deliver(command) => command.run(&context.store),
            Self::Retention(command) => command.run(),
            Self::Prune(command) => command.run(),
            Self::Pin(command) => command.run(),
            Self::Unpin(command) => command.run(),
        }
    }
}
