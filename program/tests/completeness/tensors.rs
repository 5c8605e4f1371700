//! Layers that people know, written as terms: each against plain loops.

use crate::sample::{self, Numbers, Summand, linear, operand, product, weighted, window};
use candor_program::Program;
use candor_program::class::{Group, OperatorClass};
use candor_program::evaluate::execute;
use candor_program::operator::{Operator, Rescale};

/// Leaves small numbers as they are.
const SAME: Rescale = Rescale { multiplier: 65_536, low: -32_768 };

fn axis(label: u8) -> Group {
    Group::Axis { label }
}

/// A program of these operators, then one that nobody looks at; random weights from -5 to 5.
fn program(numbers: &mut Numbers, input: &[u32], operators: Vec<(OperatorClass, Operator)>) -> Program {
    let nothing = weighted(&[0], operand(0, vec![window(input, (0, 1), &[])]), &[]);
    let last = sample::affine(&[1], vec![nothing], SAME);
    let mut program = sample::program_of(input, operators.into_iter().chain([last]).collect());
    for weights in &mut program.weights.operators {
        weights.dense.iter_mut().flatten().for_each(|weight| *weight = numbers.between(-5, 5) as i32);
        weights.bias.iter_mut().for_each(|bias| *bias = numbers.between(-9, 9));
    }
    assert_eq!(program.validate(), Ok(()));
    program
}

/// The first operator's output on random inputs is what `expected` makes of them, the weights and the bias.
fn agrees(
    input: &[u32],
    axes: &[u32],
    terms: Vec<Summand>,
    expected: impl Fn(&[i32], &[Vec<i32>], &[i64]) -> Vec<i32>,
) {
    let mut numbers = Numbers(21);
    for _ in 0..20 {
        let program = program(&mut numbers, input, vec![sample::affine(axes, terms.clone(), SAME)]);
        let x: Vec<u16> = program.card.features.iter().map(|_| numbers.between(0, 9) as u16).collect();
        let tensors = execute(&program, &x).unwrap().tensors;
        let x: Vec<i32> = x.into_iter().map(i32::from).collect();
        let weights = &program.weights.operators[0];
        assert_eq!(tensors[1], expected(&x, &weights.dense, &weights.bias));
    }
}

/// 2 channels of 7 by 6, 3 channels out, kernel 3 by 3, stride 2 by 1, padding 1, dilation 1 by 2: 4 by 4.
#[test]
fn convolution() {
    let rows = window(&[7], (-1, 1), &[(1, 4, 2), (4, 3, 1)]);
    let columns = window(&[6], (-1, 1), &[(2, 4, 1), (5, 3, 2)]);
    let term = weighted(&[0], operand(0, vec![axis(3), rows, columns]), &[2, 3, 3]);
    agrees(&[2, 7, 6], &[3, 4, 4], vec![term], |x, weights, bias| {
        let mut output = vec![];
        for (channel, row, column) in
            (0..3).flat_map(|c| (0..4).flat_map(move |i| (0..4).map(move |j| (c, i, j))))
        {
            let mut sum = bias[channel * 16 + row * 4 + column] as i32;
            for (from, k, l) in (0..2).flat_map(|c| (0..3).flat_map(move |k| (0..3).map(move |l| (c, k, l))))
            {
                let (i, j) = (2 * row as i32 + k - 1, column as i32 + 2 * l - 1);
                if (0..7).contains(&i) && (0..6).contains(&j) {
                    let weight = weights[0][channel * 18 + from * 9 + k as usize * 3 + l as usize];
                    sum += weight * x[from * 42 + i as usize * 6 + j as usize];
                }
            }
            output.push(sum);
        }
        output
    });
}

/// Every one of 3 channels has a kernel of its own.
#[test]
fn depthwise_convolution() {
    let slides = window(&[8], (0, 1), &[(1, 6, 1), (2, 3, 1)]);
    let term = weighted(&[0], operand(0, vec![axis(0), slides]), &[3]);
    agrees(&[3, 8], &[3, 6], vec![term], |x, weights, bias| {
        let one = |c: usize, i: usize| (0..3).map(|k| weights[0][c * 3 + k] * x[c * 8 + i + k]).sum::<i32>();
        (0..18).map(|at| bias[at] as i32 + one(at / 6, at % 6)).collect()
    });
}

/// Every value is spread over its place times two and the two after it: 5 to 11.
#[test]
fn transposed_convolution() {
    let spread = window(&[5], (0, 2), &[(0, 11, 1), (1, 3, -1)]);
    let term = weighted(&[], operand(0, vec![spread]), &[3]);
    agrees(&[5], &[11], vec![term], |x, weights, bias| {
        let mut output: Vec<i32> = bias.iter().map(|bias| *bias as i32).collect();
        for (i, k) in (0..5).flat_map(|i| (0..3).map(move |k| (i, k))) {
            output[2 * i + k] += weights[0][k] * x[i];
        }
        output
    });
}

#[test]
fn average_of_windows() {
    let term = linear(7, operand(0, vec![window(&[8], (0, 1), &[(1, 4, 2), (2, 2, 1)]), axis(0)]), &[2]);
    agrees(&[8, 3], &[3, 4], vec![term], |x, _, bias| {
        let pair = |c: usize, i: usize| 7 * (x[2 * i * 3 + c] + x[(2 * i + 1) * 3 + c]);
        (0..12).map(|at| bias[at] as i32 + pair(at / 4, at % 4)).collect()
    });
}

/// Heads of attention: of every head, all queries times all keys. Queries are the input, keys its rows backwards.
#[test]
fn products_of_matrices_by_heads() {
    let queries = operand(0, vec![axis(1), axis(0), axis(3)]);
    let keys = operand(0, vec![window(&[4], (3, 1), &[(2, 4, -1)]), axis(0), axis(3)]);
    let term = product(2, queries, keys, &[5]);
    agrees(&[4, 3, 5], &[3, 4, 4], vec![term], |x, _, bias| {
        let at = |i: usize, h: usize, d: usize| x[i * 15 + h * 5 + d];
        let score = |h: usize, i: usize, j: usize| (0..5).map(|d| at(i, h, d) * at(3 - j, h, d)).sum::<i32>();
        (0..48).map(|o| bias[o] as i32 + 2 * score(o / 16, o / 4 % 4, o % 4)).collect()
    });
}

/// A flip, a slice and a constant of three values behind one another, and a row added to all.
#[test]
fn concatenation_slice_flip_and_broadcast() {
    let flipped = linear(1, operand(0, vec![window(&[3], (2, 1), &[(0, 7, -1)]), axis(1)]), &[]);
    let slice = linear(1, operand(0, vec![window(&[3], (-4, 1), &[(0, 7, 1)]), axis(1)]), &[]);
    let row = linear(
        -1,
        operand(0, vec![window(&[3], (1, 1), &[]), window(&[], (0, 1), &[(0, 7, 0)]), axis(1)]),
        &[],
    );
    agrees(&[3, 2], &[7, 2], vec![flipped, slice, row], |x, _, bias| {
        let at = |i: i32, j: usize| if (0..3).contains(&i) { x[i as usize * 2 + j] } else { 0 };
        let value = |i: usize, j: usize| at(2 - i as i32, j) + at(i as i32 - 4, j) - at(1, j);
        (0..14).map(|o| bias[o] as i32 + value(o / 2, o % 2)).collect()
    });
}

/// Two axes read as one in other lengths, and any places one likes.
#[test]
fn reshape_and_gather() {
    let reshaped = linear(1, operand(0, vec![window(&[4, 6], (0, 1), &[(0, 3, 8), (1, 8, 1)])]), &[]);
    let indices = vec![0, 23, 5, 5, 24, u32::MAX, 7, 1];
    let gathered = Group::Listed { extents: vec![4, 6], labels: vec![(1, 8)], indices: indices.clone() };
    let gathered = linear(10, operand(0, vec![window(&[], (0, 1), &[(0, 3, 0)]), gathered]), &[]);
    agrees(&[4, 6], &[3, 8], vec![reshaped, gathered], |x, _, bias| {
        let gather = |j: usize| x.get(indices[j] as usize).copied().unwrap_or(0);
        (0..24).map(|o| bias[o] as i32 + x[o] + 10 * gather(o % 8)).collect()
    });
}

/// A mask without axes: one combination of labels reads the source, all others nothing.
#[test]
fn mask() {
    let diagonal = window(&[], (0, 1), &[(0, 3, 1), (1, 3, -1)]);
    let term = linear(1, operand(0, vec![window(&[3], (0, 1), &[]), diagonal]), &[]);
    agrees(&[3], &[3, 3], vec![term], |x, _, bias| {
        (0..9).map(|o| bias[o] as i32 + if o / 3 == o % 3 { x[0] } else { 0 }).collect()
    });
}

/// Two tensors look one table up, at both ends and in the middle.
#[test]
fn lookups() {
    let mut numbers = Numbers(22);
    let affine = |sign: i32| {
        let term = linear(sign, operand(0, vec![axis(0)]), &[]);
        sample::affine(&[4], vec![term], SAME)
    };
    let operators = vec![affine(1), affine(-1), sample::lookup(1, 0, -10), sample::lookup(2, 0, -10)];
    let mut program = program(&mut numbers, &[4], operators);
    program.weights.operators[0].bias = vec![0; 4];
    program.weights.operators[1].bias = vec![0; 4];
    program.weights.operators[1].bias[3] = -1_000_000;
    program.weights.operators[0].bias[3] = 1_000_000;
    program.weights.tables[0] = (0..=u16::MAX).map(|x| if x == 32_768 { 10 } else { x / 2 }).collect();
    assert_eq!(program.validate(), Ok(()));
    let tensors = execute(&program, &[0, 1, 1_000, 5]).unwrap().tensors;
    assert_eq!(tensors[1], [0, 1, 1_000, 32_767]);
    assert_eq!(tensors[2], [0, -1, -1_000, -32_768]);
    assert_eq!(tensors[3], [0, 32_769 / 2 - 10, 33_768 / 2 - 10, 65_535 / 2 - 10]);
    assert_eq!(tensors[4], [0, 32_767 / 2 - 10, 31_768 / 2 - 10, -10]);
}
