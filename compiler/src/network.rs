//! The float model: what the ONNX graph computes for one observation, as linear maps, scalings, sums and ReLU.

use std::rc::Rc;

/// A float model of one input row and one output row.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// Name of the graph's input.
    pub(crate) input: String,
    pub(crate) input_width: usize,
    /// In execution order; node `i` makes value `i + 1`, value 0 is the input.
    pub(crate) nodes: Vec<FloatNode>,
    /// Name of the graph's output.
    pub(crate) output: String,
    /// The value that the action head reads.
    pub(crate) output_value: usize,
    /// An operator after that value which does not change the largest entry.
    pub(crate) tail: Option<String>,
    /// Names of nodes that the output does not need.
    pub(crate) unused_nodes: Vec<String>,
}

/// One step of a float model.
#[derive(Clone, Debug)]
pub(crate) struct FloatNode {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) operation: Operation,
    pub(crate) width: usize,
}

/// What a step computes from earlier values.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// `matrix * x + bias`
    Linear { source: usize, matrix: Matrix, bias: Vec<f64> },
    /// `factor * x + offset`, entry by entry
    Scale { source: usize, factor: Vec<f64>, offset: Vec<f64> },
    /// `left + sign * right`
    Sum { left: usize, right: usize, sign: f64 },
    /// `max(x, 0)`
    Relu { source: usize },
}

impl Operation {
    /// The values that are read.
    pub(crate) fn sources(&self) -> [Option<usize>; 2] {
        match *self {
            Self::Linear { source, .. } | Self::Scale { source, .. } | Self::Relu { source } => {
                [Some(source), None]
            }
            Self::Sum { left, right, .. } => [Some(left), Some(right)],
        }
    }
}

/// A dense matrix, row-major `[output][input]`.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) entries: Rc<[f64]>,
}

impl Matrix {
    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.entries[index * self.columns..(index + 1) * self.columns]
    }
}

impl Network {
    /// Width of a value.
    pub(crate) fn width(&self, value: usize) -> usize {
        if value == 0 { self.input_width } else { self.nodes[value - 1].width }
    }

    /// Multiplications and copies of one evaluation.
    pub(crate) fn work(&self) -> u64 {
        let node = |node: &FloatNode| match &node.operation {
            Operation::Linear { matrix, .. } => matrix.entries.len() as u64,
            _ => node.width as u64,
        };
        self.nodes.iter().map(node).sum()
    }

    /// All values for one input, in double precision and in one order of summation.
    ///
    /// Shapes: `input` has `input_width` entries.
    pub(crate) fn evaluate(&self, input: &[f64]) -> Vec<Vec<f64>> {
        let mut values = Vec::with_capacity(self.nodes.len() + 1);
        values.push(input.to_vec());
        for node in &self.nodes {
            let value = match &node.operation {
                Operation::Linear { source, matrix, bias } => linear(matrix, bias, &values[*source]),
                Operation::Scale { source, factor, offset } => {
                    let entries = values[*source].iter().zip(factor).zip(offset);
                    entries.map(|((x, factor), offset)| x * factor + offset).collect()
                }
                Operation::Sum { left, right, sign } => values[*left]
                    .iter()
                    .zip(&values[*right])
                    .map(|(left, right)| left + sign * right)
                    .collect(),
                Operation::Relu { source } => {
                    values[*source].iter().map(|&x| if x > 0.0 { x } else { 0.0 }).collect()
                }
            };
            values.push(value);
        }
        values
    }
}

fn linear(matrix: &Matrix, bias: &[f64], x: &[f64]) -> Vec<f64> {
    let row = |(index, bias): (usize, &f64)| {
        let mut sum = *bias;
        for (weight, x) in matrix.row(index).iter().zip(x) {
            sum += weight * x;
        }
        sum
    };
    bias.iter().enumerate().map(row).collect()
}

/// Index of the largest entry, the lowest on a tie; 0 for an empty slice.
pub(crate) fn arg_max(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
