//! One evaluation of one node: its inputs, its attributes, and what it may cost.

use crate::graph::{Attributes, Node};
use crate::onnx::Cause;
use crate::tensor::{Tensor, checked_elements};
use std::cell::Cell;

/// Most steps (multiplications and elements) of one evaluation of a model.
pub const WORK: u64 = 1 << 34;

/// What is left of [`WORK`].
#[derive(Debug)]
pub struct Budget(Cell<u64>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(WORK))
    }
}

/// One evaluation of one node.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    node: &'c Node,
    inputs: &'c [Option<&'c Tensor>],
    budget: &'c Budget,
}

impl<'c> Call<'c> {
    pub(crate) fn new(node: &'c Node, inputs: &'c [Option<&'c Tensor>], budget: &'c Budget) -> Self {
        Self { node, inputs, budget }
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &'c Node {
        self.node
    }

    /// Name of the operator.
    #[must_use]
    pub fn operator(&self) -> &'c str {
        &self.node.operator
    }

    /// Version of the operator set.
    #[must_use]
    pub fn opset(&self) -> i64 {
        self.node.opset
    }

    /// Attributes.
    #[must_use]
    pub fn attributes(&self) -> &'c Attributes {
        &self.node.attributes
    }

    /// Number of inputs, those left out included.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Whether the node wants this output.
    #[must_use]
    pub fn wants_output(&self, index: usize) -> bool {
        self.node.outputs.get(index).is_some_and(|name| !name.is_empty())
    }

    /// Name of an input's tensor.
    #[must_use]
    pub fn label(&self, index: usize) -> String {
        self.node.inputs.get(index).cloned().unwrap_or_default()
    }

    /// An input, where it is not left out.
    #[must_use]
    pub fn optional(&self, index: usize) -> Option<&'c Tensor> {
        self.inputs.get(index).copied().flatten()
    }

    /// An input.
    ///
    /// Errors: [`Cause::InputCount`] where it is left out.
    pub fn input(&self, index: usize) -> Result<&'c Tensor, Cause> {
        self.optional(index).ok_or(Cause::InputCount {
            got: self.inputs.len(),
            minimum: index + 1,
            maximum: usize::MAX,
        })
    }

    /// All inputs of an operator with any number of them.
    ///
    /// Errors: [`Cause::InputCount`] where one is left out.
    pub fn all_inputs(&self) -> Result<Vec<&'c Tensor>, Cause> {
        (0..self.inputs.len()).map(|index| self.input(index)).collect()
    }

    /// The floats of an input.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn floats(&self, index: usize) -> Result<&'c [f64], Cause> {
        self.input(index)?.as_floats().ok_or_else(|| self.wrong_type(index, "FLOAT"))
    }

    /// The integers of an input.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn integers(&self, index: usize) -> Result<&'c [i64], Cause> {
        self.input(index)?.as_integers().ok_or_else(|| self.wrong_type(index, "INT64"))
    }

    /// The booleans of an input.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn bools(&self, index: usize) -> Result<&'c [bool], Cause> {
        self.input(index)?.as_bools().ok_or_else(|| self.wrong_type(index, "BOOL"))
    }

    /// The integers of an input that may be left out.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn optional_integers(&self, index: usize) -> Result<Option<&'c [i64]>, Cause> {
        if self.optional(index).is_none() { Ok(None) } else { self.integers(index).map(Some) }
    }

    /// The floats of an input that may be left out.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn optional_floats(&self, index: usize) -> Result<Option<&'c [f64]>, Cause> {
        if self.optional(index).is_none() { Ok(None) } else { self.floats(index).map(Some) }
    }

    /// The one integer of an input.
    ///
    /// Errors: [`Cause::ElementType`], [`Cause::Shape`].
    pub fn scalar_integer(&self, index: usize) -> Result<i64, Cause> {
        match self.integers(index)? {
            [value] => Ok(*value),
            _ => Err(self.wrong_shape(index, "one number")),
        }
    }

    /// Two inputs are of one element type.
    ///
    /// Errors: [`Cause::ElementType`].
    pub fn same_type(&self, first: usize, second: usize) -> Result<(), Cause> {
        let (expected, got) = (self.input(first)?.element_type(), self.input(second)?.element_type());
        if expected == got { Ok(()) } else { Err(self.wrong_type(second, expected.name())) }
    }

    /// The refusal of an input's element type.
    #[must_use]
    pub fn wrong_type(&self, index: usize, expected: &'static str) -> Cause {
        let got = self.optional(index).map_or("UNDEFINED", |tensor| tensor.element_type().name());
        Cause::ElementType { tensor: self.label(index), got: got.into(), expected }
    }

    /// The refusal of an input's shape.
    #[must_use]
    pub fn wrong_shape(&self, index: usize, expected: impl Into<String>) -> Cause {
        let got = self.optional(index).map_or_else(Vec::new, |tensor| tensor.shape().to_vec());
        Cause::Shape { tensor: self.label(index), got, expected: expected.into() }
    }

    /// The refusal of an attribute's value.
    #[must_use]
    pub fn unsupported(&self, attribute: &str, got: impl ToString, supported: &'static str) -> Cause {
        Cause::AttributeValue { attribute: attribute.into(), got: got.to_string(), supported }
    }

    /// The place of an axis that may count from the end.
    ///
    /// Errors: [`Cause::Axis`].
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize, Cause> {
        let place = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        match usize::try_from(place) {
            Ok(place) if place < rank => Ok(place),
            _ => Err(Cause::Axis { tensor: self.label(0), got: axis, rank }),
        }
    }

    /// The places of several axes, all different, in the order given.
    ///
    /// Errors: [`Cause::Axis`].
    pub fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, Cause> {
        let mut places = Vec::with_capacity(axes.len().min(rank));
        for &axis in axes {
            let place = self.axis(axis, rank)?;
            if places.contains(&place) {
                return Err(Cause::Axis { tensor: self.label(0), got: axis, rank });
            }
            places.push(place);
        }
        Ok(places)
    }

    /// A list that was an attribute up to an operator set, and is an input from it on.
    ///
    /// Errors: [`Cause::Attribute`] where the attribute stands in a newer set; [`Cause::InputCount`] where the input
    /// stands in an older one.
    pub fn list(&self, attribute: &str, index: usize, input_since: i64) -> Result<Option<&'c [i64]>, Cause> {
        if self.opset() >= input_since {
            if self.attributes().has(attribute) {
                return Err(Cause::Attribute { attribute: attribute.to_owned() });
            }
            return self.optional_integers(index);
        }
        if self.input_count() > index {
            return Err(Cause::InputCount { got: self.input_count(), minimum: 1, maximum: index });
        }
        self.attributes().optional_integers(attribute)
    }

    /// The number of elements of an output, before it is allocated.
    ///
    /// Errors: [`Cause::Elements`].
    pub fn elements(&self, shape: &[usize]) -> Result<usize, Cause> {
        checked_elements(self.node.outputs.first().map_or("", String::as_str), shape)
    }

    /// Pays for work beyond one step for each element of an output.
    ///
    /// Errors: [`Cause::Work`].
    pub fn spend(&self, work: u64) -> Result<(), Cause> {
        match self.budget.0.get().checked_sub(work) {
            Some(left) => {
                self.budget.0.set(left);
                Ok(())
            }
            None => Err(Cause::Work { limit: WORK }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_at_its_limit() {
        let (node, budget) = (Node::new("MatMul", 17), Budget::default());
        let call = Call::new(&node, &[], &budget);
        assert_eq!(call.spend(WORK), Ok(()));
        assert_eq!(call.spend(1), Err(Cause::Work { limit: WORK }));
        // What was refused is not spent.
        assert_eq!(call.spend(0), Ok(()));
    }
}
