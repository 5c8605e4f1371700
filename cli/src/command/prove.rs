//! `candor prove`: records of the log to a bundle and a proof.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::expectation::parse_hex;
use crate::output::{Report, count, hex_string, table};
use crate::progress::Progress;
use crate::selection::SelectionArguments;
use crate::store::{self, Existing, Store};
use candor_circuits::proof::ProofFile;
use candor_program::card::SetupSource;
use candor_program::digest::ProgramIds;
use candor_prover::Prover;
use candor_trace::Bundle;
use candor_verifier::Expected;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// `candor prove`.
#[derive(Args, Clone, Debug)]
pub struct Prove {
    /// Which records; without any, the path to the last transaction
    #[command(flatten)]
    pub selection: SelectionArguments,
    /// Address that is paid if the proof decides a dispute [default: nobody]
    #[arg(long, value_name = "ADDRESS")]
    pub payout: Option<String>,
    /// Where to write the bundle [default: bundle.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Where to write the proof [default: proof.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
}

impl Prove {
    /// Proves, verifies what was proven, and writes both files.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let payout = parse_payout(self.payout.as_deref())?;
        let program = artefact::program(&store.program())?;
        let reference = artefact::setup_of(&store.setup(), &program)?;
        let bundle = self.selection.bundle(store, program.card.clone())?;
        let prover = Prover::new_unchecked(&program, &reference)
            .map_err(|error| error.failure().at(store.program().display()))?;
        let log = self.selection.log_directory(store);
        let mut progress = Progress::new("proving");
        let started = Instant::now();
        let proof = prover
            .prove_path(&bundle, payout, &mut |done, total| progress.at(done as u64, total as u64))
            .map_err(|error| error.failure().at(log.display()))?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        drop(progress);
        check(&bundle, &proof).map_err(|failure| failure.at(log.display()))?;
        let bundle_path = self.bundle.clone().unwrap_or_else(|| store.bundle());
        let proof_path = self.proof.clone().unwrap_or_else(|| store.proof());
        let (bundle_bytes, proof_bytes) = (bundle.to_bytes(), proof.to_bytes());
        store::write(&bundle_path, &bundle_bytes, Existing::Replace)?;
        store::write(&proof_path, &proof_bytes, Existing::Replace)?;
        let (first, last) = ends(&bundle);
        let development = program.card.setup.source == SetupSource::Development;
        let text = table(&[
            (
                "proven",
                format!("records {first} to {last} ({})", count(bundle.records.len() as u64, "record")),
            ),
            ("time", format!("{elapsed_ms:.0} ms")),
            ("bundle", format!("{} ({} bytes)", bundle_path.display(), bundle_bytes.len())),
            ("proof", format!("{} ({} bytes)", proof_path.display(), proof_bytes.len())),
            ("setup", if development { "DEVELOPMENT" } else { "Powers of Tau" }.to_owned()),
        ]);
        let json = json!({
            "firstSequence": first,
            "lastSequence": last,
            "records": bundle.records.len(),
            "milliseconds": elapsed_ms,
            "bundle": bundle_path.display().to_string(),
            "bundleBytes": bundle_bytes.len(),
            "proof": proof_path.display().to_string(),
            "proofBytes": proof_bytes.len(),
            "developmentSetup": development,
            "payout": hex_string(&payout),
        });
        Ok(Report::accepted(text, json))
    }
}

/// First and last sequence number of a bundle.
#[must_use]
pub fn ends(bundle: &Bundle) -> (u64, u64) {
    let sequence =
        |record: Option<&candor_trace::SignedRecord>| record.map_or(0, |record| record.header.sequence);
    (sequence(bundle.records.first()), sequence(bundle.records.last()))
}

/// The payout address; 20 zero bytes for nobody.
pub fn parse_payout(text: Option<&str>) -> Result<[u8; 20], Failure> {
    text.map_or(Ok([0; 20]), |text| parse_hex(text).map_err(|failure| failure.at("--payout")))
}

/// A proof that does not verify is never handed out: the log was damaged, or something is wrong with the machine.
fn check(bundle: &Bundle, proof: &ProofFile) -> Result<(), Failure> {
    let agent = bundle.agent().unwrap_or_default();
    let mut expected = Expected::new(ProgramIds::of(&bundle.card).program_id, agent, bundle.card.domain);
    expected.allow_development_setup = true;
    expected.allow_declared_ceremony = true;
    candor_verifier::verify(&expected, bundle, proof).map(drop).map_err(|error| {
        Failure::new(ExitClass::Rejected, format!("these records cannot be proven: {error}"))
            .fix("candor inspect checks the log, candor replay finds the first record that differs; if neither finds anything, the program or setup file is damaged: compile again")
    })
}
