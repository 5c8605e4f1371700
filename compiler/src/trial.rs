//! One output of a graph as an integer program without an agent around it: what it computes beside the float model, before an agent.toml,
//! a reference string or calibration data exist.

use crate::class::{ROW_LOG2, Surroundings, class};
use crate::error::List;
use crate::graph::Graph;
use crate::lowering::{self, Builder, Fitted, Input, Unfit, input_class};
use crate::observed;
use crate::onnx::Obstacle;
use crate::quantise::power_of_ten;
use candor_program::card::{Card, Domain, Program, SetupCard, SetupSource};
use candor_program::evaluate::Evaluator;
use candor_program::feature::Feature;
use candor_program::head::Head;
use candor_program::interval::ProgramError;
use candor_program::policy::Table;
use candor_program::transaction::Template;
use thiserror::Error;

/// Most digits after the point that a feature is given.
const DECIMALS: u8 = 9;
/// Highest minus lowest integer of a feature.
const SPAN: f64 = 65_535.0;

/// An output of a graph that was lowered.
#[derive(Clone, Debug)]
pub struct Trial {
    program: Program,
    step: f64,
    worst_error: f64,
    largest: f64,
}

/// Why an output cannot be lowered.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum TrialError {
    /// Nodes in the way.
    #[error("{}", List(obstacles))]
    Obstacles {
        /// All of them.
        obstacles: Vec<Obstacle>,
    },
    /// The program breaks a limit.
    #[error(transparent)]
    Program {
        /// Which.
        source: ProgramError,
    },
    /// An input's numbers are further apart than 65,535 of its steps.
    #[error(
        "the numbers of input {input} go from {least} to {most}: whole numbers at most 65535 apart are needed"
    )]
    Range {
        /// Number of the input.
        input: usize,
        /// Least number.
        least: f64,
        /// Largest number.
        most: f64,
    },
    /// A sample that does not have one number for every element of the inputs.
    #[error("sample {sample} has {got} numbers, the inputs have {expected}")]
    Sample {
        /// Number of the sample.
        sample: usize,
        /// Elements of all inputs.
        expected: usize,
        /// Found.
        got: usize,
    },
}

impl Trial {
    /// Lowers the graph's output number `output`, with features and scales from samples: one number for every element of all inputs, in order.
    ///
    /// Errors: every obstacle; a limit of programs; samples of another size, or that no 16-bit range holds.
    pub fn new(graph: &Graph, output: usize, samples: &[Vec<f64>]) -> Result<Self, TrialError> {
        Self::observed(graph, output, samples, &mut |_| {})
    }

    /// As [`Self::new`]; `look` sees the operators before they are a program.
    pub(crate) fn observed(
        graph: &Graph,
        output: usize,
        samples: &[Vec<f64>],
        look: &mut dyn FnMut(&Builder<'_>),
    ) -> Result<Self, TrialError> {
        let features = features(graph, samples)?;
        let input_class = input_class(graph, features.len());
        let mut card = bare(features);
        card.class.input = input_class;
        let quantised: Vec<Vec<f64>> = samples
            .iter()
            .map(|sample| observed::real(&card.features, &integers(&card.features, sample)))
            .collect();
        let input = Input::new(&card.class.input, &card.features, quantised.clone());
        let assemble = |builder: &Builder<'_>| {
            let surroundings = Surroundings { policy: &card.policy, registers: 0, evidence: 0 };
            let class = class(builder.wiring(card.class.input.clone()), surroundings, *ROW_LOG2.end());
            let card = Card { class, operators: builder.operators.clone(), ..card.clone() };
            card.validate_model().map(|()| Program { card, weights: builder.weights() })
        };
        let value = graph.outputs().get(output).copied().unwrap_or_default();
        let Fitted { program, builder, .. } =
            lowering::fit(graph, &input, value, &assemble).map_err(|unfit| match unfit {
                Unfit::Obstacles(obstacles) => TrialError::Obstacles { obstacles },
                Unfit::Program(source) => TrialError::Program { source },
            })?;
        look(&builder);
        let mut trial = Self { program, step: builder.output_step(), worst_error: 0.0, largest: 0.0 };
        for sample in &quantised {
            let (Some(got), Some(float)) = (trial.run(sample), graph.float(sample, value)) else { continue };
            for (got, float) in got.iter().zip(&float) {
                trial.worst_error = trial.worst_error.max((got - float).abs());
                trial.largest = trial.largest.max(float.abs());
            }
        }
        Ok(trial)
    }

    /// The program; its agent does nothing and its weights are not committed.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Real value of one step of the output.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Largest difference from the float model on the samples, at the inputs as the features hold them.
    #[must_use]
    pub fn worst_error(&self) -> f64 {
        self.worst_error
    }

    /// Largest magnitude of the float output on the samples.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// The numbers that the features hold for these inputs: the nearest ones of their range.
    #[must_use]
    pub fn held(&self, inputs: &[f64]) -> Vec<f64> {
        let features = &self.program.card.features;
        observed::real(features, &integers(features, inputs))
    }

    /// The integer features for these inputs: the nearest ones of their range.
    #[must_use]
    pub fn integers(&self, inputs: &[f64]) -> Vec<u16> {
        integers(&self.program.card.features, inputs)
    }

    /// The output that the integers stand for; `None` where there is not one number for every feature.
    #[must_use]
    pub fn run(&self, inputs: &[f64]) -> Option<Vec<f64>> {
        let execution =
            Evaluator::new(&self.program).execute(&integers(&self.program.card.features, inputs)).ok()?;
        let outputs = execution.tensors.last()?;
        Some(outputs.iter().map(|output| f64::from(*output) * self.step).collect())
    }
}

/// The nearest features; beyond a range its end.
fn integers(features: &[Feature], numbers: &[f64]) -> Vec<u16> {
    let integer = |(feature, number): (&Feature, &f64)| {
        let scaled = (number * power_of_ten(feature.decimals)).round() - feature.min as f64;
        scaled.clamp(0.0, feature.span() as f64) as u16
    };
    features.iter().zip(numbers).map(integer).collect()
}

/// A feature for every element of the inputs; those of one input have one range, with as many digits as it takes.
fn features(graph: &Graph, samples: &[Vec<f64>]) -> Result<Vec<Feature>, TrialError> {
    let values: Vec<_> = graph.inputs().iter().map(|index| &graph.values()[*index]).collect();
    let sizes: Vec<usize> = values.iter().map(|value| value.shape.iter().product()).collect();
    let expected: usize = sizes.iter().sum();
    if let Some((sample, numbers)) = samples.iter().enumerate().find(|(_, sample)| sample.len() != expected) {
        return Err(TrialError::Sample { sample, expected, got: numbers.len() });
    }
    let mut features = Vec::with_capacity(expected);
    for (input, (value, size)) in values.iter().zip(sizes).enumerate() {
        let first = features.len();
        let numbers = || samples.iter().flat_map(|sample| &sample[first..first + size]);
        let least = numbers().copied().fold(f64::INFINITY, f64::min).min(0.0);
        let most = numbers().copied().fold(f64::NEG_INFINITY, f64::max).max(0.0);
        let fits = |decimals: &u8| {
            let unit = power_of_ten(*decimals);
            (most * unit).ceil() - (least * unit).floor() <= SPAN
        };
        let digits = if value.element_type.is_float() { DECIMALS } else { 0 };
        let Some(decimals) = (0..=digits).rev().find(fits) else {
            return Err(TrialError::Range { input, least, most });
        };
        let unit = power_of_ten(decimals);
        let (min, max) = ((least * unit).floor() as i64, (most * unit).ceil() as i64);
        features.extend((0..size).map(|element| Feature {
            name: format!("{}_{element}", value.name),
            plugin: 0,
            pointer: String::new(),
            decimals,
            min,
            max,
        }));
    }
    Ok(features)
}

/// A card whose agent does nothing.
fn bare(features: Vec<Feature>) -> Card {
    let policy = Table { predicates: vec![], rules: vec![], reasons: vec![] };
    let input = candor_program::class::Input::Vector { log2: crate::class::padded_log2(features.len()) };
    let wiring = crate::class::Wiring { input, operators: vec![], tables: 0 };
    let surroundings = Surroundings { policy: &policy, registers: 0, evidence: 0 };
    Card {
        name: String::new(),
        agent_version: String::new(),
        class: class(wiring, surroundings, *ROW_LOG2.end()),
        features,
        operators: vec![],
        head: Head::ArgMax { actions: vec![], assets: vec![], venues: vec![] },
        amount_decimals: 0,
        windows: vec![],
        registers: vec![],
        evidence: vec![],
        policy,
        transaction: Template { to: [0; 20], value: 0, function: String::new(), arguments: vec![] },
        plugins: vec![],
        domain: Domain { chain_id: 0, verifying_contract: [0; 20] },
        setup: SetupCard {
            source: SetupSource::Development,
            powers_log2: *ROW_LOG2.end(),
            powers_digest: [0; 32],
            tau_g2: [0; 128],
        },
        weight_rows: vec![],
    }
}
