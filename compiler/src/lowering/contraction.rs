//! Contractions: sums over labels of weights times a value, or of two values.
//!
//! Labels are the axes of the result, then what is summed over. An operand is given as a table: for every combination of its labels in
//! row-major order the place of an element, [`NOTHING`] for a zero. That is a matrix product as well as a convolution's windows.

use super::builder::Builder;
use super::value::{Factors, Read, Samples, Sum, Term, Value, View};
use super::view::NOTHING;
use crate::onnx::Cause;

use std::rc::Rc;

/// Labels of a contraction.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    /// Shape of the result: the first labels.
    pub(crate) shape: Vec<usize>,
    /// Extents of the labels summed over.
    pub(crate) summed: Vec<usize>,
}

/// An operand under labels.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Labels, ascending.
    pub(crate) labels: Vec<usize>,
    /// Place of an element for every combination of them.
    pub(crate) places: Vec<u32>,
}

impl Labels {
    pub(crate) fn new(shape: &[usize], summed: &[usize]) -> Self {
        Self { shape: shape.to_vec(), summed: summed.to_vec() }
    }

    pub(crate) fn extent(&self, label: usize) -> usize {
        let summed = label.checked_sub(self.shape.len()).and_then(|label| self.summed.get(label));
        self.shape.get(label).or(summed).copied().unwrap_or(1)
    }

    fn count(&self) -> usize {
        self.shape.len() + self.summed.len()
    }

    /// The table of an operand whose place is a function of the labels' values, in the order of `labels` (which ascend).
    pub(crate) fn table(&self, labels: &[usize], place: impl Fn(&[usize]) -> Option<usize>) -> Table {
        let extents: Vec<usize> = labels.iter().map(|label| self.extent(*label)).collect();
        let size = extents.iter().product();
        let mut values = vec![0usize; labels.len()];
        let mut places = Vec::with_capacity(size);
        for _ in 0..size {
            places.push(place(&values).map_or(NOTHING, |place| place as u32));
            for (value, extent) in values.iter_mut().zip(&extents).rev() {
                *value += 1;
                if *value < *extent {
                    break;
                }
                *value = 0;
            }
        }
        Table { labels: labels.to_vec(), places }
    }

    /// The table of an operand whose axes are these labels, in any order, each once.
    pub(crate) fn axes(&self, labels: &[usize]) -> Table {
        let mut ascending = labels.to_vec();
        ascending.sort_unstable();
        let position: Vec<usize> = labels
            .iter()
            .map(|label| ascending.iter().position(|other| other == label).unwrap_or(0))
            .collect();
        self.table(&ascending, |values| {
            let step = |place: usize, (label, position): (&usize, &usize)| {
                place * self.extent(*label) + values[*position]
            };
            Some(labels.iter().zip(&position).fold(0, step))
        })
    }

    /// Numbers of the labels that are left where those of extent 1 are gone. A result of one element keeps one axis.
    fn kept(&self) -> (Vec<Option<u8>>, Vec<u32>, usize) {
        let (mut numbers, mut extents, mut axes) = (Vec::new(), Vec::new(), 0);
        let scalar = self.shape.iter().all(|extent| *extent == 1);
        if scalar {
            extents.push(1);
            axes = 1;
        }
        for label in 0..self.count() {
            let extent = self.extent(label);
            if extent == 1 {
                numbers.push(None);
                continue;
            }
            numbers.push(Some(extents.len() as u8));
            extents.push(extent as u32);
            axes += usize::from(label < self.shape.len());
        }
        (numbers, extents, axes)
    }
}

impl Table {
    /// The place for every combination, and the table under which a list of as many numbers has one for each.
    pub(crate) fn numbered(self) -> (Vec<Option<usize>>, Self) {
        let place = |place: &u32| (*place != NOTHING).then_some(*place as usize);
        let places = self.places.iter().map(place).collect();
        (places, Self { places: (0..self.places.len() as u32).collect(), labels: self.labels })
    }

    fn read(&self, view: &View, numbers: &[Option<u8>], scalar: bool) -> Read {
        let index = |place: &u32| view.indices.get(*place as usize).copied().unwrap_or(NOTHING);
        let labels = self.labels.iter().filter_map(|label| numbers.get(*label).copied().flatten());
        let labels = scalar.then_some(0).into_iter().chain(labels).collect();
        Read { tensor: view.tensor, labels, indices: Rc::new(self.places.iter().map(index).collect()) }
    }
}

/// Sums of products of floats. Shapes: one value a combination of its table's labels; `None` counts as ones.
fn contract(labels: &Labels, left: Option<(&Table, &[f64])>, right: (&Table, &[f64])) -> Vec<f64> {
    let shares = |table: &Table, first: usize, last: usize| -> Vec<usize> {
        let mut strides = vec![0usize; labels.count()];
        let mut stride = 1;
        for label in table.labels.iter().rev() {
            strides[*label] = stride;
            stride *= labels.extent(*label);
        }
        let mut shares = vec![0usize];
        for (label, stride) in strides.iter().enumerate().take(last).skip(first) {
            let steps = |share: usize| (0..labels.extent(label)).map(move |value| share + value * stride);
            shares = shares.into_iter().flat_map(steps).collect();
        }
        shares
    };
    let (axes, all) = (labels.shape.len(), labels.count());
    let value = |(table, values): (&Table, &[f64]), place: usize| match table.places[place] {
        NOTHING => 0.0,
        place => values[place as usize],
    };
    let (outer, inner) = (shares(right.0, 0, axes), shares(right.0, axes, all));
    let lefts = left.map(|(table, _)| (shares(table, 0, axes), shares(table, axes, all)));
    let element = |element: usize| {
        let mut sum = 0.0;
        for (position, share) in inner.iter().enumerate() {
            let factor = match (&left, &lefts) {
                (Some(left), Some((outer, inner))) => value(*left, outer[element] + inner[position]),
                _ => 1.0,
            };
            sum += factor * value(right, outer[element] + share);
        }
        sum
    };
    (0..outer.len()).map(element).collect()
}

impl Builder<'_> {
    /// Sums of weights times a value.
    pub(crate) fn weighted(
        &mut self,
        labels: &Labels,
        (value, table): (&Value, &Table),
        (weights, weight_table): (&[f64], &Table),
    ) -> Result<Value, Cause> {
        let value =
            if value.is_views() && value.terms.len() <= 4 { value.clone() } else { self.single(value)?.0 };
        let (numbers, extents, axes) = labels.kept();
        let scalar = labels.shape.iter().all(|extent| *extent == 1);
        let kept = weight_table.labels.iter().filter(|label| **label < labels.shape.len());
        let kept = kept.filter_map(|label| numbers.get(*label).copied().flatten());
        let weight_labels: Vec<u8> = scalar.then_some(0).into_iter().chain(kept).collect();
        let picked: Vec<f64> = weight_table.places.iter().map(|place| weights[*place as usize]).collect();
        let picked = Rc::new(self.whole(labels, weight_table, picked));
        let terms = value.terms.iter().filter_map(|term| match term {
            Term::View(view) => Some(Term::Sum(Rc::new(Sum {
                node: self.node.clone(),
                extents: extents.clone(),
                axes,
                factors: Factors::Weights {
                    labels: weight_labels.clone(),
                    weights: Rc::clone(&picked),
                    read: table.read(view, &numbers, false),
                },
                factor: view.factor,
            }))),
            Term::Sum(_) => None,
        });
        let of = |values: &[f64]| contract(labels, Some((weight_table, weights)), (table, values));
        Ok(Value {
            shape: labels.shape.clone(),
            terms: terms.collect(),
            constant: if value.constant.is_empty() { vec![] } else { of(&value.constant) },
            samples: samples(&value.samples, of),
        })
    }

    /// Weights have every label that is summed over; those that they have not are repeated.
    fn whole(&self, labels: &Labels, table: &Table, picked: Vec<f64>) -> Vec<f64> {
        let axes = labels.shape.len();
        let summed: Vec<usize> = (axes..labels.count()).collect();
        if summed.iter().all(|label| table.labels.contains(label)) {
            return picked;
        }
        let mut all: Vec<usize> = table.labels.iter().copied().filter(|label| *label < axes).collect();
        all.extend(summed);
        let own = labels.table(&all, |values| {
            let of = |label: &usize| all.iter().position(|other| other == label).map_or(0, |at| values[at]);
            Some(table.labels.iter().fold(0, |place, label| place * labels.extent(*label) + of(label)))
        });
        own.places.iter().map(|place| picked[*place as usize]).collect()
    }

    /// Sums of a value alone.
    pub(crate) fn summed(
        &mut self,
        labels: &Labels,
        (value, table): (&Value, &Table),
    ) -> Result<Value, Cause> {
        let value = self.views(value)?;
        let (numbers, extents, axes) = labels.kept();
        let scalar = labels.shape.iter().all(|extent| *extent == 1);
        let terms = value.terms.iter().filter_map(|term| match term {
            Term::View(view) => Some(Term::Sum(Rc::new(Sum {
                node: self.node.clone(),
                extents: extents.clone(),
                axes,
                factors: Factors::One(table.read(view, &numbers, scalar)),
                factor: view.factor,
            }))),
            Term::Sum(_) => None,
        });
        let of = |values: &[f64]| contract(labels, None, (table, values));
        Ok(Value {
            shape: labels.shape.clone(),
            terms: terms.collect(),
            constant: if value.constant.is_empty() { vec![] } else { of(&value.constant) },
            samples: samples(&value.samples, of),
        })
    }

    /// Sums of a value alone whose terms have been summed already.
    pub(super) fn summed_terms(
        &self,
        labels: &Labels,
        (value, table): (&Value, &Table),
        terms: Vec<Term>,
    ) -> Value {
        let of = |values: &[f64]| contract(labels, None, (table, values));
        Value {
            shape: labels.shape.clone(),
            terms,
            constant: if value.constant.is_empty() { vec![] } else { of(&value.constant) },
            samples: samples(&value.samples, of),
        }
    }

    /// Sums of products of two values.
    pub(crate) fn product(
        &mut self,
        labels: &Labels,
        (left, left_table): (&Value, &Table),
        (right, right_table): (&Value, &Table),
    ) -> Result<Value, Cause> {
        let (left, left_view) = self.single(left)?;
        let (right, right_view) = self.single(right)?;
        let of = |(left, right): (&Vec<f64>, &Vec<f64>)| {
            contract(labels, Some((left_table, left)), (right_table, right))
        };
        let samples: Samples = Rc::new(left.samples.iter().zip(right.samples.iter()).map(of).collect());
        let (numbers, extents, axes) = labels.kept();
        let scalar = labels.shape.iter().all(|extent| *extent == 1);
        let sum = Sum {
            node: self.node.clone(),
            extents,
            axes,
            factors: Factors::Two(
                left_table.read(&left_view, &numbers, scalar),
                right_table.read(&right_view, &numbers, false),
            ),
            factor: left_view.factor * right_view.factor,
        };
        Ok(Value {
            shape: labels.shape.clone(),
            terms: vec![Term::Sum(Rc::new(sum))],
            constant: vec![],
            samples,
        })
    }
}

fn samples(samples: &Samples, of: impl Fn(&[f64]) -> Vec<f64>) -> Samples {
    Rc::new(samples.iter().map(|sample| of(sample)).collect())
}
