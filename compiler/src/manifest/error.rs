//! What can be wrong with agent.toml, and what to write instead.

use crate::nearest::nearest;
use crate::onnx::obstacle::Name;
use candor_program::decimal::DecimalError;
use std::fmt;
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
    /// A key that does not exist.
    #[error("unknown key {}{}; there are: {known}", Name(got), Meant(meant))]
    UnknownKey {
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
        /// Keys that exist.
        known: String,
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
    #[error("{}: {source}; {}", Name(got), fitting(*decimals))]
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
    /// Not a percentage.
    #[error(
        "{} is no percentage; write 0% to 100% with at most {decimals} decimals, such as \"0.5%\"",
        Name(got)
    )]
    Percentage {
        /// Found.
        got: String,
        /// Most digits after the point.
        decimals: u8,
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
    #[error("{} is no fact{}; there are: {known}", Name(got), Meant(meant))]
    UnknownFact {
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
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
    /// A name that no value of the fact has.
    #[error("{} is no value of {}{}; there are: {known}", Name(got), Name(fact), Meant(meant))]
    UnknownValue {
        /// Fact.
        fact: Box<str>,
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
        /// Names that exist.
        known: Box<str>,
    },
    /// A text in quotes for a fact whose values have no names.
    #[error(
        "values of {} have no names, so the text {} cannot be one; write a number without quotes",
        Name(fact),
        Name(got)
    )]
    Quoted {
        /// Fact.
        fact: String,
        /// Found.
        got: String,
    },
    /// A name in a comparison by size.
    #[error("{} is a name, and names of {} have no order; use == or !=", Name(got), Name(fact))]
    NamesHaveNoOrder {
        /// Fact.
        fact: String,
        /// Found.
        got: String,
    },
    /// A length of time that is none.
    #[error("{} is no length of time; write a whole number and one of s, m, h, d, w, such as 3d", Name(got))]
    Duration {
        /// Found.
        got: String,
    },
    /// A window that does not exist.
    #[error(
        "no window has the name {}{}; add it under [[windows]] or use one of: {known}",
        Name(got),
        Meant(meant)
    )]
    UnknownWindow {
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
        /// Windows that exist.
        known: String,
    },
    /// A slot that does not exist.
    #[error(
        "no evidence has the name {}{}; add it under [[evidence]] or use one of: {known}",
        Name(got),
        Meant(meant)
    )]
    UnknownSlot {
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
        /// Slots that exist.
        known: String,
    },
    /// An asset or venue that does not exist.
    #[error("{} is not listed under [head]{}; there are: {known}", Name(got), Meant(meant))]
    UnknownInstrument {
        /// Found.
        got: String,
        /// What was probably meant.
        meant: Option<String>,
        /// Names that exist.
        known: String,
    },
    /// An action that names none of several assets or venues.
    #[error("the action names no {key}; add {key} = with one of: {known}")]
    InstrumentMissing {
        /// `asset` or `venue`.
        key: String,
        /// Names that exist.
        known: String,
    },
    /// A register that changes by nothing.
    #[error(
        "what the register is set to or grows by is missing; add source, such as source = \"action.amount\""
    )]
    SourceMissing,
    /// A register with two sources.
    #[error("the register has two sources; use set or add with one source")]
    SourceTwice,
    /// A register that depends on what it becomes.
    #[error(
        "{} follows from the change of a register, so no register can change by it; use state.<name>",
        Name(fact)
    )]
    FollowsUpdate {
        /// Fact.
        fact: String,
    },
    /// Evidence with no authority, or with two.
    #[error("write either attester (a key) or mandate (owner, limit and direction)")]
    Authority,
    /// No principal.
    #[error("{} is neither agent nor 0x and 40 or 64 hexadecimal digits", Name(got))]
    Subject {
        /// Found.
        got: String,
    },
    /// Two names of one value.
    #[error("{} is what {} is already; give each name another value", Name(name), Name(other))]
    ValueTwice {
        /// Name.
        name: String,
        /// The other name.
        other: String,
    },
    /// A slot that cannot revoke.
    #[error(
        "{} cannot revoke: its value must be a time without decimals, and nothing may revoke it",
        Name(slot)
    )]
    Revoker {
        /// Slot.
        slot: String,
    },
    /// A limit that is 0 or below.
    #[error("{} would allow nothing; write a number above 0, or forbid the action with a rule", Name(got))]
    NotPositive {
        /// Found.
        got: String,
    },
    /// `[limits]` without a limit.
    #[error("no limit is set; add one, such as max_order, or remove [limits]")]
    NoLimit,
    /// Neither rules nor limits.
    #[error("there are no rules; add [[policy.rules]], or [limits]")]
    PolicyMissing,
    /// `approval` without `require_approval_above`.
    #[error("approval says how orders are approved, but not which; add require_approval_above")]
    ApprovalAlone,
    /// An approval that small orders would need as well, or of another scale.
    #[error(
        "the evidence {} needs default = \"0\" (orders that need no approval have none) and decimals = {decimals} (as amounts)",
        Name(slot)
    )]
    ApprovalSlot {
        /// Slot.
        slot: String,
        /// Decimals of amounts.
        decimals: u8,
    },
    /// An asset that is traded and has no limit.
    #[error("{} is traded and would have no limit; add it to max_position", Name(asset))]
    PositionMissing {
        /// Asset.
        asset: String,
    },
    /// A dead band around something else.
    #[error("{} is no signal; use feature.<name> or output.<action>", Name(got))]
    Signal {
        /// Found.
        got: String,
    },
    /// Too many windows, those of limits counted.
    #[error("{got} windows with those of limits; use at most {limit}")]
    TooManyWindows {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// Too many registers, those of limits counted.
    #[error("{got} registers with those of limits; use at most {limit}")]
    TooManyRegisters {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// Too many rules, those of limits counted.
    #[error("{got} rules with those of limits; use at most {limit}")]
    TooManyRules {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
    },
    /// Too many different conditions, those of limits and registers counted.
    #[error("{got} different conditions with those of limits and registers; use at most {limit}")]
    TooManyConditions {
        /// Found.
        got: usize,
        /// Limit.
        limit: usize,
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

/// What fits the scale, and where the scale comes from.
fn fitting(decimals: u8) -> String {
    match decimals {
        0 => "write a whole number; amounts have as many digits after the point as `decimals` of [head] says"
            .to_owned(),
        1 => "write a decimal with at most 1 digit after the point".to_owned(),
        _ => format!("write a decimal with at most {decimals} digits after the point"),
    }
}

/// What was probably meant, as an addition to a sentence.
struct Meant<'m>(&'m Option<String>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(meant) => write!(out, ", did you mean {}?", Name(meant)),
            None => Ok(()),
        }
    }
}

/// The cause that the TOML reader's words tell: an unknown key with what was meant, or the words.
pub(super) fn syntax(message: &str) -> ManifestCause {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), quoted.next()) {
        (true, Some(got)) => {
            let known: Vec<&str> = quoted.collect();
            let meant = nearest(got, known.iter().copied());
            ManifestCause::UnknownKey { got: got.into(), meant, known: known.join(", ") }
        }
        _ => ManifestCause::Syntax { message: message.into() },
    }
}
