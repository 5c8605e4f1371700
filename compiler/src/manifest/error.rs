//! What can be wrong with agent.toml, and what to write instead.

use crate::onnx::obstacle::Name;
use candor_program::decimal::DecimalError;
use thiserror::Error;

/// A defect of agent.toml and its place.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{field}: {cause}")]
pub struct ManifestError {
    /// Line, from 1.
    pub line: usize,
    /// Field, such as `features[3].min`.
    pub field: String,
    /// Defect.
    pub cause: ManifestCause,
}

/// A defect of agent.toml.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ManifestCause {
    /// Not TOML, a missing or unknown key, or a value of another type.
    #[error("{message}")]
    Syntax {
        /// The TOML reader's words.
        message: String,
    },
    /// Not UTF-8.
    #[error("the file is not UTF-8; save it as UTF-8")]
    NotUtf8,
    /// A name that is empty, too long, or has spaces or control characters.
    #[error("{} is no name: use 1 to {limit} bytes without spaces", Name(got))]
    BadName {
        /// Found.
        got: String,
        /// Longest.
        limit: usize,
    },
    /// A text that is too long.
    #[error("the text has {got} bytes; use at most {limit}")]
    LongText {
        /// Found.
        got: usize,
        /// Longest.
        limit: usize,
    },
    /// A text with characters that do not print.
    #[error("the text has a character that does not print; write it on one line, without control characters")]
    ControlCharacter,
    /// A name stands twice.
    #[error("the name {} stands twice; choose another", Name(name))]
    DuplicateName {
        /// Name.
        name: String,
    },
    /// Too many entries.
    #[error("{got} entries; use at most {limit}")]
    TooMany {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// No entry.
    #[error("there is none; add one")]
    Empty,
    /// A feature names a plugin that does not exist.
    #[error("no plugin has the id {}; add it under [[plugins]] or use one of: {known}", Name(got))]
    UnknownPlugin {
        /// Found.
        got: String,
        /// Ids that exist.
        known: String,
    },
    /// Not a JSON pointer.
    #[error(
        "{} is no JSON pointer of at most {limit} parts; begin with `/`, such as `/features/price`",
        Name(got)
    )]
    Pointer {
        /// Found.
        got: String,
        /// Most parts.
        limit: usize,
    },
    /// Too many decimals.
    #[error("{got} decimals; use at most {limit}")]
    Decimals {
        /// Found.
        got: u8,
        /// Limit.
        limit: u8,
    },
    /// Not a decimal of the scale.
    #[error("{}: {source}; write a decimal with at most {decimals} digits after the point", Name(got))]
    Decimal {
        /// Found.
        got: String,
        /// Digits after the point.
        decimals: u8,
        /// Reason.
        source: DecimalError,
    },
    /// Lowest above highest.
    #[error("min is above max; swap them")]
    RangeReversed,
    /// A range with too many steps.
    #[error(
        "from min to max there are {steps} steps, at most {limit} are possible; use fewer decimals or a narrower range"
    )]
    RangeTooWide {
        /// Found.
        steps: i128,
        /// Limit.
        limit: i128,
    },
    /// Number of features.
    #[error(
        "{got} features for a model that takes {expected}; list one feature for every input, in the model's order"
    )]
    FeatureCount {
        /// The model's input width.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Number of actions.
    #[error(
        "{got} actions for a model with {expected} outputs; list one action for every output, in the model's order"
    )]
    ActionCount {
        /// The model's output width.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// An action without an amount that does not abstain.
    #[error("the action has neither an amount nor abstain = true; add one of them")]
    AmountMissing,
    /// An action that acts on nothing.
    #[error("an action with amount 0 does nothing; give another amount, or abstain = true instead")]
    AmountZero,
    /// An abstention with an amount.
    #[error("an action that abstains has no amount; remove one of them")]
    AmountOfAbstention,
    /// Not hexadecimal of the right length.
    #[error("{} is not 0x and {digits} hexadecimal digits", Name(got))]
    Hexadecimal {
        /// Found.
        got: String,
        /// Digits.
        digits: usize,
    },
    /// No key that signs payloads.
    #[error(
        "{} is no key; write an address (0x and 40 hexadecimal digits) or ed25519:0x and 64 hexadecimal digits",
        Name(got)
    )]
    Signer {
        /// Found.
        got: String,
    },
    /// A key without an age.
    #[error(
        "the plugin signs, but how old its payloads may be is missing; add max_age_seconds, such as max_age_seconds = 60"
    )]
    MaxAgeMissing,
    /// An age without a key.
    #[error("without a signer nothing vouches for a payload's time; add signer, or remove max_age_seconds")]
    MaxAgeAlone,
    /// Not a whole number in range.
    #[error("{} is no whole number from {lowest} to {highest}", Name(got))]
    WholeNumber {
        /// Found.
        got: String,
        /// Lowest.
        lowest: String,
        /// Highest.
        highest: String,
    },
    /// A condition that is not `fact comparison value`.
    #[error(
        "{} is no condition; write `fact op value` with one of == != < <= > >=, such as `action.amount <= 100`",
        Name(got)
    )]
    Condition {
        /// Found.
        got: String,
    },
    /// A fact that does not exist.
    #[error("{} is no fact; there are: {known}", Name(got))]
    UnknownFact {
        /// Found.
        got: String,
        /// Facts.
        known: String,
    },
    /// Two facts of different scale are compared.
    #[error(
        "{} and {} have different scales ({left_decimals} and {right_decimals} decimals); compare with a constant instead",
        Name(left),
        Name(right)
    )]
    ScaleMismatch {
        /// Left fact.
        left: String,
        /// Its decimals.
        left_decimals: u8,
        /// Right fact.
        right: String,
        /// Its decimals.
        right_decimals: u8,
    },
    /// One reason with two remedies.
    #[error("the reason {} has another remedy already; use one remedy for one reason", Name(reason))]
    RemedyConflict {
        /// Reason.
        reason: String,
    },
    /// Not a function with static types.
    #[error("{} is no function; write it such as `transfer(address to, uint256 amount)`", Name(got))]
    Function {
        /// Found.
        got: String,
    },
    /// A type that is not static, or does not exist.
    #[error("{} is no type that can be used; use uintN, intN, address, bool or bytes32", Name(got))]
    AbiType {
        /// Found.
        got: String,
    },
    /// A parameter without an argument.
    #[error("the function's parameter {} has no argument; add it under [transaction.args]", Name(parameter))]
    ArgumentMissing {
        /// Parameter.
        parameter: String,
    },
    /// An argument that the function does not have.
    #[error("the function has no parameter {}; remove the argument or name the parameter", Name(argument))]
    ArgumentUnknown {
        /// Argument.
        argument: String,
    },
    /// An argument that is neither a constant of its type nor a fact.
    #[error("{} is neither a constant of type {abi_type} nor `fact`, `fact + integer`", Name(got))]
    Argument {
        /// Found.
        got: String,
        /// Type.
        abi_type: String,
    },
    /// A fact for a type that holds no number.
    #[error("a fact is a number and cannot be of type {abi_type}; use a uintN or intN parameter")]
    ArgumentType {
        /// Type.
        abi_type: String,
    },
}
