//! Tensors longer than a row: their views are vectors over rows and columns, cut between them.

use crate::every_term::{add, operand, window};
use crate::proven::{Proven, reference};
use candor_benches::synthetic::{Random, Shape, features, perceptron};
use candor_circuits::channel::Check;
use candor_circuits::claim::Object;
use candor_circuits::native::ArgumentError;
use candor_circuits::reading::Axes;
use candor_program::class::{Group, TensorId, TermClass};

/// A tensor of 4 by 15 by 16, read as one label of 960, and by a list that goes through it backwards.
fn program() -> candor_program::Program {
    let shape = Shape { widths: &[8, 3], row_log2: 9, residual: false, gain: 1 };
    let (mut program, mut random) = (perceptron(&shape, reference().card(), 5), Random(8));
    program.card.class.operators.clear();
    program.card.operators.clear();
    program.weights.operators.clear();
    let spread = TermClass::Weighted {
        weights: vec![0, 1, 2],
        operand: operand(0, vec![Group::Axis { label: 3 }]),
        contracted: vec![3],
    };
    add(&mut program, &[4, 15, 16], 0, vec![(spread, vec![8], 1)], &mut random);
    let flat = TermClass::Weighted {
        weights: vec![0],
        operand: operand(1, vec![window(&[4, 15, 16], 0, &[(1, 960, 1)])]),
        contracted: vec![10],
    };
    let backwards = Group::Listed {
        extents: vec![4, 15, 16],
        labels: vec![(0, 3), (1, 300)],
        indices: (0..900).rev().map(|index| if index % 7 == 0 { u32::MAX } else { index }).collect(),
    };
    let backwards = TermClass::Linear { operand: operand(1, vec![backwards]), summed: vec![9] };
    let terms = vec![(flat, vec![960], 1), (backwards, vec![300], 1 << 9)];
    add(&mut program, &[3], -32_768, terms, &mut random);
    program
}

#[test]
fn vectors_that_are_cut() {
    for batch_log2 in [0, 1] {
        let program = program();
        let inputs: Vec<_> = (0..1u64 << batch_log2).map(|seed| features(&program, seed)).collect();
        let case = Proven::new(program, &inputs, batch_log2, TensorId(2));
        case.program.validate().unwrap();
        let vars = case.layout.contractions[1].right.axes.iter().map(Axes::vars).max();
        assert!(vars > Some(case.layout.row_log2), "the vector is longer than a row");
        let mut witness = case.witness();
        assert_eq!(case.accepts(&case.prove(&witness)), Ok(()));

        // one value of the tensor is another: its row is wrong, and so is what reads it
        let positions = witness.cells.len() >> 3;
        let place = case.layout.output(TensorId(1)).unwrap();
        assert_eq!(place.object, Object::Witness);
        let cell = positions + (place.place.offset << case.layout.batch_log2) + 700;
        witness.cells[cell] ^= 1;
        assert_eq!(case.accepts(&case.prove(&witness)), Err(ArgumentError::Rejected(Check::Relations)));
    }
}
