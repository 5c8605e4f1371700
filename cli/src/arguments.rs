//! The command line.

use crate::command::{
    agent_key, attest, challenge, check, compare, compile, demo, explain, export, import, init, inspect,
    limits, log, mandate, plugin, policy, prove, receipt, record, replay, revise, seal, settle, setup,
    tamper, verify,
};
use crate::exit::Failure;
use crate::output::{Output, Report};
use crate::store::Store;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes: 0 accepted, 1 unexpected, 2 usage, 3 malformed, 4 rejected by a named check, 5 limit, 6 undecided, 7 fraud,
8 refused assumption, 9 unsupported model.

Example: candor demo";

/// Makes an autonomous agent answerable for a transaction.
#[derive(Parser, Debug)]
#[command(name = "candor", version, about, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Arguments {
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder of setup, key, program, log and proofs [default: ./.candor]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What a command works with.
pub struct Context<'a> {
    /// The folder.
    pub store: Store,
    /// The folder as it was named; `None`: the default.
    pub named_directory: Option<PathBuf>,
    /// Where answers go.
    pub output: Output<'a>,
}

/// One command each.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write a commented agent.toml for an ONNX model
    #[command(after_help = "Example: candor init model.onnx --output agent.toml")]
    Init(init::Init),
    /// Say whether a model compiles, what stands in the way, and what every node costs
    #[command(after_help = "\
Examples:
  candor check model.onnx
  candor check model.onnx --output probabilities --json")]
    Check(check::Check),
    /// Make the reference string that programs and proofs rest on
    #[command(after_help = "\
Examples:
  candor setup --development                      for trying out: its maker can forge every proof
  candor setup --ptau powersOfTau28_hez_final_14.ptau
  candor setup seal --development --records 4     keys for seals")]
    Setup(setup::Setup),
    /// Make the key that signs the agent's records
    #[command(after_help = "Example: candor agent-key")]
    AgentKey(agent_key::AgentKeyCommand),
    /// Compile agent.toml and its ONNX model to a program
    #[command(after_help = "Example: candor compile agent.toml")]
    Compile(compile::Compile),
    /// Decide on observations, and record every decision durably before it is shown
    #[command(after_help = "\
Examples:
  candor record observations.jsonl
  candor record observations.jsonl --skip-recorded    after an interruption
  candor record observations.jsonl --evidence kyc.json --evidence mandate.json
  candor record --stdio                               one JSON line in, one JSON line out (docs/cli.md)
  candor record --stdio --log http://127.0.0.1:6962   the same, delivered to a log of many agents")]
    Record(record::Record),
    /// Put another program in place of the one that decides: a signed record of the change
    #[command(after_help = "\
Example:
  mkdir next && cp .candor/setup.candor .candor/agent.key next
  candor compile agent.toml --dir next                    the changed agent.toml, to its own folder
  candor revise --to next/card.candor --at 1767225600     its program decides from then on
  candor record --dir next --log .candor/log observations.jsonl")]
    Revise(revise::Revise),
    /// Run a log that many agents commit to, witness one, or audit one
    #[command(
        arg_required_else_help = true,
        after_help = "Example: candor log init ./agents-log --origin log.example/agents"
    )]
    Log(log::Log),
    /// Compare an existing agent's own decisions with Candor's, before switching
    #[command(after_help = "Example: candor compare reference.jsonl --observations observations.jsonl")]
    Compare(compare::Compare),
    /// Prove a record, a range, or the path to a transaction
    #[command(after_help = "\
Examples:
  candor prove                     the path to the last transaction
  candor prove --transaction 17
  candor prove --range 10..20")]
    Prove(prove::Prove),
    /// Seal a proof: one small Groth16 proof of the whole path
    #[command(after_help = "\
Examples:
  candor setup seal --development --records 4     once a class: keys for seals of up to 4 records
  candor seal                                     proof.candor to seal.candor")]
    Seal(seal::Seal),
    /// Write a seal as snarkjs and EVM verifiers read it
    #[command(after_help = "\
Example:
  candor export --snarkjs exported
  cd exported && snarkjs groth16 verify verification_key.json public.json proof.json")]
    Export(export::Export),
    /// Verify a proof or a seal of a path, without the model
    #[command(after_help = "\
Examples:
  candor verify --bundle bundle.candor --proof proof.candor --program-id 0x6f... --agent 0x12...
  candor verify --expect expected.json --allow-development-setup
  candor verify --seal seal.candor --seal-key seal-key-4.candor --card card.candor --expect expected.json")]
    Verify(verify::Verify),
    /// Run records again and find the first one, and the first operator, that differ
    #[command(after_help = "\
Examples:
  candor replay --expect expected.json
  candor replay --bundle bundle.candor --expect expected.json")]
    Replay(replay::Replay),
    /// Replay, prove the true outcome of the first bad record, and write what settle reads
    #[command(after_help = "Example: candor challenge --expect expected.json")]
    Challenge(challenge::ChallengeCommand),
    /// Decide a dispute: honest, fraud or undecided
    #[command(after_help = "\
Examples:
  candor settle --bundle disputed.candor --challenge challenge.candor --expect expected.json
  candor settle --bundle bundle.candor --proof proof.candor --expect expected.json")]
    Settle(settle::Settle),
    /// Show what a file or a log holds
    #[command(after_help = "\
Examples:
  candor inspect .candor/proof.candor
  candor inspect .candor/log --record 17
  candor inspect .candor/card.candor --json")]
    Inspect(inspect::Inspect),
    /// Turn what other systems recorded into observations, with their provenance
    #[command(
        after_help = "Example: candor import otel traces.json --tool get_market=market-data | candor record -"
    )]
    Import(import::Import),
    /// Keys and signatures of plugins that sign what they report
    #[command(after_help = "Example: candor plugin key --output plugin.key")]
    Plugin(plugin::PluginCommand),
    /// Sign what an attester says about somebody, for an evidence slot of a program
    #[command(after_help = "\
Examples:
  candor attest --slot jurisdiction --value DE --subject 0x12... --issued 1700000000 --expires 1730000000 --key registry.key
  candor attest --slot approval --value 50000.00 --subject 0x12... --issued 1700000000 --expires 1700003600 --this-program-only --key officer.key")]
    Attest(attest::Attest),
    /// Chains of mandates: grant, hand on narrower, check, show
    #[command(
        after_help = "Example: candor mandate grant --key owner.key --to 0x12... --at-most daily=2500.00 --issued 1700000000 --expires 1800000000"
    )]
    Mandate(mandate::MandateCommand),
    /// Decisions and verdicts as signed statements (in-toto in DSSE), and as spans
    #[command(after_help = "\
Examples:
  candor receipt decision --record 17 --output decision.json
  candor receipt verify decision.json --signer 0x12... --card card.candor")]
    Receipt(receipt::Receipt),
    /// Say what the policy says about a request, why, and what would change it; nothing is recorded
    #[command(after_help = "\
Examples:
  candor explain --observation observations.jsonl --evidence attestations.json
  candor explain card.candor --action buy --at 1767225600 --json")]
    Explain(explain::Explain),
    /// Show what is left of every budget, and when it renews
    #[command(after_help = "Example: candor limits --at 1767225600")]
    Limits(limits::Limits),
    /// Test rules on a table of cases, check them, and compare two policies
    #[command(after_help = "Example: candor policy test agent.toml cases.toml")]
    Policy(policy::PolicyCommand),
    /// Test tool: write a copy of the log in which the agent cheated at one record
    #[command(
        after_help = "Example: candor tamper --record 17 --cheat output --operator 2 --into cheated-log"
    )]
    Tamper(tamper::Tamper),
    /// Watch the whole path on a real market agent, with a cheat chosen by the seed
    #[command(after_help = "Example: candor demo --seed 7")]
    Demo(demo::Demo),
}

impl Command {
    /// Does it.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        match self {
            Self::Init(command) => command.run(),
            Self::Setup(command) => command.run(&context.store),
            Self::AgentKey(command) => command.run(&context.store),
            Self::Check(command) => command.run(),
            Self::Compile(command) => command.run(&context.store),
            Self::Record(command) => command.run(context),
            Self::Revise(command) => command.run(&context.store),
            Self::Log(log) => log.command.run(context),
            Self::Compare(command) => command.run(&context.store),
            Self::Prove(command) => command.run(&context.store),
            Self::Seal(command) => command.run(&context.store),
            Self::Export(command) => command.run(&context.store),
            Self::Verify(command) => command.run(&context.store),
            Self::Replay(command) => command.run(&context.store),
            Self::Challenge(command) => command.run(&context.store),
            Self::Settle(command) => command.run(&context.store),
            Self::Inspect(command) => command.run(&context.store),
            Self::Import(import) => import.command.run(&context.store),
            Self::Plugin(plugin) => plugin.command.run(&context.store),
            Self::Attest(command) => command.run(&context.store),
            Self::Mandate(mandate) => mandate.command.run(&context.store),
            Self::Receipt(receipt) => receipt.command.run(&context.store),
            Self::Explain(command) => command.run(&context.store),
            Self::Limits(command) => command.run(&context.store),
            Self::Policy(policy) => policy.command.run(&context.store),
            Self::Tamper(command) => command.run(&context.store),
            Self::Demo(command) => command.run(context),
        }
    }
}
