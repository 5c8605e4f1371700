//! One record inside the circuit: observations, decision, next state, acc.

use super::gadget::{constant, not, range, zero};
use super::head::request;
use super::policy::{FactWires, Facts, verdict};
use super::program::{ProgramWires, pack};
use super::state;
use super::system::{System, Wire};
use super::witness::RecordWitness;
use candor_program::arith::Arith;
use candor_program::{Fr, poseidon};

/// What is carried from record to record.
pub(super) struct Carried {
    pub(super) acc: Wire,
    pub(super) sequence: Wire,
    pub(super) registers: Vec<Wire>,
    /// Digest of the registers.
    pub(super) state: Wire,
}

/// Wires of one record that the argument and the boundary need.
pub(super) struct RecordWires {
    /// Features, padded, each within its span.
    pub(super) features: Vec<Wire>,
    /// Outputs above their low, padded with zeros.
    pub(super) above_low: Vec<Wire>,
    /// Outputs, padded with zeros.
    pub(super) values: Vec<Wire>,
    /// Word of the executed action, 0 for none.
    pub(super) executed: Wire,
    /// What the next record continues.
    pub(super) next: Carried,
}

/// Bits of times and sequence numbers.
const TIME_BITS: usize = 62;

/// Features within their spans. Shapes: padded ones are zero, as their spans are.
fn features(system: &System, program: &ProgramWires, record: &RecordWitness) -> Vec<Wire> {
    system.enter("features");
    let wire = |(index, span): (usize, &Wire)| {
        let value = record.features.get(index).copied().unwrap_or(0);
        let feature = system.witness(Fr::from(value));
        range(system, &feature, 16);
        range(system, &span.minus(&feature), 16);
        feature
    };
    program.spans.iter().enumerate().map(wire).collect()
}

/// Outputs above low, and real values: both zero where no action is.
fn outputs(system: &System, program: &ProgramWires, record: &RecordWitness) -> (Vec<Wire>, Vec<Wire>) {
    system.enter("outputs");
    let low = program.data.operators.last().map_or_else(zero, |operator| operator.low.clone());
    let wire = |(index, valid): (usize, &Wire)| {
        let above = system.witness(Fr::from(record.outputs.get(index).copied().unwrap_or(0)));
        range(system, &above, 16);
        system.enforce(&above, &not(valid), &zero());
        let value = above.plus(&valid.times(&low));
        (above, value)
    };
    program.actions.iter().map(|action| &action.valid).enumerate().map(wire).unzip()
}

/// One step of the path.
pub(super) fn record(
    system: &System,
    program: &ProgramWires,
    record: &RecordWitness,
    before: &Carried,
) -> RecordWires {
    let features = features(system, program, record);
    let (above_low, values) = outputs(system, program, record);
    system.enter("record");
    let time = system.witness(Fr::from(record.time));
    range(system, &time, TIME_BITS);
    range(system, &before.sequence, TIME_BITS);
    let digests = digests(system, program, record, &features);

    let winner = winner(&record.outputs);
    let action = request(system, &program.actions, &above_low, winner);
    let (advanced, overflow) =
        state::advanced(system, &program.registers, &before.registers, &time, &action.amount);
    let facts = Facts {
        action: &action,
        time: &time,
        sequence: &before.sequence,
        features: &features,
        registers: &before.registers,
    };
    let facts = FactWires::of(system, &facts);
    let verdict = verdict(system, program, &facts, &action, &overflow);
    system.enter("record");
    let registers = state::after(&verdict.permitted, &before.registers, &advanced);
    let executed = verdict.permitted.times(&action.word);
    let state = state::digest(&registers);
    let acc = poseidon::hash(
        "cd.acc",
        &[
            before.acc.clone(),
            before.sequence.clone(),
            time,
            program.data.program_fr.clone(),
            digests.0,
            digests.1,
            before.state.clone(),
            action.word,
            verdict.word,
            executed.clone(),
            state.clone(),
        ],
    );
    let sequence = before.sequence.plus(&constant(1));
    RecordWires { features, above_low, values, executed, next: Carried { acc, sequence, registers, state } }
}

/// Digests of observations and evidence.
fn digests(
    system: &System,
    program: &ProgramWires,
    record: &RecordWitness,
    features: &[Wire],
) -> (Wire, Wire) {
    let witness = |value: u128| system.witness(Fr::from(value));
    let mut observed = vec![witness(record.observations_salt), program.feature_count.clone()];
    observed.extend(pack(features, 16, 15));
    observed.extend(record.payloads.map(witness));
    let evidence = [witness(record.evidence_salt), zero()];
    (poseidon::hash("cd.obs", &observed), poseidon::hash("cd.evid", &evidence))
}

/// Index of the largest output, the lowest on a tie.
fn winner(outputs: &[u16]) -> usize {
    let highest = outputs.iter().max().copied().unwrap_or(0);
    outputs.iter().position(|output| *output == highest).unwrap_or(0)
}
