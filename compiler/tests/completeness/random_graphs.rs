//! Graphs that nobody would draw: random wiring of every linear operator and ReLU, against a plain interpreter of the same
//! nodes written here.

use crate::support::{Numbers, manifest, model, node, program, run, setup, source, weights};
use candor_compiler::lower;
use rten_onnx::onnx::{NodeProto, TensorProto};
use std::collections::BTreeMap;

const WIDTH: usize = 5;

/// A random graph of `x` to `y`, and what it computes.
struct Graph {
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
    steps: Vec<(String, Step)>,
}

enum Step {
    Linear(String, Vec<f32>),
    Entry(&'static str, String, Vec<f32>),
    Both(bool, String, String),
    Relu(String),
}

fn graph(numbers: &mut Numbers) -> Graph {
    let mut graph = Graph { nodes: Vec::new(), tensors: Vec::new(), steps: Vec::new() };
    let mut names = vec!["x".to_owned()];
    let count = 3 + numbers.below(10);
    for index in 0..count {
        let output = if index + 1 == count { "y".to_owned() } else { format!("t{index}") };
        let constant = format!("c{index}");
        // Mostly the newest value, so that little is unused.
        let pick = |numbers: &mut Numbers| {
            let back = if numbers.below(3) == 0 { numbers.below(names.len()) } else { 0 };
            names[names.len() - 1 - back].clone()
        };
        let (left, right) = (pick(numbers), pick(numbers));
        let (node, step) = match numbers.below(8) {
            0..=2 => {
                let values: Vec<f32> = (0..WIDTH * WIDTH).map(|_| numbers.unit()).collect();
                graph.tensors.push(weights(&constant, &[WIDTH as i64, WIDTH as i64], &values));
                (node("MatMul", &[&left, &constant], &output), Step::Linear(left, values))
            }
            3 | 4 => {
                let operator = ["Add", "Sub", "Mul", "Div"][numbers.below(4)];
                let values: Vec<f32> = (0..WIDTH).map(|_| numbers.unit() + 1.5).collect();
                graph.tensors.push(weights(&constant, &[WIDTH as i64], &values));
                (node(operator, &[&left, &constant], &output), Step::Entry(operator, left, values))
            }
            5 => (node("Add", &[&left, &right], &output), Step::Both(true, left, right)),
            6 => (node("Sub", &[&left, &right], &output), Step::Both(false, left, right)),
            _ => (node("Relu", &[&left], &output), Step::Relu(left)),
        };
        graph.nodes.push(node);
        graph.steps.push((output.clone(), step));
        names.push(output);
    }
    graph
}

fn evaluate(graph: &Graph, input: &[f64]) -> Vec<f64> {
    let mut values = BTreeMap::from([("x".to_owned(), input.to_vec())]);
    for (output, step) in &graph.steps {
        let value: Vec<f64> = match step {
            Step::Linear(source, weights) => (0..WIDTH)
                .map(|column| {
                    (0..WIDTH).map(|row| values[source][row] * f64::from(weights[row * WIDTH + column])).sum()
                })
                .collect(),
            Step::Entry(operator, source, constants) => values[source]
                .iter()
                .zip(constants)
                .map(|(x, constant)| match *operator {
                    "Add" => x + f64::from(*constant),
                    "Sub" => x - f64::from(*constant),
                    "Mul" => x * f64::from(*constant),
                    _ => x / f64::from(*constant),
                })
                .collect(),
            Step::Both(add, left, right) => {
                let sign = if *add { 1.0 } else { -1.0 };
                values[left].iter().zip(&values[right]).map(|(left, right)| left + sign * right).collect()
            }
            Step::Relu(source) => values[source].iter().map(|x| x.max(0.0)).collect(),
        };
        values.insert(output.clone(), value);
    }
    values["y"].clone()
}

#[test]
fn random_graphs_stay_close_to_a_plain_interpreter() {
    let mut numbers = Numbers(11);
    let text = manifest(WIDTH, WIDTH);
    for round in 0..300 {
        let graph = graph(&mut numbers);
        let bytes = model(WIDTH as i64, WIDTH as i64, graph.nodes.clone(), graph.tensors.clone());
        let lowered = lower(&source(&text, bytes), &setup())
            .unwrap_or_else(|error| panic!("{round}: {error}\n{:?}", graph.nodes));
        program(&lowered).validate().unwrap();
        let mut inputs: Vec<Vec<u16>> =
            (0..20).map(|_| (0..WIDTH).map(|_| numbers.below(60_001) as u16).collect()).collect();
        inputs.push(vec![0; WIDTH]);
        inputs.push(vec![60_000; WIDTH]);
        // The largest magnitude of any value that is worth a bit: that of the widest operator.
        let widest = lowered.report.operators.iter().map(|operator| operator.highest).fold(0.0, f64::max);
        for input in inputs {
            let real: Vec<f64> = input.iter().map(|x| (f64::from(*x) - 30_000.0) / 10_000.0).collect();
            let expected = evaluate(&graph, &real);
            for (output, expected) in run(&lowered, &input).iter().zip(&expected) {
                let error = (output - expected).abs() / widest;
                assert!(error < 1e-3, "{round}: {error}\n{:?}\n{}", graph.nodes, lowered.report);
            }
        }
    }
}
