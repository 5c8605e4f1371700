//! How many constraints the seal of a class has.

use candor_circuits::channel::Messages;
use candor_circuits::layout::Layout;
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_circuits::seal::witness::PathWitness;
use candor_program::state::State;
use candor_program::{Card, Fr};

/// Constraints of the circuit that a key generator sees: no record, no message.
pub(crate) fn constraints(card: &Card, layout: &Layout) -> usize {
    let zero = Fr::from(0u64);
    let blank = PathWitness {
        card,
        model_id: [zero; 2],
        context: zero,
        acc_before: zero,
        state_before: State { time: 0, registers: Vec::new() },
        records: Vec::new(),
        messages: Messages::default(),
    };
    let shape = SealShape { layout: layout.clone() };
    synthesize(&shape, &blank, true).system.matrices().constraints.len()
}
