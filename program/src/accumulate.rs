//! The accumulators of an affine operator, in exact values or in bounds: one loop over the plan serves both.

use crate::card::OperatorWeights;
use crate::plan::{Left, NOTHING, Reads, TermPlan};

/// What tensors hold, and how it is summed.
pub(crate) trait Numbers {
    /// A tensor's value.
    type Value: Copy;
    /// A sum of products of values.
    type Sum: Copy;
    /// The value of padding.
    const ZERO: Self::Value;
    /// A bias.
    fn bias(bias: i64) -> Self::Sum;
    /// Adds.
    fn add(sum: &mut Self::Sum, other: Self::Sum);
    /// Sum of values.
    fn total(values: &[Self::Value]) -> Self::Sum;
    /// Sum of weights times values.
    fn dot(weights: &[i32], values: &[Self::Value]) -> Self::Sum;
    /// Sum of products of values.
    fn products(left: &[Self::Value], right: &[Self::Value]) -> Self::Sum;
    /// A multiple of a sum.
    fn times(coefficient: i32, sum: Self::Sum) -> Self::Sum;
}

/// Accumulators of one operator. Shapes: one value each of the output; `tensors` are all earlier ones.
///
/// A weight, bias or source that is absent counts as zero.
pub(crate) fn accumulate<N: Numbers>(
    width: usize,
    terms: &[TermPlan],
    weights: &OperatorWeights,
    tensors: &[Vec<N::Value>],
) -> Vec<N::Sum> {
    let mut sums: Vec<N::Sum> = weights.bias.iter().map(|bias| N::bias(*bias)).collect();
    sums.resize(width, N::bias(0));
    let mut matrices = weights.dense.iter();
    for term in terms {
        let matrix = match term.left {
            Left::Weights(_) => matrices.next().map_or(&[][..], Vec::as_slice),
            Left::One | Left::Tensor(_) => &[],
        };
        add_term::<N>(&mut sums, term, matrix, tensors);
    }
    sums
}

fn add_term<N: Numbers>(sums: &mut [N::Sum], term: &TermPlan, matrix: &[i32], tensors: &[Vec<N::Value>]) {
    let [shared, left, right] = &term.output;
    let (summed, values) = (term.summed, tensor::<N>(tensors, &term.right));
    let mut buffers = (Vec::with_capacity(summed), Vec::with_capacity(summed));
    for (s, shared_share) in shared.iter().enumerate() {
        for (r, right_share) in right.iter().enumerate() {
            let column =
                read::<N>(&term.right, values, (s * right.len() + r) * summed, summed, &mut buffers.0);
            for (l, left_share) in left.iter().enumerate() {
                let sum = match &term.left {
                    Left::One => N::times(term.coefficient, N::total(column)),
                    Left::Weights(rows) => {
                        let row = rows.get(s * left.len() + l).map_or(usize::MAX, |row| *row as usize);
                        let start = row.saturating_mul(summed);
                        N::dot(matrix.get(start..start.saturating_add(summed)).unwrap_or(&[]), column)
                    }
                    Left::Tensor(reads) => {
                        let values = tensor::<N>(tensors, reads);
                        let start = (s * left.len() + l) * summed;
                        let row = read::<N>(reads, values, start, summed, &mut buffers.1);
                        N::times(term.coefficient, N::products(row, column))
                    }
                };
                let position = shared_share.saturating_add(*left_share).saturating_add(*right_share);
                if let Some(total) = sums.get_mut(position as usize) {
                    N::add(total, sum);
                }
            }
        }
    }
}

fn tensor<'a, N: Numbers>(tensors: &'a [Vec<N::Value>], reads: &Reads) -> &'a [N::Value] {
    tensors.get(usize::from(reads.source.0)).map_or(&[], Vec::as_slice)
}

/// `count` values from `start` of a reading order.
fn read<'a, N: Numbers>(
    reads: &Reads,
    values: &'a [N::Value],
    start: usize,
    count: usize,
    buffer: &'a mut Vec<N::Value>,
) -> &'a [N::Value] {
    if reads.in_order {
        return values.get(start..start + count).unwrap_or(&[]);
    }
    let value = |index: &u32| match *index {
        NOTHING => N::ZERO,
        index => values.get(index as usize).copied().unwrap_or(N::ZERO),
    };
    buffer.clear();
    buffer.extend(reads.indices.get(start..start + count).unwrap_or(&[]).iter().map(value));
    buffer
}

/// Exact values: sums are exact where the true ones fit an `i64`, which interval analysis ensures.
pub(crate) struct Exact;

impl Numbers for Exact {
    type Value = i32;
    type Sum = i64;
    const ZERO: i32 = 0;
    fn bias(bias: i64) -> i64 {
        bias
    }
    fn add(sum: &mut i64, other: i64) {
        *sum = sum.wrapping_add(other);
    }
    fn total(values: &[i32]) -> i64 {
        values.iter().fold(0, |sum, value| sum.wrapping_add(i64::from(*value)))
    }
    fn dot(weights: &[i32], values: &[i32]) -> i64 {
        products(weights, values)
    }
    fn products(left: &[i32], right: &[i32]) -> i64 {
        products(left, right)
    }
    fn times(coefficient: i32, sum: i64) -> i64 {
        i64::from(coefficient).wrapping_mul(sum)
    }
}

/// Sum of products mod 2^64. A product of two `i32` fits an `i64`, so the sum is exact wherever the true one fits.
fn products(left: &[i32], right: &[i32]) -> i64 {
    const LANES: usize = 4;
    let product = |left: &i32, right: &i32| i64::from(*left) * i64::from(*right);
    let (left_blocks, right_blocks) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest = left_blocks.remainder().iter().zip(right_blocks.remainder());
    let rest = rest.fold(0_i64, |sum, (left, right)| sum.wrapping_add(product(left, right)));
    let mut lanes = [0_i64; LANES];
    for (left, right) in left_blocks.zip(right_blocks) {
        for lane in 0..LANES {
            lanes[lane] = lanes[lane].wrapping_add(product(&left[lane], &right[lane]));
        }
    }
    lanes.iter().fold(rest, |sum, lane| sum.wrapping_add(*lane))
}

/// Bounds of one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) min: i32,
    pub(crate) max: i32,
}

/// Bounds of sums: at most 2^30 products below 2^63, times a coefficient below 2^31, fit an `i128`.
pub(crate) struct Bounded;

impl Numbers for Bounded {
    type Value = Bounds;
    type Sum = (i128, i128);
    const ZERO: Bounds = Bounds { min: 0, max: 0 };
    fn bias(bias: i64) -> (i128, i128) {
        (bias.into(), bias.into())
    }
    fn add((low, high): &mut (i128, i128), other: (i128, i128)) {
        *low = low.saturating_add(other.0);
        *high = high.saturating_add(other.1);
    }
    fn total(values: &[Bounds]) -> (i128, i128) {
        let add = |(low, high): (i128, i128), value: &Bounds| {
            (low + i128::from(value.min), high + i128::from(value.max))
        };
        values.iter().fold((0, 0), add)
    }
    fn dot(weights: &[i32], values: &[Bounds]) -> (i128, i128) {
        weights.iter().zip(values).fold((0, 0), |(low, high), (weight, bounds)| {
            let ends = [bounds.min, bounds.max].map(|end| i64::from(*weight) * i64::from(end));
            (low + i128::from(ends[0].min(ends[1])), high + i128::from(ends[0].max(ends[1])))
        })
    }
    fn products(left: &[Bounds], right: &[Bounds]) -> (i128, i128) {
        left.iter().zip(right).fold((0, 0), |(low, high), (a, b)| {
            let corner = |a: i32, b: i32| i64::from(a) * i64::from(b);
            let corners =
                [corner(a.min, b.min), corner(a.min, b.max), corner(a.max, b.min), corner(a.max, b.max)];
            let least = corners.iter().fold(i64::MAX, |least, corner| least.min(*corner));
            let most = corners.iter().fold(i64::MIN, |most, corner| most.max(*corner));
            (low + i128::from(least), high + i128::from(most))
        })
    }
    fn times(coefficient: i32, (low, high): (i128, i128)) -> (i128, i128) {
        let ends = [low, high].map(|end| end.saturating_mul(coefficient.into()));
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }
}
