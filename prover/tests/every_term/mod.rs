//! A small program with every kind of term, for all trees of tests.

#![allow(dead_code, reason = "each tree uses its part")]

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::layout::TABLE_LOG2;
use candor_program::Program;
use candor_program::card::{OperatorWeights, SetupCard};
use candor_program::class::{Group, Input, Operand, OperatorClass, Stride, TensorId, TermClass};
use candor_program::operator::{Affine, Lookup, Operator, Rescale, Term};

pub(crate) fn axis(label: u8) -> Group {
    Group::Axis { label }
}

pub(crate) fn window(extents: &[u32], offset: i32, labels: &[(u8, u32, i32)]) -> Group {
    let labels = labels.iter().map(|(label, extent, stride)| Stride {
        label: *label,
        extent: *extent,
        stride: *stride,
    });
    Group::Window { extents: extents.to_vec(), offset, step: 1, labels: labels.collect() }
}

pub(crate) fn operand(source: u16, groups: Vec<Group>) -> Operand {
    Operand { source: TensorId(source), groups }
}

fn log2(extent: u32) -> u8 {
    extent.next_power_of_two().trailing_zeros() as u8
}

pub(crate) fn add(
    program: &mut Program,
    axes: &[u32],
    low: i32,
    terms: Vec<(TermClass, Vec<u32>, i32)>,
    random: &mut Random,
) {
    let (mut shapes, mut data, mut dense) = (Vec::new(), Vec::new(), Vec::new());
    for (shape, summed, coefficient) in terms {
        if let Some(extents) = shape.weight_extents(axes, &summed) {
            dense.push((0..extents.iter().product()).map(|_| random.signed(1 << 14) as i32).collect());
        }
        shapes.push(shape);
        data.push(Term { coefficient, summed });
    }
    let bias = (0..axes.iter().product()).map(|_| random.signed(1 << 20)).collect();
    let class =
        OperatorClass::Affine { axes: axes.iter().map(|extent| log2(*extent)).collect(), terms: shapes };
    program.card.class.operators.push(class);
    let rescale = Rescale { multiplier: 1, low };
    program.card.operators.push(Operator::Affine(Affine { axes: axes.to_vec(), terms: data, rescale }));
    program.weights.operators.push(OperatorWeights { dense, bias });
}

pub(crate) fn look_up(program: &mut Program, source: u16, table: u8, low: i32) {
    program.card.class.operators.push(OperatorClass::Lookup { source: TensorId(source), table });
    program.card.operators.push(Operator::Lookup(Lookup { low }));
    program.weights.operators.push(OperatorWeights { dense: vec![], bias: vec![] });
}

/// A convolution with padding and stride, three tables, a product over a flattened tensor, a broadcast sum, a depthwise term.
pub(crate) fn program(setup: &SetupCard) -> Program {
    let shape = Shape { widths: &[12, 3], row_log2: 9, residual: false, gain: 1 };
    let (mut program, mut random) = (perceptron(&shape, setup, 5), Random(21));
    program.card.class.input = Input::Tensor { extents: vec![2, 2, 3] };
    program.card.class.operators.clear();
    program.card.operators.clear();
    program.weights.operators.clear();
    let image =
        vec![axis(3), window(&[2], -1, &[(1, 2, 1), (4, 2, 1)]), window(&[3], 0, &[(2, 2, 2), (5, 2, 1)])];
    let convolution =
        TermClass::Weighted { weights: vec![0], operand: operand(0, image), contracted: vec![1, 1, 1] };
    add(&mut program, &[3, 2, 2], -32_768, vec![(convolution, vec![2, 2, 2], 1)], &mut random);
    look_up(&mut program, 1, 0, -32_768);
    let flat = |first: u8, label: u8| vec![axis(first), window(&[2, 2], 0, &[(label, 4, 1)])];
    let product = TermClass::Product {
        left: operand(2, flat(0, 2)),
        right: operand(1, flat(1, 2)),
        contracted: vec![2],
    };
    let mut broadcast = flat(0, 2);
    broadcast.push(window(&[], 0, &[(1, 3, 0)]));
    let sum = TermClass::Linear { operand: operand(2, broadcast), summed: vec![2] };
    add(&mut program, &[3, 3], 0, vec![(product, vec![4], 1), (sum, vec![4], 3 << 12)], &mut random);
    look_up(&mut program, 3, 1, 0);
    look_up(&mut program, 1, 2, -100);
    let all = TermClass::Weighted {
        weights: vec![0],
        operand: operand(4, vec![window(&[3, 3], 0, &[(1, 9, 1)])]),
        contracted: vec![4],
    };
    let depthwise = TermClass::Weighted {
        weights: vec![0],
        operand: operand(4, vec![axis(0), axis(1)]),
        contracted: vec![2],
    };
    let square = TermClass::Product {
        left: operand(4, vec![axis(0), axis(1)]),
        right: operand(3, vec![axis(0), axis(1)]),
        contracted: vec![2],
    };
    let channels = TermClass::Linear { operand: operand(5, flat(0, 1)), summed: vec![2] };
    let terms =
        vec![(all, vec![9], 1), (depthwise, vec![3], 1), (square, vec![3], 1), (channels, vec![4], 1 << 8)];
    add(&mut program, &[3], -32_768, terms, &mut random);
    let mut table = |zero_at: usize, zero: u16| {
        let mut table: Vec<u16> = (0..1usize << TABLE_LOG2).map(|_| random.next_u64() as u16).collect();
        table[zero_at] = zero;
        table
    };
    program.weights.tables = vec![table(32_768, 32_768), table(0, 0), table(32_768, 100)];
    program.card.class.tables = 3;
    program
}
