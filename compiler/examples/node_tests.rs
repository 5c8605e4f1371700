//! Runs the ONNX project's backend node tests: every folder `test_*` with a model and its inputs and outputs.
//!
//! cargo run --release -p candor-compiler --example node_tests -- [--failures] FOLDER...

use candor_compiler::graph::{Graph, GraphError, Options, graph_inputs, read_tensor};
use candor_compiler::onnx::{Cause, Obstacle};
use candor_compiler::tensor::{Data, ElementType, Tensor};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What ONNX's own runner allows: an absolute error, and one relative to the expected number.
const ABSOLUTE: f64 = 1e-7;
const RELATIVE: f64 = 1e-3;
/// For numbers of 16 bits: two steps of their last place, since the order of rounding is nobody's rule.
const RELATIVE_FLOAT16: f64 = 2.0 / 1024.0;
const RELATIVE_BFLOAT16: f64 = 2.0 / 128.0;

/// What came of one test.
enum Outcome {
    Passed,
    Refused(String),
    Failed(String),
}

#[derive(Default)]
struct Counts {
    passed: usize,
    refused: BTreeMap<String, usize>,
    failed: usize,
}

fn main() -> io::Result<()> {
    let (mut folders, mut show_failures) = (Vec::new(), false);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--failures" => show_failures = true,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut table: BTreeMap<String, Counts> = BTreeMap::new();
    for folder in &folders {
        let mut tests: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        tests.sort();
        for test in tests.iter().filter(|test| test.join("model.onnx").exists()) {
            let (operator, outcome) = run(test)?;
            let counts = table.entry(operator).or_default();
            let name = test.file_name().unwrap_or_default().to_string_lossy();
            match outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Refused(why) => *counts.refused.entry(why).or_default() += 1,
                Outcome::Failed(why) => {
                    counts.failed += 1;
                    if show_failures {
                        eprintln!("{name}: {why}");
                    }
                }
            }
        }
    }
    print(&table);
    Ok(())
}

fn print(table: &BTreeMap<String, Counts>) {
    println!("| operator | passed | refused | failed | why refused |\n|---|---:|---:|---:|---|");
    let mut totals = [0; 3];
    for (operator, counts) in table {
        let refused: usize = counts.refused.values().sum();
        let why: Vec<String> = counts.refused.iter().map(|(why, count)| format!("{why} ({count})")).collect();
        println!("| {operator} | {} | {refused} | {} | {} |", counts.passed, counts.failed, why.join("; "));
        for (total, count) in totals.iter_mut().zip([counts.passed, refused, counts.failed]) {
            *total += count;
        }
    }
    println!("| **all** | {} | {} | {} | |", totals[0], totals[1], totals[2]);
}

/// The operator that a test is about, and what came of it.
fn run(test: &Path) -> io::Result<(String, Outcome)> {
    let bytes = fs::read(test.join("model.onnx"))?;
    let name = test.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut outcome = Outcome::Passed;
    for set in fs::read_dir(test)? {
        let set = set?.path();
        if set.is_dir()
            && let Err(why) = run_set(&bytes, &set)
        {
            outcome = why;
        }
    }
    Ok((subject(&name, &bytes), outcome))
}

/// The graph of a file. Inputs whose numbers decide shapes are fixed to those of the test: the tests hand even the axes of a
/// sum over as an input.
fn read(bytes: &[u8], inputs: &[Tensor]) -> Result<Graph, GraphError> {
    let names = graph_inputs(bytes)?;
    let shapes = names.iter().zip(inputs).map(|(name, input)| (name.clone(), input.shape().to_vec()));
    let mut options = Options { shapes: shapes.collect(), ..Options::default() };
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
    let graph = read(bytes, known).map_err(|error| Outcome::Refused(reason(&error)))?;
    let (inputs, expected) = (inputs?, tensors(set, "output")?);
    let names = graph_inputs(bytes).unwrap_or_default();
    let left: Vec<&str> = graph.inputs().iter().map(|&index| graph.values()[index].name.as_str()).collect();
    let free: Vec<Tensor> = names
        .iter()
        .zip(inputs)
        .filter(|(name, _)| left.contains(&name.as_str()))
        .map(|(_, input)| input)
        .collect();
    let outputs = graph.evaluate(&free).map_err(|obstacle| Outcome::Failed(obstacle.to_string()))?;
    if outputs.len() != expected.len() {
        return Err(Outcome::Failed(format!("{} outputs, expected {}", outputs.len(), expected.len())));
    }
    for (index, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
        compare(output, expected).map_err(|why| Outcome::Failed(format!("output {index}: {why}")))?;
    }
    Ok(())
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
