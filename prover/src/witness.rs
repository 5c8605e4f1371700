//! Witness columns of a batch of executions.

use candor_circuits::layout::{COLUMNS, LIMBS, Layout};
use candor_program::card::{Card, Weights};
use candor_program::operator::rescale::Row;
use candor_program::operator::{Operator, Rescale};

/// Why a witness cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// An excess is out of range: the program was not checked by interval analysis.
    #[error(
        "operator {operator}, value {index}: accumulator {accumulator} saturates beyond the excess limit"
    )]
    Excess {
        /// Operator number.
        operator: usize,
        /// Output index.
        index: usize,
        /// The accumulator.
        accumulator: i64,
    },
}

/// Everything a prover derives from the features of a batch.
pub struct Witness {
    /// Bytes of all cells. Shapes: 2^vars.
    pub cells: Vec<u8>,
    /// Tensors of every decision of the padded batch: input, then outputs; exact widths.
    pub tensors: Vec<Vec<Vec<i32>>>,
}

impl Witness {
    /// Executes a batch and lays out its rows. Shapes: `features` has one entry a decision, at most a batch, completed by repeating the last.
    ///
    /// Errors: the model does not run, or a saturation is out of range.
    pub fn new(
        card: &Card,
        weights: &Weights,
        layout: &Layout,
        features: &[Vec<u16>],
    ) -> Result<Self, WitnessError> {
        let positions = 1 << layout.position_vars();
        let mut cells = vec![0; COLUMNS * positions];
        // positions of no operator hold the row of acc = 0 with low = 0: the remainder is 2^15
        cells[3 * positions..4 * positions].fill(128);
        let mut tensors: Vec<Vec<Vec<i32>>> = Vec::with_capacity(layout.batch());
        for decision in 0..layout.batch() {
            let mut writer = Writer { layout, decision, positions, cells: &mut cells };
            if decision < features.len() {
                let mut values = vec![features[decision].iter().map(|x| i32::from(*x)).collect::<Vec<_>>()];
                for (number, (operator, weights)) in card.operators.iter().zip(&weights.operators).enumerate()
                {
                    let Operator::Affine(affine) = operator;
                    let accumulators = affine.accumulate(weights, &values);
                    values.push(writer.operator(&affine.rescale, number, &accumulators)?);
                }
                tensors.push(values);
            } else {
                writer.repeat(features.len() - 1);
                let last = tensors[features.len() - 1].clone();
                tensors.push(last);
            }
        }
        Ok(Self { cells, tensors })
    }

    /// How often each limb occurs.
    #[must_use]
    pub fn multiplicities(&self) -> Vec<u64> {
        let mut counts = vec![0; LIMBS];
        for cell in &self.cells {
            counts[usize::from(*cell)] += 1;
        }
        counts
    }
}

struct Writer<'a> {
    layout: &'a Layout,
    decision: usize,
    positions: usize,
    cells: &'a mut [u8],
}

impl Writer<'_> {
    fn start(&self, operator: usize, decision: usize) -> (usize, usize) {
        let place = self.layout.outputs[operator];
        ((place.offset << self.layout.batch_log2) + (decision << place.vars), 1 << place.vars)
    }

    /// Writes the rows of an operator; gives its output.
    fn operator(
        &mut self,
        rescale: &Rescale,
        operator: usize,
        accumulators: &[i64],
    ) -> Result<Vec<i32>, WitnessError> {
        let (start, length) = self.start(operator, self.decision);
        let mut output = Vec::with_capacity(accumulators.len());
        for index in 0..length {
            let accumulator = accumulators.get(index).copied().unwrap_or(0);
            let row =
                rescale.row(accumulator).ok_or(WitnessError::Excess { operator, index, accumulator })?;
            for (column, byte) in bytes(&row).into_iter().enumerate() {
                self.cells[column * self.positions + start + index] = byte;
            }
            if index < accumulators.len() {
                output.push(rescale.output(&row));
            }
        }
        Ok(output)
    }

    fn repeat(&mut self, from: usize) {
        for operator in 0..self.layout.outputs.len() {
            let ((source, length), (target, _)) =
                (self.start(operator, from), self.start(operator, self.decision));
            for column in 0..COLUMNS {
                let base = column * self.positions;
                self.cells.copy_within(base + source..base + source + length, base + target);
            }
        }
    }
}

/// The columns of a row.
#[must_use]
pub fn bytes(row: &Row) -> [u8; COLUMNS] {
    let [y0, y1] = row.above_low.to_le_bytes();
    let [r0, r1] = row.remainder.to_le_bytes();
    let [e0, e1, e2, _] = row.excess.to_le_bytes();
    [y0, y1, r0, r1, e0, e1, e2, u8::from(row.upward)]
}
