//! A recurrence as operators of the integer program: step after step.
//!
//! The input is contracted once for all steps. In every step the gates of one function are one contraction and one table. Steps are
//! powers of two that stay the same over time, so that products have whole coefficients and all steps share their tables; the logistic
//! function is the only table of a net of sigmoid and tanh, since `tanh(x) = 2 sigmoid(2x) - 1`.

use super::activation::Activation;
use super::cell::{self, Extremes, Weights};
use super::plan::{B, CELL, Direction, HIDDEN, Kind, PEEPHOLES, Plan, R, W, X};
use super::scale::{LOGISTIC_END, Scales};
use crate::lowering::{Clamp, Labels, Scale, Site, Value};
use crate::onnx::Cause;
use crate::operator::unary::sigmoid;
use std::rc::Rc;

/// No element: a zero.
const NOTHING: u32 = u32::MAX;
/// Most summands of a tensor that is put together out of steps.
const SUMMANDS: usize = 128;

/// How numbers go through a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Curve {
    /// The logistic function's table, shared by all gates.
    Logistic,
    /// Function f, g or h is a comparison.
    Relu(usize),
    /// Function f, g or h has a table of its own.
    Table(usize),
}

/// The curve of function f, g or h. A clip belongs to a gate's function and makes it another one.
pub(super) fn curve(plan: &Plan, direction: &Direction, which: usize) -> Curve {
    let activation = direction.activations[which];
    match plan.clip.filter(|_| which < 2) {
        None if activation.logistic().is_some() => Curve::Logistic,
        None if activation.is_relu() => Curve::Relu(which),
        _ => Curve::Table(which),
    }
}

/// What an argument of function f, g or h is multiplied with: 2 where tanh is looked up as the logistic function.
pub(super) fn inner(plan: &Plan, direction: &Direction, which: usize) -> f64 {
    let twice = direction.activations[which].logistic() == Some(true);
    if twice && curve(plan, direction, which) == Curve::Logistic { 2.0 } else { 1.0 }
}

/// The outputs of a recurrent node.
pub(super) fn lower(site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
    let plan = Plan::read(&site.call)?;
    let fixed = |site: &Site<'_, '_, '_>, index: usize| {
        let refused = || Cause::NotConstant { tensor: site.call.label(index) };
        if site.call.optional(index).is_none() {
            return Ok(Vec::new());
        }
        site.fixed(index).ok_or_else(refused)
    };
    let (own, recurrent) = (fixed(site, W)?, fixed(site, R)?);
    let (bias, peepholes) = (fixed(site, B)?, fixed(site, PEEPHOLES)?);
    let weights = Weights { input: &own, recurrent: &recurrent, bias: &bias, peepholes: &peepholes };
    let input = site.input(X)?;
    let (hidden, cell) = (initial(site, &plan, HIDDEN)?, initial(site, &plan, CELL)?);
    let mut seen = Extremes::default();
    for ((input, hidden), cell) in input.samples.iter().zip(hidden.samples.iter()).zip(cell.samples.iter()) {
        cell::run(&plan, &weights, input, (hidden, cell), &mut seen);
    }
    let scales = Scales::new(&plan, &seen, site.builder.room).ok_or(Cause::Overflow)?;
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut columns = 0;
    for (number, direction) in plan.directions.iter().enumerate() {
        let weights = weights.of_direction(&plan, number);
        let groups = groups(&plan, direction, &weights);
        let order: Vec<usize> = groups.iter().flatten().copied().collect();
        let first = columns;
        columns += order.len() * plan.hidden;
        parts.push(Part { plan: &plan, direction, weights, scales, groups, order, first });
    }
    let projected = projected(site, &parts, columns, &input)?;
    let mut results = Results::new(&plan);
    for (number, part) in parts.iter().enumerate() {
        let state = |value: &Value, scale: Scale, site: &mut Site<'_, '_, '_>| -> Result<Value, Cause> {
            let place =
                |place: usize| plan.state_place(number, place / plan.hidden, place % plan.hidden) as u32;
            let from: Vec<u32> = (0..plan.batch * plan.hidden).map(place).collect();
            let value = site.moved(value, vec![plan.batch, plan.hidden], &from)?;
            site.builder.stepped(&value, scale, Clamp::None)
        };
        let hidden = state(&hidden, scales.hidden, site)?;
        let cell = state(&cell, scales.cell, site)?;
        part.run(site, &projected, (hidden, cell), number, &mut results)?;
    }
    results.outputs(site)
}

/// An initial state: zeros where it is left out.
fn initial(site: &Site<'_, '_, '_>, plan: &Plan, index: usize) -> Result<Value, Cause> {
    if site.call.optional(index).is_some() {
        return site.input(index);
    }
    let shape = plan.state_shape();
    let elements = shape.iter().product();
    Ok(Value::constant(shape, vec![0.0; elements], site.samples()))
}

/// The gates of one step that are looked up together, in the order in which they are computed.
fn groups(plan: &Plan, direction: &Direction, weights: &Weights<'_>) -> Vec<Vec<usize>> {
    let looks_at_cell = weights.peepholes.iter().any(|weight| *weight != 0.0);
    let together: &[&[usize]] = match (plan.kind, looks_at_cell, plan.input_forget) {
        (Kind::Rnn, ..) => &[&[0]],
        (Kind::Gru, ..) => &[&[0, 1], &[2]],
        (Kind::Lstm, false, false) => &[&[0, 1, 2, 3]],
        (Kind::Lstm, false, true) => &[&[0, 1, 3]],
        // The output gate looks at the new cell.
        (Kind::Lstm, true, false) => &[&[0, 2, 3], &[1]],
        (Kind::Lstm, true, true) => &[&[0, 3], &[1]],
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for gates in together {
        let mut own: Vec<Vec<usize>> = Vec::new();
        for gate in *gates {
            let of = |gate: usize| curve(plan, direction, plan.kind.function(gate));
            match own.iter_mut().find(|group| of(group[0]) == of(*gate)) {
                Some(group) => group.push(*gate),
                None => own.push(vec![*gate]),
            }
        }
        groups.extend(own);
    }
    groups
}

/// One direction that is unrolled.
struct Part<'p> {
    plan: &'p Plan,
    direction: &'p Direction,
    weights: Weights<'p>,
    scales: Scales,
    groups: Vec<Vec<usize>>,
    /// The gates as their columns stand in what the input was contracted to.
    order: Vec<usize>,
    /// The first of these columns.
    first: usize,
}

/// The input contracted for all steps and directions. Shapes: `[steps, batch, columns]`
fn projected(
    site: &mut Site<'_, '_, '_>,
    parts: &[Part<'_>],
    columns: usize,
    input: &Value,
) -> Result<Value, Cause> {
    let Some(plan) = parts.first().map(|part| part.plan) else { return Err(Cause::Overflow) };
    let (mut weights, mut bias) = (Vec::with_capacity(columns * plan.inputs), Vec::with_capacity(columns));
    for part in parts {
        for gate in &part.order {
            for unit in 0..plan.hidden {
                let (row, inner) = (gate * plan.hidden + unit, part.inner(*gate));
                let own = &part.weights.input[row * plan.inputs..(row + 1) * plan.inputs];
                weights.extend(own.iter().map(|weight| weight * inner));
                let recurrent =
                    if part.contracts_alone(*gate) { 0.0 } else { part.weights.bias_of(plan, 1, row) };
                bias.push((part.weights.bias_of(plan, 0, row) + recurrent) * inner);
            }
        }
    }
    let labels = Labels::new(&[plan.steps, plan.batch, columns], &[plan.inputs]);
    let table = labels.axes(if plan.batch_first { &[1, 0, 3] } else { &[0, 1, 3] });
    let weight_table = labels.axes(&[2, 3]);
    let product = site.builder.weighted(&labels, (input, &table), (&weights, &weight_table))?;
    let biases: Vec<f64> = (0..product.elements()).map(|place| bias[place % columns]).collect();
    site.builder.views(&product.offset(&biases))
}

impl Part<'_> {
    fn inner(&self, gate: usize) -> f64 {
        inner(self.plan, self.direction, self.plan.kind.function(gate))
    }

    /// Whether the gate's recurrent part is a number of its own, which a reset gate multiplies.
    fn contracts_alone(&self, gate: usize) -> bool {
        self.plan.kind == Kind::Gru && gate == 2 && self.plan.linear_before_reset
    }

    fn run(
        &self,
        site: &mut Site<'_, '_, '_>,
        projected: &Value,
        (mut h, mut c): (Value, Value),
        number: usize,
        results: &mut Results<'_>,
    ) -> Result<(), Cause> {
        for step in 0..self.plan.steps {
            let time = |sequence: usize| self.plan.time(self.direction, step, sequence);
            let times: Vec<Option<usize>> = (0..self.plan.batch).map(time).collect();
            if times.iter().all(Option::is_none) {
                break;
            }
            let read = Read { projected, times: &times };
            let (new_h, new_c) = match self.plan.kind {
                Kind::Rnn => (self.single(site, &read, &h)?, c.clone()),
                Kind::Gru => (self.gru(site, &read, &h)?, c.clone()),
                Kind::Lstm => self.lstm(site, &read, (&h, &c))?,
            };
            h = self.kept(site, (&h, &new_h), &times, self.scales.hidden)?;
            c = self.kept(site, (&c, &new_c), &times, self.scales.cell)?;
            results.step(number, &times, &h);
        }
        results.last(number, &h, &c);
        Ok(())
    }

    /// The new state of sequences that go on, the old one of those that have ended; one tensor again, since products read it.
    fn kept(
        &self,
        site: &mut Site<'_, '_, '_>,
        (old, new): (&Value, &Value),
        times: &[Option<usize>],
        scale: Scale,
    ) -> Result<Value, Cause> {
        if times.iter().all(Option::is_some) {
            return Ok(new.clone());
        }
        let chosen = |value: &Value, ended: bool| {
            let place = |place: usize| {
                let wanted = times[place / self.plan.hidden].is_none() == ended;
                if wanted { place as u32 } else { NOTHING }
            };
            let from: Vec<u32> = (0..value.elements()).map(place).collect();
            value.moved(value.shape.clone(), &from)
        };
        let value = chosen(old, true).plus(&chosen(new, false), 1.0);
        site.builder.stepped(&value, scale, Clamp::None)
    }

    fn single(&self, site: &mut Site<'_, '_, '_>, read: &Read<'_>, h: &Value) -> Result<Value, Cause> {
        let before = self.before(site, read, &[0], h)?;
        self.activated(site, &before, 0)
    }

    fn gru(&self, site: &mut Site<'_, '_, '_>, read: &Read<'_>, h: &Value) -> Result<Value, Cause> {
        let gates = self.group(site, read, &[0, 1], h)?;
        let (z, r) = (self.gate(site, &gates, 0)?, self.gate(site, &gates, 1)?);
        let before = if self.plan.linear_before_reset {
            let row = |unit: usize| self.weights.bias_of(self.plan, 1, 2 * self.plan.hidden + unit);
            let bias: Vec<f64> =
                (0..h.elements()).map(|place| row(place % self.plan.hidden) * self.inner(2)).collect();
            let contracted = self.contracted(site, &[2], h)?.offset(&bias);
            let contracted = site.builder.stepped(&contracted, self.scales.contracted, Clamp::None)?;
            let reset = multiplied(site, &r, &contracted)?;
            read.of(self, site, &[2])?.plus(&reset, 1.0)
        } else {
            let reset = multiplied(site, &r, h)?;
            let reset = site.builder.stepped(&reset, self.scales.hidden, Clamp::None)?;
            self.before(site, read, &[2], &reset)?
        };
        let new = self.activated(site, &before, 1)?;
        let (fresh, old) = (multiplied(site, &one_minus(&z), &new)?, multiplied(site, &z, h)?);
        site.builder.stepped(&fresh.plus(&old, 1.0), self.scales.hidden, Clamp::None)
    }

    fn lstm(
        &self,
        site: &mut Site<'_, '_, '_>,
        read: &Read<'_>,
        (h, c): (&Value, &Value),
    ) -> Result<(Value, Value), Cause> {
        let mut gates = Vec::new();
        let early: Vec<&Vec<usize>> = self.groups.iter().filter(|group| !self.is_late(group)).collect();
        for group in early {
            let before = self.before(site, read, group, h)?;
            let before = self.with_peepholes(site, before, group, c)?;
            gates.push((group.clone(), self.looked_up(site, &before, self.function(group))?));
        }
        let (i, new) = (self.gate(site, &gates, 0)?, self.gate(site, &gates, 3)?);
        let f = if self.plan.input_forget { one_minus(&i) } else { self.gate(site, &gates, 2)? };
        let (old, fresh) = (multiplied(site, &f, c)?, multiplied(site, &i, &new)?);
        let c = site.builder.stepped(&old.plus(&fresh, 1.0), self.scales.cell, Clamp::None)?;
        let late: Vec<&Vec<usize>> = self.groups.iter().filter(|group| self.is_late(group)).collect();
        for group in late {
            let before = self.before(site, read, group, h)?;
            let before = self.with_peepholes(site, before, group, &c)?;
            gates.push((group.clone(), self.looked_up(site, &before, self.function(group))?));
        }
        let o = self.gate(site, &gates, 1)?;
        let shown = self.activated(site, &c.times(inner(self.plan, self.direction, 2)), 2)?;
        let h = multiplied(site, &o, &shown)?;
        Ok((site.builder.stepped(&h, self.scales.hidden, Clamp::None)?, c))
    }

    /// Whether a group is an output gate that looks at the new cell.
    fn is_late(&self, group: &[usize]) -> bool {
        group == [1] && self.weights.peepholes.iter().any(|weight| *weight != 0.0)
    }

    fn function(&self, group: &[usize]) -> usize {
        self.plan.kind.function(group.first().copied().unwrap_or(0))
    }

    /// Several gates of one step, by groups.
    fn group(
        &self,
        site: &mut Site<'_, '_, '_>,
        read: &Read<'_>,
        gates: &[usize],
        h: &Value,
    ) -> Result<Vec<(Vec<usize>, Value)>, Cause> {
        let mut results = Vec::new();
        for group in self.groups.iter().filter(|group| group.iter().all(|gate| gates.contains(gate))) {
            let before = self.before(site, read, group, h)?;
            results.push((group.clone(), self.looked_up(site, &before, self.function(group))?));
        }
        Ok(results)
    }

    /// One gate of looked-up groups. Shapes: `[batch, hidden]`
    fn gate(
        &self,
        site: &mut Site<'_, '_, '_>,
        groups: &[(Vec<usize>, Value)],
        gate: usize,
    ) -> Result<Value, Cause> {
        let hidden = self.plan.hidden;
        let found = groups.iter().find_map(|(gates, value)| {
            gates.iter().position(|other| *other == gate).map(|position| (position, value))
        });
        let Some((position, value)) = found else { return Err(Cause::OnlyConstants) };
        let value = site.slice(value, 1, position * hidden..(position + 1) * hidden)?;
        Ok(self.outer(value, self.plan.kind.function(gate)))
    }

    /// Of a logistic result of twice the argument to tanh.
    fn outer(&self, value: Value, which: usize) -> Value {
        if inner(self.plan, self.direction, which) == 1.0 {
            return value;
        }
        let elements = value.elements();
        value.times(2.0).offset(&vec![-1.0; elements])
    }

    /// Arguments of some gates, those of tanh twice. Shapes: `[batch, gates * hidden]`
    fn before(
        &self,
        site: &mut Site<'_, '_, '_>,
        read: &Read<'_>,
        gates: &[usize],
        h: &Value,
    ) -> Result<Value, Cause> {
        let contracted = self.contracted(site, gates, h)?;
        Ok(read.of(self, site, gates)?.plus(&contracted, 1.0))
    }

    /// The state times the recurrent weights of some gates, in one contraction.
    fn contracted(&self, site: &mut Site<'_, '_, '_>, gates: &[usize], h: &Value) -> Result<Value, Cause> {
        let hidden = self.plan.hidden;
        let mut weights = Vec::with_capacity(gates.len() * hidden * hidden);
        for gate in gates {
            let own = &self.weights.recurrent[gate * hidden * hidden..(gate + 1) * hidden * hidden];
            weights.extend(own.iter().map(|weight| weight * self.inner(*gate)));
        }
        let labels = Labels::new(&[self.plan.batch, gates.len() * hidden], &[hidden]);
        let (table, weight_table) = (labels.axes(&[0, 2]), labels.axes(&[1, 2]));
        site.builder.weighted(&labels, (h, &table), (&weights, &weight_table))
    }

    fn with_peepholes(
        &self,
        site: &mut Site<'_, '_, '_>,
        before: Value,
        gates: &[usize],
        c: &Value,
    ) -> Result<Value, Cause> {
        let (hidden, columns) = (self.plan.hidden, gates.len() * self.plan.hidden);
        let weight = |place: usize| {
            let (column, gate) = (place % columns, gates[place % columns / hidden]);
            let weight = if gate < 3 { self.weights.peephole(self.plan, gate, column % hidden) } else { 0.0 };
            weight * self.inner(gate)
        };
        let weights: Vec<f64> = (0..before.elements()).map(weight).collect();
        if weights.iter().all(|weight| *weight == 0.0) {
            return Ok(before);
        }
        let place = |place: usize| (place / columns * hidden + place % hidden) as u32;
        let from: Vec<u32> = (0..before.elements()).map(place).collect();
        let repeated = site.moved(c, before.shape.clone(), &from)?;
        let looked_at = site.scaled(&repeated, &weights)?;
        Ok(before.plus(&looked_at, 1.0))
    }

    /// Function f, g or h of arguments, those of tanh twice.
    fn activated(&self, site: &mut Site<'_, '_, '_>, before: &Value, which: usize) -> Result<Value, Cause> {
        let value = self.looked_up(site, before, which)?;
        Ok(self.outer(value, which))
    }

    /// The curve of function f, g or h.
    fn looked_up(&self, site: &mut Site<'_, '_, '_>, before: &Value, which: usize) -> Result<Value, Cause> {
        let activation: Activation = self.direction.activations[which];
        let clip = self.plan.clip.filter(|_| which < 2).unwrap_or(f64::INFINITY);
        let plain = move |x: f64| activation.of(x.clamp(-clip, clip));
        match curve(self.plan, self.direction, which) {
            Curve::Logistic => {
                let scales = (self.scales.logistic, self.scales.gate);
                let known = site.builder.operators.len();
                let arguments = site.builder.at_scale(before, self.scales.logistic)?;
                let stepped = site.builder.operators.len() > known;
                let value = site.builder.tabulated(&arguments, &sigmoid, scales)?;
                if self.scales.logistic.reaches(LOGISTIC_END) {
                    site.builder.may_saturate(&value);
                    // A cell that is looked up as it stands has an end of its own.
                    if stepped {
                        site.builder.may_saturate(&arguments);
                    }
                }
                Ok(value)
            }
            Curve::Relu(_) => site.builder.stepped(before, self.scales.results[which], Clamp::Relu),
            Curve::Table(_) => {
                let scales = (self.scales.arguments[which], self.scales.results[which]);
                site.builder.tabulated(before, &plain, scales)
            }
        }
    }
}

/// What the input was contracted to, at the times of one step.
struct Read<'r> {
    projected: &'r Value,
    times: &'r [Option<usize>],
}

impl Read<'_> {
    /// Columns of some gates. Shapes: `[batch, gates * hidden]`
    fn of(&self, part: &Part<'_>, site: &mut Site<'_, '_, '_>, gates: &[usize]) -> Result<Value, Cause> {
        let (plan, columns) = (part.plan, self.projected.shape.last().copied().unwrap_or(1));
        let mut from = Vec::with_capacity(plan.batch * gates.len() * plan.hidden);
        for (sequence, time) in self.times.iter().enumerate() {
            for gate in gates {
                let position = part.order.iter().position(|other| other == gate).unwrap_or(0);
                let column = part.first + position * plan.hidden;
                from.extend((0..plan.hidden).map(|unit| match time {
                    Some(time) => ((time * plan.batch + sequence) * columns + column + unit) as u32,
                    None => NOTHING,
                }));
            }
        }
        site.moved(self.projected, vec![plan.batch, gates.len() * plan.hidden], &from)
    }
}

fn one_minus(value: &Value) -> Value {
    value.times(-1.0).offset(&vec![1.0; value.elements()])
}

/// Element by element, constants multiplied out: a product reads tensors as they are.
fn multiplied(site: &mut Site<'_, '_, '_>, left: &Value, right: &Value) -> Result<Value, Cause> {
    let (first, second) = (left.constants(), right.constants());
    if left.terms.is_empty() || right.terms.is_empty() {
        return site.times(left, right);
    }
    let without = |value: &Value, constants: &[f64]| {
        let negative: Vec<f64> = constants.iter().map(|constant| -constant).collect();
        value.offset(&negative)
    };
    let (left, right) = (without(left, &first), without(right, &second));
    let mut product = site.times(&left, &right)?;
    for (value, factors) in [(&right, &first), (&left, &second)] {
        if factors.iter().any(|factor| *factor != 0.0) {
            product = product.plus(&site.scaled(value, factors)?, 1.0);
        }
    }
    let constants: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a * b).collect();
    Ok(product.offset(&constants))
}

/// The outputs as they come together.
struct Results<'p> {
    plan: &'p Plan,
    /// States with their elements' places: old, new.
    sequence: Vec<(Value, Vec<(usize, usize)>)>,
    hidden: Vec<(Value, Vec<(usize, usize)>)>,
    cell: Vec<(Value, Vec<(usize, usize)>)>,
}

impl<'p> Results<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self { plan, sequence: vec![], hidden: vec![], cell: vec![] }
    }

    fn step(&mut self, direction: usize, times: &[Option<usize>], h: &Value) {
        let hidden = self.plan.hidden;
        let mut places = Vec::new();
        for (sequence, time) in times.iter().enumerate() {
            let Some(time) = *time else { continue };
            places.extend((0..hidden).map(|unit| {
                (sequence * hidden + unit, self.plan.sequence_place(time, direction, sequence, unit))
            }));
        }
        self.sequence.push((h.clone(), places));
    }

    fn last(&mut self, direction: usize, h: &Value, c: &Value) {
        let hidden = self.plan.hidden;
        let going = (0..self.plan.batch).filter(|sequence| self.plan.lengths[*sequence] > 0);
        let places: Vec<(usize, usize)> = going
            .flat_map(|sequence| (0..hidden).map(move |unit| (sequence, unit)))
            .map(|(sequence, unit)| {
                (sequence * hidden + unit, self.plan.state_place(direction, sequence, unit))
            })
            .collect();
        self.hidden.push((h.clone(), places.clone()));
        self.cell.push((c.clone(), places));
    }

    fn outputs(self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let wanted = site.call.wants_output(0);
        let mut outputs = vec![
            joined(site, self.plan.sequence_shape(), &self.sequence, wanted)?,
            joined(site, self.plan.state_shape(), &self.hidden, true)?,
        ];
        if self.plan.kind == Kind::Lstm {
            outputs.push(joined(site, self.plan.state_shape(), &self.cell, true)?);
        }
        Ok(outputs)
    }
}

/// A tensor put together out of states; where there are many, in several operators, unless nobody reads it.
fn joined(
    site: &mut Site<'_, '_, '_>,
    shape: Vec<usize>,
    states: &[(Value, Vec<(usize, usize)>)],
    wanted: bool,
) -> Result<Value, Cause> {
    let elements = shape.iter().product();
    let mut result = Value::constant(shape.clone(), vec![0.0; elements], site.samples());
    let several = states.len() > SUMMANDS;
    for chunk in states.chunks(SUMMANDS) {
        let mut terms = Vec::new();
        let mut constant = vec![0.0; elements];
        let mut samples = vec![vec![0.0; elements]; site.samples()];
        for (value, places) in chunk {
            let mut from = vec![NOTHING; elements];
            for (old, new) in places {
                from[*new] = *old as u32;
                constant[*new] += value.constant.get(*old).copied().unwrap_or(0.0);
                for (sample, own) in samples.iter_mut().zip(value.samples.iter()) {
                    sample[*new] = own[*old];
                }
            }
            let bare = Value { samples: Rc::new(vec![]), constant: vec![], ..value.clone() };
            terms.extend(bare.moved(shape.clone(), &from).terms);
        }
        let value = Value { shape: shape.clone(), terms, constant, samples: Rc::new(samples) };
        let value = if several && wanted { site.builder.rescaled(&value, Clamp::None)? } else { value };
        result = result.plus(&value, 1.0);
    }
    Ok(result)
}
