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
