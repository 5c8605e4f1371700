//! A record: header, signature, and the body that the header binds.

use crate::evidence::{Credential, blinding};
use crate::header::Header;
use crate::revision::Revision;
use crate::signature::{SignatureBytes, SignatureError, recover};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::Domain;
use candor_program::evidence::Evidence;
use candor_program::observation::Observation;
use candor_program::state::State;

/// What the header's digests open to.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Body {
    /// Time, and the raw payload of every plugin.
    pub observation: Observation,
    /// Salt of the observations digest.
    pub observations_salt: u128,
    /// Salt of the evidence digest.
    pub evidence_salt: u128,
    /// Statements, one entry a slot.
    pub evidence: Evidence,
    /// What the statements follow from, one entry a slot.
    pub credentials: Vec<Option<Credential>>,
    /// Features, offset by their minimum.
    pub features: Vec<u16>,
    /// Output of the last operator.
    pub outputs: Vec<i32>,
    /// State before.
    pub state_before: State,
    /// State after.
    pub state_after: State,
    /// Digests of all tensors: the input, then every operator's output.
    pub leaves: Vec<[u8; 32]>,
    /// Of a Revise record: both programs; then it has nothing of a decision. `None` in every other.
    pub revision: Option<Box<Revision>>,
}

impl Body {
    /// What enters the evidence digest as salt: a hash of salt and credentials.
    #[must_use]
    pub fn evidence_blinding(&self) -> u128 {
        blinding(self.evidence_salt, &self.credentials)
    }
}

/// A header that its agent signed: all that equivocation and the start of a bundle need.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedHeader {
    /// Header.
    pub header: Header,
    /// Signature of its record hash.
    pub signature: SignatureBytes,
}

/// A signed header with its body.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedRecord {
    /// Header.
    pub header: Header,
    /// Signature of its record hash.
    pub signature: SignatureBytes,
    /// Body.
    pub body: Body,
}

impl SignedHeader {
    /// The record hash.
    #[must_use]
    pub fn record_hash(&self, domain: &Domain) -> [u8; 32] {
        self.header.record_hash(domain)
    }
    /// The agent that the header names signed it, in this domain.
    pub fn check_signature(&self, domain: &Domain) -> Result<(), SignatureError> {
        check_signature(&self.header, &self.signature, domain)
    }
}

impl SignedRecord {
    /// The part without the body.
    #[must_use]
    pub fn signed_header(&self) -> SignedHeader {
        SignedHeader { header: self.header.clone(), signature: self.signature }
    }
    /// The record hash.
    #[must_use]
    pub fn record_hash(&self, domain: &Domain) -> [u8; 32] {
        self.header.record_hash(domain)
    }
    /// The agent that the header names signed it, in this domain.
    ///
    /// Owes: that the body is the one the header binds ([`crate::check_body`]).
    pub fn check_signature(&self, domain: &Domain) -> Result<(), SignatureError> {
        check_signature(&self.header, &self.signature, domain)
    }
}

fn check_signature(
    header: &Header,
    signature: &SignatureBytes,
    domain: &Domain,
) -> Result<(), SignatureError> {
    let got = recover(&header.record_hash(domain), signature)?;
    if got == header.agent {
        Ok(())
    } else {
        Err(SignatureError::WrongSigner { expected: header.agent, got })
    }
}
