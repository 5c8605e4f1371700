//! Why a program is refused.

use super::{NameDefect, Part, TermDefect};
use crate::limits;
use crate::policy::Fact;
use crate::transaction::AbiType;
use thiserror::Error;

/// Why a program is refused. Indices count from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProgramError {
    /// A class of another version.
    #[error("class version {got}, this build reads version {expected}")]
    Version {
        /// Expected.
        expected: u16,
        /// Found.
        got: u16,
    },
    /// Too many or too few of something.
    #[error("{got} {part}; {minimum} to {limit} are allowed")]
    Count {
        /// Of what.
        part: Part,
        /// Fewest.
        minimum: usize,
        /// Most.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A name or text that cannot be one.
    #[error("{part}, name or text of number {index}: {defect}")]
    Name {
        /// List.
        part: Part,
        /// Index in the list.
        index: usize,
        /// What is wrong.
        defect: NameDefect,
    },
    /// Two entries of a list with one name.
    #[error("{part}: number {index} has the name of an earlier one")]
    DuplicateName {
        /// List.
        part: Part,
        /// Index of the second one.
        index: usize,
    },
    /// A row length that no proof uses.
    #[error("rows of 2^{got}; 2^9 to 2^14 are allowed")]
    RowLength {
        /// Log2 found.
        got: u8,
    },
    /// A reference string too short for the rows, or longer than any.
    #[error("a reference string of 2^{powers_log2} powers does not fit rows of 2^{row_log2}")]
    SetupPowers {
        /// Log2 of the row length.
        row_log2: u8,
        /// Log2 of the powers.
        powers_log2: u8,
    },
    /// A policy capacity other than 16 or 64.
    #[error("policy capacity {got}; it is 16 or 64")]
    PolicySize {
        /// Found.
        got: u8,
    },
    /// A state capacity other than the smaller of 4 and 16 that holds the registers.
    #[error("state capacity {got}; with so many registers it is {expected}")]
    StateSize {
        /// Expected.
        expected: usize,
        /// Found.
        got: u8,
    },
    /// More operators in the class than in the card, or fewer.
    #[error("the class has {class} operators, the card {card}")]
    OperatorCount {
        /// In the class.
        class: usize,
        /// In the card.
        card: usize,
    },
    /// A padded extent that is not the next power of two of the exact one.
    #[error("axis {axis} of tensor {tensor} is padded to 2^{got}; its exact extent needs 2^{expected}")]
    PaddedLength {
        /// Tensor.
        tensor: usize,
        /// Axis.
        axis: usize,
        /// Log2 expected.
        expected: u8,
        /// Log2 found.
        got: u8,
    },
    /// A tensor of other axes in the class than in the card.
    #[error("tensor {tensor} has {class} axes in the class, {card} in the card")]
    AxisCount {
        /// Tensor.
        tensor: usize,
        /// In the class.
        class: usize,
        /// In the card.
        card: usize,
    },
    /// An extent of 0 or above the limit.
    #[error("axis {axis} of tensor {tensor} has extent {got}; 1 to {} are allowed", limits::WIDTH)]
    Extent {
        /// Tensor.
        tensor: usize,
        /// Axis.
        axis: usize,
        /// Found.
        got: u32,
    },
    /// A padded tensor above the limit.
    #[error("tensor {tensor} is padded to 2^{got} values, at most {} are allowed", limits::WIDTH)]
    Width {
        /// Tensor.
        tensor: usize,
        /// Log2 found.
        got: u32,
    },
    /// Too many padded values in all tensors together.
    #[error("the tensors have {got} padded values together, at most {} are allowed", limits::VALUES)]
    Values {
        /// Found.
        got: u64,
    },
    /// More products than one inference may take.
    #[error("an inference takes {got} products, at most {} are allowed", limits::PRODUCTS)]
    Products {
        /// Found.
        got: u64,
    },
    /// More values to read than one inference may.
    #[error("an inference reads {got} values, at most {} are allowed", limits::READS)]
    Reads {
        /// Found.
        got: u64,
    },
    /// Windows and listed views that are too large for a verifier.
    #[error(
        "windows and listed views have {got} combinations and values together, at most {} are allowed",
        limits::VIEWS
    )]
    Views {
        /// Found.
        got: u64,
    },
    /// Another number of features than the input has values.
    #[error("the input has {expected} values, the card {got} features")]
    InputSize {
        /// By the extents.
        expected: u64,
        /// Features.
        got: u64,
    },
    /// A term whose labels or views do not fit.
    #[error("term {term} of operator {operator}: {defect}")]
    Term {
        /// Operator.
        operator: usize,
        /// Term.
        term: usize,
        /// What is wrong.
        defect: TermDefect,
    },
    /// A lookup that does not read an earlier affine operator.
    #[error(
        "operator {operator} looks up tensor {tensor}, which is not the output of an earlier affine operator"
    )]
    LookupSource {
        /// Operator.
        operator: usize,
        /// Tensor.
        tensor: u16,
    },
    /// A lookup in a table that is not there.
    #[error("operator {operator} looks up table {table}, the class has {tables}")]
    LookupTable {
        /// Operator.
        operator: usize,
        /// Table.
        table: u8,
        /// Tables of the class.
        tables: u8,
    },
    /// Two lookups of one table with other ranges of values or results.
    #[error("operator {operator} looks up table {table} with another range than an earlier one")]
    TableRange {
        /// Operator.
        operator: usize,
        /// Table.
        table: u8,
    },
    /// A table that nothing reads.
    #[error("no operator looks up table {table}")]
    TableUnused {
        /// Table.
        table: u8,
    },
    /// A model that ends in a lookup, or in a tensor of several axes.
    #[error("the last operator must be affine with one axis: the action head reads a list")]
    LastOperator,
    /// Class and card disagree about an operator's terms.
    #[error("operator {operator} has other terms in the class than in the card")]
    Terms {
        /// Operator.
        operator: usize,
    },
    /// A term that reads a tensor not computed before.
    #[error("term {term} of operator {operator} reads tensor {tensor}, which is not an earlier one")]
    Wiring {
        /// Operator.
        operator: usize,
        /// Term.
        term: usize,
        /// Tensor that it reads.
        tensor: u16,
    },
    /// A rescale by 0.
    #[error("operator {operator} rescales by 0")]
    Multiplier {
        /// Operator.
        operator: usize,
    },
    /// A range that does not contain 0, which padding needs.
    #[error("operator {operator} has lowest output {got}; -65535 to 0 are allowed")]
    Low {
        /// Operator.
        operator: usize,
        /// Found.
        got: i32,
    },
    /// Too many weights, biases and entries of tables.
    #[error("{got} parameters, at most {} are allowed", limits::PARAMETERS)]
    Parameters {
        /// Found.
        got: u64,
    },
    /// Too many weights and biases once every axis is padded.
    #[error("{got} parameters with padding, at most {} are allowed", limits::PADDED_PARAMETERS)]
    PaddedParameters {
        /// Found.
        got: u64,
    },
    /// A head with another number of actions than the model has outputs.
    #[error("the model has {outputs} outputs, the head {actions} actions")]
    Outputs {
        /// Width of the last operator.
        outputs: u32,
        /// Actions.
        actions: usize,
    },
    /// A feature whose highest value is below its lowest, or more than 65535 above it.
    #[error("feature {feature} ranges from {min} to {max}; the range holds 1 to 65536 integers")]
    FeatureRange {
        /// Feature.
        feature: usize,
        /// Lowest.
        min: i64,
        /// Highest.
        max: i64,
    },
    /// Too many digits after the point.
    #[error("feature {feature} has {got} decimals, at most {} are allowed", limits::DECIMALS)]
    FeatureDecimals {
        /// Feature.
        feature: usize,
        /// Found.
        got: u8,
    },
    /// Too many digits after the decimal point of amounts.
    #[error("amounts have {got} decimals, at most {} are allowed", limits::DECIMALS)]
    AmountDecimals {
        /// Found.
        got: u8,
    },
    /// Too many digits after the decimal point of a statement's value.
    #[error("evidence slot {slot} has {got} decimals, at most {} are allowed", limits::DECIMALS)]
    EvidenceDecimals {
        /// Slot.
        slot: usize,
        /// Found.
        got: u8,
    },
    /// Not a JSON pointer, or one that is too long or too deep.
    #[error(
        "feature {feature} has no JSON pointer (RFC 6901) of at most {} tokens and {} bytes",
        limits::POINTER_DEPTH,
        limits::POINTER_BYTES
    )]
    FeaturePointer {
        /// Feature.
        feature: usize,
    },
    /// A plugin that is not there.
    #[error("feature {feature} is read from plugin {plugin}, which does not exist")]
    FeaturePlugin {
        /// Feature.
        feature: usize,
        /// Index of the plugin.
        plugin: u16,
    },
    /// An action whose amount is not 0 though it abstains, or 0 though it does not.
    #[error("action {action} must have amount 0 if it abstains and another amount if it acts")]
    ActionAmount {
        /// Action.
        action: usize,
    },
    /// An amount without a magnitude in 64 bits.
    #[error("action {action} has amount -2^63; its magnitude must fit 64 bits")]
    ActionMagnitude {
        /// Action.
        action: usize,
    },
    /// An action of an asset or venue that is not named.
    #[error("action {action} refers to {part} that are not named")]
    ActionInstrument {
        /// Action.
        action: usize,
        /// Assets or venues.
        part: Part,
    },
    /// A window of no length, or with an offset that is not below its length.
    #[error("window {window} must have at least one second, and an offset below its length")]
    Window {
        /// Window.
        window: usize,
    },
    /// A register of a window that does not exist.
    #[error("register {register} begins anew with a window that does not exist")]
    RegisterWindow {
        /// Register.
        register: usize,
    },
    /// A register that changes with a predicate that does not exist.
    #[error("register {register} changes with a predicate that does not exist")]
    RegisterPredicate {
        /// Register.
        register: usize,
    },
    /// A register whose change depends on what registers will be.
    #[error("register {register} depends on {fact:?}, which is known only after registers have changed")]
    RegisterCircular {
        /// Register.
        register: usize,
        /// Fact.
        fact: Fact,
    },
    /// Capacity of the evidence in the class.
    #[error("evidence capacity {got}; with so many slots it is {expected}")]
    EvidenceSize {
        /// Expected.
        expected: usize,
        /// Found.
        got: u8,
    },
    /// A slot that a slot revokes which does not exist, is itself, or can be revoked.
    #[error("evidence slot {slot} must be revoked by another slot, which no slot revokes")]
    EvidenceRevoker {
        /// Slot.
        slot: usize,
    },
    /// A value with two names.
    #[error("evidence slot {slot} names the value {value} twice")]
    EvidenceValue {
        /// Slot.
        slot: usize,
        /// Value.
        value: i64,
    },
    /// More predicates or rules than the class has room for.
    #[error("{got} {part}, the class has room for {capacity}")]
    Capacity {
        /// Of what.
        part: Part,
        /// Capacity.
        capacity: u8,
        /// Found.
        got: usize,
    },
    /// A fact about a feature or register that is not there.
    #[error("{part}: number {index} looks at {fact:?}, which does not exist")]
    FactIndex {
        /// Predicates or arguments.
        part: Part,
        /// Index in the list.
        index: usize,
        /// Fact.
        fact: Fact,
    },
    /// A rule about a predicate that is not there.
    #[error("rule {rule} looks at a predicate that does not exist")]
    RuleMask {
        /// Rule.
        rule: usize,
    },
    /// A reserved reason code.
    #[error("reason code {code} is reserved")]
    ReasonReserved {
        /// Code.
        code: u16,
    },
    /// A reason code with two texts.
    #[error("reason code {code} has two texts")]
    ReasonDuplicate {
        /// Code.
        code: u16,
    },
    /// A reason code without a text.
    #[error("rule {rule} has reason code {code}, which has no text")]
    ReasonUnknown {
        /// Rule.
        rule: usize,
        /// Code.
        code: u16,
    },
    /// A type that Solidity does not have.
    #[error("argument {argument} has a type that does not exist")]
    ArgumentType {
        /// Argument.
        argument: usize,
    },
    /// A constant that is not of its type.
    #[error("argument {argument} has a constant that is not of its type")]
    ArgumentConstant {
        /// Argument.
        argument: usize,
    },
    /// A fact where an address or bytes belong.
    #[error("argument {argument} is a fact, but its type is neither a number nor a truth value")]
    ArgumentFact {
        /// Argument.
        argument: usize,
    },
    /// An argument whose fact can be missing.
    #[error(
        "argument {argument} is {fact:?}, which can be missing; use the time, a register as it is before the decision, or \
         evidence with a default"
    )]
    ArgumentMissing {
        /// Argument.
        argument: usize,
        /// Fact.
        fact: Fact,
    },
    /// Some decision gives the argument a value that its type does not hold.
    #[error(
        "argument {argument} can be {low} to {high}, which {abi_type} does not hold; use a wider or a signed type, \
         another offset or a constant"
    )]
    ArgumentRange {
        /// Argument.
        argument: usize,
        /// Lowest value that it can have.
        low: i128,
        /// Highest value that it can have.
        high: i128,
        /// Its type.
        abi_type: AbiType,
    },
    /// Weights of more or fewer operators.
    #[error("weights of {got} operators, the program has {expected}")]
    WeightOperators {
        /// Operators.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// More or fewer matrices than dense terms.
    #[error("operator {operator} has {expected} dense terms and {got} matrices")]
    WeightMatrices {
        /// Operator.
        operator: usize,
        /// Dense terms.
        expected: usize,
        /// Matrices.
        got: usize,
    },
    /// A matrix of another size.
    #[error("matrix {matrix} of operator {operator} has {got} weights, {expected} are needed")]
    WeightShape {
        /// Operator.
        operator: usize,
        /// Matrix.
        matrix: usize,
        /// Expected.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// A bias of another size.
    #[error("operator {operator} has {got} biases, {expected} are needed")]
    BiasShape {
        /// Operator.
        operator: usize,
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// More or fewer tables than the class has.
    #[error("{got} tables, the class has {expected}")]
    TableCount {
        /// Of the class.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A table of another size.
    #[error("table {table} has {got} entries, {expected} are needed")]
    TableSize {
        /// Table.
        table: usize,
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A table that does not map 0 to 0, which padding needs.
    #[error(
        "table {table} maps 0 to {got}; padding needs 0: add the difference as a bias where the result is read"
    )]
    TableZero {
        /// Table.
        table: usize,
        /// What 0 is mapped to.
        got: i32,
    },
    /// Some input gives an accumulator of 2^62 or more.
    #[error(
        "operator {operator} can reach an accumulator of 2^62 at position {position}; use smaller scales"
    )]
    Accumulator {
        /// Operator.
        operator: usize,
        /// Position in its output.
        position: usize,
    },
    /// Some input saturates further than is proven.
    #[error(
        "operator {operator} can exceed its range by 2^24 at position {position}; use a smaller multiplier or \
         calibrate on wider data"
    )]
    Excess {
        /// Operator.
        operator: usize,
        /// Position in its output.
        position: usize,
    },
}

/// `minimum <= got <= limit`.
pub(super) fn within(part: Part, minimum: usize, limit: usize, got: usize) -> Result<(), ProgramError> {
    if (minimum..=limit).contains(&got) {
        Ok(())
    } else {
        Err(ProgramError::Count { part, minimum, limit, got })
    }
}
