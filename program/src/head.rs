//! Action head: from the model's output to a requested action.

use borsh::{BorshDeserialize, BorshSerialize};

/// How the output of the last operator becomes an action.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Head {
    /// The index of the largest value; the lowest index wins a tie.
    ArgMax {
        /// One action for every output.
        actions: Vec<ActionTemplate>,
        /// Names of the assets that actions trade, referred to by index; may be empty.
        assets: Vec<String>,
        /// Names of the venues that actions trade at, referred to by index; may be empty.
        venues: Vec<String>,
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
    /// Asset, by index; 0 where none are named.
    pub asset: u16,
    /// Venue, by index; 0 where none are named.
    pub venue: u16,
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
    /// Asset, by index.
    pub asset: u16,
    /// Venue, by index.
    pub venue: u16,
}

impl Head {
    /// The requested action; `None` if the number of outputs is not the number of actions.
    #[must_use]
    pub fn request(&self, outputs: &[i32]) -> Option<Action> {
        let actions = self.actions();
        if outputs.len() != actions.len() {
            return None;
        }
        let mut best = (0, *outputs.first()?);
        for (index, output) in outputs.iter().enumerate() {
            if *output > best.1 {
                best = (index, *output);
            }
        }
        self.action(best.0)
    }

    /// The action of an output; `None` where there is no such output.
    #[must_use]
    pub fn action(&self, output: usize) -> Option<Action> {
        let code = u16::try_from(output).ok()?;
        let &ActionTemplate { abstain, amount, asset, venue, .. } = self.actions().get(output)?;
        Some(Action { code, abstain, amount, asset, venue })
    }

    /// The actions, in the order of the outputs.
    #[must_use]
    pub fn actions(&self) -> &[ActionTemplate] {
        match self {
            Self::ArgMax { actions, .. } => actions,
        }
    }

    /// Names of the assets.
    #[must_use]
    pub fn assets(&self) -> &[String] {
        let Self::ArgMax { assets, .. } = self;
        assets
    }

    /// Names of the venues.
    #[must_use]
    pub fn venues(&self) -> &[String] {
        let Self::ArgMax { venues, .. } = self;
        venues
    }
}

impl Action {
    /// The action as a record's word: `(code + 1) * 2^64 + (amount + 2^63)`, never 0.
    #[must_use]
    pub fn word(&self) -> u128 {
        // Adding 2^63 to a two's complement number flips its highest bit.
        let amount = (self.amount as u64) ^ (1 << 63);
        ((u128::from(self.code) + 1) << 64) | u128::from(amount)
    }

    /// The word of what was executed: 0 for nothing.
    #[must_use]
    pub fn executed_word(executed: Option<&Self>) -> u128 {
        executed.map_or(0, Self::word)
    }
}
