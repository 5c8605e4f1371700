//! What a recurrent node asks for: sizes, directions, functions.

use super::activation::Activation;
use crate::onnx::Cause;
use crate::operator::Call;

/// The kinds of recurrent nets, each with its gates in ONNX's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One gate.
    Rnn,
    /// Gates z, r, h.
    Gru,
    /// Gates i, o, f, c.
    Lstm,
}

impl Kind {
    /// Number of gates.
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Which of the functions f, g, h a gate has.
    pub(super) fn function(self, gate: usize) -> usize {
        match self {
            Self::Rnn => 0,
            Self::Gru => usize::from(gate == 2),
            Self::Lstm => usize::from(gate == 3),
        }
    }

    fn defaults(self) -> &'static [Activation] {
        match self {
            Self::Rnn => &[Activation::TANH],
            Self::Gru => &[Activation::SIGMOID, Activation::TANH],
            Self::Lstm => &[Activation::SIGMOID, Activation::TANH, Activation::TANH],
        }
    }
}

/// One direction.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Direction {
    /// Whether time goes backwards.
    pub(super) reverse: bool,
    /// Functions f, g, h, as many as the kind has.
    pub(super) activations: Vec<Activation>,
}

/// What a recurrent node asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) directions: Vec<Direction>,
    /// Length of the sequence.
    pub(super) steps: usize,
    pub(super) batch: usize,
    /// Numbers of one step of one sequence.
    pub(super) inputs: usize,
    /// Numbers of the hidden state.
    pub(super) hidden: usize,
    /// Whether the batch stands before the time.
    pub(super) batch_first: bool,
    /// What numbers before a gate's function are kept within.
    pub(super) clip: Option<f64>,
    /// Whether the forget gate is one minus the input gate.
    pub(super) input_forget: bool,
    /// Whether the reset gate multiplies what the hidden state was contracted to.
    pub(super) linear_before_reset: bool,
    /// Length of every sequence of the batch.
    pub(super) lengths: Vec<usize>,
}

/// Places of the inputs.
pub(super) const X: usize = 0;
pub(super) const W: usize = 1;
pub(super) const R: usize = 2;
pub(super) const B: usize = 3;
pub(super) const LENGTHS: usize = 4;
pub(super) const HIDDEN: usize = 5;
pub(super) const CELL: usize = 6;
pub(super) const PEEPHOLES: usize = 7;

impl Plan {
    /// Reads a node: sizes from the inputs' shapes, which must fit each other.
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let kind = match call.operator() {
            "RNN" => Kind::Rnn,
            "GRU" => Kind::Gru,
            _ => Kind::Lstm,
        };
        let attributes = call.attributes();
        let reverses: &[bool] = match attributes.text("direction", "forward")? {
            "forward" => &[false],
            "reverse" => &[true],
            "bidirectional" => &[false, true],
            got => return Err(call.unsupported("direction", got, "forward, reverse or bidirectional")),
        };
        let batch_first = match attributes.integer("layout", 0)? {
            0 => false,
            1 => true,
            got => return Err(call.unsupported("layout", got, "0 or 1")),
        };
        let functions = kind.defaults().len();
        let defaults = reverses.iter().flat_map(|_| kind.defaults()).copied().collect();
        let activations = Activation::read(call, defaults)?;
        let direction = |(reverse, activations): (&bool, &[Activation])| Direction {
            reverse: *reverse,
            activations: activations.to_vec(),
        };
        let directions: Vec<Direction> =
            reverses.iter().zip(activations.chunks(functions)).map(direction).collect();
        let clip = attributes.optional_float("clip")?;
        if let Some(clip) = clip.filter(|clip| clip.is_nan() || *clip <= 0.0) {
            return Err(call.unsupported("clip", clip, "a positive number"));
        }
        let &[first, second, inputs] = call.input(X)?.shape() else {
            return Err(call.wrong_shape(X, "three axes: time, batch and numbers"));
        };
        let (steps, batch) = if batch_first { (second, first) } else { (first, second) };
        let &[_, _, hidden] = call.input(R)?.shape() else {
            return Err(call.wrong_shape(R, "three axes: directions, gates, hidden state"));
        };
        if let Some(got) = attributes.optional_integer("hidden_size")?
            && usize::try_from(got) != Ok(hidden)
        {
            return Err(call.unsupported("hidden_size", got, "the size that the weights have"));
        }
        if steps == 0 || batch == 0 || hidden == 0 {
            return Err(call.wrong_shape(X, "at least one step, one sequence and one number of state"));
        }
        let mut plan = Self {
            kind,
            directions,
            steps,
            batch,
            inputs,
            hidden,
            batch_first,
            clip,
            input_forget: attributes.flag("input_forget", false)?,
            linear_before_reset: attributes.flag("linear_before_reset", false)?,
            lengths: vec![steps; batch],
        };
        plan.check(call)?;
        if let Some(lengths) = call.optional_integers(LENGTHS)? {
            let length = |&got: &i64| {
                let length = usize::try_from(got).ok().filter(|length| *length <= steps);
                length.ok_or_else(|| Cause::Value { tensor: call.label(LENGTHS), got: got.to_string() })
            };
            plan.lengths = lengths.iter().map(length).collect::<Result<_, Cause>>()?;
        }
        Ok(plan)
    }

    /// Every input has the shape, and the floats the type, that the others ask for.
    fn check(&self, call: &Call<'_>) -> Result<(), Cause> {
        let (directions, gates, hidden) = (self.directions.len(), self.kind.gates(), self.hidden);
        let rows = gates.saturating_mul(hidden);
        let expected = [
            (W, vec![directions, rows, self.inputs]),
            (R, vec![directions, rows, hidden]),
            (B, vec![directions, rows.saturating_mul(2)]),
            (LENGTHS, vec![self.batch]),
            (HIDDEN, self.state_shape()),
            (CELL, self.state_shape()),
            (PEEPHOLES, vec![directions, hidden.saturating_mul(3)]),
        ];
        for (index, shape) in expected {
            let Some(tensor) = call.optional(index) else { continue };
            if tensor.shape() != shape {
                return Err(call.wrong_shape(index, format!("{shape:?}")));
            }
            if index != LENGTHS {
                call.same_type(X, index)?;
            }
        }
        Ok(())
    }

    /// Shape of a state: of the initial ones and of the last ones.
    pub(super) fn state_shape(&self) -> Vec<usize> {
        let directions = self.directions.len();
        if self.batch_first {
            vec![self.batch, directions, self.hidden]
        } else {
            vec![directions, self.batch, self.hidden]
        }
    }

    /// Place of a state's number.
    pub(super) fn state_place(&self, direction: usize, sequence: usize, unit: usize) -> usize {
        let outer = if self.batch_first {
            sequence * self.directions.len() + direction
        } else {
            direction * self.batch + sequence
        };
        outer * self.hidden + unit
    }

    /// Shape of all hidden states.
    pub(super) fn sequence_shape(&self) -> Vec<usize> {
        let (directions, hidden) = (self.directions.len(), self.hidden);
        if self.batch_first {
            vec![self.batch, self.steps, directions, hidden]
        } else {
            vec![self.steps, directions, self.batch, hidden]
        }
    }

    /// Place of a hidden state's number at a time.
    pub(super) fn sequence_place(
        &self,
        time: usize,
        direction: usize,
        sequence: usize,
        unit: usize,
    ) -> usize {
        let directions = self.directions.len();
        let outer = if self.batch_first {
            (sequence * self.steps + time) * directions + direction
        } else {
            (time * directions + direction) * self.batch + sequence
        };
        outer * self.hidden + unit
    }

    /// Place of the first number of X at a time.
    pub(super) fn input_place(&self, time: usize, sequence: usize) -> usize {
        let outer =
            if self.batch_first { sequence * self.steps + time } else { time * self.batch + sequence };
        outer * self.inputs
    }

    /// The time that a sequence is read at in a step; `None` where it has ended.
    pub(super) fn time(&self, direction: &Direction, step: usize, sequence: usize) -> Option<usize> {
        let length = self.lengths.get(sequence).copied().filter(|length| step < *length)?;
        Some(if direction.reverse { length - 1 - step } else { step })
    }

    /// Multiplications of one evaluation, for the node's budget.
    pub(super) fn work(&self) -> u64 {
        let sizes = [self.steps, self.batch, self.directions.len(), self.kind.gates(), self.hidden];
        let products = sizes.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64));
        products.saturating_mul(self.inputs.saturating_add(self.hidden) as u64)
    }
}
