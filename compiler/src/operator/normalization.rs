//! BatchNormalization, LayerNormalization, InstanceNormalization, GroupNormalization, RMSNormalization and their kin.

use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor, View};

/// Numbers brought to mean 0 and spread 1.
pub(super) struct Normalization;

/// ONNX's default of `epsilon`, in the precision that it has there.
const EPSILON: f64 = 1e-5f32 as f64;
/// What MeanVarianceNormalization adds to the variance.
const TINY: f64 = 1e-9;

static FORMS: [Form; 9] = [
    Form::new("BatchNormalization", 5, 5)
        .attributes(&["epsilon", "momentum", "spatial", "training_mode"])
        .outputs(5),
    Form::new("GroupNormalization", 3, 3).attributes(&["epsilon", "num_groups", "stash_type"]).since(18),
    Form::new("InstanceNormalization", 3, 3).attributes(&["epsilon"]),
    Form::new("LayerNormalization", 2, 3).attributes(&["axis", "epsilon", "stash_type"]).outputs(3).since(17),
    Form::new("LRN", 1, 1).attributes(&["alpha", "beta", "bias", "size"]).since(1),
    Form::new("LpNormalization", 1, 1).attributes(&["axis", "p"]).since(1),
    Form::new("MeanVarianceNormalization", 1, 1).attributes(&["axes"]).since(9),
    Form::new("RMSNormalization", 2, 2).attributes(&["axis", "epsilon", "stash_type"]).since(23),
    // Not of ONNX's own set, but exporters write it there.
    Form::new("SimplifiedLayerNormalization", 2, 2).attributes(&["axis", "epsilon", "stash_type"]),
];

impl Operator for Normalization {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        match call.operator() {
            "BatchNormalization" => batch(call),
            "GroupNormalization" => group(call),
            "InstanceNormalization" => instance(call),
            "LRN" => local_response(call),
            "LpNormalization" => lp(call),
            "MeanVarianceNormalization" => mean_variance(call),
            _ => layer(call),
        }
    }
}

/// The output with these numbers in the input's shape.
fn like_input(call: &Call<'_>, data: Vec<f64>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    Tensor::made(input.element_type(), input.shape().to_vec(), Data::Float(data))
}

fn epsilon(call: &Call<'_>) -> Result<f64, Cause> {
    call.attributes().float("epsilon", EPSILON)
}

/// Sizes of an image's batch, channels and everything after.
fn image(call: &Call<'_>) -> Result<(usize, usize, usize), Cause> {
    match call.input(0)?.shape() {
        [batch, channels, rest @ ..] => Ok((*batch, *channels, rest.iter().product())),
        _ => Err(call.wrong_shape(0, "[N, C, ...]")),
    }
}

/// The numbers of an input with one for each of so many channels.
fn per_channel<'c>(call: &Call<'c>, index: usize, channels: usize) -> Result<&'c [f64], Cause> {
    let values = call.floats(index)?;
    if values.len() == channels { Ok(values) } else { Err(call.wrong_shape(index, format!("[{channels}]"))) }
}

/// Mean and variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count)
}

fn batch(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    if call.attributes().flag("training_mode", false)? || (1..5).any(|output| call.wants_output(output)) {
        return Err(call.unsupported("training_mode", 1, "training_mode=0 and one output"));
    }
    if !call.attributes().flag("spatial", true)? {
        return Err(call.unsupported("spatial", 0, "spatial=1"));
    }
    let values = call.floats(0)?;
    let (_, channels, inner) = match call.input(0)?.shape() {
        // One number for each channel.
        [_] => (1, 1, call.input(0)?.elements()),
        _ => image(call)?,
    };
    let [scale, bias] = [per_channel(call, 1, channels)?, per_channel(call, 2, channels)?];
    let [mean, variance] = [per_channel(call, 3, channels)?, per_channel(call, 4, channels)?];
    let epsilon = epsilon(call)?;
    let entry = |(index, value): (usize, &f64)| {
        let channel = index / inner % channels;
        (value - mean[channel]) / (variance[channel] + epsilon).sqrt() * scale[channel] + bias[channel]
    };
    let data = values.iter().enumerate().map(entry).collect();
    let mut outputs = vec![like_input(call, data)?];
    outputs.extend((1..5).filter_map(|index| call.optional(index).cloned()));
    Ok(outputs)
}

fn instance(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let (_, channels, inner) = image(call)?;
    let (scale, bias) = (per_channel(call, 1, channels)?, per_channel(call, 2, channels)?);
    let epsilon = epsilon(call)?;
    let mut data = call.floats(0)?.to_vec();
    for (index, plane) in data.chunks_mut(inner.max(1)).enumerate() {
        let (mean, variance) = moments(plane);
        let channel = index % channels;
        let factor = scale[channel] / (variance + epsilon).sqrt();
        plane.iter_mut().for_each(|value| *value = (*value - mean) * factor + bias[channel]);
    }
    Ok(vec![like_input(call, data)?])
}

fn group(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let (_, channels, inner) = image(call)?;
    let got = call.attributes().required_integer("num_groups")?;
    let groups = usize::try_from(got).ok().filter(|&groups| groups > 0 && channels % groups == 0);
    let groups = groups.ok_or_else(|| call.unsupported("num_groups", got, "a divisor of the channels"))?;
    // One number for each channel since operator set 21, for each group before.
    let is_per_channel = call.floats(1)?.len() == channels;
    let count = if is_per_channel { channels } else { groups };
    let (scale, bias) = (per_channel(call, 1, count)?, per_channel(call, 2, count)?);
    let epsilon = epsilon(call)?;
    let mut data = call.floats(0)?.to_vec();
    let size = channels / groups * inner;
    for (index, members) in data.chunks_mut(size.max(1)).enumerate() {
        let (mean, variance) = moments(members);
        let own = index % groups;
        for (offset, value) in members.iter_mut().enumerate() {
            let at = if is_per_channel { own * (channels / groups) + offset / inner.max(1) } else { own };
            *value = (*value - mean) / (variance + epsilon).sqrt() * scale[at] + bias[at];
        }
    }
    Ok(vec![like_input(call, data)?])
}

/// LayerNormalization, and RMSNormalization, which leaves the mean in place.
fn layer(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let input = call.input(0)?;
    let axis = call.axis(call.attributes().integer("axis", -1)?, input.rank())?;
    let is_centred = call.operator() == "LayerNormalization";
    let (outer, inner) = input.shape().split_at(axis);
    let size: usize = inner.iter().product();
    let parameter = |index: usize| match call.optional(index) {
        None => Ok(None),
        Some(tensor) => {
            let refused = || call.wrong_shape(index, format!("one that broadcasts to {:?}", input.shape()));
            Ok(Some(tensor.broadcast(input.shape()).ok_or_else(refused)?))
        }
    };
    let (scale, bias) = (parameter(1)?, parameter(2)?);
    let float = |tensor: &Option<Tensor>, at: usize, default: f64| {
        tensor.as_ref().and_then(Tensor::as_floats).map_or(default, |values| values[at])
    };
    let epsilon = epsilon(call)?;
    let mut data = call.floats(0)?.to_vec();
    let (mut means, mut inverses) = (Vec::new(), Vec::new());
    for (row, values) in data.chunks_mut(size.max(1)).enumerate() {
        let (mut mean, mut variance) = moments(values);
        if !is_centred {
            (mean, variance) = (0.0, values.iter().map(|value| value * value).sum::<f64>() / size as f64);
        }
        let inverse = 1.0 / (variance + epsilon).sqrt();
        for (index, value) in values.iter_mut().enumerate() {
            let at = row * size + index;
            *value = (*value - mean) * inverse * float(&scale, at, 1.0) + float(&bias, at, 0.0);
        }
        means.push(mean);
        inverses.push(inverse);
    }
    let mut outputs = vec![like_input(call, data)?];
    if is_centred {
        let shape = [outer, &vec![1; inner.len()]].concat();
        for values in [means, inverses] {
            outputs.push(Tensor::made(input.element_type(), shape.clone(), Data::Float(values))?);
        }
    }
    Ok(outputs)
}

/// Every number over a power of the squares of its neighbours among the channels.
fn local_response(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let (_, channels, inner) = image(call)?;
    let size = call.attributes().required_integer("size")?;
    if size < 1 {
        return Err(call.unsupported("size", size, "1 or more"));
    }
    let (alpha, beta) =
        (call.attributes().float("alpha", f64::from(1e-4f32))?, call.attributes().float("beta", 0.75)?);
    let bias = call.attributes().float("bias", 1.0)?;
    let values = call.floats(0)?;
    let (below, above) = (((size - 1) / 2) as usize, (size / 2) as usize);
    call.spend((values.len() as u64).saturating_mul(channels.min(size as usize) as u64))?;
    let entry = |(index, value): (usize, &f64)| {
        let channel = index / inner % channels;
        let first = channel.saturating_sub(below);
        let last = channel.saturating_add(above).min(channels - 1);
        let start = index - channel * inner;
        let squares = (first..=last).map(|other| values[start + other * inner]).map(|value| value * value);
        value / (bias + alpha / size as f64 * squares.sum::<f64>()).powf(beta)
    };
    Ok(vec![like_input(call, values.iter().enumerate().map(entry).collect())?])
}

/// Groups of entries along one axis: their starts, the step and the number.
fn lanes(shape: &[usize], axis: usize) -> (View, usize) {
    let mut starts = View::of(shape);
    let step = starts.strides[axis] as usize;
    starts.shape[axis] = usize::from(shape[axis] > 0);
    (starts, step)
}

fn lp(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let shape = call.input(0)?.shape();
    let axis = call.axis(call.attributes().integer("axis", -1)?, shape.len())?;
    let order = call.attributes().integer("p", 2)?;
    let mut data = call.floats(0)?.to_vec();
    let (starts, step) = lanes(shape, axis);
    for start in starts.offsets() {
        let lane = || (0..shape[axis]).map(move |index| start + index * step);
        let norm = match order {
            1 => lane().map(|at| data[at].abs()).sum::<f64>(),
            2 => lane().map(|at| data[at] * data[at]).sum::<f64>().sqrt(),
            got => return Err(call.unsupported("p", got, "1 or 2")),
        };
        // A row of zeros stays one.
        lane().for_each(|at| data[at] = if norm == 0.0 { 0.0 } else { data[at] / norm });
    }
    Ok(vec![like_input(call, data)?])
}

fn mean_variance(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let shape = call.input(0)?.shape();
    let axes = call.attributes().optional_integers("axes")?.unwrap_or(&[0, 2, 3]);
    let axes = call.axes(axes, shape.len())?;
    let (mut starts, mut members) = (View::of(shape), View::of(shape));
    for axis in 0..shape.len() {
        if axes.contains(&axis) { starts.shape[axis] = 1 } else { members.shape[axis] = 1 }
    }
    let members: Vec<usize> = members.offsets().collect();
    let mut data = call.floats(0)?.to_vec();
    if data.is_empty() {
        return Ok(vec![like_input(call, data)?]);
    }
    for start in starts.offsets() {
        let values: Vec<f64> = members.iter().map(|member| data[start + member]).collect();
        let (mean, variance) = moments(&values);
        for (member, value) in members.iter().zip(values) {
            data[start + member] = (value - mean) / (variance.sqrt() + TINY);
        }
    }
    Ok(vec![like_input(call, data)?])
}
