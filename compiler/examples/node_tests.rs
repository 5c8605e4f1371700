//! Runs the ONNX project's backend node tests: every folder `test_*` with a model and its inputs and outputs.
//!
//! cargo run --release -p candor-compiler --example node_tests -- [--failures] [--integer] FOLDER...
//!
//! With `--integer` every output is lowered too, with scales from the first half of the test's inputs and from inputs near them, and the
//! integer program is held against the expected numbers.

use candor_compiler::graph::{Graph, GraphError, Options, graph_inputs, read_tensor};
use candor_compiler::onnx::{Cause, Obstacle};
use candor_compiler::tensor::{Data, ElementType, Tensor};
use candor_compiler::{Trial, TrialError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What ONNX's own runner allows: an absolute error, and one relative to the expected number.
const ABSOLUTE: f64 = 1e-7;
const RELATIVE: f64 = 1e-3;
/// For numbers of 16 bits: two steps of their last place, since the order of rounding is nobody's rule.
const RELATIVE_FLOAT16: f64 = 2.0 / 1024.0;
const RELATIVE_BFLOAT16: f64 = 2.0 / 128.0;

/// Inputs near those of a test, for each of its data sets that scales are chosen from.
const NEAR: usize = 8;
/// What an integer program may be off, as a share of the largest number expected: sixteen bits lose more only where a node cancels
/// most of what it is given.
const SHARE: f64 = 1.0 / 64.0;

/// What came of one test.
enum Outcome {
    Passed,
    Refused(String),
    Failed(String),
}

/// What the float model and the integer program made of one test.
struct Outcomes {
    float: Outcome,
    integer: Option<Outcome>,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    refused: BTreeMap<String, usize>,
    failed: usize,
    lowered: usize,
    not_lowered: BTreeMap<String, usize>,
    beyond: usize,
}

fn main() -> io::Result<()> {
    let (mut folders, mut show_failures, mut integer) = (Vec::new(), false, false);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--failures" => show_failures = true,
            "--integer" => integer = true,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut table: BTreeMap<String, Counts> = BTreeMap::new();
    for folder in &folders {
        let mut tests: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        tests.sort();
        for test in tests.iter().filter(|test| test.join("model.onnx").exists()) {
            let (operator, outcomes) = run(test, integer)?;
            let counts = table.entry(operator).or_default();
            let name = test.file_name().unwrap_or_default().to_string_lossy();
            let tell = |why: &str| {
                if show_failures {
                    eprintln!("{name}: {why}");
                }
            };
            match outcomes.float {
                Outcome::Passed => counts.passed += 1,
                Outcome::Refused(why) => *counts.refused.entry(why).or_default() += 1,
                Outcome::Failed(why) => {
                    counts.failed += 1;
                    tell(&why);
                }
            }
            match outcomes.integer {
                Some(Outcome::Passed) => counts.lowered += 1,
                Some(Outcome::Refused(why)) => {
                    tell(&format!("not lowered: {why}"));
                    *counts.not_lowered.entry(why).or_default() += 1;
                }
                Some(Outcome::Failed(why)) => {
                    counts.beyond += 1;
                    tell(&format!("integers: {why}"));
                }
                None => {}
            }
        }
    }
    print(&table, integer);
    Ok(())
}

fn reasons(counts: &BTreeMap<String, usize>) -> (usize, String) {
    let why: Vec<String> = counts.iter().map(|(why, count)| format!("{why} ({count})")).collect();
    (counts.values().sum(), why.join("; "))
}

fn print(table: &BTreeMap<String, Counts>, integer: bool) {
    if integer {
        println!(
            "| operator | computed | lowered | refused | beyond | why refused |\n|---|---:|---:|---:|---:|---|"
        );
    } else {
        println!("| operator | passed | refused | failed | why refused |\n|---|---:|---:|---:|---|");
    }
    let mut totals = [0; 4];
    for (operator, counts) in table {
        let ((refused, why), (not_lowered, why_not)) =
            (reasons(&counts.refused), reasons(&counts.not_lowered));
        let row = if integer {
            let why: Vec<String> = [why, why_not].into_iter().filter(|why| !why.is_empty()).collect();
            let refused = refused + not_lowered;
            println!(
                "| {operator} | {} | {} | {refused} | {} | {} |",
                counts.passed,
                counts.lowered,
                counts.beyond + counts.failed,
                why.join("; ")
            );
            [counts.passed, counts.lowered, refused, counts.beyond + counts.failed]
        } else {
            println!("| {operator} | {} | {refused} | {} | {why} |", counts.passed, counts.failed);
            [counts.passed, refused, counts.failed, 0]
        };
        for (total, count) in totals.iter_mut().zip(row) {
            *total += count;
        }
    }
    let totals: Vec<String> = totals[..if integer { 4 } else { 3 }].iter().map(usize::to_string).collect();
    println!("| **all** | {} | |", totals.join(" | "));
}

/// The operator that a test is about, and what came of it.
fn run(test: &Path, integer: bool) -> io::Result<(String, Outcomes)> {
    let bytes = fs::read(test.join("model.onnx"))?;
    let name = test.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut sets: Vec<PathBuf> =
        fs::read_dir(test)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    sets.retain(|set| set.is_dir());
    sets.sort();
    let mut float = Outcome::Passed;
    for set in &sets {
        if let Err(why) = run_set(&bytes, set) {
            float = why;
        }
    }
    let integer = (integer && matches!(float, Outcome::Passed))
        .then(|| run_integer(&bytes, &sets).map_or_else(|outcome| outcome, |()| Outcome::Passed));
    Ok((subject(&name, &bytes), Outcomes { float, integer }))
}

/// The outputs as integer programs. The tests hand weights over as inputs: where the program of all inputs is refused, all but the first are
/// constants.
fn run_integer(bytes: &[u8], sets: &[PathBuf]) -> Result<(), Outcome> {
    let first = sets.first().ok_or_else(|| Outcome::Failed("no data".into()))?;
    let inputs = tensors(first, "input")?;
    let graph = read(bytes, &inputs, &BTreeMap::new()).map_err(|error| Outcome::Refused(reason(&error)))?;
    match lowered(bytes, sets, graph) {
        Err(Outcome::Refused(why)) => {
            let names = graph_inputs(bytes).unwrap_or_default();
            let constants: BTreeMap<String, Tensor> = names.into_iter().zip(inputs.clone()).skip(1).collect();
            let again = read(bytes, &inputs, &constants).map_err(|error| Outcome::Refused(reason(&error)));
            match again.and_then(|graph| lowered(bytes, sets, graph)) {
                Err(Outcome::Refused(_)) => Err(Outcome::Refused(why)),
                outcome => outcome,
            }
        }
        outcome => outcome,
    }
}

fn lowered(bytes: &[u8], sets: &[PathBuf], graph: Graph) -> Result<(), Outcome> {
    let mut inputs: Vec<Vec<f64>> = Vec::new();
    for set in sets {
        let free = free(bytes, &graph, tensors(set, "input")?);
        let numbers: Vec<f64> =
            free.iter().flat_map(|tensor| tensor.to_floats().unwrap_or_default()).collect();
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(Outcome::Refused("an input that is no decimal".into()));
        }
        inputs.push(numbers);
    }
    if graph.inputs().is_empty() {
        // Folded: the float evaluator's outputs are the constants.
        return Ok(());
    }
    let samples = samples(&graph, &inputs[..inputs.len().div_ceil(2)]);
    for (output, value) in graph.outputs().iter().enumerate() {
        if graph.values()[*value].constant.is_some() {
            continue;
        }
        let trial =
            Trial::new(&graph, output, &samples).map_err(|error| Outcome::Refused(trial_reason(&error)))?;
        for (set, input) in sets.iter().zip(&inputs) {
            let expected = tensors(set, "output")?;
            let Some(expected) = expected.get(output) else { continue };
            let got = trial.run(input).ok_or_else(|| Outcome::Failed("it does not run".into()))?;
            near(&got, expected, &trial).map_err(|why| Outcome::Failed(format!("output {output}: {why}")))?;
        }
    }
    Ok(())
}

/// What was given, and floats a tenth more or less.
fn samples(graph: &Graph, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let is_float = graph.inputs().iter().flat_map(|&input| {
        let value = &graph.values()[input];
        vec![value.element_type.is_float(); value.shape.iter().product()]
    });
    let is_float: Vec<bool> = is_float.collect();
    let mut state = 1u64;
    let mut samples = inputs.to_vec();
    for sample in inputs {
        for _ in 0..NEAR {
            let near = |(number, is_float): (&f64, &bool)| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let factor = 0.9 + 0.2 * (state >> 33) as f64 / 2f64.powi(31);
                if *is_float { number * factor } else { *number }
            };
            samples.push(sample.iter().zip(&is_float).map(near).collect());
        }
    }
    samples
}

/// Twice what the trial saw on its samples, and never more than a share of the largest number.
fn near(got: &[f64], expected: &Tensor, trial: &Trial) -> Result<(), String> {
    let numbers = expected.to_floats().ok_or("no numbers are expected")?;
    if got.len() != numbers.len() {
        return Err(format!("{} numbers, expected {}", got.len(), numbers.len()));
    }
    let largest = numbers
        .iter()
        .filter(|number| number.is_finite())
        .fold(0.0f64, |most, number| most.max(number.abs()));
    let is_float = expected.element_type().is_float();
    let bound = if is_float {
        (2.0 * trial.worst_error() + 2.0 * trial.step() + RELATIVE * largest).min(SHARE * largest + 1e-3)
    } else {
        0.5
    };
    match got
        .iter()
        .zip(&numbers)
        .position(|(got, number)| (got - number).abs().partial_cmp(&bound) != Some(std::cmp::Ordering::Less))
    {
        None => Ok(()),
        Some(index) => {
            Err(format!("{} at {index}, expected {}, bound {bound:.2e}", got[index], numbers[index]))
        }
    }
}

fn trial_reason(error: &TrialError) -> String {
    match error {
        TrialError::Obstacles { obstacles } => {
            let mut kinds: Vec<String> = obstacles.iter().map(kind).collect();
            kinds.sort();
            kinds.dedup();
            kinds.join(", ")
        }
        TrialError::Range { .. } => "numbers further apart than 16 bits".into(),
        TrialError::Program { source } => source.to_string(),
        TrialError::Sample { .. } => error.to_string(),
    }
}

/// The graph of a file. Inputs whose numbers decide shapes are fixed to those of the test: the tests hand even the axes of a
/// sum over as an input.
fn read(bytes: &[u8], inputs: &[Tensor], constants: &BTreeMap<String, Tensor>) -> Result<Graph, GraphError> {
    let names = graph_inputs(bytes)?;
    let shapes = names.iter().zip(inputs).map(|(name, input)| (name.clone(), input.shape().to_vec()));
    let mut options =
        Options { shapes: shapes.collect(), constants: constants.clone(), ..Options::default() };
    loop {
        let refused = match Graph::read(bytes, &options) {
            Err(GraphError::Obstacles { obstacles }) => obstacles,
            other => return other,
        };
        let before = options.constants.len();
        for obstacle in &refused {
            if let Cause::ShapeFromData { tensor } = &obstacle.cause
                && let Some(input) =
                    names.iter().position(|name| name == tensor).and_then(|index| inputs.get(index))
            {
                options.constants.insert(tensor.clone(), input.clone());
            }
        }
        if options.constants.len() == before {
            return Err(GraphError::Obstacles { obstacles: refused });
        }
    }
}

/// The operators of the file, or `(expanded)` for an operator that is written out as a graph of others.
fn subject(name: &str, bytes: &[u8]) -> String {
    let operators = candor_compiler::graph::operators(bytes).unwrap_or_default();
    match operators.as_slice() {
        _ if name.contains("_expanded") => "(expanded)".into(),
        [only] => only.clone(),
        [] => "(unreadable)".into(),
        several => several.last().cloned().unwrap_or_default(),
    }
}

/// Kinds of the obstacles, without the names of nodes.
fn reason(error: &GraphError) -> String {
    let GraphError::Obstacles { obstacles } = error else { return "no operator set of ONNX itself".into() };
    let mut kinds: Vec<String> = obstacles.iter().map(kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds.join(", ")
}

fn kind(obstacle: &Obstacle) -> String {
    match &obstacle.cause {
        Cause::Operator | Cause::OperatorVersion { .. } => format!("{} is not supported", obstacle.operator),
        Cause::ElementType { got, .. } if got == "UNDEFINED" => "a sequence or optional".into(),
        Cause::ElementType { .. } => "a float or integer of 8 bits or fewer".into(),
        Cause::AttributeValue { attribute, got, .. } if got.starts_with("number") => {
            format!("{attribute}: a float or integer of 8 bits or fewer")
        }
        Cause::AttributeValue { attribute, got, .. } => format!("{attribute} {got}"),
        Cause::Value { got, .. } => got.clone(),
        Cause::Subgraph { .. } => "control flow".into(),
        Cause::ShapeFromData { .. } => "its shape depends on data".into(),
        Cause::Domain { domain } => format!("domain {domain}"),
        cause => cause.to_string(),
    }
}

fn run_set(bytes: &[u8], set: &Path) -> Result<(), Outcome> {
    let inputs = tensors(set, "input");
    let known = inputs.as_deref().unwrap_or_default();
    let graph = read(bytes, known, &BTreeMap::new()).map_err(|error| Outcome::Refused(reason(&error)))?;
    let (inputs, expected) = (inputs?, tensors(set, "output")?);
    let free = free(bytes, &graph, inputs);
    let outputs = graph.evaluate(&free).map_err(|obstacle| Outcome::Failed(obstacle.to_string()))?;
    if outputs.len() != expected.len() {
        return Err(Outcome::Failed(format!("{} outputs, expected {}", outputs.len(), expected.len())));
    }
    for (index, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
        compare(output, expected).map_err(|why| Outcome::Failed(format!("output {index}: {why}")))?;
    }
    Ok(())
}

/// The tensors of the inputs that the graph was not fixed to.
fn free(bytes: &[u8], graph: &Graph, inputs: Vec<Tensor>) -> Vec<Tensor> {
    let names = graph_inputs(bytes).unwrap_or_default();
    let left: Vec<&str> = graph.inputs().iter().map(|&index| graph.values()[index].name.as_str()).collect();
    let tensors = names.iter().zip(inputs).filter(|(name, _)| left.contains(&name.as_str()));
    tensors.map(|(_, input)| input).collect()
}

/// The tensors `kind_0.pb`, `kind_1.pb`, and so on.
fn tensors(set: &Path, kind: &str) -> Result<Vec<Tensor>, Outcome> {
    let mut tensors = Vec::new();
    while let Ok(bytes) = fs::read(set.join(format!("{kind}_{}.pb", tensors.len()))) {
        tensors.push(read_tensor(&bytes).map_err(|error| Outcome::Refused(reason(&error)))?);
    }
    Ok(tensors)
}

fn compare(got: &Tensor, expected: &Tensor) -> Result<(), String> {
    if got.element_type() != expected.element_type() || got.shape() != expected.shape() {
        let describe = |tensor: &Tensor| format!("{} {:?}", tensor.element_type(), tensor.shape());
        return Err(format!("{}, expected {}", describe(got), describe(expected)));
    }
    let relative = match expected.element_type() {
        ElementType::Float16 => RELATIVE_FLOAT16,
        ElementType::Bfloat16 => RELATIVE_BFLOAT16,
        _ => RELATIVE,
    };
    if let (Data::Float(got), Data::Float(expected)) = (got.data(), expected.data()) {
        let close = |(got, expected): (&f64, &f64)| {
            got == expected
                || (got.is_nan() && expected.is_nan())
                || (got - expected).abs() <= ABSOLUTE + relative * expected.abs()
        };
        return match got.iter().zip(expected).position(|pair| !close(pair)) {
            None => Ok(()),
            Some(index) => Err(format!("{} at {index}, expected {}", got[index], expected[index])),
        };
    }
    if got.data() == expected.data() {
        Ok(())
    } else {
        Err(format!("{:?}, expected {:?}", got.data(), expected.data()))
    }
}
