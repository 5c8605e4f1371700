//! The graph around the operators: names, order, liveness, the one input and the chosen output.

use super::message::{Dimension, Graph, Model, Node, Tensor, ValueInfo};
use super::obstacle::{Cause, Obstacle};
use super::tensor::{self, Constant, ELEMENTS, ElementType, checked_shape};
use super::{ModelError, OPSET_NEWEST, OPSET_OLDEST};
use crate::network::{FloatNode, Network, Operation};
use candor_program::limits;
use std::collections::{BTreeMap, BTreeSet};

/// Most obstacles that are listed.
pub const OBSTACLES: usize = 256;

/// Which input and output the agent uses; `None`: the only input, the first output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection<'s> {
    pub(crate) input: Option<&'s str>,
    pub(crate) output: Option<&'s str>,
}

/// Why a file gives no float model.
#[derive(Debug)]
pub(crate) enum ImportError {
    Model(ModelError),
    Obstacles(Vec<Obstacle>),
}

/// What a name of the graph stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Depends on the input: a value of the network, in this shape for one observation.
    Activation { value: usize, shape: Vec<usize> },
    /// Known now.
    Constant(Constant),
    /// The output of an operator that may only stand last, over this value; `maker` is its node.
    Last { value: usize, maker: usize },
    /// Refused already.
    Unknown,
}

/// A graph while it is read.
pub(crate) struct Importer<'n, 'a> {
    graph: &'n Graph<'a>,
    initializers: BTreeMap<&'a str, &'n Tensor<'a>>,
    decoded: BTreeMap<&'a str, Result<Constant, Cause>>,
    values: BTreeMap<&'a str, Value>,
    pub(super) network: Network,
    pub(super) element_type: ElementType,
    pub(super) opset: i64,
    elements: u64,
    obstacles: Vec<Obstacle>,
}

/// The float model of an ONNX file, or everything that stands in the way.
pub(crate) fn import(bytes: &[u8], selection: Selection<'_>) -> Result<Network, ImportError> {
    let model = Model::read(bytes).map_err(|source| ImportError::Model(ModelError::Malformed { source }))?;
    let opset = opset(&model).map_err(ImportError::Model)?;
    let Some(graph) = &model.graph else { return Err(ImportError::Model(ModelError::NoGraph)) };
    let mut importer = Importer::new(graph, opset);
    importer.check_structure();
    importer.find_input(selection.input);
    let output = importer.find_output(selection.output);
    let used = importer.used_nodes(output);
    for index in 0..graph.nodes.len() {
        if used.contains(&index) {
            importer.read_node(index);
        } else {
            let label = label(&graph.nodes[index], index);
            importer.network.unused_nodes.push(label);
        }
    }
    importer.finish(output)
}

/// Version of ONNX's own operators.
fn opset(model: &Model<'_>) -> Result<i64, ModelError> {
    if model.graph.is_none() && model.opsets.is_empty() {
        return Err(ModelError::NoGraph);
    }
    let own = model.opsets.iter().find(|(domain, _)| is_own_domain(domain));
    match own {
        None => Err(ModelError::NoOpset),
        Some(&(_, got)) if !(OPSET_OLDEST..=OPSET_NEWEST).contains(&got) => Err(ModelError::Opset { got }),
        Some(&(_, version)) => Ok(version),
    }
}

/// Whether the domain is ONNX's own.
pub(super) fn is_own_domain(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

/// The node's name, or its place in the file.
fn label(node: &Node<'_>, index: usize) -> String {
    if node.name.is_empty() { format!("#{index}") } else { node.name.to_owned() }
}

impl<'n, 'a> Importer<'n, 'a> {
    fn new(graph: &'n Graph<'a>, opset: i64) -> Self {
        let network = Network {
            input: String::new(),
            input_width: 0,
            nodes: Vec::new(),
            output: String::new(),
            output_value: 0,
            tail: None,
            unused_nodes: Vec::new(),
        };
        Self {
            graph,
            initializers: BTreeMap::new(),
            decoded: BTreeMap::new(),
            values: BTreeMap::new(),
            network,
            element_type: ElementType::Float,
            opset,
            elements: 0,
            obstacles: Vec::new(),
        }
    }

    fn refuse(&mut self, node: impl Into<String>, operator: impl Into<String>, cause: Cause) {
        let obstacle = Obstacle { node: node.into(), operator: operator.into(), cause };
        if self.obstacles.len() < OBSTACLES && !self.obstacles.contains(&obstacle) {
            self.obstacles.push(obstacle);
        }
    }

    fn refuse_node(&mut self, index: usize, cause: Cause) {
        let node = &self.graph.nodes[index];
        self.refuse(label(node, index), node.operator, cause);
    }

    /// Every tensor has one maker, every maker stands before its users, every initializer is in this file.
    fn check_structure(&mut self) {
        let graph = self.graph;
        if graph.has_sparse_initializers {
            self.refuse("graph", "initializer", Cause::Sparse);
        }
        for tensor in &graph.initializers {
            if self.initializers.insert(tensor.name, tensor).is_some() {
                self.refuse(
                    tensor.name,
                    "initializer",
                    Cause::DuplicateTensor { tensor: tensor.name.into() },
                );
            }
            if let Err(cause) = tensor::check_header(tensor, tensor.name) {
                self.refuse(tensor.name, "initializer", cause);
                self.values.insert(tensor.name, Value::Unknown);
            }
        }
        let inputs: BTreeSet<&str> = graph.inputs.iter().map(|input| input.name).collect();
        let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            for &output in node.outputs.iter().filter(|output| !output.is_empty()) {
                let known = makers.contains_key(output) || self.initializers.contains_key(output);
                if known || inputs.contains(output) {
                    self.refuse_node(index, Cause::DuplicateTensor { tensor: output.into() });
                } else {
                    makers.insert(output, index);
                }
            }
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            for &input in node.inputs.iter().filter(|input| !input.is_empty()) {
                match makers.get(input) {
                    Some(&maker) if maker >= index => {
                        let maker = label(&graph.nodes[maker], maker);
                        self.refuse_node(index, Cause::UsedBeforeMade { tensor: input.into(), maker });
                    }
                    Some(_) => {}
                    None if self.initializers.contains_key(input) => {}
                    None if inputs.contains(input) => {}
                    None => self.refuse_node(index, Cause::MissingTensor { tensor: input.into() }),
                }
            }
        }
    }

    /// There is one input that is no initializer, and it is a row of known width.
    fn find_input(&mut self, wanted: Option<&str>) {
        let graph = self.graph;
        let mut inputs = graph.inputs.iter().filter(|input| !self.initializers.contains_key(input.name));
        let names: Vec<String> = inputs.clone().take(16).map(|input| input.name.to_owned()).collect();
        let chosen = match wanted {
            None => inputs.next(),
            Some(wanted) => inputs.find(|input| input.name == wanted),
        };
        let Some(chosen) = chosen else {
            self.refuse(wanted.unwrap_or("input"), "graph input", Cause::InputMissing { inputs: names });
            return;
        };
        for input in &graph.inputs {
            if input.name != chosen.name && !self.initializers.contains_key(input.name) {
                self.refuse(input.name, "graph input", Cause::SeveralInputs);
                self.values.insert(input.name, Value::Unknown);
            }
        }
        self.network.input = chosen.name.to_owned();
        match self.input_shape(chosen) {
            Ok((shape, width)) => {
                self.network.input_width = width;
                self.values.insert(chosen.name, Value::Activation { value: 0, shape });
            }
            Err(cause) => self.refuse(chosen.name, "graph input", cause),
        }
    }

    /// The input's shape for one observation, and its width; sets the element type.
    fn input_shape(&mut self, input: &ValueInfo<'a>) -> Result<(Vec<usize>, usize), Cause> {
        let code = input.element_type.unwrap_or_default();
        self.element_type = match ElementType::from_code(code) {
            Some(real @ (ElementType::Float | ElementType::Double)) => real,
            _ => {
                let got = tensor::element_type_name(code);
                return Err(Cause::ElementType { tensor: input.name.to_owned(), got, expected: "FLOAT" });
            }
        };
        let dimensions = input.shape.as_deref().ok_or(Cause::InputShapeMissing)?;
        let mut dims = Vec::with_capacity(dimensions.len());
        for (index, dimension) in dimensions.iter().enumerate() {
            dims.push(match *dimension {
                Dimension::Size(size) if index == 0 && size > 1 && dimensions.len() > 1 => {
                    return Err(Cause::FixedBatch { got: size });
                }
                // Some exporters write 0 or -1 for a dynamic batch.
                Dimension::Size(-1..=0) | Dimension::Named(_) | Dimension::Unknown if index == 0 => 1,
                Dimension::Size(size) => size,
                Dimension::Named(name) => {
                    return Err(Cause::DynamicDimension { index, name: name.to_owned() });
                }
                Dimension::Unknown => return Err(Cause::DynamicDimension { index, name: String::new() }),
            });
        }
        let (shape, width) = checked_shape(input.name, &dims)?;
        check_width(input.name, width)?;
        Ok((shape, width))
    }

    fn find_output(&mut self, wanted: Option<&str>) -> Option<&'a str> {
        let graph = self.graph;
        let chosen = match wanted {
            None => graph.outputs.first(),
            Some(wanted) => graph.outputs.iter().find(|output| output.name == wanted),
        };
        let Some(chosen) = chosen else {
            let outputs = graph.outputs.iter().take(16).map(|output| output.name.to_owned()).collect();
            self.refuse(wanted.unwrap_or("output"), "graph output", Cause::OutputMissing { outputs });
            return None;
        };
        self.network.output = chosen.name.to_owned();
        let known = self.initializers.contains_key(chosen.name)
            || graph.inputs.iter().any(|input| input.name == chosen.name)
            || graph.nodes.iter().any(|node| node.outputs.contains(&chosen.name));
        if !known {
            self.refuse(chosen.name, "graph output", Cause::MissingTensor { tensor: chosen.name.into() });
        }
        Some(chosen.name)
    }

    /// The nodes that the output needs; all of them where there is no output.
    fn used_nodes(&self, output: Option<&'a str>) -> BTreeSet<usize> {
        let nodes = &self.graph.nodes;
        let Some(output) = output else { return (0..nodes.len()).collect() };
        let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for &name in node.outputs.iter().filter(|name| !name.is_empty()) {
                makers.entry(name).or_insert(index);
            }
        }
        let mut used = BTreeSet::new();
        let mut open = vec![output];
        while let Some(name) = open.pop() {
            if let Some(&maker) = makers.get(name)
                && used.insert(maker)
            {
                open.extend(&nodes[maker].inputs);
            }
        }
        used
    }

    fn read_node(&mut self, index: usize) {
        let node = &self.graph.nodes[index];
        let value = match self.value_of_node(node, index) {
            Ok(value) => value,
            Err(cause) => {
                self.refuse_node(index, cause);
                Value::Unknown
            }
        };
        if let Some(output) = node.outputs.first() {
            self.values.entry(output).or_insert(value);
        }
    }

    /// What an input of a node is; a value that may only stand last is refused at its maker.
    pub(super) fn operand(&mut self, name: &'a str) -> Result<Value, Cause> {
        let value = self.operand_or_last(name)?;
        if let Value::Last { maker, .. } = value {
            self.refuse_node(maker, Cause::NotLast { tensor: name.into() });
            return Ok(Value::Unknown);
        }
        Ok(value)
    }

    /// What an input of a node is.
    pub(super) fn operand_or_last(&mut self, name: &'a str) -> Result<Value, Cause> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let Some(tensor) = self.initializers.get(name) else { return Ok(Value::Unknown) };
        let decoded = self.decoded.entry(name).or_insert_with(|| tensor::decode(tensor, name));
        decoded.clone().map(Value::Constant)
    }

    /// Counts elements that the float model is about to hold.
    pub(super) fn spend(&mut self, name: &str, elements: usize) -> Result<(), Cause> {
        self.elements = self.elements.saturating_add(elements as u64);
        if self.elements > ELEMENTS {
            return Err(Cause::Elements { tensor: name.to_owned(), limit: ELEMENTS });
        }
        Ok(())
    }

    /// Appends a step to the network; the value it makes.
    pub(super) fn append(&mut self, index: usize, operation: Operation, width: usize) -> usize {
        let node = &self.graph.nodes[index];
        let name = label(node, index);
        self.network.nodes.push(FloatNode { name, operator: node.operator.to_owned(), operation, width });
        self.network.nodes.len()
    }

    fn finish(mut self, output: Option<&'a str>) -> Result<Network, ImportError> {
        if let Some(output) = output {
            match self.operand_or_last(output) {
                Ok(Value::Activation { value, shape }) => {
                    self.network.output_value = value;
                    let width: usize = shape.iter().product();
                    let is_row = shape.last() == Some(&width);
                    if !is_row {
                        let expected = "[1, n]: one row for one observation".into();
                        self.refuse(
                            output,
                            "graph output",
                            Cause::Shape { tensor: output.into(), got: shape, expected },
                        );
                    }
                }
                Ok(Value::Last { value, maker }) => {
                    self.network.output_value = value;
                    self.network.tail = Some(self.graph.nodes[maker].operator.to_owned());
                }
                Ok(Value::Constant(_)) => {
                    self.refuse(output, "graph output", Cause::ConstantOutput { output: output.into() });
                }
                Ok(Value::Unknown) => {}
                Err(cause) => self.refuse(output, "graph output", cause),
            }
        }
        if self.obstacles.is_empty() { Ok(self.network) } else { Err(ImportError::Obstacles(self.obstacles)) }
    }
}

/// A tensor of one observation is at most as wide as a program allows.
pub(super) fn check_width(name: &str, width: usize) -> Result<(), Cause> {
    if width as u64 > u64::from(limits::WIDTH) {
        let (got, limit) = (width as u64, u64::from(limits::WIDTH));
        return Err(Cause::Width { tensor: name.to_owned(), got, limit });
    }
    Ok(())
}
