//! State registers carried from record to record.

use crate::head::Action;
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

    /// The state after a decision; `None` on overflow, or where the state is not one of these registers.
    #[must_use]
    pub fn after(&self, registers: &[Register], executed: Option<&Action>, time: u64) -> Option<Self> {
        if self.0.len() != registers.len() {
            return None;
        }
        let Some(action) = executed else { return Some(self.clone()) };
        let update = |(value, register): (&i64, &Register)| match register.on_execute {
            Update::Keep => Some(*value),
            Update::Time => i64::try_from(time).ok(),
            Update::AddAmount => value.checked_add(action.amount),
            Update::Increment => value.checked_add(1),
        };
        self.0.iter().zip(registers).map(update).collect::<Option<_>>().map(Self)
    }
}
