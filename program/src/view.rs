//! How a term reads a tensor: which index every combination of labels stands for (docs/spec/program.md, "Views").
//!
//! Permuting axes, slicing, padding, striding, broadcasting, windows of a convolution and reshaping are all views: nothing is
//! computed for them, a proof only claims other functionals of what is committed already.

use crate::class::TensorId;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A tensor and how its axes are read.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Operand {
    /// The tensor.
    pub source: TensorId,
    /// Covers the tensor's axes in order; no label occurs twice.
    pub groups: Vec<Group>,
}

/// How some neighbouring axes of a tensor are read.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum Group {
    /// One axis is one label, of the same padded and exact extent.
    Axis {
        /// The label.
        label: u8,
    },
    /// Labels give a position, and a position that `step` divides gives the index in row-major order over the axes: (offset + sum of
    /// stride * label) / step. Where it is no index the value is 0. Of no axes: 1 where the position is 0, which broadcasts.
    Window {
        /// Exact extents of the axes.
        extents: Vec<u32>,
        /// Position where all labels are 0.
        offset: i32,
        /// Divisor of positions, at least 1.
        step: u32,
        /// Labels, ascending.
        labels: Vec<Stride>,
    },
    /// Every combination of labels, in row-major order, has its own index in row-major order over the axes; at or beyond their size: 0.
    Listed {
        /// Exact extents of the axes.
        extents: Vec<u32>,
        /// Labels, ascending, and their exact extents.
        labels: Vec<(u8, u32)>,
        /// One index a combination.
        indices: Vec<u32>,
    },
}

/// A label of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Stride {
    /// The label.
    pub label: u8,
    /// Its exact extent.
    pub extent: u32,
    /// How much of a position one step of it is.
    pub stride: i32,
}

impl Operand {
    /// Every axis of a tensor under a label of its own.
    #[must_use]
    pub fn axes(source: TensorId, labels: impl IntoIterator<Item = u8>) -> Self {
        Self { source, groups: labels.into_iter().map(|label| Group::Axis { label }).collect() }
    }

    /// All labels, in the order of the groups.
    pub fn labels(&self) -> impl Iterator<Item = u8> {
        self.groups.iter().flat_map(Group::labels)
    }
}

impl Group {
    /// Number of axes that it covers.
    #[must_use]
    pub fn axes(&self) -> usize {
        match self {
            Self::Axis { .. } => 1,
            Self::Window { extents, .. } | Self::Listed { extents, .. } => extents.len(),
        }
    }

    /// Its labels, in order.
    #[must_use]
    pub fn labels(&self) -> Vec<u8> {
        match self {
            Self::Axis { label } => vec![*label],
            Self::Window { labels, .. } => labels.iter().map(|stride| stride.label).collect(),
            Self::Listed { labels, .. } => labels.iter().map(|(label, _)| *label).collect(),
        }
    }

    /// Exact extents of its labels, as it states them; `None` for an axis, whose label's extent is the axis's.
    #[must_use]
    pub fn label_extents(&self) -> Option<Vec<u32>> {
        match self {
            Self::Axis { .. } => None,
            Self::Window { labels, .. } => Some(labels.iter().map(|stride| stride.extent).collect()),
            Self::Listed { labels, .. } => Some(labels.iter().map(|(_, extent)| *extent).collect()),
        }
    }

    /// Exact extents of its axes, as it states them; `None` for an axis.
    #[must_use]
    pub fn extents(&self) -> Option<&[u32]> {
        match self {
            Self::Axis { .. } => None,
            Self::Window { extents, .. } | Self::Listed { extents, .. } => Some(extents),
        }
    }

    /// The row-major index over the axes of every combination of labels, in row-major order; `None` where the value is 0. A group of no
    /// axes has the index 0.
    ///
    /// Shapes: `extent` is the exact (or padded) extent of an [`Group::Axis`]. Owes: [`crate::Card::validate`], which bounds
    /// the number of combinations.
    #[must_use]
    pub fn indices(&self, extent: u32) -> Vec<Option<u32>> {
        match self {
            Self::Axis { .. } => (0..extent).map(Some).collect(),
            Self::Listed { extents, indices, .. } => {
                let size = extents.iter().fold(1u32, |size, extent| size.saturating_mul(*extent));
                indices.iter().map(|index| (*index < size).then_some(*index)).collect()
            }
            Self::Window { extents, offset, step, labels } => {
                let size = extents.iter().fold(1i64, |size, extent| size.saturating_mul(i64::from(*extent)));
                let mut positions = vec![i64::from(*offset)];
                for label in labels {
                    let mut next = Vec::with_capacity(positions.len().saturating_mul(label.extent as usize));
                    for position in positions {
                        let step = |i| position.saturating_add(i64::from(label.stride).saturating_mul(i));
                        next.extend((0..i64::from(label.extent)).map(step));
                    }
                    positions = next;
                }
                let step = i64::from((*step).max(1));
                let index = |position: i64| {
                    let within = position % step == 0 && (0..size).contains(&(position / step));
                    if within { u32::try_from(position / step).ok() } else { None }
                };
                positions.into_iter().map(index).collect()
            }
        }
    }
}

/// The padded index of a row-major exact index. Shapes: as many extents as logarithms.
#[must_use]
pub fn padded_index(index: usize, extents: &[u32], log2: &[u8]) -> usize {
    let (mut rest, mut padded, mut shift) = (index, 0usize, 0u32);
    for (extent, log2) in extents.iter().zip(log2).rev() {
        let extent = (*extent).max(1) as usize;
        padded |= (rest % extent) << shift;
        rest /= extent;
        shift += u32::from(*log2);
    }
    padded
}

/// Values in row-major exact order, laid out with every axis padded to a power of two. Shapes: as many extents as logarithms, whose sum is
/// at most that of a tensor's limit.
#[must_use]
pub fn padded<T: Clone>(values: &[T], extents: &[u32], log2: &[u8], fill: &T) -> Vec<T> {
    let size: u32 = log2.iter().map(|log2| u32::from(*log2)).sum();
    let mut padded = vec![fill.clone(); 1 << size];
    for (index, value) in values.iter().enumerate() {
        if let Some(target) = padded.get_mut(padded_index(index, extents, log2)) {
            *target = value.clone();
        }
    }
    padded
}
