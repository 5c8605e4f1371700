//! What can be said of an operator without numbers.

use crate::graph::Node;
use crate::onnx::{Cause, OPSET_NEWEST};

/// Domain of ONNX's operators for classical machine learning.
pub const ML: &str = "ai.onnx.ml";
/// The operator set that brought today's broadcasting.
const BROADCAST: i64 = 7;
/// Any number of inputs or outputs.
const ANY: usize = usize::MAX;

/// One operator in one range of operator sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Form {
    /// Domain; empty for ONNX's own.
    pub domain: &'static str,
    /// Name.
    pub name: &'static str,
    /// Oldest operator set.
    pub since: i64,
    /// Newest operator set.
    pub until: i64,
    /// Fewest inputs; these must be present.
    pub inputs_min: usize,
    /// Most inputs.
    pub inputs_max: usize,
    /// Most outputs.
    pub outputs_max: usize,
    /// Attributes that it may have.
    pub attributes: &'static [&'static str],
    /// Inputs whose numbers determine shapes (or which data are read): they must be constants.
    pub static_inputs: &'static [usize],
}

impl Form {
    /// An operator of ONNX's own domain with one output, without attributes, in all operator sets since tensors broadcast
    /// as they do today.
    #[must_use]
    pub const fn new(name: &'static str, inputs_min: usize, inputs_max: usize) -> Self {
        Self {
            domain: "",
            name,
            since: BROADCAST,
            until: OPSET_NEWEST,
            inputs_min,
            inputs_max,
            outputs_max: 1,
            attributes: &[],
            static_inputs: &[],
        }
    }

    /// An operator with any number of inputs, at least one.
    #[must_use]
    pub const fn variadic(name: &'static str) -> Self {
        Self::new(name, 1, ANY)
    }

    /// With these attributes.
    #[must_use]
    pub const fn attributes(mut self, attributes: &'static [&'static str]) -> Self {
        self.attributes = attributes;
        self
    }

    /// With these inputs as constants.
    #[must_use]
    pub const fn static_inputs(mut self, static_inputs: &'static [usize]) -> Self {
        self.static_inputs = static_inputs;
        self
    }

    /// With up to so many outputs.
    #[must_use]
    pub const fn outputs(mut self, outputs_max: usize) -> Self {
        self.outputs_max = outputs_max;
        self
    }

    /// With any number of outputs.
    #[must_use]
    pub const fn any_outputs(self) -> Self {
        self.outputs(ANY)
    }

    /// From this operator set on.
    #[must_use]
    pub const fn since(mut self, since: i64) -> Self {
        self.since = since;
        self
    }

    /// Up to this operator set.
    #[must_use]
    pub const fn until(mut self, until: i64) -> Self {
        self.until = until;
        self
    }

    /// In the domain of classical machine learning.
    #[must_use]
    pub const fn ml(mut self) -> Self {
        self.domain = ML;
        self.since = 1;
        self
    }

    /// The node has inputs, outputs and attributes as this form asks for.
    pub(crate) fn check(&self, node: &Node) -> Result<(), Cause> {
        let got = node.inputs.len();
        let present = node.inputs.iter().take(self.inputs_min).all(|name| !name.is_empty());
        if got < self.inputs_min || got > self.inputs_max || !present {
            return Err(Cause::InputCount { got, minimum: self.inputs_min, maximum: self.inputs_max });
        }
        let got = node.outputs.len();
        if got < 1 || got > self.outputs_max {
            return Err(Cause::OutputRange { got, minimum: 1, maximum: self.outputs_max });
        }
        match node.attributes.names().find(|name| !self.attributes.contains(name)) {
            None => Ok(()),
            Some(attribute) => Err(Cause::Attribute { attribute: attribute.to_owned() }),
        }
    }
}

/// The domain, empty for both ways to write ONNX's own.
pub(crate) fn canonical_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}
