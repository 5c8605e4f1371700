//! From a static graph to integer operators: node by node, each by its own family ([`crate::operator::Operator::lower`]).
//!
//! A node's result is a [`Value`]: a sum of terms over tensors of the program that nothing has computed yet. Moving, adding and scaling
//! only change terms. Operators are made where a family asks the [`Builder`] for one, at a scale taken from the float values of the
//! calibration samples, which every value carries along.

mod builder;
mod choice;
mod contraction;
mod exact;
mod fit;
mod grid;
mod input;
mod largest;
mod lookup;
mod site;
mod sums;
mod tables;
mod unused;
mod value;
mod view;
mod whole;

pub(crate) use builder::{Builder, Clamp, Physical, Scale};
pub(crate) use choice::{Entries, STEP};
pub(crate) use contraction::{Labels, Table};
pub(crate) use exact::{Exact, FIRST, Numbers, Part, SINGLE_SPAN, UNIT};
pub(crate) use fit::{Fitted, Unfit, fit};
pub(crate) use input::{Input, ROOM, input_class};
pub(crate) use largest::Tie;
pub(crate) use lookup::ROW;
pub(crate) use site::Site;
pub(crate) use value::{Read, Value};
pub(crate) use view::NOTHING;

use crate::graph::{Graph, Step};
use crate::onnx::{Cause, Obstacle};
use crate::operator::{self, Budget, Call};
use crate::tensor::{Data, Tensor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use value::{Term, View};

/// Lowers a graph; the output named is the program's last operator, a list.
///
/// Errors: every node that stands in the way.
pub(crate) fn lower(
    graph: &Graph,
    input: &Input,
    output: usize,
    widened: &BTreeMap<usize, u32>,
) -> Result<Builder<'static>, Vec<Obstacle>> {
    let raw = input
        .samples
        .iter()
        .map(|sample| sample.iter().zip(&input.offsets).map(|(value, offset)| value - offset).collect());
    let physical = Physical {
        extents: input.extents.clone(),
        steps: input.steps.clone(),
        low: 0,
        samples: Rc::new(raw.collect()),
    };
    let mut builder = Builder::new(physical, input.room, Cow::Owned(widened.clone()));
    builder.spans.clone_from(&input.spans);
    let mut values: Vec<Option<Value>> = vec![None; graph.values().len()];
    let mut first = 0;
    for index in graph.inputs() {
        let shape = graph.values()[*index].shape.clone();
        let elements: usize = shape.iter().product();
        values[*index] = Some(input_value(input, shape, first..first + elements));
        first += elements;
    }
    let tensors = sample_tensors(graph);
    let readers = |index: usize| {
        let reads = graph.steps().iter().flat_map(|step| &step.inputs).filter(|input| **input == Some(index));
        reads.count()
    };
    let mut obstacles = Vec::new();
    for step in graph.steps() {
        let is_wanted =
            |place: &Option<usize>| place.is_some_and(|place| place == output || readers(place) > 0);
        let wanted = step.outputs.iter().map(is_wanted).collect();
        match lower_step(step, &tensors, &values, wanted, &mut builder) {
            Ok(results) => {
                for (place, result) in step.outputs.iter().zip(results) {
                    let Some(place) = *place else { continue };
                    // What several nodes read is computed once.
                    let once = if readers(place) > 1 { builder.views(&result) } else { Ok(result) };
                    match once {
                        Ok(result) => values[place] = Some(result),
                        Err(cause) => obstacles.push(refused(step, cause)),
                    }
                }
            }
            Err(cause) => obstacles.push(refused(step, cause)),
        }
        // What a node in the way would have made is stood in for, so that the nodes behind it are looked at too.
        for place in step.outputs.iter().flatten() {
            if values[*place].is_none() {
                let told = obstacles.last().is_some_and(|last| last.node == step.node.name);
                if !told && (readers(*place) > 0 || *place == output) {
                    obstacles.push(refused(step, Cause::NotLowered));
                }
                values[*place] = Some(stand_in(&builder, graph.values()[*place].shape.clone()));
            }
        }
    }
    if graph.values()[output].constant.is_some() {
        obstacles.push(Obstacle {
            node: graph.values()[output].name.clone(),
            operator: "output".into(),
            cause: Cause::OnlyConstants,
        });
    }
    let Some(result) = values[output].take().filter(|_| obstacles.is_empty()) else { return Err(obstacles) };
    let flat = vec![result.elements()];
    builder.node = graph.values()[output].name.clone();
    let refused = |cause| {
        vec![Obstacle { node: graph.values()[output].name.clone(), operator: "output".into(), cause }]
    };
    let result = match builder::extents(&result.shape) == builder::extents(&flat) {
        true => Ok(result),
        // Sums belong to their axes.
        false => builder.views(&result),
    };
    let result = Value { shape: flat, ..result.map_err(refused)? };
    builder.rescaled(&result, Clamp::None).map_err(refused)?;
    Ok(builder.without_unused())
}

fn refused(step: &Step, cause: Cause) -> Obstacle {
    Obstacle { node: step.node.name.clone(), operator: step.node.operator.clone(), cause }
}

/// Some value of a shape that depends on the input.
fn stand_in(builder: &Builder<'_>, shape: Vec<usize>) -> Value {
    let elements = shape.iter().product();
    let samples = builder.tensors[0].samples.iter();
    let samples = samples.map(|sample| vec![sample.first().copied().unwrap_or(0.0); elements]).collect();
    let view = View { tensor: 0, factor: 1.0, indices: Rc::new(vec![0; elements]) };
    Value { shape, terms: vec![Term::View(view)], constant: vec![], samples: Rc::new(samples) }
}

/// One of the model's inputs: these features.
fn input_value(input: &Input, shape: Vec<usize>, features: std::ops::Range<usize>) -> Value {
    let samples = input.samples.iter().map(|sample| sample[features.clone()].to_vec()).collect();
    let indices = features.clone().map(|feature| feature as u32).collect();
    Value {
        shape,
        terms: vec![Term::View(View { tensor: 0, factor: 1.0, indices: Rc::new(indices) })],
        constant: input.offsets[features].to_vec(),
        samples: Rc::new(samples),
    }
}

/// Every value with the shape and type that it has, for calls: its numbers are those of constants, else zeros.
fn sample_tensors(graph: &Graph) -> Vec<Option<Tensor>> {
    let of = |value: &crate::graph::Value| match &value.constant {
        Some(constant) => Some(constant.clone()),
        None => {
            let elements = value.shape.iter().product();
            let data = if value.element_type.is_float() {
                Data::Float(vec![0.0; elements])
            } else if value.element_type.is_integer() {
                Data::Integer(vec![0; elements])
            } else {
                Data::Bool(vec![false; elements])
            };
            Tensor::new(value.element_type, value.shape.clone(), data)
        }
    };
    graph.values().iter().map(of).collect()
}

fn lower_step(
    step: &Step,
    tensors: &[Option<Tensor>],
    values: &[Option<Value>],
    wanted: Vec<bool>,
    builder: &mut Builder<'_>,
) -> Result<Vec<Value>, Cause> {
    let inputs: Vec<Option<&Tensor>> =
        step.inputs.iter().map(|index| index.and_then(|index| tensors[index].as_ref())).collect();
    let known: Vec<Option<Value>> =
        step.inputs.iter().map(|index| index.and_then(|index| values[index].clone())).collect();
    let budget = Budget::default();
    let call = Call::new(&step.node, &inputs, &budget);
    let (family, _) = operator::find(&step.node)?;
    builder.node.clone_from(&step.node.name);
    family.lower(&mut Site::new(call, &known, wanted, builder))
}
