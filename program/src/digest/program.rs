//! Identities of a program.

use crate::Fr;
use crate::card::{Card, PointBytes, SetupCard};
use crate::class::Class;
use crate::encoding::{encode, extend, fr_from_i64, keccak256};
use crate::head::Head;
use crate::operator::{Operator, Term};
use crate::policy::{Comparison, Effect, Fact, Operand};
use crate::poseidon;
use crate::state::Update;

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
    extend(&mut preimage, &card.registers);
    extend(&mut preimage, &card.policy);
    extend(&mut preimage, &card.transaction);
    extend(&mut preimage, &card.plugins);
    extend(&mut preimage, &card.domain);
    keccak256(&[&preimage])
}

/// Digest of everything that a seal reads as data.
#[must_use]
pub fn program_fr(card: &Card) -> Fr {
    let mut data = Elements::default();
    data.features(card);
    data.operators(card);
    data.head(&card.head);
    data.registers(card);
    data.policy(card);
    poseidon::hash("cd.prog", &data.0)
}

/// The inputs of `program_fr` in order.
#[derive(Default)]
struct Elements(Vec<Fr>);

impl Elements {
    fn unsigned(&mut self, value: u64) {
        self.0.push(Fr::from(value));
    }

    fn signed(&mut self, value: i64) {
        self.0.push(fr_from_i64(value));
    }

    fn count<T>(&mut self, items: &[T]) {
        self.unsigned(items.len() as u64);
    }

    fn features(&mut self, card: &Card) {
        self.count(&card.features);
        for feature in &card.features {
            self.signed(feature.min);
            self.signed(feature.max);
        }
    }

    fn operators(&mut self, card: &Card) {
        self.count(&card.operators);
        for operator in &card.operators {
            let Operator::Affine(affine) = operator;
            self.unsigned(1);
            self.unsigned(affine.width.into());
            self.unsigned(affine.rescale.multiplier.into());
            self.signed(affine.rescale.low.into());
            self.count(&affine.terms);
            for term in &affine.terms {
                match *term {
                    Term::Dense { source } => {
                        self.unsigned(1);
                        self.unsigned(source.0.into());
                    }
                    Term::Scaled { source, coefficient } => {
                        self.unsigned(2);
                        self.unsigned(source.0.into());
                        self.signed(coefficient.into());
                    }
                }
            }
        }
    }

    fn head(&mut self, head: &Head) {
        let Head::ArgMax { actions } = head;
        self.unsigned(1);
        self.count(actions);
        for action in actions {
            self.unsigned(action.abstain.into());
            self.signed(action.amount);
        }
    }

    fn registers(&mut self, card: &Card) {
        self.count(&card.registers);
        for register in &card.registers {
            self.signed(register.initial);
            self.unsigned(match register.on_execute {
                Update::Keep => 0,
                Update::Time => 1,
                Update::AddAmount => 2,
                Update::Increment => 3,
            });
        }
    }

    fn policy(&mut self, card: &Card) {
        self.count(&card.policy.predicates);
        for predicate in &card.policy.predicates {
            self.fact(predicate.fact);
            self.unsigned(match predicate.comparison {
                Comparison::Equal => 0,
                Comparison::NotEqual => 1,
                Comparison::Less => 2,
                Comparison::LessOrEqual => 3,
                Comparison::Greater => 4,
                Comparison::GreaterOrEqual => 5,
            });
            match predicate.operand {
                Operand::Constant(value) => {
                    self.unsigned(0);
                    self.signed(value);
                    self.unsigned(0);
                }
                Operand::Fact(fact) => {
                    self.unsigned(1);
                    self.fact(fact);
                }
            }
        }
        self.count(&card.policy.rules);
        for rule in &card.policy.rules {
            self.unsigned(match rule.effect {
                Effect::Permit => 0,
                Effect::Forbid => 1,
            });
            self.unsigned(rule.all_of);
            self.unsigned(rule.none_of);
            self.unsigned(rule.reason.into());
        }
    }

    fn fact(&mut self, fact: Fact) {
        let (kind, index) = match fact {
            Fact::ActionCode => (0, 0),
            Fact::ActionAmount => (1, 0),
            Fact::Time => (2, 0),
            Fact::Sequence => (3, 0),
            Fact::Feature(index) => (4, index),
            Fact::Register(index) => (5, index),
            Fact::Elapsed(index) => (6, index),
        };
        self.unsigned(kind);
        self.unsigned(index.into());
    }
}
