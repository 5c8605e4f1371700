//! MaxPool, AveragePool, LpPool and their global forms.

use super::window::{Window, places, positive};
use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Table, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// One number out of every window.
pub(super) struct Pool;

static FORMS: [Form; 6] = [
    Form::new("AveragePool", 1, 1).attributes(&[
        "auto_pad",
        "ceil_mode",
        "count_include_pad",
        "dilations",
        "kernel_shape",
        "pads",
        "strides",
    ]),
    Form::new("GlobalAveragePool", 1, 1).since(1),
    Form::new("GlobalLpPool", 1, 1).attributes(&["p"]).since(2),
    Form::new("GlobalMaxPool", 1, 1).since(1),
    Form::new("LpPool", 1, 1)
        .attributes(&["auto_pad", "ceil_mode", "dilations", "kernel_shape", "p", "pads", "strides"])
        .since(2),
    Form::new("MaxPool", 1, 1)
        .attributes(&[
            "auto_pad",
            "ceil_mode",
            "dilations",
            "kernel_shape",
            "pads",
            "storage_order",
            "strides",
        ])
        .outputs(2)
        .since(1),
];

impl Operator for Pool {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let &[batch, channels, ref spatial @ ..] = call.input(0)?.shape() else {
            return Err(call.wrong_shape(0, "[N, C, ...]"));
        };
        if spatial.contains(&0) {
            return Err(call.wrong_shape(0, "at least one entry along every axis"));
        }
        let window = if call.operator().starts_with("Global") {
            whole(spatial)
        } else {
            let kernel = call.attributes().required_integers("kernel_shape")?.len();
            if kernel != spatial.len() {
                return Err(call.wrong_shape(0, format!("{kernel} axes after [N, C]")));
            }
            Window::read(call, spatial, positive(call, "kernel_shape", kernel, 1)?)?
        };
        let (plane, image): (usize, usize) = (window.output.iter().product(), spatial.iter().product());
        let planes = batch.saturating_mul(channels);
        let elements = call.elements(&[planes, plane])?;
        call.spend((elements as u64).saturating_mul(window.kernel_elements() as u64))?;
        let shape = [&[batch, channels], window.output.as_slice()].concat();
        let output = Output { shape, planes, plane, image };
        if call.operator().ends_with("MaxPool") {
            return largest(call, &window, output);
        }
        let values = call.floats(0)?;
        let function = function(call, &window)?;
        let mut data = vec![0.0; elements];
        let (mut taps, mut entries) = (Vec::new(), Vec::new());
        for (at, place) in places(&window.output).enumerate() {
            window.taps(&place, &mut taps);
            for index in 0..planes {
                entries.clear();
                entries.extend(taps.iter().map(|&(_, from)| values[index * image + from]));
                data[index * plane + at] = function(&place, &entries);
            }
        }
        Ok(vec![Tensor::made(call.input(0)?.element_type(), output.shape, Data::Float(data))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let &[batch, channels, ref spatial @ ..] = call.input(0)?.shape() else {
            return Err(call.wrong_shape(0, "[N, C, ...]"));
        };
        let window = if call.operator().starts_with("Global") {
            whole(spatial)
        } else {
            let kernel = call.attributes().required_integers("kernel_shape")?.len();
            Window::read(&call, spatial, positive(&call, "kernel_shape", kernel, 1)?)?
        };
        let input = site.input(0)?;
        let shape = [&[batch, channels], window.output.as_slice()].concat();
        match call.operator() {
            "MaxPool" | "GlobalMaxPool" if !call.wants_output(1) => {
                Ok(vec![lower_largest(site, &input, &window, shape)?])
            }
            "AveragePool" | "GlobalAveragePool" => {
                let padded =
                    call.operator() == "AveragePool" && call.attributes().flag("count_include_pad", false)?;
                Ok(vec![lower_average(site, &input, &window, (shape, padded))?])
            }
            "LpPool" | "GlobalLpPool" => Ok(vec![lower_norm(site, &input, &window, shape)?]),
            // The places of the largest.
            _ => Err(Cause::OutputRange { got: 2, minimum: 1, maximum: 1 }),
        }
    }
}

/// Sizes of a result.
struct Output {
    shape: Vec<usize>,
    /// Number of images: batch times channels.
    planes: usize,
    /// Entries of one image of the result.
    plane: usize,
    /// Entries of one image of the input.
    image: usize,
}

/// One window over everything.
fn whole(spatial: &[usize]) -> Window {
    let axes = spatial.len();
    Window {
        kernel: spatial.to_vec(),
        strides: vec![1; axes],
        dilations: vec![1; axes],
        before: vec![0; axes],
        after: vec![0; axes],
        input: spatial.to_vec(),
        output: vec![1; axes],
    }
}

type Function<'w> = Box<dyn Fn(&[usize], &[f64]) -> f64 + 'w>;

/// The number of a window: from its place, and its entries inside the input.
fn function<'w>(call: &Call<'_>, window: &'w Window) -> Result<Function<'w>, Cause> {
    if call.operator().ends_with("LpPool") {
        let order = call.attributes().integer("p", 2)?;
        if !(1..=64).contains(&order) {
            return Err(call.unsupported("p", order, "1 to 64"));
        }
        let power = order as f64;
        return Ok(Box::new(move |_, entries| {
            libm::pow(entries.iter().map(|entry| libm::pow(entry.abs(), power)).sum::<f64>(), 1.0 / power)
        }));
    }
    if call.attributes().flag("count_include_pad", false)? {
        return Ok(Box::new(|place, entries| entries.iter().sum::<f64>() / padded(window, place) as f64));
    }
    Ok(Box::new(
        |_, entries| {
            if entries.is_empty() { 0.0 } else { entries.iter().sum::<f64>() / entries.len() as f64 }
        },
    ))
}

/// How many entries of the window at this place lie in the input or its declared padding. What `ceil_mode` adds beyond
/// does not count.
fn padded(window: &Window, place: &[usize]) -> usize {
    let axis = |(axis, &at): (usize, &usize)| {
        let end = window.input[axis] + window.before[axis] + window.after[axis];
        let first = at * window.strides[axis];
        (0..window.kernel[axis]).filter(|offset| first + offset * window.dilations[axis] < end).count()
    };
    place.iter().enumerate().map(axis).product::<usize>().max(1)
}

/// MaxPool: the largest entries, and where they stand in the whole input.
fn largest(call: &Call<'_>, window: &Window, output: Output) -> Result<Vec<Tensor>, Cause> {
    let input = call.input(0)?;
    let element_type = input.element_type();
    let is_column_major = call.attributes().flag("storage_order", false)?;
    let exceeds: Box<dyn Fn(usize, usize) -> bool + '_> = match input.data() {
        Data::Float(data) => Box::new(|a, b| data[a] > data[b] || (data[a].is_nan() && !data[b].is_nan())),
        Data::Integer(data) => {
            Box::new(move |a, b| element_type.widen(data[a]) > element_type.widen(data[b]))
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    let mut positions = vec![0; output.planes * output.plane];
    let mut taps = Vec::new();
    for (at, place) in places(&window.output).enumerate() {
        window.taps(&place, &mut taps);
        let Some(((_, first), rest)) = taps.split_first() else {
            return Err(call.wrong_shape(0, "a window that is not all padding"));
        };
        for index in 0..output.planes {
            let start = index * output.image;
            let better = |best: usize, &(_, from): &(usize, usize)| {
                if exceeds(start + from, best) { start + from } else { best }
            };
            positions[index * output.plane + at] = rest.iter().fold(start + first, better);
        }
    }
    let indices = positions.iter().map(|&position| {
        if is_column_major { column_major(position, &window.input) as i64 } else { position as i64 }
    });
    let indices = Tensor::made(ElementType::Int64, output.shape.clone(), Data::Integer(indices.collect()))?;
    let refused = || call.wrong_shape(0, "a tensor");
    let values = input.picked(output.shape, positions.into_iter()).ok_or_else(refused)?;
    Ok(vec![values, indices])
}

/// A position with the first spatial axis running fastest.
fn column_major(position: usize, spatial: &[usize]) -> usize {
    let image: usize = spatial.iter().product();
    let mut rest = position % image;
    let mut places: Vec<usize> = spatial
        .iter()
        .rev()
        .map(|&size| {
            let place = rest % size;
            rest /= size;
            place
        })
        .collect();
    places.reverse();
    let (mut result, mut step) = (0, 1);
    for (place, &size) in places.iter().zip(spatial) {
        result += place * step;
        step *= size;
    }
    position / image * image + result
}

/// The place in the image that a window's entry reads; none in the padding.
fn read(window: &Window, place: &[usize], tap: &[usize]) -> Option<usize> {
    let mut index = 0;
    for axis in 0..place.len() {
        let at = place[axis] * window.strides[axis] + tap[axis] * window.dilations[axis];
        let at = at.checked_sub(window.before[axis]).filter(|at| *at < window.input[axis])?;
        index = index * window.input[axis] + at;
    }
    Some(index)
}

/// The largest of every window: entries pair by pair. An entry in the padding stands for the window's first entry in the image.
fn lower_largest(
    site: &mut Site<'_, '_, '_>,
    input: &Value,
    window: &Window,
    shape: Vec<usize>,
) -> Result<Value, Cause> {
    let image: usize = window.input.iter().product();
    let planes = shape[0] * shape[1];
    let taps: Vec<Vec<usize>> = places(&window.kernel).collect();
    let mut entries = Vec::with_capacity(taps.len());
    for tap in &taps {
        let mut from = Vec::with_capacity(planes * window.output.iter().product::<usize>());
        for plane in 0..planes {
            for place in places(&window.output) {
                let first = || taps.iter().find_map(|other| read(window, &place, other)).unwrap_or(0);
                from.push((plane * image + read(window, &place, tap).unwrap_or_else(first)) as u32);
            }
        }
        entries.push(site.moved(input, shape.clone(), &from)?);
    }
    while entries.len() > 1 {
        let mut next = Vec::with_capacity(entries.len().div_ceil(2));
        for pair in entries.chunks(2) {
            next.push(match pair {
                [left, right] => site.larger(left, right)?,
                rest => rest[0].clone(),
            });
        }
        entries = next;
    }
    entries.pop().ok_or_else(|| site.call.wrong_shape(0, "a window of at least one entry"))
}

/// The mean of every window; padding counts as zeros or not at all.
fn lower_average(
    site: &mut Site<'_, '_, '_>,
    input: &Value,
    window: &Window,
    (shape, padded): (Vec<usize>, bool),
) -> Result<Value, Cause> {
    let axes = window.output.len();
    let sums = lower_sums(site, input, window, &shape)?;
    let count = |place: &[usize]| {
        let inside = |tap: &Vec<usize>| {
            let after = |axis: usize| {
                place[axis] * window.strides[axis] + tap[axis] * window.dilations[axis]
                    < window.input[axis] + window.before[axis] + window.after[axis]
            };
            if padded { (0..axes).all(after) } else { read(window, place, tap).is_some() }
        };
        places(&window.kernel).filter(inside).count().max(1)
    };
    let counts: Vec<f64> = places(&window.output).map(|place| 1.0 / count(&place) as f64).collect();
    if counts.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(sums.times(counts.first().copied().unwrap_or(1.0)));
    }
    let factors: Vec<f64> = (0..sums.elements()).map(|place| counts[place % counts.len()]).collect();
    let sums = site.builder.views(&sums)?;
    site.scaled(&sums, &factors)
}

/// The entries of every window, with one label for every axis of it.
fn windows(window: &Window, shape: &[usize]) -> (Labels, Table) {
    let axes = window.output.len();
    let labels = Labels::new(shape, &window.kernel);
    let image: usize = window.input.iter().product();
    let all: Vec<usize> = (0..2 + 2 * axes).collect();
    let table = labels.table(&all, |values| {
        let (place, tap) = values[2..].split_at(axes);
        Some((values[0] * shape[1] + values[1]) * image + read(window, place, tap)?)
    });
    (labels, table)
}

/// The sum of every window.
fn lower_sums(
    site: &mut Site<'_, '_, '_>,
    input: &Value,
    window: &Window,
    shape: &[usize],
) -> Result<Value, Cause> {
    let (labels, table) = windows(window, shape);
    site.builder.summed(&labels, (input, &table))
}

/// The norm of every window: powers, their sums, roots.
fn lower_norm(
    site: &mut Site<'_, '_, '_>,
    input: &Value,
    window: &Window,
    shape: Vec<usize>,
) -> Result<Value, Cause> {
    let order = site.call.attributes().integer("p", 2)?;
    if !(1..=64).contains(&order) {
        return Err(site.call.unsupported("p", order, "1 to 64"));
    }
    let power = order as f64;
    let powers = match order {
        1 => {
            let input = site.builder.views(input)?;
            site.relu(&input)?.times(2.0).plus(&input, -1.0)
        }
        2 => {
            let input = site.builder.single(input)?.0;
            let (labels, table) = windows(window, &shape);
            let sums = site.builder.product(&labels, (&input, &table), (&input, &table))?;
            return site.function(&sums, &|x| x.max(0.0).sqrt());
        }
        _ => site.function(input, &|x| libm::pow(x.abs(), power))?,
    };
    let sums = lower_sums(site, &powers, window, &shape)?;
    if order == 1 { Ok(sums) } else { site.function(&sums, &|x| libm::pow(x.max(0.0), 1.0 / power)) }
}
