//! Pad: a border around a tensor.

use super::{Call, Form, Operator};
use crate::lowering::{NOTHING, Site, Value};
use crate::onnx::{Cause, ELEMENTS};
use crate::tensor::{Data, Tensor, strides};

/// A border around a tensor.
pub(super) struct Pad;

static FORMS: [Form; 2] = [
    Form::new("Pad", 1, 1).attributes(&["mode", "pads", "value"]).since(2).until(10),
    Form::new("Pad", 2, 4).attributes(&["mode"]).static_inputs(&[1, 3]).since(11),
];

impl Operator for Pad {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let borders = borders(call)?;
        let sources = sources(call, &borders)?;
        let shape: Vec<usize> = sources.iter().map(Vec::len).collect();
        let elements = call.elements(&shape)?;
        let positions = positions(input.shape(), &sources, elements);
        let refused = || call.wrong_type(2, input.element_type().name());
        let data = filled(call, input, &positions)?.ok_or_else(refused)?;
        Ok(vec![Tensor::made(input.element_type(), shape, data)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let sources = sources(&call, &borders(&call)?)?;
        let shape: Vec<usize> = sources.iter().map(Vec::len).collect();
        let positions = positions(call.input(0)?.shape(), &sources, call.elements(&shape)?);
        let from: Vec<u32> =
            positions.iter().map(|place| place.map_or(NOTHING, |place| place as u32)).collect();
        let input = site.input(0)?;
        let inner = site.moved(&input, shape.clone(), &from)?;
        if call.optional(2).is_none() {
            let border = if call.opset() < 11 { call.attributes().float("value", 0.0)? } else { 0.0 };
            let border = |place: &u32| if *place == NOTHING { border } else { 0.0 };
            return Ok(vec![inner.offset(&from.iter().map(border).collect::<Vec<_>>())]);
        }
        let border = site.input(2)?;
        if border.elements() != 1 {
            return Err(call.wrong_shape(2, "one number"));
        }
        let outside: Vec<u32> =
            from.iter().map(|place| if *place == NOTHING { 0 } else { NOTHING }).collect();
        let border = site.moved(&border, shape, &outside)?;
        Ok(vec![inner.plus(&border, 1.0)])
    }
}

/// What is added before and after every axis; negative numbers take away.
fn borders(call: &Call<'_>) -> Result<Vec<(i64, i64)>, Cause> {
    let rank = call.input(0)?.rank();
    let (pads, axes) = if call.opset() < 11 {
        (call.attributes().required_integers("pads")?, None)
    } else {
        (call.integers(1)?, call.optional_integers(3)?)
    };
    let all: Vec<i64> = (0..rank as i64).collect();
    let axes = call.axes(axes.unwrap_or(&all), rank)?;
    if pads.len() != 2 * axes.len() {
        return Err(call.wrong_shape(1, format!("{} numbers", 2 * axes.len())));
    }
    let mut borders = vec![(0, 0); rank];
    for (index, axis) in axes.iter().enumerate() {
        let (before, after) = (pads[index], pads[axes.len() + index]);
        if let Some(&got) = [before, after].iter().find(|border| border.unsigned_abs() > ELEMENTS) {
            return Err(Cause::Value { tensor: "pads".into(), got: got.to_string() });
        }
        borders[*axis] = (before, after);
    }
    Ok(borders)
}

/// For every axis, the index of the input that each index of the output shows; `None` for the border.
fn sources(call: &Call<'_>, borders: &[(i64, i64)]) -> Result<Vec<Vec<Option<usize>>>, Cause> {
    let mode = call.attributes().text("mode", "constant")?;
    let shape = call.input(0)?.shape();
    let mut sources = Vec::with_capacity(shape.len());
    for (&size, &(before, after)) in shape.iter().zip(borders) {
        let signed = size as i64;
        let total = before + after + signed;
        let refused = || Cause::Dimension { tensor: call.label(0), got: total };
        let length = usize::try_from(total).map_err(|_| refused())?;
        call.elements(&[length])?;
        if size == 0 && length > 0 && mode != "constant" {
            return Err(call.wrong_shape(0, "an axis with entries to repeat"));
        }
        let source = |index: usize| {
            let place = index as i64 - before;
            let inside = (0..signed).contains(&place);
            match mode {
                "constant" => Ok(inside.then_some(place as usize)),
                "edge" => Ok(Some(place.clamp(0, signed - 1) as usize)),
                "wrap" => Ok(Some(place.rem_euclid(signed) as usize)),
                // There and back, the last entry once.
                "reflect" => {
                    let period = (2 * (signed - 1)).max(1);
                    let phase = place.rem_euclid(period);
                    Ok(Some(phase.min(period - phase).min(signed - 1) as usize))
                }
                got => Err(call.unsupported("mode", got, "constant, reflect, edge or wrap")),
            }
        };
        sources.push((0..length).map(source).collect::<Result<Vec<_>, Cause>>()?);
    }
    Ok(sources)
}

/// The position in the input of every entry of the output, in order.
fn positions(shape: &[usize], sources: &[Vec<Option<usize>>], elements: usize) -> Vec<Option<usize>> {
    let mut positions = Vec::with_capacity(elements);
    positions.push(Some(0));
    for (axis, stride) in sources.iter().zip(strides(shape)) {
        let step = |start: &Option<usize>| {
            let start = *start;
            axis.iter().map(move |index| Some(start? + (*index)? * stride as usize)).collect::<Vec<_>>()
        };
        positions = positions.iter().flat_map(step).collect();
    }
    positions
}

/// The entries of the input at their positions, the constant elsewhere; `None` where the constant has another type.
fn filled(call: &Call<'_>, input: &Tensor, positions: &[Option<usize>]) -> Result<Option<Data>, Cause> {
    fn fill<T: Clone>(data: &[T], positions: &[Option<usize>], value: T) -> Vec<T> {
        let entry =
            |position: &Option<usize>| position.map_or(value.clone(), |position| data[position].clone());
        positions.iter().map(entry).collect()
    }
    let value = call.optional(2);
    if value.is_some_and(|value| value.elements() != 1) {
        return Err(call.wrong_shape(2, "one number"));
    }
    let default = if call.opset() < 11 { call.attributes().float("value", 0.0)? } else { 0.0 };
    let data = match input.data() {
        Data::Float(data) => {
            let value = value.map_or(Some(default), |value| value.as_floats().map(|value| value[0]));
            value.map(|value| Data::Float(fill(data, positions, value)))
        }
        Data::Integer(data) => {
            let value = value.map_or(Some(0), |value| value.as_integers().map(|value| value[0]));
            value.map(|value| Data::Integer(fill(data, positions, value)))
        }
        Data::Bool(data) => {
            let value = value.map_or(Some(false), |value| value.as_bools().map(|value| value[0]));
            value.map(|value| Data::Bool(fill(data, positions, value)))
        }
        Data::Text(data) => {
            let value = value.map_or(Some(""), |value| value.as_texts().map(|value| value[0].as_str()));
            value.map(|value| Data::Text(fill(data, positions, value.to_owned())))
        }
    };
    Ok(data)
}
