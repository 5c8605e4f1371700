//! Cards and programs changed at random, byte by byte and number by number: refused, or within every limit and safe to run.
//!
//! `CANDOR_CAMPAIGN=full cargo test -p candor-program --test soundness hostile -- --nocapture` makes ten times as many.

use crate::generate;
use crate::sample::{self, Numbers};
use candor_program::card::OperatorWeights;
use candor_program::class::{Group, Operand, OperatorClass, TermClass};
use candor_program::digest::ProgramIds;
use candor_program::encoding::{decode_exact, encode};
use candor_program::evaluate::Evaluator;
use candor_program::interval::analyse;
use candor_program::operator::Operator;
use candor_program::plan::{Left, OperatorPlan, Plan};
use candor_program::{Card, Program, limits};

fn rounds() -> usize {
    if std::env::var("CANDOR_CAMPAIGN").is_ok_and(|campaign| campaign == "full") { 10 } else { 1 }
}

/// What is accepted can be planned within the limits, identified and run.
fn accepted(card: &Card) {
    let plan = Plan::new(card);
    let (mut reads, mut widths) = (0, 0);
    for operator in &plan.operators {
        let OperatorPlan::Affine { width, terms } = operator else { continue };
        widths += *width as u64;
        for term in terms {
            let shares: Vec<usize> = term.output.iter().map(Vec::len).collect();
            assert_eq!(shares.iter().product::<usize>(), *width);
            reads += term.right.indices.len() as u64;
            match &term.left {
                Left::One => {}
                Left::Weights(rows) => assert_eq!(rows.len(), shares[0] * shares[1]),
                Left::Tensor(left) => reads += left.indices.len() as u64,
            }
        }
    }
    assert!(reads <= limits::READS && widths <= limits::VALUES);
    let _ = ProgramIds::of(card);
}

fn runs(program: &Program) {
    accepted(&program.card);
    let intervals = analyse(program).unwrap();
    let evaluator = Evaluator::new(program);
    let mut numbers = Numbers(34);
    for _ in 0..3 {
        let input = generate::input(&mut numbers, program);
        let execution = evaluator.execute(&input).unwrap();
        for (values, interval) in execution.tensors[1..].iter().zip(&intervals) {
            assert!(values.iter().all(|y| (interval.output_min..=interval.output_max).contains(y)));
        }
    }
}

#[test]
fn cards_with_changed_bytes_are_refused_or_run() {
    let (mut numbers, mut valid, mut refused) = (Numbers(31), 0, 0);
    for _ in 0..60 * rounds() {
        let program = generate::program(&mut numbers);
        let bytes = program.card.to_bytes();
        for _ in 0..200 {
            let mut changed = bytes.clone();
            for _ in 0..numbers.between(1, 4) {
                // The shapes stand in the first part.
                let end = if numbers.chance(2) { bytes.len() / 2 } else { bytes.len() };
                let place = numbers.between(10, end as i64 - 1) as usize;
                changed[place] = match numbers.next() % 6 {
                    0 => 0,
                    1 => 0xff,
                    2 => 0x7f,
                    3 => 0x80,
                    4 => changed[place].wrapping_add(1),
                    _ => numbers.next() as u8,
                };
            }
            match Card::from_bytes(&changed) {
                Err(_) => refused += 1,
                Ok(card) => {
                    assert_eq!(card.to_bytes(), changed);
                    accepted(&card);
                    valid += 1;
                }
            }
        }
    }
    println!("{valid} accepted, {refused} refused");
    assert!(valid > 1_000 && refused > 1_000);
}

#[test]
fn programs_with_changed_bytes_are_refused_or_run() {
    let (mut numbers, mut valid) = (Numbers(32), 0);
    for _ in 0..60 * rounds() {
        let program = generate::program(&mut numbers);
        if !program.weights.tables.is_empty() {
            // Nearly all its bytes are a table's.
            continue;
        }
        let bytes = program.to_bytes();
        for _ in 0..100 {
            let mut changed = bytes.clone();
            let place = numbers.between(10, bytes.len() as i64 - 1) as usize;
            changed[place] = [0, 1, 0x7f, 0xff, numbers.next() as u8][(numbers.next() % 5) as usize];
            if let Ok(program) = Program::from_bytes(&changed) {
                runs(&program);
                valid += 1;
            }
        }
    }
    println!("{valid} accepted");
    assert!(valid > 500);
}

/// A number of a shape that a hostile card chooses.
fn number(numbers: &mut Numbers, old: u32) -> u32 {
    match numbers.next() % 8 {
        0 => 0,
        1 => 1,
        2 => old.wrapping_add(1),
        3 => old.wrapping_sub(1),
        4 => 1 << (numbers.next() % 32),
        5 => u32::MAX,
        6 => old.wrapping_mul(3),
        _ => numbers.between(0, 8) as u32,
    }
}

fn change_group(numbers: &mut Numbers, group: &mut Group) {
    match group {
        Group::Axis { label } => *label = number(numbers, (*label).into()) as u8,
        Group::Window { extents, offset, step, labels } => match numbers.next() % 6 {
            0 => *offset = number(numbers, *offset as u32) as i32,
            1 => *step = number(numbers, *step),
            2 => extents.iter_mut().for_each(|extent| *extent = number(numbers, *extent)),
            3 => {
                labels.iter_mut().for_each(|label| label.stride = number(numbers, label.stride as u32) as i32)
            }
            4 => labels.iter_mut().for_each(|label| label.extent = number(numbers, label.extent)),
            _ => labels.iter_mut().for_each(|label| label.label = number(numbers, label.label.into()) as u8),
        },
        Group::Listed { extents, labels, indices } => match numbers.next() % 4 {
            0 => indices.iter_mut().for_each(|index| *index = number(numbers, *index)),
            1 => extents.iter_mut().for_each(|extent| *extent = number(numbers, *extent)),
            2 => indices.resize(number(numbers, indices.len() as u32) as usize % 100_000, 0),
            _ => labels.iter_mut().for_each(|label| label.1 = number(numbers, label.1)),
        },
    }
}

fn operands(shape: &mut TermClass) -> Vec<&mut Operand> {
    match shape {
        TermClass::Linear { operand, .. } | TermClass::Weighted { operand, .. } => vec![operand],
        TermClass::Product { left, right, .. } => vec![left, right],
    }
}

/// Changes one place of a model, in the class and the card alike where both have it.
fn change(numbers: &mut Numbers, card: &mut Card) {
    let index = (numbers.next() % card.operators.len() as u64) as usize;
    let pair = (&mut card.operators[index], &mut card.class.operators[index]);
    let (Operator::Affine(affine), OperatorClass::Affine { axes, terms }) = pair else {
        card.class.tables = number(numbers, card.class.tables.into()) as u8;
        return;
    };
    let term = (numbers.next() % terms.len() as u64) as usize;
    let (shape, term) = (&mut terms[term], &mut affine.terms[term]);
    match numbers.next() % 8 {
        0 => {
            let axis = (numbers.next() % axes.len() as u64) as usize;
            affine.axes[axis] = number(numbers, affine.axes[axis]);
            axes[axis] = u64::from(affine.axes[axis]).next_power_of_two().trailing_zeros() as u8;
        }
        1 => {
            term.summed.iter_mut().for_each(|extent| *extent = number(numbers, *extent));
            let logs = term
                .summed
                .iter()
                .map(|extent| u64::from(*extent).next_power_of_two().trailing_zeros() as u8);
            match shape {
                TermClass::Linear { summed, .. } => *summed = logs.collect(),
                TermClass::Weighted { contracted, .. } | TermClass::Product { contracted, .. } => {
                    *contracted = logs.collect();
                }
            }
        }
        2 => term.coefficient = number(numbers, term.coefficient as u32) as i32,
        3 => affine.rescale.multiplier = number(numbers, affine.rescale.multiplier),
        4 => affine.rescale.low = number(numbers, affine.rescale.low as u32) as i32,
        5 => operands(shape).into_iter().for_each(|operand| {
            operand.source.0 = number(numbers, operand.source.0.into()) as u16;
        }),
        _ => {
            let mut operands = operands(shape);
            let operand = &mut operands[0];
            if operand.groups.is_empty() || numbers.chance(10) {
                operand.groups.reverse();
            } else {
                let group = (numbers.next() % operand.groups.len() as u64) as usize;
                change_group(numbers, &mut operand.groups[group]);
            }
        }
    }
}

/// Weights of the sizes that a valid card gives, all 0.
fn weightless(card: &Card) -> Program {
    let (operators, tables) = (vec![], vec![]);
    let mut program = Program { card: card.clone(), weights: candor_program::Weights { operators, tables } };
    for (operator, shape) in card.operators.iter().zip(&card.class.operators) {
        let mut weights = OperatorWeights { dense: vec![], bias: vec![] };
        if let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) = (operator, shape) {
            let terms = terms.iter().zip(&affine.terms);
            let sizes = terms.filter_map(|(shape, term)| shape.weight_extents(&affine.axes, &term.summed));
            weights.dense = sizes.map(|extents| vec![0; sample::size(&extents) as usize]).collect();
            weights.bias = vec![0; affine.width() as usize];
        }
        program.weights.operators.push(weights);
    }
    program
}

#[test]
fn cards_with_changed_shapes_are_refused_or_run() {
    let (mut numbers, mut valid, mut refused) = (Numbers(33), 0, 0);
    for _ in 0..200 * rounds() {
        let original = generate::program(&mut numbers);
        for _ in 0..50 {
            let mut card = original.card.clone();
            for _ in 0..numbers.between(1, 3) {
                change(&mut numbers, &mut card);
            }
            assert_eq!(decode_exact::<Card>(&encode(&card)).as_ref(), Ok(&card));
            if card.validate().is_err() {
                refused += 1;
                continue;
            }
            valid += 1;
            accepted(&card);
            if card.class.tables == 0 {
                let program = weightless(&card);
                if program.validate().is_ok() {
                    runs(&program);
                }
            }
        }
    }
    println!("{valid} accepted, {refused} refused");
    assert!(valid > 1_000 && refused > 1_000);
}
