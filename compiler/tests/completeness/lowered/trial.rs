//! Trials themselves: features from samples, refusals.

use crate::lowered::lower;
use crate::support::{f, i, node};
use candor_compiler::graph::Graph;
use candor_compiler::graph::Operand::Input;
use candor_compiler::{Trial, TrialError};

#[test]
fn features_hold_as_many_digits_as_their_range_takes() {
    let small = f(&[2], &[-0.25, 0.25]);
    let trial = lower(&node("Identity"), &[Input(&small)], 0).unwrap().trial;
    let feature = &trial.program().card.features[0];
    assert_eq!((feature.decimals, feature.min, feature.max), (5, -25_000, 25_000));
    let whole = i(&[2], &[-3, 900]);
    let trial = lower(&node("Identity"), &[Input(&whole)], 0).unwrap().trial;
    let feature = &trial.program().card.features[0];
    assert_eq!((feature.decimals, feature.min, feature.max), (0, -3, 900));
}

#[test]
fn numbers_too_far_apart_are_refused() {
    let whole = i(&[2], &[-1, 65_535]);
    let refused = lower(&node("Identity"), &[Input(&whole)], 0).map(|_| ()).unwrap_err();
    assert_eq!(refused, TrialError::Range { input: 0, least: -1.0, most: 65_535.0 });
}

#[test]
fn a_sample_of_another_size_is_refused() {
    let graph = Graph::single(&node("Identity"), &[Input(&f(&[2], &[1.0, 2.0]))]).unwrap();
    let refused = Trial::new(&graph, 0, &[vec![1.0, 2.0], vec![1.0]]).map(|_| ()).unwrap_err();
    assert_eq!(refused, TrialError::Sample { sample: 1, expected: 2, got: 1 });
}
