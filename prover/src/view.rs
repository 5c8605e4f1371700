//! What a contraction's operand is as a table over the variables of its instance.

use crate::multilinear::equality_table;
use ark_ff::{AdditiveGroup, One};
use candor_circuits::reading::{Axes, Challenge, Coordinates, Label, Points, Reading};
use candor_program::Fr;
use candor_program::view::{Group, padded_index};

/// A label that stays a variable: its width, and its lowest bit in the table's index.
type Kept = (usize, usize);

/// One group as a linear map: from a position of its axes to a combination of its kept labels.
struct GroupMap {
    from: usize,
    to: usize,
    /// (combination, position, weight); `None` for the identity.
    entries: Option<Vec<(usize, usize, Fr)>>,
}

/// An operand's table from its source's values. Shapes: `values` has every axis padded; the table has `2^vars` values.
///
/// Labels with coordinates at the zero-check point are folded, those at the final point are variables.
pub(crate) fn table(reading: &Reading, tau: &[Fr], values: Vec<Fr>, vars: usize) -> Vec<Fr> {
    let (mut table, mut inner) = (values, 1);
    let mut kept: Vec<Kept> = Vec::new();
    // from the last group, so that what lies behind a group is already mapped
    for axes in reading.axes.iter().rev() {
        let (map, own) = GroupMap::of(axes, tau);
        table = map.apply(&table, inner);
        inner *= map.to;
        kept.splice(0..0, own);
    }
    permute(table, &kept, vars)
}

impl GroupMap {
    fn of(axes: &Axes, tau: &[Fr]) -> (Self, Vec<Kept>) {
        match axes {
            Axes::Point(coordinates) => {
                let size = 1 << coordinates.vars;
                match coordinates.of {
                    Challenge::Final => {
                        (Self { from: size, to: size, entries: None }, vec![kept(coordinates)])
                    }
                    Challenge::Tau => {
                        let eq = equality_table(Points { tau, r: &[] }.at(coordinates));
                        let entries = eq.into_iter().enumerate().map(|(i, eq)| (0, i, eq)).collect();
                        (Self { from: size, to: 1, entries: Some(entries) }, Vec::new())
                    }
                }
            }
            Axes::View { group, axes, labels } => Self::of_view(group, axes, labels, tau),
        }
    }

    fn of_view(group: &Group, axes: &[u8], labels: &[Label], tau: &[Fr]) -> (Self, Vec<Kept>) {
        let extents = group.label_extents().unwrap_or_default();
        // weight and combination of every combination of labels
        let mut combinations = vec![(Fr::one(), 0usize)];
        let (mut own, mut width) = (Vec::new(), 0);
        for (label, extent) in labels.iter().zip(extents) {
            let extent = extent as usize;
            let steps: Vec<(Fr, usize)> = match &label.coordinates {
                None => vec![(Fr::one(), 0); extent],
                Some(Coordinates { of: Challenge::Final, vars, .. }) => {
                    width += vars;
                    (0..extent).map(|value| (Fr::one(), value)).collect()
                }
                Some(coordinates) => {
                    let eq = equality_table(Points { tau, r: &[] }.at(coordinates));
                    eq.into_iter().take(extent).map(|eq| (eq, 0)).collect()
                }
            };
            let shift = match &label.coordinates {
                Some(coordinates) if coordinates.of == Challenge::Final => {
                    own.push(kept(coordinates));
                    coordinates.vars
                }
                _ => 0,
            };
            let extend = |(weight, combination): (Fr, usize)| {
                let step =
                    move |(factor, value): &(Fr, usize)| (weight * factor, (combination << shift) + value);
                steps.iter().map(step).collect::<Vec<_>>()
            };
            combinations = combinations.into_iter().flat_map(extend).collect();
        }
        let exact = group.extents().unwrap_or(&[]);
        let entry = |((weight, combination), index): ((Fr, usize), Option<u32>)| {
            Some((combination, padded_index(index? as usize, exact, axes), weight))
        };
        let entries = combinations.into_iter().zip(group.indices(0)).filter_map(entry).collect();
        let size: u32 = axes.iter().map(|log2| u32::from(*log2)).sum();
        (Self { from: 1 << size, to: 1 << width, entries: Some(entries) }, own)
    }

    /// Maps the axis of `inner` values apart.
    fn apply(&self, table: &[Fr], inner: usize) -> Vec<Fr> {
        let Some(entries) = &self.entries else { return table.to_vec() };
        let outer = table.len() / (self.from * inner);
        let mut mapped = vec![Fr::ZERO; outer * self.to * inner];
        for (source, target) in table.chunks(self.from * inner).zip(mapped.chunks_mut(self.to * inner)) {
            for (to, from, weight) in entries {
                let values = &source[from * inner..(from + 1) * inner];
                let sums = &mut target[to * inner..(to + 1) * inner];
                if weight.is_one() {
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                } else {
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += *weight * value);
                }
            }
        }
        mapped
    }
}

fn kept(coordinates: &Coordinates) -> Kept {
    (coordinates.vars, coordinates.last - coordinates.vars)
}

/// Puts every kept label at its place in the index.
pub(crate) fn permute<T: Copy + Default>(table: Vec<T>, kept: &[Kept], vars: usize) -> Vec<T> {
    let target = |index: usize| {
        let (mut rest, mut target) = (index, 0);
        for (width, lowest) in kept.iter().rev() {
            target |= (rest & ((1 << width) - 1)) << lowest;
            rest >>= width;
        }
        target
    };
    let mut lowest = 0;
    let in_order = kept.iter().rev().all(|(width, at)| {
        let here = *at == lowest || *width == 0;
        lowest += width;
        here
    });
    if in_order && table.len() == 1 << vars {
        return table;
    }
    let mut permuted = vec![T::default(); 1 << vars];
    for (index, value) in table.into_iter().enumerate() {
        permuted[target(index)] = value;
    }
    permuted
}
