//! Resize and Upsample: nearest, linear and cubic, each axis on its own.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor, strides};

/// Sampling at other distances.
pub(super) struct Resize;

static FORMS: [Form; 4] = [
    Form::new("Resize", 2, 2).attributes(&["mode"]).static_inputs(&[1]).since(10).until(10),
    Form::new("Resize", 1, 4)
        .attributes(&[
            "antialias",
            "axes",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "keep_aspect_ratio_policy",
            "mode",
            "nearest_mode",
        ])
        .static_inputs(&[1, 2, 3])
        .since(11),
    Form::new("Upsample", 1, 1).attributes(&["mode", "scales"]).until(8),
    Form::new("Upsample", 2, 2).attributes(&["mode"]).static_inputs(&[1]).since(9).until(9),
];

impl Operator for Resize {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let samplings = samplings(call)?;
        let shape: Vec<usize> = samplings.iter().map(Vec::len).collect();
        call.elements(&shape)?;
        let is_nearest = samplings
            .iter()
            .flatten()
            .all(|sample| matches!(sample, Sample::Entries(list) if list.len() == 1));
        let data = match input.data() {
            Data::Float(data) => Data::Float(weighted(call, data, input.shape(), &samplings)?),
            data if is_nearest => {
                let refused = || call.wrong_shape(0, "a tensor");
                data.pick(picked(input.shape(), &samplings).into_iter()).ok_or_else(refused)?
            }
            _ => return Err(call.wrong_type(0, "FLOAT")),
        };
        Ok(vec![Tensor::made(input.element_type(), shape, data)?])
    }

    /// Moves where every sample is one entry; else one contraction for every axis that is sampled, with a matrix of weights.
    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let samplings = samplings(&call)?;
        let mut value = site.input(0)?;
        let single = |sample: &Sample| matches!(sample, Sample::Entries(list) if matches!(list.as_slice(), [(_, 1.0)]));
        if samplings.iter().flatten().all(single) {
            let shape: Vec<usize> = samplings.iter().map(Vec::len).collect();
            let from: Vec<u32> =
                picked(&value.shape, &samplings).into_iter().map(|place| place as u32).collect();
            return Ok(vec![site.moved(&value, shape, &from)?]);
        }
        let outside = call.attributes().float("extrapolation_value", 0.0)?;
        let mut is_outside = vec![false; 1];
        for (axis, samples) in samplings.iter().enumerate() {
            let outer = is_outside.iter();
            is_outside = outer
                .flat_map(|before| samples.iter().map(move |sample| *before || *sample == Sample::Outside))
                .collect();
            let size = value.shape[axis];
            let stays = |(index, sample): (usize, &Sample)| *sample == Sample::Entries(vec![(index, 1.0)]);
            if samples.len() == size && samples.iter().enumerate().all(stays) {
                continue;
            }
            let mut matrix = vec![0.0; samples.len() * size];
            for (row, sample) in matrix.chunks_mut(size).zip(samples) {
                let Sample::Entries(entries) = sample else { continue };
                entries.iter().for_each(|(entry, weight)| row[*entry] += weight);
            }
            let mut shape = value.shape.clone();
            shape[axis] = samples.len();
            let labels = Labels::new(&shape, &[size]);
            let rank = shape.len();
            let own: Vec<usize> = (0..rank).map(|other| if other == axis { rank } else { other }).collect();
            let (table, weights) = (labels.axes(&own), labels.axes(&[axis, rank]));
            value = site.builder.weighted(&labels, (&value, &table), (&matrix, &weights))?;
        }
        if outside != 0.0 && is_outside.contains(&true) {
            let constant = |is_outside: &bool| if *is_outside { outside } else { 0.0 };
            value = value.offset(&is_outside.iter().map(constant).collect::<Vec<_>>());
        }
        Ok(vec![value])
    }
}

/// Cost of a sample beside its entries: it has memory of its own, which is much dearer than a multiplication.
const SAMPLE: u64 = 1024;

/// What one index of the output takes along one axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sample {
    /// Entries of the input, each with its weight.
    Entries(Vec<(usize, f64)>),
    /// The extrapolation value.
    Outside,
}

/// The samples of every axis.
pub(super) fn samplings(call: &Call<'_>) -> Result<Vec<Vec<Sample>>, Cause> {
    let shape = call.input(0)?.shape();
    let targets = targets(call)?;
    let rule = Rule::read(call)?;
    let mut samplings = Vec::with_capacity(shape.len());
    for (&size, target) in shape.iter().zip(&targets) {
        call.elements(&[target.size])?;
        if size == 0 && target.size > 0 {
            return Err(call.wrong_shape(0, "at least one entry along every axis"));
        }
        // An axis that stays is not sampled, whatever the rule would do with it.
        let stays = target.size == size && target.scale == 1.0 && target.region == (0.0, 1.0);
        let sample = |index: usize| {
            if stays { Sample::Entries(vec![(index, 1.0)]) } else { rule.sample(index, size, target) }
        };
        let support = if rule.antialias { (4.0 / target.scale).min(size as f64 * 4.0).max(4.0) } else { 4.0 };
        call.spend((target.size as u64).saturating_mul(support as u64).saturating_mul(SAMPLE))?;
        samplings.push((0..target.size).map(sample).collect());
    }
    Ok(samplings)
}

/// What becomes of one axis.
#[derive(Clone, Copy, Debug)]
struct Target {
    size: usize,
    scale: f64,
    /// First and last place of the region of interest, as parts of the axis.
    region: (f64, f64),
}

fn targets(call: &Call<'_>) -> Result<Vec<Target>, Cause> {
    let shape = call.input(0)?.shape();
    let rank = shape.len();
    let axes = match call.attributes().optional_integers("axes")? {
        Some(axes) => call.axes(axes, rank)?,
        None => (0..rank).collect(),
    };
    let mut targets: Vec<Target> =
        shape.iter().map(|&size| Target { size, scale: 1.0, region: (0.0, 1.0) }).collect();
    let modern = call.operator() == "Resize" && call.opset() >= 11;
    let attribute: Option<Vec<f64>> = match call.attributes().has("scales") {
        true => call
            .attributes()
            .optional_floats("scales")?
            .map(|list| list.iter().map(|&x| f64::from(x)).collect()),
        false => None,
    };
    let filled = |index: usize| call.optional(index).is_some_and(|tensor| tensor.elements() > 0);
    let scales = match attribute {
        Some(scales) => Some(scales),
        None if !modern => Some(call.floats(1)?.to_vec()),
        None if filled(2) => Some(call.floats(2)?.to_vec()),
        None => None,
    };
    let sizes = if modern && filled(3) { Some(call.integers(3)?) } else { None };
    match (scales, sizes) {
        (Some(scales), None) => {
            let refused = || call.wrong_shape(2, format!("{} positive numbers", axes.len()));
            if scales.len() != axes.len() || scales.iter().any(|&scale| !(scale > 0.0 && scale < 1e9)) {
                return Err(refused());
            }
            for (&axis, &scale) in axes.iter().zip(&scales) {
                targets[axis].size = (shape[axis] as f64 * scale).floor() as usize;
                targets[axis].scale = scale;
            }
        }
        (None, Some(sizes)) => {
            let refused = || call.wrong_shape(3, format!("{} sizes", axes.len()));
            let size = |&size: &i64| usize::try_from(size).ok().filter(|&size| size > 0);
            let sizes = sizes.iter().map(size).collect::<Option<Vec<usize>>>().ok_or_else(refused)?;
            if sizes.len() != axes.len() || axes.iter().any(|&axis| shape[axis] == 0) {
                return Err(refused());
            }
            by_sizes(call, &mut targets, &axes, &sizes)?;
        }
        _ => {
            return Err(Cause::Value {
                tensor: call.label(0),
                got: "neither or both of scales and sizes".into(),
            });
        }
    }
    if modern && filled(1) {
        let region = call.input(1)?.to_floats().unwrap_or_default();
        if region.len() != 2 * axes.len() {
            return Err(call.wrong_shape(1, format!("{} numbers", 2 * axes.len())));
        }
        let is_used = call.attributes().text("coordinate_transformation_mode", "")? == "tf_crop_and_resize";
        for (index, &axis) in axes.iter().enumerate().filter(|_| is_used) {
            targets[axis].region = (region[index], region[axes.len() + index]);
        }
    }
    Ok(targets)
}

/// Sizes as asked for, or the nearest ones that keep the proportions.
fn by_sizes(call: &Call<'_>, targets: &mut [Target], axes: &[usize], sizes: &[usize]) -> Result<(), Cause> {
    let ratios = axes.iter().zip(sizes).map(|(&axis, &size)| size as f64 / targets[axis].size as f64);
    let common = match call.attributes().text("keep_aspect_ratio_policy", "stretch")? {
        "stretch" => None,
        "not_larger" => Some(ratios.fold(f64::INFINITY, f64::min)),
        "not_smaller" => Some(ratios.fold(0.0, f64::max)),
        got => {
            let supported = "stretch, not_larger or not_smaller";
            return Err(call.unsupported("keep_aspect_ratio_policy", got, supported));
        }
    };
    for (&axis, &size) in axes.iter().zip(sizes) {
        let own = targets[axis].size as f64;
        (targets[axis].size, targets[axis].scale) = match common {
            None => (size, size as f64 / own),
            Some(scale) => ((own * scale).round() as usize, scale),
        };
    }
    Ok(())
}

/// How places of the output become places of the input, and those become entries.
struct Rule<'c> {
    coordinates: &'c str,
    mode: &'c str,
    nearest: &'c str,
    cubic: f64,
    exclude_outside: bool,
    antialias: bool,
}

impl<'c> Rule<'c> {
    fn read(call: &Call<'c>) -> Result<Self, Cause> {
        let attributes = call.attributes();
        let modern = call.operator() == "Resize" && call.opset() >= 11;
        let (coordinates, nearest) =
            if modern { ("half_pixel", "round_prefer_floor") } else { ("asymmetric", "floor") };
        let rule = Self {
            coordinates: attributes.text("coordinate_transformation_mode", coordinates)?,
            mode: attributes.text("mode", "nearest")?,
            nearest: attributes.text("nearest_mode", nearest)?,
            cubic: attributes.float("cubic_coeff_a", -0.75)?,
            exclude_outside: attributes.flag("exclude_outside", false)?,
            antialias: attributes.flag("antialias", false)?,
        };
        let coordinates = [
            "half_pixel",
            "half_pixel_symmetric",
            "pytorch_half_pixel",
            "align_corners",
            "asymmetric",
            "tf_crop_and_resize",
        ];
        if !coordinates.contains(&rule.coordinates) {
            let supported = "half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric or tf_crop_and_resize";
            return Err(call.unsupported("coordinate_transformation_mode", rule.coordinates, supported));
        }
        if !["nearest", "linear", "bilinear", "cubic"].contains(&rule.mode) {
            return Err(call.unsupported("mode", rule.mode, "nearest, linear or cubic"));
        }
        if !["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].contains(&rule.nearest) {
            let supported = "round_prefer_floor, round_prefer_ceil, floor or ceil";
            return Err(call.unsupported("nearest_mode", rule.nearest, supported));
        }
        Ok(rule)
    }

    /// The place of the input that a place of the output shows.
    fn place(&self, index: usize, size: usize, target: &Target) -> f64 {
        let (x, scale) = (index as f64, target.scale);
        // The output's length before it was rounded down to a size.
        let (from, to) = (size as f64, size as f64 * scale);
        let half_pixel = (x + 0.5) / scale - 0.5;
        match self.coordinates {
            "half_pixel" => half_pixel,
            "half_pixel_symmetric" => from / 2.0 * (1.0 - target.size as f64 / to) + half_pixel,
            "pytorch_half_pixel" if target.size > 1 => half_pixel,
            "align_corners" if target.size > 1 => x * (from - 1.0) / (to - 1.0),
            "asymmetric" => x / scale,
            "tf_crop_and_resize" => {
                let (start, end) = target.region;
                if target.size > 1 {
                    (start + x * (end - start) / (to - 1.0)) * (from - 1.0)
                } else {
                    0.5 * (start + end) * (from - 1.0)
                }
            }
            _ => 0.0,
        }
    }

    fn sample(&self, index: usize, size: usize, target: &Target) -> Sample {
        let place = self.place(index, size, target);
        let last = size as f64 - 1.0;
        if self.coordinates == "tf_crop_and_resize" && !(0.0..=last).contains(&place) {
            return Sample::Outside;
        }
        if self.mode == "nearest" {
            let nearest = match self.nearest {
                "floor" => place.floor(),
                "ceil" => place.ceil(),
                // A half goes down or up.
                "round_prefer_floor" => (place - 0.5).ceil(),
                _ => (place + 0.5).floor(),
            };
            return Sample::Entries(vec![(nearest.clamp(0.0, last) as usize, 1.0)]);
        }
        let stretch = if self.antialias { target.scale.min(1.0) } else { 1.0 };
        let reach = if self.mode == "cubic" { 2.0 } else { 1.0 } / stretch;
        let (first, end) = ((place - reach).floor() as i64, (place + reach).ceil() as i64);
        let mut entries: Vec<(usize, f64)> = Vec::new();
        for at in first..=end {
            let weight = self.weight((at as f64 - place) * stretch);
            let is_outside = at < 0 || at >= size as i64;
            if weight == 0.0 || (is_outside && self.exclude_outside) {
                continue;
            }
            // Beyond the edge the edge goes on.
            let entry = at.clamp(0, size as i64 - 1) as usize;
            match entries.last_mut() {
                Some((known, sum)) if *known == entry => *sum += weight,
                _ => entries.push((entry, weight)),
            }
        }
        let total: f64 = entries.iter().map(|(_, weight)| weight).sum();
        entries.iter_mut().for_each(|(_, weight)| *weight /= total);
        Sample::Entries(entries)
    }

    /// The weight of an entry at this distance.
    fn weight(&self, distance: f64) -> f64 {
        let x = distance.abs();
        if self.mode != "cubic" {
            return (1.0 - x).max(0.0);
        }
        // Source: Keys, Cubic convolution interpolation for digital image processing, 1981.
        let a = self.cubic;
        match x {
            x if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            x if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            _ => 0.0,
        }
    }
}

/// The output, one axis after the other.
fn weighted(
    call: &Call<'_>,
    data: &[f64],
    shape: &[usize],
    samplings: &[Vec<Sample>],
) -> Result<Vec<f64>, Cause> {
    let outside = call.attributes().float("extrapolation_value", 0.0)?;
    let mut data = data.to_vec();
    let mut shape = shape.to_vec();
    let mut is_outside = vec![false; data.len()];
    for (axis, samples) in samplings.iter().enumerate() {
        let (outer, size) = (shape[..axis].iter().product::<usize>(), shape[axis]);
        let inner: usize = shape[axis + 1..].iter().product();
        shape[axis] = samples.len();
        let elements = call.elements(&shape)?;
        let (mut next, mut next_outside) = (Vec::with_capacity(elements), Vec::with_capacity(elements));
        for block in 0..outer {
            for sample in samples {
                for offset in 0..inner {
                    let position = |entry: usize| (block * size + entry) * inner + offset;
                    match sample {
                        Sample::Outside => {
                            next.push(outside);
                            next_outside.push(true);
                        }
                        Sample::Entries(entries) => {
                            next.push(
                                entries.iter().map(|&(entry, weight)| data[position(entry)] * weight).sum(),
                            );
                            next_outside
                                .push(entries.first().is_some_and(|&(entry, _)| is_outside[position(entry)]));
                        }
                    }
                }
            }
        }
        (data, is_outside) = (next, next_outside);
    }
    let value = |(value, is_outside)| if is_outside { outside } else { value };
    Ok(data.into_iter().zip(is_outside).map(value).collect())
}

/// Positions in the input where every sample is one entry.
fn picked(shape: &[usize], samplings: &[Vec<Sample>]) -> Vec<usize> {
    let mut positions = vec![0];
    for (samples, stride) in samplings.iter().zip(strides(shape)) {
        let entry = |sample: &Sample| match sample {
            Sample::Entries(entries) => entries.first().map_or(0, |(entry, _)| *entry),
            Sample::Outside => 0,
        };
        let axis: Vec<usize> = samples.iter().map(|sample| entry(sample) * stride as usize).collect();
        positions = positions.iter().flat_map(|start| axis.iter().map(move |step| start + step)).collect();
    }
    positions
}
