//! Bounds of every value of a program, for every input in the declared ranges.

pub use crate::validate::{NameDefect, Part, ProgramError};

use crate::card::{OperatorWeights, Program};
use crate::limits;
use crate::operator::{Affine, Operator, Rescale, Term};

/// Bounds of one operator, over all positions of its output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// Lowest accumulator.
    pub accumulator_min: i64,
    /// Highest accumulator.
    pub accumulator_max: i64,
    /// Lowest output.
    pub output_min: i32,
    /// Highest output.
    pub output_max: i32,
}

/// Bounds of one value.
#[derive(Clone, Copy)]
struct Bounds {
    min: i32,
    max: i32,
}

/// Bounds of every operator, in order.
///
/// Shapes: those of the weights are checked here. Owes: [`crate::Card::validate`].
/// Errors: an accumulator that can reach 2^62, or a saturation excess that can reach 2^24.
pub fn analyse(program: &Program) -> Result<Vec<Interval>, ProgramError> {
    program.check_weights()?;
    let card = &program.card;
    let input = card
        .features
        .iter()
        .map(|feature| Bounds { min: 0, max: i32::try_from(feature.span()).unwrap_or(i32::MAX) });
    let mut tensors: Vec<Vec<Bounds>> = vec![input.collect()];
    let mut intervals = Vec::with_capacity(card.operators.len());
    for (operator, (shape, weights)) in card.operators.iter().zip(&program.weights.operators).enumerate() {
        let Operator::Affine(affine) = shape;
        let (interval, bounds) = analyse_affine(operator, affine, weights, &tensors)?;
        intervals.push(interval);
        tensors.push(bounds);
    }
    Ok(intervals)
}

fn analyse_affine(
    operator: usize,
    affine: &Affine,
    weights: &OperatorWeights,
    tensors: &[Vec<Bounds>],
) -> Result<(Interval, Vec<Bounds>), ProgramError> {
    let mut interval = Interval {
        accumulator_min: i64::MAX,
        accumulator_max: i64::MIN,
        output_min: i32::MAX,
        output_max: i32::MIN,
    };
    let mut output = Vec::with_capacity(weights.bias.len());
    for position in 0..weights.bias.len() {
        let (low, high) = accumulator(affine, weights, tensors, position);
        let (Some(low), Some(high)) = (in_range(low), in_range(high)) else {
            return Err(ProgramError::Accumulator { operator, position });
        };
        // The rescale is monotonous, so its extremes are at those of the accumulator.
        let bounds = rescaled(&affine.rescale, low, high);
        let bounds = bounds.ok_or(ProgramError::Excess { operator, position })?;
        interval.accumulator_min = interval.accumulator_min.min(low);
        interval.accumulator_max = interval.accumulator_max.max(high);
        interval.output_min = interval.output_min.min(bounds.min);
        interval.output_max = interval.output_max.max(bounds.max);
        output.push(bounds);
    }
    Ok((interval, output))
}

fn in_range(accumulator: i128) -> Option<i64> {
    if accumulator.abs() < limits::ACCUMULATOR { i64::try_from(accumulator).ok() } else { None }
}

fn rescaled(rescale: &Rescale, low: i64, high: i64) -> Option<Bounds> {
    let (low, high) = (rescale.row(low)?, rescale.row(high)?);
    Some(Bounds { min: rescale.output(&low), max: rescale.output(&high) })
}

/// Lowest and highest accumulator of one position. Sums of at most 2^22 products below 2^63 fit an `i128`.
fn accumulator(
    affine: &Affine,
    weights: &OperatorWeights,
    tensors: &[Vec<Bounds>],
    position: usize,
) -> (i128, i128) {
    let bias = weights.bias.get(position).copied().map_or(0, i128::from);
    let (mut low, mut high) = (bias, bias);
    let mut matrices = weights.dense.iter();
    for term in &affine.terms {
        let source = term.class().source();
        let values = tensors.get(usize::from(source.0)).map_or(&[][..], Vec::as_slice);
        let (term_low, term_high) = match *term {
            Term::Dense { .. } => {
                let matrix = matrices.next().map_or(&[][..], Vec::as_slice);
                let row = matrix.chunks_exact(values.len().max(1)).nth(position).unwrap_or(&[]);
                dot(row, values)
            }
            Term::Scaled { coefficient, .. } => values.get(position).map_or((0, 0), |bounds| {
                let (low, high) = product(coefficient, *bounds);
                (low.into(), high.into())
            }),
        };
        low += term_low;
        high += term_high;
    }
    (low, high)
}

fn dot(row: &[i32], values: &[Bounds]) -> (i128, i128) {
    row.iter().zip(values).fold((0, 0), |(low, high), (weight, bounds)| {
        let (least, most) = product(*weight, *bounds);
        (low + i128::from(least), high + i128::from(most))
    })
}

fn product(weight: i32, bounds: Bounds) -> (i64, i64) {
    let (low, high) = (i64::from(weight) * i64::from(bounds.min), i64::from(weight) * i64::from(bounds.max));
    if weight < 0 { (high, low) } else { (low, high) }
}
