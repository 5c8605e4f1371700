//! State registers carried from record to record.

use borsh::{BorshDeserialize, BorshSerialize};

/// How a register changes when an action is executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Update {
    /// Stays.
    Keep,
    /// Becomes the time of the decision.
    Time,
    /// Grows by the executed amount.
    AddAmount,
    /// Grows by one.
    Increment,
}

/// One register.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Register {
    /// Name, unique in the program.
    pub name: String,
    /// Value before the first record.
    pub initial: i64,
    /// Change on execution.
    pub on_execute: Update,
}

/// Values of all registers, in order.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct State(pub Vec<i64>);

impl State {
    /// The state before the first record.
    #[must_use]
    pub fn initial(registers: &[Register]) -> Self {
        Self(registers.iter().map(|register| register.initial).collect())
    }
    /// The state after a decision; `None` on overflow.
    #[must_use]
    pub fn after(
        &self,
        registers: &[Register],
        executed: Option<&crate::head::Action>,
        time: u64,
    ) -> Option<Self> {
        let _ = (registers, executed, time);
        todo!()
    }
}
