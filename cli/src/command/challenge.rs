//! `candor challenge`: the evidence against the first bad record.

use crate::artefact;
use crate::classify::Classify;
use crate::command::prove::parse_payout;
use crate::command::replay::{Finding, Subject, difference_json, report};
use crate::exit::{ExitClass, Failure};
use crate::expectation::ExpectationArguments;
use crate::output::{Report, table};
use crate::progress::Progress;
use crate::store::{self, Existing, Store};
use candor_program::card::Program;
use candor_prover::Prover;
use candor_trace::{Bundle, Start};
use candor_verifier::{Challenge, Difference, diagnose};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// `candor challenge`.
#[derive(Args, Clone, Debug)]
pub struct ChallengeCommand {
    /// Which records
    #[command(flatten)]
    pub subject: Subject,
    /// What to expect
    #[command(flatten)]
    pub expectation: ExpectationArguments,
    /// Address that is paid if the challenge decides the dispute [default: nobody]
    #[arg(long, value_name = "ADDRESS")]
    pub payout: Option<String>,
    /// Where to write the challenge [default: challenge.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where to write the bundle with the disputed record [default: disputed.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub disputed: Option<PathBuf>,
}

impl ChallengeCommand {
    /// Replays; where a record differs, gathers or proves the evidence. Nothing is written where nothing differs.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let payout = parse_payout(self.payout.as_deref())?;
        let program = artefact::program(&store.program())?;
        let expected = self.expectation.expected(&program.card)?;
        let replayed = self.subject.replay(store, &expected, &program)?;
        let (Finding::Differs(difference), Some(bundle)) = (&replayed.finding, &replayed.bundle) else {
            // Nothing to challenge, or not enough to know.
            return Ok(report(&replayed));
        };
        let started = Instant::now();
        let challenge = evidence(store, &program, bundle, difference, payout)?;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        let path = self.output.clone().unwrap_or_else(|| store.challenge());
        let disputed = self.disputed.clone().unwrap_or_else(|| store.disputed());
        let bytes = challenge.to_bytes();
        let narrow = narrow(bundle, difference)?;
        store::write(&disputed, &narrow.to_bytes(), Existing::Replace)?;
        store::write(&path, &bytes, Existing::Replace)?;
        let proof = if difference.needs_proof().is_some() {
            format!("needed, made in {elapsed_ms:.0} ms")
        } else {
            "not needed: the record contradicts itself".to_owned()
        };
        let mut text = format!("differs {difference}\n{}\n", diagnose(difference));
        text.push_str(&table(&[
            ("proof", proof),
            ("challenge", format!("{} ({} bytes)", path.display(), bytes.len())),
            ("disputed", disputed.display().to_string()),
        ]));
        let json = json!({
            "difference": difference_json(difference),
            "challenge": path.display().to_string(),
            "challengeBytes": bytes.len(),
            "disputed": disputed.display().to_string(),
            "milliseconds": elapsed_ms,
        });
        Ok(Report::accepted(text, json))
    }
}

fn evidence(
    store: &Store,
    program: &Program,
    bundle: &Bundle,
    difference: &Difference,
    payout: [u8; 20],
) -> Result<Challenge, Failure> {
    let Some(tensor) = difference.needs_proof() else {
        return Challenge::without_proof(bundle, difference).ok_or_else(unexpected);
    };
    let reference = artefact::setup_of(&store.setup(), program)?;
    let record = bundle.records.get(difference.index).ok_or_else(unexpected)?;
    let _spinner = Progress::spinner("proving the true outcome");
    let prover =
        Prover::new(program, &reference).map_err(|error| error.failure().at(store.program().display()))?;
    let (proof, values) = prover
        .prove_tensor(record, tensor, payout)
        .map_err(|error| error.failure().at(format!("record {}", difference.sequence)))?;
    Ok(Challenge::proven(record.clone(), tensor, values, proof))
}

/// The bundle of the disputed record alone, with the record before it.
fn narrow(bundle: &Bundle, difference: &Difference) -> Result<Bundle, Failure> {
    let record = bundle.records.get(difference.index).ok_or_else(unexpected)?;
    let previous = difference.index.checked_sub(1).and_then(|index| bundle.records.get(index));
    let start =
        previous.map_or_else(|| bundle.start.clone(), |previous| Start::After(previous.signed_header()));
    Ok(Bundle { card: bundle.card.clone(), start, records: vec![record.clone()] })
}

fn unexpected() -> Failure {
    Failure::new(ExitClass::Unexpected, "the replay names a record that the bundle does not have")
}
