//! A credential: what is put into a slot.

use super::attestation::{AttestationError, SignedAttestation};
use super::mandate::{MandateError, SignedMandate, check_chain};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Slot, Statement, Subject};
use std::fmt;
use thiserror::Error;

/// What is put into a slot.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Credential {
    /// An attester's word.
    Attestation(SignedAttestation),
    /// A chain of mandates, the owner's first.
    Mandates(Vec<SignedMandate>),
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Kind {
    /// An attestation.
    Attestation,
    /// A chain of mandates.
    Mandates,
}

/// Who decides, at which time, with which program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Address of the agent.
    pub agent: [u8; 20],
    /// Program id.
    pub program_id: [u8; 32],
    /// Time of the record.
    pub time: u64,
}

/// Why a credential does not hold for a slot.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CredentialError {
    /// The slot takes the other kind.
    #[error("it takes {expected}, this is {got}")]
    Kind {
        /// The slot's.
        expected: Kind,
        /// Found.
        got: Kind,
    },
    /// An attestation that does not hold.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// Mandates that do not hold.
    #[error(transparent)]
    Mandates(#[from] MandateError),
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Attestation => "an attestation",
            Self::Mandates => "a chain of mandates",
        })
    }
}

impl Holder {
    /// The agent as a subject: its address, filled with zeros on the left.
    #[must_use]
    pub fn subject(&self) -> [u8; 32] {
        let mut subject = [0; 32];
        subject[12..].copy_from_slice(&self.agent);
        subject
    }
}

impl Credential {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Attestation(_) => Kind::Attestation,
            Self::Mandates(_) => Kind::Mandates,
        }
    }

    /// What it states for a slot: every signature, subject and narrowing is checked.
    ///
    /// Owes: that the statement is within its time and not revoked, which the decision judges.
    pub fn statement(&self, slot: &Slot, holder: &Holder) -> Result<Statement, CredentialError> {
        match (&slot.authority, self) {
            (Authority::Attester { key }, Self::Attestation(signed)) => {
                Ok(signed.statement(slot, key, holder)?)
            }
            (Authority::Mandate { .. }, Self::Mandates(chain)) => Ok(granted(slot, chain, holder)?),
            (Authority::Attester { .. }, Self::Mandates(_)) => {
                Err(CredentialError::Kind { expected: Kind::Attestation, got: Kind::Mandates })
            }
            (Authority::Mandate { .. }, Self::Attestation(_)) => {
                Err(CredentialError::Kind { expected: Kind::Mandates, got: Kind::Attestation })
            }
        }
    }
}

fn granted(slot: &Slot, chain: &[SignedMandate], holder: &Holder) -> Result<Statement, MandateError> {
    let Authority::Mandate { owner, limit: name, direction } = &slot.authority else {
        return Err(MandateError::Subject);
    };
    if slot.subject != Subject::Agent {
        return Err(MandateError::Subject);
    }
    // Before any signature: whose chain it is costs nothing to see.
    if let Some(got) = chain.first().map(|first| first.mandate.grantor).filter(|got| got != owner) {
        return Err(MandateError::Owner { expected: *owner, got });
    }
    let granted = check_chain(chain)?;
    let expected = SignerKey::Secp256k1 { address: holder.agent };
    if granted.grantee != expected {
        return Err(MandateError::Agent { expected, got: granted.grantee });
    }
    if granted.complete > holder.time {
        return Err(MandateError::Later { time: holder.time, issued: granted.complete });
    }
    let limit = granted.limit(name).ok_or_else(|| MandateError::NoLimit { name: name.clone() })?;
    if (limit.direction, limit.decimals) != (*direction, slot.decimals) {
        return Err(MandateError::OtherLimit { name: name.clone() });
    }
    Ok(Statement { value: limit.value, issued: granted.issued, expires: granted.expires })
}
