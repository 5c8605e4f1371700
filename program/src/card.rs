//! A program, and its card: all of it but the weights. The card is what a verifier needs.

use crate::class::Class;
use crate::encoding::{DecodeError, decode_file, encode_file, magic};
use crate::evidence::Slot;
use crate::feature::Feature;
use crate::head::Head;
use crate::interval::ProgramError;
use crate::limits;
use crate::operator::Operator;
use crate::policy::Table;
use crate::state::{Register, Window};
use crate::transaction::Template;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use thiserror::Error;

/// A point of G1 as uncompressed big-endian x || y; the identity is all zero (as on the EVM).
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PointBytes(pub [u8; 64]);

/// Where the reference string comes from.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum SetupSource {
    /// Made on one machine: whoever made it can forge every proof.
    Development,
    /// A Powers-of-Tau ceremony.
    PowersOfTau {
        /// SHA3-free identity of the file: Keccak-256 of its bytes.
        file_hash: [u8; 32],
    },
}

/// The part of a reference string that a verifier needs; its hash enters `model_id`.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SetupCard {
    /// Origin.
    pub source: SetupSource,
    /// Log2 of the number of G1 powers.
    pub powers_log2: u8,
    /// Keccak-256 over all G1 powers, uncompressed big-endian.
    pub powers_digest: [u8; 32],
    /// `tau * H` in G2: x.c1 || x.c0 || y.c1 || y.c0, big-endian (the EVM's order).
    pub tau_g2: [u8; 128],
}

/// A source of observations.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Plugin {
    /// Identifier, unique in the program.
    pub id: String,
    /// Version.
    pub version: String,
    /// Hash of the plugin's code.
    pub code_hash: [u8; 32],
    /// Who signs its payloads; `None`: payloads are declared by the agent.
    pub signer: Option<PluginSigner>,
}

/// Who signs a plugin's payloads, and how long a signed payload may be used (docs/spec/record.md, "Signed payloads").
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PluginSigner {
    /// The key.
    pub key: SignerKey,
    /// An observation's time is at most this much after its payload's; 0: both are the same second.
    pub max_age_seconds: u64,
}

/// A key that signs payloads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum SignerKey {
    /// Ethereum address of a secp256k1 key.
    Secp256k1 {
        /// Address.
        address: [u8; 20],
    },
    /// An Ed25519 key. That it is a point is found when a signature is checked.
    Ed25519 {
        /// Public key as RFC 8032 encodes it.
        public_key: [u8; 32],
    },
}

impl fmt::Display for SignerKey {
    /// As agent.toml writes it: `0x` and an address, or `ed25519:0x` and a public key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, bytes) = match self {
            Self::Secp256k1 { address } => ("0x", address.as_slice()),
            Self::Ed25519 { public_key } => ("ed25519:0x", public_key.as_slice()),
        };
        out.write_str(scheme)?;
        bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// EIP-712 domain of the records, and chain of the transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Domain {
    /// Chain id.
    pub chain_id: u64,
    /// Verifying contract.
    pub verifying_contract: [u8; 20],
}

/// Everything of a program except the weights.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Card {
    /// Name of the agent.
    pub name: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Shapes.
    pub class: Class,
    /// Features in row-major order of the model's input.
    pub features: Vec<Feature>,
    /// Operators with their exact sizes and scales, in the order of `class.operators`.
    pub operators: Vec<Operator>,
    /// From the last operator's output to an action.
    pub head: Head,
    /// Digits after the decimal point of amounts, for people: an amount is the decimal times `10^amount_decimals`.
    pub amount_decimals: u8,
    /// Windows that registers may begin anew with.
    pub windows: Vec<Window>,
    /// State registers.
    pub registers: Vec<Register>,
    /// Places for signed statements.
    pub evidence: Vec<Slot>,
    /// Policy table.
    pub policy: Table,
    /// Transaction that an action becomes.
    pub transaction: Template,
    /// Plugins, referred to by index.
    pub plugins: Vec<Plugin>,
    /// Domain of records.
    pub domain: Domain,
    /// Reference string that the weights are committed with.
    pub setup: SetupCard,
    /// Commitments of the weight rows, the bias rows, then the rows of the tables (layout: docs/spec/argument.md).
    pub weight_rows: Vec<PointBytes>,
}

/// The weights: the part of a program that only agent, prover and replaying watcher need.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Weights {
    /// One entry an operator, in order; a lookup's is empty.
    pub operators: Vec<OperatorWeights>,
    /// Lookup tables: [`crate::operator::lookup::ENTRIES`] values each.
    pub tables: Vec<Vec<u16>>,
}

/// Weights of one operator.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct OperatorWeights {
    /// One list for every weighted term, in order: row-major over its output labels, then the contracted ones; exact extents.
    pub dense: Vec<Vec<i32>>,
    /// Row-major over the output's axes; exact extents.
    pub bias: Vec<i64>,
}

/// A compiled agent.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Program {
    /// The public part.
    pub card: Card,
    /// The weights.
    pub weights: Weights,
}

/// Why a file is not a program or card.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LoadError {
    /// The bytes are malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The content is inconsistent.
    #[error(transparent)]
    Invalid(#[from] ProgramError),
}

impl Program {
    /// The program as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&magic::PROGRAM, self)
    }

    /// A validated program from a file.
    ///
    /// Owes: that the weight rows of the card commit to these weights.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        let program: Self = decode_file(&magic::PROGRAM, limits::PROGRAM_FILE_BYTES, bytes)?;
        program.validate()?;
        Ok(program)
    }
}

impl Card {
    /// The card as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&magic::CARD, self)
    }

    /// A validated card from a file.
    ///
    /// Owes: that the weight rows are points of the curve, as many as the class has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        let card: Self = decode_file(&magic::CARD, limits::CARD_FILE_BYTES, bytes)?;
        card.validate()?;
        Ok(card)
    }
}
