//! Where the time and the bytes of one proof go: the clock is read at every message that the prover sends.
//!
//! `cargo run --release -p candor-benches --example phases -- 64-128-128-64-3 10 0` (widths or an ONNX model, log2 of a row, log2 of
//! the batch; a row of `-` is the class's). `RAYON_NUM_THREADS=1` gives the work instead of the waiting. Prints the run with
//! the least total of thirty.

mod subject;

use candor_circuits::channel::Step;
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::Fr;
use candor_program::digest::ProgramIds;
use candor_prover::Prover;
use candor_prover::argument::prove_observed;
use candor_prover::witness::Witness;
use std::time::Instant;
use subject::Subject;
use subject::constraints::constraints;
use subject::sizes::sizes;

/// Phases in order; a phase ends with the last message that [`phase`] maps to it.
const PHASES: [&str; 9] = [
    "execute, lay out the witness",
    "absorb the statement",
    "commit witness, multiplicities",
    "look-ups: sum over the tables",
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
        Step::MappedValue | Step::TableRound(_) | Step::TableValue => 3,
        Step::HelperRows
        | Step::TableHelper
        | Step::Equalities
        | Step::MapHelperRows
        | Step::MapTableHelper => 4,
        Step::BiasSum | Step::LinearValues | Step::Round(0) => 5,
        Step::Round(_) | Step::Evaluations | Step::Weights(..) | Step::Left(..) | Step::Source(..) => 6,
        Step::MergeRound(_) => 7,
        Step::Folds | Step::FoldEvaluations | Step::Quotient | Step::OpeningPoint => 8,
        // no proof has this message
        Step::Boundary => 8,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("64-128-128-64-3", String::as_str);
    let row_log2 = arguments.get(1).filter(|text| *text != "-").map(|text| text.parse()).transpose()?;
    let batch_log2: u8 = arguments.get(2).map_or(Ok(0), |text| text.parse())?;

    let Subject { program, reference } = Subject::new(name, row_log2)?;
    let prover = Prover::new_unchecked(&program, &reference)?;
    let revealed = program.card.class.output();
    let layout = Layout::new(&program.card.class, batch_log2, revealed)?;
    let decisions: Vec<_> = (0..1 << batch_log2).map(|seed| subject::decision(&program, seed)).collect();
    let data = ProgramData::of(&program.card, &ProgramIds::of(&program.card));
    let (rows, setup) = (decode_rows(&program.card)?, VerifierSetup::of(&program.card.setup)?);

    let mut best = [f64::INFINITY; PHASES.len()];
    let (mut bytes, mut verified, mut lengths) = (0, f64::INFINITY, Vec::new());
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
        let proof = prove_observed(&prover.key(), &layout, &public, &witness, &mut |step| lap(phase(step)));
        bytes = proof.len();
        let start = Instant::now();
        native::verify(&layout, &data, &public, &rows, &setup, &proof)?;
        verified = verified.min(start.elapsed().as_secs_f64() * 1e3);
        lengths = sizes(&layout, &data, &public, &proof)?;
        if spent.iter().sum::<f64>() < best.iter().sum() {
            best = spent;
        }
    }
    let total: f64 = best.iter().sum();
    let threads = rayon::current_num_threads();
    println!("{threads} threads, {bytes} bytes, {total:.1} ms, verified in {verified:.2} ms");
    println!(
        "rounds {} + {}, rows of 2^{}: {} of the witness, {} of the program; {} look-ups in {} tables; {} constraints",
        layout.rounds,
        layout.row_log2,
        layout.row_log2,
        layout.witness_rows(),
        layout.program_rows(),
        layout.maps.len(),
        layout.tables,
        constraints(&program.card, &layout)
    );
    for (name, spent) in PHASES.iter().zip(best) {
        println!("{name:32} {spent:8.2} ms {:5.1} %", 100.0 * spent / total);
    }
    for (name, length) in lengths {
        println!("{name:32} {length:8} bytes");
    }
    Ok(())
}
