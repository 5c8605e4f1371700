//! Scales and zero points, of a whole tensor, of one axis or of blocks along it, and the arithmetic that they stand for: single precision,
//! halves to even, saturation.

use crate::onnx::Cause;
use crate::operator::Call;
use crate::tensor::{ElementType, strides};

/// Which scale belongs to which element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Spread {
    /// One for the whole tensor.
    Tensor,
    /// One for every place of an axis: its extent, and the number of elements of one place.
    Axis { extent: usize, inner: usize },
    /// One for every block along an axis: in the order of the scale's own elements.
    Blocks { shape: Vec<usize>, axis: usize, size: usize, scales: usize },
}

impl Spread {
    /// How the scale at input `index` is spread over input 0. A scale of one number is one for the whole tensor.
    pub(super) fn read(call: &Call<'_>, index: usize) -> Result<Self, Cause> {
        let (shape, scale) = (call.input(0)?.shape(), call.input(index)?);
        let size = call.attributes().integer("block_size", 0)?;
        if scale.elements() == 1 && scale.rank() <= 1 && size == 0 {
            return Ok(Self::Tensor);
        }
        let axis = call.axis(call.attributes().integer("axis", 1)?, shape.len())?;
        if size == 0 {
            if scale.shape() != [shape[axis]] {
                return Err(call.wrong_shape(index, format!("one number, or [{}]", shape[axis])));
            }
            let inner = shape[axis + 1..].iter().product();
            return Ok(Self::Axis { extent: shape[axis], inner });
        }
        let refused = || call.unsupported("block_size", size, "a positive number that the axis is cut into");
        let size = usize::try_from(size).ok().filter(|size| *size > 0).ok_or_else(refused)?;
        let mut expected = shape.to_vec();
        expected[axis] = shape[axis].div_ceil(size);
        if scale.shape() != expected {
            return Err(call.wrong_shape(index, format!("{expected:?}")));
        }
        Ok(Self::Blocks { shape: shape.to_vec(), axis, size, scales: expected[axis] })
    }

    /// Number of the scale that an element has.
    pub(super) fn of(&self, element: usize) -> usize {
        match self {
            Self::Tensor => 0,
            Self::Axis { extent, inner } => element / inner.max(&1) % extent.max(&1),
            Self::Blocks { shape, axis, size, scales } => {
                let inner = strides(shape)[*axis] as usize;
                let (outer, rest) = (element / (inner * shape[*axis]), element % (inner * shape[*axis]));
                (outer * scales + rest / inner / size) * inner + rest % inner
            }
        }
    }
}

/// Scales as single precision has them.
///
/// Errors: [`Cause::ElementType`]; [`Cause::Value`] for one that is not positive.
pub(super) fn scales(call: &Call<'_>, index: usize) -> Result<Vec<f32>, Cause> {
    let scale = |scale: &f64| {
        let refused = || Cause::Value { tensor: call.label(index), got: scale.to_string() };
        if *scale > 0.0 && scale.is_finite() { Ok(*scale as f32) } else { Err(refused()) }
    };
    call.floats(index)?.iter().map(scale).collect()
}

/// Zero points, as many as scales; zeros where they are left out.
pub(super) fn zero_points(call: &Call<'_>, index: usize, scales: usize) -> Result<Vec<i64>, Cause> {
    let Some(points) = call.optional_integers(index)? else { return Ok(vec![0; scales]) };
    match points {
        [point] => Ok(vec![*point; scales]),
        points if points.len() == scales => Ok(points.to_vec()),
        _ => Err(call.wrong_shape(index, "the shape of the scale")),
    }
}

/// Lowest and highest integer of a type of 16 bits or fewer.
pub(super) fn limits(element_type: ElementType) -> Option<(i64, i64)> {
    let (least, most) = element_type.integer_range()?;
    (most - least <= 0xffff).then_some((least as i64, most as i64))
}

/// `x / scale`, rounded to the nearest, halves to even, plus the zero point, kept within the type. NaN becomes the zero point.
pub(super) fn quantised(x: f64, scale: f32, zero: i64, (least, most): (i64, i64)) -> i64 {
    within(x as f32 / scale, zero, (least, most))
}

/// `(x - zero) * scale`
pub(super) fn dequantised(x: i64, scale: f32, zero: i64) -> f64 {
    f64::from((x - zero) as f32 * scale)
}

/// An accumulator at a new scale: its product with the ratio in single precision, then as [`quantised`].
pub(super) fn requantised(accumulator: i64, ratio: f32, zero: i64, limits: (i64, i64)) -> i64 {
    within(accumulator as f32 * ratio, zero, limits)
}

fn within(x: f32, zero: i64, (least, most): (i64, i64)) -> i64 {
    // A float beyond any integer saturates in the cast; NaN becomes 0.
    (x.round_ties_even() as i64).saturating_add(zero).clamp(least, most)
}
