//! Models whose tensors do not fit: axes, totals over all tensors and terms; each limit at its end and one beyond.

use crate::sample::{self, Summand, dense, linear, operand, product, scaled, weighted, window};
use candor_program::class::{Group, Input, OperatorClass};
use candor_program::interval::{Part, ProgramError};
use candor_program::operator::{Operator, Rescale};
use candor_program::plan::{Left, OperatorPlan, Plan};
use candor_program::{Card, limits};

const RESCALE: Rescale = Rescale { multiplier: 1, low: 0 };
type Shaped = (OperatorClass, Operator);

fn affine(axes: &[u32], terms: Vec<Summand>) -> Shaped {
    sample::affine(axes, terms, RESCALE)
}

fn card(input: &[u32], operators: Vec<Shaped>) -> Card {
    sample::program_of(input, operators).card
}

/// One value to as many as the output has.
fn spread(axes: &[u32]) -> Shaped {
    let weights: Vec<u8> = (0..axes.len() as u8).collect();
    affine(axes, vec![weighted(&weights, operand(0, vec![window(&[1], (0, 1), &[])]), &[])])
}

/// The last operator: one output of the input's one value.
fn last() -> Shaped {
    affine(&[1], vec![dense(0, 1)])
}

fn change(mut card: Card, change: impl FnOnce(&mut Card)) -> Result<(), ProgramError> {
    change(&mut card);
    card.validate()
}

#[test]
fn axes() {
    let part = Part::Axes;
    let error = |got| Err(ProgramError::Count { part, minimum: 1, limit: limits::AXES, got });
    let ones = |count: usize| card(&[1], vec![spread(&vec![1; count]), last()]).validate();
    assert_eq!((ones(limits::AXES), ones(limits::AXES + 1), ones(0)), (Ok(()), error(9), error(0)));
    let input = |count: usize| {
        let all = window(&vec![1; count], (0, 1), &[(0, 1, 0)]);
        card(&vec![1; count], vec![affine(&[1], vec![linear(1, operand(0, vec![all]), &[])])]).validate()
    };
    assert_eq!((input(limits::AXES), input(limits::AXES + 1), input(0)), (Ok(()), error(9), error(0)));
}

#[test]
fn axis_count() {
    let whole = || card(&[1], vec![spread(&[2, 3]), last()]);
    let error = |tensor, class, card| Err(ProgramError::AxisCount { tensor, class, card });
    let output = |card: &mut Card| match &mut card.class.operators[0] {
        OperatorClass::Affine { axes, .. } => _ = axes.pop(),
        OperatorClass::Lookup { .. } => panic!("a lookup"),
    };
    assert_eq!(change(whole(), output), error(1, 1, 2));
    let output = |card: &mut Card| match &mut card.operators[0] {
        Operator::Affine(affine) => affine.axes.truncate(1),
        Operator::Lookup(_) => panic!("a lookup"),
    };
    assert_eq!(change(whole(), output), error(1, 2, 1));
}

#[test]
fn extent() {
    for got in [0, limits::WIDTH + 1, u32::MAX] {
        let error = |tensor, axis| Err(ProgramError::Extent { tensor, axis, got });
        assert_eq!(card(&[1], vec![spread(&[3, got]), last()]).validate(), error(1, 1));
        assert_eq!(card(&[1], vec![spread(&[got]), last()]).validate(), error(1, 0));
        let second = Input::Tensor { extents: vec![1, got] };
        assert_eq!(change(card(&[1], vec![last()]), |card| card.class.input = second), error(0, 1));
    }
    assert_eq!(card(&[1], vec![spread(&[limits::WIDTH]), last()]).validate(), Ok(()));
    assert_eq!(card(&[1], vec![spread(&[1, limits::WIDTH, 1]), last()]).validate(), Ok(()));
}

#[test]
fn padded_length_of_every_axis() {
    let error = |axis, expected, got| Err(ProgramError::PaddedLength { tensor: 1, axis, expected, got });
    for (axis, expected) in [(0, 2), (1, 0), (2, 3)] {
        for got in [0, 1, 2, 3, 4, 20, 63, 64, 255] {
            let padded = |card: &mut Card| match &mut card.class.operators[0] {
                OperatorClass::Affine { axes, .. } => axes[axis] = got,
                OperatorClass::Lookup { .. } => panic!("a lookup"),
            };
            let result = change(card(&[1], vec![spread(&[3, 1, 5]), last()]), padded);
            assert_eq!(result, if got == expected { Ok(()) } else { error(axis, expected, got) });
        }
    }
}

#[test]
fn width() {
    let error = |got| Err(ProgramError::Width { tensor: 1, got });
    let of = |axes: &[u32]| card(&[1], vec![spread(axes), last()]).validate();
    assert_eq!(of(&[1 << 10, 1 << 10]), Ok(()));
    assert_eq!(of(&[1 << 10, (1 << 10) + 1]), error(21));
    // Less than the limit without padding.
    assert_eq!(of(&[33; 4]), error(24));
    assert_eq!(of(&[1 << 20; 8]), error(160));
}

#[test]
fn input_size() {
    let error = |expected, got| Err(ProgramError::InputSize { expected, got });
    let whole = || {
        card(&[2, 3], vec![affine(&[1], vec![weighted(&[0], operand(0, vec![axis(1), axis(2)]), &[2, 3])])])
    };
    assert_eq!(whole().validate(), Ok(()));
    assert_eq!(change(whole(), |card| _ = card.features.pop()), error(6, 5));
    assert_eq!(change(whole(), |card| card.features.push(card.features[0].clone())), error(6, 7));
    // The product does not fit 64 bits.
    let huge = |card: &mut Card| card.class.input = Input::Tensor { extents: vec![1 << 20; 4] };
    assert_eq!(change(whole(), huge), Err(ProgramError::Width { tensor: 0, got: 80 }));
}

fn axis(label: u8) -> Group {
    Group::Axis { label }
}

#[test]
fn padded_input() {
    let of = |input: &[u32]| {
        let groups = (1..=input.len() as u8).map(axis).collect();
        card(input, vec![affine(&[1], vec![weighted(&[0], operand(0, groups), input)])]).validate()
    };
    assert_eq!(of(&[64, 64]), Ok(()));
    assert_eq!(of(&[33, 33, 3]), Ok(()));
    let (part, limit) = (Part::PaddedInput, limits::PADDED_INPUT);
    assert_eq!(limit, 64 * 64 * 4);
    let error = Err(ProgramError::Count { part, minimum: 1, limit, got: 2 * limit });
    assert_eq!(of(&[3, 3, 3, 3, 3, 3, 5]), error);
    assert_eq!(of(&[33, 5, 5, 3]), Ok(()));
    assert_eq!(of(&[17, 5, 5, 9]), error);
}

/// One axis is a vector, whose extent is data: no model has two classes.
#[test]
fn a_tensor_of_one_axis_is_no_input() {
    let of = |extents| change(card(&[1], vec![last()]), |card| card.class.input = Input::Tensor { extents });
    let error =
        |minimum, got| Err(ProgramError::Count { part: Part::Axes, minimum, limit: limits::AXES, got });
    assert_eq!((of(vec![1]), of(vec![])), (error(2, 1), error(1, 0)));
}

#[test]
fn last_operator() {
    assert_eq!(card(&[1], vec![last(), sample::lookup(1, 0, 0)]).validate(), Err(ProgramError::LastOperator));
    assert_eq!(card(&[1], vec![last(), spread(&[1, 1])]).validate(), Err(ProgramError::LastOperator));
    assert_eq!(
        card(&[1], vec![last(), sample::lookup(1, 0, 0), affine(&[1], vec![dense(2, 1)])]).validate(),
        Ok(())
    );
}

#[test]
fn values() {
    // The input's and all powers of two below 2^20 are 2^20 together; fifteen times 2^20 more are the limit.
    let mut operators: Vec<Shaped> = (0..15).map(|_| spread(&[1 << 20])).collect();
    operators.extend((0..20).rev().map(|log2| spread(&[1 << log2])));
    assert_eq!(card(&[1], operators.clone()).validate(), Ok(()));
    operators.push(last());
    let got = limits::VALUES + 1;
    assert_eq!(card(&[1], operators.clone()).validate(), Err(ProgramError::Values { got }));
    // A lookup of two values has two more.
    operators.pop();
    operators.insert(34, sample::lookup(34, 0, 0));
    let got = limits::VALUES + 2;
    assert_eq!(card(&[1], operators).validate(), Err(ProgramError::Values { got }));
}

#[test]
fn products() {
    // A matrix of 1024 by 1023 times itself transposed, 2^20 times 1023; making it takes 1024 times 1023.
    let matrix = || spread(&[1 << 10, 1_023]);
    let square = || {
        let (left, right) = (operand(1, vec![axis(0), axis(2)]), operand(1, vec![axis(1), axis(2)]));
        affine(&[1 << 10, 1 << 10], vec![product(1, left, right, &[1_023])])
    };
    let rest = limits::PRODUCTS - (1_023 << 20) - (1_023 << 10);
    let of = |last: u64| {
        card(&[1], vec![matrix(), square(), affine(&[last as u32], vec![dense(0, 1)])]).validate()
    };
    assert_eq!((rest, of(rest)), (1_024, Ok(())));
    let more = card(&[1], vec![matrix(), square(), affine(&[512], vec![dense(0, 1), dense(0, 1)]), last()]);
    assert_eq!(more.validate(), Err(ProgramError::Products { got: limits::PRODUCTS + 1 }));
    // More than 64 bits count.
    let broadcast = |label| window(&[], (0, 1), &[(label, 1 << 20, 0)]);
    let groups = [vec![axis(0)], (1..16).map(broadcast).collect()].concat();
    let huge = card(&[1], vec![affine(&[1], vec![linear(1, operand(0, groups), &[1 << 20; 15])])]);
    let first = window(&[1], (0, 1), &[(0, 1, 0)]);
    assert_eq!(huge.validate(), Err(ProgramError::Products { got: u64::MAX }));
    let groups = [vec![first], (1..3).map(broadcast).collect()].concat();
    let huge = card(&[1], vec![affine(&[1], vec![linear(1, operand(0, groups), &[1 << 20; 2])])]);
    assert_eq!(huge.validate(), Err(ProgramError::Products { got: 1 << 40 }));
}

/// Values that a plan reads.
fn planned(card: &Card) -> u64 {
    let term = |plan: &candor_program::plan::TermPlan| {
        let left = match &plan.left {
            Left::Tensor(reads) => reads.indices.len(),
            Left::One | Left::Weights(_) => 0,
        };
        (left + plan.right.indices.len()) as u64
    };
    let operator = |plan: &OperatorPlan| match plan {
        OperatorPlan::Affine { terms, .. } => terms.iter().map(term).sum(),
        OperatorPlan::Lookup { .. } => 0,
    };
    Plan::new(card).operators.iter().map(operator).sum()
}

#[test]
fn reads() {
    // Squares of 2^20 values read 2^21; fifteen of them, once 2^20 and what is left.
    let of = |rest: u32| {
        let whole = || operand(1, vec![axis(0), axis(1)]);
        let squares = (0..15).map(|_| product(1, whole(), whole(), &[]));
        let terms = squares.chain([linear(1, whole(), &[])]).collect();
        let operators = vec![
            spread(&[1 << 10, 1 << 10]),
            affine(&[1 << 10, 1 << 10], terms),
            spread(&[rest]),
            affine(&[rest], vec![scaled(3, 1)]),
            last(),
        ];
        card(&[1], operators)
    };
    let rest = (1 << 20) - 3;
    assert_eq!(of(rest).validate(), Ok(()));
    assert_eq!(planned(&of(rest)), limits::READS);
    assert_eq!(of(rest + 1).validate(), Err(ProgramError::Reads { got: limits::READS + 1 }));
}

#[test]
fn views() {
    // One value to many: as many combinations, and the value.
    let of = |extents: [u32; 4], rest: Vec<Shaped>| {
        let broadcast = |extent: u32| {
            affine(&[extent], vec![linear(1, operand(0, vec![window(&[1], (0, 1), &[(0, extent, 0)])]), &[])])
        };
        card(&[1], extents.map(broadcast).into_iter().chain(rest).chain([last()]).collect()).validate()
    };
    let most = (1 << 20) - 1;
    assert_eq!(of([most; 4], vec![]), Ok(()));
    let error = |got| Err(ProgramError::Views { got });
    assert_eq!(of([most, most, most, most + 1], vec![]), error(limits::VIEWS + 1));
    // Padded values count, and lists like windows: one combination over two axes of 3 and 5 values.
    let list = Group::Listed { extents: vec![3, 5], labels: vec![], indices: vec![14] };
    let read = affine(&[1], vec![weighted(&[0], operand(5, vec![list]), &[])]);
    assert_eq!(of([most, most, most, most - 35], vec![spread(&[3, 5]), read.clone()]), Ok(()));
    assert_eq!(of([most, most, most, most - 34], vec![spread(&[3, 5]), read]), error(limits::VIEWS + 1));
}

#[test]
fn padded_parameters() {
    // Weights that are a power of two with padding; the larger ones are far fewer without.
    let of = |log2: u8| {
        let mut extents = match log2 {
            0..20 => vec![1 << log2],
            20..24 => vec![33, 33, 33, 1 << (log2 - 18)],
            _ => vec![33, 33, 33, 33, 1 << (log2 - 24)],
        };
        extents.retain(|extent| *extent > 1);
        let labels = extents.iter().enumerate();
        let broadcast = labels.map(|(at, extent)| window(&[], (0, 1), &[(at as u8 + 1, *extent, 0)]));
        let groups = [window(&[1], (0, 1), &[])].into_iter().chain(broadcast).collect();
        weighted(&[0], operand(0, groups), &extents)
    };
    // One bias, and every power of two below the limit.
    let mut terms: Vec<Summand> = (0..28).map(of).collect();
    let card = |terms: &[Summand]| card(&[1], vec![affine(&[1], terms.to_vec())]);
    assert_eq!(change(card(&terms), |_| ()), Ok(()));
    assert!(card(&terms).parameters() < limits::PARAMETERS);
    terms.push(of(0));
    let got = limits::PADDED_PARAMETERS + 1;
    assert_eq!(card(&terms).validate(), Err(ProgramError::PaddedParameters { got }));
}

#[test]
fn tables_are_parameters() {
    let of = |width: u32, tables: u8| {
        let mut operators = vec![affine(&[1], vec![dense(0, 1)])];
        operators.extend((0..tables).map(|table| sample::lookup(1, table, 0)));
        operators.extend([spread(&[width]), last()]);
        card(&[1], operators)
    };
    assert_eq!(of(1, 3).parameters() - of(1, 0).parameters(), 3 << 16);
}
