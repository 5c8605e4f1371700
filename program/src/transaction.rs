//! Transaction template: one ABI call with static types.

use crate::encoding::keccak256;
use crate::policy::{Fact, Facts};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

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
    pub fn build(&self, facts: &Facts<'_>) -> Option<Transaction> {
        let mut calldata = Vec::with_capacity(4 + 32 * self.arguments.len());
        calldata.extend_from_slice(&self.selector());
        for argument in &self.arguments {
            calldata.extend_from_slice(&argument.word(facts)?);
        }
        Some(Transaction { to: self.to, value: self.value, calldata })
    }

    /// The canonical signature, e.g. `rebalance(uint256,int256)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let types: Vec<String> =
            self.arguments.iter().map(|argument| argument.abi_type.to_string()).collect();
        format!("{}({})", self.function, types.join(","))
    }

    /// First four bytes of Keccak-256 of the signature.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = keccak256(&[self.signature().as_bytes()]);
        [a, b, c, d]
    }
}

impl Argument {
    /// The ABI word; `None` where the fact is missing or out of the type's range.
    #[must_use]
    pub fn word(&self, facts: &Facts<'_>) -> Option<[u8; 32]> {
        match self.source {
            ArgumentSource::Constant(word) => self.abi_type.accepts(&word).then_some(word),
            ArgumentSource::Fact { fact, offset } => {
                self.abi_type.encode(i128::from(facts.get(fact)?) + i128::from(offset))
            }
        }
    }
}

impl AbiType {
    /// Whether Solidity has the type.
    #[must_use]
    pub fn exists(self) -> bool {
        match self {
            Self::Uint(bits) | Self::Int(bits) => bits % 8 == 0 && (8..=256).contains(&bits),
            Self::Address | Self::Bool | Self::Bytes32 => true,
        }
    }

    /// Whether values of it are numbers or truth values, so that a fact can be one.
    #[must_use]
    pub fn takes_facts(self) -> bool {
        matches!(self, Self::Uint(_) | Self::Int(_) | Self::Bool)
    }

    /// The ABI word of an integer; `None` where it is out of range or not [`Self::takes_facts`].
    #[must_use]
    pub fn encode(self, value: i128) -> Option<[u8; 32]> {
        if !self.takes_facts() {
            return None;
        }
        let mut word = [if value < 0 { 0xff } else { 0 }; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        // A negative number's word is a huge unsigned number: `accepts` must not see it as one.
        let sign_fits = value >= 0 || matches!(self, Self::Int(_));
        (sign_fits && self.accepts(&word)).then_some(word)
    }

    /// Whether the word is the canonical encoding of a value of this type.
    #[must_use]
    pub fn accepts(self, word: &[u8; 32]) -> bool {
        if !self.exists() {
            return false;
        }
        let (unused, sign) = match self {
            Self::Uint(bits) => (32 - usize::from(bits / 8), false),
            Self::Int(bits) => (32 - usize::from(bits / 8), true),
            Self::Address => (12, false),
            Self::Bool => (31, false),
            Self::Bytes32 => (0, false),
        };
        let (fill, value) = word.split_at(unused);
        let negative = sign && value.first().is_some_and(|byte| byte & 0x80 != 0);
        let filler = if negative { 0xff } else { 0 };
        fill.iter().all(|byte| *byte == filler) && (self != Self::Bool || word[31] <= 1)
    }
}

impl fmt::Display for AbiType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uint(bits) => write!(out, "uint{bits}"),
            Self::Int(bits) => write!(out, "int{bits}"),
            Self::Address => out.write_str("address"),
            Self::Bool => out.write_str("bool"),
            Self::Bytes32 => out.write_str("bytes32"),
        }
    }
}
