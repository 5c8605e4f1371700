//! The recurrence in double precision, and how large its numbers become.

use super::activation::Activation;
use super::plan::{Direction, Kind, Plan};

/// Weights of a node. Shapes: as ONNX has them, with zeros for what is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'w> {
    /// `[directions, gates * hidden, inputs]`
    pub(super) input: &'w [f64],
    /// `[directions, gates * hidden, hidden]`
    pub(super) recurrent: &'w [f64],
    /// `[directions, 2 * gates * hidden]`; empty for zeros.
    pub(super) bias: &'w [f64],
    /// `[directions, 3 * hidden]` for the gates i, o, f; empty for zeros.
    pub(super) peepholes: &'w [f64],
}

impl<'w> Weights<'w> {
    /// The weights of one direction.
    pub(super) fn of_direction(&self, plan: &Plan, direction: usize) -> Self {
        let rows = plan.kind.gates() * plan.hidden;
        let part = |all: &'w [f64], length: usize| {
            all.get(direction * length..(direction + 1) * length).unwrap_or(&[])
        };
        Self {
            input: part(self.input, rows * plan.inputs),
            recurrent: part(self.recurrent, rows * plan.hidden),
            bias: part(self.bias, 2 * rows),
            peepholes: part(self.peepholes, 3 * plan.hidden),
        }
    }

    /// The bias of the input (0) or the recurrent (1) part of one direction's gates.
    pub(super) fn bias_of(&self, plan: &Plan, part: usize, row: usize) -> f64 {
        self.bias.get(part * plan.kind.gates() * plan.hidden + row).copied().unwrap_or(0.0)
    }

    /// The peephole of a gate (i, o, f) of one direction.
    pub(super) fn peephole(&self, plan: &Plan, gate: usize, unit: usize) -> f64 {
        self.peepholes.get(gate * plan.hidden + unit).copied().unwrap_or(0.0)
    }
}

/// The largest absolute values that were met.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Extremes {
    /// Arguments of sigmoid, and twice those of tanh.
    pub(super) logistic: f64,
    /// Arguments of the functions f, g and h.
    pub(super) arguments: [f64; 3],
    /// Results of the functions f, g and h.
    pub(super) results: [f64; 3],
    /// Cell state.
    pub(super) cell: f64,
    /// Hidden state.
    pub(super) hidden: f64,
    /// What a reset gate multiplies after the contraction.
    pub(super) contracted: f64,
}

fn raise(largest: &mut f64, value: f64) {
    // NaN stays to be seen.
    if value.abs() > *largest || value.is_nan() {
        *largest = value.abs();
    }
}

/// All hidden states and the last states. Shapes: as ONNX has them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct States {
    pub(super) sequence: Vec<f64>,
    pub(super) hidden: Vec<f64>,
    pub(super) cell: Vec<f64>,
}

/// Runs the whole recurrence. Shapes: as ONNX has them; initial states in full.
pub(super) fn run(
    plan: &Plan,
    weights: &Weights<'_>,
    input: &[f64],
    (hidden, cell): (&[f64], &[f64]),
    seen: &mut Extremes,
) -> States {
    let elements = |shape: Vec<usize>| shape.iter().product();
    let mut states = States {
        sequence: vec![0.0; elements(plan.sequence_shape())],
        hidden: vec![0.0; elements(plan.state_shape())],
        cell: vec![0.0; elements(plan.state_shape())],
    };
    for (number, direction) in plan.directions.iter().enumerate() {
        let weights = weights.of_direction(plan, number);
        let reader = Cell { plan, direction, weights };
        for sequence in 0..plan.batch {
            let first = plan.state_place(number, sequence, 0);
            let mut h = hidden[first..first + plan.hidden].to_vec();
            let mut c = cell[first..first + plan.hidden].to_vec();
            h.iter().for_each(|value| raise(&mut seen.hidden, *value));
            c.iter().for_each(|value| raise(&mut seen.cell, *value));
            for step in 0..plan.steps {
                let Some(time) = plan.time(direction, step, sequence) else { break };
                let place = plan.input_place(time, sequence);
                reader.step(&input[place..place + plan.inputs], &mut h, &mut c, seen);
                let place = plan.sequence_place(time, number, sequence, 0);
                states.sequence[place..place + plan.hidden].copy_from_slice(&h);
            }
            // A sequence without a step has no last state.
            if plan.lengths[sequence] > 0 {
                states.hidden[first..first + plan.hidden].copy_from_slice(&h);
                states.cell[first..first + plan.hidden].copy_from_slice(&c);
            }
        }
    }
    states
}

/// One direction of a recurrence.
struct Cell<'p> {
    plan: &'p Plan,
    direction: &'p Direction,
    weights: Weights<'p>,
}

impl Cell<'_> {
    /// A gate's rows of the input's weights times the input, with bias.
    fn projected(&self, gate: usize, input: &[f64]) -> Vec<f64> {
        self.contracted(gate, 0, self.weights.input, input)
    }

    /// A gate's rows of the recurrent weights times a state, with bias.
    fn recurrent(&self, gate: usize, state: &[f64]) -> Vec<f64> {
        self.contracted(gate, 1, self.weights.recurrent, state)
    }

    fn contracted(&self, gate: usize, part: usize, weights: &[f64], state: &[f64]) -> Vec<f64> {
        let row = |unit: usize| {
            let row = gate * self.plan.hidden + unit;
            let weights = &weights[row * state.len()..(row + 1) * state.len()];
            let sum: f64 = weights.iter().zip(state).map(|(weight, value)| weight * value).sum();
            sum + self.weights.bias_of(self.plan, part, row)
        };
        (0..self.plan.hidden).map(row).collect()
    }

    /// Function number `which` of every number; `clip` keeps the arguments of gates.
    fn activated(&self, which: usize, clip: Option<f64>, arguments: &[f64], seen: &mut Extremes) -> Vec<f64> {
        let activation: Activation = self.direction.activations[which];
        let of = |argument: &f64| {
            let argument = clip.map_or(*argument, |clip| argument.clamp(-clip, clip));
            if let Some(twice) = activation.logistic() {
                raise(&mut seen.logistic, if twice { 2.0 * argument } else { argument });
            }
            raise(&mut seen.arguments[which], argument);
            let result = activation.of(argument);
            raise(&mut seen.results[which], result);
            result
        };
        arguments.iter().map(of).collect()
    }

    fn gate(&self, gate: usize, arguments: &[f64], seen: &mut Extremes) -> Vec<f64> {
        self.activated(self.plan.kind.function(gate), self.plan.clip, arguments, seen)
    }

    fn step(&self, input: &[f64], h: &mut Vec<f64>, c: &mut [f64], seen: &mut Extremes) {
        match self.plan.kind {
            Kind::Rnn => *h = self.gate(0, &sum(&self.projected(0, input), &self.recurrent(0, h)), seen),
            Kind::Gru => self.gru(input, h, seen),
            Kind::Lstm => self.lstm(input, h, c, seen),
        }
        h.iter().for_each(|value| raise(&mut seen.hidden, *value));
        c.iter().for_each(|value| raise(&mut seen.cell, *value));
    }

    fn gru(&self, input: &[f64], h: &mut [f64], seen: &mut Extremes) {
        let z = self.gate(0, &sum(&self.projected(0, input), &self.recurrent(0, h)), seen);
        let r = self.gate(1, &sum(&self.projected(1, input), &self.recurrent(1, h)), seen);
        let recurrent = if self.plan.linear_before_reset {
            let contracted = self.recurrent(2, h);
            contracted.iter().for_each(|value| raise(&mut seen.contracted, *value));
            product(&r, &contracted)
        } else {
            self.recurrent(2, &product(&r, h))
        };
        let new = self.gate(2, &sum(&self.projected(2, input), &recurrent), seen);
        for (h, (z, new)) in h.iter_mut().zip(z.iter().zip(new)) {
            *h = (1.0 - z) * new + z * *h;
        }
    }

    fn lstm(&self, input: &[f64], h: &mut Vec<f64>, c: &mut [f64], seen: &mut Extremes) {
        let before = |gate: usize, cell: &[f64]| {
            let sums = sum(&self.projected(gate, input), &self.recurrent(gate, h));
            let peephole =
                |(unit, value): (usize, &f64)| self.weights.peephole(self.plan, gate, unit) * value;
            let peepholes: Vec<f64> = cell.iter().enumerate().map(peephole).collect();
            if gate < 3 { sum(&sums, &peepholes) } else { sums }
        };
        let i = self.gate(0, &before(0, c), seen);
        let f = if self.plan.input_forget {
            i.iter().map(|i| 1.0 - i).collect()
        } else {
            self.gate(2, &before(2, c), seen)
        };
        let new = self.gate(3, &before(3, c), seen);
        let cell = sum(&product(&f, c), &product(&i, &new));
        c.copy_from_slice(&cell);
        let o = self.gate(1, &before(1, c), seen);
        // The cell is no gate: it is not clipped.
        *h = product(&o, &self.activated(2, None, c, seen));
    }
}

fn sum(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(a, b)| a + b).collect()
}

fn product(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(a, b)| a * b).collect()
}
