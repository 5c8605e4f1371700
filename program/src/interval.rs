//! Bounds of every value of a program, for every input in the declared ranges.

mod extremes;

pub use crate::validate::{NameDefect, Part, ProgramError, TermDefect};

use crate::accumulate::{Bounded, Bounds, accumulate};
use crate::card::Program;
use crate::limits;
use crate::operator::{Operator, Rescale};
use crate::plan::{OperatorPlan, Plan};
use extremes::Extremes;

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

/// Bounds of every operator, in order.
///
/// Shapes: those of the weights are checked here. Owes: [`crate::Card::validate`].
/// Errors: an accumulator that can reach 2^62, or a saturation excess that can reach 2^24.
pub fn analyse(program: &Program) -> Result<Vec<Interval>, ProgramError> {
    program.check_weights()?;
    let card = &program.card;
    let plan = Plan::new(card);
    let input = card
        .features
        .iter()
        .map(|feature| Bounds { min: 0, max: i32::try_from(feature.span()).unwrap_or(i32::MAX) });
    let mut tensors: Vec<Vec<Bounds>> = vec![input.collect()];
    let mut intervals = Vec::with_capacity(card.operators.len());
    let tables: Vec<Extremes<'_>> = program.weights.tables.iter().map(|table| Extremes::new(table)).collect();
    for (operator, ((data, plan), weights)) in
        card.operators.iter().zip(&plan.operators).zip(&program.weights.operators).enumerate()
    {
        let (interval, bounds) = match (data, plan) {
            (Operator::Affine(affine), OperatorPlan::Affine { width, terms }) => {
                let sums = accumulate::<Bounded>(*width, terms, weights, &tensors);
                rescaled(operator, &affine.rescale, &sums)?
            }
            (Operator::Lookup(lookup), OperatorPlan::Lookup { source, source_low, table }) => {
                let values = tensors.get(usize::from(source.0)).map_or(&[][..], Vec::as_slice);
                // There are as many tables as the class has: the weights were checked.
                let Some(table) = tables.get(*table) else { return Err(ProgramError::Terms { operator }) };
                looked_up(lookup.low, table, *source_low, values)
            }
            // A valid card's class and data are of one kind.
            _ => return Err(ProgramError::Terms { operator }),
        };
        intervals.push(interval);
        tensors.push(bounds);
    }
    Ok(intervals)
}

/// Nothing yet: what covers no value.
const EMPTY: Interval = Interval {
    accumulator_min: i64::MAX,
    accumulator_max: i64::MIN,
    output_min: i32::MAX,
    output_max: i32::MIN,
};

impl Interval {
    fn cover(&mut self, (low, high): (i64, i64), bounds: Bounds) {
        self.accumulator_min = self.accumulator_min.min(low);
        self.accumulator_max = self.accumulator_max.max(high);
        self.output_min = self.output_min.min(bounds.min);
        self.output_max = self.output_max.max(bounds.max);
    }
}

fn rescaled(
    operator: usize,
    rescale: &Rescale,
    sums: &[(i128, i128)],
) -> Result<(Interval, Vec<Bounds>), ProgramError> {
    let mut interval = EMPTY;
    let mut output = Vec::with_capacity(sums.len());
    for (position, (low, high)) in sums.iter().enumerate() {
        let (Some(low), Some(high)) = (in_range(*low), in_range(*high)) else {
            return Err(ProgramError::Accumulator { operator, position });
        };
        // The rescale is monotonous, so its extremes are at those of the accumulator.
        let (Some(least), Some(most)) = (rescale.row(low), rescale.row(high)) else {
            return Err(ProgramError::Excess { operator, position });
        };
        let bounds = Bounds { min: rescale.output(&least), max: rescale.output(&most) };
        interval.cover((low, high), bounds);
        output.push(bounds);
    }
    Ok((interval, output))
}

fn in_range(accumulator: i128) -> Option<i64> {
    if accumulator.unsigned_abs() < limits::ACCUMULATOR.unsigned_abs() {
        i64::try_from(accumulator).ok()
    } else {
        None
    }
}

/// What the entries between a value's bounds are. The accumulators are the source's values.
fn looked_up(low: i32, table: &Extremes<'_>, source_low: i32, values: &[Bounds]) -> (Interval, Vec<Bounds>) {
    let index = |value: i32| usize::try_from(i64::from(value) - i64::from(source_low)).unwrap_or(0);
    let mut interval = EMPTY;
    let mut output = Vec::with_capacity(values.len());
    for bounds in values {
        let (least, most) = table.between(index(bounds.min), index(bounds.max));
        let value = |entry: u16| low.saturating_add(i32::from(entry));
        let result = Bounds { min: value(least), max: value(most) };
        interval.cover((bounds.min.into(), bounds.max.into()), result);
        output.push(result);
    }
    (interval, output)
}
