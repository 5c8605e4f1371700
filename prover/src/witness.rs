//! Witness of a batch of executions: columns of affine operators, looked-up values of lookups.

use candor_circuits::claim::Object;
use candor_circuits::layout::{COLUMNS, LIMBS, Layout, Place};
use candor_program::Program;
use candor_program::evaluate::Evaluator;
use candor_program::operator::rescale::Row;
use candor_program::operator::{Operator, Rescale};
use candor_program::view::{padded, padded_index};

/// Why a witness cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// An excess is out of range: the program was not checked by interval analysis.
    #[error("operator {operator}, value {index}: the accumulator saturates beyond the excess limit")]
    Excess {
        /// Operator number.
        operator: usize,
        /// Output index.
        index: usize,
    },
}

/// Everything a prover derives from the features of a batch.
pub struct Witness {
    /// Bytes of all cells. Shapes: 2^vars.
    pub cells: Vec<u8>,
    /// Looked-up values above their low. Shapes: 2^map_vars with tables, else nothing.
    pub mapped: Vec<u16>,
    /// Tensors of every decision of the padded batch: input, then outputs; exact widths, row-major.
    pub tensors: Vec<Vec<Vec<i32>>>,
    /// Padded index of every value of every tensor; `None` where it is the value's own.
    pub(crate) places: Vec<Option<Vec<usize>>>,
}

impl Witness {
    /// Executes a batch and lays out its rows. Shapes: `features` has one entry a decision, at most a batch, completed by repeating the last.
    ///
    /// Owes: [`Program::validate`]. Errors: a saturation is out of range.
    pub fn new(program: &Program, layout: &Layout, features: &[Vec<u16>]) -> Result<Self, WitnessError> {
        let (card, evaluator) = (&program.card, Evaluator::new(program));
        let positions = 1 << layout.position_vars();
        let mut cells = vec![0; COLUMNS * positions];
        // positions of no operator hold the row of acc = 0 with low = 0: the remainder is 2^15
        cells[3 * positions..4 * positions].fill(128);
        let mapped = if layout.tables > 0 { vec![0; 1 << layout.map_vars()] } else { Vec::new() };
        let mut writer = Writer { program, layout, positions, cells, mapped };
        let mut tensors: Vec<Vec<Vec<i32>>> = Vec::with_capacity(layout.batch());
        for decision in 0..layout.batch() {
            if decision < features.len() {
                let mut values = vec![features[decision].iter().map(|x| i32::from(*x)).collect::<Vec<_>>()];
                for (number, operator) in card.operators.iter().enumerate() {
                    let output = match (operator, evaluator.rows(number, &values)) {
                        (Operator::Affine(affine), Some(rows)) => {
                            writer.affine(&affine.rescale, (number, decision), &rows)?
                        }
                        _ => {
                            let output = evaluator.looked_up(number, &values);
                            writer.lookup((number, decision), &output);
                            output
                        }
                    };
                    values.push(output);
                }
                tensors.push(values);
            } else {
                writer.repeat(features.len() - 1, decision);
                let last = tensors[features.len() - 1].clone();
                tensors.push(last);
            }
        }
        let Writer { cells, mapped, .. } = writer;
        let places = (0..layout.axes.len()).map(|tensor| places(program, layout, tensor)).collect();
        Ok(Self { cells, mapped, tensors, places })
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

    /// Both bytes of what is looked up at every mapped position, 0 where nothing is. Shapes: a half each, low bytes first.
    #[must_use]
    pub fn looked_at(&self, layout: &Layout) -> Vec<u8> {
        let (positions, mapped) = (self.cells.len() / COLUMNS, self.mapped.len());
        let mut bytes = vec![0; 2 * mapped];
        for map in &layout.maps {
            let Some(source) = layout.output(map.source) else { continue };
            let (start, count) =
                (source.place.offset << layout.batch_log2, 1 << (layout.batch_log2 + map.place.vars));
            for half in 0..2 {
                let (from, to) =
                    (half * positions + start, half * mapped + (map.place.offset << layout.batch_log2));
                bytes[to..to + count].copy_from_slice(&self.cells[from..from + count]);
            }
        }
        bytes
    }
}

fn places(program: &Program, layout: &Layout, tensor: usize) -> Option<Vec<usize>> {
    let extents = program.card.extents(candor_program::class::TensorId(tensor as u16)).unwrap_or_default();
    let size: usize = extents.iter().map(|extent| *extent as usize).product();
    let log2 = layout.axes.get(tensor).map_or(&[][..], Vec::as_slice);
    let places: Vec<usize> = (0..size).map(|index| padded_index(index, &extents, log2)).collect();
    let in_order = places.iter().enumerate().all(|(index, place)| index == *place);
    (!in_order).then_some(places)
}

struct Writer<'a> {
    program: &'a Program,
    layout: &'a Layout,
    positions: usize,
    cells: Vec<u8>,
    mapped: Vec<u16>,
}

impl Writer<'_> {
    fn start(&self, place: Place, decision: usize) -> (usize, usize) {
        ((place.offset << self.layout.batch_log2) + (decision << place.vars), 1 << place.vars)
    }

    /// Values of an output laid out with padding.
    fn padded<T: Clone>(&self, operator: usize, values: &[T], fill: &T) -> Vec<T> {
        let tensor = candor_program::class::TensorId(operator as u16 + 1);
        let extents = self.program.card.extents(tensor).unwrap_or_default();
        padded(values, &extents, &self.layout.axes[operator + 1], fill)
    }

    /// Writes the rows of an affine operator; gives its output.
    fn affine(
        &mut self,
        rescale: &Rescale,
        (operator, decision): (usize, usize),
        rows: &[Option<Row>],
    ) -> Result<Vec<i32>, WitnessError> {
        let (start, _) = self.start(self.layout.outputs[operator].place, decision);
        let mut output = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let row = row.ok_or(WitnessError::Excess { operator, index })?;
            output.push(rescale.output(&row));
        }
        let nothing = rescale.row(0);
        for (index, row) in self.padded(operator, rows, &nothing).into_iter().enumerate() {
            let row = row.ok_or(WitnessError::Excess { operator, index })?;
            for (column, byte) in bytes(&row).into_iter().enumerate() {
                self.cells[column * self.positions + start + index] = byte;
            }
        }
        Ok(output)
    }

    /// Writes the output of a lookup.
    fn lookup(&mut self, (operator, decision): (usize, usize), output: &[i32]) {
        let low = self.program.card.operators.get(operator).map_or(0, Operator::low);
        let above = |value: &i32| value.wrapping_sub(low) as u16;
        let above: Vec<u16> = output.iter().map(above).collect();
        // the real value 0
        let padded = self.padded(operator, &above, &(low.wrapping_neg() as u16));
        let (start, length) = self.start(self.layout.outputs[operator].place, decision);
        self.mapped[start..start + length].copy_from_slice(&padded);
    }

    fn repeat(&mut self, from: usize, to: usize) {
        for output in &self.layout.outputs {
            let ((source, length), (target, _)) =
                (self.start(output.place, from), self.start(output.place, to));
            if output.object == Object::Mapped {
                self.mapped.copy_within(source..source + length, target);
                continue;
            }
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
