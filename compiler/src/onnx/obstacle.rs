//! What stands between an ONNX graph and a program: always with the node, the operator, the reason and the fix.

use std::fmt;
use thiserror::Error;

/// One reason why a model cannot be compiled. A model is refused with all of its obstacles at once
/// (but no more than [`super::OBSTACLES`]).
#[derive(Clone, PartialEq, Debug)]
pub struct Obstacle {
    /// Name of the node (or `#3` for the fourth node if it has none), or of the tensor where no node is at fault.
    pub node: String,
    /// ONNX operator, or `initializer`, `graph input`, `graph output`.
    pub operator: String,
    /// Reason.
    pub cause: Cause,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} ({}): {}; {}",
            Name(&self.node),
            Name(&self.operator),
            self.cause,
            self.cause.remedy()
        )
    }
}

/// A name out of a foreign file, safe to print: quoted, control characters escaped, cut at 80 characters.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("`")?;
        for character in self.0.chars().take(80).flat_map(char::escape_debug) {
            write!(out, "{character}")?;
        }
        out.write_str(if self.0.chars().nth(80).is_some() { "...`" } else { "`" })
    }
}

/// Why a node, a tensor or the graph is refused.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum Cause {
    /// Operator that the compiler does not know.
    #[error("the operator is not supported")]
    Operator,
    /// Operator of another domain than ONNX's own.
    #[error("the operator belongs to the domain {}", Name(domain))]
    Domain {
        /// Domain.
        domain: String,
    },
    /// Attribute that the operator does not have.
    #[error("the attribute {} is unknown", Name(attribute))]
    Attribute {
        /// Attribute.
        attribute: String,
    },
    /// Attribute of the wrong type, or without a value.
    #[error("the attribute {} has no value of type {expected}", Name(attribute))]
    AttributeType {
        /// Attribute.
        attribute: String,
        /// ONNX's type.
        expected: &'static str,
    },
    /// Attribute with a value that cannot be compiled.
    #[error("the attribute {} is {got}, which is not supported", Name(attribute))]
    AttributeValue {
        /// Attribute.
        attribute: String,
        /// Value.
        got: String,
        /// What is supported.
        supported: &'static str,
    },
    /// Number of inputs.
    #[error("the node has {got} inputs, {minimum} to {maximum} are expected")]
    InputCount {
        /// Found.
        got: usize,
        /// Fewest.
        minimum: usize,
        /// Most.
        maximum: usize,
    },
    /// Attribute that the operator cannot do without.
    #[error("the attribute {} is missing", Name(attribute))]
    AttributeMissing {
        /// Attribute.
        attribute: String,
    },
    /// A form of the operator that the model's operator set does not have, or that is not supported.
    #[error("the operator is supported from operator set {since} to {until}, the model uses {got}")]
    OperatorVersion {
        /// Found.
        got: i64,
        /// Oldest.
        since: i64,
        /// Newest.
        until: i64,
    },
    /// Number of outputs of an operator with several.
    #[error("the node has {got} outputs, {minimum} to {maximum} are expected")]
    OutputRange {
        /// Found.
        got: usize,
        /// Fewest.
        minimum: usize,
        /// Most.
        maximum: usize,
    },
    /// A graph inside the node.
    #[error("the attribute {} holds a graph", Name(attribute))]
    Subgraph {
        /// Attribute.
        attribute: String,
    },
    /// The shape of a result depends on numbers that are only known when the model runs.
    #[error(
        "the shape of its output depends on the numbers in {}, which depend on the model's input",
        Name(tensor)
    )]
    ShapeFromData {
        /// Tensor.
        tensor: String,
    },
    /// An axis that the tensor does not have.
    #[error("the axis {got} does not exist or stands twice: {} has {rank} axes", Name(tensor))]
    Axis {
        /// Tensor.
        tensor: String,
        /// Found.
        got: i64,
        /// Number of axes.
        rank: usize,
    },
    /// An index beyond the axis.
    #[error("{} holds the index {got}, where {size} entries are", Name(tensor))]
    Index {
        /// Tensor of indices.
        tensor: String,
        /// Found.
        got: i64,
        /// Number of entries.
        size: usize,
    },
    /// A number that makes no sense in its place.
    #[error("{} is {got}, which is not possible here", Name(tensor))]
    Value {
        /// Tensor.
        tensor: String,
        /// Found.
        got: String,
    },
    /// More work than one evaluation may take.
    #[error("one evaluation of the model takes more than {limit} steps")]
    Work {
        /// Limit.
        limit: u64,
    },
    /// Number of outputs.
    #[error("the node has {got} outputs, only the first can be used and there must be one")]
    OutputCount {
        /// Found.
        got: usize,
    },
    /// A tensor that nothing makes.
    #[error("the tensor {} comes from nowhere", Name(tensor))]
    MissingTensor {
        /// Tensor.
        tensor: String,
    },
    /// A tensor that is made later, or that depends on its user.
    #[error(
        "its input {} is made by {}, which stands later or is this node itself",
        Name(tensor),
        Name(maker)
    )]
    UsedBeforeMade {
        /// Tensor.
        tensor: String,
        /// Node that makes it.
        maker: String,
    },
    /// Two tensors of one name.
    #[error("the tensor {} is made twice", Name(tensor))]
    DuplicateTensor {
        /// Tensor.
        tensor: String,
    },
    /// An operand that must be known at compile time depends on the input.
    #[error("{} depends on the model's input, where a constant is needed", Name(tensor))]
    NotConstant {
        /// Tensor.
        tensor: String,
    },
    /// Two operands that depend on the input are multiplied or divided.
    #[error("both operands depend on the model's input, and their product is not linear")]
    ProductOfActivations,
    /// An operator that the float model has and the integer program does not yet.
    #[error("it is known, but not yet part of what can be proven in this form")]
    NotLowered,
    /// Arithmetic between constants.
    #[error("all operands are constants")]
    OnlyConstants,
    /// Element type.
    #[error("{} has elements of type {got}, expected is {expected}", Name(tensor))]
    ElementType {
        /// Tensor.
        tensor: String,
        /// Found.
        got: String,
        /// Expected.
        expected: &'static str,
    },
    /// A weight of another type than the input.
    #[error(
        "{} has elements of type {got}, the model's input {} of type {expected}",
        Name(tensor),
        Name(input)
    )]
    MixedTypes {
        /// Tensor.
        tensor: String,
        /// Found.
        got: &'static str,
        /// The model's input.
        input: String,
        /// Its type.
        expected: &'static str,
    },
    /// Weights in another file.
    #[error("{} is stored in another file ({})", Name(tensor), Name(location))]
    ExternalData {
        /// Tensor.
        tensor: String,
        /// The path that the file names. It is never opened.
        location: String,
    },
    /// Bytes that another file does not have.
    #[error("{} lies outside the {got} bytes of the file {}", Name(tensor), Name(location))]
    ExternalRange {
        /// Tensor.
        tensor: String,
        /// The path that the file names.
        location: String,
        /// Bytes of that file.
        got: u64,
    },
    /// A dimension that is not positive.
    #[error("{} has a dimension of {got}", Name(tensor))]
    Dimension {
        /// Tensor.
        tensor: String,
        /// Found.
        got: i64,
    },
    /// Too many dimensions.
    #[error("{} has {got} dimensions, at most {limit} are accepted", Name(tensor))]
    Rank {
        /// Tensor.
        tensor: String,
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// Too many elements, in one tensor or in all together.
    #[error("with {} the model has more than {limit} elements", Name(tensor))]
    Elements {
        /// Tensor.
        tensor: String,
        /// Limit.
        limit: u64,
    },
    /// A tensor too wide.
    #[error("{} has {got} elements for one observation, at most {limit} are supported", Name(tensor))]
    Width {
        /// Tensor.
        tensor: String,
        /// Found.
        got: u64,
        /// Limit.
        limit: u64,
    },
    /// Data do not fill the dimensions.
    #[error("{} holds {got} bytes or values, its dimensions ask for {expected}", Name(tensor))]
    DataSize {
        /// Tensor.
        tensor: String,
        /// Expected.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// NaN or infinity.
    #[error("{} holds {got} at position {index}", Name(tensor))]
    NotFinite {
        /// Tensor or attribute.
        tensor: String,
        /// Position in row-major order.
        index: usize,
        /// `NaN`, `inf` or `-inf`.
        got: f64,
    },
    /// A number that no fixed-point range holds beside the others.
    #[error("{} holds {got:e} at position {index}, beyond 2^40", Name(tensor))]
    Magnitude {
        /// Tensor or attribute.
        tensor: String,
        /// Position in row-major order.
        index: usize,
        /// Value.
        got: f64,
    },
    /// Division by zero, or by a number whose inverse is beyond 2^40.
    #[error("{} divides by {got:e} at position {index}", Name(tensor))]
    ZeroDivisor {
        /// Tensor.
        tensor: String,
        /// Position in row-major order.
        index: usize,
        /// Value.
        got: f64,
    },
    /// Shapes that do not go together.
    #[error("{} has shape {got:?}, expected is {expected}", Name(tensor))]
    Shape {
        /// Tensor.
        tensor: String,
        /// Found.
        got: Vec<usize>,
        /// What fits, in words or numbers.
        expected: String,
    },
    /// A reshape that changes the number of elements, or that is not a vector of integers.
    #[error("{} has shape {from:?}, which cannot become {to:?}", Name(tensor))]
    Reshape {
        /// Tensor.
        tensor: String,
        /// Shape for one observation.
        from: Vec<usize>,
        /// Requested.
        to: Vec<i64>,
    },
    /// The last operator does not stand last.
    #[error("{} is used by another node", Name(tensor))]
    NotLast {
        /// Tensor.
        tensor: String,
    },
    /// The manifest names an input that the graph does not have.
    #[error("the graph has no input of that name; it has: {}", Names(inputs))]
    InputMissing {
        /// Inputs of the graph, without initializers.
        inputs: Vec<String>,
    },
    /// A second input.
    #[error("the model has more than one input")]
    SeveralInputs,
    /// The input has no shape.
    #[error("the input has no shape")]
    InputShapeMissing,
    /// The input has a dimension without a size, after the batch.
    #[error("the input's dimension {index} ({}) has no size", Name(name))]
    DynamicDimension {
        /// Index, from 0.
        index: usize,
        /// Name of the dimension, if it has one.
        name: String,
    },
    /// The batch is fixed, and not at one.
    #[error("the input's batch dimension is fixed at {got}")]
    FixedBatch {
        /// Found.
        got: i64,
    },
    /// The manifest names an output that the graph does not have.
    #[error("the graph has no output of that name; it has: {}", Names(outputs))]
    OutputMissing {
        /// Outputs of the graph.
        outputs: Vec<String>,
    },
    /// The output is the same for every input.
    #[error("the output {} does not depend on the model's input", Name(output))]
    ConstantOutput {
        /// Output.
        output: String,
    },
    /// Sparse initializers.
    #[error("the graph has sparse initializers")]
    Sparse,
    /// More operators than a program holds, after folding.
    #[error("the model has {got} operators after folding, at most {limit} are supported")]
    OperatorCount {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// A number left the range of double precision.
    #[error("its weights or its values on the calibration data are beyond any number")]
    Overflow,
    /// Weights of one operator that differ by more than 62 bits.
    #[error("after scaling, its largest weight is {largest:e} times the precision of its smallest input")]
    WeightRange {
        /// Largest weight in accumulator units.
        largest: f64,
    },
    /// Integers of the graph that the program holds as rounded numbers.
    #[error(
        "the integers in {} are not exact in the program: they are too large, or come from rounded numbers",
        Name(tensor)
    )]
    Inexact {
        /// Tensor.
        tensor: String,
    },
    /// Too many entries for an index that varies.
    #[error("an index that depends on the input chooses among {got} entries, at most {limit} are supported")]
    Choices {
        /// Entries along the axis, or of all axes of a tuple.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// An input of integers whose features are no integers.
    #[error("the input {} takes integers, and a feature of it has {got} decimals", Name(tensor))]
    Decimals {
        /// The model's input.
        tensor: String,
        /// Found.
        got: u8,
    },
    /// The label of a classifier.
    #[error("its first output, the label, is read; a decision is made from scores")]
    Label,
    /// Trees with too many leaves and tests.
    #[error(
        "its trees have {got} pairs of leaves and tests, padded to powers of two; at most {limit} are supported"
    )]
    Paths {
        /// Trees times leaves times comparisons.
        got: u64,
        /// Limit.
        limit: u64,
    },
    /// The worst case of an operator leaves the integers that it is proven for, at every scale that was tried.
    #[error("its worst case is {bits} bits wide, more than the proven integers hold")]
    WorstCase {
        /// Log2 of the worst accumulator, rounded up.
        bits: u32,
    },
}

struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("none");
        }
        for (index, name) in self.0.iter().take(16).enumerate() {
            write!(out, "{}{}", if index == 0 { "" } else { ", " }, Name(name))?;
        }
        Ok(())
    }
}

/// Operators that compile, for people.
pub const SUPPORTED: &str = "Gemm, MatMul, Add, Sub, Mul and Div by constants, Add and Sub of two activations, Relu, Flatten, Reshape, Identity, \
     Constant, Dropout, Cast to the same type, and ArgMax, Softmax or LogSoftmax as the last operator";

impl Cause {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Operator | Self::Domain { .. } => format!("replace it and train again; supported are {SUPPORTED}"),
            Self::Attribute { .. }
            | Self::AttributeType { .. }
            | Self::AttributeMissing { .. }
            | Self::InputCount { .. }
            | Self::OutputCount { .. }
            | Self::OutputRange { .. }
            | Self::Axis { .. }
            | Self::ExternalRange { .. }
            | Self::Value { .. } => {
                "export the model again; the file is not valid ONNX for this operator".into()
            }
            Self::AttributeValue { supported, .. } => format!("export it with {supported}"),
            Self::MissingTensor { .. } | Self::UsedBeforeMade { .. } | Self::DuplicateTensor { .. } => {
                "export the model again, or run it through onnx.checker: the graph is not well formed".into()
            }
            Self::OperatorVersion { since, until, .. } => format!("export it with operator set {since} to {until}"),
            Self::Subgraph { .. } => "export the model without control flow (for a fixed length, unrolled)".into(),
            Self::ShapeFromData { .. } => {
                "make it a constant: every shape must be known before the model runs".into()
            }
            Self::Index { .. } => "check the table's size and the declared range of the index".into(),
            Self::NotConstant { .. } => "make it an initializer, or train again without it".into(),
            Self::ProductOfActivations => "train again without gates or attention, or multiply by a constant".into(),
            Self::NotLowered => "use a form of it that docs/operators.md lists, or other operators".into(),
            Self::OnlyConstants => "simplify the model first (for example with onnxsim), which folds constants".into(),
            Self::ElementType { expected, .. } => format!("convert the model to {expected} throughout"),
            Self::MixedTypes { expected, .. } => format!("convert the model to {expected} throughout"),
            Self::ExternalData { .. } => "hand the file over: [[weights]] with its digest in agent.toml, --weights for init and check; or save the model as one file".into(),
            Self::Dimension { .. } | Self::DataSize { .. } | Self::Sparse => {
                "export the model again with dense, complete weights".into()
            }
            Self::Rank { .. }
            | Self::Elements { .. }
            | Self::Width { .. }
            | Self::Work { .. }
            | Self::OperatorCount { .. } => {
                "use a smaller model".into()
            }
            Self::NotFinite { .. } | Self::Overflow => "train again: such a weight makes every output meaningless".into(),
            Self::Magnitude { .. } => "rescale the weights: 16-bit activations cannot hold such a factor".into(),
            Self::ZeroDivisor { .. } => "remove the feature that has no spread, or divide by a larger constant".into(),
            Self::Shape { .. } => "export the model again with matching shapes".into(),
            Self::Reshape { .. } => "keep all values of one observation in its row: [batch, n]".into(),
            Self::NotLast { .. } => "let this operator make the model's output and nothing else".into(),
            Self::InputMissing { .. } => "set `input` under [agent] in agent.toml to the model's input".into(),
            Self::SeveralInputs => "concatenate all features into one input".into(),
            Self::InputShapeMissing | Self::DynamicDimension { .. } => {
                "export with a shape of [batch, number of features]; only the batch may be dynamic".into()
            }
            Self::FixedBatch { .. } => "export with a dynamic batch, or a batch of 1".into(),
            Self::OutputMissing { .. } => "set `output` under [agent] in agent.toml to the model's output".into(),
            Self::ConstantOutput { .. } => "check that the exported graph is the trained one".into(),
            Self::WeightRange { .. } => {
                "narrow the declared ranges of the features, or train with normalised features and weight decay".into()
            }
            Self::Inexact { .. } => "take indices and counts from inputs of integers, with narrow ranges".into(),
            Self::Choices { .. } => "use a smaller table".into(),
            Self::Decimals { .. } => "give its features decimals = 0".into(),
            Self::Label => {
                "let `output` under [agent] name its second output, the scores: action i stands for class i".into()
            }
            Self::Paths { .. } => "train fewer trees, or trees of less depth (max_depth, max_leaf_nodes)".into(),
            Self::WorstCase { .. } => {
                "train with weight decay, split the layer, or give calibration data that cover its range".into()
            }
        }
    }
}
