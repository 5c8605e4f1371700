//! Walks over tensors: a shape, and for each axis how far a step along it moves in the data.

/// The distance of neighbours along every axis, in row-major order.
#[must_use]
pub fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = 1isize;
    for (own, &size) in strides.iter_mut().zip(shape).rev() {
        *own = stride;
        stride = stride.saturating_mul(size as isize);
    }
    strides
}

/// The shape that two shapes broadcast to; `None` where they do not.
#[must_use]
pub fn broadcast_shape(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let size = |shape: &[usize], axis: usize| {
        (axis + shape.len()).checked_sub(rank).map_or(1, |own| shape.get(own).copied().unwrap_or(1))
    };
    (0..rank)
        .map(|axis| match (size(left, axis), size(right, axis)) {
            (left, right) if left == right => Some(left),
            (1, right) => Some(right),
            (left, 1) => Some(left),
            _ => None,
        })
        .collect()
}

/// Strides that walk a tensor of shape `from` in the shape `to`, which it broadcasts to; `None` where it does not.
#[must_use]
pub fn broadcast_strides(from: &[usize], to: &[usize]) -> Option<Vec<isize>> {
    let added = to.len().checked_sub(from.len())?;
    let mut result = vec![0; added];
    for ((&size, &target), stride) in from.iter().zip(&to[added..]).zip(strides(from)) {
        match size {
            _ if size == target => result.push(if size == 1 { 0 } else { stride }),
            1 => result.push(0),
            _ => return None,
        }
    }
    Some(result)
}

/// A walk through the data of a tensor that gives another one: a part of it, its axes in another order, repeated or
/// reversed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// How far a step along every axis of the result moves in the data.
    pub strides: Vec<isize>,
    /// Where the walk begins.
    pub start: isize,
}

impl View {
    /// The tensor of this shape as it lies.
    #[must_use]
    pub fn of(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), strides: strides(shape), start: 0 }
    }

    /// Positions in the data, in the order of the result.
    #[must_use]
    pub fn offsets(&self) -> Offsets {
        Offsets::new(&self.shape, &self.strides, self.start)
    }
}

/// Positions in the data of a walk through a shape in row-major order.
#[derive(Clone, Debug)]
pub struct Offsets {
    shape: Vec<usize>,
    strides: Vec<isize>,
    index: Vec<usize>,
    next: isize,
    left: usize,
}

impl Offsets {
    /// A walk through `shape` that begins at `start`.
    ///
    /// Shapes: one stride for every axis; a missing one counts as 0.
    /// Owes: no position is negative. One that is comes out as `usize::MAX`, which no data have.
    #[must_use]
    pub fn new(shape: &[usize], strides: &[isize], start: isize) -> Self {
        let mut strides = strides.to_vec();
        strides.resize(shape.len(), 0);
        let left = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).unwrap_or(0);
        Self { shape: shape.to_vec(), strides, index: vec![0; shape.len()], next: start, left }
    }
}

impl Iterator for Offsets {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let position = usize::try_from(self.next).unwrap_or(usize::MAX);
        let axes = self.index.iter_mut().zip(&self.shape).zip(&self.strides).rev();
        for ((index, &size), &stride) in axes {
            *index += 1;
            self.next += stride;
            if *index < size {
                break;
            }
            self.next -= stride * size as isize;
            *index = 0;
        }
        Some(position)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Offsets {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_from_the_last_axis() {
        assert_eq!(broadcast_shape(&[2, 1, 3], &[4, 1]), Some(vec![2, 4, 3]));
        assert_eq!(broadcast_shape(&[], &[5]), Some(vec![5]));
        assert_eq!(broadcast_shape(&[2], &[3]), None);
        assert_eq!(broadcast_shape(&[0], &[1]), Some(vec![0]));
        assert_eq!(broadcast_strides(&[3, 1], &[2, 3, 4]), Some(vec![0, 1, 0]));
        assert_eq!(broadcast_strides(&[3, 2], &[2]), None);
        assert_eq!(broadcast_strides(&[2], &[3]), None);
    }

    #[test]
    fn a_walk_follows_its_strides() {
        let transposed: Vec<_> = Offsets::new(&[3, 2], &[1, 3], 0).collect();
        assert_eq!(transposed, [0, 3, 1, 4, 2, 5]);
        let reversed: Vec<_> = Offsets::new(&[3], &[-1], 2).collect();
        assert_eq!(reversed, [2, 1, 0]);
        assert_eq!(Offsets::new(&[], &[], 0).collect::<Vec<_>>(), [0]);
        assert_eq!(Offsets::new(&[2, 0], &[1, 1], 0).count(), 0);
    }
}
