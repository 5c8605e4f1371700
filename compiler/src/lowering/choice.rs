//! Entries at indices that depend on the model's input.
//!
//! An index becomes a *number*: 0 for none, 1 for the first entry and so on; an index that no entry has is none. Numbers become *steps*,
//! one for every entry: `s_k = 1` where the number is above k, else 0, a difference that saturates. `s_k - s_(k+1)` is 1 for the entry that
//! is meant and 0 for all others, so that an entry is a sum of steps times differences of neighbouring entries: weights where the entries
//! are constants, else a product. None gives zeros. Where there are more entries than steps may have, numbers are split into two digits.

use super::contraction::{Labels, Table};
use super::site::Site;
use super::value::Value;
use crate::onnx::Cause;
use candor_program::operator::rescale::SPAN;

/// Most entries that are chosen from in one step: the saturation of a step stays below the program's limit.
const DIRECT: usize = 250;
/// Most entries that are chosen from: two digits of as many steps.
const ENTRIES: usize = DIRECT * 128;
/// Real value of one integer step of a step.
pub(crate) const STEP: f64 = 1.0 / SPAN as f64;

/// Data that are chosen from: labels of the result that they have, ascending, and the place of an entry for their values and its index.
pub(crate) struct Entries<'e> {
    pub(crate) value: &'e Value,
    pub(crate) labels: &'e [usize],
    pub(crate) place: &'e dyn Fn(&[usize], usize) -> Option<usize>,
    /// Number of entries.
    pub(crate) size: usize,
}

impl Site<'_, '_, '_> {
    /// Numbers of indices: 1 for the first of `size` entries, 0 for an index that is none; negative ones count from the end where they wrap.
    ///
    /// Errors: [`Cause::Inexact`] where the indices, the node's input `input`, are not integers in the program; [`Cause::Choices`].
    pub(crate) fn numbered(
        &mut self,
        input: usize,
        index: &Value,
        size: usize,
        wraps: bool,
    ) -> Result<Value, Cause> {
        let index = self.builder.views(index)?;
        let inexact = || Cause::Inexact { tensor: self.call.label(input) };
        let (low, high) = self.builder.integers(&index).ok_or_else(inexact)?;
        if size == 0 || size > ENTRIES {
            return Err(Cause::Choices { got: size, limit: ENTRIES });
        }
        let count = index.elements();
        let (entries, one) = (size as f64, vec![1.0; count]);
        let mut number = index.offset(&one);
        let wraps = wraps && low < 0.0;
        if wraps {
            // 1 where the index is not negative: the number, clamped to 0 and 1.
            let positive = self.builder.clamped(&number, 1.0, 0)?;
            let positive = self.builder.clamped(&positive, 1.0, 1 - SPAN as i32)?;
            number = number.plus(&positive, -entries).offset(&vec![entries; count]);
        }
        if !wraps && low >= 0.0 && high < entries {
            return Ok(number);
        }
        let number = self.builder.clamped(&number, 1.0, 0)?;
        let number = self.builder.clamped(&number, 1.0, size as i32 + 1 - SPAN as i32)?;
        let beyond = self.builder.clamped(&number.offset(&vec![-entries; count]), 1.0, 0)?;
        self.builder.clamped(&number.plus(&beyond, -entries - 1.0), 1.0, 0)
    }

    /// One number for tuples of numbers into entries of several axes; 0 where one of them is 0. Shapes: all numbers have one.
    pub(crate) fn joined(&mut self, numbers: &[Value], sizes: &[usize]) -> Result<Value, Cause> {
        if let [number] = numbers {
            return Ok(number.clone());
        }
        let got = sizes.iter().fold(1usize, |product, size| product.saturating_mul(*size));
        let Some(first) = numbers.first().filter(|_| got <= ENTRIES) else {
            return Err(Cause::Choices { got, limit: ENTRIES });
        };
        let (count, total) = (first.elements(), got as f64);
        let mut joined: Option<Value> = None;
        let mut stride = 1usize;
        for (number, size) in numbers.iter().zip(sizes).rev() {
            let place = number.offset(&vec![-1.0; count]).times(stride as f64);
            joined = Some(joined.map_or(place.clone(), |joined| joined.plus(&place, 1.0)));
            stride *= size;
        }
        let mut joined = joined.ok_or(Cause::OnlyConstants)?.offset(&vec![1.0; count]);
        for number in numbers {
            if self.builder.bounds(number).is_none_or(|(low, _)| low < 1.0) {
                let some = self.builder.clamped(number, 1.0, 1 - SPAN as i32)?;
                joined = joined.plus(&some, total).offset(&vec![-total; count]);
            }
        }
        let joined = self.builder.clamped(&joined, 1.0, 0)?;
        self.builder.clamped(&joined, 1.0, total as i32 - SPAN as i32)
    }

    /// 1 for every threshold that a number is above, else 0: one axis more, of this many thresholds from `first` on.
    fn steps(&mut self, number: &Value, first: f64, count: usize) -> Result<Value, Cause> {
        let (shape, elements) = ([number.shape.as_slice(), &[count]].concat(), number.elements());
        let from: Vec<u32> = (0..elements * count).map(|place| (place / count) as u32).collect();
        let repeated = self.moved(number, shape, &from)?;
        let thresholds: Vec<f64> =
            (0..elements * count).map(|place| -first - (place % count) as f64).collect();
        self.builder.clamped(&repeated.offset(&thresholds), STEP, 0)
    }

    /// A number as two digits: what is left over by the base, and the quotient. Both from 0 on; 0 and 0 for none.
    fn digits(&mut self, number: &Value, size: usize, base: usize) -> Result<(Value, Value), Cause> {
        let (count, base) = (number.elements(), base as f64);
        let number = self.builder.clamped(number, 1.0, size as i32 - SPAN as i32)?;
        // Rescaling rounds to the nearest integer: half a base less, and half a step of the number more, is rounding down.
        let half = vec![(1.0 - base) / (2.0 * base); count];
        let quotient = number.times(1.0 / base).offset(&half);
        let quotient = self.builder.clamped_as(&quotient, 1.0, 0, &|x| (x + 0.5).floor())?;
        let rest = number.plus(&quotient, -base);
        let rest = self.builder.clamped(&rest, 1.0, 0)?;
        let rest = self.builder.clamped(&rest, 1.0, base as i32 - 1 - SPAN as i32)?;
        Ok((rest, quotient))
    }

    /// 1 for the entry that a number means, else 0: one axis more, of `size` entries.
    pub(crate) fn one_hot(&mut self, number: &Value, size: usize) -> Result<Value, Cause> {
        let shape = [number.shape.as_slice(), &[size]].concat();
        if size <= DIRECT {
            let steps = self.steps(number, 0.0, size)?;
            return Ok(steps.plus(&after(&steps, size), -1.0));
        }
        let base = base(size);
        let (rest, quotient) = self.digits(number, size, base)?;
        let (count, high) = (number.elements(), size / base + 1);
        let low = self.steps(&rest, -1.0, base)?;
        let top = self.steps(&quotient, -1.0, high)?;
        let low = self.builder.clamped(&low.plus(&after(&low, base), -1.0), STEP, 0)?;
        let top = self.builder.clamped(&top.plus(&after(&top, high), -1.0), STEP, 0)?;
        let labels = Labels::new(&[count, high, base], &[]);
        let (top_table, low_table) = (labels.axes(&[0, 1]), labels.axes(&[0, 2]));
        let pairs = self.builder.product(&labels, (&top, &top_table), (&low, &low_table))?;
        let from: Vec<u32> = (0..count)
            .flat_map(|at| (0..size).map(move |entry| (at * high * base + entry + 1) as u32))
            .collect();
        self.moved(&pairs, shape, &from)
    }

    /// The entries that numbers mean; zeros for none. Numbers have the labels `labels` of the result, ascending.
    pub(crate) fn chosen(
        &mut self,
        shape: &[usize],
        (number, labels): (&Value, &[usize]),
        entries: &Entries<'_>,
    ) -> Result<Value, Cause> {
        let size = entries.size;
        if size <= DIRECT {
            let steps = self.steps(number, 0.0, size)?;
            let all = Labels::new(shape, &[size]);
            return self.stepped(&all, (&steps, labels), entries);
        }
        let base = base(size);
        let (rest, quotient) = self.digits(number, size, base)?;
        let high = size / base + 1;
        let low = self.steps(&rest, -1.0, base)?;
        let top = self.steps(&quotient, -1.0, high)?;
        // For every upper digit the entry with this lower one.
        let rank = shape.len();
        let upper: Vec<usize> = entries.labels.iter().copied().chain([rank]).collect();
        let place = |values: &[usize], rest: usize| {
            let (quotient, values) = values.split_last()?;
            let entry = (quotient * base + rest).checked_sub(1).filter(|entry| *entry < size)?;
            (entries.place)(values, entry)
        };
        let lower = Entries { value: entries.value, labels: &upper, place: &place, size: base };
        let all = Labels::new(&[shape, &[high]].concat(), &[base]);
        let columns = self.stepped(&all, (&low, labels), &lower)?;
        let columns = self.builder.single(&columns)?.0;
        let axes: Vec<usize> = (0..rank).collect();
        let place = |values: &[usize], quotient: usize| {
            let start = values.iter().zip(shape).fold(0, |place, (value, size)| place * size + value);
            Some(start * high + quotient)
        };
        let upper = Entries { value: &columns, labels: &axes, place: &place, size: high };
        self.stepped(&Labels::new(shape, &[high]), (&top, labels), &upper)
    }

    /// Steps times differences of neighbouring entries, summed over the last label.
    fn stepped(
        &mut self,
        all: &Labels,
        (steps, labels): (&Value, &[usize]),
        entries: &Entries<'_>,
    ) -> Result<Value, Cause> {
        let last = all.shape.len();
        let with = |labels: &[usize]| labels.iter().copied().chain([last]).collect::<Vec<_>>();
        let step_table = all.axes(&with(labels));
        let own = with(entries.labels);
        let place = |values: &[usize], before: usize| {
            let (entry, values) = values.split_last()?;
            (entries.place)(values, entry.checked_sub(before)?)
        };
        let here = all.table(&own, |values| place(values, 0));
        let before = all.table(&own, |values| place(values, 1));
        if let Some(numbers) = entries.value.fixed() {
            let number = |place: &u32| numbers.get(*place as usize).copied().unwrap_or(0.0);
            let differences: Vec<f64> = here
                .places
                .iter()
                .zip(&before.places)
                .map(|(here, before)| number(here) - number(before))
                .collect();
            let table = Table { labels: own, places: (0..differences.len() as u32).collect() };
            return self.builder.weighted(all, (steps, &step_table), (&differences, &table));
        }
        let data = self.builder.single(entries.value)?.0;
        let entry = self.builder.product(all, (steps, &step_table), (&data, &here))?;
        let earlier = self.builder.product(all, (steps, &step_table), (&data, &before))?;
        Ok(entry.plus(&earlier, -1.0))
    }
}

/// The lowest power of two from the root on, so that both digits have about as many values.
fn base(size: usize) -> usize {
    let mut base = 16;
    while base * base < size {
        base *= 2;
    }
    base
}

/// Every step's next one; 0 after the last.
fn after(steps: &Value, count: usize) -> Value {
    let place =
        |place: usize| if place % count + 1 < count { place as u32 + 1 } else { super::view::NOTHING };
    let from: Vec<u32> = (0..steps.elements()).map(place).collect();
    steps.moved(steps.shape.clone(), &from)
}
