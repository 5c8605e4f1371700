//! Action head: from the model's output to a requested action.

use borsh::{BorshDeserialize, BorshSerialize};

/// How the output of the last operator becomes an action.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Head {
    /// The index of the largest value; the lowest index wins a tie.
    ArgMax {
        /// One action for every output.
        actions: Vec<ActionTemplate>,
    },
}

/// What an output index stands for.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ActionTemplate {
    /// Name, unique in the program.
    pub name: String,
    /// Whether this is the decision not to act.
    pub abstain: bool,
    /// Amount (0 when abstaining).
    pub amount: i64,
}

/// A requested or executed action.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Action {
    /// Index into the head's actions.
    pub code: u16,
    /// Whether it is the decision not to act.
    pub abstain: bool,
    /// Amount.
    pub amount: i64,
}
