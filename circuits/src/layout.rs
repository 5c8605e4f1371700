//! Where every tensor lies in the committed objects: a function of class, batch and revealed tensor alone.

use crate::work;
use candor_program::class::{Class, OperatorClass, TensorId, TermClass};

/// Columns of the witness.
pub const COLUMNS: usize = 8;
/// Log2 of [`COLUMNS`].
pub const COLUMNS_LOG2: usize = 3;
/// Log2 of the limb table.
pub const LIMB_LOG2: usize = 8;
/// Size of the limb table.
pub const LIMBS: usize = 1 << LIMB_LOG2;
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
    /// A term reads a tensor that does not precede it, or the program has no operator.
    #[error("operator {operator} reads tensor {tensor}, which does not precede it")]
    Wiring {
        /// Operator number.
        operator: usize,
        /// Tensor number.
        tensor: u16,
    },
    /// A scaled term's source has another padded length than its output.
    #[error("operator {operator}: the source of a scaled term has another padded length")]
    ScaledLength {
        /// Operator number.
        operator: usize,
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

/// A dense term: matrix of 2^(output + input) weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    /// Operator number.
    pub operator: usize,
    /// Term number in the operator.
    pub term: usize,
    /// Source tensor.
    pub source: TensorId,
    /// Log2 of the padded input length.
    pub input_log2: usize,
    /// Place in the weights object.
    pub weights: Place,
}

/// A scaled term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    /// Operator number.
    pub operator: usize,
    /// Term number in the operator.
    pub term: usize,
    /// Source tensor.
    pub source: TensorId,
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
    /// Place of each operator's output among the positions of one decision.
    pub outputs: Vec<Place>,
    /// Dense terms in program order.
    pub dense: Vec<Dense>,
    /// Scaled terms in program order.
    pub scaled: Vec<Scaled>,
    /// Variables of the positions of one decision.
    pub decision_vars: usize,
    /// Variables of the weights.
    pub weight_vars: usize,
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
        let (mut dense, mut scaled, mut matrices) = (Vec::new(), Vec::new(), Vec::new());
        for (operator, OperatorClass::Affine { output_log2, terms }) in class.operators.iter().enumerate() {
            for (term, shape) in terms.iter().enumerate() {
                let source = shape.source();
                let log2 = class.tensor_log2(source).filter(|_| usize::from(source.0) <= operator);
                let Some(input_log2) = log2 else {
                    return Err(LayoutError::Wiring { operator, tensor: source.0 });
                };
                match shape {
                    TermClass::Dense { .. } => {
                        let place = Place { offset: 0, vars: 0 };
                        matrices.push(usize::from(*output_log2) + usize::from(input_log2));
                        let input_log2 = usize::from(input_log2);
                        dense.push(Dense { operator, term, source, input_log2, weights: place });
                    }
                    TermClass::Scaled { .. } if input_log2 == *output_log2 => {
                        scaled.push(Scaled { operator, term, source });
                    }
                    TermClass::Scaled { .. } => return Err(LayoutError::ScaledLength { operator }),
                }
            }
        }
        let (places, weight_vars) = pack(&matrices)?;
        for (term, place) in dense.iter_mut().zip(places) {
            term.weights = place;
        }
        let sizes: Vec<usize> = class.operators.iter().map(|o| usize::from(o.output_log2())).collect();
        let (outputs, decision_vars) = pack(&sizes)?;
        // every instance of the batched sumcheck has at most as many variables as there are rounds: the limb table, and
        // the products of the dense terms; whatever the batch, since the bias has this layout too
        let widest_input = dense.iter().map(|term: &Dense| term.input_log2).max().unwrap_or(0);
        let rounds = widest_input.max(LIMB_LOG2);
        let decision_vars = decision_vars.max(rounds - COLUMNS_LOG2);
        let layout = Self {
            batch_log2: usize::from(batch_log2),
            row_log2: usize::from(class.row_log2),
            input_log2: usize::from(class.input_log2),
            outputs,
            dense,
            scaled,
            decision_vars,
            weight_vars,
            revealed,
        };
        let vars = layout.vars().max(layout.input_log2);
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
    /// Variables of a cell: rounds of the batched sumcheck.
    #[must_use]
    pub fn vars(&self) -> usize {
        self.position_vars() + COLUMNS_LOG2
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
    /// The place of an operator's output among the positions of one decision; `None` for the input.
    #[must_use]
    pub fn place(&self, tensor: TensorId) -> Option<Place> {
        self.outputs.get(usize::from(tensor.0).checked_sub(1)?).copied()
    }
    /// The place of the revealed tensor.
    #[must_use]
    pub fn revealed_place(&self) -> Place {
        self.place(self.revealed).unwrap_or(Place { offset: 0, vars: 0 })
    }
    /// Variables of the prefix of an operator's place.
    #[must_use]
    pub fn prefix_vars(&self, place: Place) -> usize {
        self.decision_vars - place.vars
    }
}
