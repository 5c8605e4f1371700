//! The transcript against its specification, written out with the reference permutation.

use candor_circuits::channel::Step;
use candor_circuits::transcript::Transcript;
use candor_program::Fr;
use candor_program::poseidon::{permute_reference, tag};
use std::collections::HashSet;

#[test]
fn known_sequence() {
    let element = |value: u64| Fr::from(value);
    let label = |label: u64, number: u64| Fr::from(u128::from(label) + (u128::from(number) << 64));
    let mut transcript = Transcript::<Fr>::new();
    let mut state = [element(tag("candor.1")), element(0), element(0), element(0)];

    transcript.label(1);
    state[0] += label(1, 1);
    transcript.absorb(&[element(10), element(11), element(12), element(13)]);
    for i in 0..3 {
        state[1 + i] += element(10 + i as u64);
    }
    permute_reference(&mut state);
    state[1] += element(13);
    permute_reference(&mut state);
    for expected in &state[1..] {
        assert_eq!(transcript.challenge(), *expected);
    }
    permute_reference(&mut state);
    assert_eq!(transcript.challenge(), state[1]);

    // a label between challenges: the next one depends on it
    transcript.label(7);
    state[0] += label(7, 2);
    permute_reference(&mut state);
    assert_eq!(transcript.challenge(), state[1]);
    // an empty message, then one after a challenge
    transcript.label(8);
    transcript.absorb(&[]);
    transcript.label(9);
    state[0] += label(8, 3) + label(9, 4);
    transcript.absorb(&[element(5)]);
    state[1] += element(5);
    permute_reference(&mut state);
    assert_eq!(transcript.challenge(), state[1]);
}

/// Every step has its own label: no operator, term or round runs into another kind.
#[test]
fn labels_are_injective() {
    let mut seen = HashSet::new();
    let mut insert = |step: Step| assert!(seen.insert(step.label()), "{step:?}");
    for step in [
        Step::Statement,
        Step::WitnessRows,
        Step::Multiplicities,
        Step::HelperRows,
        Step::TableHelper,
        Step::BiasSum,
        Step::LinearValues,
        Step::MappedRows,
        Step::MapMultiplicities,
        Step::MappedValue,
        Step::TableValue,
        Step::Equalities,
        Step::MapHelperRows,
        Step::MapTableHelper,
        Step::Evaluations,
        Step::Folds,
        Step::FoldEvaluations,
        Step::Quotient,
        Step::OpeningPoint,
        Step::Boundary,
    ] {
        insert(step);
    }
    (0..28).for_each(|round| insert(Step::Round(round)));
    (0..20).for_each(|round| insert(Step::TableRound(round)));
    (0..14).for_each(|round| insert(Step::MergeRound(round)));
    // the most operators and terms that a class may have, and more
    for operator in (0..70_000).step_by(233).chain([255, 256, 65_535, 65_536]) {
        for term in [0, 1, 63, 255, 256, 65_535] {
            insert(Step::Weights(operator, term));
            insert(Step::Left(operator, term));
            insert(Step::Source(operator, term));
        }
    }
}
