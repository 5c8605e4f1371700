//! From a table of indices to groups: a view is found by what it reads, whatever operators it went through.
//!
//! A table names, for every combination of labels in row-major order, the index of a source that is read ([`NOTHING`]: none). Neighbouring
//! axes of the source become one group with the labels that their index depends on. Groups that read the very same are what is
//! returned; what no such groups describe is listed.

use candor_program::class::{Group, Stride};
pub(crate) use candor_program::plan::NOTHING;

/// A label of a table: its number and exact extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) number: u8,
    pub(super) extent: u32,
    /// Whether an axis may be read under this label as a whole.
    pub(super) whole: bool,
}

/// Groups that read what the table says. Shapes: one index for every combination of the labels, which ascend.
pub(super) fn groups(labels: &[Label], extents: &[u32], table: &[u32]) -> Vec<Group> {
    let reader = Table { labels, extents, table };
    let found = reader.separate().filter(|groups| reader.reads(groups));
    found.unwrap_or_else(|| vec![reader.listed()])
}

struct Table<'a> {
    labels: &'a [Label],
    extents: &'a [u32],
    table: &'a [u32],
}

/// Axes `first..end` of the source and the labels (by position) that their joint index depends on.
struct Part {
    first: usize,
    end: usize,
    labels: Vec<usize>,
}

impl Table<'_> {
    fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1usize; self.labels.len()];
        for label in (1..self.labels.len()).rev() {
            strides[label - 1] = strides[label] * self.labels[label].extent as usize;
        }
        strides
    }

    /// Index of axes `first..end` alone, taken out of an index over all axes.
    fn share(&self, index: u32, first: usize, end: usize) -> u32 {
        let product = |extents: &[u32]| extents.iter().product::<u32>().max(1);
        index / product(&self.extents[end..]) % product(&self.extents[first..end])
    }

    /// The labels that a function of the entries depends on.
    fn depends(&self, of: impl Fn(u32) -> Option<u32>) -> Vec<usize> {
        let strides = self.strides();
        let depends = |label: &usize| {
            let (stride, extent) = (strides[*label], self.labels[*label].extent as usize);
            let pairs = (0..self.table.len()).filter(|position| position / stride % extent + 1 < extent);
            let mut pairs =
                pairs.map(|position| (of(self.table[position]), of(self.table[position + stride])));
            pairs.any(|pair| matches!(pair, (Some(left), Some(right)) if left != right))
        };
        (0..self.labels.len()).filter(depends).collect()
    }

    /// One part for every axis; parts that share a label are joined with all between them.
    fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for axis in 0..self.extents.len() {
            let labels = self.depends(|index| (index != NOTHING).then(|| self.share(index, axis, axis + 1)));
            let mut part = Part { first: axis, end: axis + 1, labels };
            while let Some(shared) =
                parts.iter().position(|other| other.labels.iter().any(|label| part.labels.contains(label)))
            {
                for other in parts.drain(shared..).rev() {
                    part.first = other.first;
                    part.labels.extend(other.labels);
                }
                part.labels.sort_unstable();
                part.labels.dedup();
            }
            parts.push(part);
        }
        parts
    }

    fn separate(&self) -> Option<Vec<Group>> {
        let mut parts = self.parts();
        self.spread_gaps(&mut parts);
        let mut groups = Vec::new();
        for part in &parts {
            groups.push(self.group(part)?);
        }
        let used: Vec<usize> = parts.iter().flat_map(|part| part.labels.clone()).collect();
        let rest: Vec<usize> = (0..self.labels.len()).filter(|label| !used.contains(label)).collect();
        for label in rest {
            groups.push(self.broadcast(label)?);
        }
        Some(groups)
    }

    /// Labels on which nothing depends but whether there is a value: the part of a single axis takes them, or nobody.
    fn spread_gaps(&self, parts: &mut [Part]) {
        if self.table.iter().all(|index| *index != NOTHING) {
            return;
        }
        let used: Vec<usize> = parts.iter().flat_map(|part| part.labels.clone()).collect();
        for part in parts.iter_mut().filter(|part| part.labels.is_empty()) {
            // An axis of which one place is read, somewhere: some label says where.
            let candidate = (0..self.labels.len()).find(|label| !used.contains(label));
            if let Some(label) = candidate
                && self.gaps(label)
            {
                part.labels.push(label);
                return;
            }
        }
    }

    /// Whether a label decides alone that there is nothing.
    fn gaps(&self, label: usize) -> bool {
        let (stride, extent) = (self.strides()[label], self.labels[label].extent as usize);
        (0..extent).any(|value| {
            let mut entries = (0..self.table.len()).filter(|position| position / stride % extent == value);
            entries.all(|position| self.table[position] == NOTHING)
        })
    }

    /// The function of a part's labels, with nothing where every entry has nothing.
    fn function(&self, part: &Part) -> Option<Vec<u32>> {
        let strides = self.strides();
        let size: usize = part.labels.iter().map(|label| self.labels[*label].extent as usize).product();
        let mut function = vec![NOTHING; size];
        for (position, index) in self.table.iter().enumerate() {
            if *index == NOTHING {
                continue;
            }
            let mut place = 0usize;
            for label in &part.labels {
                let extent = self.labels[*label].extent as usize;
                place = place * extent + position / strides[*label] % extent;
            }
            let share = self.share(*index, part.first, part.end);
            if function[place] != NOTHING && function[place] != share {
                return None;
            }
            function[place] = share;
        }
        Some(function)
    }

    fn group(&self, part: &Part) -> Option<Group> {
        let function = self.function(part)?;
        let extents = self.extents[part.first..part.end].to_vec();
        let labels: Vec<Label> = part.labels.iter().map(|label| self.labels[*label]).collect();
        if let ([label], [extent]) = (labels.as_slice(), extents.as_slice())
            && label.whole
            && label.extent == *extent
            && function.iter().enumerate().all(|(place, index)| place as u32 == *index)
        {
            return Some(Group::Axis { label: label.number });
        }
        let size = extents.iter().product::<u32>();
        Some(window(&labels, &extents, &function).unwrap_or_else(|| Group::Listed {
            extents,
            labels: labels.iter().map(|label| (label.number, label.extent)).collect(),
            indices: function.into_iter().map(|index| if index == NOTHING { size } else { index }).collect(),
        }))
    }

    /// A label that nothing is read by: every value of it that has some entry is taken.
    fn broadcast(&self, label: usize) -> Option<Group> {
        let part = Part { first: self.extents.len(), end: self.extents.len(), labels: vec![label] };
        let function = self.function(&part)?;
        let Label { number, extent, .. } = self.labels[label];
        if function.iter().all(|index| *index == 0) {
            let labels = vec![Stride { label: number, extent, stride: 0 }];
            return Some(Group::Window { extents: vec![], offset: 0, step: 1, labels });
        }
        let indices = function.into_iter().map(|index| u32::from(index == NOTHING)).collect();
        Some(Group::Listed { extents: vec![], labels: vec![(number, extent)], indices })
    }

    fn listed(&self) -> Group {
        let size = self.extents.iter().product::<u32>();
        Group::Listed {
            extents: self.extents.to_vec(),
            labels: self.labels.iter().map(|label| (label.number, label.extent)).collect(),
            indices: self.table.iter().map(|index| (*index).min(size)).collect(),
        }
    }

    /// Whether groups read exactly what the table says.
    fn reads(&self, groups: &[Group]) -> bool {
        let strides = self.strides();
        let mut after: u32 = self.extents.iter().product();
        let mut axis = 0;
        let mut indices: Vec<Option<u32>> = vec![Some(0); self.table.len()];
        for group in groups {
            let covered = &self.extents[axis..axis + group.axes()];
            axis += group.axes();
            let size = covered.iter().product::<u32>().max(1);
            after /= size;
            let list = group.indices(covered.first().copied().unwrap_or(1));
            let own = group.labels();
            let of = |number: &u8| self.labels.iter().position(|label| label.number == *number);
            let own: Vec<usize> = own.iter().filter_map(of).collect();
            for (position, index) in indices.iter_mut().enumerate() {
                let place = own.iter().fold(0usize, |place, label| {
                    let extent = self.labels[*label].extent as usize;
                    place * extent + position / strides[*label] % extent
                });
                let share = list.get(place).copied().flatten();
                *index = index.zip(share).map(|(index, share)| index + share * after);
            }
        }
        indices.iter().zip(self.table).all(|(index, table)| index.unwrap_or(NOTHING) == *table)
    }
}

/// A window with these indices, if there is one.
fn window(labels: &[Label], extents: &[u32], function: &[u32]) -> Option<Group> {
    let mut place_strides = vec![1usize; labels.len()];
    for label in (1..labels.len()).rev() {
        place_strides[label - 1] = place_strides[label] * labels[label].extent as usize;
    }
    let mut strides = Vec::with_capacity(labels.len());
    for (label, place_stride) in labels.iter().zip(&place_strides) {
        let extent = label.extent as usize;
        let pairs = (0..function.len()).filter(|place| place / place_stride % extent + 1 < extent);
        let mut steps = pairs.filter_map(|place| {
            let (left, right) = (function[place], function[place + place_stride]);
            (left != NOTHING && right != NOTHING).then(|| i64::from(right) - i64::from(left))
        });
        strides.push(i32::try_from(steps.next().unwrap_or(0)).ok()?);
    }
    let known = function.iter().position(|index| *index != NOTHING)?;
    let mut offset = i64::from(function[known]);
    for ((label, place_stride), stride) in labels.iter().zip(&place_strides).zip(&strides) {
        offset -= (known / place_stride % label.extent as usize) as i64 * i64::from(*stride);
    }
    let labels = labels.iter().zip(&strides);
    let labels =
        labels.map(|(label, stride)| Stride { label: label.number, extent: label.extent, stride: *stride });
    let offset = i32::try_from(offset).ok()?;
    let group = Group::Window { extents: extents.to_vec(), offset, step: 1, labels: labels.collect() };
    let indices = group.indices(1);
    let same = indices.len() == function.len()
        && indices.iter().zip(function).all(|(index, expected)| index.unwrap_or(NOTHING) == *expected);
    same.then_some(group)
}
