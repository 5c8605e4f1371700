//! What a model would become, before anything is set up: every obstacle, and what every node costs.

use crate::class::{padded_weights, witness_cells};
use crate::estimate::{self, Estimate};
use crate::graph::{ExternalFiles, Graph, GraphError, Options};
use crate::lowering::Builder;
use crate::onnx::{Obstacle, obstacle::Name};
use crate::trial::{Trial, TrialError};
use candor_program::class::{Group, OperatorClass, TermClass};
use candor_program::operator::Operator;
use serde::Serialize;
use std::fmt;

/// Inputs that are drawn, beside the corners.
const DRAWN: usize = 14;
/// Floats are drawn up to this magnitude, the range of a new agent.toml.
const RANGE: f64 = 3.0;
/// A node with at least this share of what a program has is worth a word.
const LARGE_SHARE: f64 = 0.25;

/// What a model would become.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// Inputs.
    pub inputs: Vec<End>,
    /// Outputs.
    pub outputs: Vec<End>,
    /// The output that was looked at.
    pub output: Option<String>,
    /// Nodes that cost something, in order; empty where there are obstacles.
    pub nodes: Vec<NodeCost>,
    /// What stands in the way; the model compiles where there is nothing.
    pub obstacles: Vec<ObstacleReport>,
    /// Integer operators.
    pub operators: usize,
    /// Tables of 65,536 entries.
    pub tables: usize,
    /// Entries of all weight matrices and tables, padded.
    pub padded_weights: u64,
    /// Witness cells of one decision.
    pub witness_cells: u64,
    /// Expected cost of proving one decision; `None` where there are obstacles.
    pub estimate: Option<Estimate>,
}

/// An input or output of the model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct End {
    /// Name.
    pub name: String,
    /// Element type.
    pub element_type: String,
    /// Sizes of all axes.
    pub shape: Vec<usize>,
}

/// What one node of the model costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NodeCost {
    /// Name of the node.
    pub node: String,
    /// ONNX operator; empty for what is made between nodes.
    pub operator: String,
    /// Values of 16 bits that a proof commits to, padded.
    pub values: u64,
    /// Multiplications.
    pub multiplications: u64,
    /// Weights and biases.
    pub parameters: u64,
    /// Tables that only this node needs.
    pub tables: usize,
    /// What is costly about it, and what would help.
    pub advice: Vec<Advice>,
}

/// Why a node is costly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// A table of 65,536 entries.
    Table,
    /// A quarter or more of all committed values.
    Values,
    /// A quarter or more of all multiplications, and more than a million.
    Multiplications,
    /// An input is read by a list of places.
    List,
}

/// An obstacle, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ObstacleReport {
    /// Node, or tensor where no node is at fault.
    pub node: String,
    /// ONNX operator.
    pub operator: String,
    /// Reason.
    pub why: String,
    /// The change that would help.
    pub change: String,
}

impl From<&Obstacle> for ObstacleReport {
    fn from(obstacle: &Obstacle) -> Self {
        Self {
            node: obstacle.node.clone(),
            operator: obstacle.operator.clone(),
            why: obstacle.cause.to_string(),
            change: obstacle.cause.remedy(),
        }
    }
}

/// Looks at one output of a model, the first one where none is named. Scales come from inputs drawn from -3 to 3, integers from 0 and 1: costs
/// are those of the real program, accuracy is not looked at.
///
/// Errors: a file that is no model. What keeps a model from being compiled is no error, but in the answer.
pub fn check(model: &[u8], weights: &ExternalFiles, output: Option<&str>) -> Result<Check, GraphError> {
    let outputs = output.map(str::to_owned).into_iter().collect();
    let options = Options { outputs, external: weights.clone(), ..Options::default() };
    let mut report = Check {
        inputs: vec![],
        outputs: vec![],
        output: output.map(str::to_owned),
        nodes: vec![],
        obstacles: vec![],
        operators: 0,
        tables: 0,
        padded_weights: 0,
        witness_cells: 0,
        estimate: None,
    };
    let graph = match Graph::read(model, &options) {
        Ok(graph) => graph,
        Err(GraphError::Obstacles { obstacles }) => {
            report.obstacles = obstacles.iter().map(ObstacleReport::from).collect();
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    let end = |index: &usize| {
        let value = &graph.values()[*index];
        let element_type = value.element_type.name().to_owned();
        End { name: value.name.clone(), element_type, shape: value.shape.clone() }
    };
    report.inputs = graph.inputs().iter().map(end).collect();
    report.outputs = graph.outputs().iter().map(end).collect();
    report.output = report.outputs.first().map(|output| output.name.clone());
    let mut nodes = Vec::new();
    match Trial::observed(&graph, 0, &drawn(&graph), &mut |builder| nodes = costs(&graph, builder)) {
        Ok(trial) => {
            let class = &trial.program().card.class;
            report.nodes = nodes;
            report.operators = class.operators.len();
            report.tables = usize::from(class.tables);
            report.padded_weights = padded_weights(class);
            report.witness_cells = witness_cells(class);
            report.estimate = Some(estimate::proving(class));
        }
        Err(TrialError::Obstacles { obstacles }) => {
            report.obstacles = obstacles.iter().map(ObstacleReport::from).collect();
        }
        Err(error) => report.obstacles.push(ObstacleReport {
            node: report.output.clone().unwrap_or_default(),
            operator: "program".into(),
            why: error.to_string(),
            change: "use a smaller model".into(),
        }),
    }
    Ok(report)
}

/// Inputs spread over the ranges that a new agent.toml declares.
fn drawn(graph: &Graph) -> Vec<Vec<f64>> {
    let mut state = 0;
    let mut draw = |corner: Option<f64>| {
        let mut sample = Vec::new();
        for index in graph.inputs() {
            let value = &graph.values()[*index];
            let is_float = value.element_type.is_float();
            for _ in 0..value.shape.iter().product() {
                let share = corner
                    .unwrap_or_else(|| (crate::observed::split_mix(&mut state) >> 11) as f64 / 2f64.powi(53));
                sample.push(if is_float { RANGE * (2.0 * share - 1.0) } else { share.round() });
            }
        }
        sample
    };
    let mut samples = vec![draw(Some(0.0)), draw(Some(1.0))];
    samples.extend((0..DRAWN).map(|_| draw(None)));
    samples
}

/// What every node costs, by the operators that were made for it.
fn costs(graph: &Graph, builder: &Builder<'_>) -> Vec<NodeCost> {
    let mut nodes: Vec<NodeCost> = Vec::new();
    let mut seen = vec![false; builder.tables.len()];
    for (index, class) in builder.classes.iter().enumerate() {
        let origin = &builder.origins[index];
        let place = nodes.iter().position(|node| node.node == *origin).unwrap_or_else(|| {
            let step = graph.steps().iter().find(|step| step.node.name == *origin);
            nodes.push(NodeCost {
                node: origin.clone(),
                operator: step.map(|step| step.node.operator.clone()).unwrap_or_default(),
                values: 0,
                multiplications: 0,
                parameters: 0,
                tables: 0,
                advice: vec![],
            });
            nodes.len() - 1
        });
        let node = &mut nodes[place];
        let weights = &builder.weights[index];
        node.parameters += crate::lower::parameters(weights);
        match (class, &builder.operators[index]) {
            (OperatorClass::Affine { axes, terms }, Operator::Affine(affine)) => {
                node.values += 1u64 << axes.iter().map(|log2| u32::from(*log2)).sum::<u32>().min(62);
                for (term, data) in terms.iter().zip(&affine.terms) {
                    let summed: u64 = data.summed.iter().map(|extent| u64::from(*extent)).product();
                    let is_sum = matches!(term, TermClass::Linear { .. });
                    node.multiplications += u64::from(affine.width()) * if is_sum { 1 } else { summed };
                    let listed = |group: &Group| matches!(group, Group::Listed { .. });
                    if term.operands().into_iter().any(|operand| operand.groups.iter().any(listed)) {
                        node.advise(Advice::List);
                    }
                }
            }
            (OperatorClass::Lookup { table, .. }, _) => {
                node.values += 1u64
                    << crate::class::padded_log2(
                        builder.tensors[index + 1].extents.iter().product::<u32>() as usize
                    );
                if let Some(seen) = seen.get_mut(usize::from(*table))
                    && !std::mem::replace(seen, true)
                {
                    node.tables += 1;
                    node.advise(Advice::Table);
                }
            }
            (OperatorClass::Affine { .. }, Operator::Lookup(_)) => {}
        }
    }
    let values: u64 = nodes.iter().map(|node| node.values).sum();
    let multiplications: u64 = nodes.iter().map(|node| node.multiplications).sum();
    let several = nodes.len() > 4;
    for node in nodes.iter_mut().filter(|_| several) {
        if node.values as f64 >= LARGE_SHARE * values as f64 {
            node.advise(Advice::Values);
        }
        if node.multiplications > 1_000_000
            && node.multiplications as f64 >= LARGE_SHARE * multiplications as f64
        {
            node.advise(Advice::Multiplications);
        }
    }
    nodes
}

impl NodeCost {
    fn advise(&mut self, advice: Advice) {
        if !self.advice.contains(&advice) {
            self.advice.push(advice);
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Table => {
                "a table of 65,536 entries: Relu, LeakyRelu, Clip or HardSigmoid need none, and nodes that look the same function up at the same scale share one"
            }
            Self::Values => "a quarter or more of all values: fewer channels, a larger stride, or AveragePool instead of MaxPool",
            Self::Multiplications => "a quarter or more of all multiplications: a narrower layer, or groups",
            Self::List => "its input is read by a list of places, not by strides: a regular pattern costs less",
        })
    }
}

impl fmt::Display for ObstacleReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}): {}; {}", Name(&self.node), Name(&self.operator), self.why, self.change)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, ends) in [("input", &self.inputs), ("output", &self.outputs)] {
            for end in ends {
                writeln!(out, "{kind} {}: {} {:?}", Name(&end.name), end.element_type, end.shape)?;
            }
        }
        if !self.obstacles.is_empty() {
            write!(out, "does not compile: {} in the way", counted(self.obstacles.len(), "obstacle"))?;
            return self.obstacles.iter().try_for_each(|obstacle| write!(out, "\n  - {obstacle}"));
        }
        writeln!(
            out,
            "  node                            operator           values  multiplications  parameters"
        )?;
        for node in &self.nodes {
            let name: String =
                node.node.chars().take(30).map(|c| if c.is_control() { '?' } else { c }).collect();
            writeln!(
                out,
                "  {name:<30}  {:<16} {:>8}  {:>15}  {:>10}",
                node.operator, node.values, node.multiplications, node.parameters
            )?;
            node.advice.iter().try_for_each(|advice| writeln!(out, "      {advice}"))?;
        }
        write!(
            out,
            "compiles: {} and {}; {} padded weights, {} cells a decision",
            counted(self.operators, "integer operator"),
            counted(self.tables, "table"),
            self.padded_weights,
            self.witness_cells
        )?;
        match &self.estimate {
            Some(estimate) => write!(
                out,
                "\nproving one decision: about {:.0} ms and {:.0} MB on two cores",
                estimate.time_ms, estimate.memory_mb
            ),
            None => Ok(()),
        }
    }
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
