//! How a term reads its source in a proof: one functional of it, at coordinates that the challenges give (docs/spec/argument.md,
//! "Operands").

use crate::factor::{self, Factor, equalities};
use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::class::TensorId;
use candor_program::limits;
use candor_program::view::{Group, Operand, padded_index};
use std::sync::Arc;

/// The points that coordinates are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Challenge {
    /// The zero-check point.
    Tau,
    /// The final point of the batched sumcheck.
    Final,
}

/// A stretch of a point: the coordinates of a label, or of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinates {
    /// The point.
    pub of: Challenge,
    /// Number of elements from its beginning to the end of the point.
    pub last: usize,
    /// Number of elements.
    pub vars: usize,
}

impl Coordinates {
    /// Stretches without elements are all one.
    #[must_use]
    pub fn new(of: Challenge, last: usize, vars: usize) -> Self {
        if vars == 0 { Self { of: Challenge::Tau, last: 0, vars } } else { Self { of, last, vars } }
    }
}

/// Both points; the final point is empty while there is none.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a, F> {
    /// Zero-check point.
    pub tau: &'a [F],
    /// Final point.
    pub r: &'a [F],
}

impl<'a, F> Points<'a, F> {
    /// The elements of a stretch. Shapes: of a layout whose points these are.
    #[must_use]
    pub fn at(&self, coordinates: &Coordinates) -> &'a [F] {
        let point = match coordinates.of {
            Challenge::Tau => self.tau,
            Challenge::Final => self.r,
        };
        let start = point.len().saturating_sub(coordinates.last);
        point.get(start..start + coordinates.vars).unwrap_or(&[])
    }
}

/// A label of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Log2 of its padded extent.
    pub log2: u8,
    /// Where its coordinates are; `None` if the term sums over it in the operand.
    pub coordinates: Option<Coordinates>,
}

/// Some neighbouring axes of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// One axis, evaluated.
    Point(Coordinates),
    /// A window or a list over axes.
    View {
        /// The window or list.
        group: Arc<Group>,
        /// Log2 of the padded extents of its axes.
        axes: Vec<u8>,
        /// Its labels.
        labels: Vec<Label>,
    },
}

/// An operand at coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is read.
    pub source: TensorId,
    /// Coordinates of the decision.
    pub decision: Coordinates,
    /// All axes of the source, in order.
    pub axes: Vec<Axes>,
}

/// The functional of a reading without the decision: weights of a source's padded positions.
#[derive(Clone, Debug)]
pub struct PositionWeights<F> {
    /// Factor of the whole, if any group is without axes.
    pub scale: Option<F>,
    /// Factors over the source's axes.
    pub factors: Vec<Factor<F>>,
    /// Value on the tensor of ones, scale included.
    pub mass: F,
}

impl Reading {
    /// An operand of a source with these axes, whose term has these labels; `None` if it does not fit them.
    #[must_use]
    pub fn new(operand: &Operand, axes: &[u8], labels: &[Label], decision: Coordinates) -> Option<Self> {
        let mut rest = axes;
        let mut used = vec![false; labels.len()];
        let mut read = Vec::with_capacity(operand.groups.len());
        for group in &operand.groups {
            if group.axes() > rest.len() {
                return None;
            }
            let (own, after) = rest.split_at(group.axes());
            rest = after;
            let mut known = Vec::new();
            for label in group.labels() {
                if std::mem::replace(used.get_mut(usize::from(label))?, true) {
                    return None;
                }
                known.push(*labels.get(usize::from(label))?);
            }
            read.push(Axes::of(group, own, known)?);
        }
        // every label that is not the other operand's alone is the caller's to check
        rest.is_empty().then_some(Self { source: operand.source, decision, axes: read })
    }

    /// Weights of the source's padded positions.
    pub fn weights<F: Arith>(&self, points: &Points<'_, F>) -> PositionWeights<F> {
        let one = F::constant(Fr::one());
        let (mut scale, mut factors, mut mass) = (None::<F>, Vec::new(), one);
        for axes in &self.axes {
            match axes {
                Axes::Point(coordinates) => factors.extend(factor::point(points.at(coordinates))),
                Axes::View { group, axes, labels } => {
                    let vector = view_weights(group, axes, labels, points);
                    let sum = vector.iter().fold(F::constant(Fr::ZERO), |sum, weight| sum.plus(weight));
                    mass = mass.times(&sum);
                    if vector.len() == 1 {
                        scale = Some(scale.map_or(sum.clone(), |scale| scale.times(&sum)));
                    } else {
                        factors.push(Factor::Vector(vector));
                    }
                }
            }
        }
        PositionWeights { scale, factors, mass }
    }

    /// The stretches that it is evaluated at, if all its axes are read one by one.
    #[must_use]
    pub fn stretches(&self) -> Option<Vec<Coordinates>> {
        let of = |axes: &Axes| match axes {
            Axes::Point(coordinates) => Some(*coordinates),
            Axes::View { .. } => None,
        };
        std::iter::once(Some(self.decision)).chain(self.axes.iter().map(of)).collect()
    }

    /// Multiplications that its weights take, saturating.
    #[must_use]
    pub fn multiplications(&self) -> u64 {
        let of = |axes: &Axes| match axes {
            Axes::Point(_) => 0,
            Axes::View { group, labels, .. } => {
                let tables = labels.iter().map(|label| 1u64 << label.log2.min(32)).sum::<u64>();
                combinations(group).saturating_mul(labels.len() as u64 + 1).saturating_add(tables)
            }
        };
        self.axes.iter().fold(0, |sum: u64, axes| sum.saturating_add(of(axes)))
    }
}

impl Axes {
    /// Variables of the axes.
    #[must_use]
    pub fn vars(&self) -> usize {
        match self {
            Self::Point(coordinates) => coordinates.vars,
            Self::View { axes, .. } => axes.iter().map(|log2| usize::from(*log2)).sum(),
        }
    }

    fn of(group: &Group, axes: &[u8], labels: Vec<Label>) -> Option<Self> {
        if let Group::Axis { .. } = group {
            let [(axis, label)] = axes.iter().zip(&labels).collect::<Vec<_>>()[..] else { return None };
            return (*axis == label.log2).then_some(Self::Point(label.coordinates?));
        }
        let fits = |extents: &[u32], log2s: &mut dyn Iterator<Item = u8>| {
            let mut fits =
                log2s.zip(extents).map(|(log2, extent)| u64::from(*extent) <= 1u64 << log2.min(32));
            fits.all(|fits| fits)
        };
        let (extents, label_extents) = (group.extents()?, group.label_extents()?);
        let count = combinations(group);
        let listed = match group {
            Group::Listed { indices, .. } => indices.len() as u64 == count,
            Group::Window { step, .. } => *step > 0,
            Group::Axis { .. } => false,
        };
        let fit = fits(extents, &mut axes.iter().copied())
            && fits(&label_extents, &mut labels.iter().map(|label| label.log2));
        let size = axes.iter().fold(0u32, |sum, log2| sum + u32::from(*log2));
        let within = count <= limits::GROUP as u64 && 1u64 << size.min(32) <= u64::from(limits::WIDTH);
        (listed && fit && within).then(|| Self::View {
            group: Arc::new(group.clone()),
            axes: axes.to_vec(),
            labels,
        })
    }
}

/// Number of combinations of a group's labels, saturating.
#[must_use]
pub fn combinations(group: &Group) -> u64 {
    let extents = group.label_extents().unwrap_or_default();
    extents.iter().fold(1, |count: u64, extent| count.saturating_mul(u64::from(*extent)))
}

/// Weights of the padded positions of a view's axes. Shapes: 2^(sum of the axes).
fn view_weights<F: Arith>(group: &Group, axes: &[u8], labels: &[Label], points: &Points<'_, F>) -> Vec<F> {
    let size: u32 = axes.iter().map(|log2| u32::from(*log2)).sum();
    let mut weights = vec![F::constant(Fr::ZERO); 1 << size];
    let extents = group.extents().unwrap_or(&[]);
    let indices = group.indices(0);
    let tables: Vec<Vec<F>> = labels
        .iter()
        .zip(group.label_extents().unwrap_or_default())
        .map(|(label, extent)| {
            let mut table = match &label.coordinates {
                Some(coordinates) => equalities(points.at(coordinates)),
                None => vec![F::constant(Fr::one()); extent as usize],
            };
            table.truncate(extent as usize);
            table
        })
        .collect();
    let (last, first) = tables.split_last().map_or((None, &[][..]), |(last, first)| (Some(last), first));
    let mut products = vec![F::constant(Fr::one())];
    for table in first {
        products =
            products.iter().flat_map(|product| table.iter().map(move |eq| product.times(eq))).collect();
    }
    let mut targets = indices.iter();
    for product in &products {
        // the last label's product only where there is an index
        let count = last.map_or(1, Vec::len);
        for (i, index) in targets.by_ref().take(count).enumerate() {
            let Some(index) = index else { continue };
            let weight =
                last.and_then(|table| table.get(i)).map_or_else(|| product.clone(), |eq| product.times(eq));
            if let Some(target) = weights.get_mut(padded_index(*index as usize, extents, axes)) {
                *target = target.plus(&weight);
            }
        }
    }
    weights
}
