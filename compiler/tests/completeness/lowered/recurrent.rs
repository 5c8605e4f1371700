//! Recurrent nets as integers: every kind, direction and attribute.

use crate::lowered::{Lowered, lower};
use crate::support::{Case, cases, f, int, node};
use candor_compiler::graph::Operand::{self, Constant, Input};
use candor_program::class::OperatorClass;

/// A case with X as the input; states too where `states` says so.
fn lowered(case: &Case, states: bool, output: usize) -> Lowered {
    let operands: Vec<Operand<'_>> = case
        .inputs
        .iter()
        .enumerate()
        .map(|(index, tensor)| match tensor {
            None => Operand::Absent,
            Some(tensor) if index == 0 || states && (5..7).contains(&index) => Input(tensor),
            Some(tensor) => Constant(tensor),
        })
        .collect();
    lower(&case.node, &operands, output).unwrap()
}

fn cases_of(operators: &[&str]) -> Vec<Case> {
    cases().into_iter().filter(|case| operators.contains(&case.node.operator.as_str())).collect()
}

#[test]
fn every_case_follows_the_floats() {
    for (number, case) in cases_of(&["RNN", "GRU", "LSTM"]).iter().enumerate() {
        for output in 0..case.outputs.len() {
            let lowered = lowered(case, false, output);
            // Functions without an end grow from step to step, beyond what other inputs saw; those they saw are compared.
            let ends = !case.node.attributes.has("activations");
            let got = if ends { lowered.worst(output) } else { lowered.trial.worst_error() };
            let largest = if ends { 1.0 } else { lowered.trial.largest().max(1.0) };
            assert!(got < 3e-3 * largest, "case {number}, {}, output {output}: {got}", case.node.operator);
        }
    }
}

#[test]
fn initial_states_may_be_inputs() {
    let with_states = |case: &&Case| case.inputs.get(5).is_some_and(Option::is_some);
    let cases = cases_of(&["GRU", "LSTM"]);
    let mut compared = 0;
    for case in cases.iter().filter(with_states) {
        let got = lowered(case, true, 0).worst(0);
        assert!(got < 3e-3, "{}: {got}", case.node.operator);
        compared += 1;
    }
    assert!(compared >= 6);
}

#[test]
fn one_table_serves_all_gates_of_all_steps() {
    for kind in ["RNN", "GRU", "LSTM"] {
        let case = cases_of(&[kind]).into_iter().find(|case| {
            case.node.attributes.names().all(|name| matches!(name, "direction" | "hidden_size"))
        });
        let lowered = lowered(&case.unwrap(), false, 1);
        let operators = &lowered.trial.program().card.class.operators;
        let lookups = operators.iter().filter(|operator| matches!(operator, OperatorClass::Lookup { .. }));
        assert_eq!(lowered.trial.program().card.class.tables, 1, "{kind}");
        // One of all gates, and one of the new state: GRU's candidate, LSTM's cell.
        let each = if kind == "RNN" { 1 } else { 2 };
        assert_eq!(lookups.count(), 4 * each, "{kind}");
    }
}

#[test]
fn batches_may_stand_first() {
    let x = f(&[2, 3, 1], &[0.5, -1.0, 2.0, 0.0, 1.5, -0.5]);
    let (w, r) = (f(&[1, 2, 1], &[0.7, -0.3]), f(&[1, 2, 2], &[0.1, 0.4, -0.6, 0.2]));
    let node = node("RNN").with("layout", int(1)).with_outputs(2);
    let lowered = lower(&node, &[Input(&x), Constant(&w), Constant(&r)], 0).unwrap();
    assert!(lowered.worst(0) < 2e-4);
}

#[test]
fn long_sequences_are_put_together_in_parts() {
    let steps = 150;
    let x: Vec<f64> = (0..steps).map(|step| f64::from(step % 7) / 4.0 - 0.75).collect();
    let x = f(&[150, 1, 1], &x);
    let (w, r) = (f(&[1, 2, 1], &[0.7, -0.3]), f(&[1, 2, 2], &[0.1, 0.4, -0.6, 0.2]));
    let lowered = lower(&node("RNN").with_outputs(2), &[Input(&x), Constant(&w), Constant(&r)], 0).unwrap();
    assert!(lowered.worst(0) < 5e-4);
}
