//! Identities of a program.

use crate::Fr;
use crate::card::{Card, PointBytes, SetupCard};
use crate::class::Class;
use crate::encoding::{encode, extend, fr_from_i64, keccak256, pack_u16};
use crate::head::{ActionTemplate, Head};
use crate::limits;
use crate::operator::{Operator, Term};
use crate::policy::{Comparison, Effect, Fact, Operand, Predicate, Rule};
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

/// Digest of everything that a seal reads as data: six parts, each a list whose length follows from the class, so that a
/// circuit opens only what it reads.
#[must_use]
pub fn program_fr(card: &Card) -> Fr {
    poseidon::hash("cd.prog", &program_parts(card))
}

/// The six parts of `program_fr`, in order: operators, spans, head, registers, predicates, rules.
#[must_use]
pub fn program_parts(card: &Card) -> [Fr; 6] {
    let policy_size = usize::from(card.class.policy_size);
    let padded_input = 1_usize.checked_shl(card.class.input_log2.into()).unwrap_or(0).min(limits::FEATURES);
    [
        operators(card),
        spans(card, padded_input),
        head(card),
        registers(card),
        predicates(card, policy_size),
        rules(card, policy_size),
    ]
}

/// Two to the power of `bits`, below 2^128.
fn power_of_two(bits: u32) -> Fr {
    Fr::from(1_u128 << bits)
}

/// A signed value as the unsigned one above -2^63.
fn offset(value: i64) -> u64 {
    value.wrapping_sub(i64::MIN) as u64
}

fn padded(mut list: Vec<Fr>, length: usize) -> Vec<Fr> {
    let missing = length.saturating_sub(list.len());
    list.extend(std::iter::repeat_n(Fr::from(0_u64), missing));
    list
}

fn operators(card: &Card) -> Fr {
    let mut list = Vec::new();
    for Operator::Affine(affine) in &card.operators {
        list.push(Fr::from(affine.width));
        list.push(Fr::from(affine.rescale.multiplier));
        list.push(fr_from_i64(affine.rescale.low.into()));
        list.extend(affine.terms.iter().filter_map(|term| match *term {
            Term::Dense { .. } => None,
            Term::Scaled { coefficient, .. } => Some(fr_from_i64(coefficient.into())),
        }));
    }
    poseidon::hash("cd.oper", &list)
}

fn spans(card: &Card, padded_input: usize) -> Fr {
    let mut spans: Vec<u16> = card.features.iter().map(|feature| feature.span() as u16).collect();
    spans.resize(padded_input.max(spans.len()), 0);
    let mut list = vec![Fr::from(card.features.len() as u64)];
    list.extend(pack_u16(&spans));
    poseidon::hash("cd.span", &list)
}

fn head(card: &Card) -> Fr {
    let Head::ArgMax { actions } = &card.head;
    let pack = |action: &ActionTemplate| {
        Fr::from(u64::from(action.abstain)) + Fr::from(2_u64) * Fr::from(offset(action.amount))
    };
    let mut list = vec![Fr::from(actions.len() as u64)];
    list.extend(actions.iter().map(pack));
    let length = 1 + actions.len().next_power_of_two();
    poseidon::hash("cd.head", &padded(list, length))
}

fn registers(card: &Card) -> Fr {
    let mut list = vec![Fr::from(card.registers.len() as u64)];
    for register in &card.registers {
        let update = match register.on_execute {
            Update::Keep => 0_u64,
            Update::Time => 1,
            Update::AddAmount => 2,
            Update::Increment => 3,
        };
        list.push(Fr::from(update) + Fr::from(4_u64) * Fr::from(offset(register.initial)));
    }
    poseidon::hash("cd.regs", &padded(list, 1 + usize::from(card.class.state_size)))
}

fn predicates(card: &Card, policy_size: usize) -> Fr {
    let pack = |predicate: &Predicate| {
        let comparison = match predicate.comparison {
            Comparison::Equal => 0_u64,
            Comparison::NotEqual => 1,
            Comparison::Less => 2,
            Comparison::LessOrEqual => 3,
            Comparison::Greater => 4,
            Comparison::GreaterOrEqual => 5,
        };
        let (left, index) = fact(predicate.fact);
        let (is_fact, right, right_index, right_base) = match predicate.operand {
            Operand::Constant(value) => (0, 0, 0, i128::from(value)),
            Operand::Fact(operand) => {
                let (right, right_index) = fact(operand);
                (1, right, right_index, base(card, operand))
            }
        };
        let code =
            comparison + (is_fact << 8) + (left << 16) + (index << 24) + (right << 40) + (right_index << 48);
        let difference = right_base - base(card, predicate.fact) + (1 << 66);
        Fr::from(code) + power_of_two(64) * Fr::from(difference.unsigned_abs())
    };
    let mut list = vec![Fr::from(card.policy.predicates.len() as u64)];
    list.extend(card.policy.predicates.iter().map(pack));
    poseidon::hash("cd.pred", &padded(list, 1 + policy_size))
}

fn rules(card: &Card, policy_size: usize) -> Fr {
    let pack = |rule: &Rule| {
        let forbid = u64::from(rule.effect == Effect::Forbid);
        let head = Fr::from(forbid + (u64::from(rule.reason) << 8));
        let masks = Fr::from(rule.all_of) + power_of_two(64) * Fr::from(rule.none_of);
        head + power_of_two(32) * masks
    };
    let mut list = vec![Fr::from(card.policy.rules.len() as u64)];
    list.extend(card.policy.rules.iter().map(pack));
    poseidon::hash("cd.rule", &padded(list, 1 + policy_size))
}

/// What a fact adds to the raw value that a circuit holds: a feature is held above its minimum.
fn base(card: &Card, fact: Fact) -> i128 {
    match fact {
        Fact::Feature(index) => card.features.get(usize::from(index)).map_or(0, |feature| feature.min.into()),
        _ => 0,
    }
}

fn fact(fact: Fact) -> (u64, u64) {
    match fact {
        Fact::ActionCode => (0, 0),
        Fact::ActionAmount => (1, 0),
        Fact::Time => (2, 0),
        Fact::Sequence => (3, 0),
        Fact::Feature(index) => (4, index.into()),
        Fact::Register(index) => (5, index.into()),
        Fact::Elapsed(index) => (6, index.into()),
    }
}
