//! One row of a Markdown table for each model of a folder and each of its outputs: does it compile, how near is it, what does a proof cost.
//!
//! `cargo run --release -p candor-benches --example models -- FOLDER...`, where a folder holds `<model>/model.onnx` and
//! `<model>/test_data_set_<k>/{input,output}_<i>.pb`, as fixtures/exporters writes them and as the ONNX project's own tests are. Scales come from
//! the first half of the data sets; every data set is compared. Times are the fastest of several runs.

use candor_benches::memory::{peak_megabytes, reset_peak};
use candor_benches::synthetic::with_agent;
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_compiler::Trial;
use candor_compiler::graph::{Graph, Options, graph_inputs, read_tensor};
use candor_compiler::tensor::Tensor;
use candor_program::digest::ProgramIds;
use candor_program::evaluate::Evaluator;
use candor_program::{Fr, Program};
use candor_prover::argument::prove;
use candor_prover::witness::Witness;
use candor_prover::{Prover, ReferenceString, commit_program};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

/// Longest row that a program has, log2.
const POWERS_LOG2: u8 = 14;
/// Runs of prover and verifier.
const RUNS: usize = 3;
/// Runs of the evaluator.
const EVALUATIONS: usize = 50;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let reference = ReferenceString::development(POWERS_LOG2, &[1; 32])?;
    println!(
        "| model | output | parameters | operators | tables | worst error | of | same largest | evaluate us | prove ms | verify ms | proof bytes | peak MB |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|");
    let (mut proven, mut refused) = (0, 0);
    for folder in env::args().skip(1) {
        let mut models: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        models.sort();
        for model in models.iter().filter(|model| model.join("model.onnx").exists()) {
            let name = model.file_name().unwrap_or_default().to_string_lossy();
            match rows(model, &reference) {
                Ok(rows) => {
                    rows.iter().for_each(|row| println!("| {name} | {row} |"));
                    proven += 1;
                }
                Err(why) => {
                    println!("| {name} | refused: {} |", why.to_string().replace(['\n', '|'], " "));
                    refused += 1;
                }
            }
        }
    }
    println!("\n{proven} models proven and verified, {refused} refused");
    Ok(())
}

/// One row for every output.
fn rows(model: &Path, reference: &ReferenceString) -> Result<Vec<String>, Failure> {
    let bytes = fs::read(model.join("model.onnx"))?;
    let mut sets: Vec<PathBuf> =
        fs::read_dir(model)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    sets.retain(|set| set.is_dir());
    sets.sort();
    let inputs = sets.iter().map(|set| tensors(set, "input")).collect::<Result<Vec<_>, _>>()?;
    let expected = sets.iter().map(|set| tensors(set, "output")).collect::<Result<Vec<_>, _>>()?;
    let first = inputs.first().ok_or("no data")?;
    let shapes =
        graph_inputs(&bytes)?.into_iter().zip(first).map(|(name, input)| (name, input.shape().to_vec()));
    let graph = Graph::read(&bytes, &Options { shapes: shapes.collect(), ..Options::default() })?;
    let numbers = |tensors: &Vec<Tensor>| -> Option<Vec<f64>> {
        let numbers: Option<Vec<Vec<f64>>> = tensors.iter().map(Tensor::to_floats).collect();
        Some(numbers?.concat())
    };
    let inputs: Vec<Vec<f64>> =
        inputs.iter().map(numbers).collect::<Option<_>>().ok_or("an input is text")?;
    let mut rows = Vec::new();
    for (output, value) in graph.outputs().iter().enumerate() {
        let expected: Option<Vec<Vec<f64>>> =
            expected.iter().map(|tensors| tensors.get(output)?.to_floats()).collect();
        // Labels as text are what the largest of the other output names.
        let Some(expected) = expected else { continue };
        let trial = Trial::new(&graph, output, &inputs[..inputs.len().div_ceil(2)])?;
        let name = &graph.values()[*value].name;
        rows.push(format!("{name} | {}", row(&trial, &inputs, &expected, reference)?));
    }
    if rows.is_empty() { Err("no output of numbers".into()) } else { Ok(rows) }
}

fn row(
    trial: &Trial,
    inputs: &[Vec<f64>],
    expected: &[Vec<f64>],
    reference: &ReferenceString,
) -> Result<String, Failure> {
    let (mut worst, mut largest, mut same) = (0.0f64, 0.0f64, 0);
    for (input, expected) in inputs.iter().zip(expected) {
        let got = trial.run(input).ok_or("the program does not run")?;
        for (got, expected) in got.iter().zip(expected) {
            worst = worst.max((got - expected).abs());
            largest = largest.max(expected.abs());
        }
        same += usize::from(arg_max(&got) == arg_max(expected));
    }
    let mut program = with_agent(trial.program(), expected[0].len(), reference.card());
    program.card.weight_rows = commit_program(reference, &program.card, &program.weights)?;
    let card = &program.card;
    let costs = costs(&program, &trial.integers(&inputs[0]), reference)?;
    Ok(format!(
        "{} | {} | {} | {worst:.1e} | {largest:.3} | {same}/{} | {costs}",
        card.parameters(),
        card.operators.len(),
        card.class.tables,
        inputs.len()
    ))
}

/// Time to evaluate, prove and verify one decision, the proof's size, and memory while it is made.
fn costs(program: &Program, features: &[u16], reference: &ReferenceString) -> Result<String, Failure> {
    let card = &program.card;
    let evaluator = Evaluator::new(program);
    let evaluate = fastest(EVALUATIONS, || evaluator.execute(features).map(|_| ()))?;
    let prover = Prover::new_unchecked(program, reference)?;
    let revealed = card.class.output();
    let layout = Layout::new(&card.class, 0, revealed)?;
    let decisions = vec![features.to_vec()];
    let (data, setup) = (ProgramData::of(card, &ProgramIds::of(card)), VerifierSetup::of(&card.setup)?);
    let rows = decode_rows(card)?;
    let mut made = None;
    reset_peak();
    let proving = fastest(RUNS, || -> Result<(), Failure> {
        let witness = Witness::new(program, &layout, &decisions)?;
        let values = witness.tensors.iter().map(|tensors| tensors[usize::from(revealed.0)].clone()).collect();
        let statement = Statement {
            batch_log2: 0,
            context: Fr::from(5u64),
            revealed,
            features: decisions.clone(),
            values,
        };
        let public = statement.public_values(card)?;
        let proof = prove(&prover.key(), &layout, &public, &witness);
        made = Some((public, proof));
        Ok(())
    })?;
    let peak = peak_megabytes().map_or("-".into(), |peak| format!("{peak:.0}"));
    let (public, proof) = made.ok_or("nothing was proven")?;
    let verifying = fastest(RUNS, || native::verify(&layout, &data, &public, &rows, &setup, &proof))?;
    Ok(format!("{:.0} | {proving:.0} | {verifying:.1} | {} | {peak}", evaluate * 1e3, proof.len()))
}

/// Milliseconds of the fastest run.
fn fastest<E>(runs: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut fastest = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        run()?;
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(fastest)
}

fn arg_max(numbers: &[f64]) -> usize {
    (0..numbers.len()).fold(0, |best, index| if numbers[index] > numbers[best] { index } else { best })
}

/// The tensors `kind_0.pb`, `kind_1.pb`, and so on.
fn tensors(set: &Path, kind: &str) -> Result<Vec<Tensor>, Failure> {
    let mut tensors = Vec::new();
    while let Ok(bytes) = fs::read(set.join(format!("{kind}_{}.pb", tensors.len()))) {
        tensors.push(read_tensor(&bytes)?);
    }
    Ok(tensors)
}
