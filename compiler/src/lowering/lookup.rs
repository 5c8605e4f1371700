//! Tables of 65,536 entries: functions of one number at a scale that the samples need or that is given, and rows of integers.

use super::builder::{Builder, Clamp, Physical, Scale, extents};
use super::value::{Factors, Samples, Term, Value};
use super::view::NOTHING;
use crate::onnx::Cause;
use candor_program::card::OperatorWeights;
use candor_program::class::{OperatorClass, TensorId};
use candor_program::operator::lookup::ENTRIES;
use candor_program::operator::rescale::{SHIFT, SPAN};
use candor_program::operator::{Lookup, Operator};
use std::rc::Rc;

/// Entries of one row.
pub(crate) const ROW: usize = 256;

impl Builder<'_> {
    /// An affine operator at a given scale: what lies outside saturates. A constant stays one.
    ///
    /// Errors: [`Cause::WorstCase`] where the coefficient of a product would not be a whole number.
    pub(crate) fn stepped(&mut self, value: &Value, scale: Scale, clamp: Clamp) -> Result<Value, Cause> {
        let relu = |values: &Vec<f64>| values.iter().map(|x| x.max(0.0)).collect::<Vec<f64>>();
        let (low, samples): (i32, Samples) = match clamp {
            Clamp::None => (scale.low, Rc::clone(&value.samples)),
            Clamp::Relu => (0, Rc::new(value.samples.iter().map(relu).collect())),
        };
        if value.terms.is_empty() {
            let constant = if clamp == Clamp::Relu { relu(&value.constants()) } else { value.constants() };
            return Ok(Value { constant, samples, ..value.clone() });
        }
        let widened = self.widened.get(&self.operators.len()).copied().unwrap_or(0);
        let step = scale.step * 2f64.powi(widened as i32);
        for unit in value.terms.iter().filter_map(|term| self.product_unit(term)) {
            let coefficient = unit / step * f64::from(1u32 << SHIFT);
            if (coefficient - coefficient.round()).abs() > 1e-3 * coefficient {
                return Err(Cause::WorstCase { bits: 63 });
            }
        }
        let tensor = self.emit(value, step, low, samples)?;
        Ok(self.value(tensor, value.shape.clone()))
    }

    /// Real value of one step of a product of two tensors.
    fn product_unit(&self, term: &Term) -> Option<f64> {
        let Term::Sum(sum) = term else { return None };
        let Factors::Two(left, right) = &sum.factors else { return None };
        Some((sum.factor * self.tensors[left.tensor].step(0) * self.tensors[right.tensor].step(0)).abs())
    }

    /// A table of a function with given scales of arguments and results, as [`Self::looked_up`] makes one: values that stand at the scale
    /// of arguments, but for a factor, are read where they are.
    pub(crate) fn tabulated(
        &mut self,
        value: &Value,
        function: &dyn Fn(f64) -> f64,
        (arguments, results): (Scale, Scale),
    ) -> Result<Value, Cause> {
        let zero = function(0.0);
        if let Some(constants) = value.fixed() {
            let results = constants.iter().map(|x| function(*x)).collect();
            return Ok(Value::constant(value.shape.clone(), results, value.samples.len()));
        }
        let (tensor, factor) = match self.at_scale(value, arguments)?.terms.as_slice() {
            [Term::View(view)] => (view.tensor, view.factor),
            _ => return Err(Cause::Overflow),
        };
        let of = |sample: &Vec<f64>| sample.iter().map(|x| function(*x) - zero).collect();
        let samples: Samples = Rc::new(value.samples.iter().map(of).collect());
        self.lookup(tensor, &|x| function(x) - zero, (factor, results), samples)?;
        let result = self.value(self.tensors.len() - 1, value.shape.clone());
        Ok(result.offset(&vec![zero; value.elements()]))
    }

    /// A whole tensor of an affine operator at this scale, but for a factor: the value's own where it stands at that scale.
    pub(crate) fn at_scale(&mut self, value: &Value, scale: Scale) -> Result<Value, Cause> {
        if let [Term::View(view)] = value.terms.as_slice()
            && value.constant.iter().all(|constant| *constant == 0.0)
        {
            let source = &self.tensors[view.tensor];
            let whole = view.indices.iter().enumerate().all(|(place, index)| place as u32 == *index);
            let fits = source.extents == extents(&value.shape)
                && view.factor * source.step(0) == scale.step
                && source.low == scale.low;
            let affine = view.tensor.checked_sub(1).map(|operator| &self.operators[operator]);
            if whole && fits && matches!(affine, Some(Operator::Affine(_))) {
                return Ok(value.clone());
            }
        }
        self.stepped(value, scale, Clamp::None)
    }

    /// A lookup of every element of an affine operator's tensor: of a function that maps 0 to 0, after a factor.
    fn lookup(
        &mut self,
        tensor: usize,
        function: &dyn Fn(f64) -> f64,
        (factor, scale): (f64, Scale),
        samples: Samples,
    ) -> Result<(), Cause> {
        let source = self.tensors[tensor].clone();
        let low = i64::from(scale.low);
        let real = |index: usize| {
            let integer = index as i64 + i64::from(source.low);
            let real = function(integer as f64 * (source.step(0) * factor));
            if real.is_nan() { 0.0 } else { real }
        };
        let results: Vec<f64> = (0..ENTRIES).map(real).collect();
        // The range holds 0, so that the entry of 0 is exact.
        let entry = |real: &f64| {
            ((real / scale.step).round().clamp(low as f64, (low + SPAN) as f64) as i64 - low) as u16
        };
        let table: Vec<u16> = results.iter().map(entry).collect();
        let found = self.tables.iter().enumerate().position(|(number, other)| {
            *other == table
                && !self.is_of_rows(number)
                && self.range_of(number) == Some((source.low, scale.low))
        });
        let real = |entry: &u16| f64::from(i32::from(*entry) + scale.low) * scale.step;
        let ends = (table.iter().min().map_or(0.0, real), table.iter().max().map_or(0.0, real));
        let number = match found {
            Some(number) => number,
            None => {
                self.tables.push(table);
                self.tables.len() - 1
            }
        };
        self.look(tensor, number, scale, samples)?;
        self.bounds.insert(self.tensors.len() - 1, ends);
        self.results.insert(self.tensors.len() - 1, Rc::new(results));
        Ok(())
    }

    fn look(&mut self, tensor: usize, table: usize, scale: Scale, samples: Samples) -> Result<(), Cause> {
        let table = u8::try_from(table).map_err(|_| Cause::Overflow)?;
        let extents = self.tensors[tensor].extents.clone();
        self.classes.push(OperatorClass::Lookup { source: TensorId(tensor as u16), table });
        self.operators.push(Operator::Lookup(Lookup { low: scale.low }));
        self.weights.push(OperatorWeights { dense: vec![], bias: vec![] });
        self.origins.push(self.node.clone());
        self.tensors.push(Physical { extents, steps: vec![scale.step], low: scale.low, samples });
        Ok(())
    }

    /// Whether a table may still get rows.
    pub(super) fn is_of_rows(&self, table: usize) -> bool {
        self.rows.as_ref().is_some_and(|(number, _)| *number == table)
    }

    /// Rows of one table for all of a program, each of up to [`ROW`] integers: the table and the number of each row. `None` where so many
    /// rows are no table.
    pub(crate) fn rows(&mut self, rows: &[Vec<i16>]) -> Option<(usize, Vec<usize>)> {
        let mut distinct: Vec<&Vec<i16>> = Vec::new();
        for row in rows {
            if !distinct.contains(&row) {
                distinct.push(row);
            }
        }
        // Row 0 is of zeros, since a table maps 0 to 0.
        let most = ENTRIES / ROW - 1;
        if distinct.len() > most || rows.iter().any(|row| row.len() > ROW) {
            return None;
        }
        let room = |known: &Vec<Vec<i16>>| {
            let new = distinct.iter().filter(|row| !known.contains(row)).count();
            known.len() + new <= most
        };
        let (table, mut known) = match self.rows.take().filter(|(_, known)| room(known)) {
            Some(rows) => rows,
            None => {
                self.tables.push(vec![1 << 15; ENTRIES]);
                (self.tables.len() - 1, Vec::new())
            }
        };
        let mut numbers = Vec::with_capacity(rows.len());
        for row in rows {
            let position = known.iter().position(|other| other == row).unwrap_or_else(|| {
                known.push(row.clone());
                known.len() - 1
            });
            let first = (position + 1) * ROW;
            for (place, integer) in row.iter().enumerate() {
                self.tables[table][first + place] = (i32::from(*integer) + (1 << 15)) as u16;
            }
            numbers.push(position + 1);
        }
        self.rows = Some((table, known));
        Some((table, numbers))
    }

    /// Integers of a table of rows, at places that are a tensor of whole numbers from 0 on.
    pub(crate) fn looked_up_in(&mut self, place: &Value, table: usize) -> Result<Value, Cause> {
        let [Term::View(view)] = place.terms.as_slice() else { return Err(Cause::Overflow) };
        let of = |sample: &Vec<f64>| {
            let entry = |x: &f64| self.tables[table].get(*x as usize).copied().unwrap_or(1 << 15);
            sample.iter().map(|x| f64::from(entry(x)) - f64::from(1u16 << 15)).collect()
        };
        let samples = Rc::new(place.samples.iter().map(of).collect());
        self.look(view.tensor, table, Scale { step: 1.0, low: -32_768 }, samples)?;
        Ok(self.value(self.tensors.len() - 1, place.shape.clone()))
    }

    /// Notes that the saturation of a value that is one tensor is meant: beyond it nothing changes.
    pub(crate) fn may_saturate(&mut self, value: &Value) {
        if let [Term::View(view)] = value.terms.as_slice() {
            self.clamping.insert(view.tensor);
        }
    }

    /// Bounds that the caller knows of a value that is one tensor, for every input.
    pub(crate) fn know(&mut self, value: &Value, bounds: (f64, f64)) {
        if let [Term::View(view)] = value.terms.as_slice() {
            self.bounds.insert(view.tensor, bounds);
        }
    }

    /// The scale and the constant of a value that is one tensor of the program, of one step, and a constant; `None` for any other.
    pub(crate) fn stands_alone(&self, value: &Value) -> Option<(Scale, f64)> {
        let [Term::View(view)] = value.terms.as_slice() else { return None };
        let source = &self.tensors[view.tensor];
        let [step] = source.steps.as_slice() else { return None };
        let constant = value.constant.first().copied().unwrap_or(0.0);
        let is_uniform = value.constant.iter().all(|other| *other == constant);
        let read = view.indices.iter().all(|index| *index != NOTHING);
        let scale = Scale { step: view.factor * step, low: source.low };
        (is_uniform && read && view.factor > 0.0).then_some((scale, constant))
    }
}
