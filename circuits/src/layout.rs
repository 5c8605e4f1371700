//! Where every tensor lies in the committed objects: a function of class, batch and revealed tensor alone.

mod term;

pub use term::{Contraction, Left, Linear};

use crate::claim::Object;
use crate::work;
use candor_program::class::{Class, Input, OperatorClass, TensorId};
use candor_program::limits;
use candor_program::view::padded_index;
use term::Terms;

/// Columns of the witness.
pub const COLUMNS: usize = 8;
/// Log2 of [`COLUMNS`].
pub const COLUMNS_LOG2: usize = 3;
/// Log2 of the limb table.
pub const LIMB_LOG2: usize = 8;
/// Size of the limb table.
pub const LIMBS: usize = 1 << LIMB_LOG2;
/// Log2 of a table's length.
pub const TABLE_LOG2: usize = 16;
/// Log2 of the values of one of the two bytes by which a table's entry is found.
pub const TABLE_HALF_LOG2: usize = TABLE_LOG2 / 2;
/// Most variables of a committed object: 2^28 cells.
pub const MAX_VARS: usize = 28;

/// Why a class has no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// An object would have too many variables.
    #[error("2^{vars} committed values exceed the limit of 2^{MAX_VARS}")]
    TooLarge {
        /// Log2 of the size.
        vars: usize,
    },
    /// Verifying would take too long, whatever the proof.
    #[error(
        "verifying would take about {got} multiplications, at most {limit} are allowed: a smaller batch or model takes fewer"
    )]
    Work {
        /// Limit.
        limit: u64,
        /// Estimated.
        got: u64,
    },
    /// Rows are too short or too long.
    #[error("rows of 2^{row_log2} are outside 2^9 to 2^14")]
    RowLength {
        /// Log2 of the row length.
        row_log2: u8,
    },
    /// A term or lookup reads a tensor that does not precede it, or that it cannot read.
    #[error("operator {operator} reads tensor {tensor}, which does not precede it or cannot be read")]
    Wiring {
        /// Operator number.
        operator: usize,
        /// Tensor number.
        tensor: u16,
    },
    /// A term's views do not fit its labels or its sources.
    #[error("operator {operator}, term {term}: a view does not fit its labels or its source")]
    View {
        /// Operator number.
        operator: usize,
        /// Term number in the operator.
        term: usize,
    },
    /// A table has no lookup, or a lookup a table that the class has not.
    #[error("operator {operator} looks up table {table} of {tables}, or table {table} has no lookup")]
    Table {
        /// Operator number; the number of operators where a table has no lookup.
        operator: usize,
        /// Table number.
        table: u8,
        /// Tables of the class.
        tables: u8,
    },
    /// The revealed tensor is not an operator's output.
    #[error("tensor {tensor} is not an operator's output")]
    Revealed {
        /// Tensor number.
        tensor: u16,
    },
}

/// An aligned sub-cube of an object: prefix bits, then the tensor's own variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First index, a multiple of the size.
    pub offset: usize,
    /// Log2 of the size.
    pub vars: usize,
}

/// Where an operator's output lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// [`Object::Witness`] of an affine operator, [`Object::Mapped`] of a lookup.
    pub object: Object,
    /// Among the positions of one decision.
    pub place: Place,
}

/// A lookup operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Operator number.
    pub operator: usize,
    /// Output of an affine operator.
    pub source: TensorId,
    /// Table.
    pub table: usize,
    /// Place among the mapped positions of one decision.
    pub place: Place,
}

/// Layout of one proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Log2 of the number of decisions.
    pub batch_log2: usize,
    /// Log2 of a row's length.
    pub row_log2: usize,
    /// Log2 of the padded input length.
    pub input_log2: usize,
    /// Padded index of every feature; `None` of an input of one axis, where it is the feature's own.
    pub input_places: Option<Vec<usize>>,
    /// Log2 of the padded extents of every tensor's axes.
    pub axes: Vec<Vec<u8>>,
    /// Place of each operator's output.
    pub outputs: Vec<Output>,
    /// Linear terms in program order.
    pub linear: Vec<Linear>,
    /// Weighted terms and products in program order.
    pub contractions: Vec<Contraction>,
    /// Lookups in program order.
    pub maps: Vec<Map>,
    /// Number of tables.
    pub tables: usize,
    /// Variables of the positions of one decision.
    pub decision_vars: usize,
    /// Variables of the mapped positions of one decision.
    pub mapped_vars: usize,
    /// Variables of the weights.
    pub weight_vars: usize,
    /// Rounds of the batched sumcheck.
    pub rounds: usize,
    /// The tensor whose values the statement names.
    pub revealed: TensorId,
}

/// Places 2^vars blocks, largest first (ties: in order), at consecutive offsets; returns places and log2 of the total.
fn pack(vars: &[usize]) -> Result<(Vec<Place>, usize), LayoutError> {
    let mut order: Vec<usize> = (0..vars.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(vars[i]));
    let mut places = vec![Place { offset: 0, vars: 0 }; vars.len()];
    let mut offset = 0usize;
    for i in order {
        if vars[i] > MAX_VARS {
            return Err(LayoutError::TooLarge { vars: vars[i] });
        }
        places[i] = Place { offset, vars: vars[i] };
        offset += 1 << vars[i];
        if offset > 1 << MAX_VARS {
            return Err(LayoutError::TooLarge { vars: MAX_VARS + 1 });
        }
    }
    Ok((places, offset.next_power_of_two().trailing_zeros() as usize))
}

impl Layout {
    /// Lays out a class for a batch of 2^batch_log2 decisions.
    ///
    /// Errors: sizes beyond the limits, or a class whose wiring is broken.
    pub fn new(class: &Class, batch_log2: u8, revealed: TensorId) -> Result<Self, LayoutError> {
        if !(9..=14).contains(&class.row_log2) {
            return Err(LayoutError::RowLength { row_log2: class.row_log2 });
        }
        if revealed.0 == 0 || usize::from(revealed.0) > class.operators.len() {
            return Err(LayoutError::Revealed { tensor: revealed.0 });
        }
        let axes = axes(class)?;
        let log2 = |tensor: usize| axes.get(tensor).map_or(0, |axes| sum(axes));
        let (affine, lookups): (Vec<usize>, Vec<usize>) = (0..class.operators.len())
            .partition(|i| matches!(class.operators.get(*i), Some(OperatorClass::Affine { .. })));
        let places = |operators: &[usize]| pack(&operators.iter().map(|i| log2(i + 1)).collect::<Vec<_>>());
        let ((rescaled, decision_vars), (mapped, mapped_vars)) = (places(&affine)?, places(&lookups)?);
        let mut outputs = vec![
            Output { object: Object::Witness, place: Place { offset: 0, vars: 0 } };
            class.operators.len()
        ];
        for (operator, place) in affine.iter().zip(rescaled) {
            outputs[*operator].place = place;
        }
        for (operator, place) in lookups.iter().zip(mapped) {
            outputs[*operator] = Output { object: Object::Mapped, place };
        }
        let maps = maps(class, &outputs)?;
        let batch = usize::from(batch_log2);
        let Terms { linear, mut contractions } = Terms::of(class, &axes, batch)?;
        let (weights, weight_vars) =
            pack(&contractions.iter().filter_map(Contraction::weight_vars).collect::<Vec<_>>())?;
        let mut weights = weights.into_iter();
        for contraction in &mut contractions {
            contraction.set_weights(&mut weights);
        }
        let mut layout = Self {
            batch_log2: batch,
            row_log2: usize::from(class.row_log2),
            input_log2: log2(0),
            input_places: input_places(&class.input),
            axes,
            outputs,
            linear,
            contractions,
            maps,
            tables: usize::from(class.tables),
            decision_vars,
            mapped_vars,
            weight_vars,
            rounds: 0,
            revealed,
        };
        let widest = layout.contractions.iter().map(|contraction| contraction.vars).max().unwrap_or(0);
        let map = if layout.tables > 0 { layout.byte_vars().max(1 + TABLE_HALF_LOG2) } else { 0 };
        layout.rounds = layout.vars().max(LIMB_LOG2).max(widest).max(map);
        let vars = layout.rounds.max(layout.input_log2);
        if vars > MAX_VARS {
            return Err(LayoutError::TooLarge { vars });
        }
        let (limit, got) = (work::MAX_WORK, work::multiplications(&layout));
        if got > limit { Err(LayoutError::Work { limit, got }) } else { Ok(layout) }
    }

    /// Decisions in the batch.
    #[must_use]
    pub fn batch(&self) -> usize {
        1 << self.batch_log2
    }
    /// Variables of a position.
    #[must_use]
    pub fn position_vars(&self) -> usize {
        self.decision_vars + self.batch_log2
    }
    /// Variables of a cell.
    #[must_use]
    pub fn vars(&self) -> usize {
        self.position_vars() + COLUMNS_LOG2
    }
    /// Variables of a mapped position.
    #[must_use]
    pub fn map_vars(&self) -> usize {
        self.mapped_vars + self.batch_log2
    }
    /// Variables of a byte position: a half, and a mapped position.
    #[must_use]
    pub fn byte_vars(&self) -> usize {
        self.map_vars() + 1
    }
    /// Variables of the table space.
    #[must_use]
    pub fn table_vars(&self) -> usize {
        TABLE_LOG2 + self.table_id_vars()
    }
    /// Variables of a table's number.
    #[must_use]
    pub fn table_id_vars(&self) -> usize {
        self.tables.max(1).next_power_of_two().trailing_zeros() as usize
    }
    /// Number of rows of an object of `vars` variables.
    #[must_use]
    pub fn rows(&self, vars: usize) -> usize {
        1 << vars.saturating_sub(self.row_log2)
    }
    /// Rows of the witness, and of the helper.
    #[must_use]
    pub fn witness_rows(&self) -> usize {
        self.rows(self.vars())
    }
    /// Rows of the weights.
    #[must_use]
    pub fn weight_rows(&self) -> usize {
        self.rows(self.weight_vars)
    }
    /// Rows of the bias.
    #[must_use]
    pub fn bias_rows(&self) -> usize {
        self.rows(self.decision_vars)
    }
    /// Rows of the tables; none without tables.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        if self.tables > 0 { self.rows(self.table_vars()) } else { 0 }
    }
    /// Committed rows of the program: weights, bias, tables.
    #[must_use]
    pub fn program_rows(&self) -> usize {
        self.weight_rows() + self.bias_rows() + self.table_rows()
    }
    /// Features in their order (more may follow), laid out as the argument reads the input.
    #[must_use]
    pub fn place_input<T: Clone>(&self, features: &[T], fill: &T) -> Vec<T> {
        let mut input = vec![fill.clone(); 1 << self.input_log2];
        let place = |index: usize| {
            self.input_places.as_ref().map_or(Some(index), |places| places.get(index).copied())
        };
        for (index, feature) in features.iter().enumerate() {
            if let Some(target) = place(index).and_then(|place| input.get_mut(place)) {
                *target = feature.clone();
            }
        }
        input
    }
    /// Where an operator's output lies; `None` for the input.
    #[must_use]
    pub fn output(&self, tensor: TensorId) -> Option<Output> {
        self.outputs.get(usize::from(tensor.0).checked_sub(1)?).copied()
    }
    /// Where the revealed tensor lies.
    #[must_use]
    pub fn revealed_output(&self) -> Output {
        let nothing = Output { object: Object::Witness, place: Place { offset: 0, vars: 0 } };
        self.output(self.revealed).unwrap_or(nothing)
    }
    /// Number of coefficients of every operator: its linear terms and products.
    #[must_use]
    pub fn coefficients(&self) -> Vec<usize> {
        let mut counts = vec![0; self.outputs.len()];
        let products = self.contractions.iter().filter(|c| c.left_operand().is_some()).map(|c| c.operator);
        for operator in self.linear.iter().map(|term| term.operator).chain(products) {
            if let Some(count) = counts.get_mut(operator) {
                *count += 1;
            }
        }
        counts
    }
    /// Variables of the prefix of an output's place.
    #[must_use]
    pub fn prefix_vars(&self, output: Output) -> usize {
        let all = if output.object == Object::Mapped { self.mapped_vars } else { self.decision_vars };
        all - output.place.vars
    }
}

fn input_places(input: &Input) -> Option<Vec<usize>> {
    let Input::Tensor { extents } = input else { return None };
    let (size, axes) = (extents.iter().map(|extent| *extent as usize).product(), input.axes());
    Some((0..size).map(|index| padded_index(index, extents, &axes)).collect())
}

fn sum(axes: &[u8]) -> usize {
    axes.iter().map(|log2| usize::from(*log2)).sum()
}

/// Axes of every tensor. Errors: a lookup of what is no earlier affine operator's output, or a tensor that is too large.
fn axes(class: &Class) -> Result<Vec<Vec<u8>>, LayoutError> {
    let mut axes = vec![class.input.axes()];
    for (operator, shape) in class.operators.iter().enumerate() {
        let own = match shape {
            OperatorClass::Affine { axes, .. } => axes.clone(),
            OperatorClass::Lookup { source, .. } => {
                let number = usize::from(source.0).checked_sub(1);
                let affine = |number: &usize| {
                    *number < operator
                        && matches!(class.operators.get(*number), Some(OperatorClass::Affine { .. }))
                };
                let number =
                    number.filter(affine).ok_or(LayoutError::Wiring { operator, tensor: source.0 })?;
                axes.get(number + 1).cloned().unwrap_or_default()
            }
        };
        axes.push(own);
    }
    // the places of an input of several axes are listed
    let input = matches!(class.input, Input::Tensor { .. }).then(|| sum(&axes[0]));
    let listed = input.filter(|vars| 1u64 << vars.min(&32) > u64::from(limits::WIDTH));
    match listed.or(axes.iter().map(|axes| sum(axes)).max().filter(|vars| *vars > MAX_VARS)) {
        Some(vars) => Err(LayoutError::TooLarge { vars }),
        None => Ok(axes),
    }
}

/// All lookups. Errors: tables and lookups do not belong together.
fn maps(class: &Class, outputs: &[Output]) -> Result<Vec<Map>, LayoutError> {
    let tables = class.tables;
    let mut used = vec![false; usize::from(tables)];
    let mut maps = Vec::new();
    for (operator, (shape, output)) in class.operators.iter().zip(outputs).enumerate() {
        let OperatorClass::Lookup { source, table } = shape else { continue };
        match used.get_mut(usize::from(*table)) {
            Some(used) => *used = true,
            None => return Err(LayoutError::Table { operator, table: *table, tables }),
        }
        maps.push(Map { operator, source: *source, table: usize::from(*table), place: output.place });
    }
    match used.iter().position(|used| !used) {
        Some(table) => {
            Err(LayoutError::Table { operator: class.operators.len(), table: table as u8, tables })
        }
        None => Ok(maps),
    }
}
