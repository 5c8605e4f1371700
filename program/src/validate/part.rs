//! Lists of a program, for messages.

use std::fmt;

/// A list of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The agent itself (its name and version).
    Agent,
    /// Features.
    Features,
    /// Operators.
    Operators,
    /// Axes of a tensor.
    Axes,
    /// Values of the padded input.
    PaddedInput,
    /// Lookup tables.
    Tables,
    /// Summands of one operator.
    Terms,
    /// Actions of the head.
    Actions,
    /// Names of assets.
    Assets,
    /// Names of venues.
    Venues,
    /// Windows of the state.
    Windows,
    /// State registers.
    Registers,
    /// Evidence slots.
    Evidence,
    /// Limits of mandates.
    Limits,
    /// Names of values of an evidence slot.
    ValueNames,
    /// Predicates of the policy.
    Predicates,
    /// Rules of the policy.
    Rules,
    /// Texts of reason codes.
    Reasons,
    /// Arguments of the transaction.
    Arguments,
    /// The function that the transaction calls.
    Function,
    /// Plugins.
    Plugins,
    /// Commitments of weights.
    WeightRows,
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Agent => "agent",
            Self::Features => "features",
            Self::Operators => "operators",
            Self::Axes => "axes of a tensor",
            Self::PaddedInput => "values of the padded input",
            Self::Tables => "lookup tables",
            Self::Terms => "terms of an operator",
            Self::Actions => "actions",
            Self::Assets => "assets",
            Self::Venues => "venues",
            Self::Windows => "state windows",
            Self::Registers => "state registers",
            Self::Evidence => "evidence slots",
            Self::Limits => "mandate limits",
            Self::ValueNames => "names of evidence values",
            Self::Predicates => "policy predicates",
            Self::Rules => "policy rules",
            Self::Reasons => "reasons",
            Self::Arguments => "transaction arguments",
            Self::Function => "transaction function",
            Self::Plugins => "plugins",
            Self::WeightRows => "weight rows",
        })
    }
}
