//! An evaluator written a second time, in plain big integers and another order, agrees on random and extreme programs.
//!
//! `CANDOR_CAMPAIGN=full cargo test -p candor-program --test completeness reference` runs 100 000 evaluations instead
//! of 10 000.

use crate::sample::{self, Numbers};
use candor_program::Program;
use candor_program::card::{OperatorWeights, Weights};
use candor_program::class::TensorId;
use candor_program::evaluate::execute;
use candor_program::interval::{Interval, ProgramError, analyse};
use candor_program::operator::{Affine, Operator, Rescale, Term};
use num_bigint::BigInt;

/// All tensors: columns before rows, division before comparison.
fn evaluate(program: &Program, input: &[u16]) -> Vec<Vec<BigInt>> {
    let mut tensors: Vec<Vec<BigInt>> = vec![input.iter().map(|value| BigInt::from(*value)).collect()];
    for (Operator::Affine(affine), weights) in program.card.operators.iter().zip(&program.weights.operators) {
        let width = affine.width as usize;
        let mut sums = vec![BigInt::ZERO; width];
        let mut matrix = 0;
        for term in &affine.terms {
            match term {
                Term::Dense { source } => {
                    let values = &tensors[usize::from(source.0)];
                    for (column, value) in values.iter().enumerate() {
                        for (row, sum) in sums.iter_mut().enumerate() {
                            *sum += BigInt::from(weights.dense[matrix][row * values.len() + column]) * value;
                        }
                    }
                    matrix += 1;
                }
                Term::Scaled { source, coefficient } => {
                    for (row, sum) in sums.iter_mut().enumerate() {
                        *sum += &tensors[usize::from(source.0)][row] * *coefficient;
                    }
                }
            }
        }
        let low = BigInt::from(affine.rescale.low);
        let high: BigInt = &low + 65_535;
        let rescaled = sums.into_iter().zip(&weights.bias).map(|(sum, bias)| {
            let scaled = (sum + *bias) * affine.rescale.multiplier;
            floor(scaled * 2 + 65_536, 131_072).clamp(low.clone(), high.clone())
        });
        tensors.push(rescaled.collect());
    }
    tensors
}

/// Division rounded towards minus infinity (that of `BigInt` rounds towards zero).
fn floor(dividend: BigInt, divisor: i64) -> BigInt {
    let quotient = &dividend / divisor;
    if &quotient * divisor > dividend { quotient - 1 } else { quotient }
}

/// `-2^bits` to `2^bits`, often an end; 31 bits are those of `i32`.
fn random_weight(numbers: &mut Numbers, bits: u32) -> i32 {
    let (min, max) = if bits < 31 { (-(1 << bits), 1 << bits) } else { (i32::MIN, i32::MAX) };
    match numbers.next() % 8 {
        0 => 0,
        1 => max,
        2 => min,
        _ => numbers.between(min.into(), max.into()) as i32,
    }
}

/// A random program whose values stay in range, as interval analysis sees it.
fn random_program(numbers: &mut Numbers) -> Program {
    let width = |numbers: &mut Numbers| numbers.between(1, 40) as u32;
    let mut program = sample::program();
    let card = &mut program.card;
    // Only where the input is small do the largest weights stay in range.
    let spans = if numbers.chance(4) { [0, 0, 0, 1, 1, 3] } else { [0, 1, 10, 255, 40_000, 65_535] };
    card.features = (0..width(numbers))
        .map(|index| {
            let span = spans[(numbers.next() % 6) as usize];
            let min = [0, -7, i64::MIN, i64::MAX - span][(numbers.next() % 4) as usize];
            sample::feature(&format!("f{index}"), 0, "/x", 0, min, min + span)
        })
        .collect();
    (card.operators, program.weights) = (vec![], Weights { operators: vec![] });
    for operator in 0..numbers.between(1, 4) as u16 {
        // Residual connections need equal widths, so they are made often.
        let source = |numbers: &mut Numbers| TensorId(numbers.between(0, operator.into()) as u16);
        let residual = source(numbers);
        let same = numbers.chance(2).then(|| program.card.tensor_width(residual)).flatten();
        let width = same.unwrap_or_else(|| width(numbers));
        let mut terms = vec![Term::Dense { source: TensorId(operator) }];
        if same.is_some() {
            let bits = numbers.between(0, 31) as u32;
            let coefficient = random_weight(numbers, bits);
            terms.push(Term::Scaled { source: residual, coefficient });
        }
        if numbers.chance(4) {
            terms.insert(0, Term::Dense { source: source(numbers) });
        }
        append(numbers, &mut program, Affine { width, terms, rescale: Rescale { multiplier: 1, low: 0 } });
    }
    program
}

/// Adds the operator with random weights as large as interval analysis lets them be.
fn append(numbers: &mut Numbers, program: &mut Program, mut affine: Affine) {
    affine.rescale.low = [0, -32_768, -65_535, -1][(numbers.next() % 4) as usize];
    let mut bits = numbers.between(0, 40).min(31) as u32;
    loop {
        let weights = OperatorWeights {
            dense: affine
                .terms
                .iter()
                .filter_map(|term| match term {
                    Term::Dense { source } => program.card.tensor_width(*source),
                    Term::Scaled { .. } => None,
                })
                .map(|columns| (0..columns * affine.width).map(|_| random_weight(numbers, bits)).collect())
                .collect(),
            bias: (0..affine.width).map(|_| i64::from(random_weight(numbers, bits)) << (bits / 4)).collect(),
        };
        affine.rescale.multiplier = 1;
        program.card.operators.push(Operator::Affine(affine.clone()));
        program.weights.operators.push(weights);
        match analyse(program) {
            Ok(intervals) => return widen(numbers, program, intervals.last().unwrap()),
            Err(ProgramError::Excess { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        program.card.operators.pop();
        program.weights.operators.pop();
        if bits == 0 || numbers.chance(8) {
            // A large coefficient of a scaled term alone can be too much.
            affine.terms.retain(|term| matches!(term, Term::Dense { .. }));
        }
        bits = bits.saturating_sub(1);
    }
}

/// Raises the last multiplier to at most the largest that fits, so that little, some or most saturates.
fn widen(numbers: &mut Numbers, program: &mut Program, interval: &Interval) {
    let reach = interval.accumulator_max.max(-interval.accumulator_min).max(1);
    let mut multiplier = ((1_i64 << 40) / reach).clamp(1, u32::MAX.into());
    match numbers.next() % 4 {
        // Powers of two make halves.
        0 => multiplier = 1 << multiplier.ilog2(),
        1 => multiplier = 1 << (multiplier.ilog2() / 2),
        2 => multiplier = numbers.between(1, multiplier),
        _ => {}
    }
    loop {
        let Some(Operator::Affine(affine)) = program.card.operators.last_mut() else { return };
        affine.rescale.multiplier = multiplier as u32;
        if analyse(program).is_ok() {
            return;
        }
        multiplier = (multiplier / 2).max(1);
    }
}

fn random_input(numbers: &mut Numbers, program: &Program) -> Vec<u16> {
    let kind = numbers.next() % 5;
    let value = |numbers: &mut Numbers, span: i64| match kind {
        0 => 0,
        1 => span,
        2 => [0, span][(numbers.next() % 2) as usize],
        _ => numbers.between(0, span),
    };
    program.card.features.iter().map(|feature| value(numbers, feature.span() as i64) as u16).collect()
}

#[derive(Default)]
struct Coverage {
    upward: u64,
    downward: u64,
    halves: u64,
    negative: u64,
    large_weights: u64,
}

fn check(program: &Program, intervals: &[Interval], input: &[u16], coverage: &mut Coverage) {
    let execution = execute(program, input).unwrap();
    let expected = evaluate(program, input);
    assert_eq!(execution.tensors.len(), expected.len());
    for (got, expected) in execution.tensors.iter().zip(&expected) {
        let got: Vec<BigInt> = got.iter().map(|value| BigInt::from(*value)).collect();
        assert_eq!(&got, expected, "{program:?} {input:?}");
    }
    for (index, (Operator::Affine(affine), weights)) in
        program.card.operators.iter().zip(&program.weights.operators).enumerate()
    {
        let interval = intervals[index];
        for accumulator in affine.accumulate(weights, &execution.tensors) {
            assert!((interval.accumulator_min..=interval.accumulator_max).contains(&accumulator));
            let row = affine.rescale.row(accumulator).unwrap();
            assert!((interval.output_min..=interval.output_max).contains(&affine.rescale.output(&row)));
            coverage.upward += u64::from(row.upward);
            coverage.downward += u64::from(row.excess > 0 && !row.upward);
            coverage.halves += u64::from(row.remainder == 0 && row.excess == 0);
            coverage.negative += u64::from(accumulator < 0);
        }
        coverage.large_weights += u64::from(
            weights.dense.iter().flatten().any(|weight| *weight == i32::MAX || *weight == i32::MIN),
        );
    }
}

#[test]
fn reference_agrees_on_random_and_extreme_programs() {
    let full = std::env::var("CANDOR_CAMPAIGN").is_ok_and(|campaign| campaign == "full");
    let programs = if full { 10_000 } else { 1_000 };
    let (mut numbers, mut coverage) = (Numbers(6), Coverage::default());
    for _ in 0..programs {
        let program = random_program(&mut numbers);
        let intervals = analyse(&program).unwrap();
        for _ in 0..10 {
            let input = random_input(&mut numbers, &program);
            check(&program, &intervals, &input, &mut coverage);
        }
    }
    let Coverage { upward, downward, halves, negative, large_weights } = coverage;
    for (what, count) in [
        ("upward saturations", upward),
        ("downward saturations", downward),
        ("exact halves", halves),
        ("negative accumulators", negative),
        ("largest weights", large_weights),
    ] {
        assert!(count > 200, "only {count} {what}");
    }
}

#[test]
fn reference_agrees_on_the_sample() {
    let program = sample::program();
    let intervals = analyse(&program).unwrap();
    let mut numbers = Numbers(7);
    for _ in 0..1_000 {
        let input: Vec<u16> = program
            .card
            .features
            .iter()
            .map(|feature| numbers.between(0, feature.span() as i64) as u16)
            .collect();
        check(&program, &intervals, &input, &mut Coverage::default());
    }
    // Worked out by hand: 4 hidden values, 3 outputs.
    let execution = execute(&program, &[10, 20, 30]).unwrap();
    // acc = 1000 + 30 - 40 + 30, -1000 - 10 + 20, 70 - 140 + 60, 5000 - 150; times 40000 / 65536, rounded, ReLU.
    assert_eq!(execution.tensors[1], [623, 0, 0, 2_960]);
    // acc = 5 + 623 - 2960 - 30, -2 * 623 + 2960 - 60, -5 + 3 * 623 + 2960 - 90; times 21845 / 65536, rounded.
    assert_eq!(execution.tensors[2], [-787, 551, 1_578]);
}
