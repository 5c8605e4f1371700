//! Programs whose weights are refused: sizes, and values that could leave the proven range.

use crate::sample;
use candor_program::interval::{Interval, ProgramError, analyse};
use candor_program::operator::Rescale;
use candor_program::{Program, limits};

fn validated(change: impl FnOnce(&mut Program)) -> Result<(), ProgramError> {
    let mut program = sample::program();
    change(&mut program);
    program.validate()
}

fn refused(change: impl FnOnce(&mut Program)) -> ProgramError {
    validated(change).unwrap_err()
}

#[test]
fn the_sample_is_valid() {
    assert_eq!(validated(|_| ()), Ok(()));
}

#[test]
fn the_card_is_checked_first() {
    assert_eq!(
        refused(|program| program.card.class.state_size = 0),
        ProgramError::StateSize { expected: 4, got: 0 }
    );
}

#[test]
fn weight_operators() {
    let error = ProgramError::WeightOperators { expected: 2, got: 1 };
    assert_eq!(refused(|program| program.weights.operators.truncate(1)), error);
}

#[test]
fn weight_matrices() {
    let error = |got| ProgramError::WeightMatrices { operator: 1, expected: 1, got };
    assert_eq!(refused(|program| program.weights.operators[1].dense.clear()), error(0));
    assert_eq!(refused(|program| program.weights.operators[1].dense.push(vec![])), error(2));
}

#[test]
fn weight_shape() {
    let error = |got| ProgramError::WeightShape { operator: 1, matrix: 0, expected: 12, got };
    assert_eq!(refused(|program| program.weights.operators[1].dense[0].push(0)), error(13));
    assert_eq!(refused(|program| program.weights.operators[1].dense[0].truncate(11)), error(11));
}

#[test]
fn bias_shape() {
    let error = ProgramError::BiasShape { operator: 0, expected: 4, got: 5 };
    assert_eq!(refused(|program| program.weights.operators[0].bias.push(0)), error);
}

/// One output, `bias + weight * x`, `x` up to the span.
fn single(weight: i32, span: u16, bias: i64, rescale: Rescale) -> Program {
    let mut program = sample::program();
    program.card.features.truncate(1);
    (program.card.features[0].min, program.card.features[0].max) = (-5, i64::from(span) - 5);
    program.weights.operators.truncate(1);
    sample::set_model(
        &mut program.card,
        &[1],
        vec![sample::affine(&[1], vec![sample::dense(0, 1)], rescale)],
    );
    program.weights.operators[0].dense = vec![vec![weight]];
    program.weights.operators[0].bias = vec![bias];
    program
}

#[test]
fn accumulator() {
    let limit = limits::ACCUMULATOR as i64;
    let error = Err(ProgramError::Accumulator { operator: 0, position: 0 });
    let rescale = Rescale { multiplier: 1, low: 0 };
    for (weight, bias) in
        [(0, limit), (0, -limit), (1, limit - 10), (-1, 10 - limit), (0, i64::MIN), (1, i64::MAX)]
    {
        assert_eq!(analyse(&single(weight, 10, bias, rescale)), error, "{weight} {bias}");
    }
    // One less is in the range of accumulators; its saturation is not.
    let error = Err(ProgramError::Excess { operator: 0, position: 0 });
    for (weight, bias) in [(0, limit - 1), (0, 1 - limit), (1, limit - 11), (-1, 11 - limit)] {
        assert_eq!(analyse(&single(weight, 10, bias, rescale)), error, "{weight} {bias}");
    }
}

#[test]
fn excess() {
    let rescale = Rescale { multiplier: 65_536, low: -32_768 };
    let error = Err(ProgramError::Excess { operator: 0, position: 0 });
    let (highest, lowest) = (32_767 + (1 << 24) - 1, -32_768 - (1 << 24) + 1);
    for (weight, bias) in [(0, highest), (7, highest - 70), (0, lowest), (-7, lowest + 70)] {
        assert!(analyse(&single(weight, 10, bias, rescale)).is_ok());
        let beyond = if bias > 0 { 1 } else { -1 };
        assert_eq!(analyse(&single(weight, 10, bias + beyond, rescale)), error);
    }
    let mut program = sample::program();
    program.weights.operators[1].bias[2] = 1 << 45;
    assert_eq!(program.validate(), Err(ProgramError::Excess { operator: 1, position: 2 }));
}

#[test]
fn intervals_are_exact_for_one_weight() {
    let rescale = Rescale { multiplier: 32_768, low: -100 };
    let interval = |weight, bias| analyse(&single(weight, 10, bias, rescale)).unwrap()[0];
    let expected = |accumulator_min, accumulator_max, output_min, output_max| Interval {
        accumulator_min,
        accumulator_max,
        output_min,
        output_max,
    };
    assert_eq!(interval(3, -7), expected(-7, 23, -3, 12));
    assert_eq!(interval(-3, 7), expected(-23, 7, -11, 4));
    assert_eq!(interval(-50, 0), expected(-500, 0, -100, 0));
    assert_eq!(interval(i32::MIN / 1_000, 0).output_min, -100);
}

#[test]
fn intervals_pass_through_layers() {
    let mut program = sample::program();
    let intervals = analyse(&program).unwrap();
    assert_eq!(intervals.len(), 2);
    // Position 2 of layer 0: 7 * 10000 + 2 * 1100 above, 7 * 65535 below; position 3 goes to 5000.
    assert_eq!((intervals[0].accumulator_min, intervals[0].accumulator_max), (-7 * 65_535, 72_200));
    assert_eq!((intervals[0].output_min, intervals[0].output_max), (0, 44_067));
    program.weights.operators[0].bias = vec![0; 3];
    assert!(analyse(&program).is_err());
}
