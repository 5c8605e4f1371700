//! The decision part of the circuit alone, for tests that compare it with `candor_program::decide` many times.

use super::program::{ProgramWires, program};
use super::record::{Carried, record};
use super::system::{System, Wire};
use super::witness::RecordWitness;
use ark_ff::AdditiveGroup;
use candor_program::state::State;
use candor_program::{Card, Fr};

/// A program inside a system, ready for records.
pub struct DecisionCircuit {
    system: System,
    program: ProgramWires,
}

/// What the circuit makes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionValues {
    /// acc after it.
    pub acc: Fr,
    /// State digest before it.
    pub state_before: Fr,
    /// State digest after it.
    pub state_after: Fr,
    /// Word of the verdict.
    pub verdict: Fr,
    /// Word of the executed action.
    pub executed: Fr,
    /// Registers after it, padded.
    pub registers: Vec<Fr>,
}

impl DecisionCircuit {
    /// Reads a card into a system.
    #[must_use]
    pub fn new(system: &System, card: &Card) -> Self {
        let model_id = [system.witness(Fr::ZERO), system.witness(Fr::ZERO)];
        let program = program(system, card, model_id);
        Self { system: system.clone(), program }
    }

    /// Records on a state, one after the other, each with what the circuit makes of it.
    #[must_use]
    pub fn run(&self, records: &[RecordWitness], acc_before: Fr, state: &State) -> Vec<DecisionValues> {
        let system = &self.system;
        let sequence = records.first().map_or(0, |record| record.sequence);
        let (acc, sequence) = (system.witness(acc_before), system.witness(Fr::from(sequence)));
        let mut carried = Carried::start(system, &self.program, state, acc, sequence);
        let mut values = Vec::new();
        for (index, known) in records.iter().enumerate() {
            let last = index + 1 == records.len();
            let step = record(system, &self.program, known, &carried, last);
            values.push(DecisionValues {
                acc: step.next.acc.value(),
                state_before: carried.state.value(),
                state_after: step.next.state.value(),
                verdict: step.verdict.value(),
                executed: step.executed.value(),
                registers: step.next.registers.iter().map(Wire::value).collect(),
            });
            carried = step.next;
        }
        values
    }

    /// The program's digest as the circuit computes it.
    #[must_use]
    pub fn program_fr(&self) -> Fr {
        self.program.data.program_fr.value()
    }
}
