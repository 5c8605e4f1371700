//! An evaluator written a second time, in big integers and another order, agrees on random and extreme programs, and interval
//! analysis bounds every value.
//!
//! `CANDOR_CAMPAIGN=full cargo test -p candor-program --test completeness reference -- --nocapture` compares more than a million values
//! of every primitive; a plain run takes a hundredth of the programs.

mod generate;
mod model;

use crate::sample::{self, Numbers};
use candor_program::Program;
use candor_program::class::{Group, Operand, OperatorClass, TermClass};
use candor_program::evaluate::{Evaluator, execute};
use candor_program::interval::{Interval, analyse};
use candor_program::operator::{Affine, Operator};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// How many values were compared of what.
type Coverage = BTreeMap<&'static str, u64>;

/// What a view is made of.
fn views(operand: &Operand, outputs: usize, found: &mut Vec<&'static str>) {
    let labels: Vec<u8> = operand.labels().collect();
    if labels.windows(2).any(|pair| pair[0] > pair[1]) {
        found.push("permuted labels");
    }
    for group in &operand.groups {
        found.push(match group {
            Group::Axis { .. } => "view: axis",
            Group::Window { extents, .. } if extents.is_empty() => "view: window of no axes",
            Group::Window { labels, .. } if labels.is_empty() => "view: window of no labels",
            Group::Window { extents, .. } if extents.len() > 1 => "view: window of several axes",
            Group::Window { step, .. } if *step > 1 => "view: window with a step",
            Group::Window { labels, .. }
                if labels.iter().any(|label| usize::from(label.label) < outputs)
                    && labels.iter().any(|label| usize::from(label.label) >= outputs) =>
            {
                "view: window that slides"
            }
            Group::Window { .. } => "view: window of one axis",
            Group::Listed { .. } => "view: list",
        });
    }
}

/// What a term is made of.
fn primitives(shape: &TermClass, outputs: usize) -> Vec<&'static str> {
    let mut found = vec![];
    let kinds = shape.kinds(outputs);
    let sums = !shape.summed().is_empty();
    for operand in shape.operands() {
        views(operand, outputs, &mut found);
    }
    match shape {
        TermClass::Linear { .. } => found.push(if sums { "linear: summed" } else { "linear" }),
        TermClass::Weighted { .. } => {
            found.push(if sums { "weighted: contracted" } else { "weighted" });
            for (what, labels) in [
                ("weighted: shared label", kinds.shared),
                ("weighted: label of the weights", kinds.left),
                ("weighted: free label", kinds.right),
            ] {
                found.extend((!labels.is_empty()).then_some(what));
            }
        }
        TermClass::Product { .. } => {
            found.push(if sums { "product: contracted" } else { "product" });
            found.extend((!kinds.shared.is_empty()).then_some("product: shared label"));
            found.extend((!kinds.left.is_empty()).then_some("product: label of one factor"));
        }
    }
    found
}

fn count(coverage: &mut Coverage, what: &'static str, values: usize) {
    *coverage.entry(what).or_default() += values as u64;
}

/// All that is known of a program.
struct Case<'a> {
    program: &'a Program,
    evaluator: Evaluator<'a>,
    intervals: Vec<Interval>,
}

impl<'a> Case<'a> {
    fn new(program: &'a Program) -> Self {
        assert_eq!(program.validate(), Ok(()), "{program:?}");
        Self { program, evaluator: Evaluator::new(program), intervals: analyse(program).unwrap() }
    }

    fn check(&self, input: &[u16], coverage: &mut Coverage) {
        let execution = self.evaluator.execute(input).unwrap();
        let expected = model::evaluate(self.program, input);
        assert_eq!(execution.tensors.len(), expected.tensors.len());
        for (got, expected) in execution.tensors.iter().zip(&expected.tensors) {
            let got: Vec<BigInt> = got.iter().map(|value| BigInt::from(*value)).collect();
            assert_eq!(&got, expected, "{:?} {input:?}", self.program);
        }
        let card = &self.program.card;
        for (number, (operator, shape)) in card.operators.iter().zip(&card.class.operators).enumerate() {
            let (interval, output) = (self.intervals[number], &execution.tensors[number + 1]);
            assert!(output.iter().all(|y| (interval.output_min..=interval.output_max).contains(y)));
            match (operator, shape) {
                (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) => {
                    for primitive in terms.iter().flat_map(|term| primitives(term, affine.axes.len())) {
                        count(coverage, primitive, output.len());
                    }
                    let rows = self.evaluator.rows(number, &execution.tensors).unwrap();
                    let rows: Vec<_> = rows.into_iter().map(Option::unwrap).collect();
                    self.check_rows(affine, interval, (&rows, &expected.accumulators[number]), coverage);
                }
                _ => {
                    count(coverage, "lookup", output.len());
                    assert_eq!(self.evaluator.looked_up(number, &execution.tensors), *output);
                }
            }
        }
    }

    /// Every row satisfies its relation with the reference's accumulator, which interval analysis bounds.
    fn check_rows(
        &self,
        affine: &Affine,
        interval: Interval,
        (rows, accumulators): (&[candor_program::operator::rescale::Row], &[BigInt]),
        coverage: &mut Coverage,
    ) {
        assert_eq!(rows.len(), accumulators.len());
        for (row, accumulator) in rows.iter().zip(accumulators) {
            let low = BigInt::from(interval.accumulator_min);
            assert!((low..=interval.accumulator_max.into()).contains(accumulator), "{:?}", self.program);
            let sign = if row.upward { 1 } else { -1 };
            let quotient = i64::from(affine.rescale.output(row)) + sign * i64::from(row.excess);
            let left = accumulator * affine.rescale.multiplier + 32_768;
            assert_eq!(left, BigInt::from(quotient) * 65_536 + row.remainder);
            count(coverage, "saturated upwards", usize::from(row.upward));
            count(coverage, "saturated downwards", usize::from(row.excess > 0 && !row.upward));
            count(coverage, "exact half", usize::from(row.remainder == 0 && row.excess == 0));
            count(coverage, "negative accumulator", usize::from(*accumulator < BigInt::ZERO));
            let zero = row.excess == 0 && affine.rescale.output(row) != 0;
            count(coverage, "output other than 0, not saturated", usize::from(zero));
        }
    }
}

/// Every kind of term and view.
const PRIMITIVES: [&str; 21] = [
    "linear",
    "linear: summed",
    "lookup",
    "permuted labels",
    "product",
    "product: contracted",
    "product: label of one factor",
    "product: shared label",
    "view: axis",
    "view: list",
    "view: window of no axes",
    "view: window of no labels",
    "view: window of one axis",
    "view: window of several axes",
    "view: window that slides",
    "view: window with a step",
    "weighted",
    "weighted: contracted",
    "weighted: free label",
    "weighted: label of the weights",
    "weighted: shared label",
];
/// Every way to round.
const ROUNDINGS: [&str; 5] = [
    "exact half",
    "negative accumulator",
    "output other than 0, not saturated",
    "saturated downwards",
    "saturated upwards",
];

#[test]
fn reference_agrees_on_random_and_extreme_programs() {
    let full = std::env::var("CANDOR_CAMPAIGN").is_ok_and(|campaign| campaign == "full");
    let programs = if full { 50_000 } else { 500 };
    let (mut numbers, mut coverage) = (Numbers(6), Coverage::new());
    for _ in 0..programs {
        let program = generate::program(&mut numbers);
        let case = Case::new(&program);
        for _ in 0..10 {
            case.check(&generate::input(&mut numbers, &program), &mut coverage);
        }
    }
    coverage.iter().for_each(|(what, count)| println!("{count:>10} {what}"));
    for (least, what) in
        PRIMITIVES.map(|what| (20 * programs, what)).into_iter().chain(ROUNDINGS.map(|what| (programs, what)))
    {
        let count = coverage.get(what).copied().unwrap_or(0);
        assert!(count >= least, "only {count} values of: {what}");
    }
}

#[test]
fn reference_agrees_on_the_sample() {
    let program = sample::program();
    let case = Case::new(&program);
    let mut numbers = Numbers(7);
    for _ in 0..1_000 {
        case.check(&generate::input(&mut numbers, &program), &mut Coverage::new());
    }
    // Worked out by hand: 4 hidden values, 3 outputs.
    let execution = execute(&program, &[10, 20, 30]).unwrap();
    // acc = 1000 + 30 - 40 + 30, -1000 - 10 + 20, 70 - 140 + 60, 5000 - 150; times 40000 / 65536, rounded, ReLU.
    assert_eq!(execution.tensors[1], [623, 0, 0, 2_960]);
    // acc = 5 + 623 - 2960 - 30, -2 * 623 + 2960 - 60, -5 + 3 * 623 + 2960 - 90; times 21845 / 65536, rounded.
    assert_eq!(execution.tensors[2], [-787, 551, 1_578]);
}
