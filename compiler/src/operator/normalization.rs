//! BatchNormalization, LayerNormalization, InstanceNormalization, GroupNormalization, RMSNormalization and their kin.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Value};
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

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let input = site.input(0)?;
        match site.call.operator() {
            "BatchNormalization" => Ok(vec![lower_batch(site, &input)?]),
            "GroupNormalization" | "InstanceNormalization" => Ok(vec![lower_groups(site, &input)?]),
            "LRN" => Ok(vec![lower_local_response(site, &input)?]),
            "LpNormalization" => Ok(vec![lower_lp(site, &input)?]),
            "MeanVarianceNormalization" => {
                let axes = site.call.attributes().optional_integers("axes")?.unwrap_or(&[0, 2, 3]);
                let axes = site.call.axes(axes, input.shape.len())?;
                let spread = |variance: f64| variance.max(0.0).sqrt() + TINY;
                Ok(vec![
                    Spread { axes, is_centred: true, scale: None, bias: None }
                        .lower(site, &input, &spread)?
                        .0,
                ])
            }
            _ => lower_layer(site, &input),
        }
    }
}

/// What a normalisation does beside dividing by the spread.
struct Spread {
    /// What is normalised together.
    axes: Vec<usize>,
    /// Whether the mean is taken off.
    is_centred: bool,
    /// Factors, broadcast to the input's shape.
    scale: Option<Value>,
    /// Summands, broadcast to the input's shape.
    bias: Option<Value>,
}

impl Spread {
    /// `(x - mean) * scale / spread(variance) + bias`, with the mean and the spread's inverse. The variance is a sum of products of exact
    /// integers; the inverse of its spread is one table; scaling comes before the division, so that nothing is rounded in between.
    fn lower(
        self,
        site: &mut Site<'_, '_, '_>,
        input: &Value,
        spread: &dyn Fn(f64) -> f64,
    ) -> Result<(Value, Value, Value), Cause> {
        let count: usize = self.axes.iter().map(|axis| input.shape[*axis]).product();
        let input = site.builder.views(input)?;
        let (centred, mean) = if self.is_centred {
            let mean = site.sum(&input, &self.axes)?.times(1.0 / count.max(1) as f64);
            let mean = site.within(&mean, &input)?;
            (input.plus(&site.broadcast(&mean, &input.shape)?, -1.0), mean)
        } else {
            let mean = Value::constant(vec![], vec![0.0], site.samples());
            (input.clone(), mean)
        };
        let single = site.builder.single(&centred)?.0;
        let variance = site.sum_of_squares(&single, &self.axes)?.times(1.0 / count.max(1) as f64);
        // Where nothing varies there is nothing to divide.
        let inverse = site.falling(&variance, &|variance| 1.0 / spread(variance))?;
        let inverse = site.builder.single(&inverse)?.0;
        let scaled = match &self.scale {
            Some(scale) if scale.terms.is_empty() => site.times(&centred, scale)?,
            Some(scale) => site.times(&single, scale)?,
            None => single,
        };
        let scaled = site.builder.single(&scaled)?.0;
        let wide = site.broadcast(&inverse, &input.shape)?;
        let result = site.times(&scaled, &wide)?;
        let result = match &self.bias {
            Some(bias) => result.plus(bias, 1.0),
            None => result,
        };
        Ok((result, mean, inverse))
    }
}

/// Constant statistics: a factor and a summand for every channel.
fn lower_batch(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let (channels, inner) = match input.shape.as_slice() {
        [_] => (1, input.elements()),
        [_, channels, rest @ ..] => (*channels, rest.iter().product()),
        [] => return Err(site.call.wrong_shape(0, "[N, C, ...]")),
    };
    let fixed =
        |index: usize| site.fixed(index).ok_or_else(|| Cause::NotConstant { tensor: site.call.label(index) });
    let (scale, bias, mean, variance) = (fixed(1)?, fixed(2)?, fixed(3)?, fixed(4)?);
    let epsilon = epsilon(&site.call)?;
    let factor = |channel: usize| scale[channel] / (variance[channel] + epsilon).sqrt();
    let of = |of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..input.elements()).map(|place| of(place / inner % channels)).collect()
    };
    let factors = of(&factor);
    let offsets = of(&|channel| bias[channel] - mean[channel] * factor(channel));
    Ok(site.scaled(input, &factors)?.offset(&offsets))
}

/// InstanceNormalization and GroupNormalization: some channels of one image together.
fn lower_groups(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let (batch, channels, inner) = image(&site.call)?;
    let groups = if site.call.operator() == "GroupNormalization" {
        usize::try_from(site.call.attributes().required_integer("num_groups")?).unwrap_or(channels)
    } else {
        channels
    };
    let (epsilon, size) = (epsilon(&site.call)?, channels / groups.max(1));
    let shape = [batch, groups, size, inner];
    let parameter = |site: &mut Site<'_, '_, '_>, index: usize| {
        let own = site.input(index)?;
        let is_per_group = own.elements() == groups && groups != channels;
        let place = |place: usize| {
            let channel = place / inner % channels;
            (if is_per_group { channel / size } else { channel }) as u32
        };
        let from: Vec<u32> = (0..batch * channels * inner).map(place).collect();
        site.moved(&own, shape.to_vec(), &from)
    };
    let (scale, bias) = (Some(parameter(site, 1)?), Some(parameter(site, 2)?));
    let places: Vec<u32> = (0..input.elements() as u32).collect();
    let grouped = site.moved(input, shape.to_vec(), &places)?;
    let spread = |variance: f64| (variance + epsilon).sqrt();
    let spread = Spread { axes: vec![2, 3], is_centred: true, scale, bias }.lower(site, &grouped, &spread)?;
    site.moved(&spread.0, input.shape.clone(), &places)
}

/// LayerNormalization and RMSNormalization.
fn lower_layer(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Vec<Value>, Cause> {
    let axis = site.call.axis(site.call.attributes().integer("axis", -1)?, input.shape.len())?;
    let is_centred = site.call.operator() == "LayerNormalization";
    let epsilon = epsilon(&site.call)?;
    let parameter = |site: &mut Site<'_, '_, '_>, index: usize| match site.call.optional(index) {
        None => Ok(None),
        Some(_) => site.broadcast(&site.input(index)?, &input.shape).map(Some),
    };
    let (scale, bias) = (parameter(site, 1)?, parameter(site, 2)?);
    let spread = |variance: f64| (variance + epsilon).sqrt();
    let axes = (axis..input.shape.len()).collect();
    let (result, mean, inverse) = Spread { axes, is_centred, scale, bias }.lower(site, input, &spread)?;
    Ok(if is_centred { vec![result, mean, inverse] } else { vec![result] })
}

/// Numbers over a norm of theirs.
fn lower_lp(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let axis = site.call.axis(site.call.attributes().integer("axis", -1)?, input.shape.len())?;
    let single = site.builder.single(input)?.0;
    let inverse = match site.call.attributes().integer("p", 2)? {
        1 => {
            let (above, below) = (site.relu(&single)?, site.relu(&single.times(-1.0))?);
            let norm = site.sum(&above.plus(&below, 1.0), &[axis])?;
            site.falling(&norm, &|norm| 1.0 / norm)?
        }
        2 => {
            let squares = site.sum_of_squares(&single, &[axis])?;
            site.falling(&squares, &|sum| 1.0 / sum.sqrt())?
        }
        got => return Err(site.call.unsupported("p", got, "1 or 2")),
    };
    let inverse = site.builder.single(&inverse)?.0;
    let inverse = site.broadcast(&inverse, &input.shape)?;
    site.times(&single, &inverse)
}

/// Every number over a power of the squares of its neighbours among the channels.
fn lower_local_response(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let (batch, channels, inner) = image(&site.call)?;
    let got = site.call.attributes().required_integer("size")?;
    let size = usize::try_from(got).ok().filter(|size| *size >= 1);
    let size = size.ok_or_else(|| site.call.unsupported("size", got, "1 or more"))?;
    let attribute = |name: &str, default: f64| site.call.attributes().float(name, default);
    let (alpha, beta) = (attribute("alpha", f64::from(1e-4f32))?, attribute("beta", 0.75)?);
    let bias = attribute("bias", 1.0)?;
    let single = site.builder.single(input)?.0;
    // Neighbours further away than there are channels are none.
    let (below, above) = (((size - 1) / 2).min(channels), (size / 2).min(channels));
    let labels = Labels::new(&[batch, channels, inner], &[below + above + 1]);
    let table = labels.table(&[0, 1, 2, 3], |values| {
        let channel = (values[1] + values[3]).checked_sub(below).filter(|channel| *channel < channels)?;
        Some((values[0] * channels + channel) * inner + values[2])
    });
    let sum = site.builder.product(&labels, (&single, &table), (&single, &table))?;
    let sum = sum.times(alpha / size as f64);
    let inverse = site.function(&sum, &|sum| libm::pow(bias + sum.max(0.0), -beta))?;
    let inverse = site.builder.single(&inverse)?.0;
    let places: Vec<u32> = (0..input.elements() as u32).collect();
    let inverse = site.moved(&inverse, input.shape.clone(), &places)?;
    site.times(&single, &inverse)
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
        value / libm::pow(bias + alpha / size as f64 * squares.sum::<f64>(), beta)
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
