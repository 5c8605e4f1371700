//! Attestations: one attester's word about one subject.

use super::credential::Holder;
use super::message::{
    EVIDENCE_MESSAGE_BYTES, TextDefect, check_name, check_text, message, signed_word, text_word,
    unsigned_word,
};
use crate::signer::{SecretKey, SignerError, check_signed};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::SignerKey;
use candor_program::decimal::format_decimal;
use candor_program::encoding::keccak256;
use candor_program::evidence::{Slot, Statement, Subject};
use candor_program::limits;
use thiserror::Error;

/// Primary type of the EIP-712 struct that an attester signs.
pub const ATTESTATION_TYPE: &str = "Attestation(string attester,string slot,bytes32 subject,int64 value,uint8 decimals,\
string meaning,bytes32 program,uint64 issued,uint64 expires)";

/// What an attester signs.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Attestation {
    /// Who signs.
    pub attester: SignerKey,
    /// Name of the slot that it is for.
    pub slot: String,
    /// Whom it is about: a principal's identifier, or an agent's address with zeros on the left.
    pub subject: [u8; 32],
    /// Value.
    pub value: i64,
    /// Digits of the value after the decimal point.
    pub decimals: u8,
    /// What the value is called; empty where it has no name.
    pub meaning: String,
    /// The only program that may use it; zero: any.
    pub program: [u8; 32],
    /// Unix seconds from which it counts.
    pub issued: u64,
    /// Unix seconds from which it no longer counts.
    pub expires: u64,
}

/// An attestation with its signature.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedAttestation {
    /// What was signed.
    pub attestation: Attestation,
    /// By the attester.
    pub signature: Vec<u8>,
}

/// Why an attestation does not hold for a slot.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AttestationError {
    /// Of another attester.
    #[error("it is by {got}, the slot's attester is {expected}")]
    Attester {
        /// The slot's.
        expected: SignerKey,
        /// The attestation's.
        got: SignerKey,
    },
    /// For another slot.
    #[error("it is for slot `{got}`")]
    Slot {
        /// The attestation's.
        got: String,
    },
    /// About somebody else.
    #[error("it is about 0x{}, the slot is about 0x{}", hex::encode(.got), hex::encode(.expected))]
    Subject {
        /// The slot's.
        expected: [u8; 32],
        /// The attestation's.
        got: [u8; 32],
    },
    /// Counted otherwise.
    #[error("its value has {got} decimals, the slot's has {expected}")]
    Decimals {
        /// The slot's.
        expected: u8,
        /// The attestation's.
        got: u8,
    },
    /// A value that the program calls something else.
    #[error("it calls the value {} `{got}`, the program calls it `{expected}`", format_decimal(*.value, *.decimals))]
    Meaning {
        /// The value.
        value: i64,
        /// Its digits after the decimal point.
        decimals: u8,
        /// The program's name for it, or empty.
        expected: String,
        /// The attestation's.
        got: String,
    },
    /// For another program.
    #[error("it is for program 0x{}, this is 0x{}", hex::encode(.got), hex::encode(.expected))]
    Program {
        /// The record's.
        expected: [u8; 32],
        /// The attestation's.
        got: [u8; 32],
    },
    /// Times not below 2^62.
    #[error("it counts from {issued} to {expires}; times are below 2^62")]
    Time {
        /// Begin.
        issued: u64,
        /// End.
        expires: u64,
    },
    /// A text that cannot be signed.
    #[error("its `{field}` {defect}")]
    Text {
        /// Which.
        field: &'static str,
        /// What is wrong.
        defect: TextDefect,
    },
    /// Not signed.
    #[error("not signed by its attester: {0}")]
    Signature(#[from] SignerError),
}

impl Attestation {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self) -> [u8; EVIDENCE_MESSAGE_BYTES] {
        message(&keccak256(&[
            &text_word(ATTESTATION_TYPE),
            &text_word(&self.attester.to_string()),
            &text_word(&self.slot),
            &self.subject,
            &signed_word(self.value),
            &unsigned_word(self.decimals.into()),
            &text_word(&self.meaning),
            &self.program,
            &unsigned_word(self.issued),
            &unsigned_word(self.expires),
        ]))
    }

    /// The attestation as this key signs it: the key is named as its attester.
    #[must_use]
    pub fn sign(mut self, key: &SecretKey) -> SignedAttestation {
        self.attester = key.public();
        let signature = key.sign(&self.message());
        SignedAttestation { attestation: self, signature }
    }
}

impl SignedAttestation {
    /// The attester signed it, and its texts and times are fit to be signed.
    pub fn check(&self) -> Result<(), AttestationError> {
        let Attestation { attester, slot, meaning, issued, expires, .. } = &self.attestation;
        let text = |field| move |defect| AttestationError::Text { field, defect };
        check_name(slot).map_err(text("slot"))?;
        check_text(meaning).map_err(text("meaning"))?;
        if *issued >= limits::TIME || *expires >= limits::TIME {
            return Err(AttestationError::Time { issued: *issued, expires: *expires });
        }
        check_signed(attester, &self.attestation.message(), &self.signature)?;
        Ok(())
    }

    /// What it states for a slot of this attester.
    ///
    /// Owes: that the statement is within its time, and not revoked.
    pub(super) fn statement(
        &self,
        slot: &Slot,
        key: &SignerKey,
        holder: &Holder,
    ) -> Result<Statement, AttestationError> {
        let attestation = &self.attestation;
        if attestation.slot != slot.name {
            return Err(AttestationError::Slot { got: attestation.slot.clone() });
        }
        if attestation.attester != *key {
            return Err(AttestationError::Attester { expected: *key, got: attestation.attester });
        }
        let expected = match slot.subject {
            Subject::Agent => holder.subject(),
            Subject::Principal { id } => id,
        };
        if attestation.subject != expected {
            return Err(AttestationError::Subject { expected, got: attestation.subject });
        }
        if attestation.decimals != slot.decimals {
            return Err(AttestationError::Decimals { expected: slot.decimals, got: attestation.decimals });
        }
        let value = attestation.value;
        let named = slot.values.iter().find(|named| named.value == value);
        let expected = named.map_or("", |named| named.name.as_str());
        if attestation.meaning != expected {
            let (expected, got) = (expected.to_owned(), attestation.meaning.clone());
            return Err(AttestationError::Meaning { value, decimals: slot.decimals, expected, got });
        }
        let (expected, got) = (holder.program_id, attestation.program);
        if got != [0; 32] && got != expected {
            return Err(AttestationError::Program { expected, got });
        }
        self.check()?;
        Ok(Statement { value, issued: attestation.issued, expires: attestation.expires })
    }
}
