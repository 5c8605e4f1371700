//! A term's labels and views: every label is where it must be, and every extent is stated as it is.

use super::TermDefect;
use super::error::ProgramError;
use super::operators::{padded_log2, size};
use crate::card::Card;
use crate::class::{Group, Operand, TermClass};
use crate::limits;
use crate::operator::Term;

/// Which term of which operator.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) operator: usize,
    pub(super) term: usize,
}

/// Labels of a term: exact extents.
struct Labels<'a> {
    outputs: usize,
    exact: Vec<u32>,
    shape: &'a TermClass,
}

/// What a term costs.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    /// Combinations of all labels.
    pub(super) products: u64,
    /// Values that its operands read, repetitions counted.
    pub(super) reads: u64,
    /// Combinations of labels, and padded values of the axes, of its windows and listed views.
    pub(super) views: u64,
}

impl Cost {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            products: self.products.saturating_add(other.products),
            reads: self.reads.saturating_add(other.reads),
            views: self.views.saturating_add(other.views),
        }
    }

    pub(super) fn check(self) -> Result<(), ProgramError> {
        let Self { products, reads, views } = self;
        if products > limits::PRODUCTS {
            return Err(ProgramError::Products { got: products });
        }
        if reads > limits::READS {
            return Err(ProgramError::Reads { got: reads });
        }
        if views > limits::VIEWS { Err(ProgramError::Views { got: views }) } else { Ok(()) }
    }
}

pub(super) fn check(
    card: &Card,
    Place { operator, term: index }: Place,
    axes: &[u32],
    term: &Term,
    shape: &TermClass,
) -> Result<Cost, ProgramError> {
    let refuse = |defect| Err(ProgramError::Term { operator, term: index, defect });
    let summed = shape.summed();
    if summed.len() != term.summed.len() || axes.len() + summed.len() > limits::LABELS {
        return refuse(TermDefect::Summed);
    }
    let exact: Vec<u32> = axes.iter().chain(&term.summed).copied().collect();
    if term.summed.iter().any(|extent| !(1..=limits::WIDTH).contains(extent)) {
        return refuse(TermDefect::Extent);
    }
    if !term.summed.iter().map(|extent| padded_log2(*extent)).eq(summed.iter().copied()) {
        return refuse(TermDefect::Extent);
    }
    let labels = Labels { outputs: axes.len(), exact, shape };
    match labels.cost(card, term) {
        Ok(cost) => Ok(cost),
        Err(defect) => refuse(defect),
    }
}

impl Labels<'_> {
    /// What a well-formed term costs.
    fn cost(&self, card: &Card, term: &Term) -> Result<Cost, TermDefect> {
        self.coefficient(term)?;
        self.complete()?;
        let mut cost = Cost { products: size(&self.exact), ..Cost::default() };
        for operand in self.shape.operands() {
            cost = cost.plus(self.operand(card, operand)?);
        }
        Ok(cost)
    }

    fn coefficient(&self, term: &Term) -> Result<(), TermDefect> {
        let weighted = matches!(self.shape, TermClass::Weighted { .. });
        if weighted && term.coefficient != 1 { Err(TermDefect::Coefficient) } else { Ok(()) }
    }

    /// Every label is known, in every factor that must have it, and in none twice.
    fn complete(&self) -> Result<(), TermDefect> {
        let (all, outputs) = (set(0..self.exact.len()), set(0..self.outputs));
        let missing = match self.shape {
            TermClass::Linear { operand, .. } => all & !self.labels(operand)?,
            TermClass::Weighted { weights, operand, .. } => {
                let ascending = weights.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
                if !ascending || weights.iter().any(|label| usize::from(*label) >= self.outputs) {
                    return Err(TermDefect::Weights);
                }
                all & !(set(weights.iter().map(|label| usize::from(*label))) | self.labels(operand)?)
            }
            TermClass::Product { left, right, .. } => {
                let (left, right) = (self.labels(left)?, self.labels(right)?);
                all & !((left & right) | ((left | right) & outputs))
            }
        };
        match missing {
            0 => Ok(()),
            _ => Err(TermDefect::Label { label: missing.trailing_zeros() as u8 }),
        }
    }

    /// The labels of an operand.
    fn labels(&self, operand: &Operand) -> Result<u32, TermDefect> {
        operand.labels().try_fold(0, |seen, label| {
            let one = if usize::from(label) < self.exact.len() { 1 << label } else { 0 };
            if one & !seen == 0 { Err(TermDefect::Label { label }) } else { Ok(seen | one) }
        })
    }

    fn operand(&self, card: &Card, operand: &Operand) -> Result<Cost, TermDefect> {
        let extents = card.extents(operand.source).ok_or(TermDefect::Axes)?;
        let extents = extents.as_slice();
        let (mut axis, mut cost) = (0usize, Cost { reads: 1, ..Cost::default() });
        for group in &operand.groups {
            let covered = extents.get(axis..axis.saturating_add(group.axes())).ok_or(TermDefect::Axes)?;
            axis += group.axes();
            let combinations = self.group(group, covered)?;
            if combinations > limits::GROUP as u64 {
                return Err(TermDefect::Size);
            }
            cost.reads = cost.reads.saturating_mul(combinations);
            if !matches!(group, Group::Axis { .. }) {
                let padded = covered.iter().map(|extent| u64::from(*extent).next_power_of_two());
                let values = padded.fold(1, u64::saturating_mul);
                cost.views = cost.views.saturating_add(combinations).saturating_add(values);
            }
        }
        if axis == extents.len() { Ok(cost) } else { Err(TermDefect::Axes) }
    }

    /// Number of combinations of a group's labels.
    fn group(&self, group: &Group, covered: &[u32]) -> Result<u64, TermDefect> {
        let exact = |label: u8| self.exact.get(usize::from(label)).copied();
        if let Group::Axis { label } = group {
            // What a linear term sums over must say how far: padding has no end that a proof could know.
            let linear = matches!(self.shape, TermClass::Linear { .. });
            let summed = usize::from(*label) >= self.outputs;
            if linear && summed {
                return Err(TermDefect::SummedAxis { label: *label });
            }
            return match (covered, exact(*label)) {
                ([axis], Some(extent)) if *axis == extent => Ok(extent.into()),
                _ => Err(TermDefect::Extent),
            };
        }
        if group.extents() != Some(covered) {
            return Err(TermDefect::Extent);
        }
        let (labels, stated) = (group.labels(), group.label_extents().unwrap_or_default());
        if !labels.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
            return Err(TermDefect::Order);
        }
        if labels.iter().zip(&stated).any(|(label, extent)| exact(*label) != Some(*extent)) {
            return Err(TermDefect::Extent);
        }
        if labels.is_empty() && covered.is_empty() {
            return Err(TermDefect::Empty);
        }
        let combinations = size(&stated);
        match group {
            Group::Window { step: 0, .. } => Err(TermDefect::Step),
            Group::Listed { indices, .. } if indices.len() as u64 != combinations => Err(TermDefect::Listed),
            _ => Ok(combinations),
        }
    }
}

/// A set of labels, one bit each. Shapes: below [`limits::LABELS`].
fn set(labels: impl Iterator<Item = usize>) -> u32 {
    labels.fold(0, |set, label| set | 1 << label)
}
