//! Programs and inputs that cannot be run.

use crate::sample;
use candor_program::Program;
use candor_program::evaluate::{ExecuteError, execute};
use candor_program::operator::Operator;

fn refused(program: &Program, input: &[u16]) -> ExecuteError {
    execute(program, input).unwrap_err()
}

#[test]
fn input_width() {
    let error = ExecuteError::InputWidth { expected: 3, got: 4 };
    assert_eq!(refused(&sample::program(), &[0; 4]), error);
}

#[test]
fn input_range() {
    let program = sample::program();
    assert!(execute(&program, &[10_000, 65_535, 1_100]).is_ok());
    let error = ExecuteError::InputRange { index: 0, limit: 10_000, got: 10_001 };
    assert_eq!(refused(&program, &[10_001, 65_535, 1_100]), error);
}

#[test]
fn weight_operators() {
    let mut program = sample::program();
    program.weights.operators.pop();
    assert_eq!(refused(&program, &[0; 3]), ExecuteError::WeightOperators { expected: 2, got: 1 });
}

#[test]
fn excess() {
    let mut program = sample::program();
    program.weights.operators[1].bias[2] = 1 << 62;
    assert_eq!(refused(&program, &[0; 3]), ExecuteError::Excess { operator: 1, position: 2 });
}

#[test]
fn a_program_that_was_never_validated_does_not_panic() {
    let mut program = sample::program();
    program.weights.operators[0].dense.clear();
    program.weights.operators[1].dense[0].truncate(7);
    program.weights.operators[1].bias.truncate(1);
    assert!(execute(&program, &[1; 3]).is_ok());
    for affine in &mut program.card.operators {
        let Operator::Affine(affine) = affine else { continue };
        affine.rescale.low = i32::MAX;
        affine.rescale.multiplier = u32::MAX;
        affine.terms.extend(affine.terms.clone());
    }
    program.weights.operators[0].bias = vec![i64::MAX, i64::MIN];
    program.weights.operators[0].dense = vec![vec![i32::MIN; 100]; 5];
    assert!(execute(&program, &[1; 3]).is_err());
}
