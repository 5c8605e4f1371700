//! Conv and ConvTranspose, over any number of spatial axes.

use super::window::{Window, pads, places, positive};
use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Table, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor};

/// Convolutions.
pub(super) struct Convolution;

static FORMS: [Form; 2] = [
    Form::new("Conv", 2, 3)
        .attributes(&["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])
        .since(1),
    Form::new("ConvTranspose", 2, 3)
        .attributes(&[
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides",
        ])
        .since(1),
];

impl Operator for Convolution {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let sizes = Sizes::read(call)?;
        let values =
            if call.operator() == "Conv" { forward(call, &sizes)? } else { transposed(call, &sizes)? };
        let (spatial, data) = values;
        let shape = [&[sizes.batch, sizes.outputs], spatial.as_slice()].concat();
        Ok(vec![Tensor::made(call.input(0)?.element_type(), shape, Data::Float(data))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let (input, weights) = (site.input(0)?, site.input(1)?);
        let sizes = Sizes::read(&call)?;
        let output = if call.operator() == "Conv" {
            let window = Window::read(&call, sizes.spatial, sizes.kernel.to_vec())?;
            lower_forward(site, &sizes, &window, (&input, &weights))?
        } else {
            let window = transposed_window(&call, &sizes)?;
            lower_transposed(site, &sizes, &window, (&input, &weights))?
        };
        if !site.varies(2) {
            return Ok(vec![output]);
        }
        // The bias of the call was zeros.
        let bias = site.input(2)?;
        let bias =
            Value { shape: [&[sizes.outputs], vec![1; sizes.spatial.len()].as_slice()].concat(), ..bias };
        let bias = site.builder.views(&bias)?;
        let bias = site.broadcast(&bias, &output.shape)?;
        Ok(vec![output.plus(&bias, 1.0)])
    }
}

/// A convolution of a value, with the sizes, the attributes and the bias of a call.
pub(super) fn lower_call(
    site: &mut Site<'_, '_, '_>,
    call: &Call<'_>,
    input: &Value,
    weights: &[f64],
) -> Result<Value, Cause> {
    let sizes = Sizes::read(call)?;
    let window = Window::read(call, sizes.spatial, sizes.kernel.to_vec())?;
    let shape = call.input(1)?.shape().to_vec();
    let weights = Value::constant(shape, weights.to_vec(), site.samples());
    lower_forward(site, &sizes, &window, (input, &weights))
}

/// Sums of an input times a kernel, which are weights where it is constant.
fn contracted(
    site: &mut Site<'_, '_, '_>,
    labels: &Labels,
    (input, table): (&Value, &Table),
    (kernel, taps): (&Value, Table),
) -> Result<Value, Cause> {
    let Some(weights) = kernel.fixed() else {
        return site.builder.product(labels, (input, table), (kernel, &taps));
    };
    let (places, all) = taps.numbered();
    let numbers: Vec<f64> = places.iter().map(|place| place.map_or(0.0, |place| weights[place])).collect();
    site.builder.weighted(labels, (input, table), (&numbers, &all))
}

/// Sizes of a convolution: of the input [N, C, ...] and the weights [M, C / groups, ...] (transposed [C, M / groups, ...]).
struct Sizes<'c> {
    batch: usize,
    channels: usize,
    outputs: usize,
    groups: usize,
    spatial: &'c [usize],
    kernel: &'c [usize],
    bias: Option<&'c [f64]>,
}

impl<'c> Sizes<'c> {
    fn read(call: &Call<'c>) -> Result<Self, Cause> {
        let ([batch, channels, spatial @ ..], [first, second, kernel @ ..]) =
            (call.input(0)?.shape(), call.input(1)?.shape())
        else {
            return Err(call.wrong_shape(0, "[N, C, ...] with weights of as many axes"));
        };
        let got = call.attributes().integer("group", 1)?;
        let groups = usize::try_from(got).ok().filter(|&groups| groups > 0 && channels % groups == 0);
        let groups = groups.ok_or_else(|| call.unsupported("group", got, "a divisor of the channels"))?;
        let is_forward = call.operator() == "Conv";
        let (inputs, outputs) = if is_forward {
            (second.saturating_mul(groups), *first)
        } else {
            (*first, second.saturating_mul(groups))
        };
        if inputs != *channels
            || outputs % groups != 0
            || kernel.len() != spatial.len()
            || kernel.contains(&0)
        {
            return Err(call.wrong_shape(1, format!("weights for {channels} channels in {groups} groups")));
        }
        if positive(call, "kernel_shape", kernel.len(), 0)? != kernel && call.attributes().has("kernel_shape")
        {
            return Err(call.wrong_shape(1, "the attribute kernel_shape"));
        }
        let bias = call.optional_floats(2)?;
        if bias.is_some_and(|bias| bias.len() != outputs) {
            return Err(call.wrong_shape(2, format!("[{outputs}]")));
        }
        Ok(Self { batch: *batch, channels: *channels, outputs, groups, spatial, kernel, bias })
    }

    fn bias(&self, output: usize) -> f64 {
        self.bias.map_or(0.0, |bias| bias[output])
    }
}

/// Spatial sizes and numbers of an output.
type Convolved = Result<(Vec<usize>, Vec<f64>), Cause>;

fn forward(call: &Call<'_>, sizes: &Sizes<'_>) -> Convolved {
    let (values, weights) = (call.floats(0)?, call.floats(1)?);
    let window = Window::read(call, sizes.spatial, sizes.kernel.to_vec())?;
    let (plane, image): (usize, usize) = (window.output.iter().product(), sizes.spatial.iter().product());
    let elements = call.elements(&[sizes.batch, sizes.outputs, plane])?;
    let (own, each) = (sizes.channels / sizes.groups, sizes.outputs / sizes.groups);
    let kernel = window.kernel_elements();
    call.spend((elements as u64).saturating_mul((own * kernel) as u64))?;
    let mut data = vec![0.0; elements];
    let mut taps = Vec::new();
    for (at, place) in places(&window.output).enumerate() {
        window.taps(&place, &mut taps);
        for batch in 0..sizes.batch {
            for output in 0..sizes.outputs {
                let first = batch * sizes.channels + output / each * own;
                let mut sum = sizes.bias(output);
                for channel in 0..own {
                    let image = &values[(first + channel) * image..][..image];
                    let kernel = &weights[(output * own + channel) * kernel..][..kernel];
                    sum += taps.iter().map(|&(tap, from)| kernel[tap] * image[from]).sum::<f64>();
                }
                data[(batch * sizes.outputs + output) * plane + at] = sum;
            }
        }
    }
    Ok((window.output, data))
}

/// The transpose of a convolution: every entry of the input is spread over a window of the output.
fn transposed(call: &Call<'_>, sizes: &Sizes<'_>) -> Convolved {
    let (values, weights) = (call.floats(0)?, call.floats(1)?);
    let window = transposed_window(call, sizes)?;
    // In the window's terms its "output" is our input.
    let (plane, image): (usize, usize) = (window.input.iter().product(), sizes.spatial.iter().product());
    let elements = call.elements(&[sizes.batch, sizes.outputs, plane])?;
    let (own, each) = (sizes.channels / sizes.groups, sizes.outputs / sizes.groups);
    let kernel = window.kernel_elements();
    let products = (sizes.batch * sizes.channels * image) as u64;
    call.spend(products.saturating_mul((each * kernel) as u64))?;
    let mut data = vec![0.0; elements];
    for (index, entries) in data.chunks_mut(plane.max(1)).enumerate() {
        entries.fill(sizes.bias(index % sizes.outputs));
    }
    let mut taps = Vec::new();
    for (from, place) in places(&window.output).enumerate() {
        window.taps(&place, &mut taps);
        for batch in 0..sizes.batch {
            for channel in 0..sizes.channels {
                let value = values[(batch * sizes.channels + channel) * image + from];
                for output in 0..each {
                    let kernel = &weights[(channel * each + output) * kernel..][..kernel];
                    let start = (batch * sizes.outputs + channel / own * each + output) * plane;
                    taps.iter().for_each(|&(tap, to)| data[start + to] += value * kernel[tap]);
                }
            }
        }
    }
    Ok((window.input, data))
}

/// The window whose convolution is transposed.
fn transposed_window(call: &Call<'_>, sizes: &Sizes<'_>) -> Result<Window, Cause> {
    let axes = sizes.spatial.len();
    let attributes = call.attributes();
    let (strides, dilations) = (positive(call, "strides", axes, 1)?, positive(call, "dilations", axes, 1)?);
    let added = match attributes.optional_integers("output_padding")? {
        None => vec![0; axes],
        Some(added) => {
            let refused =
                || call.unsupported("output_padding", format!("{added:?}"), "one number, 0 or more, an axis");
            let value = |&value: &i64| usize::try_from(value).ok().filter(|&value| value <= 1 << 30);
            added
                .iter()
                .map(value)
                .collect::<Option<Vec<_>>>()
                .filter(|list| list.len() == axes)
                .ok_or_else(refused)?
        }
    };
    let wanted = match attributes.has("output_shape") {
        true => Some(positive(call, "output_shape", axes, 1)?),
        false => None,
    };
    let (mut before, mut after) = pads(call, axes)?;
    let auto = attributes.text("auto_pad", "NOTSET")?;
    let mut output = Vec::with_capacity(axes);
    for axis in 0..axes {
        let refused = || call.wrong_shape(0, format!("a positive size of axis {}", axis + 2));
        let reach = (sizes.kernel[axis] - 1).saturating_mul(dilations[axis]).saturating_add(1);
        let steps = sizes.spatial[axis].checked_sub(1).ok_or_else(refused)?.saturating_mul(strides[axis]);
        let full = steps.saturating_add(added[axis]).saturating_add(reach);
        let target = match (auto, &wanted) {
            (_, Some(wanted)) => Some(wanted[axis]),
            ("SAME_UPPER" | "SAME_LOWER", None) => Some(sizes.spatial[axis].saturating_mul(strides[axis])),
            ("NOTSET", None) => None,
            ("VALID", None) => {
                (before[axis], after[axis]) = (0, 0);
                None
            }
            (got, None) => {
                return Err(call.unsupported("auto_pad", got, "NOTSET, VALID, SAME_UPPER or SAME_LOWER"));
            }
        };
        if let Some(target) = target {
            let total = full.saturating_sub(target);
            let (less, more) = (total / 2, total - total / 2);
            (before[axis], after[axis]) = if auto == "SAME_UPPER" { (less, more) } else { (more, less) };
            output.push(target);
        } else {
            let size = full.checked_sub(before[axis].saturating_add(after[axis])).filter(|&size| size > 0);
            output.push(size.ok_or_else(refused)?);
        }
    }
    call.elements(&output)?;
    let kernel = sizes.kernel.to_vec();
    Ok(Window { kernel, strides, dilations, before, after, input: output, output: sizes.spatial.to_vec() })
}

/// Labels: batch, group, output channel of the group, places of the output; then input channel of the group, places of the kernel.
fn lower_forward(
    site: &mut Site<'_, '_, '_>,
    sizes: &Sizes<'_>,
    window: &Window,
    (input, weights): (&Value, &Value),
) -> Result<Value, Cause> {
    let (own, each, axes) =
        (sizes.channels / sizes.groups, sizes.outputs / sizes.groups, window.output.len());
    let shape = [&[sizes.batch, sizes.groups, each], window.output.as_slice()].concat();
    let labels = Labels::new(&shape, &[&[own], window.kernel.as_slice()].concat());
    let (places, taps) = (3..3 + axes, 4 + axes..4 + 2 * axes);
    let channel = 3 + axes;
    let read: Vec<usize> = [0, 1].into_iter().chain(places).chain([channel]).chain(taps.clone()).collect();
    let table = labels.table(&read, |values| {
        let (batch, group, own_channel) = (values[0], values[1], values[2 + axes]);
        let mut index = (batch * sizes.groups + group) * own + own_channel;
        for axis in 0..axes {
            let at =
                values[2 + axis] * window.strides[axis] + values[3 + axes + axis] * window.dilations[axis];
            let at = at.checked_sub(window.before[axis]).filter(|at| *at < window.input[axis])?;
            index = index * window.input[axis] + at;
        }
        Some(index)
    });
    // [M, C / groups, ...]: group and output channel are one axis.
    let weighted: Vec<usize> = [1, 2, channel].into_iter().chain(taps).collect();
    let weight_table = labels.axes(&weighted);
    let product = contracted(site, &labels, (input, &table), (weights, weight_table))?;
    let plane: usize = window.output.iter().product();
    let biases: Vec<f64> =
        (0..product.elements()).map(|place| sizes.bias(place / plane.max(1) % sizes.outputs)).collect();
    let product = product.offset(&biases);
    let shape = [&[sizes.batch, sizes.outputs], window.output.as_slice()].concat();
    if sizes.groups == 1 {
        // One group is an axis of one place, which is none.
        return Ok(Value { shape, ..product });
    }
    let places: Vec<u32> = (0..product.elements() as u32).collect();
    site.moved(&product, shape, &places)
}

/// A transposed convolution. A place of the output is `stride * quotient + phase`; the places of the input that it sees lie at the quotient
/// minus a distance, with weights that depend on the phase: a convolution for every phase, without the zeros in between.
///
/// Labels: batch, group, output channel of the group, quotient and phase of every axis; then input channel of the group, distances.
fn lower_transposed(
    site: &mut Site<'_, '_, '_>,
    sizes: &Sizes<'_>,
    window: &Window,
    (input, weights): (&Value, &Value),
) -> Result<Value, Cause> {
    let (own, each, axes) = (sizes.channels / sizes.groups, sizes.outputs / sizes.groups, window.input.len());
    let (mut shape, mut distances, mut nearest) =
        (vec![sizes.batch, sizes.groups, each], Vec::new(), Vec::new());
    for axis in 0..axes {
        let (stride, before) = (window.strides[axis] as i64, window.before[axis] as i64);
        let reach = ((window.kernel[axis] - 1) * window.dilations[axis]) as i64;
        // stride * distance + phase + before = tap * dilation, for phases below the stride.
        let least = -((before + stride - 1) / stride);
        let most = (reach - before).div_euclid(stride);
        shape.extend([window.input[axis].div_ceil(window.strides[axis]), window.strides[axis]]);
        // The tap 0 has a distance at some phase, so that there is one.
        distances.push((most - least + 1).max(1) as usize);
        nearest.push(least);
    }
    let labels = Labels::new(&shape, &[&[own], distances.as_slice()].concat());
    let channel = 3 + 2 * axes;
    let far = channel + 1..channel + 1 + axes;
    let read: Vec<usize> = [0, 1]
        .into_iter()
        .chain((0..axes).map(|axis| 3 + 2 * axis))
        .chain([channel])
        .chain(far.clone())
        .collect();
    let table = labels.table(&read, |values| {
        let (batch, group, own_channel) = (values[0], values[1], values[2 + axes]);
        let mut index = (batch * sizes.groups + group) * own + own_channel;
        for axis in 0..axes {
            let at = values[2 + axis] as i64 - (values[3 + axes + axis] as i64 + nearest[axis]);
            let at = usize::try_from(at).ok().filter(|at| *at < sizes.spatial[axis])?;
            index = index * sizes.spatial[axis] + at;
        }
        Some(index)
    });
    let weighted: Vec<usize> =
        [1, 2].into_iter().chain((0..axes).map(|axis| 4 + 2 * axis)).chain([channel]).chain(far).collect();
    // [C, M / groups, ...]: group and input channel are one axis.
    let picked = labels.table(&weighted, |values| {
        let mut index = (values[0] * own + values[2 + axes]) * each + values[1];
        for axis in 0..axes {
            let distance = values[3 + axes + axis] as i64 + nearest[axis];
            let tap =
                distance * window.strides[axis] as i64 + values[2 + axis] as i64 + window.before[axis] as i64;
            let tap = usize::try_from(tap).ok().filter(|tap| tap % window.dilations[axis] == 0)?;
            let tap = Some(tap / window.dilations[axis]).filter(|tap| *tap < window.kernel[axis])?;
            index = index * window.kernel[axis] + tap;
        }
        Some(index)
    });
    let product = contracted(site, &labels, (input, &table), (weights, picked))?;
    // Quotients and phases in the order of places; those beyond the last are left out.
    let plane: usize = window.input.iter().product();
    let grid: usize = shape[3..].iter().product();
    let mut from = Vec::with_capacity(sizes.batch * sizes.outputs * plane);
    let mut biases = Vec::with_capacity(from.capacity());
    for image in 0..sizes.batch * sizes.outputs {
        for place in places(&window.input) {
            let step = |index: usize, axis: usize| {
                let (quotients, stride) = (shape[3 + 2 * axis], window.strides[axis]);
                (index * quotients + place[axis] / stride) * stride + place[axis] % stride
            };
            from.push((image * grid + (0..axes).fold(0, step)) as u32);
            biases.push(sizes.bias(image % sizes.outputs));
        }
    }
    let shape = [&[sizes.batch, sizes.outputs], window.input.as_slice()].concat();
    Ok(site.moved(&product, shape, &from)?.offset(&biases))
}
