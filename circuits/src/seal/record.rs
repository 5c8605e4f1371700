//! One record inside the circuit: observations, decision, next state, acc.

use super::gadget::{constant, not, range, zero};
use super::head::request;
use super::policy::{FactWires, Facts, verdict};
use super::program::ProgramWires;
use super::state;
use super::system::{System, Wire};
use super::witness::RecordWitness;
use candor_program::arith::Arith;
use candor_program::digest::fields::pack;
use candor_program::digest::{self, AccElements};
use candor_program::encoding::PACKED;
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
    let (observations, evidence) = digests(system, record, &features);

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
    let facts = FactWires::of(system, &program.facts, &facts);
    let verdict = verdict(system, program, &facts, &action, &overflow);
    system.enter("record");
    let registers = state::after(&verdict.permitted, &before.registers, &advanced);
    let executed = verdict.permitted.times(&action.word);
    let state = digest::registers_digest(&registers);
    let acc = AccElements {
        previous: before.acc.clone(),
        sequence: before.sequence.clone(),
        time,
        program_fr: program.data.program_fr.clone(),
        observations,
        evidence,
        state_before: before.state.clone(),
        requested: action.word,
        verdict: verdict.word,
        executed: executed.clone(),
        state_after: state.clone(),
    };
    let acc = acc.digest();
    let sequence = before.sequence.plus(&constant(1));
    RecordWires { features, above_low, values, executed, next: Carried { acc, sequence, registers, state } }
}

/// Digests of observations and evidence. What surrounds the features stays closed.
fn digests(system: &System, record: &RecordWitness, features: &[Wire]) -> (Wire, Wire) {
    let payloads = record.payloads.map(Fr::from);
    let feed = system.witness(digest::feed(record.observations_salt, record.features.len(), payloads));
    let observations = digest::observed(feed, pack(features, (PACKED, 16)));
    let evidence = [system.witness(Fr::from(record.evidence_salt)), zero()];
    (observations, poseidon::hash("cd.evid", &evidence))
}

/// Index of the largest output, the lowest on a tie.
fn winner(outputs: &[u16]) -> usize {
    let highest = outputs.iter().max().copied().unwrap_or(0);
    outputs.iter().position(|output| *output == highest).unwrap_or(0)
}
