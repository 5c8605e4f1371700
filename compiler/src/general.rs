//! Models that are no perceptrons: the graph node by node, with one step for every tensor.

use crate::class::class;
use crate::compare::{Comparer, Saturations};
use crate::error::CompileError;
use crate::fidelity::LayerErrors;
use crate::graph::{ExternalFiles, Graph, GraphError, Options};
use crate::lower::{Described, Lowered, bare_card, calibration, parameters, report, weight_bits};
use crate::lowering::{self, Builder, Fitted, Input, ROOM, Unfit};
use crate::manifest::Manifest;
use crate::observed::{self, Observed};
use crate::onnx::{Cause, Obstacle};
use crate::operator::{self, ML};
use crate::report::OperatorReport;
use crate::source::AgentSource;
use candor_program::card::{Card, Program, SetupCard};
use candor_program::class::{OperatorClass, TermClass};
use candor_program::interval::Interval;
use candor_program::operator::Operator;
use candor_program::operator::rescale::SPAN;

/// Observations that scales are chosen from.
const SAMPLES: usize = 128;
/// Observations that the program is compared on.
const COMPARED: usize = 512;

/// Whether an obstacle of a perceptron is none of a graph: an operator, a product of two activations, weights in another file.
pub(crate) fn is_beyond(obstacle: &Obstacle) -> bool {
    match &obstacle.cause {
        Cause::Operator | Cause::ProductOfActivations | Cause::ExternalData { .. } => true,
        Cause::Domain { domain } => domain == ML,
        _ => false,
    }
}

/// Names and widths of a graph's input and output.
pub(crate) struct Ends {
    pub(crate) input: String,
    pub(crate) input_width: usize,
    /// Whether each feature is an integer.
    pub(crate) integers: Vec<bool>,
    pub(crate) output: String,
    pub(crate) output_width: usize,
}

/// The ends of a file's graph: of several inputs the first one's name and the width of all, of several outputs the first.
///
/// Errors: every obstacle of the file.
pub(crate) fn ends(model: &[u8], weights: &ExternalFiles) -> Result<Ends, GraphError> {
    let graph = Graph::read(model, &Options { external: weights.clone(), ..Options::default() })?;
    let value = |index: Option<&usize>| index.map(|index| &graph.values()[*index]);
    let width = |index: &usize| graph.values()[*index].shape.iter().product::<usize>();
    let is_integer = |index: &usize| !graph.values()[*index].element_type.is_float();
    let (Some(input), Some(output)) = (value(graph.inputs().first()), value(graph.outputs().first())) else {
        return Err(GraphError::Obstacles { obstacles: Vec::new() });
    };
    Ok(Ends {
        input: input.name.clone(),
        input_width: graph.inputs().iter().map(width).sum(),
        integers: graph.inputs().iter().flat_map(|index| vec![is_integer(index); width(index)]).collect(),
        output: output.name.clone(),
        output_width: output.shape.iter().product(),
    })
}

/// The integer program of a graph. `known` is what keeps it from being a perceptron: told where the graph is refused too, unless the
/// graph's own obstacles say more.
pub(crate) fn lower(
    source: &AgentSource,
    setup: &SetupCard,
    manifest: &Manifest,
    known: Vec<Obstacle>,
    room: f64,
) -> Result<Lowered, CompileError> {
    graph(source, setup, manifest, room).map_err(|error| match error {
        CompileError::Unsupported { path, obstacles } => {
            let of_nodes = obstacles.iter().any(|obstacle| !obstacle.operator.starts_with("graph "));
            let of_input =
                |cause: &Cause| matches!(cause, Cause::InputMissing { .. } | Cause::Decimals { .. });
            let input = obstacles.iter().any(|obstacle| of_input(&obstacle.cause));
            let obstacles = if input || of_nodes && known.iter().all(is_beyond) { obstacles } else { known };
            CompileError::Unsupported { path, obstacles }
        }
        error => error,
    })
}

fn graph(
    source: &AgentSource,
    setup: &SetupCard,
    manifest: &Manifest,
    room: f64,
) -> Result<Lowered, CompileError> {
    let unsupported = |obstacles| CompileError::Unsupported { path: source.model.path.clone(), obstacles };
    let options = Options {
        outputs: vec![manifest.output.clone()],
        external: source.weights.clone(),
        ..Options::default()
    };
    let mut graph = Graph::read(&source.model.bytes, &options).map_err(|error| match error {
        GraphError::Obstacles { obstacles } => unsupported(obstacles),
        GraphError::Model { source: model } => {
            CompileError::Model { path: source.model.path.clone(), source: model }
        }
        GraphError::TooLarge { limit_bytes, .. } => {
            CompileError::FileTooLarge { path: source.model.path.clone(), limit_bytes }
        }
    })?;
    let inputs: Vec<String> =
        graph.inputs().iter().map(|index| graph.values()[*index].name.clone()).collect();
    if !inputs.contains(&manifest.input) {
        let cause = Cause::InputMissing { inputs };
        let obstacle = Obstacle { node: manifest.input.clone(), operator: "graph input".into(), cause };
        return Err(unsupported(vec![obstacle]));
    }
    let (output, tail) = output(&mut graph);
    let width = |index: &usize| graph.values()[*index].shape.iter().product::<usize>();
    manifest.check_widths(graph.inputs().iter().map(width).sum(), width(&output)).map_err(|error| {
        CompileError::Manifest { path: source.manifest.path.clone(), source: Box::new(error) }
    })?;
    let decimals = decimals(&graph, manifest);
    if !decimals.is_empty() {
        return Err(unsupported(decimals));
    }
    let mut card = bare_card(manifest, setup);
    card.class.input = lowering::input_class(&graph, card.features.len());
    let observed = calibration(source, &card, 1 << 20)?;
    let some: Vec<&Observed> = observed.iter().step_by(observed.len().div_ceil(SAMPLES).max(1)).collect();
    let input = input(&card, &some, room * ROOM);
    let assembled = |builder: &Builder<'_>| {
        let program = assemble(&card, manifest, setup, builder);
        program.card.validate().map(|()| program)
    };
    let fitted = lowering::fit(&graph, &input, output, &assembled).map_err(|unfit| match unfit {
        Unfit::Obstacles(obstacles) => unsupported(obstacles),
        Unfit::Program(error) => CompileError::Program { path: source.manifest.path.clone(), source: error },
    })?;
    finish(source, manifest, &graph, (output, tail), fitted, (&observed, &some, input.room))
}

/// Inputs of integers with features that are none.
fn decimals(graph: &Graph, manifest: &Manifest) -> Vec<Obstacle> {
    let mut features = manifest.features.iter();
    let mut obstacles = Vec::new();
    for index in graph.inputs() {
        let value = &graph.values()[*index];
        let own = features.by_ref().take(value.shape.iter().product());
        let most = own.map(|feature| feature.decimals).max().unwrap_or(0);
        if most > 0 && !value.element_type.is_float() {
            let cause = Cause::Decimals { tensor: value.name.clone(), got: most };
            obstacles.push(Obstacle { node: value.name.clone(), operator: "graph input".into(), cause });
        }
    }
    obstacles
}

/// The value that the head reads: the output, or what goes into a last softmax, which has the same order. A classifier at the end loses its
/// transformation for the same reason.
fn output(graph: &mut Graph) -> (usize, Option<String>) {
    let output = graph.outputs()[0];
    let maker = |value: usize| graph.steps().iter().position(|step| step.outputs.contains(&Some(value)));
    let mut last = maker(output);
    while let Some(step) = last
        && graph.steps()[step].node.operator == "Identity"
    {
        last = graph.steps()[step].inputs.first().copied().flatten().and_then(maker);
    }
    if let Some(step) = last
        && let Some(transform) = operator::without_transform(&mut graph.steps[step].node)
    {
        return (output, Some(transform));
    }
    let last = graph.steps().iter().find(|step| step.outputs.contains(&Some(output)));
    match last {
        Some(step) if matches!(step.node.operator.as_str(), "Softmax" | "LogSoftmax") => {
            match step.inputs.first() {
                Some(Some(input)) if graph.values()[*input].constant.is_none() => {
                    (*input, Some(step.node.operator.clone()))
                }
                _ => (output, None),
            }
        }
        _ => (output, None),
    }
}

/// The program's input with the samples that scales are chosen from.
fn input(card: &Card, some: &[&Observed], room: f64) -> Input {
    let samples = some.iter().map(|one| observed::real(&card.features, &one.input));
    Input { room, ..Input::new(&card.class.input, &card.features, samples.collect()) }
}

fn assemble(card: &Card, manifest: &Manifest, setup: &SetupCard, builder: &Builder<'_>) -> Program {
    let wiring = builder.wiring(card.class.input.clone());
    let class = class(wiring, manifest.surroundings(), setup.powers_log2);
    let card = Card { class, operators: builder.operators.clone(), ..card.clone() };
    Program { card, weights: builder.weights() }
}

fn finish(
    source: &AgentSource,
    manifest: &Manifest,
    graph: &Graph,
    (output, tail): (usize, Option<String>),
    fitted: Fitted,
    (observed, sampled, room): (&[Observed], &[&Observed], f64),
) -> Result<Lowered, CompileError> {
    let Fitted { program, builder, intervals, widened } = fitted;
    let meant = (0..builder.operators.len()).filter(|operator| builder.clamps(*operator)).collect();
    let comparer = Comparer::new(&program, builder.output_step()).with_meant(meant);
    let mut saturations = Saturations::new(program.card.operators.len());
    let stride = observed.len().div_ceil(COMPARED).max(1);
    let some: Vec<Observed> = observed.iter().step_by(stride).cloned().collect();
    let float = |input: &[f64]| graph.float(input, output);
    let agreement = comparer.with_model(&float, &some, &mut saturations);
    let mut errors = LayerErrors::new(builder.operators.len());
    for (sample, observed) in sampled.iter().enumerate() {
        let Some(tensors) = comparer.tensors(&observed.input) else { continue };
        for (index, integers) in tensors[1..].iter().enumerate() {
            let physical = &builder.tensors[index + 1];
            let floats = physical.samples.get(sample).map_or(&[][..], Vec::as_slice);
            errors.add(index, integers, floats, &physical.steps);
        }
    }
    let doublings = (0..builder.operators.len()).map(|operator| widened.get(&operator).copied().unwrap_or(0));
    let described = Described {
        room,
        operators: operators(&builder, &intervals, &saturations, &errors),
        doublings: doublings.collect(),
        agreement,
        tail,
        unused_nodes: graph.unused_nodes().to_vec(),
    };
    let report = report(source, &comparer, described, &manifest.origins)?;
    Ok(Lowered { card: program.card, weights: program.weights, report })
}

fn operators(
    builder: &Builder<'_>,
    intervals: &[Interval],
    saturations: &Saturations,
    errors: &LayerErrors,
) -> Vec<OperatorReport> {
    let of = |index: usize| {
        let (operator, tensor) = (&builder.operators[index], &builder.tensors[index + 1]);
        let weights = &builder.weights[index];
        let step = tensor.steps.first().copied().unwrap_or(0.0);
        let low = f64::from(operator.low());
        let sources = match &builder.classes[index] {
            OperatorClass::Affine { terms, .. } => {
                terms.iter().flat_map(TermClass::operands).map(|operand| operand.source.0).collect()
            }
            OperatorClass::Lookup { source, .. } => vec![source.0],
        };
        let interval = intervals.get(index);
        let accumulator = interval.map_or(0, |interval| {
            interval.accumulator_min.unsigned_abs().max(interval.accumulator_max.unsigned_abs())
        });
        OperatorReport {
            name: builder.origins[index].clone(),
            relu: operator.low() == 0 && matches!(operator, Operator::Affine(_)),
            sources,
            width: tensor.extents.iter().product(),
            parameters: parameters(weights),
            lowest: low * step,
            highest: (low + SPAN as f64) * step,
            step,
            multiplier: operator.affine().map_or(0, |affine| affine.rescale.multiplier),
            weight_bits: weight_bits(weights),
            accumulator_bits: 1 + 64 - accumulator.leading_zeros(),
            output_bits: 16,
            // Clamping integers is meant.
            saturations: match saturations.counts.get(index) {
                Some(count) if !builder.clamps(index) => *count,
                _ => 0,
            },
            worst_error: errors.of(index).worst,
            mean_error: errors.of(index).mean,
            error_share: errors.of(index).share,
        }
    };
    (0..builder.operators.len()).map(of).collect()
}
