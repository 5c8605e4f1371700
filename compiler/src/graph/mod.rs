//! A static graph from an ONNX file: every shape is known, everything that does not depend on the inputs is folded.
//!
//! Shapes are not inferred operator by operator: the graph is evaluated once, on a sample input, and what comes out has
//! the shapes. That is sound because no shape may depend on an input's numbers ([`Cause::ShapeFromData`]).

mod attribute;
mod build;
mod evaluate;
mod external;
mod initializer;
mod inputs;
mod node;
mod quantised;
mod single;

pub use attribute::{Attribute, Attributes};
pub use external::{ExternalDigestError, ExternalFile, ExternalFiles};
pub use node::Node;
pub use single::Operand;

use crate::error::List;
use crate::onnx::{self, Cause, ModelError, Obstacle, message};
use crate::tensor::{ElementType, Tensor};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What the file leaves open.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of the outputs that are wanted; all of them where the list is empty.
    pub outputs: Vec<String>,
    /// Files of weights beside the model's own, by the location that it names.
    pub external: ExternalFiles,
    /// Inputs that are fixed from now on, with their numbers: they become constants.
    pub constants: BTreeMap<String, Tensor>,
    /// Sizes of all axes of inputs, instead of those that the file declares.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Sizes of named dimensions. The first dimension of an input is 1 where it has no size.
    pub dimensions: BTreeMap<String, usize>,
}

/// A tensor of the graph.
#[derive(Clone, Debug)]
pub struct Value {
    /// Name.
    pub name: String,
    /// Element type.
    pub element_type: ElementType,
    /// Sizes of all axes.
    pub shape: Vec<usize>,
    /// Its numbers, where they do not depend on the inputs.
    pub constant: Option<Tensor>,
}

/// A node whose outputs depend on the inputs.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node.
    pub node: Node,
    /// Indices of the values that are read; `None` for one that is left out.
    pub inputs: Vec<Option<usize>>,
    /// Indices of the values that are made; `None` for one that nobody asked for.
    pub outputs: Vec<Option<usize>>,
}

/// A static graph.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) values: Vec<Value>,
    pub(crate) steps: Vec<Step>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    pub(crate) unused_nodes: Vec<String>,
}

/// Why a file gives no static graph.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum GraphError {
    /// The file is too large.
    #[error("the model has {got_bytes} bytes, at most {limit_bytes} are read; use a smaller model")]
    TooLarge {
        /// Found.
        got_bytes: u64,
        /// Limit.
        limit_bytes: u64,
    },
    /// The file is not an ONNX model that this build reads.
    #[error("{source}")]
    Model {
        /// Defect.
        source: ModelError,
    },
    /// Everything that stands in the way.
    #[error("{}", List(obstacles))]
    Obstacles {
        /// At least one.
        obstacles: Vec<Obstacle>,
    },
}

impl Graph {
    /// The static graph of an ONNX file.
    ///
    /// Errors: [`GraphError`], with every obstacle at once.
    pub fn read(bytes: &[u8], options: &Options) -> Result<Self, GraphError> {
        let got_bytes = bytes.len() as u64;
        if got_bytes > onnx::MODEL_BYTES {
            return Err(GraphError::TooLarge { got_bytes, limit_bytes: onnx::MODEL_BYTES });
        }
        let model = message::Model::read(bytes)
            .map_err(|source| GraphError::Model { source: ModelError::Malformed { source } })?;
        build::build(&model, options)
    }

    /// All values, the inputs first.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The nodes that depend on the inputs, each after those it reads.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Indices of the inputs, in the file's order.
    #[must_use]
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// Indices of the outputs, in the order asked for.
    #[must_use]
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Names of the nodes that no output needs.
    #[must_use]
    pub fn unused_nodes(&self) -> &[String] {
        &self.unused_nodes
    }
}

/// The tensor in a file that holds one `TensorProto`.
///
/// Errors: [`GraphError::Model`] for malformed bytes, [`GraphError::Obstacles`] for a tensor that is not read.
pub fn read_tensor(bytes: &[u8]) -> Result<Tensor, GraphError> {
    let tensor = message::Tensor::read_file(bytes)
        .map_err(|source| GraphError::Model { source: ModelError::Malformed { source } })?;
    initializer::decode(&tensor, tensor.name, &ExternalFiles::new()).map_err(|cause| {
        let obstacle = Obstacle { node: tensor.name.to_owned(), operator: "tensor".into(), cause };
        GraphError::Obstacles { obstacles: vec![obstacle] }
    })
}

/// The refusal of a value that a caller hands in.
fn refused_input(name: &str, cause: Cause) -> Box<Obstacle> {
    Box::new(Obstacle { node: name.to_owned(), operator: "graph input".into(), cause })
}

/// Names of the operators of a file in the order of its nodes, supported or not.
///
/// Errors: [`GraphError::Model`].
pub fn operators(bytes: &[u8]) -> Result<Vec<String>, GraphError> {
    Ok(source(bytes)?.nodes.iter().map(|node| node.operator.to_owned()).collect())
}

/// Names of the inputs of a file without those that have initializers, in its order.
///
/// Errors: [`GraphError::Model`].
pub fn graph_inputs(bytes: &[u8]) -> Result<Vec<String>, GraphError> {
    let graph = source(bytes)?;
    let initialized: BTreeSet<&str> = graph.initializers.iter().map(|tensor| tensor.name).collect();
    let free = graph.inputs.iter().filter(|input| !initialized.contains(input.name));
    Ok(free.map(|input| input.name.to_owned()).collect())
}

fn source(bytes: &[u8]) -> Result<message::Graph<'_>, GraphError> {
    let model = message::Model::read(bytes)
        .map_err(|source| GraphError::Model { source: ModelError::Malformed { source } })?;
    model.graph.ok_or(GraphError::Model { source: ModelError::NoGraph })
}
