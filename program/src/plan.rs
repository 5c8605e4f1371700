//! Which values every term of a program multiplies: computed once from class and card, used by evaluation, interval analysis and
//! provers alike.
//!
//! Labels of a term fall into four kinds: *shared* (of the output and both factors), *left* and *right* (of the output and one
//! factor), *summed*. The weights of a weighted term are its left factor; a linear term has a right factor alone.

use crate::card::Card;
use crate::class::{OperatorClass, TensorId, TermClass};
use crate::operator::Operator;
use crate::view::{Group, Operand};

/// Marks a combination of labels that stands for no value: it reads 0.
pub const NOTHING: u32 = u32::MAX;

/// Plans of all operators.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One entry an operator.
    pub operators: Vec<OperatorPlan>,
}

/// Plan of one operator.
#[derive(Clone, Debug)]
pub enum OperatorPlan {
    /// Sum of terms.
    Affine {
        /// Number of output values.
        width: usize,
        /// One entry a term.
        terms: Vec<TermPlan>,
    },
    /// Table lookup.
    Lookup {
        /// Tensor that is read.
        source: TensorId,
        /// Lowest value of that tensor.
        source_low: i32,
        /// Table.
        table: usize,
    },
}

/// Plan of one term.
#[derive(Clone, Debug)]
pub struct TermPlan {
    /// Shares of the output's index of shared, left and right combinations.
    pub output: [Vec<u32>; 3],
    /// Number of combinations of the summed labels.
    pub summed: usize,
    /// Factor of the sum.
    pub coefficient: i32,
    /// The left factor.
    pub left: Left,
    /// The right factor, by shared, right and summed combinations.
    pub right: Reads,
}

/// The left factor of a term.
#[derive(Clone, Debug)]
pub enum Left {
    /// None: values are added as they are.
    One,
    /// Row of the matrix by shared and left combinations; rows have the summed combinations.
    Weights(Vec<u32>),
    /// Values of a tensor, by shared, left and summed combinations.
    Tensor(Reads),
}

/// Values of a tensor in the order in which a term needs them.
#[derive(Clone, Debug)]
pub struct Reads {
    /// The tensor.
    pub source: TensorId,
    /// Row-major indices, or [`NOTHING`].
    pub indices: Vec<u32>,
    /// Whether the indices are 0, 1, 2, ...
    pub in_order: bool,
}

impl Plan {
    /// The plan of a card.
    ///
    /// Owes: [`Card::validate`]; of a card that is not valid the plan is of some other program.
    #[must_use]
    pub fn new(card: &Card) -> Self {
        let operators = card.operators.iter().zip(&card.class.operators);
        Self {
            operators: operators.map(|(operator, shape)| OperatorPlan::of(card, operator, shape)).collect(),
        }
    }
}

impl OperatorPlan {
    fn of(card: &Card, operator: &Operator, shape: &OperatorClass) -> Self {
        match (operator, shape) {
            (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) => {
                let plan = |(term, shape): (&crate::operator::Term, &TermClass)| {
                    let labels = Labels { output: &affine.axes, summed: &term.summed };
                    TermPlan { coefficient: term.coefficient, ..labels.term(card, shape) }
                };
                let terms = affine.terms.iter().zip(terms).map(plan).collect();
                Self::Affine { width: affine.width() as usize, terms }
            }
            (_, OperatorClass::Lookup { source, table }) => {
                let low = usize::from(source.0).checked_sub(1).and_then(|index| card.operators.get(index));
                Self::Lookup {
                    source: *source,
                    source_low: low.map_or(0, Operator::low),
                    table: usize::from(*table),
                }
            }
            (Operator::Lookup(_), OperatorClass::Affine { .. }) => Self::Affine { width: 0, terms: vec![] },
        }
    }
}

/// Output labels that only the weights (or the left operand), only the right operand, or both have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kinds {
    /// Of both factors.
    pub shared: Vec<u8>,
    /// Of the left factor.
    pub left: Vec<u8>,
    /// Of the right factor.
    pub right: Vec<u8>,
}

impl TermClass {
    /// The kinds of the output labels, each ascending.
    #[must_use]
    pub fn kinds(&self, outputs: usize) -> Kinds {
        let has = |operand: &Operand, label: u8| operand.labels().any(|other| other == label);
        let mut kinds = Kinds { shared: vec![], left: vec![], right: vec![] };
        for label in 0..outputs as u8 {
            let (left, right) = match self {
                Self::Linear { .. } => (false, true),
                Self::Weighted { weights, operand, .. } => (weights.contains(&label), has(operand, label)),
                Self::Product { left, right, .. } => (has(left, label), has(right, label)),
            };
            match (left, right) {
                (true, true) => kinds.shared.push(label),
                (true, false) => kinds.left.push(label),
                (false, _) => kinds.right.push(label),
            }
        }
        kinds
    }
}

/// Exact extents of a term's labels.
struct Labels<'a> {
    output: &'a [u32],
    summed: &'a [u32],
}

impl Labels<'_> {
    fn extent(&self, label: u8) -> u32 {
        let label = usize::from(label);
        let summed = label.checked_sub(self.output.len()).and_then(|label| self.summed.get(label));
        self.output.get(label).or(summed).copied().unwrap_or(1)
    }

    /// Row-major shares of an index of all the output's axes, for every combination of some of them.
    fn shares(&self, labels: &[u8], of: &[u8]) -> Vec<u32> {
        let mut stride = 1u32;
        let mut strides = vec![0; usize::from(u8::MAX) + 1];
        for label in of.iter().rev() {
            strides[usize::from(*label)] = stride;
            stride = stride.saturating_mul(self.extent(*label));
        }
        let mut shares = vec![0u32];
        for label in labels {
            let (extent, stride) = (self.extent(*label), strides[usize::from(*label)]);
            let mut next = Vec::with_capacity(shares.len().saturating_mul(extent as usize));
            for share in shares {
                next.extend((0..extent).map(|i| share.saturating_add(i.saturating_mul(stride))));
            }
            shares = next;
        }
        shares
    }

    fn term(&self, card: &Card, shape: &TermClass) -> TermPlan {
        let all: Vec<u8> = (0..self.output.len() as u8).collect();
        let kinds = shape.kinds(all.len());
        let summed: Vec<u8> = (0..self.summed.len()).map(|label| (all.len() + label) as u8).collect();
        let order = |middle: &[u8]| [kinds.shared.as_slice(), middle, &summed].concat();
        let output = [&kinds.shared, &kinds.left, &kinds.right].map(|labels| self.shares(labels, &all));
        let (left, operand) = match shape {
            TermClass::Linear { operand, .. } => (Left::One, operand),
            TermClass::Weighted { weights, operand, .. } => {
                let rows = [kinds.shared.as_slice(), &kinds.left].concat();
                (Left::Weights(self.shares(&rows, weights)), operand)
            }
            TermClass::Product { left, right, .. } => {
                (Left::Tensor(self.reads(card, left, &order(&kinds.left))), right)
            }
        };
        let right = self.reads(card, operand, &order(&kinds.right));
        let count = self.summed.iter().fold(1usize, |count, extent| count.saturating_mul(*extent as usize));
        TermPlan { output, summed: count, coefficient: 1, left, right }
    }

    /// The indices that an operand stands for, by the combinations of these labels.
    fn reads(&self, card: &Card, operand: &Operand, labels: &[u8]) -> Reads {
        let extents = card.extents(operand.source).unwrap_or_default();
        let count =
            labels.iter().fold(1usize, |count, label| count.saturating_mul(self.extent(*label) as usize));
        let mut indices = vec![Some(0u32); count];
        let (mut axis, mut after) =
            (0, extents.iter().fold(1u32, |size, extent| size.saturating_mul(*extent)));
        for group in &operand.groups {
            let covered = extents.get(axis..axis + group.axes()).unwrap_or(&[]);
            axis += group.axes();
            let size = covered.iter().fold(1u32, |size, extent| size.saturating_mul(*extent));
            after /= size.max(1);
            self.add(&mut indices, labels, group, covered.first().copied().unwrap_or(1), after);
        }
        let indices: Vec<u32> = indices.into_iter().map(|index| index.unwrap_or(NOTHING)).collect();
        let in_order = indices.iter().enumerate().all(|(i, index)| i as u32 == *index);
        Reads { source: operand.source, indices, in_order }
    }

    /// Adds a group's share to the index of every combination.
    fn add(&self, indices: &mut [Option<u32>], labels: &[u8], group: &Group, extent: u32, stride: u32) {
        let (own, listed) = (group.labels(), group.indices(extent));
        // Position in the group's own list of every combination of all labels.
        let positions = self.shares(labels, &own);
        for (index, position) in indices.iter_mut().zip(positions) {
            let share = listed.get(position as usize).copied().flatten();
            *index = match (*index, share) {
                (Some(index), Some(share)) => Some(index.saturating_add(share.saturating_mul(stride))),
                _ => None,
            };
        }
    }
}

impl Card {
    /// Exact extents of a tensor's axes; `None` if the program has no such tensor.
    #[must_use]
    pub fn extents(&self, tensor: TensorId) -> Option<Vec<u32>> {
        let Some(number) = usize::from(tensor.0).checked_sub(1) else {
            return Some(self.class.input.extents(self.features.len()));
        };
        let source = match self.class.operators.get(number)? {
            OperatorClass::Affine { .. } => number,
            OperatorClass::Lookup { source, .. } => usize::from(source.0).checked_sub(1)?,
        };
        Some(self.operators.get(source)?.affine()?.axes.clone())
    }
}
