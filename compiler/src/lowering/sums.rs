//! Sums that are not computed yet, summed over more labels or scaled: a variance is one contraction, a scaled convolution another convolution.

use super::builder::{Builder, extents};
use super::value::{Factors, Read, Samples, Sum, Term, Value};
use super::view::NOTHING;
use std::rc::Rc;

impl Term {
    /// The sum over some axes too; `None` for a view or weights. Shapes: the value has this shape, of which `gone` become 1.
    pub(super) fn over(&self, shape: &[usize], gone: &[usize]) -> Option<Self> {
        let Self::Sum(sum) = self else { return None };
        let flags = (0..shape.len()).filter(|axis| shape[*axis] != 1).map(|axis| gone.contains(&axis));
        Some(Self::Sum(Rc::new(sum.over(&flags.collect::<Vec<bool>>())?)))
    }

    /// Weights times a factor that depends on axes of theirs; `None` for anything else. Shapes: strides are those of `factors`, by the axes
    /// of more than one place.
    pub(super) fn scaled_along(&self, axes: &[(u8, usize)], factors: &[f64]) -> Option<Self> {
        let Self::Sum(sum) = self else { return None };
        let Factors::Weights { labels, weights, read } = &sum.factors else { return None };
        if !axes.iter().all(|(axis, _)| labels.contains(axis)) {
            return None;
        }
        let summed: u32 = sum.extents.get(sum.axes..)?.iter().product();
        let factor = |place: usize| {
            let mut rest = place / (summed as usize).max(1);
            let mut at = 0;
            for label in labels.iter().rev() {
                let extent = sum.extents.get(usize::from(*label)).map_or(1, |extent| *extent as usize);
                let stride = axes.iter().find(|(axis, _)| axis == label).map_or(0, |(_, stride)| *stride);
                at += rest % extent * stride;
                rest /= extent;
            }
            factors.get(at).copied().unwrap_or(0.0)
        };
        let weights = weights.iter().enumerate().map(|(place, weight)| weight * factor(place)).collect();
        let factors =
            Factors::Weights { labels: labels.clone(), weights: Rc::new(weights), read: read.clone() };
        Some(Self::Sum(Rc::new(Sum { factors, ..Sum::clone(sum) })))
    }
}

impl Sum {
    fn over(&self, gone: &[bool]) -> Option<Self> {
        if !gone.contains(&true) {
            return Some(self.clone());
        }
        let axes = |wanted: bool| (0..self.axes).filter(move |axis| gone.get(*axis) == Some(&wanted));
        let mut order: Vec<usize> = axes(false).collect();
        let kept = order.len();
        order.extend(axes(true));
        order.extend(self.axes..self.extents.len());
        // A result of one element keeps one axis.
        let first = usize::from(kept == 0);
        let mut numbers = vec![0u8; self.extents.len()];
        for (place, label) in order.iter().enumerate() {
            numbers[*label] = (place + first) as u8;
        }
        let mut extents = vec![1; first];
        extents.extend(order.iter().map(|label| self.extents[*label]));
        let read = |read: &Read, is_first: bool| self.reordered(read, &numbers, is_first && kept == 0);
        let factors = match &self.factors {
            Factors::One(only) => Factors::One(read(only, true)),
            Factors::Two(left, right) => Factors::Two(read(left, true), read(right, false)),
            Factors::Weights { .. } => return None,
        };
        Some(Self { extents, axes: kept.max(1), factors, ..self.clone() })
    }

    /// The same read with other numbers of labels, and label 0 where it is asked for.
    fn reordered(&self, read: &Read, numbers: &[u8], with_first: bool) -> Read {
        let extent = |label: &u8| self.extents.get(usize::from(*label)).map_or(1, |extent| *extent as usize);
        let mut strides = vec![1usize; read.labels.len()];
        for place in (1..read.labels.len()).rev() {
            strides[place - 1] = strides[place] * extent(&read.labels[place]);
        }
        let number = |label: &u8| numbers.get(usize::from(*label)).copied().unwrap_or(0);
        let mut labels: Vec<(u8, usize, usize)> = read
            .labels
            .iter()
            .zip(&strides)
            .map(|(label, stride)| (number(label), extent(label), *stride))
            .collect();
        labels.sort_unstable();
        let mut places = vec![0usize];
        for (_, extent, stride) in &labels {
            let along = |place: usize| (0..*extent).map(move |value| place + value * stride);
            places = places.into_iter().flat_map(along).collect();
        }
        let indices = places.iter().filter_map(|place| read.indices.get(*place).copied()).collect();
        let own = with_first.then_some(0).into_iter().chain(labels.iter().map(|(label, ..)| *label));
        Read { tensor: read.tensor, labels: own.collect(), indices: Rc::new(indices) }
    }
}

impl Builder<'_> {
    /// What the float model has in place of a sum. Shapes: one list for each of so many samples.
    pub(super) fn sum_samples(&self, sum: &Sum, samples: usize) -> Samples {
        let count: usize =
            sum.extents.get(sum.axes..).unwrap_or(&[]).iter().map(|extent| *extent as usize).product();
        let places = |read: &Read| -> Vec<u32> {
            let mut places = vec![0usize];
            for (label, extent) in sum.extents.iter().enumerate() {
                let after = read.labels.iter().skip_while(|own| usize::from(**own) != label).skip(1);
                let has = read.labels.iter().any(|own| usize::from(*own) == label);
                let stride: usize = after.map(|own| sum.extents[usize::from(*own)] as usize).product();
                let stride = if has { stride } else { 0 };
                let along = |place: usize| (0..*extent as usize).map(move |value| place + value * stride);
                places = places.into_iter().flat_map(along).collect();
            }
            places.iter().map(|place| read.indices.get(*place).copied().unwrap_or(NOTHING)).collect()
        };
        let number = |read: &Read, sample: usize, index: u32| {
            let sample = self.tensors.get(read.tensor).and_then(|tensor| tensor.samples.get(sample));
            sample.and_then(|sample| sample.get(index as usize)).copied().unwrap_or(0.0)
        };
        let (first, other) = match &sum.factors {
            Factors::One(only) | Factors::Weights { read: only, .. } => (only, None),
            Factors::Two(left, right) => (left, Some(right)),
        };
        let (own, others) = (places(first), other.map(places));
        let product = |sample: usize, at: usize| {
            let factor = match (other, &others) {
                (Some(read), Some(places)) => number(read, sample, places[at]),
                _ => 1.0,
            };
            number(first, sample, own[at]) * factor
        };
        let element = |sample: usize, element: usize| {
            let all = element * count..(element + 1) * count;
            sum.factor * all.map(|at| product(sample, at)).sum::<f64>()
        };
        let elements = own.len() / count.max(1);
        Rc::new((0..samples).map(|sample| (0..elements).map(|at| element(sample, at)).collect()).collect())
    }
}

/// The number of each axis among those of more than one place.
pub(super) fn number(shape: &[usize], axis: usize) -> u8 {
    let before: usize =
        shape.get(..axis).map_or(0, |before| before.iter().filter(|size| **size != 1).count());
    before as u8
}

impl Value {
    /// Whether the terms are all sums, whose axes are those of the value.
    pub(super) fn is_sums(&self) -> bool {
        let axes = extents(&self.shape);
        let fits = |term: &Term| matches!(term, Term::Sum(sum) if sum.extents.get(..sum.axes) == Some(axes.as_slice()));
        !self.terms.is_empty() && self.terms.iter().all(fits)
    }
}
