//! Attributes of one node: typed, and none left over.

use super::message::{Attribute, Node, Tensor};
use super::obstacle::Cause;

const FLOAT: i64 = 1;
const INT: i64 = 2;
const TENSOR: i64 = 4;
const FLOATS: i64 = 6;
const INTS: i64 = 7;

/// The attributes of a node that no getter has asked for yet.
pub(crate) struct Attributes<'n, 'a> {
    rest: Vec<&'n Attribute<'a>>,
}

impl<'n, 'a> Attributes<'n, 'a> {
    pub(crate) fn of(node: &'n Node<'a>) -> Self {
        Self { rest: node.attributes.iter().collect() }
    }

    fn take(
        &mut self,
        name: &str,
        kind: i64,
        expected: &'static str,
    ) -> Result<Option<&'n Attribute<'a>>, Cause> {
        let Some(index) = self.rest.iter().position(|attribute| attribute.name == name) else {
            return Ok(None);
        };
        let attribute = self.rest.remove(index);
        if attribute.kind.is_some_and(|found| found != kind) {
            return Err(wrong_type(name, expected));
        }
        Ok(Some(attribute))
    }

    /// An integer, or the default.
    pub(crate) fn integer(&mut self, name: &str, default: i64) -> Result<i64, Cause> {
        match self.take(name, INT, "INT")? {
            None => Ok(default),
            Some(attribute) => attribute.integer.ok_or_else(|| wrong_type(name, "INT")),
        }
    }

    /// A finite float, or the default.
    pub(crate) fn float(&mut self, name: &str, default: f64) -> Result<f64, Cause> {
        match self.take(name, FLOAT, "FLOAT")? {
            None => Ok(default),
            Some(attribute) => {
                let value = f64::from(attribute.float.ok_or_else(|| wrong_type(name, "FLOAT"))?);
                super::tensor::check_reals(name, &[value])?;
                Ok(value)
            }
        }
    }

    /// An integer that is there.
    pub(crate) fn optional_integer(&mut self, name: &str) -> Result<Option<i64>, Cause> {
        match self.take(name, INT, "INT")? {
            None => Ok(None),
            Some(attribute) => attribute.integer.map(Some).ok_or_else(|| wrong_type(name, "INT")),
        }
    }

    /// A float that is there.
    pub(crate) fn optional_float(&mut self, name: &str) -> Result<Option<f32>, Cause> {
        match self.take(name, FLOAT, "FLOAT")? {
            None => Ok(None),
            Some(attribute) => attribute.float.map(Some).ok_or_else(|| wrong_type(name, "FLOAT")),
        }
    }

    /// A tensor that is there.
    pub(crate) fn optional_tensor(&mut self, name: &str) -> Result<Option<&'n Tensor<'a>>, Cause> {
        match self.take(name, TENSOR, "TENSOR")? {
            None => Ok(None),
            Some(attribute) => attribute.tensor.as_ref().map(Some).ok_or_else(|| wrong_type(name, "TENSOR")),
        }
    }

    /// A list of floats that is there.
    pub(crate) fn optional_floats(&mut self, name: &str) -> Result<Option<&'n [f32]>, Cause> {
        Ok(self.take(name, FLOATS, "FLOATS")?.map(|attribute| attribute.floats.as_slice()))
    }

    /// A list of integers that is there.
    pub(crate) fn optional_integers(&mut self, name: &str) -> Result<Option<&'n [i64]>, Cause> {
        Ok(self.take(name, INTS, "INTS")?.map(|attribute| attribute.integers.as_slice()))
    }

    /// No attribute is left that the operator does not know.
    pub(crate) fn finish(self) -> Result<(), Cause> {
        match self.rest.first() {
            None => Ok(()),
            Some(attribute) => Err(Cause::Attribute { attribute: attribute.name.to_owned() }),
        }
    }
}

fn wrong_type(name: &str, expected: &'static str) -> Cause {
    Cause::AttributeType { attribute: name.to_owned(), expected }
}
