//! From the file's messages to a static graph: structure, names, folding, shapes.

use super::quantised::{self, Folded};
use super::{Attribute, ExternalFiles, Graph, GraphError, Node, Options, Step, Value, initializer, inputs};
use crate::onnx::message::{self, Model};
use crate::onnx::{Cause, ELEMENTS, ModelError, OBSTACLES, OPSET_NEWEST, Obstacle};
use crate::operator::{self, Budget, Call, ML, Operator};
use crate::tensor::Tensor;
use std::collections::{BTreeMap, BTreeSet};

/// The static graph of a model, or everything that stands in the way.
pub(super) fn build(model: &Model<'_>, options: &Options) -> Result<Graph, GraphError> {
    let refused = |source| GraphError::Model { source };
    let Some(graph) = &model.graph else { return Err(refused(ModelError::NoGraph)) };
    let opsets = Opsets::of(model).map_err(refused)?;
    let mut builder = Builder::new(graph, &options.external);
    builder.check_structure();
    builder.add_inputs(options);
    let outputs = builder.find_outputs(options);
    let used = builder.used_nodes(&outputs);
    for (index, source) in graph.nodes.iter().enumerate() {
        let node = builder.read_node(source, index, &opsets);
        if !used.contains(&index) {
            builder.graph.unused_nodes.push(label(source, index));
        } else if let Some(node) = node {
            builder.add_node(node);
        }
    }
    builder.finish(&outputs)
}

/// Versions of the operator sets that a model imports.
struct Opsets {
    own: i64,
    ml: i64,
}

impl Opsets {
    fn of(model: &Model<'_>) -> Result<Self, ModelError> {
        let version = |wanted: &str| {
            let canonical = |domain: &str| if domain == "ai.onnx" { "" } else { domain } == wanted;
            model.opsets.iter().find(|(domain, _)| canonical(domain)).map(|&(_, version)| version)
        };
        let (own, ml) = (version(""), version(ML));
        match own {
            None if ml.is_none() => return Err(ModelError::NoOpset),
            Some(got) if !(1..=OPSET_NEWEST).contains(&got) => {
                return Err(ModelError::Opset { got });
            }
            _ => {}
        }
        Ok(Self { own: own.unwrap_or(0), ml: ml.unwrap_or(0) })
    }

    fn of_domain(&self, domain: &str) -> i64 {
        match domain {
            "" | "ai.onnx" => self.own,
            ML => self.ml,
            _ => 0,
        }
    }
}

/// The node's name, or its place in the file.
fn label(node: &message::Node<'_>, index: usize) -> String {
    if node.name.is_empty() { format!("#{index}") } else { node.name.to_owned() }
}

/// What a tensor's name stands for.
#[derive(Clone, Copy)]
enum Known {
    Value(usize),
    /// Refused already.
    Refused,
}

struct Builder<'n, 'a> {
    source: &'n message::Graph<'a>,
    external: &'n ExternalFiles,
    initializers: BTreeMap<&'a str, &'n message::Tensor<'a>>,
    names: BTreeMap<String, Known>,
    graph: Graph,
    /// The numbers of values that depend on the inputs, for the sample input.
    samples: BTreeMap<usize, Tensor>,
    /// The constants that DequantizeLinear made.
    folded: Folded,
    /// Elements of all constants and of all values of one evaluation.
    elements: u64,
    budget: Budget,
    obstacles: Vec<Obstacle>,
}

impl<'n, 'a> Builder<'n, 'a> {
    fn new(source: &'n message::Graph<'a>, external: &'n ExternalFiles) -> Self {
        let graph = Graph {
            values: Vec::new(),
            steps: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            unused_nodes: Vec::new(),
        };
        Self {
            source,
            external,
            initializers: BTreeMap::new(),
            names: BTreeMap::new(),
            graph,
            samples: BTreeMap::new(),
            folded: Folded::new(),
            elements: 0,
            budget: Budget::default(),
            obstacles: Vec::new(),
        }
    }

    fn refuse(&mut self, node: &str, operator: &str, cause: Cause) {
        let obstacle = Obstacle { node: node.to_owned(), operator: operator.to_owned(), cause };
        if self.obstacles.len() < OBSTACLES && !self.obstacles.contains(&obstacle) {
            self.obstacles.push(obstacle);
        }
    }

    /// Every tensor has one maker, and every maker stands before its users.
    fn check_structure(&mut self) {
        let source = self.source;
        if source.has_sparse_initializers {
            self.refuse("graph", "initializer", Cause::Sparse);
        }
        for tensor in &source.initializers {
            if self.initializers.insert(tensor.name, tensor).is_some() {
                self.refuse(
                    tensor.name,
                    "initializer",
                    Cause::DuplicateTensor { tensor: tensor.name.into() },
                );
            }
        }
        let mut inputs = BTreeSet::new();
        for input in &source.inputs {
            if !inputs.insert(input.name) {
                self.refuse(input.name, "graph input", Cause::DuplicateTensor { tensor: input.name.into() });
            }
        }
        let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, node) in source.nodes.iter().enumerate() {
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                let known = makers.contains_key(output) || self.initializers.contains_key(output);
                if known || inputs.contains(output) {
                    let cause = Cause::DuplicateTensor { tensor: output.into() };
                    self.refuse(&label(node, index), node.operator, cause);
                } else {
                    makers.insert(output, index);
                }
            }
        }
        for (index, node) in source.nodes.iter().enumerate() {
            for &input in node.inputs.iter().filter(|input| !input.is_empty()) {
                let cause = match makers.get(input) {
                    Some(&maker) if maker >= index => {
                        let maker = label(&source.nodes[maker], maker);
                        Cause::UsedBeforeMade { tensor: input.into(), maker }
                    }
                    Some(_) => continue,
                    None if self.initializers.contains_key(input) || inputs.contains(input) => continue,
                    None => Cause::MissingTensor { tensor: input.into() },
                };
                self.refuse(&label(node, index), node.operator, cause);
            }
        }
    }

    fn add_inputs(&mut self, options: &Options) {
        for input in &self.source.inputs {
            if self.initializers.contains_key(input.name) {
                continue;
            }
            if let Some(constant) = options.constants.get(input.name) {
                self.add_value(input.name, constant.clone(), true);
                continue;
            }
            match inputs::sample(input, options) {
                Ok(sample) => {
                    let index = self.add_value(input.name, sample, false);
                    self.graph.inputs.push(index);
                }
                Err(cause) => {
                    self.names.insert(input.name.to_owned(), Known::Refused);
                    self.refuse(input.name, "graph input", cause);
                }
            }
        }
    }

    fn find_outputs(&mut self, options: &Options) -> Vec<&'a str> {
        let source = self.source;
        let all = source.outputs.iter().map(|output| output.name);
        if source.outputs.is_empty() {
            self.refuse("output", "graph output", Cause::OutputMissing { outputs: Vec::new() });
        }
        if options.outputs.is_empty() {
            return all.collect();
        }
        let mut chosen = Vec::new();
        for wanted in &options.outputs {
            match all.clone().find(|name| name == wanted) {
                Some(name) => chosen.push(name),
                None => {
                    let outputs = all.clone().take(16).map(str::to_owned).collect();
                    self.refuse(wanted, "graph output", Cause::OutputMissing { outputs });
                }
            }
        }
        chosen
    }

    /// The nodes that the outputs need.
    fn used_nodes(&self, outputs: &[&'a str]) -> BTreeSet<usize> {
        let nodes = &self.source.nodes;
        let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for &name in node.outputs.iter().filter(|name| !name.is_empty()) {
                makers.entry(name).or_insert(index);
            }
        }
        let mut used = BTreeSet::new();
        let mut open: Vec<&str> = outputs.to_vec();
        while let Some(name) = open.pop() {
            if let Some(&maker) = makers.get(name)
                && used.insert(maker)
            {
                open.extend(&nodes[maker].inputs);
            }
        }
        used
    }

    /// The node with its attributes; `None` where an attribute is refused.
    fn read_node(&mut self, source: &message::Node<'a>, index: usize, opsets: &Opsets) -> Option<Node> {
        let mut node = Node {
            name: label(source, index),
            operator: source.operator.to_owned(),
            domain: source.domain.to_owned(),
            opset: opsets.of_domain(source.domain),
            inputs: source.inputs.iter().map(|&name| name.to_owned()).collect(),
            outputs: source.outputs.iter().map(|&name| name.to_owned()).collect(),
            attributes: super::Attributes::default(),
        };
        let mut complete = true;
        for attribute in &source.attributes {
            let cause = match read_attribute(attribute) {
                Ok(value) => match node.attributes.insert(attribute.name, value) {
                    None => continue,
                    Some(_) => Cause::Attribute { attribute: attribute.name.to_owned() },
                },
                Err(cause) => cause,
            };
            self.refuse(&node.name, &node.operator, cause);
            complete = false;
        }
        if !complete {
            for name in &node.outputs {
                self.names.entry(name.clone()).or_insert(Known::Refused);
            }
            return None;
        }
        Some(node)
    }

    /// Folds the node, or appends it as a step; its outputs are refused where it is.
    fn add_node(&mut self, node: Node) {
        if let Err(cause) = self.try_node(&node) {
            self.refuse(&node.name, &node.operator, cause);
        }
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            self.names.entry(name.clone()).or_insert(Known::Refused);
        }
    }

    fn try_node(&mut self, node: &Node) -> Result<(), Cause> {
        let (family, form) = operator::find(node)?;
        let mut operands = Vec::with_capacity(node.inputs.len());
        let mut is_refused = false;
        for name in &node.inputs {
            operands.push(match self.resolve(name)? {
                None => None,
                Some(Known::Value(index)) => Some(index),
                Some(Known::Refused) => {
                    is_refused = true;
                    None
                }
            });
        }
        let is_constant = |index: &usize| self.graph.values[*index].constant.is_some();
        let dynamic = form
            .static_inputs
            .iter()
            .find(|&&input| operands.get(input).copied().flatten().is_some_and(|index| !is_constant(&index)));
        if let Some(&input) = dynamic {
            return Err(Cause::ShapeFromData { tensor: node.inputs[input].clone() });
        }
        if is_refused {
            return Ok(());
        }
        let folds = family.reads_only_shapes() || operands.iter().flatten().all(is_constant);
        let outputs = self.run(family, node, &operands)?;
        for output in &outputs {
            self.elements = self.elements.saturating_add(output.elements() as u64);
        }
        self.check_elements(&node.outputs[0])?;
        let mut made = Vec::with_capacity(node.outputs.len());
        for (name, tensor) in node.outputs.iter().zip(outputs) {
            made.push(if name.is_empty() || self.names.contains_key(name) {
                None
            } else {
                Some(self.add_value(name, tensor, folds))
            });
        }
        if folds
            && node.operator == "DequantizeLinear"
            && let Some(Some(made)) = made.first()
        {
            self.folded.insert(*made, (node.clone(), operands));
        } else if !folds {
            self.graph.steps.push(Step { node: node.clone(), inputs: operands, outputs: made });
        }
        Ok(())
    }

    fn run(
        &self,
        family: &'static dyn Operator,
        node: &Node,
        operands: &[Option<usize>],
    ) -> Result<Vec<Tensor>, Cause> {
        let tensor = |index: usize| {
            self.graph
                .values
                .get(index)
                .and_then(|value| value.constant.as_ref())
                .or(self.samples.get(&index))
        };
        let inputs: Vec<Option<&Tensor>> = operands.iter().map(|operand| operand.and_then(tensor)).collect();
        operator::run(family, &Call::new(node, &inputs, &self.budget))
    }

    /// What a name stands for; `None` for an input that is left out.
    fn resolve(&mut self, name: &str) -> Result<Option<Known>, Cause> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(&known) = self.names.get(name) {
            return Ok(Some(known));
        }
        let Some(&tensor) = self.initializers.get(name) else {
            // Missing, or made later: refused with the structure.
            return Ok(Some(Known::Refused));
        };
        self.names.insert(name.to_owned(), Known::Refused);
        let decoded = initializer::decode(tensor, name, self.external)?;
        self.elements = self.elements.saturating_add(decoded.elements() as u64);
        self.check_elements(name)?;
        let index = self.add_value(name, decoded, true);
        Ok(Some(Known::Value(index)))
    }

    fn check_elements(&self, tensor: &str) -> Result<(), Cause> {
        if self.elements > ELEMENTS {
            return Err(Cause::Elements { tensor: tensor.to_owned(), limit: ELEMENTS });
        }
        Ok(())
    }

    fn add_value(&mut self, name: &str, tensor: Tensor, is_constant: bool) -> usize {
        let index = self.graph.values.len();
        let (element_type, shape) = (tensor.element_type(), tensor.shape().to_vec());
        let constant = if is_constant {
            Some(tensor)
        } else {
            self.samples.insert(index, tensor);
            None
        };
        self.graph.values.push(Value { name: name.to_owned(), element_type, shape, constant });
        self.names.insert(name.to_owned(), Known::Value(index));
        index
    }

    fn finish(mut self, outputs: &[&'a str]) -> Result<Graph, GraphError> {
        for &name in outputs {
            let is_made = self.source.nodes.iter().any(|node| node.outputs.contains(&name));
            match self.resolve(name) {
                Ok(Some(Known::Value(index))) => self.graph.outputs.push(index),
                Ok(Some(Known::Refused)) if is_made || self.names.contains_key(name) => {}
                Ok(_) => {
                    self.refuse(name, "graph output", Cause::MissingTensor { tensor: name.to_owned() });
                }
                Err(cause) => self.refuse(name, "graph output", cause),
            }
        }
        if self.obstacles.is_empty() {
            quantised::join(&mut self.graph, &self.folded);
            Ok(self.graph)
        } else {
            Err(GraphError::Obstacles { obstacles: self.obstacles })
        }
    }
}

/// The value of an attribute: of the type that it names, or of the one field that it fills.
fn read_attribute(attribute: &message::Attribute<'_>) -> Result<Attribute, Cause> {
    let name = attribute.name;
    let untyped = |expected| Cause::AttributeType { attribute: name.to_owned(), expected };
    if attribute.has_graph {
        return Err(Cause::Subgraph { attribute: name.to_owned() });
    }
    let kind = match attribute.kind {
        Some(kind) if kind != 0 => kind,
        _ if attribute.float.is_some() => 1,
        _ if attribute.integer.is_some() => 2,
        _ if attribute.text.is_some() => 3,
        _ if attribute.tensor.is_some() => 4,
        _ if !attribute.floats.is_empty() => 6,
        _ if !attribute.integers.is_empty() => 7,
        _ => 8,
    };
    match kind {
        // Protocol Buffers leave zeros out.
        1 => Ok(Attribute::Float(attribute.float.unwrap_or(0.0))),
        2 => Ok(Attribute::Integer(attribute.integer.unwrap_or(0))),
        3 => initializer::text(attribute.text.unwrap_or_default(), name).map(Attribute::Text),
        4 => match &attribute.tensor {
            Some(tensor) => initializer::decode(tensor, name, &ExternalFiles::new()).map(Attribute::Tensor),
            None => Err(untyped("TENSOR")),
        },
        6 => Ok(Attribute::Floats(attribute.floats.clone())),
        7 => Ok(Attribute::Integers(attribute.integers.clone())),
        8 => {
            let texts = attribute.texts.iter().map(|bytes| initializer::text(bytes, name));
            texts.collect::<Result<Vec<String>, Cause>>().map(Attribute::Texts)
        }
        _ => Err(untyped("a number, a text, a tensor or a list of numbers or texts")),
    }
}
