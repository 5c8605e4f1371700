//! The compiler's path: agent.toml and ONNX to a card, weights and a report.

use crate::cedar::{self, Schema};
use crate::class::{ROW_LOG2, Wiring, class, padded_log2, padded_weights, witness_cells};
use crate::compare::{Comparer, Saturations};
use crate::error::CompileError;
use crate::fidelity::{self, LayerErrors, ROOMS};
use crate::fold::{Stage, fold};
use crate::manifest::Manifest;
use crate::network::Network;
use crate::observed::{self, Observed};
use crate::onnx::{self, ImportError, Selection};
use crate::policy_report::PolicyReport;
use crate::quantise::{HEADROOM, Quantised, Ranges, quantise};
use crate::report::{Agreement, CalibrationReport, Note, OperatorReport, Report};
use crate::source::AgentSource;
use crate::{estimate, general, reference};
use candor_program::card::{Card, OperatorWeights, PointBytes, Program, SetupCard, Weights};
use candor_program::class::{Input, OperatorClass, TermClass};
use candor_program::interval::analyse;
use candor_program::limits;
use candor_program::operator::Operator;
use candor_program::policy::Effect;
use std::collections::BTreeMap;

/// A compiled agent without the commitments of its weights.
#[derive(Clone, PartialEq, Debug)]
pub struct Lowered {
    /// Everything but the weights; `weight_rows` is empty.
    pub card: Card,
    /// Integer weights and biases.
    pub weights: Weights,
    /// What was done.
    pub report: Report,
}

impl Lowered {
    /// The program with its committed rows.
    ///
    /// Owes: that `weight_rows` commit to these weights in the card's class and reference string.
    #[must_use]
    pub fn into_program(self, weight_rows: Vec<PointBytes>) -> Program {
        Program { card: Card { weight_rows, ..self.card }, weights: self.weights }
    }
}

/// The integer program of an agent: the same bytes for the same files and reference string, on every machine.
///
/// Owes: the commitments of the weight rows, see [`Lowered::into_program`].
pub fn lower(source: &AgentSource, setup: &SetupCard) -> Result<Lowered, CompileError> {
    let manifest = manifest(source)?;
    let target = manifest.fidelity;
    let mut best: Option<Lowered> = None;
    for (tried, room) in (1..).zip(ROOMS) {
        let mut lowered = match with_room(source, setup, &manifest, room) {
            Ok(lowered) => lowered,
            Err(error) if best.is_none() => return Err(error),
            // Another range than the path's own may be too narrow or too wide for the relation.
            Err(_) => continue,
        };
        lowered.report.fidelity.tried = tried;
        if target.is_met(&lowered.report.fidelity) {
            return Ok(lowered);
        }
        let is_nearer = |best: &Lowered| lowered.report.fidelity.is_nearer(&best.report.fidelity);
        if best.as_ref().is_none_or(is_nearer) {
            best = Some(lowered);
        }
    }
    let report = best.map(|best| best.report);
    let costliest = report.as_ref().and_then(|report| report.operators.get(report.fidelity.costliest?));
    Err(CompileError::Fidelity {
        path: source.manifest.path.clone(),
        wanted: target,
        got: Box::new(report.as_ref().map(|report| report.fidelity).unwrap_or_default()),
        layer: costliest.map(|operator| operator.name.clone()),
    })
}

/// The program with ranges so many times as wide as the path's own.
fn with_room(
    source: &AgentSource,
    setup: &SetupCard,
    manifest: &Manifest,
    room: f64,
) -> Result<Lowered, CompileError> {
    match perceptron(source, setup, manifest, room) {
        // What is no perceptron goes node by node.
        Err(CompileError::Unsupported { obstacles, .. }) if obstacles.iter().any(general::is_beyond) => {
            general::lower(source, setup, manifest, obstacles, room)
        }
        result => result,
    }
}

/// A multilayer perceptron with skip connections: stages with a step for every entry, which keep more bits than a step for a tensor.
fn perceptron(
    source: &AgentSource,
    setup: &SetupCard,
    manifest: &Manifest,
    room: f64,
) -> Result<Lowered, CompileError> {
    let selection = Selection { input: Some(&manifest.input), output: Some(&manifest.output) };
    let network = import(source, selection)?;
    manifest
        .check_widths(network.input_width, network.width(network.output_value))
        .map_err(|source_error| manifest_error(source, source_error))?;
    if setup.powers_log2 < *ROW_LOG2.start() {
        return Err(CompileError::SetupTooSmall {
            powers_log2: setup.powers_log2,
            needed_log2: *ROW_LOG2.start(),
        });
    }
    let unsupported = |obstacle: Box<_>| CompileError::Unsupported {
        path: source.model.path.clone(),
        obstacles: vec![*obstacle],
    };
    let decimals = manifest.features.first().map(|feature| feature.decimals);
    let one_scale = manifest.features.iter().all(|feature| Some(feature.decimals) == decimals);
    let stages = fold(&network, one_scale).map_err(unsupported)?;
    let mut card = bare_card(manifest, setup);
    let calibration = calibration(source, &card, network.work())?;
    let ranges = ranges(&network, &stages, &card, &calibration);
    let room = room * HEADROOM;
    let quantised = quantise(&stages, &card.features, &ranges, room).map_err(unsupported)?;
    card.operators.clone_from(&quantised.operators);
    let shapes = quantised.shapes.clone();
    let wiring = Wiring { input: card.class.input.clone(), operators: shapes, tables: 0 };
    card.class = class(wiring, manifest.surroundings(), setup.powers_log2);
    let program = Program { card, weights: quantised.weights.clone() };
    let refused = |error| CompileError::Program { path: source.manifest.path.clone(), source: error };
    program.card.validate().map_err(refused)?;
    analyse(&program).map_err(refused)?;
    let steps = quantised.steps.last().and_then(|steps| steps.first());
    let comparer = Comparer::new(&program, steps.copied().unwrap_or(0.0));
    let mut saturations = Saturations::new(program.card.operators.len());
    let float = |input: &[f64]| network.evaluate(input).into_iter().nth(network.output_value);
    let agreement = comparer.with_model(&float, &calibration, &mut saturations);
    let mut errors = LayerErrors::new(stages.len());
    for observed in &calibration {
        let Some(tensors) = comparer.tensors(&observed.input) else { continue };
        let values = network.evaluate(&observed::real(&program.card.features, &observed.input));
        for (index, (stage, integers)) in stages.iter().zip(&tensors[1..]).enumerate() {
            errors.add(index, integers, &values[stage.value], &quantised.steps[index + 1]);
        }
    }
    let described = Described {
        room,
        operators: operators(&stages, &quantised, &saturations, &errors),
        doublings: quantised.doublings.clone(),
        agreement,
        tail: network.tail.clone(),
        unused_nodes: network.unused_nodes.clone(),
    };
    let report = report(source, &comparer, described, &manifest.origins)?;
    Ok(Lowered { card: program.card, weights: program.weights, report })
}

/// agent.toml with the rules of its Cedar policies.
fn manifest(source: &AgentSource) -> Result<Manifest, CompileError> {
    let mut manifest =
        Manifest::read(&source.manifest.bytes).map_err(|error| manifest_error(source, error))?;
    let Some(name) = manifest.cedar.clone() else { return Ok(manifest) };
    let Some(file) = &source.policy else {
        return Err(CompileError::CedarAbsent { path: source.manifest.path.clone(), policy: name });
    };
    let text = std::str::from_utf8(&file.bytes).map_err(|error| {
        let before = file.bytes.iter().take(error.valid_up_to());
        CompileError::NotUtf8 {
            path: file.path.clone(),
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
        }
    })?;
    let refused = |source| CompileError::Cedar { path: file.path.clone(), source: Box::new(source) };
    let schema = Schema::new(&manifest.name, &manifest.vocabulary()).map_err(refused)?;
    let compiled = cedar::compile(text, &schema, limits::RULES).map_err(refused)?;
    let mut origins = compiled.origins(&name);
    let table = compiled.before(&manifest.policy).map_err(refused)?;
    manifest.policy = table;
    manifest.origins.append(&mut origins);
    Ok(manifest)
}

fn manifest_error(source: &AgentSource, error: crate::manifest::ManifestError) -> CompileError {
    CompileError::Manifest { path: source.manifest.path.clone(), source: Box::new(error) }
}

fn import(source: &AgentSource, selection: Selection<'_>) -> Result<Network, CompileError> {
    let path = || source.model.path.clone();
    if source.model.bytes.len() as u64 > onnx::MODEL_BYTES {
        return Err(CompileError::FileTooLarge { path: path(), limit_bytes: onnx::MODEL_BYTES });
    }
    onnx::import(&source.model.bytes, selection).map_err(|error| match error {
        ImportError::Model(source) => CompileError::Model { path: path(), source },
        ImportError::Obstacles(obstacles) => CompileError::Unsupported { path: path(), obstacles },
    })
}

/// The card without a model.
pub(crate) fn bare_card(manifest: &Manifest, setup: &SetupCard) -> Card {
    let input = Input::Vector { log2: padded_log2(manifest.features.len()) };
    let wiring = Wiring { input, operators: vec![], tables: 0 };
    Card {
        name: manifest.name.clone(),
        agent_version: manifest.version.clone(),
        class: class(wiring, manifest.surroundings(), setup.powers_log2),
        features: manifest.features.clone(),
        operators: Vec::new(),
        head: manifest.head.clone(),
        amount_decimals: manifest.amount_decimals,
        windows: manifest.windows.clone(),
        registers: manifest.registers.clone(),
        evidence: manifest.evidence.clone(),
        policy: manifest.policy.clone(),
        transaction: manifest.transaction.clone(),
        plugins: manifest.plugins.clone(),
        domain: manifest.domain,
        setup: setup.clone(),
        weight_rows: Vec::new(),
    }
}

pub(crate) fn calibration(
    source: &AgentSource,
    card: &Card,
    work: u64,
) -> Result<Vec<Observed>, CompileError> {
    let observed = match &source.calibration {
        None => observed::sampled(&card.features),
        Some(file) => observed::read(file, "agent.calibration", card)?,
    };
    Ok(observed::thinned(observed, work))
}

/// What every stage's output reaches on the calibration data.
fn ranges(network: &Network, stages: &[Stage], card: &Card, calibration: &[Observed]) -> Ranges {
    let mut largest: Vec<Vec<f64>> = stages.iter().map(|stage| vec![0.0; stage.width]).collect();
    for observed in calibration {
        let values = network.evaluate(&observed::real(&card.features, &observed.input));
        for (stage, largest) in stages.iter().zip(&mut largest) {
            for (largest, value) in largest.iter_mut().zip(&values[stage.value]) {
                // Not `f64::max`, which would pass over a NaN; this one stays.
                if value.is_nan() || value.abs() > *largest {
                    *largest = value.abs();
                }
            }
        }
    }
    Ranges { largest }
}

/// What a path of the compiler tells of the model that it made.
pub(crate) struct Described {
    /// Room above the largest calibrated value, as a factor.
    pub(crate) room: f64,
    pub(crate) operators: Vec<OperatorReport>,
    /// By how many bits every operator's range is wider than calibration asks for.
    pub(crate) doublings: Vec<u32>,
    pub(crate) agreement: Agreement,
    /// An operator at the end that was left out.
    pub(crate) tail: Option<String>,
    pub(crate) unused_nodes: Vec<String>,
}

pub(crate) fn report(
    source: &AgentSource,
    comparer: &Comparer<'_>,
    described: Described,
    origins: &BTreeMap<String, String>,
) -> Result<Report, CompileError> {
    let card = &comparer.program().card;
    let Described { room, operators, doublings, agreement, tail, unused_nodes } = described;
    let mut notes = Vec::new();
    let reference = match &source.reference {
        None => None,
        Some(file) => {
            let actions: Vec<&str> = card.head.actions().iter().map(|action| action.name.as_str()).collect();
            let answers = reference::read(file, &actions)?;
            match &source.observations {
                Some(observations) => {
                    let observed = observed::read(observations, "agent.observations", card)?;
                    Some(comparer.with_answers(&answers, &observed, tail.is_none()))
                }
                None => {
                    notes.push(Note::ReferenceWithoutObservations);
                    None
                }
            }
        }
    };
    if !unused_nodes.is_empty() {
        notes.push(Note::UnusedNodes { names: unused_nodes });
    }
    if let Some(operator) = tail {
        notes.push(Note::LastOperator { operator });
    }
    if source.calibration.is_none() {
        notes.push(Note::NoCalibration);
    }
    let acts = card.head.actions().iter().any(|action| !action.abstain);
    if !acts || !card.policy.rules.iter().any(|rule| rule.effect == Effect::Permit) {
        notes.push(Note::NeverActs);
    }
    let saturated = operators.iter().enumerate().filter(|(_, operator)| operator.saturations > 0);
    notes.extend(saturated.map(|(operator, _)| Note::Saturated { operator }));
    let widened = doublings.iter().enumerate().filter(|(_, bits)| **bits > 0);
    notes.extend(widened.map(|(operator, &bits)| Note::Widened { operator, bits }));
    let fidelity = fidelity::achieved(
        room,
        &agreement,
        reference.as_ref().map(|reference| &reference.agreement),
        &operators,
    );
    let compared = reference.as_ref().map_or(&agreement, |reference| &reference.agreement);
    if compared.percent() < 99.0 || agreement.percent() < 99.0 {
        notes.push(Note::LowAgreement);
    }
    let model = source.model.path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Report {
        agent: card.name.clone(),
        version: card.agent_version.clone(),
        model: model.unwrap_or_default(),
        inputs: card.features.len(),
        outputs: card.head.actions().len(),
        parameters: operators.iter().map(|operator| operator.parameters).sum(),
        operators,
        fidelity,
        calibration: CalibrationReport { sampled: source.calibration.is_none(), agreement },
        reference,
        policy: PolicyReport::with_origins(card, origins),
        class: card.class.clone(),
        padded_weights: padded_weights(&card.class),
        witness_cells: witness_cells(&card.class),
        estimate: estimate::proving(&card.class),
        soundness: None,
        program_id: None,
        notes,
    })
}

fn operators(
    stages: &[Stage],
    quantised: &Quantised,
    saturations: &Saturations,
    errors: &LayerErrors,
) -> Vec<OperatorReport> {
    let mut reports = Vec::with_capacity(stages.len());
    for (index, stage) in stages.iter().enumerate() {
        let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) =
            (&quantised.operators[index], &quantised.shapes[index])
        else {
            continue;
        };
        let weights = &quantised.weights.operators[index];
        let step = quantised.steps[index + 1].iter().copied().fold(0.0, f64::max);
        let low = f64::from(affine.rescale.low);
        reports.push(OperatorReport {
            name: stage.name.clone(),
            relu: stage.relu,
            sources: terms.iter().flat_map(TermClass::operands).map(|operand| operand.source.0).collect(),
            width: affine.width(),
            parameters: parameters(weights),
            lowest: low * step,
            highest: (low + candor_program::operator::rescale::SPAN as f64) * step,
            step,
            multiplier: affine.rescale.multiplier,
            weight_bits: weight_bits(weights),
            accumulator_bits: 1 + 128 - quantised.accumulators[index].leading_zeros(),
            output_bits: 16,
            saturations: saturations.counts[index],
            worst_error: errors.of(index).worst,
            mean_error: errors.of(index).mean,
            error_share: errors.of(index).share,
        });
    }
    reports
}

pub(crate) fn parameters(weights: &OperatorWeights) -> u64 {
    let dense: usize = weights.dense.iter().map(Vec::len).sum();
    (dense + weights.bias.len()) as u64
}

pub(crate) fn weight_bits(weights: &OperatorWeights) -> u32 {
    let largest = weights.dense.iter().flatten().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
    1 + 32 - largest.leading_zeros()
}
