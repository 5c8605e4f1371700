//! One node of a graph: which operator of which operator set, on which tensors, with which attributes.

use super::attribute::{Attribute, Attributes};

/// A node. An input or output that is left out has an empty name.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Name, or `#3` for the fourth node if it has none.
    pub name: String,
    /// Operator.
    pub operator: String,
    /// Domain; empty for ONNX's own.
    pub domain: String,
    /// Version of the domain's operator set.
    pub opset: i64,
    /// Tensors that are read.
    pub inputs: Vec<String>,
    /// Tensors that are made.
    pub outputs: Vec<String>,
    /// Attributes.
    pub attributes: Attributes,
}

impl Node {
    /// A node of ONNX's own domain without tensors and attributes, with one output.
    #[must_use]
    pub fn new(operator: &str, opset: i64) -> Self {
        Self {
            name: operator.to_owned(),
            operator: operator.to_owned(),
            domain: String::new(),
            opset,
            inputs: Vec::new(),
            outputs: vec!["output".to_owned()],
            attributes: Attributes::default(),
        }
    }

    /// The node with an attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: Attribute) -> Self {
        self.attributes.insert(name, value);
        self
    }

    /// The node in another domain.
    #[must_use]
    pub fn in_domain(mut self, domain: &str) -> Self {
        self.domain = domain.to_owned();
        self
    }

    /// The node with so many outputs.
    #[must_use]
    pub fn with_outputs(mut self, count: usize) -> Self {
        self.outputs = (0..count).map(|index| format!("output {index}")).collect();
        self
    }
}
