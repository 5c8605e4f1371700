//! A term's labels and views: every label is where it must be, and every extent is stated as it is.

use super::error::{ProgramError, TermDefect};
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

/// Labels of a term: padded and exact extents.
struct Labels<'a> {
    outputs: usize,
    exact: Vec<u32>,
    log2: Vec<u8>,
    shape: &'a TermClass,
}

pub(super) fn check(
    card: &Card,
    Place { operator, term: index }: Place,
    axes: &[u32],
    term: &Term,
    shape: &TermClass,
) -> Result<(), ProgramError> {
    let refuse = |defect| Err(ProgramError::Term { operator, term: index, defect });
    let summed = shape.summed();
    if summed.len() != term.summed.len() || axes.len() + summed.len() > limits::LABELS {
        return refuse(TermDefect::Summed);
    }
    let padded = |extent: &u32| u64::from(*extent).next_power_of_two().trailing_zeros() as u8;
    let exact: Vec<u32> = axes.iter().chain(&term.summed).copied().collect();
    if term.summed.iter().any(|extent| !(1..=limits::WIDTH).contains(extent)) {
        return refuse(TermDefect::Extent);
    }
    let log2: Vec<u8> = exact.iter().map(padded).collect();
    if log2.get(axes.len()..) != Some(summed) {
        return refuse(TermDefect::Extent);
    }
    let labels = Labels { outputs: axes.len(), exact, log2, shape };
    if let Err(defect) = labels.coefficient(term).and_then(|()| labels.complete()) {
        return refuse(defect);
    }
    for operand in shape.operands() {
        if let Err(defect) = labels.operand(card, operand) {
            return refuse(defect);
        }
    }
    match labels.work() {
        Some(work) if work <= limits::COMBINATIONS => Ok(()),
        _ => refuse(TermDefect::Work),
    }
}

impl Labels<'_> {
    fn coefficient(&self, term: &Term) -> Result<(), TermDefect> {
        let weighted = matches!(self.shape, TermClass::Weighted { .. });
        if weighted && term.coefficient != 1 { Err(TermDefect::Coefficient) } else { Ok(()) }
    }

    /// Every label is known, in every factor that must have it, and in none twice.
    fn complete(&self) -> Result<(), TermDefect> {
        let count = self.exact.len();
        for operand in self.shape.operands() {
            let mut seen = vec![false; count];
            for label in operand.labels() {
                match seen.get_mut(usize::from(label)) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err(TermDefect::Label { label }),
                }
            }
        }
        let has = |operand: &Operand, label: usize| operand.labels().any(|other| usize::from(other) == label);
        for label in 0..count {
            let output = label < self.outputs;
            let right = match self.shape {
                TermClass::Linear { operand, .. } => has(operand, label),
                TermClass::Weighted { weights, operand, .. } => {
                    has(operand, label) || output && weights.iter().any(|other| usize::from(*other) == label)
                }
                TermClass::Product { left, right, .. } if output => has(left, label) || has(right, label),
                TermClass::Product { left, right, .. } => has(left, label) && has(right, label),
            };
            if !right {
                return Err(TermDefect::Label { label: label as u8 });
            }
        }
        if let TermClass::Weighted { weights, .. } = self.shape {
            let ascending = weights.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
            let known = weights.iter().all(|label| usize::from(*label) < self.outputs);
            if !ascending || !known {
                return Err(TermDefect::Weights);
            }
        }
        Ok(())
    }

    fn operand(&self, card: &Card, operand: &Operand) -> Result<(), TermDefect> {
        let extents = card.extents(operand.source).ok_or(TermDefect::Axes)?;
        let extents = extents.as_slice();
        let (mut axis, mut reads) = (0usize, 1usize);
        for group in &operand.groups {
            let covered = extents.get(axis..axis.saturating_add(group.axes())).ok_or(TermDefect::Axes)?;
            axis += group.axes();
            let combinations = self.group(group, covered)?;
            if combinations > limits::GROUP {
                return Err(TermDefect::Size);
            }
            reads = reads.saturating_mul(combinations);
        }
        if axis != extents.len() {
            return Err(TermDefect::Axes);
        }
        if reads > limits::READS { Err(TermDefect::Size) } else { Ok(()) }
    }

    /// Number of combinations of a group's labels.
    fn group(&self, group: &Group, covered: &[u32]) -> Result<usize, TermDefect> {
        let exact = |label: u8| self.exact.get(usize::from(label)).copied();
        if let Group::Axis { label } = group {
            // What a linear term sums over must say how far: padding has no end that a proof could know.
            let linear = matches!(self.shape, TermClass::Linear { .. });
            let summed = usize::from(*label) >= self.outputs;
            if linear && summed {
                return Err(TermDefect::SummedAxis { label: *label });
            }
            return match (covered, exact(*label)) {
                ([axis], Some(extent)) if *axis == extent => Ok(extent as usize),
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
        let combinations = stated.iter().fold(1usize, |count, extent| count.saturating_mul(*extent as usize));
        match group {
            Group::Window { step: 0, .. } => Err(TermDefect::Step),
            Group::Listed { indices, .. } if indices.len() != combinations => Err(TermDefect::Listed),
            _ => Ok(combinations),
        }
    }

    /// Products of one inference, by exact extents: output values times summed combinations.
    fn work(&self) -> Option<usize> {
        let padded: u32 = self.log2.iter().map(|log2| u32::from(*log2)).sum();
        if padded > 48 {
            return None;
        }
        Some(self.exact.iter().fold(1usize, |work, extent| work.saturating_mul(*extent as usize)))
    }
}
