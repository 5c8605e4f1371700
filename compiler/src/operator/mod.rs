//! ONNX operators: one file for each family, behind one trait, found through one list.
//!
//! A family says which forms of which operators it is ([`Form`]) and what they compute (`Operator::evaluate`). All that
//! can be said of a node without its numbers (name, operator set, number of inputs and outputs, names of attributes) is
//! checked here, once, from the form. To add a family: write its file, add a line to `FAMILIES`, write its test.

mod arithmetic;
mod call;
mod cast;
mod category;
mod clip;
mod concat;
mod convolution;
mod cumulative;
mod einsum;
mod error_function;
mod features;
mod form;
mod gather;
mod linear;
mod logic;
mod matrix;
mod normalization;
mod order;
mod pad;
mod pattern;
mod pool;
mod quantised;
mod recurrent;
mod reduce;
mod reshape;
mod resize;
mod scaling;
mod scatter;
mod scores;
mod selection;
mod sequence;
mod shape;
mod slice;
mod softmax;
mod support_vector;
mod transpose;
mod tree;
mod unary;
mod window;

pub use call::{Budget, Call, WORK};
pub use form::{Form, ML};
pub(crate) use scores::without_transform;

use crate::graph::Node;
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::Tensor;

/// A family of operators.
pub(crate) trait Operator: Sync {
    /// The operators of this family.
    fn forms(&self) -> &'static [Form];

    /// The outputs, in ONNX's order; more than the node names are allowed, fewer are not.
    ///
    /// Errors: what is wrong with attributes, element types, shapes or numbers.
    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause>;

    /// The outputs as values of the integer program.
    ///
    /// Errors: what the program cannot express.
    fn lower(&self, _site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        Err(Cause::NotLowered)
    }

    /// Whether the outputs depend on nothing but the shapes of the inputs, so that they are constants.
    fn reads_only_shapes(&self) -> bool {
        false
    }
}

/// All families.
static FAMILIES: &[&dyn Operator] = &[
    &arithmetic::Arithmetic,
    &cast::Cast,
    &category::Category,
    &clip::Clip,
    &concat::Concat,
    &convolution::Convolution,
    &cumulative::Cumulative,
    &einsum::Einsum,
    &features::Features,
    &gather::Gather,
    &linear::Linear,
    &logic::Logic,
    &matrix::Matrix,
    &normalization::Normalization,
    &order::Order,
    &pad::Pad,
    &pattern::Eye,
    &pattern::Pattern,
    &pool::Pool,
    &quantised::Linear,
    &quantised::Product,
    &recurrent::Recurrent,
    &reduce::Reduce,
    &reshape::Reshape,
    &resize::Resize,
    &scaling::Scaling,
    &scatter::Scatter,
    &selection::Selection,
    &sequence::Sequence,
    &shape::Constant,
    &shape::Shape,
    &slice::Slice,
    &softmax::Softmax,
    &support_vector::SupportVector,
    &transpose::Transpose,
    &tree::Trees,
    &unary::Unary,
];

/// The family of a node and its form; name, operator set, numbers of inputs and outputs and names of attributes are
/// those of the form.
///
/// Errors: [`Cause::Operator`], [`Cause::Domain`], [`Cause::OperatorVersion`], [`Cause::InputCount`],
/// [`Cause::OutputRange`], [`Cause::Attribute`].
pub(crate) fn find(node: &Node) -> Result<(&'static dyn Operator, &'static Form), Cause> {
    let domain = form::canonical_domain(&node.domain);
    let mut other_version = None;
    for &family in FAMILIES {
        for form in family.forms() {
            if form.name != node.operator || form.domain != domain {
                continue;
            }
            if (form.since..=form.until).contains(&node.opset) {
                form.check(node)?;
                return Ok((family, form));
            }
            other_version =
                Some(Cause::OperatorVersion { got: node.opset, since: form.since, until: form.until });
        }
    }
    if !domain.is_empty() && domain != ML {
        return Err(Cause::Domain { domain: node.domain.clone() });
    }
    Err(other_version.unwrap_or(Cause::Operator))
}

/// What a single node computes from these inputs (`None` for one that is left out).
///
/// Errors: those of `find` and of the operator.
pub fn evaluate(node: &Node, inputs: &[Option<&Tensor>]) -> Result<Vec<Tensor>, Cause> {
    let mut node = node.clone();
    node.inputs = (0..inputs.len())
        .map(|index| if inputs[index].is_some() { format!("input {index}") } else { String::new() })
        .collect();
    let (family, _) = find(&node)?;
    run(family, &Call::new(&node, inputs, &Budget::default()))
}

/// What a family computes for a call: at least as many outputs as the node names, floats rounded to 16 bits where their
/// type has so many, their elements paid for.
pub(crate) fn run(family: &dyn Operator, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let outputs = family.evaluate(call)?;
    let needed = call.node().outputs.len();
    if outputs.len() < needed {
        return Err(Cause::OutputRange { got: needed, minimum: 1, maximum: outputs.len() });
    }
    let elements: u64 = outputs.iter().map(|output| output.elements() as u64).sum();
    call.spend(elements)?;
    Ok(outputs.into_iter().map(Tensor::rounded_if_short).collect())
}

/// Every operator that is known, with the range of operator sets, in the order of domains and names.
#[must_use]
pub fn known() -> Vec<&'static Form> {
    let mut forms: Vec<&Form> = FAMILIES.iter().flat_map(|family| family.forms()).collect();
    forms.sort_by_key(|form| (form.domain, form.name, form.since));
    forms
}
