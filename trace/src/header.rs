//! The header of a record: fifteen EIP-712 words that a contract reads without parsing.

use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::Domain;
use candor_program::encoding::{FrBytes, keccak256};
use std::sync::LazyLock;

/// Times are below this, so that their differences stay small in the field.
pub const TIME_BOUND: u64 = 1 << 62;
/// Sequence numbers are below this: the number after the last one, which a seal's unused records have, still has 62 bits.
pub const SEQUENCE_BOUND: u64 = (1 << 62) - 1;

/// Primary type of the EIP-712 struct (docs/spec/record.md).
pub const RECORD_TYPE: &str = "Record(bytes32 programId,address agent,uint256 sequence,uint256 time,\
bytes32 previousRecord,uint256 stateBefore,uint256 observations,uint256 evidence,uint256 requestedAction,\
uint256 verdict,uint256 executedAction,uint256 stateAfter,bytes32 transaction,bytes32 execution,uint256 acc)";

const DOMAIN_TYPE: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const DOMAIN_NAME: &str = "Candor";
const DOMAIN_VERSION: &str = "1";

/// Every record hash begins with these.
static RECORD_TYPE_HASH: LazyLock<[u8; 32]> = LazyLock::new(|| keccak256(&[RECORD_TYPE.as_bytes()]));
static DOMAIN_HASHES: LazyLock<[[u8; 32]; 3]> =
    LazyLock::new(|| [DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION].map(|text| keccak256(&[text.as_bytes()])));

/// What an agent signs about one decision.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Program that decided.
    pub program_id: [u8; 32],
    /// Address of the agent's key.
    pub agent: [u8; 20],
    /// Number of the record, from 0.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// Record hash of the record before; the genesis digest for the first.
    pub previous_record: [u8; 32],
    /// Digest of the state before.
    pub state_before: FrBytes,
    /// Digest of features and plugin payloads.
    pub observations: FrBytes,
    /// Digest of signed evidence.
    pub evidence: FrBytes,
    /// Word of the requested action.
    pub requested: u128,
    /// Word of the policy's verdict.
    pub verdict: u64,
    /// Word of the executed action; 0: nothing was executed.
    pub executed: u128,
    /// Digest of the state after.
    pub state_after: FrBytes,
    /// Commitment to the transaction, or the digest that says there is none.
    pub transaction: [u8; 32],
    /// Root over the digests of all tensors.
    pub execution: [u8; 32],
    /// Poseidon accumulator over this and all earlier records.
    pub acc: FrBytes,
}

impl Header {
    /// The fifteen words in the order of [`RECORD_TYPE`].
    #[must_use]
    pub fn words(&self) -> [[u8; 32]; 15] {
        [
            self.program_id,
            address_word(&self.agent),
            integer_word(u128::from(self.sequence)),
            integer_word(u128::from(self.time)),
            self.previous_record,
            self.state_before.0,
            self.observations.0,
            self.evidence.0,
            integer_word(self.requested),
            integer_word(u128::from(self.verdict)),
            integer_word(self.executed),
            self.state_after.0,
            self.transaction,
            self.execution,
            self.acc.0,
        ]
    }
    /// EIP-712 `hashStruct`.
    #[must_use]
    pub fn struct_hash(&self) -> [u8; 32] {
        let mut preimage = Vec::with_capacity(16 * 32);
        preimage.extend_from_slice(&*RECORD_TYPE_HASH);
        for word in self.words() {
            preimage.extend_from_slice(&word);
        }
        keccak256(&[&preimage])
    }
    /// The record hash: the EIP-712 digest that is signed, and that the next record names.
    #[must_use]
    pub fn record_hash(&self, domain: &Domain) -> [u8; 32] {
        keccak256(&[b"\x19\x01", &domain_separator(domain), &self.struct_hash()])
    }
    /// Whether an action was executed.
    #[must_use]
    pub fn acted(&self) -> bool {
        self.executed != 0
    }
}

/// EIP-712 domain separator of `{name: "Candor", version: "1", chainId, verifyingContract}`.
#[must_use]
pub fn domain_separator(domain: &Domain) -> [u8; 32] {
    let [kind, name, version] = &*DOMAIN_HASHES;
    keccak256(&[
        kind,
        name,
        version,
        &integer_word(u128::from(domain.chain_id)),
        &address_word(&domain.verifying_contract),
    ])
}

fn integer_word(value: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

fn address_word(address: &[u8; 20]) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(address);
    word
}
