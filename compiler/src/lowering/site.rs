//! One node that is being lowered: its attributes, its inputs as values or constants, and the program so far.

use super::builder::{Builder, Clamp};
use super::contraction::{Labels, Table};
use super::sums::number;
use super::value::Value;
use super::view::NOTHING;
use crate::onnx::Cause;
use crate::operator::{Budget, Call, Operator};
use crate::tensor::{ElementType, Offsets, Tensor, broadcast_shape, broadcast_strides};
use std::rc::Rc;

/// A node that is being lowered.
pub(crate) struct Site<'s, 'b, 'w> {
    /// Attributes and constant inputs; inputs that are not constant have their shape and type, and no numbers.
    pub(crate) call: Call<'s>,
    /// Inputs that depend on the model's input.
    values: &'s [Option<Value>],
    /// Whether somebody reads each output that the node names.
    wanted: Vec<bool>,
    /// The program so far.
    pub(crate) builder: &'b mut Builder<'w>,
}

impl<'s, 'b, 'w> Site<'s, 'b, 'w> {
    pub(crate) fn new(
        call: Call<'s>,
        values: &'s [Option<Value>],
        wanted: Vec<bool>,
        builder: &'b mut Builder<'w>,
    ) -> Self {
        Self { call, values, wanted, builder }
    }

    /// Whether an output is read by a node or is the program's.
    pub(crate) fn wanted(&self, output: usize) -> bool {
        self.wanted.get(output).copied().unwrap_or(false)
    }

    /// Whether an input depends on the model's input.
    pub(crate) fn varies(&self, index: usize) -> bool {
        self.values.get(index).is_some_and(Option::is_some)
    }

    /// The numbers of an input that is constant.
    pub(crate) fn fixed(&self, index: usize) -> Option<Vec<f64>> {
        if self.varies(index) { None } else { self.call.optional(index)?.to_floats() }
    }

    /// An input, constant or not.
    pub(crate) fn input(&self, index: usize) -> Result<Value, Cause> {
        if let Some(Some(value)) = self.values.get(index) {
            return Ok(value.clone());
        }
        let tensor = self.call.input(index)?;
        let numbers = tensor.to_floats().ok_or_else(|| self.call.wrong_type(index, "FLOAT"))?;
        Ok(Value::constant(tensor.shape().to_vec(), numbers, self.samples()))
    }

    /// Number of calibration samples.
    pub(crate) fn samples(&self) -> usize {
        self.builder.tensors.first().map_or(0, |input| input.samples.len())
    }

    /// A value repeated along axes to a shape that it broadcasts to.
    pub(crate) fn broadcast(&mut self, value: &Value, shape: &[usize]) -> Result<Value, Cause> {
        if value.shape == shape {
            return Ok(value.clone());
        }
        let strides = broadcast_strides(&value.shape, shape)
            .ok_or_else(|| self.call.wrong_shape(0, "one that broadcasts"))?;
        let from: Vec<u32> = Offsets::new(shape, &strides, 0).map(|place| place as u32).collect();
        self.moved(value, shape.to_vec(), &from)
    }

    /// Elements moved, left out and repeated; `from[i]` is the old place of element i, [`NOTHING`] a zero.
    pub(crate) fn moved(&mut self, value: &Value, shape: Vec<usize>, from: &[u32]) -> Result<Value, Cause> {
        let whole =
            from.len() == value.elements() && from.iter().enumerate().all(|(i, place)| i as u32 == *place);
        if whole && super::builder::extents(&shape) == super::builder::extents(&value.shape) {
            return Ok(Value { shape, ..value.clone() });
        }
        Ok(self.builder.views(value)?.moved(shape, from))
    }

    /// Both values at the shape that they broadcast to.
    pub(crate) fn pair(&mut self, left: &Value, right: &Value) -> Result<(Value, Value), Cause> {
        let shape = broadcast_shape(&left.shape, &right.shape)
            .ok_or_else(|| self.call.wrong_shape(1, format!("one that broadcasts with {:?}", left.shape)))?;
        Ok((self.broadcast(left, &shape)?, self.broadcast(right, &shape)?))
    }

    /// `max(x, 0)`.
    pub(crate) fn relu(&mut self, value: &Value) -> Result<Value, Cause> {
        if let Some(constants) = value.fixed() {
            let above = constants.iter().map(|x| x.max(0.0)).collect();
            return Ok(Value::constant(value.shape.clone(), above, self.samples()));
        }
        self.builder.rescaled(value, Clamp::Relu)
    }

    /// The larger of two values, element by element: `right + max(left - right, 0)`.
    pub(crate) fn larger(&mut self, left: &Value, right: &Value) -> Result<Value, Cause> {
        let right = self.builder.views(right)?;
        let rest = self.relu(&left.plus(&right, -1.0))?;
        Ok(right.plus(&rest, 1.0))
    }

    /// The smaller of two values, element by element: `left - max(left - right, 0)`.
    pub(crate) fn smaller(&mut self, left: &Value, right: &Value) -> Result<Value, Cause> {
        let left = self.builder.views(left)?;
        let rest = self.relu(&left.plus(right, -1.0))?;
        Ok(left.plus(&rest, -1.0))
    }

    /// Element-by-element product of two values of one shape.
    pub(crate) fn times(&mut self, left: &Value, right: &Value) -> Result<Value, Cause> {
        let shape = left.shape.clone();
        match (left.fixed(), right.fixed()) {
            (Some(left), Some(right)) => {
                let product = left.iter().zip(&right).map(|(a, b)| a * b).collect();
                Ok(Value::constant(shape, product, self.samples()))
            }
            (Some(factors), None) => self.scaled(right, &factors),
            (None, Some(factors)) => self.scaled(left, &factors),
            (None, None) => {
                let labels = Labels::new(&left.shape, &[]);
                let table = labels.axes(&(0..left.shape.len()).collect::<Vec<_>>());
                self.builder.product(&labels, (left, &table), (right, &table))
            }
        }
    }

    /// Every element times its own constant. Shapes: as many as elements.
    pub(crate) fn scaled(&mut self, value: &Value, factors: &[f64]) -> Result<Value, Cause> {
        if let Some(first) = factors.first()
            && factors.iter().all(|factor| factor == first)
        {
            return Ok(value.times(*first));
        }
        // Only the axes along which the factors change are labels of the weights.
        let shape = value.shape.clone();
        let labels = Labels::new(&shape, &[]);
        let all: Vec<usize> = (0..shape.len()).collect();
        let table = labels.axes(&all);
        let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
        let changes = |axis: &usize| {
            let (stride, extent) = (strides[*axis], shape[*axis]);
            (0..factors.len())
                .filter(|place| place / stride % extent + 1 < extent)
                .any(|place| factors[place] != factors[place + stride])
        };
        let kept: Vec<usize> = all.iter().copied().filter(changes).collect();
        let own: Vec<(u8, usize)> = kept.iter().map(|axis| (number(&shape, *axis), strides[*axis])).collect();
        if value.is_sums()
            && let Some(terms) = value.terms.iter().map(|term| term.scaled_along(&own, factors)).collect()
        {
            let times =
                |values: &[f64]| -> Vec<f64> { values.iter().zip(factors).map(|(a, b)| a * b).collect() };
            let samples = Rc::new(value.samples.iter().map(|sample| times(sample)).collect());
            return Ok(Value { shape, terms, constant: times(&value.constants()), samples });
        }
        let weights = labels.table(&kept, |values| {
            Some(kept.iter().zip(values).map(|(axis, value)| strides[*axis] * value).sum())
        });
        self.builder.weighted(&labels, (value, &table), (factors, &weights))
    }

    /// A function of every element, by table.
    pub(crate) fn function(&mut self, value: &Value, function: &dyn Fn(f64) -> f64) -> Result<Value, Cause> {
        if let Some(constants) = value.fixed() {
            let results = constants.iter().map(|x| function(*x)).collect();
            return Ok(Value::constant(value.shape.clone(), results, self.samples()));
        }
        self.builder.looked_up(value, function)
    }

    /// Sums along some axes, which stay with extent 1.
    pub(crate) fn sum(&mut self, value: &Value, axes: &[usize]) -> Result<Value, Cause> {
        let shape: Vec<usize> = value
            .shape
            .iter()
            .enumerate()
            .map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size })
            .collect();
        let summed: Vec<usize> = axes.iter().map(|axis| value.shape[*axis]).collect();
        let labels = Labels::new(&shape, &summed);
        let table = self.under(&labels, value, axes);
        if value.is_sums()
            && let Some(terms) = value.terms.iter().map(|term| term.over(&value.shape, axes)).collect()
        {
            return Ok(self.builder.summed_terms(&labels, (value, &table), terms));
        }
        self.builder.summed(&labels, (value, &table))
    }

    /// Sums of squares along some axes, which stay with extent 1. Shapes: the value is one tensor's.
    pub(crate) fn sum_of_squares(&mut self, value: &Value, axes: &[usize]) -> Result<Value, Cause> {
        let shape: Vec<usize> = value
            .shape
            .iter()
            .enumerate()
            .map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size })
            .collect();
        let summed: Vec<usize> = axes.iter().map(|axis| value.shape[*axis]).collect();
        let labels = Labels::new(&shape, &summed);
        let table = self.under(&labels, value, axes);
        self.builder.product(&labels, (value, &table), (value, &table))
    }

    /// A value's axes as labels: those in `axes` are the summed ones, in their order.
    fn under(&self, labels: &Labels, value: &Value, axes: &[usize]) -> Table {
        let rank = value.shape.len();
        let own: Vec<usize> = (0..rank)
            .map(|axis| axes.iter().position(|other| *other == axis).map_or(axis, |place| rank + place))
            .collect();
        labels.axes(&own)
    }

    /// A range along one axis.
    pub(crate) fn slice(
        &mut self,
        value: &Value,
        axis: usize,
        range: std::ops::Range<usize>,
    ) -> Result<Value, Cause> {
        let mut shape = value.shape.clone();
        let inner: usize = shape[axis + 1..].iter().product();
        let (size, outer): (usize, usize) = (shape[axis], shape[..axis].iter().product());
        shape[axis] = range.len();
        let mut from = Vec::with_capacity(outer * range.len() * inner);
        for o in 0..outer {
            for place in range.clone() {
                from.extend((0..inner).map(|i| ((o * size + place) * inner + i) as u32));
            }
        }
        self.moved(value, shape, &from)
    }

    /// An operator that only moves elements of some inputs: it is run on the numbers of the elements.
    pub(crate) fn moves(&mut self, family: &dyn Operator, data: &[usize]) -> Result<Vec<Value>, Cause> {
        let mut numbered: Vec<Option<Tensor>> = Vec::new();
        let mut parts: Vec<(usize, Value)> = Vec::new();
        let mut next = 1i64;
        for index in 0..self.call.input_count() {
            let Some(tensor) = self.call.optional(index) else {
                numbered.push(None);
                continue;
            };
            if !data.contains(&index) {
                numbered.push(Some(tensor.clone()));
                continue;
            }
            let numbers = (next..next + tensor.elements() as i64).collect::<Vec<_>>();
            parts.push((next as usize, self.input(index)?));
            next += tensor.elements() as i64;
            let tensor = Tensor::new(
                ElementType::Int64,
                tensor.shape().to_vec(),
                crate::tensor::Data::Integer(numbers),
            );
            numbered.push(tensor);
        }
        let inputs: Vec<Option<&Tensor>> = numbered.iter().map(Option::as_ref).collect();
        let budget = Budget::default();
        let call = Call::new(self.call.node(), &inputs, &budget);
        let outputs = family.evaluate(&call)?;
        let mut results = Vec::with_capacity(outputs.len());
        for output in outputs {
            let places = output.as_integers().ok_or_else(|| self.call.wrong_type(0, "FLOAT"))?;
            let mut result: Option<Value> = None;
            for (first, value) in &parts {
                let place = |number: &i64| {
                    let place = usize::try_from(*number).ok().and_then(|number| number.checked_sub(*first));
                    place.filter(|place| *place < value.elements()).map_or(NOTHING, |place| place as u32)
                };
                let from: Vec<u32> = places.iter().map(place).collect();
                let moved = self.moved(value, output.shape().to_vec(), &from)?;
                result = Some(match result {
                    None => moved,
                    Some(result) => result.plus(&moved, 1.0),
                });
            }
            results.push(result.ok_or(Cause::OnlyConstants)?);
        }
        Ok(results)
    }
}
