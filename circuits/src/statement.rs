//! What a proof states: these features give these values of the revealed tensor.

use crate::channel::{Channel, Step};
use crate::factor;
use crate::layout::Layout;
use crate::proof::MAX_BATCH_LOG2;
use ark_ff::{AdditiveGroup, PrimeField};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::card::Card;
use candor_program::class::{FORMAT_VERSION, OperatorClass, TensorId, TermClass};
use candor_program::digest::ProgramIds;
use candor_program::encoding::fr_from_bytes_mod;
use candor_program::operator::Operator;
use candor_program::view;

/// Statement of one proof, as integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Log2 of the number of decisions; fewer decisions are completed by repeating the last.
    pub batch_log2: u8,
    /// Digest of everything around the model (docs/spec/disputes.md).
    pub context: Fr,
    /// The tensor whose values are named: an operator's output.
    pub revealed: TensorId,
    /// Features of every decision, exact width.
    pub features: Vec<Vec<u16>>,
    /// Values of the revealed tensor of every decision, exact width, real values.
    pub values: Vec<Vec<i32>>,
}

/// Why a statement does not fit the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// No decision, more than the batch holds, or unequal numbers of inputs and outputs.
    #[error("{features} inputs and {values} outputs do not fit a batch of 2^{batch_log2}")]
    Decisions {
        /// Inputs given.
        features: usize,
        /// Outputs given.
        values: usize,
        /// Log2 of the batch.
        batch_log2: u8,
    },
    /// A decision has another number of features than the program.
    #[error("decision {decision} has {got} features, the program {expected}")]
    Features {
        /// Decision number.
        decision: usize,
        /// Of the program.
        expected: usize,
        /// Of the statement.
        got: usize,
    },
    /// A decision has another number of values than the revealed tensor.
    #[error("decision {decision} has {got} values, the tensor {expected}")]
    Values {
        /// Decision number.
        decision: usize,
        /// Of the program.
        expected: usize,
        /// Of the statement.
        got: usize,
    },
    /// A value is outside the range of the revealed tensor.
    #[error("decision {decision}, value {index}: {got} is outside {low} to {high}")]
    Range {
        /// Decision number.
        decision: usize,
        /// Index in the tensor.
        index: usize,
        /// Lowest.
        low: i64,
        /// Highest.
        high: i64,
        /// Of the statement.
        got: i32,
    },
    /// The revealed tensor is not an operator's output.
    #[error("tensor {tensor} is not an operator's output")]
    Revealed {
        /// Tensor number.
        tensor: u16,
    },
}

/// A checked statement: one entry a decision of the padded batch, each filled up with zeros to its padded length.
#[derive(Clone, Debug)]
pub struct PublicValues<F> {
    /// Context digest.
    pub context: F,
    /// The tensor whose values these are.
    pub revealed: TensorId,
    /// Features of every decision.
    pub features: Vec<Vec<F>>,
    /// Values of the revealed tensor minus its low (zero beyond the exact width): what is absorbed.
    pub above_low: Vec<Vec<F>>,
    /// The values themselves (zero beyond the exact width): what is evaluated.
    pub values: Vec<Vec<F>>,
}

/// Data of one operator.
#[derive(Clone, Debug)]
pub struct OperatorData<F> {
    /// Multiplier of the rescale; 0 of a lookup.
    pub multiplier: F,
    /// Lowest output.
    pub low: F,
    /// Coefficients of the linear terms and products, in order; none of a lookup.
    pub coefficients: Vec<F>,
}

/// What the argument reads of a program beside its class.
#[derive(Clone, Debug)]
pub struct ProgramData<F> {
    /// Class digest mod r.
    pub class_digest: F,
    /// model_id as two 128-bit halves, high first.
    pub model_id: [F; 2],
    /// program_fr.
    pub program_fr: F,
    /// One entry an operator.
    pub operators: Vec<OperatorData<F>>,
}

impl ProgramData<Fr> {
    /// A digest as two 128-bit halves, high first.
    #[must_use]
    pub fn halves(digest: &[u8; 32]) -> [Fr; 2] {
        let (high, low) = digest.split_at(16);
        [high, low].map(Fr::from_be_bytes_mod_order)
    }

    /// Reads the data off a card.
    #[must_use]
    pub fn of(card: &Card, ids: &ProgramIds) -> Self {
        let operators = card.operators.iter().zip(&card.class.operators).map(|(operator, shape)| {
            let low = Fr::from(operator.low());
            let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) = (operator, shape) else {
                return OperatorData { multiplier: Fr::ZERO, low, coefficients: Vec::new() };
            };
            let terms = affine.terms.iter().zip(terms);
            let terms = terms.filter(|(_, shape)| !matches!(shape, TermClass::Weighted { .. }));
            let coefficients = terms.map(|(term, _)| Fr::from(term.coefficient)).collect();
            OperatorData { multiplier: Fr::from(affine.rescale.multiplier), low, coefficients }
        });
        Self {
            class_digest: fr_from_bytes_mod(&ids.class_digest),
            model_id: Self::halves(&ids.model_id),
            program_fr: ids.program_fr,
            operators: operators.collect(),
        }
    }
}

impl Statement {
    /// Checks shapes and ranges, completes the batch and lifts everything into the field.
    ///
    /// Errors: the statement does not fit the card.
    pub fn public_values(&self, card: &Card) -> Result<PublicValues<Fr>, StatementError> {
        let (features, values, batch_log2) = (self.features.len(), self.values.len(), self.batch_log2);
        // a larger batch has no room: completing it would be the caller's memory
        let room = if batch_log2 > MAX_BATCH_LOG2 { 0 } else { 1usize << batch_log2 };
        if features == 0 || features != values || features > room {
            return Err(StatementError::Decisions { features, values, batch_log2 });
        }
        let number = usize::from(self.revealed.0);
        let operator = number.checked_sub(1).and_then(|i| card.operators.get(i));
        let (Some(operator), Some(axes)) = (operator, card.class.axes(self.revealed)) else {
            return Err(StatementError::Revealed { tensor: self.revealed.0 });
        };
        let extents = card.extents(self.revealed).unwrap_or_default();
        let (width, low) = (extents.iter().map(|extent| *extent as usize).product::<usize>(), operator.low());
        let (context, revealed) = (self.context, self.revealed);
        let (features, above_low, values) = (Vec::new(), Vec::new(), Vec::new());
        let mut public = PublicValues { context, revealed, features, above_low, values };
        let input = card.class.input.extents(card.features.len());
        let padded = |list: Vec<Fr>| view::padded(&list, &extents, &axes, &Fr::ZERO);
        for (decision, (features, values)) in self.features.iter().zip(&self.values).enumerate() {
            let expected = card.features.len();
            if features.len() != expected {
                return Err(StatementError::Features { decision, expected, got: features.len() });
            }
            if values.len() != width {
                return Err(StatementError::Values { decision, expected: width, got: values.len() });
            }
            let mut above = Vec::with_capacity(width);
            for (index, &got) in values.iter().enumerate() {
                let value = i64::from(got) - i64::from(low);
                let Ok(value) = u16::try_from(value) else {
                    let (low, high) = (i64::from(low), i64::from(low) + i64::from(u16::MAX));
                    return Err(StatementError::Range { decision, index, low, high, got });
                };
                above.push(Fr::from(value));
            }
            let features: Vec<Fr> = features.iter().map(|&x| Fr::from(x)).collect();
            public.features.push(view::padded(&features, &input, &card.class.input.axes(), &Fr::ZERO));
            public.above_low.push(padded(above));
            public.values.push(padded(values.iter().map(|&value| Fr::from(value)).collect()));
        }
        while public.features.len() < room {
            let last = public.features.len() - 1;
            public.features.push(public.features[last].clone());
            public.above_low.push(public.above_low[last].clone());
            public.values.push(public.values[last].clone());
        }
        Ok(public)
    }
}

/// What of a statement has another shape than the layout it is verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Operators of the program data.
    Operators,
    /// Coefficients of an operator's linear terms and products.
    Coefficients,
    /// The revealed tensor.
    Revealed,
    /// Decisions of the features.
    Decisions,
    /// Features of a decision, padded.
    Features,
    /// Decisions of the revealed values.
    Outputs,
    /// Revealed values of a decision, padded.
    Values,
    /// Committed rows of the program.
    ProgramRows,
}

/// A statement, a program or its rows belong to another proof shape: sums over unequal lengths would leave parts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?}: the layout has {expected}, got {got}")]
pub struct ShapeError {
    /// What.
    pub part: Part,
    /// By the layout.
    pub expected: usize,
    /// Found.
    pub got: usize,
}

/// Statement and program data have the shape of the layout.
///
/// Owes: that they belong to the expected program; exact widths are the statement's own check.
/// Errors: the first part that has another shape.
pub fn check_shape<F>(
    layout: &Layout,
    program: &ProgramData<F>,
    public: &PublicValues<F>,
) -> Result<(), ShapeError> {
    let equal = |part, expected: usize, got: usize| {
        if expected == got { Ok(()) } else { Err(ShapeError { part, expected, got }) }
    };
    equal(Part::Operators, layout.outputs.len(), program.operators.len())?;
    for (expected, data) in layout.coefficients().into_iter().zip(&program.operators) {
        equal(Part::Coefficients, expected, data.coefficients.len())?;
    }
    equal(Part::Revealed, layout.revealed.0.into(), public.revealed.0.into())?;
    equal(Part::Decisions, layout.batch(), public.features.len())?;
    for features in &public.features {
        equal(Part::Features, 1 << layout.input_log2, features.len())?;
    }
    for lists in [&public.above_low, &public.values] {
        equal(Part::Outputs, layout.batch(), lists.len())?;
        for values in lists {
            equal(Part::Values, 1 << layout.revealed_output().place.vars, values.len())?;
        }
    }
    Ok(())
}

fn pack<F: Arith>(values: &[F]) -> Vec<F> {
    let base = Fr::from(1u64 << 16);
    let chunk = |values: &[F]| {
        let mut sum = values[values.len() - 1].clone();
        for value in values[..values.len() - 1].iter().rev() {
            sum = sum.scale(base).plus(value);
        }
        sum
    };
    values.chunks(15).map(chunk).collect()
}

/// The elements that the transcript absorbs first, in order.
pub fn elements<F: Arith>(layout: &Layout, program: &ProgramData<F>, public: &PublicValues<F>) -> Vec<F> {
    let constant = |value: u64| F::constant(Fr::from(value));
    let mut elements = vec![
        constant(u64::from(FORMAT_VERSION)),
        constant(layout.batch_log2 as u64),
        program.class_digest.clone(),
        program.model_id[0].clone(),
        program.model_id[1].clone(),
        program.program_fr.clone(),
        public.context.clone(),
        constant(u64::from(layout.revealed.0)),
    ];
    for features in &public.features {
        elements.extend(pack(features));
    }
    for values in &public.above_low {
        elements.extend(pack(values));
    }
    elements
}

/// Absorbs the statement: the first thing that happens to a transcript.
pub fn absorb<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    program: &ProgramData<C::F>,
    public: &PublicValues<C::F>,
) {
    channel.known(Step::Statement, &elements(layout, program, public));
}

/// Multilinear extension, at decision and index coordinates, of values given per decision.
///
/// Shapes: `values[decision][index]`, 2^len(decision) decisions of 2^len(index) values each.
pub fn extension<F: Arith>(values: &[Vec<F>], decision: &[F], index: &[F]) -> F {
    factor::extension(&fold_decisions(values, decision), index)
}

/// Values at a decision's coordinates. Shapes: 2^len(decision) lists of one length.
pub fn fold_decisions<F: Arith>(values: &[Vec<F>], decision: &[F]) -> Vec<F> {
    let mut table = values.to_vec();
    for x in decision {
        let half = table.len() / 2;
        for i in 0..half {
            let fix = |(low, high): (&F, &F)| low.plus(&x.times(&high.minus(low)));
            table[i] = table[i].iter().zip(&table[i + half]).map(fix).collect();
        }
        table.truncate(half.max(1));
    }
    table.into_iter().next().unwrap_or_default()
}
