//! Random valid programs over tensors with axes: every kind of term, view and lookup, as large as interval analysis lets values be.

use crate::sample::{self, Numbers, Summand};
use candor_program::Program;
use candor_program::card::{OperatorWeights, Weights};
use candor_program::class::{Group, Operand, OperatorClass, Stride, TensorId, TermClass};
use candor_program::interval::{Interval, ProgramError, analyse};
use candor_program::operator::lookup::ENTRIES;
use candor_program::operator::{Operator, Rescale, Term};
use candor_program::policy::Table;
use std::ops::Range;

/// `-2^bits` to `2^bits`, often an end; 31 bits are those of `i32`.
fn weight(numbers: &mut Numbers, bits: u32) -> i32 {
    let (min, max) = if bits < 31 { (-(1 << bits), 1 << bits) } else { (i32::MIN, i32::MAX) };
    match numbers.next() % 8 {
        0 => 0,
        1 => max,
        2 => min,
        _ => numbers.between(min.into(), max.into()) as i32,
    }
}

fn index(numbers: &mut Numbers, length: usize) -> usize {
    (numbers.next() % length as u64) as usize
}

/// Up to four extents with a small product.
fn extents(numbers: &mut Numbers, axes: Range<usize>, size: u32) -> Vec<u32> {
    let count = axes.start + index(numbers, axes.len());
    let mut left = size;
    let mut extent = || {
        let extent = numbers.between(1, i64::from(left.min(6))) as u32;
        left /= extent;
        extent
    };
    (0..count).map(|_| extent()).collect()
}

/// A view of a tensor in which exactly these labels occur. Shapes: one extent a label.
///
/// Labels before `whole` may stand for a whole axis.
fn operand(
    numbers: &mut Numbers,
    (source, axes): (TensorId, &[u32]),
    (labels, whole): (&[(u8, u32)], u8),
) -> Operand {
    let mut groups = vec![];
    let mut left: Vec<(u8, u32)> = labels.to_vec();
    let mut rest = axes;
    while !rest.is_empty() {
        if numbers.chance(8) && !left.is_empty() {
            // Of no axes: broadcasts, or keeps one combination.
            groups.push(view(numbers, &[], vec![left.swap_remove(0)]));
        }
        let fitting = left.iter().position(|(label, extent)| *label < whole && *extent == rest[0]);
        if let (Some(found), true) = (fitting, !numbers.chance(3)) {
            groups.push(Group::Axis { label: left.swap_remove(found).0 });
            rest = &rest[1..];
            continue;
        }
        let (own, others) = rest.split_at(1 + index(numbers, rest.len()));
        rest = others;
        let count = if rest.is_empty() { left.len() } else { index(numbers, left.len() + 1) };
        let taken = (0..count).map(|_| left.swap_remove(index(numbers, left.len()))).collect();
        groups.push(view(numbers, own, taken));
    }
    if !left.is_empty() {
        groups.push(view(numbers, &[], left));
    }
    Operand { source, groups }
}

/// A window or list over these axes.
fn view(numbers: &mut Numbers, axes: &[u32], mut labels: Vec<(u8, u32)>) -> Group {
    labels.sort_unstable();
    let size: u32 = axes.iter().product();
    let extents = axes.to_vec();
    let combinations: u32 = labels.iter().map(|(_, extent)| extent).product();
    if numbers.chance(4) {
        let one = |numbers: &mut Numbers| match numbers.next() % 8 {
            0 => [size, size + 1, u32::MAX][index(numbers, 3)],
            _ => numbers.between(0, i64::from(size) - 1) as u32,
        };
        let indices = (0..combinations).map(|_| one(numbers)).collect();
        return Group::Listed { extents, labels, indices };
    }
    // Half of them are slices, reshapes and flips in row-major order; the others anything.
    let (ordered, mut natural) = (numbers.chance(2), 1);
    let step = if numbers.chance(3) { numbers.between(1, 3) as u32 } else { 1 };
    let mut strides = vec![];
    for (label, extent) in labels.iter().rev() {
        let any = if axes.is_empty() { 0 } else { numbers.between(-3, 3) as i32 };
        let stride = if ordered && !axes.is_empty() { natural } else { any };
        natural *= *extent as i32;
        strides.push(Stride { label: *label, extent: *extent, stride });
    }
    strides.reverse();
    let offset = match numbers.next() % 4 {
        0 | 1 => 0,
        2 => numbers.between(-4, 4) as i32,
        _ => numbers.between(0, i64::from(size)) as i32 * step as i32,
    };
    let offset = if axes.is_empty() && !numbers.chance(8) { 0 } else { offset };
    if ordered && numbers.chance(4) {
        // From the end backwards.
        strides.iter_mut().for_each(|stride| stride.stride = -stride.stride);
        return Group::Window { extents, offset: size as i32 - 1, step: 1, labels: strides };
    }
    Group::Window { extents, offset, step, labels: strides }
}

/// Labels with extents: those of the output, then the summed ones.
fn numbered(extents: &[u32], first: usize) -> Vec<(u8, u32)> {
    extents.iter().enumerate().map(|(at, extent)| ((first + at) as u8, *extent)).collect()
}

/// A tensor to read: the latest ones are read most.
fn source<'a>(numbers: &mut Numbers, tensors: &'a [Vec<u32>]) -> (TensorId, &'a [u32]) {
    let tensor = if numbers.chance(2) { tensors.len() - 1 } else { index(numbers, tensors.len()) };
    (TensorId(tensor as u16), &tensors[tensor])
}

/// Some extents to sum over, often those of the tensor's axes.
fn summed(numbers: &mut Numbers, axes: &[u32], counts: Range<usize>) -> Vec<u32> {
    let one = |numbers: &mut Numbers| {
        if numbers.chance(4) { numbers.between(1, 4) as u32 } else { axes[index(numbers, axes.len())] }
    };
    let count = counts.start + index(numbers, counts.len());
    (0..count).map(|_| one(numbers)).collect()
}

/// A random term of an operator with these output axes.
fn term(numbers: &mut Numbers, tensors: &[Vec<u32>], output: &[u32]) -> Summand {
    let outputs = numbered(output, 0);
    let tensor = source(numbers, tensors);
    let (shape, sums) = match numbers.next() % 3 {
        0 => {
            let sums = summed(numbers, tensor.1, 0..3);
            let labels = [outputs.clone(), numbered(&sums, output.len())].concat();
            let operand = operand(numbers, tensor, (&labels, output.len() as u8));
            (TermClass::Linear { operand, summed: sample::logs(&sums) }, sums)
        }
        1 => {
            let sums = summed(numbers, tensor.1, 0..3);
            let mut weights = vec![];
            let mut labels = numbered(&sums, output.len());
            for label in &outputs {
                let kind = numbers.next() % 4;
                if kind > 0 {
                    weights.push(label.0);
                }
                if kind < 2 {
                    labels.push(*label);
                }
            }
            let operand = operand(numbers, tensor, (&labels, u8::MAX));
            (TermClass::Weighted { weights, operand, contracted: sample::logs(&sums) }, sums)
        }
        _ => {
            let other = source(numbers, tensors);
            let sums = summed(numbers, tensor.1, 0..2);
            let mut labels = [numbered(&sums, output.len()), numbered(&sums, output.len())];
            for label in &outputs {
                let kind = numbers.next() % 3;
                if kind != 1 {
                    labels[0].push(*label);
                }
                if kind != 2 {
                    labels[1].push(*label);
                }
            }
            let left = operand(numbers, tensor, (&labels[0], u8::MAX));
            let right = operand(numbers, other, (&labels[1], u8::MAX));
            (TermClass::Product { left, right, contracted: sample::logs(&sums) }, sums)
        }
    };
    (shape, Term { coefficient: 1, summed: sums })
}

/// A random valid program.
pub(super) fn program(numbers: &mut Numbers) -> Program {
    let mut program = sample::program();
    let card = &mut program.card;
    card.policy = Table { predicates: vec![], rules: vec![], reasons: vec![] };
    // Only where the input is small do the largest weights stay in range.
    let spans = if numbers.chance(4) { [0, 0, 0, 1, 1, 3] } else { [0, 1, 10, 255, 40_000, 65_535] };
    let input = if numbers.chance(3) { extents(numbers, 1..2, 40) } else { extents(numbers, 1..4, 48) };
    let feature = |index| {
        let span = spans[self::index(numbers, 6)];
        let min = [0, -7, i64::MIN, i64::MAX - span][self::index(numbers, 4)];
        sample::feature(&format!("f{index}"), 0, "/x", 0, min, min + span)
    };
    card.features = (0..input.iter().product()).map(feature).collect();
    sample::set_model(card, &input, vec![]);
    program.weights = Weights { operators: vec![], tables: vec![] };
    let mut tensors = vec![input];
    let count = numbers.between(1, 4);
    for operator in 1..=count {
        let last = operator == count;
        let output = if last { extents(numbers, 1..2, 6) } else { output(numbers, &tensors) };
        let terms = (0..numbers.between(1, 3)).map(|_| term(numbers, &tensors, &output)).collect();
        append(numbers, &mut program, &output, terms);
        tensors.push(output.clone());
        if !last && numbers.chance(5) {
            look_up(numbers, &mut program);
            tensors.push(output);
        }
    }
    let actions = (0..*tensors.last().unwrap().first().unwrap()).map(i64::from);
    let actions = actions.map(|amount| sample::action(&format!("a{amount}"), amount)).collect();
    program.card.head = sample::head(actions);
    program
}

/// Axes of an output: often those of an earlier tensor in another order, so that whole axes are read.
fn output(numbers: &mut Numbers, tensors: &[Vec<u32>]) -> Vec<u32> {
    if numbers.chance(3) {
        return extents(numbers, 1..4, 48);
    }
    let mut left = source(numbers, tensors).1.to_vec();
    let mut output = vec![];
    while !left.is_empty() {
        output.push(left.swap_remove(index(numbers, left.len())));
    }
    output
}

/// Adds the operator with random weights and coefficients as large as interval analysis lets them be.
fn append(numbers: &mut Numbers, program: &mut Program, axes: &[u32], mut terms: Vec<Summand>) {
    let low = [0, -32_768, -65_535, -1][index(numbers, 4)];
    let mut bits = numbers.between(0, 40).min(31) as u32;
    loop {
        let dense = |(shape, term): &Summand| {
            let extents = shape.weight_extents(axes, &term.summed)?;
            Some((0..extents.iter().product::<u32>()).map(|_| weight(numbers, bits)).collect())
        };
        let dense = terms.iter().filter_map(dense).collect();
        let bias = (0..axes.iter().product::<u32>()).map(|_| i64::from(weight(numbers, bits)) << (bits / 4));
        let bias = bias.collect();
        for (shape, term) in &mut terms {
            let weighted = matches!(shape, TermClass::Weighted { .. });
            term.coefficient = if weighted { 1 } else { weight(numbers, bits) };
        }
        let (shape, operator) = sample::affine(axes, terms.clone(), Rescale { multiplier: 1, low });
        program.card.class.operators.push(shape);
        program.card.operators.push(operator);
        program.weights.operators.push(OperatorWeights { dense, bias });
        match analyse(program) {
            Ok(intervals) => return widen(numbers, program, intervals.last().unwrap()),
            Err(ProgramError::Excess { .. } | ProgramError::Accumulator { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        program.card.class.operators.pop();
        program.card.operators.pop();
        program.weights.operators.pop();
        bits = bits.saturating_sub(1 + bits / 8);
    }
}

/// Adds a lookup of the last output: in a new table, or in one that is made for its range.
fn look_up(numbers: &mut Numbers, program: &mut Program) {
    let source_low =
        |program: &Program, source: TensorId| match &program.card.operators[usize::from(source.0) - 1] {
            Operator::Affine(affine) => affine.rescale.low,
            Operator::Lookup(_) => panic!("a lookup"),
        };
    let source = TensorId(program.card.operators.len() as u16);
    let own = source_low(program, source);
    let shapes = program.card.class.operators.iter().zip(&program.card.operators);
    let known = shapes.into_iter().find_map(|(shape, operator)| match shape {
        OperatorClass::Lookup { source, table } if source_low(program, *source) == own => {
            Some((*table, operator.low()))
        }
        _ => None,
    });
    let (table, low) = known.unwrap_or_else(|| {
        let low: i32 = [0, -32_768, -65_535, -1][index(numbers, 4)];
        let mut entries: Vec<u16> = match numbers.next() % 3 {
            0 => (0..ENTRIES).map(|_| numbers.next() as u16).collect(),
            // Steps, as of a sign or a staircase.
            1 => (0..ENTRIES).map(|x| (x / 20_000 * 20_000) as u16).collect(),
            _ => (0..ENTRIES).map(|x| ((x as u32).pow(2) >> 16) as u16).collect(),
        };
        entries[own.unsigned_abs() as usize] = low.unsigned_abs() as u16;
        program.weights.tables.push(entries);
        (program.weights.tables.len() as u8 - 1, low)
    });
    let (shape, operator) = sample::lookup(source.0, table, low);
    program.card.class.operators.push(shape);
    program.card.operators.push(operator);
    program.card.class.tables = program.weights.tables.len() as u8;
    program.weights.operators.push(OperatorWeights { dense: vec![], bias: vec![] });
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

/// Nothing, everything or anything, position by position.
pub(super) fn input(numbers: &mut Numbers, program: &Program) -> Vec<u16> {
    let kind = numbers.next() % 5;
    let value = |numbers: &mut Numbers, span: i64| match kind {
        0 => 0,
        1 => span,
        2 => [0, span][index(numbers, 2)],
        _ => numbers.between(0, span),
    };
    program.card.features.iter().map(|feature| value(numbers, feature.span() as i64) as u16).collect()
}
