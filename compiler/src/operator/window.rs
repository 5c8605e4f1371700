//! Where windows lie: kernels, strides, dilations and padding of convolutions and pooling.

use super::Call;
use crate::onnx::Cause;
use crate::tensor::strides;

/// A window that slides over the spatial axes of a tensor [N, C, ...].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    /// What is added before each axis.
    pub(super) before: Vec<usize>,
    /// What is added after each axis.
    pub(super) after: Vec<usize>,
    /// Spatial sizes of the input.
    pub(super) input: Vec<usize>,
    /// Spatial sizes of the output.
    pub(super) output: Vec<usize>,
}

/// Positive numbers of an attribute, one for every spatial axis; `default` where it is absent.
pub(super) fn positive(
    call: &Call<'_>,
    name: &str,
    axes: usize,
    default: usize,
) -> Result<Vec<usize>, Cause> {
    let Some(values) = call.attributes().optional_integers(name)? else { return Ok(vec![default; axes]) };
    let refused =
        || call.unsupported(name, format!("{values:?}"), "one positive number for every spatial axis");
    let value = |&value: &i64| usize::try_from(value).ok().filter(|&value| value > 0 && value <= 1 << 30);
    let sizes = values.iter().map(value).collect::<Option<Vec<usize>>>().ok_or_else(refused)?;
    if sizes.len() == axes { Ok(sizes) } else { Err(refused()) }
}

/// The attribute `pads`: what is added before and after each axis.
pub(super) fn pads(call: &Call<'_>, axes: usize) -> Result<(Vec<usize>, Vec<usize>), Cause> {
    let Some(values) = call.attributes().optional_integers("pads")? else {
        return Ok((vec![0; axes], vec![0; axes]));
    };
    let refused =
        || call.unsupported("pads", format!("{values:?}"), "two numbers, 0 or more, for every spatial axis");
    let value = |&value: &i64| usize::try_from(value).ok().filter(|&value| value <= 1 << 30);
    let sizes = values.iter().map(value).collect::<Option<Vec<usize>>>().ok_or_else(refused)?;
    if sizes.len() != 2 * axes {
        return Err(refused());
    }
    let (before, after) = sizes.split_at(axes);
    Ok((before.to_vec(), after.to_vec()))
}

impl Window {
    /// The window of a convolution or pooling: attributes `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.
    pub(super) fn read(call: &Call<'_>, input: &[usize], kernel: Vec<usize>) -> Result<Self, Cause> {
        let axes = input.len();
        let (strides, dilations) =
            (positive(call, "strides", axes, 1)?, positive(call, "dilations", axes, 1)?);
        let (mut before, mut after) = pads(call, axes)?;
        let ceil = call.attributes().flag("ceil_mode", false)?;
        let auto = call.attributes().text("auto_pad", "NOTSET")?;
        let mut output = Vec::with_capacity(axes);
        for axis in 0..axes {
            let (size, stride) = (input[axis], strides[axis]);
            let reach = (kernel[axis].saturating_sub(1)).saturating_mul(dilations[axis]).saturating_add(1);
            let refused =
                || call.wrong_shape(0, format!("a window of {reach} that fits into axis {}", axis + 2));
            match auto {
                "NOTSET" => {}
                "VALID" => (before[axis], after[axis]) = (0, 0),
                "SAME_UPPER" | "SAME_LOWER" => {
                    let count = size.div_ceil(stride);
                    let needed = (count.saturating_sub(1)).saturating_mul(stride).saturating_add(reach);
                    let total = needed.saturating_sub(size);
                    let (less, more) = (total / 2, total - total / 2);
                    (before[axis], after[axis]) =
                        if auto == "SAME_UPPER" { (less, more) } else { (more, less) };
                }
                got => {
                    return Err(call.unsupported("auto_pad", got, "NOTSET, VALID, SAME_UPPER or SAME_LOWER"));
                }
            }
            let room = (size + before[axis] + after[axis]).checked_sub(reach).ok_or_else(refused)?;
            let mut count = room / stride + 1;
            // A window that begins in the padding after the input is left out.
            if ceil && room % stride != 0 && count * stride < size + before[axis] {
                count += 1;
            }
            output.push(count);
        }
        call.elements(&output)?;
        Ok(Self { kernel, strides, dilations, before, after, input: input.to_vec(), output })
    }

    /// The entries of the kernel that lie in the input, for the window at this place of the output: place in the kernel
    /// and place in the input, both row-major.
    pub(super) fn taps(&self, output: &[usize], taps: &mut Vec<(usize, usize)>) {
        taps.clear();
        taps.push((0, 0));
        let (kernel_strides, input_strides) = (strides(&self.kernel), strides(&self.input));
        for (axis, &at) in output.iter().enumerate() {
            let (kernel_stride, input_stride) = (kernel_strides[axis] as usize, input_strides[axis] as usize);
            let mut next = Vec::new();
            for &(kernel, input) in taps.iter() {
                for offset in 0..self.kernel[axis] {
                    let place = at * self.strides[axis] + offset * self.dilations[axis];
                    if let Some(place) = place.checked_sub(self.before[axis])
                        && place < self.input[axis]
                    {
                        next.push((kernel + offset * kernel_stride, input + place * input_stride));
                    }
                }
            }
            *taps = next;
        }
    }

    /// Number of entries of the kernel.
    pub(super) fn kernel_elements(&self) -> usize {
        self.kernel.iter().fold(1, |product: usize, &size| product.saturating_mul(size))
    }
}

/// All places of a shape in row-major order.
pub(super) fn places(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let steps = strides(shape);
    let count: usize = shape.iter().product();
    (0..count).map(move |flat| {
        shape.iter().zip(&steps).map(|(&size, &step)| flat / step as usize % size.max(1)).collect()
    })
}
