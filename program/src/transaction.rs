//! Transaction template: one ABI call with static types.

use crate::policy::Fact;
use borsh::{BorshDeserialize, BorshSerialize};

/// A static ABI type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum AbiType {
    /// `uintN`, N a multiple of 8 up to 256.
    Uint(u16),
    /// `intN`, N a multiple of 8 up to 256.
    Int(u16),
    /// `address`
    Address,
    /// `bool`
    Bool,
    /// `bytes32`
    Bytes32,
}

/// Where an argument comes from.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ArgumentSource {
    /// A constant ABI word.
    Constant([u8; 32]),
    /// `fact + offset`.
    Fact {
        /// Fact of the decision.
        fact: Fact,
        /// Added to it.
        offset: i64,
    },
}

/// One argument.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Argument {
    /// Name.
    pub name: String,
    /// Type.
    pub abi_type: AbiType,
    /// Source.
    pub source: ArgumentSource,
}

/// The call that an executed action becomes.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Template {
    /// Called contract.
    pub to: [u8; 20],
    /// Wei sent.
    pub value: u128,
    /// Function name.
    pub function: String,
    /// Arguments, in order.
    pub arguments: Vec<Argument>,
}

/// A transaction as the agent submits it.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// Called contract.
    pub to: [u8; 20],
    /// Wei sent.
    pub value: u128,
    /// Selector and arguments.
    pub calldata: Vec<u8>,
}

impl Template {
    /// The transaction; `None` where an argument is missing or out of its type's range.
    #[must_use]
    pub fn build(&self, facts: &crate::policy::Facts<'_>) -> Option<Transaction> {
        let _ = facts;
        todo!()
    }
    /// The canonical signature.
    #[must_use]
    pub fn signature(&self) -> String {
        todo!()
    }
    /// First four bytes of Keccak-256 of the signature.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        todo!()
    }
}
