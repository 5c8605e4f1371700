//! Largest sizes of a program. What exceeds one of them is refused before any work is done.

/// Operators.
pub const OPERATORS: usize = 1024;
/// Exact or padded width of a tensor.
pub const WIDTH: u32 = 1 << 20;
/// Axes of a tensor.
pub const AXES: usize = 8;
/// Labels of a term: output axes and those summed over.
pub const LABELS: usize = 16;
/// Combinations of labels that one group of a view goes through.
pub const GROUP: usize = 1 << 20;
/// Padded values of all tensors together.
pub const VALUES: u64 = 1 << 24;
/// Products of one inference: combinations of labels of all terms together.
pub const PRODUCTS: u64 = 1 << 30;
/// Values that all terms together read, repetitions counted: what a plan stores.
pub const READS: u64 = 1 << 25;
/// Combinations of labels, and padded values of the axes, of all windows and listed views together: what a verifier goes through.
pub const VIEWS: u64 = 1 << 22;
/// Lookup tables.
pub const TABLES: u8 = 16;
/// Weights, biases and entries of tables together.
pub const PARAMETERS: u64 = 1 << 26;
/// The same, with every axis padded: what is committed.
pub const PADDED_PARAMETERS: u64 = 1 << 28;
/// Summands of one operator.
pub const TERMS: usize = 256;
/// Features.
pub const FEATURES: usize = 4096;
/// Values of the input with every axis padded.
pub const PADDED_INPUT: usize = 1 << 14;
/// Plugins.
pub const PLUGINS: usize = 64;
/// Actions of a head.
pub const ACTIONS: usize = 1024;
/// Predicates of a policy, and rules of a policy, each: one bit of a mask.
pub const RULES: usize = 64;
/// Registers of a state.
pub const REGISTERS: usize = 16;
/// Windows of a state.
pub const WINDOWS: usize = 4;
/// Slots of evidence.
pub const EVIDENCE: usize = 16;
/// Names of values of one slot.
pub const VALUE_NAMES: usize = 1024;
/// Assets, and venues, each.
pub const INSTRUMENTS: usize = 1024;
/// Arguments of a transaction.
pub const ARGUMENTS: usize = 64;
/// Length of a name, identifier, version or function name.
pub const NAME_BYTES: usize = 128;
/// Length of a JSON pointer.
pub const POINTER_BYTES: usize = 1024;
/// Length of a reason's remedy.
pub const TEXT_BYTES: usize = 1024;
/// Reference tokens of a JSON pointer: each costs one more pass over the payload.
pub const POINTER_DEPTH: usize = 16;
/// Digits after the decimal point of a feature.
pub const DECIMALS: u8 = 18;
/// Length of one line of observations.
pub const LINE_BYTES: usize = 1 << 20;
/// Times and sequence numbers are below this.
pub const TIME: u64 = 1 << 62;
/// Texts of reason codes.
pub const REASONS: usize = 256;
/// Commitments of weight and bias rows.
pub const WEIGHT_ROWS: usize = 1 << 20;
/// Length of a program file.
pub const PROGRAM_FILE_BYTES: u64 = 1 << 30;
/// Length of a card file.
pub const CARD_FILE_BYTES: u64 = 1 << 26;
/// An accumulator's magnitude is below this.
pub const ACCUMULATOR: i128 = 1 << 62;
