//! Float model to stages: runs of linear nodes fold into one affine map each, exactly but for double rounding.
//!
//! Every value is an affine expression of *tensors* (the input and the stages so far). A ReLU ends an expression and
//! makes a stage. An expression with a dense matrix also becomes a stage where several nodes need it, or where
//! multiplying matrices out would make the model larger.

use crate::network::{Matrix, Network, Operation};
use crate::onnx::{Cause, Obstacle};
use candor_program::limits;
use std::collections::BTreeMap;

/// An affine map of earlier tensors, followed by a ReLU or not. Stage `i` makes tensor `i + 1`; tensor 0 is the input.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Name of the ONNX node that ends the stage.
    pub(crate) name: String,
    /// Its operator.
    pub(crate) operator: String,
    pub(crate) width: usize,
    /// Tensors that are summed, each with its weights.
    pub(crate) terms: Vec<(usize, Weights)>,
    pub(crate) bias: Vec<f64>,
    pub(crate) relu: bool,
    /// The value of the float model that the stage's output equals.
    pub(crate) value: usize,
}

/// Weights of one term of a stage.
#[derive(Clone, Debug)]
pub(crate) enum Weights {
    /// One factor for all entries.
    Scaled(f64),
    /// A matrix, row-major `[output][input]`.
    Dense { columns: usize, entries: Vec<f64> },
}

impl Weights {
    /// The weights of one output, each with the index of the entry that it multiplies.
    pub(crate) fn row(&self, output: usize) -> impl Iterator<Item = (usize, f64)> {
        let (first, row) = match self {
            Self::Scaled(factor) => (output, std::slice::from_ref(factor)),
            Self::Dense { columns, entries } => (0, &entries[output * columns..(output + 1) * columns]),
        };
        row.iter().enumerate().map(move |(index, weight)| (first + index, *weight))
    }
}

/// How a tensor enters an expression.
#[derive(Clone, Debug)]
enum Map {
    /// One factor for all entries.
    Uniform(f64),
    /// One factor for each entry.
    Diagonal(Vec<f64>),
    /// A matrix, row-major `[output][input]`.
    Dense { columns: usize, entries: Vec<f64> },
}

#[derive(Clone, Debug)]
struct Expression {
    terms: BTreeMap<usize, Map>,
    bias: Vec<f64>,
}

impl Expression {
    fn of_tensor(tensor: usize, width: usize) -> Self {
        Self { terms: BTreeMap::from([(tensor, Map::Uniform(1.0))]), bias: vec![0.0; width] }
    }

    fn has_matrix(&self) -> bool {
        self.terms.values().any(|map| matches!(map, Map::Dense { .. }))
    }

    fn is_tensor(&self) -> Option<usize> {
        let (&tensor, map) = self.terms.first_key_value()?;
        let is_identity = self.terms.len() == 1 && matches!(map, Map::Uniform(factor) if *factor == 1.0);
        (is_identity && self.bias.iter().all(|bias| *bias == 0.0)).then_some(tensor)
    }

    fn scale(mut self, factor: &[f64], offset: &[f64]) -> Self {
        for map in self.terms.values_mut() {
            map.scale_rows(factor);
        }
        for ((bias, factor), offset) in self.bias.iter_mut().zip(factor).zip(offset) {
            *bias = *bias * factor + offset;
        }
        self
    }

    fn add(mut self, other: Self) -> Self {
        for (tensor, map) in other.terms {
            let sum = match self.terms.remove(&tensor) {
                None => map,
                Some(known) => known.add(map),
            };
            self.terms.insert(tensor, sum);
        }
        for (bias, other) in self.bias.iter_mut().zip(&other.bias) {
            *bias += other;
        }
        self
    }

    fn multiply(self, matrix: &Matrix, bias: &[f64]) -> Self {
        let terms = self.terms.into_iter().map(|(tensor, map)| (tensor, map.multiply(matrix)));
        let terms = terms.collect();
        let row = |(index, bias): (usize, &f64)| {
            let products = matrix.row(index).iter().zip(&self.bias).map(|(weight, bias)| weight * bias);
            products.fold(*bias, |sum, product| sum + product)
        };
        Self { terms, bias: bias.iter().enumerate().map(row).collect() }
    }
}

impl Map {
    fn scale_rows(&mut self, factor: &[f64]) {
        match self {
            Self::Uniform(own) => *self = diagonal(factor.iter().map(|factor| factor * *own).collect()),
            Self::Diagonal(own) => {
                *self = diagonal(own.iter().zip(factor).map(|(own, factor)| own * factor).collect());
            }
            Self::Dense { columns, entries } => {
                for (row, factor) in entries.chunks_mut((*columns).max(1)).zip(factor) {
                    row.iter_mut().for_each(|entry| *entry *= factor);
                }
            }
        }
    }

    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Uniform(left), Self::Uniform(right)) => Self::Uniform(left + right),
            (Self::Uniform(factor), Self::Diagonal(own)) | (Self::Diagonal(own), Self::Uniform(factor)) => {
                diagonal(own.iter().map(|own| own + factor).collect())
            }
            (Self::Diagonal(left), Self::Diagonal(right)) => {
                diagonal(left.iter().zip(&right).map(|(left, right)| left + right).collect())
            }
            (Self::Dense { columns, mut entries }, other) | (other, Self::Dense { columns, mut entries }) => {
                match other {
                    Self::Uniform(factor) => {
                        entries.iter_mut().step_by(columns + 1).for_each(|entry| *entry += factor);
                    }
                    Self::Diagonal(own) => {
                        entries
                            .iter_mut()
                            .step_by(columns + 1)
                            .zip(&own)
                            .for_each(|(entry, own)| *entry += own);
                    }
                    Self::Dense { entries: other, .. } => {
                        entries.iter_mut().zip(&other).for_each(|(entry, other)| *entry += other);
                    }
                }
                Self::Dense { columns, entries }
            }
        }
    }

    fn multiply(self, matrix: &Matrix) -> Self {
        match self {
            Self::Uniform(factor) => {
                let entries = matrix.entries.iter().map(|weight| weight * factor).collect();
                Self::Dense { columns: matrix.columns, entries }
            }
            Self::Diagonal(own) => {
                let entries = matrix.entries.iter().zip(own.iter().cycle()).map(|(weight, own)| weight * own);
                Self::Dense { columns: matrix.columns, entries: entries.collect() }
            }
            Self::Dense { columns, entries: own } => {
                let mut entries = vec![0.0; matrix.rows * columns];
                for (index, sums) in entries.chunks_mut(columns.max(1)).enumerate() {
                    for (weight, row) in matrix.row(index).iter().zip(own.chunks(columns.max(1))) {
                        sums.iter_mut().zip(row).for_each(|(sum, own)| *sum += weight * own);
                    }
                }
                Self::Dense { columns, entries }
            }
        }
    }

    /// Number of weights in a stage of this width.
    fn parameters(&self, width: usize, scalable: bool) -> u64 {
        match self {
            Self::Uniform(_) if scalable => 0,
            Self::Uniform(_) | Self::Diagonal(_) => (width as u64).saturating_mul(width as u64),
            Self::Dense { entries, .. } => entries.len() as u64,
        }
    }

    /// The weights of a stage of this width: a factor where `scalable`, else a matrix.
    fn into_weights(self, width: usize, scalable: bool) -> Weights {
        let own = match self {
            Self::Uniform(factor) if scalable => return Weights::Scaled(factor),
            Self::Uniform(factor) => vec![factor; width],
            Self::Diagonal(own) => own,
            Self::Dense { columns, entries } => return Weights::Dense { columns, entries },
        };
        let mut entries = vec![0.0; width * width];
        entries.iter_mut().step_by(width + 1).zip(&own).for_each(|(entry, own)| *entry = *own);
        Weights::Dense { columns: width, entries }
    }

    fn is_finite(&self) -> bool {
        match self {
            Self::Uniform(factor) => factor.is_finite(),
            Self::Diagonal(entries) | Self::Dense { entries, .. } => {
                entries.iter().all(|entry| entry.is_finite())
            }
        }
    }
}

/// A diagonal, or one factor where all are equal.
fn diagonal(own: Vec<f64>) -> Map {
    match own.first() {
        Some(&first) if own.iter().all(|factor| *factor == first) => Map::Uniform(first),
        _ => Map::Diagonal(own),
    }
}

struct Folder<'n> {
    network: &'n Network,
    /// Whether all entries of the input have one scale, so that a factor can multiply them.
    input_is_uniform: bool,
    /// Number of nodes that read each value (the output counts).
    readers: Vec<usize>,
    /// `None` for a value with a matrix that its only reader took.
    expressions: Vec<Option<Expression>>,
    stages: Vec<Stage>,
    /// Entries of all matrices of stages.
    parameters: u64,
}

/// The stages of a float model, in order; the last one makes the output.
pub(crate) fn fold(network: &Network, input_is_uniform: bool) -> Result<Vec<Stage>, Box<Obstacle>> {
    let mut readers = vec![0; network.nodes.len() + 1];
    for node in &network.nodes {
        match node.operation.sources() {
            [Some(left), Some(right)] if left == right => readers[left] += 1,
            sources => sources.into_iter().flatten().for_each(|source| readers[source] += 1),
        }
    }
    readers[network.output_value] += 1;
    let input = Expression::of_tensor(0, network.input_width);
    let mut folder = Folder {
        network,
        input_is_uniform,
        readers,
        expressions: vec![Some(input)],
        stages: Vec::new(),
        parameters: 0,
    };
    for index in 0..network.nodes.len() {
        folder.node(index)?;
    }
    folder.finish()
}

impl Folder<'_> {
    fn node(&mut self, index: usize) -> Result<(), Box<Obstacle>> {
        let node = &self.network.nodes[index];
        let value = index + 1;
        let expression = match &node.operation {
            Operation::Linear { source, matrix, bias } => {
                let own = self.take(*source);
                let own = if grows(&own, matrix) { self.materialise(*source, own)? } else { own };
                own.multiply(matrix, bias)
            }
            Operation::Scale { source, factor, offset } => self.take(*source).scale(factor, offset),
            Operation::Sum { left, right, sign } if left == right => {
                let factor = vec![1.0 + sign; node.width];
                self.take(*left).scale(&factor, &vec![0.0; node.width])
            }
            Operation::Sum { left, right, sign } => {
                let (mut first, mut second) = (self.take(*left), self.take(*right));
                if first.terms.len() + second.terms.len() > limits::TERMS {
                    first = self.materialise(*left, first)?;
                    second = self.materialise(*right, second)?;
                }
                first.add(second.scale(&vec![*sign; node.width], &vec![0.0; node.width]))
            }
            Operation::Relu { source } => {
                let own = self.take(*source);
                match own.is_tensor() {
                    Some(tensor) if tensor > 0 && self.stages[tensor - 1].relu => own,
                    _ => self.stage(value, own, true)?,
                }
            }
        };
        let expression = if self.readers[value] > 1 && expression.has_matrix() {
            self.materialise(value, expression)?
        } else {
            expression
        };
        self.expressions.push(Some(expression));
        Ok(())
    }

    /// The expression of a value. One with a matrix has one reader and is moved out; nobody asks for it again.
    fn take(&mut self, value: usize) -> Expression {
        let slot = &mut self.expressions[value];
        match slot {
            Some(expression) if !expression.has_matrix() => expression.clone(),
            slot => slot.take().unwrap_or_else(|| Expression::of_tensor(0, 0)),
        }
    }

    /// Makes the value a tensor of its own, unless it is one.
    fn materialise(&mut self, value: usize, expression: Expression) -> Result<Expression, Box<Obstacle>> {
        if expression.is_tensor().is_some() { Ok(expression) } else { self.stage(value, expression, false) }
    }

    fn stage(
        &mut self,
        value: usize,
        expression: Expression,
        relu: bool,
    ) -> Result<Expression, Box<Obstacle>> {
        let (name, operator) = match value.checked_sub(1).map(|index| &self.network.nodes[index]) {
            Some(node) => (node.name.clone(), node.operator.clone()),
            None => (self.network.input.clone(), "graph input".into()),
        };
        let refused = |cause| Box::new(Obstacle { node: name.clone(), operator: operator.clone(), cause });
        let width = expression.bias.len();
        let mut terms = Vec::with_capacity(expression.terms.len());
        for (tensor, map) in expression.terms {
            if !map.is_finite() || expression.bias.iter().any(|bias| !bias.is_finite()) {
                return Err(refused(Cause::Overflow));
            }
            let scalable = tensor > 0 || self.input_is_uniform;
            self.parameters = self.parameters.saturating_add(map.parameters(width, scalable));
            if self.parameters > limits::PARAMETERS {
                return Err(refused(Cause::Elements { tensor: name.clone(), limit: limits::PARAMETERS }));
            }
            terms.push((tensor, map.into_weights(width, scalable)));
        }
        if self.stages.len() == limits::OPERATORS {
            let got = self.stages.len() + 1;
            return Err(refused(Cause::OperatorCount { got, limit: limits::OPERATORS }));
        }
        self.stages.push(Stage { name, operator, width, terms, bias: expression.bias, relu, value });
        Ok(Expression::of_tensor(self.stages.len(), width))
    }

    fn finish(mut self) -> Result<Vec<Stage>, Box<Obstacle>> {
        let output = self.network.output_value;
        let expression = self.take(output);
        let is_stage = expression.is_tensor().is_some_and(|tensor| tensor > 0 && tensor == self.stages.len());
        if !is_stage {
            self.stage(output, expression, false)?;
        }
        Ok(self.stages)
    }
}

/// Whether multiplying the matrix into the expression makes more entries than keeping both apart.
fn grows(expression: &Expression, matrix: &Matrix) -> bool {
    let mut apart = (matrix.rows * matrix.columns) as u64;
    let mut folded = 0;
    for map in expression.terms.values() {
        match map {
            Map::Dense { columns, entries } => {
                apart += entries.len() as u64;
                folded += (matrix.rows * columns) as u64;
            }
            _ => folded += (matrix.rows * matrix.columns) as u64,
        }
    }
    expression.has_matrix() && folded > apart
}
