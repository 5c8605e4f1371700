//! The decision part of the circuit alone, for tests that compare it with `candor_program::decide` many times.

use super::gadget::{bits, power};
use super::program::{ProgramWires, program};
use super::record::{Carried, record};
use super::system::{System, Wire};
use super::witness::RecordWitness;
use ark_ff::AdditiveGroup;
use candor_program::arith::Arith;
use candor_program::digest::registers_digest;
use candor_program::encoding::fr_from_i64;
use candor_program::{Card, Fr};

/// A program inside a system, ready for records.
pub struct DecisionCircuit {
    system: System,
    state_size: usize,
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
        Self { system: system.clone(), state_size: usize::from(card.class.state_size), program }
    }

    /// One record on a state.
    #[must_use]
    pub fn step(&self, witness: &RecordWitness, acc_before: Fr, state: &[i64]) -> DecisionValues {
        let system = &self.system;
        system.enter("path");
        let register = |index: usize| fr_from_i64(state.get(index).copied().unwrap_or(0));
        let registers: Vec<Wire> =
            (0..self.state_size).map(|index| system.witness(register(index))).collect();
        for register in &registers {
            let _bits = bits(system, &register.offset(power(63)), 64);
        }
        let state_before = registers_digest(&registers);
        let before = Carried {
            acc: system.witness(acc_before),
            sequence: system.witness(Fr::from(witness.sequence)),
            registers,
            state: state_before.clone(),
        };
        let step = record(system, &self.program, witness, &before);
        DecisionValues {
            acc: step.next.acc.value(),
            state_before: state_before.value(),
            state_after: step.next.state.value(),
            executed: step.executed.value(),
            registers: step.next.registers.iter().map(Wire::value).collect(),
        }
    }

    /// The program's digest as the circuit computes it.
    #[must_use]
    pub fn program_fr(&self) -> Fr {
        self.program.data.program_fr.value()
    }
}
