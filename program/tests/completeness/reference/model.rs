//! The integer program a second time, as docs/spec/program.md tells it: by multi-index, in big integers, last position first.

use candor_program::Program;
use candor_program::card::OperatorWeights;
use candor_program::class::{Group, Input, Operand, OperatorClass, TermClass};
use candor_program::operator::{Affine, Operator};
use num_bigint::BigInt;

/// A tensor: exact extents, and values in row-major order.
struct Tensor {
    extents: Vec<u32>,
    values: Vec<i128>,
}

/// What a program computes.
pub(super) struct Evaluation {
    /// Values of all tensors.
    pub(super) tensors: Vec<Vec<BigInt>>,
    /// Accumulators of every operator; empty for a lookup.
    pub(super) accumulators: Vec<Vec<BigInt>>,
}

/// Position in row-major order.
fn flat(index: &[u32], extents: &[u32]) -> usize {
    assert!(index.iter().zip(extents).all(|(i, extent)| i < extent), "{index:?} {extents:?}");
    index.iter().zip(extents).fold(0, |flat, (i, extent)| flat * *extent as usize + *i as usize)
}

/// The multi-index at a position in row-major order.
fn unflat(mut flat: u64, extents: &[u32]) -> Vec<u32> {
    let mut index = vec![0; extents.len()];
    for (i, extent) in index.iter_mut().zip(extents).rev() {
        *i = (flat % u64::from(*extent)) as u32;
        flat /= u64::from(*extent);
    }
    index
}

/// The multi-index over a group's axes that labels stand for; `None` where the view reads 0.
fn place(group: &Group, labels: &[u32]) -> Option<Vec<u32>> {
    match group {
        Group::Axis { label } => Some(vec![labels[usize::from(*label)]]),
        Group::Window { extents, offset, step, labels: strides } => {
            let size: i128 = extents.iter().map(|extent| i128::from(*extent)).product();
            let moved =
                strides.iter().map(|s| i128::from(s.stride) * i128::from(labels[usize::from(s.label)]));
            let position = i128::from(*offset) + moved.sum::<i128>();
            (0..size).find(|index| index * i128::from(*step) == position).map(|i| unflat(i as u64, extents))
        }
        Group::Listed { extents, labels: listed, indices } => {
            let (mut number, mut combinations) = (0, 1);
            for (label, extent) in listed.iter().rev() {
                number += combinations * labels[usize::from(*label)] as usize;
                combinations *= *extent as usize;
            }
            let size: u64 = extents.iter().map(|extent| u64::from(*extent)).product();
            let index = u64::from(indices[number]);
            (index < size).then(|| unflat(index, extents))
        }
    }
}

/// What an operand reads for these labels.
fn read(operand: &Operand, tensors: &[Tensor], labels: &[u32]) -> i128 {
    let tensor = &tensors[usize::from(operand.source.0)];
    let index: Option<Vec<Vec<u32>>> = operand.groups.iter().map(|group| place(group, labels)).collect();
    index.map_or(0, |index| tensor.values[flat(&index.concat(), &tensor.extents)])
}

/// Every multi-index, the last first.
fn backwards(extents: &[u32]) -> impl Iterator<Item = Vec<u32>> {
    let size: u64 = extents.iter().map(|extent| u64::from(*extent)).product();
    (0..size).rev().map(|flat| unflat(flat, extents))
}

fn accumulator(
    (affine, shapes): (&Affine, &[TermClass]),
    weights: &OperatorWeights,
    tensors: &[Tensor],
    output: &[u32],
) -> BigInt {
    let mut sum = BigInt::from(weights.bias[flat(output, &affine.axes)]);
    let mut matrices = weights.dense.iter().rev();
    for (term, shape) in affine.terms.iter().zip(shapes).rev() {
        let matrix = matches!(shape, TermClass::Weighted { .. }).then(|| matrices.next().unwrap());
        let mut total = 0_i128;
        for summed in backwards(&term.summed) {
            let labels = [output, &summed].concat();
            total += match shape {
                TermClass::Linear { operand, .. } => read(operand, tensors, &labels),
                TermClass::Weighted { weights, operand, .. } => {
                    let own = |all: &[u32]| {
                        weights.iter().map(|label| all[usize::from(*label)]).collect::<Vec<_>>()
                    };
                    let (index, extents) = (own(output), own(&affine.axes));
                    let weight = flat(&[index, summed].concat(), &[extents, term.summed.clone()].concat());
                    i128::from(matrix.unwrap()[weight]) * read(operand, tensors, &labels)
                }
                TermClass::Product { left, right, .. } => {
                    read(left, tensors, &labels) * read(right, tensors, &labels)
                }
            };
        }
        sum += BigInt::from(total) * term.coefficient;
    }
    sum
}

/// All tensors and accumulators.
pub(super) fn evaluate(program: &Program, input: &[u16]) -> Evaluation {
    let card = &program.card;
    let extents = match &card.class.input {
        Input::Vector { .. } => vec![input.len() as u32],
        Input::Tensor { extents } => extents.clone(),
    };
    let input = Tensor { extents, values: input.iter().map(|x| i128::from(*x)).collect() };
    let (mut tensors, mut accumulators) = (vec![input], vec![]);
    let operators = card.operators.iter().zip(&card.class.operators).zip(&program.weights.operators);
    for ((operator, shape), weights) in operators {
        let (tensor, sums) = match (operator, shape) {
            (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) => {
                let mut sums: Vec<BigInt> = backwards(&affine.axes)
                    .map(|output| accumulator((affine, terms), weights, &tensors, &output))
                    .collect();
                sums.reverse();
                let values = sums.iter().map(|sum| rescaled(affine, sum)).collect();
                (Tensor { extents: affine.axes.clone(), values }, sums)
            }
            (Operator::Lookup(lookup), OperatorClass::Lookup { source, table }) => {
                let (source, table) = (usize::from(source.0), &program.weights.tables[usize::from(*table)]);
                let low = i128::from(card.operators[source - 1].affine().unwrap().rescale.low);
                let entry = |x: &i128| i128::from(lookup.low) + i128::from(table[(x - low) as usize]);
                let source = &tensors[source];
                let values = source.values.iter().map(entry).collect();
                (Tensor { extents: source.extents.clone(), values }, vec![])
            }
            _ => panic!("class and card differ"),
        };
        tensors.push(tensor);
        accumulators.push(sums);
    }
    let tensors = tensors.into_iter().map(|tensor| tensor.values.into_iter().map(BigInt::from).collect());
    Evaluation { tensors: tensors.collect(), accumulators }
}

fn rescaled(affine: &Affine, sum: &BigInt) -> i128 {
    let low = BigInt::from(affine.rescale.low);
    let high: BigInt = &low + 65_535;
    let scaled = sum * affine.rescale.multiplier;
    let value = floor(scaled * 2 + 65_536, 131_072).clamp(low, high);
    i128::try_from(value).unwrap()
}

/// Division rounded towards minus infinity (that of `BigInt` rounds towards zero).
fn floor(dividend: BigInt, divisor: i64) -> BigInt {
    let quotient = &dividend / divisor;
    if &quotient * divisor > dividend { quotient - 1 } else { quotient }
}
