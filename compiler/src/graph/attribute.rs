//! Attributes of a node, each with its ONNX type.

use crate::onnx::Cause;
use crate::tensor::Tensor;
use std::collections::BTreeMap;

/// Value of an attribute.
#[derive(Clone, PartialEq, Debug)]
pub enum Attribute {
    /// FLOAT.
    Float(f32),
    /// INT.
    Integer(i64),
    /// STRING.
    Text(String),
    /// TENSOR.
    Tensor(Tensor),
    /// FLOATS.
    Floats(Vec<f32>),
    /// INTS.
    Integers(Vec<i64>),
    /// STRINGS.
    Texts(Vec<String>),
}

/// The attributes of a node by name. A getter gives the default where the attribute is absent, and
/// [`Cause::AttributeType`] where it has another type.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Attributes(BTreeMap<String, Attribute>);

impl Attributes {
    /// Adds an attribute; the one of that name from before, if there was one.
    pub fn insert(&mut self, name: &str, value: Attribute) -> Option<Attribute> {
        self.0.insert(name.to_owned(), value)
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is an attribute of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&'a Attribute) -> Option<T>,
    ) -> Result<Option<T>, Cause> {
        match self.0.get(name) {
            None => Ok(None),
            Some(attribute) => match read(attribute) {
                Some(value) => Ok(Some(value)),
                None => Err(Cause::AttributeType { attribute: name.to_owned(), expected }),
            },
        }
    }

    /// An integer, where there is one.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, Cause> {
        self.read(name, "INT", |attribute| match attribute {
            Attribute::Integer(value) => Some(*value),
            _ => None,
        })
    }

    /// A float, where there is one.
    pub fn optional_float(&self, name: &str) -> Result<Option<f64>, Cause> {
        self.read(name, "FLOAT", |attribute| match attribute {
            Attribute::Float(value) => Some(f64::from(*value)),
            _ => None,
        })
    }

    /// A text, where there is one.
    pub fn optional_text(&self, name: &str) -> Result<Option<&str>, Cause> {
        self.read(name, "STRING", |attribute| match attribute {
            Attribute::Text(value) => Some(value.as_str()),
            _ => None,
        })
    }

    /// A tensor, where there is one.
    pub fn optional_tensor(&self, name: &str) -> Result<Option<&Tensor>, Cause> {
        self.read(name, "TENSOR", |attribute| match attribute {
            Attribute::Tensor(value) => Some(value),
            _ => None,
        })
    }

    /// A list of integers, where there is one.
    pub fn optional_integers(&self, name: &str) -> Result<Option<&[i64]>, Cause> {
        self.read(name, "INTS", |attribute| match attribute {
            Attribute::Integers(values) => Some(values.as_slice()),
            _ => None,
        })
    }

    /// A list of floats, where there is one.
    pub fn optional_floats(&self, name: &str) -> Result<Option<&[f32]>, Cause> {
        self.read(name, "FLOATS", |attribute| match attribute {
            Attribute::Floats(values) => Some(values.as_slice()),
            _ => None,
        })
    }

    /// A list of texts, where there is one.
    pub fn optional_texts(&self, name: &str) -> Result<Option<&[String]>, Cause> {
        self.read(name, "STRINGS", |attribute| match attribute {
            Attribute::Texts(values) => Some(values.as_slice()),
            _ => None,
        })
    }

    /// An integer, or the default.
    pub fn integer(&self, name: &str, default: i64) -> Result<i64, Cause> {
        Ok(self.optional_integer(name)?.unwrap_or(default))
    }

    /// An integer that means yes where it is not 0.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Cause> {
        Ok(self.integer(name, i64::from(default))? != 0)
    }

    /// A float, or the default.
    pub fn float(&self, name: &str, default: f64) -> Result<f64, Cause> {
        Ok(self.optional_float(name)?.unwrap_or(default))
    }

    /// A text, or the default.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, Cause> {
        Ok(self.optional_text(name)?.unwrap_or(default))
    }

    /// An integer that must be there.
    ///
    /// Errors: [`Cause::AttributeMissing`].
    pub fn required_integer(&self, name: &str) -> Result<i64, Cause> {
        self.optional_integer(name)?.ok_or_else(|| missing(name))
    }

    /// A text that must be there.
    ///
    /// Errors: [`Cause::AttributeMissing`].
    pub fn required_text(&self, name: &str) -> Result<&str, Cause> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// A list of integers that must be there.
    ///
    /// Errors: [`Cause::AttributeMissing`].
    pub fn required_integers(&self, name: &str) -> Result<&[i64], Cause> {
        self.optional_integers(name)?.ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Cause {
    Cause::AttributeMissing { attribute: name.to_owned() }
}
