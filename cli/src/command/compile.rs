//! `candor compile`: agent.toml and its model to a program.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::expectation::ExpectedFile;
use crate::output::{Report, hex_string};
use crate::progress::Progress;
use crate::store::{self, Existing, Store};
use candor_circuits::layout::Layout;
use candor_circuits::proof::MAX_BATCH_LOG2;
use candor_circuits::soundness::statistical_bits;
use candor_compiler::{AgentSource, Soundness, lower};
use candor_program::card::{Card, Program};
use candor_program::digest::{ProgramIds, setup_digest};
use candor_prover::commit_program;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Bits of security that BN254 is estimated to have (design.md, section 5).
const BN254_BITS: u32 = 100;

/// `candor compile`.
#[derive(Args, Clone, Debug)]
pub struct Compile {
    /// Description of the agent
    #[arg(value_name = "AGENT.toml")]
    pub agent: PathBuf,
    /// Replace the program although the log has records of another one
    #[arg(long)]
    pub force: bool,
}

impl Compile {
    /// Compiles, commits to the weights, and writes program.candor, card.candor, report.json and expected.json.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let reference = artefact::setup(&store.setup())?;
        let spinner = Progress::spinner("compiling");
        let source = AgentSource::read(&self.agent).map_err(|error| error.failure())?;
        let lowered = lower(&source, reference.card()).map_err(|error| error.failure())?;
        let rows =
            commit_program(&reference, &lowered.card, &lowered.weights).map_err(|error| error.failure())?;
        let mut report = lowered.report.clone();
        let program = lowered.into_program(rows);
        program.validate().map_err(|error| error.failure().at(self.agent.display()))?;
        drop(spinner);
        let ids = ProgramIds::of(&program.card);
        let program_id = hex_string(&ids.program_id);
        report.program_id = Some(program_id.clone());
        report.soundness = Some(soundness(&program.card)?);
        self.check_log(store, &ids)?;
        let json = json!({
            "programId": program_id,
            "modelId": hex_string(&ids.model_id),
            "program": store.program().display().to_string(),
            "card": store.card().display().to_string(),
            "report": serde_json::to_value(&report).map_err(|error| Failure::new(ExitClass::Unexpected, error))?,
        });
        write(store, &program, &json)?;
        let text = format!(
            "{report}\nwrote {}, {}, {}",
            store.program().display(),
            store.card().display(),
            store.expected().display()
        );
        Ok(Report::accepted(text, json))
    }
    /// A program that records depend on is not replaced by accident.
    fn check_log(&self, store: &Store, ids: &ProgramIds) -> Result<(), Failure> {
        if self.force || !candor_log::FileLog::exists(&store.log()) {
            return Ok(());
        }
        let (log, _) = artefact::log(&store.log())?;
        let tail = log.tail().map_err(|error| error.failure())?;
        match tail {
            Some(record) if record.header.program_id != ids.program_id => {
                Err(Failure::usage(format!("the log has {} records of another program", log.len()))
                    .at(store.log().display())
                    .fix("compile into another folder with --dir, or replace the program with --force; nothing was written"))
            }
            _ => Ok(()),
        }
    }
}

/// Bits for the largest batch, the weakest of all.
fn soundness(card: &Card) -> Result<Soundness, Failure> {
    let layout = Layout::new(&card.class, MAX_BATCH_LOG2, card.class.output())
        .or_else(|_| Layout::new(&card.class, 0, card.class.output()))
        .map_err(|error| Failure::new(ExitClass::Limit, error).fix("use a smaller model"))?;
    Ok(Soundness { statistical_bits: f64::from(statistical_bits(&layout)), computational_bits: BN254_BITS })
}

fn write(store: &Store, program: &Program, report: &serde_json::Value) -> Result<(), Failure> {
    store::write(&store.program(), &program.to_bytes(), Existing::Replace)?;
    store::write(&store.card(), &program.card.to_bytes(), Existing::Replace)?;
    store::write(&store.compile_report(), format!("{report:#}\n").as_bytes(), Existing::Replace)?;
    let domain = program.card.domain;
    ExpectedFile::update(&store.expected(), |file| {
        file.program_id = Some(hex_string(&ProgramIds::of(&program.card).program_id));
        file.chain_id = Some(domain.chain_id);
        file.verifying_contract = Some(hex_string(&domain.verifying_contract));
        file.setup_digest = Some(hex_string(&setup_digest(&program.card.setup)));
    })
}
