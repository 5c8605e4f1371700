//! Where the time of one proof goes: the clock is read at every message that the prover sends.
//!
//! `cargo run --release -p candor-benches --example phases -- 64-128-128-64-3 10 0` (widths, log2 of a row, log2 of the
//! batch). `RAYON_NUM_THREADS=1` gives the work instead of the waiting. Prints the run with the least total of thirty.

use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::channel::Step;
use candor_circuits::layout::Layout;
use candor_circuits::statement::Statement;
use candor_program::Fr;
use candor_prover::argument::prove_observed;
use candor_prover::witness::Witness;
use candor_prover::{Prover, ReferenceString, commit_program};
use std::time::Instant;

/// Phases in order; a phase ends with the last message that [`phase`] maps to it.
const PHASES: [&str; 8] = [
    "execute, lay out the witness",
    "absorb the statement",
    "commit witness, multiplicities",
    "commit helpers",
    "fold weights, tables, round 1",
    "batched sumcheck",
    "fold rows, merge",
    "opening",
];

/// The phase whose work precedes a message.
fn phase(step: Step) -> usize {
    match step {
        Step::Statement => 1,
        Step::WitnessRows | Step::Multiplicities | Step::MappedRows | Step::MapMultiplicities => 2,
        Step::HelperRows | Step::TableHelper | Step::MapHelperRows | Step::MapTableHelper => 3,
        Step::BiasSum | Step::LinearValues | Step::Round(0) => 4,
        Step::Round(_) | Step::Evaluations | Step::Weights(..) | Step::Left(..) | Step::Source(..) => 5,
        Step::MergeRound(_) => 6,
        Step::Folds | Step::FoldEvaluations | Step::Quotient | Step::OpeningPoint => 7,
        // no proof has this message
        Step::Boundary => 7,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let widths = arguments.first().map_or("64-128-128-64-3", String::as_str);
    let widths: Vec<usize> = widths.split('-').map(str::parse).collect::<Result<_, _>>()?;
    let row_log2 = arguments.get(1).map_or(Ok(10), |text| text.parse())?;
    let batch_log2: u8 = arguments.get(2).map_or(Ok(0), |text| text.parse())?;

    let reference = ReferenceString::development(row_log2, &[1; 32])?;
    let mut program =
        perceptron(&Shape { widths: &widths, row_log2, residual: false, gain: 1 }, reference.card(), 9);
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights)?;
    let prover = Prover::new_unchecked(&program, &reference)?;
    let revealed = program.card.class.output();
    let layout = Layout::new(&program.card.class, batch_log2, revealed)?;
    let decisions: Vec<_> = (0..1 << batch_log2).map(|seed| features(&program, seed)).collect();

    let mut best = [f64::INFINITY; PHASES.len()];
    let mut bytes = 0;
    for _ in 0..30 {
        let mut spent = [0.0; PHASES.len()];
        let mut last = Instant::now();
        let mut lap = |phase: usize| {
            let now = Instant::now();
            spent[phase] += (now - last).as_secs_f64() * 1e3;
            last = now;
        };
        let witness = Witness::new(&program, &layout, &decisions)?;
        lap(0);
        let values = witness.tensors.iter().map(|tensors| tensors[usize::from(revealed.0)].clone()).collect();
        let statement =
            Statement { batch_log2, context: Fr::from(5u64), revealed, features: decisions.clone(), values };
        let public = statement.public_values(&program.card)?;
        bytes = prove_observed(&prover.key(), &layout, &public, &witness, &mut |step| lap(phase(step))).len();
        if spent.iter().sum::<f64>() < best.iter().sum() {
            best = spent;
        }
    }
    let total: f64 = best.iter().sum();
    println!("{} threads, {bytes} bytes, {total:.1} ms", rayon::current_num_threads());
    for (name, spent) in PHASES.iter().zip(best) {
        println!("{name:32} {spent:8.2} ms {:5.1} %", 100.0 * spent / total);
    }
    Ok(())
}
