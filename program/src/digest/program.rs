//! Identities of a program.

use super::fields::fields;
use crate::Fr;
use crate::card::{Card, PointBytes, SetupCard};
use crate::class::Class;
use crate::encoding::{encode, extend, keccak256};

/// Identities of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProgramIds {
    /// Class, setup and weights.
    pub model_id: [u8; 32],
    /// Everything that a seal reads as data.
    pub program_fr: Fr,
    /// The whole program.
    pub program_id: [u8; 32],
    /// The class.
    pub class_digest: [u8; 32],
}

impl ProgramIds {
    /// The identities of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        let class_digest = class_digest(&card.class);
        let model_id = model_id(&class_digest, &setup_digest(&card.setup), &card.weight_rows);
        let program_fr = program_fr(card);
        let program_id = keccak256(&[
            b"candor/program/v1",
            &model_id,
            &crate::encoding::fr_to_bytes(&program_fr),
            &manifest_digest(card),
            &class_digest,
        ]);
        Self { model_id, program_fr, program_id, class_digest }
    }
}

/// Digest of a class.
#[must_use]
pub fn class_digest(class: &Class) -> [u8; 32] {
    keccak256(&[b"candor/class/v1", &encode(class)])
}

/// Digest of a reference string's card.
#[must_use]
pub fn setup_digest(setup: &SetupCard) -> [u8; 32] {
    keccak256(&[b"candor/setup/v1", &encode(setup)])
}

/// Digest of class, setup and committed weights.
#[must_use]
pub fn model_id(class_digest: &[u8; 32], setup_digest: &[u8; 32], rows: &[PointBytes]) -> [u8; 32] {
    let count = (rows.len() as u32).to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![b"candor/model/v1", class_digest, setup_digest, &count];
    parts.extend(rows.iter().map(|row| row.0.as_slice()));
    keccak256(&parts)
}

/// Digest of names, texts and plugins, and of the rules they belong to.
#[must_use]
pub fn manifest_digest(card: &Card) -> [u8; 32] {
    let mut preimage = b"candor/manifest/v1".to_vec();
    extend(&mut preimage, &card.name);
    extend(&mut preimage, &card.agent_version);
    extend(&mut preimage, &card.features);
    extend(&mut preimage, &card.head);
    extend(&mut preimage, &card.amount_decimals);
    extend(&mut preimage, &card.windows);
    extend(&mut preimage, &card.registers);
    extend(&mut preimage, &card.evidence);
    extend(&mut preimage, &card.policy);
    extend(&mut preimage, &card.transaction);
    extend(&mut preimage, &card.plugins);
    extend(&mut preimage, &card.domain);
    keccak256(&[&preimage])
}

/// Digest of everything that a seal reads as data ([`fields`]).
#[must_use]
pub fn program_fr(card: &Card) -> Fr {
    fields(card).digest(&card.class)
}
