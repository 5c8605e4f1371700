//! Largest sizes of a program. What exceeds one of them is refused before any work is done.

/// Operators.
pub const OPERATORS: usize = 1024;
/// Exact or padded width of a tensor.
pub const WIDTH: u32 = 1 << 16;
/// Weights and biases together.
pub const PARAMETERS: u64 = 1 << 26;
/// Summands of one operator.
pub const TERMS: usize = 64;
/// Features.
pub const FEATURES: usize = 4096;
/// Plugins.
pub const PLUGINS: usize = 64;
/// Actions of a head.
pub const ACTIONS: usize = 1024;
/// Predicates of a policy, and rules of a policy, each: one bit of a mask.
pub const RULES: usize = 64;
/// Registers of a state.
pub const REGISTERS: usize = 16;
/// Arguments of a transaction.
pub const ARGUMENTS: usize = 64;
/// Length of a name, identifier, version or function name.
pub const NAME_BYTES: usize = 128;
/// Length of a JSON pointer.
pub const POINTER_BYTES: usize = 1024;
/// Length of a reason's remedy.
pub const TEXT_BYTES: usize = 1024;
/// Digits after the decimal point of a feature.
pub const DECIMALS: u8 = 18;
/// Length of one line of observations.
pub const LINE_BYTES: usize = 1 << 20;
/// Latest time, and highest sequence number.
pub const TIME: u64 = 1 << 62;
