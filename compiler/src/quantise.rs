//! Stages to integer operators: scales from calibration, weights and biases as integers, worst cases within limits.
//!
//! Entry `i` of a tensor stands for the real number `steps[i] * integer`. A stage
//! `y = sum W x + b` becomes `acc = sum round(W * steps_x / steps_y * 2^16 / multiplier) * x + bias`, which the rescale
//! turns into `y / steps_y`. Steps are chosen for each entry on its own, so that weak neurons keep their bits; where
//! a tensor is added to another one by a common factor, and for the output, all entries share one step.
//!
//! Only `+ - * /`, comparisons and rounding to the nearest integer: the same integers on every machine.

use crate::class::padded_log2;
use crate::fold::{Stage, Weights as Real};
use crate::onnx::{Cause, Obstacle};
use candor_program::card::{OperatorWeights, Weights};
use candor_program::class::{OperatorClass, TensorId, TermClass};
use candor_program::feature::Feature;
use candor_program::limits;
use candor_program::operator::rescale::{EXCESS_LIMIT, SHIFT, SPAN};
use candor_program::operator::{Affine, Operator, Rescale, Term};

/// Room above the largest calibrated value before it saturates. Two bits: a saturated value is wrong by much more than
/// the rounding that these bits would spare (on the test days of the S&P 500 agent 0.2 against 0.001, of logits up to 3).
pub(crate) const HEADROOM: f64 = 4.0;
/// An entry's range is at least this part of its tensor's largest one.
const FINEST: f64 = 1.0 / 256.0;
/// Largest integer weight.
const WEIGHT_LIMIT: f64 = (1u64 << 30) as f64;
/// Accumulators stay below this in double precision, which leaves room to [`limits::ACCUMULATOR`].
const ACCUMULATOR_LIMIT: i128 = limits::ACCUMULATOR / 2;
/// Lowest value of a tensor without ReLU.
const SIGNED_LOW: i32 = -32_768;
/// How often a range may be doubled until its worst case fits. Each time costs one of 16 bits.
const DOUBLINGS: u32 = 8;

/// Largest magnitude that each entry of each stage reached on the calibration data.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    /// Shapes: one list for every stage, one entry for every output.
    pub(crate) largest: Vec<Vec<f64>>,
}

/// The integer model.
#[derive(Clone, Debug)]
pub(crate) struct Quantised {
    pub(crate) operators: Vec<Operator>,
    pub(crate) shapes: Vec<OperatorClass>,
    pub(crate) weights: Weights,
    /// Real value of one integer step: for the input, then for every operator's output.
    pub(crate) steps: Vec<Vec<f64>>,
    /// Largest and smallest accumulator of every operator, over all inputs.
    pub(crate) accumulators: Vec<i128>,
    /// How often the ranges of every operator had to be doubled for its worst case.
    pub(crate) doublings: Vec<u32>,
}

/// The integer operators of a model.
pub(crate) fn quantise(
    stages: &[Stage],
    features: &[Feature],
    ranges: &Ranges,
    room: f64,
) -> Result<Quantised, Box<Obstacle>> {
    let input_steps: Vec<f64> = features.iter().map(|feature| 1.0 / power_of_ten(feature.decimals)).collect();
    let uniform = uniform_tensors(stages);
    let input = Tensor {
        offsets: features.iter().zip(&input_steps).map(|(feature, step)| feature.min as f64 * step).collect(),
        bounds: features.iter().map(|feature| (0, i128::from(feature.span()))).collect(),
        steps: input_steps,
    };
    let mut tensors = vec![input];
    let mut quantised = Quantised {
        operators: Vec::with_capacity(stages.len()),
        shapes: Vec::with_capacity(stages.len()),
        weights: Weights { operators: Vec::with_capacity(stages.len()), tables: vec![] },
        steps: Vec::new(),
        accumulators: Vec::with_capacity(stages.len()),
        doublings: Vec::with_capacity(stages.len()),
    };
    for (index, (stage, largest)) in stages.iter().zip(&ranges.largest).enumerate() {
        let builder = StageBuilder { stage, tensors: &tensors, uniform: uniform[index + 1], room };
        let built = builder.build(largest).map_err(|cause| {
            Box::new(Obstacle { node: stage.name.clone(), operator: stage.operator.clone(), cause })
        })?;
        quantised.operators.push(Operator::Affine(built.affine));
        quantised.shapes.push(built.shape);
        quantised.weights.operators.push(built.weights);
        quantised.accumulators.push(built.accumulator);
        quantised.doublings.push(built.doublings);
        tensors.push(built.output);
    }
    quantised.steps = tensors.into_iter().map(|tensor| tensor.steps).collect();
    Ok(quantised)
}

/// `10^decimals`, exact for every feature's scale.
pub(crate) fn power_of_ten(decimals: u8) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

/// Which tensors must have one step for all entries: the output, and both sides of a scaled term.
fn uniform_tensors(stages: &[Stage]) -> Vec<bool> {
    let mut uniform = vec![false; stages.len() + 1];
    uniform[stages.len()] = true;
    for (index, stage) in stages.iter().enumerate() {
        for (source, weights) in &stage.terms {
            if matches!(weights, Real::Scaled(_)) {
                uniform[*source] = true;
                uniform[index + 1] = true;
            }
        }
    }
    uniform
}

/// What is known of a tensor once its operator is an integer operator.
struct Tensor {
    steps: Vec<f64>,
    /// Real value of the integer 0.
    offsets: Vec<f64>,
    /// Lowest and highest integer, for any input.
    bounds: Vec<(i128, i128)>,
}

struct StageBuilder<'s> {
    stage: &'s Stage,
    tensors: &'s [Tensor],
    uniform: bool,
    /// Room above the largest calibrated value, as a factor.
    room: f64,
}

struct Built {
    affine: Affine,
    shape: OperatorClass,
    weights: OperatorWeights,
    output: Tensor,
    accumulator: i128,
    doublings: u32,
}

/// Integer coefficients of one term.
enum Coefficients {
    Scaled(i32),
    Dense(Vec<i32>),
}

impl StageBuilder<'_> {
    fn build(&self, largest: &[f64]) -> Result<Built, Cause> {
        let mut ranges = self.ranges(largest)?;
        let span = if self.stage.relu { SPAN as f64 } else { -f64::from(SIGNED_LOW) - 1.0 };
        let mut bits = 0;
        for doublings in 0..=DOUBLINGS {
            let steps: Vec<f64> = ranges.iter().map(|range| range / span).collect();
            let multiplier = self.multiplier(&steps)?;
            let coefficients = self.coefficients(&steps, multiplier);
            let Some(bias) = self.bias(&steps, multiplier) else {
                double(&mut ranges, |_| true);
                continue;
            };
            let accumulators = self.accumulators(&coefficients, &bias);
            let rescale = Rescale { multiplier, low: if self.stage.relu { 0 } else { SIGNED_LOW } };
            let fits: Vec<bool> = accumulators.iter().map(|bounds| fits(*bounds, rescale)).collect();
            let accumulator = accumulators.iter().map(|(low, high)| (-low).max(*high)).max().unwrap_or(0);
            bits = 128 - accumulator.leading_zeros();
            if fits.iter().all(|fits| *fits) {
                let bounds = accumulators.iter().map(|bounds| outputs(*bounds, rescale)).collect();
                let output = Tensor { offsets: vec![0.0; steps.len()], steps, bounds };
                let (affine, shape, weights) = self.assemble(coefficients, bias, rescale);
                return Ok(Built { affine, shape, weights, output, accumulator, doublings });
            }
            double(&mut ranges, |index| self.uniform || !fits[index]);
        }
        Err(Cause::WorstCase { bits })
    }

    /// The real range of every entry: what calibration reached and some room, but never more than the worst case of any
    /// input, and not absurdly little.
    fn ranges(&self, largest: &[f64]) -> Result<Vec<f64>, Cause> {
        if !largest.iter().all(|largest| largest.is_finite()) {
            return Err(Cause::Overflow);
        }
        let seen = largest.iter().any(|largest| *largest > 0.0);
        let roomy = |(output, largest): (usize, &f64)| match *largest {
            // What was never seen gets room for whatever may come, unless it would take it from the others.
            0.0 if self.uniform && seen => 0.0,
            0.0 => self.worst_case(output),
            largest => (largest * self.room).min(self.worst_case(output)),
        };
        let ranges: Vec<f64> = largest.iter().enumerate().map(roomy).collect();
        let peak = ranges.iter().copied().fold(0.0, f64::max);
        if !peak.is_finite() {
            return Err(Cause::Overflow);
        }
        let peak = if peak == 0.0 { 1.0 } else { peak };
        let floor = if self.uniform { peak } else { peak * FINEST };
        Ok(ranges.iter().map(|range| range.max(floor)).collect())
    }

    /// Bound of an output's magnitude for any input.
    fn worst_case(&self, output: usize) -> f64 {
        let bias = self.stage.bias[output];
        let (mut lowest, mut highest) = (bias, bias);
        for (source, weights) in &self.stage.terms {
            let tensor = &self.tensors[*source];
            for (entry, weight) in weights.row(output) {
                let real = |integer: i128| integer as f64 * tensor.steps[entry] + tensor.offsets[entry];
                let (low, high) = tensor.bounds[entry];
                let (first, second) = (weight * real(low), weight * real(high));
                lowest += first.min(second);
                highest += first.max(second);
            }
        }
        if self.stage.relu { highest.max(0.0) } else { highest.max(-lowest) }
    }

    /// Coefficient of a source's integer in units of `2^-16` output steps.
    fn exact(&self, source: usize, entry: usize, weight: f64, output_step: f64) -> f64 {
        weight * (self.tensors[source].steps[entry] / output_step) * f64::from(1u32 << SHIFT)
    }

    /// The smallest power of two that brings all weights below their limit.
    fn multiplier(&self, steps: &[f64]) -> Result<u32, Cause> {
        let mut largest = 0.0f64;
        for (source, weights) in &self.stage.terms {
            for (output, step) in steps.iter().enumerate() {
                for (entry, weight) in weights.row(output) {
                    largest = largest.max(self.exact(*source, entry, weight, *step).abs());
                }
            }
        }
        let mut multiplier = 1u32;
        while largest / f64::from(multiplier) > WEIGHT_LIMIT {
            multiplier = multiplier.checked_mul(2).ok_or(Cause::WeightRange { largest })?;
        }
        Ok(multiplier)
    }

    fn coefficients(&self, steps: &[f64], multiplier: u32) -> Vec<Coefficients> {
        let terms = self.stage.terms.iter().map(|(source, weights)| {
            // Below the weight limit by the choice of the multiplier.
            let integer = |entry: usize, weight: f64, step: f64| {
                (self.exact(*source, entry, weight, step) / f64::from(multiplier)).round() as i32
            };
            match weights {
                // Both tensors have one step for all entries.
                Real::Scaled(factor) => Coefficients::Scaled(integer(0, *factor, steps[0])),
                Real::Dense { entries, .. } => {
                    let mut integers = Vec::with_capacity(entries.len());
                    for (output, step) in steps.iter().enumerate() {
                        integers
                            .extend(weights.row(output).map(|(entry, weight)| integer(entry, weight, *step)));
                    }
                    Coefficients::Dense(integers)
                }
            }
        });
        terms.collect()
    }

    /// Integer biases; `None` if one is beyond the accumulators.
    fn bias(&self, steps: &[f64], multiplier: u32) -> Option<Vec<i64>> {
        let entry = |(output, (bias, step)): (usize, (&f64, &f64))| {
            let mut real = *bias;
            for (source, weights) in &self.stage.terms {
                let offsets = &self.tensors[*source].offsets;
                for (entry, weight) in weights.row(output) {
                    real += weight * offsets[entry];
                }
            }
            let scaled = (real / step * f64::from(1u32 << SHIFT) / f64::from(multiplier)).round();
            (scaled.abs() < ACCUMULATOR_LIMIT as f64).then_some(scaled as i64)
        };
        self.stage.bias.iter().zip(steps).enumerate().map(entry).collect()
    }

    /// Lowest and highest accumulator of every entry.
    fn accumulators(&self, coefficients: &[Coefficients], bias: &[i64]) -> Vec<(i128, i128)> {
        let mut bounds: Vec<(i128, i128)> =
            bias.iter().map(|bias| (i128::from(*bias), i128::from(*bias))).collect();
        for ((source, _), coefficients) in self.stage.terms.iter().zip(coefficients) {
            let sources = &self.tensors[*source].bounds;
            match coefficients {
                Coefficients::Scaled(factor) => {
                    for (sum, source) in bounds.iter_mut().zip(sources) {
                        extend(sum, *factor, *source);
                    }
                }
                Coefficients::Dense(entries) => {
                    for (sum, row) in bounds.iter_mut().zip(entries.chunks(sources.len().max(1))) {
                        for (weight, source) in row.iter().zip(sources) {
                            extend(sum, *weight, *source);
                        }
                    }
                }
            }
        }
        bounds
    }

    fn assemble(
        &self,
        coefficients: Vec<Coefficients>,
        bias: Vec<i64>,
        rescale: Rescale,
    ) -> (Affine, OperatorClass, OperatorWeights) {
        let (mut terms, mut shapes) = (Vec::new(), Vec::new());
        let mut dense = Vec::new();
        for ((source, _), coefficients) in self.stage.terms.iter().zip(coefficients) {
            let width = self.tensors[*source].steps.len();
            // At most `limits::OPERATORS` tensors.
            let source = TensorId(*source as u16);
            match coefficients {
                Coefficients::Scaled(coefficient) => {
                    terms.push(Term::scaled(coefficient));
                    shapes.push(TermClass::scaled(source));
                }
                Coefficients::Dense(entries) => {
                    // At most `limits::WIDTH`.
                    terms.push(Term::dense(width as u32));
                    shapes.push(TermClass::dense(source, padded_log2(width)));
                    dense.push(entries);
                }
            }
        }
        let width = self.stage.width;
        let affine = Affine { axes: vec![width as u32], terms, rescale };
        let shape = OperatorClass::Affine { axes: vec![padded_log2(width)], terms: shapes };
        (affine, shape, OperatorWeights { dense, bias })
    }
}

fn double(ranges: &mut [f64], chosen: impl Fn(usize) -> bool) {
    for (index, range) in ranges.iter_mut().enumerate() {
        if chosen(index) {
            *range *= 2.0;
        }
    }
}

fn extend(sum: &mut (i128, i128), factor: i32, source: (i128, i128)) {
    let factor = i128::from(factor);
    let (first, second) = (factor * source.0, factor * source.1);
    sum.0 += first.min(second);
    sum.1 += first.max(second);
}

/// What the rescale gives before it saturates.
fn quotient(accumulator: i128, rescale: Rescale) -> i128 {
    (accumulator * i128::from(rescale.multiplier) + (1 << (SHIFT - 1))) >> SHIFT
}

fn fits(bounds: (i128, i128), rescale: Rescale) -> bool {
    let low = i128::from(rescale.low);
    let limit = i128::from(EXCESS_LIMIT);
    bounds.0 > -ACCUMULATOR_LIMIT
        && bounds.1 < ACCUMULATOR_LIMIT
        && low - quotient(bounds.0, rescale) < limit
        && quotient(bounds.1, rescale) - (low + i128::from(SPAN)) < limit
}

fn outputs(bounds: (i128, i128), rescale: Rescale) -> (i128, i128) {
    let low = i128::from(rescale.low);
    let clamp = |accumulator| quotient(accumulator, rescale).clamp(low, low + i128::from(SPAN));
    (clamp(bounds.0), clamp(bounds.1))
}
