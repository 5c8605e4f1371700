//! ScatterElements, Scatter, ScatterND: entries written at given indices.

use super::gather::{Tuples, element_positions, numbered_tuples, reshaped};
use super::{Call, Form, Operator};
use crate::lowering::{Labels, NOTHING, STEP, Site, Table, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Entries written at given indices.
pub(super) struct Scatter;

static FORMS: [Form; 3] = [
    Form::new("Scatter", 3, 3).attributes(&["axis"]).since(9).until(10),
    Form::new("ScatterElements", 3, 3).attributes(&["axis", "reduction"]).since(11),
    Form::new("ScatterND", 3, 3).attributes(&["reduction"]).since(11),
];

impl Operator for Scatter {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let positions = positions(call)?;
        let (data, updates) = (call.input(0)?, call.input(2)?);
        let reduction = reduction(call)?;
        let written = written(data, updates, &positions, reduction)
            .ok_or_else(|| call.wrong_type(2, data.element_type().name()))?;
        Ok(vec![Tensor::made(data.element_type(), data.shape().to_vec(), written)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        // With indices that vary this checks the shapes: their numbers are zeros here.
        let positions = positions(&site.call)?;
        let result = if site.varies(1) { lower_varying(site)? } else { lower_fixed(site, &positions)? };
        Ok(vec![result])
    }
}

fn reduction<'c>(call: &Call<'c>) -> Result<&'c str, Cause> {
    let reduction = call.attributes().text("reduction", "none")?;
    if ["none", "add", "mul", "max", "min"].contains(&reduction) {
        return Ok(reduction);
    }
    Err(call.unsupported("reduction", reduction, "none, add, mul, max or min"))
}

/// The position in the data of every update.
fn positions(call: &Call<'_>) -> Result<Vec<usize>, Cause> {
    call.same_type(0, 2)?;
    let (data, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if call.operator() == "ScatterND" {
        let tuples = Tuples::new(call, 0)?;
        let slice = &data.shape()[tuples.length..];
        let expected = [&indices.shape()[..indices.rank() - 1], slice].concat();
        if updates.shape() != expected {
            return Err(call.wrong_shape(2, format!("{expected:?}")));
        }
        return Ok(tuples.starts(call)?.iter().flat_map(|&start| start..start + tuples.inner).collect());
    }
    if updates.shape() != indices.shape() {
        return Err(call.wrong_shape(2, format!("{:?}", indices.shape())));
    }
    element_positions(call, call.axis(call.attributes().integer("axis", 0)?, data.rank())?)
}

/// Updates at known positions, one after the other where several have one.
fn lower_fixed(site: &mut Site<'_, '_, '_>, positions: &[usize]) -> Result<Value, Cause> {
    let (mut result, updates) = (site.input(0)?, site.input(2)?);
    let (shape, elements) = (result.shape.clone(), result.elements());
    let reduction = reduction(&site.call)?;
    let mut rest: Vec<(usize, u32)> = positions.iter().copied().zip(0u32..).collect();
    if reduction == "none" {
        let last = |at: usize| !positions[at + 1..].contains(&positions[at]);
        rest.retain(|(_, update)| last(*update as usize));
    }
    while !rest.is_empty() {
        // At most one update a position.
        let (mut new, mut later) = (vec![NOTHING; elements], Vec::new());
        for (position, update) in rest {
            match new.get_mut(position) {
                Some(entry) if *entry == NOTHING => *entry = update,
                _ => later.push((position, update)),
            }
        }
        rest = later;
        let update = site.moved(&updates, shape.clone(), &new)?;
        if reduction == "add" {
            result = result.plus(&update, 1.0);
            continue;
        }
        let kept: Vec<u32> =
            new.iter().zip(0u32..).map(|(new, at)| if *new == NOTHING { at } else { NOTHING }).collect();
        let others = site.moved(&result, shape.clone(), &kept)?;
        let joined = if reduction == "none" {
            update
        } else {
            let touched: Vec<u32> =
                new.iter().zip(0u32..).filter(|(new, _)| **new != NOTHING).map(|(_, at)| at).collect();
            let old = site.moved(&result, vec![touched.len()], &touched)?;
            let update = site.moved(&update, vec![touched.len()], &touched)?;
            let joined = match reduction {
                "mul" => site.times(&old, &update)?,
                "max" => site.larger(&old, &update)?,
                _ => site.smaller(&old, &update)?,
            };
            let mut back = vec![NOTHING; elements];
            for (number, at) in touched.iter().enumerate() {
                back[*at as usize] = number as u32;
            }
            site.moved(&joined, shape.clone(), &back)?
        };
        result = others.plus(&joined, 1.0);
    }
    Ok(result)
}

/// Updates at indices that vary: every entry is `data * (1 - hits) + sum of the updates that hit it`, without the first factor where updates
/// are added. An update at an index that is none hits nothing; several at one index are added, where they do not join the entry one by one.
fn lower_varying(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let reduction = reduction(&site.call)?;
    let (data, updates) = (site.input(0)?, site.input(2)?);
    let (number, labels, once, hit, read, data) = if site.call.operator() == "ScatterND" {
        let tuples = Tuples::new(&site.call, 0)?;
        let (number, size) = numbered_tuples(site, &tuples)?;
        let count = number.elements();
        let labels = Labels::new(&[size, tuples.inner], &[count]);
        let hit = labels.table(&[0, 2], |values| Some(values[1] * size + values[0]));
        let read = labels.table(&[1, 2], |values| Some(values[1] * tuples.inner + values[0]));
        let data = reshaped(site, data, vec![size, tuples.inner])?;
        // Entries of a slice are hit together.
        let once = Labels::new(&[size, 1], &[count]);
        ((number, size), labels, once, hit, read, data)
    } else {
        let indices = site.input(1)?;
        let (rank, own) = (data.shape.len(), indices.shape.clone());
        let axis = site.call.axis(site.call.attributes().integer("axis", 0)?, rank)?;
        let size = data.shape[axis];
        let number = site.numbered(1, &indices, size, true)?;
        let labels = Labels::new(&data.shape, &[own[axis]]);
        // The place of an update: that of the entry, but along the axis that of the last label.
        let update = |values: &[usize]| {
            let mut index = 0;
            for (other, size) in own.iter().enumerate() {
                let value = if other == axis { values[rank] } else { values[other] };
                index = index * size + Some(value).filter(|value| value < size)?;
            }
            Some(index)
        };
        let all: Vec<usize> = (0..=rank).collect();
        let hit = labels.table(&all, |values| Some(update(values)? * size + values[axis]));
        let others: Vec<usize> = all.iter().copied().filter(|label| *label != axis).collect();
        let read = labels.table(&others, |values| {
            let mut values = values.to_vec();
            values.insert(axis, 0);
            update(&values)
        });
        ((number, size), labels.clone(), labels, hit, read, data)
    };
    let hits = site.one_hot(&number.0, number.1)?;
    let hits = site.builder.clamped(&hits, STEP, 0)?;
    if !["none", "add"].contains(&reduction) {
        let joined = joined(site, reduction, (&labels, &hit, &read), (&data, &hits, &updates))?;
        let shape = site.call.input(0)?.shape().to_vec();
        return reshaped(site, joined, shape);
    }
    let written = chosen_updates(site, &labels, (&hits, &hit), (&updates, read))?;
    // Coefficients of products are coarse: each has a scale of its own.
    let written = site.builder.views(&written)?;
    let result = if reduction == "add" {
        data.plus(&written, 1.0)
    } else {
        let data = site.builder.views(&data)?;
        let hits = site.builder.summed(&once, (&hits, &hit))?;
        let hits = site.builder.clamped(&hits, STEP, 0)?;
        let hits = site.broadcast(&hits, &data.shape)?;
        let gone = site.times(&data, &hits)?;
        let gone = site.builder.views(&gone)?;
        data.plus(&gone, -1.0).plus(&written, 1.0)
    };
    let shape = site.call.input(0)?.shape().to_vec();
    reshaped(site, result, shape)
}

/// Updates one after the other, each joined with the entry that it hits.
fn joined(
    site: &mut Site<'_, '_, '_>,
    reduction: &str,
    (labels, hit, read): (&Labels, &Table, &Table),
    (data, hits, updates): (&Value, &Value, &Value),
) -> Result<Value, Cause> {
    let shape = data.shape.clone();
    let mut result = site.builder.views(data)?;
    for number in 0..labels.summed.first().copied().unwrap_or(0) {
        let hit = site.moved(hits, shape.clone(), &lane(labels, hit, number))?;
        let update = site.moved(updates, shape.clone(), &lane(labels, read, number))?;
        let change = match reduction {
            "mul" => {
                let less = update.offset(&vec![-1.0; update.elements()]);
                let product = site.times(&result, &less)?;
                site.builder.views(&product)?
            }
            "max" => {
                let more = update.plus(&result, -1.0);
                site.relu(&more)?
            }
            _ => {
                let more = result.plus(&update, -1.0);
                site.relu(&more)?.times(-1.0)
            }
        };
        let change = site.times(&hit, &change)?;
        let change = site.builder.views(&change)?;
        result = site.builder.views(&result.plus(&change, 1.0))?;
    }
    Ok(result)
}

/// The places of an operand for every element of the result, where the label summed over has one value.
fn lane(labels: &Labels, table: &Table, number: usize) -> Vec<u32> {
    let rank = labels.shape.len();
    let place = |element: usize| {
        let value = |label: usize| {
            let inner: usize = labels.shape[label + 1..].iter().product();
            element / inner.max(1) % labels.shape[label].max(1)
        };
        let index = table.labels.iter().fold(0, |index, label| {
            index * labels.extent(*label) + if *label < rank { value(*label) } else { number }
        });
        table.places.get(index).copied().unwrap_or(NOTHING)
    };
    (0..labels.shape.iter().product()).map(place).collect()
}

/// The sum of the updates that hit an entry.
fn chosen_updates(
    site: &mut Site<'_, '_, '_>,
    labels: &Labels,
    (hits, hit): (&Value, &Table),
    (updates, read): (&Value, Table),
) -> Result<Value, Cause> {
    let Some(numbers) = updates.fixed() else {
        return site.builder.product(labels, (hits, hit), (updates, &read));
    };
    let (places, all) = read.numbered();
    let numbers: Vec<f64> = places.iter().map(|place| place.map_or(0.0, |place| numbers[place])).collect();
    site.builder.weighted(labels, (hits, hit), (&numbers, &all))
}

/// The data with the updates at their positions, in order. `None` where the types do not allow it.
fn written(data: &Tensor, updates: &Tensor, positions: &[usize], reduction: &str) -> Option<Data> {
    fn write<T: Clone>(data: &[T], updates: &[T], positions: &[usize], join: impl Fn(&T, &T) -> T) -> Vec<T> {
        let mut data = data.to_vec();
        for (&position, update) in positions.iter().zip(updates) {
            if let Some(entry) = data.get_mut(position) {
                *entry = join(entry, update);
            }
        }
        data
    }
    let element_type: ElementType = data.element_type();
    Some(match (data.data(), updates.data()) {
        (Data::Float(data), Data::Float(updates)) => {
            Data::Float(write(data, updates, positions, |&old, &new| match reduction {
                "add" => old + new,
                "mul" => old * new,
                "max" => old.max(new),
                "min" => old.min(new),
                _ => new,
            }))
        }
        (Data::Integer(data), Data::Integer(updates)) => {
            Data::Integer(write(data, updates, positions, |&old, &new| {
                let (old, new) = (element_type.widen(old), element_type.widen(new));
                element_type.wrap(match reduction {
                    "add" => old + new,
                    "mul" => old.wrapping_mul(new),
                    "max" => old.max(new),
                    "min" => old.min(new),
                    _ => new,
                })
            }))
        }
        (Data::Bool(data), Data::Bool(updates)) if reduction == "none" => {
            Data::Bool(write(data, updates, positions, |_, &new| new))
        }
        (Data::Text(data), Data::Text(updates)) if reduction == "none" => {
            Data::Text(write(data, updates, positions, |_, new| new.clone()))
        }
        _ => return None,
    })
}
